//! Who may: inviting, and listing, changing and taking back permissions (spec/graph.md 10.2 and 10.3).

use coatcheck::domain::actor::Role;
use serde_json::{Value, json};

use crate::support::{
    graph::{Graph, address},
    oracle::word,
    server::Server,
    world::{self, Somebody},
};

/// Who has which role, as `name: role`, and `+` where it was given above.
async fn list(client: &Graph<'_>, item: &str) -> Vec<String> {
    let list = client.get(&format!("{item}/permissions")).await.expect(200).json();
    list["value"].as_array().unwrap().iter().map(word_of).collect()
}

fn word_of(permission: &Value) -> String {
    let to = &permission["grantedToV2"];
    assert_eq!(to, &permission["grantedTo"]);
    let name = ["user", "group", "application"].into_iter().find_map(|kind| to[kind]["displayName"].as_str());
    let name = name
        .map_or_else(|| permission["link"]["type"].as_str().unwrap().to_owned(), |name| name.replace(" Example", ""));
    let above = if permission.get("inheritedFrom").is_some() { " +" } else { "" };
    format!("{name}: {}{above}", permission["roles"][0].as_str().unwrap())
}

/// The address of somebody's permission on an item.
async fn of(client: &Graph<'_>, item: &str, who: &str) -> String {
    let list = client.get(&format!("{item}/permissions")).await.expect(200).json();
    let all = list["value"].as_array().unwrap();
    let found = all.iter().find(|permission| word_of(permission).starts_with(who)).unwrap_or_else(|| panic!("{list}"));
    format!("{item}/permissions/{}", found["id"].as_str().unwrap())
}

fn invitation(who: &Somebody, role: &str) -> Value {
    json!({"recipients": [{"email": who.person.email}], "roles": [role], "requireSignIn": true, "sendInvitation": true})
}

#[tokio::test]
async fn who_shares_sees_all_that_was_given_and_others_what_concerns_them() {
    let server = Server::start().await;
    let world = &server.world;
    let (max, plan) = (server.graph(&world.max), server.plan());
    let root = format!("{}/root", server.drive());
    max.post_json(&format!("{plan}/invite"), invitation(&world.eve, "write")).await.expect(200);
    max.post_json(&format!("{plan}/createLink"), json!({"type": "view"})).await.expect(201);
    max.post_json(&format!("{root}/createLink"), json!({"type": "edit"})).await.expect(201);
    let members = ["Ann: write +", "Bob: write +", "Carl: write +", "Max: owner +", "Vic: read +"];
    let all = [&["Eve: write", "view: read"][..], &members[..], &["edit: write +"]].concat();
    for somebody in [&world.max, &world.dora, &world.robot] {
        assert_eq!(list(&server.graph(somebody), &plan).await, all, "{}", somebody.person.login);
    }
    for (somebody, own) in [(&world.ann, "Ann: write +"), (&world.vic, "Vic: read +"), (&world.eve, "Eve: write")] {
        assert_eq!(list(&server.graph(somebody), &plan).await, [own]);
        // what is not shown is not there
        let other = of(&max, &plan, "Bob").await;
        server.graph(somebody).get(&other).await.expect(404);
        server.graph(somebody).get(&of(&max, &plan, "view").await).await.expect(404);
    }
    server.graph(&world.eve).get(&format!("{root}/permissions")).await.expect(404);
    // the same permission has one name everywhere below, and that tells nothing
    let (above, below) = (of(&max, &root, "Ann").await, of(&max, &plan, "Ann").await);
    let id = |path: &str| path.rsplit('/').next().unwrap().to_owned();
    assert_eq!(id(&above), id(&below));
    assert_ne!(id(&above), id(&of(&max, &root, "Bob").await));
    let shown = max.get(&below).await.expect(200).json();
    let from = json!({"driveId": world.library.graph_id, "id": world.library.root_graph_id});
    assert_eq!(shown["inheritedFrom"], from);
    assert_eq!(max.get(&above).await.expect(200).json().get("inheritedFrom"), None);
    for nothing in ["x", "", "AAAAAAAAAAAAAAAAAAAAAAAA", &world.ann.person.graph_id.to_string()] {
        let answer = max.get(&format!("{plan}/permissions/{nothing}")).await;
        assert_eq!(answer.status, if nothing.is_empty() { 200 } else { 404 });
    }
    // pages
    let page = max.get(&format!("{plan}/permissions?$top=2&$count=true")).await.expect(200).json();
    assert_eq!((page["value"].as_array().unwrap().len(), &page["@odata.count"]), (2, &json!(8)));
    let next = page["@odata.nextLink"].as_str().unwrap().replace(&server.url(""), "");
    assert_eq!(word_of(&max.get(&next).await.expect(200).json()["value"][0]), "Ann: write +");
}

