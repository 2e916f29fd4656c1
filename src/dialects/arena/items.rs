//! Items: search, show, revisions, and the files associated with them (spec/arena.md 8.14, 11). What this vendor calls an
//! item is a part in one of its revisions; its GUID is the revision's.

use axum::{
    Json,
    extract::{FromRequestParts, Path, RawQuery, Request, State},
    http::{HeaderName, HeaderValue, StatusCode, request::Parts},
    response::{IntoResponse, Response},
};

use super::{
    super::Hall,
    attributes::Given,
    auth::Caller,
    body::{Encoding, Object},
    error::{Asked, Error, What},
    files::{Drawn, Named, Sight, received},
    form::Texts,
    ids::Guid,
    search::{self, PartSearch, Window},
    wire::{Association, Item, List, Revision, Use, View},
};
use crate::{
    domain::{
        error::{Error as Refusal, Missing},
        id::{EditionId, EditionKey},
        part::Terms,
    },
    vault::{Look, NewFileOf, PartFile, PartLook, Vault},
};

const ASSOCIATION_GUID: HeaderName = HeaderName::from_static("x-arena-itemfileassociation-guid");

/// The two GUIDs of a path, as they are spelled.
#[derive(Clone, Debug)]
pub struct NamedBoth(String, String);

impl FromRequestParts<Hall> for NamedBoth {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, hall: &Hall) -> Result<Self, Error> {
        let path = Path::<(String, String)>::from_request_parts(parts, hall).await;
        path.map(|Path((guid, association))| NamedBoth(guid, association)).map_err(|_| Error::Syntax)
    }
}

/// `GET /items`: the items that fit, by number, each in its effective revision or else in its working one.
pub async fn list(State(hall): State<Hall>, caller: Caller, RawQuery(query): RawQuery) -> Result<Response, Error> {
    let PartSearch { query, minimal, window: Window { limit, offset } } = PartSearch::read(query.as_deref())?;
    let asked = Asked::nothing(What::Part);
    let found = asked.answer(hall.vault.parts(&caller.actor, &caller.library, &query, limit, offset).await)?;
    let view = if minimal { View::Minimal } else { View::Full };
    Ok(Json(List::of(found.iter().map(|revision| Item::of(revision, view)).collect())).into_response())
}

/// `GET /items/{guid}`.
pub async fn show(State(hall): State<Hall>, caller: Caller, Named(guid): Named) -> Result<Response, Error> {
    let part = look(&hall.vault, &caller, &guid).await?;
    Ok(Json(Item::of(part.revision(), View::Full)).into_response())
}

/// `GET /items/{guid}/revisions`: newest first.
pub async fn revisions(
    State(hall): State<Hall>,
    caller: Caller,
    Named(guid): Named,
    RawQuery(query): RawQuery,
) -> Result<Response, Error> {
    let window = search::whole_unless_asked(query.as_deref())?;
    let part = look(&hall.vault, &caller, &guid).await?;
    let asked = Asked::about(What::Part, guid);
    let revisions = asked.answer(hall.vault.part_revisions(&caller.actor, &part).await)?;
    Ok(Json(List::of(window.of(&revisions).map(Revision::from).collect())).into_response())
}

/// `GET /items/{guid}/files`: those that the caller may see.
pub async fn files(
    State(hall): State<Hall>,
    caller: Caller,
    Named(guid): Named,
    RawQuery(query): RawQuery,
) -> Result<Response, Error> {
    let window = search::whole_unless_asked(query.as_deref())?;
    let part = look(&hall.vault, &caller, &guid).await?;
    let asked = Asked::about(What::Part, guid);
    let files = asked.answer(hall.vault.part_files(&caller.actor, &part).await)?;
    Ok(Json(List::of(window.of(&files).map(Association::of).collect())).into_response())
}

/// `GET /items/{guid}/files/{association}`.
pub async fn file(State(hall): State<Hall>, caller: Caller, names: NamedBoth) -> Result<Response, Error> {
    let (_, file) = look_both(&hall.vault, &caller, &names).await?;
    Ok(Json(Association::of(&file)).into_response())
}

/// `POST /items/{guid}/files`: a new file in a form, or an existing one in JSON.
pub async fn associate(
    State(hall): State<Hall>,
    caller: Caller,
    Named(guid): Named,
    request: Request,
) -> Result<Response, Error> {
    match Encoding::of(request.headers())? {
        Encoding::Form => Box::pin(create(&hall, &caller, &guid, request)).await,
        Encoding::Json => associate_existing(&hall, &caller, &guid, &Object::read(request, &hall).await?).await,
    }
}

