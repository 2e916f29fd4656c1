//! Check-outs that have ended by themselves, where their room has them checked in (spec/liferay.md 11.8). Whoever looks first
//! settles: publishes what the holder left, and looks again. So nobody who looks finds the file free without it, and nothing is
//! written beside it. With the rights that the holder has by then: what they may not check in any more, and what cannot be
//! published, is cancelled instead, and the working copy is kept as a rescued one.

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
        id::ItemKey,
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
    },
};

/// So many are looked for together, and so often at most in one go.
const BATCH: i64 = 100;
const BATCHES: usize = 100;

impl Vault {
    /// The room whose lapsed check-outs are checked in, if there is one: for the statements that must not pass over them.
    pub(super) fn settles(&self) -> Option<Dialect> {
        self.0.settings.lapse.checks_in()
    }

    /// Whether a check-out of this file has lapsed and must be settled before anything else is done with the file.
    pub(super) fn is_left_behind(&self, row: &ItemRow) -> bool {
        row.lapsed && row.dialect.is_some() && row.dialect == self.settles()
    }

    /// Settles all that has lapsed, also where nobody looks; nothing where it is cancelled anyway. Any number of nodes may do
    /// so at once.
    pub async fn settle_lapses(&self) -> Result<()> {
        let Some(room) = self.settles() else { return Ok(()) };
        for _ in 0..BATCHES {
            let rows = {
                let mut db = self.connection().await?;
                store::items::lapsed(&mut db, self.0.clock.instead(), room, BATCH).await?
            };
            let mut goes_on = i64::try_from(rows.len()).is_ok_and(|found| found == BATCH);
            for row in rows {
                // one that fails keeps none of the others waiting
                goes_on &= Box::pin(self.settle_lapse(row)).await?;
            }
            if !goes_on {
                break;
            }
        }
        Ok(())
    }

    /// The rows as they are once what lapsed among them is settled.
    pub(super) async fn settled(&self, rows: Vec<ItemRow>) -> Result<Vec<ItemRow>> {
        let mut settled = Vec::with_capacity(rows.len());
        for row in rows {
            if !self.is_left_behind(&row) {
                settled.push(row);
                continue;
            }
            let (key, total) = (ItemKey::Id(row.id), row.total);
            self.settle_lapse(row).await?;
            let mut db = self.connection().await?;
            let again = store::items::by_key(&mut db, self.0.clock.instead(), &key, false).await?;
            settled.extend(again.map(|again| ItemRow { total, ..again }));
        }
        Ok(settled)
    }

    /// Publishes what the holder of a lapsed check-out left, or cancels where that cannot be. Of many who do so at once one
    /// does it; the others find it done when they look again. `false`: it failed through a fault of ours, and waits for
    /// another try; the file can be read as it is.
    pub(super) async fn settle_lapse(&self, row: ItemRow) -> Result<bool> {
        let Lapse::ChecksIn { comment, .. } = self.0.settings.lapse else { return Ok(true) };
        let vault = self.clone();
        self.complete(async move {
            let (file, fence) = (row.id, row.fence.unwrap_or(0));
            let refusal = match vault.check_in_for_holder(row, comment).await {
                Ok(()) => return Ok(true),
                // it may well be published a moment later
                Err(Error::Overloaded) => return Err(Error::Overloaded),
                Err(error @ Error::Broken(_)) => {
                    let cause = std::error::Error::source(&error).map(ToString::to_string);
                    tracing::error!(file = %file.0, fence, %error, cause, "a check-out that ended is not settled");
                    return Ok(false);
                }
                Err(refusal) => refusal,
            };
            let mut db = vault.connection().await?;
            if again!(store::locks::let_lapse(&mut db, vault.0.clock.instead(), file, fence).await)? {
                tracing::warn!(file = %file.0, fence, %refusal, "a check-out that ended is cancelled instead of checked in");
            }
            Ok(true)
        })
        .await
    }

    /// A check-in as the holder would do it, by the state in which the check-out lapsed. Nothing is written where that has
    /// changed since.
    async fn check_in_for_holder(&self, row: ItemRow, comment: &str) -> Result<()> {
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
        let binding = Binding { revision: file.lock_revision, release: true, life: Life::Lapsed, holder: None };
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
