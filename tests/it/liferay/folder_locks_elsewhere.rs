//! What the other rooms answer where somebody has locked a folder through this one: as they do for a file that is checked out.

use insta::assert_snapshot;
use serde_json::{Value, json};

use crate::support::{
    acts::{CLIENTS, Clients, Outcome},
    server::Server,
    world,
};

/// A folder of Max's, one in it, and their Liferay numbers.
async fn folders(server: &Server) -> (i64, i64) {
    let max = server.liferay(&server.world.max);
    let outer = max.make_folder(0, "Outer").await;
    (outer, max.make_folder(outer, "Inner").await)
}

#[tokio::test]
async fn a_file_below_it_is_held_for_others_and_free_for_the_holder_in_every_room() {
    let server = Server::start().await;
    let clients = Clients::new(&server);
    let (vault, world) = (&server.vault, &server.world);
    let (outer, inner) = folders(&server).await;
    let (ann, max) = (server.liferay(&world.ann), server.liferay(&world.max));
    for client in CLIENTS {
        let number = max.add_to(inner, &format!("{client:?}.txt")).await;
        ann.lock_below(outer, 60_000).await.expect(200);
        let file = world::numbered(vault, world, number).await;
        for other in [&world.bob, &world.max, &world.dora] {
            assert_eq!(clients.check_out(client, other, &file).await, Outcome::Held, "{client:?}");
            assert_eq!(clients.upload(client, other, &file, "mine").await, Outcome::Held, "{client:?}");
        }
        let now = world::now(vault, world, &file).await;
        assert_eq!((now.revision, now.lock()), (file.revision, None), "{client:?}");
        // who may not write is told that, and not of the lock
        assert_eq!(clients.check_out(client, &world.vic, &file).await, Outcome::Denied, "{client:?}");

        assert_eq!(clients.check_out(client, &world.ann, &file).await, Outcome::Done, "{client:?}");
        assert_eq!(clients.cancel(client, &world.ann, &file).await, Outcome::Done, "{client:?}");
        // at its instant it is no lock
        server.advance(chrono::Duration::milliseconds(59_999));
        assert_eq!(clients.check_out(client, &world.bob, &file).await, Outcome::Held, "{client:?}");
        server.advance(chrono::Duration::milliseconds(1));
        assert_eq!(clients.check_out(client, &world.bob, &file).await, Outcome::Done, "{client:?}");
        // what Bob has now stays his below a new one
        ann.lock_below(outer, 60_000).await.expect(200);
        assert_eq!(clients.check_out(client, &world.ann, &file).await, Outcome::Held, "{client:?}");
        assert_eq!(clients.check_in(client, &world.bob, &file).await, Outcome::Done, "{client:?}");
        assert_eq!(clients.check_out(client, &world.bob, &file).await, Outcome::Held, "{client:?}");
        ann.unlock(outer).await.expect(200);
    }
}

