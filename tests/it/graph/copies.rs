//! Copies and their monitors (spec/graph.md 9.3).

use chrono::Duration;
use coatcheck::domain::{actor::Role, id::ItemKey, item::Item};
use serde_json::{Value, json};
use sqlx::{Connection, PgConnection};

use crate::support::{
    acts::{CLIENTS, Clients, Outcome},
    graph::{Graph, address},
    server::Server,
    world::{self, Somebody},
};

/// Asks until a copy has ended. Nobody brings a token.
pub(super) async fn outcome(server: &Server, monitor: &str) -> Value {
    let until = std::time::Instant::now() + std::time::Duration::from_mins(1);
    loop {
        let answer = server.send(server.http.get(monitor)).await;
        if answer.status.as_u16() == 200 {
            return answer.json();
        }
        assert_eq!(answer.clone().expect(202).json()["operation"], "itemCopy", "{answer}");
        assert!(std::time::Instant::now() < until, "still {answer}");
        tokio::task::yield_now().await;
    }
}

/// Starts a copy; its monitor.
async fn start(who: &Graph<'_>, item: &str, body: Value) -> String {
    let answer = who.post_json(&format!("{item}/copy"), body).await.expect(202);
    assert!(answer.body.is_empty() && !answer.headers.contains_key("content-type"));
    answer.header("location")
}

/// Copies something; the address of the copy below `/drives`.
async fn copied(who: &Graph<'_>, item: &str, body: Value) -> String {
    let monitor = start(who, item, body).await;
    let done = outcome(who.server, &monitor).await;
    assert_eq!((&done["status"], &done["percentageComplete"]), (&json!("completed"), &json!(100.0)), "{done}");
    let location = done["resourceLocation"].as_str().unwrap();
    assert!(location.ends_with(done["resourceId"].as_str().unwrap()), "{done}");
    location.strip_prefix(&who.server.url("")).unwrap().to_owned()
}

/// Copies something that cannot be copied after all; the code.
async fn failed(who: &Graph<'_>, item: &str, body: Value) -> String {
    let done = outcome(who.server, &start(who, item, body).await).await;
    assert_eq!(done["status"], "failed", "{done}");
    assert_eq!(done["errorCode"], done["error"]["code"]);
    done["errorCode"].as_str().unwrap().to_owned()
}

async fn folder(who: &Graph<'_>, name: &str) -> String {
    let body = json!({"name": name, "folder": {}});
    let made = who.post_json(&format!("{}/root/children", who.server.drive()), body).await.expect(201).json();
    made["id"].as_str().unwrap().to_owned()
}

async fn names(who: &Graph<'_>, folder: &str) -> String {
    let list = who.get(&format!("{folder}/children")).await.expect(200).json();
    let items = list["value"].as_array().unwrap().clone();
    items.iter().map(|item| item["name"].as_str().unwrap()).collect::<Vec<_>>().join(", ")
}

async fn known(server: &Server, who: &Somebody, address: &str) -> Item {
    let id = address.rsplit('/').next().unwrap().to_owned();
    let actor = world::actor(&server.vault, who).await;
    server.vault.item(&actor, &ItemKey::Graph(id)).await.unwrap()
}

