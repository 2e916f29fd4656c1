//! Every way the vault says no, in its own words. Nothing here is ever shown to a client: each room words each refusal.

use std::sync::Arc;

use super::{actor::Role, edition::Misplaced, item::Kind, lock::Lock, name::BadName, permission::Denial};

/// What every act of the vault answers.
pub type Result<T> = std::result::Result<T, Error>;

/// A refusal, decided once and for all dialects.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// No such thing, or none that the caller may see.
    #[error("not found: {0:?}")]
    Missing(Missing),
    /// One of the gates before the lock is closed.
    #[error("denied: {0:?}")]
    Denied(Denial),
    /// Somebody else holds the lock. Of what the caller does not see it is [`Lock::of_something_unseen`].
    #[error("held by somebody else")]
    Held(Box<Lock>),
    /// There is no check-out to act on.
    #[error("not checked out")]
    NotCheckedOut,
    /// The caller holds the lock, but not under the fence the act is bound to.
    #[error("the check-out this act belongs to has ended")]
    FenceLost,
    /// A reservation is cleared by naming its holder; somebody else was named.
    #[error("another holder was named")]
    OtherHolderNamed(Box<Lock>),
    /// The lock's uuid is another.
    #[error("another lock uuid was named")]
    OtherLockNamed,
    /// A file where a folder is needed, or the reverse.
    #[error("needs a {0:?}")]
    WrongKind(Kind),
    /// The edition named is not the newest.
    #[error("not the latest edition")]
    NotLatest,
    /// The edition cannot be edited in place.
    #[error("the edition is frozen")]
    Frozen,
    /// The file has no bytes here.
    #[error("no content")]
    NoContent,
    /// No bytes were given where some are needed.
    #[error("content missing")]
    ContentMissing,
    /// More bytes than a file may have.
    #[error("content too large")]
    ContentTooLarge,
    /// The library holds as many bytes as it may.
    #[error("the quota is reached")]
    QuotaReached,
    /// The client's bytes ended early or stalled.
    #[error("the body ended early")]
    BodyBroken,
    /// The name is taken in the target folder.
    #[error("the name {0:?} is taken")]
    NameTaken(String),
    /// The label is taken by another edition of the file.
    #[error("the label {0:?} is taken")]
    LabelTaken(String),
    /// Another file of the library has the code by which another system is to know this one.
    #[error("the code {code:?} is taken")]
    CodeTaken {
        /// The code.
        code: String,
        /// The library's number in Liferay's spelling.
        library: i64,
    },
    /// No name an item may have.
    #[error("bad name: {0}")]
    BadName(BadName),
    /// A root folder, a file in itself, a folder below itself.
    #[error("cannot be done to this item: {0}")]
    Impossible(&'static str),
    /// Something else refers to it.
    #[error("associated with something else")]
    Associated,
    /// The file belongs to this revision of the part already.
    #[error("associated already")]
    AlreadyAssociated,
    /// The state the caller expected (If-Match) is not the state there is.
    #[error("precondition failed")]
    PreconditionFailed,
    /// The category cannot be given to files.
    #[error("the category cannot be assigned")]
    CategoryNotAssignable,
    /// The link exists and has ended.
    #[error("the link has expired")]
    LinkExpired,
    /// The link's access code is missing or wrong.
    #[error("the access code is missing or wrong")]
    AccessCode,
    /// The link is not for this caller, or its role is less than needed.
    #[error("the link does not admit the caller (needs {0:?})")]
    LinkRefused(Role),
    /// A value of the request cannot be.
    #[error("invalid {0}")]
    Invalid(&'static str),
    /// Wrong name, wrong password, disabled, no such workspace: never said which.
    #[error("cannot sign in")]
    BadCredentials,
    /// Too many wrong passwords in a row.
    #[error("too many wrong passwords")]
    LockedOut,
    /// The right password, which has expired or was reset: another must be set first.
    #[error("the password has expired")]
    PasswordExpired,
    /// The library is not open to this vendor's API.
    #[error("not open to this API")]
    NotEnabled,
    /// No credential, or one that is dead.
    #[error("no valid credential")]
    NoSession,
    /// Too much to do just now; worth another try.
    #[error("overloaded")]
    Overloaded,
    /// Our fault. Logged once, where it becomes a response; its cause never reaches a client.
    #[error("broken")]
    Broken(#[source] Arc<dyn std::error::Error + Send + Sync>),
}

/// What there is none of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Missing {
    /// A file or folder.
    Item,
    /// A file or folder that exists, but not for this caller. Every room answers as for [`Missing::Item`], byte for byte,
    /// save the one whose vendor documents a difference.
    Hidden,
    /// An edition of a file that exists.
    Edition,
    /// A library.
    Library,
    /// A user, application or group.
    Principal,
    /// A category.
    Category,
    /// A link.
    Link,
    /// A lock by its uuid.
    Lock,
    /// A part, or a revision of one.
    Part,
    /// That a file belongs to a revision of a part.
    Association,
    /// A metadata collection, or a field of one.
    Collection,
}

impl Error {
    /// Our fault, with its cause.
    pub fn broken(cause: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Error::Broken(Arc::from(cause.into()))
    }
}

impl From<Misplaced> for Error {
    fn from(misplaced: Misplaced) -> Self {
        match misplaced {
            Misplaced::NoContent => Error::ContentMissing,
            Misplaced::NoLocation | Misplaced::Location(_) => Error::Invalid("location"),
        }
    }
}

impl From<BadName> for Error {
    fn from(bad: BadName) -> Self {
        Error::BadName(bad)
    }
}
