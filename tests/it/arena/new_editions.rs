//! New editions of free files: `POST /files/{guid}/editions` (spec/arena.md 8.10).

use futures_util::future::join_all;
use insta::assert_snapshot;
use serde_json::json;

use super::{
    check_in::freeze,
    files::category,
    races::{clients, trail},
};
use crate::support::{
    arena::{code, guid, guid_in, plain, words},
    server::Server,
    world,
};

#[tokio::test]
async fn an_edition_with_content_takes_over_what_is_not_said() {
    let server = Server::start().await;
    let (ann, bob) = (server.arena(&server.world.ann).await, server.arena(&server.world.bob).await);
    let old = guid(&server.world.file);
    let said =
        json!({"author": {"fullName": "George C Lewis"}, "description": "a plan", "format": "txt", "private": true});
    ann.put(&format!("/v1/files/{old}"), said).await.expect(201);
    let path = format!("/v1/files/{old}/editions");
    let answer = bob.bytes(&path, "second.pdf", "second").await;
    assert_snapshot!(plain(&answer), @r#"
    201 Created
    {"author":{"fullName":"George C Lewis"},"category":{"guid":"G1","name":"-uncategorized-","path":"File"},"checkedOut":false,"corrected":false,"creationDateTime":"2026-03-04T05:06:07Z","description":"a plan","edition":"2","format":"txt","guid":"G2","hasMarkup":false,"haveContent":true,"lastModifiedDateTime":"2026-03-04T05:06:07Z","latest":true,"location":null,"locked":false,"mimeType":"application/pdf","name":"second.pdf","number":"FILE-000001","private":true,"size":6,"storageMethod":0,"storageMethodName":"FILE","title":"plan.txt"}
    "#);
    let new = guid_in(&answer);
    assert_ne!(new, old);
    assert_eq!(answer.header("x-arena-fileguid"), new);
    assert_eq!(ann.get(&format!("/v1/files/{new}/content")).await.text(), "second");
    assert_eq!(ann.get(&format!("/v1/files/{old}/content")).await.text(), "first");
    assert_eq!(ann.get(&path).await.json()["count"], 2);
    assert_snapshot!(trail(&server).await, @r#"
    ann update done
    bob add_edition done
    "#);
}

#[tokio::test]
async fn everything_a_form_says_is_kept_under_either_spelling() {
    let server = Server::start().await;
    let ann = server.arena(&server.world.ann).await;
    let design = category(&server, None, "Design", None).await;
    // any edition names the file
    let path = format!("/v1/files/{}/editions", guid(&server.world.file));
    for (prefix, label) in [("", "B-1"), ("file.", "B-2")] {
        let title = format!("Title {label}");
        let said = [
            ("author.fullName", "George C Lewis"),
            ("category.guid", design.as_str()),
            ("description", "d"),
            ("edition", label),
            ("format", "f"),
            ("private", "true"),
            ("storageMethodName", "FILE"),
            ("title", title.as_str()),
        ];
        let said = said.map(|(name, value)| (format!("{prefix}{name}"), value));
        let texts: Vec<_> = said.iter().map(|(name, value)| (name.as_str(), *value)).collect();
        let file = format!("{prefix}content");
        let shown = ann.form(&path, &texts, Some((file.as_str(), "a.txt", label))).await.expect(201).json();
        let kept = ["edition", "title", "description", "format", "private", "storageMethodName", "name"];
        let kept = kept.map(|key| shown[key].to_string()).join(" ");
        assert_eq!(kept, format!(r#""{label}" "{title}" "d" "f" true "FILE" "a.txt""#));
        assert_eq!(
            (&shown["category"]["guid"], &shown["author"]["fullName"]),
            (&json!(design), &json!("George C Lewis"))
        );
    }
}

#[tokio::test]
async fn an_edition_without_content_is_said_in_json() {
    let server = Server::start().await;
    let ann = server.arena(&server.world.ann).await;
    let file = guid(&server.world.file);
    let path = format!("/v1/files/{file}/editions");
    // as a public client sends it
    let body = json!({"file": {
        "title": "Home", "description": "page", "edition": "0123456789abcdef", "format": "html",
        "storageMethodName": "WEB", "location": "https://example.com/", "private": false,
    }});
    let answer = ann.post(&path, body).await;
    assert_eq!(answer.header("x-arena-fileguid"), "");
    assert_snapshot!(plain(&answer), @r#"
    201 Created
    {"author":{"fullName":"Ann Example"},"category":{"guid":"G1","name":"-uncategorized-","path":"File"},"checkedOut":false,"corrected":false,"creationDateTime":"2026-03-04T05:06:07Z","description":"page","edition":"0123456789abcdef","format":"html","guid":"G2","hasMarkup":false,"haveContent":false,"lastModifiedDateTime":"2026-03-04T05:06:07Z","latest":true,"location":"https://example.com/","locked":false,"mimeType":null,"name":null,"number":"FILE-000001","private":false,"size":null,"storageMethod":3,"storageMethodName":"WEB","title":"Home"}
    "#);
    let shown = async |path: &str, body: serde_json::Value| {
        let shown = ann.post(path, body).await.expect(201).json();
        ["edition", "storageMethodName", "location", "title"].map(|key| shown[key].to_string()).join(" ")
    };
    // unwrapped; what is left out is taken over
    assert_eq!(shown(&path, json!({})).await, r#""0123456789abcdef-1" "WEB" "https://example.com/" "Home""#);
    assert_eq!(
        shown(&path, json!({"location": "http://b", "title": "B"})).await,
        r#""0123456789abcdef-1-1" "WEB" "http://b" "B""#
    );
    let alias = format!("{path}/json");
    assert_eq!(shown(&alias, json!({"storageMethodName": "FTP", "edition": "5"})).await, r#""5" "FTP" "http://b" "B""#);
    assert_eq!(shown(&alias, json!({"file": {"location": "ftp://c"}})).await, r#""6" "FTP" "ftp://c" "B""#);
    assert_eq!(shown(&alias, json!({"storageMethodName": "PLACE_HOLDER"})).await, r#""7" "PLACE_HOLDER" null "B""#);
    assert_eq!(shown(&alias, json!({"location": "http://d"})).await, r#""8" "WEB" "http://d" "B""#);
    // and content may follow
    let here = ann.bytes(&path, "a.txt", "x").await.expect(201).json();
    assert_eq!(
        (&here["edition"], &here["storageMethodName"], &here["location"]),
        (&json!("9"), &json!("FILE"), &json!(null))
    );
    assert_eq!(ann.get(&path).await.json()["count"], 9);
}

#[tokio::test]
async fn json_brings_no_content() {
    let server = Server::start().await;
    let ann = server.arena(&server.world.ann).await;
    let path = format!("/v1/files/{}/editions", guid(&server.world.file));
    let cases = [
        (json!({}), r#"400 3001 The attribute "storageMethodName" is required."#),
        (json!({"location": "x"}), r#"400 3001 The attribute "storageMethodName" is required."#),
        (
            json!({"storageMethodName": "FILE"}),
            r#"400 3003 The value for the attribute "storageMethodName" is not valid."#,
        ),
        (json!({"storageMethodName": "WEB"}), r#"400 3001 The attribute "location" is required."#),
        (json!({"storageMethodName": "FTP", "location": ""}), r#"400 3001 The attribute "location" is required."#),
        (
            json!({"storageMethodName": "PLACE_HOLDER", "location": "x"}),
            r#"400 6008 The attribute "location" is not supported for Files with a storageMethodName value of "PLACE_HOLDER"."#,
        ),
    ];
    for (body, expected) in cases {
        for path in [path.clone(), format!("{path}/json")] {
            assert_eq!(words(&ann.post(&path, body.clone()).await), expected);
            assert_eq!(words(&ann.post(&path, json!({"file": body})).await), expected);
        }
    }
    let form = ann.bytes(&format!("{path}/json"), "a.txt", "x").await;
    assert_eq!(code(&form), "415 415");
    assert_eq!(ann.get(&path).await.json()["count"], 1);
}

#[tokio::test]
async fn while_it_is_checked_out_nobody_adds_an_edition() {
    let server = Server::start().await;
    let world = &server.world;
    let file = guid(&world.file);
    let path = format!("/v1/files/{file}/editions");
    let (ann, dora) = (server.arena(&world.ann).await, server.arena(&world.dora).await);
    let bob = server.arena(&world.bob).await;
    ann.check_out(file).await.expect(201);
    for client in [&ann, &bob, &dora] {
        let web = json!({"storageMethodName": "WEB", "location": "x"});
        for refused in [
            client.bytes(&path, "a.txt", "x").await,
            client.form(&path, &[("edition", "7")], None).await,
            client.post(&path, web).await,
        ] {
            assert_eq!(words(&refused), "400 3109 The file is locked and new editions cannot be created.");
        }
    }
    assert_eq!(ann.get(&path).await.json()["count"], 1);
    assert!(world::now(&server.vault, world, &world.file).await.is_held_by(Some(world.ann.person.id)));
    ann.cancel(file).await.expect(201);
    // a frozen edition does not prevent the next
    freeze(&server).await;
    ann.bytes(&path, "a.txt", "x").await.expect(201);
}

#[tokio::test]
async fn labels_are_unique_and_content_is_needed() {
    let server = Server::start().await;
    let ann = server.arena(&server.world.ann).await;
    let path = format!("/v1/files/{}/editions", guid(&server.world.file));
    let file = Some(("content", "a.txt", "x"));
    let refused = ann.form(&path, &[("edition", "1")], file).await;
    assert_eq!(words(&refused), r#"400 6002 The file edition id "1" is in use."#);
    let web = json!({"edition": "1", "storageMethodName": "WEB", "location": "x"});
    assert_eq!(words(&ann.post(&path, web).await), r#"400 6002 The file edition id "1" is in use."#);
    let refused = ann.form(&path, &[("edition", "2")], None).await;
    assert_eq!(words(&refused), "400 3033 The file content is missing.");
    let refused = ann.form(&path, &[("storageMethodName", "WEB")], file).await;
    assert_eq!(words(&refused), r#"400 3003 The value for the attribute "storageMethodName" is not valid."#);
    for label in ["03", "", ""] {
        ann.form(&path, &[("edition", label)], file).await.expect(201);
    }
    let listed = ann.get(&path).await.json();
    let labels: Vec<_> = listed["results"].as_array().unwrap().iter().map(|file| file["edition"].clone()).collect();
    assert_eq!(labels, ["05", "04", "03", "1"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn eight_editions_at_once_are_eight_editions() {
    let server = Server::start().await;
    let clients = clients(&server).await;
    let path = format!("/v1/files/{}/editions", guid(&server.world.file));
    let texts: Vec<String> = (0..8).map(|number| format!("from {number}")).collect();
    for round in 1..=3 {
        let adding = clients.iter().zip(&texts).map(|(client, text)| client.bytes(&path, "a.txt", text));
        let answers = join_all(adding).await;
        for (answer, text) in answers.iter().zip(&texts) {
            let new = guid_in(&answer.clone().expect(201));
            assert_eq!(answer.header("x-arena-fileguid"), new);
            assert_eq!(&clients[0].get(&format!("/files/{new}/content")).await.text(), text);
        }
        let listed = clients[0].get(&path).await.json();
        let labels: Vec<_> = listed["results"].as_array().unwrap().iter().map(|file| file["edition"].clone()).collect();
        let expected: Vec<_> = (1..=1 + 8 * round).rev().map(|label: i32| json!(label.to_string())).collect();
        assert_eq!(labels, expected);
    }
    // one label for all: one wins
    let adding = clients.iter().map(|client| client.form(&path, &[("edition", "same")], Some(("c", "a.txt", "x"))));
    let mut codes: Vec<_> = join_all(adding).await.iter().filter(|answer| answer.status != 201).map(code).collect();
    codes.dedup();
    assert_eq!(codes, ["400 6002"]);
    assert_eq!(clients[0].get(&path).await.json()["count"], 26);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_edition_and_a_check_out_come_one_after_the_other() {
    let server = Server::start().await;
    let world = &server.world;
    let (ann, bob) = (server.arena(&world.ann).await, server.arena(&world.bob).await);
    let mut file = guid(&world.file).to_owned();
    for round in 0..10 {
        let path = format!("/v1/files/{file}/editions");
        let adder = if round % 2 == 0 { &ann } else { &bob };
        let (added, taken) = tokio::join!(adder.bytes(&path, "a.txt", "x"), ann.check_out(&file));
        match (added.status.as_u16(), taken.status.as_u16()) {
            // added first: what was to be checked out is an old edition
            (201, 400) => assert_eq!(code(&taken), "400 3130"),
            (400, 201) => {
                assert_eq!(code(&added), "400 3109");
                ann.cancel(&file).await.expect(201);
            }
            both => panic!("{both:?}"),
        }
        if added.status == 201 {
            file = guid_in(&added);
        }
    }
}
