//! The companion services (spec/oracle.md 12): who is answered, in which envelope, and what is refused how. Those of the
//! trash stand in `trash.rs`.

use coatcheck::{
    domain::{edition::Metadata, id::ItemKey},
    vault::Publication,
};
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{
    answer::Answer,
    oracle::{rows, status},
    server::Server,
    world::{self, PASSWORD, Somebody},
};

const DOORS: [&str; 2] = ["/documents/integration", "/documents/web"];

/// The answer byte for byte, with token and user named.
fn shown(answer: &Answer, who: &Somebody) -> String {
    let json = answer.json();
    let token = json["LocalData"]["idcToken"].as_str().unwrap();
    answer.text().replace(token, "TOKEN").replace(&who.person.oracle_id, "USER")
}

#[tokio::test]
async fn who_is_signed_in_is_told_who_that_is() {
    let server = Server::start().await;
    let ann = &server.world.ann;
    for door in DOORS {
        for (method, slash) in [("GET", ""), ("POST", ""), ("GET", "/"), ("POST", "/")] {
            let path = format!("{door}{slash}?IdcService=GET_USER_INFO&IsJson=1");
            let request = server.request(method, &path).basic_auth("ann", Some(PASSWORD));
            let answer = server.send(request.header("Accept", "application/xml")).await.expect(200);
            assert_eq!(
                shown(&answer, ann),
                r#"{"LocalData":{"IdcService":"GET_USER_INFO","StatusCode":"0","StatusMessage":"You are logged in as 'Ann Example'.","dUser":"USER","dUserFullName":"Ann Example","idcToken":"TOKEN","localizedForResponse":"1"},"ResultSets":{}}"#
            );
            assert_eq!(answer.header("content-type"), "application/json;charset=UTF-8");
            assert_eq!(answer.header("cache-control"), "no-store");
            assert!(!answer.header("x-oracle-dms-ecid").is_empty());
        }
        let head = server.request("HEAD", &format!("{door}?IdcService=GET_USER_INFO")).bearer_auth(&ann.token);
        assert!(server.send(head).await.expect(200).body.is_empty());
        server.send(server.request("PUT", door).bearer_auth(&ann.token)).await.expect(405);
    }
    let robot = server.get("/documents/web?IdcService=GET_USER_INFO").bearer_auth(&server.world.robot.token);
    let robot = server.send(robot).await.expect(200).json();
    assert_eq!(robot["LocalData"]["dUserFullName"], "Robot");
}

#[tokio::test]
async fn who_is_not_signed_in_is_asked_to() {
    let server = Server::start().await;
    for door in DOORS {
        let path = format!("{door}?IdcService=SCS_GET_TENANT_CONFIG");
        for credential in
            [None, Some("Bearer nonsense"), Some("Bearer anonymous"), Some("Basic YW5uOndyb25n"), Some("x")]
        {
            let mut request = server.get(&path);
            if let Some(credential) = credential {
                request = request.header("Authorization", credential);
            }
            let answer = server.send(request).await.expect(401);
            assert_eq!(answer.header("www-authenticate"), "Basic realm=\"Oracle Content\"");
        }
        // a link is nobody
        let link = "LF8D36FAFAB4388BECEAC4AEB5D17B95F47087F4E518";
        server.send(server.get(&path).header("LinkID", link)).await.expect(401);
    }
}

#[tokio::test]
async fn a_link_adds_nothing_to_who_is_signed_in() {
    let server = Server::start().await;
    let world = &server.world;
    let root = &world.library.root_oracle_id;
    let body = json!({"assignedUsers": "@everybody", "role": "contributor"});
    let link = server.oracle(&world.max).post(&format!("/publiclinks/folder/{root}"), body).await.expect(200).json();
    let link = link["linkID"].as_str().unwrap();
    let item = format!("fFileGUID:{}", world.file.oracle_id);
    let eve = server.oracle(&world.eve);
    eve.link(link).get(&format!("/files/{}", world.file.oracle_id)).await.expect(200);
    for service in ["FLD_MOVE_TO_TRASH", "FLD_FILE_REVISIONS", "GET_ACTIVITY_HISTORY"] {
        let request = eve.service_request(Method::GET, service, &[("item", &item)]).header("LinkID", link);
        let answer = server.send(request).await.expect(200).json();
        assert_eq!(answer["LocalData"]["StatusCode"], "-20", "{answer}");
    }
}

