//! What somebody has to do with items (spec/graph.md 7, 21 and 23): `recent`, `following`, `bundles`, `follow`, `unfollow`.

use coatcheck::{
    domain::{
        actor::Role,
        person::{Affiliation, License},
    },
    seed::{self, Beside, Seed},
    vault::UserChange,
};
use serde_json::{Value, json};
use sqlx::{Connection, PgConnection};

use crate::support::{graph::Graph, server::Server, world};

const MINE: &str = "/v1.0/me/drive";

async fn names(who: &Graph<'_>, path: &str) -> String {
    let list = who.get(path).await.expect(200).json();
    let names = list["value"].as_array().unwrap().iter().map(|item| item["name"].as_str().unwrap());
    names.collect::<Vec<_>>().join(" ")
}

async fn put(who: &Graph<'_>, path: &str, text: &str) -> Value {
    let answer = who.put(&format!("{path}:/content"), text).await;
    assert!([200, 201].contains(&answer.status.as_u16()), "{answer}");
    answer.json()
}

#[tokio::test]
async fn what_somebody_worked_on_last_comes_first() {
    let server = Server::start().await;
    let (ann, bob, drive) = (server.graph(&server.world.ann), server.graph(&server.world.bob), server.drive());
    let recent = format!("{drive}/recent");
    assert_eq!(names(&ann, &recent).await, "plan.txt");
    assert_eq!(names(&bob, &recent).await, "");
    for name in ["a.txt", "b.txt", "folder/c.txt"] {
        put(&ann, &format!("{drive}/root:/{name}"), name).await;
    }
    // folders are not what one works on
    assert_eq!(names(&ann, &recent).await, "c.txt b.txt a.txt plan.txt");
    ann.post(&format!("{drive}/root:/a.txt:/checkout")).await.expect(204);
    assert_eq!(names(&ann, &recent).await, "a.txt c.txt b.txt plan.txt");
    put(&ann, &format!("{drive}/root:/b.txt"), "again").await;
    ann.patch(&server.plan(), json!({"name": "renamed.txt"})).await.expect(200);
    assert_eq!(names(&ann, &recent).await, "renamed.txt b.txt a.txt c.txt");
    // what others do, and what is only looked at, is no work of hers
    put(&bob, &format!("{drive}/root:/folder/c.txt"), "bob's").await;
    ann.content(&format!("{drive}/root:/folder/c.txt:")).await;
    assert_eq!(names(&ann, &format!("{recent}()")).await, "renamed.txt b.txt a.txt c.txt");
    assert_eq!(names(&bob, &recent).await, "c.txt");
    bob.post(&format!("{drive}/root:/b.txt:/checkout")).await.expect(204);
    assert_eq!(names(&bob, &recent).await, "b.txt c.txt");
    // what is gone is gone
    ann.delete(&format!("{drive}/root:/a.txt:")).await.expect(204);
    ann.delete(&format!("{drive}/root:/folder:")).await.expect(204);
    assert_eq!(names(&ann, &recent).await, "renamed.txt b.txt");
    assert_eq!(names(&bob, &recent).await, "b.txt");

    // pages and selections
    let first = ann.get(&format!("{recent}?$top=1&$select=name&$count=true")).await.expect(200).json();
    assert_eq!((&first["value"], &first["@odata.count"]), (&json!([{"name": "renamed.txt"}]), &json!(2)));
    let next = first["@odata.nextLink"].as_str().unwrap().replace(&server.url(""), "");
    let rest = ann.get(&next).await.expect(200).json();
    assert_eq!((&rest["value"], rest.get("@odata.nextLink")), (&json!([{"name": "b.txt"}]), None));
    ann.get(&format!("{recent}?$skiptoken=x")).await.expect(400);
    ann.get(&format!("{recent}?$top=x")).await.expect(400);
    assert_eq!(names(&ann, &format!("{recent}?$top=0")).await, "");
}

