//! Check-outs that end by themselves and are checked in (spec/liferay.md 11.8): whoever looks first, through whichever
//! dialect, finds the version they became.

use chrono::Duration;
use coatcheck::{
    domain::{
        actor::{Actor, Dialect, Role},
        id::ItemKey,
        item::Item,
    },
    store,
    vault::{LibraryUpdate, Look, Quota, UserChange, Vault},
};
use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};
use sqlx::{Connection, PgConnection};

use crate::support::{
    acts::{CLIENTS, Client, Clients, Outcome},
    arena::Arena,
    graph::address,
    server::Server,
    world::{self, Somebody},
};

pub const CHECK_IN: [(&str, &str); 2] = [("liferay.lock_expiry", "check_in"), ("arena.request_limit", "1000000")];
const MINUTE: i64 = 60_000;

/// A file of Bob's, checked out by Ann for a minute.
async fn checked_out(server: &Server, name: &str) -> Item {
    let world = &server.world;
    let file = world::file(&server.vault, &world.bob, &world.library, name, "first words").await;
    let wanted = json!({"fileEntryId": file.number, "owner": "", "expirationTime": MINUTE});
    server.liferay(&world.ann).call("/dlapp/check-out-file-entry", wanted).await.expect(200);
    file
}

/// What Ann saves in it, under a title.
async fn saved(server: &Server, file: &Item, title: &str, text: &str) {
    let parameters = json!({
        "fileEntryId": file.number, "sourceFileName": file.name, "mimeType": "", "title": title, "description": "about",
        "changeLog": "", "dlVersionNumberIncrease": "MINOR", "bytes": text.as_bytes(),
    });
    server.liferay(&server.world.ann).call("/dlapp/update-file-entry", parameters).await.expect(200);
}

/// The same, saved and lapsed; nobody has looked since.
async fn left(server: &Server, name: &str) -> Item {
    let file = checked_out(server, name).await;
    saved(server, &file, name, "draft").await;
    server.advance(Duration::milliseconds(MINUTE));
    file
}

/// What stands in the trail of a file after its making, read without a look at the file: each verb, by whom.
pub async fn trail(server: &Server, file: &Item) -> Vec<String> {
    let mut db = PgConnection::connect(&server.database.url).await.unwrap();
    let world = &server.world;
    let names = [(&world.ann, "ann"), (&world.bob, "bob")];
    let entries = store::trail::of(&mut db, file.id).await.unwrap();
    let told = entries.iter().skip(1).map(|entry| {
        let who = names.iter().find(|(who, _)| Some(who.person.id) == entry.actor).map_or("nobody", |(_, name)| name);
        format!("{who}: {:?} {:?} {}", entry.verb, entry.outcome, entry.comment.as_deref().unwrap_or_default())
    });
    told.map(|line| line.trim_end().to_owned()).collect()
}

const TAKEN: &str = "ann: CheckOut Done";
const SAVED: &str = "ann: SaveDraft Done";
const CHECKED_IN: &str = "ann: CheckIn Done Automatic timeout checkin";
const LAPSED: &str = "nobody: Lapse Done";

async fn liferay_actor(server: &Server, somebody: &Somebody) -> Actor {
    Actor { dialect: Dialect::Liferay, ..world::actor(&server.vault, somebody).await }
}

async fn look(vault: &Vault, actor: &Actor, file: &Item) -> Look {
    vault.look(actor, &ItemKey::Id(file.id)).await.unwrap()
}

/// Working copies that were set aside, as an administrator sees them.
async fn rescued(server: &Server, file: &Item) -> usize {
    let dora = world::actor(&server.vault, &server.world.dora).await;
    let look = look(&server.vault, &dora, file).await;
    server.vault.rescued_drafts(&dora, &look).await.unwrap().len()
}

