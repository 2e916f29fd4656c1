//! Listings and counts in all their overloads, folders as a tree, copies of folders.

use serde_json::{Value, json};

use crate::support::{liferay::Liferay, server::Server};

/// A folder in a folder; answers its id.
async fn folder(server: &Server, client: &Liferay<'_>, parent: &Value, name: &str) -> Value {
    let folder = json!({"repositoryId": server.group(), "parentFolderId": parent, "name": name, "description": name});
    client.call("/dlapp/add-folder", folder).await.expect(200).json()["folderId"].clone()
}

async fn file(server: &Server, client: &Liferay<'_>, folder: &Value, name: &str) -> Value {
    let parameters = json!({
        "repositoryId": server.group(), "folderId": folder, "sourceFileName": name, "mimeType": "", "title": name,
        "description": "", "changeLog": "", "bytes": [1],
    });
    client.call("/dlapp/add-file-entry", parameters).await.expect(200).json()
}

/// Names of folders and titles of files, as a method lists them.
async fn listed(client: &Liferay<'_>, method: &str, parameters: Value) -> Vec<String> {
    let listed = client.call(method, parameters).await.expect(200).json();
    let name = |item: &Value| item.get("title").unwrap_or(&item["name"]).as_str().unwrap().to_owned();
    listed.as_array().unwrap().iter().map(name).collect()
}

/// `a`, `b` and `b/c` with a file each, beside the world's.
async fn tree(server: &Server, client: &Liferay<'_>) -> [Value; 3] {
    let a = folder(server, client, &json!(0), "a").await;
    let b = folder(server, client, &json!(0), "b").await;
    let c = folder(server, client, &b, "c").await;
    for (folder, name) in [(&a, "1.txt"), (&b, "2.pdf"), (&c, "3.txt"), (&json!(0), "4.pdf")] {
        file(server, client, folder, name).await;
    }
    [a, b, c]
}

#[tokio::test]
async fn the_files_of_a_folder_are_listed_alike_by_every_overload() {
    let server = Server::start().await;
    let ann = server.liferay(&server.world.ann);
    tree(&server, &ann).await;
    let both = &["4.pdf", "plan.txt"][..];
    for (more, expected) in [
        (json!({}), both),
        (json!({"fileEntryTypeId": 0}), both),
        (json!({"fileEntryTypeId": -1}), both),
        (json!({"fileEntryTypeId": 5}), &[]),
        (json!({"start": 0, "end": 1, "obc": null}), &["4.pdf"]),
        (json!({"start": 1, "end": 2, "orderByComparator": null}), &["plan.txt"]),
        (json!({"fileEntryTypeId": 0, "start": 1, "end": 5}), &["plan.txt"]),
        (json!({"fileEntryTypeId": 0, "start": -1, "end": -1, "obc": {}}), both),
        (json!({"mimeTypes": ["text/plain"], "start": 0, "end": 1, "obc": null}), &["plan.txt"]),
        (json!({"mimeTypes": ["text/plain", "application/pdf"], "start": 1, "end": 2, "obc": null}), &["plan.txt"]),
        (json!({"mimeTypes": null, "start": 1, "end": 1, "obc": null}), &[]),
    ] {
        let mut parameters = more;
        parameters["repositoryId"] = server.group().into();
        parameters["folderId"] = json!(0);
        assert_eq!(listed(&ann, "/dlapp/get-file-entries", parameters.clone()).await, expected, "{parameters}");
    }
    for (more, expected) in [
        (json!({"status": 0, "start": -1, "end": -1, "obc": null}), both),
        (json!({"status": 2, "start": -1, "end": -1, "obc": null}), &[]),
        (json!({"start": -1, "end": -1, "obc": null}), both),
        (json!({"fileEntryTypeId": 5, "start": -1, "end": -1, "obc": null}), &[]),
        (json!({"mimeTypes": ["application/pdf"], "start": -1, "end": -1, "obc": null}), &["4.pdf"]),
    ] {
        let mut parameters = more;
        parameters["groupId"] = server.group().into();
        parameters["folderId"] = json!(0);
        assert_eq!(listed(&ann, "/dlfileentry/get-file-entries", parameters.clone()).await, expected, "{parameters}");
    }
    for (status, expected) in [(-1, both), (0, both), (8, &[])] {
        let window = json!({"repositoryId": server.group(), "folderId": 0, "status": status, "start": -1, "end": -1});
        let found = listed(&ann, "/dlapp/get-file-entries-and-file-shortcuts", window).await;
        assert_eq!(found, expected, "{status}");
    }
}

