//! What a file is titled and called when a version is approved, gone back to or deleted, and while other dialects rename it
//! (spec/liferay.md 10.1, 10.6, 11.4, 11.5, 11.7).

use coatcheck::domain::{
    id::ItemKey,
    item::{Change, Item},
};
use serde_json::{Value, json};

use super::expiry::trail;
use crate::support::{answer::Answer, liferay::Liferay, server::Server, world};

const DUPLICATE: &str = "com.liferay.document.library.kernel.exception.DuplicateFileEntryException";

/// A method of `dlapp` that changes a file by words alone, as a minor step; nothing said but this.
async fn change(client: &Liferay<'_>, method: &str, file: i64, said: &Value) -> Answer {
    let mut parameters = json!({
        "fileEntryId": file, "sourceFileName": "", "mimeType": "", "title": "", "description": "", "changeLog": "",
        "dlVersionNumberIncrease": "MINOR", "file": null,
    });
    parameters.as_object_mut().unwrap().extend(said.as_object().unwrap().clone());
    client.call(&format!("/dlapp/{method}"), parameters).await
}

async fn update(client: &Liferay<'_>, file: i64, said: &Value) -> Answer {
    change(client, "update-file-entry", file, said).await
}

async fn revert(client: &Liferay<'_>, file: i64, version: &str) -> Answer {
    client.call("/dlapp/revert-file-entry", json!({"fileEntryId": file, "version": version})).await
}

async fn delete_version(client: &Liferay<'_>, file: i64, version: &str) -> Answer {
    client.call("/dlapp/delete-file-version", json!({"fileEntryId": file, "version": version})).await
}

/// Some members of a file, as it was approved last.
async fn approved<const N: usize>(client: &Liferay<'_>, file: i64, members: [&str; N]) -> [Value; N] {
    let file = client.get(&format!("/dlapp/get-file-entry?fileEntryId={file}")).await.expect(200).json();
    members.map(|member| file[member].clone())
}

/// The same of its newest version: of the working copy, for its holder.
async fn newest<const N: usize>(client: &Liferay<'_>, file: i64, members: [&str; N]) -> [Value; N] {
    let path = format!("/dlfileversion/get-latest-file-version?fileEntryId={file}");
    let version = client.get(&path).await.expect(200).json();
    members.map(|member| version[member].clone())
}

/// The refusal of a title or a name that something else in the folder has.
#[track_caller]
fn assert_taken(answer: Answer, what: &str) {
    let refused = answer.expect(500).json();
    let text = format!("A file entry already exists with {what}");
    assert_eq!((&refused["error"]["type"], &refused["exception"]), (&json!(DUPLICATE), &json!(text)));
}

/// A file of Ann's with a title that its name does not come from.
async fn titled(server: &Server, name: &str, title: &str) -> Item {
    let (vault, world) = (&server.vault, &server.world);
    let ann = world::actor(vault, &world.ann).await;
    let file = world::file(vault, &world.ann, &world.library, name, "first").await;
    let look = vault.look(&ann, &ItemKey::Id(file.id)).await.unwrap();
    vault.update(&ann, &look, Change { title: Some(title.to_owned()), ..Change::default() }).await.unwrap();
    file
}

