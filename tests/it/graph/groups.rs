//! Groups and their members (spec/graph.md 5.6 and 11): who may know which.

use std::fmt::Write;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use coatcheck::{
    domain::{id::PrincipalKey, person::License},
    vault::{UserChange, Vault},
};
use insta::assert_snapshot;
use serde_json::{Value, json};

use super::users::walk;
use crate::support::{
    graph::{Graph, shown},
    server::Server,
    world,
};

/// Groups that different people may know.
const GROUPS: &str = r#"
[[groups]]
name = "Crew"
description = "who builds it"
members = ["ann", "bob", "robot"]

[[groups]]
name = "Guests & others"
members = ["eve"]

[[groups]]
name = "Ghosts"
members = ["carl"]

[[groups]]
name = "Harbour"
members = ["max"]

[[libraries]]
name = "Engineering"
members = { "group:Guests & others" = "viewer" }

[[libraries]]
name = "Crew room"
kind = "group"
owner = "Crew"
members = { "group:Crew" = "contributor" }

[[libraries]]
name = "Harbour room"
kind = "group"
owner = "Harbour"
members = { vic = "viewer" }
"#;

/// A server with these groups.
async fn server() -> Server {
    let server = Server::start().await;
    world::add(&server.vault, GROUPS).await;
    server
}

async fn token(server: &Server, somebody: &world::Somebody, more: &[&str]) -> String {
    let scopes: Vec<&str> = ["Group.Read.All"].iter().chain(more).copied().collect();
    world::token(&server.vault, somebody.person.id, &scopes).await
}

/// The object id of a group.
async fn id(vault: &Vault, name: &str) -> String {
    let group = vault.principal_named(name).await.unwrap();
    vault.person(&PrincipalKey::Id(group.id)).await.unwrap().unwrap().graph_id.to_string()
}

async fn names(client: &Graph<'_>) -> Vec<String> {
    let page = client.get("/v1.0/groups").await.expect(200).json();
    let name = |group: &Value| group["displayName"].as_str().unwrap().to_owned();
    page["value"].as_array().unwrap().iter().map(name).collect()
}

