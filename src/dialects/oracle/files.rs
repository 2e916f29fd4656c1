//! Reading files: their information and their bytes (spec/oracle.md 5.1, 5.2, 5.9).

use axum::{
    extract::State,
    http::{HeaderMap, Method},
    response::Response,
};

use super::{
    admission::Admitted,
    answer::Answer,
    auth::Caller,
    error::Error,
    ids::FileId,
    query::Query,
    wire::{self, Fields},
};
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

/// Most files that are asked for at once (5.9).
const MOST_LISTED: usize = 100;

/// `GET /files/lists?ids=…` (5.9): the information of several files; those that are not there for the caller are left out.
pub async fn lists(State(vault): State<Vault>, caller: Caller, query: Query) -> Result<Answer, Error> {
    let named = query.get("ids")?.ok_or(Error::Required("ids"))?;
    let named: Vec<&str> = named.split(',').map(str::trim).filter(|id| !id.is_empty()).collect();
    if named.len() > MOST_LISTED {
        return Err(Error::BadValue("ids"));
    }
    let ids: Vec<FileId> = named.into_iter().filter_map(FileId::parse).collect();
    let keys: Vec<String> = ids.iter().map(|id| id.as_str().to_owned()).collect();
    let mut seen = vault.items_of_oracle(&caller.actor, &keys).await?;
    if caller.link.is_some() {
        // what the link adds is asked for one by one
        let missing = ids.iter().filter(|id| !seen.iter().any(|item| item.oracle_id == id.as_str()));
        let mut added = Vec::new();
        for id in missing {
            match caller.file(&vault, id, Action::View).await {
                Ok(on) if on.may(Action::View) => added.push(on.look.into_item()),
                // the same code would be wrong for each of them, and counted each time
                Err(No::AccessCode) => break,
                Ok(_) | Err(_) => {}
            }
        }
        seen.extend(added);
        seen.sort_by_key(|item| keys.iter().position(|key| *key == item.oracle_id));
        seen.dedup_by(|a, b| a.id == b.id);
    }
    let items: Vec<Fields> = seen.iter().filter_map(|item| wire::file(item, caller.actor.id())).collect();
    Ok(Answer::done(Fields::new().text("count", items.len().to_string()).list("items", items)))
}

/// `GET /files/{fileId}/data/rendition`, `GET /files/{fileId}/data/renditions` (10): there are none yet.
pub async fn renditions(State(vault): State<Vault>, caller: Caller, file: FileId) -> Result<Answer, Error> {
    caller.file(&vault, &file, Action::View).await?.check(Action::View)?;
    Err(No::Missing(Missing::Edition).into())
}

/// The version the query names; `None`: it names none.
async fn asked(vault: &Vault, on: &Admitted, query: &Query) -> Result<Option<Edition>, Error> {
    let Some(number) = query.number("version")? else { return Ok(None) };
    Ok(Some(vault.edition(&on.actor, &on.look, &EditionKey::Ordinal(ordinal(number)?)).await?))
}

/// A version as files count them; there is none beyond what they count to.
pub fn ordinal(number: i64) -> Result<i32, No> {
    i32::try_from(number).map_err(|_| No::Missing(Missing::Edition))
}
