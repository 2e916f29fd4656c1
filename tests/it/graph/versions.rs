//! Versions (spec/graph.md 7, 14 to 17).

use insta::assert_snapshot;

use crate::support::{graph::shown, server::Server};

#[tokio::test]
async fn versions_are_listed_newest_first_and_their_content_is_kept() {
    let server = Server::start().await;
    let (ann, plan) = (server.graph(&server.world.ann), server.plan());
    ann.put(&format!("{plan}/content"), "second").await.expect(200);
    assert_snapshot!(shown(&server, &ann.get(&format!("{plan}/versions")).await), @r#"
    200 OK
    {
      "@odata.context": "http://HOST/v1.0/$metadata#Collection(driveItemVersion)",
      "value": [
        {
          "id": "2.0",
          "lastModifiedBy": {
            "user": {
              "id": "ANN",
              "displayName": "Ann Example",
              "email": "ann@example.com"
            }
          },
          "lastModifiedDateTime": "2026-03-04T05:06:07Z",
          "size": 6,
          "publication": {
            "level": "published",
            "versionId": "2.0"
          },
          "@microsoft.graph.downloadUrl": "http://HOST/_layouts/15/download.aspx?tempauth=SECRET"
        },
        {
          "id": "1.0",
          "lastModifiedBy": {
            "user": {
              "id": "ANN",
              "displayName": "Ann Example",
              "email": "ann@example.com"
            }
          },
          "lastModifiedDateTime": "2026-03-04T05:06:07Z",
          "size": 5,
          "publication": {
            "level": "published",
            "versionId": "1.0"
          },
          "@microsoft.graph.downloadUrl": "http://HOST/_layouts/15/download.aspx?tempauth=SECRET"
        }
      ]
    }
    "#);
    assert_snapshot!(shown(&server, &ann.get(&format!("{plan}/versions/1.0?$select=id,size")).await), @r#"
    200 OK
    {
      "@odata.context": "http://HOST/v1.0/$metadata#driveItemVersion/$entity",
      "id": "1.0",
      "size": 5
    }
    "#);
    assert_eq!(ann.get(&format!("{plan}/versions/current")).await.expect(200).json()["id"], "2.0");
    assert_eq!(ann.content(&format!("{plan}/versions/1.0")).await, "first");
    assert_eq!(ann.content(&format!("{plan}/versions/current")).await, "second");
    let count = ann.get(&format!("{plan}/versions?$count=true&$select=id")).await.json();
    assert_eq!(count["@odata.count"], 2);
}

#[tokio::test]
async fn what_is_no_version_is_not_there() {
    let server = Server::start().await;
    let (ann, plan) = (server.graph(&server.world.ann), server.plan());
    for version in ["2.0", "1", "01.0", "+1.0", "x", "99999999999999.0", "-1.0"] {
        ann.get(&format!("{plan}/versions/{version}")).await.expect(404);
        ann.get(&format!("{plan}/versions/{version}/content")).await.expect(404);
    }
    ann.get(&format!("{}/root/versions", server.drive())).await.expect(400);
    server.graph(&server.world.eve).get(&format!("{plan}/versions")).await.expect(404);
    // a viewer sees versions and does not read them
    server.graph(&server.world.vic).get(&format!("{plan}/versions")).await.expect(200);
    server.graph(&server.world.vic).get(&format!("{plan}/versions/1.0/content")).await.expect(403);
}

#[tokio::test]
async fn a_version_is_restored_as_the_newest_one() {
    let server = Server::start().await;
    let (ann, bob, plan) = (server.graph(&server.world.ann), server.graph(&server.world.bob), server.plan());
    let first = ann.get(&plan).await.json();
    ann.put(&format!("{plan}/content"), "second").await.expect(200);
    let restored = bob.post(&format!("{plan}/versions/1.0/restoreVersion")).await.expect(204);
    assert!(restored.body.is_empty());
    assert_eq!(ann.content(&plan).await, "first");
    let now = ann.get(&plan).await.json();
    assert_eq!((&now["cTag"], &now["size"], &now["file"]), (&first["cTag"], &first["size"], &first["file"]));
    let versions = ann.get(&format!("{plan}/versions")).await.json();
    let ids: Vec<&str> = versions["value"].as_array().unwrap().iter().map(|v| v["id"].as_str().unwrap()).collect();
    assert_eq!(ids, ["3.0", "2.0", "1.0"]);
    assert_eq!(versions["value"][0]["lastModifiedBy"]["user"]["displayName"], "Bob Example");
    // the current one once more, under the namespace of the call
    bob.post(&format!("{plan}/versions/current/microsoft.graph.restoreVersion")).await.expect(204);
    assert_eq!(bob.get(&format!("{plan}/versions/current")).await.json()["id"], "4.0");
    for (version, status) in [("9.0", 404), ("x", 404), ("1", 404)] {
        bob.post(&format!("{plan}/versions/{version}/restoreVersion")).await.expect(status);
    }
    server.graph(&server.world.vic).post(&format!("{plan}/versions/1.0/restoreVersion")).await.expect(403);
    server.graph(&server.world.eve).post(&format!("{plan}/versions/1.0/restoreVersion")).await.expect(404);
    ann.post(&format!("{}/root/versions/1.0/restoreVersion", server.drive())).await.expect(400);
}

#[tokio::test]
async fn the_holder_restores_into_the_working_copy_and_others_not_at_all() {
    let server = Server::start().await;
    let (ann, bob, plan) = (server.graph(&server.world.ann), server.graph(&server.world.bob), server.plan());
    ann.put(&format!("{plan}/content"), "second").await.expect(200);
    ann.post(&format!("{plan}/checkout")).await.expect(204);
    let versions = async || bob.get(&format!("{plan}/versions")).await.json()["value"].as_array().unwrap().len();
    // 423 before 404: who does not hold it learns nothing more
    for refused in [
        bob.post(&format!("{plan}/versions/1.0/restoreVersion")).await,
        bob.post(&format!("{plan}/versions/9.0/restoreVersion")).await,
        bob.delete(&format!("{plan}/versions/1.0")).await,
        bob.delete(&format!("{plan}/versions/2.0")).await,
        server.graph(&server.world.robot).post(&format!("{plan}/versions/1.0/restoreVersion")).await,
    ] {
        assert_eq!(refused.expect(423).json()["error"]["innerError"]["code"], "resourceLocked");
    }
    ann.post(&format!("{plan}/versions/1.0/restoreVersion")).await.expect(204);
    assert_eq!((ann.content(&plan).await.as_str(), bob.content(&plan).await.as_str()), ("first", "second"));
    assert_eq!(versions().await, 2, "it waits for the check-in");
    ann.post(&format!("{plan}/discardCheckout")).await.expect(204);
    assert_eq!((ann.content(&plan).await.as_str(), versions().await), ("second", 2));
    ann.post(&format!("{plan}/checkout")).await.expect(204);
    ann.post(&format!("{plan}/versions/1.0/restoreVersion")).await.expect(204);
    ann.post(&format!("{plan}/checkin")).await.expect(204);
    assert_eq!((bob.content(&plan).await.as_str(), versions().await), ("first", 3));
}

#[tokio::test]
async fn any_version_but_the_current_one_is_deleted() {
    let server = Server::start().await;
    let (ann, plan) = (server.graph(&server.world.ann), server.plan());
    let only = ann.delete(&format!("{plan}/versions/1.0")).await.expect(400).json();
    assert_eq!(only["error"]["code"], "invalidRequest");
    ann.put(&format!("{plan}/content"), "second").await.expect(200);
    ann.put(&format!("{plan}/content"), "third").await.expect(200);
    for current in ["3.0", "current", "CURRENT"] {
        ann.delete(&format!("{plan}/versions/{current}")).await.expect(400);
    }
    let before = ann.get(&plan).await.json();
    server.graph(&server.world.vic).delete(&format!("{plan}/versions/1.0")).await.expect(403);
    server.graph(&server.world.eve).delete(&format!("{plan}/versions/1.0")).await.expect(404);
    // the holder may, and keeps the lock
    ann.post(&format!("{plan}/checkout")).await.expect(204);
    ann.delete(&format!("{plan}/versions/1.0")).await.expect(204);
    ann.delete(&format!("{plan}/versions/1.0")).await.expect(404);
    ann.get(&format!("{plan}/versions/1.0/content")).await.expect(404);
    ann.post(&format!("{plan}/discardCheckout")).await.expect(204);
    let after = ann.get(&plan).await.json();
    assert_eq!((&before["cTag"], &before["size"]), (&after["cTag"], &after["size"]));
    assert_eq!(
        (ann.content(&plan).await.as_str(), ann.content(&format!("{plan}/versions/2.0")).await.as_str()),
        ("third", "second")
    );
    // no number is given twice
    ann.delete(&format!("{plan}/versions/2.0")).await.expect(204);
    ann.put(&format!("{plan}/content"), "fourth").await.expect(200);
    let versions = ann.get(&format!("{plan}/versions?$select=id")).await.json();
    assert_eq!(versions["value"].to_string(), r#"[{"id":"4.0"},{"id":"3.0"}]"#);
    ann.delete(&format!("{}/root/versions/1.0", server.drive())).await.expect(400);
}

#[tokio::test]
async fn versions_are_listed_page_by_page() {
    let server = Server::start().await;
    let (ann, plan) = (server.graph(&server.world.ann), server.plan());
    for number in 2..=5 {
        ann.put(&format!("{plan}/content"), &number.to_string()).await.expect(200);
    }
    let mut next = Some(format!("{plan}/versions?$top=2&$select=id&$count=true"));
    let mut pages = Vec::new();
    while let Some(path) = next {
        let page = ann.get(&path).await.expect(200).json();
        assert_eq!(page["@odata.count"], 5);
        pages.push(
            page["value"]
                .as_array()
                .unwrap()
                .iter()
                .map(|v| v["id"].as_str().unwrap().to_owned())
                .collect::<Vec<_>>()
                .join(" "),
        );
        let link = page["@odata.nextLink"].as_str().map(str::to_owned);
        next = link.map(|link| link.split_once(&server.address.to_string()).unwrap().1.to_owned());
    }
    assert_eq!(pages, ["5.0 4.0", "3.0 2.0", "1.0"]);
    assert_eq!(ann.get(&format!("{plan}/versions?$top=5000")).await.json()["value"].as_array().unwrap().len(), 5);
    assert_eq!(ann.get(&format!("{plan}/versions?$top=0")).await.json()["value"], serde_json::json!([]));
    // a token is good for one list of one caller
    let page = ann.get(&format!("{plan}/versions?$top=1")).await.expect(200).json();
    let token = page["@odata.nextLink"].as_str().unwrap().split_once("skiptoken=").unwrap().1.to_owned();
    let other = ann.put(&format!("{}/root:/other.txt:/content", server.drive()), "x").await.expect(201).json();
    let other = format!("{}/items/{}", server.drive(), other["id"].as_str().unwrap());
    ann.get(&format!("{other}/versions?$top=1&$skiptoken={token}")).await.expect(400);
    server.graph(&server.world.bob).get(&format!("{plan}/versions?$top=1&$skiptoken={token}")).await.expect(400);
    for bad in ["$top=x", "$top=-1", "$skiptoken=nonsense", "$skiptoken=TmFtZSAx"] {
        ann.get(&format!("{plan}/versions?{bad}")).await.expect(400);
    }
}

#[tokio::test]
async fn of_many_who_restore_at_once_each_makes_a_version_of_its_own() {
    let server = Server::start().await;
    let plan = server.plan();
    let calls = (0..4).map(|_| {
        let client = server.graph(&server.world.ann);
        let path = format!("{plan}/versions/1.0/restoreVersion");
        async move { client.post(&path).await.status.as_u16() }
    });
    assert_eq!(futures_util::future::join_all(calls).await, [204; 4]);
    assert_eq!(server.graph(&server.world.ann).get(&format!("{plan}/versions/current")).await.json()["id"], "5.0");
}
