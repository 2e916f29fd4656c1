//! The trash: seeing what lies in it, taking it out, deleting it for good. Whose trash a deletion goes to is settled by the
//! owner of what was deleted (spec/oracle.md 5.8), in somebody's own library by whose that is: it is nobody else's, not even
//! a manager's of the library.

use chrono::{DateTime, Utc};

use super::{Look, Vault, external::CODE_KEY, files::Tree, locks::ATTEMPTS, quota::Turn};
use crate::{
    domain::{
        actor::Actor,
        error::{Error, Missing, Result},
        id::{CategoryId, ItemId, ItemKey, LibraryId, PrincipalId},
        item::{Item, Kind, OnConflict},
        library::Library,
        name::ItemName,
        permission::{self, Action, Denial, Facts, Gate, Permit},
    },
    store::{
        self,
        trash::{Purged, TrashRow},
    },
};

/// So many are looked at together.
const BATCH: i64 = 200;

/// Where something that is taken out of the trash goes.
#[derive(Clone, Debug)]
pub struct Back {
    /// A folder of the same library; `None`: the one it was in.
    pub folder: Option<ItemId>,
    /// Another name than it had.
    pub name: Option<ItemName>,
    /// When the name is taken.
    pub on_conflict: OnConflict,
}

impl Default for Back {
    /// Where it was, under its name or the next free one.
    fn default() -> Self {
        Self { folder: None, name: None, on_conflict: OnConflict::RenameParentheses }
    }
}

const FOLDER_GONE: Error = Error::Impossible("the folder it was in is gone");

/// Something in the trash that was deleted by itself; what went along with it has no entry of its own.
#[derive(Clone, Debug)]
pub struct Trashed {
    /// Its id there, in Oracle's spelling.
    pub id: String,
    /// Since when.
    pub deleted_at: DateTime<Utc>,
    /// As it was.
    pub item: Item,
}

impl Vault {
    /// What was deleted, by whomever, of what the caller owns or has in their own library, newest first: as far as they
    /// could still see it where it was.
    pub async fn trash(&self, actor: &Actor, limit: i64) -> Result<Vec<Trashed>> {
        let owner = actor.id().ok_or(Error::NoSession)?;
        let wanted = usize::try_from(limit).unwrap_or(0);
        let mut found = Vec::new();
        let mut after = None;
        while found.len() < wanted {
            let page = self.trash_page(owner, after).await?;
            let Some((last, _)) = page.last() else { break };
            after = Some((last.deleted_at, last.item));
            let seen = page.into_iter().filter(|(_, look)| look.as_ref().is_some_and(|look| is_shown(actor, look)));
            found.extend(seen.filter_map(|(row, look)| {
                Some(Trashed { id: row.trash_id, deleted_at: row.deleted_at, item: look?.into_item() })
            }));
        }
        found.truncate(wanted);
        Ok(found)
    }

    /// Takes something out of the caller's trash, back to where it was, with all that went along. Under its name, or the
    /// next free one. What was deleted by itself before stays where it is.
    ///
    /// # Errors
    /// [`Missing::Item`], [`Error::Impossible`] when its folder is gone, and what the gates say of making it there.
    pub async fn restore(&self, actor: &Actor, trash_id: &str) -> Result<ItemId> {
        self.restore_to(actor, trash_id, Back::default()).await
    }

    /// The same to a place of the caller's choice in the library it was in.
    ///
    /// # Errors
    /// As [`Vault::restore`]; [`Error::NameTaken`] where no other name is to be chosen; [`Error::Impossible`] for a folder in
    /// another library.
    pub async fn restore_to(&self, actor: &Actor, trash_id: &str, back: Back) -> Result<ItemId> {
        let (vault, actor, trash_id) = (self.clone(), actor.clone(), trash_id.to_owned());
        self.complete(async move { vault.try_restore(&actor, &trash_id, &back).await }).await
    }

