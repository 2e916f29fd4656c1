//! Bytes: what is kept, what is swept, what a refused upload leaves.

use std::path::Path;

use coatcheck::{
    domain::{error::Error, lock::CheckOut},
    vault::{Cancel, Publication},
};

use super::{look, read, staged, text};
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
