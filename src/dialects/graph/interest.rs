//! What a caller has to do with items (spec/graph.md 7, 21 and 23): what they used last, what they follow; and bundles, of
//! which there are none on such drives.

use std::sync::Arc;

use axum::http::StatusCode;
use serde_json::Value;

use super::{
    Ask,
    address::{Base, Drive, Place, Subject},
    counted::{Counted, Listed},
    done, drives,
    error::{Answer, Refusal},
    items,
    query::Select,
    reply, sharing,
    wire::{DriveItem, View},
};
use crate::{
    domain::{
        error::Error,
        item::Item,
        library::{Library, LibraryKind},
        page::{Order, Page},
    },
    vault::Look,
};

/// `GET {root}/recent`. On the caller's own drive, files elsewhere count, too, and show as pointers to where they are; on
/// any other, what lies there.
pub async fn recent(ask: &Ask) -> Answer {
    let (library, pages) = begin(ask).await?;
    let within = within(ask, &library);
    let page = ask.hall.vault.recent(ask.actor(), within, pages.window).await?;
    list(ask, &library, page, &pages).await
}

/// `GET {root}/following`, as [`recent`]. An application follows nothing.
pub async fn following(ask: &Ask) -> Answer {
    for_users(ask)?;
    let (library, pages) = begin(ask).await?;
    let within = within(ask, &library);
    let page = ask.hall.vault.followed(ask.actor(), within, pages.window).await?;
    list(ask, &library, page, &pages).await
}

/// `GET {root}/bundles`: the vendor has them on drives of another type.
pub async fn bundles(ask: &Ask) -> Answer {
    let (_, pages) = begin(ask).await?;
    let context = ask.view().await?.context("Collection(driveItem)");
    let listed = Listed { context, value: Vec::new(), total: 0 };
    Ok(reply::json(StatusCode::OK, &pages.page(ask, listed)?))
}

/// `POST …/follow`.
pub async fn follow(ask: &Ask) -> Answer {
    let look = followable(ask).await?;
    ask.hall.vault.follow_item(ask.actor(), &look).await?;
    items::show(ask, &look, StatusCode::OK).await
}

/// `POST …/unfollow`. Who did not follow it follows it no more all the same; and by its id, what is followed need not be seen
/// any more.
pub async fn unfollow(ask: &Ask) -> Answer {
    match followable(ask).await {
        Ok(look) => ask.hall.vault.unfollow_item(ask.actor(), &look).await?,
        Err(missing @ Refusal::Vault(Error::Missing(_))) => {
            if !unfollow_unseen(ask).await? {
                return Err(missing);
            }
        }
        Err(other) => return Err(other),
    }
    Ok(done())
}

async fn unfollow_unseen(ask: &Ask) -> Result<bool, Refusal> {
    match ask.place()? {
        (Drive::Id(drive, _), Place { base: Base::Id(item), path }) if path.is_empty() => {
            Ok(ask.hall.vault.unfollow_unseen(ask.actor(), drive, item).await?)
        }
        (Drive::Id(..) | Drive::Of(_) | Drive::List(..) | Drive::Shared(_), _) => Ok(false),
    }
}

async fn followable(ask: &Ask) -> Result<Look, Refusal> {
    let look = ask.look().await?;
    for_users(ask)?;
    Ok(look)
}

/// The vendor lets users follow, and no application.
fn for_users(ask: &Ask) -> Result<(), Refusal> {
    if ask.actor().is_application() { Err(Refusal::Scope) } else { Ok(()) }
}

/// The drive of the address, which the token must reach, and the part of the list.
async fn begin(ask: &Ask) -> Result<(Arc<Library>, Counted), Refusal> {
    let Subject::Drive(drive) = &ask.address.subject else { return Err(Refusal::NoCall) };
    let library = ask.library(drive).await?;
    drives::reaches(ask, &library).await?;
    Ok((library, Counted::of(ask, Order::Name).await?))
}

fn within<'a>(ask: &Ask, library: &'a Library) -> Option<&'a Library> {
    let own = library.kind == LibraryKind::Personal && library.owner == ask.actor().id();
    (!own).then_some(library)
}

async fn list(ask: &Ask, library: &Library, page: Page<Item>, pages: &Counted) -> Answer {
    let view = ask.view().await?;
    let mut value = Vec::with_capacity(page.items.len());
    for item in &page.items {
        value.push(Value::Object(if item.library.id == library.id {
            view.selected(&DriveItem::new(&view, item)?)?
        } else {
            sharing::pointer(&view, &View { select: Select::default(), ..view.clone() }, item, None)?
        }));
    }
    let listed = Listed { context: view.context("Collection(driveItem)"), value, total: page.total };
    Ok(reply::json(StatusCode::OK, &pages.page(ask, listed)?))
}
