//! External reference codes: the names other systems have for files (spec/liferay.md 9.3).

use coatcheck::{
    domain::{
        id::{ItemKey, LibraryKey},
        item::OnConflict,
    },
    vault::LibraryUpdate,
};
use futures_util::future::join_all;
use reqwest::multipart::{Form, Part};
use serde_json::{Value, json};

use crate::support::{answer::Answer, liferay::Liferay, server::Server, world};

pub(super) const BY_CODE: &str = "/dlapp/get-file-entry-by-external-reference-code";
const DUPLICATE: &str =
    "com.liferay.document.library.kernel.exception.DuplicateFileEntryExternalReferenceCodeException";

/// Adds a file to the root folder of the world's library.
pub(super) async fn add(server: &Server, client: &Liferay<'_>, title: &str, code: &str) -> Answer {
    add_at(client, (server.group(), 0), title, code).await
}

/// The same to any folder of a site. What 7.4 sends: more names than 7.2 knows.
pub(super) async fn add_at(client: &Liferay<'_>, (group, folder): (i64, i64), title: &str, code: &str) -> Answer {
    let file = json!({
        "externalReferenceCode": code, "repositoryId": group, "folderId": folder, "sourceFileName": title,
        "mimeType": "", "title": title, "urlTitle": "", "description": "", "changeLog": "", "bytes": [1, 2],
        "displayDate": null, "expirationDate": null, "reviewDate": null,
    });
    client.call("/dlapp/add-file-entry", file).await
}

async fn by_code(server: &Server, client: &Liferay<'_>, code: &str) -> Answer {
    client.call(BY_CODE, json!({"groupId": server.group(), "externalReferenceCode": code})).await
}

/// Whose the code is; nothing where it is nobody's.
pub(super) async fn title_of(server: &Server, client: &Liferay<'_>, code: &str) -> Option<String> {
    let answer = by_code(server, client, code).await;
    answer.status.is_success().then(|| answer.json()["title"].as_str().unwrap().to_owned())
}

#[track_caller]
pub(super) fn taken(server: &Server, answer: Answer, code: &str) {
    let refused = answer.expect(500).json();
    let text = format!("Duplicate file entry external reference code {code} in group {}", server.group());
    assert_eq!((&refused["error"]["type"], &refused["exception"]), (&json!(DUPLICATE), &json!(text)));
}

/// Changes a file, which may take a code.
pub(super) async fn update(client: &Liferay<'_>, method: &str, id: &Value, code: &str) -> Answer {
    let form = Form::new()
        .text("externalReferenceCode", code.to_owned())
        .text("fileEntryId", id.as_str().unwrap().to_owned())
        .text("sourceFileName", "")
        .text("mimeType", "")
        .text("title", "")
        .text("description", "")
        .text("changeLog", "")
        .text("dlVersionNumberIncrease", "MINOR")
        .text("expirationDate", "")
        .text("reviewDate", "")
        .part("file", Part::bytes(code.as_bytes().to_vec()).file_name("upload.txt"));
    client.parts(method, form).await
}

#[tokio::test]
async fn a_file_is_found_by_the_code_it_was_added_with() {
    let server = Server::start().await;
    let (ann, vic) = (server.liferay(&server.world.ann), server.liferay(&server.world.vic));
    let made = add(&server, &ann, "a.txt", "ERP/17 ä").await.expect(200).json();
    assert_eq!(made["externalReferenceCode"], "ERP/17 ä");
    assert_eq!(by_code(&server, &vic, "ERP/17 ä").await.expect(200).json(), made);
    let listed = json!({"repositoryId": server.group(), "folderId": 0});
    assert_eq!(ann.call("/dlapp/get-file-entries", listed).await.expect(200).json()[0], made);
    // by the form, which is multipart
    let form = Form::new()
        .text("externalReferenceCode", "B-1")
        .text("repositoryId", server.group().to_string())
        .text("folderId", "0")
        .text("sourceFileName", "b.txt")
        .text("mimeType", "")
        .text("title", "b.txt")
        .text("description", "")
        .text("changeLog", "")
        .part("file", Part::bytes(&b"b"[..]).file_name("b.txt"));
    ann.parts("/dlapp/add-file-entry", form).await.expect(200);
    assert_eq!(title_of(&server, &ann, "B-1").await.as_deref(), Some("b.txt"));
    // one that was given none is known by its number; case and blanks count
    let plan = server.plan_number().to_string();
    assert_eq!(title_of(&server, &vic, &plan).await.as_deref(), Some("plan.txt"));
    assert_eq!(add(&server, &ann, "c.txt", "").await.expect(200).json()["title"], "c.txt");
    for none in
        ["erp/17 ä", "ERP/17 ä ", "", "0", &format!("0{plan}"), &"x".repeat(200), made["fileEntryId"].as_str().unwrap()]
    {
        let missing = by_code(&server, &ann, none).await.expect(404).json();
        let text =
            format!("No DLFileEntry exists with the key {{groupId={}, externalReferenceCode={none}}}", server.group());
        assert_eq!(missing["exception"], text);
        assert!(missing["error"]["type"].as_str().unwrap().ends_with(".NoSuchFileEntryException"));
    }
    for bad in ["x".repeat(76), "a\nb".to_owned()] {
        let refused = add(&server, &ann, "d.txt", &bad).await.expect(500).json();
        assert_eq!(refused["error"]["type"], "java.lang.IllegalArgumentException");
    }
    let refused = json!({"groupId": 1, "externalReferenceCode": "B-1"});
    assert!(ann.call(BY_CODE, refused).await.expect(404).text().contains("NoSuchGroupException"));
    server.liferay_guest().call(BY_CODE, json!({"groupId": 1, "externalReferenceCode": "B-1"})).await.expect(403);
}

