//! Copies and their monitors (spec/graph.md 9.3).

use axum::body::Body;

use super::{
    Ask,
    error::{Answer, Refusal},
};

/// Section 9.3.
#[expect(clippy::unused_async, reason = "not built yet")]
pub async fn copy(_ask: &Ask, _body: Body) -> Answer {
    Err(Refusal::NotBuilt)
}
