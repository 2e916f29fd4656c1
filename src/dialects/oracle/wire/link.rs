//! Public links (spec/oracle.md 8). The access code is never among them.

use super::{Fields, time, user};
use crate::domain::{
    actor::Role,
    link::{Audience, Link},
    person::Person,
};

/// A link as an entry of a list; `listed` are the people its list names, in its order.
pub fn link(link: &Link, listed: &[impl AsRef<Person>]) -> Fields {
    let assigned = match link.audience {
        Audience::Everybody => "@everybody".to_owned(),
        Audience::SignedIn => "@serviceinstance".to_owned(),
        Audience::Listed => {
            let ids: Vec<&str> = listed.iter().map(|person| person.as_ref().oracle_id.as_str()).collect();
            ids.join(",")
        }
    };
    Fields::new()
        .text("assignedUsers", assigned)
        .text("createdTime", time(link.created_at))
        .maybe("expirationTime", link.expires_at.map(time))
        .text("lastModifiedTime", time(link.modified_at))
        .text("linkID", &link.oracle_id)
        .maybe("linkName", Some(&link.name).filter(|name| !name.is_empty()))
        .object("ownedBy", user(&link.created_by))
        .text("role", role(link.role))
        .text("type", "publiclink")
}

/// The vendor's word for a role.
fn role(role: Role) -> &'static str {
    match role {
        Role::Viewer => "viewer",
        Role::Downloader => "downloader",
        Role::Contributor => "contributor",
        Role::Manager => "manager",
        Role::Owner => "owner",
    }
}
