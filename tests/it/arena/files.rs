//! Search, show, content, create (spec/arena.md 8.1 to 8.5).

use coatcheck::{
    domain::actor::{Level, Role, Rule},
    store,
};
use insta::assert_snapshot;
use serde_json::json;
use sqlx::{Connection, PgConnection};

use crate::support::{
    arena::{Arena, code, guid, guid_in, message, plain},
    server::Server,
};

/// Makes a category and answers its GUID.
pub async fn category(server: &Server, parent: Option<&str>, name: &str, level: Option<&str>) -> String {
    let all = server.vault.all_categories().await.unwrap();
    let above = all.iter().find(|category| match parent {
        Some(guid) => category.row.arena_guid == guid,
        None => category.row.parent.is_none(),
    });
    let above = Some(above.unwrap().row.id);
    let level = level.map(|level| if level == "none" { Level::None } else { Level::Read });
    let guid: String = format!("{name:0<20}").to_uppercase();
    let mut db = PgConnection::connect(&server.database.url).await.unwrap();
    store::categories::put(&mut db, above, name, "", level, &guid, None).await.unwrap();
    learn(server).await;
    guid
}

/// Lets the server forget what it remembers of rights.
pub async fn learn(server: &Server) {
    let world = &server.world;
    server.vault.grant(world.library.root, world.max.person.id, Role::Manager, None).await.unwrap();
}

