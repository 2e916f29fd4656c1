//! Settings of the workspace that clients need to create files: its categories (spec/arena.md 10.1).

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
    ids, search,
    wire::{Category, List, User},
};
use crate::domain::id::PrincipalKey;

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
        if let Some(person) = asked.answer(hall.vault.person(&PrincipalKey::Id(id)).await)? {
            creators.insert(id, User::from(&person));
        }
    }
    let entries = readable.iter().map(|category| {
        let creator = category.row.created_by.and_then(|id| creators.get(&id).cloned());
        Category::of(category, creator)
    });
    Ok(Json(List::of(entries.collect())).into_response())
}
