//! Services of the trash (spec/oracle.md 12): there an item has an id of its own, and `fRealItemGUID` is its id before and
//! after.

use super::{
    super::{
        auth::Caller,
        error::Error,
        ids::FolderId,
        wire::{ResultSet, ResultSets, time},
    },
    Reply,
    arguments::{Arguments, Named},
};
use crate::{
    domain::{
        error::Error as No,
        permission::{Action, Denial, Gate},
    },
    vault::{Trashed, Vault},
};

/// The most that is shown at once.
const LARGEST_PAGE: i64 = 10_000;

/// `FLD_MOVE_TO_TRASH`.
pub async fn move_to_trash(vault: &Vault, caller: &Caller, arguments: &Arguments) -> Result<Reply, Error> {
    let (named, id) = arguments.item("item")?;
    let on = match &named {
        Named::File(file) => caller.file(vault, file, Action::Delete).await,
        // nobody deletes their home (6.4)
        Named::Folder(FolderId::Home) => Err(No::Denied(Denial { gate: Gate::Role, action: Action::Delete })),
        Named::Folder(folder) => caller.folder(vault, folder, Action::Delete).await,
    };
    let on = on.map_err(Error::of(&id))?;
    vault.delete(&on.actor, &on.look).await.map_err(Error::of(&id))?;
    Ok(Reply::default())
}

/// `FLD_BROWSE_TRASH`: newest first; `fileCount` is how many files are wanted at most.
pub async fn browse(vault: &Vault, caller: &Caller, arguments: &Arguments) -> Result<Reply, Error> {
    let wanted = arguments.count("fileCount")?.unwrap_or(usize::MAX);
    let trash = vault.trash(&caller.actor, LARGEST_PAGE).await?;
    let files = trash.iter().filter_map(file).take(wanted);
    let folders = trash.iter().filter_map(folder);
    let files = ResultSet::new(
        [
            "fFileGUID",
            "fRealItemGUID",
            "fFileName",
            "dRevLabel",
            "dFileSize",
            "dExtension",
            "fLastModifiedDate",
            "fLastModifierFullName",
        ],
        files,
    );
    let folders = ResultSet::new(
        ["fFolderGUID", "fRealItemGUID", "fFolderName", "fApplication", "fLastModifiedDate", "fLastModifierFullName"],
        folders,
    );
    let sets = ResultSets::default().and("ChildFiles", files).and("ChildFolders", folders);
    Ok(Reply { sets, ..Reply::default() })
}

fn file(trashed: &Trashed) -> Option<[String; 8]> {
    let item = &trashed.item;
    let edition = &item.file.as_ref()?.edition;
    let extension = item.name.rsplit_once('.').map_or("", |(_, extension)| extension);
    Some([
        trashed.id.clone(),
        item.oracle_id.clone(),
        item.name.clone(),
        edition.ordinal.to_string(),
        edition.size().to_string(),
        extension.to_owned(),
        time(item.modified_at),
        item.modified_by.name.clone(),
    ])
}

fn folder(trashed: &Trashed) -> Option<[String; 6]> {
    let item = &trashed.item;
    item.file.is_none().then(|| {
        [
            trashed.id.clone(),
            item.oracle_id.clone(),
            item.name.clone(),
            "framework".to_owned(),
            time(item.modified_at),
            item.modified_by.name.clone(),
        ]
    })
}

/// `FLD_RESTORE`: one after the other; the first that cannot be restored ends it.
pub async fn restore(vault: &Vault, caller: &Caller, arguments: &Arguments) -> Result<Reply, Error> {
    for id in arguments.trash_ids("items")? {
        vault.restore(&caller.actor, &id).await.map_err(Error::of(&id))?;
    }
    Ok(Reply::default())
}

/// `FLD_DELETE_FROM_TRASH`: likewise.
pub async fn delete(vault: &Vault, caller: &Caller, arguments: &Arguments) -> Result<Reply, Error> {
    for id in arguments.trash_ids("item")? {
        vault.purge(&caller.actor, &id).await.map_err(Error::of(&id))?;
    }
    Ok(Reply::default())
}

/// `FLD_EMPTY_TRASH`: no `JobID` says that it is done.
pub async fn empty(vault: &Vault, caller: &Caller) -> Result<Reply, Error> {
    vault.empty_trash(&caller.actor).await?;
    Ok(Reply::default())
}
