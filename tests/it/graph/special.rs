//! Special folders (spec/graph.md 4): found by what they are for, made by the first write.

use coatcheck::{
    domain::{
        id::{ItemKey, LibraryKey},
        item::OnConflict,
    },
    vault::{LibraryUpdate, Quota},
};
use serde_json::{Value, json};

use crate::support::{graph::Graph, server::Server, world};

const MINE: &str = "/v1.0/me/drive";

/// The names in a folder, each with what it is for.
async fn children(client: &Graph<'_>, folder: &str) -> Vec<String> {
    let list = client.get(&format!("{folder}/children")).await.expect(200).json();
    let shown = |item: &Value| match item["specialFolder"]["name"].as_str() {
        Some(special) => format!("{} ({special})", item["name"].as_str().unwrap()),
        None => item["name"].as_str().unwrap().to_owned(),
    };
    list["value"].as_array().unwrap().iter().map(shown).collect()
}

fn code(answer: &crate::support::answer::Answer) -> String {
    let error = &answer.json()["error"];
    format!("{} {}", answer.status.as_u16(), error["code"].as_str().unwrap())
}

#[tokio::test]
async fn before_the_first_write_there_is_nothing() {
    let server = Server::start().await;
    let ann = server.graph(&server.world.ann);
    for name in ["documents", "photos", "cameraroll", "approot", "music"] {
        let folder = format!("{MINE}/special/{name}");
        for path in [
            folder.clone(),
            format!("{folder}/children"),
            format!("{folder}:/a.txt"),
            format!("{folder}:/a.txt:/content"),
        ] {
            assert_eq!(code(&ann.get(&path).await), "404 itemNotFound", "{path}");
        }
        for call in ["checkout", "createLink", "follow"] {
            ann.post(&format!("{folder}:/a.txt:/{call}")).await.expect(404);
        }
        // these need something that is there
        ann.put(&format!("{folder}/content"), "x").await.expect(404);
        ann.delete(&folder).await.expect(404);
        ann.patch(&folder, json!({"name": "x"})).await.expect(404);
        ann.post_json(&format!("{folder}:/sub:/children"), json!({"name": "x", "folder": {}})).await.expect(404);
    }
    assert_eq!(children(&ann, &format!("{MINE}/root")).await, [""; 0]);
}

#[tokio::test]
async fn the_first_write_of_any_kind_makes_the_folder() {
    let server = Server::start().await;
    let ann = server.graph(&server.world.ann);
    let made = ann.put(&format!("{MINE}/special/documents:/a/b.txt:/content"), "deep").await.expect(201).json();
    assert_eq!(made["parentReference"]["path"].as_str().unwrap().split_once("root:").unwrap().1, "/Documents/a");
    let documents = ann.get(&format!("{MINE}/special/documents")).await.expect(200).json();
    assert_eq!((&documents["name"], &documents["specialFolder"]), (&json!("Documents"), &json!({"name": "documents"})));
    assert_eq!(documents["folder"]["childCount"], 1);
    // it is the same item by every address, and says so everywhere
    for path in [format!("{MINE}/items/{}", documents["id"].as_str().unwrap()), format!("{MINE}/root:/documents")] {
        assert_eq!(ann.get(&path).await.expect(200).json()["specialFolder"], documents["specialFolder"]);
    }
    assert_eq!(ann.get(&format!("{MINE}/special/DOCUMENTS")).await.expect(200).json()["id"], documents["id"]);
    assert_eq!(ann.content(&format!("{MINE}/special/documents:/A/B.TXT:")).await, "deep");

    let folder = json!({"name": "Songs", "folder": {}});
    ann.post_json(&format!("{MINE}/special/music/children"), folder).await.expect(201);
    let session = ann.post(&format!("{MINE}/special/photos:/p.jpg:/createUploadSession")).await.expect(200).json();
    let put = server.http.put(session["uploadUrl"].as_str().unwrap()).body("jpg");
    assert_eq!(server.send(put).await.expect(201).json()["name"], "p.jpg");
    ann.patch(&format!("{MINE}/special/cameraroll:/Trip"), json!({"folder": {}})).await.expect(201);
    ann.put(&format!("{MINE}/special/approot:/settings.json:/content"), "{}").await.expect(201);
    let shown = children(&ann, &format!("{MINE}/root")).await;
    assert_eq!(shown, ["Apps", "Documents (documents)", "Music (music)", "Pictures (photos)"]);
    assert_eq!(children(&ann, &format!("{MINE}/special/photos")).await, ["Camera Roll (cameraroll)", "p.jpg"]);
    assert_eq!(children(&ann, &format!("{MINE}/root:/Apps:")).await, ["Coatcheck (approot)"]);
    // search, delta and selections have it, too
    let found = ann.get(&format!("{MINE}/search(q='docu')?$select=name,specialFolder")).await.expect(200).json();
    assert_eq!(found["value"], json!([{"name": "Documents", "specialFolder": {"name": "documents"}}]));
    let all = ann.get(&format!("{MINE}/root/delta")).await.expect(200).json();
    let told = all["value"].as_array().unwrap().iter().filter(|item| item["specialFolder"].is_object()).count();
    assert_eq!(told, 5);
}

