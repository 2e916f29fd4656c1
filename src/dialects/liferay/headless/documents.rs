//! Documents: listing, adding, showing, changing, deleting. What may be done, and what becomes of a file that is checked out,
//! the vault decides as it does for the JSON web services.

use std::io;

use axum::{
    body::Body,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use bytes::Bytes;
use futures_util::stream::BoxStream;

use super::{
    Task,
    body::{self, Form},
    content,
    error::Problem,
    query::{self, Wanted},
    wire,
};
use crate::{
    dialects::liferay::{
        call::said,
        error::{Error, Operation, Subject},
        files::non_empty,
        find, ids,
        names::{extension_of, file_name},
        revisions::{Before, check_free, named},
        upload::Incoming,
        wire::shown,
    },
    domain::{
        edition::{Metadata, Publish},
        error::Error as Refusal,
        external::ExternalCode,
        id::{ItemId, ItemKey},
        item::{Change, ClientTimes, Kind, NewFile, OnConflict},
        permission::Action,
        version::Step,
    },
    vault::{Look, NewFileAt, Publication},
};

/// `GET /sites/{siteId}/documents`: those of the root folder; with `flatten` all.
pub async fn of_site(task: Task) -> Result<Response, Problem> {
    let root = find::folder_in(task.vault(), &task.actor, task.id, ids::ROOT).await?;
    list(&task, &root).await
}

/// `GET /document-folders/{documentFolderId}/documents`.
pub async fn of_folder(task: Task) -> Result<Response, Problem> {
    let folder = find::folder(task.vault(), &task.actor, task.id).await?;
    list(&task, &folder).await
}

async fn list(task: &Task, folder: &Look) -> Result<Response, Problem> {
    let wanted = Wanted::parse(&task.query, Kind::File)?;
    let said = said(&task.actor, Operation::View, &Subject::Folder(ids::number_of(folder.item())));
    let found = task.vault().search_below(&task.actor, folder, &wanted.search, wanted.window).await.map_err(&said)?;
    let ids: Vec<ItemId> = found.items.iter().map(|item| item.id).collect();
    let tags = task.vault().tags_of(&ids).await.map_err(said)?;
    let files = found.items.iter().filter_map(|item| Some((item, item.file.as_ref()?)));
    let documents = files.map(|(item, file)| shown(&wire::Document::of(item, file, tags.get(&item.id))));
    Ok(wanted.page(documents.collect::<Result<_, _>>()?, found.total))
}

/// `GET /documents/{documentId}`.
pub async fn get(task: Task) -> Result<Response, Problem> {
    let look = find::file(task.vault(), &task.actor, task.id).await?;
    show(&task, &look).await
}

/// A document that was looked at.
async fn show(task: &Task, look: &Look) -> Result<Response, Problem> {
    let said = said(&task.actor, Operation::View, &Subject::File(look.item().number));
    let tags = task.vault().tags(&task.actor, look).await.map_err(said)?;
    let mut document = shown(&wire::Document::of(look.item(), find::parts(look)?, Some(&tags)))?;
    query::pick(&mut document, &query::fields(&task.query));
    let bytes = bytes_of(task, look).await?;
    match (document.as_object().filter(|members| members.contains_key(content::MEMBER)), bytes) {
        (Some(members), Some(bytes)) => Ok(content::answer(members, bytes)),
        (_, _) => Ok(super::json(StatusCode::OK, &document)),
    }
}

/// The bytes of the last approved version, if they are asked for and lie here.
async fn bytes_of(task: &Task, look: &Look) -> Result<Option<BoxStream<'static, io::Result<Bytes>>>, Error> {
    if !content::is_wanted(&task.query) {
        return Ok(None);
    }
    let said = said(&task.actor, Operation::View, &Subject::File(look.item().number));
    let download = match task.vault().download(&task.actor, look, &find::parts(look)?.edition).await {
        Err(Refusal::NoContent) => return Ok(None),
        download => download.map_err(&said)?,
    };
    let bytes = task.vault().open_bytes(&download.content, None).await.map_err(said)?;
    Ok(Some(bytes.into_stream()))
}

