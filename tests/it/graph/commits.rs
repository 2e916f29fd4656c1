//! Ending upload sessions by `PUT` of an item (spec/graph.md 8).

use serde_json::{Value, json};

use crate::support::{answer::Answer, graph::Graph, server::Server, world};

/// A session that waits for its commit, with all bytes of `text`.
async fn session(server: &Server, who: &Graph<'_>, item: &str, text: &str) -> String {
    let begun = who.post_json(&format!("{item}/createUploadSession"), json!({"deferCommit": true})).await.expect(200);
    let url = begun.json()["uploadUrl"].as_str().unwrap().to_owned();
    let range = format!("bytes 0-{}/{}", text.len() - 1, text.len());
    server.send(server.http.put(&url).header("content-range", range).body(text.to_owned())).await.expect(202);
    url
}

async fn commit(server: &Server, who: &Graph<'_>, path: &str, body: Value) -> Answer {
    server.send(who.request("PUT", path).json(&body)).await
}

fn code(answer: &Answer) -> String {
    let error = &answer.json()["error"];
    let inner = error["innerError"]["code"].as_str().unwrap_or("-");
    format!("{} {} {inner}", answer.status.as_u16(), error["code"].as_str().unwrap())
}

#[tokio::test]
async fn a_deferred_session_ends_where_the_commit_says() {
    let server = Server::start().await;
    let (ann, drive) = (server.graph(&server.world.ann), server.drive());
    let path = format!("{drive}/root:/new.txt:");
    let url = session(&server, &ann, &path, "new").await;
    ann.get(&path).await.expect(404);
    let source = json!({"@microsoft.graph.sourceUrl": url, "@odata.type": "x"});
    let made = commit(&server, &ann, &path, source.clone()).await.expect(201);
    assert_eq!((&made.json()["name"], made.header("etag").is_empty()), (&json!("new.txt"), false));
    assert_eq!(ann.content(&path).await, "new");
    // again: the same file, no other version
    assert_eq!(commit(&server, &ann, &path, source).await.expect(200).json()["id"], made.json()["id"]);
    assert_eq!(ann.get(&format!("{path}/versions")).await.json()["value"].as_array().unwrap().len(), 1);

    // by the folder and a name; by the id; with folders that are missing; as another version
    let url = session(&server, &ann, &format!("{drive}/root:/a.txt:"), "a").await;
    let body = json!({"@microsoft.graph.sourceUrl": url, "name": "named.txt"});
    assert_eq!(commit(&server, &ann, &format!("{drive}/root"), body).await.expect(201).json()["name"], "named.txt");
    let url = session(&server, &ann, &format!("{drive}/root:/b.txt:"), "b").await;
    let body = json!({"@content.sourceUrl": url});
    commit(&server, &ann, &format!("{drive}/root:/deep/er/b.txt:"), body).await.expect(201);
    assert_eq!(ann.content(&format!("{drive}/root:/deep/er/b.txt:")).await, "b");
    let url = session(&server, &ann, &format!("{drive}/root:/c.txt:"), "c").await;
    let body = json!({"@microsoft.graph.sourceUrl": url, "name": "c.txt"});
    let made = commit(&server, &ann, &format!("{drive}/root:/to come:"), body).await.expect(201).json();
    assert!(made["parentReference"]["path"].as_str().unwrap().ends_with("/to%20come"), "{made}");
    let url = session(&server, &ann, &format!("{drive}/root:/d.txt:"), "second").await;
    let body = json!({"@microsoft.graph.sourceUrl": url});
    let saved = commit(&server, &ann, &server.plan(), body).await.expect(200).json();
    assert_eq!((&saved["name"], ann.content(&server.plan()).await), (&json!("plan.txt"), "second".to_owned()));
    ann.get(&format!("{drive}/root:/d.txt")).await.expect(404);
    // into a special folder, which comes into being
    let url = session(&server, &ann, &format!("{drive}/root:/e.txt:"), "e").await;
    let body = json!({"@microsoft.graph.sourceUrl": url});
    commit(&server, &ann, &format!("{drive}/special/music:/e.txt"), body).await.expect(201);
    assert_eq!(ann.get(&format!("{drive}/special/music")).await.expect(200).json()["folder"]["childCount"], 1);
}

