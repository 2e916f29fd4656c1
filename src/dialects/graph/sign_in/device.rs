//! Signing in for a device that has no browser (spec/graph.md 3.3; RFC 8628): the codes it is given, and the page where
//! somebody types one and signs in.

use axum::{extract::Request, http::StatusCode, response::Response};
use serde_json::json;

use super::{
    Ask, LONGEST, client, is_post,
    page::{self, SignIn},
    refusal::Refusal,
};
use crate::{
    http::{
        oauth::{self, Asked},
        origin,
    },
    vault::devices::{INTERVAL, LIFETIME},
};

/// `POST …/devicecode`.
pub async fn begin(ask: &Ask, request: Request) -> Result<Response, Refusal> {
    let asked = Asked::read(request, LONGEST.min(ask.hall.limits.text)).await?;
    let (client, _) = client::of_form(ask, &asked).await?;
    let scopes = client::scopes(&client, &client::words(asked.get("scope")?.as_deref()))?;
    let codes = ask.hall.vault.begin_device(&client, &scopes).await?;
    let page = format!("{}/common/oauth2/deviceauth", ask.origin);
    let message = format!(
        "To sign in, use a web browser to open the page {page} and enter the code {} to authenticate.",
        codes.user_code
    );
    let mut body = json!({
        "user_code": codes.user_code,
        "device_code": codes.device_code,
        "verification_uri": page,
        "expires_in": LIFETIME.num_seconds(),
        "interval": INTERVAL.num_seconds(),
        "message": message,
    });
    if ask.first_version {
        body["verification_url"] = page.into();
    }
    Ok(super::json(StatusCode::OK, &body))
}

/// `GET` and `POST …/deviceauth`: first the code, then the name and the password.
pub async fn answer(ask: &Ask, request: Request) -> Result<Response, Refusal> {
    if !is_post(&ask.head) {
        return Ok(page::user_code(StatusCode::OK, None));
    }
    let form = oauth::fields(request, LONGEST.min(ask.hall.limits.text)).await?;
    if !origin::is_own_form(&ask.head.headers, &ask.origin) {
        let words = Refusal::Foreign.words();
        return Ok(page::say(words.status, "You cannot sign in", &words.description()));
    }
    let Some(code) = form.get("user_code")? else {
        return Ok(page::user_code(StatusCode::BAD_REQUEST, Some("Type the code.")));
    };
    let vault = &ask.hall.vault;
    if form.get("action")?.is_some_and(|action| action == "decline") {
        return match vault.decline_device(&code, ask.from).await.map_err(Refusal::from) {
            Ok(_) => {
                Ok(page::say(StatusCode::OK, "You have said no", "Nobody was signed in. You can close this page."))
            }
            Err(refusal) => again(refusal),
        };
    }
    let waits = match vault.waiting_device(&code, ask.from).await.map_err(Refusal::from) {
        Ok(waits) => waits,
        Err(refusal) => return again(refusal),
    };
    let login = form.get("username")?.unwrap_or_default();
    let shown = |status, message: Option<&str>| {
        let page = SignIn {
            name: &waits.name,
            client_id: &waits.client_id,
            scopes: &waits.scopes,
            login: &login,
            message,
            hidden: &[("user_code", &code)],
            then: None,
        };
        page::sign_in(status, &page)
    };
    let Some(password) = form.get("password")? else { return Ok(shown(StatusCode::OK, None)) };
    match vault.approve_device(&code, &login, &password, ask.from).await.map_err(Refusal::from) {
        Ok(_) => {
            let text = "Go back to your device or program. You can close this page.";
            Ok(page::say(StatusCode::OK, "You have signed in", text))
        }
        Err(refusal @ (Refusal::User | Refusal::Locked | Refusal::PasswordExpired)) => {
            Ok(shown(StatusCode::BAD_REQUEST, Some(&refusal.words().text)))
        }
        Err(refusal) => again(refusal),
    }
}

/// The first page again, for a code that is none; other refusals stay what they are.
fn again(refusal: Refusal) -> Result<Response, Refusal> {
    if matches!(refusal, Refusal::UserCode) {
        return Ok(page::user_code(StatusCode::BAD_REQUEST, Some(&refusal.words().text)));
    }
    Err(refusal)
}
