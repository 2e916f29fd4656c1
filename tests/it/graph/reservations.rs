//! Locks that end by themselves, and content without a redirect (spec/graph.md 12).

use chrono::Duration;
use serde_json::json;

use crate::support::{
    acts::{CLIENTS, Client, Clients, Outcome},
    answer::Answer,
    server::Server,
    world,
};

fn mismatch(answer: Answer) {
    let error = answer.expect(409).json()["error"].clone();
    assert_eq!((&error["code"], &error["innerError"]["code"]), (&json!("nameAlreadyExists"), &json!("lockMismatch")));
}

#[tokio::test]
async fn a_lock_holds_for_its_minutes_and_is_renewed_by_its_holder() {
    let server = Server::start().await;
    let (ann, bob) = (server.graph(&server.world.ann), server.graph(&server.world.bob));
    let plan = server.plan().replace("/v1.0", "/beta");
    let free = ann.get(&format!("{plan}?$select=file,lockInfo")).await.expect(200).json();
    assert_eq!(
        (&free["lockInfo"], &free["file"]["lockInfo"]),
        (&json!({"lockType": "none"}), &json!({"lockType": "none"}))
    );
    let taken = ann.post_json(&format!("{plan}/lock"), json!({"durationMinutes": 10})).await.expect(200).json();
    assert_eq!(taken["lockType"], "exclusive");
    assert_eq!(
        (&taken["createdDateTime"], &taken["expirationDateTime"]),
        (&json!("2026-03-04T05:06:07Z"), &json!("2026-03-04T05:16:07Z"))
    );
    let shown = bob.get(&plan).await.json();
    assert_eq!(shown["file"]["lockInfo"]["owners"][0]["user"]["displayName"], "Ann Example");
    assert!(shown.get("lockInfo").is_none(), "at the top only when it is asked for");
    assert!(bob.get(&server.plan()).await.json()["file"].get("lockInfo").is_none(), "nothing of it is stable");
    mismatch(bob.post_json(&format!("{plan}/lock"), json!({"durationMinutes": 1})).await);
    mismatch(bob.post(&format!("{plan}/releaseLock")).await);
    // renewed for less
    server.advance(Duration::minutes(5));
    let renewed = ann.post_json(&format!("{plan}/lock"), json!({"durationMinutes": 1})).await.expect(200).json();
    assert_eq!(renewed["expirationDateTime"], "2026-03-04T05:12:07Z");
    server.advance(Duration::seconds(59));
    bob.post(&format!("{plan}/checkout")).await.expect(423);
    // none at the instant it ends
    server.advance(Duration::seconds(1));
    mismatch(ann.post(&format!("{plan}/releaseLock")).await);
    bob.post_json(&format!("{plan}/lock"), json!({"durationMinutes": 30})).await.expect(200);
    bob.post(&format!("{plan}/releaseLock")).await.expect(204);
    mismatch(bob.post(&format!("{plan}/releaseLock")).await);
    ann.post(&format!("{plan}/checkout")).await.expect(204);
}

#[tokio::test]
async fn others_meet_it_as_they_meet_a_check_out_in_every_dialect() {
    let server = Server::start().await;
    let (ann, bob, world) = (server.graph(&server.world.ann), server.graph(&server.world.bob), &server.world);
    let plan = server.plan().replace("/v1.0", "/beta");
    ann.post_json(&format!("{plan}/lock"), json!({"durationMinutes": 30})).await.expect(200);
    for refused in [
        bob.put(&format!("{plan}/content"), "x").await,
        bob.patch(&plan, json!({"name": "x.txt"})).await,
        bob.delete(&plan).await,
        bob.post(&format!("{plan}/checkout")).await,
        bob.post(&format!("{plan}/checkin")).await,
        bob.post(&format!("{plan}/discardCheckout")).await,
        bob.post(&format!("{plan}/versions/1.0/restoreVersion")).await,
    ] {
        refused.expect(423);
    }
    let clients = Clients::new(&server);
    for client in CLIENTS {
        assert_eq!(clients.check_out(client, &world.bob, &world.file).await, Outcome::Held, "{client:?}");
        assert_eq!(clients.upload(client, &world.bob, &world.file, "x").await, Outcome::Held, "{client:?}");
    }
    // what its holder writes is published at once, and the lock stays
    ann.put(&format!("{plan}/content"), "at once").await.expect(200);
    assert_eq!(bob.content(&plan).await, "at once");
    assert_eq!(bob.get(&format!("{plan}/versions/current")).await.json()["id"], "2.0");
    bob.put(&format!("{plan}/content"), "x").await.expect(423);
    ann.post(&format!("{plan}/releaseLock")).await.expect(204);
    bob.put(&format!("{plan}/content"), "mine").await.expect(200);
}

