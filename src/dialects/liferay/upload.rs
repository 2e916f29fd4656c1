//! Bytes of a part on their way to the method that takes them. They are written to the content store as they arrive, but
//! only after the caller was found to have the right to the file or folder they are meant for.

use std::{
    convert::Infallible,
    sync::{Arc, Mutex, PoisonError},
};

use bytes::Bytes;
use futures_util::{StreamExt, stream};

use super::{
    call::said,
    convert::Payload,
    error::{Error, Operation, Subject},
    ids,
};
use crate::{
    content::Staged,
    domain::{actor::Actor, error::Error as Refusal},
    http::multipart::{MultipartError, Part},
    vault::{Look, Vault},
};

/// A part with a file name. Clones are one and the same part; its bytes can be taken once.
#[derive(Clone, Debug)]
pub struct Upload {
    /// The last component of its file name; may be empty.
    pub file_name: String,
    /// Its own media type.
    pub media_type: Option<String>,
    received: Arc<Mutex<Option<Received>>>,
}

/// What became of the bytes.
#[derive(Debug)]
pub enum Received {
    /// They are written; with what was seen of the file or folder before they were, if it was known by then.
    Staged(Staged, Option<Box<Look>>),
    /// They were read past, because they will be refused.
    Refused(Error),
}

impl Upload {
    /// A part that was received.
    pub fn new(file_name: String, media_type: Option<String>, received: Received) -> Self {
        Self { file_name, media_type, received: Arc::new(Mutex::new(Some(received))) }
    }

    /// Its bytes; `None` when another command of the same request has taken them.
    pub fn take(&self) -> Option<Received> {
        self.received.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

/// Writes the bytes of a part, after its caller was found to have the right. A body that breaks off is told apart from a
/// content that is too large or a store that fails.
///
/// # Errors
/// The body broke off; other refusals are kept for whoever takes the bytes.
pub async fn receive(vault: &Vault, actor: &Actor, part: Part, look: Option<Box<Look>>) -> Result<Received, Error> {
    let mut broken = None;
    let bytes = part.bytes.map(|chunk| {
        chunk.map_err(|error| {
            let text = error.to_string();
            broken = Some(error);
            std::io::Error::other(text)
        })
    });
    let staged = vault.stage(bytes).await;
    match (staged, broken) {
        (Ok(staged), _) => Ok(Received::Staged(staged, look)),
        (Err(Refusal::BodyBroken), Some(error)) => Err(MultipartError::into(error)),
        (Err(refusal), _) => Ok(Received::Refused(said(actor, Operation::Update, &Subject::File(0))(refusal))),
    }
}

/// The bytes of a call, ready to be taken.
#[derive(Debug, Default)]
pub struct Incoming {
    staged: Option<Staged>,
    value: Option<Bytes>,
    look: Option<Box<Look>>,
    part: Option<Upload>,
}

/// Takes the bytes of an argument.
///
/// # Errors
/// Why they were not written, or that another command of the same request has taken them.
pub fn take(payload: Option<&Payload>) -> Result<Incoming, Error> {
    match payload {
        None => Ok(Incoming::default()),
        Some(Payload::Value(bytes)) => Ok(Incoming { value: Some(bytes.clone()), ..Incoming::default() }),
        Some(Payload::Part(part)) => match part.take().ok_or(Error::IllegalArgument(None))? {
            Received::Staged(staged, look) => {
                Ok(Incoming { staged: Some(staged), look, part: Some(part.clone()), value: None })
            }
            Received::Refused(refusal) => Err(refusal),
        },
    }
}

impl Incoming {
    /// What was seen of the file or folder with this number before the bytes were written: the write is bound to it.
    pub fn seen(&self, number: i64) -> Option<Look> {
        self.look.as_deref().filter(|look| ids::number_of(look.item()) == number).cloned()
    }

    /// The file name of the part; empty for a value.
    pub fn file_name(&self) -> &str {
        self.part.as_ref().map_or("", |part| &part.file_name)
    }

    /// The media type of the part.
    pub fn media_type(&self) -> Option<String> {
        self.part.as_ref().and_then(|part| part.media_type.clone())
    }

    /// The bytes in the content store, if there are any.
    pub async fn staged(self, vault: &Vault) -> Result<Option<Staged>, Refusal> {
        match (self.staged, self.value) {
            (Some(staged), _) => Ok(Some(staged)),
            (None, Some(bytes)) if !bytes.is_empty() => stage(vault, bytes).await.map(Some),
            (None, _) => Ok(None),
        }
    }

    /// The bytes in the content store; none are an empty file.
    pub async fn staged_or_empty(self, vault: &Vault) -> Result<Staged, Refusal> {
        match self.staged(vault).await? {
            Some(staged) => Ok(staged),
            None => stage(vault, Bytes::new()).await,
        }
    }
}

async fn stage(vault: &Vault, bytes: Bytes) -> Result<Staged, Refusal> {
    vault.stage(stream::iter([Ok::<_, Infallible>(bytes)])).await
}
