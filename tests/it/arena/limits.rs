//! The request limit of a workspace (spec/arena.md 4), and what every answer carries (1.3).

use std::collections::HashMap;

use chrono::{DateTime, Duration, Utc};
use coatcheck::{
    domain::id::{LibraryId, LibraryKey},
    store::requests::{self, Request},
};
use futures_util::future::join_all;
use insta::assert_snapshot;
use sqlx::{Connection, PgConnection};

use crate::support::{
    answer::Answer,
    arena::{code, guid},
    server::Server,
    world::{self, PASSWORD},
};

fn left(answer: &Answer) -> String {
    answer.header("x-arena-requests-remaining")
}

#[tokio::test]
async fn every_request_counts_but_logins_and_logouts() {
    let server = Server::start().await;
    let ann = server.arena(&server.world.ann).await;
    assert_eq!(left(&ann.get("/v1/files").await.expect(200)), "9999");
    // also what is refused, and what leads nowhere
    assert_eq!(left(&ann.get("/v1/files/x").await.expect(400)), "9998");
    assert_eq!(left(&ann.get("/v1/nowhere").await.expect(404)), "9997");
    assert_eq!(left(&ann.get("/v1/files/checkoutstatuschanges").await.expect(405)), "9996");
    let bob = server.arena(&server.world.bob).await;
    assert_eq!(left(&bob.get("/files/").await.expect(200)), "9995");
    assert_eq!(left(&bob.log_out().await.expect(200)), "9995");
    // nobody's
    assert_eq!(left(&bob.get("/v1/files").await.expect(401)), "");
    assert_eq!(left(&ann.get("/v1/files").await.expect(200)), "9994");
}