#[tokio::test]
async fn a_taken_name_is_settled_as_the_commit_says() {
    let server = Server::start().await;
    let (ann, drive) = (server.graph(&server.world.ann), server.drive());
    let begin = json!({"item": {"@microsoft.graph.conflictBehavior": "fail"}});
    let begun = ann.post_json(&format!("{drive}/root:/a.txt:/createUploadSession"), begin).await.expect(200).json();
    let url = begun["uploadUrl"].as_str().unwrap().to_owned();
    ann.put(&format!("{drive}/root:/a.txt:/content"), "first come").await.expect(201);
    // the last fragment meets what came in between; the bytes stay, and the commit gives them another place
    let last = server.http.put(&url).header("content-range", "bytes 0-3/4").body("mine");
    server.send(last).await.expect(409);
    let with =
        |behavior: &str| json!({"@microsoft.graph.sourceUrl": url, "@microsoft.graph.conflictBehavior": behavior});
    let path = format!("{drive}/root:/a.txt:");
    assert_eq!(
        code(&commit(&server, &ann, &path, json!({"@microsoft.graph.sourceUrl": url})).await),
        "409 nameAlreadyExists -"
    );
    assert_eq!(code(&commit(&server, &ann, &path, with("fail")).await), "409 nameAlreadyExists -");
    commit(&server, &ann, &path, with("explode")).await.expect(400);
    assert_eq!(commit(&server, &ann, &path, with("rename")).await.expect(201).json()["name"], "a 1.txt");
    assert_eq!(ann.content(&path).await, "first come");
    let url = session(&server, &ann, &format!("{drive}/root:/b.txt:"), "newer").await;
    let with = |behavior: &str| json!({"@microsoft.graph.sourceUrl": url, "@name.conflictBehavior": behavior, "name": "A.TXT"});
    commit(&server, &ann, &format!("{drive}/root"), with("fail")).await.expect(409);
    // a folder's place is taken by nothing
    let folder = json!({"name": "folder", "folder": {}});
    ann.post_json(&format!("{drive}/root/children"), folder).await.expect(201);
    let body = json!({"@microsoft.graph.sourceUrl": url, "name": "folder"});
    commit(&server, &ann, &format!("{drive}/root"), body).await.expect(409);
    assert_eq!(
        commit(&server, &ann, &format!("{drive}/root"), with("replace")).await.expect(200).json()["name"],
        "a.txt"
    );
    assert_eq!(ann.content(&path).await, "newer");
}

#[tokio::test]
async fn conditions_and_locks_count_as_for_any_write() {
    let server = Server::start().await;
    let (ann, bob, plan, drive) =
        (server.graph(&server.world.ann), server.graph(&server.world.bob), server.plan(), server.drive());
    let url = session(&server, &ann, &format!("{drive}/root:/x.txt:"), "hers").await;
    let body = json!({"@microsoft.graph.sourceUrl": url});
    let conditional =
        async |path: &str, tag: &str| server.send(ann.request("PUT", path).header("if-match", tag).json(&body)).await;
    let tag = ann.get(&plan).await.header("etag");
    bob.post(&format!("{plan}/checkout")).await.expect(204);
    // the lock comes before the condition
    assert_eq!(code(&conditional(&plan, "\"x\"").await), "423 notAllowed resourceLocked");
    assert_eq!(code(&commit(&server, &ann, &plan, body.clone()).await), "423 notAllowed resourceLocked");
    bob.post(&format!("{plan}/discardCheckout")).await.expect(204);
    conditional(&plan, &tag).await.expect(412);
    conditional(&format!("{drive}/root:/nowhere.txt:"), "*").await.expect(412);
    let tag = ann.get(&plan).await.header("etag");
    // the holder's goes to the working copy
    ann.post(&format!("{plan}/checkout")).await.expect(204);
    conditional(&plan, &tag).await.expect(412);
    let tag = ann.get(&plan).await.header("etag");
    conditional(&plan, &tag).await.expect(200);
    assert_eq!((ann.content(&plan).await, bob.content(&plan).await), ("hers".to_owned(), "first".to_owned()));
}

