//! Groups and who is in them (spec/graph.md 11). Which groups somebody may know is the vault's question.

use axum::http::StatusCode;
use serde_json::Value;

use super::{
    Ask,
    address::{Owner, Subject},
    auth::SEE_USERS,
    error::{Answer, Refusal},
    ids,
    pages::{Listed, Pages},
    reply, wanted, wire,
};
use crate::domain::{
    directory,
    error::{Error, Missing, Result as Outcome},
};

/// `GET /groups`.
pub async fn list(ask: &Ask) -> Answer {
    let wanted = wanted::wanted(&ask.query, &wanted::OF_GROUPS)?;
    let pages = Pages::of(ask, format!("groups {wanted:?}")).await?;
    let found = ask.hall.vault.list_groups(ask.actor(), &wanted, &pages.slice).await?;
    let view = ask.view().await?;
    let show = |group: &_| view.selected(&wire::Group::from(group)).map(Value::Object);
    let value = found.entries.iter().map(show).collect::<Outcome<_>>()?;
    let listed = Listed { context: view.context("groups"), value, next: found.next, total: found.total };
    Ok(reply::json(StatusCode::OK, &pages.page(ask, listed)?))
}

/// `GET /groups/{id}`.
pub async fn get(ask: &Ask) -> Answer {
    let group = group(ask).await?;
    Ok(reply::json(StatusCode::OK, &ask.view().await?.single("groups/$entity", &wire::Group::from(&group))?))
}

/// `GET /groups/{id}/members`. Of members whom the token may not see by themselves, only that they are there is told.
pub async fn members(ask: &Ask) -> Answer {
    wanted::unfiltered(&ask.query)?;
    let group = group(ask).await?;
    let pages = Pages::in_any_order(ask, format!("members {}", group.graph_id)).await?;
    let found = ask.hall.vault.list_members(&group, &pages.slice).await?;
    let (view, may_see) = (ask.view().await?, ask.caller.has_one_of(&SEE_USERS));
    let show = |person: &_| view.selected(&wire::Member::new(person, may_see)).map(Value::Object);
    let value = found.entries.iter().map(|person| show(&**person)).collect::<Outcome<_>>()?;
    let listed = Listed { context: view.context("directoryObjects"), value, next: found.next, total: found.total };
    Ok(reply::json(StatusCode::OK, &pages.page(ask, listed)?))
}

/// The group of the address.
async fn group(ask: &Ask) -> Result<directory::Group, Refusal> {
    let Subject::Owner(Owner::Group(text)) = &ask.address.subject else { return Err(Refusal::NoCall) };
    let id = ids::guid(text).ok_or(Error::Missing(Missing::Principal))?;
    Ok(ask.hall.vault.group(ask.actor(), id).await?)
}
