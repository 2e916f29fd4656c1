//! Bytes on their way into a row, and what type they are of.

use super::Vault;
use crate::{
    content::Staged,
    domain::{
        content::Place,
        edition::{ContentInfo, Metadata},
    },
    store::contents::NewContent,
};

/// Bytes on their way into a row.
///
/// They are given up to the row before the statement that may name them, and taken back only after a definite no: were
/// it the other way round, a task that dies between commit and answer would delete bytes that a row names.
pub(super) struct Giving {
    pub content: Option<NewContent>,
    pub info: Option<ContentInfo>,
    /// Named by something else, which still does after a no.
    lent: bool,
}

impl Giving {
    /// What was staged, if something was.
    pub fn new(staged: Option<Staged>) -> Self {
        let lent = staged.as_ref().is_some_and(Staged::is_lent);
        let content = staged.map(|staged| NewContent(staged.keep()));
        let info = content.as_ref().map(|NewContent(content)| ContentInfo {
            sha256: content.sha256,
            quick_xor: content.quick_xor,
            size: content.size.cast_signed(),
        });
        Self { content, info, lent }
    }

    /// Bytes that are there already, to be named once more.
    pub fn once_more(info: Option<ContentInfo>) -> Self {
        Self { content: None, info, lent: false }
    }

    /// The row names `blob` now; our own, if it is another, is superfluous.
    pub async fn given(&self, vault: &Vault, blob: Option<String>) {
        let superfluous = match self.content.as_ref().map(|content| &content.0.place) {
            Some(Place::Blob(key)) if blob.as_deref() != Some(&key.to_string()) => *key,
            _ => return,
        };
        // what cannot be deleted now is swept later
        if let Err(error) = vault.0.content.delete(superfluous).await {
            tracing::warn!(%error, "a superfluous blob stays for the sweeper");
        }
    }

    /// Nothing names what was given.
    pub async fn taken_back(&self, vault: &Vault) {
        if !self.lent {
            self.given(vault, None).await;
        }
    }
}

/// The media type a client declared for some bytes, else the likely one.
pub(super) fn given_type(given: &Metadata, file_name: &str) -> String {
    given.declared_type.clone().unwrap_or_else(|| media_type(given.media_type.as_deref(), file_name))
}

/// The media type of some bytes: what the name's extension says, else what the client says or said when they came, unless
/// that is JSON, which clients say of anything (spec/graph.md 5.1).
pub fn media_type(said: Option<&str>, file_name: &str) -> String {
    let by_name = mime_guess::from_path(file_name).first_raw();
    let said = said.filter(|said| !said.is_empty() && !said.starts_with("application/json"));
    by_name.or(said).unwrap_or("application/octet-stream").to_owned()
}
