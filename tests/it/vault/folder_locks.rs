//! Locks on folders: when their time ends, what they are to a change that meant an exact state, to whom they are told, and in
//! which order they are held.

use chrono::Duration;
use coatcheck::{
    domain::{
        actor::{Actor, Dialect, Level},
        clock::Clock,
        error::{Error, Missing},
        item::{Change, Item},
        lock::{CheckOut, LockFolder},
        name::ItemName,
    },
    vault::{Cancel, Vault, setup::CategoryEntry},
};
use sqlx::{Connection, PgConnection};
use uuid::Uuid;

use super::{look, meetings::somebody_waits, text};
use crate::support::{
    server::{self, Server},
    world::{self, Somebody},
};

/// A folder that Max made, one in it, and a file in that one.
struct Shelf {
    outer: Item,
    inner: Item,
    file: Item,
}

async fn shelf(server: &Server) -> Shelf {
    let max = server.liferay(&server.world.max);
    let outer = max.make_folder(0, "Outer").await;
    let inner = max.make_folder(outer, "Inner").await;
    let file = max.add_to(inner, "leaf.txt").await;
    Shelf {
        outer: world::numbered(&server.vault, &server.world, outer).await,
        inner: world::numbered(&server.vault, &server.world, inner).await,
        file: world::numbered(&server.vault, &server.world, file).await,
    }
}

async fn liferay_actor(vault: &Vault, somebody: &Somebody) -> Actor {
    Actor { dialect: Dialect::Liferay, ..world::actor(vault, somebody).await }
}

fn lasting(milliseconds: i64) -> LockFolder {
    let lifetime = Some(Duration::milliseconds(milliseconds));
    LockFolder { lifetime, owner_text: "secret".to_owned(), inheritable: true }
}

fn described(description: &str) -> Change {
    Change { description: Some(description.to_owned()), ..Change::default() }
}

