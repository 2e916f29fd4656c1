//! A drive (spec/graph.md 5.2).

use serde::Serialize;

use super::{IdentitySet, View, date, people::Identity};
use crate::{
    dialects::graph::ids,
    domain::{
        library::{Library, LibraryKind},
        person::Person,
    },
    vault::LastChange,
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
    #[serde(skip_serializing_if = "Option::is_none")]
    created_by: Option<IdentitySet>,
    created_date_time: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    last_modified_by: Option<IdentitySet>,
    last_modified_date_time: String,
}

/// What is said of a library beside itself.
#[derive(Clone, Debug, Default)]
pub struct DriveFacts {
    /// Whose it is, if it is somebody's.
    pub owner: Option<Person>,
    /// Who made it, where that is known.
    pub created_by: Option<Person>,
    /// The bytes in it.
    pub used: i64,
    /// The bytes in its trash.
    pub deleted: i64,
    /// What was done last in it, for who sees it all.
    pub last_change: Option<LastChange>,
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
    fn of(quota: Option<i64>, used: i64, deleted: i64) -> Self {
        let total = quota.unwrap_or_else(|| LARGEST_DRIVE.max(used));
        let remaining = total.saturating_sub(used).max(0);
        // a library without a quota is never near its end
        let state = match quota {
            Some(_) if remaining == 0 => "exceeded",
            Some(total) if remaining < total / 100 => "critical",
            Some(total) if remaining < total / 10 => "nearing",
            Some(_) | None => "normal",
        };
        Self { total, used, remaining, deleted, state }
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
    /// A library. None is hidden, so none has the facet `system`.
    pub fn new(view: &View, library: &Library, facts: &DriveFacts) -> Self {
        let change = facts.last_change.as_ref();
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
            owner: match &facts.owner {
                Some(owner) => owner.into(),
                None => IdentitySet { site: Some(site()), ..IdentitySet::default() },
            },
            quota: Quota::of(library.quota_bytes, facts.used, facts.deleted),
            web_url: format!("{}/v1.0/drives/{}/root", view.origin, library.graph_id),
            created_by: facts.created_by.as_ref().map(IdentitySet::from),
            created_date_time: date(library.created_at),
            last_modified_by: change.and_then(|change| change.by.as_deref()).map(IdentitySet::from),
            last_modified_date_time: date(change.map_or(library.created_at, |change| change.at)),
        }
    }
}