#[tokio::test]
async fn every_action_reaches_what_lies_in_it_below_every_root() {
    let server = Server::start().await;
    let (ann, bob, drive) = (server.graph(&server.world.ann), server.graph(&server.world.bob), server.drive());
    let file = format!("{drive}/special/documents:/a.txt:");
    ann.put(&format!("{file}/content"), "one").await.expect(201);
    ann.post(&format!("{file}/checkout")).await.expect(204);
    bob.put(&format!("{file}/content"), "two").await.expect(423);
    for root in
        ["/v1.0/sites/root/drive", "/beta/sites/root/drive", &format!("/me/drives/{}", server.world.library.graph_id)]
    {
        assert_eq!(bob.get(&format!("{root}/special/documents:/a.txt")).await.expect(200).json()["name"], "a.txt");
    }
    ann.put(&format!("{file}/content"), "two").await.expect(200);
    ann.post_json(&format!("{file}/checkin"), json!({"comment": "done"})).await.expect(204);
    assert_eq!(bob.content(&file).await, "two");
    let versions = ann.get(&format!("{file}/versions")).await.expect(200).json();
    assert_eq!(versions["value"].as_array().unwrap().len(), 2);
    ann.get(&format!("{drive}/special/documents/delta")).await.expect(200);
    ann.get(&format!("{drive}/special/documents/search(q='a')")).await.expect(200);
    let batch = json!({"requests": [{"id": "1", "method": "GET", "url": format!("{}/special/documents", drive.trim_start_matches("/v1.0"))}]});
    let answers = ann.post_json("/v1.0/$batch", batch).await.expect(200).json();
    assert_eq!(answers["responses"][0]["body"]["specialFolder"]["name"], "documents");
    // a path may lead into it as the place to move to
    ann.patch(&server.plan(), json!({"parentReference": {"path": "/drive/special/documents"}})).await.expect(200);
    assert_eq!(children(&ann, &format!("{drive}/special/documents")).await, ["a.txt", "plan.txt"]);
    ann.delete(&file).await.expect(204);
    // a sharing token leads to one item and no drive
    ann.get("/v1.0/shares/s!x/special/documents").await.expect(400);
}