#[tokio::test]
async fn a_check_out_is_no_such_lock_whoever_has_it() {
    let server = Server::start().await;
    let (ann, world, clients) = (server.graph(&server.world.ann), &server.world, Clients::new(&server));
    let plan = server.plan().replace("/v1.0", "/beta");
    for client in [Client::Arena, Client::Oracle, Client::Graph, Client::Liferay] {
        for holder in [&world.ann, &world.bob] {
            let file = world::now(&server.vault, world, &world.file).await;
            assert_eq!(clients.check_out(client, holder, &file).await, Outcome::Done);
            // not even for its holder: a check-out is not to end by itself
            mismatch(ann.post_json(&format!("{plan}/lock"), json!({"durationMinutes": 5})).await);
            mismatch(ann.post(&format!("{plan}/releaseLock")).await);
            let lock = world::now(&server.vault, world, &world.file).await.lock().unwrap().clone();
            assert_eq!(
                (lock.expires_at.is_none() || client == Client::Liferay, lock.holder.id),
                (true, holder.person.id)
            );
            server.graph(holder).post(&format!("{plan}/discardCheckout")).await.expect(204);
        }
    }
}

#[tokio::test]
async fn it_is_no_check_out_until_its_holder_checks_out() {
    let server = Server::start().await;
    let (ann, bob) = (server.graph(&server.world.ann), server.graph(&server.world.bob));
    let plan = server.plan().replace("/v1.0", "/beta");
    let free = ann.publication(&plan).await;
    ann.post_json(&format!("{plan}/lock"), json!({"durationMinutes": 30})).await.expect(200);
    for who in [&ann, &bob] {
        assert_eq!(who.publication(&plan).await, free, "nobody has checked it out");
    }
    for call in ["checkin", "discardCheckout"] {
        let refused = ann.post(&format!("{plan}/{call}")).await.expect(400).json();
        assert_eq!(
            (&refused["error"]["code"], &refused["error"]["message"]),
            (&json!("invalidRequest"), &json!("The file is not checked out.")),
            "{call}"
        );
        bob.post(&format!("{plan}/{call}")).await.expect(423);
    }
    assert_eq!(bob.get(&plan).await.json()["file"]["lockInfo"]["lockType"], "exclusive", "it is still there");
    let before = bob.get(&plan).await.header("etag");

    ann.post(&format!("{plan}/checkout")).await.expect(204);
    assert_ne!(bob.get(&plan).await.header("etag"), before);
    let out = ann.get(&format!("{plan}?$select=publication,file")).await.expect(200).json();
    assert_eq!((&out["publication"]["level"], &out["publication"]["versionId"]), (&json!("checkout"), &json!("2.0")));
    assert_eq!(out["file"]["lockInfo"].get("expirationDateTime"), None);
    assert_eq!(bob.get(&format!("{plan}?$select=publication")).await.json()["publication"]["versionId"], "1.0");
    mismatch(ann.post_json(&format!("{plan}/lock"), json!({"durationMinutes": 1})).await);
    mismatch(ann.post(&format!("{plan}/releaseLock")).await);
    // it does not end by itself any more, and has a working copy
    server.advance(Duration::hours(1));
    ann.put(&format!("{plan}/content"), "working").await.expect(200);
    assert_eq!(bob.content(&plan).await, "first");
    bob.put(&format!("{plan}/content"), "x").await.expect(423);
    ann.post(&format!("{plan}/checkin")).await.expect(204);
    assert_eq!((bob.content(&plan).await.as_str(), bob.publication(&plan).await.contains("2.0")), ("working", true));

    // and back again
    ann.post_json(&format!("{plan}/lock"), json!({"durationMinutes": 30})).await.expect(200);
    ann.post(&format!("{plan}/checkout")).await.expect(204);
    ann.put(&format!("{plan}/content"), "dropped").await.expect(200);
    ann.post(&format!("{plan}/discardCheckout")).await.expect(204);
    assert_eq!(bob.content(&plan).await, "working");
    bob.post(&format!("{plan}/checkout")).await.expect(204);
}

#[tokio::test]
async fn its_holder_checks_out_in_every_dialect() {
    let server = Server::start().await;
    let (ann, bob, world) = (server.graph(&server.world.ann), server.graph(&server.world.bob), &server.world);
    let (clients, plan) = (Clients::new(&server), server.plan().replace("/v1.0", "/beta"));
    for client in CLIENTS {
        ann.post_json(&format!("{plan}/lock"), json!({"durationMinutes": 30})).await.expect(200);
        let file = world::now(&server.vault, world, &world.file).await;
        let before = file.lock().unwrap().fence;
        assert_eq!(clients.check_out(client, &world.ann, &file).await, Outcome::Done, "{client:?}");
        let lock = world::now(&server.vault, world, &world.file).await.lock().unwrap().clone();
        assert_eq!((lock.has_working_copy(), lock.fence), (true, before + 1), "{client:?}");
        ann.put(&format!("{plan}/content"), "working").await.expect(200);
        assert_eq!(bob.content(&plan).await, "first", "{client:?}");
        ann.post(&format!("{plan}/discardCheckout")).await.expect(204);
    }
}

