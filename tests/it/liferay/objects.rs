//! Objects beyond the plain ones: deep in folders, checked out, of other kinds (spec/liferay.md 10).

use insta::assert_snapshot;
use serde_json::{Value, json};

use crate::support::{liferay::told, server::Server};

/// Members whose Java type is `long`.
const LONGS: &[&str] = &[
    "classNameId",
    "classPK",
    "companyId",
    "contactId",
    "creatorUserId",
    "ctCollectionId",
    "custom1ImageId",
    "custom2ImageId",
    "defaultFileEntryTypeId",
    "dlFolderId",
    "fileEntryId",
    "fileEntryTypeId",
    "fileVersionId",
    "folderId",
    "groupId",
    "largeImageId",
    "liveGroupId",
    "lockId",
    "logoId",
    "mvccVersion",
    "parentFolderId",
    "parentGroupId",
    "portraitId",
    "repositoryId",
    "size",
    "smallImageId",
    "statusByUserId",
    "userId",
    "expirationTime",
    "key",
];

#[tokio::test]
async fn a_repository_is_a_site_under_its_own_number() {
    let server = Server::start().await;
    let ann = server.liferay(&server.world.ann);
    let ask = json!({"repositoryId": server.group()});
    let answer = ann.call("/repository/get-repository", ask.clone()).await;
    let created = answer.json()["createDate"].to_string();
    let text =
        told(&server, &answer).replace(&server.world.library.id.0.to_string(), "<uuid>").replace(&created, "<at>");
    assert_snapshot!(text, @r#"200 {"classNameId":"0","companyId":"20097","createDate":<at>,"description":"","dlFolderId":"0","groupId":"<group>","lastPublishDate":null,"modifiedDate":<at>,"mvccVersion":"0","name":"Engineering","portletId":"","repositoryId":"<group>","typeSettings":"","userId":"0","userName":"","uuid":"<uuid>"}"#);
    let refused = ann.call("/repository/get-repository", json!({"repositoryId": 1})).await.expect(404).json();
    assert_eq!(refused["exception"], "No Group exists with the key {repositoryId=1}");
    server.liferay(&server.world.eve).call("/repository/get-repository", ask).await.expect(404);
}

#[tokio::test]
async fn every_object_has_its_members_sorted_and_its_longs_as_strings() {
    let server = Server::start().await;
    let ann = server.liferay(&server.world.ann);
    let folder = json!({"repositoryId": server.group(), "parentFolderId": 0, "name": "a", "description": ""});
    let folder = ann.call("/dlapp/add-folder", folder).await.expect(200).json()["folderId"].clone();
    let id = server.plan_number();
    ann.call("/dlapp/move-file-entry", json!({"fileEntryId": id, "newFolderId": folder})).await.expect(200);
    ann.check_out().await.expect(200);
    for (method, parameters) in [
        ("/dlapp/get-file-entry", json!({"fileEntryId": id})),
        ("/dlapp/get-folder", json!({"folderId": folder})),
        ("/dlfileversion/get-latest-file-version", json!({"fileEntryId": id})),
        ("/dlfileversion/get-latest-file-version", json!({"fileEntryId": id, "excludeWorkingCopy": true})),
        ("/dlfileentry/get-file-entry-lock", json!({"fileEntryId": id})),
        ("/group/get-group", json!({"groupId": server.group()})),
        ("/repository/get-repository", json!({"repositoryId": server.group()})),
        ("/user/get-current-user", json!({})),
        ("/company/get-company-by-id", json!({"companyId": 20097})),
    ] {
        let answer = ann.call(method, parameters).await.expect(200);
        let object = answer.json();
        let names: Vec<&String> = object.as_object().unwrap().keys().collect();
        let places: Vec<usize> =
            names.iter().map(|name| answer.text().find(&format!("\"{name}\":")).unwrap()).collect();
        let mut sorted = names.clone();
        sorted.sort();
        assert_eq!(names, sorted, "{method}");
        assert!(places.is_sorted(), "{method}");
        for (name, value) in object.as_object().unwrap() {
            let is_long = LONGS.contains(&name.as_str());
            assert!(!is_long || value.is_string(), "{method} {name}: {value}");
            assert!(
                value.as_str().is_none_or(|text| !name.ends_with("Id")
                    || name == "webId"
                    || name == "languageId"
                    || name == "timeZoneId"
                    || name == "portletId"
                    || text.parse::<i64>().is_ok()),
                "{method} {name}"
            );
        }
        for secret in ["password", "token", "reminder", "digest"] {
            assert!(!answer.text().to_lowercase().contains(secret), "{method} {secret}");
        }
    }
}

#[tokio::test]
async fn a_file_deep_in_folders_names_them_all() {
    let server = Server::start().await;
    let ann = server.liferay(&server.world.ann);
    let mut path = "/".to_owned();
    let mut parent = json!(0);
    for name in ["a", "b", "c"] {
        let folder = json!({"repositoryId": server.group(), "parentFolderId": parent, "name": name, "description": ""});
        let made = ann.call("/dlapp/add-folder", folder).await.expect(200).json();
        assert_eq!(made["parentFolderId"].as_str().unwrap(), parent.as_str().unwrap_or("0"));
        parent = made["folderId"].clone();
        path = format!("{path}{}/", parent.as_str().unwrap());
        assert_eq!(made["treePath"], path.as_str());
    }
    let moved = json!({"fileEntryId": server.plan_number(), "newFolderId": parent});
    let file = ann.call("/dlapp/move-file-entry", moved).await.expect(200).json();
    assert_eq!((&file["folderId"], &file["treePath"]), (&parent, &json!(path)));
    let version = format!("/dlfileversion/get-latest-file-version?fileEntryId={}", server.plan_number());
    let version = ann.get(&version).await.expect(200).json();
    assert_eq!((&version["folderId"], &version["treePath"]), (&parent, &json!(path)));
}

#[tokio::test]
async fn versions_are_sorted_by_number_and_name_who_made_them() {
    let server = Server::start().await;
    let (ann, bob) = (server.liferay(&server.world.ann), server.liferay(&server.world.bob));
    for round in 0..10 {
        let client = if round % 2 == 0 { &bob } else { &ann };
        client.update("next", "MINOR").await.expect(200);
    }
    ann.check_out().await.expect(200);
    let labels = ann.labels().await;
    assert_eq!(labels[..3], ["PWC", "1.10", "1.9"]);
    let path = format!("/dlfileversion/get-file-versions?fileEntryId={}&status=-1", server.plan_number());
    let versions = ann.get(&path).await.expect(200).json();
    let (ann_id, bob_id) = (server.world.ann.person.number.to_string(), server.world.bob.person.number.to_string());
    for (place, user, status) in [(0, &ann_id, 2), (1, &ann_id, 0), (2, &bob_id, 0), (11, &ann_id, 0)] {
        let version = &versions[place];
        let members = ["userId", "statusByUserId", "status"].map(|member| version[member].clone());
        assert_eq!(members, [json!(user), json!(user), json!(status)], "{place}");
    }
    let numbers: std::collections::HashSet<&Value> =
        versions.as_array().unwrap().iter().map(|version| &version["fileVersionId"]).collect();
    assert_eq!(numbers.len(), 12);
    // the file is still its maker's, and of the last approved version
    let file = ann.call("/dlapp/get-file-entry", json!({"fileEntryId": server.plan_number()})).await.json();
    assert_eq!((&file["userId"], &file["version"]), (&json!(ann_id), &json!("1.10")));
    let count = format!("/dlfileversion/get-file-versions-count?fileEntryId={}&status=", server.plan_number());
    for (status, expected) in [(-1, "12"), (0, "11"), (2, "1"), (8, "0"), (3, "0")] {
        assert_eq!(ann.get(&format!("{count}{status}")).await.text(), expected, "{status}");
    }
}

#[tokio::test]
async fn the_working_copys_row_of_each_reader_is_the_vendors() {
    let server = Server::start().await;
    let (ann, bob) = (server.liferay(&server.world.ann), server.liferay(&server.world.bob));
    ann.check_out().await.expect(200);
    let id = server.plan_number();
    let latest = |excluded: bool| {
        format!("/dlfileversion/get-latest-file-version?fileEntryId={id}&excludeWorkingCopy={excluded}")
    };
    for (client, excluded, expected) in
        [(&ann, false, "PWC"), (&ann, true, "1.0"), (&bob, false, "1.0"), (&bob, true, "1.0")]
    {
        assert_eq!(client.get(&latest(excluded)).await.expect(200).json()["version"], expected);
    }
    let lock = ann.call("/dlfileentry/get-file-entry-lock", json!({"fileEntryId": id})).await.json();
    for (method, uuid, expected) in [
        ("verify-file-entry-lock", &lock["uuid"], "true"),
        ("verify-file-entry-check-out", &lock["uuid"], "true"),
        ("verify-file-entry-lock", &json!("x"), "false"),
        ("verify-file-entry-check-out", &json!(""), "false"),
        ("verify-file-entry-lock", &Value::Null, "false"),
    ] {
        for client in [&ann, &bob] {
            let short = json!({"fileEntryId": id, "lockUuid": uuid});
            assert_eq!(client.call(&format!("/dlfileentry/{method}"), short).await.text(), expected, "{method} {uuid}");
            let long = json!({"repositoryId": server.group(), "fileEntryId": id, "lockUuid": uuid});
            assert_eq!(client.call(&format!("/dlapp/{method}"), long).await.text(), expected, "{method} {uuid}");
        }
    }
    // a move keeps the check-out; the file's holder deletes all there is
    let folder = json!({"repositoryId": server.group(), "parentFolderId": 0, "name": "a", "description": ""});
    let folder = ann.call("/dlapp/add-folder", folder).await.expect(200).json()["folderId"].clone();
    ann.call("/dlapp/move-file-entry", json!({"fileEntryId": id, "newFolderId": folder})).await.expect(200);
    assert_eq!(ann.labels().await, ["PWC", "1.0"]);
    let after = ann.call("/dlfileentry/get-file-entry-lock", json!({"fileEntryId": id})).await.json();
    assert_eq!(after, lock);
    ann.call("/dlapp/delete-file-entry", json!({"fileEntryId": id})).await.expect(200);
    ann.call("/dlfileversion/get-file-versions", json!({"fileEntryId": id, "status": -1})).await.expect(404);
}

#[tokio::test]
async fn a_change_log_is_kept_whole_or_refused() {
    let server = Server::start().await;
    let ann = server.liferay(&server.world.ann);
    let longest = "ä".repeat(1024);
    ann.check_out().await.expect(200);
    let refused = ann.check_in("MINOR", &format!("{longest}x")).await.expect(500).json();
    assert_eq!(refused["throwable"], "java.lang.IllegalArgumentException");
    assert_eq!(ann.labels().await, ["PWC", "1.0"]);
    ann.check_in("MINOR", &longest).await.expect(200);
    let version = format!("/dlfileversion/get-latest-file-version?fileEntryId={}", server.plan_number());
    assert_eq!(ann.get(&version).await.json()["changeLog"], longest);
}

#[tokio::test]
async fn a_check_in_of_nothing_new_follows_the_strategy() {
    let server = Server::start().await;
    let ann = server.liferay(&server.world.ann);
    // nothing changed: no version; a step that is asked for is made
    for (increase, labels) in
        [("AUTOMATIC", &["1.0"][..]), ("NONE", &["1.0"]), ("MINOR", &["1.1", "1.0"]), ("MAJOR", &["2.0", "1.1", "1.0"])]
    {
        ann.check_out().await.expect(200);
        ann.check_in(increase, "").await.expect(200);
        assert_eq!(ann.labels().await, labels, "{increase}");
    }
}

#[tokio::test]
async fn a_version_that_is_overwritten_keeps_its_id() {
    let server = Server::start().await;
    let ann = server.liferay(&server.world.ann);
    let latest = format!("/dlfileversion/get-latest-file-version?fileEntryId={}", server.plan_number());
    let before = ann.get(&latest).await.json();
    ann.check_out().await.expect(200);
    ann.update("other", "MINOR").await.expect(200);
    ann.check_in("NONE", "").await.expect(200);
    let after = ann.get(&latest).await.json();
    assert_eq!((&after["fileVersionId"], &after["uuid"]), (&before["fileVersionId"], &before["uuid"]));
    assert_eq!(ann.download("?version=1.0").await.text(), "other");
}
