//! Finding blobs that may be orphans, and removing what unfinished uploads leave. Which blobs a row names, and so the
//! sweep itself, is not known here.

use chrono::{DateTime, Utc};
use futures_util::stream::{BoxStream, StreamExt as _, TryStreamExt as _};
use object_store::{ObjectStore as _, ObjectStoreExt as _};

use super::error::Error;
use super::{ContentStore, key, probe};
use crate::domain::content::BlobKey;

/// A blob as the store lists it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Blob {
    /// Its name.
    pub key: BlobKey,
    /// When it was written, by the store's clock. S3 says when its upload *began*: a grace period must be longer than
    /// the longest upload, and than any difference of clocks.
    pub modified: DateTime<Utc>,
    /// In bytes.
    pub size: u64,
}

impl ContentStore {
    /// All blobs, in no order. Unfinished uploads and foreign objects do not show.
    pub fn list(&self) -> BoxStream<'static, Result<Blob, Error>> {
        let objects = self.0.objects.list(None).map_err(|source| Error::from("listing", source));
        let blobs = objects.try_filter_map(async |about| {
            let key = key(&about.location);
            Ok(key.map(|key| Blob { key, modified: about.last_modified, size: about.size }))
        });
        blobs.boxed()
    }

    /// The blobs last written before `cutoff`: those that no row names by now are orphans.
    pub fn blobs_older_than(&self, cutoff: DateTime<Utc>) -> BoxStream<'static, Result<Blob, Error>> {
        self.list().try_filter(move |blob| std::future::ready(blob.modified < cutoff)).boxed()
    }

    /// Removes what crashes have left of uploads and probes before `cutoff`, and says of how many. Unfinished uploads
    /// to S3 do not list; a lifecycle rule of the bucket removes those.
    pub async fn remove_leftovers(&self, cutoff: DateTime<Utc>) -> Result<u64, Error> {
        let mut removed = 0;
        let mut probes = self.0.objects.list(Some(&probe::folder()));
        while let Some(about) = probes.try_next().await.map_err(|source| Error::from("listing", source))? {
            if about.last_modified < cutoff {
                match self.0.objects.delete(&about.location).await {
                    Ok(()) => removed += 1,
                    Err(object_store::Error::NotFound { .. }) => {}
                    Err(source) => return Err(Error::from("removing", source)),
                }
            }
        }
        if let Some(folder) = self.0.folder.clone() {
            let files = tokio::task::spawn_blocking(move || folder.remove_leftovers(cutoff.into())).await;
            let files = files.map_err(std::io::Error::from).flatten();
            removed += files.map_err(|source| Error::from("removing", source))?;
        }
        Ok(removed)
    }
}
