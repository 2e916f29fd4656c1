//! Listing and making children (spec/graph.md 7, 5 and 6, and 7.4).

use insta::assert_snapshot;
use serde_json::{Value, json};

use crate::support::{
    graph::{Graph, shown},
    server::Server,
};

fn names(list: &Value) -> Vec<&str> {
    list["value"].as_array().unwrap().iter().map(|item| item["name"].as_str().unwrap()).collect()
}

async fn seven_files(client: &Graph<'_>, drive: &str) {
    for (number, name) in ["c", "A", "e", "B", "d", "f", "g"].iter().enumerate() {
        client.put(&format!("{drive}/root:/many/{name}.txt:/content"), &"x".repeat(number)).await.expect(201);
    }
}

#[tokio::test]
async fn a_list_comes_in_pages_that_keep_the_requests_options() {
    let server = Server::start().await;
    let (ann, drive) = (server.graph(&server.world.ann), server.drive());
    seven_files(&ann, &drive).await;
    let mut path = format!("{drive}/root:/many:/children?%24top=3&$select=name%2Csize&$count=true");
    let mut seen = Vec::new();
    for _ in 0..3 {
        let page = ann.get(&path).await.expect(200).json();
        assert_eq!(page["@odata.count"], 7);
        assert!(page["value"].as_array().unwrap().iter().all(|item| item.as_object().unwrap().len() == 2), "{page}");
        seen.extend(names(&page).iter().map(|name| (*name).to_owned()));
        match page["@odata.nextLink"].as_str() {
            Some(next) => {
                assert!(
                    next.starts_with(&server.url("/v1.0/drives/")) && next.contains("%24top=3&$select=name%2Csize"),
                    "{next}"
                );
                path = next.replace(&server.url(""), "");
            }
            None => break,
        }
    }
    assert_eq!(seen, ["A.txt", "B.txt", "c.txt", "d.txt", "e.txt", "f.txt", "g.txt"]);
}

#[tokio::test]
async fn orders_filters_and_sizes_of_pages() {
    let server = Server::start().await;
    let (ann, drive) = (server.graph(&server.world.ann), server.drive());
    seven_files(&ann, &drive).await;
    let list = async |options: &str| {
        let list = ann.get(&format!("{drive}/root:/many:/children?{options}")).await.expect(200).json();
        names(&list).join(" ").replace(".txt", "")
    };
    assert_eq!(list("$orderby=name desc").await, "g f e d c B A");
    assert_eq!(list("orderby=size").await, "c A e B d f g");
    assert_eq!(list("$orderby=size%20desc&top=2").await, "g f");
    assert_eq!(list("$orderby=lastModifiedDateTime").await.len(), 13);
    assert_eq!(list("$filter=name eq 'B.txt'").await, "B");
    assert_eq!(list("$filter=folder ne null").await, "");
    assert_eq!(list("$filter=file%20ne%20null&$top=5000").await.len(), 13);
    assert_eq!(list("$top=0").await, "");
    assert_eq!(list("$expand=thumbnails&unknown=1&AVOverride=1").await.len(), 13);
    for bad in ["$orderby=webUrl", "$filter=size gt 3", "$top=-1", "$top=many", "$skiptoken=nonsense", "$skiptoken=LTE"]
    {
        let refused = ann.get(&format!("{drive}/root:/many:/children?{bad}")).await.expect(400).json();
        assert_eq!(refused["error"]["innerError"]["code"], "invalidQueryOption", "{bad}");
    }
}

#[tokio::test]
async fn a_file_has_no_children_and_a_strangers_folder_is_not_there() {
    let server = Server::start().await;
    let (plan, drive) = (server.plan(), server.drive());
    let list = server.graph(&server.world.ann).get(&format!("{plan}/children")).await.expect(200).json();
    assert_eq!(list["value"], json!([]));
    server.graph(&server.world.eve).get(&format!("{drive}/root/children")).await.expect(404);
}

