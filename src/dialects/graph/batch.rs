//! Several requests in one (spec/graph.md 9.4).

use axum::body::Body;

use super::{
    Ask,
    error::{Answer, Refusal},
};

/// Section 9.4.
#[expect(clippy::unused_async, reason = "not built yet")]
pub async fn run(_ask: &Ask, _body: Body) -> Answer {
    Err(Refusal::NotBuilt)
}
