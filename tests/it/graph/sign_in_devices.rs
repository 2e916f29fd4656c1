//! Signing in for a device (spec/graph.md 3.3; RFC 8628).

use chrono::Duration;
use coatcheck::vault::{PasswordChange, UserChange};

use crate::support::{
    answer::Answer,
    server::Server,
    sign_in::{ANNS, refusal, text},
    world::PASSWORD,
};

const PAGE: &str = "/common/oauth2/deviceauth";

/// A device that waits: its code, and what people have to type.
async fn begin(server: &Server, scope: &str) -> (String, String) {
    let form = [("client_id", "desk"), ("scope", scope), ("client_info", "1")];
    let answer = server.send(server.form("/common/oauth2/v2.0/devicecode", &form)).await.expect(200);
    (text(&answer, "device_code"), text(&answer, "user_code"))
}

/// What the device is told, with the fields that MSAL sends.
async fn poll(server: &Server, code: &str) -> Answer {
    let form = [
        ("grant_type", "urn:ietf:params:oauth:grant-type:device_code"),
        ("client_id", "desk"),
        ("device_code", code),
        ("code", code),
        ("client_info", "1"),
    ];
    server.ask(&form).await
}

async fn page(server: &Server, form: &[(&str, &str)]) -> Answer {
    server.send(server.form(PAGE, form)).await
}

async fn approve(server: &Server, code: &str) -> Answer {
    page(server, &[("user_code", code), ANNS[0], ANNS[1], ("action", "accept")]).await
}

#[tokio::test]
async fn a_device_waits_until_somebody_has_signed_in_for_it() {
    let server = Server::start().await;
    server.client("desk", true).await;
    let form = [("client_id", "desk"), ("scope", "Files.ReadWrite.All offline_access")];
    let answer = server.send(server.form("/organizations/oauth2/v2.0/devicecode", &form)).await.expect(200);
    let json = answer.json();
    assert_eq!((&json["expires_in"], &json["interval"]), (&900.into(), &5.into()));
    let address = format!("http://{}{PAGE}", server.address);
    assert_eq!(json["verification_uri"], address.as_str());
    let (device, code) = (text(&answer, "device_code"), text(&answer, "user_code"));
    assert!(text(&answer, "message").contains(&code) && text(&answer, "message").contains(&address));
    assert!(code.len() == 8 && code.bytes().all(|byte| b"BCDFGHJKLMNPQRSTVWXZ".contains(&byte)), "{code}");

    assert_eq!(refusal(&poll(&server, &device).await), "400 authorization_pending 70016");
    assert_eq!(refusal(&poll(&server, &device).await), "400 slow_down 90055");
    server.advance(Duration::seconds(5));
    // who asks at the interval is never told to be slower, whatever it did before
    assert_eq!(refusal(&poll(&server, &device).await), "400 authorization_pending 70016");

    let form = server.send(server.get(PAGE)).await.expect(200);
    assert!(form.text().contains("name=\"user_code\""));
    assert_eq!(form.header("x-frame-options"), "DENY");
    // people type it as they like; they see who asks, and for what
    let typed = format!(" {}-{} ", code[..4].to_lowercase(), &code[4..]);
    let shown = page(&server, &[("user_code", &typed)]).await.expect(200).text();
    assert!(shown.contains("Desk &amp; Co") && shown.contains("<li>Files.ReadWrite.All</li>"), "{shown}");
    assert!(shown.contains("type=\"password\"") && shown.contains("name=\"user_code\""));
    let wrong = [("user_code", &*typed), ANNS[0], ("password", "wrong")];
    assert!(page(&server, &wrong).await.expect(400).text().contains("invalid username or password"));
    assert!(approve(&server, &typed).await.expect(200).text().contains("You have signed in"));

    // at once, however often it has asked
    let answer = poll(&server, &device).await.expect(200);
    assert_eq!(text(&answer, "scope"), "Files.ReadWrite.All");
    assert_eq!(server.reach(&text(&answer, "access_token")).await, (200, 204));
    assert!(answer.json()["client_info"].is_string() && answer.json()["refresh_token"].is_string());
    // once
    assert_eq!(refusal(&poll(&server, &device).await), "400 invalid_grant 54005");
    approve(&server, &code).await.expect(400);
}

