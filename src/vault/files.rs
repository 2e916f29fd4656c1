//! The tree: listing, searching, making folders; renaming, moving, describing, deleting.

use std::{collections::HashMap, sync::Arc};

use super::{
    Category, Look, Vault,
    external::{CODE_KEY, another, coded, taken},
    locks::ATTEMPTS,
};
use crate::{
    domain::{
        actor::{Actor, Level, Role},
        error::{Error, Missing, Result},
        external::ExternalCode,
        id::{CategoryId, ItemId, ItemKey, LibraryId, PrincipalId},
        item::{Change, ClientTimes, Item, Kind, OnConflict},
        library::Library,
        name::ItemName,
        page::{Page, Window},
        permission::{self, Action, Denial, Gate, Permit},
    },
    store::{
        self,
        drafts::Saved,
        files::{Changed, NewItem, Seen},
        items::{Among, FileQuery, ItemRow},
        locks::Patience,
    },
};

impl Vault {
    /// The items of a folder that was looked at, as far as the caller may see them.
    pub async fn children(&self, actor: &Actor, folder: &Look, mut among: Among, window: Window) -> Result<Page<Item>> {
        folder.folder()?;
        folder.check(actor, Action::View)?;
        among.hidden = self.hidden_categories(actor, &folder.item.library).await?;
        among.no_private = actor.is_supplier();
        among.caller = actor.id();
        let rows = {
            let mut db = self.connection().await?;
            let mut rows =
                store::items::children(&mut db, self.0.clock.instead(), folder.item.id, &among, window).await?;
            if rows.is_empty() && (window.offset > 0 || window.limit == 0) {
                // past the end, or nothing wanted: only the total is asked for
                let first = Window { offset: 0, limit: 1, ..window };
                rows = store::items::children(&mut db, self.0.clock.instead(), folder.item.id, &among, first).await?;
                let total = rows.first().map_or(0, |row| row.total);
                return Ok(Page { items: Vec::new(), total });
            }
            rows
        };
        let total = rows.first().map_or(0, |row| row.total);
        let items = self.dress(rows).await?.into_iter().map(Look::into_item).collect();
        Ok(Page { items, total })
    }

    /// The caller's home: the items of the own root folder, which was looked at, and the topmost folders elsewhere that
    /// the caller has a role on and the credential reaches.
    pub async fn home(&self, actor: &Actor, own: &Look, mut among: Among, window: Window) -> Result<Page<Item>> {
        let libraries = self.libraries(actor).await?;
        let seen = permission::seen(actor, &libraries);
        let entered = libraries.iter().filter(|library| seen.libraries.contains(&library.id));
        among.guests = entered.map(|library| library.root).chain(seen.roots).collect();
        self.children(actor, own, among, window).await
    }

    /// How many bytes the newest editions of all files below each of these folders come to; private ones are none of a
    /// supplier's.
    pub async fn folder_sizes(&self, actor: &Actor, folders: &[ItemId]) -> Result<HashMap<ItemId, i64>> {
        if folders.is_empty() {
            return Ok(HashMap::new());
        }
        let mut db = self.connection().await?;
        Ok(store::items::sizes_below(&mut db, folders, actor.is_supplier()).await?.into_iter().collect())
    }

    /// How many files and how many folders lie in each of these folders of a library, as far as the caller may see them. The
    /// folders were found for the caller; one that holds nothing is left out.
    pub async fn counts_in(
        &self,
        actor: &Actor,
        library: &Library,
        folders: &[ItemId],
    ) -> Result<HashMap<ItemId, (i64, i64)>> {
        if folders.is_empty() {
            return Ok(HashMap::new());
        }
        let among = Among {
            hidden: self.hidden_categories(actor, library).await?,
            no_private: actor.is_supplier(),
            caller: actor.id(),
            ..Among::default()
        };
        let mut db = self.connection().await?;
        Ok(store::items::counts_in(&mut db, folders, &among).await?.into_iter().collect())
    }

