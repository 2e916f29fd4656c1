//! What a sharing token opens (spec/graph.md 10.4): to whom, how far, for how long; and the link's own address in a browser.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use coatcheck::{domain::actor::Role, vault::UserChange};
use serde_json::{Value, json};

use super::copies;
use crate::support::{
    answer::Answer,
    graph::{Graph, address},
    server::Server,
    world,
};

/// A link of Max's on an item.
async fn link(server: &Server, item: &str, spec: Value) -> Value {
    let max = server.graph(&server.world.max);
    max.post_json(&format!("{item}/createLink"), spec).await.expect(201).json()
}

/// The address below which a link is opened.
fn below(link: &Value) -> String {
    format!("/v1.0/shares/{}", link["shareId"].as_str().unwrap())
}

fn web_url(link: &Value) -> &str {
    link["link"]["webUrl"].as_str().unwrap()
}

async fn with(client: &Graph<'_>, path: &str, name: &str, value: &str) -> Answer {
    client.server.send(client.request("GET", path).header(name, value)).await
}

async fn with_password(client: &Graph<'_>, path: &str, password: &str) -> Answer {
    with(client, path, "x-coatcheck-link-password", password).await
}

/// A folder of the world's library with a file in it, and a file beside it.
async fn folder(server: &Server) -> String {
    let (ann, drive) = (server.graph(&server.world.ann), server.drive());
    ann.put(&format!("{drive}/root:/secret place/shared/a b.txt:/content"), "inside").await.expect(201);
    ann.put(&format!("{drive}/root:/secret place/beside.txt:/content"), "outside").await.expect(201);
    format!("{drive}/root:/secret place/shared:")
}

#[tokio::test]
async fn a_token_opens_its_item_and_all_below_in_every_spelling() {
    let server = Server::start().await;
    let folder = folder(&server).await;
    let eve = server.graph(&server.world.eve);
    let made = link(&server, &folder, json!({"type": "view"})).await;
    let id = made["shareId"].as_str().unwrap();
    eve.get(&folder).await.expect(404);
    let elsewhere = web_url(&made).replace(&server.url(""), "https://files.example.com");
    let encoded = |url: &str| format!("u!{}", URL_SAFE_NO_PAD.encode(url));
    for token in [id.to_owned(), id.replace('!', "%21"), encoded(web_url(&made)), encoded(&elsewhere)] {
        let share = format!("/v1.0/shares/{token}");
        let shown = eve.get(&share).await.expect(200).json();
        assert_eq!((&shown["id"], &shown["name"]), (&json!(token.replace("%21", "!")), &json!("shared")));
        assert_eq!(shown["owner"]["user"]["email"], "ann@example.com");
        let item = eve.get(&format!("{share}/driveItem")).await.expect(200).json();
        assert_eq!((&item["name"], &item["folder"]["childCount"]), (&json!("shared"), &json!(1)));
        let id = item["id"].as_str().unwrap();
        for path in ["/root", "/items/root", &format!("/items/{id}"), "/driveItem/"] {
            assert_eq!(eve.get(&format!("{share}{path}")).await.expect(200).json()["id"], item["id"], "{path}");
        }
        let children = eve.get(&format!("{share}/driveItem/children")).await.expect(200).json();
        let file = children["value"][0]["id"].as_str().unwrap();
        for path in
            ["/root:/a b.txt:", "/driveItem:/A%20B.txt", &format!("/items/{file}"), &format!("/items/{id}:/a b.txt:")]
        {
            assert_eq!(eve.get(&format!("{share}{path}")).await.expect(200).json()["id"], file, "{path}");
        }
        assert_eq!(eve.content(&format!("{share}/items/{file}")).await, "inside");
        // below another prefix, and below none
        eve.get(&format!("/beta/shares/{token}/driveItem")).await.expect(200);
        eve.get(&format!("/shares/{token}/driveItem")).await.expect(200);
        // by the drive it is still nobody's
        eve.get(&address(&server.world.file)).await.expect(404);
        for verb in ["sites", "permission", "items"] {
            eve.get(&format!("{share}/{verb}")).await.expect(400);
        }
        eve.post(&share).await.expect(405);
    }
}

