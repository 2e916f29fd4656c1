//! A driveItem as its caller sees it (spec/graph.md 5.1, 5.4 and 6.2): the holder of a check-out sees the working copy,
//! everybody else the last version.

use chrono::{DateTime, Utc};
use serde::Serialize;

use super::{IdentitySet, View, date, drive::drive_type};
use crate::{
    dialects::graph::{ids, signed::Bytes, special},
    domain::{
        error::Result,
        item::{Draft, FileParts, Item},
        library::LibraryKind,
        lock::Lock,
        version::Version,
    },
    vault::media_type,
};

/// A file or folder.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct DriveItem {
    #[serde(rename = "@microsoft.graph.downloadUrl", skip_serializing_if = "Option::is_none")]
    download_url: Option<String>,
    id: String,
    name: String,
    size: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    e_tag: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    c_tag: Option<String>,
    created_date_time: String,
    last_modified_date_time: String,
    created_by: IdentitySet,
    last_modified_by: IdentitySet,
    parent_reference: ParentReference,
    web_url: String,
    file_system_info: FileSystemInfo,
    #[serde(skip_serializing_if = "Option::is_none")]
    file: Option<FileFacet>,
    #[serde(skip_serializing_if = "Option::is_none")]
    folder: Option<FolderFacet>,
    #[serde(skip_serializing_if = "Option::is_none")]
    root: Option<Nothing>,
    #[serde(skip_serializing_if = "Option::is_none")]
    special_folder: Option<SpecialFolder>,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    publication: Option<Publication>,
    #[serde(skip_serializing_if = "Option::is_none")]
    lock_info: Option<LockInfo>,
}

/// Where an item lies.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct ParentReference {
    drive_id: String,
    drive_type: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    path: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    site_id: Option<String>,
}

#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct FileSystemInfo {
    created_date_time: String,
    last_modified_date_time: String,
}

#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct FileFacet {
    mime_type: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    hashes: Option<Hashes>,
    #[serde(skip_serializing_if = "Option::is_none")]
    lock_info: Option<LockInfo>,
}

#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Hashes {
    quick_xor_hash: String,
    sha256_hash: String,
}

#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct FolderFacet {
    child_count: i64,
}

/// What a folder is for (section 4).
#[derive(Clone, Debug, Serialize)]
struct SpecialFolder {
    name: &'static str,
}

/// An empty object, which means yes.
#[derive(Clone, Debug, Serialize)]
struct Nothing {}

#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Publication {
    level: &'static str,
    version_id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    checked_out_by: Option<IdentitySet>,
}

/// Who holds a file until when (section 12).
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct LockInfo {
    lock_type: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    created_date_time: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    expiration_date_time: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    owners: Vec<IdentitySet>,
}

impl DriveItem {
    /// What the caller sees of an item.
    pub fn new(view: &View, item: &Item) -> Result<Self> {
        let draft = item.draft_of(view.caller);
        let content = ids::content(item, view.caller);
        let (modified_at, modified_by) = match (draft, item.lock()) {
            (Some(draft), Some(lock)) => (draft.saved_at, &lock.holder),
            _ => (item.modified_at, &item.modified_by),
        };
        let text = |tag: Option<crate::http::etag::ETag>| tag.map(|tag| tag.to_string());
        let description = draft.and_then(|draft| draft.description.as_ref()).unwrap_or(&item.description);
        Ok(Self {
            download_url: download_url(view, item)?,
            id: item.graph_id.clone(),
            name: if item.is_root() { "root".to_owned() } else { item.name.clone() },
            size: content.map_or(0, |content| content.size),
            e_tag: text(ids::e_tag(item, view.caller)),
            c_tag: text(ids::c_tag(item, view.caller)),
            created_date_time: date(item.created_at),
            last_modified_date_time: date(modified_at),
            created_by: (&*item.created_by).into(),
            last_modified_by: (&**modified_by).into(),
            parent_reference: ParentReference::of(view, item),
            // a path would name the folders above a shared item
            web_url: match view.through {
                Some(_) => ids::web_url_by_id(&view.origin, item),
                None => ids::web_url(&view.origin, item),
            },
            file_system_info: FileSystemInfo::of(item, draft, modified_at),
            file: item.file.as_ref().map(|file| FileFacet {
                mime_type: {
                    let stored = draft.and_then(|draft| draft.media_type.as_deref());
                    // the name may be another one since
                    media_type(stored.or(file.edition.media_type.as_deref()), &item.name)
                },
                hashes: content.map(|content| Hashes {
                    quick_xor_hash: content.quick_xor.to_base64(),
                    sha256_hash: content.sha256.to_hex().to_uppercase(),
                }),
                lock_info: view.beta.then(|| LockInfo::of(file.lock.as_ref())),
            }),
            folder: item.file.is_none().then_some(FolderFacet { child_count: item.children }),
            root: item.is_root().then_some(Nothing {}),
            special_folder: item.special.map(|special| SpecialFolder { name: special::name(special) }),
            description: Some(description.clone()).filter(|description| !description.is_empty()),
            // a facet that is there only when it is named
            publication: match &item.file {
                Some(file) if view.select.names("publication") => Some(Publication::of(view, item, file)),
                _ => None,
            },
            lock_info: match &item.file {
                Some(file) if view.beta && view.select.names("lockInfo") => Some(LockInfo::of(file.lock.as_ref())),
                _ => None,
            },
        })
    }
}

