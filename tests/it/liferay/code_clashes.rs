//! External reference codes that are the numbers of other files: whoever comes later, no two files of a site show one code, and a
//! code never names another file than the one that was given it (spec/liferay.md 9.3).

use coatcheck::domain::{id::ItemKey, item::OnConflict};
use futures_util::future::join_all;
use serde_json::{Value, json};
use sqlx::{Connection, PgConnection};

use super::external_codes::{BY_CODE, add, add_at, taken, title_of, update};
use crate::support::{liferay::Liferay, server::Server, world};

async fn database(server: &Server) -> PgConnection {
    PgConnection::connect(&server.database.url).await.unwrap()
}

/// A number that is not drawn for long.
pub(super) async fn coming(server: &Server) -> i64 {
    let next = sqlx::query_scalar("SELECT last_value + 1000 FROM numbers");
    next.fetch_one(&mut database(server).await).await.unwrap()
}

/// Lets this number be the next that is drawn.
pub(super) async fn go_on(server: &Server, number: i64) {
    let set = sqlx::query("SELECT setval('numbers', $1, false)").bind(number);
    set.execute(&mut database(server).await).await.unwrap();
}

/// Gives so many files the numbers as codes that are drawn next; answers the first.
async fn give_coming(server: &Server, client: &Liferay<'_>, many: i64) -> i64 {
    let first = coming(server).await;
    for number in first..first + many {
        add(server, client, &format!("given {number}.txt"), &number.to_string()).await.expect(200);
    }
    go_on(server, first).await;
    first
}

async fn shown(client: &Liferay<'_>, id: &Value) -> Value {
    client.call("/dlapp/get-file-entry", json!({"fileEntryId": id})).await.expect(200).json()
}

async fn trash(client: &Liferay<'_>, id: &Value) {
    client.call("/dlapp/delete-file-entry", json!({"fileEntryId": id})).await.expect(200);
}

async fn back(client: &Liferay<'_>, id: &Value) {
    client.call("/dltrash/restore-file-entry-from-trash", json!({"fileEntryId": id})).await.expect(200);
}

/// The code of a file that shows one of its own, since another file shows its number.
#[track_caller]
fn own_code(file: &Value) -> String {
    let code = file["externalReferenceCode"].as_str().unwrap();
    assert_eq!(code.len(), "00000000-0000-0000-0000-000000000000".len(), "{file}");
    code.to_owned()
}

#[track_caller]
fn shows_its_number(file: &Value) {
    assert_eq!(file["externalReferenceCode"], file["fileEntryId"]);
}

/// The files of a folder; each is found by the code it shows.
async fn each_found(client: &Liferay<'_>, (group, folder): (i64, i64)) -> Vec<Value> {
    let all = json!({"repositoryId": group, "folderId": folder});
    let files = client.call("/dlapp/get-file-entries", all).await.expect(200).json();
    let files = files.as_array().unwrap().clone();
    for file in &files {
        let ask = json!({"groupId": group, "externalReferenceCode": file["externalReferenceCode"]});
        assert_eq!(client.call(BY_CODE, ask).await.expect(200).json(), *file);
    }
    files
}

#[track_caller]
fn titled<'a>(files: &'a [Value], title: &str) -> &'a Value {
    files.iter().find(|file| file["title"] == title).unwrap()
}

/// Moves an item below the root folder of a library, the names staying as they are.
async fn move_into(server: &Server, item: i64, root: &ItemKey) {
    let actor = world::actor(&server.vault, &server.world.ann).await;
    let look = server.vault.look(&actor, &ItemKey::Number(item)).await.unwrap();
    let target = server.vault.look(&actor, root).await.unwrap();
    Box::pin(server.vault.relocate(&actor, &look, &target, OnConflict::Fail)).await.unwrap();
}

/// Waits until somebody waits for what somebody else has not committed.
async fn somebody_waits(server: &Server) {
    let mut db = database(server).await;
    let waiting =
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'";
    while sqlx::query_scalar::<_, i64>(waiting).fetch_one(&mut db).await.unwrap() == 0 {
        tokio::task::yield_now().await;
    }
}

