//! Files: adding, reading, moving, deleting.

use serde_json::Value;

use super::{
    call::Ask,
    error::{Error, Operation, Subject},
    find, ids,
    names::{extension_of, file_name},
    upload,
    wire::{file_entry::FileEntry, shown},
};
use crate::{
    domain::{
        edition::Metadata,
        id::{ItemKey, LibraryId},
        item::{Change, ClientTimes, NewFile, OnConflict},
        permission::Action,
    },
    vault::{Look, NewFileAt, Published},
};

/// A file that was looked at.
pub fn show(ask: &Ask, look: &Look) -> Result<Value, Error> {
    shown(&FileEntry::of(look.item(), find::parts(look)?, ask.company()))
}

/// A file as it stands now.
pub async fn show_again(ask: &Ask, look: &Look) -> Result<Value, Error> {
    let said = ask.said(Operation::View, &Subject::File(look.item().number));
    let look = ask.vault().look(&ask.actor, &ItemKey::Id(look.item().id)).await.map_err(said)?;
    show(ask, &look)
}

/// A file that something was just published of.
pub async fn show_published(ask: &Ask, look: &Look, published: &Published) -> Result<Value, Error> {
    let said = ask.said(Operation::View, &Subject::File(look.item().number));
    let look = ask.vault().look_after(&ask.actor, published).await.map_err(said)?;
    show(ask, &look)
}

/// `getFileEntry(fileEntryId)`.
pub async fn get(ask: Ask) -> Result<Value, Error> {
    let look = find::file(ask.vault(), &ask.actor, ask.number("fileEntryId")?).await?;
    show(&ask, &look)
}

/// `getFileEntry(groupId, folderId, title)`.
pub async fn get_by_title(ask: Ask) -> Result<Value, Error> {
    show(&ask, &by_title(&ask).await?)
}

/// `getFileEntryByUuidAndGroupId(uuid, groupId)`.
pub async fn get_by_uuid(ask: Ask) -> Result<Value, Error> {
    let look = find::file_by_uuid(ask.vault(), &ask.actor, ask.text("uuid")?, ask.number("groupId")?).await?;
    show(&ask, &look)
}

/// `getFileEntryByExternalReferenceCode(groupId, externalReferenceCode)`.
pub async fn get_by_code(ask: Ask) -> Result<Value, Error> {
    let (site, code) = (ask.number("groupId")?, ask.text("externalReferenceCode")?);
    show(&ask, &find::file_coded(ask.vault(), &ask.actor, site, code).await?)
}

/// `getFileEntryByFileName(groupId, folderId, fileName)`.
pub async fn get_by_file_name(ask: Ask) -> Result<Value, Error> {
    let (site, folder, name) = (ask.site()?, ask.folder()?, ask.text("fileName")?);
    show(&ask, &find::file_named(ask.vault(), &ask.actor, site, folder, name).await?)
}

async fn by_title(ask: &Ask) -> Result<Look, Error> {
    find::file_titled(ask.vault(), &ask.actor, ask.site()?, ask.folder()?, ask.text("title")?).await
}

/// `addFileEntry`: version 1.0. An empty title is the source's name, an empty source's name the part's.
pub async fn add(ask: Ask) -> Result<Value, Error> {
    let bytes = upload::take(ask.payload())?;
    let (vault, actor) = (ask.vault(), &ask.actor);
    let site = ask.site()?;
    let folder = match bytes.seen(ask.folder()?).filter(|look| look.item().library.number == site) {
        Some(look) => look,
        None => find::folder_in(vault, actor, site, ask.folder()?).await?,
    };
    let said = ask.said(Operation::AddDocument, &Subject::Folder(ids::number_of(folder.item())));
    folder.check(actor, Action::Create).map_err(&said)?;

    let source = non_empty(ask.text("sourceFileName")?).unwrap_or(bytes.file_name());
    let title = non_empty(ask.text("title")?).unwrap_or(source);
    let name = file_name(title, extension_of(source))?;
    let (comment, external_code) = (ask.change_log()?, ask.external_code()?);
    find::check_title(vault, actor, &folder, title, None).await?;
    let mime_type = non_empty(ask.text("mimeType")?);
    let metadata = Metadata {
        file_name: Some(name.clone()),
        media_type: bytes.media_type(),
        declared_type: mime_type.map(str::to_owned),
        title: Some(title.to_owned()),
        description: Some(ask.text("description")?.to_owned()),
        external_code,
        ..Metadata::default()
    };
    let file = NewFile { name, metadata, comment, on_conflict: OnConflict::Fail, client_times: ClientTimes::default() };
    let said = ask.said(Operation::AddDocument, &Subject::Titled(site, ask.folder()?, title.to_owned()));
    let content = Some(bytes.staged_or_empty(vault).await.map_err(&said)?);
    let made = vault.create_file(actor, &folder, NewFileAt { file, content }).await.map_err(&said)?;
    let look = vault.look(actor, &ItemKey::Id(made.file)).await.map_err(&said)?;
    show(&ask, &look)
}

/// `deleteFileEntry(fileEntryId)`: with its versions, its working copy and its lock.
pub async fn delete(ask: Ask) -> Result<Value, Error> {
    let look = find::file(ask.vault(), &ask.actor, ask.number("fileEntryId")?).await?;
    remove(&ask, &look).await
}

/// The same, by title.
pub async fn delete_by_title(ask: Ask) -> Result<Value, Error> {
    let look = by_title(&ask).await?;
    remove(&ask, &look).await
}

async fn remove(ask: &Ask, look: &Look) -> Result<Value, Error> {
    let said = ask.said(Operation::Delete, &Subject::File(look.item().number));
    ask.vault().delete(&ask.actor, look).await.map_err(said)?;
    Ok(Value::Null)
}

/// `moveFileEntry`: folder 0 is the root of the context's site, or of the file's own.
pub async fn relocate(ask: Ask) -> Result<Value, Error> {
    let (vault, actor) = (ask.vault(), &ask.actor);
    let (number, target) = (ask.number("fileEntryId")?, ask.number("newFolderId")?);
    let look = find::file(vault, actor, number).await?;
    let said = ask.said(Operation::Move, &Subject::File(number));
    look.check(actor, Action::Move).map_err(&said)?;
    let folder = target_folder(&ask, look.item().library.id, target).await?;
    let refused = ask.said(Operation::AddDocument, &Subject::Folder(target));
    folder.check(actor, Action::Create).map_err(refused)?;
    find::check_title(vault, actor, &folder, &look.item().title, Some(look.item().id)).await?;
    let change = Change { parent: Some(folder.item().id), ..Change::default() };
    vault.update(actor, &look, change).await.map_err(said)?;
    show_again(&ask, &look).await
}

/// The folder something of a site is moved to. A context that names no site of ours is ignored: public clients send such.
pub async fn target_folder(ask: &Ask, own: LibraryId, target: i64) -> Result<Look, Error> {
    let (vault, actor) = (ask.vault(), &ask.actor);
    if target != ids::ROOT {
        return find::folder(vault, actor, target).await;
    }
    if let Some(group) = ask.context().scope_group
        && let Ok(root) = find::folder_in(vault, actor, group, ids::ROOT).await
    {
        return Ok(root);
    }
    let said = ask.said(Operation::View, &Subject::Folder(target));
    vault.look(actor, &ItemKey::Root(own)).await.map_err(said)
}

/// The text, unless it is empty.
pub fn non_empty(text: &str) -> Option<&str> {
    Some(text).filter(|text| !text.is_empty())
}
