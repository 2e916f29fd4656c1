//! Check-outs that have ended by themselves, where their room has them checked in (spec/liferay.md 11.8). Whoever looks first
//! settles: publishes what the holder left, and looks again. So nobody who looks finds the file free without it, and nothing is
//! written beside it. With the rights that the holder has by then: what they may not check in any more, and what cannot be
//! published, is cancelled instead, and the working copy is kept as a rescued one.
//!
//! Who looks at one file waits for whoever is about to change it. Lists, the feed and the background wait for nobody: what they
//! cannot have now is shown as it is, and settled later.

use std::{
    panic::AssertUnwindSafe,
    time::{Duration, Instant},
};

use chrono::{DateTime, Utc};
use futures_util::FutureExt;
use quick_cache::sync::Cache;

use super::{
    Vault,
    giving::Giving,
    publish::{Aim, Given, Writing, author, is_content_gone},
};
use crate::{
    domain::{
        actor::{Actor, Dialect},
        edition::{Metadata, Publish},
        error::{Error, Missing, Result},
        event::Verb,
        id::{ItemId, ItemKey},
        item::{Item, Kind, OnConflict},
        lock::Lapse,
        name::ItemName,
        page::{Order, Window},
        permission::Action,
        version::Step,
    },
    store::{
        self,
        editions::{Binding, Life},
        items::{Among, ItemRow},
        locks::Patience,
    },
};

/// So many are looked for together.
const BATCH: i64 = 100;
/// So many at most are settled for a list: the rest is shown as it is.
const FOR_A_LIST: usize = 100;
/// What failed through a fault of ours is said, and tried by who does not ask for that very file, once in so long.
const HINDERED: Duration = Duration::from_mins(1);

/// What a node knows of its own settling.
pub(super) struct Settling {
    /// One at a time, lest many requests go through the same.
    turn: tokio::sync::Mutex<()>,
    /// Check-outs, by file and fence, that failed a moment ago.
    hindered: Cache<(ItemId, i64), Instant>,
}

impl Default for Settling {
    fn default() -> Self {
        Self { turn: tokio::sync::Mutex::default(), hindered: Cache::new(20_000) }
    }
}

impl Settling {
    /// Leaves a check-out alone for a while; answers whether that is new.
    fn hinder(&self, file: ItemId, fence: i64) -> bool {
        let is_news = !self.is_hindered(file, fence);
        if is_news {
            self.hindered.insert((file, fence), Instant::now());
        }
        is_news
    }

    fn is_hindered(&self, file: ItemId, fence: i64) -> bool {
        self.hindered.get(&(file, fence)).is_some_and(|since| since.elapsed() < HINDERED)
    }
}

/// Where a lapse stands among all of them.
type Place = (DateTime<Utc>, ItemId);

impl Vault {
    /// The room whose lapsed check-outs are checked in, if there is one: for the statements that must not pass over them.
    pub(super) fn settles(&self) -> Option<Dialect> {
        self.0.settings.lapse.checks_in()
    }

    /// Writes down for all nodes what becomes here of what lapses. `true`: it was something else, be it on a node that still
    /// runs. Then what the one cancels first the other does not check in.
    pub async fn declare_lapses(&self) -> Result<bool> {
        let mut db = self.connection().await?;
        Ok(again!(store::locks::set_policy(&mut db, self.settles()).await)?)
    }

    /// Whether a check-out of this file has lapsed and must be settled before anything else is done with the file.
    pub(super) fn is_left_behind(&self, row: &ItemRow) -> bool {
        row.lapsed && row.dialect.is_some() && row.dialect == self.settles()
    }

    /// Settles all that has lapsed, also where nobody looks; nothing where it is cancelled anyway, and while this node is at
    /// it already. Any number of nodes may do so at once.
    pub async fn settle_lapses(&self) -> Result<()> {
        let Ok(_turn) = self.0.settling.turn.try_lock() else { return Ok(()) };
        let mut after = None;
        loop {
            after = self.settle_batch(after).await?;
            if after.is_none() {
                return Ok(());
            }
        }
    }

    /// The same for one batch: no request goes through all that may have lapsed.
    pub(super) async fn settle_some_lapses(&self) -> Result<()> {
        let Ok(_turn) = self.0.settling.turn.try_lock() else { return Ok(()) };
        self.settle_batch(None).await.map(drop)
    }

