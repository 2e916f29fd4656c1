//! Settings of the workspace that clients need to create files: its categories, and what may be said of a file
//! (spec/arena.md 10.1, 10.2, 10.5).

use std::collections::{HashMap, HashSet};

use axum::{
    Json,
    extract::{RawQuery, State},
    response::{IntoResponse, Response},
};

use super::{
    super::Hall,
    auth::Caller,
    error::{Asked, Error, What},
    fields::FIELDS,
    files::{self, Named},
    ids, search,
    wire::{Attribute, Category, List, User},
};
use crate::domain::id::{PrincipalId, PrincipalKey};

/// `GET /settings/files/categories`: those the caller may read, all at once.
pub async fn categories(
    State(hall): State<Hall>,
    caller: Caller,
    RawQuery(query): RawQuery,
) -> Result<Response, Error> {
    let asked = Asked::nothing(What::Call);
    let mut readable = asked.answer(hall.vault.readable_categories(&caller.actor, &caller.library).await)?;
    if let Some(pattern) = search::path(query.as_deref()) {
        readable.retain(|category| search::fits(&pattern, &ids::category_path(&category.path)));
    }
    let makers: HashSet<_> = readable.iter().filter_map(|category| category.row.created_by).collect();
    let mut creators = HashMap::new();
    for id in makers {
        creators.insert(id, creator(&hall, Some(id)).await?);
    }
    let entries = readable.iter().map(|category| {
        let creator = category.row.created_by.and_then(|id| creators.get(&id).cloned().flatten());
        Category::of(category, creator)
    });
    Ok(Json(List::of(entries.collect())).into_response())
}

/// `GET /settings/files/categories/{guid}`: one that the caller may not read is as unknown as one that is not there.
pub async fn category(State(hall): State<Hall>, caller: Caller, Named(guid): Named) -> Result<Response, Error> {
    let asked = Asked::about(What::Show, guid.as_str());
    let readable = asked.answer(hall.vault.readable_categories(&caller.actor, &caller.library).await)?;
    let category = asked.answer(files::find(&readable, &guid))?;
    let creator = creator(&hall, category.row.created_by).await?;
    Ok(Json(Category::of(category, creator)).into_response())
}

/// `GET /settings/files/attributes`: what is known and may be said of a file (10.2).
pub async fn attributes(State(_): State<Hall>, _caller: Caller, RawQuery(query): RawQuery) -> Result<Response, Error> {
    let flag = |name| search::flag(query.as_deref(), name);
    let (values, creatable) = (flag("includePossibleValues")?.unwrap_or_default(), flag("creatableOnly")?);
    let editable = flag("editableOnly")?.unwrap_or_default();
    let searchable = flag("searchableOnly")?.unwrap_or_default();
    let fields = FIELDS.iter().filter(|field| {
        // the vendor gives a meaning of its own to a false one of these, and only of these
        creatable.is_none_or(|wanted| field.creatable == wanted)
            && (field.editable || !editable)
            && (field.searchable || !searchable)
    });
    Ok(Json(List::of(fields.map(|field| Attribute::of(field, values)).collect())).into_response())
}

/// `GET /settings/changes/categories`: there are no changes, but a client asks for it to see whether anybody answers (10.5).
pub async fn change_categories(_caller: Caller) -> Response {
    Json(List::<()>::of(Vec::new())).into_response()
}

async fn creator(hall: &Hall, id: Option<PrincipalId>) -> Result<Option<User>, Error> {
    let Some(id) = id else { return Ok(None) };
    let person = Asked::nothing(What::Call).answer(hall.vault.person(&PrincipalKey::Id(id)).await)?;
    Ok(person.as_ref().map(User::from))
}
