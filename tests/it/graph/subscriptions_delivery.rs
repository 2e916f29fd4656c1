//! What subscribers are told (spec/graph.md 13): every change that they see, at least once, by whichever node has it; and
//! nothing to who may not see it any more.

use std::{path::Path, time::SystemTime};

use chrono::Duration;
use coatcheck::{
    domain::{
        actor::{Level, Role},
        clock::Clock,
        id::{CategoryId, ItemKey},
        item::Change,
    },
    embedded,
    run::relay::Turn,
    vault::{PasswordChange, UserChange, setup::CategoryEntry},
};
use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use serde_json::{Value, json};
use sqlx::{Connection, PgConnection};

use crate::support::{
    acts::{CLIENTS, Clients, Outcome},
    answer::Answer,
    database::DurableFolder,
    process::Process,
    receiver::{END, Manner, Receiver, notified, relay_of},
    server::{self, Server},
    sign_in::text,
    world::{self, World},
};

const TOLD: Turn = Turn { told: 1, silent: 0, failed: 0 };
const SILENT: Turn = Turn { told: 0, silent: 1, failed: 0 };
const FAILED: Turn = Turn { told: 0, silent: 0, failed: 1 };
const NOTHING: Turn = Turn { told: 0, silent: 0, failed: 0 };

/// Ann makes another version of the world's file.
async fn change(server: &Server, text: &str) {
    server.graph(&server.world.ann).put(&format!("{}/content", server.plan()), text).await.expect(200);
}

#[tokio::test]
async fn a_change_by_any_door_is_told_once() {
    let (server, mut receiver) = notified().await;
    let (world, relay) = (&server.world, server.relay());
    server.graph(&world.bob).subscribed(&receiver).await;
    assert_eq!(relay.turn().await.unwrap(), NOTHING, "what happened before is no news");
    let clients = Clients::new(&server);
    for client in CLIENTS {
        assert_eq!(clients.check_out(client, &world.ann, &world.file).await, Outcome::Done);
        assert_eq!(relay.turn().await.unwrap(), TOLD, "{client:?}");
        assert_eq!(relay.turn().await.unwrap(), NOTHING, "{client:?}");
        assert_eq!(clients.cancel(client, &world.ann, &world.file).await, Outcome::Done);
        assert_eq!(relay.turn().await.unwrap(), TOLD, "{client:?}");
        assert_eq!(receiver.notifications().len(), 2);
    }
}

#[tokio::test]
async fn a_notification_says_whose_it_is_and_that_it_is_ours() {
    let (server, mut receiver) = notified().await;
    server.client("desk", true).await;
    let tenant = server.config.graph.tenant_id.to_string();
    let signed_in = server.signed_in("Files.ReadWrite.All").await;
    let clients = [
        (server.graph_with(&text(&signed_in, "access_token")), "desk".to_owned()),
        (server.graph(&server.world.robot), "robot".to_owned()),
        (server.graph(&server.world.vic), server.world.vic.person.graph_id.to_string()),
    ];
    let (other, _) = server.another_node().await;
    for (client, audience) in clients {
        let path = client.subscribed(&receiver).await;
        change(&server, &audience).await;
        assert_eq!(server.relay().turn().await.unwrap(), TOLD);
        let heard = receiver.notifications().remove(0);
        assert_eq!((heard.method.as_str(), heard.target.as_str()), ("POST", "/hook"));
        assert_eq!(heard.content_type, "application/json; charset=utf-8");
        let mut said = heard.json();
        let tokens = said["validationTokens"].take();
        let id = path.rsplit('/').next().unwrap();
        let resource = format!("/drives/{}/root", server.world.library.graph_id);
        assert_eq!(
            said,
            json!({
                "value": [{
                    "subscriptionId": id,
                    "subscriptionExpirationDateTime": END,
                    "changeType": "updated",
                    "resource": resource,
                    "clientState": "known to us only",
                    "tenantId": tenant,
                }],
                "validationTokens": null,
            })
        );
        // anybody can check it with the published key, on any node
        let token = tokens[0].as_str().unwrap();
        let keys = server.http.get(format!("http://{other}/common/discovery/v2.0/keys"));
        let keys = server.send(keys).await.expect(200).json();
        let component = |name: &str| keys["keys"][0][name].as_str().unwrap();
        let key = DecodingKey::from_rsa_components(component("n"), component("e")).unwrap();
        let mut validation = Validation::new(Algorithm::RS256);
        validation.set_audience(&[&audience]);
        // the clock stands still
        validation.validate_exp = false;
        validation.validate_nbf = false;
        let now = server.clock.instead().unwrap().timestamp();
        let claims = jsonwebtoken::decode::<Value>(token, &key, &validation).unwrap().claims;
        let sender = "0bf30f3b-4a52-48df-9a82-234910c0a086";
        assert_eq!(
            claims,
            json!({
                "aud": audience, "iss": format!("http://{}/{tenant}/v2.0", server.address), "iat": now, "nbf": now,
                "exp": now + 3600, "tid": tenant, "sub": sender, "azp": sender, "ver": "2.0",
            })
        );
        validation.set_audience(&["somebody else"]);
        assert!(jsonwebtoken::decode::<Value>(token, &key, &validation).is_err());
        // it proves where it comes from, and opens nothing here
        server.graph_with(token).get("/v1.0/me").await.expect(401);
        client.delete(&path).await.expect(204);
    }
}

