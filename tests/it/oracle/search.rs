//! Searching files and folders (spec/oracle.md 6.5).

use std::fmt::Write as _;

use coatcheck::domain::{actor::Role, id::ItemKey};
use insta::assert_snapshot;
use serde_json::{Value, json};

use super::tree::{apply, file, folder, said, supplier};
use crate::support::{
    oracle::{Client, numbered},
    server::Server,
    world,
};

/// A text as it stands in a query.
fn encoded(text: &str) -> String {
    form_urlencoded::byte_serialize(text.as_bytes()).collect()
}

/// The names that are found, in order, and how many there are in all.
async fn found(client: &Client<'_>, path: &str) -> String {
    let body = client.get(path).await.expect(200).json();
    let items = body.get("items").and_then(Value::as_array).cloned().unwrap_or_default();
    let names: Vec<&str> = items.iter().map(|item| item["name"].as_str().unwrap()).collect();
    assert_eq!(body["totalCount"], body["totalResults"]);
    assert_eq!(body["count"], names.len().to_string());
    format!("{} of {}", names.join(" "), body["totalCount"].as_str().unwrap())
}

async fn everywhere(client: &Client<'_>, text: &str) -> String {
    found(client, &format!("/folders/search/items?fulltext={}", encoded(text))).await
}

