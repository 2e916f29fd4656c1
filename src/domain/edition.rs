//! Editions: published contents of a file, and what a caller gives to publish one.

use std::sync::Arc;

use chrono::{DateTime, Utc};

use super::{
    content::{QuickXor, Sha256},
    external::ExternalCode,
    id::{CategoryId, EditionId},
    name::ItemName,
    person::Person,
    version::{Step, Version},
};

/// Where an edition's bytes are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, sqlx::Type)]
#[sqlx(type_name = "text", rename_all = "snake_case")]
pub enum Storage {
    /// Here.
    File,
    /// Nowhere yet.
    Placeholder,
    /// At an FTP address, never fetched by us.
    Ftp,
    /// At a web address, never fetched by us.
    Web,
}

/// What identifies some bytes; where they lie is the vault's business.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ContentInfo {
    /// Identifies the bytes.
    pub sha256: Sha256,
    /// What Graph clients verify a transfer with.
    pub quick_xor: QuickXor,
    /// In bytes.
    pub size: i64,
}

/// One published content of a file. Never changed once published, except that the newest may be replaced in place where
/// a vendor has that.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Edition {
    /// Our key.
    pub id: EditionId,
    /// 1, 2, 3 … of its file; Oracle's version.
    pub ordinal: i32,
    /// Liferay's and Graph's version.
    pub version: Version,
    /// Arena's free label.
    pub label: String,
    /// Liferay's file version id.
    pub number: i64,
    /// Arena's GUID.
    pub arena_guid: String,
    /// The name the bytes came under; `None` without content.
    pub file_name: Option<String>,
    /// Title.
    pub title: String,
    /// Description.
    pub description: String,
    /// Arena's format, free text.
    pub format: Option<String>,
    /// Hidden from suppliers in Arena.
    pub private: bool,
    /// Cannot be edited in place.
    pub frozen: bool,
    /// Where the bytes are.
    pub storage: Storage,
    /// The address, for bytes elsewhere.
    pub location: Option<String>,
    /// Media type; `None` without content.
    pub media_type: Option<String>,
    /// The bytes; `None` without content.
    pub content: Option<ContentInfo>,
    /// What was said when it was published.
    pub comment: String,
    /// Who published it.
    pub author: Arc<Person>,
    /// The author's name as Arena shows it.
    pub author_name: String,
    /// When it was published.
    pub created_at: DateTime<Utc>,
    /// When it was last changed in place.
    pub modified_at: DateTime<Utc>,
    /// Whether it is the newest.
    pub latest: bool,
}

impl Edition {
    /// Size in bytes; 0 without content.
    pub fn size(&self) -> i64 {
        self.content.map_or(0, |content| content.size)
    }
}

/// What is said about an edition besides its bytes; `None`: as it was before.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Metadata {
    /// The name the bytes came under.
    pub file_name: Option<ItemName>,
    /// Media type of the bytes as the client says; counts where the name's extension says nothing.
    pub media_type: Option<String>,
    /// Media type of the bytes that counts whatever the name says (Arena).
    pub declared_type: Option<String>,
    /// Title.
    pub title: Option<String>,
    /// Description.
    pub description: Option<String>,
    /// Arena's format.
    pub format: Option<String>,
    /// Arena's `private`.
    pub private: Option<bool>,
    /// Arena's label.
    pub label: Option<String>,
    /// The author's name, free text.
    pub author_name: Option<String>,
    /// The file's category.
    pub category: Option<CategoryId>,
    /// The code by which another system knows the file.
    pub external_code: Option<ExternalCode>,
    /// Where the bytes are to be; with bytes that are given it says nothing.
    pub storage: Option<Storage>,
    /// The address of bytes elsewhere.
    pub location: Option<String>,
}

/// Why nothing can be where it is said to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Misplaced {
    /// Here, but no bytes are given and there were none.
    NoContent,
    /// At an address that nobody says.
    NoLocation,
    /// An address, but what has this storage has none.
    Location(Storage),
}

impl Metadata {
    /// Where the bytes of an edition are if none are given with this, and their address; `before` is the edition that it
    /// follows or changes.
    pub fn place(&self, before: Option<&Edition>) -> Result<(Storage, Option<String>), Misplaced> {
        let storage = self.storage.or(before.map(|before| before.storage)).unwrap_or(Storage::Placeholder);
        let known = || before.and_then(|before| before.location.clone());
        match (storage, &self.location) {
            (_, None) if self.storage.is_none() => Ok((storage, known())),
            (Storage::File, _) if before.is_none_or(|before| before.storage != Storage::File) => {
                Err(Misplaced::NoContent)
            }
            (Storage::File | Storage::Placeholder, Some(_)) => Err(Misplaced::Location(storage)),
            (Storage::File | Storage::Placeholder, None) => Ok((storage, None)),
            (Storage::Ftp | Storage::Web, given) => {
                let location = given.clone().or_else(known).ok_or(Misplaced::NoLocation)?;
                Ok((storage, Some(location)))
            }
        }
    }
}

/// How a check-in or an upload counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Publish {
    /// A new edition, the version moving on by this step.
    New(Step),
    /// The newest edition's bytes are replaced under its own identity and label; the old ones stay as an internal edition.
    ReplaceLatest,
    /// A new minor edition when content or metadata changed, in place when nothing did (Liferay's automatic).
    Automatic,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(storage: Option<Storage>, location: Option<&str>) -> Metadata {
        Metadata { storage, location: location.map(str::to_owned), ..Metadata::default() }
    }

    #[test]
    fn a_new_file_without_bytes_is_a_placeholder_or_has_an_address() {
        use Storage::{File, Ftp, Placeholder, Web};
        assert_eq!(said(None, None).place(None), Ok((Placeholder, None)));
        assert_eq!(said(Some(Placeholder), None).place(None), Ok((Placeholder, None)));
        for storage in [Ftp, Web] {
            assert_eq!(said(Some(storage), Some("a")).place(None), Ok((storage, Some("a".to_owned()))));
            assert_eq!(said(Some(storage), None).place(None), Err(Misplaced::NoLocation));
        }
        assert_eq!(said(Some(Placeholder), Some("a")).place(None), Err(Misplaced::Location(Placeholder)));
        assert_eq!(said(None, Some("a")).place(None), Err(Misplaced::Location(Placeholder)));
        assert_eq!(said(Some(File), None).place(None), Err(Misplaced::NoContent));
    }
}