    async fn try_restore(&self, actor: &Actor, trash_id: &str, back: &Back) -> Result<ItemId> {
        let mut taken = 0;
        for _ in 0..ATTEMPTS {
            let (row, look) = self.trashed(actor, trash_id).await?;
            let item = &look.item;
            let parent = back.folder.or(item.parent).ok_or(FOLDER_GONE)?;
            let folder = match self.look(actor, &ItemKey::Id(parent)).await {
                Err(Error::Missing(Missing::Item)) => return Err(FOLDER_GONE),
                folder => folder?,
            };
            folder.folder()?;
            if folder.item.library.id != item.library.id {
                return Err(FOLDER_GONE);
            }
            let permit = may_be_made(actor, &look, &folder)?;
            let closed = self.closed(actor, item, Action::Create).await?;
            let name = back.name.clone().map_or_else(|| ItemName::parse(&item.name), Ok)?;
            let name = self.free_name(parent, &name, item.kind(), back.on_conflict, taken).await?;
            let act = self.act(actor, None);
            match again!(self.take_out(&permit, &folder.item.library, &row, &closed, &name, &act).await) {
                Ok(Out::Done) => return Ok(item.id),
                // somebody else was faster, or the folder has gone: what is there now says which
                Ok(Out::Changed) => {}
                Ok(Out::Refused(gate)) => return Err(Error::Denied(Denial { gate, action: Action::Create })),
                Ok(Out::NoRoom) => return Err(Error::QuotaReached),
                // another file got its code at this very moment: it comes back without
                Err(error) if store::violated(&error) == Some(CODE_KEY) => {}
                Err(error) if store::violated(&error) == Some("items_name_key") => {
                    if matches!(back.on_conflict, OnConflict::Fail | OnConflict::AddEdition) {
                        return Err(Error::NameTaken(name.as_str().to_owned()));
                    }
                    taken += 1;
                }
                Err(error) => return Err(error.into()),
            }
        }
        Err(Error::Overloaded)
    }

    async fn take_out(
        &self,
        permit: &Permit,
        library: &Library,
        row: &TrashRow,
        closed: &Closed,
        name: &ItemName,
        act: &store::Act,
    ) -> sqlx::Result<Out> {
        let mut all = self.0.db.begin().await?;
        store::folders::hold_trees(&mut all, &[library.id]).await?;
        let turn = Turn::take(&mut all, library).await?;
        if let Some(gate) = closed.gate(&mut all, row.item).await? {
            return Ok(Out::Refused(gate));
        }
        let done = store::trash::restore(&mut all, permit, library.id, row, name, act).await?;
        if done && !turn.fits(&mut all).await? {
            return Ok(Out::NoRoom);
        }
        all.commit().await?;
        Ok(if done { Out::Done } else { Out::Changed })
    }

    /// Deletes something in the caller's trash for good, with all that went along. What was deleted by itself before stays
    /// in its owner's trash, and cannot be restored any more.
    ///
    /// # Errors
    /// [`Missing::Item`], and what the gates say of deleting it where it was.
    pub async fn purge(&self, actor: &Actor, trash_id: &str) -> Result<()> {
        let (vault, actor, trash_id) = (self.clone(), actor.clone(), trash_id.to_owned());
        self.complete(async move {
            let (row, look) = vault.trashed(&actor, &trash_id).await?;
            vault.purge_one(&actor, &row, &look).await
        })
        .await
    }

    /// Deletes all of the caller's trash for good, one by one; answers how many. What the caller may not delete stays, and
    /// is refused when the rest is gone.
    pub async fn empty_trash(&self, actor: &Actor) -> Result<u64> {
        let owner = actor.id().ok_or(Error::NoSession)?;
        let (vault, actor) = (self.clone(), actor.clone());
        self.complete(async move {
            let (mut gone, mut refused, mut after) = (0, None, None);
            loop {
                let page = vault.trash_page(owner, after).await?;
                let Some((last, _)) = page.last() else { break };
                // what is deleted meanwhile is newer than that, and stays
                after = Some((last.deleted_at, last.item));
                for (row, look) in page {
                    let Some(look) = look.filter(|look| is_shown(&actor, look)) else { continue };
                    match vault.purge_one(&actor, &row, &look).await {
                        Ok(()) => gone += 1,
                        // taken out or deleted by somebody else in between
                        Err(Error::Missing(_)) => {}
                        Err(refusal @ Error::Denied(_)) => refused = refused.or(Some(refusal)),
                        Err(other) => return Err(other),
                    }
                }
            }
            refused.map_or(Ok(gone), Err)
        })
        .await
    }

    async fn purge_one(&self, actor: &Actor, row: &TrashRow, look: &Look) -> Result<()> {
        let permit = look.check(actor, Action::Delete)?;
        let closed = self.closed(actor, &look.item, Action::Delete).await?;
        let act = self.act(actor, None);
        match again!(self.try_purge(&permit, look.item.library.id, row, &closed, &act).await)? {
            Out::Done => Ok(()),
            Out::Changed => Err(Error::Missing(Missing::Item)),
            Out::Refused(gate) => Err(Error::Denied(Denial { gate, action: Action::Delete })),
            Out::NoRoom => Err(Error::QuotaReached),
        }
    }

