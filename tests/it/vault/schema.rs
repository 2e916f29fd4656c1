//! The schema: brought up to date by whoever comes first, refused when it is newer than we are.

use coatcheck::store::migrate;
use sqlx::{Connection, PgConnection};

use crate::support;

#[tokio::test]
async fn nodes_that_start_at_once_migrate_once() {
    let database = support::database().await;
    let mut db = PgConnection::connect(&database.url).await.unwrap();
    sqlx::raw_sql("DROP SCHEMA public CASCADE; CREATE SCHEMA public").execute(&mut db).await.unwrap();
    let mut nodes = tokio::task::JoinSet::new();
    for _ in 0..6 {
        let url = database.url.clone();
        nodes.spawn(async move { migrate::migrate(&url).await });
    }
    for answer in nodes.join_all().await {
        answer.unwrap();
    }
    assert_eq!(migrate::found(&mut db).await.unwrap(), migrate::known());
}

#[tokio::test]
async fn a_newer_schema_is_refused_in_words_that_help() {
    let database = support::database().await;
    let mut db = PgConnection::connect(&database.url).await.unwrap();
    sqlx::query(
        "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time) VALUES (9999, 'later', true, '', 0)",
    )
    .execute(&mut db)
    .await
    .unwrap();
    let refused = migrate::migrate(&database.url).await.unwrap_err().to_string();
    insta::assert_snapshot!(refused, @"the database has schema version 9999, this coatcheck knows up to 36; run the newer coatcheck that made it, or restore a backup from before the upgrade");
}
