//! Taking content in: what is kept, what is refused, and that nothing is left of the latter.

use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use futures_util::StreamExt as _;
use tokio::sync::Notify;

use super::*;
use crate::content::quick_xor::Hasher;

#[tokio::test]
async fn content_of_any_size_comes_back_as_it_went_in() {
    let (_dir, store) = local();
    let limit = Settings::INLINE_LIMIT;
    for size in [0, 1, limit, limit + 1, CHUNK - 1, CHUNK, CHUNK + 1, 3 * CHUNK, 3 * CHUNK + 7] {
        let bytes = noise(size);
        let content = put(&store, &bytes).await;
        let mut quick_xor = Hasher::default();
        quick_xor.update(&bytes);
        assert_eq!((content.size, content.sha256), (size as u64, sha256(&bytes)), "{size}");
        assert_eq!(content.quick_xor, quick_xor.finish(), "{size}");
        assert_eq!(matches!(content.place, Place::Inline(_)), size <= limit, "{size}");
        assert!(read(&store, &content, None).await == bytes, "{size}");
    }
}

#[tokio::test]
async fn small_content_touches_no_disk() {
    let (dir, store) = local();
    let bytes = noise(Settings::INLINE_LIMIT);
    assert_eq!(put(&store, &bytes).await.place, Place::Inline(bytes));
    assert_eq!(files(dir.path()), []);
}

#[tokio::test]
async fn an_inline_limit_of_nothing_sends_all_but_empty_content_to_blobs() {
    let dir = tempfile::tempdir().unwrap();
    let settings = Settings { location: Location::Local(dir.path().to_owned()), inline_limit: 0 };
    let store = ContentStore::open(&settings).unwrap();
    assert_eq!(put(&store, &Bytes::new()).await.place, Place::Inline(Bytes::new()));
    blob(&put(&store, &noise(1)).await);
}

#[tokio::test]
async fn the_same_bytes_twice_are_two_blobs() {
    let (dir, store) = local();
    let bytes = noise(20_000);
    assert_ne!(blob(&put(&store, &bytes).await), blob(&put(&store, &bytes).await));
    assert_eq!(files(dir.path()).len(), 2);
}

#[tokio::test]
async fn content_may_be_as_large_as_allowed_and_not_a_byte_larger() {
    let (dir, store) = local();
    for size in [1000, 100_000, 3 * CHUNK] {
        let bytes = noise(size);
        drop(store.put(body(&bytes), size as u64).await.unwrap());
        until(|| files(dir.path()).is_empty()).await;
        let max = size as u64 - 1;
        assert!(matches!(store.put(body(&bytes), max).await, Err(PutError::TooLarge { max: told }) if told == max));
        assert_eq!(files(dir.path()), [], "{size}");
    }
}

#[tokio::test]
async fn too_much_is_refused_when_it_comes_and_not_at_the_end() {
    let (_dir, store) = local();
    let endless = stream::repeat_with(|| Ok::<_, Infallible>(noise(1000)));
    assert!(matches!(store.put(endless, 3_000_000).await, Err(PutError::TooLarge { max: 3_000_000 })));
}

#[tokio::test]
async fn a_body_that_breaks_off_leaves_nothing_and_its_error_comes_through() {
    let (dir, store) = local();
    for size in [10, 100_000, 4 * CHUNK] {
        let bytes = noise(size);
        let broken = body(&bytes).map(|piece| Ok(piece.unwrap())).chain(stream::iter([Err("reset")]));
        assert!(matches!(store.put(broken, u64::MAX).await, Err(PutError::Body("reset"))));
        assert_eq!(files(dir.path()), [], "{size}");
    }
}

#[tokio::test]
async fn an_upload_whose_request_is_dropped_leaves_nothing() {
    let (dir, store) = local();
    let (bytes, started) = (noise(5 * CHUNK), Arc::new(Notify::new()));
    let said = Arc::clone(&started);
    let stalls = body(&bytes).chain(stream::once(async move {
        said.notify_one();
        std::future::pending().await
    }));
    let request = tokio::spawn({
        let store = store.clone();
        async move { store.put(stalls, u64::MAX).await.map(Staged::keep) }
    });
    started.notified().await;
    until(|| files(dir.path()).iter().any(|(_, size)| *size > 0)).await;
    assert!(store.list().next().await.is_none(), "half a blob shows");
    request.abort();
    until(|| files(dir.path()).is_empty()).await;
}