#[tokio::test]
async fn a_file_is_copied_and_watched_without_a_token() {
    let server = Server::start().await;
    let ann = server.graph(&server.world.ann);
    let plans = folder(&ann, "Plans").await;
    let request = ann
        .request("POST", &format!("{}/copy", server.plan()))
        .header("prefer", "respond-async")
        .json(&json!({"@odata.type": "x", "parentReference": {"driveId": server.world.library.graph_id, "id": plans}, "name": "Plan B.txt"}));
    let answer = server.send(request).await.expect(202);
    assert_eq!(answer.header("preference-applied"), "respond-async");
    let monitor = answer.header("location");
    assert!(monitor.starts_with(&server.url("/")), "{monitor}");
    let done = outcome(&server, &monitor).await;
    let copy = format!("{}/items/{}", server.drive(), done["resourceId"].as_str().unwrap());
    assert_eq!(
        done,
        json!({
            "operation": "itemCopy", "status": "completed", "percentageComplete": 100.0,
            "resourceId": copy.rsplit('/').next().unwrap(),
            "resourceLocation": server.url(&copy.replace('!', "%21")),
        })
    );
    let item =
        ann.get(&format!("{copy}?$select=name,size,publication,parentReference,createdBy")).await.expect(200).json();
    assert_eq!((&item["name"], &item["size"]), (&json!("Plan B.txt"), &json!(5)));
    assert_eq!(item["publication"], json!({"level": "published", "versionId": "1.0"}));
    assert_eq!(item["parentReference"]["id"], plans);
    assert_eq!(ann.content(&copy).await, "first");
    // with or without a token, by GET and HEAD only
    server.send(ann.request("GET", &monitor[server.url("").len()..])).await.expect(200);
    server.send(server.http.get(&monitor).bearer_auth("nonsense")).await.expect(200);
    assert!(server.send(server.http.head(&monitor)).await.expect(200).body.is_empty());
    server.send(server.http.post(&monitor)).await.expect(405);
    server.send(server.http.delete(&monitor)).await.expect(405);
    // another node knows it as well
    let (other, _) = server.another_node().await;
    let there = monitor.replace(&server.address.to_string(), &other.to_string());
    let shown = server.send(server.http.get(&there)).await.expect(200).json();
    assert_eq!(shown["resourceId"], done["resourceId"]);
}

#[tokio::test]
async fn a_monitor_is_known_by_its_secret_alone_and_for_a_day() {
    let server = Server::start().await;
    let ann = server.graph(&server.world.ann);
    let monitor = start(&ann, &server.plan(), json!({"name": "copy.txt"})).await;
    outcome(&server, &monitor).await;
    let (base, secret) = monitor.rsplit_once('/').unwrap();
    assert_eq!(secret.len(), 43);
    for wrong in [&secret[..42], &secret.to_uppercase(), "x", "%00", "%FF", "a'b", &"x".repeat(5000)] {
        let answer = server.send(server.http.get(format!("{base}/{wrong}"))).await.expect(404);
        assert_eq!(answer.json()["error"]["code"], "itemNotFound", "{wrong}");
    }
    // what is stored is not what opens
    let mut db = PgConnection::connect(&server.database.url).await.unwrap();
    let stored: Vec<u8> = sqlx::query_scalar("SELECT secret FROM copy_operations").fetch_one(&mut db).await.unwrap();
    assert!(stored.len() == 32 && stored != secret.as_bytes());
    server.advance(Duration::hours(23));
    server.send(server.http.get(&monitor)).await.expect(200);
    server.advance(Duration::hours(2));
    server.send(server.http.get(&monitor)).await.expect(404);
    server.vault.sweep().await.unwrap();
    let left: i64 = sqlx::query_scalar("SELECT count(*) FROM copy_operations").fetch_one(&mut db).await.unwrap();
    assert_eq!(left, 0);
}

#[tokio::test]
async fn what_a_body_leaves_out_is_as_it_was() {
    let server = Server::start().await;
    let ann = server.graph(&server.world.ann);
    let plans = folder(&ann, "Plans").await;
    let (drive, own) = (server.drive(), &server.world.library.graph_id);
    let into = format!("{drive}/items/{plans}");
    // as rclone says it
    let body = json!({"name": "", "parentReference": {"driveId": own, "id": plans, "path": "", "driveType": ""}});
    copied(&ann, &server.plan(), body).await;
    assert_eq!(names(&ann, &into).await, "plan.txt");
    for (name, reference) in [
        (json!("by path.txt"), json!({"path": "/drive/root:/Plans"})),
        (json!("by long path.txt"), json!({"path": format!("/drives/{own}/root:/plans")})),
        (
            json!("by encoded path.txt"),
            json!({"path": format!("/drives/{}/root:/Plans", own.replace('!', "%21")), "driveId": own}),
        ),
        (json!("by id.txt"), json!({"id": plans})),
    ] {
        copied(&ann, &server.plan(), json!({"name": name, "parentReference": reference})).await;
    }
    assert_eq!(names(&ann, &into).await, "by encoded path.txt, by id.txt, by long path.txt, by path.txt, plan.txt");
    for (name, reference) in [
        ("1", json!(null)),
        ("2", json!({})),
        ("3", json!({"id": ""})),
        ("4", json!({"driveId": own})),
        ("5", json!({"id": "root"})),
    ] {
        copied(&ann, &server.plan(), json!({"name": name, "parentReference": reference})).await;
    }
    copied(&ann, &into, json!({"name": "Plans 2", "parentReference": null})).await;
    copied(&ann, &into, json!({"name": null, "parentReference": {"path": "/drive/root:/Plans 2"}})).await;
    assert!(names(&ann, &format!("{drive}/root:/Plans 2:")).await.ends_with("plan.txt, Plans"));
    assert_eq!(names(&ann, &format!("{drive}/root")).await, "1, 2, 3, 4, 5, plan.txt, Plans, Plans 2");
    // nothing at all: beside itself, where its name is taken
    ann.post(&format!("{}/copy", server.plan())).await.expect(409);
    let renamed =
        ann.post(&format!("{}/copy?@microsoft.graph.conflictBehavior=rename", server.plan())).await.expect(202);
    outcome(&server, &renamed.header("location")).await;
    assert!(names(&ann, &format!("{drive}/root")).await.contains("plan 1.txt"));
}