#[tokio::test]
async fn what_is_found_is_listed_like_the_items_of_a_folder() {
    let server = Server::start().await;
    let world = &server.world;
    let (ann, root) = (server.oracle(&world.ann), &world.library.root_oracle_id);
    let plans = folder(&ann, root, "Plan of plans").await;
    file(&ann, &plans, "plan (new).txt", "1234567").await;
    assert_snapshot!(numbered(&ann.get("/folders/search/items?fulltext=plan").await), @r#"
    200
    {"count":"3","errorCode":"0","hasMore":"0","limit":"50","offset":"0","totalCount":"3","totalResults":"3","items":[{"type":"folder","id":"F1","parentID":"F2","name":"Plan of plans","ownedBy":{"displayName":"Ann Example","id":"U1","loginName":"ann","type":"user"},"createdBy":{"displayName":"Ann Example","id":"U1","loginName":"ann","type":"user"},"modifiedBy":{"displayName":"Ann Example","id":"U1","loginName":"ann","type":"user"},"createdTime":"2026-03-04T05:06:07Z","modifiedTime":"2026-03-04T05:06:07Z","size":"7","childItemsCount":"1"},{"type":"file","id":"D1","parentID":"F1","name":"plan (new).txt","ownedBy":{"displayName":"Ann Example","id":"U1","loginName":"ann","type":"user"},"createdBy":{"displayName":"Ann Example","id":"U1","loginName":"ann","type":"user"},"modifiedBy":{"displayName":"Ann Example","id":"U1","loginName":"ann","type":"user"},"createdTime":"2026-03-04T05:06:07Z","modifiedTime":"2026-03-04T05:06:07Z","size":"7","version":"1","mimeType":"text/plain"},{"type":"file","id":"D2","parentID":"F2","name":"plan.txt","ownedBy":{"displayName":"Ann Example","id":"U1","loginName":"ann","type":"user"},"createdBy":{"displayName":"Ann Example","id":"U1","loginName":"ann","type":"user"},"modifiedBy":{"displayName":"Ann Example","id":"U1","loginName":"ann","type":"user"},"createdTime":"2026-03-04T05:06:07Z","modifiedTime":"2026-03-04T05:06:07Z","size":"5","version":"1","mimeType":"text/plain"}]}
    "#);
    assert_snapshot!(numbered(&ann.xml().get(&format!("/folders/{plans}/search/items?fulltext=new")).await), @r#"
    200
    <?xml version="1.0" encoding="UTF-8"?><response><count>1</count><errorCode>0</errorCode><hasMore>0</hasMore><limit>50</limit><offset>0</offset><totalCount>1</totalCount><totalResults>1</totalResults><items><item><type>file</type><id>D1</id><parentID>F1</parentID><name>plan (new).txt</name><ownedBy><displayName>Ann Example</displayName><id>U1</id><loginName>ann</loginName><type>user</type></ownedBy><createdBy><displayName>Ann Example</displayName><id>U1</id><loginName>ann</loginName><type>user</type></createdBy><modifiedBy><displayName>Ann Example</displayName><id>U1</id><loginName>ann</loginName><type>user</type></modifiedBy><createdTime>2026-03-04T05:06:07Z</createdTime><modifiedTime>2026-03-04T05:06:07Z</modifiedTime><size>7</size><version>1</version><mimeType>text/plain</mimeType></item></items></response>
    "#);
    assert_snapshot!(numbered(&ann.get("/folders/search/items/?fulltext=nothing&limit=3&offset=1").await), @r#"
    200
    {"count":"0","errorCode":"0","hasMore":"0","limit":"3","offset":"1","totalCount":"0","totalResults":"0"}
    "#);
}

/// What people and attackers type.
const TYPED: &str = r"hull
HULL
hul
hul*
dwg
*.dwg
.dwg
keel
keel v2
keel_v2
v2.final
final.v2
keel*
frames planks
frames missing
lärche
Lärche
LÄRCHE
größe
GRÖSSE
grö*
10
bob
Bob Example keel
example
exam* dwg
ann keel
ann dwg
*
* dwg
!!!
keel !!!
plan.txt
plan txt
'
keel'
keel:*
keel & !dwg
(keel | hull)
keel\
<->
keel <2> v2
a:b:c
😀";

#[tokio::test]
async fn words_are_looked_for_in_names_extensions_descriptions_and_peoples_names() {
    let server = Server::start().await;
    let world = &server.world;
    let (ann, bob, root) = (server.oracle(&world.ann), server.oracle(&world.bob), &world.library.root_oracle_id);
    let hull = folder(&ann, root, "Hull").await;
    ann.put(&format!("/folders/{hull}"), json!({"description": "Planks, frames & keel: LÄRCHE"})).await.expect(200);
    file(&bob, &hull, "keel_v2.final.DWG", "x").await;
    file(&ann, &hull, "Größe 10.txt", "x").await;
    let mut page = String::new();
    for text in TYPED.lines() {
        let _ = writeln!(page, "{text:18} {}", everywhere(&ann, text).await);
    }
    assert_snapshot!(page, @r"
    hull               Hull of 1
    HULL               Hull of 1
    hul                 of 0
    hul*               Hull of 1
    dwg                keel_v2.final.DWG of 1
    *.dwg              keel_v2.final.DWG of 1
    .dwg               keel_v2.final.DWG of 1
    keel               Hull keel_v2.final.DWG of 2
    keel v2            keel_v2.final.DWG of 1
    keel_v2            keel_v2.final.DWG of 1
    v2.final           keel_v2.final.DWG of 1
    final.v2            of 0
    keel*              Hull keel_v2.final.DWG of 2
    frames planks      Hull of 1
    frames missing      of 0
    lärche             Hull of 1
    Lärche             Hull of 1
    LÄRCHE             Hull of 1
    größe              Größe 10.txt of 1
    GRÖSSE              of 0
    grö*               Größe 10.txt of 1
    10                 Größe 10.txt of 1
    bob                keel_v2.final.DWG of 1
    Bob Example keel   keel_v2.final.DWG of 1
    example            Engineering Hull Größe 10.txt keel_v2.final.DWG plan.txt of 5
    exam* dwg          keel_v2.final.DWG of 1
    ann keel           Hull of 1
    ann dwg             of 0
    *                  Engineering Hull Größe 10.txt keel_v2.final.DWG plan.txt of 5
    * dwg              keel_v2.final.DWG of 1
    !!!                 of 0
    keel !!!           Hull keel_v2.final.DWG of 2
    plan.txt           plan.txt of 1
    plan txt           plan.txt of 1
    '                   of 0
    keel'              Hull keel_v2.final.DWG of 2
    keel:*             Hull keel_v2.final.DWG of 2
    keel & !dwg        keel_v2.final.DWG of 1
    (keel | hull)      Hull of 1
    keel\              Hull keel_v2.final.DWG of 2
    <->                 of 0
    keel <2> v2         of 0
    a:b:c               of 0
    😀                   of 0
    ");
    // a letter and its accent apart are two words
    assert_eq!(everywhere(&ann, "keel\u{301}").await, "Hull keel_v2.final.DWG of 2");
    // by who changed it last
    bob.upload_version(&world.file.oracle_id, None, "second").await.expect(201);
    assert_eq!(everywhere(&ann, "bob plan").await, "plan.txt of 1");
    assert_eq!(everywhere(&ann, "ann plan").await, "plan.txt of 1");
    assert_eq!(everywhere(&ann, "max plan").await, " of 0");
    // with another name it is found by that
    ann.put(&format!("/folders/{hull}"), json!({"name": "Rumpf"})).await.expect(200);
    assert_eq!(everywhere(&ann, "hull").await, " of 0");
    assert_eq!(everywhere(&ann, "rumpf planks").await, "Rumpf of 1");
}

#[tokio::test]
async fn a_query_may_ask_for_a_part_of_a_name_or_be_plain_text() {
    let server = Server::start().await;
    let world = &server.world;
    let (ann, root) = (server.oracle(&world.ann), &world.library.root_oracle_id);
    for name in ["explanation.txt", "50% off_x.txt", "planet"] {
        file(&ann, root, name, "x").await;
    }
    let by = async |text: &str| found(&ann, &format!("/folders/search/items?querytext={}", encoded(text))).await;
    assert_eq!(by("fItemName<CONTAINS>\"PLAN\"").await, "explanation.txt plan.txt planet of 3");
    assert_eq!(by("fItemName <contains> `lan.t`").await, "plan.txt of 1");
    assert_eq!(by("fItemName<CONTAINS>\"%\"").await, "50% off_x.txt of 1");
    assert_eq!(by("fItemName<CONTAINS>\"_\"").await, "50% off_x.txt of 1");
    assert_eq!(by("fItemName<CONTAINS>\"Z\\\"").await, " of 0");
    assert_eq!(by("plan").await, "plan.txt of 1");
    // anything else counts as words
    assert_eq!(by("fItemName<MATCHES>\"plan\"").await, " of 0");
    // the text comes before the query
    let both = format!("/folders/search/items?fulltext=planet&querytext={}", encoded("fItemName<CONTAINS>\"x\""));
    assert_eq!(found(&ann, &both).await, "planet of 1");
}

#[tokio::test]
async fn a_search_without_words_or_with_bad_ones_is_refused() {
    let server = Server::start().await;
    let world = &server.world;
    let (ann, root) = (server.oracle(&world.ann), &world.library.root_oracle_id);
    let many = "x+".repeat(33);
    for query in [
        "",
        "?fulltext=",
        "?querytext=",
        "?fulltext=%00",
        "?querytext=a%00",
        "?fulltext=x&limit=x",
        "?fulltext=x&limit=-1",
        "?fulltext=x&offset=-1",
        "?fulltext=x&orderby=createdTime",
        "?fulltext=x&orderby=name:up",
        "?fulltext=x&orderby=",
        &format!("?fulltext={many}"),
        &format!("?querytext={many}"),
    ] {
        let expected = if query.ends_with("orderby=") { "200 0" } else { "400 -1" };
        assert_eq!(said(&ann.get(&format!("/folders/search/items{query}")).await), expected, "{query}");
        assert_eq!(said(&ann.get(&format!("/folders/{root}/search/items{query}")).await), expected, "{query}");
    }
    assert_snapshot!(numbered(&ann.get("/folders/search/items").await), @r#"
    400
    {"errorCode":"-1","errorKey":"!csFldUnableToBrowse!csRequiredFieldMissing,fulltext","errorMessage":"Unable to browse folder. Required field \"fulltext\" is not provided.","title":"Unable to browse folder. Required field \"fulltext\" is not provided.","type":"https://www.w3.org/Protocols/rfc2616/rfc2616-sec10.html"}
    "#);
    // long words are words
    let long = "y".repeat(2500);
    assert_eq!(everywhere(&ann, &long).await, " of 0");
    assert_eq!(found(&ann, &format!("/folders/search/items?fulltext={}", "x+".repeat(32))).await, " of 0");
    server.oracle_nobody().get("/folders/search/items?fulltext=x").await.expect(401);
    assert_eq!(
        said(&server.oracle(&world.eve).get(&format!("/folders/{root}/search/items?fulltext=x")).await),
        "403 -20"
    );
    let unknown = "/folders/FB4CD874EF94CD2CC1B60B72T0000000000100000001/search/items?fulltext=x";
    assert_eq!(said(&ann.get(unknown).await), "404 -16");
}

#[tokio::test]
async fn a_search_is_paged_and_ordered() {
    let server = Server::start().await;
    let world = &server.world;
    let (ann, bob, root) = (server.oracle(&world.ann), server.oracle(&world.bob), &world.library.root_oracle_id);
    let x = folder(&ann, root, "x").await;
    for (client, name, text) in [(&ann, "b x.txt", "12345"), (&bob, "A x.txt", "1"), (&ann, "c x.txt", "123")] {
        server.advance(chrono::Duration::seconds(1));
        file(client, &x, name, text).await;
    }
    let by = async |query: &str| found(&ann, &format!("/folders/{root}/search/items?fulltext=x&{query}")).await;
    assert_eq!(by("").await, "x A x.txt b x.txt c x.txt of 4");
    assert_eq!(by("orderby=name:desc").await, "x c x.txt b x.txt A x.txt of 4");
    assert_eq!(by("orderby=size").await, "x A x.txt c x.txt b x.txt of 4");
    assert_eq!(by("orderby=size:desc").await, "x b x.txt c x.txt A x.txt of 4");
    assert_eq!(by("orderby=lastModifiedDate:asc").await, "x b x.txt A x.txt c x.txt of 4");
    assert_eq!(by("orderby=lastModifiedDate:desc").await, "x c x.txt A x.txt b x.txt of 4");
    assert_eq!(by("orderby=lastModifiedName:asc").await, "x b x.txt c x.txt A x.txt of 4");
    assert_eq!(by("orderby=lastModifiedName:desc&offset=1").await, "A x.txt b x.txt c x.txt of 4");
    assert_eq!(by("limit=2").await, "x A x.txt of 4");
    assert_eq!(by("limit=2&offset=3").await, "c x.txt of 4");
    assert_eq!(by("limit=2&offset=9").await, " of 4");
    assert_eq!(by("limit=0").await, " of 4");
    assert_eq!(by("limit=9999&fields=metadata").await, "x A x.txt b x.txt c x.txt of 4");
    for (version, limit) in [("1.0", "50"), ("1.1", "50"), ("1.2", "20")] {
        let body = ann.version(version).get("/folders/search/items?fulltext=x").await.json();
        assert_eq!((&body["limit"], &body["offset"], &body["hasMore"]), (&json!(limit), &json!("0"), &json!("0")));
    }
    let body = ann.get("/folders/search/items?fulltext=x&limit=99999&offset=1").await.json();
    assert_eq!((&body["limit"], &body["offset"], &body["hasMore"]), (&json!("10000"), &json!("1"), &json!("0")));
    assert_eq!(ann.get("/folders/search/items?fulltext=x&limit=2").await.json()["hasMore"], "1");
}

#[tokio::test]
async fn one_finds_what_one_may_see_and_nothing_else() {
    let server = Server::start().await;
    let world = &server.world;
    let (ann, root) = (server.oracle(&world.ann), &world.library.root_oracle_id);
    let outer = folder(&ann, root, "outer plan").await;
    let inner = folder(&ann, &outer, "inner plan").await;
    file(&ann, &inner, "deep plan.txt", "x").await;
    let gone = file(&ann, &inner, "gone plan.txt", "x").await;
    ann.delete(&format!("/files/{gone}")).await.expect(200);
    file(&ann, "self", "own plan.txt", "x").await;
    // her own root folder is no result, although it bears her name
    assert_eq!(everywhere(&ann, "ann").await, "inner plan outer plan deep plan.txt own plan.txt plan.txt of 5");
    assert_eq!(everywhere(&ann, "plan").await, "inner plan outer plan deep plan.txt own plan.txt plan.txt of 5");
    assert_eq!(everywhere(&ann, "engineering").await, "Engineering of 1");
    assert_eq!(
        everywhere(&server.oracle(&world.vic), "plan").await,
        "inner plan outer plan deep plan.txt plan.txt of 4"
    );
    assert_eq!(
        everywhere(&server.oracle(&world.dora), "plan").await,
        "inner plan outer plan deep plan.txt plan.txt of 4"
    );
    let eve = server.oracle(&world.eve);
    assert_eq!(everywhere(&eve, "*").await, " of 0");

    // one folder, one file
    let dora = world::actor(&server.vault, &world.dora).await;
    let inner_item = server.vault.item(&dora, &ItemKey::Oracle(inner.clone())).await.unwrap();
    server.vault.grant(inner_item.id, world.eve.person.id, Role::Viewer, None).await.unwrap();
    assert_eq!(everywhere(&eve, "plan").await, "inner plan deep plan.txt of 2");
    server.vault.grant(world.file.id, world.eve.person.id, Role::Viewer, None).await.unwrap();
    assert_eq!(everywhere(&eve, "plan").await, "inner plan deep plan.txt plan.txt of 3");
    assert_eq!(found(&eve, &format!("/folders/{inner}/search/items?fulltext=plan")).await, "deep plan.txt of 1");
    assert_eq!(said(&eve.get(&format!("/folders/{outer}/search/items?fulltext=plan")).await), "403 -20");
    // below one folder, and home under its other name
    assert_eq!(
        found(&ann, &format!("/folders/{outer}/search/items?fulltext=plan")).await,
        "inner plan deep plan.txt of 2"
    );
    assert_eq!(found(&ann, "/folders/self/search/items?fulltext=own").await, "own plan.txt of 1");
    assert_eq!(found(&ann, "/folders/self/search/items?fulltext=deep").await, "deep plan.txt of 1");

    // a link opens its folder for a search in it
    let spec = json!({"assignedUsers": "@everybody", "role": "viewer"});
    let link = server.oracle(&world.max).post(&format!("/publiclinks/folder/{outer}"), spec).await.expect(200).json();
    let nobody = server.oracle_nobody().link(link["linkID"].as_str().unwrap());
    assert_eq!(
        found(&nobody, &format!("/folders/{outer}/search/items?fulltext=plan")).await,
        "inner plan deep plan.txt of 2"
    );
    nobody.get("/folders/search/items?fulltext=plan").await.expect(401);

    // another user's own library that is shared is found with its root
    let own = world::personal(&server.vault, &world.ann).await;
    server.vault.grant(own.root, world.eve.person.id, Role::Viewer, None).await.unwrap();
    assert_eq!(everywhere(&eve, "own").await, "own plan.txt of 1");
    assert_eq!(everywhere(&eve, "ann").await, "Ann Example inner plan deep plan.txt own plan.txt plan.txt of 5");
}

#[tokio::test]
async fn hidden_categories_policies_private_files_and_ceilings_hide_from_searches() {
    let server = Server::start().await;
    let world = &server.world;
    let (ann, bob) = (server.oracle(&world.ann), server.oracle(&world.bob));
    apply(
        &server,
        r#"
        categories = [{ path = "Secret", levels = { ann = "none" } }, { path = "Free" }]
        policies = [{ name = "Free ones", rules = [{ action = "read_file", category = "Free" }], given_to = ["ann"] }]
        libraries = [{ name = "Strict", policies_required = true, members = { ann = "manager", bob = "manager" } }]
        files = [
            { at = "Engineering/secret hit.txt", text = "x", category = "Secret", by = "bob" },
            { at = "Engineering/free hit.txt", text = "x", category = "Free", by = "bob" },
            { at = "Engineering/plain hit.txt", text = "x", by = "bob" },
            { at = "Strict/strict secret hit.txt", text = "x", category = "Secret", by = "bob" },
            { at = "Strict/strict free hit.txt", text = "x", category = "Free", by = "bob" },
            { at = "Strict/strict plain hit.txt", text = "x", by = "bob" },
        ]
        "#,
    )
    .await;
    assert_eq!(everywhere(&ann, "hit").await, "free hit.txt plain hit.txt strict free hit.txt of 3");
    assert_eq!(everywhere(&bob, "hit").await, "free hit.txt plain hit.txt secret hit.txt of 3");
    let root = &world.library.root_oracle_id;
    assert_eq!(
        found(&ann, &format!("/folders/{root}/search/items?fulltext=hit")).await,
        "free hit.txt plain hit.txt of 2"
    );

    let arena = server.arena(&world.ann).await;
    let texts = [("title", "t"), ("edition", "1"), ("private", "true")];
    arena.form("/v1/files", &texts, Some(("content", "private hit.txt", "hush"))).await.expect(201);
    let sue = supplier(&server).await;
    assert_eq!(everywhere(&ann, "private").await, "private hit.txt of 1");
    assert_eq!(everywhere(&server.oracle(&sue), "private").await, " of 0");

    // a token that reaches only what is one's own or shared with oneself finds nothing of the rest
    file(&ann, "self", "own hit.txt", "x").await;
    let narrow = world::token(&server.vault, world.dora.person.id, &["Files.ReadWrite"]).await;
    let ask = async |token: &str| {
        let request = server.get("/documents/api/1.1/folders/search/items?fulltext=hit").bearer_auth(token);
        let body = server.send(request).await.expect(200).json();
        body["totalCount"].as_str().unwrap().to_owned()
    };
    assert_eq!(ask(&narrow).await, "0");
    assert_ne!(ask(&world.dora.token).await, "0");
    let anns = world::token(&server.vault, world.ann.person.id, &["Files.Read"]).await;
    assert_eq!(ask(&anns).await, "5");
}

#[tokio::test]
async fn what_moves_is_found_where_it_is() {
    let server = Server::start().await;
    let world = &server.world;
    let (ann, bob, root) = (server.oracle(&world.ann), server.oracle(&world.bob), &world.library.root_oracle_id);
    let outer = folder(&ann, root, "outer").await;
    file(&ann, &outer, "needle.txt", "x").await;
    assert_eq!(everywhere(&bob, "needle").await, "needle.txt of 1");
    ann.post(&format!("/folders/{outer}/move"), json!({"destinationID": "self"})).await.expect(200);
    assert_eq!(everywhere(&bob, "needle").await, " of 0");
    assert_eq!(everywhere(&ann, "needle").await, "needle.txt of 1");
    assert_eq!(found(&ann, &format!("/folders/{root}/search/items?fulltext=needle")).await, " of 0");
}
