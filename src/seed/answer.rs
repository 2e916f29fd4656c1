//! What a seed answers: every identity made or found, in every dialect's spelling.

use chrono::{DateTime, Utc};
use serde::Serialize;
use uuid::Uuid;

use crate::{
    domain::{
        actor::Role,
        id::PartId,
        item::Kind,
        library,
        library::LibraryKind,
        link::Audience,
        part::{Revision, RevisionStatus},
        person,
    },
    store::{editions::EditionRow, items::ItemRow, links::LinkRow},
    vault::setup::Done,
};

/// All entries of a seed, in the order of the file.
#[derive(Clone, Debug, Default, Serialize)]
#[expect(missing_docs, reason = "the sections of the file")]
pub struct Applied {
    pub users: Vec<Person>,
    pub groups: Vec<Person>,
    pub applications: Vec<Person>,
    pub categories: Vec<Category>,
    pub policies: Vec<Policy>,
    pub libraries: Vec<Library>,
    pub folders: Vec<Item>,
    pub files: Vec<Item>,
    pub parts: Vec<Part>,
    pub shares: Vec<Share>,
    pub links: Vec<Link>,
    pub tokens: Vec<Token>,
}

/// A user, a group or an application.
#[derive(Clone, Debug, Serialize)]
#[expect(missing_docs, reason = "spellings of one identity")]
pub struct Person {
    pub done: Done,
    /// Login name, client id or the group's name.
    pub login: String,
    pub name: String,
    pub email: String,
    pub id: Uuid,
    /// Liferay's long.
    pub number: i64,
    pub arena_guid: String,
    pub oracle_id: String,
    pub graph_id: Uuid,
}

impl Person {
    pub(super) fn of(person: person::Person, done: Done) -> Self {
        let person::Person { id, login, name, email, number, arena_guid, oracle_id, graph_id, kind: _ } = person;
        Self { done, login, name, email, id: id.0, number, arena_guid, oracle_id, graph_id }
    }
}

/// A category.
#[derive(Clone, Debug, Serialize)]
#[expect(missing_docs, reason = "spellings of one identity")]
pub struct Category {
    pub done: Done,
    pub path: String,
    pub id: Uuid,
    pub number: i64,
    pub arena_guid: String,
}

/// A policy, which no dialect names.
#[derive(Clone, Debug, Serialize)]
#[expect(missing_docs, reason = "named in the sentence above")]
pub struct Policy {
    pub done: Done,
    pub name: String,
    pub id: Uuid,
}

/// A library.
#[derive(Clone, Debug, Serialize)]
#[expect(missing_docs, reason = "spellings of one identity")]
pub struct Library {
    pub done: Done,
    pub name: String,
    pub kind: LibraryKind,
    pub id: Uuid,
    pub liferay_group_id: i64,
    pub arena_workspace: Option<i64>,
    pub graph_drive_id: String,
    pub graph_site_id: Uuid,
    pub root_folder: Root,
}

/// The root folder of a library.
#[derive(Clone, Debug, Serialize)]
#[expect(missing_docs, reason = "spellings of one identity")]
pub struct Root {
    pub id: Uuid,
    pub number: i64,
    pub oracle_id: String,
    pub graph_id: String,
}

impl Library {
    pub(super) fn of(library: &library::Library, done: Done) -> Self {
        Self {
            done,
            name: library.name.clone(),
            kind: library.kind,
            id: library.id.0,
            liferay_group_id: library.number,
            arena_workspace: library.arena_workspace,
            graph_drive_id: library.graph_id.clone(),
            graph_site_id: library.graph_site_id,
            root_folder: Root {
                id: library.root.0,
                number: library.root_number,
                oracle_id: library.root_oracle_id.clone(),
                graph_id: library.root_graph_id.clone(),
            },
        }
    }
}

/// A folder or a file.
#[derive(Clone, Debug, Serialize)]
#[expect(missing_docs, reason = "spellings of one identity")]
pub struct Item {
    pub done: Done,
    /// As the seed names it.
    pub at: String,
    pub kind: Kind,
    pub id: Uuid,
    /// Liferay's long.
    pub number: i64,
    pub oracle_id: String,
    pub graph_id: String,
    /// Arena's `FILE-nnnnnn`; files only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub arena_number: Option<String>,
    /// Oldest first; files only.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub editions: Vec<Edition>,
}

