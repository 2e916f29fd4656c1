//! Writing one blob as a file of the local folder: one thread writes the chunks and another one hashes them after it, each in
//! order. They are held only while there is something to do, so that slow clients hold none.

use std::fs::File;
use std::io::Write as _;

use bytes::BytesMut;
use object_store::path::Path;
use tokio::sync::mpsc::{self, Receiver, Sender};
use tracing::Instrument as _;

use super::digest::Digest;
use super::error::Error;
use super::local::Folder;
use super::staged::Staged;
use super::upload::{Buffers, Order, Upload, given_up};
use super::{ContentStore, fresh, path};
use crate::domain::content::Place;

/// How many chunks of one upload are in memory: one gathers, the others wait, are written or hashed.
const BUFFERS: usize = 5;
/// After how many bytes the system is asked to begin to bring them to the disk, lest all be left to wait for at the end.
const STRIDE: u64 = 8 * 1024 * 1024;

/// Starts the upload of a fresh blob.
pub fn start(store: ContentStore, folder: Folder) -> Upload {
    let (orders, ordered) = mpsc::channel(BUFFERS);
    let (free, returned) = mpsc::channel(BUFFERS);
    // The first chunk comes in a buffer of its own.
    for _ in 1..BUFFERS {
        let _has_room = free.try_send(BytesMut::new());
    }
    let ended = tokio::spawn(run(store, folder, ordered, free).in_current_span());
    Upload { orders, buffers: Buffers::Returned(returned), ended }
}

async fn run(
    store: ContentStore,
    folder: Folder,
    orders: Receiver<Order>,
    free: Sender<BytesMut>,
) -> Result<Staged, Error> {
    let key = fresh();
    let (written, to_hash) = mpsc::channel(BUFFERS);
    let growing =
        Growing { folder, at: path(key), file: None, size: 0, begun: 0, written: Some(written), whole: false };
    let writing = async {
        let mut growing = in_order(orders, growing, Growing::follow).await?;
        // Nothing more is coming, whether it is whole or not.
        growing.written = None;
        Ok::<_, Error>(growing)
    };
    let hashing = in_order(to_hash, Hashing { digest: Digest::default(), free }, |hashing, chunk| {
        hashing.take(chunk);
        Ok(())
    });
    let (growing, hashing) = tokio::try_join!(writing, hashing)?;
    if growing.whole {
        return Ok(Staged::new(store, hashing.digest.of(Place::Blob(key))));
    }
    let removed = tokio::task::spawn_blocking(move || drop(growing)).await;
    removed.map_err(|source| Error::from("removing", source))?;
    Err(given_up())
}

/// Works through a queue on a thread that may block, and gives back what came of it. When nothing is there to do, no thread
/// is held.
async fn in_order<T, S>(
    mut queue: Receiver<T>,
    mut state: S,
    work: impl Fn(&mut S, T) -> Result<(), Error> + Copy + Send + 'static,
) -> Result<S, Error>
where
    T: Send + 'static,
    S: Send + 'static,
{
    while let Some(first) = queue.recv().await {
        let job = tokio::task::spawn_blocking(move || {
            let mut next = Some(first);
            while let Some(one) = next {
                work(&mut state, one)?;
                next = queue.try_recv().ok();
            }
            Ok::<_, Error>((state, queue))
        });
        (state, queue) = job.await.map_err(|source| Error::from("writing", source))??;
    }
    Ok(state)
}

/// The hash of what was written so far.
struct Hashing {
    digest: Digest,
    /// Where buffers go that are done with.
    free: Sender<BytesMut>,
}

impl Hashing {
    fn take(&mut self, mut chunk: BytesMut) {
        self.digest.take(&chunk);
        chunk.clear();
        // There is room for all of them. If nobody gathers any more, it is not needed.
        let _gathers = self.free.try_send(chunk);
    }
}

/// A blob on its way into the folder. Dropped before it is whole, it is removed. Blocking, all of it.
struct Growing {
    folder: Folder,
    at: Path,
    /// Open since the first chunk.
    file: Option<File>,
    /// In bytes.
    size: u64,
    /// How much of it the system has been asked to bring to the disk.
    begun: u64,
    /// Where chunks go that are written, until all are.
    written: Option<Sender<BytesMut>>,
    /// Durable, under its name.
    whole: bool,
}

impl Growing {
    fn follow(&mut self, order: Order) -> Result<(), Error> {
        match order {
            Order::Write(chunk) => {
                self.write(&chunk)?;
                // There is room for all chunks that are in memory.
                let taken = self.written.as_ref().is_some_and(|written| written.try_send(chunk).is_ok());
                if taken { Ok(()) } else { Err(Error::Failed { doing: "hashing", source: "nobody does".into() }) }
            }
            Order::Finish => {
                // What is still to be hashed is hashed while the disk is waited for.
                self.written = None;
                self.finish()
            }
        }
    }

    fn write(&mut self, chunk: &[u8]) -> Result<(), Error> {
        let file = match &mut self.file {
            Some(file) => file,
            none => none.insert(self.folder.begin(&self.at)?),
        };
        file.write_all(chunk).map_err(|source| Error::from("writing", source))?;
        self.size += chunk.len() as u64;
        if self.size - self.begun >= STRIDE {
            begin_to_sync(file, self.begun, self.size - self.begun);
            self.begun = self.size;
        }
        Ok(())
    }

    fn finish(&mut self) -> Result<(), Error> {
        let file = self.file.as_ref().ok_or_else(given_up)?;
        self.folder.finish(&self.at, file).map_err(|source| Error::from("writing", source))?;
        self.whole = true;
        Ok(())
    }
}

impl Drop for Growing {
    fn drop(&mut self) {
        if !self.whole && self.file.is_some() {
            self.folder.remove_unfinished(&self.at);
        }
    }
}

/// Has the system begin to bring these bytes to the disk, and does not wait. Linux does so for pages that are said not to be
/// needed; it would forget those of them that are on the disk already, which just written ones seldom are.
#[cfg(target_os = "linux")]
fn begin_to_sync(file: &File, start: u64, length: u64) {
    let _ = rustix::fs::fadvise(file, start, std::num::NonZeroU64::new(length), rustix::fs::Advice::DontNeed);
}

#[cfg(not(target_os = "linux"))]
fn begin_to_sync(_: &File, _: u64, _: u64) {}
