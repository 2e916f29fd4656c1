//! The one lock of a file, and that of a folder: who holds it, since when, by which fence. Taking and releasing are decided by
//! the database in one statement each; here stands only what they mean.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::{
    actor::Dialect,
    id::{ItemId, PrincipalId},
    person::Person,
};

/// Longest free text of a taker's program, in characters.
pub const LONGEST_OWNER: usize = 1028;

/// Whether the free text of a taker's program is short enough to be kept with the lock.
pub fn is_owner(text: &str) -> bool {
    text.chars().nth(LONGEST_OWNER).is_none()
}

/// What the taker meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, sqlx::Type, serde::Serialize)]
#[sqlx(type_name = "text", rename_all = "snake_case")]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    /// An exclusive check-out.
    CheckOut,
    /// Oracle's reservation: any contributor may clear it by naming its holder.
    Reservation,
}

/// A lock somebody holds. An expired one is never shown as this.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lock {
    /// Who.
    pub holder: Arc<Person>,
    /// Rises with every taking of this lock, never falls.
    pub fence: i64,
    /// Check-out or reservation.
    pub mode: Mode,
    /// Through which room it was taken.
    pub dialect: Dialect,
    /// Since when.
    pub taken_at: DateTime<Utc>,
    /// Until when, if it ends by itself.
    pub expires_at: Option<DateTime<Utc>>,
    /// A capability that Liferay's clients keep.
    pub uuid: Uuid,
    /// Liferay's number of the lock.
    pub number: i64,
    /// Liferay's number of the working copy.
    pub draft_number: i64,
    /// Free text of the taker's program.
    pub owner_text: String,
    /// What the taker said.
    pub comment: Option<String>,
    /// The folder it is on; `None`: it is on a file.
    pub folder: Option<LockedFolder>,
}

/// The folder that a lock is on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LockedFolder {
    /// Our key.
    pub id: ItemId,
    /// Liferay's number.
    pub number: i64,
    /// Whether it counts for all that lies below, as far as nothing nearer is locked.
    pub inheritable: bool,
}

impl Lock {
    /// Whether what its holder saves waits for the check-in. Graph's own reservations have no working copy: what their
    /// holder writes is published at once (spec/graph.md 12). Nor has a lock on a folder.
    pub fn has_working_copy(&self) -> bool {
        self.folder.is_none() && has_working_copy(self.mode, self.dialect)
    }

    /// The same lock for who does not see what it is on: whose it is and until when, and nothing that names it or its place.
    #[must_use]
    pub fn of_something_unseen(&self) -> Self {
        Self {
            uuid: Uuid::nil(),
            number: 0,
            draft_number: 0,
            owner_text: String::new(),
            comment: None,
            folder: self.folder.map(|folder| LockedFolder { id: ItemId(Uuid::nil()), number: 0, ..folder }),
            ..self.clone()
        }
    }

    /// As the permission checker sees it.
    pub fn held(&self) -> Held {
        Held { holder: self.holder.id, mode: self.mode }
    }

    /// Whether it is a check-out, to be checked in or discarded, to who comes through `room`. Graph knows its own reservations
    /// as something else, and the other rooms know one kind of lock (spec/graph.md 12).
    pub fn is_check_out_in(&self, room: Dialect) -> bool {
        room != Dialect::Graph || self.has_working_copy()
    }
}

fn has_working_copy(mode: Mode, dialect: Dialect) -> bool {
    !(mode == Mode::Reservation && dialect == Dialect::Graph)
}

/// What becomes of check-outs that end by themselves. Their files are free from that moment on in any case.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Lapse {
    /// They are cancelled; the working copies are kept as rescued ones for a while.
    #[default]
    Cancels,
    /// Those that were taken through this room are checked in for their holders, as major editions with this comment; what
    /// cannot be checked in is cancelled, and so are those of all other rooms.
    ChecksIn {
        /// Through which room they were taken.
        room: Dialect,
        /// What is said with the edition.
        comment: &'static str,
    },
}

impl Lapse {
    /// The room whose check-outs are checked in when they end by themselves.
    pub fn checks_in(self) -> Option<Dialect> {
        match self {
            Lapse::Cancels => None,
            Lapse::ChecksIn { room, .. } => Some(room),
        }
    }
}

/// The lock as the permission checker sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Held {
    /// Who holds it.
    pub holder: PrincipalId,
    /// Check-out or reservation.
    pub mode: Mode,
}

/// What a caller asks for when checking out.
#[derive(Clone, Debug)]
pub struct CheckOut {
    /// Check-out or reservation.
    pub mode: Mode,
    /// How long at most; `None`: until it is released.
    pub lifetime: Option<chrono::Duration>,
    /// Free text of the taker's program.
    pub owner_text: String,
    /// What the taker says.
    pub comment: Option<String>,
}

impl CheckOut {
    /// Whether there is a working copy behind what is taken like this through `room`.
    pub fn has_working_copy(&self, room: Dialect) -> bool {
        has_working_copy(self.mode, room)
    }
}

impl Default for CheckOut {
    fn default() -> Self {
        Self { mode: Mode::CheckOut, lifetime: None, owner_text: String::new(), comment: None }
    }
}

/// What a caller asks for when locking a folder.
#[derive(Clone, Debug)]
pub struct LockFolder {
    /// How long at most; `None`: until it is released.
    pub lifetime: Option<chrono::Duration>,
    /// Free text of the taker's program.
    pub owner_text: String,
    /// Whether it counts for all that lies below.
    pub inheritable: bool,
}

/// How a check-out ended well.
#[derive(Clone, Debug)]
pub enum CheckedOut {
    /// The lock was free, or the caller's reservation without a working copy, and is now the caller's as asked for.
    Taken(Lock),
    /// The caller held it already; nothing changed.
    AlreadyYours(Lock),
}

impl CheckedOut {
    /// The lock, taken now or before.
    pub fn lock(&self) -> &Lock {
        match self {
            CheckedOut::Taken(lock) | CheckedOut::AlreadyYours(lock) => lock,
        }
    }
}

/// How a cancel ended well.
#[derive(Clone, Debug)]
pub struct Cancelled {
    /// The lock that is gone.
    pub lock: Lock,
    /// Whether it was somebody else's, whose draft was therefore kept.
    pub rescued: bool,
}
