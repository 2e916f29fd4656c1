//! Check-outs that end by themselves and are checked in: nobody waits for one that cannot be had, and none for another.

use std::future::Future;

use chrono::Duration;
use coatcheck::{
    config::Config,
    domain::{
        actor::{Actor, Dialect},
        edition::Metadata,
        error::Error,
        id::ItemKey,
        item::Item,
        lock::CheckOut,
        page::{Order, Window},
    },
    store::{self, items::Among},
    vault::{LibraryUpdate, Look, Publication, Quota, Vault},
};
use serde_json::json;
use sqlx::{Connection, PgConnection};

use super::{gates::secret, look, read, staged};
use crate::support::{
    graph::address,
    oracle::link,
    server::{Server, config, open_vault},
    world::{self, Somebody},
};

const CHECK_IN: [(&str, &str); 1] = [("liferay.lock_expiry", "check_in")];
const WINDOW: Window = Window { offset: 0, limit: 200, order: Order::Name };

async fn liferay_actor(vault: &Vault, somebody: &Somebody) -> Actor {
    Actor { dialect: Dialect::Liferay, ..world::actor(vault, somebody).await }
}

/// Ann checks a file out for so many minutes.
async fn take(server: &Server, file: &Item, minutes: i64) {
    let (vault, ann) = (&server.vault, liferay_actor(&server.vault, &server.world.ann).await);
    let wanted = CheckOut { lifetime: Some(Duration::minutes(minutes)), ..CheckOut::default() };
    vault.check_out(&ann, &look(vault, &ann, file).await, wanted).await.unwrap();
}

/// Ann saves something in it, under a title.
async fn save(server: &Server, file: &Item, title: &str) {
    let (vault, ann) = (&server.vault, liferay_actor(&server.vault, &server.world.ann).await);
    let metadata = Metadata { title: Some(title.to_owned()), ..Metadata::default() };
    let draft = Publication::of(staged(vault, "draft").await, metadata);
    vault.save_draft(&ann, &look(vault, &ann, file).await, draft).await.unwrap();
}

/// A new file of Ann's that she has checked out for so many minutes.
async fn taken(server: &Server, name: &str, minutes: i64) -> Item {
    let world = &server.world;
    let file = world::file(&server.vault, &world.ann, &world.library, name, "first words").await;
    take(server, &file, minutes).await;
    file
}

/// The same with something saved in it, under a title.
async fn left(server: &Server, name: &str, minutes: i64, title: &str) -> Item {
    let file = taken(server, name, minutes).await;
    save(server, &file, title).await;
    file
}

async fn connection(server: &Server) -> PgConnection {
    PgConnection::connect(&server.database.url).await.unwrap()
}

/// How many editions a file has had, read without a look at it.
async fn editions(server: &Server, file: &Item) -> Option<i32> {
    let count = sqlx::query_scalar("SELECT ordinal FROM items WHERE id = $1").bind(file.id.0);
    count.fetch_one(&mut connection(server).await).await.unwrap()
}

/// How many events the trail has of a file, read likewise.
async fn events(server: &Server, file: &Item) -> i64 {
    let count = sqlx::query_scalar("SELECT count(*) FROM events WHERE item_id = $1").bind(file.id.0);
    count.fetch_one(&mut connection(server).await).await.unwrap()
}

const ITS_LOCK: &str = "SELECT file_id FROM locks WHERE file_id = $1 FOR UPDATE";
const THE_FILE: &str = "SELECT id FROM items WHERE id = $1 FOR NO KEY UPDATE";

/// Somebody who is about to change a file or its lock, until they are told to [`leave`].
async fn somebody_at(server: &Server, what: &'static str, file: &Item) -> PgConnection {
    let mut db = connection(server).await;
    sqlx::query("BEGIN").execute(&mut db).await.unwrap();
    sqlx::query(what).bind(file.id.0).execute(&mut db).await.unwrap();
    db
}

async fn leave(mut db: PgConnection) {
    sqlx::query("ROLLBACK").execute(&mut db).await.unwrap();
}

/// What nobody need be waited for.
async fn soon<T>(what: impl Future<Output = T>) -> T {
    within(2, what).await
}

async fn within<T>(seconds: u64, what: impl Future<Output = T>) -> T {
    tokio::time::timeout(std::time::Duration::from_secs(seconds), what).await.expect("it waits for nobody")
}

