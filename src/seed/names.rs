//! How a seed names things: people with or without their kind, places by library and path. Parsing only.

use crate::domain::{
    name::{self, ItemName},
    person::PrincipalKind,
};

/// Somebody as they are named.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct WhoRef<'a> {
    /// Said with `user:`, `application:` or `group:`.
    pub kind: Option<PrincipalKind>,
    pub name: &'a str,
}

impl<'a> WhoRef<'a> {
    pub(super) fn parse(text: &'a str) -> Self {
        let kinds = [
            ("user:", PrincipalKind::User),
            ("application:", PrincipalKind::Application),
            ("group:", PrincipalKind::Group),
        ];
        let found = kinds.iter().find_map(|(prefix, kind)| Some((*kind, text.strip_prefix(prefix)?)));
        found.map_or(WhoRef { kind: None, name: text }, |(kind, name)| WhoRef { kind: Some(kind), name })
    }
}

/// What a library is found by.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum LibraryRef {
    /// A group's or a site's, by its name.
    Named(String),
    /// The personal one of this user.
    Of(String),
}

impl LibraryRef {
    pub(super) fn parse(text: &str) -> Self {
        match text.strip_prefix('~') {
            Some(login) => LibraryRef::Of(name::key(login)),
            None => LibraryRef::Named(name::key(text)),
        }
    }
}

/// A place in a library: `LIBRARY/PATH`.
#[derive(Clone, Debug)]
pub(super) struct Place {
    pub library: LibraryRef,
    /// From below the root folder on; empty for the library itself.
    pub names: Vec<ItemName>,
}

impl Place {
    /// Parses a place, or says what is wrong with it.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let mut parts = text.split('/');
        let library = parts.next().unwrap_or_default();
        if library.is_empty() || library == "~" {
            return Err("a place is written LIBRARY/PATH, in somebody's own library ~LOGIN/PATH".to_owned());
        }
        let names = parts.map(ItemName::parse).collect::<Result<_, _>>().map_err(|bad| format!("{text:?}: {bad}"))?;
        Ok(Self { library: LibraryRef::parse(library), names })
    }

    /// What is compared: without case.
    pub(super) fn key(&self) -> PlaceKey {
        (self.library.clone(), self.names.iter().map(ItemName::key).collect())
    }
}

/// A place without case.
pub(super) type PlaceKey = (LibraryRef, Vec<String>);

/// The names of a category's path.
pub(super) fn category(path: &str) -> Vec<&str> {
    path.split('/').map(str::trim).collect()
}

/// A category's path without case.
pub(super) fn category_key(path: &str) -> Vec<String> {
    category(path).into_iter().map(name::key).collect()
}