#[tokio::test]
async fn what_cannot_be_locked_is_told_apart() {
    let server = Server::start().await;
    let (ann, world) = (server.graph(&server.world.ann), &server.world);
    let (stable, drive) = (server.plan(), server.drive().replace("/v1.0", "/beta"));
    let plan = stable.replace("/v1.0", "/beta");
    for bad in [
        json!({}),
        json!({"durationMinutes": null}),
        json!({"durationMinutes": 0}),
        json!({"durationMinutes": -1}),
        json!({"durationMinutes": 31}),
        json!({"durationMinutes": 1.5}),
        json!({"durationMinutes": "5"}),
        json!({"durationMinutes": 99_999_999_999_999_i64}),
    ] {
        let refused = ann.post_json(&format!("{plan}/lock"), bad.clone()).await.expect(400).json();
        assert_eq!(refused["error"]["innerError"]["code"], "invalidParameterFormat", "{bad}");
    }
    ann.post(&format!("{plan}/lock")).await.expect(400);
    let five = json!({"durationMinutes": 5});
    for (somebody, status) in [(&world.vic, 403), (&world.carl, 403), (&world.eve, 404)] {
        let client = server.graph(somebody);
        client.post_json(&format!("{plan}/lock"), five.clone()).await.expect(status);
        client.post(&format!("{plan}/releaseLock")).await.expect(status);
    }
    ann.post_json(&format!("{drive}/root/lock"), five.clone()).await.expect(400);
    ann.post(&format!("{drive}/root/releaseLock")).await.expect(400);
    ann.post_json(&format!("{drive}/items/01NOWHERE/lock"), five.clone()).await.expect(404);
    server.send(server.post(&format!("{plan}/lock"))).await.expect(401);
    // what is not stable is not there under any other prefix
    for prefix in ["/v1.0", "/v2.0", "/_api/v2.0", ""] {
        let plan = stable.replace("/v1.0", prefix);
        for call in ["lock", "releaseLock"] {
            let refused = ann.post_json(&format!("{plan}/{call}"), five.clone()).await.expect(400).json();
            assert_eq!(refused["error"]["message"], "API not found");
        }
        ann.get(&format!("{plan}/contentStream")).await.expect(400);
    }
    // who may not hold anything is told that, also while somebody does
    ann.post_json(&format!("{plan}/lock"), five).await.expect(200);
    server.graph(&world.vic).post(&format!("{plan}/releaseLock")).await.expect(403);
}

#[tokio::test]
async fn of_many_who_lock_at_once_exactly_one_does() {
    let server = Server::start().await;
    let plan = server.plan().replace("/v1.0", "/beta");
    let everybody = [&server.world.ann, &server.world.bob, &server.world.max, &server.world.dora];
    let calls = everybody.iter().map(|somebody| {
        let client = server.graph(somebody);
        let path = format!("{plan}/lock");
        async move { client.post_json(&path, json!({"durationMinutes": 5})).await.status.as_u16() }
    });
    let mut statuses = futures_util::future::join_all(calls).await;
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 409, 409, 409]);
}

#[tokio::test]
async fn content_is_had_without_a_redirect() {
    let server = Server::start().await;
    let (ann, bob) = (server.graph(&server.world.ann), server.graph(&server.world.bob));
    let stream = format!("{}/contentStream", server.plan().replace("/v1.0", "/beta"));
    ann.post(&format!("{}/checkout", server.plan())).await.expect(204);
    ann.put(&format!("{}/content", server.plan()), "working copy").await.expect(200);
    assert_eq!(ann.get(&stream).await.expect(200).text(), "working copy");
    let whole = bob.get(&stream).await.expect(200);
    assert_eq!((whole.text().as_str(), whole.header("content-type").as_str()), ("first", "text/plain"));
    assert_eq!(whole.header("etag"), bob.get(&server.plan()).await.header("etag"));
    let part = server.send(bob.request("GET", &stream).header("range", "bytes=1-2")).await.expect(206);
    assert_eq!((part.text().as_str(), part.header("content-range").as_str()), ("ir", "bytes 1-2/5"));
    server.send(bob.request("GET", &stream).header("range", "bytes=9-")).await.expect(416);
    server.send(bob.request("GET", &stream).header("if-none-match", whole.header("etag"))).await.expect(304);
    let head = server.send(bob.request("HEAD", &stream)).await.expect(200);
    assert_eq!((head.header("content-length").as_str(), head.body.len()), ("5", 0));
    server.graph(&server.world.vic).get(&stream).await.expect(403);
    server.graph(&server.world.eve).get(&stream).await.expect(404);
    ann.get(&format!("{}/root/contentStream", server.drive().replace("/v1.0", "/beta"))).await.expect(400);
}