#[tokio::test]
async fn the_own_drive_also_tells_what_lies_elsewhere() {
    let server = Server::start().await;
    let (ann, drive) = (server.graph(&server.world.ann), server.drive());
    let mine = put(&ann, &format!("{MINE}/root:/mine.txt"), "mine").await;
    let there = put(&ann, &format!("{drive}/root:/secret folder/there.txt"), "there").await;
    for (call, act) in [("recent", false), ("following", true)] {
        if act {
            ann.post(&format!("{MINE}/items/{}/follow", mine["id"].as_str().unwrap())).await.expect(200);
            server.advance(chrono::Duration::seconds(1));
            ann.post(&format!("{drive}/items/{}/follow", there["id"].as_str().unwrap())).await.expect(200);
        }
        let list = ann.get(&format!("{MINE}/{call}")).await.expect(200).json();
        let entry = &list["value"][0];
        assert_eq!((&entry["name"], &entry["remoteItem"]["id"]), (&json!("there.txt"), &there["id"]), "{call}");
        assert_eq!(entry["remoteItem"]["parentReference"]["driveId"], server.world.library.graph_id.as_str());
        assert!(!entry.to_string().contains("secret"), "{entry}");
        assert_eq!((&list["value"][1]["id"], list["value"][1].get("remoteItem")), (&mine["id"], None));
        // on another drive, only what is there
        let list = ann.get(&format!("{drive}/{call}")).await.expect(200).json();
        assert_eq!(list["value"][0]["id"], there["id"], "{call}");
        assert!(!list.to_string().contains("mine.txt"));
    }
    // to others the drive is not there
    let eve = server.graph(&server.world.eve);
    for call in ["recent", "following", "bundles"] {
        eve.get(&format!("{drive}/{call}")).await.expect(404);
        eve.get(&format!("/v1.0/users/ann/drive/{call}")).await.expect(404);
        let token = world::token(&server.vault, server.world.ann.person.id, &["User.Read"]).await;
        server.graph_with(&token).get(&format!("{MINE}/{call}")).await.expect(403);
        server.send(server.get(&format!("{MINE}/{call}"))).await.expect(401);
    }
}

#[tokio::test]
async fn what_is_not_to_be_seen_any_more_is_left_out() {
    let server = Server::start().await;
    let (vault, world, drive) = (&server.vault, &server.world, server.drive());
    let sue = world::member(vault, &world.library, "sue", License::Full, Some(Role::Contributor)).await;
    let (sue_client, arena) = (server.graph(&sue), server.arena(&world.ann).await);
    let made = put(&sue_client, &format!("{drive}/root:/sue's.txt"), "x").await;
    sue_client.post(&format!("{drive}/items/{}/follow", made["id"].as_str().unwrap())).await.expect(200);
    sue_client.post(&format!("{}/follow", server.plan())).await.expect(200);
    let lists = [
        format!("{drive}/recent"),
        format!("{drive}/following"),
        format!("{MINE}/recent"),
        format!("{MINE}/following"),
    ];
    for list in &lists {
        assert!(names(&sue_client, list).await.contains("sue's.txt"), "{list}");
    }
    // a category that is hidden from her
    let text = r#"
        categories = [{ path = "Secret", levels = { sue = "none" } }]
        files = [{ at = "Engineering/secret.txt", text = "x", category = "Secret", by = "sue" }]
    "#;
    let seed = Seed { name: "world.toml".to_owned(), text, beside: Beside::Bundled(&[]) };
    seed::apply(vault, &seed).await.unwrap_or_else(|error| panic!("{error}"));
    for list in &lists {
        assert!(!names(&sue_client, list).await.contains("secret"), "{list}");
    }
    // private files are nothing to a supplier
    let texts = [("title", "t"), ("edition", "1"), ("private", "true")];
    arena.form("/v1/files", &texts, Some(("content", "private.txt", "hush"))).await.expect(201);
    let path = format!("{drive}/root:/private.txt:");
    put(&sue_client, &format!("{drive}/root:/private.txt"), "hers").await;
    sue_client.post(&format!("{path}/follow")).await.expect(200);
    for list in &lists {
        assert!(names(&sue_client, list).await.contains("private.txt"), "{list}");
    }
    let change = UserChange { affiliation: Some(Affiliation::BasicSupplier), ..UserChange::default() };
    vault.update_user(sue.person.id, change).await.unwrap();
    for list in &lists {
        assert!(!names(&sue_client, list).await.contains("private"), "{list}");
    }
    // a role that is taken away
    vault.revoke(world.library.root, sue.person.id).await.unwrap();
    for list in &lists[2..] {
        assert_eq!(names(&sue_client, list).await, "", "{list}");
    }
}

