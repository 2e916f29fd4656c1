//! `POST /files/checkoutstatuschanges`: check out, cancel, check in (spec/arena.md 7). One endpoint, four behaviours; which
//! one it is depends on what was sent (7.2), in JSON or in a form.

use axum::{
    Json,
    extract::{Request, State},
    http::StatusCode,
    response::{IntoResponse, Response},
};

use super::{
    super::Hall,
    attributes::{Description, Given},
    auth::Caller,
    body::{Encoding, Object},
    error::{Asked, Error, What},
    files::{Sight, Upload, recategorize, received},
    form::{Form, Texts},
    uploads::Part,
    wire::{File, StatusChange},
};
use crate::{
    domain::{
        edition::{Edition, Publish, Storage},
        error::Error as Refusal,
        event::Verb,
        id::EditionKey,
        item::Item,
        lock::{CheckOut, CheckedOut, Lock},
        permission::Action,
        version::Step,
    },
    vault::{Cancel, CheckIn, Publication, Vault},
};

/// What a request says, whatever its encoding.
#[derive(Debug)]
struct Change {
    checked_out: bool,
    new_edition: Option<bool>,
    comment: Option<String>,
    guid: String,
    /// A form's metadata.
    given: Description,
}

/// What is to be done.
#[derive(Clone, Copy, Debug)]
enum Behaviour {
    CheckOut,
    Cancel,
    CheckIn,
}

/// `POST /files/checkoutstatuschanges`.
pub async fn change_status(State(hall): State<Hall>, caller: Caller, request: Request) -> Result<Response, Error> {
    let (change, part, sight) = match Encoding::of(request.headers())? {
        Encoding::Json => (Change::of_json(&Object::read(request, &hall).await?)?, Part::Absent, None),
        Encoding::Form => read_form(&hall, &caller, request).await?,
    };
    let behaviour = change.behaviour(&part);
    let what = match behaviour {
        Behaviour::CheckOut => What::CheckOut,
        Behaviour::Cancel => What::Cancel,
        Behaviour::CheckIn => What::CheckIn,
    };
    let vault = &hall.vault;
    if let Behaviour::CheckIn = behaviour {
        let sight = match sight {
            // looked at before its file was read: what follows is bound to the check-out seen then
            Some(sight) => Sight { asked: Asked::about(what, change.guid.as_str()), ..sight },
            None => Sight::of(vault, &caller, what, &change.guid).await?,
        };
        return Box::pin(check_in(vault, &caller, sight, change, part)).await;
    }
    let (caller, change) = (&caller, &change);
    vault
        .by_glance(|eyes| async move {
            let sight = Sight::with(&eyes, vault, caller, what, &change.guid).await?;
            let comment = change.comment.clone();
            if change.checked_out {
                check_out(vault, caller, sight, comment).await
            } else {
                cancel(vault, caller, sight, comment).await
            }
        })
        .await
}

/// Reads a form. Its file is written only for a caller who may check in, as far as the parts before it tell; a refusal
/// waits until the whole form is read, because the order of checks is fixed (5.2).
async fn read_form(hall: &Hall, caller: &Caller, request: Request) -> Result<(Change, Part, Option<Sight>), Error> {
    let mut form = Form::open(request, hall)?;
    let mut sight = None;
    let part = match form.file().await? {
        None => Part::Absent,
        Some(file) => {
            let named = form.texts.get("guid").map(Given::guid);
            if let Some(guid) = &named {
                sight = Sight::of(&hall.vault, caller, What::CheckIn, guid).await.ok();
            }
            let may = sight.as_ref().is_some_and(|sight| sight.look.check(&caller.actor, Action::CheckIn).is_ok());
            let takes =
                matches!(form.texts.get("checkedOut").map(|value| value.boolean("checkedOut")), Some(Ok(Some(true))));
            if (named.is_none() || may) && !takes {
                Part::Staged(Upload::stage(file, &hall.vault).await?)
            } else {
                drop(file);
                Part::PassedOver
            }
        }
    };
    let texts = form.rest().await?;
    let change = Change::of_form(&texts, &part)?;
    Ok((change, part, sight))
}

impl Change {
    fn of_json(body: &Object) -> Result<Self, Error> {
        // what is missing comes first, then types, then lengths (5.2)
        let checked_out = Given::Json(body.get("checkedOut").ok_or(Error::Required("checkedOut"))?);
        let guid = Given::Json(body.inner("file", "guid")?.ok_or(Error::Required("file.guid"))?);
        let new_edition = body.get("newEdition").map(|value| Given::Json(value).boolean("newEdition"));
        Ok(Change {
            checked_out: checked_out.boolean("checkedOut")?.ok_or(Error::Required("checkedOut"))?,
            new_edition: new_edition.transpose()?.flatten(),
            comment: body.get("comment").map(|value| Given::Json(value).comment()).transpose()?,
            guid: guid.guid(),
            given: Description::default(),
        })
    }

    fn of_form(texts: &Texts, part: &Part) -> Result<Self, Error> {
        let boolean = |name| texts.get(name).map_or(Ok(None), |value| value.boolean(name));
        // who sends a file checks in
        let usual = match part {
            Part::Staged(_) | Part::PassedOver => Some(false),
            Part::Absent if texts.says("checkedOut") => None,
            Part::Absent => return Err(Error::Required("checkedOut")),
        };
        let guid = texts.get("guid").map(Given::guid).ok_or(Error::Required("file.guid"))?;
        Ok(Change {
            checked_out: boolean("checkedOut")?.or(usual).ok_or(Error::Required("checkedOut"))?,
            new_edition: boolean("newEdition")?,
            given: Description::read(texts)?,
            comment: texts.get("comment").map(Given::comment).transpose()?,
            guid,
        })
    }

