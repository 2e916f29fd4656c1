//! The schema: embedded in the binary, applied at start, refused when it is newer than we are.

use sqlx::{Connection, PgConnection, migrate::Migrator};

static MIGRATOR: Migrator = sqlx::migrate!();

/// Why the schema could not be brought to where we need it.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Somebody newer has been here.
    #[error(
        "the database has schema version {found}, this coatcheck knows up to {known}; \
         run the newer coatcheck that made it, or restore a backup from before the upgrade"
    )]
    Newer {
        /// Version in the database.
        found: i64,
        /// Newest version in this binary.
        known: i64,
    },
    /// The migrations did not run.
    #[error("cannot bring the database schema up to date: {0}")]
    Migrate(#[from] sqlx::migrate::MigrateError),
    /// The database did not answer.
    #[error("cannot read the database's schema version: {0}")]
    Database(#[from] sqlx::Error),
}

/// Brings the schema up to date. Several nodes may do so at once: they line up behind a row lock, and the later ones
/// find nothing left to do.
pub async fn migrate(url: &str) -> Result<(), Error> {
    let mut connection = PgConnection::connect(url).await?;
    let answer = line_up(&mut connection).await;
    connection.close().await?;
    answer
}

/// The newest schema version in this binary.
pub fn known() -> i64 {
    MIGRATOR.iter().map(|migration| migration.version).max().unwrap_or(0)
}

/// The schema version of the database; 0 for an empty one.
pub async fn found(db: &mut PgConnection) -> Result<i64, sqlx::Error> {
    let there: bool =
        sqlx::query_scalar("SELECT to_regclass('_sqlx_migrations') IS NOT NULL").fetch_one(&mut *db).await?;
    if !there {
        return Ok(0);
    }
    sqlx::query_scalar("SELECT coalesce(max(version), 0) FROM _sqlx_migrations WHERE success").fetch_one(db).await
}

async fn line_up(db: &mut PgConnection) -> Result<(), Error> {
    // A table of our own is the queue: sqlx's advisory lock is not portable (and switched off below).
    // Two nodes making it at the same instant: one of them fails on the catalogue's unique index, or finds the table or
    // its type, and it is there.
    let made = sqlx::query("CREATE TABLE IF NOT EXISTS coatcheck_migrating (singleton boolean PRIMARY KEY)")
        .execute(&mut *db)
        .await;
    if let Err(error) = made {
        let code = error.as_database_error().and_then(sqlx::error::DatabaseError::code);
        let raced = code.is_some_and(|code| ["23505", "42P07", "42710"].contains(&&*code));
        if !raced {
            return Err(error.into());
        }
    }
    sqlx::query("INSERT INTO coatcheck_migrating VALUES (true) ON CONFLICT DO NOTHING").execute(&mut *db).await?;
    let mut turn = db.begin().await?;
    sqlx::query("SELECT 1 FROM coatcheck_migrating FOR UPDATE").execute(&mut *turn).await?;
    let (found, known) = (found(&mut turn).await?, known());
    if found > known {
        return Err(Error::Newer { found, known });
    }
    if found < known {
        let mut migrator = Migrator::with_migrations(MIGRATOR.iter().cloned().collect());
        migrator.set_locking(false).run_direct(None, &mut *turn, false).await?;
    }
    turn.commit().await?;
    Ok(())
}