#[tokio::test]
async fn a_new_file_is_shown_in_full() {
    let server = Server::start().await;
    let ann = server.arena(&server.world.ann).await;
    let texts = [
        ("file.title", "USB CABLE A-A Datasheet"),
        ("edition", "1"),
        ("description", "a cable"),
        ("author.fullName", "George C Lewis"),
        ("format", "pdf"),
        ("private", "false"),
        ("storageMethod", "0"),
    ];
    let answer = ann.form("/v1/files", &texts, Some(("content", "USB Cable A-A Datasheet.pdf", "%PDF"))).await;
    assert_snapshot!(plain(&answer), @r#"
    201 Created
    {"author":{"fullName":"George C Lewis"},"category":{"guid":"G1","name":"-uncategorized-","path":"File"},"checkedOut":false,"corrected":false,"creationDateTime":"2026-03-04T05:06:07Z","description":"a cable","edition":"1","format":"pdf","guid":"G2","hasMarkup":false,"haveContent":true,"lastModifiedDateTime":"2026-03-04T05:06:07Z","latest":true,"location":null,"locked":false,"mimeType":"application/pdf","name":"USB Cable A-A Datasheet.pdf","number":"FILE-000002","private":false,"size":4,"storageMethod":0,"storageMethodName":"FILE","title":"USB CABLE A-A Datasheet"}
    "#);
    let new = guid_in(&answer);
    assert_eq!(answer.header("x-arena-fileguid"), new);
    assert_eq!(ann.get(&format!("/files/{new}")).await.text(), answer.text());
}

#[tokio::test]
async fn a_file_needs_a_title_an_edition_and_content() {
    let server = Server::start().await;
    let ann = server.arena(&server.world.ann).await;
    let file = Some(("content", "a.txt", "x"));
    let create = async |texts: &[(&str, &str)], file| {
        let answer = ann.form("/v1/files", texts, file).await;
        format!("{} {}", code(&answer), message(&answer))
    };
    assert_eq!(create(&[("edition", "1")], file).await, r#"400 3001 The attribute "title" is required."#);
    assert_eq!(
        create(&[("title", " "), ("edition", "1")], None).await,
        r#"400 3001 The attribute "title" is required."#
    );
    assert_eq!(create(&[("title", "t")], None).await, r#"400 3001 The attribute "edition" is required."#);
    let both = [("title", "t"), ("edition", "1")];
    assert_eq!(create(&both, None).await, "400 3033 The file content is missing.");
    assert_eq!(create(&both, Some(("content", "", ""))).await, "400 3033 The file content is missing.");
    let bad = [("title", "t"), ("edition", "1"), ("category.guid", "x")];
    assert_eq!(create(&bad, file).await, r#"400 3002 The category guid "x" is not valid."#);
    let web = [("title", "t"), ("edition", "1"), ("storageMethodName", "WEB")];
    assert_eq!(create(&web, file).await, r#"400 3003 The value for the attribute "storageMethodName" is not valid."#);
    let long = "x".repeat(256);
    let named = create(&both, Some(("content", &long, "x"))).await;
    assert_eq!(named, r#"400 3101 The length of the value exceeds the maximum length (255) for the attribute "name"."#);
    assert_eq!(ann.get("/v1/files").await.json()["count"], 1);
}

#[tokio::test]
async fn structural_and_inactive_categories_take_no_files() {
    let server = Server::start().await;
    let ann = server.arena(&server.world.ann).await;
    let guid = category(&server, None, "Design", None).await;
    let texts = [("title", "t"), ("edition", "1"), ("category.guid", guid.as_str())];
    for (change, words) in [
        (
            "UPDATE categories SET assignable = false WHERE name = 'Design'",
            "3007 This category is structural; objects may not be assigned to it.".to_owned(),
        ),
        (
            "UPDATE categories SET active = false WHERE name = 'Design'",
            format!("3038 The category \"Design\" (guid {guid}) is inactive."),
        ),
    ] {
        let mut db = PgConnection::connect(&server.database.url).await.unwrap();
        sqlx::query(change).execute(&mut db).await.unwrap();
        learn(&server).await;
        let refused = ann.form("/files", &texts, Some(("content", "a.txt", "x"))).await;
        assert_eq!(format!("{} {}", code(&refused), message(&refused)), format!("400 {words}"));
    }
}

#[tokio::test]
async fn any_number_of_files_may_have_one_name() {
    let server = Server::start().await;
    let ann = server.arena(&server.world.ann).await;
    for number in 0..40 {
        let made = ann.create(&format!("t{number}"), "plan.txt", "x").await.expect(201).json();
        assert_eq!(made["name"], "plan.txt");
    }
    assert_eq!(ann.get("/v1/files?name=PLAN.txt&limit=400").await.json()["count"], 41);
}

#[tokio::test]
async fn content_comes_with_its_name_and_type() {
    let server = Server::start().await;
    let ann = server.arena(&server.world.ann).await;
    let new = guid_in(&ann.create("t", "Zoë.txt", "0123456789").await.expect(201));
    let path = format!("/v1/files/{new}/content");
    let request = ann.request("GET", &path).header("accept", "application/json").json(&json!({}));
    let answer = server.send(request).await.expect(200);
    assert_eq!(answer.text(), "0123456789");
    assert_eq!(answer.header("content-type"), "text/plain");
    assert_eq!(answer.header("content-length"), "10");
    assert_eq!(answer.header("content-disposition"), "attachment; filename=\"Zo_.txt\"; filename*=UTF-8''Zo%C3%AB.txt");
    assert_eq!(answer.header("x-content-type-options"), "nosniff");
    assert_eq!(answer.header("x-arena-fileguid"), "");
    assert_eq!(answer.header("x-arena-requests-remaining"), "9998");

    let part = server.send(ann.request("GET", &path).header("range", "bytes=2-4")).await.expect(206);
    assert_eq!((part.text().as_str(), part.header("content-range").as_str()), ("234", "bytes 2-4/10"));
    let outside = server.send(ann.request("GET", &path).header("range", "bytes=10-")).await;
    assert_eq!((code(&outside).as_str(), outside.header("content-range").as_str()), ("416 416", "bytes */10"));
    let known = server.send(ann.request("GET", &path).header("if-none-match", "*")).await;
    assert_eq!(known.status, 200);
    // a check-out does not prevent it
    server.arena(&server.world.bob).await.check_out(&new).await.expect(201);
    assert_eq!(ann.get(&path).await.expect(200).text(), "0123456789");
}

#[tokio::test]
async fn a_viewer_sees_a_file_but_not_its_content() {
    let server = Server::start().await;
    let vic = server.arena(&server.world.vic).await;
    let file = guid(&server.world.file);
    vic.get(&format!("/v1/files/{file}")).await.expect(200);
    assert_eq!(code(&vic.get(&format!("/v1/files/{file}/content")).await), "400 3024");
}

#[tokio::test]
async fn a_file_whose_bytes_are_elsewhere_has_no_content_and_is_not_checked_out() {
    let server = Server::start().await;
    let ann = server.arena(&server.world.ann).await;
    let file = guid(&server.world.file);
    let mut db = PgConnection::connect(&server.database.url).await.unwrap();
    sqlx::query("UPDATE editions SET storage = 'web', location = 'https://example.com/', sha256 = NULL, file_name = NULL, media_type = NULL")
        .execute(&mut db)
        .await
        .unwrap();
    let refused = ann.get(&format!("/files/{file}/content")).await;
    assert_eq!(code(&refused), "400 3028");
    assert_eq!(
        message(&refused),
        format!(
            "The requested file with guid \"{file}\" does not have any content. Please make sure it is a valid file."
        )
    );
    let refused = ann.check_out(file).await;
    assert_eq!(code(&refused), "400 6008");
    assert_eq!(
        message(&refused),
        r#"The attribute "checkedOut" is not supported for Files with a storageMethodName value of "WEB"."#
    );
    assert_snapshot!(plain(&ann.get(&format!("/files/{file}")).await), @r#"
    200 OK
    {"author":{"fullName":"Ann Example"},"category":{"guid":"G1","name":"-uncategorized-","path":"File"},"checkedOut":false,"corrected":false,"creationDateTime":"2026-03-04T05:06:07Z","description":null,"edition":"1","format":null,"guid":"G2","hasMarkup":false,"haveContent":false,"lastModifiedDateTime":"2026-03-04T05:06:07Z","latest":true,"location":"https://example.com/","locked":false,"mimeType":null,"name":null,"number":"FILE-000001","private":false,"size":null,"storageMethod":3,"storageMethodName":"WEB","title":"plan.txt"}
    "#);
}

#[tokio::test]
async fn lost_bytes_are_a_refusal_that_names_the_file() {
    let server = Server::start().await;
    let ann = server.arena(&server.world.ann).await;
    // too long for the row, so it is a file of the content store
    let new = guid_in(&ann.create("t", "a.txt", &"x".repeat(100_000)).await.expect(201));
    let whole = ann.get(&format!("/v1/files/{new}/content")).await.expect(200);
    assert_eq!(whole.text(), "x".repeat(100_000));
    for entry in walk(server.content.path()) {
        std::fs::remove_file(entry).unwrap();
    }
    let refused = ann.get(&format!("/v1/files/{new}/content")).await;
    assert_eq!(code(&refused), "400 3017");
    assert_eq!(message(&refused), format!("The file with guid \"{new}\" cannot be downloaded at this time."));
}

/// All files below a folder.
pub fn walk(folder: &std::path::Path) -> Vec<std::path::PathBuf> {
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries.flat_map(|path| if path.is_dir() { walk(&path) } else { vec![path] }).collect()
}

/// The titles a search finds, in order.
async fn titles(client: &Arena<'_>, query: &str) -> String {
    let json = client.get(&format!("/v1/files?{query}")).await.expect(200).json();
    let results = json["results"].as_array().unwrap();
    assert_eq!(json["count"], results.len());
    results.iter().map(|file| file["title"].as_str().unwrap()).collect::<Vec<_>>().join(" ")
}

#[tokio::test]
async fn a_search_is_exact_unless_there_is_a_star() {
    let server = Server::start().await;
    let ann = server.arena(&server.world.ann).await;
    let design = category(&server, None, "Design", None).await;
    let cad = category(&server, Some(&design), "CAD", None).await;
    for (title, name, category, format) in
        [("Cable", "a_1.pdf", &design, "pdf"), ("Cable-2", "a%1.pdf", &cad, "pdf"), ("Äther", "c.txt", &cad, "txt")]
    {
        let texts = [("title", title), ("edition", "1"), ("category.guid", category.as_str()), ("format", format)];
        ann.form("/v1/files", &texts, Some(("content", name, "x"))).await.expect(201);
    }
    let cases = [
        ("", "plan.txt Cable Cable-2 Äther"),
        ("title=cable", "Cable"),
        ("title=cable*", "Cable Cable-2"),
        ("title=*-2", "Cable-2"),
        ("title=able", ""),
        ("name=a_1.pdf", "Cable"),
        ("name=a%251*", "Cable-2"),
        ("title=%C3%84ther", "Äther"),
        ("number=FILE-000002", "Cable"),
        ("number=file-0000*&format=PDF", "Cable Cable-2"),
        ("any=c*", "Cable Cable-2 Äther"),
        ("any=file-000001", "plan.txt"),
        ("limit=2", "plan.txt Cable"),
        ("limit=2&offset=3", "Äther"),
        ("offset=4", ""),
        ("offset=99999999999999999999", ""),
    ];
    for (query, found) in cases {
        assert_eq!(titles(&ann, query).await, found, "{query}");
    }
    assert_eq!(titles(&ann, &format!("category.guid={design}")).await, "Cable");
    assert_eq!(
        titles(&ann, &format!("category.guid={design}&includeChildCategories=true")).await,
        "Cable Cable-2 Äther"
    );
    assert_snapshot!(plain(&ann.get("/v1/files/?title=cable-2").await), @r#"
    200 OK
    {"count":1,"results":[{"category":{"guid":"G1","name":"CAD","path":"File\\Design\\CAD"},"checkedOut":false,"corrected":false,"creationDateTime":"2026-03-04T05:06:07Z","edition":"1","format":"pdf","guid":"G2","name":"a%1.pdf","number":"FILE-000003","storageMethodName":"FILE","title":"Cable-2"}]}
    "#);

    // only the latest edition
    let file = guid(&server.world.file);
    ann.check_out(file).await.expect(201);
    ann.check_in(file, "true", "x", &[("file.title", "Plan B")]).await.expect(201);
    assert_eq!(titles(&ann, "title=plan*").await, "Plan B");
}

#[tokio::test]
async fn a_search_names_what_it_does_not_know() {
    let server = Server::start().await;
    let ann = server.arena(&server.world.ann).await;
    for (query, words) in [
        ("color=red", r#"400 3019 The attribute "color" is not searchable."#),
        ("title=", r#"400 3020 The value for the attribute "title" cannot be empty."#),
        ("limit=401", "400 3220 Limit must be 1-400, offset must equal or bigger than 0."),
        ("offset=-1", "400 3220 Limit must be 1-400, offset must equal or bigger than 0."),
        ("limit=many", "400 3041 The limit or offset parameter is invalid."),
        ("category.guid=x", r#"400 3002 The category guid "x" is not valid."#),
        (
            "includeChildCategories=2",
            r#"400 3257 The value "2" is not valid for the attribute "includeChildCategories" of Boolean type."#,
        ),
        ("title=a%00", r#"400 3003 The value for the attribute "title" is not valid."#),
    ] {
        let refused = ann.get(&format!("/v1/files?{query}")).await;
        assert_eq!(format!("{} {}", code(&refused), message(&refused)), words, "{query}");
    }
    // what is no UTF-8 finds nothing
    assert_eq!(ann.get("/v1/files?title=%FF").await.expect(200).json()["count"], 0);
}

#[tokio::test]
async fn files_of_a_category_one_may_not_read_do_not_exist() {
    let server = Server::start().await;
    let ann = server.arena(&server.world.ann).await;
    let design = category(&server, None, "Design", None).await;
    let texts = [("title", "Cable"), ("edition", "1"), ("category.guid", design.as_str())];
    let new = guid_in(&ann.form("/files", &texts, Some(("content", "a.txt", "x"))).await.expect(201));
    category(&server, None, "Design", Some("none")).await;
    assert_eq!(code(&ann.get(&format!("/v1/files/{new}")).await), "400 3011");
    assert_eq!(code(&ann.check_out(&new).await), "400 3011");
    assert_eq!(titles(&ann, "").await, "plan.txt");
    category(&server, None, "Design", Some("read")).await;
    ann.get(&format!("/v1/files/{new}")).await.expect(200);
    assert_eq!(code(&ann.check_out(&new).await), "400 3024");
}

#[tokio::test]
async fn where_policies_are_required_a_rule_must_allow_it() {
    let server = Server::start().await;
    let ann = server.arena(&server.world.ann).await;
    let file = guid(&server.world.file);
    let mut db = PgConnection::connect(&server.database.url).await.unwrap();
    sqlx::query("UPDATE libraries SET policies_required = true").execute(&mut db).await.unwrap();
    learn(&server).await;
    assert_eq!(code(&ann.get(&format!("/v1/files/{file}")).await), "400 3024");
    assert_eq!(code(&ann.check_out(file).await), "400 3024");
    assert_eq!(titles(&ann, "").await, "");
    let policy = store::directory::put_policy(&mut db, "Readers", "").await.unwrap();
    store::directory::grant_policy(&mut db, policy, server.world.ann.person.id).await.unwrap();
    for (rule, expected) in [(Rule::ReadFile, 400), (Rule::EditFile, 201)] {
        store::directory::put_rule(&mut db, policy, rule, None).await.unwrap();
        learn(&server).await;
        ann.get(&format!("/v1/files/{file}")).await.expect(200);
        ann.check_out(file).await.expect(expected);
    }
}