/// The file and its association are made together or not at all.
async fn create(hall: &Hall, caller: &Caller, guid: &str, request: Request) -> Result<Response, Error> {
    let (vault, actor) = (&hall.vault, &caller.actor);
    let asked = Asked::about(What::Part, guid);
    // the refusal waits until the whole form is read (5.2)
    let part = look(vault, caller, guid).await;
    let takes = part.as_ref().is_ok_and(|part| part.check(actor).is_ok());
    let drawn = Drawn::read(request, hall, caller, takes).await?;
    let said = Said::of_form(&drawn.texts)?;
    let part = part?;
    asked.answer(part.check(actor))?;
    let (folder, file) = drawn.decide(vault, caller).await?;
    let new = NewFileOf {
        file,
        latest: said.latest.unwrap_or(true),
        primary: said.primary.unwrap_or(false),
        reference: said.reference.unwrap_or_default(),
    };
    let (made, association) = asked.answer(vault.create_associated(actor, &part, &folder, new).await)?;
    let file = asked.answer(vault.part_file(actor, &part, &association).await)?;
    let edition = made.arena_guid.unwrap_or_default();
    let named = [(ASSOCIATION_GUID, spelled(&association))];
    Ok((StatusCode::CREATED, received(&edition), named, Json(Association::of(&file))).into_response())
}

async fn associate_existing(hall: &Hall, caller: &Caller, guid: &str, body: &Object) -> Result<Response, Error> {
    let (vault, actor) = (&hall.vault, &caller.actor);
    let said = Said::of_json(body)?;
    let named = said.file.clone().ok_or(Error::Required("file.guid"))?;
    let part = look(vault, caller, guid).await?;
    let sight = Sight::of(vault, caller, What::Part, &named).await?;
    let asked = Asked::about(What::Part, guid);
    asked.answer(part.check(actor))?;
    let latest = said.latest.unwrap_or(true);
    let edition = if latest { None } else { Some(said.edition(vault, caller, &sight.look, sight.edition.id).await?) };
    let terms =
        Terms { edition, primary: said.primary.unwrap_or(false), reference: said.reference.unwrap_or_default() };
    let association = asked.answer(vault.associate(actor, &part, &sight.look, terms).await)?;
    let file = asked.answer(vault.part_file(actor, &part, &association).await)?;
    Ok(Json(Association::of(&file)).into_response())
}

/// `PUT /items/{guid}/files/{association}`: its flags and, where it does not follow the newest one, its edition. What is
/// left out stays.
pub async fn change(
    State(hall): State<Hall>,
    caller: Caller,
    names: NamedBoth,
    body: Object,
) -> Result<Response, Error> {
    let (vault, actor) = (&hall.vault, &caller.actor);
    let said = Said::of_json(&body)?;
    let (part, file) = look_both(vault, &caller, &names).await?;
    let shown = match &said.file {
        None => file.edition.id,
        Some(named) => {
            let sight = Sight::of(vault, &caller, What::Part, named).await?;
            // another file is another association
            if sight.look.item().id != file.association.file {
                return Err(Error::NotValid("file.guid".to_owned()));
            }
            sight.edition.id
        }
    };
    let asked = Asked::about(What::Part, names.0.as_str());
    asked.answer(part.check(actor))?;
    let latest = said.latest.unwrap_or(file.association.edition.is_none());
    let edition = if latest { None } else { Some(said.edition(vault, &caller, &file.look, shown).await?) };
    let terms = Terms {
        edition,
        primary: said.primary.unwrap_or(file.association.primary),
        reference: said.reference.unwrap_or_else(|| file.association.reference.clone()),
    };
    asked.answer(vault.change_association(actor, &part, &file, terms).await)?;
    let file = asked.answer(vault.part_file(actor, &part, &file.association.arena_guid).await)?;
    Ok((StatusCode::CREATED, Json(Association::of(&file))).into_response())
}

/// `DELETE /items/{guid}/files/{association}`: the file stays, it only belongs to the item no more.
pub async fn dissociate(State(hall): State<Hall>, caller: Caller, names: NamedBoth) -> Result<StatusCode, Error> {
    let (part, file) = look_both(&hall.vault, &caller, &names).await?;
    let asked = Asked::about(What::Part, names.0);
    asked.answer(hall.vault.dissociate(&caller.actor, &part, &file).await)?;
    Ok(StatusCode::NO_CONTENT)
}

