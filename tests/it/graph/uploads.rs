//! Upload sessions (spec/graph.md 8): every row of its table, and who meets whom on the way.

use std::collections::HashSet;

use chrono::Duration;
use coatcheck::{
    domain::{actor::Role, person::License, upload::LONGEST_FRAGMENT},
    vault::{NewToken, UserChange},
};
use serde_json::{Value, json};
use sqlx::{Connection, PgConnection};

use crate::support::{
    acts::{Client, Clients, Outcome},
    answer::Answer,
    graph::Graph,
    server::Server,
    world,
};

/// The address of a session begun with this body.
async fn begin(client: &Graph<'_>, item: &str, body: Value) -> String {
    let begun = client.post_json(&format!("{item}/createUploadSession"), body).await.expect(200);
    begun.json()["uploadUrl"].as_str().unwrap().to_owned()
}

/// Sends `bytes[from..to]` of a whole; no token.
async fn send(server: &Server, url: &str, bytes: &[u8], from: usize, to: usize, total: &str) -> Answer {
    let range = format!("bytes {from}-{}/{total}", to - 1);
    let put = server.http.put(url).header("content-range", range).body(bytes[from..to].to_vec());
    server.send(put).await
}

async fn send_all(server: &Server, url: &str, bytes: &[u8], fragment: usize) -> Answer {
    let total = bytes.len();
    let mut from = 0;
    loop {
        let to = total.min(from + fragment);
        let answer = send(server, url, bytes, from, to, &total.to_string()).await;
        if to == total {
            return answer;
        }
        let said = answer.expect(202).json();
        assert_eq!(said["nextExpectedRanges"], json!([format!("{to}-{}", total - 1)]));
        from = to;
    }
}

/// Bytes that repeat nowhere near.
fn bytes(length: usize) -> Vec<u8> {
    (0..length).map(|at| (at.wrapping_mul(2_654_435_761) >> 13).to_le_bytes()[0]).collect()
}

async fn get(server: &Server, url: &str) -> Answer {
    server.send(server.http.get(url)).await
}

fn code(answer: &Answer) -> (String, String) {
    let error = &answer.json()["error"];
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    (text(&error["code"]), text(&error["innerError"]["code"]))
}

#[track_caller]
fn refused(answer: Answer, status: u16, outer: &str, inner: &str) {
    let answer = answer.expect(status);
    assert_eq!(code(&answer), (outer.to_owned(), inner.to_owned()), "{answer}");
}

/// How many blobs lie in the content store.
fn blobs(server: &Server) -> usize {
    fn count(folder: &std::path::Path) -> usize {
        let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
        entries.map(|path| if path.is_dir() { count(&path) } else { 1 }).sum()
    }
    count(server.content.path())
}

async fn versions(client: &Graph<'_>, item: &str) -> usize {
    client.get(&format!("{item}/versions")).await.expect(200).json()["value"].as_array().unwrap().len()
}

#[tokio::test]
async fn a_file_arrives_in_fragments_of_any_size() {
    let server = Server::start().await;
    let (ann, drive) = (server.graph(&server.world.ann), server.drive());
    let whole = bytes(2_500_001);
    for (number, fragment) in [81_920, 327_681, 2_000_000, 2_500_001].into_iter().enumerate() {
        let path = format!("{drive}/root:/deep/er/file{number}.bin:");
        let begun = ann.post_json(&format!("{path}/createUploadSession"), json!({})).await.expect(200).json();
        assert_eq!(begun["nextExpectedRanges"], json!(["0-"]));
        assert_eq!(begun["expirationDateTime"], "2026-03-05T05:06:07Z");
        let url = begun["uploadUrl"].as_str().unwrap();
        assert!(url.starts_with(&format!("http://{}/", server.address)), "{url}");
        let made = send_all(&server, url, &whole, fragment).await.expect(201).json();
        assert_eq!(
            (made["name"].as_str(), made["size"].as_i64()),
            (Some(&*format!("file{number}.bin")), Some(2_500_001))
        );
        let read = ann.get(&format!("{path}/content")).await.expect(302);
        assert!(get(&server, &read.header("location")).await.expect(200).body == whole, "{fragment}");
        assert_eq!(versions(&ann, &path).await, 1);
    }
    // one and the same content four times: one blob, and no fragment left
    assert_eq!(blobs(&server), 1);
}

#[tokio::test]
async fn fragments_of_a_few_bytes_stand_in_rows_and_a_file_of_them_too() {
    let server = Server::start().await;
    let (ann, drive) = (server.graph(&server.world.ann), server.drive());
    let url = begin(&ann, &format!("{drive}/root:/small.txt:"), json!({})).await;
    let made = send_all(&server, &url, b"one", 1).await.expect(201).json();
    assert_eq!(made["file"]["hashes"]["quickXorHash"], "b3BDGQAAAAAAAAAAAwAAAAAAAAA=");
    assert_eq!((made["size"].as_i64(), blobs(&server)), (Some(3), 0));
    assert_eq!(ann.content(&format!("{drive}/root:/small.txt:")).await, "one");
}

