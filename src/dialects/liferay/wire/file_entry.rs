//! `FileEntry` (spec/liferay.md 10.1): a file as its last approved version has it, whoever looks; or a temporary file.

use chrono::{DateTime, Utc};
use serde::Serialize;
use uuid::Uuid;

use super::{Millis, millis};
use crate::{
    dialects::liferay::{
        ids::{self, Long},
        names::extension_of,
    },
    domain::{
        edition::Edition,
        item::{FileParts, Item},
        person::Person,
        temporary::TemporaryFile,
        version::Version,
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

/// What is shown of something that is a file, or for a while as good as one.
struct About<'a> {
    number: i64,
    uuid: Uuid,
    external_code: String,
    file_name: &'a str,
    title: &'a str,
    description: &'a str,
    mime_type: &'a str,
    size: i64,
    version: String,
    folder: i64,
    tree_path: String,
    group: i64,
    creator: &'a Person,
    created_at: DateTime<Utc>,
    modified_at: DateTime<Utc>,
}

impl<'a> FileEntry<'a> {
    /// A file of the company with this number.
    pub fn of(item: &'a Item, file: &'a FileParts, company: i64) -> Self {
        let edition = &file.edition;
        let about = About {
            number: item.number,
            uuid: item.id.0,
            external_code: item.external_code(),
            file_name: &item.name,
            title: &item.title,
            description: &item.description,
            mime_type: mime_type(edition),
            size: edition.size(),
            version: edition.version.to_string(),
            folder: ids::folder_of(item),
            tree_path: ids::tree_path(item),
            group: item.library.number,
            creator: &item.created_by,
            created_at: item.created_at,
            modified_at: item.modified_at,
        };
        Self::about(about, company)
    }

    /// A temporary file at a folder.
    pub fn temporary(file: &'a TemporaryFile, folder: &Item, company: i64) -> Self {
        let about = About {
            number: file.number,
            uuid: file.id,
            external_code: file.number.to_string(),
            file_name: &file.name,
            title: &file.name,
            description: "",
            mime_type: &file.media_type,
            size: file.size,
            version: Version::FIRST.to_string(),
            folder: ids::number_of(folder),
            tree_path: ids::tree_path(folder),
            group: folder.library.number,
            creator: &file.owner,
            created_at: file.created_at,
            modified_at: file.created_at,
        };
        Self::about(about, company)
    }

    fn about(about: About<'a>, company: i64) -> Self {
        Self {
            class_name_id: Long(0),
            class_pk: Long(0),
            company_id: Long(company),
            create_date: millis(about.created_at),
            ct_collection_id: Long(0),
            custom1_image_id: Long(0),
            custom2_image_id: Long(0),
            description: about.description,
            expiration_date: None,
            extension: extension_of(about.file_name),
            external_reference_code: about.external_code,
            extra_settings: "",
            file_entry_id: Long(about.number),
            file_entry_type_id: Long(0),
            file_name: about.file_name,
            folder_id: Long(about.folder),
            group_id: Long(about.group),
            large_image_id: Long(0),
            last_publish_date: None,
            manual_check_in_required: false,
            mime_type: about.mime_type,
            modified_date: millis(about.modified_at),
            mvcc_version: Long(0),
            name: about.number.to_string(),
            repository_id: Long(about.group),
            review_date: None,
            size: Long(about.size),
            small_image_id: Long(0),
            title: about.title,
            tree_path: about.tree_path,
            user_id: Long(about.creator.number),
            user_name: &about.creator.name,
            uuid: about.uuid.to_string(),
            version: about.version,
        }
    }
}
