//! Editing and deleting files and folders, versions one by one, what a reservation blocks, lists of files, renditions
//! (spec/oracle.md 4.4, 5.6, 5.8, 5.9, 6.4, 10).

use std::fmt::Write as _;

use coatcheck::{
    domain::{
        actor::Role,
        id::ItemKey,
        item::Item,
        lock::{CheckOut, Mode},
        person::{Affiliation, License},
    },
    seed::{self, Beside, Seed},
    vault::UserChange,
};
use insta::assert_snapshot;
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{
    answer::Answer,
    oracle::{Client, numbered},
    server::Server,
    world::{self, Somebody},
};

/// More of the world, from a seed.
pub async fn apply(server: &Server, text: &str) {
    let seed = Seed { name: "world.toml".to_owned(), text, beside: Beside::Bundled(&[]) };
    seed::apply(&server.vault, &seed).await.unwrap_or_else(|error| panic!("{error}"));
}

/// The id in an answer.
pub fn id_in(answer: &Answer) -> String {
    answer.json()["id"].as_str().unwrap_or_else(|| panic!("no id: {answer}")).to_owned()
}

/// A new folder; its id.
pub async fn folder(client: &Client<'_>, parent: &str, name: &str) -> String {
    id_in(&client.post(&format!("/folders/{parent}"), json!({ "name": name })).await.expect(201))
}

/// A new file; its id.
pub async fn file(client: &Client<'_>, parent: &str, name: &str, text: &str) -> String {
    id_in(&client.upload(parent, name, text).await.expect(201))
}

/// The names in a folder, as they are listed.
pub async fn names(client: &Client<'_>, folder: &str) -> Vec<String> {
    let listing = client.get(&format!("/folders/{folder}/items")).await.expect(200).json();
    let items = listing.get("items").and_then(Value::as_array).cloned().unwrap_or_default();
    items.iter().map(|item| item["name"].as_str().unwrap().to_owned()).collect()
}

/// A supplier's contributor.
pub async fn supplier(server: &Server) -> Somebody {
    let sue = world::member(&server.vault, &server.world.library, "sue", License::Full, Some(Role::Contributor)).await;
    let change = UserChange { affiliation: Some(Affiliation::BasicSupplier), ..UserChange::default() };
    server.vault.update_user(sue.person.id, change).await.unwrap();
    sue
}

/// A file with all the vault knows of it, by its id.
pub async fn known(server: &Server, who: &Somebody, id: &str) -> Item {
    let actor = world::actor(&server.vault, who).await;
    server.vault.item(&actor, &ItemKey::Oracle(id.to_owned())).await.unwrap()
}

/// Status and error code.
pub fn said(answer: &Answer) -> String {
    format!("{} {}", answer.status.as_u16(), answer.json()["errorCode"].as_str().unwrap())
}