#[tokio::test]
async fn what_can_be_refused_at_once_is() {
    let server = Server::start().await;
    let (world, drive) = (&server.world, server.drive());
    let (ann, plan) = (server.graph(&world.ann), server.plan());
    let plans = folder(&ann, "Plans").await;
    ann.put(&format!("{drive}/root:/Plans/deep/x.txt:/content"), "x").await.expect(201);
    let plans = format!("{drive}/items/{plans}");
    let personal = world::personal(&server.vault, &world.bob).await;
    for (item, body, status) in [
        (&plan, json!({"name": 7}), 400),
        (&plan, json!({"name": "a:b"}), 400),
        (&plan, json!({"name": "a\0b"}), 400),
        (&plan, json!({"name": ".."}), 400),
        (&plan, json!({"name": "x".repeat(256)}), 400),
        (&plan, json!({"name": "x", "parentReference": "x"}), 400),
        (&plan, json!({"name": "x", "parentReference": {"id": 7}}), 400),
        (&plan, json!({"name": "x", "parentReference": {"path": "nonsense"}}), 400),
        (
            &plan,
            json!({"name": "x", "parentReference": {"path": "/drives/b!other/root:", "driveId": "b!another"}}),
            400,
        ),
        (&plan, json!({"name": "x", "parentReference": {"path": "/drives/b!other/root:"}}), 404),
        (&plan, json!({"name": "x", "parentReference": {"path": "/drive/root:/nowhere"}}), 404),
        (&plan, json!({"name": "x", "parentReference": {"id": "01NOWHERE"}}), 404),
        (&plan, json!({"name": "x", "parentReference": {"driveId": personal.graph_id}}), 404),
        (
            &plan,
            json!({"name": "x", "parentReference": {"driveId": personal.graph_id, "id": world.library.root_graph_id}}),
            404,
        ),
        (&plan, json!({"name": "x", "parentReference": {"id": world.file.graph_id}}), 400),
        (&plan, json!({"name": "x", "@microsoft.graph.conflictBehavior": "merge"}), 400),
        (&plan, json!({"name": "PLAN.txt"}), 409),
        (&plan, json!({"name": "plans"}), 409),
        (&plan, json!({"name": "plans", "@name.conflictBehavior": "replace"}), 409),
        (&plan, json!({"name": "plan.txt", "@name.conflictBehavior": "replace"}), 409),
        (&plans, json!({"name": "plan.txt", "@microsoft.graph.conflictBehavior": "replace"}), 409),
        (&plans, json!({"name": "x", "parentReference": {"path": "/drive/root:/Plans"}}), 400),
        (&plans, json!({"name": "x", "parentReference": {"path": "/drive/root:/Plans/deep"}}), 400),
        (&format!("{drive}/root"), json!({"name": "x"}), 400),
        (&format!("{drive}/items/01NOWHERE"), json!({"name": "x"}), 404),
    ] {
        let answer = ann.post_json(&format!("{item}/copy"), body.clone()).await;
        assert_eq!(answer.status.as_u16(), status, "{body}: {answer}");
    }
    for garbage in ["[]", "{", "x"] {
        server.send(ann.request("POST", &format!("{plan}/copy")).body(garbage)).await.expect(400);
    }
    // who sees a file may not read it for that, and who reads one may not write for that
    let named = json!({"name": "x"});
    server.graph(&world.vic).post_json(&format!("{plan}/copy"), named.clone()).await.expect(403);
    server.graph(&world.carl).post_json(&format!("{plan}/copy"), named.clone()).await.expect(403);
    server.graph(&world.eve).post_json(&format!("{plan}/copy"), named.clone()).await.expect(404);
    server.send(server.request("POST", &format!("{plan}/copy")).json(&named)).await.expect(401);
    for (scopes, status) in [
        (vec!["Files.Read.All"], 403),
        (vec!["User.Read"], 403),
        (vec!["Files.ReadWrite"], 403),
        (vec!["Sites.ReadWrite.All"], 202),
    ] {
        // nobody has shared it with her
        let token = world::token(&server.vault, world.dora.person.id, &scopes).await;
        server.graph_with(&token).post_json(&format!("{plan}/copy"), named.clone()).await.expect(status);
    }
    assert_eq!(names(&ann, &plans).await, "deep");
}

