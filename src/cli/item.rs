//! How a person at a terminal names a file or folder: `LIBRARY/PATH`, or any id a dialect gave it.

use crate::{
    domain::{
        actor::Actor,
        error::{Error, Missing},
        id::{ItemKey, LibraryKey},
        library::{Library, LibraryKind},
    },
    vault::{Look, Vault},
};

use super::words;

/// Looks at what `text` names, for somebody.
pub(super) async fn look(vault: &Vault, actor: &Actor, text: &str) -> anyhow::Result<Look> {
    let mut found = Err(Error::Missing(Missing::Item));
    for key in keys(vault, text).await.map_err(|error| words::about(error, text))? {
        found = vault.look(actor, &key).await;
        if !matches!(found, Err(Error::Missing(_))) {
            break;
        }
    }
    found.map_err(|error| words::about(error, text))
}

/// What `text` may mean, likeliest first.
async fn keys(vault: &Vault, text: &str) -> Result<Vec<ItemKey>, Error> {
    let (named, path) = text.split_once('/').unwrap_or((text, ""));
    let mut keys = Vec::new();
    if let Some(library) = library(vault, named).await? {
        let names = path.split('/').filter(|name| !name.is_empty()).map(str::to_owned).collect();
        keys.push(ItemKey::Path(Box::new(ItemKey::Root(library.id)), names));
    }
    if let Ok(number) = text.parse() {
        keys.push(ItemKey::Number(number));
    }
    keys.push(ItemKey::Oracle(text.to_owned()));
    keys.push(ItemKey::Graph(text.to_owned()));
    keys.push(ItemKey::Edition(text.to_owned()));
    Ok(keys)
}

/// The library that is named so, whoever may see it.
pub(super) async fn library(vault: &Vault, text: &str) -> Result<Option<Library>, Error> {
    let key = match text.strip_prefix('~') {
        Some(owner) => match vault.principal_named(owner).await {
            Ok(owner) => LibraryKey::OwnedBy(owner.id),
            Err(Error::Missing(_)) => return Ok(None),
            Err(other) => return Err(other),
        },
        None => LibraryKey::Named(text.to_owned()),
    };
    vault.library_named(&key).await
}

/// The item as [`look`] understands it.
pub(super) fn path(look: &Look) -> String {
    let item = look.item();
    let library = match (item.library.kind, item.ancestors.first()) {
        (LibraryKind::Personal, _) => format!("~{}", item.owner.login),
        (LibraryKind::Group | LibraryKind::Site, _) => item.library.name.clone(),
    };
    let folders = item.ancestors.iter().skip(1).map(|folder| folder.name.as_str());
    let own = (!item.is_root()).then_some(item.name.as_str());
    [library.as_str()].into_iter().chain(folders).chain(own).collect::<Vec<_>>().join("/")
}
