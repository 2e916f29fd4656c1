//! Downloads (spec/liferay.md 10.6): `/documents/{groupId}/{folderId}/{name}[/{uuid}]` and `/documents/{groupId}/{uuid}`.

use axum::{
    extract::{FromRequestParts, Request},
    http::request::Parts,
    response::{IntoResponse, Response},
};

use super::{
    auth::Caller,
    call::said,
    error::{Error, Operation, Subject},
    find, ids,
    wire::file_version::WORKING_COPY,
};
use crate::{
    dialects::Hall,
    domain::{
        actor::Actor,
        error::{Error as Refusal, Missing},
        id::EditionKey,
        item::Kind,
    },
    http::{
        content::{self, DownloadError},
        disposition::Disposition,
        etag::ETag,
        path,
    },
    vault::{Download, Look, Vault},
};

/// What an address asks for beside the file.
#[derive(Debug, Default)]
struct Wanted {
    version: Option<String>,
    attachment: bool,
}

/// Gives the bytes of a file, or of one of its versions.
pub async fn answer(hall: Hall, request: Request) -> Response {
    let (mut parts, _body) = request.into_parts();
    match Caller::from_request_parts(&mut parts, &hall).await {
        Ok(Caller(actor)) => respond(&hall, &actor, &parts).await.unwrap_or_else(IntoResponse::into_response),
        Err(refusal) => refusal.into_response(),
    }
}

async fn respond(hall: &Hall, actor: &Actor, request: &Parts) -> Result<Response, Error> {
    let address = request.uri.path();
    let subject = Subject::Address(address.chars().take(512).collect());
    if actor.account.is_none() {
        let class = "com.liferay.document.library.kernel.service.DLAppService";
        return Err(Error::Guest { class, method: "getFileEntry" });
    }
    let missing = || said(actor, Operation::View, &subject)(Refusal::Missing(Missing::Item));
    let segments = path::segments(address).map_err(|_| missing())?;
    let look = find(&hall.vault, actor, segments.get(1..).unwrap_or_default()).await;
    // by its address it is missing, whatever part of the address is wrong
    let look = look.map_err(|error| if error.is_missing() { missing() } else { error })?;
    let wanted = wanted(request.uri.query().unwrap_or_default());
    let download = version(&hall.vault, actor, &look, &wanted, missing).await?;
    send(&hall.vault, actor, &look, download, &wanted, request).await
}

fn wanted(query: &str) -> Wanted {
    let mut wanted = Wanted::default();
    for (name, value) in form_urlencoded::parse(query.as_bytes()) {
        match &*name {
            "version" => wanted.version = Some(value.into_owned()),
            "download" => wanted.attachment = value == "true",
            // `t` only defeats caches
            _ => {}
        }
    }
    wanted
}

/// The file an address names. A uuid decides; without one it is the title or the name in the folder.
async fn find(vault: &Vault, actor: &Actor, segments: &[String]) -> Result<Look, Error> {
    let nowhere = || said(actor, Operation::View, &Subject::File(0))(Refusal::Missing(Missing::Item));
    let [group, rest @ ..] = segments else { return Err(nowhere()) };
    let group = ids::group(group).ok_or_else(nowhere)?;
    match rest {
        [uuid] | [_, _, uuid] => find::file_by_uuid(vault, actor, uuid, group).await,
        [folder, name] => {
            let folder = ids::folder(folder).ok_or_else(nowhere)?;
            let folder = find::folder_in(vault, actor, group, folder).await?;
            let mut found = find::titled(vault, actor, &folder, name).await?;
            if found.is_empty() {
                found = find::named(vault, actor, &folder, Kind::File, name).await?;
            }
            let item = found.into_iter().next().ok_or_else(nowhere)?;
            find::file(vault, actor, item.number).await
        }
        _ => Err(nowhere()),
    }
}

/// The last approved version, a named one, or the working copy, which only its holder gets; each under the name that its
/// `FileVersion` has.
async fn version(
    vault: &Vault,
    actor: &Actor,
    look: &Look,
    wanted: &Wanted,
    missing: impl Fn() -> Error,
) -> Result<Download, Error> {
    let said = said(actor, Operation::View, &Subject::File(look.item().number));
    let item = look.item();
    let edition = match wanted.version.as_deref() {
        None | Some("") => find::parts(look)?.edition.clone(),
        Some(WORKING_COPY) if item.is_held_by(actor.id()) => {
            let name = item.draft_of(actor.id()).and_then(|draft| draft.file_name.clone());
            let found = vault.download_working_copy(actor, look).await.map_err(said)?;
            return Ok(Download { file_name: name.unwrap_or_else(|| item.name.clone()), ..found });
        }
        Some(label) => {
            let version = label.parse().map_err(|_| missing())?;
            let edition = vault.edition(actor, look, &EditionKey::Version(version)).await;
            let edition = edition.map_err(&said);
            edition.map_err(|error| if error.is_missing() { missing() } else { error })?
        }
    };
    let found = vault.download(actor, look, &edition).await.map_err(said)?;
    let file_name = if edition.latest { item.name.clone() } else { found.file_name };
    Ok(Download { file_name, ..found })
}

async fn send(
    vault: &Vault,
    actor: &Actor,
    look: &Look,
    download: Download,
    wanted: &Wanted,
    request: &Parts,
) -> Result<Response, Error> {
    let said = said(actor, Operation::View, &Subject::File(look.item().number));
    let mut answer = content::Download::new(download.content.size, download.media_type);
    // what a browser would run as a page never runs from here
    let inline = !wanted.attachment && !answer.is_active();
    let disposition = if inline { Disposition::Inline } else { Disposition::Attachment };
    answer.disposition = Some((disposition, download.file_name));
    answer.etag = ETag::strong(download.content.sha256.to_hex());
    answer.last_modified = Some(download.modified_at.into());
    let bytes = &download.content;
    let open = |range| vault.open_bytes(bytes, range);
    content::respond(&request.method, &request.headers, &answer, open).await.map_err(|error| match error {
        DownloadError::Precondition => said(Refusal::PreconditionFailed),
        DownloadError::Unsatisfiable { size } => Error::Unsatisfiable(size),
        DownloadError::Open(refusal) => said(refusal),
    })
}
