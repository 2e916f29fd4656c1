//! Documents of the headless API by their external reference codes (spec/liferay.md 12).

use futures_util::future::join_all;
use serde_json::{Value, json};

use super::code_clashes;
use crate::support::{answer::Answer, server::Server};

fn at(server: &Server, code: &str) -> String {
    format!("/sites/{}/documents/by-external-reference-code/{code}", server.group())
}

#[track_caller]
fn conflict(server: &Server, answer: &Answer, code: &str) {
    let title = format!("Duplicate file entry external reference code {code} in group {}", server.group());
    let kind = "DuplicateFileEntryExternalReferenceCodeException";
    assert_eq!(answer.clone().expect(409).json(), json!({"status": "CONFLICT", "title": title, "type": kind}));
}

#[tokio::test]
async fn a_document_is_made_replaced_shown_and_deleted_by_its_code() {
    let server = Server::start().await;
    let ann = server.liferay(&server.world.ann);
    let at = at(&server, "ERP%2F17%20a");
    let missing = ann.rest("GET", &at).await.expect(404).json();
    assert_eq!((&missing["status"], &missing["type"]), (&json!("NOT_FOUND"), &json!("NoSuchFileEntryException")));
    // the address says the code, whatever the form says
    let said = json!({"title": "a.txt", "description": "first", "externalReferenceCode": "other", "keywords": ["k"]});
    let made = ann.rest_form("PUT", &at, Some(("a.txt", "bytes")), Some(&said)).await.expect(200).json();
    assert_eq!((&made["externalReferenceCode"], &made["title"]), (&json!("ERP/17 a"), &json!("a.txt")));
    assert_eq!((&made["keywords"], &made["documentFolderId"]), (&json!(["k"]), &json!(0)));
    assert_eq!(ann.rest("GET", &at).await.expect(200).json(), made);
    assert_eq!(ann.rest("GET", &format!("{at}?fields=id")).await.expect(200).json(), json!({"id": made["id"]}));
    assert_eq!(ann.rest("GET", &format!("/documents/{}", made["id"])).await.expect(200).json(), made);

    let again = json!({"title": "b.txt"});
    let replaced = ann.rest_form("PUT", &at, Some(("b.txt", "more bytes")), Some(&again)).await.expect(200).json();
    assert_eq!((&replaced["id"], &replaced["externalReferenceCode"]), (&made["id"], &json!("ERP/17 a")));
    assert_eq!((&replaced["title"], &replaced["description"]), (&json!("b.txt"), &json!("")));
    assert_eq!(replaced["sizeInBytes"], 10);
    let entry = json!({"fileEntryId": made["id"]});
    assert_eq!(ann.call("/dlapp/get-file-entry", entry).await.expect(200).json()["version"], "1.1");

    ann.rest_form("PUT", &at, None, Some(&again)).await.expect(400);
    assert!(ann.rest("DELETE", &at).await.expect(204).body.is_empty());
    ann.rest("DELETE", &at).await.expect(404);
    ann.rest("GET", &at).await.expect(404);
    // the number of a document without a code is its code
    let plan = self::at(&server, &server.plan_number().to_string());
    assert_eq!(ann.rest("GET", &plan).await.expect(200).json()["title"], "plan.txt");
}

#[tokio::test]
async fn a_document_is_made_where_the_form_says() {
    let server = Server::start().await;
    let ann = server.liferay(&server.world.ann);
    let folders = format!("/sites/{}/document-folders", server.group());
    let folder = ann.rest_json("POST", &folders, &json!({"name": "folder"})).await.expect(200).json()["id"].clone();
    let said = json!({"documentFolderId": folder});
    let made = ann.rest_form("PUT", &at(&server, "A"), Some(("a.txt", "a")), Some(&said)).await.expect(200).json();
    assert_eq!((&made["documentFolderId"], &made["title"]), (&folder, &json!("a.txt")));
    let nowhere = json!({"documentFolderId": 1});
    ann.rest_form("PUT", &at(&server, "B"), Some(("b.txt", "b")), Some(&nowhere)).await.expect(404);
    ann.rest("GET", &at(&server, "B")).await.expect(404);
}

