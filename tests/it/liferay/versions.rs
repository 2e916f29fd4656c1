//! Deleting versions (spec/liferay.md 11.7), by id and by label, in both services.

use futures_util::future::join_all;
use serde_json::{Value, json};

use crate::support::{liferay::Liferay, server::Server};

/// The world's file with the versions 1.0, 1.1 and 2.0.
async fn three(ann: &Liferay<'_>) {
    ann.update("second", "MINOR").await.expect(200);
    ann.update("third", "MAJOR").await.expect(200);
    assert_eq!(ann.labels().await, ["2.0", "1.1", "1.0"]);
}

/// The versions of the world's file, newest first.
async fn versions(server: &Server, ann: &Liferay<'_>, status: i32) -> Vec<Value> {
    let path = format!("/dlfileversion/get-file-versions?fileEntryId={}&status={status}", server.plan_number());
    ann.get(&path).await.expect(200).json().as_array().unwrap().clone()
}

fn labelled(server: &Server, label: &str) -> Value {
    json!({"fileEntryId": server.plan_number(), "version": label})
}

#[tokio::test]
async fn an_older_version_goes_by_label_and_the_newest_stays() {
    let server = Server::start().await;
    let ann = server.liferay(&server.world.ann);
    three(&ann).await;
    let deleted = ann.call("/dlapp/delete-file-version", labelled(&server, "1.1")).await;
    assert_eq!(deleted.expect(200).text(), "{}");
    assert_eq!(ann.labels().await, ["2.0", "1.0"]);
    assert_eq!(ann.download("").await.text(), "third");
    ann.download("?version=1.1").await.expect(404);
    // once is enough
    let again = ann.call("/dlapp/delete-file-version", labelled(&server, "1.1")).await.expect(404).json();
    assert!(again["error"]["type"].as_str().unwrap().ends_with("NoSuchFileVersionException"));
}

#[tokio::test]
async fn after_the_newest_the_one_before_is_shown_and_no_label_is_given_twice() {
    let server = Server::start().await;
    let ann = server.liferay(&server.world.ann);
    three(&ann).await;
    let newest = versions(&server, &ann, 0).await[0]["fileVersionId"].clone();
    ann.call("/dlapp/delete-file-version", json!({"fileVersionId": newest})).await.expect(200);
    assert_eq!(ann.labels().await, ["1.1", "1.0"]);
    let file = ann.call("/dlapp/get-file-entry", json!({"fileEntryId": server.plan_number()})).await.json();
    assert_eq!((&file["version"], &file["size"]), (&json!("1.1"), &json!("6")));
    assert_eq!(ann.download("").await.text(), "second");
    ann.call("/dlapp/get-file-version", json!({"fileVersionId": newest})).await.expect(404);
    assert_eq!(ann.update("fourth", "MINOR").await.expect(200).json()["version"], "2.1");
}

#[tokio::test]
async fn the_other_service_deletes_by_label_too() {
    let server = Server::start().await;
    let ann = server.liferay(&server.world.ann);
    three(&ann).await;
    for label in ["2.0", "1.0"] {
        ann.call("/dlfileentry/delete-file-version", labelled(&server, label)).await.expect(200);
    }
    assert_eq!(ann.labels().await, ["1.1"]);
}

