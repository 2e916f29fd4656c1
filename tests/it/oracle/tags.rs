//! Tags of files and folders (spec/oracle.md 10).

use coatcheck::{
    domain::{
        event::{Outcome, Verb},
        id::ItemKey,
    },
    store,
};
use insta::assert_snapshot;
use reqwest::Method;
use serde_json::{Value, json};
use sqlx::{Connection, PgConnection};

use crate::support::{answer::Answer, oracle::numbered, server::Server, world};

fn tags(answer: Answer) -> String {
    answer.expect(200).json()["tags"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn tags_are_one_text_and_new_ones_replace_all_others() {
    let server = Server::start().await;
    let world = &server.world;
    let (ann, bob) = (server.oracle(&world.ann), server.oracle(&world.bob));
    let folder = ann.post(&format!("/folders/{}", world.library.root_oracle_id), json!({"name": "drawings"})).await;
    let folder = folder.expect(201).json()["id"].as_str().unwrap().to_owned();
    for path in [format!("/files/{}/tags", world.file.oracle_id), format!("/folders/{folder}/tags")] {
        assert_eq!(ann.get(&path).await.expect(200).text(), r#"{"errorCode":"0","tags":""}"#);
        let set = ann.post(&path, json!({"setTags": " gear box,Urgent,,urgent, ä"})).await.expect(200);
        assert_eq!(set.text(), r#"{"errorCode":"0","tags":"gear box,Urgent,ä"}"#);
        let xml = r#"<?xml version="1.0" encoding="UTF-8"?><response><errorCode>0</errorCode><tags>gear box,Urgent,ä</tags></response>"#;
        assert_eq!(bob.xml().get(&path).await.expect(200).text(), xml);
        // the order and the case of the last time
        let xml = "<x><setTags>urgent, b&lt;c ,gear box</setTags></x>";
        let request = bob.request(Method::POST, &path).header("Content-Type", "application/xml").body(xml);
        assert_eq!(tags(server.send(request).await), "urgent,b<c,gear box");
        assert_eq!(tags(ann.get(&path).await), "urgent,b<c,gear box");
        assert_eq!(tags(ann.post(&path, json!({"setTags": ""})).await), "");
    }
    // home has tags like any other folder
    assert_eq!(tags(ann.post("/folders/self/tags", json!({"setTags": "mine"})).await), "mine");
    assert_eq!(tags(ann.get("/folders/self/tags/").await), "mine");
    assert_eq!(tags(bob.get("/folders/self/tags").await), "");

    let actor = world::actor(&server.vault, &world.ann).await;
    let mut db = PgConnection::connect(&server.database.url).await.unwrap();
    let trail = store::trail::of(&mut db, world.file.id).await.unwrap();
    let last = trail.last().unwrap();
    assert_eq!((last.verb, last.outcome, last.actor), (Verb::Update, Outcome::Done, actor.id()));
}

#[tokio::test]
async fn who_may_read_and_write_tags() {
    let server = Server::start().await;
    let world = &server.world;
    let path = format!("/files/{}/tags", world.file.oracle_id);
    let folder = format!("/folders/{}/tags", world.library.root_oracle_id);
    let set = json!({"setTags": "a"});
    for path in [&path, &folder] {
        for (who, read, write) in [
            (&world.eve, 403, 403),
            (&world.vic, 200, 403),
            (&world.carl, 200, 403),
            (&world.ann, 200, 200),
            (&world.max, 200, 200),
            (&world.dora, 200, 200),
        ] {
            server.oracle(who).get(path).await.expect(read);
            server.oracle(who).post(path, set.clone()).await.expect(write);
        }
    }
    assert_snapshot!(numbered(&server.oracle(&world.vic).post(&path, set.clone()).await), @r#"
    403
    {"errorCode":"-20","errorKey":"!csUnableToManageMetadata!csCloudItemInsufficientPrivileges,Vic Example,fFileGUID:D1,MANAGE_METADATA","errorMessage":"Unable to manage metadata. User 'Vic Example' has insufficient privilege to access fFileGUID:D1 with service MANAGE_METADATA.","id":"D1","title":"Unable to manage metadata. User 'Vic Example' has insufficient privilege to access fFileGUID:D1 with service MANAGE_METADATA.","type":"https://www.w3.org/Protocols/rfc2616/rfc2616-sec10.html"}
    "#);
    // a link's role counts here too
    let links = format!("/publiclinks/file/{}", world.file.oracle_id);
    let manager = server.oracle(&world.max);
    let link = async |role: &str| {
        let spec = json!({"assignedUsers": "@everybody", "role": role, "linkName": role});
        manager.post(&links, spec).await.expect(200).json()["linkID"].as_str().unwrap().to_owned()
    };
    let nobody = server.oracle_nobody();
    nobody.get(&path).await.expect(401);
    let viewer = nobody.link(&link("viewer").await);
    viewer.get(&path).await.expect(200);
    viewer.post(&path, set.clone()).await.expect(403);
    nobody.link(&link("contributor").await).post(&path, set.clone()).await.expect(200);
    let missing = ann_missing(&server).await;
    assert_eq!(missing, [404, 404, 404]);
}

/// Of a file, a folder and a file that is a folder.
async fn ann_missing(server: &Server) -> [u16; 3] {
    let ann = server.oracle(&server.world.ann);
    let mut statuses = [0; 3];
    let zeros = "0".repeat(43);
    let root = &server.world.library.root_oracle_id;
    let paths = [format!("/files/D{zeros}/tags"), format!("/folders/F{zeros}/tags"), format!("/files/{root}/tags")];
    for (path, status) in paths.iter().zip(&mut statuses) {
        let answer = ann.post(path, json!({"setTags": "a"})).await;
        assert_eq!(answer.json()["errorCode"], "-16");
        *status = answer.status.as_u16();
    }
    statuses
}

#[tokio::test]
async fn somebody_elses_reservation_stands_in_the_way_of_tags() {
    let server = Server::start().await;
    let world = &server.world;
    let (ann, bob) = (server.oracle(&world.ann), server.oracle(&world.bob));
    let path = format!("/files/{}/tags", world.file.oracle_id);
    ann.reserve(&world.file).await.expect(200);
    assert_snapshot!(numbered(&bob.post(&path, json!({"setTags": "a"})).await), @r#"
    409
    {"errorCode":"-1","errorKey":"!csUnableToManageMetadata!csFldReservedByOther,Ann Example","errorMessage":"Unable to manage metadata. The file is reserved by 'Ann Example'.","id":"D1","title":"Unable to manage metadata. The file is reserved by 'Ann Example'.","type":"https://www.w3.org/Protocols/rfc2616/rfc2616-sec10.html"}
    "#);
    assert_eq!(tags(bob.get(&path).await), "");
    assert_eq!(tags(ann.post(&path, json!({"setTags": "a"})).await), "a");
    // under the fence the caller names, or not at all
    let fenced = async |fence: &str| {
        let request = ann.request(Method::POST, &path).header("X-Coatcheck-Fence", fence);
        server.send(request.body(r#"{"setTags": "b"}"#)).await
    };
    fenced("2").await.expect(409);
    assert_eq!(tags(fenced("1").await), "b");
    // the lock is as it was
    let lock = world::now(&server.vault, world, &world.file).await;
    assert_eq!(lock.lock().unwrap().fence, 1);
    ann.unreserve(&world.file, "ann").await.expect(200);
    assert_eq!(tags(bob.post(&path, json!({"setTags": "c"})).await), "c");
}

#[tokio::test]
async fn tags_have_their_bounds() {
    let server = Server::start().await;
    let world = &server.world;
    let ann = server.oracle(&world.ann);
    let path = format!("/files/{}/tags", world.file.oracle_id);
    let many = |count: usize| (0..count).map(|n| n.to_string()).collect::<Vec<_>>().join(",");
    let bad: [Value; 9] = [
        json!({}),
        json!({"setTags": null}),
        json!({"setTags": ["a"]}),
        json!({"setTags": 1}),
        json!({"setTags": many(101)}),
        json!({"setTags": "x".repeat(101)}),
        json!({"setTags": "x".repeat(10_000)}),
        json!({"setTags": "a\u{0}b"}),
        json!({"setTags": "a\nb"}),
    ];
    for body in bad {
        let answer = ann.post(&path, body.clone()).await.expect(400);
        assert_eq!(answer.json()["errorCode"], "-1", "{body}");
    }
    assert_eq!(tags(ann.get(&path).await), "");
    assert_eq!(tags(ann.post(&path, json!({"setTags": many(100)})).await), many(100));
    let odd = format!("{},'; DROP TABLE item_tags; --,\"q\",日本", "ä".repeat(100));
    assert_eq!(tags(ann.post(&path, json!({"setTags": odd})).await), odd);
}

#[tokio::test(flavor = "multi_thread")]
async fn of_many_who_set_tags_at_once_one_is_the_last_and_whole() {
    let server = Server::start().await;
    let world = &server.world;
    let folder = format!("/folders/{}/tags", world.library.root_oracle_id);
    for path in [format!("/files/{}/tags", world.file.oracle_id), folder] {
        let sets: Vec<String> = (0..8).map(|n| format!("first {n},second {n},shared")).collect();
        let ann = server.oracle(&world.ann);
        let writes = sets.iter().map(|set| {
            let (ann, path) = (ann.clone(), path.clone());
            async move { ann.post(&path, json!({"setTags": set})).await.status.as_u16() }
        });
        let statuses = futures_util::future::join_all(writes).await;
        assert_eq!(statuses, [200; 8]);
        let last = tags(ann.get(&path).await);
        assert!(sets.contains(&last), "{last}");
    }
}

#[tokio::test]
async fn the_trash_keeps_tags_to_itself() {
    let server = Server::start().await;
    let world = &server.world;
    let ann = server.oracle(&world.ann);
    let path = format!("/files/{}/tags", world.file.oracle_id);
    ann.post(&path, json!({"setTags": "a"})).await.expect(200);
    let actor = world::actor(&server.vault, &world.ann).await;
    let look = server.vault.look(&actor, &ItemKey::Id(world.file.id)).await.unwrap();
    server.vault.delete(&actor, &look).await.unwrap();
    ann.get(&path).await.expect(404);
    ann.post(&path, json!({"setTags": "b"})).await.expect(404);
}
