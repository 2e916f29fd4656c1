//! Headers, the envelope of refusals, and calls that are not there (spec/graph.md 1.3 and 2).

use insta::assert_snapshot;
use serde_json::json;

use crate::support::{graph::shown, server::Server};

#[tokio::test]
async fn every_answer_carries_its_ids_and_is_not_stored() {
    let server = Server::start().await;
    let (ann, plan) = (server.graph(&server.world.ann), server.plan());
    let answers = [
        ann.get(&plan).await.expect(200),
        ann.post(&format!("{plan}/checkout")).await.expect(204),
        ann.get(&format!("{plan}/content")).await.expect(302),
        server.send(server.get(&plan)).await.expect(401),
        ann.get("/v1.0/nowhere").await.expect(400),
        server.send(server.get("/v3/me")).await.expect(404),
        server.send(server.get(&format!("/v1.0/{}", "x".repeat(20_000)))).await.expect(414),
    ];
    for answer in answers {
        assert_eq!(answer.header("client-request-id"), answer.header("request-id"), "{answer}");
        assert_eq!(answer.header("request-id").len(), 36);
        assert_eq!(answer.header("cache-control"), "no-store");
        assert!(answer.headers.contains_key("date"));
        if !answer.body.is_empty() {
            assert_eq!(
                answer.header("content-type"),
                "application/json;odata.metadata=minimal;odata.streaming=true;IEEE754Compatible=false;charset=utf-8"
            );
            assert_eq!(answer.header("odata-version"), "4.0");
        }
        if !answer.status.is_success() && !answer.body.is_empty() {
            let inner = &answer.json()["error"]["innerError"];
            assert_eq!(inner["request-id"], answer.header("request-id").as_str());
            assert_eq!(inner["client-request-id"], answer.header("client-request-id").as_str());
        }
    }
}

#[tokio::test]
async fn the_clients_own_id_is_repeated() {
    let server = Server::start().await;
    let request = server.get("/v1.0/me").header("client-request-id", "mine-1");
    let answer = server.send(request).await.expect(401);
    assert_eq!(answer.header("client-request-id"), "mine-1");
    assert_eq!(answer.json()["error"]["innerError"]["client-request-id"], "mine-1");
    let request = server.get("/v1.0/me").header("client-request-id", "x".repeat(2000));
    let answer = server.send(request).await.expect(401);
    assert_eq!(answer.header("client-request-id"), answer.header("request-id"));
}

#[tokio::test]
async fn a_missing_and_a_dead_token_are_401_with_a_challenge() {
    let server = Server::start().await;
    let none = server.send(server.get("/v1.0/me")).await;
    let rest = format!(
        ", authorization_uri=\"http://{}/common/oauth2/v2.0/authorize\", client_id=\"00000003-0000-0000-c000-000000000000\"",
        server.address
    );
    assert_eq!(none.header("www-authenticate"), format!("Bearer realm=\"coatcheck\"{rest}"));
    assert_snapshot!(shown(&server, &none), @r#"
    401 Unauthorized
    {
      "error": {
        "code": "InvalidAuthenticationToken",
        "message": "Access token is empty.",
        "innerError": {
          "date": "2026-03-04T05:06:07",
          "request-id": "ID",
          "client-request-id": "ID"
        }
      }
    }
    "#);
    for token in ["x", "cck_nonsense", &"x".repeat(5000)] {
        let dead = server.graph_with(token).get("/v1.0/me").await.expect(401);
        let challenge = format!("Bearer realm=\"coatcheck\", error=\"invalid_token\"{rest}");
        assert_eq!(dead.header("www-authenticate"), challenge);
    }
    let basic = server.get("/v1.0/me").basic_auth("ann", Some("correct horse"));
    server.send(basic).await.expect(401);
    // the token comes before the path
    server.send(server.get("/v1.0/nowhere/%zz")).await.expect(401);
}

#[tokio::test]
async fn calls_that_are_not_there_are_refused_in_the_envelope() {
    let server = Server::start().await;
    let (ann, plan) = (server.graph(&server.world.ann), server.plan());
    assert_snapshot!(shown(&server, &ann.post(&format!("{plan}/checkOver")).await), @r#"
    400 Bad Request
    {
      "error": {
        "code": "invalidRequest",
        "message": "API not found",
        "innerError": {
          "date": "2026-03-04T05:06:07",
          "request-id": "ID",
          "client-request-id": "ID"
        }
      }
    }
    "#);
    assert_snapshot!(shown(&server, &ann.get("/v1.0/planner/tasks").await), @r#"
    400 Bad Request
    {
      "error": {
        "code": "BadRequest",
        "message": "Resource not found for the segment 'planner'.",
        "innerError": {
          "date": "2026-03-04T05:06:07",
          "request-id": "ID",
          "client-request-id": "ID"
        }
      }
    }
    "#);
    // no vault stands behind this one, so its date is the machine's
    let version = server.send(server.get("/v3/me")).await.expect(404).json()["error"].clone();
    assert_eq!((&version["code"], &version["message"]), (&json!("BadRequest"), &json!("Invalid version: v3")));
    let method = ann.get(&format!("{plan}/checkout")).await;
    assert_eq!(method.header("allow"), "POST");
    assert_snapshot!(shown(&server, &method), @r#"
    405 Method Not Allowed
    {
      "error": {
        "code": "notAllowed",
        "message": "The HTTP method is not allowed for this resource.",
        "innerError": {
          "date": "2026-03-04T05:06:07",
          "request-id": "ID",
          "client-request-id": "ID"
        }
      }
    }
    "#);
    ann.get("/v1.0/me/messages").await.expect(400);
    ann.get("/v1.0").await.expect(400);
    ann.get("/v1.0/").await.expect(400);
    ann.get("/_api/v2.0").await.expect(400);
}

#[tokio::test]
async fn a_post_may_mean_another_method() {
    let server = Server::start().await;
    let (ann, plan) = (server.graph(&server.world.ann), server.plan());
    let patch = ann.request("POST", &plan).header("x-http-method-override", "PATCH").body(r#"{"description":"x"}"#);
    assert_eq!(server.send(patch).await.expect(200).json()["description"], "x");
    let put = ann.request("POST", &format!("{plan}/content")).header("x-http-method-override", "PUT").body("put");
    assert_eq!(server.send(put).await.expect(200).json()["size"], 3);
    let begun = ann.post_json(&format!("{plan}/createUploadSession"), json!({})).await.expect(200).json();
    let address = begun["uploadUrl"].as_str().unwrap();
    let fragment =
        server.http.post(address).header("x-http-method-override", "PUT").header("content-range", "bytes 0-1/2");
    server.send(fragment.body("up")).await.expect(200);
    let get = ann.request("POST", &plan).header("x-http-method-override", "GET");
    server.send(get).await.expect(405);
    let delete = ann.request("POST", &plan).header("x-http-method-override", "delete");
    server.send(delete).await.expect(204);
}

#[tokio::test]
async fn links_start_with_the_public_address_where_one_is_set() {
    let server = Server::start_with(&[("server.public_url", "https://files.example.com")]).await;
    let item = server.graph(&server.world.ann).get(&server.plan()).await.expect(200).json();
    for member in ["webUrl", "@microsoft.graph.downloadUrl", "@odata.context"] {
        assert!(item[member].as_str().unwrap().starts_with("https://files.example.com/"), "{item}");
    }
}
