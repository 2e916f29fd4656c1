//! Which refusal comes first, and what only a policy or the rights on another folder refuse (spec/liferay.md 8, 11.7).

use coatcheck::{
    domain::{
        actor::{Role, Rule},
        id::ItemKey,
    },
    vault::LibraryUpdate,
};
use serde_json::{Value, json};
use sqlx::{Connection, PgConnection};

use crate::support::{
    answer::Answer,
    liferay::Liferay,
    server::Server,
    world::{self, Somebody},
};

const MUST_OWN_LOCK: &str = "com.liferay.document.library.kernel.exception.FileEntryLockException$MustOwnLock";
const DUPLICATE_LOCK: &str = "com.liferay.portal.kernel.lock.DuplicateLockException";

/// The answer refuses for this permission on this model and id.
#[track_caller]
fn assert_must_have(answer: &Answer, somebody: &Somebody, permission: &str, what: &str) {
    let user = somebody.person.number;
    let model = "com.liferay.document.library.kernel.model";
    let message = format!("User {user} must have {permission} permission for {model}.{what}");
    let class = "com.liferay.portal.kernel.security.auth.PrincipalException$MustHavePermission";
    assert_eq!(answer.status, 403, "{answer}");
    assert_eq!((&answer.json()["exception"], &answer.json()["error"]["type"]), (&json!(message), &json!(class)));
}

/// A method of `dlapp` on the world's file.
async fn act(server: &Server, client: &Liferay<'_>, method: &str, more: &Value) -> Answer {
    let mut parameters = more.clone();
    parameters["fileEntryId"] = server.plan_number().into();
    client.call(&format!("/dlapp/{method}"), parameters).await
}

/// What `updateFileEntry` takes, with one member changed.
fn revision(name: &str, value: &str) -> Value {
    let mut parameters = json!({
        "sourceFileName": "", "mimeType": "", "title": "", "description": "", "changeLog": "", "majorVersion": true,
        "bytes": [1],
    });
    parameters[name] = value.into();
    parameters
}

/// A folder in the root folder; answers its id.
async fn folder(server: &Server, client: &Liferay<'_>, name: &str) -> String {
    let folder = json!({"repositoryId": server.group(), "parentFolderId": 0, "name": name, "description": ""});
    let made = client.call("/dlapp/add-folder", folder).await.expect(200).json();
    made["folderId"].as_str().unwrap().to_owned()
}

/// What changes the world's file, and the permission that is named to who may not.
fn changes() -> Vec<(&'static str, Value, &'static str)> {
    let mut updated = revision("title", "mine");
    updated["file"] = "mine".into();
    vec![
        ("check-out-file-entry", json!({}), "UPDATE"),
        ("check-out-file-entry", json!({"owner": "", "expirationTime": 0}), "UPDATE"),
        ("check-in-file-entry", json!({"majorVersion": true, "changeLog": ""}), "UPDATE"),
        ("check-in-file-entry", json!({"dlVersionNumberIncrease": "NONE", "changeLog": ""}), "UPDATE"),
        ("check-in-file-entry", json!({"lockUuid": "x"}), "UPDATE"),
        ("update-file-entry", revision("title", "mine"), "UPDATE"),
        ("update-file-entry-and-check-in", updated, "UPDATE"),
        ("revert-file-entry", json!({"version": "1.0"}), "UPDATE"),
        ("delete-file-entry", json!({}), "DELETE"),
        ("delete-file-version", json!({"version": "1.0"}), "DELETE"),
        ("move-file-entry", json!({"newFolderId": 0}), "DELETE"),
    ]
}

#[tokio::test]
async fn who_may_not_hears_of_the_permission_and_not_of_the_lock() {
    let server = Server::start().await;
    let ann = server.liferay(&server.world.ann);
    ann.check_out().await.expect(200);
    let plan = format!("DLFileEntry {}", server.plan_number());
    // a viewer, and a contributor with a read-only license
    for somebody in [&server.world.vic, &server.world.carl] {
        let client = server.liferay(somebody);
        for (method, more, permission) in changes() {
            let refused = act(&server, &client, method, &more).await;
            assert_must_have(&refused, somebody, permission, &plan);
        }
        assert_must_have(&client.cancel().await, somebody, "OVERRIDE_CHECKOUT", &plan);
    }
    assert_eq!(ann.labels().await, ["PWC", "1.0"]);
}

