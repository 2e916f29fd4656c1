//! Metadata of files and folders (spec/oracle.md 10): what is said in the fields of the collections assigned to them. The
//! collections themselves are `collections`'.

use std::collections::{BTreeSet, HashMap};

use axum::extract::State;

use super::{
    admission::Admitted,
    answer::Answer,
    auth::Caller,
    error::Error,
    ids::{CollectionPath, FolderId, Target},
    input::{Input, Unread},
    query::Query,
    wire::{self, Fields},
};
use crate::{
    domain::{
        actor::Actor,
        error::{Error as No, Missing},
        id::FieldId,
        item::Kind,
        metadata::{Assigned, Collection, CollectionName, Field, Inheritance, MOST_FIELDS, Setting},
        name,
        permission::Action,
    },
    vault::Vault,
};

/// The field of a body that names a collection, and no field of it.
const COLLECTION: &str = "collection";

/// Most values of one request.
const MOST_VALUES: usize = 1000;

/// `GET …/metadata`.
pub async fn values(State(vault): State<Vault>, caller: Caller, target: Target, query: Query) -> Result<Answer, Error> {
    let (on, assigned, inheritance) = found(&vault, &caller, &target, &query).await?;
    Ok(Answer::done(head(&on, &target).object("metadata", wire::said(&assigned, inheritance))))
}

/// `GET …/metadataFields`: the collections with their fields, whatever is said in them.
pub async fn fields(State(vault): State<Vault>, caller: Caller, target: Target, query: Query) -> Result<Answer, Error> {
    let (on, assigned, inheritance) = found(&vault, &caller, &target, &query).await?;
    let wanted = assigned.iter().filter(|one| one.here || inheritance == Inheritance::Taken);
    let collections = wanted.fold(Fields::new(), |all, one| {
        all.object(one.collection.name.clone(), wire::collection(&one.collection, Some(!one.here)))
    });
    Ok(Answer::done(head(&on, &target).object("metadataFields", collections)))
}

async fn found(
    vault: &Vault,
    caller: &Caller,
    target: &Target,
    query: &Query,
) -> Result<(Admitted, Vec<Assigned>, Inheritance), Error> {
    let on = caller.target(vault, target, Action::View).await?;
    let assigned = vault.metadata(&on.actor, &on.look).await?;
    let inheritance = match query.get("directAssigned")? {
        None | Some("0" | "false") => Inheritance::Taken,
        Some("1" | "true") => Inheritance::Left,
        Some(_) => return Err(Error::BadValue("directAssigned")),
    };
    Ok((on, assigned, inheritance))
}

/// `POST …/metadata/{collectionName}`: assigns a collection. One of one's own is for everybody who sees the item.
pub async fn assign(
    State(vault): State<Vault>,
    caller: Caller,
    target: Target,
    named: CollectionPath,
) -> Result<Answer, Error> {
    let on = caller.target(&vault, &target, Action::View).await?;
    on.check(Action::View)?;
    let collection = collection(&vault, &on.actor, &named.0).await;
    let common = !collection.as_ref().is_ok_and(|collection| collection.owner.is_some());
    // what there is is not said to who may not have it either way
    let on = if common { caller.target(&vault, &target, Action::Share).await? } else { on };
    if common {
        on.check(Action::Share)?;
    }
    vault.assign(&on.actor, &on.look, &collection?).await?;
    Ok(Answer::done(head(&on, &target)))
}

/// `POST …/metadata`: sets values, in both of the vendor's forms.
pub async fn set(State(vault): State<Vault>, caller: Caller, target: Target, body: Unread) -> Result<Answer, Error> {
    let on = admitted(&vault, &caller, &target, Action::Describe).await?;
    let settings = settings(&vault, &on.actor, &body.read().await?).await?;
    // what shows to the caller alone takes no more than that
    let common = settings.iter().any(|setting| setting.owner.is_none());
    let on = if common { caller.target(&vault, &target, Action::Describe).await? } else { on };
    vault.set_values(&on.actor, &on.look, settings).await?;
    Ok(Answer::done(head(&on, &target)))
}

/// `DELETE …/metadata`: takes the values of the fields that are named away, or the whole collection where none is. Named in
/// the query (1.2) or in the body (1.1).
pub async fn clear(
    State(vault): State<Vault>,
    caller: Caller,
    target: Target,
    query: Query,
    body: Unread,
) -> Result<Answer, Error> {
    let on = admitted(&vault, &caller, &target, Action::Share).await?;
    let input = body.read().await?;
    let named = query.get(COLLECTION)?.or(input.text(COLLECTION)?).filter(|name| !name.is_empty());
    let named = named.ok_or(Error::Required(COLLECTION))?;
    let collection = collection(&vault, &on.actor, named).await?;
    let fields = query.get("fields")?.or(input.text("fields")?).filter(|fields| !fields.is_empty());
    let fields = fields.map(|fields| listed(&collection, fields)).transpose()?;
    let on = match collection.owner {
        Some(_) => on,
        None => caller.target(&vault, &target, Action::Share).await?,
    };
    match fields {
        Some(fields) => vault.clear_values(&on.actor, &on.look, &collection, fields).await?,
        None => vault.unassign(&on.actor, &on.look, &collection).await?,
    }
    Ok(Answer::done(head(&on, &target)))
}

