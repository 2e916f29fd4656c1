//! What shows of sharing (spec/graph.md 5.1 and 7, 21): the `shared` facet and `sharedWithMe`.

use coatcheck::domain::actor::Role;
use serde_json::{Value, json};

use crate::support::{graph::address, server::Server, world};

fn names(list: &Value) -> Vec<&str> {
    list["value"].as_array().unwrap().iter().map(|entry| entry["name"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn what_others_share_is_listed_with_a_pointer_to_it() {
    let server = Server::start().await;
    let (vault, world) = (&server.vault, &server.world);
    let own = world::personal(vault, &world.max).await;
    let max = server.graph(&world.max);
    max.put("/v1.0/me/drive/root:/secret folder/b.txt:/content", "shared").await.expect(201);
    max.put("/v1.0/me/drive/root:/a.txt:/content", "shared").await.expect(201);
    for path in ["/v1.0/me/drive/root:/secret folder/b.txt:", "/v1.0/me/drive/root:/a.txt:"] {
        let invitation = json!({"recipients": [{"email": "eve@example.com"}], "roles": ["write"]});
        max.post_json(&format!("{path}/invite"), invitation).await.expect(200);
    }
    // through a library that others own as well
    vault.grant(world.file.id, world.eve.person.id, Role::Viewer, None).await.unwrap();
    let eve = server.graph(&world.eve);
    let mine = eve.put("/v1.0/me/drive/root:/mine.txt:/content", "mine").await.expect(201).json();
    let list = eve.get("/v1.0/me/drive/sharedWithMe").await.expect(200).json();
    assert_eq!(names(&list), ["a.txt", "b.txt", "plan.txt"]);
    assert!(!list.to_string().contains("secret") && !list.to_string().contains(mine["id"].as_str().unwrap()));
    let entry = &list["value"][1];
    let remote = &entry["remoteItem"];
    assert_eq!((&remote["id"], &remote["name"], &remote["size"]), (&entry["id"], &json!("b.txt"), &json!(6)));
    assert_eq!(remote["parentReference"], json!({"driveId": own.graph_id, "driveType": "business"}));
    assert_eq!(remote["file"]["mimeType"], "text/plain");
    assert_eq!(remote["shared"]["scope"], "users");
    assert_eq!(remote["shared"]["sharedBy"]["user"]["email"], "max@example.com");
    assert!(entry.get("parentReference").is_none() && entry.get("@microsoft.graph.downloadUrl").is_none());
    // the pointer leads there
    let there = format!("/v1.0/drives/{}/items/{}", own.graph_id, remote["id"].as_str().unwrap());
    assert_eq!(eve.get(&there).await.expect(200).json()["name"], "b.txt");
    assert_eq!(eve.content(&there).await, "shared");

    // pages and selections
    let first = eve.get("/v1.0/me/drive/sharedWithMe()?$top=2&$select=name&$count=true").await.expect(200).json();
    assert_eq!((names(&first), &first["@odata.count"]), (vec!["a.txt", "b.txt"], &json!(3)));
    assert_eq!(first["value"][0], json!({"name": "a.txt"}));
    let next = first["@odata.nextLink"].as_str().unwrap().replace(&server.url(""), "");
    let rest = eve.get(&next).await.expect(200).json();
    assert_eq!((names(&rest), rest.get("@odata.nextLink")), (vec!["plan.txt"], None));
    eve.get("/v1.0/me/drive/sharedWithMe?$skiptoken=x").await.expect(400);

    // members of a site have nothing shared with them by being that, nor has who shares
    assert_eq!(names(&server.graph(&world.ann).get("/v1.0/me/drive/sharedWithMe").await.expect(200).json()), [""; 0]);
    assert_eq!(names(&max.get("/v1.0/me/drive/sharedWithMe").await.expect(200).json()), [""; 0]);
    // what is gone is gone
    max.delete("/v1.0/me/drive/root:/a.txt:").await.expect(204);
    assert_eq!(names(&eve.get("/v1.0/me/drive/sharedWithMe").await.json()), ["b.txt", "plan.txt"]);
}

#[tokio::test]
async fn what_is_shared_with_somebody_is_for_them_to_see_and_takes_a_scope() {
    let server = Server::start().await;
    let (vault, world) = (&server.vault, &server.world);
    vault.grant(world.file.id, world.eve.person.id, Role::Downloader, None).await.unwrap();
    for (scope, status) in [("User.Read", 403), ("Files.Read", 200), ("Sites.Read.All", 200)] {
        let token = world::token(vault, world.eve.person.id, &[scope]).await;
        let answer = server.graph_with(&token).get("/v1.0/me/drive/sharedWithMe").await;
        assert_eq!(answer.status, status, "{scope}: {answer}");
        if status == 200 {
            assert_eq!(names(&answer.json()), ["plan.txt"]);
        }
    }
    let refused = server.graph(&world.ann).get(&format!("{}/sharedWithMe", server.drive())).await;
    assert_eq!(refused.expect(403).json()["error"]["code"], "accessDenied");
    server.graph(&world.ann).get("/v1.0/users/eve@example.com/drive/sharedWithMe").await.expect(404);
    server.graph(&world.robot).get("/v1.0/me/drive/sharedWithMe").await.expect(400);
    server.graph(&world.robot).get(&format!("{}/sharedWithMe", server.drive())).await.expect(403);
    server.send(server.get("/v1.0/me/drive/sharedWithMe")).await.expect(401);
}

#[tokio::test]
async fn an_item_says_that_it_is_shared_when_it_is_asked() {
    let server = Server::start().await;
    let world = &server.world;
    let (max, plan) = (server.graph(&world.max), server.plan());
    let other = world::file(&server.vault, &world.ann, &world.library, "other.txt", "x").await;
    let shared = async || max.get(&format!("{plan}?$select=id,shared")).await.expect(200).json()["shared"].clone();
    assert!(shared().await.is_null());
    let invitation = json!({"recipients": [{"email": "eve@example.com"}], "roles": ["read"]});
    max.post_json(&format!("{plan}/invite"), invitation).await.expect(200);
    assert_eq!(shared().await["scope"], "users");
    max.post_json(&format!("{plan}/createLink"), json!({"type": "view"})).await.expect(201);
    assert_eq!(shared().await["scope"], "organization");
    let end = json!({"type": "view", "scope": "anonymous", "expirationDateTime": "2026-03-04T05:07:07Z"});
    max.post_json(&format!("{plan}/createLink"), end).await.expect(201);
    let facet = shared().await;
    assert_eq!(facet["scope"], "anonymous");
    assert_eq!(facet["owner"]["user"]["email"], "ann@example.com");
    assert_eq!(
        (&facet["sharedBy"]["user"]["email"], &facet["sharedDateTime"]),
        (&json!("max@example.com"), &json!("2026-03-04T05:06:07Z"))
    );
    server.advance(chrono::Duration::minutes(2));
    assert_eq!(shared().await["scope"], "organization");
    // nobody asked, nothing is said
    assert!(max.get(&plan).await.expect(200).json().get("shared").is_none());
    let list = max.get(&format!("{}/root/children?$select=name,shared", server.drive())).await.expect(200).json();
    assert_eq!(names(&list), ["other.txt", "plan.txt"]);
    assert!(list["value"][0].get("shared").is_none() && list["value"][1]["shared"]["scope"] == "organization");
    assert!(max.get(&format!("{}?$select=shared", address(&other))).await.json().get("shared").is_none());
}
