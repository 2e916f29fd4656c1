//! The caller and other users (spec/graph.md 11 and 3.5).

use std::sync::Arc;

use axum::http::StatusCode;
use serde_json::Value;

use super::{
    Ask,
    address::{Owner, Subject},
    auth::SEE_USERS,
    error::{Answer, Refusal},
    pages::{Listed, Pages},
    reply, wanted, wire,
};
use crate::domain::{
    error::{Error, Result as Outcome},
    person::{Person, PrincipalKind},
};

/// `GET /me`: any delegated token will do.
pub async fn me(ask: &Ask) -> Answer {
    let person = ask.actor().person().ok_or(Error::NoSession)?;
    show(ask, person).await
}

/// `GET /users/{id}`.
pub async fn user(ask: &Ask) -> Answer {
    let Subject::Owner(Owner::User(id)) = &ask.address.subject else { return Err(Refusal::NoCall) };
    let may_see_all = ask.caller.has_one_of(&SEE_USERS);
    let own = ask.actor().person().filter(|own| is_named(own, id) && !ask.actor().is_application());
    match own {
        Some(own) => show(ask, own).await,
        None if may_see_all => show(ask, &ask.principal(id, PrincipalKind::User).await?).await,
        None => Err(Refusal::Scope),
    }
}

/// `GET /users`: those who are not disabled, by name.
pub async fn list(ask: &Ask) -> Answer {
    let wanted = wanted::wanted(&ask.query, &wanted::OF_USERS)?;
    let pages = Pages::of(ask, format!("users {wanted:?}")).await?;
    let found = ask.hall.vault.list_users(&wanted, &pages.slice).await?;
    let view = ask.view().await?;
    let show = |person: &Arc<Person>| view.selected(&wire::User::from(&**person)).map(Value::Object);
    let value = found.entries.iter().map(show).collect::<Outcome<_>>()?;
    let listed = Listed { context: view.context("users"), value, next: found.next, total: found.total };
    Ok(reply::json(StatusCode::OK, &pages.page(ask, listed)?))
}

fn is_named(person: &Person, text: &str) -> bool {
    [&person.graph_id.to_string(), &person.login, &person.email].iter().any(|own| own.eq_ignore_ascii_case(text))
}

async fn show(ask: &Ask, person: &Person) -> Answer {
    let user = ask.view().await?.single("users/$entity", &wire::User::from(person))?;
    Ok(reply::json(StatusCode::OK, &user))
}
