//! Check out, check in, discard (spec/graph.md 6).

use chrono::Duration;
use coatcheck::domain::{id::ItemKey, lock};
use insta::assert_snapshot;
use serde_json::json;

use crate::support::{graph::shown, server::Server, world};

#[tokio::test]
async fn the_vendors_example_takes_the_lock_and_answers_no_content() {
    let server = Server::start().await;
    let answer = server.graph(&server.world.ann).post(&format!("{}/checkout", server.plan())).await.expect(204);
    assert!(answer.body.is_empty() && !answer.headers.contains_key("content-type"));
    assert!(
        world::now(&server.vault, &server.world, &server.world.file).await.is_held_by(Some(server.world.ann.person.id))
    );
}

#[tokio::test]
async fn all_five_roots_of_the_reference_check_out() {
    let server = Server::start().await;
    let (ann, world) = (server.graph(&server.world.ann), &server.world);
    let personal = world::personal(&server.vault, &world.ann).await;
    let own = world::file(&server.vault, &world.ann, &personal, "own.txt", "own").await;
    let site = format!("127.0.0.1,{id},{id}", id = world.library.graph_site_id);
    let roots = [
        (format!("/drives/{}", world.library.graph_id), &world.file),
        ("/me/drive".to_owned(), &own),
        (format!("/sites/{site}/drive"), &world.file),
        (format!("/users/{}/drive", world.ann.person.graph_id), &own),
        ("/users/ann@example.com/drive".to_owned(), &own),
        (format!("/me/drives/{}", world.library.graph_id), &world.file),
    ];
    for (root, item) in roots {
        for prefix in ["/v1.0", "/beta", "", "/v2.0", "/_api/v2.0"] {
            let item = format!("{prefix}{root}/items/{}", item.graph_id);
            ann.post(&format!("{item}/checkout")).await.expect(204);
            ann.post(&format!("{item}/discardCheckout")).await.expect(204);
        }
    }
}

#[tokio::test]
async fn a_groups_drive_checks_out() {
    let server = Server::start().await;
    let mut db = sqlx::PgPool::connect(&server.database.url).await.unwrap().acquire().await.unwrap();
    let fresh = coatcheck::vault::fresh::Fresh::new("B5D17B95F47087F4E518");
    let group = fresh.principal(coatcheck::domain::person::PrincipalKind::Group, "Pilots").unwrap();
    coatcheck::store::directory::create(&mut db, &group, None).await.unwrap();
    coatcheck::store::directory::create_group(&mut db, group.id, "Pilots", "").await.unwrap();
    drop(db);
    let new =
        server.vault.draw_library(coatcheck::domain::library::LibraryKind::Group, "Pilots", Some(group.id)).unwrap();
    let library = server.vault.create_library(&new, server.world.dora.person.id).await.unwrap();
    let file = world::file(&server.vault, &server.world.dora, &library, "map.txt", "map").await;
    let dora = server.graph(&server.world.dora);
    for root in
        [format!("/groups/{}/drive", group.graph_id), format!("/groups/{}/drives/{}", group.graph_id, library.graph_id)]
    {
        dora.post(&format!("/v1.0{root}/items/{}/checkout", file.graph_id)).await.expect(204);
    }
    // a group's library is not every group's
    let other = format!("/v1.0/groups/{}/drive/items/{}/checkout", server.world.ann.person.graph_id, file.graph_id);
    dora.post(&other).await.expect(404);
}

