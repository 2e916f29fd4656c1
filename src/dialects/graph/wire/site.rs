//! Sites and their lists (spec/graph.md 5.6 and 11).

use serde::Serialize;

use super::{View, date};
use crate::{
    dialects::graph::ids,
    domain::{directory, library::Library},
};

/// A site.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Site {
    id: String,
    name: String,
    display_name: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    description: String,
    web_url: String,
    created_date_time: String,
    last_modified_date_time: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    root: Option<Yes>,
    site_collection: SiteCollection,
}

#[derive(Clone, Debug, Serialize)]
struct SiteCollection {
    hostname: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    root: Option<Yes>,
}

/// An empty object, which means yes.
#[derive(Clone, Copy, Debug, Serialize)]
struct Yes {}

impl Site {
    /// A site, which may be the root site.
    pub fn new(view: &View, site: &directory::Site, is_root: bool) -> Self {
        let directory::Site { library, modified_at } = site;
        let root = is_root.then_some(Yes {});
        Self {
            id: ids::site_id(&view.host, library),
            name: library.name.clone(),
            display_name: library.name.clone(),
            description: library.description.clone(),
            web_url: ids::site_web_url(&view.origin, library, is_root),
            created_date_time: date(library.created_at),
            last_modified_date_time: date(*modified_at),
            root,
            site_collection: SiteCollection { hostname: view.host.clone(), root },
        }
    }
}

/// A list: the library of a site once more.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct List {
    id: String,
    name: String,
    display_name: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    description: String,
    web_url: String,
    created_date_time: String,
    last_modified_date_time: String,
    list: ListInfo,
    parent_reference: ParentReference,
}

#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct ListInfo {
    template: &'static str,
    hidden: bool,
    content_types_enabled: bool,
}

#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct ParentReference {
    site_id: String,
}

impl List {
    /// The list of a site.
    pub fn new(view: &View, site: &directory::Site) -> Self {
        let directory::Site { library, modified_at } = site;
        Self {
            id: library.graph_site_id.to_string(),
            name: library.name.clone(),
            display_name: library.name.clone(),
            description: library.description.clone(),
            web_url: drive_url(view, library),
            created_date_time: date(library.created_at),
            last_modified_date_time: date(*modified_at),
            list: ListInfo { template: "documentLibrary", hidden: false, content_types_enabled: false },
            parent_reference: ParentReference { site_id: ids::site_id(&view.host, library) },
        }
    }
}

fn drive_url(view: &View, library: &Library) -> String {
    format!("{}/v1.0/drives/{}/root", view.origin, library.graph_id)
}
