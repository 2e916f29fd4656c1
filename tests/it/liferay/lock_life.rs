//! How a check-out ends by itself, and how it is kept alive (spec/liferay.md 11.1, 11.8), seen by every dialect.

use chrono::Duration;
use serde_json::{Value, json};

use crate::support::{
    acts::{CLIENTS, Client, Clients, Outcome},
    liferay::Liferay,
    server::Server,
    world,
};

/// The lock of the world's file.
async fn lock(server: &Server) -> Value {
    let path = format!("/dlfileentry/get-file-entry-lock?fileEntryId={}", server.plan_number());
    server.liferay(&server.world.vic).get(&path).await.expect(200).json()
}

async fn refresh(client: &Liferay<'_>, uuid: &Value, milliseconds: i64) -> crate::support::answer::Answer {
    let parameters = json!({"lockUuid": uuid, "companyId": 20097, "expirationTime": milliseconds});
    client.call("/dlapp/refresh-file-entry-lock", parameters).await
}

#[tokio::test]
async fn the_limit_is_a_setting_and_nothing_lasts_longer() {
    let server = Server::start_with(&[("liferay.lock_limit_milliseconds", "60000")]).await;
    let ann = server.liferay(&server.world.ann);
    ann.check_out().await.expect(200);
    assert_eq!(lock(&server).await["expirationTime"], "60000");
    ann.cancel().await.expect(200);
    for (asked, lasts) in [(59_999, "59999"), (60_000, "60000"), (60_001, "60000"), (0, "60000"), (i64::MIN, "60000")] {
        for service in ["dlapp", "dlfileentry"] {
            let wanted = json!({"fileEntryId": server.plan_number(), "owner": "o", "expirationTime": asked});
            ann.call(&format!("/{service}/check-out-file-entry"), wanted).await.expect(200);
            let held = lock(&server).await;
            assert_eq!((&held["expirationTime"], &held["owner"]), (&json!(lasts), &json!("o")), "{asked}");
            ann.cancel().await.expect(200);
        }
    }
}

#[tokio::test]
async fn a_refresh_counts_from_now_and_is_cut_to_the_limit() {
    let server = Server::start().await;
    let ann = server.liferay(&server.world.ann);
    ann.check_out().await.expect(200);
    let first = lock(&server).await;
    for (asked, lasts) in [
        (5_000, 5_000),
        (86_400_000, 86_400_000),
        (86_400_001, 86_400_000),
        (0, 86_400_000),
        (-1, 86_400_000),
        (i64::MAX, 86_400_000),
    ] {
        server.advance(Duration::seconds(1));
        let refreshed = refresh(&ann, &first["uuid"], asked).await.expect(200).json();
        let (begun, ends) = (refreshed["createDate"].as_i64().unwrap(), refreshed["expirationDate"].as_i64().unwrap());
        assert_eq!((ends - begun, &refreshed["uuid"]), (lasts, &first["uuid"]), "{asked}");
        assert!(begun > first["createDate"].as_i64().unwrap());
        assert_eq!(lock(&server).await, refreshed);
    }
    // a shorter one ends sooner than the check-out would have
    refresh(&ann, &first["uuid"], 5_000).await.expect(200);
    server.advance(Duration::seconds(5));
    assert_eq!(lock(&server).await, json!({}));
    refresh(&ann, &first["uuid"], 5_000).await.expect(404);
}

#[tokio::test]
async fn a_refresh_without_an_end_needs_the_setting() {
    let server = Server::start_with(&[("liferay.endless_locks", "true")]).await;
    let ann = server.liferay(&server.world.ann);
    // a check-out has its end all the same
    let wanted = json!({"fileEntryId": server.plan_number(), "owner": "", "expirationTime": 0});
    ann.call("/dlapp/check-out-file-entry", wanted).await.expect(200);
    let uuid = lock(&server).await["uuid"].clone();
    assert_eq!(lock(&server).await["expirationTime"], "86400000");
    let endless = refresh(&ann, &uuid, 0).await.expect(200).json();
    let members = ["expirationDate", "expirationTime", "neverExpires", "expired"].map(|member| endless[member].clone());
    assert_eq!(members, [Value::Null, json!("0"), json!(true), json!(false)]);
    server.advance(Duration::days(400));
    assert_eq!(lock(&server).await, endless);
    // and may be given one again
    for asked in [-1, i64::MAX] {
        assert_eq!(refresh(&ann, &uuid, asked).await.expect(200).json()["expirationTime"], "86400000");
    }
}

