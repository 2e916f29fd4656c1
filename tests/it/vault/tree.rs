//! Folders, names, moving and deleting.

use coatcheck::{
    domain::{
        error::{Error, Missing},
        id::{ItemId, ItemKey},
        item::{Change, ClientTimes, OnConflict},
        lock::CheckOut,
        name::ItemName,
        page::{Order, Window},
    },
    vault::Vault,
};

use super::look;
use crate::support::{
    server::Server,
    world::{self, World},
};

fn name(text: &str) -> ItemName {
    ItemName::parse(text).unwrap()
}

async fn folder(vault: &Vault, world: &World, parent: ItemId, text: &str) -> ItemId {
    let ann = world::actor(vault, &world.ann).await;
    let parent = vault.look(&ann, &ItemKey::Id(parent)).await.unwrap();
    vault.create_folder(&ann, &parent, &name(text), "", OnConflict::Fail, ClientTimes::default()).await.unwrap()
}

#[tokio::test]
async fn a_name_is_unique_in_its_folder_whatever_its_case_and_kind() {
    let server = Server::start().await;
    let (vault, world) = (&server.vault, &server.world);
    let ann = world::actor(vault, &world.ann).await;
    let root = vault.look(&ann, &ItemKey::Id(world.library.root)).await.unwrap();
    let make = async |on_conflict| {
        vault.create_folder(&ann, &root, &name("PLAN.TXT"), "", on_conflict, ClientTimes::default()).await
    };
    assert!(matches!(make(OnConflict::Fail).await, Err(Error::NameTaken(taken)) if taken == "PLAN.TXT"));
    let renamed = make(OnConflict::RenameParentheses).await.unwrap();
    assert_eq!(vault.item(&ann, &ItemKey::Id(renamed)).await.unwrap().name, "PLAN.TXT(2)");
    let path = |text: &str| ItemKey::Path(Box::new(ItemKey::Root(world.library.id)), vec![text.to_owned()]);
    assert_eq!(vault.item(&ann, &path("pLaN.tXt")).await.unwrap().id, world.file.id);
}

#[tokio::test]
async fn a_moved_folder_takes_everything_below_along() {
    let server = Server::start().await;
    let (vault, world) = (&server.vault, &server.world);
    let ann = world::actor(vault, &world.ann).await;
    let a = folder(vault, world, world.library.root, "a").await;
    let b = folder(vault, world, a, "b").await;
    let c = folder(vault, world, b, "c").await;
    let target = folder(vault, world, world.library.root, "target").await;
    let file = look(vault, &ann, &world.file).await;
    vault.update(&ann, &file, Change { parent: Some(c), ..Change::default() }).await.unwrap();

    let moved = vault.look(&ann, &ItemKey::Id(b)).await.unwrap();
    vault.update(&ann, &moved, Change { parent: Some(target), ..Change::default() }).await.unwrap();
    let file = vault.item(&ann, &ItemKey::Id(world.file.id)).await.unwrap();
    let above: Vec<_> = file.ancestors.iter().map(|above| above.name.as_str()).collect();
    assert_eq!(above, ["Engineering", "target", "b", "c"]);

    let target_look = vault.look(&ann, &ItemKey::Id(target)).await.unwrap();
    for into in [c, target] {
        let moved = vault.update(&ann, &target_look, Change { parent: Some(into), ..Change::default() }).await;
        assert!(matches!(moved, Err(Error::Impossible(_))), "{moved:?}");
    }
}

