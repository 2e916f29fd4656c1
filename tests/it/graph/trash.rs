//! Deleting for good and restoring (spec/graph.md 7, 12 and 20), and what a lock below a folder forbids (6.3).

use chrono::Duration;
use coatcheck::domain::{actor::Role, id::ItemKey};
use serde_json::json;

use crate::support::{
    acts::{CLIENTS, Clients, Outcome},
    graph::{Graph, address},
    server::Server,
    world,
};

async fn folder(who: &Graph<'_>, path: &str) -> String {
    let list = who.put(&format!("{}/root:/{path}/x.txt:/content", who.server.drive()), "x").await.expect(201).json();
    let parent = list["parentReference"]["id"].as_str().unwrap().to_owned();
    format!("{}/items/{parent}", who.server.drive())
}

/// The blobs in a content folder.
fn blobs(folder: &std::path::Path) -> usize {
    let entries = std::fs::read_dir(folder).unwrap().map(Result::unwrap);
    entries.map(|entry| if entry.path().is_dir() { blobs(&entry.path()) } else { 1 }).sum()
}

#[tokio::test]
async fn what_is_deleted_for_good_is_in_no_trash_and_its_bytes_are_swept() {
    let server = Server::start().await;
    let world = &server.world;
    let (ann, plan) = (server.graph(&world.ann), server.plan());
    ann.put(&format!("{plan}/content"), &"large".repeat(100_000)).await.expect(200);
    assert_eq!(blobs(server.content.path()), 1);
    let done = ann.post(&format!("{plan}/permanentDelete")).await.expect(204);
    assert!(done.body.is_empty() && !done.headers.contains_key("content-type"));
    ann.get(&plan).await.expect(404);
    ann.post(&format!("{plan}/permanentDelete")).await.expect(404);
    ann.post(&format!("{plan}/restore")).await.expect(404);
    let owner = world::actor(&server.vault, &world.ann).await;
    assert!(server.vault.trash(&owner, 10).await.unwrap().is_empty());
    let clients = Clients::new(&server);
    for client in CLIENTS {
        assert_eq!(clients.check_out(client, &world.bob, &world.file).await, Outcome::Missing, "{client:?}");
    }
    server.vault.sweep().await.unwrap();
    assert_eq!(blobs(server.content.path()), 1, "whoever is reading has some time");
    server.advance(Duration::hours(25));
    server.vault.sweep().await.unwrap();
    assert_eq!(blobs(server.content.path()), 0);
    // its name is free again
    ann.put(&format!("{}/root:/plan.txt:/content", server.drive()), "again").await.expect(201);
}

#[tokio::test]
async fn a_folder_goes_for_good_with_all_in_it() {
    let server = Server::start().await;
    let (ann, drive) = (server.graph(&server.world.ann), server.drive());
    let deep = folder(&ann, "a/b").await;
    ann.put(&format!("{drive}/root:/a/gone.txt:/content"), "x").await.expect(201);
    ann.delete(&format!("{drive}/root:/a/gone.txt")).await.expect(204);
    ann.post(&format!("{drive}/root:/a:/permanentDelete")).await.expect(204);
    for gone in ["a", "a/b", "a/b/x.txt"] {
        ann.get(&format!("{drive}/root:/{gone}")).await.expect(404);
    }
    ann.get(&deep).await.expect(404);
    ann.post(&format!("{deep}/restore")).await.expect(404);
    ann.post(&format!("{drive}/root/permanentDelete")).await.expect(400);
    ann.post(&format!("{drive}/root:/nowhere:/permanentDelete")).await.expect(404);
}

#[tokio::test]
async fn deleting_for_good_takes_what_deleting_takes() {
    let server = Server::start().await;
    let (world, plan) = (&server.world, server.plan());
    let (ann, bob) = (server.graph(&world.ann), server.graph(&world.bob));
    let call = format!("{plan}/permanentDelete");
    for (who, status) in [(&world.vic, 403), (&world.carl, 403), (&world.eve, 404)] {
        server.graph(who).post(&call).await.expect(status);
    }
    let narrow = world::token(&server.vault, world.ann.person.id, &["Files.Read.All"]).await;
    server.graph_with(&narrow).post(&call).await.expect(403);
    server.send(server.post(&call)).await.expect(401);
    bob.post(&format!("{plan}/checkout")).await.expect(204);
    let refused = ann.post(&call).await.expect(423).json();
    assert_eq!(refused["error"]["innerError"]["code"], "resourceLocked");
    server.graph(&world.robot).post(&call).await.expect(423);
    // the lock comes before the condition
    server.send(ann.request("POST", &call).header("if-match", "\"{0},0\"")).await.expect(423);
    server.send(bob.request("POST", &call).header("if-match", "\"{0},0\"")).await.expect(412);
    bob.get(&plan).await.expect(200);
    // its holder may, and the lock ends with it
    bob.post(&call).await.expect(204);
    bob.get(&plan).await.expect(404);
}

