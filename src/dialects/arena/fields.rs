//! The fields of a file (spec/arena.md 9) as the settings describe them (10.2): one table of what can be given, changed and
//! searched for, in the order in which the vendor prints them. What it says of searches and lengths is what `search.rs` and
//! `attributes.rs` do.

use super::{
    attributes::{LONGEST_DESCRIPTION, LONGEST_EDITION, LONGEST_FORMAT, LONGEST_LOCATION, LONGEST_TITLE},
    wire::storage_name,
};
use crate::domain::{edition::Storage, name::LONGEST_NAME};

/// A field of a file.
#[derive(Clone, Copy, Debug)]
#[expect(clippy::struct_excessive_bools, reason = "the vendor's")]
pub struct Field {
    /// Its name in JSON.
    pub name: &'static str,
    /// What it holds.
    pub kind: Kind,
    /// Whether it can be given when a file is made.
    pub creatable: bool,
    /// Whether it must be given then. The vendor prints author and category so; without them we take the caller's name and
    /// the root category.
    pub required: bool,
    /// Whether it can be changed.
    pub editable: bool,
    /// Whether null may take its value away (`setnull`, 8.7).
    pub nullable: bool,
    /// Whether files can be searched for by it (8.1).
    pub searchable: bool,
}

/// What a field holds. For text that clients give: how many characters at most.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// True or false.
    Boolean,
    /// A moment.
    Moment,
    /// A text of a list that clients may add to.
    Choice(usize),
    /// One of these.
    OneOf(&'static [Storage]),
    /// A GUID.
    Guid,
    /// A whole number.
    Integer,
    /// An object of its own.
    Object,
    /// A text that clients give.
    Text(usize),
    /// A text that only we give, or one without a limit of its own.
    OtherText,
}

impl Kind {
    /// The vendor's word for it.
    pub fn word(self) -> &'static str {
        match self {
            Kind::Boolean => "BOOLEAN",
            Kind::Moment => "DATETIME",
            Kind::Choice(_) => "DROP_DOWN",
            Kind::OneOf(_) => "FIXED_DROP_DOWN",
            Kind::Guid => "GUID",
            Kind::Integer => "INTEGER",
            Kind::Object => "OBJECT",
            Kind::Text(_) | Kind::OtherText => "SINGLE_LINE_TEXT",
        }
    }

    /// How many characters it holds.
    pub fn longest(self) -> Option<usize> {
        match self {
            Kind::Choice(longest) | Kind::Text(longest) => Some(longest),
            Kind::Boolean
            | Kind::Moment
            | Kind::OneOf(_)
            | Kind::Guid
            | Kind::Integer
            | Kind::Object
            | Kind::OtherText => None,
        }
    }

    /// The values it may have, where they are few.
    pub fn values(self) -> Option<Vec<&'static str>> {
        match self {
            Kind::OneOf(values) => Some(values.iter().copied().map(storage_name).collect()),
            Kind::Boolean
            | Kind::Moment
            | Kind::Choice(_)
            | Kind::Guid
            | Kind::Integer
            | Kind::Object
            | Kind::Text(_)
            | Kind::OtherText => None,
        }
    }
}

const STORAGES: &[Storage] = &[Storage::File, Storage::Ftp, Storage::Placeholder, Storage::Web];

/// A field that clients only read.
const fn shown(name: &'static str, kind: Kind) -> Field {
    Field { name, kind, creatable: false, required: false, editable: false, nullable: false, searchable: false }
}

/// A field that clients give and change.
const fn given(name: &'static str, kind: Kind) -> Field {
    Field { creatable: true, editable: true, ..shown(name, kind) }
}

/// All of them, in the vendor's order: by name.
pub const FIELDS: [Field; 24] = [
    Field { required: true, ..given("author", Kind::Object) },
    Field { required: true, searchable: true, ..given("category", Kind::Object) },
    shown("checkedOut", Kind::Boolean),
    shown("checkoutDateTime", Kind::Moment),
    shown("checkoutUser", Kind::Object),
    shown("corrected", Kind::Boolean),
    shown("creationDateTime", Kind::Moment),
    Field { nullable: true, ..given("description", Kind::Text(LONGEST_DESCRIPTION)) },
    Field { required: true, ..given("edition", Kind::Text(LONGEST_EDITION)) },
    Field { nullable: true, searchable: true, ..given("format", Kind::Choice(LONGEST_FORMAT)) },
    shown("guid", Kind::Guid),
    shown("hasMarkup", Kind::Boolean),
    shown("lastModifiedDateTime", Kind::Moment),
    shown("latest", Kind::Boolean),
    given("location", Kind::Text(LONGEST_LOCATION)),
    shown("locked", Kind::Boolean),
    shown("mimeType", Kind::OtherText),
    Field { searchable: true, ..shown("name", Kind::Text(LONGEST_NAME)) },
    Field { searchable: true, ..shown("number", Kind::OtherText) },
    given("private", Kind::Boolean),
    shown("size", Kind::Integer),
    Field { creatable: true, required: true, ..shown("storageMethod", Kind::Integer) },
    Field { required: true, ..given("storageMethodName", Kind::OneOf(STORAGES)) },
    Field { required: true, searchable: true, ..given("title", Kind::Text(LONGEST_TITLE)) },
];

#[cfg(test)]
mod tests {
    use super::{
        super::{error::Error, search::Search},
        *,
    };

    #[test]
    fn what_is_called_searchable_can_be_searched_for_and_nothing_else() {
        for field in FIELDS {
            // files are searched for by the GUID of their category
            let parameter = if field.name == "category" { "category.guid" } else { field.name };
            let read = Search::read(Some(&format!("{parameter}=x")));
            assert_eq!(!matches!(read, Err(Error::NotSearchable(_))), field.searchable, "{}", field.name);
        }
    }

    #[test]
    fn they_are_sorted_and_what_must_be_given_can_be() {
        assert!(FIELDS.is_sorted_by(|one, next| one.name < next.name));
        assert!(FIELDS.iter().all(|field| field.creatable || !field.required));
        assert!(FIELDS.iter().all(|field| field.editable || !field.nullable));
    }
}
