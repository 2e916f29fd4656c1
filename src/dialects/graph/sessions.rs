//! Upload sessions (spec/graph.md 8).

use axum::body::Body;

use super::{
    Ask,
    error::{Answer, Refusal},
};

/// Section 8.
#[expect(clippy::unused_async, reason = "not built yet")]
pub async fn create(_ask: &Ask, _body: Body) -> Answer {
    Err(Refusal::NotBuilt)
}
