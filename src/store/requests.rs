//! Requests of workspaces, counted against their limits: how many fell in a day. Days are California's.

use std::collections::{BTreeMap, HashMap};

use chrono::{DateTime, Utc};
use sqlx::PgConnection;
use uuid::Uuid;

use crate::domain::id::LibraryId;

/// A request to be counted.
#[derive(Clone, Copy, Debug)]
pub struct Request {
    /// The workspace's library.
    pub library: LibraryId,
    /// How many the workspace may make in a day.
    pub limit: i64,
}

/// How many requests of a workspace were counted on a day, and when that day ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "named in the sentence above")]
pub struct Counted {
    pub used: i64,
    pub admitted: bool,
    pub reset: DateTime<Utc>,
}

/// Counts requests today as if they came one after the other, each unless the limit of its workspace is reached; those of one
/// workspace are under the same limit. Answers in their order; `None`: it was not counted, and has to be asked for again.
///
/// As many as are wanted and were seen to be left are taken at once or not at all: so the row, of which only what it holds
/// afterwards is known, says what it held before. They are not when another node has taken of the last few meanwhile. A
/// count never falls, so a limit that was seen to be reached is. Rows are taken in one order: no two nodes wait for each
/// other.
pub async fn count(
    db: &mut PgConnection,
    requests: &[Request],
    now: Option<DateTime<Utc>>,
) -> sqlx::Result<Vec<Option<Counted>>> {
    let wanted = wanted(requests);
    if let (Some((library, (limit, many))), 1) = (wanted.first_key_value(), wanted.len())
        && let Some(taken) = take_all(db, *library, *limit, *many, now).await?
    {
        return Ok(hand_out(requests, vec![taken]));
    }
    let libraries: Vec<Uuid> = wanted.keys().map(|library| library.0).collect();
    let (limits, many): (Vec<i64>, Vec<i64>) = wanted.into_values().unzip();
    let taken = sqlx::query_as!(
        Taken,
        r#"WITH asked AS MATERIALIZED (
            SELECT a.library_id, a.most, today.day, least(a.wanted, greatest(a.most - coalesce(c.used, 0), 0)) AS places
            FROM (SELECT (coalesce($1::timestamptz, now()) AT TIME ZONE 'America/Los_Angeles')::date AS day) AS today
                CROSS JOIN unnest($2::uuid[], $3::bigint[], $4::bigint[]) AS a (library_id, most, wanted)
                LEFT JOIN request_counts c ON c.library_id = a.library_id AND c.day = today.day
        ), counted AS (
            INSERT INTO request_counts AS c (library_id, day, used)
            SELECT library_id, day, places FROM asked WHERE places > 0 ORDER BY library_id
            ON CONFLICT (library_id, day) DO UPDATE SET used = c.used + excluded.used
                WHERE c.used + excluded.used <= (SELECT a.most FROM asked a WHERE a.library_id = c.library_id)
            RETURNING c.library_id, c.used
        )
        SELECT a.library_id AS "library!: LibraryId", a.places AS "places!", counted.used AS "used?",
            ((a.day + 1)::timestamp AT TIME ZONE 'America/Los_Angeles') AS "reset!"
        FROM asked a LEFT JOIN counted ON counted.library_id = a.library_id"#,
        now,
        &libraries,
        &limits,
        &many,
    )
    .fetch_all(db)
    .await?;
    Ok(hand_out(requests, taken))
}

/// Takes so many of one workspace where all of them are left and it is not the first of the day: half of the time of what does for
/// all cases. `None`: nothing was taken.
async fn take_all(
    db: &mut PgConnection,
    library: LibraryId,
    limit: i64,
    many: i64,
    now: Option<DateTime<Utc>>,
) -> sqlx::Result<Option<Taken>> {
    let taken = sqlx::query!(
        r#"UPDATE request_counts c SET used = c.used + $3
        FROM (SELECT (coalesce($1::timestamptz, now()) AT TIME ZONE 'America/Los_Angeles')::date AS day) AS today
        WHERE c.library_id = $2 AND c.day = today.day AND c.used + $3 <= $4
        RETURNING c.used, ((c.day + 1)::timestamp AT TIME ZONE 'America/Los_Angeles') AS "reset!""#,
        now,
        library.0,
        many,
        limit,
    )
    .fetch_optional(db)
    .await?;
    Ok(taken.map(|taken| Taken { library, places: many, used: Some(taken.used), reset: taken.reset }))
}

