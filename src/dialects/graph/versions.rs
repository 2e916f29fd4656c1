//! The versions of a file (spec/graph.md 7, 14 to 17): the checked-in ones, for everybody the same; whoever reads the file
//! reads its minor versions as well.

use axum::http::StatusCode;
use serde_json::Value;

use super::{
    Ask, content,
    counted::{Counted, Listed},
    done,
    error::{Answer, Refusal},
    ids, reply,
    signed::Bytes,
    wire::DriveItemVersion,
};
use crate::{
    domain::{
        edition::{Edition, Publish},
        error::{Error, Missing},
        id::EditionKey,
        page::Order,
        permission::Action,
    },
    vault::Look,
};

/// `GET …/versions`, newest first.
pub async fn list(ask: &Ask) -> Answer {
    let pages = Counted::of(ask, Order::Name).await?;
    let look = ask.look().await?;
    let mut editions = ask.hall.vault.editions(ask.actor(), &look).await?;
    if look.file()?.unpublished_by.is_some() {
        editions.clear();
    }
    let view = ask.view().await?;
    let bounds = |number: i64| usize::try_from(number).unwrap_or(usize::MAX);
    let mut value = Vec::new();
    for edition in editions.iter().skip(bounds(pages.window.offset)).take(bounds(pages.window.limit)) {
        value.push(Value::Object(view.selected(&DriveItemVersion::new(&view, look.item(), edition)?)?));
    }
    let total = i64::try_from(editions.len()).unwrap_or(i64::MAX);
    let listed = Listed { context: view.context("Collection(driveItemVersion)"), value, total };
    Ok(reply::json(StatusCode::OK, &pages.page(ask, listed)?))
}

/// `GET …/versions/{v}`.
pub async fn get(ask: &Ask) -> Answer {
    let look = ask.look().await?;
    let edition = named(ask, &look).await?;
    let view = ask.view().await?;
    let body = view.single("driveItemVersion/$entity", &DriveItemVersion::new(&view, look.item(), &edition)?)?;
    Ok(reply::json(StatusCode::OK, &body))
}

/// `GET …/versions/{v}/content`.
pub async fn content(ask: &Ask) -> Answer {
    let look = ask.look().await?;
    let edition = named(ask, &look).await?;
    look.check(ask.actor(), Action::Download)?;
    if edition.content.is_none() {
        return Err(Error::NoContent.into());
    }
    let tag = ids::version_tag(look.item(), edition.version);
    content::redirect(ask, &look, tag.as_ref(), Bytes::Edition(edition.id)).await
}

/// The version that the address names: by id, or `current`.
async fn named(ask: &Ask, look: &Look) -> Result<Edition, Refusal> {
    let name = ask.address.tail.get(1).map_or("", |word| word.name.as_str());
    let file = look.file()?;
    if file.unpublished_by.is_some() {
        // nobody has checked it in yet
        look.check(ask.actor(), Action::View)?;
        return Err(Error::Missing(Missing::Edition).into());
    }
    if name.eq_ignore_ascii_case("current") {
        look.check(ask.actor(), Action::View)?;
        return Ok(file.edition.clone());
    }
    let key = ids::version_key(name).ok_or(Error::Missing(Missing::Edition))?;
    Ok(ask.hall.vault.edition(ask.actor(), look, &key).await?)
}

/// `POST …/versions/{v}/restoreVersion`: its content as the newest version; as the working copy for who has checked the file
/// out.
pub async fn restore(ask: &Ask) -> Answer {
    let look = ask.look().await?;
    // the lock is met before the version
    look.file()?;
    look.check(ask.actor(), Action::SaveDraft)?;
    let edition = named(ask, &look).await?;
    let how = Publish::New(look.item().library.usual_step());
    ask.hall.vault.restore_version(ask.actor(), &look, &EditionKey::Id(edition.id), how).await?;
    Ok(done())
}

/// `DELETE …/versions/{v}`: any but the current one.
pub async fn delete(ask: &Ask) -> Answer {
    let look = ask.look().await?;
    look.file()?;
    look.check(ask.actor(), Action::Delete)?;
    let edition = named(ask, &look).await?;
    ask.hall.vault.delete_earlier_version(ask.actor(), &look, &EditionKey::Id(edition.id)).await?;
    Ok(done())
}