/// Lets in who may say something that shows to them alone. Nobody in particular has nothing of their own, and learns of no
/// collection before they may do what `action` is to everybody's.
async fn admitted(vault: &Vault, caller: &Caller, target: &Target, action: Action) -> Result<Admitted, Error> {
    let least = if caller.actor.account.is_some() { Action::View } else { action };
    let on = caller.target(vault, target, least).await?;
    on.check(least)?;
    Ok(on)
}

/// The fields of these comma-separated names.
pub fn listed(collection: &Collection, names: &str) -> Result<Vec<FieldId>, Error> {
    let names: Vec<&str> = names.split(',').map(str::trim).filter(|name| !name.is_empty()).collect();
    if names.len() > MOST_FIELDS {
        return Err(Error::BadValue("fields"));
    }
    names.into_iter().map(|name| Ok(field(collection, name)?.id)).collect()
}

/// The collection of this name, if there is one for the caller.
pub async fn collection(vault: &Vault, actor: &Actor, named: &str) -> Result<Collection, Error> {
    // what can be no name is not there
    let name = CollectionName::parse(named).map_err(|_| missing(named))?;
    vault.collection(actor, &name).await.map_err(Error::of(named))
}

/// The values of a body, or of the part of an upload that says them, each with the field it is for: of `collection` for a
/// bare name, else of the collection before the last dot.
pub async fn settings(vault: &Vault, actor: &Actor, input: &Input) -> Result<Vec<Setting>, Error> {
    let of_all = input.text(COLLECTION)?.filter(|name| !name.is_empty());
    let mut wanted = Vec::new();
    for (name, value) in input.entries().filter(|(name, _)| *name != COLLECTION) {
        let (of, field) = match name.rsplit_once('.') {
            Some(parts) => parts,
            None => (of_all.ok_or(Error::Required(COLLECTION))?, name),
        };
        wanted.push((of, field, value?));
        if wanted.len() > MOST_VALUES {
            return Err(Error::BadValue("metadataValues"));
        }
    }
    let collections = by_key(vault, actor, of_all.into_iter().chain(wanted.iter().map(|(of, ..)| *of))).await?;
    let mut settings = Vec::with_capacity(wanted.len());
    for (of, named, value) in wanted {
        let collection = collections.get(&name::key(of)).ok_or_else(|| missing(of))?;
        let field = field(collection, named)?;
        let value = field.kind.read(&value);
        let value = value.ok_or_else(|| Error::BadField(format!("{}.{}", collection.name, field.name)))?;
        settings.push(Setting { collection: collection.id, owner: collection.owner, field: field.id, value });
    }
    Ok(settings)
}

/// The collections of these names, by what is compared of them; all of them are there.
async fn by_key<'a>(
    vault: &Vault,
    actor: &Actor,
    named: impl Iterator<Item = &'a str>,
) -> Result<HashMap<String, Collection>, Error> {
    let named: BTreeSet<&str> = named.collect();
    if named.is_empty() {
        return Ok(HashMap::new());
    }
    let parse = |named: &&str| CollectionName::parse(named).map_err(|_| missing(named));
    let names: Vec<CollectionName> = named.iter().map(parse).collect::<Result<_, _>>()?;
    let found = vault.collections_named(actor, &names).await?;
    let found: HashMap<_, _> = found.into_iter().map(|found| (name::key(&found.name), found)).collect();
    match named.into_iter().find(|named| !found.contains_key(&name::key(named))) {
        Some(named) => Err(missing(named)),
        None => Ok(found),
    }
}

/// The field of this name.
pub fn field<'a>(collection: &'a Collection, named: &str) -> Result<&'a Field, Error> {
    collection.field(named).ok_or_else(|| missing(&format!("{}.{named}", collection.name)))
}

/// There is no collection or field of this name for the caller.
fn missing(named: &str) -> Error {
    /// As much of a name as a refusal repeats.
    const REPEATED: usize = 250;
    let named: String = named.chars().take(REPEATED).collect();
    Error::of(&named)(No::Missing(Missing::Collection))
}

fn head(on: &Admitted, target: &Target) -> Fields {
    let item = on.look.item();
    let kind = match item.kind() {
        Kind::File => "file",
        Kind::Folder => "folder",
    };
    let id = if *target == Target::Folder(FolderId::Home) { "self" } else { &item.oracle_id };
    Fields::new().text("idList", id).text("type", kind)
}
