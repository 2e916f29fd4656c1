//! What shows of an item's being shared (spec/graph.md 5.1): the `shared` facet, and the list of what others share with the
//! caller (7, 21).

use axum::http::StatusCode;
use serde::Serialize;
use serde_json::{Map, Value};

use super::{
    Ask,
    address::Subject,
    counted::{Counted, Listed},
    error::{Answer, Refusal},
    query::Select,
    reply,
    wire::{DriveItem, IdentitySet, View, date, scope},
};
use crate::{
    domain::{error::Error, id::ItemId, item::Item, page::Order},
    vault::Shared,
};

/// That an item is shared.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Facet {
    scope: &'static str,
    owner: IdentitySet,
    #[serde(skip_serializing_if = "Option::is_none")]
    shared_by: Option<IdentitySet>,
    shared_date_time: String,
}

impl Facet {
    fn new(item: &Item, shared: &Shared) -> Self {
        Self {
            scope: scope(shared.audience),
            owner: (&*item.owner).into(),
            shared_by: shared.by.as_ref().map(|by| (&**by).into()),
            shared_date_time: date(shared.since),
        }
    }
}

/// Adds the facet to items that are about to be shown, each beside its item. It costs a question, so it is asked only where
/// somebody names it.
pub async fn add_facet(
    ask: &Ask,
    view: &View,
    items: &[Item],
    shown: &mut [Map<String, Value>],
) -> Result<(), Refusal> {
    if !view.select.names("shared") {
        return Ok(());
    }
    let ids: Vec<ItemId> = items.iter().map(|item| item.id).collect();
    let shared = ask.hall.vault.shared(&ids).await?;
    for (item, shown) in items.iter().zip(shown) {
        if let Some(shared) = shared.get(&item.id) {
            shown.insert("shared".to_owned(), json(&Facet::new(item, shared))?);
        }
    }
    Ok(())
}

/// What the drives of the others show of an item to somebody who is not there.
const LEFT_OUT: [&str; 3] = ["@microsoft.graph.downloadUrl", "parentReference", "publication"];
/// What stands beside `remoteItem` as well.
const BESIDE: [&str; 11] = [
    "id",
    "name",
    "size",
    "createdDateTime",
    "lastModifiedDateTime",
    "createdBy",
    "lastModifiedBy",
    "fileSystemInfo",
    "webUrl",
    "file",
    "folder",
];

/// `GET {root}/sharedWithMe`, of the caller's own drive: items elsewhere, which point to where they are.
pub async fn with_me(ask: &Ask) -> Answer {
    let Subject::Drive(drive) = &ask.address.subject else { return Err(Refusal::NoCall) };
    ask.may_read()?;
    let pages = Counted::of(ask, Order::Name).await?;
    let own = ask.library(drive).await?;
    let page = ask.hall.vault.shared_with_me(ask.actor(), &own, pages.window).await?;
    let view = ask.view().await?;
    // the pointer is whole; what is selected is selected beside it
    let whole = View { select: Select::default(), ..view.clone() };
    let ids: Vec<ItemId> = page.items.iter().map(|item| item.id).collect();
    let shared = ask.hall.vault.shared(&ids).await?;
    let mut value = Vec::with_capacity(page.items.len());
    for item in &page.items {
        value.push(Value::Object(pointer(&view, &whole, item, shared.get(&item.id))?));
    }
    let listed = Listed { context: view.context("Collection(driveItem)"), value, total: page.total };
    Ok(reply::json(StatusCode::OK, &pages.page(ask, listed)?))
}

/// An item elsewhere as a pointer to where it is; what is selected is selected beside it.
pub fn pointer(view: &View, whole: &View, item: &Item, shared: Option<&Shared>) -> Result<Map<String, Value>, Error> {
    let mut remote = whole.selected(&DriveItem::new(whole, item)?)?;
    let parent = remote.get("parentReference").cloned();
    remote.retain(|name, _| !LEFT_OUT.contains(&name.as_str()));
    // in which drive, and no name of a folder above
    if let Some(Value::Object(mut parent)) = parent {
        parent.retain(|name, _| matches!(name.as_str(), "driveId" | "driveType" | "siteId"));
        remote.insert("parentReference".to_owned(), Value::Object(parent));
    }
    remote.insert("webUrl".to_owned(), super::ids::web_url_by_id(&whole.origin, item).into());
    if let Some(shared) = shared {
        remote.insert("shared".to_owned(), json(&Facet::new(item, shared))?);
    }
    let beside = |name: &&str| Some(((*name).to_owned(), remote.get(*name)?.clone()));
    let mut entry: Map<String, Value> = BESIDE.iter().filter_map(beside).collect();
    entry.insert("remoteItem".to_owned(), Value::Object(remote));
    view.select.apply(&mut entry);
    Ok(entry)
}

fn json(facet: &impl Serialize) -> Result<Value, Error> {
    serde_json::to_value(facet).map_err(Error::broken)
}
