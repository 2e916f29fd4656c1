//! What the tests stand on; no test is in here.

pub mod acts;
pub mod answer;
pub mod arena;
pub mod database;
pub mod graph;
pub mod liferay;
pub mod oracle;
pub mod process;
pub mod receiver;
pub mod server;
pub mod sign_in;
pub mod world;

use database::TestDatabase;

/// A database of one's own, with the schema of this program.
pub async fn database() -> TestDatabase {
    TestDatabase::new(async |url: String| coatcheck::store::migrate::migrate(&url).await.expect("migrations run")).await
}
