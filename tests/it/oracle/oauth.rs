//! The token endpoint (spec/oracle.md 12; RFC 6749).

use chrono::Duration;
use coatcheck::{
    domain::person::License,
    vault::{NewApplication, PasswordChange, UserChange},
};
use insta::assert_snapshot;
use reqwest::RequestBuilder;

use crate::support::{
    answer::Answer,
    server::Server,
    world::{self, PASSWORD},
};

const PATH: &str = "/oauth2/v1/token";

/// A secret of the application that the world has.
async fn secret(server: &Server) -> String {
    server.vault.create_secret(server.world.robot.person.id, None).await.unwrap()
}

fn ask(server: &Server, form: &[(&str, &str)]) -> RequestBuilder {
    let mut body = form_urlencoded::Serializer::new(String::new());
    body.extend_pairs(form);
    let request = server.post(PATH).header("content-type", "application/x-www-form-urlencoded");
    request.body(body.finish())
}

async fn by_password(server: &Server, secret: &str, login: &str, password: &str, scope: &str) -> Answer {
    let form = [("grant_type", "password"), ("username", login), ("password", password), ("scope", scope)];
    server.send(ask(server, &form).basic_auth("robot", Some(secret))).await
}

fn token(answer: &Answer) -> String {
    answer.json()["access_token"].as_str().unwrap().to_owned()
}

fn error(answer: &Answer) -> String {
    format!("{} {}", answer.status.as_u16(), answer.json()["error"].as_str().unwrap())
}

async fn file(server: &Server, token: &str) -> u16 {
    let path = format!("/documents/api/1.2/files/{}", server.world.file.oracle_id);
    server.send(server.get(&path).bearer_auth(token)).await.status.as_u16()
}

async fn reserve(server: &Server, token: &str) -> Answer {
    let path = format!("/documents/api/1.2/files/{}/reserve", server.world.file.oracle_id);
    server.send(server.post(&path).bearer_auth(token)).await
}