#[tokio::test]
async fn a_form_gives_a_code_and_a_taken_one_is_a_conflict() {
    let server = Server::start().await;
    let ann = server.liferay(&server.world.ann);
    let documents = format!("/sites/{}/documents", server.group());
    let coded = |code: &str| json!({"externalReferenceCode": code});
    let made = ann.rest_form("POST", &documents, Some(("a.txt", "a")), Some(&coded("A"))).await.expect(200).json();
    assert_eq!(made["externalReferenceCode"], "A");
    conflict(&server, &ann.rest_form("POST", &documents, Some(("b.txt", "b")), Some(&coded("A"))).await, "A");
    let other = ann.rest_form("POST", &documents, Some(("b.txt", "b")), Some(&coded("B"))).await.expect(200).json();
    let other = format!("/documents/{}", other["id"]);
    conflict(&server, &ann.rest_json("PATCH", &other, &coded("A")).await, "A");
    conflict(&server, &ann.rest_form("PATCH", &other, None, Some(&coded("A"))).await, "A");
    conflict(&server, &ann.rest_form("PUT", &other, Some(("b.txt", "c")), Some(&coded("A"))).await, "A");
    // what is only renamed for another system is no new version
    let changed = ann.rest_json("PATCH", &other, &coded("B2")).await.expect(200).json();
    assert_eq!(changed["externalReferenceCode"], "B2");
    let entry = json!({"fileEntryId": changed["id"]});
    assert_eq!(ann.call("/dlapp/get-file-entry", entry.clone()).await.expect(200).json()["version"], "1.0");
    let changed = ann.rest_json("PATCH", &other, &json!({"externalReferenceCode": "B3", "title": "c.txt"})).await;
    assert_eq!(changed.expect(200).json()["externalReferenceCode"], "B3");
    assert_eq!(ann.call("/dlapp/get-file-entry", entry).await.expect(200).json()["version"], "1.1");
    for nothing in [json!({"externalReferenceCode": ""}), json!({"externalReferenceCode": null}), json!({})] {
        let same = ann.rest_json("PATCH", &other, &nothing).await.expect(200).json();
        assert_eq!(same["externalReferenceCode"], "B3");
    }
    ann.rest_json("PATCH", &other, &json!({"externalReferenceCode": 5})).await.expect(400);
    ann.rest_json("PATCH", &other, &coded(&"x".repeat(76))).await.expect(400);
    // nobody changes what somebody else has checked out
    ann.call("/dlapp/check-out-file-entry", json!({"fileEntryId": made["id"]})).await.expect(200);
    let bob = server.liferay(&server.world.bob);
    bob.rest_json("PATCH", &format!("/documents/{}", made["id"]), &coded("C")).await.expect(409);
    bob.rest_form("PUT", &at(&server, "A"), Some(("a.txt", "x")), None).await.expect(409);
    bob.rest("DELETE", &at(&server, "A")).await.expect(409);
}

#[tokio::test]
async fn of_many_who_make_a_document_with_one_code_one_does() {
    let server = Server::start().await;
    let ann = server.liferay(&server.world.ann);
    let path = at(&server, "ONE");
    let names: Vec<String> = (0..6).map(|number| format!("{number}.txt")).collect();
    let puts = names.iter().map(|name| ann.rest_form("PUT", &path, Some((name, name)), None));
    let answers = join_all(puts).await;
    let done: Vec<Value> =
        answers.iter().filter(|answer| answer.status.is_success()).map(|answer| answer.clone().json()).collect();
    assert!(!done.is_empty());
    // whoever came later has replaced it
    assert!(done.iter().all(|document| document["id"] == done[0]["id"]), "{done:?}");
    for refused in answers.iter().filter(|answer| !answer.status.is_success()) {
        assert_eq!(refused.status.as_u16(), 409, "{refused}");
    }
    let listed = ann.rest("GET", &format!("/sites/{}/documents", server.group())).await.expect(200).json();
    assert_eq!(listed["totalCount"], 2);
}