#[tokio::test]
async fn outcomes_are_those_of_the_table() {
    let server = Server::start().await;
    let (ann, bob, robot) =
        (server.graph(&server.world.ann), server.graph(&server.world.bob), server.graph(&server.world.robot));
    let plan = server.plan();
    let call = |name: &str| format!("{plan}/{name}");

    // free
    assert_snapshot!(shown(&server, &ann.post(&call("discardCheckout")).await), @r#"
    400 Bad Request
    {
      "error": {
        "code": "invalidRequest",
        "message": "The file is not checked out.",
        "innerError": {
          "date": "2026-03-04T05:06:07",
          "request-id": "ID",
          "client-request-id": "ID"
        }
      }
    }
    "#);
    ann.post(&call("checkin")).await.expect(400);
    // taken, and taken again
    ann.post(&call("checkout")).await.expect(204);
    ann.post(&call("checkout")).await.expect(204);
    // somebody else's
    assert_snapshot!(shown(&server, &bob.post(&call("checkout")).await), @r#"
    423 Locked
    {
      "error": {
        "code": "notAllowed",
        "message": "The file is checked out for editing by Ann Example.",
        "innerError": {
          "code": "resourceLocked",
          "date": "2026-03-04T05:06:07",
          "request-id": "ID",
          "client-request-id": "ID"
        }
      }
    }
    "#);
    bob.post(&call("checkin")).await.expect(423);
    bob.post(&call("discardCheckout")).await.expect(423);
    robot.post(&call("checkout")).await.expect(423);
    robot.post(&call("checkin")).await.expect(423);
    // an application may discard anybody's
    robot.post(&call("discardCheckout")).await.expect(204);
    bob.post(&call("checkout")).await.expect(204);
    bob.post(&call("checkin")).await.expect(204);
    // and hold a check-out of its own
    robot.post(&call("checkout")).await.expect(204);
    assert_snapshot!(ann.publication(&plan).await.replace(&server.world.robot.person.graph_id.to_string(), "ROBOT"), @r#"{"level":"checkout","versionId":"2.0","checkedOutBy":{"application":{"id":"ROBOT","displayName":"Robot"}}}"#);
    ann.post(&call("discardCheckout")).await.expect(423);
    robot.post(&call("checkin")).await.expect(204);
}

#[tokio::test]
async fn folders_missing_files_and_closed_gates_are_told_apart() {
    let server = Server::start().await;
    let world = &server.world;
    let (plan, drive) = (server.plan(), server.drive());
    for name in ["checkout", "checkin", "discardCheckout"] {
        let ann = server.graph(&world.ann);
        ann.post(&format!("{drive}/root/{name}")).await.expect(400);
        let missing = ann.post(&format!("{drive}/items/01MISSING/{name}")).await.expect(404);
        // invisible is missing, byte for byte but for ids
        let hidden = server.graph(&world.eve).post(&format!("{plan}/{name}")).await.expect(404);
        assert_eq!(shown(&server, &missing), shown(&server, &hidden));
        server.graph(&world.vic).post(&format!("{plan}/{name}")).await.expect(403);
        server.graph(&world.carl).post(&format!("{plan}/{name}")).await.expect(403);
        server.send(server.post(&format!("{plan}/{name}"))).await.expect(401);
    }
    // whoever may not write does not learn of the lock
    server.graph(&world.ann).post(&format!("{plan}/checkout")).await.expect(204);
    server.graph(&world.vic).post(&format!("{plan}/checkout")).await.expect(403);
    server.graph(&world.eve).post(&format!("{plan}/checkout")).await.expect(404);
}

#[tokio::test]
async fn the_holder_sees_the_working_copy_and_everybody_else_the_last_version() {
    let server = Server::start().await;
    let (ann, bob) = (server.graph(&server.world.ann), server.graph(&server.world.bob));
    let plan = server.plan();
    let see = async |client: &crate::support::graph::Graph<'_>| {
        let item =
            client.get(&format!("{plan}?$select=size,eTag,cTag,lastModifiedDateTime,lastModifiedBy")).await.json();
        (item["size"].clone(), item["eTag"].clone(), item["cTag"].clone(), item["lastModifiedDateTime"].clone())
    };
    let before = see(&ann).await;
    assert_eq!(before, see(&bob).await);

    ann.post(&format!("{plan}/checkout")).await.expect(204);
    let taken = see(&bob).await;
    assert_ne!(before.1, taken.1, "the eTag changes at check-out");
    assert_eq!((&before.0, &before.2, &before.3), (&taken.0, &taken.2, &taken.3), "and nothing else");

    server.advance(Duration::hours(1));
    let put = ann.put(&format!("{plan}/content"), "working copy").await.expect(200).json();
    assert_eq!(put["size"], 12);
    assert_eq!(see(&bob).await, taken, "others see nothing of an upload");
    let mine = see(&ann).await;
    assert_eq!((&mine.0, mine.3.as_str()), (&json!(12), Some("2026-03-04T06:06:07Z")));
    assert!(mine.1 != taken.1 && mine.2 != taken.2);
    ann.put(&format!("{plan}/content"), "working copy!").await.expect(200);
    assert_ne!(see(&ann).await.1, mine.1, "the holder's eTag changes with every upload");
    assert_eq!((ann.content(&plan).await.as_str(), bob.content(&plan).await.as_str()), ("working copy!", "first"));
    assert_snapshot!(ann.publication(&plan).await.replace(&server.world.ann.person.graph_id.to_string(), "ANN"), @r#"{"level":"checkout","versionId":"2.0","checkedOutBy":{"user":{"id":"ANN","displayName":"Ann Example","email":"ann@example.com"}}}"#);
    assert_snapshot!(bob.publication(&plan).await.replace(&server.world.ann.person.graph_id.to_string(), "ANN"), @r#"{"level":"checkout","versionId":"1.0","checkedOutBy":{"user":{"id":"ANN","displayName":"Ann Example","email":"ann@example.com"}}}"#);
    assert_eq!(bob.get(&format!("{plan}/versions")).await.json()["value"].as_array().unwrap().len(), 1);

    ann.post_json(&format!("{plan}/checkin"), json!({"comment": "done", "checkInAs": "published"})).await.expect(204);
    assert_eq!(bob.content(&plan).await, "working copy!");
    assert_ne!(see(&bob).await.1, taken.1);
    let versions = bob.get(&format!("{plan}/versions")).await.json();
    let ids: Vec<&str> =
        versions["value"].as_array().unwrap().iter().map(|version| version["id"].as_str().unwrap()).collect();
    assert_eq!(ids, ["2.0", "1.0"], "any number of uploads make one version");
    assert_eq!(versions["value"][0]["comment"], "done");
    assert_snapshot!(ann.publication(&plan).await, @r#"{"level":"published","versionId":"2.0"}"#);
}

#[tokio::test]
async fn discarding_brings_back_the_last_version_as_it_was() {
    let server = Server::start().await;
    let (ann, plan) = (server.graph(&server.world.ann), server.plan());
    let see = async || {
        let item =
            ann.get(&format!("{plan}?$select=size,cTag,file,lastModifiedDateTime,fileSystemInfo")).await.expect(200);
        item.text()
    };
    let before = see().await;
    ann.post(&format!("{plan}/checkout")).await.expect(204);
    server.advance(Duration::hours(1));
    ann.put(&format!("{plan}/content"), "no").await.expect(200);
    assert_ne!(see().await, before);
    ann.post(&format!("{plan}/discardCheckout")).await.expect(204);
    assert_eq!(see().await, before);
    assert_eq!(ann.content(&plan).await, "first");
}

#[tokio::test]
async fn a_check_in_without_an_upload_makes_a_version_all_the_same() {
    let server = Server::start().await;
    let (ann, plan) = (server.graph(&server.world.ann), server.plan());
    ann.post(&format!("{plan}/checkout")).await.expect(204);
    let before = ann.get(&plan).await.json();
    ann.post_json(&format!("{plan}/checkin"), json!({"comment": "nothing new", "checkInAs": ""})).await.expect(204);
    let after = ann.get(&plan).await.json();
    assert_eq!(before["cTag"], after["cTag"], "the content is the same");
    assert_ne!(before["eTag"], after["eTag"]);
    assert_eq!(ann.get(&format!("{plan}/versions/current")).await.json()["id"], "2.0");
}

#[tokio::test]
async fn what_a_check_in_says_is_optional_and_read_strictly() {
    let server = Server::start().await;
    let (ann, plan) = (server.graph(&server.world.ann), server.plan());
    let (checkout, checkin) = (format!("{plan}/checkout"), format!("{plan}/checkin"));
    for body in [
        json!({}),
        json!({"comment": null, "checkInAs": null}),
        json!({"comment": "x".repeat(1023), "checkInAs": "unspecified", "@odata.type": "x", "other": [1]}),
    ] {
        ann.post(&checkout).await.expect(204);
        ann.post_json(&checkin, body).await.expect(204);
    }
    ann.post(&checkout).await.expect(204);
    for (body, inner) in [
        (json!({"comment": "x".repeat(1024)}), "parameterIsTooLong"),
        (json!({"comment": "a\0b"}), "invalidParameterFormat"),
        (json!({"comment": 5}), "invalidParameterFormat"),
        (json!({"checkInAs": "minor"}), "invalidParameterFormat"),
        (json!({"checkInAs": {}}), "invalidParameterFormat"),
    ] {
        let refused = ann.post_json(&checkin, body.clone()).await.expect(400).json();
        assert_eq!(refused["error"]["innerError"]["code"], inner, "{body}");
    }
    assert_eq!(ann.get(&format!("{plan}/versions/current")).await.json()["id"], "4.0", "nothing was half done");
}

#[tokio::test]
async fn others_writes_meet_the_lock_and_their_reads_do_not() {
    let server = Server::start().await;
    let (ann, bob, world) = (server.graph(&server.world.ann), server.graph(&server.world.bob), &server.world);
    let (plan, drive) = (server.plan(), server.drive());
    let folder = ann
        .post_json(&format!("{drive}/root/children"), json!({"name": "Plans", "folder": {}}))
        .await
        .expect(201)
        .json();
    ann.patch(&plan, json!({"parentReference": {"id": folder["id"]}})).await.expect(200);
    let archive = json!({"name": "Archive", "folder": {}});
    let archive = ann.post_json(&format!("{drive}/root/children"), archive).await.expect(201).json();
    ann.post(&format!("{plan}/checkout")).await.expect(204);

    for refused in [
        bob.put(&format!("{plan}/content"), "x").await,
        bob.put(&format!("{drive}/root:/Plans/plan.txt:/content"), "x").await,
        bob.patch(&plan, json!({"name": "x.txt"})).await,
        bob.patch(&plan, json!({"description": "x"})).await,
        bob.delete(&plan).await,
        bob.delete(&format!("{drive}/root:/Plans")).await,
        bob.patch(&format!("{drive}/root:/Plans"), json!({"parentReference": {"id": archive["id"]}})).await,
        server.graph(&world.max).delete(&plan).await,
    ] {
        let error = refused.expect(423).json()["error"].clone();
        assert_eq!((&error["code"], &error["innerError"]["code"]), (&json!("notAllowed"), &json!("resourceLocked")));
    }
    bob.get(&plan).await.expect(200);
    assert_eq!(bob.content(&plan).await, "first");
    // a user has no grounds over another's check-out here, whatever is preferred
    let bypass = bob.request("DELETE", &plan).header("prefer", "bypass-shared-lock, bypass-checked-out");
    server.send(bypass).await.expect(423);
    // a folder may be renamed around a check-out
    bob.patch(&format!("{drive}/root:/Plans"), json!({"name": "Plans 2"})).await.expect(200);
    // the holder may do all of it
    ann.patch(&format!("{drive}/root:/Plans 2"), json!({"parentReference": {"id": archive["id"]}})).await.expect(200);
    ann.patch(&plan, json!({"name": "plan2.txt"})).await.expect(200);
    ann.delete(&plan).await.expect(204);
    ann.get(&plan).await.expect(404);
}

#[tokio::test]
async fn an_application_may_bypass_a_check_out_when_it_deletes() {
    let server = Server::start().await;
    let (robot, plan) = (server.graph(&server.world.robot), server.plan());
    server.graph(&server.world.ann).post(&format!("{plan}/checkout")).await.expect(204);
    robot.delete(&plan).await.expect(423);
    let bypass = robot.request("DELETE", &plan).header("prefer", "bypass-shared-lock, bypass-checked-out");
    let deleted = server.send(bypass).await.expect(204);
    assert_eq!(deleted.header("preference-applied"), "bypass-checked-out");
    robot.get(&plan).await.expect(404);
}

#[tokio::test]
async fn of_many_at_once_exactly_one_gets_the_lock() {
    let server = Server::start().await;
    let plan = server.plan();
    let everybody = [&server.world.ann, &server.world.bob, &server.world.max, &server.world.dora];
    for _ in 0..5 {
        let calls = everybody.iter().map(|somebody| {
            let client = server.graph(somebody);
            let path = format!("{plan}/checkout");
            async move { (client.post(&path).await.status.as_u16(), client) }
        });
        let answers = futures_util::future::join_all(calls).await;
        let mut statuses: Vec<u16> = answers.iter().map(|(status, _)| *status).collect();
        statuses.sort_unstable();
        assert_eq!(statuses, [204, 423, 423, 423]);
        for (status, client) in answers {
            client.post(&format!("{plan}/discardCheckout")).await.expect(if status == 204 { 204 } else { 423 });
            if status == 204 {
                break;
            }
        }
    }
}

#[tokio::test]
async fn a_lapsed_check_out_is_none_at_the_instant_it_ends() {
    let server = Server::start().await;
    let (vault, world, plan) = (&server.vault, &server.world, server.plan());
    let ann = world::actor(vault, &world.ann).await;
    let look = vault.look(&ann, &ItemKey::Id(world.file.id)).await.unwrap();
    let hour = lock::CheckOut { lifetime: Some(Duration::hours(1)), ..lock::CheckOut::default() };
    vault.check_out(&ann, &look, hour).await.unwrap();
    server.graph(&world.bob).post(&format!("{plan}/checkout")).await.expect(423);
    server.advance(Duration::hours(1));
    assert!(server.graph(&world.bob).publication(&plan).await.contains("published"));
    server.graph(&world.ann).post(&format!("{plan}/checkin")).await.expect(400);
    server.graph(&world.bob).post(&format!("{plan}/checkout")).await.expect(204);
}

#[tokio::test]
async fn a_named_fence_binds_a_write_to_its_check_out() {
    let server = Server::start().await;
    let (ann, plan) = (server.graph(&server.world.ann), server.plan());
    ann.post(&format!("{plan}/checkout")).await.expect(204);
    let put = |fence: &'static str| {
        ann.request("PUT", &format!("{plan}/content")).header("x-coatcheck-fence", fence).body("x")
    };
    server.send(put("1")).await.expect(200);
    server.send(put("2")).await.expect(412);
    server.send(put("nonsense")).await.expect(412);
}