#[tokio::test]
async fn a_file_takes_another_name() {
    let server = Server::start().await;
    let world = &server.world;
    let (ann, bob) = (server.oracle(&world.ann), server.oracle(&world.bob));
    let path = format!("/files/{}", world.file.oracle_id);
    server.advance(chrono::Duration::minutes(1));
    assert_snapshot!(numbered(&bob.put(&path, json!({"name": "filev4.md"})).await), @r#"
    200
    {"createdBy":{"displayName":"Ann Example","id":"U1","loginName":"ann","type":"user"},"createdTime":"2026-03-04T05:06:07Z","errorCode":"0","id":"D1","mimeType":"text/plain","modifiedBy":{"displayName":"Bob Example","id":"U2","loginName":"bob","type":"user"},"modifiedTime":"2026-03-04T05:07:07Z","name":"filev4.md","ownedBy":{"displayName":"Ann Example","id":"U1","loginName":"ann","type":"user"},"parentID":"F1","size":"5","type":"file","version":"1"}
    "#);
    // the title was the name, and follows it
    assert_eq!(world::now(&server.vault, world, &world.file).await.title, "filev4.md");
    assert_snapshot!(numbered(&ann.xml().put(&path, json!({"name": "a & b.txt"})).await), @r#"
    200
    <?xml version="1.0" encoding="UTF-8"?><response><createdBy><displayName>Ann Example</displayName><id>U1</id><loginName>ann</loginName><type>user</type></createdBy><createdTime>2026-03-04T05:06:07Z</createdTime><errorCode>0</errorCode><id>D1</id><mimeType>text/plain</mimeType><modifiedBy><displayName>Ann Example</displayName><id>U1</id><loginName>ann</loginName><type>user</type></modifiedBy><modifiedTime>2026-03-04T05:07:07Z</modifiedTime><name>a &amp; b.txt</name><ownedBy><displayName>Ann Example</displayName><id>U1</id><loginName>ann</loginName><type>user</type></ownedBy><parentID>F1</parentID><size>5</size><type>file</type><version>1</version></response>
    "#);

    // without a name nothing changes, not even who changed it last
    server.advance(chrono::Duration::minutes(1));
    let before = ann.get(&path).await.text();
    for nothing in [json!({}), json!({"other": "x"}), json!({"name": null})] {
        assert_eq!(bob.put(&path, nothing).await.expect(200).text(), before);
    }
    let empty = server.send(bob.request(Method::PUT, &path)).await.expect(200);
    assert_eq!(empty.text(), before);
    // case alone is another name
    assert_eq!(ann.put(&path, json!({"name": "A & B.txt"})).await.expect(200).json()["name"], "A & B.txt");
}

#[tokio::test]
async fn a_name_that_is_taken_or_none_is_refused() {
    let server = Server::start().await;
    let world = &server.world;
    let (ann, root) = (server.oracle(&world.ann), &world.library.root_oracle_id);
    let drawings = folder(&ann, root, "drawings").await;
    file(&ann, root, "other.txt", "x").await;
    let path = format!("/files/{}", world.file.oracle_id);
    assert_snapshot!(numbered(&ann.put(&path, json!({"name": "OTHER.txt"})).await), @r#"
    409
    {"errorCode":"-17","errorKey":"!csFldUnableToEditDocumentLink!csFldNameTaken,OTHER.txt","errorMessage":"Unable to edit foldering information. There is already an item with the name 'OTHER.txt'.","id":"D1","title":"Unable to edit foldering information. There is already an item with the name 'OTHER.txt'.","type":"https://www.w3.org/Protocols/rfc2616/rfc2616-sec10.html"}
    "#);
    assert_eq!(said(&ann.put(&path, json!({"name": "drawings"})).await), "409 -17");
    assert_eq!(said(&ann.put(&format!("/folders/{drawings}"), json!({"name": "other.TXT"})).await), "409 -17");
    for bad in ["", " ", ".", "..", "a/b", "a\\b", "a\nb", "a\0b", &"x".repeat(256)] {
        assert_eq!(said(&ann.put(&path, json!({ "name": bad })).await), "400 -1", "{bad:?}");
        assert_eq!(said(&ann.put(&format!("/folders/{drawings}"), json!({ "name": bad })).await), "400 -1", "{bad:?}");
    }
    for bad in ["{", "[]", r#"{"name": 1}"#, r#"{"name": {}}"#] {
        let request = ann.request(Method::PUT, &path).body(bad);
        assert_eq!(said(&server.send(request).await), "400 -1", "{bad}");
        let request = ann.request(Method::PUT, &format!("/folders/{drawings}")).body(bad);
        assert_eq!(said(&server.send(request).await), "400 -1", "{bad}");
    }
    assert_eq!(names(&ann, root).await, ["drawings", "other.txt", "plan.txt"]);
}

#[tokio::test]
async fn a_refused_edit_says_the_name_but_of_a_file_one_cannot_see_only_what_one_said_oneself() {
    let server = Server::start().await;
    let world = &server.world;
    let (vic, eve) = (server.oracle(&world.vic), server.oracle(&world.eve));
    let path = format!("/files/{}", world.file.oracle_id);
    let wanted = json!({"name": "filev4.txt"});
    assert_snapshot!(numbered(&vic.put(&path, wanted.clone()).await), @r#"
    403
    {"errorCode":"-20","errorKey":"!csFldUnableToEditDocumentLink!csCloudItemInsufficientPrivileges,Vic Example,fFileGUID:D1,FLD_EDIT_FILE","errorMessage":"Unable to edit foldering information. User 'Vic Example' has insufficient privilege to access fFileGUID:D1 with service FLD_EDIT_FILE.","errorType":"file","id":"D1","name":"filev4.txt","title":"Unable to edit foldering information. User 'Vic Example' has insufficient privilege to access fFileGUID:D1 with service FLD_EDIT_FILE.","type":"https://www.w3.org/Protocols/rfc2616/rfc2616-sec10.html"}
    "#);
    assert_snapshot!(numbered(&vic.put(&path, json!({})).await), @r#"
    403
    {"errorCode":"-20","errorKey":"!csFldUnableToEditDocumentLink!csCloudItemInsufficientPrivileges,Vic Example,fFileGUID:D1,FLD_EDIT_FILE","errorMessage":"Unable to edit foldering information. User 'Vic Example' has insufficient privilege to access fFileGUID:D1 with service FLD_EDIT_FILE.","errorType":"file","id":"D1","name":"plan.txt","title":"Unable to edit foldering information. User 'Vic Example' has insufficient privilege to access fFileGUID:D1 with service FLD_EDIT_FILE.","type":"https://www.w3.org/Protocols/rfc2616/rfc2616-sec10.html"}
    "#);
    assert_snapshot!(numbered(&eve.put(&path, wanted.clone()).await), @r#"
    403
    {"errorCode":"-20","errorKey":"!csFldUnableToEditDocumentLink!csCloudItemInsufficientPrivileges,Eve Example,fFileGUID:D1,FLD_EDIT_FILE","errorMessage":"Unable to edit foldering information. User 'Eve Example' has insufficient privilege to access fFileGUID:D1 with service FLD_EDIT_FILE.","errorType":"file","id":"D1","name":"filev4.txt","title":"Unable to edit foldering information. User 'Eve Example' has insufficient privilege to access fFileGUID:D1 with service FLD_EDIT_FILE.","type":"https://www.w3.org/Protocols/rfc2616/rfc2616-sec10.html"}
    "#);
    assert_snapshot!(numbered(&eve.xml().put(&path, json!({})).await), @r#"
    403
    <?xml version="1.0" encoding="UTF-8"?><error><errorCode>-20</errorCode><errorKey>!csFldUnableToEditDocumentLink!csCloudItemInsufficientPrivileges,Eve Example,fFileGUID:D1,FLD_EDIT_FILE</errorKey><errorMessage>Unable to edit foldering information. User 'Eve Example' has insufficient privilege to access fFileGUID:D1 with service FLD_EDIT_FILE.</errorMessage><errorType>file</errorType><id>D1</id><title>Unable to edit foldering information. User 'Eve Example' has insufficient privilege to access fFileGUID:D1 with service FLD_EDIT_FILE.</title><type>https://www.w3.org/Protocols/rfc2616/rfc2616-sec10.html</type></error>
    "#);
    // a body that cannot be read is refused after the caller
    let unreadable = server.send(eve.request(Method::PUT, &path).body("{")).await.expect(403).json();
    assert_eq!((unreadable.get("name"), &unreadable["errorType"]), (None, &json!("file")));
    let unreadable = server.send(vic.request(Method::PUT, &path).body("{")).await.expect(403).json();
    assert_eq!(unreadable["name"], "plan.txt");
    // the license refuses like the role
    assert_eq!(server.oracle(&world.carl).put(&path, wanted.clone()).await.expect(403).json()["name"], "filev4.txt");
    server.oracle_nobody().put(&path, wanted.clone()).await.expect(401);
    // only here, and only such a refusal says more
    let held = server.oracle(&world.ann);
    held.reserve(&world.file).await.expect(200);
    let refused = server.oracle(&world.bob).put(&path, wanted).await.expect(409).json();
    assert!(refused.get("name").is_none() && refused.get("errorType").is_none(), "{refused}");
    let refused = vic.delete(&path).await.expect(403).json();
    assert!(refused.get("name").is_none() && refused.get("errorType").is_none(), "{refused}");
    let unknown = "/files/D5B8B54BA8C121BEDB91A1341212FF6185DEA5EFC0BD";
    assert_eq!(said(&eve.put(unknown, json!({"name": "x"})).await), "404 -16");
}

#[tokio::test]
async fn a_folder_takes_another_name_and_description() {
    let server = Server::start().await;
    let world = &server.world;
    let (ann, bob, root) = (server.oracle(&world.ann), server.oracle(&world.bob), &world.library.root_oracle_id);
    let drawings = folder(&ann, root, "drawings").await;
    file(&ann, &drawings, "a.txt", "12345").await;
    let path = format!("/folders/{drawings}");
    server.advance(chrono::Duration::minutes(1));
    let both = json!({"name": "Plans", "description": "of the house"});
    assert_snapshot!(numbered(&bob.put(&path, both).await), @r#"
    200
    {"childItemsCount":"1","createdBy":{"displayName":"Ann Example","id":"U1","loginName":"ann","type":"user"},"createdTime":"2026-03-04T05:06:07Z","description":"of the house","errorCode":"0","id":"F1","modifiedBy":{"displayName":"Bob Example","id":"U2","loginName":"bob","type":"user"},"modifiedTime":"2026-03-04T05:07:07Z","name":"Plans","ownedBy":{"displayName":"Ann Example","id":"U1","loginName":"ann","type":"user"},"parentID":"F2","size":"5","type":"folder"}
    "#);
    assert_snapshot!(numbered(&bob.xml().put(&path, json!({"description": "x < y"})).await), @r#"
    200
    <?xml version="1.0" encoding="UTF-8"?><response><childItemsCount>1</childItemsCount><createdBy><displayName>Ann Example</displayName><id>U1</id><loginName>ann</loginName><type>user</type></createdBy><createdTime>2026-03-04T05:06:07Z</createdTime><description>x &lt; y</description><errorCode>0</errorCode><id>F1</id><modifiedBy><displayName>Bob Example</displayName><id>U2</id><loginName>bob</loginName><type>user</type></modifiedBy><modifiedTime>2026-03-04T05:07:07Z</modifiedTime><name>Plans</name><ownedBy><displayName>Ann Example</displayName><id>U1</id><loginName>ann</loginName><type>user</type></ownedBy><parentID>F2</parentID><size>5</size><type>folder</type></response>
    "#);
    server.advance(chrono::Duration::minutes(1));
    let before = ann.get(&path).await.text();
    assert_eq!(ann.put(&path, json!({})).await.expect(200).text(), before);
    assert!(ann.put(&path, json!({"description": ""})).await.expect(200).json().get("description").is_none());

    // a reservation below does not matter to the folder's name
    let held = known(&server, &world.ann, &file(&ann, &drawings, "held.txt", "x").await).await;
    ann.reserve(&held).await.expect(200);
    bob.put(&path, json!({"name": "Plans 2"})).await.expect(200);
    for (who, status) in [(&world.vic, 403), (&world.carl, 403), (&world.eve, 403), (&world.max, 200)] {
        server.oracle(who).put(&path, json!({"name": "Plans 3"})).await.expect(status);
    }
    assert_snapshot!(numbered(&server.oracle(&world.eve).put(&path, json!({"name": "x"})).await), @r#"
    403
    {"errorCode":"-20","errorKey":"!csFldUnableToEditFolder!csCloudItemInsufficientPrivileges,Eve Example,fFolderGUID:F1,FLD_EDIT_FOLDER","errorMessage":"Unable to edit folder. User 'Eve Example' has insufficient privilege to access fFolderGUID:F1 with service FLD_EDIT_FOLDER.","id":"F1","title":"Unable to edit folder. User 'Eve Example' has insufficient privilege to access fFolderGUID:F1 with service FLD_EDIT_FOLDER.","type":"https://www.w3.org/Protocols/rfc2616/rfc2616-sec10.html"}
    "#);
    server.oracle_nobody().put(&path, json!({})).await.expect(401);
    assert_eq!(said(&ann.put("/folders/FB4CD874EF94CD2CC1B60B72T0000000000100000001", json!({})).await), "404 -16");
}

#[tokio::test]
async fn a_deleted_file_is_gone_and_its_name_is_free() {
    let server = Server::start().await;
    let world = &server.world;
    let (ann, bob) = (server.oracle(&world.ann), server.oracle(&world.bob));
    let (root, path) = (&world.library.root_oracle_id, format!("/files/{}", world.file.oracle_id));
    for (who, status) in [(&world.vic, 403), (&world.carl, 403), (&world.eve, 403)] {
        assert_eq!(server.oracle(who).delete(&path).await.expect(status).json()["errorCode"], "-20");
    }
    server.oracle_nobody().delete(&path).await.expect(401);
    assert_snapshot!(numbered(&server.oracle(&world.vic).delete(&path).await), @r#"
    403
    {"errorCode":"-20","errorKey":"!csFldUnableToDelete!csCloudItemInsufficientPrivileges,Vic Example,fFileGUID:D1,FLD_MOVE_TO_TRASH","errorMessage":"Unable to delete. User 'Vic Example' has insufficient privilege to access fFileGUID:D1 with service FLD_MOVE_TO_TRASH.","id":"D1","title":"Unable to delete. User 'Vic Example' has insufficient privilege to access fFileGUID:D1 with service FLD_MOVE_TO_TRASH.","type":"https://www.w3.org/Protocols/rfc2616/rfc2616-sec10.html"}
    "#);
    assert_snapshot!(numbered(&bob.delete(&path).await), @r#"
    200
    {"errorCode":"0","id":"D1","idList":"D1","type":"file"}
    "#);
    for answer in [
        ann.get(&path).await,
        ann.delete(&path).await,
        ann.get(&format!("{path}/data")).await,
        ann.put(&path, json!({"name": "x"})).await,
        ann.post(&format!("{path}/copy"), json!({"destinationID": "self"})).await,
        ann.post(&format!("{path}/move"), json!({"destinationID": "self"})).await,
        ann.reserve(&world.file).await,
        server.oracle(&world.eve).get(&path).await,
    ] {
        assert_eq!(said(&answer), "404 -16");
    }
    let graph = format!("{}/items/{}", server.drive(), world.file.graph_id);
    assert_eq!(server.graph(&world.ann).get(&graph).await.status.as_u16(), 404);
    let again = file(&ann, root, "plan.txt", "new").await;
    assert_snapshot!(numbered(&ann.xml().delete(&format!("/files/{again}")).await), @r#"
    200
    <?xml version="1.0" encoding="UTF-8"?><response><errorCode>0</errorCode><id>D1</id><idList>D1</idList><type>file</type></response>
    "#);
}

#[tokio::test]
async fn a_folder_goes_with_everything_in_it() {
    let server = Server::start().await;
    let world = &server.world;
    let (ann, bob, root) = (server.oracle(&world.ann), server.oracle(&world.bob), &world.library.root_oracle_id);
    let outer = folder(&ann, root, "outer").await;
    let inner = folder(&ann, &outer, "inner").await;
    let deep = file(&ann, &inner, "deep.txt", "x").await;
    let path = format!("/folders/{outer}");
    for who in [&world.vic, &world.carl, &world.eve] {
        assert_eq!(said(&server.oracle(who).delete(&path).await), "403 -20");
    }
    server.oracle_nobody().delete(&path).await.expect(401);
    assert_snapshot!(numbered(&bob.delete(&path).await), @r#"
    200
    {"errorCode":"0","idList":"F1","type":"folder"}
    "#);
    for gone in [&path, &format!("/folders/{inner}"), &format!("/files/{deep}")] {
        assert_eq!(said(&ann.get(gone).await), "404 -16");
    }
    assert_eq!(said(&bob.delete(&path).await), "404 -16");
    let again = folder(&ann, root, "outer").await;
    assert_snapshot!(numbered(&ann.xml().delete(&format!("/folders/{again}")).await), @r#"
    200
    <?xml version="1.0" encoding="UTF-8"?><response><errorCode>0</errorCode><idList>F1</idList><type>folder</type></response>
    "#);
}

#[tokio::test]
async fn the_home_and_the_root_of_a_library_stay_as_they_are() {
    let server = Server::start().await;
    let world = &server.world;
    let ann = server.oracle(&world.ann);
    let elsewhere = folder(&ann, "self", "elsewhere").await;
    let to = json!({ "destinationID": elsewhere });
    let own = world::personal(&server.vault, &world.ann).await.root_oracle_id;
    for (root, client) in [("self", &ann), (&own, &ann), (&world.library.root_oracle_id, &server.oracle(&world.max))] {
        let path = format!("/folders/{root}");
        for answer in [
            client.put(&path, json!({"name": "x"})).await,
            client.delete(&path).await,
            client.post(&format!("{path}/copy"), to.clone()).await,
            client.post(&format!("{path}/move"), to.clone()).await,
        ] {
            assert_eq!(said(&answer), "403 -20", "{root}");
        }
    }
    assert_snapshot!(numbered(&ann.delete("/folders/self").await), @r#"
    403
    {"errorCode":"-20","errorKey":"!csFldUnableToDelete!csCloudItemInsufficientPrivileges,Ann Example,fFolderGUID:self,FLD_MOVE_TO_TRASH","errorMessage":"Unable to delete. User 'Ann Example' has insufficient privilege to access fFolderGUID:self with service FLD_MOVE_TO_TRASH.","id":"self","title":"Unable to delete. User 'Ann Example' has insufficient privilege to access fFolderGUID:self with service FLD_MOVE_TO_TRASH.","type":"https://www.w3.org/Protocols/rfc2616/rfc2616-sec10.html"}
    "#);
    assert_snapshot!(numbered(&ann.post(&format!("/folders/{own}/move"), to.clone()).await), @r#"
    403
    {"errorCode":"-20","errorKey":"!csFldUnableToMove!csCloudItemInsufficientPrivileges,Ann Example,fFolderGUID:F1,FLD_MOVE","errorMessage":"Unable to move. User 'Ann Example' has insufficient privilege to access fFolderGUID:F1 with service FLD_MOVE.","id":"F1","title":"Unable to move. User 'Ann Example' has insufficient privilege to access fFolderGUID:F1 with service FLD_MOVE.","type":"https://www.w3.org/Protocols/rfc2616/rfc2616-sec10.html"}
    "#);
    for (method, path) in [
        (Method::PUT, "/folders/self"),
        (Method::DELETE, "/folders/self"),
        (Method::POST, "/folders/self/copy"),
        (Method::POST, "/folders/self/move"),
    ] {
        // whom a link brings has no home
        let nobody = server.oracle_nobody().link("LF8D36FAFAB4388BECEAC4AEB5D17B95F47087F4E518");
        nobody.send(method, path, to.clone()).await.expect(401);
    }
    ann.get("/folders/self").await.expect(200);
}

/// The versions of a file, oldest first, as `number text`.
async fn versions(client: &Client<'_>, id: &str) -> Vec<String> {
    let list = client.get(&format!("/files/{id}/versions")).await.expect(200).json();
    let mut versions = Vec::new();
    for version in list["items"].as_array().unwrap() {
        let number = version["version"].as_str().unwrap();
        let text = client.get(&format!("/files/{id}/data?version={number}")).await.expect(200).text();
        versions.push(format!("{number} {text}"));
    }
    versions
}

#[tokio::test]
async fn any_version_but_the_only_one_goes_by_its_number_and_no_number_comes_again() {
    let server = Server::start().await;
    let world = &server.world;
    let (ann, bob) = (server.oracle(&world.ann), server.oracle(&world.bob));
    let id = &world.file.oracle_id;
    let path = format!("/files/{id}");
    for text in ["second", "third", "fourth"] {
        ann.upload_version(id, None, text).await.expect(201);
    }
    server.advance(chrono::Duration::minutes(1));
    let before = ann.get(&path).await.text();
    // an old one: the file itself does not change
    assert_snapshot!(numbered(&bob.delete(&format!("{path}?version=2")).await), @r#"
    200
    {"errorCode":"0","id":"D1","idList":"D1","type":"file"}
    "#);
    assert_eq!(versions(&ann, id).await, ["1 first", "3 third", "4 fourth"]);
    assert_eq!(ann.get(&path).await.text(), before);
    // the newest: the one before it is the newest now
    bob.delete(&format!("{path}?version=4")).await.expect(200);
    let now = ann.get(&path).await.expect(200).json();
    assert_eq!(
        (&now["version"], &now["size"], &now["modifiedBy"]["loginName"]),
        (&json!("3"), &json!("5"), &json!("bob"))
    );
    assert_eq!(ann.get(&format!("{path}/data")).await.text(), "third");
    // counted on from the highest there ever was
    assert_eq!(ann.upload_version(id, None, "fifth").await.expect(201).json()["version"], "5");
    assert_eq!(versions(&ann, id).await, ["1 first", "3 third", "5 fifth"]);
    for gone in ["0", "2", "4", "6", "99999999999999999999"] {
        assert_eq!(said(&ann.delete(&format!("{path}?version={gone}")).await), "404 -16", "{gone}");
    }
    for bad in ["", "x", "-1", "1.0", "%00"] {
        assert_eq!(said(&ann.delete(&format!("{path}?version={bad}")).await), "400 -1", "{bad}");
    }
    for who in [&world.vic, &world.carl, &world.eve] {
        assert_eq!(said(&server.oracle(who).delete(&format!("{path}?version=1")).await), "403 -20");
        assert_eq!(said(&server.oracle(who).delete(&format!("{path}?version=9")).await), "403 -20");
    }
    ann.delete(&format!("{path}?version=5")).await.expect(200);
    ann.delete(&format!("{path}?version=1")).await.expect(200);
    assert_snapshot!(numbered(&ann.delete(&format!("{path}?version=3")).await), @r#"
    409
    {"errorCode":"-1","errorKey":"!csFldUnableToDelete!csFldImpossible","errorMessage":"Unable to delete. This cannot be done: it is the only version.","id":"D1","title":"Unable to delete. This cannot be done: it is the only version.","type":"https://www.w3.org/Protocols/rfc2616/rfc2616-sec10.html"}
    "#);
    assert_eq!(versions(&ann, id).await, ["3 third"]);
}

#[tokio::test]
async fn of_a_reserved_file_only_the_holder_deletes_versions_and_keeps_the_reservation() {
    let server = Server::start().await;
    let world = &server.world;
    let (ann, bob) = (server.oracle(&world.ann), server.oracle(&world.bob));
    let path = format!("/files/{}?version=1", world.file.oracle_id);
    ann.upload_version(&world.file.oracle_id, None, "second").await.expect(201);
    ann.reserve(&world.file).await.expect(200);
    assert_snapshot!(numbered(&bob.delete(&path).await), @r#"
    409
    {"errorCode":"-1","errorKey":"!csFldUnableToDelete!csFldReservedByOther,Ann Example","errorMessage":"Unable to delete. The file is reserved by 'Ann Example'.","id":"D1","title":"Unable to delete. The file is reserved by 'Ann Example'.","type":"https://www.w3.org/Protocols/rfc2616/rfc2616-sec10.html"}
    "#);
    ann.delete(&path).await.expect(200);
    assert!(world::now(&server.vault, world, &world.file).await.is_held_by(Some(world.ann.person.id)));
}

#[tokio::test]
async fn a_version_that_belongs_to_a_part_stays() {
    let server = Server::start().await;
    let world = &server.world;
    let ann = server.oracle(&world.ann);
    let id = &world.file.oracle_id;
    apply(
        &server,
        r#"parts = [{ library = "Engineering", number = "P-1", name = "Part",
            revisions = [{ label = "A", released = true, files = ["Engineering/plan.txt"] }] }]"#,
    )
    .await;
    ann.upload_version(id, None, "second").await.expect(201);
    ann.upload_version(id, None, "third").await.expect(201);
    assert_snapshot!(numbered(&ann.delete(&format!("/files/{id}?version=1")).await), @r#"
    409
    {"errorCode":"-1","errorKey":"!csFldUnableToDelete!csFldImpossible","errorMessage":"Unable to delete. Something else refers to the item. Remove the association first.","id":"D1","title":"Unable to delete. Something else refers to the item. Remove the association first.","type":"https://www.w3.org/Protocols/rfc2616/rfc2616-sec10.html"}
    "#);
    // what is not pinned may go
    ann.delete(&format!("/files/{id}?version=3")).await.expect(200);
    ann.delete(&format!("/files/{id}?version=2")).await.expect(200);
    assert_eq!(said(&ann.delete(&format!("/files/{id}")).await), "409 -1");
    assert_eq!(versions(&ann, id).await, ["1 first"]);
}

#[tokio::test]
async fn versions_deleted_at_once_leave_one() {
    let server = Server::start().await;
    let world = &server.world;
    let (ann, bob) = (server.oracle(&world.ann), server.oracle(&world.bob));
    let id = &world.file.oracle_id;
    for round in 0..6 {
        ann.upload_version(id, None, "more").await.expect(201);
        let versions = ann.get(&format!("/files/{id}/versions")).await.json();
        let [one, two] = [0, 1].map(|at| versions["items"][at]["version"].as_str().unwrap().to_owned());
        let (one, two) = (format!("/files/{id}?version={one}"), format!("/files/{id}?version={two}"));
        let (first, second) = tokio::join!(ann.delete(&one), bob.delete(&two));
        let mut said = [said(&first), said(&second)];
        said.sort();
        assert_eq!(said, ["200 0", "409 -1"], "round {round}");
    }
}

/// What somebody else's lock on the file forbids, each act on a file of its own in a folder of its own.
async fn blocked(server: &Server, mode: Mode) -> String {
    let world = &server.world;
    let (ann, bob, root) = (server.oracle(&world.ann), server.oracle(&world.bob), &world.library.root_oracle_id);
    let target = folder(&ann, root, "target").await;
    let mut page = String::new();
    let acts = [
        "upload version",
        "upload same name",
        "upload beside",
        "rename",
        "move",
        "copy",
        "delete",
        "delete version",
        "rename folder",
        "move folder",
        "copy folder",
        "delete folder",
        "information",
        "download",
        "versions",
        "list",
    ];
    for act in acts {
        let mut row = format!("{act:16}");
        for client in [&bob, &ann] {
            let name = format!("{act} {}", client.get("/users/items?info=ann").await.header("x-oracle-dms-ecid"));
            let above = folder(&ann, root, &name).await;
            let id = file(&ann, &above, &format!("{name}.txt"), "x").await;
            ann.upload_version(&id, None, "y").await.expect(201);
            let actor = world::actor(&server.vault, &world.ann).await;
            let look = server.vault.look(&actor, &ItemKey::Oracle(id.clone())).await.unwrap();
            server.vault.check_out(&actor, &look, CheckOut { mode, ..CheckOut::default() }).await.unwrap();
            let (path, above_path) = (format!("/files/{id}"), format!("/folders/{above}"));
            let to = json!({ "destinationID": target });
            let beside = json!({"parentID": above, "duplicateResolution": "TimeStampSuffix"});
            let answer = match act {
                "upload version" => client.upload_version(&id, None, "z").await,
                "upload same name" => client.upload(&above, &format!("{name}.txt"), "z").await,
                "upload beside" => client.upload_with(beside, &format!("{name}.txt"), "z").await,
                "rename" => client.put(&path, json!({"name": "renamed.txt"})).await,
                "move" => client.post(&format!("{path}/move"), to).await,
                "copy" => client.post(&format!("{path}/copy"), to).await,
                "delete" => client.delete(&path).await,
                "delete version" => client.delete(&format!("{path}?version=1")).await,
                "rename folder" => client.put(&above_path, json!({"name": format!("{name} renamed")})).await,
                "move folder" => client.post(&format!("{above_path}/move"), to).await,
                "copy folder" => client.post(&format!("{above_path}/copy"), json!({"destinationID": "self"})).await,
                "delete folder" => client.delete(&above_path).await,
                "information" => client.get(&path).await,
                "download" => client.get(&format!("{path}/data")).await,
                "versions" => client.get(&format!("{path}/versions")).await,
                _ => client.get(&format!("{above_path}/items")).await,
            };
            let named = answer.text().contains("The file is reserved by 'Ann Example'.");
            let _ = write!(row, "{:>8}", format!("{}{}", answer.status.as_u16(), if named { "*" } else { "" }));
        }
        let _ = writeln!(page, "{}", row.trim_end());
    }
    page
}

#[tokio::test]
async fn a_reservation_blocks_what_changes_the_file_for_everybody_but_its_holder() {
    let server = Server::start().await;
    // by another, by the holder; a star: the holder is named
    assert_snapshot!(blocked(&server, Mode::Reservation).await, @"
    upload version      409*     201
    upload same name    409*     201
    upload beside        201     201
    rename              409*     200
    move                409*     200
    copy                 200     200
    delete              409*     200
    delete version      409*     200
    rename folder        200     200
    move folder         409*     200
    copy folder          200     200
    delete folder       409*     200
    information          200     200
    download             200     200
    versions             200     200
    list                 200     200
    ");
}

#[tokio::test]
async fn a_check_out_of_another_dialect_blocks_the_same() {
    let server = Server::start().await;
    let other = Server::start().await;
    let (reserved, checked_out) = (blocked(&server, Mode::Reservation).await, blocked(&other, Mode::CheckOut).await);
    assert_eq!(reserved, checked_out);
}

#[tokio::test]
async fn with_a_deleted_file_or_folder_the_holders_reservation_ends() {
    let server = Server::start().await;
    let world = &server.world;
    let (ann, bob, root) = (server.oracle(&world.ann), server.oracle(&world.bob), &world.library.root_oracle_id);
    let above = folder(&ann, root, "above").await;
    let below = folder(&ann, &above, "below").await;
    let id = file(&ann, &below, "held.txt", "x").await;
    let held = known(&server, &world.ann, &id).await;
    ann.reserve(&held).await.expect(200);
    ann.reserve(&world.file).await.expect(200);
    assert_eq!(said(&bob.delete(&format!("/folders/{above}")).await), "409 -1");
    assert_eq!(ann.get(&format!("/files/{id}")).await.expect(200).json()["reservedBy"]["loginName"], "ann");
    ann.delete(&format!("/folders/{above}")).await.expect(200);
    ann.delete(&format!("/files/{}", world.file.oracle_id)).await.expect(200);
    assert!(server.vault.held_locks(None).await.unwrap().is_empty());
}

#[tokio::test]
async fn a_link_lets_edit_and_delete_as_far_as_its_role_goes() {
    let server = Server::start().await;
    let world = &server.world;
    let (max, eve) = (server.oracle(&world.max), server.oracle(&world.eve));
    let path = format!("/files/{}", world.file.oracle_id);
    let mut links = Vec::new();
    for role in ["downloader", "contributor"] {
        let spec = json!({"assignedUsers": "@everybody", "role": role, "linkName": role});
        let made = max.post(&format!("/publiclinks/file/{}", world.file.oracle_id), spec).await.expect(200).json();
        links.push(made["linkID"].as_str().unwrap().to_owned());
    }
    let (weak, strong) = (eve.link(&links[0]), eve.link(&links[1]));
    assert_eq!(said(&weak.put(&path, json!({"name": "x"})).await), "403 -20");
    assert_eq!(said(&weak.delete(&path).await), "403 -20");
    strong.put(&path, json!({"name": "by link.txt"})).await.expect(200);
    // nobody in particular changes what nobody in particular may
    let nobody = server.oracle_nobody().link(&links[1]);
    let renamed = nobody.put(&path, json!({"name": "by nobody.txt"})).await.expect(200).json();
    assert_eq!(renamed["modifiedBy"]["loginName"], "eve");
    nobody.delete(&path).await.expect(200);
}

#[tokio::test]
async fn several_files_are_told_at_once_and_the_others_are_left_out() {
    let server = Server::start().await;
    let world = &server.world;
    let (ann, root) = (server.oracle(&world.ann), &world.library.root_oracle_id);
    let own = file(&ann, "self", "own.txt", "own").await;
    let (plan, unknown) = (&world.file.oracle_id, "D5B8B54BA8C121BEDB91A1341212FF6185DEA5EFC0BD");
    let ids = format!("{own},{unknown},{plan},x,{root},{own}");
    assert_snapshot!(numbered(&ann.get(&format!("/files/lists?ids={ids}")).await), @r#"
    200
    {"count":"2","errorCode":"0","items":[{"type":"file","id":"D1","parentID":"self","name":"own.txt","ownedBy":{"displayName":"Ann Example","id":"U1","loginName":"ann","type":"user"},"createdBy":{"displayName":"Ann Example","id":"U1","loginName":"ann","type":"user"},"modifiedBy":{"displayName":"Ann Example","id":"U1","loginName":"ann","type":"user"},"createdTime":"2026-03-04T05:06:07Z","modifiedTime":"2026-03-04T05:06:07Z","size":"3","version":"1","mimeType":"text/plain"},{"type":"file","id":"D2","parentID":"F1","name":"plan.txt","ownedBy":{"displayName":"Ann Example","id":"U1","loginName":"ann","type":"user"},"createdBy":{"displayName":"Ann Example","id":"U1","loginName":"ann","type":"user"},"modifiedBy":{"displayName":"Ann Example","id":"U1","loginName":"ann","type":"user"},"createdTime":"2026-03-04T05:06:07Z","modifiedTime":"2026-03-04T05:06:07Z","size":"5","version":"1","mimeType":"text/plain"}]}
    "#);
    let bob = server.oracle(&world.bob);
    assert_snapshot!(numbered(&bob.xml().get(&format!("/files/lists?ids={ids}")).await), @r#"
    200
    <?xml version="1.0" encoding="UTF-8"?><response><count>1</count><errorCode>0</errorCode><items><item><type>file</type><id>D1</id><parentID>F1</parentID><name>plan.txt</name><ownedBy><displayName>Ann Example</displayName><id>U1</id><loginName>ann</loginName><type>user</type></ownedBy><createdBy><displayName>Ann Example</displayName><id>U1</id><loginName>ann</loginName><type>user</type></createdBy><modifiedBy><displayName>Ann Example</displayName><id>U1</id><loginName>ann</loginName><type>user</type></modifiedBy><createdTime>2026-03-04T05:06:07Z</createdTime><modifiedTime>2026-03-04T05:06:07Z</modifiedTime><size>5</size><version>1</version><mimeType>text/plain</mimeType></item></items></response>
    "#);
    assert_snapshot!(numbered(&server.oracle(&world.eve).get(&format!("/files/lists/?ids={ids}")).await), @r#"
    200
    {"count":"0","errorCode":"0"}
    "#);
    // what a link opens is there as well
    let spec = json!({"assignedUsers": "@everybody", "role": "viewer"});
    let link = server.oracle(&world.max).post(&format!("/publiclinks/file/{plan}"), spec).await.expect(200).json();
    let link = link["linkID"].as_str().unwrap();
    for client in [server.oracle(&world.eve), server.oracle_nobody()] {
        let listed = client.link(link).get(&format!("/files/lists?ids={ids}")).await.expect(200).json();
        assert_eq!((&listed["count"], &listed["items"][0]["id"]), (&json!("1"), &json!(plan)));
    }
    let hundred = vec![unknown; 100].join(",");
    ann.get(&format!("/files/lists?ids={hundred}")).await.expect(200);
    assert_eq!(said(&ann.get(&format!("/files/lists?ids={hundred},{unknown}")).await), "400 -1");
    for bad in ["", "?ids=", "?ids=%00"] {
        assert_eq!(said(&ann.get(&format!("/files/lists{bad}")).await), "400 -1", "{bad}");
    }
    server.oracle_nobody().get("/files/lists?ids=x").await.expect(401);
}

#[tokio::test]
async fn there_are_no_renditions_yet() {
    let server = Server::start().await;
    let world = &server.world;
    let id = &world.file.oracle_id;
    for path in ["rendition?rendition=page1&renditionType=system&version=1", "rendition", "renditions", "renditions/"] {
        let path = format!("/files/{id}/data/{path}");
        assert_eq!(said(&server.oracle(&world.vic).get(&path).await), "404 -16", "{path}");
        assert_eq!(said(&server.oracle(&world.eve).get(&path).await), "403 -20", "{path}");
        server.oracle_nobody().get(&path).await.expect(401);
    }
}
