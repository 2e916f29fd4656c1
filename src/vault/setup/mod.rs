//! Setting up: what an operator does from outside every room, many things in one transaction. Each `put` makes what is not
//! there, changes what differs where that is safe, and takes nothing away, so that doing it again changes nothing.

mod links;
mod parts;
mod people;
mod rights;
mod tree;

use sqlx::{Postgres, Transaction};

use super::Vault;
use crate::{
    content::Staged,
    domain::{
        actor::Dialect,
        content::{BlobKey, Place},
        error::Result,
        id::PrincipalId,
    },
    store::{Act, PgConnection},
};

pub use links::LinkEntry;
pub use people::{SignInEntry, TokenEntry, UserEntry};
pub use rights::{CategoryEntry, LibraryEntry};
pub use tree::{EditionEntry, FileEntry};

/// What became of an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Done {
    /// It was not there and was made.
    Made,
    /// It was there and was changed.
    Changed,
    /// It was there just so.
    Found,
    /// It differs, but somebody holds its lock: it stays as it is.
    Held,
}

impl Done {
    fn changed_if(changed: bool) -> Self {
        if changed { Done::Changed } else { Done::Found }
    }

    /// With something else about the entry changed or not.
    #[must_use]
    pub fn and(self, changed: bool) -> Self {
        if self == Done::Found && changed { Done::Changed } else { self }
    }
}

/// One transaction of setting up. Dropped without [`Setup::commit`], nothing has happened.
pub struct Setup {
    vault: Vault,
    change: Transaction<'static, Postgres>,
    changed: bool,
    /// Bytes that rows of this transaction name, and under which blob.
    given: Vec<(Staged, Option<String>)>,
}

impl Vault {
    /// Begins to set up.
    pub async fn set_up(&self) -> Result<Setup> {
        let change = self.0.db.begin().await?;
        Ok(Setup { vault: self.clone(), change, changed: false, given: Vec::new() })
    }
}

impl Setup {
    /// Makes it all so; every node notices within a second.
    pub async fn commit(mut self) -> Result<()> {
        let epoch = if self.changed { Some(self.vault.start_epoch(&mut self.change).await?) } else { None };
        // Given up before the commit whose answer may get lost: an orphan is swept, a missing blob is missing for ever.
        let given: Vec<_> = self.given.into_iter().map(|(staged, blob)| (staged.keep(), blob)).collect();
        self.change.commit().await?;
        if let Some(epoch) = epoch {
            self.vault.enter(epoch);
        }
        for (content, named) in given {
            if let Place::Blob(key) = content.place
                && named != Some(key.to_string())
            {
                self.vault.remove_superfluous(key).await;
            }
        }
        Ok(())
    }

    fn db(&mut self) -> &mut PgConnection {
        &mut self.change
    }

    fn note(&mut self, done: Done) -> Done {
        self.changed |= matches!(done, Done::Made | Done::Changed);
        done
    }

    fn noted(&mut self, changed: bool) -> bool {
        self.changed |= changed;
        changed
    }

    fn act(&self, by: PrincipalId, comment: Option<&str>) -> Act {
        Act {
            actor: Some(by),
            dialect: Dialect::Console,
            request: None,
            now: self.vault.0.clock.instead(),
            comment: comment.map(str::to_owned),
        }
    }
}

impl Vault {
    async fn remove_superfluous(&self, key: BlobKey) {
        // what cannot be deleted now is swept later
        if let Err(error) = self.0.content.delete(key).await {
            tracing::warn!(%error, "a superfluous blob stays for the sweeper");
        }
    }
}
