//! Making sharing links (spec/graph.md 10.1), and what Oracle's room makes of them.

use chrono::Duration;
use serde_json::{Value, json};

use crate::support::{graph::address, oracle::word, server::Server, world};

/// A link's answer without what is drawn anew each time.
fn plain(server: &Server, mut link: Value) -> Value {
    let share = link["shareId"].as_str().unwrap().to_owned();
    assert!(share.starts_with("s!") && share.len() == 34, "{share}");
    let url = link["link"]["webUrl"].take();
    assert_eq!(url, json!(format!("{}?share={share}", server.url("/_layouts/15/guestaccess.aspx"))));
    let id = link["id"].take();
    assert!(id.as_str().is_some_and(|id| id.len() == 24 && !id.contains(&share)), "{id}");
    link.as_object_mut()
        .unwrap()
        .retain(|name, value| !value.is_null() && name != "shareId" && name != "@odata.context");
    link["link"].as_object_mut().unwrap().retain(|_, value| !value.is_null());
    link
}

#[tokio::test]
async fn a_link_is_made_once_for_each_maker_type_and_scope() {
    let server = Server::start().await;
    let (world, plan) = (&server.world, server.plan());
    let max = server.graph(&world.max);
    let path = format!("{plan}/createLink");
    let spec = json!({"type": "view", "scope": "anonymous"});
    let made = max.post_json(&path, spec.clone()).await.expect(201).json();
    let expected = json!({"roles": ["read"], "hasPassword": false,
        "link": {"type": "view", "scope": "anonymous", "preventsDownload": false}});
    assert_eq!(plain(&server, made.clone()), expected);
    let again = json!({"@odata.type": "x", "type": "view", "scope": "anonymous", "retainInheritedPermissions": true});
    assert_eq!(max.post_json(&path, again).await.expect(200).json(), made);
    let mut seen = vec![made["shareId"].clone()];
    for (spec, role, kind, scope) in [
        (json!({"type": "edit", "scope": "anonymous"}), "write", "edit", "anonymous"),
        (json!({"type": "embed", "scope": "anonymous"}), "read", "embed", "anonymous"),
        (json!({"type": "view"}), "read", "view", "organization"),
        (json!({"scope": "users", "recipients": [{"email": "eve@example.com"}]}), "read", "view", "users"),
    ] {
        let other = max.post_json(&path, spec.clone()).await.expect(201).json();
        assert!(!seen.contains(&other["shareId"]), "{spec}");
        let said = (&other["roles"][0], &other["link"]["type"], &other["link"]["scope"]);
        assert_eq!(said, (&json!(role), &json!(kind), &json!(scope)));
        assert_eq!(max.post_json(&path, spec).await.expect(200).json(), other);
        seen.push(other["shareId"].clone());
    }
    // somebody else's, and an application's
    let doras = server.graph(&world.dora).post_json(&path, spec.clone()).await.expect(201).json();
    assert!(!seen.contains(&doras["shareId"]));
    let robots = server.graph(&world.robot).post_json(&path, spec.clone()).await.expect(201).json();
    assert_eq!(robots["link"]["application"]["displayName"], "Robot");
    // one that has ended is another one's place
    let end = json!({"type": "view", "scope": "anonymous", "expirationDateTime": "2026-03-05T00:00:00+01:00"});
    let ending = max.post_json(&path, end.clone()).await.expect(201).json();
    assert_eq!(ending["expirationDateTime"], "2026-03-04T23:00:00Z");
    assert_eq!(max.post_json(&path, end).await.expect(200).json(), ending);
    // folders have links, too
    max.post_json(&format!("{}/root/createLink", server.drive()), spec).await.expect(201);
}

#[tokio::test]
async fn a_password_is_kept_and_never_shown() {
    let server = Server::start().await;
    let max = server.graph(&server.world.max);
    let path = format!("{}/createLink", server.plan());
    let spec = |password: &str| json!({"type": "view", "scope": "organization", "password": password});
    let made = max.post_json(&path, spec("open sesame")).await.expect(201);
    assert!(made.json()["hasPassword"] == true && !made.text().contains("sesame"));
    assert_eq!(max.post_json(&path, spec("open sesame")).await.expect(200).json(), made.json());
    let other = max.post_json(&path, spec("open barley")).await.expect(201).json();
    let none = max.post_json(&path, spec("")).await.expect(201).json();
    assert_eq!(none["hasPassword"], false);
    let ids = [&made.json()["id"], &other["id"], &none["id"]].map(ToString::to_string);
    assert!(ids[0] != ids[1] && ids[1] != ids[2] && ids[0] != ids[2]);
}

