//! Bytes in and out (spec/graph.md 7, 7 and 9; 7.1 and 7.3).

use chrono::Duration;
use serde_json::json;

use crate::support::{answer::Answer, server::Server};

#[tokio::test]
async fn an_upload_makes_a_file_or_its_next_version() {
    let server = Server::start().await;
    let (ann, drive) = (server.graph(&server.world.ann), server.drive());
    let path = format!("{drive}/root:/a/b/notes.txt:/content");
    let made = ann.put(&path, "one").await.expect(201);
    assert_eq!(made.header("etag"), made.json()["eTag"].as_str().unwrap());
    assert_eq!(made.json()["file"]["hashes"]["quickXorHash"], "b3BDGQAAAAAAAAAAAwAAAAAAAAA=");
    let replaced = ann.put(&path, "three").await.expect(200).json();
    assert_eq!((&replaced["id"], &replaced["size"]), (&made.json()["id"], &json!(5)));
    ann.put(&format!("{path}?@microsoft.graph.conflictBehavior=fail"), "x").await.expect(409);
    let renamed = ann.put(&format!("{path}?@name.conflictBehavior=rename"), "x").await.expect(201).json();
    assert_eq!(renamed["name"], "notes 1.txt");
    ann.put(&format!("{path}?@name.conflictBehavior=maybe"), "x").await.expect(400);
    let id = made.json()["id"].as_str().unwrap().to_owned();
    ann.put(&format!("{drive}/items/{id}/content"), "four").await.expect(200);
    ann.put(&format!("{drive}/items/{id}:/below.txt:/content"), "x").await.expect(400);
    ann.put(&format!("{drive}/items/01NOWHERE/content"), "x").await.expect(404);
    ann.put(&format!("{drive}/items/01NOWHERE:/x.txt:/content"), "x").await.expect(404);
    ann.put(&format!("{drive}/root/content"), "x").await.expect(400);
    assert_eq!(ann.get(&format!("{drive}/items/{id}/versions")).await.json()["value"].as_array().unwrap().len(), 3);
}

#[tokio::test]
async fn bytes_are_never_read_as_what_they_are_called() {
    let server = Server::start().await;
    let (ann, drive) = (server.graph(&server.world.ann), server.drive());
    for (name, kind, expected) in [
        ("a.txt", Some("application/json"), "text/plain"),
        ("a.unknown1", Some("application/json"), "application/octet-stream"),
        ("b.unknown1", Some("application/x-own"), "application/x-own"),
        ("c.unknown1", None, "application/octet-stream"),
        ("c.docx", None, "application/vnd.openxmlformats-officedocument.wordprocessingml.document"),
    ] {
        let mut put = ann.request("PUT", &format!("{drive}/root:/{name}:/content")).body("{ no json");
        if let Some(kind) = kind {
            put = put.header("content-type", kind);
        }
        assert_eq!(server.send(put).await.expect(201).json()["file"]["mimeType"], expected, "{name}");
    }
    // chunked, of unknown length
    let chunks = futures_util::stream::iter(["chunk ", "by ", "chunk"].map(Ok::<_, std::io::Error>));
    let put =
        ann.request("PUT", &format!("{drive}/root:/chunks.txt:/content")).body(reqwest::Body::wrap_stream(chunks));
    server.send(put).await.expect(201);
    assert_eq!(ann.content(&format!("{drive}/root:/chunks.txt:")).await, "chunk by chunk");
    ann.put(&format!("{drive}/root:/none.txt:/content"), "").await.expect(201);
    assert_eq!(ann.content(&format!("{drive}/root:/none.txt:")).await, "");
}

#[tokio::test]
async fn a_file_is_of_the_type_that_its_name_says_whatever_it_was_called_before() {
    let server = Server::start().await;
    let (ann, drive) = (server.graph(&server.world.ann), server.drive());
    let docx = "application/vnd.openxmlformats-officedocument.wordprocessingml.document";
    let put =
        ann.request("PUT", &format!("{drive}/root:/x.unknown1:/content")).header("content-type", "application/x-own");
    let made = server.send(put.body("x")).await.expect(201).json();
    let item = format!("{drive}/items/{}", made["id"].as_str().unwrap());
    // an extension that nobody knows leaves the type that was said; JSON is said of anything
    for (name, expected) in [
        ("x.docx", docx),
        ("x.TXT", "text/plain"),
        ("x", "application/x-own"),
        ("x.unknown2", "application/x-own"),
        ("x.json", "application/json"),
    ] {
        let renamed = ann.patch(&item, json!({"name": name})).await.expect(200).json();
        assert_eq!(renamed["file"]["mimeType"], expected, "{name}");
        let address = ann.get(&format!("{item}/content")).await.expect(302).header("location");
        assert_eq!(server.send(server.http.get(address)).await.expect(200).header("content-type"), expected, "{name}");
        let stream = format!("{item}/contentStream").replace("/v1.0", "/beta");
        assert_eq!(ann.get(&stream).await.expect(200).header("content-type"), expected, "{name}");
    }
    ann.put(&format!("{drive}/root:/x.tmp:/content"), "x").await.expect(201);
    ann.patch(&format!("{drive}/root:/x.tmp:"), json!({"name": "y.docx"})).await.expect(200);
    let shown = ann.get(&format!("{drive}/root:/y.docx:")).await.expect(200).json();
    assert_eq!(shown["file"]["mimeType"], docx);
    // a copy under another name
    let copied = ann.post_json(&format!("{item}/copy"), json!({"name": "z.pdf"})).await.expect(202);
    let monitor = copied.header("location");
    while server.send(server.http.get(&monitor)).await.status.as_u16() == 202 {}
    let shown = ann.get(&format!("{drive}/root:/z.pdf:")).await.expect(200).json();
    assert_eq!(shown["file"]["mimeType"], "application/pdf");
    // of a working copy, too
    ann.post(&format!("{item}/checkout")).await.expect(204);
    ann.put(&format!("{item}/content"), "draft").await.expect(200);
    let renamed = ann.patch(&item, json!({"name": "x.docx"})).await.expect(200).json();
    assert_eq!((&renamed["file"]["mimeType"], &renamed["size"]), (&json!(docx), &json!(5)));
}

