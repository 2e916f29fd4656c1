//! Who may: links, invitations, permissions (spec/graph.md 10.1 to 10.3).

use axum::body::Body;

use super::{
    Ask,
    error::{Answer, Refusal},
};

/// Section 10.1.
#[expect(clippy::unused_async, reason = "not built yet")]
pub async fn create_link(_ask: &Ask, _body: Body) -> Answer {
    Err(Refusal::NotBuilt)
}

/// Section 10.2.
#[expect(clippy::unused_async, reason = "not built yet")]
pub async fn invite(_ask: &Ask, _body: Body) -> Answer {
    Err(Refusal::NotBuilt)
}

/// Section 10.3.
#[expect(clippy::unused_async, reason = "not built yet")]
pub async fn list(_ask: &Ask) -> Answer {
    Err(Refusal::NotBuilt)
}

/// Section 10.3.
#[expect(clippy::unused_async, reason = "not built yet")]
pub async fn get(_ask: &Ask) -> Answer {
    Err(Refusal::NotBuilt)
}

/// Section 10.3.
#[expect(clippy::unused_async, reason = "not built yet")]
pub async fn update(_ask: &Ask, _body: Body) -> Answer {
    Err(Refusal::NotBuilt)
}

/// Section 10.3.
#[expect(clippy::unused_async, reason = "not built yet")]
pub async fn delete(_ask: &Ask) -> Answer {
    Err(Refusal::NotBuilt)
}