#[tokio::test]
async fn the_last_approved_version_and_the_working_copy_are_kept() {
    let server = Server::start().await;
    let ann = server.liferay(&server.world.ann);
    let only = versions(&server, &ann, 0).await[0]["fileVersionId"].clone();
    for (method, parameters) in [
        ("/dlapp/delete-file-version", labelled(&server, "1.0")),
        ("/dlfileentry/delete-file-version", labelled(&server, "1.0")),
        ("/dlapp/delete-file-version", json!({"fileVersionId": only})),
    ] {
        let refused = ann.call(method, parameters).await.expect(500).json();
        assert_eq!(
            refused["error"]["type"],
            "com.liferay.document.library.kernel.exception.InvalidFileVersionException"
        );
    }
    ann.check_out().await.expect(200);
    ann.update("draft", "MINOR").await.expect(200);
    let copy = versions(&server, &ann, 2).await[0]["fileVersionId"].clone();
    for parameters in [labelled(&server, "PWC"), json!({"fileVersionId": copy}), labelled(&server, "1.0")] {
        let refused = ann.call("/dlapp/delete-file-version", parameters.clone()).await.expect(500);
        assert!(refused.text().contains("InvalidFileVersionException"), "{parameters}");
    }
    assert_eq!(ann.labels().await, ["PWC", "1.0"]);
    assert_eq!(ann.download("?version=PWC").await.text(), "draft");
}

#[tokio::test]
async fn the_holder_deletes_versions_and_stays_the_holder() {
    let server = Server::start().await;
    let (ann, bob) = (server.liferay(&server.world.ann), server.liferay(&server.world.bob));
    three(&ann).await;
    ann.check_out().await.expect(200);
    ann.update("draft", "MINOR").await.expect(200);
    let refused = bob.call("/dlapp/delete-file-version", labelled(&server, "1.0")).await.expect(500).json();
    assert_eq!(refused["error"]["type"], "com.liferay.portal.kernel.lock.DuplicateLockException");
    ann.call("/dlapp/delete-file-version", labelled(&server, "2.0")).await.expect(200);
    assert_eq!(ann.labels().await, ["PWC", "1.1", "1.0"]);
    assert_eq!(ann.download("?version=PWC").await.text(), "draft");
    ann.check_in("MINOR", "").await.expect(200);
    assert_eq!(ann.labels().await, ["2.1", "1.1", "1.0"]);
}

#[tokio::test]
async fn who_may_not_delete_is_told_so_and_strangers_learn_nothing() {
    let server = Server::start().await;
    let ann = server.liferay(&server.world.ann);
    three(&ann).await;
    let oldest = versions(&server, &ann, 0).await[2]["fileVersionId"].clone();
    for somebody in [&server.world.vic, &server.world.carl] {
        for parameters in [labelled(&server, "1.0"), labelled(&server, "PWC"), json!({"fileVersionId": oldest})] {
            let refused = server.liferay(somebody).call("/dlapp/delete-file-version", parameters).await.expect(403);
            assert!(refused.text().contains("must have DELETE permission for"), "{refused}");
        }
    }
    let eve = server.liferay(&server.world.eve);
    let hidden = eve.call("/dlapp/delete-file-version", json!({"fileVersionId": oldest})).await.expect(404).text();
    let absent = eve.call("/dlapp/delete-file-version", json!({"fileVersionId": 1})).await.expect(404).text();
    assert_eq!(hidden.replace(oldest.as_str().unwrap(), "1"), absent);
    for label in ["9.9", "nonsense", "01.0", ""] {
        ann.call("/dlapp/delete-file-version", labelled(&server, label)).await.expect(404);
    }
    assert_eq!(ann.labels().await, ["2.0", "1.1", "1.0"]);
}

#[tokio::test]
async fn of_many_who_delete_the_last_two_versions_at_once_one_version_is_left() {
    let server = Server::start().await;
    let (ann, bob) = (server.liferay(&server.world.ann), server.liferay(&server.world.bob));
    for _ in 0..10 {
        ann.update("another", "MINOR").await.expect(200);
        let labels = ann.labels().await;
        assert_eq!(labels.len(), 2);
        let calls = labels.iter().flat_map(|label| {
            [&ann, &bob].map(|client| client.call("/dlapp/delete-file-version", labelled(&server, label)))
        });
        let answers = join_all(calls).await;
        assert_eq!(answers.iter().filter(|answer| answer.status == 200).count(), 1);
        assert_eq!(ann.labels().await.len(), 1);
    }
}
