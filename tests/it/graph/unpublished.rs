//! Drives that require check-outs (spec/graph.md 6.4): what was never checked in is its maker's alone, in every dialect.

use chrono::Duration;
use coatcheck::{
    domain::{actor::Role, id::ItemKey, item::Item},
    run::relay::Turn,
    seed::{self, Beside, Seed},
    vault::LibraryUpdate,
};
use serde_json::{Value, json};

use super::mirror::{Mirror, listed};
use crate::support::{
    acts::{CLIENTS, Client, Clients, Outcome},
    arena::guid_in,
    graph::{Graph, address},
    receiver::notified,
    server::Server,
    world,
};

/// As whoever sets the place up says it.
async fn require_check_outs(server: &Server) {
    let text = r#"libraries = [{ name = "Engineering", check_out_required = true }]"#;
    let seed = Seed { name: "world.toml".to_owned(), text, beside: Beside::Bundled(&[]) };
    seed::apply(&server.vault, &seed).await.unwrap_or_else(|error| panic!("{error}"));
}

async fn facet(client: &Graph<'_>, item: &str) -> String {
    let item = client.get(&format!("{item}?$select=publication")).await.expect(200).json();
    format!("{} {}", item["publication"]["versionId"].as_str().unwrap(), item["publication"]["level"].as_str().unwrap())
}

/// The names that a list shows, and how many it says there are.
async fn names(client: &Graph<'_>, folder: &str) -> (Vec<String>, i64) {
    let list = client.get(&format!("{folder}/children?$count=true&$select=name")).await.expect(200).json();
    let names = list["value"].as_array().unwrap().iter().map(|item| item["name"].as_str().unwrap().to_owned());
    (names.collect(), list["@odata.count"].as_i64().unwrap())
}

/// A file that Ann has put there and not checked in.
async fn upload(server: &Server, name: &str) -> (String, Item) {
    let ann = server.graph(&server.world.ann);
    let made = ann.put(&format!("{}/root:/{name}:/content", server.drive()), "new").await.expect(201).json();
    let actor = world::actor(&server.vault, &server.world.ann).await;
    let item = server.vault.item(&actor, &ItemKey::Graph(made["id"].as_str().unwrap().to_owned())).await.unwrap();
    (address(&item), item)
}

#[tokio::test]
async fn a_new_file_is_its_makers_until_it_is_checked_in() {
    let server = Server::start().await;
    require_check_outs(&server).await;
    let (ann, bob, drive) = (server.graph(&server.world.ann), server.graph(&server.world.bob), server.drive());
    let (file, _) = upload(&server, "new.txt").await;
    // to its maker it is checked out
    assert_eq!(facet(&ann, &file).await, "1.0 checkout");
    assert!(ann.publication(&file).await.contains("Ann Example"));
    assert_eq!(names(&ann, &format!("{drive}/root")).await, (vec!["new.txt".to_owned(), "plan.txt".to_owned()], 2));
    assert_eq!(ann.get(&format!("{file}/versions")).await.expect(200).json()["value"], json!([]));
    for version in ["1.0", "current"] {
        ann.get(&format!("{file}/versions/{version}")).await.expect(404);
        ann.get(&format!("{file}/versions/{version}/content")).await.expect(404);
    }
    // to all others it is not there
    for somebody in [&server.world.bob, &server.world.max, &server.world.dora, &server.world.robot] {
        let other = server.graph(somebody);
        for path in ["", "/content", "/versions", "/children"] {
            other.get(&format!("{file}{path}")).await.expect(404);
        }
        other.get(&format!("{drive}/root:/new.txt")).await.expect(404);
        assert_eq!(names(&other, &format!("{drive}/root")).await, (vec!["plan.txt".to_owned()], 1));
        assert_eq!(other.get(&format!("{drive}/root")).await.json()["folder"]["childCount"], 1);
        for verb in ["checkout", "checkin"] {
            other.post(&format!("{file}/{verb}")).await.expect(404);
        }
        other.patch(&file, json!({"name": "x.txt"})).await.expect(404);
        other.put(&format!("{file}/content"), "x").await.expect(404);
        other.delete(&file).await.expect(404);
    }
    bob.post(&format!("{file}/discardCheckout")).await.expect(404);
    assert_eq!(bob.get(&drive).await.json()["quota"]["used"], 5);
    // save that it has its name
    let taken = format!("{drive}/root:/new.txt:/content");
    bob.put(&taken, "x").await.expect(409);
    bob.post_json(&format!("{drive}/root/children"), json!({"name": "NEW.txt", "file": {}})).await.expect(409);
    // it may be checked out again, and written any number of times
    ann.post(&format!("{file}/checkout")).await.expect(204);
    ann.put(&format!("{file}/content"), "newer").await.expect(200);
    ann.put(&format!("{file}/content"), "newest").await.expect(200);
    bob.get(&file).await.expect(404);
    ann.post_json(&format!("{file}/checkin"), json!({"comment": "there it is"})).await.expect(204);
    assert_eq!((facet(&bob, &file).await.as_str(), bob.content(&file).await.as_str()), ("1.0 published", "newest"));
    let versions = bob.get(&format!("{file}/versions")).await.json();
    assert_eq!(versions["value"].as_array().unwrap().len(), 1);
    assert_eq!((&versions["value"][0]["id"], &versions["value"][0]["comment"]), (&json!("1.0"), &json!("there it is")));
    assert_eq!(names(&bob, &format!("{drive}/root")).await.1, 2);
    // from now on it is a file like the others
    bob.post(&format!("{file}/checkout")).await.expect(204);
    bob.post(&format!("{file}/checkin")).await.expect(204);
    assert_eq!(facet(&ann, &file).await, "2.0 published");
}