#[tokio::test]
async fn many_changes_at_once_are_one_notification_and_what_happens_elsewhere_is_none() {
    let (server, mut receiver) = notified().await;
    let (world, relay, drive) = (&server.world, server.relay(), server.drive());
    let ann = server.graph(&world.ann);
    server.graph(&world.bob).subscribed(&receiver).await;
    for place in 0..5 {
        ann.put(&format!("{drive}/root:/{place}.txt:/content"), "x").await.expect(201);
    }
    assert_eq!(relay.turn().await.unwrap(), TOLD);
    assert_eq!(receiver.notifications().len(), 1);
    // in another library
    world::personal(&server.vault, &world.ann).await;
    ann.put("/v1.0/me/drive/root:/own.txt:/content", "x").await.expect(201);
    assert_eq!(relay.turn().await.unwrap(), NOTHING);
    // what a holder saves shows to nobody else
    ann.post(&format!("{}/checkout", server.plan())).await.expect(204);
    assert_eq!(relay.turn().await.unwrap(), TOLD);
    change(&server, "not checked in").await;
    assert_eq!(relay.turn().await.unwrap(), SILENT);
    assert_eq!(relay.turn().await.unwrap(), NOTHING, "and nobody looks twice");
    ann.post_json(&format!("{}/checkin", server.plan()), json!({})).await.expect(204);
    ann.delete(&server.plan()).await.expect(204);
    assert_eq!(relay.turn().await.unwrap(), TOLD);
    assert_eq!(receiver.notifications().len(), 2);
}

#[tokio::test]
async fn a_lock_that_lapses_is_told_although_nobody_does_anything() {
    let (server, receiver) = notified().await;
    let (ann, relay) = (server.graph(&server.world.ann), server.relay());
    server.graph(&server.world.bob).subscribed(&receiver).await;
    let plan = server.plan().replace("/v1.0", "/beta");
    ann.post_json(&format!("{plan}/lock"), json!({"durationMinutes": 1})).await.expect(200);
    assert_eq!(relay.turn().await.unwrap(), TOLD);
    server.advance(Duration::seconds(59));
    assert_eq!(relay.turn().await.unwrap(), NOTHING);
    server.advance(Duration::seconds(1));
    assert_eq!(relay.turn().await.unwrap(), TOLD);
    assert_eq!(relay.turn().await.unwrap(), NOTHING);
}

#[tokio::test]
async fn what_could_not_be_told_is_told_later_and_given_up_after_four_hours() {
    let (server, mut receiver) = notified().await;
    let relay = server.relay();
    server.graph(&server.world.bob).subscribed(&receiver).await;
    receiver.takes(Manner::Status(500));
    change(&server, "second").await;
    let mut waited = 0;
    for (wait, manner) in
        [(10, Manner::Status(410)), (20, Manner::Status(404)), (40, Manner::Elsewhere), (80, Manner::Good)]
    {
        assert_eq!(relay.turn().await.unwrap(), FAILED, "after {waited} s");
        change(&server, &format!("while {waited}")).await;
        receiver.takes(manner);
        server.advance(Duration::seconds(wait - 1));
        assert_eq!(relay.turn().await.unwrap(), NOTHING, "before its time, also when more happens");
        server.advance(Duration::seconds(1));
        waited += wait;
    }
    assert_eq!(relay.turn().await.unwrap(), TOLD);
    assert_eq!(relay.turn().await.unwrap(), NOTHING, "with all that came meanwhile");
    assert_eq!(receiver.notifications().len(), 5, "once each time, and nobody was sent elsewhere");

    // it begins anew with the next
    receiver.takes(Manner::Status(503));
    change(&server, "third").await;
    let (begun, mut tries) = (server.clock.instead().unwrap(), 0);
    while server.clock.instead().unwrap() - begun <= Duration::hours(5) {
        tries += usize::from(relay.turn().await.unwrap() == FAILED);
        server.advance(Duration::minutes(1));
    }
    assert!((10..20).contains(&tries), "{tries}");
    receiver.takes(Manner::Good);
    server.advance(Duration::hours(1));
    assert_eq!(relay.turn().await.unwrap(), NOTHING, "it was dropped");
    change(&server, "fourth").await;
    assert_eq!(relay.turn().await.unwrap(), TOLD, "and what happens from now on is told");
}

