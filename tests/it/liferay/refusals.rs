//! Every other refusal, in the vendor's words.

use std::fmt::Write as _;

use insta::assert_snapshot;
use reqwest::multipart::{Form, Part};
use serde_json::{Value, json};

use crate::support::{liferay::told, server::Server};

const FILE_NAME: &str = "com.liferay.document.library.kernel.exception.FileNameException";

/// The whole error object of an exception that wraps nothing.
fn error_object(class: &str, message: &str) -> Value {
    json!({
        "error": {"message": message, "type": class},
        "exception": message,
        "throwable": format!("{class}: {message}"),
    })
}

#[tokio::test]
async fn what_is_missing_is_named_as_the_client_named_it() {
    let server = Server::start().await;
    let ann = server.liferay(&server.world.ann);
    let group = server.group();
    let mut page = String::new();
    for (method, parameters) in [
        ("/dlapp/get-file-entry", json!({"fileEntryId": 1})),
        ("/dlapp/get-file-entry", json!({"groupId": group, "folderId": 0, "title": "nope"})),
        ("/dlapp/get-file-entry", json!({"groupId": 1, "folderId": 0, "title": "nope"})),
        ("/dlapp/get-file-entry-by-uuid-and-group-id", json!({"uuid": "nope", "groupId": group})),
        ("/dlapp/get-folder", json!({"folderId": 0})),
        ("/dlapp/get-folder", json!({"folderId": server.world.library.root_number})),
        ("/dlapp/get-folder", json!({"repositoryId": group, "parentFolderId": 0, "name": "nope"})),
        ("/dlapp/get-file-version", json!({"fileVersionId": 1})),
        ("/dlapp/revert-file-entry", json!({"fileEntryId": server.plan_number(), "version": "9.9"})),
        ("/dlapp/get-file-entries", json!({"repositoryId": 1, "folderId": 0})),
        ("/dlapp/get-file-entries", json!({"repositoryId": group, "folderId": server.plan_number()})),
        ("/dlapp/move-file-entry", json!({"fileEntryId": server.plan_number(), "newFolderId": 1})),
        ("/group/get-group", json!({"companyId": 20097, "groupKey": "nope"})),
        ("/user/get-user-by-id", json!({"userId": 1})),
    ] {
        let answer = ann.call(method, parameters).await.expect(404).json();
        let (kind, text) = (answer["error"]["type"].as_str().unwrap(), answer["exception"].as_str().unwrap());
        let root = server.world.library.root_number.to_string();
        let text = text
            .replace(&group.to_string(), "<group>")
            .replace(&server.plan_number().to_string(), "<file>")
            .replace(&root, "<root>");
        writeln!(page, "{method}: {} {text}", kind.rsplit('.').next().unwrap()).unwrap();
    }
    assert_snapshot!(page, @r"
    /dlapp/get-file-entry: NoSuchFileEntryException No FileEntry exists with the key {fileEntryId=1}
    /dlapp/get-file-entry: NoSuchFileEntryException No DLFileEntry exists with the key {groupId=<group>, folderId=0, title=nope}
    /dlapp/get-file-entry: NoSuchGroupException No Group exists with the key {repositoryId=1}
    /dlapp/get-file-entry-by-uuid-and-group-id: NoSuchFileEntryException No DLFileEntry exists with the key {uuid=nope, groupId=<group>}
    /dlapp/get-folder: NoSuchFolderException No Folder exists with the key {folderId=0}
    /dlapp/get-folder: NoSuchFolderException No Folder exists with the key {folderId=<root>}
    /dlapp/get-folder: NoSuchFolderException No DLFolder exists with the key {groupId=<group>, parentFolderId=0, name=nope}
    /dlapp/get-file-version: NoSuchFileVersionException No FileVersion exists with the key {fileVersionId=1}
    /dlapp/revert-file-entry: NoSuchFileVersionException No DLFileVersion exists with the key {fileEntryId=<file>, version=9.9}
    /dlapp/get-file-entries: NoSuchGroupException No Group exists with the key {repositoryId=1}
    /dlapp/get-file-entries: NoSuchFolderException No Folder exists with the key {folderId=<file>}
    /dlapp/move-file-entry: NoSuchFolderException No Folder exists with the key {folderId=1}
    /group/get-group: NoSuchGroupException No Group exists with the key {companyId=20097, groupKey=nope}
    /user/get-user-by-id: NoSuchUserException No User exists with the key {userId=1}
    ");
}

#[tokio::test]
async fn nobody_of_an_address_and_no_lock_of_a_uuid_are_told_whole() {
    let server = Server::start().await;
    let (ann, eve) = (server.liferay(&server.world.ann), server.liferay(&server.world.eve));
    for (company, address) in [(20097, "x@example.com"), (1, "ann@example.com")] {
        let asked = json!({"companyId": company, "emailAddress": address});
        let refused = ann.call("/user/get-user-by-email-address", asked).await.expect(404).json();
        let class = "com.liferay.portal.kernel.exception.NoSuchUserException";
        let message = format!("No User exists with the key {{companyId={company}, emailAddress={address}}}");
        assert_eq!(refused, error_object(class, &message));
    }
    ann.check_out().await.expect(200);
    let lock = json!({"fileEntryId": server.plan_number()});
    let lock = ann.call("/dlfileentry/get-file-entry-lock", lock).await.expect(200).json();
    let uuid = lock["uuid"].as_str().unwrap();
    for (client, uuid, company) in [
        (&ann, "00000000-0000-0000-0000-000000000001", 20097),
        (&ann, "nonsense", 20097),
        (&ann, "", 20097),
        (&ann, uuid, 1),
        // a lock on what she does not see
        (&eve, uuid, 20097),
    ] {
        for service in ["dlapp", "dlfileentry"] {
            let asked = json!({"lockUuid": uuid, "companyId": company, "expirationTime": 1000});
            let refused = client.call(&format!("/{service}/refresh-file-entry-lock"), asked).await.expect(404).json();
            let class = "com.liferay.portal.kernel.lock.NoSuchLockException";
            assert_eq!(refused, error_object(class, &format!("{{uuid={uuid}, companyId={company}}}")), "{service}");
        }
    }
}

#[tokio::test]
async fn a_hidden_file_is_missing_byte_for_byte() {
    let server = Server::start().await;
    let eve = server.liferay(&server.world.eve);
    let id = server.plan_number();
    for (method, extra) in [
        ("cancel-check-out", json!({})),
        ("check-out-file-entry", json!({})),
        ("get-file-entry", json!({})),
        ("delete-file-entry", json!({})),
        ("check-in-file-entry", json!({"lockUuid": ""})),
        ("move-file-entry", json!({"newFolderId": 0})),
        ("verify-file-entry-lock", json!({"repositoryId": 0, "lockUuid": ""})),
    ] {
        let ask = async |id: i64| {
            let mut parameters = extra.clone();
            parameters["fileEntryId"] = id.into();
            eve.call(&format!("/dlapp/{method}"), parameters).await.expect(404).text().replace(&id.to_string(), "<id>")
        };
        assert_eq!(ask(id).await, ask(1).await, "{method}");
    }
}

#[tokio::test]
async fn a_missing_permission_is_named() {
    let server = Server::start().await;
    let (group, id) = (server.group(), server.plan_number());
    let mut page = String::new();
    // a viewer, and a contributor with a read-only license
    for somebody in [&server.world.vic, &server.world.carl] {
        let client = server.liferay(somebody);
        for (method, parameters) in [
            ("check-out-file-entry", json!({"fileEntryId": id})),
            ("delete-file-entry", json!({"fileEntryId": id})),
            ("move-file-entry", json!({"fileEntryId": id, "newFolderId": 0})),
            ("revert-file-entry", json!({"fileEntryId": id, "version": "1.0"})),
            ("add-folder", json!({"repositoryId": group, "parentFolderId": 0, "name": "a", "description": ""})),
            (
                "add-file-entry",
                json!({"repositoryId": group, "folderId": 0, "sourceFileName": "a", "mimeType": "", "title": "a", "description": "", "changeLog": "", "bytes": []}),
            ),
            (
                "update-file-entry",
                json!({"fileEntryId": id, "sourceFileName": "a", "mimeType": "", "title": "a", "description": "", "changeLog": "", "bytes": [], "majorVersion": true}),
            ),
        ] {
            let answer = client.call(&format!("/dlapp/{method}"), parameters).await;
            let text = answer.json()["exception"].as_str().unwrap().to_owned();
            let text = text
                .replace(&id.to_string(), "<file>")
                .replace(&somebody.person.number.to_string(), &somebody.person.login);
            writeln!(page, "{method}: {} {text}", answer.status.as_u16()).unwrap();
        }
    }
    assert_snapshot!(page, @r"
    check-out-file-entry: 403 User vic must have UPDATE permission for com.liferay.document.library.kernel.model.DLFileEntry <file>
    delete-file-entry: 403 User vic must have DELETE permission for com.liferay.document.library.kernel.model.DLFileEntry <file>
    move-file-entry: 403 User vic must have DELETE permission for com.liferay.document.library.kernel.model.DLFileEntry <file>
    revert-file-entry: 403 User vic must have UPDATE permission for com.liferay.document.library.kernel.model.DLFileEntry <file>
    add-folder: 403 User vic must have ADD_SUBFOLDER permission for com.liferay.document.library.kernel.model.DLFolder 0
    add-file-entry: 403 User vic must have ADD_DOCUMENT permission for com.liferay.document.library.kernel.model.DLFolder 0
    update-file-entry: 403 User vic must have UPDATE permission for com.liferay.document.library.kernel.model.DLFileEntry <file>
    check-out-file-entry: 403 User carl must have UPDATE permission for com.liferay.document.library.kernel.model.DLFileEntry <file>
    delete-file-entry: 403 User carl must have DELETE permission for com.liferay.document.library.kernel.model.DLFileEntry <file>
    move-file-entry: 403 User carl must have DELETE permission for com.liferay.document.library.kernel.model.DLFileEntry <file>
    revert-file-entry: 403 User carl must have UPDATE permission for com.liferay.document.library.kernel.model.DLFileEntry <file>
    add-folder: 403 User carl must have ADD_SUBFOLDER permission for com.liferay.document.library.kernel.model.DLFolder 0
    add-file-entry: 403 User carl must have ADD_DOCUMENT permission for com.liferay.document.library.kernel.model.DLFolder 0
    update-file-entry: 403 User carl must have UPDATE permission for com.liferay.document.library.kernel.model.DLFileEntry <file>
    ");
}

#[tokio::test]
async fn a_missing_permission_on_a_folder_is_named() {
    let server = Server::start().await;
    let ann = server.liferay(&server.world.ann);
    let folder = json!({"repositoryId": server.group(), "parentFolderId": 0, "name": "Contracts", "description": ""});
    let folder = ann.call("/dlapp/add-folder", folder).await.expect(200).json();
    let id = folder["folderId"].as_str().unwrap();
    let named = |site: &str| json!({site: server.group(), "parentFolderId": 0, "name": "Contracts"});
    // a viewer, and a contributor with a read-only license
    for somebody in [&server.world.vic, &server.world.carl] {
        for (method, parameters, permission) in [
            ("dlapp/update-folder", json!({"folderId": id, "name": "Mine", "description": ""}), "UPDATE"),
            ("dlapp/update-folder", json!({"folderId": id, "name": "Contracts", "description": "mine"}), "UPDATE"),
            ("dlapp/move-folder", json!({"folderId": id, "parentFolderId": 0}), "DELETE"),
            ("dlfolder/move-folder", json!({"folderId": id, "parentFolderId": 0}), "DELETE"),
            ("dlapp/delete-folder", json!({"folderId": id}), "DELETE"),
            ("dlfolder/delete-folder", json!({"folderId": id}), "DELETE"),
            ("dlapp/delete-folder", named("repositoryId"), "DELETE"),
            ("dlfolder/delete-folder", named("groupId"), "DELETE"),
        ] {
            let refused = server.liferay(somebody).call(&format!("/{method}"), parameters).await.expect(403).json();
            let class = "com.liferay.portal.kernel.security.auth.PrincipalException$MustHavePermission";
            let model = "com.liferay.document.library.kernel.model.DLFolder";
            let user = somebody.person.number;
            let message = format!("User {user} must have {permission} permission for {model} {id}");
            assert_eq!(refused, error_object(class, &message), "{method}");
        }
    }
    assert_eq!(ann.call("/dlapp/get-folder", json!({"folderId": id})).await.expect(200).json(), folder);
}

#[tokio::test]
async fn a_file_name_has_255_characters_at_most() {
    let server = Server::start().await;
    let ann = server.liferay(&server.world.ann);
    let longest = format!("{}.txt", "ä".repeat(251));
    let file = ann.add(&longest, "", "x").await.expect(200).json();
    assert_eq!((&file["title"], &file["fileName"]), (&json!(longest), &json!(longest)));
    let long = format!("{}.txt", "ä".repeat(252));
    let update = |source: &str, title: &str| {
        json!({
            "fileEntryId": server.plan_number(), "sourceFileName": source, "mimeType": "", "title": title,
            "description": "", "changeLog": "", "majorVersion": false, "bytes": [1],
        })
    };
    for held in [false, true] {
        if held {
            ann.check_out().await.expect(200);
        }
        for refused in [
            ann.add(&long, "", "x").await,
            ann.add("", &long, "x").await,
            ann.add(&long, "a.txt", "x").await,
            ann.call("/dlapp/update-file-entry", update("", &long)).await,
            ann.call("/dlapp/update-file-entry", update(&long, "")).await,
        ] {
            assert_eq!(refused.expect(500).json(), error_object(FILE_NAME, &long));
        }
    }
    // the extension counts
    let refused = ann.add(&"x".repeat(252), "a.txt", "x").await.expect(500).json();
    assert_eq!(refused["error"]["type"], FILE_NAME);
    assert_eq!(ann.labels().await, ["PWC", "1.0"]);
    let count = format!("/dlapp/get-file-entries-count?repositoryId={}&folderId=0", server.group());
    assert_eq!(ann.get(&count).await.expect(200).text(), "2");
}

#[tokio::test]
async fn a_file_without_any_name_is_refused() {
    let server = Server::start().await;
    let ann = server.liferay(&server.world.ann);
    let form = Form::new()
        .text("repositoryId", server.group().to_string())
        .text("folderId", "0")
        .text("sourceFileName", "")
        .text("mimeType", "text/plain")
        .text("title", "")
        .text("description", "")
        .text("changeLog", "")
        .part("file", Part::bytes(&b"nameless"[..]).file_name(""));
    let mut answers = vec![ann.parts("/dlapp/add-file-entry", form).await];
    for (member, value) in [("bytes", json!([1])), ("bytes", Value::Null), ("file", json!("nameless"))] {
        let mut parameters = json!({
            "repositoryId": server.group(), "folderId": 0, "sourceFileName": "", "mimeType": "text/plain", "title": null,
            "description": "", "changeLog": "",
        });
        parameters[member] = value;
        answers.push(ann.call("/dlapp/add-file-entry", parameters).await);
    }
    // the name, which would be the text, is empty: the class stands for it
    let nameless = json!({
        "error": {"message": FILE_NAME, "type": FILE_NAME}, "exception": FILE_NAME, "throwable": FILE_NAME,
    });
    for answer in answers {
        assert_eq!(answer.expect(500).json(), nameless);
    }
    let count = format!("/dlapp/get-file-entries-count?repositoryId={}&folderId=0", server.group());
    assert_eq!(ann.get(&count).await.expect(200).text(), "1");
}

#[tokio::test]
async fn guests_are_refused_before_anything_is_parsed() {
    let server = Server::start().await;
    let guest = server.liferay_guest();
    assert_snapshot!(told(&server, &guest.get("/dlapp/cancel-check-out/file-entry-id/abc").await), @r#"403 {"error":{"message":"Access denied to com.liferay.document.library.kernel.service.DLAppService#cancelCheckOut","type":"java.lang.SecurityException"},"exception":"Access denied to com.liferay.document.library.kernel.service.DLAppService#cancelCheckOut","throwable":"java.lang.SecurityException: Access denied to com.liferay.document.library.kernel.service.DLAppService#cancelCheckOut"}"#);
    // nothing of the parameters is looked at, wherever they stand
    for path in ["/dlapp/cancel-check-out/file-entry-id", "/dlapp/cancel-check-out?%2Bx=java.lang.Runtime"] {
        let refused = guest.get(path).await.expect(403).json();
        assert_eq!(refused["error"]["type"], "java.lang.SecurityException", "{path}");
    }
    guest.download("").await.expect(403);
}

#[tokio::test]
async fn bad_values_are_the_clients_exceptions() {
    let server = Server::start().await;
    let ann = server.liferay(&server.world.ann);
    let id = server.plan_number();
    let mut page = String::new();
    for (method, parameters) in [
        ("get-file-entry", json!({"fileEntryId": "abc"})),
        ("get-file-entry", json!({"fileEntryId": 1.5})),
        ("get-file-entry", json!({"fileEntryId": [1]})),
        ("get-file-entry", json!({"fileEntryId": null})),
        ("check-in-file-entry", json!({"fileEntryId": id, "dlVersionNumberIncrease": "minor", "changeLog": ""})),
        ("check-in-file-entry", json!({"fileEntryId": id, "majorVersion": "maybe", "changeLog": ""})),
        ("check-in-file-entry", json!({"fileEntryId": id, "majorVersion": true, "changeLog": "a\0b"})),
        ("cancel-check-out", json!({"fileEntryId": id, "serviceContext": "ignored where there is none"})),
        ("check-out-file-entry", json!({"fileEntryId": id, "serviceContext": "nonsense"})),
        (
            "get-file-entries",
            json!({"repositoryId": server.group(), "folderId": 0, "start": 0, "end": 4_294_967_296_i64}),
        ),
    ] {
        let answer = ann.call(&format!("/dlapp/{method}"), parameters).await;
        let text = answer.json()["throwable"].as_str().unwrap_or("-").to_owned();
        writeln!(page, "{method}: {} {text}", answer.status.as_u16()).unwrap();
    }
    for (title, source) in [("a\\b", ""), ("..", ""), ("../../etc/passwd", ""), ("a:b", ""), ("a\r\nb", "")] {
        let answer = ann.add(title, source, "x").await.expect(500).json();
        writeln!(page, "{:?}", answer["throwable"].as_str().unwrap()).unwrap();
    }
    let bytes = json!({"repositoryId": server.group(), "folderId": 0, "sourceFileName": "a", "mimeType": "", "title": "a", "description": "", "changeLog": "", "bytes": [256]});
    page.push_str(ann.call("/dlapp/add-file-entry", bytes).await.expect(500).json()["throwable"].as_str().unwrap());
    assert_snapshot!(page, @r#"
    get-file-entry: 500 java.lang.ClassCastException: Unable to convert value: abc; <--- java.lang.NumberFormatException: For input string: "abc"
    get-file-entry: 500 java.lang.ClassCastException: Unable to convert value: 1.5; <--- java.lang.NumberFormatException: For input string: "1.5"
    get-file-entry: 500 java.lang.ClassCastException: Unable to convert value: [1]; <--- java.lang.NumberFormatException: For input string: "[1]"
    get-file-entry: 500 java.lang.IllegalArgumentException
    check-in-file-entry: 500 java.lang.IllegalArgumentException: No enum constant com.liferay.document.library.kernel.model.DLVersionNumberIncrease.minor
    check-in-file-entry: 500 java.lang.ClassCastException: Unable to convert value: maybe; <--- java.lang.NumberFormatException: For input string: "maybe"
    check-in-file-entry: 500 java.lang.IllegalArgumentException
    cancel-check-out: 200 -
    check-out-file-entry: 500 java.lang.ClassCastException: Unable to convert value: nonsense; <--- java.lang.NumberFormatException: For input string: "nonsense"
    get-file-entries: 500 java.lang.ClassCastException: Unable to convert value: 4294967296; <--- java.lang.NumberFormatException: For input string: "4294967296"
    "com.liferay.document.library.kernel.exception.FileNameException: a\\b"
    "com.liferay.document.library.kernel.exception.FileNameException: .."
    "com.liferay.document.library.kernel.exception.FileNameException: ../../etc/passwd"
    "com.liferay.document.library.kernel.exception.FileNameException: a:b"
    "com.liferay.document.library.kernel.exception.FileNameException: a\r\nb"
    java.lang.ClassCastException: Unable to convert value: 256; <--- java.lang.NumberFormatException: For input string: "256"
    "#);
}
