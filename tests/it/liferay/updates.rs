//! What an update takes from what it is given and what it leaves, on a free file and in a working copy, and what a
//! check-in makes of it (spec/liferay.md 11.4, 11.5).

use reqwest::multipart::{Form, Part};
use serde_json::{Value, json};

use crate::support::{answer::Answer, liferay::Liferay, server::Server};

/// `updateFileEntry` of the world's file, a minor step, nothing said but this.
async fn update(server: &Server, client: &Liferay<'_>, said: &Value) -> Answer {
    let mut parameters = json!({
        "fileEntryId": server.plan_number(), "sourceFileName": "", "mimeType": "", "title": "", "description": "",
        "changeLog": "", "dlVersionNumberIncrease": "MINOR", "bytes": null,
    });
    parameters.as_object_mut().unwrap().extend(said.as_object().unwrap().clone());
    client.call("/dlapp/update-file-entry", parameters).await
}

/// Some members of the world's file, as it was approved last.
async fn approved<const N: usize>(server: &Server, client: &Liferay<'_>, members: [&str; N]) -> [Value; N] {
    let path = format!("/dlapp/get-file-entry?fileEntryId={}", server.plan_number());
    let file = client.get(&path).await.expect(200).json();
    members.map(|member| file[member].clone())
}

/// The same of its newest version: of the working copy, for its holder.
async fn newest<const N: usize>(server: &Server, client: &Liferay<'_>, members: [&str; N]) -> [Value; N] {
    let path = format!("/dlfileversion/get-latest-file-version?fileEntryId={}", server.plan_number());
    let version = client.get(&path).await.expect(200).json();
    members.map(|member| version[member].clone())
}

#[tokio::test]
async fn a_check_in_makes_the_file_what_its_working_copy_was() {
    let server = Server::start().await;
    let ann = server.liferay(&server.world.ann);
    let members = ["title", "fileName", "extension", "mimeType", "size", "description"];
    for (increase, said, expected, label) in [
        (
            "MINOR",
            json!({"sourceFileName": "report.pdf", "title": "Report", "description": "new", "bytes": [1, 2, 3]}),
            ["Report", "Report.pdf", "pdf", "application/pdf", "3", "new"],
            "1.1",
        ),
        (
            "MAJOR",
            json!({"mimeType": "application/x-mine", "title": "Second", "bytes": [1, 2, 3, 4]}),
            ["Second", "Second.pdf", "pdf", "application/x-mine", "4", ""],
            "2.0",
        ),
        (
            "NONE",
            json!({"sourceFileName": "third.png", "description": "newest", "bytes": [1]}),
            ["third.png", "third.png", "png", "image/png", "1", "newest"],
            "2.0",
        ),
    ] {
        let before = approved(&server, &ann, members).await;
        ann.check_out().await.expect(200);
        update(&server, &ann, &said).await.expect(200);
        assert_eq!(newest(&server, &ann, members).await, expected, "{increase}");
        assert_eq!(approved(&server, &ann, members).await, before, "{increase}");
        ann.check_in(increase, "").await.expect(200);
        assert_eq!(approved(&server, &ann, members).await, expected, "{increase}");
        assert_eq!(newest(&server, &ann, members).await, expected, "{increase}");
        assert_eq!(newest(&server, &ann, ["version"]).await, [label]);
        assert_eq!(newest(&server, &ann, ["status"]).await, [json!(0)]);
    }
}

