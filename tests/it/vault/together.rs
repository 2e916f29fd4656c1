//! Publications and locks that come at the same moment, of many files and through several nodes: each is whole, and its own.

use std::collections::HashSet;

use coatcheck::{
    domain::{
        actor::{Actor, Dialect},
        edition::{Metadata, Publish},
        error::Error,
        item::Item,
        lock::{CheckOut, CheckedOut},
        version::Step,
    },
    vault::{Cancel, CheckIn, Look, Publication, Published, Vault},
};
use sqlx::{Connection, Executor, PgConnection, Row};
use tokio::task::{JoinHandle, JoinSet};

use super::{look, meetings::somebody_waits, read, text};
use crate::support::{
    server::Server,
    world::{self, World},
};

/// So many files of Ann's, in the root folder.
async fn files(vault: &Vault, world: &World, many: usize) -> Vec<Item> {
    let mut files = Vec::new();
    for n in 0..many {
        files.push(world::file(vault, &world.ann, &world.library, &format!("file {n}.txt"), "first").await);
    }
    files
}

async fn check_out(vault: &Vault, actor: &Actor, file: &Item) {
    vault.check_out(actor, &look(vault, actor, file).await, CheckOut::default()).await.unwrap();
}

async fn check_in(vault: &Vault, actor: &Actor, seen: &Look, words: &str) -> Result<Published, Error> {
    let publication = Publication { comment: words.to_owned(), ..text(vault, words).await };
    vault.check_in(actor, seen, CheckIn { publication, lock_uuid: None }).await
}

/// A check-in on its way.
fn begin_check_in(vault: &Vault, actor: &Actor, seen: &Look, words: &str) -> JoinHandle<Result<Published, Error>> {
    let (vault, actor, seen, words) = (vault.clone(), actor.clone(), seen.clone(), words.to_owned());
    tokio::spawn(async move { check_in(&vault, &actor, &seen, &words).await })
}

/// Checks all of them out and looks at them once more: whoever checks in now asks nothing before.
async fn held(vault: &Vault, actor: &Actor, files: &[Item]) -> Vec<Look> {
    let mut held = Vec::new();
    for file in files {
        check_out(vault, actor, file).await;
        held.push(look(vault, actor, file).await);
    }
    held
}

