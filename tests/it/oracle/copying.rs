//! Copying and moving files and folders, also from library to library (spec/oracle.md 5.7, 6.4).

use std::fmt::Write as _;

use coatcheck::domain::{
    actor::Role,
    id::{ItemKey, PrincipalKey},
    person::License,
};
use insta::assert_snapshot;
use reqwest::Method;
use serde_json::{Value, json};
use sqlx::{Connection, PgConnection};

use super::tree::{apply, file, folder, id_in, known, names, said, supplier};
use crate::support::{
    arena::guid_in,
    oracle::{Client, numbered},
    server::Server,
    world::{self, Somebody},
};

const UNKNOWN_FOLDER: &str = "FB4CD874EF94CD2CC1B60B72T0000000000100000001";

fn to(folder: &str) -> Value {
    json!({ "destinationID": folder })
}

fn beside(folder: &str) -> Value {
    json!({"destinationID": folder, "duplicateResolution": "TimeStampSuffix"})
}

async fn text(client: &Client<'_>, id: &str) -> String {
    client.get(&format!("/files/{id}/data")).await.expect(200).text()
}

async fn statement(server: &Server, text: &'static str) -> Vec<(String, String)> {
    let mut db = PgConnection::connect(&server.database.url).await.unwrap();
    sqlx::query_as(text).fetch_all(&mut db).await.unwrap()
}

/// What must be true of every tree, whatever happened to it: who lies below whom, in one library.
async fn is_sound(server: &Server) {
    let wrong = statement(
        server,
        "SELECT i.name, i.library_id::text FROM items i JOIN items p ON p.id = i.parent_id
        WHERE i.ancestors <> p.ancestors || p.id OR i.library_id <> p.library_id",
    )
    .await;
    assert!(wrong.is_empty(), "{wrong:?}");
    let lockless = "SELECT i.name, '' FROM items i LEFT JOIN locks k ON k.file_id = i.id
        WHERE i.kind = 'file' AND k.file_id IS NULL";
    assert_eq!(statement(server, lockless).await, []);
}

/// How many items of a name there are, whoever may see them.
async fn count(server: &Server, name: &str) -> i64 {
    let mut db = PgConnection::connect(&server.database.url).await.unwrap();
    sqlx::query_scalar("SELECT count(*) FROM items WHERE name = $1").bind(name).fetch_one(&mut db).await.unwrap()
}

/// The trail of an item: verb, outcome, by which login.
async fn trail(server: &Server, who: &Somebody, id: &str) -> Vec<String> {
    let item = known(server, who, id).await;
    let mut db = PgConnection::connect(&server.database.url).await.unwrap();
    let entries = coatcheck::store::trail::of(&mut db, item.id).await.unwrap();
    let mut lines = Vec::new();
    for entry in entries {
        let actor = PrincipalKey::Id(entry.actor.unwrap());
        let login = server.vault.person(&actor).await.unwrap().unwrap().login;
        lines.push(format!("{:?} {:?} {:?} {login}", entry.dialect, entry.verb, entry.outcome));
    }
    lines
}

#[tokio::test]
async fn what_is_done_to_the_tree_stands_in_the_trail() {
    let server = Server::start().await;
    let world = &server.world;
    let (ann, bob, root) = (server.oracle(&world.ann), server.oracle(&world.bob), &world.library.root_oracle_id);
    let outer = folder(&ann, root, "outer").await;
    let plan = &world.file.oracle_id;
    bob.upload_version(plan, None, "second").await.expect(201);
    bob.post(&format!("/files/{plan}/move"), to(&outer)).await.expect(200);
    bob.post(&format!("/files/{plan}/move"), to(&outer)).await.expect(200);
    bob.put(&format!("/files/{plan}"), json!({"name": "b.txt"})).await.expect(200);
    bob.delete(&format!("/files/{plan}?version=1")).await.expect(200);
    assert_eq!(
        trail(&server, &world.ann, plan).await,
        [
            "Console Create Done ann",
            "Oracle AddEdition Done bob",
            "Oracle Update Done bob",
            "Oracle Update Done bob",
            "Oracle Delete Done bob"
        ]
    );
    bob.put(&format!("/folders/{outer}"), json!({"name": "other"})).await.expect(200);
    ann.post(&format!("/folders/{outer}/move"), to("self")).await.expect(200);
    let moved = ["Oracle Create Done ann", "Oracle Update Done bob", "Oracle Update Done ann"];
    assert_eq!(trail(&server, &world.ann, &outer).await, moved);
    let copy = id_in(&ann.post(&format!("/folders/{outer}/copy"), beside("self")).await.expect(200));
    assert_eq!(trail(&server, &world.ann, &copy).await, ["Oracle Create Done ann"]);
    let inside = ann.get(&format!("/folders/{copy}/items")).await.json();
    let inside = inside["items"][0]["id"].as_str().unwrap();
    assert_eq!(trail(&server, &world.ann, inside).await, ["Oracle Create Done ann"]);
    let path = format!("/users/{}/transferContent", world.ann.person.oracle_id);
    server.oracle(&world.dora).post(&path, json!({"targetUserID": "bob"})).await.expect(200);
    let given = trail(&server, &world.bob, inside).await;
    assert_eq!(given, ["Oracle Create Done ann", "Oracle Update Done dora"]);
}