#[tokio::test]
async fn a_title_that_was_taken_meanwhile_is_not_checked_in() {
    let server = Server::start().await;
    let (ann, bob) = (server.liferay(&server.world.ann), server.liferay(&server.world.bob));
    let id = server.plan_number();
    ann.check_out().await.expect(200);
    update(&ann, id, &json!({"title": "X"})).await.expect(200);
    bob.add("X", "x.pdf", "there").await.expect(200);
    let path = format!("/dlfileentry/get-file-entry-lock?fileEntryId={id}");
    let uuid = ann.get(&path).await.expect(200).json()["uuid"].clone();
    for (method, said) in [
        ("dlapp", json!({"dlVersionNumberIncrease": "MINOR", "changeLog": "mine"})),
        ("dlapp", json!({"dlVersionNumberIncrease": "NONE", "changeLog": ""})),
        ("dlapp", json!({"majorVersion": true, "changeLog": ""})),
        ("dlapp", json!({"lockUuid": uuid})),
        ("dlfileentry", json!({"major": true, "changeLog": ""})),
    ] {
        let mut parameters = said;
        parameters["fileEntryId"] = id.into();
        assert_taken(ann.call(&format!("/{method}/check-in-file-entry"), parameters).await, "title X");
        assert_eq!(ann.labels().await, ["PWC", "1.0"]);
    }
    assert!(trail(&server, &server.world.file).await.contains(&"ann: CheckIn Refused mine".to_owned()));
    // named once more, or as it is in the working copy
    for said in [json!({"title": "X"}), json!({})] {
        assert_taken(change(&ann, "update-file-entry-and-check-in", id, &said).await, "title X");
        assert_eq!(ann.labels().await, ["PWC", "1.0"]);
    }
    // which check-out is meant comes first
    let other = json!({"fileEntryId": id, "lockUuid": server.world.file.id.0.to_string()});
    let refused = ann.call("/dlapp/check-in-file-entry", other).await.expect(500).json();
    assert_eq!(refused["error"]["type"], "com.liferay.portal.kernel.lock.InvalidLockException");
    // what the file is titled was never in doubt
    assert_eq!(approved(&ann, id, ["title", "fileName", "version"]).await, ["plan.txt", "plan.txt", "1.0"]);

    update(&ann, id, &json!({"title": "Y"})).await.expect(200);
    ann.check_in("MINOR", "").await.expect(200);
    assert_eq!(approved(&ann, id, ["title", "fileName", "version"]).await, ["Y", "Y.txt", "1.1"]);
}

#[tokio::test]
async fn a_title_that_a_file_has_is_checked_in_again_whoever_has_it_beside() {
    let server = Server::start().await;
    let (ann, id) = (server.liferay(&server.world.ann), server.plan_number());
    // other dialects know no such rule
    titled(&server, "other.txt", "plan.txt").await;
    ann.check_out().await.expect(200);
    ann.update("second", "MINOR").await.expect(200);
    ann.check_in("MINOR", "").await.expect(200);
    assert_eq!(approved(&ann, id, ["title", "fileName", "version"]).await, ["plan.txt", "plan.txt", "1.1"]);
}

#[tokio::test]
async fn there_is_no_going_back_to_a_title_that_was_taken_meanwhile() {
    let server = Server::start().await;
    let (ann, bob) = (server.liferay(&server.world.ann), server.liferay(&server.world.bob));
    let id = server.plan_number();
    update(&ann, id, &json!({"title": "Other"})).await.expect(200);
    let taker = bob.add("plan.txt", "x.pdf", "there").await.expect(200).json();
    assert_eq!(taker["fileName"], "plan.txt.pdf");
    assert_taken(revert(&ann, id, "1.0").await, "title plan.txt");
    // nor by taking back what came after it
    assert_taken(delete_version(&ann, id, "1.1").await, "title plan.txt");
    assert_eq!(ann.labels().await, ["1.1", "1.0"]);
    assert_eq!(approved(&ann, id, ["title", "fileName"]).await, ["Other", "Other.txt"]);

    bob.call("/dlapp/delete-file-entry", json!({"fileEntryId": taker["fileEntryId"]})).await.expect(200);
    // a folder has the name and no title
    let folder = bob.make_folder(0, "plan.txt").await;
    assert_taken(revert(&ann, id, "1.0").await, "file name plan.txt");
    assert_eq!(ann.labels().await, ["1.1", "1.0"]);
    bob.call("/dlapp/delete-folder", json!({"folderId": folder})).await.expect(200);
    revert(&ann, id, "1.0").await.expect(200);
    assert_eq!(ann.labels().await, ["2.0", "1.1", "1.0"]);
    assert_eq!(approved(&ann, id, ["title", "fileName"]).await, ["plan.txt", "plan.txt"]);
}