#[tokio::test]
async fn a_held_file_is_told_before_what_is_wrong_with_the_change() {
    let server = Server::start().await;
    let (ann, bob) = (server.liferay(&server.world.ann), server.liferay(&server.world.bob));
    ann.check_out().await.expect(200);
    let (log, name) = ("x".repeat(1025), "x".repeat(256));
    for (method, more, class) in [
        ("update-file-entry", revision("changeLog", &log), MUST_OWN_LOCK),
        ("update-file-entry", revision("title", "a:b"), MUST_OWN_LOCK),
        ("update-file-entry", revision("title", &name), MUST_OWN_LOCK),
        ("revert-file-entry", json!({"version": "nonsense"}), MUST_OWN_LOCK),
        ("revert-file-entry", json!({"version": "PWC"}), MUST_OWN_LOCK),
        ("move-file-entry", json!({"newFolderId": 1}), DUPLICATE_LOCK),
        ("delete-file-version", json!({"version": "9.9"}), DUPLICATE_LOCK),
    ] {
        let refused = act(&server, &bob, method, &more).await.expect(500).json();
        assert_eq!(refused["error"]["type"], class, "{method} {more}");
    }
    assert_eq!(ann.labels().await, ["PWC", "1.0"]);
}

#[tokio::test]
async fn a_change_log_that_is_too_long_is_told_last() {
    let server = Server::start().await;
    let (ann, bob, vic) =
        (server.liferay(&server.world.ann), server.liferay(&server.world.bob), server.liferay(&server.world.vic));
    ann.check_out().await.expect(200);
    let log = "x".repeat(1025);
    for how in
        [json!({"dlVersionNumberIncrease": "MINOR", "changeLog": log}), json!({"majorVersion": true, "changeLog": log})]
    {
        let mut missing = how.clone();
        missing["fileEntryId"] = 1.into();
        let missing = ann.call("/dlapp/check-in-file-entry", missing).await.expect(404);
        assert!(missing.text().contains("NoSuchFileEntryException"));
        let denied = act(&server, &vic, "check-in-file-entry", &how).await;
        assert_must_have(&denied, &server.world.vic, "UPDATE", &format!("DLFileEntry {}", server.plan_number()));
        let held = act(&server, &bob, "check-in-file-entry", &how).await.expect(500).json();
        assert_eq!(held["throwable"], MUST_OWN_LOCK);
        let bad = act(&server, &ann, "check-in-file-entry", &how).await.expect(500).json();
        assert_eq!(bad["throwable"], "java.lang.IllegalArgumentException");
    }
    assert_eq!(ann.labels().await, ["PWC", "1.0"]);
    // of a free file nothing is checked in, whatever is said of it
    ann.cancel().await.expect(200);
    let free = act(&server, &ann, "check-in-file-entry", &json!({"majorVersion": true, "changeLog": log})).await;
    assert_eq!(free.expect(200).text(), "{}");
}

#[tokio::test]
async fn a_folder_tells_who_may_not_before_what_is_wrong_with_its_name() {
    let server = Server::start().await;
    let (ann, bob, vic) =
        (server.liferay(&server.world.ann), server.liferay(&server.world.bob), server.liferay(&server.world.vic));
    let inner = folder(&server, &ann, "Inner").await;
    let named = |name: &str| json!({"folderId": inner, "name": name, "description": ""});
    let denied = vic.call("/dlapp/update-folder", named("a/b")).await;
    assert_must_have(&denied, &server.world.vic, "UPDATE", &format!("DLFolder {inner}"));
    ann.call("/dlapp/lock-folder", json!({"repositoryId": server.group(), "folderId": inner})).await.expect(200);
    let held = bob.call("/dlapp/update-folder", named("")).await.expect(500).json();
    assert_eq!(held["error"]["type"], "com.liferay.portal.kernel.lock.DuplicateLockException");
}

