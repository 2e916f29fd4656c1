//! Definitions of metadata collections (spec/oracle.md 10).

use insta::assert_snapshot;
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{
    oracle::{Client, numbered},
    server::Server,
    world,
};

/// One of each kind.
fn address() -> Value {
    json!({"fieldsArray": [
        {"fieldName": "Street"},
        {"fieldName": "Number", "fieldType": "number", "defaultValue": "1"},
        {"fieldName": "Since", "fieldType": "date", "defaultValue": "2017-01-01T00:00:01"},
        {"fieldName": "Sold", "fieldType": "boolean", "defaultValue": true},
    ]})
}

async fn names(client: &Client<'_>) -> Vec<String> {
    let listed = client.get("/metadata").await.expect(200).json();
    listed["metadataCollections"].as_object().unwrap().keys().cloned().collect()
}

#[tokio::test]
async fn a_collection_is_made_shown_changed_and_deleted() {
    let server = Server::start().await;
    let world = &server.world;
    let (dora, ann) = (server.oracle(&world.dora), server.oracle(&world.ann));
    let made = dora.post("/metadata/Address", address()).await.expect(201);
    assert_eq!(made.header("location"), server.url("/documents/api/1.1/metadata/Address"));
    assert_eq!(made.text(), r#"{"errorCode":"0"}"#);
    assert_snapshot!(numbered(&ann.get("/metadata/address").await), @r#"
    200
    {"errorCode":"0","isEnabled":"1","type":"collection","items":[{"type":"field","fieldName":"Street","fieldType":"string","isEnabled":"1"},{"type":"field","fieldName":"Number","fieldType":"number","defaultValue":"1","isEnabled":"1"},{"type":"field","fieldName":"Since","fieldType":"date","defaultValue":"2017-01-01T00:00:01","isEnabled":"1"},{"type":"field","fieldName":"Sold","fieldType":"boolean","defaultValue":"1","isEnabled":"1"}]}
    "#);
    // more and less, by names alone
    dora.put("/metadata/Address", json!({"addFields": "City, Zip", "removeFields": "street,Number"})).await.expect(200);
    dora.post("/metadata/Address/field", json!({"fields": "Land"})).await.expect(200);
    dora.post("/metadata/Address/field", json!({"fieldsArray": [{"fieldName": "Floor", "fieldType": "number"}]}))
        .await
        .expect(200);
    let request = dora.request(Method::DELETE, "/metadata/Address/field?fields=Zip");
    server.send(request).await.expect(200);
    dora.send(Method::DELETE, "/metadata/Address/field", json!({"fieldsArray": [{"fieldName": "Since"}]}))
        .await
        .expect(200);
    let changed = json!({"fieldsArray": [
        {"fieldName": "Sold", "defaultValue": ""},
        {"fieldName": "City", "defaultValue": "Ulm", "isEnabled": "0"},
    ]});
    assert_eq!(dora.put("/metadata/Address/field", changed).await.expect(200).text(), r#"{"errorCode":"0"}"#);
    dora.put("/metadata/Address/field", json!({"fields": "Land", "settings": "disable"})).await.expect(200);
    dora.put("/metadata/Address", json!({"settings": "disable"})).await.expect(200);
    assert_snapshot!(numbered(&ann.xml().get("/metadata/ADDRESS/").await), @r#"
    200
    <?xml version="1.0" encoding="UTF-8"?><response><errorCode>0</errorCode><isEnabled>0</isEnabled><type>collection</type><items><item><type>field</type><fieldName>Sold</fieldName><fieldType>boolean</fieldType><isEnabled>1</isEnabled></item><item><type>field</type><fieldName>City</fieldName><fieldType>string</fieldType><defaultValue>Ulm</defaultValue><isEnabled>0</isEnabled></item><item><type>field</type><fieldName>Land</fieldName><fieldType>string</fieldType><isEnabled>0</isEnabled></item><item><type>field</type><fieldName>Floor</fieldName><fieldType>number</fieldType><isEnabled>1</isEnabled></item></items></response>
    "#);
    assert_eq!(dora.delete("/metadata/Address").await.expect(200).text(), r#"{"errorCode":"0"}"#);
    assert_snapshot!(numbered(&ann.get("/metadata/Address").await), @r#"
    404
    {"errorCode":"-16","errorKey":"!csFldSecurityValidationFailed!csFldDoesNotExist,Address","errorMessage":"Security validation failed. 'Address' does not exist.","title":"Security validation failed. 'Address' does not exist.","type":"https://www.w3.org/Protocols/rfc2616/rfc2616-sec10.html"}
    "#);
    dora.delete("/metadata/Address").await.expect(404);
}

#[tokio::test]
async fn a_definition_may_come_as_xml() {
    let server = Server::start().await;
    let dora = server.oracle(&server.world.dora);
    let xml = "<Body><fieldsArray><item><fieldName>Due date</fieldName><fieldType>date</fieldType></item>\
        <item><fieldName>a&amp;b</fieldName></item></fieldsArray></Body>";
    let send = async |body: String| {
        let request = dora.request(Method::POST, "/metadata/Plan").header("Content-Type", "application/xml");
        server.send(request.body(body)).await
    };
    // the vendor has no & in names
    send(xml.to_owned()).await.expect(400);
    send(xml.replace("a&amp;b", "ab")).await.expect(201);
    let shown = dora.get("/metadata/Plan").await.expect(200).json();
    assert_eq!(shown["items"][0]["fieldName"], "Due date");
    assert_eq!(shown["items"][1]["fieldType"], "string");
}

#[tokio::test]
async fn everybodys_are_listed_and_ones_own() {
    let server = Server::start().await;
    let world = &server.world;
    let (dora, ann, bob) = (server.oracle(&world.dora), server.oracle(&world.ann), server.oracle(&world.bob));
    assert_snapshot!(numbered(&ann.get("/metadata").await), @r#"
    200
    {"errorCode":"0","metadataCollections":{}}
    "#);
    dora.post("/metadata/Plan", json!({"fields": "Due"})).await.expect(201);
    // of the same name, one each
    ann.post("/metadata/Personal.Notes", json!({"fields": "Mood"})).await.expect(201);
    bob.post("/metadata/personal.NOTES", json!({"fields": "Todo"})).await.expect(201);
    assert_snapshot!(numbered(&ann.get("/metadata").await), @r#"
    200
    {"errorCode":"0","metadataCollections":{"Personal.Notes":{"isEnabled":"1","type":"collection"},"Plan":{"isEnabled":"1","type":"collection"}}}
    "#);
    let all = r#"{"Personal.NOTES":{"isEnabled":"1","type":"collection","items":[{"type":"field","fieldName":"Todo","fieldType":"string","isEnabled":"1"}]},"Plan":{"isEnabled":"1","type":"collection","items":[{"type":"field","fieldName":"Due","fieldType":"string","isEnabled":"1"}]}}"#;
    let all = format!(r#"{{"errorCode":"0","metadataCollections":{all}}}"#);
    assert_eq!(bob.get("/metadata?retrieveFields=1").await.expect(200).text(), all);
    let by_body = bob.send(Method::GET, "/metadata", json!({"retrieveFields": "1"})).await;
    assert_eq!(by_body.expect(200).text(), all);
    assert_eq!(names(&dora).await, ["Plan"]);

    // nobody else's is there, not even for an administrator
    dora.get("/metadata/Personal.Notes").await.expect(404);
    dora.delete("/metadata/Personal.Notes").await.expect(404);
    ann.delete("/metadata/Personal.Notes").await.expect(200);
    assert_eq!(names(&ann).await, ["Plan"]);
    assert_eq!(names(&bob).await, ["Personal.NOTES", "Plan"]);
}

#[tokio::test]
async fn everybodys_are_for_administrators_and_ones_own_for_everybody() {
    let server = Server::start().await;
    let world = &server.world;
    let dora = server.oracle(&world.dora);
    dora.post("/metadata/Drawing", json!({"fields": "Scale"})).await.expect(201);
    for who in [&world.ann, &world.carl, &world.max, &world.vic, &world.eve] {
        let client = server.oracle(who);
        let answers = [
            client.post("/metadata/Other", json!({})).await,
            client.put("/metadata/Drawing", json!({"settings": "disable"})).await,
            client.delete("/metadata/Drawing").await,
            client.post("/metadata/Drawing/field", json!({"fields": "x"})).await,
            client.put("/metadata/Drawing/field", json!({"fields": "Scale", "settings": "disable"})).await,
            client.delete("/metadata/Drawing/field?fields=Scale").await,
        ];
        for answer in answers {
            assert_eq!(answer.expect(403).json()["errorCode"], "-20");
        }
        client.get("/metadata/Drawing").await.expect(200);
        client.post("/metadata/Personal.Mine", json!({"fields": "x"})).await.expect(201);
        client.put("/metadata/Personal.Mine", json!({"addFields": "y"})).await.expect(200);
        client.delete("/metadata/Personal.Mine").await.expect(200);
    }
    assert_snapshot!(numbered(&server.oracle(&world.ann).delete("/metadata/Drawing").await), @r#"
    403
    {"errorCode":"-20","errorKey":"!csUnableToManageMetadata!csCloudItemInsufficientPrivileges,Ann Example,fMetadataCollection:Drawing,MANAGE_METADATA","errorMessage":"Unable to manage metadata. User 'Ann Example' has insufficient privilege to access fMetadataCollection:Drawing with service MANAGE_METADATA.","title":"Unable to manage metadata. User 'Ann Example' has insufficient privilege to access fMetadataCollection:Drawing with service MANAGE_METADATA.","type":"https://www.w3.org/Protocols/rfc2616/rfc2616-sec10.html"}
    "#);
    // a credential that only reads
    let reading = world::token(&server.vault, world.dora.person.id, &["Files.Read.All"]).await;
    for name in ["New", "Personal.New"] {
        let path = format!("/documents/api/1.2/metadata/{name}");
        server.send(server.post(&path).bearer_auth(&reading)).await.expect(403);
    }
    // somebody with a link is nobody
    let links = format!("/publiclinks/file/{}", world.file.oracle_id);
    let link = server.oracle(&world.max).post(&links, json!({"assignedUsers": "@everybody"})).await.expect(200).json();
    let nobody = server.oracle_nobody().link(link["linkID"].as_str().unwrap());
    nobody.get("/metadata").await.expect(401);
    nobody.get("/metadata/Drawing").await.expect(401);
    nobody.post("/metadata/Personal.Mine", json!({})).await.expect(401);
}

#[tokio::test]
async fn taken_names_and_too_many_are_refused() {
    let server = Server::start().await;
    let world = &server.world;
    let (dora, ann) = (server.oracle(&world.dora), server.oracle(&world.ann));
    dora.post("/metadata/Plan", json!({"fields": "Due"})).await.expect(201);
    assert_snapshot!(numbered(&dora.post("/metadata/PLAN", json!({})).await), @r#"
    409
    {"errorCode":"-17","errorKey":"!csUnableToManageMetadata!csFldNameTaken,PLAN","errorMessage":"Unable to manage metadata. There is already a collection or a field with the name 'PLAN'.","title":"Unable to manage metadata. There is already a collection or a field with the name 'PLAN'.","type":"https://www.w3.org/Protocols/rfc2616/rfc2616-sec10.html"}
    "#);
    let taken = [
        dora.post("/metadata/Plan/field", json!({"fields": "DUE"})).await,
        dora.put("/metadata/Plan", json!({"addFields": "a,A"})).await,
        dora.post("/metadata/Two", json!({"fields": "a,A"})).await,
    ];
    for answer in taken {
        assert_eq!(answer.expect(409).json()["errorCode"], "-17");
    }
    // one that goes makes room for one of its name
    dora.put("/metadata/Plan", json!({"addFields": "Due", "removeFields": "Due"})).await.expect(200);

    let fields = |from: usize, to: usize| (from..to).map(|n| format!("f{n}")).collect::<Vec<_>>().join(",");
    dora.post("/metadata/Long", json!({"fields": fields(0, 101)})).await.expect(409);
    dora.post("/metadata/Long", json!({"fields": fields(0, 100)})).await.expect(201);
    dora.post("/metadata/Long/field", json!({"fields": "one"})).await.expect(409);
    dora.put("/metadata/Long", json!({"addFields": "one", "removeFields": "f7"})).await.expect(200);
    for n in 0..200 {
        ann.post(&format!("/metadata/Personal.{n}"), json!({})).await.expect(201);
    }
    assert_eq!(ann.post("/metadata/Personal.200", json!({})).await.expect(409).json()["errorCode"], "-1");
    // somebody else's do not count
    server.oracle(&world.bob).post("/metadata/Personal.200", json!({})).await.expect(201);
}

#[tokio::test]
async fn what_can_be_no_definition_is_refused() {
    let server = Server::start().await;
    let dora = server.oracle(&server.world.dora);
    let long = "x".repeat(101);
    let huge = "x".repeat(7_000);
    let bad = [
        "a.b",
        "Personal.",
        "Personal.a.b",
        "%20a",
        "a%00b",
        "a%0Ab",
        "a%22b",
        "a'b",
        "a,b",
        "NULL",
        "%FF",
        &long,
        &huge,
    ];
    for name in bad {
        let answer = dora.post(&format!("/metadata/{name}"), json!({})).await;
        assert_eq!(answer.expect(400).json()["errorCode"], "-1", "{name}");
        let answer = dora.get(&format!("/metadata/{name}")).await;
        assert_eq!(answer.expect(404).json()["errorCode"], "-16", "{name}");
        dora.delete(&format!("/metadata/{name}")).await.expect(404);
    }
    let field = |field: Value| json!({ "fieldsArray": [field] });
    let bodies = [
        json!({"fields": "a.b"}),
        json!({"fields": ["a"]}),
        json!({"fields": "x".repeat(101)}),
        json!({"fields": "a\u{0}"}),
        json!({"fieldsArray": "a"}),
        json!({"fieldsArray": ["a"]}),
        json!({"fieldsArray": {"fieldName": "a"}}),
        field(json!({})),
        field(json!({"fieldName": ""})),
        field(json!({"fieldName": "a|b"})),
        field(json!({"fieldName": "a", "fieldType": "blob"})),
        field(json!({"fieldName": "a", "fieldType": 1})),
        field(json!({"fieldName": "a", "fieldType": "number", "defaultValue": "x"})),
        field(json!({"fieldName": "a", "fieldType": "date", "defaultValue": "yesterday"})),
        field(json!({"fieldName": "a", "fieldType": "boolean", "defaultValue": "perhaps"})),
        field(json!({"fieldName": "a", "defaultValue": "x".repeat(2001)})),
        field(json!({"fieldName": "a", "defaultValue": ["x"]})),
    ];
    for body in bodies {
        let answer = dora.post("/metadata/Bad", body.clone()).await;
        assert_eq!(answer.expect(400).json()["errorCode"], "-1", "{body}");
    }
    // beyond what characters a name in an address may have, and it is whole again
    dora.post("/metadata/Pr%C3%BCf%20Plan%20%E6%97%A5%E6%9C%AC", json!({"fields": "a"})).await.expect(201);
    assert_eq!(names(&dora).await, ["Prüf Plan 日本"]);
    let path = "/metadata/pr%C3%BCf%20plan%20%E6%97%A5%E6%9C%AC";
    dora.put(&format!("{path}/field"), json!({"fieldsArray": [{"fieldName": "a", "fieldType": "date"}]}))
        .await
        .expect(409);
    dora.put(&format!("{path}/field"), json!({"fields": "b", "settings": "enable"})).await.expect(404);
    dora.put(&format!("{path}/field"), json!({"fields": "a", "settings": "perhaps"})).await.expect(400);
    dora.put(&format!("{path}/field"), json!({"fields": "a,".repeat(101), "settings": "enable"})).await.expect(400);
    for enabled in [json!(0), json!(true), json!("1")] {
        let body = json!({"fieldsArray": [{"fieldName": "a", "isEnabled": enabled}]});
        dora.put(&format!("{path}/field"), body).await.expect(200);
    }
    let body = json!({"fieldsArray": [{"fieldName": "a", "isEnabled": "perhaps"}]});
    dora.put(&format!("{path}/field"), body).await.expect(400);
    dora.post(&format!("{path}/field"), json!({})).await.expect(400);
    dora.delete(&format!("{path}/field")).await.expect(400);
}

#[tokio::test(flavor = "multi_thread")]
async fn of_many_who_make_one_of_a_name_at_once_one_succeeds() {
    let server = Server::start().await;
    let dora = server.oracle(&server.world.dora);
    let makes = (0..8).map(|_| {
        let dora = dora.clone();
        async move { dora.post("/metadata/Plan", json!({"fields": "a"})).await.status.as_u16() }
    });
    let mut statuses = futures_util::future::join_all(makes).await;
    statuses.sort_unstable();
    assert_eq!(statuses, [201, 409, 409, 409, 409, 409, 409, 409]);
    // nor can fields be one too many
    let fields = (0..98).map(|n| format!("f{n}")).collect::<Vec<_>>().join(",");
    dora.post("/metadata/Plan/field", json!({ "fields": fields })).await.expect(200);
    let adds = (0..8).map(|n| {
        let dora = dora.clone();
        async move { dora.post("/metadata/Plan/field", json!({"fields": format!("g{n}")})).await.status.as_u16() }
    });
    let mut statuses = futures_util::future::join_all(adds).await;
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 409, 409, 409, 409, 409, 409, 409]);
}