#[tokio::test]
async fn a_copied_file_is_a_new_one_with_the_same_content() {
    let server = Server::start().await;
    let world = &server.world;
    let (ann, bob, root) = (server.oracle(&world.ann), server.oracle(&world.bob), &world.library.root_oracle_id);
    let drawings = folder(&ann, root, "drawings").await;
    let id = &world.file.oracle_id;
    ann.upload_version(id, None, "second").await.expect(201);
    ann.reserve(&world.file).await.expect(200);
    server.advance(chrono::Duration::minutes(1));
    let path = format!("/files/{id}/copy");
    let copied = bob.post(&path, to(&drawings)).await;
    assert_snapshot!(numbered(&copied), @r#"
    200
    {"destinationID":"F1","errorCode":"0","id":"D1","idList":"D2","type":"file"}
    "#);
    let copy = id_in(&copied);
    assert_snapshot!(numbered(&bob.get(&format!("/files/{copy}")).await), @r#"
    200
    {"createdBy":{"displayName":"Bob Example","id":"U1","loginName":"bob","type":"user"},"createdTime":"2026-03-04T05:07:07Z","errorCode":"0","id":"D1","mimeType":"text/plain","modifiedBy":{"displayName":"Bob Example","id":"U1","loginName":"bob","type":"user"},"modifiedTime":"2026-03-04T05:07:07Z","name":"plan.txt","ownedBy":{"displayName":"Bob Example","id":"U1","loginName":"bob","type":"user"},"parentID":"F1","size":"6","type":"file","version":"1"}
    "#);
    assert_eq!(text(&bob, &copy).await, "second");
    // its versions are its own
    bob.upload_version(&copy, None, "of the copy").await.expect(201);
    assert_eq!((text(&ann, id).await, text(&ann, &copy).await), ("second".to_owned(), "of the copy".to_owned()));

    // an older version, as a number and as text
    for version in [json!(1), json!("1")] {
        let mut body = beside(&drawings);
        body["version"] = version;
        let copy = id_in(&bob.post(&path, body).await.expect(200));
        assert_eq!(text(&bob, &copy).await, "first");
        assert_eq!(bob.get(&format!("/files/{copy}")).await.json()["version"], "1");
    }
    for (version, status) in
        [(json!(3), "404 -16"), (json!("x"), "400 -1"), (json!(-1), "400 -1"), (json!([]), "400 -1")]
    {
        let mut body = beside(&drawings);
        body["version"] = version;
        assert_eq!(said(&bob.post(&path, body).await), status);
    }
    assert_snapshot!(numbered(&bob.xml().post(&path, to("self")).await), @r#"
    200
    <?xml version="1.0" encoding="UTF-8"?><response><destinationID>self</destinationID><errorCode>0</errorCode><id>D1</id><idList>D2</idList><type>file</type></response>
    "#);
    is_sound(&server).await;
}

#[tokio::test]
async fn a_copy_keeps_what_is_said_of_the_file() {
    let server = Server::start().await;
    let world = &server.world;
    let ann = server.oracle(&world.ann);
    apply(
        &server,
        r#"
        categories = [{ path = "Plans" }]
        files = [{ at = "Engineering/keel.txt", title = "The keel", description = "of oak", category = "Plans", text = "one" }]
        "#,
    )
    .await;
    let arena = server.arena(&world.ann).await;
    let texts = [("title", "Secret"), ("edition", "C"), ("private", "true"), ("format", "Drawing")];
    let secret = arena.form("/v1/files", &texts, Some(("content", "secret.weird", "hush"))).await.expect(201);
    let web = arena.create_web("Web title").await.expect(201);
    let actor = world::actor(&server.vault, &world.ann).await;
    let mut ids = Vec::new();
    for key in [
        ItemKey::Path(Box::new(ItemKey::Root(world.library.id)), vec!["keel.txt".to_owned()]),
        ItemKey::Edition(guid_in(&secret)),
        ItemKey::Edition(guid_in(&web)),
        ItemKey::Id(world.file.id),
    ] {
        ids.push(server.vault.item(&actor, &key).await.unwrap());
    }
    let mut page = String::new();
    for item in &ids {
        let copy =
            id_in(&ann.post(&format!("/files/{}/copy", item.oracle_id), beside(&world.library.root_oracle_id)).await);
        let copy = known(&server, &world.ann, &copy).await;
        let edition = &copy.file.as_ref().unwrap().edition;
        let stem = copy.name.chars().filter(|c| !c.is_ascii_digit()).collect::<String>();
        let title = edition.title.chars().filter(|c| !c.is_ascii_digit()).collect::<String>();
        let _ = writeln!(
            page,
            "{stem} | {title} | {} | {} | {:?} | {} | {:?} | {:?} | {:?} | {} {}",
            edition.description,
            copy.category.name,
            edition.format,
            edition.private,
            edition.storage,
            edition.location,
            edition.media_type,
            edition.label,
            edition.version,
        );
        let content = |item: &coatcheck::domain::item::Item| item.file.as_ref().unwrap().edition.content;
        assert_eq!(content(&copy), content(item));
        assert_ne!((copy.id, copy.number), (item.id, item.number));
    }
    assert_snapshot!(page, @r#"
    keel.txt | The keel | of oak | Plans | None | false | File | None | Some("text/plain") | 1 1.0
    secret.weird | Secret |  | -uncategorized- | Some("Drawing") | true | File | None | Some("application/octet-stream") | 1 1.0
    Web title | Web title |  | -uncategorized- | None | false | Web | Some("https://example.com/a?b=c") | None | 1 1.0
    plan.txt | plan.txt |  | -uncategorized- | None | false | File | None | Some("text/plain") | 1 1.0
    "#);
}

#[tokio::test]
async fn a_taken_name_is_refused_or_gets_a_time() {
    let server = Server::start().await;
    let world = &server.world;
    let (ann, root) = (server.oracle(&world.ann), &world.library.root_oracle_id);
    let (left, right) = (folder(&ann, root, "left").await, folder(&ann, root, "right").await);
    let (a, b) = (file(&ann, &left, "a.txt", "a").await, file(&ann, &right, "A.TXT", "b").await);
    let (inner, _) = (folder(&ann, &left, "inner").await, folder(&ann, &right, "INNER").await);
    for (path, id) in [("/files", &a), ("/folders", &inner)] {
        for verb in ["copy", "move"] {
            assert_eq!(said(&ann.post(&format!("{path}/{id}/{verb}"), to(&right)).await), "409 -17", "{path} {verb}");
            let bad = json!({"destinationID": right, "duplicateResolution": "Overwrite"});
            assert_eq!(said(&ann.post(&format!("{path}/{id}/{verb}"), bad).await), "400 -1");
        }
    }
    assert_snapshot!(numbered(&ann.post(&format!("/files/{a}/move"), to(&right)).await), @r#"
    409
    {"errorCode":"-17","errorKey":"!csFldUnableToMove!csFldNameTaken,a.txt","errorMessage":"Unable to move. There is already an item with the name 'a.txt'.","id":"D1","title":"Unable to move. There is already an item with the name 'a.txt'.","type":"https://www.w3.org/Protocols/rfc2616/rfc2616-sec10.html"}
    "#);
    assert_snapshot!(numbered(&ann.post(&format!("/folders/{inner}/copy"), to(&right)).await), @r#"
    409
    {"errorCode":"-17","errorKey":"!csFldUnableToCopy!csFldNameTaken,inner","errorMessage":"Unable to copy. There is already an item with the name 'inner'.","id":"F1","title":"Unable to copy. There is already an item with the name 'inner'.","type":"https://www.w3.org/Protocols/rfc2616/rfc2616-sec10.html"}
    "#);
    // a copy beside itself
    assert_eq!(said(&ann.post(&format!("/files/{a}/copy"), to(&left)).await), "409 -17");
    ann.post(&format!("/files/{a}/copy"), beside(&left)).await.expect(200);
    ann.post(&format!("/folders/{inner}/copy"), beside(&left)).await.expect(200);
    ann.post(&format!("/files/{a}/move"), beside(&right)).await.expect(200);
    ann.post(&format!("/folders/{inner}/move"), beside(&right)).await.expect(200);
    let shapes = |names: Vec<String>| {
        let shape = |name: &String| name.chars().map(|c| if c.is_ascii_digit() { '#' } else { c }).collect::<String>();
        names.iter().map(shape).collect::<Vec<_>>()
    };
    assert_eq!(shapes(names(&ann, &left).await), ["inner######", "a######.txt"]);
    assert_eq!(shapes(names(&ann, &right).await), ["INNER", "inner######", "A.TXT", "a######.txt"]);
    // a title that was the name follows it
    let moved = known(&server, &world.ann, &a).await;
    assert_eq!((&moved.title, &moved.file.as_ref().unwrap().edition.title), (&moved.name, &moved.name));
    assert_eq!(text(&ann, &b).await, "b");
    is_sound(&server).await;
}

#[tokio::test]
async fn a_moved_file_keeps_all_but_its_place() {
    let server = Server::start().await;
    let world = &server.world;
    let (ann, bob, root) = (server.oracle(&world.ann), server.oracle(&world.bob), &world.library.root_oracle_id);
    let drawings = folder(&ann, root, "drawings").await;
    let id = &world.file.oracle_id;
    ann.upload_version(id, None, "second").await.expect(201);
    let before = ann.get(&format!("/files/{id}")).await.json();
    let versions = ann.get(&format!("/files/{id}/versions")).await.json();
    server.advance(chrono::Duration::minutes(1));
    let path = format!("/files/{id}/move");
    assert_snapshot!(numbered(&bob.post(&path, to(&drawings)).await), @r#"
    200
    {"destinationID":"F1","errorCode":"0","idList":"D1","type":"file"}
    "#);
    let mut after = bob.get(&format!("/files/{id}")).await.json();
    assert_eq!(after["parentID"], json!(drawings));
    after["parentID"] = before["parentID"].clone();
    assert_eq!(after, before);
    assert_eq!(bob.get(&format!("/files/{id}/versions")).await.json()["items"].as_array().unwrap().len(), 2);
    let modified = &bob.get(&format!("/files/{id}/versions")).await.json()["items"][0]["modifiedTime"];
    assert_eq!(modified, &versions["items"][0]["modifiedTime"]);
    // where it is already
    assert_eq!(said(&bob.post(&path, to(&drawings)).await), "200 0");
    assert_snapshot!(numbered(&bob.xml().post(&path, to(root)).await), @r#"
    200
    <?xml version="1.0" encoding="UTF-8"?><response><destinationID>F1</destinationID><errorCode>0</errorCode><idList>D1</idList><type>file</type></response>
    "#);
    // its holder may, and keeps the reservation
    ann.reserve(&world.file).await.expect(200);
    ann.post(&path, to(&drawings)).await.expect(200);
    assert!(world::now(&server.vault, world, &world.file).await.is_held_by(Some(world.ann.person.id)));
    is_sound(&server).await;
}

#[tokio::test]
async fn a_file_and_a_folder_move_home_and_back_and_every_dialect_sees_them_there() {
    let server = Server::start().await;
    let world = &server.world;
    let (ann, bob, root) = (server.oracle(&world.ann), server.oracle(&world.bob), &world.library.root_oracle_id);
    let own = world::personal(&server.vault, &world.ann).await;
    let outer = folder(&ann, root, "outer").await;
    let inner = folder(&ann, &outer, "inner").await;
    let deep = file(&ann, &inner, "deep.txt", "deep").await;
    let trashed = file(&ann, &inner, "trashed.txt", "x").await;
    ann.delete(&format!("/files/{trashed}")).await.expect(200);
    let before = ann.get(&format!("/folders/{outer}")).await.json();
    let item = known(&server, &world.ann, &deep).await;
    server.advance(chrono::Duration::minutes(1));

    assert_snapshot!(numbered(&ann.post(&format!("/folders/{outer}/move"), to("self")).await), @r#"
    200
    {"destinationID":"self","errorCode":"0","idList":"F1","type":"folder"}
    "#);
    ann.post(&format!("/files/{}/move", world.file.oracle_id), to("self")).await.expect(200);
    is_sound(&server).await;
    let mut after = ann.get(&format!("/folders/{outer}")).await.expect(200).json();
    assert_eq!(after["parentID"], "self");
    after["parentID"] = before["parentID"].clone();
    assert_eq!(after, before);
    assert_eq!(names(&ann, "self").await, ["Engineering", "outer", "plan.txt"]);
    assert_eq!(names(&ann, root).await, [""; 0]);
    assert_eq!(ann.get(&format!("/files/{deep}")).await.json()["parentID"], json!(inner));
    // nobody else sees it there
    for id in [&deep, &world.file.oracle_id] {
        for who in [&world.bob, &world.max, &world.dora] {
            assert_eq!(said(&server.oracle(who).get(&format!("/files/{id}")).await), "403 -20");
        }
    }
    // in the other rooms it is in the other library, and not in the one it was in
    let graph = server.graph(&world.ann);
    let at = |drive: &str, item: &str| format!("/v1.0/drives/{drive}/items/{item}");
    let found = graph.get(&at(&own.graph_id, &item.graph_id)).await.expect(200).json();
    assert_eq!(found["parentReference"]["driveId"], json!(own.graph_id));
    assert_eq!(found["lastModifiedDateTime"], json!("2026-03-04T05:06:07Z"));
    graph.get(&at(&world.library.graph_id, &item.graph_id)).await.expect(404);
    let by_path = format!("/v1.0/drives/{}/root:/outer/inner/deep.txt", own.graph_id);
    assert_eq!(graph.get(&by_path).await.expect(200).json()["id"], json!(item.graph_id));
    let liferay = server.liferay(&world.ann);
    let entry = liferay.get(&format!("/dlapp/get-file-entry?fileEntryId={}", item.number)).await.expect(200).json();
    assert_eq!(entry["groupId"].to_string().trim_matches('"'), own.number.to_string());
    let arena = server.arena(&world.ann).await;
    let files = arena.get("/v1/files?limit=100").await.expect(200).json();
    assert_eq!(files["count"], 0, "{files}");

    // and back
    ann.post(&format!("/folders/{outer}/move"), to(root)).await.expect(200);
    assert_eq!(text(&bob, &deep).await, "deep");
    is_sound(&server).await;
    assert_eq!(arena.get("/v1/files?limit=100").await.expect(200).json()["count"], 1);
}

#[tokio::test]
async fn a_folder_is_copied_with_all_that_is_seen_of_it() {
    let server = Server::start().await;
    let world = &server.world;
    let (ann, bob, root) = (server.oracle(&world.ann), server.oracle(&world.bob), &world.library.root_oracle_id);
    let outer = folder(&ann, root, "outer").await;
    ann.put(&format!("/folders/{outer}"), json!({"description": "all of it"})).await.expect(200);
    let inner = folder(&ann, &outer, "inner").await;
    folder(&ann, &outer, "empty").await;
    let deep = file(&ann, &inner, "deep.txt", "one").await;
    ann.upload_version(&deep, None, "two").await.expect(201);
    ann.reserve(&known(&server, &world.ann, &deep).await).await.expect(200);
    let gone = file(&ann, &inner, "gone.txt", "x").await;
    ann.delete(&format!("/files/{gone}")).await.expect(200);
    file(&ann, &outer, "big.bin", &"x".repeat(40_000)).await;
    server.advance(chrono::Duration::minutes(1));

    let copied = bob.post(&format!("/folders/{outer}/copy"), to("self")).await;
    assert_snapshot!(numbered(&copied), @r#"
    200
    {"destinationID":"self","errorCode":"0","id":"F1","idList":"F2","type":"folder"}
    "#);
    let copy = id_in(&copied);
    assert_snapshot!(numbered(&bob.get(&format!("/folders/{copy}/items")).await), @r#"
    200
    {"childItemsCount":"3","count":"3","createdBy":{"displayName":"Bob Example","id":"U1","loginName":"bob","type":"user"},"createdTime":"2026-03-04T05:07:07Z","description":"all of it","errorCode":"0","hasMore":"0","id":"F1","limit":"50","modifiedBy":{"displayName":"Bob Example","id":"U1","loginName":"bob","type":"user"},"modifiedTime":"2026-03-04T05:07:07Z","name":"outer","offset":"0","ownedBy":{"displayName":"Bob Example","id":"U1","loginName":"bob","type":"user"},"parentID":"self","size":"40003","totalResults":"3","type":"folder","items":[{"type":"folder","id":"F2","parentID":"F1","name":"empty","ownedBy":{"displayName":"Bob Example","id":"U1","loginName":"bob","type":"user"},"createdBy":{"displayName":"Bob Example","id":"U1","loginName":"bob","type":"user"},"modifiedBy":{"displayName":"Bob Example","id":"U1","loginName":"bob","type":"user"},"createdTime":"2026-03-04T05:07:07Z","modifiedTime":"2026-03-04T05:07:07Z","size":"0","childItemsCount":"0"},{"type":"folder","id":"F3","parentID":"F1","name":"inner","ownedBy":{"displayName":"Bob Example","id":"U1","loginName":"bob","type":"user"},"createdBy":{"displayName":"Bob Example","id":"U1","loginName":"bob","type":"user"},"modifiedBy":{"displayName":"Bob Example","id":"U1","loginName":"bob","type":"user"},"createdTime":"2026-03-04T05:07:07Z","modifiedTime":"2026-03-04T05:07:07Z","size":"3","childItemsCount":"1"},{"type":"file","id":"D1","parentID":"F1","name":"big.bin","ownedBy":{"displayName":"Bob Example","id":"U1","loginName":"bob","type":"user"},"createdBy":{"displayName":"Bob Example","id":"U1","loginName":"bob","type":"user"},"modifiedBy":{"displayName":"Bob Example","id":"U1","loginName":"bob","type":"user"},"createdTime":"2026-03-04T05:07:07Z","modifiedTime":"2026-03-04T05:07:07Z","size":"40000","version":"1","mimeType":"application/octet-stream"}]}
    "#);
    let inner = bob.get(&format!("/folders/{copy}/items?filterName=inner")).await.json();
    let inner = inner["items"][0]["id"].as_str().unwrap().to_owned();
    let listing = bob.get(&format!("/folders/{inner}/items")).await.json();
    let file = &listing["items"][0];
    assert_eq!(
        (&listing["count"], &file["name"], &file["version"], file.get("reservedBy")),
        (&json!("1"), &json!("deep.txt"), &json!("1"), None)
    );
    assert_eq!(text(&bob, file["id"].as_str().unwrap()).await, "two");
    is_sound(&server).await;
    // rows name the same bytes once more
    let contents = statement(&server, "SELECT count(*)::text, count(DISTINCT sha256)::text FROM contents").await;
    assert_eq!(contents[0].0, contents[0].1);
    // the sweeper takes none of them with the original
    ann.delete(&format!("/folders/{outer}")).await.expect(200);
    server.advance(world::DAY * 60);
    server.vault.sweep().await.unwrap();
    assert_eq!(text(&bob, file["id"].as_str().unwrap()).await, "two");
    assert_snapshot!(numbered(&bob.xml().post(&format!("/folders/{copy}/copy"), beside("self")).await), @r#"
    200
    <?xml version="1.0" encoding="UTF-8"?><response><destinationID>self</destinationID><errorCode>0</errorCode><id>F1</id><idList>F2</idList><type>folder</type></response>
    "#);
}

#[tokio::test]
async fn nothing_goes_into_itself() {
    let server = Server::start().await;
    let world = &server.world;
    let (ann, root) = (server.oracle(&world.ann), &world.library.root_oracle_id);
    let outer = folder(&ann, root, "outer").await;
    let inner = folder(&ann, &outer, "inner").await;
    for verb in ["copy", "move"] {
        for target in [&outer, &inner] {
            assert_eq!(said(&ann.post(&format!("/folders/{outer}/{verb}"), to(target)).await), "409 -1", "{verb}");
            assert_eq!(said(&ann.post(&format!("/folders/{outer}/{verb}"), beside(target)).await), "409 -1", "{verb}");
        }
    }
    assert_snapshot!(numbered(&ann.post(&format!("/folders/{outer}/copy"), to(&inner)).await), @r#"
    409
    {"errorCode":"-1","errorKey":"!csFldUnableToCopy!csFldImpossible","errorMessage":"Unable to copy. This cannot be done: a folder into itself.","id":"F1","title":"Unable to copy. This cannot be done: a folder into itself.","type":"https://www.w3.org/Protocols/rfc2616/rfc2616-sec10.html"}
    "#);
    assert_snapshot!(numbered(&ann.post(&format!("/folders/{outer}/move"), to(&outer)).await), @r#"
    409
    {"errorCode":"-1","errorKey":"!csFldUnableToMove!csFldImpossible","errorMessage":"Unable to move. This cannot be done: a folder into itself.","id":"F1","title":"Unable to move. This cannot be done: a folder into itself.","type":"https://www.w3.org/Protocols/rfc2616/rfc2616-sec10.html"}
    "#);
}

#[tokio::test]
async fn a_destination_must_be_named_and_be_there_and_let_the_caller_in() {
    let server = Server::start().await;
    let world = &server.world;
    let (ann, eve, root) = (server.oracle(&world.ann), server.oracle(&world.eve), &world.library.root_oracle_id);
    let outer = folder(&ann, root, "outer").await;
    let closed = folder(&eve, "self", "closed").await;
    let gone = folder(&ann, root, "gone").await;
    ann.delete(&format!("/folders/{gone}")).await.expect(200);
    let plan = &world.file.oracle_id;
    for (path, id) in [("/files", plan), ("/folders", &outer)] {
        for verb in ["copy", "move"] {
            let path = format!("{path}/{id}/{verb}");
            for body in
                [json!({}), json!({"destinationID": ""}), json!({"destinationID": 7}), json!({"destinationID": "\0"})]
            {
                assert_eq!(said(&ann.post(&path, body).await), "400 -1", "{path}");
            }
            assert_eq!(said(&server.send(ann.request(Method::POST, &path)).await), "400 -1");
            assert_eq!(said(&server.send(ann.request(Method::POST, &path).body("{")).await), "400 -1");
            for missing in [UNKNOWN_FOLDER, &gone, plan, "x", "SELF"] {
                let refused = ann.post(&path, to(missing)).await;
                assert_eq!(said(&refused), "404 -16", "{path} {missing}");
                let message = refused.json()["errorMessage"].as_str().unwrap().to_owned();
                assert_eq!(message, format!("Security validation failed. '{missing}' does not exist."));
            }
            assert_eq!(said(&ann.post(&path, to(&closed)).await), "403 -20");
        }
    }
    assert_snapshot!(numbered(&ann.post(&format!("/files/{plan}/copy"), json!({})).await), @r#"
    400
    {"errorCode":"-1","errorKey":"!csFldUnableToCopy!csRequiredFieldMissing,destinationID","errorMessage":"Unable to copy. Required field \"destinationID\" is not provided.","id":"D1","title":"Unable to copy. Required field \"destinationID\" is not provided.","type":"https://www.w3.org/Protocols/rfc2616/rfc2616-sec10.html"}
    "#);
    assert_snapshot!(numbered(&ann.post(&format!("/files/{plan}/move"), to(UNKNOWN_FOLDER)).await), @r#"
    404
    {"errorCode":"-16","errorKey":"!csFldSecurityValidationFailed!csFldDoesNotExist,F1","errorMessage":"Security validation failed. 'F1' does not exist.","id":"D1","title":"Security validation failed. 'F1' does not exist.","type":"https://www.w3.org/Protocols/rfc2616/rfc2616-sec10.html"}
    "#);
    assert_snapshot!(numbered(&ann.post(&format!("/folders/{outer}/move"), to(&closed)).await), @r#"
    403
    {"errorCode":"-20","errorKey":"!csFldUnableToMove!csCloudItemInsufficientPrivileges,Ann Example,fFolderGUID:F1,FLD_MOVE","errorMessage":"Unable to move. User 'Ann Example' has insufficient privilege to access fFolderGUID:F1 with service FLD_MOVE.","id":"F2","title":"Unable to move. User 'Ann Example' has insufficient privilege to access fFolderGUID:F1 with service FLD_MOVE.","type":"https://www.w3.org/Protocols/rfc2616/rfc2616-sec10.html"}
    "#);
    for unknown in ["/files/D5B8B54BA8C121BEDB91A1341212FF6185DEA5EFC0BD", &format!("/folders/{UNKNOWN_FOLDER}")] {
        for verb in ["copy", "move"] {
            assert_eq!(said(&ann.post(&format!("{unknown}/{verb}"), to("self")).await), "404 -16");
            server.oracle_nobody().post(&format!("{unknown}/{verb}"), to("self")).await.expect(401);
        }
    }
}

#[tokio::test]
async fn a_copy_takes_a_downloader_there_and_a_contributor_here_and_a_move_contributors() {
    let server = Server::start().await;
    let world = &server.world;
    let (vault, root) = (&server.vault, &world.library.root_oracle_id);
    let ann = server.oracle(&world.ann);
    let own = world::personal(vault, &world.ann).await;
    let roles = [Role::Viewer, Role::Downloader, Role::Contributor, Role::Manager];
    let mut page = String::new();
    for source in roles {
        for target in roles {
            let login = format!("{source:?}{target:?}").to_lowercase();
            let who = world::member(vault, &world.library, &login, License::Full, Some(source)).await;
            vault.grant(own.root, who.person.id, target, None).await.unwrap();
            let client = server.oracle(&who);
            let outer = folder(&ann, root, &login).await;
            let one = file(&ann, &outer, &format!("{login}.txt"), "x").await;
            let _ = write!(page, "{source:?} to {target:?}:");
            // the folder shared with them is another user's own
            for (what, act) in [("files", "copy"), ("folders", "copy"), ("files", "move"), ("folders", "move")] {
                let id = if what == "files" { &one } else { &outer };
                let answer = client.post(&format!("/{what}/{id}/{act}"), beside(&own.root_oracle_id)).await;
                let _ = write!(page, " {what} {act} {},", answer.status.as_u16());
            }
            page = page.trim_end_matches(',').to_owned() + "\n";
        }
    }
    assert_snapshot!(page, @"
    Viewer to Viewer: files copy 403, folders copy 403, files move 403, folders move 403
    Viewer to Downloader: files copy 403, folders copy 403, files move 403, folders move 403
    Viewer to Contributor: files copy 403, folders copy 403, files move 403, folders move 403
    Viewer to Manager: files copy 403, folders copy 403, files move 403, folders move 403
    Downloader to Viewer: files copy 403, folders copy 403, files move 403, folders move 403
    Downloader to Downloader: files copy 403, folders copy 403, files move 403, folders move 403
    Downloader to Contributor: files copy 200, folders copy 200, files move 403, folders move 403
    Downloader to Manager: files copy 200, folders copy 200, files move 403, folders move 403
    Contributor to Viewer: files copy 403, folders copy 403, files move 403, folders move 403
    Contributor to Downloader: files copy 403, folders copy 403, files move 403, folders move 403
    Contributor to Contributor: files copy 200, folders copy 200, files move 200, folders move 200
    Contributor to Manager: files copy 200, folders copy 200, files move 200, folders move 200
    Manager to Viewer: files copy 403, folders copy 403, files move 403, folders move 403
    Manager to Downloader: files copy 403, folders copy 403, files move 403, folders move 403
    Manager to Contributor: files copy 200, folders copy 200, files move 200, folders move 200
    Manager to Manager: files copy 200, folders copy 200, files move 200, folders move 200
    ");
    is_sound(&server).await;
    // a license that only reads makes nothing
    let carl = server.oracle(&world.carl);
    assert_eq!(said(&carl.post(&format!("/files/{}/copy", world.file.oracle_id), to("self")).await), "403 -20");
}

#[tokio::test]
async fn a_link_that_is_needed_for_one_end_is_enough_for_both() {
    let server = Server::start().await;
    let world = &server.world;
    let (max, eve) = (server.oracle(&world.max), server.oracle(&world.eve));
    let root = &world.library.root_oracle_id;
    let spec = json!({"assignedUsers": "@everybody", "role": "contributor"});
    let link = max.post(&format!("/publiclinks/folder/{root}"), spec).await.expect(200).json();
    let eve = eve.link(link["linkID"].as_str().unwrap());
    let plan = &world.file.oracle_id;
    // from there to her own, and back
    let copy = id_in(&eve.post(&format!("/files/{plan}/copy"), to("self")).await.expect(200));
    eve.post(&format!("/files/{copy}/move"), beside(root)).await.expect(200);
    eve.post(&format!("/files/{plan}/move"), to("self")).await.expect(200);
    // nobody in particular copies within the link's folder
    let nobody = server.oracle_nobody().link(link["linkID"].as_str().unwrap());
    let copied = id_in(&nobody.post(&format!("/files/{copy}/copy"), beside(root)).await.expect(200));
    assert_eq!(max.get(&format!("/files/{copied}")).await.json()["createdBy"]["loginName"], "dora");
    nobody.post(&format!("/files/{copy}/copy"), to("self")).await.expect(401);
    is_sound(&server).await;
}

#[tokio::test]
async fn somebodys_reservation_below_keeps_a_folder_where_it_is() {
    let server = Server::start().await;
    let world = &server.world;
    let (ann, bob, root) = (server.oracle(&world.ann), server.oracle(&world.bob), &world.library.root_oracle_id);
    let (outer, target) = (folder(&ann, root, "outer").await, folder(&ann, root, "target").await);
    let inner = folder(&ann, &outer, "inner").await;
    let held = known(&server, &world.ann, &file(&ann, &inner, "held.txt", "x").await).await;
    ann.reserve(&held).await.expect(200);
    assert_snapshot!(numbered(&bob.post(&format!("/folders/{outer}/move"), to(&target)).await), @r#"
    409
    {"errorCode":"-1","errorKey":"!csFldUnableToMove!csFldReservedByOther,Ann Example","errorMessage":"Unable to move. The file is reserved by 'Ann Example'.","id":"F1","title":"Unable to move. The file is reserved by 'Ann Example'.","type":"https://www.w3.org/Protocols/rfc2616/rfc2616-sec10.html"}
    "#);
    assert_eq!(said(&bob.post(&format!("/folders/{inner}/move"), to("self")).await), "409 -1");
    // a lapsed or cleared one does not
    bob.unreserve(&held, "ann").await.expect(200);
    bob.reserve(&held).await.expect(200);
    bob.post(&format!("/folders/{outer}/move"), to(&target)).await.expect(200);
    assert!(world::now(&server.vault, world, &held).await.is_held_by(Some(world.bob.person.id)));
}

#[tokio::test]
async fn what_belongs_to_a_part_does_not_leave_its_library() {
    let server = Server::start().await;
    let world = &server.world;
    let (ann, root) = (server.oracle(&world.ann), &world.library.root_oracle_id);
    let (outer, inner) = (folder(&ann, root, "outer").await, "inner");
    let inner = folder(&ann, &outer, inner).await;
    let plan = &world.file.oracle_id;
    ann.post(&format!("/files/{plan}/move"), to(&inner)).await.expect(200);
    apply(
        &server,
        r#"parts = [{ library = "Engineering", number = "P-1", name = "Part",
            revisions = [{ label = "A", files = ["Engineering/outer/inner/plan.txt"] }] }]"#,
    )
    .await;
    assert_snapshot!(numbered(&ann.post(&format!("/files/{plan}/move"), to("self")).await), @r#"
    409
    {"errorCode":"-1","errorKey":"!csFldUnableToMove!csFldImpossible","errorMessage":"Unable to move. Something else refers to the item. Remove the association first.","id":"D1","title":"Unable to move. Something else refers to the item. Remove the association first.","type":"https://www.w3.org/Protocols/rfc2616/rfc2616-sec10.html"}
    "#);
    assert_eq!(said(&ann.post(&format!("/folders/{outer}/move"), to("self")).await), "409 -1");
    // within it, it moves as before; a copy belongs to nothing
    ann.post(&format!("/files/{plan}/move"), to(&outer)).await.expect(200);
    ann.post(&format!("/folders/{inner}/move"), to("self")).await.expect(200);
    let copy = id_in(&ann.post(&format!("/files/{plan}/copy"), to("self")).await.expect(200));
    ann.delete(&format!("/files/{copy}")).await.expect(200);
    is_sound(&server).await;
}

#[tokio::test]
async fn categories_and_policies_of_both_ends_count() {
    let server = Server::start().await;
    let world = &server.world;
    let (ann, root) = (server.oracle(&world.ann), &world.library.root_oracle_id);
    apply(
        &server,
        r#"
        categories = [
            { path = "Secret", levels = { ann = "none" } }, { path = "Sealed", levels = { ann = "read" } },
            { path = "Free" }, { path = "Old", active = false },
        ]
        policies = [{ name = "Free ones", rules = [{ action = "edit_file", category = "Free" }, { action = "read_file" }],
            given_to = ["ann"] }]
        libraries = [{ name = "Strict", policies_required = true, members = { ann = "manager" } }]
        files = [
            { at = "Engineering/mixed/secret.txt", text = "secret", category = "Secret", by = "bob" },
            { at = "Engineering/mixed/plain.txt", text = "plain", by = "bob" },
            { at = "Engineering/sealed/sealed.txt", text = "sealed", category = "Sealed", by = "bob" },
            { at = "Engineering/free.txt", text = "free", category = "Free", by = "bob" },
            { at = "Engineering/old/old.txt", text = "old", category = "Old", by = "bob" },
        ]
        "#,
    )
    .await;
    let strict =
        ann.get("/folders/items?filterName=Strict").await.json()["items"][0]["id"].as_str().unwrap().to_owned();
    let id = async |path: &str| {
        let dora = world::actor(&server.vault, &world.dora).await;
        let names = path.split('/').map(str::to_owned).collect();
        let key = ItemKey::Path(Box::new(ItemKey::Root(world.library.id)), names);
        server.vault.item(&dora, &key).await.unwrap().oracle_id
    };
    let mut page = String::new();
    for (what, path) in [
        ("folders", "mixed"),
        ("folders", "sealed"),
        ("folders", "old"),
        ("files", "mixed/plain.txt"),
        ("files", "sealed/sealed.txt"),
        ("files", "free.txt"),
        ("files", "old/old.txt"),
    ] {
        let id = id(path).await;
        let _ = write!(page, "{path:18}");
        for verb in ["copy", "move"] {
            for target in [root, &strict, "self"] {
                let answer = ann.post(&format!("/{what}/{id}/{verb}"), beside(target)).await;
                let _ = write!(page, " {verb} {}", said(&answer));
                if answer.status.as_u16() == 200 && verb == "move" && target != root {
                    ann.post(&format!("/{what}/{id}/move"), beside(root)).await;
                }
            }
        }
        page += "\n";
    }
    // each to Engineering, to a library with policies, home
    assert_snapshot!(page, @"
    mixed              copy 200 0 copy 403 -20 copy 200 0 move 200 0 move 403 -20 move 403 -20
    sealed             copy 403 -20 copy 403 -20 copy 403 -20 move 200 0 move 403 -20 move 403 -20
    old                copy 409 -1 copy 403 -20 copy 409 -1 move 200 0 move 403 -20 move 200 0
    mixed/plain.txt    copy 200 0 copy 403 -20 copy 200 0 move 200 0 move 403 -20 move 200 0
    sealed/sealed.txt  copy 403 -20 copy 403 -20 copy 403 -20 move 403 -20 move 403 -20 move 403 -20
    free.txt           copy 200 0 copy 403 -20 copy 200 0 move 200 0 move 403 -20 move 200 0
    old/old.txt        copy 409 -1 copy 403 -20 copy 409 -1 move 200 0 move 403 -20 move 200 0
    ");
    // what is hidden is not in the copy
    let copies = ann.get("/folders/self/items?filterName=mixed").await.json();
    let copy = copies["items"][0]["id"].as_str().unwrap();
    assert_eq!(names(&ann, copy).await, ["plain.txt"]);
    assert_eq!(count(&server, "secret.txt").await, 1);
    is_sound(&server).await;
}

#[tokio::test]
async fn a_supplier_copies_no_private_file_and_takes_none_away() {
    let server = Server::start().await;
    let world = &server.world;
    let (ann, root) = (server.oracle(&world.ann), &world.library.root_oracle_id);
    let sue = supplier(&server).await;
    let sue = server.oracle(&sue);
    let outer = folder(&ann, root, "outer").await;
    file(&ann, &outer, "open.txt", "open").await;
    let arena = server.arena(&world.ann).await;
    let texts = [("title", "Secret"), ("edition", "1"), ("private", "true")];
    let secret = arena.form("/v1/files", &texts, Some(("content", "secret.txt", "hush"))).await.expect(201);
    let actor = world::actor(&server.vault, &world.ann).await;
    let secret = server.vault.item(&actor, &ItemKey::Edition(guid_in(&secret))).await.unwrap();
    ann.post(&format!("/files/{}/move", secret.oracle_id), to(&outer)).await.expect(200);

    assert_eq!(said(&sue.post(&format!("/files/{}/copy", secret.oracle_id), to("self")).await), "403 -20");
    assert_eq!(said(&sue.post(&format!("/folders/{outer}/move"), to("self")).await), "403 -20");
    assert_eq!(said(&sue.delete(&format!("/folders/{outer}")).await), "403 -20");
    let copy = id_in(&sue.post(&format!("/folders/{outer}/copy"), to("self")).await.expect(200));
    assert_eq!(names(&sue, &copy).await, ["open.txt"]);
    assert_eq!(count(&server, "secret.txt").await, 1);
    let copy = id_in(&ann.post(&format!("/folders/{outer}/copy"), to("self")).await.expect(200));
    assert_eq!(names(&ann, &copy).await, ["open.txt", "secret.txt"]);
}

#[tokio::test]
async fn too_much_in_a_folder_is_not_copied_at_once() {
    let server = Server::start().await;
    let world = &server.world;
    let (ann, root) = (server.oracle(&world.ann), &world.library.root_oracle_id);
    let outer = folder(&ann, root, "outer").await;
    let mut db = PgConnection::connect(&server.database.url).await.unwrap();
    let fill = "INSERT INTO items (id, library_id, parent_id, ancestors, kind, name, name_key, title, category_id, oracle_id,
            graph_id, owner_id, created_by, created_at, modified_by, modified_at)
        SELECT gen_random_uuid(), p.library_id, p.id, p.ancestors || p.id, 'folder', n::text, n::text, n::text, p.category_id,
            'F' || p.id || n, 'G' || p.id || n, p.owner_id, p.owner_id, p.created_at, p.owner_id, p.created_at
        FROM items p, generate_series($2::int, $3::int) n WHERE p.oracle_id = $1";
    sqlx::query(fill).bind(&outer).bind(1).bind(4999).execute(&mut db).await.unwrap();
    // the folder itself counts
    ann.post(&format!("/folders/{outer}/copy"), to("self")).await.expect(200);
    sqlx::query(fill).bind(&outer).bind(5000).bind(5000).execute(&mut db).await.unwrap();
    assert_snapshot!(numbered(&ann.post(&format!("/folders/{outer}/copy"), beside("self")).await), @r#"
    409
    {"errorCode":"-1","errorKey":"!csFldUnableToCopy!csFldImpossible","errorMessage":"Unable to copy. This cannot be done: more in one folder than is copied at once.","id":"F1","title":"Unable to copy. This cannot be done: more in one folder than is copied at once.","type":"https://www.w3.org/Protocols/rfc2616/rfc2616-sec10.html"}
    "#);
    is_sound(&server).await;
}

/// Clients of as many people as are needed at once.
fn each<'a>(server: &'a Server, people: &[&Somebody]) -> Vec<Client<'a>> {
    people.iter().map(|somebody| server.oracle(somebody)).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn moved_by_two_at_once_a_thing_is_in_one_place() {
    let server = Server::start().await;
    let world = &server.world;
    let root = &world.library.root_oracle_id;
    let clients = each(&server, &[&world.ann, &world.max]);
    let ann = &clients[0];
    let outer = folder(ann, root, "outer").await;
    let deep = file(ann, &outer, "deep.txt", "x").await;
    let (left, right) = (folder(ann, root, "left").await, folder(ann, "self", "right").await);
    for round in 0..8 {
        for (what, id) in [("files", &deep), ("folders", &outer)] {
            let path = format!("/{what}/{id}/move");
            let (first, second) =
                tokio::join!(clients[0].post(&path, beside(&right)), clients[1].post(&path, beside(&left)));
            // Max cannot take it out of Ann's own library
            assert_eq!(first.status.as_u16(), 200, "{round} {first}");
            assert!(matches!(second.status.as_u16(), 200 | 403), "{round} {second}");
            is_sound(&server).await;
            let back = if what == "files" { &outer } else { root };
            ann.post(&path, beside(back)).await.expect(200);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn folders_moved_into_each_other_at_once_do_not_vanish() {
    let server = Server::start().await;
    let world = &server.world;
    let root = &world.library.root_oracle_id;
    let clients = each(&server, &[&world.ann, &world.bob]);
    for round in 0..8 {
        let (a, b) = (
            folder(&clients[0], root, &format!("a{round}")).await,
            folder(&clients[0], root, &format!("b{round}")).await,
        );
        let (a_path, b_path) = (format!("/folders/{a}/move"), format!("/folders/{b}/move"));
        let (first, second) = tokio::join!(clients[0].post(&a_path, to(&b)), clients[1].post(&b_path, to(&a)));
        let mut said = [said(&first), said(&second)];
        said.sort();
        assert_eq!(said, ["200 0", "409 -1"], "{round}");
    }
    is_sound(&server).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_uploaded_into_a_folder_while_it_moves_to_another_library_moves_with_it() {
    let server = Server::start().await;
    let world = &server.world;
    let root = &world.library.root_oracle_id;
    let clients = each(&server, &[&world.ann; 4]);
    let ann = &clients[0];
    let outer = folder(ann, root, "outer").await;
    let inner = folder(ann, &outer, "inner").await;
    let path = format!("/folders/{outer}/move");
    for round in 0..10 {
        let there = if round % 2 == 0 { "self" } else { root };
        let name = format!("{round}.txt");
        let inner_path = format!("/folders/{inner}");
        let (moved, uploaded, made, beside_it) = tokio::join!(
            clients[0].post(&path, to(there)),
            clients[1].upload(&inner, &name, "x"),
            clients[2].post(&inner_path, json!({ "name": format!("f{round}") })),
            clients[3].upload(&outer, &name, "y"),
        );
        moved.expect(200);
        uploaded.expect(201);
        made.expect(201);
        beside_it.expect(201);
        is_sound(&server).await;
    }
    assert_eq!(names(ann, &inner).await.len(), 20);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_move_and_a_reservation_at_once_agree() {
    let server = Server::start().await;
    let world = &server.world;
    let root = &world.library.root_oracle_id;
    let clients = each(&server, &[&world.ann, &world.bob]);
    let (outer, target) = (folder(&clients[0], root, "outer").await, folder(&clients[0], root, "target").await);
    let id = file(&clients[0], &outer, "deep.txt", "x").await;
    let deep = known(&server, &world.ann, &id).await;
    for round in 0..10 {
        for (path, home) in [(format!("/files/{id}/move"), &outer), (format!("/folders/{outer}/move"), root)] {
            let (moved, reserved) = tokio::join!(clients[0].post(&path, to(&target)), clients[1].reserve(&deep));
            reserved.expect(200);
            // before it, or not at all
            assert!(matches!(said(&moved).as_str(), "200 0" | "409 -1"), "{round} {moved}");
            clients[0].unreserve(&deep, "bob").await.expect(200);
            clients[0].post(&path, to(home)).await.expect(200);
        }
    }
    is_sound(&server).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn copies_made_at_once_have_names_of_their_own() {
    let server = Server::start().await;
    let world = &server.world;
    let root = &world.library.root_oracle_id;
    let clients = each(&server, &[&world.ann, &world.bob, &world.max, &world.dora]);
    let outer = folder(&clients[0], root, "outer").await;
    file(&clients[0], &outer, "a.txt", "a").await;
    let path = format!("/folders/{outer}/copy");
    let copies = clients.iter().map(|client| client.post(&path, beside(root)));
    for answer in futures_util::future::join_all(copies).await {
        answer.expect(200);
    }
    assert_eq!(names(&clients[0], root).await.len(), 6);
    is_sound(&server).await;
}