#[tokio::test]
async fn items_are_followed_until_they_are_not() {
    let server = Server::start().await;
    let (ann, bob, plan, drive) =
        (server.graph(&server.world.ann), server.graph(&server.world.bob), server.plan(), server.drive());
    let following = format!("{drive}/following");
    assert_eq!(names(&ann, &following).await, "");
    let followed = ann.post_json(&format!("{plan}/follow"), json!({})).await.expect(200);
    assert_eq!(
        (&followed.json()["id"], followed.header("etag").is_empty()),
        (&json!(server.world.file.graph_id), false)
    );
    ann.post_json(&format!("{drive}/root/children"), json!({"name": "folder", "folder": {}})).await.expect(201);
    server.advance(chrono::Duration::seconds(1));
    ann.post(&format!("{drive}/root:/folder:/microsoft.graph.follow")).await.expect(200);
    assert_eq!(names(&ann, &following).await, "folder plan.txt");
    // again changes nothing; it shows to nobody else, and in no trail
    ann.post(&format!("{plan}/follow")).await.expect(200);
    assert_eq!(names(&ann, &format!("{following}()")).await, "folder plan.txt");
    assert_eq!(names(&bob, &following).await, "");
    // whoever holds it, and whoever only reads it
    bob.post(&format!("{plan}/checkout")).await.expect(204);
    let vic = server.graph(&server.world.vic);
    vic.post(&format!("{plan}/follow")).await.expect(200);
    assert_eq!(names(&vic, &following).await, "plan.txt");
    // following is no change: the tag stays
    assert_eq!(ann.post(&format!("{plan}/follow")).await.header("etag"), ann.get(&plan).await.header("etag"));

    ann.post(&format!("{plan}/unfollow")).await.expect(204);
    ann.post(&format!("{plan}/unfollow")).await.expect(204);
    assert_eq!(names(&ann, &following).await, "folder");
    assert_eq!(names(&vic, &following).await, "plan.txt");
    // a folder in the trash is not listed, and back it is; gone for good it is forgotten
    let id = ann.get(&format!("{drive}/root:/folder:")).await.json()["id"].as_str().unwrap().to_owned();
    ann.delete(&format!("{drive}/items/{id}")).await.expect(204);
    assert_eq!(names(&ann, &following).await, "");
    ann.post(&format!("{drive}/items/{id}/restore")).await.expect(200);
    assert_eq!(names(&ann, &following).await, "folder");
    ann.post(&format!("{drive}/items/{id}/permanentDelete")).await.expect(204);
    assert_eq!(names(&ann, &following).await, "");
    let mut db = PgConnection::connect(&server.database.url).await.unwrap();
    let left: i64 = sqlx::query_scalar("SELECT count(*) FROM follows").fetch_one(&mut db).await.unwrap();
    assert_eq!(left, 1);
}

#[tokio::test]
async fn who_may_not_see_or_not_write_does_not_follow() {
    let server = Server::start().await;
    let (world, plan, drive) = (&server.world, server.plan(), server.drive());
    let token = world::token(&server.vault, world.ann.person.id, &["Files.Read.All"]).await;
    let (reader, robot, eve) = (server.graph_with(&token), server.graph(&world.robot), server.graph(&world.eve));
    for call in ["follow", "unfollow"] {
        eve.post(&format!("{plan}/{call}")).await.expect(404);
        eve.post(&format!("{drive}/items/01NOWHERE/{call}")).await.expect(404);
        reader.post(&format!("{plan}/{call}")).await.expect(403);
        robot.post(&format!("{drive}/root:/nowhere:/{call}")).await.expect(404);
        let said = robot.post(&format!("{plan}/{call}")).await.expect(403).json();
        assert_eq!(said["error"]["code"], "accessDenied");
        server.send(server.post(&format!("{plan}/{call}"))).await.expect(401);
        eve.get(&format!("{plan}/{call}")).await.expect(405);
    }
    robot.get(&format!("{drive}/following")).await.expect(403);
    robot.get(&format!("{MINE}/following")).await.expect(400);
    // what an application worked on is its own
    put(&robot, &format!("{drive}/root:/robot.txt"), "x").await;
    assert_eq!(names(&robot, &format!("{drive}/recent")).await, "robot.txt");
}

