//! The headless API has no check-out of its own, and respects those of everybody else (spec/liferay.md 12).

use serde_json::{Value, json};

use crate::support::{liferay::Liferay, server::Server};

async fn put(client: &Liferay<'_>, server: &Server, text: &str) -> crate::support::answer::Answer {
    client.rest_form("PUT", &format!("/documents/{}", server.plan_number()), Some(("plan.txt", text)), None).await
}

async fn folder(client: &Liferay<'_>, server: &Server) -> Value {
    let path = format!("/sites/{}/document-folders", server.group());
    client.rest_json("POST", &path, &json!({"name": "x"})).await.expect(200).json()["id"].clone()
}

#[tokio::test]
async fn what_somebody_checked_out_through_graph_is_closed_to_others() {
    let server = Server::start().await;
    server.graph(&server.world.bob).post(&format!("{}/checkout", server.plan())).await.expect(204);
    let ann = server.liferay(&server.world.ann);
    let path = format!("/documents/{}", server.plan_number());
    let before = ann.rest("GET", &path).await.expect(200).json();
    let folder = folder(&ann, &server).await;
    for answer in [
        put(&ann, &server, "second").await,
        ann.rest_form("PATCH", &path, Some(("plan.txt", "second")), None).await,
        ann.rest_json("PATCH", &path, &json!({"title": "Other"})).await,
        ann.rest_json("PATCH", &path, &json!({"description": "Other"})).await,
        ann.rest_json("PATCH", &path, &json!({"keywords": ["x"]})).await,
        ann.rest_json("PATCH", &path, &json!({"documentFolderId": folder})).await,
        ann.rest("DELETE", &path).await,
    ] {
        let refused = answer.expect(409).json();
        let members: Vec<&String> = refused.as_object().unwrap().keys().collect();
        assert_eq!(members, ["status", "title", "type"]);
        assert_eq!(
            (&refused["status"], &refused["title"]),
            (&json!("CONFLICT"), &json!("It is checked out by another user"))
        );
    }
    assert_eq!(ann.rest("GET", &path).await.expect(200).json(), before);
    assert_eq!(ann.download("").await.text(), "first");
    // free again, it takes a minor version
    server.graph(&server.world.bob).post(&format!("{}/discardCheckout", server.plan())).await.expect(204);
    put(&ann, &server, "second").await.expect(200);
    assert_eq!(ann.labels().await, ["1.1", "1.0"]);
}

#[tokio::test]
async fn the_holders_put_goes_to_the_working_copy() {
    let server = Server::start().await;
    let (ann, graph) = (server.liferay(&server.world.ann), server.graph(&server.world.ann));
    let path = format!("/documents/{}", server.plan_number());
    graph.post(&format!("{}/checkout", server.plan())).await.expect(204);
    let before = ann.rest("GET", &path).await.expect(200).json();
    assert_eq!(put(&ann, &server, "draft").await.expect(200).json(), before);
    let said = json!({"title": "Plan", "description": "draft"});
    assert_eq!(ann.rest_json("PATCH", &path, &said).await.expect(200).json(), before);
    assert_eq!(ann.labels().await, ["PWC", "1.0"]);
    assert_eq!(ann.download("").await.text(), "first");
    assert_eq!(ann.download("?version=PWC").await.text(), "draft");
    // nobody else sees any of it
    assert_eq!(server.liferay(&server.world.bob).rest("GET", &path).await.expect(200).json(), before);

    assert_eq!(ann.check_in("MINOR", "done").await.expect(200).text(), "{}");
    assert_eq!(ann.labels().await, ["1.1", "1.0"]);
    let after = ann.rest("GET", &path).await.expect(200).json();
    assert_eq!(
        (&after["title"], &after["fileName"], &after["description"]),
        (&json!("Plan"), &json!("Plan.txt"), &json!("draft"))
    );
    assert_eq!(ann.download("").await.text(), "draft");
}

#[tokio::test]
async fn a_cancel_drops_what_a_put_had_saved() {
    let server = Server::start().await;
    let ann = server.liferay(&server.world.ann);
    ann.check_out().await.expect(200);
    put(&ann, &server, "draft").await.expect(200);
    ann.cancel().await.expect(200);
    assert_eq!(ann.labels().await, ["1.0"]);
    assert_eq!(ann.download("").await.text(), "first");
}

#[tokio::test]
async fn the_holder_moves_and_deletes() {
    let server = Server::start().await;
    let ann = server.liferay(&server.world.ann);
    ann.check_out().await.expect(200);
    let path = format!("/documents/{}", server.plan_number());
    let folder = folder(&ann, &server).await;
    let moved = ann.rest_json("PATCH", &path, &json!({"documentFolderId": folder})).await.expect(200).json();
    assert_eq!(moved["documentFolderId"], folder);
    assert_eq!(ann.labels().await, ["PWC", "1.0"]);
    ann.rest("DELETE", &path).await.expect(204);
    ann.rest("GET", &path).await.expect(404);
}

#[tokio::test]
async fn a_write_bound_to_an_ended_check_out_is_refused() {
    let server = Server::start().await;
    let ann = server.liferay(&server.world.ann);
    let request = ann.request("PATCH", &format!("/o/headless-delivery/v1.0/documents/{}", server.plan_number()));
    let request = request.header("X-Coatcheck-Fence", "99").json(&json!({"title": "Other"}));
    assert_eq!(server.send(request).await.expect(409).json()["status"], "CONFLICT");
    assert_eq!(ann.labels().await, ["1.0"]);
}

#[tokio::test]
async fn writes_at_once_become_one_version_each() {
    let server = Server::start().await;
    let (ann, bob) = (server.liferay(&server.world.ann), server.liferay(&server.world.bob));
    let (one, two) = tokio::join!(put(&ann, &server, "one"), put(&bob, &server, "two"));
    for answer in [one, two] {
        answer.expect(200);
    }
    assert_eq!(ann.labels().await, ["1.2", "1.1", "1.0"]);
    let site = format!("/sites/{}/documents", server.group());
    let add = || ann.rest_form("POST", &site, Some(("new.txt", "x")), None);
    let (one, two) = tokio::join!(add(), add());
    let mut answers = [one, two];
    answers.sort_by_key(|answer| answer.status);
    assert_eq!(answers.map(|answer| answer.status.as_u16()), [200, 409]);
    let listed: Value = ann.rest("GET", &site).await.expect(200).json();
    assert_eq!(listed["totalCount"], 2);
}
