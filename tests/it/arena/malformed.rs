//! Input that cannot be: each in the vendor's shape, quickly, with nothing half-written (spec/arena.md 1.1, 5.3, 13).

use coatcheck::dialects::arena::{PREFIXES, routes};

use crate::support::{
    arena::{code, guid, message},
    server::Server,
    world,
};

#[tokio::test]
async fn paths_that_lead_nowhere_and_methods_nobody_knows() {
    let server = Server::start().await;
    let ann = server.arena(&server.world.ann).await;
    let nowhere = [
        "/v1",
        "/v1/",
        "/v1/x",
        "/v1/files/a/b/c",
        "/files/a/markups/b",
        "/settings",
        "/settings/x",
        "/login/x",
        "/v1/changes",
        "/items/a/b",
    ];
    for path in nowhere {
        for client in [ann.request("GET", path), server.get(path)] {
            let answer = server.send(client).await;
            assert_eq!(code(&answer), "404 404", "{path}");
            assert_eq!(message(&answer), "No resource has been found.");
        }
    }
    for prefix in PREFIXES {
        for (path, _) in routes() {
            let answer = server.send(ann.request("PATCH", &format!("{prefix}{path}"))).await;
            assert_eq!(code(&answer), "405 405", "{path}");
            assert_eq!(message(&answer), "The method is not allowed.");
        }
    }
    let long = server.send(server.get(&format!("/v1/{}", "x".repeat(9000)))).await;
    assert_eq!(code(&long), "414 414");
    let heavy = server.send(server.get("/v1/files").header("x-long", "x".repeat(33_000))).await;
    assert_eq!(code(&heavy), "431 431");
    assert_eq!(code(&ann.get("/v1/files/%FF").await), "400 400");
    assert_eq!(code(&ann.get("/v1/files/%00").await), "400 3011");
}

#[tokio::test]
async fn json_that_is_none() {
    let server = Server::start().await;
    let ann = server.arena(&server.world.ann).await;
    let deep = format!("{}{}", "[".repeat(10_000), "]".repeat(10_000));
    let nested = format!("{{\"checkedOut\":true,\"file\":{deep}}}");
    for body in ["", "{", "[]", "null", "7", "{\"checkedOut\":tru", "{\"a\":\"\\ud800\"}", "\u{feff}{}", &nested] {
        let answer = ann.change_raw(body).await;
        assert_eq!(code(&answer), "400 400", "{body:.40}");
    }
    let bytes = ann.request("POST", "/v1/files/checkoutstatuschanges").header("content-type", "application/json");
    assert_eq!(code(&server.send(bytes.body(b"{\"a\":\"\xff\"}".to_vec())).await), "400 400");
    let long = format!("{{\"comment\":\"{}\"}}", "x".repeat(64 * 1024));
    assert_eq!(code(&ann.change_raw(long).await), "413 413");
    for kind in ["text/plain", "application/xml", "multipart/mixed; boundary=b", "application/x-www-form-urlencoded"] {
        for path in ["/v1/files/checkoutstatuschanges", "/v1/files"] {
            let request = ann.request("POST", path).header("content-type", kind).body("{}");
            assert_eq!(code(&server.send(request).await), "415 415", "{kind}");
        }
    }
    let none = ann.request("POST", "/v1/files/checkoutstatuschanges").body("{}");
    assert_eq!(code(&server.send(none).await), "415 415");
}

/// A form with the boundary `b`: heads and bodies of its parts.
fn form(parts: &[(&str, &str)]) -> String {
    let part = |(head, body): &(&str, &str)| {
        ["--b\r\nContent-Disposition: form-data; ", head, "\r\n\r\n", body, "\r\n"].concat()
    };
    parts.iter().map(part).collect::<String>() + "--b--\r\n"
}

#[tokio::test]
async fn forms_that_are_none() {
    let server = Server::start().await;
    let ann = server.arena(&server.world.ann).await;
    let file = guid(&server.world.file);
    ann.check_out(file).await.expect(201);
    let good = [(r#"name="file.guid""#, file), (r#"name="content"; filename="a.txt""#, "x")];
    let whole = form(&good);
    let many: Vec<_> = (0..1000).map(|_| (r#"name="x""#, "y")).chain(good).collect();
    let crlf = "name=\"content\"; filename=\"a\r\nX-Evil: 1.txt\"";
    let cases = [
        ("nothing", String::new()),
        ("no form", "hello".to_owned()),
        ("cut in the file", whole[..whole.len() - 9].to_owned()),
        ("cut in a head", whole[..30].to_owned()),
        ("a thousand parts", form(&many)),
        ("65 parts", form(&many[many.len() - 65..])),
        ("two files", form(&[good[0], good[1], good[1]])),
        ("no name", form(&[good[0], ("x", "y"), good[1]])),
        ("dots", form(&[good[0], (r#"name="content"; filename="..""#, "x")])),
        ("a tab in the file name", form(&[good[0], ("name=\"content\"; filename=\"a\tb\"", "x")])),
        ("a line in the file name", form(&[good[0], (crlf, "x")])),
    ];
    for (what, body) in cases {
        for path in ["/v1/files/checkoutstatuschanges", "/v1/files"] {
            let answer = ann.form_raw(path, body.clone()).await;
            assert_eq!(code(&answer), "400 400", "{what}: {answer}");
        }
    }
    let not_utf8 = [form(&[(r#"name="comment""#, "?")]).replace('?', "\u{1}").into_bytes()].concat();
    let not_utf8: Vec<u8> = not_utf8.into_iter().map(|byte| if byte == 1 { 0xff } else { byte }).collect();
    assert_eq!(code(&ann.form_raw("/v1/files", not_utf8).await), "400 400");
    let long = "x".repeat(64 * 1024 + 1);
    let answer = ann.form_raw("/v1/files", form(&[(r#"name="unknown""#, &long)])).await;
    assert_eq!(code(&answer), "413 413");
    let bare = ann.request("POST", "/v1/files").header("content-type", "multipart/form-data").body(whole.clone());
    assert_eq!(code(&server.send(bare).await), "400 400");

    // nothing of all that was done
    assert_eq!(ann.get(&format!("/files/{file}/editions")).await.json()["count"], 1);
    assert_eq!(ann.get("/files").await.json()["count"], 1);
    assert!(world::now(&server.vault, &server.world, &server.world.file).await.lock().is_some());
    // and a name that would leave its folder is only a name
    let tricky = form(&[good[0], (r#"name="content"; filename="../../etc/passwd""#, "x")]);
    let answer = ann.form_raw("/v1/files/checkoutstatuschanges", tricky).await.expect(201);
    assert_eq!(answer.json()["file"]["name"], "passwd");
}

#[tokio::test]
async fn an_announced_body_beyond_two_gigabytes_is_refused_unread() {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let server = Server::start().await;
    let ann = server.arena(&server.world.ann).await;
    let mut socket = tokio::net::TcpStream::connect(server.address).await.unwrap();
    let head = format!(
        "POST /v1/files HTTP/1.1\r\nHost: x\r\nConnection: close\r\nArena_Session_Id: {}\r\nContent-Type: multipart/form-data; \
         boundary=b\r\nContent-Length: 3000000000\r\n\r\n--b\r\n",
        ann.session
    );
    socket.write_all(head.as_bytes()).await.unwrap();
    let mut answer = vec![0; 4096];
    let read = socket.read(&mut answer).await.unwrap();
    let answer = String::from_utf8_lossy(&answer[..read]).into_owned();
    assert!(answer.starts_with("HTTP/1.1 400") && answer.contains("\"code\":3033"), "{answer}");
}