#[tokio::test]
async fn what_only_a_policy_refuses_has_the_word_of_the_operation() {
    let server = Server::start().await;
    let (vault, world) = (&server.vault, &server.world);
    let (ann, bob) = (server.liferay(&world.ann), server.liferay(&world.bob));
    let inner = folder(&server, &ann, "Inner").await;
    ann.check_out().await.expect(200);
    let required = LibraryUpdate { policies_required: Some(true), ..LibraryUpdate::default() };
    vault.update_library(world.library.id, &required).await.unwrap();
    let (plan, below) = (format!("DLFileEntry {}", server.plan_number()), format!("DLFolder {inner}"));
    let below = below.as_str();
    assert_must_have(&act(&server, &ann, "get-file-entry", &json!({})).await, &world.ann, "VIEW", &plan);
    let asked = json!({"folderId": inner});
    assert_must_have(&ann.call("/dlapp/get-folder", asked).await, &world.ann, "VIEW", below);

    let mut change = vault.set_up().await.unwrap();
    let (policy, _) = change.put_policy("readers", None).await.unwrap();
    change.put_rule(policy, Rule::ReadFile, None).await.unwrap();
    for somebody in [&world.ann, &world.bob] {
        change.give_policy(policy, somebody.person.id).await.unwrap();
    }
    change.commit().await.unwrap();
    act(&server, &ann, "get-file-entry", &json!({})).await.expect(200);
    for (client, somebody) in [(&ann, &world.ann), (&bob, &world.bob)] {
        for (method, more, permission) in changes() {
            assert_must_have(&act(&server, client, method, &more).await, somebody, permission, &plan);
        }
    }
    assert_must_have(&ann.cancel().await, &world.ann, "UPDATE", &plan);
    assert_must_have(&bob.cancel().await, &world.bob, "OVERRIDE_CHECKOUT", &plan);
    let group = server.group();
    let mut file = revision("title", "new.txt");
    file["repositoryId"] = group.into();
    file["folderId"] = json!(0);
    for (method, parameters, permission, what) in [
        ("add-file-entry", file, "ADD_DOCUMENT", "DLFolder 0"),
        (
            "add-folder",
            json!({"repositoryId": group, "parentFolderId": 0, "name": "b", "description": ""}),
            "ADD_SUBFOLDER",
            "DLFolder 0",
        ),
        ("update-folder", json!({"folderId": inner, "name": "b", "description": ""}), "UPDATE", below),
        ("move-folder", json!({"folderId": inner, "parentFolderId": 0}), "DELETE", below),
        ("delete-folder", json!({"folderId": inner}), "DELETE", below),
    ] {
        assert_must_have(&ann.call(&format!("/dlapp/{method}"), parameters).await, &world.ann, permission, what);
    }
    assert_eq!(ann.labels().await, ["PWC", "1.0"]);

    let mut change = vault.set_up().await.unwrap();
    change.put_rule(policy, Rule::EditFile, None).await.unwrap();
    change.commit().await.unwrap();
    ann.check_in("MINOR", "").await.expect(200);
    assert_eq!(ann.labels().await, ["1.1", "1.0"]);
}

#[tokio::test]
async fn who_may_leave_a_folder_may_not_therefore_enter_another() {
    let server = Server::start().await;
    let (vault, world) = (&server.vault, &server.world);
    let (ann, vic) = (server.liferay(&world.ann), server.liferay(&world.vic));
    let (source, target) = (folder(&server, &ann, "Source").await, folder(&server, &ann, "Target").await);
    let moved = |to: &str| json!({"newFolderId": to});
    act(&server, &ann, "move-file-entry", &moved(&source)).await.expect(200);
    let contributes = async |to: &str| {
        let dora = world::actor(vault, &world.dora).await;
        let item = vault.item(&dora, &ItemKey::Number(to.parse().unwrap())).await.unwrap();
        vault.grant(item.id, world.vic.person.id, Role::Contributor, None).await.unwrap();
    };
    contributes(&source).await;
    for to in [target.as_str(), "0"] {
        let refused = act(&server, &vic, "move-file-entry", &moved(to)).await;
        assert_must_have(&refused, &world.vic, "ADD_DOCUMENT", &format!("DLFolder {to}"));
        let other = json!({"fileEntryId": server.plan_number(), "newFolderId": to});
        let refused = vic.call("/dlfileentry/move-file-entry", other).await;
        assert_must_have(&refused, &world.vic, "ADD_DOCUMENT", &format!("DLFolder {to}"));
    }
    let file = act(&server, &vic, "get-file-entry", &json!({})).await.expect(200).json();
    assert_eq!(file["folderId"], source.as_str());
    contributes(&target).await;
    let file = act(&server, &vic, "move-file-entry", &moved(&target)).await.expect(200).json();
    assert_eq!(file["folderId"], target.as_str());
}

#[tokio::test]
async fn the_trail_keeps_who_was_refused_and_what_they_said() {
    let server = Server::start().await;
    let (ann, bob) = (server.liferay(&server.world.ann), server.liferay(&server.world.bob));
    ann.check_out().await.expect(200);
    bob.check_in("MINOR", "mine").await.expect(500);
    let lock = format!("/dlfileentry/get-file-entry-lock?fileEntryId={}", server.plan_number());
    let uuid = bob.get(&lock).await.expect(200).json()["uuid"].clone();
    let refresh = json!({"lockUuid": uuid, "companyId": 20097, "expirationTime": 0});
    bob.call("/dlapp/refresh-file-entry-lock", refresh).await.expect(403);
    let mut db = PgConnection::connect(&server.database.url).await.unwrap();
    let told: Vec<String> = sqlx::query_scalar(
        "SELECT concat_ws(' ', a.login, v.verb, v.outcome, coalesce(h.login, '-'), coalesce(v.comment, '-'))
        FROM events v JOIN users a ON a.id = v.actor_id LEFT JOIN users h ON h.id = v.holder_id
        WHERE v.outcome = 'held' ORDER BY v.id",
    )
    .fetch_all(&mut db)
    .await
    .unwrap();
    assert_eq!(told, ["bob check_in held ann mine", "bob refresh held ann -"]);
}