    /// Settles what lapsed after a place, and answers where there may be more. What cannot be settled keeps its place, and
    /// nothing behind it waiting.
    async fn settle_batch(&self, after: Option<Place>) -> Result<Option<Place>> {
        let Some(room) = self.settles() else { return Ok(None) };
        let rows = {
            let mut db = self.connection().await?;
            store::items::lapsed(&mut db, self.0.clock.instead(), room, after, BATCH).await?
        };
        let is_full = i64::try_from(rows.len()).is_ok_and(|found| found == BATCH);
        let last = rows.last().and_then(|row| Some((row.expires_at?, row.id)));
        for row in rows {
            if !self.is_hindered(&row) {
                Box::pin(self.settle_lapse(row, Patience::PassesOver)).await?;
            }
        }
        Ok(last.filter(|_| is_full))
    }

    fn is_hindered(&self, row: &ItemRow) -> bool {
        self.0.settling.is_hindered(row.id, row.fence.unwrap_or(0))
    }

    /// The rows as they are once what lapsed among them is settled. What cannot be had now stays as it is. Whoever read them
    /// has chosen by what they say of who sees them: one that says something else by now is left out.
    pub(super) async fn settled(&self, rows: Vec<ItemRow>) -> Result<Vec<ItemRow>> {
        let mut left = FOR_A_LIST;
        let mut settled = Vec::with_capacity(rows.len());
        for row in rows {
            if left == 0 || !self.is_left_behind(&row) || self.is_hindered(&row) {
                settled.push(row);
                continue;
            }
            left -= 1;
            if let Err(error) = self.settle_lapse(row.clone(), Patience::PassesOver).await {
                tracing::debug!(%error, "a check-out that ended is listed as it is");
            }
            let mut db = self.connection().await?;
            let again = store::items::by_key(&mut db, self.0.clock.instead(), &ItemKey::Id(row.id), false).await?;
            let again = again.filter(|again| shows_alike(again, &row));
            settled.extend(again.map(|again| ItemRow { total: row.total, ..again }));
        }
        Ok(settled)
    }

    /// Publishes what the holder of a lapsed check-out left, or cancels where that cannot be. Of many who do so at once one
    /// does it; the others find it done when they look again. `false`: it failed through a fault of ours, and waits for
    /// another try; the file can be read as it is. What is passed over has not failed.
    pub(super) async fn settle_lapse(&self, row: ItemRow, patience: Patience) -> Result<bool> {
        let Lapse::ChecksIn { comment, .. } = self.0.settings.lapse else { return Ok(true) };
        let (vault, file, fence) = (self.clone(), row.id, row.fence.unwrap_or(0));
        let settling = self.complete(async move {
            let refusal = match vault.check_in_for_holder(row, comment, patience).await {
                // an overload passes: it may well be published a moment later
                done @ (Ok(()) | Err(Error::Overloaded | Error::Broken(_))) => return done,
                Err(refusal) => refusal,
            };
            let mut db = vault.connection().await?;
            let now = vault.0.clock.instead();
            if again!(store::locks::let_lapse(&mut db, now, file, fence, patience).await)? {
                tracing::warn!(file = %file.0, fence, %refusal, "a check-out that ended is cancelled instead of checked in");
            }
            Ok(())
        });
        let fault = match AssertUnwindSafe(settling).catch_unwind().await {
            Ok(Ok(())) => return Ok(true),
            Ok(Err(Error::Overloaded)) => return Err(Error::Overloaded),
            Ok(Err(fault)) => fault,
            Err(_) => Error::broken("it panicked"),
        };
        if self.0.settling.hinder(file, fence) {
            let cause = std::error::Error::source(&fault).map(ToString::to_string);
            tracing::error!(file = %file.0, fence, error = %fault, cause, "a check-out that ended is not settled");
        }
        Ok(false)
    }

