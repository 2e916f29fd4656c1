//! A drive (spec/graph.md 5.2).

use serde::Serialize;

use super::{IdentitySet, View, date, people::Identity};
use crate::{
    dialects::graph::ids,
    domain::{
        library::{Library, LibraryKind},
        person::Person,
    },
};

/// A drive.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Drive {
    id: String,
    drive_type: &'static str,
    name: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    description: String,
    owner: IdentitySet,
    quota: Quota,
    web_url: String,
    created_date_time: String,
}

#[derive(Clone, Debug, Serialize)]
struct Quota {
    total: i64,
    used: i64,
    remaining: i64,
    deleted: i64,
    state: &'static str,
}

impl Quota {
    fn of(quota: Option<i64>, used: i64) -> Self {
        let total = quota.unwrap_or_else(|| LARGEST_DRIVE.max(used));
        let remaining = total.saturating_sub(used).max(0);
        // a library without a quota is never near its end
        let state = match quota {
            Some(_) if remaining == 0 => "exceeded",
            Some(total) if remaining < total / 100 => "critical",
            Some(total) if remaining < total / 10 => "nearing",
            Some(_) | None => "normal",
        };
        Self { total, used, remaining, deleted: 0, state }
    }
}

/// Clients need numbers where a library has no quota: the largest drive that the vendor has, 25 TiB.
const LARGEST_DRIVE: i64 = 25 << 40;

/// What a client is told of a library's kind.
pub fn drive_type(library: &Library) -> &'static str {
    match library.kind {
        LibraryKind::Personal => "business",
        LibraryKind::Group | LibraryKind::Site => "documentLibrary",
    }
}

impl Drive {
    /// A library with its owner, if it has one, and the bytes in it.
    pub fn new(view: &View, library: &Library, owner: Option<&Person>, used: i64) -> Self {
        let site = || Identity {
            id: ids::site_id(&view.host, library),
            display_name: library.name.clone(),
            email: String::new(),
        };
        Self {
            id: library.graph_id.clone(),
            drive_type: drive_type(library),
            name: library.name.clone(),
            description: library.description.clone(),
            owner: match owner {
                Some(owner) => owner.into(),
                None => IdentitySet { site: Some(site()), ..IdentitySet::default() },
            },
            quota: Quota::of(library.quota_bytes, used),
            web_url: format!("{}/v1.0/drives/{}/root", view.origin, library.graph_id),
            created_date_time: date(library.created_at),
        }
    }
}