#[tokio::test]
async fn who_is_called_elsewhere_is_called_there_at_once() {
    let (server, mut receiver) = notified().await;
    let (bob, relay) = (server.graph(&server.world.bob), server.relay());
    let path = bob.subscribed(&receiver).await;
    receiver.takes(Manner::Status(500));
    change(&server, "second").await;
    assert_eq!(relay.turn().await.unwrap(), FAILED);
    receiver.takes(Manner::Good);
    bob.patch(&path, json!({"notificationUrl": receiver.url("/other?x=y")})).await.expect(200);
    receiver.notifications();
    assert_eq!(relay.turn().await.unwrap(), TOLD);
    assert_eq!(receiver.notifications()[0].target, "/other?x=y");
    // a renewal alone changes nothing of that
    receiver.takes(Manner::Status(500));
    change(&server, "third").await;
    assert_eq!(relay.turn().await.unwrap(), FAILED);
    bob.patch(&path, json!({"expirationDateTime": "2026-03-21T00:00:00Z"})).await.expect(200);
    assert_eq!(relay.turn().await.unwrap(), NOTHING);
    server.advance(Duration::seconds(10));
    receiver.takes(Manner::Good);
    receiver.notifications();
    assert_eq!(relay.turn().await.unwrap(), TOLD);
    assert_eq!(
        receiver.notifications()[0].json()["value"][0]["subscriptionExpirationDateTime"],
        "2026-03-21T00:00:00Z"
    );
}

#[tokio::test]
async fn nobody_is_told_twice_by_two_nodes() {
    let (server, mut receiver) = notified().await;
    let bob = server.graph(&server.world.bob);
    let (_, second) = server.another_node().await;
    let (one, other) = (server.relay(), relay_of(&second, &server.config));
    for _ in 0..40 {
        bob.subscribed(&receiver).await;
    }
    for round in 0..3 {
        change(&server, &format!("round {round}")).await;
        let mut told = 0;
        loop {
            let (here, there) = tokio::join!(one.turn(), other.turn());
            let (here, there) = (here.unwrap(), there.unwrap());
            assert_eq!(here.failed + there.failed, 0);
            if here.told + there.told == 0 {
                break;
            }
            told += here.told + there.told;
        }
        assert_eq!(told, 40);
        let mut heard: Vec<String> =
            receiver.notifications().iter().map(|one| one.json()["value"][0]["subscriptionId"].to_string()).collect();
        heard.sort();
        heard.dedup();
        assert_eq!(heard.len(), 40);
    }
}

#[tokio::test]
async fn what_a_dead_node_was_telling_is_told_by_another() {
    let (server, mut receiver) = notified().await;
    server.graph(&server.world.bob).subscribed(&receiver).await;
    let (_, second) = server.another_node().await;
    let other = relay_of(&second, &server.config);
    receiver.takes(Manner::Silent);
    change(&server, "second").await;
    let relay = server.relay();
    let dying = tokio::spawn(async move { relay.turn().await });
    receiver.notification().await;
    dying.abort();
    assert!(dying.await.unwrap_err().is_cancelled());
    receiver.takes(Manner::Good);
    server.advance(Duration::seconds(49));
    assert_eq!(other.turn().await.unwrap(), NOTHING, "the dead one has it still");
    server.advance(Duration::seconds(1));
    assert_eq!(other.turn().await.unwrap(), TOLD);
    assert_eq!(receiver.notifications().len(), 1);
    assert_eq!(server.relay().turn().await.unwrap(), NOTHING);
}