#[tokio::test]
async fn a_link_that_cannot_be_is_refused() {
    let server = Server::start().await;
    let max = server.graph(&server.world.max);
    let path = format!("{}/createLink", server.plan());
    let many: Vec<Value> = (0..51).map(|n| json!({"email": format!("{n}@example.com")})).collect();
    for bad in [
        json!({"type": "own"}),
        json!({"type": 1}),
        json!({"type": "view", "scope": "everybody"}),
        json!({"type": "view", "expirationDateTime": "tomorrow"}),
        json!({"type": "view", "expirationDateTime": "2026-03-04T05:06:07Z"}),
        json!({"type": "view", "password": "x".repeat(129)}),
        json!({"type": "view", "password": "a\u{0}b"}),
        json!({"type": "view", "scope": "users", "recipients": [{"email": "nobody@example.com"}]}),
        json!({"type": "view", "scope": "users", "recipients": [{}]}),
        json!({"type": "view", "scope": "users", "recipients": many}),
        json!({"type": "view", "scope": "anonymous", "recipients": [{"email": "eve@example.com"}]}),
    ] {
        let refused = max.post_json(&path, bad.clone()).await;
        assert_eq!(
            (refused.status.as_u16(), &refused.json()["error"]["code"]),
            (400, &json!("invalidRequest")),
            "{bad}"
        );
    }
    let text = max.request("POST", &path).body("[]");
    assert_eq!(server.send(text).await.status, 400);
    let links = max.get(&format!("{}/permissions", server.plan())).await.expect(200).json();
    assert!(links["value"].as_array().unwrap().iter().all(|entry| entry.get("link").is_none()), "{links}");
}

#[tokio::test]
async fn only_who_shares_makes_links_also_while_somebody_holds_the_file() {
    let server = Server::start().await;
    let (world, plan) = (&server.world, server.plan());
    server.graph(&world.ann).post(&format!("{plan}/checkout")).await.expect(204);
    let path = format!("{plan}/createLink");
    let spec = json!({"type": "view"});
    for (who, status) in [
        (&world.ann, 403),
        (&world.vic, 403),
        (&world.carl, 403),
        (&world.eve, 404),
        (&world.max, 201),
        (&world.dora, 201),
        (&world.robot, 201),
    ] {
        let answer = server.graph(who).post_json(&path, spec.clone()).await;
        assert_eq!(answer.status, status, "{}: {answer}", who.person.login);
    }
    let reader = world::token(&server.vault, world.max.person.id, &["Files.Read.All"]).await;
    server.graph_with(&reader).post_json(&path, spec.clone()).await.expect(403);
    server.send(server.post(&path).json(&spec)).await.expect(401);
}

#[tokio::test]
async fn anonymous_links_can_be_switched_off() {
    let server = Server::start_with(&[("graph.anonymous_links", "false")]).await;
    let (max, plan) = (server.graph(&server.world.max), server.plan());
    let refused = max.post_json(&format!("{plan}/createLink"), json!({"type": "view", "scope": "anonymous"})).await;
    assert_eq!(refused.expect(403).json()["error"]["code"], "accessDenied");
    let stranger = json!({"recipients": [{"email": "x@elsewhere.example"}], "roles": ["read"]});
    max.post_json(&format!("{plan}/invite"), stranger).await.expect(403);
    let link = max.post_json(&format!("{plan}/createLink"), json!({"type": "view"})).await.expect(201).json();
    // whatever it is on, a browser without a token is not let in
    for address in [link["link"]["webUrl"].as_str().unwrap(), &server.url("/_layouts/15/guestaccess.aspx?share=s!x")] {
        server.send(server.http.get(address)).await.expect(401);
    }
}

