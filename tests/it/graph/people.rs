//! The caller, other users, and drives (spec/graph.md 5.2, 5.6, 7 and 11).

use insta::assert_snapshot;

use crate::support::{graph::shown, server::Server, world};

#[tokio::test]
async fn a_user_sees_itself() {
    let server = Server::start().await;
    let ann = server.graph(&server.world.ann);
    assert_snapshot!(shown(&server, &ann.get("/v1.0/me").await), @r#"
    200 OK
    {
      "@odata.context": "http://HOST/v1.0/$metadata#users/$entity",
      "id": "ANN",
      "displayName": "Ann Example",
      "givenName": "Ann",
      "surname": "Example",
      "userPrincipalName": "ann@example.com",
      "mail": "ann@example.com",
      "businessPhones": []
    }
    "#);
    let me = ann.get("/me?$select=id,nonsense").await.expect(200).json();
    assert_eq!(me["id"], server.world.ann.person.graph_id.to_string());
    assert_eq!(me["displayName"], serde_json::Value::Null);
    for own in ["ann", "ANN@example.com", &server.world.ann.person.graph_id.to_string().to_uppercase()] {
        ann.get(&format!("/v1.0/users/{own}")).await.expect(200);
    }
}

#[tokio::test]
async fn other_users_take_a_scope() {
    let server = Server::start().await;
    let world = &server.world;
    server.graph(&world.ann).get("/v1.0/users/bob@example.com").await.expect(403);
    let token = world::token(&server.vault, world.ann.person.id, &["User.ReadBasic.All"]).await;
    let curious = server.graph_with(&token);
    assert_eq!(curious.get("/v1.0/users/BOB@example.com").await.expect(200).json()["displayName"], "Bob Example");
    curious.get("/v1.0/users/nobody").await.expect(404);
    curious.get(&format!("/v1.0/users/{}", world.robot.person.graph_id)).await.expect(404);
    server.graph(&world.robot).get("/v1.0/users/ann").await.expect(403);
}

#[tokio::test]
async fn a_drive_tells_what_clients_read() {
    let server = Server::start().await;
    let ann = server.graph(&server.world.ann);
    assert_snapshot!(shown(&server, &ann.get(&server.drive()).await), @r#"
    200 OK
    {
      "@odata.context": "http://HOST/v1.0/$metadata#drives/$entity",
      "id": "DRIVE",
      "driveType": "documentLibrary",
      "name": "Engineering",
      "owner": {
        "site": {
          "id": "127.0.0.1,SITE,SITE",
          "displayName": "Engineering"
        }
      },
      "quota": {
        "total": 27487790694400,
        "used": 5,
        "remaining": 27487790694395,
        "deleted": 0,
        "state": "normal"
      },
      "webUrl": "http://HOST/v1.0/drives/DRIVE/root",
      "createdBy": {
        "user": {
          "id": "DORA",
          "displayName": "Dora Example",
          "email": "dora@example.com"
        }
      },
      "createdDateTime": "2026-03-04T05:06:07Z",
      "lastModifiedBy": {
        "user": {
          "id": "ANN",
          "displayName": "Ann Example",
          "email": "ann@example.com"
        }
      },
      "lastModifiedDateTime": "2026-03-04T05:06:07Z"
    }
    "#);
    let quota = ann.get(&format!("{}/?select=quota", server.drive())).await.expect(200).json();
    assert_eq!(quota["quota"]["used"], 5);
    assert_eq!(quota["id"], serde_json::Value::Null);
}

#[tokio::test]
async fn lists_of_drives_hold_what_the_caller_can_see() {
    let server = Server::start().await;
    let world = &server.world;
    let names = async |client: &crate::support::graph::Graph<'_>, path: &str| {
        let list = client.get(path).await.expect(200).json();
        let names = list["value"].as_array().unwrap().iter().map(|drive| drive["id"].as_str().unwrap().to_owned());
        names.collect::<Vec<_>>()
    };
    let own = world::personal(&server.vault, &world.ann).await;
    let (ann, eve) = (server.graph(&world.ann), server.graph(&world.eve));
    let mut all = names(&ann, "/v1.0/drives").await;
    all.sort();
    let mut expected = vec![own.graph_id.clone(), world.library.graph_id.clone()];
    expected.sort();
    assert_eq!(all, expected);
    assert_eq!(names(&ann, "/v1.0/me/drives").await, std::slice::from_ref(&own.graph_id));
    assert_eq!(names(&ann, "/v1.0/users/ann/drives").await, [own.graph_id]);
    assert_eq!(names(&ann, "/v1.0/sites/root/drives").await, std::slice::from_ref(&world.library.graph_id));
    // without a scope for users, nobody is told who has an account here
    for path in ["/v1.0/users/bob/drives", "/v1.0/users/nobody/drives", "/v1.0/groups/nobody/drives"] {
        ann.get(path).await.expect(404);
    }
    let token = world::token(&server.vault, world.ann.person.id, &["Files.Read.All", "User.ReadBasic.All"]).await;
    let curious = server.graph_with(&token);
    assert!(names(&curious, "/v1.0/users/bob/drives").await.is_empty());
    curious.get("/v1.0/users/nobody/drives").await.expect(404);
    assert!(names(&eve, "/v1.0/drives").await.is_empty());
    let page = ann.get("/v1.0/drives?$top=1&$select=id").await.expect(200).json();
    let next = page["@odata.nextLink"].as_str().unwrap().replace(&server.url(""), "");
    let rest = ann.get(&next).await.expect(200).json();
    assert_eq!((page["value"].as_array().unwrap().len(), rest["value"].as_array().unwrap().len()), (1, 1));
    assert!(rest.get("@odata.nextLink").is_none() && rest["value"] != page["value"]);
}
