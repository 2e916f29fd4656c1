//! JSON-RPC's corners (spec/liferay.md 5).

use reqwest::multipart::Form;
use serde_json::{Value, json};

use crate::support::{liferay::Liferay, server::Server};

async fn sent(client: &Liferay<'_>, path: &str, envelope: Value) -> Value {
    client.text(path, envelope.to_string()).await.expect(200).json()
}

fn call(method: &str) -> Value {
    json!({"jsonrpc": "2.0", "method": method, "id": 1})
}

#[tokio::test]
async fn an_id_comes_back_as_it_was_sent_and_none_is_needed() {
    let server = Server::start().await;
    let ann = server.liferay(&server.world.ann);
    for id in
        [json!(1), json!(-5), json!(0), json!(9_007_199_254_740_993_i64), json!("a"), json!(""), json!("1"), json!(1.5)]
    {
        let mut envelope = call("get-build-number");
        envelope["id"] = id.clone();
        assert_eq!(
            sent(&ann, "/portal", envelope).await.to_string(),
            json!({"id": id, "jsonrpc": "2.0", "result": 7201}).to_string()
        );
    }
    for none in [json!(null), json!(true), json!([]), json!({})] {
        let mut envelope = call("get-build-number");
        envelope["id"] = none;
        assert_eq!(sent(&ann, "/portal", envelope).await, json!({"jsonrpc": "2.0", "result": 7201}));
    }
    // what has no id is run, and answered also when it fails
    let envelope = json!({"jsonrpc": "2.0", "method": "cancel-check-out", "params": {"fileEntryId": 1}});
    let refused = sent(&ann, "/dlapp", envelope).await;
    assert_eq!((refused["error"]["code"].clone(), refused.get("id")), (json!(-32602), None));
}

#[tokio::test]
async fn the_version_is_checked_before_anything_is_run() {
    let server = Server::start().await;
    let ann = server.liferay(&server.world.ann);
    let id = server.plan_number();
    for (version, shown) in [
        (Some(json!("1.0")), "1.0".to_owned()),
        (Some(json!(2.0)), "2.0".to_owned()),
        (Some(json!(2)), "2".to_owned()),
        (Some(json!(null)), "null".to_owned()),
        (Some(json!("")), String::new()),
        (Some(json!("x".repeat(1000))), "x".repeat(64)),
        (None, "null".to_owned()),
    ] {
        let mut envelope = json!({"method": "check-out-file-entry", "params": {"fileEntryId": id}, "id": 1});
        if let Some(version) = version {
            envelope["jsonrpc"] = version;
        }
        let expected = json!({"error": {"code": -32700, "message": format!("Invalid JSON RPC version {shown}")}, "id": 1, "jsonrpc": "2.0"});
        assert_eq!(sent(&ann, "/dlapp", envelope).await, expected);
    }
    assert_eq!(ann.labels().await, ["1.0"]);
}

#[tokio::test]
async fn parameters_are_named_and_may_be_modified() {
    let server = Server::start().await;
    let ann = server.liferay(&server.world.ann);
    let id = server.plan_number();
    let with = |params: Value| json!({"jsonrpc": "2.0", "method": "check-in-file-entry", "params": params, "id": 1});
    for params in [json!([]), json!([id]), json!("x"), json!(5), json!(true)] {
        let expected = json!({"error": {"code": -32602, "message": "Parameters must be passed by name"}, "id": 1, "jsonrpc": "2.0"});
        assert_eq!(sent(&ann, "/dlapp", with(params)).await, expected);
    }
    let params = json!({"fileEntryId": id, "majorVersion": true, "-changeLog": "x", "+serviceContext": ""});
    assert_eq!(ann.text("/dlapp", with(params).to_string()).await.expect(200).text(), r#"{"id":1,"jsonrpc":"2.0"}"#);
    let none = json!({"jsonrpc": "2.0", "method": "get-version", "params": null, "id": 1});
    assert_eq!(sent(&ann, "/portal", none).await["result"], "7.2.1");
}

#[tokio::test]
async fn a_code_says_whose_fault_it_was() {
    let server = Server::start().await;
    let ann = server.liferay(&server.world.ann);
    let vic = server.liferay(&server.world.vic);
    let id = server.plan_number();
    let error = async |client: &Liferay<'_>, method: &str, params: Value| {
        let envelope = json!({"jsonrpc": "2.0", "method": method, "params": params, "id": 1});
        let error = sent(client, "/dlapp", envelope).await["error"].clone();
        (error["code"].as_i64().unwrap(), error["message"].as_str().unwrap().split(':').next().unwrap().to_owned())
    };
    ann.check_out().await.expect(200);
    let increase = json!({"fileEntryId": id, "dlVersionNumberIncrease": "x", "changeLog": ""});
    let class = json!({"fileEntryId": id, "+serviceContext": "java.lang.Runtime"});
    let long = json!({"fileEntryId": id, "majorVersion": true, "changeLog": "x".repeat(1025)});
    let denied = "com.liferay.portal.kernel.security.auth.PrincipalException$MustHavePermission";
    let missing = "com.liferay.document.library.kernel.exception.NoSuchFileEntryException";
    for (method, params, code, kind) in [
        ("cancel-check-out", json!({"fileEntryId": 1}), -32602, missing),
        ("cancel-check-out", json!({"fileEntryId": "x"}), -32603, "java.lang.ClassCastException"),
        ("cancel-check-out", json!({"fileEntryId": null}), -32603, "java.lang.IllegalArgumentException"),
        ("check-in-file-entry", increase, -32603, "java.lang.IllegalArgumentException"),
        ("check-out-file-entry", class, -32603, "jodd.typeconverter.TypeConversionException"),
        // the method itself finds it illegal
        ("check-in-file-entry", long, -32602, "java.lang.IllegalArgumentException"),
    ] {
        assert_eq!(error(&ann, method, params).await, (code, kind.to_owned()), "{method}");
    }
    assert_eq!(error(&vic, "check-out-file-entry", json!({"fileEntryId": id})).await, (-32602, denied.to_owned()));
    let guest = server.liferay_guest();
    assert_eq!(
        error(&guest, "check-out-file-entry", json!({"fileEntryId": "x"})).await,
        (-32602, "java.lang.SecurityException".to_owned())
    );
}

