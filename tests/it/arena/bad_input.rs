//! Every attribute of every request that writes a file, as it must not be: the code, and that nothing has changed
//! (spec/arena.md 5.2, 8.5 to 8.11, 13).

use std::time::Duration;

use serde_json::{Value, json};
use sqlx::{Connection, PgConnection};

use super::files::{category, learn, walk};
use crate::support::{
    answer::Answer,
    arena::{Arena, code, guid, guid_in, message, words},
    server::Server,
    world,
};

/// All there is of files, as the database has it.
async fn everything(server: &Server) -> String {
    let mut db = PgConnection::connect(&server.database.url).await.unwrap();
    let mut all = String::new();
    for query in [
        "SELECT string_agg(to_jsonb(t)::text, E'\\n' ORDER BY id) FROM items t",
        "SELECT string_agg(to_jsonb(t)::text, E'\\n' ORDER BY id) FROM editions t",
        "SELECT string_agg(to_jsonb(t)::text, E'\\n' ORDER BY file_id) FROM locks t",
        "SELECT string_agg(to_jsonb(t)::text, E'\\n' ORDER BY sha256) FROM contents t",
    ] {
        let rows: Option<String> = sqlx::query_scalar(query).fetch_one(&mut db).await.unwrap();
        all += &rows.unwrap_or_default();
        all += "\n";
    }
    all
}

/// Waits until no file of the content store is left: superfluous ones go in the background.
async fn no_bytes_left(server: &Server) {
    let gone = async {
        while !walk(server.content.path()).is_empty() {
            tokio::task::yield_now().await;
        }
    };
    let waited = tokio::time::timeout(Duration::from_secs(10), gone).await;
    assert!(waited.is_ok(), "{:?}", walk(server.content.path()));
}

/// Categories that cannot be given to a file, each with the code that says so; and GUIDs of other things.
async fn bad_categories(server: &Server) -> Vec<(String, &'static str)> {
    let structural = category(server, None, "Structural", None).await;
    let inactive = category(server, None, "Inactive", None).await;
    let mut db = PgConnection::connect(&server.database.url).await.unwrap();
    for change in [
        "UPDATE categories SET assignable = false WHERE name = 'Structural'",
        "UPDATE categories SET active = false WHERE name = 'Inactive'",
    ] {
        sqlx::query(change).execute(&mut db).await.unwrap();
    }
    learn(server).await;
    vec![
        (structural, "3007"),
        (inactive, "3038"),
        (category(server, None, "Readable", Some("read")).await, "3024"),
        (category(server, None, "Secret", Some("none")).await, "3002"),
        ("x".to_owned(), "3002"),
        ("K2M501MD03M2L47YKQ5B".to_owned(), "3002"),
        (server.world.ann.person.arena_guid.clone(), "3002"),
        (guid(&server.world.file).to_owned(), "3002"),
    ]
}

/// Attributes in JSON, each as it must not be, the code, and the word that the sentence must name.
async fn bad_values(server: &Server) -> Vec<(Value, &'static str, String)> {
    let long = |longest: usize| "x".repeat(longest + 1);
    let mut cases = Vec::new();
    for (attribute, longest) in
        [("title", 255), ("edition", 32), ("description", 4000), ("format", 100), ("location", 2000)]
    {
        for other in [json!(5), json!(true), json!([]), json!({}), json!("a\0b")] {
            cases.push((json!({attribute: other}), "3003", attribute.to_owned()));
        }
        cases.push((json!({attribute: long(longest)}), "3101", attribute.to_owned()));
        cases.push((json!({attribute: long(longest)}), "3101", longest.to_string()));
    }
    for other in [json!(5), json!([]), json!("a\0b")] {
        cases.push((json!({"author": {"fullName": other}}), "3003", "author.fullName".to_owned()));
    }
    cases.push((json!({"author": {"fullName": long(255)}}), "3101", "author.fullName".to_owned()));
    for object in ["author", "category"] {
        for other in [json!(5), json!("x"), json!([])] {
            cases.push((json!({object: other}), "3003", object.to_owned()));
        }
    }
    for other in [json!("true"), json!(1), json!([])] {
        cases.push((json!({"private": other}), "3257", "private".to_owned()));
    }
    for other in [json!("web"), json!("CLOUD"), json!(3), json!("WEB\0")] {
        cases.push((json!({"storageMethodName": other}), "3003", "storageMethodName".to_owned()));
    }
    for (guid, code) in bad_categories(server).await {
        cases.push((json!({"category": {"guid": guid}}), code, String::new()));
    }
    cases.push((json!({"category": {"guid": 5}}), "3002", "5".to_owned()));
    cases
}

