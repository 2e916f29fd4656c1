//! Check in, as a new and as the existing edition (spec/arena.md 7.1, 7.2, 7.5).

use coatcheck::store;
use insta::assert_snapshot;
use serde_json::json;
use sqlx::{Connection, PgConnection};

use super::files::category;
use crate::support::{
    arena::{code, guid, guid_in, message, plain},
    server::Server,
    world,
};

/// Marks the newest edition of the world's file as not to be edited.
pub async fn freeze(server: &Server) {
    let file = world::now(&server.vault, &server.world, &server.world.file).await;
    let mut db = PgConnection::connect(&server.database.url).await.unwrap();
    store::editions::set_frozen(&mut db, file.file.unwrap().edition.id, true).await.unwrap();
}

#[tokio::test]
async fn a_check_in_publishes_an_edition_and_takes_over_what_is_not_said() {
    let server = Server::start().await;
    let ann = server.arena(&server.world.ann).await;
    let old = guid(&server.world.file);
    ann.check_out(old).await.expect(201);
    let answer = ann.check_in(old, "true", "second", &[("comment", "better"), ("file.description", "two")]).await;
    assert_snapshot!(plain(&answer), @r#"
    201 Created
    {"checkedOut":false,"comment":"better","file":{"author":{"fullName":"Ann Example"},"category":{"guid":"G1"},"checkedOut":false,"corrected":false,"creationDateTime":"2026-03-04T05:06:07Z","description":"two","edition":"2","format":null,"guid":"G2","hasMarkup":false,"lastModifiedDateTime":"2026-03-04T05:06:07Z","latest":true,"location":null,"locked":false,"mimeType":"text/plain","name":"drawing.txt","number":"FILE-000001","private":false,"size":6,"storageMethod":0,"storageMethodName":"FILE","title":"plan.txt"}}
    "#);
    let new = guid_in(&answer);
    assert_ne!(new, old);
    assert_eq!(answer.header("x-arena-fileguid"), new);
    assert_eq!(ann.get(&format!("/v1/files/{new}/content")).await.text(), "second");
    assert_eq!(ann.get(&format!("/v1/files/{old}/content")).await.text(), "first");

    let editions = ann.get(&format!("/v1/files/{old}/editions?limit=1")).await.expect(200).json();
    let shown: Vec<_> = editions["results"].as_array().unwrap().iter().map(|file| file["edition"].clone()).collect();
    assert_eq!((&editions["count"], shown), (&json!(2), vec![json!("2"), json!("1")]));
}

#[tokio::test]
async fn the_existing_edition_keeps_its_guid_and_label() {
    let server = Server::start().await;
    let ann = server.arena(&server.world.ann).await;
    let file = guid(&server.world.file);
    ann.check_out(file).await.expect(201);
    server.advance(chrono::Duration::hours(1));
    let answer = ann.check_in(file, "false", "second", &[("file.title", "Plan B"), ("file.format", "txt")]).await;
    let json = answer.clone().expect(201).json();
    assert_eq!(answer.header("x-arena-fileguid"), file);
    let shown = &json["file"];
    assert_eq!((&shown["guid"], &shown["edition"], &shown["title"]), (&json!(file), &json!("1"), &json!("Plan B")));
    assert_eq!((&shown["format"], &shown["name"], &shown["size"]), (&json!("txt"), &json!("drawing.txt"), &json!(6)));
    assert_eq!(shown["creationDateTime"], "2026-03-04T05:06:07Z");
    assert_eq!(shown["lastModifiedDateTime"], "2026-03-04T06:06:07Z");
    assert_eq!(ann.get(&format!("/v1/files/{file}/content")).await.text(), "second");
    assert_eq!(ann.get(&format!("/v1/files/{file}/editions")).await.json()["count"], 1);
}

#[tokio::test]
async fn everything_a_form_says_is_kept() {
    let server = Server::start().await;
    let ann = server.arena(&server.world.ann).await;
    let design = category(&server, None, "Design", None).await;
    let file = guid(&server.world.file);
    ann.check_out(file).await.expect(201);
    let said = [
        ("file.author.fullName", "George C Lewis"),
        ("file.category.guid", design.as_str()),
        ("file.description", ""),
        ("file.edition", "B-1"),
        ("file.format", "pdf"),
        ("file.private", "TRUE"),
        ("file.storageMethodName", "FILE"),
        ("file.title", "Cable"),
    ];
    let answer = ann.check_in(file, "true", "x", &said).await.expect(201);
    assert_eq!(answer.json()["file"]["category"]["guid"], design);
    assert_snapshot!(plain(&ann.get(&format!("/files/{}", guid_in(&answer))).await), @r#"
    200 OK
    {"author":{"fullName":"George C Lewis"},"category":{"guid":"G1","name":"Design","path":"File\\Design"},"checkedOut":false,"corrected":false,"creationDateTime":"2026-03-04T05:06:07Z","description":null,"edition":"B-1","format":"pdf","guid":"G2","hasMarkup":false,"haveContent":true,"lastModifiedDateTime":"2026-03-04T05:06:07Z","latest":true,"location":null,"locked":false,"mimeType":"text/plain","name":"drawing.txt","number":"FILE-000001","private":true,"size":1,"storageMethod":0,"storageMethodName":"FILE","title":"Cable"}
    "#);

    // the next label is made from the last
    let latest = guid_in(&answer);
    ann.check_out(&latest).await.expect(201);
    let next = ann.check_in(&latest, "true", "y", &[("file.author.fullName", " ")]).await.expect(201).json();
    assert_eq!((&next["file"]["edition"], &next["file"]["private"]), (&json!("B-1-1"), &json!(true)));
    assert_eq!(next["file"]["author"]["fullName"], "George C Lewis");
}

#[tokio::test]
async fn the_declared_media_type_counts_then_the_extension() {
    let server = Server::start().await;
    let ann = server.arena(&server.world.ann).await;
    let mut file = guid(&server.world.file).to_owned();
    for (name, declared, expected) in [
        ("a.txt", "application/pdf", "application/pdf"),
        ("a.pdf", "application/octet-stream", "application/pdf"),
        ("a", "application/octet-stream", "application/octet-stream"),
        ("a.step", "model/step", "model/step"),
    ] {
        ann.check_out(&file).await.expect(201);
        let body = format!(
            "--b\r\nContent-Disposition: form-data; name=\"file.guid\"\r\n\r\n{file}\r\n--b\r\nContent-Disposition: form-data; \
             name=\"file.content\"; filename=\"{name}\"\r\nContent-Type: {declared}\r\n\r\nx\r\n--b--\r\n"
        );
        // checkedOut and newEdition left out: a file comes in, as a new edition
        let answer = ann.form_raw("/v1/files/checkoutstatuschanges", body).await.expect(201);
        file = guid_in(&answer);
        assert_eq!(answer.json()["file"]["mimeType"], expected, "{name}");
        assert_eq!(ann.get(&format!("/files/{file}/content")).await.header("content-type"), expected);
    }
    assert_eq!(ann.get(&format!("/files/{file}/editions")).await.json()["count"], 5);
}

#[tokio::test]
async fn a_file_part_may_come_first_and_under_any_name() {
    let server = Server::start().await;
    let ann = server.arena(&server.world.ann).await;
    let mut file = guid(&server.world.file).to_owned();
    for name in ["file.content", "content", "filecontent", "whatever"] {
        ann.check_out(&file).await.expect(201);
        let body = format!(
            "--b\r\nContent-Disposition: form-data; name=\"{name}\"; filename=\"C:\\dir\\a.txt\"\r\n\r\n{name}\r\n\
             --b\r\nContent-Disposition: form-data; name=\"guid\"\r\n\r\n{file}\r\n\
             --b\r\nContent-Disposition: form-data; name=\"checkedOut\"\r\n\r\nfalse\r\n--b--\r\n"
        );
        let answer = ann.form_raw("/v1/files/checkoutstatuschanges", body).await.expect(201);
        assert_eq!(answer.json()["file"]["name"], "a.txt");
        file = guid_in(&answer);
        assert_eq!(ann.get(&format!("/files/{file}/content")).await.text(), name);
    }
}

#[tokio::test]
async fn refusals_come_in_their_order() {
    let server = Server::start().await;
    let world = &server.world;
    let (ann, bob) = (server.arena(&world.ann).await, server.arena(&world.bob).await);
    let dora = server.arena(&world.dora).await;
    let old = guid(&world.file).to_owned();
    // not checked out
    let refused = ann.check_in(&old, "true", "x", &[]).await;
    assert_eq!((code(&refused).as_str(), message(&refused).as_str()), ("400 3133", "The File cannot be updated."));
    ann.check_out(&old).await.expect(201);
    // somebody else's
    assert_eq!(code(&bob.check_in(&old, "true", "x", &[]).await), "400 3085");
    // an administrator may
    let latest = guid_in(&dora.check_in(&old, "true", "second", &[]).await.expect(201));
    ann.check_out(&latest).await.expect(201);
    // the state before the ownership: an old edition
    for client in [&ann, &bob] {
        let refused = client.check_in(&old, "true", "x", &[]).await;
        assert_eq!(code(&refused), "400 3128");
        assert_eq!(
            message(&refused),
            format!(
                "This edition of File \"{old}\" cannot be checked in. Only the latest File edition or new File editions can be checked in."
            )
        );
    }
    // frozen: only as a new edition
    freeze(&server).await;
    for client in [&ann, &bob] {
        let refused = client.check_in(&latest, "false", "x", &[]).await;
        assert_eq!(code(&refused), "400 3084");
        assert_eq!(
            message(&refused),
            format!(
                "This edition of the given file \"{latest}\" cannot be updated because it either contains a markup or it is associated with a locked object."
            )
        );
    }
    // content comes last
    for new_edition in [true, false] {
        let body = json!({"checkedOut": false, "newEdition": new_edition, "file": {"guid": latest}});
        let expected = if new_edition { "400 3033" } else { "400 3084" };
        assert_eq!(code(&ann.change(body.clone()).await), expected);
        assert_eq!(code(&bob.change(body).await), if new_edition { "400 3085" } else { "400 3084" });
    }
    let texts = [("checkedOut", "false"), ("newEdition", "true"), ("file.guid", latest.as_str())];
    let refused = ann.form("/v1/files/checkoutstatuschanges", &texts, None).await;
    assert_eq!((code(&refused).as_str(), message(&refused).as_str()), ("400 3033", "The file content is missing."));
    let refused = ann.check_in(&latest, "true", "x", &[("file.edition", "1")]).await;
    assert_eq!(message(&refused), r#"The file edition id "1" is in use."#);
    assert_eq!(code(&refused), "400 6002");
    ann.check_in(&latest, "true", "third", &[("file.edition", "3")]).await.expect(201);
}

#[tokio::test]
async fn bad_metadata_is_refused_by_name_and_nothing_changes() {
    let server = Server::start().await;
    let ann = server.arena(&server.world.ann).await;
    let secret = category(&server, None, "Secret", Some("none")).await;
    let read_only = category(&server, None, "Library", Some("read")).await;
    let file = guid(&server.world.file);
    ann.check_out(file).await.expect(201);
    let long = "x".repeat(4001);
    let cases = [
        ("file.private", "maybe", "3257"),
        ("file.storageMethodName", "WEB", "3003"),
        ("file.title", &long[..256], "3101"),
        ("file.format", &long[..101], "3101"),
        ("file.edition", &long[..33], "3101"),
        ("file.description", &long, "3101"),
        ("file.author.fullName", &long[..256], "3101"),
        ("comment", &long, "3101"),
        ("file.title", "a\0b", "3003"),
        ("file.category.guid", "x", "3002"),
        ("file.category.guid", &secret, "3002"),
        ("file.category.guid", &read_only, "3024"),
    ];
    for (name, value, number) in cases {
        let refused = ann.check_in(file, "true", "x", &[(name, value)]).await;
        assert_eq!(code(&refused), format!("400 {number}"), "{name} {refused}");
    }
    assert_eq!(ann.get(&format!("/files/{file}/editions")).await.json()["count"], 1);
    ann.check_in(file, "true", "x", &[("file.title", &long[..255])]).await.expect(201);
}
