//! Listing a folder, page by page, and making something in it (spec/graph.md 7, 5 and 6, and 7.4).

mod token;

use axum::{
    body::Body,
    http::{HeaderValue, StatusCode, header::LOCATION},
    response::Response,
};
use bytes::Bytes;
use chrono::{DateTime, Utc};
use serde::Deserialize;
use serde_json::{Map, Value};

use self::token::Codec;
use super::{
    Ask, answers,
    counted::{self, Listed},
    error::{Answer, Refusal, read_json},
    ids,
    items::{self, Behavior},
    preview, query, reply, sharing,
    wire::{DriveItem, View},
};
use crate::{
    domain::{
        edition::Metadata,
        error::{Error, Missing},
        id::{ItemId, ItemKey},
        item::{ClientTimes, Item, Kind, NewFile},
        listing::{Filter, Sort, SortBy},
        permission::Action,
    },
    vault::{Look, NewFileAt},
};

/// `GET …/children`. A file has none.
pub async fn list(ask: &Ask) -> Answer {
    let (sort, filter, limit) = (ask.query.sort()?, ask.query.filter()?, ask.query.top()?);
    if let Some(answer) = answers::recall(ask).await {
        return Ok(answer);
    }
    let before = if answers::may_be_kept(ask) { ask.hall.vault.before_listing().await? } else { None };
    let look = ask.look().await?;
    let (vault, actor) = (&ask.hall.vault, ask.actor());
    look.check(actor, Action::View)?;
    let codec = codec(ask, look.item(), sort).await?;
    let last = match ask.query.get("skiptoken") {
        Some(token) => Some(codec.read(token).ok_or(Refusal::Query("$skiptoken"))?),
        None => None,
    };
    let view = ask.view().await?;
    let mut listed = Listed { context: view.context("Collection(driveItem)"), value: Vec::new(), total: 0 };
    if look.item().kind() == Kind::File {
        return Ok(reply::json(StatusCode::OK, &counted::body(ask, listed, None)));
    }
    let slice = vault.list_folder(actor, &look, &filter, sort, last.as_ref(), limit).await?;
    if ask.query.count() {
        listed.total = vault.count_folder(actor, &look, &filter).await?;
    }
    listed.value = show(ask, &view, &slice.items).await?;
    let next = slice.last.as_ref().map(|last| codec.write(last)).transpose()?;
    let proof = before.and_then(|before| look.proof_below(before, &slice.items));
    answers::give(ask, &counted::body(ask, listed, next.as_deref()), None, proof)
}

async fn codec(ask: &Ask, folder: &Item, sort: Sort) -> Result<Codec, Error> {
    let key = ask.hall.vault.secret("graph.children").await?;
    Ok(Codec { key, folder: folder.id, caller: ask.actor().id(), sort })
}

/// The first children of a folder, for `$expand`; and where the next ones are, if there are more.
pub async fn expanded(
    ask: &Ask,
    view: &View,
    folder: &Look,
    wanted: &query::Expansion,
) -> Result<Map<String, Value>, Refusal> {
    let limit = match wanted.top {
        Some(top) => top,
        None => query::Query::default().top()?,
    };
    let sort = Sort { by: SortBy::Name, descending: false };
    let slice = ask.hall.vault.list_folder(ask.actor(), folder, &Filter::default(), sort, None, limit).await?;
    let view = View { select: wanted.select.clone(), ..view.clone() };
    let mut body = Map::from_iter([("children".to_owned(), Value::Array(show(ask, &view, &slice.items).await?))]);
    if let Some(last) = &slice.last {
        let token = codec(ask, folder.item(), sort).await?.write(last)?;
        let options = query::with_token(&wanted.options, &token);
        let next = format!("{}/children?{options}", ask.url_of(folder.item()));
        body.insert("children@odata.nextLink".to_owned(), next.into());
    }
    Ok(body)
}

/// Items as the entries of a list.
pub async fn show(ask: &Ask, view: &View, items: &[Item]) -> Result<Vec<Value>, Refusal> {
    let entry = |item: &Item| view.selected(&DriveItem::new(view, item)?);
    let mut entries = items.iter().map(entry).collect::<Result<Vec<_>, Error>>()?;
    sharing::add_facet(ask, view, items, &mut entries).await?;
    preview::add_thumbnails(ask, &mut entries);
    Ok(entries.into_iter().map(Value::Object).collect())
}

