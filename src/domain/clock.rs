//! Whose time counts. Never reads a clock itself: the database's is the one that decides.

use std::sync::{
    Arc,
    atomic::{AtomicI64, Ordering},
};

use chrono::{DateTime, Utc};

/// The database's own time, or one that stands still until it is moved (tests and the harness).
#[derive(Clone, Debug, Default)]
pub enum Clock {
    /// `now()` of the database, so that a node whose clock is off changes no decision.
    #[default]
    Database,
    /// A moment in microseconds since the epoch, shared by all who hold this clock.
    Virtual(Arc<AtomicI64>),
}

impl Clock {
    /// A clock that stands at `moment`.
    pub fn standing_at(moment: DateTime<Utc>) -> Self {
        Clock::Virtual(Arc::new(AtomicI64::new(moment.timestamp_micros())))
    }

    /// The moment to use in place of the database's, if there is one.
    pub fn instead(&self) -> Option<DateTime<Utc>> {
        match self {
            Clock::Database => None,
            Clock::Virtual(micros) => DateTime::from_timestamp_micros(micros.load(Ordering::SeqCst)),
        }
    }

    /// Moves a virtual clock on; the database's cannot be moved.
    pub fn advance(&self, by: chrono::Duration) {
        if let Clock::Virtual(micros) = self {
            micros.fetch_add(by.num_microseconds().unwrap_or(0), Ordering::SeqCst);
        }
    }
}
