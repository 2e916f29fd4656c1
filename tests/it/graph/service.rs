//! What the service says of itself (spec/graph.md 11): the organization and the metadata. What the document names is held to
//! the table of calls beside it.

use insta::assert_snapshot;
use quick_xml::{Reader, events::Event};
use serde_json::json;

use crate::support::{graph::shown, server::Server, world};

const TENANT: &str = "6f1a0c52-7d7e-4c38-9b0e-5c1d2f3a4b60";

#[tokio::test]
async fn there_is_one_organization() {
    let server = Server::start().await;
    let ann = server.graph(&server.world.ann);
    let answer = shown(&server, &ann.get("/v1.0/organization").await).replace(TENANT, "TENANT");
    assert_snapshot!(answer, @r##"
    200 OK
    {
      "@odata.context": "http://HOST/v1.0/$metadata#organization",
      "value": [
        {
          "id": "TENANT",
          "displayName": "127.0.0.1",
          "tenantType": "AAD",
          "businessPhones": [],
          "verifiedDomains": [
            {
              "name": "127.0.0.1",
              "type": "Managed",
              "isDefault": true,
              "isInitial": true,
              "capabilities": ""
            }
          ]
        }
      ]
    }
    "##);
    let chosen = ann.get("/beta/organization/?select=id,x&$count=true&$top=999").await.expect(200).json();
    assert_eq!((&chosen["value"], &chosen["@odata.count"]), (&json!([{"id": TENANT}]), &json!(1)));
    for bad in ["$filter=id eq 'x'", "$skiptoken=x", "$top=x"] {
        ann.get(&format!("/v1.0/organization?{bad}")).await.expect(400);
    }
}

#[tokio::test]
async fn the_organization_takes_a_scope() {
    let server = Server::start().await;
    server.send(server.get("/v1.0/organization")).await.expect(401);
    for (bearer, scope, status) in [
        (&server.world.ann, "User.Read", 200),
        (&server.world.ann, "Organization.Read.All", 200),
        (&server.world.ann, "Files.ReadWrite.All", 403),
        (&server.world.robot, "User.Read.All", 403),
        (&server.world.robot, "Files.ReadWrite.All", 403),
        (&server.world.robot, "Organization.Read.All", 200),
        (&server.world.robot, "Directory.Read.All", 200),
    ] {
        let token = world::token(&server.vault, bearer.person.id, &[scope]).await;
        server.graph_with(&token).get("/v1.0/organization").await.expect(status);
    }
}

#[tokio::test]
async fn the_metadata_is_a_document_at_every_prefix() {
    let server = Server::start().await;
    let (ann, robot) = (server.graph(&server.world.ann), server.graph(&server.world.robot));
    for path in ["/v1.0/$metadata", "/beta/$metadata/", "/v1.0/%24metadata?$format=xml", "/_api/v2.0/$metadata"] {
        for client in [&ann, &robot] {
            let answer = client.get(path).await.expect(200);
            assert_eq!(answer.header("content-type"), "application/xml;charset=utf-8");
            assert_eq!(answer.header("odata-version"), "4.0");
            assert!(!answer.header("request-id").is_empty());
            let text = answer.text();
            let mut reader = Reader::from_str(&text);
            let mut actions = Vec::new();
            loop {
                let event = reader.read_event().expect("well-formed");
                if matches!(event, Event::Eof) {
                    break;
                }
                if let Event::Start(start) = event
                    && start.name().as_ref() == "Action"
                {
                    actions.push(start.try_get_attribute("Name").unwrap().unwrap().value.to_string());
                }
            }
            for action in ["checkout", "checkin", "discardCheckout"] {
                assert!(actions.iter().any(|own| own == action), "{action}");
            }
        }
        server.send(server.get(path)).await.expect(401);
    }
    let refused = server.send(ann.request("POST", "/v1.0/$metadata")).await.expect(405);
    assert_eq!(refused.header("allow"), "GET");
}

#[tokio::test]
async fn directory_objects_come_in_a_batch_with_links_of_their_own() {
    let server = Server::start().await;
    let scopes = ["User.Read.All", "Group.Read.All", "Sites.Read.All"];
    let token = world::token(&server.vault, server.world.dora.person.id, &scopes).await;
    let part = |id: &str, url: &str| json!({"id": id, "method": "GET", "url": url});
    let body = json!({"requests": [
        part("1", "/users?$top=1&$select=id"), part("2", "/groups"), part("3", "/sites/root"), part("4", "/groups/x"),
    ]});
    let answers = server.graph_with(&token).post_json("/v1.0/$batch", body).await.expect(200).json();
    let of = |id: &str| answers["responses"].as_array().unwrap().iter().find(|one| one["id"] == id).unwrap();
    assert_eq!([of("1"), of("2"), of("3"), of("4")].map(|one| one["status"].as_u64().unwrap()), [200, 200, 200, 404]);
    let next = of("1")["body"]["@odata.nextLink"].as_str().unwrap();
    assert!(next.starts_with(&server.url("/v1.0/users?$top=1&$select=id&$skiptoken=")), "{next}");
    let next = next.replace(&server.url(""), "");
    server.graph_with(&token).get(&next).await.expect(200);
}