#[tokio::test]
async fn the_hash_of_a_whole_is_the_same_by_every_way() {
    let server = Server::start().await;
    let (ann, drive) = (server.graph(&server.world.ann), server.drive());
    let forty = "z".repeat(40_000);
    let zeros = format!("{}=", "A".repeat(27));
    let vectors = [
        ("", zeros.as_str()),
        ("one", "b3BDGQAAAAAAAAAAAwAAAAAAAAA="),
        (forty.as_str(), "AAAAAAAAAAAAAAAAQJwAAAAAAAA="),
        ("The quick brown fox jumps over the lazy dog", "bMSlbysmxJL6S75XwfMcQZOpcr4="),
    ];
    for (number, (text, hash)) in vectors.into_iter().enumerate() {
        let hash_of = |answer: Answer| answer.json()["file"]["hashes"]["quickXorHash"].as_str().unwrap().to_owned();
        let path = format!("{drive}/root:/put{number}.txt:");
        assert_eq!(hash_of(ann.put(&format!("{path}/content"), text).await.expect(201)), hash);
        let url = begin(&ann, &format!("{drive}/root:/whole{number}.txt:"), json!({})).await;
        let whole = server.send(server.http.put(&url).body(text.to_owned())).await.expect(201);
        assert_eq!(hash_of(whole), hash);
        if !text.is_empty() {
            let url = begin(&ann, &format!("{drive}/root:/parts{number}.txt:"), json!({})).await;
            assert_eq!(hash_of(send_all(&server, &url, text.as_bytes(), text.len() / 2).await.expect(201)), hash);
        }
    }
}

#[tokio::test]
async fn a_session_on_a_file_makes_its_next_version_and_nobody_sees_anything_before() {
    let server = Server::start().await;
    let (ann, plan) = (server.graph(&server.world.ann), server.plan());
    let before = ann.get(&plan).await.json();
    let body = json!({
        "item": {
            "@odata.type": "#microsoft.graph.driveItemUploadableProperties",
            "@microsoft.graph.conflictBehavior": "replace", "name": "plan.txt", "fileSize": 6, "description": "said",
            "fileSystemInfo": {"createdDateTime": "2001-02-03T04:05:06Z", "lastModifiedDateTime": "2002-02-03T04:05:06.7Z"},
        },
        "deferCommit": false,
    });
    let url = begin(&ann, &plan, body).await;
    send(&server, &url, b"second", 0, 3, "6").await.expect(202);
    assert_eq!(ann.get(&plan).await.json()["eTag"], before["eTag"]);
    assert_eq!(ann.content(&plan).await, "first");
    let after = send(&server, &url, b"second", 3, 6, "6").await.expect(200).json();
    assert_eq!((after["id"].clone(), after["description"].as_str()), (before["id"].clone(), Some("said")));
    assert_eq!(after["fileSystemInfo"]["createdDateTime"], "2001-02-03T04:05:06Z");
    assert_eq!(after["fileSystemInfo"]["lastModifiedDateTime"], "2002-02-03T04:05:06Z");
    assert_eq!(after["lastModifiedBy"]["user"]["displayName"], "Ann Example");
    assert_eq!(ann.content(&plan).await, "second");
    assert_eq!(versions(&ann, &plan).await, 2);
    assert_eq!(ann.get(&plan).await.json()["fileSystemInfo"], after["fileSystemInfo"]);
}

#[tokio::test]
async fn what_is_said_of_a_new_file_is_on_its_first_version() {
    let server = Server::start().await;
    let (ann, drive) = (server.graph(&server.world.ann), server.drive());
    let body =
        json!({"item": {"description": "new", "fileSystemInfo": {"lastModifiedDateTime": "2002-02-03T04:05:06Z"}}});
    let url = begin(&ann, &format!("{drive}/root:/new.txt:"), body).await;
    let made = send_all(&server, &url, b"text", 4).await.expect(201).json();
    assert_eq!(made["description"], "new");
    assert_eq!(made["fileSystemInfo"]["lastModifiedDateTime"], "2002-02-03T04:05:06Z");
    assert_eq!(versions(&ann, &format!("{drive}/root:/new.txt:")).await, 1);
}

#[tokio::test]
async fn a_fragment_that_is_not_the_next_one_is_refused_and_nothing_of_it_stored() {
    let server = Server::start().await;
    let (ann, drive) = (server.graph(&server.world.ann), server.drive());
    let whole = bytes(100_000);
    let url = begin(&ann, &format!("{drive}/root:/a.bin:"), json!({})).await;
    refused(send(&server, &url, &whole, 1, 50_000, "100000").await, 416, "invalidRange", "fragmentOutOfOrder");
    send(&server, &url, &whole, 0, 50_000, "100000").await.expect(202);
    for (from, to) in [(0, 50_000), (49_999, 60_000), (0, 100_000)] {
        refused(send(&server, &url, &whole, from, to, "100000").await, 416, "invalidRange", "fragmentOverlap");
    }
    refused(send(&server, &url, &whole, 50_001, 60_000, "100000").await, 416, "invalidRange", "fragmentOutOfOrder");
    let total = "fragmentLengthMismatch";
    refused(send(&server, &url, &whole, 50_000, 60_000, "100001").await, 400, "invalidRequest", total);
    let beyond = server.http.put(&url).header("content-range", "bytes 50000-100000/*").body(vec![0; 50_001]);
    refused(server.send(beyond).await, 416, "invalidRange", "fragmentOutOfOrder");
    // a body that is not what its range says, known beforehand or not
    for length in [0, 9_999, 10_001] {
        let put = || server.http.put(&url).header("content-range", "bytes 50000-59999/100000");
        refused(server.send(put().body(vec![1; length])).await, 400, "invalidRequest", total);
        let chunks = futures_util::stream::iter([Ok::<_, std::io::Error>(vec![1; length])]);
        let chunked = put().body(reqwest::Body::wrap_stream(chunks));
        refused(server.send(chunked).await, 400, "invalidRequest", total);
    }
    for bad in ["bytes 0-", "bytes */100000", "items 0-1/2", "bytes 5-4/100000", "bytes 50000-100000/100000", ""] {
        let put = server.http.put(&url).header("content-range", bad).body("x");
        refused(server.send(put).await, 400, "invalidRequest", "invalidParameterFormat");
    }
    // without a range, only a whole file that comes first
    refused(server.send(server.http.put(&url).body("x")).await, 416, "invalidRange", "fragmentOverlap");
    assert_eq!(get(&server, &url).await.expect(200).json()["nextExpectedRanges"], json!(["50000-99999"]));
    assert_eq!(blobs(&server), 1);
    send(&server, &url, &whole, 50_000, 100_000, "100000").await.expect(201);
    let read = ann.get(&format!("{drive}/root:/a.bin:/content")).await.expect(302);
    assert!(get(&server, &read.header("location")).await.body == whole);
}

