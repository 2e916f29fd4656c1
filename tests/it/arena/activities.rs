//! What was done lately, for administrators (spec/arena.md 10.4).

use chrono::Duration;
use coatcheck::domain::actor::Level;
use insta::assert_snapshot;
use serde_json::{Value, json};
use sqlx::{Connection, PgConnection};

use super::files::category;
use crate::support::{
    acts::{Client, Clients},
    arena::{Arena, code, guid, guid_in, message, plain},
    server::Server,
    world::PASSWORD,
};

const FILES: &str = "/v1/settings/recentactivities/fileaccesses";
const USERS: &str = "/v1/settings/recentactivities/useraccesses";

async fn entries(client: &Arena<'_>, path: &str) -> Vec<Value> {
    let json = client.get(path).await.expect(200).json();
    let entries = json["results"].as_array().unwrap().clone();
    assert_eq!(json["count"], entries.len());
    entries
}

/// `15:06 File checked out 1 by Ann Example: comment`.
fn line(entry: &Value) -> String {
    let text = |value: &Value| value.as_str().unwrap_or("nobody").to_owned();
    format!(
        "{} {} {} by {}: {}",
        &text(&entry["dateTime"])[11..16],
        text(&entry["activity"]),
        text(&entry["file"]["edition"]),
        text(&entry["user"]["fullName"]),
        entry["comments"]
    )
}

async fn lines(client: &Arena<'_>, query: &str) -> Vec<String> {
    entries(client, &format!("{FILES}{query}")).await.iter().map(line).collect()
}

