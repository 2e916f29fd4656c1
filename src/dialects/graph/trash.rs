//! Deleting for good and restoring (spec/graph.md 7, 12 and 20).

use axum::body::Body;

use super::{
    Ask,
    error::{Answer, Refusal},
};

/// Section 7, 12.
#[expect(clippy::unused_async, reason = "not built yet")]
pub async fn permanent_delete(_ask: &Ask) -> Answer {
    Err(Refusal::NotBuilt)
}

/// Section 7, 20.
#[expect(clippy::unused_async, reason = "not built yet")]
pub async fn restore(_ask: &Ask, _body: Body) -> Answer {
    Err(Refusal::NotBuilt)
}