#[tokio::test]
async fn a_copy_goes_into_another_drive_if_its_caller_may_write_there() {
    let server = Server::start().await;
    let world = &server.world;
    let own = world::personal(&server.vault, &world.ann).await;
    let ann = server.graph(&world.ann);
    ann.put("/v1.0/me/drive/root:/in/here.txt:/content", "x").await.expect(201);
    let at_top = copied(&ann, &server.plan(), json!({"parentReference": {"driveId": own.graph_id}})).await;
    assert_eq!(ann.get(&at_top).await.json()["parentReference"]["driveId"], own.graph_id);
    let reference = json!({"driveId": own.graph_id, "path": "/drive/root:/in"});
    let deep = copied(&ann, &server.plan(), json!({"parentReference": reference})).await;
    assert_eq!(ann.get(&deep).await.json()["parentReference"]["name"], "in");
    assert_eq!(ann.content(&deep).await, "first");
    // and back, a folder with all in it
    let back = json!({"parentReference": {"driveId": world.library.graph_id, "id": "root"}, "name": "from home"});
    let folder = copied(&ann, "/v1.0/me/drive/root:/in:", back).await;
    assert_eq!(names(&server.graph(&world.bob), &folder).await, "here.txt, plan.txt");
    server.graph(&world.bob).get(&deep).await.expect(404);
    // an application copies for itself
    let robot = server.graph(&world.robot);
    let made = copied(&robot, &server.plan(), json!({"name": "robot.txt"})).await;
    assert_eq!(robot.get(&made).await.json()["createdBy"]["application"]["displayName"], "Robot");
}

#[tokio::test]
async fn only_the_last_version_is_copied_and_the_holder_copies_the_working_copy() {
    let server = Server::start().await;
    let world = &server.world;
    let (ann, bob, plan) = (server.graph(&world.ann), server.graph(&world.bob), server.plan());
    ann.put(&format!("{plan}/content"), "second").await.expect(200);
    ann.patch(&plan, json!({"description": "the plan"})).await.expect(200);
    ann.post(&format!("{plan}/checkout")).await.expect(204);
    ann.put(&format!("{plan}/content"), "draft").await.expect(200);
    let hers = copied(&ann, &plan, json!({"name": "hers.txt"})).await;
    let his = copied(&bob, &plan, json!({"name": "his.txt"})).await;
    assert_eq!(ann.content(&hers).await, "draft");
    assert_eq!(bob.content(&hers).await, "draft");
    assert_eq!(bob.content(&his).await, "second");
    for copy in [&hers, &his] {
        let shown = ann.get(&format!("{copy}?$select=publication,description")).await.json();
        assert_eq!(shown["publication"], json!({"level": "published", "versionId": "1.0"}));
        assert_eq!(shown["description"], "the plan");
        assert_eq!(ann.get(&format!("{copy}/versions")).await.json()["value"].as_array().unwrap().len(), 1);
        bob.post(&format!("{copy}/checkout")).await.expect(204);
    }
    // likewise inside a folder
    let plans = folder(&ann, "Plans").await;
    ann.patch(&plan, json!({"parentReference": {"id": plans}})).await.expect(200);
    let plans = format!("{}/items/{plans}", server.drive());
    let hers = copied(&ann, &plans, json!({"name": "Hers"})).await;
    let his = copied(&bob, &plans, json!({"name": "His"})).await;
    let within = async |who: &Graph<'_>, folder: &str| {
        let list = who.get(&format!("{folder}/children?$select=id,publication")).await.json()["value"].clone();
        assert_eq!(list[0]["publication"]["level"], "published");
        who.content(&format!("{}/items/{}", server.drive(), list[0]["id"].as_str().unwrap())).await
    };
    assert_eq!(within(&bob, &hers).await, "draft");
    assert_eq!(within(&ann, &his).await, "second");
    // the original is as it was
    assert_eq!(bob.content(&plan).await, "second");
    assert_eq!(ann.content(&plan).await, "draft");
}