#[tokio::test]
async fn a_group_shows_what_clients_read() {
    let server = server().await;
    let token = token(&server, &server.world.ann, &[]).await;
    let (ann, crew) = (server.graph_with(&token), id(&server.vault, "Crew").await);
    let group = ann.get(&format!("/v1.0/groups/{crew}")).await;
    assert_snapshot!(shown(&server, &group).replace(&crew, "CREW"), @r##"
    200 OK
    {
      "@odata.context": "http://HOST/v1.0/$metadata#groups/$entity",
      "id": "CREW",
      "createdDateTime": "2026-03-04T05:06:07Z",
      "displayName": "Crew",
      "description": "who builds it",
      "mailEnabled": false,
      "mailNickname": "Crew",
      "securityEnabled": true,
      "groupTypes": [
        "Unified"
      ],
      "visibility": "Private"
    }
    "##);
    let list = ann.get("/beta/groups/?$top=1&$select=id,displayName,nothing&$count=true").await.expect(200).json();
    assert_eq!(list["value"], json!([{"id": crew, "displayName": "Crew"}]));
    assert_eq!(list["@odata.count"], 2);
    assert_eq!(list["@odata.context"], server.url("/v1.0/$metadata#groups"));
    let guests = id(&server.vault, "Guests & others").await.to_uppercase();
    let guests = ann.get(&format!("/groups/{guests}/?select=mailNickname,groupTypes,description")).await;
    let context = server.url("/v1.0/$metadata#groups/$entity");
    let expected = json!({"@odata.context": context, "mailNickname": "Guestsothers", "groupTypes": []});
    assert_eq!(guests.expect(200).json(), expected);
}

#[tokio::test]
async fn somebody_knows_their_own_groups_and_those_of_libraries_they_see() {
    let server = server().await;
    let world = &server.world;
    let all = ["Crew", "Ghosts", "Guests & others", "Harbour"];
    for (somebody, known) in [
        // in the crew; the guests have a role in a library that she sees
        (&world.ann, vec!["Crew", "Guests & others"]),
        (&world.carl, vec!["Ghosts", "Guests & others"]),
        // a viewer in the room of the harbour
        (&world.vic, vec!["Guests & others", "Harbour"]),
        (&world.max, vec!["Guests & others", "Harbour"]),
        (&world.eve, vec!["Guests & others"]),
        (&world.dora, all.to_vec()),
        (&world.robot, all.to_vec()),
    ] {
        let token = token(&server, somebody, &[]).await;
        let client = server.graph_with(&token);
        assert_eq!(names(&client).await, known, "{}", somebody.person.login);
        for name in all {
            let path = format!("/v1.0/groups/{}", id(&server.vault, name).await);
            let status = if known.contains(&name) { 200 } else { 404 };
            for path in [path.clone(), format!("{path}/members")] {
                let answer = client.get(&path).await.expect(status);
                if status == 404 {
                    assert_eq!(answer.json()["error"]["code"], "itemNotFound");
                }
            }
        }
    }
    let zoe = world::user(&server.vault, "zoe", License::Full, false).await;
    let stranger = token(&server, &zoe, &[]).await;
    assert!(names(&server.graph_with(&stranger)).await.is_empty());
    let token = token(&server, &world.dora, &[]).await;
    let dora = server.graph_with(&token);
    let nobody = "00000000-0000-4000-8000-000000000000";
    for missing in [nobody, "Crew", "x", "%20", &world.ann.person.graph_id.to_string()] {
        dora.get(&format!("/v1.0/groups/{missing}")).await.expect(404);
        dora.get(&format!("/v1.0/groups/{missing}/members")).await.expect(404);
    }
}

#[tokio::test]
async fn a_group_is_unified_for_who_sees_its_library() {
    let server = server().await;
    let harbour = id(&server.vault, "Harbour").await;
    // Max is in the group, but nothing of its library was given to him
    for (somebody, types) in [
        (&server.world.max, json!([])),
        (&server.world.vic, json!(["Unified"])),
        (&server.world.dora, json!(["Unified"])),
    ] {
        let token = token(&server, somebody, &["Files.Read.All"]).await;
        let client = server.graph_with(&token);
        let group = client.get(&format!("/v1.0/groups/{harbour}")).await.expect(200).json();
        assert_eq!(group["groupTypes"], types, "{}", somebody.person.login);
        let drive = client.get(&format!("/v1.0/groups/{harbour}/drive")).await;
        drive.expect(if types == json!([]) { 404 } else { 200 });
    }
}

#[tokio::test]
async fn groups_are_found_by_name_page_by_page() {
    let server = Server::start().await;
    let mut text = String::new();
    for number in 0..104 {
        writeln!(text, "[[groups]]\nname = \"Team {number:03}\"").unwrap();
    }
    world::add(&server.vault, &text).await;
    let token = token(&server, &server.world.dora, &[]).await;
    let client = server.graph_with(&token);
    let all = walk(&client, "/v1.0/groups", "displayName").await;
    assert_eq!((all.len(), all[0].as_str(), all[103].as_str()), (104, "Team 000", "Team 103"));
    assert!(all.is_sorted());
    assert_eq!(walk(&client, "/beta/groups?$top=9", "displayName").await, all);
    assert_eq!(client.get("/v1.0/groups").await.json()["value"].as_array().unwrap().len(), 100);
    for (options, count) in [
        ("$filter=displayName eq 'team 007'", 1),
        ("$filter=startswith(displayName,'TEAM 10') or displayName eq 'Team 001'&$top=2", 5),
        ("$search=\"displayName:m 05\"", 10),
        ("$filter=startswith(displayName,'x')", 0),
    ] {
        assert_eq!(walk(&client, &format!("/v1.0/groups?{options}"), "id").await.len(), count, "{options}");
    }
    for bad in ["$filter=mail eq 'x'", "$filter=groupTypes/any(c:c eq 'x')", "$orderby=id", "$skiptoken=x", "$top=x"] {
        let refused = client.get(&format!("/v1.0/groups?{bad}")).await.expect(400).json();
        assert_eq!(refused["error"]["innerError"]["code"], "invalidQueryOption", "{bad}");
    }
}

#[tokio::test]
async fn members_say_what_they_are() {
    let server = server().await;
    let token = token(&server, &server.world.ann, &["User.ReadBasic.All"]).await;
    let (ann, crew) = (server.graph_with(&token), id(&server.vault, "Crew").await);
    let members = ann.get(&format!("/v1.0/groups/{crew}/members")).await;
    assert_snapshot!(shown(&server, &members), @r##"
    200 OK
    {
      "@odata.context": "http://HOST/v1.0/$metadata#directoryObjects",
      "value": [
        {
          "@odata.type": "#microsoft.graph.user",
          "id": "ANN",
          "displayName": "Ann Example",
          "givenName": "Ann",
          "surname": "Example",
          "userPrincipalName": "ann@example.com",
          "mail": "ann@example.com",
          "businessPhones": []
        },
        {
          "@odata.type": "#microsoft.graph.user",
          "id": "BOB",
          "displayName": "Bob Example",
          "givenName": "Bob",
          "surname": "Example",
          "userPrincipalName": "bob@example.com",
          "mail": "bob@example.com",
          "businessPhones": []
        },
        {
          "@odata.type": "#microsoft.graph.servicePrincipal",
          "id": "ROBOT",
          "appId": "robot",
          "displayName": "Robot"
        }
      ]
    }
    "##);
    let path = format!("/beta/groups/{crew}/members?$top=1&$select=displayName&$count=true");
    assert_eq!(walk(&ann, &path, "displayName").await, ["Ann Example", "Bob Example", "Robot"]);
    let page = ann.get(&path).await.expect(200).json();
    assert_eq!(page["value"], json!([{"@odata.type": "#microsoft.graph.user", "displayName": "Ann Example"}]));
    assert_eq!(page["@odata.count"], 3);
    let next = page["@odata.nextLink"].as_str().unwrap();
    assert!(next.starts_with(&server.url(&format!("/beta/groups/{crew}/members?$top=1&$select="))), "{next}");
    // a token of one group's members is none of another's
    let token = next.split("$skiptoken=").nth(1).unwrap();
    let guests = id(&server.vault, "Guests & others").await;
    ann.get(&format!("/v1.0/groups/{crew}/members?$skiptoken={token}")).await.expect(200);
    ann.get(&format!("/v1.0/groups/{guests}/members?$skiptoken={token}")).await.expect(400);
    for bad in ["$filter=displayName eq 'x'", "$skiptoken=x", "$top=-1", "$orderby=displayName"] {
        ann.get(&format!("/v1.0/groups/{crew}/members?{bad}")).await.expect(400);
    }
    let bob = server.world.bob.person.id;
    server.vault.update_user(bob, UserChange { disabled: Some(true), ..UserChange::default() }).await.unwrap();
    assert_eq!(walk(&ann, &format!("/v1.0/groups/{crew}/members"), "displayName").await, ["Ann Example", "Robot"]);
}

#[tokio::test]
async fn who_may_not_see_users_learns_of_members_only_that_they_are_there() {
    let server = server().await;
    let token = token(&server, &server.world.ann, &["User.Read"]).await;
    let crew = id(&server.vault, "Crew").await;
    let page = server.graph_with(&token).get(&format!("/v1.0/groups/{crew}/members?$top=2")).await.expect(200).json();
    let stranger = |somebody: &world::Somebody| json!({"@odata.type": "#microsoft.graph.user", "id": somebody.person.graph_id.to_string()});
    assert_eq!(page["value"], json!([stranger(&server.world.ann), stranger(&server.world.bob)]));
    // not even their names' beginnings, in a token
    let token = page["@odata.nextLink"].as_str().unwrap().split("$skiptoken=").nth(1).unwrap();
    assert!(!String::from_utf8_lossy(&URL_SAFE_NO_PAD.decode(token).unwrap()).contains("Bob"), "{token}");
}

#[tokio::test]
async fn groups_take_their_scope() {
    let server = server().await;
    let crew = id(&server.vault, "Crew").await;
    for path in ["/v1.0/groups".to_owned(), format!("/v1.0/groups/{crew}"), format!("/v1.0/groups/{crew}/members")] {
        server.send(server.get(&path)).await.expect(401);
        for (bearer, scope, status) in [
            (&server.world.ann, "User.Read.All", 403),
            (&server.world.dora, "Files.ReadWrite.All", 403),
            (&server.world.ann, "Group.Read.All", 200),
            (&server.world.ann, "Directory.AccessAsUser.All", 200),
            (&server.world.robot, "Directory.AccessAsUser.All", 403),
            (&server.world.robot, "User.Read.All", 403),
            (&server.world.robot, "Group.Read.All", 200),
        ] {
            let token = world::token(&server.vault, bearer.person.id, &[scope]).await;
            let answer = server.graph_with(&token).get(&path).await.expect(status);
            if status == 403 {
                assert_eq!(answer.json()["error"]["code"], "accessDenied", "{path}");
            }
        }
    }
}