#[tokio::test]
async fn arguments_stand_in_the_query_or_in_local_data_and_the_query_counts() {
    let server = Server::start().await;
    let world = &server.world;
    let item = format!("fFileGUID:{}", world.file.oracle_id);
    let post = async |query: &str, body: &str| {
        let request = server.post(&format!("/documents/integration?{query}")).bearer_auth(&world.ann.token);
        server.send(request.header("Content-Type", "text/plain").body(body.to_owned())).await.expect(200).json()
    };
    let local = json!({"LocalData": {"IdcService": "FLD_FILE_REVISIONS", "item": item, "fileCount": -1}}).to_string();
    assert_eq!(rows(&post("IsJson=1", &local).await, "REVISIONS").len(), 1);
    let answer = post("IdcService=GET_USER_INFO", &local).await;
    assert_eq!(answer["LocalData"]["IdcService"], "GET_USER_INFO");
    let answer = post("IdcService=FLD_FILE_REVISIONS&item=x", &local).await;
    assert_eq!(status(&answer), "-1 Unable to get file versions. The value of field \"item\" is not valid.");
    assert_eq!(rows(&post("IdcService=FLD_FILE_REVISIONS", &local).await, "REVISIONS").len(), 1);
    // none at all
    for body in ["", "{}", "{\"LocalData\": {}}", "{\"LocalData\": null}", "{\"other\": 1}"] {
        let answer = post("IdcService=GET_USER_INFO", body).await;
        assert_eq!(answer["LocalData"]["StatusCode"], "0", "{body}");
    }
    for body in ["[]", "x", "{\"LocalData\": 1}", "{\"LocalData\": [", &"[".repeat(100_000)] {
        let answer = post("IdcService=GET_USER_INFO", body).await;
        assert_eq!(status(&answer), "-1 Unable to execute service. The request body cannot be read.", "{body}");
    }
    let answer = post("", &json!({"LocalData": {"IdcService": {"x": 1}}}).to_string()).await;
    assert_eq!(status(&answer), "-1 Unable to execute service. Required field \"IdcService\" is not provided.");
    let answer = post("IdcService=FLD_FILE_REVISIONS", "{\"LocalData\": {\"item\": \"fFileGUID:\\u0000\"}}").await;
    assert_eq!(answer["LocalData"]["StatusCode"], "-1");
    let huge = format!("{{\"LocalData\": {{\"item\": \"{}\"}}}}", "x".repeat(1 << 20));
    assert_eq!(post("IdcService=FLD_FILE_REVISIONS", &huge).await["LocalData"]["StatusCode"], "-1");
}

#[tokio::test]
async fn a_service_that_there_is_not_is_refused_in_the_envelope() {
    let server = Server::start().await;
    let ann = server.oracle(&server.world.ann);
    let answer = ann.service("FLD_BURN", &[]).await;
    assert_eq!(status(&answer), "-1 Unable to execute service. There is no service 'FLD_BURN'.");
    assert_eq!(answer["ResultSets"], json!({}));
    assert_eq!(ann.service("get_user_info", &[]).await["LocalData"]["StatusCode"], "-1");
    assert_eq!(ann.service(&"x".repeat(5000), &[]).await["LocalData"]["IdcService"], "x".repeat(100));
    assert_eq!(ann.service("\0<&\"", &[]).await["LocalData"]["StatusCode"], "-1");
    let answer = ann.service("", &[]).await;
    assert_eq!(status(&answer), "-1 Unable to execute service. Required field \"IdcService\" is not provided.");
    assert_eq!(answer["LocalData"]["IdcService"], Value::Null);
}

#[tokio::test]
async fn the_token_against_forged_requests_is_the_users_own_and_always_the_same() {
    let server = Server::start().await;
    let (ann, bob) = (server.oracle(&server.world.ann), server.oracle(&server.world.bob));
    let token = async |answer: Value| answer["LocalData"]["idcToken"].as_str().unwrap().to_owned();
    let first = token(ann.service("SCS_GET_TENANT_CONFIG", &[]).await).await;
    let answer = ann.service("SCS_GET_TENANT_CONFIG", &[("idcToken", &first)]).await;
    assert_eq!(status(&answer), "0 You are logged in as 'Ann Example'.");
    assert_eq!(token(answer).await, first);
    let (other, _) = server.another_node().await;
    let path = format!("http://{other}/documents/web?IdcService=GET_USER_INFO");
    let answer = server.send(server.http.get(path).basic_auth("ann", Some(PASSWORD))).await.expect(200).json();
    assert_eq!(token(answer).await, first);
    let bobs = token(bob.service("GET_USER_INFO", &[]).await).await;
    assert_ne!(bobs, first);
    for wrong in [&*bobs, "x", "é", &first[1..], &format!("{first}="), &"x".repeat(3000), "\0"] {
        for service in ["GET_USER_INFO", "FLD_EMPTY_TRASH", "GET_OAUTH_TOKEN"] {
            let answer = ann.service(service, &[("idcToken", wrong)]).await;
            assert_eq!(answer["LocalData"]["StatusCode"], "-1", "{service} {wrong}");
            assert_eq!(answer["LocalData"]["tokenValue"], Value::Null);
        }
    }
}