async fn root(server: &Server, actor: &Actor) -> Look {
    server.vault.look(actor, &ItemKey::Id(server.world.library.root)).await.unwrap()
}

/// The files in the library's root folder: names, with the newest edition's place and whether somebody holds it.
async fn listed(server: &Server, actor: &Actor) -> Vec<(String, i32, bool)> {
    let root = root(server, actor).await;
    let page = soon(server.vault.children(actor, &root, Among::default(), WINDOW)).await.unwrap();
    let files = page.items.iter().filter_map(|item| Some((item, item.file.as_ref()?)));
    files.map(|(item, file)| (item.name.clone(), file.edition.ordinal, file.lock.is_some())).collect()
}

fn shown(name: &str, editions: i32) -> (String, i32, bool) {
    (name.to_owned(), editions, false)
}

#[tokio::test]
async fn what_somebody_is_about_to_change_keeps_neither_the_feed_nor_a_list_nor_the_background_waiting() {
    for what in [ITS_LOCK, THE_FILE] {
        let server = Server::start_with(&CHECK_IN).await;
        let (vault, world) = (&server.vault, &server.world);
        let bob = world::actor(vault, &world.bob).await;
        let held = left(&server, "held.txt", 1, "held.txt").await;
        let mut others = Vec::new();
        for minutes in 1..4 {
            let name = format!("other{minutes}.txt");
            others.push(left(&server, &name, minutes, &name).await);
        }
        let somebody = somebody_at(&server, what, &held).await;

        server.advance(Duration::minutes(1));
        soon(vault.settle()).await.unwrap();
        assert_eq!((editions(&server, &held).await, editions(&server, &others[0]).await), (Some(1), Some(2)), "{what}");
        server.advance(Duration::minutes(1));
        let list = listed(&server, &bob).await;
        assert!(list.contains(&shown("held.txt", 1)) && list.contains(&shown("other2.txt", 2)), "{what}: {list:?}");
        server.advance(Duration::minutes(1));
        soon(vault.settle_lapses()).await.unwrap();
        assert_eq!((editions(&server, &held).await, editions(&server, &others[2]).await), (Some(1), Some(2)), "{what}");
        soon(vault.sweep()).await.unwrap();

        leave(somebody).await;
        vault.settle_lapses().await.unwrap();
        assert_eq!(editions(&server, &held).await, Some(2), "{what}");
    }
}

#[tokio::test]
async fn what_is_cancelled_in_the_end_is_not_waited_for_either() {
    let server = Server::start_with(&CHECK_IN).await;
    let (vault, world) = (&server.vault, &server.world);
    let held = left(&server, "held.txt", 1, "held.txt").await;
    let other = left(&server, "other.txt", 1, "other.txt").await;
    let (mut before, told) = (Vec::new(), [&held, &other]);
    for file in told {
        before.push(events(&server, file).await);
    }
    // who may not check in any more
    assert!(vault.revoke(world.library.root, world.ann.person.id).await.unwrap());
    server.advance(Duration::minutes(1));
    let somebody = somebody_at(&server, ITS_LOCK, &held).await;
    soon(vault.settle()).await.unwrap();
    soon(vault.settle_lapses()).await.unwrap();
    assert_eq!((events(&server, &held).await, events(&server, &other).await), (before[0], before[1] + 1));
    leave(somebody).await;
    vault.settle_lapses().await.unwrap();
    assert_eq!(events(&server, &held).await, before[0] + 1);
}

#[tokio::test]
async fn where_there_is_a_quota_it_waits_for_nobodys_turn() {
    let server = Server::start_with(&CHECK_IN).await;
    let (vault, world) = (&server.vault, &server.world);
    let update = LibraryUpdate { quota_bytes: Some(Quota::Bytes(1_000)), ..LibraryUpdate::default() };
    vault.update_library(world.library.id, &update).await.unwrap();
    let file = left(&server, "file.txt", 1, "file.txt").await;
    server.advance(Duration::minutes(1));
    let mut turn = connection(&server).await;
    sqlx::query("BEGIN").execute(&mut turn).await.unwrap();
    store::libraries::take_turn(&mut turn, world.library.id).await.unwrap();
    soon(vault.settle()).await.unwrap();
    assert_eq!(editions(&server, &file).await, Some(2));
    leave(turn).await;
}