    /// The files of a library that fit a query, as far as the caller may see them; by file number.
    pub async fn search_files(
        &self,
        actor: &Actor,
        library: &Library,
        mut query: FileQuery,
        limit: i64,
        offset: i64,
    ) -> Result<Vec<Item>> {
        query.hidden = self.hidden_categories(actor, library).await?;
        query.no_private = actor.is_supplier();
        query.caller = actor.id();
        // the root folder's own category may be hidden: that hides no file of another one
        query.below = match self.role_in(actor, library) {
            // what a role, a policy or a category leaves out, the query does; a credential that reaches nothing lists nothing
            Some(_) => {
                reaches(actor, library)?;
                None
            }
            None => {
                let account = actor.account.as_ref();
                Some(account.map(|account| account.roles.keys().copied().collect()).unwrap_or_default())
            }
        };
        let rows = {
            let mut db = self.connection().await?;
            store::items::files(&mut db, self.0.clock.instead(), library.id, &query, limit, offset).await?
        };
        Ok(self.dress(rows).await?.into_iter().map(Look::into_item).collect())
    }

    /// The categories whose files the caller may read in a library, parents before children.
    pub async fn readable_categories(&self, actor: &Actor, library: &Library) -> Result<Vec<Arc<Category>>> {
        reaches(actor, library)?;
        let hidden = self.hidden_categories(actor, library).await?;
        Ok(self.all_categories().await?.into_iter().filter(|category| !hidden.contains(&category.row.id)).collect())
    }

    /// The categories whose files do not exist, or cannot be read, for the caller in a library: what a list leaves out.
    pub(super) async fn hidden_categories(&self, actor: &Actor, library: &Library) -> Result<Vec<CategoryId>> {
        let closed = self.categories_closed_to(actor, library, Action::View).await?;
        Ok(closed.into_iter().map(|(category, _)| category).collect())
    }

    /// The categories whose gate, or that of a policy on them, is closed for an action of the caller in a library.
    pub(super) async fn categories_closed_to(
        &self,
        actor: &Actor,
        library: &Library,
        action: Action,
    ) -> Result<Vec<(CategoryId, Gate)>> {
        let needs = action.needs();
        let least = if needs.writes { Level::Full } else { Level::Read };
        let categories = self.categories().await?;
        let closed = categories.values().filter_map(|category| {
            let facts = permission::Facts::of_root(library, &category.chain);
            let gate = if permission::level(actor, &facts) < least {
                Gate::Category
            } else if needs.rule.is_some_and(|rule| !permission::follows_policy(actor, rule, &facts)) {
                Gate::Policy
            } else {
                return None;
            };
            Some((category.row.id, gate))
        });
        Ok(closed.collect())
    }

    /// Makes a folder in the folder that was looked at.
    ///
    /// # Errors
    /// [`Error::NameTaken`], and what the gates say.
    pub async fn create_folder(
        &self,
        actor: &Actor,
        parent: &Look,
        name: &ItemName,
        description: &str,
        on_conflict: OnConflict,
        client_times: ClientTimes,
    ) -> Result<ItemId> {
        parent.folder()?;
        let mut permit = parent.check(actor, Action::Create)?;
        let (vault, actor, mut parent) = (self.clone(), actor.clone(), parent.clone());
        let (name, description) = (name.clone(), description.to_owned());
        self.complete(async move {
            for attempt in 0..ATTEMPTS {
                let author = actor.id().unwrap_or(parent.item.owner.id);
                let personal = parent.item.library.kind == crate::domain::library::LibraryKind::Personal;
                let folder = NewItem {
                    id: ItemId::fresh(),
                    name: vault.free_name(parent.item.id, &name, Kind::Folder, on_conflict, attempt).await?,
                    oracle_id: vault.0.fresh.oracle_folder()?,
                    graph_id: vault.0.fresh.graph_item()?,
                    category: parent.item.category.id,
                    owner: parent.item.library.owner.filter(|_| personal).unwrap_or(author),
                    author,
                    client_times,
                    unpublished_by: None,
                    external_code: None,
                };
                let act = vault.act(&actor, None);
                let mut db = vault.connection().await?;
                let library = parent.item.library.id;
                match again!(store::folders::create(&mut db, &permit, library, &folder, &description, &act).await) {
                    Ok(true) => return Ok(folder.id),
                    Ok(false) => {
                        drop(db);
                        parent = vault.moved(&actor, &parent).await?;
                        permit = parent.check(&actor, Action::Create)?;
                    }
                    Err(error) if store::violated(&error) == Some("items_name_key") => {
                        if matches!(on_conflict, OnConflict::Fail | OnConflict::AddEdition) {
                            return Err(Error::NameTaken(folder.name.as_str().to_owned()));
                        }
                    }
                    Err(error) => return Err(error.into()),
                }
            }
            Err(Error::NameTaken(name.as_str().to_owned()))
        })
        .await
    }

