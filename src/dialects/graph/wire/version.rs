//! A version of a file (spec/graph.md 5.3).

use serde::Serialize;

use super::{IdentitySet, View, date, item::level};
use crate::{
    dialects::graph::signed::Bytes,
    domain::{edition::Edition, error::Result, item::Item},
};

/// A version of a file.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct DriveItemVersion {
    id: String,
    last_modified_by: IdentitySet,
    last_modified_date_time: String,
    size: i64,
    publication: Published,
    #[serde(skip_serializing_if = "String::is_empty")]
    comment: String,
    #[serde(rename = "@microsoft.graph.downloadUrl", skip_serializing_if = "Option::is_none")]
    download_url: Option<String>,
}

#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Published {
    level: &'static str,
    version_id: String,
}

impl DriveItemVersion {
    /// An edition of a file.
    pub fn new(view: &View, item: &Item, edition: &Edition) -> Result<Self> {
        let download_url = match edition.content {
            Some(_) => view.download_url(item.id, Bytes::Edition(edition.id))?,
            None => None,
        };
        Ok(Self {
            id: edition.version.to_string(),
            last_modified_by: (&*edition.author).into(),
            last_modified_date_time: date(edition.modified_at),
            size: edition.size(),
            publication: Published { level: level(edition.version), version_id: edition.version.to_string() },
            comment: edition.comment.clone(),
            download_url,
        })
    }
}
