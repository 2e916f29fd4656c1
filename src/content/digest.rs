//! Everything computed over content while it streams by. Nothing here reads or writes.

use bytes::Bytes;
use sha2::Digest as _;

use super::error::Error;
use super::quick_xor;
use crate::domain::content::{Content, Place, Sha256};

/// What is hashed right where it is, in bytes: about 30 µs of work, less than the way to another thread pays for.
const SLICE: usize = 64 * 1024;

/// Size and digests of the bytes seen so far.
#[derive(Clone, Default)]
pub struct Digest {
    sha256: sha2::Sha256,
    quick_xor: quick_xor::Hasher,
    size: u64,
}

impl Digest {
    /// With the next bytes taken in; large ones on a thread that may block.
    pub async fn then(mut self, bytes: Bytes) -> Result<Self, Error> {
        if bytes.len() <= SLICE {
            self.take(&bytes);
            return Ok(self);
        }
        let hashed = tokio::task::spawn_blocking(move || {
            self.take(&bytes);
            self
        });
        hashed.await.map_err(|source| Error::Failed { doing: "hashing", source: source.into() })
    }

    /// What has been seen, lying at `place`.
    pub fn of(self, place: Place) -> Content {
        Content {
            sha256: Sha256(self.sha256.finalize().into()),
            quick_xor: self.quick_xor.finish(),
            size: self.size,
            place,
        }
    }

    /// Takes in the next bytes, right here.
    pub fn take(&mut self, bytes: &[u8]) {
        self.sha256.update(bytes);
        self.quick_xor.update(bytes);
        self.size += bytes.len() as u64;
    }
}