/// Does what needs a code while the world's file is being given it, which nobody sees yet: it waits, and then the code is taken.
async fn while_given<T>(server: &Server, code: i64, act: impl Future<Output = T>) -> T {
    let mut db = database(server).await;
    let mut giving = db.begin().await.unwrap();
    let give = sqlx::query("UPDATE items SET external_code = $2 WHERE id = $1");
    give.bind(server.world.file.id.0).bind(code.to_string()).execute(&mut *giving).await.unwrap();
    let given = async {
        somebody_waits(server).await;
        giving.commit().await.unwrap();
    };
    let (done, ()) = tokio::join!(act, given);
    assert_eq!(
        title_of(server, &server.liferay(&server.world.ann), &code.to_string()).await.as_deref(),
        Some("plan.txt")
    );
    done
}

#[tokio::test]
async fn a_code_stays_that_of_who_was_given_it_when_another_file_gets_the_number() {
    let server = Server::start().await;
    let ann = server.liferay(&server.world.ann);
    let first = give_coming(&server, &ann, 1).await;
    let made = add(&server, &ann, "late.txt", "").await.expect(200).json();
    let number = first.to_string();
    assert_eq!(made["fileEntryId"], number);
    assert_eq!(title_of(&server, &ann, &own_code(&made)).await.as_deref(), Some("late.txt"));
    assert_eq!(title_of(&server, &ann, &number).await, Some(format!("given {first}.txt")));
    // one that is given another code anyway is not in its way
    let first = give_coming(&server, &ann, 1).await;
    let other = add(&server, &ann, "other.txt", "OTHER").await.expect(200).json();
    let shown = (&other["fileEntryId"], &other["externalReferenceCode"]);
    assert_eq!(shown, (&json!(first.to_string()), &json!("OTHER")));
    each_found(&ann, (server.group(), 0)).await;
    // the number is the file's again when it is asked for and free
    taken(&server, update(&ann, "/dlapp/update-file-entry", &made["fileEntryId"], &number).await, &number);
    let path = format!("/sites/{}/documents/by-external-reference-code/{number}", server.group());
    ann.rest("DELETE", &path).await.expect(204);
    assert_eq!(title_of(&server, &ann, &number).await, None);
    shows_its_number(&update(&ann, "/dlapp/update-file-entry", &made["fileEntryId"], &number).await.expect(200).json());
    assert_eq!(title_of(&server, &ann, &number).await.as_deref(), Some("late.txt"));
}

#[tokio::test]
async fn copies_and_seeds_take_nobodys_code() {
    let server = Server::start().await;
    let ann = server.liferay(&server.world.ann);
    let folder = ann.make_folder(0, "Outer").await;
    ann.add_to(folder, "a.txt").await;
    ann.add_to(folder, "b.txt").await;
    give_coming(&server, &ann, 8).await;
    let copy = json!({
        "repositoryId": server.group(), "sourceFolderId": folder, "parentFolderId": 0, "name": "Copy", "description": "",
    });
    let copy = ann.call("/dlapp/copy-folder", copy).await.expect(200).json()["folderId"].clone();
    let copies = each_found(&ann, (server.group(), copy.as_str().unwrap().parse().unwrap())).await;
    assert_eq!(copies.len(), 2);
    assert_ne!(own_code(&copies[0]), own_code(&copies[1]));
    give_coming(&server, &ann, 8).await;
    world::add(&server.vault, "files = [{ at = \"Engineering/seeded.txt\", text = \"x\", by = \"ann\" }]").await;
    own_code(titled(&each_found(&ann, (server.group(), 0)).await, "seeded.txt"));
}

