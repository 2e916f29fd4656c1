//! A stretch of a blob's file that is about to be given out: read piece by piece, or by who has the system send it. A blob is
//! never written to again, so what its file held when it was opened it holds to the end.

use std::fs::File;
use std::io::{self, ErrorKind};
use std::ops::Range;
use std::os::unix::fs::FileExt as _;
use std::path::Path;
use std::sync::Arc;

use bytes::Bytes;
use futures_util::stream::{self, BoxStream, StreamExt as _};
use tokio::task::JoinHandle;

use super::READ;

/// What is read right where it is when it lies in memory, in bytes: a few microseconds, less than the way to another
/// thread and back.
const SPOT: u64 = 64 * 1024;
/// How far apart lie the bytes that are asked whether they are in memory.
const SAMPLE: usize = 128 * 1024;
/// How far ahead the system is told what will be wanted, in bytes.
const AHEAD: u64 = 2 * 1024 * 1024;

/// Bytes of a file, one after the other. Clones share the file.
#[derive(Clone, Debug)]
pub struct Stretch {
    file: Arc<File>,
    range: Range<u64>,
}

impl Stretch {
    /// The bytes of `range`, which the file must hold.
    pub fn new(file: File, range: Range<u64>) -> Self {
        Self { file: Arc::new(file), range }
    }

    /// The file.
    pub fn file(&self) -> &Arc<File> {
        &self.file
    }

    /// Where in the file it begins.
    pub fn start(&self) -> u64 {
        self.range.start
    }

    /// In bytes.
    pub fn len(&self) -> u64 {
        self.range.end.saturating_sub(self.range.start)
    }

    /// Whether nothing is left of it.
    pub fn is_empty(&self) -> bool {
        self.range.is_empty()
    }

    /// Takes the first bytes off, at most so many.
    #[must_use]
    pub fn split_to(&mut self, most: u64) -> Self {
        let at = self.range.end.min(self.range.start.saturating_add(most));
        let first = Self { file: Arc::clone(&self.file), range: self.range.start..at };
        self.range.start = at;
        first
    }

    /// Whether all of it lies in memory, as far as some bytes of it tell. Where the system cannot say, it does not.
    pub fn is_at_hand(&self) -> bool {
        let mut byte = [0];
        let mut samples = (self.range.start..self.range.end).step_by(SAMPLE).chain(self.range.end.checked_sub(1));
        self.is_empty() || samples.all(|at| read_now(&self.file, &mut byte, at).is_ok_and(|read| read == 1))
    }

    /// Has the first bytes brought into memory, at most so many, by a thread that may wait for the disk. The system hears
    /// what will be wanted next.
    pub fn fetch(&self, most: u64) -> JoinHandle<io::Result<()>> {
        let mut rest = self.clone();
        tokio::task::spawn_blocking(move || {
            let mut wanted = rest.split_to(most);
            announce(&wanted.file, wanted.range.start, wanted.len().saturating_add(rest.len().min(AHEAD)));
            while !wanted.is_empty() {
                drop(wanted.split_to(SPOT).read()?);
            }
            Ok(())
        })
    }

    /// The bytes, read as they are asked for, in pieces of at most 256 KiB.
    pub fn into_stream(self) -> BoxStream<'static, io::Result<Bytes>> {
        let pieces = stream::try_unfold(self, |mut rest| async move {
            if rest.is_empty() {
                return Ok(None);
            }
            let mut after = rest.clone();
            if let Some(piece) = after.split_to(SPOT).read_at_hand() {
                return Ok(Some((piece, after)));
            }
            let read = tokio::task::spawn_blocking(move || {
                let piece = rest.split_to(READ as u64).read()?;
                Ok::<_, io::Error>(Some((piece, rest)))
            });
            read.await.map_err(io::Error::from).flatten()
        });
        pieces.boxed()
    }

    /// All of it, if it lies in memory. Only for little.
    pub(super) fn read_at_hand(&self) -> Option<Bytes> {
        let mut bytes = vec![0; usize::try_from(self.len()).ok()?];
        let read = read_now(&self.file, &mut bytes, self.range.start).ok()?;
        (read == bytes.len()).then(|| bytes.into())
    }

    /// All of it, however long the disk takes. Only for little.
    pub(super) fn read(&self) -> io::Result<Bytes> {
        let mut bytes = vec![0; usize::try_from(self.len()).map_err(io::Error::other)?];
        match self.file.read_exact_at(&mut bytes, self.range.start) {
            Ok(()) => Ok(bytes.into()),
            Err(error) if error.kind() == ErrorKind::UnexpectedEof => {
                Err(io::Error::new(ErrorKind::UnexpectedEof, "the blob has become shorter"))
            }
            Err(error) => Err(error),
        }
    }
}

/// Opens a file if the system knows its place without asking a disk.
#[cfg(target_os = "linux")]
pub(super) fn open_now(at: &Path) -> Option<File> {
    use rustix::fs::{CWD, Mode, OFlags, ResolveFlags, openat2};
    let opened = openat2(CWD, at, OFlags::RDONLY | OFlags::CLOEXEC, Mode::empty(), ResolveFlags::CACHED);
    opened.ok().map(File::from)
}

/// What lies in memory of the bytes from `at` on; an error if it is nothing, or if the system cannot say.
#[cfg(target_os = "linux")]
fn read_now(file: &File, bytes: &mut [u8], at: u64) -> io::Result<usize> {
    use rustix::io::{IoSliceMut, ReadWriteFlags, preadv2};
    Ok(preadv2(file, &mut [IoSliceMut::new(bytes)], at, ReadWriteFlags::NOWAIT)?)
}

/// Tells the system that these bytes are going to be read. It may not care.
#[cfg(target_os = "linux")]
fn announce(file: &File, start: u64, length: u64) {
    let _ = rustix::fs::fadvise(file, start, std::num::NonZeroU64::new(length), rustix::fs::Advice::WillNeed);
}

// Elsewhere nothing can be had without perhaps waiting for a disk.

#[cfg(not(target_os = "linux"))]
pub(super) fn open_now(_: &Path) -> Option<File> {
    None
}

#[cfg(not(target_os = "linux"))]
fn read_now(_: &File, _: &mut [u8], _: u64) -> io::Result<usize> {
    Err(ErrorKind::Unsupported.into())
}

#[cfg(not(target_os = "linux"))]
fn announce(_: &File, _: u64, _: u64) {}
