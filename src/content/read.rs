//! Giving content out, all or part of it, in constant memory.

use std::fs::File;
use std::io::{self, Read as _, Seek as _, SeekFrom};
use std::ops::Range;

use bytes::Bytes;
use futures_util::stream::{self, BoxStream, StreamExt as _, TryStreamExt as _};
use object_store::{GetOptions, GetRange, GetResultPayload, ObjectStore as _};

use super::error::Error;
use super::{ContentStore, READ, path};
use crate::domain::content::{Content, Place};

impl ContentStore {
    /// The bytes of `content` in order, or those of `range`; pieces of at most about 256 KiB, read as they are asked
    /// for. That the blob is there and whole is known when this returns.
    pub async fn read(
        &self,
        content: &Content,
        range: Option<Range<u64>>,
    ) -> Result<BoxStream<'static, io::Result<Bytes>>, Error> {
        let range = range.unwrap_or(0..content.size);
        if range.start > range.end || range.end > content.size {
            return Err(Error::Range { asked: range, size: content.size });
        }
        if range.is_empty() {
            return Ok(stream::empty().boxed());
        }
        match &content.place {
            Place::Inline(bytes) => {
                // A row whose size is not that of its bytes reads like a damaged blob.
                let part = bounds(&range).and_then(|range| bytes.get(range)).map(|part| bytes.slice_ref(part));
                let part = part.ok_or_else(|| Error::Range { asked: range, size: bytes.len() as u64 })?;
                Ok(stream::iter([Ok(part)]).boxed())
            }
            Place::Blob(key) => {
                let options = GetOptions { range: Some(GetRange::Bounded(range.clone())), ..GetOptions::default() };
                let found = match self.0.objects.get_opts(&path(*key), options).await {
                    Ok(found) => found,
                    Err(object_store::Error::NotFound { .. }) => return Err(Error::Missing(*key)),
                    Err(source) => return Err(Error::from("reading", source)),
                };
                if found.meta.size != content.size {
                    return Err(Error::Damaged { key: *key, expected: content.size, found: found.meta.size });
                }
                Ok(match found.payload {
                    GetResultPayload::File(file, _) => pieces(file, range),
                    GetResultPayload::Stream(stream) => stream.map_err(io::Error::from).boxed(),
                })
            }
        }
    }
}

fn bounds(range: &Range<u64>) -> Option<Range<usize>> {
    Some(usize::try_from(range.start).ok()?..usize::try_from(range.end).ok()?)
}

/// `object_store` reads 8 KiB at a time, each on another thread, which is slow.
fn pieces(file: File, range: Range<u64>) -> BoxStream<'static, io::Result<Bytes>> {
    stream::try_unfold((file, range), |(mut file, range)| async move {
        if range.is_empty() {
            return Ok(None);
        }
        let read = tokio::task::spawn_blocking(move || {
            let piece = piece(&mut file, &range)?;
            let rest = range.start + piece.len() as u64..range.end;
            Ok(Some((piece, (file, rest))))
        });
        read.await.map_err(io::Error::from).flatten()
    })
    .boxed()
}

fn piece(file: &mut File, range: &Range<u64>) -> io::Result<Bytes> {
    let size = (range.end - range.start).min(READ as u64);
    let mut piece = Vec::with_capacity(usize::try_from(size).unwrap_or(READ));
    file.seek(SeekFrom::Start(range.start))?;
    file.take(size).read_to_end(&mut piece)?;
    if (piece.len() as u64) < size {
        return Err(io::Error::new(io::ErrorKind::UnexpectedEof, "the blob has become shorter"));
    }
    Ok(piece.into())
}