#[tokio::test]
async fn links_of_both_vendors_are_one_list() {
    let server = Server::start().await;
    let world = &server.world;
    let (max, plan) = (server.graph(&world.max), server.plan());
    let oracle = server.oracle(&world.max);
    let list = format!("/publiclinks/file/{}", world.file.oracle_id);
    for (kind, scope) in [("view", "anonymous"), ("edit", "organization"), ("embed", "anonymous")] {
        let spec = json!({"type": kind, "scope": scope});
        max.post_json(&format!("{plan}/createLink"), spec).await.expect(201);
    }
    // Oracle's one unnamed link is still to be had
    let unnamed = json!({"assignedUsers": "eve", "role": "viewer", "password": "test12345"});
    let unnamed = oracle.post(&list, unnamed).await.expect(200).json();
    let all = oracle.get(&list).await.expect(200).json();
    let shown = |link: &Value| {
        let text = |name: &str| link[name].as_str().unwrap_or("-").to_owned();
        [text("linkName"), text("role"), text("assignedUsers").chars().take(5).collect()].join(" ")
    };
    let shown: Vec<String> = all["items"].as_array().unwrap().iter().map(shown).collect();
    let expected =
        ["Sharing link downloader @ever", "Sharing link 2 contributor @serv", "Sharing link 3 downloader @ever"];
    assert_eq!(shown[..3], expected);
    assert!(shown[3].starts_with("- viewer U"), "{shown:?}");

    let listed = max.get(&format!("{plan}/permissions")).await.expect(200).json();
    let links: Vec<&Value> =
        listed["value"].as_array().unwrap().iter().filter(|entry| entry.get("link").is_some()).collect();
    assert_eq!(links.len(), 4);
    let oracles = links[3];
    let said = (&oracles["link"]["scope"], &oracles["link"]["preventsDownload"], &oracles["hasPassword"]);
    assert_eq!(said, (&json!("users"), &json!(true), &json!(true)));
    assert_eq!(oracles["grantedToIdentitiesV2"][0]["user"]["email"], "eve@example.com");
    assert_eq!(oracles["grantedToIdentities"], oracles["grantedToIdentitiesV2"]);

    // Graph's link opens in Oracle's room, and Oracle's in Graph's
    let edit = all["items"][1]["linkID"].as_str().unwrap();
    let file = format!("/files/{}", world.file.oracle_id);
    let eve = server.oracle(&world.eve);
    assert_eq!(word(&eve.get(&file).await), "403/-20");
    assert_eq!(word(&eve.link(edit).get(&file).await), "200");
    eve.link(edit).reserve(&world.file).await.expect(200);
    let share = format!("/v1.0/shares/{}/driveItem", oracles["shareId"].as_str().unwrap());
    let eve = server.graph(&world.eve);
    eve.get(&share).await.expect(403);
    let open = |path: &str| eve.request("GET", path).header("x-coatcheck-link-password", "test12345");
    assert_eq!(server.send(open(&share)).await.expect(200).json()["name"], "plan.txt");
    // which lets nobody download
    server.send(open(&format!("{share}/content"))).await.expect(403);

    // each takes the other's away
    let id = oracles["id"].as_str().unwrap();
    max.delete(&format!("{plan}/permissions/{id}")).await.expect(204);
    assert_eq!(word(&oracle.get(&format!("/publiclinks/{}", unnamed["linkID"].as_str().unwrap())).await), "404/-16");
    oracle.delete(&format!("/publiclinks/{edit}")).await.expect(200);
    let gone = format!("{plan}/permissions/{}", links[1]["id"].as_str().unwrap());
    max.get(&gone).await.expect(404);
    let share = format!("/v1.0/shares/{}", links[1]["shareId"].as_str().unwrap());
    eve.get(&share).await.expect(404);
    // the name is free again
    let spec = json!({"type": "edit", "scope": "organization"});
    max.post_json(&format!("{plan}/createLink"), spec).await.expect(201);
    assert_eq!(oracle.get(&list).await.json()["items"][2]["linkName"], "Sharing link 2");
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_who_make_one_link_at_once_one_makes_it() {
    let server = Server::start().await;
    let (max, plan) = (server.graph(&server.world.max), server.plan());
    let path = format!("{plan}/createLink");
    for day in 5..10 {
        let spec = json!({"type": "edit", "expirationDateTime": format!("2026-03-0{day}T00:00:00Z")});
        let (one, two) = tokio::join!(max.post_json(&path, spec.clone()), max.post_json(&path, spec));
        let mut statuses = [one.status.as_u16(), two.status.as_u16()];
        statuses.sort_unstable();
        assert_eq!(statuses, [200, 201]);
        assert_eq!(one.json()["id"], two.json()["id"]);
    }
}

#[tokio::test]
async fn an_item_has_so_many_links_and_no_more() {
    use sqlx::{Connection, PgConnection};
    let server = Server::start().await;
    let (max, plan) = (server.graph(&server.world.max), server.plan());
    let path = format!("{plan}/createLink");
    max.post_json(&path, json!({"type": "view"})).await.expect(201);
    let mut db = PgConnection::connect(&server.database.url).await.unwrap();
    let crowd = "INSERT INTO links (id, item_id, oracle_id, graph_id, name, role, audience, created_by, created_at, modified_at)
        SELECT gen_random_uuid(), item_id, 'L' || n, 's' || n, 'n' || n, role, audience, created_by, created_at, modified_at
        FROM links, generate_series(1, 999) n";
    sqlx::query(crowd).execute(&mut db).await.unwrap();
    max.post_json(&path, json!({"type": "view"})).await.expect(200);
    max.post_json(&path, json!({"type": "edit"})).await.expect(400);
}

#[tokio::test]
async fn a_link_ends_when_it_is_said_to_and_with_its_item() {
    let server = Server::start().await;
    let world = &server.world;
    let (max, eve) = (server.graph(&world.max), server.graph(&world.eve));
    let other = world::file(&server.vault, &world.ann, &world.library, "other.txt", "x").await;
    let make = async |item: &str, spec: Value| {
        let made = max.post_json(&format!("{item}/createLink"), spec).await.expect(201).json();
        format!("/v1.0/shares/{}", made["shareId"].as_str().unwrap())
    };
    let ending = make(&server.plan(), json!({"type": "view", "expirationDateTime": "2026-03-04T06:00:00Z"})).await;
    let lasting = make(&address(&other), json!({"type": "view"})).await;
    eve.get(&ending).await.expect(200);
    eve.get(&lasting).await.expect(200);
    server.advance(Duration::hours(1));
    eve.get(&ending).await.expect(404);
    // also for who needs no link
    server.graph(&world.ann).get(&ending).await.expect(404);
    max.delete(&address(&other)).await.expect(204);
    eve.get(&lasting).await.expect(404);
}
