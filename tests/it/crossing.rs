//! Done in one dialect, seen in another: every pair, the same person and somebody else.

use std::fmt::Write;

use insta::assert_snapshot;

use super::support::{
    acts::{CLIENTS, Client, Clients, Outcome},
    server::Server,
    world,
};

#[derive(Clone, Copy, Debug)]
enum Act {
    Take,
    Upload,
    CheckIn,
    Cancel,
}

async fn act(
    clients: &Clients,
    act: Act,
    client: Client,
    who: &world::Somebody,
    file: &coatcheck::domain::item::Item,
) -> Outcome {
    match act {
        Act::Take => clients.check_out(client, who, file).await,
        Act::Upload => clients.upload(client, who, file, "crossed").await,
        Act::CheckIn => clients.check_in(client, who, file).await,
        Act::Cancel => clients.cancel(client, who, file).await,
    }
}

/// One line for each pair: taken by Ann through the first, then each act through the second, by Ann or by Bob, each on a
/// file of its own; behind it who holds the file afterwards.
async fn page(by_ann: bool) -> String {
    let server = Server::start().await;
    let clients = Clients::new(&server);
    let (vault, world) = (&server.vault, &server.world);
    let who = if by_ann { &world.ann } else { &world.bob };
    let mut page = format!("{:20}", "taken by ann");
    for act in [Act::Take, Act::Upload, Act::CheckIn, Act::Cancel] {
        let _ = write!(page, "{:16}", format!("{act:?}"));
    }
    for first in CLIENTS {
        for second in CLIENTS {
            let _ = write!(page, "\n{:20}", format!("{first:?} > {second:?}"));
            for which in [Act::Take, Act::Upload, Act::CheckIn, Act::Cancel] {
                let name = format!("{first:?} {second:?} {which:?}.txt");
                let file = world::file(vault, &world.ann, &world.library, &name, "first").await;
                assert_eq!(clients.check_out(first, &world.ann, &file).await, Outcome::Done);
                let outcome = act(&clients, which, second, who, &file).await;
                let now = world::now(vault, world, &file).await;
                let holder = now.lock().map_or("free", |lock| lock.holder.login.as_str());
                let _ = write!(page, "{:16}", format!("{outcome}, {holder}"));
            }
        }
    }
    page.lines().map(str::trim_end).collect::<Vec<_>>().join("\n")
}

#[tokio::test]
async fn what_ann_took_in_one_dialect_is_hers_in_every_other() {
    assert_snapshot!(page(true).await);
}

#[tokio::test]
async fn what_ann_took_in_one_dialect_is_refused_to_bob_in_every_other() {
    assert_snapshot!(page(false).await);
}

#[tokio::test]
async fn an_edition_made_in_any_dialect_is_read_in_all() {
    let server = Server::start().await;
    let clients = Clients::new(&server);
    let (vault, world) = (&server.vault, &server.world);
    for client in CLIENTS {
        let file = world::file(vault, &world.ann, &world.library, &format!("{client:?}.txt"), "first").await;
        assert_eq!(clients.check_out(client, &world.ann, &file).await, Outcome::Done);
        assert_eq!(clients.check_in(client, &world.ann, &file).await, Outcome::Done);
        let edition = world::now(vault, world, &file).await.file.unwrap().edition;
        let expected = if client == Client::Liferay { "1.1" } else { "2.0" };
        assert_eq!((edition.ordinal, edition.version.to_string().as_str()), (2, expected), "{client:?}");

        let graph = server.get(&format!("/v1.0/drives/{}/items/{}/versions", world.library.graph_id, file.graph_id));
        let graph = server.send(graph.bearer_auth(&world.bob.token)).await.expect(200).json();
        assert_eq!(graph["value"][0]["id"], edition.version.to_string());
        let oracle = server.get(&format!("/documents/api/1.2/files/{}", file.oracle_id));
        let oracle = server.send(oracle.basic_auth("bob", Some(world::PASSWORD))).await.expect(200).json();
        assert_eq!(oracle["version"], "2");
        let liferay = server.get(&format!("/api/jsonws/dlapp/get-file-entry/file-entry-id/{}", file.number));
        let liferay = server.send(liferay.basic_auth("bob", Some(world::PASSWORD))).await.expect(200).json();
        assert_eq!(liferay["version"], edition.version.to_string());
        let session = clients.arena_session(&world.bob).await;
        let arena = server.get(&format!("/v1/files/{}", edition.arena_guid)).header("arena_session_id", session);
        let arena = server.send(arena).await.expect(200).json();
        assert_eq!((&arena["edition"], &arena["latest"]), (&"2".into(), &true.into()));
    }
}
