//! Bearer tokens (spec/arena.md 3.4): client credentials for an API session of an application.

use chrono::Duration;
use coatcheck::vault::{LibraryUpdate, NewApplication};
use insta::assert_snapshot;
use reqwest::RequestBuilder;

use crate::support::{
    answer::Answer,
    arena::{code, guid},
    server::Server,
};

/// A secret of the application that the world has.
async fn secret(server: &Server) -> String {
    server.vault.create_secret(server.world.robot.person.id, None).await.unwrap()
}

fn ask(server: &Server, form: &[(&str, &str)]) -> RequestBuilder {
    let mut body = form_urlencoded::Serializer::new(String::new());
    body.extend_pairs(form);
    let request = server.post("/v1/oauth/token").header("content-type", "application/x-www-form-urlencoded");
    request.body(body.finish())
}

async fn credentials(server: &Server, client: &str, secret: &str, more: &[(&str, &str)]) -> Answer {
    let form = [("grant_type", "client_credentials"), ("client_id", client), ("client_secret", secret)];
    server.send(ask(server, &[&form, more].concat())).await
}

async fn token(server: &Server, secret: &str) -> String {
    let answer = credentials(server, "robot", secret, &[]).await.expect(200);
    answer.json()["access_token"].as_str().unwrap().to_owned()
}

async fn get(server: &Server, token: &str, path: &str) -> Answer {
    server.send(server.get(path).bearer_auth(token)).await
}

