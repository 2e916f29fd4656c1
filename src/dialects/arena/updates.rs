//! Changing the newest edition in place: what is said of it (spec/arena.md 8.7), its content (8.9), and bringing the
//! content of a file whose bytes were elsewhere (8.11). The edition keeps its GUID, a check-out its holder.

use axum::{
    extract::{RawQuery, Request, State},
    response::{IntoResponse, Response},
};

use super::{
    super::Hall,
    attributes::Description,
    auth::Caller,
    body::Object,
    error::{Error, What},
    files::{Named, Sight, recategorize, received, shown},
    form::Form,
    search, uploads,
};
use crate::{
    domain::{edition::Storage, error::Error as Refusal, permission::Action},
    vault::{RevisedBytes, Revision},
};

/// Attributes that `setnull` lets be null.
const NULLABLE: [&str; 2] = ["description", "format"];

/// `PUT /files/{guid}`: what is said of an edition, and where bytes are that are not here (8.7).
pub async fn update(
    State(hall): State<Hall>,
    caller: Caller,
    Named(guid): Named,
    RawQuery(query): RawQuery,
    body: Object,
) -> Result<Response, Error> {
    let body = body.unwrapped("file")?;
    let mut given = Description::read_json(&body)?;
    if search::flag(query.as_deref(), "setnull")?.unwrap_or(false) {
        let [description, format] = NULLABLE.map(|attribute| body.is_null(attribute).then(String::new));
        given =
            Description { description: description.or(given.description), format: format.or(given.format), ..given };
    }
    let vault = &hall.vault;
    let sight = Sight::of(vault, &caller, What::Update, &guid).await?;
    let Sight { look, asked, edition } = &sight;
    let misplaced = given.misplaced(Some(&asked.answer(look.file())?.edition))?;
    let may = may_update(&caller, &sight);
    let category = recategorize(vault, &caller, look, given.category.as_deref(), &may).await?;
    asked.answer(may)?;
    if let Some(error) = misplaced {
        return Err(error);
    }
    let revision = Revision { edition: edition.id, metadata: given.metadata(category), bytes: RevisedBytes::Stay };
    asked.answer(vault.revise(&caller.actor, look, revision).await)?;
    shown(vault, &caller, &edition.arena_guid).await
}

/// `POST /files/{guid}/content`: other bytes for an edition whose bytes are here (8.9).
pub async fn replace_content(
    State(hall): State<Hall>,
    caller: Caller,
    Named(guid): Named,
    request: Request,
) -> Result<Response, Error> {
    let form = Form::open(request, &hall)?;
    let sight = Sight::of(&hall.vault, &caller, What::Update, &guid).await;
    let may = |sight: &Sight| sight.edition.storage == Storage::File && may_update(&caller, sight).is_ok();
    let (texts, part) = uploads::read(form, &hall.vault, sight.as_ref().is_ok_and(may)).await?;
    let given = Description::of_bytes(&texts)?;
    let sight = sight?;
    let Sight { look, asked, edition } = &sight;
    asked.answer(may_update(&caller, &sight))?;
    if edition.storage != Storage::File {
        return Err(Error::NotForStorage { attribute: "content", storage: edition.storage });
    }
    let upload = asked.answer(part.upload())?;
    let (metadata, bytes) = (upload.metadata(given, None), RevisedBytes::Replaced(upload.content));
    let revision = Revision { edition: edition.id, metadata, bytes };
    match hall.vault.revise(&caller.actor, look, revision).await {
        // its bytes went elsewhere in between
        Err(Refusal::NoContent) => {
            let now = Sight::of(&hall.vault, &caller, What::Update, &guid).await?;
            return Err(Error::NotForStorage { attribute: "content", storage: now.edition.storage });
        }
        done => asked.answer(done)?,
    };
    let guid = &edition.arena_guid;
    Ok((received(guid), shown(&hall.vault, &caller, guid).await?).into_response())
}

/// `POST /files/{guid}`: the bytes of an edition come here, where none were (8.11).
pub async fn bring_content(
    State(hall): State<Hall>,
    caller: Caller,
    Named(guid): Named,
    request: Request,
) -> Result<Response, Error> {
    let form = Form::open(request, &hall)?;
    let sight = Sight::of(&hall.vault, &caller, What::Update, &guid).await;
    let may = sight.as_ref().is_ok_and(|sight| may_bring(&caller, sight).is_ok());
    let (texts, part) = uploads::read(form, &hall.vault, may).await?;
    let given = Description::read(&texts)?;
    let sight = sight?;
    let Sight { look, asked, edition } = &sight;
    if edition.storage != Storage::File && given.storage.is_none() {
        return Err(Error::StorageRequired(edition.storage));
    }
    let may = may_bring(&caller, &sight);
    let category = recategorize(&hall.vault, &caller, look, given.category.as_deref(), &may).await?;
    asked.answer(may)?;
    let upload = asked.answer(part.upload())?;
    let (metadata, bytes) = (upload.metadata(given, category), RevisedBytes::Brought(upload.content));
    let revision = Revision { edition: edition.id, metadata, bytes };
    asked.answer(hall.vault.revise(&caller.actor, look, revision).await)?;
    let guid = &edition.arena_guid;
    Ok((received(guid), shown(&hall.vault, &caller, guid).await?).into_response())
}

/// Rights, whose lock it is, then the edition's own state; the vault decides again, atomically.
fn may_update(caller: &Caller, sight: &Sight) -> Result<(), Refusal> {
    sight.look.check(&caller.actor, Action::Describe)?;
    if !sight.edition.latest {
        return Err(Refusal::NotLatest);
    }
    if sight.edition.frozen { Err(Refusal::Frozen) } else { Ok(()) }
}

/// The same where the storage changes, which the caller's own lock prevents as well.
fn may_bring(caller: &Caller, sight: &Sight) -> Result<(), Refusal> {
    may_update(caller, sight)?;
    match (sight.look.item().lock(), sight.edition.storage) {
        (Some(lock), _) => Err(Refusal::Held(Box::new(lock.clone()))),
        (None, Storage::File) => Err(Refusal::Impossible("its bytes are here")),
        (None, Storage::Placeholder | Storage::Ftp | Storage::Web) => Ok(()),
    }
}
