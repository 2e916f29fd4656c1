//! How much a library may hold, in every dialect that brings bytes into it.

use coatcheck::vault::{LibraryUpdate, Quota};
use reqwest::Method;
use serde_json::{Value, json};

use super::support::{
    acts::{Client, Clients, Outcome},
    answer::Answer,
    graph::{Graph, address},
    server::Server,
    world::{self, PASSWORD},
};

async fn limit(server: &Server, quota: Quota) {
    let update = LibraryUpdate { quota_bytes: Some(quota), ..LibraryUpdate::default() };
    server.vault.update_library(server.world.library.id, &update).await.unwrap();
}

async fn quota(client: &Graph<'_>, drive: &str) -> Value {
    client.get(drive).await.expect(200).json()["quota"].clone()
}

fn full(answer: Answer) {
    assert_eq!(answer.expect(507).json()["error"]["code"], "quotaLimitReached");
}

#[tokio::test]
async fn a_library_holds_what_its_quota_lets_it_and_not_a_byte_more() {
    let server = Server::start().await;
    let (ann, drive, plan) = (server.graph(&server.world.ann), server.drive(), server.plan());
    assert_eq!(quota(&ann, &drive).await["state"], "normal");
    limit(&server, Quota::Bytes(1000)).await;
    let now = quota(&ann, &drive).await;
    assert_eq!(now, json!({"total": 1000, "used": 5, "remaining": 995, "deleted": 0, "state": "normal"}));

    full(ann.put(&format!("{drive}/root:/a.txt:/content"), &"a".repeat(996)).await);
    ann.get(&format!("{drive}/root:/a.txt")).await.expect(404);
    ann.put(&format!("{drive}/root:/a.txt:/content"), &"a".repeat(995)).await.expect(201);
    assert_eq!(quota(&ann, &drive).await["state"], "exceeded");
    // the newest version counts, and those before it do not
    full(ann.put(&format!("{plan}/content"), "longer").await);
    ann.put(&format!("{plan}/content"), "other").await.expect(200);
    ann.put(&format!("{plan}/content"), "less").await.expect(200);
    assert_eq!(quota(&ann, &drive).await["state"], "critical");
    ann.put(&format!("{drive}/root:/b.txt:/content"), "").await.expect(201);
    // a library that holds too much may hold less, and nothing more
    limit(&server, Quota::Bytes(10)).await;
    let now = quota(&ann, &drive).await;
    assert_eq!((now["remaining"].as_i64(), now["state"].as_str()), (Some(0), Some("exceeded")));
    ann.put(&format!("{drive}/root:/a.txt:/content"), &"a".repeat(900)).await.expect(200);
    full(ann.put(&format!("{drive}/root:/a.txt:/content"), &"a".repeat(901)).await);
    // the trash does not count, and what comes out of it does
    let id = ann.get(&format!("{drive}/root:/a.txt")).await.json()["id"].as_str().unwrap().to_owned();
    ann.delete(&format!("{drive}/items/{id}")).await.expect(204);
    ann.put(&format!("{plan}/content"), "0123456789").await.expect(200);
    let actor = world::actor(&server.vault, &server.world.ann).await;
    let trash = server.vault.trash(&actor, 10).await.unwrap();
    let refused = server.vault.restore(&actor, &trash[0].id).await;
    assert!(matches!(refused, Err(coatcheck::domain::error::Error::QuotaReached)), "{refused:?}");
    limit(&server, Quota::Unlimited).await;
    server.vault.restore(&actor, &trash[0].id).await.unwrap();
}

#[tokio::test]
async fn a_working_copy_counts_until_it_is_published() {
    let server = Server::start().await;
    let (ann, drive, plan) = (server.graph(&server.world.ann), server.drive(), server.plan());
    limit(&server, Quota::Bytes(100)).await;
    ann.post(&format!("{plan}/checkout")).await.expect(204);
    full(ann.put(&format!("{plan}/content"), &"x".repeat(96)).await);
    ann.put(&format!("{plan}/content"), &"x".repeat(95)).await.expect(200);
    assert_eq!(quota(&ann, &drive).await["used"], 100);
    full(ann.put(&format!("{drive}/root:/b.txt:/content"), "b").await);
    // nobody is held in a check-out by a quota
    limit(&server, Quota::Bytes(50)).await;
    ann.post(&format!("{plan}/checkin")).await.expect(204);
    assert_eq!(quota(&ann, &drive).await["used"], 95);
}

#[tokio::test]
async fn a_session_is_refused_at_its_beginning_and_at_its_end() {
    let server = Server::start().await;
    let (ann, drive, plan) = (server.graph(&server.world.ann), server.drive(), server.plan());
    limit(&server, Quota::Bytes(100)).await;
    let ask = async |item: &str, size: i64| {
        ann.post_json(&format!("{item}/createUploadSession"), json!({"item": {"fileSize": size}})).await
    };
    full(ask(&format!("{drive}/root:/a.bin:"), 96).await);
    full(ask(&plan, 101).await);
    ask(&plan, 100).await.expect(200);
    let url =
        ask(&format!("{drive}/root:/a.bin:"), 1).await.expect(200).json()["uploadUrl"].as_str().unwrap().to_owned();
    let put =
        async || server.send(server.http.put(&url).header("content-range", "bytes 0-95/96").body("x".repeat(96))).await;
    full(put().await);
    full(server.send(server.http.post(&url)).await);
    limit(&server, Quota::Bytes(101)).await;
    put().await.expect(201);
}