#[tokio::test]
async fn new_bytes_without_a_name_keep_extension_and_type() {
    for held in [false, true] {
        let server = Server::start().await;
        let ann = server.liferay(&server.world.ann);
        let typed = json!({"sourceFileName": "plan.txt", "mimeType": "application/x-mine", "bytes": [0]});
        update(&server, &ann, &typed).await.expect(200);
        if held {
            ann.check_out().await.expect(200);
        }
        for (said, title, file_name, size) in [
            (json!({"bytes": [1, 2]}), "plan.txt", "plan.txt", "2"),
            (json!({"bytes": [1, 2, 3], "title": "Renamed"}), "Renamed", "Renamed.txt", "3"),
            (json!({"bytes": [1, 2, 3, 4], "title": "Renamed.pdf"}), "Renamed.pdf", "Renamed.pdf.txt", "4"),
        ] {
            update(&server, &ann, &said).await.expect(200);
            let members = ["title", "fileName", "extension", "mimeType", "size"];
            let expected = [title, file_name, "txt", "application/x-mine", size];
            assert_eq!(newest(&server, &ann, members).await, expected, "{held}");
        }
        // the name of a part does not count either
        let form = Form::new()
            .text("fileEntryId", server.plan_number().to_string())
            .text("sourceFileName", "")
            .text("mimeType", "")
            .text("title", "")
            .text("description", "")
            .text("changeLog", "")
            .text("majorVersion", "false")
            .part("file", Part::bytes(&b"in a part"[..]).file_name("other.png"));
        ann.parts("/dlapp/update-file-entry", form).await.expect(200);
        let members = newest(&server, &ann, ["title", "extension", "mimeType", "size"]).await;
        assert_eq!(members, ["Renamed.pdf", "txt", "application/x-mine", "9"], "{held}");
        if held {
            ann.check_in("MINOR", "").await.expect(200);
        }
        let members = approved(&server, &ann, ["title", "extension", "mimeType", "size"]).await;
        assert_eq!(members, ["Renamed.pdf", "txt", "application/x-mine", "9"], "{held}");
    }
}

#[tokio::test]
async fn an_empty_title_is_the_name_of_the_source() {
    for held in [false, true] {
        let server = Server::start().await;
        let ann = server.liferay(&server.world.ann);
        ann.add("taken.txt", "taken.txt", "x").await.expect(200);
        if held {
            ann.check_out().await.expect(200);
        }
        for (said, title, size) in [
            (json!({"sourceFileName": "other.pdf", "bytes": [1, 2]}), "other.pdf", "2"),
            (json!({"sourceFileName": "other.pdf", "title": "Named", "bytes": [1]}), "Named", "1"),
            // the old bytes under a new name
            (json!({"sourceFileName": "third.pdf"}), "third.pdf", "1"),
            // neither
            (json!({}), "third.pdf", "1"),
        ] {
            update(&server, &ann, &said).await.expect(200);
            let members = newest(&server, &ann, ["title", "extension", "size"]).await;
            assert_eq!(members, [title, "pdf", size], "{held}");
        }
        let taken = json!({"sourceFileName": "taken.txt", "bytes": [1, 2, 3]});
        let refused = update(&server, &ann, &taken).await.expect(500).json();
        let class = "com.liferay.document.library.kernel.exception.DuplicateFileEntryException";
        assert_eq!(refused["throwable"], format!("{class}: A file entry already exists with title taken.txt"));
        assert_eq!(newest(&server, &ann, ["title", "size"]).await, ["third.pdf", "1"], "{held}");
    }
}

#[tokio::test]
async fn a_type_that_is_not_said_is_guessed_from_the_new_name() {
    for held in [false, true] {
        let server = Server::start().await;
        let ann = server.liferay(&server.world.ann);
        if held {
            ann.check_out().await.expect(200);
        }
        for (source, said, expected) in [
            ("plan.txt", "application/x-mine", "application/x-mine"),
            ("plan.txt", "", "text/plain"),
            ("plan.pdf", "", "application/pdf"),
            ("plan.unknownkind", "", "application/octet-stream"),
            ("plan.txt", "", "text/plain"),
        ] {
            let said = json!({"sourceFileName": source, "mimeType": said, "bytes": [1]});
            update(&server, &ann, &said).await.expect(200);
            assert_eq!(newest(&server, &ann, ["mimeType"]).await, [expected], "{held} {source}");
        }
    }
}

