//! Sites, their lists, and items by way of a list (spec/graph.md 4, 5.6 and 11).

use std::fmt::Write;

use coatcheck::domain::{id::LibraryKey, library::Library, person::License};
use insta::assert_snapshot;
use serde_json::{Value, json};

use super::users::walk;
use crate::support::{
    graph::{Graph, shown},
    server::Server,
    world::{self, Somebody},
};

/// More sites beside the world's; Ann sees nothing of the archive.
const SITES: &str = r#"
[[groups]]
name = "Crew"
members = ["ann"]

[[libraries]]
name = "Crew room"
kind = "group"
owner = "Crew"
members = { "group:Crew" = "contributor" }

[[libraries]]
name = "Board of 100% #1"
description = "Minutes and plans"
members = { ann = "viewer" }

[[libraries]]
name = "Archive"
members = { bob = "contributor" }

[[files]]
at = "Archive/Old/will.txt"
text = "to whom"
by = "bob"
"#;

async fn server() -> Server {
    let server = Server::start().await;
    world::add(&server.vault, SITES).await;
    server
}

async fn library(server: &Server, name: &str) -> Library {
    server.vault.library_named(&LibraryKey::Named(name.to_owned())).await.unwrap().unwrap()
}

fn id(library: &Library) -> String {
    format!("127.0.0.1,{guid},{guid}", guid = library.graph_site_id)
}

async fn names(client: &Graph<'_>, path: &str) -> Vec<String> {
    let page = client.get(path).await.expect(200).json();
    let name = |site: &Value| site["displayName"].as_str().unwrap().to_owned();
    page["value"].as_array().unwrap().iter().map(name).collect()
}

/// A token with these scopes.
async fn token(server: &Server, somebody: &Somebody, scopes: &[&str]) -> String {
    world::token(&server.vault, somebody.person.id, scopes).await
}

