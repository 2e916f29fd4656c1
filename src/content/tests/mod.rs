//! The content store as its callers see it, over a local folder and over something that speaks S3.

mod put;
mod read;
mod s3;
mod sweep;

use std::convert::Infallible;
use std::fs;
use std::ops::Range;
use std::path::{Path, PathBuf};

use bytes::Bytes;
use futures_util::stream::{self, Stream, TryStreamExt as _};
use sha2::Digest as _;
use tempfile::TempDir;

use super::*;
use crate::domain::content::{Content, Place, Sha256};

/// A store over a folder that goes with the test.
fn local() -> (TempDir, ContentStore) {
    let dir = tempfile::tempdir().unwrap();
    let settings = Settings::at(Location::Local(dir.path().to_owned()));
    let store = ContentStore::open(&settings).unwrap();
    (dir, store)
}

/// Bytes that differ from place to place.
fn noise(size: usize) -> Bytes {
    (0_u32..).flat_map(|n| n.wrapping_mul(0x9e37_79b9).to_le_bytes()).take(size).collect()
}

/// The bytes as a client sends them: in pieces that fit nothing.
fn body(bytes: &Bytes) -> impl Stream<Item = Result<Bytes, Infallible>> + use<> {
    let bytes = bytes.clone();
    let starts = (0..bytes.len()).step_by(70_001);
    stream::iter(starts.map(move |at| Ok(bytes.slice(at..bytes.len().min(at + 70_001)))))
}

async fn put(store: &ContentStore, bytes: &Bytes) -> Content {
    store.put(body(bytes), u64::MAX).await.unwrap().keep()
}

async fn read(store: &ContentStore, content: &Content, range: Option<Range<u64>>) -> Bytes {
    let pieces: Vec<Bytes> = store.read(content, range).await.unwrap().into_stream().try_collect().await.unwrap();
    assert!(pieces.iter().all(|piece| piece.len() <= READ));
    pieces.concat().into()
}

fn sha256(bytes: &[u8]) -> Sha256 {
    Sha256(sha2::Sha256::digest(bytes).into())
}

fn blob(content: &Content) -> BlobKey {
    let Place::Blob(key) = content.place else { panic!("{content:?} is no blob") };
    key
}

/// Every file below the folder, with its size.
fn files(dir: &Path) -> Vec<(PathBuf, u64)> {
    let entries = fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().path());
    entries
        .flat_map(|path| {
            if path.is_dir() {
                files(&path)
            } else {
                vec![(path.clone(), fs::metadata(&path).map_or(0, |about| about.len()))]
            }
        })
        .collect()
}

/// Lets tasks of the store run until it is so.
async fn until(mut so: impl FnMut() -> bool) {
    while !so() {
        tokio::task::yield_now().await;
    }
}

#[test]
fn a_key_lies_in_two_levels_of_folders_and_is_found_there_only() {
    let text = "01935c2a-9d11-7000-8000-00000000000a";
    let at = object_store::path::Path::from(format!("0193/5c2/{text}"));
    assert_eq!(path(text.parse().unwrap()), at);
    assert_eq!(key(&at).unwrap().to_string(), text);
    for foreign in [format!("0193/5c3/{text}"), text.to_owned(), format!("0193/5c2/{}", text.to_uppercase())] {
        assert_eq!(key(&object_store::path::Path::from(foreign)), None);
    }
}

#[tokio::test]
async fn a_probe_finds_a_working_store_working_and_leaves_nothing() {
    let (dir, store) = local();
    store.probe().await.unwrap();
    assert_eq!(files(dir.path()), []);
}

#[tokio::test]
async fn a_probe_says_that_the_folder_is_gone() {
    let (dir, store) = local();
    fs::remove_dir_all(dir.path()).unwrap();
    fs::write(dir.path(), "no folder").unwrap();
    assert!(matches!(store.probe().await, Err(Error::Failed { doing: "writing", .. })));
    fs::remove_file(dir.path()).unwrap();
}
