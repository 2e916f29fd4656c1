//! The content store: bytes in and out, hashed on the way, in a local folder or an object store. It knows nothing of
//! files, editions or rights, and no SQL: which blobs are still named by a row is for its caller to say.
//!
//! Order keeps content safe. It is written durably first; then a row names it; a crash in between leaves an orphan,
//! which a sweep built on [`ContentStore::blobs_older_than`] removes. A blob is never changed, and its key never
//! used again.

mod digest;
mod error;
mod file;
mod local;
mod object;
mod open;
mod probe;
mod put;
pub mod quick_xor;
mod read;
mod staged;
mod stretch;
mod sweep;
#[cfg(test)]
mod tests;
mod upload;

use std::sync::Arc;

use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt as _};
use uuid::Uuid;

pub use self::error::{Cause, Error, OpenError, PutError};
use self::local::Folder;
pub use self::open::{Location, Settings};
pub use self::read::Reading;
pub use self::staged::Staged;
pub use self::stretch::Stretch;
pub use self::sweep::Blob;
use crate::domain::content::BlobKey;

/// The unit in which bytes are gathered, hashed and written, in bytes. What lies in memory of one upload is a small
/// multiple of it.
const CHUNK: usize = 512 * 1024;

/// The unit in which bytes are read where a disk may have to be waited for, in bytes.
const READ: usize = 256 * 1024;

/// Where content lives. Clones are one and the same store.
#[derive(Clone, Debug)]
pub struct ContentStore(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    objects: Box<dyn ObjectStore>,
    /// Where `objects` are files, for what only files need.
    folder: Option<Folder>,
    /// Content of at most so many bytes stays in its row.
    inline_limit: usize,
}

impl ContentStore {
    /// Removes a blob; one that is not there is fine.
    pub async fn delete(&self, key: BlobKey) -> Result<(), Error> {
        match self.0.objects.delete(&path(key)).await {
            Ok(()) | Err(object_store::Error::NotFound { .. }) => Ok(()),
            Err(source) => Err(Error::from("removing", source)),
        }
    }
}

/// A key that no blob had before.
fn fresh() -> BlobKey {
    BlobKey(Uuid::now_v7())
}

/// Where a blob lies: the first 16 and the next 12 bits of its key, which for a version 7 uuid are time, name two
/// levels of folders. One spans about 17 minutes, so that uploads share the cost of making it, and those of long ago
/// stay as they are, which spares back-ups.
fn path(key: BlobKey) -> Path {
    let bits = key.0.as_u128();
    Path::from(format!("{:04x}/{:03x}/{key}", bits >> 112, bits >> 100 & 0xfff))
}

/// The blob that lies at `path`; `None` is a foreign object.
fn key(at: &Path) -> Option<BlobKey> {
    let key = at.filename()?.parse().ok()?;
    (path(key) == *at).then_some(key)
}