#[tokio::test]
async fn a_library_of_ones_own_is_ones_own_and_stays_so() {
    let server = Server::start().await;
    let world = &server.world;
    let (max, root) = (server.graph(&world.max), "/v1.0/me/drive/root");
    max.put("/v1.0/me/drive/root:/a/b.txt:/content", "x").await.expect(201);
    assert_eq!(list(&max, root).await, ["Max: owner"]);
    let file = "/v1.0/me/drive/root:/a/b.txt:";
    assert_eq!(list(&max, file).await, ["Max: owner +"]);
    let own = of(&max, root, "Max").await;
    max.delete(&own).await.expect(403);
    max.patch(&own, json!({"roles": ["read"]})).await.expect(403);
    // to the owner nothing is given
    let answer = max.post_json(&format!("{root}/invite"), invitation(&world.max, "read")).await.expect(200).json();
    assert_eq!(word_of(&answer["value"][0]), "Max: owner");
    assert_eq!(list(&max, root).await, ["Max: owner"]);
    // somebody who was given the role of an owner keeps it
    let drive = world::personal(&server.vault, &world.max).await;
    server.vault.grant(drive.root, world.eve.person.id, Role::Owner, None).await.unwrap();
    let eves = of(&max, root, "Eve").await;
    max.delete(&eves).await.expect(403);
    max.patch(&eves, json!({"roles": ["read"]})).await.expect(403);
    max.post_json(&format!("{root}/invite"), invitation(&world.eve, "read")).await.expect(200);
    assert_eq!(list(&max, root).await, ["Max: owner", "Eve: owner"]);
}

#[tokio::test]
async fn people_groups_and_applications_are_invited_by_any_of_their_names() {
    let server = Server::start().await;
    let world = &server.world;
    let (max, plan) = (server.graph(&world.max), server.plan());
    let body = json!({
        "@odata.type": "#x",
        "recipients": [
            {"@odata.type": "#microsoft.graph.driveRecipient", "email": "Eve@Example.com"},
            {"alias": "vic"},
            {"objectId": world.bob.person.graph_id.to_string().to_uppercase()},
            {"objectId": world.robot.person.graph_id},
            {"email": "eve@example.com", "alias": ""},
        ],
        "roles": ["read", "write"],
        "requireSignIn": true,
        "message": "have a look",
    });
    let given = max.post_json(&format!("{plan}/invite"), body).await.expect(200).json();
    let words: Vec<String> = given["value"].as_array().unwrap().iter().map(word_of).collect();
    assert_eq!(words, ["Eve: write", "Vic: write", "Bob: write", "Robot: write", "Eve: write"]);
    let invited = json!({"email": "Eve@Example.com", "signInRequired": true});
    assert_eq!(given["value"][0]["invitation"], invited);
    assert!(given["value"][1].get("invitation").is_none());
    let eve = server.graph(&world.eve);
    assert_eq!(eve.content(&plan).await, "first");
    eve.post(&format!("{plan}/checkout")).await.expect(204);
    // nobody loses by being invited
    let again = max.post_json(&format!("{plan}/invite"), invitation(&world.eve, "read")).await.expect(200).json();
    assert_eq!(word_of(&again["value"][0]), "Eve: write");
    // everybody's roles are given while somebody holds the file
    max.post_json(&format!("{plan}/invite"), invitation(&world.dora, "owner")).await.expect(200);
    assert_eq!(list(&max, &plan).await[..2], ["Bob: write", "Dora: owner"]);
}

