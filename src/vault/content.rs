//! Bytes in and out: staging what a client sends, before a change names it, and reading what an edition or a working copy
//! holds.

use std::ops::Range;

use bytes::Bytes;
use futures_util::Stream;

use super::{Look, Vault, giving::media_type};
use crate::{
    content::{Error as ContentError, PutError, Reading, Staged},
    domain::{
        actor::Actor,
        content::{Content, Place, Sha256},
        edition::{ContentInfo, Edition},
        error::{Error, Result},
        permission::Action,
    },
    store,
};

/// Some bytes a caller may read, not read yet.
#[derive(Clone, Debug)]
pub struct Download {
    /// The bytes.
    pub content: Content,
    /// The name they go by.
    pub file_name: String,
    /// Their media type.
    pub media_type: String,
    /// When they were last changed.
    pub modified_at: chrono::DateTime<chrono::Utc>,
}

impl Vault {
    /// Writes what a client sends to the content store, hashing on the way, never whole in memory. Nothing names it yet:
    /// dropped, it is gone. Ask [`Look::check`] first, so that no stranger's bytes are written.
    ///
    /// # Errors
    /// [`Error::ContentTooLarge`], [`Error::BodyBroken`] when the client's bytes end early, [`Error::Broken`].
    pub async fn stage<S, E>(&self, bytes: S) -> Result<Staged>
    where
        S: Stream<Item = std::result::Result<Bytes, E>>,
    {
        self.0.content.put(bytes, self.0.settings.max_file_size).await.map_err(|error| match error {
            PutError::TooLarge { .. } => Error::ContentTooLarge,
            PutError::Body(_) => Error::BodyBroken,
            PutError::Store(error) => Error::broken(error),
        })
    }

    /// The bytes of an edition of a file that was looked at.
    ///
    /// # Errors
    /// [`Error::NoContent`], and what the gates say.
    pub async fn download(&self, actor: &Actor, look: &Look, edition: &Edition) -> Result<Download> {
        look.check(actor, Action::Download)?;
        let info = edition.content.ok_or(Error::NoContent)?;
        Ok(Download {
            content: self.locate(info).await?,
            file_name: edition.file_name.clone().unwrap_or_else(|| look.item.name.clone()),
            media_type: edition.media_type.clone().unwrap_or_else(|| media_type(None, &look.item.name)),
            modified_at: edition.modified_at,
        })
    }

    /// The bytes of the working copy, for its holder; those of the newest edition where none were saved, and for all
    /// others.
    pub async fn download_working_copy(&self, actor: &Actor, look: &Look) -> Result<Download> {
        let file = look.file()?;
        let draft = look.item.draft_of(actor.id()).and_then(|draft| Some((draft, draft.content?)));
        let Some((draft, info)) = draft else { return self.download(actor, look, &file.edition).await };
        look.check(actor, Action::Download)?;
        let file_name = draft.file_name.clone().unwrap_or_else(|| look.item.name.clone());
        Ok(Download {
            content: self.locate(info).await?,
            media_type: draft.media_type.clone().unwrap_or_else(|| media_type(None, &file_name)),
            file_name,
            modified_at: draft.saved_at,
        })
    }

    /// Opens the bytes of a download; all of them, or a part.
    pub async fn open_bytes(&self, content: &Content, range: Option<Range<u64>>) -> Result<Reading> {
        let opened = self.0.content.read(content, range.clone()).await;
        if !matches!(opened, Err(ContentError::Missing(_))) {
            return opened.map_err(Error::broken);
        }
        // what was remembered was swept since, and the same bytes have come again under another name
        self.0.places.forget(content.sha256);
        match self.place(content.sha256).await? {
            Some(place) if place != content.place => {
                let content = Content { place, ..content.clone() };
                self.0.content.read(&content, range).await.map_err(Error::broken)
            }
            Some(_) | None => opened.map_err(Error::broken),
        }
    }

    async fn locate(&self, info: ContentInfo) -> Result<Content> {
        let place = match self.0.places.recall(info.sha256) {
            Some(place) => Some(place),
            None => self.place(info.sha256).await?,
        };
        Ok(Content {
            sha256: info.sha256,
            quick_xor: info.quick_xor,
            size: info.size.cast_unsigned(),
            place: place.ok_or_else(|| Error::broken("an edition names content that has no row"))?,
        })
    }

    /// Asks where some bytes lie.
    async fn place(&self, sha256: Sha256) -> Result<Option<Place>> {
        let place = {
            let mut db = self.connection().await?;
            store::contents::place(&mut db, sha256).await?
        };
        if let Some(place) = &place {
            self.0.places.remember(sha256, place);
        }
        Ok(place)
    }
}
