//! Download addresses, the front door, and addresses that lead nowhere.

use crate::support::server::Server;

#[tokio::test]
async fn a_file_has_several_addresses() {
    let server = Server::start().await;
    let ann = server.liferay(&server.world.ann);
    ann.add("Grüße", "a.txt", "hello").await.expect(200);
    let (group, uuid) = (server.group(), server.world.file.id.0);
    for (path, text) in [
        (format!("/documents/{group}/0/plan.txt/{uuid}?t=1583242374123"), "first"),
        (format!("/documents/{group}/0/plan.txt"), "first"),
        (format!("/documents/{group}/77/anything/{uuid}"), "first"),
        (format!("/documents/{group}/{uuid}"), "first"),
        (format!("/documents/{group}/0/Gr%C3%BC%C3%9Fe"), "hello"),
        (format!("/documents/{group}/0/Gr%C3%BC%C3%9Fe.txt?version=1.0"), "hello"),
    ] {
        let answer = server.send(ann.request("GET", &path)).await.expect(200);
        assert_eq!(answer.text(), text, "{path}");
        assert!(answer.header("liferay-portal").contains("Build 7201"));
        assert_eq!(answer.header("content-type"), "text/plain");
        assert_eq!(answer.header("x-content-type-options"), "nosniff");
    }
    for path in [
        format!("/documents/{group}"),
        format!("/documents/{group}/0/nope"),
        format!("/documents/{group}/1/plan.txt"),
        format!("/documents/0{group}/0/plan.txt"),
        format!("/documents/99999/{uuid}"),
        format!("/documents/{group}/0/plan.txt/{}", uuid.simple()),
        format!("/documents/{group}/0/plan.txt?version=9.9"),
        format!("/documents/{group}/0/plan.txt?version=PWC"),
        format!("/documents/{group}/0/%FF"),
        format!("/documents/{group}/a/b/c/d"),
        "/documents/1a/0/x".to_owned(),
    ] {
        let answer = server.send(ann.request("GET", &path)).await.expect(404);
        assert!(answer.json()["error"]["type"].is_string(), "{path}");
    }
}

#[tokio::test]
async fn a_download_honours_ranges_and_conditions() {
    let server = Server::start().await;
    let ann = server.liferay(&server.world.ann);
    let path = format!("/documents/{}/0/plan.txt", server.group());
    let whole = server.send(ann.request("GET", &path)).await.expect(200);
    assert_eq!(whole.header("content-disposition"), "inline; filename=\"plan.txt\"; filename*=UTF-8''plan.txt");
    let head = server.send(ann.request("HEAD", &path)).await.expect(200);
    assert_eq!((head.header("content-length"), head.text()), ("5".to_owned(), String::new()));
    let part = server.send(ann.request("GET", &path).header("Range", "bytes=1-2")).await.expect(206);
    assert_eq!(part.text(), "ir");
    let outside = server.send(ann.request("GET", &path).header("Range", "bytes=9-")).await.expect(416);
    assert_eq!(outside.header("content-range"), "bytes */5");
    let known = ann.request("GET", &path).header("If-None-Match", whole.header("etag"));
    server.send(known).await.expect(304);
    server.send(ann.request("GET", &path).header("If-Match", "\"x\"")).await.expect(412);
    let saved = server.send(ann.request("GET", &format!("{path}?download=true"))).await;
    assert!(saved.header("content-disposition").starts_with("attachment"));
    server.send(ann.request("DELETE", &path)).await.expect(404);
}

#[tokio::test]
async fn what_a_browser_would_run_is_saved_instead() {
    let server = Server::start().await;
    let ann = server.liferay(&server.world.ann);
    for name in ["page.html", "image.svg", "data.xml"] {
        ann.add(name, name, "<script>").await.expect(200);
        let answer = server.send(ann.request("GET", &format!("/documents/{}/0/{name}", server.group()))).await;
        assert!(answer.header("content-disposition").starts_with("attachment"), "{name}");
    }
}

#[tokio::test]
async fn who_may_not_read_gets_no_bytes() {
    let server = Server::start().await;
    server.liferay(&server.world.eve).download("").await.expect(404);
    // a viewer sees names, not content
    server.liferay(&server.world.vic).download("").await.expect(403);
    server.liferay_guest().download("").await.expect(403);
}

#[tokio::test]
async fn the_front_door_shows_the_build() {
    let server = Server::start().await;
    for method in ["GET", "HEAD"] {
        let answer = server.send(server.request(method, "/")).await.expect(200);
        assert!(answer.header("liferay-portal").contains("Build 7201"));
    }
    server.send(server.request("POST", "/")).await.expect(404);
    let nowhere = server.send(server.get("/o/headless-delivery/v1.0/nothing/1")).await.expect(404);
    assert_eq!(nowhere.json()["status"], "NOT_FOUND");
    assert!(nowhere.header("liferay-portal").contains("Build 7201"));
}