#[tokio::test]
async fn a_secret_opens_a_session_that_is_borne_in_place_of_the_header() {
    let server = Server::start().await;
    let secret = secret(&server).await;
    let more = [("workspace_id", "1001"), ("arena-usage-reason", "nightly export")];
    let answer = credentials(&server, "robot", &secret, &more).await.expect(200);
    let json = answer.json();
    let token = json["access_token"].as_str().unwrap();
    assert_snapshot!(answer.text().replace(token, "T"), @r#"{"access_token":"T","token_type":"Bearer","expires_in":5399}"#);
    assert_eq!(answer.header("cache-control"), "no-store");
    assert_eq!(answer.header("content-type"), "application/json");
    assert_eq!(answer.header("x-arena-requests-remaining"), "10000");

    let file = guid(&server.world.file);
    let listed = get(&server, token, "/v1/files").await.expect(200);
    assert_eq!(listed.header("x-arena-requests-remaining"), "9999");
    assert_eq!(listed.json()["count"], 1);
    get(&server, token, &format!("/v1/files/{file}/content")).await.expect(200);
    let body = serde_json::json!({"checkedOut": true, "file": {"guid": file}});
    let out = server.send(server.post("/v1/files/checkoutstatuschanges").bearer_auth(token).json(&body)).await;
    assert_eq!(out.expect(201).json()["file"]["checkoutUser"]["fullName"], "Robot");
    // the same token in the header is the same session
    server.send(server.get("/v1/files").header("arena_session_id", token)).await.expect(200);
    server.send(server.request("PUT", "/v1/logout").bearer_auth(token)).await.expect(200);
    assert_eq!(code(&get(&server, token, "/v1/files").await), "401 401");
}

#[tokio::test]
async fn a_client_may_identify_itself_with_basic() {
    let server = Server::start().await;
    let secret = secret(&server).await;
    let grant = [("grant_type", "client_credentials")];
    server.send(ask(&server, &grant).basic_auth("robot", Some(&secret))).await.expect(200);
    let named = [("grant_type", "client_credentials"), ("client_id", "robot")];
    server.send(ask(&server, &named).basic_auth("robot", Some(&secret))).await.expect(200);
    let wrong = server.send(ask(&server, &grant).basic_auth("robot", Some("wrong"))).await;
    assert_snapshot!(wrong, @r#"
    401 Unauthorized
    {"error":"invalid_client","error_description":"The client ID, client secret or workspace ID is not valid or access is not allowed from this address."}
    "#);
    assert_eq!(wrong.header("www-authenticate"), "Basic realm=\"Arena\"");
    assert_eq!(wrong.header("cache-control"), "no-store");
    assert_eq!(wrong.header("server"), "ArenaSolutions");
    assert_eq!(wrong.header("x-arena-requests-remaining"), "");
    let twice = [("grant_type", "client_credentials"), ("client_id", "robot"), ("client_secret", &secret)];
    let twice = server.send(ask(&server, &twice).basic_auth("robot", Some(&secret))).await;
    assert_eq!(twice.expect(400).json()["error"], "invalid_request");
}

#[tokio::test]
async fn the_token_endpoint_refuses_in_oauths_shape() {
    let server = Server::start().await;
    let secret = secret(&server).await;
    let refused = async |form: &[(&str, &str)]| {
        let answer = server.send(ask(&server, form)).await;
        assert_eq!(answer.header("cache-control"), "no-store", "{form:?}");
        format!("{} {}", answer.status.as_u16(), answer.json()["error"].as_str().unwrap())
    };
    let (grant, id, right) =
        (("grant_type", "client_credentials"), ("client_id", "robot"), ("client_secret", &*secret));
    for (form, words) in [
        (vec![], "400 invalid_request"),
        (vec![id, right], "400 invalid_request"),
        (vec![("grant_type", ""), id, right], "400 invalid_request"),
        (vec![("grant_type", "password"), id, right], "400 unsupported_grant_type"),
        (vec![grant], "401 invalid_client"),
        (vec![grant, id], "401 invalid_client"),
        (vec![grant, right], "401 invalid_client"),
        (vec![grant, id, ("client_secret", "wrong")], "401 invalid_client"),
        (vec![grant, ("client_id", "nobody"), right], "401 invalid_client"),
        // a user is no client, whatever the password
        (vec![grant, ("client_id", "ann"), ("client_secret", "correct horse")], "401 invalid_client"),
        (vec![grant, ("client_id", "ro\0bot"), right], "401 invalid_client"),
        (vec![grant, id, right, ("workspace_id", "x")], "400 invalid_request"),
        (vec![grant, id, right, ("workspace_id", "4711")], "401 invalid_client"),
        (vec![grant, grant, id, right], "400 invalid_request"),
        (vec![grant, id, id, right], "400 invalid_request"),
    ] {
        assert_eq!(refused(&form).await, words, "{form:?}");
    }
    let json = server.post("/oauth/token").json(&serde_json::json!({"grant_type": "client_credentials"}));
    assert_eq!(server.send(json).await.expect(400).json()["error"], "invalid_request");
    let long = "x".repeat(70_000);
    assert_eq!(refused(&[grant, id, ("client_secret", &long)]).await, "400 invalid_request");
    assert_eq!(code(&server.send(server.get("/v1/oauth/token")).await), "405 405");
    assert_eq!(code(&server.send(server.get("/oauth/other")).await), "404 404");
    // all of that, and the secret still counts: what names no client is no guess
    credentials(&server, "ROBOT", &secret, &[("workspace_id", "")]).await.expect(200);
}

#[tokio::test]
async fn an_application_has_one_session_which_slides_and_ends_like_anybodys() {
    let server = Server::start().await;
    let secret = secret(&server).await;
    let first = token(&server, &secret).await;
    let second = token(&server, &secret).await;
    assert_eq!(code(&get(&server, &first, "/v1/files").await), "401 401");
    for _ in 0..3 {
        server.advance(Duration::minutes(89));
        get(&server, &second, "/v1/files").await.expect(200);
    }
    server.advance(Duration::minutes(90));
    assert_eq!(code(&get(&server, &second, "/v1/files").await), "401 401");
}

#[tokio::test]
async fn a_users_session_is_borne_as_well() {
    let server = Server::start().await;
    let ann = server.arena(&server.world.ann).await;
    for _ in 0..2 {
        server.advance(Duration::minutes(89));
        get(&server, &ann.session, "/v1/files").await.expect(200);
    }
    // tokens of other rooms are none of this one
    assert_eq!(code(&get(&server, &server.world.ann.token, "/v1/files").await), "401 401");
}

#[tokio::test]
async fn the_header_comes_before_the_bearer_and_the_bearer_before_the_cookie() {
    let server = Server::start().await;
    let ann = server.arena(&server.world.ann).await;
    let living = ann.session.as_str();
    let answer = async |header: Option<&str>, bearer: Option<&str>, cookie: Option<&str>| {
        let mut request = server.get("/v1/files");
        if let Some(header) = header {
            request = request.header("arena_session_id", header);
        }
        if let Some(bearer) = bearer {
            request = request.header("authorization", format!("bearer {bearer}"));
        }
        if let Some(cookie) = cookie {
            request = request.header("cookie", format!("arena_session_id={cookie}"));
        }
        server.send(request).await.status.as_u16()
    };
    let (dead, living) = (Some("LABS-dead"), Some(living));
    for (header, bearer, cookie, status) in [
        (living, dead, dead, 200),
        (dead, living, living, 401),
        (None, living, dead, 200),
        (None, dead, living, 401),
        (None, None, living, 200),
        (None, None, dead, 401),
    ] {
        assert_eq!(answer(header, bearer, cookie).await, status, "{header:?} {bearer:?} {cookie:?}");
    }
}

#[tokio::test]
async fn an_applications_roles_are_its_ceiling() {
    let server = Server::start().await;
    let file = guid(&server.world.file).to_owned();
    let body = serde_json::json!({"checkedOut": true, "file": {"guid": file}});
    for (roles, listing, content, taking) in [
        (vec!["Files.ReadWrite.All"], "200", "200", "201"),
        (vec!["Files.Read.All"], "200", "200", "400 3024"),
        // a user's word, which an application cannot have
        (vec!["Files.ReadWrite"], "400 3024", "400 3024", "400 3024"),
        (vec![], "400 3024", "400 3024", "400 3024"),
    ] {
        let new = NewApplication {
            client_id: "probe".to_owned(),
            name: "Probe".to_owned(),
            roles: roles.iter().map(|role| (*role).to_owned()).collect(),
        };
        let probe = server.vault.put_application(&new).await.unwrap();
        let secret = server.vault.create_secret(probe.id, None).await.unwrap();
        let answer = credentials(&server, "probe", &secret, &[]).await.expect(200);
        let token = answer.json()["access_token"].as_str().unwrap().to_owned();
        let word = |answer: &Answer| match answer.status.as_u16() {
            200 => "200".to_owned(),
            201 => "201".to_owned(),
            _ => code(answer),
        };
        assert_eq!(word(&get(&server, &token, "/v1/files").await), listing, "{roles:?}");
        for settings in ["/v1/settings/users", "/v1/settings/files/categories"] {
            assert_eq!(word(&get(&server, &token, settings).await), listing, "{roles:?}");
        }
        assert_eq!(word(&get(&server, &token, &format!("/v1/files/{file}/content")).await), content, "{roles:?}");
        let take = server.post("/v1/files/checkoutstatuschanges").bearer_auth(&token).json(&body);
        assert_eq!(word(&server.send(take).await), taking, "{roles:?}");
        if taking == "201" {
            let cancel = serde_json::json!({"checkedOut": false, "file": {"guid": file}});
            let cancel = server.post("/v1/files/checkoutstatuschanges").bearer_auth(&token).json(&cancel);
            server.send(cancel).await.expect(201);
        }
    }
}

#[tokio::test]
async fn a_secret_ends_when_it_was_said_to() {
    let server = Server::start().await;
    let robot = server.world.robot.person.id;
    let end = server.vault.now() + Duration::minutes(10);
    let secret = server.vault.create_secret(robot, Some(end)).await.unwrap();
    let token = token(&server, &secret).await;
    let listed = server.vault.applications().await.unwrap();
    assert_eq!((listed[0].person.login.as_str(), listed[0].secrets), ("robot", 1));
    server.advance(Duration::minutes(10));
    credentials(&server, "robot", &secret, &[]).await.expect(401);
    assert_eq!(server.vault.applications().await.unwrap()[0].secrets, 0);
    // what it has opened goes on
    get(&server, &token, "/v1/files").await.expect(200);
}

#[tokio::test]
async fn wrong_secrets_are_counted_like_wrong_passwords_but_not_with_them() {
    let settings = [("arena.failed_logins_per_address", "8"), ("server.trusted_proxies", "127.0.0.1")];
    let server = Server::start_with(&settings).await;
    let right = secret(&server).await;
    let asked = async |from: &str, client: &str, secret: &str| {
        let form = [("grant_type", "client_credentials"), ("client_id", client), ("client_secret", secret)];
        server.send(ask(&server, &form).header("x-forwarded-for", from)).await
    };
    for client in ["robot", "nobody"] {
        for n in 0..5 {
            asked(&format!("192.0.2.{n}"), client, "wrong").await.expect(401);
        }
        let locked = asked("192.0.2.9", client, &right).await.expect(401);
        assert_eq!(locked.json()["error"], "invalid_client");
        let words = "Too many invalid password attempts, account disabled for five minutes.";
        assert_eq!(locked.json()["error_description"], words);
    }
    server.advance(Duration::minutes(5) + Duration::seconds(1));
    asked("192.0.2.9", "robot", &right).await.expect(200);
    // a client id is no login
    for _ in 0..5 {
        asked("192.0.2.3", "ann@example.com", "wrong").await.expect(401);
    }
    server.log_in("ann@example.com", crate::support::world::PASSWORD).await.expect(200);
    // five of that, three more: the address is full
    for n in 0..3 {
        asked("192.0.2.3", &format!("client{n}"), "wrong").await.expect(401);
    }
    let full = asked("192.0.2.3", "robot", &right).await.expect(401);
    assert_eq!(full.text(), asked("192.0.2.9", "unknown", "wrong").await.text());
}

#[tokio::test]
async fn a_workspace_without_the_api_is_closed_to_applications_too() {
    let server = Server::start().await;
    let secret = secret(&server).await;
    let token = token(&server, &secret).await;
    let update = LibraryUpdate { arena_api: Some(false), ..LibraryUpdate::default() };
    server.vault.update_library(server.world.library.id, &update).await.unwrap();
    assert_eq!(code(&get(&server, &token, "/v1/files").await), "401 401");
    assert_snapshot!(credentials(&server, "robot", &secret, &[]).await, @r#"
    400 Bad Request
    {"error":"unauthorized_client","error_description":"API feature is not enabled in your workspace."}
    "#);
    assert_eq!(credentials(&server, "robot", "wrong", &[]).await.expect(401).json()["error"], "invalid_client");
}
