//! The users of the workspace (spec/arena.md 10.3).

use axum::{
    Json,
    extract::{RawQuery, State},
    response::{IntoResponse, Response},
};

use super::{
    super::Hall,
    auth::Caller,
    error::{Asked, Error, What},
    files::Named,
    ids::Guid,
    search,
    wire::{List, Member},
};
use crate::domain::error::{Error as Refusal, Missing};

/// `GET /settings/users`: those that fit, by full name.
pub async fn list(State(hall): State<Hall>, caller: Caller, RawQuery(query): RawQuery) -> Result<Response, Error> {
    let (query, window) = search::users(query.as_deref())?;
    let (actor, library) = (&caller.actor, &caller.library);
    let users = hall.vault.library_users(actor, library, &query, window.limit, window.offset).await;
    let users = Asked::nothing(What::Call).answer(users)?;
    Ok(Json(List::of(users.iter().map(Member::from).collect())).into_response())
}

/// `GET /settings/users/{guid}`.
pub async fn show(State(hall): State<Hall>, caller: Caller, Named(guid): Named) -> Result<Response, Error> {
    let asked = Asked::about(What::Show, guid.as_str());
    let guid = asked.answer(Guid::parse(&guid).ok_or(Refusal::Missing(Missing::Principal)))?;
    let user = asked.answer(hall.vault.library_user(&caller.actor, &caller.library, guid.as_str()).await)?;
    Ok(Json(Member::from(&user)).into_response())
}