#[tokio::test]
async fn the_mark_stays_with_the_folder_and_goes_with_it() {
    let server = Server::start().await;
    let ann = server.graph(&server.world.ann);
    let documents = format!("{MINE}/special/documents");
    ann.put(&format!("{documents}:/a.txt:/content"), "a").await.expect(201);
    let id = ann.get(&documents).await.json()["id"].clone();
    let by_id = format!("{MINE}/items/{}", id.as_str().unwrap());
    // renamed and moved it is the same
    let work = json!({"name": "Work", "folder": {}});
    let work = ann.post_json(&format!("{MINE}/root/children"), work).await.expect(201).json();
    ann.patch(&by_id, json!({"name": "Papers", "parentReference": {"path": "/drive/root:/Work"}})).await.expect(200);
    let moved = ann.get(&documents).await.expect(200).json();
    assert_eq!(
        (&moved["id"], &moved["name"], &moved["specialFolder"]["name"]),
        (&id, &json!("Papers"), &json!("documents"))
    );
    ann.put(&format!("{documents}:/b.txt:/content"), "b").await.expect(201);
    assert_eq!(children(&ann, &format!("{MINE}/root:/Work/Papers:")).await, ["a.txt", "b.txt"]);
    // a copy of it is no special folder
    let monitor = ann.post_json(&format!("{by_id}/copy"), json!({"name": "Copy"})).await.expect(202).header("location");
    while server.send(server.http.get(&monitor)).await.status.as_u16() == 202 {}
    assert_eq!(children(&ann, &format!("{MINE}/root:/Work:")).await, ["Copy", "Papers (documents)"]);

    // in the trash it is gone, and comes back as it was
    ann.delete(&by_id).await.expect(204);
    assert_eq!(code(&ann.get(&documents).await), "404 itemNotFound");
    let restored = ann.post(&format!("{by_id}/restore")).await.expect(200).json();
    assert_eq!(restored["specialFolder"]["name"], "documents");
    assert_eq!(ann.get(&documents).await.expect(200).json()["id"], id);

    // along with a folder above it as well; a write makes another one, and what then comes back is an ordinary folder
    ann.delete(&format!("{MINE}/root:/Work:")).await.expect(204);
    ann.get(&documents).await.expect(404);
    ann.put(&format!("{documents}:/c.txt:/content"), "c").await.expect(201);
    let other = ann.get(&documents).await.expect(200).json();
    assert_ne!(other["id"], id);
    assert_eq!(other["name"], "Documents");
    ann.post(&format!("{MINE}/items/{}/restore", work["id"].as_str().unwrap())).await.expect(200);
    assert_eq!(children(&ann, &format!("{MINE}/root:/Work:")).await, ["Copy", "Papers"]);
    assert_eq!(ann.get(&documents).await.expect(200).json()["id"], other["id"]);
    // gone for good
    ann.post(&format!("{documents}/permanentDelete")).await.expect(204);
    ann.get(&documents).await.expect(404);
    ann.put(&format!("{documents}:/d.txt:/content"), "d").await.expect(201);
}

#[tokio::test]
async fn a_folder_of_that_name_becomes_it_and_what_is_none_leaves_it_another() {
    let server = Server::start().await;
    let (ann, bob) = (server.graph(&server.world.ann), server.graph(&server.world.bob));
    let folder = json!({"name": "documents", "folder": {}});
    let there = ann.post_json(&format!("{MINE}/root/children"), folder.clone()).await.expect(201).json();
    let start = ann.get(&format!("{MINE}/root/delta?token=latest")).await.expect(200).json();
    ann.put(&format!("{MINE}/special/documents:/a.txt:/content"), "a").await.expect(201);
    let special = ann.get(&format!("{MINE}/special/documents")).await.expect(200).json();
    assert_eq!((&special["id"], &special["name"]), (&there["id"], &json!("documents")));
    // it is another folder to who looks: its tag says so, and those who follow are told
    assert_ne!(special["eTag"], there["eTag"]);
    let link = start["@odata.deltaLink"].as_str().unwrap().replace(&server.url(""), "");
    let changes = ann.get(&link).await.expect(200).json();
    let told = changes["value"].as_array().unwrap().iter().find(|item| item["id"] == there["id"]).cloned();
    assert_eq!(told.unwrap()["specialFolder"]["name"], "documents");

    bob.put(&format!("{MINE}/root:/Documents:/content"), "a file").await.expect(201);
    bob.put(&format!("{MINE}/special/documents:/a.txt:/content"), "a").await.expect(201);
    let shown = children(&bob, &format!("{MINE}/root")).await;
    assert_eq!(shown, ["Documents", "Documents 1 (documents)"]);
    // one that is for something else stays what it is
    bob.patch(&format!("{MINE}/special/documents"), json!({"name": "Music"})).await.expect(200);
    bob.put(&format!("{MINE}/special/music:/a.mp3:/content"), "a").await.expect(201);
    let shown = children(&bob, &format!("{MINE}/root")).await;
    assert_eq!(shown, ["Documents", "Music (documents)", "Music 1 (music)"]);
}

