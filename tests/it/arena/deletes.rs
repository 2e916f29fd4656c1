//! Deleting a file edition by edition (spec/arena.md 8.8).

use coatcheck::{
    domain::{error::Error, id::ItemKey},
    store,
};
use futures_util::future::join_all;
use insta::assert_snapshot;
use sqlx::{Connection, PgConnection};

use super::{
    files::{category, learn},
    races::trail,
};
use crate::support::{
    answer::Answer,
    arena::{Arena, code, guid, guid_in, message},
    graph,
    server::Server,
    world,
};

impl Arena<'_> {
    async fn delete(&self, guid: &str) -> Answer {
        Answer::read(self.request("DELETE", &format!("/v1/files/{guid}")).send().await.unwrap()).await
    }

    /// One more edition, by way of a check-out.
    async fn edition(&self, file: &str, text: &str, more: &[(&str, &str)]) -> String {
        self.check_out(file).await.expect(201);
        guid_in(&self.check_in(file, "true", text, more).await.expect(201))
    }
}

/// The labels of a file's editions, newest first, the latest with a star.
async fn labels(client: &Arena<'_>, file: &str) -> String {
    let list = client.get(&format!("/files/{file}/editions")).await.expect(200).json();
    let mark = |edition: &serde_json::Value| if edition["latest"] == true { "*" } else { "" };
    let labels = list["results"].as_array().unwrap().iter();
    labels
        .map(|edition| format!("{}{}", edition["edition"].as_str().unwrap(), mark(edition)))
        .collect::<Vec<_>>()
        .join(" ")
}

#[tokio::test]
async fn the_latest_edition_goes_and_the_one_before_is_the_latest_until_the_file_is_gone() {
    let server = Server::start().await;
    let ann = server.arena(&server.world.ann).await;
    let first = guid(&server.world.file).to_owned();
    let second = ann.edition(&first, "two", &[("file.title", "Second"), ("file.description", "about it")]).await;
    let third = ann.edition(&second, "three", &[("file.title", "Third"), ("file.edition", "C")]).await;
    assert_eq!(labels(&ann, &first).await, "C* 2 1");

    let answer = ann.delete(&third).await;
    assert_eq!((answer.status.as_u16(), answer.text().as_str()), (204, ""));
    assert_eq!(answer.header("server"), "ArenaSolutions");
    assert_ne!(answer.header("x-arena-requests-remaining"), "");
    assert_eq!(answer.header("x-arena-fileguid"), "");
    assert_eq!(labels(&ann, &first).await, "2* 1");

    // nobody knows the GUID any more, and no other edition answers to it
    for path in ["", "/content", "/editions", "/corrections", "/markups", "/requests"] {
        let unknown = ann.get(&format!("/files/{third}{path}")).await;
        assert_eq!(message(&unknown), format!("The guid \"{third}\" is not valid."), "{path}");
        assert_eq!(code(&unknown), "400 3011");
    }
    assert_eq!(code(&ann.check_out(&third).await), "400 3011");
    assert_eq!(code(&ann.check_in(&third, "true", "x", &[]).await), "400 3011");
    assert_eq!(code(&ann.delete(&third).await), "403 3024");

    // the one before is what everybody sees
    let shown = ann.get(&format!("/files/{second}")).await.expect(200).json();
    assert_eq!((&shown["latest"], &shown["locked"], &shown["title"]), (&true.into(), &false.into(), &"Second".into()));
    assert_eq!(ann.get("/files").await.json()["results"][0]["guid"], second);
    assert_eq!(ann.get(&format!("/files/{second}/content")).await.text(), "two");
    let item = world::now(&server.vault, &server.world, &server.world.file).await;
    assert_eq!((item.title.as_str(), item.description.as_str()), ("Second", "about it"));

    // its label is free, and the file goes on
    let again = ann.edition(&second, "three again", &[("file.edition", "C")]).await;
    assert_eq!(labels(&ann, &again).await, "C* 2 1");
    for newest in [&again, &second] {
        ann.delete(newest).await.expect(204);
    }
    assert_eq!(labels(&ann, &first).await, "1*");
    ann.delete(&first).await.expect(204);
    assert_eq!(code(&ann.get(&format!("/files/{first}")).await), "400 3011");
    assert_eq!(code(&ann.delete(&first).await), "403 3024");
    assert_eq!(ann.get("/files").await.json()["count"], 0);
    // its number is not given again
    assert_eq!(ann.create("New", "new.txt", "x").await.json()["number"], "FILE-000002");
    let deleted: Vec<String> =
        trail(&server).await.lines().filter(|line| line.contains("delete")).map(str::to_owned).collect();
    assert_eq!(deleted, ["ann delete done"; 4]);
}