#[tokio::test]
async fn a_type_is_guessed_from_the_name_that_a_working_copy_has_already() {
    let server = Server::start().await;
    let ann = server.liferay(&server.world.ann);
    ann.check_out().await.expect(200);
    for bytes in [[1], [2]] {
        update(&server, &ann, &json!({"sourceFileName": "plan.pdf", "bytes": bytes})).await.expect(200);
        let members = newest(&server, &ann, ["fileName", "mimeType"]).await;
        assert_eq!(members, ["plan.pdf", "application/pdf"], "{bytes:?}");
    }
    ann.check_in("MINOR", "").await.expect(200);
    let members = approved(&server, &ann, ["fileName", "mimeType"]).await;
    assert_eq!(members, ["plan.pdf", "application/pdf"]);
}

#[tokio::test]
async fn a_type_may_be_said_of_the_bytes_there_are() {
    for held in [false, true] {
        let server = Server::start().await;
        let ann = server.liferay(&server.world.ann);
        if held {
            ann.check_out().await.expect(200);
        }
        update(&server, &ann, &json!({"mimeType": "application/x-mine"})).await.expect(200);
        let members = newest(&server, &ann, ["mimeType", "size"]).await;
        assert_eq!(members, ["application/x-mine", "5"], "{held}");
        if held {
            ann.check_in("MINOR", "").await.expect(200);
        }
        let members = approved(&server, &ann, ["version", "mimeType", "size"]).await;
        assert_eq!(members, ["1.1", "application/x-mine", "5"], "{held}");
    }
}

#[tokio::test]
async fn an_empty_part_leaves_the_type_of_the_bytes_that_stay() {
    let (update, finish) = ("/dlapp/update-file-entry", "/dlapp/update-file-entry-and-check-in");
    for (held, method) in [(false, update), (false, finish), (true, update), (true, finish)] {
        let server = Server::start().await;
        let ann = server.liferay(&server.world.ann);
        // as a browser sends a form in which no file was chosen
        let form = |title: &'static str, increase: &'static str| {
            let nothing = Part::bytes(&b""[..]).file_name("").mime_str("application/octet-stream").unwrap();
            Form::new()
                .text("fileEntryId", server.plan_number().to_string())
                .text("sourceFileName", "plan.txt")
                .text("mimeType", "")
                .text("title", title)
                .text("description", "")
                .text("changeLog", "")
                .text("dlVersionNumberIncrease", increase)
                .part("file", nothing)
        };
        let members = ["title", "fileName", "mimeType", "size", "version"];
        for (title, increase, expected) in [
            ("plan.txt", "AUTOMATIC", ["plan.txt", "plan.txt", "text/plain", "5", "1.0"]),
            ("Other.txt", "MINOR", ["Other.txt", "Other.txt", "text/plain", "5", "1.1"]),
        ] {
            if held {
                ann.check_out().await.expect(200);
            }
            ann.parts(method, form(title, increase)).await.expect(200);
            assert_eq!(newest(&server, &ann, ["mimeType"]).await, ["text/plain"], "{method} {held} {title}");
            // what is free by now stays as it is
            ann.check_in(increase, "").await.expect(200);
            assert_eq!(approved(&server, &ann, members).await, expected, "{method} {held} {title}");
        }
    }
}

#[tokio::test]
async fn a_description_of_null_is_empty() {
    let server = Server::start().await;
    let ann = server.liferay(&server.world.ann);
    let added = json!({
        "repositoryId": server.group(), "folderId": 0, "sourceFileName": "a.txt", "mimeType": "", "title": "a.txt",
        "description": null, "changeLog": "", "bytes": [1],
    });
    assert_eq!(ann.call("/dlapp/add-file-entry", added).await.expect(200).json()["description"], "");
    for held in [false, true] {
        update(&server, &ann, &json!({"description": "about it"})).await.expect(200);
        assert_eq!(approved(&server, &ann, ["description"]).await, ["about it"], "{held}");
        if held {
            ann.check_out().await.expect(200);
        }
        update(&server, &ann, &json!({"description": null})).await.expect(200);
        assert_eq!(newest(&server, &ann, ["description"]).await, [""], "{held}");
        if held {
            ann.check_in("MINOR", "").await.expect(200);
        }
        assert_eq!(approved(&server, &ann, ["description"]).await, [""], "{held}");
    }
}

