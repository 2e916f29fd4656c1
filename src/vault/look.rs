//! Looking at an item with a caller's eyes: the facts that every decision is made on, read in one round trip.

use std::{collections::HashMap, sync::Arc};

use super::{
    Vault,
    locks::ATTEMPTS,
    memory::{Categories, Category},
    recall::Glance,
};
use crate::{
    domain::{
        actor::{Actor, Level, Role},
        content::{QuickXor, Sha256},
        edition::{ContentInfo, Edition, Storage},
        error::{Error, Missing, Result},
        id::{CategoryId, EditionId, ItemId, ItemKey, LibraryId, PrincipalId},
        item::{Ancestor, ClientTimes, Draft, FileParts, Item, Kind},
        library::Library,
        lock::{Lock, LockedFolder, Mode},
        permission::{self, Action, Denial, Facts, Gate, Permit},
        version::Version,
    },
    store::{
        files::Seen,
        folder_locks::FolderLockRow,
        items::ItemRow,
        locks::{LockRow, Patience},
    },
};

/// What the vault saw of an item when somebody asked: the item, and the facts a decision needs. It may be out of date a
/// moment later; writes are bound to it and look again when it is.
#[derive(Clone, Debug)]
pub struct Look {
    pub(super) item: Arc<Item>,
    ancestors: Arc<[ItemId]>,
    category: Arc<Category>,
    /// The category of the folder above whose lock reaches it.
    locked: Option<Arc<Category>>,
    pub(super) exact: bool,
    /// Whether a check-out of it has lapsed and is still to be settled.
    pub(super) left_behind: bool,
    /// How often the folders of its library had been changed.
    pub(super) tree: i64,
    /// The epoch of rights that it was read under, if it may be remembered.
    pub(super) epoch: Option<i64>,
    /// Whether it is no more than a glance at what is remembered.
    pub(super) glance: Option<Glance>,
}

impl Look {
    /// The item.
    pub fn item(&self) -> &Item {
        &self.item
    }

    /// The item, taken out.
    pub fn into_item(self) -> Item {
        Arc::unwrap_or_clone(self.item)
    }

    /// The same look, for a caller that means exactly this state (If-Match): a write that finds another one is refused
    /// instead of looking again.
    #[must_use]
    pub fn exactly(self) -> Self {
        Self { exact: true, ..self }
    }

    /// What only files have; a folder is refused.
    pub fn file(&self) -> Result<&FileParts> {
        self.item.file.as_ref().ok_or(Error::WrongKind(Kind::File))
    }

    /// Refuses a file.
    pub fn folder(&self) -> Result<()> {
        if self.item.kind() == Kind::Folder { Ok(()) } else { Err(Error::WrongKind(Kind::Folder)) }
    }

