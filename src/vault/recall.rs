//! Files that were looked at before: what a node remembers of them, and how it knows that it is still so. What is remembered
//! shows nobody anything unless the database has said, since it was asked for, that nothing about the file is another. Acting is
//! quicker: a statement that is bound to what was remembered needs no word beforehand.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use quick_cache::{Weighter, sync::Cache};
use sqlx::PgPool;
use tokio::runtime::Handle;

use super::{
    Look, Vault,
    combine::{Asked, Combiner, Turn},
    line::Line,
    memory::{Known, Of, Shelf},
};
use crate::{
    domain::{
        actor::Actor,
        edition::Edition,
        error::{Error, Missing, Result},
        id::{ItemId, ItemKey},
        item::{Draft, Item},
        lock::Lock,
        name, permission,
        person::Person,
    },
    store::{
        self, PgConnection,
        editions::{Binding, Life, NewEdition},
        items::State,
        publications::Stands,
    },
};

/// Bytes of all files that are remembered, about; one takes some 2 KiB.
const FILES: u64 = 16 << 20;
/// Bytes of all their names.
const NAMES: u64 = 4 << 20;
/// What is larger is not remembered, in bytes: a client's long texts must not be the end of all others'.
const LONGEST: u32 = 32 << 10;
/// About so many files are remembered.
const USUAL: usize = 8000;
/// Longest path that is remembered, in bytes.
const LONGEST_PATH: u32 = 1024;

/// What is remembered of files.
pub(super) struct Looks {
    looks: Shelf<ItemId, Look>,
    /// Which file a key named last. Only a hint: the look says what it answers to.
    names: Cache<ItemKey, ItemId, Weight>,
}

impl Looks {
    pub(super) fn new(known: &Arc<Known>) -> Self {
        let looks = Shelf::weighed(USUAL, FILES, Look::weight, known, Of::Rights);
        Self { looks, names: Cache::with_weighter(USUAL, NAMES, Weight) }
    }

    /// The epoch to ask for before a look that is to be remembered.
    pub(super) fn epoch(&self) -> Option<i64> {
        self.looks.epoch()
    }

    /// What was last seen of the file that this key names, true or not.
    fn recall(&self, key: &ItemKey) -> Option<Look> {
        let id = match key {
            ItemKey::Id(id) => *id,
            // a folder is none of them
            ItemKey::Root(_) => return None,
            ItemKey::Graph(_)
            | ItemKey::Oracle(_)
            | ItemKey::Number(_)
            | ItemKey::Edition(_)
            | ItemKey::External(..)
            | ItemKey::Path(..) => self.names.get(key)?,
        };
        self.looks.recall(&id).filter(|look| look.answers_to(key))
    }

    /// Remembers what was seen of a file. Nothing is remembered that time alone makes untrue: a lock above may end.
    fn remember(&self, key: &ItemKey, look: &Look) {
        if look.item.file.is_none() || look.item.folder_lock.is_some() || look.left_behind || look.weight() > LONGEST {
            return;
        }
        if !matches!(key, ItemKey::Id(_)) && weight(key) <= LONGEST_PATH && look.answers_to(key) {
            self.names.insert(key.clone(), look.item.id);
        }
        self.looks.remember(look.item.id, look.clone(), look.epoch);
    }

    /// What was seen of a file is not as it was.
    fn forget(&self, file: ItemId) {
        self.looks.forget(&file);
    }
}

/// What names weigh.
#[derive(Clone)]
struct Weight;

impl Weighter<ItemKey, ItemId> for Weight {
    fn weight(&self, key: &ItemKey, _: &ItemId) -> u64 {
        weight(key).into()
    }
}

/// What a name takes, about, in bytes.
fn weight(key: &ItemKey) -> u32 {
    let text = match key {
        ItemKey::Id(_) | ItemKey::Number(_) | ItemKey::Root(_) => 0,
        ItemKey::Graph(text) | ItemKey::Oracle(text) | ItemKey::Edition(text) => text.len(),
        ItemKey::External(_, code) => code.as_str().len(),
        ItemKey::Path(_, names) => names.iter().map(|name| name.len() + size_of::<String>()).sum(),
    };
    u32::try_from(text + 100).unwrap_or(u32::MAX)
}

impl Asked for State {
    type Answer = bool;
    type Key = ItemId;

    fn key(&self) -> ItemId {
        self.item
    }

    fn goes_with(&self, _: &Self) -> bool {
        true
    }
}

/// What asks whether files are as they were, of all at once that are asked about at the same moment.
pub(super) fn states(apart: &Handle, turn: Turn, db: PgPool) -> Combiner<State> {
    Combiner::over(Line::to(db), apart, turn, |mut db: PgConnection, states: Vec<State>| async move {
        let unchanged = store::items::unchanged(&mut db, &states).await?;
        Ok((db, unchanged))
    })
}

/// How something is looked at: properly, or by a glance at what is remembered, be it true or not.
#[derive(Clone, Debug, Default)]
pub struct Eyes(Option<Glance>);