#[tokio::test]
async fn replacing_makes_a_version_and_stops_at_somebody_elses_lock() {
    let server = Server::start().await;
    let world = &server.world;
    let (ann, bob, plan, drive) = (server.graph(&world.ann), server.graph(&world.bob), server.plan(), server.drive());
    let other = ann.put(&format!("{drive}/root:/other.txt:/content"), "other").await.expect(201).json();
    let other = format!("{drive}/items/{}", other["id"].as_str().unwrap());
    let onto = json!({"name": "OTHER.txt", "@microsoft.graph.conflictBehavior": "replace"});
    let made = copied(&ann, &plan, onto.clone()).await;
    assert_eq!(made.replace("%21", "!"), other);
    assert_eq!(ann.content(&other).await, "first");
    let versions = ann.get(&format!("{other}/versions")).await.json()["value"].as_array().unwrap().len();
    assert_eq!(versions, 2);
    assert_eq!(ann.get(&other).await.json()["name"], "other.txt");
    // by option of the query, as rclone sends it, and where nothing is there yet
    let query = format!("{plan}/copy?%40microsoft.graph.conflictBehavior=replace");
    let monitor = ann.post_json(&query, json!({"name": "new.txt"})).await.expect(202).header("location");
    assert_eq!(outcome(&server, &monitor).await["status"], "completed");

    bob.post(&format!("{other}/checkout")).await.expect(204);
    let refused = ann.post_json(&format!("{plan}/copy"), onto.clone()).await.expect(423).json();
    assert_eq!(refused["error"]["innerError"]["code"], "resourceLocked");
    // the holder gets a working copy
    bob.put(&format!("{plan}/content"), "newer").await.expect(200);
    copied(&bob, &plan, onto.clone()).await;
    assert_eq!(bob.content(&other).await, "newer");
    assert_eq!(ann.content(&other).await, "first");
    bob.post(&format!("{other}/checkin")).await.expect(204);
    assert_eq!(ann.content(&other).await, "newer");
    // from a locked one anybody copies
    bob.post(&format!("{plan}/checkout")).await.expect(204);
    copied(&ann, &plan, json!({"name": "free.txt"})).await;
}

/// A transaction that keeps copies into the world's library from being made.
async fn holding(server: &Server) -> PgConnection {
    let mut db = PgConnection::connect(&server.database.url).await.unwrap();
    sqlx::query("BEGIN").execute(&mut db).await.unwrap();
    let hold = "SELECT id FROM libraries WHERE id = $1 FOR UPDATE";
    sqlx::query(hold).bind(server.world.library.id.0).execute(&mut db).await.unwrap();
    db
}

