//! The rows of the conventions (spec/arena.md 1) and of the order of checks (5.2) that no other test stands for.

use coatcheck::dialects::arena::routes;
use serde_json::json;

use crate::support::{
    answer::Answer,
    arena::{Arena, code, guid, guid_in},
    server::Server,
};

const CHANGE: &str = "/v1/files/checkoutstatuschanges";

#[tokio::test]
async fn a_trailing_slash_is_the_same_resource_on_every_path() {
    let server = Server::start().await;
    for (path, _) in routes() {
        let ask = async |path: &str| {
            let answer = server.send(server.request("PATCH", &format!("/v1{path}"))).await;
            (answer.status, answer.text())
        };
        let (bare, slashed) = (ask(path).await, ask(&format!("{path}/")).await);
        assert_eq!(bare, slashed, "{path}");
        assert_eq!(bare.0, 405, "{path}");
    }
    let ann = server.arena(&server.world.ann).await;
    ann.get("/v1/files/?limit=1").await.expect(200);
    server.send(ann.request("PUT", "/v1/logout/")).await.expect(200);
}

#[tokio::test]
async fn a_body_that_nobody_asked_for_is_ignored() {
    let server = Server::start().await;
    let ann = server.arena(&server.world.ann).await;
    let file = guid(&server.world.file);
    let paths = [
        "/v1/files".to_owned(),
        format!("/v1/files/{file}"),
        format!("/v1/files/{file}/content"),
        format!("/v1/files/{file}/editions"),
        "/v1/settings/files/categories".to_owned(),
    ];
    let json = |method: &str, path: &str, body: &'static str| {
        server.send(ann.request(method, path).header("content-type", "application/json").body(body))
    };
    for path in &paths {
        for body in ["{}", "{", "not json"] {
            json("GET", path, body).await.expect(200);
        }
    }
    json("PUT", "/v1/logout", "{").await.expect(200);
}

#[tokio::test]
async fn no_accept_and_no_usage_reason_is_a_reason_to_refuse() {
    let server = Server::start().await;
    let ann = server.arena(&server.world.ann).await;
    let file = guid(&server.world.file);
    for accept in ["image/png", "text/html", "application/xml;q=0", ""] {
        for path in ["/v1/files".to_owned(), format!("/v1/files/{file}/content")] {
            let request = ann.request("GET", &path).header("accept", accept);
            server.send(request.header("arena-usage-reason", "to test it")).await.expect(200);
        }
    }
}

#[track_caller]
fn dressed(answer: &Answer) {
    assert_eq!(answer.header("server"), "ArenaSolutions", "{answer}");
    assert!(httpdate::parse_http_date(&answer.header("date")).is_ok(), "{:?}", answer.headers);
    assert_eq!(answer.header("content-length"), answer.body.len().to_string(), "{answer}");
}

#[tokio::test]
async fn every_answer_carries_the_headers_of_the_vendor() {
    let server = Server::start().await;
    let ann = server.arena(&server.world.ann).await;
    let file = guid(&server.world.file);
    let made = ann.create("t", "a.txt", "x").await.expect(201);
    let taken = ann.check_out(file).await.expect(201);
    let checked_in = ann.check_in(file, "false", "y", &[]).await.expect(201);
    // only where content was received
    for (answer, received) in [(&made, guid_in(&made)), (&taken, String::new()), (&checked_in, file.to_owned())] {
        assert_eq!(answer.header("x-arena-fileguid"), received);
        assert_eq!(answer.header("content-type"), "application/json");
        dressed(answer);
    }
    for path in ["/v1/files", "/v1/files/x", "/v1/nowhere", CHANGE] {
        let answer = ann.get(path).await;
        dressed(&answer);
        assert_eq!(answer.header("content-type"), "application/json");
        assert_ne!(answer.header("x-arena-requests-remaining"), "", "{path}");
        assert_ne!(answer.header("x-arena-next-request-limit-reset"), "", "{path}");
    }
    dressed(&ann.get(&format!("/v1/files/{file}/content")).await);
    dressed(&ann.log_out().await);
    // whose workspace nobody knows
    for unknown in [ann.get("/v1/files").await, server.log_in("ann@example.com", "wrong").await] {
        dressed(&unknown);
        assert_eq!(unknown.header("x-arena-requests-remaining"), "");
        assert_eq!(unknown.header("x-arena-next-request-limit-reset"), "");
    }
}

#[tokio::test]
async fn a_guid_has_twenty_capitals_and_digits_with_blanks_around_them() {
    let server = Server::start().await;
    let ann = server.arena(&server.world.ann).await;
    let file = guid(&server.world.file);
    assert!(file.len() == 20 && file.bytes().all(|b| b.is_ascii_digit() || b.is_ascii_uppercase()), "{file}");
    ann.get(&format!("/v1/files/%20{file}%09")).await.expect(200);
    for wrong in [file.to_lowercase(), file[..19].to_owned(), format!("{file}A"), format!("{}-", &file[..19])] {
        assert_eq!(code(&ann.get(&format!("/v1/files/{wrong}")).await), "400 3011", "{wrong}");
    }
}

