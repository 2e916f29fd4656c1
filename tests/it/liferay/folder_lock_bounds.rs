//! What the lock of a folder costs others and what it gives away: its text is short, who prolongs it disturbs nobody, and who
//! does not see the folder learns little of its lock.

use std::time::Duration;

use coatcheck::domain::actor::Role;
use serde_json::{Value, json};
use sqlx::{Connection, PgConnection};

use super::folder_locks::{DUPLICATE, refused, shelf};
use crate::support::{answer::Answer, liferay::Liferay, server::Server, world};

async fn lock_saying(client: &Liferay<'_>, server: &Server, folder: i64, owner: &str) -> Answer {
    let wanted = json!({
        "repositoryId": server.group(), "folderId": folder, "owner": owner, "inheritable": true, "expirationTime": 0,
    });
    client.call("/dlapp/lock-folder", wanted).await
}

async fn refresh(client: &Liferay<'_>, uuid: &Value, milliseconds: i64) -> Answer {
    let wanted = json!({"lockUuid": uuid, "companyId": 20097, "expirationTime": milliseconds});
    client.call("/dlapp/refresh-folder-lock", wanted).await
}

async fn is_locked(client: &Liferay<'_>, folder: i64) -> bool {
    client.call("/dlfolder/is-folder-locked", json!({"folderId": folder})).await.expect(200).text() == "true"
}

#[tokio::test]
async fn the_text_of_a_lock_is_bounded_for_folders_and_for_files() {
    let server = Server::start().await;
    let shelf = shelf(&server).await;
    let ann = server.liferay(&server.world.ann);
    let (longest, too_long) = ("ü".repeat(1028), "ü".repeat(1029));
    let check_out = |owner: &str| json!({"fileEntryId": server.plan_number(), "owner": owner, "expirationTime": 0});
    for answer in [
        lock_saying(&ann, &server, shelf.outer, &too_long).await,
        ann.call("/dlapp/check-out-file-entry", check_out(&too_long)).await,
    ] {
        assert_eq!(refused(&answer), "500 IllegalArgumentException");
    }
    assert!(!is_locked(&ann, shelf.outer).await);
    let is_out = json!({"fileEntryId": server.plan_number()});
    assert_eq!(ann.call("/dlfileentry/is-file-entry-checked-out", is_out).await.expect(200).text(), "false");

    let lock = lock_saying(&ann, &server, shelf.outer, &longest).await.expect(200).json();
    assert_eq!(lock["owner"], longest);
    // who holds it already says nothing anew, and nothing too long either
    assert_eq!(refused(&lock_saying(&ann, &server, shelf.outer, &too_long).await), "500 IllegalArgumentException");
    ann.call("/dlapp/check-out-file-entry", check_out(&longest)).await.expect(200);
}

/// The revisions of the locks of all files below a folder.
async fn revisions(server: &Server, folder: i64) -> Vec<i64> {
    let mut db = PgConnection::connect(&server.database.url).await.unwrap();
    sqlx::query_scalar(
        "SELECT k.revision FROM items f JOIN items i ON i.ancestors @> ARRAY[f.id] JOIN locks k ON k.file_id = i.id
        WHERE f.number = $1 ORDER BY i.number",
    )
    .bind(folder)
    .fetch_all(&mut db)
    .await
    .unwrap()
}

#[tokio::test]
async fn a_lock_that_is_prolonged_well_before_its_end_tells_nobody_below() {
    let server = Server::start().await;
    let shelf = shelf(&server).await;
    let ann = server.liferay(&server.world.ann);
    let lock = ann.lock_below(shelf.outer, 300_000).await.expect(200).json();
    let before = revisions(&server, shelf.outer).await;
    assert_eq!(before.len(), 1);
    // more than a minute is left
    server.advance(chrono::Duration::seconds(239));
    let longer = refresh(&ann, &lock["uuid"], 300_000).await.expect(200).json();
    assert_eq!(longer["createDate"].as_i64().unwrap() - lock["createDate"].as_i64().unwrap(), 239_000);
    server.advance(chrono::Duration::seconds(239));
    let again = ann.lock_below(shelf.outer, 300_000).await.expect(200).json();
    assert_eq!((&again["uuid"], &again["expirationTime"]), (&lock["uuid"], &json!("300000")));
    assert_eq!(revisions(&server, shelf.outer).await, before);
    // a minute is left: others may have seen it end before they hear that it has not
    server.advance(chrono::Duration::seconds(240));
    refresh(&ann, &lock["uuid"], 300_000).await.expect(200);
    assert_eq!(revisions(&server, shelf.outer).await, [before[0] + 1]);
    server.advance(chrono::Duration::milliseconds(299_999));
    ann.lock_below(shelf.outer, 300_000).await.expect(200);
    assert_eq!(revisions(&server, shelf.outer).await, [before[0] + 2]);
    // each is in the trail, whichever way it went
    let mut db = PgConnection::connect(&server.database.url).await.unwrap();
    let noted: i64 =
        sqlx::query_scalar("SELECT count(*) FROM events WHERE verb = 'refresh_folder' AND outcome = 'done'")
            .fetch_one(&mut db)
            .await
            .unwrap();
    assert_eq!(noted, 4);
    server.advance(chrono::Duration::seconds(300));
    assert_eq!(refused(&refresh(&ann, &lock["uuid"], 300_000).await), "404 NoSuchLockException");
}