/// Waits until a copy has been begun so often.
async fn begun(server: &Server, attempts: i32) {
    let mut db = PgConnection::connect(&server.database.url).await.unwrap();
    loop {
        let most: Option<i32> =
            sqlx::query_scalar("SELECT max(attempt) FROM copy_operations").fetch_one(&mut db).await.unwrap();
        if most >= Some(attempts) {
            return;
        }
        tokio::task::yield_now().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_copy_that_is_being_made_shows_so_and_fails_where_its_name_is_taken_meanwhile() {
    let server = Server::start().await;
    let ann = server.graph(&server.world.ann);
    let plans = folder(&ann, "Plans").await;
    let plans = format!("{}/items/{plans}", server.drive());
    let mut hold = holding(&server).await;
    let monitor = start(&ann, &plans, json!({"name": "Copy"})).await;
    begun(&server, 1).await;
    let shown = server.send(server.http.get(&monitor)).await.expect(202).json();
    assert_eq!(shown, json!({"operation": "itemCopy", "status": "inProgress", "percentageComplete": 0.0}));
    // somebody takes the name before the copy can
    let taken =
        "INSERT INTO items (id, library_id, parent_id, ancestors, kind, name, name_key, title, category_id, oracle_id,
            graph_id, owner_id, created_by, created_at, modified_by, modified_at)
        SELECT gen_random_uuid(), library_id, parent_id, ancestors, 'folder', 'Copy', 'copy', 'Copy', category_id,
            'F' || id, 'G' || id, owner_id, owner_id, created_at, owner_id, created_at
        FROM items WHERE name = 'Plans'";
    sqlx::query(taken).execute(&mut hold).await.unwrap();
    sqlx::query("COMMIT").execute(&mut hold).await.unwrap();
    let done = outcome(&server, &monitor).await;
    assert_eq!((&done["status"], &done["errorCode"]), (&json!("failed"), &json!("nameAlreadyExists")));
    assert_eq!(names(&ann, &format!("{}/root", server.drive())).await, "Copy, plan.txt, Plans");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_copy_whose_node_stalls_is_taken_up_by_another_and_made_once() {
    let server = Server::start().await;
    let ann = server.graph(&server.world.ann);
    let plans = folder(&ann, "Plans").await;
    let plans = format!("{}/items/{plans}", server.drive());
    let mut hold = holding(&server).await;
    let monitor = start(&ann, &plans, json!({"name": "Copy", "@microsoft.graph.conflictBehavior": "rename"})).await;
    begun(&server, 1).await;
    server.advance(Duration::minutes(6));
    let (other, _) = server.another_node().await;
    let there = monitor.replace(&server.address.to_string(), &other.to_string());
    server.send(server.http.get(&there)).await.expect(202);
    begun(&server, 2).await;
    // both are at it now; asking again changes nothing
    server.send(server.http.get(&there)).await.expect(202);
    sqlx::query("COMMIT").execute(&mut hold).await.unwrap();
    assert_eq!(outcome(&server, &monitor).await["status"], "completed");
    // the first one, had it come later, would have made nothing: wait for it
    server.vault.finish().await;
    assert_eq!(names(&ann, &format!("{}/root", server.drive())).await, "Copy, plan.txt, Plans");
}

/// The state a node leaves that dies over a copy: begun so often, and nobody at it.
pub(super) async fn as_after_a_crash(server: &Server, attempts: i32) {
    let mut db = PgConnection::connect(&server.database.url).await.unwrap();
    let undo = "UPDATE copy_operations SET ended_at = NULL, made_id = NULL, failure = NULL, attempt = $1, lease_until = asked_at";
    sqlx::query(undo).bind(attempts).execute(&mut db).await.unwrap();
}

#[tokio::test]
async fn a_copy_that_a_crash_cut_off_is_made_when_somebody_asks_or_sweeps() {
    let server = Server::start().await;
    let (ann, drive) = (server.graph(&server.world.ann), server.drive());
    let copy = copied(&ann, &server.plan(), json!({"name": "copy.txt"})).await;
    ann.delete(&copy).await.expect(204);
    let monitor = start(&ann, &server.plan(), json!({"name": "other.txt"})).await;
    ann.delete(&format!("{drive}/items/{}", outcome(&server, &monitor).await["resourceId"].as_str().unwrap()))
        .await
        .expect(204);
    as_after_a_crash(&server, 1).await;
    // the one is asked for, the other is not
    assert_eq!(outcome(&server, &monitor).await["status"], "completed");
    assert_eq!(names(&ann, &format!("{drive}/root")).await, "other.txt, plan.txt");
    server.vault.sweep().await.unwrap();
    server.vault.finish().await;
    assert_eq!(names(&ann, &format!("{drive}/root")).await, "copy.txt, other.txt, plan.txt");
}

#[tokio::test]
async fn a_copy_that_never_ends_is_given_up() {
    let server = Server::start().await;
    let (ann, drive) = (server.graph(&server.world.ann), server.drive());
    let monitor = start(&ann, &server.plan(), json!({"name": "copy.txt"})).await;
    ann.delete(&format!("{drive}/items/{}", outcome(&server, &monitor).await["resourceId"].as_str().unwrap()))
        .await
        .expect(204);
    as_after_a_crash(&server, 3).await;
    for _ in 0..2 {
        let done = server.send(server.http.get(&monitor)).await.expect(200).json();
        assert_eq!((&done["status"], &done["errorCode"]), (&json!("failed"), &json!("generalException")));
    }
    assert_eq!(names(&ann, &format!("{drive}/root")).await, "plan.txt");
    // nobody who asks, and the sweeper gives it up
    as_after_a_crash(&server, 3).await;
    server.vault.sweep().await.unwrap();
    let mut db = PgConnection::connect(&server.database.url).await.unwrap();
    let failure: Option<String> =
        sqlx::query_scalar("SELECT failure FROM copy_operations").fetch_one(&mut db).await.unwrap();
    assert_eq!(failure.as_deref(), Some("interrupted"));
}

#[tokio::test]
async fn a_copy_is_made_with_the_rights_its_caller_has_by_then() {
    let server = Server::start().await;
    let (world, drive) = (&server.world, server.drive());
    let (ann, bob) = (server.graph(&world.ann), server.graph(&world.bob));
    let monitor = start(&bob, &server.plan(), json!({"name": "copy.txt"})).await;
    let id = outcome(&server, &monitor).await["resourceId"].as_str().unwrap().to_owned();
    ann.delete(&format!("{drive}/items/{id}")).await.expect(204);
    // not any more
    as_after_a_crash(&server, 1).await;
    server.vault.grant(world.library.root, world.bob.person.id, Role::Viewer, None).await.unwrap();
    let done = outcome(&server, &monitor).await;
    assert_eq!((&done["status"], &done["errorCode"]), (&json!("failed"), &json!("accessDenied")));
    // the scopes of then count still
    server.vault.grant(world.library.root, world.bob.person.id, Role::Contributor, None).await.unwrap();
    as_after_a_crash(&server, 1).await;
    let mut db = PgConnection::connect(&server.database.url).await.unwrap();
    sqlx::query("UPDATE copy_operations SET write_reach = 'nothing'").execute(&mut db).await.unwrap();
    assert_eq!(outcome(&server, &monitor).await["errorCode"], "accessDenied");
    // nor is there anything to copy
    as_after_a_crash(&server, 1).await;
    ann.delete(&server.plan()).await.expect(204);
    assert_eq!(outcome(&server, &monitor).await["errorCode"], "itemNotFound");
}

#[tokio::test(flavor = "multi_thread")]
async fn copied_while_it_is_deleted_a_folder_is_copied_whole_or_not_at_all() {
    let server = Server::start().await;
    let (ann, bob, drive) = (server.graph(&server.world.ann), server.graph(&server.world.bob), server.drive());
    for round in 0..6 {
        let source = format!("{drive}/root:/source{round}");
        for file in 0..5 {
            ann.put(&format!("{source}/{file}.txt:/content"), "x").await.expect(201);
        }
        let call = format!("{source}:/copy");
        let copy = ann.post_json(&call, json!({"name": format!("copy{round}")}));
        let (copy, deleted) = tokio::join!(copy, bob.delete(&source));
        deleted.expect(204);
        let there = match copy.status.as_u16() {
            202 => outcome(&server, &copy.header("location")).await["status"] == "completed",
            _ => {
                copy.expect(404);
                false
            }
        };
        let shown = ann.get(&format!("{drive}/root:/copy{round}")).await;
        if there {
            assert_eq!(shown.expect(200).json()["folder"]["childCount"], 5);
        } else {
            shown.expect(404);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn of_many_copies_under_one_name_one_is_made_and_renamed_ones_all_are() {
    let server = Server::start().await;
    let (ann, drive) = (server.graph(&server.world.ann), server.drive());
    let many = |behavior: &'static str| {
        let (ann, server) = (&ann, &server);
        let copies = (0..6).map(move |_| async move {
            let body = json!({"name": format!("{behavior}.txt"), "@microsoft.graph.conflictBehavior": behavior});
            let answer = ann.post_json(&format!("{}/copy", server.plan()), body).await;
            match answer.status.as_u16() {
                202 => outcome(server, &answer.header("location")).await["status"] == "completed",
                _ => {
                    answer.expect(409);
                    false
                }
            }
        });
        async move { futures_util::future::join_all(copies).await.into_iter().filter(|done| *done).count() }
    };
    assert_eq!(many("fail").await, 1);
    assert_eq!(many("rename").await, 6);
    assert_eq!(
        names(&ann, &format!("{drive}/root")).await,
        "fail.txt, plan.txt, rename 1.txt, rename 2.txt, rename 3.txt, rename 4.txt, rename 5.txt, rename.txt"
    );
}

#[tokio::test]
async fn who_has_too_many_copies_waiting_is_asked_to_come_back() {
    let server = Server::start().await;
    let (ann, bob) = (server.graph(&server.world.ann), server.graph(&server.world.bob));
    copied(&ann, &server.plan(), json!({"name": "copy.txt"})).await;
    let mut db = PgConnection::connect(&server.database.url).await.unwrap();
    let waiting = "INSERT INTO copy_operations (id, secret, actor_id, dialect, read_reach, write_reach, source_id, target_id, name,
            on_conflict, lease_until, asked_at)
        SELECT gen_random_uuid(), decode(md5(n::text), 'hex'), actor_id, dialect, read_reach, write_reach, source_id, target_id,
            name, on_conflict, lease_until + interval '1 day', asked_at
        FROM copy_operations, generate_series(1, 100) n";
    sqlx::query(waiting).execute(&mut db).await.unwrap();
    let refused = ann.post_json(&format!("{}/copy", server.plan()), json!({"name": "x"})).await.expect(503);
    assert!(refused.header("retry-after").parse::<u32>().is_ok());
    copied(&bob, &server.plan(), json!({"name": "y"})).await;
}

#[tokio::test]
async fn a_copy_shows_in_every_room_as_a_free_file() {
    let server = Server::start().await;
    let world = &server.world;
    let ann = server.graph(&world.ann);
    ann.post(&format!("{}/checkout", server.plan())).await.expect(204);
    let copy = copied(&ann, &server.plan(), json!({"name": "copy.txt"})).await;
    let item = known(&server, &world.ann, &copy).await;
    assert_eq!(address(&item), copy.replace("%21", "!"));
    let guid = item.file.as_ref().unwrap().edition.arena_guid.clone();
    let shown = server.arena(&world.bob).await.get(&format!("/v1/files/{guid}")).await.expect(200).json();
    assert_eq!((&shown["name"], &shown["checkedOut"]), (&json!("copy.txt"), &json!(false)));
    let bob = server.oracle(&world.bob);
    let shown = bob.get(&format!("/files/{}", item.oracle_id)).await.expect(200).json();
    assert_eq!((&shown["name"], &shown["version"]), (&json!("copy.txt"), &json!("1")));
    let params = json!({"fileEntryId": item.number});
    let body = json!({"jsonrpc": "2.0", "method": "get-file-entry", "params": params, "id": 1});
    let request = server.post("/api/jsonws/dlapp").basic_auth("bob@example.com", Some(world::PASSWORD)).json(&body);
    let shown = server.send(request).await.expect(200).json();
    assert_eq!(shown["result"]["fileName"], "copy.txt", "{shown}");
    // and is checked out there
    let clients = Clients::new(&server);
    for client in CLIENTS {
        assert_eq!(clients.check_out(client, &world.bob, &item).await, Outcome::Done, "{client:?}");
        assert_eq!(clients.cancel(client, &world.bob, &item).await, Outcome::Done, "{client:?}");
    }
}

#[tokio::test]
async fn too_much_in_a_folder_fails_in_the_monitor() {
    let server = Server::start().await;
    let ann = server.graph(&server.world.ann);
    let plans = folder(&ann, "Plans").await;
    let mut db = PgConnection::connect(&server.database.url).await.unwrap();
    let fill = "INSERT INTO items (id, library_id, parent_id, ancestors, kind, name, name_key, title, category_id, oracle_id,
            graph_id, owner_id, created_by, created_at, modified_by, modified_at)
        SELECT gen_random_uuid(), p.library_id, p.id, p.ancestors || p.id, 'folder', n::text, n::text, n::text, p.category_id,
            'F' || p.id || n, 'G' || p.id || n, p.owner_id, p.owner_id, p.created_at, p.owner_id, p.created_at
        FROM items p, generate_series(1, 5000) n WHERE p.graph_id = $1";
    sqlx::query(fill).bind(&plans).execute(&mut db).await.unwrap();
    let code = failed(&ann, &format!("{}/items/{plans}", server.drive()), json!({"name": "Copy"})).await;
    assert_eq!(code, "invalidRequest");
}