fn download_url(view: &View, item: &Item) -> Result<Option<String>> {
    // signing is work
    if !view.select.wants("@microsoft.graph.downloadUrl") {
        return Ok(None);
    }
    match bytes(view, item) {
        Some(bytes) => view.download_url(item.id, bytes),
        None => Ok(None),
    }
}

/// The bytes the caller sees; none where the file has none here.
pub fn bytes(view: &View, item: &Item) -> Option<Bytes> {
    let file = item.file.as_ref()?;
    let draft = item.draft_of(view.caller).and_then(|draft| draft.content);
    match (draft, file.edition.content, item.lock()) {
        (Some(_), _, Some(lock)) => Some(Bytes::Draft(lock.fence)),
        (_, Some(_), _) => Some(Bytes::Edition(file.edition.id)),
        _ => None,
    }
}

impl ParentReference {
    /// Where an item lies; the top folder only says in which drive.
    pub fn of(view: &View, item: &Item) -> Self {
        let above = item.ancestors.as_ref();
        let shown = match view.through {
            Some(link) => above.iter().position(|folder| folder.id == link.item.0).and_then(|top| above.get(top..)),
            None => Some(above),
        };
        let parent = shown.and_then(<[_]>::last).filter(|_| !item.is_root());
        let is_below_root = item.ancestors.len() == 1;
        Self {
            drive_id: item.library.graph_id.clone(),
            drive_type: drive_type(&item.library),
            id: parent.map(|parent| parent.graph_id.clone()),
            name: parent.map(|parent| if is_below_root { "root".to_owned() } else { parent.name.clone() }),
            path: ids::parent_path(item).filter(|_| view.through.is_none()),
            site_id: (item.library.kind == LibraryKind::Site).then(|| ids::site_id(&view.host, &item.library)),
        }
    }
}

impl FileSystemInfo {
    fn of(item: &Item, draft: Option<&Draft>, modified_at: DateTime<Utc>) -> Self {
        let own = draft.map(|draft| draft.client_times).unwrap_or_default();
        let created = own.created.or(item.client_created_at);
        let modified = own.modified.or(item.client_modified_at);
        Self {
            created_date_time: date(created.unwrap_or(item.created_at)),
            last_modified_date_time: date(modified.unwrap_or(modified_at)),
        }
    }
}

impl Publication {
    fn of(view: &View, item: &Item, file: &FileParts) -> Self {
        // a lock that ends by itself is no check-out (section 12)
        let out = item.lock().filter(|lock| lock.has_working_copy());
        // the first check-in of all makes the version that is there
        let version = if out.is_some() && item.is_held_by(view.caller) && file.unpublished_by.is_none() {
            file.last_version.next(item.library.usual_step())
        } else {
            file.edition.version
        };
        let holder = |lock: &Lock| IdentitySet::from(&*lock.holder);
        Self {
            level: if out.is_some() { "checkout" } else { level(file.edition.version) },
            version_id: version.to_string(),
            checked_out_by: out.map(holder),
        }
    }
}

/// What a version counts as: a minor one is a draft, also one that another dialect has made (5.4).
pub fn level(version: Version) -> &'static str {
    if version.minor == 0 { "published" } else { "draft" }
}

impl LockInfo {
    /// What is to be said of a lock, or of there being none.
    pub fn of(lock: Option<&Lock>) -> Self {
        Self {
            lock_type: if lock.is_some() { "exclusive" } else { "none" },
            created_date_time: lock.map(|lock| date(lock.taken_at)),
            expiration_date_time: lock.and_then(|lock| lock.expires_at).map(date),
            owners: lock.map(|lock| IdentitySet::from(&*lock.holder)).into_iter().collect(),
        }
    }
}
