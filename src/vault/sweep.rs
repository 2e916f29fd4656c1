//! Sweeping: bytes that nothing names, rescued drafts nobody came for, and what has expired. Safe beside any number of nodes and uploads.

use chrono::{DateTime, Utc};
use futures_util::TryStreamExt;

use super::Vault;
use crate::{
    domain::{
        content::BlobKey,
        error::{Error, Result},
    },
    store,
};

/// What a sweep took away.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Swept {
    /// Rescued drafts.
    pub drafts: u64,
    /// Contents that nothing named any more.
    pub contents: u64,
    /// Blobs without a row: what uploads left that came to nothing.
    pub orphans: u64,
    /// Uploads in fragments that ended by themselves, or long ago.
    pub uploads: u64,
    /// Temporary files that expired.
    pub temporary: u64,
}

/// So many rows or blobs are looked at together.
const BATCH: usize = 500;

/// Dead sessions are kept so long: administrators ask who was there (spec/arena.md 10.4).
const SESSIONS_KEPT: chrono::TimeDelta = chrono::TimeDelta::days(90);

/// What signing in left behind is kept for so long: what comes a second time is to be known.
const GRANTS_KEPT: chrono::TimeDelta = chrono::TimeDelta::days(1);

impl Vault {
    /// Takes away what is older than its grace period or has expired: drafts and temporary files first, then contents nothing
    /// names, then blobs without a row.
    pub async fn sweep(&self) -> Result<Swept> {
        let mut swept = Swept::default();
        // before any draft is forgotten; what lapses under one policy is not left to be settled under another
        self.settle().await?;
        let now = {
            let mut db = self.connection().await?;
            let now = match self.0.clock.instead() {
                Some(now) => now,
                None => store::contents::now(&mut db).await?,
            };
            let (instead, rescued) = (self.0.clock.instead(), now - self.0.settings.rescued_drafts);
            swept.drafts = store::drafts::forget(&mut db, instead, rescued, self.settles()).await?;
            let passwords = &self.0.settings.passwords;
            let counts = passwords.lockout.max(passwords.wrong_code_window);
            store::auth::sweep(&mut db, now - counts, now - SESSIONS_KEPT).await?;
            store::grants::sweep(&mut db, now - GRANTS_KEPT).await?;
            store::subscriptions::sweep(&mut db, now).await?;
            swept.temporary = store::temporary::sweep(&mut db, now).await?;
            now
        };
        swept.uploads = self.sweep_uploads(now).await?;
        self.tend_copies(now).await?;
        let before = now - self.0.settings.sweep_grace;
        loop {
            let blobs = {
                let mut db = self.connection().await?;
                store::contents::sweep(&mut db, before, i64::try_from(BATCH).unwrap_or(i64::MAX)).await?
            };
            swept.contents += blobs.len() as u64;
            for key in blobs.iter().flatten().filter_map(|blob| blob.parse().ok()) {
                self.0.content.delete(key).await.map_err(Error::broken)?;
            }
            if blobs.len() < BATCH {
                break;
            }
        }
        swept.orphans = self.sweep_orphans().await?;
        Ok(swept)
    }

    /// Uploads that have ended, with the bytes they brought that became nothing.
    async fn sweep_uploads(&self, now: DateTime<Utc>) -> Result<u64> {
        let mut gone = 0;
        loop {
            let dead = {
                let mut db = self.connection().await?;
                store::uploads::expired(&mut db, now, i64::try_from(BATCH).unwrap_or(i64::MAX)).await?
            };
            for upload in &dead {
                gone += u64::from(self.remove_upload(*upload).await?);
            }
            if dead.len() < BATCH {
                return Ok(gone);
            }
        }
    }

    /// Ages of blobs are told by the content store's own clock, which is this node's for a local folder.
    async fn sweep_orphans(&self) -> Result<u64> {
        let mut gone = 0;
        let before = self.now() - self.0.settings.sweep_grace;
        self.0.content.remove_leftovers(before).await.map_err(Error::broken)?;
        let mut old = self.0.content.blobs_older_than(before);
        loop {
            let mut batch: Vec<BlobKey> = Vec::with_capacity(BATCH);
            while batch.len() < BATCH {
                match old.try_next().await.map_err(Error::broken)? {
                    Some(blob) => batch.push(blob.key),
                    None => break,
                }
            }
            if batch.is_empty() {
                return Ok(gone);
            }
            let names: Vec<String> = batch.iter().map(ToString::to_string).collect();
            let known = {
                let mut db = self.connection().await?;
                store::contents::known(&mut db, &names).await?
            };
            for (key, name) in batch.into_iter().zip(names) {
                if !known.contains(&name) {
                    self.0.content.delete(key).await.map_err(Error::broken)?;
                    gone += 1;
                }
            }
        }
    }
}
