//! A connection that is kept open for who asks one thing after the other: the pool would ask it after each use whether it still
//! lives, which costs as much as a small question. Knows nothing of what is asked.

use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use sqlx::{Connection, Executor, PgConnection, PgPool};
use tokio::runtime::{Handle, Id};

/// A connection that was idle for so long is asked whether it lives before it is used.
const LONG_IDLE: Duration = Duration::from_secs(2);

/// A line to the database; one uses it at a time, others that come meanwhile get one of their own.
pub(super) struct Line {
    db: PgPool,
    /// By the runtime that it was opened in: what comes over it wakes that one, and another one only by a detour.
    kept: Mutex<HashMap<Id, (PgConnection, Instant)>>,
    /// What is said on each before it is used.
    settings: Option<&'static str>,
}

impl Line {
    /// To the database of this pool, opened when it is first used.
    pub(super) fn to(db: PgPool) -> Self {
        Self { db, kept: Mutex::default(), settings: None }
    }

    /// The same with a setting of its own.
    pub(super) fn with(db: PgPool, settings: &'static str) -> Self {
        Self { settings: Some(settings), ..Self::to(db) }
    }

    /// The kept connection if it lives, else a new one. One that is not given back is closed: nobody knows what it was doing.
    pub(super) async fn open(&self) -> sqlx::Result<PgConnection> {
        let kept = self.kept().remove(&Handle::current().id());
        if let Some((mut connection, used)) = kept
            && (used.elapsed() < LONG_IDLE || connection.ping().await.is_ok())
        {
            return Ok(connection);
        }
        // apart, so that those who find one do not carry it along
        Box::pin(self.connect()).await
    }

    async fn connect(&self) -> sqlx::Result<PgConnection> {
        if self.db.is_closed() {
            return Err(sqlx::Error::PoolClosed);
        }
        let options = self.db.connect_options();
        let connecting = async {
            let mut connection = PgConnection::connect_with(&options).await?;
            // What is asked here takes lists of any length. One plan does for all of them; planning each time for the very list
            // would cost more than asking.
            connection.execute("SET plan_cache_mode = force_generic_plan").await?;
            // It is made once, perhaps while the tables are small, and must do for large ones: never one that reads a table whole.
            connection.execute("SET enable_seqscan = off").await?;
            // Nor one that goes through an index from end to end beside a list, which looks cheap while the table is small.
            connection.execute("SET enable_mergejoin = off").await?;
            // what is avoided like that counts as beyond all cost, and would be compiled anew each time
            connection.execute("SET jit = off").await?;
            if let Some(settings) = self.settings {
                connection.execute(settings).await?;
            }
            Ok(connection)
        };
        // as long as others wait for one of the pool's
        let patience = self.db.options().get_acquire_timeout();
        tokio::time::timeout(patience, connecting).await.map_err(|_| sqlx::Error::PoolTimedOut)?
    }

    /// Keeps a connection for the next one, if what it was used for came to an end.
    pub(super) fn give_back(&self, connection: PgConnection) {
        self.kept().insert(Handle::current().id(), (connection, Instant::now()));
    }

    fn kept(&self) -> MutexGuard<'_, HashMap<Id, (PgConnection, Instant)>> {
        // nothing that is done under it can stop half way
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
