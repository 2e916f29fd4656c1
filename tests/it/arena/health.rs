//! Whether the database answers (spec/arena.md 3.5).

use sqlx::{Connection, PgConnection};

use crate::support::{arena::code, server::Server};

#[tokio::test]
async fn anybody_may_ask_whether_the_database_answers_and_it_does_not_count() {
    let server = Server::start().await;
    let ann = server.arena(&server.world.ann).await;
    for path in ["/v1/SYSTEM/dbtest", "/SYSTEM/dbtest", "/v1/SYSTEM/dbtest/"] {
        for request in [server.get(path), ann.request("GET", path), server.get(path).header("arena_session_id", "x")] {
            let answer = server.send(request).await.expect(200);
            assert_eq!((answer.text().as_str(), answer.header("content-type").as_str()), ("success", "text/plain"));
            assert_eq!(answer.header("server"), "ArenaSolutions");
            assert_eq!(answer.header("x-arena-requests-remaining"), "");
            assert_eq!(answer.header("x-arena-next-request-limit-reset"), "");
        }
    }
    let left = ann.get("/v1/files").await.expect(200).header("x-arena-requests-remaining");
    assert_eq!(left, "9999");
    // as it is printed
    for other in ["/v1/system/dbtest", "/SYSTEM", "/SYSTEM/dbtest/x", "/v1/SYSTEM"] {
        assert_eq!(code(&server.send(server.get(other)).await), "404 404", "{other}");
    }
    assert_eq!(code(&server.send(server.post("/v1/SYSTEM/dbtest")).await), "405 405");
}

#[tokio::test]
async fn a_database_that_is_not_ours_is_a_failure() {
    let server = Server::start().await;
    let mut db = PgConnection::connect(&server.database.url).await.unwrap();
    let log: String =
        sqlx::query_scalar("SELECT relname::text FROM pg_class WHERE relname LIKE '%migrations' AND relkind = 'r'")
            .fetch_one(&mut db)
            .await
            .unwrap();
    sqlx::query(sqlx::AssertSqlSafe(format!("ALTER TABLE {log} RENAME TO gone"))).execute(&mut db).await.unwrap();
    let answer = server.send(server.get("/v1/SYSTEM/dbtest")).await.expect(400);
    assert_eq!((answer.text().as_str(), answer.header("content-type").as_str()), ("failure", "text/plain"));
}