#[tokio::test]
async fn so_many_are_followed_and_no_more() {
    let server = Server::start().await;
    let (ann, plan) = (server.graph(&server.world.ann), server.plan());
    let mut db = PgConnection::connect(&server.database.url).await.unwrap();
    let fill = "WITH copies AS (
            INSERT INTO items (id, library_id, parent_id, ancestors, kind, name, name_key, title, category_id, oracle_id,
                graph_id, owner_id, created_by, created_at, modified_by, modified_at)
            SELECT gen_random_uuid(), p.library_id, p.parent_id, p.ancestors, 'folder', n::text, n::text, n::text, p.category_id,
                'F' || n::text, 'G' || n::text, p.owner_id, p.owner_id, now(), p.owner_id, now()
            FROM items p, generate_series(1, 5000) n WHERE p.id = $1 RETURNING id)
        INSERT INTO follows (principal_id, item_id, followed_at) SELECT $2, id, now() FROM copies";
    let filled = sqlx::query(fill).bind(server.world.file.id.0).bind(server.world.ann.person.id.0);
    filled.execute(&mut db).await.unwrap();
    ann.post(&format!("{plan}/follow")).await.expect(400);
    // one that is followed already is no more than there was
    ann.post(&format!("{}/root:/77:/follow", server.drive())).await.expect(200);
    ann.post(&format!("{}/root:/78:/unfollow", server.drive())).await.expect(204);
    ann.post(&format!("{plan}/follow")).await.expect(200);
    server.graph(&server.world.bob).post(&format!("{plan}/follow")).await.expect(200);
    // full again; what lies in the trash does not count
    let (one, other) = (format!("{}/root:/78:", server.drive()), format!("{}/root:/79:", server.drive()));
    ann.post(&format!("{one}/follow")).await.expect(400);
    ann.delete(&other).await.expect(204);
    ann.post(&format!("{one}/follow")).await.expect(200);
}

#[tokio::test]
async fn what_is_not_seen_any_more_can_be_followed_no_more_and_the_trash_does_not_count() {
    let server = Server::start().await;
    let (world, drive, plan) = (&server.world, server.drive(), server.plan());
    let (ann, bob, eve) = (server.graph(&world.ann), server.graph(&world.bob), server.graph(&world.eve));
    let mut db = PgConnection::connect(&server.database.url).await.unwrap();
    let mut followers = async || -> i64 {
        let count = "SELECT count(*) FROM follows WHERE item_id = $1";
        sqlx::query_scalar(count).bind(world.file.id.0).fetch_one(&mut db).await.unwrap()
    };
    bob.post(&format!("{plan}/follow")).await.expect(200);
    ann.post(&format!("{plan}/follow")).await.expect(200);
    server.vault.revoke(world.library.root, world.bob.person.id).await.unwrap();
    // only at its own address, by who may change something
    let token = world::token(&server.vault, world.bob.person.id, &["Files.Read.All"]).await;
    server.graph_with(&token).post(&format!("{plan}/unfollow")).await.expect(404);
    let elsewhere = plan.replace(&world.library.graph_id, "b!elsewhere");
    assert_ne!(elsewhere, plan);
    bob.post(&format!("{elsewhere}/unfollow")).await.expect(404);
    bob.post(&format!("{plan}:/below:/unfollow")).await.expect(404);
    eve.post(&format!("{plan}/unfollow")).await.expect(404);
    assert_eq!(followers().await, 2);
    bob.post(&format!("{plan}/unfollow")).await.expect(204);
    assert_eq!(followers().await, 1);
    // then it is as for anybody else who does not see it
    bob.post(&format!("{plan}/unfollow")).await.expect(404);
    bob.post(&format!("{plan}/follow")).await.expect(404);
    // in the trash
    ann.delete(&plan).await.expect(204);
    ann.post(&format!("{plan}/unfollow")).await.expect(204);
    ann.post(&format!("{plan}/unfollow")).await.expect(404);
    assert_eq!(followers().await, 0);
    ann.post(&format!("{drive}/items/01NOWHERE/unfollow")).await.expect(404);
}

#[tokio::test]
async fn there_are_no_bundles() {
    let server = Server::start().await;
    let ann = server.graph(&server.world.ann);
    for path in [format!("{MINE}/bundles"), format!("{}/bundles", server.drive()), format!("{MINE}/bundles?$top=3")] {
        let list = ann.get(&path).await.expect(200).json();
        assert_eq!((&list["value"], list.get("@odata.nextLink")), (&json!([]), None));
    }
    assert_eq!(ann.get(&format!("{MINE}/bundles?$count=true")).await.json()["@odata.count"], 0);
    ann.post_json(&format!("{MINE}/bundles"), json!({"name": "x"})).await.expect(405);
}
