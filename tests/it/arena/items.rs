//! Items, which are parts in this house, and the files that belong to them (spec/arena.md 11, 8.14).

use std::sync::Arc;

use coatcheck::{
    domain::{
        actor::Role,
        error::{Error, Missing},
        id::ItemKey,
        item::{Change, ClientTimes, OnConflict},
        library::Library,
        name::ItemName,
        part::{NewPart, Revision},
    },
    vault::PartQuery,
};
use futures_util::future::join_all;
use insta::assert_snapshot;
use serde_json::{Value, json};
use sqlx::{Connection, PgConnection};

use super::files::{category, learn};
use crate::support::{
    answer::Answer,
    arena::{Arena, code, guid, guid_in, message, plain},
    server::Server,
    world,
};

fn library(server: &Server) -> Arc<Library> {
    Arc::new(server.world.library.clone())
}

/// Makes a part as its manager does; answers the GUID of its working revision.
async fn part(server: &Server, number: &str) -> String {
    describe(server, number, &format!("Part {number}"), "").await
}

async fn describe(server: &Server, number: &str, name: &str, description: &str) -> String {
    let max = world::actor(&server.vault, &server.world.max).await;
    let new = NewPart {
        number: number.to_owned(),
        name: name.to_owned(),
        description: description.to_owned(),
        label: "A".to_owned(),
    };
    server.vault.make_part(&max, &library(server), new).await.unwrap().revision().arena_guid.clone()
}

async fn release(server: &Server, number: &str) -> Revision {
    let max = world::actor(&server.vault, &server.world.max).await;
    server.vault.release_part(&max, &library(server), number).await.unwrap().revision().clone()
}

async fn revise(server: &Server, number: &str, label: &str) -> String {
    let max = world::actor(&server.vault, &server.world.max).await;
    let opened = server.vault.revise_part(&max, &library(server), number, label).await.unwrap();
    opened.revision().arena_guid.clone()
}

async fn send(client: &Arena<'_>, server: &Server, method: &str, path: &str, body: Value) -> Answer {
    server.send(client.request(method, path).json(&body)).await
}

/// The association's GUID in an answer.
#[track_caller]
fn association(answer: &Answer) -> String {
    answer.json()["guid"].as_str().unwrap_or_else(|| panic!("{answer}")).to_owned()
}

#[track_caller]
fn words(answer: &Answer) -> String {
    format!("{} {}", code(answer), message(answer))
}

/// The numbers a search finds, in order.
async fn numbers(client: &Arena<'_>, query: &str) -> String {
    let json = client.get(&format!("/v1/items/?{query}")).await.expect(200).json();
    let results = json["results"].as_array().unwrap();
    assert_eq!(json["count"], results.len());
    results.iter().map(|item| item["number"].as_str().unwrap()).collect::<Vec<_>>().join(" ")
}

/// Titles and editions of an item's files.
async fn files(client: &Arena<'_>, item: &str) -> String {
    let json = client.get(&format!("/v1/items/{item}/files")).await.expect(200).json();
    let text = |file: &Value| {
        let (title, edition) = (&file["file"]["title"], &file["file"]["edition"]);
        format!("{}@{}", title.as_str().unwrap(), edition.as_str().unwrap())
    };
    json["results"].as_array().unwrap().iter().map(text).collect::<Vec<_>>().join(" ")
}