#[tokio::test]
async fn a_method_may_have_its_java_name_or_its_full_path_here_only() {
    let server = Server::start().await;
    let (ann, guest) = (server.liferay(&server.world.ann), server.liferay_guest());
    for (path, method) in [
        ("/portal", "get-build-number"),
        ("/portal/", "getBuildNumber"),
        ("/portal", "getBuildNumber.0"),
        ("", "/portal/get-build-number"),
        ("/", "portal/get-build-number"),
        ("", "/portal/getBuildNumber"),
        ("/invoke", "portal.get-build-number"),
        ("/invoke", "portal.getBuildNumber"),
        ("/invoke", "/portal/get-build-number.0"),
    ] {
        assert_eq!(
            sent(&guest, path, call(method)).await,
            json!({"id": 1, "jsonrpc": "2.0", "result": 7201}),
            "{path} {method}"
        );
    }
    for (path, method, named) in [
        ("/portal", "nope", "/portal/nope"),
        ("/portal", "get-build-number.1", "/portal/get-build-number"),
        ("/nope", "get-build-number", "/nope/get-build-number"),
        ("/portal", "Get-Build-Number", "/portal/-get--build--number"),
        ("/portal", "/portal/get-build-number", "/portal//portal/get-build-number"),
        ("/portal/get-build-number", "get-build-number", "/portal/get-build-number/get-build-number"),
        ("", "get-build-number", "/get-build-number"),
        ("/invoke", "nope.nope", "/nope/nope"),
        ("/dlapp", "get-file-entry", "/dlapp/get-file-entry"),
    ] {
        let answer = ann.text(path, call(method).to_string()).await.expect(404).json();
        let text = format!("No JSON web service action with path {named} and method null for null");
        assert_eq!(answer["exception"], text, "{path} {method}");
        assert!(answer.get("jsonrpc").is_none());
    }
    assert!(ann.get("/portal/getBuildNumber").await.expect(404).json()["error"].is_object());
    ann.invoke(&json!({"/portal/getBuildNumber": {}})).await.expect(404);
}

#[tokio::test]
async fn only_a_posted_object_with_a_method_is_an_envelope() {
    let server = Server::start().await;
    let ann = server.liferay(&server.world.ann);
    let envelope = call("get-build-number").to_string();
    // another verb, parts, a deeper path, a list: none of them
    server.send(ann.request("PUT", "/api/jsonws/portal").body(envelope.clone())).await.expect(404);
    ann.parts("/portal", Form::new().text("x", envelope.clone())).await.expect(404);
    ann.text("/portal/nope/x", envelope.clone()).await.expect(404);
    for path in ["/invoke", "", "/"] {
        let refused = ann.text(path, format!("[{envelope}]")).await.expect(500).json();
        assert_eq!(refused["throwable"], "java.lang.IllegalArgumentException", "{path}");
    }
    for body in ["{\"method\":5}", "{\"method\":\"\"}", "{\"method\":null}", "{}"] {
        ann.text("/portal", body).await.expect(404);
    }
    let broken = ann.text("/portal", "{\"method\":\"get-version\"").await.expect(404).json();
    assert!(broken["error"]["type"].is_string());
}