#[tokio::test]
async fn at_the_limit_nothing_is_done_until_midnight_in_california() {
    let server = Server::start_with(&[("arena.request_limit", "2")]).await;
    let ann = server.arena(&server.world.ann).await;
    let file = guid(&server.world.file);
    assert_eq!(left(&ann.get("/v1/files").await.expect(200)), "1");
    assert_eq!(left(&ann.get("/v1/files").await.expect(200)), "0");

    let refused = ann.check_out(file).await;
    assert_snapshot!(refused, @r#"
    429 Too Many Requests
    {"status":429,"errors":[{"code":4084,"message":"You have exceeded your maximum of \"2\" requests during the last 24 hours. Additional requests can be made at \"Wed, 04-Mar-2026 00:00:00 GMT-0800 (PST)\"."}]}
    "#);
    assert_eq!(left(&refused), "0");
    assert_eq!(refused.header("x-arena-next-request-limit-reset"), "Wed, 04-Mar-2026 00:00:00 GMT-0800 (PST)");
    assert_eq!(refused.header("retry-after"), "");

    // the order of checks: path, method, then the limit, then the content type
    assert_eq!(code(&ann.get("/v1/nowhere").await), "404 404");
    let odd = server.send(ann.request("POST", "/v1/files").body("x")).await;
    assert_eq!(code(&odd), "429 4084");

    // logins and logouts still work
    let ann = server.arena(&server.world.ann).await;
    ann.log_out().await.expect(200);

    // 05:06:07Z is 21:06:07 in California
    server.advance(Duration::hours(2) + Duration::minutes(53));
    let ann = server.arena(&server.world.ann).await;
    assert_eq!(left(&ann.check_out(file).await.expect(429)), "0");
    server.advance(Duration::minutes(1));
    let done = ann.check_out(file).await.expect(201);
    assert_eq!(left(&done), "1");
    assert_eq!(done.header("x-arena-next-request-limit-reset"), "Thu, 05-Mar-2026 00:00:00 GMT-0800 (PST)");
}

#[tokio::test]
async fn the_limit_is_exact_when_everybody_asks_at_once() {
    let server = Server::start_with(&[("arena.request_limit", "20")]).await;
    let ann = server.arena(&server.world.ann).await;
    let answers = join_all((0..32).map(|_| ann.get("/v1/files"))).await;
    let mut served: Vec<i64> =
        answers.iter().filter(|answer| answer.status == 200).map(|answer| left(answer).parse().unwrap()).collect();
    served.sort_unstable();
    assert_eq!(served, (0..20).collect::<Vec<_>>());
    assert_eq!(answers.iter().filter(|answer| answer.status == 429).count(), 12);
}

#[tokio::test]
async fn the_limit_is_exact_over_four_servers() {
    let server = Server::start_with(&[("arena.request_limit", "25")]).await;
    let mut bases = vec![format!("http://{}", server.address)];
    let mut nodes = Vec::new();
    for _ in 0..3 {
        let (address, vault) = server.another_node().await;
        bases.push(format!("http://{address}"));
        nodes.push(vault);
    }
    let ann = server.arena(&server.world.ann).await;
    let requests = (0..40).map(|n| {
        let request = server.http.get(format!("{}/v1/files", bases[n % bases.len()]));
        server.send(request.header("arena_session_id", &ann.session))
    });
    let answers = join_all(requests).await;
    let (served, refused): (Vec<&Answer>, Vec<&Answer>) = answers.iter().partition(|answer| answer.status == 200);
    let mut remaining: Vec<i64> = served.iter().map(|answer| left(answer).parse().unwrap()).collect();
    remaining.sort_unstable_by(|a, b| b.cmp(a));
    assert_eq!(remaining, (0..25).rev().collect::<Vec<_>>());
    assert_eq!(refused.len(), 15);
    for answer in refused {
        assert_eq!((code(answer), left(answer)), ("429 4084".to_owned(), "0".to_owned()));
        assert_eq!(answer.header("retry-after"), "");
    }
}

/// One more workspace, which is Eve's alone.
async fn yard(server: &Server, limit: i64) -> LibraryId {
    let seed = format!(
        r#"
            [[libraries]]
            name = "Yard"
            arena_workspace = 1002
            arena_request_limit = {limit}
            members = {{ eve = "viewer" }}
        "#
    );
    world::add(&server.vault, &seed).await;
    server.vault.library_named(&LibraryKey::Workspace(1002)).await.unwrap().unwrap().id
}

#[tokio::test]
async fn workspaces_that_are_asked_at_once_count_each_for_itself() {
    let server = Server::start_with(&[("arena.request_limit", "20")]).await;
    yard(&server, 7).await;
    let both = [server.arena(&server.world.ann).await, server.arena(&server.world.eve).await];
    let answers = join_all((0..48).map(|n| both[n % 2].get("/v1/files"))).await;
    for (first, limit) in [(0, 20), (1, 7)] {
        let (served, refused): (Vec<&Answer>, Vec<&Answer>) =
            answers.iter().skip(first).step_by(2).partition(|answer| answer.status == 200);
        let mut remaining: Vec<i64> = served.into_iter().map(|answer| left(answer).parse().unwrap()).collect();
        remaining.sort_unstable();
        assert_eq!(remaining, (0..limit).collect::<Vec<_>>());
        for answer in &refused {
            assert_eq!((code(answer), left(answer)), ("429 4084".to_owned(), "0".to_owned()));
        }
    }
}

#[tokio::test]
async fn nodes_that_count_several_at_once_give_no_place_twice_and_leave_none_out() {
    let server = Server::start().await;
    let (plenty, few) = (server.world.library.id, yard(&server, 0).await);
    let now = Some(server.vault.now());
    let nodes = (0..6).map(|node| {
        let url = &server.database.url;
        async move {
            let mut db = PgConnection::connect(url).await.unwrap();
            let mut places: Vec<(LibraryId, i64)> = Vec::new();
            for turn in 0..10 {
                let mut asked: Vec<Request> = (0..9)
                    .map(|n| match (n + node + turn) % 3 {
                        0 => Request { library: few, limit: 100 },
                        _ => Request { library: plenty, limit: 1000 },
                    })
                    .collect();
                // what was not counted is asked for again
                while !asked.is_empty() {
                    let counted = requests::count(&mut db, &asked, now).await.unwrap();
                    assert_eq!(counted.len(), asked.len());
                    let answered = asked.iter().zip(&counted);
                    places.extend(answered.filter_map(|(request, counted)| {
                        counted.filter(|counted| counted.admitted).map(|counted| (request.library, counted.used))
                    }));
                    let mut counted = counted.into_iter();
                    asked.retain(|_| counted.next().is_some_and(|counted| counted.is_none()));
                }
            }
            places
        }
    });
    let mut places: HashMap<LibraryId, Vec<i64>> = HashMap::new();
    for (library, place) in join_all(nodes).await.into_iter().flatten() {
        places.entry(library).or_default().push(place);
    }
    // 540 were asked for, every third of them in the workspace that has few
    for (library, admitted) in [(plenty, 360), (few, 100)] {
        let mut places = places.remove(&library).unwrap();
        places.sort_unstable();
        assert_eq!(places, (1..=admitted).collect::<Vec<_>>());
    }
}

#[tokio::test]
async fn a_day_begins_at_midnight_in_california_also_when_the_clocks_change() {
    let server = Server::start_with(&[("arena.request_limit", "3")]).await;
    for (moment, remaining, reset) in [
        // 23 hours: in the night of 8 March the clocks go from 2 to 3
        ("2026-03-08T07:59:59Z", "2", "Sun, 08-Mar-2026 00:00:00 GMT-0800 (PST)"),
        ("2026-03-08T08:00:00Z", "2", "Mon, 09-Mar-2026 00:00:00 GMT-0700 (PDT)"),
        ("2026-03-08T09:59:59Z", "1", "Mon, 09-Mar-2026 00:00:00 GMT-0700 (PDT)"),
        ("2026-03-09T06:59:59Z", "0", "Mon, 09-Mar-2026 00:00:00 GMT-0700 (PDT)"),
        ("2026-03-09T07:00:00Z", "2", "Tue, 10-Mar-2026 00:00:00 GMT-0700 (PDT)"),
        // 25 hours: in the night of 1 November there are two hours from 1 to 2
        ("2026-11-01T06:59:59Z", "2", "Sun, 01-Nov-2026 00:00:00 GMT-0700 (PDT)"),
        ("2026-11-01T07:00:00Z", "2", "Mon, 02-Nov-2026 00:00:00 GMT-0800 (PST)"),
        ("2026-11-01T08:30:00Z", "1", "Mon, 02-Nov-2026 00:00:00 GMT-0800 (PST)"),
        ("2026-11-02T07:59:59Z", "0", "Mon, 02-Nov-2026 00:00:00 GMT-0800 (PST)"),
        ("2026-11-02T08:00:00Z", "2", "Tue, 03-Nov-2026 00:00:00 GMT-0800 (PST)"),
    ] {
        let moment: DateTime<Utc> = moment.parse().unwrap();
        server.advance(moment - server.vault.now());
        let ann = server.arena(&server.world.ann).await;
        let answer = ann.get("/v1/files").await.expect(200);
        let told = (left(&answer), answer.header("x-arena-next-request-limit-reset"));
        assert_eq!(told, (remaining.to_owned(), reset.to_owned()), "{moment}");
    }
}

#[tokio::test]
async fn at_zero_people_come_and_go() {
    let server = Server::start_with(&[("arena.request_limit", "1")]).await;
    let ann = server.arena(&server.world.ann).await;
    assert_eq!(left(&ann.get("/v1/files").await.expect(200)), "0");
    for _ in 0..3 {
        let answer = server.log_in("ann@example.com", PASSWORD).await.expect(200);
        assert_eq!(left(&answer), "0");
        assert_eq!(answer.header("x-arena-next-request-limit-reset"), "Wed, 04-Mar-2026 00:00:00 GMT-0800 (PST)");
    }
    let ann = server.arena(&server.world.ann).await;
    assert_eq!(code(&ann.get("/v1/files").await), "429 4084");
    assert_eq!(left(&ann.log_out().await.expect(200)), "0");
}

#[tokio::test]
async fn only_a_living_session_makes_a_request_count() {
    let server = Server::start().await;
    let ann = server.arena(&server.world.ann).await;
    let old = server.arena(&server.world.bob).await;
    let bob = server.arena(&server.world.bob).await;
    for path in ["/v1/files", "/v1/nowhere", "/v1/files/x"] {
        server.send(server.get(path)).await;
        server.send(server.get(path).header("arena_session_id", "LABS-nobodys")).await;
        server.send(server.get(path).bearer_auth("LABS-nobodys")).await;
        old.get(path).await;
    }
    server.log_in("ann@example.com", "wrong").await.expect(400);
    bob.log_out().await.expect(200);
    bob.log_out().await.expect(401);
    assert_eq!(left(&ann.get("/v1/files").await.expect(200)), "9999");
}

#[tokio::test]
async fn requests_are_taken_as_public_clients_send_them() {
    let server = Server::start().await;
    let ann = server.arena(&server.world.ann).await;
    let file = guid(&server.world.file);
    let content = format!("/v1/files/{file}/content");
    for (method, path, accept) in [
        ("GET", "/v1/files", "application/json"),
        ("GET", "/v1/files/", "text/html"),
        ("GET", "/v1/settings/files/categories", "image/png;q=0.1"),
        ("GET", &*content, "application/json"),
        ("GET", &*content, "*/*;q=0"),
        ("PUT", "/v1/logout", "application/xml"),
    ] {
        let request = ann.request(method, path).header("accept", accept).header("arena-usage-reason", "nightly export");
        let answer = server.send(request.header("content-type", "application/json").body("{}")).await.expect(200);
        assert_eq!(answer.text() == "first", path == content, "{answer}");
    }
}