/// `POST /sites/{siteId}/documents`: into the root folder, or into the folder of the site that the document names.
pub async fn add_to_site(task: Task, body: Body) -> Result<Response, Problem> {
    let (vault, actor) = (task.vault(), &task.actor);
    let root = find::folder_in(vault, actor, task.id, ids::ROOT).await?;
    let form = form_for(&task, body, &root).await?;
    Box::pin(add_below(&task, root, form)).await
}

async fn add_below(task: &Task, root: Look, form: Form) -> Result<Response, Problem> {
    let folder = match form.document.document_folder_id {
        None | Some(ids::ROOT) => root,
        Some(number) => {
            let folder = find::folder_in(task.vault(), &task.actor, task.id, number).await?;
            may_add(task, &folder)?;
            folder
        }
    };
    add(task, &folder, form).await
}

/// `POST /document-folders/{documentFolderId}/documents`: the address says where.
pub async fn add_to_folder(task: Task, body: Body) -> Result<Response, Problem> {
    let folder = find::folder(task.vault(), &task.actor, task.id).await?;
    let form = form_for(&task, body, &folder).await?;
    add(&task, &folder, form).await
}

/// No stranger's bytes are written, or even read.
async fn form_for(task: &Task, body: Body, folder: &Look) -> Result<Form, Problem> {
    may_add(task, folder)?;
    body::form(task, body, folder).await
}

fn may_add(task: &Task, folder: &Look) -> Result<(), Error> {
    let subject = Subject::Folder(ids::number_of(folder.item()));
    folder.check(&task.actor, Action::Create).map(drop).map_err(said(&task.actor, Operation::AddDocument, &subject))
}

async fn add(task: &Task, folder: &Look, form: Form) -> Result<Response, Problem> {
    let (vault, actor) = (task.vault(), &task.actor);
    let Form { file, document } = form;
    let file = file.ok_or(NO_FILE)?;
    let (tags, external_code) = (document.tags(task)?, document.code(task)?);
    let source = document.file_name.as_deref().and_then(non_empty).unwrap_or(file.file_name());
    let title = document.title().unwrap_or(source);
    let name = file_name(title, extension_of(source))?;
    find::check_title(vault, actor, folder, title, None).await?;
    let metadata = Metadata {
        file_name: Some(name.clone()),
        media_type: file.media_type(),
        title: Some(title.to_owned()),
        description: Some(document.description.clone().unwrap_or_default()),
        external_code,
        ..Metadata::default()
    };
    let comment = String::new();
    let new = NewFile { name, metadata, comment, on_conflict: OnConflict::Fail, client_times: ClientTimes::default() };
    let subject = Subject::Titled(folder.item().library.number, ids::number_of(folder.item()), title.to_owned());
    let said = said(actor, Operation::AddDocument, &subject);
    let content = Some(file.staged_or_empty(vault).await.map_err(&said)?);
    let made = vault.create_file(actor, folder, NewFileAt { file: new, content }).await.map_err(&said)?;
    let look = vault.look(actor, &ItemKey::Id(made.file)).await.map_err(&said)?;
    if let Some(tags) = tags.filter(|tags| !tags.as_slice().is_empty()) {
        vault.set_tags(actor, &look, tags).await.map_err(&said)?;
    }
    show(task, &look).await
}

const NO_FILE: Problem = Problem::Bad("No file found in body");

/// `PATCH /documents/{documentId}`: what is said is changed, and nothing else.
pub async fn patch(task: Task, body: Body) -> Result<Response, Problem> {
    let look = find::file(task.vault(), &task.actor, task.id).await?;
    let form = if body::is_form(&task) {
        may(&task, &look, Action::SaveDraft)?;
        body::form(&task, body, &look).await?
    } else {
        may(&task, &look, Action::Describe)?;
        Form { file: None, document: body::object(&task, body).await? }
    };
    Box::pin(change(&task, look, form, Extent::Said)).await
}

