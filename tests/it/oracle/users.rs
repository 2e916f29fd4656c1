//! Finding users (spec/oracle.md 7).

use insta::assert_snapshot;
use serde_json::Value;

use crate::support::{oracle::numbered, server::Server};

#[tokio::test]
async fn users_are_found_by_a_part_of_name_or_address_the_exact_login_first() {
    let server = Server::start().await;
    let client = server.oracle(&server.world.eve);
    assert_snapshot!(numbered(&client.get("/users/items?info=ANN").await), @r#"
    200
    {"count":"1","errorCode":"0","items":[{"displayName":"Ann Example","id":"U1","loginName":"ann","type":"user"}]}
    "#);
    assert_snapshot!(numbered(&client.xml().get("/users/items?info=nobody").await), @r#"
    200
    <?xml version="1.0" encoding="UTF-8"?><response><count>0</count><errorCode>0</errorCode></response>
    "#);
    let found = client.get("/users/items?info=vic@example").await.json();
    assert_eq!(found["items"][0]["loginName"], "vic");
    // all have it; the login it is comes first
    let all = client.get("/users/items?info=example").await.json();
    assert_eq!(all["count"], "7");
    let logins: Vec<_> =
        all["items"].as_array().unwrap().iter().filter_map(|user| user["loginName"].as_str()).collect();
    assert_eq!(logins, ["ann", "bob", "carl", "dora", "eve", "max", "vic"]);
    let first = |body: &Value| body["items"][0]["loginName"].clone();
    assert_eq!(first(&client.get("/users/items?info=Max").await.json()), "max");
}

#[tokio::test]
async fn without_a_text_or_a_caller_nobody_is_found() {
    let server = Server::start().await;
    let client = server.oracle(&server.world.eve);
    for bad in ["", "?info=", "?info=%20", "?Info=ann", "?info=%00"] {
        client.get(&format!("/users/items{bad}")).await.expect(400);
    }
    assert_snapshot!(numbered(&client.get("/users/items").await), @r#"
    400
    {"errorCode":"-1","errorKey":"!csUnableToQueryUsers!csRequiredFieldMissing,info","errorMessage":"Unable to query users. Required field \"info\" is not provided.","title":"Unable to query users. Required field \"info\" is not provided.","type":"https://www.w3.org/Protocols/rfc2616/rfc2616-sec10.html"}
    "#);
    server.oracle_nobody().get("/users/items?info=ann").await.expect(401);
    server.oracle_nobody().link("x").get("/users/items?info=ann").await.expect(401);
}