#[tokio::test]
async fn a_discarded_new_file_is_removed_and_may_be_taken_out_of_the_trash() {
    let server = Server::start().await;
    require_check_outs(&server).await;
    let world = &server.world;
    let (ann, bob) = (server.graph(&world.ann), server.graph(&world.bob));
    for client in [&ann, &server.graph(&world.robot)] {
        // by its maker, or by an application
        let (file, _) = upload(&server, "new.txt").await;
        client.post(&format!("{file}/discardCheckout")).await.expect(204);
        for somebody in [&ann, &bob, client] {
            somebody.get(&file).await.expect(404);
            somebody.post(&format!("{file}/discardCheckout")).await.expect(404);
        }
    }
    // so is one that is deleted
    let (file, item) = upload(&server, "new.txt").await;
    ann.delete(&file).await.expect(204);
    ann.get(&file).await.expect(404);
    // nothing is lost: its maker has it in the trash, and out of there it comes like any other file
    let actor = world::actor(&server.vault, &world.ann).await;
    let mut db = sqlx::PgPool::connect(&server.database.url).await.unwrap().acquire().await.unwrap();
    let trash: String = sqlx::query_scalar("SELECT trash_id FROM items WHERE id = $1")
        .bind(item.id.0)
        .fetch_one(&mut *db)
        .await
        .unwrap();
    server.vault.restore(&actor, &trash).await.unwrap();
    assert_eq!(facet(&bob, &file).await, "1.0 published");
}

#[tokio::test]
async fn whoever_runs_the_place_frees_what_its_maker_left_behind() {
    let server = Server::start().await;
    require_check_outs(&server).await;
    let (file, item) = upload(&server, "left.txt").await;
    // it is in the list of locks, and only there
    let dora = world::actor(&server.vault, &server.world.dora).await;
    let held = server.vault.held_locks(None).await.unwrap();
    assert_eq!(held.iter().map(|look| look.item().id).collect::<Vec<_>>(), [item.id]);
    assert!(server.vault.item(&dora, &ItemKey::Id(item.id)).await.is_err());
    let look = server.vault.look(&dora, &ItemKey::Id(item.id)).await.unwrap();
    assert!(look.check(&dora, coatcheck::domain::permission::Action::View).is_err());
    let gone = server.vault.cancel(&dora, &look, coatcheck::vault::Cancel::default()).await.unwrap();
    assert!(gone.rescued && gone.lock.holder.id == server.world.ann.person.id);
    server.graph(&server.world.ann).get(&file).await.expect(404);
}