#[tokio::test]
async fn a_file_is_found_by_its_file_name() {
    let server = Server::start().await;
    let ann = server.liferay(&server.world.ann);
    ann.add("Grüße", "x.txt", "a").await.expect(200);
    let ask = |name: &str| json!({"groupId": server.group(), "folderId": 0, "fileName": name});
    let method = "/dlapp/get-file-entry-by-file-name";
    assert_eq!(ann.call(method, ask("Grüße.txt")).await.expect(200).json()["title"], "Grüße");
    for none in ["Grüße", "grüße.txt", "", "nope.txt"] {
        let missing = ann.call(method, ask(none)).await.expect(404).json();
        let text =
            format!("No DLFileEntry exists with the key {{groupId={}, folderId=0, fileName={none}}}", server.group());
        assert_eq!(missing["exception"], text);
    }
    server.liferay(&server.world.eve).call(method, ask("plan.txt")).await.expect(404);
}

#[tokio::test]
async fn a_code_is_given_to_one_file_of_a_site() {
    let server = Server::start().await;
    let ann = server.liferay(&server.world.ann);
    add(&server, &ann, "a.txt", "A").await.expect(200);
    taken(&server, add(&server, &ann, "b.txt", "A").await, "A");
    // nothing was made
    let ask = json!({"groupId": server.group(), "folderId": 0, "title": "b.txt"});
    ann.call("/dlapp/get-file-entry", ask).await.expect(404);
    // the number of a file that has no other code is its code
    let plan = server.plan_number().to_string();
    taken(&server, add(&server, &ann, "b.txt", &plan).await, &plan);
    let made = add(&server, &ann, "b.txt", "B").await.expect(200).json();
    let id = &made["fileEntryId"];
    for method in ["/dlapp/update-file-entry", "/dlapp/update-file-entry-and-check-in"] {
        taken(&server, update(&ann, method, id, "A").await, "A");
        taken(&server, update(&ann, method, id, &plan).await, &plan);
    }
    let now = ann.call("/dlapp/get-file-entry", json!({"fileEntryId": id})).await.expect(200).json();
    assert_eq!(now, made);
    // in another site it is another's
    let personal = world::personal(&server.vault, &server.world.ann).await;
    let file = json!({
        "externalReferenceCode": "A", "repositoryId": personal.number, "folderId": 0, "sourceFileName": "a.txt", "mimeType": "",
        "title": "a.txt", "description": "", "changeLog": "", "bytes": [1, 2],
    });
    ann.call("/dlapp/add-file-entry", file).await.expect(200);
}

#[tokio::test]
async fn an_update_gives_a_file_another_code_or_its_number_back() {
    let server = Server::start().await;
    let ann = server.liferay(&server.world.ann);
    let made = add(&server, &ann, "a.txt", "A").await.expect(200).json();
    let id = &made["fileEntryId"];
    let updated = update(&ann, "/dlapp/update-file-entry", id, "A2").await.expect(200).json();
    assert_eq!((&updated["externalReferenceCode"], &updated["version"]), (&json!("A2"), &json!("1.1")));
    assert_eq!(title_of(&server, &ann, "A").await, None);
    // nothing said changes nothing; the same again neither
    for code in ["", "A2"] {
        let updated = update(&ann, "/dlapp/update-file-entry", id, code).await.expect(200).json();
        assert_eq!(updated["externalReferenceCode"], "A2");
    }
    // the file's, and not the working copy's: it changes at once, and stays after a cancel
    ann.call("/dlapp/check-out-file-entry", json!({"fileEntryId": id})).await.expect(200);
    let other = server.liferay(&server.world.bob);
    let refused = update(&other, "/dlapp/update-file-entry", id, "B").await.expect(500).json();
    assert!(refused["error"]["type"].as_str().unwrap().ends_with("$MustOwnLock"), "{refused}");
    add(&server, &ann, "c.txt", "C").await.expect(200);
    taken(&server, update(&ann, "/dlapp/update-file-entry", id, "C").await, "C");
    update(&ann, "/dlapp/update-file-entry", id, "A3").await.expect(200);
    assert_eq!(title_of(&server, &other, "A3").await.as_deref(), Some("a.txt"));
    ann.call("/dlapp/cancel-check-out", json!({"fileEntryId": id})).await.expect(200);
    assert_eq!(title_of(&server, &other, "A3").await.as_deref(), Some("a.txt"));
    let number = id.as_str().unwrap();
    let updated = update(&ann, "/dlapp/update-file-entry-and-check-in", id, number).await.expect(200).json();
    assert_eq!(updated["externalReferenceCode"], number);
    assert_eq!(title_of(&server, &ann, number).await.as_deref(), Some("a.txt"));
}

