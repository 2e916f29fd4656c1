//! Who acts: an account with all that was given to it, through which dialect, under which ceiling.

use std::{collections::HashMap, sync::Arc};

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::{
    id::{CategoryId, ItemId, LinkId, PrincipalId},
    person::{Affiliation, License, Person},
};

/// The rooms, and our own doors.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, sqlx::Type, serde::Serialize, serde::Deserialize)]
#[sqlx(type_name = "text", rename_all = "snake_case")]
#[serde(rename_all = "snake_case")]
pub enum Dialect {
    /// Arena PLM.
    Arena,
    /// Oracle Content Management.
    Oracle,
    /// Microsoft Graph.
    Graph,
    /// Liferay.
    Liferay,
    /// Our own console and command line.
    Console,
}

impl Dialect {
    /// All of them, in the order of our tables.
    pub const ALL: [Dialect; 5] = [Dialect::Arena, Dialect::Oracle, Dialect::Graph, Dialect::Liferay, Dialect::Console];
}

/// What somebody may do on a folder or file and everything below; a later one includes the earlier ones.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, sqlx::Type, serde::Serialize, serde::Deserialize,
)]
#[sqlx(type_name = "text", rename_all = "snake_case")]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Sees names and properties.
    Viewer,
    /// Reads content.
    Downloader,
    /// Writes.
    Contributor,
    /// Shares.
    Manager,
    /// Owns.
    Owner,
}

/// Access to a category of files.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, sqlx::Type, serde::Serialize, serde::Deserialize,
)]
#[sqlx(type_name = "text", rename_all = "snake_case")]
#[serde(rename_all = "snake_case")]
pub enum Level {
    /// Files of the category do not exist for this caller.
    None,
    /// They can be read.
    Read,
    /// They can be written.
    Full,
}

/// What a policy rule can allow.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, sqlx::Type, serde::Serialize, serde::Deserialize)]
#[sqlx(type_name = "text", rename_all = "snake_case")]
#[serde(rename_all = "snake_case")]
pub enum Rule {
    /// Reading; included in editing.
    ReadFile,
    /// Check-out, check-in, cancel, upload, rename, delete.
    EditFile,
    /// Cancelling what somebody else checked out.
    OverrideCheckOut,
}

/// A user or an application with everything that was given to it, directly and through groups.
/// Remembered between requests; thrown away when the epoch rises.
#[derive(Clone, Debug)]
pub struct Account {
    /// As others see it.
    pub person: Person,
    /// A user's license; applications have a full one.
    pub license: License,
    /// Whose people a user belongs to.
    pub affiliation: Affiliation,
    /// Account administrator.
    pub administrator: bool,
    /// Whether it may act at all.
    pub disabled: bool,
    /// Whether it is an application acting for itself.
    pub application: bool,
    /// What an application may do at most when it acts for itself: scopes in any vendor's words.
    pub scopes: Vec<String>,
    /// Itself and its groups.
    pub principals: Vec<PrincipalId>,
    /// The highest role on each item that names one of them.
    pub roles: HashMap<ItemId, Role>,
    /// Items shared with this very account, not through a group.
    pub shared: Vec<ItemId>,
    /// The rules of its policies; `None`: for every category.
    pub rules: Vec<(Rule, Option<CategoryId>)>,
    /// The highest level on each category that names one of them.
    pub levels: HashMap<CategoryId, Level>,
}

/// How far a credential reaches, whatever its bearer may.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, sqlx::Type)]
#[sqlx(type_name = "text", rename_all = "snake_case")]
pub enum Reach {
    /// Nowhere.
    Nothing,
    /// The bearer's own library and what is shared with the bearer.
    Own,
    /// Wherever the bearer may.
    All,
}

/// The ceiling of a credential.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Ceiling {
    /// For reading.
    pub read: Reach,
    /// For writing.
    pub write: Reach,
}

impl Ceiling {
    /// Passwords, sessions: no ceiling.
    pub const NONE: Ceiling = Ceiling { read: Reach::All, write: Reach::All };
}

/// What a public link gives to the caller who brought it, already opened: audience, end and access code were checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OpenedLink {
    /// Which one.
    pub id: LinkId,
    /// The item it is on.
    pub item: ItemId,
    /// The role it carries.
    pub role: Role,
    /// When the link was last changed, as it was seen.
    pub changed_at: DateTime<Utc>,
}

/// With what rights something was begun that goes on after its request: those of whoever began it, as they stand by then,
/// as far as their credential reached, and those of the link they came through, while it is as it was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mandate {
    /// Who began it.
    pub principal: PrincipalId,
    /// How far the credential reached.
    pub ceiling: Ceiling,
    /// The link, and when it had last been changed.
    pub link: Option<(LinkId, DateTime<Utc>)>,
}

/// The caller of one request.
#[derive(Clone, Debug)]
pub struct Actor {
    /// The account; `None` for somebody who only brings a link.
    pub account: Option<Arc<Account>>,
    /// The room the request came through.
    pub dialect: Dialect,
    /// The ceiling of the credential.
    pub ceiling: Ceiling,
    /// An opened link, if one came with the request.
    pub link: Option<OpenedLink>,
    /// The request, for the trail.
    pub request: Option<Uuid>,
    /// The fence the client names with `X-Coatcheck-Fence`, if it does: writes count only under it.
    pub fence: Option<i64>,
}

impl Actor {
    /// An account acting through `dialect` without a ceiling.
    pub fn new(account: Arc<Account>, dialect: Dialect) -> Self {
        Self { account: Some(account), dialect, ceiling: Ceiling::NONE, link: None, request: None, fence: None }
    }

    /// Nobody in particular.
    pub fn anonymous(dialect: Dialect) -> Self {
        Self { account: None, dialect, ceiling: Ceiling::NONE, link: None, request: None, fence: None }
    }

    /// The principal, if the caller is one.
    pub fn id(&self) -> Option<PrincipalId> {
        self.account.as_ref().map(|account| account.person.id)
    }

    /// What the caller may have done later. `None` for nobody in particular.
    pub fn mandate(&self) -> Option<Mandate> {
        let link = self.link.map(|link| (link.id, link.changed_at));
        self.id().map(|principal| Mandate { principal, ceiling: self.ceiling, link })
    }

    /// The name others know the caller by; `anonymous` for nobody.
    pub fn name(&self) -> &str {
        self.account.as_ref().map_or("anonymous", |account| &account.person.name)
    }

    /// The caller as others see it.
    pub fn person(&self) -> Option<&Person> {
        self.account.as_ref().map(|account| &account.person)
    }

    /// Whether an application acts for itself.
    pub fn is_application(&self) -> bool {
        self.account.as_ref().is_some_and(|account| account.application)
    }

    /// Whether a supplier's user acts.
    pub fn is_supplier(&self) -> bool {
        self.account.as_ref().is_some_and(|account| account.affiliation.is_supplier())
    }

    /// Whether an account administrator acts.
    pub fn is_administrator(&self) -> bool {
        self.account.as_ref().is_some_and(|account| account.administrator)
    }
}
