//! Where contents lie, as a node remembers it. The bytes under a digest are always the same, and the name of a blob is never
//! given again: so what is remembered may be out of date, but never leads to other bytes. That it is out of date shows when
//! the blob is not there.

use quick_cache::{Weighter, sync::Cache};

use crate::domain::content::{Place, Sha256};

/// What all of them may take, in bytes.
const ROOM: u64 = 4 << 20;
/// What one takes beside its bytes.
const ENTRY: u32 = 256;
/// About so many are remembered.
const USUAL: usize = 4000;
/// Bytes in a row that are remembered at most.
const LARGEST: usize = 64 * 1024;

/// Places by the digests of their bytes; the least used are forgotten first.
pub(super) struct Places(Cache<Sha256, Place, Weight>);

/// What places weigh.
#[derive(Clone)]
struct Weight;

impl Weighter<Sha256, Place> for Weight {
    fn weight(&self, _: &Sha256, place: &Place) -> u64 {
        (ENTRY + inline(place)).into()
    }
}

impl Default for Places {
    fn default() -> Self {
        Self(Cache::with_weighter(USUAL, ROOM, Weight))
    }
}

impl Places {
    /// Where these bytes lay when somebody looked last.
    pub(super) fn recall(&self, sha256: Sha256) -> Option<Place> {
        self.0.get(&sha256)
    }

    /// Remembers what the database said.
    pub(super) fn remember(&self, sha256: Sha256, place: &Place) {
        let small = match place {
            Place::Inline(bytes) => bytes.len() <= LARGEST,
            Place::Blob(_) => true,
        };
        if small {
            self.0.insert(sha256, place.clone());
        }
    }

    /// It is not there any more.
    pub(super) fn forget(&self, sha256: Sha256) {
        self.0.remove(&sha256);
    }
}

fn inline(place: &Place) -> u32 {
    match place {
        Place::Inline(bytes) => u32::try_from(bytes.len().min(LARGEST)).unwrap_or_default(),
        Place::Blob(_) => 0,
    }
}
