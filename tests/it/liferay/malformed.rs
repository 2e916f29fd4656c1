//! Bodies and addresses no client should send: each gets the vendor's error object, and nothing is half done.

use reqwest::multipart::{Form, Part};
use serde_json::json;

use crate::support::server::Server;

#[tokio::test]
async fn broken_json_is_an_error_object() {
    let server = Server::start().await;
    let ann = server.liferay(&server.world.ann);
    let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    for body in ["", "nonsense", "{", "[{]", "{\"/dlapp/get-file-entry\": ", &deep] {
        let refused = ann.text("/invoke", body).await.expect(500).json();
        assert_eq!(refused["throwable"], "java.lang.IllegalStateException: Unable to deserialize object");
    }
    for body in [
        "{}",
        "[1]",
        "5",
        "\"text\"",
        "null",
        "[[]]",
        "{\"/dlapp/get-file-entry\": 5}",
        "{\"/dlapp/get-file-entry\": []}",
    ] {
        let refused = ann.text("/invoke", body).await.expect(500).json();
        assert_eq!(refused["throwable"], "java.lang.IllegalArgumentException", "{body}");
    }
    // batches of envelopes are not part of the vendor's API
    ann.text("/invoke", json!([{"jsonrpc": "2.0", "method": "x", "id": 1}]).to_string()).await.expect(500);
    let invalid = ann.request("POST", "/api/jsonws/invoke").body(vec![b'{', 0xff, b'}']);
    server.send(invalid).await.expect(500);
}

#[tokio::test]
async fn broken_multipart_is_an_error_object() {
    let server = Server::start().await;
    let ann = server.liferay(&server.world.ann);
    let send = async |kind: &str, body: &str| {
        let request = ann.request("POST", "/api/jsonws/dlapp/add-file-entry").header("Content-Type", kind);
        server.send(request.body(body.to_owned())).await
    };
    for (kind, body) in [
        ("multipart/form-data", "--x--"),
        ("multipart/form-data; boundary=", "--x--"),
        ("multipart/mixed; boundary=x", "--x\r\n\r\n--x--"),
        ("multipart/form-data; boundary=x", "--x\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\ntruncated"),
        ("multipart/form-data; boundary=x", "--x\r\nContent-Disposition: form-data\r\n\r\na\r\n--x--"),
        (
            "multipart/form-data; boundary=x",
            "--x\r\nContent-Disposition: form-data; name=\"file\"; filename=\"..\"\r\n\r\na\r\n--x--",
        ),
        (
            "multipart/form-data; boundary=x",
            "--x\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a\"\r\n\r\ntruncated",
        ),
    ] {
        let refused = send(kind, body).await.expect(500).json();
        assert_eq!(refused["throwable"], "com.liferay.portal.kernel.upload.UploadException", "{kind} {body}");
    }
    let many = (0..1000).fold(Form::new(), |form, number| form.text(format!("p{number}"), "x"));
    ann.parts("/dlapp/add-file-entry", many).await.expect(413);
}

#[tokio::test]
async fn a_path_in_a_file_name_does_not_leave_the_folder() {
    let server = Server::start().await;
    let ann = server.liferay(&server.world.ann);
    let form = Form::new()
        .text("repositoryId", server.group().to_string())
        .text("folderId", "0")
        .text("sourceFileName", "")
        .text("mimeType", "")
        .text("title", "")
        .text("description", "")
        .text("changeLog", "")
        .part("file", Part::bytes(&b"x"[..]).file_name("../../etc/passwd"));
    let file = ann.parts("/dlapp/add-file-entry", form).await.expect(200).json();
    assert_eq!(file["title"], "passwd");
}

#[tokio::test]
async fn bodies_over_the_limit_are_413_in_shape() {
    let server = Server::start_with(&[("server.max_text_bytes", "4096")]).await;
    let ann = server.liferay(&server.world.ann);
    let long = "x".repeat(6000);
    let answers = [
        ann.text("/invoke", long.clone()).await,
        ann.post("/dlapp/cancel-check-out", &[("fileEntryId", &long)]).await,
        ann.parts("/dlapp/cancel-check-out", Form::new().text("fileEntryId", long.clone())).await,
        ann.parts("/dlapp/cancel-check-out", Form::new().text("a", "x".repeat(3000)).text("b", "x".repeat(3000))).await,
    ];
    for answer in answers {
        assert!(answer.expect(413).json()["error"]["type"].is_string());
    }
}

#[tokio::test]
async fn odd_addresses_are_answered_in_shape() {
    let server = Server::start().await;
    let ann = server.liferay(&server.world.ann);
    for (path, status) in [
        ("/dlapp/cancel-check-out/file-entry-id", 500),
        ("/dlapp/cancel-check-out/file-entry-id/%zz", 500),
        ("/dlapp/cancel-check-out/file-entry-id/%00", 500),
        ("/dlapp/cancel-check-out/file-entry-id/%FF", 500),
        ("/dlapp/cancel-check-out/../../x", 404),
        ("/dlapp/cancel-check-out?fileEntryId=1&fileEntryId=2", 404),
        ("/dlapp/cancel-check-out?fileEntryId=%00", 500),
        ("/dlapp/cancel-check-out?fileEntryId=99999999999999999999", 500),
    ] {
        let answer = ann.get(path).await.expect(status);
        assert!(answer.json()["error"]["type"].is_string(), "{path}");
    }
    let long = format!("/dlapp/{}", "x".repeat(20_000));
    let answer = ann.get(&long).await;
    assert!(matches!(answer.status.as_u16(), 414 | 431), "{}", answer.status);
    assert!(answer.json()["error"]["type"].is_string());
    assert!(answer.header("liferay-portal").contains("Build 7201"));
}

#[tokio::test]
async fn thousands_of_parameters_are_answered_quickly() {
    let server = Server::start().await;
    let ann = server.liferay(&server.world.ann);
    let body: String = (0..100_000).fold(String::new(), |body, number| body + "p" + &number.to_string() + "=1&");
    let request = ann.request("POST", "/api/jsonws/dlapp/cancel-check-out");
    let request = request.header("Content-Type", "application/x-www-form-urlencoded");
    let begun = std::time::Instant::now();
    server.send(request.body(format!("{body}fileEntryId={}", server.plan_number()))).await.expect(200);
    assert!(begun.elapsed().as_secs() < 5);
}
