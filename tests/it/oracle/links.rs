//! Public links (spec/oracle.md 8).

use chrono::Duration;
use coatcheck::domain::id::ItemKey;
use insta::assert_snapshot;
use serde_json::json;

use crate::support::{
    oracle::{link, numbered, word},
    server::Server,
    world,
};

#[tokio::test]
async fn a_link_is_made_shown_changed_and_removed() {
    let server = Server::start().await;
    let world = &server.world;
    let max = server.oracle(&world.max);
    let path = format!("/publiclinks/folder/{}", world.library.root_oracle_id);
    assert_snapshot!(numbered(&max.get(&path).await), @r#"
    200
    {"count":"0","errorCode":"0","id":"F1","type":"folder"}
    "#);

    let spec = json!({
        "assignedUsers": "@serviceinstance",
        "linkName": "MyLinkOne",
        "password": "test12345",
        "expirationTime": "2027-01-01T00:00:01",
        "role": "contributor",
    });
    let made = max.post(&path, spec).await;
    assert_snapshot!(numbered(&made), @r#"
    200
    {"assignedUsers":"@serviceinstance","createdTime":"2026-03-04T05:06:07Z","errorCode":"0","expirationTime":"2027-01-01T00:00:01Z","id":"F1","lastModifiedTime":"2026-03-04T05:06:07Z","linkID":"L1","linkName":"MyLinkOne","ownedBy":{"displayName":"Max Example","id":"U1","loginName":"max","type":"user"},"role":"contributor","type":"publiclink"}
    "#);
    let link = format!("/publiclinks/{}", made.json()["linkID"].as_str().unwrap());
    assert_eq!(max.get(&link).await.expect(200).text(), made.text());
    assert_snapshot!(numbered(&max.get(&path).await), @r#"
    200
    {"count":"1","errorCode":"0","id":"F1","type":"folder","items":[{"assignedUsers":"@serviceinstance","createdTime":"2026-03-04T05:06:07Z","expirationTime":"2027-01-01T00:00:01Z","lastModifiedTime":"2026-03-04T05:06:07Z","linkID":"L1","linkName":"MyLinkOne","ownedBy":{"displayName":"Max Example","id":"U1","loginName":"max","type":"user"},"role":"contributor","type":"publiclink"}]}
    "#);
    assert_snapshot!(numbered(&max.xml().get(&path).await), @r#"
    200
    <?xml version="1.0" encoding="UTF-8"?><response><count>1</count><errorCode>0</errorCode><id>F1</id><type>folder</type><items><item><assignedUsers>@serviceinstance</assignedUsers><createdTime>2026-03-04T05:06:07Z</createdTime><expirationTime>2027-01-01T00:00:01Z</expirationTime><lastModifiedTime>2026-03-04T05:06:07Z</lastModifiedTime><linkID>L1</linkID><linkName>MyLinkOne</linkName><ownedBy><displayName>Max Example</displayName><id>U1</id><loginName>max</loginName><type>user</type></ownedBy><role>contributor</role><type>publiclink</type></item></items></response>
    "#);

    server.advance(chrono::Duration::minutes(1));
    let change =
        json!({"assignedUsers": "eve, Bob@Example.com", "role": "viewer", "password": "", "expirationTime": ""});
    assert_snapshot!(numbered(&max.put(&link, change).await), @r#"
    200
    {"assignedUsers":"U1,U2","createdTime":"2026-03-04T05:06:07Z","errorCode":"0","id":"F1","lastModifiedTime":"2026-03-04T05:07:07Z","linkID":"L1","linkName":"MyLinkOne","ownedBy":{"displayName":"Max Example","id":"U3","loginName":"max","type":"user"},"role":"viewer","type":"publiclink"}
    "#);
    // nothing said, nothing changed
    let unchanged = max.put(&link, json!({})).await.expect(200).json();
    assert_eq!(unchanged["role"], "viewer");
    assert_eq!(unchanged["assignedUsers"].as_str().unwrap().len(), 36 + 1 + 36);
    // the code is gone
    let eve = server.oracle(&world.eve).link(made.json()["linkID"].as_str().unwrap());
    eve.get(&format!("/files/{}", world.file.oracle_id)).await.expect(200);

    assert_snapshot!(numbered(&max.delete(&link).await), @r#"
    200
    {"errorCode":"0","linkID":"L1","type":"publiclink"}
    "#);
    assert_snapshot!(numbered(&max.get(&link).await), @r#"
    404
    {"errorCode":"-16","errorKey":"!csFldSecurityValidationFailed!csFldDoesNotExist,L1","errorMessage":"Security validation failed. 'L1' does not exist.","id":"L1","title":"Security validation failed. 'L1' does not exist.","type":"https://www.w3.org/Protocols/rfc2616/rfc2616-sec10.html"}
    "#);
    max.delete(&link).await.expect(404);
    max.put(&link, json!({})).await.expect(404);
    eve.get(&format!("/files/{}", world.file.oracle_id)).await.expect(400);
}

#[tokio::test]
async fn an_item_has_one_unnamed_link_and_one_of_each_name() {
    let server = Server::start().await;
    let world = &server.world;
    let max = server.oracle(&world.max);
    let path = format!("/publiclinks/file/{}", world.file.oracle_id);
    let made = max.post(&path, json!({"assignedUsers": "@everybody", "roleName": "downloader"})).await.expect(200);
    assert_eq!(made.json()["role"], "downloader");
    let again = max.post(&path, json!({"assignedUsers": "@everybody"})).await.expect(409).json();
    assert_eq!(again["errorCode"], "-17");
    let words = "Unable to manage public link. There is already a public link without a name.";
    assert_eq!(again["errorMessage"], words);
    let named = json!({"assignedUsers": "@everybody", "linkName": "one"});
    // by default a link shows and does no more
    assert_eq!(max.post(&path, named.clone()).await.expect(200).json()["role"], "viewer");
    let again = max.post(&path, named).await.expect(409).json();
    let words = "Unable to manage public link. There is already a public link with the name 'one'.";
    assert_eq!(again["errorMessage"], words);
    let listed = max.get(&path).await.json();
    assert_eq!((&listed["count"], &listed["type"]), (&json!("2"), &json!("file")));
}

#[tokio::test]
async fn a_link_that_cannot_be_is_refused() {
    let server = Server::start().await;
    let world = &server.world;
    let max = server.oracle(&world.max);
    let path = format!("/publiclinks/file/{}", world.file.oracle_id);
    let many = vec!["ann"; 101].join(",");
    let cases = [
        json!({}),
        json!({"assignedUsers": ""}),
        json!({"assignedUsers": ", ,"}),
        json!({"assignedUsers": "nobody"}),
        json!({"assignedUsers": "ann,@everybody"}),
        json!({"assignedUsers": "robot"}),
        json!({"assignedUsers": "ann\0"}),
        json!({ "assignedUsers": many }),
        json!({"assignedUsers": ["ann"]}),
        json!({"assignedUsers": "@everybody", "role": "manager"}),
        json!({"assignedUsers": "@everybody", "role": "Viewer"}),
        json!({"assignedUsers": "@everybody", "role": 1}),
        json!({"assignedUsers": "@everybody", "password": "1234567"}),
        json!({"assignedUsers": "@everybody", "password": "x".repeat(51)}),
        json!({"assignedUsers": "@everybody", "expirationTime": "tomorrow"}),
        json!({"assignedUsers": "@everybody", "linkName": "a\nb"}),
        json!({"assignedUsers": "@everybody", "linkName": "x".repeat(256)}),
    ];
    for case in cases {
        let answer = max.post(&path, case.clone()).await;
        assert_eq!(
            (answer.status.as_u16(), answer.json()["errorCode"].as_str()),
            (400, Some("-1")),
            "{case}: {answer}"
        );
    }
    assert_eq!(max.get(&path).await.json()["count"], "0");
}

#[tokio::test]
async fn only_managers_see_and_change_links() {
    let server = Server::start().await;
    let world = &server.world;
    let path = format!("/publiclinks/file/{}", world.file.oracle_id);
    let spec = json!({"assignedUsers": "@everybody", "role": "contributor"});
    let link = server.oracle(&world.max).post(&path, spec.clone()).await.expect(200).json();
    let id = link["linkID"].as_str().unwrap();
    let link = format!("/publiclinks/{id}");
    let clients = [server.oracle(&world.ann), server.oracle(&world.eve), server.oracle_nobody().link(id)];
    for client in clients {
        client.post(&path, spec.clone()).await.expect(403);
        client.get(&path).await.expect(403);
        client.get(&link).await.expect(403);
        client.put(&link, json!({"role": "viewer"})).await.expect(403);
        client.delete(&link).await.expect(403);
    }
    assert_snapshot!(numbered(&server.oracle(&world.ann).get(&link).await), @r#"
    403
    {"errorCode":"-20","errorKey":"!csUnableToManageLink!csCloudItemInsufficientPrivileges,Ann Example,fLinkGUID:L1,MANAGE_LINK","errorMessage":"Unable to manage public link. User 'Ann Example' has insufficient privilege to access fLinkGUID:L1 with service MANAGE_LINK.","id":"L1","title":"Unable to manage public link. User 'Ann Example' has insufficient privilege to access fLinkGUID:L1 with service MANAGE_LINK.","type":"https://www.w3.org/Protocols/rfc2616/rfc2616-sec10.html"}
    "#);
    server.oracle_nobody().get(&link).await.expect(401);
    server.oracle(&world.max).get(&link).await.expect(200);
}

#[tokio::test]
async fn a_link_ends_with_its_item_and_with_no_other() {
    let server = Server::start().await;
    let (vault, world) = (&server.vault, &server.world);
    let max = server.oracle(&world.max);
    let id = link(&server, json!({"assignedUsers": "@everybody"})).await;
    let other = world::file(vault, &world.ann, &world.library, "other.txt", "x").await;
    let actor = world::actor(vault, &world.max).await;
    let look = vault.look(&actor, &ItemKey::Id(world.file.id)).await.unwrap();
    vault.delete(&actor, &look).await.unwrap();
    let path = format!("/publiclinks/{id}");
    assert_eq!(word(&max.get(&path).await), "404/-16");
    assert_eq!(word(&max.put(&path, json!({"role": "contributor"})).await), "404/-16");
    assert_eq!(word(&max.delete(&path).await), "404/-16");
    let list = format!("/publiclinks/file/{}", world.file.oracle_id);
    assert_eq!(word(&max.get(&list).await), "404/-16");
    assert_eq!(word(&max.post(&list, json!({"assignedUsers": "@everybody"})).await), "404/-16");
    let nobody = server.oracle_nobody().link(&id);
    assert_eq!(word(&nobody.get(&format!("/files/{}", world.file.oracle_id)).await), "404/-16");
    assert_eq!(word(&nobody.get(&format!("/files/{}", other.oracle_id)).await), "400/-26");
}

#[tokio::test]
async fn a_link_manages_no_links() {
    let server = Server::start().await;
    let world = &server.world;
    let id = link(&server, json!({"assignedUsers": "@everybody", "role": "contributor"})).await;
    let path = format!("/publiclinks/file/{}", world.file.oracle_id);
    for client in [server.oracle(&world.eve).link(&id), server.oracle_nobody().link(&id)] {
        let spec = json!({"assignedUsers": "@everybody", "linkName": "more"});
        assert_eq!(word(&client.post(&path, spec).await), "403/-20");
        assert_eq!(word(&client.get(&path).await), "403/-20");
        assert_eq!(word(&client.get(&format!("/publiclinks/{id}")).await), "403/-20");
        assert_eq!(word(&client.put(&format!("/publiclinks/{id}"), json!({"role": "viewer"})).await), "403/-20");
        assert_eq!(word(&client.delete(&format!("/publiclinks/{id}")).await), "403/-20");
    }
    // an own role does, whatever else is brought
    let unknown = format!("LF{}", "0".repeat(42));
    server.oracle(&world.max).link(&unknown).get(&path).await.expect(200);
}

#[tokio::test]
async fn a_change_leaves_what_it_does_not_name() {
    let server = Server::start().await;
    let world = &server.world;
    let max = server.oracle(&world.max);
    let spec = json!({
        "assignedUsers": "eve",
        "role": "downloader",
        "password": "test12345",
        "expirationTime": "2027-01-01T00:00:01Z",
    });
    let id = link(&server, spec).await;
    let path = format!("/publiclinks/{id}");
    let eve = server.oracle(&world.eve).link(&id);
    let file = format!("/files/{}", world.file.oracle_id);
    server.advance(Duration::minutes(1));
    assert_snapshot!(numbered(&max.put(&path, json!({"roleName": "viewer"})).await), @r#"
    200
    {"assignedUsers":"U1","createdTime":"2026-03-04T05:06:07Z","errorCode":"0","expirationTime":"2027-01-01T00:00:01Z","id":"D1","lastModifiedTime":"2026-03-04T05:07:07Z","linkID":"L1","ownedBy":{"displayName":"Max Example","id":"U2","loginName":"max","type":"user"},"role":"viewer","type":"publiclink"}
    "#);
    // the code is the old one, and then another one at once
    assert_eq!(word(&eve.code("test12345").get(&file).await), "200");
    max.put(&path, json!({"password": "another12"})).await.expect(200);
    assert_eq!(word(&eve.code("test12345").get(&file).await), "403/-18");
    assert_eq!(word(&eve.code("another12").get(&file).await), "200");
    // one field that cannot be, and nothing changes
    for bad in [
        json!({"role": "contributor", "password": "short"}),
        json!({"role": "owner"}),
        json!({"role": "contributor", "assignedUsers": ""}),
        json!({"role": "contributor", "expirationTime": "soon"}),
        json!({"role": "contributor", "expirationTime": 1}),
    ] {
        assert_eq!(word(&max.put(&path, bad.clone()).await), "400/-1", "{bad}");
    }
    assert_eq!(max.get(&path).await.json()["role"], "viewer");
    // the past is a time like any other
    let ended = max.put(&path, json!({"expirationTime": "2017-01-01T00:00:01"})).await.expect(200).json();
    assert_eq!(ended["expirationTime"], "2017-01-01T00:00:01Z");
    assert_eq!(word(&eve.code("another12").get(&file).await), "400/-26");
    max.put(&path, json!({"expirationTime": ""})).await.expect(200);
    assert_eq!(word(&eve.code("another12").get(&file).await), "200");
}

#[tokio::test]
async fn an_item_has_so_many_links_and_no_more() {
    use sqlx::{Connection, PgConnection};
    let server = Server::start().await;
    let world = &server.world;
    let id = link(&server, json!({"assignedUsers": "ann,bob,eve", "linkName": "first"})).await;
    let mut db = PgConnection::connect(&server.database.url).await.unwrap();
    let crowd = "INSERT INTO links (id, item_id, oracle_id, graph_id, name, role, audience, created_by, created_at, modified_at)
        SELECT gen_random_uuid(), item_id, 'L' || n, 's' || n, 'n' || n, role, audience, created_by, created_at, modified_at
        FROM links, generate_series(1, 999) n WHERE oracle_id = $1";
    sqlx::query(crowd).bind(&id).execute(&mut db).await.unwrap();
    let max = server.oracle(&world.max);
    let path = format!("/publiclinks/file/{}", world.file.oracle_id);
    let spec = json!({"assignedUsers": "@everybody", "linkName": "one more"});
    assert_snapshot!(numbered(&max.post(&path, spec.clone()).await), @r#"
    409
    {"errorCode":"-1","errorKey":"!csUnableToManageLink!csFldImpossible","errorMessage":"Unable to manage public link. This cannot be done: the item has too many links.","id":"D1","title":"Unable to manage public link. This cannot be done: the item has too many links.","type":"https://www.w3.org/Protocols/rfc2616/rfc2616-sec10.html"}
    "#);
    let all = max.get(&path).await.expect(200).json();
    assert_eq!(all["count"], "1000");
    max.delete(&format!("/publiclinks/{id}")).await.expect(200);
    max.post(&path, spec).await.expect(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_unnamed_links_at_once_one_is_made() {
    let server = Server::start().await;
    let world = &server.world;
    let path = format!("/publiclinks/file/{}", world.file.oracle_id);
    let (max, dora) = (server.oracle(&world.max), server.oracle(&world.dora));
    for _ in 0..5 {
        let spec = json!({"assignedUsers": "@everybody"});
        let (one, two) = tokio::join!(max.post(&path, spec.clone()), dora.post(&path, spec));
        let mut words = [word(&one), word(&two)];
        words.sort();
        assert_eq!(words, ["200", "409/-17"]);
        let made = max.get(&path).await.expect(200).json();
        assert_eq!(made["count"], "1");
        let link = format!("/publiclinks/{}", made["items"][0]["linkID"].as_str().unwrap());
        // and of two who remove it, one does
        let (one, two) = tokio::join!(max.delete(&link), dora.delete(&link));
        let mut words = [word(&one), word(&two)];
        words.sort();
        assert_eq!(words, ["200", "404/-16"]);
    }
}
