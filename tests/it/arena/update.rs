//! Changing what is said of an edition: `PUT /files/{guid}` (spec/arena.md 8.7).

use futures_util::future::join_all;
use insta::assert_snapshot;
use serde_json::{Value, json};
use sqlx::{Connection, PgConnection};

use super::{
    check_in::freeze,
    files::category,
    races::{clients, trail},
};
use crate::support::{
    answer::Answer,
    arena::{code, guid, guid_in, plain, words},
    server::Server,
    world,
};

/// How many internal editions there are: replaced in place and kept.
pub async fn kept(server: &Server) -> i64 {
    let mut db = PgConnection::connect(&server.database.url).await.unwrap();
    sqlx::query_scalar("SELECT count(*) FROM editions WHERE ordinal IS NULL").fetch_one(&mut db).await.unwrap()
}

#[tokio::test]
async fn everything_that_is_said_changes_and_nothing_else() {
    let server = Server::start().await;
    let (ann, bob) = (server.arena(&server.world.ann).await, server.arena(&server.world.bob).await);
    let design = category(&server, None, "Design", None).await;
    let file = guid(&server.world.file);
    server.advance(chrono::Duration::hours(1));
    let said = json!({
        "author": {"fullName": "George C Lewis"}, "category": {"guid": design}, "description": "a cable", "edition": "B-1",
        "format": "pdf", "title": "USB Cable", "private": true, "storageMethodName": "FILE",
        // not for this request to say
        "name": "other.txt", "guid": "K2M501MD03M2L47YKQ5B", "number": "FILE-000009", "locked": true, "size": "big",
    });
    let answer = bob.put(&format!("/v1/files/{file}"), said).await;
    assert_eq!(answer.header("x-arena-fileguid"), "");
    assert_snapshot!(plain(&answer), @r#"
    201 Created
    {"author":{"fullName":"George C Lewis"},"category":{"guid":"G1","name":"Design","path":"File\\Design"},"checkedOut":false,"corrected":false,"creationDateTime":"2026-03-04T05:06:07Z","description":"a cable","edition":"B-1","format":"pdf","guid":"G2","hasMarkup":false,"haveContent":true,"lastModifiedDateTime":"2026-03-04T06:06:07Z","latest":true,"location":null,"locked":false,"mimeType":"text/plain","name":"plan.txt","number":"FILE-000001","private":true,"size":5,"storageMethod":0,"storageMethodName":"FILE","title":"USB Cable"}
    "#);
    assert_eq!(ann.get(&format!("/files/{file}")).await.text(), answer.text());
    assert_eq!(ann.get(&format!("/files/{file}/content")).await.text(), "first");
    assert_eq!(ann.get(&format!("/files/{file}/editions")).await.json()["count"], 1);

    // who published it stays, who changed it is known, and no internal edition is left behind
    let now = world::now(&server.vault, &server.world, &server.world.file).await;
    let edition = &now.file.as_ref().unwrap().edition;
    assert_eq!((edition.author.login.as_str(), now.modified_by.login.as_str()), ("ann", "bob"));
    assert_eq!((now.title.as_str(), now.name.as_str()), ("USB Cable", "plan.txt"));
    assert_eq!(now.modified_at, edition.modified_at);
    assert_eq!(kept(&server).await, 0);
    assert_snapshot!(trail(&server).await, @"bob update done");
}

#[tokio::test]
async fn what_is_left_out_stays_and_so_does_what_was_so_already() {
    let server = Server::start().await;
    let ann = server.arena(&server.world.ann).await;
    let file = guid(&server.world.file);
    let path = format!("/v1/files/{file}");
    ann.put(&path, json!({"description": "d", "format": "f", "private": true})).await.expect(201);
    let before = ann.get(&path).await.text();
    server.advance(chrono::Duration::hours(1));
    for same in [
        json!({}),
        json!({"file": {}}),
        json!({"title": null, "description": null, "format": null, "private": null, "author": null, "category": null}),
        // the label it has is no conflict: one client says it again after every upload
        json!({"edition": "1"}),
        json!({"title": "plan.txt", "storageMethodName": "FILE", "description": "d"}),
        serde_json::from_str(&before).unwrap(),
    ] {
        let answer = ann.put(&path, same.clone()).await.expect(201);
        assert_eq!(answer.text(), before, "{same}");
    }
    // only the first has changed anything
    assert_eq!(trail(&server).await, "ann update done");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_several_say_at_once_is_all_kept() {
    let server = Server::start().await;
    let clients = clients(&server).await;
    let path = format!("/v1/files/{}", guid(&server.world.file));
    let said = [
        ("title", json!("T")),
        ("description", json!("D")),
        ("format", json!("F")),
        ("edition", json!("E")),
        ("private", json!(true)),
        ("author", json!({"fullName": "A"})),
    ];
    let changes = clients.iter().zip(&said).map(|(client, (key, value))| client.put(&path, json!({*key: value})));
    for answer in join_all(changes).await {
        answer.expect(201);
    }
    let shown = clients[0].get(&path).await.json();
    for (key, value) in said {
        assert_eq!(shown[key], value, "{key}");
    }
}

#[tokio::test]
async fn null_takes_away_only_with_setnull() {
    let server = Server::start().await;
    let ann = server.arena(&server.world.ann).await;
    let path = format!("/v1/files/{}", guid(&server.world.file));
    let shown = |answer: &Answer| {
        let json = answer.json();
        (json["description"].clone(), json["format"].clone(), json["title"].clone())
    };
    let nulls = json!({" description": null, "format": null, "title": null, "author": null});
    ann.put(&path, json!({"description": "d", "format": "f"})).await.expect(201);
    for query in ["", "?setnull=false", "?setnull=", "?other=true"] {
        let answer = ann.put(&format!("{path}{query}"), nulls.clone()).await.expect(201);
        assert_eq!(shown(&answer), (json!("d"), json!("f"), json!("plan.txt")), "{query}");
    }
    let answer = ann.put(&format!("{path}?setnull=true"), json!({"format": null})).await.expect(201);
    assert_eq!(shown(&answer), (json!("d"), Value::Null, json!("plan.txt")));
    let answer = ann.put(&format!("{path}?setnull=TRUE"), nulls).await.expect(201);
    assert_eq!(shown(&answer), (Value::Null, Value::Null, json!("plan.txt")));
    let refused = ann.put(&format!("{path}?setnull=maybe"), json!({})).await;
    assert_eq!(
        words(&refused),
        r#"400 3257 The value "maybe" is not valid for the attribute "setnull" of Boolean type."#
    );
}

#[tokio::test]
async fn the_object_may_be_wrapped_and_its_keys_have_blanks() {
    let server = Server::start().await;
    let ann = server.arena(&server.world.ann).await;
    let path = format!("/v1/files/{}/", guid(&server.world.file));
    let body = json!({"\tfile": {" title ": "Wrapped", "author": {" fullName": "A"}}, "title": "outside"});
    let shown = ann.put(&path, body).await.expect(201).json();
    assert_eq!((&shown["title"], &shown["author"]["fullName"]), (&json!("Wrapped"), &json!("A")));
    let shown = ann.put(&path, json!({" title": "Flat", "file": null})).await.expect(201).json();
    assert_eq!(shown["title"], "Flat");
}

#[tokio::test]
async fn the_holder_may_change_it_and_nobody_else() {
    let server = Server::start().await;
    let world = &server.world;
    let (ann, bob) = (server.arena(&world.ann).await, server.arena(&world.bob).await);
    let dora = server.arena(&world.dora).await;
    let path = format!("/v1/files/{}", guid(&world.file));
    ann.check_out(guid(&world.file)).await.expect(201);
    for client in [&bob, &dora] {
        for body in [json!({"title": "x"}), json!({})] {
            assert_eq!(words(&client.put(&path, body).await), "400 3133 The File cannot be updated.");
        }
    }
    let shown = ann.put(&path, json!({"title": "mine"})).await.expect(201).json();
    assert_eq!((&shown["title"], &shown["checkedOut"]), (&json!("mine"), &json!(true)));
    let now = world::now(&server.vault, world, &world.file).await;
    assert!(now.is_held_by(Some(world.ann.person.id)));
    // where the bytes are is not for the holder either
    for storage in ["WEB", "FTP", "PLACE_HOLDER"] {
        let location = (storage != "PLACE_HOLDER").then_some("x");
        let refused = ann.put(&path, json!({"storageMethodName": storage, "location": location})).await;
        assert_eq!(words(&refused), "400 3133 The File cannot be updated.", "{storage}");
    }
    assert_eq!(ann.get(&format!("{path}/content")).await.expect(200).text(), "first");
}

#[tokio::test]
async fn a_frozen_edition_and_an_old_one_stay_as_they_are() {
    let server = Server::start().await;
    let ann = server.arena(&server.world.ann).await;
    let old = guid(&server.world.file);
    let new = guid_in(&ann.bytes(&format!("/v1/files/{old}/editions"), "b.txt", "second").await.expect(201));
    let refused = ann.put(&format!("/v1/files/{old}"), json!({"title": "x"})).await;
    assert_eq!(words(&refused), format!(r#"400 3030 This edition of the given file "{old}" cannot be updated."#));
    freeze(&server).await;
    let sentence = format!(
        "400 3084 This edition of the given file \"{new}\" cannot be updated because it either contains a markup or it is \
         associated with a locked object."
    );
    let design = category(&server, None, "Design", None).await;
    for said in [
        json!({"title": "x"}),
        json!({"description": "x"}),
        json!({"format": "x"}),
        json!({"edition": "x"}),
        json!({"private": true}),
        json!({"author": {"fullName": "x"}}),
        json!({"category": {"guid": design}}),
        json!({"storageMethodName": "PLACE_HOLDER"}),
    ] {
        assert_eq!(words(&ann.put(&format!("/v1/files/{new}"), said.clone()).await), sentence, "{said}");
    }
    ann.check_out(&new).await.expect(201);
    assert_eq!(words(&ann.put(&format!("/v1/files/{new}"), json!({"title": "x"})).await), sentence);
}

#[tokio::test]
async fn a_label_of_another_edition_is_in_use() {
    let server = Server::start().await;
    let ann = server.arena(&server.world.ann).await;
    let old = guid(&server.world.file);
    let new = guid_in(&ann.bytes(&format!("/v1/files/{old}/editions"), "b.txt", "second").await.expect(201));
    let path = format!("/v1/files/{new}");
    let refused = ann.put(&path, json!({"edition": "1", "title": "x"})).await;
    assert_eq!(words(&refused), r#"400 6002 The file edition id "1" is in use."#);
    assert_eq!(ann.get(&path).await.json()["title"], "plan.txt");
    for label in ["2", "0123456789abcdef", "2"] {
        assert_eq!(ann.put(&path, json!({"edition": label})).await.expect(201).json()["edition"], label);
    }
}

#[tokio::test]
async fn another_category_takes_the_right_to_both() {
    let server = Server::start().await;
    let ann = server.arena(&server.world.ann).await;
    let (open, read, none) = (
        category(&server, None, "Open", None).await,
        category(&server, None, "Readable", Some("read")).await,
        category(&server, None, "Secret", Some("none")).await,
    );
    let path = format!("/v1/files/{}", guid(&server.world.file));
    let to = |guid: &str| json!({"category": {"guid": guid}});
    ann.put(&path, to(&open)).await.expect(201);
    assert_eq!(code(&ann.put(&path, to(&read)).await), "400 3024");
    assert_eq!(
        words(&ann.put(&path, to(&none)).await),
        format!(r#"400 3002 The category guid "{none}" is not valid."#)
    );
    assert_eq!(ann.get(&path).await.json()["category"]["guid"], open);
    // the right to the new one is not enough
    category(&server, None, "Open", Some("read")).await;
    let root = server.vault.all_categories().await.unwrap()[0].row.arena_guid.clone();
    assert_eq!(code(&ann.put(&path, to(&root)).await), "400 3024");
    assert_eq!(code(&ann.put(&path, json!({"title": "x"})).await), "400 3024");
    category(&server, None, "Open", Some("none")).await;
    assert_eq!(code(&ann.put(&path, to(&root)).await), "400 3011");
}

#[tokio::test]
async fn structural_and_inactive_categories_are_given_to_no_file_but_kept() {
    let server = Server::start().await;
    let ann = server.arena(&server.world.ann).await;
    let design = category(&server, None, "Design", None).await;
    let path = format!("/v1/files/{}", guid(&server.world.file));
    let other = format!("/v1/files/{}", guid_in(&ann.create("t", "a.txt", "x").await.expect(201)));
    let to = json!({"category": {"guid": design}});
    ann.put(&other, to.clone()).await.expect(201);
    let mut db = PgConnection::connect(&server.database.url).await.unwrap();
    for (column, expected) in [
        ("assignable", "400 3007 This category is structural; objects may not be assigned to it.".to_owned()),
        ("active", format!(r#"400 3038 The category "Design" (guid {design}) is inactive."#)),
    ] {
        let change = format!("UPDATE categories SET {column} = false WHERE name = 'Design'");
        sqlx::query(sqlx::AssertSqlSafe(change)).execute(&mut db).await.unwrap();
        super::files::learn(&server).await;
        assert_eq!(words(&ann.put(&path, to.clone()).await), expected);
        // it has it already
        ann.put(&other, to.clone()).await.expect(201);
    }
}

#[tokio::test]
async fn bytes_go_elsewhere_and_are_kept() {
    let server = Server::start().await;
    let (ann, bob) = (server.arena(&server.world.ann).await, server.arena(&server.world.bob).await);
    let file = guid(&server.world.file);
    let path = format!("/v1/files/{file}");
    let web = json!({"storageMethodName": "WEB", "location": "https://example.com/plan"});
    assert_snapshot!(plain(&bob.put(&path, web).await), @r#"
    201 Created
    {"author":{"fullName":"Ann Example"},"category":{"guid":"G1","name":"-uncategorized-","path":"File"},"checkedOut":false,"corrected":false,"creationDateTime":"2026-03-04T05:06:07Z","description":null,"edition":"1","format":null,"guid":"G2","hasMarkup":false,"haveContent":false,"lastModifiedDateTime":"2026-03-04T05:06:07Z","latest":true,"location":"https://example.com/plan","locked":false,"mimeType":null,"name":null,"number":"FILE-000001","private":false,"size":null,"storageMethod":3,"storageMethodName":"WEB","title":"plan.txt"}
    "#);
    assert_eq!(code(&ann.get(&format!("{path}/content")).await), "400 3028");
    assert_eq!(kept(&server).await, 1);
    let now = world::now(&server.vault, &server.world, &server.world.file).await;
    let edition = &now.file.as_ref().unwrap().edition;
    assert_eq!((edition.author.login.as_str(), now.modified_by.login.as_str()), ("ann", "bob"));

    let shown = async |body: Value| {
        let shown = ann.put(&path, body).await.expect(201).json();
        format!("{} {}", shown["storageMethodName"], shown["location"])
    };
    // the address it has is taken over
    assert_eq!(shown(json!({"storageMethodName": "FTP"})).await, r#""FTP" "https://example.com/plan""#);
    assert_eq!(shown(json!({"location": "ftp://b"})).await, r#""FTP" "ftp://b""#);
    assert_eq!(shown(json!({"location": null, "title": "t"})).await, r#""FTP" "ftp://b""#);
    assert_eq!(shown(json!({"storageMethodName": "PLACE_HOLDER"})).await, r#""PLACE_HOLDER" null"#);
    assert_eq!(
        words(&ann.put(&path, json!({"storageMethodName": "WEB"})).await),
        r#"400 3001 The attribute "location" is required."#
    );
    for body in [json!({"location": "x"}), json!({"storageMethodName": "PLACE_HOLDER", "location": "x"})] {
        assert_eq!(
            words(&ann.put(&path, body).await),
            r#"400 6008 The attribute "location" is not supported for Files with a storageMethodName value of "PLACE_HOLDER"."#
        );
    }
    assert_eq!(
        words(&ann.put(&path, json!({"storageMethodName": "FILE"})).await),
        r#"400 3003 The value for the attribute "storageMethodName" is not valid."#
    );
    let here = format!("/v1/files/{}", guid_in(&ann.create("t", "a.txt", "x").await.expect(201)));
    for body in [json!({"location": "x"}), json!({"storageMethodName": "FILE", "location": "x"})] {
        assert_eq!(
            words(&ann.put(&here, body).await),
            r#"400 6008 The attribute "location" is not supported for Files with a storageMethodName value of "FILE"."#
        );
    }
    assert_eq!(
        words(&ann.put(&here, json!({"storageMethodName": "WEB"})).await),
        r#"400 3001 The attribute "location" is required."#
    );
}

#[tokio::test]
async fn a_body_that_is_no_json_object_changes_nothing() {
    let server = Server::start().await;
    let ann = server.arena(&server.world.ann).await;
    let path = format!("/v1/files/{}", guid(&server.world.file));
    for body in ["", "[]", "null", "{", "7"] {
        let request = ann.request("PUT", &path).header("content-type", "application/json").body(body);
        assert_eq!(code(&server.send(request).await), "400 400", "{body:?}");
    }
    for kind in ["text/plain", "multipart/form-data; boundary=b"] {
        let request = ann.request("PUT", &path).header("content-type", kind).body("{}");
        assert_eq!(code(&server.send(request).await), "415 415", "{kind}");
    }
    let bare = server.send(ann.request("PUT", &path).body("{}")).await;
    assert_eq!(code(&bare), "415 415");
}