#[tokio::test]
async fn a_fragment_that_breaks_off_stores_nothing() {
    use tokio::io::AsyncWriteExt;
    let server = Server::start().await;
    let (ann, drive) = (server.graph(&server.world.ann), server.drive());
    let whole = bytes(200_000);
    let url = begin(&ann, &format!("{drive}/root:/a.bin:"), json!({})).await;
    let path = url.split_once(&server.address.to_string()).unwrap().1;
    let mut stream = tokio::net::TcpStream::connect(server.address).await.unwrap();
    let head = format!(
        "PUT {path} HTTP/1.1\r\nHost: {}\r\nContent-Length: 200000\r\nContent-Range: bytes 0-199999/200000\r\n\r\n",
        server.address
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    stream.write_all(&whole[..150_000]).await.unwrap();
    stream.shutdown().await.unwrap();
    let mut answer = Vec::new();
    // answered or hung up on: at its end the server has done with it
    let _ = tokio::io::AsyncReadExt::read_to_end(&mut stream, &mut answer).await;
    let said = String::from_utf8_lossy(&answer);
    assert!(said.is_empty() || said.starts_with("HTTP/1.1 400"), "{said}");
    assert_eq!(get(&server, &url).await.expect(200).json()["nextExpectedRanges"], json!(["0-"]));
    send_all(&server, &url, &whole, 150_000).await.expect(201);
    assert_eq!(blobs(&server), 1);
}

#[tokio::test]
async fn the_last_fragment_may_come_again() {
    let server = Server::start().await;
    let (ann, plan) = (server.graph(&server.world.ann), server.plan());
    let url = begin(&ann, &plan, json!({})).await;
    send(&server, &url, b"second", 0, 4, "6").await.expect(202);
    let first = send(&server, &url, b"second", 4, 6, "6").await.expect(200).json();
    server.advance(Duration::minutes(10));
    let again = send(&server, &url, b"second", 4, 6, "6").await.expect(200).json();
    assert_eq!((&again["id"], &again["eTag"]), (&first["id"], &first["eTag"]));
    // so does an explicit end
    server.send(server.http.post(&url)).await.expect(200);
    assert_eq!(get(&server, &url).await.expect(200).json()["nextExpectedRanges"], json!([]));
    refused(send(&server, &url, b"second", 0, 4, "6").await, 416, "invalidRange", "fragmentOverlap");
    assert_eq!((versions(&ann, &plan).await, ann.content(&plan).await.as_str()), (2, "second"));
    // a new file is 201 once
    let url = begin(&ann, &format!("{}/root:/new.txt:", server.drive()), json!({})).await;
    send(&server, &url, b"new", 0, 3, "3").await.expect(201);
    send(&server, &url, b"new", 0, 3, "3").await.expect(200);
    server.advance(Duration::hours(1));
    refused(get(&server, &url).await, 404, "itemNotFound", "uploadSessionNotFound");
}

#[tokio::test]
async fn a_deferred_session_ends_when_somebody_says_so() {
    let server = Server::start().await;
    let (ann, drive) = (server.graph(&server.world.ann), server.drive());
    let path = format!("{drive}/root:/later.txt:");
    let url = begin(&ann, &path, json!({"@microsoft.graph.conflictBehavior": "replace", "deferCommit": true})).await;
    refused(server.send(server.http.post(&url)).await, 400, "invalidRequest", "");
    send(&server, &url, b"later", 0, 2, "5").await.expect(202);
    refused(server.send(server.http.post(&url)).await, 400, "invalidRequest", "");
    for _ in 0..2 {
        let all = send(&server, &url, b"later", 2, 5, "5").await.expect(202);
        assert_eq!(all.json()["nextExpectedRanges"], json!([]));
    }
    ann.get(&path).await.expect(404);
    assert_eq!(server.send(server.http.post(&url)).await.expect(201).json()["name"], "later.txt");
    server.send(server.http.post(&url)).await.expect(200);
    send(&server, &url, b"later", 2, 5, "5").await.expect(200);
    assert_eq!(ann.content(&path).await, "later");
}

#[tokio::test]
async fn a_session_without_a_total_ends_only_when_somebody_says_so() {
    let server = Server::start().await;
    let (ann, drive) = (server.graph(&server.world.ann), server.drive());
    let path = format!("{drive}/root:/stream.txt:");
    let url = begin(&ann, &path, json!({"deferCommit": true})).await;
    for (from, to) in [(0, 3), (3, 6)] {
        let said = send(&server, &url, b"stream", from, to, "*").await.expect(202).json();
        assert_eq!(said["nextExpectedRanges"], json!([format!("{to}-")]));
    }
    server.send(server.http.post(&url)).await.expect(201);
    assert_eq!(ann.content(&path).await, "stream");
    // also where nothing was deferred, and the total may come late
    let url = begin(&ann, &path, json!({})).await;
    send(&server, &url, b"other", 0, 3, "*").await.expect(202);
    send(&server, &url, b"other", 3, 5, "5").await.expect(200);
    assert_eq!(ann.content(&path).await, "other");
}

#[tokio::test]
async fn what_cannot_be_written_is_refused_before_any_byte() {
    let server = Server::start_with(&[("content.max_file_bytes", "1000")]).await;
    let world = &server.world;
    let (ann, bob, drive, plan) = (server.graph(&world.ann), server.graph(&world.bob), server.drive(), server.plan());
    let ask = async |client: &Graph<'_>, item: &str, body: Value| {
        client.post_json(&format!("{item}/createUploadSession"), body).await
    };
    // taken, by behaviour and by kind
    for body in [
        json!({"item": {"@microsoft.graph.conflictBehavior": "fail"}}),
        json!({"@name.conflictBehavior": "fail"}),
        json!({"item": {"@name.conflictBehavior": "FAIL"}}),
    ] {
        refused(ask(&ann, &format!("{drive}/root:/plan.txt:"), body).await, 409, "nameAlreadyExists", "");
    }
    ann.post_json(&format!("{drive}/root/children"), json!({"name": "folder", "folder": {}})).await.expect(201);
    refused(ask(&ann, &format!("{drive}/root:/folder:"), json!({})).await, 409, "nameAlreadyExists", "");
    refused(ask(&ann, &format!("{drive}/root"), json!({})).await, 400, "invalidRequest", "");
    // names, values, bodies
    refused(ask(&ann, &format!("{drive}/root:/a%7Cb:"), json!({})).await, 400, "invalidRequest", "invalidPath");
    refused(ask(&ann, &format!("{drive}/root:/a%7Cb/c:"), json!({})).await, 400, "invalidRequest", "invalidPath");
    refused(ask(&ann, &plan, json!({"item": {"name": "a:b"}})).await, 400, "invalidRequest", "invalidPath");
    let deep = vec!["d"; 80].join("/");
    refused(ask(&ann, &format!("{drive}/root:/{deep}:"), json!({})).await, 400, "invalidRequest", "invalidPath");
    for body in [
        json!({"item": {"fileSize": -1}}),
        json!({"item": {"fileSize": "x"}}),
        json!({"item": 5}),
        json!({"deferCommit": "yes"}),
        json!({"item": {"description": "a\u{0}b"}}),
        json!({"item": {"fileSystemInfo": {"lastModifiedDateTime": "yesterday"}}}),
    ] {
        refused(ask(&ann, &plan, body).await, 400, "invalidRequest", "invalidParameterFormat");
    }
    let wild = json!({"item": {"@microsoft.graph.conflictBehavior": "wild"}});
    refused(ask(&ann, &plan, wild).await, 400, "invalidRequest", "invalidQueryOption");
    let not_json = ann.request("POST", &format!("{plan}/createUploadSession")).body("[1]");
    refused(server.send(not_json).await, 400, "invalidRequest", "");
    refused(ask(&ann, &plan, json!({"item": {"fileSize": 1001}})).await, 413, "invalidRequest", "maxFileSizeExceeded");
    // rights, conditions, locks; nothing at all is a body as well
    refused(ask(&server.graph(&world.vic), &plan, json!({})).await, 403, "accessDenied", "accessRestricted");
    refused(
        ask(&server.graph(&world.vic), &format!("{drive}/root:/v.txt:"), json!({})).await,
        403,
        "accessDenied",
        "accessRestricted",
    );
    refused(ask(&server.graph(&world.eve), &plan, json!({})).await, 404, "itemNotFound", "");
    for item in [plan.clone(), format!("{drive}/root:/none.txt:")] {
        let asked = ann.request("POST", &format!("{item}/createUploadSession")).header("if-match", "\"other\"");
        refused(server.send(asked).await, 412, "resourceModified", "entityTagDoesNotMatch");
    }
    bob.post(&format!("{plan}/checkout")).await.expect(204);
    refused(ask(&ann, &plan, json!({})).await, 423, "notAllowed", "resourceLocked");
    let asked = ann.request("POST", &format!("{plan}/createUploadSession")).header("if-match", "\"other\"");
    refused(server.send(asked).await, 423, "notAllowed", "resourceLocked");
    bob.post(&format!("{plan}/createUploadSession")).await.expect(200);
}