#[tokio::test]
async fn the_longest_texts_fit() {
    let server = Server::start().await;
    let ann = server.arena(&server.world.ann).await;
    let long = |count| "ä".repeat(count);
    let said = [
        ("title", long(255)),
        ("edition", long(32)),
        ("format", long(100)),
        ("description", long(4000)),
        ("author.fullName", long(255)),
    ];
    let texts: Vec<(&str, &str)> = said.iter().map(|(name, text)| (*name, text.as_str())).collect();
    let made = ann.form("/v1/files", &texts, Some(("content", "a.txt", "x"))).await.expect(201);
    let json = made.json();
    for (name, text) in &said {
        let kept = if *name == "author.fullName" { &json["author"]["fullName"] } else { &json[name] };
        assert_eq!(kept, text, "{name}");
    }
    let file = guid_in(&made);
    let body = json!({"checkedOut": true, "comment": long(4000), "file": {"guid": file}});
    assert_eq!(ann.change(body).await.expect(201).json()["comment"], long(4000));
    // labels as a public client makes them
    let texts = [("file.edition", "0123456789abcdef")];
    let edition = ann.check_in(&file, "true", "x", &texts).await.expect(201).json()["file"]["edition"].clone();
    assert_eq!(edition, "0123456789abcdef");
}

#[tokio::test]
async fn a_list_has_twenty_entries_unless_it_is_asked_for_others() {
    let server = Server::start().await;
    let ann = server.arena(&server.world.ann).await;
    for number in 0..24 {
        ann.create("t", &format!("{number}.txt"), "x").await.expect(201);
    }
    let page = async |query: &str| {
        let json = ann.get(&format!("/v1/files?{query}")).await.expect(200).json();
        let results = json["results"].as_array().unwrap().clone();
        assert_eq!(json["count"], results.len());
        let numbers = results.iter().map(|file| file["number"].as_str().unwrap().to_owned());
        numbers.collect::<Vec<_>>()
    };
    let first = page("").await;
    assert_eq!((first.len(), first[0].as_str(), first[19].as_str()), (20, "FILE-000001", "FILE-000020"));
    assert_eq!(page("offset=20").await.len(), 5);
    assert_eq!(page("offset=24&limit=1").await, ["FILE-000025"]);
    assert_eq!(page("offset=25").await.len(), 0);
    assert_eq!(page("limit=400").await.len(), 25);
    // editions are given all at once
    let file = guid(&server.world.file);
    for query in ["limit=0&offset=9", "limit=x", "anything=1"] {
        let editions = ann.get(&format!("/v1/files/{file}/editions?{query}")).await.expect(200).json();
        assert_eq!(editions["count"], 1, "{query}");
    }
}

/// What an old edition of a file that somebody else has checked out answers.
async fn refusals(client: &Arena<'_>, file: &str) -> String {
    let answers =
        [client.check_out(file).await, client.cancel(file).await, client.check_in(file, "true", "x", &[]).await];
    answers.each_ref().map(code).join(", ")
}

#[tokio::test]
async fn of_two_reasons_the_earlier_one_is_given() {
    let server = Server::start().await;
    let world = &server.world;
    let ann = server.arena(&world.ann).await;
    let send = |request: reqwest::RequestBuilder| server.send(request);
    let typed = |kind: &'static str| ann.request("POST", CHANGE).header("content-type", kind);
    let old = guid(&world.file).to_owned();

    // path and method before the token
    assert_eq!(code(&send(server.get("/v1/nowhere")).await), "404 404");
    assert_eq!(code(&send(server.get(CHANGE)).await), "405 405");
    // the token before the content type
    assert_eq!(code(&send(server.post(CHANGE).body("x")).await), "401 401");
    // the content type before the syntax, the syntax before the attributes
    assert_eq!(code(&send(typed("text/plain").body("{")).await), "415 415");
    assert_eq!(code(&send(typed("application/json").body("{\"checkedOut\": 5")).await), "400 400");
    // what is missing before what is wrong, types before the GUID
    assert_eq!(code(&ann.change(json!({"comment": 5, "file": {"guid": "x"}})).await), "400 3001");
    assert_eq!(code(&ann.change(json!({"checkedOut": 5, "file": {"guid": "x"}})).await), "400 3257");
    assert_eq!(code(&ann.change(json!({"checkedOut": true, "comment": 5, "file": {"guid": "x"}})).await), "400 3003");
    // the GUID before rights
    let carl = server.arena(&world.carl).await;
    assert_eq!(refusals(&carl, "x").await, "400 3011, 400 3011, 400 3011");

    ann.check_out(&old).await.expect(201);
    let latest = guid_in(&ann.check_in(&old, "true", "second", &[]).await.expect(201));
    ann.check_out(&latest).await.expect(201);
    // rights before the state and the owner
    for file in [&old, &latest] {
        assert_eq!(refusals(&carl, file).await, "400 3024, 400 3024, 400 3024");
    }
    // the state before the owner, the owner before the content
    let bob = server.arena(&world.bob).await;
    assert_eq!(refusals(&bob, &old).await, "400 3133, 400 3085, 400 3128");
    let nothing = json!({"checkedOut": false, "newEdition": true, "file": {"guid": latest}});
    assert_eq!(code(&bob.change(nothing.clone()).await), "400 3085");
    assert_eq!(code(&ann.change(nothing).await), "400 3033");
}