#[tokio::test]
async fn staged_content_that_is_dropped_is_removed_and_kept_content_stays() {
    let (dir, store) = local();
    let kept = put(&store, &noise(50_000)).await;
    drop(store.put(body(&noise(60_000)), u64::MAX).await.unwrap());
    until(|| files(dir.path()).len() == 1).await;
    assert!(read(&store, &kept, None).await == noise(50_000));
}

#[test]
fn staged_content_is_removed_even_when_the_runtime_is_gone() {
    let (dir, store) = local();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let staged = runtime.block_on(store.put(body(&noise(50_000)), u64::MAX)).unwrap();
    drop(runtime);
    assert_eq!(files(dir.path()).len(), 1);
    drop(staged);
    assert_eq!(files(dir.path()), []);
}

#[tokio::test]
async fn an_upload_that_cannot_get_its_name_is_an_error_and_leaves_nothing() {
    let (dir, store) = local();
    let bytes = noise(3 * CHUNK);
    let root = dir.path().to_owned();
    // Something else takes the name while the upload runs.
    let spoilt = body(&bytes).chain(stream::once(async move {
        until(|| !files(&root).is_empty()).await;
        let (working, _) = files(&root).remove(0);
        fs::create_dir_all(working.to_str().unwrap().strip_suffix("#1").unwrap()).unwrap();
        Ok(Bytes::from_static(b"end"))
    }));
    let said = store.put(spoilt, u64::MAX).await;
    assert!(matches!(said, Err(PutError::Store(Error::Failed { doing: "writing", .. }))), "{said:?}");
    assert_eq!(files(dir.path()), []);
}

#[tokio::test]
async fn a_store_that_fails_says_so_before_a_slow_client_has_sent_all() {
    let (dir, store) = local();
    fs::remove_dir(dir.path()).unwrap();
    fs::write(dir.path(), "no folder").unwrap();
    let stalls = body(&noise(2 * CHUNK)).chain(stream::pending());
    let said = store.put(stalls, u64::MAX).await;
    assert!(matches!(said, Err(PutError::Store(Error::Failed { doing: "making a folder", .. }))), "{said:?}");
    fs::remove_file(dir.path()).unwrap();
}

#[test]
fn many_uploads_at_once_get_by_with_one_thread_that_may_block() {
    let (dir, store) = local();
    let runtime = tokio::runtime::Builder::new_current_thread().max_blocking_threads(1).build().unwrap();
    let bytes = noise(7 * CHUNK + 7);
    let all = (0..10).map(|_| put(&store, &bytes));
    for content in runtime.block_on(futures_util::future::join_all(all)) {
        assert_eq!((content.size, content.sha256), (bytes.len() as u64, sha256(&bytes)));
    }
    let left = files(dir.path());
    assert!(left.len() == 10 && left.iter().all(|(_, size)| *size == bytes.len() as u64), "{left:?}");
    assert!(left.iter().all(|(path, _)| !path.to_str().unwrap().contains('#')), "{left:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stream_is_never_far_ahead_of_the_disk() {
    const PIECE: u32 = 64 * 1024;
    let (dir, store) = local();
    let (root, piece) = (dir.path().to_owned(), noise(PIECE.try_into().unwrap()));
    let furthest = Arc::new(AtomicU64::new(0));
    let seen = Arc::clone(&furthest);
    // 300 MiB, as fast as they are taken.
    let eager = stream::iter(0..300 * 16).map(move |sent: u64| {
        if sent.is_multiple_of(8) {
            let written: u64 = files(&root).iter().map(|(_, size)| size).sum();
            seen.fetch_max(sent * u64::from(PIECE) - written, Ordering::Relaxed);
        }
        Ok::<_, Infallible>(piece.clone())
    });
    let content = pin!(store.put(eager, u64::MAX)).await.unwrap().keep();
    assert_eq!(content.size, 300 << 20);
    // One chunk gathers; the others wait, are written or hashed.
    let furthest = furthest.load(Ordering::Relaxed);
    assert!(furthest <= 5 * CHUNK as u64 + u64::from(PIECE), "{furthest} bytes ahead");
}