#[tokio::test]
async fn a_node_that_comes_too_late_notes_nothing() {
    let (server, receiver) = notified().await;
    server.graph(&server.world.bob).subscribed(&receiver).await;
    change(&server, "second").await;
    server.vault.settle().await.unwrap();
    let lease = Duration::seconds(10);
    let late = server.vault.claim_notices(10, lease).await.unwrap()[0];
    assert!(server.vault.claim_notices(10, lease).await.unwrap().is_empty());
    server.advance(lease);
    let second = server.vault.claim_notices(10, lease).await.unwrap()[0];
    assert!(server.vault.notice(late).await.unwrap().is_none(), "it is somebody else's");
    server.vault.told(late).await.unwrap();
    assert!(!server.vault.not_told(late).await.unwrap());
    assert!(server.vault.notice(second).await.unwrap().is_some(), "and still to be told");
    // what is committed while somebody is told is told next
    change(&server, "third").await;
    server.vault.told(second).await.unwrap();
    assert_eq!(server.relay().turn().await.unwrap(), TOLD);
}

#[tokio::test]
async fn who_may_not_see_the_drive_any_more_is_told_nothing() {
    let (server, mut receiver) = notified().await;
    let (vault, world, relay) = (&server.vault, &server.world, server.relay());
    server.graph(&world.bob).subscribed(&receiver).await;
    let bob = world.bob.person.id;
    // away from the library, and back
    assert!(vault.revoke(world.library.root, bob).await.unwrap());
    change(&server, "second").await;
    assert_eq!(relay.turn().await.unwrap(), SILENT);
    vault.grant(world.library.root, bob, Role::Viewer, None).await.unwrap();
    assert_eq!(relay.turn().await.unwrap(), NOTHING, "what happened meanwhile is not told");
    change(&server, "third").await;
    assert_eq!(relay.turn().await.unwrap(), TOLD);
    // switched off, and on
    vault.update_user(bob, UserChange { disabled: Some(true), ..UserChange::default() }).await.unwrap();
    change(&server, "fourth").await;
    assert_eq!(relay.turn().await.unwrap(), SILENT);
    vault.update_user(bob, UserChange { disabled: Some(false), ..UserChange::default() }).await.unwrap();
    change(&server, "fifth").await;
    assert_eq!(relay.turn().await.unwrap(), TOLD);
    assert_eq!(receiver.notifications().len(), 2);
}

/// A category that only Ann sees files of.
async fn secret(server: &Server) -> CategoryId {
    let mut change = server.vault.set_up().await.unwrap();
    let entry = CategoryEntry { default_level: Some(Level::None), ..CategoryEntry::default() };
    let secret = change.put_category(&["Secret"], &entry).await.unwrap().0.id;
    change.put_level(secret, server.world.ann.person.id, Level::Full).await.unwrap();
    change.commit().await.unwrap();
    secret
}

#[tokio::test]
async fn not_even_that_something_happened_is_told_to_who_does_not_see_it() {
    let (server, receiver) = notified().await;
    let secret = secret(&server).await;
    let (world, relay, drive) = (&server.world, server.relay(), server.drive());
    let ann = server.graph(&world.ann);
    let made = ann.put(&format!("{drive}/root:/hidden.txt:/content"), "x").await.expect(201).json();
    let hidden = made["id"].as_str().unwrap();
    let actor = world::actor(&server.vault, &world.ann).await;
    let look = server.vault.look(&actor, &ItemKey::Graph(hidden.to_owned())).await.unwrap();
    server.vault.update(&actor, &look, Change { category: Some(secret), ..Change::default() }).await.unwrap();
    server.graph(&world.bob).subscribed(&receiver).await;
    ann.put(&format!("{drive}/items/{hidden}/content"), "y").await.expect(200);
    assert_eq!(relay.turn().await.unwrap(), SILENT);
    ann.delete(&format!("{drive}/items/{hidden}")).await.expect(204);
    assert_eq!(relay.turn().await.unwrap(), SILENT);
    ann.subscribed(&receiver).await;
    ann.put(&format!("{drive}/root:/{}", "seen.txt:/content"), "x").await.expect(201);
    assert_eq!(relay.turn().await.unwrap(), Turn { told: 2, silent: 0, failed: 0 });
}

async fn rows(server: &Server) -> i64 {
    let mut db = PgConnection::connect(&server.database.url).await.unwrap();
    sqlx::query_scalar("SELECT count(*) FROM subscriptions").fetch_one(&mut db).await.unwrap()
}

