//! What a file may be associated with, of which there is nothing here (spec/arena.md 8.12 to 8.14).

use crate::support::{
    arena::{code, guid, message},
    server::Server,
};

const LISTS: [&str; 7] = [
    "changereferences",
    "changeimplementations",
    "qualityprocesses",
    "requests",
    "suppliers",
    "supplieritems",
    "trainingplans",
];

#[tokio::test]
async fn the_lists_of_a_file_one_can_read_are_empty() {
    let server = Server::start().await;
    let file = guid(&server.world.file);
    let vic = server.arena(&server.world.vic).await;
    for list in ["corrections", "markups"].into_iter().chain(LISTS) {
        for query in ["", "?limit=5&offset=2", "?limit=x", "/"] {
            let answer = vic.get(&format!("/v1/files/{file}/{list}{query}")).await.expect(200);
            assert_eq!(answer.text(), r#"{"count":0,"results":[]}"#, "{list}{query}");
        }
        for unknown in ["K2M501MD03M2L47YKQ5B", "x"] {
            let refused = vic.get(&format!("/files/{unknown}/{list}")).await;
            assert_eq!(code(&refused), "400 3011", "{list}");
            assert_eq!(message(&refused), format!("The guid \"{unknown}\" is not valid."));
        }
    }
}

#[tokio::test]
async fn no_guid_names_an_association() {
    let server = Server::start().await;
    let file = guid(&server.world.file);
    let vic = server.arena(&server.world.vic).await;
    for list in LISTS {
        for association in ["K2M501MD03M2L47YKQ5B", "x", file] {
            let refused = vic.get(&format!("/v1/files/{file}/{list}/{association}")).await;
            assert_eq!(code(&refused), "400 3011", "{list}");
            assert_eq!(message(&refused), format!("The guid \"{association}\" is not valid."));
        }
        // the file comes first
        let refused = vic.get(&format!("/v1/files/x/{list}/y")).await;
        assert_eq!(message(&refused), "The guid \"x\" is not valid.");
        assert_eq!(code(&vic.get(&format!("/v1/files/{file}/{list}/x/y")).await), "404 404");
        assert_eq!(code(&vic.get(&format!("/v1/files/{file}/{list}/%FF")).await), "400 400");
    }
}

#[tokio::test]
async fn corrections_and_markups_cannot_be_made() {
    let server = Server::start().await;
    let file = guid(&server.world.file);
    let ann = server.arena(&server.world.ann).await;
    let cases = [
        ("POST", "corrections"),
        ("GET", "corrections/K2M501MD03M2L47YKQ5B"),
        ("POST", "markups"),
        ("GET", "markups/K2M501MD03M2L47YKQ5B"),
        ("PUT", "markups/K2M501MD03M2L47YKQ5B"),
        ("DELETE", "markups/K2M501MD03M2L47YKQ5B"),
        ("GET", "markups/K2M501MD03M2L47YKQ5B/content"),
        ("GET", "nothing"),
    ];
    for (method, path) in cases {
        let answer = server.send(ann.request(method, &format!("/v1/files/{file}/{path}"))).await;
        assert_eq!(code(&answer), "404 404", "{method} {path}");
        assert_eq!(message(&answer), "No resource has been found.");
    }
    assert_eq!(code(&server.send(ann.request("PUT", &format!("/files/{file}/corrections"))).await), "405 405");
}