#[tokio::test]
async fn a_file_that_was_given_a_code_gets_its_number_back_only_while_it_is_free() {
    let server = Server::start().await;
    let ann = server.liferay(&server.world.ann);
    let made = add(&server, &ann, "a.txt", "A").await.expect(200).json();
    let id = &made["fileEntryId"];
    let number = id.as_str().unwrap();
    let other = add(&server, &ann, "b.txt", number).await.expect(200).json()["fileEntryId"].clone();
    for method in ["/dlapp/update-file-entry", "/dlapp/update-file-entry-and-check-in"] {
        taken(&server, update(&ann, method, id, number).await, number);
    }
    // nor in the working copy
    ann.call("/dlapp/check-out-file-entry", json!({"fileEntryId": id})).await.expect(200);
    taken(&server, update(&ann, "/dlapp/update-file-entry", id, number).await, number);
    ann.call("/dlapp/cancel-check-out", json!({"fileEntryId": id})).await.expect(200);
    let coded = json!({"externalReferenceCode": number});
    ann.rest_json("PATCH", &format!("/documents/{number}"), &coded).await.expect(409);
    assert_eq!(shown(&ann, id).await, made);
    assert_eq!(title_of(&server, &ann, number).await.as_deref(), Some("b.txt"));
    trash(&ann, &other).await;
    shows_its_number(&update(&ann, "/dlapp/update-file-entry", id, number).await.expect(200).json());
    // and the other way round: what comes back finds it taken
    back(&ann, &other).await;
    shows_its_number(&shown(&ann, &other).await);
    assert_eq!(title_of(&server, &ann, number).await.as_deref(), Some("a.txt"));
}

#[tokio::test]
async fn what_comes_back_from_the_trash_takes_nobodys_code() {
    let server = Server::start().await;
    let ann = server.liferay(&server.world.ann);
    let alone = add(&server, &ann, "alone.txt", "").await.expect(200).json()["fileEntryId"].clone();
    let coded = add(&server, &ann, "coded.txt", "CODED").await.expect(200).json()["fileEntryId"].clone();
    for (id, codes) in [(&alone, [alone.as_str().unwrap(), "X"]), (&coded, ["CODED", coded.as_str().unwrap()])] {
        trash(&ann, id).await;
        for code in codes {
            add(&server, &ann, &format!("new {code}.txt"), code).await.expect(200);
        }
        back(&ann, id).await;
        let code = own_code(&shown(&ann, id).await);
        for code in codes {
            assert_eq!(title_of(&server, &ann, code).await, Some(format!("new {code}.txt")));
        }
        // a code of its own is kept as any other
        trash(&ann, id).await;
        back(&ann, id).await;
        assert_eq!(shown(&ann, id).await["externalReferenceCode"], code);
    }
    each_found(&ann, (server.group(), 0)).await;
}

#[tokio::test]
async fn what_comes_back_with_a_folder_takes_nobodys_code() {
    let server = Server::start().await;
    let ann = server.liferay(&server.world.ann);
    let folder = ann.make_folder(0, "Outer").await;
    let inside = (server.group(), folder);
    let lost = add_at(&ann, inside, "lost.txt", "LOST").await.expect(200).json()["fileEntryId"].clone();
    // its number is the code of one that lies beside it
    let number = lost.as_str().unwrap();
    add_at(&ann, inside, "beside.txt", number).await.expect(200);
    let plain = add_at(&ann, inside, "plain.txt", "").await.expect(200).json()["fileEntryId"].clone();
    add_at(&ann, inside, "kept.txt", "KEPT").await.expect(200);
    let usual = add_at(&ann, inside, "usual.txt", "USUAL").await.expect(200).json();
    ann.call("/dlapp/delete-folder", json!({"folderId": folder})).await.expect(200);
    for code in ["LOST", plain.as_str().unwrap(), "USUAL"] {
        add(&server, &ann, &format!("new {code}.txt"), code).await.expect(200);
    }
    // a folder's number is nobody's code
    add(&server, &ann, "folder.txt", &folder.to_string()).await.expect(200);
    let actor = world::actor(&server.vault, &server.world.ann).await;
    let trash = server.vault.trash(&actor, 10).await.unwrap();
    let entry = trash.iter().find(|entry| entry.item.name == "Outer").unwrap();
    server.vault.restore(&actor, &entry.id).await.unwrap();
    let files = each_found(&ann, inside).await;
    assert_eq!(files.len(), 5);
    assert_ne!(own_code(titled(&files, "lost.txt")), own_code(titled(&files, "plain.txt")));
    assert_eq!(titled(&files, "beside.txt")["externalReferenceCode"], number);
    assert_eq!(titled(&files, "kept.txt")["externalReferenceCode"], "KEPT");
    assert_eq!(titled(&files, "usual.txt")["externalReferenceCode"], usual["fileEntryId"]);
    each_found(&ann, (server.group(), 0)).await;
}

