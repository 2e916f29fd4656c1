//! The objects of the headless API, member for member (spec/liferay.md 12): ids are numbers, dates are text, and features we
//! lack have neutral values.

use chrono::{DateTime, Utc};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Serialize;

use crate::{
    dialects::liferay::{
        ids,
        names::{extension_of, friendly},
        wire::millis,
    },
    domain::{
        item::{FileParts, Item},
        metadata::Tags,
        person::Person,
    },
};

/// What may stand unescaped in a path.
const UNRESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// Who may view is for the library to say, not for its documents.
const VIEWABLE_BY: &str = "Anyone";

/// An object without members.
#[derive(Debug, Default, Serialize)]
pub struct Nothing {}

/// A list without entries.
type Empty = [Nothing; 0];

/// Who made something.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Creator<'a> {
    additional_name: &'static str,
    content_type: &'static str,
    family_name: &'a str,
    given_name: &'a str,
    id: i64,
    name: &'a str,
    #[serde(rename = "profileURL")]
    profile_url: String,
}

impl<'a> Creator<'a> {
    fn of(person: &'a Person) -> Self {
        let (given_name, family_name) = person.first_and_last_name();
        Self {
            additional_name: "",
            content_type: "UserAccount",
            family_name,
            given_name,
            id: person.number,
            name: &person.name,
            profile_url: format!("/web/{}", friendly(&person.login)),
        }
    }
}

/// The one type of documents there is.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct DocumentType {
    available_languages: Empty,
    content_fields: Empty,
    description: &'static str,
    name: &'static str,
}

/// A file as its last approved version has it, whoever looks.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Document<'a> {
    actions: Nothing,
    adapted_images: Empty,
    content_url: String,
    content_value: Option<&'static str>,
    creator: Creator<'a>,
    custom_fields: Empty,
    date_created: String,
    date_modified: String,
    description: &'a str,
    document_folder_id: i64,
    document_type: DocumentType,
    encoding_format: &'a str,
    external_reference_code: String,
    file_extension: &'a str,
    file_name: &'a str,
    friendly_url_path: String,
    id: i64,
    keywords: &'a [String],
    number_of_comments: i32,
    related_contents: Empty,
    site_id: i64,
    size_in_bytes: i64,
    taxonomy_category_briefs: Empty,
    title: &'a str,
    viewable_by: &'static str,
}

impl<'a> Document<'a> {
    /// A file with its tags.
    pub fn of(item: &'a Item, file: &'a FileParts, tags: Option<&'a Tags>) -> Self {
        let edition = &file.edition;
        Self {
            actions: Nothing {},
            adapted_images: [],
            content_url: content_url(item, file),
            content_value: None,
            creator: Creator::of(&item.created_by),
            custom_fields: [],
            date_created: date(item.created_at),
            date_modified: date(item.modified_at),
            description: &item.description,
            document_folder_id: ids::folder_of(item),
            document_type: DocumentType {
                available_languages: [],
                content_fields: [],
                description: "",
                name: "Basic Document",
            },
            encoding_format: edition.media_type.as_deref().unwrap_or("application/octet-stream"),
            external_reference_code: item.external_code(),
            file_extension: extension_of(&item.name),
            file_name: &item.name,
            friendly_url_path: friendly(&item.title),
            id: item.number,
            keywords: tags.map(Tags::as_slice).unwrap_or_default(),
            number_of_comments: 0,
            related_contents: [],
            site_id: item.library.number,
            size_in_bytes: edition.size(),
            taxonomy_category_briefs: [],
            title: &item.title,
            viewable_by: VIEWABLE_BY,
        }
    }
}

/// Where the bytes of the last approved version are (spec/liferay.md 10.6).
fn content_url(item: &Item, file: &FileParts) -> String {
    format!(
        "/documents/{}/{}/{}/{}?version={}&t={}",
        item.library.number,
        ids::folder_of(item),
        utf8_percent_encode(&item.name, UNRESERVED),
        item.id.0,
        file.edition.version,
        millis(item.modified_at),
    )
}

/// A folder.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct DocumentFolder<'a> {
    actions: Nothing,
    creator: Creator<'a>,
    custom_fields: Empty,
    date_created: String,
    date_modified: String,
    description: &'a str,
    external_reference_code: String,
    id: i64,
    name: &'a str,
    number_of_document_folders: i64,
    number_of_documents: i64,
    parent_document_folder_id: i64,
    site_id: i64,
    viewable_by: &'static str,
}

impl<'a> DocumentFolder<'a> {
    /// A folder that holds so many files and so many folders for the caller.
    pub fn of(item: &'a Item, (files, folders): (i64, i64)) -> Self {
        Self {
            actions: Nothing {},
            creator: Creator::of(&item.created_by),
            custom_fields: [],
            date_created: date(item.created_at),
            date_modified: date(item.modified_at),
            description: &item.description,
            external_reference_code: item.number.to_string(),
            id: item.number,
            name: &item.name,
            number_of_document_folders: folders,
            number_of_documents: files,
            parent_document_folder_id: ids::folder_of(item),
            site_id: item.library.number,
            viewable_by: VIEWABLE_BY,
        }
    }
}

/// A moment, to the second.
fn date(moment: DateTime<Utc>) -> String {
    moment.format("%Y-%m-%dT%H:%M:%SZ").to_string()
}