#[tokio::test]
async fn a_lock_below_a_folder_keeps_the_folder_where_it_is() {
    let server = Server::start().await;
    let (world, drive) = (&server.world, server.drive());
    let (ann, bob) = (server.graph(&world.ann), server.graph(&world.bob));
    let outer = folder(&ann, "outer").await;
    folder(&ann, "outer/inner").await;
    folder(&ann, "elsewhere").await;
    let file = format!("{drive}/root:/outer/inner/x.txt");
    bob.post(&format!("{file}:/checkout")).await.expect(204);
    let moved = json!({"parentReference": {"path": "/drive/root:/elsewhere"}});
    for answer in [
        ann.delete(&outer).await,
        ann.delete(&format!("{drive}/root:/outer/inner")).await,
        ann.post(&format!("{outer}/permanentDelete")).await,
        ann.patch(&outer, moved.clone()).await,
    ] {
        assert_eq!(answer.expect(423).json()["error"]["innerError"]["code"], "resourceLocked");
    }
    // it may have another name, and be copied
    ann.patch(&outer, json!({"name": "Outer"})).await.expect(200);
    let copy = ann.post_json(&format!("{outer}/copy"), json!({"name": "copy"})).await.expect(202);
    assert_eq!(super::copies::outcome(&server, &copy.header("location")).await["status"], "completed");
    // one's own lock is no hindrance
    bob.patch(&outer, moved).await.expect(200);
    bob.delete(&outer).await.expect(204);
}

#[tokio::test]
async fn a_deleted_file_comes_back_by_its_id() {
    let server = Server::start().await;
    let (world, plan) = (&server.world, server.plan());
    let ann = server.graph(&world.ann);
    ann.put(&format!("{plan}/content"), "second").await.expect(200);
    let before = ann.get(&plan).await.json();
    // who deletes it does not matter, whose it is does
    server.graph(&world.bob).delete(&plan).await.expect(204);
    for other in [&world.bob, &world.max, &world.dora, &world.robot, &world.vic, &world.eve] {
        server.graph(other).post(&format!("{plan}/restore")).await.expect(404);
    }
    let back = ann.post_json(&format!("{plan}/restore"), json!({})).await.expect(200).json();
    for member in ["id", "name", "size", "cTag", "parentReference", "createdDateTime"] {
        assert_eq!(back[member], before[member], "{member}");
    }
    assert_ne!(back["eTag"], before["eTag"]);
    assert_eq!(ann.content(&plan).await, "second");
    assert_eq!(ann.get(&format!("{plan}/versions")).await.json()["value"].as_array().unwrap().len(), 2);
    let clients = Clients::new(&server);
    for client in CLIENTS {
        let file = world::now(&server.vault, world, &world.file).await;
        assert_eq!(clients.check_out(client, &world.bob, &file).await, Outcome::Done, "{client:?}");
        assert_eq!(clients.cancel(client, &world.bob, &file).await, Outcome::Done, "{client:?}");
    }
    // what is not deleted cannot come back
    ann.post(&format!("{plan}/restore")).await.expect(404);
}

#[tokio::test]
async fn it_comes_back_to_another_place_and_under_another_name() {
    let server = Server::start().await;
    let (world, plan, drive) = (&server.world, server.plan(), server.drive());
    let ann = server.graph(&world.ann);
    let place = folder(&ann, "place").await;
    let gone = async || ann.delete(&plan).await.expect(204);
    let back = async |body: serde_json::Value| ann.post_json(&format!("{plan}/restore"), body).await;
    let id = place.rsplit('/').next().unwrap();

    gone().await;
    let there = back(json!({"parentReference": {"id": id}, "name": "Plan B.txt"})).await.expect(200).json();
    assert_eq!((&there["name"], &there["parentReference"]["name"]), (&json!("Plan B.txt"), &json!("place")));
    ann.get(&format!("{drive}/root:/place/plan b.txt")).await.expect(200);
    assert_eq!(world::now(&server.vault, world, &world.file).await.title, "Plan B.txt");
    gone().await;
    let there = back(json!({"parentReference": {"path": "/drive/root:", "id": "", "driveId": ""}, "name": ""})).await;
    assert_eq!(there.expect(200).json()["parentReference"]["id"], world.library.root_graph_id);

    gone().await;
    ann.put(&format!("{drive}/root:/plan b.txt:/content"), "new").await.expect(201);
    let refused = back(json!({})).await.expect(409).json();
    assert_eq!(refused["error"]["code"], "nameAlreadyExists");
    back(json!({"@microsoft.graph.conflictBehavior": "replace"})).await.expect(409);
    for (body, status) in [
        (json!({"name": "a:b"}), 400),
        (json!({"name": 7}), 400),
        (json!({"name": "x".repeat(256)}), 400),
        (json!({"parentReference": {"id": 7}}), 400),
        (json!({"parentReference": {"path": "nonsense"}}), 400),
        (json!({"parentReference": {"driveId": "b!other", "id": id}}), 400),
        (json!({"parentReference": {"id": "01NOWHERE"}}), 404),
        (json!({"parentReference": {"id": world.file.graph_id}}), 404),
        (json!({"@microsoft.graph.conflictBehavior": "x"}), 400),
    ] {
        let answer = back(body.clone()).await;
        assert_eq!(answer.status.as_u16(), status, "{body}: {answer}");
    }
    let renamed = back(json!({"@microsoft.graph.conflictBehavior": "rename"})).await.expect(200).json();
    assert_eq!(renamed["name"], "Plan B 1.txt");
    for call in ["/root/restore", "/root:/plan.txt:/restore", "/items/01NOWHERE/restore", "/items/%27/restore"] {
        ann.post(&format!("{drive}{call}")).await.expect(404);
    }
    // in another drive it is not
    gone().await;
    ann.post(&format!("/v1.0/me/drive/items/{}/restore", world.file.graph_id)).await.expect(404);
    server.send(server.post(&format!("{plan}/restore"))).await.expect(401);
}

