//! Tags of files and folders (spec/oracle.md 10): one comma-separated text.

use axum::extract::State;

use super::{answer::Answer, auth::Caller, error::Error, ids::Target, input::Unread, wire::Fields};
use crate::{
    domain::{metadata::Tags, permission::Action},
    vault::Vault,
};

/// `GET /files/{fileId}/tags`, `GET /folders/{folderId}/tags`.
pub async fn list(State(vault): State<Vault>, caller: Caller, target: Target) -> Result<Answer, Error> {
    let on = caller.target(&vault, &target, Action::View).await?;
    Ok(shown(&vault.tags(&on.actor, &on.look).await?))
}

/// `POST /files/{fileId}/tags`, `POST /folders/{folderId}/tags`: these instead of all others.
pub async fn replace(
    State(vault): State<Vault>,
    caller: Caller,
    target: Target,
    body: Unread,
) -> Result<Answer, Error> {
    let on = caller.target(&vault, &target, Action::Describe).await?;
    on.check(Action::Describe)?;
    let input = body.read().await?;
    let tags = Tags::parse(input.text("setTags")?.ok_or(Error::Required("setTags"))?)?;
    vault.set_tags(&on.actor, &on.look, tags.clone()).await?;
    Ok(shown(&tags))
}

fn shown(tags: &Tags) -> Answer {
    Answer::done(Fields::new().text("tags", tags.joined()))
}
