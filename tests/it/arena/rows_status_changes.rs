//! The rows of `POST /files/checkoutstatuschanges` (spec/arena.md 7) that no other test stands for.

use serde_json::{Value, json};
use sqlx::{Connection, PgConnection};

use super::files::category;
use crate::support::{
    answer::Answer,
    arena::{Arena, code, guid, guid_in, message},
    server::Server,
};

const CHANGE: &str = "/v1/files/checkoutstatuschanges";
const FILE: Option<(&str, &str, &str)> = Some(("file.content", "new.txt", "new"));

/// What an answer means: what was done to the file of the GUID, or which code says why not.
fn outcome(answer: &Answer, file: &str) -> &'static str {
    if answer.status != 201 {
        return if code(answer) == "400 3033" { "no content" } else { "another refusal" };
    }
    let json = answer.json();
    match (json["checkedOut"].as_bool().unwrap(), answer.header("x-arena-fileguid")) {
        (true, received) if received.is_empty() => "checked out",
        (false, received) if received.is_empty() => "cancelled",
        (false, received) if received == file => "existing edition",
        (false, _) => "new edition",
        (true, _) => "nonsense",
    }
}

/// Makes a file, and checks it out for what needs that.
async fn fresh(ann: &Arena<'_>, checked_out: bool) -> String {
    let file = guid_in(&ann.create("t", "a.txt", "old").await.expect(201));
    if checked_out {
        ann.check_out(&file).await.expect(201);
    }
    file
}

#[tokio::test]
async fn every_row_of_the_table_of_behaviours() {
    let server = Server::start().await;
    let ann = server.arena(&server.world.ann).await;
    let rows = [
        (Some("true"), None, false, "checked out"),
        (Some("true"), Some("true"), false, "checked out"),
        (Some("true"), Some("false"), false, "checked out"),
        (Some("true"), Some(""), true, "checked out"),
        (Some("true"), Some("true"), true, "checked out"),
        (Some("true"), Some("false"), true, "checked out"),
        (Some("false"), None, false, "cancelled"),
        (Some("false"), Some(""), false, "cancelled"),
        (Some("false"), Some("true"), true, "new edition"),
        (Some("false"), Some("false"), true, "existing edition"),
        (Some("false"), None, true, "new edition"),
        (Some("false"), Some(" "), true, "new edition"),
        (None, Some("false"), true, "existing edition"),
        (None, None, true, "new edition"),
        (Some("false"), Some("true"), false, "no content"),
        (Some("false"), Some("false"), false, "no content"),
    ];
    for (checked_out, new_edition, has_file, expected) in rows {
        let row = format!("{checked_out:?} {new_edition:?} {has_file}");
        let takes = checked_out == Some("true");
        let file = fresh(&ann, !takes).await;
        let mut texts = vec![("file.guid", file.as_str())];
        texts.extend(checked_out.map(|text| ("checkedOut", text)));
        texts.extend(new_edition.map(|text| ("newEdition", text)));
        let answer = ann.form(CHANGE, &texts, FILE.filter(|_| has_file)).await;
        assert_eq!(outcome(&answer, &file), expected, "{row}: {answer}");
        // what is no check-in leaves the content as it is
        let content = ann.get(&format!("/v1/files/{file}/content")).await.text();
        assert_eq!(content, if expected == "existing edition" { "new" } else { "old" }, "{row}");

        // the same in JSON, which has no file
        if let (Some(checked_out), false) = (checked_out, has_file) {
            let value = |text: &str| serde_json::from_str::<Value>(text).unwrap_or(Value::Null);
            let mut body = json!({"checkedOut": value(checked_out), "file": {"guid": fresh(&ann, !takes).await}});
            if let Some(new_edition) = new_edition {
                body["newEdition"] = value(new_edition);
            }
            assert_eq!(outcome(&ann.change(body).await, ""), expected, "{row} in JSON");
        }
    }
    // without a file, nothing says which
    let nothing = ann.form(CHANGE, &[("file.guid", &fresh(&ann, true).await)], None).await;
    assert_eq!(message(&nothing), r#"The attribute "checkedOut" is required."#);
}

#[tokio::test]
async fn a_comment_is_echoed_as_it_is_and_its_absence_is_null() {
    let server = Server::start().await;
    let ann = server.arena(&server.world.ann).await;
    let file = guid(&server.world.file);
    for comment in [json!(null), json!(""), json!(" with \"quotes\" \\ and 漢字\n")] {
        for checked_out in [true, false] {
            let body = json!({"checkedOut": checked_out, "comment": comment, "file": {"guid": file}});
            assert_eq!(ann.change(body).await.expect(201).json()["comment"], comment);
        }
    }
}

#[tokio::test]
async fn a_json_body_of_sixty_four_kibibytes_is_read_and_no_longer_one() {
    let server = Server::start().await;
    let ann = server.arena(&server.world.ann).await;
    let body = json!({"checkedOut": true, "file": {"guid": guid(&server.world.file)}}).to_string();
    let padded = |length: usize| format!("{body}{}", " ".repeat(length - body.len()));
    assert_eq!(code(&ann.change_raw(padded(65_537)).await), "413 413");
    ann.change_raw(padded(65_536)).await.expect(201);
}

#[tokio::test]
async fn only_files_whose_bytes_are_here_are_checked_out() {
    let server = Server::start().await;
    let ann = server.arena(&server.world.ann).await;
    let file = guid(&server.world.file);
    let mut db = PgConnection::connect(&server.database.url).await.unwrap();
    for (storage, location, name) in [("placeholder", None, "PLACE_HOLDER"), ("ftp", Some("ftp://x/"), "FTP")] {
        sqlx::query(
            "WITH edition AS (UPDATE editions SET storage = $1, location = $2, sha256 = NULL, file_name = NULL, media_type = NULL
                RETURNING file_id)
            UPDATE locks SET revision = revision + 1 FROM edition WHERE locks.file_id = edition.file_id",
        )
        .bind(storage)
        .bind(location)
        .execute(&mut db)
        .await
        .unwrap();
        let refused = ann.check_out(file).await;
        assert_eq!(code(&refused), "400 6008");
        assert_eq!(
            message(&refused),
            format!(
                "The attribute \"checkedOut\" is not supported for Files with a storageMethodName value of \"{name}\"."
            )
        );
        assert_eq!(code(&ann.cancel(file).await), "400 3132");
    }
}

