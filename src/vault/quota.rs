//! How much a library may hold: asked once for all rooms, in the transaction that writes. What is written in a library
//! without a quota pays nothing for this.

use chrono::{DateTime, Utc};

use super::Vault;
use crate::{
    domain::{
        error::{Error, Result},
        id::LibraryId,
        library::Library,
    },
    store,
};

/// A turn of writing in a library. Under a quota there is one at a time, so that of two writes that would fill the same
/// room one is refused; it ends with its transaction.
pub(super) struct Turn(Option<Measured>);

struct Measured {
    library: LibraryId,
    quota: i64,
    /// What the library held when the turn began.
    before: i64,
}

impl Turn {
    /// Takes a turn. First in a transaction, so that nobody waits for us who holds what we wait for.
    pub async fn take(db: &mut store::PgConnection, library: &Library) -> sqlx::Result<Self> {
        if library.quota_bytes.is_none() {
            return Ok(Self(None));
        }
        let id = library.id;
        let Some(quota) = store::libraries::take_turn(db, id).await? else { return Ok(Self(None)) };
        let before = store::libraries::used_bytes(db, id, false).await?;
        Ok(Self(Some(Measured { library: id, quota, before })))
    }

    /// Whether what it held when the turn began leaves room for what is kept beside its files for a while. That takes no room
    /// from files, but has no more than they leave.
    pub async fn fits_beside(&self, db: &mut store::PgConnection, now: DateTime<Utc>) -> sqlx::Result<bool> {
        let Some(Measured { library, quota, before }) = &self.0 else { return Ok(true) };
        let kept = store::temporary::used_bytes(db, now, *library).await?;
        Ok(kept.saturating_add(*before) <= *quota)
    }

    /// Whether the library may hold what it holds now. One that holds too much already may not hold more.
    pub async fn fits(&self, db: &mut store::PgConnection) -> sqlx::Result<bool> {
        let Some(Measured { library, quota, before }) = &self.0 else { return Ok(true) };
        let after = store::libraries::used_bytes(db, *library, false).await?;
        Ok(after <= *quota || after <= *before)
    }
}

impl Vault {
    /// Refuses so many more bytes where a library has a quota that they go beyond. A first answer, before any byte has come;
    /// the write asks again.
    pub(super) async fn has_room(&self, library: &Library, more: u64) -> Result<()> {
        let Some(quota) = library.quota_bytes else { return Ok(()) };
        let mut db = self.connection().await?;
        let used = store::libraries::used_bytes(&mut db, library.id, false).await?;
        let room = quota.saturating_sub(used).max(0).unsigned_abs();
        if more > room { Err(Error::QuotaReached) } else { Ok(()) }
    }
}