#[tokio::test]
async fn a_signed_in_user_gets_a_bearer_token_that_reaches_no_further() {
    let server = Server::start().await;
    let world = &server.world;
    let path = "/documents/web?IdcService=GET_OAUTH_TOKEN&IsJson=1";
    let reach = async |token: &str| {
        let file = format!("/documents/api/1.2/files/{}", world.file.oracle_id);
        let read = server.send(server.get(&file).bearer_auth(token)).await.status.as_u16();
        let write = server.send(server.post(&format!("{file}/reserve")).bearer_auth(token)).await.status.as_u16();
        (read, write)
    };
    let get = async |request: reqwest::RequestBuilder| {
        let local = server.send(request).await.expect(200).json()["LocalData"].clone();
        assert_eq!((&local["StatusCode"], &local["expiration"]), (&json!("0"), &json!("604799")));
        local["tokenValue"].as_str().unwrap().to_owned()
    };
    let token = get(server.get(path).basic_auth("ann", Some(PASSWORD))).await;
    assert_eq!(reach(&token).await, (200, 200));
    let answer = server.send(server.get("/documents/web?IdcService=GET_USER_INFO").bearer_auth(&token)).await;
    assert_eq!(answer.expect(200).json()["LocalData"]["dUser"], world.ann.person.oracle_id);
    // a token that only reads gives no token that writes
    let reader = world::token(&server.vault, world.ann.person.id, &["Files.Read.All"]).await;
    assert_eq!(reach(&get(server.get(path).bearer_auth(&reader)).await).await, (200, 403));
    let nothing = world::token(&server.vault, world.ann.person.id, &["User.Read"]).await;
    assert_eq!(reach(&get(server.get(path).bearer_auth(&nothing)).await).await, (403, 403));
    let robot = get(server.get(path).bearer_auth(&world.robot.token)).await;
    let again = get(server.get(path).bearer_auth(&robot)).await;
    assert_ne!(robot, again);

    // HEAD makes none
    let count = async || server.vault.tokens().await.unwrap().len();
    let before = count().await;
    server.send(server.request("HEAD", path).bearer_auth(&token)).await.expect(200);
    assert_eq!(count().await, before);
    server.advance(chrono::Duration::days(7));
    assert_eq!(reach(&token).await, (401, 401));
    // those that have had their time are forgotten with the next one
    get(server.get(path).basic_auth("ann", Some(PASSWORD))).await;
    assert_eq!(count().await, before - 2);
}

#[tokio::test]
async fn versions_are_listed_newest_first_with_their_columns() {
    let server = Server::start().await;
    let (vault, world) = (&server.vault, &server.world);
    let bob = world::actor(vault, &world.bob).await;
    server.advance(chrono::Duration::hours(1));
    let look = vault.look(&bob, &ItemKey::Id(world.file.id)).await.unwrap();
    let bytes = bytes::Bytes::from_static(b"second!");
    let staged = vault.stage(futures_util::stream::iter([Ok::<_, std::io::Error>(bytes)])).await.unwrap();
    vault.add_edition(&bob, &look, Publication::of(staged, Metadata::default())).await.unwrap();
    let item = format!("fFileGUID:{}", world.file.oracle_id);
    for who in [&world.ann, &world.vic, &world.carl] {
        let answer = server.oracle(who).service("FLD_FILE_REVISIONS", &[("item", &item)]).await;
        assert_eq!(
            answer["ResultSets"],
            json!({"REVISIONS": {
                "fields": [
                    {"name": "fFileName"}, {"name": "dRevLabel"}, {"name": "dRevisionID"}, {"name": "dFileSize"},
                    {"name": "fLastModifiedDate"}, {"name": "fCreatorFullName"},
                ],
                "rows": [
                    ["plan.txt", "2", "2", "7", "2026-03-04T06:06:07Z", "Bob Example"],
                    ["plan.txt", "1", "1", "5", "2026-03-04T05:06:07Z", "Ann Example"],
                ],
            }})
        );
    }
}

