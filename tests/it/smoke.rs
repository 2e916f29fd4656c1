//! The vault's verbs one after another, without any dialect.

use coatcheck::{
    domain::{
        error::Error,
        id::ItemKey,
        lock::{CheckOut, CheckedOut},
    },
    vault::Cancel,
};

use super::support::{server::Server, world};

#[tokio::test]
async fn a_lock_is_taken_refused_and_cancelled() {
    let server = Server::start().await;
    let (vault, world) = (&server.vault, &server.world);
    let (ann, bob) = (world::actor(vault, &world.ann).await, world::actor(vault, &world.bob).await);
    let look = vault.look(&ann, &ItemKey::Id(world.file.id)).await.unwrap();

    let taken = vault.check_out(&ann, &look, CheckOut::default()).await.unwrap();
    assert!(matches!(&taken, CheckedOut::Taken(lock) if lock.fence == 1 && lock.holder.login == "ann"));

    // looked at before, still free then
    assert!(matches!(vault.check_out(&bob, &look, CheckOut::default()).await, Err(Error::Held(_))));
    let held = vault.look(&bob, &ItemKey::Id(world.file.id)).await.unwrap();
    assert!(matches!(vault.cancel(&bob, &held, Cancel::default()).await, Err(Error::Held(_))));

    let cancelled = vault.cancel(&ann, &held, Cancel::default()).await.unwrap();
    assert!(!cancelled.rescued);
    assert!(world::now(vault, world, &world.file).await.lock().is_none());
}