    /// Looks again at a folder in which nothing could be made: it may have been moved into another library.
    ///
    /// # Errors
    /// [`Missing::Item`] where it was not: then it is gone.
    pub(super) async fn moved(&self, actor: &Actor, folder: &Look) -> Result<Look> {
        let fresh = self.look(actor, &ItemKey::Id(folder.item.id)).await?;
        if fresh.item.library.id == folder.item.library.id {
            return Err(Error::Missing(Missing::Item));
        }
        Ok(fresh)
    }

    /// The items with these ids of Oracle's that the caller may see, in that order, each once; the others are left out.
    pub async fn items_of_oracle(&self, actor: &Actor, ids: &[String]) -> Result<Vec<Item>> {
        let rows = {
            let mut db = self.connection().await?;
            store::items::by_oracle_ids(&mut db, self.0.clock.instead(), ids, actor.is_supplier()).await?
        };
        let looks = self.dress(rows).await?;
        let seen = looks.into_iter().filter(|look| look.check(actor, Action::View).is_ok()).map(Look::into_item);
        let mut seen: Vec<Item> = seen.collect();
        seen.sort_by_key(|item| ids.iter().position(|id| *id == item.oracle_id));
        Ok(seen)
    }

    /// Renames, moves within the library, describes an item that was looked at; makes no edition. The times of the client's
    /// disk wait in the caller's working copy, where there is one.
    ///
    /// # Errors
    /// [`Error::Held`], for a folder that is moved also somebody else's lock below it, [`Error::NameTaken`],
    /// [`Error::CodeTaken`], [`Error::Impossible`] for a root folder, another library, a folder into itself, and what the
    /// gates say of the item and of the target folder.
    pub async fn update(&self, actor: &Actor, look: &Look, change: Change) -> Result<()> {
        let (vault, actor, look) = (self.clone(), actor.clone(), look.clone());
        self.complete(async move { vault.try_update(&actor, look, &change).await }).await
    }

    pub(super) async fn try_update(&self, actor: &Actor, mut look: Look, change: &Change) -> Result<()> {
        for _ in 0..ATTEMPTS {
            let permit = look.check(actor, what_changes(change))?;
            let item = &look.item;
            let Some(parent) = item.parent else { return Err(Error::Impossible("a root folder")) };
            look.check_named_fence(actor)?;
            if let Some(target) = change.parent.filter(|target| *target != parent) {
                let target = self.look(actor, &ItemKey::Id(target)).await?;
                target.folder()?;
                target.check(actor, Action::Create)?;
                let into_itself =
                    target.item.id == item.id || target.item.ancestors.iter().any(|above| above.id == item.id.0);
                if target.item.library.id != item.library.id || into_itself {
                    return Err(Error::Impossible("into another library or into itself"));
                }
            }
            if let Some(category) = change.category.filter(|category| *category != item.category.id) {
                self.check_category(actor, &item.library, category).await?;
            }
            let (now, later) = parted(actor, item, change);
            let changed = changed(item, parent, &now)?;
            let name = changed.name.clone();
            let act = self.act(actor, None);
            let done = match look.seen(actor) {
                Some(seen) => {
                    let changed = (!now.is_empty() || later.is_none()).then_some(&changed);
                    let code = another(now.external_code.as_ref(), item);
                    let (what, later) = ((changed, code), later.as_ref());
                    again!(self.update_file(&permit, item, seen, what, later, &act).await)
                }
                None => match again!(self.update_folder(&permit, item, &changed, &act).await) {
                    Ok(Tree::Held(held)) => match self.refuse_held(actor, *held).await? {
                        Some(refusal) => return Err(refusal),
                        None => Ok(false),
                    },
                    other => other.map(|tree| matches!(tree, Tree::Done)),
                },
            };
            match done {
                Ok(true) => return Ok(()),
                Ok(false) => look = self.look_again(actor, &look).await?,
                Err(error) if store::violated(&error) == Some("items_name_key") => {
                    return Err(Error::NameTaken(name.as_str().to_owned()));
                }
                Err(error) if store::violated(&error) == Some(CODE_KEY) => {
                    return Err(taken(&item.library, change.external_code.as_ref()));
                }
                Err(error) => return Err(error.into()),
            }
        }
        Err(Error::Overloaded)
    }