#[tokio::test]
async fn strangers_get_a_link_unless_they_must_sign_in() {
    let server = Server::start().await;
    let world = &server.world;
    let (max, plan) = (server.graph(&world.max), server.plan());
    let body = |sign_in: bool| {
        json!({"recipients": [{"email": "eve@example.com"}, {"email": "who@elsewhere.example"}],
            "roles": ["read"], "requireSignIn": sign_in})
    };
    let refused = max.post_json(&format!("{plan}/invite"), body(true)).await.expect(400).json();
    assert_eq!(refused["error"]["code"], "invalidRequest");
    assert!(refused["error"]["message"].as_str().unwrap().contains("recipients[1]"), "{refused}");
    // all of them, or none
    server.graph(&world.eve).get(&plan).await.expect(404);
    let given = max.post_json(&format!("{plan}/invite"), body(false)).await.expect(200).json();
    assert_eq!(word_of(&given["value"][0]), "Eve: read");
    let stranger = &given["value"][1];
    let invited = json!({"email": "who@elsewhere.example", "signInRequired": false});
    assert_eq!((&stranger["invitation"], &stranger["link"]["scope"]), (&invited, &json!("anonymous")));
    let address = stranger["link"]["webUrl"].as_str().unwrap();
    let redirect = server.send(server.http.get(address)).await.expect(302);
    assert_eq!(server.send(server.http.get(redirect.header("location"))).await.expect(200).text(), "first");
}

#[tokio::test]
async fn an_invitation_that_cannot_be_is_refused() {
    let server = Server::start().await;
    let (max, plan) = (server.graph(&server.world.max), server.plan());
    let many: Vec<Value> = (0..51).map(|_| json!({"alias": "eve"})).collect();
    let to = json!([{"alias": "eve"}]);
    for bad in [
        json!({}),
        json!({"recipients": [], "roles": ["read"]}),
        json!({"recipients": many, "roles": ["read"]}),
        json!({"recipients": [{}], "roles": ["read"]}),
        json!({"recipients": [{"objectId": "eve"}], "roles": ["read"]}),
        json!({"recipients": [{"email": "x".repeat(321)}], "roles": ["read"]}),
        json!({"recipients": ["eve"], "roles": ["read"]}),
        json!({"recipients": to}),
        json!({"recipients": to, "roles": []}),
        json!({"recipients": to, "roles": ["viewer"]}),
        json!({"recipients": to, "roles": "read"}),
        json!({"recipients": to, "roles": ["read"], "message": "x".repeat(2001)}),
        json!({"recipients": to, "roles": ["read"], "message": "a\u{0}b"}),
        json!({"recipients": to, "roles": ["read"], "expirationDateTime": "2027-01-01T00:00:00Z"}),
        json!({"recipients": to, "roles": ["read"], "password": "open sesame"}),
        json!({"recipients": [{"alias": "a\u{0}b"}], "roles": ["read"], "requireSignIn": true}),
        json!({"recipients": [{"alias": "nobody"}], "roles": ["owner"]}),
    ] {
        let refused = max.post_json(&format!("{plan}/invite"), bad.clone()).await;
        assert_eq!(
            (refused.status.as_u16(), &refused.json()["error"]["code"]),
            (400, &json!("invalidRequest")),
            "{bad}"
        );
    }
    server.graph(&server.world.eve).get(&plan).await.expect(404);
}

