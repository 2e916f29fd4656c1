//! What is said of a file elsewhere, and what it is associated with (spec/arena.md 8.12 to 8.14): corrections, markups,
//! changes, quality processes, suppliers … None of these live here, so the lists are empty and no GUID names an entry.

use axum::{
    Json,
    extract::{FromRequestParts, Path, State},
    http::request::Parts,
    response::{IntoResponse, Response},
};

use super::{
    super::Hall,
    auth::Caller,
    error::{Asked, Error, What},
    files::{Named, Sight},
    wire::List,
};
use crate::domain::error::{Error as Refusal, Missing};

/// The two GUIDs of a path, as they are spelled: of a file, and of an association of it.
#[derive(Clone, Debug)]
pub struct NamedBoth(String, String);

impl FromRequestParts<Hall> for NamedBoth {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, hall: &Hall) -> Result<Self, Error> {
        let path = Path::<(String, String)>::from_request_parts(parts, hall).await;
        path.map(|Path((file, association))| NamedBoth(file, association)).map_err(|_| Error::Syntax)
    }
}

/// `GET /files/{guid}/corrections`, and every list like it: empty for a file that can be read.
pub async fn none(State(hall): State<Hall>, caller: Caller, Named(guid): Named) -> Result<Response, Error> {
    Sight::of(&hall.vault, &caller, What::Show, &guid).await?;
    Ok(Json(List::<()>::of(Vec::new())).into_response())
}

/// `GET /files/{guid}/requests/{guid}`, and every path like it: there is no such association.
pub async fn one(
    State(hall): State<Hall>,
    caller: Caller,
    NamedBoth(file, association): NamedBoth,
) -> Result<Response, Error> {
    Sight::of(&hall.vault, &caller, What::Show, &file).await?;
    Err(Asked::about(What::Show, association).refused(Refusal::Missing(Missing::Item)))
}
