//! Identities: newtypes that cannot print themselves, because only a dialect can spell one; and the spellings that
//! each object stores from birth. Parsing a spelling is the room's business, looking it up the store's.

use uuid::Uuid;

use super::external::ExternalCode;

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident),* $(,)?) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, sqlx::Type)]
        #[sqlx(transparent)]
        pub struct $name(pub Uuid);

        impl $name {
            /// A new identity; ascending in time.
            pub fn fresh() -> Self {
                Self(Uuid::now_v7())
            }
        }
    )*};
}

ids! {
    /// Somebody who can be given rights: a user, an application or a group.
    PrincipalId,
    /// A tree of files.
    LibraryId,
    /// A folder or a file.
    ItemId,
    /// One published content of a file.
    EditionId,
    /// A file category.
    CategoryId,
    /// A named set of rules.
    PolicyId,
    /// A public link.
    LinkId,
    /// An API session.
    SessionId,
    /// A bearer token.
    TokenId,
    /// What a user's sign-in through an application gave.
    GrantId,
    /// One taking of a lock, as Liferay's clients know it.
    LockId,
    /// Something that is built, with files that describe it.
    PartId,
    /// A revision of a part.
    RevisionId,
    /// That a file belongs to a revision of a part.
    AssociationId,
    /// A metadata collection.
    CollectionId,
    /// A field of a metadata collection.
    FieldId,
    /// An upload that comes in fragments.
    UploadId,
    /// A copy that is made in the background.
    CopyId,
    /// A subscription to what changes in a library.
    SubscriptionId,
}

/// How a caller names an item, in the spelling of its dialect, already parsed there.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum ItemKey {
    /// Our own key.
    Id(ItemId),
    /// Graph's item id.
    Graph(String),
    /// Oracle's file or folder id.
    Oracle(String),
    /// Liferay's long.
    Number(i64),
    /// Arena's GUID of any edition of the file.
    Edition(String),
    /// The root folder of a library.
    Root(LibraryId),
    /// The code by which another system knows a file of a library; that of a file that was given none is its number.
    External(LibraryId, ExternalCode),
    /// A path of names below a folder; case does not count.
    Path(Box<ItemKey>, Vec<String>),
}

/// How a caller names a library.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LibraryKey {
    /// Our own key.
    Id(LibraryId),
    /// Graph's drive id.
    Drive(String),
    /// The personal library of a user, or the library of a group.
    OwnedBy(PrincipalId),
    /// Graph's site GUID.
    Site(Uuid),
    /// A site by its name, as in an address.
    Named(String),
    /// Liferay's group id.
    Number(i64),
    /// Arena's workspace id.
    Workspace(i64),
}

/// How a caller names a principal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PrincipalKey {
    /// Our own key.
    Id(PrincipalId),
    /// The login name, the e-mail address, whichever fits; case does not count.
    Login(String),
    /// The e-mail address.
    Email(String),
    /// Graph's object id.
    Graph(Uuid),
    /// Oracle's user id.
    Oracle(String),
    /// Arena's user GUID.
    Arena(String),
    /// Liferay's user id.
    Number(i64),
}

/// How a caller names an edition of a known file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EditionKey {
    /// Our own key.
    Id(EditionId),
    /// Oracle's version: 1, 2, 3 …
    Ordinal(i32),
    /// Liferay's and Graph's version.
    Version(super::version::Version),
    /// Arena's GUID.
    Arena(String),
    /// Arena's label.
    Label(String),
    /// Liferay's file version id.
    Number(i64),
}