#[tokio::test]
async fn files_are_listed_by_title_and_folders_by_name() {
    let server = Server::start().await;
    let ann = server.liferay(&server.world.ann);
    // by their names the second came before the first: a blank before a dot
    for title in ["B", "a b", "a"] {
        ann.add(title, "x.txt", "x").await.expect(200);
    }
    for name in ["z.b", "z b"] {
        folder(&server, &ann, &json!(0), name).await;
    }
    let (group, all) = (server.group(), "/dlapp/get-folders-and-file-entries-and-file-shortcuts");
    let titles = ["a", "a b", "B", "plan.txt"];
    let in_site = |more: Value| {
        let mut parameters = json!({"repositoryId": group, "groupId": group, "folderId": 0, "parentFolderId": 0});
        parameters.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        parameters
    };
    for (method, more, expected) in [
        ("/dlapp/get-file-entries", json!({}), &titles[..]),
        ("/dlapp/get-file-entries", json!({"start": 0, "end": 2}), &titles[..2]),
        ("/dlapp/get-file-entries", json!({"start": 1, "end": 3, "obc": null}), &titles[1..3]),
        ("/dlapp/get-file-entries", json!({"start": 3, "end": -1, "obc": {}}), &titles[3..]),
        ("/dlapp/get-file-entries", json!({"mimeTypes": "text/plain"}), &titles),
        (
            "/dlapp/get-file-entries",
            json!({"mimeTypes": "text/plain", "start": 0, "end": 2, "obc": null}),
            &titles[..2],
        ),
        ("/dlfileentry/get-file-entries", json!({"start": 0, "end": 3, "obc": null}), &titles[..3]),
        ("/dlapp/get-group-file-entries", json!({"userId": 0, "start": -1, "end": -1, "obc": null}), &titles),
        ("/dlapp/get-group-file-entries", json!({"userId": 0, "start": 1, "end": 3, "obc": null}), &titles[1..3]),
        ("/dlapp/get-folders", json!({}), &["z b", "z.b"]),
        (
            all,
            json!({"status": 0, "includeMountFolders": false, "start": -1, "end": -1}),
            &["z b", "z.b", "a", "a b", "B", "plan.txt"],
        ),
        (all, json!({"status": 0, "includeMountFolders": false, "start": 1, "end": 4}), &["z.b", "a", "a b"]),
    ] {
        assert_eq!(listed(&ann, method, in_site(more.clone())).await, expected, "{method} {more}");
    }
}

#[tokio::test]
async fn lists_show_a_file_as_it_was_approved_while_it_is_checked_out_and_changed() {
    let server = Server::start().await;
    let (ann, vic) = (server.liferay(&server.world.ann), server.liferay(&server.world.vic));
    let (group, all) = (server.group(), "/dlapp/get-folders-and-file-entries-and-file-shortcuts");
    let window = |more: Value| {
        let mut parameters = json!({"folderId": 0, "start": -1, "end": -1});
        parameters.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        parameters
    };
    let lists = [
        ("/dlapp/get-file-entries", json!({"repositoryId": group, "folderId": 0})),
        ("/dlapp/get-file-entries", window(json!({"repositoryId": group}))),
        ("/dlapp/get-file-entries", json!({"repositoryId": group, "folderId": 0, "mimeTypes": ["text/plain"]})),
        ("/dlfileentry/get-file-entries", window(json!({"groupId": group, "obc": null}))),
        ("/dlapp/get-file-entries-and-file-shortcuts", window(json!({"repositoryId": group, "status": -1}))),
        (all, window(json!({"repositoryId": group, "status": -1, "includeMountFolders": false}))),
        ("/dlapp/get-group-file-entries", window(json!({"groupId": group, "userId": 0}))),
        ("/dlapp/get-group-file-entries", window(json!({"groupId": group, "userId": 0, "rootFolderId": 0}))),
    ];
    let before =
        ann.call("/dlapp/get-file-entry", json!({"fileEntryId": server.plan_number()})).await.expect(200).json();
    let update = json!({
        "fileEntryId": server.plan_number(), "sourceFileName": "better.pdf", "mimeType": "", "title": "Better",
        "description": "new", "changeLog": "", "majorVersion": true, "bytes": [1, 2, 3],
    });
    server.advance(chrono::Duration::minutes(1));
    ann.check_out().await.expect(200);
    ann.call("/dlapp/update-file-entry", update).await.expect(200);
    // the working copy is of no type that is asked for
    let typed = json!({"repositoryId": group, "folderId": 0, "mimeTypes": ["application/pdf"]});
    for client in [&ann, &vic] {
        for (method, parameters) in &lists {
            let shown = client.call(method, parameters.clone()).await.expect(200).json();
            assert_eq!(shown, json!([before]), "{method} {parameters}");
        }
        assert_eq!(listed(client, "/dlapp/get-file-entries", typed.clone()).await, Vec::<String>::new());
    }
    ann.check_in("MINOR", "").await.expect(200);
    for (method, parameters) in lists.iter().filter(|(_, parameters)| parameters.get("mimeTypes").is_none()) {
        let shown = vic.call(method, parameters.clone()).await.expect(200).json();
        let members = ["version", "title", "size"].map(|member| shown[0][member].clone());
        assert_eq!(members, ["1.1", "Better", "3"], "{method} {parameters}");
    }
    assert_eq!(listed(&vic, "/dlapp/get-file-entries", typed).await, ["Better"]);
}

