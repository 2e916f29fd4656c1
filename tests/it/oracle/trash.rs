//! The trash through the companion services (spec/oracle.md 12), and what its items are to all dialects meanwhile.

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{
    acts::{CLIENTS, Clients, Outcome},
    arena::guid,
    oracle::{rows, status},
    server::Server,
    world::Somebody,
};

const DONE: &str = "0 You are logged in as";

async fn service(server: &Server, who: &Somebody, name: &str, arguments: &[(&str, &str)]) -> Value {
    server.oracle(who).service(name, arguments).await
}

async fn done(server: &Server, who: &Somebody, name: &str, arguments: &[(&str, &str)]) {
    let answer = service(server, who, name, arguments).await;
    assert!(status(&answer).starts_with(DONE), "{answer}");
    assert_eq!(answer["LocalData"]["JobID"], Value::Null);
}

/// The names in somebody's trash, files before folders.
async fn names(server: &Server, who: &Somebody) -> Vec<String> {
    let answer = service(server, who, "FLD_BROWSE_TRASH", &[("fileCount", "-1")]).await;
    let files = rows(&answer, "ChildFiles").into_iter().map(|row| row["fFileName"].clone());
    files.chain(rows(&answer, "ChildFolders").into_iter().map(|row| row["fFolderName"].clone())).collect()
}

/// The id in somebody's trash of what has this id elsewhere.
async fn trash_id(server: &Server, who: &Somebody, id: &str) -> String {
    let answer = service(server, who, "FLD_BROWSE_TRASH", &[("fileCount", "-1")]).await;
    let files =
        rows(&answer, "ChildFiles").into_iter().map(|row| (row["fRealItemGUID"].clone(), row["fFileGUID"].clone()));
    let folders =
        rows(&answer, "ChildFolders").into_iter().map(|row| (row["fRealItemGUID"].clone(), row["fFolderGUID"].clone()));
    files.chain(folders).find(|(real, _)| real == id).expect("it is in the trash").1
}

