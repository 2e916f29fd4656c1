//! Folders and files as a caller sees them.

use std::sync::Arc;

use chrono::{DateTime, Utc};

use super::{
    edition::{ContentInfo, Edition, Metadata},
    external::ExternalCode,
    id::{CategoryId, ItemId, PrincipalId},
    library::Library,
    lock::Lock,
    name::{ItemName, extension},
    person::Person,
    special::Special,
    version::Version,
};

/// Folder or file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, sqlx::Type, serde::Serialize)]
#[sqlx(type_name = "text", rename_all = "snake_case")]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// Holds items.
    Folder,
    /// Has editions and a lock.
    File,
}

/// A folder above an item, nearest last.
#[derive(Clone, Debug, PartialEq, Eq, serde::Deserialize)]
pub struct Ancestor {
    /// Our key.
    pub id: uuid::Uuid,
    /// Its name; the root folder's is the library's.
    pub name: String,
    /// Liferay's number.
    pub number: i64,
    /// Oracle's id.
    pub oracle_id: String,
    /// Graph's id.
    pub graph_id: String,
}

/// The category of an item.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CategoryRef {
    /// Our key.
    pub id: CategoryId,
    /// Its name.
    pub name: String,
    /// Arena's GUID.
    pub arena_guid: String,
    /// Its names from below the root category down to itself; empty for the root.
    pub path: Vec<String>,
}

/// The working copy behind a lock. Shown to its holder only, where a dialect shows one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Draft {
    /// The bytes, if some were saved.
    pub content: Option<ContentInfo>,
    /// The name they came under.
    pub file_name: Option<String>,
    /// Their media type.
    pub media_type: Option<String>,
    /// Title.
    pub title: Option<String>,
    /// Description.
    pub description: Option<String>,
    /// What was said when it was saved.
    pub comment: Option<String>,
    /// The times of the client's own disk that came with it.
    pub client_times: ClientTimes,
    /// When it was last saved.
    pub saved_at: DateTime<Utc>,
    /// Rises with every saving.
    pub revision: i64,
}

/// What a file has and a folder has not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileParts {
    /// The last published edition.
    pub edition: Edition,
    /// The highest ordinal ever given to an edition of it, also to one that was deleted: the next one counts on from here.
    pub last_ordinal: i32,
    /// The version that went with it.
    pub last_version: Version,
    /// Arena's `FILE-nnnnnn`, the number alone.
    pub number: i64,
    /// The lock, while somebody holds it.
    pub lock: Option<Lock>,
    /// The working copy, if one was saved under that lock.
    pub draft: Option<Draft>,
    /// The last fence given out.
    pub fence: i64,
    /// Rises with every change of the file: what a write compares.
    pub lock_revision: i64,
    /// Who made it, while it was never checked in where that is required: it exists for nobody else.
    pub unpublished_by: Option<PrincipalId>,
}

/// A folder or a file as a caller sees it, in the words of every dialect.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Item {
    /// Our key.
    pub id: ItemId,
    /// The library it lies in.
    pub library: Arc<Library>,
    /// The folder it lies in; none for a root folder.
    pub parent: Option<ItemId>,
    /// All folders above, the root folder first.
    pub ancestors: Arc<[Ancestor]>,
    /// Its name in its folder.
    pub name: String,
    /// Its title.
    pub title: String,
    /// Its description.
    pub description: String,
    /// Its category.
    pub category: CategoryRef,
    /// Liferay's number.
    pub number: i64,
    /// The code by which another system knows it, if it has another than its number.
    pub external_code: Option<String>,
    /// Oracle's id.
    pub oracle_id: String,
    /// Graph's id.
    pub graph_id: String,
    /// Whose it is.
    pub owner: Arc<Person>,
    /// Who made it.
    pub created_by: Arc<Person>,
    /// When.
    pub created_at: DateTime<Utc>,
    /// Who changed it last.
    pub modified_by: Arc<Person>,
    /// When.
    pub modified_at: DateTime<Utc>,
    /// The time a client says the file was made on its own disk.
    pub client_created_at: Option<DateTime<Utc>>,
    /// The time a client says the file was changed on its own disk.
    pub client_modified_at: Option<DateTime<Utc>>,
    /// Rises with every change of the item itself.
    pub revision: i64,
    /// How many items a folder holds directly, all of them; 0 for a file.
    pub children: i64,
    /// What a folder is for, if it is a special one of its library.
    pub special: Option<Special>,
    /// The lock on a folder that reaches it, while somebody holds it: a folder's own, else the nearest inheritable one above.
    pub folder_lock: Option<Box<Lock>>,
    /// What only files have.
    pub file: Option<FileParts>,
}

impl Item {
    /// Folder or file.
    pub fn kind(&self) -> Kind {
        if self.file.is_some() { Kind::File } else { Kind::Folder }
    }

    /// The lock of a file, while somebody holds it.
    pub fn lock(&self) -> Option<&Lock> {
        self.file.as_ref().and_then(|file| file.lock.as_ref())
    }

