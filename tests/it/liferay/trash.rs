//! The trash (`dltrash`): in, back, and elsewhere.

use serde_json::{Value, json};

use crate::support::{liferay::Liferay, server::Server};

async fn folder(server: &Server, client: &Liferay<'_>, name: &str) -> Value {
    let folder = json!({"repositoryId": server.group(), "parentFolderId": 0, "name": name, "description": ""});
    client.call("/dlapp/add-folder", folder).await.expect(200).json()["folderId"].clone()
}

#[tokio::test]
async fn a_file_goes_into_the_trash_and_comes_back_with_its_versions() {
    let server = Server::start().await;
    let ann = server.liferay(&server.world.ann);
    ann.update("second", "MINOR").await.expect(200);
    let ask = json!({"fileEntryId": server.plan_number()});
    let before = ann.call("/dlapp/get-file-entry", ask.clone()).await.expect(200).json();
    let put = ann.call("/dltrash/move-file-entry-to-trash", ask.clone()).await.expect(200).json();
    assert_eq!(put, before);
    ann.call("/dlapp/get-file-entry", ask.clone()).await.expect(404);
    ann.download("").await.expect(404);
    // a file that is not there does not go there once more
    ann.call("/dltrash/move-file-entry-to-trash", ask.clone()).await.expect(404);

    let restored = ann.call("/dltrash/restore-file-entry-from-trash", ask.clone()).await;
    assert_eq!(restored.expect(200).text(), "{}");
    assert_eq!(ann.labels().await, ["1.1", "1.0"]);
    assert_eq!(ann.download("").await.text(), "second");
    let after = ann.call("/dlapp/get-file-entry", ask.clone()).await.expect(200).json();
    for member in ["fileEntryId", "uuid", "title", "version", "folderId"] {
        assert_eq!(after[member], before[member], "{member}");
    }
    ann.call("/dltrash/restore-file-entry-from-trash", ask).await.expect(404);
}

#[tokio::test]
async fn a_trashed_file_is_taken_out_into_another_folder() {
    let server = Server::start().await;
    let ann = server.liferay(&server.world.ann);
    let target = folder(&server, &ann, "Contracts").await;
    let id = server.plan_number();
    ann.call("/dltrash/move-file-entry-to-trash", json!({"fileEntryId": id})).await.expect(200);
    let out = |folder: &Value| json!({"fileEntryId": id, "newFolderId": folder});
    ann.call("/dltrash/move-file-entry-from-trash", out(&json!(1))).await.expect(404);
    let moved = ann.call("/dltrash/move-file-entry-from-trash", out(&target)).await.expect(200).json();
    assert_eq!((&moved["folderId"], &moved["fileEntryId"]), (&target, &json!(id.to_string())));
    // the root, by 0
    ann.call("/dltrash/move-file-entry-to-trash", json!({"fileEntryId": id})).await.expect(200);
    let moved = ann.call("/dltrash/move-file-entry-from-trash", out(&json!(0))).await.expect(200).json();
    assert_eq!(moved["folderId"], "0");
    ann.call("/dltrash/move-file-entry-from-trash", out(&json!(0))).await.expect(404);
}

#[tokio::test]
async fn a_title_that_was_given_again_is_not_given_back() {
    let server = Server::start().await;
    let ann = server.liferay(&server.world.ann);
    let ask = json!({"fileEntryId": server.plan_number()});
    ann.call("/dltrash/move-file-entry-to-trash", ask.clone()).await.expect(200);
    ann.add("plan.txt", "plan.txt", "new").await.expect(200);
    for (method, parameters) in [
        ("/dltrash/restore-file-entry-from-trash", ask.clone()),
        ("/dltrash/move-file-entry-from-trash", json!({"fileEntryId": server.plan_number(), "newFolderId": 0})),
    ] {
        let refused = ann.call(method, parameters).await.expect(500).json();
        assert_eq!(refused["exception"], "A file entry already exists with title plan.txt");
    }
    // another title under the same name
    let target = folder(&server, &ann, "Other").await;
    let named = json!({
        "repositoryId": server.group(), "folderId": target, "sourceFileName": "PLAN.txt", "mimeType": "", "title": "PLAN.txt",
        "description": "", "changeLog": "", "bytes": null,
    });
    ann.call("/dlapp/add-file-entry", named).await.expect(200);
    let out = json!({"fileEntryId": server.plan_number(), "newFolderId": target});
    let refused = ann.call("/dltrash/move-file-entry-from-trash", out).await.expect(500).json();
    assert_eq!(refused["exception"], "A file entry already exists with file name plan.txt");
}

#[tokio::test]
async fn only_whose_file_it_was_takes_it_out() {
    let server = Server::start().await;
    let (ann, bob) = (server.liferay(&server.world.ann), server.liferay(&server.world.bob));
    let ask = json!({"fileEntryId": server.plan_number()});
    bob.call("/dltrash/move-file-entry-to-trash", ask.clone()).await.expect(200);
    for somebody in [&server.world.bob, &server.world.dora, &server.world.vic, &server.world.eve] {
        let client = server.liferay(somebody);
        client.call("/dltrash/restore-file-entry-from-trash", ask.clone()).await.expect(404);
    }
    ann.call("/dltrash/restore-file-entry-from-trash", ask).await.expect(200);
}

#[tokio::test]
async fn what_is_held_or_not_ones_own_to_delete_stays() {
    let server = Server::start().await;
    let (ann, bob) = (server.liferay(&server.world.ann), server.liferay(&server.world.bob));
    let ask = json!({"fileEntryId": server.plan_number()});
    for somebody in [&server.world.vic, &server.world.carl] {
        let refused = server.liferay(somebody).call("/dltrash/move-file-entry-to-trash", ask.clone()).await.expect(403);
        assert!(refused.text().contains("must have DELETE permission"));
    }
    ann.check_out().await.expect(200);
    let refused = bob.call("/dltrash/move-file-entry-to-trash", ask.clone()).await.expect(500).json();
    assert_eq!(refused["error"]["type"], "com.liferay.portal.kernel.lock.DuplicateLockException");
    // the holder's goes with its lock, which does not come back
    ann.call("/dltrash/move-file-entry-to-trash", ask.clone()).await.expect(200);
    ann.call("/dltrash/restore-file-entry-from-trash", ask).await.expect(200);
    assert_eq!(ann.labels().await, ["1.0"]);
    bob.check_out().await.expect(200);
}

#[tokio::test]
async fn a_file_whose_folder_is_gone_comes_back_elsewhere_only() {
    let server = Server::start().await;
    let ann = server.liferay(&server.world.ann);
    let inside = folder(&server, &ann, "Gone").await;
    let id = server.plan_number();
    ann.call("/dlapp/move-file-entry", json!({"fileEntryId": id, "newFolderId": inside})).await.expect(200);
    ann.call("/dltrash/move-file-entry-to-trash", json!({"fileEntryId": id})).await.expect(200);
    ann.call("/dlapp/delete-folder", json!({"folderId": inside})).await.expect(200);
    let refused =
        ann.call("/dltrash/restore-file-entry-from-trash", json!({"fileEntryId": id})).await.expect(500).json();
    assert!(refused["error"]["type"].as_str().unwrap().ends_with("InvalidFolderException"));
    // a folder is no file, also in the trash
    ann.call("/dltrash/restore-file-entry-from-trash", json!({"fileEntryId": inside})).await.expect(404);
    let out = json!({"fileEntryId": id, "newFolderId": 0});
    ann.call("/dltrash/move-file-entry-from-trash", out).await.expect(200);
}
