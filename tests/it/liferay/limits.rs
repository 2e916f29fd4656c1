//! What one call takes and answers at most, and what lasts longest.

use serde_json::{Value, json};
use sqlx::{Connection, PgConnection};

use crate::support::{answer::Answer, liferay::Liferay, server::Server};

/// `java.lang.IllegalArgumentException` with this text.
#[track_caller]
fn illegal(answer: Answer, text: &str) {
    let refused = answer.expect(500).json();
    assert_eq!(refused["throwable"], format!("java.lang.IllegalArgumentException: {text}"));
}

/// How many entries a list has.
async fn listed(client: &Liferay<'_>, method: &str, asked: Value) -> usize {
    client.call(method, asked).await.expect(200).json().as_array().unwrap().len()
}

/// A question, with more parameters.
fn with(asked: &Value, more: Value) -> Value {
    let (mut asked, Value::Object(more)) = (asked.clone(), more) else { panic!("no parameters") };
    asked.as_object_mut().unwrap().extend(more);
    asked
}

#[tokio::test]
async fn a_list_is_whole_or_refused_and_its_parts_are_always_there() {
    let server = Server::start_with(&[("liferay.list_limit", "2")]).await;
    let ann = server.liferay(&server.world.ann);
    ann.add("a.txt", "a.txt", "a").await.expect(200);
    let typed = json!({"mimeTypes": ["text/plain"]});
    let (folder, site) = (json!({"repositoryId": server.group(), "folderId": 0}), json!({"groupId": server.group()}));
    let (window, all) = (json!({"start": 1, "end": 3}), json!({"start": -1, "end": -1}));
    let wide = json!({"start": 0, "end": 100});
    let entries = "/dlapp/get-file-entries";
    let group = "/dlapp/get-group-file-entries";
    let both = "/dlapp/get-folders-and-file-entries-and-file-shortcuts";
    let made = with(&site, json!({"userId": 0}));
    let mixed = with(&folder, json!({"status": -1, "includeMountFolders": false}));
    let whole = [
        (entries, folder.clone()),
        (entries, with(&folder, typed.clone())),
        (entries, with(&folder, all.clone())),
        (entries, with(&folder, wide.clone())),
        (group, with(&made, all.clone())),
        (group, with(&made, wide)),
        (both, with(&mixed, all)),
    ];
    // as many as one call lists
    for (method, asked) in &whole {
        assert_eq!(listed(&ann, method, asked.clone()).await, 2, "{method} {asked}");
    }
    ann.add("b.txt", "b.txt", "b").await.expect(200);
    let text = "More entries than are listed at once; ask for them in parts, with start and end";
    for (method, asked) in &whole {
        illegal(ann.call(method, asked.clone()).await, text);
    }
    let last = with(&typed, json!({"start": 1, "end": 3, "obc": null}));
    for (method, asked) in [
        (entries, with(&folder, window.clone())),
        (entries, with(&folder, last)),
        (group, with(&made, window.clone())),
        (both, with(&mixed, window)),
        // from there on no more is left
        (entries, with(&folder, json!({"start": 1, "end": -1}))),
        (group, with(&made, json!({"start": 1, "end": 100}))),
    ] {
        assert_eq!(listed(&ann, method, asked.clone()).await, 2, "{method} {asked}");
    }
    for (method, asked) in [
        ("/dlapp/get-file-entries-count", folder.clone()),
        ("/dlapp/get-file-entries-count", with(&folder, typed)),
        ("/dlapp/get-group-file-entries-count", made),
    ] {
        assert_eq!(ann.call(method, asked).await.expect(200).text(), "3", "{method}");
    }
    let below = json!({"repositoryId": server.group(), "folderId": 0});
    for name in ["one", "two", "three"] {
        assert!(listed(&ann, "/dlapp/get-subfolder-ids", below.clone()).await <= 2);
        ann.make_folder(0, name).await;
    }
    illegal(ann.call("/dlapp/get-subfolder-ids", below.clone()).await, text);
    illegal(ann.call("/dlapp/get-subfolder-ids", with(&below, json!({"recurse": false}))).await, text);
}

