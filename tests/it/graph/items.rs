//! Showing, changing, moving and deleting items (spec/graph.md 5.1, 7.1, 7.2 and 7.5).

use chrono::Duration;
use insta::assert_snapshot;
use serde_json::json;

use crate::support::{graph::shown, server::Server};

#[tokio::test]
async fn a_file_is_shown_with_all_that_clients_read() {
    let server = Server::start().await;
    let answer = server.graph(&server.world.ann).get(&server.plan()).await;
    assert_snapshot!(shown(&server, &answer), @r#"
    200 OK
    {
      "@odata.context": "http://HOST/v1.0/$metadata#driveItem/$entity",
      "@microsoft.graph.downloadUrl": "http://HOST/_layouts/15/download.aspx?tempauth=SECRET",
      "id": "PLAN",
      "name": "plan.txt",
      "size": 5,
      "eTag": "\"{PLAN-GUID},1\"",
      "cTag": "\"c:{PLAN-GUID},12075130698437666191\"",
      "createdDateTime": "2026-03-04T05:06:07Z",
      "lastModifiedDateTime": "2026-03-04T05:06:07Z",
      "createdBy": {
        "user": {
          "id": "ANN",
          "displayName": "Ann Example",
          "email": "ann@example.com"
        }
      },
      "lastModifiedBy": {
        "user": {
          "id": "ANN",
          "displayName": "Ann Example",
          "email": "ann@example.com"
        }
      },
      "parentReference": {
        "driveId": "DRIVE",
        "driveType": "documentLibrary",
        "id": "ROOT",
        "name": "root",
        "path": "/drives/DRIVE/root:",
        "siteId": "127.0.0.1,SITE,SITE"
      },
      "webUrl": "http://HOST/v1.0/drives/DRIVE/root:/plan.txt",
      "fileSystemInfo": {
        "createdDateTime": "2026-03-04T05:06:07Z",
        "lastModifiedDateTime": "2026-03-04T05:06:07Z"
      },
      "file": {
        "mimeType": "text/plain",
        "hashes": {
          "quickXorHash": "ZkiDHOZABwAAAAAABQAAAAAAAAA=",
          "sha256Hash": "A7937B64B8CAA58F03721BB6BACF5C78CB235FEBE0E70B1B84CD99541461A08E"
        }
      }
    }
    "#);
    assert_eq!(answer.header("etag"), answer.json()["eTag"].as_str().unwrap());
}

#[tokio::test]
async fn the_top_folder_is_called_root_and_lies_nowhere() {
    let server = Server::start().await;
    let ann = server.graph(&server.world.ann);
    assert_snapshot!(shown(&server, &ann.get(&format!("{}/root", server.drive())).await), @r#"
    200 OK
    {
      "@odata.context": "http://HOST/v1.0/$metadata#driveItem/$entity",
      "id": "ROOT",
      "name": "root",
      "size": 0,
      "eTag": "\"{ROOT-GUID},1\"",
      "createdDateTime": "2026-03-04T05:06:07Z",
      "lastModifiedDateTime": "2026-03-04T05:06:07Z",
      "createdBy": {
        "user": {
          "id": "DORA",
          "displayName": "Dora Example",
          "email": "dora@example.com"
        }
      },
      "lastModifiedBy": {
        "user": {
          "id": "DORA",
          "displayName": "Dora Example",
          "email": "dora@example.com"
        }
      },
      "parentReference": {
        "driveId": "DRIVE",
        "driveType": "documentLibrary",
        "siteId": "127.0.0.1,SITE,SITE"
      },
      "webUrl": "http://HOST/v1.0/drives/DRIVE/root",
      "fileSystemInfo": {
        "createdDateTime": "2026-03-04T05:06:07Z",
        "lastModifiedDateTime": "2026-03-04T05:06:07Z"
      },
      "folder": {
        "childCount": 1
      },
      "root": {}
    }
    "#);
}

#[tokio::test]
async fn only_selected_members_are_shown_and_unknown_ones_ignored() {
    let server = Server::start().await;
    let (ann, plan) = (server.graph(&server.world.ann), server.plan());
    let members = async |options: &str| {
        let item = ann.get(&format!("{plan}?{options}")).await.expect(200).json();
        item.as_object().unwrap().keys().filter(|name| *name != "@odata.context").cloned().collect::<Vec<_>>().join(" ")
    };
    assert_eq!(members("$select=id,name,nonsense").await, "id name");
    assert_eq!(members("select=ID,@microsoft.graph.downloadUrl").await, "@microsoft.graph.downloadUrl id");
    assert_eq!(members("%24select=content.downloadUrl").await, "@microsoft.graph.downloadUrl");
    assert_eq!(members("$select=nonsense").await, "");
    assert_eq!(members("$select=publication").await, "publication");
    assert!(!members("").await.contains("publication"));
}

#[tokio::test]
async fn a_known_state_is_not_sent_again() {
    let server = Server::start().await;
    let (ann, plan) = (server.graph(&server.world.ann), server.plan());
    let tag = ann.get(&plan).await.header("etag");
    for known in [tag.clone(), tag.replace('"', ""), format!("W/{tag}"), format!("\"other\", {tag}"), "*".to_owned()] {
        let answer = server.send(ann.request("GET", &plan).header("if-none-match", known)).await.expect(304);
        assert!(answer.body.is_empty() && !answer.headers.contains_key("content-type"));
        assert_eq!(answer.header("etag"), tag);
    }
    ann.post(&format!("{plan}/checkout")).await.expect(204);
    server.send(ann.request("GET", &plan).header("if-none-match", &tag)).await.expect(200);
}

#[tokio::test]
async fn a_write_may_be_bound_to_a_state() {
    let server = Server::start().await;
    let (ann, bob, plan) = (server.graph(&server.world.ann), server.graph(&server.world.bob), server.plan());
    let item = ann.get(&plan).await.json();
    let (e_tag, c_tag) = (item["eTag"].as_str().unwrap(), item["cTag"].as_str().unwrap());
    let patch = |tag: &str| ann.request("PATCH", &plan).header("if-match", tag).body(r#"{"description": "x"}"#);
    let refused = server.send(patch("\"{0},0\"")).await.expect(412).json();
    assert_eq!(refused["error"]["code"], "resourceModified");
    assert_eq!(refused["error"]["innerError"]["code"], "entityTagDoesNotMatch");
    assert!(ann.get(&plan).await.json().get("description").is_none(), "nothing changed");
    server.send(patch(e_tag)).await.expect(200);
    // the eTag is another one now, the cTag is not
    server.send(patch(e_tag)).await.expect(412);
    server.send(patch(c_tag)).await.expect(200);
    server.send(patch("*")).await.expect(200);
    server.send(patch(&c_tag.replace('"', ""))).await.expect(200);
    let put = |tag: &str| ann.request("PUT", &format!("{plan}/content")).header("if-match", tag).body("second");
    server.send(put(e_tag)).await.expect(412);
    server.send(put(c_tag)).await.expect(200);
    server.send(put(c_tag)).await.expect(412);
    let create_only = ann.request("PUT", &format!("{plan}/content")).header("if-none-match", "*").body("third");
    server.send(create_only).await.expect(412);
    let delete = |tag: &str| ann.request("DELETE", &plan).header("if-match", tag);
    server.send(delete(c_tag)).await.expect(412);
    // the lock comes before the condition
    bob.post(&format!("{plan}/checkout")).await.expect(204);
    server.send(delete(c_tag)).await.expect(423);
    server.send(put(c_tag)).await.expect(423);
    server.send(patch(c_tag)).await.expect(423);
    bob.post(&format!("{plan}/discardCheckout")).await.expect(204);
    server.send(delete(&ann.get(&plan).await.header("etag"))).await.expect(204);
    let gone =
        ann.request("PUT", &format!("{}/root:/none.txt:/content", server.drive())).header("if-match", "*").body("");
    server.send(gone).await.expect(412);
}

#[tokio::test]
async fn of_many_writes_bound_to_one_state_exactly_one_counts() {
    let server = Server::start().await;
    let (ann, plan) = (server.graph(&server.world.ann), server.plan());
    for _ in 0..5 {
        let tag = ann.get(&plan).await.header("etag");
        let writes = (0..6).map(|number| {
            let put = ann.request("PUT", &format!("{plan}/content")).header("if-match", &tag).body(number.to_string());
            server.send(put)
        });
        let mut statuses: Vec<u16> =
            futures_util::future::join_all(writes).await.iter().map(|answer| answer.status.as_u16()).collect();
        statuses.sort_unstable();
        assert_eq!(statuses, [200, 412, 412, 412, 412, 412]);
    }
}

#[tokio::test]
async fn items_are_renamed_described_and_moved_without_a_version() {
    let server = Server::start().await;
    let (ann, plan, drive) = (server.graph(&server.world.ann), server.plan(), server.drive());
    let before = ann.get(&plan).await.json();
    let folder = ann
        .post_json(&format!("{drive}/root/children"), json!({"name": "Plans", "folder": {}}))
        .await
        .expect(201)
        .json();
    let named = ann
        .patch(&plan, json!({"name": "Plan B.txt", "description": "better", "@odata.type": "x"}))
        .await
        .expect(200)
        .json();
    assert_eq!((&named["name"], &named["description"]), (&json!("Plan B.txt"), &json!("better")));
    assert!(named["eTag"] != before["eTag"] && named["cTag"] == before["cTag"]);

    // as rclone says it: empty texts mean nothing
    let there = json!({"parentReference": {"driveId": server.world.library.graph_id, "id": folder["id"], "path": "", "driveType": ""}, "name": ""});
    let moved = ann.patch(&plan, there).await.expect(200).json();
    assert_eq!(moved["parentReference"]["path"], format!("/drives/{}/root:/Plans", server.world.library.graph_id));
    assert_eq!(moved["parentReference"]["name"], "Plans");
    ann.patch(&plan, json!({"parentReference": {"path": "/drive/root:"}})).await.expect(200);
    ann.patch(&plan, json!({"parentReference": {"path": "/drive/root:/plans"}})).await.expect(200);
    let back = ann.patch(&plan, json!({"parentReference": {"id": "root"}})).await.expect(200).json();
    assert_eq!(back["parentReference"]["id"], server.world.library.root_graph_id);
    let nothing = ann.patch(&plan, json!({})).await.expect(200).json();
    assert_eq!(nothing["eTag"], back["eTag"]);
    assert_eq!(ann.get(&format!("{plan}/versions")).await.json()["value"].as_array().unwrap().len(), 1);

    let folder = format!("{drive}/items/{}", folder["id"].as_str().unwrap());
    for (item, body, status) in [
        (&plan, json!({"parentReference": {"driveId": "b!other", "id": "x"}}), 400),
        (&plan, json!({"parentReference": {"path": "/drives/b!other/root:/a"}}), 400),
        (&plan, json!({"parentReference": {"path": "nonsense"}}), 400),
        (&plan, json!({"parentReference": {"id": "01NOWHERE"}}), 404),
        (&plan, json!({"parentReference": {"id": server.world.file.graph_id}}), 400),
        (&plan, json!({"name": "Plans"}), 409),
        (&plan, json!({"name": "a:b"}), 400),
        (&plan, json!({"name": 7}), 400),
        (&plan, json!({"description": "a\0b"}), 400),
        (&folder, json!({"parentReference": {"path": "/drive/root:/Plans"}}), 400),
        (&format!("{drive}/root"), json!({"name": "top"}), 400),
    ] {
        let answer = ann.patch(item, body.clone()).await;
        assert_eq!(answer.status.as_u16(), status, "{body}: {answer}");
    }
    let renamed = ann
        .patch(&format!("{plan}?@microsoft.graph.conflictBehavior=rename"), json!({"name": "Plans"}))
        .await
        .expect(200);
    assert_eq!(renamed.json()["name"], "Plans 1");
    server.graph(&server.world.vic).patch(&plan, json!({"name": "x"})).await.expect(403);
}

#[tokio::test]
async fn the_times_of_a_clients_disk_come_back_as_they_were_set() {
    let server = Server::start().await;
    let (ann, plan) = (server.graph(&server.world.ann), server.plan());
    server.advance(Duration::days(1));
    let before = ann.get(&plan).await.json();
    let times =
        json!({"createdDateTime": "2001-02-03T04:05:06Z", "lastModifiedDateTime": "2011-12-13T14:15:16.789+02:00"});
    let after = ann.patch(&plan, json!({ "fileSystemInfo": times })).await.expect(200).json();
    assert_eq!(
        after["fileSystemInfo"],
        json!({"createdDateTime": "2001-02-03T04:05:06Z", "lastModifiedDateTime": "2011-12-13T12:15:16Z"})
    );
    assert!(after["eTag"] != before["eTag"] && after["cTag"] == before["cTag"]);
    ann.patch(&plan, json!({"fileSystemInfo": {"lastModifiedDateTime": "yesterday"}})).await.expect(400);
}

#[tokio::test]
async fn a_deleted_item_is_gone_and_the_top_folder_stays() {
    let server = Server::start().await;
    let (ann, plan, drive) = (server.graph(&server.world.ann), server.plan(), server.drive());
    ann.put(&format!("{drive}/root:/a/b/c.txt:/content"), "x").await.expect(201);
    ann.delete(&format!("{drive}/root")).await.expect(400);
    ann.delete(&format!("{drive}/root:/A")).await.expect(204);
    ann.get(&format!("{drive}/root:/a/b/c.txt")).await.expect(404);
    server.graph(&server.world.vic).delete(&plan).await.expect(403);
    server.graph(&server.world.eve).delete(&plan).await.expect(404);
    ann.delete(&plan).await.expect(204);
    ann.delete(&plan).await.expect(404);
}