#[tokio::test]
async fn more_than_may_be_is_refused_in_any_fragment() {
    let server = Server::start_with(&[("content.max_file_bytes", "100000000")]).await;
    let (ann, drive) = (server.graph(&server.world.ann), server.drive());
    let url = begin(&ann, &format!("{drive}/root:/large.bin:"), json!({})).await;
    let put = |range: &str| server.http.put(&url).header("content-range", range.to_owned()).body("x");
    let too_large = server.send(put("bytes 0-99999/100000001")).await;
    refused(too_large, 413, "invalidRequest", "maxFileSizeExceeded");
    let long = format!("bytes 0-{LONGEST_FRAGMENT}/99999999");
    refused(server.send(put(&long)).await, 413, "invalidRequest", "maxFragmentLengthExceeded");
    let whole = server.http.put(&url).header("content-length", LONGEST_FRAGMENT + 1).body("x");
    let answer = whole.send().await;
    // refused before its bytes, of which this client has none to send
    if let Ok(answer) = answer {
        refused(Answer::read(answer).await, 413, "invalidRequest", "maxFragmentLengthExceeded");
    }
    send(&server, &url, b"x", 0, 1, "1").await.expect(201);
}

#[tokio::test]
async fn the_address_is_the_credential_and_a_token_beside_it_is_not_looked_at() {
    let server = Server::start().await;
    let (ann, plan) = (server.graph(&server.world.ann), server.plan());
    let url = begin(&ann, &plan, json!({})).await;
    for token in ["dead", &server.world.eve.token] {
        server.send(server.http.get(&url).bearer_auth(token)).await.expect(200);
    }
    // forged, cut, none at all
    let (path, _) = url.split_once('?').unwrap();
    for dead in [format!("{url}x"), url[..url.len() - 1].to_owned(), path.to_owned(), format!("{path}?tempauth=%00")] {
        for method in [reqwest::Method::GET, reqwest::Method::PUT, reqwest::Method::POST, reqwest::Method::DELETE] {
            let answer = server.send(server.http.request(method, &dead)).await;
            refused(answer, 404, "itemNotFound", "uploadSessionNotFound");
        }
    }
    refused(server.send(server.http.patch(&url)).await, 405, "notAllowed", "");
    // begun by Ann, whatever token comes along
    let put =
        server.http.put(&url).header("content-range", "bytes 0-2/3").bearer_auth(&server.world.bob.token).body("new");
    assert_eq!(server.send(put).await.expect(200).json()["lastModifiedBy"]["user"]["displayName"], "Ann Example");
    // cancelled
    let url = begin(&ann, &plan, json!({})).await;
    let whole = bytes(40_000);
    send(&server, &url, &whole, 0, 30_000, "40000").await.expect(202);
    assert_eq!(blobs(&server), 1);
    server.send(server.http.delete(&url)).await.expect(204);
    assert_eq!(blobs(&server), 0);
    refused(send(&server, &url, &whole, 30_000, 40_000, "40000").await, 404, "itemNotFound", "uploadSessionNotFound");
    refused(server.send(server.http.delete(&url)).await, 404, "itemNotFound", "uploadSessionNotFound");
    assert_eq!(ann.content(&plan).await, "new");
}

