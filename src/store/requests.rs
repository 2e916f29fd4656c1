//! Requests of workspaces, counted against their limits: how many fell in a day. Days are California's.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;

use crate::domain::id::LibraryId;

/// How many requests of a workspace were counted on a day, and when that day ends.
#[derive(Clone, Copy, Debug)]
#[expect(missing_docs, reason = "named in the sentence above")]
pub struct Counted {
    pub used: i64,
    pub admitted: bool,
    pub reset: DateTime<Utc>,
}

/// Counts a request of a workspace today, unless the limit is reached. Exact under any number of nodes.
pub async fn count(
    db: &mut PgConnection,
    library: LibraryId,
    limit: i64,
    now: Option<DateTime<Utc>>,
) -> sqlx::Result<Counted> {
    sqlx::query_as!(
        Counted,
        r#"WITH today AS MATERIALIZED (
            SELECT (coalesce($3::timestamptz, now()) AT TIME ZONE 'America/Los_Angeles')::date AS day
        ), counted AS (
            INSERT INTO request_counts (library_id, day, used) SELECT $1, day, 1 FROM today WHERE $2::bigint > 0
            ON CONFLICT (library_id, day) DO UPDATE SET used = request_counts.used + 1 WHERE request_counts.used < $2
            RETURNING used
        )
        SELECT coalesce((SELECT used FROM counted), $2) AS "used!", EXISTS (SELECT FROM counted) AS "admitted!",
            ((day + 1)::timestamp AT TIME ZONE 'America/Los_Angeles') AS "reset!"
        FROM today"#,
        library.0,
        limit,
        now,
    )
    .fetch_one(db)
    .await
}

/// What [`count`] would find, without counting.
pub async fn used(
    db: &mut PgConnection,
    library: LibraryId,
    limit: i64,
    now: Option<DateTime<Utc>>,
) -> sqlx::Result<Counted> {
    sqlx::query_as!(
        Counted,
        r#"WITH today AS MATERIALIZED (
            SELECT (coalesce($3::timestamptz, now()) AT TIME ZONE 'America/Los_Angeles')::date AS day
        ), counted AS (
            SELECT coalesce((SELECT c.used FROM request_counts c, today WHERE c.library_id = $1 AND c.day = today.day), 0) AS used
        )
        SELECT used AS "used!", used < $2 AS "admitted!",
            ((day + 1)::timestamp AT TIME ZONE 'America/Los_Angeles') AS "reset!"
        FROM today, counted"#,
        library.0,
        limit,
        now,
    )
    .fetch_one(db)
    .await
}