#[tokio::test]
async fn every_application_has_a_folder_of_its_own() {
    let server = Server::start().await;
    let world = &server.world;
    server.client("desk", true).await;
    let signed_in = server.signed_in("Files.ReadWrite.All").await.json();
    let desk = server.graph_with(signed_in["access_token"].as_str().unwrap());
    let (ann, robot) = (server.graph(&world.ann), server.graph(&world.robot));
    let drive = server.drive();
    let own = format!("{drive}/special/approot");
    for (who, text) in [(&desk, "desk"), (&ann, "nobody's"), (&robot, "robot")] {
        who.get(&own).await.expect(404);
        who.put(&format!("{own}:/settings:/content"), text).await.expect(201);
    }
    let apps = children(&ann, &format!("{drive}/root:/Apps:")).await;
    assert_eq!(apps, ["Coatcheck (approot)", "Desk & Co (approot)", "Robot (approot)"]);
    assert_eq!(desk.content(&format!("{own}:/settings:")).await, "desk");
    assert_eq!(ann.content(&format!("{own}:/settings:")).await, "nobody's");
    assert_eq!(robot.content(&format!("{own}:/settings:")).await, "robot");
    // whoever comes with the application comes to its folder, also in a batch
    let url = format!("{}/special/approot", drive.trim_start_matches("/v1.0"));
    let batch = json!({"requests": [{"id": "1", "method": "GET", "url": url}]});
    let answers = desk.post_json("/v1.0/$batch", batch).await.expect(200).json();
    assert_eq!(answers["responses"][0]["body"]["name"], "Desk & Co");
    // an application of the same name gets another folder
    let (application, _) = server.client("desk-2", false).await;
    let token = world::token(&server.vault, application.id, &["Files.ReadWrite.All"]).await;
    server.graph_with(&token).put(&format!("{own}:/settings:/content"), "two").await.expect(201);
    assert_eq!(
        children(&ann, &format!("{drive}/root:/Apps:")).await[1..3],
        ["Desk & Co (approot)", "Desk & Co 1 (approot)"]
    );
    // `/me` is nothing for an application
    assert_eq!(code(&robot.get(&format!("{MINE}/special/approot")).await), "400 BadRequest");
}

