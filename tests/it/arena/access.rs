//! Logging in and out, and who may go on (spec/arena.md 3).

use chrono::Duration;
use insta::assert_snapshot;
use serde_json::json;

use crate::support::{
    arena::{code, guid, message},
    server::Server,
    world::PASSWORD,
};

#[tokio::test]
async fn a_login_gives_both_names_of_the_token_and_the_workspace() {
    let server = Server::start().await;
    let answer = server.log_in("ann@example.com", PASSWORD).await.expect(200);
    let json = answer.json();
    let token = json["arenaSessionId"].as_str().unwrap();
    assert_eq!(json["arena_session_id"], token);
    assert!(token.starts_with("LABS-") && token.len() > 40 && !token.contains([' ', ',', ';']), "{token}");
    assert_snapshot!(answer.text().replace(token, "T"), @r#"{"arenaSessionId":"T","arena_session_id":"T","workspaceId":1001,"workspaceName":"Engineering","workspaceRequestLimit":10000}"#);
    assert_eq!(answer.header("server"), "ArenaSolutions");
    assert_eq!(answer.header("x-arena-requests-remaining"), "10000");
    assert_eq!(answer.header("x-arena-next-request-limit-reset"), "Wed, 04-Mar-2026 00:00:00 GMT-0800 (PST)");
    assert_eq!(answer.header("set-cookie"), "");
}

#[tokio::test]
async fn a_workspace_may_be_named_by_a_number_or_its_digits() {
    let server = Server::start().await;
    let log_in = async |workspace: serde_json::Value| {
        let body = json!({"email": "ann@example.com", "password": PASSWORD, "workspaceId": workspace});
        server.send(server.post("/login").json(&body)).await
    };
    for right in [json!(1001), json!("1001"), json!(null)] {
        assert_eq!(log_in(right).await.expect(200).json()["workspaceId"], 1001);
    }
    for wrong in [json!(1002), json!("7"), json!(-1)] {
        assert_eq!(code(&log_in(wrong).await), "400 4001");
    }
    for nonsense in [json!("x"), json!(1.5), json!(true), json!({}), json!("99999999999999999999")] {
        let answer = log_in(nonsense).await;
        assert_eq!(code(&answer), "400 3003");
        assert_eq!(message(&answer), r#"The value for the attribute "workspaceId" is not valid."#);
    }
}

#[tokio::test]
async fn an_unknown_user_and_a_wrong_password_get_the_same_bytes() {
    let server = Server::start().await;
    let wrong = server.log_in("ann@example.com", "wrong").await;
    let unknown = server.log_in("nobody@example.com", "wrong").await;
    // right, but no member of any workspace
    let eve = server.log_in("eve@example.com", PASSWORD).await;
    assert_eq!(wrong.text(), unknown.text());
    assert_eq!(wrong.text(), eve.text());
    assert_snapshot!(wrong, @r#"
    400 Bad Request
    {"status":400,"errors":[{"code":4001,"message":"The username, password or workspace ID is not valid or you are not allowed to log in due to IP restriction."}]}
    "#);
    assert_eq!(wrong.header("x-arena-requests-remaining"), "");
}

#[tokio::test]
async fn five_wrong_passwords_lock_an_address_for_five_minutes_known_or_not() {
    let server = Server::start().await;
    // right a moment ago: that does not help
    server.log_in("ann@example.com", PASSWORD).await.expect(200);
    for email in ["ann@example.com", "nobody@example.com"] {
        for _ in 0..5 {
            assert_eq!(code(&server.log_in(email, "wrong").await), "400 4001");
        }
        let locked = server.log_in(email, PASSWORD).await;
        assert_eq!(code(&locked), "400 4083");
        assert_eq!(message(&locked), "Too many invalid password attempts, account disabled for five minutes.");
    }
    server.advance(Duration::minutes(5) + Duration::seconds(1));
    server.log_in("ann@example.com", PASSWORD).await.expect(200);
    assert_eq!(code(&server.log_in("nobody@example.com", PASSWORD).await), "400 4001");
}

#[tokio::test]
async fn a_login_without_its_attributes_says_which() {
    let server = Server::start().await;
    let log_in = async |body: &str| {
        let request = server.post("/v1/login").header("content-type", "application/json");
        server.send(request.body(body.to_owned())).await
    };
    assert_eq!(message(&log_in("{}").await), r#"The attribute "email" is required."#);
    assert_eq!(message(&log_in(r#"{"email":"a"}"#).await), r#"The attribute "password" is required."#);
    assert_eq!(code(&log_in(r#"{"email":"a","password":null}"#).await), "400 3001");
    assert_eq!(code(&log_in(r#"{"email":5,"password":"x"}"#).await), "400 3003");
    assert_eq!(code(&log_in(r#"{"email":"a\u0000","password":"x"}"#).await), "400 3003");
    for syntax in ["", "[]", "{", "\"x\"", "{\"email\":\"\\ud800\"}", "null"] {
        let answer = log_in(syntax).await;
        assert_eq!(code(&answer), "400 400", "{syntax}");
        assert_eq!(message(&answer), "The format of the request is not valid. Please check the syntax.");
    }
    let form = server.send(server.post("/v1/login").body("email=a")).await;
    assert_eq!(code(&form), "415 415");
    assert_eq!(message(&form), "The content type of the request is not supported.");
}

#[tokio::test]
async fn a_logout_is_final() {
    let server = Server::start().await;
    let ann = server.arena(&server.world.ann).await;
    let answer = ann.log_out().await.expect(200);
    assert_eq!(answer.text(), "");
    assert_eq!(answer.header("x-arena-requests-remaining"), "10000");
    let again = ann.log_out().await;
    assert_snapshot!(again, @r#"
    401 Unauthorized
    {"status":401,"errors":[{"code":401,"message":"There is no access token associated with this request or the access token is not valid."}]}
    "#);
    assert_eq!(again.header("x-arena-requests-remaining"), "");
    assert_eq!(code(&ann.get("/v1/files").await), "401 401");
}

#[tokio::test]
async fn a_second_login_ends_the_first_session() {
    let server = Server::start().await;
    let first = server.arena(&server.world.ann).await;
    let second = server.arena(&server.world.ann).await;
    assert_eq!(code(&first.get("/v1/files").await), "401 401");
    second.get("/v1/files").await.expect(200);
}

#[tokio::test]
async fn a_session_lives_for_ninety_minutes_after_its_last_request() {
    let server = Server::start().await;
    let ann = server.arena(&server.world.ann).await;
    for _ in 0..3 {
        server.advance(Duration::minutes(89));
        ann.get("/v1/files").await.expect(200);
    }
    server.advance(Duration::minutes(90));
    assert_eq!(code(&ann.get("/v1/files").await), "401 401");
}

#[tokio::test]
async fn the_cookie_counts_only_without_the_header() {
    let server = Server::start().await;
    let ann = server.arena(&server.world.ann).await;
    let cookie = format!("a=b; arena_session_id={}", ann.session);
    let get = |header: Option<&'static str>| {
        let request = server.get("/files").header("cookie", &cookie);
        server.send(match header {
            Some(text) => request.header("ARENA_SESSION_ID", text),
            None => request,
        })
    };
    get(None).await.expect(200);
    assert_eq!(code(&get(Some("LABS-dead")).await), "401 401");
    assert_eq!(code(&get(Some("")).await), "401 401");
    assert_eq!(code(&server.send(server.get("/files")).await), "401 401");
}

#[tokio::test]
async fn a_stranger_learns_only_which_paths_there_are() {
    let server = Server::start().await;
    let path = format!("/v1/files/{}", guid(&server.world.file));
    assert_eq!(code(&server.send(server.get(&path)).await), "401 401");
    assert_eq!(code(&server.send(server.get("/v1/files/x")).await), "401 401");
    let garbage = server.post("/v1/files/checkoutstatuschanges").body("garbage");
    assert_eq!(code(&server.send(garbage).await), "401 401");
    assert_eq!(code(&server.send(server.get("/v1/nowhere")).await), "404 404");
    assert_eq!(code(&server.send(server.get("/v1/files/checkoutstatuschanges")).await), "405 405");
}

#[tokio::test]
async fn rights_are_those_of_the_moment() {
    let server = Server::start().await;
    let world = &server.world;
    let ann = server.arena(&world.ann).await;
    ann.get("/v1/files").await.expect(200);
    let disabled = coatcheck::vault::UserChange { disabled: Some(true), ..Default::default() };
    server.vault.update_user(world.ann.person.id, disabled).await.unwrap();
    assert_eq!(code(&ann.get("/v1/files").await), "401 401");
}