#[tokio::test]
async fn a_session_lives_a_day_from_its_last_fragment_and_its_bytes_go_with_it() {
    let server = Server::start().await;
    let (ann, plan) = (server.graph(&server.world.ann), server.plan());
    let whole = bytes(60_000);
    let url = begin(&ann, &plan, json!({})).await;
    server.advance(Duration::hours(23));
    let said = send(&server, &url, &whole, 0, 20_000, "60000").await.expect(202).json();
    assert_eq!(said["expirationDateTime"], "2026-03-06T04:06:07Z");
    server.advance(Duration::hours(23));
    let swept = server.vault.sweep().await.unwrap();
    assert_eq!((swept.uploads, blobs(&server)), (0, 1));
    send(&server, &url, &whole, 20_000, 40_000, "60000").await.expect(202);
    server.advance(Duration::hours(24));
    refused(send(&server, &url, &whole, 40_000, 60_000, "60000").await, 404, "itemNotFound", "uploadSessionNotFound");
    let swept = server.vault.sweep().await.unwrap();
    assert_eq!((swept.uploads, swept.orphans, blobs(&server)), (1, 0, 0));
    assert_eq!(ann.content(&plan).await, "first");
}

#[tokio::test]
async fn the_sweeper_knows_fragments_from_orphans() {
    let server = Server::start().await;
    let (ann, plan) = (server.graph(&server.world.ann), server.plan());
    let whole = bytes(60_000);
    let url = begin(&ann, &plan, json!({})).await;
    send(&server, &url, &whole, 0, 40_000, "60000").await.expect(202);
    // what a killed node left: a blob that nothing names
    let source = find(server.content.path());
    let orphan = source.with_file_name(coatcheck::domain::content::BlobKey(uuid::Uuid::now_v7()).to_string());
    std::fs::copy(&source, &orphan).unwrap();
    let old = std::time::SystemTime::now() - std::time::Duration::from_hours(3 * 365 * 24);
    for file in [&source, &orphan] {
        std::fs::File::options().write(true).open(file).unwrap().set_modified(old).unwrap();
    }
    assert_eq!(server.vault.sweep().await.unwrap().orphans, 1);
    assert!(source.exists() && !orphan.exists());
    send(&server, &url, &whole, 40_000, 60_000, "60000").await.expect(200);
}

fn find(folder: &std::path::Path) -> std::path::PathBuf {
    let entry = std::fs::read_dir(folder).unwrap().next().unwrap().unwrap().path();
    if entry.is_dir() { find(&entry) } else { entry }
}

#[tokio::test]
async fn the_holders_session_ends_in_the_working_copy() {
    let server = Server::start().await;
    let world = &server.world;
    let (ann, bob, plan) = (server.graph(&world.ann), server.graph(&world.bob), server.plan());
    ann.post(&format!("{plan}/checkout")).await.expect(204);
    let body =
        json!({"item": {"description": "draft", "fileSystemInfo": {"lastModifiedDateTime": "2002-02-03T04:05:06Z"}}});
    let url = begin(&ann, &plan, body).await;
    let saved = send_all(&server, &url, b"working", 3).await.expect(200).json();
    assert_eq!((saved["size"].as_i64(), saved["description"].as_str()), (Some(7), Some("draft")));
    assert_eq!(saved["fileSystemInfo"]["lastModifiedDateTime"], "2002-02-03T04:05:06Z");
    assert_eq!((ann.content(&plan).await.as_str(), bob.content(&plan).await.as_str()), ("working", "first"));
    assert_eq!(versions(&ann, &plan).await, 1);
    ann.post_json(&format!("{plan}/checkin"), json!({"comment": "done"})).await.expect(204);
    assert_eq!((bob.content(&plan).await.as_str(), versions(&bob, &plan).await), ("working", 2));
}

