//! What must still be so for something that was shown to be shown again as it is: rooms keep it beside what they have rendered,
//! and ask before they show that once more. What it speaks of may be shown to the same caller alone.

use std::sync::{
    Arc,
    atomic::{AtomicI64, Ordering},
};

use sqlx::PgPool;
use tokio::runtime::Handle;

use super::{
    Look, Vault,
    combine::{Asked, Combiner, Turn},
    line::Line,
};
use crate::{
    domain::{
        error::Result,
        id::ItemId,
        item::{Item, Kind},
    },
    store::{self, PgConnection, feed::Quiet, items::State},
};

/// What must still be so.
#[derive(Clone, Debug)]
pub struct Proof {
    /// The epoch of rights it was seen under.
    epoch: i64,
    of: Of,
}

#[derive(Clone, Debug)]
enum Of {
    /// A file is as it was.
    File(State),
    /// Nothing has happened below a folder, nor to it, since a place in the feed; which moves on when nothing has.
    Folder(Quiet, Arc<AtomicI64>),
}

impl Asked for Quiet {
    /// Where the feed ended, if nothing has happened.
    type Answer = Option<i64>;
    type Key = ItemId;

    fn key(&self) -> ItemId {
        self.folder
    }

    fn goes_with(&self, _: &Self) -> bool {
        true
    }
}

/// What asks whether nothing has happened below folders, of all at once that are asked about at the same moment.
pub(super) fn stretches(apart: &Handle, turn: Turn, db: PgPool) -> Combiner<Quiet> {
    Combiner::over(Line::to(db), apart, turn, |mut db: PgConnection, stretches: Vec<Quiet>| async move {
        let quiet = store::feed::quiet(&mut db, &stretches).await?;
        Ok((db, quiet))
    })
}

/// The beginning of a proof, made before a folder is listed.
#[derive(Clone, Copy, Debug)]
pub struct Before {
    epoch: i64,
    place: i64,
}

impl Vault {
    /// Begins to listen for what happens while a folder is listed. `None`: nothing can be proven at the moment.
    pub async fn before_listing(&self) -> Result<Option<Before>> {
        let Some(epoch) = self.0.memory.files.epoch() else { return Ok(None) };
        let mut db = self.connection().await?;
        let ends = store::feed::ends(&mut db, self.0.clock.instead()).await?;
        Ok((!ends.unsettled).then_some(Before { epoch, place: ends.last }))
    }

    /// The epoch of rights at this moment: for who is about to say who asks.
    pub fn epoch(&self) -> Epoch {
        Epoch(self.0.memory.files.epoch())
    }

    /// Whether what was shown is still so. Where that cannot be told, it is not.
    pub async fn holds(&self, proof: &Proof) -> bool {
        let now = self.0.clock.instead();
        let of_now = || self.0.memory.files.epoch() == Some(proof.epoch);
        if !of_now() {
            return false;
        }
        let is_so = match &proof.of {
            Of::File(state) => self.0.states.ask(State { now, ..*state }).await.unwrap_or(false),
            Of::Folder(stretch, since) => {
                let asked = Quiet { since: since.load(Ordering::Relaxed), now, ..*stretch };
                let quiet = self.0.stretches.ask(asked).await.ok().flatten();
                if let Some(last) = quiet {
                    since.fetch_max(last, Ordering::Relaxed);
                }
                quiet.is_some()
            }
        };
        // it may have been long in coming
        is_so && of_now()
    }
}

/// An epoch of rights, if one is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Epoch(Option<i64>);

impl Proof {
    /// Whether it is of this epoch: what somebody was shown counts for them only if they were known to be who they are, with the
    /// rights they had, under the same one.
    pub fn is_of(&self, epoch: Epoch) -> bool {
        epoch.0 == Some(self.epoch)
    }
}

impl Look {
    /// What must still be so for this file to be shown as it is. `None` for a folder, and where time alone changes what is shown.
    pub fn proof(&self) -> Option<Proof> {
        let file = self.item.file.as_ref()?;
        if self.item.folder_lock.is_some() || self.left_behind || self.glance.is_some() {
            return None;
        }
        let state = State {
            item: self.item.id,
            revision: self.item.revision,
            lock_revision: file.lock_revision,
            tree: self.tree,
            now: None,
        };
        Some(Proof { epoch: self.epoch?, of: Of::File(state) })
    }

    /// What must still be so for these items of this folder to be shown as they are.
    pub fn proof_below(&self, before: Before, items: &[Item]) -> Option<Proof> {
        let ends = |item: &Item| {
            let own = item.lock().and_then(|lock| lock.expires_at);
            own.into_iter().chain(item.folder_lock.as_ref().and_then(|lock| lock.expires_at)).min()
        };
        let stretch = Quiet {
            library: self.item.library.id,
            folder: self.item.id,
            since: before.place,
            tree: self.tree,
            until: items.iter().filter_map(ends).min(),
            now: None,
        };
        let since = Arc::new(AtomicI64::new(before.place));
        (self.item.kind() == Kind::Folder).then_some(Proof { epoch: before.epoch, of: Of::Folder(stretch, since) })
    }
}
