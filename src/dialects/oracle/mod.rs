//! The Oracle room.

use axum::{
    Router,
    http::StatusCode,
    response::{IntoResponse, Response},
};

use super::{Hall, Refused, Room};
use crate::{domain::actor::Dialect, http::guard::Head};

/// The room as the house sees it.
pub const ROOM: Room = Room { dialect: Dialect::Oracle, name: "oracle", claims, router, refuse };

fn claims(_path: &str) -> bool {
    false
}

fn router() -> Router<Hall> {
    Router::new()
}

fn refuse(_head: &Head, _why: Refused) -> Response {
    StatusCode::NOT_FOUND.into_response()
}
