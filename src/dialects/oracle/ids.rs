//! How this dialect spells identities (spec/oracle.md 2.4): parsed once, and only in their one spelling. An id of the
//! wrong form is simply not found.

use axum::{
    extract::{FromRequestParts, RawPathParams},
    http::request::Parts,
};

use super::{Hall, error::Error};
use crate::domain::{
    error::{Error as No, Missing},
    id::{ItemKey, PrincipalKey},
    name,
    person::Person,
};

/// A file's id: `D` and 43 more.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileId(String);

/// A folder's id: `F` and 43 more, or `self` for the caller's home.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FolderId {
    /// `self`.
    Home,
    /// Any other.
    Id(String),
}

/// A public link's id: `L` and 43 more.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LinkId(String);

/// What a path names that is written for files and for folders alike.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    /// `{fileId}`.
    File(FileId),
    /// `{folderId}`.
    Folder(FolderId),
}

/// The name of a metadata collection, as the path has it; it need not be one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CollectionPath(pub String);

/// A user's id: `U` and 35 more.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UserId(String);

impl UserId {
    /// Reads one.
    pub fn parse(text: &str) -> Option<Self> {
        is_id('U', 36, text).then(|| Self(text.to_owned()))
    }

    /// What the vault looks up.
    pub fn key(&self) -> PrincipalKey {
        PrincipalKey::Oracle(self.0.clone())
    }
}

impl FileId {
    /// Reads one.
    pub fn parse(text: &str) -> Option<Self> {
        is_id('D', 44, text).then(|| Self(text.to_owned()))
    }

    /// As it is stored.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// What the vault looks up.
    pub fn key(&self) -> ItemKey {
        ItemKey::Oracle(self.0.clone())
    }
}

impl FolderId {
    /// Reads one.
    pub fn parse(text: &str) -> Option<Self> {
        if text == "self" {
            return Some(Self::Home);
        }
        is_id('F', 44, text).then(|| Self::Id(text.to_owned()))
    }
}

impl LinkId {
    /// Reads one.
    pub fn parse(text: &str) -> Option<Self> {
        is_id('L', 44, text).then(|| Self(text.to_owned()))
    }

    /// As it is stored.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// The keys a user may be meant by: the id, if it has the form of one, and the login name or e-mail address.
pub fn user_keys(text: &str) -> impl Iterator<Item = PrincipalKey> {
    let id = is_id('U', 36, text).then(|| PrincipalKey::Oracle(text.to_owned()));
    id.into_iter().chain([PrincipalKey::Login(text.to_owned())])
}

/// People in one field: each is looked up.
const LONGEST_LIST: usize = 100;

/// The people that one field names, with commas between them; `None`: nobody, or too many.
pub fn listed(text: &str) -> Option<Vec<&str>> {
    let names: Vec<&str> = text.split(',').map(str::trim).filter(|name| !name.is_empty()).collect();
    (1..=LONGEST_LIST).contains(&names.len()).then_some(names)
}

/// Whether a client means this person by their id or login name, which is how it names a holder (4.2).
pub fn names(text: &str, person: &Person) -> bool {
    person.oracle_id == text || name::key(&person.login) == name::key(text)
}

/// Imported ids keep the tenant suffix they came with, so it can be anything upper-case here.
fn is_id(kind: char, length: usize, text: &str) -> bool {
    text.len() == length
        && text.starts_with(kind)
        && text.bytes().all(|byte| byte.is_ascii_digit() || byte.is_ascii_uppercase())
}

/// The parameter with the name of a metadata collection, which is no id.
const COLLECTION: &str = "collectionName";

/// The parameter with the name of a resource of the catalog, which is none either.
const RESOURCE: &str = "resource";

/// The id in the path. There is one at most in every path of this room.
pub fn in_path(params: &RawPathParams) -> Option<String> {
    params.iter().find(|(name, _)| ![COLLECTION, RESOURCE].contains(name)).map(|(_, value)| value.to_owned())
}

impl FromRequestParts<Hall> for Target {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, hall: &Hall) -> Result<Self, Error> {
        let params = RawPathParams::from_request_parts(parts, hall).await.ok();
        let target = params.as_ref().and_then(|params| {
            params.iter().find_map(|(name, value)| match name {
                "fileId" => FileId::parse(value).map(Self::File),
                "folderId" => FolderId::parse(value).map(Self::Folder),
                _ => None,
            })
        });
        target.ok_or(Error::from(No::Missing(Missing::Item)))
    }
}

impl FromRequestParts<Hall> for CollectionPath {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, hall: &Hall) -> Result<Self, Error> {
        let params = RawPathParams::from_request_parts(parts, hall).await.ok();
        let named = params.as_ref().and_then(|params| params.iter().find(|(name, _)| *name == COLLECTION));
        // one that is no text names nothing
        Ok(Self(named.map_or_else(String::new, |(_, value)| value.to_owned())))
    }
}

macro_rules! from_path {
    ($($id:ident),*) => {$(
        impl FromRequestParts<Hall> for $id {
            type Rejection = Error;

            async fn from_request_parts(parts: &mut Parts, hall: &Hall) -> Result<Self, Error> {
                let params = RawPathParams::from_request_parts(parts, hall).await.ok();
                let id = params.as_ref().and_then(in_path).as_deref().and_then(Self::parse);
                id.ok_or(Error::from(No::Missing(Missing::Item)))
            }
        }
    )*};
}

from_path!(FileId, FolderId, LinkId, UserId);

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_published_ids_are_ids() {
        assert!(FileId::parse("D5B8B54BA8C121BEDB91A1341212FF6185DEA5EFC0BD").is_some());
        assert!(FileId::parse("D574378400573ED9D62B3195T0000000000100000001").is_some());
        assert!(FolderId::parse("FB4CD874EF94CD2CC1B60B72T0000000000100000001").is_some());
        assert!(LinkId::parse("LF8D36FAFAB4388BECEAC4AEB5D17B95F47087F4E518").is_some());
        assert_eq!(FolderId::parse("self"), Some(FolderId::Home));
        let keys: Vec<_> = user_keys("U6A0B35B0548F250914D18FDB5D17B95F470").collect();
        assert!(matches!(&*keys, [PrincipalKey::Oracle(_), PrincipalKey::Login(_)]));
        assert!(matches!(&*user_keys("ann").collect::<Vec<_>>(), [PrincipalKey::Login(_)]));
    }

    #[test]
    fn an_id_has_one_spelling_and_one_kind() {
        let id = "D5B8B54BA8C121BEDB91A1341212FF6185DEA5EFC0BD";
        for other in [&id.to_lowercase(), &id[1..], &format!("{id}0"), &id.replacen('D', "F", 1), "", "SELF", "self"] {
            assert_eq!(FileId::parse(other), None, "{other}");
        }
        assert_eq!(FolderId::parse("SELF"), None);
        assert_eq!(FolderId::parse(id), None);
        assert_eq!(LinkId::parse(id), None);
    }

    proptest! {
        #[test]
        fn what_is_read_is_what_was_written(text in "[DFL][0-9A-Z]{42,44}|.*") {
            if let Some(FileId(id)) = FileId::parse(&text) {
                prop_assert_eq!(&id, &text);
            }
            if let Some(LinkId(id)) = LinkId::parse(&text) {
                prop_assert_eq!(&id, &text);
            }
            if let Some(FolderId::Id(id)) = FolderId::parse(&text) {
                prop_assert_eq!(&id, &text);
            }
        }
    }
}