    /// `false` where the file is not as it was looked at.
    async fn update_file(
        &self,
        permit: &Permit,
        item: &Item,
        seen: Seen,
        (changed, code): (Option<&Changed>, Option<&ExternalCode>),
        later: Option<&Later>,
        act: &store::Act,
    ) -> sqlx::Result<bool> {
        let library = item.library.id;
        let mut all = self.0.db.begin().await?;
        if let Some(changed) = changed
            && !store::files::update(&mut all, permit, library, seen, changed, act).await?
        {
            return Ok(false);
        }
        coded(&mut all, item.id, code).await?;
        if !save_later(&mut all, permit, library, later, act).await? {
            return Ok(false);
        }
        all.commit().await?;
        Ok(true)
    }

    async fn update_folder(
        &self,
        permit: &Permit,
        item: &Item,
        changed: &Changed,
        act: &store::Act,
    ) -> sqlx::Result<Tree> {
        let mut all = self.0.db.begin().await?;
        store::folders::hold_trees(&mut all, &[item.library.id]).await?;
        if self.is_held_from(&mut all, item.id, permit.actor()).await? {
            return Ok(Tree::Changed);
        }
        if item.parent != Some(changed.parent)
            && let Some(held) = self.held_below(&mut all, item.id, permit.actor()).await?
        {
            return Ok(Tree::Held(Box::new(held)));
        }
        let done = store::folders::update(&mut all, permit, item.library.id, item.revision, changed, act).await?;
        all.commit().await?;
        Ok(if done { Tree::Done } else { Tree::Changed })
    }

    /// Something below a folder that somebody else than the caller holds; no lock is taken there until the transaction ends.
    pub(super) async fn held_below(
        &self,
        all: &mut store::PgConnection,
        folder: ItemId,
        caller: Option<PrincipalId>,
    ) -> sqlx::Result<Option<ItemRow>> {
        store::folders::hold_locks_below(all, folder).await?;
        store::items::held_below(all, self.0.clock.instead(), folder, caller, self.settles()).await
    }

    /// The refusal for such a thing, which the caller may not see. To be asked for when the transaction has given its connection
    /// back. `None`: a check-out that had lapsed, and is settled by now.
    pub(super) async fn refuse_held(&self, actor: &Actor, row: ItemRow) -> Result<Option<Error>> {
        if self.is_left_behind(&row) {
            Box::pin(self.settle_lapse(row, Patience::Waits)).await?;
            return Ok(None);
        }
        let held = self.dress_one(row).await?;
        Ok(held.item.deciding_lock().map(|lock| held.held_by_another(actor, lock)))
    }

    /// Puts an item that was looked at into the trash, a folder with all below it; ends the caller's own locks there.
    ///
    /// # Errors
    /// [`Error::Held`] for somebody else's lock on it or below it, [`Error::Associated`] for a file that belongs to a part
    /// and a folder above one, [`Error::Impossible`] for a root folder, and what the gates say.
    pub async fn delete(&self, actor: &Actor, look: &Look) -> Result<()> {
        let (vault, actor, look) = (self.clone(), actor.clone(), look.clone());
        self.complete(async move { vault.try_delete(&actor, look).await }).await
    }

