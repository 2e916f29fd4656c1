//! Definitions of metadata collections (spec/oracle.md 10): everybody's, and personal ones. Whose they are to change is the
//! checker's question.

use axum::extract::State;

use super::{
    answer::{Answer, Base},
    auth::Caller,
    error::Error,
    ids::CollectionPath,
    input::{Input, Unread},
    metadata,
    query::Query,
    wire::{self, Fields},
};
use crate::{
    domain::{
        actor::Actor,
        error::Error as No,
        metadata::{Collection, CollectionChange, CollectionName, FieldChange, FieldKind, NewField, read_default},
    },
    vault::Vault,
};

/// `GET /metadata`: everybody's and the caller's own; with their fields where `retrieveFields` says so, in the query or the
/// body.
pub async fn list(State(vault): State<Vault>, caller: Caller, query: Query, body: Unread) -> Result<Answer, Error> {
    let actor = signed_in(&caller)?;
    let input = body.read().await?;
    let fields = match query.get("retrieveFields")? {
        Some(said) => matches!(said, "1" | "true"),
        None => input.flag("retrieveFields")?,
    };
    let found = if fields { vault.collections_with_fields(actor).await? } else { vault.collections(actor).await? };
    let all = found.iter().fold(Fields::new(), |all, one| all.object(one.name.clone(), wire::collection(one, None)));
    Ok(Answer::done(Fields::new().object("metadataCollections", all)))
}

/// `GET /metadata/{collectionName}`.
pub async fn show(State(vault): State<Vault>, caller: Caller, named: CollectionPath) -> Result<Answer, Error> {
    let found = metadata::collection(&vault, signed_in(&caller)?, &named.0).await?;
    Ok(Answer::done(wire::collection(&found, None)))
}

/// `POST /metadata/{collectionName}`: makes one, with fields by name alone or with all that is said of them.
pub async fn create(
    State(vault): State<Vault>,
    caller: Caller,
    named: CollectionPath,
    base: Base,
    body: Unread,
) -> Result<Answer, Error> {
    let actor = signed_in(&caller)?;
    let name = CollectionName::parse(&named.0)?;
    vault.check_new_collection(actor, &name).map_err(Error::of(&named.0))?;
    let input = body.read().await?;
    let fields = new_fields(&input, "fields", "fieldsArray")?;
    vault.create_collection(actor, &name, fields).await?;
    let path = percent_encoding::utf8_percent_encode(name.as_str(), percent_encoding::NON_ALPHANUMERIC);
    Ok(Answer::created(&base.address(&format!("/metadata/{path}")), Fields::new()))
}

/// `PUT /metadata/{collectionName}`: adds and removes fields, puts the collection in or out of use.
pub async fn edit(
    State(vault): State<Vault>,
    caller: Caller,
    named: CollectionPath,
    body: Unread,
) -> Result<Answer, Error> {
    let (actor, found) = editable(&vault, &caller, &named).await?;
    let input = body.read().await?;
    let change = CollectionChange {
        add: new_fields(&input, "addFields", "addFieldsArray")?,
        remove: input.text("removeFields")?.map_or(Ok(Vec::new()), |names| metadata::listed(&found, names))?,
        enabled: enabled(&input)?,
        ..CollectionChange::default()
    };
    done(&vault, actor, &found, change).await
}

/// `DELETE /metadata/{collectionName}`.
pub async fn remove(State(vault): State<Vault>, caller: Caller, named: CollectionPath) -> Result<Answer, Error> {
    let (actor, found) = editable(&vault, &caller, &named).await?;
    vault.delete_collection(actor, &found).await.map_err(Error::of(&found.name))?;
    Ok(Answer::done(Fields::new()))
}

/// `POST /metadata/{collectionName}/field`.
pub async fn add_fields(
    State(vault): State<Vault>,
    caller: Caller,
    named: CollectionPath,
    body: Unread,
) -> Result<Answer, Error> {
    let (actor, found) = editable(&vault, &caller, &named).await?;
    let input = body.read().await?;
    let add = new_fields(&input, "fields", "fieldsArray")?;
    if add.is_empty() {
        return Err(Error::Required("fieldsArray"));
    }
    done(&vault, actor, &found, CollectionChange { add, ..CollectionChange::default() }).await
}

