//! What an administrator may set for this room.

use serde_json::{Value, json};

use crate::support::server::Server;

#[tokio::test]
async fn http_methods_are_strict_where_the_setting_says_so() {
    let server = Server::start_with(&[("liferay.strict_http_methods", "true")]).await;
    let ann = server.liferay(&server.world.ann);
    let id = server.plan_number();
    let send = async |verb: &str, path: &str| {
        server.send(ann.request(verb, &format!("/api/jsonws{path}?fileEntryId={id}"))).await
    };
    for (path, right) in [
        ("/dlapp/get-file-entry", "GET"),
        ("/dlfileentry/is-file-entry-checked-out", "GET"),
        ("/dlfileentry/has-file-entry-lock", "GET"),
        ("/dlapp/check-out-file-entry", "POST"),
        ("/dlapp/cancel-check-out.1", "POST"),
    ] {
        for verb in ["GET", "POST", "PUT", "DELETE", "PATCH"] {
            let answer = send(verb, path).await;
            if verb == right {
                answer.expect(200);
                continue;
            }
            let refused = answer.expect(404).json();
            let bare = path.trim_end_matches(".1");
            let text = format!("No JSON web service action with path {bare} and method {verb} for null");
            assert_eq!(refused["exception"], text);
        }
    }
    assert_eq!(ann.labels().await, ["1.0"]);
    send("HEAD", "/dlapp/get-file-entry").await.expect(200);
    send("HEAD", "/dlapp/check-out-file-entry").await.expect(404);
    // the other forms do not call by an HTTP method
    ann.call("/dlapp/get-file-entry", json!({"fileEntryId": id})).await.expect(200);
    assert!(ann.rpc("dlapp", "get-file-entry", json!({"fileEntryId": id})).await.json()["result"].is_object());
    let command = format!("%7B%22/dlapp/check-out-file-entry%22:%7B%22fileEntryId%22:{id}%7D%7D");
    ann.get(&format!("/invoke?cmd={command}")).await.expect(200);
    // nor is what is unknown another thing than unknown
    send("GET", "/dlapp/nope").await.expect(404);
    assert_eq!(ann.get("/dlapp/get-file-entry?discover=/portal/*").await.expect(200).json()["version"], "7.2.1");
}

#[tokio::test]
async fn a_callback_makes_a_script_where_the_setting_says_so() {
    let server = Server::start_with(&[("liferay.jsonp", "true")]).await;
    let ann = server.liferay(&server.world.ann);
    let id = server.plan_number();
    let held = format!("/dlfileentry/is-file-entry-checked-out?fileEntryId={id}&callback=my.cb_1");
    let command = json!({"/dlfileentry/is-file-entry-checked-out": {"fileEntryId": id}}).to_string();
    for answer in [
        ann.get(&held).await,
        ann.post(&held, &[]).await,
        ann.post(
            "/dlfileentry/is-file-entry-checked-out",
            &[("fileEntryId", &id.to_string()), ("callback", "my.cb_1")],
        )
        .await,
        ann.get(&format!("/dlfileentry/is-file-entry-checked-out/file-entry-id/{id}?callback=my.cb_1")).await,
        ann.text("/invoke?callback=my.cb_1", command.clone()).await,
        ann.post("/invoke", &[("cmd", &command), ("callback", "my.cb_1")]).await,
    ] {
        let answer = answer.expect(200);
        assert_eq!(answer.text(), "/**/my.cb_1(false)");
        assert_eq!(answer.header("content-type"), "text/javascript;charset=UTF-8");
        assert_eq!(answer.header("x-content-type-options"), "nosniff");
        assert_eq!(answer.header("cache-control"), "private, no-cache, no-store, must-revalidate");
    }
    let nothing = ann.get(&format!("/dlapp/cancel-check-out?fileEntryId={id}&callback=cb")).await.expect(200);
    assert_eq!(nothing.text(), "/**/cb({})");
    let refused = ann.get("/dlapp/cancel-check-out?fileEntryId=1&callback=cb").await.expect(404);
    assert!(refused.text().starts_with("/**/cb({\"error\":{\"message\":\"No FileEntry exists"), "{refused}");
    assert_eq!(refused.header("content-type"), "text/javascript;charset=UTF-8");
    // no code, and no script around what is none of these forms
    for code in ["alert(1)", "a;b", "%3Cscript%3E", "", "a%2F%2F"] {
        let refused = ann.get(&format!("/portal/get-version?callback={code}")).await.expect(500);
        assert_eq!(refused.header("content-type"), "application/json;charset=UTF-8");
        assert_eq!(refused.json()["throwable"], "java.lang.IllegalArgumentException");
    }
    let envelope = json!({"jsonrpc": "2.0", "method": "get-build-number", "id": 1}).to_string();
    assert_eq!(ann.text("/portal?callback=cb", envelope).await.expect(200).json()["result"], 7201);
    assert!(ann.get("/?discover=/portal/*&callback=cb").await.expect(200).json()["services"].is_array());
}

