//! The room's JSON, field for field (spec/arena.md 1.4, 1.5, 3.1, 7, 9, 10, 11). Keys are sorted as the vendor prints them.

mod activity;
mod attribute;
mod category;
mod file;
mod item;

use chrono::{DateTime, Utc};
use serde::{Serialize, Serializer};

use super::ids;
use crate::domain::{edition::Storage, item::CategoryRef, person::Person};

pub use activity::{FileAccess, Member, UserAccess};
pub use attribute::Attribute;
pub use category::Category;
pub use file::{Compact, File};
pub use item::{Association, Item, Revision, Use, View};

/// A list: `count` is the number of entries of this very response (1.5).
#[derive(Debug, Serialize)]
pub struct List<T> {
    count: usize,
    results: Vec<T>,
}

impl<T> List<T> {
    /// A list of these.
    pub fn of(results: Vec<T>) -> Self {
        Self { count: results.len(), results }
    }
}

/// The answer to a check-out, a cancel or a check-in: these three keys and no other (7.4).
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct StatusChange<'a> {
    /// Whether the file is checked out now.
    pub checked_out: bool,
    /// What the client said.
    pub comment: Option<&'a str>,
    /// The file in the nested form.
    pub file: File<'a>,
}

/// The answer to a login (3.1).
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct LoggedIn<'a> {
    /// What clients of the live service read.
    pub arena_session_id: &'a str,
    /// What the vendor prints.
    #[serde(rename = "arena_session_id")]
    pub printed_session_id: &'a str,
    /// The workspace.
    pub workspace_id: i64,
    /// Its name.
    pub workspace_name: &'a str,
    /// Requests it may make in 24 hours.
    pub workspace_request_limit: i64,
}

/// The answer of the token endpoint (3.4).
#[derive(Debug, Serialize)]
pub struct Granted<'a> {
    /// What the client bears from now on.
    pub access_token: &'a str,
    /// How.
    pub token_type: &'static str,
    /// For how many seconds, if it is not used.
    pub expires_in: i64,
}

/// A user, as holders and creators are shown.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct User {
    email: String,
    full_name: String,
    guid: String,
}

impl From<&Person> for User {
    fn from(person: &Person) -> Self {
        Self { email: person.email.clone(), full_name: person.name.clone(), guid: person.arena_guid.clone() }
    }
}

/// A date-time: UTC, whole seconds (1.4).
#[derive(Clone, Copy, Debug)]
struct Moment(DateTime<Utc>);

impl Serialize for Moment {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0.format("%Y-%m-%dT%H:%M:%SZ"))
    }
}

/// A file's category, with its name and path.
#[derive(Debug, Serialize)]
struct NamedCategory<'a> {
    guid: &'a str,
    name: &'a str,
    path: String,
}

impl<'a> From<&'a CategoryRef> for NamedCategory<'a> {
    fn from(category: &'a CategoryRef) -> Self {
        Self { guid: &category.arena_guid, name: &category.name, path: ids::category_path(&category.path) }
    }
}

/// `storageMethodName`.
pub fn storage_name(storage: Storage) -> &'static str {
    match storage {
        Storage::File => "FILE",
        Storage::Placeholder => "PLACE_HOLDER",
        Storage::Ftp => "FTP",
        Storage::Web => "WEB",
    }
}

/// The storage of this name.
pub fn storage_named(name: &str) -> Option<Storage> {
    let all = [Storage::File, Storage::Placeholder, Storage::Ftp, Storage::Web];
    all.into_iter().find(|storage| storage_name(*storage) == name)
}

/// `storageMethod`, its deprecated number.
fn storage_number(storage: Storage) -> u8 {
    match storage {
        Storage::File => 0,
        Storage::Placeholder => 1,
        Storage::Ftp => 2,
        Storage::Web => 3,
    }
}
