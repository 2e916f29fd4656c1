//! Check-outs that end by themselves and are checked in, at the very moment of their end: of all who look at once one makes
//! the version, nobody loses anything, and a killed server leaves nothing half done.

use chrono::Duration;
use coatcheck::{
    domain::{
        actor::{Actor, Dialect},
        clock::Clock,
        error::{Error, Missing},
        id::ItemKey,
        item::{Item, Kind},
        lock::CheckOut,
        page::{Order, Window},
    },
    embedded,
    store::items::Among,
    vault::Vault,
};
use serde_json::json;
use tokio::task::JoinSet;

use super::expiry::{CHECK_IN, trail};
use crate::support::{
    acts::{CLIENTS, Client, Clients, Outcome},
    database::DurableFolder,
    graph::address,
    process::Process,
    server::{self, Server},
    world::{self, PASSWORD, Somebody},
};

const CHECKED_IN: &str = "ann: CheckIn Done Automatic timeout checkin";

async fn liferay_actor(vault: &Vault, somebody: &Somebody) -> Actor {
    Actor { dialect: Dialect::Liferay, ..world::actor(vault, somebody).await }
}

fn lasting(lifetime: Duration) -> CheckOut {
    CheckOut { lifetime: Some(lifetime), ..CheckOut::default() }
}

/// A new file of Ann's that she checks out for so long and has saved something in.
async fn left(server: &Server, vault: &Vault, name: &str, lifetime: Duration) -> Item {
    let world = &server.world;
    let file = world::file(vault, &world.ann, &world.library, name, "first words").await;
    let ann = liferay_actor(vault, &world.ann).await;
    let look = vault.look(&ann, &ItemKey::Id(file.id)).await.unwrap();
    vault.check_out(&ann, &look, lasting(lifetime)).await.unwrap();
    let outcome = Clients::new(server).upload(Client::Liferay, &world.ann, &file, "draft").await;
    assert_eq!(outcome, Outcome::Done);
    file
}

fn checked_in(told: &[String]) -> usize {
    told.iter().filter(|line| *line == CHECKED_IN).count()
}

