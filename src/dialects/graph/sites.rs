//! Sites and their lists (spec/graph.md 11). A site is a library of that kind; it has no sites below it, and one list, which is
//! the library once more.

use std::sync::Arc;

use axum::http::StatusCode;
use serde_json::{Map, Value};

use super::{
    Ask,
    address::{Owner, Subject},
    drives,
    error::{Answer, Refusal},
    ids,
    pages::{Listed, Pages},
    query::Select,
    reply, wanted,
    wire::{self, View},
};
use crate::{
    domain::{
        directory::{Portion, Site},
        error::{Error, Missing},
        library::Library,
    },
    vault::SitesWanted,
};

/// Longest text that is looked for, in characters.
const LONGEST: usize = 500;
/// The one filter that the vendor has for sites: those at the top of a host.
const ROOT_ONLY: &str = "siteCollection/root ne null";

/// `GET /sites`: all that the caller sees, by name; with `search`, those that have its words in name or description.
pub async fn list(ask: &Ask) -> Answer {
    let words = words(ask)?;
    let root_only = root_only(ask)?;
    let pages = Pages::of(ask, format!("sites {root_only} {words:?}")).await?;
    let root = match ask.root_site().await {
        Ok(root) => Some(root),
        Err(Refusal::Vault(Error::Missing(_))) => None,
        Err(other) => return Err(other),
    };
    let found = if root_only {
        let is_wanted = pages.slice.after.is_none() && pages.slice.limit > 0;
        let entries: Vec<Site> = root.iter().filter(|_| is_wanted).cloned().collect();
        let total = pages.slice.count.then(|| i64::from(root.is_some()));
        Portion { entries, next: None, total }
    } else {
        ask.hall.vault.list_sites(ask.actor(), SitesWanted::Words(words), &pages.slice).await?
    };
    let view = ask.view().await?;
    let mut value = Vec::with_capacity(found.entries.len());
    for site in &found.entries {
        let is_root = root.as_ref().is_some_and(|root| root.library.id == site.library.id);
        value.push(Value::Object(view.selected(&wire::Site::new(&view, site, is_root))?));
    }
    let listed = Listed { context: view.context("sites"), value, next: found.next, total: found.total };
    Ok(reply::json(StatusCode::OK, &pages.page(ask, listed)?))
}

/// `GET /sites/{id}`.
pub async fn get(ask: &Ask) -> Answer {
    let library = library(ask).await?;
    let (site, is_root) = (ask.hall.vault.site(&library).await?, is_root(ask, &library).await?);
    let view = ask.view().await?;
    Ok(reply::json(StatusCode::OK, &view.single("sites/$entity", &wire::Site::new(&view, &site, is_root))?))
}

/// `GET /sites/{id}/sites`: there are none.
pub async fn below(ask: &Ask) -> Answer {
    library(ask).await?;
    single_page(ask, "sites", Vec::new()).await
}

/// `GET /sites/{id}/lists`.
pub async fn lists(ask: &Ask) -> Answer {
    let library = library(ask).await?;
    let view = ask.view().await?;
    let list = show_list(ask, &view, &library).await?;
    single_page(ask, "lists", vec![Value::Object(list)]).await
}

/// `GET /sites/{id}/lists/{id or name}`.
pub async fn get_list(ask: &Ask) -> Answer {
    let library = library(ask).await?;
    let named = ask.address.tail.last().map(|word| word.name.as_str()).unwrap_or_default();
    if !ids::is_list(&library, named) {
        return Err(Error::Missing(Missing::Library).into());
    }
    let view = ask.view().await?;
    let mut body = Map::from_iter([("@odata.context".to_owned(), view.context("lists/$entity").into())]);
    body.extend(show_list(ask, &view, &library).await?);
    Ok(reply::json(StatusCode::OK, &body))
}

/// The library of the address.
async fn library(ask: &Ask) -> Result<Arc<Library>, Refusal> {
    let Subject::Owner(Owner::Site(site)) = &ask.address.subject else { return Err(Refusal::NoCall) };
    ask.site(site).await
}

async fn is_root(ask: &Ask, library: &Library) -> Result<bool, Refusal> {
    match ask.root_site().await {
        Ok(root) => Ok(root.library.id == library.id),
        // the caller has lost it a moment ago
        Err(Refusal::Vault(Error::Missing(_))) => Ok(false),
        Err(other) => Err(other),
    }
}

/// A library as the list it is, with its drive where that is to be expanded.
async fn show_list(ask: &Ask, view: &View, library: &Library) -> Result<Map<String, Value>, Refusal> {
    let site = ask.hall.vault.site(library).await?;
    let mut list = view.selected(&wire::List::new(view, &site))?;
    if ask.query.expands("drive") {
        let view = View { select: Select::default(), ..view.clone() };
        list.insert("drive".to_owned(), Value::Object(drives::show(ask, &view, library).await?));
    }
    Ok(list)
}

/// A list without a second page.
async fn single_page(ask: &Ask, what: &str, mut value: Vec<Value>) -> Answer {
    wanted::unfiltered(&ask.query)?;
    let pages = Pages::of(ask, format!("{what} of a site")).await?;
    let view = ask.view().await?;
    let total = pages.slice.count.then(|| i64::try_from(value.len()).unwrap_or(i64::MAX));
    value.truncate(usize::try_from(pages.slice.limit).unwrap_or(usize::MAX));
    let listed = Listed { context: view.context(what), value, next: None, total };
    Ok(reply::json(StatusCode::OK, &pages.page(ask, listed)?))
}

/// The words of `search`; `*` stands for anything.
fn words(ask: &Ask) -> Result<Vec<String>, Refusal> {
    let text = ask.query.get("search").unwrap_or_default();
    if text.contains('\0') || text.chars().count() > LONGEST {
        return Err(Refusal::Query("search"));
    }
    let words = text.split_whitespace().map(|word| word.trim_matches(['*', '"', '\'']));
    Ok(words.filter(|word| !word.is_empty()).map(str::to_owned).collect())
}

/// Whether only sites at the top are asked for; no other filter is served.
fn root_only(ask: &Ask) -> Result<bool, Refusal> {
    let Some(text) = ask.query.get("filter") else { return Ok(false) };
    let words: Vec<&str> = text.split_ascii_whitespace().collect();
    if words.join(" ").eq_ignore_ascii_case(ROOT_ONLY) { Ok(true) } else { Err(Refusal::Query("$filter")) }
}
