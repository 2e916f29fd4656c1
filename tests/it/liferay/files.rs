//! Files, versions and folders: adding, changing, finding, moving, deleting.

use insta::assert_snapshot;
use reqwest::multipart::{Form, Part};
use serde_json::{Value, json};

use crate::support::{liferay::told, server::Server, world};

#[tokio::test]
async fn a_file_entry_is_the_vendors_member_for_member() {
    let server = Server::start().await;
    let ann = server.liferay(&server.world.ann);
    let file = ann.get(&format!("/dlapp/get-file-entry/file-entry-id/{}", server.plan_number())).await;
    assert_eq!(file.header("content-type"), "application/json;charset=UTF-8");
    assert_eq!(file.header("cache-control"), "private, no-cache, no-store, must-revalidate");
    assert_snapshot!(told(&server, &file), @r#"200 {"classNameId":"0","classPK":"0","companyId":"20097","createDate":1772600767000,"ctCollectionId":"0","custom1ImageId":"0","custom2ImageId":"0","description":"","expirationDate":null,"extension":"txt","externalReferenceCode":"<file>","extraSettings":"","fileEntryId":"<file>","fileEntryTypeId":"0","fileName":"plan.txt","folderId":"0","groupId":"<group>","largeImageId":"0","lastPublishDate":null,"manualCheckInRequired":false,"mimeType":"text/plain","modifiedDate":1772600767000,"mvccVersion":"0","name":"<file>","repositoryId":"<group>","reviewDate":null,"size":"5","smallImageId":"0","title":"plan.txt","treePath":"/","userId":"<ann>","userName":"Ann Example","uuid":"<file uuid>","version":"1.0"}"#);
}

#[tokio::test]
async fn a_file_version_is_the_vendors_member_for_member() {
    let server = Server::start().await;
    let ann = server.liferay(&server.world.ann);
    let path = format!("/dlfileversion/get-latest-file-version/file-entry-id/{}", server.plan_number());
    let answer = ann.get(&path).await;
    let version = answer.json();
    let text = told(&server, &answer);
    let text = text.replace(version["fileVersionId"].as_str().unwrap(), "<version>");
    let text = text.replace(version["uuid"].as_str().unwrap(), "<uuid>");
    assert_snapshot!(text, @r#"200 {"changeLog":"","checksum":"","companyId":"20097","createDate":1772600767000,"ctCollectionId":"0","description":"","expirationDate":null,"extension":"txt","extraSettings":"","fileEntryId":"<file>","fileEntryTypeId":"0","fileName":"plan.txt","fileVersionId":"<version>","folderId":"0","groupId":"<group>","lastPublishDate":null,"mimeType":"text/plain","modifiedDate":1772600767000,"mvccVersion":"0","repositoryId":"<group>","reviewDate":null,"size":"5","status":0,"statusByUserId":"<ann>","statusByUserName":"Ann Example","statusDate":1772600767000,"title":"plan.txt","treePath":"/","userId":"<ann>","userName":"Ann Example","uuid":"<uuid>","version":"1.0"}"#);
    let path = format!("/dlapp/get-file-version?fileVersionId={}", version["fileVersionId"].as_str().unwrap());
    assert_eq!(ann.get(&path).await.expect(200).json(), version);
}

#[tokio::test]
async fn a_file_takes_title_name_and_type_from_what_was_given() {
    let server = Server::start().await;
    let ann = server.liferay(&server.world.ann);
    for (title, source, expected) in [
        ("Report", "a.docx", ("Report", "Report.docx", "docx")),
        ("", "b.pdf", ("b.pdf", "b.pdf", "pdf")),
        ("", "", ("upload.txt", "upload.txt", "txt")),
        ("a/b", "", ("a/b", "a_b.txt", "txt")),
        ("Grüße €", "c.TXT", ("Grüße €", "Grüße €.TXT", "TXT")),
    ] {
        let file = ann.add(title, source, "text").await.expect(200).json();
        let found = ["title", "fileName", "extension"].map(|member| file[member].as_str().unwrap().to_owned());
        assert_eq!(found, [expected.0, expected.1, expected.2], "{title} {source}");
        assert_eq!((&file["version"], &file["description"]), (&json!("1.0"), &json!("about it")));
        let again = json!({"groupId": server.group(), "folderId": 0, "title": expected.0});
        let again = ann.call("/dlapp/get-file-entry", again).await.expect(200).json();
        assert_eq!(again["fileEntryId"], file["fileEntryId"]);
        let uuid = json!({"groupId": server.group(), "uuid": file["uuid"]});
        assert_eq!(ann.call("/dlapp/get-file-entry-by-uuid-and-group-id", uuid).await.expect(200).json(), again);
    }
}

#[tokio::test]
async fn the_media_type_is_the_one_that_was_said_or_else_guessed() {
    let server = Server::start().await;
    let ann = server.liferay(&server.world.ann);
    for (source, said, expected) in [
        ("a.txt", "application/x-mine", "application/x-mine"),
        ("b.pdf", "", "application/pdf"),
        ("c.unknownkind", "", "application/octet-stream"),
    ] {
        let parameters = json!({
            "repositoryId": server.group(), "folderId": 0, "sourceFileName": source, "mimeType": said, "title": source,
            "description": null, "changeLog": "", "bytes": [72, -61, -68, 228],
        });
        let file = ann.call("/dlapp/add-file-entry", parameters).await.expect(200).json();
        assert_eq!((file["mimeType"].as_str(), file["size"].as_str()), (Some(expected), Some("4")), "{source}");
    }
}

#[tokio::test]
async fn a_file_may_be_empty_and_its_bytes_may_come_as_text() {
    let server = Server::start().await;
    let ann = server.liferay(&server.world.ann);
    for (name, member, value, size) in [
        ("null", "bytes", Value::Null, "0"),
        ("empty", "bytes", json!("[]"), "0"),
        ("quoted", "bytes", json!("[72, -1, 255]"), "3"),
        ("text", "file", json!("Grüße"), "7"),
    ] {
        let mut parameters = json!({
            "repositoryId": server.group(), "folderId": 0, "sourceFileName": "", "mimeType": "", "title": name,
            "description": "", "changeLog": "",
        });
        parameters[member] = value;
        let file = ann.call("/dlapp/add-file-entry", parameters).await.expect(200).json();
        assert_eq!(file["size"], size, "{name}");
    }
}

#[tokio::test]
async fn the_first_versions_change_log_is_the_one_that_was_given() {
    let server = Server::start().await;
    let ann = server.liferay(&server.world.ann);
    let bytes = |title: &str, log: Value| {
        json!({
            "repositoryId": server.group(), "folderId": 0, "sourceFileName": "", "mimeType": "", "title": title,
            "description": "", "changeLog": log, "bytes": [1],
        })
    };
    let longest = "ä".repeat(1024);
    for (made, log) in [
        (ann.add("a.txt", "a.txt", "x").await, "made"),
        (ann.call("/dlapp/add-file-entry", bytes("b.txt", json!("by bytes"))).await, "by bytes"),
        (ann.call("/dlapp/add-file-entry", bytes("c.txt", Value::Null)).await, ""),
        (ann.call("/dlapp/add-file-entry", bytes("d.txt", json!(longest))).await, longest.as_str()),
    ] {
        let made = made.expect(200).json();
        let versions = json!({"fileEntryId": made["fileEntryId"], "status": -1});
        let versions = ann.call("/dlfileversion/get-file-versions", versions).await.expect(200).json();
        assert_eq!(versions.as_array().unwrap().len(), 1);
        assert_eq!((&versions[0]["version"], &versions[0]["changeLog"]), (&json!("1.0"), &json!(log)));
    }
    let refused = ann.call("/dlapp/add-file-entry", bytes("e.txt", json!(format!("{longest}x")))).await;
    assert_eq!(refused.expect(500).json()["throwable"], "java.lang.IllegalArgumentException");
}

#[tokio::test]
async fn a_taken_title_and_a_taken_name_are_refused() {
    let server = Server::start().await;
    let ann = server.liferay(&server.world.ann);
    assert_snapshot!(ann.add("plan.txt", "plan.txt", "x").await, @r#"
    500 Internal Server Error
    {"error":{"message":"A file entry already exists with title plan.txt","type":"com.liferay.document.library.kernel.exception.DuplicateFileEntryException"},"exception":"A file entry already exists with title plan.txt","throwable":"com.liferay.document.library.kernel.exception.DuplicateFileEntryException: A file entry already exists with title plan.txt"}
    "#);
    // another title, the same name: case does not count there
    let refused = ann.add("PLAN.txt", "", "x").await.expect(500).json();
    assert_eq!(refused["exception"], "A file entry already exists with file name PLAN.txt");
    ann.add("Plan", "a.txt", "x").await.expect(500);
    ann.add("Other", "a.txt", "x").await.expect(200);
    let refused = ann.add("Other", "b.doc", "x").await.expect(500).json();
    assert_eq!(refused["exception"], "A file entry already exists with title Other");
}

#[tokio::test]
async fn a_free_file_gets_a_version_with_each_update() {
    let server = Server::start().await;
    let ann = server.liferay(&server.world.ann);
    assert_eq!(ann.update("second", "MINOR").await.expect(200).json()["version"], "1.1");
    assert_eq!(ann.update("third", "MAJOR").await.expect(200).json()["version"], "2.0");
    assert_eq!(ann.update("replaced", "NONE").await.expect(200).json()["version"], "2.0");
    assert_eq!(ann.download("").await.text(), "replaced");
    let form = ann.revision("fourth").text("majorVersion", "false");
    let file = ann.parts("/dlapp/update-file-entry-and-check-in", form).await.expect(200).json();
    assert_eq!((&file["version"], &file["size"]), (&json!("2.1"), &json!("6")));
    assert_eq!(ann.labels().await, ["2.1", "2.0", "1.1", "1.0"]);
    let versions =
        ann.get(&format!("/dlfileversion/get-file-versions?fileEntryId={}&status=0", server.plan_number())).await;
    assert_eq!(versions.json()[0]["changeLog"], "changed");
}

#[tokio::test]
async fn an_update_takes_a_file_or_bytes_and_an_increase_or_a_flag() {
    let server = Server::start().await;
    let ann = server.liferay(&server.world.ann);
    for (how, version, text) in [
        (json!({"dlVersionNumberIncrease": "MINOR", "bytes": [97]}), "1.1", "a"),
        (json!({"majorVersion": true, "bytes": "[98, 98]"}), "2.0", "bb"),
        (json!({"dlVersionNumberIncrease": "MAJOR", "file": "ccc"}), "3.0", "ccc"),
        (json!({"majorVersion": false, "file": "dddd"}), "3.1", "dddd"),
    ] {
        let mut parameters = json!({
            "fileEntryId": server.plan_number(), "sourceFileName": "plan.txt", "mimeType": "", "title": "plan.txt",
            "description": "", "changeLog": "",
        });
        parameters.as_object_mut().unwrap().extend(how.as_object().unwrap().clone());
        let file = ann.call("/dlapp/update-file-entry", parameters).await.expect(200).json();
        assert_eq!((&file["version"], &file["size"]), (&json!(version), &json!(text.len().to_string())), "{how}");
        assert_eq!(ann.download("").await.text(), text, "{how}");
    }
    let form = ann.revision("in a part").text("majorVersion", "true");
    assert_eq!(ann.parts("/dlapp/update-file-entry", form).await.expect(200).json()["version"], "4.0");
    assert_eq!(ann.download("").await.text(), "in a part");
}

#[tokio::test]
async fn an_update_without_bytes_keeps_them_and_an_empty_title_keeps_the_title() {
    let server = Server::start().await;
    let ann = server.liferay(&server.world.ann);
    let id = server.plan_number().to_string();
    let fields = [
        ("fileEntryId", id.as_str()),
        ("sourceFileName", ""),
        ("mimeType", ""),
        ("title", ""),
        ("description", "described"),
        ("changeLog", ""),
        ("majorVersion", "false"),
        ("-bytes", ""),
    ];
    let file = ann.post("/dlapp/update-file-entry", &fields).await.expect(200).json();
    let members = ["title", "version", "size", "mimeType", "description"].map(|member| file[member].clone());
    assert_eq!(members, ["plan.txt", "1.1", "5", "text/plain", "described"]);
    assert_eq!(ann.download("").await.text(), "first");
}

#[tokio::test]
async fn a_new_title_takes_the_name_along_at_check_in_only() {
    let server = Server::start().await;
    let ann = server.liferay(&server.world.ann);
    ann.add("taken.txt", "", "x").await.expect(200);
    ann.check_out().await.expect(200);
    let retitle = |title: &str| {
        json!({
            "fileEntryId": server.plan_number(), "sourceFileName": "", "mimeType": "", "title": title, "description": "",
            "changeLog": "", "majorVersion": false, "bytes": null,
        })
    };
    let refused = ann.call("/dlapp/update-file-entry", retitle("taken.txt")).await.expect(500).json();
    assert_eq!(refused["exception"], "A file entry already exists with title taken.txt");
    let file = ann.call("/dlapp/update-file-entry", retitle("Better")).await.expect(200).json();
    assert_eq!(file["title"], "plan.txt");
    ann.check_in("MINOR", "").await.expect(200);
    let file = ann.get(&format!("/dlapp/get-file-entry?fileEntryId={}", server.plan_number())).await.json();
    assert_eq!((&file["title"], &file["fileName"]), (&json!("Better"), &json!("Better.txt")));
}

#[tokio::test]
async fn update_and_check_in_ends_ones_own_check_out() {
    let server = Server::start().await;
    let ann = server.liferay(&server.world.ann);
    ann.check_out().await.expect(200);
    let form = ann.revision("checked in").text("dlVersionNumberIncrease", "MAJOR");
    let file = ann.parts("/dlapp/update-file-entry-and-check-in", form).await.expect(200).json();
    assert_eq!(file["version"], "2.0");
    assert_eq!(ann.labels().await, ["2.0", "1.0"]);
}

#[tokio::test]
async fn a_file_goes_back_to_an_older_version() {
    let server = Server::start().await;
    let ann = server.liferay(&server.world.ann);
    ann.update("second", "MINOR").await.expect(200);
    let id = server.plan_number();
    let revert = |version: &str| json!({"fileEntryId": id, "version": version});
    assert_eq!(ann.call("/dlapp/revert-file-entry", revert("1.0")).await.expect(200).text(), "{}");
    assert_eq!(ann.labels().await, ["2.0", "1.1", "1.0"]);
    assert_eq!(ann.download("").await.text(), "first");
    let refused = ann.call("/dlapp/revert-file-entry", revert("2.0")).await.expect(500).json();
    assert_eq!(refused["exception"], "Unable to revert from the latest file version");
    for unknown in ["9.9", "nonsense", "01.0"] {
        ann.call("/dlapp/revert-file-entry", revert(unknown)).await.expect(404);
    }
    ann.call("/dlapp/revert-file-entry", revert("PWC")).await.expect(500);
}

#[tokio::test]
async fn folders_are_made_listed_renamed_moved_and_deleted() {
    let server = Server::start().await;
    let ann = server.liferay(&server.world.ann);
    let group = server.group();
    let folder = |parent: Value, name: &str| json!({"repositoryId": group, "parentFolderId": parent, "name": name, "description": "d"});
    let answer = ann.call("/dlapp/add-folder", folder(json!(0), "Contracts")).await;
    let made = answer.json();
    let id = made["folderId"].as_str().unwrap();
    let text = told(&server, &answer).replace(id, "<folder>").replace(made["uuid"].as_str().unwrap(), "<uuid>");
    assert_snapshot!(text, @r#"200 {"companyId":"20097","createDate":1772600767000,"ctCollectionId":"0","defaultFileEntryTypeId":"0","description":"d","folderId":"<folder>","groupId":"<group>","hidden":false,"lastPostDate":null,"lastPublishDate":null,"modifiedDate":1772600767000,"mountPoint":false,"mvccVersion":"0","name":"Contracts","parentFolderId":"0","repositoryId":"<group>","restrictionType":0,"status":0,"statusByUserId":"0","statusByUserName":"","statusDate":null,"treePath":"/<folder>/","userId":"<ann>","userName":"Ann Example","uuid":"<uuid>"}"#);
    let refused = ann.call("/dlapp/add-folder", folder(json!(0), "Contracts")).await.expect(500).json();
    assert_eq!(
        refused["throwable"],
        "com.liferay.document.library.kernel.exception.DuplicateFolderNameException: A folder already exists with name Contracts"
    );
    let inner = ann.call("/dlapp/add-folder", folder(json!(id), "Old")).await.expect(200).json();
    let inner_id = inner["folderId"].as_str().unwrap();
    assert_eq!((&inner["parentFolderId"], &inner["treePath"]), (&json!(id), &json!(format!("/{id}/{inner_id}/"))));

    let all = json!({"repositoryId": group, "folderId": 0, "status": -1, "includeMountFolders": false, "start": -1, "end": -1});
    let all = ann.call("/dlapp/get-folders-and-file-entries-and-file-shortcuts", all).await.expect(200).json();
    assert_eq!((&all[0]["name"], &all[1]["title"]), (&json!("Contracts"), &json!("plan.txt")));
    for (method, parameters, count) in [
        ("get-file-entries", json!({"folderId": 0}), 1),
        ("get-file-entries", json!({"folderId": 0, "mimeTypes": ["text/plain"]}), 1),
        ("get-file-entries", json!({"folderId": 0, "mimeTypes": "image/png,application/pdf"}), 0),
        ("get-file-entries", json!({"folderId": 0, "start": 0, "end": 1}), 1),
        ("get-file-entries", json!({"folderId": 0, "start": 1, "end": 2}), 0),
        ("get-file-entries", json!({"folderId": 0, "start": 5, "end": 2}), 0),
        ("get-folders", json!({"parentFolderId": 0}), 1),
        ("get-folders", json!({"parentFolderId": inner_id}), 0),
    ] {
        let mut parameters = parameters;
        parameters["repositoryId"] = group.into();
        let listed = ann.call(&format!("/dlapp/{method}"), parameters.clone()).await.expect(200).json();
        assert_eq!(listed.as_array().unwrap().len(), count, "{method} {parameters}");
    }
    let count = ann.get(&format!("/dlapp/get-folders-count/repository-id/{group}/parent-folder-id/0")).await;
    assert_eq!(count.text(), "1");

    let moved = json!({"fileEntryId": server.plan_number(), "newFolderId": inner_id});
    let moved = ann.call("/dlapp/move-file-entry", moved).await.expect(200).json();
    assert_eq!((&moved["folderId"], &moved["treePath"]), (&json!(inner_id), &json!(format!("/{id}/{inner_id}/"))));
    let renamed = json!({"folderId": inner_id, "name": "New", "description": ""});
    assert_eq!(ann.call("/dlapp/update-folder", renamed).await.expect(200).json()["name"], "New");
    let up = json!({"folderId": inner_id, "parentFolderId": 0, "serviceContext": {"scopeGroupId": 1}});
    assert_eq!(ann.call("/dlapp/move-folder", up).await.expect(200).json()["parentFolderId"], "0");
    let into_itself = json!({"folderId": inner_id, "parentFolderId": inner_id});
    ann.call("/dlapp/move-folder", into_itself).await.expect(500);
    let home =
        json!({"fileEntryId": server.plan_number(), "newFolderId": 0, "serviceContext": {"scopeGroupId": group}});
    assert_eq!(ann.call("/dlapp/move-file-entry", home).await.expect(200).json()["folderId"], "0");

    let named = json!({"repositoryId": group, "parentFolderId": 0, "name": "New"});
    assert_eq!(ann.call("/dlapp/get-folder", named.clone()).await.expect(200).json()["folderId"], inner_id);
    assert_eq!(ann.call("/dlapp/delete-folder", named).await.expect(200).text(), "{}");
    ann.call("/dlapp/delete-folder", json!({"folderId": id})).await.expect(200);
    ann.call("/dlapp/get-folder", json!({"folderId": id})).await.expect(404);
}

#[tokio::test]
async fn a_deleted_file_is_gone_with_its_lock_and_its_title_is_free() {
    let server = Server::start().await;
    let ann = server.liferay(&server.world.ann);
    ann.check_out().await.expect(200);
    let named = json!({"repositoryId": server.group(), "folderId": 0, "title": "plan.txt"});
    assert_eq!(ann.call("/dlapp/delete-file-entry-by-title", named).await.expect(200).text(), "{}");
    ann.cancel().await.expect(404);
    let again = ann.add("plan.txt", "", "again").await.expect(200).json();
    assert_eq!(again["version"], "1.0");
    ann.call("/dlfileentry/delete-file-entry", json!({"fileEntryId": again["fileEntryId"]})).await.expect(200);
}

#[tokio::test]
async fn the_other_service_finds_moves_reverts_and_deletes() {
    let server = Server::start().await;
    let ann = server.liferay(&server.world.ann);
    let (id, group) = (server.plan_number(), server.group());
    let known = ann.call("/dlapp/get-file-entry", json!({"fileEntryId": id})).await.expect(200).json();
    for (method, parameters) in [
        ("get-file-entry", json!({"fileEntryId": id})),
        ("get-file-entry", json!({"groupId": group, "folderId": 0, "title": "plan.txt"})),
        ("get-file-entry-by-uuid-and-group-id", json!({"uuid": known["uuid"], "groupId": group})),
    ] {
        let found = ann.call(&format!("/dlfileentry/{method}"), parameters.clone()).await.expect(200).json();
        assert_eq!(found, known, "{parameters}");
    }
    let latest = format!("/dlfileversion/get-latest-file-version?fileEntryId={id}");
    let latest = ann.get(&latest).await.expect(200).json();
    let same = json!({"fileVersionId": latest["fileVersionId"]});
    assert_eq!(ann.call("/dlfileversion/get-file-version", same).await.expect(200).json(), latest);

    let folder = json!({"repositoryId": group, "parentFolderId": 0, "name": "Old", "description": ""});
    let folder = ann.call("/dlapp/add-folder", folder).await.expect(200).json()["folderId"].clone();
    let moved = json!({"fileEntryId": id, "newFolderId": folder});
    assert_eq!(ann.call("/dlfileentry/move-file-entry", moved).await.expect(200).json()["folderId"], folder);
    ann.update("second", "MINOR").await.expect(200);
    let back = json!({"fileEntryId": id, "version": "1.0"});
    assert_eq!(ann.call("/dlfileentry/revert-file-entry", back).await.expect(200).text(), "{}");
    assert_eq!(ann.labels().await, ["2.0", "1.1", "1.0"]);
    assert_eq!(ann.download("").await.text(), "first");
    let latest = format!("/dlfileversion/get-latest-file-version?fileEntryId={id}");
    assert_eq!(ann.get(&latest).await.expect(200).json()["changeLog"], "Reverted to 1.0");

    let named = json!({"groupId": group, "folderId": folder, "title": "plan.txt"});
    assert_eq!(ann.call("/dlfileentry/delete-file-entry", named.clone()).await.expect(200).text(), "{}");
    ann.call("/dlfileentry/delete-file-entry", named).await.expect(404);
    let other = ann.add("other.txt", "other.txt", "x").await.expect(200).json();
    let other = json!({"fileEntryId": other["fileEntryId"]});
    assert_eq!(ann.call("/dlfileentry/delete-file-entry", other.clone()).await.expect(200).text(), "{}");
    ann.call("/dlfileentry/get-file-entry", other).await.expect(404);
}

#[tokio::test]
async fn no_strangers_bytes_are_written() {
    let server = Server::start().await;
    for client in [server.liferay(&server.world.vic), server.liferay(&server.world.eve), server.liferay_guest()] {
        let big = vec![b'x'; 1 << 20];
        let form = Form::new()
            .text("repositoryId", server.group().to_string())
            .text("folderId", "0")
            .text("sourceFileName", "a")
            .text("mimeType", "")
            .text("title", "a")
            .text("description", "")
            .text("changeLog", "")
            .part("file", Part::bytes(big).file_name("a"));
        let status = client.parts("/dlapp/add-file-entry", form).await.status.as_u16();
        assert!(status == 403 || status == 404, "{status}");
    }
    let parameters = json!({"repositoryId": server.group(), "folderId": 0, "sourceFileName": "", "mimeType": "",
        "title": "a", "description": "", "changeLog": ""});
    let form = Form::new()
        .text("cmd", json!({"/dlapp/add-file-entry": parameters}).to_string())
        .part("file", Part::bytes(vec![b'x'; 1 << 20]).file_name("a"));
    server.liferay(&server.world.vic).parts("/invoke", form).await.expect(403);
    assert_eq!(blobs(&server), 0);
}

#[tokio::test]
async fn bytes_may_come_before_the_fields_and_with_an_invoke() {
    let server = Server::start().await;
    let ann = server.liferay(&server.world.ann);
    let first = Form::new()
        .part("file", Part::bytes(&b"before"[..]).file_name("before.txt"))
        .text("repositoryId", server.group().to_string())
        .text("folderId", "0")
        .text("sourceFileName", "")
        .text("mimeType", "")
        .text("title", "")
        .text("description", "")
        .text("changeLog", "");
    let file = ann.parts("/dlapp/add-file-entry", first).await.expect(200).json();
    assert_eq!((&file["title"], &file["size"]), (&json!("before.txt"), &json!("6")));

    let parameters = json!({"repositoryId": server.group(), "folderId": 0, "sourceFileName": "", "mimeType": "",
        "title": "invoked.txt", "description": "", "changeLog": ""});
    let form = Form::new()
        .text("cmd", json!({"/dlapp/add-file-entry": parameters}).to_string())
        .part("file", Part::bytes(&b"invoked"[..]).file_name("x"));
    let file = ann.parts("/invoke", form).await.expect(200).json();
    assert_eq!((&file["title"], &file["size"]), (&json!("invoked.txt"), &json!("7")));
}

#[tokio::test]
async fn a_file_too_large_is_refused_and_leaves_nothing() {
    let server = Server::start_with(&[("content.max_file_bytes", "20000")]).await;
    let ann = server.liferay(&server.world.ann);
    let big = Part::bytes(vec![b'x'; 30_000]).file_name("plan.txt");
    let form = Form::new()
        .text("fileEntryId", server.plan_number().to_string())
        .text("sourceFileName", "plan.txt")
        .text("mimeType", "")
        .text("title", "")
        .text("description", "")
        .text("changeLog", "")
        .text("majorVersion", "true")
        .part("file", big);
    let refused = ann.parts("/dlapp/update-file-entry", form).await.expect(500).json();
    assert_eq!(refused["throwable"], "com.liferay.document.library.kernel.exception.FileSizeException");
    assert_eq!(ann.labels().await, ["1.0"]);
    let file = world::now(&server.vault, &server.world, &server.world.file).await;
    assert_eq!(file.file.unwrap().edition.size(), 5);
}

/// Files in the content store, beside what it keeps for itself.
fn blobs(server: &Server) -> usize {
    fn count(folder: &std::path::Path) -> usize {
        let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
        entries
            .map(
                |path| {
                    if path.is_dir() {
                        count(&path)
                    } else {
                        usize::from(std::fs::metadata(&path).unwrap().len() > 1000)
                    }
                },
            )
            .sum()
    }
    count(server.content.path())
}