#[tokio::test]
async fn file_accesses_tell_who_did_what_to_which_edition() {
    let server = Server::start().await;
    let (world, file) = (&server.world, guid(&server.world.file));
    let ann = server.arena(&world.ann).await;
    let tick = || server.advance(Duration::minutes(1));
    ann.check_out(file).await.expect(201);
    tick();
    // refused: nothing was done
    assert_eq!(code(&server.arena(&world.bob).await.check_out(file).await), "400 3133");
    ann.change(json!({"checkedOut": false, "comment": "not today", "file": {"guid": file}})).await.expect(201);
    tick();
    // from elsewhere
    let clients = Clients::new(&server);
    clients.check_out(Client::Graph, &world.bob, &world.file).await;
    tick();
    clients.cancel(Client::Graph, &world.bob, &world.file).await;
    tick();
    ann.check_out(file).await.expect(201);
    tick();
    ann.check_in(file, "true", "second", &[("comment", "better")]).await.expect(201);
    tick();
    clients.upload(Client::Graph, &world.bob, &world.file, "third").await;

    let dora = server.arena(&world.dora).await;
    assert_snapshot!(lines(&dora, "").await.join("\n"), @r#"
    05:12 New Edition created 3 by Bob Example: null
    05:11 File checked in 2 by Ann Example: "better"
    05:10 File checked out 1 by Ann Example: null
    05:09 File check out cancelled 1 by Bob Example: null
    05:08 File checked out 1 by Bob Example: null
    05:07 File check out cancelled 1 by Ann Example: "not today"
    05:06 File checked out 1 by Ann Example: null
    "#);
    assert_eq!(lines(&dora, "?limit=2&offset=1").await, lines(&dora, "").await[1..3]);
    assert!(lines(&dora, "?offset=7").await.is_empty());
    let some = lines(&dora, "?dateTimeFrom=2026-03-04T05:07:07Z&dateTimeTo=2026-03-04T05:08:07Z").await;
    assert_snapshot!(some.join("\n"), @r#"
    05:08 File checked out 1 by Bob Example: null
    05:07 File check out cancelled 1 by Ann Example: "not today"
    "#);
    assert!(lines(&dora, "?dateTimeTo=2026-03-04T05:06:06Z").await.is_empty());
    assert_eq!(lines(&dora, "?dateTimeTo=2026-03-04T05:06:07Z").await.len(), 1);
    assert!(lines(&dora, "?dateTimeFrom=2026-03-04T05:12:08Z").await.is_empty());
    assert_snapshot!(plain(&dora.get(&format!("{FILES}?limit=1&offset=1")).await), @r#"
    200 OK
    {"count":1,"results":[{"activity":"File checked in","comments":"better","dateTime":"2026-03-04T05:11:07Z","file":{"edition":"2","guid":"G1","name":"drawing.txt","title":"plan.txt"},"user":{"email":"ann@example.com","fullName":"Ann Example","guid":"G2"}}]}
    "#);
}

#[tokio::test]
async fn an_edition_that_is_deleted_is_not_the_newest_any_more() {
    let server = Server::start().await;
    let file = guid(&server.world.file);
    let ann = server.arena(&server.world.ann).await;
    ann.check_out(file).await.expect(201);
    let second = guid_in(&ann.check_in(file, "true", "second", &[]).await.expect(201));
    ann.check_out(&second).await.expect(201);
    ann.cancel(&second).await.expect(201);
    // what remains of the deletion of an edition
    let mut db = PgConnection::connect(&server.database.url).await.unwrap();
    let gone = "INSERT INTO events (at, dialect, verb, outcome, library_id, item_id, edition_id)
        SELECT v.at, 'arena', 'delete', 'done', v.library_id, v.item_id, v.edition_id FROM events v WHERE v.verb = 'check_in'";
    sqlx::query(gone).execute(&mut db).await.unwrap();
    ann.check_out(&second).await.expect(201);
    let dora = server.arena(&server.world.dora).await;
    let editions: Vec<Value> =
        entries(&dora, FILES).await.iter().map(|entry| entry["file"]["edition"].clone()).collect();
    assert_eq!(editions, ["1", "2", "2", "2", "1"]);
}

#[tokio::test]
async fn file_accesses_show_no_file_that_does_not_exist_for_the_administrator() {
    let server = Server::start().await;
    let (vault, world) = (&server.vault, &server.world);
    let secret = category(&server, None, "Secret", Some("none")).await;
    let mut change = vault.set_up().await.unwrap();
    let row = change.category(&["Secret"]).await.unwrap().unwrap();
    change.put_level(row.id, world.ann.person.id, Level::Full).await.unwrap();
    change.commit().await.unwrap();
    let ann = server.arena(&world.ann).await;
    ann.check_out(guid(&world.file)).await.expect(201);
    ann.cancel(guid(&world.file)).await.expect(201);
    let dora = server.arena(&world.dora).await;
    assert_eq!(lines(&dora, "").await.len(), 2);
    ann.check_out(guid(&world.file)).await.expect(201);
    ann.check_in(guid(&world.file), "true", "x", &[("file.category.guid", &secret)]).await.expect(201);
    assert!(lines(&dora, "").await.is_empty());
}

#[tokio::test]
async fn user_accesses_tell_who_was_there_and_for_how_long() {
    let server = Server::start().await;
    let world = &server.world;
    let ann = server.arena(&world.ann).await;
    server.advance(Duration::seconds(119));
    ann.log_out().await.expect(200);
    // lapses ninety minutes after its last request, whoever notices it when
    let bob = server.arena(&world.bob).await;
    server.advance(Duration::minutes(10));
    bob.get("/v1/files").await.expect(200);
    server.advance(Duration::days(2));
    server.log_in("bob@example.com", PASSWORD).await.expect(200);
    server.advance(Duration::minutes(5));
    let dora = server.arena(&world.dora).await;
    let mut db = PgConnection::connect(&server.database.url).await.unwrap();
    let addresses =
        "UPDATE sessions SET address = '192.0.2.7' WHERE user_id = (SELECT id FROM users WHERE login = 'ann')";
    sqlx::query(addresses).execute(&mut db).await.unwrap();
    sqlx::query("UPDATE sessions SET address = NULL WHERE address <> '192.0.2.7'").execute(&mut db).await.unwrap();

    let line = |entry: &Value| {
        let user = entry["user"]["fullName"].as_str().unwrap();
        format!("{user} {} {} {}", entry["loginDateTime"], entry["logoutDateTime"], entry["duration"])
    };
    let all: Vec<String> = entries(&dora, USERS).await.iter().map(line).collect();
    assert_snapshot!(all.join("\n"), @r#"
    Dora Example "2026-03-06T05:23:06Z" null 0
    Bob Example "2026-03-06T05:18:06Z" null 5
    Bob Example "2026-03-04T05:08:06Z" "2026-03-04T06:48:06Z" 100
    Ann Example "2026-03-04T05:06:07Z" "2026-03-04T05:08:06Z" 1
    "#);
    let page: Vec<String> = entries(&dora, &format!("{USERS}?limit=2&offset=1")).await.iter().map(line).collect();
    assert_eq!(page, all[1..3]);
    let query = "?dateTimeFrom=2026-03-04T05:06:07Z&dateTimeTo=2026-03-04T05:06:07Z";
    assert_snapshot!(plain(&dora.get(&format!("{USERS}{query}")).await), @r#"
    200 OK
    {"count":1,"results":[{"connectedThrough":"API","domain":null,"duration":1,"loginDateTime":"2026-03-04T05:06:07Z","logoutDateTime":"2026-03-04T05:08:06Z","originatingIp":"192.0.2.7","user":{"email":"ann@example.com","fullName":"Ann Example","guid":"G1"}}]}
    "#);
}

#[tokio::test]
async fn activities_are_for_administrators_only_and_their_parameters_are_checked_first() {
    let server = Server::start().await;
    for somebody in [&server.world.ann, &server.world.max, &server.world.vic] {
        let client = server.arena(somebody).await;
        for path in [FILES, USERS] {
            assert_eq!(code(&client.get(path).await), "400 3024");
        }
    }
    let dora = server.arena(&server.world.dora).await;
    for path in [FILES, USERS] {
        for (query, refusal) in [
            ("?dateTimeFrom=yesterday", r#"400 3003 The value for the attribute "dateTimeFrom" is not valid."#),
            ("?dateTimeTo=2026-03-04", r#"400 3003 The value for the attribute "dateTimeTo" is not valid."#),
            ("?dateTimeTo=2026-03-04T05:06:07", r#"400 3003 The value for the attribute "dateTimeTo" is not valid."#),
            ("?dateTimeTo=", r#"400 3020 The value for the attribute "dateTimeTo" cannot be empty."#),
            ("?user=x", r#"400 3019 The attribute "user" is not searchable."#),
            ("?limit=0", "400 3220 Limit must be 1-400, offset must equal or bigger than 0."),
            ("?limit=x", "400 3041 The limit or offset parameter is invalid."),
        ] {
            let refused = dora.get(&format!("{path}{query}")).await;
            assert_eq!(format!("{} {}", code(&refused), message(&refused)), refusal);
        }
    }
}
