//! Check out and cancel (spec/arena.md 7.1 to 7.4, 7.6).

use coatcheck::{
    domain::{id::ItemKey, lock::CheckOut},
    vault::UserChange,
};
use insta::assert_snapshot;
use serde_json::json;

use crate::support::{
    arena::{code, guid, guid_in, message, plain},
    server::Server,
    world,
};

#[tokio::test]
async fn a_check_out_shows_the_file_and_its_holder() {
    let server = Server::start().await;
    let ann = server.arena(&server.world.ann).await;
    let file = guid(&server.world.file);
    let answer = ann.change(json!({"checkedOut": true, "comment": "mine", "file": {"guid": file}})).await;
    assert_snapshot!(plain(&answer), @r#"
    201 Created
    {"checkedOut":true,"comment":"mine","file":{"author":{"fullName":"Ann Example"},"category":{"guid":"G1"},"checkedOut":true,"checkoutDateTime":"2026-03-04T05:06:07Z","checkoutUser":{"email":"ann@example.com","fullName":"Ann Example","guid":"G2"},"corrected":false,"creationDateTime":"2026-03-04T05:06:07Z","description":null,"edition":"1","format":null,"guid":"G3","hasMarkup":false,"lastModifiedDateTime":"2026-03-04T05:06:07Z","latest":true,"location":null,"locked":true,"mimeType":"text/plain","name":"plan.txt","number":"FILE-000001","private":false,"size":5,"storageMethod":0,"storageMethodName":"FILE","title":"plan.txt"}}
    "#);
    assert_eq!(answer.header("x-arena-fileguid"), "");
    assert_eq!(answer.header("content-length"), answer.body.len().to_string());

    let shown = ann.get(&format!("/v1/files/{file}")).await.json();
    assert_eq!((&shown["checkedOut"], &shown["locked"]), (&json!(true), &json!(true)));
    assert_eq!(shown["checkoutUser"]["email"], "ann@example.com");
    assert_eq!(shown["checkoutDateTime"], "2026-03-04T05:06:07Z");
}

#[tokio::test]
async fn the_vendors_sample_cancels_byte_for_byte() {
    let server = Server::start().await;
    let ann = server.arena(&server.world.ann).await;
    let file = guid(&server.world.file);
    ann.check_out(file).await.expect(201);
    let sample = include_str!("sample_cancel.json");
    let answer = ann.change_raw(sample.replace("K2M501MD03M2L47YKQ5B", file)).await;
    assert_snapshot!(plain(&answer), @r#"
    201 Created
    {"checkedOut":false,"comment":"Cancelling File Check Out","file":{"author":{"fullName":"Ann Example"},"category":{"guid":"G1"},"checkedOut":false,"corrected":false,"creationDateTime":"2026-03-04T05:06:07Z","description":null,"edition":"1","format":null,"guid":"G2","hasMarkup":false,"lastModifiedDateTime":"2026-03-04T05:06:07Z","latest":true,"location":null,"locked":false,"mimeType":"text/plain","name":"plan.txt","number":"FILE-000001","private":false,"size":5,"storageMethod":0,"storageMethodName":"FILE","title":"plan.txt"}}
    "#);

    // the body has three keys, the file 22
    let json = answer.json();
    assert_eq!(json.as_object().unwrap().len(), 3);
    assert_eq!(json["file"].as_object().unwrap().len(), 22);

    let again = ann.change_raw(sample.replace("K2M501MD03M2L47YKQ5B", file)).await;
    assert_snapshot!(again, @r#"
    400 Bad Request
    {"status":400,"errors":[{"code":3132,"message":"\"This action cannot be completed. Cancelling a check out can only be performed on checked out Files.\""}]}
    "#);
}

#[tokio::test]
async fn a_frozen_edition_is_locked_and_can_be_checked_out_and_cancelled() {
    let server = Server::start().await;
    let ann = server.arena(&server.world.ann).await;
    let file = guid(&server.world.file);
    super::check_in::freeze(&server).await;
    let taken = ann.check_out(file).await.expect(201);
    assert_eq!(taken.json()["file"]["locked"], true);
    let freed = ann.cancel(file).await.expect(201).json();
    assert_eq!((&freed["file"]["checkedOut"], &freed["file"]["locked"]), (&json!(false), &json!(true)));
}

#[tokio::test]
async fn a_second_check_out_is_refused_also_the_holders() {
    let server = Server::start().await;
    let (ann, bob) = (server.arena(&server.world.ann).await, server.arena(&server.world.bob).await);
    let file = guid(&server.world.file);
    ann.check_out(file).await.expect(201);
    for client in [&ann, &bob] {
        let refused = client.check_out(file).await;
        assert_eq!(code(&refused), "400 3133");
        assert_eq!(message(&refused), "The File cannot be updated.");
        assert_ne!(refused.header("x-arena-requests-remaining"), "");
    }
}

#[tokio::test]
async fn only_the_latest_edition_is_checked_out_but_any_names_a_cancel() {
    let server = Server::start().await;
    let ann = server.arena(&server.world.ann).await;
    let old = guid(&server.world.file);
    ann.check_out(old).await.expect(201);
    let new = guid_in(&ann.check_in(old, "true", "second", &[]).await.expect(201));
    let refused = ann.check_out(old).await;
    assert_eq!(code(&refused), "400 3130");
    assert_eq!(
        message(&refused),
        "This action cannot be completed. Only the latest edition if a File can be checked out."
    );

    ann.check_out(&new).await.expect(201);
    let shown = ann.get(&format!("/files/{old}")).await.json();
    assert_eq!(
        (&shown["checkedOut"], &shown["latest"], &shown["locked"]),
        (&json!(false), &json!(false), &json!(true))
    );
    // state before edition: it is checked out already
    assert_eq!(code(&ann.check_out(old).await), "400 3133");
    let cancelled = ann.cancel(old).await.expect(201).json();
    assert_eq!(cancelled["file"]["guid"], old);
    assert_eq!(cancelled["file"]["edition"], "1");
}

#[tokio::test]
async fn somebody_else_cannot_cancel_but_an_administrator_can() {
    let server = Server::start().await;
    let world = &server.world;
    let (ann, bob) = (server.arena(&world.ann).await, server.arena(&world.bob).await);
    let (dora, max) = (server.arena(&world.dora).await, server.arena(&world.max).await);
    let file = guid(&world.file);
    ann.check_out(file).await.expect(201);
    for client in [&bob, &max] {
        let refused = client.cancel(file).await;
        assert_eq!(code(&refused), "400 3085");
        assert_eq!(message(&refused), "You do not have privileges to perform the requested operation.");
    }
    assert!(world::now(&server.vault, world, &world.file).await.is_held_by(Some(world.ann.person.id)));
    dora.cancel(file).await.expect(201);
    assert!(world::now(&server.vault, world, &world.file).await.lock().is_none());

    // the override replaces the ownership only: the license is still needed
    ann.check_out(file).await.expect(201);
    let license = Some(coatcheck::domain::person::License::ReadOnly);
    server.vault.update_user(world.dora.person.id, UserChange { license, ..UserChange::default() }).await.unwrap();
    let dora = server.arena(&world.dora).await;
    assert_eq!(code(&dora.cancel(file).await), "400 3024");
}

#[tokio::test]
async fn without_the_license_or_the_role_nothing_is_written() {
    let server = Server::start().await;
    let world = &server.world;
    let file = guid(&world.file);
    for somebody in [&world.carl, &world.vic] {
        let client = server.arena(somebody).await;
        client.get(&format!("/v1/files/{file}")).await.expect(200);
        for refused in [
            client.check_out(file).await,
            client.cancel(file).await,
            client.check_in(file, "true", "x", &[]).await,
            client.check_in(file, "false", "x", &[]).await,
            client.create("t", "a.txt", "x").await,
        ] {
            assert_eq!(code(&refused), "400 3024");
            assert_eq!(
                message(&refused),
                "Either you do not have privileges to access the requested data or it does not exist."
            );
        }
    }
    assert!(world::now(&server.vault, world, &world.file).await.lock().is_none());
}

#[tokio::test]
async fn a_guid_that_names_nothing_here_is_one_answer() {
    let server = Server::start().await;
    let world = &server.world;
    let ann = server.arena(&world.ann).await;
    // Ann's own, but in no workspace
    let personal = world::personal(&server.vault, &world.ann).await;
    let elsewhere = world::file(&server.vault, &world.ann, &personal, "secret.txt", "secret").await;
    for text in ["", "x", "k2m501md03m2l47ykq5b", "K2M501MD03M2L47YKQ5B", guid(&elsewhere)] {
        let answers = [ann.check_out(text).await, ann.cancel(text).await, ann.check_in(text, "true", "x", &[]).await];
        for refused in answers {
            assert_eq!(code(&refused), "400 3011");
            assert_eq!(message(&refused), format!("The guid \"{text}\" is not valid."));
        }
        if !text.is_empty() {
            let refused = ann.get(&format!("/v1/files/{text}")).await;
            assert_eq!(message(&refused), format!("The guid \"{text}\" is not valid."));
        }
    }
}

#[tokio::test]
async fn a_lock_of_another_room_is_a_check_out_here() {
    let server = Server::start().await;
    let world = &server.world;
    let actor = world::actor(&server.vault, &world.bob).await;
    let look = server.vault.look(&actor, &ItemKey::Id(world.file.id)).await.unwrap();
    server.vault.check_out(&actor, &look, CheckOut::default()).await.unwrap();
    let ann = server.arena(&world.ann).await;
    let file = guid(&world.file);
    let shown = ann.get(&format!("/v1/files/{file}")).await.json();
    assert_eq!(shown["checkoutUser"]["fullName"], "Bob Example");
    assert_eq!(code(&ann.check_out(file).await), "400 3133");
    server.arena(&world.bob).await.cancel(file).await.expect(201);
}

#[tokio::test]
async fn keys_are_read_with_blanks_and_in_forms() {
    let server = Server::start().await;
    let ann = server.arena(&server.world.ann).await;
    let file = guid(&server.world.file);
    let both = json!({" checkedOut": true, "file": {"guid ": file}, " file": {"guid": "x"}, "more": [1]});
    ann.change(both).await.expect(201);
    // never sends newEdition
    ann.change(json!({"checkedOut": false, "\tfile": {"guid": format!(" {file} ")}})).await.expect(201);

    let path = "/files/checkoutstatuschanges/";
    ann.form(path, &[("checkedOut", " TRUE "), ("guid", file), ("comment", "c")], None).await.expect(201);
    let head = "--b\r\nContent-Disposition: form-data; name=";
    let cancel = format!(
        "{head}\"checkedOut%22\"\r\n\r\nFalse\r\n{head}\" new edition \"\r\n\r\n \r\n{head}\"file.guid\\\"\"\r\n\r\n{file}\r\n--b--\r\n"
    );
    let answer = ann.form_raw(path, cancel).await.expect(201);
    assert_eq!(answer.json()["comment"], json!(null));
    // a file does not matter to a check-out
    let texts = [("checkedOut", "true"), ("file.guid", file)];
    ann.form(path, &texts, Some(("content", "a.txt", "ignored"))).await.expect(201);
    assert_eq!(ann.get(&format!("/files/{file}/content")).await.text(), "first");
}

#[tokio::test]
async fn attributes_are_refused_by_name() {
    let server = Server::start().await;
    let ann = server.arena(&server.world.ann).await;
    let file = guid(&server.world.file);
    let cases = [
        (json!({"file": {"guid": file}}), "3001", r#"The attribute "checkedOut" is required."#),
        (json!({"checkedOut": null, "file": {"guid": file}}), "3001", r#"The attribute "checkedOut" is required."#),
        (json!({"checkedOut": true}), "3001", r#"The attribute "file" is required."#),
        (json!({"checkedOut": true, "file": {}}), "3001", r#"The attribute "file.guid" is required."#),
        (json!({"checkedOut": true, "file": "x"}), "3003", r#"The value for the attribute "file" is not valid."#),
        (json!({"checkedOut": true, "file": {"guid": 7}}), "3011", r#"The guid "7" is not valid."#),
        (
            json!({"checkedOut": "true", "file": {"guid": file}}),
            "3257",
            r#"The value "true" is not valid for the attribute "checkedOut" of Boolean type."#,
        ),
        (
            json!({"checkedOut": false, "newEdition": 1, "file": {"guid": file}}),
            "3257",
            r#"The value "1" is not valid for the attribute "newEdition" of Boolean type."#,
        ),
        (
            json!({"checkedOut": true, "comment": "x".repeat(4001), "file": {"guid": file}}),
            "3101",
            r#"The length of the value exceeds the maximum length (4000) for the attribute "comment"."#,
        ),
        (
            json!({"checkedOut": true, "comment": "a\0b", "file": {"guid": file}}),
            "3003",
            r#"The value for the attribute "comment" is not valid."#,
        ),
        (
            json!({"checkedOut": true, "comment": 5, "file": {"guid": file}}),
            "3003",
            r#"The value for the attribute "comment" is not valid."#,
        ),
    ];
    for (body, number, words) in cases {
        let refused = ann.change(body.clone()).await;
        assert_eq!((code(&refused), message(&refused)), (format!("400 {number}"), words.to_owned()), "{body}");
    }
    // the required attribute is asked for before the GUID, the GUID before everything about the file
    assert_eq!(code(&ann.change(json!({"checkedOut": 5, "file": {"guid": "x"}})).await), "400 3257");
    assert!(world::now(&server.vault, &server.world, &server.world.file).await.lock().is_none());
}

#[tokio::test]
async fn the_trail_knows_every_change_and_every_refusal() {
    let server = Server::start().await;
    let (ann, bob) = (server.arena(&server.world.ann).await, server.arena(&server.world.bob).await);
    let file = guid(&server.world.file);
    ann.cancel(file).await.expect(400);
    ann.change(json!({"checkedOut": true, "comment": "mine", "file": {"guid": file}})).await.expect(201);
    ann.check_out(file).await.expect(400);
    bob.check_out(file).await.expect(400);
    bob.cancel(file).await.expect(400);
    bob.check_in(file, "true", "x", &[]).await.expect(400);
    ann.change(json!({"checkedOut": false, "newEdition": true, "file": {"guid": file}})).await.expect(400);
    let new = guid_in(&ann.check_in(file, "true", "x", &[("comment", "done")]).await.expect(201));
    ann.check_out(file).await.expect(400);
    ann.check_in(&new, "true", "x", &[]).await.expect(400);
    assert_snapshot!(super::races::trail(&server).await, @r#"
    ann cancel not_checked_out
    ann check_out done "mine"
    ann check_out held held by ann
    bob check_out held held by ann
    bob cancel held held by ann
    bob check_in held held by ann
    ann check_in refused
    ann check_in done "done"
    ann check_out refused
    ann check_in not_checked_out
    "#);
}
