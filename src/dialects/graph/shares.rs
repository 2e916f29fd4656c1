//! Sharing tokens (spec/graph.md 10.4).

use super::{
    Ask,
    error::{Answer, Refusal},
};

/// Section 10.4.
#[expect(clippy::unused_async, reason = "not built yet")]
pub async fn get(_ask: &Ask) -> Answer {
    Err(Refusal::NotBuilt)
}
