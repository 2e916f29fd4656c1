//! Locks on folders, as this room's clients take and release them, and what they forbid here (spec/liferay.md 9.1, 11.1).

use coatcheck::domain::actor::Rule;
use insta::assert_snapshot;
use serde_json::{Value, json};
use sqlx::{Connection, PgConnection};

use crate::support::{answer::Answer, liferay::Liferay, server::Server, world};

/// A folder that Max made, one in it, and a file in that one.
pub(super) struct Shelf {
    pub outer: i64,
    pub inner: i64,
    pub file: i64,
}

pub(super) async fn shelf(server: &Server) -> Shelf {
    let max = server.liferay(&server.world.max);
    let outer = max.make_folder(0, "Outer").await;
    let inner = max.make_folder(outer, "Inner").await;
    Shelf { outer, inner, file: max.add_to(inner, "leaf.txt").await }
}

/// The class of the exception, with the status.
#[track_caller]
pub(super) fn refused(answer: &Answer) -> String {
    let class = answer.json()["error"]["type"].as_str().unwrap_or_else(|| panic!("{answer}")).to_owned();
    format!("{} {}", answer.status.as_u16(), class.rsplit(['.', '$']).next().unwrap())
}

pub(super) const DUPLICATE: &str = "500 DuplicateLockException";

async fn is(client: &Liferay<'_>, question: &str, folder: i64) -> bool {
    client.call(&format!("/dlfolder/{question}"), json!({"folderId": folder})).await.expect(200).text() == "true"
}

/// Whether the folder is locked by anybody, by this client, and with all below.
async fn state(client: &Liferay<'_>, folder: i64) -> [bool; 3] {
    [
        is(client, "is-folder-locked", folder).await,
        is(client, "has-folder-lock", folder).await,
        is(client, "has-inheritable-lock", folder).await,
    ]
}

async fn check_out(client: &Liferay<'_>, file: i64) -> Answer {
    client.call("/dlapp/check-out-file-entry", json!({"fileEntryId": file})).await
}