#[tokio::test]
async fn what_was_deleted_is_kept_inside_and_noted_with_its_edition() {
    let server = Server::start().await;
    let ann = server.arena(&server.world.ann).await;
    let second = ann.edition(guid(&server.world.file), "two", &[]).await;
    ann.delete(&second).await.expect(204);
    let mut db = PgConnection::connect(&server.database.url).await.unwrap();
    let kept: (i64, String) = sqlx::query_as(
        "SELECT (SELECT count(*) FROM events v WHERE v.edition_id = e.id AND v.verb = 'delete' AND v.outcome = 'done'),
            convert_from(t.inline, 'UTF8')
        FROM editions e JOIN contents t ON t.sha256 = e.sha256 WHERE e.arena_guid = $1 AND e.ordinal IS NULL",
    )
    .bind(&second)
    .fetch_one(&mut db)
    .await
    .unwrap();
    assert_eq!(kept, (1, "two".to_owned()));
}

#[tokio::test]
async fn an_internal_edition_answers_to_nothing() {
    let server = Server::start().await;
    let ann = server.arena(&server.world.ann).await;
    let file = guid(&server.world.file);
    ann.check_out(file).await.expect(201);
    ann.check_in(file, "false", "replaced", &[]).await.expect(201);
    let mut db = PgConnection::connect(&server.database.url).await.unwrap();
    let internal: String =
        sqlx::query_scalar("SELECT arena_guid FROM editions WHERE ordinal IS NULL").fetch_one(&mut db).await.unwrap();
    for path in ["", "/content", "/editions", "/corrections"] {
        assert_eq!(code(&ann.get(&format!("/files/{internal}{path}")).await), "400 3011", "{path}");
    }
    assert_eq!(code(&ann.check_out(&internal).await), "400 3011");
    assert_eq!(code(&ann.cancel(&internal).await), "400 3011");
    assert_eq!(code(&ann.delete(&internal).await), "403 3024");
    let key = ItemKey::Edition(internal);
    let actor = world::actor(&server.vault, &server.world.dora).await;
    assert!(matches!(server.vault.look(&actor, &key).await, Err(Error::Missing(_))));
}

