//! The editions of a file: listed, and deleted one by one (spec/arena.md 8.4, 8.8).

use axum::{
    Json,
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Response},
};

use super::{
    super::Hall,
    auth::Caller,
    error::{Error, What},
    files::{Named, Sight},
    wire::{File, List},
};

/// `GET /files/{guid}/editions`: all of them, newest first; `limit` and `offset` are tolerated.
pub async fn list(State(hall): State<Hall>, caller: Caller, Named(guid): Named) -> Result<Response, Error> {
    let Sight { look, asked, .. } = Sight::of(&hall.vault, &caller, What::Show, &guid).await?;
    let editions = asked.answer(hall.vault.editions(&caller.actor, &look).await)?;
    let files = editions.iter().map(|edition| File::full(look.item(), edition)).collect();
    Ok(Json(List::of(files)).into_response())
}

/// `DELETE /files/{guid}`: the latest edition; with the only one the file (8.8).
pub async fn delete(State(hall): State<Hall>, caller: Caller, Named(guid): Named) -> Result<StatusCode, Error> {
    let Sight { look, edition, asked } = Sight::of(&hall.vault, &caller, What::Delete, &guid).await?;
    asked.answer(hall.vault.delete_edition(&caller.actor, &look, edition.id).await)?;
    Ok(StatusCode::NO_CONTENT)
}
