//! The editions of a file: listing them (spec/arena.md 8.4), deleting the latest (8.8), adding one to a free file (8.10). The
//! holder of a checked-out file checks in instead: `locks.rs`.

use axum::{
    Json,
    extract::{Request, State},
    http::StatusCode,
    response::{IntoResponse, Response},
};

use super::{
    super::Hall,
    attributes::Description,
    auth::Caller,
    body::{Encoding, Object},
    error::{Error, What},
    files::{Named, Sight, recategorize, received, shown},
    form::Form,
    uploads,
    wire::{File, List},
};
use crate::{
    domain::{
        edition::{Metadata, Publish, Storage},
        error::Error as Refusal,
        permission::Action,
        version::Step,
    },
    vault::{Look, Publication, Staged, Vault},
};

/// `GET /files/{guid}/editions`: all of them, newest first; `limit` and `offset` are tolerated.
pub async fn list(State(hall): State<Hall>, caller: Caller, Named(guid): Named) -> Result<Response, Error> {
    let Sight { look, asked, .. } = Sight::of(&hall.vault, &caller, What::Show, &guid).await?;
    let editions = asked.answer(hall.vault.editions(&caller.actor, &look).await)?;
    let files = editions.iter().map(|edition| File::full(look.item(), edition)).collect();
    Ok(Json(List::of(files)).into_response())
}

/// `POST /files/{guid}/editions`: an edition with content in a form, without in JSON.
pub async fn add(
    State(hall): State<Hall>,
    caller: Caller,
    Named(guid): Named,
    request: Request,
) -> Result<Response, Error> {
    match Encoding::of(request.headers())? {
        Encoding::Json => add_elsewhere(&hall.vault, &caller, &guid, Object::read(request, &hall).await?).await,
        Encoding::Form => add_here(&hall, &caller, &guid, request).await,
    }
}

/// `POST /files/{guid}/editions/json`: the same in JSON only.
pub async fn add_json(
    State(hall): State<Hall>,
    caller: Caller,
    Named(guid): Named,
    body: Object,
) -> Result<Response, Error> {
    add_elsewhere(&hall.vault, &caller, &guid, body).await
}

async fn add_here(hall: &Hall, caller: &Caller, guid: &str, request: Request) -> Result<Response, Error> {
    let form = Form::open(request, hall)?;
    let sight = Sight::of(&hall.vault, caller, What::NewEdition, guid).await;
    let may = sight.as_ref().is_ok_and(|sight| may_add(caller, &sight.look).is_ok());
    let (texts, part) = uploads::read(form, &hall.vault, may).await?;
    let given = Description::read(&texts)?;
    let sight = sight?;
    let (look, may) = (&sight.look, may_add(caller, &sight.look));
    let category = recategorize(&hall.vault, caller, look, given.category.as_deref(), &may).await?;
    sight.asked.answer(may)?;
    let upload = sight.asked.answer(part.upload())?;
    let metadata = upload.metadata(given, category);
    let new = publish(&hall.vault, caller, &sight, metadata, Some(upload.content)).await?;
    Ok((received(&new), shown(&hall.vault, caller, &new).await?).into_response())
}

async fn add_elsewhere(vault: &Vault, caller: &Caller, guid: &str, body: Object) -> Result<Response, Error> {
    let mut given = Description::read_json(&body.unwrapped("file")?)?;
    if given.storage == Some(Storage::File) {
        // JSON brings no bytes
        return Err(Error::NotValid("storageMethodName".to_owned()));
    }
    let sight = Sight::of(vault, caller, What::NewEdition, guid).await?;
    let last = &sight.asked.answer(sight.look.file())?.edition;
    given.storage = match (given.storage, last.storage) {
        (Some(storage), _) => Some(storage),
        (None, Storage::File) => return Err(Error::Required("storageMethodName")),
        (None, Storage::Placeholder) if given.location.is_some() => Some(Storage::Web),
        (None, elsewhere) => Some(elsewhere),
    };
    let misplaced = given.misplaced(Some(last))?;
    let (look, may) = (&sight.look, may_add(caller, &sight.look));
    let category = recategorize(vault, caller, look, given.category.as_deref(), &may).await?;
    sight.asked.answer(may)?;
    if let Some(error) = misplaced {
        return Err(error);
    }
    let new = publish(vault, caller, &sight, given.metadata(category), None).await?;
    shown(vault, caller, &new).await
}

/// Rights, then the lock, whosever it is; the vault decides again, atomically.
fn may_add(caller: &Caller, look: &Look) -> Result<(), Refusal> {
    look.check(&caller.actor, Action::AddEdition)?;
    match look.item().lock() {
        Some(lock) => Err(Refusal::Held(Box::new(lock.clone()))),
        None => Ok(()),
    }
}

/// Publishes the edition and answers its GUID. What is left out is taken over from the latest, the author's name too.
async fn publish(
    vault: &Vault,
    caller: &Caller,
    sight: &Sight,
    metadata: Metadata,
    content: Option<Staged>,
) -> Result<String, Error> {
    let Sight { look, asked, .. } = sight;
    let last = &asked.answer(look.file())?.edition;
    let author_name = metadata.author_name.or_else(|| Some(last.author_name.clone()));
    let publication = Publication {
        content,
        metadata: Metadata { author_name, ..metadata },
        comment: String::new(),
        how: Publish::New(Step::Major),
        rename: None,
    };
    let done = vault.add_edition_when_free(&caller.actor, look, publication).await;
    asked.answer(done.and_then(|done| done.arena_guid.ok_or_else(|| Refusal::broken("an edition without a GUID"))))
}

/// `DELETE /files/{guid}`: the latest edition; with the only one the file (8.8).
pub async fn delete(State(hall): State<Hall>, caller: Caller, Named(guid): Named) -> Result<StatusCode, Error> {
    let Sight { look, edition, asked } = Sight::of(&hall.vault, &caller, What::Delete, &guid).await?;
    asked.answer(hall.vault.delete_edition(&caller.actor, &look, edition.id).await)?;
    Ok(StatusCode::NO_CONTENT)
}
