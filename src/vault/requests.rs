//! Requests that a workspace has left (Arena's): counted before they are answered.

use chrono::{DateTime, Utc};

use super::Vault;
use crate::{
    domain::{error::Result, library::Library},
    store,
};

/// Requests of a workspace.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Requests {
    /// A day's.
    pub limit: i64,
    /// Left after this one.
    pub remaining: i64,
    /// Whether this one was within the limit.
    pub admitted: bool,
    /// When the count starts anew: the next midnight in Los Angeles.
    pub reset: DateTime<Utc>,
}

impl Vault {
    /// Counts a request of a workspace; exact under any number of nodes.
    pub async fn count_request(&self, library: &Library) -> Result<Requests> {
        let limit = library.arena_request_limit;
        let mut db = self.connection().await?;
        let counted = store::requests::count(&mut db, library.id, limit, self.0.clock.instead()).await?;
        Ok(Requests::new(limit, counted))
    }

    /// What a workspace has left, without counting.
    pub async fn requests_left(&self, library: &Library) -> Result<Requests> {
        let limit = library.arena_request_limit;
        let mut db = self.connection().await?;
        let counted = store::requests::used(&mut db, library.id, limit, self.0.clock.instead()).await?;
        Ok(Requests::new(limit, counted))
    }
}

impl Requests {
    fn new(limit: i64, counted: store::requests::Counted) -> Self {
        let remaining = (limit - counted.used).max(0);
        Self { limit, remaining, admitted: counted.admitted, reset: counted.reset }
    }
}
