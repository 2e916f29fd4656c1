//! Shares of folders (spec/oracle.md 9): what each call answers and refuses, who sees what then, everywhere, and who meets
//! whom.

use std::{
    fmt::Write as _,
    time::{Duration, Instant},
};

use coatcheck::{
    domain::{
        actor::Role,
        error::{Error, Missing},
        id::{ItemKey, PrincipalKey},
        item::Item,
        link::Audience,
        person::License,
    },
    seed::{self, Beside, Seed},
    vault::LinkSpec,
};
use insta::assert_snapshot;
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{
    answer::Answer,
    arena::code,
    oracle::{Client, numbered, word},
    server::Server,
    world::{self, PASSWORD, Somebody},
};

/// A folder in the world's library, made by Ann: its id.
async fn folder(server: &Server, parent: &str, name: &str) -> String {
    let made = server.oracle(&server.world.ann).post(&format!("/folders/{parent}"), json!({ "name": name })).await;
    made.expect(201).json()["id"].as_str().unwrap().to_owned()
}

async fn share(client: &Client<'_>, folder: &str, who: &str, role: &str) -> Answer {
    client.post(&format!("/shares/{folder}"), json!({"userID": who, "role": role})).await
}

async fn unshare(client: &Client<'_>, folder: &str, who: &str) -> Answer {
    client.send(Method::DELETE, &format!("/shares/{folder}/user"), json!({ "userID": who })).await
}

/// Who has which role, as `name: role`.
fn entries(answer: &Answer) -> Vec<String> {
    let body = answer.json();
    let items = body["items"].as_array().unwrap().clone();
    assert_eq!(body["count"], items.len().to_string());
    let name = |user: &Value| user["displayName"].as_str().unwrap().replace(" Example", "");
    items.iter().map(|item| format!("{}: {}", name(&item["user"]), item["role"].as_str().unwrap())).collect()
}

/// What the trail says of shares of a folder: outcomes and comments.
async fn trail(server: &Server, folder: &str) -> Vec<(String, Option<String>)> {
    use sqlx::{Connection, PgConnection};
    let mut db = PgConnection::connect(&server.database.url).await.unwrap();
    let told = "SELECT v.outcome, v.comment FROM events v JOIN items i ON i.id = v.item_id
        WHERE i.oracle_id = $1 AND v.verb = 'share' AND v.dialect = 'oracle' ORDER BY v.id";
    sqlx::query_as(told).bind(folder).fetch_all(&mut db).await.unwrap()
}

