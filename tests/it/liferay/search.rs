//! Searching (`search`, spec/liferay.md 9.1): by words and by who made something.

use coatcheck::vault::LibraryUpdate;
use insta::assert_snapshot;
use serde_json::{Value, json};

use crate::support::{liferay::Liferay, server::Server};

const SEARCH: &str = "/dlapp/search";

/// Titles of what was found, in its order.
fn titles(hits: &Value) -> Vec<&str> {
    let docs = hits["docs"].as_array().unwrap();
    docs.iter().map(|document| document["fields"]["title"]["value"].as_str().unwrap()).collect()
}

async fn found(client: &Liferay<'_>, parameters: Value) -> Value {
    let hits = client.call(SEARCH, parameters).await.expect(200).json();
    assert_eq!(hits["scores"].as_array().unwrap().len(), hits["docs"].as_array().unwrap().len());
    hits
}

/// The world's file, older than one of Ann's, one in a folder, and one of Bob's in a folder below; answers both folders.
async fn filled(server: &Server) -> (String, String) {
    let (ann, bob) = (server.liferay(&server.world.ann), server.liferay(&server.world.bob));
    let mut folders = vec!["0".to_owned()];
    for (client, name, file) in [(&ann, "Outer plan", "plan b.pdf"), (&bob, "Inner", "c.txt")] {
        server.advance(chrono::Duration::minutes(1));
        let folder = json!({
            "repositoryId": server.group(), "parentFolderId": folders.last().unwrap(), "name": name, "description": "",
        });
        let folder = client.call("/dlapp/add-folder", folder).await.expect(200).json();
        folders.push(folder["folderId"].as_str().unwrap().to_owned());
        let file = json!({
            "repositoryId": server.group(), "folderId": folders.last().unwrap(), "sourceFileName": file, "mimeType": "",
            "title": file, "description": "the second draft", "changeLog": "", "bytes": [1, 2],
        });
        client.call("/dlapp/add-file-entry", file).await.expect(200);
    }
    server.advance(chrono::Duration::minutes(1));
    ann.add("a.txt", "a.txt", "a").await.expect(200);
    (folders[1].clone(), folders[2].clone())
}