/// `PUT /metadata/{collectionName}/field`: other defaults, and fields in or out of use: those of `fields` as `settings` says,
/// those of `fieldsArray` each as it says itself.
pub async fn edit_fields(
    State(vault): State<Vault>,
    caller: Caller,
    named: CollectionPath,
    body: Unread,
) -> Result<Answer, Error> {
    let (actor, found) = editable(&vault, &caller, &named).await?;
    let input = body.read().await?;
    let settings = enabled(&input)?;
    let mut change: Vec<FieldChange> = Vec::new();
    for field in input.text("fields")?.map_or(Ok(Vec::new()), |names| metadata::listed(&found, names))? {
        change.push(FieldChange { field, default: None, enabled: settings });
    }
    for one in input.list("fieldsArray")?.unwrap_or_default() {
        let field = metadata::field(&found, one.required("fieldName")?)?;
        if one.text("fieldType")?.is_some_and(|word| wire::kind_of(word) != Some(field.kind)) {
            return Err(No::Impossible("a field keeps its type").into());
        }
        let enabled = match one.scalar("isEnabled")?.as_deref() {
            None | Some("") => settings,
            Some("1" | "true") => Some(true),
            Some("0" | "false") => Some(false),
            Some(_) => return Err(Error::BadValue("isEnabled")),
        };
        // an empty one is none any more
        let default = one.scalar("defaultValue")?.map(|given| read_default(field.kind, Some(&given))).transpose()?;
        change.push(FieldChange { field: field.id, default, enabled });
    }
    // of two that are for one field the last counts
    let last = |n: usize| change[n + 1..].iter().all(|later| later.field != change[n].field);
    let change: Vec<FieldChange> = (0..change.len()).filter(|n| last(*n)).map(|n| change[n].clone()).collect();
    done(&vault, actor, &found, CollectionChange { change, ..CollectionChange::default() }).await
}

/// `DELETE /metadata/{collectionName}/field`: the fields that `fields` names, in the query or the body, or `fieldsArray`.
pub async fn remove_fields(
    State(vault): State<Vault>,
    caller: Caller,
    named: CollectionPath,
    query: Query,
    body: Unread,
) -> Result<Answer, Error> {
    let (actor, found) = editable(&vault, &caller, &named).await?;
    let input = body.read().await?;
    let names = query.get("fields")?.or(input.text("fields")?);
    let mut remove = names.map_or(Ok(Vec::new()), |names| metadata::listed(&found, names))?;
    for one in input.list("fieldsArray")?.unwrap_or_default() {
        remove.push(metadata::field(&found, one.required("fieldName")?)?.id);
    }
    if remove.is_empty() {
        return Err(Error::Required("fields"));
    }
    done(&vault, actor, &found, CollectionChange { remove, ..CollectionChange::default() }).await
}

async fn done(vault: &Vault, actor: &Actor, found: &Collection, change: CollectionChange) -> Result<Answer, Error> {
    vault.edit_collection(actor, found, change).await.map_err(Error::of(&found.name))?;
    Ok(Answer::done(Fields::new()))
}

/// The caller, who must be somebody.
fn signed_in(caller: &Caller) -> Result<&Actor, No> {
    if caller.actor.account.is_none() { Err(No::NoSession) } else { Ok(&caller.actor) }
}

/// The collection of the path, for who may change it.
async fn editable<'a>(
    vault: &Vault,
    caller: &'a Caller,
    named: &CollectionPath,
) -> Result<(&'a Actor, Collection), Error> {
    let actor = signed_in(caller)?;
    let found = metadata::collection(vault, actor, &named.0).await?;
    vault.check_collection(actor, &found).map_err(Error::of(&found.name))?;
    Ok((actor, found))
}

/// Fields to be made: those of the array, else those of the comma-separated names.
fn new_fields(input: &Input, names: &'static str, array: &'static str) -> Result<Vec<NewField>, Error> {
    if let Some(array) = input.list(array)? {
        return array.iter().map(new_field).collect();
    }
    let names = input.text(names)?.unwrap_or_default();
    let names = names.split(',').map(str::trim).filter(|name| !name.is_empty());
    Ok(names.map(|name| NewField::parse(name, FieldKind::Text, None)).collect::<Result<_, No>>()?)
}

fn new_field(one: &Input) -> Result<NewField, Error> {
    let kind = match one.text("fieldType")? {
        None | Some("") => FieldKind::Text,
        Some(word) => wire::kind_of(word).ok_or(Error::BadValue("fieldType"))?,
    };
    Ok(NewField::parse(one.required("fieldName")?, kind, one.scalar("defaultValue")?.as_deref())?)
}

/// What `settings` says.
fn enabled(input: &Input) -> Result<Option<bool>, Error> {
    match input.text("settings")? {
        None | Some("") => Ok(None),
        Some("enable") => Ok(Some(true)),
        Some("disable") => Ok(Some(false)),
        Some(_) => Err(Error::BadValue("settings")),
    }
}
