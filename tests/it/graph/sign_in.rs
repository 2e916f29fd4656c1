//! The token endpoint, discovery, and who a bearer is (spec/graph.md 3), with the fields that real clients send.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use chrono::Duration;
use coatcheck::{
    domain::actor::Role,
    vault::{NewApplication, NewToken, PasswordChange, SignIn, UserChange},
};
use insta::assert_snapshot;
use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use serde_json::{Value, json};

use crate::support::{
    answer::Answer,
    server::{START, Server},
    sign_in::{ANNS, BACK, TOKEN, refusal, text},
    world::{self, PASSWORD},
};

const OWN: (&str, &str) = ("grant_type", "client_credentials");
const REFRESH: (&str, &str) = ("grant_type", "refresh_token");
const DESK: (&str, &str) = ("client_id", "desk");

async fn refresh(server: &Server, token: &str) -> Answer {
    server.ask(&[REFRESH, DESK, ("refresh_token", token)]).await
}

#[tokio::test]
async fn an_application_signs_in_for_itself_as_msal_does() {
    let server = Server::start().await;
    let (_, secret) = server.client("service", false).await;
    let (id, right) = (("client_id", "service"), ("client_secret", &*secret));
    let form = [
        OWN,
        id,
        right,
        ("scope", "https://127.0.0.1/.default"),
        ("client_info", "1"),
        ("claims", r#"{"access_token":{"xms_cc":{"values":["CP1"]}}}"#),
    ];
    let answer = server.ask(&form).await.expect(200);
    let token = text(&answer, "access_token");
    assert_snapshot!(answer.text().replace(&token, "T"), @r#"{"token_type":"Bearer","scope":"https://127.0.0.1/.default Files.ReadWrite.All","expires_in":3600,"ext_expires_in":3600,"access_token":"T"}"#);
    assert_eq!(answer.header("cache-control"), "no-store");
    assert_eq!(answer.header("content-type"), "application/json; charset=utf-8");
    assert_eq!(server.reach(&token).await, (200, 204));
    server.graph_with(&token).get("/v1.0/me").await.expect(400);
}

#[tokio::test]
async fn every_tenant_both_versions_and_both_ways_to_say_who_one_is_lead_to_a_token() {
    let server = Server::start().await;
    let (_, secret) = server.client("service", false).await;
    let tenant = server.config.graph.tenant_id.to_string();
    let full = [OWN, ("client_id", "service"), ("client_secret", &*secret)];
    for tenant in ["common", "organizations", "consumers", &tenant, &tenant.to_uppercase(), "contoso.example"] {
        for path in [format!("/{tenant}/oauth2/v2.0/token"), format!("/{tenant}/oauth2/token")] {
            server.send(server.form(&path, &full)).await.expect(200);
            server.send(server.form(&path, &[OWN]).basic_auth("service", Some(&secret))).await.expect(200);
        }
    }
    let v1 = [&full[..], &[("resource", "https://graph.microsoft.com")]].concat();
    let answer = server.send(server.form("/common/oauth2/token", &v1)).await.expect(200);
    assert_eq!(text(&answer, "scope"), "Files.ReadWrite.All");
    for tenant in ["nobody", "6f1a0c52-7d7e-4c38-9b0e-5c1d2f3a4b61", "a..b", "%63ommon"] {
        let answer = server.send(server.form(&format!("/{tenant}/oauth2/v2.0/token"), &full)).await;
        assert_eq!(refusal(&answer), "400 invalid_request 90002", "{tenant}");
    }
    // a version of the API is no tenant
    let answer = server.send(server.form("/v1.0/oauth2/v2.0/token", &full)).await.expect(401);
    assert_eq!(answer.json()["error"]["code"], "InvalidAuthenticationToken");
}

#[tokio::test]
async fn a_password_signs_a_user_in_as_azure_identity_does() {
    let server = Server::start().await;
    server.client("desk", true).await;
    let form = [
        ("grant_type", "password"),
        ("username", "ann@example.com"),
        ("password", PASSWORD),
        DESK,
        ("scope", "https://graph.microsoft.com/Files.Read.All offline_access openid profile"),
        ("client_info", "1"),
    ];
    let answer = server.ask(&form).await.expect(200);
    let json = answer.json();
    assert_eq!(json["scope"], "https://graph.microsoft.com/Files.Read.All openid profile");
    assert_eq!(server.reach(&text(&answer, "access_token")).await, (200, 403));

    let ann = &server.world.ann.person;
    let tenant = server.config.graph.tenant_id.to_string();
    let info: Value =
        serde_json::from_slice(&URL_SAFE_NO_PAD.decode(json["client_info"].as_str().unwrap()).unwrap()).unwrap();
    assert_eq!(info, json!({"uid": ann.graph_id.to_string(), "utid": tenant}));

    // anybody can check whom the identity token names, on any node and after a restart
    let (other, _) = server.another_node().await;
    for address in [server.address, other] {
        let keys = server.http.get(format!("http://{address}/common/discovery/v2.0/keys"));
        let keys = server.send(keys).await.expect(200).json();
        let key = &keys["keys"][0];
        let component = |name: &str| key[name].as_str().unwrap();
        let decoding = DecodingKey::from_rsa_components(component("n"), component("e")).unwrap();
        let mut validation = Validation::new(Algorithm::RS256);
        validation.set_audience(&["desk"]);
        // the clock stands still
        validation.validate_exp = false;
        validation.validate_nbf = false;
        let token = json["id_token"].as_str().unwrap();
        assert_eq!(jsonwebtoken::decode_header(token).unwrap().kid.as_deref(), key["kid"].as_str());
        let claims = jsonwebtoken::decode::<Value>(token, &decoding, &validation).unwrap().claims;
        let now = server.clock.instead().unwrap().timestamp();
        let expected = json!({
            "aud": "desk",
            "iss": format!("http://{}/{tenant}/v2.0", server.address),
            "iat": now,
            "nbf": now,
            "exp": now + 3600,
            "sub": ann.graph_id.to_string(),
            "oid": ann.graph_id.to_string(),
            "tid": tenant,
            "preferred_username": "ann@example.com",
            "name": "Ann Example",
            "ver": "2.0",
        });
        assert_eq!(claims, expected);
        let broken = token.replacen('.', ".e", 1);
        assert!(jsonwebtoken::decode::<Value>(&broken, &decoding, &validation).is_err());
    }
    // neither is there where it was not asked for
    let plain = server.signed_in("Files.Read.All").await.json();
    assert!(plain.get("id_token").is_none() && plain.get("client_info").is_none());
    assert!(plain["refresh_token"].is_string());
}

#[tokio::test]
async fn an_access_token_has_its_time_and_says_so() {
    let server = Server::start_with(&[("auth.token_minutes", "5")]).await;
    server.client("desk", true).await;
    let answer = server.signed_in("Files.Read.All").await;
    assert_eq!(answer.json()["expires_in"], 300);
    let token = text(&answer, "access_token");
    server.advance(Duration::seconds(299));
    assert_eq!(server.reach(&token).await, (200, 403));
    server.advance(Duration::seconds(1));
    let dead = server.graph_with(&token).get("/v1.0/me").await.expect(401);
    assert_eq!(dead.json()["error"]["code"], "InvalidAuthenticationToken");
    assert_eq!(dead.json()["error"]["message"], "Lifetime validation failed, the token is expired.");
    let here = format!("authorization_uri=\"http://{}/common/oauth2/v2.0/authorize\"", server.address);
    let challenge = dead.header("www-authenticate");
    assert!(challenge.contains("error=\"invalid_token\"") && challenge.contains("expired_token"), "{challenge}");
    assert!(challenge.starts_with("Bearer realm=") && challenge.contains(&here), "{challenge}");
    assert!(challenge.contains("client_id=\"00000003-0000-0000-c000-000000000000\""), "{challenge}");
    // whoever never had one is not told so
    let unknown = server.graph_with("cck_nonsense").get("/v1.0/me").await.expect(401);
    assert!(!unknown.header("www-authenticate").contains("expired_token"));
    assert!(unknown.header("www-authenticate").contains(&here));
    let none = server.send(server.get("/v1.0/me")).await.expect(401);
    assert_eq!(none.json()["error"]["message"], "Access token is empty.");
    assert!(none.header("www-authenticate").contains(&here) && !none.header("www-authenticate").contains("error="));
    // nor is the bearer of one that was revoked
    let revoked = world::token(&server.vault, server.world.bob.person.id, &["User.Read"]).await;
    let id = server.vault.tokens().await.unwrap().into_iter().find(|token| token.person.login == "bob").unwrap().id;
    server.vault.revoke_token(id).await.unwrap();
    let dead = server.graph_with(&revoked).get("/v1.0/me").await.expect(401);
    assert!(!dead.header("www-authenticate").contains("expired_token"));
}

#[tokio::test]
async fn a_token_of_an_administrators_that_has_had_its_time_says_so_too() {
    let server = Server::start().await;
    let expires_at = Some(server.clock.instead().unwrap() + Duration::minutes(1));
    let principal = server.world.ann.person.id;
    let new = NewToken { principal, scopes: vec!["User.Read".to_owned()], label: "x".to_owned(), expires_at };
    let (_, token) = server.vault.create_token(new).await.unwrap();
    server.graph_with(&token).get("/v1.0/me").await.expect(200);
    server.advance(Duration::minutes(1));
    let dead = server.graph_with(&token).get("/v1.0/me").await.expect(401);
    assert_eq!(dead.json()["error"]["message"], "Lifetime validation failed, the token is expired.");
}

#[tokio::test]
async fn a_refresh_token_of_a_public_client_is_exchanged_and_a_lost_answer_can_be_asked_for_again() {
    let server = Server::start().await;
    server.client("desk", true).await;
    let first = text(&server.signed_in("Files.ReadWrite.All offline_access").await, "refresh_token");
    let second = text(&refresh(&server, &first).await.expect(200), "refresh_token");
    assert_ne!(first, second);
    // the answer was lost
    let again = refresh(&server, &first).await.expect(200);
    assert_eq!(text(&again, "refresh_token"), second);
    assert_eq!(server.reach(&text(&again, "access_token")).await, (200, 204));
    // another node knows it as well, also one that was started later
    let (other, _) = server.another_node().await;
    let form = server.form(TOKEN, &[REFRESH, DESK, ("refresh_token", &second)]).build().unwrap();
    let mut elsewhere = form.try_clone().unwrap();
    elsewhere.url_mut().set_port(Some(other.port())).unwrap();
    let third = Answer::read(server.http.execute(elsewhere).await.unwrap()).await.expect(200);
    let (token, third) = (text(&third, "access_token"), text(&third, "refresh_token"));
    // the first one is too old now: somebody has a copy, and everybody has to sign in again
    assert!(server.counts(&token).await);
    assert_eq!(refusal(&refresh(&server, &first).await), "400 invalid_grant 54005");
    assert!(!server.counts(&token).await);
    for token in [&first, &second, &third] {
        assert_eq!(refusal(&refresh(&server, token).await), "400 invalid_grant 70000");
    }
}

#[tokio::test]
async fn an_exchanged_refresh_token_that_comes_late_ends_the_sign_in() {
    let server = Server::start().await;
    server.client("desk", true).await;
    let first = text(&server.signed_in("Files.ReadWrite.All").await, "refresh_token");
    let second = text(&refresh(&server, &first).await.expect(200), "refresh_token");
    server.advance(Duration::seconds(599));
    assert_eq!(text(&refresh(&server, &first).await.expect(200), "refresh_token"), second);
    server.advance(Duration::seconds(1));
    assert_eq!(refusal(&refresh(&server, &first).await), "400 invalid_grant 54005");
    assert_eq!(refusal(&refresh(&server, &second).await), "400 invalid_grant 70000");
}

#[tokio::test]
async fn a_refresh_token_lives_as_long_as_it_is_used() {
    let server = Server::start_with(&[("auth.refresh_token_days", "2")]).await;
    server.client("desk", true).await;
    let mut token = text(&server.signed_in("Files.Read.All openid").await, "refresh_token");
    for _ in 0..3 {
        server.advance(Duration::days(2) - Duration::seconds(1));
        let answer = refresh(&server, &token).await.expect(200);
        token = text(&answer, "refresh_token");
        assert_eq!(text(&answer, "scope"), "Files.Read.All openid");
    }
    server.advance(Duration::days(2));
    assert_eq!(refusal(&refresh(&server, &token).await), "400 invalid_grant 70008");
    // long after that nobody remembers it
    server.vault.sweep().await.unwrap();
    assert_eq!(refusal(&refresh(&server, &token).await), "400 invalid_grant 70008");
    server.advance(Duration::days(2));
    server.vault.sweep().await.unwrap();
    assert_eq!(refusal(&refresh(&server, &token).await), "400 invalid_grant 70000");
}

#[tokio::test]
async fn a_client_with_a_secret_keeps_its_refresh_token_and_needs_nothing_else() {
    let server = Server::start_with(&[("auth.refresh_token_days", "2")]).await;
    let (_, secret) = server.client("desk", false).await;
    let form = [("grant_type", "password"), ANNS[0], ANNS[1], ("scope", "Files.ReadWrite.All offline_access")];
    let answer = server.send(server.form(TOKEN, &form).basic_auth("desk", Some(&secret))).await.expect(200);
    let token = text(&answer, "refresh_token");
    let basic = |secret: &str| {
        server.form(TOKEN, &[REFRESH, ("refresh_token", &token)]).basic_auth("desk", Some(secret.to_owned()))
    };
    for _ in 0..3 {
        server.advance(Duration::hours(47));
        let answer = server.send(basic(&secret)).await.expect(200);
        assert_eq!(
            (text(&answer, "refresh_token"), text(&answer, "scope")),
            (token.clone(), "Files.ReadWrite.All".into())
        );
        assert_eq!(server.reach(&text(&answer, "access_token")).await, (200, 204));
    }
    assert_eq!(refusal(&server.send(basic("wrong")).await), "401 invalid_client 7000215");
    assert_eq!(refusal(&refresh(&server, &token).await), "401 invalid_client 7000218");
    // another client has nothing of it
    server.client("other", true).await;
    let stolen = server.ask(&[REFRESH, ("client_id", "other"), ("refresh_token", &token)]).await;
    assert_eq!(refusal(&stolen), "400 invalid_grant 70000");
    server.send(basic(&secret)).await.expect(200);
    server.advance(Duration::hours(48));
    assert_eq!(refusal(&server.send(basic(&secret)).await), "400 invalid_grant 70008");
}

#[tokio::test]
async fn a_refresh_asks_for_as_much_as_was_given_or_less() {
    let server = Server::start().await;
    let (application, _) = server.client("desk", true).await;
    let mut token = text(&server.signed_in("Files.ReadWrite.All offline_access openid").await, "refresh_token");
    for (scope, said, reach) in [
        ("", "Files.ReadWrite.All openid", (200, 204)),
        ("https://127.0.0.1/.default", "https://127.0.0.1/.default Files.ReadWrite.All", (200, 204)),
        ("Files.Read.All", "Files.Read.All", (200, 403)),
        ("User.Read offline_access", "User.Read", (403, 403)),
    ] {
        let form = [REFRESH, DESK, ("refresh_token", &token), ("scope", scope), ("redirect_uri", BACK)];
        let answer = server.ask(&form).await.expect(200);
        assert_eq!(text(&answer, "scope"), said, "{scope}");
        assert_eq!(server.reach(&text(&answer, "access_token")).await, reach, "{scope}");
        token = text(&answer, "refresh_token");
    }
    for scope in ["User.Read.All", "Mail.Read", "Sites.Selected"] {
        let answer = server.ask(&[REFRESH, DESK, ("refresh_token", &token), ("scope", scope)]).await;
        assert_eq!(refusal(&answer), "400 invalid_scope 70011", "{scope}");
    }
    // what was refused has exchanged nothing; what the application may no longer ask for is not given either
    let less = SignIn { public: true, redirect_uris: Vec::new(), delegated: vec!["Files.Read.All".to_owned()] };
    server.vault.put_sign_in(application.id, &less).await.unwrap();
    assert_eq!(refusal(&refresh(&server, &token).await), "400 invalid_scope 70011");
    let answer = server.ask(&[REFRESH, DESK, ("refresh_token", &token), ("scope", "Files.Read.All")]).await;
    assert_eq!(refusal(&answer), "400 invalid_scope 70011");
}

#[tokio::test]
async fn what_a_sign_in_gave_ends_with_the_password_and_with_the_account() {
    let server = Server::start().await;
    server.client("desk", true).await;
    let ann = server.world.ann.person.id;
    let changes = [
        UserChange { password: Some(PasswordChange::Set(PASSWORD.to_owned())), ..UserChange::default() },
        UserChange { disabled: Some(true), ..UserChange::default() },
    ];
    for change in changes {
        let answer = server.signed_in("Files.Read.All").await;
        let (token, refreshed) = (text(&answer, "access_token"), text(&answer, "refresh_token"));
        assert!(server.counts(&token).await);
        server.vault.update_user(ann, change).await.unwrap();
        assert!(!server.counts(&token).await);
        assert_eq!(refusal(&refresh(&server, &refreshed).await), "400 invalid_grant 70000");
    }
    let form = [("grant_type", "password"), DESK, ANNS[0], ANNS[1]];
    assert_eq!(refusal(&server.ask(&form).await), "400 invalid_grant 50126");
    let change = UserChange { disabled: Some(false), password: Some(PasswordChange::Expire), ..UserChange::default() };
    server.vault.update_user(ann, change).await.unwrap();
    assert_eq!(refusal(&server.ask(&form).await), "400 invalid_grant 50055");
    // what an administrator made is an administrator's to end
    assert!(server.counts(&server.world.ann.token).await);
}

#[tokio::test]
async fn administrators_end_a_sign_in_by_its_token_by_its_user_and_by_its_application() {
    let server = Server::start().await;
    let (application, _) = server.client("desk", true).await;
    let (vault, ann) = (&server.vault, server.world.ann.person.id);
    for round in 0..3 {
        let answer = server.signed_in("Files.Read.All").await;
        let (token, refreshed) = (text(&answer, "access_token"), text(&answer, "refresh_token"));
        match round {
            0 => {
                let tokens = vault.tokens().await.unwrap();
                let issued = tokens.iter().find(|token| token.label == "sign-in").unwrap();
                vault.revoke_token(issued.id).await.unwrap();
            }
            1 => {
                assert_eq!(vault.end_grants(application.id, Some(server.world.bob.person.id)).await.unwrap(), 0);
                assert!(server.counts(&token).await);
                assert_eq!(vault.end_grants(application.id, Some(ann)).await.unwrap(), 1);
            }
            _ => assert_eq!(vault.end_grants(application.id, None).await.unwrap(), 1),
        }
        assert!(!server.counts(&token).await, "{round}");
        assert_eq!(refusal(&refresh(&server, &refreshed).await), "400 invalid_grant 70000", "{round}");
    }
    // an application that is disabled signs nobody in
    let refreshed = text(&server.signed_in("Files.Read.All").await, "refresh_token");
    let disabled = UserChange { disabled: Some(true), ..UserChange::default() };
    vault.update_user(application.id, disabled).await.unwrap();
    assert_eq!(refusal(&refresh(&server, &refreshed).await), "400 unauthorized_client 700016");
}

#[tokio::test]
async fn the_token_endpoint_refuses_in_oauths_shape() {
    let server = Server::start().await;
    server.client("desk", true).await;
    let (_, secret) = server.client("service", false).await;
    let (service, right) = (("client_id", "service"), ("client_secret", &*secret));
    let password = ("grant_type", "password");
    for (form, words) in [
        (vec![], "400 invalid_request 900144"),
        (vec![service, right], "400 invalid_request 900144"),
        (vec![OWN], "400 invalid_request 900144"),
        (vec![OWN, OWN, service, right], "400 invalid_request 900144"),
        (vec![OWN, service, right, ("scope", "a"), ("scope", "b")], "400 invalid_request 900144"),
        (vec![("grant_type", "magic"), service, right], "400 unsupported_grant_type 70003"),
        (vec![OWN, service], "401 invalid_client 7000218"),
        (vec![OWN, DESK], "401 invalid_client 7000218"),
        (vec![OWN, service, ("client_secret", "wrong")], "401 invalid_client 7000215"),
        (vec![OWN, ("client_id", "nobody"), right], "401 invalid_client 7000215"),
        (vec![OWN, ("client_id", "nobody")], "400 unauthorized_client 700016"),
        (vec![OWN, ("client_id", "ser\0vice"), right], "401 invalid_client 7000215"),
        (vec![OWN, ("client_id", "ann"), ("client_secret", PASSWORD)], "401 invalid_client 7000215"),
        (vec![OWN, service, right, ("scope", "Mail.Send")], "400 invalid_scope 70011"),
        (vec![OWN, service, right, ("scope", "Files.ReadWrite")], "400 invalid_scope 70011"),
        (vec![OWN, service, right, ("scope", "\0")], "400 invalid_scope 70011"),
        (vec![password, DESK], "400 invalid_request 900144"),
        (vec![password, DESK, ANNS[0]], "400 invalid_request 900144"),
        (vec![password, DESK, ANNS[0], ("password", "wrong")], "400 invalid_grant 50126"),
        (vec![password, DESK, ("username", "nobody"), ANNS[1]], "400 invalid_grant 50126"),
        (vec![password, DESK, ("username", "a\0nn"), ANNS[1]], "400 invalid_grant 50126"),
        (vec![password, DESK, ("username", "service"), ("password", &secret)], "400 invalid_grant 50126"),
        (vec![password, DESK, ANNS[0], ANNS[1], ("scope", "Mail.Read")], "400 invalid_scope 70011"),
        // who is no client learns nothing of users
        (vec![password, service, ANNS[0], ANNS[1]], "401 invalid_client 7000218"),
        (vec![password, ("client_id", "nobody"), ANNS[0], ANNS[1]], "400 unauthorized_client 700016"),
        (vec![password, ANNS[0], ANNS[1]], "400 invalid_request 900144"),
        (vec![REFRESH, DESK], "400 invalid_request 900144"),
        (vec![REFRESH, DESK, ("refresh_token", "nonsense")], "400 invalid_grant 70000"),
        (vec![REFRESH, DESK, ("refresh_token", &format!("ccr_{}", "a".repeat(65)))], "400 invalid_grant 70000"),
        (vec![REFRESH, DESK, ("refresh_token", "\0")], "400 invalid_grant 70000"),
        (vec![REFRESH, DESK, ("refresh_token", &server.world.ann.token)], "400 invalid_grant 70000"),
        (vec![("grant_type", "authorization_code"), DESK], "400 invalid_request 900144"),
        (vec![("grant_type", "authorization_code"), DESK, ("code", "x")], "400 invalid_grant 70000"),
        (vec![("grant_type", "urn:ietf:params:oauth:grant-type:device_code"), DESK], "400 invalid_request 900144"),
    ] {
        let answer = server.ask(&form).await;
        assert_eq!(refusal(&answer), words, "{form:?}");
        assert_eq!(answer.header("cache-control"), "no-store", "{form:?}");
        assert_eq!(answer.header("www-authenticate").is_empty(), answer.status != 401, "{form:?}");
    }
    // an application that nobody gave anything gets nothing, and not a token that elsewhere would reach everything
    let new = NewApplication { client_id: "bare".to_owned(), name: "Bare".to_owned(), roles: Vec::new() };
    let bare = server.vault.put_application(&new).await.unwrap();
    let secret = server.vault.create_secret(bare.id, None).await.unwrap();
    for scope in ["", ".default", "openid"] {
        let form = [OWN, ("client_id", "bare"), ("client_secret", &*secret), ("scope", scope)];
        assert_eq!(refusal(&server.ask(&form).await), "400 invalid_scope 70011");
        let form =
            [password, ("client_id", "bare"), ("client_secret", &*secret), ANNS[0], ANNS[1], ("scope", ".default")];
        assert_eq!(refusal(&server.ask(&form).await), "400 invalid_scope 70011");
    }
    let request = server.form(TOKEN, &[password, DESK, ANNS[0], ("password", "wrong")]);
    let id = "11111111-2222-4333-8444-555555555555";
    let wrong = server.send(request.header("client-request-id", id)).await;
    let trace = wrong.header("request-id");
    assert_snapshot!(wrong.text().replace(&trace, "TRACE"), @r#"{"error":"invalid_grant","error_description":"AADSTS50126: Error validating credentials due to invalid username or password.","error_codes":[50126],"timestamp":"2026-03-04 05:06:07Z","trace_id":"TRACE","correlation_id":"11111111-2222-4333-8444-555555555555"}"#);
    assert!(START.starts_with("2026-03-04T05:06:07"));
    let json = server.post(TOKEN).json(&json!({"grant_type": "password"}));
    assert_eq!(refusal(&server.send(json).await), "400 invalid_request 900144");
    let long = server.post(TOKEN).header("content-type", "application/x-www-form-urlencoded").body("x".repeat(100_000));
    assert_eq!(refusal(&server.send(long).await), "400 invalid_request 900144");
    let method = server.send(server.get(TOKEN)).await;
    assert_eq!((refusal(&method).as_str(), method.header("allow").as_str()), ("405 invalid_request 900561", "POST"));
    let nowhere = server.send(server.get("/common/oauth2/v3.0/token")).await;
    assert_eq!(refusal(&nowhere), "404 invalid_request 900561");
    let twice = server.form(TOKEN, &[OWN, service, right]).basic_auth("desk", Some("x"));
    assert_eq!(refusal(&server.send(twice).await), "400 invalid_request 900144");
}

#[tokio::test]
async fn wrong_passwords_and_secrets_are_counted() {
    let server = Server::start_with(&[("arena.failed_logins_per_address", "12")]).await;
    server.client("desk", true).await;
    let (_, secret) = server.client("service", false).await;
    let by_password = async |password: &str| {
        let form = [("grant_type", "password"), DESK, ANNS[0], ("password", password)];
        refusal_or_ok(&server.ask(&form).await)
    };
    let by_secret = async |secret: &str| {
        refusal_or_ok(&server.ask(&[OWN, ("client_id", "service"), ("client_secret", secret)]).await)
    };
    for _ in 0..5 {
        assert_eq!(by_password("wrong").await, "400 invalid_grant 50126");
    }
    assert_eq!(by_password(PASSWORD).await, "400 invalid_grant 50053");
    for _ in 0..5 {
        assert_eq!(by_secret("wrong").await, "401 invalid_client 7000215");
    }
    assert_eq!(by_secret(&secret).await, "401 invalid_client 7000215");
    // and all of them by where they come from
    for login in ["bob", "max"] {
        let form = [("grant_type", "password"), DESK, ("username", login), ("password", "wrong")];
        server.ask(&form).await.expect(400);
    }
    let form = [("grant_type", "password"), DESK, ("username", "vic"), ("password", PASSWORD)];
    assert_eq!(refusal(&server.ask(&form).await), "400 invalid_grant 50126");
    server.advance(Duration::minutes(5));
    assert_eq!(by_password(PASSWORD).await, "200");
    assert_eq!(by_secret(&secret).await, "200");
    server.ask(&form).await.expect(200);
}

fn refusal_or_ok(answer: &Answer) -> String {
    if answer.status == 200 { "200".to_owned() } else { refusal(answer) }
}

#[tokio::test]
async fn discovery_names_every_address_on_the_origin_that_was_asked() {
    let server = Server::start().await;
    let host = server.address.to_string();
    let tenant = server.config.graph.tenant_id.to_string();
    let get = async |path: &str| server.send(server.get(path)).await.expect(200).json();
    for (name, host) in [("common", &*host), (&*tenant, "sign-in.example:8443")] {
        let path = format!("/{name}/v2.0/.well-known/openid-configuration");
        let answer = server.send(server.get(&path).header("host", host)).await.expect(200).json();
        let at = |path: &str| json!(format!("http://{host}/{name}/{path}"));
        assert_eq!(answer["issuer"], json!(format!("http://{host}/{tenant}/v2.0")));
        assert_eq!(answer["authorization_endpoint"], at("oauth2/v2.0/authorize"));
        assert_eq!(answer["token_endpoint"], at("oauth2/v2.0/token"));
        assert_eq!(answer["device_authorization_endpoint"], at("oauth2/v2.0/devicecode"));
        assert_eq!(answer["jwks_uri"], at("discovery/v2.0/keys"));
        assert_eq!(answer["response_types_supported"], json!(["code"]));
        assert_eq!(answer["subject_types_supported"], json!(["public"]));
        assert_eq!(answer["id_token_signing_alg_values_supported"], json!(["RS256"]));
    }
    let first = get("/common/.well-known/openid-configuration").await;
    assert_eq!(first["token_endpoint"], json!(format!("http://{host}/common/oauth2/token")));
    assert_eq!(first["jwks_uri"], json!(format!("http://{host}/common/discovery/keys")));
    let asked = "/common/discovery/instance?api-version=1.1&authorization_endpoint=https%3A%2F%2Fx%2Fcommon";
    let endpoint = format!("http://{host}/common/v2.0/.well-known/openid-configuration");
    let expected = json!({
        "tenant_discovery_endpoint": endpoint,
        "api-version": "1.1",
        "metadata": [{"preferred_network": host, "preferred_cache": host, "aliases": [host]}],
    });
    assert_eq!(get(asked).await, expected);
    let realm = get("/common/userrealm/ann%40example.com?api-version=1.0").await;
    let expected = json!({
        "ver": "1.0", "account_type": "Managed", "domain_name": "example.com", "cloud_instance_name": host,
    });
    assert_eq!(realm, expected);
    // nobody learns who is there
    assert_eq!(get("/common/userrealm/nobody@example.com").await, realm);
    for path in ["/common/discovery/instance", "/common/.well-known/openid-configuration", "/common/userrealm/x"] {
        assert_eq!(refusal(&server.send(server.post(path)).await), "405 invalid_request 900561", "{path}");
        server.send(server.request("HEAD", path)).await.expect(200);
    }
    // a sync client asks whether the login host is there at all
    let reached = server.send(server.request("HEAD", "/")).await;
    assert!(reached.status.as_u16() < 500);
}

#[tokio::test]
async fn an_application_with_selected_sites_has_the_role_it_was_given_there() {
    let server = Server::start().await;
    let (vault, world) = (&server.vault, &server.world);
    let token = world::token(vault, world.robot.person.id, &["Sites.Selected"]).await;
    assert_eq!(server.reach(&token).await, (404, 404));
    vault.grant(world.library.root, world.robot.person.id, Role::Downloader, None).await.unwrap();
    assert_eq!(server.reach(&token).await, (200, 403));
    vault.grant(world.library.root, world.robot.person.id, Role::Contributor, None).await.unwrap();
    assert_eq!(server.reach(&token).await, (200, 204));
    let other = world::personal(vault, &world.ann).await;
    let drive = format!("/v1.0/drives/{}/root", other.graph_id);
    assert_ne!(server.graph_with(&token).get(&drive).await.status, 200);
    // with more to read, it still writes only there
    let token = world::token(vault, world.robot.person.id, &["Sites.Selected", "Files.Read.All"]).await;
    assert_eq!(server.reach(&token).await, (200, 204));
    vault.revoke(world.library.root, world.robot.person.id).await.unwrap();
    assert_eq!(server.reach(&token).await, (200, 403));
    // for a user it counts nothing
    let token = world::token(vault, world.ann.person.id, &["Sites.Selected"]).await;
    assert_eq!(server.reach(&token).await, (403, 403));
}

#[tokio::test]
async fn of_many_who_refresh_at_once_all_get_the_same_successor() {
    let server = Server::start().await;
    server.client("desk", true).await;
    let token = text(&server.signed_in("Files.Read.All").await, "refresh_token");
    let tries = (0..8).map(|_| refresh(&server, &token));
    let answers = futures_util::future::join_all(tries).await;
    let successors: std::collections::HashSet<_> =
        answers.into_iter().map(|answer| text(&answer.expect(200), "refresh_token")).collect();
    assert_eq!(successors.len(), 1);
}
