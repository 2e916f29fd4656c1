//! The files of a whole site (`getGroupFileEntries`), and the company by its host name.

use serde_json::{Value, json};

use crate::support::{liferay::Liferay, server::Server};

/// Titles of what a method lists, in its order.
async fn titles(client: &Liferay<'_>, method: &str, parameters: Value) -> Vec<String> {
    let listed = client.call(method, parameters).await.expect(200).json();
    listed.as_array().unwrap().iter().map(|file| file["title"].as_str().unwrap().to_owned()).collect()
}

/// The world's file, older than two of Ann's, one in a folder, and one of Bob's in a folder below; answers both folders.
async fn filled(server: &Server) -> (String, String) {
    let (ann, bob) = (server.liferay(&server.world.ann), server.liferay(&server.world.bob));
    let group = server.group();
    let mut folders = vec!["0".to_owned()];
    for (client, name, file) in [(&ann, "Outer", "b.pdf"), (&bob, "Inner", "c.txt")] {
        server.advance(chrono::Duration::minutes(1));
        let parent = folders.last().unwrap();
        let folder = json!({"repositoryId": group, "parentFolderId": parent, "name": name, "description": ""});
        let folder = client.call("/dlapp/add-folder", folder).await.expect(200).json();
        folders.push(folder["folderId"].as_str().unwrap().to_owned());
        let file = json!({
            "repositoryId": group, "folderId": folders.last().unwrap(), "sourceFileName": file, "mimeType": "",
            "title": file, "description": "", "changeLog": "", "bytes": [1, 2],
        });
        client.call("/dlapp/add-file-entry", file).await.expect(200);
    }
    server.advance(chrono::Duration::minutes(1));
    ann.add("a.txt", "a.txt", "a").await.expect(200);
    (folders[1].clone(), folders[2].clone())
}

#[tokio::test]
async fn a_sites_files_are_listed_the_last_changed_first() {
    let server = Server::start().await;
    let (outer, inner) = filled(&server).await;
    let vic = server.liferay(&server.world.vic);
    let (group, ann, bob) = (server.group(), server.world.ann.person.number, server.world.bob.person.number);
    let (list, count) = ("/dlapp/get-group-file-entries", "/dlapp/get-group-file-entries-count");
    for (user, root, expected) in [
        (0, None, &["a.txt", "c.txt", "b.pdf", "plan.txt"][..]),
        (ann, None, &["a.txt", "b.pdf", "plan.txt"]),
        (bob, None, &["c.txt"]),
        (1, None, &[]),
        (0, Some("0"), &["a.txt", "c.txt", "b.pdf", "plan.txt"]),
        (0, Some(outer.as_str()), &["c.txt", "b.pdf"]),
        (ann, Some(inner.as_str()), &[]),
        (bob, Some(inner.as_str()), &["c.txt"]),
    ] {
        let mut parameters = json!({"groupId": group, "userId": user, "start": -1, "end": -1});
        if let Some(root) = root {
            parameters["rootFolderId"] = root.into();
        }
        assert_eq!(titles(&vic, list, parameters.clone()).await, expected, "{parameters}");
        let counted = vic.call(count, parameters.clone()).await.expect(200).text();
        assert_eq!(counted, expected.len().to_string(), "{parameters}");
    }
    // what is changed comes to the front
    server.advance(chrono::Duration::minutes(1));
    server.liferay(&server.world.ann).update("again", "MINOR").await.expect(200);
    let all = json!({"groupId": group, "userId": 0, "start": 0, "end": 2});
    assert_eq!(titles(&vic, list, all).await, ["plan.txt", "a.txt"]);
}