#[tokio::test]
async fn what_is_still_to_be_checked_in_is_not_forgotten_however_late_that_is() {
    let server = Server::start_with(&CHECK_IN).await;
    let (vault, world) = (&server.vault, &server.world);
    let file = left(&server, "late.txt", 1, "late.txt").await;
    server.advance(Duration::days(40));
    let somebody = somebody_at(&server, ITS_LOCK, &file).await;
    assert_eq!(soon(vault.sweep()).await.unwrap().drafts, 0);
    leave(somebody).await;
    let bob = world::actor(vault, &world.bob).await;
    assert_eq!(read(vault, &bob, &file).await, "draft");
}

#[tokio::test]
async fn what_cannot_be_settled_keeps_nothing_that_lapsed_later_from_it_however_much_it_is() {
    let server = Server::start_with(&CHECK_IN).await;
    let vault = &server.vault;
    let mut hindered = Vec::new();
    for n in 0..101 {
        hindered.push(taken(&server, &format!("{n}.txt"), 1).await);
    }
    let good = taken(&server, "good.txt", 2).await;
    server.advance(Duration::minutes(2));
    // a fault in the rows of some, and somebody at the others
    let (faulty, busy) = hindered.split_at(60);
    let ids = |files: &[Item]| files.iter().map(|file| file.id.0).collect::<Vec<_>>();
    let spoil = sqlx::query("UPDATE items SET ordinal = NULL WHERE id = ANY ($1)").bind(ids(faulty));
    spoil.execute(&mut connection(&server).await).await.unwrap();
    let mut somebody = connection(&server).await;
    sqlx::query("BEGIN").execute(&mut somebody).await.unwrap();
    let hold = sqlx::query("SELECT file_id FROM locks WHERE file_id = ANY ($1) FOR UPDATE").bind(ids(busy));
    hold.execute(&mut somebody).await.unwrap();

    within(30, vault.settle()).await.unwrap();
    within(30, vault.settle_lapses()).await.unwrap();
    assert_eq!(editions(&server, &good).await, Some(2));
    leave(somebody).await;
    vault.settle_lapses().await.unwrap();
    for file in busy {
        assert_eq!(editions(&server, file).await, Some(2));
    }
    for file in faulty {
        assert_eq!((editions(&server, file).await, events(&server, file).await), (None, 2), "made and taken");
    }
    // what was the matter is mended: who asks for the file finds the version
    let mend = sqlx::query("UPDATE items SET ordinal = 1 WHERE id = $1").bind(faulty[0].id.0);
    mend.execute(&mut connection(&server).await).await.unwrap();
    let bob = world::actor(vault, &server.world.bob).await;
    assert_eq!(look(vault, &bob, &faulty[0]).await.item().file.as_ref().unwrap().edition.ordinal, 2);
}

/// Waits until a statement waits for somebody else's transaction.
async fn until_waiting(server: &Server) {
    let mut db = connection(server).await;
    for _ in 0..400 {
        let waiting = sqlx::query_scalar(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'",
        );
        let waiting: i64 = waiting.fetch_one(&mut db).await.unwrap();
        if waiting > 0 {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(25)).await;
    }
    panic!("nothing waits");
}

