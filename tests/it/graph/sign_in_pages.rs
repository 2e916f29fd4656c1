//! The sign-in page and authorization codes (spec/graph.md 3.3; RFC 6749, 4.1; RFC 7636).

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use chrono::Duration;
use coatcheck::vault::{PasswordChange, UserChange};
use sha2::{Digest, Sha256};

use crate::support::{
    answer::Answer,
    server::Server,
    sign_in::{ANNS, BACK, NATIVE, refusal, text},
    world::PASSWORD,
};

const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";

/// What an application asks for, as an address; later parameters take the place of earlier ones, an empty one is left out.
fn address(others: &[(&str, &str)]) -> String {
    let challenge = URL_SAFE_NO_PAD.encode(Sha256::digest(VERIFIER));
    let usual = [
        ("client_id", "desk"),
        ("response_type", "code"),
        ("redirect_uri", BACK),
        ("scope", "Files.ReadWrite.All offline_access openid"),
        ("state", "a b&c"),
        ("code_challenge", &*challenge),
        ("code_challenge_method", "S256"),
        ("nonce", "n-1"),
    ];
    let mut query = form_urlencoded::Serializer::new(String::new());
    for (name, value) in usual {
        let value = others.iter().find(|(other, _)| *other == name).map_or(value, |(_, value)| value);
        if !value.is_empty() {
            query.append_pair(name, value);
        }
    }
    for (name, value) in others.iter().filter(|(name, _)| !usual.iter().any(|(other, _)| other == name)) {
        query.append_pair(name, value);
    }
    format!("/common/oauth2/v2.0/authorize?{}", query.finish())
}

async fn sign_in(server: &Server, others: &[(&str, &str)]) -> Answer {
    server.send(server.form(&address(others), &ANNS)).await
}

/// A parameter of where the browser is sent.
fn sent(answer: &Answer, name: &str) -> Option<String> {
    let location = answer.header("location");
    let (_, query) = location.split_once(['?', '#']).unwrap_or_default();
    form_urlencoded::parse(query.as_bytes()).find(|(found, _)| found == name).map(|(_, value)| value.into_owned())
}

async fn code(server: &Server, others: &[(&str, &str)]) -> String {
    let answer = sign_in(server, others).await.expect(303);
    sent(&answer, "code").unwrap_or_else(|| panic!("{}", answer.header("location")))
}

/// What the application gets for a code, with the fields that MSAL sends.
async fn redeem(server: &Server, code: &str, others: &[(&str, &str)]) -> Answer {
    let usual = [
        ("grant_type", "authorization_code"),
        ("client_id", "desk"),
        ("code", code),
        ("redirect_uri", BACK),
        ("code_verifier", VERIFIER),
        ("client_info", "1"),
        ("scope", "Files.ReadWrite.All offline_access openid"),
    ];
    let value = |name, value| others.iter().find(|(other, _)| *other == name).map_or(value, |(_, value)| *value);
    let form: Vec<_> = usual.into_iter().map(|(name, usual)| (name, value(name, usual))).collect();
    server.ask(&form).await
}

