//! Previews, thumbnails and conversions (spec/graph.md 7, 22 and 23; 7.3).

use serde_json::json;

use crate::support::{answer::Answer, graph::Graph, server::Server};

/// What a browser gets that opens the preview of a file with this name and these bytes.
async fn shown(server: &Server, who: &Graph<'_>, name: &str, bytes: &[u8]) -> Answer {
    let file = format!("{}/root:/{name}:", server.drive());
    let put = who.request("PUT", &format!("{file}/content")).body(bytes.to_vec());
    server.send(put).await;
    let said = who.post(&format!("{file}/preview")).await.expect(200).json();
    let answer = server.send(server.http.get(said["getUrl"].as_str().unwrap())).await.expect(200);
    assert_eq!(answer.body, bytes, "{name}");
    assert_eq!(answer.header("x-content-type-options"), "nosniff", "{name}");
    assert_eq!(answer.header("referrer-policy"), "no-referrer", "{name}");
    answer
}

#[tokio::test]
async fn a_browser_shows_what_is_safe_and_runs_nothing_of_it() {
    let server = Server::start().await;
    let ann = server.graph(&server.world.ann);
    let script = b"<script>fetch('/v1.0/me')</script>";
    let text = "text/plain; charset=utf-8";
    for (name, kind, inline) in [
        ("page.html", text, true),
        ("page.xhtml", text, true),
        ("page.htm", text, true),
        ("drawing.svg", text, true),
        ("feed.xml", text, true),
        ("program.js", text, true),
        ("style.css", text, true),
        ("table.csv", text, true),
        ("data.json", text, true),
        ("notes.txt", text, true),
        ("photo.png", "image/png", true),
        ("photo.jpg", "image/jpeg", true),
        ("film.mp4", "video/mp4", true),
        ("paper.pdf", "application/pdf", true),
        ("letter.docx", "application/vnd.openxmlformats-officedocument.wordprocessingml.document", false),
        ("all.zip", "application/zip", false),
        ("what.unknown-extension", "application/octet-stream", false),
    ] {
        let answer = shown(&server, &ann, name, script).await;
        assert_eq!(answer.header("content-type"), kind, "{name}");
        let disposition = answer.header("content-disposition");
        let wanted = if inline { "inline; " } else { "attachment; " };
        assert!(disposition.starts_with(wanted) && disposition.contains(name), "{disposition}");
        let policy = answer.header("content-security-policy");
        assert!(policy.starts_with("default-src 'none'; ") && !policy.contains("script-src"), "{policy}");
        assert_eq!(policy.ends_with("; sandbox"), kind != "application/pdf", "{name}: {policy}");
    }
    // whatever a client says that it is
    let file = format!("{}/root:/liar.unknown:", server.drive());
    let put = ann.request("PUT", &format!("{file}/content")).header("content-type", "Text/HTML;charset=utf-7");
    server.send(put.body("<script>")).await.expect(201);
    let said = ann.post_json(&format!("{file}/preview"), json!({"page": "2", "zoom": 1.5})).await.expect(200).json();
    let answer = server.send(server.http.get(said["getUrl"].as_str().unwrap())).await.expect(200);
    assert_eq!(answer.header("content-type"), text);
    // a download stays what it was: saved, under its own type, without the policy
    let page = format!("{}/root:/page.html:", server.drive());
    let address = ann.get(&format!("{page}/content")).await.expect(302).header("location");
    let download = server.send(server.http.get(address)).await.expect(200);
    assert!(download.header("content-disposition").starts_with("attachment"));
    assert_eq!(
        (download.header("content-type"), download.header("content-security-policy")),
        ("text/html".to_owned(), String::new())
    );
}

#[tokio::test]
async fn a_preview_is_of_what_its_caller_sees_and_ends() {
    let server = Server::start().await;
    let (ann, bob, plan) = (server.graph(&server.world.ann), server.graph(&server.world.bob), server.plan());
    ann.post(&format!("{plan}/checkout")).await.expect(204);
    ann.put(&format!("{plan}/content"), "working copy").await.expect(200);
    let address = async |who: &Graph<'_>| {
        who.post(&format!("{plan}/preview")).await.expect(200).json()["getUrl"].as_str().unwrap().to_owned()
    };
    let (hers, his) = (address(&ann).await, address(&bob).await);
    let get = async |url: &str| server.send(server.http.get(url)).await;
    assert_eq!(get(&hers).await.expect(200).text(), "working copy");
    assert_eq!(get(&his).await.expect(200).text(), "first");
    let part = server.send(server.http.get(&his).header("range", "bytes=1-2")).await.expect(206);
    assert_eq!((part.text(), part.header("content-security-policy").is_empty()), ("ir".to_owned(), false));
    server.send(server.http.head(&his)).await.expect(200);
    // nobody turns a download into something shown, or one file's address into another's
    let (before, secret) = his.split_once("tempauth=").unwrap();
    for bad in [secret.to_uppercase(), format!("{secret}A"), secret[2..].to_owned(), secret.replacen("Ag", "Aw", 1)] {
        if bad != secret {
            get(&format!("{before}tempauth={bad}")).await.expect(404);
        }
    }
    ann.post(&format!("{plan}/discardCheckout")).await.expect(204);
    get(&hers).await.expect(404);
    server.advance(chrono::Duration::hours(2));
    get(&his).await.expect(404);
}

