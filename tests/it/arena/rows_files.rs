//! The rows of the file operations and of the File object (spec/arena.md 8, 9) that no other test stands for.

use serde_json::Value;

use crate::support::{
    arena::{code, guid, guid_in},
    server::Server,
};

fn keys(json: &Value) -> String {
    let mut keys: Vec<&str> = json.as_object().unwrap().keys().map(String::as_str).collect();
    keys.sort_unstable();
    keys.join(" ")
}

/// The nested form; the full one has `haveContent` besides.
const NESTED: &str = "author category checkedOut corrected creationDateTime description edition format guid hasMarkup \
                    lastModifiedDateTime latest location locked mimeType name number private size storageMethod \
                    storageMethodName title";

#[tokio::test]
async fn a_file_has_the_keys_of_its_form_and_no_other() {
    let server = Server::start().await;
    let ann = server.arena(&server.world.ann).await;
    let file = guid(&server.world.file);
    let path = format!("/v1/files/{file}");
    let free = ann.get(&path).await.json();
    let full = NESTED.replace("hasMarkup", "hasMarkup haveContent");
    assert_eq!(keys(&free), full);
    assert_eq!(keys(&free["category"]), "guid name path");
    let compact = ann.get("/v1/files").await.json()["results"][0].clone();
    assert_eq!(
        keys(&compact),
        "category checkedOut corrected creationDateTime edition format guid name number storageMethodName title"
    );

    let taken = ann.check_out(file).await.expect(201).json();
    assert_eq!(keys(&taken), "checkedOut comment file");
    let holder = |form: &str| form.replace("checkedOut", "checkedOut checkoutDateTime checkoutUser");
    assert_eq!(keys(&taken["file"]), holder(NESTED));
    assert_eq!(keys(&taken["file"]["category"]), "guid");
    assert_eq!(keys(&taken["file"]["checkoutUser"]), "email fullName guid");
    assert_eq!(keys(&ann.get(&path).await.json()), holder(&full));
    assert_eq!(keys(&ann.get(&format!("{path}/editions")).await.json()["results"][0]), holder(&full));
    // a list shows that it is checked out, not by whom
    let listed = ann.get("/v1/files").await.json()["results"][0].clone();
    assert_eq!((keys(&listed), &listed["checkedOut"]), (keys(&compact), &Value::Bool(true)));
}

#[tokio::test]
async fn an_older_edition_is_shown_as_it_was() {
    let server = Server::start().await;
    let ann = server.arena(&server.world.ann).await;
    let old = guid(&server.world.file);
    ann.check_out(old).await.expect(201);
    let changed = ann.check_in(old, "true", "second", &[("file.title", "Plan B"), ("file.format", "txt")]).await;
    let new = guid_in(&changed.expect(201));
    let show = async |guid: &str| {
        let json = ann.get(&format!("/v1/files/{guid}")).await.expect(200).json();
        ["title", "edition", "latest", "locked", "name", "size", "number"].map(|key| json[key].to_string()).join(" ")
    };
    assert_eq!(show(old).await, r#""plan.txt" "1" false true "plan.txt" 5 "FILE-000001""#);
    assert_eq!(show(&new).await, r#""Plan B" "2" true false "drawing.txt" 6 "FILE-000001""#);
    // either names them all, the newest first
    for guid in [old, new.as_str()] {
        let json = ann.get(&format!("/v1/files/{guid}/editions")).await.expect(200).json();
        let guids: Vec<&Value> = json["results"].as_array().unwrap().iter().map(|file| &file["guid"]).collect();
        assert_eq!(guids, [new.as_str(), old]);
    }
}

#[tokio::test]
async fn a_new_file_takes_its_author_and_category_from_its_caller_and_workspace() {
    let server = Server::start().await;
    let bob = server.arena(&server.world.bob).await;
    let texts = [("file.title", "t"), ("file.edition", "01"), ("file.storageMethodName", "FILE")];
    for part in ["content", "file.content", "whatever"] {
        let made = bob.form("/v1/files", &texts, Some((part, "a.txt", "x"))).await.expect(201);
        let json = made.json();
        assert_eq!(json["author"]["fullName"], "Bob Example");
        assert_eq!(json["category"]["path"], "File");
        assert_eq!((&json["edition"], &json["private"]), (&"01".into(), &false.into()));
        assert_eq!(made.header("x-arena-fileguid"), guid_in(&made));
    }
}

#[tokio::test]
async fn what_means_something_to_a_database_means_nothing_in_a_search() {
    let server = Server::start().await;
    let ann = server.arena(&server.world.ann).await;
    let titles = [("a%b", "a%25b"), ("a_b", "a_b"), (r"a\b", "a%5Cb"), ("axb", "axb"), ("a'b", "a%27b")];
    for (title, _) in titles {
        ann.create(title, "a.txt", "x").await.expect(201);
    }
    for (title, encoded) in titles {
        let json = ann.get(&format!("/v1/files?title={encoded}")).await.expect(200).json();
        assert_eq!((&json["count"], &json["results"][0]["title"]), (&1.into(), &title.into()), "{title}");
    }
    assert_eq!(ann.get("/v1/files?title=A*B").await.json()["count"], titles.len());
}

#[tokio::test]
async fn what_is_searched_for_is_checked_before_anything_is_searched() {
    let server = Server::start().await;
    let ann = server.arena(&server.world.ann).await;
    for attribute in ["title", "number", "category.guid", "format", "name", "any"] {
        assert_eq!(code(&ann.get(&format!("/v1/files?{attribute}=")).await), "400 3020", "{attribute}");
        let found = ann.get(&format!("/v1/files?{attribute}=%20nothing")).await;
        let expected = if attribute == "category.guid" { 400 } else { 200 };
        assert_eq!(found.status, expected, "{attribute}");
    }
}