    async fn try_delete(&self, actor: &Actor, mut look: Look) -> Result<()> {
        for _ in 0..ATTEMPTS {
            let permit = look.check(actor, Action::Delete)?;
            if look.item.is_root() {
                return Err(Error::Impossible("a root folder"));
            }
            look.check_named_fence(actor)?;
            let act = self.act(actor, None);
            let library = look.item.library.id;
            let done = match look.seen(actor) {
                Some(seen) => {
                    let mut db = self.connection().await?;
                    let trash = self.0.fresh.oracle_file()?;
                    let done = again!(
                        store::files::delete(&mut db, &permit, library, seen, self.settles(), &trash, &act).await
                    )?;
                    if !done && store::parts::has_file(&mut db, look.item.id).await? {
                        return Err(Error::Associated);
                    }
                    done
                }
                None => {
                    let closed = self.categories_closed_to(actor, &look.item.library, Action::Delete).await?;
                    let trash = self.0.fresh.oracle_folder()?;
                    let goes = Goes { folder: &look.item, closed: &closed, trash: &trash };
                    let tree = again!(self.delete_folder(&permit, &goes, actor, &act).await)?;
                    self.outcome(actor, tree, &closed, Action::Delete).await?
                }
            };
            if done {
                return Ok(());
            }
            look = self.look_again(actor, &look).await?;
        }
        Err(Error::Overloaded)
    }

    async fn delete_folder(
        &self,
        permit: &Permit,
        goes: &Goes<'_>,
        actor: &Actor,
        act: &store::Act,
    ) -> sqlx::Result<Tree> {
        let Goes { folder, closed, trash } = goes;
        let library = folder.library.id;
        let mut all = self.0.db.begin().await?;
        store::folders::hold_trees(&mut all, &[library]).await?;
        if let Some(no) = self.stands_in_the_way(&mut all, folder.id, closed, actor).await? {
            return Ok(no);
        }
        if store::parts::has_file_below(&mut all, folder.id).await? {
            return Ok(Tree::Associated);
        }
        let done = store::folders::delete(&mut all, permit, library, folder.revision, trash, act).await?;
        all.commit().await?;
        Ok(if done { Tree::Done } else { Tree::Changed })
    }

    /// Refuses a category that the caller may not move files to, and one that cannot be given to files: moving a file there
    /// takes what making it there would.
    pub async fn check_category(&self, actor: &Actor, library: &Library, category: CategoryId) -> Result<()> {
        let category = self.fresh_category(category).await?;
        let facts = permission::Facts::of_root(library, &category.chain);
        let denied = |gate| Error::Denied(Denial { gate, action: Action::Describe });
        let rule = Action::Describe.needs().rule;
        match permission::level(actor, &facts) {
            Level::None => Err(Error::Missing(Missing::Category)),
            _ if rule.is_some_and(|rule| !permission::follows_policy(actor, rule, &facts)) => Err(denied(Gate::Policy)),
            Level::Read => Err(denied(Gate::Category)),
            Level::Full if category.row.assignable && category.row.active => Ok(()),
            Level::Full => Err(Error::CategoryNotAssignable),
        }
    }

    /// May they make a file of this category in the folder that was looked at? The file's own category decides, not the
    /// folder's (spec/arena.md 6); `None`: it will have the folder's.
    pub async fn check_create(&self, actor: &Actor, folder: &Look, category: Option<CategoryId>) -> Result<Permit> {
        let Some(category) = category else { return folder.check(actor, Action::Create) };
        let category = self.fresh_category(category).await?;
        let facts = permission::Facts { categories: &category.chain, ..folder.facts() };
        let permit = permission::check(actor, Action::Create, &facts).map_err(|denial| {
            if denial.gate == Gate::Visible { Error::Missing(Missing::Category) } else { Error::Denied(denial) }
        })?;
        if category.row.assignable && category.row.active { Ok(permit) } else { Err(Error::CategoryNotAssignable) }
    }

    /// Whether the caller may make files of any category in the folder that was looked at.
    pub async fn may_create_some(&self, actor: &Actor, folder: &Look) -> Result<bool> {
        let categories = self.categories().await?;
        let mut facts =
            categories.values().map(|category| permission::Facts { categories: &category.chain, ..folder.facts() });
        Ok(facts.any(|facts| permission::check(actor, Action::Create, &facts).is_ok()))
    }

