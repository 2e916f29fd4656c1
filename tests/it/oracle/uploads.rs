//! Uploading (spec/oracle.md 5.3, 5.4).

use insta::assert_snapshot;
use reqwest::Method;
use serde_json::json;

use crate::support::{
    oracle::{numbered, part},
    server::Server,
    world,
};

#[tokio::test]
async fn a_new_name_is_a_new_file_and_an_old_one_a_new_version() {
    let server = Server::start().await;
    let world = &server.world;
    let (ann, root) = (server.oracle(&world.ann), &world.library.root_oracle_id);
    let made = ann.upload(root, "report.txt", "one").await;
    assert_snapshot!(numbered(&made), @r#"
    201
    {"createdBy":{"displayName":"Ann Example","id":"U1","loginName":"ann","type":"user"},"createdTime":"2026-03-04T05:06:07Z","errorCode":"0","id":"D1","mimeType":"text/plain","modifiedBy":{"displayName":"Ann Example","id":"U1","loginName":"ann","type":"user"},"modifiedTime":"2026-03-04T05:06:07Z","name":"report.txt","ownedBy":{"displayName":"Ann Example","id":"U1","loginName":"ann","type":"user"},"parentID":"F1","size":"3","type":"file","version":"1"}
    "#);
    let id = made.json()["id"].as_str().unwrap().to_owned();
    assert_eq!(made.header("location"), server.url(&format!("/documents/api/1.1/files/{id}")));

    // any case; id and name stay
    let again = ann.version("1.2").upload(root, "REPORT.TXT", "two").await.expect(201);
    assert_eq!(again.header("location"), server.url(&format!("/documents/api/1.2/files/{id}")));
    let again = again.json();
    assert_eq!((&again["id"], &again["name"], &again["version"]), (&json!(id), &json!("report.txt"), &json!("2")));

    let suffix = json!({"parentID": root, "duplicateResolution": "TimeStampSuffix"});
    let beside = ann.upload_with(suffix.clone(), "report.txt", "three").await.expect(201).json();
    let name = beside["name"].as_str().unwrap();
    let digits = name.strip_prefix("report").and_then(|rest| rest.strip_suffix(".txt")).unwrap();
    assert!(digits.len() == 6 && digits.bytes().all(|byte| byte.is_ascii_digit()), "{name}");
    assert_ne!(beside["id"], json!(id));
    // a name that is free needs no suffix
    assert_eq!(ann.upload_with(suffix, "fresh.txt", "x").await.expect(201).json()["name"], "fresh.txt");
}

#[tokio::test]
async fn an_upload_may_be_chunked_and_its_parts_may_lack_types() {
    let server = Server::start().await;
    let world = &server.world;
    let parameters = part("jsonInputParameters", None, r#"{"parentID":"self"}"#);
    let metadata = part("metadataValues", None, "{}");
    let file = part("primaryFile", Some("drawing.png"), "");
    let text = format!("{parameters}{metadata}{file}--b--\r\n");
    let chunks: Vec<_> = text.into_bytes().chunks(7).map(|chunk| Ok::<_, std::io::Error>(chunk.to_vec())).collect();
    let body = reqwest::Body::wrap_stream(futures_util::stream::iter(chunks));
    let ann = server.oracle(&world.ann).version("1.2");
    let request = ann.request(Method::POST, "/files/data/").header("Content-Type", "multipart/form-data;boundary=b");
    assert_snapshot!(numbered(&server.send(request.body(body)).await), @r#"
    201
    {"createdBy":{"displayName":"Ann Example","id":"U1","loginName":"ann","type":"user"},"createdTime":"2026-03-04T05:06:07Z","errorCode":"0","id":"D1","mimeType":"image/png","modifiedBy":{"displayName":"Ann Example","id":"U1","loginName":"ann","type":"user"},"modifiedTime":"2026-03-04T05:06:07Z","name":"drawing.png","ownedBy":{"displayName":"Ann Example","id":"U1","loginName":"ann","type":"user"},"parentID":"self","size":"0","type":"file","version":"1"}
    "#);
}

#[tokio::test]
async fn parameters_may_stand_in_single_quotes() {
    let server = Server::start().await;
    let ann = server.oracle(&server.world.ann);
    let send = async |parameters: &str| {
        let file = part("primaryFile", Some("a.txt"), "x");
        let body = format!("{}{file}--b--\r\n", part("jsonInputParameters", None, parameters));
        ann.multipart("/files/data", &body).await
    };
    let made = send("{'parentID': 'self', 'duplicateResolution': 'TimeStampSuffix'}").await.expect(201).json();
    assert_eq!(made["parentID"], "self");
    for bad in ["{'parentID': \"self\"}", "{'parentID': 'self'", "'self'", "{'parentID': 'se'lf'}"] {
        send(bad).await.expect(400);
    }
}

#[tokio::test]
async fn a_new_version_takes_the_uploaded_name_or_one_beside_it() {
    let server = Server::start().await;
    let world = &server.world;
    let ann = server.oracle(&world.ann);
    world::file(&server.vault, &world.ann, &world.library, "taken.txt", "x").await;
    let id = &world.file.oracle_id;
    let name = async |name: Option<&str>| {
        let made = ann.upload_version(id, name, "more").await.expect(201).json();
        format!("{} {}", made["version"].as_str().unwrap(), made["name"].as_str().unwrap())
    };
    assert_eq!(name(Some("plan.txt")).await, "2 plan.txt");
    assert_eq!(name(Some("plan2.txt")).await, "3 plan2.txt");
    assert_eq!(name(Some("taken.txt")).await, "4 taken(2).txt");
    assert_eq!(name(None).await, "5 taken(2).txt");
}

#[tokio::test]
async fn a_reservation_stands_in_the_way_of_all_but_its_holder() {
    let server = Server::start().await;
    let world = &server.world;
    let (ann, bob) = (server.oracle(&world.ann), server.oracle(&world.bob));
    ann.reserve(&world.file).await.expect(200);
    let root = &world.library.root_oracle_id;
    assert_snapshot!(numbered(&bob.upload_version(&world.file.oracle_id, None, "x").await), @r#"
    409
    {"errorCode":"-1","errorKey":"!csUnableToCheckIn!csFldReservedByOther,Ann Example","errorMessage":"Unable to check in. The file is reserved by 'Ann Example'.","id":"D1","title":"Unable to check in. The file is reserved by 'Ann Example'.","type":"https://www.w3.org/Protocols/rfc2616/rfc2616-sec10.html"}
    "#);
    bob.upload(root, "Plan.txt", "x").await.expect(409);
    // beside it is no matter
    let beside = json!({"parentID": root, "duplicateResolution": "TimeStampSuffix"});
    bob.upload_with(beside, "plan.txt", "x").await.expect(201);

    let made = ann.upload_version(&world.file.oracle_id, None, "x").await.expect(201).json();
    // still reserved
    assert_eq!(made["reservedBy"]["loginName"], "ann");
}

#[tokio::test]
async fn what_nobody_in_particular_uploads_is_the_owners() {
    let server = Server::start().await;
    let world = &server.world;
    let ann = server.oracle(&world.ann);
    let folder = ann.post("/folders/self", json!({"name": "inbox"})).await.expect(201).json();
    let folder = folder["id"].as_str().unwrap();
    let spec = json!({"assignedUsers": "@everybody", "role": "contributor"});
    let link = ann.post(&format!("/publiclinks/folder/{folder}"), spec).await.expect(200).json();
    let nobody = server.oracle_nobody().link(link["linkID"].as_str().unwrap());
    let made = nobody.upload(folder, "note.txt", "x").await.expect(201).json();
    assert_eq!(made["createdBy"]["loginName"], "ann");
    assert_eq!(made["parentID"], folder);
    nobody.upload("self", "note.txt", "x").await.expect(401);
}

#[tokio::test]
async fn a_malformed_upload_is_refused_and_leaves_nothing() {
    let server = Server::start().await;
    let world = &server.world;
    let (ann, root) = (server.oracle(&world.ann), &world.library.root_oracle_id);
    let parameters = part("jsonInputParameters", None, &json!({ "parentID": root }).to_string());
    let file = |name| part("primaryFile", Some(name), "x");
    let end = "--b--\r\n";
    let bad = |json: &str| format!("{}{}{end}", part("jsonInputParameters", None, json), file("new.txt"));
    let cases = [
        ("no parameters", format!("{}{end}", file("new.txt")), 400),
        ("parameters after the file", format!("{}{parameters}{end}", file("new.txt")), 400),
        ("no file", format!("{parameters}{end}"), 400),
        ("no name", format!("{parameters}{}{end}", part("primaryFile", None, "x")), 400),
        ("two files", format!("{parameters}{}{}{end}", file("new.txt"), file("new.txt")), 400),
        ("no parent", bad("{}"), 400),
        ("an empty parent", bad(r#"{"parentID": ""}"#), 400),
        ("a parent of another type", bad(r#"{"parentID": 1}"#), 400),
        ("parameters that are no JSON", bad("{"), 400),
        ("parameters that are no object", bad("[]"), 400),
        ("an unknown resolution", bad(&json!({"parentID": root, "duplicateResolution": "x"}).to_string()), 400),
        ("an unknown parent", bad(&json!({"parentID": format!("F{}", "0".repeat(43))}).to_string()), 404),
        ("a parent that is no id", bad(r#"{"parentID": "../x"}"#), 404),
        ("a parent that is a file", bad(&json!({"parentID": world.file.oracle_id}).to_string()), 404),
        ("dots for a name", format!("{parameters}{}{end}", file("..")), 400),
        ("a path that ends in dots", format!("{parameters}{}{end}", file("a/..")), 400),
        ("a path before the name", format!("{parameters}{}{end}", file("../../etc/new.txt")), 400),
        ("a path of Windows before the name", format!("{parameters}{}{end}", file("C:\\dir\\new.txt")), 400),
        ("a NUL in the name", format!("{parameters}{}{end}", file("a\0b")), 400),
        ("a long name", format!("{parameters}{}{end}", file(Box::leak("x".repeat(256).into_boxed_str()))), 400),
        ("no end", format!("{parameters}{}", file("new.txt")), 400),
        ("cut in the file", format!("{parameters}{}", file("new.txt").trim_end()), 400),
        ("no parts", end.to_owned(), 400),
        ("no multipart", "{}".to_owned(), 400),
        ("a thousand parts", format!("{}{end}", part("x", None, "y").repeat(1000)), 400),
    ];
    for (name, body, status) in cases {
        let answer = ann.multipart("/files/data", &body).await;
        assert_eq!(answer.status.as_u16(), status, "{name}: {answer}");
        assert!(answer.json()["errorCode"].as_str().unwrap().starts_with('-'), "{name}: {answer}");
    }
    for content_type in ["multipart/form-data", "application/json", "multipart/mixed; boundary=b", "nonsense"] {
        let request = ann.request(Method::POST, "/files/data").header("Content-Type", content_type);
        server.send(request.body(format!("{parameters}{}{end}", file("new.txt")))).await.expect(400);
    }
    let listed = ann.get(&format!("/folders/{root}/items")).await.expect(200).json();
    assert_eq!(listed["totalResults"], "1", "{listed}");

    // nor does a path become a version of another file
    let answer = ann.upload_version(&world.file.oracle_id, Some("a/plan.txt"), "x").await.expect(400);
    assert_eq!(answer.json()["errorKey"], "!csUnableToCheckIn!csFldInvalidName");
    // the folder's id, though the path has none
    let unknown = bad(&json!({"parentID": "FB4CD874EF94CD2CC1B60B72T0000000000100000001"}).to_string());
    assert_snapshot!(numbered(&ann.multipart("/files/data", &unknown).await), @r#"
    404
    {"errorCode":"-16","errorKey":"!csFldSecurityValidationFailed!csFldDoesNotExist,F1","errorMessage":"Security validation failed. 'F1' does not exist.","title":"Security validation failed. 'F1' does not exist.","type":"https://www.w3.org/Protocols/rfc2616/rfc2616-sec10.html"}
    "#);
}

#[tokio::test]
async fn a_file_over_the_limit_is_refused() {
    let server = Server::start_with(&[("content.max_file_bytes", "10")]).await;
    let world = &server.world;
    let ann = server.oracle(&world.ann);
    let path = world.file.oracle_id.clone();
    ann.upload_version(&path, None, "0123456789").await.expect(201);
    let answer = ann.upload_version(&path, None, "0123456789x").await.expect(413);
    assert_eq!(answer.json()["errorCode"], "-1");
    assert_eq!(ann.get(&format!("/files/{path}")).await.json()["version"], "2");
}

#[tokio::test]
async fn a_folder_of_that_name_is_no_file_to_make_a_version_of() {
    let server = Server::start().await;
    let world = &server.world;
    let (ann, root) = (server.oracle(&world.ann), &world.library.root_oracle_id);
    ann.post(&format!("/folders/{root}"), json!({"name": "drawings"})).await.expect(201);
    let answer = ann.upload(root, "Drawings", "x").await.expect(409);
    assert_eq!(answer.json()["errorCode"], "-17");
}
