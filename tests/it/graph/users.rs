//! Users as a list (spec/graph.md 5.6 and 11).

use std::fmt::Write;

use coatcheck::vault::UserChange;
use insta::assert_snapshot;
use serde_json::{Value, json};

use crate::support::{
    graph::{Graph, shown},
    server::Server,
    world,
};

/// The token of somebody who may see all users.
async fn curious(server: &Server) -> String {
    world::token(&server.vault, server.world.ann.person.id, &["User.ReadBasic.All"]).await
}

/// The display names of a page.
fn names(page: &Value) -> Vec<&str> {
    page["value"].as_array().unwrap().iter().map(|user| user["displayName"].as_str().unwrap()).collect()
}

/// What stands under a member in all entries, over all pages from this one on.
pub async fn walk(client: &Graph<'_>, first: &str, member: &str) -> Vec<String> {
    let (mut path, mut found) = (first.to_owned(), Vec::new());
    loop {
        let page = client.get(&path).await.expect(200).json();
        let entries = page["value"].as_array().unwrap();
        found.extend(entries.iter().map(|entry| entry[member].as_str().unwrap().to_owned()));
        assert!(found.len() < 2000, "the pages have no end");
        let Some(next) = page["@odata.nextLink"].as_str() else { return found };
        assert!(!entries.is_empty(), "an empty page in the middle");
        path = next.replace(&client.server.url(""), "");
        assert!(path.starts_with('/'), "not on the same origin: {next}");
    }
}

