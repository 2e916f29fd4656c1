//! Searching (spec/graph.md 9.2): by a part of the name, below a folder or in a whole drive.

use axum::http::StatusCode;
use serde_json::{Value, json};

use super::{
    Ask,
    address::{Base, Drive, Subject},
    children,
    counted::{Counted, Listed},
    drives,
    error::{Answer, Refusal},
    reply,
};
use crate::domain::{
    item::Kind,
    page::{Order, Page},
    permission::Action,
    search::{SearchOrder, SearchWindow},
};

/// Longest text that is looked for, in characters: longer than any name.
const LONGEST: usize = 500;

/// `GET …/search(q='…')`. Below a file there is nothing.
pub async fn search(ask: &Ask) -> Answer {
    let text = text(ask)?;
    let order = ask.query.order()?;
    let pages = Counted::of(ask, order).await?;
    let (vault, actor) = (&ask.hall.vault, ask.actor());
    let within = SearchWindow { offset: pages.window.offset, limit: pages.window.limit, ..sorted(order) };
    let found = match whole_drive(ask) {
        Some(drive) => {
            let library = ask.library(drive).await?;
            drives::reaches(ask, &library).await?;
            vault.search_names_in(actor, &library, &text, within).await?
        }
        None => {
            let look = ask.look().await?;
            if look.item().kind() == Kind::File {
                look.check(actor, Action::View)?;
                Page { items: Vec::new(), total: 0 }
            } else {
                vault.search_names_below(actor, &look, &text, within).await?
            }
        }
    };
    let view = ask.view().await?;
    let mut value = children::show(ask, &view, &found.items).await?;
    if view.select.wants("searchResult") {
        for shown in value.iter_mut().filter_map(Value::as_object_mut) {
            shown.insert("searchResult".to_owned(), json!({}));
        }
    }
    let listed = Listed { context: view.context("Collection(driveItem)"), value, total: found.total };
    Ok(reply::json(StatusCode::OK, &pages.page(ask, listed)?))
}

/// The drive that is searched as a whole, also by who sees only some of it.
fn whole_drive(ask: &Ask) -> Option<&Drive> {
    match &ask.address.subject {
        Subject::Drive(drive) => Some(drive),
        Subject::Item(drive, place) if place.base == Base::Root && place.path.is_empty() => Some(drive),
        Subject::Item(..) | Subject::Service | Subject::Owner(_) | Subject::Share(_) => None,
    }
}

/// What is looked for: between the parentheses, or the option `q`.
fn text(ask: &Ask) -> Result<String, Refusal> {
    let argument = ask.address.tail.first().and_then(|word| word.argument.as_deref());
    let text = argument.or_else(|| ask.query.get("q").map(unquoted)).unwrap_or_default();
    let text = if argument.is_some() { text.to_owned() } else { text.replace("''", "'") };
    if text.trim().is_empty() || text.contains('\0') || text.chars().count() > LONGEST {
        return Err(Refusal::Query("q"));
    }
    Ok(text)
}

fn unquoted(text: &str) -> &str {
    text.strip_prefix('\'').and_then(|text| text.strip_suffix('\'')).unwrap_or(text)
}

fn sorted(order: Order) -> SearchWindow {
    let (order, descending) = match order {
        Order::Name | Order::Created | Order::FileNumber => (SearchOrder::Name, false),
        Order::NameDescending | Order::CreatedDescending => (SearchOrder::Name, true),
        Order::Title => (SearchOrder::Title, false),
        Order::Modified => (SearchOrder::Modified, false),
        Order::ModifiedDescending => (SearchOrder::Modified, true),
        Order::Size => (SearchOrder::Size, false),
        Order::SizeDescending => (SearchOrder::Size, true),
    };
    SearchWindow { offset: 0, limit: 0, order, descending }
}