#[tokio::test]
async fn nothing_is_made_for_what_is_refused() {
    let server = Server::start().await;
    let (world, drive) = (&server.world, server.drive());
    let ann = server.graph(&world.ann);
    let documents = format!("{drive}/special/documents");
    for unknown in ["desktop", "Camera%20Roll", "", "documents%20", "d%00", "..", "%27"] {
        let answer = ann.put(&format!("{drive}/special/{unknown}:/a.txt:/content"), "x").await;
        assert_eq!(answer.status.as_u16(), 400, "{unknown}: {answer}");
        assert_eq!(answer.json()["error"]["code"], "invalidRequest", "{unknown}");
    }
    assert_eq!(code(&ann.get(&format!("{drive}/special/desktop")).await), "400 invalidRequest");
    for bad in ["a*b", "x/a.", "con|x", &"n".repeat(256), &["f"; 70].join("/")] {
        let path = format!("{documents}:/{bad}:");
        ann.put(&format!("{path}/content"), "x").await.expect(400);
        ann.post(&format!("{path}/createUploadSession")).await.expect(400);
    }
    ann.patch(&format!("{documents}:/a*"), json!({"folder": {}})).await.expect(400);
    for body in [json!({"name": "a*b", "folder": {}}), json!({"name": "a"}), json!({"folder": {}})] {
        ann.post_json(&format!("{documents}/children"), body).await.expect(400);
    }
    // by who may not write, does not see the drive, or has a token that only reads
    let token = world::token(&server.vault, world.ann.person.id, &["Files.Read.All"]).await;
    for (who, status) in [
        (server.graph(&world.vic), 403),
        (server.graph(&world.carl), 403),
        (server.graph_with(&token), 403),
        (server.graph(&world.eve), 404),
    ] {
        who.put(&format!("{documents}:/a.txt:/content"), "x").await.expect(status);
        who.post(&format!("{documents}:/a.txt:/createUploadSession")).await.expect(status);
        who.post_json(&format!("{documents}/children"), json!({"name": "x", "folder": {}})).await.expect(status);
        who.put(&format!("{drive}/special/approot:/a.txt:/content"), "x").await.expect(status);
        who.put(&format!("{drive}/special/cameraroll:/a.txt:/content"), "x").await.expect(status);
        who.get(&documents).await.expect(404);
    }
    // on a condition that nothing meets which is not there
    let session = json!({"deferCommit": true});
    let begun = ann.post_json(&format!("{drive}/root:/x.txt:/createUploadSession"), session).await.expect(200).json();
    let url = begun["uploadUrl"].as_str().unwrap();
    let source = json!({"@microsoft.graph.sourceUrl": url});
    for tag in ["\"x\"", "*"] {
        for request in [
            ann.request("PUT", &format!("{documents}:/a.txt:/content")).body("x"),
            ann.request("POST", &format!("{documents}:/a.txt:/createUploadSession")).json(&json!({})),
            ann.request("PATCH", &format!("{documents}:/a")).json(&json!({"folder": {}})),
            ann.request("PUT", &format!("{documents}:/a.txt:")).json(&source),
        ] {
            server.send(request.header("if-match", tag)).await.expect(412);
        }
    }
    // for a session that is not complete, or not there
    assert_eq!(
        code(&server.send(ann.request("PUT", &format!("{documents}:/a.txt:")).json(&source)).await),
        "400 invalidRequest"
    );
    server.send(server.http.delete(url)).await.expect(204);
    server.send(ann.request("PUT", &format!("{documents}:/a.txt:")).json(&source)).await.expect(404);
    // for values that cannot be
    for body in
        [json!({"item": {"fileSize": -1}}), json!({"item": {"name": "a*b"}}), json!({"item": {"fileSystemInfo": 1}})]
    {
        ann.post_json(&format!("{documents}:/a.txt:/createUploadSession"), body).await.expect(400);
    }
    assert_eq!(children(&ann, &format!("{drive}/root")).await, ["plan.txt"]);
}

#[tokio::test]
async fn nothing_is_made_for_bytes_that_are_too_many_or_do_not_come() {
    let server = Server::start_with(&[("content.max_file_bytes", "1000")]).await;
    let (world, drive) = (&server.world, server.drive());
    let ann = server.graph(&world.ann);
    let file = format!("{drive}/special/documents:/deep/a.txt:");
    let large = json!({"item": {"fileSize": 1001}});
    ann.put(&format!("{file}/content"), &"x".repeat(1001)).await.expect(413);
    let chunks = futures_util::stream::iter((0..11).map(|_| Ok::<_, std::io::Error>("x".repeat(100))));
    let put = ann.request("PUT", &format!("{file}/content")).body(reqwest::Body::wrap_stream(chunks));
    server.send(put).await.expect(413);
    ann.post_json(&format!("{file}/createUploadSession"), large).await.expect(413);
    // more than the library may hold
    let begun = ann.post_json(&format!("{drive}/root:/x.txt:/createUploadSession"), json!({"deferCommit": true})).await;
    let url = begun.expect(200).json()["uploadUrl"].as_str().unwrap().to_owned();
    server
        .send(server.http.put(&url).header("content-range", "bytes 0-99/100").body("x".repeat(100)))
        .await
        .expect(202);
    let quota = LibraryUpdate { quota_bytes: Some(Quota::Bytes(10)), ..LibraryUpdate::default() };
    server.vault.update_library(world.library.id, &quota).await.unwrap();
    ann.put(&format!("{file}/content"), &"x".repeat(100)).await.expect(507);
    ann.post_json(&format!("{file}/createUploadSession"), json!({"item": {"fileSize": 100}})).await.expect(507);
    let source = json!({"@microsoft.graph.sourceUrl": url});
    server.send(ann.request("PUT", &file).json(&source)).await.expect(507);
    assert_eq!(children(&ann, &format!("{drive}/root")).await, ["plan.txt"]);
    // with room for it, it comes into being
    ann.put(&format!("{file}/content"), "x").await.expect(201);
    assert_eq!(children(&ann, &format!("{drive}/root")).await, ["Documents (documents)", "plan.txt"]);
}