#[tokio::test]
async fn the_times_of_a_working_copy_are_its_holders_alone_until_the_check_in() {
    let server = Server::start().await;
    let world = &server.world;
    let (ann, bob, plan) = (server.graph(&world.ann), server.graph(&world.bob), server.plan());
    let first = json!({"createdDateTime": "2000-01-01T00:00:00Z", "lastModifiedDateTime": "2001-01-01T00:00:00Z"});
    ann.patch(&plan, json!({ "fileSystemInfo": first })).await.expect(200);
    let times = async |who: &Graph<'_>| who.get(&plan).await.expect(200).json()["fileSystemInfo"].clone();
    let modified = |text: &str| json!({"fileSystemInfo": {"lastModifiedDateTime": text}});
    let hers = |text: &str| json!({"createdDateTime": first["createdDateTime"], "lastModifiedDateTime": text});

    for ends in ["discardCheckout", "checkin"] {
        ann.post(&format!("{plan}/checkout")).await.expect(204);
        let seen = bob.get(&plan).await.expect(200).json();
        // by a session
        let url = begin(&ann, &plan, json!({"item": modified("2002-02-03T04:05:06Z")})).await;
        let saved = send_all(&server, &url, b"working", 3).await.expect(200).json();
        assert_eq!(saved["fileSystemInfo"], hers("2002-02-03T04:05:06Z"));
        assert_eq!(times(&ann).await, hers("2002-02-03T04:05:06Z"));
        assert_eq!(bob.get(&plan).await.expect(200).json()["eTag"], seen["eTag"]);
        assert_eq!(times(&bob).await, first);
        // another upload that says nothing of them leaves them
        ann.put(&format!("{plan}/content"), "working on").await.expect(200);
        assert_eq!(times(&ann).await, hers("2002-02-03T04:05:06Z"));
        // by a change, which is another state to the holder and to nobody else
        let before = ann.get(&plan).await.json();
        let after = ann.patch(&plan, modified("2003-02-03T04:05:06Z")).await.expect(200).json();
        assert_eq!(after["fileSystemInfo"], hers("2003-02-03T04:05:06Z"));
        assert_ne!(after["eTag"], before["eTag"]);
        assert_eq!(after["cTag"], before["cTag"]);
        let now = bob.get(&plan).await.expect(200).json();
        assert_eq!((&now["eTag"], &now["fileSystemInfo"]), (&seen["eTag"], &first));
        ann.post(&format!("{plan}/{ends}")).await.expect(204);
        let left = if ends == "checkin" { hers("2003-02-03T04:05:06Z") } else { first.clone() };
        assert_eq!((times(&ann).await, times(&bob).await), (left.clone(), left), "{ends}");
    }
    assert_eq!(versions(&ann, &plan).await, 2);

    // what shows to all goes with what does not; without bytes there is a working copy as well
    ann.post(&format!("{plan}/checkout")).await.expect(204);
    let mut both = modified("2004-02-03T04:05:06Z");
    both["name"] = json!("renamed.txt");
    let renamed = ann.patch(&plan, both).await.expect(200).json();
    assert_eq!((&renamed["name"], &renamed["size"]), (&json!("renamed.txt"), &json!(10)));
    assert_eq!(renamed["fileSystemInfo"], hers("2004-02-03T04:05:06Z"));
    assert_eq!(bob.get(&plan).await.expect(200).json()["name"], "renamed.txt");
    assert_eq!(times(&bob).await, hers("2003-02-03T04:05:06Z"));
    let whole = ann.get(&format!("{plan}/content")).await.expect(302);
    let bytes = get(&server, &whole.header("location")).await.expect(200);
    assert_eq!((bytes.text(), bytes.header("etag")), ("working on".to_owned(), whole.header("etag")));
    ann.post(&format!("{plan}/checkin")).await.expect(204);
    assert_eq!(times(&bob).await, hers("2004-02-03T04:05:06Z"));
    assert_eq!(bob.content(&plan).await, "working on");
}

#[tokio::test]
async fn the_end_is_judged_by_what_is_so_then_and_can_be_tried_again() {
    let server = Server::start().await;
    let world = &server.world;
    let (ann, bob, plan, drive) = (server.graph(&world.ann), server.graph(&world.bob), server.plan(), server.drive());
    // somebody checked it out meanwhile
    let url = begin(&ann, &plan, json!({})).await;
    send(&server, &url, b"second", 0, 3, "6").await.expect(202);
    bob.post(&format!("{plan}/checkout")).await.expect(204);
    for _ in 0..2 {
        refused(send(&server, &url, b"second", 3, 6, "6").await, 423, "notAllowed", "resourceLocked");
    }
    refused(server.send(server.http.post(&url)).await, 423, "notAllowed", "resourceLocked");
    assert_eq!(get(&server, &url).await.expect(200).json()["nextExpectedRanges"], json!([]));
    bob.post(&format!("{plan}/discardCheckout")).await.expect(204);
    send(&server, &url, b"second", 3, 6, "6").await.expect(200);
    assert_eq!(ann.content(&plan).await, "second");

    // the name was taken meanwhile
    let path = format!("{drive}/root:/name.txt:");
    let url = begin(&ann, &path, json!({"item": {"@microsoft.graph.conflictBehavior": "fail"}})).await;
    let taken = bob.put(&format!("{path}/content"), "theirs").await.expect(201).json();
    refused(send(&server, &url, b"mine", 0, 4, "4").await, 409, "nameAlreadyExists", "");
    bob.delete(&format!("{drive}/items/{}", taken["id"].as_str().unwrap())).await.expect(204);
    send(&server, &url, b"mine", 0, 4, "4").await.expect(201);
    assert_eq!(ann.content(&path).await, "mine");

    // the folder has become a file, and a file a folder
    let url = begin(&ann, &format!("{drive}/root:/way/to.txt:"), json!({})).await;
    let way = bob.put(&format!("{drive}/root:/way:/content"), "a file").await.expect(201).json();
    let answer = send(&server, &url, b"x", 0, 1, "1").await;
    assert!((400..500).contains(&answer.status.as_u16()), "{answer}");
    bob.delete(&format!("{drive}/items/{}", way["id"].as_str().unwrap())).await.expect(204);
    send(&server, &url, b"x", 0, 1, "1").await.expect(201);

    // what was there is gone: by id it is, by path it is made
    let gone = bob.put(&format!("{drive}/root:/gone.txt:/content"), "x").await.expect(201).json();
    let by_id = format!("{drive}/items/{}", gone["id"].as_str().unwrap());
    let (first, second) =
        (begin(&ann, &by_id, json!({})).await, begin(&ann, &format!("{drive}/root:/gone.txt:"), json!({})).await);
    bob.delete(&by_id).await.expect(204);
    refused(send(&server, &first, b"x", 0, 1, "1").await, 404, "itemNotFound", "");
    send(&server, &second, b"x", 0, 1, "1").await.expect(201);
}