    /// A check-in as the holder would do it, by the state in which the check-out lapsed. Nothing is written where that has
    /// changed since, or is passed over.
    async fn check_in_for_holder(&self, row: ItemRow, comment: &str, patience: Patience) -> Result<()> {
        let (Some(holder), Some(room)) = (row.holder, row.dialect) else { return Ok(()) };
        let look = self.dress_as_is(vec![ItemRow { held: true, ..row }]).await?.pop();
        let look = look.ok_or(Error::Missing(Missing::Item))?;
        let holder = Actor::new(self.account(holder).await?.ok_or(Error::NoSession)?, room);
        let (file, permit) = (look.file()?, look.check(&holder, Action::CheckIn)?);
        if file.unpublished_by.is_some() {
            return Err(Error::Impossible("it was never checked in"));
        }
        let retitled = look.item.draft_of(holder.id()).and_then(|draft| look.item.retitled_by(draft));
        if let Some((title, _)) = retitled.filter(|(title, _)| *title != look.item.title)
            && Box::pin(self.is_title_taken(&holder, &look.item, title)).await?
        {
            return Err(Error::Impossible("its title is taken"));
        }
        let name = retitled.map(|(title, extension)| ItemName::of_title(title, extension)).transpose();
        let file_name = name.map_err(Error::BadName)?;
        let rename = file_name.as_ref().map(|_| OnConflict::Fail);
        let metadata = Metadata { file_name, ..Metadata::default() };
        let what = Given { metadata, comment: comment.to_owned(), how: Publish::New(Step::Major), rename };
        let (giving, act) = (Giving::once_more(None), self.act(&holder, Some(comment)));
        let aim = Aim { release: true, ..Aim::new(Verb::CheckIn, Action::CheckIn) };
        let life = Life::Lapsed(patience);
        let binding = Binding { revision: file.lock_revision, release: true, life, holder: None };
        let mut attempt = 0;
        loop {
            let plan = self.plan(&holder, &look, &what, &giving, &aim, attempt).await?;
            let by = author(&holder, &look);
            let (look, plan) = (&look, &plan);
            let writing =
                Writing { permit: &permit, look, plan, by, code: None, content: None, binding, aim: &aim, act: &act };
            let Err(error) = self.write(&writing).await? else { return Ok(()) };
            match store::violated(&error) {
                // as for everybody: only now are the labels asked for that somebody gave by hand
                Some("editions_label_key") if attempt == 0 => attempt = 1,
                Some("editions_label_key") => return Err(Error::LabelTaken(plan.edition.label.clone())),
                Some("items_name_key") => {
                    let name = plan.edition.item_name.as_ref();
                    return Err(Error::NameTaken(name.map_or_else(String::new, ToString::to_string)));
                }
                _ if is_content_gone(&error) => return Err(Error::Missing(Missing::Edition)),
                _ if store::is_final(&error) => {
                    tracing::error!(%error, "the database does not take what a holder left");
                    return Err(Error::Impossible("the database does not take it"));
                }
                _ => return Err(error.into()),
            }
        }
    }

    /// Whether another file of its folder has a title, as far as the holder may see them. They are taken as they stand: what
    /// has lapsed among them may want the title that this one has.
    async fn is_title_taken(&self, holder: &Actor, item: &Item, title: &str) -> Result<bool> {
        let Some(folder) = item.parent else { return Ok(false) };
        let among = Among {
            kind: Some(Kind::File),
            title: Some(title.to_owned()),
            hidden: self.hidden_categories(holder, &item.library).await?,
            no_private: holder.is_supplier(),
            caller: holder.id(),
            ..Among::default()
        };
        let window = Window { offset: 0, limit: 2, order: Order::Name };
        let mut db = self.connection().await?;
        let rows = store::items::children(&mut db, self.0.clock.instead(), folder, &among, window).await?;
        Ok(rows.iter().any(|row| row.id != item.id))
    }
}

/// Whether the rows of a file agree in what decides who sees it, and in where it lies.
fn shows_alike(again: &ItemRow, before: &ItemRow) -> bool {
    let decides = |row: &ItemRow| (row.library, row.parent, row.category, row.private, row.unpublished_by);
    decides(again) == decides(before) && again.ancestors == before.ancestors
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_settled_is_said_once_and_the_next_check_out_of_the_file_again() {
        let (settling, file) = (Settling::default(), ItemId::fresh());
        assert!(!settling.is_hindered(file, 1));
        assert_eq!([1, 1, 1, 2, 2].map(|fence| settling.hinder(file, fence)), [true, false, false, true, false]);
        assert!(settling.is_hindered(file, 1) && !settling.is_hindered(ItemId::fresh(), 1));
    }
}