#[tokio::test]
async fn counts_agree_with_lists() {
    let server = Server::start().await;
    let ann = server.liferay(&server.world.ann);
    let [a, b, c] = tree(&server, &ann).await;
    let group = server.group();
    for (method, parameters, expected) in [
        ("dlapp/get-file-entries-count", json!({"repositoryId": group, "folderId": 0}), 2),
        ("dlapp/get-file-entries-count", json!({"repositoryId": group, "folderId": 0, "fileEntryTypeId": 0}), 2),
        ("dlapp/get-file-entries-count", json!({"repositoryId": group, "folderId": 0, "fileEntryTypeId": 9}), 0),
        (
            "dlapp/get-file-entries-and-file-shortcuts-count",
            json!({"repositoryId": group, "folderId": 0, "status": 0}),
            2,
        ),
        (
            "dlapp/get-file-entries-and-file-shortcuts-count",
            json!({"repositoryId": group, "folderId": 0, "status": 0, "mimeTypes": ["application/pdf"]}),
            1,
        ),
        (
            "dlapp/get-folders-count",
            json!({"repositoryId": group, "parentFolderId": 0, "includeMountFolders": true}),
            2,
        ),
        (
            "dlapp/get-folders-count",
            json!({"repositoryId": group, "parentFolderId": 0, "includeMountFolders": true, "status": 8}),
            0,
        ),
        (
            "dlapp/get-folders-and-file-entries-and-file-shortcuts-count",
            json!({"repositoryId": group, "folderId": 0, "status": 0, "includeMountFolders": false}),
            4,
        ),
        (
            "dlapp/get-folders-and-file-entries-and-file-shortcuts-count",
            json!({"repositoryId": group, "folderId": 0, "status": 0, "mimeTypes": ["text/plain"], "includeMountFolders": false}),
            3,
        ),
        (
            "dlapp/get-folders-and-file-entries-and-file-shortcuts-count",
            json!({"repositoryId": group, "folderId": 0, "status": 0, "mimeTypes": null, "includeMountFolders": false,
                "includeOwner": true}),
            4,
        ),
        (
            "dlapp/get-folders-file-entries-count",
            json!({"repositoryId": group, "folderIds": [a, b, c], "status": 0}),
            3,
        ),
        (
            "dlapp/get-folders-file-entries-count",
            json!({"repositoryId": group, "folderIds": [0, a, a, 1], "status": -1}),
            3,
        ),
        ("dlapp/get-folders-file-entries-count", json!({"repositoryId": group, "folderIds": [a], "status": 8}), 0),
        ("dlapp/get-folders-file-entries-count", json!({"repositoryId": group, "folderIds": null, "status": 0}), 0),
        ("dlfileentry/get-folders-file-entries-count", json!({"groupId": group, "folderIds": "0", "status": 0}), 2),
        ("dlfileentry/get-file-entries-count", json!({"groupId": group, "folderId": 0}), 2),
        ("dlfileentry/get-file-entries-count", json!({"groupId": group, "folderId": 0, "status": 0}), 2),
        ("dlfileentry/get-file-entries-count", json!({"groupId": group, "folderId": 0, "fileEntryTypeId": 0}), 2),
        (
            "dlfileentry/get-file-entries-count",
            json!({"groupId": group, "folderId": 0, "mimeTypes": ["text/plain"]}),
            1,
        ),
        ("dlfolder/get-folders-count", json!({"groupId": group, "parentFolderId": 0}), 2),
        (
            "dlfolder/get-folders-count",
            json!({"groupId": group, "parentFolderId": 0, "status": 0, "includeMountfolders": false}),
            2,
        ),
        ("dlapp/get-mount-folders-count", json!({"repositoryId": group, "parentFolderId": 0}), 0),
        ("dlfolder/get-mount-folders-count", json!({"groupId": group, "parentFolderId": 0}), 0),
    ] {
        let counted = ann.call(&format!("/{method}"), parameters.clone()).await.expect(200).json();
        assert_eq!(counted, json!(expected), "{method} {parameters}");
    }
    let many: Vec<i64> = (1..=201).collect();
    let many = json!({"repositoryId": group, "folderIds": many, "status": 0});
    ann.call("/dlapp/get-folders-file-entries-count", many).await.expect(500);
    let bad = json!({"repositoryId": group, "folderIds": ["x"], "status": 0});
    ann.call("/dlapp/get-folders-file-entries-count", bad).await.expect(500);
    let hidden = json!({"repositoryId": group, "folderIds": [0], "status": 0});
    server.liferay(&server.world.eve).call("/dlapp/get-folders-file-entries-count", hidden).await.expect(404);
}

