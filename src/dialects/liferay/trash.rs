//! The trash (`dltrash`). What was deleted lies in the trash of whose it is, and only they take it out: for everybody else
//! it is as gone as any deleted file.

use serde_json::Value;

use super::{
    call::Ask,
    error::{Error, Operation, Subject},
    files, find, ids,
};
use crate::{
    domain::{
        error::{Error as Refusal, Missing},
        id::{ItemId, ItemKey},
        item::OnConflict,
    },
    vault::{Back, Look, Trashed},
};

/// `moveFileEntryToTrash`: the same as deleting; answers the file as it was.
pub async fn put(ask: Ask) -> Result<Value, Error> {
    let look = find::file(ask.vault(), &ask.actor, ask.number("fileEntryId")?).await?;
    let shown = files::show(&ask, &look)?;
    let said = ask.said(Operation::Delete, &Subject::File(look.item().number));
    ask.vault().delete(&ask.actor, &look).await.map_err(said)?;
    Ok(shown)
}

/// `restoreFileEntryFromTrash`: back into the folder it was in, with its versions.
pub async fn restore(ask: Ask) -> Result<Value, Error> {
    let trashed = trashed(&ask).await?;
    if let Some(parent) = trashed.item.parent {
        match ask.vault().look(&ask.actor, &ItemKey::Id(parent)).await {
            Ok(folder) => check_title(&ask, &folder, &trashed).await?,
            // the vault says what that means
            Err(Refusal::Missing(_)) => {}
            Err(refusal) => return Err(ask.said(Operation::AddDocument, &Subject::File(trashed.item.number))(refusal)),
        }
    }
    take_out(&ask, &trashed, None).await?;
    Ok(Value::Null)
}

/// `moveFileEntryFromTrash`: into another folder of its site.
pub async fn relocate(ask: Ask) -> Result<Value, Error> {
    let trashed = trashed(&ask).await?;
    let folder = files::target_folder(&ask, trashed.item.library.id, ask.number("newFolderId")?).await?;
    check_title(&ask, &folder, &trashed).await?;
    let file = take_out(&ask, &trashed, Some(&folder)).await?;
    let said = ask.said(Operation::View, &Subject::File(trashed.item.number));
    files::show(&ask, &ask.vault().look(&ask.actor, &ItemKey::Id(file)).await.map_err(said)?)
}

/// A file of the caller's trash.
async fn trashed(ask: &Ask) -> Result<Trashed, Error> {
    let number = ask.number("fileEntryId")?;
    let said = ask.said(Operation::View, &Subject::File(number));
    let trashed = ask.vault().trashed_number(&ask.actor, number).await.map_err(&said)?;
    if trashed.item.file.is_some() { Ok(trashed) } else { Err(said(Refusal::Missing(Missing::Item))) }
}

/// Titles are unique among the files of a folder; the file itself is none of them yet.
async fn check_title(ask: &Ask, folder: &Look, trashed: &Trashed) -> Result<(), Error> {
    find::check_title(ask.vault(), &ask.actor, folder, &trashed.item.title, None).await
}

async fn take_out(ask: &Ask, trashed: &Trashed, folder: Option<&Look>) -> Result<ItemId, Error> {
    let subject = match folder {
        Some(folder) => {
            Subject::Titled(folder.item().library.number, ids::number_of(folder.item()), trashed.item.title.clone())
        }
        None => Subject::File(trashed.item.number),
    };
    let back = Back { folder: folder.map(|folder| folder.item().id), name: None, on_conflict: OnConflict::Fail };
    let restored = ask.vault().restore_to(&ask.actor, &trashed.id, back).await;
    restored.map_err(ask.said(Operation::AddDocument, &subject))
}
