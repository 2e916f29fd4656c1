//! The calling forms: all of them mean the same.

use insta::assert_snapshot;
use proptest::{
    prelude::*,
    test_runner::{Config, TestRunner},
};
use serde_json::{Value, json};

use crate::support::{
    liferay::{Liferay, told},
    server::Server,
};

#[tokio::test]
async fn modifiers_mean_null_and_a_new_object() {
    let server = Server::start().await;
    let ann = server.liferay(&server.world.ann);
    let id = server.plan_number();
    for path in [
        format!(
            "/dlapp/check-in-file-entry/file-entry-id/{id}/-dl-version-number-increase/-change-log/+service-context"
        ),
        format!(
            "/dlapp/check-in-file-entry?fileEntryId={id}&majorVersion=1&-changeLog=ignored&%2BserviceContext=com.liferay.portal.service.ServiceContext"
        ),
        format!(
            "/dlapp/check-in-file-entry?fileEntryId={id}&majorVersion=1&-changeLog=&+serviceContext=&serviceContext.scopeGroupId=x&serviceContext.nonsense=1"
        ),
        format!(
            "/dlapp/check-in-file-entry/file-entry-id/{id}/major-version/true/-change-log/service-context:com.liferay.portal.kernel.service.ServiceContext"
        ),
        format!("/dlapp/check-in-file-entry.3/file-entry-id/{id}/lock-uuid/x"),
    ] {
        assert_eq!(ann.get(&path).await.expect(200).text(), "{}", "{path}");
    }
    assert_snapshot!(ann.get("/dlapp/cancel-check-out/+file-entry-id:java.lang.Runtime").await, @r#"
    500 Internal Server Error
    {"error":{"message":"java.lang.Runtime is not allowed to be instantiated","type":"jodd.typeconverter.TypeConversionException"},"exception":"java.lang.Runtime is not allowed to be instantiated","throwable":"jodd.typeconverter.TypeConversionException: java.lang.Runtime is not allowed to be instantiated"}
    "#);
    for null in ["/-file-entry-id", "?-fileEntryId=1", "?%2BfileEntryId="] {
        let refused = ann.get(&format!("/dlapp/cancel-check-out{null}")).await.expect(500).json();
        assert_eq!(refused["throwable"], "java.lang.IllegalArgumentException");
    }
}

#[tokio::test]
async fn a_missing_name_is_no_action_and_an_extra_one_is_ignored() {
    let server = Server::start().await;
    let ann = server.liferay(&server.world.ann);
    let id = server.plan_number();
    assert_snapshot!(told(&server, &ann.get(&format!("/dlapp/check-in-file-entry?fileEntryId={id}")).await), @r#"404 {"error":{"message":"No JSON web service action with path /dlapp/check-in-file-entry and method GET for null","type":"com.liferay.portal.kernel.jsonwebservice.NoSuchJSONWebServiceException"},"exception":"No JSON web service action with path /dlapp/check-in-file-entry and method GET for null","throwable":"com.liferay.portal.kernel.jsonwebservice.NoSuchJSONWebServiceException: No JSON web service action with path /dlapp/check-in-file-entry and method GET for null"}"#);
    let extra = format!("/dlapp/cancel-check-out?fileentryid={id}&userId=5&nonsense=x&p_auth=y");
    assert_eq!(ann.get(&extra).await.expect(200).text(), "{}");
    for path in
        ["/dlapp/cancelCheckOut", "/dlapp", "/dlapp/cancel-check-out.9", "/x.dlapp/cancel-check-out", "/nope/nope"]
    {
        assert!(ann.get(path).await.expect(404).text().contains("No JSON web service action with path"), "{path}");
    }
    // slashes without a name between them do not count
    let slashes = format!("//dlapp//cancel-check-out//file-entry-id/{id}/");
    ann.get(&slashes).await.expect(200);
}

#[tokio::test]
async fn a_batch_answers_in_order_with_null_for_nothing() {
    let server = Server::start().await;
    let ann = server.liferay(&server.world.ann);
    let id = server.plan_number();
    let commands = json!([
        {"/dlapp/check-out-file-entry": {"fileEntryId": id}},
        {"/dlfileentry/is-file-entry-checked-out": {"fileEntryId": id}, "/dlapp/delete-file-entry": {"fileEntryId": id}},
        {"$file[version, title, nope] = /dlapp/get-file-entry": {"fileEntryId": id}},
        {"/dlapp/cancel-check-out": {"fileEntryId": id}},
        {"/portal/get-build-number": null},
    ]);
    assert_snapshot!(ann.invoke(&commands).await, @r#"
    200 OK
    [null,true,{"nope":null,"title":"plan.txt","version":"1.0"},null,7201]
    "#);
    assert_eq!(ann.invoke(&json!([])).await.expect(200).text(), "[]");
    let many: Vec<Value> = (0..101).map(|_| json!({"/portal/get-build-number": {}})).collect();
    assert_eq!(ann.invoke(&many[..100].into()).await.expect(200).json().as_array().unwrap().len(), 100);
    ann.invoke(&many.into()).await.expect(500);
}

#[tokio::test]
async fn json_rpc_answers_200_with_an_error_member() {
    let server = Server::start().await;
    let (ann, guest) = (server.liferay(&server.world.ann), server.liferay_guest());
    let send = |client, path: &'static str, body: Value| {
        let client: &Liferay<'_> = client;
        async move { client.text(path, body.to_string()).await.to_string() }
    };
    assert_snapshot!(send(&ann, "/dlapp", json!({"jsonrpc": "2.0", "method": "cancel-check-out", "params": {"fileEntryId": 1}, "id": 1})).await, @r#"
    200 OK
    {"error":{"code":-32602,"message":"com.liferay.document.library.kernel.exception.NoSuchFileEntryException: No FileEntry exists with the key {fileEntryId=1}"},"id":1,"jsonrpc":"2.0"}
    "#);
    assert_snapshot!(send(&ann, "/dlapp", json!({"jsonrpc": "2.0", "method": "cancelCheckOut", "params": {"fileEntryId": "x"}, "id": "a"})).await, @r#"
    200 OK
    {"error":{"code":-32603,"message":"java.lang.ClassCastException: Unable to convert value: x; <--- java.lang.NumberFormatException: For input string: \"x\""},"id":"a","jsonrpc":"2.0"}
    "#);
    assert_snapshot!(send(&ann, "/portal", json!({"jsonrpc": "2.0", "method": "get-build-number"})).await, @r#"
    200 OK
    {"jsonrpc":"2.0","result":7201}
    "#);
    assert_snapshot!(send(&ann, "/portal", json!({"jsonrpc": "1.0", "method": "get-build-number", "id": 1})).await, @r#"
    200 OK
    {"error":{"code":-32700,"message":"Invalid JSON RPC version 1.0"},"id":1,"jsonrpc":"2.0"}
    "#);
    assert_snapshot!(send(&ann, "/portal", json!({"jsonrpc": "2.0", "method": "get-build-number", "params": [1], "id": 1})).await, @r#"
    200 OK
    {"error":{"code":-32602,"message":"Parameters must be passed by name"},"id":1,"jsonrpc":"2.0"}
    "#);
    assert_snapshot!(send(&guest, "/dlapp", json!({"jsonrpc": "2.0", "method": "cancel-check-out", "params": {"fileEntryId": 1}, "id": 1})).await, @r#"
    200 OK
    {"error":{"code":-32602,"message":"java.lang.SecurityException: Access denied to com.liferay.document.library.kernel.service.DLAppService#cancelCheckOut"},"id":1,"jsonrpc":"2.0"}
    "#);
    assert_snapshot!(send(&ann, "/dlapp", json!({"jsonrpc": "2.0", "method": "nope", "id": 1})).await, @r#"
    404 Not Found
    {"error":{"message":"No JSON web service action with path /dlapp/nope and method null for null","type":"com.liferay.portal.kernel.jsonwebservice.NoSuchJSONWebServiceException"},"exception":"No JSON web service action with path /dlapp/nope and method null for null","throwable":"com.liferay.portal.kernel.jsonwebservice.NoSuchJSONWebServiceException: No JSON web service action with path /dlapp/nope and method null for null"}
    "#);
    for (path, method) in
        [("/invoke", "/portal/get-build-number"), ("", "portal.get-build-number"), ("", "/portal/getBuildNumber")]
    {
        let body = json!({"jsonrpc": "2.0", "method": method, "params": null, "id": 7});
        assert_eq!(ann.text(path, body.to_string()).await.text(), r#"{"id":7,"jsonrpc":"2.0","result":7201}"#);
    }
}

/// JSON of any shape, with keys that mean something in places where they mean nothing.
fn some_json() -> impl Strategy<Value = Value> {
    let key = prop::sample::select(vec![
        "/dlapp/get-file-entry",
        "$a = /dlapp/get-file-entry",
        "$a[b,c] = /dlapp/get-file-entries",
        "$a.$b = /portal/get-version",
        "$c = /portal/get-version",
        "@fileEntryId",
        "fileEntryId",
        "-fileEntryId",
        "+serviceContext",
        "serviceContext.a",
        "title:x",
        "method",
        "jsonrpc",
        "params",
        "id",
        "",
    ]);
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        prop::sample::select(vec!["$a.b", "$c", "2.0", "get-version", "/portal/get-version", "x", ""])
            .prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 32, 5, move |inner| {
        let member = (key.clone().prop_map(str::to_owned), inner.clone());
        prop_oneof![
            prop::collection::vec(inner, 0..5).prop_map(Value::Array),
            prop::collection::vec(member, 0..5).prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

/// Any body gives an answer in the vendor's shape: a result, or an error object with one of its statuses.
#[test]
fn any_body_gets_an_error_object_or_a_result() {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().worker_threads(2).build().unwrap();
    let server = runtime.block_on(Server::start());
    let ann = server.liferay(&server.world.ann);
    let words = prop::sample::select(vec![
        "{",
        "}",
        "[",
        "]",
        "\"",
        ":",
        ",",
        "null",
        "1",
        "-",
        "+",
        ".",
        "$",
        "@",
        "=",
        "&",
        "%",
        "\\u0000",
        "/dlapp/get-file-entry",
        "fileEntryId",
        "jsonrpc",
        "2.0",
        "method",
        "params",
        "cmd",
        "\r\n",
        "\u{1F600}",
    ]);
    let body = prop_oneof![
        prop::collection::vec(words, 0..20).prop_map(|words| words.concat().into_bytes()),
        any::<String>().prop_map(String::into_bytes),
        any::<Vec<u8>>(),
        some_json().prop_map(|value| value.to_string().into_bytes()),
    ];
    let path = prop::sample::select(vec![
        "/invoke",
        "/dlapp",
        "",
        "/dlapp/get-file-entry",
        "/dlapp/add-file-entry",
        "/dlapp/check-in-file-entry.3/file-entry-id/1",
        "/dlapp/get-file-entries?$a=b&@c=$d&-e&+f",
    ]);
    let kind = prop::sample::select(vec![
        "application/json",
        "application/x-www-form-urlencoded",
        "text/plain",
        "multipart/form-data",
        "multipart/form-data; boundary=x",
        "",
    ]);
    let mut runner = TestRunner::new(Config { cases: 250, failure_persistence: None, ..Config::default() });
    let outcome = runner.run(&(path, kind, body), |(path, kind, body)| {
        let is_empty = body.is_empty();
        let request = ann.request("POST", &format!("/api/jsonws{path}")).header("Content-Type", kind).body(body);
        let answer = runtime.block_on(server.send(request));
        let status = answer.status.as_u16();
        if answer.header("content-type").starts_with("text/html") {
            prop_assert!(path.is_empty() && is_empty, "{answer}");
            return Ok(());
        }
        let shown = answer.json();
        if status == 200 {
            return Ok(());
        }
        prop_assert!(matches!(status, 404 | 413 | 500), "{answer}");
        prop_assert!(shown["error"]["type"].is_string() && shown["throwable"].is_string(), "{answer}");
        prop_assert!(!answer.text().contains("SystemException"), "{answer}");
        Ok(())
    });
    outcome.unwrap();
    // the database's client closes its connections with the runtime's help
    let _guard = runtime.enter();
    drop(server);
}