    async fn try_purge(
        &self,
        permit: &Permit,
        library: LibraryId,
        row: &TrashRow,
        closed: &Closed,
        act: &store::Act,
    ) -> sqlx::Result<Out> {
        let mut all = self.0.db.begin().await?;
        store::folders::hold_trees(&mut all, &[library]).await?;
        if let Some(gate) = closed.gate(&mut all, row.item).await? {
            return Ok(Out::Refused(gate));
        }
        let Some(purged) = store::trash::purge(&mut all, permit, library, row, act).await? else {
            return Ok(Out::Changed);
        };
        self.commit_purge(all, purged).await?;
        Ok(Out::Done)
    }

    /// A page of somebody's trash, each as it was; `None`: it was taken out a moment ago.
    async fn trash_page(
        &self,
        owner: PrincipalId,
        after: Option<(DateTime<Utc>, ItemId)>,
    ) -> Result<Vec<(TrashRow, Option<Look>)>> {
        let (rows, items) = {
            let mut db = self.connection().await?;
            let rows = store::trash::of_owner(&mut db, owner, after, BATCH).await?;
            let ids: Vec<ItemId> = rows.iter().map(|row| row.item).collect();
            (rows, store::items::in_trash(&mut db, self.0.clock.instead(), &ids).await?)
        };
        let looks = self.dress(items).await?;
        let mut looks: std::collections::HashMap<ItemId, Look> =
            looks.into_iter().map(|look| (look.item.id, look)).collect();
        Ok(rows
            .into_iter()
            .map(|row| {
                let look = looks.remove(&row.item);
                (row, look)
            })
            .collect())
    }

    /// What the caller has in the trash that has this id of Graph's.
    ///
    /// # Errors
    /// [`Missing::Item`], also for what is not deleted, and for what went along with something else.
    pub async fn trashed_item(&self, actor: &Actor, graph_id: &str) -> Result<Trashed> {
        let owner = actor.id().ok_or(Error::NoSession)?;
        let row = {
            let mut db = self.connection().await?;
            store::trash::by_graph_id(&mut db, owner, graph_id).await?
        };
        self.trashed_as(actor, row).await
    }

    /// What the caller has in the trash that has this number of Liferay's.
    ///
    /// # Errors
    /// As [`Vault::trashed_item`].
    pub async fn trashed_number(&self, actor: &Actor, number: i64) -> Result<Trashed> {
        let owner = actor.id().ok_or(Error::NoSession)?;
        let row = {
            let mut db = self.connection().await?;
            store::trash::by_number(&mut db, owner, number).await?
        };
        self.trashed_as(actor, row).await
    }

    async fn trashed_as(&self, actor: &Actor, row: Option<TrashRow>) -> Result<Trashed> {
        let row = row.ok_or(Error::Missing(Missing::Item))?;
        let (row, look) = self.trashed(actor, &row.trash_id).await?;
        Ok(Trashed { id: row.trash_id, deleted_at: row.deleted_at, item: look.into_item() })
    }

    /// Deletes an item that was looked at, past the trash and for good, a folder with all below it; ends the caller's own
    /// locks there. What was deleted by itself before stays in its owner's trash, and cannot be restored any more.
    ///
    /// # Errors
    /// As [`Vault::delete`].
    pub async fn delete_for_good(&self, actor: &Actor, look: &Look) -> Result<()> {
        let (vault, actor, look) = (self.clone(), actor.clone(), look.clone());
        self.complete(async move { vault.try_delete_for_good(&actor, look).await }).await
    }

    async fn try_delete_for_good(&self, actor: &Actor, mut look: Look) -> Result<()> {
        for _ in 0..ATTEMPTS {
            let permit = look.check(actor, Action::Delete)?;
            if look.item.is_root() {
                return Err(Error::Impossible("a root folder"));
            }
            look.check_named_fence(actor)?;
            let closed = self.categories_closed_to(actor, &look.item.library, Action::Delete).await?;
            let trash_id = match look.item.kind() {
                Kind::File => self.0.fresh.oracle_file()?,
                Kind::Folder => self.0.fresh.oracle_folder()?,
            };
            // it is in the trash for no longer than the transaction takes
            let row = TrashRow { item: look.item.id, trash_id, deleted_at: self.now() };
            let tree = again!(self.delete_at_once(actor, &permit, &look, &closed, &row).await)?;
            if self.outcome(actor, tree, &closed, Action::Delete).await? {
                return Ok(());
            }
            look = self.look_again(actor, &look).await?;
        }
        Err(Error::Overloaded)
    }

