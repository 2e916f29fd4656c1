//! Folders of documents: listing, adding, showing, changing, deleting.

use axum::{
    body::Body,
    http::StatusCode,
    response::{IntoResponse, Response},
};

use super::{
    Task,
    body::{self, DocumentFolder},
    error::Problem,
    query::{self, Wanted},
    wire,
};
use crate::{
    dialects::liferay::{
        call::said,
        error::{Error, Operation, Subject},
        find, ids,
        wire::shown,
    },
    domain::{
        id::{ItemId, ItemKey},
        item::{Change, ClientTimes, Kind, OnConflict},
        name::ItemName,
        permission::Action,
    },
    vault::Look,
};

/// `GET /sites/{siteId}/document-folders`: those of the root folder; with `flatten` all.
pub async fn of_site(task: Task) -> Result<Response, Problem> {
    let root = find::folder_in(task.vault(), &task.actor, task.id, ids::ROOT).await?;
    list(&task, &root).await
}

/// `GET /document-folders/{parentDocumentFolderId}/document-folders`.
pub async fn of_folder(task: Task) -> Result<Response, Problem> {
    let folder = find::folder(task.vault(), &task.actor, task.id).await?;
    list(&task, &folder).await
}

async fn list(task: &Task, folder: &Look) -> Result<Response, Problem> {
    let wanted = Wanted::parse(&task.query, Kind::Folder)?;
    let (vault, actor) = (task.vault(), &task.actor);
    let said = said(actor, Operation::View, &Subject::Folder(ids::number_of(folder.item())));
    let found = vault.search_below(actor, folder, &wanted.search, wanted.window).await.map_err(&said)?;
    let ids: Vec<ItemId> = found.items.iter().map(|item| item.id).collect();
    let counts = vault.counts_in(actor, &folder.item().library, &ids).await.map_err(said)?;
    let held = |id| counts.get(id).copied().unwrap_or_default();
    let folders = found.items.iter().map(|item| shown(&wire::DocumentFolder::of(item, held(&item.id))));
    Ok(wanted.page(folders.collect::<Result<_, _>>()?, found.total))
}

/// `GET /document-folders/{documentFolderId}`.
pub async fn get(task: Task) -> Result<Response, Problem> {
    let look = find::folder(task.vault(), &task.actor, task.id).await?;
    show(&task, &look).await
}

/// A folder that was looked at.
async fn show(task: &Task, look: &Look) -> Result<Response, Problem> {
    let item = look.item();
    let said = said(&task.actor, Operation::View, &Subject::Folder(item.number));
    let counts = task.vault().counts_in(&task.actor, &item.library, &[item.id]).await.map_err(said)?;
    let mut folder = shown(&wire::DocumentFolder::of(item, counts.get(&item.id).copied().unwrap_or_default()))?;
    query::pick(&mut folder, &query::fields(&task.query));
    Ok(super::json(StatusCode::OK, &folder))
}

/// `POST /sites/{siteId}/document-folders`: into the root folder.
pub async fn add_to_site(task: Task, body: Body) -> Result<Response, Problem> {
    let root = find::folder_in(task.vault(), &task.actor, task.id, ids::ROOT).await?;
    add(&task, body, &root).await
}

/// `POST /document-folders/{parentDocumentFolderId}/document-folders`.
pub async fn add_to_folder(task: Task, body: Body) -> Result<Response, Problem> {
    let folder = find::folder(task.vault(), &task.actor, task.id).await?;
    add(&task, body, &folder).await
}

async fn add(task: &Task, body: Body, parent: &Look) -> Result<Response, Problem> {
    let (vault, actor) = (task.vault(), &task.actor);
    let said = said(actor, Operation::AddSubfolder, &Subject::Folder(ids::number_of(parent.item())));
    parent.check(actor, Action::Create).map_err(&said)?;
    let sent: DocumentFolder = body::object(task, body).await?;
    let (name, description) = (name(&sent.name.unwrap_or_default())?, sent.description.unwrap_or_default());
    let made = vault.create_folder(actor, parent, &name, &description, OnConflict::Fail, ClientTimes::default());
    let made = made.await.map_err(&said)?;
    show(task, &vault.look(actor, &ItemKey::Id(made)).await.map_err(said)?).await
}

fn name(text: &str) -> Result<ItemName, Error> {
    ItemName::parse(text).map_err(|_| Error::FolderName(text.to_owned()))
}

/// `PATCH /document-folders/{documentFolderId}`: what is said is changed, and nothing else.
pub async fn patch(task: Task, body: Body) -> Result<Response, Problem> {
    let (look, sent) = sent(&task, body).await?;
    let name = sent.name.as_deref().map(name).transpose()?;
    let described = Change { name, description: sent.description, ..Change::default() };
    change(&task, look, described, sent.parent_document_folder_id).await
}

/// `PUT /document-folders/{documentFolderId}`: name and description.
pub async fn put(task: Task, body: Body) -> Result<Response, Problem> {
    let (look, sent) = sent(&task, body).await?;
    let name = name(&sent.name.unwrap_or_default())?;
    let described =
        Change { name: Some(name), description: Some(sent.description.unwrap_or_default()), ..Change::default() };
    change(&task, look, described, sent.parent_document_folder_id).await
}

/// The folder in the address, which the caller may change, and what is said about it.
async fn sent(task: &Task, body: Body) -> Result<(Look, DocumentFolder), Problem> {
    let look = find::folder(task.vault(), &task.actor, task.id).await?;
    let said = said(&task.actor, Operation::Update, &Subject::Folder(task.id));
    look.check(&task.actor, Action::Describe).map_err(said)?;
    Ok((look, body::object(task, body).await?))
}

/// Name, description and place change together or not at all.
async fn change(task: &Task, look: Look, described: Change, parent: Option<i64>) -> Result<Response, Problem> {
    let (vault, actor, item) = (task.vault(), &task.actor, look.item());
    let target = match parent.filter(|number| *number != ids::folder_of(item)) {
        None => None,
        Some(number) => {
            look.check(actor, Action::Move).map_err(said(actor, Operation::Move, &Subject::Folder(item.number)))?;
            let folder = find::folder_in(vault, actor, item.library.number, number).await?;
            let said = said(actor, Operation::AddSubfolder, &Subject::Folder(number));
            folder.check(actor, Action::Create).map_err(said)?;
            Some(folder.item().id)
        }
    };
    let operation = if target.is_some() { Operation::Move } else { Operation::Update };
    let said = said(actor, operation, &Subject::Folder(item.number));
    let change = Change { parent: target, ..described };
    if change.parent.is_some() || change.name.is_some() || change.description.is_some() {
        vault.update(actor, &look, change).await.map_err(&said)?;
    }
    show(task, &vault.look(actor, &ItemKey::Id(item.id)).await.map_err(said)?).await
}

/// `DELETE /document-folders/{documentFolderId}`: with all below.
pub async fn delete(task: Task) -> Result<Response, Problem> {
    let look = find::folder(task.vault(), &task.actor, task.id).await?;
    let said = said(&task.actor, Operation::Delete, &Subject::Folder(task.id));
    task.vault().delete(&task.actor, &look).await.map_err(said)?;
    Ok(StatusCode::NO_CONTENT.into_response())
}
