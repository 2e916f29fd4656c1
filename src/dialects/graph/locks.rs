//! Checking out, checking in, discarding (spec/graph.md 6), and the locks that end by themselves (12). What becomes of the lock is the vault's business.

use axum::{body::Body, http::StatusCode};
use serde::Deserialize;

use super::{
    Ask, done,
    error::{Answer, Refusal, read_json},
    reply,
    wire::LockInfo,
};
use crate::{
    domain::{
        edition::{Metadata, Publish},
        error::Error,
        lock::CheckOut,
        version::Step,
    },
    vault::{CheckIn, Publication},
};

/// Longest comment of a check-in, in characters.
const LONGEST_COMMENT: usize = 1023;

/// Longest lock, in minutes.
const LONGEST_LOCK: i64 = 30;

/// The body of a check-in.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Said {
    comment: Option<String>,
    check_in_as: Option<String>,
}

/// `POST …/checkout`: also a repeated one succeeds, and the caller's own lock of section 12 becomes one. Whatever the body
/// says, it says nothing.
pub async fn check_out(ask: &Ask) -> Answer {
    let vault = &ask.hall.vault;
    vault
        .by_glance(|eyes| async move {
            let look = ask.look_with(&eyes).await?;
            vault.check_out(ask.actor(), &look, CheckOut::default()).await?;
            Ok(done())
        })
        .await
}

/// `POST …/checkin`: publishes the working copy; without one, a new version of the same content.
pub async fn check_in(ask: &Ask, body: Body) -> Answer {
    let said: Said = read_json(body, ask.hall.limits.text).await?;
    let comment = said.comment.unwrap_or_default();
    if comment.chars().count() > LONGEST_COMMENT {
        return Err(Refusal::TooLong("comment"));
    }
    if comment.contains('\0') {
        return Err(Refusal::Member("'comment' contains a NUL character.".to_owned()));
    }
    let is_published = match said.check_in_as.unwrap_or_default().to_ascii_lowercase().as_str() {
        "published" => true,
        "" | "unspecified" => false,
        _ => return Err(Refusal::Member("'checkInAs' must be 'published' or 'unspecified'.".to_owned())),
    };
    let (vault, comment) = (&ask.hall.vault, &comment);
    vault
        .by_glance(|eyes| async move {
            let look = ask.look_with(&eyes).await?;
            let step = if is_published { Step::Major } else { look.item().library.usual_step() };
            let (metadata, comment, how) = (Metadata::default(), comment.clone(), Publish::New(step));
            let publication = Publication { content: None, metadata, comment, how, rename: None };
            vault.check_in(ask.actor(), &look, CheckIn { publication, lock_uuid: None }).await?;
            Ok(done())
        })
        .await
}

/// `POST …/discardCheckout`: an application may discard anybody's. The caller's own lock of section 12 is none.
pub async fn discard(ask: &Ask) -> Answer {
    let vault = &ask.hall.vault;
    vault
        .by_glance(|eyes| async move {
            let look = ask.look_with(&eyes).await?;
            vault.discard(ask.actor(), &look).await?;
            Ok(done())
        })
        .await
}

/// The body of a lock.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Duration {
    duration_minutes: Option<i64>,
}

/// `POST …/lock`: reserves the file for some minutes; again, its holder renews it.
pub async fn lock(ask: &Ask, body: Body) -> Answer {
    ask.only_beta()?;
    let said: Duration = read_json(body, ask.hall.limits.text).await?;
    let Some(minutes @ 1..=LONGEST_LOCK) = said.duration_minutes else {
        return Err(Refusal::Member(format!("'durationMinutes' must be a number from 1 to {LONGEST_LOCK}.")));
    };
    let look = ask.look().await?;
    let reserved = ask.hall.vault.reserve(ask.actor(), &look, chrono::Duration::minutes(minutes)).await;
    let lock = reserved.map_err(mismatch)?;
    let view = ask.view().await?;
    Ok(reply::json(StatusCode::OK, &view.single("driveItemLockInfo", &LockInfo::of(Some(&lock)))?))
}

/// `POST …/releaseLock`: by who holds it.
pub async fn release(ask: &Ask) -> Answer {
    ask.only_beta()?;
    let look = ask.look().await?;
    ask.hall.vault.unreserve(ask.actor(), &look).await.map_err(mismatch)?;
    Ok(done())
}

/// Here a lock that stands in the way is a conflict.
fn mismatch(error: Error) -> Refusal {
    if matches!(error, Error::Held(_) | Error::NotCheckedOut) { Refusal::LockMismatch } else { Refusal::Vault(error) }
}
