//! Deleting for good and restoring (spec/graph.md 7, 12 and 20). Whose trash something lies in is the vault's business.

use axum::{body::Body, http::StatusCode};

use super::{
    Ask,
    address::Base,
    done,
    error::{Answer, Refusal, read_json},
    items::{self, Behavior, Destination},
};
use crate::{
    domain::{
        error::{Error, Missing},
        id::ItemKey,
        item::OnConflict,
        permission::Action,
    },
    vault::Back,
};

/// `POST …/permanentDelete`: past the trash.
pub async fn permanent_delete(ask: &Ask) -> Answer {
    let look = ask.look().await?;
    look.check(ask.actor(), Action::Delete)?;
    let look = items::conditions(ask, look)?;
    ask.hall.vault.delete_for_good(ask.actor(), &look).await?;
    Ok(done())
}

/// `POST …/restore`: a deleted item by its id, for whom it lies in the trash; where it was, or where the body says.
pub async fn restore(ask: &Ask, body: Body) -> Answer {
    let said: Destination = read_json(body, ask.hall.limits.text).await?;
    let behavior = said.behavior(ask)?;
    let name = said.name()?;
    let missing = || Refusal::from(Error::Missing(Missing::Item));
    let (drive, place) = ask.place()?;
    // what is deleted has no path
    let Base::Id(id) = &place.base else { return Err(missing()) };
    if !place.path.is_empty() {
        return Err(missing());
    }
    let (vault, actor) = (&ask.hall.vault, ask.actor());
    let trashed = vault.trashed_item(actor, id).await?;
    if !ask.is_in(drive, &trashed.item.library).await? {
        return Err(missing());
    }
    let folder = match &said.parent_reference {
        Some(reference) => items::target(ask, &trashed.item, reference).await?,
        None => None,
    };
    let on_conflict = match behavior {
        // what was made in its place since is not given up for it
        Behavior::Fail | Behavior::Replace => OnConflict::Fail,
        Behavior::Rename => OnConflict::RenameBlank,
    };
    let restored = match vault.restore_to(actor, &trashed.id, Back { folder, name, on_conflict }).await {
        // the folder it was in is gone, and it has no other place
        Err(Error::Impossible(_)) if folder.is_none() => return Err(missing()),
        restored => restored?,
    };
    items::show(ask, &vault.look(actor, &ItemKey::Id(restored)).await?, StatusCode::OK).await
}