#[tokio::test]
async fn what_went_along_comes_back_with_its_folder_only() {
    let server = Server::start().await;
    let (ann, drive) = (server.graph(&server.world.ann), server.drive());
    let (outer, inner) = (folder(&ann, "outer").await, folder(&ann, "outer/inner").await);
    ann.delete(&outer).await.expect(204);
    ann.post(&format!("{inner}/restore")).await.expect(404);
    let place = folder(&ann, "place").await;
    let reference = json!({"parentReference": {"id": place.rsplit('/').next().unwrap()}});
    ann.post_json(&format!("{outer}/restore"), reference).await.expect(200);
    let deep = ann.get(&format!("{drive}/root:/place/outer/inner/x.txt")).await.expect(200).json();
    assert_eq!(deep["parentReference"]["id"], inner.rsplit('/').next().unwrap());
    // where its folder is gone it needs another
    ann.delete(&inner).await.expect(204);
    ann.delete(&outer).await.expect(204);
    ann.post(&format!("{inner}/restore")).await.expect(404);
    ann.post_json(&format!("{inner}/restore"), json!({"parentReference": {"id": "root"}})).await.expect(200);
    ann.get(&format!("{drive}/root:/inner/x.txt")).await.expect(200);
}

#[tokio::test]
async fn who_may_not_write_where_it_was_cannot_restore_it() {
    let server = Server::start().await;
    let (world, plan) = (&server.world, server.plan());
    let ann = server.graph(&world.ann);
    ann.delete(&plan).await.expect(204);
    let narrow = world::token(&server.vault, world.ann.person.id, &["Files.Read.All"]).await;
    server.graph_with(&narrow).post(&format!("{plan}/restore")).await.expect(403);
    server.vault.grant(world.library.root, world.ann.person.id, Role::Viewer, None).await.unwrap();
    ann.post(&format!("{plan}/restore")).await.expect(403);
    server.vault.grant(world.library.root, world.ann.person.id, Role::Contributor, None).await.unwrap();
    ann.post(&format!("{plan}/restore")).await.expect(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_restores_at_once_one_counts_and_a_purge_beside_them_leaves_no_half() {
    let server = Server::start().await;
    let world = &server.world;
    let ann = server.graph(&world.ann);
    for round in 0..6 {
        let made = ann.put(&format!("{}/root:/r{round}.txt:/content", server.drive()), "x").await.expect(201).json();
        let item = format!("{}/items/{}", server.drive(), made["id"].as_str().unwrap());
        ann.delete(&item).await.expect(204);
        let call = format!("{item}/restore");
        let (one, other) = tokio::join!(ann.post(&call), ann.post(&call));
        let mut statuses = [one.status.as_u16(), other.status.as_u16()];
        statuses.sort_unstable();
        assert_eq!(statuses, [200, 404], "{one} {other}");
        let (good, trash) = (format!("{item}/permanentDelete"), ann.delete(&item));
        let (purged, deleted) = tokio::join!(ann.post(&good), trash);
        let mut statuses = [purged.status.as_u16(), deleted.status.as_u16()];
        statuses.sort_unstable();
        assert_eq!(statuses, [204, 404], "{purged} {deleted}");
        ann.get(&item).await.expect(404);
    }
}

#[tokio::test]
async fn what_belongs_to_a_part_is_not_deleted_for_good() {
    let server = Server::start().await;
    let world = &server.world;
    let text = r#"
        parts = [{ library = "Engineering", number = "P-1", name = "Part",
            revisions = [{ label = "A", files = ["Engineering/plan.txt"] }] }]
    "#;
    let seed =
        coatcheck::seed::Seed { name: "world.toml".to_owned(), text, beside: coatcheck::seed::Beside::Bundled(&[]) };
    coatcheck::seed::apply(&server.vault, &seed).await.unwrap_or_else(|error| panic!("{error}"));
    let ann = server.graph(&world.ann);
    let refused = ann.post(&format!("{}/permanentDelete", server.plan())).await.expect(409).json();
    assert_eq!(refused["error"]["code"], "notAllowed");
    ann.get(&address(&world.file)).await.expect(200);
    let dora = world::actor(&server.vault, &world.dora).await;
    server.vault.item(&dora, &ItemKey::Id(world.file.id)).await.unwrap();
}