#[tokio::test]
async fn the_end_is_under_the_rights_of_then() {
    let server = Server::start().await;
    let (vault, library) = (&server.vault, &server.world.library);
    let gus = world::member(vault, library, "gus", License::Full, Some(Role::Contributor)).await;
    let (client, drive) = (server.graph(&gus), server.drive());
    let path = |name: &str| format!("{drive}/root:/{name}:");
    // a token that is revoked does not matter
    let new = NewToken {
        principal: gus.person.id,
        scopes: vec!["Files.ReadWrite.All".to_owned()],
        label: String::new(),
        expires_at: None,
    };
    let (id, token) = vault.create_token(new).await.unwrap();
    let url = begin(&server.graph_with(&token), &path("a.txt"), json!({})).await;
    vault.revoke_token(id).await.unwrap();
    server.graph_with(&token).get(&drive).await.expect(401);
    send(&server, &url, b"x", 0, 1, "1").await.expect(201);
    // its ceiling stays: here, reading alone
    let reading = world::token(vault, gus.person.id, &["Files.Read.All"]).await;
    let asked =
        server.graph_with(&reading).post_json(&format!("{}/createUploadSession", path("r.txt")), json!({})).await;
    refused(asked, 403, "accessDenied", "accessRestricted");

    let (viewer, nobody, disabled) = (
        begin(&client, &path("b.txt"), json!({})).await,
        begin(&client, &path("c.txt"), json!({})).await,
        begin(&client, &path("d.txt"), json!({})).await,
    );
    vault.grant(library.root, gus.person.id, Role::Viewer, None).await.unwrap();
    refused(send(&server, &viewer, b"x", 0, 1, "1").await, 403, "accessDenied", "accessRestricted");
    vault.revoke(library.root, gus.person.id).await.unwrap();
    refused(send(&server, &nobody, b"x", 0, 1, "1").await, 404, "itemNotFound", "");
    vault.update_user(gus.person.id, UserChange { disabled: Some(true), ..Default::default() }).await.unwrap();
    refused(send(&server, &disabled, b"x", 0, 1, "1").await, 404, "itemNotFound", "uploadSessionNotFound");
    vault.update_user(gus.person.id, UserChange { disabled: Some(false), ..Default::default() }).await.unwrap();
    vault.grant(library.root, gus.person.id, Role::Contributor, None).await.unwrap();
    for url in [viewer, nobody, disabled] {
        send(&server, &url, b"x", 0, 1, "1").await.expect(201);
    }
}

#[tokio::test]
async fn an_applications_session_is_the_applications() {
    let server = Server::start().await;
    let robot = server.graph(&server.world.robot);
    let url = begin(&robot, &format!("{}/root:/robot.txt:", server.drive()), json!({})).await;
    let made = send(&server, &url, b"x", 0, 1, "1").await.expect(201).json();
    assert!(made["createdBy"]["application"]["id"].is_string(), "{made}");
}

#[tokio::test]
async fn a_condition_of_the_beginning_holds_for_the_content_until_the_end() {
    let server = Server::start().await;
    let world = &server.world;
    let (ann, bob, plan) = (server.graph(&world.ann), server.graph(&world.bob), server.plan());
    let tag = ann.get(&plan).await.json()["eTag"].as_str().unwrap().to_owned();
    let begin_if = async || {
        let asked = ann.request("POST", &format!("{plan}/createUploadSession")).header("if-match", &tag);
        server.send(asked).await.expect(200).json()["uploadUrl"].as_str().unwrap().to_owned()
    };
    let (held, lost) = (begin_if().await, begin_if().await);
    // checking out is no other content
    ann.post(&format!("{plan}/checkout")).await.expect(204);
    send(&server, &held, b"mine", 0, 4, "4").await.expect(200);
    ann.post(&format!("{plan}/discardCheckout")).await.expect(204);
    bob.put(&format!("{plan}/content"), "theirs").await.expect(200);
    refused(send(&server, &lost, b"mine", 0, 4, "4").await, 412, "resourceModified", "entityTagDoesNotMatch");
    assert_eq!(ann.content(&plan).await, "theirs");
    bob.put(&format!("{plan}/content"), "first").await.expect(200);
    send(&server, &lost, b"mine", 0, 4, "4").await.expect(200);
}

#[tokio::test]
async fn a_taken_name_is_evaded_where_that_is_wanted() {
    let server = Server::start().await;
    let (ann, drive) = (server.graph(&server.world.ann), server.drive());
    for (name, address) in [("plan 1.txt", format!("{drive}/root:/plan.txt:")), ("plan 2.txt", server.plan())] {
        let url = begin(&ann, &address, json!({"@name.conflictBehavior": "rename"})).await;
        assert_eq!(send(&server, &url, b"x", 0, 1, "1").await.expect(201).json()["name"], name);
    }
    assert_eq!(ann.content(&server.plan()).await, "first");
}

#[tokio::test]
async fn of_many_that_send_the_same_fragments_each_is_told_the_truth_and_one_version_is_made() {
    let server = Server::start().await;
    let (ann, plan) = (server.graph(&server.world.ann), server.plan());
    for round in 0..5 {
        let whole: Vec<u8> = bytes(120_000).into_iter().map(|byte| byte ^ round).collect();
        let url = begin(&ann, &plan, json!({})).await;
        for (from, to) in [(0, 40_000), (40_000, 80_000), (80_000, 120_000)] {
            let sent =
                futures_util::future::join_all((0..6).map(|_| send(&server, &url, &whole, from, to, "120000"))).await;
            let statuses: Vec<u16> = sent.iter().map(|answer| answer.status.as_u16()).collect();
            let good = if to == 120_000 { 200 } else { 202 };
            assert!(statuses.contains(&good), "{statuses:?}");
            assert!(statuses.iter().all(|status| *status == good || (*status == 416 && good == 202)), "{statuses:?}");
        }
        let made = usize::from(round) + 1;
        assert_eq!((versions(&ann, &plan).await, blobs(&server)), (made + 1, made));
        let read = ann.get(&format!("{plan}/content")).await.expect(302);
        assert!(get(&server, &read.header("location")).await.expect(200).body == whole);
    }
}

