//! Download addresses row by row (spec/liferay.md 10.6): versions, the working copy, ranges, `HEAD`.

use serde_json::json;

use crate::support::{answer::Answer, liferay::Liferay, server::Server};

async fn send(server: &Server, client: &Liferay<'_>, method: &str, below: &str) -> Answer {
    let path = format!("/documents/{}/{below}", server.group());
    server.send(client.request(method, &path)).await
}

#[tokio::test]
async fn the_working_copy_is_for_its_holder_under_every_address() {
    let server = Server::start().await;
    let ann = server.liferay(&server.world.ann);
    ann.check_out().await.expect(200);
    let uuid = server.world.file.id.0;
    let addresses = [
        "0/plan.txt?version=PWC".to_owned(),
        format!("0/plan.txt/{uuid}?version=PWC"),
        format!("{uuid}?version=PWC&t=1"),
    ];
    // before anything is saved it is the approved content
    for address in &addresses {
        assert_eq!(send(&server, &ann, "GET", address).await.expect(200).text(), "first", "{address}");
    }
    ann.update("my draft", "MINOR").await.expect(200);
    for address in &addresses {
        assert_eq!(send(&server, &ann, "GET", address).await.expect(200).text(), "my draft", "{address}");
        let head = send(&server, &ann, "HEAD", address).await.expect(200);
        assert_eq!(head.header("content-length"), "8", "{address}");
        // who may cancel it may not read it either
        for other in [&server.world.bob, &server.world.dora, &server.world.max] {
            let other = server.liferay(other);
            for method in ["GET", "HEAD"] {
                send(&server, &other, method, address).await.expect(404);
            }
        }
    }
    let part = format!("/documents/{}/{}", server.group(), addresses[0]);
    let part = server.send(ann.request("GET", &part).header("Range", "bytes=3-")).await.expect(206);
    assert_eq!((part.text(), part.header("content-range")), ("draft".to_owned(), "bytes 3-7/8".to_owned()));
    // everybody else, and the holder without the word, get the approved version
    for somebody in [&server.world.ann, &server.world.bob] {
        let address = format!("{uuid}");
        assert_eq!(send(&server, &server.liferay(somebody), "GET", &address).await.expect(200).text(), "first");
    }
    ann.cancel().await.expect(200);
    send(&server, &ann, "GET", &addresses[0]).await.expect(404);
}

#[tokio::test]
async fn each_version_has_its_own_bytes_name_and_tag() {
    let server = Server::start().await;
    let ann = server.liferay(&server.world.ann);
    ann.update("second one", "MINOR").await.expect(200);
    let mut tags = Vec::new();
    for (version, text) in
        [("", "second one"), ("?version=", "second one"), ("?version=1.1", "second one"), ("?version=1.0", "first")]
    {
        let answer = ann.download(version).await.expect(200);
        assert_eq!(answer.text(), text, "{version}");
        assert_eq!(answer.header("accept-ranges"), "bytes");
        assert!(answer.header("last-modified").ends_with("GMT"));
        tags.push(answer.header("etag"));
    }
    assert!(tags[0] == tags[1] && tags[1] == tags[2] && tags[2] != tags[3], "{tags:?}");
    for wrong in ["1", "1.2", "01.0", "PWC", "pwc", "-1", "latest"] {
        ann.download(&format!("?version={wrong}")).await.expect(404);
    }
}

#[tokio::test]
async fn a_name_goes_out_whole_and_is_saved_when_asked() {
    let server = Server::start().await;
    let ann = server.liferay(&server.world.ann);
    let made = ann.add("Größe \"5\"'s €", "a.pdf", "x").await;
    // a quotation mark is no part of a title here
    made.expect(500);
    let made = ann.add("Größe €", "a.pdf", "x").await.expect(200).json();
    let address = made["uuid"].as_str().unwrap();
    let inline = send(&server, &ann, "GET", address).await.expect(200);
    assert!(inline.header("content-disposition").starts_with("inline; filename="));
    assert!(inline.header("content-disposition").contains("filename*=UTF-8''Gr%C3%B6%C3%9Fe%20%E2%82%AC.pdf"));
    assert_eq!(inline.header("content-type"), "application/pdf");
    let saved = send(&server, &ann, "GET", &format!("{address}?download=true")).await.expect(200);
    assert!(saved.header("content-disposition").starts_with("attachment; filename="));
    let still = send(&server, &ann, "GET", &format!("{address}?download=false")).await.expect(200);
    assert!(still.header("content-disposition").starts_with("inline"));
}

#[tokio::test]
async fn what_a_browser_would_run_is_saved_under_every_address_and_type() {
    let server = Server::start().await;
    let ann = server.liferay(&server.world.ann);
    for (name, kind) in [
        ("a.txt", "text/html"),
        ("b.txt", "image/svg+xml"),
        ("c.txt", "application/xhtml+xml"),
        ("d.txt", "text/javascript"),
        ("e.txt", "application/xml; charset=utf-8"),
    ] {
        let parameters = json!({
            "repositoryId": server.group(), "folderId": 0, "sourceFileName": name, "mimeType": kind, "title": name,
            "description": "", "changeLog": "", "bytes": [60],
        });
        let made = ann.call("/dlapp/add-file-entry", parameters).await.expect(200).json();
        for address in [made["uuid"].as_str().unwrap().to_owned(), format!("0/{name}?download=false")] {
            let answer = send(&server, &ann, "GET", &address).await.expect(200);
            assert!(answer.header("content-disposition").starts_with("attachment"), "{kind}");
            assert_eq!(answer.header("x-content-type-options"), "nosniff", "{kind}");
        }
    }
}

#[tokio::test]
async fn a_uuid_counts_in_its_own_site_only_and_hidden_files_are_missing() {
    let server = Server::start().await;
    let (ann, eve) = (server.liferay(&server.world.ann), server.liferay(&server.world.eve));
    let own = eve.call("/group/get-user-sites-groups", json!({})).await.expect(200).json();
    let own = own[0]["groupId"].as_str().unwrap();
    let uuid = server.world.file.id.0;
    server.send(ann.request("GET", &format!("/documents/{own}/{uuid}"))).await.expect(404);
    server.send(eve.request("GET", &format!("/documents/{own}/{uuid}"))).await.expect(404);
    let path = format!("/documents/{}/{uuid}", server.group());
    let hidden = server.send(eve.request("GET", &path)).await.expect(404).text();
    let absent =
        server.send(eve.request("GET", &path.replace(&uuid.to_string(), &own_uuid()))).await.expect(404).text();
    assert_eq!(hidden.replace(&uuid.to_string(), ""), absent.replace(&own_uuid(), ""));
    // guests are told to sign in, whatever they ask for
    for path in [path, format!("/documents/{}/{}", server.group(), own_uuid())] {
        let refused = server.send(server.request("GET", &path)).await.expect(403).json();
        assert_eq!(refused["error"]["type"], "java.lang.SecurityException");
    }
}

/// A uuid that no file has.
fn own_uuid() -> String {
    "2b7a6ac8-8ab0-4f3b-8c10-1bca9f1a2fd1".to_owned()
}
