//! What one call takes and answers at most, and what lasts longest.

use serde_json::json;
use sqlx::{Connection, PgConnection};

use crate::support::server::Server;

#[tokio::test]
async fn a_folder_lock_that_ends_in_a_year_of_five_digits_keeps_nothing_from_being_read() {
    let server = Server::start().await;
    let (ann, bob) = (server.liferay(&server.world.ann), server.liferay(&server.world.bob));
    let outer = ann.make_folder(0, "Outer").await;
    let file = ann.add_to(outer, "leaf.txt").await;
    let lock = ann.lock_below(outer, 0).await.expect(200).json();
    let mut db = PgConnection::connect(&server.database.url).await.unwrap();
    let later = "UPDATE folder_locks SET expires_at = expires_at + interval '10000 years'";
    assert_eq!(sqlx::query(later).execute(&mut db).await.unwrap().rows_affected(), 1);
    for (method, asked) in [
        ("/dlapp/get-file-entry", json!({"fileEntryId": file})),
        ("/dlapp/get-folder", json!({"folderId": outer})),
        ("/dlapp/get-file-entries", json!({"repositoryId": server.group(), "folderId": outer})),
        ("/dlapp/get-folders", json!({"repositoryId": server.group(), "parentFolderId": 0})),
    ] {
        bob.call(method, asked).await.expect(200);
    }
    let refused = bob.call("/dlapp/check-out-file-entry", json!({"fileEntryId": file})).await.expect(500).text();
    assert!(
        refused.contains("DuplicateLockException") && refused.contains(lock["uuid"].as_str().unwrap()),
        "{refused}"
    );
    ann.unlock(outer).await.expect(200);
    bob.call("/dlapp/check-out-file-entry", json!({"fileEntryId": file})).await.expect(200);
}