#[tokio::test]
async fn a_lock_that_is_not_inheritable_tells_nobody_below_even_near_its_end() {
    let server = Server::start().await;
    let shelf = shelf(&server).await;
    let ann = server.liferay(&server.world.ann);
    let wanted = json!({
        "repositoryId": server.group(), "folderId": shelf.outer, "owner": "", "inheritable": false, "expirationTime": 60_000,
    });
    let before = revisions(&server, shelf.outer).await;
    let lock = ann.call("/dlapp/lock-folder", wanted).await.expect(200).json();
    server.advance(chrono::Duration::milliseconds(59_999));
    refresh(&ann, &lock["uuid"], 60_000).await.expect(200);
    assert_eq!(revisions(&server, shelf.outer).await, before);
    assert!(is_locked(&ann, shelf.outer).await);
}

#[tokio::test]
async fn a_lock_is_prolonged_well_before_its_end_while_somebody_holds_the_tree() {
    let server = Server::start().await;
    let shelf = shelf(&server).await;
    let ann = server.liferay(&server.world.ann);
    let lock = ann.lock_below(shelf.outer, 300_000).await.expect(200).json();
    let mut db = PgConnection::connect(&server.database.url).await.unwrap();
    let mut held = db.begin().await.unwrap();
    sqlx::query("SELECT id FROM libraries FOR NO KEY UPDATE").execute(&mut *held).await.unwrap();
    let limit = Duration::from_secs(5);
    let refreshed = tokio::time::timeout(limit, refresh(&ann, &lock["uuid"], 300_000)).await;
    refreshed.expect("a refresh waits for nobody").expect(200);
    let locked = tokio::time::timeout(limit, ann.lock_below(shelf.outer, 300_000)).await;
    locked.expect("nor does who locks what is locked already").expect(200);
    held.rollback().await.unwrap();
}

#[tokio::test]
async fn a_folder_with_too_much_in_it_is_locked_by_itself_alone() {
    let server = Server::start().await;
    let shelf = shelf(&server).await;
    let ann = server.liferay(&server.world.ann);
    let mut db = PgConnection::connect(&server.database.url).await.unwrap();
    sqlx::query(
        "INSERT INTO items (id, library_id, parent_id, ancestors, kind, name, name_key, title, category_id, oracle_id, graph_id,
            owner_id, created_by, created_at, modified_by, modified_at, edition_id)
        SELECT gen_random_uuid(), i.library_id, i.parent_id, i.ancestors, i.kind, i.name || '-' || n, i.name_key || '-' || n, i.title,
            i.category_id, i.oracle_id || '-' || n, i.graph_id || '-' || n, i.owner_id, i.created_by, i.created_at, i.modified_by,
            i.modified_at, i.edition_id
        FROM items i, generate_series(1, 20000) n WHERE i.number = $1",
    )
    .bind(shelf.file)
    .execute(&mut db)
    .await
    .unwrap();
    let much = ann.lock_below(shelf.outer, 0).await;
    assert_eq!(refused(&much), "500 InvalidLockException");
    assert!(much.text().contains("The folder holds more than can be locked with it"), "{much}");
    assert!(!is_locked(&ann, shelf.outer).await);
    ann.call("/dlfolder/lock-folder", json!({"folderId": shelf.outer})).await.expect(200);
    ann.unlock(shelf.outer).await.expect(200);
    sqlx::query("DELETE FROM items WHERE name = 'leaf.txt-1'").execute(&mut db).await.unwrap();
    ann.lock_below(shelf.outer, 0).await.expect(200);
}

#[tokio::test]
async fn who_does_not_see_the_folder_learns_nothing_by_which_its_lock_could_be_named() {
    let server = Server::start().await;
    let shelf = shelf(&server).await;
    let world = &server.world;
    let inner = world::numbered(&server.vault, world, shelf.inner).await;
    server.vault.grant(inner.id, world.eve.person.id, Role::Contributor, None).await.unwrap();
    let (ann, bob, eve) = (server.liferay(&world.ann), server.liferay(&world.bob), server.liferay(&world.eve));
    let lock = lock_saying(&ann, &server, shelf.outer, "secret").await.expect(200).json();
    let (uuid, id) = (lock["uuid"].as_str().unwrap(), format!("lockId={},", lock["lockId"].as_str().unwrap()));
    let file = json!({"fileEntryId": shelf.file});
    let renamed = json!({"folderId": shelf.inner, "name": "Other", "description": ""});
    for (method, asked, number) in [
        ("/dlapp/check-out-file-entry", &file, shelf.file),
        ("/dlapp/delete-file-entry", &file, shelf.file),
        ("/dlapp/update-folder", &renamed, shelf.inner),
    ] {
        let answer = eve.call(method, asked.clone()).await;
        assert_eq!(refused(&answer), DUPLICATE, "{method}");
        let said = answer.text();
        assert!(!said.contains(uuid) && !said.contains("secret") && !said.contains(&id), "{said}");
        for part in ["lockId=0, uuid=00000000-0000-0000-0000-000000000000,", "owner=,", &format!("key={number},")] {
            assert!(said.contains(part), "{part}: {said}");
        }
        // who sees the folder is told which lock it is, and the folder's text is told of the folder alone
        let said = bob.call(method, asked.clone()).await.text();
        for part in [uuid, &id, "owner=,", &format!("key={},", shelf.outer)] {
            assert!(said.contains(part), "{part}: {said}");
        }
    }
    let said = bob.lock_below(shelf.outer, 0).await.text();
    assert!(said.contains("owner=secret,") && said.contains(uuid), "{said}");
    // one that is on what they see is told in full
    ann.unlock(shelf.outer).await.expect(200);
    let near = lock_saying(&ann, &server, shelf.inner, "near").await.expect(200).json();
    let said = eve.call("/dlapp/check-out-file-entry", file).await.text();
    assert!(said.contains(near["uuid"].as_str().unwrap()), "{said}");
}