#[tokio::test]
async fn names_of_new_files_are_held_to_the_vendors_rules() {
    let server = Server::start().await;
    let (ann, drive, plan) = (server.graph(&server.world.ann), server.drive(), server.plan());
    let gone = ann.put(&format!("{drive}/root:/gone.txt:/content"), "x").await.expect(201).json();
    let gone = format!("{drive}/items/{}", gone["id"].as_str().unwrap());
    ann.delete(&gone).await.expect(204);
    let before = ann.get(&plan).await.header("etag");

    let mut bad: Vec<String> =
        "\"*:<>?/\\|\u{1}\n\r\t\u{1b}\u{7f}\u{85}".chars().map(|letter| format!("a{letter}b.txt")).collect();
    bad.extend([" a", "a ", " ", "a.", "a.txt.", ".", ".."].map(str::to_owned));
    bad.extend(["x".repeat(256), "ä".repeat(256), format!("{}.txt", "x".repeat(252))]);
    for name in &bad {
        // in a path these are no part of a name
        if !name.contains(['/', ':']) && name != "." {
            let encoded = percent_encoding::utf8_percent_encode(name, percent_encoding::NON_ALPHANUMERIC);
            let mut paths = vec![format!("{drive}/root:/{encoded}:")];
            if name != ".." {
                // what sends the request goes that way by itself
                paths.push(format!("{drive}/root:/{encoded}/a.txt:"));
            }
            for path in paths {
                refused(&ann.put(&format!("{path}/content"), "x").await, &path);
                refused(&ann.post(&format!("{path}/createUploadSession")).await, &path);
            }
        }
        let named = json!({"name": name});
        for kind in ["file", "folder"] {
            let child = json!({"name": name, kind: {}});
            refused(&ann.post_json(&format!("{drive}/root/children"), child).await, name);
        }
        refused(&ann.patch(&plan, named.clone()).await, name);
        refused(&ann.post_json(&format!("{plan}/copy"), named.clone()).await, name);
        refused(&ann.post_json(&format!("{gone}/restore"), named.clone()).await, name);
        let begin = format!("{drive}/root:/ok.txt:/createUploadSession");
        refused(&ann.post_json(&begin, json!({ "item": named })).await, name);
    }
    for kind in ["file", "folder"] {
        let children = format!("{drive}/root/children");
        refused(&ann.post_json(&children, json!({"name": "", kind: {}})).await, kind);
    }
    ann.put(&format!("{drive}/root:/{}:/content", vec!["d"; 80].join("/")), "x").await.expect(400);
    assert_eq!(ann.get(&format!("{drive}/root")).await.json()["folder"]["childCount"], 1, "nothing was made");
    assert_eq!(ann.get(&plan).await.header("etag"), before, "nothing was changed");
}

#[track_caller]
fn refused(answer: &Answer, what: &str) {
    let error = answer.json()["error"].clone();
    assert_eq!(
        (answer.status.as_u16(), &error["code"], &error["innerError"]["code"]),
        (400, &json!("invalidRequest"), &json!("invalidPath")),
        "{what:?}: {answer}"
    );
}

#[tokio::test]
async fn too_much_is_refused_and_leaves_nothing() {
    let server = Server::start_with(&[("content.max_file_bytes", "1000")]).await;
    let (ann, drive) = (server.graph(&server.world.ann), server.drive());
    let path = format!("{drive}/root:/new/large.bin:/content");
    let refused = ann.put(&path, &"x".repeat(1001)).await.expect(413).json();
    assert_eq!(refused["error"]["innerError"]["code"], "maxFileSizeExceeded");
    let chunks = futures_util::stream::iter((0..11).map(|_| Ok::<_, std::io::Error>("x".repeat(100))));
    let put = ann.request("PUT", &path).body(reqwest::Body::wrap_stream(chunks));
    server.send(put).await.expect(413);
    ann.get(&format!("{drive}/root:/new")).await.expect(404);
    ann.put(&path, &"x".repeat(1000)).await.expect(201);
}