/// `body` with these attributes instead.
fn with(body: &Value, change: &Value) -> Value {
    let mut body = body.clone();
    for (key, value) in change.as_object().unwrap() {
        body[key] = value.clone();
    }
    body
}

#[tokio::test]
async fn no_attribute_in_json_is_taken_as_it_must_not_be() {
    let server = Server::start().await;
    let ann = server.arena(&server.world.ann).await;
    let file = guid(&server.world.file);
    let good = json!({"title": "t", "edition": "7", "storageMethodName": "WEB", "location": "http://a"});
    let cases = bad_values(&server).await;
    let before = everything(&server).await;
    for (method, path) in [
        ("POST", "/v1/files".to_owned()),
        ("POST", "/v1/files/json".to_owned()),
        ("PUT", format!("/v1/files/{file}")),
        ("POST", format!("/v1/files/{file}/editions")),
        ("POST", format!("/v1/files/{file}/editions/json")),
    ] {
        for (change, expected, named) in &cases {
            let flat = with(&good, change);
            for body in [json!({"file": flat.clone()}), flat] {
                let refused = ann.json(method, &path, &body).await;
                assert_eq!(code(&refused), format!("400 {expected}"), "{method} {path} {change:.80}");
                assert!(message(&refused).contains(named), "{}", message(&refused));
            }
        }
        let unwrapped = ann.json(method, &path, &json!({"file": 5})).await;
        assert_eq!(words(&unwrapped), r#"400 3003 The value for the attribute "file" is not valid."#);
    }
    for path in ["/v1/files", "/v1/files/json"] {
        for missing in ["title", "edition", "storageMethodName", "location"] {
            for other in [Value::Null, json!(""), json!(" ")] {
                let refused = ann.post(path, with(&good, &json!({missing: other}))).await;
                assert_eq!(words(&refused), format!(r#"400 3001 The attribute "{missing}" is required."#));
            }
        }
        assert_eq!(words(&ann.post(path, json!({})).await), r#"400 3001 The attribute "title" is required."#);
    }
    assert_eq!(everything(&server).await, before);
}

#[tokio::test]
async fn no_attribute_of_a_form_is_taken_as_it_must_not_be_and_its_bytes_go() {
    let server = Server::start().await;
    let ann = server.arena(&server.world.ann).await;
    let file = guid(&server.world.file);
    let web = guid_in(&ann.create_web("Web").await.expect(201));
    let long = "x".repeat(4001);
    let mut cases = vec![
        ("title", long[..256].to_owned(), "3101"),
        ("edition", long[..33].to_owned(), "3101"),
        ("description", long.clone(), "3101"),
        ("format", long[..101].to_owned(), "3101"),
        ("author.fullName", long[..256].to_owned(), "3101"),
        ("private", "maybe".to_owned(), "3257"),
        ("storageMethodName", "WEB".to_owned(), "3003"),
        ("storageMethodName", "PLACE_HOLDER".to_owned(), "3003"),
        ("storageMethod", "3".to_owned(), "3003"),
    ];
    for attribute in ["title", "edition", "description", "format", "author.fullName", "storageMethodName"] {
        cases.push((attribute, "a\0b".to_owned(), "3003"));
    }
    let categories = bad_categories(&server).await;
    cases.extend(categories.into_iter().map(|(guid, code)| ("category.guid", guid, code)));
    let before = everything(&server).await;
    // too long for a row, so it would be a file of the content store
    let bytes = "x".repeat(50_000);
    let good = [("title", "t"), ("edition", "7"), ("storageMethodName", "FILE")];
    for path in ["/v1/files".to_owned(), format!("/v1/files/{file}/editions"), format!("/v1/files/{web}")] {
        for (attribute, value, expected) in &cases {
            let mut texts: Vec<_> = good.into_iter().filter(|(name, _)| name != attribute).collect();
            texts.push((attribute, value));
            let refused = ann.form(&path, &texts, Some(("content", "a.txt", &bytes))).await;
            assert_eq!(code(&refused), format!("400 {expected}"), "{path} {attribute} {value:.40}");
        }
        for name in [&long[..256], "..", "a\tb"] {
            let refused = ann.form(&path, &good, Some(("content", name, &bytes))).await;
            assert!(["400 3101", "400 400"].contains(&code(&refused).as_str()), "{name:.10}: {refused}");
        }
    }
    for missing in ["title", "edition"] {
        let texts: Vec<_> = good.into_iter().filter(|(name, _)| *name != missing).collect();
        let refused = ann.form("/v1/files", &texts, Some(("content", "a.txt", &bytes))).await;
        assert_eq!(words(&refused), format!(r#"400 3001 The attribute "{missing}" is required."#));
    }
    // refused by the database itself
    let taken = [("edition", "1")];
    let refused = ann.form(&format!("/v1/files/{file}/editions"), &taken, Some(("content", "a.txt", &bytes))).await;
    assert_eq!(code(&refused), "400 6002");
    assert_eq!(everything(&server).await, before);
    no_bytes_left(&server).await;
}

/// Everything that can be done to a file by its GUID here.
async fn all_of(client: &Arena<'_>, guid: &str) -> Vec<Answer> {
    let bytes = "x".repeat(50_000);
    let file = Some(("content", "a.txt", bytes.as_str()));
    let web = json!({"storageMethodName": "WEB", "location": "x"});
    let path = format!("/v1/files/{guid}");
    vec![
        client.put(&path, json!({"title": "x"})).await,
        client.put(&path, web.clone()).await,
        client.form(&path, &[("storageMethodName", "FILE")], file).await,
        client.form(&format!("{path}/content"), &[], file).await,
        client.form(&format!("{path}/editions"), &[], file).await,
        client.post(&format!("{path}/editions"), web.clone()).await,
        client.post(&format!("{path}/editions/json"), web).await,
    ]
}

#[tokio::test]
async fn a_guid_of_anything_else_names_no_file() {
    let server = Server::start().await;
    let world = &server.world;
    let ann = server.arena(&world.ann).await;
    let personal = world::personal(&server.vault, &world.ann).await;
    let own = world::file(&server.vault, &world.ann, &personal, "secret.txt", "secret").await;
    let design = category(&server, None, "Design", None).await;
    let hidden = guid_in(
        &ann.form(
            "/files",
            &[("title", "t"), ("edition", "1"), ("category.guid", design.as_str())],
            Some(("c", "a.txt", "x")),
        )
        .await
        .expect(201),
    );
    category(&server, None, "Design", Some("none")).await;
    let before = everything(&server).await;
    for foreign in [
        "x",
        "k2m501md03m2l47ykq5b",
        "K2M501MD03M2L47YKQ5B",
        "%00",
        &design,
        &world.ann.person.arena_guid,
        // Ann's own, but in no workspace
        guid(&own),
        &hidden,
    ] {
        for refused in all_of(&ann, foreign).await {
            let named = foreign.replace("%00", "\0");
            assert_eq!(words(&refused), format!("400 3011 The guid \"{named}\" is not valid."));
        }
    }
    assert_eq!(everything(&server).await, before);
    no_bytes_left(&server).await;
}

#[tokio::test]
async fn without_the_license_the_role_or_the_level_nothing_is_written() {
    let server = Server::start().await;
    let world = &server.world;
    let file = guid(&world.file);
    let sentence = "400 3024 Either you do not have privileges to access the requested data or it does not exist.";
    let before = everything(&server).await;
    for somebody in [&world.carl, &world.vic] {
        let client = server.arena(somebody).await;
        for refused in all_of(&client, file).await {
            assert_eq!(words(&refused), sentence);
        }
        assert_eq!(words(&client.create_web("t").await), sentence);
        let json = json!({"title": "t", "edition": "1", "storageMethodName": "PLACE_HOLDER"});
        assert_eq!(words(&client.post("/files/json", json).await), sentence);
        assert_eq!(words(&client.create("t", "a.txt", &"x".repeat(50_000)).await), sentence);
        // what is missing comes first, what is refused for the state of the file last
        assert_eq!(code(&client.post("/v1/files", json!({})).await), "400 3001");
        let placed = json!({"title": "t", "edition": "1", "storageMethodName": "PLACE_HOLDER", "location": "x"});
        assert_eq!(words(&client.post("/v1/files", placed).await), sentence);
        assert_eq!(words(&client.put(&format!("/files/{file}"), json!({"location": "x"})).await), sentence);
    }
    assert_eq!(everything(&server).await, before);
    let ann = server.arena(&world.ann).await;
    let design = category(&server, None, "Design", None).await;
    ann.put(&format!("/files/{file}"), json!({"category": {"guid": design}})).await.expect(201);
    category(&server, None, "Design", Some("read")).await;
    for refused in all_of(&ann, file).await {
        assert_eq!(words(&refused), sentence);
    }
    no_bytes_left(&server).await;
}

#[tokio::test]
async fn bytes_that_are_refused_for_the_state_of_the_file_go_as_well() {
    let server = Server::start().await;
    let world = &server.world;
    let (ann, bob) = (server.arena(&world.ann).await, server.arena(&world.bob).await);
    let file = guid(&world.file);
    ann.check_out(file).await.expect(201);
    let before = everything(&server).await;
    for refused in all_of(&bob, file).await {
        let code = code(&refused);
        assert!(["400 3133", "400 3109"].contains(&code.as_str()), "{refused}");
    }
    assert_eq!(everything(&server).await, before);
    no_bytes_left(&server).await;
}