/// `PUT /documents/{documentId}`: new bytes, with what is said about them.
pub async fn put(task: Task, body: Body) -> Result<Response, Problem> {
    let look = find::file(task.vault(), &task.actor, task.id).await?;
    replace(&task, look, body).await
}

async fn replace(task: &Task, look: Look, body: Body) -> Result<Response, Problem> {
    may(task, &look, Action::SaveDraft)?;
    let mut form = body::form(task, body, &look).await?;
    if form.file.is_none() {
        return Err(NO_FILE);
    }
    if let Some(code) = &task.code {
        form.document.external_reference_code = Some(code.clone());
    }
    Box::pin(change(task, look, form, Extent::All)).await
}

/// `GET /sites/{siteId}/documents/by-external-reference-code/{externalReferenceCode}`.
pub async fn get_by_code(task: Task) -> Result<Response, Problem> {
    let look = by_code(&task).await?;
    show(&task, &look).await
}

async fn by_code(task: &Task) -> Result<Look, Error> {
    find::file_coded(task.vault(), &task.actor, task.id, task.code.as_deref().unwrap_or_default()).await
}

const NO_CODE: Problem = Problem::Bad("The external reference code is empty");

/// The same with `PUT`: replaces the document with the code, or makes it where the form says, else in the root folder. The
/// address says the code, whatever the form says; one that no document can have is refused before anything is asked.
pub async fn put_by_code(task: Task, body: Body) -> Result<Response, Problem> {
    let code = ExternalCode::parse(task.code.as_deref().unwrap_or_default());
    if code.map_err(said(&task.actor, Operation::Update, &Subject::File(0)))?.is_none() {
        return Err(NO_CODE);
    }
    match by_code(&task).await {
        Ok(look) => replace(&task, look, body).await,
        Err(error) if error.is_missing() => {
            let root = find::folder_in(task.vault(), &task.actor, task.id, ids::ROOT).await?;
            let mut form = form_for(&task, body, &root).await?;
            form.document.external_reference_code = task.code.clone();
            Box::pin(add_below(&task, root, form)).await
        }
        Err(error) => Err(error.into()),
    }
}

/// The same with `DELETE`.
pub async fn delete_by_code(task: Task) -> Result<Response, Problem> {
    let look = by_code(&task).await?;
    remove(&task, &look).await
}

/// How much of a document a request replaces.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Extent {
    /// What it names.
    Said,
    /// All of it.
    All,
}

fn may(task: &Task, look: &Look, action: Action) -> Result<(), Error> {
    let said = said(&task.actor, Operation::Update, &Subject::File(look.item().number));
    look.check(&task.actor, action).map(drop).map_err(said)
}

/// Moves a document, then changes it: in the working copy of its holder, else as a minor version. All is asked before, so
/// that only a race leaves the one without the other.
async fn change(task: &Task, mut look: Look, form: Form, extent: Extent) -> Result<Response, Problem> {
    let (vault, actor) = (task.vault(), &task.actor);
    let id = ItemKey::Id(look.item().id);
    let tags = form.document.tags(task)?;
    let code = form.document.code(task)?.filter(|code| code.as_str() != look.item().external_code());
    if tags.is_some() || code.is_some() {
        may(task, &look, Action::Describe)?;
    }
    let target = target(task, &look, &form).await?;
    let publication = prepare(task, &look, target.as_ref(), form, extent).await?;
    let subject = Subject::File(look.item().number);
    if let Some(folder) = target {
        let said = said(actor, Operation::Move, &subject);
        let change = Change { parent: Some(folder.item().id), ..Change::default() };
        vault.update(actor, &look, change).await.map_err(&said)?;
        look = vault.look(actor, &id).await.map_err(said)?;
    }
    let said = said(actor, Operation::Update, &subject);
    if let Some(mut publication) = publication {
        publication.metadata.external_code = code;
        let saved = vault.save_draft(actor, &look, publication).await.map_err(&said)?;
        look = vault.look_after(actor, &saved).await.map_err(&said)?;
    } else if code.is_some() {
        let change = Change { external_code: code, ..Change::default() };
        vault.update(actor, &look, change).await.map_err(&said)?;
        look = vault.look(actor, &id).await.map_err(&said)?;
    }
    if let Some(tags) = tags {
        vault.set_tags(actor, &look, tags).await.map_err(said)?;
    }
    show(task, &look).await
}

