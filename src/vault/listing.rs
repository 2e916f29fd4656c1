//! A folder page by page while it changes, as far as the caller may see it.

use super::{Look, Vault};
use crate::{
    domain::{
        actor::Actor,
        error::Result,
        item::Item,
        listing::{Filter, Last, Slice, Sort, SortBy, SortKey},
        name,
        permission::Action,
    },
    store::{self, items::ItemRow, listing::Sight},
};

impl Vault {
    /// The items of a folder that was looked at, after the last one of the page before; so many at most.
    pub async fn list_folder(
        &self,
        actor: &Actor,
        folder: &Look,
        filter: &Filter,
        sort: Sort,
        last: Option<&Last>,
        limit: i64,
    ) -> Result<Slice<Item>> {
        let sight = self.sight(actor, folder).await?;
        if filter.nothing || limit <= 0 {
            return Ok(Slice { items: Vec::new(), last: None });
        }
        let mut rows = {
            let mut db = self.connection().await?;
            // one more tells whether there is another page
            let most = limit.saturating_add(1);
            store::listing::page(&mut db, self.0.clock.instead(), &sight, filter, sort, last, most).await?
        };
        let shown = usize::try_from(limit).unwrap_or(usize::MAX);
        let more = rows.len() > shown;
        rows.truncate(shown);
        let last = rows.last().filter(|_| more).map(|row| Last { key: sort_key(row, sort.by), item: row.id });
        Ok(Slice { items: self.dress(rows).await?.into_iter().map(Look::into_item).collect(), last })
    }

    /// How many items of a folder that was looked at there are for the caller.
    pub async fn count_folder(&self, actor: &Actor, folder: &Look, filter: &Filter) -> Result<i64> {
        let sight = self.sight(actor, folder).await?;
        if filter.nothing {
            return Ok(0);
        }
        let mut db = self.connection().await?;
        Ok(store::listing::count(&mut db, &sight, filter).await?)
    }

    async fn sight(&self, actor: &Actor, folder: &Look) -> Result<Sight> {
        folder.folder()?;
        folder.check(actor, Action::View)?;
        Ok(Sight {
            folder: folder.item.id,
            hidden: self.hidden_categories(actor, &folder.item.library).await?,
            no_private: actor.is_supplier(),
            caller: actor.id(),
        })
    }
}

/// What the store has sorted a row by.
fn sort_key(row: &ItemRow, by: SortBy) -> SortKey {
    match by {
        SortBy::Name => SortKey::Name(name::key(&row.name)),
        SortBy::Size => SortKey::Size(row.size.unwrap_or(0)),
        SortBy::Modified => SortKey::Modified(row.modified_at),
    }
}