/// The times of a client's own disk, in whole seconds.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct FileSystemInfo {
    created_date_time: Option<DateTime<Utc>>,
    last_modified_date_time: Option<DateTime<Utc>>,
}

impl From<FileSystemInfo> for ClientTimes {
    fn from(info: FileSystemInfo) -> Self {
        let seconds = |time: DateTime<Utc>| DateTime::from_timestamp(time.timestamp(), 0).unwrap_or(time);
        Self { created: info.created_date_time.map(seconds), modified: info.last_modified_date_time.map(seconds) }
    }
}

/// The body of `POST …/children`.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct NewChild {
    name: Option<String>,
    folder: Option<Map<String, Value>>,
    file: Option<Map<String, Value>>,
    description: Option<String>,
    file_system_info: Option<FileSystemInfo>,
    #[serde(rename = "@microsoft.graph.conflictBehavior")]
    conflict: Option<String>,
    #[serde(rename = "@name.conflictBehavior")]
    older_conflict: Option<String>,
}

/// `POST …/children`: an empty folder, or an empty file.
pub async fn create(ask: &Ask, body: Body) -> Answer {
    let new: NewChild = read_json(body, ask.hall.limits.text).await?;
    let in_body = new.conflict.or(new.older_conflict);
    let behavior = Behavior::of(ask, in_body.as_deref())?.unwrap_or(Behavior::Fail);
    let name = ids::item_name(&new.name.unwrap_or_default())?;
    let description = items::text(new.description, "description")?.unwrap_or_default();
    let times = ClientTimes::from(new.file_system_info.unwrap_or_default());
    let is_folder = match (new.folder, new.file) {
        (Some(_), None) => true,
        (None, Some(_)) => false,
        _ => return Err(Refusal::Member("either 'folder' or 'file' must be given.".to_owned())),
    };
    let (drive, place) = ask.place()?;
    let parent = ask.look_or_make(drive, place).await?;
    parent.folder()?;
    let (vault, actor) = (&ask.hall.vault, ask.actor());
    parent.check(actor, Action::Create)?;
    let made = if is_folder {
        vault.create_folder(actor, &parent, &name, &description, behavior.for_new(), times).await
    } else {
        let empty = futures_util::stream::empty::<Result<Bytes, std::io::Error>>();
        let file = NewFile {
            name: name.clone(),
            metadata: Metadata { description: Some(description), ..Metadata::default() },
            comment: String::new(),
            on_conflict: behavior.for_new(),
            client_times: times,
        };
        let content = Some(vault.stage(empty).await?);
        vault.create_file(actor, &parent, NewFileAt { file, content }).await.map(|made| made.file)
    };
    match made {
        Ok(id) => created(ask, id).await,
        // an existing folder is as good as a new one
        Err(Error::NameTaken(taken)) if behavior == Behavior::Replace && is_folder => {
            let key = ItemKey::Path(Box::new(ItemKey::Id(parent.item().id)), vec![taken.clone()]);
            match vault.look(actor, &key).await {
                Ok(there) if there.item().kind() == Kind::Folder => items::show(ask, &there, StatusCode::OK).await,
                Ok(_) | Err(Error::Missing(_)) => Err(Error::NameTaken(taken).into()),
                Err(other) => Err(other.into()),
            }
        }
        Err(other) => Err(other.into()),
    }
}

/// 201 with the new item and where it is.
pub async fn created(ask: &Ask, id: ItemId) -> Answer {
    let look = ask.hall.vault.look(ask.actor(), &ItemKey::Id(id)).await?;
    let response = items::show(ask, &look, StatusCode::CREATED).await?;
    located(ask, response, look.item())
}

fn located(ask: &Ask, mut response: Response, item: &Item) -> Answer {
    let location = HeaderValue::try_from(ask.url_of(item)).map_err(|_| Error::Missing(Missing::Item))?;
    response.headers_mut().insert(LOCATION, location);
    Ok(response)
}
