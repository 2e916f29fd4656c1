//! `$filter` of a folder's children (spec/graph.md 7.4).

use serde_json::{Value, json};

use crate::support::{graph::Graph, server::Server};

async fn list(client: &Graph<'_>, folder: &str, filter: &str) -> String {
    let filter: String = form_urlencoded::byte_serialize(filter.as_bytes()).collect();
    let list = client.get(&format!("{folder}?$count=true&$filter={filter}")).await.expect(200).json();
    let names: Vec<&str> =
        list["value"].as_array().unwrap().iter().map(|item| item["name"].as_str().unwrap()).collect();
    assert_eq!(list["@odata.count"], names.len(), "{filter}");
    names.join(", ")
}

#[tokio::test]
async fn what_fits_is_listed_and_counted_however_it_is_spelled() {
    let server = Server::start().await;
    let (ann, drive) = (server.graph(&server.world.ann), server.drive());
    for name in ["Plan B.txt", "PLAN C.txt", "it's.txt", "100%25_a.txt", "1000a.txt", "ÄRGER.txt"] {
        ann.put(&format!("{drive}/root:/{name}:/content"), "x").await.expect(201);
    }
    ann.post_json(&format!("{drive}/root/children"), json!({"name": "Plans", "folder": {}})).await.expect(201);
    let root = format!("{drive}/root/children");
    for (filter, expected) in [
        ("name eq 'plan.txt'", "plan.txt"),
        ("name eq 'PLAN.TXT'", "plan.txt"),
        ("  NAME   EQ'it''s.txt' ", "it's.txt"),
        ("name eq ''", ""),
        ("name eq 'ärger.txt'", "ÄRGER.txt"),
        ("name eq 'nowhere'", ""),
        ("folder ne null", "Plans"),
        ("Folder NE Null", "Plans"),
        ("startswith(name,'plan')", "Plan B.txt, PLAN C.txt, plan.txt, Plans"),
        ("StartsWith( Name , 'PLAN ' )", "Plan B.txt, PLAN C.txt"),
        ("startswith(name,'it''')", "it's.txt"),
        ("startswith(name,'100%_')", "100%_a.txt"),
        ("startswith(name,'%')", ""),
        ("startswith(name,'_')", ""),
        ("startswith(name,'Ä')", "ÄRGER.txt"),
        ("startswith(name,'plan') and file ne null", "Plan B.txt, PLAN C.txt, plan.txt"),
        ("file ne null and startswith(name,'plan') and startswith(name,'Plan ')", "Plan B.txt, PLAN C.txt"),
        ("file ne null and folder ne null", ""),
        ("name eq 'plan.txt' and folder ne null", ""),
        ("name eq 'plan.txt' AND file ne null", "plan.txt"),
        ("name eq 'a' and name eq 'b'", ""),
    ] {
        assert_eq!(list(&ann, &root, filter).await, expected, "{filter}");
    }
    let all = list(&ann, &root, "startswith(name,'')").await;
    assert_eq!(all.split(", ").count(), 8);
    assert_eq!(list(&ann, &root, "file ne null").await.split(", ").count(), 7);
    // nothing, as when no filter is there
    assert_eq!(ann.get(&format!("{root}?$filter=")).await.expect(200).json()["value"].as_array().unwrap().len(), 8);
}

#[tokio::test]
async fn pages_of_what_fits_hold_nothing_else() {
    let server = Server::start().await;
    let (ann, drive) = (server.graph(&server.world.ann), server.drive());
    for number in 0..9 {
        ann.put(&format!("{drive}/root:/f/{}{number}.txt:/content", ["a", "b", "c"][number % 3]), "x")
            .await
            .expect(201);
    }
    for order in ["name", "name desc", "size", "lastModifiedDateTime desc"] {
        let mut path = Some(format!("{drive}/root:/f:/children?$filter=startswith(name,'b')&$top=2&$orderby={order}"));
        let mut all: Vec<Value> = Vec::new();
        while let Some(at) = path {
            let page = ann.get(&at).await.expect(200).json();
            all.extend(page["value"].as_array().unwrap().clone());
            path = page["@odata.nextLink"].as_str().map(|link| link.replace(&server.url(""), ""));
        }
        let mut names: Vec<&str> = all.iter().map(|item| item["name"].as_str().unwrap()).collect();
        names.sort_unstable();
        assert_eq!(names, ["b1.txt", "b4.txt", "b7.txt"], "{order}");
    }
}

#[tokio::test]
async fn what_is_not_understood_is_refused() {
    let server = Server::start().await;
    let (ann, drive) = (server.graph(&server.world.ann), server.drive());
    let (parentheses, quotes, long) = ("(".repeat(2000), "'".repeat(2001), format!("name eq '{}'", "x".repeat(5000)));
    for filter in [
        "size gt 3",
        "name eq x",
        "name eq 'x",
        "name ne 'x'",
        "name eq 'a' or name eq 'b'",
        "not name eq 'a'",
        "contains(name,'a')",
        "startswith(name,'a'",
        "file",
        "webUrl eq 'x'",
        "1 eq 1",
        "'; DROP TABLE items; --",
        "name eq '\0'",
        &parentheses,
        &quotes,
        &long,
    ] {
        let filter: String = form_urlencoded::byte_serialize(filter.as_bytes()).collect();
        let said = ann.get(&format!("{drive}/root/children?$filter={filter}")).await.expect(400).json();
        let error = &said["error"];
        assert_eq!(error["code"], "invalidRequest", "{filter}");
        assert_eq!(error["innerError"]["code"], "invalidQueryOption", "{filter}");
    }
    // one that no address can hold does not get as far
    ann.get(&format!("{drive}/root/children?$filter={}", "(".repeat(20_000))).await.expect(414);
}
