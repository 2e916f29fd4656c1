//! Documents of the headless API: showing, adding, changing, moving, deleting (spec/liferay.md 12).

use base64::{Engine, engine::general_purpose::STANDARD};
use insta::assert_snapshot;
use reqwest::multipart::{Form, Part};
use serde_json::{Value, json};

use crate::support::{liferay::told, server::Server};

#[tokio::test]
async fn a_document_is_the_vendors_member_for_member() {
    let server = Server::start().await;
    let ann = server.liferay(&server.world.ann);
    let answer = ann.rest("GET", &format!("/documents/{}", server.plan_number())).await;
    assert_eq!(answer.header("content-type"), "application/json");
    assert!(answer.header("liferay-portal").contains("Build 7201"));
    assert_snapshot!(told(&server, &answer), @r#"200 {"actions":{},"adaptedImages":[],"contentUrl":"/documents/<group>/0/plan.txt/<file uuid>?version=1.0&t=1772600767000","contentValue":null,"creator":{"additionalName":"","contentType":"UserAccount","familyName":"Example","givenName":"Ann","id":<ann>,"name":"Ann Example","profileURL":"/web/ann"},"customFields":[],"dateCreated":"2026-03-04T05:06:07Z","dateModified":"2026-03-04T05:06:07Z","description":"","documentFolderId":0,"documentType":{"availableLanguages":[],"contentFields":[],"description":"","name":"Basic Document"},"encodingFormat":"text/plain","externalReferenceCode":"<file>","fileExtension":"txt","fileName":"plan.txt","friendlyUrlPath":"plan-txt","id":<file>,"keywords":[],"numberOfComments":0,"relatedContents":[],"siteId":<group>,"sizeInBytes":5,"taxonomyCategoryBriefs":[],"title":"plan.txt","viewableBy":"Anyone"}"#);
    let head = ann.rest("HEAD", &format!("/documents/{}/", server.plan_number())).await.expect(200);
    assert!(head.body.is_empty() && head.header("content-type") == "application/json");
}

#[tokio::test]
async fn a_document_is_added_with_its_parts_in_any_order() {
    let server = Server::start().await;
    let ann = server.liferay(&server.world.ann);
    let path = format!("/sites/{}/documents", server.group());
    let said =
        |title: &str| json!({"title": title, "description": "about it", "keywords": ["a", "b"], "id": 7}).to_string();
    let file = || Part::bytes(&b"bytes"[..]).file_name("upload.txt");
    let blob = Part::text(said("Three")).file_name("blob").mime_str("application/json").unwrap();
    for (title, form) in [
        ("One", Form::new().text("document", said("One")).part("file", file())),
        ("Two", Form::new().part("file", file()).text("other", "x").text("document", said("Two"))),
        ("Three", Form::new().part("file", file()).part("document", blob)),
    ] {
        let made = ann.rest_parts("POST", &path, form).await.expect(200).json();
        assert_eq!(made["title"], title);
        assert_eq!(made["fileName"], format!("{title}.txt"));
        assert_eq!((&made["description"], &made["keywords"]), (&json!("about it"), &json!(["a", "b"])));
        assert_eq!((&made["sizeInBytes"], &made["encodingFormat"]), (&json!(5), &json!("text/plain")));
        let shown = ann.rest("GET", &format!("/documents/{}", made["id"])).await.expect(200).json();
        assert_eq!(shown, made);
        let entry = json!({"fileEntryId": made["id"]});
        assert_eq!(ann.call("/dlapp/get-file-entry", entry).await.expect(200).json()["version"], "1.0");
        let url = made["contentUrl"].as_str().unwrap();
        assert_eq!(server.send(ann.request("GET", url)).await.expect(200).text(), "bytes");
    }
}

#[tokio::test]
async fn a_missing_title_is_the_name_of_the_part() {
    let server = Server::start().await;
    let ann = server.liferay(&server.world.ann);
    let path = format!("/sites/{}/documents", server.group());
    for (name, document, expected) in [
        ("a.txt", None, ("a.txt", "a.txt")),
        ("b.txt", Some(json!({})), ("b.txt", "b.txt")),
        ("c.txt", Some(json!({"title": "", "description": null})), ("c.txt", "c.txt")),
        ("d.txt", Some(json!({"fileName": "other.doc"})), ("other.doc", "other.doc")),
        ("e.txt", Some(json!({"fileName": "f.pdf", "title": "Grüße"})), ("Grüße", "Grüße.pdf")),
    ] {
        let made = ann.rest_form("POST", &path, Some((name, "x")), document.as_ref()).await.expect(200).json();
        assert_eq!((made["title"].as_str(), made["fileName"].as_str()), (Some(expected.0), Some(expected.1)), "{name}");
    }
    let empty = ann.rest_form("POST", &path, Some(("empty.txt", "")), None).await.expect(200).json();
    assert_eq!(empty["sizeInBytes"], 0);
}

/// A folder in the root folder of the world's library.
async fn folder(server: &Server, name: &str) -> i64 {
    let path = format!("/sites/{}/document-folders", server.group());
    let ann = server.liferay(&server.world.ann);
    ann.rest_json("POST", &path, &json!({"name": name})).await.expect(200).json()["id"].as_i64().unwrap()
}

#[tokio::test]
async fn a_document_lies_where_it_was_added() {
    let server = Server::start().await;
    let ann = server.liferay(&server.world.ann);
    let (one, two) = (folder(&server, "one").await, folder(&server, "two").await);
    let site = format!("/sites/{}/documents", server.group());
    for (path, document, expected) in [
        (site.clone(), json!({"title": "a"}), 0),
        (site.clone(), json!({"title": "b", "documentFolderId": 0}), 0),
        (site.clone(), json!({"title": "c", "documentFolderId": one}), one),
        // as the JSON web services write an id
        (site.clone(), json!({"title": "g", "documentFolderId": one.to_string()}), one),
        (format!("/document-folders/{one}/documents"), json!({"title": "d"}), one),
        // the address decides
        (format!("/document-folders/{one}/documents"), json!({"title": "e", "documentFolderId": two}), one),
    ] {
        let made = ann.rest_form("POST", &path, Some(("x.txt", "x")), Some(&document)).await.expect(200).json();
        assert_eq!(made["documentFolderId"], expected, "{path} {document}");
        assert_eq!(made["siteId"], server.group());
    }
    let elsewhere = json!({"title": "f", "documentFolderId": 1});
    ann.rest_form("POST", &site, Some(("x.txt", "x")), Some(&elsewhere)).await.expect(404);
    for bad in [json!("x"), json!(""), json!(1.5), json!([1])] {
        let nowhere = json!({"title": "f", "documentFolderId": bad});
        ann.rest_form("POST", &site, Some(("x.txt", "x")), Some(&nowhere)).await.expect(400);
    }
}

#[tokio::test]
async fn a_put_replaces_all_of_a_free_document_as_a_minor_version() {
    let server = Server::start().await;
    let ann = server.liferay(&server.world.ann);
    let path = format!("/documents/{}", server.plan_number());
    let said = json!({"title": "Plan", "description": "new"});
    let put = ann.rest_form("PUT", &path, Some(("plan.md", "second")), Some(&said)).await.expect(200).json();
    assert_eq!(
        (&put["title"], &put["fileName"], &put["description"]),
        (&json!("Plan"), &json!("Plan.md"), &json!("new"))
    );
    assert_eq!((&put["sizeInBytes"], &put["id"]), (&json!(6), &json!(server.plan_number())));
    assert_eq!(ann.labels().await, ["1.1", "1.0"]);
    // what is not said is empty, the title the part's name
    let put = ann.rest_form("PUT", &path, Some(("again.txt", "third")), None).await.expect(200).json();
    assert_eq!(
        (&put["title"], &put["fileName"], &put["description"]),
        (&json!("again.txt"), &json!("again.txt"), &json!(""))
    );
    assert_eq!(ann.labels().await, ["1.2", "1.1", "1.0"]);
    assert_eq!(ann.download("").await.text(), "third");
    assert_eq!(ann.download("?version=1.0").await.text(), "first");
}

#[tokio::test]
async fn a_patch_changes_what_it_names_and_nothing_else() {
    let server = Server::start().await;
    let ann = server.liferay(&server.world.ann);
    let path = format!("/documents/{}", server.plan_number());
    let before = ann.rest("GET", &path).await.json();

    for nothing in [json!({}), json!({"title": null, "unknown": [1]}), json!({"title": "", "documentFolderId": 0})] {
        assert_eq!(ann.rest_json("PATCH", &path, &nothing).await.expect(200).json(), before);
    }
    assert_eq!(ann.rest_form("PATCH", &path, None, Some(&json!({}))).await.expect(200).json(), before);
    assert_eq!(ann.labels().await, ["1.0"]);

    let said = ann.rest_json("PATCH", &path, &json!({"description": "about it"})).await.expect(200).json();
    assert_eq!((&said["description"], &said["title"]), (&json!("about it"), &json!("plan.txt")));
    let titled = ann.rest_form("PATCH", &path, None, Some(&json!({"title": "Plan"}))).await.expect(200).json();
    assert_eq!((&titled["title"], &titled["fileName"]), (&json!("Plan"), &json!("Plan.txt")));
    assert_eq!(titled["description"], "about it");
    let bytes = ann.rest_form("PATCH", &path, Some(("other.md", "second")), None).await.expect(200).json();
    assert_eq!((&bytes["title"], &bytes["fileName"]), (&json!("Plan"), &json!("Plan.md")));
    assert_eq!(ann.labels().await, ["1.3", "1.2", "1.1", "1.0"]);
    assert_eq!(ann.download("").await.text(), "second");
    // an empty new content keeps the old one
    ann.rest_form("PATCH", &path, Some(("other.md", "")), None).await.expect(200);
    assert_eq!(ann.download("").await.text(), "second");
    assert_eq!(ann.labels().await.len(), 4);
}

#[tokio::test]
async fn an_empty_file_leaves_the_format_of_the_bytes_that_stay() {
    let server = Server::start().await;
    let ann = server.liferay(&server.world.ann);
    let path = format!("/documents/{}", server.plan_number());
    for (method, title) in [("PATCH", "Plan"), ("PUT", "Plan again")] {
        let nothing = Part::bytes(&b""[..]).file_name("scan.png").mime_str("image/png").unwrap();
        let form = Form::new().part("file", nothing).text("document", json!({"title": title}).to_string());
        let changed = ann.rest_parts(method, &path, form).await.expect(200).json();
        let members = ["title", "encodingFormat", "fileExtension"].map(|member| changed[member].clone());
        assert_eq!(members, [title, "text/plain", "txt"], "{method}");
        assert_eq!(changed["sizeInBytes"], 5, "{method}");
    }
    assert_eq!(ann.download("").await.text(), "first");
}

#[tokio::test]
async fn keywords_are_the_tags_that_other_dialects_know() {
    let server = Server::start().await;
    let ann = server.liferay(&server.world.ann);
    let path = format!("/documents/{}", server.plan_number());
    let said = ann.rest_json("PATCH", &path, &json!({"keywords": [" one", "two", "ONE"]})).await.expect(200).json();
    assert_eq!(said["keywords"], json!(["one", "two"]));
    assert_eq!(ann.labels().await, ["1.0"]);
    let tags = format!("/documents/api/1.2/files/{}/tags", server.world.file.oracle_id);
    assert_eq!(server.send(ann.request("GET", &tags)).await.expect(200).json()["tags"], "one,two");
    let listed = ann.rest("GET", &format!("/sites/{}/documents", server.group())).await.expect(200).json();
    assert_eq!(listed["items"][0]["keywords"], json!(["one", "two"]));
    assert_eq!(ann.rest_json("PATCH", &path, &json!({"keywords": []})).await.json()["keywords"], json!([]));
    for bad in [json!({"keywords": ["a,b"]}), json!({"keywords": ["a\u{0}"]}), json!({"keywords": "a"})] {
        assert_eq!(ann.rest_json("PATCH", &path, &bad).await.expect(400).json()["status"], "BAD_REQUEST", "{bad}");
    }
}

#[tokio::test]
async fn a_document_is_moved_by_naming_its_folder() {
    let server = Server::start().await;
    let ann = server.liferay(&server.world.ann);
    let folder = folder(&server, "one").await;
    let path = format!("/documents/{}", server.plan_number());
    let moved = ann.rest_json("PATCH", &path, &json!({"documentFolderId": folder})).await.expect(200).json();
    assert_eq!((&moved["documentFolderId"], &moved["title"]), (&json!(folder), &json!("plan.txt")));
    assert_eq!(ann.labels().await, ["1.0"]);
    let both = json!({"documentFolderId": 0, "title": "Plan"});
    let moved = ann.rest_form("PUT", &path, Some(("plan.txt", "second")), Some(&both)).await.expect(200).json();
    assert_eq!((&moved["documentFolderId"], &moved["title"]), (&json!(0), &json!("Plan")));
    assert_eq!(ann.labels().await, ["1.1", "1.0"]);

    // a title that is taken there is refused before anything moves
    ann.rest_form("POST", &format!("/document-folders/{folder}/documents"), Some(("Plan", "x")), None)
        .await
        .expect(200);
    let taken = json!({"documentFolderId": folder, "description": "moved"});
    let refused = ann.rest_json("PATCH", &path, &taken).await.expect(409).json();
    assert_eq!((&refused["status"], &refused["type"]), (&json!("CONFLICT"), &json!("DuplicateFileEntryException")));
    let still = ann.rest("GET", &path).await.expect(200).json();
    assert_eq!((&still["documentFolderId"], &still["description"]), (&json!(0), &json!("")));
    for missing in [1, server.plan_number(), server.world.library.root_number] {
        ann.rest_json("PATCH", &path, &json!({"documentFolderId": missing})).await.expect(404);
    }
}

#[tokio::test]
async fn a_deleted_document_is_gone() {
    let server = Server::start().await;
    let ann = server.liferay(&server.world.ann);
    let path = format!("/documents/{}", server.plan_number());
    let deleted = ann.rest("DELETE", &path).await.expect(204);
    assert!(deleted.body.is_empty() && deleted.header("liferay-portal").contains("Build 7201"));
    for method in ["GET", "DELETE"] {
        ann.rest(method, &path).await.expect(404);
    }
    let listed = ann.rest("GET", &format!("/sites/{}/documents", server.group())).await.expect(200).json();
    assert_eq!((&listed["items"], &listed["totalCount"]), (&Value::Array(vec![]), &json!(0)));
}

#[tokio::test]
async fn a_document_brings_its_bytes_where_they_are_asked_for() {
    let server = Server::start().await;
    let (ann, bob) = (server.liferay(&server.world.ann), server.liferay(&server.world.bob));
    let path = format!("/sites/{}/documents", server.group());
    for (name, bytes) in
        [("small.txt", "bytes".to_owned()), ("large.bin", "0123456789".repeat(40_001)), ("none", String::new())]
    {
        let made = ann.rest_form("POST", &path, Some((name, &bytes)), None).await.expect(200).json();
        assert_eq!(made["contentValue"], Value::Null);
        let at = format!("/documents/{}", made["id"]);
        let mut shown = bob.rest("GET", &format!("{at}?nestedFields=contentValue")).await.expect(200).json();
        let value = shown["contentValue"].take();
        assert!(STANDARD.decode(value.as_str().unwrap()).unwrap() == bytes.as_bytes(), "{name}");
        assert_eq!(shown, made);
        let only = bob.rest("GET", &format!("{at}?nestedFields=contentValue&fields=contentValue")).await.expect(200);
        assert_eq!(only.header("content-type"), "application/json");
        assert_eq!(only.json(), json!({"contentValue": value}));
        let without = bob.rest("GET", &format!("{at}?nestedFields=contentValue&fields=id")).await.expect(200).json();
        assert_eq!(without, json!({"id": made["id"]}));
    }
    // what somebody is working on is nobody else's, nor shown here
    ann.check_out().await.expect(200);
    ann.update("draft", "MINOR").await.expect(200);
    let plan = format!("/documents/{}?nestedFields=contentValue&fields=contentValue", server.plan_number());
    for client in [&ann, &bob] {
        assert_eq!(client.rest("GET", &plan).await.expect(200).json()["contentValue"], STANDARD.encode("first"));
    }
    // who may look at a file, but not read it, is refused as at its address
    let vic = server.liferay(&server.world.vic);
    vic.download("").await.expect(403);
    vic.rest("GET", &plan).await.expect(403);
    let listed = ann.rest("GET", &format!("{path}?nestedFields=contentValue")).await.expect(200).json();
    assert!(listed["items"].as_array().unwrap().iter().all(|document| document["contentValue"].is_null()));
}