#[tokio::test]
async fn a_permission_is_changed_and_taken_back_and_counts_at_once() {
    let server = Server::start().await;
    let world = &server.world;
    let (max, eve, plan) = (server.graph(&world.max), server.graph(&world.eve), server.plan());
    max.post_json(&format!("{plan}/invite"), invitation(&world.eve, "read")).await.expect(200);
    let eves = of(&max, &plan, "Eve").await;
    eve.post(&format!("{plan}/checkout")).await.expect(403);
    let changed = max.patch(&eves, json!({"roles": ["write"]})).await.expect(200).json();
    assert_eq!(
        (word_of(&changed), format!("{plan}/permissions/{}", changed["id"].as_str().unwrap())),
        ("Eve: write".to_owned(), eves.clone())
    );
    eve.post(&format!("{plan}/checkout")).await.expect(204);
    max.patch(&eves, json!({})).await.expect(200);
    max.patch(&eves, json!({"roles": ["owner"], "expirationDateTime": null, "password": ""})).await.expect(200);
    assert_eq!(list(&eve, &plan).await[0], "Eve: owner");
    for bad in [
        json!({"roles": ["x"]}),
        json!({"roles": []}),
        json!({"roles": "read"}),
        json!({"roles": ["read"], "expirationDateTime": "2027-01-01T00:00:00Z"}),
        json!({"password": "open sesame"}),
    ] {
        max.patch(&eves, bad).await.expect(400);
    }
    assert_eq!(word_of(&max.get(&eves).await.expect(200).json()), "Eve: owner");
    // what comes from above is changed there
    let anns = of(&max, &plan, "Ann").await;
    max.patch(&anns, json!({"roles": ["read"]})).await.expect(400);
    max.delete(&anns).await.expect(400);
    max.delete(&eves).await.expect(204);
    eve.get(&plan).await.expect(404);
    for gone in [max.delete(&eves).await, max.get(&eves).await, max.patch(&eves, json!({"roles": ["read"]})).await] {
        gone.expect(404);
    }
    // whoever has something may give it back
    max.post_json(&format!("{plan}/invite"), invitation(&world.eve, "read")).await.expect(200);
    let reader = world::token(&server.vault, world.eve.person.id, &["Files.Read.All"]).await;
    server.graph_with(&reader).delete(&eves).await.expect(403);
    eve.patch(&eves, json!({"roles": ["owner"]})).await.expect(403);
    eve.delete(&eves).await.expect(204);
    eve.get(&plan).await.expect(404);
}

#[tokio::test]
async fn a_links_role_end_and_password_are_changed() {
    let server = Server::start().await;
    let world = &server.world;
    let (max, eve, plan) = (server.graph(&world.max), server.graph(&world.eve), server.plan());
    let made = max.post_json(&format!("{plan}/createLink"), json!({"type": "view"})).await.expect(201).json();
    let link = format!("{plan}/permissions/{}", made["id"].as_str().unwrap());
    let share = format!("/v1.0/shares/{}/driveItem", made["shareId"].as_str().unwrap());
    eve.post(&format!("{share}/checkout")).await.expect(403);
    let end = json!({"roles": ["write"], "expirationDateTime": "2026-03-04T06:00:00Z", "password": "open sesame"});
    let changed = max.patch(&link, end).await.expect(200).json();
    let said = (&changed["link"]["type"], &changed["hasPassword"], &changed["expirationDateTime"], &changed["shareId"]);
    assert_eq!(said, (&json!("edit"), &json!(true), &json!("2026-03-04T06:00:00Z"), &made["shareId"]));
    eve.get(&share).await.expect(403);
    max.patch(&link, json!({"password": null})).await.expect(200);
    eve.post(&format!("{share}/checkout")).await.expect(204);
    server.advance(chrono::Duration::hours(2));
    eve.get(&share).await.expect(404);
    let lasting = max.patch(&link, json!({"expirationDateTime": null})).await.expect(200).json();
    assert!(lasting.get("expirationDateTime").is_none() && lasting["hasPassword"] == false);
    eve.get(&share).await.expect(200);
    for bad in [json!({"roles": ["owner"]}), json!({"expirationDateTime": "2026-03-04T06:00:00Z"})] {
        max.patch(&link, bad).await.expect(400);
    }
    max.delete(&link).await.expect(204);
    eve.get(&share).await.expect(404);
}

