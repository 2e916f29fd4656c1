//! All the SQL. Functions take a connection, so that the caller owns the transaction; rows land in plain structs; a
//! change and its trail are one statement or one transaction. Decides nothing.

pub mod auth;
pub mod categories;
pub mod collections;
pub mod contents;
pub mod copies;
pub mod copy_operations;
pub mod directory;
pub mod drafts;
pub mod editions;
pub mod external_codes;
pub mod feed;
pub mod files;
pub mod folder_locks;
pub mod folders;
pub mod grants;
pub mod interest;
pub mod items;
pub mod libraries;
pub mod links;
pub mod listing;
pub mod lists;
pub mod locks;
pub mod metadata;
pub mod migrate;
pub mod moves;
pub mod parts;
pub mod publications;
pub mod requests;
pub mod search;
pub mod shares;
pub mod special;
pub mod subscriptions;
pub mod temporary;
pub mod trail;
pub mod transfers;
pub mod trash;
pub mod uploads;

use std::borrow::Cow;

use chrono::{DateTime, Utc};
use uuid::Uuid;

use crate::domain::{actor::Dialect, id::PrincipalId};

pub use sqlx::PgConnection;

/// Who does something, through which room, in which request, at which moment: what every write notes in the trail.
#[derive(Clone, Debug)]
pub struct Act {
    /// The principal, if the caller is one.
    pub actor: Option<PrincipalId>,
    /// The room.
    pub dialect: Dialect,
    /// The request.
    pub request: Option<Uuid>,
    /// A virtual clock's moment; `None`: the database's own.
    pub now: Option<DateTime<Utc>>,
    /// What the caller said.
    pub comment: Option<String>,
}

/// The name of the constraint an error violated, if it did.
pub fn violated(error: &sqlx::Error) -> Option<&str> {
    error.as_database_error().and_then(sqlx::error::DatabaseError::constraint)
}

/// What the database calls an error of its own.
fn code(error: &sqlx::Error) -> Option<Cow<'_, str>> {
    error.as_database_error().and_then(sqlx::error::DatabaseError::code)
}

/// Whether the database cannot hold a value that was given to it: a text with a NUL or longer than an index takes, a moment
/// or a duration beyond its range, an expression too deep for it. Then it has changed nothing.
pub fn is_unstorable(error: &sqlx::Error) -> bool {
    const CODES: [&str; 6] = ["22021", "22P05", "22003", "22008", "54000", "54001"];
    matches!(error, sqlx::Error::Encode(_)) || code(error).is_some_and(|code| CODES.contains(&&*code))
}

/// Whether the database will not have this very statement, however often it is tried: its values break a rule, or it is
/// wrong itself. Then it has changed nothing.
pub fn is_final(error: &sqlx::Error) -> bool {
    let code = code(error);
    let is_of = |class: &&str| code.as_ref().is_some_and(|code| code.starts_with(*class));
    matches!(error, sqlx::Error::Encode(_)) || ["22", "23", "42", "54", "XX"].iter().any(is_of)
}

/// How long a row is waited for by what many have asked for together; to be said on its connection.
pub const PATIENCE: &str = "SET lock_timeout = '10ms'";

/// Whether a statement came to nothing because somebody else had a row for longer than its [`PATIENCE`].
pub fn is_impatient(error: &sqlx::Error) -> bool {
    code(error).is_some_and(|code| code == "55P03")
}

/// Postgres texts have no NUL: what is looked up by a text with one is not there.
pub(crate) fn has_nul(text: &str) -> bool {
    text.contains('\0')
}

/// Whether the whole transaction may simply be tried again: a serialization failure or a deadlock.
pub fn is_transient(error: &sqlx::Error) -> bool {
    code(error).is_some_and(|code| code == "40001" || code == "40P01")
}