impl Eyes {
    /// Whether they look properly.
    pub fn are_open(&self) -> bool {
        self.0.is_none()
    }
}

/// A glance that something is tried by, and whether that was done or may have been.
#[derive(Clone, Debug, Default)]
pub(super) struct Glance(Arc<AtomicBool>);

impl Glance {
    /// What was tried was done, or may have been: it must not be tried again.
    pub(super) fn spend(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    pub(super) fn is_spent(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

impl Vault {
    /// Does something to a file that no other state of the file lets happen: by what is remembered of it; and where that comes
    /// to nothing, for whatever reason, once more by a proper look.
    pub async fn by_glance<T, E, F>(&self, act: impl Fn(Eyes) -> F) -> std::result::Result<T, E>
    where
        F: Future<Output = std::result::Result<T, E>>,
    {
        let glance = Glance::default();
        match act(Eyes(Some(glance.clone()))).await {
            Err(_) if !glance.is_spent() => act(Eyes(None)).await,
            done => done,
        }
    }

    /// Looks at an item with these eyes. A look by a glance is for a change that its statement binds to it. Once the change is
    /// done, it was true in all that rises with the lock's revision: the file itself, and not the folders above.
    ///
    /// # Errors
    /// As [`Vault::look`]; [`Missing::Item`] also where nothing is remembered. By a glance no refusal means anything, and no quiet
    /// success may be made of it.
    pub async fn look_with(&self, eyes: &Eyes, actor: &Actor, key: &ItemKey) -> Result<Look> {
        let Some(glance) = &eyes.0 else { return self.look(actor, key).await };
        let mut look = self.0.memory.files.recall(key).ok_or(Error::Missing(Missing::Item))?;
        look.glance = Some(glance.clone());
        if permission::sees(actor, &look.facts()) { Ok(look) } else { Err(Error::Missing(look.unseen())) }
    }

    /// What is remembered of the file that this key names, if the database says that nothing about it has changed.
    pub(super) async fn recall(&self, key: &ItemKey) -> Option<Look> {
        let look = self.0.memory.files.recall(key)?;
        let state = look.state(self.0.clock.instead())?;
        // whatever goes wrong here, it is not remembered: a proper look says what is wrong
        let is_so = self.0.states.ask(state).await.unwrap_or(false);
        // it may have been long in coming
        (is_so && self.0.memory.files.epoch() == look.epoch).then_some(look)
    }

    /// Remembers what was seen of an item that this key names.
    pub(super) fn remember(&self, key: &ItemKey, look: &Look) {
        self.0.memory.files.remember(key, look);
    }

    /// Remembers what became of the lock, where nothing else can have become of the file.
    pub(super) fn remember_lock(&self, look: &Look, lock: Option<&Lock>) {
        let mut item = (*look.item).clone();
        let Some(file) = &mut item.file else { return };
        file.lock_revision += 1;
        file.lock = lock.cloned();
        // what was saved under another lock is no working copy of this one
        file.draft = None;
        if let Some(lock) = lock {
            file.fence = lock.fence;
        }
        let mut look = look.clone();
        (look.item, look.glance, look.exact) = (Arc::new(item), None, false);
        self.0.memory.files.remember(&ItemKey::Id(look.item.id), &look);
    }

    /// Remembers a file with the edition that was published of it, and answers what is to be seen of it then. `None`: that is not
    /// known, and neither is what was seen before any more.
    pub(super) async fn remember_edition(
        &self,
        look: &Look,
        edition: &NewEdition,
        binding: Binding,
        stands: Option<Stands>,
    ) -> Option<Look> {
        let item = match stands.filter(|stands| look.leads_to(edition, binding, stands)) {
            Some(stands) => {
                let author = self.somebody(edition.author).await.ok();
                author.and_then(|author| with_edition(&look.item, edition, binding, &stands, author))
            }
            None => None,
        };
        let Some(item) = item else {
            self.forget(look);
            return None;
        };
        let mut look = look.clone();
        (look.item, look.glance, look.exact) = (Arc::new(item), None, false);
        self.0.memory.files.remember(&ItemKey::Edition(edition.arena_guid.clone()), &look);
        // what decides who sees it may be another by now
        (look.epoch.is_some() && look.epoch == self.0.memory.files.epoch()).then_some(look)
    }

    /// What was seen of a file is not as it was, and needs no question.
    pub(super) fn forget(&self, look: &Look) {
        self.0.memory.files.forget(look.item.id);
    }
}

/// A file with its next edition; what else belongs to it is as it was.
fn with_edition(
    item: &Item,
    edition: &NewEdition,
    binding: Binding,
    stands: &Stands,
    author: Arc<Person>,
) -> Option<Item> {
    let mut item = item.clone();
    let file = item.file.as_mut()?;
    file.edition = Edition {
        id: edition.id,
        ordinal: edition.ordinal,
        version: edition.version,
        label: edition.label.clone(),
        number: stands.number,
        arena_guid: edition.arena_guid.clone(),
        file_name: edition.file_name.clone(),
        title: edition.title.clone(),
        description: edition.description.clone(),
        format: edition.format.clone(),
        private: edition.private,
        frozen: false,
        storage: edition.storage,
        location: edition.location.clone(),
        media_type: edition.media_type.clone(),
        content: edition.content,
        comment: edition.comment.clone(),
        author: author.clone(),
        author_name: edition.author_name.clone(),
        created_at: stands.at,
        modified_at: stands.at,
        latest: true,
    };
    (file.last_ordinal, file.last_version) = (edition.ordinal, edition.version);
    file.lock_revision += 1;
    if binding.release {
        (file.lock, file.draft, file.unpublished_by) = (None, None, None);
    }
    item.title.clone_from(&edition.title);
    item.description.clone_from(&edition.description);
    item.client_created_at = edition.client_times.created.or(item.client_created_at);
    item.client_modified_at = edition.client_times.modified.or(item.client_modified_at);
    (item.modified_by, item.modified_at, item.revision) = (author, stands.at, stands.revision);
    Some(item)
}

impl Look {
    /// What it takes, about, in bytes.
    fn weight(&self) -> u32 {
        let item = &self.item;
        let mut bytes = 1500 + item.name.len() + item.title.len() + item.description.len();
        bytes += item.ancestors.iter().map(|above| 200 + above.name.len()).sum::<usize>();
        if let Some(file) = &item.file {
            let edition = &file.edition;
            bytes +=
                edition.title.len() + edition.description.len() + edition.comment.len() + edition.author_name.len();
            bytes += edition.format.as_ref().map_or(0, String::len) + edition.location.as_ref().map_or(0, String::len);
            bytes += file.lock.as_ref().map_or(0, |lock| 200 + lock.owner_text.len());
            let texts = |draft: &Draft| {
                [&draft.title, &draft.description, &draft.comment].map(|text| text.as_ref().map_or(0, String::len))
            };
            bytes += file.draft.as_ref().map_or(0, |draft| 200 + texts(draft).iter().sum::<usize>());
        }
        u32::try_from(bytes).unwrap_or(u32::MAX)
    }

    /// What must be as it was for the look to be true.
    fn state(&self, now: Option<chrono::DateTime<chrono::Utc>>) -> Option<State> {
        Some(State {
            item: self.item.id,
            revision: self.item.revision,
            lock_revision: self.item.file.as_ref()?.lock_revision,
            tree: self.tree,
            now,
        })
    }

    /// Whether what was seen and what was published since is all that there is to be seen of the file. The revision of its lock
    /// was as it was, so only what is counted elsewhere can have changed: the item, the folders above, and what time ends.
    fn leads_to(&self, edition: &NewEdition, binding: Binding, stands: &Stands) -> bool {
        let is_held = self.item.lock().is_some() && !binding.release;
        stands.revision == self.item.revision + 1
            && stands.tree == self.tree
            && (!is_held || binding.life == Life::Alive)
            && self.item.folder_lock.is_none()
            && !self.left_behind
            && edition.category == self.item.category.id
            && edition.item_name.is_none()
    }

    /// Whether this is what the key names; `false` also where the look alone does not tell.
    fn answers_to(&self, key: &ItemKey) -> bool {
        let item = &self.item;
        match key {
            ItemKey::Id(id) => item.id == *id,
            ItemKey::Graph(id) => item.graph_id == *id,
            ItemKey::Oracle(id) => item.oracle_id == *id,
            ItemKey::Number(number) => item.number == *number,
            ItemKey::Edition(guid) => item.file.as_ref().is_some_and(|file| file.edition.arena_guid == *guid),
            ItemKey::Root(_) => false,
            ItemKey::External(library, code) => item.library.id == *library && item.external_code() == code.as_str(),
            ItemKey::Path(base, names) => self.lies_at(base, names),
        }
    }

    /// Whether these names lead from the base to it. No two items of a folder have the same name, so nothing else lies there.
    fn lies_at(&self, base: &ItemKey, names: &[String]) -> bool {
        let Some((own, folders)) = names.split_last() else { return false };
        let above = &self.item.ancestors;
        let Some(start) = above.len().checked_sub(folders.len() + 1) else { return false };
        let is_base = above.get(start).is_some_and(|folder| match base {
            ItemKey::Id(id) => folder.id == id.0,
            ItemKey::Graph(id) => folder.graph_id == *id,
            ItemKey::Oracle(id) => folder.oracle_id == *id,
            ItemKey::Number(number) => folder.number == *number,
            ItemKey::Root(library) => start == 0 && self.item.library.id == *library,
            ItemKey::Edition(_) | ItemKey::External(..) | ItemKey::Path(..) => false,
        });
        let same = |one: &str, other: &str| one == other || name::key(one) == name::key(other);
        is_base
            && same(&self.item.name, own)
            && above.iter().skip(start + 1).zip(folders).all(|(folder, name)| same(&folder.name, name))
    }
}