#[tokio::test]
async fn a_cancel_leaves_editions_content_and_times_alone() {
    let server = Server::start().await;
    let ann = server.arena(&server.world.ann).await;
    let file = guid(&server.world.file);
    let before = ann.get(&format!("/v1/files/{file}")).await.text();
    server.advance(chrono::Duration::minutes(10));
    let taken = ann.check_out(file).await.expect(201).json();
    assert_eq!(taken["file"]["checkoutDateTime"], "2026-03-04T05:16:07Z");
    server.advance(chrono::Duration::minutes(10));
    ann.cancel(file).await.expect(201);
    assert_eq!(ann.get(&format!("/v1/files/{file}")).await.text(), before);
    assert_eq!(ann.get(&format!("/v1/files/{file}/editions")).await.json()["count"], 1);
}

#[tokio::test]
async fn a_category_one_may_no_longer_change_stops_every_change_of_the_status() {
    let server = Server::start().await;
    let (ann, dora) = (server.arena(&server.world.ann).await, server.arena(&server.world.dora).await);
    let design = category(&server, None, "Design", None).await;
    let texts = [("title", "t"), ("edition", "1"), ("category.guid", design.as_str())];
    let file = guid_in(&ann.form("/v1/files", &texts, Some(("content", "a.txt", "x"))).await.expect(201));
    ann.check_out(&file).await.expect(201);
    for (level, expected) in [("read", "400 3024"), ("none", "400 3011")] {
        category(&server, None, "Design", Some(level)).await;
        // neither being the holder nor being an administrator helps
        for client in [&ann, &dora] {
            let answers = [
                client.check_out(&file).await,
                client.cancel(&file).await,
                client.check_in(&file, "true", "x", &[]).await,
                client.check_in(&file, "false", "x", &[]).await,
            ];
            assert_eq!(answers.each_ref().map(code), [expected; 4], "{level}");
        }
    }
}

#[tokio::test]
async fn a_label_left_out_is_the_next_one() {
    let server = Server::start().await;
    let ann = server.arena(&server.world.ann).await;
    for (given, expected) in [
        (&["1"][..], "2"),
        (&["09"], "10"),
        (&["099"], "100"),
        (&["B-1"], "B-1-1"),
        (&["A"], "A-1"),
        // what is next is taken: still one that is not
        (&["2", "1"], "3"),
        (&["A-1", "A"], "A-1-1"),
    ] {
        let texts = [("title", "t"), ("edition", given[0])];
        let mut file = guid_in(&ann.form("/v1/files", &texts, Some(("content", "a.txt", "x"))).await.expect(201));
        for label in &given[1..] {
            ann.check_out(&file).await.expect(201);
            file = guid_in(&ann.check_in(&file, "true", "x", &[("file.edition", label)]).await.expect(201));
        }
        ann.check_out(&file).await.expect(201);
        let json = ann.check_in(&file, "true", "x", &[]).await.expect(201).json();
        assert_eq!(json["file"]["edition"], expected, "{given:?}");
    }
}
