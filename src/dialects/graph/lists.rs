//! Lists of items across a drive (spec/graph.md 7, 21 and 22).

use super::{
    Ask,
    error::{Answer, Refusal},
    sharing,
};

/// Section 7, 21.
#[expect(clippy::unused_async, reason = "not built yet")]
pub async fn recent(_ask: &Ask) -> Answer {
    Err(Refusal::NotBuilt)
}

/// `GET {root}/sharedWithMe`.
pub async fn shared_with_me(ask: &Ask) -> Answer {
    sharing::with_me(ask).await
}

/// Section 7, 22.
#[expect(clippy::unused_async, reason = "not built yet")]
pub async fn thumbnails(_ask: &Ask) -> Answer {
    Err(Refusal::NotBuilt)
}
