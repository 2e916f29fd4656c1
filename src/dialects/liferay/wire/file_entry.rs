//! `FileEntry` (spec/liferay.md 10.1): a file as its last approved version has it, whoever looks.

use serde::Serialize;

use super::{Millis, millis};
use crate::{
    dialects::liferay::{
        ids::{self, Long},
        names::extension_of,
    },
    domain::{
        edition::Edition,
        item::{FileParts, Item},
    },
};

/// `FileEntry`.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct FileEntry<'a> {
    class_name_id: Long,
    #[serde(rename = "classPK")]
    class_pk: Long,
    company_id: Long,
    create_date: Millis,
    ct_collection_id: Long,
    custom1_image_id: Long,
    custom2_image_id: Long,
    description: &'a str,
    expiration_date: Option<Millis>,
    extension: &'a str,
    external_reference_code: String,
    extra_settings: &'static str,
    file_entry_id: Long,
    file_entry_type_id: Long,
    file_name: &'a str,
    folder_id: Long,
    group_id: Long,
    large_image_id: Long,
    last_publish_date: Option<Millis>,
    manual_check_in_required: bool,
    mime_type: &'a str,
    modified_date: Millis,
    mvcc_version: Long,
    name: String,
    repository_id: Long,
    review_date: Option<Millis>,
    size: Long,
    small_image_id: Long,
    title: &'a str,
    tree_path: String,
    user_id: Long,
    user_name: &'a str,
    uuid: String,
    version: String,
}

/// The media type of a version; that of bytes where none is known.
pub fn mime_type(edition: &Edition) -> &str {
    edition.media_type.as_deref().unwrap_or("application/octet-stream")
}

impl<'a> FileEntry<'a> {
    /// A file of the company with this number.
    pub fn of(item: &'a Item, file: &'a FileParts, company: i64) -> Self {
        let edition = &file.edition;
        Self {
            class_name_id: Long(0),
            class_pk: Long(0),
            company_id: Long(company),
            create_date: millis(item.created_at),
            ct_collection_id: Long(0),
            custom1_image_id: Long(0),
            custom2_image_id: Long(0),
            description: &item.description,
            expiration_date: None,
            extension: extension_of(&item.name),
            external_reference_code: item.number.to_string(),
            extra_settings: "",
            file_entry_id: Long(item.number),
            file_entry_type_id: Long(0),
            file_name: &item.name,
            folder_id: Long(ids::folder_of(item)),
            group_id: Long(item.library.number),
            large_image_id: Long(0),
            last_publish_date: None,
            manual_check_in_required: false,
            mime_type: mime_type(edition),
            modified_date: millis(item.modified_at),
            mvcc_version: Long(0),
            name: item.number.to_string(),
            repository_id: Long(item.library.number),
            review_date: None,
            size: Long(edition.size()),
            small_image_id: Long(0),
            title: &item.title,
            tree_path: ids::tree_path(item),
            user_id: Long(item.created_by.number),
            user_name: &item.created_by.name,
            uuid: item.id.0.to_string(),
            version: edition.version.to_string(),
        }
    }
}
