//! Checking out, checking in, discarding (spec/graph.md 6). What becomes of the lock is the vault's business.

use axum::body::Body;
use serde::Deserialize;

use super::{
    Ask, done,
    error::{Answer, Refusal, read_json},
};
use crate::{
    domain::{
        edition::{Metadata, Publish},
        lock::CheckOut,
        version::Step,
    },
    vault::{Cancel, CheckIn, Publication},
};

/// Longest comment of a check-in, in characters.
const LONGEST_COMMENT: usize = 1023;

/// The body of a check-in.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Said {
    comment: Option<String>,
    check_in_as: Option<String>,
}

/// `POST …/checkout`: also a repeated one succeeds. Whatever the body says, it says nothing.
pub async fn check_out(ask: &Ask) -> Answer {
    let look = ask.look().await?;
    ask.hall.vault.check_out(ask.actor(), &look, CheckOut::default()).await?;
    Ok(done())
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
    // drives count major versions only, so both ways make the same version
    let how = said.check_in_as.unwrap_or_default();
    if !["", "unspecified", "published"].iter().any(|known| known.eq_ignore_ascii_case(&how)) {
        return Err(Refusal::Member("'checkInAs' must be 'published' or 'unspecified'.".to_owned()));
    }
    let look = ask.look().await?;
    let publication = Publication {
        content: None,
        metadata: Metadata::default(),
        comment,
        how: Publish::New(Step::Major),
        rename: None,
    };
    ask.hall.vault.check_in(ask.actor(), &look, CheckIn { publication, lock_uuid: None }).await?;
    Ok(done())
}

/// `POST …/discardCheckout`: an application may discard anybody's.
pub async fn discard(ask: &Ask) -> Answer {
    let look = ask.look().await?;
    ask.hall.vault.cancel(ask.actor(), &look, Cancel::default()).await?;
    Ok(done())
}

/// Section 12.
#[expect(clippy::unused_async, reason = "not built yet")]
pub async fn lock(_ask: &Ask, _body: Body) -> Answer {
    Err(Refusal::NotBuilt)
}

/// Section 12.
#[expect(clippy::unused_async, reason = "not built yet")]
pub async fn release(_ask: &Ask) -> Answer {
    Err(Refusal::NotBuilt)
}