#[tokio::test]
async fn a_search_shows_no_more_than_the_limit_and_counts_all() {
    let server = Server::start_with(&[("liferay.search_limit", "2")]).await;
    let ann = server.liferay(&server.world.ann);
    for name in ["a.txt", "b.txt"] {
        ann.add(name, name, "x").await.expect(200);
    }
    let site = json!({"repositoryId": server.group()});
    let made = with(&site, json!({"creatorUserId": 0, "status": -1}));
    for (asked, shown) in [
        (with(&site, json!({"searchContext": {}})), 2),
        (with(&site, json!({"searchContext": {"keywords": "txt"}})), 2),
        (with(&site, json!({"searchContext": {"start": 0, "end": 100}})), 2),
        (with(&site, json!({"searchContext": {"start": 2, "end": -1}})), 1),
        (with(&made, json!({"start": -1, "end": -1})), 2),
        (with(&made, json!({"start": 1, "end": 9})), 2),
    ] {
        let hits = ann.call("/dlapp/search", asked.clone()).await.expect(200).json();
        assert_eq!((hits["docs"].as_array().unwrap().len(), &hits["length"]), (shown, &json!(3)), "{asked}");
    }
}

#[tokio::test]
async fn a_search_of_too_much_text_is_an_illegal_argument() {
    let server = Server::start().await;
    let ann = server.liferay(&server.world.ann);
    let search = async |keywords: &str| {
        let asked = json!({"repositoryId": server.group(), "searchContext": {"keywords": keywords}});
        ann.call("/dlapp/search", asked).await
    };
    for size in [100_000, 1_001] {
        for piece in ["a.", "a", "ä.", "a ", "* "] {
            let refused = search(&piece.repeat(size)).await.expect(500).json();
            assert_eq!(refused["throwable"], "java.lang.IllegalArgumentException", "{size} {piece:?}");
        }
    }
    for text in ["a.".repeat(65), "ab ".repeat(33)] {
        search(&text).await.expect(500);
    }
    search(&"a.".repeat(64)).await.expect(200);
    search(&"a".repeat(1000)).await.expect(200);
}

#[tokio::test]
async fn more_media_types_than_a_list_is_narrowed_to_are_an_illegal_argument() {
    let server = Server::start().await;
    let ann = server.liferay(&server.world.ann);
    let (folder, all) = (json!({"folderId": 0}), json!({"start": -1, "end": -1}));
    let site = json!({"repositoryId": server.group(), "groupId": server.group()});
    let types = |count: usize| json!({"mimeTypes": vec!["text/plain"; count]});
    for (method, asked) in [
        ("/dlapp/get-file-entries", with(&site, folder.clone())),
        ("/dlapp/search", with(&with(&site, folder), with(&all, json!({"creatorUserId": 0, "status": 0})))),
        (
            "/dlapp/get-group-file-entries",
            with(&site, with(&all, json!({"userId": 0, "rootFolderId": 0, "status": 0, "obc": null}))),
        ),
    ] {
        ann.call(method, with(&asked, types(100))).await.expect(200);
        illegal(ann.call(method, with(&asked, types(101))).await, "Too many media types");
    }
}

#[tokio::test]
async fn a_folder_lock_that_ends_in_a_year_of_five_digits_keeps_nothing_from_being_read() {
    let server = Server::start().await;
    let (ann, bob) = (server.liferay(&server.world.ann), server.liferay(&server.world.bob));
    let outer = ann.make_folder(0, "Outer").await;
    let file = ann.add_to(outer, "leaf.txt").await;
    let lock = ann.lock_below(outer, 0).await.expect(200).json();
    let mut db = PgConnection::connect(&server.database.url).await.unwrap();
    let later = "UPDATE folder_locks SET expires_at = expires_at + interval '10000 years'";
    assert_eq!(sqlx::query(later).execute(&mut db).await.unwrap().rows_affected(), 1);
    for (method, asked) in [
        ("/dlapp/get-file-entry", json!({"fileEntryId": file})),
        ("/dlapp/get-folder", json!({"folderId": outer})),
        ("/dlapp/get-file-entries", json!({"repositoryId": server.group(), "folderId": outer})),
        ("/dlapp/get-folders", json!({"repositoryId": server.group(), "parentFolderId": 0})),
    ] {
        bob.call(method, asked).await.expect(200);
    }
    let refused = bob.call("/dlapp/check-out-file-entry", json!({"fileEntryId": file})).await.expect(500).text();
    assert!(
        refused.contains("DuplicateLockException") && refused.contains(lock["uuid"].as_str().unwrap()),
        "{refused}"
    );
    ann.unlock(outer).await.expect(200);
    bob.call("/dlapp/check-out-file-entry", json!({"fileEntryId": file})).await.expect(200);
}
