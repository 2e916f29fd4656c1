//! Repository (spec/liferay.md 9.2): a site's own, the only one it has.

use serde::Serialize;

use super::{Millis, millis};
use crate::{dialects::liferay::ids::Long, domain::library::Library};

/// Repository.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Repository<'a> {
    class_name_id: Long,
    company_id: Long,
    create_date: Millis,
    description: &'a str,
    dl_folder_id: Long,
    group_id: Long,
    last_publish_date: Option<Millis>,
    modified_date: Millis,
    mvcc_version: Long,
    name: &'a str,
    portlet_id: &'static str,
    repository_id: Long,
    type_settings: &'static str,
    user_id: Long,
    user_name: &'static str,
    uuid: String,
}

impl<'a> Repository<'a> {
    /// That of a site of the company with this number.
    pub fn of(library: &'a Library, company: i64) -> Self {
        Self {
            class_name_id: Long(0),
            company_id: Long(company),
            create_date: millis(library.created_at),
            description: &library.description,
            dl_folder_id: Long(0),
            group_id: Long(library.number),
            last_publish_date: None,
            modified_date: millis(library.created_at),
            mvcc_version: Long(0),
            name: &library.name,
            portlet_id: "",
            repository_id: Long(library.number),
            type_settings: "",
            user_id: Long(0),
            user_name: "",
            uuid: library.id.0.to_string(),
        }
    }
}
