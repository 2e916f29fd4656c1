//! People and applications as others see them: names and the spellings of their identity.

use uuid::Uuid;

use super::id::PrincipalId;

/// Who a principal is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, sqlx::Type)]
#[sqlx(type_name = "text", rename_all = "snake_case")]
pub enum PrincipalKind {
    /// A human being's account.
    User,
    /// A program that acts for itself.
    Application,
    /// Several of them; can be given rights, cannot act.
    Group,
}

/// A principal in the words of every dialect. An application shows under its name, with an identity like a user's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Person {
    /// Our key.
    pub id: PrincipalId,
    /// User, application or group.
    pub kind: PrincipalKind,
    /// Full name.
    pub name: String,
    /// Login name; an application's client id.
    pub login: String,
    /// E-mail address; empty for those who have none.
    pub email: String,
    /// Liferay's user id.
    pub number: i64,
    /// Arena's user GUID.
    pub arena_guid: String,
    /// Oracle's user id.
    pub oracle_id: String,
    /// Graph's object id.
    pub graph_id: Uuid,
}

impl Person {
    /// What stands before the last blank of the name, and what behind it; of a name without one, all of it and nothing.
    pub fn first_and_last_name(&self) -> (&str, &str) {
        self.name.rsplit_once(' ').unwrap_or((&self.name, ""))
    }
}

/// Whose people a user belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default, sqlx::Type, serde::Serialize, serde::Deserialize)]
#[sqlx(type_name = "text", rename_all = "snake_case")]
#[serde(rename_all = "snake_case")]
pub enum Affiliation {
    /// Our own.
    #[default]
    Employee,
    /// A partner's.
    Partner,
    /// A supplier's.
    BasicSupplier,
    /// A supplier's, who may do more in the vendor's own application.
    AdvancedSupplier,
    /// Nobody's: a program. Every application counts as one.
    Integration,
}

impl Affiliation {
    /// Whether a supplier: private files do not exist for those, and Arena's API is closed to them (spec/arena.md 3.3, 6).
    pub fn is_supplier(self) -> bool {
        match self {
            Affiliation::BasicSupplier | Affiliation::AdvancedSupplier => true,
            Affiliation::Employee | Affiliation::Partner | Affiliation::Integration => false,
        }
    }
}

/// What a user's license allows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, sqlx::Type, serde::Serialize, serde::Deserialize)]
#[sqlx(type_name = "text", rename_all = "snake_case")]
#[serde(rename_all = "snake_case")]
pub enum License {
    /// Reads and writes.
    Full,
    /// Reads.
    Approver,
    /// Reads.
    Limited,
    /// Reads.
    ReadOnly,
}
