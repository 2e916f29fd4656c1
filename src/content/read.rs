//! Giving content out, all or part of it, in constant memory.

use std::fs::File;
use std::io::{self, ErrorKind};
use std::ops::Range;
use std::path::{Path, PathBuf};

use bytes::Bytes;
use futures_util::stream::{self, BoxStream, StreamExt as _, TryStreamExt as _};
use object_store::{GetOptions, GetRange, GetResultPayload, ObjectStore};

use super::error::Error;
use super::stretch::{Stretch, open_now};
use super::{ContentStore, path};
use crate::domain::content::{BlobKey, Content, Place};

/// What of a file is read whole, in bytes: so little costs less to copy than to have sent.
const SMALL: u64 = 64 * 1024;

/// Content that is about to be given out.
pub enum Reading {
    /// All that was asked for, at hand.
    Whole(Bytes),
    /// It lies in a file, which is open.
    File(Stretch),
    /// As a remote store sends it.
    Stream(BoxStream<'static, io::Result<Bytes>>),
}

impl Reading {
    /// The bytes in order, in pieces of at most 256 KiB or as a remote store sends them, read as they are asked for.
    pub fn into_stream(self) -> BoxStream<'static, io::Result<Bytes>> {
        match self {
            Self::Whole(bytes) => stream::iter((!bytes.is_empty()).then_some(Ok(bytes))).boxed(),
            Self::File(stretch) => stretch.into_stream(),
            Self::Stream(stream) => stream,
        }
    }
}

impl ContentStore {
    /// The bytes of `content`, or those of `range`. That the blob is there and whole is known when this returns.
    pub async fn read(&self, content: &Content, range: Option<Range<u64>>) -> Result<Reading, Error> {
        let range = range.unwrap_or(0..content.size);
        if range.start > range.end || range.end > content.size {
            return Err(Error::Range { asked: range, size: content.size });
        }
        if range.is_empty() {
            return Ok(Reading::Whole(Bytes::new()));
        }
        match &content.place {
            Place::Inline(bytes) => {
                // A row whose size is not that of its bytes reads like a damaged blob.
                let part = bounds(&range).and_then(|range| bytes.get(range)).map(|part| bytes.slice_ref(part));
                part.map(Reading::Whole).ok_or_else(|| Error::Range { asked: range, size: bytes.len() as u64 })
            }
            Place::Blob(key) => {
                let asked = Asked { key: *key, size: content.size, range };
                match &self.0.folder {
                    Some(folder) => asked.of_file(folder.file(&path(*key))).await,
                    None => asked.of_object(&*self.0.objects).await,
                }
            }
        }
    }
}

fn bounds(range: &Range<u64>) -> Option<Range<usize>> {
    Some(usize::try_from(range.start).ok()?..usize::try_from(range.end).ok()?)
}

/// Bytes of a blob that are asked for.
struct Asked {
    key: BlobKey,
    /// What the blob must have.
    size: u64,
    range: Range<u64>,
}

impl Asked {
    /// What is in memory is given right here; only for a disk another thread waits.
    async fn of_file(self, at: PathBuf) -> Result<Reading, Error> {
        if let Some(reading) = self.of_file_now(&at)? {
            return Ok(reading);
        }
        let opened = tokio::task::spawn_blocking(move || self.of_file_in_time(&at)).await;
        opened.map_err(|source| Error::from("reading", source))?
    }

    fn of_file_now(&self, at: &Path) -> Result<Option<Reading>, Error> {
        let Some(file) = open_now(at) else {
            return Ok(None);
        };
        let stretch = self.checked(file)?;
        if stretch.len() > SMALL {
            return Ok(Some(Reading::File(stretch)));
        }
        Ok(stretch.read_at_hand().map(Reading::Whole))
    }

    fn of_file_in_time(&self, at: &Path) -> Result<Reading, Error> {
        let stretch = self.checked(File::open(at).map_err(|source| self.told(source))?)?;
        if stretch.len() > SMALL {
            return Ok(Reading::File(stretch));
        }
        stretch.read().map(Reading::Whole).map_err(|source| self.told(source))
    }

    fn checked(&self, file: File) -> Result<Stretch, Error> {
        let about = file.metadata().map_err(|source| self.told(source))?;
        if about.is_dir() {
            return Err(Error::Missing(self.key));
        }
        self.check_size(about.len())?;
        Ok(Stretch::new(file, self.range.clone()))
    }

    async fn of_object(self, objects: &dyn ObjectStore) -> Result<Reading, Error> {
        let options = GetOptions { range: Some(GetRange::Bounded(self.range.clone())), ..GetOptions::default() };
        let found = match objects.get_opts(&path(self.key), options).await {
            Ok(found) => found,
            Err(object_store::Error::NotFound { .. }) => return Err(Error::Missing(self.key)),
            Err(source) => return Err(Error::from("reading", source)),
        };
        self.check_size(found.meta.size)?;
        Ok(match found.payload {
            GetResultPayload::File(file, _) => Reading::File(Stretch::new(file, self.range)),
            GetResultPayload::Stream(stream) => Reading::Stream(stream.map_err(io::Error::from).boxed()),
        })
    }

    fn check_size(&self, found: u64) -> Result<(), Error> {
        if found == self.size { Ok(()) } else { Err(Error::Damaged { key: self.key, expected: self.size, found }) }
    }

    fn told(&self, source: io::Error) -> Error {
        if source.kind() == ErrorKind::NotFound { Error::Missing(self.key) } else { Error::from("reading", source) }
    }
}