#[tokio::test]
async fn each_room_has_its_own_words_for_it() {
    let server = Server::start().await;
    let (vault, world) = (&server.vault, &server.world);
    let (outer, inner) = folders(&server).await;
    let number = server.liferay(&world.max).add_to(inner, "leaf.txt").await;
    let file = world::numbered(vault, world, number).await;
    server.liferay(&world.ann).lock_below(outer, 0).await.expect(200);
    let guid = file.file.as_ref().unwrap().edition.arena_guid.clone();
    let graph = format!("/drives/{}/items/{}/checkout", world.library.graph_id, file.graph_id);
    let answers = [
        server.arena(&world.bob).await.check_out(&guid).await,
        server.oracle(&world.bob).reserve(&file).await,
        server.graph(&world.bob).post(&graph).await,
    ];
    let told: Vec<String> = answers
        .iter()
        .map(|answer| {
            let body = answer.json();
            let said = [&body["errors"][0]["message"], &body["errorMessage"], &body["error"]["message"]];
            let said: Vec<&str> = said.into_iter().filter_map(Value::as_str).collect();
            format!("{} {}", answer.status.as_u16(), said.join(" "))
        })
        .collect();
    assert_snapshot!(told.join("\n"), @r"
    400 The File cannot be updated.
    409 Could not reserve. The file is reserved by 'Ann Example'.
    423 The file is checked out for editing by Ann Example.
    ");
}

#[tokio::test]
async fn the_folder_itself_is_changed_by_nobody_else_in_any_room() {
    let server = Server::start().await;
    let (vault, world) = (&server.vault, &server.world);
    let (outer, inner) = folders(&server).await;
    let ann = server.liferay(&world.ann);
    let target = ann.make_folder(0, "Target").await;
    let target = world::numbered(vault, world, target).await;
    let (graph, oracle) = (server.graph(&world.bob), server.oracle(&world.bob));
    let one = |id: &str| format!("/drives/{}/items/{id}", world.library.graph_id);
    ann.lock_below(outer, 0).await.expect(200);
    for number in [outer, inner] {
        let folder = world::numbered(vault, world, number).await;
        for body in [
            json!({"name": "Other"}),
            json!({"description": "other"}),
            json!({"parentReference": {"id": target.graph_id}}),
        ] {
            graph.patch(&one(&folder.graph_id), body).await.expect(423);
        }
        graph.delete(&one(&folder.graph_id)).await.expect(423);
        let path = format!("/folders/{}", folder.oracle_id);
        oracle.put(&path, json!({"name": "Other"})).await.expect(409);
        oracle.post(&format!("{path}/move"), json!({"destinationID": target.oracle_id})).await.expect(409);
        oracle.delete(&path).await.expect(409);
        oracle.post(&format!("{path}/tags"), json!({"setTags": "a,b"})).await.expect(409);
        let now = world::numbered(vault, world, number).await;
        assert_eq!((now.revision, now.name, now.parent), (folder.revision, folder.name, folder.parent));
    }
    // this vendor's other API as well
    let (bob, leaf) = (server.liferay(&world.bob), server.liferay(&world.max).add_to(inner, "leaf.txt").await);
    for (method, path) in [
        ("PATCH", format!("/document-folders/{inner}")),
        ("DELETE", format!("/document-folders/{inner}")),
        ("PATCH", format!("/documents/{leaf}")),
        ("DELETE", format!("/documents/{leaf}")),
    ] {
        let answer = match method {
            "PATCH" => bob.rest_json(method, &path, &json!({"description": "other"})).await,
            _ => bob.rest(method, &path).await,
        };
        answer.expect(409);
    }
    // an application that may discard check-outs has none to discard here
    let robot = server.graph(&world.robot);
    let request = robot.request("DELETE", &one(&world::numbered(vault, world, inner).await.graph_id));
    server.send(request.header("Prefer", "bypass-checked-out")).await.expect(423);
    // adding is free, reading as well
    let folder = world::numbered(vault, world, inner).await;
    graph.put(&format!("{}:/new.txt:/content", one(&folder.graph_id)), "new").await.expect(201);
    graph.get(&one(&folder.graph_id)).await.expect(200);
    ann.unlock(outer).await.expect(200);
    graph.patch(&one(&folder.graph_id), json!({"name": "Other"})).await.expect(200);
    graph.delete(&one(&folder.graph_id)).await.expect(204);
}

#[tokio::test]
async fn a_folder_above_is_not_taken_away_with_it() {
    let server = Server::start().await;
    let (vault, world) = (&server.vault, &server.world);
    let (outer, inner) = folders(&server).await;
    let ann = server.liferay(&world.ann);
    // not even an inheritable one is needed
    ann.call("/dlfolder/lock-folder", json!({"folderId": inner})).await.expect(200);
    let folder = world::numbered(vault, world, outer).await;
    let (graph, oracle) = (server.graph(&world.bob), server.oracle(&world.bob));
    let address = format!("/drives/{}/items/{}", world.library.graph_id, folder.graph_id);
    graph.delete(&address).await.expect(423);
    oracle.delete(&format!("/folders/{}", folder.oracle_id)).await.expect(409);
    // its name is no matter of what lies below
    graph.patch(&address, json!({"name": "Other"})).await.expect(200);
    ann.unlock(inner).await.expect(200);
    graph.delete(&address).await.expect(204);
}
