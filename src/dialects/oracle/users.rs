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
    domain::{error::Error as No, person::Person},
    vault::Vault,
};

/// Users in one answer.
const MOST: i64 = 1_000;

/// `GET /users/items?info=…` (7): whoever has the text in login name, full name or e-mail address; an exact login name
/// first.
pub async fn find(State(vault): State<Vault>, caller: Caller, query: Query) -> Result<Answer, Error> {
    Ok(found(&vault.users_with(wanted(&caller, &query, "info")?, MOST).await?))
}

/// `GET /users/search/items?email=…` (7): the one with exactly this address; case does not count.
pub async fn find_by_email(State(vault): State<Vault>, caller: Caller, query: Query) -> Result<Answer, Error> {
    Ok(found(vault.user_with_email(wanted(&caller, &query, "email")?).await?.as_slice()))
}

/// What is looked for, by somebody who is signed in.
fn wanted<'a>(caller: &Caller, query: &'a Query, name: &'static str) -> Result<&'a str, Error> {
    if caller.actor.account.is_none() {
        return Err(No::NoSession.into());
    }
    query.get(name)?.map(str::trim).filter(|text| !text.is_empty()).ok_or(Error::Required(name))
}

fn found(users: &[Person]) -> Answer {
    let items: Vec<Fields> = users.iter().map(wire::user).collect();
    Answer::done(Fields::new().text("count", items.len().to_string()).list("items", items))
}