#[tokio::test]
async fn nobody_refreshes_somebody_elses_lock_and_no_lock_is_refreshed_twice() {
    let server = Server::start().await;
    let (ann, bob) = (server.liferay(&server.world.ann), server.liferay(&server.world.bob));
    ann.check_out().await.expect(200);
    let held = lock(&server).await;
    for somebody in [&server.world.bob, &server.world.dora, &server.world.max, &server.world.vic, &server.world.carl] {
        let refused = refresh(&server.liferay(somebody), &held["uuid"], 1000).await.expect(403);
        // worded by what is locked
        let text = format!(
            "User {} must have UPDATE permission for com.liferay.document.library.kernel.model.DLFileEntry {}",
            somebody.person.number,
            server.plan_number()
        );
        assert_eq!(refused.json()["exception"], text, "{}", somebody.person.login);
    }
    // who does not see the file does not learn of its lock
    refresh(&server.liferay(&server.world.eve), &held["uuid"], 1000).await.expect(404);
    assert_eq!(lock(&server).await, held);
    ann.cancel().await.expect(200);
    bob.check_out().await.expect(200);
    refresh(&ann, &held["uuid"], 1000).await.expect(404);
    for bad in [json!("x"), json!(null), json!("")] {
        refresh(&ann, &bad, 1000).await.expect(404);
    }
    let unconvertible = json!({"lockUuid": held["uuid"], "companyId": 20097, "expirationTime": "soon"});
    ann.call("/dlfileentry/refresh-file-entry-lock", unconvertible).await.expect(500);
}

#[tokio::test]
async fn a_lapsed_check_out_is_gone_for_every_dialect_at_its_instant() {
    let server = Server::start().await;
    let clients = Clients::new(&server);
    let (vault, world) = (&server.vault, &server.world);
    let mut files = Vec::new();
    for client in CLIENTS {
        let file = world::file(vault, &world.bob, &world.library, &format!("{client:?}.txt"), "first").await;
        let wanted = json!({"fileEntryId": file.number, "owner": "", "expirationTime": 60_000});
        server.liferay(&world.ann).call("/dlapp/check-out-file-entry", wanted).await.expect(200);
        assert_eq!(clients.upload(Client::Liferay, &world.ann, &file, "draft").await, Outcome::Done);
        assert_eq!(clients.check_out(client, &world.bob, &file).await, Outcome::Held, "{client:?}");
        files.push((client, file));
    }
    server.advance(Duration::minutes(1));
    for (client, file) in &files {
        assert!(world::now(vault, world, file).await.lock().is_none(), "{client:?}");
        assert_eq!(clients.check_out(*client, &world.bob, file).await, Outcome::Done, "{client:?}");
        let now = world::now(vault, world, file).await;
        let parts = now.file.as_ref().unwrap();
        assert_eq!(now.lock().unwrap().holder.id, world.bob.person.id);
        // the working copy that lapsed is nobody's, and was published by nobody
        assert!(parts.draft.is_none() && parts.edition.ordinal == 1, "{client:?}");
        // nor does its holder come back through any room
        for late in CLIENTS {
            assert_ne!(clients.upload(late, &world.ann, file, "late").await, Outcome::Done, "{client:?} {late:?}");
        }
    }
}

#[tokio::test]
async fn a_check_out_from_elsewhere_has_no_end_here_until_its_holder_gives_it_one() {
    let server = Server::start().await;
    let clients = Clients::new(&server);
    let file = server.world.file.clone();
    for client in [Client::Arena, Client::Oracle, Client::Graph] {
        assert_eq!(clients.check_out(client, &server.world.ann, &file).await, Outcome::Done, "{client:?}");
        let held = lock(&server).await;
        let members = ["owner", "expirationDate", "expirationTime", "neverExpires"].map(|member| held[member].clone());
        assert_eq!(members, [json!(""), Value::Null, json!("0"), json!(true)], "{client:?}");
        let ann = server.liferay(&server.world.ann);
        // an own check-out, which changes nothing, and a working copy for every viewer
        ann.check_out().await.expect(200);
        assert_eq!(lock(&server).await, held);
        assert_eq!(server.liferay(&server.world.vic).labels().await[0], "PWC", "{client:?}");
        let refreshed = refresh(&ann, &held["uuid"], 60_000).await.expect(200).json();
        assert_eq!(refreshed["neverExpires"], false, "{client:?}");
        server.advance(Duration::minutes(1));
        assert_eq!(lock(&server).await, json!({}), "{client:?}");
    }
}
