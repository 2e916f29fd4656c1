//! Files whose bytes are elsewhere: making one (spec/arena.md 8.6), bringing its bytes (8.11), and how it looks in the other
//! rooms.

use insta::assert_snapshot;
use serde_json::json;

use super::{check_in::freeze, files::category, update::kept};
use crate::support::{
    arena::{code, guid, guid_in, plain, words},
    server::Server,
    world,
};

#[tokio::test]
async fn a_file_at_an_address_is_shown_without_content() {
    let server = Server::start().await;
    let ann = server.arena(&server.world.ann).await;
    let design = category(&server, None, "Design", None).await;
    let body = json!({
        "author": {"fullName": "George C Lewis"}, "category": {"guid": design}, "description": "where it is", "edition": "1",
        "location": "https://example.com/a?b=c", "format": "html", "title": "Home / page", "private": true,
        "storageMethodName": "WEB",
    });
    let answer = ann.post("/v1/files", body).await;
    assert_eq!(answer.header("x-arena-fileguid"), "");
    assert_snapshot!(plain(&answer), @r#"
    201 Created
    {"author":{"fullName":"George C Lewis"},"category":{"guid":"G1","name":"Design","path":"File\\Design"},"checkedOut":false,"corrected":false,"creationDateTime":"2026-03-04T05:06:07Z","description":"where it is","edition":"1","format":"html","guid":"G2","hasMarkup":false,"haveContent":false,"lastModifiedDateTime":"2026-03-04T05:06:07Z","latest":true,"location":"https://example.com/a?b=c","locked":false,"mimeType":null,"name":null,"number":"FILE-000002","private":true,"size":null,"storageMethod":3,"storageMethodName":"WEB","title":"Home / page"}
    "#);
    assert_eq!(ann.get(&format!("/files/{}", guid_in(&answer))).await.text(), answer.text());
    assert_snapshot!(plain(&ann.get("/v1/files?title=home*").await), @r#"
    200 OK
    {"count":1,"results":[{"category":{"guid":"G1","name":"Design","path":"File\\Design"},"checkedOut":false,"corrected":false,"creationDateTime":"2026-03-04T05:06:07Z","edition":"1","format":"html","guid":"G2","name":null,"number":"FILE-000002","storageMethodName":"WEB","title":"Home / page"}]}
    "#);
    assert_eq!(code(&ann.get(&format!("/files/{}/content", guid_in(&answer))).await), "400 3028");
    assert_eq!(code(&ann.check_out(&guid_in(&answer)).await), "400 6008");
}

#[tokio::test]
async fn each_storage_has_its_address_or_none() {
    let server = Server::start().await;
    let ann = server.arena(&server.world.ann).await;
    let create = async |path: &str, storage: &str, location: Option<&str>| {
        let body = json!({"title": "t", "edition": "1", "storageMethodName": storage, "location": location});
        let answer = ann.post(path, body).await;
        if answer.status == 201 {
            let shown = answer.json();
            format!("{} {} {}", shown["storageMethodName"], shown["storageMethod"], shown["location"])
        } else {
            words(&answer)
        }
    };
    assert_eq!(create("/v1/files", "WEB", Some("http://a")).await, r#""WEB" 3 "http://a""#);
    assert_eq!(create("/v1/files/json", "FTP", Some("ftp://a")).await, r#""FTP" 2 "ftp://a""#);
    assert_eq!(create("/files/json/", "PLACE_HOLDER", None).await, r#""PLACE_HOLDER" 1 null"#);
    for storage in ["WEB", "FTP"] {
        for location in [None, Some(" ")] {
            assert_eq!(
                create("/v1/files", storage, location).await,
                r#"400 3001 The attribute "location" is required."#
            );
        }
    }
    assert_eq!(
        create("/v1/files", "PLACE_HOLDER", Some("x")).await,
        r#"400 6008 The attribute "location" is not supported for Files with a storageMethodName value of "PLACE_HOLDER"."#
    );
    for storage in ["FILE", "CLOUD", "web"] {
        assert_eq!(
            create("/v1/files", storage, Some("x")).await,
            r#"400 3003 The value for the attribute "storageMethodName" is not valid."#
        );
    }
    assert_eq!(ann.get("/v1/files").await.json()["count"], 4);
}

#[tokio::test]
async fn in_the_tree_it_is_called_by_its_title() {
    let server = Server::start().await;
    let ann = server.arena(&server.world.ann).await;
    let long = "ä".repeat(255);
    for title in ["plan.txt", "plan.txt", "a/b\\c", "..", &long, "tab\there"] {
        let shown = ann.create_web(title).await.expect(201).json();
        assert_eq!((&shown["title"], &shown["name"]), (&json!(title), &json!(null)));
    }
    let drive = server.drive();
    let listed = server.graph(&server.world.ann).get(&format!("{drive}/root/children?$orderby=name")).await.json();
    let mut names: Vec<_> = listed["value"].as_array().unwrap().iter().map(|item| item["name"].clone()).collect();
    names.sort_by_key(ToString::to_string);
    assert_eq!(names, ["_", "a_b_c", "plan(2).txt", "plan(3).txt", "plan.txt", "tab_here", &long]);
}

#[tokio::test]
async fn a_file_elsewhere_has_no_bytes_in_any_room() {
    let server = Server::start().await;
    let world = &server.world;
    let ann = server.arena(&world.ann).await;
    ann.put(
        &format!("/files/{}", guid(&world.file)),
        json!({"storageMethodName": "WEB", "location": "https://example.com/"}),
    )
    .await
    .expect(201);

    let graph = server.graph(&world.ann);
    let item = graph.get(&server.plan()).await.expect(200).json();
    assert_eq!((&item["size"], item.get("@microsoft.graph.downloadUrl")), (&json!(0), None));
    let refused = graph.get(&format!("{}/content", server.plan())).await;
    assert_eq!(
        (refused.status.as_u16(), &refused.json()["error"]["message"]),
        (400, &json!("The file has no content."))
    );

    let oracle = server.oracle(&world.ann);
    let file = format!("/files/{}", world.file.oracle_id);
    assert_eq!(oracle.get(&file).await.expect(200).json()["size"], "0");
    let refused = oracle.get(&format!("{file}/data")).await;
    let sentence = "Unable to download file. The file has no content here.";
    assert_eq!((refused.status.as_u16(), &refused.json()["errorMessage"]), (409, &json!(sentence)));

    let liferay = server.liferay(&world.ann);
    let entry = liferay.get(&format!("/dlapp/get-file-entry/file-entry-id/{}", server.plan_number())).await;
    assert_eq!(entry.expect(200).json()["size"], json!("0"));
    let refused = liferay.download("").await;
    let exception = "com.liferay.document.library.kernel.exception.NoSuchFileException";
    assert_eq!((refused.status.as_u16(), &refused.json()["exception"]), (404, &json!(exception)));

    // bytes from there are the next edition, and the file is one like any other again
    graph.put(&format!("{}/content", server.plan()), "from there").await.expect(200);
    let now = world::now(&server.vault, world, &world.file).await;
    let latest = now.file.unwrap().edition.arena_guid;
    let shown = ann.get(&format!("/files/{latest}")).await.json();
    assert_eq!(
        (&shown["storageMethodName"], &shown["location"], &shown["size"]),
        (&json!("FILE"), &json!(null), &json!(10))
    );
}

#[tokio::test]
async fn bytes_are_brought_under_the_same_guid() {
    let server = Server::start().await;
    let (ann, bob) = (server.arena(&server.world.ann).await, server.arena(&server.world.bob).await);
    let web = guid_in(&ann.create_web("Web").await.expect(201));
    let path = format!("/v1/files/{web}");
    let texts = [("file.storageMethodName", "FILE"), ("description", "here now")];
    let answer = bob.form(&path, &texts, Some(("content", "page.html", "<html>"))).await;
    assert_eq!(answer.header("x-arena-fileguid"), web);
    assert_snapshot!(plain(&answer), @r#"
    201 Created
    {"author":{"fullName":"Ann Example"},"category":{"guid":"G1","name":"-uncategorized-","path":"File"},"checkedOut":false,"corrected":false,"creationDateTime":"2026-03-04T05:06:07Z","description":"here now","edition":"1","format":null,"guid":"G2","hasMarkup":false,"haveContent":true,"lastModifiedDateTime":"2026-03-04T05:06:07Z","latest":true,"location":null,"locked":false,"mimeType":"text/html","name":"page.html","number":"FILE-000002","private":false,"size":6,"storageMethod":0,"storageMethodName":"FILE","title":"Web"}
    "#);
    assert_eq!(ann.get(&format!("{path}/content")).await.expect(200).text(), "<html>");
    assert_eq!(ann.get(&format!("{path}/editions")).await.json()["count"], 1);
    // its address is kept
    assert_eq!(kept(&server).await, 1);
    ann.check_out(&web).await.expect(201);
}

#[tokio::test]
async fn bringing_bytes_takes_the_word_and_a_file_without_them() {
    let server = Server::start().await;
    let ann = server.arena(&server.world.ann).await;
    let bytes = Some(("content", "a.txt", "x"));
    let here = format!("/v1/files/{}", guid(&server.world.file));
    let word = [("storageMethodName", "FILE")];
    for texts in [&word[..], &[]] {
        assert_eq!(words(&ann.form(&here, texts, bytes).await), "400 3133 The File cannot be updated.");
    }
    for (storage, location) in [("WEB", Some("x")), ("FTP", Some("x")), ("PLACE_HOLDER", None)] {
        let body = json!({"title": "t", "edition": "1", "storageMethodName": storage, "location": location});
        let path = format!("/v1/files/{}", guid_in(&ann.post("/v1/files", body).await.expect(201)));
        for texts in [&[][..], &[("storageMethodName", " ")]] {
            assert_eq!(
                words(&ann.form(&path, texts, bytes).await),
                format!(
                    "400 3222 The attribute storageMethodName is required when updating a File with a preexisting \
                     storageMethodName value of \"{storage}\" to a storageMethondName value of \"FILE\"."
                )
            );
        }
        let other = ann.form(&path, &[("storageMethodName", storage)], bytes).await;
        assert_eq!(words(&other), r#"400 3003 The value for the attribute "storageMethodName" is not valid."#);
        assert_eq!(words(&ann.form(&path, &word, None).await), "400 3033 The file content is missing.");
        assert_eq!(ann.get(&path).await.json()["storageMethodName"], storage);
        let shown = ann.form(&path, &word, bytes).await.expect(201).json();
        assert_eq!((&shown["storageMethodName"], &shown["location"]), (&json!("FILE"), &json!(null)));
        assert_eq!(words(&ann.form(&path, &word, bytes).await), "400 3133 The File cannot be updated.");
    }
    let json = ann.post(&here, json!({"storageMethodName": "FILE"})).await;
    assert_eq!(code(&json), "415 415");
}

#[tokio::test]
async fn bytes_come_to_no_file_that_somebody_holds_nor_to_an_old_or_frozen_edition() {
    let server = Server::start().await;
    let world = &server.world;
    let ann = server.arena(&world.ann).await;
    let file = guid(&world.file).to_owned();
    let word = [("storageMethodName", "FILE")];
    let bring =
        async |guid: &str| code(&ann.form(&format!("/v1/files/{guid}"), &word, Some(("c", "a.txt", "x"))).await);
    ann.put(&format!("/files/{file}"), json!({"storageMethodName": "PLACE_HOLDER"})).await.expect(201);
    // this room checks no such file out, others do
    for somebody in [&world.ann, &world.bob] {
        server.graph(somebody).post(&format!("{}/checkout", server.plan())).await.expect(204);
        assert_eq!(bring(&file).await, "400 3133");
        let refused = ann.put(&format!("/files/{file}"), json!({"storageMethodName": "WEB", "location": "x"})).await;
        assert_eq!(code(&refused), "400 3133");
        server.arena(&world.dora).await.cancel(&file).await.expect(201);
    }
    let new = guid_in(
        &ann.post(&format!("/files/{file}/editions"), json!({"storageMethodName": "PLACE_HOLDER"})).await.expect(201),
    );
    assert_eq!(bring(&file).await, "400 3030");
    freeze(&server).await;
    assert_eq!(bring(&new).await, "400 3084");
    assert_eq!(ann.get(&format!("/files/{new}")).await.json()["storageMethodName"], "PLACE_HOLDER");
}