#[tokio::test]
async fn what_comes_into_a_site_takes_nobodys_code() {
    let server = Server::start().await;
    let ann = server.liferay(&server.world.ann);
    let mine = world::personal(&server.vault, &server.world.ann).await;
    let folder = ann.make_folder(0, "Outer").await;
    let inner = ann.add_to(folder, "inner.txt").await;
    let deleted = ann.add_to(folder, "deleted.txt").await;
    let free = ann.add_to(folder, "free.txt").await;
    let alone = add(&server, &ann, "alone.txt", "ALONE").await.expect(200).json()["fileEntryId"].clone();
    let alone: i64 = alone.as_str().unwrap().parse().unwrap();
    trash(&ann, &json!(deleted)).await;
    for number in [inner, deleted, alone] {
        let code = number.to_string();
        add_at(&ann, (mine.number, 0), &format!("new {number}.txt"), &code).await.expect(200);
    }
    for item in [folder, alone] {
        move_into(&server, item, &ItemKey::Id(mine.root)).await;
    }
    back(&ann, &json!(deleted)).await;
    for number in [inner, deleted, alone] {
        let moved = shown(&ann, &json!(number)).await;
        assert_eq!(moved["groupId"], mine.number.to_string());
        own_code(&moved);
        let ask = json!({"groupId": mine.number, "externalReferenceCode": number.to_string()});
        assert_eq!(ann.call(BY_CODE, ask).await.expect(200).json()["title"], format!("new {number}.txt"));
    }
    shows_its_number(&shown(&ann, &json!(free)).await);
    assert_eq!(each_found(&ann, (mine.number, folder)).await.len(), 3);
    assert_eq!(each_found(&ann, (mine.number, 0)).await.len(), 4);
    // nobody has the number at home
    move_into(&server, alone, &ItemKey::Id(server.world.library.root)).await;
    shows_its_number(&shown(&ann, &json!(alone)).await);
}

#[tokio::test]
async fn what_is_transferred_takes_nobodys_code() {
    let server = Server::start().await;
    let (vault, world) = (&server.vault, &server.world);
    let bob = server.liferay(&world.bob);
    let (mine, his) = (world::personal(vault, &world.ann).await, world::personal(vault, &world.bob).await);
    let file = world::file(vault, &world.ann, &mine, "moved.txt", "x").await;
    let other = world::file(vault, &world.ann, &mine, "other.txt", "x").await;
    add_at(&bob, (his.number, 0), "new.txt", &file.number.to_string()).await.expect(200);
    let dora = world::actor(vault, &world.dora).await;
    Box::pin(vault.transfer_content(&dora, world.ann.person.id, world.bob.person.id)).await.unwrap();
    let moved = shown(&bob, &json!(file.number)).await;
    assert_eq!(moved["groupId"], his.number.to_string());
    own_code(&moved);
    shows_its_number(&shown(&bob, &json!(other.number)).await);
    let folder = moved["folderId"].as_str().unwrap().parse().unwrap();
    assert_eq!(each_found(&bob, (his.number, folder)).await.len(), 2);
    assert_eq!(each_found(&bob, (his.number, 0)).await[0]["title"], "new.txt");
}