#[tokio::test]
async fn a_shared_folder_is_followed_by_its_token() {
    let server = Server::start().await;
    let folder = folder(&server).await;
    let eve = server.graph(&server.world.eve);
    let share = below(&link(&server, &folder, json!({"type": "view"})).await);
    for path in ["driveItem", "root", "driveItem/", "items/root"] {
        let mut link = format!("{share}/{}/delta()?$top=1", path.trim_end_matches('/'));
        let mut seen = Vec::new();
        let latest = loop {
            let page = eve.get(&link).await.expect(200).json();
            seen.extend(page["value"].as_array().unwrap().iter().map(|item| item["name"].as_str().unwrap().to_owned()));
            if let Some(latest) = page["@odata.deltaLink"].as_str() {
                break latest.replace(&server.url(""), "");
            }
            link = page["@odata.nextLink"].as_str().unwrap().replace(&server.url(""), "");
            assert!(link.starts_with(&share), "{link}");
        };
        assert_eq!(seen, ["shared", "a b.txt"], "{path}");
        assert_eq!(eve.get(&latest).await.expect(200).json()["value"], json!([]), "{path}");
    }
}

#[tokio::test]
async fn what_lies_outside_is_not_there_and_no_name_above_shows() {
    let server = Server::start().await;
    let folder = folder(&server).await;
    let world = &server.world;
    let made = link(&server, &folder, json!({"type": "edit"})).await;
    let share = below(&made);
    let ann = server.graph(&world.ann);
    let parent = ann.get(&format!("{}/root:/secret place", server.drive())).await.expect(200).json();
    let parent = parent["id"].as_str().unwrap();
    // also for who may elsewhere
    for client in [server.graph(&world.eve), server.graph(&world.ann), server.graph(&world.robot)] {
        for path in [
            format!("/items/{}", world.file.graph_id),
            format!("/items/{}", world.library.root_graph_id),
            format!("/items/{parent}"),
            format!("/items/{parent}:/beside.txt"),
            "/root:/beside.txt".to_owned(),
            "/items/nothing".to_owned(),
        ] {
            client.get(&format!("{share}{path}")).await.expect(404);
            let end = if path.contains(":/") { ":/checkout" } else { "/checkout" };
            client.post(&format!("{share}{path}{end}")).await.expect(404);
        }
        client.get(&format!("{share}/root:/../beside.txt")).await.expect(400);
    }
    let eve = server.graph(&world.eve);
    let shown = [
        eve.get(&share).await,
        eve.get(&format!("{share}/driveItem?$expand=children($top=1)")).await,
        eve.get(&format!("{share}/root:/a b.txt:")).await,
        eve.get(&format!("{share}/driveItem/permissions")).await,
        eve.put(&format!("{share}/root:/new.txt:/content"), "new").await,
    ];
    for answer in &shown {
        assert!(answer.status.is_success() && !answer.text().contains("secret"), "{answer}");
    }
    let top = &shown[1].json()["parentReference"];
    assert!(top.get("id").is_none() && top.get("name").is_none() && top.get("path").is_none(), "{top}");
    assert_eq!(shown[2].json()["parentReference"]["name"], "shared");
    // what was made is found below the token
    let location = shown[4].header("location").replace(&server.url(""), "");
    assert!(location.starts_with(&share.replace('!', "%21")), "{location}");
    assert_eq!(eve.get(&location).await.expect(200).json()["name"], "new.txt");
    let next = eve.get(&format!("{share}/driveItem?$expand=children($top=1)")).await.expect(200).json();
    let next = next["children@odata.nextLink"].as_str().unwrap().replace(&server.url(""), "");
    assert_eq!(eve.get(&next).await.expect(200).json()["value"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn a_link_lets_do_what_it_is_for_and_nothing_beyond() {
    let server = Server::start().await;
    let (world, plan) = (&server.world, server.plan());
    let view = below(&link(&server, &plan, json!({"type": "view"})).await);
    let edit = below(&link(&server, &plan, json!({"type": "edit"})).await);
    let eve = server.graph(&world.eve);
    let other = world::token(&server.vault, world.eve.person.id, &["Files.Read"]).await;
    let reader = server.graph_with(&other);
    let mut table = Vec::new();
    for (name, client, share) in
        [("view", &eve, &view), ("edit", &eve, &edit), ("edit, a scope that reads", &reader, &edit)]
    {
        let item = format!("{share}/driveItem");
        let statuses = [
            client.get(&item).await,
            client.get(&format!("{item}/content")).await,
            client.get(&format!("{item}/versions")).await,
            client.post(&format!("{item}/checkout")).await,
            client.put(&format!("{item}/content"), "second").await,
            client.post_json(&format!("{item}/checkin"), json!({"comment": "by link"})).await,
            client.post(&format!("{item}/microsoft.graph.checkout")).await,
            client.post(&format!("{item}/discardCheckout")).await,
            client.patch(&item, json!({"description": "by link"})).await,
            client.post_json(&format!("{item}/createLink"), json!({"type": "view"})).await,
            client
                .post_json(&format!("{item}/invite"), json!({"recipients": [{"alias": "bob"}], "roles": ["read"]}))
                .await,
        ];
        let statuses = statuses.map(|answer| answer.status.as_u16().to_string());
        table.push(format!("{name}: {}", statuses.join(" ")));
    }
    insta::assert_snapshot!(table.join("\n"), @r"
    view: 200 302 200 403 403 403 403 403 403 403 403
    edit: 200 302 200 204 200 204 204 204 200 403 403
    edit, a scope that reads: 200 302 200 403 403 403 403 403 403 403 403
    ");
    assert_eq!(server.graph(&world.ann).content(&plan).await, "second");
    let last = server.graph(&world.ann).get(&format!("{plan}/versions")).await.expect(200).json();
    assert_eq!(last["value"][0]["lastModifiedBy"]["user"]["email"], "eve@example.com");
    // licences bind, too, and a token without a scope reaches nothing
    let carl = server.graph(&world.carl);
    carl.post(&format!("{edit}/driveItem/checkout")).await.expect(403);
    let unable = world::token(&server.vault, world.eve.person.id, &["User.Read"]).await;
    for path in [view.clone(), format!("{view}/driveItem")] {
        server.graph_with(&unable).get(&path).await.expect(403);
        server.send(server.get(&path)).await.expect(401);
    }
    // by the link Eve sees the one she came by, and no other
    let seen = eve.get(&format!("{view}/driveItem/permissions")).await.expect(200).json();
    let seen = seen["value"].as_array().unwrap();
    assert!(seen.len() == 1 && view.ends_with(seen[0]["shareId"].as_str().unwrap()), "{seen:?}");
    // the token of an application needs no link, and is held to the item all the same
    server.graph(&world.robot).post(&format!("{view}/driveItem/checkout")).await.expect(204);
}

#[tokio::test]
async fn what_was_begun_through_a_link_ends_with_its_rights_while_it_is_as_it_was() {
    let server = Server::start().await;
    let folder = folder(&server).await;
    let (ann, eve) = (server.graph(&server.world.ann), server.graph(&server.world.eve));
    let made = link(&server, &folder, json!({"type": "edit"})).await;
    let share = below(&made);
    // a copy whose node dies is made by whoever asks for it
    let copy = eve.post_json(&format!("{share}/root:/a b.txt:/copy"), json!({"name": "copy.txt"})).await.expect(202);
    assert_eq!(copies::outcome(&server, &copy.header("location")).await["status"], "completed");
    let copied = format!("{folder}/copy.txt:").replace("shared:/", "shared/");
    ann.delete(&copied).await.expect(204);
    copies::as_after_a_crash(&server, 1).await;
    assert_eq!(copies::outcome(&server, &copy.header("location")).await["status"], "completed");
    assert_eq!(ann.content(&copied).await, "inside");
    // fragments come with nothing but their address
    let mut addresses = Vec::new();
    for name in ["first.txt", "second.txt"] {
        let begun = eve.post_json(&format!("{share}/root:/{name}:/createUploadSession"), json!({})).await.expect(200);
        addresses.push(begun.json()["uploadUrl"].as_str().unwrap().to_owned());
    }
    let send = async |address: &str, range: &'static str, bytes: &'static str| {
        server.send(server.http.put(address).header("content-range", range).body(bytes)).await
    };
    send(&addresses[0], "bytes 0-2/6", "one").await.expect(202);
    let file = send(&addresses[0], "bytes 3-5/6", "two").await.expect(201).json();
    assert_eq!((&file["name"], &file["createdBy"]["user"]["email"]), (&json!("first.txt"), &json!("eve@example.com")));
    assert!(file["parentReference"].get("path").is_none(), "{file}");
    // what the link gave is gone with it
    let max = server.graph(&server.world.max);
    max.delete(&format!("{folder}/permissions/{}", made["id"].as_str().unwrap())).await.expect(204);
    send(&addresses[1], "bytes 0-2/6", "one").await.expect(202);
    send(&addresses[1], "bytes 3-5/6", "two").await.expect(404);
    ann.delete(&copied).await.expect(204);
    copies::as_after_a_crash(&server, 1).await;
    let failed = copies::outcome(&server, &copy.header("location")).await;
    assert_eq!((&failed["status"], &failed["errorCode"]), (&json!("failed"), &json!("itemNotFound")), "{failed}");
}

#[tokio::test]
async fn a_link_for_some_is_for_those_and_for_who_may_anyway() {
    let server = Server::start().await;
    let (world, plan) = (&server.world, server.plan());
    let some =
        below(&link(&server, &plan, json!({"type": "view", "scope": "users", "recipients": [{"alias": "eve"}]})).await);
    server.graph(&world.eve).get(&format!("{some}/driveItem")).await.expect(200);
    server.graph(&world.ann).get(&format!("{some}/driveItem")).await.expect(200);
    let lena = world::user(&server.vault, "lena", coatcheck::domain::person::License::Full, false).await;
    let refused = server.graph(&lena).get(&format!("{some}/driveItem")).await.expect(403).json();
    assert_eq!(refused["error"]["code"], "accessDenied");
    for scope in ["anonymous", "organization"] {
        let all = below(&link(&server, &plan, json!({"type": "view", "scope": scope})).await);
        server.graph(&lena).get(&format!("{all}/driveItem")).await.expect(200);
    }
    let change = UserChange { disabled: Some(true), ..UserChange::default() };
    server.vault.update_user(lena.person.id, change).await.unwrap();
    let all = below(&link(&server, &plan, json!({"type": "edit", "scope": "anonymous"})).await);
    server.graph(&lena).get(&format!("{all}/driveItem")).await.expect(401);
}

#[tokio::test]
async fn no_token_and_a_wrong_one_open_nothing() {
    let server = Server::start().await;
    let eve = server.graph(&server.world.eve);
    let encoded = |url: &str| format!("u!{}", URL_SAFE_NO_PAD.encode(url));
    let unknown = format!("s!{}", "0".repeat(32));
    for token in [
        unknown.clone(),
        encoded(&server.url(&format!("/_layouts/15/guestaccess.aspx?share={unknown}"))),
        encoded(&server.url("/_layouts/15/guestaccess.aspx")),
        encoded("https://example.com/"),
        encoded(&server.url("/_layouts/15/guestaccess.aspx?share=a%00b")),
    ] {
        for path in ["", "/driveItem", "/items/root/children"] {
            let answer = eve.get(&format!("/v1.0/shares/{token}{path}")).await;
            assert_eq!(
                (answer.status.as_u16(), &answer.json()["error"]["code"]),
                (404, &json!("itemNotFound")),
                "{token}"
            );
        }
    }
    let long = format!("s!{}", "x".repeat(2100));
    for token in ["x", "u!", "u!%25", "u!eA", "s!", "s!%00", "s!a%20b", "t!abc", &long] {
        for path in ["", "/driveItem", "/root:/x:/content"] {
            let answer = eve.get(&format!("/v1.0/shares/{token}{path}")).await;
            let code = answer.json()["error"]["code"].clone();
            assert_eq!((answer.status.as_u16(), code), (400, json!("invalidRequest")), "{token}: {answer}");
        }
    }
}

#[tokio::test]
async fn a_password_opens_its_link_and_guesses_are_counted() {
    let settings = [("oracle.wrong_codes_per_link", "3"), ("oracle.wrong_codes_per_address", "100")];
    let server = Server::start_with(&settings).await;
    let (world, plan) = (&server.world, server.plan());
    let made = link(&server, &plan, json!({"type": "view", "scope": "anonymous", "password": "offene Tür"})).await;
    let share = format!("{}/driveItem", below(&made));
    let eve = server.graph(&world.eve);
    let without = eve.get(&share).await.expect(403).json();
    assert_eq!(without["error"]["code"], "accessDenied");
    with_password(&eve, &share, "wrong").await.expect(403);
    let right = with_password(&eve, &format!("{share}/content"), "offene%20T%C3%BCr").await.expect(302);
    with_password(&eve, &share, "offene Tür").await.expect(200);
    assert_eq!(server.send(server.http.get(right.header("location"))).await.expect(200).text(), "first");
    // who may anyway is asked for none
    server.graph(&world.ann).get(&share).await.expect(200);
    for _ in 0..2 {
        with_password(&eve, &share, "wrong").await.expect(403);
    }
    with_password(&eve, &share, "offene Tür").await.expect(403);
    // a browser has no way to give it
    server.send(server.http.get(web_url(&made))).await.expect(403);
}

#[tokio::test]
async fn a_revoked_or_changed_link_is_dead_at_once_on_all_nodes_and_so_are_its_downloads() {
    let server = Server::start().await;
    let (world, plan) = (&server.world, server.plan());
    let (node, _vault) = server.another_node().await;
    let max = server.graph(&world.max);
    let made = link(&server, &plan, json!({"type": "view"})).await;
    let share = format!("{}/driveItem", below(&made));
    let eve = server.graph(&world.eve);
    let there = |path: &str| server.http.get(format!("http://{node}{path}")).bearer_auth(&world.eve.token);
    let download = async || eve.get(&format!("{share}/content")).await.expect(302).header("location");
    let first = download().await;
    server.send(server.http.get(&first)).await.expect(200);
    server.send(there(&share)).await.expect(200);
    let permission = format!("{plan}/permissions/{}", made["id"].as_str().unwrap());
    server.advance(chrono::Duration::seconds(1));
    max.patch(&permission, json!({"password": "open sesame"})).await.expect(200);
    server.send(server.http.get(&first)).await.expect(404);
    server.send(there(&share)).await.expect(403);
    server.advance(chrono::Duration::seconds(1));
    max.patch(&permission, json!({"password": null})).await.expect(200);
    let second = download().await;
    server.send(server.http.get(&second)).await.expect(200);
    max.delete(&permission).await.expect(204);
    server.send(server.http.get(&second)).await.expect(404);
    server.send(there(&share)).await.expect(404);
    eve.get(&share).await.expect(404);
}

#[tokio::test]
async fn a_link_is_redeemed_for_a_role_of_ones_own() {
    let server = Server::start().await;
    let (world, plan) = (&server.world, server.plan());
    let max = server.graph(&world.max);
    let edit = link(&server, &plan, json!({"type": "edit"})).await;
    let view = link(&server, &plan, json!({"type": "view"})).await;
    let eve = server.graph(&world.eve);
    let prefer = async |client: &Graph<'_>, share: &str, what: &str| {
        with(client, share, "prefer", what).await.expect(200).header("preference-applied")
    };
    // a link as such lasts as long as the request
    eve.get(&below(&view)).await.expect(200);
    eve.get(&plan).await.expect(404);
    // a credential that changes nothing redeems nothing, nor does an application
    let reader = world::token(&server.vault, world.eve.person.id, &["Files.Read.All"]).await;
    assert_eq!(prefer(&server.graph_with(&reader), &below(&view), "redeemSharingLink").await, "");
    assert_eq!(prefer(&server.graph(&world.robot), &below(&view), "redeemSharingLink").await, "");
    // nor a link that ends
    let ending = json!({"type": "view", "expirationDateTime": "2026-03-05T00:00:00Z"});
    let ending = link(&server, &plan, ending).await;
    assert_eq!(prefer(&eve, &below(&ending), "redeemSharingLink").await, "");
    eve.get(&plan).await.expect(404);

    let own = world::token(&server.vault, world.eve.person.id, &["Files.ReadWrite"]).await;
    let item = format!("{}/driveItem", below(&view));
    let wanted = "respond-async, redeemSharingLinkIfNecessary";
    assert_eq!(prefer(&server.graph_with(&own), &item, wanted).await, "redeemSharingLinkIfNecessary");
    assert_eq!(eve.content(&plan).await, "first");
    eve.post(&format!("{plan}/checkout")).await.expect(403);
    assert_eq!(prefer(&eve, &below(&edit), "redeemSharingLink").await, "redeemSharingLink");
    eve.post(&format!("{plan}/checkout")).await.expect(204);
    // the lesser one takes nothing away
    assert_eq!(prefer(&eve, &below(&view), "redeemSharingLink").await, "redeemSharingLink");
    eve.post(&format!("{plan}/discardCheckout")).await.expect(204);
    let list = eve.get("/v1.0/me/drive/sharedWithMe").await.expect(200).json();
    assert_eq!(list["value"][0]["name"], "plan.txt");
    // it outlives the link, and shows to who shares
    let gone = format!("{plan}/permissions/{}", edit["id"].as_str().unwrap());
    max.delete(&gone).await.expect(204);
    eve.get(&plan).await.expect(200);
    let all = max.get(&format!("{plan}/permissions")).await.expect(200).json();
    let eves = &all["value"][0];
    assert_eq!((&eves["grantedToV2"]["user"]["email"], &eves["roles"]), (&json!("eve@example.com"), &json!(["write"])));
    max.delete(&format!("{plan}/permissions/{}", eves["id"].as_str().unwrap())).await.expect(204);
    eve.get(&plan).await.expect(404);
}

#[tokio::test]
async fn in_a_browser_a_link_for_everybody_leads_to_the_bytes() {
    let server = Server::start().await;
    let (world, plan) = (&server.world, server.plan());
    let max = server.graph(&world.max);
    let made = link(&server, &plan, json!({"type": "view", "scope": "anonymous"})).await;
    // the holder's working copy is for the holder
    server.graph(&world.ann).post(&format!("{plan}/checkout")).await.expect(204);
    server.graph(&world.ann).put(&format!("{plan}/content"), "working copy").await.expect(200);
    let redirect = server.send(server.http.get(web_url(&made))).await.expect(302);
    let bytes = redirect.header("location");
    assert_eq!(server.send(server.http.get(&bytes)).await.expect(200).text(), "first");
    server.send(server.http.head(web_url(&made))).await.expect(302);
    server.send(server.http.post(web_url(&made))).await.expect(405);
    assert_eq!(redirect.header("cache-control"), "no-store");
    // who must sign in is told so
    let inside = link(&server, &plan, json!({"type": "view"})).await;
    let refused = server.send(server.http.get(web_url(&inside))).await.expect(401);
    assert!(refused.header("www-authenticate").starts_with("Bearer"));
    let folder =
        link(&server, &format!("{}/root", server.drive()), json!({"type": "view", "scope": "anonymous"})).await;
    server.send(server.http.get(web_url(&folder))).await.expect(400);
    for unknown in ["?share=s!x", "", "?share=", "?share=a%00b"] {
        server.send(server.http.get(server.url(&format!("/_layouts/15/guestaccess.aspx{unknown}")))).await.expect(404);
    }
    let permission = format!("{plan}/permissions/{}", made["id"].as_str().unwrap());
    max.delete(&permission).await.expect(204);
    server.send(server.http.get(web_url(&made))).await.expect(404);
    server.send(server.http.get(&bytes)).await.expect(404);
}

#[tokio::test]
async fn a_role_that_sees_only_downloads_nothing_by_its_link() {
    let server = Server::start().await;
    let world = &server.world;
    let spec = json!({"assignedUsers": "@everybody", "role": "viewer"});
    crate::support::oracle::link(&server, spec).await;
    let all = server.graph(&world.max).get(&format!("{}/permissions", server.plan())).await.expect(200).json();
    let viewer = &all["value"][0];
    assert_eq!(viewer["link"]["preventsDownload"], true);
    server.send(server.http.get(web_url(viewer))).await.expect(403);
    let eve = server.graph(&world.eve);
    eve.get(&format!("{}/driveItem", below(viewer))).await.expect(200);
    eve.get(&format!("{}/driveItem/content", below(viewer))).await.expect(403);
    // a role of one's own counts besides
    server.vault.grant(world.file.id, world.eve.person.id, Role::Downloader, None).await.unwrap();
    eve.get(&format!("{}/driveItem/content", below(viewer))).await.expect(302);
}