#[tokio::test]
async fn folders_are_listed_alike_by_every_overload() {
    let server = Server::start().await;
    let ann = server.liferay(&server.world.ann);
    tree(&server, &ann).await;
    let both = &["a", "b"][..];
    for (more, expected) in [
        (json!({}), both),
        (json!({"start": 1, "end": 2}), &["b"]),
        (json!({"includeMountFolders": true}), both),
        (json!({"includeMountFolders": false, "start": 1, "end": 2}), &["b"]),
        (json!({"start": 0, "end": 1, "obc": null}), &["a"]),
        (json!({"includeMountFolders": true, "start": -1, "end": -1, "obc": null}), both),
        (json!({"status": 0, "includeMountFolders": true, "start": -1, "end": -1, "obc": null}), both),
        (json!({"status": 8, "includeMountFolders": true, "start": -1, "end": -1, "obc": null}), &[]),
    ] {
        let mut parameters = more;
        parameters["repositoryId"] = server.group().into();
        parameters["parentFolderId"] = json!(0);
        assert_eq!(listed(&ann, "/dlapp/get-folders", parameters.clone()).await, expected, "{parameters}");
    }
    for more in [json!({}), json!({"status": 0, "includeMountfolders": true})] {
        let mut parameters = more;
        for (name, value) in [("groupId", server.group()), ("parentFolderId", 0), ("start", -1), ("end", -1)] {
            parameters[name] = value.into();
        }
        parameters["obc"] = Value::Null;
        assert_eq!(listed(&ann, "/dlfolder/get-folders", parameters).await, both);
    }
    let all = "/dlapp/get-folders-and-file-entries-and-file-shortcuts";
    for (more, expected) in [
        (json!({}), &["a", "b", "4.pdf", "plan.txt"][..]),
        (json!({"mimeTypes": ["application/pdf"]}), &["a", "b", "4.pdf"]),
        (json!({"mimeTypes": ["application/pdf"], "start": 1, "end": 3}), &["b", "4.pdf"]),
        (json!({"mimeTypes": null, "includeOwner": true}), &["a", "b", "4.pdf", "plan.txt"]),
    ] {
        let mut parameters = json!({
            "repositoryId": server.group(), "folderId": 0, "status": 0, "includeMountFolders": false, "start": -1,
            "end": -1, "obc": null,
        });
        parameters.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        assert_eq!(listed(&ann, all, parameters.clone()).await, expected, "{parameters}");
    }
    for (service, site, more) in [
        ("dlapp", "repositoryId", json!({})),
        ("dlapp", "repositoryId", json!({"start": 0, "end": 5})),
        ("dlapp", "repositoryId", json!({"start": 0, "end": 5, "obc": null})),
        ("dlfolder", "groupId", json!({"start": 0, "end": 5, "obc": null})),
    ] {
        let mut parameters = more;
        parameters[site] = server.group().into();
        parameters["parentFolderId"] = json!(0);
        let method = format!("/{service}/get-mount-folders");
        assert_eq!(listed(&ann, &method, parameters.clone()).await, Vec::<String>::new());
        parameters["parentFolderId"] = json!(1);
        ann.call(&method, parameters).await.expect(404);
    }
}

