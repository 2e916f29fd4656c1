//! Who cancels what somebody else checked out, and what is left of it (spec/liferay.md 11.3).

use coatcheck::domain::actor::Rule;
use futures_util::future::join_all;
use serde_json::{Value, json};
use sqlx::{Connection, PgConnection};
use uuid::Uuid;

use crate::support::server::Server;

#[tokio::test]
async fn a_rule_lets_somebody_cancel_and_nothing_else() {
    let server = Server::start().await;
    let (bob, max) = (server.liferay(&server.world.bob), server.liferay(&server.world.max));
    bob.check_out().await.expect(200);
    let refused = max.cancel().await.expect(403);
    assert!(refused.text().contains("must have OVERRIDE_CHECKOUT permission"));
    let mut change = server.vault.set_up().await.unwrap();
    let (policy, _) = change.put_policy("overriders", None).await.unwrap();
    change.put_rule(policy, Rule::OverrideCheckOut, None).await.unwrap();
    change.give_policy(policy, server.world.max.person.id).await.unwrap();
    change.commit().await.unwrap();
    for refused in [max.check_in("MAJOR", "").await, max.update("mine", "MINOR").await] {
        assert!(refused.expect(500).text().contains("$MustOwnLock"));
    }
    assert!(max.check_out().await.expect(500).text().contains("DuplicateLockException"));
    assert_eq!(bob.labels().await, ["PWC", "1.0"]);
    assert_eq!(max.cancel().await.expect(200).text(), "{}");
    assert_eq!(bob.labels().await, ["1.0"]);
}

#[tokio::test]
async fn the_file_stays_as_it_was_whoever_cancels() {
    let server = Server::start().await;
    let bob = server.liferay(&server.world.bob);
    let ask = json!({"fileEntryId": server.plan_number()});
    let before = bob.call("/dlapp/get-file-entry", ask.clone()).await.expect(200).text();
    for somebody in [&server.world.bob, &server.world.ann, &server.world.dora] {
        server.advance(chrono::Duration::minutes(1));
        bob.check_out().await.expect(200);
        bob.update("draft", "MINOR").await.expect(200);
        let canceller = server.liferay(somebody);
        let dropped = canceller.call("/dlfileentry/cancel-check-out", ask.clone()).await.expect(200).json();
        let members = ["version", "status", "size", "userId"].map(|member| dropped[member].clone());
        assert_eq!(members, [json!("PWC"), json!(2), json!("5"), json!(server.world.bob.person.number.to_string())]);
        assert_eq!(canceller.call("/dlapp/get-file-entry", ask.clone()).await.expect(200).text(), before);
        assert_eq!(bob.labels().await, ["1.0"]);
        bob.download("?version=PWC").await.expect(404);
        // and once more, by either
        for client in [&bob, &canceller] {
            assert_eq!(client.cancel().await.expect(200).text(), "{}");
            assert_eq!(client.call("/dlfileentry/cancel-check-out", ask.clone()).await.expect(200).text(), "{}");
        }
    }
}

#[tokio::test]
async fn an_overridden_holder_is_named_in_the_trail_beside_who_did_it() {
    let server = Server::start().await;
    server.liferay(&server.world.bob).check_out().await.expect(200);
    server.liferay(&server.world.dora).cancel().await.expect(200);
    let mut db = PgConnection::connect(&server.database.url).await.unwrap();
    let cancelled: (Uuid, Uuid) =
        sqlx::query_as("SELECT actor_id, holder_id FROM events WHERE item_id = $1 AND verb = 'cancel'")
            .bind(server.world.file.id.0)
            .fetch_one(&mut db)
            .await
            .unwrap();
    assert_eq!(cancelled, (server.world.dora.person.id.0, server.world.bob.person.id.0));
}

#[tokio::test]
async fn who_cannot_see_the_file_cannot_cancel_and_learns_nothing() {
    let server = Server::start().await;
    server.liferay(&server.world.bob).check_out().await.expect(200);
    let eve = server.liferay(&server.world.eve);
    let hidden = eve.cancel().await.expect(404).text();
    let absent = eve.call("/dlapp/cancel-check-out", json!({"fileEntryId": 1})).await.expect(404).text();
    assert_eq!(hidden.replace(&server.plan_number().to_string(), "1"), absent);
    server.liferay_guest().cancel().await.expect(403);
}

#[tokio::test]
async fn several_who_cancel_at_once_all_succeed_and_one_dropped_it() {
    let server = Server::start().await;
    let bob = server.liferay(&server.world.bob);
    let others = [&server.world.bob, &server.world.ann, &server.world.dora].map(|somebody| server.liferay(somebody));
    let ask = json!({"fileEntryId": server.plan_number()});
    for _ in 0..10 {
        bob.check_out().await.expect(200);
        let answers =
            join_all(others.iter().map(|client| client.call("/dlfileentry/cancel-check-out", ask.clone()))).await;
        let dropped: Vec<Value> = answers.into_iter().map(|answer| answer.expect(200).json()).collect();
        assert_eq!(dropped.iter().filter(|dropped| dropped["version"] == "PWC").count(), 1, "{dropped:?}");
        assert_eq!(bob.labels().await, ["1.0"]);
    }
}
