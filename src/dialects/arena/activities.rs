//! What was done lately, for administrators (spec/arena.md 10.4).

use axum::{
    Json,
    extract::{RawQuery, State},
    response::{IntoResponse, Response},
};

use super::{
    super::Hall,
    auth::Caller,
    error::{Asked, Error, What},
    search,
    wire::{FileAccess, List, UserAccess},
};

/// `GET /settings/recentactivities/fileaccesses`: who checked out what, and what became of it; newest first.
pub async fn file_accesses(
    State(hall): State<Hall>,
    caller: Caller,
    RawQuery(query): RawQuery,
) -> Result<Response, Error> {
    let period = search::period(query.as_deref())?;
    let accesses = hall.vault.file_accesses(&caller.actor, &caller.library, &period).await;
    let accesses = Asked::nothing(What::Call).answer(accesses)?;
    let entries = accesses.iter().map(|(access, by)| FileAccess::of(access, by.as_deref()));
    Ok(Json(List::of(entries.collect())).into_response())
}

/// `GET /settings/recentactivities/useraccesses`: who logged in and out; newest first.
pub async fn user_accesses(
    State(hall): State<Hall>,
    caller: Caller,
    RawQuery(query): RawQuery,
) -> Result<Response, Error> {
    let period = search::period(query.as_deref())?;
    let accesses = hall.vault.user_accesses(&caller.actor, &caller.library, &period).await;
    let accesses = Asked::nothing(What::Call).answer(accesses)?;
    let entries = accesses.iter().map(|(access, by)| UserAccess::of(access, by.as_deref()));
    Ok(Json(List::of(entries.collect())).into_response())
}
