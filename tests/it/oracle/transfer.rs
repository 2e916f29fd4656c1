//! Giving all content of one user to another (spec/oracle.md 7).

use coatcheck::domain::{
    id::{ItemKey, LibraryKey},
    person::License,
};
use insta::assert_snapshot;
use reqwest::Method;
use serde_json::json;

use super::tree::{apply, file, folder, known, names, said};
use crate::support::{oracle::numbered, server::Server, world};

fn path(user: &world::Somebody) -> String {
    format!("/users/{}/transferContent", user.person.oracle_id)
}

#[tokio::test]
async fn everything_of_a_user_goes_into_a_folder_of_another_and_is_theirs() {
    let server = Server::start().await;
    let world = &server.world;
    let (ann, bob, dora) = (server.oracle(&world.ann), server.oracle(&world.bob), server.oracle(&world.dora));
    let outer = folder(&ann, "self", "outer").await;
    let deep = file(&ann, &outer, "deep.txt", "deep").await;
    let trashed = file(&ann, "self", "trashed.txt", "x").await;
    ann.delete(&format!("/files/{trashed}")).await.expect(200);
    // a name that is taken there
    folder(&bob, "self", "ann example").await;
    let before = ann.get(&format!("/files/{deep}")).await.json();
    server.advance(chrono::Duration::minutes(1));

    let target = format!("{}?targetUserID={}", path(&world.ann), world.bob.person.oracle_id);
    assert_snapshot!(numbered(&server.send(dora.request(Method::POST, &target)).await), @r#"
    200
    {"errorCode":"0","id":"U1"}
    "#);
    assert_eq!(names(&ann, "self").await, ["Engineering"]);
    assert_eq!(names(&bob, "self").await, ["ann example", "Ann Example(2)", "Engineering"]);
    let listing = bob.get("/folders/self/items?filterName=Ann%20Example(2)").await.json();
    let made = &listing["items"][0];
    assert_eq!((&made["ownedBy"]["loginName"], &made["createdBy"]["loginName"]), (&json!("bob"), &json!("dora")));
    assert_eq!(names(&bob, made["id"].as_str().unwrap()).await, ["outer"]);
    let after = bob.get(&format!("/files/{deep}")).await.expect(200).json();
    assert_eq!(after["ownedBy"]["loginName"], "bob");
    for same in ["id", "name", "parentID", "createdBy", "modifiedBy", "createdTime", "modifiedTime", "version"] {
        assert_eq!(after[same], before[same], "{same}");
    }
    assert_eq!(bob.get(&format!("/files/{deep}/data")).await.text(), "deep");
    assert_eq!(said(&ann.get(&format!("/files/{deep}")).await), "403 -20");
    // and what was hers elsewhere
    assert_eq!(world::now(&server.vault, world, &world.file).await.owner.login, "bob");
    let in_graph = server
        .graph(&world.bob)
        .get(&format!("/v1.0/me/drive/items/{}", known(&server, &world.bob, &deep).await.graph_id))
        .await;
    assert_eq!(in_graph.status.as_u16(), 200, "{in_graph}");
    // her own root folder is hers, and she may begin again
    let own = server.vault.library_named(&LibraryKey::OwnedBy(world.ann.person.id)).await.unwrap().unwrap();
    let actor = world::actor(&server.vault, &world.ann).await;
    assert_eq!(server.vault.item(&actor, &ItemKey::Id(own.root)).await.unwrap().owner.login, "ann");
    file(&ann, "self", "new.txt", "x").await;

    // again, named in the body, in XML, by login name; this time the name is free of nothing to be moved
    let again = dora.xml().post(&path(&world.max), json!({"targetUserID": "BOB"})).await;
    assert_snapshot!(numbered(&again), @r#"
    200
    <?xml version="1.0" encoding="UTF-8"?><response><errorCode>0</errorCode><id>U1</id></response>
    "#);
    assert_eq!(names(&bob, "self").await, ["ann example", "Ann Example(2)", "Engineering"]);
}

#[tokio::test]
async fn only_administrators_transfer_and_only_between_users() {
    let server = Server::start().await;
    let world = &server.world;
    let dora = server.oracle(&world.dora);
    let to_bob = json!({ "targetUserID": world.bob.person.oracle_id });
    for who in [&world.ann, &world.max, &world.vic, &world.carl, &world.eve] {
        assert_eq!(said(&server.oracle(who).post(&path(&world.ann), to_bob.clone()).await), "403 -20");
        // whatever else is wrong
        assert_eq!(said(&server.oracle(who).post("/users/x/transferContent", json!({})).await), "404 -16");
        assert_eq!(said(&server.oracle(who).post(&path(&world.ann), json!({})).await), "403 -20");
    }
    let refused = server.oracle(&world.ann).post(&path(&world.ann), to_bob.clone()).await;
    assert_snapshot!(numbered(&refused), @r#"
    403
    {"errorCode":"-20","errorKey":"!csUnableToTransferContent!csCloudItemInsufficientPrivileges,Ann Example,fUserGUID:U1,TRANSFER_CONTENT","errorMessage":"Unable to transfer content. User 'Ann Example' has insufficient privilege to access fUserGUID:U1 with service TRANSFER_CONTENT.","id":"U1","title":"Unable to transfer content. User 'Ann Example' has insufficient privilege to access fUserGUID:U1 with service TRANSFER_CONTENT.","type":"https://www.w3.org/Protocols/rfc2616/rfc2616-sec10.html"}
    "#);
    server.oracle_nobody().post(&path(&world.ann), to_bob.clone()).await.expect(401);
    server.oracle_nobody().link("x").post(&path(&world.ann), to_bob.clone()).await.expect(401);
    // an administrator who may not write, and a token that may not
    let reader = world::user(&server.vault, "rita", License::ReadOnly, true).await;
    assert_eq!(said(&server.oracle(&reader).post(&path(&world.ann), to_bob.clone()).await), "403 -20");
    let narrow = world::token(&server.vault, world.dora.person.id, &["Files.Read.All"]).await;
    let request = server.post(&format!("/documents/api/1.1{}", path(&world.ann))).bearer_auth(&narrow);
    assert_eq!(said(&server.send(request.json(&to_bob)).await), "403 -20");

    let unknown = "/users/U0EAA20910FAF3052ACB79E4T00000000001/transferContent";
    assert_snapshot!(numbered(&dora.post(unknown, to_bob.clone()).await), @r#"
    404
    {"errorCode":"-16","errorKey":"!csFldSecurityValidationFailed!csFldDoesNotExist,U1","errorMessage":"Security validation failed. 'U1' does not exist.","id":"U1","title":"Security validation failed. 'U1' does not exist.","type":"https://www.w3.org/Protocols/rfc2616/rfc2616-sec10.html"}
    "#);
    for bad in [json!({}), json!({"targetUserID": ""}), json!({"targetUserID": 7}), json!({"targetUserID": "nobody"})] {
        assert_eq!(said(&dora.post(&path(&world.ann), bad).await), "400 -1");
    }
    let robot = world.robot.person.oracle_id.clone();
    assert_eq!(said(&dora.post(&path(&world.ann), json!({ "targetUserID": robot })).await), "400 -1");
    assert_eq!(said(&dora.post(&path(&world.robot), to_bob.clone()).await), "404 -16");
    assert_snapshot!(numbered(&dora.post(&path(&world.bob), to_bob).await), @r#"
    400
    {"errorCode":"-1","errorKey":"!csUnableToTransferContent!csInvalidFieldValue,targetUserID","errorMessage":"Unable to transfer content. The value of field \"targetUserID\" is not valid.","id":"U1","title":"Unable to transfer content. The value of field \"targetUserID\" is not valid.","type":"https://www.w3.org/Protocols/rfc2616/rfc2616-sec10.html"}
    "#);
    assert_eq!(world::now(&server.vault, world, &world.file).await.owner.login, "ann");
}

#[tokio::test]
async fn a_reservation_or_a_part_keeps_everything_where_it_is() {
    let server = Server::start().await;
    let world = &server.world;
    let (ann, dora) = (server.oracle(&world.ann), server.oracle(&world.dora));
    let id = file(&ann, "self", "own.txt", "x").await;
    let own = known(&server, &world.ann, &id).await;
    let to_bob = json!({"targetUserID": "bob"});
    ann.reserve(&own).await.expect(200);
    assert_snapshot!(numbered(&dora.post(&path(&world.ann), to_bob.clone()).await), @r#"
    409
    {"errorCode":"-1","errorKey":"!csUnableToTransferContent!csFldReservedByOther,Ann Example","errorMessage":"Unable to transfer content. The file is reserved by 'Ann Example'.","id":"U1","title":"Unable to transfer content. The file is reserved by 'Ann Example'.","type":"https://www.w3.org/Protocols/rfc2616/rfc2616-sec10.html"}
    "#);
    assert_eq!(names(&ann, "self").await, ["Engineering", "own.txt"]);
    assert_eq!(names(&server.oracle(&world.bob), "self").await, ["Engineering"]);
    assert_eq!(world::now(&server.vault, world, &world.file).await.owner.login, "ann");
    ann.unreserve(&own, "ann").await.expect(200);
    // what is reserved elsewhere only changes its owner
    ann.reserve(&world.file).await.expect(200);
    dora.post(&path(&world.ann), to_bob).await.expect(200);
    let file = world::now(&server.vault, world, &world.file).await;
    assert_eq!((file.owner.login.as_str(), file.is_held_by(Some(world.ann.person.id))), ("bob", true));

    apply(
        &server,
        r#"
        files = [{ at = "~max/own.txt", text = "x" }]
        libraries = [{ kind = "personal", owner = "max" }]
        parts = [{ library = "~max", number = "P-1", name = "Part", revisions = [{ label = "A", files = ["~max/own.txt"] }] }]
        "#,
    )
    .await;
    assert_eq!(said(&dora.post(&path(&world.max), json!({"targetUserID": "bob"})).await), "409 -1");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_uploaded_meanwhile_is_at_one_of_the_two() {
    let server = Server::start().await;
    let world = &server.world;
    let (ann, bob, dora) = (server.oracle(&world.ann), server.oracle(&world.bob), server.oracle(&world.dora));
    file(&ann, "self", "first.txt", "x").await;
    let transfer = path(&world.ann);
    let (done, one, two) = tokio::join!(
        dora.post(&transfer, json!({"targetUserID": "bob"})),
        ann.upload("self", "one.txt", "x"),
        ann.upload("self", "two.txt", "x"),
    );
    done.expect(200);
    one.expect(201);
    two.expect(201);
    let left = names(&ann, "self").await.into_iter().filter(|name| name != "Engineering");
    let listing = bob.get("/folders/self/items?filterName=Ann%20Example").await.json();
    let there = names(&bob, listing["items"][0]["id"].as_str().unwrap()).await;
    let mut all: Vec<String> = left.chain(there).collect();
    all.sort();
    assert_eq!(all, ["first.txt", "one.txt", "two.txt"]);
}