#[tokio::test]
async fn a_password_gives_a_token_that_acts_for_the_user_for_seven_days() {
    let server = Server::start().await;
    let secret = secret(&server).await;
    let answer = by_password(&server, &secret, "ann@example.com", PASSWORD, "urn:opc:cec:all offline_access").await;
    let answer = answer.expect(200);
    let token = token(&answer);
    assert_snapshot!(answer.text().replace(&token, "T"), @r#"{"access_token":"T","token_type":"Bearer","expires_in":604800}"#);
    assert_eq!(answer.header("cache-control"), "no-store");
    assert_eq!(answer.header("content-type"), "application/json");
    assert!(!answer.header("x-oracle-dms-ecid").is_empty());
    let reserved = reserve(&server, &token).await.expect(200).json();
    assert_eq!(reserved["reservedBy"]["loginName"], "ann");
    server.advance(Duration::seconds(604_799));
    assert_eq!(file(&server, &token).await, 200);
    server.advance(Duration::seconds(1));
    assert_eq!(file(&server, &token).await, 401);
    // the next one takes the place of the dead one
    by_password(&server, &secret, "ann", PASSWORD, "").await.expect(200);
    let issued = server.vault.tokens().await.unwrap();
    let issued: Vec<_> = issued.iter().filter(|token| token.label == "oauth").collect();
    assert!(matches!(&*issued, [one] if one.alive && one.person.login == "ann" && one.scopes.is_empty()));
    // revoked by an administrator, it is dead at once
    let fresh = self::token(&by_password(&server, &secret, "ann", PASSWORD, "").await);
    assert_eq!(file(&server, &fresh).await, 200);
    for token in server.vault.tokens().await.unwrap().iter().filter(|token| token.label == "oauth") {
        server.vault.revoke_token(token.id).await.unwrap();
    }
    assert_eq!(file(&server, &fresh).await, 401);
}

#[tokio::test]
async fn a_token_reaches_as_far_as_the_scopes_it_was_asked_for_with() {
    let server = Server::start().await;
    let secret = secret(&server).await;
    for (scope, reads, writes) in [
        ("", 200, 200),
        ("offline_access openid", 200, 200),
        ("urn:opc:cec:all", 200, 200),
        ("https://x.example.com:443/urn:opc:cec:all", 200, 200),
        ("Files.Read.All offline_access", 200, 403),
    ] {
        let token = token(&by_password(&server, &secret, "ann", PASSWORD, scope).await.expect(200));
        assert_eq!(
            (file(&server, &token).await, reserve(&server, &token).await.status.as_u16()),
            (reads, writes),
            "{scope}"
        );
    }
    let graph = format!("/v1.0/drives/{}/root", server.world.library.graph_id);
    let token = token(&by_password(&server, &secret, "ann", PASSWORD, "Files.Read.All").await);
    server.send(server.get(&graph).bearer_auth(&token)).await.expect(200);
    // however often it is said
    let many = "Files.Read.All ".repeat(3000);
    by_password(&server, &secret, "ann", PASSWORD, &many).await.expect(200);
    let tokens = server.vault.tokens().await.unwrap();
    assert!(tokens.iter().all(|token| token.scopes.len() <= 3));
}

#[tokio::test]
async fn an_application_gets_a_token_for_itself_within_its_roles() {
    let server = Server::start().await;
    let secret = secret(&server).await;
    let (id, right) = (("client_id", "robot"), ("client_secret", &*secret));
    let get = async |scope: &str| {
        let form = [("grant_type", "client_credentials"), id, right, ("scope", scope)];
        server.send(ask(&server, &form)).await
    };
    for scope in ["", "offline_access", "urn:opc:cec:all"] {
        let token = token(&get(scope).await.expect(200));
        assert_eq!(
            (file(&server, &token).await, reserve(&server, &token).await.status.as_u16()),
            (200, 200),
            "{scope}"
        );
    }
    let token = token(&get("Files.Read.All").await.expect(200));
    assert_eq!((file(&server, &token).await, reserve(&server, &token).await.status.as_u16()), (200, 403));
    assert_eq!(error(&get("Files.ReadWrite").await), "400 invalid_scope");

    let read_only = NewApplication {
        client_id: "reader".to_owned(),
        name: "Reader".to_owned(),
        roles: vec!["Files.Read.All".to_owned()],
    };
    let reader = server.vault.put_application(&read_only).await.unwrap();
    let secret = server.vault.create_secret(reader.id, None).await.unwrap();
    let form = [("grant_type", "client_credentials"), ("scope", "urn:opc:cec:all")];
    let answer = server.send(ask(&server, &form).basic_auth("reader", Some(&secret))).await.expect(200);
    let token = self::token(&answer);
    assert_eq!((file(&server, &token).await, reserve(&server, &token).await.status.as_u16()), (200, 403));
    // without roles it reaches nothing, so it gets nothing
    server.vault.put_application(&NewApplication { roles: Vec::new(), ..read_only }).await.unwrap();
    for scope in ["", "urn:opc:cec:all"] {
        let form = [("grant_type", "client_credentials"), ("scope", scope)];
        let answer = server.send(ask(&server, &form).basic_auth("reader", Some(&secret))).await;
        assert_eq!(error(&answer), "400 invalid_scope");
    }
}

#[tokio::test]
async fn the_token_endpoint_refuses_in_oauths_shape() {
    let server = Server::start().await;
    let secret = secret(&server).await;
    let refused = async |form: &[(&str, &str)]| {
        let answer = server.send(ask(&server, form)).await;
        assert_eq!(answer.header("cache-control"), "no-store", "{form:?}");
        assert!(!answer.header("x-oracle-dms-ecid").is_empty(), "{form:?}");
        error(&answer)
    };
    let (id, right) = (("client_id", "robot"), ("client_secret", &*secret));
    let (own, password) = (("grant_type", "client_credentials"), ("grant_type", "password"));
    let (ann, correct) = (("username", "ann"), ("password", PASSWORD));
    for (form, words) in [
        (vec![], "400 invalid_request"),
        (vec![id, right], "400 invalid_request"),
        (vec![("grant_type", "refresh_token"), id, right], "400 unsupported_grant_type"),
        (vec![own], "401 invalid_client"),
        (vec![own, id], "401 invalid_client"),
        (vec![own, id, ("client_secret", "wrong")], "401 invalid_client"),
        (vec![own, ("client_id", "nobody"), right], "401 invalid_client"),
        (vec![own, ("client_id", "ro\0bot"), right], "401 invalid_client"),
        (vec![own, ("client_id", "ann"), ("client_secret", PASSWORD)], "401 invalid_client"),
        (vec![own, own, id, right], "400 invalid_request"),
        (vec![own, id, right, ("scope", "a"), ("scope", "b")], "400 invalid_request"),
        (vec![password, id, right], "400 invalid_request"),
        (vec![password, id, right, ann], "400 invalid_request"),
        (vec![password, id, right, correct], "400 invalid_request"),
        // the application first: who has none learns nothing about users
        (vec![password, ann, correct], "401 invalid_client"),
        (vec![password, id, ("client_secret", "wrong"), ann, ("password", "wrong")], "401 invalid_client"),
        (vec![password, id, right, ann, ("password", "wrong")], "401 invalid_grant"),
        (vec![password, id, right, ("username", "nobody"), correct], "401 invalid_grant"),
        (vec![password, id, right, ("username", "a\0nn"), correct], "401 invalid_grant"),
        (vec![password, id, right, ("username", "robot"), ("password", &secret)], "401 invalid_grant"),
        (vec![own, id, right, ("scope", "\0")], "200"),
    ] {
        if words == "200" {
            server.send(ask(&server, &form)).await.expect(200);
        } else {
            assert_eq!(refused(&form).await, words, "{form:?}");
        }
    }
    let wrong = by_password(&server, &secret, "ann", "wrong", "").await;
    assert_snapshot!(wrong, @r#"
    401 Unauthorized
    {"error":"invalid_grant","error_description":"The user name or the password is not valid."}
    "#);
    assert_eq!(wrong.header("www-authenticate"), "Basic realm=\"Oracle Content\"");
    let wrong =
        server.send(ask(&server, &[own]).basic_auth("robot", Some("wrong")).header("Accept", "application/xml"));
    assert_snapshot!(wrong.await, @r#"
    401 Unauthorized
    {"error":"invalid_client","error_description":"The client credentials are not valid."}
    "#);
    let json = server.post(PATH).json(&serde_json::json!({"grant_type": "password"}));
    assert_eq!(error(&server.send(json).await), "400 invalid_request");
    let form = server.post(PATH).header("content-type", "application/x-www-form-urlencoded");
    assert_eq!(error(&server.send(form.body("x".repeat(100_000))).await), "400 invalid_request");
    server.send(server.get(PATH)).await.expect(405);
    server.send(ask(&server, &[own, id, right]).header("x", "y")).await.expect(200);
}

#[tokio::test]
async fn wrong_passwords_and_wrong_secrets_are_counted() {
    let server = Server::start().await;
    let secret = secret(&server).await;
    for _ in 0..5 {
        assert_eq!(error(&by_password(&server, &secret, "bob", "wrong", "").await), "401 invalid_grant");
    }
    assert_eq!(error(&by_password(&server, &secret, "bob@example.com", PASSWORD, "").await), "401 invalid_grant");
    for _ in 0..5 {
        assert_eq!(error(&by_password(&server, "wrong", "ann", PASSWORD, "").await), "401 invalid_client");
    }
    assert_eq!(error(&by_password(&server, &secret, "ann", PASSWORD, "").await), "401 invalid_client");
    server.advance(Duration::minutes(5));
    by_password(&server, &secret, "ann", PASSWORD, "").await.expect(200);
    by_password(&server, &secret, "bob", PASSWORD, "").await.expect(200);
}

#[tokio::test]
async fn who_may_not_sign_in_gets_no_token_and_tokens_die_with_their_bearer() {
    let server = Server::start().await;
    let secret = secret(&server).await;
    let gus = world::user(&server.vault, "gus", License::Full, false).await;
    let token = token(&by_password(&server, &secret, "gus", PASSWORD, "").await.expect(200));
    let who = async || {
        let path = "/documents/integration?IdcService=GET_USER_INFO&IsJson=1";
        server.send(server.get(path).bearer_auth(&token)).await.status.as_u16()
    };
    assert_eq!(who().await, 200);
    let expired = UserChange { password: Some(PasswordChange::Expire), ..UserChange::default() };
    server.vault.update_user(gus.person.id, expired).await.unwrap();
    assert_eq!(error(&by_password(&server, &secret, "gus", PASSWORD, "").await), "401 invalid_grant");
    let change = UserChange { disabled: Some(true), ..UserChange::default() };
    server.vault.update_user(gus.person.id, change).await.unwrap();
    assert_eq!(who().await, 401);
    assert_eq!(error(&by_password(&server, &secret, "gus", PASSWORD, "").await), "401 invalid_grant");
}

#[tokio::test]
async fn a_changed_password_ends_what_was_issued_and_nothing_else() {
    let server = Server::start().await;
    let secret = secret(&server).await;
    let ann = &server.world.ann;
    let by_password = token(&by_password(&server, &secret, "ann", PASSWORD, "").await.expect(200));
    let get = async |request: RequestBuilder| {
        let answer = server.send(request).await.expect(200).json();
        answer["LocalData"]["tokenValue"].as_str().unwrap().to_owned()
    };
    let path = "/documents/web?IdcService=GET_OAUTH_TOKEN";
    let by_basic = get(server.get(path).basic_auth("ann", Some(PASSWORD))).await;
    let by_token = get(server.get(path).bearer_auth(&by_basic)).await;
    for token in [&by_password, &by_basic, &by_token] {
        assert_eq!(file(&server, token).await, 200);
    }
    let change = UserChange { password: Some(PasswordChange::Set("another one".to_owned())), ..UserChange::default() };
    server.vault.update_user(ann.person.id, change).await.unwrap();
    for token in [&by_password, &by_basic, &by_token] {
        assert_eq!(file(&server, token).await, 401);
        server.send(server.get(path).bearer_auth(token)).await.expect(401);
    }
    // what an administrator made is an administrator's to end
    assert_eq!(file(&server, &ann.token).await, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn no_token_slips_past_a_changed_password() {
    let server = Server::start().await;
    let secret = secret(&server).await;
    let ann = &server.world.ann;
    let mut old = PASSWORD.to_owned();
    for round in 0..10 {
        let new = format!("password {round}");
        let mut tries = tokio::task::JoinSet::new();
        for n in 0..6 {
            let request = if n % 2 == 0 {
                let form = [("grant_type", "password"), ("username", "ann"), ("password", &*old)];
                ask(&server, &form).basic_auth("robot", Some(&secret))
            } else {
                server.get("/documents/web?IdcService=GET_OAUTH_TOKEN").basic_auth("ann", Some(&old))
            };
            tries.spawn(async move { Answer::read(request.send().await.unwrap()).await });
        }
        let change = UserChange { password: Some(PasswordChange::Set(new.clone())), ..UserChange::default() };
        server.vault.update_user(ann.person.id, change).await.unwrap();
        for answer in tries.join_all().await.iter().filter(|answer| answer.status == 200) {
            let json = answer.json();
            let token = json["access_token"].as_str().or(json["LocalData"]["tokenValue"].as_str()).unwrap();
            assert_eq!(file(&server, token).await, 401);
        }
        server.advance(Duration::minutes(5));
        old = new;
    }
}
