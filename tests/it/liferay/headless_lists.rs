//! Lists of the headless API: pages, order, words, conditions, members (spec/liferay.md 12).

use serde_json::{Value, json};

use crate::support::{liferay::Liferay, server::Server, world};

/// A site with `plan.txt` and three more files in its root folder, and two in a folder.
async fn filled(server: &Server) -> i64 {
    let ann = server.liferay(&server.world.ann);
    let add = async |path: &str, name: &str, text: &str| {
        server.advance(chrono::Duration::minutes(1));
        ann.rest_form("POST", path, Some((name, text)), None).await.expect(200);
    };
    let site = format!("/sites/{}", server.group());
    for (name, text) in [("Beta report.txt", "22"), ("alpha.md", "4444"), ("gamma.txt", "1")] {
        add(&format!("{site}/documents"), name, text).await;
    }
    let folder = ann.rest_json("POST", &format!("{site}/document-folders"), &json!({"name": "report"})).await;
    let folder = folder.expect(200).json()["id"].as_i64().unwrap();
    for (name, text) in [("delta report.txt", "333"), ("epsilon.txt", "55555")] {
        add(&format!("/document-folders/{folder}/documents"), name, text).await;
    }
    folder
}

/// The first words of the titles on a page.
async fn titles(client: &Liferay<'_>, path: &str) -> String {
    let page = client.rest("GET", path).await.expect(200).json();
    let titles = page["items"].as_array().unwrap().iter().map(|item| item["title"].as_str().unwrap().to_owned());
    titles.map(|title| title.split([' ', '.']).next().unwrap().to_owned()).collect::<Vec<_>>().join(" ")
}

#[tokio::test]
async fn a_list_has_an_order_and_a_depth() {
    let server = Server::start().await;
    let ann = server.liferay(&server.world.ann);
    let folder = filled(&server).await;
    let site = format!("/sites/{}/documents", server.group());
    let inside = format!("/document-folders/{folder}/documents");
    for (path, expected) in [
        (site.clone(), "alpha Beta gamma plan"),
        (inside.clone(), "delta epsilon"),
        (format!("{site}?flatten=false"), "alpha Beta gamma plan"),
        (format!("{site}?flatten=true"), "alpha Beta delta epsilon gamma plan"),
        (format!("{site}?sort=title"), "alpha Beta gamma plan"),
        (format!("{site}?sort=title:desc"), "plan gamma Beta alpha"),
        (format!("{site}?sort=dateCreated:asc"), "plan Beta alpha gamma"),
        (format!("{site}?sort=dateModified:desc"), "gamma alpha Beta plan"),
        (format!("{site}?sort=sizeInBytes:desc&flatten=true"), "plan epsilon alpha delta Beta gamma"),
        (format!("{site}?search=report"), "Beta"),
        (format!("{site}?search=REPORT&flatten=true"), "Beta delta"),
        (format!("{site}?search=rep*&flatten=true"), "Beta delta"),
        (format!("{site}?search="), "alpha Beta gamma plan"),
        (format!("{site}?search=nothing"), ""),
        (format!("{site}?search='%20%00%20%3B--"), ""),
        (format!("{inside}?search=report"), "delta"),
        (format!("{site}?filter=title%20eq%20'ALPHA.md'"), "alpha"),
        (format!("{site}?filter=startswith(title,'b')&flatten=true"), "Beta"),
        (format!("{site}?filter=contains(title,'eport')&flatten=true"), "Beta delta"),
        (format!("{site}?unknown=1&nestedFields=x"), "alpha Beta gamma plan"),
    ] {
        // two of five bytes: what is equal is in any order, but always the same
        let found = titles(&ann, &path).await.replace("epsilon plan", "plan epsilon");
        assert_eq!(found, expected, "{path}");
    }
}

