//! Content of its own for an edition: `POST /files/{guid}/content`, and reading it (spec/arena.md 8.9, 8.14).

use insta::assert_snapshot;

use super::{check_in::freeze, races::trail, update::kept};
use crate::support::{
    arena::{code, guid, guid_in, plain, words},
    server::Server,
    world,
};

#[tokio::test]
async fn other_bytes_come_under_the_same_guid_and_label() {
    let server = Server::start().await;
    let (ann, bob) = (server.arena(&server.world.ann).await, server.arena(&server.world.bob).await);
    let file = guid(&server.world.file);
    server.advance(chrono::Duration::hours(1));
    let answer = bob.bytes(&format!("/v1/files/{file}/content"), "drawing.pdf", "second").await;
    assert_eq!(answer.header("x-arena-fileguid"), file);
    assert_snapshot!(plain(&answer), @r#"
    201 Created
    {"author":{"fullName":"Ann Example"},"category":{"guid":"G1","name":"-uncategorized-","path":"File"},"checkedOut":false,"corrected":false,"creationDateTime":"2026-03-04T05:06:07Z","description":null,"edition":"1","format":null,"guid":"G2","hasMarkup":false,"haveContent":true,"lastModifiedDateTime":"2026-03-04T06:06:07Z","latest":true,"location":null,"locked":false,"mimeType":"application/pdf","name":"drawing.pdf","number":"FILE-000001","private":false,"size":6,"storageMethod":0,"storageMethodName":"FILE","title":"plan.txt"}
    "#);
    let content = ann.get(&format!("/files/{file}/content")).await.expect(200);
    assert_eq!((content.text().as_str(), content.header("content-type").as_str()), ("second", "application/pdf"));
    assert_eq!(ann.get(&format!("/files/{file}/editions")).await.json()["count"], 1);
    // the bytes that were there are not lost
    assert_eq!(kept(&server).await, 1);
    let now = world::now(&server.vault, &server.world, &server.world.file).await;
    assert_eq!((now.name.as_str(), now.modified_by.login.as_str()), ("plan.txt", "bob"));
    assert_snapshot!(trail(&server).await, @"bob update done");
}

#[tokio::test]
async fn nothing_but_the_file_is_read_from_the_form() {
    let server = Server::start().await;
    let ann = server.arena(&server.world.ann).await;
    let file = guid(&server.world.file);
    let path = format!("/v1/files/{file}/content");
    let texts = [("title", "x"), ("private", "maybe"), ("storageMethodName", "WEB")];
    for name in ["content", "file.content", "anything"] {
        let shown = ann.form(&path, &texts, Some((name, "a.txt", name))).await.expect(201).json();
        assert_eq!((&shown["title"], &shown["private"]), (&"plan.txt".into(), &false.into()));
        assert_eq!(ann.get(&path).await.text(), name);
    }
    let long = format!("{}.txt", "x".repeat(252));
    let refused = ann.bytes(&path, &long, "x").await;
    assert_eq!(
        words(&refused),
        r#"400 3101 The length of the value exceeds the maximum length (255) for the attribute "name"."#
    );
}

#[tokio::test]
async fn the_holder_replaces_and_stays_holder() {
    let server = Server::start().await;
    let world = &server.world;
    let (ann, bob, dora) =
        (server.arena(&world.ann).await, server.arena(&world.bob).await, server.arena(&world.dora).await);
    let path = format!("/v1/files/{}/content", guid(&world.file));
    ann.check_out(guid(&world.file)).await.expect(201);
    for client in [&bob, &dora] {
        assert_eq!(words(&client.bytes(&path, "a.txt", "x").await), "400 3133 The File cannot be updated.");
    }
    let shown = ann.bytes(&path, "a.txt", "mine").await.expect(201).json();
    assert_eq!(shown["checkedOut"], true);
    assert!(world::now(&server.vault, world, &world.file).await.is_held_by(Some(world.ann.person.id)));
    assert_eq!(bob.get(&path).await.text(), "mine");
}

#[tokio::test]
async fn an_old_edition_a_frozen_one_and_one_elsewhere_take_no_bytes() {
    let server = Server::start().await;
    let ann = server.arena(&server.world.ann).await;
    let old = guid(&server.world.file);
    let new = guid_in(&ann.bytes(&format!("/v1/files/{old}/editions"), "b.txt", "second").await.expect(201));
    let replace = async |guid: &str| words(&ann.bytes(&format!("/v1/files/{guid}/content"), "a.txt", "x").await);
    assert_eq!(replace(old).await, format!(r#"400 3030 This edition of the given file "{old}" cannot be updated."#));
    freeze(&server).await;
    assert_eq!(
        replace(&new).await,
        format!(
            "400 3084 This edition of the given file \"{new}\" cannot be updated because it either contains a markup or it \
             is associated with a locked object."
        )
    );
    let web = guid_in(&ann.create_web("Web").await.expect(201));
    let elsewhere =
        r#"400 6008 The attribute "content" is not supported for Files with a storageMethodName value of "WEB"."#;
    assert_eq!(replace(&web).await, elsewhere);
    // the state comes before the content
    let nothing = ann.form(&format!("/v1/files/{web}/content"), &[("x", "y")], None).await;
    assert_eq!(words(&nothing), elsewhere);
    assert_eq!(ann.get(&format!("/files/{new}/content")).await.text(), "second");
    assert_eq!(ann.get(&format!("/files/{old}/content")).await.text(), "first");
}

#[tokio::test]
async fn without_a_file_there_is_no_content() {
    let server = Server::start().await;
    let ann = server.arena(&server.world.ann).await;
    let path = format!("/v1/files/{}/content", guid(&server.world.file));
    for file in [None, Some(("content", "", "x"))] {
        let refused = ann.form(&path, &[("content", "x")], file).await;
        assert_eq!(words(&refused), "400 3033 The file content is missing.");
    }
    // one public client labels its form so; the vendor's own service refuses it, too
    for kind in ["application/json", "text/plain", "multipart/mixed; boundary=b"] {
        let request = ann.request("POST", &path).header("content-type", kind).body("--b--");
        assert_eq!(code(&server.send(request).await), "415 415", "{kind}");
    }
    assert_eq!(code(&ann.form_raw(&path, "no form").await), "400 400");
    assert_eq!(ann.get(&path).await.text(), "first");
}

#[tokio::test]
async fn content_with_a_watermark_is_the_content() {
    let server = Server::start().await;
    let (ann, vic) = (server.arena(&server.world.ann).await, server.arena(&server.world.vic).await);
    let file = guid(&server.world.file);
    let path = format!("/v1/files/{file}/watermarkcontent");
    let (content, marked) = (ann.get(&format!("/files/{file}/content")).await, ann.get(&path).await.expect(200));
    assert_eq!(marked.text(), "first");
    for header in ["content-type", "content-length", "content-disposition"] {
        assert_eq!(marked.header(header), content.header(header));
    }
    assert_eq!(code(&vic.get(&path).await), "400 3024");
    let web = guid_in(&ann.create_web("Web").await.expect(201));
    assert_eq!(code(&ann.get(&format!("/files/{web}/watermarkcontent")).await), "400 3028");
}
