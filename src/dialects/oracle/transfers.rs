//! Giving the content of one user to another (spec/oracle.md 7). Who may is the checker's to say.

use axum::extract::State;

use super::{
    answer::Answer,
    auth::Caller,
    error::Error,
    ids::{self, UserId},
    input::Unread,
    query::Query,
    wire::Fields,
};
use crate::{
    domain::{
        error::{Error as No, Missing},
        person::{Person, PrincipalKind},
    },
    vault::Vault,
};

/// `POST /users/{userID}/transferContent`: the target stands in the query (1.1) or in the body (1.2).
pub async fn transfer(
    State(vault): State<Vault>,
    caller: Caller,
    user: UserId,
    query: Query,
    body: Unread,
) -> Result<Answer, Error> {
    if caller.actor.account.is_none() {
        return Err(No::NoSession.into());
    }
    vault.may_transfer(&caller.actor)?;
    let input = body.read().await?;
    let target = match query.get("targetUserID")? {
        Some(target) => target,
        None => input.required("targetUserID")?,
    };
    let from = vault.person(&user.key()).await?.filter(is_user).ok_or(No::Missing(Missing::Principal))?;
    let to = named(&vault, target).await?.ok_or(Error::BadValue("targetUserID"))?;
    if from.id == to.id {
        return Err(Error::BadValue("targetUserID"));
    }
    vault.transfer_content(&caller.actor, from.id, to.id).await?;
    Ok(Answer::done(Fields::new().text("id", from.oracle_id)))
}

/// A user by id, login name or e-mail address.
async fn named(vault: &Vault, text: &str) -> Result<Option<Person>, No> {
    for key in ids::user_keys(text) {
        if let Some(person) = vault.person(&key).await?.filter(is_user) {
            return Ok(Some(person));
        }
    }
    Ok(None)
}

fn is_user(person: &Person) -> bool {
    person.kind == PrincipalKind::User
}