#[tokio::test]
async fn of_many_who_give_one_code_at_once_one_does() {
    let server = Server::start().await;
    let (ann, bob) = (server.liferay(&server.world.ann), server.liferay(&server.world.bob));
    let names: Vec<String> = (0..8).map(|number| format!("{number}.txt")).collect();
    let clients = [&ann, &bob];
    let adds = names.iter().zip(clients.iter().cycle()).map(|(name, client)| add(&server, client, name, "ONE"));
    let answers = join_all(adds).await;
    let made: Vec<Value> =
        answers.iter().filter(|answer| answer.status.is_success()).map(|answer| answer.clone().json()).collect();
    assert_eq!(made.len(), 1);
    for refused in answers.into_iter().filter(|answer| !answer.status.is_success()) {
        taken(&server, refused, "ONE");
    }
    assert_eq!(by_code(&server, &ann, "ONE").await.expect(200).json(), made[0]);
    // updates meet in the same way
    let mut ids = Vec::new();
    for name in ["x.txt", "y.txt", "z.txt"] {
        ids.push(add(&server, &ann, name, "").await.expect(200).json()["fileEntryId"].clone());
    }
    let updates = ids.iter().map(|id| update(&ann, "/dlapp/update-file-entry", id, "TWO"));
    let answers = join_all(updates).await;
    assert_eq!(answers.iter().filter(|answer| answer.status.is_success()).count(), 1);
    let listed = json!({"repositoryId": server.group(), "folderId": 0});
    let listed = ann.call("/dlapp/get-file-entries", listed).await.expect(200).json();
    assert_eq!(listed.as_array().unwrap().len(), 5);
}

#[tokio::test]
async fn what_is_deleted_gives_its_code_free_and_comes_back_with_it_or_without() {
    let server = Server::start().await;
    let ann = server.liferay(&server.world.ann);
    let first = add(&server, &ann, "a.txt", "A").await.expect(200).json()["fileEntryId"].clone();
    let trash = async |id: &Value| ann.call("/dlapp/delete-file-entry", json!({"fileEntryId": id})).await.expect(200);
    let back = async |id: &Value| {
        ann.call("/dltrash/restore-file-entry-from-trash", json!({"fileEntryId": id})).await.expect(200)
    };
    trash(&first).await;
    assert_eq!(title_of(&server, &ann, "A").await, None);
    back(&first).await;
    assert_eq!(title_of(&server, &ann, "A").await.as_deref(), Some("a.txt"));
    trash(&first).await;
    let second = add(&server, &ann, "b.txt", "A").await.expect(200).json()["fileEntryId"].clone();
    back(&first).await;
    assert_eq!(title_of(&server, &ann, "A").await.as_deref(), Some("b.txt"));
    let number = first.as_str().unwrap();
    assert_eq!(title_of(&server, &ann, number).await.as_deref(), Some("a.txt"));
    // it was left behind for good
    trash(&second).await;
    assert_eq!(title_of(&server, &ann, "A").await, None);
    add(&server, &ann, "c.txt", "A").await.expect(200);
}

