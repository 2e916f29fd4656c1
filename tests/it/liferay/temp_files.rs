//! Temporary files: a user's own uploads until something is made of them (spec/liferay.md 9.1).

use chrono::Duration;
use coatcheck::{
    domain::id::ItemKey,
    vault::{Quota, Swept},
};
use futures_util::future::join_all;
use reqwest::multipart::{Form, Part};
use serde_json::{Value, json};

use crate::support::{answer::Answer, liferay::Liferay, server::Server, world};

const ADD: &str = "/dlapp/add-temp-file-entry";
const DELETE: &str = "/dlapp/delete-temp-file-entry";
const NAMES: &str = "/dlapp/get-temp-file-names";
/// Longer than what stands in a row.
const LONG: usize = 40_000;

/// What all three are told of where it is.
fn shelf(server: &Server, folder: &Value, word: &str) -> Value {
    json!({"groupId": server.group(), "folderId": folder, "folderName": word})
}

async fn add(server: &Server, client: &Liferay<'_>, folder: &Value, word: &str, name: &str, text: String) -> Answer {
    let form = Form::new()
        .text("groupId", server.group().to_string())
        .text("folderId", folder.as_str().map_or_else(|| folder.to_string(), str::to_owned))
        .text("folderName", word.to_owned())
        .text("fileName", name.to_owned())
        .text("mimeType", "")
        .part("file", Part::bytes(text.into_bytes()).file_name("upload.txt"));
    client.parts(ADD, form).await
}

async fn names(server: &Server, client: &Liferay<'_>, folder: &Value, word: &str) -> Value {
    client.call(NAMES, shelf(server, folder, word)).await.expect(200).json()
}

async fn delete(server: &Server, client: &Liferay<'_>, folder: &Value, word: &str, name: &str) -> Answer {
    let mut parameters = shelf(server, folder, word);
    parameters["fileName"] = name.into();
    client.call(DELETE, parameters).await
}

async fn folder(server: &Server, client: &Liferay<'_>, name: &str) -> Value {
    let folder = json!({"repositoryId": server.group(), "parentFolderId": 0, "name": name, "description": ""});
    client.call("/dlapp/add-folder", folder).await.expect(200).json()["folderId"].clone()
}

/// Blobs of the content store.
fn blobs(server: &Server) -> usize {
    fn count(folder: &std::path::Path) -> usize {
        let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
        entries.map(|path| if path.is_dir() { count(&path) } else { 1 }).sum()
    }
    count(server.content.path())
}

#[tokio::test]
async fn a_temporary_file_is_a_file_entry_member_for_member() {
    let server = Server::start().await;
    let ann = server.liferay(&server.world.ann);
    let made = add(&server, &ann, &json!(0), "drop", "draft.pdf", "some bytes".to_owned()).await.expect(200).json();
    let plan = json!({"fileEntryId": server.plan_number()});
    let file = ann.call("/dlapp/get-file-entry", plan).await.expect(200).json();
    let members = |entry: &Value| entry.as_object().unwrap().keys().cloned().collect::<Vec<_>>();
    assert_eq!(members(&made), members(&file));
    for (member, expected) in [
        ("title", json!("draft.pdf")),
        ("fileName", json!("draft.pdf")),
        ("extension", json!("pdf")),
        ("mimeType", json!("application/pdf")),
        ("size", json!("10")),
        ("version", json!("1.0")),
        ("folderId", json!("0")),
        ("treePath", json!("/")),
        ("groupId", json!(server.group().to_string())),
        ("userId", json!(server.world.ann.person.number.to_string())),
        ("userName", json!("Ann Example")),
        ("createDate", json!(1_772_600_767_000_i64)),
        ("externalReferenceCode", made["fileEntryId"].clone()),
    ] {
        assert_eq!(made[member], expected, "{member}");
    }
    assert_ne!(made["fileEntryId"], file["fileEntryId"]);
    // what the client says of the type counts, an empty name is the part's, and no bytes are an empty file
    let mut said = shelf(&server, &json!(0), "drop");
    (said["fileName"], said["mimeType"], said["file"]) = (json!("b.pdf"), json!("text/x-own"), Value::Null);
    let made = ann.call(ADD, said).await.expect(200).json();
    assert_eq!((&made["mimeType"], &made["size"]), (&json!("text/x-own"), &json!("0")));
    add(&server, &ann, &json!(0), "drop", "", "text".to_owned()).await.expect(200);
    assert_eq!(names(&server, &ann, &json!(0), "drop").await, json!(["b.pdf", "draft.pdf", "upload.txt"]));
}