#[tokio::test]
async fn a_folder_with_somebody_elses_lock_below_is_neither_deleted_nor_is_the_lock_lost() {
    let server = Server::start().await;
    let (vault, world) = (&server.vault, &server.world);
    let (ann, bob) = (world::actor(vault, &world.ann).await, world::actor(vault, &world.bob).await);
    let a = folder(vault, world, world.library.root, "a").await;
    let b = folder(vault, world, a, "b").await;
    let file = look(vault, &ann, &world.file).await;
    vault.update(&ann, &file, Change { parent: Some(b), ..Change::default() }).await.unwrap();
    let file = look(vault, &ann, &world.file).await;
    vault.check_out(&ann, &file, CheckOut::default()).await.unwrap();

    let above = vault.look(&bob, &ItemKey::Id(a)).await.unwrap();
    assert!(matches!(vault.delete(&bob, &above).await, Err(Error::Held(lock)) if lock.holder.login == "ann"));
    // the holder may; the lock ends with it
    let above = vault.look(&ann, &ItemKey::Id(a)).await.unwrap();
    vault.delete(&ann, &above).await.unwrap();
    for gone in [a, b, world.file.id] {
        let look = vault.look(&ann, &ItemKey::Id(gone)).await;
        assert!(matches!(look, Err(Error::Missing(Missing::Item))));
    }
    assert!(matches!(vault.check_out(&bob, &file, CheckOut::default()).await, Err(Error::Missing(Missing::Item))));
}

#[tokio::test]
async fn what_one_may_not_see_is_missing_and_not_in_lists() {
    let server = Server::start().await;
    let (vault, world) = (&server.vault, &server.world);
    let (eve, vic) = (world::actor(vault, &world.eve).await, world::actor(vault, &world.vic).await);
    assert!(matches!(vault.look(&eve, &ItemKey::Id(world.file.id)).await, Err(Error::Missing(Missing::Hidden))));
    assert!(vault.libraries(&eve).await.unwrap().is_empty());
    let root = vault.look(&vic, &ItemKey::Id(world.library.root)).await.unwrap();
    let window = Window { offset: 0, limit: 10, order: Order::Name };
    let page = vault.children(&vic, &root, coatcheck::store::items::Among::default(), window).await.unwrap();
    assert_eq!((page.items.len(), page.total), (1, 1));
    let beyond = Window { offset: 5, ..window };
    let page = vault.children(&vic, &root, coatcheck::store::items::Among::default(), beyond).await.unwrap();
    assert_eq!((page.items.len(), page.total), (0, 1));
}

#[tokio::test]
async fn making_in_a_folder_and_moving_it_at_once_never_leaves_a_wrong_path() {
    let server = Server::start().await;
    let (vault, world) = (&server.vault, &server.world);
    let ann = world::actor(vault, &world.ann).await;
    let (left, right) = (
        folder(vault, world, world.library.root, "left").await,
        folder(vault, world, world.library.root, "right").await,
    );
    let moving = folder(vault, world, left, "moving").await;
    let inner = folder(vault, world, moving, "inner").await;
    for round in 0..10 {
        let target = if round % 2 == 0 { right } else { left };
        let mut tasks = tokio::task::JoinSet::new();
        for n in 0..6 {
            let (vault, ann) = (vault.clone(), ann.clone());
            tasks.spawn(async move {
                let parent = vault.look(&ann, &ItemKey::Id(inner)).await.unwrap();
                let name = name(&format!("made {round} {n}"));
                vault.create_folder(&ann, &parent, &name, "", OnConflict::Fail, ClientTimes::default()).await.unwrap();
            });
        }
        let (mover, actor) = (vault.clone(), ann.clone());
        tasks.spawn(async move {
            let look = mover.look(&actor, &ItemKey::Id(moving)).await.unwrap();
            mover.update(&actor, &look, Change { parent: Some(target), ..Change::default() }).await.unwrap();
        });
        tasks.join_all().await;
    }
    let parent = vault.look(&ann, &ItemKey::Id(inner)).await.unwrap();
    let window = Window { offset: 0, limit: 100, order: Order::Name };
    let page = vault.children(&ann, &parent, coatcheck::store::items::Among::default(), window).await.unwrap();
    assert_eq!(page.total, 60);
    for item in page.items {
        let above: Vec<_> = item.ancestors.iter().map(|above| above.name.as_str()).collect();
        assert_eq!(above, ["Engineering", "left", "moving", "inner"]);
    }
}