#[tokio::test]
async fn folders_and_empty_files_are_made() {
    let server = Server::start().await;
    let (ann, drive) = (server.graph(&server.world.ann), server.drive());
    let children = format!("{drive}/root/children");
    let body = json!({
        "name": "Plans", "folder": {}, "@odata.type": "#microsoft.graph.driveItem", "description": "all of them",
        "fileSystemInfo": {"createdDateTime": "2020-01-02T03:04:05.678+01:00"}, "size": "ignored",
    });
    let made = ann.post_json(&children, body.clone()).await.expect(201);
    let id = made.json()["id"].as_str().unwrap().to_owned();
    let location = made.header("location").replace(&server.url(""), "");
    assert_eq!(ann.get(&location).await.expect(200).json()["id"], id.as_str());
    let text = shown(&server, &made).replace(&id, "FOLDER");
    let guid = made.json()["eTag"]
        .as_str()
        .unwrap()
        .split(',')
        .next()
        .unwrap()
        .trim_start_matches("\"{")
        .trim_end_matches('}')
        .to_owned();
    assert_snapshot!(text.replace(&guid, "GUID"), @r#"
    201 Created
    {
      "@odata.context": "http://HOST/v1.0/$metadata#driveItem/$entity",
      "id": "FOLDER",
      "name": "Plans",
      "size": 0,
      "eTag": "\"{GUID},1\"",
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
      "webUrl": "http://HOST/v1.0/drives/DRIVE/root:/Plans",
      "fileSystemInfo": {
        "createdDateTime": "2020-01-02T02:04:05Z",
        "lastModifiedDateTime": "2026-03-04T05:06:07Z"
      },
      "folder": {
        "childCount": 0
      },
      "description": "all of them"
    }
    "#);

    let again = ann.post_json(&children, body.clone()).await.expect(409).json();
    assert_eq!(again["error"]["code"], "nameAlreadyExists");
    let with = |behavior: &str| {
        let mut body = body.clone();
        body["@microsoft.graph.conflictBehavior"] = behavior.into();
        body
    };
    assert_eq!(ann.post_json(&children, with("replace")).await.expect(200).json()["id"], id.as_str());
    assert_eq!(ann.post_json(&children, with("rename")).await.expect(201).json()["name"], "Plans 1");
    let older = ann.post_json(&format!("{children}?@name.conflictBehavior=rename"), body.clone()).await.expect(201);
    assert_eq!(older.json()["name"], "Plans 2");
    ann.post_json(&children, with("explode")).await.expect(400);

    let file = ann.post_json(&children, json!({"name": "empty.txt", "file": {}})).await.expect(201).json();
    assert_eq!(
        (&file["size"], &file["file"]["hashes"]["quickXorHash"]),
        (&json!(0), &json!("AAAAAAAAAAAAAAAAAAAAAAAAAAA="))
    );
    // a folder does not take a file's place, or the reverse
    ann.post_json(&children, json!({"name": "plan.txt", "folder": {}, "@microsoft.graph.conflictBehavior": "replace"}))
        .await
        .expect(409);
    ann.put(&format!("{drive}/root:/Plans:/content"), "x").await.expect(409);
    ann.post_json(&format!("{}/children", server.plan()), json!({"name": "x", "folder": {}})).await.expect(400);
    server.graph(&server.world.vic).post_json(&children, json!({"name": "x", "folder": {}})).await.expect(403);
}

#[tokio::test]
async fn children_come_with_their_folder_when_expanded() {
    let server = Server::start().await;
    let (ann, drive) = (server.graph(&server.world.ann), server.drive());
    seven_files(&ann, &drive).await;
    let root = ann.get(&format!("{drive}/root?$expand=children($select=name)")).await.expect(200).json();
    assert_eq!(root["children"], json!([{"name": "many"}, {"name": "plan.txt"}]));
    let many = ann
        .get(&format!("{drive}/root:/many?expand=children($top=2;$select=name)&select=id,children"))
        .await
        .expect(200)
        .json();
    assert_eq!(many["children"], json!([{"name": "A.txt"}, {"name": "B.txt"}]));
    let next = many["children@odata.nextLink"].as_str().unwrap().replace(&server.url(""), "");
    let next = ann.get(&next).await.expect(200).json();
    assert_eq!(next["value"], json!([{"name": "c.txt"}, {"name": "d.txt"}]));
    assert!(next["@odata.nextLink"].as_str().unwrap().contains("%24top=2"), "{next}");
}
