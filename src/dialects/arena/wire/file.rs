//! A file in its three forms (spec/arena.md 9): full, nested below another object, compact in lists.

use serde::Serialize;

use super::{Moment, NamedCategory, User, storage_name, storage_number};
use crate::{
    dialects::arena::ids,
    domain::{edition::Edition, item::Item, lock::Lock},
};

/// A file in the full or in the nested form.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
#[expect(clippy::struct_excessive_bools, reason = "the vendor's")]
pub struct File<'a> {
    author: Author<'a>,
    category: Category<'a>,
    checked_out: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    checkout_date_time: Option<Moment>,
    #[serde(skip_serializing_if = "Option::is_none")]
    checkout_user: Option<User>,
    corrected: bool,
    creation_date_time: Moment,
    description: Option<&'a str>,
    edition: &'a str,
    format: Option<&'a str>,
    guid: &'a str,
    has_markup: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    have_content: Option<bool>,
    last_modified_date_time: Moment,
    latest: bool,
    location: Option<&'a str>,
    locked: bool,
    mime_type: Option<&'a str>,
    name: Option<&'a str>,
    number: String,
    private: bool,
    size: Option<i64>,
    storage_method: u8,
    storage_method_name: &'static str,
    title: &'a str,
}

/// A file in the compact form.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Compact<'a> {
    category: NamedCategory<'a>,
    checked_out: bool,
    corrected: bool,
    creation_date_time: Moment,
    edition: &'a str,
    format: Option<&'a str>,
    guid: &'a str,
    name: Option<&'a str>,
    number: String,
    storage_method_name: &'static str,
    title: &'a str,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Author<'a> {
    full_name: &'a str,
}

#[derive(Debug, Serialize)]
#[serde(untagged)]
enum Category<'a> {
    Named(NamedCategory<'a>),
    Bare { guid: &'a str },
}

impl<'a> File<'a> {
    /// An edition of a file as a GET shows it.
    pub fn full(item: &'a Item, edition: &'a Edition) -> Self {
        let category = Category::Named((&item.category).into());
        // what newer clients read; the nested form has its 22 keys and no more
        File { have_content: Some(edition.content.is_some()), ..Self::new(item, edition, category, item.lock()) }
    }

    /// An edition of a file inside the answer to a change of its status, with the lock that the change has left.
    pub fn nested(item: &'a Item, edition: &'a Edition, lock: Option<&Lock>) -> Self {
        Self::new(item, edition, Category::Bare { guid: &item.category.arena_guid }, lock)
    }

    fn new(item: &'a Item, edition: &'a Edition, category: Category<'a>, lock: Option<&Lock>) -> Self {
        // the document is checked out; it shows on the latest edition
        let lock = lock.filter(|_| edition.latest);
        File {
            author: Author { full_name: &edition.author_name },
            category,
            checked_out: lock.is_some(),
            checkout_date_time: lock.map(|lock| Moment(lock.taken_at)),
            checkout_user: lock.map(|lock| User::from(&*lock.holder)),
            corrected: false,
            creation_date_time: Moment(edition.created_at),
            description: filled(Some(&edition.description)),
            edition: &edition.label,
            format: filled(edition.format.as_deref()),
            guid: &edition.arena_guid,
            has_markup: false,
            have_content: None,
            last_modified_date_time: Moment(edition.modified_at),
            latest: edition.latest,
            location: edition.location.as_deref(),
            locked: lock.is_some() || edition.frozen || !edition.latest,
            mime_type: edition.media_type.as_deref(),
            name: edition.file_name.as_deref(),
            number: number(item),
            private: edition.private,
            size: edition.content.map(|content| content.size),
            storage_method: storage_number(edition.storage),
            storage_method_name: storage_name(edition.storage),
            title: &edition.title,
        }
    }
}

impl<'a> Compact<'a> {
    /// An edition of a file as a list shows it.
    pub fn of(item: &'a Item, edition: &'a Edition) -> Self {
        Compact {
            category: (&item.category).into(),
            checked_out: item.lock().is_some() && edition.latest,
            corrected: false,
            creation_date_time: Moment(edition.created_at),
            edition: &edition.label,
            format: filled(edition.format.as_deref()),
            guid: &edition.arena_guid,
            name: edition.file_name.as_deref(),
            number: number(item),
            storage_method_name: storage_name(edition.storage),
            title: &edition.title,
        }
    }
}

fn number(item: &Item) -> String {
    ids::file_number(item.file.as_ref().map_or(0, |file| file.number))
}

/// No value is null, and an empty text is none.
fn filled(text: Option<&str>) -> Option<&str> {
    text.filter(|text| !text.is_empty())
}
