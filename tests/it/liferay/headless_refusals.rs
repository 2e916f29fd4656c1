//! What the headless API refuses, always in its own shape (spec/liferay.md 12).

use reqwest::multipart::{Form, Part};
use serde_json::json;

use crate::support::{answer::Answer, server::Server};

/// Every operation, below the mount point.
fn operations(server: &Server, folder: i64) -> Vec<(&'static str, String, &'static str)> {
    let (site, file) = (server.group(), server.plan_number());
    let by_code = format!("/sites/{site}/documents/by-external-reference-code");
    vec![
        ("GET", format!("/sites/{site}/documents"), "DocumentResourceImpl#getSiteDocumentsPage"),
        ("POST", format!("/sites/{site}/documents"), "DocumentResourceImpl#postSiteDocument"),
        ("GET", format!("/document-folders/{folder}/documents"), "DocumentResourceImpl#getDocumentFolderDocumentsPage"),
        ("POST", format!("/document-folders/{folder}/documents"), "DocumentResourceImpl#postDocumentFolderDocument"),
        ("GET", format!("/documents/{file}"), "DocumentResourceImpl#getDocument"),
        ("PATCH", format!("/documents/{file}"), "DocumentResourceImpl#patchDocument"),
        ("PUT", format!("/documents/{file}"), "DocumentResourceImpl#putDocument"),
        ("DELETE", format!("/documents/{file}"), "DocumentResourceImpl#deleteDocument"),
        ("GET", format!("/sites/{site}/document-folders"), "DocumentFolderResourceImpl#getSiteDocumentFoldersPage"),
        ("POST", format!("/sites/{site}/document-folders"), "DocumentFolderResourceImpl#postSiteDocumentFolder"),
        ("GET", format!("/document-folders/{folder}"), "DocumentFolderResourceImpl#getDocumentFolder"),
        ("PATCH", format!("/document-folders/{folder}"), "DocumentFolderResourceImpl#patchDocumentFolder"),
        ("PUT", format!("/document-folders/{folder}"), "DocumentFolderResourceImpl#putDocumentFolder"),
        ("DELETE", format!("/document-folders/{folder}"), "DocumentFolderResourceImpl#deleteDocumentFolder"),
        (
            "GET",
            format!("/document-folders/{folder}/document-folders"),
            "DocumentFolderResourceImpl#getDocumentFolderDocumentFoldersPage",
        ),
        (
            "POST",
            format!("/document-folders/{folder}/document-folders"),
            "DocumentFolderResourceImpl#postDocumentFolderDocumentFolder",
        ),
        ("GET", format!("{by_code}/{file}"), "DocumentResourceImpl#getSiteDocumentByExternalReferenceCode"),
        ("PUT", format!("{by_code}/{file}"), "DocumentResourceImpl#putSiteDocumentByExternalReferenceCode"),
        ("DELETE", format!("{by_code}/{file}"), "DocumentResourceImpl#deleteSiteDocumentByExternalReferenceCode"),
    ]
}

async fn folder(server: &Server) -> i64 {
    let path = format!("/sites/{}/document-folders", server.group());
    let ann = server.liferay(&server.world.ann);
    ann.rest_json("POST", &path, &json!({"name": "folder"})).await.expect(200).json()["id"].as_i64().unwrap()
}

/// The refusal, which has this API's shape and headers.
#[track_caller]
fn shaped(answer: &Answer, status: u16, word: &str) -> String {
    let body = answer.clone().expect(status).json();
    let members: Vec<&String> = body.as_object().unwrap().keys().collect();
    assert_eq!(members, ["status", "title", "type"], "{answer}");
    assert_eq!(body["status"], word, "{answer}");
    assert_eq!(answer.header("content-type"), "application/json");
    assert!(answer.header("liferay-portal").contains("Build 7201"));
    format!("{}: {}", body["type"].as_str().unwrap(), body["title"].as_str().unwrap())
}

