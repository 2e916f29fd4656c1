//! The words of the trail.

use super::id::{EditionId, ItemId, LibraryId, PrincipalId};

/// What was done or tried.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, sqlx::Type, serde::Serialize)]
#[sqlx(type_name = "text", rename_all = "snake_case")]
#[serde(rename_all = "snake_case")]
pub enum Verb {
    /// Took the lock.
    CheckOut,
    /// Published and released.
    CheckIn,
    /// Released without publishing.
    Cancel,
    /// Changed when the lock ends.
    Refresh,
    /// The lock ended by itself; nobody did it.
    Lapse,
    /// Saved a working copy.
    SaveDraft,
    /// Published an edition without releasing.
    AddEdition,
    /// Made a file, a folder or a part.
    Create,
    /// Renamed, moved or described.
    Update,
    /// Went along with a folder above it that was moved.
    Carry,
    /// Put into the trash.
    Delete,
    /// Took out of the trash.
    Restore,
    /// Deleted for good.
    Purge,
    /// Gave or took a role.
    Share,
    /// Made, changed or removed a link.
    Link,
    /// Associated a file with a part, or changed how.
    Associate,
    /// Took a file away from a part.
    Dissociate,
    /// Made the revision of a part that was worked on the effective one.
    Release,
    /// Opened the next revision of a part.
    Revise,
    /// Took the lock of a folder.
    LockFolder,
    /// Released it.
    UnlockFolder,
    /// Changed when it ends.
    RefreshFolder,
}

impl Verb {
    /// Whether it moves the lock of a folder.
    pub fn is_of_folder_locks(self) -> bool {
        matches!(self, Verb::LockFolder | Verb::UnlockFolder | Verb::RefreshFolder)
    }
}

/// How it ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, sqlx::Type, serde::Serialize)]
#[sqlx(type_name = "text", rename_all = "snake_case")]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// It was done.
    Done,
    /// Nothing changed: it was so already.
    Unchanged,
    /// Somebody else holds the lock.
    Held,
    /// There was no check-out to act on.
    NotCheckedOut,
    /// One of the gates before the lock was closed.
    Denied,
    /// Refused for the state of the file or the request.
    Refused,
}

/// What a trail entry is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Subject {
    /// In which library.
    pub library: LibraryId,
    /// Which item.
    pub item: ItemId,
    /// Which edition, where one is meant.
    pub edition: Option<EditionId>,
    /// Whose lock stood in the way.
    pub holder: Option<PrincipalId>,
}
