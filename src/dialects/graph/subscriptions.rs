//! Subscriptions (spec/graph.md 13).

use axum::body::Body;

use super::{
    Ask,
    error::{Answer, Refusal},
};

/// Section 13.
#[expect(clippy::unused_async, reason = "not built yet")]
pub async fn create(_ask: &Ask, _body: Body) -> Answer {
    Err(Refusal::NotBuilt)
}

/// Section 13.
#[expect(clippy::unused_async, reason = "not built yet")]
pub async fn list(_ask: &Ask) -> Answer {
    Err(Refusal::NotBuilt)
}

/// Section 13.
#[expect(clippy::unused_async, reason = "not built yet")]
pub async fn get(_ask: &Ask) -> Answer {
    Err(Refusal::NotBuilt)
}

/// Section 13.
#[expect(clippy::unused_async, reason = "not built yet")]
pub async fn update(_ask: &Ask, _body: Body) -> Answer {
    Err(Refusal::NotBuilt)
}

/// Section 13.
#[expect(clippy::unused_async, reason = "not built yet")]
pub async fn delete(_ask: &Ask) -> Answer {
    Err(Refusal::NotBuilt)
}
