//! What HTTP carries (spec/liferay.md 1, 2.2 and 3): verbs, types, headers, encodings, and which source of a parameter wins.

use reqwest::multipart::Form;
use serde_json::json;

use crate::support::{answer::Answer, server::Server};

fn assert_ours(answer: &Answer) {
    assert_eq!(answer.header("content-type"), "application/json;charset=UTF-8", "{answer}");
    assert_eq!(answer.header("cache-control"), "private, no-cache, no-store, must-revalidate", "{answer}");
    assert!(answer.header("liferay-portal").contains("/ Build 7201 /"), "{answer}");
}

#[tokio::test]
async fn any_verb_calls_any_method() {
    let server = Server::start().await;
    let ann = server.liferay(&server.world.ann);
    for verb in ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "LOCK"] {
        for path in ["/portal/get-build-number", "/dlapp/cancel-check-out/file-entry-id/1", "/nope/nope"] {
            let answer = server.send(ann.request(verb, &format!("/api/jsonws{path}"))).await;
            assert_ours(&answer);
            let expected = if path.starts_with("/portal") { 200 } else { 404 };
            assert_eq!(answer.status, expected, "{verb} {answer}");
            if path == "/nope/nope" {
                let text = format!("No JSON web service action with path /nope/nope and method {verb} for null");
                assert_eq!(answer.json()["exception"], text);
            }
        }
    }
    let head = server.send(ann.request("HEAD", "/api/jsonws/portal/get-build-number")).await.expect(200);
    assert_eq!(head.text(), "");
    assert_ours(&head);
}

#[tokio::test]
async fn every_answer_has_the_type_the_caching_and_the_build() {
    let server = Server::start_with(&[("server.max_text_bytes", "4096")]).await;
    let ann = server.liferay(&server.world.ann);
    for (status, answer) in [
        (200, ann.get("/portal/get-version").await),
        (200, ann.get("?discover").await),
        (200, ann.text("/portal", json!({"jsonrpc": "2.0", "method": "get-version"}).to_string()).await),
        (200, ann.invoke(&json!([])).await),
        (401, server.liferay_as("Bearer x").get("/portal/get-version").await),
        (403, server.liferay_guest().get("/dlapp/get-file-entry?fileEntryId=1").await),
        (404, ann.get("/dlapp/get-file-entry?fileEntryId=1").await),
        (404, ann.get("/dlapp").await),
        (404, server.send(ann.request("GET", "/documents/1/nope")).await),
        (413, ann.text("/invoke", "x".repeat(5000)).await),
        (414, ann.get(&format!("/{}", "x".repeat(20_000))).await),
        (500, ann.text("/invoke", "{").await),
        (500, ann.get("/portal/get-version/%zz").await),
    ] {
        assert_ours(&answer.clone().expect(status));
        assert_eq!(answer.header("www-authenticate").is_empty(), status != 401, "{answer}");
    }
}

#[tokio::test]
async fn json_is_read_under_any_content_type() {
    let server = Server::start().await;
    let ann = server.liferay(&server.world.ann);
    let command = json!({"/portal/get-build-number": {}}).to_string();
    let envelope = json!({"jsonrpc": "2.0", "method": "get-build-number"}).to_string();
    let plain = json!({"fileEntryId": server.plan_number()}).to_string();
    for kind in [
        Some("application/json"),
        Some("Application/JSON; charset=utf-8"),
        Some("text/plain"),
        Some("application/x-www-form-urlencoded"),
        Some("application/octet-stream"),
        Some("nonsense"),
        Some(""),
        None,
    ] {
        let send = async |path: &str, body: &str| {
            let mut request = ann.request("POST", &format!("/api/jsonws{path}")).body(format!("\r\n {body} \n"));
            if let Some(kind) = kind {
                request = request.header("Content-Type", kind);
            }
            server.send(request).await.expect(200)
        };
        assert_eq!(send("/invoke", &command).await.text(), "7201", "{kind:?}");
        assert_eq!(send("/", &command).await.text(), "7201", "{kind:?}");
        assert_eq!(send("/portal", &envelope).await.json()["result"], 7201, "{kind:?}");
        assert_eq!(send("/dlfileentry/is-file-entry-checked-out", &plain).await.text(), "false", "{kind:?}");
    }
}

#[tokio::test]
async fn no_accept_refuses_and_an_empty_encoding_is_identity() {
    let server = Server::start().await;
    let ann = server.liferay(&server.world.ann);
    for (name, value) in [
        ("Accept", "text/html"),
        ("Accept", "image/png;q=0"),
        ("Accept", ""),
        ("Accept-Encoding", ""),
        ("Accept-Encoding", "gzip"),
        ("Accept-Encoding", "identity;q=0"),
        ("Accept-Charset", "x"),
        ("Accept-Language", ""),
        ("X-CSRF-Token", "anything"),
        ("Cookie", "JSESSIONID=anything"),
    ] {
        for path in ["/api/jsonws/portal/get-build-number?p_auth=anything", "/"] {
            let answer = server.send(ann.request("GET", path).header(name, value)).await.expect(200);
            assert!(answer.header("content-encoding").is_empty(), "{name}: {value}");
        }
    }
}