#[tokio::test]
async fn what_each_may_do_with_permissions_is_one_table() {
    let server = Server::start().await;
    let world = &server.world;
    let (plan, max) = (server.plan(), server.graph(&world.max));
    max.post_json(&format!("{plan}/invite"), invitation(&world.dora, "read")).await.expect(200);
    let doras = of(&max, &plan, "Dora").await;
    let reader = world::token(&server.vault, world.max.person.id, &["Files.Read.All"]).await;
    let unable = world::token(&server.vault, world.max.person.id, &["User.Read"]).await;
    let mut table = Vec::new();
    for (name, token) in [
        ("eve, who has nothing", &world.eve.token),
        ("vic, a viewer", &world.vic.token),
        ("carl, who only reads", &world.carl.token),
        ("ann, a contributor", &world.ann.token),
        ("max, with a scope that reads", &reader),
        ("max, with none", &unable),
        ("max, a manager", &world.max.token),
        ("dora, an administrator", &world.dora.token),
        ("an application", &world.robot.token),
    ] {
        let client = server.graph_with(token);
        let invitation = json!({"recipients": [{"alias": "bob"}], "roles": ["read"]});
        let statuses = [
            client.get(&format!("{plan}/permissions")).await.status,
            client.get(&doras).await.status,
            client.post_json(&format!("{plan}/createLink"), json!({"type": "view"})).await.status,
            client.post_json(&format!("{plan}/invite"), invitation).await.status,
            client.patch(&doras, json!({"roles": ["read"]})).await.status,
            client.delete(&doras).await.status,
        ];
        // what was taken is given again, for the next one to take
        max.post_json(&format!("{plan}/invite"), self::invitation(&world.dora, "read")).await.expect(200);
        let statuses = statuses.map(|status| status.as_u16().to_string());
        table.push(format!("{name}: {}", statuses.join(" ")));
    }
    insta::assert_snapshot!(table.join("\n"), @r"
    eve, who has nothing: 404 404 404 404 404 404
    vic, a viewer: 200 404 403 403 404 404
    carl, who only reads: 200 404 403 403 404 404
    ann, a contributor: 200 404 403 403 404 404
    max, with a scope that reads: 200 200 403 403 403 403
    max, with none: 403 403 403 403 403 403
    max, a manager: 200 200 201 200 200 204
    dora, an administrator: 200 200 201 200 200 204
    an application: 200 200 201 200 200 204
    ");
}

#[tokio::test]
async fn roles_of_both_vendors_are_one_list() {
    let server = Server::start().await;
    let world = &server.world;
    let max = server.graph(&world.max);
    let oracle = server.oracle(&world.max);
    let folder = oracle.post(&format!("/folders/{}", world.library.root_oracle_id), json!({"name": "Drawings"})).await;
    let folder = folder.expect(201).json()["id"].as_str().unwrap().to_owned();
    let item = format!("{}/root:/Drawings:", server.drive());
    for (who, role) in [("eve", "viewer"), ("vic", "manager")] {
        oracle.post(&format!("/shares/{folder}"), json!({"userID": who, "role": role})).await.expect(200);
    }
    max.post_json(&format!("{item}/invite"), invitation(&world.dora, "read")).await.expect(200);
    assert_eq!(list(&max, &item).await[..3], ["Dora: read", "Eve: read", "Vic: owner"]);
    let there = oracle.get(&format!("/shares/{folder}/items?currentOnly=true")).await.expect(200).json();
    let roles: Vec<String> = there["items"].as_array().unwrap().iter().map(|item| item["role"].to_string()).collect();
    assert_eq!(roles, ["\"downloader\"", "\"viewer\"", "\"manager\""]);
    max.delete(&of(&max, &item, "Vic").await).await.expect(204);
    assert_eq!(oracle.get(&format!("/shares/{folder}/items?currentOnly=true")).await.json()["count"], "2");
    // a role on a file counts in Oracle's room, which gives none itself
    max.post_json(&format!("{}/invite", server.plan()), invitation(&world.eve, "read")).await.expect(200);
    assert_eq!(word(&server.oracle(&world.eve).get(&format!("/files/{}", world.file.oracle_id)).await), "200");
    oracle.get(&format!("/shares/{}/items", world.file.oracle_id)).await.expect(404);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_invited_and_removed_at_once_ends_one_way_or_the_other() {
    let server = Server::start().await;
    let world = &server.world;
    let (max, dora) = (server.graph(&world.max), server.graph(&world.dora));
    let file = address(&world::file(&server.vault, &world.ann, &world.library, "x.txt", "x").await);
    for _ in 0..5 {
        max.post_json(&format!("{file}/invite"), invitation(&world.eve, "read")).await.expect(200);
        let eves = of(&max, &file, "Eve").await;
        let raise = json!({"roles": ["write"]});
        let (gone, changed) = tokio::join!(max.delete(&eves), dora.patch(&eves, raise));
        gone.expect(204);
        assert!([200, 404].contains(&changed.status.as_u16()), "{changed}");
        // a change brings nobody back
        server.graph(&world.eve).get(&file).await.expect(404);
    }
}
