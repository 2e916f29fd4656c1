//! The service itself (spec/graph.md 11).

use super::{
    Ask,
    error::{Answer, Refusal},
};

/// Section 11.
#[expect(clippy::unused_async, reason = "not built yet")]
pub async fn organization(_ask: &Ask) -> Answer {
    Err(Refusal::NotBuilt)
}

/// Section 11.
#[expect(clippy::unused_async, reason = "not built yet")]
pub async fn metadata(_ask: &Ask) -> Answer {
    Err(Refusal::NotBuilt)
}
