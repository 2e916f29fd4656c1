//! Versions and catalog (spec/oracle.md 11).

use insta::assert_snapshot;
use serde_json::{Value, json};

use crate::support::server::Server;

/// The answer with the server's address left out.
async fn said(server: &Server, path: &str) -> String {
    let answer = server.send(server.get(path)).await.expect(200);
    assert!(!answer.header("x-oracle-dms-ecid").is_empty());
    answer.text().replace(&server.url(""), "https://host")
}

#[tokio::test]
async fn the_versions_are_listed_and_each_has_an_entry_of_its_own() {
    let server = Server::start().await;
    let list = said(&server, "/documents/api").await;
    let items = serde_json::from_str::<Value>(&list).unwrap();
    assert_eq!((&items["errorCode"], &items["count"]), (&json!("0"), &json!("3")));
    assert_eq!(
        items["items"][2],
        json!({
            "version": "1.2",
            "lifecycle": "active",
            "isLatest": "true",
            "catalog": {"links": [{"ref": "canonical", "href": "https://host/documents/api/1.2/metadata-catalog"}]},
            "links": [{"ref": "canonical", "href": "https://host/documents/api/1.2"}],
        })
    );
    let latest = |n: usize| (items["items"][n]["version"].clone(), items["items"][n]["isLatest"].clone());
    assert_eq!([latest(0), latest(1)], [(json!("1.0"), json!("false")), (json!("1.1"), json!("false"))]);
    assert_snapshot!(said(&server, "/documents/api/1.2/").await, @r#"{"catalog":{"links":[{"ref":"canonical","href":"https://host/documents/api/1.2/metadata-catalog"}]},"errorCode":"0","isLatest":true,"lifecycle":"active","links":[{"ref":"canonical","href":"https://host/documents/api/1.2"}],"version":"1.2"}"#);
    assert_eq!(serde_json::from_str::<Value>(&said(&server, "/documents/api/1.1").await).unwrap()["isLatest"], false);
    let xml = server.send(server.get("/documents/api/1.1").header("Accept", "application/xml")).await.expect(200);
    assert_snapshot!(xml.text().replace(&server.url(""), "https://host"), @r#"<?xml version="1.0" encoding="UTF-8"?><response><catalog><links><item><ref>canonical</ref><href>https://host/documents/api/1.1/metadata-catalog</href></item></links></catalog><errorCode>0</errorCode><isLatest>false</isLatest><lifecycle>active</lifecycle><links><item><ref>canonical</ref><href>https://host/documents/api/1.1</href></item></links><version>1.1</version></response>"#);
    server.send(server.get("/documents/api/2.0")).await.expect(404);
    server.send(server.post("/documents/api")).await.expect(405);
}

#[tokio::test]
async fn the_catalog_lists_what_is_served_and_nothing_else() {
    let server = Server::start().await;
    let json = async |path: &str| serde_json::from_str::<Value>(&said(&server, path).await).unwrap();
    let all = json("/documents/api/1.1/metadata-catalog").await;
    assert_eq!(all["links"][0]["href"], "https://host/documents/api/1.1/metadata-catalog");
    let names: Vec<&str> = all["items"].as_array().unwrap().iter().map(|item| item["name"].as_str().unwrap()).collect();
    for name in ["files", "folders", "users", "publiclinks"] {
        assert!(names.contains(&name), "{names:?}");
    }
    assert_eq!(json("/documents/api/1.1/catalog").await, all);

    let files = json("/documents/api/1.2/metadata-catalog/files").await;
    assert_eq!(json("/documents/api/1.2/catalog/files/").await, files);
    let unreserve = json!({"method": "POST", "path": "/files/{fileId}/unreserve", "service": "FLD_CLEAR_RESERVATION"});
    assert_eq!(files["items"][0], unreserve);
    assert_eq!(files["count"], files["items"].as_array().unwrap().len().to_string());
    // whatever it lists is there for somebody who signs in, under that method
    for name in names {
        for item in json(&format!("/documents/api/1.2/catalog/{name}")).await["items"].as_array().unwrap() {
            let path = item["path"].as_str().unwrap().replace(['{', '}'], "");
            let request = server.request(item["method"].as_str().unwrap(), &format!("/documents/api/1.2{path}"));
            server.send(request).await.expect(401);
        }
    }
    let keys = said(&server, "/documents/api/1.2/catalog/users").await;
    assert!(keys.starts_with(r#"{"count":"3","errorCode":"0","links":[{"ref":"#), "{keys}");
    assert!(keys.contains(r#"],"name":"users","items":[{"method":"GET""#), "{keys}");
    // what is asked for is no item, so no id is said
    let nothing = server.send(server.get("/documents/api/1.2/catalog/nothing")).await.expect(404).json();
    assert!(nothing.get("id").is_none(), "{nothing}");
    server.send(server.get("/documents/api/1.2/catalog/%00")).await.expect(404);
    server.send(server.get("/documents/api/1.2/catalog/%FF")).await.expect(404);
}