    pub(super) fn facts(&self) -> Facts<'_> {
        let own = self.item.own_lock();
        let above = self.item.folder_lock.as_deref().filter(|_| self.item.own_folder_lock().is_none());
        Facts {
            item: self.item.id,
            ancestors: &self.ancestors,
            personal_to: self.item.library.personal_to(),
            owner: self.item.owner.id,
            private: self.item.file.as_ref().is_some_and(|file| file.edition.private),
            unpublished_by: self.item.file.as_ref().and_then(|file| file.unpublished_by),
            policies_required: self.item.library.policies_required,
            categories: &self.category.chain,
            held: own.map(Lock::held),
            held_above: above.map(Lock::held),
        }
    }

    /// May they? A lock of somebody else's that stands in the way is named; so is that a file must be checked out first.
    pub fn check(&self, actor: &Actor, action: Action) -> Result<Permit> {
        let permit = permission::check(actor, action, &self.facts()).map_err(|denial| self.refusal(actor, denial))?;
        if matches!(action, Action::SaveDraft | Action::AddEdition) {
            self.takes_bytes()?;
        }
        Ok(permit)
    }

    /// Refuses bytes for a file that is not checked out, where that is required.
    pub(super) fn takes_bytes(&self) -> Result<()> {
        let is_out = || self.item.lock().is_some_and(Lock::has_working_copy);
        let is_closed = self.item.library.check_out_required && self.item.kind() == Kind::File && !is_out();
        if is_closed { Err(Error::NotCheckedOut) } else { Ok(()) }
    }

    /// May they say something about it that shows to nobody but themselves?
    pub(super) fn check_own_words(&self, actor: &Actor) -> Result<Permit> {
        permission::check_own_words(actor, &self.facts()).map_err(|denial| self.refusal(actor, denial))
    }

    /// Whether it is this item, or lies below it.
    pub(super) fn is_within(&self, item: ItemId) -> bool {
        self.item.id == item || self.ancestors.contains(&item)
    }

    /// May they take it out of the folder it lies in? Who was only let into this very item, by a share or a link, may not.
    pub(super) fn leaves(&self, actor: &Actor) -> Result<()> {
        let Some((parent, above)) = self.ancestors.split_last() else { return Ok(()) };
        let facts = Facts { item: *parent, ancestors: above, held: None, held_above: None, ..self.facts() };
        let denied = Denial { gate: Gate::Role, action: Action::Move };
        permission::check(actor, Action::Move, &facts).map(drop).map_err(|_| Error::Denied(denied))
    }

    /// May they bring that item into this folder? It takes what making something there would, and what making it with its
    /// category would.
    pub(super) fn receives(&self, actor: &Actor, thing: &Look) -> Result<()> {
        if thing.item.kind() == Kind::Folder {
            self.check(actor, Action::Create)?;
        }
        let facts = Facts { categories: &thing.category.chain, ..self.facts() };
        permission::check(actor, Action::Create, &facts).map(drop).map_err(|denial| self.refusal(actor, denial))
    }

    /// Every gate with its answer.
    pub fn explain(&self, actor: &Actor, action: Action) -> [(Gate, bool); 8] {
        permission::explain(actor, action, &self.facts())
    }

    /// The role the caller has on it.
    pub fn role(&self, actor: &Actor) -> Option<Role> {
        permission::role(actor, &self.facts())
    }

    /// The role somebody has on the folder it lies in; on a root folder, on itself.
    pub(super) fn role_from_above(&self, actor: &Actor) -> Option<Role> {
        let facts = self.facts();
        match self.ancestors.split_last() {
            Some((parent, above)) => permission::role(actor, &Facts { item: *parent, ancestors: above, ..facts }),
            None => permission::role(actor, &facts),
        }
    }

    /// The level the caller has on its category.
    pub fn level(&self, actor: &Actor) -> Level {
        permission::level(actor, &self.facts())
    }

    fn refusal(&self, actor: &Actor, denial: Denial) -> Error {
        let lock = match denial.action {
            // a release is about its own lock, whatever decides above
            Action::Cancel => self.item.own_lock(),
            Action::View
            | Action::Download
            | Action::CheckOut
            | Action::SaveDraft
            | Action::AddEdition
            | Action::CheckIn
            | Action::Rename
            | Action::Move
            | Action::Describe
            | Action::Delete
            | Action::Create
            | Action::Share => self.item.deciding_lock(),
        };
        match (denial.gate, lock) {
            (Gate::Grounds, Some(lock)) => self.held_by_another(actor, lock),
            (Gate::Visible, _) => Error::Missing(self.unseen()),
            _ => Error::Denied(denial),
        }
    }

    /// The refusal for somebody else's lock on it or above it; little is said of what the caller does not see.
    pub(super) fn held_by_another(&self, actor: &Actor, lock: &Lock) -> Error {
        let above = lock.folder.filter(|folder| folder.id != self.item.id);
        let is_seen =
            permission::sees(actor, &self.facts()) && above.is_none_or(|folder| self.sees_above(actor, folder.id));
        Error::Held(Box::new(if is_seen { lock.clone() } else { lock.of_something_unseen() }))
    }

    /// Whether the caller sees the folder above whose lock reaches it.
    fn sees_above(&self, actor: &Actor, folder: ItemId) -> bool {
        let above =
            self.ancestors.iter().position(|above| *above == folder).and_then(|place| self.ancestors.get(..place));
        let (Some(ancestors), Some(category)) = (above, &self.locked) else { return false };
        let facts = Facts {
            item: folder,
            ancestors,
            private: false,
            unpublished_by: None,
            categories: &category.chain,
            held: None,
            held_above: None,
            ..self.facts()
        };
        permission::sees(actor, &facts)
    }

    /// What it is to those who do not see it. What was never checked in is not even hidden: no vendor says that it is there.
    pub(super) fn unseen(&self) -> Missing {
        let unpublished = self.item.file.as_ref().and_then(|file| file.unpublished_by);
        if unpublished.is_some() { Missing::Item } else { Missing::Hidden }
    }

    /// The caller's fence on the file: the one it names, else the one under which it holds the lock.
    pub(super) fn bound_fence(&self, actor: &Actor) -> Option<i64> {
        let held = self.item.lock().filter(|lock| Some(lock.holder.id) == actor.id()).map(|lock| lock.fence);
        actor.fence.or(held)
    }

    /// The state of a file that a change of the caller's was decided on. It counts only while the lock lives for who names its
    /// fence, and for who may change the file by that lock alone. A folder has no such state.
    pub(super) fn seen(&self, actor: &Actor) -> Option<Seen> {
        let revision = self.item.file.as_ref()?.lock_revision;
        Some(Seen { revision, bound: actor.fence.is_some() || self.rests_on_own_lock(actor) })
    }

    /// What the caller meant who means exactly this state: what others see of it, and the caller's own working copy.
    fn state_for(&self, actor: &Actor) -> (i64, Option<i64>) {
        (self.item.tag(), self.item.draft_of(actor.id()).map(|draft| draft.revision))
    }

    /// Whether the caller holds the file below a folder that somebody else has locked.
    pub(super) fn rests_on_own_lock(&self, actor: &Actor) -> bool {
        let above = self.item.folder_lock.as_ref().filter(|lock| Some(lock.holder.id) != actor.id());
        above.is_some() && self.item.is_held_by(actor.id())
    }

    /// Refuses a caller who names a fence that is not the lock's, or names one where there is no lock.
    pub(super) fn check_named_fence(&self, actor: &Actor) -> Result<()> {
        let named = actor.fence.is_none() || actor.fence == self.item.lock().map(|lock| lock.fence);
        if named { Ok(()) } else { Err(Error::FenceLost) }
    }
}

