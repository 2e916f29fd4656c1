//! Temporary files: a user's own uploads, kept under a name of the client's choosing until it makes something of them
//! (spec/liferay.md 9.1). In the vendor's portal they lie in a hidden repository; here they are on the caller's shelf at the
//! folder.

use serde_json::Value;

use super::{
    call::Ask,
    error::{Error, Operation, Subject},
    files::non_empty,
    find, ids, upload,
    wire::{file_entry::FileEntry, shown},
};
use crate::{
    domain::{
        edition::Metadata,
        error::{Error as Refusal, Missing},
        name::ItemName,
        permission::Action,
        temporary::Refused,
    },
    vault::{Look, NewTemporaryFile, Shelf},
};

/// `addTempFileEntry`: what it takes is what it takes to add a file to the folder. An empty name is the part's.
pub async fn add(ask: Ask) -> Result<Value, Error> {
    let bytes = upload::take(ask.payload())?;
    let (vault, actor, site) = (ask.vault(), &ask.actor, ask.site()?);
    let folder = match bytes.seen(ask.folder()?).filter(|look| look.item().library.number == site) {
        Some(look) => look,
        None => find::folder_in(vault, actor, site, ask.folder()?).await?,
    };
    let said = ask.said(Operation::AddDocument, &Subject::Folder(ids::number_of(folder.item())));
    folder.check(actor, Action::Create).map_err(&said)?;
    let text = non_empty(ask.text("fileName")?).unwrap_or(bytes.file_name());
    let name = ItemName::parse(text).map_err(|_| Error::FileName(text.to_owned()))?;
    let metadata = Metadata {
        media_type: bytes.media_type(),
        declared_type: non_empty(ask.text("mimeType")?).map(str::to_owned),
        ..Metadata::default()
    };
    let said = ask.said(Operation::AddDocument, &Subject::Titled(site, ask.folder()?, text.to_owned()));
    let content = bytes.staged_or_empty(vault).await.map_err(&said)?;
    let shelf = Shelf { folder: &folder, name: ask.text("folderName")? };
    let made = vault.add_temporary(actor, shelf, NewTemporaryFile { name, metadata, content }).await;
    let made = made.map_err(|refused| match refused {
        Refused::TooMany => Error::TooManyTemporaryFiles,
        Refused::Vault(refusal) => said(refusal),
    })?;
    shown(&FileEntry::temporary(&made, folder.item(), ask.company()))
}

/// `getTempFileNames`.
pub async fn names(ask: Ask) -> Result<Value, Error> {
    let folder = folder(&ask).await?;
    let said = ask.said(Operation::View, &Subject::Folder(ids::number_of(folder.item())));
    let shelf = Shelf { folder: &folder, name: ask.text("folderName")? };
    Ok(ask.vault().temporary_names(&ask.actor, shelf).await.map_err(said)?.into())
}

/// `deleteTempFileEntry`.
pub async fn delete(ask: Ask) -> Result<Value, Error> {
    let folder = folder(&ask).await?;
    let name = ask.text("fileName")?;
    let said = ask.said(Operation::Delete, &Subject::Titled(ask.site()?, ask.folder()?, name.to_owned()));
    let shelf = Shelf { folder: &folder, name: ask.text("folderName")? };
    match ask.vault().delete_temporary(&ask.actor, shelf, name).await {
        // as in the vendor, what has ended by itself is as good as deleted
        Ok(()) | Err(Refusal::Missing(Missing::Item)) => Ok(Value::Null),
        Err(refusal) => Err(said(refusal)),
    }
}

async fn folder(ask: &Ask) -> Result<Look, Error> {
    find::folder_in(ask.vault(), &ask.actor, ask.site()?, ask.folder()?).await
}