#[tokio::test]
async fn a_site_shows_what_clients_read() {
    let server = server().await;
    let ann = server.graph(&server.world.ann);
    let board = library(&server, "Board of 100% #1").await;
    let site = ann.get(&format!("/v1.0/sites/{}", id(&board))).await;
    assert_snapshot!(shown(&server, &site).replace(&board.graph_site_id.to_string(), "BOARD"), @r##"
    200 OK
    {
      "@odata.context": "http://HOST/v1.0/$metadata#sites/$entity",
      "id": "127.0.0.1,BOARD,BOARD",
      "name": "Board of 100% #1",
      "displayName": "Board of 100% #1",
      "description": "Minutes and plans",
      "webUrl": "http://HOST",
      "createdDateTime": "2026-03-04T05:06:07Z",
      "lastModifiedDateTime": "2026-03-04T05:06:07Z",
      "root": {},
      "siteCollection": {
        "hostname": "127.0.0.1",
        "root": {}
      }
    }
    "##);
    let site = ann.get(&format!("/beta/sites/{}", id(&server.world.library))).await;
    assert_snapshot!(shown(&server, &site), @r##"
    200 OK
    {
      "@odata.context": "http://HOST/v1.0/$metadata#sites/$entity",
      "id": "127.0.0.1,SITE,SITE",
      "name": "Engineering",
      "displayName": "Engineering",
      "webUrl": "http://HOST/sites/Engineering",
      "createdDateTime": "2026-03-04T05:06:07Z",
      "lastModifiedDateTime": "2026-03-04T05:06:07Z",
      "siteCollection": {
        "hostname": "127.0.0.1"
      }
    }
    "##);
    let chosen = ann.get("/sites/root/?select=siteCollection,nonsense").await.expect(200).json();
    assert_eq!(chosen.as_object().unwrap().len(), 2, "{chosen}");
}

#[tokio::test]
async fn every_form_of_a_site_leads_to_it() {
    let server = server().await;
    let ann = server.graph(&server.world.ann);
    let board = library(&server, "Board of 100% #1").await;
    let (guid, port) = (board.graph_site_id, server.address.port());
    for form in [
        "root".to_owned(),
        "ROOT".to_owned(),
        "127.0.0.1".to_owned(),
        format!("127.0.0.1:{port}"),
        "contoso.example".to_owned(),
        "contoso.example:".to_owned(),
        "contoso.example:/".to_owned(),
        format!("contoso.example,{guid},{guid}"),
        format!("contoso.example%2C{guid}%2c{guid}"),
        guid.to_string().to_uppercase(),
        "contoso.example:/sites/Board of 100%25 %231".to_owned(),
        "contoso.example:/sites/board%20of%20100%25%20%231:".to_owned(),
        "contoso.example:/teams/Board of 100%25 %231:/".to_owned(),
        "contoso.example%3A%2Fsites%2FBoard of 100%25 %231%3A".to_owned(),
        format!("127.0.0.1:{port}:/sites/Board of 100%25 %231:"),
    ] {
        for prefix in ["/v1.0", "/beta", "/v2.0", "/_api/v2.0", ""] {
            let site = ann.get(&format!("{prefix}/sites/{form}")).await;
            assert_eq!(site.clone().expect(200).json()["id"], id(&board), "{prefix} {form}: {site}");
        }
        let form = form.trim_end_matches('/');
        // behind an open path, and behind a colon alone, a word would be a part of the path
        if form != "contoso.example:" && (form.ends_with(':') || !form.contains(":/")) {
            ann.get(&format!("/v1.0/sites/{form}/lists")).await.expect(200);
            let drive = ann.get(&format!("/v1.0/sites/{form}/drive")).await.expect(200).json();
            assert_eq!(drive["id"], board.graph_id, "{form}");
        }
    }
    let personal = world::personal(&server.vault, &server.world.ann).await;
    let crew = server.vault.all_libraries().await.unwrap().into_iter().find(|one| one.name == "Crew room").unwrap();
    for nowhere in [
        "none".to_owned(),
        "a,b,c".to_owned(),
        format!("h,{guid},{}", uuid::Uuid::nil()),
        format!("h,{guid}"),
        uuid::Uuid::nil().to_string(),
        "contoso.example:/sites/none".to_owned(),
        "contoso.example:/a/b/c".to_owned(),
        // libraries of people and groups are no sites
        id(&personal),
        id(&crew),
        "contoso.example:/sites/Crew room".to_owned(),
    ] {
        let missing = ann.get(&format!("/v1.0/sites/{nowhere}")).await.expect(404).json();
        assert_eq!(missing["error"]["code"], "itemNotFound", "{nowhere}");
    }
    for bad in ["contoso.example:/a%2F..%2Fb", "contoso.example:x/y", "%zz", "a%00b"] {
        ann.get(&format!("/v1.0/sites/{bad}")).await.expect(400);
    }
    // what an address in a browser's terms says is understood
    let url = ann.get(&format!("/v1.0/sites/{}", id(&server.world.library))).await.json()["webUrl"].clone();
    let (host, path) = url.as_str().unwrap().strip_prefix("http://").unwrap().split_once('/').unwrap();
    let again = ann.get(&format!("/v1.0/sites/{host}:/{path}")).await.expect(200).json();
    assert_eq!(again["displayName"], "Engineering");
}

#[tokio::test]
async fn somebody_sees_the_sites_in_which_they_see_something() {
    let server = server().await;
    let world = &server.world;
    let all = ["Archive", "Board of 100% #1", "Engineering"];
    let zoe = world::user(&server.vault, "zoe", License::Full, false).await;
    world::add(&server.vault, "shares = [{ on = \"Archive/Old\", role = \"viewer\", with = [\"vic\"] }]").await;
    for (somebody, seen) in [
        (&world.ann, vec!["Board of 100% #1", "Engineering"]),
        (&world.bob, vec!["Archive", "Engineering"]),
        // something in it was shared with him
        (&world.vic, vec!["Archive", "Engineering"]),
        (&world.dora, all.to_vec()),
        (&world.robot, all.to_vec()),
        (&world.eve, vec![]),
        (&zoe, vec![]),
    ] {
        let token = token(&server, somebody, &["Sites.Read.All"]).await;
        let client = server.graph_with(&token);
        for path in ["/v1.0/sites", "/beta/sites/?search=*", "/sites?$search=\"\""] {
            assert_eq!(names(&client, path).await, seen, "{} {path}", somebody.person.login);
        }
        let root = client.get("/v1.0/sites/root").await;
        match seen.first() {
            Some(first) => assert_eq!(root.expect(200).json()["displayName"], *first),
            None => assert_eq!(root.expect(404).json()["error"]["code"], "itemNotFound"),
        }
        for name in all {
            let library = library(&server, name).await;
            let path = format!("/v1.0/sites/{}", id(&library));
            let status = if seen.contains(&name) { 200 } else { 404 };
            for path in [path.clone(), format!("{path}/sites"), format!("{path}/lists"), format!("{path}/lists/{name}")]
            {
                let path = path.replace("100% #1", "100%25 %231");
                client.get(&path).await.expect(status);
            }
        }
    }
}

#[tokio::test]
async fn an_application_for_selected_sites_sees_those_that_it_was_given() {
    let server = server().await;
    let token = token(&server, &server.world.robot, &["Sites.Selected"]).await;
    let robot = server.graph_with(&token);
    assert!(names(&robot, "/v1.0/sites").await.is_empty());
    for path in ["/v1.0/sites/root", "/v1.0/sites/root/drive", "/v1.0/sites/root/lists", "/v1.0/sites/root/drives"] {
        robot.get(path).await.expect(404);
    }
    world::add(&server.vault, "libraries = [{ name = \"Engineering\", members = { robot = \"viewer\" } }]").await;
    assert_eq!(names(&robot, "/v1.0/sites?search=*").await, ["Engineering"]);
    assert_eq!(robot.get("/v1.0/sites/root").await.expect(200).json()["displayName"], "Engineering");
    robot.get(&format!("/v1.0/sites/{}", id(&library(&server, "Archive").await))).await.expect(404);
}

#[tokio::test]
async fn the_root_site_is_the_one_of_that_name_if_there_is_one() {
    let server = server().await;
    let ann = server.graph(&server.world.ann);
    world::add(&server.vault, "libraries = [{ name = \"Root\", members = { bob = \"viewer\" } }]").await;
    assert_eq!(ann.get("/v1.0/sites/root").await.json()["displayName"], "Board of 100% #1");
    let bob = server.graph(&server.world.bob);
    let root = bob.get("/v1.0/sites/root").await.expect(200).json();
    assert_eq!((&root["displayName"], &root["root"]), (&json!("Root"), &json!({})));
    let roots = "/v1.0/sites?$filter=siteCollection/root%20ne%20null&$select=siteCollection,webUrl&$count=true";
    let page = bob.get(roots).await.expect(200).json();
    let collection = json!({"hostname": "127.0.0.1", "root": {}});
    assert_eq!(page["value"], json!([{"webUrl": server.url(""), "siteCollection": collection}]));
    assert_eq!(page["@odata.count"], 1);
    let list = bob.get("/v1.0/sites").await.expect(200).json();
    let with_root: Vec<_> =
        list["value"].as_array().unwrap().iter().filter(|site| site.get("root").is_some()).collect();
    assert_eq!(with_root, [&json!(list["value"][2])]);
    let none = server.graph(&server.world.eve).get(roots).await.expect(200).json();
    assert_eq!((&none["value"], &none["@odata.count"]), (&json!([]), &json!(0)));
}

#[tokio::test]
async fn sites_are_searched_by_words_page_by_page() {
    let server = server().await;
    let mut text = String::new();
    for number in 0..102 {
        writeln!(text, "[[libraries]]\nname = \"Yard {number:03}\"\ndescription = \"No {number} of many\"").unwrap();
    }
    world::add(&server.vault, &text).await;
    let token = token(&server, &server.world.dora, &["Sites.Read.All"]).await;
    let dora = server.graph_with(&token);
    let all = walk(&dora, "/v1.0/sites", "name").await;
    assert_eq!((all.len(), all[0].as_str(), all[104].as_str()), (105, "Archive", "Yard 101"));
    assert!(all.is_sorted());
    assert_eq!(dora.get("/v1.0/sites").await.json()["value"].as_array().unwrap().len(), 100);
    let page = dora.get("/beta/sites?search=yard&$top=2&$select=name&$count=true").await.expect(200).json();
    assert_eq!(
        (&page["value"], &page["@odata.count"]),
        (&json!([{"name": "Yard 000"}, {"name": "Yard 001"}]), &json!(102))
    );
    let next = page["@odata.nextLink"].as_str().unwrap();
    assert!(
        next.starts_with(&server.url("/beta/sites?search=yard&$top=2&$select=name&$count=true&$skiptoken=")),
        "{next}"
    );
    let token = next.split("$skiptoken=").nth(1).unwrap();
    dora.get(&format!("/v1.0/sites?search=other&$skiptoken={token}")).await.expect(400);
    for (search, count) in [
        ("yard", 102),
        ("YARD*", 102),
        ("yard 10", 3),
        ("100 yard", 1),
        ("minutes board", 1),
        ("\"minutes\"", 1),
        ("%25", 1),
        ("nowhere", 0),
        ("*", 105),
    ] {
        assert_eq!(walk(&dora, &format!("/v1.0/sites?search={search}&$top=40"), "id").await.len(), count, "{search}");
    }
    let long = format!("search={}", "x".repeat(501));
    for bad in ["search=a%00b", &long, "$filter=name eq 'x'", "$skiptoken=x", "$top=x", "$orderby=createdDateTime"] {
        let refused = dora.get(&format!("/v1.0/sites?{bad}")).await.expect(400).json();
        assert_eq!(refused["error"]["innerError"]["code"], "invalidQueryOption", "{bad}");
    }
}

#[tokio::test]
async fn a_site_has_one_list_and_no_sites_below() {
    let server = server().await;
    let (ann, guid) = (server.graph(&server.world.ann), server.world.library.graph_site_id);
    let site = format!("/v1.0/sites/{}", id(&server.world.library));
    let below = ann.get(&format!("{site}/sites?$count=true")).await.expect(200).json();
    assert_eq!((&below["value"], &below["@odata.count"]), (&json!([]), &json!(0)));
    assert_snapshot!(shown(&server, &ann.get(&format!("{site}/lists")).await), @r##"
    200 OK
    {
      "@odata.context": "http://HOST/v1.0/$metadata#lists",
      "value": [
        {
          "id": "SITE",
          "name": "Engineering",
          "displayName": "Engineering",
          "webUrl": "http://HOST/v1.0/drives/DRIVE/root",
          "createdDateTime": "2026-03-04T05:06:07Z",
          "lastModifiedDateTime": "2026-03-04T05:06:07Z",
          "list": {
            "template": "documentLibrary",
            "hidden": false,
            "contentTypesEnabled": false
          },
          "parentReference": {
            "siteId": "127.0.0.1,SITE,SITE"
          }
        }
      ]
    }
    "##);
    for name in [guid.to_string(), guid.to_string().to_uppercase(), "ENGINEERING".to_owned()] {
        let list = ann.get(&format!("{site}/lists/{name}/?$select=id&$expand=drive")).await.expect(200).json();
        assert_eq!((&list["id"], &list["drive"]["id"]), (&json!(guid), &json!(server.world.library.graph_id)));
        assert_eq!(list.get("name"), None);
        let drive = ann.get(&format!("{site}/lists/{name}/drive")).await.expect(200).json();
        assert_eq!(drive["id"], server.world.library.graph_id);
    }
    assert_eq!(ann.get(&format!("{site}/lists?$top=0")).await.expect(200).json()["value"], json!([]));
    for list in ["none", &uuid::Uuid::nil().to_string()] {
        ann.get(&format!("{site}/lists/{list}")).await.expect(404);
        ann.get(&format!("{site}/lists/{list}/drive")).await.expect(404);
    }
    for bad in ["sites?$skiptoken=x", "lists?$skiptoken=x", "lists?$filter=x", "sites?$top=-1"] {
        ann.get(&format!("{site}/{bad}")).await.expect(400);
    }
    ann.get(&format!("{site}/lists/{guid}/items")).await.expect(400);
    ann.get(&format!("{site}/lists/{guid}/columns")).await.expect(400);
}

#[tokio::test]
async fn an_item_is_reached_by_way_of_its_list() {
    let server = server().await;
    let (world, site) = (&server.world, id(&server.world.library));
    let (ann, list) = (server.graph(&world.ann), world.library.graph_site_id);
    let by_list =
        |site: &str, list: &str, item: &str| format!("/v1.0/sites/{site}/lists/{list}/items/{item}/driveItem");
    let plan = by_list(&site, &list.to_string(), &world.file.graph_id);
    assert_eq!(ann.get(&plan).await.expect(200).json(), ann.get(&server.plan()).await.json());
    assert_eq!(ann.content(&by_list(&site, "engineering", &world.file.graph_id)).await, "first");
    ann.post(&format!("{plan}/checkout")).await.expect(204);
    ann.put(&format!("{plan}/content"), "second").await.expect(200);
    ann.post(&format!("{plan}/checkin")).await.expect(204);
    assert_eq!(ann.content(&server.plan()).await, "second");
    let root = by_list(&site, &list.to_string(), &world.library.root_graph_id);
    let made = ann.put(&format!("{root}:/a/b.txt:/content"), "deep").await.expect(201).json();
    let found = ann.get(&format!("/v1.0/sites/{site}/lists/{list}/drive/root:/a/b.txt")).await.expect(200).json();
    assert_eq!(found["id"], made["id"]);

    let board = library(&server, "Board of 100% #1").await;
    for elsewhere in [
        by_list(&id(&board), &board.graph_site_id.to_string(), &world.file.graph_id),
        by_list(&site, &board.graph_site_id.to_string(), &world.file.graph_id),
        by_list(&site, &list.to_string(), "NOTHING"),
    ] {
        assert_eq!(ann.get(&elsewhere).await.expect(404).json()["error"]["code"], "itemNotFound", "{elsewhere}");
    }
    let eve = server.graph(&world.eve);
    eve.get(&plan).await.expect(404);
    eve.get(&format!("/v1.0/sites/{site}/lists/{list}/drive")).await.expect(404);
    let token = token(&server, &world.ann, &["User.Read"]).await;
    server.graph_with(&token).get(&plan).await.expect(403);
    server.send(server.get(&plan)).await.expect(401);
}

#[tokio::test]
async fn sites_take_their_scope() {
    let server = server().await;
    let site = id(&server.world.library);
    for path in [
        "/v1.0/sites".to_owned(),
        "/v1.0/sites?search=x".to_owned(),
        "/v1.0/sites/root".to_owned(),
        format!("/v1.0/sites/{site}"),
        format!("/v1.0/sites/{site}/sites"),
        format!("/v1.0/sites/{site}/lists"),
        format!("/v1.0/sites/{site}/lists/engineering"),
    ] {
        server.send(server.get(&path)).await.expect(401);
        for (bearer, scope, status) in [
            (&server.world.ann, "Files.ReadWrite.All", 403),
            (&server.world.dora, "User.Read.All", 403),
            (&server.world.ann, "Sites.Selected", 403),
            (&server.world.ann, "Sites.Read.All", 200),
            (&server.world.ann, "Sites.FullControl.All", 200),
            (&server.world.robot, "Files.ReadWrite.All", 403),
            (&server.world.robot, "Group.Read.All", 403),
            (&server.world.robot, "Sites.ReadWrite.All", 200),
        ] {
            let token = token(&server, bearer, &[scope]).await;
            let answer = server.graph_with(&token).get(&path).await.expect(status);
            if status == 403 {
                assert_eq!(answer.json()["error"]["code"], "accessDenied", "{path}");
            }
        }
    }
}