#[tokio::test]
async fn a_folder_is_shared_listed_and_no_longer_shared() {
    let server = Server::start().await;
    let world = &server.world;
    let drawings = folder(&server, &world.library.root_oracle_id, "drawings").await;
    let max = server.oracle(&world.max);
    let path = format!("/shares/{drawings}");
    assert_snapshot!(numbered(&max.get(&format!("{path}/items?currentOnly=true")).await), @r#"
    200
    {"count":"0","errorCode":"0","id":"F1","type":"share","items":[]}
    "#);
    let body = json!({"userID": world.eve.person.oracle_id, "role": "downloader", "message": "have a look"});
    assert_snapshot!(numbered(&max.post(&path, body).await), @r#"
    200
    {"errorCode":"0","id":"F1","role":"downloader","type":"share","user":{"displayName":"Eve Example","id":"U1","loginName":"eve","type":"user"}}
    "#);
    // sharing again changes the role; by login name, whatever the case
    let body = json!({"userID": "EVE", "role": "contributor"});
    assert_snapshot!(numbered(&max.put(&format!("{path}/role"), body).await), @r#"
    200
    {"errorCode":"0","id":"F1","role":"contributor","type":"share","user":{"displayName":"Eve Example","id":"U1","loginName":"eve","type":"user"}}
    "#);
    assert_snapshot!(numbered(&max.get(&format!("{path}/items?currentOnly=true")).await), @r#"
    200
    {"count":"1","errorCode":"0","id":"F1","type":"share","items":[{"role":"contributor","type":"share","user":{"displayName":"Eve Example","id":"U1","loginName":"eve","type":"user"}}]}
    "#);
    let body = json!({"userID": "eve", "message": "enough"});
    assert_snapshot!(numbered(&max.send(Method::DELETE, &format!("{path}/user"), body).await), @r#"
    200
    {"errorCode":"0","id":"F1","type":"share","user":{"displayName":"Eve Example","id":"U1","loginName":"eve","type":"user"}}
    "#);
    // a client may not know whether it was heard
    unshare(&max, &drawings, "eve").await.expect(200);
    share(&max, &drawings, "eve,bob", "manager").await.expect(200);
    assert_snapshot!(numbered(&max.delete(&format!("{path}?message=all")).await), @r#"
    200
    {"errorCode":"0","id":"F1","type":"share"}
    "#);
    assert_eq!(max.get(&format!("{path}/items?currentOnly=true")).await.json()["count"], "0");

    share(&max, &drawings, "eve", "viewer").await.expect(200);
    let eve = server.oracle(&world.eve);
    eve.get(&format!("/folders/{drawings}")).await.expect(200);
    assert_snapshot!(numbered(&eve.delete(&format!("{path}/myuser")).await), @r#"
    200
    {"errorCode":"0","id":"F1","type":"share"}
    "#);
    assert_eq!(word(&eve.get(&format!("/folders/{drawings}")).await), "403/-20");
    let said = trail(&server, &drawings).await;
    let said: Vec<_> = said.iter().map(|(outcome, comment)| (&**outcome, comment.as_deref().unwrap_or(""))).collect();
    assert_eq!(
        said,
        [
            ("done", "have a look"),
            ("done", ""),
            ("done", "enough"),
            ("unchanged", ""),
            ("done", ""),
            ("done", "all"),
            ("done", ""),
            ("done", ""),
        ]
    );
}

#[tokio::test]
async fn all_of_it_once_in_xml() {
    let server = Server::start().await;
    let world = &server.world;
    let drawings = folder(&server, &world.library.root_oracle_id, "drawings").await;
    let max = server.oracle(&world.max).xml().version("1.2");
    let path = format!("/shares/{drawings}");
    assert_snapshot!(numbered(&max.get(&format!("{path}/items?currentOnly=1")).await), @r#"
    200
    <?xml version="1.0" encoding="UTF-8"?><response><count>0</count><errorCode>0</errorCode><id>F1</id><type>share</type><items></items></response>
    "#);
    assert_snapshot!(numbered(&share(&max, &drawings, "eve, bob", "viewer").await), @r#"
    200
    <?xml version="1.0" encoding="UTF-8"?><response><errorCode>0</errorCode><id>F1</id><members><item><displayName>Eve Example</displayName><id>U1</id><loginName>eve</loginName><type>user</type></item><item><displayName>Bob Example</displayName><id>U2</id><loginName>bob</loginName><type>user</type></item></members><role>viewer</role><type>share</type><user><displayName>Bob Example</displayName><id>U2</id><loginName>bob</loginName><type>user</type></user></response>
    "#);
    let change = json!({"userID": "bob", "role": "manager"});
    assert_snapshot!(numbered(&max.put(&format!("{path}/role"), change).await), @r#"
    200
    <?xml version="1.0" encoding="UTF-8"?><response><errorCode>0</errorCode><id>F1</id><role>manager</role><type>share</type><user><displayName>Bob Example</displayName><id>U1</id><loginName>bob</loginName><type>user</type></user></response>
    "#);
    // the body of a GET is read as well
    let current = max.send(Method::GET, &format!("{path}/items"), json!({"currentOnly": "true"})).await;
    assert_snapshot!(numbered(&current), @r#"
    200
    <?xml version="1.0" encoding="UTF-8"?><response><count>2</count><errorCode>0</errorCode><id>F1</id><type>share</type><items><item><role>manager</role><type>share</type><user><displayName>Bob Example</displayName><id>U1</id><loginName>bob</loginName><type>user</type></user></item><item><role>viewer</role><type>share</type><user><displayName>Eve Example</displayName><id>U2</id><loginName>eve</loginName><type>user</type></user></item></items></response>
    "#);
    assert_snapshot!(numbered(&unshare(&max, &drawings, "eve").await), @r#"
    200
    <?xml version="1.0" encoding="UTF-8"?><response><errorCode>0</errorCode><id>F1</id><type>share</type><user><displayName>Eve Example</displayName><id>U1</id><loginName>eve</loginName><type>user</type></user></response>
    "#);
    let bob = server.oracle(&world.bob).xml();
    let left = bob.delete(&format!("{path}/myuser")).await;
    assert_snapshot!(numbered(&left), @r#"
    200
    <?xml version="1.0" encoding="UTF-8"?><response><errorCode>0</errorCode><id>F1</id><type>share</type></response>
    "#);
    assert_eq!(max.delete(&path).await.expect(200).text(), left.text());
}

#[tokio::test]
async fn shares_are_inherited_and_the_nearest_come_first_with_their_highest_role() {
    let server = Server::start().await;
    let world = &server.world;
    let root = &world.library.root_oracle_id;
    let drawings = folder(&server, root, "drawings").await;
    let hull = folder(&server, &drawings, "hull").await;
    let max = server.oracle(&world.max);
    share(&max, &drawings, "eve,bob", "viewer").await.expect(200);
    share(&max, &hull, "eve", "downloader").await.expect(200);
    share(&max, &hull, "vic", "downloader").await.expect(200);
    let list = async |folder: &str, body: Value| {
        entries(&max.send(Method::GET, &format!("/shares/{folder}/items"), body).await.expect(200))
    };
    assert_eq!(
        list(&hull, json!({})).await,
        [
            "Eve: downloader",
            "Vic: downloader",
            "Bob: contributor",
            "Ann: contributor",
            "Carl: contributor",
            "Max: manager"
        ]
    );
    for yes in [json!("true"), json!(true), json!("1")] {
        let body = json!({ "currentOnly": yes });
        assert_eq!(list(&hull, body).await, ["Eve: downloader", "Vic: downloader"]);
    }
    for no in [json!("false"), json!(""), Value::Null] {
        assert_eq!(list(&drawings, json!({ "currentOnly": no })).await.len(), 6);
    }
    assert_eq!(
        list(root, json!({})).await,
        ["Ann: contributor", "Bob: contributor", "Carl: contributor", "Max: manager", "Vic: viewer"]
    );
    // a lesser role below takes nothing away
    share(&max, &drawings, "bob", "viewer").await.expect(200);
    server.oracle(&world.bob).post(&format!("/folders/{drawings}"), json!({"name": "x"})).await.expect(201);
    // a viewer sees them, who has nothing does not
    assert_eq!(entries(&server.oracle(&world.vic).get(&format!("/shares/{drawings}/items")).await).len(), 6);
    assert_eq!(word(&server.oracle(&world.eve).get(&format!("/shares/{root}/items")).await), "403/-20");
    // what was given above is not taken away here
    unshare(&max, &hull, "ann").await.expect(200);
    max.delete(&format!("/shares/{hull}")).await.expect(200);
    assert_eq!(list(&hull, json!({})).await.len(), 6);
    assert!(list(&hull, json!({"currentOnly": "true"})).await.is_empty());
}

#[tokio::test]
async fn groups_and_applications_can_be_shared_with() {
    let server = Server::start().await;
    let world = &server.world;
    let text = "[[users]]\nlogin = \"gus\"\nname = \"Gus Example\"\nemail = \"gus@example.com\"\npassword = \"correct horse\"\n\
        [[groups]]\nname = \"Crew\"\nmembers = [\"gus\"]\n";
    let seed = Seed { name: "group.toml".to_owned(), text, beside: Beside::Bundled(&[]) };
    seed::apply(&server.vault, &seed).await.unwrap_or_else(|error| panic!("{error}"));
    let crew = server.vault.principal_named("Crew").await.unwrap();
    let gus = world::find(&server.vault, "gus").await;
    let token = world::token(&server.vault, gus.id, &["Files.ReadWrite.All"]).await;
    let gus = Somebody { person: gus, token };
    let drawings = folder(&server, &world.library.root_oracle_id, "drawings").await;
    let max = server.oracle(&world.max);
    let both = format!("{},{}", world.robot.person.oracle_id, crew.oracle_id);
    assert_snapshot!(numbered(&share(&max, &drawings, &both, "viewer").await), @r#"
    200
    {"errorCode":"0","id":"F1","members":[{"displayName":"Robot","id":"U1","loginName":"robot","type":"user"},{"displayName":"Crew","id":"U2","type":"group"}],"role":"viewer","type":"share","user":{"displayName":"Crew","id":"U2","type":"group"}}
    "#);
    // a group is known by its id only
    assert_eq!(word(&share(&max, &drawings, "Crew", "viewer").await), "400/-1");
    let gus = server.oracle(&gus);
    gus.get(&format!("/folders/{drawings}")).await.expect(200);
    // what a group was given, its member cannot give back
    gus.delete(&format!("/shares/{drawings}/myuser")).await.expect(200);
    gus.get(&format!("/folders/{drawings}")).await.expect(200);
    unshare(&max, &drawings, &crew.oracle_id).await.expect(200);
    assert_eq!(word(&gus.get(&format!("/folders/{drawings}")).await), "403/-20");
}

#[tokio::test]
async fn ones_own_home_is_shared_under_ones_name() {
    let server = Server::start().await;
    let world = &server.world;
    let (ann, eve) = (server.oracle(&world.ann), server.oracle(&world.eve));
    ann.upload("self", "own.txt", "own").await.expect(201);
    let shared = share(&ann, "self", "eve", "downloader").await.expect(200);
    let home = shared.json()["id"].as_str().unwrap().to_owned();
    // the folder's own id: `self` is another one for everybody else
    assert_snapshot!(numbered(&shared), @r#"
    200
    {"errorCode":"0","id":"F1","role":"downloader","type":"share","user":{"displayName":"Eve Example","id":"U1","loginName":"eve","type":"user"}}
    "#);
    assert_snapshot!(numbered(&ann.get("/shares/self/items").await), @r#"
    200
    {"count":"1","errorCode":"0","id":"F1","type":"share","items":[{"role":"downloader","type":"share","user":{"displayName":"Eve Example","id":"U1","loginName":"eve","type":"user"}}]}
    "#);
    assert_snapshot!(numbered(&eve.get("/folders/items").await), @r#"
    200
    {"count":"1","errorCode":"0","hasMore":"0","limit":"50","offset":"0","ownerFolderID":"self","totalResults":"1","items":[{"type":"folder","id":"F1","parentID":"self","name":"Ann Example","ownedBy":{"displayName":"Ann Example","id":"U1","loginName":"ann","type":"user"},"createdBy":{"displayName":"Ann Example","id":"U1","loginName":"ann","type":"user"},"modifiedBy":{"displayName":"Ann Example","id":"U1","loginName":"ann","type":"user"},"createdTime":"2026-03-04T05:06:07Z","modifiedTime":"2026-03-04T05:06:07Z","size":"3","childItemsCount":"1"}]}
    "#);
    let items = eve.get(&format!("/folders/{home}/items")).await.expect(200).json();
    assert_eq!((&items["name"], &items["items"][0]["name"]), (&json!("Ann Example"), &json!("own.txt")));
    assert_eq!(items["items"][0]["parentID"], home);
    // it shows as what it is to its owner, by either name
    assert_eq!(ann.get(&format!("/shares/{home}/items")).await.text(), ann.get("/shares/self/items").await.text());
    assert_eq!(word(&share(&eve, &home, "bob", "viewer").await), "403/-20");
    // a manager gives and takes, but not what is the owner's
    share(&ann, "self", "eve", "manager").await.expect(200);
    share(&eve, &home, "bob", "viewer").await.expect(200);
    assert_eq!(word(&share(&eve, &home, "ann", "viewer").await), "409/-1");
    unshare(&eve, &home, "ann").await.expect(200);
    eve.delete(&format!("/shares/{home}")).await.expect(200);
    // and is gone with all the others, while the owner is not
    assert_eq!(word(&eve.get(&format!("/folders/{home}")).await), "403/-20");
    ann.get("/folders/self").await.expect(200);
    assert_eq!(ann.get("/shares/self/items").await.json()["count"], "0");
    ann.delete("/shares/self/myuser").await.expect(200);
    ann.upload("self", "own.txt", "more").await.expect(201);
}

#[tokio::test]
async fn a_share_that_cannot_be_is_refused() {
    let server = Server::start().await;
    let world = &server.world;
    let drawings = folder(&server, &world.library.root_oracle_id, "drawings").await;
    let max = server.oracle(&world.max);
    let path = format!("/shares/{drawings}");
    let many = vec!["eve"; 101].join(",");
    let bad = [
        json!({}),
        json!({"role": "viewer"}),
        json!({"userID": "", "role": "viewer"}),
        json!({"userID": " , ,", "role": "viewer"}),
        json!({"userID": "nobody", "role": "viewer"}),
        json!({"userID": "eve,nobody", "role": "viewer"}),
        json!({"userID": "e\0ve", "role": "viewer"}),
        json!({"userID": ["eve"], "role": "viewer"}),
        json!({"userID": many, "role": "viewer"}),
        json!({"userID": "eve"}),
        json!({"userID": "eve", "role": ""}),
        json!({"userID": "eve", "role": "owner"}),
        json!({"userID": "eve", "role": "Viewer"}),
        json!({"userID": "eve", "role": 1}),
        json!({"userID": "eve", "role": "viewer", "message": "x".repeat(4001)}),
        json!({"userID": "eve", "role": "viewer", "message": "\0"}),
    ];
    for case in bad {
        assert_eq!(word(&max.post(&path, case.clone()).await), "400/-1", "{case}");
        assert_eq!(word(&max.put(&format!("{path}/role"), case.clone()).await), "400/-1", "{case}");
    }
    for case in [json!({}), json!({"userID": "nobody"}), json!({ "userID": many }), json!({"userID": 1})] {
        assert_eq!(word(&max.send(Method::DELETE, &format!("{path}/user"), case.clone()).await), "400/-1", "{case}");
    }
    assert_eq!(word(&max.delete(&format!("{path}?message={}", "x".repeat(4001))).await), "400/-1");
    assert_eq!(word(&max.delete(&format!("{path}?message=%00")).await), "400/-1");
    for bad in ["maybe", "%00"] {
        assert_eq!(word(&max.get(&format!("{path}/items?currentOnly={bad}")).await), "400/-1");
    }
    let unreadable = max.send(Method::GET, &format!("{path}/items"), json!([])).await;
    assert_eq!(word(&unreadable), "400/-1");
    assert!(entries(&max.get(&format!("{path}/items?currentOnly=true")).await).is_empty());

    assert_snapshot!(numbered(&share(&max, &drawings, "ann", "manager").await), @r#"
    409
    {"errorCode":"-1","errorKey":"!csFldUnableToShare!csFldImpossible","errorMessage":"Unable to share folder. This cannot be done: the owner has every right on the folder.","id":"F1","title":"Unable to share folder. This cannot be done: the owner has every right on the folder.","type":"https://www.w3.org/Protocols/rfc2616/rfc2616-sec10.html"}
    "#);
    // all of them, or none
    assert_eq!(word(&share(&max, &drawings, "eve,ann", "viewer").await), "409/-1");
    assert!(entries(&max.get(&format!("{path}/items?currentOnly=true")).await).is_empty());
    assert_snapshot!(numbered(&share(&server.oracle(&world.ann), &drawings, "eve", "viewer").await), @r#"
    403
    {"errorCode":"-20","errorKey":"!csFldUnableToShare!csCloudItemInsufficientPrivileges,Ann Example,fFolderGUID:F1,FLD_SHARE","errorMessage":"Unable to share folder. User 'Ann Example' has insufficient privilege to access fFolderGUID:F1 with service FLD_SHARE.","id":"F1","title":"Unable to share folder. User 'Ann Example' has insufficient privilege to access fFolderGUID:F1 with service FLD_SHARE.","type":"https://www.w3.org/Protocols/rfc2616/rfc2616-sec10.html"}
    "#);
    // no file, nothing that is not there, nothing of nobody's
    let file = &world.file.oracle_id;
    for missing in [file.clone(), file.replacen('D', "F", 1), "x".to_owned()] {
        assert_eq!(word(&share(&max, &missing, "eve", "viewer").await), "404/-16");
        assert_eq!(word(&max.get(&format!("/shares/{missing}/items")).await), "404/-16");
        assert_eq!(word(&max.delete(&format!("/shares/{missing}")).await), "404/-16");
        assert_eq!(word(&max.delete(&format!("/shares/{missing}/myuser")).await), "404/-16");
        assert_eq!(word(&unshare(&max, &missing, "eve").await), "404/-16");
    }
    let nobody = server.oracle_nobody();
    for path in [path.clone(), format!("{path}/items"), format!("{path}/myuser"), format!("{path}/user")] {
        nobody.get(&path).await.expect(if path.ends_with("items") { 401 } else { 405 });
        nobody.delete(&path).await.expect(if path.ends_with("items") { 405 } else { 401 });
    }
}

#[tokio::test]
async fn only_managers_share_whatever_they_bring() {
    let server = Server::start().await;
    let world = &server.world;
    let drawings = folder(&server, &world.library.root_oracle_id, "drawings").await;
    let max = server.oracle(&world.max);
    share(&max, &drawings, "vic", "downloader").await.expect(200);
    let spec = json!({"assignedUsers": "@everybody", "role": "contributor"});
    let link = max.post(&format!("/publiclinks/folder/{drawings}"), spec).await.expect(200).json();
    let link = link["linkID"].as_str().unwrap();
    let mut table = String::new();
    let clients = [
        ("eve", server.oracle(&world.eve)),
        ("eve with a contributor's link", server.oracle(&world.eve).link(link)),
        ("nobody with it", server.oracle_nobody().link(link)),
        ("vic, downloader", server.oracle(&world.vic)),
        ("carl, contributor who reads", server.oracle(&world.carl)),
        ("ann, contributor", server.oracle(&world.ann)),
        ("max, manager", server.oracle(&world.max)),
        ("dora, administrator", server.oracle(&world.dora)),
    ];
    for (who, client) in clients {
        let words = [
            ("share", share(&client, &drawings, "bob", "viewer").await),
            ("list", client.get(&format!("/shares/{drawings}/items")).await),
            ("unshare", unshare(&client, &drawings, "bob").await),
            ("leave", client.delete(&format!("/shares/{drawings}/myuser")).await),
            ("all", client.delete(&format!("/shares/{drawings}")).await),
        ];
        let words: Vec<String> = words.iter().map(|(name, answer)| format!("{name} {}", word(answer))).collect();
        let _ = writeln!(table, "{who}: {}", words.join(" "));
    }
    assert_snapshot!(table, @r#"
    eve: share 403/-20 list 403/-20 unshare 403/-20 leave 403/-20 all 403/-20
    eve with a contributor's link: share 403/-20 list 200 unshare 403/-20 leave 200 all 403/-20
    nobody with it: share 403/-20 list 401/-1 unshare 403/-20 leave 401/-1 all 403/-20
    vic, downloader: share 403/-20 list 200 unshare 403/-20 leave 200 all 403/-20
    carl, contributor who reads: share 403/-20 list 200 unshare 403/-20 leave 200 all 403/-20
    ann, contributor: share 403/-20 list 200 unshare 403/-20 leave 200 all 403/-20
    max, manager: share 200 list 200 unshare 200 leave 200 all 200
    dora, administrator: share 200 list 200 unshare 200 leave 200 all 200
    "#);
    // a token that only reads leaves nowhere
    share(&max, &drawings, "eve", "viewer").await.expect(200);
    let reading = world::token(&server.vault, world.eve.person.id, &["Files.Read.All"]).await;
    let leave = server.request("DELETE", &format!("/documents/api/1.1/shares/{drawings}/myuser"));
    assert_eq!(word(&server.send(leave.bearer_auth(reading)).await), "403/-20");
    server.oracle(&world.eve).get(&format!("/folders/{drawings}")).await.expect(200);
}

#[tokio::test]
async fn nobody_takes_an_owners_role_away() {
    let server = Server::start().await;
    let world = &server.world;
    let root = &world.library.root_oracle_id;
    let owner = world::member(&server.vault, &world.library, "olga", License::Full, Some(Role::Owner)).await;
    let max = server.oracle(&world.max);
    let drawings = folder(&server, root, "drawings").await;
    // neither where it was given nor below
    for folder in [root, &drawings] {
        assert_eq!(word(&share(&max, folder, "olga", "viewer").await), "409/-1");
    }
    assert_eq!(word(&unshare(&max, root, "eve,olga").await), "409/-1");
    unshare(&max, &drawings, "olga").await.expect(200);
    let olga = server.oracle(&owner);
    assert_eq!(word(&olga.delete(&format!("/shares/{root}/myuser")).await), "409/-1");
    max.delete(&format!("/shares/{root}")).await.expect(200);
    assert_eq!(entries(&olga.get(&format!("/shares/{root}/items")).await), ["Olga: owner"]);
    assert_eq!(word(&max.get(&format!("/folders/{root}")).await), "403/-20");
}

/// Asks until the answer is this one. What counts is when it was asked, however long a busy machine takes to answer.
async fn within_a_second(what: &str, ask: impl AsyncFn() -> u16, expected: u16) {
    let begun = Instant::now();
    loop {
        let asked = begun.elapsed();
        let status = ask().await;
        if status == expected {
            return;
        }
        assert!(asked < Duration::from_secs(1), "{what}: still {status} after {asked:?}");
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn a_share_and_its_end_are_seen_in_every_dialect_at_once_here_and_within_a_second_elsewhere() {
    let server = Server::start().await;
    let (world, file) = (&server.world, &server.world.file);
    let root = &world.library.root_oracle_id;
    let (other, _vault) = server.another_node().await;
    let (max, eve) = (server.oracle(&world.max), server.oracle(&world.eve));
    let elsewhere = async || {
        let url = format!("http://{other}/documents/api/1.1/files/{}", file.oracle_id);
        server.http.get(url).basic_auth("eve", Some(PASSWORD)).send().await.unwrap().status().as_u16()
    };
    let liferay = async || {
        let path = format!("/dlapp/get-file-entry/file-entry-id/{}", file.number);
        server.liferay(&world.eve).get(&path).await.text().contains("\"title\":\"plan.txt\"")
    };
    let graph = async || server.graph(&world.eve).get(&server.plan()).await.status.as_u16();
    let arena = async || server.log_in("eve@example.com", PASSWORD).await;
    // all remember that she has nothing
    assert_eq!((elsewhere().await, graph().await, liferay().await), (403, 404, false));
    assert_eq!(code(&arena().await), "400 4001");

    share(&max, root, "eve", "downloader").await.expect(200);
    eve.get(&format!("/files/{}", file.oracle_id)).await.expect(200);
    assert_eq!((graph().await, liferay().await), (200, true));
    let session = server.arena(&world.eve).await;
    session.get("/v1/files").await.expect(200);
    within_a_second("shared", &elsewhere, 200).await;

    // a lesser role is less everywhere
    eve.get(&format!("/files/{}/data", file.oracle_id)).await.expect(200);
    share(&max, root, "eve", "viewer").await.expect(200);
    assert_eq!(word(&eve.get(&format!("/files/{}/data", file.oracle_id)).await), "403/-20");

    unshare(&max, root, "eve").await.expect(200);
    assert_eq!(word(&eve.get(&format!("/files/{}", file.oracle_id)).await), "403/-20");
    assert_eq!((graph().await, liferay().await), (404, false));
    assert_eq!(code(&session.get("/v1/files").await), "401 401");
    within_a_second("no longer shared", &elsewhere, 403).await;
    // the session has ended with the share, and does not come back with another
    share(&max, root, "eve", "viewer").await.expect(200);
    assert_eq!(code(&session.get("/v1/files").await), "401 401");
    assert_eq!(graph().await, 200);
}

#[tokio::test]
async fn what_was_looked_at_before_it_was_deleted_is_not_shared() {
    let server = Server::start().await;
    let (vault, world) = (&server.vault, &server.world);
    let above = folder(&server, &world.library.root_oracle_id, "above").await;
    let below = folder(&server, &above, "below").await;
    let max = world::actor(vault, &world.max).await;
    let look = async |id: &str| vault.look(&max, &ItemKey::Oracle(id.to_owned())).await.unwrap();
    let (above, below) = (look(&above).await, look(&below).await);
    vault.delete(&max, &above).await.unwrap();
    for gone in [above, below] {
        let shared = vault.share(&max, &gone, &[world.eve.person.id], Role::Viewer, None).await;
        assert!(matches!(shared, Err(Error::Missing(Missing::Item))), "{shared:?}");
        let spec = LinkSpec {
            name: String::new(),
            role: Role::Viewer,
            audience: Audience::Everybody,
            listed: Vec::new(),
            access_code: None,
            expires_at: None,
        };
        let linked = vault.create_link(&max, &gone, spec).await;
        assert!(matches!(linked, Err(Error::Missing(Missing::Item))), "{linked:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn two_who_share_with_one_at_once_leave_one_of_both_roles() {
    let server = Server::start().await;
    let world = &server.world;
    let root = &world.library.root_oracle_id;
    for _ in 0..10 {
        let (max, dora) = (server.oracle(&world.max), server.oracle(&world.dora));
        let (one, two, three) = tokio::join!(
            share(&max, root, "eve,bob", "viewer"),
            share(&dora, root, "bob,eve", "contributor"),
            share(&dora, root, "eve", "viewer"),
        );
        assert_eq!([one, two, three].map(|answer| answer.status.as_u16()), [200; 3]);
        let now = entries(&max.get(&format!("/shares/{root}/items")).await);
        assert_eq!(now.iter().filter(|entry| entry.starts_with("Eve: ")).count(), 1, "{now:?}");
        let (gone, given) = tokio::join!(unshare(&max, root, "eve"), share(&dora, root, "eve", "viewer"));
        assert_eq!([gone, given].map(|answer| answer.status.as_u16()), [200; 2]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_folder_that_is_deleted_meanwhile_is_shared_or_gone() {
    let server = Server::start().await;
    let (vault, world) = (&server.vault, &server.world);
    let max = server.oracle(&world.max);
    let actor = world::actor(vault, &world.max).await;
    for round in 0..10 {
        let name = format!("folder {round}");
        let id = folder(&server, &world.library.root_oracle_id, &name).await;
        let below = folder(&server, &id, "below").await;
        let look = vault.look(&actor, &ItemKey::Oracle(id.clone())).await.unwrap();
        let (shared, deleted) = tokio::join!(share(&max, &below, "eve", "viewer"), vault.delete(&actor, &look));
        deleted.unwrap();
        assert!(["200", "404/-16"].contains(&&*word(&shared)), "{shared}");
        for (id, answer) in
            [(&below, share(&max, &below, "eve", "viewer").await), (&id, unshare(&max, &id, "eve").await)]
        {
            assert_eq!(word(&answer), "404/-16", "{id}");
        }
        assert_eq!(server.oracle(&world.eve).get("/folders/items").await.json()["count"], "0");
    }
}

#[tokio::test]
async fn a_folder_can_be_shared_with_so_many_and_no_more() {
    use sqlx::{Connection, PgConnection};
    let server = Server::start().await;
    let world = &server.world;
    let drawings = folder(&server, &world.library.root_oracle_id, "drawings").await;
    let item: Item = {
        let actor = world::actor(&server.vault, &world.max).await;
        server.vault.item(&actor, &ItemKey::Oracle(drawings.clone())).await.unwrap()
    };
    let mut db = PgConnection::connect(&server.database.url).await.unwrap();
    let crowd = "WITH made AS (
        INSERT INTO principals (id, kind, name, arena_guid, oracle_id, graph_id, created_at)
        SELECT gen_random_uuid(), 'group', 'Group ' || n, 'A' || n, 'U' || n, gen_random_uuid(), now()
        FROM generate_series(1, 9999) n RETURNING id
    ) INSERT INTO memberships (item_id, principal_id, role, created_at) SELECT $1, id, 'viewer', now() FROM made";
    sqlx::query(crowd).bind(item.id.0).execute(&mut db).await.unwrap();
    let max = server.oracle(&world.max);
    assert_eq!(word(&share(&max, &drawings, "eve,bob", "viewer").await), "409/-1");
    share(&max, &drawings, "eve", "viewer").await.expect(200);
    assert_eq!(word(&share(&max, &drawings, "bob", "viewer").await), "409/-1");
    // what is there can still be changed
    share(&max, &drawings, "eve", "manager").await.expect(200);
    let all = max.get(&format!("/shares/{drawings}/items?currentOnly=true")).await.expect(200).json();
    assert_eq!(all["count"], "10000");
    assert!(server.vault.person(&PrincipalKey::Oracle("U1".to_owned())).await.unwrap().is_some());
}
