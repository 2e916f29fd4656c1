//! Multipart uploads as a sequence of streamed parts (RFC 7578), within limits. What a part means is the room's.

use std::{
    pin::Pin,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    task::{Context, Poll, ready},
};

use axum::{
    body::Body,
    http::{
        HeaderMap,
        header::{CONTENT_DISPOSITION, CONTENT_TYPE},
    },
};
use bytes::{Bytes, BytesMut};
use futures_util::{Stream, StreamExt};

use super::{
    body::{self, BodyError},
    disposition,
};

/// How much of a multipart body is taken.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Parts of any kind.
    pub parts: usize,
    /// Parts that carry a file name.
    pub files: usize,
    /// Bytes of the whole body.
    pub body: u64,
}

/// Bytes between two parts (their boundary and headers) that are read before we give up.
const HEAD: u64 = 16 * 1024;

/// The longest boundary taken; RFC 2046 allows 70.
const BOUNDARY: usize = 200;

/// Why a multipart body cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum MultipartError {
    /// The `Content-Type` is not `multipart/form-data`.
    #[error("the Content-Type is not multipart/form-data")]
    NotMultipart,
    /// The `Content-Type` names no usable boundary.
    #[error("the Content-Type names no boundary")]
    NoBoundary,
    /// More parts than allowed.
    #[error("more than {limit} parts")]
    TooManyParts {
        /// The most parts allowed.
        limit: usize,
    },
    /// More files than allowed.
    #[error("more than {limit} files")]
    TooManyFiles {
        /// The most files allowed.
        limit: usize,
    },
    /// The boundary or the headers of a part do not end.
    #[error("the headers of a part are too long")]
    HeadTooLong,
    /// The headers of a part cannot be read.
    #[error("the headers of a part cannot be read")]
    BadHead,
    /// A part has no name.
    #[error("a part has no name")]
    NoName,
    /// A file name is not UTF-8, is `.` or `..`, or holds control characters.
    #[error("a file name cannot be used")]
    BadFileName,
    /// A part read as text is longer than allowed.
    #[error("the part \"{name}\" is longer than {limit} bytes")]
    TextTooLong {
        /// The part's name.
        name: String,
        /// The longest text allowed, in bytes.
        limit: usize,
    },
    /// A part read as text is not UTF-8.
    #[error("the part \"{name}\" is not UTF-8")]
    NotUtf8 {
        /// The part's name.
        name: String,
    },
    /// The body ended before its last boundary.
    #[error("the body ended before its last boundary")]
    Truncated,
    /// The next part was asked for while the one before it was still held.
    #[error("the part before is still being read")]
    StillOpen,
    /// The body itself could not be had: too large, timed out, broken off.
    #[error(transparent)]
    Body(BodyError),
}

#[expect(clippy::wildcard_enum_match_arm, reason = "every other error of the parser, and any it grows, is a bad head")]
impl From<multer::Error> for MultipartError {
    fn from(error: multer::Error) -> Self {
        match error {
            multer::Error::StreamReadFailed(cause) => match cause.downcast::<Fault>() {
                Ok(fault) => match *fault {
                    Fault::Head => Self::HeadTooLong,
                    Fault::Body(error) => Self::Body(error),
                },
                Err(cause) => Self::Body(BodyError::Broken(cause)),
            },
            multer::Error::IncompleteStream | multer::Error::IncompleteFieldData { .. } => Self::Truncated,
            multer::Error::LockFailure => Self::StillOpen,
            _ => Self::BadHead,
        }
    }
}

/// A multipart body, read part by part in the order of the wire.
pub struct Multipart {
    inner: multer::Multipart<'static>,
    gate: Arc<Gate>,
    unread: Unread,
    limits: Limits,
    parts: usize,
    files: usize,
}

/// Where a part that was dropped before its end leaves the rest of itself.
type Unread = Arc<Mutex<Option<multer::Field<'static>>>>;

impl Multipart {
    /// Begins to read; looks at the `Content-Type` only.
    pub fn open(headers: &HeaderMap, body: Body, limits: Limits) -> Result<Self, MultipartError> {
        let content_type = headers.get(CONTENT_TYPE).ok_or(MultipartError::NotMultipart)?.as_bytes();
        let boundary = boundary(content_type)?;
        let gate = Arc::new(Gate::default());
        let source = Source { chunks: body::stream(body, limits.body), gate: gate.clone(), rest: false };
        let inner = multer::Multipart::new(source, boundary);
        Ok(Self { inner, gate, unread: Unread::default(), limits, parts: 0, files: 0 })
    }

    /// The next part, or `None` after the last. What was not read of the part before is skipped.
    pub async fn next(&mut self) -> Result<Option<Part>, MultipartError> {
        let unread = self.unread.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(mut field) = unread {
            while field.chunk().await?.is_some() {}
        }
        self.gate.shut();
        let field = self.inner.next_field().await;
        self.gate.open();
        let Some(field) = field? else {
            return Ok(None);
        };

        self.parts += 1;
        if self.parts > self.limits.parts {
            return Err(MultipartError::TooManyParts { limit: self.limits.parts });
        }
        let disposition = field.headers().get(CONTENT_DISPOSITION).ok_or(MultipartError::BadHead)?.as_bytes();
        let name = disposition::parameter(disposition, "name").ok_or(MultipartError::NoName)?;
        let file_name = match disposition::file_name(disposition) {
            None => None,
            Some(Ok(sent)) => Some((last_component(&sent)?, sent)),
            Some(Err(_)) => return Err(MultipartError::BadFileName),
        };
        let (file_name, sent_name) = file_name.unzip();
        if file_name.is_some() {
            self.files += 1;
        }
        if self.files > self.limits.files {
            return Err(MultipartError::TooManyFiles { limit: self.limits.files });
        }
        let media_type = field.headers().get(CONTENT_TYPE).and_then(|text| text.to_str().ok()).map(str::to_owned);
        Ok(Some(Part {
            name: name.map_err(|_| MultipartError::BadHead)?,
            file_name,
            sent_name,
            media_type,
            bytes: PartBytes { field: Some(field), unread: self.unread.clone() },
        }))
    }
}