/// An edition of a file.
#[derive(Clone, Debug, Serialize)]
#[expect(missing_docs, reason = "spellings of one identity")]
pub struct Edition {
    /// Oracle's version.
    pub ordinal: i32,
    /// Liferay's and Graph's version.
    pub version: String,
    /// Arena's label.
    pub label: String,
    pub arena_guid: String,
    /// Liferay's file version id.
    pub number: i64,
}

impl Item {
    pub(super) fn of(at: &str, row: &ItemRow, editions: &[EditionRow], done: Done) -> Self {
        Self {
            done,
            at: at.to_owned(),
            kind: row.kind,
            id: row.id.0,
            number: row.number,
            oracle_id: row.oracle_id.clone(),
            graph_id: row.graph_id.clone(),
            arena_number: row.file_number.map(|number| format!("FILE-{number:06}")),
            editions: editions
                .iter()
                .map(|edition| Edition {
                    ordinal: edition.ordinal,
                    version: format!("{}.{}", edition.major, edition.minor),
                    label: edition.label.clone(),
                    arena_guid: edition.arena_guid.clone(),
                    number: edition.number,
                })
                .collect(),
        }
    }
}

/// A part, which only Arena names.
#[derive(Clone, Debug, Serialize)]
#[expect(missing_docs, reason = "spellings of one identity")]
pub struct Part {
    pub done: Done,
    /// As the seed names it.
    pub library: String,
    pub number: String,
    pub id: Uuid,
    /// Oldest first.
    pub revisions: Vec<PartRevision>,
}

/// A revision of a part.
#[derive(Clone, Debug, Serialize)]
#[expect(missing_docs, reason = "spellings of one identity")]
pub struct PartRevision {
    pub label: String,
    pub status: RevisionStatus,
    pub arena_guid: String,
}

impl Part {
    /// A part by its revisions, newest first.
    pub(super) fn of(library: &str, number: &str, id: PartId, revisions: &[Revision], done: Done) -> Self {
        let revision = |revision: &Revision| PartRevision {
            label: revision.label.clone(),
            status: revision.status,
            arena_guid: revision.arena_guid.clone(),
        };
        Self {
            done,
            library: library.to_owned(),
            number: number.to_owned(),
            id: id.0,
            revisions: revisions.iter().rev().map(revision).collect(),
        }
    }
}

/// A role given on an item.
#[derive(Clone, Debug, Serialize)]
#[expect(missing_docs, reason = "named in the sentence above")]
pub struct Share {
    pub done: Done,
    pub on: String,
    pub with: Vec<String>,
    pub role: Role,
}

/// A public link.
#[derive(Clone, Debug, Serialize)]
#[expect(missing_docs, reason = "spellings of one identity")]
pub struct Link {
    pub done: Done,
    pub on: String,
    pub name: String,
    pub role: Role,
    pub audience: Audience,
    pub id: Uuid,
    /// Oracle's link id.
    pub oracle_id: String,
    /// Graph's share id.
    pub graph_id: String,
    pub expires_at: Option<DateTime<Utc>>,
}

impl Link {
    pub(super) fn of(on: &str, row: LinkRow, done: Done) -> Self {
        let LinkRow { id, name, role, audience, oracle_id, graph_id, expires_at, .. } = row;
        Self { done, on: on.to_owned(), name, role, audience, id: id.0, oracle_id, graph_id, expires_at }
    }
}

/// A token.
#[derive(Clone, Serialize)]
#[expect(missing_docs, reason = "named in the sentence above")]
pub struct Token {
    pub done: Done,
    #[serde(rename = "for")]
    pub whom: String,
    pub label: String,
    pub id: Uuid,
    /// Its text, when it is new or stands in the seed; nobody knows it otherwise.
    pub token: Option<String>,
}

/// Does not print the token.
impl std::fmt::Debug for Token {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Token").field("for", &self.whom).field("label", &self.label).finish_non_exhaustive()
    }
}