    /// The lock on a folder itself, while somebody holds it.
    pub fn own_folder_lock(&self) -> Option<&Lock> {
        self.folder_lock.as_deref().filter(|lock| lock.folder.is_some_and(|folder| folder.id == self.id))
    }

    /// The lock on itself, be it a file or a folder, while somebody holds it.
    pub fn own_lock(&self) -> Option<&Lock> {
        self.lock().or(self.own_folder_lock())
    }

    /// The lock that decides who may change it: the nearest, its own first.
    pub fn deciding_lock(&self) -> Option<&Lock> {
        self.lock().or(self.folder_lock.as_deref())
    }

    /// Whether `principal` holds the lock.
    pub fn is_held_by(&self, principal: Option<PrincipalId>) -> bool {
        self.lock().is_some_and(|lock| Some(lock.holder.id) == principal)
    }

    /// The working copy, if `principal` is its holder.
    pub fn draft_of(&self, principal: Option<PrincipalId>) -> Option<&Draft> {
        self.file.as_ref().and_then(|file| file.draft.as_ref()).filter(|_| self.is_held_by(principal))
    }

    /// What the file is called after when this working copy is checked in: the title that was saved, and the extension of the
    /// bytes. `None`: it keeps its name, since neither is another, or what was saved has no title: it came through a dialect
    /// that keeps titles apart from bytes.
    pub fn retitled_by<'a>(&'a self, draft: &'a Draft) -> Option<(&'a str, &'a str)> {
        let title = draft.title.as_deref()?;
        let wanted = extension(draft.file_name.as_deref().unwrap_or(&self.name)).unwrap_or_default();
        let has = extension(&self.name).unwrap_or_default();
        (title != self.title || wanted != has).then_some((title, wanted))
    }

    /// Whether it is called what the bytes of its newest edition are called. Then its name goes with its editions; else it was
    /// given one apart from them.
    pub fn is_named_by_edition(&self) -> bool {
        self.file.as_ref().is_some_and(|file| file.edition.file_name.as_ref() == Some(&self.name))
    }

    /// A number that rises with everything that others see of the item: its own changes, a taking and a release of its
    /// lock, a lapse. What the holder alone sees is counted by [`Draft::revision`].
    pub fn tag(&self) -> i64 {
        let lock = self.file.as_ref().map_or(0, |file| 2 * file.fence - i64::from(file.lock.is_some()));
        self.revision + lock
    }

    /// The code by which another system knows it: its number, if it was given none.
    pub fn external_code(&self) -> String {
        self.external_code.clone().unwrap_or_else(|| self.number.to_string())
    }

    /// Whether it is the root folder of its library.
    pub fn is_root(&self) -> bool {
        self.parent.is_none()
    }
}

/// What to do when the name is taken in the target folder.
#[derive(Clone, Copy, Debug, PartialEq, Eq, sqlx::Type)]
#[sqlx(type_name = "text", rename_all = "snake_case")]
pub enum OnConflict {
    /// Refuse.
    Fail,
    /// Publish the bytes as the next edition of the file that has the name (Graph's `replace`, Oracle).
    AddEdition,
    /// Choose another name: ` 1`, ` 2` … before the extension (Graph).
    RenameBlank,
    /// Choose another name: `(2)`, `(3)` … before the extension (Oracle).
    RenameParentheses,
    /// Choose another name: six digits of the clock before the extension (Oracle's `TimeStampSuffix`).
    RenameTime,
}

/// A file to be made; its bytes come beside it.
#[derive(Clone, Debug)]
pub struct NewFile {
    /// Its name in the folder.
    pub name: ItemName,
    /// What is said about its first edition; the title is the name where none is given.
    pub metadata: Metadata,
    /// Said with the first edition.
    pub comment: String,
    /// When the name is taken.
    pub on_conflict: OnConflict,
    /// The times of the client's own disk.
    pub client_times: ClientTimes,
}

/// Times a client says the file had on its own disk; `None`: not said.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ClientTimes {
    /// Made.
    pub created: Option<DateTime<Utc>>,
    /// Changed.
    pub modified: Option<DateTime<Utc>>,
}

impl ClientTimes {
    /// Whether nothing is said.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// A change of an item that makes no edition; `None`: as it is.
#[derive(Clone, Debug, Default)]
pub struct Change {
    /// A new name.
    pub name: Option<ItemName>,
    /// Another folder.
    pub parent: Option<ItemId>,
    /// A new title.
    pub title: Option<String>,
    /// A new description.
    pub description: Option<String>,
    /// Another category.
    pub category: Option<CategoryId>,
    /// Another code by which another system knows it; of files only.
    pub external_code: Option<ExternalCode>,
    /// The times of the client's own disk.
    pub client_times: ClientTimes,
}

impl Change {
    /// Whether everything stays as it is.
    pub fn is_empty(&self) -> bool {
        let Self { name, parent, title, description, category, external_code, client_times } = self;
        name.is_none()
            && parent.is_none()
            && title.is_none()
            && description.is_none()
            && category.is_none()
            && external_code.is_none()
            && client_times.is_empty()
    }
}