impl Vault {
    /// Looks at an item. One that is not there, and one the caller may not see, are both refused as missing; the latter as
    /// [`Missing::Hidden`], for the one vendor that documents the difference.
    pub async fn look(&self, actor: &Actor, key: &ItemKey) -> Result<Look> {
        let look = self.look_unseen(actor, key).await?;
        if !permission::sees(actor, &look.facts()) {
            return Err(Error::Missing(look.unseen()));
        }
        Ok(look)
    }

    /// The same before anybody has said that the caller may see it. It must not get out of the vault like that. Who does not
    /// see it changes nothing by asking: what has lapsed is not settled for them.
    pub(super) async fn look_unseen(&self, actor: &Actor, key: &ItemKey) -> Result<Look> {
        if let Some(look) = self.recall(key).await {
            return Ok(look);
        }
        // laid out apart: nearly every handler has a look in its future
        Box::pin(self.look_afresh(actor, key)).await
    }

    async fn look_afresh(&self, actor: &Actor, key: &ItemKey) -> Result<Look> {
        let mut is_stuck = false;
        for _ in 0..ATTEMPTS {
            let epoch = self.0.memory.files.epoch();
            let row = {
                let mut db = self.connection().await?;
                crate::store::items::by_key(&mut db, self.0.clock.instead(), key, actor.is_supplier()).await?
            };
            let row = row.ok_or(Error::Missing(Missing::Item))?;
            let left = self.is_left_behind(&row).then(|| Box::new(row.clone()));
            let mut look = self.dress_as_is(vec![row]).await?.pop().ok_or(Error::Missing(Missing::Item))?;
            look.epoch = epoch;
            self.remember(key, &look);
            let Some(left) = left.filter(|_| !is_stuck && permission::sees(actor, &look.facts())) else {
                return Ok(look);
            };
            // what becomes of it may give the file another name, so that the key may mean another one then
            is_stuck = !Box::pin(self.settle_lapse(*left, Patience::Waits)).await?;
        }
        Err(Error::Overloaded)
    }