/// `GET /files/{guid}/items`: the items that show this edition.
pub async fn of_file(
    State(hall): State<Hall>,
    caller: Caller,
    Named(guid): Named,
    RawQuery(query): RawQuery,
) -> Result<Response, Error> {
    let window = search::whole_unless_asked(query.as_deref())?;
    let Sight { look, edition, asked } = Sight::of(&hall.vault, &caller, What::Show, &guid).await?;
    let uses = asked.answer(hall.vault.parts_of(&caller.actor, &look, &edition).await)?;
    let uses = window.of(&uses).map(|(revision, association)| Use::of(revision, association)).collect();
    Ok(Json(List::of(uses)).into_response())
}

/// `GET /files/{guid}/items/{association}`: the association of one of them.
pub async fn of_file_one(State(hall): State<Hall>, caller: Caller, names: NamedBoth) -> Result<Response, Error> {
    let NamedBoth(guid, association) = names;
    let Sight { look, edition, asked } = Sight::of(&hall.vault, &caller, What::Show, &guid).await?;
    let association = parse(&association)?;
    let uses = asked.answer(hall.vault.parts_of(&caller.actor, &look, &edition).await)?;
    let found = uses.into_iter().find(|(_, known)| known.arena_guid == association.as_str());
    let (revision, association) = asked.answer(found.ok_or(Refusal::Missing(Missing::Association)))?;
    let file = PartFile { association, look, edition };
    Ok(Json(Association::with(&file, &revision)).into_response())
}

/// What a request says of an association; `None`: nothing.
#[derive(Clone, Debug, Default)]
struct Said {
    primary: Option<bool>,
    /// Whether the newest edition is wanted, whatever it is.
    latest: Option<bool>,
    reference: Option<String>,
    /// The GUID of any edition of the file, as it is spelled.
    file: Option<String>,
    /// The label of the edition.
    label: Option<String>,
}

impl Said {
    fn of_json(body: &Object) -> Result<Self, Error> {
        let boolean = |name| body.get(name).map_or(Ok(None), |value| Given::Json(value).boolean(name));
        let inner = |key| match body.get("file") {
            Some(_) => body.inner("file", key),
            None => Ok(None),
        };
        Ok(Self {
            file: inner("guid")?.map(|guid| Given::Json(guid).guid()),
            primary: boolean("primary")?,
            latest: boolean("latestEditionAssociation")?,
            label: inner("edition")?.map(|label| Given::Json(label).edition("file.edition")).transpose()?,
            reference: body.get("reference").map(|value| Given::Json(value).reference()).transpose()?,
        })
    }

    /// Beside a new file, whose edition is its first.
    fn of_form(texts: &Texts) -> Result<Self, Error> {
        let boolean = |name| texts.get(name).map_or(Ok(None), |value| value.boolean(name));
        Ok(Self {
            primary: boolean("primary")?,
            latest: boolean("latestEditionAssociation")?,
            reference: texts.get("reference").map(Given::reference).transpose()?,
            ..Self::default()
        })
    }

    /// The edition with the label that was said, else this one.
    async fn edition(
        &self,
        vault: &Vault,
        caller: &Caller,
        look: &Look,
        else_this: EditionId,
    ) -> Result<EditionId, Error> {
        let Some(label) = &self.label else { return Ok(else_this) };
        match vault.edition(&caller.actor, look, &EditionKey::Label(label.clone())).await {
            Err(Refusal::Missing(Missing::Edition)) => Err(Error::NotValid("file.edition".to_owned())),
            edition => Asked::nothing(What::Part).answer(edition).map(|edition| edition.id),
        }
    }
}

/// Looks at the item with this GUID.
async fn look(vault: &Vault, caller: &Caller, guid: &str) -> Result<PartLook, Error> {
    let asked = Asked::about(What::Part, guid);
    let guid = parse(guid)?;
    asked.answer(vault.part(&caller.actor, &caller.library, guid.as_str()).await)
}

/// Looks at an item and at one of its associations.
async fn look_both(vault: &Vault, caller: &Caller, names: &NamedBoth) -> Result<(PartLook, PartFile), Error> {
    let NamedBoth(guid, association) = names;
    let part = look(vault, caller, guid).await?;
    let asked = Asked::about(What::Part, association.as_str());
    let association = parse(association)?;
    let file = asked.answer(vault.part_file(&caller.actor, &part, association.as_str()).await)?;
    Ok((part, file))
}

fn parse(guid: &str) -> Result<Guid, Error> {
    Guid::parse(guid).ok_or_else(|| Asked::about(What::Part, guid).refused(Refusal::Missing(Missing::Part)))
}

/// A GUID as the value of a header.
fn spelled(guid: &str) -> HeaderValue {
    // 20 letters and digits, which a header always holds
    HeaderValue::from_str(guid).unwrap_or(HeaderValue::from_static(""))
}
