//! Finding users (spec/oracle.md 7).

use coatcheck::{
    domain::person::{Affiliation, License},
    vault::{NewUser, UserChange},
};
use insta::assert_snapshot;
use serde_json::Value;

use crate::support::{answer::Answer, oracle::numbered, server::Server, world};

fn logins(answer: &Answer) -> Vec<String> {
    let body = answer.json();
    let users = body.get("items").and_then(Value::as_array).cloned().unwrap_or_default();
    assert_eq!(body["count"], users.len().to_string());
    users.iter().map(|user| user["loginName"].as_str().unwrap().to_owned()).collect()
}

async fn user(server: &Server, login: &str, name: &str, email: &str) {
    let new = NewUser {
        login: login.to_owned(),
        email: email.to_owned(),
        name: name.to_owned(),
        password: None,
        license: License::Full,
        affiliation: Affiliation::Employee,
        administrator: false,
    };
    server.vault.create_user(new).await.unwrap();
}

#[tokio::test]
async fn no_character_of_the_text_stands_for_others() {
    let server = Server::start().await;
    let eve = server.oracle(&server.world.eve);
    user(&server, "per%cent", "100% Sure", "percent@example.org").await;
    user(&server, "under_score", "Back\\slash", "under@example.org").await;
    let find = async |text: &str| logins(&eve.get(&format!("/users/items?info={text}")).await.expect(200));
    assert_eq!(find("%25").await, ["per%cent"]);
    assert_eq!(find("_").await, ["under_score"]);
    assert_eq!(find("%5C").await, ["under_score"]);
    assert_eq!(find("*").await, [""; 0]);
    assert_eq!(find("x".repeat(7000).as_str()).await, [""; 0]);
    // the exact login comes first, though others stand before it
    user(&server, "an", "Zoe", "zoe@example.org").await;
    assert_eq!(find("AN").await[..2], ["an", "ann"]);
}

#[tokio::test]
async fn a_user_is_found_by_exactly_their_address() {
    let server = Server::start().await;
    let eve = server.oracle(&server.world.eve);
    assert_snapshot!(numbered(&eve.get("/users/search/items?email=Ann@EXAMPLE.com").await), @r#"
    200
    {"count":"1","errorCode":"0","items":[{"displayName":"Ann Example","id":"U1","loginName":"ann","type":"user"}]}
    "#);
    for other in ["ann", "ann@example", "%25", "ann@example.com.", "nobody@example.com"] {
        let found = eve.get(&format!("/users/search/items?email={other}")).await;
        assert_eq!(found.expect(200).text(), r#"{"count":"0","errorCode":"0"}"#, "{other}");
    }
    for bad in ["", "?email=", "?email=%20", "?info=ann", "?email=%00"] {
        eve.get(&format!("/users/search/items{bad}")).await.expect(400);
    }
    assert_snapshot!(numbered(&eve.xml().get("/users/search/items").await), @r#"
    400
    <?xml version="1.0" encoding="UTF-8"?><error><errorCode>-1</errorCode><errorKey>!csUnableToQueryUsers!csRequiredFieldMissing,email</errorKey><errorMessage>Unable to query users. Required field "email" is not provided.</errorMessage><title>Unable to query users. Required field "email" is not provided.</title><type>https://www.w3.org/Protocols/rfc2616/rfc2616-sec10.html</type></error>
    "#);
    server.oracle_nobody().get("/users/search/items?email=ann@example.com").await.expect(401);
    server.oracle_nobody().link("x").get("/users/search/items?email=ann@example.com").await.expect(401);
}

#[tokio::test]
async fn whoever_is_disabled_is_found_by_nobody() {
    let server = Server::start().await;
    let eve = server.oracle(&server.world.eve);
    let change = UserChange { disabled: Some(true), ..UserChange::default() };
    server.vault.update_user(server.world.ann.person.id, change).await.unwrap();
    assert_eq!(logins(&eve.get("/users/items?info=ann").await), [""; 0]);
    assert_eq!(logins(&eve.get("/users/search/items?email=ann@example.com").await), [""; 0]);
}

#[tokio::test]
async fn a_thousand_users_are_enough_for_one_answer() {
    use sqlx::{Connection, PgConnection};
    let server = Server::start().await;
    let mut db = PgConnection::connect(&server.database.url).await.unwrap();
    let crowd = "WITH made AS (
        INSERT INTO principals (id, kind, name, arena_guid, oracle_id, graph_id, created_at)
        SELECT gen_random_uuid(), 'user', 'Crowd', 'A' || n, 'U' || n, gen_random_uuid(), now()
        FROM generate_series(1, 1001) n RETURNING id, arena_guid
    ) INSERT INTO users (id, login, login_key, email, email_key, license)
        SELECT id, 'crowd' || arena_guid, 'crowd' || arena_guid, arena_guid, arena_guid, 'full' FROM made";
    sqlx::query(crowd).execute(&mut db).await.unwrap();
    let eve = server.oracle(&server.world.eve);
    let found = eve.get("/users/items?info=crowd").await.expect(200);
    assert_eq!(logins(&found).len(), 1000);
    assert_eq!(world::find(&server.vault, "eve").await, server.world.eve.person);
}

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
