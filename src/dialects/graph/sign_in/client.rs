//! Which application asks, and what it asks for: by its secret, or by its name alone where it cannot keep one.

use super::{Ask, refusal::Refusal};
use crate::{
    domain::{grant::Client, scope},
    http::oauth::Asked,
};

/// The application that sent a form, and whether it has proved who it is.
pub async fn of_form(ask: &Ask, asked: &Asked) -> Result<(Client, bool), Refusal> {
    let vault = &ask.hall.vault;
    let named = asked.named()?;
    match named.secret {
        Some(secret) => {
            vault.sign_in_application(&named.id, &secret, ask.from).await.map_err(Refusal::of_client)?;
            Ok((vault.client(&named.id).await?.ok_or(Refusal::Secret)?, true))
        }
        None => match vault.client(&named.id).await? {
            Some(client) if client.public => Ok((client, false)),
            Some(_) => Err(Refusal::NoSecret),
            None => Err(Refusal::UnknownClient(named.id)),
        },
    }
}

/// The words of a parameter.
pub fn words(text: Option<&str>) -> Vec<String> {
    text.unwrap_or_default().split_whitespace().map(str::to_owned).collect()
}

/// What an application gets on behalf of a user of what it asks for: permissions, and what OpenID Connect knows.
pub fn scopes(client: &Client, asked: &[String]) -> Result<Vec<String>, Refusal> {
    let mut scopes = scope::permitted(asked, &client.delegated, false).ok_or(Refusal::Scope)?;
    scopes.extend(scope::open_id(asked));
    Ok(scopes)
}
