//! The lock: check out, check in, cancel, refresh, and what others see meanwhile.

use futures_util::future::join_all;
use insta::assert_snapshot;
use serde_json::{Value, json};

use crate::support::{liferay::told, server::Server, world};

/// The lock of the world's file.
async fn lock(server: &Server) -> Value {
    let path = format!("/dlfileentry/get-file-entry-lock?fileEntryId={}", server.plan_number());
    server.liferay(&server.world.vic).get(&path).await.expect(200).json()
}

/// The members of a lock that are the same each time, a line each.
pub(super) fn stable(lock: &Value) -> String {
    let changing = ["lockId", "uuid", "userUuid", "key", "userId"];
    let members = lock.as_object().unwrap().iter().filter(|(name, _)| !changing.contains(&name.as_str()));
    members.map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join("\n")
}

#[tokio::test]
async fn one_lock_is_refused_in_three_ways() {
    let server = Server::start().await;
    let (ann, bob) = (server.liferay(&server.world.ann), server.liferay(&server.world.bob));
    ann.check_out().await.expect(200);
    let lock = lock(&server).await;
    let hide = |text: String| {
        let text = text.replace(lock["uuid"].as_str().unwrap(), "<uuid>");
        text.replace(&format!("lockId={}", lock["lockId"].as_str().unwrap()), "lockId=<lock>")
    };

    assert_snapshot!(hide(told(&server, &bob.check_out().await)), @r#"500 {"error":{"message":"{lockId=<lock>, uuid=<uuid>, userId=<ann>, userName=Ann Example, owner=, key=<file>, createDate=Wed Mar 04 05:06:07 GMT 2026, expirationDate=Thu Mar 05 05:06:07 GMT 2026}","type":"com.liferay.portal.kernel.lock.DuplicateLockException"},"exception":"{lockId=<lock>, uuid=<uuid>, userId=<ann>, userName=Ann Example, owner=, key=<file>, createDate=Wed Mar 04 05:06:07 GMT 2026, expirationDate=Thu Mar 05 05:06:07 GMT 2026}","throwable":"com.liferay.portal.kernel.lock.DuplicateLockException: {lockId=<lock>, uuid=<uuid>, userId=<ann>, userName=Ann Example, owner=, key=<file>, createDate=Wed Mar 04 05:06:07 GMT 2026, expirationDate=Thu Mar 05 05:06:07 GMT 2026}"}"#);
    let must_own = r#"500 {"error":{"message":"com.liferay.document.library.kernel.exception.FileEntryLockException$MustOwnLock","type":"com.liferay.document.library.kernel.exception.FileEntryLockException$MustOwnLock"},"exception":"com.liferay.document.library.kernel.exception.FileEntryLockException$MustOwnLock","throwable":"com.liferay.document.library.kernel.exception.FileEntryLockException$MustOwnLock"}"#;
    assert_eq!(told(&server, &bob.check_in("MINOR", "").await), must_own);
    assert_eq!(told(&server, &bob.update("mine", "MINOR").await), must_own);
    assert_snapshot!(told(&server, &bob.cancel().await), @r#"403 {"error":{"message":"User <bob> must have OVERRIDE_CHECKOUT permission for com.liferay.document.library.kernel.model.DLFileEntry <file>","type":"com.liferay.portal.kernel.security.auth.PrincipalException$MustHavePermission"},"exception":"User <bob> must have OVERRIDE_CHECKOUT permission for com.liferay.document.library.kernel.model.DLFileEntry <file>","throwable":"com.liferay.portal.kernel.security.auth.PrincipalException$MustHavePermission: User <bob> must have OVERRIDE_CHECKOUT permission for com.liferay.document.library.kernel.model.DLFileEntry <file>"}"#);
    let id = json!({"fileEntryId": server.plan_number(), "newFolderId": 0});
    for method in ["/dlapp/delete-file-entry", "/dlapp/move-file-entry"] {
        let refused = bob.call(method, id.clone()).await.expect(500).json();
        assert_eq!(refused["error"]["type"], "com.liferay.portal.kernel.lock.DuplicateLockException", "{method}");
    }
    assert_eq!(lock["userId"], server.world.ann.person.number.to_string());
}

#[tokio::test]
async fn the_lock_object_is_the_vendors() {
    let server = Server::start().await;
    let ann = server.liferay(&server.world.ann);
    let wanted = json!({"fileEntryId": server.plan_number(), "owner": "my token", "expirationTime": 60_000});
    let file = ann.call("/dlapp/check-out-file-entry", wanted).await.expect(200).json();
    assert_eq!(file["version"], "1.0");

    let lock = lock(&server).await;
    let text = lock.to_string();
    for (member, word) in [("lockId", "<lock>"), ("uuid", "<uuid>"), ("userUuid", "<user>")] {
        assert!(text.contains(lock[member].as_str().unwrap()), "{word}");
    }
    assert_snapshot!(stable(&lock), @r#"
    cachedModel=false
    className="com.liferay.document.library.kernel.model.DLFileEntry"
    companyId="20097"
    createDate=1772600767000
    escapedModel=false
    expirationDate=1772600827000
    expirationTime="60000"
    expired=false
    inheritable=false
    neverExpires=false
    new=false
    owner="my token"
    userName="Ann Example"
    "#);
    assert_eq!(lock["key"], server.plan_number().to_string());
}

#[tokio::test]
async fn the_holders_second_check_out_changes_nothing() {
    let server = Server::start().await;
    let ann = server.liferay(&server.world.ann);
    ann.check_out().await.expect(200);
    let first = lock(&server).await;
    server.advance(chrono::Duration::hours(1));
    assert_eq!(ann.check_out().await.expect(200).text(), "{}");
    assert_eq!(lock(&server).await, first);
}

#[tokio::test]
async fn a_check_out_ends_by_itself_at_its_instant() {
    let server = Server::start().await;
    let (ann, bob) = (server.liferay(&server.world.ann), server.liferay(&server.world.bob));
    for (asked, lasts) in [(1000, 1000), (0, 86_400_000), (-5, 86_400_000), (i64::MAX, 86_400_000)] {
        let wanted = json!({"fileEntryId": server.plan_number(), "owner": "", "expirationTime": asked});
        ann.call("/dlapp/check-out-file-entry", wanted).await.expect(200);
        assert_eq!(lock(&server).await["expirationTime"], lasts.to_string());
        ann.update("draft", "MINOR").await.expect(200);
        server.advance(chrono::Duration::milliseconds(lasts - 1));
        assert_eq!(ann.labels().await, ["PWC", "1.0"]);
        server.advance(chrono::Duration::milliseconds(1));
        assert_eq!(ann.labels().await, ["1.0"]);
        assert_eq!(lock(&server).await, json!({}));
        // too late, and quietly nothing
        assert_eq!(ann.check_in("MAJOR", "late").await.expect(200).text(), "{}");
        assert_eq!(ann.labels().await, ["1.0"]);
    }
    bob.check_out().await.expect(200);
}

#[tokio::test]
async fn cancelling_and_checking_in_a_free_file_are_quiet_for_whoever_may_view_it() {
    let server = Server::start().await;
    for somebody in [&server.world.ann, &server.world.vic, &server.world.carl] {
        let client = server.liferay(somebody);
        assert_eq!(client.cancel().await.expect(200).text(), "{}");
        assert_eq!(client.check_in("MAJOR", "nothing").await.expect(200).text(), "{}");
        let dropped = client.call("/dlfileentry/cancel-check-out", json!({"fileEntryId": server.plan_number()})).await;
        assert_eq!(dropped.expect(200).text(), "{}");
    }
    assert_eq!(server.liferay(&server.world.ann).labels().await, ["1.0"]);
}

#[tokio::test]
async fn who_may_override_cancels_but_does_not_check_in() {
    let server = Server::start().await;
    let bob = server.liferay(&server.world.bob);
    // an administrator, and the file's owner
    for somebody in [&server.world.dora, &server.world.ann] {
        bob.check_out().await.expect(200);
        let other = server.liferay(somebody);
        let refused = other.check_in("MAJOR", "").await.expect(500).json();
        assert!(refused["exception"].as_str().unwrap().ends_with("$MustOwnLock"));
        assert_eq!(other.cancel().await.expect(200).text(), "{}");
        assert_eq!(bob.labels().await, ["1.0"]);
    }
    // managers have no override here
    bob.check_out().await.expect(200);
    server.liferay(&server.world.max).cancel().await.expect(403);
    // viewers neither
    let refused = server.liferay(&server.world.vic).cancel().await.expect(403);
    assert!(refused.text().contains("must have OVERRIDE_CHECKOUT permission"));
}

#[tokio::test]
async fn the_dropped_version_is_shown_by_the_other_service() {
    let server = Server::start().await;
    let ann = server.liferay(&server.world.ann);
    ann.check_out().await.expect(200);
    ann.update("second draft", "MINOR").await.expect(200);
    let dropped = ann.call("/dlfileentry/cancel-check-out", json!({"fileEntryId": server.plan_number()})).await;
    let dropped = dropped.expect(200).json();
    assert_eq!(
        (dropped["version"].as_str(), dropped["status"].as_i64(), dropped["size"].as_str()),
        (Some("PWC"), Some(2), Some("12"))
    );
}

#[tokio::test]
async fn readers_see_the_approved_version_and_the_holder_the_working_copy() {
    let server = Server::start().await;
    let (ann, vic) = (server.liferay(&server.world.ann), server.liferay(&server.world.vic));
    ann.check_out().await.expect(200);
    ann.update("second", "MINOR").await.expect(200);
    let id = server.plan_number();
    for client in [&ann, &vic] {
        let file = client.get(&format!("/dlapp/get-file-entry/file-entry-id/{id}")).await.expect(200).json();
        assert_eq!((file["version"].as_str(), file["size"].as_str()), (Some("1.0"), Some("5")));
        assert_eq!(client.labels().await, ["PWC", "1.0"]);
        let held = client.get(&format!("/dlfileentry/is-file-entry-checked-out?fileEntryId={id}")).await;
        assert_eq!(held.text(), "true");
        let approved = client.get(&format!("/dlfileversion/get-file-versions?fileEntryId={id}&status=0")).await.json();
        assert_eq!(approved.as_array().unwrap().len(), 1);
        let latest = format!("/dlfileversion/get-latest-file-version?fileEntryId={id}&excludeWorkingCopy=true");
        assert_eq!(client.get(&latest).await.expect(200).json()["version"], "1.0");
    }
    let latest = format!("/dlfileversion/get-latest-file-version?fileEntryId={id}");
    assert_eq!(ann.get(&latest).await.json()["version"], "PWC");
    assert_eq!(vic.get(&latest).await.json()["version"], "1.0");
    let mine = format!("/dlfileentry/has-file-entry-lock?fileEntryId={id}");
    assert_eq!((ann.get(&mine).await.text(), vic.get(&mine).await.text()), ("true".into(), "false".into()));

    let versions = ann.get(&format!("/dlfileversion/get-file-versions?fileEntryId={id}&status=2")).await.json();
    let number = versions[0]["fileVersionId"].as_str().unwrap().to_owned();
    let copy = vic.get(&format!("/dlapp/get-file-version/file-version-id/{number}")).await.expect(200).json();
    assert_eq!((copy["version"].as_str(), copy["size"].as_str()), (Some("PWC"), Some("6")));

    assert_eq!(ann.download("?version=PWC").await.expect(200).text(), "second");
    let bob = server.liferay(&server.world.bob);
    bob.download("?version=PWC").await.expect(404);
    assert_eq!(bob.download("").await.expect(200).text(), "first");
}

#[tokio::test]
async fn a_check_in_moves_the_version_as_it_is_told() {
    let server = Server::start().await;
    let ann = server.liferay(&server.world.ann);
    let id = server.plan_number();
    for (content, how, labels) in [
        ("a", json!({"dlVersionNumberIncrease": "MINOR", "changeLog": ""}), &["1.1", "1.0"][..]),
        ("b", json!({"majorVersion": true, "changeLog": "x"}), &["2.0", "1.1", "1.0"]),
        ("c", json!({"dlVersionNumberIncrease": "NONE", "changeLog": ""}), &["2.0", "1.1", "1.0"]),
        ("d", json!({"majorVersion": "no", "changeLog": null}), &["2.1", "2.0", "1.1", "1.0"]),
        ("d", json!({"dlVersionNumberIncrease": "AUTOMATIC", "changeLog": ""}), &["2.1", "2.0", "1.1", "1.0"]),
        ("e", json!({"dlVersionNumberIncrease": null, "changeLog": ""}), &["2.2", "2.1", "2.0", "1.1", "1.0"]),
        ("f", json!({"lockUuid": ""}), &["2.3", "2.2", "2.1", "2.0", "1.1", "1.0"]),
    ] {
        ann.check_out().await.expect(200);
        ann.update(content, "MAJOR").await.expect(200);
        let mut parameters = how.clone();
        parameters["fileEntryId"] = id.into();
        assert_eq!(ann.call("/dlapp/check-in-file-entry", parameters).await.expect(200).text(), "{}");
        assert_eq!(ann.labels().await, labels, "{how}");
        assert_eq!(ann.download("").await.text(), content);
        assert_eq!(lock(&server).await, json!({}));
    }
}

#[tokio::test]
async fn a_lock_uuid_names_the_very_check_out() {
    let server = Server::start().await;
    let ann = server.liferay(&server.world.ann);
    ann.check_out().await.expect(200);
    let uuid = lock(&server).await["uuid"].as_str().unwrap().to_owned();
    let id = server.plan_number();
    for wrong in ["nonsense", "00000000-0000-0000-0000-000000000000", &uuid.to_uppercase()] {
        let parameters = json!({"fileEntryId": id, "lockUuid": wrong});
        let refused = ann.call("/dlapp/check-in-file-entry", parameters).await.expect(500).json();
        assert_eq!(refused["throwable"], "com.liferay.portal.kernel.lock.InvalidLockException: UUIDs do not match");
        let verified = json!({"repositoryId": server.group(), "fileEntryId": id, "lockUuid": wrong});
        assert_eq!(ann.call("/dlapp/verify-file-entry-lock", verified).await.text(), "false");
    }
    let verified = json!({"repositoryId": server.group(), "fileEntryId": id, "lockUuid": uuid});
    assert_eq!(ann.call("/dlapp/verify-file-entry-lock", verified.clone()).await.text(), "true");
    assert_eq!(ann.call("/dlapp/verify-file-entry-check-out", verified).await.text(), "true");
    // knowing it is not holding it
    let bob = server.liferay(&server.world.bob);
    let parameters = json!({"fileEntryId": id, "lockUuid": uuid});
    let refused = bob.call("/dlapp/check-in-file-entry", parameters.clone()).await.expect(500).json();
    assert!(refused["exception"].as_str().unwrap().ends_with("$MustOwnLock"));
    ann.call("/dlapp/check-in-file-entry", parameters).await.expect(200);
    assert_eq!(ann.labels().await, ["1.1", "1.0"]);
}

#[tokio::test]
async fn an_empty_lock_uuid_is_for_the_holder_only() {
    let server = Server::start().await;
    let ann = server.liferay(&server.world.ann);
    ann.check_out().await.expect(200);
    ann.update("draft", "MINOR").await.expect(200);
    for uuid in [json!(""), Value::Null] {
        let parameters = json!({"fileEntryId": server.plan_number(), "lockUuid": uuid});
        // another contributor, a manager, an administrator
        for somebody in [&server.world.bob, &server.world.max, &server.world.dora] {
            for service in ["dlapp", "dlfileentry"] {
                let client = server.liferay(somebody);
                let refused = client.call(&format!("/{service}/check-in-file-entry"), parameters.clone()).await;
                let class = "com.liferay.document.library.kernel.exception.FileEntryLockException$MustOwnLock";
                assert_eq!(refused.expect(500).json()["throwable"], class, "{service} {}", somebody.person.login);
            }
        }
    }
    assert_eq!(ann.labels().await, ["PWC", "1.0"]);
    assert_eq!(ann.download("?version=PWC").await.expect(200).text(), "draft");
}

#[tokio::test]
async fn a_lock_is_refreshed_by_its_holder_only() {
    let server = Server::start().await;
    let (ann, bob) = (server.liferay(&server.world.ann), server.liferay(&server.world.bob));
    ann.check_out().await.expect(200);
    let uuid = lock(&server).await["uuid"].clone();
    server.advance(chrono::Duration::hours(23));
    let parameters = json!({"lockUuid": uuid, "companyId": "20097", "expirationTime": 0});
    bob.call("/dlapp/refresh-file-entry-lock", parameters.clone()).await.expect(403);
    let refreshed = ann.call("/dlapp/refresh-file-entry-lock", parameters).await.expect(200).json();
    assert_eq!((&refreshed["uuid"], &refreshed["key"]), (&uuid, &json!(server.plan_number().to_string())));
    assert_eq!(refreshed["expirationTime"], "86400000");
    server.advance(chrono::Duration::hours(23));
    assert_eq!(lock(&server).await, refreshed);
    for (uuid, company) in [(json!("x"), 20097), (uuid, 1)] {
        let parameters = json!({"lockUuid": uuid, "companyId": company, "expirationTime": 0});
        let refused = ann.call("/dlapp/refresh-file-entry-lock", parameters).await.expect(404).json();
        assert_eq!(refused["error"]["type"], "com.liferay.portal.kernel.lock.NoSuchLockException");
    }
}

#[tokio::test]
async fn the_other_service_checks_out_refreshes_and_checks_in() {
    let server = Server::start().await;
    let ann = server.liferay(&server.world.ann);
    let id = server.plan_number();
    for (how, labels) in [
        (json!({"dlVersionNumberIncrease": "MINOR", "changeLog": ""}), &["1.1", "1.0"][..]),
        (json!({"major": true, "changeLog": ""}), &["2.0", "1.1", "1.0"]),
        (json!({"major": false, "changeLog": ""}), &["2.1", "2.0", "1.1", "1.0"]),
        (json!({"lockUuid": ""}), &["2.2", "2.1", "2.0", "1.1", "1.0"]),
    ] {
        // here the short form answers the file, as it was approved last
        let file = ann.call("/dlfileentry/check-out-file-entry", json!({"fileEntryId": id})).await.expect(200).json();
        assert_eq!((&file["fileEntryId"], &file["version"]), (&json!(id.to_string()), &json!(labels[1])), "{how}");
        let uuid = lock(&server).await["uuid"].clone();
        let refresh = json!({"lockUuid": uuid, "companyId": 20097, "expirationTime": 60_000});
        let refreshed = ann.call("/dlfileentry/refresh-file-entry-lock", refresh).await.expect(200).json();
        assert_eq!(refreshed["expirationTime"], "60000");
        assert_eq!(lock(&server).await, refreshed);
        let wrong = json!({"fileEntryId": id, "lockUuid": "x"});
        let refused = ann.call("/dlfileentry/check-in-file-entry", wrong).await.expect(500).json();
        assert_eq!(refused["exception"], "UUIDs do not match");
        let mut parameters = how.clone();
        parameters["fileEntryId"] = id.into();
        if how.get("lockUuid").is_some() {
            parameters["lockUuid"] = uuid;
        }
        assert_eq!(ann.call("/dlfileentry/check-in-file-entry", parameters).await.expect(200).text(), "{}");
        assert_eq!(ann.labels().await, labels, "{how}");
        assert_eq!(lock(&server).await, json!({}));
    }
    // the flag has another name here
    let misnamed = json!({"fileEntryId": id, "majorVersion": true, "changeLog": ""});
    ann.call("/dlfileentry/check-in-file-entry", misnamed).await.expect(404);
    let long = json!({"fileEntryId": id, "owner": "me", "expirationTime": 5000});
    assert_eq!(ann.call("/dlfileentry/check-out-file-entry", long).await.expect(200).json()["version"], "2.2");
    let held = lock(&server).await;
    assert_eq!((&held["owner"], &held["expirationTime"]), (&json!("me"), &json!("5000")));
}

#[tokio::test]
async fn nobody_goes_back_while_somebody_else_holds_the_file() {
    let server = Server::start().await;
    let (ann, bob) = (server.liferay(&server.world.ann), server.liferay(&server.world.bob));
    ann.update("second", "MINOR").await.expect(200);
    ann.check_out().await.expect(200);
    for service in ["dlapp", "dlfileentry"] {
        let back = json!({"fileEntryId": server.plan_number(), "version": "1.0"});
        let refused = bob.call(&format!("/{service}/revert-file-entry"), back).await.expect(500).json();
        let class = "com.liferay.document.library.kernel.exception.FileEntryLockException$MustOwnLock";
        assert_eq!(refused["throwable"], class, "{service}");
    }
    assert_eq!(ann.labels().await, ["PWC", "1.1", "1.0"]);
}

#[tokio::test]
async fn of_many_who_check_out_at_once_one_wins() {
    let server = Server::start().await;
    let people = [&server.world.ann, &server.world.bob, &server.world.dora, &server.world.max];
    let clients: Vec<_> = people.iter().map(|somebody| server.liferay(somebody)).collect();
    for _ in 0..20 {
        let answers = join_all(clients.iter().map(super::super::support::liferay::Liferay::check_out)).await;
        let won: Vec<usize> = (0..4).filter(|place| answers[*place].status == 200).collect();
        assert_eq!(won.len(), 1);
        assert!(
            answers.iter().filter(|answer| answer.status == 500).all(|answer| answer.text().contains("DuplicateLock"))
        );
        let cancelled = join_all((0..3).map(|_| clients[won[0]].cancel())).await;
        assert!(cancelled.iter().all(|answer| answer.text() == "{}"));
    }
}

#[tokio::test]
async fn a_named_fence_binds_a_check_in_to_its_check_out() {
    let server = Server::start().await;
    let ann = server.liferay(&server.world.ann);
    ann.check_out().await.expect(200);
    ann.cancel().await.expect(200);
    let path = format!("/api/jsonws/dlapp/check-in-file-entry?fileEntryId={}&lockUuid=", server.plan_number());
    let late = server.send(ann.request("POST", &path).header("X-Coatcheck-Fence", "1")).await.expect(500);
    assert!(late.text().contains("MustOwnLock"));
    let file = world::now(&server.vault, &server.world, &server.world.file).await;
    assert_eq!(file.file.unwrap().edition.ordinal, 1);
}