#[tokio::test]
async fn numbers_are_given_once() {
    let server = Server::start().await;
    let world = &server.world;
    let ann = server.arena(&world.ann).await;
    let (oracle, graph) = (server.oracle(&world.ann), server.graph(&world.ann));
    let address = graph::address(&world.file);
    let numbers = async || {
        let item = world::now(&server.vault, world, &world.file).await;
        let versions = oracle.get(&format!("/files/{}/versions", item.oracle_id)).await.expect(200).json();
        let versions: Vec<String> =
            versions["items"].as_array().unwrap().iter().map(|it| it["version"].to_string()).collect();
        let ids = graph.get(&format!("{address}/versions")).await.expect(200).json();
        let ids: Vec<String> =
            ids["value"].as_array().unwrap().iter().map(|it| it["id"].as_str().unwrap().to_owned()).collect();
        let said = oracle.get(&format!("/files/{}", item.oracle_id)).await.expect(200).json()["version"].clone();
        format!("oracle {} of {}, graph {}", said, versions.join(" "), ids.join(" ")).replace('"', "")
    };
    let first = guid(&world.file);
    let second = ann.edition(first, "two", &[]).await;
    let third = ann.edition(&second, "three", &[]).await;
    assert_snapshot!(numbers().await, @"oracle 3 of 1 2 3, graph 3.0 2.0 1.0");
    ann.delete(&third).await.expect(204);
    assert_snapshot!(numbers().await, @"oracle 2 of 1 2, graph 2.0 1.0");
    assert_eq!(code(&ann.get(&format!("/files/{third}")).await), "400 3011");
    // through every way of publishing
    oracle.upload_version(&world.file.oracle_id, Some("plan.txt"), "by Oracle").await.expect(201);
    assert_snapshot!(numbers().await, @"oracle 4 of 1 2 4, graph 4.0 2.0 1.0");
    let newest = guid(&world::now(&server.vault, world, &world.file).await).to_owned();
    ann.delete(&newest).await.expect(204);
    ann.delete(&second).await.expect(204);
    graph.post(&format!("{address}/checkout")).await.expect(204);
    assert!(graph.publication(&address).await.contains("\"5.0\""));
    graph.put(&format!("{address}/content"), "by Graph").await.expect(200);
    graph.post_json(&format!("{address}/checkin"), serde_json::json!({"comment": ""})).await.expect(204);
    assert_snapshot!(numbers().await, @"oracle 5 of 1 5, graph 5.0 1.0");
    assert_eq!(graph.get(&format!("{address}/versions/3.0")).await.status, 404);
    // the label counts on from the one before
    assert_eq!(labels(&ann, first).await, "2* 1");
    ann.check_out(guid(&world::now(&server.vault, world, &world.file).await)).await.expect(201);
    ann.check_in(guid(&world::now(&server.vault, world, &world.file).await), "false", "in place", &[])
        .await
        .expect(201);
    assert_snapshot!(numbers().await, @"oracle 5 of 1 5, graph 5.0 1.0");
}