/// One part. Drop it, or read it to its end, before asking for the next.
pub struct Part {
    /// Its name as it was sent, blanks included.
    pub name: String,
    /// The last path component of its file name; may be empty. `None`: it is not a file.
    pub file_name: Option<String>,
    /// The same as it was sent, with the path before it.
    pub sent_name: Option<String>,
    /// Its own `Content-Type`, unread.
    pub media_type: Option<String>,
    /// Its content.
    pub bytes: PartBytes,
}

impl Part {
    /// Reads it whole as UTF-8, if it is no longer than `limit` bytes.
    pub async fn text(mut self, limit: usize) -> Result<String, MultipartError> {
        let mut text = BytesMut::new();
        while let Some(chunk) = self.bytes.next().await.transpose()? {
            if text.len() + chunk.len() > limit {
                return Err(MultipartError::TextTooLong { name: self.name, limit });
            }
            text.extend_from_slice(&chunk);
        }
        String::from_utf8(text.into()).map_err(|_| MultipartError::NotUtf8 { name: self.name })
    }
}

/// The content of a part, chunk by chunk.
pub struct PartBytes {
    field: Option<multer::Field<'static>>,
    unread: Unread,
}

impl Stream for PartBytes {
    type Item = Result<Bytes, MultipartError>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        loop {
            let Some(field) = &mut self.field else {
                return Poll::Ready(None);
            };
            match ready!(Pin::new(field).poll_next(context)) {
                Some(Ok(chunk)) if chunk.is_empty() => {}
                Some(Ok(chunk)) => return Poll::Ready(Some(Ok(chunk))),
                Some(Err(error)) => {
                    self.field = None;
                    return Poll::Ready(Some(Err(error.into())));
                }
                None => {
                    self.field = None;
                    return Poll::Ready(None);
                }
            }
        }
    }
}

impl Drop for PartBytes {
    fn drop(&mut self) {
        if let Some(field) = self.field.take() {
            *self.unread.lock().unwrap_or_else(PoisonError::into_inner) = Some(field);
        }
    }
}

/// Counts what is read while the parser looks for the head of a part: it would hold an endless one in memory.
#[derive(Default)]
struct Gate {
    /// Bytes the parser may still ask for before a head is complete; `u64::MAX` inside a part.
    budget: AtomicU64,
}

impl Gate {
    fn shut(&self) {
        self.budget.store(HEAD, Ordering::Relaxed);
    }

    fn open(&self) {
        self.budget.store(u64::MAX, Ordering::Relaxed);
    }

    /// Whether another chunk may be read; `size` is that of the chunk before, whose end may be content already.
    fn passes(&self, size: usize) -> bool {
        let left = self.budget.load(Ordering::Relaxed);
        if left != u64::MAX {
            self.budget.store(left.saturating_sub(size as u64), Ordering::Relaxed);
        }
        left > 0
    }
}

/// The parser's source: one chunk per wake-up, because the parser buffers all that is ready.
struct Source<S> {
    chunks: S,
    gate: Arc<Gate>,
    rest: bool,
}

#[derive(Debug, thiserror::Error)]
enum Fault {
    #[error("the head of a part is too long")]
    Head,
    #[error(transparent)]
    Body(BodyError),
}

impl<S: Stream<Item = Result<Bytes, BodyError>> + Unpin> Stream for Source<S> {
    type Item = Result<Bytes, Fault>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        if std::mem::take(&mut self.rest) {
            context.waker().wake_by_ref();
            return Poll::Pending;
        }
        match ready!(self.chunks.poll_next_unpin(context)) {
            None => Poll::Ready(None),
            Some(Err(error)) => Poll::Ready(Some(Err(Fault::Body(error)))),
            Some(Ok(chunk)) => {
                self.rest = true;
                let passes = self.gate.passes(chunk.len());
                Poll::Ready(Some(if passes { Ok(chunk) } else { Err(Fault::Head) }))
            }
        }
    }
}

/// The boundary of a `multipart/form-data` type; a blank before `boundary=` may be missing.
fn boundary(content_type: &[u8]) -> Result<String, MultipartError> {
    let kind = content_type.split(|byte| *byte == b';').next().unwrap_or_default();
    if !kind.trim_ascii().eq_ignore_ascii_case(b"multipart/form-data") {
        return Err(MultipartError::NotMultipart);
    }
    match disposition::parameter(content_type, "boundary") {
        Some(Ok(text)) if (1..=BOUNDARY).contains(&text.len()) => Ok(text),
        _ => Err(MultipartError::NoBoundary),
    }
}

/// Some clients send a whole path, some of them to get out of a folder.
fn last_component(sent: &str) -> Result<String, MultipartError> {
    let name = sent.rsplit(['/', '\\']).next().unwrap_or_default();
    let bad = sent.chars().any(char::is_control) || matches!(name, "." | "..");
    if bad { Err(MultipartError::BadFileName) } else { Ok(name.to_owned()) }
}

#[cfg(test)]
mod tests;