/// Somebody else who holds the row of some bytes, so that whoever publishes the same waits, and all others behind.
async fn holding_bytes<'a>(db: &'a mut PgConnection, words: &'static str) -> sqlx::Transaction<'a, sqlx::Postgres> {
    let mut other = db.begin().await.unwrap();
    let held = sqlx::query("SELECT 1 FROM contents WHERE inline = $1 FOR UPDATE")
        .bind(words.as_bytes())
        .fetch_all(&mut *other)
        .await
        .unwrap();
    assert_eq!(held.len(), 1);
    other
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn check_ins_of_many_files_at_once_through_two_nodes_each_make_their_own_edition_content_and_event() {
    let server = Server::start().await;
    let (world, (_, second)) = (&server.world, server.another_node().await);
    let nodes = [server.vault.clone(), second];
    let ann = world::actor(&server.vault, &world.ann).await;
    let files = files(&server.vault, world, 40).await;
    for round in 1..=3 {
        let mut turns = JoinSet::new();
        for (n, file) in files.iter().enumerate() {
            // half of them bring the same bytes as others
            let words = if n % 2 == 0 { format!("round {round}") } else { format!("round {round}, file {n}") };
            let (vault, ann, file) = (nodes[(n + round) % 2].clone(), ann.clone(), file.clone());
            turns.spawn(async move {
                check_out(&vault, &ann, &file).await;
                let seen = look(&vault, &ann, &file).await;
                let done = check_in(&vault, &ann, &seen, &words).await.unwrap();
                let seen = vault.look_after(&ann, &done).await.unwrap();
                assert_eq!(Some(seen.file().unwrap().edition.id), done.edition);
                (file, done, words)
            });
        }
        for (file, done, words) in turns.join_all().await {
            assert_eq!(read(&server.vault, &ann, &file).await, words);
            let now = world::now(&server.vault, world, &file).await;
            let edition = &now.file.as_ref().unwrap().edition;
            assert_eq!(Some(edition.id), done.edition);
            assert_eq!(
                (edition.ordinal, edition.comment.as_str()),
                (i32::try_from(round).unwrap() + 1, words.as_str())
            );
            assert_eq!(
                (edition.version.to_string(), edition.label.clone()),
                (format!("{}.0", round + 1), (round + 1).to_string())
            );
            assert!(now.lock().is_none());
        }
    }
    server.vault.settle().await.unwrap();
    let mut db = PgConnection::connect(&server.database.url).await.unwrap();
    let events = sqlx::query(
        "SELECT v.item_id, v.edition_id, v.fence, v.position, v.comment, e.ordinal, e.comment AS said
        FROM events v JOIN editions e ON e.id = v.edition_id WHERE v.verb = 'check_in' ORDER BY v.position",
    )
    .fetch_all(&mut db)
    .await
    .unwrap();
    assert_eq!(events.len(), 3 * files.len());
    for event in &events {
        // each tells of its own edition, and they stand in the feed in the order in which they happened to a file
        assert_eq!(event.get::<i32, _>("ordinal"), i32::try_from(event.get::<i64, _>("fence")).unwrap() + 1);
        assert_eq!(event.get::<String, _>("comment"), event.get::<String, _>("said"));
    }
    for file in &files {
        let of_file = events.iter().filter(|event| event.get::<uuid::Uuid, _>("item_id") == file.id.0);
        assert_eq!(of_file.map(|event| event.get::<i64, _>("fence")).collect::<Vec<_>>(), [1, 2, 3]);
    }
    let (places, last): (Vec<i64>, i64) =
        sqlx::query_as("SELECT array_agg(position), (SELECT last FROM feed) FROM events")
            .fetch_one(&mut db)
            .await
            .unwrap();
    let known: HashSet<i64> = places.iter().copied().collect();
    assert_eq!((known.len(), places.iter().max()), (places.len(), Some(&last)));
}

#[tokio::test]
async fn the_same_bytes_several_times_in_one_statement_are_one_content() {
    let server = Server::start().await;
    let (vault, world) = (&server.vault, &server.world);
    let ann = world::actor(vault, &world.ann).await;
    let files = files(vault, world, 9).await;
    let held = held(vault, &ann, &files).await;
    let mut db = PgConnection::connect(&server.database.url).await.unwrap();
    let other = holding_bytes(&mut db, "first").await;
    let mut check_ins = vec![begin_check_in(vault, &ann, &held[0], "first")];
    somebody_waits(&server).await;
    check_ins.extend(held[1..].iter().map(|seen| begin_check_in(vault, &ann, seen, "the same")));
    wait_behind().await;
    other.commit().await.unwrap();
    for check_in in check_ins {
        check_in.await.unwrap().unwrap();
    }
    for file in &files[1..] {
        assert_eq!(read(vault, &ann, file).await, "the same");
    }
    let rows: i64 = sqlx::query_scalar("SELECT count(*) FROM contents WHERE inline = 'the same'::bytea")
        .fetch_one(&mut db)
        .await
        .unwrap();
    assert_eq!(rows, 1);
}

/// Lets whatever is on its way come as far as it can.
async fn wait_behind() {
    for _ in 0..1000 {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn one_whose_label_is_taken_or_that_no_column_holds_keeps_nobody_beside_it_from_publishing() {
    let server = Server::start().await;
    let (vault, world) = (&server.vault, &server.world);
    let ann = world::actor(vault, &world.ann).await;
    let files = files(vault, world, 8).await;
    // its next label would be 4
    let poisoned = &files[3];
    for label in ["4", "3"] {
        let metadata = Metadata { label: Some(label.to_owned()), ..Metadata::default() };
        let publication = Publication { metadata, ..text(vault, label).await };
        vault.add_edition(&ann, &look(vault, &ann, poisoned).await, publication).await.unwrap();
    }
    let held = held(vault, &ann, &files).await;
    let mut db = PgConnection::connect(&server.database.url).await.unwrap();
    let other = holding_bytes(&mut db, "first").await;
    let mut check_ins = vec![begin_check_in(vault, &ann, &held[0], "first")];
    somebody_waits(&server).await;
    check_ins.extend((1..held.len()).map(|n| {
        let words = if n == 5 { "no\0text".to_owned() } else { format!("words {n}") };
        begin_check_in(vault, &ann, &held[n], &words)
    }));
    wait_behind().await;
    other.commit().await.unwrap();
    for (n, check_in) in check_ins.into_iter().enumerate() {
        match check_in.await.unwrap() {
            Ok(_) if n != 5 => {}
            Err(Error::Invalid(_)) if n == 5 => {}
            other => panic!("{n}: {other:?}"),
        }
    }
    for (n, file) in files.iter().enumerate().skip(1) {
        let editions = vault.editions(&ann, &look(vault, &ann, file).await).await.unwrap();
        let labels: Vec<&str> = editions.iter().map(|edition| edition.label.as_str()).collect();
        match n {
            3 => assert_eq!(labels, ["5", "3", "4", "1"]),
            5 => assert_eq!(labels, ["1"]),
            _ => assert_eq!(labels, ["2", "1"]),
        }
        assert_eq!(look(vault, &ann, file).await.item().lock().is_some(), n == 5);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_a_check_in_a_cancel_and_a_taking_at_once_one_ends_the_check_out_and_nothing_is_half_done() {
    let server = Server::start().await;
    let (world, (_, second)) = (&server.world, server.another_node().await);
    let vault = &server.vault;
    let (ann, bob) = (world::actor(vault, &world.ann).await, world::actor(vault, &world.bob).await);
    let file = &world.file;
    let mut checked_in = 0;
    for round in 1..=30 {
        check_out(vault, &ann, file).await;
        let held = look(vault, &ann, file).await;
        let publication = text(vault, &format!("round {round}")).await;
        let publishing = vault.check_in(&ann, &held, CheckIn { publication, lock_uuid: None });
        let cancelling = second.cancel(&ann, &held, Cancel::default());
        let taking = async { second.check_out(&bob, &look(&second, &bob, file).await, CheckOut::default()).await };
        let (published, cancelled, taken) = tokio::join!(publishing, cancelling, taking);
        match (&published, &cancelled) {
            (Ok(_), Err(Error::NotCheckedOut | Error::Held(_))) => checked_in += 1,
            (Err(Error::NotCheckedOut | Error::FenceLost | Error::Held(_)), Ok(_)) => {}
            both => panic!("round {round}: {both:?}"),
        }
        let now = world::now(vault, world, file).await;
        assert_eq!(now.file.as_ref().unwrap().edition.ordinal, 1 + checked_in);
        let holder = now.lock().map(|lock| lock.holder.login.clone());
        match taken {
            Ok(_) => {
                assert_eq!(holder.as_deref(), Some("bob"));
                vault.cancel(&bob, &look(vault, &bob, file).await, Cancel::default()).await.unwrap();
            }
            Err(Error::Held(_)) => assert_eq!(holder, None),
            Err(other) => panic!("round {round}: {other:?}"),
        }
    }
    let editions = vault.editions(&ann, &look(vault, &ann, file).await).await.unwrap();
    assert_eq!(editions.len(), usize::try_from(checked_in).unwrap() + 1);
}

#[tokio::test]
async fn nobody_waits_for_a_stranger_s_file_and_who_wants_it_waits_for_it() {
    let server = Server::start().await;
    let (vault, world) = (&server.vault, &server.world);
    let ann = world::actor(vault, &world.ann).await;
    let files = files(vault, world, 3).await;
    let held = held(vault, &ann, &files).await;
    let rows =
        ["UPDATE locks SET comment = 'held' WHERE file_id = $1", "UPDATE items SET owner_id = owner_id WHERE id = $1"];
    for (n, row) in rows.into_iter().enumerate() {
        let mut db = PgConnection::connect(&server.database.url).await.unwrap();
        let mut other = db.begin().await.unwrap();
        sqlx::query(row).bind(files[n].id.0).execute(&mut *other).await.unwrap();
        let waiting = begin_check_in(vault, &ann, &held[n], "waited");
        somebody_waits(&server).await;
        // beside it
        vault.add_edition(&ann, &look(vault, &ann, &files[2]).await, text(vault, "at once").await).await.unwrap();
        assert!(!waiting.is_finished());
        other.commit().await.unwrap();
        waiting.await.unwrap().unwrap();
        assert_eq!(read(vault, &ann, &files[n]).await, "waited");
    }
}

/// A taking on its way.
fn begin_check_out(vault: &Vault, actor: &Actor, seen: &Look) -> JoinHandle<Result<CheckedOut, Error>> {
    let (vault, actor, seen) = (vault.clone(), actor.clone(), seen.clone());
    tokio::spawn(async move { vault.check_out(&actor, &seen, CheckOut::default()).await })
}

#[tokio::test]
async fn locks_taken_at_once_wait_for_no_stranger_s_file_and_who_wants_it_waits_for_it() {
    let server = Server::start().await;
    let (vault, world) = (&server.vault, &server.world);
    let ann = world::actor(vault, &world.ann).await;
    let mut seen = Vec::new();
    for file in files(vault, world, 6).await {
        seen.push(look(vault, &ann, &file).await);
    }
    let mut db = PgConnection::connect(&server.database.url).await.unwrap();
    let mut other = db.begin().await.unwrap();
    let row = sqlx::query("UPDATE locks SET comment = comment WHERE file_id = $1").bind(seen[0].item().id.0);
    row.execute(&mut *other).await.unwrap();
    // the first goes alone, the others together
    let alone = begin_check_out(vault, &ann, &seen[5]);
    let waiting = begin_check_out(vault, &ann, &seen[0]);
    let beside: Vec<_> = seen[1..5].iter().map(|seen| begin_check_out(vault, &ann, seen)).collect();
    assert!(matches!(alone.await.unwrap(), Ok(CheckedOut::Taken(_))));
    for taking in beside {
        assert!(matches!(taking.await.unwrap(), Ok(CheckedOut::Taken(_))));
    }
    somebody_waits(&server).await;
    assert!(!waiting.is_finished());
    other.commit().await.unwrap();
    assert!(matches!(waiting.await.unwrap(), Ok(CheckedOut::Taken(_))));
    for seen in &seen {
        let now = look(vault, &ann, seen.item()).await;
        assert_eq!(now.item().lock().map(|lock| lock.fence), Some(1));
    }
}

#[tokio::test]
async fn whoever_gives_places_in_the_feed_keeps_nobody_from_taking_a_lock_and_none_is_left_without() {
    let server = Server::start().await;
    let (vault, world) = (&server.vault, &server.world);
    let ann = world::actor(vault, &world.ann).await;
    let files = files(vault, world, 5).await;
    vault.settle().await.unwrap();
    let mut db = PgConnection::connect(&server.database.url).await.unwrap();
    let unplaced = "SELECT count(*) FROM events WHERE position IS NULL";
    check_out(vault, &ann, &files[0]).await;
    assert_eq!(sqlx::query_scalar::<_, i64>(unplaced).fetch_one(&mut db).await.unwrap(), 0);

    let mut other = db.begin().await.unwrap();
    other.execute("SELECT last FROM feed FOR UPDATE").await.unwrap();
    for file in &files[1..] {
        check_out(vault, &ann, file).await;
    }
    other.commit().await.unwrap();
    assert_eq!(sqlx::query_scalar::<_, i64>(unplaced).fetch_one(&mut db).await.unwrap(), 4);
    // nothing gets a place before what was there already
    vault.cancel(&ann, &look(vault, &ann, &files[1]).await, Cancel::default()).await.unwrap();
    vault.settle().await.unwrap();
    let events = "SELECT item_id FROM events WHERE verb IN ('check_out', 'cancel') AND position > 0 ORDER BY position";
    let told: Vec<uuid::Uuid> = sqlx::query_scalar(events).fetch_all(&mut db).await.unwrap();
    let done = [&files[0], &files[1], &files[2], &files[3], &files[4], &files[1]].map(|file| file.id.0);
    assert_eq!(told, done);
    assert_eq!(sqlx::query_scalar::<_, i64>(unplaced).fetch_one(&mut db).await.unwrap(), 0);
}

#[tokio::test]
async fn what_is_shown_after_a_publication_is_what_another_node_sees() {
    let server = Server::start().await;
    let (world, (_, second)) = (&server.world, server.another_node().await);
    let vault = &server.vault;
    let (ann, dora) = (world::actor(vault, &world.ann).await, world::actor(vault, &world.dora).await);
    let file = &world.file;
    let as_seen = async |actor: &Actor, done: Published| {
        let shown = vault.look_after(actor, &done).await.unwrap().into_item();
        assert_eq!(shown, look(&second, actor, file).await.into_item());
        // and what this node remembers
        assert_eq!(shown, look(vault, actor, file).await.into_item());
    };

    let added = vault.add_edition(&ann, &look(vault, &ann, file).await, text(vault, "added").await).await.unwrap();
    as_seen(&ann, added).await;

    server.advance(world::DAY);
    check_out(vault, &ann, file).await;
    let beside =
        vault.add_edition(&ann, &look(vault, &ann, file).await, text(vault, "on one's own").await).await.unwrap();
    as_seen(&ann, beside).await;

    let metadata =
        Metadata { title: Some("A plan".to_owned()), description: Some("how".to_owned()), ..Metadata::default() };
    let draft = Publication { metadata, ..text(vault, "saved").await };
    vault.save_draft(&ann, &look(vault, &ann, file).await, draft).await.unwrap();
    let how = Publish::New(Step::Minor);
    let publication =
        Publication { content: None, metadata: Metadata::default(), comment: "done".to_owned(), how, rename: None };
    let held = look(vault, &ann, file).await;
    let of_draft = vault.check_in(&ann, &held, CheckIn { publication, lock_uuid: None }).await.unwrap();
    as_seen(&ann, of_draft).await;
    assert_eq!(read(vault, &ann, file).await, "saved");

    // the room in which an administrator checks in what somebody else holds
    let dora = Actor { dialect: Dialect::Arena, ..dora };
    check_out(vault, &ann, file).await;
    let for_ann = check_in(vault, &dora, &look(vault, &dora, file).await, "an administrator's").await.unwrap();
    as_seen(&dora, for_ann).await;
    let metadata = Metadata { private: Some(true), format: Some("text".to_owned()), ..Metadata::default() };
    let publication = Publication { metadata, ..text(vault, "private").await };
    let private = vault.add_edition(&ann, &look(vault, &ann, file).await, publication).await.unwrap();
    as_seen(&ann, private).await;
}

#[tokio::test]
async fn a_file_whose_folder_was_renamed_meanwhile_is_looked_at_anew() {
    let server = Server::start().await;
    let (world, vault) = (&server.world, &server.vault);
    let ann = world::actor(vault, &world.ann).await;
    let before = look(vault, &ann, &world.file).await;
    // what the file lies in is another than was seen, and the file itself as it was
    let mut db = PgConnection::connect(&server.database.url).await.unwrap();
    db.execute("UPDATE trees SET changes = changes + 1").await.unwrap();
    db.execute("UPDATE items SET name = 'another' WHERE parent_id IS NULL").await.unwrap();
    let done = vault.add_edition(&ann, &before, text(vault, "second").await).await.unwrap();
    let shown = vault.look_after(&ann, &done).await.unwrap();
    assert_eq!(shown.item().ancestors.last().unwrap().name, "another");
    assert_eq!(shown.file().unwrap().edition.ordinal, 2);
}