#[tokio::test]
async fn guests_are_told_what_is_closed_to_them() {
    let server = Server::start().await;
    let folder = folder(&server).await;
    for (method, path, name) in operations(&server, folder) {
        for client in
            [server.liferay_guest(), server.liferay_as("Basic bm9ib2R5OndpdGhvdXQ="), server.liferay_as("Odd x")]
        {
            let answer = client.rest_json(method, &path, &json!({"name": "x"})).await.expect(403);
            let package = "com.liferay.headless.delivery.internal.resource.v1_0";
            assert_eq!(answer.json(), json!({"message": format!("Access denied to {package}.{name}")}));
            assert!(!answer.headers.contains_key("www-authenticate"));
            assert!(answer.header("liferay-portal").contains("Build 7201"));
        }
        let answer = server.liferay_as("Bearer nonsense").rest(method, &path).await;
        shaped(&answer, 401, "UNAUTHORIZED");
        assert!(answer.header("www-authenticate").starts_with("Bearer"));
    }
}

#[tokio::test]
async fn the_setting_that_forces_right_passwords_counts_here_too() {
    let server = Server::start_with(&[("liferay.force_basic", "true")]).await;
    let client = server.liferay_as("Basic bm9ib2R5OndpdGhvdXQ=");
    let answer = client.rest("GET", &format!("/documents/{}", server.plan_number())).await;
    shaped(&answer, 401, "UNAUTHORIZED");
    assert!(answer.header("www-authenticate").starts_with("Basic"));
}

#[tokio::test]
async fn what_a_stranger_may_not_see_is_missing_byte_for_byte() {
    let server = Server::start().await;
    let eve = server.liferay(&server.world.eve);
    let folder = folder(&server).await;
    for (method, path, _) in operations(&server, folder) {
        let id = path.split('/').nth(2).unwrap();
        let hidden = eve.rest_json(method, &path, &json!({"name": "x"})).await;
        let missing = eve.rest_json(method, &path.replace(id, "1"), &json!({"name": "x"})).await;
        shaped(&hidden, 404, "NOT_FOUND");
        assert_eq!(hidden.text().replace(id, "1"), missing.expect(404).text(), "{method} {path}");
    }
    let answer = eve.rest("GET", "/documents/1").await;
    let text = shaped(&answer, 404, "NOT_FOUND");
    assert_eq!(text, "NoSuchFileEntryException: No FileEntry exists with the key {fileEntryId=1}");
    let text = shaped(&eve.rest("GET", "/sites/1/documents").await, 404, "NOT_FOUND");
    assert_eq!(text, "NoSuchGroupException: No Group exists with the key {repositoryId=1}");
}

#[tokio::test]
async fn who_may_only_look_changes_nothing() {
    let server = Server::start().await;
    let folder = folder(&server).await;
    // a viewer, and a contributor with a read-only license
    for somebody in [&server.world.vic, &server.world.carl] {
        let client = server.liferay(somebody);
        for (method, path, name) in operations(&server, folder) {
            let documents = name.starts_with("DocumentResource");
            let answer = match method {
                "POST" | "PUT" if documents => client.rest_form(method, &path, Some(("new.txt", "x")), None).await,
                _ => client.rest_json(method, &path, &json!({"name": "x", "title": "x"})).await,
            };
            if method == "GET" {
                answer.expect(200);
            } else {
                let text = shaped(&answer, 403, "FORBIDDEN");
                assert!(text.starts_with("MustHavePermission: User "), "{method} {path}: {text}");
            }
        }
    }
    let ann = server.liferay(&server.world.ann);
    assert_eq!(ann.labels().await, ["1.0"]);
}

#[tokio::test]
async fn addresses_that_lead_nowhere_say_so() {
    let server = Server::start().await;
    let ann = server.liferay(&server.world.ann);
    for path in [
        "",
        "/",
        "/documents",
        "/documents/",
        "/documents/x",
        "/documents/-1",
        "/documents/007",
        "/documents/%2B1",
        "/documents/%FF",
        "/documents/%00",
        "/documents/%zz",
        "/documents/99999999999999999999",
        "/documents/1/versions",
        "/sites/1",
        "/sites/1/documents/by-external-reference-code",
        "/sites/1/documents/by-external-reference-code/x/y",
        "/sites/1/documents/by-uuid/x",
        "/sites/1/document-folders/by-external-reference-code/x",
        "/document-folders/1/x",
        "/openapi.json",
    ] {
        for method in ["GET", "POST", "DELETE"] {
            let text = shaped(&ann.rest(method, path).await, 404, "NOT_FOUND");
            assert!(text.starts_with("NotFoundException: Nothing is served at /o/headless-delivery"), "{text}");
        }
    }
    for path in ["/o/headless-delivery", "/o/headless-delivery/", "/o/headless-delivery/v2.0/documents/1"] {
        shaped(&server.send(ann.request("GET", path)).await, 404, "NOT_FOUND");
    }
    let long = ann.rest("GET", &format!("/documents/{}", "1".repeat(20_000))).await;
    assert!(matches!(long.status.as_u16(), 414 | 431));
    assert!(long.json()["title"].is_string() && long.json()["status"].is_string());
}