#[tokio::test]
async fn a_subscription_ends_with_the_token_it_was_made_or_renewed_with() {
    let (server, mut receiver) = notified().await;
    let (vault, world, relay) = (&server.vault, &server.world, server.relay());
    let bobs = async |label: &str| {
        let new = coatcheck::vault::NewToken {
            principal: world.bob.person.id,
            scopes: vec!["Files.ReadWrite.All".to_owned()],
            label: label.to_owned(),
            expires_at: None,
        };
        vault.create_token(new).await.unwrap()
    };
    let [(first, text), (second, other), (_, third)] = [bobs("1").await, bobs("2").await, bobs("3").await];
    let path = server.graph_with(&text).subscribed(&receiver).await;
    server.graph_with(&third).subscribed(&receiver).await;
    // it belongs to the one it was renewed with
    server.graph_with(&other).patch(&path, json!({"expirationDateTime": END})).await.expect(200);
    vault.revoke_token(first).await.unwrap();
    change(&server, "second").await;
    assert_eq!(relay.turn().await.unwrap(), Turn { told: 2, silent: 0, failed: 0 });
    receiver.notifications();
    vault.revoke_token(second).await.unwrap();
    assert_eq!(rows(&server).await, 1);
    change(&server, "third").await;
    assert_eq!(relay.turn().await.unwrap(), TOLD);
    server.graph_with(&third).get(&path).await.expect(404);
}

#[tokio::test]
async fn a_subscription_outlives_an_access_token_and_ends_with_the_sign_in() {
    let (server, receiver) = notified().await;
    let (vault, ann, relay) = (&server.vault, server.world.ann.person.id, server.relay());
    let (application, _) = server.client("desk", true).await;
    let subscribe = async || {
        let signed_in = server.signed_in("Files.ReadWrite.All offline_access").await;
        let token = text(&signed_in, "access_token");
        server.graph_with(&token).subscribed(&receiver).await;
        token
    };
    let token = subscribe().await;
    server.advance(Duration::minutes(61));
    assert!(!server.counts(&token).await, "the token has had its time");
    change(&server, "second").await;
    assert_eq!(relay.turn().await.unwrap(), TOLD);
    vault.sweep().await.unwrap();
    change(&server, "third").await;
    assert_eq!(relay.turn().await.unwrap(), TOLD);

    for round in ["grants", "password", "disabled", "application"] {
        if round != "grants" {
            subscribe().await;
        }
        assert_eq!(rows(&server).await, 1, "{round}");
        match round {
            "grants" => assert_eq!(vault.end_grants(application.id, Some(ann)).await.unwrap(), 1),
            "password" => {
                let password = Some(PasswordChange::Set(world::PASSWORD.to_owned()));
                vault.update_user(ann, UserChange { password, ..UserChange::default() }).await.unwrap();
            }
            "disabled" => {
                for disabled in [true, false] {
                    let change = UserChange { disabled: Some(disabled), ..UserChange::default() };
                    vault.update_user(ann, change).await.unwrap();
                }
            }
            _ => assert_eq!(vault.end_grants(application.id, None).await.unwrap(), 1),
        }
        assert_eq!(rows(&server).await, 0, "{round}");
        change(&server, round).await;
        assert_eq!(relay.turn().await.unwrap(), NOTHING, "{round}");
    }
}

#[tokio::test]
async fn what_has_ended_tells_nothing() {
    let (server, receiver) = notified().await;
    let (bob, relay) = (server.graph(&server.world.bob), server.relay());
    let path = bob.subscribed(&receiver).await;
    change(&server, "second").await;
    bob.delete(&path).await.expect(204);
    assert_eq!(relay.turn().await.unwrap(), NOTHING);
    let mut short = server.wanted(&receiver.url("/hook"));
    short["expirationDateTime"] = "2026-03-04T05:16:07Z".into();
    bob.subscribe(short).await.expect(201);
    change(&server, "third").await;
    server.advance(Duration::minutes(10));
    assert_eq!(relay.turn().await.unwrap(), NOTHING);
    // ended while somebody is about to tell
    bob.subscribed(&receiver).await;
    change(&server, "fourth").await;
    server.vault.settle().await.unwrap();
    let errand = server.vault.claim_notices(10, Duration::seconds(10)).await.unwrap()[0];
    let all = bob.get("/v1.0/subscriptions").await.json();
    bob.delete(&format!("/v1.0/subscriptions/{}", all["value"][0]["id"].as_str().unwrap())).await.expect(204);
    assert!(server.vault.notice(errand).await.unwrap().is_none());
    assert_eq!(receiver.count(), 3, "its validations are all that came");
}

