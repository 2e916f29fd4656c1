//! Whether the content store works right now.

use bytes::Bytes;
use object_store::path::Path;
use object_store::{ObjectStoreExt as _, PutPayload};

use super::error::Error;
use super::{ContentStore, fresh};

/// Where probes lie while they last.
pub fn folder() -> Path {
    Path::from("probe")
}

impl ContentStore {
    /// Writes, reads and removes a few bytes. A remote store is tried again for minutes before it counts as failed:
    /// set a time limit.
    pub async fn probe(&self) -> Result<(), Error> {
        let (objects, at) = (&self.0.objects, folder().join(fresh().to_string()));
        let wrote = Bytes::from_static(b"coatcheck");
        objects.put(&at, PutPayload::from(wrote.clone())).await.map_err(|source| Error::from("writing", source))?;
        let read = async { objects.get(&at).await?.bytes().await }.await;
        let removed = objects.delete(&at).await;
        let read = read.map_err(|source| Error::from("reading", source))?;
        removed.map_err(|source| Error::from("removing", source))?;
        if read == wrote {
            Ok(())
        } else {
            Err(Error::Failed { doing: "reading", source: "other bytes came back".into() })
        }
    }
}
