//! Following what happens below a folder (spec/graph.md 9.1): all that is there once, then only what has changed, without
//! ever missing a change, whoever makes how many at once.
//!
//! A reader first takes the place where the feed ends, and then lists. What moves in the tree meanwhile may be listed twice or
//! not at all; but whatever moves stands in the feed behind that place, and is told next.

use std::{collections::HashMap, sync::Arc};

use sha2::{Digest, Sha256};

use super::{Look, Vault};
use crate::{
    domain::{
        actor::Actor,
        error::Result,
        feed::{Change, Gone, Stretch, TreePlace},
        id::ItemId,
        item::Item,
        permission::Action,
    },
    store::{
        self,
        feed::{Ends, Sight},
    },
};

/// Events that are given their places in one statement.
const BATCH: i64 = 2000;
/// So many such statements at most for one request; the rest is left to the next one.
const BATCHES: usize = 200;
/// So often at most something more is looked at, each time twice as much, while there is nothing to tell: a follower of a
/// folder need not read an empty page for everything that happens elsewhere in the library.
const EMPTY: usize = 12;
/// Touched items that are looked at together at most.
const LOOKED_AT: i64 = 1000;

/// A folder with the eyes of somebody who follows it.
#[derive(Clone, Debug)]
pub struct Followed {
    sight: Sight,
    folder: Item,
}

impl Followed {
    /// What decides who sees what there, in short. Another one, and things have come or gone for this reader without anything
    /// having happened to them: it must begin anew.
    pub fn fingerprint(&self) -> [u8; 8] {
        let mut hidden: Vec<_> = self.sight.hidden.iter().map(|category| category.0).collect();
        hidden.sort_unstable();
        let mut digest = Sha256::new();
        digest.update([u8::from(self.sight.no_private)]);
        for category in hidden {
            digest.update(category.as_bytes());
        }
        digest.finalize().first_chunk().copied().unwrap_or_default()
    }

    /// Before everything that lies below the folder.
    pub fn start(&self) -> TreePlace {
        TreePlace::before(&self.sight.ancestors, self.folder.id)
    }

    /// The folder itself.
    pub fn folder(&self) -> &Item {
        &self.folder
    }
}

/// What was told of a stretch.
#[derive(Clone, Debug)]
pub struct Told {
    /// The changes; folders before what lies in them.
    pub changes: Vec<Change>,
    /// What is left of the stretch; `None`: it is through.
    pub rest: Option<Stretch>,
}

impl Vault {
    /// Gives everything that is committed its place in the feed, and answers how far that goes: whoever reads up to there has
    /// read all that had happened when it asked.
    pub async fn settle(&self) -> Result<Ends> {
        let now = self.0.clock.instead();
        let ends = {
            let mut db = self.connection().await?;
            store::feed::ends(&mut db, now).await?
        };
        if !ends.unsettled {
            return Ok(ends);
        }
        // a lapse that is left to be settled is nothing that happened: the feed waits for none
        if let Err(error) = Box::pin(self.settle_some_lapses()).await {
            tracing::debug!(%error, "what has lapsed is settled later");
        }
        for _ in 0..BATCHES {
            if !again!(self.settle_some().await)? {
                break;
            }
        }
        let mut db = self.connection().await?;
        Ok(store::feed::ends(&mut db, now).await?)
    }

    /// Whether there may be more.
    async fn settle_some(&self) -> sqlx::Result<bool> {
        let mut all = self.0.db.begin().await?;
        store::feed::hold(&mut all).await?;
        let (now, settles) = (self.0.clock.instead(), self.settles());
        let lapsed = store::feed::note_lapses(&mut all, now, settles, BATCH).await?;
        let numbered = store::feed::number(&mut all, BATCH).await?;
        all.commit().await?;
        Ok(numbered == BATCH || i64::try_from(lapsed).is_ok_and(|lapsed| lapsed == BATCH))
    }

