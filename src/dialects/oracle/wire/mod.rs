//! The room's JSON and XML, field for field, from the domain's words (spec/oracle.md 2.3 to 2.6, 5 to 8). Reads no
//! requests; knows no status.

mod item;
mod link;
mod metadata;
mod node;
mod service;
mod time;

pub use item::{at_home, edition, file, folder, head_of_versions, home};
pub use link::link;
pub use metadata::{collection, kind_of, said};
pub use node::Fields;
pub use service::{Envelope, Granted, ResultSet, ResultSets};
pub use time::{parse_time, time};

use crate::domain::{
    actor::Role,
    person::{Person, PrincipalKind},
};

/// A user object (2.6), with `loginName` everywhere.
pub fn user(person: &Person) -> Fields {
    Fields::new()
        .text("displayName", &person.name)
        .text("id", &person.oracle_id)
        .text("loginName", &person.login)
        .text("type", "user")
}

/// Whoever a folder can be shared with: a group is known by having no `loginName` (9).
pub fn member(person: &Person) -> Fields {
    match person.kind {
        PrincipalKind::User | PrincipalKind::Application => user(person),
        PrincipalKind::Group => {
            Fields::new().text("displayName", &person.name).text("id", &person.oracle_id).text("type", "group")
        }
    }
}

/// The vendor's word for a role.
pub fn role(role: Role) -> &'static str {
    match role {
        Role::Viewer => "viewer",
        Role::Downloader => "downloader",
        Role::Contributor => "contributor",
        Role::Manager => "manager",
        Role::Owner => "owner",
    }
}