#[tokio::test]
async fn the_ids_below_a_folder_are_strings() {
    let server = Server::start().await;
    let ann = server.liferay(&server.world.ann);
    let [a, b, c] = tree(&server, &ann).await;
    let group = server.group();
    for (method, parameters, expected) in [
        ("dlapp", json!({"repositoryId": group, "folderId": 0}), json!([a, b, c])),
        ("dlapp", json!({"repositoryId": group, "folderId": 0, "recurse": true}), json!([a, b, c])),
        ("dlapp", json!({"repositoryId": group, "folderId": 0, "recurse": false}), json!([a, b])),
        ("dlapp", json!({"repositoryId": group, "folderId": b}), json!([c])),
        ("dlapp", json!({"repositoryId": group, "folderId": c}), json!([])),
        ("dlfolder", json!({"groupId": group, "folderId": b, "recurse": true}), json!([c])),
        // fills its caller's list, which stays with the caller
        ("dlapp", json!({"repositoryId": group, "folderIds": [], "folderId": 0}), json!({})),
    ] {
        let found = ann.call(&format!("/{method}/get-subfolder-ids"), parameters.clone()).await.expect(200).json();
        assert_eq!(found, expected, "{parameters}");
    }
    ann.call("/dlapp/get-subfolder-ids", json!({"repositoryId": group, "folderId": 1})).await.expect(404);
}

#[tokio::test]
async fn the_folders_own_service_finds_moves_and_deletes_them() {
    let server = Server::start().await;
    let ann = server.liferay(&server.world.ann);
    let [a, b, c] = tree(&server, &ann).await;
    let named = json!({"groupId": server.group(), "parentFolderId": b, "name": "c"});
    let found = ann.call("/dlfolder/get-folder", named.clone()).await.expect(200).json();
    assert_eq!(found, ann.call("/dlfolder/get-folder", json!({"folderId": c})).await.expect(200).json());
    assert_eq!(found, ann.call("/dlapp/get-folder", json!({"folderId": c})).await.expect(200).json());
    let moved = ann.call("/dlfolder/move-folder", json!({"folderId": c, "parentFolderId": a})).await.expect(200).json();
    assert_eq!(moved["parentFolderId"], a);
    ann.call("/dlfolder/get-folder", named).await.expect(404);
    let named = json!({"groupId": server.group(), "parentFolderId": a, "name": "c"});
    assert_eq!(ann.call("/dlfolder/delete-folder", named).await.expect(200).text(), "{}");
    ann.call("/dlfolder/delete-folder", json!({"folderId": a})).await.expect(200);
    ann.call("/dlfolder/get-folder", json!({"folderId": a})).await.expect(404);
    server.liferay(&server.world.vic).call("/dlfolder/delete-folder", json!({"folderId": b})).await.expect(403);
}

#[tokio::test]
async fn a_folder_is_copied_with_all_below_under_a_name_and_description() {
    let server = Server::start().await;
    let ann = server.liferay(&server.world.ann);
    let [a, b, _] = tree(&server, &ann).await;
    let copy = |source: &Value, target: &Value, name: &str| {
        json!({"repositoryId": server.group(), "sourceFolderId": source, "parentFolderId": target, "name": name,
            "description": "copied"})
    };
    let copied = ann.call("/dlapp/copy-folder", copy(&b, &a, "b again")).await.expect(200).json();
    let members = ["name", "description", "parentFolderId"].map(|member| copied[member].clone());
    assert_eq!(members, [json!("b again"), json!("copied"), a.clone()]);
    assert_ne!(copied["folderId"], b);
    let inside = json!({"repositoryId": server.group(), "folderId": copied["folderId"], "status": 0,
        "includeMountFolders": false, "start": -1, "end": -1});
    let all = "/dlapp/get-folders-and-file-entries-and-file-shortcuts";
    assert_eq!(listed(&ann, all, inside.clone()).await, ["c", "2.pdf"]);
    // what lies in it keeps its own description
    assert_eq!(ann.call(all, inside).await.json()[0]["description"], "c");

    let taken = ann.call("/dlapp/copy-folder", copy(&b, &a, "b again")).await.expect(500).json();
    assert!(taken["error"]["type"].as_str().unwrap().ends_with("DuplicateFolderNameException"));
    for (source, target, name, kind) in [
        (&a, &copied["folderId"], "x", "InvalidFolderException"),
        (&a, &a, "x", "InvalidFolderException"),
        (&json!(0), &a, "x", "InvalidFolderException"),
        (&b, &a, "", "FolderNameException"),
        (&b, &a, "x/y", "FolderNameException"),
        (&json!(1), &a, "x", "NoSuchFolderException"),
        (&b, &json!(1), "x", "NoSuchFolderException"),
    ] {
        let refused = ann.call("/dlapp/copy-folder", copy(source, target, name)).await.json();
        assert!(refused["error"]["type"].as_str().unwrap().ends_with(kind), "{source} {target} {name}: {refused}");
    }
    let refused = server.liferay(&server.world.vic).call("/dlapp/copy-folder", copy(&b, &a, "y")).await.expect(403);
    assert!(refused.text().contains("MustHavePermission"));
}