#[tokio::test]
async fn hits_are_the_vendors_member_for_member() {
    let server = Server::start().await;
    let ann = server.liferay(&server.world.ann);
    let parameters = json!({"repositoryId": server.group(), "searchContext": {"keywords": "plan"}});
    let mut hits = found(&ann, parameters).await;
    let time = hits["searchTime"].take();
    assert!(time.as_f64().unwrap() >= 0.0);
    let mut text = hits.to_string();
    let numbers =
        [(server.plan_number(), "<file>"), (server.group(), "<group>"), (server.world.ann.person.number, "<ann>")];
    for (number, word) in numbers {
        text = text.replace(&number.to_string(), word);
    }
    assert_snapshot!(text, @r#"{"collatedSpellCheckResult":"","docs":[{"UID":"com.liferay.document.library.kernel.model.DLFileEntry_PORTLET_<file>","fields":{"classTypeId":{"name":"classTypeId","value":"0","values":["0"]},"companyId":{"name":"companyId","value":"20097","values":["20097"]},"createDate":{"name":"createDate","value":"20260304050607","values":["20260304050607"]},"dataRepositoryId":{"name":"dataRepositoryId","value":"<group>","values":["<group>"]},"entryClassName":{"name":"entryClassName","value":"com.liferay.document.library.kernel.model.DLFileEntry","values":["com.liferay.document.library.kernel.model.DLFileEntry"]},"entryClassPK":{"name":"entryClassPK","value":"<file>","values":["<file>"]},"extension":{"name":"extension","value":"txt","values":["txt"]},"fileEntryTypeId":{"name":"fileEntryTypeId","value":"0","values":["0"]},"folderId":{"name":"folderId","value":"0","values":["0"]},"groupId":{"name":"groupId","value":"<group>","values":["<group>"]},"hidden":{"name":"hidden","value":"false","values":["false"]},"mimeType":{"name":"mimeType","value":"text_plain","values":["text_plain"]},"modified":{"name":"modified","value":"20260304050607","values":["20260304050607"]},"path":{"name":"path","value":"plan.txt","values":["plan.txt"]},"scopeGroupId":{"name":"scopeGroupId","value":"<group>","values":["<group>"]},"size":{"name":"size","value":"5","values":["5"]},"status":{"name":"status","value":"0","values":["0"]},"title":{"name":"title","value":"plan.txt","values":["plan.txt"]},"treePath":{"name":"treePath","value":"","values":[]},"uid":{"name":"uid","value":"com.liferay.document.library.kernel.model.DLFileEntry_PORTLET_<file>","values":["com.liferay.document.library.kernel.model.DLFileEntry_PORTLET_<file>"]},"userId":{"name":"userId","value":"<ann>","values":["<ann>"]},"userName":{"name":"userName","value":"Ann Example","values":["Ann Example"]}},"portletId":"com.liferay.document.library.kernel.model.DLFileEntry"}],"length":1,"querySuggestions":[],"queryTerms":[],"scores":[1.0],"searchTime":null,"snippets":[],"start":"1772600767000"}"#);
}

#[tokio::test]
async fn words_find_files_wherever_they_lie_as_far_as_the_context_says() {
    let server = Server::start().await;
    let (outer, inner) = filled(&server).await;
    let (ann, bob) = (server.world.ann.person.number, server.world.bob.person.number);
    let vic = server.liferay(&server.world.vic);
    for (context, expected) in [
        (json!({"keywords": "plan"}), &["plan b.pdf", "plan.txt"][..]),
        (json!({"keywords": "PLAN pdf"}), &["plan b.pdf"]),
        (json!({"keywords": "pla*"}), &["plan b.pdf", "plan.txt"]),
        (json!({"keywords": "draft"}), &["c.txt", "plan b.pdf"]),
        (json!({"keywords": "nowhere"}), &[]),
        (json!({"keywords": "&"}), &[]),
        (json!({"keywords": ""}), &["a.txt", "c.txt", "plan b.pdf", "plan.txt"]),
        (json!({}), &["a.txt", "c.txt", "plan b.pdf", "plan.txt"]),
        (Value::Null, &["a.txt", "c.txt", "plan b.pdf", "plan.txt"]),
        (json!({"folderIds": [outer]}), &["c.txt", "plan b.pdf"]),
        (json!({"folderIds": [inner], "keywords": "plan"}), &[]),
        (json!({"folderIds": [inner, "0"], "keywords": "plan"}), &["plan b.pdf", "plan.txt"]),
        (json!({"folderIds": [1]}), &[]),
        (json!({"folderIds": [1, inner]}), &["c.txt"]),
        (json!({"folderIds": []}), &["a.txt", "c.txt", "plan b.pdf", "plan.txt"]),
        (json!({"ownerUserId": bob}), &["c.txt"]),
        (json!({"ownerUserId": ann, "keywords": "draft"}), &["plan b.pdf"]),
        (
            json!({"locale": "de_DE", "attributes": {"x": [1]}, "facets": {}, "keywords": "plan"}),
            &["plan b.pdf", "plan.txt"],
        ),
    ] {
        let mut parameters = json!({"repositoryId": server.group(), "searchContext": context});
        let hits = found(&vic, parameters.clone()).await;
        assert_eq!((titles(&hits), &hits["length"]), (expected.to_vec(), &json!(expected.len())), "{parameters}");
        // a query of null changes nothing, nor does the context as text
        parameters["query"] = Value::Null;
        assert_eq!(found(&vic, parameters.clone()).await["docs"], hits["docs"], "{parameters}");
        if !context.is_null() {
            parameters["searchContext"] = context.to_string().into();
            assert_eq!(found(&vic, parameters.clone()).await["docs"], hits["docs"], "{parameters}");
        }
    }
    // property by property
    let path = format!("{SEARCH}?repositoryId={}&%2BsearchContext=&searchContext.keywords=draft", server.group());
    assert_eq!(titles(&vic.get(&path).await.expect(200).json()), ["c.txt", "plan b.pdf"]);
    let class = "com.liferay.portal.kernel.search.SearchContext";
    let path = format!("{SEARCH}/repository-id/{}/+search-context:{class}?searchContext.end=1", server.group());
    assert_eq!(titles(&vic.get(&path).await.expect(200).json()), ["a.txt"]);
}

#[tokio::test]
async fn words_find_a_title_wherever_it_was_given() {
    let server = Server::start().await;
    let ann = server.liferay(&server.world.ann);
    let arena = server.arena(&server.world.ann).await;
    let texts = [("title", "Gearbox assembly notes"), ("edition", "1"), ("private", "false")];
    arena.form("/v1/files", &texts, Some(("content", "box.txt", "x"))).await.expect(201);
    let by = async |words: &str| {
        let context = json!({"repositoryId": server.group(), "searchContext": {"keywords": words}});
        found(&ann, context).await
    };
    for words in ["gearbox", "Assembly NOTES", "notes box.txt", "gear*", "gearbox.assembly"] {
        assert_eq!(titles(&by(words).await), ["Gearbox assembly notes"], "{words}");
    }
    for words in ["gear", "notes.box", "gearbox plan"] {
        assert_eq!(by(words).await["length"], 0, "{words}");
    }
    // what it was called before is no word of it
    let number = by("gearbox").await["docs"][0]["fields"]["entryClassPK"]["value"].clone();
    let update = json!({
        "fileEntryId": number, "sourceFileName": "box.txt", "mimeType": "", "title": "Other words", "description": "",
        "changeLog": "", "majorVersion": false, "bytes": [1],
    });
    ann.call("/dlapp/update-file-entry", update).await.expect(200);
    assert_eq!(by("gearbox").await["length"], 0);
    assert_eq!(titles(&by("other words").await), ["Other words"]);
}

#[tokio::test]
async fn what_a_user_made_is_found_without_words() {
    let server = Server::start().await;
    let (outer, inner) = filled(&server).await;
    let (ann, bob) = (server.world.ann.person.number, server.world.bob.person.number);
    let vic = server.liferay(&server.world.vic);
    for (user, folder, types, status, expected) in [
        (0, None, Value::Null, 0, &["a.txt", "c.txt", "plan b.pdf", "plan.txt"][..]),
        (ann, None, Value::Null, -1, &["a.txt", "plan b.pdf", "plan.txt"]),
        (bob, None, Value::Null, 0, &["c.txt"]),
        (1, None, Value::Null, 0, &[]),
        (0, None, Value::Null, 8, &[]),
        (0, Some("0"), Value::Null, 0, &["a.txt", "c.txt", "plan b.pdf", "plan.txt"]),
        (0, Some(outer.as_str()), Value::Null, 0, &["c.txt", "plan b.pdf"]),
        (bob, Some(outer.as_str()), Value::Null, 0, &["c.txt"]),
        (ann, Some(inner.as_str()), Value::Null, 0, &[]),
        (0, Some("0"), json!(["application/pdf"]), 0, &["plan b.pdf"]),
        (0, Some("0"), json!("application/pdf,text/plain"), 0, &["a.txt", "c.txt", "plan b.pdf", "plan.txt"]),
        (0, Some("0"), json!([]), 0, &["a.txt", "c.txt", "plan b.pdf", "plan.txt"]),
        (0, Some("0"), json!(["image/png"]), 0, &[]),
    ] {
        let mut parameters = json!({"creatorUserId": user, "status": status, "start": -1, "end": -1});
        if let Some(folder) = folder {
            (parameters["folderId"], parameters["mimeTypes"]) = (folder.into(), types.clone());
        }
        for (method, site) in [(SEARCH, "repositoryId"), ("/dlfileentry/search", "groupId")] {
            let mut parameters = parameters.clone();
            parameters[site] = server.group().into();
            let hits = vic.call(method, parameters.clone()).await.expect(200).json();
            assert_eq!((titles(&hits), &hits["length"]), (expected.to_vec(), &json!(expected.len())), "{parameters}");
        }
    }
}

#[tokio::test]
async fn a_window_shows_a_part_and_counts_all() {
    let server = Server::start().await;
    filled(&server).await;
    let ann = server.liferay(&server.world.ann);
    for (start, end, expected) in [
        (0, 2, &["a.txt", "c.txt"][..]),
        (2, 9, &["plan b.pdf", "plan.txt"]),
        (9, 12, &[]),
        (3, 1, &[]),
        (1, 1, &[]),
        (-1, -1, &["a.txt", "c.txt", "plan b.pdf", "plan.txt"]),
    ] {
        let context = json!({"repositoryId": server.group(), "searchContext": {"start": start, "end": end}});
        let made = json!({"repositoryId": server.group(), "creatorUserId": 0, "status": 0, "start": start, "end": end});
        for parameters in [context, made] {
            let hits = found(&ann, parameters.clone()).await;
            assert_eq!((titles(&hits), &hits["length"]), (expected.to_vec(), &json!(4)), "{parameters}");
        }
    }
}

#[tokio::test]
async fn what_the_caller_may_not_see_is_neither_found_nor_counted() {
    let server = Server::start().await;
    let required = LibraryUpdate { check_out_required: Some(true), ..LibraryUpdate::default() };
    server.vault.update_library(server.world.library.id, &required).await.unwrap();
    let (ann, bob) = (server.liferay(&server.world.ann), server.liferay(&server.world.bob));
    // nobody else's until it is checked in for the first time
    ann.add("secret plan.txt", "secret plan.txt", "x").await.expect(200);
    let trashed = ann.add("old plan.txt", "old plan.txt", "x").await.expect(200).json();
    ann.call("/dlapp/delete-file-entry", json!({"fileEntryId": trashed["fileEntryId"]})).await.expect(200);
    let words = json!({"repositoryId": server.group(), "searchContext": {"keywords": "plan"}});
    let made = json!({
        "repositoryId": server.group(), "creatorUserId": server.world.ann.person.number, "status": -1, "start": 0, "end": 9,
    });
    for parameters in [words, made] {
        assert_eq!(found(&ann, parameters.clone()).await["length"], 2);
        let hits = found(&bob, parameters.clone()).await;
        assert_eq!((titles(&hits), &hits["length"]), (vec!["plan.txt"], &json!(1)));
        let eve = server.liferay(&server.world.eve);
        let hidden = eve.call(SEARCH, parameters.clone()).await.expect(404).json();
        assert_eq!(hidden["error"]["type"], "com.liferay.portal.kernel.exception.NoSuchGroupException");
        server.liferay_guest().call(SEARCH, parameters).await.expect(403);
    }
}

#[tokio::test]
async fn a_query_a_bad_context_and_a_foreign_class_are_refused() {
    let server = Server::start().await;
    let ann = server.liferay(&server.world.ann);
    let group = server.group();
    let many = "word ".repeat(100);
    for (parameters, class) in [
        (json!({"searchContext": {}, "query": {"a": 1}}), "java.lang.ClassCastException"),
        (json!({"searchContext": {}, "query": "plan"}), "java.lang.ClassCastException"),
        (json!({"searchContext": {}, "+query": ""}), "java.lang.IllegalArgumentException"),
        (json!({"searchContext": "plan"}), "java.lang.ClassCastException"),
        (json!({"searchContext": [1]}), "java.lang.ClassCastException"),
        (json!({"searchContext": {"keywords": many}}), "java.lang.IllegalArgumentException"),
        (json!({"searchContext": {"folderIds": vec![0; 101]}}), "java.lang.IllegalArgumentException"),
        (json!({"+searchContext": "java.lang.Runtime"}), "jodd.typeconverter.TypeConversionException"),
    ] {
        let mut parameters = parameters;
        parameters["repositoryId"] = group.into();
        let refused = ann.call(SEARCH, parameters.clone()).await.expect(500).json();
        assert_eq!(refused["error"]["type"], class, "{parameters}");
    }
    let elsewhere = json!({"repositoryId": 1, "searchContext": {"folderIds": [1]}});
    assert!(ann.call(SEARCH, elsewhere).await.expect(404).text().contains("NoSuchGroupException"));
    let nowhere = json!({
        "repositoryId": group, "creatorUserId": 0, "folderId": 1, "mimeTypes": null, "status": 0, "start": 0, "end": 1,
    });
    assert!(ann.call(SEARCH, nowhere).await.expect(404).text().contains("NoSuchFolderException"));
}