#[tokio::test]
async fn what_is_hidden_while_a_list_settles_is_not_listed_with_what_it_is_by_then() {
    for hidden in [true, false] {
        let server = Server::start_with(&CHECK_IN).await;
        let (vault, world) = (&server.vault, &server.world);
        let secret = secret(&server).await;
        left(&server, "a.txt", 1, "wanted.txt").await;
        let file = left(&server, "b.txt", 1, "b.txt").await;
        server.advance(Duration::minutes(1));
        let max = world::actor(vault, &world.max).await;
        let root = root(&server, &max).await;
        // the list has been read, and waits for the name that the first file is to have
        let mut somebody = connection(&server).await;
        sqlx::query("BEGIN").execute(&mut somebody).await.unwrap();
        let rename = sqlx::query("UPDATE items SET name = 'wanted.txt', name_key = 'wanted.txt' WHERE id = $1");
        rename.bind(world.file.id.0).execute(&mut somebody).await.unwrap();
        let listing = {
            let (vault, max) = (vault.clone(), max.clone());
            tokio::spawn(async move { vault.children(&max, &root, Among::default(), WINDOW).await })
        };
        until_waiting(&server).await;
        if hidden {
            let mut db = connection(&server).await;
            let hide = sqlx::query("UPDATE items SET category_id = $2 WHERE id = $1").bind(file.id.0).bind(secret.0);
            hide.execute(&mut db).await.unwrap();
            let decided = sqlx::query("UPDATE locks SET revision = revision + 1 WHERE file_id = $1").bind(file.id.0);
            decided.execute(&mut db).await.unwrap();
        }
        leave(somebody).await;
        let page = listing.await.unwrap().unwrap();
        let names: Vec<_> = page.items.iter().map(|item| item.name.as_str()).collect();
        assert!(names.contains(&"wanted.txt") && names.contains(&"plan.txt"), "{names:?}");
        assert_eq!(names.contains(&"b.txt"), !hidden, "{names:?}");
    }
}

#[tokio::test]
async fn a_node_that_is_started_with_something_else_than_the_one_before_is_told() {
    let server = Server::start_with(&CHECK_IN).await;
    let open = async |config: &Config| {
        open_vault(&server.database.url, server.content.path(), server.clock.clone(), config).await
    };
    let (cancels, checks_in) = (open(&config(&[])).await, open(&config(&CHECK_IN)).await);
    assert!(!server.vault.declare_lapses().await.unwrap(), "nobody has said anything before");
    assert!(!checks_in.declare_lapses().await.unwrap());
    assert!(cancels.declare_lapses().await.unwrap());
    assert!(!cancels.declare_lapses().await.unwrap(), "it is what the one before said");
    assert!(checks_in.declare_lapses().await.unwrap());
}

#[tokio::test]
async fn who_may_not_see_a_file_settles_nothing_and_waits_for_nobody_by_asking_for_it() {
    let server = Server::start_with(&CHECK_IN).await;
    let (vault, world) = (&server.vault, &server.world);
    let file = left(&server, "unseen.txt", 1, "unseen.txt").await;
    let before = events(&server, &file).await;
    server.advance(Duration::minutes(1));
    let eve = world::actor(vault, &world.eve).await;
    let path = format!("/dlapp/get-file-entry?fileEntryId={}", file.number);
    let asks = async || {
        let seen = within(1, vault.look(&eve, &ItemKey::Id(file.id))).await;
        assert!(matches!(seen, Err(Error::Missing(_))), "{seen:?}");
        within(1, server.graph(&world.eve).get(&address(&file))).await.expect(404);
        within(1, server.liferay(&world.eve).get(&path)).await.expect(404);
        assert_eq!((editions(&server, &file).await, events(&server, &file).await), (Some(1), before));
    };
    let somebody = somebody_at(&server, ITS_LOCK, &file).await;
    asks().await;
    leave(somebody).await;
    asks().await;
    let bob = world::actor(vault, &world.bob).await;
    assert_eq!(read(vault, &bob, &file).await, "draft");
}

#[tokio::test]
async fn whom_a_link_lets_in_finds_the_version_it_became() {
    let server = Server::start_with(&CHECK_IN).await;
    let (world, file) = (&server.world, &server.world.file);
    let (path, id) =
        (format!("/files/{}", file.oracle_id), link(&server, json!({"assignedUsers": "@everybody"})).await);
    let oracle = server.oracle(&world.eve).link(&id);
    let spec = json!({"type": "view"});
    let made =
        server.graph(&world.max).post_json(&format!("{}/createLink", address(file)), spec).await.expect(201).json();
    let share = format!("/v1.0/shares/{}/driveItem", made["shareId"].as_str().unwrap());

    take(&server, file, 1).await;
    save(&server, file, "plan.txt").await;
    server.advance(Duration::minutes(1));
    assert_eq!(oracle.get(&path).await.expect(200).json()["version"], "2");
    assert_eq!(editions(&server, file).await, Some(2));

    take(&server, file, 1).await;
    save(&server, file, "plan.txt").await;
    server.advance(Duration::minutes(1));
    assert_eq!(server.graph(&world.eve).get(&share).await.expect(200).json()["size"], 5);
    assert_eq!(editions(&server, file).await, Some(3));
}
