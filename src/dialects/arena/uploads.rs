//! Forms that bring a file's bytes: these are written only for a caller who may have them written, as far as is known
//! before they come. A refusal waits until the whole form is read, because the order of checks is fixed (spec/arena.md 5.2).

use super::{
    error::Error,
    files::Upload,
    form::{Form, Texts},
};
use crate::{domain::error::Error as Refusal, vault::Vault};

/// The file part of a form.
#[derive(Debug)]
pub enum Part {
    /// There is none.
    Absent,
    /// Its bytes are staged.
    Staged(Upload),
    /// Its bytes were passed over, because the caller may not have them written, or does not want to.
    PassedOver,
}

impl Part {
    /// The bytes, where some are needed and the caller may bring them.
    pub fn upload(self) -> Result<Upload, Refusal> {
        match self {
            Part::Staged(upload) => Ok(upload),
            Part::Absent => Err(Refusal::ContentMissing),
            // the right to it was given while the form was read
            Part::PassedOver => Err(Refusal::Overloaded),
        }
    }
}

/// Reads a form to its end; its file is written if it `may` be.
pub async fn read(mut form: Form, vault: &Vault, may: bool) -> Result<(Texts, Part), Error> {
    let part = match form.file().await? {
        None => Part::Absent,
        Some(file) if may => Part::Staged(Upload::stage(file, vault).await?),
        Some(file) => {
            drop(file);
            Part::PassedOver
        }
    };
    Ok((form.rest().await?, part))
}
