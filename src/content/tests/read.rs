//! Giving content out: whole, in part, and when something is wrong with it.

use std::fs::OpenOptions;

use futures_util::StreamExt as _;

use super::*;

#[tokio::test]
async fn any_range_is_what_it_is_of_the_whole() {
    let (_dir, store) = local();
    for size in [1000, 2 * READ + 500] {
        let bytes = noise(size);
        let content = put(&store, &bytes).await;
        for range in [0..1, 1..1, 0..size, 999..size, size - 1..size, size..size, READ.min(size) - 1..size] {
            let part = read(&store, &content, Some(range.start as u64..range.end as u64)).await;
            assert!(part == bytes.slice(range.clone()), "{range:?} of {size}");
        }
    }
}

#[tokio::test]
async fn a_range_beyond_the_end_or_backwards_is_an_error() {
    let (_dir, store) = local();
    for bytes in [noise(1000), noise(100_000)] {
        let content = put(&store, &bytes).await;
        let size = content.size;
        for (start, end) in [(0, size + 1), (size + 1, size + 1), (2, 1)] {
            let said = store.read(&content, Some(Range { start, end })).await.err();
            assert!(matches!(said, Some(Error::Range { .. })), "{start}..{end} of {size}: {said:?}");
        }
    }
}

#[tokio::test]
async fn a_blob_that_is_gone_or_changed_its_size_is_an_error_before_a_byte_is_sent() {
    let (dir, store) = local();
    let content = put(&store, &noise(100_000)).await;
    let (file, _) = files(dir.path()).remove(0);
    OpenOptions::new().write(true).open(file).unwrap().set_len(99_999).unwrap();
    let said = store.read(&content, None).await.err();
    assert!(matches!(said, Some(Error::Damaged { expected: 100_000, found: 99_999, .. })), "{said:?}");

    store.delete(blob(&content)).await.unwrap();
    let said = store.read(&content, None).await.err();
    assert!(matches!(said, Some(Error::Missing(key)) if key == blob(&content)), "{said:?}");
}

#[tokio::test]
async fn a_blob_that_shrinks_while_it_is_read_ends_in_an_error() {
    let (dir, store) = local();
    let content = put(&store, &noise(3 * READ)).await;
    let mut pieces = store.read(&content, None).await.unwrap().into_stream();
    let mut came = pieces.next().await.unwrap().unwrap().len();
    let (file, _) = files(dir.path()).remove(0);
    OpenOptions::new().write(true).open(file).unwrap().set_len(READ as u64 + 1).unwrap();
    let said = loop {
        match pieces.next().await.unwrap() {
            Ok(piece) => came += piece.len(),
            Err(error) => break error,
        }
    };
    assert_eq!(said.kind(), std::io::ErrorKind::UnexpectedEof);
    assert!(came <= READ, "{came}");
}

#[tokio::test]
async fn little_is_given_whole_and_more_as_a_stretch_of_its_file() {
    let (_dir, store) = local();
    let bytes = noise(3 * READ);
    let content = put(&store, &bytes).await;
    let Reading::Whole(little) = store.read(&content, Some(100_000..101_000)).await.unwrap() else { panic!("no") };
    assert!(little == bytes.slice(100_000..101_000));
    let Reading::File(mut stretch) = store.read(&content, Some(100_000..300_000)).await.unwrap() else { panic!("no") };
    assert_eq!((stretch.start(), stretch.len()), (100_000, 200_000));
    let first = stretch.split_to(150_000);
    assert_eq!((first.start(), first.len()), (100_000, 150_000));
    assert_eq!((stretch.start(), stretch.len(), stretch.is_empty()), (250_000, 50_000, false));
    assert_eq!(stretch.split_to(u64::MAX).len(), 50_000);
    assert!(stretch.is_empty() && stretch.is_at_hand());
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn bytes_that_lie_on_the_disk_alone_are_brought_into_memory() {
    let (_dir, store) = local();
    let bytes = noise(5 * READ + 7);
    let content = put(&store, &bytes).await;
    let Reading::File(stretch) = store.read(&content, None).await.unwrap() else { panic!("no file") };
    // some file systems cannot say what lies in memory, and some keep all there
    let says = stretch.is_at_hand();
    let forget = |stretch: &Stretch| rustix::fs::fadvise(stretch.file(), 0, None, rustix::fs::Advice::DontNeed);
    forget(&stretch).unwrap();
    stretch.fetch(stretch.len()).await.unwrap().unwrap();
    assert_eq!(stretch.is_at_hand(), says);
    forget(&stretch).unwrap();
    assert!(read(&store, &content, None).await == bytes);
}

#[tokio::test]
async fn bytes_that_are_gone_cannot_be_brought_into_memory() {
    let (dir, store) = local();
    let content = put(&store, &noise(3 * READ)).await;
    let Reading::File(stretch) = store.read(&content, None).await.unwrap() else { panic!("no file") };
    let (file, _) = files(dir.path()).remove(0);
    OpenOptions::new().write(true).open(file).unwrap().set_len(READ as u64).unwrap();
    assert!(stretch.fetch(READ as u64).await.unwrap().is_ok());
    let said = stretch.fetch(READ as u64 + 1).await.unwrap().unwrap_err();
    assert_eq!(said.kind(), std::io::ErrorKind::UnexpectedEof);
    assert!(!stretch.is_at_hand());
}

#[tokio::test]
async fn a_download_that_has_begun_survives_the_removal_of_its_blob() {
    let (_dir, store) = local();
    let bytes = noise(3 * READ);
    let content = put(&store, &bytes).await;
    let reading = store.read(&content, None).await.unwrap();
    store.delete(blob(&content)).await.unwrap();
    let pieces: Vec<Bytes> = reading.into_stream().try_collect().await.unwrap();
    assert!(pieces.concat() == bytes);
}
