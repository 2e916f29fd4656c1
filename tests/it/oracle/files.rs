//! Reading files (spec/oracle.md 5.1, 5.2, 5.5).

use insta::assert_snapshot;
use reqwest::Method;

use crate::support::{
    oracle::numbered,
    server::Server,
    world::{self},
};

#[tokio::test]
async fn a_file_shows_itself_and_each_of_its_versions() {
    let server = Server::start().await;
    let world = &server.world;
    let (ann, bob) = (server.oracle(&world.ann), server.oracle(&world.bob));
    let id = &world.file.oracle_id;
    assert_snapshot!(numbered(&ann.get(&format!("/files/{id}")).await), @r#"
    200
    {"createdBy":{"displayName":"Ann Example","id":"U1","loginName":"ann","type":"user"},"createdTime":"2026-03-04T05:06:07Z","errorCode":"0","id":"D1","mimeType":"text/plain","modifiedBy":{"displayName":"Ann Example","id":"U1","loginName":"ann","type":"user"},"modifiedTime":"2026-03-04T05:06:07Z","name":"plan.txt","ownedBy":{"displayName":"Ann Example","id":"U1","loginName":"ann","type":"user"},"parentID":"F1","size":"5","type":"file","version":"1"}
    "#);
    assert_snapshot!(numbered(&ann.xml().get(&format!("/files/{id}")).await), @r#"
    200
    <?xml version="1.0" encoding="UTF-8"?><response><createdBy><displayName>Ann Example</displayName><id>U1</id><loginName>ann</loginName><type>user</type></createdBy><createdTime>2026-03-04T05:06:07Z</createdTime><errorCode>0</errorCode><id>D1</id><mimeType>text/plain</mimeType><modifiedBy><displayName>Ann Example</displayName><id>U1</id><loginName>ann</loginName><type>user</type></modifiedBy><modifiedTime>2026-03-04T05:06:07Z</modifiedTime><name>plan.txt</name><ownedBy><displayName>Ann Example</displayName><id>U1</id><loginName>ann</loginName><type>user</type></ownedBy><parentID>F1</parentID><size>5</size><type>file</type><version>1</version></response>
    "#);

    server.advance(chrono::Duration::minutes(1));
    bob.upload_version(id, Some("plan.md"), "second edition").await.expect(201);
    bob.reserve(&world.file).await.expect(200);
    assert_snapshot!(numbered(&ann.get(&format!("/files/{id}")).await), @r#"
    200
    {"createdBy":{"displayName":"Ann Example","id":"U1","loginName":"ann","type":"user"},"createdTime":"2026-03-04T05:06:07Z","errorCode":"0","id":"D1","mimeType":"text/markdown","modifiedBy":{"displayName":"Bob Example","id":"U2","loginName":"bob","type":"user"},"modifiedTime":"2026-03-04T05:07:07Z","name":"plan.md","ownedBy":{"displayName":"Ann Example","id":"U1","loginName":"ann","type":"user"},"parentID":"F1","reservationTime":"2026-03-04T05:07:07Z","reservedBy":{"displayName":"Bob Example","id":"U2","loginName":"bob","type":"user"},"size":"14","type":"file","version":"2"}
    "#);
    assert_snapshot!(numbered(&ann.get(&format!("/files/{id}?version=1")).await), @r#"
    200
    {"createdBy":{"displayName":"Ann Example","id":"U1","loginName":"ann","type":"user"},"createdTime":"2026-03-04T05:06:07Z","errorCode":"0","id":"D1","mimeType":"text/plain","modifiedBy":{"displayName":"Ann Example","id":"U1","loginName":"ann","type":"user"},"modifiedTime":"2026-03-04T05:06:07Z","name":"plan.md","ownedBy":{"displayName":"Ann Example","id":"U1","loginName":"ann","type":"user"},"parentID":"F1","reservationTime":"2026-03-04T05:07:07Z","reservedBy":{"displayName":"Bob Example","id":"U2","loginName":"bob","type":"user"},"size":"5","type":"file","version":"1"}
    "#);
    assert_snapshot!(numbered(&ann.get(&format!("/files/{id}/versions")).await), @r#"
    200
    {"count":"2","errorCode":"0","id":"D1","name":"plan.md","parentID":"F1","type":"file","items":[{"type":"file","id":"D1","parentID":"F1","name":"plan.md","ownedBy":{"displayName":"Ann Example","id":"U1","loginName":"ann","type":"user"},"createdBy":{"displayName":"Ann Example","id":"U1","loginName":"ann","type":"user"},"modifiedBy":{"displayName":"Ann Example","id":"U1","loginName":"ann","type":"user"},"createdTime":"2026-03-04T05:06:07Z","modifiedTime":"2026-03-04T05:06:07Z","size":"5","version":"1","mimeType":"text/plain","reservationTime":"2026-03-04T05:07:07Z","reservedBy":{"displayName":"Bob Example","id":"U2","loginName":"bob","type":"user"}},{"type":"file","id":"D1","parentID":"F1","name":"plan.md","ownedBy":{"displayName":"Ann Example","id":"U1","loginName":"ann","type":"user"},"createdBy":{"displayName":"Ann Example","id":"U1","loginName":"ann","type":"user"},"modifiedBy":{"displayName":"Bob Example","id":"U2","loginName":"bob","type":"user"},"createdTime":"2026-03-04T05:06:07Z","modifiedTime":"2026-03-04T05:07:07Z","size":"14","version":"2","mimeType":"text/markdown","reservationTime":"2026-03-04T05:07:07Z","reservedBy":{"displayName":"Bob Example","id":"U2","loginName":"bob","type":"user"}}]}
    "#);
}

#[tokio::test]
async fn a_version_that_is_not_there_is_missing_and_one_that_is_no_number_is_refused() {
    let server = Server::start().await;
    let world = &server.world;
    let ann = server.oracle(&world.ann);
    for path in ["", "/data"] {
        let path = format!("/files/{}{path}", world.file.oracle_id);
        for missing in ["0", "2", "99999999999", "99999999999999999999999"] {
            ann.get(&format!("{path}?version={missing}")).await.expect(404);
        }
        for bad in ["one", "-1", "1.0", "%00", "+1"] {
            ann.get(&format!("{path}?version={bad}")).await.expect(400);
        }
        ann.get(&format!("{path}?version=&unknown=1")).await.expect(200);
    }
    let missing = ann.get(&format!("/files/{}?version=7", world.file.oracle_id)).await;
    assert_snapshot!(numbered(&missing), @r#"
    404
    {"errorCode":"-16","errorKey":"!csFldSecurityValidationFailed!csFldDoesNotExist,D1","errorMessage":"Security validation failed. 'D1' does not exist.","id":"D1","title":"Security validation failed. 'D1' does not exist.","type":"https://www.w3.org/Protocols/rfc2616/rfc2616-sec10.html"}
    "#);
}

#[tokio::test]
async fn a_download_has_the_bytes_the_headers_and_the_ranges() {
    let server = Server::start().await;
    let world = &server.world;
    let ann = server.oracle(&world.ann);
    let file = world::file(&server.vault, &world.ann, &world.library, "Übersicht \"1\".txt", "0123456789").await;
    let path = format!("/files/{}/data", file.oracle_id);

    // whatever is accepted
    let whole = ann.xml().get(&path).await.expect(200);
    assert_eq!(whole.text(), "0123456789");
    let headers = ["content-type", "content-length", "accept-ranges", "x-content-type-options", "content-disposition"];
    let headers = headers.map(|name| format!("{name}: {}", whole.header(name))).join("\n");
    assert_snapshot!(headers, @r#"
    content-type: text/plain
    content-length: 10
    accept-ranges: bytes
    x-content-type-options: nosniff
    content-disposition: attachment; filename="_bersicht _1_.txt"; filename*=UTF-8''%C3%9Cbersicht%20%221%22.txt
    "#);
    assert!(!whole.header("x-oracle-dms-ecid").is_empty());

    let range = async |range: &str| {
        let answer = server.send(ann.request(Method::GET, &path).header("Range", range)).await;
        format!("{} {} {}", answer.status.as_u16(), answer.header("content-range"), answer.text())
    };
    assert_eq!(range("bytes=0-4").await, "206 bytes 0-4/10 01234");
    assert_eq!(range("bytes=7-").await, "206 bytes 7-9/10 789");
    assert_eq!(range("bytes=-2").await, "206 bytes 8-9/10 89");
    assert_eq!(range("bytes=0-1,3-4").await, "200  0123456789");
    assert_eq!(range("lines=1-2").await, "200  0123456789");
    assert!(range("bytes=10-").await.starts_with("416 bytes */10 {\"errorCode\":\"-1\""));
    let head = server.send(ann.request(Method::HEAD, &path)).await.expect(200);
    assert_eq!((head.header("content-length").as_str(), head.text().as_str()), ("10", ""));
}

#[tokio::test]
async fn an_older_version_keeps_its_bytes() {
    let server = Server::start().await;
    let world = &server.world;
    let ann = server.oracle(&world.ann);
    let path = format!("/files/{}/data", world.file.oracle_id);
    ann.upload_version(&world.file.oracle_id, None, "second").await.expect(201);
    assert_eq!(ann.get(&path).await.text(), "second");
    assert_eq!(ann.get(&format!("{path}?version=1")).await.text(), "first");
    assert_eq!(ann.get(&format!("{path}?version=2")).await.text(), "second");
}

#[tokio::test]
async fn every_version_of_the_api_and_a_slash_at_the_end_mean_the_same() {
    let server = Server::start().await;
    let world = &server.world;
    let ann = server.oracle(&world.ann);
    let path = format!("/files/{}", world.file.oracle_id);
    let expected = ann.get(&path).await.expect(200).text();
    for version in ["1.0", "1.1", "1.2"] {
        for slash in ["", "/"] {
            let answer = ann.version(version).get(&format!("{path}{slash}")).await.expect(200);
            assert_eq!(answer.text(), expected);
            let data = ann.version(version).get(&format!("{path}/data{slash}?version=1")).await.expect(200);
            assert_eq!(data.text(), "first");
        }
    }
    ann.version("1.3").get(&path).await.expect(404);
}