#[tokio::test]
async fn there_is_no_preview_of_folders_or_for_those_who_may_not_read() {
    let server = Server::start().await;
    let (world, plan, drive) = (&server.world, server.plan(), server.drive());
    let ann = server.graph(&world.ann);
    for folder in [format!("{drive}/root"), format!("{drive}/root:/x:")] {
        ann.post_json(&format!("{drive}/root/children"), json!({"name": "x", "folder": {}})).await;
        let refused = ann.post(&format!("{folder}/preview")).await.expect(400).json();
        assert_eq!(refused["error"]["code"], "invalidRequest");
    }
    server.graph(&world.vic).post(&format!("{plan}/preview")).await.expect(403);
    server.graph(&world.carl).post(&format!("{plan}/preview")).await.expect(200);
    server.graph(&world.robot).post(&format!("{plan}/preview")).await.expect(200);
    server.graph(&world.eve).post(&format!("{plan}/preview")).await.expect(404);
    ann.post(&format!("{drive}/root:/nowhere:/preview")).await.expect(404);
    server.send(server.post(&format!("{plan}/preview"))).await.expect(401);
    ann.get(&format!("{plan}/preview")).await.expect(405);
    for bad in ["{", "[]", "3"] {
        server.send(ann.request("POST", &format!("{plan}/preview")).body(bad)).await.expect(400);
    }
}

#[tokio::test]
async fn there_are_no_thumbnails() {
    let server = Server::start().await;
    let (plan, drive) = (server.plan(), server.drive());
    let (ann, eve) = (server.graph(&server.world.ann), server.graph(&server.world.eve));
    for item in [plan.clone(), format!("{drive}/root"), format!("{drive}/root:/plan.txt:")] {
        let list = ann.get(&format!("{item}/thumbnails")).await.expect(200).json();
        assert_eq!(list["value"], json!([]), "{item}");
        for path in ["0", "0/small", "0/c300x400_crop", "0/large/content"] {
            let refused = ann.get(&format!("{item}/thumbnails/{path}")).await.expect(404).json();
            assert_eq!(refused["error"]["code"], "itemNotFound");
            eve.get(&format!("{item}/thumbnails/{path}")).await.expect(404);
        }
        eve.get(&format!("{item}/thumbnails")).await.expect(404);
    }
    server.graph(&server.world.vic).get(&format!("{plan}/thumbnails")).await.expect(200);
    ann.get(&format!("{drive}/root:/nowhere:/thumbnails")).await.expect(404);
    ann.post(&format!("{plan}/thumbnails")).await.expect(405);
    // expanded, too
    let item = ann.get(&format!("{plan}?$expand=thumbnails&$select=id")).await.expect(200).json();
    assert_eq!(item["thumbnails"], json!([]));
    assert_eq!(ann.get(&plan).await.json().get("thumbnails"), None);
    let list =
        ann.get(&format!("{drive}/root/children?$expand=thumbnails($select=small)&$select=name")).await.expect(200);
    assert_eq!(list.json()["value"], json!([{"name": "plan.txt", "thumbnails": []}]));
    let both =
        ann.get(&format!("{drive}/root?$expand=children($select=name),thumbnails&$select=id")).await.expect(200).json();
    assert_eq!((&both["thumbnails"], both["children"][0]["name"].as_str()), (&json!([]), Some("plan.txt")));
    ann.get(&format!("{plan}?$expand=thumbnails(")).await.expect(400);
}

#[tokio::test]
async fn nothing_is_converted() {
    let server = Server::start().await;
    let (ann, plan) = (server.graph(&server.world.ann), server.plan());
    for option in ["format=pdf", "$format=pdf", "format=glb", "format=html&width=3"] {
        let refused = ann.get(&format!("{plan}/content?{option}")).await.expect(406).json();
        let error = &refused["error"];
        assert_eq!(
            (&error["code"], &error["innerError"]["code"]),
            (&json!("notSupported"), &json!("invalidAcceptType"))
        );
    }
    // what cannot be read cannot be converted either
    ann.get(&format!("{}/root/content?format=pdf", server.drive())).await.expect(400);
    server.graph(&server.world.vic).get(&format!("{plan}/content?format=pdf")).await.expect(403);
    server.graph(&server.world.eve).get(&format!("{plan}/content?format=pdf")).await.expect(404);
    ann.get(&format!("{plan}/content?format=")).await.expect(302);
}