#[tokio::test]
async fn a_wrong_method_is_told_the_right_ones() {
    let server = Server::start().await;
    let ann = server.liferay(&server.world.ann);
    for (method, path, allowed) in [
        ("POST", "/documents/1", "GET, PATCH, PUT, DELETE"),
        ("OPTIONS", "/documents/1", "GET, PATCH, PUT, DELETE"),
        ("PUT", "/sites/1/documents", "GET, POST"),
        ("DELETE", "/document-folders/1/documents", "GET, POST"),
        ("BREW", "/document-folders/1", "GET, PATCH, PUT, DELETE"),
    ] {
        let answer = ann.rest(method, path).await;
        shaped(&answer, 405, "METHOD_NOT_ALLOWED");
        assert_eq!(answer.header("allow"), allowed, "{method} {path}");
    }
}

#[tokio::test]
async fn broken_json_is_a_bad_request() {
    let server = Server::start().await;
    let ann = server.liferay(&server.world.ann);
    let folder = folder(&server).await;
    let deep = format!("{{\"name\": {}1{}}}", "[".repeat(100_000), "]".repeat(100_000));
    let file = server.plan_number();
    for (method, path) in [
        ("PATCH", format!("/documents/{file}")),
        ("PATCH", format!("/document-folders/{folder}")),
        ("PUT", format!("/document-folders/{folder}")),
        ("POST", format!("/document-folders/{folder}/document-folders")),
    ] {
        for body in ["", "nonsense", "{", "[]", "[{}]", "null", "5", "\"text\"", "{\"description\": 5}", "{} {}", &deep]
        {
            let request = ann.request(method, &format!("/o/headless-delivery/v1.0{path}"));
            let answer = server.send(request.body(body.to_owned())).await;
            shaped(&answer, 400, "BAD_REQUEST");
        }
        let request = ann.request(method, &format!("/o/headless-delivery/v1.0{path}"));
        shaped(&server.send(request.body(vec![b'{', 0xff, b'}'])).await, 400, "BAD_REQUEST");
    }
    for bad in [
        json!({"description": "a\u{0}b"}),
        json!({"title": "a\u{0}b"}),
        json!({"title": "a:b"}),
        json!({"title": ".."}),
    ] {
        shaped(&ann.rest_json("PATCH", &format!("/documents/{file}"), &bad).await, 400, "BAD_REQUEST");
    }
    assert_eq!(ann.labels().await, ["1.0"]);
}