#[tokio::test]
async fn the_lock_object_names_the_folder() {
    let server = Server::start().await;
    let shelf = shelf(&server).await;
    let ann = server.liferay(&server.world.ann);
    let lock = ann.lock_below(shelf.outer, 60_000).await.expect(200).json();
    assert_snapshot!(super::locks::stable(&lock), @r#"
    cachedModel=false
    className="com.liferay.document.library.kernel.model.DLFolder"
    companyId="20097"
    createDate=1772600767000
    escapedModel=false
    expirationDate=1772600827000
    expirationTime="60000"
    expired=false
    inheritable=true
    neverExpires=false
    new=false
    owner="o"
    userName="Ann Example"
    "#);
    assert_eq!(lock["key"], shelf.outer.to_string());
    assert_eq!(lock["userId"], server.world.ann.person.number.to_string());
    // the short form is about the folder alone, for as long as may be
    let short = json!({"repositoryId": server.group(), "folderId": shelf.inner});
    let short = ann.call("/dlapp/lock-folder", short).await.expect(200).json();
    let members = ["inheritable", "owner", "expirationTime"].map(|member| short[member].clone());
    assert_eq!(members, [json!(false), json!(""), json!("86400000")]);
    assert!(short["lockId"] != lock["lockId"] && short["uuid"] != lock["uuid"]);
}

#[tokio::test]
async fn the_limit_cuts_what_lasts_too_long() {
    let server = Server::start_with(&[("liferay.lock_limit_milliseconds", "60000")]).await;
    let shelf = shelf(&server).await;
    let ann = server.liferay(&server.world.ann);
    for (asked, lasts) in [(59_999, "59999"), (60_001, "60000"), (0, "60000"), (-1, "60000"), (i64::MAX, "60000")] {
        let lock = ann.lock_below(shelf.outer, asked).await.expect(200).json();
        assert_eq!(lock["expirationTime"], lasts, "{asked}");
        assert_eq!(ann.unlock(shelf.outer).await.expect(200).text(), "{}");
    }
}

#[tokio::test]
async fn questions_are_about_the_folder_itself() {
    let server = Server::start().await;
    let shelf = shelf(&server).await;
    let (ann, bob) = (server.liferay(&server.world.ann), server.liferay(&server.world.bob));
    assert_eq!(state(&ann, shelf.outer).await, [false; 3]);
    let lock = ann.lock_below(shelf.outer, 0).await.expect(200).json();
    assert_eq!(state(&ann, shelf.outer).await, [true, true, true]);
    assert_eq!(state(&bob, shelf.outer).await, [true, false, true]);
    // what it inherits does not count
    assert_eq!(state(&ann, shelf.inner).await, [false; 3]);
    let short = ann.call("/dlfolder/lock-folder", json!({"folderId": shelf.inner})).await.expect(200).json();
    assert_eq!(state(&ann, shelf.inner).await, [true, true, false]);

    for (folder, uuid, verified) in [
        (shelf.outer, &lock["uuid"], "true"),
        (shelf.outer, &short["uuid"], "false"),
        (shelf.outer, &json!("nonsense"), "false"),
        (shelf.outer, &json!(""), "false"),
        // it is not inheritable
        (shelf.inner, &short["uuid"], "false"),
        (shelf.inner, &lock["uuid"], "false"),
    ] {
        let by_repository = json!({"repositoryId": server.group(), "folderId": folder, "lockUuid": uuid});
        let alone = json!({"folderId": folder, "lockUuid": uuid});
        for (method, asked) in
            [("/dlapp/verify-inheritable-lock", by_repository), ("/dlfolder/verify-inheritable-lock", alone)]
        {
            assert_eq!(bob.call(method, asked).await.expect(200).text(), verified, "{method} {folder} {uuid}");
        }
    }
}

#[tokio::test]
async fn one_holder_at_a_time_and_ones_own_counts_anew() {
    let server = Server::start().await;
    let shelf = shelf(&server).await;
    let (ann, bob) = (server.liferay(&server.world.ann), server.liferay(&server.world.bob));
    let first = ann.lock_below(shelf.outer, 60_000).await.expect(200).json();
    let text = bob.lock_below(shelf.outer, 0).await;
    assert_eq!(refused(&text), DUPLICATE);
    let exception = text.json()["exception"].as_str().unwrap().to_owned();
    for part in [
        format!("key={}", shelf.outer),
        format!("uuid={}", first["uuid"].as_str().unwrap()),
        "userName=Ann Example, owner=o".to_owned(),
        "expirationDate=Wed Mar 04 05:07:07 GMT 2026".to_owned(),
    ] {
        assert!(exception.contains(&part), "{exception}");
    }
    // below it as well
    assert_eq!(refused(&bob.lock_below(shelf.inner, 0).await), DUPLICATE);
    server.advance(chrono::Duration::seconds(30));
    let again = ann.lock_below(shelf.outer, 60_000).await.expect(200).json();
    for member in ["uuid", "lockId", "owner", "inheritable"] {
        assert_eq!(again[member], first[member], "{member}");
    }
    assert_eq!(again["createDate"].as_i64().unwrap() - first["createDate"].as_i64().unwrap(), 30_000);
    assert_eq!(again["expirationTime"], "60000");
    // at its instant it is no lock, for anybody
    server.advance(chrono::Duration::milliseconds(59_999));
    assert_eq!(refused(&bob.lock_below(shelf.outer, 0).await), DUPLICATE);
    server.advance(chrono::Duration::milliseconds(1));
    assert_eq!(state(&ann, shelf.outer).await, [false; 3]);
    let next = bob.lock_below(shelf.outer, 0).await.expect(200).json();
    assert_ne!(next["uuid"], first["uuid"]);
    assert_eq!(refused(&ann.lock_below(shelf.outer, 0).await), DUPLICATE);
}

#[tokio::test]
async fn a_lock_that_is_not_inheritable_is_about_the_folder_alone() {
    let server = Server::start().await;
    let shelf = shelf(&server).await;
    let (ann, bob) = (server.liferay(&server.world.ann), server.liferay(&server.world.bob));
    ann.call("/dlfolder/lock-folder", json!({"folderId": shelf.outer})).await.expect(200);
    check_out(&bob, shelf.file).await.expect(200);
    bob.call("/dlapp/cancel-check-out", json!({"fileEntryId": shelf.file})).await.expect(200);
    bob.lock_below(shelf.inner, 0).await.expect(200);
    // and whoever holds the folder itself meets what others hold in it
    let target = ann.make_folder(0, "Target").await;
    for (client, folder) in [(&bob, shelf.outer), (&ann, shelf.outer), (&ann, shelf.inner)] {
        let moved = json!({"folderId": folder, "parentFolderId": target});
        assert_eq!(refused(&client.call("/dlapp/move-folder", moved).await), DUPLICATE);
        let gone = client.call("/dlapp/delete-folder", json!({"folderId": folder})).await;
        assert_eq!(refused(&gone), DUPLICATE);
    }
    bob.unlock(shelf.inner).await.expect(200);
    ann.call("/dlapp/move-folder", json!({"folderId": shelf.outer, "parentFolderId": target})).await.expect(200);
    assert_eq!(state(&ann, shelf.outer).await, [true, true, false]);
}

#[tokio::test]
async fn others_change_nothing_of_a_locked_folder_and_add_to_it() {
    let server = Server::start().await;
    let shelf = shelf(&server).await;
    let (ann, bob) = (server.liferay(&server.world.ann), server.liferay(&server.world.bob));
    let target = ann.make_folder(0, "Target").await;
    ann.lock_below(shelf.outer, 0).await.expect(200);
    for folder in [shelf.outer, shelf.inner] {
        for (method, asked) in [
            ("/dlapp/update-folder", json!({"folderId": folder, "name": "Other", "description": ""})),
            ("/dlapp/move-folder", json!({"folderId": folder, "parentFolderId": target})),
            ("/dlapp/delete-folder", json!({"folderId": folder})),
        ] {
            assert_eq!(refused(&bob.call(method, asked).await), DUPLICATE, "{method}");
        }
    }
    for (method, asked, word) in [
        ("/dlapp/check-out-file-entry", json!({"fileEntryId": shelf.file}), DUPLICATE),
        ("/dlapp/delete-file-entry", json!({"fileEntryId": shelf.file}), DUPLICATE),
        ("/dlapp/move-file-entry", json!({"fileEntryId": shelf.file, "newFolderId": target}), DUPLICATE),
        ("/dltrash/move-file-entry-to-trash", json!({"fileEntryId": shelf.file}), DUPLICATE),
        (
            "/dlapp/update-file-entry",
            json!({
                "fileEntryId": shelf.file, "sourceFileName": "leaf.txt", "mimeType": "", "title": "leaf.txt",
                "description": "", "changeLog": "", "majorVersion": false, "bytes": [66],
            }),
            "500 MustOwnLock",
        ),
        // no check-out to cancel or to check in
        ("/dlapp/cancel-check-out", json!({"fileEntryId": shelf.file}), "{}"),
        ("/dlapp/check-in-file-entry", json!({"fileEntryId": shelf.file, "lockUuid": ""}), "{}"),
    ] {
        let answer = bob.call(method, asked).await;
        let said = if answer.status == 200 { answer.text() } else { refused(&answer) };
        assert_eq!(said, word, "{method}");
    }
    // adding is no change of what is there
    let added = bob.add_to(shelf.inner, "new.txt").await;
    assert_eq!(refused(&check_out(&bob, added).await), DUPLICATE);
    bob.make_folder(shelf.outer, "More").await;
    bob.call("/dlapp/move-file-entry", json!({"fileEntryId": server.plan_number(), "newFolderId": shelf.inner}))
        .await
        .expect(200);
    assert_eq!(refused(&bob.check_out().await), DUPLICATE);
    // the holder does all of it
    ann.check_out().await.expect(200);
    let renamed = json!({"folderId": shelf.inner, "name": "Renamed", "description": "d"});
    ann.call("/dlapp/update-folder", renamed).await.expect(200);
    ann.call("/dlapp/delete-folder", json!({"folderId": shelf.inner})).await.expect(200);
}

#[tokio::test]
async fn the_nearest_lock_decides() {
    let server = Server::start().await;
    let shelf = shelf(&server).await;
    let (ann, bob, max) =
        (server.liferay(&server.world.ann), server.liferay(&server.world.bob), server.liferay(&server.world.max));
    let mine = json!({"fileEntryId": shelf.file});
    let second = max.add_to(shelf.outer, "second.txt").await;
    check_out(&bob, shelf.file).await.expect(200);
    let lock = ann.lock_below(shelf.outer, 0).await.expect(200).json();
    // what Bob had stays his, while he has it
    assert_eq!(ann.call("/dlfileentry/has-file-entry-lock", mine.clone()).await.text(), "false");
    assert_eq!(bob.call("/dlfileentry/has-file-entry-lock", mine.clone()).await.text(), "true");
    assert_eq!(refused(&check_out(&ann, shelf.file).await), DUPLICATE);
    assert_eq!(refused(&ann.call("/dlapp/delete-folder", json!({"folderId": shelf.outer})).await), DUPLICATE);
    let verified = |file: i64| json!({"fileEntryId": file, "lockUuid": lock["uuid"]});
    assert_eq!(ann.call("/dlfileentry/verify-file-entry-lock", verified(shelf.file)).await.text(), "false");
    bob.call("/dlapp/check-in-file-entry", json!({"fileEntryId": shelf.file, "lockUuid": ""})).await.expect(200);
    assert_eq!(refused(&check_out(&bob, shelf.file).await), DUPLICATE);
    // and then it is Ann's as a file lock would be, though nobody has checked it out
    for file in [shelf.file, second] {
        let ask = json!({"fileEntryId": file});
        assert_eq!(ann.call("/dlfileentry/has-file-entry-lock", ask.clone()).await.text(), "true");
        assert_eq!(bob.call("/dlfileentry/has-file-entry-lock", ask.clone()).await.text(), "false");
        assert_eq!(ann.call("/dlfileentry/is-file-entry-checked-out", ask.clone()).await.text(), "false");
        assert_eq!(ann.call("/dlfileentry/get-file-entry-lock", ask).await.text(), "{}");
        assert_eq!(ann.call("/dlfileentry/verify-file-entry-lock", verified(file)).await.text(), "true");
        assert_eq!(ann.call("/dlfileentry/verify-file-entry-check-out", verified(file)).await.text(), "false");
    }
    ann.unlock(shelf.outer).await.expect(200);

    // a folder that Bob had first stays his with what it holds
    bob.lock_below(shelf.inner, 60_000).await.expect(200);
    ann.lock_below(shelf.outer, 0).await.expect(200);
    assert_eq!(refused(&check_out(&ann, shelf.file).await), DUPLICATE);
    check_out(&bob, shelf.file).await.expect(200);
    bob.call("/dlapp/cancel-check-out", mine).await.expect(200);
    assert_eq!(refused(&check_out(&bob, second).await), DUPLICATE);
    server.advance(chrono::Duration::seconds(60));
    assert_eq!(refused(&check_out(&bob, shelf.file).await), DUPLICATE);
    check_out(&ann, shelf.file).await.expect(200);
}

#[tokio::test]
async fn a_folder_that_is_ones_own_alone_is_not_carried_away_with_what_is_locked_in_it() {
    let server = Server::start().await;
    let shelf = shelf(&server).await;
    let (ann, bob) = (server.liferay(&server.world.ann), server.liferay(&server.world.bob));
    let target = bob.make_folder(0, "Target").await;
    bob.call("/dlfolder/lock-folder", json!({"folderId": shelf.inner})).await.expect(200);
    ann.lock_below(shelf.outer, 0).await.expect(200);
    let renamed = json!({"folderId": shelf.inner, "name": "Renamed", "description": ""});
    bob.call("/dlapp/update-folder", renamed).await.expect(200);
    let moved = json!({"folderId": shelf.inner, "parentFolderId": target});
    assert_eq!(refused(&bob.call("/dlapp/move-folder", moved).await), DUPLICATE);
    assert_eq!(refused(&bob.call("/dlapp/delete-folder", json!({"folderId": shelf.inner})).await), DUPLICATE);
}

#[tokio::test]
async fn unlocking_is_for_the_holder_and_for_who_may_override() {
    let server = Server::start().await;
    let shelf = shelf(&server).await;
    let (ann, bob) = (server.liferay(&server.world.ann), server.liferay(&server.world.bob));
    // quiet where there is none, also twice
    assert_eq!(bob.unlock(shelf.outer).await.expect(200).text(), "{}");
    let lock = ann.lock_below(shelf.outer, 0).await.expect(200).json();
    let named = |uuid: &Value| json!({"folderId": shelf.outer, "lockUuid": uuid});
    for wrong in [json!("nonsense"), json!("00000000-0000-0000-0000-000000000000")] {
        let answer = ann.call("/dlfolder/unlock-folder", named(&wrong)).await.expect(500).json();
        assert_eq!(answer["throwable"], "com.liferay.portal.kernel.lock.InvalidLockException: UUIDs do not match");
    }
    // knowing the uuid is not holding the lock
    for (answer, who) in [
        (bob.call("/dlfolder/unlock-folder", named(&lock["uuid"])).await, &server.world.bob),
        (bob.unlock(shelf.outer).await, &server.world.bob),
    ] {
        let text = answer.expect(403).json()["exception"].as_str().unwrap().to_owned();
        let number = who.person.number;
        let model = "com.liferay.document.library.kernel.model.DLFolder";
        assert_eq!(text, format!("User {number} must have OVERRIDE_CHECKOUT permission for {model} {}", shelf.outer));
    }
    assert_eq!(state(&ann, shelf.outer).await, [true; 3]);
    assert_eq!(ann.call("/dlfolder/unlock-folder", named(&lock["uuid"])).await.expect(200).text(), "{}");
    assert_eq!(ann.call("/dlfolder/unlock-folder", named(&lock["uuid"])).await.expect(200).text(), "{}");

    let mut change = server.vault.set_up().await.unwrap();
    let (policy, _) = change.put_policy("overriders", None).await.unwrap();
    change.put_rule(policy, Rule::OverrideCheckOut, None).await.unwrap();
    change.give_policy(policy, server.world.bob.person.id).await.unwrap();
    change.commit().await.unwrap();
    // an administrator, the folder's owner, and whom a rule lets
    for somebody in [&server.world.dora, &server.world.max, &server.world.bob] {
        ann.lock_below(shelf.outer, 0).await.expect(200);
        let other = server.liferay(somebody);
        let renamed = json!({"folderId": shelf.outer, "name": "Mine", "description": ""});
        assert_eq!(refused(&other.call("/dlapp/update-folder", renamed).await), DUPLICATE);
        other.unlock(shelf.outer).await.expect(200);
        assert_eq!(state(&ann, shelf.outer).await, [false; 3], "{}", somebody.person.login);
    }
    // by its name
    ann.lock_below(shelf.inner, 0).await.expect(200);
    for (method, site) in [("/dlapp/unlock-folder", "repositoryId"), ("/dlfolder/unlock-folder", "groupId")] {
        let mut asked = json!({"parentFolderId": shelf.outer, "name": "Inner", "lockUuid": ""});
        asked[site] = server.group().into();
        ann.call(method, asked).await.expect(200);
        assert_eq!(state(&ann, shelf.inner).await, [false; 3], "{method}");
        ann.lock_below(shelf.inner, 0).await.expect(200);
    }
}

#[tokio::test]
async fn a_lock_is_prolonged_by_its_holder_alone() {
    let server = Server::start().await;
    let shelf = shelf(&server).await;
    let (ann, bob) = (server.liferay(&server.world.ann), server.liferay(&server.world.bob));
    let lock = ann.lock_below(shelf.outer, 60_000).await.expect(200).json();
    let asked = |uuid: &Value, company: i64, milliseconds: i64| json!({"lockUuid": uuid, "companyId": company, "expirationTime": milliseconds});
    for service in ["dlapp", "dlfolder"] {
        let method = format!("/{service}/refresh-folder-lock");
        server.advance(chrono::Duration::seconds(30));
        let refused = bob.call(&method, asked(&lock["uuid"], 20097, 0)).await.expect(403);
        assert!(refused.text().contains("MustHavePermission"));
        server.liferay(&server.world.eve).call(&method, asked(&lock["uuid"], 20097, 0)).await.expect(404);
        let longer = ann.call(&method, asked(&lock["uuid"], 20097, 60_000)).await.expect(200).json();
        assert_eq!((&longer["uuid"], &longer["key"]), (&lock["uuid"], &json!(shelf.outer.to_string())));
        assert_eq!((&longer["expirationTime"], &longer["inheritable"]), (&json!("60000"), &json!(true)));
        for (uuid, company) in [(&json!("x"), 20097), (&lock["uuid"], 1)] {
            let refused = ann.call(&method, asked(uuid, company, 0)).await.expect(404).json();
            assert_eq!(refused["error"]["type"], "com.liferay.portal.kernel.lock.NoSuchLockException");
        }
    }
    // nor is a file's lock a folder's
    ann.call("/dlapp/refresh-file-entry-lock", asked(&lock["uuid"], 20097, 0)).await.expect(404);
    server.advance(chrono::Duration::seconds(60));
    ann.call("/dlapp/refresh-folder-lock", asked(&lock["uuid"], 20097, 0)).await.expect(404);
    check_out(&bob, shelf.file).await.expect(200);
}

#[tokio::test]
async fn who_may_not_is_told_what_is_missing() {
    let server = Server::start().await;
    let shelf = shelf(&server).await;
    let model = "com.liferay.document.library.kernel.model.DLFolder";
    for somebody in [&server.world.vic, &server.world.carl] {
        let client = server.liferay(somebody);
        for answer in [
            client.lock_below(shelf.outer, 0).await,
            client.call("/dlfolder/lock-folder", json!({"folderId": shelf.outer})).await,
            client.unlock(shelf.outer).await,
        ] {
            let text = answer.expect(403).json()["exception"].as_str().unwrap().to_owned();
            let number = somebody.person.number;
            assert_eq!(text, format!("User {number} must have UPDATE permission for {model} {}", shelf.outer));
        }
        assert_eq!(state(&client, shelf.outer).await, [false; 3]);
    }
    let eve = server.liferay(&server.world.eve);
    eve.lock_below(shelf.outer, 0).await.expect(404);
    let hidden = eve.call("/dlfolder/is-folder-locked", json!({"folderId": shelf.outer})).await;
    assert_eq!(refused(&hidden), "404 NoSuchFolderException");
    server.liferay_guest().lock_below(shelf.outer, 0).await.expect(403);

    // a file, nothing, the root folder, and a folder of another site
    let ann = server.liferay(&server.world.ann);
    for folder in [shelf.file, 1, 0, -1] {
        assert_eq!(refused(&ann.lock_below(folder, 0).await), "404 NoSuchFolderException", "{folder}");
        assert_eq!(refused(&ann.unlock(folder).await), "404 NoSuchFolderException", "{folder}");
        for question in ["is-folder-locked", "has-folder-lock", "has-inheritable-lock", "lock-folder"] {
            let answer = ann.call(&format!("/dlfolder/{question}"), json!({"folderId": folder})).await;
            assert_eq!(refused(&answer), "404 NoSuchFolderException", "{question} {folder}");
        }
    }
    let elsewhere = json!({"repositoryId": 1, "folderId": shelf.outer});
    assert_eq!(refused(&ann.call("/dlapp/lock-folder", elsewhere).await), "404 NoSuchGroupException");
    let nameless = json!({"repositoryId": server.group(), "parentFolderId": 0, "name": "Nope", "lockUuid": ""});
    assert_eq!(refused(&ann.call("/dlapp/unlock-folder", nameless).await), "404 NoSuchFolderException");
}

#[tokio::test]
async fn a_lock_ends_with_its_folder() {
    let server = Server::start().await;
    let shelf = shelf(&server).await;
    let ann = server.liferay(&server.world.ann);
    let lock = ann.lock_below(shelf.outer, 0).await.expect(200).json();
    ann.lock_below(shelf.inner, 0).await.expect(200);
    let max = server.liferay(&server.world.max);
    ann.call("/dlapp/delete-folder", json!({"folderId": shelf.outer})).await.expect(200);
    let refresh = json!({"lockUuid": lock["uuid"], "companyId": 20097, "expirationTime": 0});
    ann.call("/dlapp/refresh-folder-lock", refresh).await.expect(404);
    let mut db = PgConnection::connect(&server.database.url).await.unwrap();
    let rows: (i64, i64) =
        sqlx::query_as("SELECT count(*), count(holder_id) FROM folder_locks").fetch_one(&mut db).await.unwrap();
    assert_eq!(rows, (2, 0));
    // back from the trash it is free, and its fences count on
    let owner = world::actor(&server.vault, &server.world.max).await;
    let in_trash = async || server.vault.trash(&owner, 10).await.unwrap().remove(0).id;
    server.vault.restore(&owner, &in_trash().await).await.unwrap();
    assert_eq!(state(&ann, shelf.outer).await, [false; 3]);
    max.lock_below(shelf.outer, 0).await.expect(200);
    let fence: i64 = sqlx::query_scalar("SELECT max(fence) FROM folder_locks").fetch_one(&mut db).await.unwrap();
    assert_eq!(fence, 2);
    max.call("/dlapp/delete-folder", json!({"folderId": shelf.outer})).await.expect(200);
    server.vault.purge(&owner, &in_trash().await).await.unwrap();
    let left: i64 = sqlx::query_scalar("SELECT count(*) FROM folder_locks").fetch_one(&mut db).await.unwrap();
    assert_eq!(left, 0);
}

#[tokio::test]
async fn the_trail_has_what_was_done_and_what_was_refused() {
    let server = Server::start().await;
    let shelf = shelf(&server).await;
    let (ann, bob) = (server.liferay(&server.world.ann), server.liferay(&server.world.bob));
    ann.lock_below(shelf.outer, 0).await.expect(200);
    bob.lock_below(shelf.outer, 0).await.expect(500);
    bob.unlock(shelf.outer).await.expect(403);
    check_out(&bob, shelf.file).await.expect(500);
    ann.lock_below(shelf.outer, 0).await.expect(200);
    server.liferay(&server.world.dora).unlock(shelf.outer).await.expect(200);
    ann.unlock(shelf.outer).await.expect(200);
    let mut db = PgConnection::connect(&server.database.url).await.unwrap();
    let told: Vec<String> = sqlx::query_scalar(
        "SELECT concat_ws(' ', a.login, v.verb, v.outcome, coalesce(v.fence::text, '-'), coalesce(h.login, '-'))
        FROM events v JOIN items i ON i.id = v.item_id JOIN users a ON a.id = v.actor_id LEFT JOIN users h ON h.id = v.holder_id
        WHERE i.number IN ($1, $2) AND v.verb <> 'create' ORDER BY v.id",
    )
    .bind(shelf.outer)
    .bind(shelf.file)
    .fetch_all(&mut db)
    .await
    .unwrap();
    assert_snapshot!(told.join("\n"), @r"
    ann lock_folder done 1 -
    bob lock_folder held - ann
    bob unlock_folder held - ann
    bob check_out held - ann
    ann refresh_folder done 1 -
    dora unlock_folder done 1 ann
    ann unlock_folder not_checked_out - -
    ");
}

#[tokio::test]
async fn the_long_form_of_the_folders_own_service_says_who_how_far_and_how_long() {
    let server = Server::start().await;
    let shelf = shelf(&server).await;
    let (ann, bob) = (server.liferay(&server.world.ann), server.liferay(&server.world.bob));
    let long = "/dlfolder/lock-folder";
    let asked = |folder: i64, inheritable: bool, milliseconds: i64| {
        json!({
            "folderId": folder, "owner": "station 4", "inheritable": inheritable, "expirationTime": milliseconds,
        })
    };
    let told = |lock: &Value| ["key", "owner", "inheritable", "expirationTime"].map(|member| lock[member].clone());
    let outer = json!(shelf.outer.to_string());
    let lock = ann.call(long, asked(shelf.outer, true, 60_000)).await.expect(200).json();
    assert_eq!(told(&lock), [outer.clone(), json!("station 4"), json!(true), json!("60000")]);
    assert_eq!(lock["userId"], server.world.ann.person.number.to_string());
    assert_eq!(state(&ann, shelf.outer).await, [true, true, true]);
    assert_eq!(state(&bob, shelf.outer).await, [true, false, true]);
    assert_eq!(refused(&check_out(&bob, shelf.file).await), DUPLICATE);
    for folder in [shelf.outer, shelf.inner] {
        assert_eq!(refused(&bob.call(long, asked(folder, true, 0)).await), DUPLICATE, "{folder}");
    }
    // it ends when it was told to
    server.advance(chrono::Duration::seconds(60));
    assert_eq!(state(&ann, shelf.outer).await, [false; 3]);
    // alone, and for as long as may be
    let lock = bob.call(long, asked(shelf.outer, false, 0)).await.expect(200).json();
    assert_eq!(told(&lock), [outer, json!("station 4"), json!(false), json!("86400000")]);
    assert_eq!(state(&bob, shelf.outer).await, [true, true, false]);
    check_out(&ann, shelf.file).await.expect(200);

    let vic = server.liferay(&server.world.vic);
    assert_eq!(refused(&vic.call(long, asked(shelf.inner, true, 0)).await), "403 MustHavePermission");
    assert_eq!(refused(&ann.call(long, asked(0, true, 0)).await), "404 NoSuchFolderException");
    server.liferay_guest().call(long, asked(shelf.inner, true, 0)).await.expect(403);
}
