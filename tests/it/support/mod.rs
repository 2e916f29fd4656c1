//! What the tests stand on; no test is in here.

pub mod database;

use std::path::Path;

use database::TestDatabase;
use sqlx::{Connection, PgConnection, migrate::Migrator};

/// A database of one's own, with the schema of this program.
pub async fn database() -> TestDatabase {
    TestDatabase::new(migrate).await
}

async fn migrate(url: String) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("migrations");
    if folder.is_dir() {
        let migrations = Migrator::new(folder).await.expect("migrations can be read");
        let mut db = PgConnection::connect(&url)
            .await
            .expect("the template is there");
        migrations.run(&mut db).await.expect("migrations run");
        db.close().await.expect("the connection closes");
    }
}
