//! Searching (spec/graph.md 9.2).

use super::{
    Ask,
    error::{Answer, Refusal},
};

/// Section 9.2.
#[expect(clippy::unused_async, reason = "not built yet")]
pub async fn search(_ask: &Ask) -> Answer {
    Err(Refusal::NotBuilt)
}
