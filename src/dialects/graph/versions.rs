//! The versions of a file (spec/graph.md 7, 14 and 15): the checked-in ones, for everybody the same.

use axum::http::StatusCode;
use serde_json::{Map, Value};

use super::{
    Ask, content,
    error::{Answer, Refusal},
    ids, reply,
    signed::Bytes,
    wire::DriveItemVersion,
};
use crate::{
    domain::{
        edition::Edition,
        error::{Error, Missing},
        permission::Action,
    },
    vault::Look,
};

/// `GET …/versions`, newest first.
pub async fn list(ask: &Ask) -> Answer {
    let look = ask.look().await?;
    let editions = ask.hall.vault.editions(ask.actor(), &look).await?;
    let view = ask.view().await?;
    let mut value = Vec::with_capacity(editions.len());
    for edition in &editions {
        value.push(Value::Object(view.selected(&DriveItemVersion::new(&view, look.item(), edition)?)?));
    }
    let mut body = Map::from_iter([("@odata.context".to_owned(), view.context("Collection(driveItemVersion)").into())]);
    if ask.query.count() {
        body.insert("@odata.count".to_owned(), value.len().into());
    }
    body.insert("value".to_owned(), Value::Array(value));
    Ok(reply::json(StatusCode::OK, &body))
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
    if name.eq_ignore_ascii_case("current") {
        look.check(ask.actor(), Action::View)?;
        return Ok(file.edition.clone());
    }
    let key = ids::version_key(name).ok_or(Error::Missing(Missing::Edition))?;
    Ok(ask.hall.vault.edition(ask.actor(), look, &key).await?)
}

/// Section 7, 16.
#[expect(clippy::unused_async, reason = "not built yet")]
pub async fn restore(_ask: &Ask) -> Answer {
    Err(Refusal::NotBuilt)
}

/// Section 7, 17.
#[expect(clippy::unused_async, reason = "not built yet")]
pub async fn delete(_ask: &Ask) -> Answer {
    Err(Refusal::NotBuilt)
}
