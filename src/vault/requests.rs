//! Requests that a workspace has left (Arena's): counted before they are answered, those together that come at the same
//! moment.

use chrono::{DateTime, Utc};
use sqlx::PgPool;
use tokio::runtime::Handle;

use super::{
    Vault,
    combine::{Asked, Combiner, Turn},
    line::Line,
    locks::ATTEMPTS,
};
use crate::{
    domain::{
        clock::Clock,
        error::{Error, Result},
        id::LibraryId,
        library::Library,
    },
    store::{
        self, PgConnection,
        requests::{Counted, Request},
    },
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

impl Asked for Request {
    type Answer = Option<Counted>;
    type Key = LibraryId;

    fn key(&self) -> LibraryId {
        self.library
    }

    /// Any number of one workspace are counted by the same statement; a limit that was just changed waits for the next one.
    fn goes_with(&self, earlier: &Self) -> bool {
        self.limit == earlier.limit
    }
}

/// What counts requests, those together that come at the same moment.
pub(super) fn counts(apart: &Handle, turn: Turn, db: PgPool, clock: Clock) -> Combiner<Request> {
    Combiner::over(Line::to(db), apart, turn, move |mut db: PgConnection, requests: Vec<Request>| {
        let clock = clock.clone();
        async move {
            let counted = again!(store::requests::count(&mut db, &requests, clock.instead()).await)?;
            Ok((db, counted))
        }
    })
}

impl Vault {
    /// Counts a request of a workspace; exact under any number of nodes.
    ///
    /// # Errors
    /// [`Error::Overloaded`] when too many wait to be counted.
    pub async fn count_request(&self, library: &Library) -> Result<Requests> {
        let limit = library.arena_request_limit;
        for _ in 0..ATTEMPTS {
            if let Some(counted) = self.0.counts.ask(Request { library: library.id, limit }).await? {
                return Ok(Requests::new(limit, counted));
            }
        }
        Err(Error::Overloaded)
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
    fn new(limit: i64, counted: Counted) -> Self {
        let remaining = (limit - counted.used).max(0);
        Self { limit, remaining, admitted: counted.admitted, reset: counted.reset }
    }
}