fn named(name: &str) -> Change {
    Change { name: Some(ItemName::parse(name).unwrap()), ..Change::default() }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lock_that_ends_while_its_refresh_waits_has_ended() {
    let server = Server::start().await;
    let shelf = shelf(&server).await;
    // by the database's own clock
    let vault = server::open_vault(&server.database.url, server.content.path(), Clock::Database, &server.config).await;
    let ann = liferay_actor(&vault, &server.world.ann).await;
    let bob = liferay_actor(&vault, &server.world.bob).await;
    let lock = vault.lock_folder(&ann, &look(&vault, &ann, &shelf.outer).await, lasting(400)).await.unwrap();
    let mut db = PgConnection::connect(&server.database.url).await.unwrap();
    let mut held = db.begin().await.unwrap();
    sqlx::query("SELECT id FROM libraries FOR NO KEY UPDATE").execute(&mut *held).await.unwrap();
    let refreshing = {
        let (vault, ann, outer) = (vault.clone(), ann.clone(), look(&vault, &ann, &shelf.outer).await);
        tokio::spawn(async move {
            tokio::time::sleep(std::time::Duration::from_millis(150)).await;
            vault.refresh_folder_lock(&ann, &outer, lock.uuid, Some(Duration::minutes(5))).await
        })
    };
    tokio::time::sleep(std::time::Duration::from_millis(600)).await;
    // somebody else finds it free and works in it
    vault.add_edition(&bob, &look(&vault, &bob, &shelf.file).await, text(&vault, "later").await).await.unwrap();
    held.rollback().await.unwrap();
    let refreshed = refreshing.await.unwrap();
    assert!(matches!(refreshed, Err(Error::Missing(Missing::Lock))), "{refreshed:?}");
    assert!(look(&vault, &ann, &shelf.outer).await.item().own_folder_lock().is_none());
}

#[tokio::test]
async fn a_change_of_an_exact_state_does_not_mind_a_lock_of_ones_own_above_it() {
    let server = Server::start().await;
    let shelf = shelf(&server).await;
    let vault = &server.vault;
    let ann = liferay_actor(vault, &server.world.ann).await;
    let bob = liferay_actor(vault, &server.world.bob).await;
    let exactly = async || look(vault, &ann, &shelf.file).await.exactly();
    let outer = async |who: &Actor| look(vault, who, &shelf.outer).await;

    let seen = exactly().await;
    let lock = vault.lock_folder(&ann, &outer(&ann).await, lasting(60_000)).await.unwrap();
    vault.update(&ann, &seen, described("one")).await.unwrap();
    // an upload during which the lock is prolonged
    let prolong = async || {
        server.advance(Duration::seconds(30));
        vault.refresh_folder_lock(&ann, &outer(&ann).await, lock.uuid, Some(Duration::seconds(60))).await.unwrap();
    };
    let seen = exactly().await;
    prolong().await;
    vault.add_edition(&ann, &seen, text(vault, "second").await).await.unwrap();

    // what was renamed in between is not what was meant
    let seen = exactly().await;
    vault.update(&ann, &look(vault, &ann, &shelf.file).await, named("other.txt")).await.unwrap();
    let refused = vault.update(&ann, &seen, described("two")).await;
    assert!(matches!(refused, Err(Error::PreconditionFailed)), "{refused:?}");
    // nor is it where the caller's own working copy is another
    vault.check_out(&ann, &look(vault, &ann, &shelf.file).await, CheckOut::default()).await.unwrap();
    let seen = exactly().await;
    vault.save_draft(&ann, &look(vault, &ann, &shelf.file).await, text(vault, "draft").await).await.unwrap();
    prolong().await;
    let refused = vault.update(&ann, &seen, described("two")).await;
    assert!(matches!(refused, Err(Error::PreconditionFailed)), "{refused:?}");
    vault.cancel(&ann, &look(vault, &ann, &shelf.file).await, Cancel::default()).await.unwrap();
    vault.unlock_folder(&ann, &outer(&ann).await, None, None).await.unwrap();
    // somebody else's lock comes first
    let seen = exactly().await;
    vault.lock_folder(&bob, &outer(&bob).await, lasting(60_000)).await.unwrap();
    let refused = vault.update(&ann, &seen, described("two")).await;
    assert!(matches!(&refused, Err(Error::Held(lock)) if lock.holder.login == "bob"), "{refused:?}");
}

#[tokio::test]
async fn what_is_locked_below_and_not_seen_is_not_named() {
    let server = Server::start().await;
    let shelf = shelf(&server).await;
    let (vault, world) = (&server.vault, &server.world);
    let max = server.liferay(&world.max);
    let target = max.make_folder(0, "Target").await;
    let target = world::numbered(vault, world, target).await;
    let ann = liferay_actor(vault, &world.ann).await;
    let lock = vault.lock_folder(&ann, &look(vault, &ann, &shelf.inner).await, lasting(60_000)).await.unwrap();
    // from Bob the folder is hidden, from Max it is not
    let mut change = vault.set_up().await.unwrap();
    let entry = CategoryEntry { default_level: Some(Level::None), ..CategoryEntry::default() };
    let hidden = change.put_category(&["Secret"], &entry).await.unwrap().0.id;
    change.put_level(hidden, world.max.person.id, Level::Full).await.unwrap();
    change.commit().await.unwrap();
    let mut db = PgConnection::connect(&server.database.url).await.unwrap();
    sqlx::query("UPDATE items SET category_id = $1 WHERE number = $2")
        .bind(hidden.0)
        .bind(shelf.inner.number)
        .execute(&mut db)
        .await
        .unwrap();
    let into = Change { parent: Some(target.id), ..Change::default() };
    for (somebody, (uuid, number, owner)) in
        [(&world.bob, (Uuid::nil(), 0, "")), (&world.max, (lock.uuid, lock.number, "secret"))]
    {
        let actor = liferay_actor(vault, somebody).await;
        let refused = vault.update(&actor, &look(vault, &actor, &shelf.outer).await, into.clone()).await;
        let Err(Error::Held(held)) = refused else { panic!("{refused:?}") };
        assert_eq!((held.uuid, held.number, held.owner_text.as_str()), (uuid, number, owner));
        assert_eq!(held.holder.login, "ann");
    }
}

#[tokio::test]
async fn who_puts_a_file_in_anothers_place_holds_the_tree_before_the_lock() {
    let server = Server::start().await;
    let (vault, world) = (&server.vault, &server.world);
    let ann = world::actor(vault, &world.ann).await;
    let comes = world::file(vault, &world.ann, &world.library, "comes.txt", "comes").await;
    let goes = world::file(vault, &world.ann, &world.library, "goes.txt", "goes").await;
    let mut db = PgConnection::connect(&server.database.url).await.unwrap();
    let mut held = db.begin().await.unwrap();
    let lock = "SELECT file_id FROM locks WHERE file_id = $1 FOR UPDATE";
    sqlx::query(lock).bind(goes.id.0).execute(&mut *held).await.unwrap();
    let taking = {
        let (vault, ann, look) = (vault.clone(), ann.clone(), look(vault, &ann, &comes).await);
        tokio::spawn(async move { vault.update_over(&ann, &look, named("goes.txt")).await })
    };
    somebody_waits(&server).await;
    // who locks a folder holds the tree and then wants the locks below: they have to wait for the tree already
    let mut other = PgConnection::connect(&server.database.url).await.unwrap();
    let alone = "SELECT id FROM libraries WHERE id = $1 FOR NO KEY UPDATE NOWAIT";
    let refused = sqlx::query(alone).bind(world.library.id.0).execute(&mut other).await.unwrap_err();
    assert_eq!(refused.as_database_error().unwrap().code().unwrap(), "55P03");
    held.rollback().await.unwrap();
    taking.await.unwrap().unwrap();
    assert_eq!(world::now(vault, world, &comes).await.name, "goes.txt");
}