#[tokio::test]
async fn items_are_found_by_number_name_and_description() {
    let server = Server::start().await;
    let ann = server.arena(&server.world.ann).await;
    assert_eq!(ann.get("/v1/items").await.expect(200).text(), r#"{"count":0,"results":[]}"#);
    describe(&server, "104-7", "Shaft", "long").await;
    describe(&server, "0104", "Shaft housing", "100% steel").await;
    describe(&server, "104", "Bearing", "").await;
    let cases = [
        ("", "0104 104 104-7"),
        ("number=104&limit=1&responseview=minimal", "104"),
        ("number=10", ""),
        ("number=104*&limit=400&offset=0", "104 104-7"),
        // the number that the pattern spells comes first
        ("number=*104*", "104 0104 104-7"),
        ("name=*SHAFT*&limit=400", "0104 104-7"),
        ("name=shaft", "104-7"),
        ("description=*o*", "104-7"),
        ("description=*%25*", "0104"),
        ("name=*a*&description=*l*", "0104 104-7"),
        ("limit=2", "0104 104"),
        ("limit=2&offset=2", "104-7"),
        ("offset=3", ""),
    ];
    for (query, found) in cases {
        assert_eq!(numbers(&ann, query).await, found, "{query}");
    }
    assert_snapshot!(plain(&ann.get("/v1/items/?number=104&limit=1&responseview=minimal").await), @r#"
    200 OK
    {"count":1,"results":[{"guid":"G1","name":"Bearing","number":"104","revisionNumber":"A","revisionStatus":"WORKING"}]}
    "#);
    assert_snapshot!(plain(&ann.get("/items?number=104-7").await), @r#"
    200 OK
    {"count":1,"results":[{"category":null,"creationDateTime":"2026-03-04T05:06:07Z","description":"long","effectiveDateTime":null,"lifecyclePhase":null,"guid":"G1","name":"Shaft","number":"104-7","revisionNumber":"A","revisionStatus":"WORKING"}]}
    "#);
    for (query, refused) in [
        ("color=red", r#"400 3019 The attribute "color" is not searchable."#),
        ("number=", r#"400 3020 The value for the attribute "number" cannot be empty."#),
        ("name=%00", r#"400 3003 The value for the attribute "name" is not valid."#),
        ("limit=401", "400 3220 Limit must be 1-400, offset must equal or bigger than 0."),
        ("offset=x", "400 3041 The limit or offset parameter is invalid."),
    ] {
        assert_eq!(words(&ann.get(&format!("/v1/items?{query}")).await), refused, "{query}");
    }
}

#[tokio::test]
async fn an_items_guid_is_that_of_its_effective_revision_or_else_of_its_working_one() {
    let server = Server::start().await;
    let ann = server.arena(&server.world.ann).await;
    let found = async || ann.get("/v1/items/?number=GX-4&responseview=minimal").await.json()["results"][0].clone();
    let first = describe(&server, "GX-4", "Gearbox", "two stages").await;
    assert_eq!((&found().await["guid"], &found().await["revisionStatus"]), (&json!(first), &json!("WORKING")));
    assert_snapshot!(plain(&ann.get(&format!("/v1/items/{first}")).await), @r#"
    200 OK
    {"category":null,"creationDateTime":"2026-03-04T05:06:07Z","description":"two stages","effectiveDateTime":null,"lifecyclePhase":null,"guid":"G1","name":"Gearbox","number":"GX-4","revisionNumber":"A","revisionStatus":"WORKING"}
    "#);

    server.advance(chrono::Duration::hours(1));
    release(&server, "gx-4").await;
    assert_eq!((&found().await["guid"], &found().await["revisionStatus"]), (&json!(first), &json!("EFFECTIVE")));
    let second = revise(&server, "GX-4", "B").await;
    assert_eq!(found().await["guid"], json!(first), "the effective one counts while the next is worked on");
    server.advance(chrono::Duration::hours(1));
    release(&server, "GX-4").await;
    assert_eq!(found().await["guid"], json!(second));
    revise(&server, "GX-4", "C").await;
    let all = ann.get(&format!("/v1/items/{first}/revisions")).await;
    assert_snapshot!(plain(&all), @r#"
    200 OK
    {"count":3,"results":[{"change":null,"guid":"G1","lifecyclePhase":null,"number":"C","revisionStatus":"WORKING","status":0,"supersededDateTime":null},{"change":{"effectiveDateTime":"2026-03-04T07:06:07Z","number":null},"guid":"G2","lifecyclePhase":null,"number":"B","revisionStatus":"EFFECTIVE","status":1,"supersededDateTime":null},{"change":{"effectiveDateTime":"2026-03-04T06:06:07Z","number":null},"guid":"G3","lifecyclePhase":null,"number":"A","revisionStatus":"SUPERSEDED","status":2,"supersededDateTime":"2026-03-04T07:06:07Z"}]}
    "#);
    assert_eq!(ann.get(&format!("/v1/items/{second}/revisions")).await.text(), all.text());
    assert_eq!(ann.get(&format!("/v1/items/{first}")).await.json()["revisionStatus"], "SUPERSEDED");
}

#[tokio::test]
async fn parts_are_made_released_and_revised_by_managers() {
    let server = Server::start().await;
    let library = library(&server);
    part(&server, "P-1").await;
    let new = |number: &str| NewPart { number: number.to_owned(), label: "A".to_owned(), ..NewPart::default() };
    let max = world::actor(&server.vault, &server.world.max).await;
    let taken = server.vault.make_part(&max, &library, new(" p-1 ")).await.unwrap_err();
    assert!(matches!(taken, Error::NameTaken(_)), "{taken:?}");
    let empty = server.vault.make_part(&max, &library, new(" ")).await.unwrap_err();
    assert!(matches!(empty, Error::Invalid("number")), "{empty:?}");
    let worked_on = server.vault.revise_part(&max, &library, "P-1", "B").await.unwrap_err();
    assert!(matches!(worked_on, Error::Impossible(_)), "{worked_on:?}");
    release(&server, "P-1").await;
    let none = server.vault.release_part(&max, &library, "P-1").await.unwrap_err();
    assert!(matches!(none, Error::Impossible(_)), "{none:?}");
    let again = server.vault.revise_part(&max, &library, "P-1", "A").await.unwrap_err();
    assert!(matches!(again, Error::NameTaken(_)), "{again:?}");
    let unknown = server.vault.release_part(&max, &library, "P-2").await.unwrap_err();
    assert!(matches!(unknown, Error::Missing(_)), "{unknown:?}");

    for somebody in [&server.world.ann, &server.world.vic, &server.world.carl] {
        let actor = world::actor(&server.vault, somebody).await;
        let refused = server.vault.make_part(&actor, &library, new("P-3")).await.unwrap_err();
        assert!(matches!(refused, Error::Denied(_)), "{refused:?}");
        let refused = server.vault.revise_part(&actor, &library, "P-1", "B").await.unwrap_err();
        assert!(matches!(refused, Error::Denied(_)), "{refused:?}");
    }
    let eve = world::actor(&server.vault, &server.world.eve).await;
    let refused = server.vault.release_part(&eve, &library, "P-1").await.unwrap_err();
    assert!(matches!(refused, Error::Missing(_)), "{refused:?}");
    let dora = world::actor(&server.vault, &server.world.dora).await;
    server.vault.revise_part(&dora, &library, "P-1", "B").await.unwrap();
}

#[tokio::test]
async fn a_file_is_made_and_associated_in_one_request() {
    let server = Server::start().await;
    let ann = server.arena(&server.world.ann).await;
    let item = part(&server, "P-1").await;
    let category = category(&server, None, "CAD", None).await;
    let texts = [
        ("file.title", "drawing.step"),
        ("file.description", "Uploaded"),
        ("file.category.guid", category.as_str()),
        ("file.format", "step"),
        ("file.edition", "0123456789abcdef"),
        ("file.storageMethodName", "FILE"),
        ("file.private", "false"),
        ("primary", "true"),
        ("latestEditionAssociation", "true"),
        ("reference", "sheet 1"),
    ];
    let path = format!("/v1/items/{item}/files");
    let made = ann.form(&path, &texts, Some(("content", "drawing.step", "solid"))).await;
    assert_snapshot!(plain(&made), @r#"
    201 Created
    {"file":{"author":{"fullName":"Ann Example"},"category":{"guid":"G1","name":"CAD","path":"File\\CAD"},"checkedOut":false,"corrected":false,"creationDateTime":"2026-03-04T05:06:07Z","description":"Uploaded","edition":"0123456789abcdef","format":"step","guid":"G2","hasMarkup":false,"haveContent":true,"lastModifiedDateTime":"2026-03-04T05:06:07Z","latest":true,"location":null,"locked":false,"mimeType":"application/step","name":"drawing.step","number":"FILE-000002","private":false,"size":5,"storageMethod":0,"storageMethodName":"FILE","title":"drawing.step"},"guid":"G3","latestEditionAssociation":true,"primary":true,"reference":"sheet 1"}
    "#);
    assert_eq!(made.header("x-arena-itemfileassociation-guid"), association(&made));
    assert_eq!(made.header("x-arena-fileguid"), guid_in(&made));
    let shown = ann.get(&format!("{path}/{}", association(&made))).await.expect(200);
    assert_eq!(shown.json(), made.json());
    assert_eq!(ann.get(&path).await.json(), json!({"count": 1, "results": [made.json()]}));
    let content = ann.get(&format!("/v1/files/{}/content", guid_in(&made))).await.expect(200);
    assert_eq!(content.text(), "solid");

    // left out: not primary, the newest edition; false pins it to the one it is made with
    let bare = [("title", "t"), ("edition", "1")];
    let usual = ann.form(&path, &bare, Some(("content", "t.txt", "x"))).await.expect(201).json();
    assert_eq!((&usual["primary"], &usual["latestEditionAssociation"]), (&json!(false), &json!(true)));
    let pinned = [("title", "u"), ("edition", "1"), ("latestEditionAssociation", "false")];
    let pinned = ann.form(&path, &pinned, Some(("content", "u.txt", "x"))).await.expect(201);
    assert_eq!(pinned.json()["latestEditionAssociation"], false);
    for edition in [&guid_in(&pinned), usual["file"]["guid"].as_str().unwrap()] {
        ann.check_out(edition).await.expect(201);
        ann.check_in(edition, "true", "y", &[]).await.expect(201);
    }
    assert_eq!(files(&ann, &item).await, "drawing.step@0123456789abcdef t@2 u@1");
}

#[tokio::test]
async fn a_form_for_an_item_is_refused_with_nothing_left_behind() {
    let server = Server::start().await;
    let ann = server.arena(&server.world.ann).await;
    let item = part(&server, "P-1").await;
    let path = format!("/v1/items/{item}/files");
    let file = Some(("content", "a.txt", "x"));
    let both = [("title", "t"), ("edition", "1")];
    let cases: [(&[(&str, &str)], _, &str); 7] = [
        (&[("edition", "1")], file, r#"400 3001 The attribute "title" is required."#),
        (&[("title", "t")], file, r#"400 3001 The attribute "edition" is required."#),
        (&both, None, "400 3033 The file content is missing."),
        (
            &[both[0], both[1], ("primary", "maybe")],
            file,
            r#"400 3257 The value "maybe" is not valid for the attribute "primary" of Boolean type."#,
        ),
        (
            &[both[0], both[1], ("latestEditionAssociation", "1")],
            file,
            r#"400 3257 The value "1" is not valid for the attribute "latestEditionAssociation" of Boolean type."#,
        ),
        (
            &[both[0], both[1], ("reference", "a\0")],
            file,
            r#"400 3003 The value for the attribute "reference" is not valid."#,
        ),
        (&[both[0], both[1], ("category.guid", "x")], file, r#"400 3002 The category guid "x" is not valid."#),
    ];
    for (texts, file, refused) in cases {
        assert_eq!(words(&ann.form(&path, texts, file).await), refused);
    }
    let long = "x".repeat(4001);
    let refused = ann.form(&path, &[both[0], both[1], ("reference", &long)], file).await;
    assert_eq!(code(&refused), "400 3101");
    for unknown in ["x", "K2M501MD03M2L47YKQ5B"] {
        let refused = ann.form(&format!("/v1/items/{unknown}/files"), &both, file).await;
        assert_eq!(words(&refused), format!(r#"400 3011 The guid "{unknown}" is not valid."#));
    }
    let vic = server.arena(&server.world.vic).await;
    assert_eq!(code(&vic.form(&path, &both, file).await), "400 3024");
    release(&server, "P-1").await;
    assert_eq!(code(&ann.form(&path, &both, file).await), "400 3084");
    assert_eq!(files(&ann, &item).await, "");
    assert_eq!(ann.get("/v1/files").await.json()["count"], 1);
    let text = ann.request("POST", &path).header("content-type", "text/plain").body("x");
    assert_eq!(code(&server.send(text).await), "415 415");
}

#[tokio::test]
async fn an_existing_file_is_associated_changed_and_taken_away() {
    let server = Server::start().await;
    let ann = server.arena(&server.world.ann).await;
    let item = part(&server, "P-1").await;
    let path = format!("/v1/items/{item}/files");
    let old = guid(&server.world.file).to_owned();
    ann.check_out(&old).await.expect(201);
    let new = guid_in(&ann.check_in(&old, "true", "x", &[("file.edition", "rev-b")]).await.expect(201));

    // any edition's GUID names the file
    let body = json!({"primary": true, "latestEditionAssociation": true, "file": {"guid": old}, "reference": "r"});
    let made = send(&ann, &server, "POST", &path, body.clone()).await;
    assert_snapshot!(plain(&made), @r#"
    200 OK
    {"file":{"author":{"fullName":"Ann Example"},"category":{"guid":"G1","name":"-uncategorized-","path":"File"},"checkedOut":false,"corrected":false,"creationDateTime":"2026-03-04T05:06:07Z","description":null,"edition":"rev-b","format":null,"guid":"G2","hasMarkup":false,"haveContent":true,"lastModifiedDateTime":"2026-03-04T05:06:07Z","latest":true,"location":null,"locked":false,"mimeType":"text/plain","name":"drawing.txt","number":"FILE-000001","private":false,"size":1,"storageMethod":0,"storageMethodName":"FILE","title":"plan.txt"},"guid":"G3","latestEditionAssociation":true,"primary":true,"reference":"r"}
    "#);
    let one = format!("{path}/{}", association(&made));
    let again = send(&ann, &server, "POST", &path, body).await;
    assert_eq!(words(&again), "400 3097 The file association already exists.");

    // what is left out stays
    let shown = async |body: Value| {
        let answer = send(&ann, &server, "PUT", &one, body).await.expect(201).json();
        assert_eq!(ann.get(&one).await.json(), answer);
        let (primary, latest) = (&answer["primary"], &answer["latestEditionAssociation"]);
        format!("{primary} {latest} {} {}", answer["file"]["edition"], answer["reference"])
    };
    assert_eq!(shown(json!({"primary": false})).await, r#"false true "rev-b" "r""#);
    assert_eq!(shown(json!({"latestEditionAssociation": false})).await, r#"false false "rev-b" "r""#);
    let pin = json!({"primary": true, "latestEditionAssociation": false, "file": {"edition": "1"}});
    assert_eq!(shown(pin).await, r#"true false "1" "r""#);
    assert_eq!(shown(json!({"reference": "s"})).await, r#"true false "1" "s""#);
    let pin = json!({"latestEditionAssociation": false, "file": {"guid": new, "edition": "1"}});
    assert_eq!(shown(pin).await, r#"true false "1" "s""#);
    assert_eq!(shown(json!({"file": {"guid": new}})).await, r#"true false "rev-b" "s""#);
    let latest = json!({"primary": true, "latestEditionAssociation": true, "file": {"edition": "whatever"}});
    assert_eq!(shown(latest).await, r#"true true "rev-b" "s""#);

    let gone = server.send(ann.request("DELETE", &one)).await.expect(204);
    assert_eq!(gone.text(), "");
    assert_eq!(files(&ann, &item).await, "");
    ann.get(&format!("/v1/files/{old}")).await.expect(200);
    for method in ["GET", "PUT", "DELETE"] {
        let refused = send(&ann, &server, method, &one, json!({})).await;
        assert_eq!(words(&refused), "400 3029 The file association does not exist.", "{method}");
    }

    // pinned from the start, by label or by the edition that was named
    for (file, edition) in [(json!({"guid": old}), "1"), (json!({"guid": old, "edition": "rev-b"}), "rev-b")] {
        let body = json!({"latestEditionAssociation": false, "file": file});
        let made = send(&ann, &server, "POST", &path, body).await.expect(200);
        assert_eq!(made.json()["file"]["edition"], edition);
        server.send(ann.request("DELETE", &format!("{path}/{}", association(&made)))).await.expect(204);
    }
    assert_snapshot!(super::races::trail(&server).await, @r#"
    ann check_out done
    ann check_in done
    ann associate done
    ann associate done
    ann associate done
    ann associate done
    ann associate done
    ann associate done
    ann associate done
    ann associate done
    ann dissociate done
    ann associate done
    ann dissociate done
    ann associate done
    ann dissociate done
    "#);
}

#[tokio::test]
async fn an_association_that_cannot_be_is_refused() {
    let server = Server::start().await;
    let ann = server.arena(&server.world.ann).await;
    let item = part(&server, "P-1").await;
    let path = format!("/v1/items/{item}/files");
    let file = guid(&server.world.file);
    let cases = [
        (json!({}), r#"400 3001 The attribute "file.guid" is required."#),
        (json!({"file": {}}), r#"400 3001 The attribute "file.guid" is required."#),
        (json!({"file": 7}), r#"400 3003 The value for the attribute "file" is not valid."#),
        (
            json!({"primary": "yes", "file": {"guid": file}}),
            r#"400 3257 The value "yes" is not valid for the attribute "primary" of Boolean type."#,
        ),
        (
            json!({"latestEditionAssociation": 0, "file": {"guid": file}}),
            r#"400 3257 The value "0" is not valid for the attribute "latestEditionAssociation" of Boolean type."#,
        ),
        (
            json!({"reference": [], "file": {"guid": file}}),
            r#"400 3003 The value for the attribute "reference" is not valid."#,
        ),
        (
            json!({"file": {"guid": file, "edition": "x".repeat(33)}}),
            r#"400 3101 The length of the value exceeds the maximum length (32) for the attribute "file.edition"."#,
        ),
        (json!({"file": {"guid": "x"}}), r#"400 3011 The guid "x" is not valid."#),
        (json!({"file": {"guid": item}}), &format!(r#"400 3011 The guid "{item}" is not valid."#)),
        (
            json!({"latestEditionAssociation": false, "file": {"guid": file, "edition": "Z"}}),
            r#"400 3003 The value for the attribute "file.edition" is not valid."#,
        ),
    ];
    for (body, refused) in cases {
        assert_eq!(words(&send(&ann, &server, "POST", &path, body).await), refused);
    }
    let made = send(&ann, &server, "POST", &path, json!({"file": {"guid": file}})).await.expect(200);
    let one = format!("{path}/{}", association(&made));
    let other = guid_in(&ann.create("other", "other.txt", "x").await.expect(201));
    let refused = send(&ann, &server, "PUT", &one, json!({"file": {"guid": other}})).await;
    assert_eq!(words(&refused), r#"400 3003 The value for the attribute "file.guid" is not valid."#);
    let refused =
        send(&ann, &server, "PUT", &one, json!({"latestEditionAssociation": false, "file": {"edition": "Z"}}));
    assert_eq!(words(&refused.await), r#"400 3003 The value for the attribute "file.edition" is not valid."#);

    // GUIDs of the path, spelled wrongly and of nothing
    for wrong in ["x", "K2M501MD03M2L47YKQ5B", file] {
        for path in
            [format!("/v1/items/{wrong}"), format!("/v1/items/{wrong}/revisions"), format!("/v1/items/{wrong}/files")]
        {
            assert_eq!(words(&ann.get(&path).await), format!(r#"400 3011 The guid "{wrong}" is not valid."#), "{path}");
        }
        let path = format!("/v1/items/{wrong}/files/{}", association(&made));
        for method in ["GET", "PUT", "DELETE"] {
            assert_eq!(code(&send(&ann, &server, method, &path, json!({})).await), "400 3011", "{method} {path}");
        }
    }
    assert_eq!(code(&ann.get(&format!("{path}/x")).await), "400 3011");
    assert_eq!(code(&ann.get(&format!("{path}/{item}")).await), "400 3029");
    // an association of another item
    let second = part(&server, "P-2").await;
    assert_eq!(code(&ann.get(&format!("/v1/items/{second}/files/{}", association(&made))).await), "400 3029");
}

#[tokio::test]
async fn parts_are_seen_with_a_role_and_changed_with_the_right_to_edit_files() {
    let server = Server::start().await;
    let ann = server.arena(&server.world.ann).await;
    let item = part(&server, "P-1").await;
    let path = format!("/v1/items/{item}/files");
    let secret = category(&server, None, "Secret", None).await;
    let texts = [("title", "hidden"), ("edition", "1"), ("category.guid", secret.as_str())];
    let hidden = ann.form(&path, &texts, Some(("content", "h.txt", "x"))).await.expect(201);
    let open =
        send(&ann, &server, "POST", &path, json!({"file": {"guid": guid(&server.world.file)}})).await.expect(200);
    let mut db = PgConnection::connect(&server.database.url).await.unwrap();
    sqlx::query("UPDATE categories SET default_level = 'none' WHERE name = 'Secret'").execute(&mut db).await.unwrap();
    learn(&server).await;

    // a file the caller cannot see is not there, and neither is its association
    for somebody in [&server.world.ann, &server.world.vic, &server.world.carl] {
        let client = server.arena(somebody).await;
        assert_eq!(files(&client, &item).await, "plan.txt@1");
        assert_eq!(code(&client.get(&format!("{path}/{}", association(&hidden))).await), "400 3029");
        assert_eq!(numbers(&client, "number=P-1").await, "P-1");
    }
    let ann = server.arena(&server.world.ann).await;
    for method in ["PUT", "DELETE"] {
        let one = format!("{path}/{}", association(&hidden));
        assert_eq!(code(&send(&ann, &server, method, &one, json!({"primary": true})).await), "400 3029");
    }
    let body = json!({"file": {"guid": guid_in(&hidden)}});
    let second = part(&server, "P-2").await;
    let refused = send(&ann, &server, "POST", &format!("/v1/items/{second}/files"), body).await;
    assert_eq!(code(&refused), "400 3011");

    // a viewer and a read-only license change nothing
    for somebody in [&server.world.vic, &server.world.carl] {
        let client = server.arena(somebody).await;
        let one = format!("{path}/{}", association(&open));
        let body = json!({"file": {"guid": guid(&server.world.file)}});
        let post = send(&client, &server, "POST", &format!("/v1/items/{second}/files"), body).await;
        let put = send(&client, &server, "PUT", &one, json!({"primary": true})).await;
        let delete = send(&client, &server, "DELETE", &one, json!({})).await;
        for refused in [post, put, delete] {
            assert_eq!(code(&refused), "400 3024", "{}", somebody.person.login);
        }
    }

    // where policies are required a rule is needed to change, none to see
    sqlx::query("UPDATE libraries SET policies_required = true").execute(&mut db).await.unwrap();
    learn(&server).await;
    let ann = server.arena(&server.world.ann).await;
    assert_eq!(numbers(&ann, "number=P-1").await, "P-1");
    assert_eq!(files(&ann, &item).await, "");
    let body = json!({"file": {"guid": guid(&server.world.file)}});
    let refused = send(&ann, &server, "POST", &format!("/v1/items/{second}/files"), body).await;
    assert_eq!(code(&refused), "400 3024");
}

#[tokio::test]
async fn who_has_only_a_file_of_a_library_sees_none_of_its_parts() {
    let server = Server::start().await;
    let item = part(&server, "P-1").await;
    let file = &server.world.file;
    server.vault.grant(file.id, server.world.eve.person.id, Role::Contributor, None).await.unwrap();
    let ann = server.arena(&server.world.ann).await;
    let path = format!("/v1/items/{item}/files");
    send(&ann, &server, "POST", &path, json!({"file": {"guid": guid(file)}})).await.expect(200);
    let eve = world::actor(&server.vault, &server.world.eve).await;
    let library = library(&server);
    let found = server.vault.parts(&eve, &library, &PartQuery::default(), 20, 0).await.unwrap();
    assert!(found.is_empty(), "{found:?}");
    let refused = server.vault.part(&eve, &library, &item).await.unwrap_err();
    assert!(matches!(refused, Error::Missing(Missing::Part)), "{refused:?}");
    let look = server.vault.look(&eve, &ItemKey::Id(file.id)).await.unwrap();
    let edition = &look.item().file.as_ref().unwrap().edition;
    assert!(server.vault.parts_of(&eve, &look, edition).await.unwrap().is_empty());
    assert_eq!(ann.get(&format!("/v1/files/{}/items", guid(file))).await.expect(200).json()["count"], 1);
}

#[tokio::test]
async fn a_release_pins_and_freezes_what_it_shows() {
    let server = Server::start().await;
    let ann = server.arena(&server.world.ann).await;
    let item = part(&server, "P-1").await;
    let path = format!("/v1/items/{item}/files");
    let file = guid(&server.world.file).to_owned();
    let tied = send(&ann, &server, "POST", &path, json!({"primary": true, "file": {"guid": file}})).await.expect(200);
    let other = guid_in(&ann.create("other", "other.txt", "x").await.expect(201));
    let pinned = json!({"latestEditionAssociation": false, "file": {"guid": other}});
    send(&ann, &server, "POST", &path, pinned).await.expect(200);
    assert_eq!(ann.get(&format!("/files/{file}")).await.json()["locked"], false);

    // somebody may have it checked out meanwhile
    ann.check_out(&file).await.expect(201);
    release(&server, "P-1").await;
    let shown = ann.get(&format!("{path}/{}", association(&tied))).await.json();
    assert_eq!((&shown["latestEditionAssociation"], &shown["file"]["locked"]), (&json!(false), &json!(true)));
    let refused = ann.check_in(&file, "false", "second", &[]).await;
    assert_eq!(
        words(&refused),
        format!(
            "400 3084 This edition of the given file \"{file}\" cannot be updated because it either contains a markup or it \
             is associated with a locked object."
        )
    );
    let newer = guid_in(&ann.check_in(&file, "true", "second", &[]).await.expect(201));
    assert_eq!(files(&ann, &item).await, "plan.txt@1 other@1");

    // what was released stays as it was
    let one = format!("{path}/{}", association(&tied));
    let third = guid_in(&ann.create("third", "third.txt", "x").await.expect(201));
    for (method, path, body) in [
        ("POST", &path, json!({"file": {"guid": third}})),
        ("PUT", &one, json!({"primary": false})),
        ("DELETE", &one, json!({})),
    ] {
        let refused = send(&ann, &server, method, path, body).await;
        assert_eq!(
            words(&refused),
            format!(
                "400 3084 This edition of the given file \"{item}\" cannot be updated because it either contains a markup \
                 or it is associated with a locked object."
            ),
            "{method}"
        );
    }

    // the next revision follows the newest edition again where the one before did, and keeps its other pins
    ann.check_out(&other).await.expect(201);
    ann.check_in(&other, "true", "y", &[]).await.expect(201);
    let next = revise(&server, "P-1", "B").await;
    assert_eq!(files(&ann, &next).await, "plan.txt@2 other@1");
    assert_eq!(files(&ann, &item).await, "plan.txt@1 other@1");
    let copied = ann.get(&format!("/v1/items/{next}/files")).await.json()["results"][0].clone();
    assert_eq!((&copied["primary"], &copied["latestEditionAssociation"]), (&json!(true), &json!(true)));
    assert_ne!(copied["guid"], json!(association(&tied)));
    // the newer edition is nobody's yet: it may be replaced
    ann.check_out(&newer).await.expect(201);
    ann.check_in(&newer, "false", "third", &[]).await.expect(201);
    server
        .send(ann.request("DELETE", &format!("/v1/items/{next}/files/{}", copied["guid"].as_str().unwrap())))
        .await
        .expect(204);
    release(&server, "P-1").await;
    assert_eq!(files(&ann, &item).await, "plan.txt@1 other@1", "also when it is superseded");
    assert_eq!(files(&ann, &next).await, "other@1");
}

#[tokio::test]
async fn a_file_tells_which_items_show_its_edition() {
    let server = Server::start().await;
    let ann = server.arena(&server.world.ann).await;
    let item = part(&server, "P-1").await;
    let file = guid(&server.world.file).to_owned();
    let none = ann.get(&format!("/v1/files/{file}/items")).await.expect(200);
    assert_eq!(none.text(), r#"{"count":0,"results":[]}"#);
    let path = format!("/v1/items/{item}/files");
    let tied = send(&ann, &server, "POST", &path, json!({"file": {"guid": file}})).await.expect(200);
    assert_snapshot!(plain(&ann.get(&format!("/v1/files/{file}/items")).await), @r#"
    200 OK
    {"count":1,"results":[{"associationGuid":"G1","guid":"G2","name":"Part P-1","number":"P-1","revisionNumber":"A","revisionStatus":"WORKING","latestEditionAssociation":true,"primary":false}]}
    "#);
    let one = ann.get(&format!("/v1/files/{file}/items/{}", association(&tied))).await.expect(200).json();
    assert_eq!((&one["guid"], &one["file"]["guid"]), (&tied.json()["guid"], &json!(file)));
    assert_eq!(one["item"]["number"], "P-1");
    release(&server, "P-1").await;
    revise(&server, "P-1", "B").await;
    ann.check_out(&file).await.expect(201);
    let newer = guid_in(&ann.check_in(&file, "true", "x", &[]).await.expect(201));
    for (edition, revision) in [(&file, "A"), (&newer, "B")] {
        let json = ann.get(&format!("/v1/files/{edition}/items")).await.json();
        assert_eq!((&json["count"], &json["results"][0]["revisionNumber"]), (&json!(1), &json!(revision)));
    }
    let gone = ann.get(&format!("/v1/files/{newer}/items/{}", association(&tied))).await;
    assert_eq!(words(&gone), "400 3029 The file association does not exist.");
    assert_eq!(code(&ann.get(&format!("/v1/files/{newer}/items/x")).await), "400 3011");
    assert_eq!(code(&ann.get("/v1/files/x/items").await), "400 3011");
}

#[tokio::test]
async fn a_file_that_belongs_to_a_part_is_deleted_in_no_room() {
    let server = Server::start().await;
    let (ann, world) = (server.arena(&server.world.ann).await, &server.world);
    let item = part(&server, "P-1").await;
    let file = &world.file;
    let path = format!("/v1/items/{item}/files");
    let tied = send(&ann, &server, "POST", &path, json!({"file": {"guid": guid(file)}})).await.expect(200);
    let actor = world::actor(&server.vault, &world.ann).await;
    let look = server.vault.look(&actor, &ItemKey::Id(file.id)).await.unwrap();
    let refused = server.vault.delete(&actor, &look).await.unwrap_err();
    assert!(matches!(refused, Error::Associated), "{refused:?}");
    let in_graph = format!("/v1.0/drives/{}/items/{}", world.library.graph_id, file.graph_id);
    let answer = server.send(server.request("DELETE", &in_graph).bearer_auth(&world.ann.token)).await;
    assert_eq!(answer.status, 409, "{answer}");
    let body =
        json!({"jsonrpc": "2.0", "method": "delete-file-entry", "params": {"fileEntryId": file.number}, "id": 1});
    let request = server.post("/api/jsonws/dlapp").basic_auth(&world.ann.person.email, Some(world::PASSWORD));
    let answer = server.send(request.json(&body)).await;
    assert!(answer.text().contains("Something else refers to the file"), "{answer}");
    ann.get(&format!("/v1/files/{}", guid(file))).await.expect(200);

    server.send(ann.request("DELETE", &format!("{path}/{}", association(&tied)))).await.expect(204);
    let look = server.vault.look(&actor, &ItemKey::Id(file.id)).await.unwrap();
    server.vault.delete(&actor, &look).await.unwrap();
    assert_eq!(code(&ann.get(&format!("/v1/files/{}", guid(file))).await), "400 3011");
}

#[tokio::test]
async fn a_folder_above_a_file_that_belongs_to_a_part_is_not_deleted() {
    let server = Server::start().await;
    let (ann, world) = (server.arena(&server.world.ann).await, &server.world);
    let item = part(&server, "P-1").await;
    let actor = world::actor(&server.vault, &world.ann).await;
    let root = server.vault.look(&actor, &ItemKey::Id(world.library.root)).await.unwrap();
    let name = ItemName::parse("Drawings").unwrap();
    let (fail, times) = (OnConflict::Fail, ClientTimes::default());
    let folder = server.vault.create_folder(&actor, &root, &name, "", fail, times).await.unwrap();
    let file = server.vault.look(&actor, &ItemKey::Id(world.file.id)).await.unwrap();
    let change = Change { parent: Some(folder), ..Change::default() };
    server.vault.update(&actor, &file, change).await.unwrap();
    let path = format!("/v1/items/{item}/files");
    let body = json!({"file": {"guid": guid(&world.file)}});
    let tied = send(&ann, &server, "POST", &path, body).await.expect(200);
    let look = server.vault.look(&actor, &ItemKey::Id(folder)).await.unwrap();
    let refused = server.vault.delete(&actor, &look).await.unwrap_err();
    assert!(matches!(refused, Error::Associated), "{refused:?}");
    server.send(ann.request("DELETE", &format!("{path}/{}", association(&tied)))).await.expect(204);
    server.vault.delete(&actor, &look).await.unwrap();
}

#[tokio::test]
async fn the_newest_edition_is_kept_while_an_item_follows_the_newest() {
    let server = Server::start().await;
    let ann = server.arena(&server.world.ann).await;
    let item = part(&server, "P-1").await;
    let path = format!("/v1/items/{item}/files");
    let file = guid(&server.world.file).to_owned();
    let tied = send(&ann, &server, "POST", &path, json!({"file": {"guid": file}})).await.expect(200);
    ann.check_out(&file).await.expect(201);
    let second = guid_in(&ann.check_in(&file, "true", "x", &[]).await.expect(201));
    let path_of = format!("/v1/files/{second}");
    assert_eq!(code(&send(&ann, &server, "DELETE", &path_of, json!({})).await), "400 6010");
    let pin = json!({"latestEditionAssociation": false, "file": {"edition": "1"}});
    send(&ann, &server, "PUT", &format!("{path}/{}", association(&tied)), pin).await.expect(201);
    send(&ann, &server, "DELETE", &path_of, json!({})).await.expect(204);
}

#[tokio::test]
async fn the_lists_of_an_item_come_whole_unless_a_part_is_asked_for() {
    let server = Server::start().await;
    let ann = server.arena(&server.world.ann).await;
    let item = part(&server, "P-1").await;
    for number in 0..22 {
        let made = ann.create(&format!("f{number}"), &format!("f{number}.txt"), "x").await.expect(201);
        let file = json!({"file": {"guid": guid_in(&made)}});
        send(&ann, &server, "POST", &format!("/v1/items/{item}/files"), file).await.expect(200);
    }
    let count = async |query: &str| {
        ann.get(&format!("/v1/items/{item}/files{query}")).await.expect(200).json()["count"].clone()
    };
    for (query, expected) in
        [("", 22), ("?limit=5", 5), ("?limit=20&offset=20", 2), ("?offset=21", 1), ("?limit=400&offset=400", 0)]
    {
        assert_eq!(count(query).await, expected, "{query}");
    }
    for path in [format!("/v1/items/{item}/files"), format!("/v1/items/{item}/revisions")] {
        assert_eq!(code(&ann.get(&format!("{path}?limit=401")).await), "400 3220");
        assert_eq!(code(&ann.get(&format!("{path}?offset=x")).await), "400 3041");
        assert_eq!(ann.get(&format!("{path}?offset=22")).await.expect(200).json()["count"], 0);
    }
}

/// As the public client does that reaches files only through items.
#[tokio::test]
async fn an_upload_through_an_item_from_first_to_last() {
    let server = Server::start().await;
    let ann = server.arena(&server.world.ann).await;
    category(&server, None, "CAD", None).await;
    part(&server, "104-0001").await;
    let get = async |path: &str| ann.get(&format!("/v1{path}")).await.expect(200).json();
    let find = async || {
        let found = get("/items/?number=104-0001&limit=1&responseview=minimal").await;
        found["results"][0]["guid"].as_str().unwrap().to_owned()
    };
    let revision = async |status: &str| {
        let all = get(&format!("/items/{}/revisions", find().await)).await;
        let fits = all["results"].as_array().unwrap().iter().find(|it| it["revisionStatus"] == status).cloned();
        fits.map(|it| it["guid"].as_str().unwrap().to_owned())
    };
    let upload = async |item: &str, edition: &str, text: &str| {
        let categories = get("/settings/files/categories").await;
        let cad =
            categories["results"].as_array().unwrap().iter().find(|it| it["name"] == "CAD").unwrap()["guid"].clone();
        let texts = [
            ("file.title", "shaft.step"),
            ("file.category.guid", cad.as_str().unwrap()),
            ("file.edition", edition),
            ("file.storageMethodName", "FILE"),
            ("primary", "true"),
            ("latestEditionAssociation", "true"),
        ];
        ann.form(&format!("/v1/items/{item}/files"), &texts, Some(("content", "shaft.step", text))).await.expect(201)
    };
    let working = revision("WORKING").await.unwrap();
    let first = upload(&working, "aaaaaaaaaaaaaaaa", "one").await;
    // another content: the association is replaced, and with it the file
    server.send(ann.request("DELETE", &format!("/v1/items/{working}/files/{}", association(&first)))).await.expect(204);
    let second = upload(&working, "bbbbbbbbbbbbbbbb", "two").await;
    assert_ne!(guid_in(&first), guid_in(&second));
    // the same content again: only the flags
    let flags = json!({"primary": false, "latestEditionAssociation": true, "file": {"edition": "bbbbbbbbbbbbbbbb"}});
    let path = format!("/v1/items/{working}/files/{}", association(&second));
    assert_eq!(send(&ann, &server, "PUT", &path, flags).await.expect(201).json()["primary"], false);
    release(&server, "104-0001").await;
    assert_eq!(revision("WORKING").await, None);
    assert_eq!(revision("EFFECTIVE").await.as_ref(), Some(&working));
    // a locked association is recognised by its code
    let refused = server.send(ann.request("DELETE", &path)).await;
    assert_eq!(code(&refused), "400 3084");
    // the next revision; its file is taken away and associated anew, with the label it has
    let next = revise(&server, "104-0001", "B").await;
    assert_eq!(find().await, working);
    let copied = get(&format!("/items/{next}/files")).await["results"][0]["guid"].as_str().unwrap().to_owned();
    server.send(ann.request("DELETE", &format!("/v1/items/{next}/files/{copied}"))).await.expect(204);
    let body = json!({
        "primary": true, "latestEditionAssociation": true,
        "file": {"guid": guid_in(&second), "edition": "bbbbbbbbbbbbbbbb"}, "reference": "sheet",
    });
    send(&ann, &server, "POST", &format!("/v1/items/{next}/files"), body).await.expect(200);
    assert_eq!(files(&ann, &next).await, "shaft.step@bbbbbbbbbbbbbbbb");
    let content = ann.get(&format!("/v1/files/{}/content", guid_in(&second))).await.expect(200);
    assert_eq!(content.text(), "two");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_many_who_associate_one_file_at_once_one_does() {
    let server = Server::start().await;
    let ann = server.arena(&server.world.ann).await;
    for round in 0..10 {
        let item = part(&server, &format!("P-{round}")).await;
        let path = format!("/v1/items/{item}/files");
        let body = json!({"file": {"guid": guid(&server.world.file)}});
        let answers = join_all((0..8).map(|_| send(&ann, &server, "POST", &path, body.clone()))).await;
        let won = answers.iter().filter(|answer| answer.status == 200).count();
        assert_eq!(won, 1);
        for answer in answers.iter().filter(|answer| answer.status != 200) {
            assert_eq!(code(answer), "400 3097");
        }
        assert_eq!(files(&ann, &item).await, "plan.txt@1");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_association_is_released_with_the_revision_or_refused() {
    let server = Server::start().await;
    let ann = server.arena(&server.world.ann).await;
    for round in 0..12 {
        let number = format!("P-{round}");
        let item = part(&server, &number).await;
        let path = format!("/v1/items/{item}/files");
        let made = guid_in(&ann.create("t", "t.txt", "x").await.expect(201));
        let body = json!({"file": {"guid": made}});
        let form = async || {
            let texts = [("title", "new"), ("edition", "1")];
            ann.form(&path, &texts, Some(("content", "n.txt", "x"))).await
        };
        let (tied, formed, _) =
            tokio::join!(send(&ann, &server, "POST", &path, body), form(), release(&server, &number));
        let shown = ann.get(&path).await.json();
        let count = [&tied, &formed].iter().filter(|answer| answer.status.is_success()).count();
        assert_eq!(shown["count"], count);
        for refused in [&tied, &formed].into_iter().filter(|answer| !answer.status.is_success()) {
            assert_eq!(code(refused), "400 3084");
        }
        // whatever belongs to an effective revision is pinned and frozen
        for file in shown["results"].as_array().unwrap() {
            let (latest, locked) = (&file["latestEditionAssociation"], &file["file"]["locked"]);
            assert_eq!((latest, locked), (&json!(false), &json!(true)), "{file}");
        }
        if !tied.status.is_success() {
            assert_eq!(ann.get(&format!("/files/{made}")).await.json()["locked"], false);
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_file_is_deleted_or_associated_never_both() {
    let server = Server::start().await;
    let ann = server.arena(&server.world.ann).await;
    let actor = world::actor(&server.vault, &server.world.ann).await;
    let item = part(&server, "P-1").await;
    let path = format!("/v1/items/{item}/files");
    for _ in 0..12 {
        let file = guid_in(&ann.create("t", "t.txt", "x").await.expect(201));
        let look = server.vault.look(&actor, &ItemKey::Edition(file.clone())).await.unwrap();
        let body = json!({"file": {"guid": file}});
        let (tied, deleted) =
            tokio::join!(send(&ann, &server, "POST", &path, body), server.vault.delete(&actor, &look));
        match (tied.status.as_u16(), deleted) {
            (200, Err(Error::Associated)) => assert!(ann.get(&path).await.text().contains(&file)),
            (400, Ok(())) => {
                assert_eq!(code(&tied), "400 3011");
                assert!(!ann.get(&path).await.text().contains(&file));
            }
            other => panic!("{other:?}"),
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_release_and_a_check_in_of_the_same_edition_leave_a_frozen_edition_as_it_was_released() {
    let server = Server::start().await;
    let ann = server.arena(&server.world.ann).await;
    for round in 0..8 {
        let number = format!("P-{round}");
        let item = part(&server, &number).await;
        let file = guid_in(&ann.create("t", "t.txt", "first").await.expect(201));
        let path = format!("/v1/items/{item}/files");
        send(&ann, &server, "POST", &path, json!({"file": {"guid": file}})).await.expect(200);
        ann.check_out(&file).await.expect(201);
        let (checked_in, _) = tokio::join!(ann.check_in(&file, "false", "second", &[]), release(&server, &number));
        let content = ann.get(&format!("/files/{file}/content")).await.text();
        match checked_in.status.as_u16() {
            201 => assert_eq!(content, "second"),
            _ => assert_eq!((code(&checked_in).as_str(), content.as_str()), ("400 3084", "first")),
        }
        assert_eq!(ann.get(&format!("/files/{file}")).await.json()["locked"], true);
    }
}

#[tokio::test]
async fn an_edition_that_belongs_to_an_item_is_not_deleted_and_the_others_are() {
    let server = Server::start().await;
    let ann = server.arena(&server.world.ann).await;
    let item = part(&server, "100-1").await;
    let first = guid(&server.world.file).to_owned();
    let pin = json!({"primary": true, "latestEditionAssociation": false, "file": {"guid": first}});
    send(&ann, &server, "POST", &format!("/v1/items/{item}/files"), pin).await.expect(200);
    ann.check_out(&first).await.expect(201);
    let second = guid_in(&ann.check_in(&first, "true", "two", &[]).await.expect(201));

    send(&ann, &server, "DELETE", &format!("/v1/files/{second}"), json!({})).await.expect(204);
    let refused = send(&ann, &server, "DELETE", &format!("/v1/files/{first}"), json!({})).await;
    assert_eq!(words(&refused), "400 6010 The File cannot be deleted due to existing associations.");
    assert_eq!(ann.get(&format!("/v1/files/{first}/content")).await.expect(200).text(), "first");

    // an edition that is pinned is not deleted either when another one comes before it
    ann.check_out(&first).await.expect(201);
    let third = guid_in(&ann.check_in(&first, "true", "three", &[]).await.expect(201));
    let other = part(&server, "100-2").await;
    let pin = json!({"primary": true, "latestEditionAssociation": false, "file": {"guid": third}});
    let made = send(&ann, &server, "POST", &format!("/v1/items/{other}/files"), pin).await.expect(200);
    let refused = send(&ann, &server, "DELETE", &format!("/v1/files/{third}"), json!({})).await;
    assert_eq!(code(&refused), "400 6010");
    let association = association(&made);
    send(&ann, &server, "DELETE", &format!("/v1/items/{other}/files/{association}"), json!({})).await.expect(204);
    send(&ann, &server, "DELETE", &format!("/v1/files/{third}"), json!({})).await.expect(204);
}
