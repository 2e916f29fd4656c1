//! Folders and listings (spec/oracle.md 6.1 to 6.3, 2.10).

use coatcheck::domain::actor::Role;
use insta::assert_snapshot;
use serde_json::{Value, json};

use crate::support::{answer::Answer, oracle::numbered, server::Server, world};

fn names(answer: &Answer) -> String {
    let body = answer.json();
    let items = body.get("items").and_then(Value::as_array).cloned().unwrap_or_default();
    let names: Vec<&str> = items.iter().map(|item| item["name"].as_str().unwrap()).collect();
    let [count, total, more] = ["count", "totalResults", "hasMore"].map(|key| body[key].as_str().unwrap());
    format!("{} | {count} of {total}, more {more}", names.join(" "))
}

#[tokio::test]
async fn a_folder_shows_itself_and_what_lies_in_it() {
    let server = Server::start().await;
    let world = &server.world;
    let (ann, root) = (server.oracle(&world.ann), &world.library.root_oracle_id);
    let made = ann.post(&format!("/folders/{root}"), json!({"name": "restFolder", "description": "rest folder"})).await;
    assert_snapshot!(numbered(&made), @r#"
    201
    {"childItemsCount":"0","createdBy":{"displayName":"Ann Example","id":"U1","loginName":"ann","type":"user"},"createdTime":"2026-03-04T05:06:07Z","description":"rest folder","errorCode":"0","id":"F1","modifiedBy":{"displayName":"Ann Example","id":"U1","loginName":"ann","type":"user"},"modifiedTime":"2026-03-04T05:06:07Z","name":"restFolder","ownedBy":{"displayName":"Ann Example","id":"U1","loginName":"ann","type":"user"},"parentID":"F2","size":"0","type":"folder"}
    "#);
    let id = made.json()["id"].as_str().unwrap().to_owned();
    assert_eq!(made.header("location"), server.url(&format!("/documents/api/1.1/folders/{id}")));

    ann.upload(&id, "note.txt", "12345").await.expect(201);
    assert_snapshot!(numbered(&ann.get(&format!("/folders/{id}")).await), @r#"
    200
    {"childItemsCount":"1","createdBy":{"displayName":"Ann Example","id":"U1","loginName":"ann","type":"user"},"createdTime":"2026-03-04T05:06:07Z","description":"rest folder","errorCode":"0","id":"F1","modifiedBy":{"displayName":"Ann Example","id":"U1","loginName":"ann","type":"user"},"modifiedTime":"2026-03-04T05:06:07Z","name":"restFolder","ownedBy":{"displayName":"Ann Example","id":"U1","loginName":"ann","type":"user"},"parentID":"F2","size":"5","type":"folder"}
    "#);
    assert_snapshot!(numbered(&ann.get(&format!("/folders/{root}/items")).await), @r#"
    200
    {"childItemsCount":"2","count":"2","createdBy":{"displayName":"Dora Example","id":"U1","loginName":"dora","type":"user"},"createdTime":"2026-03-04T05:06:07Z","errorCode":"0","hasMore":"0","id":"F1","limit":"50","modifiedBy":{"displayName":"Dora Example","id":"U1","loginName":"dora","type":"user"},"modifiedTime":"2026-03-04T05:06:07Z","name":"Engineering","offset":"0","ownedBy":{"displayName":"Dora Example","id":"U1","loginName":"dora","type":"user"},"parentID":"self","size":"10","totalResults":"2","type":"folder","items":[{"type":"folder","id":"F2","parentID":"F1","name":"restFolder","description":"rest folder","ownedBy":{"displayName":"Ann Example","id":"U2","loginName":"ann","type":"user"},"createdBy":{"displayName":"Ann Example","id":"U2","loginName":"ann","type":"user"},"modifiedBy":{"displayName":"Ann Example","id":"U2","loginName":"ann","type":"user"},"createdTime":"2026-03-04T05:06:07Z","modifiedTime":"2026-03-04T05:06:07Z","size":"5","childItemsCount":"1"},{"type":"file","id":"D1","parentID":"F1","name":"plan.txt","ownedBy":{"displayName":"Ann Example","id":"U2","loginName":"ann","type":"user"},"createdBy":{"displayName":"Ann Example","id":"U2","loginName":"ann","type":"user"},"modifiedBy":{"displayName":"Ann Example","id":"U2","loginName":"ann","type":"user"},"createdTime":"2026-03-04T05:06:07Z","modifiedTime":"2026-03-04T05:06:07Z","size":"5","version":"1","mimeType":"text/plain"}]}
    "#);
    assert_snapshot!(numbered(&ann.xml().get(&format!("/folders/{id}/items?filterName=none")).await), @r#"
    200
    <?xml version="1.0" encoding="UTF-8"?><response><childItemsCount>1</childItemsCount><count>0</count><createdBy><displayName>Ann Example</displayName><id>U1</id><loginName>ann</loginName><type>user</type></createdBy><createdTime>2026-03-04T05:06:07Z</createdTime><description>rest folder</description><errorCode>0</errorCode><hasMore>0</hasMore><id>F1</id><limit>50</limit><modifiedBy><displayName>Ann Example</displayName><id>U1</id><loginName>ann</loginName><type>user</type></modifiedBy><modifiedTime>2026-03-04T05:06:07Z</modifiedTime><name>restFolder</name><offset>0</offset><ownedBy><displayName>Ann Example</displayName><id>U1</id><loginName>ann</loginName><type>user</type></ownedBy><parentID>F2</parentID><size>5</size><totalResults>0</totalResults><type>folder</type></response>
    "#);
}

#[tokio::test]
async fn a_taken_name_gets_a_number_behind_it() {
    let server = Server::start().await;
    let world = &server.world;
    let ann = server.oracle(&world.ann);
    let path = format!("/folders/{}", world.library.root_oracle_id);
    let make = async |name: &str| {
        let made = ann.post(&path, json!({ "name": name })).await.expect(201).json();
        made["name"].as_str().unwrap().to_owned()
    };
    assert_eq!(make("my_folder").await, "my_folder");
    assert_eq!(make("MY_folder").await, "MY_folder(2)");
    assert_eq!(make("my_folder").await, "my_folder(3)");
    // a folder has no extension
    assert_eq!(make("plan.txt").await, "plan.txt(2)");
    for bad in ["", ".", "..", "a/b", "a\\b", "a\nb", "a\0b", " ", &"x".repeat(256)] {
        ann.post(&path, json!({ "name": bad })).await.expect(400);
    }
    ann.post(&path, json!({})).await.expect(400);
    ann.post(&path, json!({"name": "x", "description": "\0"})).await.expect(400);
    // and in XML
    let made = ann.xml().post(&path, json!({"name": "R & D"})).await.expect(201).text();
    assert!(made.contains("<name>R &amp; D</name>"), "{made}");
}

#[tokio::test]
async fn home_is_the_callers_own_and_what_others_share() {
    let server = Server::start().await;
    let world = &server.world;
    let ann = server.oracle(&world.ann);
    assert_snapshot!(numbered(&ann.get("/folders/self").await), @r#"
    200
    {"childItemsCount":"0","createdBy":{"displayName":"Ann Example","id":"U1","loginName":"ann","type":"user"},"createdTime":"2026-03-04T05:06:07Z","errorCode":"0","id":"self","modifiedBy":{"displayName":"Ann Example","id":"U1","loginName":"ann","type":"user"},"modifiedTime":"2026-03-04T05:06:07Z","name":"","ownedBy":{"displayName":"Ann Example","id":"U1","loginName":"ann","type":"user"},"size":"0","type":"folder"}
    "#);
    ann.post("/folders/self", json!({"name": "mine"})).await.expect(201);
    ann.upload("self", "own.txt", "own").await.expect(201);
    let home = ann.get("/folders/items").await.expect(200);
    assert_snapshot!(numbered(&home), @r#"
    200
    {"count":"3","errorCode":"0","hasMore":"0","limit":"50","offset":"0","ownerFolderID":"self","totalResults":"3","items":[{"type":"folder","id":"F1","parentID":"self","name":"Engineering","ownedBy":{"displayName":"Dora Example","id":"U1","loginName":"dora","type":"user"},"createdBy":{"displayName":"Dora Example","id":"U1","loginName":"dora","type":"user"},"modifiedBy":{"displayName":"Dora Example","id":"U1","loginName":"dora","type":"user"},"createdTime":"2026-03-04T05:06:07Z","modifiedTime":"2026-03-04T05:06:07Z","size":"5","childItemsCount":"1"},{"type":"folder","id":"F2","parentID":"self","name":"mine","ownedBy":{"displayName":"Ann Example","id":"U2","loginName":"ann","type":"user"},"createdBy":{"displayName":"Ann Example","id":"U2","loginName":"ann","type":"user"},"modifiedBy":{"displayName":"Ann Example","id":"U2","loginName":"ann","type":"user"},"createdTime":"2026-03-04T05:06:07Z","modifiedTime":"2026-03-04T05:06:07Z","size":"0","childItemsCount":"0"},{"type":"file","id":"D1","parentID":"self","name":"own.txt","ownedBy":{"displayName":"Ann Example","id":"U2","loginName":"ann","type":"user"},"createdBy":{"displayName":"Ann Example","id":"U2","loginName":"ann","type":"user"},"modifiedBy":{"displayName":"Ann Example","id":"U2","loginName":"ann","type":"user"},"createdTime":"2026-03-04T05:06:07Z","modifiedTime":"2026-03-04T05:06:07Z","size":"3","version":"1","mimeType":"text/plain"}]}
    "#);
    assert_eq!(ann.get("/folders/self/items").await.text(), home.text());
    // found step by step, as the vendor's client does it
    assert_eq!(names(&ann.get("/folders/items?filterName=Engineering").await), "Engineering | 1 of 1, more 0");
    assert_eq!(names(&ann.get("/folders/items?filterName=engineering").await), " | 0 of 0, more 0");

    // of a deeper share the topmost folder shows, and nothing above it
    let root = &world.library.root_oracle_id;
    let drawings = ann.post(&format!("/folders/{root}"), json!({"name": "drawings"})).await.expect(201).json();
    let drawings = coatcheck::domain::id::ItemKey::Oracle(drawings["id"].as_str().unwrap().to_owned());
    let drawings = server.vault.item(&world::actor(&server.vault, &world.dora).await, &drawings).await.unwrap();
    for somebody in [&world.eve, &world.ann] {
        server.vault.grant(drawings.id, somebody.person.id, Role::Viewer, None).await.unwrap();
    }
    let eve = server.oracle(&world.eve);
    assert_eq!(names(&eve.get("/folders/items").await), "drawings | 1 of 1, more 0");
    assert_eq!(names(&ann.get("/folders/items").await), "Engineering mine own.txt | 3 of 3, more 0");

    server.oracle_nobody().link("x").get("/folders/items").await.expect(401);
}

#[tokio::test]
async fn a_listing_is_paged_and_ordered() {
    let server = Server::start().await;
    let world = &server.world;
    let (ann, root) = (server.oracle(&world.ann), &world.library.root_oracle_id);
    let path = format!("/folders/{root}/items");
    for name in ["b.txt", "A.txt", "c.txt"] {
        server.advance(chrono::Duration::seconds(1));
        ann.upload(root, name, name).await.expect(201);
    }
    ann.post(&format!("/folders/{root}"), json!({"name": "z"})).await.expect(201);
    let list = async |query: &str| names(&ann.get(&format!("{path}?{query}")).await.expect(200));
    assert_eq!(list("").await, "z A.txt b.txt c.txt plan.txt | 5 of 5, more 0");
    assert_eq!(list("orderby=name:desc").await, "z plan.txt c.txt b.txt A.txt | 5 of 5, more 0");
    assert_eq!(list("orderby=createdTime:desc").await, "z c.txt A.txt b.txt plan.txt | 5 of 5, more 0");
    assert_eq!(list("orderby=modifiedTime:asc").await, "z plan.txt b.txt A.txt c.txt | 5 of 5, more 0");
    assert_eq!(list("limit=2").await, "z A.txt | 2 of 5, more 1");
    assert_eq!(list("limit=2&offset=4").await, "plan.txt | 1 of 5, more 0");
    assert_eq!(list("limit=2&offset=9").await, " | 0 of 5, more 0");
    assert_eq!(list("limit=0").await, " | 0 of 5, more 1");
    assert_eq!(list("filterName=A.txt").await, "A.txt | 1 of 1, more 0");
    assert_eq!(list("filterName=a.txt").await, " | 0 of 0, more 0");
    let body = ann.get(&format!("{path}?limit=99999&offset=1")).await.json();
    assert_eq!((&body["limit"], &body["offset"]), (&json!("10000"), &json!("1")));
    for bad in ["limit=x", "limit=-1", "offset=-1", "orderby=size", "orderby=name:up", "filterName=%00"] {
        let answer = ann.get(&format!("{path}?{bad}")).await.expect(400);
        assert_eq!(answer.json()["errorCode"], "-1");
        ann.get(&format!("/folders/items?{bad}")).await.expect(400);
    }
}