#[tokio::test]
async fn every_door_makes_a_new_file_checked_out() {
    let server = Server::start().await;
    require_check_outs(&server).await;
    let (world, drive) = (&server.world, server.drive());
    let (ann, bob) = (server.graph(&world.ann), server.graph(&world.bob));
    ann.put(&format!("{drive}/root:/folder/deep.txt:/content"), "x").await.expect(201);
    ann.post_json(&format!("{drive}/root/children"), json!({"name": "empty.txt", "file": {}})).await.expect(201);
    let arena = server.arena(&world.ann).await;
    let guid = guid_in(&arena.create("By Arena", "arena.txt", "x").await.expect(201));
    let oracle = server.oracle(&world.ann);
    let made = oracle.upload(&world.library.root_oracle_id, "oracle.txt", "x").await.expect(201).json();
    let shown = ann.get(&format!("{drive}/root:/folder")).await.json();
    assert_eq!(shown["folder"]["childCount"], 0, "a folder counts what is published");
    // a copy of a published file
    let actor = world::actor(&server.vault, &world.ann).await;
    let folder = async |name: &str| {
        let made = ann.post_json(&format!("{drive}/root/children"), json!({"name": name, "folder": {}})).await;
        let id = made.expect(201).json()["id"].as_str().unwrap().to_owned();
        server.vault.item(&actor, &ItemKey::Graph(id)).await.unwrap().oracle_id
    };
    let (copies, outer) = (folder("Copies").await, folder("Outer").await);
    let file = format!("/files/{}/copy", world.file.oracle_id);
    oracle.post(&file, json!({"destinationID": copies})).await.expect(200);
    // and a copy of a folder, with what the copier sees in it
    let whole = format!("/folders/{copies}/copy");
    oracle.post(&whole, json!({"destinationID": outer})).await.expect(200);
    assert_eq!(names(&ann, &format!("{drive}/root:/Outer/Copies:")).await.0, ["plan.txt"]);
    assert_eq!(names(&bob, &format!("{drive}/root:/Outer/Copies:")).await.0, [""; 0]);
    let added = server
        .liferay(&world.ann)
        .call(
            "/dlapp/add-file-entry",
            json!({
                "repositoryId": world.library.number, "folderId": 0, "sourceFileName": "liferay.txt",
                "mimeType": "text/plain", "title": "liferay.txt", "description": "", "changeLog": "",
                "bytes": "x".bytes().collect::<Vec<u8>>(),
            }),
        )
        .await
        .expect(200)
        .json();
    let paths = [
        "folder/deep.txt",
        "empty.txt",
        "arena.txt",
        "oracle.txt",
        "Copies/plan.txt",
        "liferay.txt",
        "Outer/Copies/plan.txt",
    ];
    for path in paths {
        let file = format!("{drive}/root:/{path}:");
        assert_eq!(facet(&ann, &file).await, "1.0 checkout", "{path}");
        bob.get(&file).await.expect(404);
    }
    // the other dialects show them to nobody else either
    let arena_bob = server.arena(&world.bob).await;
    assert_eq!(arena_bob.get(&format!("/v1/files/{guid}")).await.json()["errors"][0]["code"], 3011);
    let found = arena_bob.get("/v1/files?title=*&limit=400").await.expect(200).json();
    assert_eq!(titles(&found), ["plan.txt"]);
    let oracle_bob = server.oracle(&world.bob);
    oracle_bob.get(&format!("/files/{}", made["id"].as_str().unwrap())).await.expect(404);
    let items = oracle_bob.get(&format!("/folders/{}/items", world.library.root_oracle_id)).await.expect(200).json();
    let shown: Vec<&str> =
        items["items"].as_array().unwrap().iter().map(|item| item["name"].as_str().unwrap()).collect();
    assert_eq!(shown, ["Copies", "folder", "Outer", "plan.txt"]);
    let search = format!("/folders/{}/search/items?fulltext=txt", world.library.root_oracle_id);
    let found = oracle_bob.get(&search).await.expect(200).json();
    assert_eq!(found["totalCount"].to_string().trim_matches('"'), "1", "{found}");
    assert_ne!(oracle.get(&search).await.json()["totalCount"].to_string().trim_matches('"'), "1");
    let entry = added["fileEntryId"].clone();
    let id = entry.as_i64().or_else(|| entry.as_str().and_then(|text| text.parse().ok())).unwrap();
    let refused = server.liferay(&world.bob).rpc("dlapp", "get-file-entry", json!({"fileEntryId": id})).await.text();
    assert!(refused.contains("NoSuchFileEntry"), "{refused}");
    let listed = server
        .liferay(&world.bob)
        .call("/dlapp/get-file-entries", json!({"repositoryId": world.library.number, "folderId": 0}))
        .await
        .expect(200)
        .json();
    assert_eq!(listed.as_array().unwrap().len(), 1, "{listed}");
    // and a folder cannot be taken away from under them
    bob.delete(&format!("{drive}/root:/folder")).await.expect(423);
}