    /// The same look once something else, a link, lets the caller see it: what has lapsed is settled for them now.
    pub(super) async fn look_let_in(&self, actor: &Actor, look: Look) -> Result<Look> {
        if !look.left_behind {
            return Ok(look);
        }
        Box::pin(self.look_unseen(actor, &ItemKey::Id(look.item.id))).await
    }

    /// Looks at a library's root folder for a room that knows no folders: its own category hides it from nobody who has a
    /// role there. What is made in it is decided by the category of the new file.
    pub async fn look_at_root(&self, actor: &Actor, library: &Library) -> Result<Look> {
        let row = {
            let mut db = self.connection().await?;
            let (now, root) = (self.0.clock.instead(), ItemKey::Root(library.id));
            crate::store::items::by_key(&mut db, now, &root, actor.is_supplier()).await?
        };
        let look = Box::pin(self.dress_one(row.ok_or(Error::Missing(Missing::Item))?)).await?;
        if !permission::sees(actor, &Facts { categories: &[], ..look.facts() }) {
            return Err(Error::Missing(Missing::Hidden));
        }
        Ok(look)
    }

    /// Looks at an item to show it.
    pub async fn item(&self, actor: &Actor, key: &ItemKey) -> Result<Item> {
        let look = self.look(actor, key).await?;
        look.check(actor, Action::View)?;
        Ok(look.into_item())
    }

    /// Looks again after a write that found another state than was looked at.
    ///
    /// # Errors
    /// [`Error::PreconditionFailed`] when the caller meant exactly that state, and what it says of itself is not as it was: what
    /// else happened above or beside it is no other state. Somebody else's lock comes first. Also after a glance: who glanced looks
    /// from the beginning.
    pub(super) async fn look_again(&self, actor: &Actor, look: &Look) -> Result<Look> {
        if look.glance.is_some() {
            return Err(Error::PreconditionFailed);
        }
        let fresh = self.look(actor, &ItemKey::Id(look.item.id)).await?;
        if !look.exact {
            return Ok(fresh);
        }
        match fresh.item.deciding_lock().filter(|lock| Some(lock.holder.id) != actor.id()) {
            Some(held) => Err(fresh.held_by_another(actor, held)),
            None if fresh.state_for(actor) == look.state_for(actor) => Ok(fresh.exactly()),
            None => Err(Error::PreconditionFailed),
        }
    }

    pub(super) async fn dress_one(&self, row: ItemRow) -> Result<Look> {
        self.dress(vec![row]).await?.pop().ok_or(Error::Missing(Missing::Item))
    }

    /// Rows become looks: people, libraries and categories come from memory, or in one query each. What lapsed among them is
    /// settled before, as far as nobody need be waited for.
    pub(super) async fn dress(&self, rows: Vec<ItemRow>) -> Result<Vec<Look>> {
        if rows.iter().any(|row| self.is_left_behind(row)) {
            let rows = Box::pin(self.settled(rows)).await?;
            return self.dress_as_is(rows).await;
        }
        self.dress_as_is(rows).await
    }