/// Everything that looks, each as a request of Bob's about one file, and what stands in its answer.
fn looks(server: &Server, arena: &Arena<'_>, file: &Item) -> Vec<(RequestBuilder, &'static str)> {
    let (liferay, graph) = (server.liferay(&server.world.bob), server.graph(&server.world.bob));
    let oracle = server.oracle(&server.world.bob).version("1.2");
    let (number, group, drive, item) = (file.number, server.group(), server.drive(), address(file));
    let guid = file.file.as_ref().unwrap().edition.arena_guid.clone();
    let web = |path: &str| liferay.request("GET", &format!("/api/jsonws{path}"));
    let root = &server.world.library.root_oracle_id;
    vec![
        (web(&format!("/dlapp/get-file-entry?fileEntryId={number}")), r#""version":"2.0""#),
        (web(&format!("/dlapp/get-file-entry?groupId={group}&folderId=0&title={}", file.name)), r#""version":"2.0""#),
        (web(&format!("/dlapp/get-file-entry-by-uuid-and-group-id?uuid={}&groupId={group}", file.id.0)), r#""2.0""#),
        (
            web(&format!("/dlfileversion/get-file-versions?fileEntryId={number}&status=-1")),
            r#""changeLog":"Automatic timeout checkin""#,
        ),
        (web(&format!("/dlfileversion/get-latest-file-version?fileEntryId={number}")), r#""version":"2.0""#),
        (web(&format!("/dlfileentry/get-file-entry-lock?fileEntryId={number}")), "{}"),
        (web(&format!("/dlfileentry/is-file-entry-checked-out?fileEntryId={number}")), "false"),
        (web(&format!("/dlapp/get-file-entries?repositoryId={group}&folderId=0")), r#""version":"2.0""#),
        (liferay.request("GET", &format!("/documents/{group}/0/{}/{}", file.name, file.id.0)), "draft"),
        (liferay.request("GET", &format!("/o/headless-delivery/v1.0/documents/{number}")), r#""sizeInBytes":5"#),
        (liferay.request("GET", &format!("/o/headless-delivery/v1.0/sites/{group}/documents")), r#""sizeInBytes":5"#),
        (graph.request("GET", &item), r#""size":5"#),
        (graph.request("GET", &format!("{drive}/root:/{}", file.name)), r#""size":5"#),
        (graph.request("GET", &format!("{item}/versions")), r#""id":"2.0""#),
        (graph.request("GET", &format!("{item}/content")), ""),
        (graph.request("GET", &format!("{drive}/root/children")), r#""size":5"#),
        (graph.request("GET", &format!("{drive}/root/delta")), r#""size":5"#),
        (graph.request("GET", &format!("{drive}/root/search(q='file')")), r#""size":5"#),
        (oracle.request(Method::GET, &format!("/files/{}", file.oracle_id)), r#""version":"2""#),
        (oracle.request(Method::GET, &format!("/files/{}/data", file.oracle_id)), "draft"),
        (oracle.request(Method::GET, &format!("/folders/{root}/items")), r#""version":"2""#),
        (arena.request("GET", &format!("/v1/files/{guid}")), ""),
        (arena.request("GET", &format!("/v1/files/{guid}/editions")), r#""count":2"#),
        (arena.request("GET", "/v1/files?limit=400"), r#""edition":"2""#),
    ]
}

#[tokio::test]
async fn whoever_looks_first_through_whichever_dialect_finds_the_version_it_became() {
    let server = Server::start_with(&CHECK_IN).await;
    let arena = server.arena(&server.world.bob).await;
    for n in 0..looks(&server, &arena, &server.world.file).len() {
        let file = left(&server, &format!("file{n}.txt")).await;
        assert_eq!(trail(&server, &file).await, [TAKEN, SAVED], "{n}");
        let (request, shows) = looks(&server, &arena, &file).swap_remove(n);
        let answer = server.send(request).await;
        assert!(answer.status.as_u16() < 400 && answer.text().contains(shows), "{n}: {shows} is not in {answer}");
        assert_eq!(trail(&server, &file).await, [TAKEN, SAVED, CHECKED_IN], "{n}");
        // and nobody after them makes another one
        for (request, _) in looks(&server, &arena, &file) {
            server.send(request).await;
        }
        let now = world::now(&server.vault, &server.world, &file).await;
        let parts = now.file.as_ref().unwrap();
        let edition = &parts.edition;
        assert!(parts.lock.is_none() && parts.draft.is_none());
        assert_eq!((edition.ordinal, edition.version.to_string().as_str(), edition.size()), (2, "2.0", 5));
        assert_eq!((edition.author.id, edition.comment.as_str()), (server.world.ann.person.id, &CHECKED_IN[18..]));
        assert_eq!((edition.description.as_str(), now.modified_by.login.as_str()), ("about", "ann"));
        assert_eq!((trail(&server, &file).await.len(), rescued(&server, &file).await), (3, 0));
    }
}

#[tokio::test]
async fn before_its_instant_it_is_the_holders_and_without_the_setting_it_is_set_aside() {
    for (settings, becomes) in [(&CHECK_IN[..], ["2.0", "1.0"].as_slice()), (&[], &["1.0"])] {
        let server = Server::start_with(settings).await;
        let (ann, bob) = (server.liferay(&server.world.ann), server.liferay(&server.world.bob));
        let wanted = json!({"fileEntryId": server.plan_number(), "owner": "", "expirationTime": MINUTE});
        ann.call("/dlapp/check-out-file-entry", wanted).await.expect(200);
        ann.update("draft", "MINOR").await.expect(200);
        server.advance(Duration::milliseconds(MINUTE) - Duration::microseconds(1));
        assert_eq!(bob.labels().await, ["PWC", "1.0"]);
        bob.check_out().await.expect(500);
        server.advance(Duration::microseconds(1));
        assert_eq!(bob.labels().await, becomes);
        bob.check_out().await.expect(200);
        assert_eq!(rescued(&server, &server.world.file).await, usize::from(settings.is_empty()));
    }
}

#[tokio::test]
async fn where_nothing_was_saved_the_newest_version_becomes_one_once_more() {
    let server = Server::start_with(&CHECK_IN).await;
    let (world, bob) = (&server.world, server.liferay(&server.world.bob));
    bob.update("second", "MINOR").await.expect(200);
    let wanted = json!({"fileEntryId": server.plan_number(), "owner": "", "expirationTime": MINUTE});
    server.liferay(&world.ann).call("/dlapp/check-out-file-entry", wanted).await.expect(200);
    server.advance(Duration::milliseconds(MINUTE));
    assert_eq!(bob.download("").await.expect(200).text(), "second");
    assert_eq!(bob.labels().await, ["2.0", "1.1", "1.0"]);
}

#[tokio::test]
async fn anothers_check_out_takes_the_file_with_the_version_it_became() {
    let server = Server::start_with(&CHECK_IN).await;
    let clients = Clients::new(&server);
    // Arena's clients name the edition they have seen, which is not the newest any more
    let file = left(&server, "arena.txt").await;
    let guid = file.file.as_ref().unwrap().edition.arena_guid.clone();
    let refused = server.arena(&server.world.bob).await.check_out(&guid).await.expect(400).json();
    assert_eq!(refused["errors"][0]["code"], 3130, "{refused}");
    assert_eq!(trail(&server, &file).await[..3], [TAKEN, SAVED, CHECKED_IN]);
    for client in CLIENTS.into_iter().filter(|client| *client != Client::Arena) {
        let file = left(&server, &format!("{client:?}.txt")).await;
        let taken = clients.check_out(client, &server.world.bob, &file).await;
        assert_eq!(taken, Outcome::Done, "{client:?}");
        let now = world::now(&server.vault, &server.world, &file).await;
        assert_eq!(now.lock().unwrap().holder.id, server.world.bob.person.id);
        assert_eq!(now.file.as_ref().unwrap().edition.ordinal, 2);
        assert_eq!(rescued(&server, &file).await, 0, "{client:?}");
        let told = trail(&server, &file).await;
        assert_eq!((&told[2], told[3].split(' ').nth(1)), (&CHECKED_IN.to_owned(), Some("CheckOut")));
    }
}

#[tokio::test]
async fn the_late_holder_finds_the_file_free_and_nothing_lost() {
    let server = Server::start_with(&CHECK_IN).await;
    let ann = server.liferay(&server.world.ann);
    let file = left(&server, "late.txt").await;
    let late = json!({"fileEntryId": file.number, "dlVersionNumberIncrease": "MAJOR", "changeLog": "mine"});
    assert_eq!(ann.call("/dlapp/check-in-file-entry", late).await.expect(200).text(), "{}");
    assert_eq!(trail(&server, &file).await, [TAKEN, SAVED, CHECKED_IN]);
    let cancelled = left(&server, "cancelled.txt").await;
    let ask = json!({"fileEntryId": cancelled.number});
    assert_eq!(ann.call("/dlapp/cancel-check-out", ask).await.expect(200).text(), "{}");
    assert_eq!(trail(&server, &cancelled).await, [TAKEN, SAVED, CHECKED_IN]);
    // what they bring after that is a version of its own
    saved(&server, &file, "late.txt", "later").await;
    let now = world::now(&server.vault, &server.world, &file).await;
    assert_eq!(now.file.as_ref().unwrap().edition.version.to_string(), "2.1");
}

#[tokio::test]
async fn a_lock_refreshed_in_time_is_not_touched_and_one_from_elsewhere_is_set_aside_at_its_end() {
    let server = Server::start_with(&CHECK_IN).await;
    let world = &server.world;
    let file = checked_out(&server, "refreshed.txt").await;
    saved(&server, &file, "refreshed.txt", "draft").await;
    let ann = server.liferay(&world.ann);
    let uuid = async |file: &Item| {
        let path = format!("/dlfileentry/get-file-entry-lock?fileEntryId={}", file.number);
        ann.get(&path).await.expect(200).json()["uuid"].clone()
    };
    let refresh = async |uuid: &Value| {
        let wanted = json!({"lockUuid": uuid, "companyId": 20097, "expirationTime": MINUTE});
        ann.call("/dlapp/refresh-file-entry-lock", wanted).await
    };
    let lock = uuid(&file).await;
    server.advance(Duration::milliseconds(MINUTE) - Duration::microseconds(1));
    refresh(&lock).await.expect(200);
    server.advance(Duration::milliseconds(MINUTE) - Duration::microseconds(1));
    server.vault.settle_lapses().await.unwrap();
    assert!(world::now(&server.vault, world, &file).await.lock().is_some());
    server.advance(Duration::microseconds(1));
    refresh(&lock).await.expect(404);
    server.vault.settle_lapses().await.unwrap();
    assert_eq!(trail(&server, &file).await, [TAKEN, SAVED, "ann: Refresh Done", CHECKED_IN]);

    let clients = Clients::new(&server);
    let other = world::file(&server.vault, &world.bob, &world.library, "graph.txt", "first words").await;
    assert_eq!(clients.check_out(Client::Graph, &world.ann, &other).await, Outcome::Done);
    assert_eq!(clients.upload(Client::Graph, &world.ann, &other, "draft").await, Outcome::Done);
    refresh(&uuid(&other).await).await.expect(200);
    server.advance(Duration::milliseconds(MINUTE));
    server.vault.settle().await.unwrap();
    assert_eq!(trail(&server, &other).await, [TAKEN, SAVED, "ann: Refresh Done", LAPSED]);
    assert_eq!(
        (world::now(&server.vault, world, &other).await.file.unwrap().edition.ordinal, rescued(&server, &other).await),
        (1, 1)
    );
}

#[tokio::test]
async fn a_title_that_was_saved_names_the_file_when_it_lapses() {
    let server = Server::start_with(&CHECK_IN).await;
    let (bob, drive) = (server.graph(&server.world.bob), server.drive());
    let file = checked_out(&server, "before.txt").await;
    saved(&server, &file, "After a / while", "draft").await;
    server.advance(Duration::milliseconds(MINUTE));
    // by its old name it is not there any more
    bob.get(&format!("{drive}/root:/before.txt")).await.expect(404);
    let item = bob.get(&format!("{drive}/root:/After a _ while.txt")).await.expect(200).json();
    assert_eq!(item["id"], file.graph_id);
    assert_eq!(world::now(&server.vault, &server.world, &file).await.title, "After a / while");
}

/// Something that keeps what Ann left from being published, though she could save it.
async fn hinder(server: &Server, what: &str, file: &Item) {
    let (vault, world) = (&server.vault, &server.world);
    let ann = world.ann.person.id;
    let library = world.library.root;
    match what {
        "disabled" => {
            vault.update_user(ann, UserChange { disabled: Some(true), ..UserChange::default() }).await.unwrap();
        }
        "without a role" => assert!(vault.revoke(library, ann).await.unwrap()),
        "a viewer" => {
            vault.revoke(library, ann).await.unwrap();
            vault.grant(library, ann, Role::Viewer, None).await.unwrap();
        }
        "name taken" => {
            let path = format!("{}/root:/wanted.txt:/content", server.drive());
            server.graph(&world.bob).put(&path, "there").await.expect(201);
        }
        "title taken" => {
            server.liferay(&world.bob).add("wanted.txt", "wanted.pdf", "there").await.expect(200);
        }
        other => panic!("{other} hinders nothing of {}", file.name),
    }
}

#[tokio::test]
async fn what_cannot_be_published_is_set_aside_and_the_file_is_free_and_readable() {
    for what in ["disabled", "without a role", "a viewer", "name taken", "title taken"] {
        let server = Server::start_with(&CHECK_IN).await;
        let clients = Clients::new(&server);
        let arena = server.arena(&server.world.bob).await;
        let file = checked_out(&server, "file.txt").await;
        saved(&server, &file, if what.ends_with("taken") { "wanted.txt" } else { "file.txt" }, "draft").await;
        hinder(&server, what, &file).await;
        server.advance(Duration::milliseconds(MINUTE));
        for (request, _) in looks(&server, &arena, &file) {
            let answer = server.send(request).await;
            assert!(answer.status.as_u16() < 400, "{what}: {answer}");
        }
        assert_eq!(trail(&server, &file).await, [TAKEN, SAVED, LAPSED], "{what}");
        server.vault.settle_lapses().await.unwrap();
        server.vault.settle().await.unwrap();
        assert_eq!(trail(&server, &file).await, [TAKEN, SAVED, LAPSED], "{what}: said once");
        let now = world::now(&server.vault, &server.world, &file).await;
        assert_eq!((now.name.as_str(), now.file.unwrap().edition.ordinal), ("file.txt", 1), "{what}");
        assert_eq!(rescued(&server, &file).await, 1, "{what}");
        assert_eq!(clients.check_out(Client::Liferay, &server.world.bob, &file).await, Outcome::Done, "{what}");
    }
}

#[tokio::test]
async fn two_that_want_each_others_titles_do_not_wait_for_each_other() {
    let server = Server::start_with(&CHECK_IN).await;
    let mut files = Vec::new();
    for (name, title) in [("one.txt", "One"), ("two.txt", "Two")] {
        let file = world::file(&server.vault, &server.world.bob, &server.world.library, name, "first words").await;
        saved(&server, &file, title, "second words").await;
        let wanted = json!({"fileEntryId": file.number, "owner": "", "expirationTime": MINUTE});
        server.liferay(&server.world.ann).call("/dlapp/check-out-file-entry", wanted).await.expect(200);
        files.push(file);
    }
    // not through Liferay, where no title is saved that is in use
    let mut db = PgConnection::connect(&server.database.url).await.unwrap();
    for (file, title, wanted) in [(&files[0], "One", "Two"), (&files[1], "Two", "One")] {
        saved(&server, file, title, "draft").await;
        let retitle = sqlx::query("UPDATE drafts SET title = $2 WHERE file_id = $1").bind(file.id.0).bind(wanted);
        retitle.execute(&mut db).await.unwrap();
    }
    server.advance(Duration::milliseconds(MINUTE));
    for (file, title) in files.iter().zip(["One", "Two"]) {
        assert_eq!(world::now(&server.vault, &server.world, file).await.title, title);
        assert_eq!(rescued(&server, file).await, 1, "{title}");
    }
}

#[tokio::test]
async fn neither_a_quota_nor_a_frozen_edition_keeps_it_from_being_published() {
    let server = Server::start_with(&CHECK_IN).await;
    let file = checked_out(&server, "full.txt").await;
    saved(&server, &file, "full.txt", "a longer draft than the first words").await;
    let update = LibraryUpdate { quota_bytes: Some(Quota::Bytes(1)), ..LibraryUpdate::default() };
    server.vault.update_library(server.world.library.id, &update).await.unwrap();
    let mut db = PgConnection::connect(&server.database.url).await.unwrap();
    store::editions::set_frozen(&mut db, file.file.as_ref().unwrap().edition.id, true).await.unwrap();
    server.advance(Duration::milliseconds(MINUTE));
    // its bytes were counted while it was a working copy
    assert_eq!(world::now(&server.vault, &server.world, &file).await.file.unwrap().edition.ordinal, 2);
    assert_eq!(trail(&server, &file).await, [TAKEN, SAVED, CHECKED_IN]);
}

#[tokio::test]
async fn a_follower_is_told_of_the_version_and_not_of_a_lapse() {
    let server = Server::start_with(&CHECK_IN).await;
    let bob = server.graph(&server.world.bob);
    let file = checked_out(&server, "followed.txt").await;
    saved(&server, &file, "followed.txt", "draft").await;
    let follow = async |link: &str| {
        let page = bob.get(link).await.expect(200).json();
        let next = page["@odata.deltaLink"].as_str().unwrap().replace(&server.url(""), "");
        (page["value"].as_array().unwrap().clone(), next)
    };
    let (_, link) = follow(&format!("{}/root/delta", server.drive())).await;
    assert!(follow(&link).await.0.is_empty());
    server.advance(Duration::milliseconds(MINUTE));
    // the question itself settles
    let (told, next) = follow(&link).await;
    let told: Vec<_> = told.iter().map(|item| (item["name"].as_str().unwrap(), item["size"].as_i64())).collect();
    assert_eq!(told, [("followed.txt", Some(5))]);
    assert_eq!(trail(&server, &file).await, [TAKEN, SAVED, CHECKED_IN]);
    assert!(follow(&next).await.0.is_empty());
}

#[tokio::test]
async fn what_lapsed_below_a_folder_is_a_version_before_the_folder_goes() {
    let server = Server::start_with(&CHECK_IN).await;
    let (bob, drive) = (server.graph(&server.world.bob), server.drive());
    let folder = |name: &str| json!({"name": name, "folder": {}});
    let made = bob.post_json(&format!("{drive}/root/children"), folder("gone")).await.expect(201).json();
    let gone = format!("{drive}/items/{}", made["id"].as_str().unwrap());
    let made = bob.post_json(&format!("{drive}/root/children"), folder("there")).await.expect(201).json();
    for (name, whole) in [("a.txt", false), ("b.txt", true)] {
        let file = checked_out(&server, name).await;
        saved(&server, &file, name, "draft").await;
        let place = json!({"parentReference": {"id": gone.rsplit('/').next()}});
        server.graph(&server.world.ann).patch(&address(&file), place).await.expect(200);
        server.advance(Duration::milliseconds(MINUTE));
        if whole {
            bob.delete(&gone).await.expect(204);
        } else {
            bob.patch(&gone, json!({"parentReference": {"id": made["id"]}})).await.expect(200);
        }
        let told = trail(&server, &file).await;
        let (checked_in, end) = (told.iter().position(|line| line == CHECKED_IN), told.len() - 1);
        assert_eq!((checked_in, rescued_in_database(&server, &file).await), (Some(end - 1), 0), "{told:?}");
    }
}

async fn rescued_in_database(server: &Server, file: &Item) -> i64 {
    let mut db = PgConnection::connect(&server.database.url).await.unwrap();
    let count = sqlx::query_scalar("SELECT count(*) FROM drafts WHERE file_id = $1").bind(file.id.0);
    count.fetch_one(&mut db).await.unwrap()
}

#[tokio::test]
async fn what_was_decided_on_eyes_from_before_the_end_sets_nothing_aside() {
    use coatcheck::domain::lock::CheckOut;
    let server = Server::start_with(&CHECK_IN).await;
    let (vault, world) = (&server.vault, &server.world);
    let (ann, bob) = (liferay_actor(&server, &world.ann).await, liferay_actor(&server, &world.bob).await);
    let file = world::file(vault, &world.bob, &world.library, "taken.txt", "first words").await;
    let free = look(vault, &bob, &file).await;
    let wanted = json!({"fileEntryId": file.number, "owner": "", "expirationTime": MINUTE});
    server.liferay(&world.ann).call("/dlapp/check-out-file-entry", wanted).await.expect(200);
    saved(&server, &file, "taken.txt", "draft").await;
    server.advance(Duration::milliseconds(MINUTE));
    vault.check_out(&bob, &free, CheckOut::default()).await.unwrap();
    assert_eq!(trail(&server, &file).await, [TAKEN, SAVED, CHECKED_IN, "bob: CheckOut Done"]);

    // the holder has decided to delete it, or to give it up, while it was held
    let file = checked_out(&server, "deleted.txt").await;
    saved(&server, &file, "deleted.txt", "draft").await;
    let held = look(vault, &ann, &file).await;
    server.advance(Duration::milliseconds(MINUTE));
    vault.delete(&ann, &held).await.unwrap();
    assert_eq!(trail(&server, &file).await, [TAKEN, SAVED, CHECKED_IN, "ann: Delete Done"]);
    assert_eq!(rescued_in_database(&server, &file).await, 0);

    let file = checked_out(&server, "late.txt").await;
    saved(&server, &file, "late.txt", "draft").await;
    let held = look(vault, &ann, &file).await;
    server.advance(Duration::milliseconds(MINUTE));
    assert!(vault.cancel(&ann, &held, coatcheck::vault::Cancel::default()).await.is_err());
    assert_eq!(trail(&server, &file).await.last().map(String::as_str), Some("ann: Cancel NotCheckedOut"));
    world::now(vault, world, &file).await;
    let told = trail(&server, &file).await;
    assert_eq!(told.iter().filter(|line| *line == CHECKED_IN).count(), 1, "{told:?}");
    assert_eq!(rescued_in_database(&server, &file).await, 0);
}

#[tokio::test]
async fn what_lapsed_while_such_were_cancelled_stays_so() {
    let server = Server::start().await;
    let file = left(&server, "old.txt").await;
    // any node notes it, be it with the next sweep
    server.vault.sweep().await.unwrap();
    let config = crate::support::server::config(&CHECK_IN);
    let content = server.content.path();
    let later = crate::support::server::open_vault(&server.database.url, content, server.clock.clone(), &config).await;
    later.settle_lapses().await.unwrap();
    later.settle().await.unwrap();
    let now = world::now(&later, &server.world, &file).await;
    assert_eq!(now.file.unwrap().edition.ordinal, 1);
    assert_eq!(trail(&server, &file).await, [TAKEN, SAVED, LAPSED]);
    // and the next one lapses under the new policy
    let bob = Actor { dialect: Dialect::Liferay, ..world::actor(&later, &server.world.bob).await };
    let lifetime = Some(Duration::seconds(1));
    let wanted = coatcheck::domain::lock::CheckOut { lifetime, ..coatcheck::domain::lock::CheckOut::default() };
    later.check_out(&bob, &look(&later, &bob, &file).await, wanted).await.unwrap();
    server.advance(Duration::seconds(1));
    assert_eq!(look(&later, &bob, &file).await.item().file.as_ref().unwrap().edition.ordinal, 2);
    assert_eq!(rescued(&server, &file).await, 1, "Ann's is still there");
}