#[tokio::test]
async fn of_two_that_would_fill_the_same_room_one_gets_it() {
    let server = Server::start().await;
    let (ann, drive) = (server.graph(&server.world.ann), server.drive());
    limit(&server, Quota::Bytes(1000)).await;
    for round in 0..5 {
        let puts = (0..6).map(|n| {
            let (ann, path) = (&ann, format!("{drive}/root:/r{round}n{n}.txt:/content"));
            async move { (n, ann.put(&path, &"x".repeat(900)).await.status.as_u16()) }
        });
        let answers = futures_util::future::join_all(puts).await;
        let made: Vec<i32> = answers.iter().filter(|(_, status)| *status == 201).map(|(n, _)| *n).collect();
        assert_eq!(made.len(), 1, "{answers:?}");
        assert!(answers.iter().all(|(_, status)| [201, 507].contains(status)), "{answers:?}");
        let path = format!("{drive}/root:/r{round}n{}.txt", made[0]);
        let id = ann.get(&path).await.json()["id"].as_str().unwrap().to_owned();
        ann.delete(&format!("{drive}/items/{id}")).await.expect(204);
    }
}

#[tokio::test]
async fn copies_and_moves_into_a_library_count_there() {
    let server = Server::start().await;
    let world = &server.world;
    let own = world::personal(&server.vault, &world.ann).await;
    let ann = server.graph(&world.ann);
    ann.put("/v1.0/me/drive/root:/folder/big.txt:/content", &"x".repeat(200)).await.expect(201);
    let oracle = async |method: &str, path: &str, body: Value| {
        let method: Method = method.parse().unwrap();
        let request = server.http.request(method, server.url(&format!("/documents/api/1.2{path}")));
        server.send(request.basic_auth(&world.ann.person.login, Some(PASSWORD)).json(&body)).await
    };
    let actor = world::actor(&server.vault, &world.ann).await;
    let find = async |names: &[&str]| {
        let names = names.iter().map(|name| (*name).to_owned()).collect();
        let key = coatcheck::domain::id::ItemKey::Path(Box::new(coatcheck::domain::id::ItemKey::Id(own.root)), names);
        server.vault.item(&actor, &key).await.unwrap()
    };
    let (file, folder) = (find(&["folder", "big.txt"]).await, find(&["folder"]).await);
    let to = json!({"destinationID": world.library.root_oracle_id});
    limit(&server, Quota::Bytes(204)).await;
    for (kind, id) in [("files", &file.oracle_id), ("folders", &folder.oracle_id)] {
        for verb in ["copy", "move"] {
            let refused = oracle("POST", &format!("/{kind}/{id}/{verb}"), to.clone()).await.expect(413);
            assert!(refused.text().contains("!csQuotaReached"), "{kind} {verb}: {refused}");
        }
    }
    assert_eq!(quota(&ann, &server.drive()).await["used"], 5);
    limit(&server, Quota::Bytes(205)).await;
    oracle("POST", &format!("/folders/{}/move", folder.oracle_id), to.clone()).await.expect(200);
    assert_eq!(quota(&ann, &server.drive()).await["used"], 205);
    // within a library nothing comes to it
    let file = world::now(&server.vault, world, &file).await;
    ann.patch(&address(&file), json!({"name": "other.txt"})).await.expect(200);
}

#[tokio::test]
async fn every_dialect_says_that_there_is_no_room_and_writes_nothing() {
    let server = Server::start().await;
    let world = &server.world;
    limit(&server, Quota::Bytes(6)).await;
    let clients = Clients::new(&server);
    let before = world::now(&server.vault, world, &world.file).await;
    // what goes in as anybody brings it
    assert_eq!(clients.upload(Client::Graph, &world.ann, &before, "twelve").await, Outcome::Done);
    let said = async |request: reqwest::RequestBuilder| server.send(request).await;
    let part = || reqwest::multipart::Part::text("far too long").file_name("plan.txt");
    let oracle = server.http.post(server.url(&format!("/documents/api/1.2/files/{}/data", before.oracle_id)));
    let form = reqwest::multipart::Form::new().part("primaryFile", part());
    let oracle = said(oracle.basic_auth(&world.ann.person.login, Some(PASSWORD)).multipart(form)).await;
    assert_eq!(oracle.expect(413).json()["errorCode"], "-1");
    let params = json!({
        "fileEntryId": before.number, "sourceFileName": "plan.txt", "mimeType": "text/plain", "title": "plan.txt",
        "description": "", "changeLog": "", "dlVersionNumberIncrease": "MINOR", "bytes": "far too long".as_bytes(),
    });
    let body = json!({"jsonrpc": "2.0", "method": "update-file-entry", "params": params, "id": 1});
    let liferay = server.post("/api/jsonws/dlapp").basic_auth(&world.ann.person.email, Some(PASSWORD)).json(&body);
    assert!(said(liferay).await.text().contains("FileSizeException"));
    let after = world::now(&server.vault, world, &world.file).await;
    assert_eq!(after.file.as_ref().unwrap().edition.ordinal, 2);
}
