//! Versions (spec/graph.md 7, 14 and 15).

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