#[tokio::test]
async fn two_sessions_of_one_name_both_end_well() {
    let server = Server::start().await;
    let world = &server.world;
    let (ann, bob, drive) = (server.graph(&world.ann), server.graph(&world.bob), server.drive());
    let path = format!("{drive}/root:/both/of/us.txt:");
    let (one, two) = (begin(&ann, &path, json!({})).await, begin(&bob, &path, json!({})).await);
    let (one, two) = tokio::join!(send(&server, &one, b"one", 0, 3, "3"), send(&server, &two, b"two", 0, 3, "3"));
    for answer in [&one, &two] {
        assert!(answer.status.is_success(), "{answer}");
    }
    assert_eq!(one.json()["id"], two.json()["id"]);
    assert_eq!(versions(&ann, &path).await, 2);
}

#[tokio::test]
async fn any_node_takes_the_next_fragment() {
    let server = Server::start().await;
    let (ann, plan) = (server.graph(&server.world.ann), server.plan());
    let (other, _vault) = server.another_node().await;
    let whole = bytes(90_000);
    let here = begin(&ann, &plan, json!({})).await;
    let there = here.replace(&server.address.to_string(), &other.to_string());
    send(&server, &here, &whole, 0, 30_000, "90000").await.expect(202);
    send(&server, &there, &whole, 30_000, 60_000, "90000").await.expect(202);
    assert_eq!(get(&server, &here).await.json()["nextExpectedRanges"], json!(["60000-89999"]));
    send(&server, &there, &whole, 60_000, 90_000, "90000").await.expect(200);
    send(&server, &here, &whole, 60_000, 90_000, "90000").await.expect(200);
}

#[tokio::test]
async fn other_dialects_see_the_file_when_the_session_has_ended_and_their_locks_count() {
    let server = Server::start().await;
    let world = &server.world;
    let (ann, plan) = (server.graph(&world.ann), server.plan());
    let clients = Clients::new(&server);
    for client in [Client::Arena, Client::Oracle, Client::Liferay] {
        let url = begin(&ann, &plan, json!({})).await;
        let text = format!("after {client:?}");
        let total = text.len().to_string();
        let file = world::now(&server.vault, world, &world.file).await;
        send(&server, &url, text.as_bytes(), 0, 3, &total).await.expect(202);
        let same = world::now(&server.vault, world, &world.file).await;
        assert_eq!(same.file.as_ref().unwrap().edition.ordinal, file.file.as_ref().unwrap().edition.ordinal);
        assert_eq!(clients.check_out(client, &world.bob, &same).await, Outcome::Done);
        send(&server, &url, text.as_bytes(), 3, text.len(), &total).await.expect(423);
        assert_eq!(clients.cancel(client, &world.bob, &same).await, Outcome::Done);
        send(&server, &url, text.as_bytes(), 3, text.len(), &total).await.expect(200);
        let seen = world::now(&server.vault, world, &world.file).await;
        assert_eq!(seen.file.as_ref().unwrap().edition.ordinal, file.file.as_ref().unwrap().edition.ordinal + 1);
        assert_eq!(clients.check_out(client, &world.bob, &seen).await, Outcome::Done);
        assert_eq!(clients.cancel(client, &world.bob, &seen).await, Outcome::Done);
    }
}

#[tokio::test]
async fn who_has_too_many_sessions_open_is_told_when_to_come_back() {
    let server = Server::start().await;
    let (ann, drive) = (server.graph(&server.world.ann), server.drive());
    let url = begin(&ann, &format!("{drive}/root:/first.txt:"), json!({})).await;
    let mut db = PgConnection::connect(&server.database.url).await.unwrap();
    // as if she had begun it a thousand times
    let more = "INSERT INTO uploads SELECT (jsonb_populate_record(u, jsonb_build_object('id', gen_random_uuid(),
        'digest', '\\x' || encode(sha256(n::text::bytea), 'hex')))).* FROM uploads u, generate_series(2, 1000) n";
    assert_eq!(sqlx::query(more).execute(&mut db).await.unwrap().rows_affected(), 999);
    let refused = ann.post_json(&format!("{drive}/root:/next.txt:/createUploadSession"), json!({})).await.expect(429);
    assert_eq!(refused.header("retry-after"), "60");
    assert_eq!(code(&refused), ("activityLimitReached".to_owned(), "throttledRequest".to_owned()));
    begin(&server.graph(&server.world.bob), &format!("{drive}/root:/bobs.txt:"), json!({})).await;
    server.send(server.http.delete(&url)).await.expect(204);
    begin(&ann, &format!("{drive}/root:/next.txt:"), json!({})).await;
}

#[tokio::test]
async fn the_secret_of_a_session_is_stored_nowhere() {
    let server = Server::start().await;
    let ann = server.graph(&server.world.ann);
    let mut secrets = HashSet::new();
    for _ in 0..3 {
        let url = begin(&ann, &server.plan(), json!({})).await;
        let secret = url.split_once("tempauth=").unwrap().1.to_owned();
        assert!(secret.len() >= 43, "256 bits: {secret}");
        secrets.insert(secret);
    }
    assert_eq!(secrets.len(), 3);
    let db = sqlx::PgPool::connect(&server.database.url).await.unwrap();
    let rows: Vec<String> = sqlx::query_scalar("SELECT u::text FROM uploads u").fetch_all(&db).await.unwrap();
    assert_eq!(rows.len(), 3);
    assert!(rows.iter().all(|row| secrets.iter().all(|secret| !row.contains(secret))));
}