#[tokio::test]
async fn a_plus_is_a_blank_in_a_query_and_itself_in_a_path() {
    let server = Server::start().await;
    let ann = server.liferay(&server.world.ann);
    let group = server.group();
    for title in ["a b.txt", "a+b.txt", "100%.txt", "%41.txt", "\u{fc}&=.txt"] {
        ann.add(title, "a.txt", "x").await.expect(200);
    }
    for (in_path, title) in [
        ("a%20b.txt", "a b.txt"),
        ("a+b.txt", "a+b.txt"),
        ("a%2Bb.txt", "a+b.txt"),
        ("100%25.txt", "100%.txt"),
        ("%2541.txt", "%41.txt"),
        ("%C3%BC&=.txt", "\u{fc}&=.txt"),
    ] {
        let path = format!("/dlapp/get-file-entry/group-id/{group}/folder-id/0/title/{in_path}");
        assert_eq!(ann.get(&path).await.expect(200).json()["title"], title);
    }
    for (in_query, title) in [
        ("a+b.txt", "a b.txt"),
        ("a%20b.txt", "a b.txt"),
        ("a%2Bb.txt", "a+b.txt"),
        ("100%25.txt", "100%.txt"),
        ("%2541.txt", "%41.txt"),
        ("%C3%BC%26%3D.txt", "\u{fc}&=.txt"),
    ] {
        let query = format!("groupId={group}&folderId=0&title={in_query}");
        assert_eq!(ann.get(&format!("/dlapp/get-file-entry?{query}")).await.expect(200).json()["title"], title);
        let request = ann.request("POST", "/api/jsonws/dlapp/get-file-entry");
        let request = request.header("Content-Type", "application/x-www-form-urlencoded").body(query);
        assert_eq!(server.send(request).await.expect(200).json()["title"], title);
    }
}

#[tokio::test]
async fn a_later_source_of_a_name_replaces_an_earlier_one() {
    let server = Server::start().await;
    let ann = server.liferay(&server.world.ann);
    let id = server.plan_number();
    let right = id.to_string();
    let form = |value: &str| vec![("fileEntryId".to_owned(), value.to_owned())];
    let post = async |path: &str, pairs: Vec<(String, String)>| {
        let pairs: Vec<(&str, &str)> = pairs.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        ann.post(path, &pairs).await
    };
    let method = "/dlfileentry/is-file-entry-checked-out";
    // a path is below all, a query before a form, JSON above all; the first of a repeated name counts
    for answer in [
        ann.get(&format!("{method}/file-entry-id/1?fileEntryId={id}")).await,
        post(&format!("{method}/file-entry-id/1"), form(&right)).await,
        post(&format!("{method}?fileEntryId={id}"), form("1")).await,
        ann.get(&format!("{method}?fileEntryId={id}&FILEENTRYID=1&fileEntryId=1")).await,
        ann.parts(method, Form::new().text("fileEntryId", right.clone()).text("fileEntryId", "1")).await,
        ann.parts(&format!("{method}?fileEntryId={id}"), Form::new().text("fileEntryId", "1")).await,
        ann.text(&format!("{method}/file-entry-id/1?fileEntryId=1"), json!({"fileEntryId": id}).to_string()).await,
        ann.text("/invoke?fileEntryId=1", json!({method: {"fileEntryId": id}}).to_string()).await,
        ann.text(&format!("/invoke?fileEntryId={id}"), json!({method: {}}).to_string()).await,
        ann.text(&format!("/invoke?fileEntryId={id}"), json!({method: null}).to_string()).await,
        ann.text("/invoke?fileEntryId=1", json!({format!("{method}/file-entry-id/{id}"): {}}).to_string()).await,
        ann.post("/invoke", &[("cmd", &json!({method: {}}).to_string()), ("fileEntryId", &right)]).await,
    ] {
        assert_eq!(answer.expect(200).text(), "false");
    }
    let envelope = json!({"jsonrpc": "2.0", "method": "is-file-entry-checked-out", "params": {"fileEntryId": id}});
    let answer = ann.text("/dlfileentry?fileEntryId=1", envelope.to_string()).await;
    assert_eq!(answer.text(), r#"{"jsonrpc":"2.0","result":false}"#);
    // the text of `cmd` before that of the body
    let both = ann.text("/invoke?cmd=%7B%22/portal/get-build-number%22:%7B%7D%7D", "{").await;
    assert_eq!(both.expect(200).text(), "7201");
    // null in a later source is there as well
    ann.get(&format!("{method}/file-entry-id/{id}?-fileEntryId=")).await.expect(500);
}

#[tokio::test]
async fn slashes_without_a_name_do_not_count() {
    let server = Server::start().await;
    let ann = server.liferay(&server.world.ann);
    for path in ["/portal/get-build-number/", "//portal///get-build-number//", "/portal/get-build-number/?x=/"] {
        assert_eq!(ann.get(path).await.expect(200).text(), "7201", "{path}");
    }
    assert_eq!(ann.text("/invoke/", "{\"/portal/get-build-number\":{}}").await.expect(200).text(), "7201");
    assert_eq!(ann.text("//invoke", "{\"portal//get-build-number/\":{}}").await.expect(200).text(), "7201");
}

#[tokio::test]
async fn a_plain_body_is_read_as_parameters_and_anything_else_is_not() {
    let server = Server::start().await;
    let ann = server.liferay(&server.world.ann);
    let method = "/dlfileentry/is-file-entry-checked-out";
    for body in ["[1]", "5", "\"fileEntryId\"", "nonsense", "fileEntryId=1"] {
        ann.text(method, body).await.expect(404);
    }
    let broken = ann.text(method, "{\"fileEntryId\":").await.expect(500).json();
    assert_eq!(broken["throwable"], "java.lang.IllegalStateException: Unable to deserialize object");
    // an empty method makes no envelope
    let body = json!({"jsonrpc": "2.0", "method": "", "fileEntryId": server.plan_number()}).to_string();
    assert_eq!(ann.text(method, body).await.expect(200).text(), "false");
}
