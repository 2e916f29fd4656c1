//! Public links: an item, a role, who may use it, perhaps an access code and an end.

use std::sync::Arc;

use chrono::{DateTime, Utc};

use super::{
    actor::Role,
    id::{ItemId, LinkId},
    person::Person,
};

/// Who may use a link.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, sqlx::Type, serde::Serialize, serde::Deserialize)]
#[sqlx(type_name = "text", rename_all = "snake_case")]
#[serde(rename_all = "snake_case")]
pub enum Audience {
    /// All, signed in or not.
    Everybody,
    /// Whoever is signed in.
    SignedIn,
    /// The signed-in users on its list.
    Listed,
}

/// A public link as its managers see it. The access code itself is nowhere.
#[derive(Clone, Debug)]
pub struct Link {
    /// Our key.
    pub id: LinkId,
    /// What it opens, with everything below.
    pub item: ItemId,
    /// Oracle's link id.
    pub oracle_id: String,
    /// Graph's share id.
    pub graph_id: String,
    /// Empty for the unnamed one.
    pub name: String,
    /// Whether it was made to be embedded in other pages.
    pub embedded: bool,
    /// What it lets its user do.
    pub role: Role,
    /// Who may use it.
    pub audience: Audience,
    /// Whom `Audience::Listed` names.
    pub listed: Vec<Arc<Person>>,
    /// Whether it asks for an access code.
    pub has_access_code: bool,
    /// When it ends.
    pub expires_at: Option<DateTime<Utc>>,
    /// Whose it is.
    pub created_by: Arc<Person>,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// When it was last changed.
    pub modified_at: DateTime<Utc>,
}