    async fn delete_at_once(
        &self,
        actor: &Actor,
        permit: &Permit,
        look: &Look,
        closed: &[(CategoryId, Gate)],
        row: &TrashRow,
    ) -> sqlx::Result<Tree> {
        let item = &look.item;
        let (library, act) = (item.library.id, self.act(actor, None));
        let mut all = self.0.db.begin().await?;
        store::folders::hold_trees(&mut all, &[library]).await?;
        let deleted = match look.seen(actor) {
            Some(seen) => {
                let deleted =
                    store::files::delete(&mut all, permit, library, seen, self.settles(), &row.trash_id, &act).await?;
                if !deleted && store::parts::has_file(&mut all, item.id).await? {
                    return Ok(Tree::Associated);
                }
                deleted
            }
            None => {
                if let Some(no) = self.stands_in_the_way(&mut all, item.id, closed, actor).await? {
                    return Ok(no);
                }
                if store::parts::has_file_below(&mut all, item.id).await? {
                    return Ok(Tree::Associated);
                }
                store::folders::delete(&mut all, permit, library, item.revision, &row.trash_id, &act).await?
            }
        };
        if !deleted {
            return Ok(Tree::Changed);
        }
        let Some(purged) = store::trash::purge(&mut all, permit, library, row, &act).await? else {
            return Ok(Tree::Changed);
        };
        self.commit_purge(all, purged).await?;
        Ok(Tree::Done)
    }

    /// Roles are remembered with whom they were given to: where some are gone, nobody remembers them any more.
    async fn commit_purge(&self, mut all: sqlx::PgTransaction<'_>, purged: Purged) -> sqlx::Result<()> {
        let epoch = if purged.roles { Some(self.start_epoch(&mut all).await?) } else { None };
        all.commit().await?;
        if let Some(epoch) = epoch {
            self.enter(epoch);
        }
        Ok(())
    }

    /// What the caller has in the trash under this id.
    async fn trashed(&self, actor: &Actor, trash_id: &str) -> Result<(TrashRow, Look)> {
        let owner = actor.id().ok_or(Error::NoSession)?;
        let gone = || Error::Missing(Missing::Item);
        let (row, item) = {
            let mut db = self.connection().await?;
            let row = store::trash::by_trash_id(&mut db, owner, trash_id).await?.ok_or_else(gone)?;
            let items = store::items::in_trash(&mut db, self.0.clock.instead(), &[row.item]).await?;
            (row, items.into_iter().next().ok_or_else(gone)?)
        };
        let look = self.dress_one(item).await?;
        match look.check(actor, Action::View) {
            Ok(_) => Ok((row, look)),
            // it is not in the list either
            Err(Error::Missing(_)) => Err(gone()),
            Err(no) => Err(no),
        }
    }

    /// What keeps the caller from doing something to all that went along with an item.
    async fn closed(&self, actor: &Actor, item: &Item, action: Action) -> Result<Closed> {
        let categories = self.categories_closed_to(actor, &item.library, action).await?;
        Ok(Closed { categories, private: actor.is_supplier() })
    }
}

/// Whether the caller would see it if it still were where it was.
fn is_shown(actor: &Actor, look: &Look) -> bool {
    look.check(actor, Action::View).is_ok()
}

/// May they make it in the folder it was in? Its own category decides, as for a new one.
fn may_be_made(actor: &Actor, look: &Look, folder: &Look) -> Result<Permit> {
    let was = look.facts();
    let facts = Facts { categories: was.categories, private: was.private, ..folder.facts() };
    permission::check(actor, Action::Create, &facts).map_err(Error::Denied)
}

/// How taking something out, or deleting it for good, ended; only [`Out::Done`] has changed anything.
enum Out {
    Done,
    /// It is not as it was looked at.
    Changed,
    /// Something that went along is not for the caller.
    Refused(Gate),
    /// The library may not hold so much.
    NoRoom,
}

/// Files that are not for the caller, whatever the role.
struct Closed {
    categories: Vec<(CategoryId, Gate)>,
    /// Private ones, to suppliers.
    private: bool,
}

impl Closed {
    /// The gate that something closes which went into the trash with this.
    async fn gate(&self, all: &mut store::PgConnection, root: ItemId) -> sqlx::Result<Option<Gate>> {
        let categories: Vec<CategoryId> = self.categories.iter().map(|(category, _)| *category).collect();
        if !categories.is_empty()
            && let Some(found) = store::trash::category_of(all, root, &categories).await?
        {
            let gate = self.categories.iter().find(|(category, _)| *category == found).map(|(_, gate)| *gate);
            return Ok(Some(gate.unwrap_or(Gate::Category)));
        }
        let private = self.private && store::trash::has_private(all, root).await?;
        Ok(private.then_some(Gate::Visible))
    }
}