#[tokio::test(flavor = "multi_thread")]
async fn of_twenty_who_read_at_the_end_on_two_nodes_one_makes_the_version_and_all_see_it() {
    let server = Server::start_with(&CHECK_IN).await;
    let (other, second) = server.another_node().await;
    for round in 0..10 {
        let file = left(&server, &server.vault, &format!("read{round}.txt"), Duration::minutes(1)).await;
        server.advance(Duration::minutes(1));
        let mut readers = JoinSet::new();
        for n in 0..20 {
            let node = if n % 2 == 0 { server.address } else { other };
            let request = match n % 4 {
                0 | 1 => {
                    let path = format!("/api/jsonws/dlapp/get-file-entry?fileEntryId={}", file.number);
                    let request = server.http.get(format!("http://{node}{path}"));
                    request.basic_auth(&server.world.bob.person.email, Some(PASSWORD))
                }
                _ => {
                    let request = server.http.get(format!("http://{node}{}", address(&file)));
                    request.bearer_auth(&server.world.bob.token)
                }
            };
            readers.spawn(async move { request.send().await.unwrap().text().await.unwrap() });
        }
        let background = second.clone();
        let settling = tokio::spawn(async move { background.settle_lapses().await });
        for answer in readers.join_all().await {
            assert!(answer.contains(r#""size":"5""#) || answer.contains(r#""size":5"#), "{answer}");
        }
        settling.await.unwrap().unwrap();
        let told = trail(&server, &file).await;
        assert_eq!((checked_in(&told), told.len()), (1, 3), "{told:?}");
        let now = world::now(&server.vault, &server.world, &file).await;
        assert_eq!(now.file.unwrap().edition.ordinal, 2);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn of_all_who_take_it_at_its_end_one_has_it_with_the_new_version() {
    let server = Server::start_with(&CHECK_IN).await;
    let clients = Clients::new(&server);
    for round in 0..10 {
        let file = left(&server, &server.vault, &format!("take{round}.txt"), Duration::minutes(1)).await;
        server.advance(Duration::minutes(1));
        let mut takers = JoinSet::new();
        // Arena's clients name an edition, which is not the newest any more
        for client in CLIENTS.into_iter().filter(|client| *client != Client::Arena) {
            for who in [&server.world.bob, &server.world.max, &server.world.dora] {
                let (clients, who, file) = (clients.clone(), who.clone(), file.clone());
                takers.spawn(async move { (who.person.id, clients.check_out(client, &who, &file).await) });
            }
        }
        let answers = takers.join_all().await;
        let now = world::now(&server.vault, &server.world, &file).await;
        let holder = now.lock().unwrap().holder.id;
        for (who, outcome) in answers {
            assert!(outcome == Outcome::Held || (outcome == Outcome::Done && who == holder), "{who:?} {outcome:?}");
        }
        let told = trail(&server, &file).await;
        assert_eq!((checked_in(&told), now.file.unwrap().edition.ordinal), (1, 2), "{told:?}");
        assert_eq!(told[2], CHECKED_IN, "{told:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refresh_and_a_late_check_in_against_the_end_keep_the_lock_or_find_the_version() {
    let server = Server::start_with(&CHECK_IN).await;
    // by the database's own clock
    let vault = server::open_vault(&server.database.url, server.content.path(), Clock::Database, &server.config).await;
    let ann = liferay_actor(&vault, &server.world.ann).await;
    let bob = liferay_actor(&vault, &server.world.bob).await;
    let (mut kept, mut lost) = (0, 0);
    for round in 0..24 {
        let name = format!("refresh{round}.txt");
        let file = world::file(&vault, &server.world.ann, &server.world.library, &name, "first words").await;
        let key = ItemKey::Id(file.id);
        let look = vault.look(&ann, &key).await.unwrap();
        let lifetime = Duration::milliseconds(120);
        let taken = vault.check_out(&ann, &look, lasting(lifetime)).await.unwrap();
        let uuid = taken.lock().uuid;
        // from well before the end to well after it
        let wait = std::time::Duration::from_millis(100 + 2 * round);
        let mut tries = JoinSet::new();
        for _ in 0..4 {
            let (vault, bob, key) = (vault.clone(), bob.clone(), key.clone());
            tries.spawn(async move {
                tokio::time::sleep(wait).await;
                vault.look(&bob, &key).await.map(drop)
            });
        }
        let refreshing = {
            let (vault, ann) = (vault.clone(), ann.clone());
            tokio::spawn(async move {
                tokio::time::sleep(wait).await;
                let look = vault.look_by_lock(&ann, uuid).await?;
                vault.refresh_lock(&ann, &look, uuid, Some(Duration::minutes(5))).await
            })
        };
        assert!(tries.join_all().await.iter().all(Result::is_ok));
        let refreshed = refreshing.await.unwrap();
        tokio::time::sleep(std::time::Duration::from_millis(60)).await;
        let now = vault.look(&bob, &key).await.unwrap().into_item();
        let ordinal = now.file.as_ref().unwrap().edition.ordinal;
        match refreshed {
            Ok(_) => {
                kept += 1;
                assert_eq!((now.lock().map(|lock| lock.uuid), ordinal), (Some(uuid), 1), "round {round}");
            }
            Err(Error::Missing(Missing::Lock)) => {
                lost += 1;
                assert!(now.lock().is_none() && ordinal == 2, "round {round}: {ordinal}");
            }
            Err(other) => panic!("round {round}: {other}"),
        }
    }
    assert!(kept > 0 && lost > 0, "{kept} were in time, {lost} were late");
}

#[tokio::test(flavor = "multi_thread")]
async fn all_that_lapses_is_settled_in_the_background_by_any_number_of_nodes_once() {
    let server = Server::start_with(&CHECK_IN).await;
    let (_, second) = server.another_node().await;
    let mut files = Vec::new();
    for n in 0..30 {
        files.push(left(&server, &server.vault, &format!("many{n}.txt"), Duration::minutes(1)).await);
    }
    server.advance(Duration::minutes(1));
    let mut nodes = JoinSet::new();
    for vault in [&server.vault, &second, &server.vault, &second] {
        let vault = vault.clone();
        nodes.spawn(async move { vault.settle_lapses().await });
    }
    assert!(nodes.join_all().await.iter().all(Result::is_ok));
    for file in &files {
        let told = trail(&server, file).await;
        assert_eq!((checked_in(&told), told.len()), (1, 3), "{told:?}");
    }
    let bob = world::actor(&server.vault, &server.world.bob).await;
    let root = server.vault.look(&bob, &ItemKey::Id(server.world.library.root)).await.unwrap();
    let among = Among { kind: Some(Kind::File), ..Among::default() };
    let window = Window { offset: 0, limit: 100, order: Order::Name };
    let listed = server.vault.children(&bob, &root, among, window).await.unwrap();
    let twos = listed.items.iter().filter(|item| item.file.as_ref().is_some_and(|file| file.edition.ordinal == 2));
    assert_eq!((twos.count(), listed.total), (30, 31));
}

/// Vault and world beside a running program.
async fn beside(data: &std::path::Path) -> Vault {
    let address = embedded::running(data).unwrap().expect("the server's Postgres runs");
    let config = server::config(&[]);
    server::open_vault(&address.url("coatcheck"), &data.join("content"), Clock::Database, &config).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_program_killed_at_the_end_has_made_one_version_or_makes_it_when_it_is_back() {
    let folder = DurableFolder::new();
    let data = folder.path().join("data");
    // without the room whose subscribers are told every second
    let variables = [("COATCHECK__LIFERAY__LOCK_EXPIRY", "check_in"), ("COATCHECK__GRAPH__ENABLED", "false")];
    let mut process = Process::start_among(&data, &[], &variables);
    let mut vault = beside(&data).await;
    let world = world::build(&vault).await;
    let http = server::client();
    let mut files = Vec::new();
    for round in 0..4_u64 {
        for n in 0..8 {
            let name = format!("killed{round}-{n}.txt");
            let file = world::file(&vault, &world.ann, &world.library, &name, "first words").await;
            let ann = liferay_actor(&vault, &world.ann).await;
            let look = vault.look(&ann, &ItemKey::Id(file.id)).await.unwrap();
            vault.check_out(&ann, &look, lasting(Duration::milliseconds(1000))).await.unwrap();
            files.push(file);
        }
        // while the background settles them, or before, or after
        tokio::time::sleep(std::time::Duration::from_millis(700 + 250 * round)).await;
        process.kill();
        process = Process::start_among(&data, &[], &variables);
        vault = beside(&data).await;
    }
    // nobody looks, and all the same
    let mut left = files.len();
    for _ in 0..40 {
        tokio::time::sleep(std::time::Duration::from_millis(250)).await;
        left = unsettled(&data).await;
        if left == 0 {
            break;
        }
    }
    assert_eq!(left, 0, "the background settles what nobody looks at");
    for file in &files {
        let path = format!("/api/jsonws/dlfileversion/get-file-versions?fileEntryId={}&status=-1", file.number);
        let request = http.get(format!("{}{path}", process.base)).basic_auth(&world.bob.person.email, Some(PASSWORD));
        let versions: serde_json::Value = request.send().await.unwrap().json().await.unwrap();
        let labels: Vec<_> = versions.as_array().unwrap().iter().map(|version| version["version"].clone()).collect();
        assert_eq!(labels, [json!("2.0"), json!("1.0")], "{}", file.name);
    }
    assert!(process.stop());
}

/// Locks that still stand in their rows.
async fn unsettled(data: &std::path::Path) -> usize {
    use sqlx::Connection;
    let address = embedded::running(data).unwrap().expect("the server's Postgres runs");
    let mut db = sqlx::PgConnection::connect(&address.url("coatcheck")).await.unwrap();
    let count: i64 =
        sqlx::query_scalar("SELECT count(*) FROM locks WHERE holder_id IS NOT NULL").fetch_one(&mut db).await.unwrap();
    usize::try_from(count).unwrap()
}