#[tokio::test]
async fn what_goes_with_a_folder_comes_back_with_its_code_unless_it_was_given_again() {
    let server = Server::start().await;
    let ann = server.liferay(&server.world.ann);
    let folder = json!({"repositoryId": server.group(), "parentFolderId": 0, "name": "Outer", "description": ""});
    let folder = ann.call("/dlapp/add-folder", folder).await.expect(200).json()["folderId"].clone();
    for (title, code) in [("a.txt", "A"), ("b.txt", "B")] {
        let id = add(&server, &ann, title, code).await.expect(200).json()["fileEntryId"].clone();
        let to = json!({"fileEntryId": id, "newFolderId": folder});
        // within the site it keeps its code
        let moved = ann.call("/dlapp/move-file-entry", to).await.expect(200).json();
        assert_eq!(moved["externalReferenceCode"], code);
    }
    let actor = world::actor(&server.vault, &server.world.ann).await;
    ann.call("/dlapp/delete-folder", json!({"folderId": folder})).await.expect(200);
    add(&server, &ann, "other.txt", "B").await.expect(200);
    let trash = server.vault.trash(&actor, 10).await.unwrap();
    let entry = trash.iter().find(|entry| entry.item.name == "Outer").unwrap();
    server.vault.restore(&actor, &entry.id).await.unwrap();
    assert_eq!(title_of(&server, &ann, "A").await.as_deref(), Some("a.txt"));
    assert_eq!(title_of(&server, &ann, "B").await.as_deref(), Some("other.txt"));
}

#[tokio::test]
async fn a_copy_has_no_code_and_what_leaves_its_site_leaves_its_code() {
    let server = Server::start().await;
    let (vault, world) = (&server.vault, &server.world);
    let ann = server.liferay(&world.ann);
    let folder = json!({"repositoryId": server.group(), "parentFolderId": 0, "name": "Outer", "description": ""});
    let folder = ann.call("/dlapp/add-folder", folder).await.expect(200).json()["folderId"].clone();
    let inner = add(&server, &ann, "inner.txt", "INNER").await.expect(200).json()["fileEntryId"].clone();
    ann.call("/dlapp/move-file-entry", json!({"fileEntryId": inner, "newFolderId": folder})).await.expect(200);
    let alone = add(&server, &ann, "alone.txt", "ALONE").await.expect(200).json()["fileEntryId"].clone();
    let copy = json!({
        "repositoryId": server.group(), "sourceFolderId": folder, "parentFolderId": 0, "name": "Copy", "description": "",
    });
    let copy = ann.call("/dlapp/copy-folder", copy).await.expect(200).json()["folderId"].clone();
    let copied = json!({"repositoryId": server.group(), "folderId": copy});
    let copied = ann.call("/dlapp/get-file-entries", copied).await.expect(200).json();
    assert_eq!(copied[0]["externalReferenceCode"], copied[0]["fileEntryId"]);
    assert_eq!(by_code(&server, &ann, "INNER").await.expect(200).json()["fileEntryId"], inner);

    let mine = world::personal(vault, &world.ann).await;
    let actor = world::actor(vault, &world.ann).await;
    let look = async |key: ItemKey| vault.look(&actor, &key).await.unwrap();
    let number = |id: &Value| ItemKey::Number(id.as_str().unwrap().parse().unwrap());
    let target = look(ItemKey::Id(mine.root)).await;
    for id in [&folder, &alone] {
        vault.relocate(&actor, &look(number(id)).await, &target, OnConflict::Fail).await.unwrap();
    }
    for code in ["INNER", "ALONE"] {
        assert_eq!(title_of(&server, &ann, code).await, None);
        add(&server, &ann, &format!("new {code}.txt"), code).await.expect(200);
    }
    for id in [&inner, &alone] {
        let shown = ann.call("/dlapp/get-file-entry", json!({"fileEntryId": id})).await.expect(200).json();
        assert_eq!((&shown["groupId"], &shown["externalReferenceCode"]), (&json!(mine.number.to_string()), id));
    }
    // back home it is not what it was
    let home = vault.library(&actor, &LibraryKey::Id(world.library.id)).await.unwrap();
    let home = look(ItemKey::Id(home.root)).await;
    vault.relocate(&actor, &look(number(&alone)).await, &home, OnConflict::Fail).await.unwrap();
    assert_eq!(title_of(&server, &ann, alone.as_str().unwrap()).await.as_deref(), Some("alone.txt"));
}

#[tokio::test]
async fn a_code_tells_nothing_of_what_the_caller_may_not_see() {
    let server = Server::start().await;
    let required = LibraryUpdate { check_out_required: Some(true), ..LibraryUpdate::default() };
    server.vault.update_library(server.world.library.id, &required).await.unwrap();
    let (ann, bob) = (server.liferay(&server.world.ann), server.liferay(&server.world.bob));
    add(&server, &ann, "secret.txt", "SECRET").await.expect(200);
    assert_eq!(title_of(&server, &ann, "SECRET").await.as_deref(), Some("secret.txt"));
    let hidden = by_code(&server, &bob, "SECRET").await.expect(404).text();
    let absent = by_code(&server, &bob, "ABSENT").await.expect(404).text();
    assert_eq!(hidden.replace("SECRET", "ABSENT"), absent);
}
