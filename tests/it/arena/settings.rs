//! Settings of the workspace (spec/arena.md 10).

use insta::assert_snapshot;

use super::files::category;
use crate::support::{arena::plain, server::Server};

#[tokio::test]
async fn the_categories_one_may_read_are_listed_with_their_paths() {
    let server = Server::start().await;
    let ann = server.arena(&server.world.ann).await;
    assert_snapshot!(plain(&ann.get("/v1/settings/files/categories").await), @r#"
    200 OK
    {"count":1,"results":[{"activated":true,"assignable":true,"creationDateTime":"2026-03-04T05:06:07Z","creator":null,"description":"","guid":"G1","level":1,"name":"-uncategorized-","path":"File","requirements":[],"systemDefined":true}]}
    "#);

    let design = category(&server, None, "Design", None).await;
    category(&server, Some(&design), "CAD", None).await;
    category(&server, None, "Secret", Some("none")).await;
    let paths = async |query: &str| {
        let answer = ann.get(&format!("/v1/settings/files/categories{query}")).await.expect(200);
        let json = answer.json();
        let entries: Vec<String> = json["results"]
            .as_array()
            .unwrap()
            .iter()
            .map(|entry| format!("{} {} {}", entry["level"], entry["path"].as_str().unwrap(), entry["systemDefined"]))
            .collect();
        assert_eq!(json["count"], entries.len());
        entries.join(", ")
    };
    assert_eq!(paths("").await, r"1 File true, 2 File\Design false, 3 File\Design\CAD false");
    assert_eq!(
        paths("?path=file%5Cdesign*&limit=1&assignable=true").await,
        r"2 File\Design false, 3 File\Design\CAD false"
    );
    assert_eq!(paths("?path=File").await, "1 File true");
    assert_eq!(paths("?path=Design").await, "");
}