#[tokio::test]
async fn what_its_beginning_was_conditional_on_still_counts_at_its_own_place() {
    let server = Server::start().await;
    let (ann, bob, plan, drive) =
        (server.graph(&server.world.ann), server.graph(&server.world.bob), server.plan(), server.drive());
    let by_path = format!("{drive}/root:/plan.txt:");
    let begin = async |item: &str, tag: &str| {
        let begin = ann.request("POST", &format!("{item}/createUploadSession")).header("if-match", tag);
        let begun = server.send(begin.json(&json!({"deferCommit": true}))).await.expect(200).json();
        let url = begun["uploadUrl"].as_str().unwrap().to_owned();
        server.send(server.http.put(&url).header("content-range", "bytes 0-3/4").body("hers")).await.expect(202);
        json!({"@microsoft.graph.sourceUrl": url})
    };
    for (number, begun_at) in [&plan, &by_path].into_iter().enumerate() {
        let session = begin(begun_at, &ann.get(&plan).await.header("etag")).await;
        let his = format!("his {number}");
        bob.put(&format!("{plan}/content"), &his).await.expect(200);
        let in_folder =
            json!({"@microsoft.graph.sourceUrl": session["@microsoft.graph.sourceUrl"], "name": "PLAN.txt"});
        for (at, body) in [(&plan, &session), (&by_path, &session), (&format!("{drive}/root"), &in_folder)] {
            assert_eq!(
                code(&commit(&server, &ann, at, body.clone()).await),
                "412 resourceModified entityTagDoesNotMatch",
                "{begun_at} {at}"
            );
        }
        assert_eq!(bob.content(&plan).await, his);
        // said anew it is another condition; elsewhere it is none
        let tag = ann.get(&plan).await.header("etag");
        let anew = ann.request("PUT", &by_path).header("if-match", tag).json(&session);
        server.send(anew).await.expect(200);
        assert_eq!(bob.content(&plan).await, "hers");
        let session = begin(begun_at, &ann.get(&plan).await.header("etag")).await;
        bob.put(&format!("{plan}/content"), &his).await.expect(200);
        commit(&server, &ann, &format!("{drive}/root:/other {number}.txt:"), session).await.expect(201);
    }
    // met, it is no hindrance
    let session = begin(&plan, &ann.get(&plan).await.header("etag")).await;
    commit(&server, &ann, &by_path, session).await.expect(200);
    // and a file that is gone meets none
    let session = begin(&by_path, &ann.get(&plan).await.header("etag")).await;
    bob.delete(&plan).await.expect(204);
    commit(&server, &ann, &by_path, session).await.expect(412);
}

#[tokio::test]
async fn a_session_that_has_ended_is_answered_where_it_ended_only() {
    let server = Server::start().await;
    let (ann, drive) = (server.graph(&server.world.ann), server.drive());
    let path = format!("{drive}/root:/new.txt:");
    let url = session(&server, &ann, &path, "new").await;
    let source = json!({"@microsoft.graph.sourceUrl": url});
    let made = commit(&server, &ann, &path, source.clone()).await.expect(201).json();
    let id = format!("{drive}/items/{}", made["id"].as_str().unwrap());
    let named = json!({"@microsoft.graph.sourceUrl": url, "name": "New.txt"});
    for (at, body) in [(&path, &source), (&id, &source), (&id, &named), (&format!("{drive}/root"), &named)] {
        assert_eq!(commit(&server, &ann, at, body.clone()).await.expect(200).json()["id"], made["id"], "{at}");
    }
    let other = json!({"@microsoft.graph.sourceUrl": url, "name": "plan.txt"});
    for (at, body) in [
        (&server.plan(), &source),
        (&format!("{drive}/root:/nowhere.txt:"), &source),
        (&format!("{drive}/root:/deep/new.txt:"), &source),
        (&format!("{drive}/root"), &source),
        (&format!("{drive}/root"), &other),
        (&id, &other),
    ] {
        let answer = commit(&server, &ann, at, body.clone()).await;
        assert_eq!(code(&answer), "404 itemNotFound uploadSessionNotFound", "{at}");
    }
    assert_eq!(ann.content(&server.plan()).await, "first");
    ann.get(&format!("{drive}/root:/deep")).await.expect(404);
    // also one that its last fragment ended
    let begun = ann.post(&format!("{drive}/root:/b.txt:/createUploadSession")).await.expect(200).json();
    let url = begun["uploadUrl"].as_str().unwrap();
    server.send(server.http.put(url).body("b")).await.expect(201);
    let source = json!({"@microsoft.graph.sourceUrl": url});
    commit(&server, &ann, &path, source.clone()).await.expect(404);
    commit(&server, &ann, &format!("{drive}/root:/b.txt:"), source).await.expect(200);
}