    /// A folder that was looked at, to be followed by the caller.
    pub async fn follow(&self, actor: &Actor, folder: &Look) -> Result<Followed> {
        folder.folder()?;
        folder.check(actor, Action::View)?;
        let item = folder.item.clone();
        let sight = Sight {
            library: item.library.id,
            folder: item.id,
            ancestors: item.ancestors.iter().map(|above| ItemId(above.id)).collect(),
            hidden: self.hidden_categories(actor, &item.library).await?,
            no_private: actor.is_supplier(),
            caller: actor.id(),
        };
        Ok(Followed { sight, folder: Arc::unwrap_or_clone(item) })
    }

    /// What lies below a followed folder after a place, parents first: so many at most, and the place of the last.
    pub async fn below(
        &self,
        followed: &Followed,
        after: &TreePlace,
        limit: i64,
    ) -> Result<(Vec<Item>, Option<TreePlace>)> {
        let rows = {
            let mut db = self.connection().await?;
            store::feed::below(&mut db, self.0.clock.instead(), &followed.sight, after, limit).await?
        };
        let last = rows.last().map(|row| TreePlace::of(&row.ancestors, row.id));
        Ok((self.dress(rows).await?.into_iter().map(Look::into_item).collect(), last))
    }

    /// What has changed at and below a followed folder in a stretch of the feed: each item once, as it is now, so many at
    /// most.
    pub async fn changes(&self, actor: &Actor, followed: &Followed, mut stretch: Stretch, limit: i64) -> Result<Told> {
        let most = usize::try_from(limit).unwrap_or(0).max(1);
        let mut batch = limit.max(1);
        for _ in 0..EMPTY {
            let touched = {
                let mut db = self.connection().await?;
                store::feed::touched(&mut db, followed.sight.library, actor.id(), &stretch, batch).await?
            };
            let Some(last) = touched.last() else { return Ok(Told { changes: Vec::new(), rest: None }) };
            let mut is_through = touched.len() < usize::try_from(batch).unwrap_or(usize::MAX);
            let mut end = last.position;
            let items: Vec<ItemId> = touched.iter().map(|touched| touched.item).collect();
            let mut found = self.found_of(followed, &stretch, &items).await?;
            let mut told: Vec<(i64, usize, Change)> = Vec::new();
            for touched in &touched {
                let Some((depth, change)) = found.remove(&touched.item) else { continue };
                if told.len() == most {
                    // the rest of what was found is looked at again with the next page
                    end = told.last().map_or(end, |(position, ..)| *position);
                    is_through = false;
                    break;
                }
                told.push((touched.position, depth, change));
            }
            stretch.after = end;
            batch = batch.saturating_mul(2).min(LOOKED_AT);
            if is_through || !told.is_empty() {
                told.sort_by_key(|(_, depth, _)| *depth);
                let changes = told.into_iter().map(|(.., change)| change).collect();
                return Ok(Told { changes, rest: (!is_through).then_some(stretch) });
            }
        }
        Ok(Told { changes: Vec::new(), rest: Some(stretch) })
    }

    /// What there is to tell of these items, each with how deep it lies.
    async fn found_of(
        &self,
        followed: &Followed,
        stretch: &Stretch,
        items: &[ItemId],
    ) -> Result<HashMap<ItemId, (usize, Change)>> {
        let mut db = self.connection().await?;
        let rows = store::feed::shown(&mut db, self.0.clock.instead(), &followed.sight, items).await?;
        let there: Vec<ItemId> = rows.iter().map(|row| row.id).collect();
        let others: Vec<ItemId> = items.iter().filter(|item| !there.contains(item)).copied().collect();
        let gone = if others.is_empty() {
            Vec::new()
        } else {
            store::feed::gone(&mut db, &followed.sight, stretch, &others).await?
        };
        drop(db);
        let mut found = HashMap::with_capacity(items.len());
        for look in self.dress(rows).await? {
            let item = look.into_item();
            found.insert(item.id, (item.ancestors.len(), Change::Shown(Box::new(item))));
        }
        for row in gone {
            let gone = Gone { graph_id: row.graph_id, kind: row.kind, parent: row.parent };
            found.insert(row.id, (usize::MAX, Change::Gone(gone)));
        }
        Ok(found)
    }
}
