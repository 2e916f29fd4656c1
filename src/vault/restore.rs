//! Restoring a version: its content once more, as the newest edition or as the working copy. The version itself stays as
//! it is.

use super::{
    Look, Published, Vault,
    publish::{Given, Source},
};
use crate::domain::{
    actor::Actor,
    edition::{Metadata, Publish},
    error::{Error, Result},
    id::EditionKey,
    permission::Action,
};

impl Vault {
    /// Brings the content of an edition back: as a new edition of the caller's on a free file; into the working copy for the
    /// holder of a check-out, who publishes or discards it like an upload. No byte is copied.
    ///
    /// # Errors
    /// [`crate::domain::error::Missing::Edition`], [`Error::Held`], [`Error::FenceLost`], [`Error::NotCheckedOut`] where that
    /// is required, [`Error::NoContent`] for an edition whose bytes are elsewhere, and what the gates say.
    pub async fn restore_version(
        &self,
        actor: &Actor,
        look: &Look,
        key: &EditionKey,
        how: Publish,
    ) -> Result<Published> {
        look.file()?;
        look.check(actor, Action::SaveDraft)?;
        let edition = self.edition(actor, look, key).await?;
        let content = edition.content.ok_or(Error::NoContent)?;
        let metadata = Metadata { declared_type: edition.media_type, ..Metadata::default() };
        let what = Given { metadata, comment: String::new(), how, rename: None };
        self.save(actor, look, Source::Here(content), what, None).await
    }
}