    /// The same without looking for what lapsed.
    pub(super) async fn dress_as_is(&self, rows: Vec<ItemRow>) -> Result<Vec<Look>> {
        let people = self
            .people(rows.iter().flat_map(|row| {
                let above = row.folder_lock.as_ref().map(|reaching| PrincipalId(reaching.lock.holder));
                [Some(row.owner), Some(row.created_by), Some(row.modified_by), row.author, row.holder, above]
                    .into_iter()
                    .flatten()
            }))
            .await?;
        let categories = self.categories().await?;
        let mut looks = Vec::with_capacity(rows.len());
        let mut libraries = HashMap::<LibraryId, Arc<Library>>::new();
        for row in rows {
            let left_behind = self.is_left_behind(&row);
            // asked for once, also while nothing remembered counts
            let library = match libraries.get(&row.library) {
                Some(library) => library.clone(),
                None => {
                    let library = self.library_by_id(row.library).await?;
                    libraries.insert(row.library, library.clone());
                    library
                }
            };
            let category = self.category_among(&categories, row.category).await?;
            let above = row.folder_lock.as_ref().filter(|reaching| reaching.lock.folder != row.id.0);
            let locked = match above.map(|reaching| CategoryId(reaching.category)) {
                Some(category) => Some(self.category_among(&categories, category).await?),
                None => None,
            };
            let file = match row.kind {
                Kind::Folder => None,
                Kind::File => Some(file_parts(&row, &people)?),
            };
            let folder_lock =
                row.folder_lock.map(|reaching| folder_lock(&reaching.lock, &people).map(Box::new)).transpose()?;
            looks.push(Look {
                ancestors: row.ancestors.into(),
                tree: row.tree,
                item: Arc::new(Item {
                    id: row.id,
                    library,
                    parent: row.parent,
                    ancestors: Arc::<[Ancestor]>::from(row.ancestry.0),
                    name: row.name,
                    title: row.title,
                    description: row.description,
                    category: category.reference(),
                    number: row.number,
                    external_code: row.external_code,
                    oracle_id: row.oracle_id,
                    graph_id: row.graph_id,
                    owner: people.get(row.owner)?,
                    created_by: people.get(row.created_by)?,
                    created_at: row.created_at,
                    modified_by: people.get(row.modified_by)?,
                    modified_at: row.modified_at,
                    client_created_at: row.client_created_at,
                    client_modified_at: row.client_modified_at,
                    revision: row.revision,
                    children: row.children,
                    special: row.special,
                    folder_lock,
                    file,
                }),
                category,
                locked,
                exact: false,
                left_behind,
                epoch: None,
                glance: None,
            });
        }
        Ok(looks)
    }

    async fn category_among(&self, categories: &Categories, id: CategoryId) -> Result<Arc<Category>> {
        match categories.get(&id) {
            Some(category) => Ok(category.clone()),
            // made by another node within the second
            None => self.fresh_category(id).await,
        }
    }

    pub(super) async fn dress_lock(&self, row: LockRow) -> Result<Lock> {
        Ok(Lock {
            holder: self.somebody(row.holder).await?,
            fence: row.fence,
            mode: row.mode,
            dialect: row.dialect,
            taken_at: row.taken_at,
            expires_at: row.expires_at,
            uuid: row.lock_uuid,
            number: row.number,
            draft_number: row.draft_number,
            owner_text: row.owner_text,
            comment: row.comment,
            folder: None,
        })
    }
}

