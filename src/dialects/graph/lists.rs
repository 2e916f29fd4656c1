//! Lists of items across a drive (spec/graph.md 7, 21 and 22).

use super::{
    Ask,
    error::{Answer, Refusal},
};

/// Section 7, 21.
#[expect(clippy::unused_async, reason = "not built yet")]
pub async fn recent(_ask: &Ask) -> Answer {
    Err(Refusal::NotBuilt)
}

/// Section 7, 21.
#[expect(clippy::unused_async, reason = "not built yet")]
pub async fn shared_with_me(_ask: &Ask) -> Answer {
    Err(Refusal::NotBuilt)
}

/// Section 7, 22.
#[expect(clippy::unused_async, reason = "not built yet")]
pub async fn thumbnails(_ask: &Ask) -> Answer {
    Err(Refusal::NotBuilt)
}
