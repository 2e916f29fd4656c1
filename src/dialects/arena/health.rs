//! Whether the database answers (spec/arena.md 3.5). Nobody has to log in for it, and it counts for no workspace.

use std::time::Duration;

use axum::{
    extract::State,
    http::{
        StatusCode,
        header::{CACHE_CONTROL, CONTENT_TYPE},
    },
    response::{IntoResponse, Response},
};

use super::super::Hall;

/// How long the database may take to answer.
const PATIENCE: Duration = Duration::from_secs(2);

/// `GET /SYSTEM/dbtest`.
pub async fn database(State(hall): State<Hall>) -> Response {
    let (status, word) = match tokio::time::timeout(PATIENCE, hall.vault.ask_database()).await {
        Ok(Ok(())) => (StatusCode::OK, "success"),
        Ok(Err(error)) => {
            tracing::warn!(error = &error as &dyn std::error::Error, "the database does not answer as it should");
            (StatusCode::BAD_REQUEST, "failure")
        }
        Err(_) => {
            tracing::warn!(after = ?PATIENCE, "the database does not answer");
            (StatusCode::BAD_REQUEST, "failure")
        }
    };
    (status, [(CONTENT_TYPE, "text/plain"), (CACHE_CONTROL, "no-store")], word).into_response()
}