#[tokio::test]
async fn everybody_has_shelves_of_their_own_which_no_list_shows() {
    let server = Server::start().await;
    let (ann, bob) = (server.liferay(&server.world.ann), server.liferay(&server.world.bob));
    let folder = folder(&server, &ann, "Outer").await;
    let root = json!(0);
    for (client, place, word) in
        [(&ann, &root, "one"), (&ann, &root, "two"), (&ann, &folder, "one"), (&bob, &root, "one")]
    {
        let made = add(&server, client, place, word, "a.txt", "a".to_owned()).await.expect(200).json();
        assert_eq!(names(&server, client, place, word).await, json!(["a.txt"]));
        // it is no item: by no number, by no title, for nobody
        let id = json!({"fileEntryId": made["fileEntryId"]});
        for reader in [&ann, &bob] {
            reader.call("/dlapp/get-file-entry", id.clone()).await.expect(404);
            reader.call("/dlapp/delete-file-entry", id.clone()).await.expect(404);
        }
    }
    add(&server, &ann, &root, "one", "A.txt", "a".to_owned()).await.expect(200);
    assert_eq!(names(&server, &ann, &root, "one").await, json!(["A.txt", "a.txt"]));
    assert_eq!(names(&server, &bob, &root, "two").await, json!([]));
    let listed = json!({"repositoryId": server.group(), "folderId": 0});
    let listed = ann.call("/dlapp/get-file-entries", listed).await.expect(200).json();
    assert_eq!((listed.as_array().unwrap().len(), &listed[0]["title"]), (1, &json!("plan.txt")));
    let all = json!({"repositoryId": server.group(), "creatorUserId": 0, "status": -1, "start": -1, "end": -1});
    assert_eq!(ann.call("/dlapp/search", all).await.expect(200).json()["length"], 1);
    // a file of that name may be made beside it
    ann.add("a.txt", "a.txt", "a").await.expect(200);
    delete(&server, &ann, &root, "one", "a.txt").await.expect(200);
    assert_eq!(names(&server, &ann, &root, "one").await, json!(["A.txt"]));
    assert_eq!(names(&server, &bob, &root, "one").await, json!(["a.txt"]));
}

#[tokio::test]
async fn a_taken_name_and_a_bad_name_are_refused_in_the_vendors_words_and_a_missing_file_is_gone() {
    let server = Server::start().await;
    let ann = server.liferay(&server.world.ann);
    let root = json!(0);
    add(&server, &ann, &root, "drop", "a.txt", "a".to_owned()).await.expect(200);
    let taken = add(&server, &ann, &root, "drop", "a.txt", "b".to_owned()).await.expect(500).json();
    assert_eq!(
        taken["throwable"],
        "com.liferay.document.library.kernel.exception.DuplicateFileEntryException: A file entry already exists with file name a.txt"
    );
    delete(&server, &ann, &root, "drop", "a.txt").await.expect(200);
    // as in the vendor, one that is not there is as good as deleted
    assert_eq!(delete(&server, &ann, &root, "drop", "a.txt").await.expect(200).text(), "{}");
    for bad in ["a/b", "..", &"x".repeat(300)] {
        let refused = add(&server, &ann, &root, "drop", bad, "a".to_owned()).await.expect(500).json();
        assert!(refused["error"]["type"].as_str().unwrap().ends_with(".FileNameException"), "{bad}: {refused}");
    }
    let long = "x".repeat(300);
    let refused = add(&server, &ann, &root, &long, "a.txt", "a".to_owned()).await.expect(500).json();
    assert_eq!(refused["error"]["type"], "java.lang.IllegalArgumentException");
    // the vendor's words for such a place are the names of its classes
    let word = "com.liferay.document.library.web.internal.display/upload";
    add(&server, &ann, &root, word, "a.txt", "a".to_owned()).await.expect(200);
}