#[tokio::test]
async fn what_was_done_to_an_item_is_told_to_who_sees_it() {
    let server = Server::start().await;
    let world = &server.world;
    let item = format!("fFileGUID:{}", world.file.oracle_id);
    server.oracle(&world.bob).reserve(&world.file).await.expect(200);
    // what came to nothing is not told
    server.oracle(&world.ann).put(&format!("/files/{}", world.file.oracle_id), json!({"name": "x"})).await;
    let told = async |who: &Somebody| {
        let answer = server.oracle(who).service("GET_ACTIVITY_HISTORY", &[("item", &item)]).await;
        let rows = rows(&answer, "ActivityHistory");
        rows.iter().map(|row| format!("{} {}", row["activityType"], row["dUserFullName"])).collect::<Vec<_>>()
    };
    assert_eq!(told(&world.vic).await[0], "reserved Bob Example");
    assert!(told(&world.vic).await.last().unwrap().starts_with("created"));
    let folder = format!("fFolderGUID:{}", world.library.root_oracle_id);
    let answer = server.oracle(&world.vic).service("GET_ACTIVITY_HISTORY", &[("item", &folder)]).await;
    assert_eq!(answer["LocalData"]["StatusCode"], "0");
    let answer = server.oracle(&world.eve).service("GET_ACTIVITY_HISTORY", &[("item", &item)]).await;
    assert_eq!(answer["LocalData"]["StatusCode"], "-20");
    // one version that goes is not the file
    server.oracle(&world.bob).upload_version(&world.file.oracle_id, None, "second").await.expect(201);
    server.oracle(&world.bob).delete(&format!("/files/{}?version=1", world.file.oracle_id)).await.expect(200);
    assert_eq!(told(&world.vic).await[..2], ["version deleted Bob Example", "version added Bob Example"]);
    let home = server.oracle(&world.ann).service("GET_ACTIVITY_HISTORY", &[("item", "fFolderGUID:self")]).await;
    assert_eq!(home["LocalData"]["StatusCode"], "0");
}

#[tokio::test]
async fn bad_arguments_are_refused_in_the_words_of_the_room() {
    let server = Server::start().await;
    let world = &server.world;
    let (ann, eve) = (server.oracle(&world.ann), server.oracle(&world.eve));
    let file = &world.file.oracle_id;
    let item = format!("fFileGUID:{file}");
    let unknown = "D5B8B54BA8C121BEDB91A1341212FF6185DEA5EFC0BD";
    let no_such = format!("-16 Security validation failed. '{unknown}' does not exist.");
    for (service, argument) in [
        ("FLD_MOVE_TO_TRASH", "item"),
        ("FLD_FILE_REVISIONS", "item"),
        ("GET_ACTIVITY_HISTORY", "item"),
        ("FLD_RESTORE", "items"),
        ("FLD_DELETE_FROM_TRASH", "item"),
    ] {
        let answer = ann.service(service, &[]).await;
        assert!(status(&answer).ends_with(&format!("Required field \"{argument}\" is not provided.")), "{answer}");
        let gone = ann.service(service, &[(argument, &format!("fFileGUID:{unknown}"))]).await;
        assert_eq!(status(&gone), no_such, "{service}");
        for bad in
            ["fFileGUID:", "fFileGUID:x", "fFolderGUID:x", &format!("fFolderGUID:{file}"), "x", "\0", "é", "fFileGUID"]
        {
            let answer = ann.service(service, &[(argument, bad)]).await;
            let code = answer["LocalData"]["StatusCode"].as_str().unwrap();
            assert!(matches!(code, "-1" | "-16"), "{service} {bad}: {answer}");
        }
    }
    let answer = ann.service("FLD_FILE_REVISIONS", &[("item", "fFolderGUID:self")]).await;
    assert_eq!(status(&answer), "-1 Unable to get file versions. The value of field \"item\" is not valid.");
    for count in ["x", "-2", "1.5", "\0"] {
        let answer = ann.service("FLD_BROWSE_TRASH", &[("fileCount", count)]).await;
        assert_eq!(answer["LocalData"]["StatusCode"], "-1", "{count}");
    }
    let many = vec!["x"; 101].join(",");
    let answer = ann.service("FLD_RESTORE", &[("items", &many)]).await;
    assert_eq!(status(&answer), "-1 Unable to restore. The value of field \"items\" is not valid.");
    let answer = ann.service("FLD_RESTORE", &[("items", ",")]).await;
    assert_eq!(status(&answer), "-1 Unable to restore. The value of field \"items\" is not valid.");
    let answer = eve.service("FLD_FILE_REVISIONS", &[("item", &item)]).await;
    assert_eq!(
        status(&answer),
        format!(
            "-20 Unable to get file versions. User 'Eve Example' has insufficient privilege to access fFileGUID:{file} with \
             service FLD_FILE_REVISIONS."
        )
    );
}