#[tokio::test]
async fn whoever_may_not_delete_learns_nothing() {
    let server = Server::start().await;
    let world = &server.world;
    let file = guid(&world.file);
    let ann = server.arena(&world.ann).await;
    let other =
        world::file(&server.vault, &world.ann, &world::personal(&server.vault, &world.ann).await, "own.txt", "x").await;
    let nowhere = [
        "0".repeat(20),
        "x".to_owned(),
        file.to_lowercase(),
        format!("{file}0"),
        "%00".to_owned(),
        guid(&other).to_owned(),
    ];
    let unknown = ann.delete(&nowhere[0]).await;
    assert_snapshot!(unknown, @r#"
    403 Forbidden
    {"status":403,"errors":[{"code":3024,"message":"Either you do not have privileges to access the requested data or it does not exist."}]}
    "#);
    for guid in nowhere {
        assert_eq!(ann.delete(&guid).await.text(), unknown.text(), "{guid}");
    }
    let design = category(&server, None, "Design", None).await;
    let texts = [("title", "Cable"), ("edition", "1"), ("category.guid", design.as_str())];
    let cable = guid_in(&ann.form("/files", &texts, Some(("content", "a.txt", "x"))).await.expect(201));
    for level in ["none", "read"] {
        category(&server, None, "Design", Some(level)).await;
        assert_eq!(ann.delete(&cable).await.text(), unknown.text(), "{level}");
    }
    for somebody in [&world.carl, &world.vic] {
        let client = server.arena(somebody).await;
        assert_eq!(client.delete(file).await.text(), unknown.text(), "{}", somebody.person.login);
        // a held file is no different
        ann.check_out(file).await.expect(201);
        assert_eq!(client.delete(file).await.text(), unknown.text(), "{}", somebody.person.login);
        ann.cancel(file).await.expect(201);
    }
    let mut db = PgConnection::connect(&server.database.url).await.unwrap();
    sqlx::query("UPDATE libraries SET policies_required = true").execute(&mut db).await.unwrap();
    learn(&server).await;
    assert_eq!(ann.delete(file).await.text(), unknown.text());
    sqlx::query("UPDATE libraries SET policies_required = false").execute(&mut db).await.unwrap();
    learn(&server).await;
    ann.delete(file).await.expect(204);
}

#[tokio::test]
async fn only_the_latest_edition_of_a_free_file_is_deleted() {
    let server = Server::start().await;
    let world = &server.world;
    let (ann, bob, dora) =
        (server.arena(&world.ann).await, server.arena(&world.bob).await, server.arena(&world.dora).await);
    let first = guid(&world.file).to_owned();
    let second = ann.edition(&first, "two", &[]).await;
    let refused = ann.delete(&first).await;
    assert_snapshot!(refused, @r#"
    400 Bad Request
    {"status":400,"errors":[{"code":6003,"message":"File cannot be deleted."}]}
    "#);
    ann.check_out(&second).await.expect(201);
    for client in [&ann, &bob, &dora] {
        for guid in [&first, &second] {
            assert_eq!(client.delete(guid).await.text(), refused.text());
        }
    }
    // whatever dialect took the lock
    ann.cancel(&second).await.expect(201);
    server.oracle(&world.bob).reserve(&world.file).await.expect(200);
    assert_eq!(bob.delete(&second).await.text(), refused.text());
    bob.cancel(&second).await.expect(201);
    // under a check-out that has ended nothing is done
    let bound = bob.request("DELETE", &format!("/files/{second}")).header("x-coatcheck-fence", "2");
    assert_eq!(server.send(bound).await.text(), refused.text());
    assert_eq!(labels(&ann, &first).await, "2* 1");

    // frozen is not associated; a body is ignored
    let item = world::now(&server.vault, world, &world.file).await;
    let mut db = PgConnection::connect(&server.database.url).await.unwrap();
    store::editions::set_frozen(&mut db, item.file.unwrap().edition.id, true).await.unwrap();
    let with_body = bob.request("DELETE", &format!("/v1/files/{second}/")).json(&serde_json::json!({}));
    server.send(with_body).await.expect(204);
    assert_eq!(labels(&ann, &first).await, "1*");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_eight_deletes_at_once_one_deletes_one_edition() {
    let server = Server::start().await;
    let ann = server.arena(&server.world.ann).await;
    let first = guid(&server.world.file).to_owned();
    for _ in 0..5 {
        let newest = ann.edition(&first, "more", &[]).await;
        let answers = join_all((0..8).map(|_| ann.delete(&newest))).await;
        assert_eq!(answers.iter().filter(|answer| answer.status == 204).count(), 1);
        assert!(answers.iter().all(|answer| answer.status == 204 || code(answer) == "403 3024"));
        assert_eq!(labels(&ann, &first).await, "1*");
    }
    // the last one takes the file along, once
    let answers = join_all((0..8).map(|_| ann.delete(&first))).await;
    assert_eq!(answers.iter().filter(|answer| answer.status == 204).count(), 1);
    assert_eq!(ann.get("/files").await.json()["count"], 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_a_delete_and_a_check_out_one_wins() {
    let server = Server::start().await;
    let (ann, bob) = (server.arena(&server.world.ann).await, server.arena(&server.world.bob).await);
    let mut file = ann.edition(guid(&server.world.file), "two", &[]).await;
    for round in 0..12 {
        let (deleted, taken) = tokio::join!(ann.delete(&file), bob.check_out(&file));
        match (deleted.status.as_u16(), taken.status.as_u16()) {
            (204, 400) => {
                // the GUID is unknown, or was not the latest edition's when the race was lost
                assert!(["400 3011", "400 3130"].contains(&code(&taken).as_str()), "{taken}");
                file = guid(&world::now(&server.vault, &server.world, &server.world.file).await).to_owned();
            }
            (400, 201) => {
                assert_eq!(code(&deleted), "400 6003");
                bob.cancel(&file).await.expect(201);
            }
            both => panic!("{both:?} in round {round}"),
        }
        file = ann.edition(&file, "more", &[]).await;
    }
    // a delete and a check-in of a new edition: nothing that was checked in goes
    for round in 0..6 {
        bob.check_out(&file).await.expect(201);
        let (deleted, checked_in) = tokio::join!(ann.delete(&file), bob.check_in(&file, "true", "newer", &[]));
        assert_eq!(code(&deleted), "400 6003", "round {round}");
        file = guid_in(&checked_in.expect(201));
    }
}
