//! Finding and removing what nobody names.

use chrono::{DateTime, Utc};

use super::*;

/// Long before and long after whatever a test writes.
fn cutoffs() -> (DateTime<Utc>, DateTime<Utc>) {
    (DateTime::UNIX_EPOCH, DateTime::UNIX_EPOCH + chrono::TimeDelta::days(100_000))
}

async fn keys(blobs: impl Stream<Item = Result<Blob, Error>>) -> Vec<BlobKey> {
    let mut keys: Vec<_> = blobs.map_ok(|blob| blob.key).try_collect().await.unwrap();
    keys.sort();
    keys
}

#[tokio::test]
async fn deleting_twice_is_deleting_once() {
    let (dir, store) = local();
    let key = blob(&put(&store, &noise(50_000)).await);
    for _ in 0..2 {
        store.delete(key).await.unwrap();
        assert_eq!(files(dir.path()), []);
    }
}

#[tokio::test]
async fn blobs_are_listed_with_size_and_time_and_foreign_files_are_not() {
    let (dir, store) = local();
    let mut put_in = [blob(&put(&store, &noise(50_000)).await), blob(&put(&store, &noise(50_000)).await)];
    put_in.sort();
    fs::write(dir.path().join("README"), "theirs").unwrap();
    fs::create_dir(dir.path().join("lost+found")).unwrap();
    assert_eq!(keys(store.list()).await, put_in);

    let (before, after) = cutoffs();
    let blobs: Vec<Blob> = store.blobs_older_than(after).try_collect().await.unwrap();
    assert!(blobs.iter().all(|blob| blob.size == 50_000 && blob.modified > before));
    assert_eq!(blobs.len(), 2);
    assert_eq!(keys(store.blobs_older_than(before)).await, []);
}

#[tokio::test]
async fn what_a_crash_left_does_not_show_and_goes_when_it_is_old_enough() {
    let (dir, store) = local();
    let key = blob(&put(&store, &noise(50_000)).await);
    let (kept, _) = files(dir.path()).remove(0);
    let left = format!("{}#1", kept.display());
    fs::write(&left, "half").unwrap();
    fs::create_dir(dir.path().join("probe")).unwrap();
    fs::write(dir.path().join("probe").join(fresh().to_string()), "coat").unwrap();
    fs::create_dir_all(dir.path().join("0001/abc")).unwrap();
    let theirs = [dir.path().join("lost+found"), dir.path().join("plan#1")];
    fs::create_dir(&theirs[0]).unwrap();
    fs::write(&theirs[1], "theirs").unwrap();
    assert_eq!(keys(store.list()).await, [key]);

    let (before, after) = cutoffs();
    assert_eq!(store.remove_leftovers(before).await.unwrap(), 0);
    assert!(fs::exists(&left).unwrap());
    assert_eq!(store.remove_leftovers(after).await.unwrap(), 2);
    assert!(!fs::exists(&left).unwrap() && !fs::exists(dir.path().join("0001")).unwrap());
    assert!(theirs.iter().all(|path| path.exists()));
    assert_eq!(keys(store.list()).await, [key]);
}

#[tokio::test]
async fn content_can_be_put_after_its_folder_was_tidied_away() {
    let (dir, store) = local();
    let key = blob(&put(&store, &noise(50_000)).await);
    store.delete(key).await.unwrap();
    store.remove_leftovers(cutoffs().1).await.unwrap();
    assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 0);
    put(&store, &noise(50_000)).await;
}