#[tokio::test]
async fn a_device_that_is_declined_forgotten_or_anothers_gets_nothing() {
    let server = Server::start().await;
    server.client("desk", true).await;
    server.client("other", true).await;
    let (device, code) = begin(&server, "Files.Read.All").await;
    let declined = page(&server, &[("user_code", &code), ("action", "decline")]).await.expect(200);
    assert!(declined.text().contains("You have said no"));
    assert_eq!(refusal(&poll(&server, &device).await), "400 authorization_declined 65004");
    approve(&server, &code).await.expect(400);

    let (device, code) = begin(&server, "Files.Read.All").await;
    let form = [("grant_type", "device_code"), ("client_id", "other"), ("code", &*device)];
    assert_eq!(refusal(&server.ask(&form).await), "400 invalid_grant 70000");
    server.advance(Duration::minutes(15) - Duration::seconds(1));
    assert_eq!(refusal(&poll(&server, &device).await), "400 authorization_pending 70016");
    approve(&server, &code).await.expect(200);
    server.advance(Duration::seconds(1));
    assert_eq!(refusal(&poll(&server, &device).await), "400 expired_token 70019");

    let (device, code) = begin(&server, "Files.Read.All").await;
    server.advance(Duration::minutes(15));
    approve(&server, &code).await.expect(400);
    assert_eq!(refusal(&poll(&server, &device).await), "400 expired_token 70019");
    assert_eq!(refusal(&poll(&server, "ccd_nonsense").await), "400 invalid_grant 70000");

    // a password that is changed takes what was said with it back
    let (device, code) = begin(&server, "Files.Read.All").await;
    approve(&server, &code).await.expect(200);
    let change = UserChange { password: Some(PasswordChange::Set("another".to_owned())), ..UserChange::default() };
    server.vault.update_user(server.world.ann.person.id, change).await.unwrap();
    assert_eq!(refusal(&poll(&server, &device).await), "400 invalid_grant 70000");
}

#[tokio::test]
async fn who_begins_for_a_device_says_who_it_is_and_asks_for_something_there_is() {
    let server = Server::start().await;
    server.client("desk", true).await;
    let (_, secret) = server.client("service", false).await;
    let path = "/common/oauth2/devicecode";
    for (form, words) in [
        (vec![], "400 invalid_request 900144"),
        (vec![("client_id", "nobody")], "400 unauthorized_client 700016"),
        (vec![("client_id", "service")], "401 invalid_client 7000218"),
        (vec![("client_id", "service"), ("client_secret", "wrong")], "401 invalid_client 7000215"),
        (vec![("client_id", "desk"), ("scope", "Mail.Read")], "400 invalid_scope 70011"),
    ] {
        assert_eq!(refusal(&server.send(server.form(path, &form)).await), words, "{form:?}");
    }
    let form = [("client_id", "service"), ("client_secret", &*secret)];
    let answer = server.send(server.form(path, &form)).await.expect(200).json();
    assert_eq!(answer["verification_url"], answer["verification_uri"]);
}

#[tokio::test]
async fn guessing_codes_of_devices_is_counted_and_then_none_is_right() {
    let server = Server::start_with(&[("server.trusted_proxies", "127.0.0.0/8")]).await;
    server.client("desk", true).await;
    let (_, code) = begin(&server, "Files.Read.All").await;
    let from = async |address: &str, code: &str| {
        let request = server.form(PAGE, &[("user_code", code)]).header("x-forwarded-for", address);
        server.send(request).await.status.as_u16()
    };
    for _ in 0..10 {
        assert_eq!(from("192.0.2.1", "BBBBBBBB").await, 400);
    }
    assert_eq!(from("192.0.2.1", &code).await, 400);
    assert_eq!(from("192.0.2.2", &code).await, 200);
    // nor does it help to bring a password along
    let request = server.form(PAGE, &[("user_code", &code), ANNS[0], ANNS[1]]).header("x-forwarded-for", "192.0.2.1");
    server.send(request).await.expect(400);
    // wrong passwords count as everywhere
    for _ in 0..5 {
        page(&server, &[("user_code", &code), ANNS[0], ("password", "wrong")]).await.expect(400);
    }
    let locked = page(&server, &[("user_code", &code), ANNS[0], ("password", PASSWORD)]).await.expect(400);
    assert!(locked.text().contains("too many times"));
}

#[tokio::test]
async fn a_form_of_somebody_elses_page_signs_nobody_in_for_a_device() {
    let server = Server::start().await;
    server.client("desk", true).await;
    let (device, code) = begin(&server, "Files.Read.All").await;
    for (name, value) in [("sec-fetch-site", "cross-site"), ("origin", "https://evil.example"), ("origin", "null")] {
        let request = server.form(PAGE, &[("user_code", &code), ANNS[0], ANNS[1]]).header(name, value);
        server.send(request).await.expect(400);
    }
    assert_eq!(refusal(&poll(&server, &device).await), "400 authorization_pending 70016");
    for bad in [&[][..], &[("user_code", "")], &[("user_code", "a"), ("user_code", "b")]] {
        page(&server, bad).await.expect(400);
    }
}

#[tokio::test]
async fn of_many_polls_at_once_one_is_given_the_tokens() {
    let server = Server::start().await;
    server.client("desk", true).await;
    let (device, code) = begin(&server, "Files.Read.All").await;
    approve(&server, &code).await.expect(200);
    let answers = futures_util::future::join_all((0..6).map(|_| poll(&server, &device))).await;
    assert_eq!(answers.iter().filter(|answer| answer.status == 200).count(), 1);
    assert!(
        answers.iter().filter(|answer| answer.status != 200).all(|answer| refusal(answer) == "400 invalid_grant 54005")
    );
}
