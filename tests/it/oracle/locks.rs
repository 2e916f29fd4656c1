//! Reserve and unreserve (spec/oracle.md 4).

use coatcheck::domain::{
    id::ItemKey,
    lock::{CheckOut, Mode},
};
use insta::assert_snapshot;
use reqwest::Method;
use serde_json::json;

use crate::support::{
    oracle::numbered,
    server::Server,
    world::{self, Somebody},
};

#[tokio::test]
async fn a_reservation_has_a_holder_and_a_date_and_shows_where_the_file_does() {
    let server = Server::start().await;
    let world = &server.world;
    let (ann, bob) = (server.oracle(&world.ann), server.oracle(&world.bob));

    assert_snapshot!(numbered(&ann.reserve(&world.file).await), @r#"
    200
    {"errorCode":"0","id":"D1","reservationDate":"2026-03-04T05:06:07Z","reservedBy":{"displayName":"Ann Example","id":"U1","loginName":"ann","type":"user"},"type":"file"}
    "#);
    server.advance(chrono::Duration::hours(1));
    // again: the old date
    let again = ann.reserve(&world.file).await.expect(200).json();
    assert_eq!(again["reservationDate"], "2026-03-04T05:06:07Z");

    assert_snapshot!(numbered(&bob.reserve(&world.file).await), @r#"
    409
    {"errorCode":"-1","errorKey":"!csFldCouldNotReserve!csFldReservedByOther,Ann Example","errorMessage":"Could not reserve. The file is reserved by 'Ann Example'.","id":"D1","title":"Could not reserve. The file is reserved by 'Ann Example'.","type":"https://www.w3.org/Protocols/rfc2616/rfc2616-sec10.html"}
    "#);
    let information = format!("/files/{}", world.file.oracle_id);
    let seen = bob.get(&information).await.json();
    assert_eq!(seen["reservationTime"], "2026-03-04T05:06:07Z");
    assert_eq!(seen["reservedBy"]["loginName"], "ann");

    ann.unreserve(&world.file, &world.ann.person.oracle_id).await.expect(200);
    let seen = bob.get(&information).await.json();
    assert!(seen.get("reservationTime").is_none() && seen.get("reservedBy").is_none(), "{seen}");
}

#[tokio::test]
async fn a_reservation_is_cleared_by_naming_its_holder_and_nobody_else() {
    let server = Server::start().await;
    let world = &server.world;
    let (ann, bob) = (server.oracle(&world.ann), server.oracle(&world.bob));
    ann.reserve(&world.file).await.expect(200);

    assert_snapshot!(numbered(&bob.unreserve(&world.file, &world.bob.person.oracle_id).await), @r#"
    409
    {"errorCode":"-1","errorKey":"!csFldCouldNotClearReservation!csFldNotReservedByUser,U1","errorMessage":"Could not clear reservation. The file is not reserved by 'U1'.","id":"D1","title":"Could not clear reservation. The file is not reserved by 'U1'.","type":"https://www.w3.org/Protocols/rfc2616/rfc2616-sec10.html"}
    "#);
    for other in ["bob", "nobody", "ann@example.com", "Ann Example", "U0EAA20910FAF3052ACB79E4T00000000001", "*"] {
        bob.unreserve(&world.file, other).await.expect(409);
        ann.unreserve(&world.file, other).await.expect(409);
    }
    assert!(world::now(&server.vault, world, &world.file).await.lock().is_some());

    // by login name, whatever its case
    bob.unreserve(&world.file, "ANN").await.expect(200);
    assert!(world::now(&server.vault, world, &world.file).await.lock().is_none());
    // free: whoever is named, nothing happens
    bob.unreserve(&world.file, "nobody").await.expect(200);
    // no version came of all this
    assert_eq!(world::now(&server.vault, world, &world.file).await.file.unwrap().edition.ordinal, 1);
}

#[tokio::test]
async fn the_permission_comes_before_the_body_and_the_body_before_the_state() {
    let server = Server::start().await;
    let world = &server.world;
    let path = format!("/files/{}/unreserve", world.file.oracle_id);
    let send = async |who: &Somebody, body: &str| {
        let request = server.oracle(who).request(Method::POST, &path).body(body.to_owned());
        server.send(request).await
    };
    for bad in ["{", "[]", "\"x\"", "{}", "", r#"{"reservedByUserID": 1}"#, r#"{"reservedByUserID": ""}"#] {
        // the file is free, which would be a success
        send(&world.ann, bad).await.expect(400);
        send(&world.vic, bad).await.expect(403);
    }
    assert_snapshot!(numbered(&send(&world.ann, "{}").await), @r#"
    400
    {"errorCode":"-1","errorKey":"!csFldCouldNotClearReservation!csRequiredFieldMissing,reservedByUserID","errorMessage":"Could not clear reservation. Required field \"reservedByUserID\" is not provided.","id":"D1","title":"Could not clear reservation. Required field \"reservedByUserID\" is not provided.","type":"https://www.w3.org/Protocols/rfc2616/rfc2616-sec10.html"}
    "#);
    assert_snapshot!(numbered(&send(&world.ann, "{").await), @r#"
    400
    {"errorCode":"-1","errorKey":"!csFldCouldNotClearReservation!csUnreadableRequest","errorMessage":"Could not clear reservation. The request body cannot be read.","id":"D1","title":"Could not clear reservation. The request body cannot be read.","type":"https://www.w3.org/Protocols/rfc2616/rfc2616-sec10.html"}
    "#);
    assert_snapshot!(numbered(&send(&world.ann, r#"{"reservedByUserID": "\u0000"}"#).await), @r#"
    400
    {"errorCode":"-1","errorKey":"!csFldCouldNotClearReservation!csInvalidFieldValue,reservedByUserID","errorMessage":"Could not clear reservation. The value of field \"reservedByUserID\" is not valid.","id":"D1","title":"Could not clear reservation. The value of field \"reservedByUserID\" is not valid.","type":"https://www.w3.org/Protocols/rfc2616/rfc2616-sec10.html"}
    "#);
}

#[tokio::test]
async fn nobody_in_particular_may_clear_but_not_reserve() {
    let server = Server::start().await;
    let world = &server.world;
    let path = format!("/publiclinks/file/{}", world.file.oracle_id);
    let spec = json!({"assignedUsers": "@everybody", "role": "contributor"});
    let link = server.oracle(&world.max).post(&path, spec).await.expect(200).json();
    let nobody = server.oracle_nobody().link(link["linkID"].as_str().unwrap());
    nobody.reserve(&world.file).await.expect(401);

    // a reservation made through a link is the signed-in user's
    let eve = server.oracle(&world.eve).link(link["linkID"].as_str().unwrap());
    let reserved = eve.reserve(&world.file).await.expect(200).json();
    assert_eq!(reserved["reservedBy"]["loginName"], "eve");
    nobody.reserve(&world.file).await.expect(401);
    nobody.unreserve(&world.file, "eve").await.expect(200);
}

#[tokio::test]
async fn a_check_out_of_another_dialect_is_for_its_holder_and_the_managers_to_clear() {
    let server = Server::start().await;
    let world = &server.world;
    let ann = world::actor(&server.vault, &world.ann).await;
    let look = server.vault.look(&ann, &ItemKey::Id(world.file.id)).await.unwrap();
    let take =
        async || server.vault.check_out(&ann, &look, CheckOut { mode: Mode::CheckOut, ..CheckOut::default() }).await;
    take().await.unwrap();

    let bob = server.oracle(&world.bob);
    assert_snapshot!(numbered(&bob.unreserve(&world.file, "ann").await), @r#"
    403
    {"errorCode":"-20","errorKey":"!csFldCouldNotClearReservation!csCloudItemInsufficientPrivileges,Bob Example,fFileGUID:D1,FLD_CLEAR_RESERVATION","errorMessage":"Could not clear reservation. User 'Bob Example' has insufficient privilege to access fFileGUID:D1 with service FLD_CLEAR_RESERVATION.","id":"D1","title":"Could not clear reservation. User 'Bob Example' has insufficient privilege to access fFileGUID:D1 with service FLD_CLEAR_RESERVATION.","type":"https://www.w3.org/Protocols/rfc2616/rfc2616-sec10.html"}
    "#);
    // whomever he names
    let named_himself = bob.unreserve(&world.file, "bob").await.expect(403).json();
    assert_eq!(named_himself["errorCode"], "-20");
    bob.reserve(&world.file).await.expect(409);
    // the holder it shows is the holder to name, for a manager as well
    server.oracle(&world.max).unreserve(&world.file, "max").await.expect(409);
    server.oracle(&world.max).unreserve(&world.file, "ann").await.expect(200);
    take().await.unwrap();
    server.oracle(&world.ann).unreserve(&world.file, "ann").await.expect(200);
}

#[tokio::test]
async fn of_many_who_reserve_at_once_one_succeeds() {
    let server = Server::start().await;
    let world = &server.world;
    let people = [&world.ann, &world.bob, &world.max, &world.dora];
    let answers = futures_util::future::join_all(people.map(|somebody| {
        let client = server.oracle(somebody);
        async move { client.reserve(&world.file).await.status.as_u16() }
    }))
    .await;
    assert_eq!(answers.iter().filter(|status| **status == 200).count(), 1, "{answers:?}");
    assert_eq!(answers.iter().filter(|status| **status == 409).count(), 3, "{answers:?}");
}

#[tokio::test]
async fn a_named_fence_binds_what_is_written() {
    let server = Server::start().await;
    let world = &server.world;
    let ann = server.oracle(&world.ann);
    ann.reserve(&world.file).await.expect(200);
    let path = format!("/files/{}/unreserve", world.file.oracle_id);
    let send = async |fence: &str| {
        let request = ann.request(Method::POST, &path).header("X-Coatcheck-Fence", fence);
        server.send(request.body(r#"{"reservedByUserID": "ann"}"#)).await
    };
    send("2").await.expect(409);
    send("nonsense").await.expect(409);
    send("1").await.expect(200);
}