#[tokio::test]
async fn all_users_are_listed_by_name() {
    let server = Server::start().await;
    let token = curious(&server).await;
    let client = server.graph_with(&token);
    assert_snapshot!(shown(&server, &client.get("/v1.0/users?$filter=mail eq 'bob@example.com'").await), @r#"
    200 OK
    {
      "@odata.context": "http://HOST/v1.0/$metadata#users",
      "value": [
        {
          "id": "BOB",
          "displayName": "Bob Example",
          "givenName": "Bob",
          "surname": "Example",
          "userPrincipalName": "bob@example.com",
          "mail": "bob@example.com",
          "businessPhones": []
        }
      ]
    }
    "#);
    let everybody =
        ["Ann Example", "Bob Example", "Carl Example", "Dora Example", "Eve Example", "Max Example", "Vic Example"];
    for path in ["/v1.0/users", "/users", "/beta/users/", "/v1.0/users/?AVOverride=1&$orderby=displayName"] {
        let page = client.get(path).await.expect(200).json();
        // applications and groups are none
        assert_eq!(names(&page), everybody, "{path}");
        assert_eq!(page.get("@odata.nextLink"), None);
        assert_eq!(page.get("@odata.count"), None);
    }
    let page = client.get("/v1.0/users?%24select=ID,nonsense&top=2&$count=true").await.expect(200).json();
    assert_eq!(page["value"][0], json!({"id": server.world.ann.person.graph_id.to_string()}));
    assert_eq!((page["value"].as_array().unwrap().len(), &page["@odata.count"]), (2, &json!(7)));
}

#[tokio::test]
async fn a_name_without_a_blank_is_a_first_name() {
    let server = Server::start().await;
    world::add(&server.vault, "[[users]]\nlogin = \"cher\"\nname = \"Cher\"\n").await;
    let token = curious(&server).await;
    let user = server.graph_with(&token).get("/v1.0/users/cher").await.expect(200).json();
    assert_eq!((&user["givenName"], user.get("surname")), (&json!("Cher"), None));
    assert_eq!(user["businessPhones"], json!([]));
}

#[tokio::test]
async fn pages_follow_each_other_without_a_gap_and_keep_all_options() {
    let server = Server::start().await;
    let mut text = String::new();
    for number in 0..113 {
        // many have the same name, and case does not count
        let name = if number % 3 == 0 { "same Name".to_owned() } else { format!("User {number:03}") };
        writeln!(text, "[[users]]\nlogin = \"u{number}\"\nname = \"{name}\"").unwrap();
    }
    world::add(&server.vault, &text).await;
    let token = curious(&server).await;
    let client = server.graph_with(&token);
    let first = client.get("/v1.0/users").await.expect(200).json();
    assert_eq!(first["value"].as_array().unwrap().len(), 100);
    let all = walk(&client, "/v1.0/users", "id").await;
    let mut once = all.clone();
    once.sort();
    once.dedup();
    assert_eq!((all.len(), once.len()), (120, 120));
    for path in ["/users?$top=7", "/beta/users/?%24top=59", "/v1.0/users?top=1000&$orderby=displayName asc"] {
        assert_eq!(walk(&client, path, "id").await, all, "{path}");
    }
    let in_order = walk(&client, "/v1.0/users?$top=50", "displayName").await;
    assert!(in_order.is_sorted_by_key(|name| name.to_lowercase()), "{in_order:?}");

    let page = client.get("/beta/users?%24top=7&$select=id,mail&$count=true&x=y").await.expect(200).json();
    let next = page["@odata.nextLink"].as_str().unwrap();
    let kept = server.url("/beta/users?%24top=7&$select=id,mail&$count=true&x=y&$skiptoken=");
    assert!(next.starts_with(&kept), "{next}");
    let next = client.get(&next.replace(&server.url(""), "")).await.expect(200).json();
    assert_eq!(next["@odata.count"], 120);
    assert_eq!(next["value"][0].as_object().unwrap().len(), 2);

    let filtered = "/v1.0/users?$top=5&$filter=startswith(displayName,'SAME')";
    assert_eq!(walk(&client, filtered, "displayName").await, vec!["same Name"; 38]);
    let none = client.get("/v1.0/users?$top=0").await.expect(200).json();
    assert_eq!((&none["value"], none.get("@odata.nextLink")), (&json!([]), None));
}

#[tokio::test]
async fn who_comes_in_between_two_pages_moves_nobody_else() {
    let server = Server::start().await;
    let token = curious(&server).await;
    let client = server.graph_with(&token);
    let page = client.get("/v1.0/users?$top=3").await.expect(200).json();
    assert_eq!(names(&page), ["Ann Example", "Bob Example", "Carl Example"]);
    world::add(&server.vault, "[[users]]\nlogin = \"a\"\nname = \"Aaron\"\n[[users]]\nlogin = \"d\"\nname = \"Dan\"\n")
        .await;
    let next = page["@odata.nextLink"].as_str().unwrap().replace(&server.url(""), "");
    let page = client.get(&next).await.expect(200).json();
    assert_eq!(names(&page), ["Dan", "Dora Example", "Eve Example"]);
}

#[tokio::test]
async fn tokens_that_were_not_given_for_this_list_are_refused() {
    let server = Server::start().await;
    let scopes = ["User.Read.All", "Group.Read.All", "Sites.Read.All", "Files.Read.All"];
    let token = world::token(&server.vault, server.world.dora.person.id, &scopes).await;
    let client = server.graph_with(&token);
    world::add(&server.vault, "groups = [{ name = \"A\" }, { name = \"B\" }]").await;
    let token_of = async |path: &str| {
        let page = client.get(path).await.expect(200).json();
        page["@odata.nextLink"].as_str().unwrap().split("$skiptoken=").nth(1).unwrap().to_owned()
    };
    let (users, groups) = (token_of("/v1.0/users?$top=1").await, token_of("/v1.0/groups?$top=1").await);
    let filtered = token_of("/v1.0/users?$top=1&$filter=startswith(surname,'e')").await;
    client.get(&format!("/v1.0/users?skipToken={users}")).await.expect(200);
    client.get(&format!("/v1.0/users?%24skiptoken={users}")).await.expect(200);
    let changed = format!("{}{}", &users[..users.len() - 4], "AAAA");
    for forged in ["x", "0", "TmFtZSAx", "%FF", &groups, &filtered, &changed, &users[1..], &format!("{users}AAAA")] {
        for list in ["users", "groups/", "sites", "organization"] {
            if list == "groups/" && forged == groups {
                continue;
            }
            let refused = client.get(&format!("/v1.0/{list}?$skiptoken={forged}")).await;
            if list == "organization" || forged != users {
                assert_eq!(refused.expect(400).json()["error"]["innerError"]["code"], "invalidQueryOption");
            }
        }
    }
    client.get(&format!("/v1.0/users?$skiptoken={filtered}&$filter=startswith(surname,'e')")).await.expect(200);
    client.get(&format!("/v1.0/users?$skiptoken={filtered}&$filter=startswith(surname,'f')")).await.expect(400);
}

#[tokio::test]
async fn users_are_found_by_what_clients_look_for() {
    let server = Server::start().await;
    let more = "[[users]]\nlogin = \"ohara\"\nname = \"Zoë O'Hara\"\nemail = \"o'hara@example.com\"\n";
    world::add(&server.vault, more).await;
    let token = curious(&server).await;
    let client = server.graph_with(&token);
    for (options, expected) in [
        ("$filter=userPrincipalName eq 'BOB@example.com'", vec!["Bob Example"]),
        ("$filter=userPrincipalName eq 'bob'", vec![]),
        ("filter=mail eq 'o''hara@example.com'", vec!["Zoë O'Hara"]),
        ("$filter=mail eq 'BOB@example.com' or mail eq 'ann@example.com'", vec!["Ann Example", "Bob Example"]),
        ("$filter=mail eq 'nobody@example.com'", vec![]),
        ("$filter=displayName eq 'ann example'", vec!["Ann Example"]),
        ("$filter=startswith(displayName,'zoë')", vec!["Zoë O'Hara"]),
        ("$filter=startsWith(userPrincipalName,'v')", vec!["Vic Example"]),
        ("$filter=startswith(givenName,'d') or startswith(surname,'o')", vec!["Dora Example", "Zoë O'Hara"]),
        ("$filter=startswith(displayName,'%25')", vec![]),
        (
            "$search=\"displayName:xampl\" OR \"mail:hara\"",
            vec![
                "Ann Example",
                "Bob Example",
                "Carl Example",
                "Dora Example",
                "Eve Example",
                "Max Example",
                "Vic Example",
                "Zoë O'Hara",
            ],
        ),
        ("$search=\"userPrincipalName:OB@\"", vec!["Bob Example"]),
    ] {
        let page = client.get(&format!("/v1.0/users?{options}")).await.expect(200).json();
        assert_eq!(names(&page), expected, "{options}");
    }
    // one by the address, which is a list all the same
    for (options, expected, total) in [
        ("mail eq 'BOB@example.com'&$top=1", vec!["Bob Example"], 1),
        ("mail eq 'BOB@example.com'&$top=0", vec![], 1),
        ("mail eq 'nobody@example.com'", vec![], 0),
        ("startswith(mail,'bob@') or startswith(mail,'o''hara@')&$top=1", vec!["Bob Example"], 2),
    ] {
        let page = client.get(&format!("/v1.0/users?$count=true&$filter={options}")).await.expect(200).json();
        assert_eq!((names(&page), &page["@odata.count"]), (expected, &json!(total)), "{options}");
        assert_eq!(page.get("@odata.nextLink").is_some(), total == 2, "{options}");
    }
    for bad in [
        "$filter=displayName ne 'x'",
        "$filter=displayName eq x",
        "$filter=mail eq 'a' and mail eq 'b'",
        "$filter=mail eq '%00'",
        "$filter=jobTitle eq 'x'",
        "$search=ann",
        "$orderby=mail",
        "$orderby=displayName desc",
        "$top=-1",
        "$top=ten",
    ] {
        let refused = client.get(&format!("/v1.0/users?{bad}")).await.expect(400).json();
        assert_eq!(refused["error"]["innerError"]["code"], "invalidQueryOption", "{bad}");
    }
}

#[tokio::test]
async fn who_is_disabled_is_listed_no_more_but_still_has_a_name() {
    let server = Server::start().await;
    let token = curious(&server).await;
    let client = server.graph_with(&token);
    let bob = server.world.bob.person.id;
    server.vault.update_user(bob, UserChange { disabled: Some(true), ..UserChange::default() }).await.unwrap();
    let page = client.get("/v1.0/users?$count=true").await.expect(200).json();
    assert!(!names(&page).contains(&"Bob Example"));
    assert_eq!(page["@odata.count"], 6);
    let found = client.get("/v1.0/users?$filter=mail eq 'bob@example.com'").await.expect(200).json();
    assert_eq!(names(&found), [""; 0]);
    assert_eq!(client.get("/v1.0/users/bob@example.com").await.expect(200).json()["displayName"], "Bob Example");
}

#[tokio::test]
async fn the_list_takes_the_scope_that_one_user_takes() {
    let server = Server::start().await;
    let (vault, world) = (&server.vault, &server.world);
    server.send(server.get("/v1.0/users")).await.expect(401);
    server.graph_with("nonsense").get("/v1.0/users").await.expect(401);
    for (bearer, scope, status) in [
        (&world.ann, "User.Read", 403),
        (&world.ann, "Files.ReadWrite.All", 403),
        (&world.ann, "User.ReadBasic.All", 200),
        (&world.dora, "User.Read", 403),
        (&world.robot, "User.ReadBasic.All", 403),
        (&world.robot, "User.Read.All", 200),
        (&world.robot, "Directory.Read.All", 200),
    ] {
        let token = world::token(vault, bearer.person.id, &[scope]).await;
        let client = server.graph_with(&token);
        let answer = client.get("/v1.0/users").await.expect(status);
        if status == 403 {
            assert_eq!(answer.json()["error"]["code"], "accessDenied");
        }
        client.get("/v1.0/users/bob@example.com").await.expect(status);
        // nothing of a bad option is said to who may not ask at all
        client.get("/v1.0/users?$filter=x").await.expect(if status == 200 { 400 } else { 403 });
    }
    let token = curious(&server).await;
    server.send(server.request("POST", "/v1.0/users").bearer_auth(&token).body("{}")).await.expect(405);
    let head = server.send(server.request("HEAD", "/v1.0/users").bearer_auth(&token)).await.expect(200);
    assert!(head.body.is_empty());
}
