//! Writing one blob to a remote store: chunks come in through a short queue and are hashed and sent side by side.

use bytes::Bytes;
use object_store::path::Path;
use object_store::{MultipartUpload, ObjectStoreExt as _, PutPayload};
use tokio::sync::mpsc::{self, Receiver};
use tokio::task::JoinSet;
use tracing::Instrument as _;

use super::digest::Digest;
use super::error::Error;
use super::staged::Staged;
use super::upload::{Buffers, Order, Upload, given_up};
use super::{CHUNK, ContentStore, fresh, path};
use crate::domain::content::{BlobKey, Place};

/// Chunks that wait while one is hashed and sent.
const QUEUE: usize = 2;
/// How many parts are sent side by side.
const ABREAST: usize = 2;
/// What S3 wants a part to have at least, in bytes.
const LEAST_PART: u64 = 5 * 1024 * 1024;
/// What we want a part to have at most, in bytes: three are in memory.
const MOST_PART: u64 = 64 * 1024 * 1024;
/// How many parts S3 takes.
const PARTS: u64 = 10_000;

/// Starts the upload of a fresh blob that will have at most `max` bytes.
pub fn start(store: ContentStore, max: u64) -> Upload {
    let (orders, ordered) = mpsc::channel(QUEUE);
    let ended = tokio::spawn(run(Sending::new(store, max), ordered).in_current_span());
    Upload { orders, buffers: Buffers::New, ended }
}

async fn run(mut upload: Sending, mut orders: Receiver<Order>) -> Result<Staged, Error> {
    let written = upload.follow(&mut orders).await;
    // No more is taken from the client while we clean up.
    drop(orders);
    match written {
        Ok(digest) => Ok(Staged::new(upload.store, digest.of(Place::Blob(upload.key)))),
        Err(error) => {
            upload.undo().await;
            Err(error)
        }
    }
}

struct Sending {
    store: ContentStore,
    key: BlobKey,
    path: Path,
    /// In bytes; all parts but the last have it, as some stores want.
    part_size: usize,
    /// What has come for the next part.
    pending: Vec<Bytes>,
    /// Begun with the first full part; smaller content needs none.
    parts: Option<Box<dyn MultipartUpload>>,
    writes: JoinSet<object_store::Result<()>>,
}

impl Sending {
    fn new(store: ContentStore, max: u64) -> Self {
        let key = fresh();
        let (path, pending, writes) = (path(key), Vec::new(), JoinSet::new());
        Self { store, key, path, part_size: part_size(max), pending, parts: None, writes }
    }

    async fn follow(&mut self, orders: &mut Receiver<Order>) -> Result<Digest, Error> {
        let mut digest = Digest::default();
        loop {
            match orders.recv().await {
                Some(Order::Write(chunk)) => {
                    let chunk = chunk.freeze();
                    self.write(chunk.clone()).await?;
                    digest = digest.then(chunk).await?;
                }
                Some(Order::Finish) => {
                    self.finish().await?;
                    return Ok(digest);
                }
                None => return Err(given_up()),
            }
        }
    }

    /// Adds a chunk; a part that it completes is on its way when this returns.
    async fn write(&mut self, chunk: Bytes) -> Result<(), Error> {
        self.pending.push(chunk);
        if self.pending.iter().map(Bytes::len).sum::<usize>() >= self.part_size {
            self.send_part().await?;
        }
        Ok(())
    }

    async fn send_part(&mut self) -> Result<(), Error> {
        self.wait_for(ABREAST - 1).await?;
        let parts = match &mut self.parts {
            Some(parts) => parts,
            none => {
                let begun = self.store.0.objects.put_multipart(&self.path).await;
                none.insert(begun.map_err(|source| Error::from("writing", source))?)
            }
        };
        self.writes.spawn(parts.put_part(std::mem::take(&mut self.pending).into_iter().collect()));
        Ok(())
    }

    /// Waits until at most so many parts are on their way.
    async fn wait_for(&mut self, at_most: usize) -> Result<(), Error> {
        while self.writes.len() > at_most {
            if let Some(written) = self.writes.join_next().await {
                written
                    .map_err(object_store::Error::from)
                    .flatten()
                    .map_err(|source| Error::from("writing", source))?;
            }
        }
        Ok(())
    }

    /// Returns once the blob is durable and in its place.
    async fn finish(&mut self) -> Result<(), Error> {
        if self.parts.is_some() && !self.pending.is_empty() {
            self.send_part().await?;
        }
        self.wait_for(0).await?;
        let finished = if let Some(parts) = &mut self.parts {
            parts.complete().await
        } else {
            let whole = PutPayload::from_iter(std::mem::take(&mut self.pending));
            self.store.0.objects.put(&self.path, whole).await
        };
        finished.map(drop).map_err(|source| Error::from("writing", source))
    }

    /// Leaves nothing, as well as can be; what fails here is for the sweep.
    async fn undo(mut self) {
        self.writes.shutdown().await;
        if let Some(parts) = &mut self.parts {
            let _ = parts.abort().await;
        }
        // It may have got its name before the failure.
        if let Err(error) = self.store.delete(self.key).await {
            let (key, error) = (self.key, &error as &dyn std::error::Error);
            tracing::warn!(%key, error, "what a failed upload left is for the sweep");
        }
    }
}

/// Parts of remote uploads: small, as three are in memory, but large enough that `max` bytes fit into the allowed
/// number; and whole chunks.
fn part_size(max: u64) -> usize {
    let size = max.div_ceil(PARTS).clamp(LEAST_PART, MOST_PART).next_multiple_of(CHUNK as u64);
    usize::try_from(size).unwrap_or(CHUNK)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_whole_chunks_and_enough_for_the_largest_content() {
        for max in [0, 1, 1 << 30, 50 << 30, 500_u64 << 30] {
            let size = part_size(max) as u64;
            assert!(size.is_multiple_of(CHUNK as u64) && size >= LEAST_PART && size * PARTS >= max, "{max}: {size}");
        }
        assert!(part_size(u64::MAX) as u64 <= MOST_PART);
    }
}