#[tokio::test]
async fn update_and_check_in_takes_the_working_copys_name_along() {
    let server = Server::start().await;
    let ann = server.liferay(&server.world.ann);
    ann.check_out().await.expect(200);
    update(&server, &ann, &json!({"title": "Better"})).await.expect(200);
    let parameters = json!({
        "fileEntryId": server.plan_number(), "sourceFileName": "", "mimeType": "", "title": "Better", "description": "",
        "changeLog": "", "dlVersionNumberIncrease": "MINOR", "file": null,
    });
    let file = ann.call("/dlapp/update-file-entry-and-check-in", parameters).await.expect(200).json();
    assert_eq!(["title", "fileName", "version"].map(|member| file[member].clone()), ["Better", "Better.txt", "1.1"]);
    let named = json!({"groupId": server.group(), "folderId": 0, "title": "Better"});
    assert_eq!(ann.call("/dlapp/get-file-entry", named).await.expect(200).json(), file);
}

#[tokio::test]
async fn an_automatic_step_is_minor_for_words_alone_and_none_for_nothing() {
    let server = Server::start().await;
    let ann = server.liferay(&server.world.ann);
    let mut expected = vec!["1.0".to_owned()];
    // the strategy by its name, and where nothing is said
    for increase in [json!("AUTOMATIC"), Value::Null] {
        let word = format!("told {increase}");
        for held in [true, false] {
            for (title, description, is_new) in [
                ("plan.txt", word.as_str(), true),
                ("plan.txt", word.as_str(), false),
                ("Other.txt", word.as_str(), true),
                ("Other.txt", word.as_str(), false),
                ("plan.txt", "", true),
                ("plan.txt", "", false),
            ] {
                let id = newest(&server, &ann, ["fileVersionId"]).await;
                let said = json!({"title": title, "description": description, "dlVersionNumberIncrease": increase});
                if held {
                    ann.check_out().await.expect(200);
                    update(&server, &ann, &said).await.expect(200);
                    let how = json!({
                        "fileEntryId": server.plan_number(), "dlVersionNumberIncrease": increase, "changeLog": "log",
                    });
                    ann.call("/dlapp/check-in-file-entry", how).await.expect(200);
                } else {
                    update(&server, &ann, &said).await.expect(200);
                }
                if is_new {
                    expected.insert(0, format!("1.{}", expected.len()));
                }
                assert_eq!(ann.labels().await, expected, "{increase} {held} {title} {description}");
                let now = newest(&server, &ann, ["fileVersionId"]).await;
                assert_eq!(now != id, is_new, "{increase} {held} {title} {description}");
            }
        }
    }
    // the same bytes once more are nothing new, others are
    for (content, label) in [("first", "1.12"), ("other", "1.13"), ("other", "1.13")] {
        ann.check_out().await.expect(200);
        ann.update(content, "MAJOR").await.expect(200);
        ann.check_in("AUTOMATIC", "").await.expect(200);
        assert_eq!(ann.labels().await[0], label, "{content}");
    }
}

#[tokio::test]
async fn an_automatic_step_is_minor_for_a_type_alone() {
    for held in [false, true] {
        let server = Server::start().await;
        let ann = server.liferay(&server.world.ann);
        if held {
            ann.check_out().await.expect(200);
        }
        let said = json!({"mimeType": "application/x-mine", "dlVersionNumberIncrease": "AUTOMATIC"});
        update(&server, &ann, &said).await.expect(200);
        if held {
            ann.check_in("AUTOMATIC", "").await.expect(200);
        }
        let members = approved(&server, &ann, ["version", "mimeType"]).await;
        assert_eq!(members, ["1.1", "application/x-mine"], "{held}");
    }
}