async fn folder(server: &Server, who: &Somebody, parent: &str, name: &str) -> String {
    let made = server.oracle(who).post(&format!("/folders/{parent}"), json!({ "name": name })).await.expect(201);
    made.json()["id"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn what_is_deleted_shows_in_its_owners_trash_under_an_id_of_its_own() {
    let server = Server::start().await;
    let world = &server.world;
    let file = &world.file.oracle_id;
    let drawer = folder(&server, &world.ann, &world.library.root_oracle_id, "drawer").await;
    done(&server, &world.bob, "FLD_MOVE_TO_TRASH", &[("item", &format!("fFileGUID:{file}"))]).await;
    done(&server, &world.bob, "FLD_MOVE_TO_TRASH", &[("item", &format!("fFolderGUID:{drawer}"))]).await;
    let answer = service(&server, &world.ann, "FLD_BROWSE_TRASH", &[("fileCount", "-1")]).await;
    let (file_trash, folder_trash) =
        (trash_id(&server, &world.ann, file).await, trash_id(&server, &world.ann, &drawer).await);
    assert!(file_trash.len() == 44 && file_trash.starts_with('D') && file_trash != *file);
    assert!(folder_trash.len() == 44 && folder_trash.starts_with('F') && folder_trash != drawer);
    assert_eq!(
        answer["ResultSets"],
        json!({
            "ChildFiles": {
                "fields": [
                    {"name": "fFileGUID"}, {"name": "fRealItemGUID"}, {"name": "fFileName"}, {"name": "dRevLabel"},
                    {"name": "dFileSize"}, {"name": "dExtension"}, {"name": "fLastModifiedDate"},
                    {"name": "fLastModifierFullName"},
                ],
                "rows": [[file_trash, file, "plan.txt", "1", "5", "txt", "2026-03-04T05:06:07Z", "Ann Example"]],
            },
            "ChildFolders": {
                "fields": [
                    {"name": "fFolderGUID"}, {"name": "fRealItemGUID"}, {"name": "fFolderName"}, {"name": "fApplication"},
                    {"name": "fLastModifiedDate"}, {"name": "fLastModifierFullName"},
                ],
                "rows": [[folder_trash, drawer, "drawer", "framework", "2026-03-04T05:06:07Z", "Ann Example"]],
            },
        })
    );
    for other in [&world.bob, &world.dora, &world.max, &world.eve, &world.carl] {
        assert!(names(&server, other).await.is_empty());
        let answer = service(&server, other, "FLD_RESTORE", &[("items", &file_trash)]).await;
        assert_eq!(status(&answer), format!("-16 Security validation failed. '{file_trash}' does not exist."));
        let answer = service(&server, other, "FLD_DELETE_FROM_TRASH", &[("item", &file_trash)]).await;
        assert_eq!(answer["LocalData"]["StatusCode"], "-16");
        done(&server, other, "FLD_EMPTY_TRASH", &[]).await;
    }
    let few = service(&server, &world.ann, "FLD_BROWSE_TRASH", &[("fileCount", "0")]).await;
    assert_eq!((rows(&few, "ChildFiles").len(), rows(&few, "ChildFolders").len()), (0, 1));
    // its id in the trash is none anywhere else
    for (path, code) in [(format!("/files/{file_trash}"), "-16"), (format!("/folders/{folder_trash}"), "-16")] {
        assert_eq!(server.oracle(&world.ann).get(&path).await.expect(404).json()["errorCode"], code);
    }
    // nor is its id elsewhere one of the trash
    let answer = service(&server, &world.ann, "FLD_RESTORE", &[("items", file)]).await;
    assert_eq!(answer["LocalData"]["StatusCode"], "-16");
}

#[tokio::test]
async fn a_restored_file_is_there_again_in_all_dialects_with_its_links() {
    let server = Server::start().await;
    let world = &server.world;
    let file = &world.file.oracle_id;
    let clients = Clients::new(&server);
    let max = server.oracle(&world.max);
    let body = json!({"assignedUsers": "@everybody", "role": "downloader"});
    let link = max.post(&format!("/publiclinks/file/{file}"), body).await.expect(200).json();
    let link = link["linkID"].as_str().unwrap().to_owned();
    let nobody = server.oracle_nobody().link(&link);
    nobody.get(&format!("/files/{file}/data")).await.expect(200);
    let session = async || {
        let request = server.get(&format!("/v1.0/drives/{}/items/{}", world.library.graph_id, world.file.graph_id));
        server.send(request.bearer_auth(&world.ann.token)).await.status.as_u16()
    };
    assert_eq!(session().await, 200);
    // reserved by who deletes it
    server.oracle(&world.bob).reserve(&world.file).await.expect(200);
    done(&server, &world.bob, "FLD_MOVE_TO_TRASH", &[("item", &format!("fFileGUID:{file}"))]).await;
    assert_eq!(session().await, 404);
    max.get(&format!("/files/{file}")).await.expect(404);
    max.get(&format!("/publiclinks/{link}")).await.expect(404);
    nobody.get(&format!("/files/{file}/data")).await.expect(404);
    for client in CLIENTS {
        assert_eq!(clients.check_out(client, &world.ann, &world.file).await, Outcome::Missing, "{client:?}");
    }

    let id = trash_id(&server, &world.ann, file).await;
    done(&server, &world.ann, "FLD_RESTORE", &[("items", &format!("fFileGUID:{id}"))]).await;
    assert!(names(&server, &world.ann).await.is_empty());
    assert_eq!(session().await, 200);
    let shown = max.get(&format!("/files/{file}")).await.expect(200).json();
    assert_eq!((&shown["reservedBy"], &shown["version"]), (&Value::Null, &json!("1")));
    max.get(&format!("/publiclinks/{link}")).await.expect(200);
    assert_eq!(nobody.get(&format!("/files/{file}/data")).await.expect(200).text(), "first");
    for client in CLIENTS {
        assert_eq!(clients.check_out(client, &world.ann, &world.file).await, Outcome::Done, "{client:?}");
        assert_eq!(clients.cancel(client, &world.ann, &world.file).await, Outcome::Done, "{client:?}");
    }
    assert!(!guid(&world.file).is_empty());
}

#[tokio::test]
async fn a_restore_meets_taken_names_and_folders_that_are_gone() {
    let server = Server::start().await;
    let world = &server.world;
    let root = &world.library.root_oracle_id;
    let ann = server.oracle(&world.ann);
    ann.delete_item(&world.file.oracle_id).await;
    ann.upload(root, "plan.txt", "another").await.expect(201);
    let id = trash_id(&server, &world.ann, &world.file.oracle_id).await;
    done(&server, &world.ann, "FLD_RESTORE", &[("items", &id)]).await;
    let shown = ann.get(&format!("/files/{}", world.file.oracle_id)).await.expect(200).json();
    assert_eq!(shown["name"], "plan(2).txt");

    let drawer = folder(&server, &world.ann, root, "drawer").await;
    let inside = ann.upload(&drawer, "inside.txt", "x").await.expect(201).json()["id"].as_str().unwrap().to_owned();
    let stays = ann.upload(&drawer, "stays.txt", "x").await.expect(201).json()["id"].as_str().unwrap().to_owned();
    ann.delete_item(&inside).await;
    done(&server, &world.ann, "FLD_MOVE_TO_TRASH", &[("item", &format!("fFolderGUID:{drawer}"))]).await;
    assert_eq!(names(&server, &world.ann).await, ["inside.txt", "drawer"]);
    let inside_id = trash_id(&server, &world.ann, &inside).await;
    let answer = service(&server, &world.ann, "FLD_RESTORE", &[("items", &inside_id)]).await;
    assert_eq!(status(&answer), "-1 Unable to restore. This cannot be done: the folder it was in is gone.");
    // the folder first, then what was in it, in one go; the first that cannot be ends it
    let drawer_id = trash_id(&server, &world.ann, &drawer).await;
    done(&server, &world.ann, "FLD_RESTORE", &[("items", &format!("fFolderGUID:{drawer_id}, fFileGUID:{inside_id}"))])
        .await;
    for file in [&inside, &stays] {
        ann.get(&format!("/files/{file}")).await.expect(200);
    }
    // its folder gone for good
    ann.delete_item(&inside).await;
    done(&server, &world.ann, "FLD_MOVE_TO_TRASH", &[("item", &format!("fFolderGUID:{drawer}"))]).await;
    let drawer_id = trash_id(&server, &world.ann, &drawer).await;
    done(&server, &world.ann, "FLD_DELETE_FROM_TRASH", &[("item", &format!("fFolderGUID:{drawer_id}"))]).await;
    let inside_id = trash_id(&server, &world.ann, &inside).await;
    let answer = service(&server, &world.ann, "FLD_RESTORE", &[("items", &inside_id)]).await;
    assert_eq!(status(&answer), "-1 Unable to restore. This cannot be done: the folder it was in is gone.");
    ann.get(&format!("/files/{stays}")).await.expect(404);
    ann.get(&format!("/folders/{drawer}")).await.expect(404);
    assert_eq!(names(&server, &world.ann).await, ["inside.txt"]);
    done(&server, &world.ann, "FLD_EMPTY_TRASH", &[]).await;
    assert!(names(&server, &world.ann).await.is_empty());
    let listed = ann.get(&format!("/folders/{root}/items")).await.expect(200).json();
    assert_eq!(listed["count"], "2");
}

#[tokio::test]
async fn what_may_not_be_deleted_does_not_move_to_the_trash() {
    let server = Server::start().await;
    let world = &server.world;
    let item = format!("fFileGUID:{}", world.file.oracle_id);
    server.oracle(&world.bob).reserve(&world.file).await.expect(200);
    let delete =
        async |who: &Somebody, item: &str| status(&service(&server, who, "FLD_MOVE_TO_TRASH", &[("item", item)]).await);
    assert_eq!(delete(&world.ann, &item).await, "-1 Unable to delete. The file is reserved by 'Bob Example'.");
    for who in [&world.vic, &world.carl, &world.eve] {
        assert!(delete(who, &item).await.starts_with("-20 Unable to delete. User '"));
    }
    assert!(delete(&world.ann, "fFolderGUID:self").await.starts_with("-20 Unable to delete."));
    let root = format!("fFolderGUID:{}", world.library.root_oracle_id);
    assert_eq!(delete(&world.ann, &root).await, "-1 Unable to delete. This cannot be done: a root folder.");
    // HEAD changes nothing
    let head = server.oracle(&world.bob).service_request(Method::HEAD, "FLD_MOVE_TO_TRASH", &[("item", &item)]);
    server.send(head).await.expect(200);
    server.oracle(&world.bob).get(&format!("/files/{}", world.file.oracle_id)).await.expect(200);
    assert!(delete(&world.bob, &item).await.starts_with(DONE));
    assert!(delete(&world.bob, &item).await.starts_with("-16"));
}

#[tokio::test]
async fn a_credential_that_only_reads_changes_nothing_in_the_trash() {
    let server = Server::start().await;
    let world = &server.world;
    server.oracle(&world.ann).delete_item(&world.file.oracle_id).await;
    let id = trash_id(&server, &world.ann, &world.file.oracle_id).await;
    let ask = async |scopes: &[&str], name: &str| {
        let token = crate::support::world::token(&server.vault, world.ann.person.id, scopes).await;
        let nobody = server.oracle_nobody();
        let request = nobody.service_request(Method::POST, name, &[("items", &id), ("item", &id)]);
        let answer = server.send(request.bearer_auth(token)).await.expect(200).json();
        (answer["LocalData"]["StatusCode"].as_str().unwrap().to_owned(), answer)
    };
    for service in ["FLD_RESTORE", "FLD_DELETE_FROM_TRASH", "FLD_EMPTY_TRASH"] {
        assert_eq!(ask(&["Files.Read.All"], service).await.0, "-20", "{service}");
    }
    assert_eq!(rows(&ask(&["Files.Read.All"], "FLD_BROWSE_TRASH").await.1, "ChildFiles").len(), 1);
    assert_eq!(rows(&ask(&["User.Read"], "FLD_BROWSE_TRASH").await.1, "ChildFiles").len(), 0);
    assert_eq!(ask(&["Files.ReadWrite.All"], "FLD_RESTORE").await.0, "0");
}