#[tokio::test]
async fn a_browser_carries_a_code_from_the_page_to_the_application() {
    let server = Server::start().await;
    server.client("desk", true).await;
    let page = server.send(server.get(&address(&[("login_hint", "ann@example.com\"><b>")]))).await.expect(200);
    let html = page.text();
    assert!(html.contains("Desk &amp; Co") && html.contains("<li>Files.ReadWrite.All</li>"), "{html}");
    assert!(html.contains("value=\"ann@example.com&quot;&gt;&lt;b&gt;\"") && !html.contains("<script"), "{html}");
    assert_eq!(page.header("x-frame-options"), "DENY");
    assert_eq!(page.header("cache-control"), "no-store");
    let policy = page.header("content-security-policy");
    assert!(policy.contains("frame-ancestors 'none'") && policy.contains("default-src 'none'"), "{policy}");
    assert!(policy.contains("form-action 'self' https://app.example;"), "{policy}");

    let wrong = server.form(&address(&[]), &[ANNS[0], ("password", "wrong")]);
    let wrong = server.send(wrong).await.expect(400).text();
    assert!(wrong.contains("invalid username or password") && wrong.contains("value=\"ann\""), "{wrong}");
    let answer = sign_in(&server, &[]).await.expect(303);
    assert!(answer.header("location").starts_with(&format!("{BACK}?code=ccc_")), "{}", answer.header("location"));
    assert_eq!(sent(&answer, "state").as_deref(), Some("a b&c"));

    let answer = redeem(&server, &sent(&answer, "code").unwrap(), &[]).await.expect(200);
    assert_eq!(server.reach(&text(&answer, "access_token")).await, (200, 204));
    let claims = text(&answer, "id_token").split('.').nth(1).map(|part| URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap();
    let claims: serde_json::Value = serde_json::from_slice(&claims).unwrap();
    assert_eq!((&claims["nonce"], &claims["aud"]), (&"n-1".into(), &"desk".into()));
    let again =
        [("grant_type", "refresh_token"), ("client_id", "desk"), ("refresh_token", &text(&answer, "refresh_token"))];
    server.ask(&again).await.expect(200);
}

#[tokio::test]
async fn a_code_that_comes_again_ends_what_it_gave() {
    let server = Server::start().await;
    server.client("desk", true).await;
    let scope = ("scope", "Files.Read.All");
    let code = code(&server, &[scope]).await;
    let answer = redeem(&server, &code, &[]).await.expect(200);
    let (token, refreshed) = (text(&answer, "access_token"), text(&answer, "refresh_token"));
    assert!(server.counts(&token).await);
    assert_eq!(refusal(&redeem(&server, &code, &[]).await), "400 invalid_grant 54005");
    assert!(!server.counts(&token).await);
    let again = [("grant_type", "refresh_token"), ("client_id", "desk"), ("refresh_token", &*refreshed)];
    assert_eq!(refusal(&server.ask(&again).await), "400 invalid_grant 70000");
    // also when several bring it at once, nobody is left with anything
    let code = self::code(&server, &[scope]).await;
    let answers = futures_util::future::join_all((0..5).map(|_| redeem(&server, &code, &[]))).await;
    let given: Vec<_> = answers.iter().filter(|answer| answer.status == 200).collect();
    assert_eq!(given.len(), 1);
    assert!(!server.counts(&text(given[0], "access_token")).await);
}

#[tokio::test]
async fn a_code_is_good_for_its_application_its_address_and_its_verifier() {
    let server = Server::start().await;
    server.client("desk", true).await;
    server.client("other", true).await;
    let asked = [("scope", "Files.Read.All")];
    for (others, words) in [
        (("redirect_uri", "https://app.example/back2"), "400 invalid_grant 500112"),
        (("redirect_uri", ""), "400 invalid_grant 500112"),
        (("code_verifier", "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXK"), "400 invalid_grant 501481"),
        (("code_verifier", "short"), "400 invalid_grant 501481"),
        (("code_verifier", ""), "400 invalid_grant 501481"),
    ] {
        let code = code(&server, &asked).await;
        assert_eq!(refusal(&redeem(&server, &code, &[others]).await), words, "{others:?}");
        // it was tried, so it is spent
        assert_eq!(refusal(&redeem(&server, &code, &[]).await), "400 invalid_grant 54005", "{others:?}");
    }
    // another application's try neither gives nor takes
    let code = self::code(&server, &asked).await;
    assert_eq!(refusal(&redeem(&server, &code, &[("client_id", "other")]).await), "400 invalid_grant 70000");
    redeem(&server, &code, &[]).await.expect(200);
    // the challenge may be the verifier itself
    let plain = [("scope", "Files.Read.All"), ("code_challenge", VERIFIER), ("code_challenge_method", "")];
    redeem(&server, &self::code(&server, &plain).await, &[]).await.expect(200);
    let plain = [("scope", "Files.Read.All"), ("code_challenge", VERIFIER), ("code_challenge_method", "plain")];
    redeem(&server, &self::code(&server, &plain).await, &[]).await.expect(200);
    // it has its time, and dies with the password
    let code = self::code(&server, &asked).await;
    server.advance(Duration::minutes(5));
    assert_eq!(refusal(&redeem(&server, &code, &[]).await), "400 invalid_grant 70008");
    let code = self::code(&server, &asked).await;
    let change = UserChange { password: Some(PasswordChange::Set(PASSWORD.to_owned())), ..UserChange::default() };
    server.vault.update_user(server.world.ann.person.id, change).await.unwrap();
    assert_eq!(refusal(&redeem(&server, &code, &[]).await), "400 invalid_grant 70000");
}

#[tokio::test]
async fn an_application_with_a_secret_proves_itself_and_may_do_without_a_verifier() {
    let server = Server::start().await;
    let (_, secret) = server.client("web", false).await;
    let asked =
        [("client_id", "web"), ("scope", "Files.Read.All"), ("code_challenge", ""), ("code_challenge_method", "")];
    let form = |code: &str, more: &[(&str, &str)]| {
        let form = [("grant_type", "authorization_code"), ("client_id", "web"), ("code", code), ("redirect_uri", BACK)];
        server.form("/common/oauth2/v2.0/token", &[&form[..], more].concat())
    };
    let code = code(&server, &asked).await;
    assert_eq!(refusal(&server.send(form(&code, &[])).await), "401 invalid_client 7000218");
    server.send(form(&code, &[("client_secret", &secret)])).await.expect(200);
    // a verifier that nobody announced: the announcement was taken out
    let code = self::code(&server, &asked).await;
    let more = [("client_secret", &*secret), ("code_verifier", VERIFIER)];
    assert_eq!(refusal(&server.send(form(&code, &more)).await), "400 invalid_grant 501481");
}

#[tokio::test]
async fn where_a_browser_must_not_be_sent_the_page_says_so() {
    let server = Server::start().await;
    server.client("desk", true).await;
    server.client("web", false).await;
    for others in [
        vec![("client_id", "")],
        vec![("client_id", "nobody")],
        vec![("redirect_uri", "")],
        vec![("redirect_uri", "https://evil.example/back")],
        vec![("redirect_uri", "https://app.example/back/")],
        vec![("redirect_uri", "http://localhost.evil.example/")],
        vec![("client_id", "web"), ("redirect_uri", "http://localhost:8400/")],
        vec![("response_mode", "web_message")],
    ] {
        for answer in [server.send(server.get(&address(&others))).await, sign_in(&server, &others).await] {
            assert!(answer.text().contains("AADSTS"), "{others:?}: {answer}");
            assert_eq!((answer.status.as_u16(), answer.header("location").as_str()), (400, ""), "{others:?}");
            assert_eq!(answer.header("x-frame-options"), "DENY", "{others:?}");
        }
    }
    // nor where something is said twice
    let twice = format!("{}&client_id=desk", address(&[]));
    server.send(server.get(&twice)).await.expect(400);
    let script = server.send(server.get(&address(&[("client_id", "<script>x</script>")]))).await.expect(400).text();
    assert!(!script.contains("<script"), "{script}");
}

#[tokio::test]
async fn what_is_wrong_otherwise_is_told_to_the_application_with_its_state() {
    let server = Server::start().await;
    server.client("desk", true).await;
    for (others, error) in [
        (("response_type", "token"), "unsupported_response_type"),
        (("response_type", "code id_token"), "unsupported_response_type"),
        (("response_type", ""), "invalid_request"),
        (("scope", "Mail.Read"), "invalid_scope"),
        (("code_challenge", ""), "invalid_request"),
        (("code_challenge", "short"), "invalid_request"),
        (("code_challenge_method", "S512"), "invalid_request"),
        (("prompt", "none"), "login_required"),
        (("request", "x"), "invalid_request"),
        (("request_uri", "https://x.example"), "invalid_request"),
    ] {
        for answer in [server.send(server.get(&address(&[others]))).await, sign_in(&server, &[others]).await] {
            let answer = answer.expect(303);
            assert_eq!(sent(&answer, "error").as_deref(), Some(error), "{others:?}");
            assert_eq!(sent(&answer, "state").as_deref(), Some("a b&c"), "{others:?}");
            assert!(sent(&answer, "error_description").unwrap().starts_with("AADSTS"), "{others:?}");
            assert!(answer.header("location").starts_with(BACK), "{others:?}");
        }
    }
    let no = server.send(server.form(&address(&[]), &[("action", "decline")])).await.expect(303);
    assert_eq!(sent(&no, "error").as_deref(), Some("access_denied"));
}

#[tokio::test]
async fn the_answer_goes_back_the_way_the_application_wants() {
    let server = Server::start().await;
    server.client("desk", true).await;
    let scope = ("scope", "Files.Read.All");
    let answer = sign_in(&server, &[scope, ("response_mode", "fragment")]).await.expect(303);
    assert!(answer.header("location").starts_with(&format!("{BACK}#code=")));
    let answer = sign_in(&server, &[scope, ("redirect_uri", "https://app.example/x?y=z")]).await.expect(303);
    assert!(answer.header("location").starts_with("https://app.example/x?y=z&code="));
    let answer = sign_in(&server, &[scope, ("response_mode", "form_post"), ("state", "\"><b>")]).await.expect(200);
    let html = answer.text();
    assert!(html.contains(&format!("action=\"{BACK}\"")) && html.contains("name=\"code\" value=\"ccc_"), "{html}");
    assert!(html.contains("name=\"state\" value=\"&quot;&gt;&lt;b&gt;\"") && !html.contains("<script"), "{html}");
    assert!(answer.header("content-security-policy").contains("form-action 'self' https://app.example;"));
    // to a program on the user's own machine, at whatever port it listens
    for here in ["http://localhost:49152/", "http://127.0.0.1:8400", "http://[::1]:1/x?y"] {
        let answer = sign_in(&server, &[scope, ("redirect_uri", here)]).await.expect(303);
        assert!(answer.header("location").starts_with(here), "{here}");
        let code = sent(&answer, "code").unwrap_or_else(|| {
            let location = answer.header("location");
            location.split_once("code=").unwrap().1.split('&').next().unwrap().to_owned()
        });
        redeem(&server, &code, &[("redirect_uri", here)]).await.expect(200);
    }
    // where no browser goes, the code is copied
    let shown = sign_in(&server, &[scope, ("redirect_uri", "urn:x:oob")]).await.expect(200).text();
    let code = shown.split_once("<code>").unwrap().1.split_once("</code>").unwrap().0;
    redeem(&server, code, &[("redirect_uri", "urn:x:oob")]).await.expect(200);
}

#[tokio::test]
async fn a_program_that_no_browser_reaches_gets_its_code_from_the_page_and_needs_no_challenge() {
    let server = Server::start().await;
    server.client("desk", true).await;
    let plain = [("redirect_uri", NATIVE), ("code_challenge", ""), ("code_challenge_method", "")];
    let code = self::code(&server, &plain).await;
    let page = server.send(server.get(&format!("/common/oauth2/nativeclient?code={code}"))).await.expect(200);
    assert!(page.text().contains("Copy the address of this page") && !page.text().contains(&code));
    redeem(&server, &code, &[("redirect_uri", NATIVE), ("code_verifier", "")]).await.expect(200);
    // who sends a challenge is held to it
    let code = self::code(&server, &[("redirect_uri", NATIVE)]).await;
    let others = [("redirect_uri", NATIVE), ("code_verifier", "another-one-that-is-long-enough-to-be-a-verifier-0")];
    assert_eq!(refusal(&redeem(&server, &code, &others).await), "400 invalid_grant 501481");
}

#[tokio::test]
async fn a_form_of_somebody_elses_page_signs_nobody_in() {
    let server = Server::start().await;
    server.client("desk", true).await;
    for (name, value) in [("sec-fetch-site", "cross-site"), ("sec-fetch-site", "same-site"), ("origin", "null")] {
        let answer = server.send(server.form(&address(&[]), &ANNS).header(name, value)).await.expect(400);
        assert_eq!(answer.header("location"), "", "{name}: {value}");
        assert!(answer.text().contains("not sent by the sign-in page"));
    }
    let own = server.form(&address(&[]), &ANNS).header("origin", format!("http://{}", server.address));
    server.send(own.header("sec-fetch-site", "same-origin")).await.expect(303);
}

#[tokio::test]
async fn a_request_that_comes_as_a_form_is_carried_along_by_the_page() {
    let server = Server::start().await;
    server.client("desk", true).await;
    let wishes = address(&[("scope", "Files.Read.All"), ("state", "<s>")]);
    let (path, query) = wishes.split_once('?').unwrap();
    let fields: Vec<_> = form_urlencoded::parse(query.as_bytes()).collect();
    let fields: Vec<(&str, &str)> = fields.iter().map(|(name, value)| (&**name, &**value)).collect();
    let page = server.send(server.form(path, &fields).header("sec-fetch-site", "cross-site")).await.expect(200).text();
    assert!(page.contains("name=\"state\" value=\"&lt;s&gt;\""), "{page}");
    let answer = server.send(server.form(path, &[&fields[..], &ANNS].concat())).await.expect(303);
    assert_eq!(sent(&answer, "state").as_deref(), Some("<s>"));
    redeem(&server, &sent(&answer, "code").unwrap(), &[]).await.expect(200);
}

#[tokio::test]
async fn wrong_passwords_at_the_page_are_counted() {
    let server = Server::start().await;
    server.client("desk", true).await;
    for _ in 0..5 {
        server.send(server.form(&address(&[]), &[ANNS[0], ("password", "wrong")])).await.expect(400);
    }
    assert!(sign_in(&server, &[]).await.expect(400).text().contains("too many times"));
    server.advance(Duration::minutes(5));
    sign_in(&server, &[]).await.expect(303);
    let json = server.post(&address(&[])).json(&serde_json::json!({"username": "ann"}));
    assert_eq!(refusal(&server.send(json).await), "400 invalid_request 900144");
}
