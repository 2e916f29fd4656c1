//! Reading a file: its information and its bytes (spec/oracle.md 5.1, 5.2).

use axum::{
    extract::State,
    http::{HeaderMap, Method},
    response::Response,
};

use super::{admission::Admitted, answer::Answer, auth::Caller, error::Error, ids::FileId, query::Query, wire};
use crate::{
    domain::{
        edition::Edition,
        error::{Error as No, Missing},
        id::EditionKey,
        permission::Action,
    },
    http::{
        content::{self, Download, DownloadError},
        disposition::Disposition,
        etag::ETag,
    },
    vault::Vault,
};

/// `GET /files/{fileId}` (5.1).
pub async fn information(
    State(vault): State<Vault>,
    caller: Caller,
    file: FileId,
    query: Query,
) -> Result<Answer, Error> {
    let on = caller.file(&vault, &file, Action::View).await?;
    on.check(Action::View)?;
    let fields = match asked(&vault, &on, &query).await? {
        Some(edition) => Some(wire::edition(on.look.item(), &edition, on.actor.id())),
        None => wire::file(on.look.item(), on.actor.id()),
    };
    Ok(Answer::done(fields.ok_or(No::Missing(Missing::Item))?))
}

/// `GET /files/{fileId}/data` (5.2): the published bytes, whole or one range of them.
pub async fn data(
    State(vault): State<Vault>,
    caller: Caller,
    file: FileId,
    query: Query,
    method: Method,
    headers: HeaderMap,
) -> Result<Response, Error> {
    let on = caller.file(&vault, &file, Action::Download).await?;
    on.check(Action::Download)?;
    let edition = match asked(&vault, &on, &query).await? {
        Some(edition) => edition,
        None => on.look.file()?.edition.clone(),
    };
    let found = vault.download(&on.actor, &on.look, &edition).await?;
    let download = Download {
        disposition: Some((Disposition::Attachment, found.file_name)),
        etag: ETag::strong(found.content.sha256.to_hex()),
        last_modified: Some(found.modified_at.into()),
        ..Download::new(found.content.size, found.media_type)
    };
    content::respond(&method, &headers, &download, |range| vault.open_bytes(&found.content, range)).await.map_err(
        |no| match no {
            DownloadError::Precondition => Error::Precondition,
            DownloadError::Unsatisfiable { size } => Error::Range(size),
            DownloadError::Open(no) => no.into(),
        },
    )
}

/// The version the query names; `None`: it names none.
async fn asked(vault: &Vault, on: &Admitted, query: &Query) -> Result<Option<Edition>, Error> {
    let Some(number) = query.number("version")? else { return Ok(None) };
    let ordinal = i32::try_from(number).map_err(|_| No::Missing(Missing::Edition))?;
    Ok(Some(vault.edition(&on.actor, &on.look, &EditionKey::Ordinal(ordinal)).await?))
}