/// How many of each workspace are to be counted, under which limit.
fn wanted(requests: &[Request]) -> BTreeMap<LibraryId, (i64, i64)> {
    let mut wanted = BTreeMap::new();
    for request in requests {
        let (_, many) = wanted.entry(request.library).or_insert((request.limit, 0));
        *many += 1;
    }
    wanted
}

/// What was taken of the requests that a workspace had left.
struct Taken {
    library: LibraryId,
    /// So many, if any.
    places: i64,
    /// The count with them; `None`: none were taken.
    used: Option<i64>,
    reset: DateTime<Utc>,
}

impl Taken {
    /// What the next request of the workspace gets.
    fn place(&mut self, limit: i64) -> Option<Counted> {
        let reset = self.reset;
        if self.places == 0 {
            return Some(Counted { used: limit, admitted: false, reset });
        }
        let used = self.used?;
        self.places -= 1;
        Some(Counted { used: used - self.places, admitted: true, reset })
    }
}

/// Hands out what was taken, in the order in which it was asked for.
fn hand_out(requests: &[Request], taken: Vec<Taken>) -> Vec<Option<Counted>> {
    let mut taken: HashMap<LibraryId, Taken> = taken.into_iter().map(|taken| (taken.library, taken)).collect();
    requests.iter().map(|request| taken.get_mut(&request.library)?.place(request.limit)).collect()
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

#[cfg(test)]
mod tests {
    use proptest::{collection::vec, prelude::*};

    use super::*;

    /// What the statement takes where so many were counted before, and nobody comes in between.
    fn take(requests: &[Request], before: &HashMap<LibraryId, i64>) -> Vec<Taken> {
        let take = |(library, (limit, many)): (LibraryId, (i64, i64))| {
            let places = many.min((limit - before[&library]).max(0));
            let used = (places > 0).then_some(before[&library] + places);
            Taken { library, places, used, reset: DateTime::UNIX_EPOCH }
        };
        wanted(requests).into_iter().map(take).collect()
    }

    proptest! {
        #[test]
        fn what_is_counted_together_is_as_if_counted_one_after_the_other(
            workspaces in vec((0_i64..8, 0_i64..8), 3),
            order in vec(0_usize..3, 0..30),
        ) {
            let limits: Vec<Request> =
                workspaces.iter().map(|(limit, _)| Request { library: LibraryId::fresh(), limit: *limit }).collect();
            let mut used: HashMap<LibraryId, i64> =
                limits.iter().zip(&workspaces).map(|(request, (_, used))| (request.library, *used)).collect();
            let requests: Vec<Request> = order.iter().map(|workspace| limits[*workspace]).collect();
            let together = hand_out(&requests, take(&requests, &used));
            let mut one_by_one: Vec<Option<Counted>> = Vec::new();
            for request in &requests {
                one_by_one.extend(hand_out(&[*request], take(&[*request], &used)));
                let used = used.get_mut(&request.library).unwrap();
                let admitted = *used < request.limit;
                *used += i64::from(admitted);
                let told = if admitted { *used } else { request.limit };
                let expected = Counted { used: told, admitted, reset: DateTime::UNIX_EPOCH };
                prop_assert_eq!(one_by_one.last(), Some(&Some(expected)));
            }
            prop_assert_eq!(together, one_by_one);
        }
    }

    #[test]
    fn where_others_were_faster_nobody_of_that_workspace_was_counted_and_all_of_the_others() {
        let [here, there] = [2, 3].map(|limit| Request { library: LibraryId::fresh(), limit });
        let requests = [here, there, here];
        let taken = |request: Request, places, used| {
            let reset = DateTime::UNIX_EPOCH;
            Taken { library: request.library, places, used, reset }
        };
        let answers = hand_out(&requests, vec![taken(there, 1, Some(3)), taken(here, 2, None)]);
        let counted = Counted { used: 3, admitted: true, reset: DateTime::UNIX_EPOCH };
        assert_eq!(answers, [None, Some(counted), None]);
    }
}
