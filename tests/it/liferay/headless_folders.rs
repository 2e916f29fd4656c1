//! Folders of the headless API (spec/liferay.md 12).

use insta::assert_snapshot;
use serde_json::{Value, json};

use crate::support::{
    liferay::{Liferay, told},
    server::Server,
};

async fn add(client: &Liferay<'_>, path: &str, name: &str) -> Value {
    let said = json!({"name": name, "description": "about it", "viewableBy": "Anyone"});
    client.rest_json("POST", path, &said).await.expect(200).json()
}

#[tokio::test]
async fn a_folder_is_the_vendors_member_for_member() {
    let server = Server::start().await;
    let ann = server.liferay(&server.world.ann);
    let made = add(&ann, &format!("/sites/{}/document-folders", server.group()), "Contracts").await;
    let path = format!("/document-folders/{}", made["id"]);
    add(&ann, &format!("{path}/document-folders"), "inner").await;
    for name in ["a.txt", "b.txt"] {
        ann.rest_form("POST", &format!("{path}/documents"), Some((name, "x")), None).await.expect(200);
    }
    let answer = ann.rest("GET", &path).await;
    assert_eq!(answer.header("content-type"), "application/json");
    let text = told(&server, &answer).replace(&made["id"].to_string(), "<folder>");
    assert_snapshot!(text, @r#"200 {"actions":{},"creator":{"additionalName":"","contentType":"UserAccount","familyName":"Example","givenName":"Ann","id":<ann>,"name":"Ann Example","profileURL":"/web/ann"},"customFields":[],"dateCreated":"2026-03-04T05:06:07Z","dateModified":"2026-03-04T05:06:07Z","description":"about it","externalReferenceCode":"<folder>","id":<folder>,"name":"Contracts","numberOfDocumentFolders":1,"numberOfDocuments":2,"parentDocumentFolderId":0,"siteId":<group>,"viewableBy":"Anyone"}"#);
    assert_eq!(
        ann.rest("GET", &format!("{path}?fields=name,creator.id")).await.json()["creator"].as_object().unwrap().len(),
        1
    );
}

#[tokio::test]
async fn folders_are_listed_with_what_they_hold() {
    let server = Server::start().await;
    let ann = server.liferay(&server.world.ann);
    let site = format!("/sites/{}/document-folders", server.group());
    let outer = add(&ann, &site, "outer").await;
    add(&ann, &site, "Another").await;
    let inside = format!("/document-folders/{}/document-folders", outer["id"]);
    let inner = add(&ann, &inside, "inner").await;
    assert_eq!(inner["parentDocumentFolderId"], outer["id"]);
    let names = async |path: &str| {
        let page = ann.rest("GET", path).await.expect(200).json();
        let items = page["items"].as_array().unwrap();
        assert_eq!(page["totalCount"], items.len());
        items
            .iter()
            .map(|folder| {
                format!(
                    "{}:{}:{}",
                    folder["name"].as_str().unwrap(),
                    folder["numberOfDocuments"],
                    folder["numberOfDocumentFolders"]
                )
            })
            .collect::<Vec<_>>()
            .join(" ")
    };
    assert_eq!(names(&site).await, "Another:0:0 outer:0:1");
    assert_eq!(names(&inside).await, "inner:0:0");
    assert_eq!(names(&format!("{site}?flatten=true&sort=name:desc")).await, "outer:0:1 inner:0:0 Another:0:0");
    assert_eq!(names(&format!("{site}?flatten=true&search=inner")).await, "inner:0:0");
    assert_eq!(names(&format!("{site}?filter=contains(name,'OTHER')")).await, "Another:0:0");
}

#[tokio::test]
async fn a_folder_is_changed_and_moved() {
    let server = Server::start().await;
    let ann = server.liferay(&server.world.ann);
    let site = format!("/sites/{}/document-folders", server.group());
    let (one, two) = (add(&ann, &site, "one").await, add(&ann, &site, "two").await);
    let path = format!("/document-folders/{}", one["id"]);
    assert_eq!(ann.rest_json("PATCH", &path, &json!({})).await.expect(200).json(), one);
    let patched = ann.rest_json("PATCH", &path, &json!({"name": "three"})).await.expect(200).json();
    assert_eq!((&patched["name"], &patched["description"]), (&json!("three"), &json!("about it")));
    let put = ann.rest_json("PUT", &path, &json!({"name": "four"})).await.expect(200).json();
    assert_eq!((&put["name"], &put["description"]), (&json!("four"), &json!("")));
    let moved = json!({"parentDocumentFolderId": two["id"], "description": "moved"});
    let moved = ann.rest_json("PATCH", &path, &moved).await.expect(200).json();
    assert_eq!((&moved["parentDocumentFolderId"], &moved["description"]), (&two["id"], &json!("moved")));
    // not below itself
    let below = json!({"parentDocumentFolderId": one["id"]});
    let refused = ann.rest_json("PATCH", &format!("/document-folders/{}", two["id"]), &below).await.expect(400).json();
    assert_eq!(refused["status"], "BAD_REQUEST");
    let home = ann.rest_json("PATCH", &path, &json!({"parentDocumentFolderId": 0})).await.expect(200).json();
    assert_eq!(home["parentDocumentFolderId"], 0);
}

#[tokio::test]
async fn a_taken_or_impossible_name_is_refused() {
    let server = Server::start().await;
    let ann = server.liferay(&server.world.ann);
    let site = format!("/sites/{}/document-folders", server.group());
    let (one, _) = (add(&ann, &site, "one").await, add(&ann, &site, "two").await);
    let path = format!("/document-folders/{}", one["id"]);
    let taken = json!({"name": "TWO"});
    for (method, path) in [("POST", &site), ("PATCH", &path), ("PUT", &path)] {
        let refused = ann.rest_json(method, path, &taken).await.expect(409).json();
        assert_eq!(
            (&refused["status"], &refused["type"]),
            (&json!("CONFLICT"), &json!("DuplicateFolderNameException"))
        );
    }
    for (method, path) in [("POST", &site), ("PUT", &path)] {
        for name in [json!({}), json!({"name": ""}), json!({"name": "a/b"}), json!({"name": ".."})] {
            let refused = ann.rest_json(method, path, &name).await.expect(400).json();
            assert_eq!((&refused["status"], &refused["type"]), (&json!("BAD_REQUEST"), &json!("FolderNameException")));
        }
    }
    ann.rest_json("PATCH", &path, &json!({"description": "a\u{0}b"})).await.expect(400);
}

#[tokio::test]
async fn a_deleted_folder_is_gone_with_all_below() {
    let server = Server::start().await;
    let (ann, bob) = (server.liferay(&server.world.ann), server.liferay(&server.world.bob));
    let folder = add(&ann, &format!("/sites/{}/document-folders", server.group()), "one").await;
    let path = format!("/document-folders/{}", folder["id"]);
    let inside =
        ann.rest_form("POST", &format!("{path}/documents"), Some(("a.txt", "x")), None).await.expect(200).json();
    // not while somebody else works below
    bob.call("/dlapp/check-out-file-entry", json!({"fileEntryId": inside["id"]})).await.expect(200);
    assert_eq!(ann.rest("DELETE", &path).await.expect(409).json()["status"], "CONFLICT");
    bob.call("/dlapp/cancel-check-out", json!({"fileEntryId": inside["id"]})).await.expect(200);
    assert!(ann.rest("DELETE", &path).await.expect(204).body.is_empty());
    ann.rest("GET", &path).await.expect(404);
    ann.rest("GET", &format!("/documents/{}", inside["id"])).await.expect(404);
}

#[tokio::test]
async fn a_root_folder_and_a_file_are_no_folders() {
    let server = Server::start().await;
    let ann = server.liferay(&server.world.ann);
    for id in [0, server.world.library.root_number, server.plan_number(), 1] {
        for path in ["", "/documents", "/document-folders"] {
            let refused = ann.rest("GET", &format!("/document-folders/{id}{path}")).await.expect(404).json();
            assert_eq!(refused["title"], format!("No Folder exists with the key {{folderId={id}}}"));
            assert_eq!((&refused["status"], &refused["type"]), (&json!("NOT_FOUND"), &json!("NoSuchFolderException")));
        }
        ann.rest("DELETE", &format!("/document-folders/{id}")).await.expect(404);
        ann.rest_json("PATCH", &format!("/document-folders/{id}"), &json!({"name": "x"})).await.expect(404);
    }
}
