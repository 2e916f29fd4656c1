//! Changing the newest edition in place, and new editions on free files only: decided with the write, whatever was looked
//! at before.

use coatcheck::{
    domain::{
        actor::Actor,
        edition::{Metadata, Storage},
        error::Error,
        id::EditionId,
        lock::CheckOut,
    },
    vault::{Look, Published, RevisedBytes, Revision, Vault},
};

use super::{look, read, staged, text};
use crate::support::{server::Server, world};

fn web() -> Metadata {
    Metadata { storage: Some(Storage::Web), location: Some("http://a".to_owned()), ..Metadata::default() }
}

fn titled(title: &str) -> Metadata {
    Metadata { title: Some(title.to_owned()), ..Metadata::default() }
}

fn edition(look: &Look) -> EditionId {
    look.file().unwrap().edition.id
}

async fn say(vault: &Vault, actor: &Actor, look: &Look, metadata: Metadata) -> Result<Published, Error> {
    let revision = Revision { edition: edition(look), metadata, bytes: RevisedBytes::Stay };
    vault.revise(actor, look, revision).await
}

#[tokio::test]
async fn an_edition_that_is_the_newest_no_more_is_not_changed() {
    let server = Server::start().await;
    let (vault, world) = (&server.vault, &server.world);
    let ann = world::actor(vault, &world.ann).await;
    let before = look(vault, &ann, &world.file).await;
    vault.add_edition(&ann, &before, text(vault, "second").await).await.unwrap();
    for metadata in [titled("x"), web()] {
        assert!(matches!(say(vault, &ann, &before, metadata).await, Err(Error::NotLatest)));
    }
    let bytes = RevisedBytes::Replaced(staged(vault, "third").await);
    let revision = Revision { edition: edition(&before), metadata: Metadata::default(), bytes };
    assert!(matches!(vault.revise(&ann, &before, revision).await, Err(Error::NotLatest)));
    assert_eq!(read(vault, &ann, &world.file).await, "second");
}

#[tokio::test]
async fn a_check_out_in_between_counts_whosever_it_is() {
    let server = Server::start().await;
    let (vault, world) = (&server.vault, &server.world);
    let (ann, bob) = (world::actor(vault, &world.ann).await, world::actor(vault, &world.bob).await);
    let free = look(vault, &ann, &world.file).await;
    vault.check_out(&ann, &free, CheckOut::default()).await.unwrap();
    let held = look(vault, &ann, &world.file).await;
    for seen in [&free, &held] {
        // the holder's own lock refuses as well
        let added = vault.add_edition_when_free(&ann, seen, text(vault, "second").await).await;
        assert!(matches!(added, Err(Error::Held(_))), "{added:?}");
        assert!(matches!(say(vault, &ann, seen, web()).await, Err(Error::Held(_))));
        say(vault, &ann, seen, titled("mine")).await.unwrap();
    }
    let theirs = look(vault, &bob, &world.file).await;
    assert!(matches!(say(vault, &bob, &theirs, titled("x")).await, Err(Error::Held(_))));
    assert!(matches!(say(vault, &bob, &free, titled("x")).await, Err(Error::Held(_))));

    // what the holder has begun is over when the lock is
    vault.cancel(&ann, &held, coatcheck::vault::Cancel::default()).await.unwrap();
    assert!(matches!(say(vault, &ann, &held, titled("late")).await, Err(Error::FenceLost)));
    let now = look(vault, &ann, &world.file).await;
    assert_eq!((now.item().title.as_str(), vault.editions(&ann, &now).await.unwrap().len()), ("mine", 1));
}

#[tokio::test]
async fn bytes_replace_bytes_and_come_where_there_are_none() {
    let server = Server::start().await;
    let (vault, world) = (&server.vault, &server.world);
    let ann = world::actor(vault, &world.ann).await;
    let here = look(vault, &ann, &world.file).await;
    let revision = async |bytes| Revision { edition: edition(&here), metadata: Metadata::default(), bytes };
    let brought = revision(RevisedBytes::Brought(staged(vault, "x").await)).await;
    assert!(matches!(vault.revise(&ann, &here, brought).await, Err(Error::Impossible(_))));
    say(vault, &ann, &here, web()).await.unwrap();
    // the look is older than that
    let replaced = revision(RevisedBytes::Replaced(staged(vault, "x").await)).await;
    assert!(matches!(vault.revise(&ann, &here, replaced).await, Err(Error::NoContent)));
    let brought = revision(RevisedBytes::Brought(staged(vault, "back").await)).await;
    let elsewhere = look(vault, &ann, &world.file).await;
    vault.revise(&ann, &elsewhere, brought).await.unwrap();
    assert_eq!(read(vault, &ann, &world.file).await, "back");
    // and so is that one
    let brought = revision(RevisedBytes::Brought(staged(vault, "again").await)).await;
    assert!(matches!(vault.revise(&ann, &elsewhere, brought).await, Err(Error::Impossible(_))));
    assert_eq!(read(vault, &ann, &world.file).await, "back");
}

#[tokio::test]
async fn an_address_sends_no_bytes_away() {
    let server = Server::start().await;
    let (vault, world) = (&server.vault, &server.world);
    let ann = world::actor(vault, &world.ann).await;
    let here = look(vault, &ann, &world.file).await;
    let address = || Metadata { location: Some("http://b".to_owned()), ..Metadata::default() };
    assert!(matches!(say(vault, &ann, &here, address()).await, Err(Error::Invalid("location"))));
    say(vault, &ann, &here, web()).await.unwrap();
    let elsewhere = look(vault, &ann, &world.file).await;
    let bytes = RevisedBytes::Brought(staged(vault, "back").await);
    let brought = Revision { edition: edition(&here), metadata: Metadata::default(), bytes };
    vault.revise(&ann, &elsewhere, brought).await.unwrap();
    // said of a file that was elsewhere a moment ago
    assert!(matches!(say(vault, &ann, &elsewhere, address()).await, Err(Error::Invalid("location"))));
    let no_bytes = Metadata { storage: Some(Storage::File), ..Metadata::default() };
    say(vault, &ann, &look(vault, &ann, &world.file).await, no_bytes.clone()).await.unwrap();
    assert_eq!(read(vault, &ann, &world.file).await, "back");
    say(vault, &ann, &look(vault, &ann, &world.file).await, web()).await.unwrap();
    let refused = say(vault, &ann, &look(vault, &ann, &world.file).await, no_bytes).await;
    assert!(matches!(refused, Err(Error::ContentMissing)));
}
