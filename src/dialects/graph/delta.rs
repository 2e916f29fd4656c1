//! The change feed (spec/graph.md 9.1).

use super::{
    Ask,
    error::{Answer, Refusal},
};

/// Section 9.1.
#[expect(clippy::unused_async, reason = "not built yet")]
pub async fn list(_ask: &Ask) -> Answer {
    Err(Refusal::NotBuilt)
}
