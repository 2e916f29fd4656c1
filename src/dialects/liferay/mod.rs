//! The Liferay room.

use axum::{
    Router,
    http::StatusCode,
    response::{IntoResponse, Response},
};

use super::{Hall, Refused, Room};
use crate::{domain::actor::Dialect, http::guard::Head};

/// The room as the house sees it.
pub const ROOM: Room = Room { dialect: Dialect::Liferay, name: "liferay", claims, router, refuse };

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
    /// The `Liferay-Portal` header of every answer.
    pub build: String,
    /// The number of the one company.
    pub company: i64,
    /// The longest and the usual life of a check-out.
    pub lock_limit: chrono::Duration,
    /// Whether wrong Basic credentials get 401 instead of the rights of a guest.
    pub force_basic: bool,
}
