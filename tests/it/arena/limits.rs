//! The request limit of a workspace (spec/arena.md 4), and what every answer carries (1.3).

use chrono::Duration;
use insta::assert_snapshot;

use crate::support::{
    answer::Answer,
    arena::{code, guid},
    server::Server,
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
    let answers = futures_util::future::join_all((0..32).map(|_| ann.get("/v1/files"))).await;
    let mut served: Vec<i64> =
        answers.iter().filter(|answer| answer.status == 200).map(|answer| left(answer).parse().unwrap()).collect();
    served.sort_unstable();
    assert_eq!(served, (0..20).collect::<Vec<_>>());
    assert_eq!(answers.iter().filter(|answer| answer.status == 429).count(), 12);
}
