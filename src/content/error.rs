//! Every way the content store fails. What a client is told about it is for the rooms to say.

use std::io::ErrorKind;
use std::ops::Range;
use std::path::PathBuf;

use crate::domain::content::BlobKey;

/// What lies behind a failure; for logs.
pub type Cause = Box<dyn std::error::Error + Send + Sync>;

/// Why content could not be read, written or removed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A row names a blob that is not there: lost, or swept too early.
    #[error("the content store holds no blob {0}")]
    Missing(BlobKey),
    /// The blob has not the size it was stored with.
    #[error("blob {key} has {found} bytes, {expected} were stored")]
    Damaged {
        /// Which one.
        key: BlobKey,
        /// Bytes that were stored.
        expected: u64,
        /// Bytes that are there.
        found: u64,
    },
    /// The caller asked for bytes beyond the end.
    #[error("bytes {asked:?} were asked of content of {size} bytes")]
    Range {
        /// What was asked for.
        asked: Range<u64>,
        /// In bytes.
        size: u64,
    },
    /// No space, or a quota is used up.
    #[error("the content store is full")]
    Full(#[source] Cause),
    /// The disk or the service refused, or could not be reached.
    #[error("the content store failed while {doing}")]
    Failed {
        /// What was being done, as in "writing".
        doing: &'static str,
        /// What the store said.
        source: Cause,
    },
}

impl Error {
    /// Sorts what a store said while `doing` something.
    pub(super) fn from(doing: &'static str, source: impl Into<Cause>) -> Self {
        let source = source.into();
        if is_full(source.as_ref()) { Self::Full(source) } else { Self::Failed { doing, source } }
    }
}

fn is_full(error: &(dyn std::error::Error + 'static)) -> bool {
    std::iter::successors(Some(error), |error| error.source())
        .filter_map(|error| error.downcast_ref::<std::io::Error>())
        .any(|error| matches!(error.kind(), ErrorKind::StorageFull | ErrorKind::QuotaExceeded))
}

/// Why some content was not taken in. Nothing of it is kept.
#[derive(Debug, thiserror::Error)]
pub enum PutError<E> {
    /// More bytes than are allowed; told as soon as one too many arrived.
    #[error("the content has more than {max} bytes")]
    TooLarge {
        /// How many would have been allowed.
        max: u64,
    },
    /// The stream of the content failed: the client went away, or sent fewer bytes than it had promised.
    #[error("the content ended early")]
    Body(#[source] E),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] Error),
}

/// Why the content store could not be opened: its settings, or the folder they name.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The local folder is not there and cannot be made, or cannot be used.
    #[error("the content folder {path} cannot be {doing}")]
    Folder {
        /// Which one.
        path: PathBuf,
        /// What was tried, as in "created".
        doing: &'static str,
        /// What the system said.
        source: std::io::Error,
    },
    /// The URL is not one of a store we know.
    #[error(
        "{url} is no place for content; known are s3://, gs://, az://, abfs://, file:// and the https:// forms of S3, R2 and Azure"
    )]
    Url {
        /// As configured.
        url: String,
    },
    /// The store has no such option.
    #[error("the content store at {url} has no option {name}")]
    Option {
        /// As configured.
        url: String,
        /// As configured.
        name: String,
    },
    /// The store's client does not accept its settings.
    #[error("the content store at {url} cannot be used")]
    Store {
        /// As configured.
        url: String,
        /// What the client said.
        source: Cause,
    },
    /// More bytes than content in a row may have.
    #[error("the inline limit is {limit} bytes; at most {most} are allowed")]
    InlineLimit {
        /// As configured.
        limit: usize,
        /// What is allowed.
        most: usize,
    },
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_disk_is_told_from_other_failures() {
        let said = |kind: ErrorKind| {
            let source = Box::new(std::io::Error::from(kind));
            Error::from("writing", object_store::Error::Generic { store: "LocalFileSystem", source })
        };
        assert!(matches!(said(ErrorKind::StorageFull), Error::Full(_)));
        assert!(matches!(said(ErrorKind::QuotaExceeded), Error::Full(_)));
        assert!(matches!(said(ErrorKind::PermissionDenied), Error::Failed { doing: "writing", .. }));
    }
}