#[tokio::test]
async fn to_keep_something_takes_the_right_to_add_a_file() {
    let server = Server::start().await;
    let root = json!(0);
    for who in [&server.world.vic, &server.world.carl] {
        let client = server.liferay(who);
        let refused = add(&server, &client, &root, "drop", "a.txt", "a".repeat(LONG)).await.expect(403).json();
        let said = refused["exception"].as_str().unwrap();
        assert!(said.contains("must have ADD_DOCUMENT permission for"), "{said}");
        assert_eq!(names(&server, &client, &root, "drop").await, json!([]));
    }
    let eve = server.liferay(&server.world.eve);
    for answer in [
        add(&server, &eve, &root, "drop", "a.txt", "a".to_owned()).await,
        eve.call(NAMES, shelf(&server, &root, "drop")).await,
        delete(&server, &eve, &root, "drop", "a.txt").await,
    ] {
        assert!(answer.expect(404).text().contains("NoSuchGroupException"));
    }
    let guest = server.liferay_guest();
    add(&server, &guest, &root, "drop", "a.txt", "a".to_owned()).await.expect(403);
    guest.call(NAMES, shelf(&server, &root, "drop")).await.expect(403);
    // a folder of another site is none of this one
    let ann = server.liferay(&server.world.ann);
    let personal = world::personal(&server.vault, &server.world.ann).await;
    let mut elsewhere = shelf(&server, &folder(&server, &ann, "Outer").await, "drop");
    elsewhere["groupId"] = personal.number.into();
    assert!(ann.call(NAMES, elsewhere).await.expect(404).text().contains("NoSuchFolderException"));
    assert_eq!(blobs(&server), 0);
}

