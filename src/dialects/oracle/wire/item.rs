//! Files and folders (spec/oracle.md 2.3, 5.1, 6.1), in the order of a list's entries.

use chrono::{DateTime, Utc};

use super::{Fields, time, user};
use crate::domain::{edition::Edition, id::PrincipalId, item::Item, library::LibraryKind, person::Person};

/// A file as it is now; `None` for a folder.
pub fn file(item: &Item, caller: Option<PrincipalId>) -> Option<Fields> {
    let parts = item.file.as_ref()?;
    Some(file_at(item, &parts.edition, (&item.modified_by, item.modified_at), caller))
}

/// A file with one edition's size, media type, author and time (5.1 with `version`; 5.5).
pub fn edition(item: &Item, edition: &Edition, caller: Option<PrincipalId>) -> Fields {
    file_at(item, edition, (&edition.author, edition.modified_at), caller)
}

fn file_at(item: &Item, edition: &Edition, modified: (&Person, DateTime<Utc>), caller: Option<PrincipalId>) -> Fields {
    let lock = item.lock();
    head("file", item, parent(item, caller))
        .and(history(item, modified))
        .number("size", edition.size())
        .number("version", edition.ordinal.into())
        .text("mimeType", edition.media_type.as_deref().unwrap_or("application/octet-stream"))
        .maybe("reservationTime", lock.map(|lock| time(lock.taken_at)))
        .and(lock.map(|lock| Fields::new().object("reservedBy", user(&lock.holder))).unwrap_or_default())
}

/// A folder; `size` is what lies below it.
pub fn folder(item: &Item, size: i64, caller: Option<PrincipalId>) -> Fields {
    folder_in(item, size, parent(item, caller))
}

/// The caller's home itself: `self`, without name or parent (6.1).
pub fn home(item: &Item, size: i64) -> Fields {
    Fields::new().text("type", "folder").text("id", "self").text("name", "").and(folder_parts(item, size))
}

/// An entry of the home listing: its parent is `self`, wherever it lies (6.2).
pub fn at_home(item: &Item, size: i64, caller: Option<PrincipalId>) -> Fields {
    file(item, caller).unwrap_or_else(|| folder_in(item, size, Some("self".to_owned())))
}

fn folder_in(item: &Item, size: i64, parent: Option<String>) -> Fields {
    head("folder", item, parent).and(folder_parts(item, size))
}

fn folder_parts(item: &Item, size: i64) -> Fields {
    Fields::new()
        .maybe("description", Some(&item.description).filter(|text| !text.is_empty()))
        .and(history(item, (&item.modified_by, item.modified_at)))
        .number("size", size)
        .number("childItemsCount", item.children)
}

/// What all versions of a file have in common (5.5).
pub fn head_of_versions(item: &Item, caller: Option<PrincipalId>) -> Fields {
    head("file", item, parent(item, caller))
}

fn head(kind: &'static str, item: &Item, parent: Option<String>) -> Fields {
    Fields::new().text("type", kind).text("id", &item.oracle_id).maybe("parentID", parent).text("name", &item.name)
}

fn history(item: &Item, (modified_by, modified_at): (&Person, DateTime<Utc>)) -> Fields {
    Fields::new()
        .object("ownedBy", user(&item.owner))
        .object("createdBy", user(&item.created_by))
        .object("modifiedBy", user(modified_by))
        .text("createdTime", time(item.created_at))
        .text("modifiedTime", time(modified_at))
}

/// `self` in the caller's home, and for a library's root folder, which is a folder shared with its members. The home
/// itself has none.
fn parent(item: &Item, caller: Option<PrincipalId>) -> Option<String> {
    let library = &item.library;
    let own = library.kind == LibraryKind::Personal && caller.is_some() && library.owner == caller;
    match &*item.ancestors {
        [] if own => None,
        [] => Some("self".to_owned()),
        [_] if own => Some("self".to_owned()),
        [.., parent] => Some(parent.oracle_id.clone()),
    }
}