#[tokio::test]
async fn only_who_began_a_session_commits_it_and_with_their_rights() {
    let server = Server::start().await;
    let (world, drive, plan) = (&server.world, server.drive(), server.plan());
    let (ann, bob) = (server.graph(&world.ann), server.graph(&world.bob));
    let path = format!("{drive}/root:/x.txt:");
    let url = session(&server, &ann, &path, "x").await;
    let body = json!({"@microsoft.graph.sourceUrl": url});
    for who in [&bob, &server.graph(&world.dora), &server.graph(&world.robot)] {
        assert_eq!(code(&commit(&server, who, &path, body.clone()).await), "404 itemNotFound uploadSessionNotFound");
    }
    // a token of hers that only reads; a drive that is not hers; what she does not see
    let token = world::token(&server.vault, world.ann.person.id, &["Files.Read.All"]).await;
    let reader = server.graph_with(&token);
    for at in [&path, &plan, &format!("{drive}/root:/new/x.txt:")] {
        commit(&server, &reader, at, body.clone()).await.expect(403);
    }
    let personal = world::personal(&server.vault, &world.bob).await;
    commit(&server, &ann, &format!("/v1.0/drives/{}/root:/x.txt:", personal.graph_id), body.clone()).await.expect(404);
    commit(&server, &ann, &format!("{drive}/items/01NOWHERE"), body.clone()).await.expect(404);
    // a session that never was, was cancelled, or is not complete
    let other = |secret: &str| json!({"@microsoft.graph.sourceUrl": format!("{}?tempauth={secret}", url.split('?').next().unwrap())});
    for dead in ["cku_nothing", "", "%00"] {
        let answer = commit(&server, &ann, &path, other(dead)).await;
        assert_eq!(code(&answer), "404 itemNotFound uploadSessionNotFound", "{dead}");
    }
    let begun = ann.post_json(&format!("{path}/createUploadSession"), json!({"deferCommit": true})).await.json();
    let unfinished = begun["uploadUrl"].as_str().unwrap();
    let source = json!({"@microsoft.graph.sourceUrl": unfinished});
    assert_eq!(code(&commit(&server, &ann, &path, source.clone()).await), "400 invalidRequest -");
    let some = server.http.put(unfinished).header("content-range", "bytes 0-1/4").body("ab");
    server.send(some).await.expect(202);
    commit(&server, &ann, &path, source.clone()).await.expect(400);
    server.send(server.http.delete(unfinished)).await.expect(204);
    commit(&server, &ann, &path, source).await.expect(404);
    ann.get(&path).await.expect(404);
    // of unknown length, the commit is the end, and where it says
    let begun = ann.post_json(&format!("{path}/createUploadSession"), json!({})).await.json();
    let open = begun["uploadUrl"].as_str().unwrap();
    server.send(server.http.put(open).header("content-range", "bytes 0-3/*").body("open")).await.expect(202);
    let body = json!({"@microsoft.graph.sourceUrl": open});
    commit(&server, &ann, &format!("{drive}/root:/open.txt:"), body).await.expect(201);
    assert_eq!(ann.content(&format!("{drive}/root:/open.txt:")).await, "open");
}

#[tokio::test]
async fn no_other_address_is_ever_called() {
    let server = Server::start().await;
    let (ann, drive) = (server.graph(&server.world.ann), server.drive());
    let path = format!("{drive}/root:/x.txt:");
    let url = session(&server, &ann, &path, "x").await;
    // somebody who would notice
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let elsewhere = format!("http://{}", listener.local_addr().unwrap());
    let rest = url.strip_prefix(&server.url("")).unwrap();
    for bad in [
        format!("{elsewhere}{rest}"),
        format!("{elsewhere}/file.txt"),
        format!("https://{}{rest}", server.address),
        format!("http://{}@{}{rest}", server.address, listener.local_addr().unwrap()),
        rest.to_owned(),
        format!("//{}{rest}", server.address),
        server.url(&format!("{drive}/root")),
        "file:///etc/passwd".to_owned(),
        "nonsense".to_owned(),
        String::new(),
    ] {
        let answer = commit(&server, &ann, &path, json!({"@microsoft.graph.sourceUrl": bad})).await;
        assert_eq!(code(&answer), "400 invalidRequest invalidParameterFormat", "{bad}");
    }
    let waiting = tokio::time::timeout(std::time::Duration::from_millis(1), listener.accept()).await;
    assert!(waiting.is_err(), "it was called");
    for body in [
        json!({}),
        json!({"name": "x.txt"}),
        json!({"@microsoft.graph.sourceUrl": 3}),
        json!({"@microsoft.graph.sourceUrl": null}),
    ] {
        commit(&server, &ann, &path, body).await.expect(400);
    }
    server.send(ann.request("PUT", &path).body("no JSON")).await.expect(400);
    let source = json!({"@microsoft.graph.sourceUrl": url});
    // a folder without a name, a bad name, bad names on the way
    commit(&server, &ann, &format!("{drive}/root"), source.clone()).await.expect(400);
    let named = json!({"@microsoft.graph.sourceUrl": url, "name": "a*b"});
    commit(&server, &ann, &format!("{drive}/root"), named).await.expect(400);
    commit(&server, &ann, &format!("{drive}/root:/a|b/x.txt:"), source.clone()).await.expect(400);
    server.send(server.request("PUT", &path).json(&source)).await.expect(401);
    ann.get(&path).await.expect(404);
    // the session has outlived all of it
    commit(&server, &ann, &path, source).await.expect(201);
}
