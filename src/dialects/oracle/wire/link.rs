//! Public links (spec/oracle.md 8). The access code is never among them.

use super::{Fields, role, time, user};
use crate::domain::link::{Audience, Link};

/// A link as an entry of a list.
pub fn link(link: &Link) -> Fields {
    let assigned = match link.audience {
        Audience::Everybody => "@everybody".to_owned(),
        Audience::SignedIn => "@serviceinstance".to_owned(),
        Audience::Listed => {
            let ids: Vec<&str> = link.listed.iter().map(|person| person.oracle_id.as_str()).collect();
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
