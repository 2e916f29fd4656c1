//! Finding users (spec/oracle.md 7).

use axum::extract::State;

use super::{
    answer::Answer,
    auth::Caller,
    error::Error,
    query::Query,
    wire::{self, Fields},
};
use crate::{
    domain::{error::Error as No, name::key},
    vault::Vault,
};

/// `GET /users/items?info=…` (7): whoever has the text in login name, full name or e-mail address; an exact login name
/// first.
pub async fn find(State(vault): State<Vault>, caller: Caller, query: Query) -> Result<Answer, Error> {
    if caller.actor.account.is_none() {
        return Err(No::NoSession.into());
    }
    let wanted =
        key(query.get("info")?.map(str::trim).filter(|text| !text.is_empty()).ok_or(Error::Required("info"))?);
    let mut found = vault.users().await?;
    found.retain(|user| [&user.login, &user.name, &user.email].into_iter().any(|text| key(text).contains(&wanted)));
    // stable: the others stay in the order of their login names
    found.sort_by_key(|user| key(&user.login) != wanted);
    let items: Vec<Fields> = found.iter().map(wire::user).collect();
    Ok(Answer::done(Fields::new().text("count", items.len().to_string()).list("items", items)))
}
