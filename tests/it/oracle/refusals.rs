//! What is refused before or beside a handler, and bodies nobody can read (spec/oracle.md 2).

use insta::assert_snapshot;
use reqwest::Method;
use serde_json::json;

use crate::support::{oracle::numbered, server::Server};

#[tokio::test]
async fn what_leads_nowhere_says_so_in_the_vendors_shape() {
    let server = Server::start().await;
    for path in [
        "/documents/api/1.1/nothing",
        "/documents/api/2.0",
        "/documents/api/1.1/metadata-catalog/nothing",
        "/documents/integration/nothing",
        "/oauth2",
        "/documents/api/1.1/files",
        "/documents/api/2.0/folders/items",
        "/oauth2/v1/tokens",
    ] {
        let answer = server.send(server.get(path)).await.expect(404);
        assert_eq!(answer.json()["errorCode"], "-1", "{path}");
        assert!(!answer.header("x-oracle-dms-ecid").is_empty(), "{path}");
    }
    let json = server.send(server.get("/documents/api/1.1/nothing")).await;
    assert_snapshot!(numbered(&json), @r#"
    404
    {"errorCode":"-1","errorKey":"!csUnknownResource","errorMessage":"There is no such resource.","title":"There is no such resource.","type":"https://www.w3.org/Protocols/rfc2616/rfc2616-sec10.html"}
    "#);
    let xml = server.send(server.get("/documents/api/1.1/nothing").header("Accept", "text/xml")).await;
    assert_snapshot!(numbered(&xml), @r#"
    404
    <?xml version="1.0" encoding="UTF-8"?><error><errorCode>-1</errorCode><errorKey>!csUnknownResource</errorKey><errorMessage>There is no such resource.</errorMessage><title>There is no such resource.</title><type>https://www.w3.org/Protocols/rfc2616/rfc2616-sec10.html</type></error>
    "#);
    // what only begins alike is not this room's
    assert!(server.send(server.get("/documents/apis")).await.header("x-oracle-dms-ecid").is_empty());
}

#[tokio::test]
async fn a_method_the_path_does_not_know_is_refused() {
    let server = Server::start().await;
    for (method, path) in [("DELETE", "/folders/items"), ("GET", "/files/data"), ("PUT", "/users/items/")] {
        let path = format!("/documents/api/1.2{path}");
        let answer = server.send(server.request(method, &path)).await.expect(405);
        assert_eq!(answer.json()["errorCode"], "-1");
        assert!(!answer.header("allow").is_empty() && !answer.header("x-oracle-dms-ecid").is_empty(), "{path}");
    }
}

#[tokio::test]
async fn every_answer_says_which_request_it_is_for() {
    let server = Server::start().await;
    let ann = server.oracle(&server.world.ann);
    let path = format!("/files/{}", server.world.file.oracle_id);
    let first = ann.get(&path).await.expect(200).header("x-oracle-dms-ecid");
    let second = ann.get(&path).await.header("x-oracle-dms-ecid");
    assert!(!first.is_empty() && first != second, "{first} {second}");
    let refused = server.oracle_nobody().get(&path).await.expect(401);
    assert!(!refused.header("x-oracle-dms-ecid").is_empty());
}

#[tokio::test]
async fn an_id_of_the_wrong_form_is_not_found() {
    let server = Server::start().await;
    let world = &server.world;
    let ann = server.oracle(&world.ann);
    let file = &world.file.oracle_id;
    let ids = [
        "1".to_owned(),
        file.to_lowercase(),
        file.replacen('D', "F", 1),
        world.library.root_oracle_id.clone(),
        "%00".to_owned(),
        "%FF".to_owned(),
        "..%2F..".to_owned(),
        "x".repeat(3000),
    ];
    for id in ids {
        let answer = ann.get(&format!("/files/{id}")).await.expect(404);
        assert_eq!(answer.json()["errorCode"], "-16", "{id}");
        ann.xml().get(&format!("/files/{id}")).await.expect(404);
        ann.reserve_id(&id).await.expect(404);
    }
    assert_snapshot!(numbered(&ann.get("/files/x%01,y").await), @r#"
    404
    {"errorCode":"-16","errorKey":"!csFldSecurityValidationFailed!csFldDoesNotExist,x\u0001,y","errorMessage":"Security validation failed. 'x\u0001,y' does not exist.","id":"x\u0001,y","title":"Security validation failed. 'x\u0001,y' does not exist.","type":"https://www.w3.org/Protocols/rfc2616/rfc2616-sec10.html"}
    "#);
    assert_snapshot!(numbered(&ann.xml().get("/files/x%01%3Cy").await), @r#"
    404
    <?xml version="1.0" encoding="UTF-8"?><error><errorCode>-16</errorCode><errorKey>!csFldSecurityValidationFailed!csFldDoesNotExist,x�&lt;y</errorKey><errorMessage>Security validation failed. 'x�&lt;y' does not exist.</errorMessage><id>x�&lt;y</id><title>Security validation failed. 'x�&lt;y' does not exist.</title><type>https://www.w3.org/Protocols/rfc2616/rfc2616-sec10.html</type></error>
    "#);
    ann.get(&format!("/folders/{file}")).await.expect(404);
    ann.get(&format!("/publiclinks/{file}")).await.expect(404);
}

#[tokio::test]
async fn an_id_of_another_tenant_or_another_kind_is_as_missing_as_one_that_never_was() {
    let server = Server::start().await;
    let world = &server.world;
    let (file, folder) = (world.file.oracle_id.as_str(), world.library.root_oracle_id.as_str());
    // the right form, another deployment's suffix; and one digit off
    let other_tenant = format!("{}T0000000000100000001", &file[..24]);
    let never_was = format!("D{}{}", "0".repeat(23), &file[24..]);
    let link = json!({"assignedUsers": "@everybody", "role": "contributor"});
    let link = server.oracle(&world.max).post(&format!("/publiclinks/folder/{folder}"), link).await.expect(200).json();
    let link = link["linkID"].as_str().unwrap();
    let callers = [server.oracle(&world.ann), server.oracle(&world.eve), server.oracle_nobody().link(link)];
    for caller in &callers {
        for (path, others) in
            [("files", [other_tenant.as_str(), folder, link]), ("folders", [&other_tenant, file, link])]
        {
            let expected = caller.get(&format!("/{path}/{never_was}")).await.expect(404).text();
            for other in others {
                let answer = caller.get(&format!("/{path}/{other}")).await.expect(404).text();
                assert_eq!(answer.replace(other, &never_was), expected);
            }
        }
    }
}

#[tokio::test]
async fn a_body_is_json_unless_it_says_it_is_xml() {
    let server = Server::start().await;
    let world = &server.world;
    let ann = server.oracle(&world.ann);
    let path = format!("/files/{}/unreserve", world.file.oracle_id);
    let send = async |content_type: Option<&str>, body: &[u8]| {
        let mut request = ann.request(Method::POST, &path);
        if let Some(content_type) = content_type {
            request = request.header("Content-Type", content_type);
        }
        server.send(request.body(body.to_vec())).await.status.as_u16()
    };
    let json = br#"{"reservedByUserID": "ann"}"#;
    let xml = b"<x:Any xmlns:x='urn:x'><x:reservedByUserID> ann </x:reservedByUserID><other><deep/></other></x:Any>";
    for kind in [None, Some("application/json"), Some("text/plain;charset=UTF-8"), Some("nonsense")] {
        assert_eq!(send(kind, json).await, 200, "{kind:?}");
        assert_eq!(send(kind, xml).await, 400, "{kind:?}");
    }
    for kind in ["application/xml", "text/xml; charset=utf-8", "APPLICATION/XML"] {
        assert_eq!(send(Some(kind), xml).await, 200, "{kind}");
        assert_eq!(send(Some(kind), json).await, 400, "{kind}");
    }
    let bad: [&[u8]; 8] = [
        b"<!DOCTYPE a [<!ENTITY x SYSTEM \"file:///etc/passwd\">]><a><reservedByUserID>&x;</reservedByUserID></a>",
        b"<!DOCTYPE a><a><reservedByUserID>ann</reservedByUserID></a>",
        b"<a><reservedByUserID>&x;</reservedByUserID></a>",
        b"<a><reservedByUserID>ann</a>",
        b"<a><reservedByUserID>\xff</reservedByUserID></a>",
        b"<a/>",
        b"",
        b"<",
    ];
    for body in bad {
        assert_eq!(send(Some("application/xml"), body).await, 400, "{}", String::from_utf8_lossy(body));
    }
    assert_eq!(send(Some("application/xml"), "<a>".repeat(100_000).as_bytes()).await, 400);
    assert_eq!(send(None, "[".repeat(100_000).as_bytes()).await, 400);
    assert_eq!(send(None, b"{\"reservedByUserID\": \"\xff\"}").await, 400);
    // a mebibyte is enough for anybody
    assert_eq!(send(None, &vec![b' '; (1 << 20) + 1]).await, 413);
}

#[tokio::test]
async fn the_format_follows_accept() {
    let server = Server::start().await;
    let ann = server.oracle(&server.world.ann);
    let kind = async |accept: &str| {
        let request = ann.request(Method::GET, "/users/items?info=ann").header("Accept", accept);
        server.send(request).await.expect(200).header("content-type")
    };
    assert_eq!(kind("*/*").await, "application/json;charset=UTF-8");
    assert_eq!(kind("image/png").await, "application/json;charset=UTF-8");
    assert_eq!(kind("application/xml;q=0.9, application/json;q=0.8").await, "application/xml;charset=UTF-8");
    assert_eq!(kind("application/xml, application/json").await, "application/json;charset=UTF-8");
}

#[tokio::test]
async fn limits_of_the_house_are_worded_here_too() {
    let server = Server::start().await;
    let ann = server.oracle(&server.world.ann);
    let long = ann.get(&format!("/folders/items?filterName={}", "x".repeat(20_000))).await.expect(414);
    assert_eq!(long.json()["errorCode"], "-1");
    let many = ann.request(Method::GET, "/folders/items").header("X-Much", "x".repeat(40_000));
    assert_eq!(server.send(many).await.expect(431).json()["errorCode"], "-1");
    // a host that could get into an address of ours
    let request =
        ann.request(Method::POST, "/folders/self").header("Host", "a@b").body(json!({"name": "x"}).to_string());
    assert_eq!(server.send(request).await.expect(400).json()["errorCode"], "-1");
}
