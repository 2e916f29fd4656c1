//! Bytes: what is kept, what is swept, what a refused upload leaves.

use std::path::Path;

use coatcheck::{
    domain::{error::Error, lock::CheckOut},
    vault::{Cancel, Publication},
};

use super::{look, read, read_bytes, staged, text};
use crate::support::{server::Server, world};

/// The blobs in a content folder.
pub(super) fn blobs(folder: &Path) -> usize {
    let entries = std::fs::read_dir(folder).unwrap().map(Result::unwrap);
    entries.map(|entry| if entry.path().is_dir() { blobs(&entry.path()) } else { 1 }).sum()
}

/// More than stands in a row.
fn large(letter: &str) -> String {
    letter.repeat(100_000)
}

#[tokio::test]
async fn the_same_bytes_are_kept_once() {
    let server = Server::start().await;
    let (vault, world) = (&server.vault, &server.world);
    let ann = world::actor(vault, &world.ann).await;
    for _ in 0..3 {
        let file = look(vault, &ann, &world.file).await;
        vault.add_edition(&ann, &file, text(vault, &large("x")).await).await.unwrap();
    }
    assert_eq!(blobs(server.content.path()), 1);
    assert_eq!(read(vault, &ann, &world.file).await, large("x"));
}

#[tokio::test]
async fn a_refused_upload_leaves_no_bytes() {
    let server = Server::start().await;
    let (vault, world) = (&server.vault, &server.world);
    let (ann, bob) = (world::actor(vault, &world.ann).await, world::actor(vault, &world.bob).await);
    let file = look(vault, &ann, &world.file).await;
    vault.check_out(&bob, &look(vault, &bob, &world.file).await, CheckOut::default()).await.unwrap();
    let publication = text(vault, &large("y")).await;
    assert_eq!(blobs(server.content.path()), 1);
    assert!(matches!(vault.add_edition(&ann, &file, publication).await, Err(Error::Held(_))));
    assert_eq!(blobs(server.content.path()), 0);
}

#[tokio::test]
async fn the_sweeper_takes_what_nothing_names_and_nothing_else() {
    let server = Server::start().await;
    let (vault, world) = (&server.vault, &server.world);
    let ann = world::actor(vault, &world.ann).await;
    let file = look(vault, &ann, &world.file).await;
    vault.add_edition(&ann, &file, text(vault, &large("kept")).await).await.unwrap();
    // what a crash between bytes and row leaves
    drop(staged(vault, &large("orphan")).await.keep());
    // what a dropped draft leaves
    let file = look(vault, &ann, &world.file).await;
    vault.check_out(&ann, &file, CheckOut::default()).await.unwrap();
    let held = look(vault, &ann, &world.file).await;
    let draft: Publication = text(vault, &large("draft")).await;
    vault.save_draft(&ann, &held, draft).await.unwrap();
    vault.cancel(&ann, &look(vault, &ann, &world.file).await, Cancel::default()).await.unwrap();
    assert_eq!(blobs(server.content.path()), 3);

    assert_eq!(vault.sweep().await.unwrap(), coatcheck::vault::Swept::default());
    // blobs have the age of the real clock, which is ahead of the test's; both must pass the grace period
    server.advance(chrono::Duration::days(3650));
    let swept = vault.sweep().await.unwrap();
    assert_eq!((swept.contents, swept.orphans, blobs(server.content.path())), (1, 1, 1));
    assert_eq!(read(vault, &ann, &world.file).await, large("kept"));
}

#[tokio::test]
async fn bytes_that_were_swept_and_came_again_are_found_where_they_lie_now() {
    let server = Server::start().await;
    let (vault, world) = (&server.vault, &server.world);
    let ann = world::actor(vault, &world.ann).await;
    vault.check_out(&ann, &look(vault, &ann, &world.file).await, CheckOut::default()).await.unwrap();
    let held = look(vault, &ann, &world.file).await;
    vault.save_draft(&ann, &held, text(vault, &large("again")).await).await.unwrap();
    let held = look(vault, &ann, &world.file).await;
    // from here on the node remembers where they lie
    let download = vault.download_working_copy(&ann, &held).await.unwrap();
    assert_eq!(read_bytes(vault, &download).await, large("again"));
    vault.cancel(&ann, &held, Cancel::default()).await.unwrap();
    server.advance(chrono::Duration::days(3650));
    vault.sweep().await.unwrap();
    assert_eq!(blobs(server.content.path()), 0);

    let file = look(vault, &ann, &world.file).await;
    vault.add_edition(&ann, &file, text(vault, &large("again")).await).await.unwrap();
    assert_eq!(read(vault, &ann, &world.file).await, large("again"));
    // lost is lost
    std::fs::remove_dir_all(server.content.path()).unwrap();
    let file = look(vault, &ann, &world.file).await;
    let edition = file.file().unwrap().edition.clone();
    let download = vault.download(&ann, &file, &edition).await.unwrap();
    let lost = vault.open_bytes(&download.content, None).await;
    assert!(matches!(lost.err(), Some(Error::Broken(_))));
}