#[tokio::test]
async fn going_back_keeps_a_name_that_does_not_come_from_the_title() {
    for title in ["Spec: gearbox", "Gearbox assembly notes"] {
        let server = Server::start().await;
        let ann = server.liferay(&server.world.ann);
        let id = titled(&server, "gearbox.txt", title).await.number;
        let members = ["title", "fileName", "version", "size"];
        update(&ann, id, &json!({"file": "second words"})).await.expect(200);
        assert_eq!(approved(&ann, id, members).await, [title, "gearbox.txt", "1.1", "12"]);
        assert_eq!(revert(&ann, id, "1.0").await.expect(200).text(), "{}");
        assert_eq!(approved(&ann, id, members).await, [title, "gearbox.txt", "2.0", "5"]);
        // and from a name that did
        update(&ann, id, &json!({"title": "Retitled"})).await.expect(200);
        assert_eq!(approved(&ann, id, members).await, ["Retitled", "Retitled.txt", "2.1", "5"]);
        revert(&ann, id, "1.1").await.expect(200);
        assert_eq!(approved(&ann, id, members).await, [title, "gearbox.txt", "3.0", "12"]);
    }
}

#[tokio::test]
async fn a_working_copy_may_have_the_files_own_title_back() {
    for (title, method) in [
        ("Spec: gearbox", "update-file-entry"),
        ("Gearbox assembly notes", "update-file-entry"),
        ("Spec: gearbox", "update-file-entry-and-check-in"),
    ] {
        let server = Server::start().await;
        let ann = server.liferay(&server.world.ann);
        let id = titled(&server, "gearbox.txt", title).await.number;
        ann.call("/dlapp/check-out-file-entry", json!({"fileEntryId": id})).await.expect(200);
        update(&ann, id, &json!({"title": "Retitled"})).await.expect(200);
        assert_eq!(newest(&ann, id, ["title", "fileName"]).await, ["Retitled", "Retitled.txt"]);
        change(&ann, method, id, &json!({"title": title})).await.expect(200);
        assert_eq!(newest(&ann, id, ["title", "fileName"]).await, [title, "gearbox.txt"], "{method}");
        let how = json!({"fileEntryId": id, "dlVersionNumberIncrease": "MINOR", "changeLog": ""});
        ann.call("/dlapp/check-in-file-entry", how).await.expect(200);
        assert_eq!(
            approved(&ann, id, ["title", "fileName", "version"]).await,
            [title, "gearbox.txt", "1.1"],
            "{method}"
        );
    }
}

#[tokio::test]
async fn with_the_newest_version_goes_the_name_that_it_gave_the_file() {
    for room in ["dlapp", "dlfileentry", "arena"] {
        let server = Server::start().await;
        let (ann, id) = (server.liferay(&server.world.ann), server.plan_number());
        let members = ["title", "fileName", "extension", "mimeType", "version"];
        let before = approved(&ann, id, members).await;
        update(&ann, id, &json!({"sourceFileName": "report.pdf", "title": "Report", "file": "words"}))
            .await
            .expect(200);
        assert_eq!(approved(&ann, id, members).await, ["Report", "Report.pdf", "pdf", "application/pdf", "1.1"]);
        if room == "arena" {
            let now = world::now(&server.vault, &server.world, &server.world.file).await;
            let path = format!("/v1/files/{}", now.file.unwrap().edition.arena_guid);
            let arena = server.arena(&server.world.ann).await;
            server.send(arena.request("DELETE", &path)).await.expect(204);
        } else {
            let labelled = json!({"fileEntryId": id, "version": "1.1"});
            ann.call(&format!("/{room}/delete-file-version"), labelled).await.expect(200);
        }
        assert_eq!(approved(&ann, id, members).await, before, "{room}");
        assert_eq!(newest(&ann, id, members).await, before, "{room}");
        // it is found by its name again, and not by the one that it had
        let (graph, drive) = (server.graph(&server.world.bob), server.drive());
        graph.get(&format!("{drive}/root:/PLAN.txt")).await.expect(200);
        graph.get(&format!("{drive}/root:/Report.pdf")).await.expect(404);
        assert!(ann.download("").await.expect(200).header("content-disposition").contains("plan.txt"), "{room}");
    }
}

