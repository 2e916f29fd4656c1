//! Malformed input of every kind gets the vendor's 4xx, quickly, and changes nothing (spec/graph.md 2).

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use crate::support::{server::Server, world};

#[tokio::test]
async fn broken_bodies_are_400_in_the_envelope() {
    let server = Server::start().await;
    let (ann, plan, drive) = (server.graph(&server.world.ann), server.plan(), server.drive());
    ann.post(&format!("{plan}/checkout")).await.expect(204);
    let deep = format!("{}{}", r#"{"a":"#.repeat(2000), "}".repeat(2000));
    for body in [
        "{",
        "[]",
        "[\"comment\"]",
        "5",
        "null",
        "\"x\"",
        "{\"name\": \"\\ud800\"}",
        "{\"name\": \"x\",}",
        "\u{feff}{}",
        "{\"a\":1}{}",
        "\0",
        &deep,
        "{\"name\":\"a\",\"folder\":[]}",
        "{\"name\":{},\"folder\":{}}",
        "{\"folder\":{}}",
        "{\"name\":\"x\"}",
        "{\"name\":\"../x\",\"folder\":{}}",
        "{\"name\":\"a\\r\\nb\",\"folder\":{}}",
        "{\"name\":\"a\\u0000b\",\"folder\":{}}",
        "{\"name\":\"x\",\"folder\":{},\"file\":{}}",
    ] {
        let post = ann.request("POST", &format!("{drive}/root/children")).body(body.to_owned());
        let refused = server.send(post).await.expect(400);
        assert_eq!(refused.json()["error"]["code"], "invalidRequest", "{body}");
    }
    for body in ["{", "[]", "5", &deep] {
        for (method, path) in [("POST", format!("{plan}/checkin")), ("PATCH", plan.clone())] {
            server.send(ann.request(method, &path).body(body.to_owned())).await.expect(400);
        }
    }
    let large = format!("{{\"comment\": \"{}\"}}", "x".repeat(server.config.server.max_text_bytes));
    server.send(ann.request("POST", &format!("{plan}/checkin")).body(large)).await.expect(413);
    // actions without parameters do not read what comes with them
    for body in ["{}", "", "nonsense"] {
        server.send(ann.request("POST", &format!("{plan}/checkout")).body(body)).await.expect(204);
    }
    assert_eq!(ann.get(&format!("{drive}/root")).await.json()["folder"]["childCount"], 1);
    assert!(world::now(&server.vault, &server.world, &server.world.file).await.lock().is_some());
}

/// Sends bytes as they are, since a client library would mend them, and reads what comes back.
async fn raw(server: &Server, head: &str) -> String {
    // a body that ends early does so because its client has gone
    let ends_early = head.contains("Content-Length");
    let mut stream = TcpStream::connect(server.address).await.unwrap();
    stream.write_all(head.as_bytes()).await.unwrap();
    if ends_early {
        let _ = stream.shutdown().await;
    }
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer).await;
    String::from_utf8_lossy(&answer).into_owned()
}

#[tokio::test]
async fn broken_addresses_are_400_in_the_envelope() {
    let server = Server::start().await;
    let (token, drive) = (&server.world.ann.token, server.drive());
    for path in [
        "/root:/a%00b",
        "/root:/%FF",
        "/root:/%zz",
        "/root:/%",
        "/root:/../x",
        "/root:/a/%2e%2e/x",
        "/root:/..%2fx",
        "/root:/a:b/c",
        "/root:x",
        "/items/%00",
        "/items/%FF%FE",
    ] {
        let head = format!(
            "GET {drive}{path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nAuthorization: Bearer {token}\r\n\r\n"
        );
        let answer = raw(&server, &head).await;
        assert!(answer.starts_with("HTTP/1.1 400 ") && answer.contains("\"invalidPath\""), "{path}: {answer}");
    }
    let missing = ["/items/x'; DROP TABLE items; --", "/items/%27%22", "/root:/%E2%82%AC", "/items/*", "/root:/%25"];
    for path in missing {
        server.graph(&server.world.ann).get(&format!("{drive}{path}")).await.expect(404);
    }
}

#[tokio::test]
async fn a_body_that_ends_early_leaves_nothing() {
    let server = Server::start().await;
    let (token, drive) = (&server.world.ann.token, server.drive());
    for (method, path) in [("PUT", "/root:/half.txt:/content"), ("POST", "/root/children")] {
        let head = format!(
            "{method} {drive}{path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\nContent-Length: 100\r\n\r\n{{\"name\":\"half\""
        );
        let answer = raw(&server, &head).await;
        assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 400 "), "{answer}");
    }
    let ann = server.graph(&server.world.ann);
    assert_eq!(ann.get(&format!("{drive}/root")).await.json()["folder"]["childCount"], 1);
}

#[tokio::test]
async fn a_request_without_a_length_is_served() {
    let server = Server::start().await;
    let (token, plan) = (&server.world.ann.token, server.plan());
    let head = format!(
        "POST {plan}/checkout HTTP/1.1\r\nHost: x\r\nConnection: close\r\nAuthorization: bearer {token}\r\n\r\n"
    );
    assert!(raw(&server, &head).await.starts_with("HTTP/1.1 204 "));
}

#[tokio::test]
async fn every_call_of_the_table_asks_for_a_token_first() {
    let server = Server::start().await;
    for call in coatcheck::dialects::graph::CALLS {
        use coatcheck::dialects::graph::On;
        let subject = match call.on {
            On::Service => String::new(),
            On::Me => "/me".to_owned(),
            On::User => "/users/ann".to_owned(),
            On::Group => "/groups/g".to_owned(),
            On::Site => "/sites/root".to_owned(),
            On::Drive => "/me/drive".to_owned(),
            On::Item => "/me/drive/items/1".to_owned(),
            On::Share => "/shares/u!x".to_owned(),
        };
        let path = format!("/v1.0{subject}/{}", call.tail.replace('*', "x"));
        let answer = server.send(server.request(call.method, &path)).await;
        assert_eq!(answer.clone().expect(401).json()["error"]["code"], "InvalidAuthenticationToken", "{path}");
        // and is answered in the envelope with one
        let answer = server.send(server.graph(&server.world.ann).request(call.method, &path)).await;
        assert!(answer.status.as_u16() < 500 || answer.status.as_u16() == 501, "{} {path}: {answer}", call.method);
        assert!(answer.status.is_success() || answer.json()["error"]["code"].is_string(), "{path}: {answer}");
    }
}