fn titles(found: &Value) -> Vec<String> {
    found["results"].as_array().unwrap().iter().map(|file| file["title"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn the_first_check_in_of_any_dialect_makes_the_first_version() {
    let server = Server::start().await;
    require_check_outs(&server).await;
    let (clients, world) = (Clients::new(&server), &server.world);
    let bob = server.graph(&world.bob);
    for client in CLIENTS {
        let (file, item) = upload(&server, &format!("{client:?}.txt")).await;
        assert_eq!(clients.check_out(client, &world.bob, &item).await, Outcome::Missing, "{client:?}");
        let in_again = match client {
            // there, who checks in says what; the vendor's clients of Oracle only give the reservation back
            Client::Oracle => {
                assert_eq!(clients.upload(client, &world.ann, &item, "checked in").await, Outcome::Done);
                bob.get(&file).await.expect(404);
                server.graph(&world.ann).post(&format!("{file}/checkin")).await.expect(204);
                Outcome::Done
            }
            Client::Arena | Client::Graph | Client::Liferay => clients.check_in(client, &world.ann, &item).await,
        };
        assert_eq!(in_again, Outcome::Done, "{client:?}");
        assert_eq!(facet(&bob, &file).await, "1.0 published", "{client:?}");
    }
    // a cancel of any dialect removes it
    for client in CLIENTS {
        let (file, item) = upload(&server, &format!("Cancelled {client:?}.txt")).await;
        assert_ne!(clients.cancel(client, &world.bob, &item).await, Outcome::Done, "{client:?}");
        assert_eq!(clients.cancel(client, &world.ann, &item).await, Outcome::Done, "{client:?}");
        server.graph(&world.ann).get(&file).await.expect(404);
    }
}

#[tokio::test]
async fn the_lock_of_a_new_file_never_ends_by_itself() {
    let server = Server::start().await;
    require_check_outs(&server).await;
    let (file, item) = upload(&server, "new.txt").await;
    let ann = world::actor(&server.vault, &server.world.ann).await;
    let uuid = item.lock().unwrap().uuid;
    // a client of Liferay's renews it for an hour
    let look = server.vault.look_by_lock(&ann, uuid).await.unwrap();
    let lock = server.vault.refresh_lock(&ann, &look, uuid, Some(Duration::hours(1))).await.unwrap();
    assert_eq!(lock.expires_at, None);
    server.advance(Duration::days(30));
    assert_eq!(facet(&server.graph(&server.world.ann), &file).await, "1.0 checkout");
    server.graph(&server.world.ann).post(&format!("{file}/checkin")).await.expect(204);
    server.graph(&server.world.bob).get(&file).await.expect(200);
}

#[tokio::test]
async fn bytes_come_into_a_file_by_a_check_out_only() {
    let server = Server::start().await;
    let (clients, world, plan) = (Clients::new(&server), &server.world, server.plan());
    let ann = server.graph(&world.ann);
    ann.put(&format!("{plan}/content"), "before").await.expect(200);
    require_check_outs(&server).await;
    let refused = ann.put(&format!("{plan}/content"), "x").await.expect(400).json();
    assert_eq!(refused["error"]["message"], "The file is not checked out.");
    ann.put(&format!("{}/root:/plan.txt:/content", server.drive()), "x").await.expect(400);
    ann.put(&format!("{plan}/content?@microsoft.graph.conflictBehavior=fail"), "x").await.expect(409);
    ann.post(&format!("{plan}/versions/1.0/restoreVersion")).await.expect(400);
    assert_eq!(clients.upload(Client::Liferay, &world.ann, &world.file, "x").await, Outcome::Held);
    assert_eq!(clients.upload(Client::Oracle, &world.ann, &world.file, "x").await, Outcome::Held);
    let arena = server.arena(&world.ann).await;
    let guid = world::now(&server.vault, world, &world.file).await.file.unwrap().edition.arena_guid;
    let refused = arena.bytes(&format!("/v1/files/{guid}/content"), "plan.txt", "x").await;
    assert_eq!(refused.status.as_u16(), 400, "{refused}");
    let refused =
        arena.form(&format!("/v1/files/{guid}/editions"), &[("edition", "9")], Some(("content", "p.txt", "x"))).await;
    assert_eq!(refused.status.as_u16(), 400, "{refused}");
    assert_eq!(ann.content(&plan).await, "before");
    // what makes no version needs none
    ann.patch(&plan, json!({"description": "still the same bytes"})).await.expect(200);
    ann.post(&format!("{plan}/checkout")).await.expect(204);
    ann.put(&format!("{plan}/content"), "after").await.expect(200);
    ann.post(&format!("{plan}/checkin")).await.expect(204);
    assert_eq!(server.graph(&world.bob).content(&plan).await, "after");
}

#[tokio::test]
async fn what_was_not_checked_in_stays_so_when_check_outs_are_required_no_more() {
    let server = Server::start().await;
    require_check_outs(&server).await;
    let (file, _) = upload(&server, "new.txt").await;
    let update = LibraryUpdate { check_out_required: Some(false), ..LibraryUpdate::default() };
    server.vault.update_library(server.world.library.id, &update).await.unwrap();
    server.graph(&server.world.bob).get(&file).await.expect(404);
    server.graph(&server.world.ann).post(&format!("{file}/checkin")).await.expect(204);
    server.graph(&server.world.bob).get(&file).await.expect(200);
    let made = format!("{}/root:/other.txt:/content", server.drive());
    let made = server.graph(&server.world.ann).put(&made, "x").await.expect(201).json();
    let made = format!("{}/items/{}", server.drive(), made["id"].as_str().unwrap());
    assert_eq!(facet(&server.graph(&server.world.bob), &made).await, "1.0 published");
}

#[tokio::test]
async fn a_new_file_is_in_no_feed_but_its_makers() {
    let server = Server::start().await;
    require_check_outs(&server).await;
    let (ann, bob, drive) = (server.graph(&server.world.ann), server.graph(&server.world.bob), server.drive());
    let root = format!("{drive}/root");
    let (mut anns, mut bobs) = (Mirror::of(&ann, &root, 5).await, Mirror::of(&bob, &root, 5).await);
    let (file, _) = upload(&server, "new.txt").await;
    ann.put(&format!("{file}/content"), "newer").await.expect(200);
    assert_eq!(anns.next(&ann).await, "new.txt");
    assert_eq!(bobs.next(&bob).await, "");
    // nor in what is told to who begins now
    assert_eq!(Mirror::of(&ann, &root, 5).await.items.len(), 3);
    let begun = Mirror::of(&bob, &root, 5).await.items;
    assert_eq!((begun.len(), &begun), (2, &listed(&bob, &drive, &root).await));
    // the first check-in is where it begins for all others
    ann.post(&format!("{file}/checkin")).await.expect(204);
    assert_eq!(bobs.next(&bob).await, "new.txt");
    assert_eq!(anns.next(&ann).await, "new.txt");
    ann.delete(&file).await.expect(204);
    assert_eq!(bobs.next(&bob).await, "-new.txt");
}

#[tokio::test]
async fn the_end_of_a_file_that_was_never_checked_in_is_told_to_its_maker_alone() {
    let server = Server::start().await;
    require_check_outs(&server).await;
    let (ann, bob, drive) = (server.graph(&server.world.ann), server.graph(&server.world.bob), server.drive());
    let (root, actor) = (format!("{drive}/root"), world::actor(&server.vault, &server.world.ann).await);
    let (mut anns, mut bobs) = (Mirror::of(&ann, &root, 5).await, Mirror::of(&bob, &root, 5).await);
    let from_the_start = bobs.link.clone();
    let (file, _) = upload(&server, "discarded.txt").await;
    assert_eq!((anns.next(&ann).await.as_str(), bobs.next(&bob).await.as_str()), ("discarded.txt", ""));
    ann.post(&format!("{file}/discardCheckout")).await.expect(204);
    assert_eq!((anns.next(&ann).await.as_str(), bobs.next(&bob).await.as_str()), ("-discarded.txt", ""));
    let (file, _) = upload(&server, "deleted.txt").await;
    anns.follow(&ann).await;
    ann.delete(&file).await.expect(204);
    assert_eq!((anns.next(&ann).await.as_str(), bobs.next(&bob).await.as_str()), ("-deleted.txt", ""));
    // with its folder
    ann.put(&format!("{root}:/folder/deep.txt:/content"), "x").await.expect(201);
    assert_eq!((anns.next(&ann).await.as_str(), bobs.next(&bob).await.as_str()), ("deep.txt folder", "folder"));
    ann.delete(&format!("{root}:/folder:")).await.expect(204);
    assert_eq!((anns.next(&ann).await.as_str(), bobs.next(&bob).await.as_str()), ("-deep.txt -folder", "-folder"));
    // past the trash, and out of the trash for good, long after
    let (file, _) = upload(&server, "destroyed.txt").await;
    ann.post(&format!("{file}/permanentDelete")).await.expect(204);
    assert_eq!(bobs.next(&bob).await, "");
    assert_eq!(server.vault.empty_trash(&actor).await.unwrap(), 3);
    bobs.follow(&bob).await;
    assert!(bobs.told.len() <= 1, "the folder at most: {:?}", bobs.told);
    // nor to who has not asked for long
    bobs.link = from_the_start;
    bobs.follow(&bob).await;
    assert!(bobs.told.len() <= 1, "the folder at most: {:?}", bobs.told);
}

#[tokio::test]
async fn a_file_that_comes_out_of_the_trash_is_told_of_like_any_other() {
    let server = Server::start().await;
    require_check_outs(&server).await;
    let (ann, bob, drive) = (server.graph(&server.world.ann), server.graph(&server.world.bob), server.drive());
    let mut bobs = Mirror::of(&bob, &format!("{drive}/root"), 5).await;
    let (file, _) = upload(&server, "new.txt").await;
    ann.delete(&file).await.expect(204);
    assert_eq!(bobs.next(&bob).await, "");
    ann.post(&format!("{file}/restore")).await.expect(200);
    assert_eq!(bobs.next(&bob).await, "new.txt");
    ann.delete(&file).await.expect(204);
    assert_eq!(bobs.next(&bob).await, "-new.txt");
}

#[tokio::test]
async fn where_a_new_file_was_before_its_first_check_in_is_nobody_elses() {
    let server = Server::start().await;
    require_check_outs(&server).await;
    let (ann, bob, drive) = (server.graph(&server.world.ann), server.graph(&server.world.bob), server.drive());
    let folder = async |name: &str| {
        let made = ann.post_json(&format!("{drive}/root/children"), json!({"name": name, "folder": {}})).await;
        made.expect(201).json()["id"].as_str().unwrap().to_owned()
    };
    let (first, second, third) = (folder("first").await, folder("second").await, folder("third").await);
    let (top, outer) = (format!("{drive}/items/{first}"), format!("{drive}/items/{second}"));
    ann.put(&format!("{top}:/inner/carried.txt:/content"), "x").await.expect(201);
    ann.put(&format!("{top}:/moved.txt:/content"), "x").await.expect(201);
    let (mut anns, mut bobs) = (Mirror::of(&ann, &top, 5).await, Mirror::of(&bob, &top, 5).await);
    ann.patch(&format!("{top}:/moved.txt:"), json!({"parentReference": {"id": third}})).await.expect(200);
    ann.patch(&format!("{top}:/inner:"), json!({"parentReference": {"id": second}})).await.expect(200);
    ann.post(&format!("{drive}/items/{third}:/moved.txt:/checkin")).await.expect(204);
    ann.post(&format!("{outer}:/inner/carried.txt:/checkin")).await.expect(204);
    assert_eq!(bobs.next(&bob).await, "-inner");
    assert_eq!(anns.next(&ann).await, "-carried.txt -inner -moved.txt");
}

#[tokio::test]
async fn subscribers_hear_of_a_new_file_when_it_is_checked_in() {
    let (server, mut receiver) = notified().await;
    require_check_outs(&server).await;
    let relay = server.relay();
    server.graph(&server.world.bob).subscribed(&receiver).await;
    server.graph(&server.world.ann).subscribed(&receiver).await;
    let only_ann = Turn { told: 1, silent: 1, failed: 0 };
    let (file, _) = upload(&server, "new.txt").await;
    assert_eq!(relay.turn().await.unwrap(), only_ann);
    server.graph(&server.world.ann).post(&format!("{file}/discardCheckout")).await.expect(204);
    assert_eq!(relay.turn().await.unwrap(), only_ann);
    let (file, _) = upload(&server, "newer.txt").await;
    assert_eq!(relay.turn().await.unwrap(), only_ann);
    server.graph(&server.world.ann).post(&format!("{file}/checkin")).await.expect(204);
    assert_eq!(relay.turn().await.unwrap(), Turn { told: 2, silent: 0, failed: 0 });
    assert_eq!(receiver.notifications().len(), 5);
}

#[tokio::test]
async fn a_new_file_that_is_shared_shows_when_it_is_checked_in() {
    let server = Server::start().await;
    require_check_outs(&server).await;
    let eve = server.graph(&server.world.eve);
    let (file, item) = upload(&server, "new.txt").await;
    server.vault.grant(item.id, server.world.eve.person.id, Role::Viewer, None).await.unwrap();
    let shared = async || {
        let list = eve.get("/v1.0/me/drive/sharedWithMe").await.expect(200).json();
        let names = list["value"].as_array().unwrap().iter().map(|item| item["name"].as_str().unwrap().to_owned());
        names.collect::<Vec<_>>()
    };
    assert_eq!(shared().await, [""; 0]);
    server.graph(&server.world.ann).post(&format!("{file}/checkin")).await.expect(204);
    assert_eq!(shared().await, ["new.txt"]);
}

#[tokio::test]
async fn the_drive_tells_others_of_no_change_before_the_first_check_in() {
    let server = Server::start().await;
    require_check_outs(&server).await;
    let (ann, bob) = (server.graph(&server.world.ann), server.graph(&server.world.bob));
    let last = async |who: &Graph<'_>| {
        let drive = who.get(&format!("{}?$select=lastModifiedDateTime", server.drive())).await.expect(200).json();
        drive["lastModifiedDateTime"].as_str().unwrap().to_owned()
    };
    let before = last(&bob).await;
    server.advance(Duration::minutes(10));
    let (file, _) = upload(&server, "new.txt").await;
    assert_eq!((last(&ann).await.as_str(), last(&bob).await), ("2026-03-04T05:16:07Z", before.clone()));
    server.advance(Duration::minutes(10));
    ann.post(&format!("{file}/discardCheckout")).await.expect(204);
    // the same whether the trail has its places or not
    assert_eq!((last(&ann).await.as_str(), last(&bob).await), ("2026-03-04T05:26:07Z", before.clone()));
    server.vault.settle().await.unwrap();
    assert_eq!((last(&ann).await.as_str(), last(&bob).await), ("2026-03-04T05:26:07Z", before));
    server.advance(Duration::minutes(10));
    let (file, _) = upload(&server, "newer.txt").await;
    ann.post(&format!("{file}/checkin")).await.expect(204);
    assert_eq!(last(&bob).await, "2026-03-04T05:36:07Z");
    server.vault.settle().await.unwrap();
    assert_eq!(last(&bob).await, "2026-03-04T05:36:07Z");
}