#[tokio::test]
async fn broken_multipart_is_a_bad_request() {
    let server = Server::start().await;
    let ann = server.liferay(&server.world.ann);
    let file = || Part::bytes(&b"x"[..]).file_name("new.txt");
    for (method, path) in [
        ("POST", format!("/sites/{}/documents", server.group())),
        ("PUT", format!("/documents/{}", server.plan_number())),
        ("PATCH", format!("/documents/{}", server.plan_number())),
    ] {
        let part = "--x\r\nContent-Disposition: form-data";
        for (kind, body) in [
            ("multipart/form-data", "--x--".to_owned()),
            ("multipart/form-data; boundary=", "--x--".to_owned()),
            ("multipart/mixed; boundary=x", "--x\r\n\r\n--x--".to_owned()),
            ("multipart/form-data; boundary=x", String::new()),
            ("multipart/form-data; boundary=x", format!("{part}; name=\"document\"\r\n\r\n{{}}")),
            ("multipart/form-data; boundary=x", format!("{part}\r\n\r\na\r\n--x--")),
            ("multipart/form-data; boundary=x", format!("{part}; name=\"file\"; filename=\"..\"\r\n\r\na\r\n--x--")),
            ("multipart/form-data; boundary=x", format!("{part}; name=\"file\"; filename=\"a\"\r\n\r\ntruncated")),
        ] {
            let request = ann.request(method, &format!("/o/headless-delivery/v1.0{path}")).header("Content-Type", kind);
            shaped(&server.send(request.body(body)).await, 400, "BAD_REQUEST");
        }
        for form in [
            Form::new().part("file", file()).text("document", "nonsense"),
            Form::new().part("file", file()).text("document", "{\"title\": 5}"),
            Form::new().text("document", "{}").text("document", "{}"),
            Form::new().part("file", file()).part("file", file()),
            Form::new().text("file", "no file name"),
            Form::new().part("document", Part::bytes(&[0xff_u8][..])),
        ] {
            shaped(&ann.rest_parts(method, &path, form).await, 400, "BAD_REQUEST");
        }
    }
    for (method, path) in [
        ("POST", format!("/sites/{}/documents", server.group())),
        ("PUT", format!("/documents/{}", server.plan_number())),
    ] {
        let answer = ann.rest_form(method, &path, None, Some(&json!({"title": "x"}))).await;
        assert_eq!(shaped(&answer, 400, "BAD_REQUEST"), "BadRequestException: No file found in body");
        shaped(&ann.rest_json(method, &path, &json!({"title": "x"})).await, 400, "BAD_REQUEST");
    }
    assert_eq!(ann.labels().await, ["1.0"]);
    let listed = ann.rest("GET", &format!("/sites/{}/documents", server.group())).await.expect(200).json();
    assert_eq!(listed["totalCount"], 1);
}

#[tokio::test]
async fn what_is_taken_or_cannot_be_is_told_apart() {
    let server = Server::start().await;
    let ann = server.liferay(&server.world.ann);
    let path = format!("/sites/{}/documents", server.group());
    let add =
        async |title: &str| ann.rest_form("POST", &path, Some(("x.txt", "x")), Some(&json!({"title": title}))).await;
    let taken = shaped(&add("plan.txt").await, 409, "CONFLICT");
    assert_eq!(taken, "DuplicateFileEntryException: A file entry already exists with title plan.txt");
    let taken = shaped(&add("PLAN").await, 409, "CONFLICT");
    assert_eq!(taken, "DuplicateFileEntryException: A file entry already exists with file name PLAN.txt");
    for bad in ["a:b", "..", "a\u{0}b", &"x".repeat(300)] {
        assert!(shaped(&add(bad).await, 400, "BAD_REQUEST").starts_with("FileNameException"), "{bad}");
    }
    add("other").await.expect(200);
    let title = json!({"title": "other"});
    let plan = format!("/documents/{}", server.plan_number());
    shaped(&ann.rest_json("PATCH", &plan, &title).await, 409, "CONFLICT");
    shaped(&ann.rest_form("PUT", &plan, Some(("x.txt", "x")), Some(&title)).await, 409, "CONFLICT");
    assert_eq!(ann.labels().await, ["1.0"]);
}

#[tokio::test]
async fn what_is_too_large_is_refused_in_shape() {
    let limits = [("content.max_file_bytes", "20000"), ("server.max_text_bytes", "4096")];
    let server = Server::start_with(&limits).await;
    let ann = server.liferay(&server.world.ann);
    let (site, plan) = (format!("/sites/{}/documents", server.group()), format!("/documents/{}", server.plan_number()));
    let (file, text) = ("x".repeat(20_001), "x".repeat(5000));
    for (method, path) in [("POST", &site), ("PUT", &plan), ("PATCH", &plan)] {
        for answer in [
            ann.rest_form(method, path, Some(("big.txt", &file)), None).await,
            ann.rest_form(method, path, Some(("big.txt", "x")), Some(&json!({"description": text}))).await,
            ann.rest_parts(method, path, (0..1000).fold(Form::new(), |form, at| form.text(format!("p{at}"), "x")))
                .await,
        ] {
            shaped(&answer, 413, "PAYLOAD_TOO_LARGE");
        }
    }
    shaped(&ann.rest_json("PATCH", &plan, &json!({"description": text})).await, 413, "PAYLOAD_TOO_LARGE");
    let just = "x".repeat(20_000);
    ann.rest_form("PUT", &plan, Some(("plan.txt", &just)), None).await.expect(200);
    assert_eq!(ann.labels().await, ["1.1", "1.0"]);
}
