//! Folders locked while everybody works in them: one wins, and what was decided before comes through before the lock is
//! answered or not at all.

use std::{sync::Arc, time::Duration};

use futures_util::future::join_all;
use serde_json::json;
use sqlx::{Connection, PgConnection};

use crate::support::{
    acts::{CLIENTS, Clients, Outcome},
    server::Server,
    world,
};

/// All that can change at and below a folder, and in what it holds.
async fn everything(server: &Server, folder: i64) -> Vec<String> {
    let mut db = PgConnection::connect(&server.database.url).await.unwrap();
    sqlx::query_scalar(
        "SELECT concat_ws(' ', i.number, i.name, i.parent_id, i.revision, i.edition_id, i.deleted_at, k.revision, k.fence, k.holder_id,
            (SELECT string_agg(t.tag, ',') FROM item_tags t WHERE t.item_id = i.id))
        FROM items f JOIN items i ON i.id = f.id OR i.ancestors @> ARRAY[f.id] LEFT JOIN locks k ON k.file_id = i.id
        WHERE f.number = $1 ORDER BY i.number",
    )
    .bind(folder)
    .fetch_all(&mut db)
    .await
    .unwrap()
}

/// Folders in each other with so many files in each, all of Max's; the outermost first.
async fn shelves(server: &Server, files: usize) -> (Vec<i64>, Vec<i64>) {
    let max = server.liferay(&server.world.max);
    let (mut folders, mut all) = (Vec::new(), Vec::new());
    for name in ["Outer", "Middle", "Inner", "Last"] {
        let folder = max.make_folder(folders.last().copied().unwrap_or(0), name).await;
        for n in 0..files {
            all.push(max.add_to(folder, &format!("{name}{n}.txt")).await);
        }
        folders.push(folder);
    }
    (folders, all)
}

