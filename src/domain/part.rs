//! Parts: what is built, in revisions, with the files that describe them. Arena calls a part an item; in this house an item
//! is a folder or a file.

use chrono::{DateTime, Utc};

use super::{
    error::{Error, Result},
    id::{AssociationId, EditionId, ItemId, LibraryId, PartId, RevisionId},
    name,
};

/// Longest number and longest name, in characters.
pub const LONGEST_NUMBER: usize = 255;

/// Longest label of a revision, in characters.
pub const LONGEST_LABEL: usize = 32;

/// Longest description, and what is said about an association, in characters.
pub const LONGEST_TEXT: usize = 4000;

/// Most files of one revision.
pub const MOST_FILES: i64 = 1000;

/// Where a revision stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, sqlx::Type, serde::Serialize)]
#[sqlx(type_name = "text", rename_all = "snake_case")]
#[serde(rename_all = "snake_case")]
pub enum RevisionStatus {
    /// It is being worked on; at most one of a part is.
    Working,
    /// It is the one to build by; at most one of a part is.
    Effective,
    /// It was.
    Superseded,
}

/// A part in one of its revisions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Revision {
    /// Our key.
    pub id: RevisionId,
    /// The part's.
    pub part: PartId,
    /// The library it belongs to.
    pub library: LibraryId,
    /// The part's number, free text.
    pub number: String,
    /// The part's name.
    pub name: String,
    /// The part's description.
    pub description: String,
    /// The revision's label: what it will be released under, or was.
    pub label: String,
    /// Where it stands.
    pub status: RevisionStatus,
    /// Arena's GUID.
    pub arena_guid: String,
    /// When it was opened.
    pub created_at: DateTime<Utc>,
    /// When it was released.
    pub effective_at: Option<DateTime<Utc>>,
    /// When the next one took its place.
    pub superseded_at: Option<DateTime<Utc>>,
    /// How many files it has.
    pub files: i64,
}

impl Revision {
    /// Refuses a revision that is not worked on: what was released stays as it was.
    pub fn changeable(&self) -> Result<()> {
        if self.status == RevisionStatus::Working { Ok(()) } else { Err(Error::Frozen) }
    }
}

/// That a file belongs to a revision of a part.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Association {
    /// Our key.
    pub id: AssociationId,
    /// The revision.
    pub revision: RevisionId,
    /// The file.
    pub file: ItemId,
    /// The edition it is pinned to; `None`: it shows the newest.
    pub edition: Option<EditionId>,
    /// Whether it is one of the files that come first.
    pub primary: bool,
    /// What is said about it.
    pub reference: String,
    /// Arena's GUID.
    pub arena_guid: String,
}

/// How a file is to belong to a revision.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Terms {
    /// The edition it is pinned to; `None`: it shows the newest.
    pub edition: Option<EditionId>,
    /// Whether it is one of the files that come first.
    pub primary: bool,
    /// What is said about it.
    pub reference: String,
}

impl Terms {
    /// Refuses what cannot be said of an association.
    pub fn check(&self) -> Result<()> {
        text(&self.reference, LONGEST_TEXT, "reference")
    }
}

/// A part to be made, its texts as they came.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NewPart {
    /// Its number, which no other part of the library has; case does not count.
    pub number: String,
    /// Its name.
    pub name: String,
    /// Its description.
    pub description: String,
    /// The label of its first revision.
    pub label: String,
}

impl NewPart {
    /// Refuses texts that no part can have.
    pub fn check(&self) -> Result<()> {
        filled(&self.number, LONGEST_NUMBER, "number")?;
        printable(&self.name, LONGEST_NUMBER, "name")?;
        text(&self.description, LONGEST_TEXT, "description")?;
        check_label(&self.label)
    }
}

/// Refuses a text that no revision can be called by.
pub fn check_label(label: &str) -> Result<()> {
    filled(label, LONGEST_LABEL, "revision")
}

/// What of a part's number is compared.
pub fn number_key(number: &str) -> String {
    name::key(number.trim())
}

fn filled(given: &str, longest: usize, what: &'static str) -> Result<()> {
    if given.trim().is_empty() { Err(Error::Invalid(what)) } else { printable(given, longest, what) }
}

fn printable(given: &str, longest: usize, what: &'static str) -> Result<()> {
    if given.chars().any(char::is_control) { Err(Error::Invalid(what)) } else { text(given, longest, what) }
}

fn text(given: &str, longest: usize, what: &'static str) -> Result<()> {
    if given.contains('\0') || given.chars().count() > longest { Err(Error::Invalid(what)) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_needs_a_number_and_a_label_that_can_be_printed() {
        let part = NewPart { number: "GX-4".to_owned(), label: "A".to_owned(), ..NewPart::default() };
        assert!(part.check().is_ok());
        for number in ["", "  ", "a\nb", &"x".repeat(256)] {
            let refused = NewPart { number: number.to_owned(), ..part.clone() }.check();
            assert!(matches!(refused, Err(Error::Invalid("number"))), "{number:?}");
        }
        for label in ["", " ", "\t", &"x".repeat(33)] {
            let refused = NewPart { label: label.to_owned(), ..part.clone() }.check();
            assert!(matches!(refused, Err(Error::Invalid("revision"))), "{label:?}");
        }
        let long = NewPart { description: "x".repeat(4001), ..part.clone() };
        assert!(matches!(long.check(), Err(Error::Invalid("description"))));
        assert_eq!(number_key(" GX-4 "), "gx-4");
    }
}
