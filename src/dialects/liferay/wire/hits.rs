//! `Hits`: what a search found, each file as the document that the vendor's index keeps of it.

use std::{borrow::Cow, collections::BTreeMap, time::Duration};

use chrono::{DateTime, Utc};
use serde::Serialize;

use super::{file_entry::mime_type, millis};
use crate::{
    dialects::liferay::{
        ids::{self, Long},
        names::extension_of,
    },
    domain::{
        item::{FileParts, Item},
        page::Page,
    },
};

/// What kind of thing was found.
const CLASS: &str = "com.liferay.document.library.kernel.model.DLFileEntry";

/// `Hits`: a window of what was found, and how much that is.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Hits<'a> {
    collated_spell_check_result: &'static str,
    docs: Vec<Document<'a>>,
    length: i64,
    query_suggestions: [&'static str; 0],
    query_terms: [&'static str; 0],
    scores: Vec<f32>,
    search_time: f32,
    snippets: [&'static str; 0],
    start: Long,
}

impl<'a> Hits<'a> {
    /// A page of files; where the search began and how long it took.
    pub fn of(page: &'a Page<Item>, company: i64, now: DateTime<Utc>, took: Duration) -> Self {
        let files = page.items.iter().filter_map(|item| Some((item, item.file.as_ref()?)));
        let docs: Vec<Document<'a>> = files.map(|(item, file)| Document::of(item, file, company)).collect();
        Self {
            collated_spell_check_result: "",
            length: page.total,
            query_suggestions: [],
            query_terms: [],
            // all fit as well as another
            scores: vec![1.0; docs.len()],
            docs,
            search_time: took.as_secs_f32(),
            snippets: [],
            start: Long(millis(now)),
        }
    }
}

/// `Document`: what an index knows of something, by the names of its fields.
#[derive(Debug, Serialize)]
pub struct Document<'a> {
    #[serde(rename = "UID")]
    uid: String,
    fields: BTreeMap<&'static str, Field<'a>>,
    #[serde(rename = "portletId")]
    portlet_id: &'static str,
}

/// `Field`: all its values, and the first by itself.
#[derive(Debug, Serialize)]
pub struct Field<'a> {
    name: &'static str,
    value: Cow<'a, str>,
    values: Vec<Cow<'a, str>>,
}

impl<'a> Document<'a> {
    fn of(item: &'a Item, file: &'a FileParts, company: i64) -> Self {
        let mut document =
            Self { uid: format!("{CLASS}_PORTLET_{}", item.number), fields: BTreeMap::new(), portlet_id: CLASS };
        document.add("uid", document.uid.clone());
        document.add("entryClassName", CLASS);
        for (name, number) in [
            ("classTypeId", 0),
            ("companyId", company),
            ("dataRepositoryId", item.library.number),
            ("entryClassPK", item.number),
            ("fileEntryTypeId", 0),
            ("folderId", ids::folder_of(item)),
            ("groupId", item.library.number),
            ("scopeGroupId", item.library.number),
            ("size", file.edition.size()),
            ("status", 0),
            ("userId", item.created_by.number),
        ] {
            document.add(name, number.to_string());
        }
        document.add("createDate", date(item.created_at));
        document.add("modified", date(item.modified_at));
        // an index keeps no empty text
        for (name, text) in [("description", &*item.description), ("extension", extension_of(&item.name))] {
            if !text.is_empty() {
                document.add(name, text);
            }
        }
        document.add("hidden", "false");
        // the index takes a slash for the end of a word
        document.add("mimeType", mime_type(&file.edition).replace('/', "_"));
        document.add("path", &*item.title);
        document.add("title", &*item.title);
        let above = ids::tree_path(item);
        let above = above.split('/').filter(|number| !number.is_empty()).map(|number| number.to_owned().into());
        document.add_all("treePath", above.collect());
        document.add("userName", &*item.created_by.name);
        document
    }

    fn add(&mut self, name: &'static str, value: impl Into<Cow<'a, str>>) {
        self.add_all(name, vec![value.into()]);
    }

    fn add_all(&mut self, name: &'static str, values: Vec<Cow<'a, str>>) {
        let value = values.first().cloned().unwrap_or_default();
        self.fields.insert(name, Field { name, value, values });
    }
}

/// A moment as the index keeps it.
fn date(moment: DateTime<Utc>) -> String {
    moment.format("%Y%m%d%H%M%S").to_string()
}
