//! The calling forms: all of them mean the same.

use insta::assert_snapshot;
use proptest::{
    prelude::*,
    test_runner::{Config, TestRunner},
};
use reqwest::multipart::Form;
use serde_json::{Value, json};

use crate::support::{
    answer::Answer,
    liferay::{Liferay, told},
    server::Server,
};

/// One call in every form that can carry it; JSON-RPC's result taken out of its envelope.
async fn in_every_form(client: &Liferay<'_>, service: &str, method: &str, given: &[(&str, &str)]) -> Vec<(u16, Value)> {
    let path = format!("/{service}/{method}");
    let parameters: Value = given
        .iter()
        .map(|(name, value)| ((*name).to_owned(), Value::from(*value)))
        .collect::<serde_json::Map<_, _>>()
        .into();
    let mut query = form_urlencoded::Serializer::new(String::new());
    query.extend_pairs(given);
    let query = query.finish();
    let segments = as_path(given);
    let fields =
        given.iter().fold(Form::new(), |form, (name, value)| form.text((*name).to_owned(), (*value).to_owned()));
    let (first, rest) = given.split_at(given.len().min(1));
    let mixed = as_path(first);
    let command = json!({path.clone(): parameters.clone()}).to_string();

    let mut answers: Vec<Answer> = vec![
        client.get(&format!("{path}{segments}")).await,
        client.get(&format!("{path}?{query}")).await,
        client.post(&format!("{path}?{query}"), &[]).await,
        client.post(&path, given).await,
        client.parts(&path, fields).await,
        client.post(&format!("{path}{mixed}"), rest).await,
        client.text("/invoke", command.clone()).await,
        client.post("/invoke", &[("cmd", &command), ("p_auth", "x")]).await,
        client
            .get(&format!(
                "/invoke?{}",
                form_urlencoded::Serializer::new(String::new()).append_pair("cmd", &command).finish()
            ))
            .await,
        client.parts("/invoke", Form::new().text("cmd", command.clone())).await,
        client.text("", command.clone()).await,
        client.text(&path, parameters.to_string()).await,
    ];
    let mut batch = client.text("/invoke", format!("[{command}]")).await;
    if batch.status == 200 {
        let mut element = batch.json()[0].take();
        if element.is_null() {
            element = json!({});
        }
        batch.body = element.to_string().into_bytes();
    }
    answers.push(batch);
    let mut plain: Vec<(u16, Value)> =
        answers.iter().map(|answer| (answer.status.as_u16(), anonymous(&answer.json()))).collect();
    let rpc = client.rpc(service, method, parameters).await;
    plain.push(unpacked(&rpc, plain[0].clone()));
    plain
}

/// What only the form decides: how a refusal names the HTTP method.
fn anonymous(value: &Value) -> Value {
    let text = value.to_string();
    let text =
        text.replace("and method GET for", "and method null for").replace("and method POST for", "and method null for");
    serde_json::from_str(&text).unwrap()
}

/// A JSON-RPC answer as the same answer without an envelope.
fn unpacked(rpc: &Answer, plain: (u16, Value)) -> (u16, Value) {
    if rpc.status != 200 {
        return (rpc.status.as_u16(), rpc.json());
    }
    let envelope = rpc.json();
    match envelope.get("error") {
        // the code depends on whose fault it is; the text is the same
        Some(error) if error["message"] == plain.1["throwable"] => plain,
        Some(error) => (200, error.clone()),
        None => (200, envelope.get("result").cloned().unwrap_or_else(|| json!({}))),
    }
}

fn as_path(given: &[(&str, &str)]) -> String {
    given.iter().fold(String::new(), |path, (name, value)| path + "/" + &kebab(name) + "/" + value)
}

fn kebab(name: &str) -> String {
    name.chars()
        .flat_map(|c| if c.is_ascii_uppercase() { vec!['-', c.to_ascii_lowercase()] } else { vec![c] })
        .collect()
}

#[tokio::test]
async fn every_form_gives_the_same_result_for_the_same_call() {
    let server = Server::start().await;
    let ann = server.liferay(&server.world.ann);
    let (file, group) = (server.plan_number().to_string(), server.group().to_string());
    for (service, method, given) in [
        ("dlapp", "get-file-entry", vec![("fileEntryId", file.as_str())]),
        ("dlapp", "get-file-entry", vec![("groupId", &group), ("folderId", "0"), ("title", "plan.txt")]),
        ("dlapp", "check-out-file-entry", vec![("fileEntryId", &file)]),
        ("dlapp", "check-out-file-entry", vec![("fileEntryId", &file), ("owner", "me"), ("expirationTime", "5")]),
        ("dlfileentry", "is-file-entry-checked-out", vec![("fileEntryId", &file)]),
        ("dlapp", "cancel-check-out", vec![("fileEntryId", &file)]),
        ("dlapp", "cancel-check-out", vec![("fileEntryId", "1")]),
        ("dlapp", "cancel-check-out", vec![("fileEntryId", "abc")]),
        ("dlapp", "cancel-check-out", vec![("unknown", "1")]),
        ("dlapp", "get-file-entries", vec![("repositoryId", &group), ("folderId", "0"), ("start", "0"), ("end", "5")]),
        ("dlapp", "get-file-entries-count", vec![("repositoryId", &group), ("folderId", "0")]),
        (
            "dlapp",
            "check-in-file-entry",
            vec![("fileEntryId", &file), ("dlVersionNumberIncrease", "SOME"), ("changeLog", "x")],
        ),
        ("dlapp", "nope", vec![("fileEntryId", &file)]),
        ("group", "get-user-sites-groups", vec![]),
        ("user", "get-user-by-email-address", vec![("emailAddress", "bob@example.com")]),
        ("portal", "get-build-number", vec![]),
    ] {
        let answers = in_every_form(&ann, service, method, &given).await;
        for (form, answer) in answers.iter().enumerate() {
            assert_eq!(answer, &answers[0], "form {form} of {service}/{method} {given:?}");
        }
    }
}

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
    for path in [
        "/dlapp/cancelCheckOut",
        "/dlapp",
        "/",
        "",
        "/dlapp/cancel-check-out.9",
        "/x.dlapp/cancel-check-out",
        "/nope/nope",
    ] {
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
    let body = prop_oneof![prop::collection::vec(words, 0..20).prop_map(|words| words.concat()), any::<String>()];
    let path = prop::sample::select(vec!["/invoke", "/dlapp", "", "/dlapp/get-file-entry", "/dlapp/add-file-entry"]);
    let kind = prop::sample::select(vec![
        "application/json",
        "application/x-www-form-urlencoded",
        "text/plain",
        "multipart/form-data",
        "multipart/form-data; boundary=x",
        "",
    ]);
    let mut runner = TestRunner::new(Config { cases: 150, failure_persistence: None, ..Config::default() });
    let outcome = runner.run(&(path, kind, body), |(path, kind, body)| {
        let request = ann.request("POST", &format!("/api/jsonws{path}")).header("Content-Type", kind).body(body);
        let answer = runtime.block_on(server.send(request));
        let status = answer.status.as_u16();
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