#[tokio::test]
async fn an_older_version_takes_no_name_with_it_and_a_taken_name_does_not_come_back() {
    let server = Server::start().await;
    let (ann, id) = (server.liferay(&server.world.ann), server.plan_number());
    update(&ann, id, &json!({"title": "Second"})).await.expect(200);
    update(&ann, id, &json!({"title": "Third"})).await.expect(200);
    delete_version(&ann, id, "1.1").await.expect(200);
    assert_eq!(approved(&ann, id, ["title", "fileName", "version"]).await, ["Third", "Third.txt", "1.2"]);
    // no reason to keep a version
    ann.make_folder(0, "plan.txt").await;
    delete_version(&ann, id, "1.2").await.expect(200);
    assert_eq!(approved(&ann, id, ["title", "fileName", "version"]).await, ["plan.txt", "Third.txt", "1.0"]);
}

#[tokio::test]
async fn a_name_from_another_dialect_stays_with_the_file_whatever_becomes_of_its_versions() {
    let server = Server::start().await;
    let (ann, id) = (server.liferay(&server.world.ann), server.plan_number());
    ann.update("second", "MINOR").await.expect(200);
    let graph = server.graph(&server.world.ann);
    graph.patch(&server.plan(), json!({"name": "renamed.txt"})).await.expect(200);
    revert(&ann, id, "1.0").await.expect(200);
    assert_eq!(approved(&ann, id, ["fileName", "version"]).await, ["renamed.txt", "2.0"]);
    for version in ["2.0", "1.1"] {
        delete_version(&ann, id, version).await.expect(200);
        assert_eq!(approved(&ann, id, ["fileName"]).await, ["renamed.txt"], "{version}");
    }
}

#[tokio::test]
async fn the_newest_version_and_its_download_are_called_what_the_file_is() {
    let server = Server::start().await;
    let (ann, id) = (server.liferay(&server.world.ann), server.plan_number());
    let saved_as = async |query: &str| ann.download(query).await.expect(200).header("content-disposition");
    let graph = server.graph(&server.world.ann);
    graph.patch(&server.plan(), json!({"name": "renamed.pdf"})).await.expect(200);
    let members = ["title", "fileName", "extension"];
    let expected = approved(&ann, id, members).await;
    assert_eq!(expected[1..], ["renamed.pdf", "pdf"]);
    assert_eq!(newest(&ann, id, members).await, expected);
    let listed = ann.get(&format!("/dlfileversion/get-file-versions?fileEntryId={id}&status=0")).await.expect(200);
    assert_eq!(members.map(|member| listed.json()[0][member].clone()), expected);
    for query in ["", "?version=1.0"] {
        let header = saved_as(query).await;
        assert!(header.contains("\"renamed.pdf\""), "{query}: {header}");
    }

    // the working copy as well, with its bytes or without
    ann.check_out().await.expect(200);
    update(&ann, id, &json!({"description": "new"})).await.expect(200);
    assert_eq!(newest(&ann, id, ["fileName", "version"]).await, ["renamed.pdf", "PWC"]);
    assert!(saved_as("?version=PWC").await.contains("\"renamed.pdf\""));
    update(&ann, id, &json!({"title": "Better"})).await.expect(200);
    assert_eq!(newest(&ann, id, ["fileName", "version"]).await, ["Better.pdf", "PWC"]);
    assert!(saved_as("?version=PWC").await.contains("\"Better.pdf\""));
    assert!(saved_as("").await.contains("\"renamed.pdf\""));
    ann.check_in("MINOR", "").await.expect(200);
    // an older one keeps what it came under
    assert!(saved_as("?version=1.0").await.contains("\"plan.txt\""));
    assert!(saved_as("?version=1.1").await.contains("\"Better.pdf\""));
}
