//! Subscriptions (spec/graph.md 13): who may have one of what, and how an endpoint shows that it wants to be told.

use chrono::Duration;
use coatcheck::vault::NewApplication;
use insta::assert_snapshot;
use serde_json::{Value, json};
use sqlx::{Connection, PgConnection};

use crate::support::{
    graph::shown,
    receiver::{END, Manner, Receiver, notified, notified_with},
    server::Server,
    world::{self, PASSWORD},
};

fn masked(text: &str, id: &str, receiver: &Receiver) -> String {
    text.replace(id, "ID").replace(&receiver.address.to_string(), "RECEIVER")
}

#[tokio::test]
async fn a_subscription_is_made_once_its_endpoint_has_repeated_the_token() {
    let (server, mut receiver) = notified().await;
    let ann = server.graph(&server.world.ann);
    let made = ann.subscribe(server.wanted(&receiver.url("/hook?for=us"))).await;
    let id = made.json()["id"].as_str().unwrap_or_default().to_owned();
    assert_snapshot!(masked(&shown(&server, &made), &id, &receiver), @r#"
    201 Created
    {
      "@odata.context": "http://HOST/v1.0/$metadata#subscriptions/$entity",
      "id": "ID",
      "resource": "/drives/DRIVE/root",
      "applicationId": "ANN",
      "changeType": "updated",
      "clientState": "known to us only",
      "notificationUrl": "http://RECEIVER/hook?for=us",
      "expirationDateTime": "2026-03-20T00:00:00Z",
      "creatorId": "ANN",
      "latestSupportedTlsVersion": "v1_2"
    }
    "#);
    let asked = receiver.validations();
    assert_eq!(asked.len(), 1);
    assert_eq!((asked[0].method.as_str(), asked[0].body.as_str()), ("POST", ""));
    assert_eq!(asked[0].content_type, "text/plain; charset=utf-8");
    let token = asked[0].token().unwrap();
    assert!(token.len() >= 40, "nobody guesses {token}");
    assert_eq!(asked[0].target, format!("/hook?for=us&validationToken={token}"));

    // who reads it is not told again what the subscriber wants to hear
    let path = format!("/v1.0/subscriptions/{id}");
    let one = ann.get(&path).await.expect(200).json();
    assert_eq!((&one["id"], &one["clientState"]), (&json!(id), &Value::Null));
    let all = ann.get("/v1.0/subscriptions").await.expect(200).json();
    let mut alone = one.as_object().unwrap().clone();
    alone.remove("@odata.context");
    assert_eq!(all["value"], json!([alone]));
    assert_eq!(ann.get(&format!("{path}?$select=id")).await.expect(200).json()["resource"], Value::Null);

    let change =
        json!({"expirationDateTime": "2026-03-21T01:00:00+01:00", "@odata.type": "#microsoft.graph.subscription"});
    let renewed = ann.patch(&path, change).await.expect(200).json();
    assert_eq!(
        (&renewed["expirationDateTime"], &renewed["clientState"]),
        (&json!("2026-03-21T00:00:00Z"), &Value::Null)
    );
    assert_eq!(receiver.count(), 1, "at the same address nobody is asked again");

    ann.delete(&path).await.expect(204);
    for answer in
        [ann.get(&path).await, ann.delete(&path).await, ann.patch(&path, json!({"expirationDateTime": END})).await]
    {
        assert_eq!(answer.expect(404).json()["error"]["code"], "itemNotFound");
    }
    assert_eq!(ann.get("/v1.0/subscriptions").await.expect(200).json()["value"], json!([]));
}

#[tokio::test]
async fn every_token_is_another() {
    let (server, mut receiver) = notified().await;
    let ann = server.graph(&server.world.ann);
    for _ in 0..2 {
        ann.subscribe(server.wanted(&receiver.url("/"))).await.expect(201);
    }
    let asked = receiver.validations();
    assert_ne!(asked[0].token().unwrap(), asked[1].token().unwrap());
}

#[tokio::test]
async fn an_endpoint_that_does_not_show_that_it_wants_to_be_told_is_not() {
    let (server, receiver) = notified_with(&[("graph.notification_seconds", "3")]).await;
    let ann = server.graph(&server.world.ann);
    let manners = [
        (Manner::Status(201), "did not answer with status 200"),
        (Manner::Status(404), "did not answer with status 200"),
        (Manner::Status(500), "did not answer with status 200"),
        (Manner::Elsewhere, "did not answer with status 200"),
        (Manner::Wrong, "its answer is not the validation token"),
        (Manner::Html, "its answer is not of the type text/plain"),
        (Manner::Huge, "its answer is too long"),
        (Manner::Silent, "it did not answer in time"),
    ];
    for (place, (manner, why)) in manners.into_iter().enumerate() {
        receiver.validates(manner);
        let refused = ann.subscribe(server.wanted(&receiver.url("/hook"))).await.expect(400).json();
        assert_eq!(refused["error"]["code"], "invalidRequest");
        let message = refused["error"]["message"].as_str().unwrap();
        assert!(message.starts_with("Subscription validation request failed: "), "{message}");
        assert!(message.contains(why), "{manner:?}: {message}");
        assert_eq!(receiver.count(), place + 1, "{manner:?} is asked once, and nobody else");
    }
    assert_eq!(ann.get("/v1.0/subscriptions").await.expect(200).json()["value"], json!([]));

    receiver.validates(Manner::Good);
    let path = ann.subscribed(&receiver).await;
    receiver.validates(Manner::Wrong);
    let elsewhere = json!({"notificationUrl": receiver.url("/other")});
    ann.patch(&path, elsewhere.clone()).await.expect(400);
    assert_eq!(ann.get(&path).await.json()["notificationUrl"], receiver.url("/hook"));
    receiver.validates(Manner::Good);
    assert_eq!(ann.patch(&path, elsewhere).await.expect(200).json()["notificationUrl"], receiver.url("/other"));

    // nobody listens there any more
    let url = receiver.url("/hook");
    drop(receiver);
    let mut refused = ann.subscribe(server.wanted(&url)).await.expect(400).json();
    let message = refused["error"]["message"].take();
    assert!(
        message.as_str().unwrap().contains("could not be reached") || message.as_str().unwrap().contains("in time")
    );
}

#[tokio::test]
async fn every_member_is_looked_at_before_anybody_is_asked() {
    let (server, receiver) = notified().await;
    let ann = server.graph(&server.world.ann);
    let with = |name: &str, value: Value| {
        let mut body = server.wanted(&receiver.url("/hook"));
        body[name] = value;
        body
    };
    let long_url = receiver.url(&format!("/{}", "x".repeat(2048)));
    let plan = format!("/drives/{}/items/{}", server.world.library.graph_id, server.world.file.graph_id);
    let cases = [
        ("changeType", json!(null), "'changeType' must be given."),
        ("changeType", json!(""), "'changeType' must be given."),
        ("changeType", json!("created"), "'changeType' must be 'updated'"),
        ("changeType", json!("updated,deleted"), "'changeType' must be 'updated'"),
        ("changeType", json!(["updated"]), "'changeType' has the wrong type or value."),
        ("notificationUrl", json!(null), "'notificationUrl' must be given."),
        ("notificationUrl", json!("hook"), "'notificationUrl' is not an absolute URL."),
        ("notificationUrl", json!("ftp://127.0.0.1/"), "'notificationUrl' is not an absolute URL."),
        ("notificationUrl", json!("http://u:p@127.0.0.1/"), "'notificationUrl' is not an absolute URL."),
        ("notificationUrl", json!(receiver.url("/\0")), "'notificationUrl' is not an absolute URL."),
        ("notificationUrl", json!(long_url), "'notificationUrl' is not an absolute URL."),
        ("notificationUrl", json!(7), "'notificationUrl' has the wrong type or value."),
        ("resource", json!(null), "'resource' must be given."),
        ("resource", json!("/me/messages"), "'resource' must name the root of a drive"),
        ("resource", json!("/me/drive"), "'resource' must name the root of a drive"),
        ("resource", json!(plan), "'resource' must name the root of a drive"),
        ("resource", json!("/me/drive/root:/a"), "'resource' must name the root of a drive"),
        ("resource", json!("/me/drive/root/\0"), "'resource' has an invalid character."),
        ("resource", json!(format!("/drives/{}/root", "x".repeat(1024))), "The parameter 'resource' is too long."),
        ("expirationDateTime", json!(null), "'expirationDateTime' must be given."),
        ("expirationDateTime", json!("tomorrow"), "'expirationDateTime' has the wrong type or value."),
        ("expirationDateTime", json!(1), "'expirationDateTime' has the wrong type or value."),
        ("expirationDateTime", json!("2026-03-04T05:06:07Z"), "'expirationDateTime' must be in the future."),
        ("expirationDateTime", json!("2001-01-01T00:00:00Z"), "'expirationDateTime' must be in the future."),
        ("expirationDateTime", json!("2026-04-02T14:06:08Z"), "'expirationDateTime' can only be 42300 minutes"),
        ("expirationDateTime", json!("9999-12-31T23:59:59Z"), "'expirationDateTime' can only be 42300 minutes"),
        ("clientState", json!("ä".repeat(129)), "The parameter 'clientState' is too long."),
        ("clientState", json!("a\0b"), "'clientState' has an invalid character."),
        ("clientState", json!({}), "'clientState' has the wrong type or value."),
        ("includeResourceData", json!(true), "'includeResourceData' is not supported"),
    ];
    for (name, value, why) in cases {
        let refused = ann.subscribe(with(name, value.clone())).await;
        let refused = refused.expect(400).json();
        assert_eq!(refused["error"]["code"], "invalidRequest", "{name}: {value}");
        assert!(refused["error"]["message"].as_str().unwrap().contains(why), "{name} {value}: {refused}");
    }
    for body in ["", "[]", "{", "7"] {
        let request = ann.request("POST", "/v1.0/subscriptions").body(body);
        server.send(request).await.expect(400);
    }
    assert_eq!(receiver.count(), 0);
    // as far as each may go
    ann.subscribe(with("clientState", json!("ä".repeat(128)))).await.expect(201);
    ann.subscribe(with("expirationDateTime", json!("2026-04-02T14:06:07Z"))).await.expect(201);
    ann.subscribe(with("changeType", json!("Updated"))).await.expect(201);
    let without = ann.subscribe(with("clientState", json!(null))).await.expect(201).json();
    assert_eq!(without["clientState"], Value::Null);
}

#[tokio::test]
async fn what_is_watched_is_a_root_by_any_address() {
    let (server, receiver) = notified().await;
    let (world, vault) = (&server.world, &server.vault);
    let own = world::personal(vault, &world.ann).await;
    let (ann, robot) = (server.graph(&world.ann), server.graph(&world.robot));
    let about = |resource: &str| {
        let mut body = server.wanted(&receiver.url("/hook"));
        body["resource"] = resource.into();
        body
    };
    let (drive, host) = (&world.library.graph_id, server.address.ip());
    let site = format!("{host},{id},{id}", id = world.library.graph_site_id);
    for resource in [
        "/me/drive/root".to_owned(),
        "me/drive/root".to_owned(),
        "/v1.0/me/drive/root".to_owned(),
        server.url("/beta/me/drive/root"),
        format!("/users/{}/drive/root", world.ann.person.graph_id),
        "/users/ann@example.com/drive/root".to_owned(),
        format!("/sites/{site}/drive/root"),
        format!("/drives/{drive}/root"),
        format!("drives/{}/root/", drive.replace('!', "%21")),
        format!("/me/drives/{drive}/root"),
        format!("/drives/{}/root", own.graph_id),
    ] {
        let made = ann.subscribe(about(&resource)).await.expect(201).json();
        assert_eq!(made["resource"], resource);
    }
    // an application has no drive of its own, and reaches everybody's
    for mine in ["/me/drive/root", "/drive/root"] {
        assert_eq!(robot.subscribe(about(mine)).await.expect(400).json()["error"]["code"], "BadRequest");
    }
    let made = robot.subscribe(about(&format!("/drives/{}/root", own.graph_id))).await.expect(201).json();
    assert_eq!((&made["applicationId"], &made["creatorId"]), (&json!("robot"), &json!(world.robot.person.graph_id)));
    // what is not there, and what is not there for the caller, look alike
    let bob = server.graph(&world.bob);
    let asked = receiver.count();
    for hidden in [format!("/drives/{}/root", own.graph_id), "/drives/b!nothing/root".to_owned()] {
        let mut refused = bob.subscribe(about(&hidden)).await.expect(404).json();
        refused["error"]["innerError"] = json!(null);
        assert_eq!(
            refused,
            json!({"error": {"code": "itemNotFound", "message": "The resource could not be found.", "innerError": null}})
        );
    }
    for nobody in ["/users/nobody/drive/root", "/groups/nobody/drive/root", "/sites/nobody/drive/root"] {
        bob.subscribe(about(nobody)).await.expect(404);
    }
    server.graph(&world.eve).subscribe(server.wanted(&receiver.url("/hook"))).await.expect(404);
    assert_eq!(receiver.count(), asked, "nobody is asked for those");
}

#[tokio::test]
async fn hosts_that_are_not_listed_are_never_called() {
    let receiver = Receiver::start().await;
    let port = receiver.address.port();
    // nobody is listed at first; then others are
    let listed = ["", "http://127.0.0.1:1", "hooks.example.com,http://localhost:1"];
    for hosts in listed {
        let server = Server::start_with(&[("graph.notification_hosts", hosts)]).await;
        let ann = server.graph(&server.world.ann);
        let refused = ann.subscribe(server.wanted(&receiver.url("/hook"))).await.expect(403).json();
        assert_eq!(refused["error"]["code"], "accessDenied");
        let message = refused["error"]["message"].as_str().unwrap();
        assert!(message.contains("'graph.notification_hosts'"), "{message}");
    }
    let server = Server::start_with(&[("graph.notification_hosts", &format!("127.0.0.1:{port}"))]).await;
    let ann = server.graph(&server.world.ann);
    let refused = ann.subscribe(server.wanted(&receiver.url("/hook"))).await.expect(400).json();
    assert!(refused["error"]["message"].as_str().unwrap().contains("must begin with 'https://'"), "{refused}");
    for other in
        [format!("http://localhost:{port}/"), format!("http://127.0.0.2:{port}/"), "https://127.0.0.1/".to_owned()]
    {
        ann.subscribe(server.wanted(&other)).await.expect(403);
    }
    assert_eq!(receiver.count(), 0);
}

#[tokio::test]
async fn a_name_is_called_where_it_may_lead() {
    let receiver = Receiver::start().await;
    let port = receiver.address.port();
    let by_name = format!("http://localhost:{port}");
    let server = Server::start_with(&[("graph.notification_hosts", &by_name)]).await;
    let ann = server.graph(&server.world.ann);
    ann.subscribe(server.wanted(&format!("{by_name}/hook"))).await.expect(201);
    assert_eq!(receiver.count(), 1);
}

#[tokio::test]
async fn others_subscriptions_are_not_there() {
    let (server, receiver) = notified().await;
    let (vault, world) = (&server.vault, &server.world);
    server.client("desk", true).await;
    let desk = server.signed_in("Files.ReadWrite.All").await.json();
    let (ann, bob) = (server.graph(&world.ann), server.graph(&world.bob));
    let through_desk = server.graph_with(desk["access_token"].as_str().unwrap());
    let path = ann.subscribed(&receiver).await;
    let other = server.graph_with(&world::token(vault, world.ann.person.id, &["Files.ReadWrite"]).await);
    assert_eq!(other.get(&path).await.expect(200).json()["applicationId"], world.ann.person.graph_id.to_string());
    for stranger in [&bob, &through_desk, &server.graph(&world.robot), &server.graph(&world.dora)] {
        assert_eq!(stranger.get("/v1.0/subscriptions").await.expect(200).json()["value"], json!([]));
        stranger.get(&path).await.expect(404);
        stranger.patch(&path, json!({"expirationDateTime": "2026-03-30T00:00:00Z"})).await.expect(404);
        stranger.patch(&path, json!({"notificationUrl": receiver.url("/mine")})).await.expect(404);
        stranger.delete(&path).await.expect(404);
    }
    assert_eq!(receiver.count(), 1);
    assert_eq!(ann.get(&path).await.expect(200).json()["expirationDateTime"], END);
    let of_desk = through_desk.subscribed(&receiver).await;
    assert_eq!(through_desk.get(&of_desk).await.expect(200).json()["applicationId"], "desk");
    ann.get(&of_desk).await.expect(404);
    for nothing in ["x", "00000000-0000-0000-0000-000000000000", "%27", "a%2Fb"] {
        ann.get(&format!("/v1.0/subscriptions/{nothing}")).await.expect(404);
        ann.delete(&format!("/v1.0/subscriptions/{nothing}")).await.expect(404);
    }
    server.send(server.get("/v1.0/subscriptions")).await.expect(401);
    server.send(ann.request("PUT", &path)).await.expect(405);
}

#[tokio::test]
async fn what_an_application_subscribed_to_ends_when_it_may_do_other_things() {
    let (server, receiver) = notified().await;
    let (desk, secret) = server.client("desk", false).await;
    let form = [("grant_type", "client_credentials"), ("client_id", "desk"), ("client_secret", &*secret)];
    let itself = server.ask(&[&form[..], &[("scope", ".default")]].concat()).await.expect(200).json();
    let password = [("grant_type", "password"), ("username", "ann@example.com"), ("password", PASSWORD)];
    let scope = [("scope", "Files.ReadWrite.All")];
    let for_ann = server.ask(&[&form[1..], &password[..], &scope[..]].concat()).await.expect(200).json();
    let [itself, for_ann] = [itself, for_ann].map(|granted| granted["access_token"].as_str().unwrap().to_owned());
    let (itself, for_ann) = (server.graph_with(&itself), server.graph_with(&for_ann));
    let (own, anns) = (itself.subscribed(&receiver).await, for_ann.subscribed(&receiver).await);

    let with = |roles: &[&str]| NewApplication {
        client_id: "desk".to_owned(),
        name: "Desk & Co".to_owned(),
        roles: roles.iter().map(|role| (*role).to_owned()).collect(),
    };
    server.vault.put_application(&with(&["Files.ReadWrite.All"])).await.unwrap();
    itself.get(&own).await.expect(200);
    server.vault.put_application(&with(&[])).await.unwrap();
    itself.get(&own).await.expect(404);
    for_ann.get(&anns).await.expect(200);
    let mut sign_in =
        server.vault.applications().await.unwrap().into_iter().find(|it| it.person.id == desk.id).unwrap().sign_in;
    server.vault.put_sign_in(desk.id, &sign_in).await.unwrap();
    for_ann.get(&anns).await.expect(200);
    sign_in.delegated.clear();
    server.vault.put_sign_in(desk.id, &sign_in).await.unwrap();
    for_ann.get(&anns).await.expect(404);
}

#[tokio::test]
async fn an_end_that_cannot_be_is_refused_before_anybody_is_asked() {
    let (server, receiver) = notified().await;
    let ann = server.graph(&server.world.ann);
    let path = ann.subscribed(&receiver).await;
    let asked = receiver.count();
    let past = json!({"expirationDateTime": "2001-01-01T00:00:00Z", "notificationUrl": receiver.url("/elsewhere")});
    ann.patch(&path, past).await.expect(400);
    assert_eq!(receiver.count(), asked);
    ann.patch(&path, json!({"expirationDateTime": END, "changeType": "Updated"})).await.expect(200);
    ann.patch(&path, json!({"expirationDateTime": END, "changeType": "deleted"})).await.expect(400);
}

#[tokio::test]
async fn a_token_subscribes_as_far_as_it_reaches() {
    let (server, receiver) = notified().await;
    let (vault, world) = (&server.vault, &server.world);
    world::personal(vault, &world.dora).await;
    let mine = {
        let mut body = server.wanted(&receiver.url("/hook"));
        body["resource"] = "/users/dora/drive/root".into();
        body
    };
    // Dora reaches the others' library as an administrator: scope, own drive, theirs, list
    let table = [
        ("Files.Read", 403, 403, 403),
        ("Files.Read.All", 403, 403, 403),
        ("Sites.ReadWrite.All", 403, 403, 403),
        ("Files.ReadWrite", 201, 403, 200),
        ("Files.ReadWrite.All", 201, 201, 200),
    ];
    for (scope, own, theirs, list) in table {
        let client = server.graph_with(&world::token(vault, world.dora.person.id, &[scope]).await);
        client.subscribe(mine.clone()).await.expect(own);
        client.subscribe(server.wanted(&receiver.url("/hook"))).await.expect(theirs);
        client.get("/v1.0/subscriptions").await.expect(list);
    }
    for (role, status) in [("Files.ReadWrite", 403), ("Files.Read.All", 403), ("Files.ReadWrite.All", 201)] {
        let client = server.graph_with(&world::token(vault, world.robot.person.id, &[role]).await);
        client.subscribe(server.wanted(&receiver.url("/hook"))).await.expect(status);
    }
}

#[tokio::test]
async fn only_its_end_and_its_address_can_be_changed() {
    let (server, receiver) = notified().await;
    let ann = server.graph(&server.world.ann);
    let path = ann.subscribed(&receiver).await;
    for (body, why) in [
        (json!({}), "'expirationDateTime' must be given."),
        (json!({"expirationDateTime": "2026-03-04T05:06:07Z"}), "must be in the future."),
        (json!({"expirationDateTime": "2026-04-02T14:06:08Z"}), "can only be 42300 minutes"),
        (json!({"expirationDateTime": "soon"}), "'expirationDateTime' has the wrong type or value."),
        (
            json!({"expirationDateTime": END, "clientState": "other"}),
            "'clientState' of a subscription cannot be changed.",
        ),
        (
            json!({"expirationDateTime": END, "resource": "/me/drive/root"}),
            "'resource' of a subscription cannot be changed.",
        ),
        (
            json!({"expirationDateTime": END, "changeType": "deleted"}),
            "'changeType' of a subscription cannot be changed.",
        ),
        (json!({"notificationUrl": "x"}), "'notificationUrl' is not an absolute URL."),
    ] {
        let refused = ann.patch(&path, body.clone()).await.expect(400).json();
        assert!(refused["error"]["message"].as_str().unwrap().contains(why), "{body}: {refused}");
    }
    ann.patch(&path, json!({"notificationUrl": "https://elsewhere.example/"})).await.expect(403);
    assert_eq!(receiver.count(), 1);
    // a client may send back what it was given
    let mut whole = server.wanted(&receiver.url("/hook"));
    whole["expirationDateTime"] = "2026-03-05T00:00:00Z".into();
    let changed = ann.patch(&path, whole).await.expect(200).json();
    assert_eq!(changed["expirationDateTime"], "2026-03-05T00:00:00Z");
    assert_eq!(receiver.count(), 1);
}

#[tokio::test]
async fn what_has_ended_is_gone_at_once_and_swept_later() {
    let (server, receiver) = notified().await;
    let ann = server.graph(&server.world.ann);
    let path = ann.subscribed(&receiver).await;
    let mut short = server.wanted(&receiver.url("/short"));
    short["expirationDateTime"] = "2026-03-04T05:16:07Z".into();
    let id = ann.subscribe(short).await.expect(201).json()["id"].as_str().unwrap().to_owned();
    let ended = format!("/v1.0/subscriptions/{id}");
    server.advance(Duration::seconds(599));
    ann.get(&ended).await.expect(200);
    server.advance(Duration::seconds(1));
    ann.get(&ended).await.expect(404);
    ann.patch(&ended, json!({"expirationDateTime": END})).await.expect(404);
    ann.delete(&ended).await.expect(404);
    assert_eq!(ann.get("/v1.0/subscriptions").await.json()["value"].as_array().unwrap().len(), 1);

    let mut db = PgConnection::connect(&server.database.url).await.unwrap();
    let mut rows =
        async || sqlx::query_scalar::<_, i64>("SELECT count(*) FROM subscriptions").fetch_one(&mut db).await.unwrap();
    assert_eq!(rows().await, 2);
    server.vault.sweep().await.unwrap();
    assert_eq!(rows().await, 1);
    ann.get(&path).await.expect(200);
}

#[tokio::test]
async fn somebody_has_so_many_and_sees_them_page_by_page() {
    let (server, receiver) = notified().await;
    let ann = server.graph(&server.world.ann);
    for place in 0..100 {
        ann.subscribe(server.wanted(&receiver.url(&format!("/{place}")))).await.expect(201);
    }
    let asked = receiver.count();
    let refused = ann.subscribe(server.wanted(&receiver.url("/more"))).await.expect(403).json();
    assert_eq!(refused["error"]["code"], "accessDenied");
    assert_eq!(refused["error"]["message"], "There are too many subscriptions; delete some.");
    assert_eq!(receiver.count(), asked);
    server.graph(&server.world.bob).subscribed(&receiver).await;

    let mut path = "/v1.0/subscriptions?$top=30&$count=true".to_owned();
    let mut seen = Vec::new();
    loop {
        let page = ann.get(&path).await.expect(200).json();
        assert_eq!(page["@odata.count"], 100);
        seen.extend(page["value"].as_array().unwrap().iter().map(|one| one["notificationUrl"].clone()));
        let Some(next) = page["@odata.nextLink"].as_str() else { break };
        path = next.replace(&server.url(""), "");
    }
    let made: Vec<Value> = (0..100).map(|place| receiver.url(&format!("/{place}")).into()).collect();
    assert_eq!(seen, made, "in the order they were made");
    ann.get("/v1.0/subscriptions?$top=x").await.expect(400);
    ann.get("/v1.0/subscriptions?$skiptoken=x").await.expect(400);

    let first = ann.get("/v1.0/subscriptions?$top=1").await.json()["value"][0]["id"].as_str().unwrap().to_owned();
    ann.delete(&format!("/v1.0/subscriptions/{first}")).await.expect(204);
    ann.subscribed(&receiver).await;
}

#[tokio::test]
async fn a_batch_subscribes_with_the_token_of_the_whole() {
    let (server, receiver) = notified().await;
    let ann = server.graph(&server.world.ann);
    let wanted = server.wanted(&receiver.url("/hook"));
    let headers = json!({"content-type": "application/json"});
    let batch = json!({"requests": [
        {"id": "1", "method": "POST", "url": "/subscriptions", "headers": headers, "body": wanted},
        {"id": "2", "method": "GET", "url": "/subscriptions", "dependsOn": ["1"]},
    ]});
    let answer = ann.post_json("/v1.0/$batch", batch).await.expect(200).json();
    let mut parts = answer["responses"].as_array().unwrap().clone();
    parts.sort_by_key(|part| part["id"].to_string());
    assert_eq!((&parts[0]["status"], &parts[1]["status"]), (&json!(201), &json!(200)), "{answer}");
    assert_eq!(parts[1]["body"]["value"][0]["id"], parts[0]["body"]["id"]);
}