/// The folder of the same site that a document is to be moved to, if it is to be moved.
async fn target(task: &Task, look: &Look, form: &Form) -> Result<Option<Look>, Problem> {
    let (vault, actor, item) = (task.vault(), &task.actor, look.item());
    let wanted = form.document.document_folder_id.filter(|number| *number != ids::folder_of(item));
    let Some(number) = wanted else { return Ok(None) };
    look.check(actor, Action::Move).map_err(said(actor, Operation::Move, &Subject::File(item.number)))?;
    let folder = find::folder_in(vault, actor, item.library.number, number).await?;
    may_add(task, &folder)?;
    Ok(Some(folder))
}

/// What is to be published or saved, as `updateFileEntry` would; `None`: nothing of the kind was said.
async fn prepare(
    task: &Task,
    look: &Look,
    folder: Option<&Look>,
    form: Form,
    extent: Extent,
) -> Result<Option<Publication>, Problem> {
    let (vault, actor, item) = (task.vault(), &task.actor, look.item());
    let Form { file, document } = form;
    let file: Incoming = file.unwrap_or_default();
    let source = document.file_name.as_deref().and_then(non_empty).unwrap_or(file.file_name()).to_owned();
    let source = non_empty(&source);
    let before = Before::of(item, actor.id());
    let type_of_part = file.media_type();
    let said = said(actor, Operation::Update, &Subject::File(item.number));
    // an empty new content keeps the old one (spec/liferay.md 11.5)
    let content = file.staged(vault).await.map_err(said)?.filter(|staged| staged.content().size > 0);
    let (declared_type, media_type) = match source {
        // bytes without a name keep extension and type
        None => (before.media_type.clone(), None),
        // an empty part says nothing of the bytes that stay
        Some(_) => (None, type_of_part.filter(|_| content.is_some())),
    };
    let extension = match source {
        Some(source) if content.is_some() => extension_of(source),
        _ => extension_of(&before.file_name),
    };
    let replaced = source.filter(|_| extent == Extent::All);
    let title = document.title().or(replaced).unwrap_or(&before.title);
    let is_same = title == before.title && extension == extension_of(&before.file_name);
    let name = if is_same { None } else { Some(named(item, title, extension)?) };
    match (folder, &name) {
        (Some(folder), _) => find::check_title(vault, actor, folder, title, Some(item.id)).await?,
        (None, Some(name)) => check_free(vault, actor, item, title, name).await?,
        (None, None) => {}
    }
    let description = document.description.clone().or_else(|| (extent == Extent::All).then(String::new));
    if content.is_none() && is_same && description.is_none() && extent == Extent::Said {
        return Ok(None);
    }
    may(task, look, Action::SaveDraft)?;
    let rename = name.as_ref().map(|_| OnConflict::Fail);
    let metadata = Metadata {
        file_name: name,
        media_type,
        declared_type,
        title: Some(title.to_owned()),
        description,
        ..Metadata::default()
    };
    let how = Publish::New(Step::Minor);
    Ok(Some(Publication { content, metadata, comment: String::new(), how, rename }))
}

/// `DELETE /documents/{documentId}`: with its versions, its working copy and its lock.
pub async fn delete(task: Task) -> Result<Response, Problem> {
    let look = find::file(task.vault(), &task.actor, task.id).await?;
    remove(&task, &look).await
}

async fn remove(task: &Task, look: &Look) -> Result<Response, Problem> {
    let said = said(&task.actor, Operation::Delete, &Subject::File(look.item().number));
    task.vault().delete(&task.actor, look).await.map_err(said)?;
    Ok(StatusCode::NO_CONTENT.into_response())
}
