//! The trail's own writes and reads: refusals, which change nothing else, and what a file has been through.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;

use super::Act;
use crate::domain::{
    actor::Dialect,
    event::{Outcome, Subject, Verb},
    id::{ItemId, PrincipalId},
};

/// Notes something that changed nothing: a refusal, or an act on what was so already.
pub async fn note(db: &mut PgConnection, verb: Verb, outcome: Outcome, on: &Subject, act: &Act) -> sqlx::Result<()> {
    sqlx::query!(
        "INSERT INTO events (at, actor_id, dialect, verb, outcome, library_id, item_id, edition_id, holder_id, comment, request_id)
        VALUES (coalesce($1::timestamptz, now()), $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
        act.now,
        act.actor.map(|actor| actor.0),
        act.dialect as Dialect,
        verb as Verb,
        outcome as Outcome,
        on.library.0,
        on.item.0,
        on.edition.map(|edition| edition.0),
        on.holder.map(|holder| holder.0),
        act.comment.as_deref(),
        act.request,
    )
    .execute(db)
    .await?;
    Ok(())
}

/// One entry of the trail.
#[derive(Clone, Debug)]
#[expect(missing_docs, reason = "the columns are described in the migrations")]
pub struct Entry {
    pub at: DateTime<Utc>,
    pub actor: Option<PrincipalId>,
    pub dialect: Dialect,
    pub verb: Verb,
    pub outcome: Outcome,
    pub fence: Option<i64>,
    pub comment: Option<String>,
}

/// What happened to an item, oldest first.
pub async fn of(db: &mut PgConnection, item: ItemId) -> sqlx::Result<Vec<Entry>> {
    sqlx::query_as!(
        Entry,
        r#"SELECT at, actor_id AS "actor: PrincipalId", dialect AS "dialect: Dialect", verb AS "verb: Verb",
            outcome AS "outcome: Outcome", fence, comment
        FROM events WHERE item_id = $1 ORDER BY id"#,
        item.0,
    )
    .fetch_all(db)
    .await
}