#[tokio::test]
async fn who_meets_a_code_that_is_being_given_draws_again() {
    let server = Server::start().await;
    let ann = server.liferay(&server.world.ann);
    let folder = ann.make_folder(0, "Outer").await;
    ann.add_to(folder, "a.txt").await;
    let number = coming(&server).await;
    go_on(&server, number).await;
    let made = while_given(&server, number, add(&server, &ann, "late.txt", "")).await.expect(200).json();
    assert_ne!(made["fileEntryId"], number.to_string());
    shows_its_number(&made);
    // who gives that very code is refused
    let code = coming(&server).await;
    let refused = while_given(&server, code, add(&server, &ann, "b.txt", &code.to_string())).await;
    taken(&server, refused, &code.to_string());
    let code = coming(&server).await;
    let text = code.to_string();
    let updating = update(&ann, "/dlapp/update-file-entry", &made["fileEntryId"], &text);
    taken(&server, while_given(&server, code, updating).await, &text);
    // the folder itself draws the first
    let number = coming(&server).await;
    go_on(&server, number).await;
    let copy = json!({
        "repositoryId": server.group(), "sourceFolderId": folder, "parentFolderId": 0, "name": "Copy", "description": "",
    });
    let copy = while_given(&server, number + 1, ann.call("/dlapp/copy-folder", copy)).await.expect(200).json();
    let copies = each_found(&ann, (server.group(), copy["folderId"].as_str().unwrap().parse().unwrap())).await;
    assert_ne!(copies[0]["fileEntryId"], (number + 1).to_string());
    shows_its_number(&copies[0]);
}

#[tokio::test]
async fn what_comes_back_or_moves_meets_a_code_that_is_being_given() {
    let server = Server::start().await;
    let ann = server.liferay(&server.world.ann);
    let made = add(&server, &ann, "a.txt", "").await.expect(200).json()["fileEntryId"].clone();
    trash(&ann, &made).await;
    while_given(&server, made.as_str().unwrap().parse().unwrap(), back(&ann, &made)).await;
    own_code(&shown(&ann, &made).await);
    let mine = world::personal(&server.vault, &server.world.ann).await;
    let alone = world::file(&server.vault, &server.world.ann, &mine, "alone.txt", "x").await.number;
    let home = ItemKey::Id(server.world.library.root);
    while_given(&server, alone, move_into(&server, alone, &home)).await;
    own_code(&shown(&ann, &json!(alone)).await);
    // a folder with what it holds
    let made = json!({"repositoryId": mine.number, "parentFolderId": 0, "name": "Outer", "description": ""});
    let made = ann.call("/dlapp/add-folder", made).await.expect(200).json()["folderId"].clone();
    let folder: i64 = made.as_str().unwrap().parse().unwrap();
    let inner = add_at(&ann, (mine.number, folder), "inner.txt", "").await.expect(200).json()["fileEntryId"].clone();
    let number = inner.as_str().unwrap().parse().unwrap();
    while_given(&server, number, move_into(&server, folder, &home)).await;
    own_code(&shown(&ann, &inner).await);
    each_found(&ann, (server.group(), 0)).await;
}

#[tokio::test]
async fn many_who_draw_numbers_and_many_who_give_them_share_none() {
    let server = Server::start().await;
    let (ann, bob) = (server.liferay(&server.world.ann), server.liferay(&server.world.bob));
    for round in 0..3 {
        let first = coming(&server).await;
        go_on(&server, first).await;
        let wanted: Vec<(String, String)> = (0..16)
            .map(|place| {
                let code = if place % 2 == 0 { String::new() } else { (first + place).to_string() };
                (format!("{round} {place}.txt"), code)
            })
            .collect();
        let clients = [&ann, &bob];
        let adds = wanted.iter().zip(clients.iter().cycle());
        let answers = join_all(adds.map(|((title, code), client)| add(&server, client, title, code))).await;
        for ((_, code), answer) in wanted.iter().zip(answers) {
            if !answer.status.is_success() {
                assert!(!code.is_empty(), "{answer}");
                taken(&server, answer, code);
            }
        }
        each_found(&ann, (server.group(), 0)).await;
    }
    // whoever was faster, what comes back is back
    for round in 0..4 {
        let made = add(&server, &ann, &format!("back {round}.txt"), "").await.expect(200).json();
        let (id, number) = (&made["fileEntryId"], made["fileEntryId"].as_str().unwrap());
        trash(&ann, id).await;
        let title = format!("given {round}.txt");
        let (given, ()) = tokio::join!(add(&server, &bob, &title, number), back(&ann, id));
        if !given.status.is_success() {
            taken(&server, given, number);
        }
        shown(&ann, id).await;
        each_found(&ann, (server.group(), 0)).await;
    }
}