#[tokio::test]
async fn a_callback_is_only_another_name_by_default() {
    let server = Server::start().await;
    let ann = server.liferay(&server.world.ann);
    let answer = ann.get("/portal/get-build-number?callback=cb").await.expect(200);
    assert_eq!(
        (answer.text().as_str(), answer.header("content-type").as_str()),
        ("7201", "application/json;charset=UTF-8")
    );
    ann.get("/portal/get-build-number?callback=alert(1)").await.expect(200);
}

#[tokio::test]
async fn wrong_credentials_get_a_challenge_where_the_setting_says_so_and_guests_none() {
    let server = Server::start_with(&[("liferay.force_basic", "true")]).await;
    for wrong in ["Basic bm9ib2R5OndpdGhvdXQ=", "Basic !", "Basic", "basic bm9ib2R5"] {
        for path in ["/dlapp/get-file-entry?fileEntryId=1", "/portal/get-version", "/invoke", "", "?discover"] {
            let refused = server.liferay_as(wrong).get(path).await.expect(401);
            assert_eq!(refused.header("www-authenticate"), "Basic realm=\"PortalRealm\"");
            assert_eq!(refused.json()["error"]["type"], "java.lang.SecurityException");
        }
    }
    let guest = server.liferay_guest();
    let refused = guest.get("/dlapp/get-file-entry?fileEntryId=1").await.expect(403);
    assert_eq!(refused.header("www-authenticate"), "");
    guest.get("/portal/get-version").await.expect(200);
    server.liferay(&server.world.ann).get("/user/get-current-user").await.expect(200);
}

#[tokio::test]
async fn the_build_is_what_it_is_set_to() {
    let build = "Liferay DXP Digital Enterprise Portal 7.0.10 GA1 (Wilberforce / Build 7010 / June 15, 2016)";
    let server = Server::start_with(&[("liferay.build", build)]).await;
    let ann = server.liferay(&server.world.ann);
    let answers = [
        server.send(server.request("HEAD", "/")).await.expect(200),
        ann.get("").await.expect(200),
        ann.get("?discover").await.expect(200),
        ann.get("/portal/get-version").await.expect(200),
        ann.get("/nope/nope").await.expect(404),
        ann.download("").await.expect(200),
        ann.get(&format!("/{}", "x".repeat(20_000))).await.expect(414),
        server.send(server.get("/o/headless-delivery/v1.0/nope")).await.expect(404),
        server.liferay_as("Bearer x").get("/portal/get-version").await.expect(401),
    ];
    for answer in answers {
        assert_eq!(answer.header("liferay-portal"), build, "{answer}");
    }
    // what is another room's says nothing of it
    assert_eq!(server.send(server.get("/v1/nothing")).await.header("liferay-portal"), "");
    assert_eq!(ann.get("/portal/get-build-number").await.text(), "7010");
    assert_eq!(ann.get("?discover=/x").await.json()["version"], "7.0.10");
}

#[tokio::test]
async fn a_check_out_lasts_no_longer_than_the_limit() {
    let server = Server::start_with(&[("liferay.lock_limit_milliseconds", "60000"), ("liferay.company_id", "7")]).await;
    let ann = server.liferay(&server.world.ann);
    let id = server.plan_number();
    let lock =
        async || ann.call("/dlfileentry/get-file-entry-lock", json!({"fileEntryId": id})).await.expect(200).json();
    for (asked, given) in [("0", "60000"), ("60001", "60000"), ("5000", "5000")] {
        let long = json!({"fileEntryId": id, "owner": "me", "expirationTime": asked});
        ann.call("/dlapp/check-out-file-entry", long).await.expect(200);
        let lock = lock().await;
        assert_eq!((&lock["expirationTime"], &lock["companyId"]), (&Value::from(given), &json!("7")), "{asked}");
        ann.cancel().await.expect(200);
    }
    ann.check_out().await.expect(200);
    assert_eq!(lock().await["expirationTime"], "60000");
}
