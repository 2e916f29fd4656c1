//! Folder (spec/liferay.md 10.4).

use serde::Serialize;

use super::{Millis, millis};
use crate::{
    dialects::liferay::ids::{self, Long},
    domain::item::Item,
};

/// Folder.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Folder<'a> {
    company_id: Long,
    create_date: Millis,
    ct_collection_id: Long,
    default_file_entry_type_id: Long,
    description: &'a str,
    folder_id: Long,
    group_id: Long,
    hidden: bool,
    last_post_date: Option<Millis>,
    last_publish_date: Option<Millis>,
    modified_date: Millis,
    mount_point: bool,
    mvcc_version: Long,
    name: &'a str,
    parent_folder_id: Long,
    repository_id: Long,
    restriction_type: i32,
    status: i32,
    status_by_user_id: Long,
    status_by_user_name: &'static str,
    status_date: Option<Millis>,
    tree_path: String,
    user_id: Long,
    user_name: &'a str,
    uuid: String,
}

impl<'a> Folder<'a> {
    /// A folder of the company with this number.
    pub fn of(item: &'a Item, company: i64) -> Self {
        Self {
            company_id: Long(company),
            create_date: millis(item.created_at),
            ct_collection_id: Long(0),
            default_file_entry_type_id: Long(0),
            description: &item.description,
            folder_id: Long(ids::number_of(item)),
            group_id: Long(item.library.number),
            hidden: false,
            last_post_date: None,
            last_publish_date: None,
            modified_date: millis(item.modified_at),
            mount_point: false,
            mvcc_version: Long(0),
            name: &item.name,
            parent_folder_id: Long(ids::folder_of(item)),
            repository_id: Long(item.library.number),
            restriction_type: 0,
            status: 0,
            status_by_user_id: Long(0),
            status_by_user_name: "",
            status_date: None,
            tree_path: ids::tree_path(item),
            user_id: Long(item.created_by.number),
            user_name: &item.created_by.name,
            uuid: item.id.0.to_string(),
        }
    }
}
