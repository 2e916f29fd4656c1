//! What a caller has to do with items: what they worked on last, what they follow. It shows to nobody else; what they do not
//! see any more is left out.

use super::{Look, Vault};
use crate::{
    domain::{
        actor::{Actor, Reach},
        error::{Error, Result},
        id::{CategoryId, PrincipalId},
        item::Item,
        library::Library,
        page::{Page, Window},
        permission,
    },
    store::{self, items::ItemRow, search::Scope},
};

/// Items of one user that are followed at most.
const MOST_FOLLOWED: i64 = 5000;
/// So much of what somebody did is looked through for what they worked on last.
const EVENTS: i64 = 2000;

/// Which of the two lists.
#[derive(Clone, Copy)]
enum Which {
    Recent,
    Followed,
}

impl Vault {
    /// The files the caller worked on last, the latest first: in one library, or wherever they lie. The order of the window
    /// does not count.
    pub async fn recent(&self, actor: &Actor, within: Option<&Library>, window: Window) -> Result<Page<Item>> {
        self.interesting(actor, Which::Recent, within, window).await
    }

    /// What the caller follows, what was followed last first; as in [`Vault::recent`].
    pub async fn followed(&self, actor: &Actor, within: Option<&Library>, window: Window) -> Result<Page<Item>> {
        self.interesting(actor, Which::Followed, within, window).await
    }

    /// The caller follows an item that was looked at. Whoever sees it may, and the lock is no matter.
    ///
    /// # Errors
    /// [`Error::Impossible`] for somebody who follows too many, and what the gates say.
    pub async fn follow_item(&self, actor: &Actor, look: &Look) -> Result<()> {
        let (whose, item) = (check_interest(actor, look)?, look.item.id);
        let vault = self.clone();
        let followed = self.complete(async move {
            let mut db = vault.connection().await?;
            let now = vault.0.clock.instead();
            Ok(again!(store::interest::follow(&mut db, whose, item, MOST_FOLLOWED, now).await)?)
        });
        if followed.await? { Ok(()) } else { Err(Error::Impossible("too many items are followed")) }
    }

    /// The caller follows it no more; who did not follow it is told the same.
    pub async fn unfollow_item(&self, actor: &Actor, look: &Look) -> Result<()> {
        let (whose, item) = (check_interest(actor, look)?, look.item.id);
        let vault = self.clone();
        self.complete(async move {
            let mut db = vault.connection().await?;
            Ok(again!(store::interest::unfollow(&mut db, whose, item).await)?)
        })
        .await
    }

    /// The caller follows an item no more that they need not see any longer, by Graph's ids of its drive and its own: what
    /// somebody follows counts until they say so, wherever it has gone. `false`: they did not follow it, or come with a
    /// credential that changes nothing.
    pub async fn unfollow_unseen(&self, actor: &Actor, drive: &str, item: &str) -> Result<bool> {
        let Some(whose) = actor.id().filter(|_| actor.ceiling.write != Reach::Nothing) else { return Ok(false) };
        let (vault, drive, item) = (self.clone(), drive.to_owned(), item.to_owned());
        self.complete(async move {
            let mut db = vault.connection().await?;
            Ok(again!(store::interest::unfollow_named(&mut db, whose, &drive, &item).await)?)
        })
        .await
    }

    async fn interesting(
        &self,
        actor: &Actor,
        which: Which,
        within: Option<&Library>,
        window: Window,
    ) -> Result<Page<Item>> {
        let Some(whose) = actor.id() else { return Err(Error::NoSession) };
        let scope = self.scope(actor, within).await?;
        let mut rows = self.interesting_rows(which, whose, &scope, within, window).await?;
        let total = match rows.first() {
            Some(row) => row.total,
            None if window.offset > 0 || window.limit == 0 => {
                // past the end, or nothing wanted: only the total is asked for
                let first = Window { offset: 0, limit: 1, ..window };
                let first = self.interesting_rows(which, whose, &scope, within, first).await?;
                first.first().map_or(0, |row| row.total)
            }
            None => 0,
        };
        rows.truncate(usize::try_from(window.limit).unwrap_or(usize::MAX));
        Ok(Page { items: self.dress(rows).await?.into_iter().map(Look::into_item).collect(), total })
    }

    async fn interesting_rows(
        &self,
        which: Which,
        whose: PrincipalId,
        scope: &Scope,
        within: Option<&Library>,
        window: Window,
    ) -> Result<Vec<ItemRow>> {
        let (now, library) = (self.0.clock.instead(), within.map(|library| library.id));
        let part = (window.limit, window.offset);
        let mut db = self.connection().await?;
        Ok(match which {
            Which::Recent => store::interest::recent(&mut db, now, whose, scope, library, EVENTS, part).await?,
            Which::Followed => store::interest::followed(&mut db, now, whose, scope, library, part).await?,
        })
    }

    /// All that the caller sees, or what of it lies in a library.
    async fn scope(&self, actor: &Actor, within: Option<&Library>) -> Result<Scope> {
        let libraries = match within {
            Some(library) => vec![library.clone()],
            None => self.libraries(actor).await?,
        };
        let seen = permission::seen(actor, &libraries);
        let mut scope = Scope {
            libraries: seen.libraries,
            roots: seen.roots,
            no_private: actor.is_supplier(),
            caller: actor.id(),
            ..Scope::default()
        };
        let of: [(&mut Vec<CategoryId>, bool); 2] = [(&mut scope.hidden_by_policy, true), (&mut scope.hidden, false)];
        for (hidden, required) in of {
            // what a category is to the caller, a library changes only by requiring policies
            if let Some(library) = libraries.iter().find(|library| library.policies_required == required) {
                *hidden = self.hidden_categories(actor, library).await?;
            }
        }
        Ok(scope)
    }
}

/// Who it is that keeps an eye on something.
fn check_interest(actor: &Actor, look: &Look) -> Result<PrincipalId> {
    look.check_own_words(actor)?;
    actor.id().ok_or(Error::NoSession)
}
