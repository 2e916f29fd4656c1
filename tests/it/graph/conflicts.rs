//! Names that are taken (spec/graph.md 7.1): what each behaviour does for an upload, a new child, a rename and a move; and
//! where things may be moved to (7.5).

use serde_json::{Value, json};

use crate::support::{graph::Graph, server::Server, world};

/// For each behaviour the status, and the name that comes of it.
type Expected = [(u16, &'static str); 4];

const WORDS: [&str; 4] = ["", "fail", "replace", "rename"];

/// A file at a path, with its text.
async fn put(client: &Graph<'_>, drive: &str, path: &str, text: &str) -> String {
    let made = client.put(&format!("{drive}/root:/{path}:/content"), text).await;
    assert!(made.status.is_success(), "{made}");
    format!("{drive}/items/{}", made.json()["id"].as_str().unwrap())
}

async fn folder(client: &Graph<'_>, drive: &str, name: &str) -> Value {
    client.post_json(&format!("{drive}/root/children"), json!({"name": name, "folder": {}})).await.expect(201).json()
}

#[tokio::test]
async fn every_behaviour_of_every_call_is_that_of_the_table() {
    let server = Server::start().await;
    let (ann, drive) = (server.graph(&server.world.ann), server.drive());
    // what stands at the name, and what comes
    let table: [(&str, &str, Expected); 12] = [
        ("file", "put content", [(200, "a.txt"), (409, ""), (200, "a.txt"), (201, "a 1.txt")]),
        ("folder", "put content", [(409, ""), (409, ""), (409, ""), (409, "")]),
        ("file", "new file", [(409, ""), (409, ""), (409, ""), (201, "a 1.txt")]),
        ("folder", "new file", [(409, ""), (409, ""), (409, ""), (201, "a 1.txt")]),
        ("folder", "new folder", [(409, ""), (409, ""), (200, "a.txt"), (201, "a.txt 1")]),
        ("file", "new folder", [(409, ""), (409, ""), (409, ""), (201, "a.txt 1")]),
        ("file", "rename file", [(409, ""), (409, ""), (200, "a.txt"), (200, "a 1.txt")]),
        ("folder", "rename file", [(409, ""), (409, ""), (409, ""), (200, "a 1.txt")]),
        ("file", "move file", [(409, ""), (409, ""), (200, "a.txt"), (200, "a 1.txt")]),
        ("folder", "move file", [(409, ""), (409, ""), (409, ""), (200, "a 1.txt")]),
        ("file", "move folder", [(409, ""), (409, ""), (409, ""), (200, "a.txt 1")]),
        ("folder", "move folder", [(409, ""), (409, ""), (409, ""), (200, "a.txt 1")]),
    ];
    for (number, (there, comes, expected)) in table.iter().enumerate() {
        for (word, (status, name)) in WORDS.iter().zip(expected) {
            // one letter of the case is another one: that makes no other name
            let at = format!("{number} {word}.").trim_end_matches('.').trim().to_owned();
            let at = folder(&ann, &drive, &at).await;
            let here = format!("{drive}/items/{}", at["id"].as_str().unwrap());
            match *there {
                "file" => drop(ann.put(&format!("{here}:/A.txt:/content"), "there").await.expect(201)),
                _ => drop(
                    ann.post_json(&format!("{here}/children"), json!({"name": "A.txt", "folder": {}}))
                        .await
                        .expect(201),
                ),
            }
            let told =
                if word.is_empty() { String::new() } else { format!("?@microsoft.graph.conflictBehavior={word}") };
            let elsewhere = folder(&ann, &drive, &format!("from {number} {word}x")).await;
            let elsewhere = format!("{drive}/items/{}", elsewhere["id"].as_str().unwrap());
            let thing = |id: &Value| format!("{drive}/items/{}{told}", id["id"].as_str().unwrap());
            let into = json!({"parentReference": {"id": at["id"]}});
            let answer = match *comes {
                "put content" => ann.put(&format!("{here}:/a.txt:/content{told}"), "comes").await,
                "new file" => {
                    ann.post_json(&format!("{here}/children{told}"), json!({"name": "a.txt", "file": {}})).await
                }
                "new folder" => {
                    ann.post_json(&format!("{here}/children{told}"), json!({"name": "a.txt", "folder": {}})).await
                }
                "rename file" => {
                    let other = ann.put(&format!("{here}:/other.txt:/content"), "comes").await.expect(201).json();
                    ann.patch(&thing(&other), json!({"name": "a.txt"})).await
                }
                "move file" => {
                    let other = ann.put(&format!("{elsewhere}:/a.txt:/content"), "comes").await.expect(201).json();
                    ann.patch(&thing(&other), into).await
                }
                _ => {
                    let other = json!({"name": "a.txt", "folder": {}});
                    let other = ann.post_json(&format!("{elsewhere}/children"), other).await.expect(201).json();
                    ann.patch(&thing(&other), into).await
                }
            };
            let case = format!("{there}, {comes}, {word:?}");
            assert_eq!(answer.status.as_u16(), *status, "{case}: {answer}");
            if *status == 409 {
                assert_eq!(answer.json()["error"]["code"], "nameAlreadyExists", "{case}");
            } else {
                let shown = answer.json()["name"].as_str().unwrap().to_owned();
                assert!(shown.eq_ignore_ascii_case(name), "{case}: {shown}");
            }
        }
    }
}

#[tokio::test]
async fn a_behaviour_is_read_in_the_body_and_under_its_older_name() {
    let server = Server::start().await;
    let (ann, drive) = (server.graph(&server.world.ann), server.drive());
    for member in ["@microsoft.graph.conflictBehavior", "@name.conflictBehavior"] {
        let file = put(&ann, &drive, "b.txt", "x").await;
        let renamed = ann.patch(&file, json!({"name": "plan.txt", member: "rename"})).await.expect(200).json();
        assert!(renamed["name"].as_str().unwrap().starts_with("plan "), "{renamed}");
        ann.patch(&file, json!({"name": "plan.txt", member: "maybe"})).await.expect(400);
        let child = json!({"name": "plan.txt", "file": {}, member: "rename"});
        ann.post_json(&format!("{drive}/root/children"), child).await.expect(201);
    }
}

#[tokio::test]
async fn an_overwritten_file_goes_into_the_trash_and_never_from_under_a_lock() {
    let server = Server::start().await;
    let (world, drive) = (&server.world, server.drive());
    let (ann, bob, plan) = (server.graph(&world.ann), server.graph(&world.bob), server.plan());
    let other = put(&ann, &drive, "other.txt", "other").await;
    let over = format!("{other}?@microsoft.graph.conflictBehavior=replace");
    // locked by somebody else: neither of them changes
    bob.post(&format!("{plan}/checkout")).await.expect(204);
    let refused = ann.patch(&over, json!({"name": "plan.txt"})).await.expect(423).json();
    assert_eq!(refused["error"]["message"], "The file is checked out for editing by Bob Example.");
    assert_eq!(ann.get(&other).await.json()["name"], "other.txt");
    bob.post(&format!("{plan}/discardCheckout")).await.expect(204);
    // the mover's own lock on it ends with it
    ann.post(&format!("{plan}/checkout")).await.expect(204);
    let moved = ann.patch(&over, json!({"name": "PLAN.txt"})).await.expect(200).json();
    assert_eq!(moved["name"], "PLAN.txt");
    ann.get(&plan).await.expect(404);
    assert_eq!(ann.content(&format!("{drive}/root:/plan.txt:")).await, "other");
    let actor = world::actor(&server.vault, &world.ann).await;
    let mut db = sqlx::PgPool::connect(&server.database.url).await.unwrap().acquire().await.unwrap();
    let trash: String = sqlx::query_scalar("SELECT trash_id FROM items WHERE id = $1")
        .bind(world.file.id.0)
        .fetch_one(&mut *db)
        .await
        .unwrap();
    ann.patch(&other, json!({"name": "other.txt"})).await.expect(200);
    server.vault.restore(&actor, &trash).await.unwrap();
    assert_eq!(ann.content(&plan).await, "first");
    // a name in another case is the file's own
    ann.patch(&over, json!({"name": "OTHER.txt"})).await.expect(200);
    // who may not delete what is there overwrites nothing
    let refused = ann.request("PATCH", &over).header("if-match", "\"x\"").json(&json!({"name": "plan.txt"}));
    server.send(refused).await.expect(412);
    server.graph(&world.vic).patch(&over, json!({"name": "plan.txt"})).await.expect(403);
    assert_eq!(ann.content(&plan).await, "first");
}

#[tokio::test]
async fn of_many_who_overwrite_at_once_each_does_so_wholly_or_not_at_all() {
    let server = Server::start().await;
    let (ann, drive) = (server.graph(&server.world.ann), server.drive());
    let mut files = Vec::new();
    for number in 0..5 {
        files.push(put(&ann, &drive, &format!("{number}.txt"), &number.to_string()).await);
    }
    let calls = files.iter().map(|file| {
        let over = format!("{file}?@microsoft.graph.conflictBehavior=replace");
        let ann = server.graph(&server.world.ann);
        async move { ann.patch(&over, json!({"name": "target.txt"})).await }
    });
    for answer in futures_util::future::join_all(calls).await {
        assert!([200, 404].contains(&answer.status.as_u16()), "{answer}");
    }
    // the last one stands there; the others are in the trash
    ann.get(&format!("{drive}/root:/target.txt")).await.expect(200);
    let mut left = 0;
    for file in &files {
        left += usize::from(ann.get(file).await.status == 200);
    }
    assert_eq!(left, 1);
}

#[tokio::test]
async fn things_are_moved_inside_their_drive_and_never_into_themselves() {
    let server = Server::start().await;
    let (ann, world, drive) = (server.graph(&server.world.ann), &server.world, server.drive());
    let own = world::personal(&server.vault, &world.ann).await;
    let outer = folder(&ann, &drive, "outer").await;
    let outer_at = format!("{drive}/items/{}", outer["id"].as_str().unwrap());
    let inner =
        ann.post_json(&format!("{outer_at}/children"), json!({"name": "inner", "folder": {}})).await.expect(201).json();
    let (plan, id, site) = (server.plan(), &world.library.graph_id, world.library.graph_site_id);
    let to = |reference: Value| json!({ "parentReference": reference });
    for (reference, status) in [
        (json!({"id": outer["id"]}), 200),
        (json!({"id": "root"}), 200),
        (json!({"id": "ROOT"}), 200),
        (json!({"driveId": id, "id": outer["id"], "path": "", "driveType": ""}), 200),
        (json!({"driveId": "", "id": "", "path": "/drive/root:/outer/inner"}), 200),
        (json!({"path": "/drive/root:"}), 200),
        (json!({"path": format!("/drives/{id}/root:/outer")}), 200),
        (json!({"path": format!("/drives/{}/root:/outer/inner", id.replace('!', "%21"))}), 200),
        (json!({"path": "/drive/root:/OUTER/"}), 200),
        (json!({"path": "drive/root:/outer"}), 200),
        (json!({"id": "", "path": "", "driveId": "", "driveType": ""}), 200),
        (json!({}), 200),
        (json!({"driveId": own.graph_id, "id": own.root_graph_id}), 400),
        (json!({"path": format!("/drives/{}/root:", own.graph_id)}), 400),
        (json!({"id": own.root_graph_id}), 404),
        (json!({"path": "/drive/root:/none"}), 404),
        (json!({"path": "/drive/root:/../outer"}), 400),
        (json!({"path": format!("/sites/{site}/lists")}), 400),
        (json!({"id": "01NOWHERE"}), 404),
        (json!({"id": world.file.graph_id}), 400),
        (json!({"id": 5}), 400),
        (json!("outer"), 400),
    ] {
        let answer = ann.patch(&plan, to(reference.clone())).await;
        assert_eq!(answer.status.as_u16(), status, "{reference}: {answer}");
    }
    for into in [&outer["id"], &inner["id"]] {
        let refused = ann.patch(&outer_at, to(json!({"id": into}))).await.expect(400).json();
        assert_eq!(refused["error"]["code"], "invalidRequest");
    }
    ann.patch(&format!("{drive}/root"), to(json!({"id": outer["id"]}))).await.expect(400);
}

#[tokio::test]
async fn a_folder_is_made_where_a_patch_finds_nothing() {
    let server = Server::start().await;
    let (ann, drive) = (server.graph(&server.world.ann), server.drive());
    let body =
        json!({"folder": {}, "description": "made", "fileSystemInfo": {"createdDateTime": "2001-02-03T04:05:06Z"}});
    let made = ann.patch(&format!("{drive}/root:/made:"), body.clone()).await.expect(201);
    assert!(made.headers.contains_key("location"));
    let item = made.json();
    assert_eq!(
        (&item["name"], &item["description"], &item["folder"]),
        (&json!("made"), &json!("made"), &json!({"childCount": 0}))
    );
    assert_eq!(item["fileSystemInfo"]["createdDateTime"], "2001-02-03T04:05:06Z");
    // what is there is changed
    ann.patch(&format!("{drive}/root:/made"), json!({"folder": {}, "description": "changed"})).await.expect(200);
    ann.patch(&format!("{drive}/root:/none/made"), body.clone()).await.expect(404);
    ann.patch(&format!("{drive}/root:/none"), json!({"description": "x"})).await.expect(404);
    ann.patch(&format!("{drive}/items/01NOWHERE"), body.clone()).await.expect(404);
    ann.patch(&format!("{drive}/root:/a*b"), body.clone()).await.expect(400);
    ann.patch(&format!("{drive}/root:/plan.txt/made"), body.clone()).await.expect(400);
    server.graph(&server.world.vic).patch(&format!("{drive}/root:/new"), body.clone()).await.expect(403);
    server.graph(&server.world.eve).patch(&format!("{drive}/root:/new"), body).await.expect(404);
}

/// The name with this number; the first one has none.
fn numbered(stem: &str, number: usize, extension: &str) -> String {
    if number == 0 { format!("{stem}{extension}") } else { format!("{stem} {number}{extension}") }
}

#[tokio::test]
async fn renaming_counts_on_without_a_gap_in_every_call() {
    let server = Server::start().await;
    let (ann, drive) = (server.graph(&server.world.ann), server.drive());
    let (to, from) = (folder(&ann, &drive, "to").await, folder(&ann, &drive, "from").await);
    let at = |folder: &Value| format!("{drive}/items/{}", folder["id"].as_str().unwrap());
    let (here, there) = (at(&to), at(&from));
    let rename = "@microsoft.graph.conflictBehavior=rename";
    let into = json!({"parentReference": {"id": to["id"]}});
    let name = |answer: crate::support::answer::Answer| answer.json()["name"].as_str().unwrap().to_owned();
    for number in 0..=12 {
        for (body, stem, extension) in [
            (json!({"name": "new.v1", "folder": {}}), "new.v1", ""),
            (json!({"name": "new.txt", "file": {}}), "new", ".txt"),
        ] {
            let made = ann.post_json(&format!("{here}/children?{rename}"), body).await.expect(201);
            assert_eq!(name(made), numbered(stem, number, extension));
        }
        let made = ann.put(&format!("{here}:/put.txt:/content?{rename}"), "x").await.expect(201);
        assert_eq!(name(made), numbered("put", number, ".txt"));
        for (body, stem, extension) in [
            (json!({"name": "moved.v1", "folder": {}}), "moved.v1", ""),
            (json!({"name": "moved.txt", "file": {}}), "moved", ".txt"),
        ] {
            let made = ann.post_json(&format!("{there}/children"), body).await.expect(201).json();
            let moved = ann.patch(&format!("{}?{rename}", at(&made)), into.clone()).await.expect(200);
            assert_eq!(name(moved), numbered(stem, number, extension));
        }
        let body = json!({"name": format!("{number}.tmp"), "file": {}});
        let made = ann.post_json(&format!("{here}/children"), body).await.expect(201).json();
        let renamed = ann.patch(&format!("{}?{rename}", at(&made)), json!({"name": "renamed.txt"})).await.expect(200);
        assert_eq!(name(renamed), numbered("renamed", number, ".txt"));
    }
    // by a session and by a copy, too; and what has become free is taken again
    let begin = json!({"item": {"@microsoft.graph.conflictBehavior": "rename"}});
    let begun = ann.post_json(&format!("{here}:/put.txt:/createUploadSession"), begin).await.expect(200).json();
    let made = server.send(server.http.put(begun["uploadUrl"].as_str().unwrap()).body("x")).await.expect(201);
    assert_eq!(name(made), "put 13.txt");
    let monitor = ann.post_json(&format!("{here}:/put.txt:/copy?{rename}"), json!({})).await.expect(202);
    let monitor = monitor.header("location");
    while server.send(server.http.get(&monitor)).await.status.as_u16() == 202 {}
    ann.get(&format!("{here}:/put 14.txt:")).await.expect(200);
    ann.delete(&format!("{here}:/put 5.txt:")).await.expect(204);
    let made = ann.put(&format!("{here}:/PUT.txt:/content?{rename}"), "x").await.expect(201);
    assert_eq!(name(made), "put 5.txt");
}

#[tokio::test]
async fn of_many_that_are_renamed_at_once_each_gets_the_next_number() {
    let server = Server::start().await;
    let (ann, drive) = (server.graph(&server.world.ann), server.drive());
    let calls = (0..12).map(|_| {
        let body = json!({"name": "a.txt", "file": {}, "@microsoft.graph.conflictBehavior": "rename"});
        let (ann, path) = (&ann, format!("{drive}/root/children"));
        async move { ann.post_json(&path, body).await.expect(201).json()["name"].as_str().unwrap().to_owned() }
    });
    let mut names = futures_util::future::join_all(calls).await;
    names.sort_unstable();
    let mut expected: Vec<String> = (0..12).map(|number| numbered("a", number, ".txt")).collect();
    expected.sort_unstable();
    assert_eq!(names, expected);
}