#[tokio::test]
async fn of_many_who_take_one_name_at_once_one_gets_it() {
    let server = Server::start().await;
    let ann = server.liferay(&server.world.ann);
    let root = json!(0);
    let adds = (0..8).map(|number| add(&server, &ann, &root, "drop", "a.bin", number.to_string().repeat(LONG)));
    let answers = join_all(adds).await;
    let made: Vec<_> = answers.iter().filter(|answer| answer.status.is_success()).collect();
    assert_eq!(made.len(), 1);
    for refused in answers.iter().filter(|answer| !answer.status.is_success()) {
        assert!(refused.clone().expect(500).text().contains("DuplicateFileEntryException"));
    }
    // the bytes of the others are gone
    for _ in 0..100 {
        if blobs(&server) == 1 {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    assert_eq!(blobs(&server), 1);
}

#[tokio::test]
async fn it_ends_by_itself_and_its_bytes_with_it_but_not_before() {
    let server = Server::start_with(&[("liferay.temporary_file_hours", "48")]).await;
    let ann = server.liferay(&server.world.ann);
    let root = json!(0);
    add(&server, &ann, &root, "drop", "a.bin", "a".repeat(LONG)).await.expect(200);
    add(&server, &ann, &root, "drop", "small.txt", "small".to_owned()).await.expect(200);
    // older than the sweeper's grace, but named
    server.advance(Duration::hours(47));
    let nothing = Swept::default();
    assert_eq!((server.vault.sweep().await.unwrap(), blobs(&server)), (nothing, 1));
    assert_eq!(names(&server, &ann, &root, "drop").await, json!(["a.bin", "small.txt"]));
    server.advance(Duration::hours(1));
    // nobody waits for the sweeper
    assert_eq!(names(&server, &ann, &root, "drop").await, json!([]));
    delete(&server, &ann, &root, "drop", "small.txt").await.expect(200);
    let again = add(&server, &ann, &root, "drop", "a.bin", "b".repeat(LONG)).await.expect(200).json();
    assert_eq!(again["size"], LONG.to_string());
    let swept = server.vault.sweep().await.unwrap();
    assert_eq!((swept.temporary, blobs(&server)), (0, 1));
    assert_eq!(names(&server, &ann, &root, "drop").await, json!(["a.bin"]));
    server.advance(Duration::hours(48));
    let swept = server.vault.sweep().await.unwrap();
    assert_eq!((swept.temporary, swept.contents, swept.orphans, blobs(&server)), (1, 2, 0, 0));
}

#[tokio::test]
async fn bytes_that_a_file_has_too_stay_when_the_temporary_file_ends() {
    let server = Server::start().await;
    let ann = server.liferay(&server.world.ann);
    let bytes = "a".repeat(LONG);
    add(&server, &ann, &json!(0), "drop", "a.bin", bytes.clone()).await.expect(200);
    let file = json!({
        "repositoryId": server.group(), "folderId": 0, "sourceFileName": "a.bin", "mimeType": "", "title": "a.bin",
        "description": "", "changeLog": "", "bytes": bytes.bytes().collect::<Vec<u8>>(),
    });
    let file = ann.call("/dlapp/add-file-entry", file).await.expect(200).json();
    assert_eq!(blobs(&server), 1);
    server.advance(Duration::days(9));
    assert_eq!(server.vault.sweep().await.unwrap().temporary, 1);
    let path = format!("/documents/{}/0/a.bin/{}", server.group(), file["uuid"].as_str().unwrap());
    assert_eq!(server.send(ann.request("GET", &path)).await.expect(200).text(), bytes);
}

#[tokio::test]
async fn a_folder_can_go_whatever_is_kept_at_it() {
    let server = Server::start().await;
    let ann = server.liferay(&server.world.ann);
    let folder = folder(&server, &ann, "Outer").await;
    let number: i64 = folder.as_str().unwrap().parse().unwrap();
    add(&server, &ann, &folder, "drop", "a.bin", "a".repeat(LONG)).await.expect(200);
    let actor = world::actor(&server.vault, &server.world.ann).await;
    let look = server.vault.look(&actor, &ItemKey::Number(number)).await.unwrap();
    server.vault.delete_for_good(&actor, &look).await.unwrap();
    for answer in [
        add(&server, &ann, &folder, "drop", "b.bin", "b".to_owned()).await,
        ann.call(NAMES, shelf(&server, &folder, "drop")).await,
        delete(&server, &ann, &folder, "drop", "a.bin").await,
    ] {
        assert!(answer.expect(404).text().contains("NoSuchFolderException"));
    }
    // the sweeper's grace begins when it is gone
    assert_eq!((server.vault.sweep().await.unwrap().contents, blobs(&server)), (0, 1));
    server.advance(Duration::hours(25));
    let swept = server.vault.sweep().await.unwrap();
    assert_eq!((swept.temporary, swept.contents, blobs(&server)), (0, 1, 0));
}

#[tokio::test]
async fn a_quota_holds_for_them_as_for_files_and_they_take_no_room_from_files() {
    let server = Server::start().await;
    let ann = server.liferay(&server.world.ann);
    let quota = coatcheck::vault::LibraryUpdate {
        quota_bytes: Some(Quota::Bytes(105)),
        ..coatcheck::vault::LibraryUpdate::default()
    };
    server.vault.update_library(server.world.library.id, &quota).await.unwrap();
    let root = json!(0);
    add(&server, &ann, &root, "drop", "a", "a".repeat(60)).await.expect(200);
    let refused = add(&server, &ann, &root, "drop", "b", "b".repeat(41)).await.expect(500).json();
    assert!(refused["error"]["type"].as_str().unwrap().ends_with(".FileSizeException"), "{refused}");
    assert_eq!(names(&server, &ann, &root, "drop").await, json!(["a"]));
    add(&server, &ann, &root, "drop", "b", "b".repeat(40)).await.expect(200);
    ann.add("c.txt", "c.txt", "0123456789012345678901234567890123456789").await.expect(200);
}

#[tokio::test]
async fn a_user_has_no_more_of_them_than_the_setting_says() {
    let server = Server::start_with(&[("liferay.temporary_files", "2"), ("liferay.temporary_file_hours", "48")]).await;
    let (ann, bob) = (server.liferay(&server.world.ann), server.liferay(&server.world.bob));
    let root = json!(0);
    let outer = folder(&server, &ann, "Outer").await;
    add(&server, &ann, &root, "drop", "a.bin", "a".repeat(LONG)).await.expect(200);
    server.advance(Duration::hours(1));
    add(&server, &ann, &outer, "other", "b.bin", "b".repeat(LONG)).await.expect(200);
    let said =
        "com.liferay.portal.kernel.upload.UploadException: There are too many temporary files; delete some of them";
    for (place, word) in [(&root, "drop"), (&outer, "other"), (&outer, "third")] {
        let refused = add(&server, &ann, place, word, "c.bin", "c".repeat(LONG)).await.expect(500).json();
        assert_eq!(refused["throwable"], said);
        assert_eq!(blobs(&server), 2);
    }
    assert_eq!(names(&server, &ann, &root, "drop").await, json!(["a.bin"]));
    assert_eq!(names(&server, &ann, &outer, "third").await, json!([]));
    // a taken name is told as one
    let taken = add(&server, &ann, &root, "drop", "a.bin", "d".to_owned()).await.expect(500).text();
    assert!(taken.contains("DuplicateFileEntryException"), "{taken}");
    // what others keep is none of hers
    add(&server, &bob, &root, "drop", "a.bin", "b".to_owned()).await.expect(200);
    delete(&server, &ann, &outer, "other", "b.bin").await.expect(200);
    add(&server, &ann, &root, "drop", "c.bin", "c".to_owned()).await.expect(200);
    add(&server, &ann, &root, "drop", "d.bin", "d".to_owned()).await.expect(500);
    // nor does what has ended count, whether it was swept or not
    server.advance(Duration::hours(47));
    add(&server, &ann, &root, "drop", "d.bin", "d".to_owned()).await.expect(200);
    assert_eq!(names(&server, &ann, &root, "drop").await, json!(["c.bin", "d.bin"]));
}
