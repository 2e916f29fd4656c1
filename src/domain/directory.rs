//! Lists of people, groups and sites in the order of their names: who is looked for, and where a reader of such a list
//! stands.

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::{id::PrincipalId, library::Library};

/// So many characters of a name count for the order; what begins alike follows by its key. So a place stays short, however
/// long a name is.
pub const SORTED: usize = 64;

/// A place in a list: right behind whoever begins like this and has this key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NamePlace {
    /// The beginning of the name, as it is written.
    pub name: String,
    /// Our key.
    pub key: Uuid,
}

impl NamePlace {
    /// The place behind somebody or something.
    pub fn behind(name: &str, key: Uuid) -> Self {
        Self { name: name.chars().take(SORTED).collect(), key }
    }
}

/// Which part of a list is wanted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Slice {
    /// What comes behind this place; `None`: from the first on.
    pub after: Option<NamePlace>,
    /// So many at most.
    pub limit: i64,
    /// Whether to say how many there are in all.
    pub count: bool,
}

/// That part.
#[derive(Clone, Debug)]
pub struct Portion<T> {
    /// The entries.
    pub entries: Vec<T>,
    /// Where the next ones begin; `None`: there are none.
    pub next: Option<NamePlace>,
    /// How many the list has in all, if that was asked.
    pub total: Option<i64>,
}

/// What of a user or a group a text is compared with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Field {
    /// The full name.
    Name,
    /// What stands before the last blank of it.
    FirstName,
    /// What stands behind that.
    LastName,
    /// The e-mail address.
    Email,
    /// What they sign in with as others see it: the e-mail address; the login name of who has none.
    SignIn,
}

/// How it is compared; case does not count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fits {
    /// It is the text.
    Whole,
    /// It begins with the text.
    Start,
    /// It has the text somewhere.
    Within,
}

/// Who is looked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wanted {
    /// What is compared.
    pub field: Field,
    /// How.
    pub fits: Fits,
    /// With what.
    pub text: String,
}

/// A group as others see it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Group {
    /// Our key.
    pub id: PrincipalId,
    /// Its name.
    pub name: String,
    /// Its description; empty where it has none.
    pub description: String,
    /// Graph's object id.
    pub graph_id: Uuid,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// Whether it has a library of which the caller sees something.
    pub has_library: bool,
}

/// A site: a library of that kind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Site {
    /// The library.
    pub library: Library,
    /// When its root folder was last changed.
    pub modified_at: DateTime<Utc>,
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_place_is_short_and_the_beginning_of_the_name(name in "\\PC{0,200}") {
            let place = NamePlace::behind(&name, Uuid::nil());
            prop_assert!(name.starts_with(&place.name));
            prop_assert_eq!(place.name.chars().count(), name.chars().count().min(SORTED));
        }
    }
}