#[tokio::test]
async fn a_host_that_is_not_listed_any_more_is_not_called() {
    let (server, receiver) = notified().await;
    server.graph(&server.world.bob).subscribed(&receiver).await;
    change(&server, "second").await;
    let relay = relay_of(&server.vault, &server::config(&[]));
    let before = receiver.count();
    assert_eq!(relay.turn().await.unwrap(), SILENT);
    assert_eq!(relay.turn().await.unwrap(), NOTHING);
    assert_eq!(receiver.count(), before);
}

/// The program with a world in it, and Bob's subscription of that.
struct Told {
    process: Process,
    world: World,
    http: reqwest::Client,
}

impl Told {
    async fn start(data: &Path, arguments: &[&str], variables: &[(&str, &str)], receiver: &Receiver) -> Self {
        let process = Process::start_among(data, arguments, variables);
        let address = embedded::running(data).unwrap().expect("the server's Postgres runs");
        let (url, content) = (address.url("coatcheck"), data.join("content"));
        let vault = server::open_vault(&url, &content, Clock::Database, &server::config(&[])).await;
        let world = world::build(&vault).await;
        let http = server::client();
        let end = chrono::DateTime::<chrono::Utc>::from(SystemTime::now()) + Duration::days(1);
        let wanted = json!({
            "changeType": "updated",
            "notificationUrl": receiver.url("/hook"),
            "resource": format!("/drives/{}/root", world.library.graph_id),
            "expirationDateTime": end.to_rfc3339(),
        });
        let made = http.post(format!("{}/v1.0/subscriptions", process.base)).bearer_auth(&world.bob.token);
        let made = Answer::read(made.json(&wanted).send().await.unwrap()).await;
        made.expect(201);
        Self { process, world, http }
    }

    async fn act(&self, what: &str) {
        let file = &self.world.file;
        let path = format!("/v1.0/drives/{}/items/{}/{what}", file.library.graph_id, file.graph_id);
        let act = self.http.post(format!("{}{path}", self.process.base)).bearer_auth(&self.world.ann.token);
        Answer::read(act.body("").send().await.unwrap()).await.expect(204);
    }
}

/// A file that lists the receiver.
fn configured(folder: &Path, receiver: &Receiver) -> String {
    let file = folder.join("coatcheck.toml");
    let host = receiver.host();
    let settings = format!("notification_hosts = [\"{host}\"]\nnotification_seconds = 5\nrelay_milliseconds = 50\n");
    std::fs::write(&file, format!("[graph]\n{settings}")).unwrap();
    file.to_str().unwrap().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_tells_by_itself_and_goes_on_after_a_kill() {
    let mut receiver = Receiver::start().await;
    let folder = DurableFolder::new();
    let data = folder.path().join("data");
    let file = configured(folder.path(), &receiver);
    let arguments = ["--config", file.as_str()];
    let told = Told::start(&data, &arguments, &[], &receiver).await;
    told.act("checkout").await;
    assert_eq!(receiver.notification().await.json()["value"][0]["changeType"], "updated");
    // nothing that was committed is lost, whether somebody was at it or not
    receiver.takes(Manner::Status(500));
    told.act("discardCheckout").await;
    told.process.kill_with_database();
    receiver.notifications();
    receiver.takes(Manner::Good);
    let process = Process::start(&data, &arguments);
    receiver.notification().await;
    assert!(process.stop(), "it stops in order");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_receivers_certificate_is_looked_at() {
    let mut receiver = Receiver::start_secure().await;
    // its authority is known to the program that is told of it, and to nobody else
    let server = Server::start_with(&[("graph.notification_hosts", &receiver.host())]).await;
    let bob = server.graph(&server.world.bob);
    let refused = bob.subscribe(server.wanted(&receiver.url("/hook"))).await.expect(400).json();
    assert!(refused["error"]["message"].as_str().unwrap().contains("could not be reached"), "{refused}");
    assert_eq!(receiver.count(), 0);

    let folder = DurableFolder::new();
    let data = folder.path().join("data");
    let file = configured(folder.path(), &receiver);
    let authority = receiver.authority.to_str().unwrap().to_owned();
    let variables = [("SSL_CERT_FILE", authority.as_str())];
    let told = Told::start(&data, &["--config", &file], &variables, &receiver).await;
    told.act("checkout").await;
    receiver.notification().await;
}