    /// The category of this Arena GUID, unless its files do not exist for the caller in a library.
    ///
    /// # Errors
    /// [`Missing::Category`].
    pub async fn category_of_guid(&self, actor: &Actor, library: &Library, guid: &str) -> Result<Arc<Category>> {
        let categories = self.categories().await?;
        let found = categories.values().find(|category| category.row.arena_guid == guid);
        let exists = |category: &&Arc<Category>| {
            permission::level(actor, &permission::Facts::of_root(library, &category.chain)) > Level::None
        };
        found.filter(exists).cloned().ok_or(Error::Missing(Missing::Category))
    }

    /// The role the caller has on a library's root folder.
    pub fn role_in(&self, actor: &Actor, library: &Library) -> Option<Role> {
        let facts = permission::Facts::of_root(library, &[]);
        permission::role(actor, &facts)
    }
}

/// Refuses a credential that reaches nothing in a library, whatever its bearer may there.
pub(super) fn reaches(actor: &Actor, library: &Library) -> Result<()> {
    match permission::check(actor, Action::View, &permission::Facts::of_root(library, &[])) {
        Err(denial) if denial.gate == Gate::Scope => Err(Error::Denied(denial)),
        // what a role, a policy or a category leaves out is left out one by one
        Ok(_) | Err(_) => Ok(()),
    }
}

/// A folder on its way into the trash.
struct Goes<'a> {
    folder: &'a Item,
    /// The categories of what the caller may not delete.
    closed: &'a [(CategoryId, Gate)],
    /// Its id there.
    trash: &'a str,
}

/// How a change of a folder ended; only [`Tree::Done`] has changed anything.
pub(super) enum Tree {
    Done,
    /// It is not as it was looked at.
    Changed,
    /// Somebody else holds this below it.
    Held(Box<ItemRow>),
    /// A file below it belongs to a part.
    Associated,
    /// Something below it has this category, which the caller may not write.
    Closed(CategoryId),
    /// A file below it is private, and the caller a supplier.
    Private,
    /// The library it comes into may not hold so much.
    NoRoom,
}

pub(super) fn what_changes(change: &Change) -> Action {
    if change.parent.is_some() {
        Action::Move
    } else if change.name.is_some() {
        Action::Rename
    } else {
        Action::Describe
    }
}

/// What of a change waits in a working copy.
pub(super) struct Later {
    fence: i64,
    saved: Saved,
}

/// Parts a change into what everybody sees at once and what waits in the caller's working copy for the check-in: the times of
/// the client's own disk, which are those of the bytes.
pub(super) fn parted(actor: &Actor, item: &Item, change: &Change) -> (Change, Option<Later>) {
    let lock = item.lock().filter(|lock| lock.has_working_copy() && item.is_held_by(actor.id()));
    match lock.filter(|_| !change.client_times.is_empty()) {
        None => (change.clone(), None),
        Some(lock) => {
            let saved = Saved { client_times: change.client_times, ..Saved::default() };
            let now = Change { client_times: ClientTimes::default(), ..change.clone() };
            (now, Some(Later { fence: lock.fence, saved }))
        }
    }
}

/// Writes what waits. `false`: the check-out has ended.
pub(super) async fn save_later(
    db: &mut store::PgConnection,
    permit: &Permit,
    library: LibraryId,
    later: Option<&Later>,
    act: &store::Act,
) -> sqlx::Result<bool> {
    let Some(Later { fence, saved }) = later else { return Ok(true) };
    Ok(store::drafts::save(db, permit, library, *fence, saved, None, act).await?.is_some())
}

pub(super) fn changed(item: &Item, parent: ItemId, change: &Change) -> Result<Changed> {
    let name = match &change.name {
        Some(name) => name.clone(),
        None => ItemName::parse(&item.name)?,
    };
    // a title that was the name follows the name
    let title = match (&change.title, item.title == item.name || item.kind() == Kind::Folder) {
        (Some(title), _) => title.clone(),
        (None, true) => name.as_str().to_owned(),
        (None, false) => item.title.clone(),
    };
    Ok(Changed {
        parent: change.parent.unwrap_or(parent),
        name,
        title,
        description: change.description.clone().unwrap_or_else(|| item.description.clone()),
        category: change.category.unwrap_or(item.category.id),
        client_times: ClientTimes {
            created: change.client_times.created.or(item.client_created_at),
            modified: change.client_times.modified.or(item.client_modified_at),
        },
    })
}