    /// Which behaviour is meant (7.2).
    fn behaviour(&self, part: &Part) -> Behaviour {
        match (self.checked_out, self.new_edition, part) {
            (true, _, _) => Behaviour::CheckOut,
            (false, None, Part::Absent) => Behaviour::Cancel,
            (false, _, _) => Behaviour::CheckIn,
        }
    }
}

async fn check_out(vault: &Vault, caller: &Caller, sight: Sight, comment: Option<String>) -> Result<Response, Error> {
    let Sight { look, edition, asked } = sight;
    let actor = &caller.actor;
    let said = comment.as_deref();
    let is_out = look.item().lock().is_some_and(Lock::has_working_copy);
    let free = edition.latest && !is_out && look.check(actor, Action::CheckOut).is_ok();
    if free && edition.storage != Storage::File {
        // only this vendor refuses it; everything before it is refused by the vault itself
        let no_content = Err(Refusal::NoContent);
        return match vault.note_refusal::<Response>(actor, &look, Verb::CheckOut, said, no_content).await {
            Err(Refusal::NoContent) => Err(Error::NotForStorage { attribute: "checkedOut", storage: edition.storage }),
            other => asked.answer(other),
        };
    }
    let what = CheckOut { comment: comment.clone(), ..CheckOut::default() };
    let taken = vault.check_out_edition(actor, &look, edition.id, what).await;
    let lock = match asked.answer(taken)? {
        CheckedOut::Taken(lock) => lock,
        // a second check-out is an error here, also the holder's own
        CheckedOut::AlreadyYours(lock) => {
            let held = Err(Refusal::Held(Box::new(lock)));
            return asked.answer(vault.note_refusal(actor, &look, Verb::CheckOut, said, held).await);
        }
    };
    Ok(changed(look.item(), &edition, Some(&lock), said))
}

async fn cancel(vault: &Vault, caller: &Caller, sight: Sight, comment: Option<String>) -> Result<Response, Error> {
    let Sight { look, edition, asked } = sight;
    let what = Cancel { holder: None, comment: comment.clone() };
    asked.answer(vault.cancel(&caller.actor, &look, what).await)?;
    Ok(changed(look.item(), &edition, None, comment.as_deref()))
}

async fn check_in(vault: &Vault, caller: &Caller, sight: Sight, change: Change, part: Part) -> Result<Response, Error> {
    let actor = &caller.actor;
    let said = change.comment.as_deref();
    let may = may_check_in(caller, &sight, change.new_edition, &part);
    let Sight { look, edition, asked } = &sight;
    let category = recategorize(vault, caller, look, change.given.category.as_deref(), &may).await?;
    asked.answer(vault.note_refusal(actor, look, Verb::CheckIn, said, may).await)?;
    let upload = asked.answer(part.upload())?;
    // what is left out is taken over, the author's name too
    let author = change.given.author.clone().or_else(|| Some(edition.author_name.clone()));
    let publication = Publication {
        metadata: upload.metadata(Description { author, ..change.given.clone() }, category),
        content: Some(upload.content),
        comment: change.comment.clone().unwrap_or_default(),
        how: if change.new_edition == Some(false) { Publish::ReplaceLatest } else { Publish::New(Step::Major) },
        rename: None,
    };
    let done = asked.answer(vault.check_in(actor, look, CheckIn { publication, lock_uuid: None }).await)?;
    let look = asked.answer(vault.look_after(actor, &done).await)?;
    let guid = done.arena_guid.unwrap_or_else(|| edition.arena_guid.clone());
    let edition = asked.answer(vault.edition(actor, &look, &EditionKey::Arena(guid.clone())).await)?;
    Ok((received(&guid), changed(look.item(), &edition, None, said)).into_response())
}

/// Rights, state, ownership, content: in this order (5.2). The vault decides again, atomically.
fn may_check_in(caller: &Caller, sight: &Sight, new_edition: Option<bool>, part: &Part) -> Result<(), Refusal> {
    let Sight { look, edition, .. } = sight;
    let ownership = match look.check(&caller.actor, Action::CheckIn) {
        Err(refusal @ Refusal::Held(_)) => Err(refusal),
        Err(refusal) => return Err(refusal),
        Ok(_) => Ok(()),
    };
    if look.item().lock().is_none() {
        return Err(Refusal::NotCheckedOut);
    }
    if !edition.latest {
        return Err(Refusal::NotLatest);
    }
    if new_edition == Some(false) && edition.frozen {
        return Err(Refusal::Frozen);
    }
    ownership?;
    if matches!(part, Part::Absent) { Err(Refusal::ContentMissing) } else { Ok(()) }
}

/// 201 and the file as the change has left it.
fn changed(item: &Item, edition: &Edition, lock: Option<&Lock>, comment: Option<&str>) -> Response {
    let file = File::nested(item, edition, lock);
    (StatusCode::CREATED, Json(StatusChange { checked_out: lock.is_some(), comment, file })).into_response()
}