fn file_parts(row: &ItemRow, people: &super::memory::People) -> Result<FileParts> {
    let half = || Error::broken("a file without an edition or a lock");
    let author = row.author.ok_or_else(half)?;
    let edition = Edition {
        id: row.edition.unwrap_or(EditionId(row.id.0)),
        ordinal: row.ordinal.ok_or_else(half)?,
        version: Version { major: row.major.ok_or_else(half)?, minor: row.minor.ok_or_else(half)? },
        label: row.label.clone().ok_or_else(half)?,
        number: row.edition_number.ok_or_else(half)?,
        arena_guid: row.edition_guid.clone().ok_or_else(half)?,
        file_name: row.file_name.clone(),
        title: row.edition_title.clone().ok_or_else(half)?,
        description: row.edition_description.clone().unwrap_or_default(),
        format: row.format.clone(),
        private: row.private.unwrap_or(false),
        frozen: row.frozen.unwrap_or(false),
        storage: row.storage.unwrap_or(Storage::File),
        location: row.location.clone(),
        media_type: row.media_type.clone(),
        content: content_info(row.sha256.as_deref(), row.quick_xor.as_deref(), row.size)?,
        comment: row.comment.clone().unwrap_or_default(),
        author: people.get(author)?,
        author_name: row.author_name.clone().unwrap_or_default(),
        created_at: row.published_at.ok_or_else(half)?,
        modified_at: row.edition_modified_at.ok_or_else(half)?,
        latest: true,
    };
    let lock = match (row.held, row.holder) {
        (true, Some(holder)) => Some(Lock {
            holder: people.get(holder)?,
            fence: row.fence.ok_or_else(half)?,
            mode: row.mode.ok_or_else(half)?,
            dialect: row.dialect.ok_or_else(half)?,
            taken_at: row.taken_at.ok_or_else(half)?,
            expires_at: row.expires_at,
            uuid: row.lock_uuid.ok_or_else(half)?,
            number: row.lock_number.ok_or_else(half)?,
            draft_number: row.draft_number.ok_or_else(half)?,
            owner_text: row.owner_text.clone().unwrap_or_default(),
            comment: row.lock_comment.clone(),
            folder: None,
        }),
        _ => None,
    };
    let draft = match (&lock, row.draft_revision, row.draft_saved_at) {
        (Some(_), Some(revision), Some(saved_at)) => Some(Draft {
            content: content_info(row.draft_sha256.as_deref(), row.draft_quick_xor.as_deref(), row.draft_size)?,
            file_name: row.draft_file_name.clone(),
            media_type: row.draft_media_type.clone(),
            title: row.draft_title.clone(),
            description: row.draft_description.clone(),
            comment: row.draft_comment.clone(),
            client_times: ClientTimes { created: row.draft_client_created_at, modified: row.draft_client_modified_at },
            saved_at,
            revision,
        }),
        _ => None,
    };
    Ok(FileParts {
        edition,
        last_ordinal: row.last_ordinal.ok_or_else(half)?,
        last_version: Version { major: row.last_major.ok_or_else(half)?, minor: row.last_minor.ok_or_else(half)? },
        number: row.file_number.unwrap_or(0),
        lock,
        draft,
        fence: row.fence.ok_or_else(half)?,
        lock_revision: row.lock_revision.ok_or_else(half)?,
        unpublished_by: row.unpublished_by,
    })
}

/// The lock of a folder. It guards no bytes, so it has no working copy.
pub(super) fn folder_lock(row: &FolderLockRow, people: &super::memory::People) -> Result<Lock> {
    Ok(Lock {
        holder: people.get(PrincipalId(row.holder))?,
        fence: row.fence,
        mode: Mode::CheckOut,
        dialect: row.dialect,
        taken_at: row.taken_at,
        expires_at: row.expires_at,
        uuid: row.lock_uuid,
        number: row.number,
        draft_number: 0,
        owner_text: row.owner_text.clone(),
        comment: None,
        folder: Some(LockedFolder { id: ItemId(row.folder), number: row.folder_number, inheritable: row.inheritable }),
    })
}

/// The digests of a content, if the row names one.
pub(super) fn content_info(
    sha256: Option<&[u8]>,
    quick_xor: Option<&[u8]>,
    size: Option<i64>,
) -> Result<Option<ContentInfo>> {
    let (Some(sha256), Some(quick_xor), Some(size)) = (sha256, quick_xor, size) else { return Ok(None) };
    Ok(Some(ContentInfo {
        sha256: Sha256::try_from(sha256).map_err(Error::broken)?,
        quick_xor: QuickXor::try_from(quick_xor).map_err(Error::broken)?,
        size,
    }))
}