#[tokio::test]
async fn who_may_not_is_refused_by_code_as_by_number() {
    let server = Server::start().await;
    let (ann, vic) = (server.liferay(&server.world.ann), server.liferay(&server.world.vic));
    let path = at(&server, "A");
    ann.rest_form("PUT", &path, Some(("a.txt", "a")), None).await.expect(200);
    vic.rest("GET", &path).await.expect(200);
    vic.rest("DELETE", &path).await.expect(403);
    vic.rest_form("PUT", &path, Some(("a.txt", "x")), None).await.expect(403);
    vic.rest_form("PUT", &at(&server, "B"), Some(("b.txt", "x")), None).await.expect(403);
    let eve = server.liferay(&server.world.eve);
    for method in ["GET", "DELETE"] {
        eve.rest(method, &path).await.expect(404);
    }
    eve.rest_form("PUT", &path, Some(("a.txt", "x")), None).await.expect(404);
    let guest = server.liferay_guest();
    let refused = guest.rest("GET", &path).await.expect(403).json();
    let said = refused["message"].as_str().unwrap();
    assert!(said.ends_with("DocumentResourceImpl#getSiteDocumentByExternalReferenceCode"), "{said}");
    assert_eq!(ann.rest("POST", &path).await.expect(405).header("allow"), "GET, PUT, DELETE");
}

#[tokio::test]
async fn a_code_that_no_document_can_have_is_refused_before_the_body_is_read() {
    let server = Server::start().await;
    let (ann, vic) = (server.liferay(&server.world.ann), server.liferay(&server.world.vic));
    let empty = "The external reference code is empty";
    let empty = json!({"status": "BAD_REQUEST", "title": empty, "type": "BadRequestException"});
    let plan = format!("/documents/{}", server.plan_number());
    let long = json!({"externalReferenceCode": "x".repeat(76)});
    let long = ann.rest_json("PATCH", &plan, &long).await.expect(400).json();
    for (code, said) in [("%20", &empty), ("%20%09%20", &empty), (&*"x".repeat(76), &long)] {
        let path = at(&server, code);
        let nowhere = format!("/sites/1/documents/by-external-reference-code/{code}");
        for client in [&ann, &vic] {
            let form = client.rest_form("PUT", &path, Some(("a.txt", "a")), None).await;
            assert_eq!(form.expect(400).json(), *said);
            // no form at all, and no such site
            assert_eq!(client.rest_json("PUT", &path, &json!({})).await.expect(400).json(), *said);
            assert_eq!(client.rest("PUT", &nowhere).await.expect(400).json(), *said);
        }
        // no document has it
        for method in ["GET", "DELETE"] {
            let missing = ann.rest(method, &path).await.expect(404).json();
            assert_eq!(missing["type"], "NoSuchFileEntryException");
        }
    }
    // the longest there is
    let longest = at(&server, &"x".repeat(75));
    ann.rest_form("PUT", &longest, Some(("a.txt", "a")), None).await.expect(200);
    let listed = ann.rest("GET", &format!("/sites/{}/documents", server.group())).await.expect(200).json();
    assert_eq!(listed["totalCount"], 2);
}

#[tokio::test]
async fn a_code_that_is_the_number_of_a_later_document_names_who_was_given_it() {
    let server = Server::start().await;
    let ann = server.liferay(&server.world.ann);
    let number = code_clashes::coming(&server).await;
    let at = at(&server, &number.to_string());
    let given = ann.rest_form("PUT", &at, Some(("given.txt", "a")), None).await.expect(200).json();
    code_clashes::go_on(&server, number).await;
    let documents = format!("/sites/{}/documents", server.group());
    let late = ann.rest_form("POST", &documents, Some(("late.txt", "b")), None).await.expect(200).json();
    assert_eq!(late["id"], number);
    assert_ne!(late["externalReferenceCode"], number.to_string());
    assert_eq!(ann.rest("GET", &at).await.expect(200).json()["id"], given["id"]);
    let replaced = ann.rest_form("PUT", &at, Some(("given.txt", "c")), None).await.expect(200).json();
    assert_eq!(replaced["id"], given["id"]);
    ann.rest("DELETE", &at).await.expect(204);
    assert_eq!(ann.rest("GET", &format!("/documents/{number}")).await.expect(200).json(), late);
    ann.rest("DELETE", &at).await.expect(404);
}
