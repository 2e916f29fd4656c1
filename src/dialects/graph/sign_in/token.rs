//! The token endpoint (spec/graph.md 3.2; RFC 6749): five grants, one form, one answer.

use axum::{extract::Request, http::StatusCode, response::Response};
use serde::Serialize;

use super::{Ask, LONGEST, client, identity, refusal::Refusal};
use crate::{
    domain::{
        grant::{Client, Granted, Waiting},
        scope,
    },
    http::{oauth::Asked, trace::record_actor},
    vault::Issue,
};

/// What is answered where a token is given.
#[derive(Serialize)]
struct Answer {
    token_type: &'static str,
    scope: String,
    expires_in: i64,
    ext_expires_in: i64,
    access_token: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    refresh_token: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    id_token: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    client_info: Option<String>,
}

/// `POST …/token`.
pub async fn grant(ask: &Ask, request: Request) -> Result<Response, Refusal> {
    let asked = Asked::read(request, LONGEST.min(ask.hall.limits.text)).await?;
    let kind = asked.grant_type().map_err(|malformed| match asked.get("grant_type") {
        Ok(None) => Refusal::Missing("grant_type"),
        Ok(Some(_)) | Err(_) => malformed.into(),
    })?;
    let wanted = client::words(asked.get("scope")?.as_deref());
    match &*kind {
        "client_credentials" => {
            let (client, proven) = client::of_form(ask, &asked).await?;
            if proven { to_application(ask, &client, &wanted).await } else { Err(Refusal::NoSecret) }
        }
        "password" => {
            let (client, _) = client::of_form(ask, &asked).await?;
            let (login, password) = (needed(&asked, "username")?, needed(&asked, "password")?);
            let scopes = client::scopes(&client, &wanted)?;
            let vault = &ask.hall.vault;
            let granted = vault.grant_by_password(&client, &login, &password, ask.from, scopes).await?;
            to_user(ask, &asked, &client, &wanted, granted).await
        }
        "refresh_token" => {
            let (client, _) = client::of_form(ask, &asked).await?;
            let token = needed(&asked, "refresh_token")?;
            let granted = ask.hall.vault.refresh(&client, &token, wanted.clone()).await?;
            to_user(ask, &asked, &client, &wanted, granted.map_err(Refusal::RefreshToken)?).await
        }
        "authorization_code" => {
            let (client, _) = client::of_form(ask, &asked).await?;
            let code = needed(&asked, "code")?;
            let text = |name| Ok::<_, Refusal>(asked.get(name)?.map(std::borrow::Cow::into_owned));
            let (redirect_uri, verifier) = (text("redirect_uri")?, text("code_verifier")?);
            let granted = ask.hall.vault.redeem_code(&client, &code, redirect_uri, verifier).await?;
            to_user(ask, &asked, &client, &[], granted.map_err(Refusal::Code)?).await
        }
        "urn:ietf:params:oauth:grant-type:device_code" | "device_code" => {
            let (client, _) = client::of_form(ask, &asked).await?;
            // some clients say it twice, some only by the second name
            let code = match asked.get("device_code")? {
                Some(code) => code.into_owned(),
                None => asked.get("code")?.ok_or(Refusal::Missing("device_code"))?.into_owned(),
            };
            match ask.hall.vault.redeem_device(&client, &code).await? {
                Waiting::Pending => Err(Refusal::Pending),
                Waiting::TooOften => Err(Refusal::TooOften),
                Waiting::Declined => Err(Refusal::Declined),
                Waiting::Invalid(why) => Err(Refusal::Device(why)),
                Waiting::Granted(granted) => to_user(ask, &asked, &client, &wanted, *granted).await,
            }
        }
        _ => Err(Refusal::GrantType),
    }
}

fn needed(asked: &Asked, name: &'static str) -> Result<String, Refusal> {
    Ok(asked.get(name)?.ok_or(Refusal::Missing(name))?.into_owned())
}

async fn to_application(ask: &Ask, client: &Client, wanted: &[String]) -> Result<Response, Refusal> {
    let vault = &ask.hall.vault;
    let held = vault.bearer_of(client.id).await.map_err(Refusal::of_client)?.scopes.clone();
    let scopes = scope::permitted(wanted, &held, true).ok_or(Refusal::Scope)?;
    let lifetime = vault.settings().access_token_lifetime;
    let what = Issue { application: None, scopes: scopes.clone(), label: "sign-in", lifetime };
    let issued = vault.issue_to_application(client.id, &what).await?;
    record_actor(issued.principal.0);
    let answer = Answer {
        token_type: "Bearer",
        scope: said(wanted, &scopes, &[]),
        expires_in: lifetime.num_seconds(),
        ext_expires_in: lifetime.num_seconds(),
        access_token: issued.text,
        refresh_token: None,
        id_token: None,
        client_info: None,
    };
    Ok(super::json(StatusCode::OK, &answer))
}

async fn to_user(
    ask: &Ask,
    asked: &Asked,
    client: &Client,
    wanted: &[String],
    granted: Granted,
) -> Result<Response, Refusal> {
    record_actor(granted.person.id.0);
    let lifetime = ask.hall.vault.settings().access_token_lifetime;
    let names = granted.open_id.iter().any(|word| word == "openid");
    let id_token = if names { Some(identity::token(ask, client, &granted, lifetime).await?) } else { None };
    let wants_info = asked.get("client_info")?.is_some_and(|value| value == "1" || value.eq_ignore_ascii_case("true"));
    let answer = Answer {
        token_type: "Bearer",
        scope: said(wanted, &granted.scopes, &granted.open_id),
        expires_in: lifetime.num_seconds(),
        ext_expires_in: lifetime.num_seconds(),
        client_info: wants_info.then(|| identity::client_info(ask, &granted.person)),
        id_token,
        access_token: granted.access_token,
        refresh_token: Some(granted.refresh_token),
    };
    Ok(super::json(StatusCode::OK, &answer))
}

/// What was given, in the words it was asked for with: clients keep tokens by those, `.default` included.
fn said(wanted: &[String], scopes: &[String], open_id: &[String]) -> String {
    let is = |one: &str, other: &str| one.eq_ignore_ascii_case(other);
    let shown = || open_id.iter().filter(|word| *word != "offline_access");
    let given = |word: &str| scopes.iter().chain(shown()).any(|scope| is(scope, word)) || is(word, ".default");
    let mut said: Vec<&str> = Vec::new();
    for word in wanted.iter().filter(|word| given(scope::bare(word))) {
        if !said.contains(&word.as_str()) {
            said.push(word);
        }
    }
    let rest: Vec<&str> = scopes
        .iter()
        .chain(shown())
        .map(String::as_str)
        .filter(|scope| !said.iter().any(|word| is(scope::bare(word), scope)))
        .collect();
    said.extend(rest);
    said.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_given_is_said_in_the_words_it_was_asked_for_with() {
        let of = |words: &str| words.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
        let say = |wanted: &str, scopes: &str, open_id: &str| said(&of(wanted), &of(scopes), &of(open_id));
        assert_eq!(say("", "Files.Read", "openid offline_access"), "Files.Read openid");
        assert_eq!(
            say("https://127.0.0.1/files.read openid", "files.read", "openid"),
            "https://127.0.0.1/files.read openid"
        );
        assert_eq!(say("x/.default x/.default offline_access", "A B", "offline_access"), "x/.default A B");
        assert_eq!(say("Mail.Read Files.Read", "Files.Read", ""), "Files.Read");
    }
}
