//! The Graph room.

use axum::{
    Router,
    http::StatusCode,
    response::{IntoResponse, Response},
};

use super::{Hall, Refused, Room};
use crate::{domain::actor::Dialect, http::guard::Head};

/// The room as the house sees it.
pub const ROOM: Room = Room { dialect: Dialect::Graph, name: "graph", claims, router, refuse };

fn claims(_path: &str) -> bool {
    false
}

fn router() -> Router<Hall> {
    Router::new()
}

fn refuse(_head: &Head, _why: Refused) -> Response {
    StatusCode::NOT_FOUND.into_response()
}

/// What only this room needs.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The directory tenant that tokens and addresses name.
    pub tenant: uuid::Uuid,
    /// How long a pre-authenticated download URL works.
    pub download_url_lifetime: chrono::Duration,
}
