//! Group (spec/liferay.md 10.7): a library as a site.

use serde::Serialize;

use crate::{
    dialects::liferay::{ids::Long, names::friendly},
    domain::library::Library,
};

/// Group.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
#[expect(clippy::struct_excessive_bools, reason = "the vendor's shape")]
pub struct Group<'a> {
    active: bool,
    class_name_id: Long,
    #[serde(rename = "classPK")]
    class_pk: Long,
    company_id: Long,
    creator_user_id: Long,
    description: &'a str,
    description_current_value: &'a str,
    #[serde(rename = "friendlyURL")]
    friendly_url: String,
    group_id: Long,
    group_key: &'a str,
    inherit_content: bool,
    live_group_id: Long,
    manual_membership: bool,
    membership_restriction: i32,
    mvcc_version: Long,
    name: &'a str,
    name_current_value: &'a str,
    parent_group_id: Long,
    remote_staging_group_count: i32,
    site: bool,
    tree_path: String,
    r#type: i32,
    type_settings: &'static str,
    uuid: String,
}

impl<'a> Group<'a> {
    /// A library of the company with this number; clients take the company's id from the first one they get.
    pub fn of(library: &'a Library, company: i64) -> Self {
        Self {
            active: true,
            class_name_id: Long(0),
            class_pk: Long(library.number),
            company_id: Long(company),
            creator_user_id: Long(0),
            description: &library.description,
            description_current_value: &library.description,
            friendly_url: format!("/{}", friendly(&library.name)),
            group_id: Long(library.number),
            group_key: &library.name,
            inherit_content: false,
            live_group_id: Long(0),
            manual_membership: true,
            membership_restriction: 0,
            mvcc_version: Long(0),
            name: &library.name,
            name_current_value: &library.name,
            parent_group_id: Long(0),
            remote_staging_group_count: 0,
            site: true,
            tree_path: format!("/{}/", library.number),
            r#type: 1,
            type_settings: "",
            uuid: library.id.0.to_string(),
        }
    }
}