#[tokio::test]
async fn a_download_goes_by_an_address_that_needs_no_token() {
    let server = Server::start().await;
    let (ann, plan) = (server.graph(&server.world.ann), server.plan());
    let item = ann.get(&plan).await.json();
    let redirect = ann.get(&format!("{plan}/content")).await.expect(302);
    assert_eq!(redirect.header("etag"), item["eTag"].as_str().unwrap());
    for address in [redirect.header("location"), item["@microsoft.graph.downloadUrl"].as_str().unwrap().to_owned()] {
        let get = || server.http.get(&address);
        let whole = server.send(get()).await.expect(200);
        assert_eq!(whole.text(), "first");
        assert_eq!(whole.header("content-type"), "text/plain");
        assert_eq!(whole.header("content-length"), "5");
        assert_eq!(whole.header("accept-ranges"), "bytes");
        assert_eq!(whole.header("etag"), item["eTag"].as_str().unwrap());
        assert_eq!(whole.header("content-disposition"), "attachment; filename=\"plan.txt\"; filename*=UTF-8''plan.txt");
        // a token is tolerated, also a dead one
        server.send(get().bearer_auth("dead")).await.expect(200);
        let part = server.send(get().header("range", "bytes=1-2")).await.expect(206);
        assert_eq!((part.text().as_str(), part.header("content-range").as_str()), ("ir", "bytes 1-2/5"));
        let outside = server.send(get().header("range", "bytes=5-")).await.expect(416);
        assert_eq!(outside.header("content-range"), "bytes */5");
        assert_eq!(outside.json()["error"]["code"], "invalidRange");
        server.send(get().header("if-none-match", whole.header("etag"))).await.expect(304);
        let head = server.send(server.http.head(&address)).await.expect(200);
        assert_eq!((head.header("content-length").as_str(), head.body.len()), ("5", 0));
        server.send(server.http.post(&address)).await.expect(405);
    }
    let known = ann.request("GET", &format!("{plan}/content")).header("if-none-match", item["eTag"].as_str().unwrap());
    server.send(known).await.expect(304);
    ann.get(&format!("{}/root/content", server.drive())).await.expect(400);
    assert_eq!(
        ann.get(&format!("{plan}/content?format=pdf")).await.expect(406).json()["error"]["code"],
        "notSupported"
    );
    // a viewer sees an address and does not get the bytes
    let vic = server.graph(&server.world.vic);
    vic.get(&format!("{plan}/content")).await.expect(403);
    let address = vic.get(&plan).await.json()["@microsoft.graph.downloadUrl"].as_str().unwrap().to_owned();
    server.send(server.http.get(address)).await.expect(403);
}

#[tokio::test]
async fn an_address_of_content_ends_with_its_time_its_bearer_and_its_bytes() {
    let server = Server::start().await;
    let (world, plan) = (&server.world, server.plan());
    let ann = server.graph(&world.ann);
    let address = ann.get(&format!("{plan}/content")).await.header("location");
    let get = |address: &str| server.send(server.http.get(address));

    // bound to the version: an upload does not change what it gives
    ann.put(&format!("{plan}/content"), "second").await.expect(200);
    assert_eq!(get(&address).await.expect(200).text(), "first");
    // bound to the check-out: the working copy ends with it
    ann.post(&format!("{plan}/checkout")).await.expect(204);
    ann.put(&format!("{plan}/content"), "draft").await.expect(200);
    let draft = ann.get(&format!("{plan}/content")).await.header("location");
    assert_eq!(get(&draft).await.expect(200).text(), "draft");
    ann.post(&format!("{plan}/discardCheckout")).await.expect(204);
    get(&draft).await.expect(404);
    // bound to its signature, and to a caller who is alive
    let mut changed = address.clone();
    changed.pop();
    for nonsense in [
        changed.as_str(),
        &format!("{address}A"),
        &server.url("/_layouts/15/download.aspx"),
        &server.url("/_layouts/15/download.aspx?tempauth=%00"),
    ] {
        let dead = get(nonsense).await.expect(404);
        assert_eq!(dead.json()["error"]["code"], "itemNotFound");
    }
    let disabled = coatcheck::vault::UserChange { disabled: Some(true), ..Default::default() };
    let bobs = server.graph(&world.bob).get(&format!("{plan}/content")).await.header("location");
    get(&bobs).await.expect(200);
    server.vault.update_user(world.bob.person.id, disabled).await.unwrap();
    get(&bobs).await.expect(404);
    // bound to its time
    server.advance(Duration::minutes(59));
    get(&address).await.expect(200);
    server.advance(Duration::minutes(1));
    get(&address).await.expect(404);
}

#[tokio::test]
async fn an_address_is_good_on_every_node() {
    let server = Server::start().await;
    let address = server.graph(&server.world.ann).get(&format!("{}/content", server.plan())).await.header("location");
    let (other, _vault) = server.another_node().await;
    let there = address.replace(&server.address.to_string(), &other.to_string());
    assert_eq!(server.send(server.http.get(there)).await.expect(200).text(), "first");
}