#[tokio::test]
async fn a_list_comes_in_pages_that_fit_each_other() {
    let server = Server::start().await;
    let ann = server.liferay(&server.world.ann);
    filled(&server).await;
    let site = format!("/sites/{}/documents?flatten=true", server.group());
    let whole = ann.rest("GET", &site).await.expect(200).json();
    let members: Vec<&String> = whole.as_object().unwrap().keys().collect();
    assert_eq!(members, ["actions", "facets", "items", "lastPage", "page", "pageSize", "totalCount"]);
    assert_eq!((&whole["page"], &whole["pageSize"], &whole["lastPage"]), (&json!(1), &json!(20), &json!(1)));
    for size in [1, 2, 4, 6, 7] {
        let mut together = Vec::new();
        let last = 6_usize.div_ceil(size);
        for number in 1..=last + 1 {
            let page = ann.rest("GET", &format!("{site}&page={number}&pageSize={size}")).await.expect(200).json();
            assert_eq!((&page["lastPage"], &page["totalCount"]), (&json!(last), &json!(6)));
            assert_eq!((&page["page"], &page["pageSize"]), (&json!(number), &json!(size)));
            together.extend(page["items"].as_array().unwrap().clone());
        }
        assert_eq!(Value::Array(together), whole["items"]);
    }
    let many = ann.rest("GET", &format!("{site}&pageSize=1000")).await.expect(200).json();
    assert_eq!(many["pageSize"], 200);
    let far = ann.rest("GET", &format!("{site}&page={}", i64::MAX)).await.expect(200).json();
    assert_eq!((&far["items"], &far["totalCount"]), (&json!([]), &json!(6)));
}

#[tokio::test]
async fn only_the_wanted_members_are_shown() {
    let server = Server::start().await;
    let ann = server.liferay(&server.world.ann);
    let page = ann.rest("GET", &format!("/sites/{}/documents?fields=title,creator.name", server.group())).await;
    assert_eq!(page.expect(200).json()["items"], json!([{"creator": {"name": "Ann Example"}, "title": "plan.txt"}]));
    let one = ann.rest("GET", &format!("/documents/{}?fields=id", server.plan_number())).await.expect(200).json();
    assert_eq!(one, json!({"id": server.plan_number()}));
}

#[tokio::test]
async fn a_query_that_means_nothing_is_a_bad_request() {
    let server = Server::start().await;
    let ann = server.liferay(&server.world.ann);
    let words = "a+".repeat(40);
    for query in [
        "page=0",
        "page=x",
        "pageSize=-1",
        "pageSize=0",
        "flatten=1",
        "sort=nothing:asc",
        "sort=title:sideways",
        "sort=title,dateModified",
        "filter=title",
        "filter=size+gt+5",
        "filter=title+eq+'%00'",
        &format!("search={words}"),
    ] {
        for list in ["documents", "document-folders"] {
            let refused =
                ann.rest("GET", &format!("/sites/{}/{list}?{query}", server.group())).await.expect(400).json();
            assert_eq!((&refused["status"], &refused["type"]), (&json!("BAD_REQUEST"), &json!("BadRequestException")));
        }
    }
}

#[tokio::test]
async fn a_list_shows_what_its_reader_may_see() {
    let server = Server::start().await;
    let path = format!("/sites/{}/documents", server.group());
    assert_eq!(titles(&server.liferay(&server.world.vic), &path).await, "plan");
    server.liferay(&server.world.eve).rest("GET", &path).await.expect(404);
    // a file of somebody's own library is nobody else's
    let personal = world::personal(&server.vault, &server.world.ann).await;
    let own = world::file(&server.vault, &server.world.ann, &personal, "own.txt", "own").await;
    let (own, site) = (format!("/documents/{}", own.number), format!("/sites/{}/documents", personal.number));
    assert_eq!(titles(&server.liferay(&server.world.ann), &site).await, "own");
    for path in [own, site] {
        server.liferay(&server.world.bob).rest("GET", &path).await.expect(404);
    }
}
