//! `FileVersion` (spec/liferay.md 10.2): a published version, or the working copy behind a lock, labelled `PWC`.

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
        item::{Draft, FileParts, Item},
        lock::Lock,
        person::Person,
    },
};

/// The label of a working copy.
pub const WORKING_COPY: &str = "PWC";

/// The status of what is published.
pub const APPROVED: i32 = 0;

/// The status of a working copy.
pub const DRAFT: i32 = 2;

/// `FileVersion`.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct FileVersion<'a> {
    change_log: &'a str,
    checksum: &'static str,
    company_id: Long,
    create_date: Millis,
    ct_collection_id: Long,
    description: &'a str,
    expiration_date: Option<Millis>,
    extension: &'a str,
    extra_settings: &'static str,
    file_entry_id: Long,
    file_entry_type_id: Long,
    file_name: &'a str,
    file_version_id: Long,
    folder_id: Long,
    group_id: Long,
    last_publish_date: Option<Millis>,
    mime_type: &'a str,
    modified_date: Millis,
    mvcc_version: Long,
    repository_id: Long,
    review_date: Option<Millis>,
    size: Long,
    status: i32,
    status_by_user_id: Long,
    status_by_user_name: &'a str,
    status_date: Millis,
    title: &'a str,
    tree_path: String,
    user_id: Long,
    user_name: &'a str,
    uuid: String,
    version: String,
}

/// What differs between a published version and a working copy.
struct Version<'a> {
    number: i64,
    change_log: &'a str,
    created: Millis,
    modified: Millis,
    description: &'a str,
    file_name: &'a str,
    mime_type: Option<&'a str>,
    size: i64,
    status: i32,
    title: &'a str,
    person: &'a Person,
    uuid: Uuid,
    label: String,
}

impl<'a> FileVersion<'a> {
    /// A published version. The newest is called what the file is, which other dialects rename without a version.
    pub fn of(item: &'a Item, edition: &'a Edition, company: i64) -> Self {
        let own_name = edition.file_name.as_deref().filter(|_| !edition.latest);
        let version = Version {
            number: edition.number,
            change_log: &edition.comment,
            created: millis(edition.created_at),
            modified: millis(edition.modified_at),
            description: &edition.description,
            file_name: own_name.unwrap_or(&item.name),
            mime_type: edition.media_type.as_deref(),
            size: edition.size(),
            status: APPROVED,
            title: &edition.title,
            person: &edition.author,
            uuid: edition.id.0,
            label: edition.version.to_string(),
        };
        Self::shape(item, version, company)
    }

    /// The working copy behind a lock; what its holder did not save is as in the newest version. Every viewer is shown
    /// it, without its bytes (spec/liferay.md 11.2).
    pub fn working_copy(item: &'a Item, file: &'a FileParts, lock: &'a Lock, company: i64) -> Self {
        let (draft, last) = (file.draft.as_ref(), &file.edition);
        let saved = |text: fn(&Draft) -> Option<&str>| draft.and_then(text);
        let created = millis(lock.taken_at);
        let content = draft.and_then(|draft| draft.content).or(last.content);
        let version = Version {
            number: lock.draft_number,
            change_log: saved(|draft| draft.comment.as_deref()).unwrap_or_default(),
            created,
            modified: draft.map_or(created, |draft| millis(draft.saved_at)),
            description: saved(|draft| draft.description.as_deref()).unwrap_or(&last.description),
            file_name: saved(|draft| draft.file_name.as_deref()).unwrap_or(&item.name),
            mime_type: saved(|draft| draft.media_type.as_deref()).or(last.media_type.as_deref()),
            size: content.map_or(0, |content| content.size),
            status: DRAFT,
            title: saved(|draft| draft.title.as_deref()).unwrap_or(&item.title),
            person: &lock.holder,
            uuid: working_copy_uuid(item, lock),
            label: WORKING_COPY.to_owned(),
        };
        Self::shape(item, version, company)
    }

    fn shape(item: &'a Item, version: Version<'a>, company: i64) -> Self {
        Self {
            change_log: version.change_log,
            checksum: "",
            company_id: Long(company),
            create_date: version.created,
            ct_collection_id: Long(0),
            description: version.description,
            expiration_date: None,
            extension: extension_of(version.file_name),
            extra_settings: "",
            file_entry_id: Long(item.number),
            file_entry_type_id: Long(0),
            file_name: version.file_name,
            file_version_id: Long(version.number),
            folder_id: Long(ids::folder_of(item)),
            group_id: Long(item.library.number),
            last_publish_date: None,
            mime_type: version.mime_type.unwrap_or("application/octet-stream"),
            modified_date: version.modified,
            mvcc_version: Long(0),
            repository_id: Long(item.library.number),
            review_date: None,
            size: Long(version.size),
            status: version.status,
            status_by_user_id: Long(version.person.number),
            status_by_user_name: &version.person.name,
            status_date: version.modified,
            title: version.title,
            tree_path: ids::tree_path(item),
            user_id: Long(version.person.number),
            user_name: &version.person.name,
            uuid: version.uuid.to_string(),
            version: version.label,
        }
    }
}

/// Made from the file's uuid and the working copy's number. Not the lock's uuid: that one is a capability.
fn working_copy_uuid(item: &Item, lock: &Lock) -> Uuid {
    let (high, low) = item.id.0.as_u64_pair();
    Uuid::from_u64_pair(high, low ^ lock.draft_number.cast_unsigned())
}