#[tokio::test(flavor = "multi_thread")]
async fn of_many_who_lock_a_folder_at_once_exactly_one_wins() {
    let server = Server::start().await;
    let people = [&server.world.ann, &server.world.bob, &server.world.dora, &server.world.max];
    let clients: Vec<_> = people.iter().map(|somebody| server.liferay(somebody)).collect();
    let folder = clients[3].make_folder(0, "Outer").await;
    let inner = clients[3].make_folder(folder, "Inner").await;
    for round in 1..=20 {
        // some of them through the folder above, which decides here as well
        let answers = join_all((0..12).map(|n| clients[n % 4].lock_below(folder, 0))).await;
        let mut won: Vec<usize> =
            (0..12).filter(|place| answers[*place].status == 200).map(|place| place % 4).collect();
        won.dedup();
        won.sort_unstable();
        won.dedup();
        assert_eq!(won.len(), 1, "round {round}");
        assert!(answers.iter().filter(|a| a.status != 200).all(|a| a.text().contains("DuplicateLock")));
        let below = join_all((0..4).map(|n| clients[n].lock_below(inner, 0))).await;
        for (n, answer) in below.iter().enumerate() {
            assert_eq!(answer.status == 200, n == won[0], "round {round}");
        }
        let mut db = PgConnection::connect(&server.database.url).await.unwrap();
        let fence: i64 = sqlx::query_scalar(
            "SELECT f.fence FROM folder_locks f JOIN items i ON i.id = f.folder_id WHERE i.number = $1",
        )
        .bind(folder)
        .fetch_one(&mut db)
        .await
        .unwrap();
        assert_eq!(fence, round);
        clients[won[0]].unlock(inner).await.expect(200);
        clients[won[0]].unlock(folder).await.expect(200);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn no_check_out_comes_through_after_the_lock_is_answered() {
    let server = Arc::new(Server::start_with(&[("arena.request_limit", "1000000")]).await);
    let (folders, files) = shelves(&server, 5).await;
    let clients = Clients::new(&server);
    let world = &server.world;
    for somebody in [&world.bob, &world.max, &world.dora] {
        clients.arena_session(somebody).await;
    }
    let mut wanted = Vec::new();
    for number in &files {
        wanted.push(world::numbered(&server.vault, world, *number).await);
    }
    let (mut early, mut late) = (0, 0);
    for round in 0..15_u64 {
        let mut tries = tokio::task::JoinSet::new();
        for (n, file) in wanted.iter().enumerate() {
            for (m, who) in [&world.bob, &world.max, &world.dora].into_iter().enumerate() {
                let (clients, who, file, client) = (clients.clone(), who.clone(), file.clone(), CLIENTS[(n + m) % 4]);
                // a few at a time, so that the lock comes into the middle of it
                let turn = Duration::from_millis(4 * u64::try_from(n + 7 * m).unwrap());
                tries.spawn(async move {
                    tokio::time::sleep(turn).await;
                    clients.check_out(client, &who, &file).await
                });
            }
        }
        tokio::time::sleep(Duration::from_millis(6 * round)).await;
        server.liferay(&world.ann).lock_below(folders[0], 0).await.expect(200);
        let answered = everything(&server, folders[0]).await;
        tokio::time::sleep(Duration::from_millis(20)).await;
        assert_eq!(everything(&server, folders[0]).await, answered, "round {round}");
        let outcomes = tries.join_all().await;
        assert!(outcomes.iter().all(|outcome| matches!(outcome, Outcome::Done | Outcome::Held)), "{outcomes:?}");
        assert_eq!(everything(&server, folders[0]).await, answered, "round {round}");
        let won = outcomes.iter().filter(|outcome| **outcome == Outcome::Done).count();
        early += won;
        late += files.len() - won;
        for number in &files {
            let free = json!({"fileEntryId": number});
            server.liferay(&world.dora).call("/dlapp/cancel-check-out", free).await.expect(200);
        }
        server.liferay(&world.ann).unlock(folders[0]).await.expect(200);
    }
    assert!(early > 0 && late > 0, "some were before the lock, some after it: {early} {late}");
}

#[tokio::test(flavor = "multi_thread")]
async fn no_change_comes_through_after_the_lock_is_answered() {
    let server = Arc::new(Server::start().await);
    let (folders, files) = shelves(&server, 2).await;
    let (world, vault) = (&server.world, &server.vault);
    let mut ids = Vec::new();
    for folder in &folders {
        ids.push(world::numbered(vault, world, *folder).await.oracle_id);
    }
    let target = server.liferay(&world.max).make_folder(0, "Target").await;
    for round in 0..15_u64 {
        let mut tries = tokio::task::JoinSet::new();
        for (n, who) in [&world.bob, &world.max, &world.dora, &world.bob, &world.max].into_iter().enumerate() {
            let (server, who, folders, files, ids) =
                (server.clone(), who.clone(), folders.clone(), files.clone(), ids.clone());
            tries.spawn(async move {
                let (client, oracle) = (server.liferay(&who), server.oracle(&who));
                let mut done = 0;
                for step in 0..8 {
                    let (file, place) = (files[(n * 3 + step) % files.len()], (n + step) % folders.len());
                    let (folder, name) = (folders[place], format!("F{place}-{n}-{step}"));
                    let elsewhere = if place == 3 { target } else { folders[0] };
                    for answer in [
                        client
                            .call(
                                "/dlapp/update-file-entry",
                                json!({
                                    "fileEntryId": file, "sourceFileName": "", "mimeType": "", "title": "", "description": name,
                                    "changeLog": "", "majorVersion": false, "bytes": name.as_bytes(),
                                }),
                            )
                            .await,
                        client
                            .call("/dlapp/update-folder", json!({"folderId": folder, "name": name, "description": ""}))
                            .await,
                        oracle.post(&format!("/folders/{}/tags", ids[place]), json!({"setTags": name})).await,
                        client
                            .call("/dlapp/move-folder", json!({"folderId": folders[3], "parentFolderId": elsewhere}))
                            .await,
                        client.call("/dlapp/move-file-entry", json!({"fileEntryId": file, "newFolderId": folder})).await,
                    ] {
                        done += usize::from(answer.status == 200);
                    }
                }
                done
            });
        }
        tokio::time::sleep(Duration::from_millis(40 + 7 * round)).await;
        // the last folder may be elsewhere just now, and what comes in from there is no change of what is there
        server.liferay(&world.ann).lock_below(folders[1], 0).await.expect(200);
        let there = |all: &[String]| -> Vec<String> {
            let mine =
                |line: &&String| files.iter().chain(&folders).any(|number| line.starts_with(&format!("{number} ")));
            all.iter().filter(mine).cloned().collect()
        };
        let answered = there(&everything(&server, folders[1]).await);
        tokio::time::sleep(Duration::from_millis(50)).await;
        tries.join_all().await;
        let after = there(&everything(&server, folders[1]).await);
        for line in &answered {
            assert!(after.contains(line), "round {round}: {line}\n{}", after.join("\n"));
        }
        server.liferay(&world.ann).unlock(folders[1]).await.expect(200);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_moved_into_a_locked_folder_is_locked_when_the_move_is_answered() {
    let server = Arc::new(Server::start().await);
    let clients = Clients::new(&server);
    let (world, max) = (&server.world, server.liferay(&server.world.max));
    let locked = max.make_folder(0, "Locked").await;
    let carried = max.make_folder(0, "Carried").await;
    let mut files = Vec::new();
    for n in 0..4 {
        let number = max.add_to(carried, &format!("{n}.txt")).await;
        files.push(world::numbered(&server.vault, world, number).await);
    }
    let ann = server.liferay(&world.ann);
    let (mut moved_first, mut held_first) = (0, 0);
    for round in 0..25_u64 {
        let mut tries = tokio::task::JoinSet::new();
        for (n, file) in files.iter().enumerate() {
            let (clients, who, file, client) = (clients.clone(), world.bob.clone(), file.clone(), CLIENTS[(n + 1) % 4]);
            // before, during and after the move
            let turn = Duration::from_millis(round % 9 * 5 + 3 * u64::try_from(n).unwrap());
            tries.spawn(async move {
                tokio::time::sleep(turn).await;
                clients.check_out(client, &who, &file).await
            });
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
        let into = json!({"folderId": carried, "parentFolderId": locked});
        let one = json!({"fileEntryId": files[0].number, "newFolderId": locked});
        let (lock, whole, alone) = tokio::join!(
            ann.lock_below(locked, 0),
            max.call("/dlapp/move-folder", into),
            max.call("/dlapp/move-file-entry", one)
        );
        lock.expect(200);
        let answered = everything(&server, locked).await;
        tokio::time::sleep(Duration::from_millis(20)).await;
        let outcomes = tries.join_all().await;
        assert!(outcomes.iter().all(|outcome| matches!(outcome, Outcome::Done | Outcome::Held)), "{outcomes:?}");
        assert_eq!(everything(&server, locked).await, answered, "round {round}");
        // whatever is in there is Ann's or was Bob's before
        for file in &files {
            let now = world::now(&server.vault, world, file).await;
            let inside = now.ancestors.iter().any(|above| above.number == locked);
            let asked = json!({"fileEntryId": file.number});
            let held = server.liferay(&world.dora).call("/dlapp/check-out-file-entry", asked).await;
            assert_eq!(held.status == 500, inside || now.lock().is_some(), "round {round}");
        }
        moved_first += usize::from(whole.status == 200 || alone.status == 200);
        held_first += outcomes.iter().filter(|outcome| **outcome == Outcome::Done).count();
        for file in &files {
            let free = json!({"fileEntryId": file.number});
            server.liferay(&world.dora).call("/dlapp/cancel-check-out", free).await.expect(200);
        }
        ann.unlock(locked).await.expect(200);
        max.call("/dlapp/move-folder", json!({"folderId": carried, "parentFolderId": 0})).await;
        let back = json!({"fileEntryId": files[0].number, "newFolderId": carried});
        max.call("/dlapp/move-file-entry", back).await;
    }
    assert!(moved_first > 0 && held_first > 0, "{moved_first} {held_first}");
}
