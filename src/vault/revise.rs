//! Changing the newest edition in place without a check-in: what is said of it, where its bytes are, the bytes themselves.
//! The edition keeps its identity; a lock is neither taken nor released.

use super::{Look, Publication, Published, Vault, publish::Aim};
use crate::{
    content::Staged,
    domain::{
        actor::Actor,
        edition::{Edition, Metadata, Publish, Storage},
        error::{Error, Result},
        event::Verb,
        id::EditionId,
        permission::Action,
    },
};

/// A change of the newest edition under its own identity.
#[derive(Debug)]
pub struct Revision {
    /// The edition that is meant; another one that has become the newest since is not touched.
    pub edition: EditionId,
    /// What is said of it.
    pub metadata: Metadata,
    /// What becomes of its bytes.
    pub bytes: RevisedBytes,
}

/// What becomes of an edition's bytes.
#[derive(Debug)]
pub enum RevisedBytes {
    /// They stay, or go where the metadata says.
    Stay,
    /// These replace those that are here.
    Replaced(Staged),
    /// These come here, where none were.
    Brought(Staged),
}

/// What an edition must be for its change, atomically with it.
pub(super) struct Revises {
    edition: EditionId,
    /// Whether its bytes must be here, or must not.
    here: Option<bool>,
}

impl Revises {
    /// Refuses another edition, and one whose bytes are not where they are thought to be.
    pub fn fits(&self, last: &Edition) -> Result<()> {
        if last.id != self.edition {
            return Err(Error::NotLatest);
        }
        match (self.here, last.storage) {
            (Some(true), Storage::Placeholder | Storage::Ftp | Storage::Web) => Err(Error::NoContent),
            (Some(false), Storage::File) => Err(Error::Impossible("its bytes are here")),
            _ => Ok(()),
        }
    }
}

impl Vault {
    /// Changes the newest edition of a file in place: by the holder, or on a free file. Where its bytes are changes on a
    /// free file only. Bytes that are replaced or sent elsewhere stay as an internal edition.
    ///
    /// # Errors
    /// [`Error::NotLatest`], [`Error::Frozen`], [`Error::Held`] (also for the caller's own lock, where the storage
    /// changes), [`Error::FenceLost`], [`Error::LabelTaken`], [`Error::NoContent`] and [`Error::Impossible`] for bytes
    /// that are not where they are thought to be, and what the gates say.
    pub async fn revise(&self, actor: &Actor, look: &Look, what: Revision) -> Result<Published> {
        look.file()?;
        let (content, here) = match what.bytes {
            RevisedBytes::Stay => (None, None),
            RevisedBytes::Replaced(content) => (Some(content), Some(true)),
            RevisedBytes::Brought(content) => (Some(content), Some(false)),
        };
        let revises = Some(Revises { edition: what.edition, here });
        let aim = Aim { revises, ..Aim::new(Verb::Update, Action::Describe) };
        look.check(actor, aim.action)?;
        let how = Publish::ReplaceLatest;
        let publication = Publication { content, metadata: what.metadata, comment: String::new(), how, rename: None };
        self.publish(actor, look, publication, aim).await
    }
}