#[tokio::test]
async fn a_sites_files_come_in_windows_and_by_title_with_a_comparator() {
    let server = Server::start().await;
    let (outer, _) = filled(&server).await;
    let ann = server.liferay(&server.world.ann);
    let list = "/dlapp/get-group-file-entries";
    for (start, end, expected) in
        [(0, 2, &["a.txt", "c.txt"][..]), (3, 9, &["plan.txt"]), (9, 12, &[]), (3, 1, &[]), (1, 1, &[])]
    {
        let window = json!({"groupId": server.group(), "userId": 0, "start": start, "end": end});
        assert_eq!(titles(&ann, list, window).await, expected, "{start} {end}");
    }
    for comparator in ["obc", "orderByComparator"] {
        let mut ordered = json!({"groupId": server.group(), "userId": 0, "start": -1, "end": -1});
        ordered[comparator] = Value::Null;
        assert_eq!(titles(&ann, list, ordered).await, ["a.txt", "b.pdf", "c.txt", "plan.txt"], "{comparator}");
    }
    for service in ["dlapp", "dlfileentry"] {
        let below =
            json!({"groupId": server.group(), "userId": 0, "rootFolderId": outer, "start": -1, "end": -1, "obc": null});
        let method = format!("/{service}/get-group-file-entries");
        assert_eq!(titles(&ann, &method, below.clone()).await, ["b.pdf", "c.txt"], "{service}");
        assert_eq!(ann.call(&format!("{method}-count"), below).await.expect(200).text(), "2", "{service}");
    }
    for (types, status, expected) in [
        (json!(["application/pdf"]), 0, &["b.pdf"][..]),
        (json!("application/pdf,text/plain"), -1, &["b.pdf", "c.txt"]),
        (json!(["image/png"]), 0, &[]),
        (json!([]), 0, &["b.pdf", "c.txt"]),
        (Value::Null, 0, &["b.pdf", "c.txt"]),
        (Value::Null, 8, &[]),
    ] {
        let typed = json!({
            "groupId": server.group(), "userId": 0, "rootFolderId": outer, "mimeTypes": types, "status": status,
            "start": -1, "end": -1, "obc": null,
        });
        for service in ["dlapp", "dlfileentry"] {
            let method = format!("/{service}/get-group-file-entries");
            assert_eq!(titles(&ann, &method, typed.clone()).await, expected, "{typed}");
            let counted = ann.call(&format!("{method}-count"), typed.clone()).await.expect(200).text();
            assert_eq!(counted, expected.len().to_string(), "{typed}");
        }
    }
}

#[tokio::test]
async fn without_a_user_ones_own_files_are_meant() {
    let server = Server::start().await;
    filled(&server).await;
    let bob = server.liferay(&server.world.bob);
    let path = format!("/dlapp/get-group-file-entries?groupId={}&start=-1&end=-1", server.group());
    let own = bob.get(&path).await.expect(200).json();
    assert_eq!((own.as_array().unwrap().len(), &own[0]["title"]), (1, &json!("c.txt")));
}

#[tokio::test]
async fn a_strangers_site_has_no_files_and_bad_windows_are_refused() {
    let server = Server::start().await;
    let eve = server.liferay(&server.world.eve);
    let list = "/dlapp/get-group-file-entries";
    let refused = |group: i64| json!({"groupId": group, "userId": 0, "start": -1, "end": -1});
    let hidden = eve.call(list, refused(server.group())).await.expect(404).text();
    let absent = eve.call(list, refused(1)).await.expect(404).text();
    assert_eq!(hidden.replace(&server.group().to_string(), "1"), absent);
    let ann = server.liferay(&server.world.ann);
    for (name, value) in [("start", json!("x")), ("end", json!(2_147_483_648_i64)), ("userId", json!([]))] {
        let mut parameters = refused(server.group());
        parameters[name] = value;
        let refused = ann.call(list, parameters).await.expect(500).json();
        assert_eq!(refused["error"]["type"], "java.lang.ClassCastException", "{name}");
    }
    let mut parameters = refused(server.group());
    parameters["rootFolderId"] = server.plan_number().into();
    assert!(ann.call(list, parameters).await.expect(404).text().contains("NoSuchFolderException"));
    server.liferay_guest().call(list, refused(server.group())).await.expect(403);
}

#[tokio::test]
async fn trashed_files_are_no_files_of_a_site() {
    let server = Server::start().await;
    let ann = server.liferay(&server.world.ann);
    ann.call("/dlapp/delete-file-entry", json!({"fileEntryId": server.plan_number()})).await.expect(200);
    let all = json!({"groupId": server.group(), "userId": 0, "start": -1, "end": -1});
    assert_eq!(titles(&ann, "/dlapp/get-group-file-entries", all).await, Vec::<String>::new());
}

#[tokio::test]
async fn the_company_is_found_by_any_host_name() {
    let server = Server::start().await;
    let ann = server.liferay(&server.world.ann);
    let known = ann.get("/company/get-company-by-id?companyId=20097").await.expect(200).json();
    for host in ["localhost", "docs.example.com", "127.0.0.1", "[::1]", "DOCS-2.example.com"] {
        let found = ann.call("/company/get-company-by-virtual-host", json!({"virtualHost": host})).await;
        assert_eq!(found.expect(200).json(), known, "{host}");
    }
    let long = "x".repeat(300);
    for host in ["", "a b", "a/b", "-a", "a..b", "example.com:8080", &long] {
        let refused = ann.call("/company/get-company-by-virtual-host", json!({"virtualHost": host})).await;
        let refused = refused.expect(404).json();
        assert_eq!(refused["error"]["type"], "com.liferay.portal.kernel.exception.NoSuchCompanyException", "{host}");
    }
    server.liferay_guest().call("/company/get-company-by-virtual-host", json!({"virtualHost": "a"})).await.expect(403);
}