#[tokio::test]
async fn of_many_first_writes_one_makes_the_folder() {
    let server = Server::start().await;
    let (ann, bob, drive) = (server.graph(&server.world.ann), server.graph(&server.world.bob), server.drive());
    for name in ["documents", "cameraroll", "approot"] {
        let folder = format!("{drive}/special/{name}");
        let (ann, bob, folder) = (&ann, &bob, &folder);
        let writes = (0..12).map(|number| async move {
            let who = if number % 2 == 0 { ann } else { bob };
            match number % 3 {
                0 => who.put(&format!("{folder}:/{number}.txt:/content"), "x").await.expect(201),
                1 => {
                    let child = json!({"name": number.to_string(), "folder": {}});
                    who.post_json(&format!("{folder}/children"), child).await.expect(201)
                }
                _ => who.post(&format!("{folder}:/{number}.txt:/createUploadSession")).await.expect(200),
            }
        });
        futures_util::future::join_all(writes).await;
        assert_eq!(ann.get(folder).await.expect(200).json()["folder"]["childCount"], 8, "{name}");
    }
    let all = children(&ann, &format!("{drive}/root")).await;
    assert_eq!(all, ["Apps", "Documents (documents)", "Pictures (photos)", "plan.txt"]);
    assert_eq!(children(&ann, &format!("{drive}/root:/Apps:")).await, ["Coatcheck (approot)"]);
    assert_eq!(children(&ann, &format!("{drive}/root:/Pictures:")).await, ["Camera Roll (cameraroll)"]);
}

#[tokio::test]
async fn in_another_library_it_is_a_folder_like_any_other() {
    let server = Server::start().await;
    let (vault, world) = (&server.vault, &server.world);
    let ann = server.graph(&world.ann);
    let mine = world::personal(vault, &world.ann).await;
    ann.put(&format!("{MINE}/special/documents:/a.txt:/content"), "a").await.expect(201);
    let id = ann.get(&format!("{MINE}/special/documents")).await.json()["id"].as_str().unwrap().to_owned();
    let actor = world::actor(vault, &world.ann).await;
    let library = vault.library(&actor, &LibraryKey::Id(world.library.id)).await.unwrap();
    let look = async || vault.look(&actor, &ItemKey::Graph(id.clone())).await.unwrap();
    let place = async |root| vault.look(&actor, &ItemKey::Id(root)).await.unwrap();
    vault.relocate(&actor, &look().await, &place(library.root).await, OnConflict::Fail).await.unwrap();
    assert_eq!(
        ann.get(&format!("{}/items/{id}", server.drive())).await.expect(200).json()["specialFolder"],
        Value::Null
    );
    ann.get(&format!("{MINE}/special/documents")).await.expect(404);
    ann.get(&format!("{}/special/documents", server.drive())).await.expect(404);
    // back home it is what it was
    vault.relocate(&actor, &look().await, &place(mine.root).await, OnConflict::Fail).await.unwrap();
    assert_eq!(ann.get(&format!("{MINE}/special/documents")).await.expect(200).json()["id"], id.as_str());
}
