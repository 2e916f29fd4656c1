//! Versions of a file, the working copy among them (spec/liferay.md 11.2).

use serde_json::Value;

use super::{
    call::Ask,
    error::{Error, Operation, Subject},
    find,
    wire::{
        file_version::{APPROVED, DRAFT, FileVersion},
        shown,
    },
};
use crate::domain::error::{Error as Refusal, Missing};

/// `getFileVersion(fileVersionId)`: a published version or a working copy.
pub async fn get(ask: Ask) -> Result<Value, Error> {
    let number = ask.number("fileVersionId")?;
    let said = ask.said(Operation::View, &Subject::Version(number));
    let (item, edition) = ask.vault().file_version(&ask.actor, number).await.map_err(&said)?;
    match (&edition, &item.file) {
        (Some(edition), _) => shown(&FileVersion::of(&item, edition, ask.company())),
        (None, Some(file)) => {
            let lock = file.lock.as_ref().ok_or_else(|| said(Refusal::Missing(Missing::Edition)))?;
            shown(&FileVersion::working_copy(&item, file, lock, ask.company()))
        }
        (None, None) => Err(said(Refusal::Missing(Missing::Edition))),
    }
}

/// `getLatestFileVersion`: the working copy for its holder, unless it is excluded; else the last approved version.
pub async fn latest(ask: Ask) -> Result<Value, Error> {
    let look = find::file(ask.vault(), &ask.actor, ask.number("fileEntryId")?).await?;
    let (item, file) = (look.item(), find::parts(&look)?);
    let excluded = ask.flag("excludeWorkingCopy").unwrap_or(false);
    match item.lock().filter(|_| !excluded && item.is_held_by(ask.actor.id())) {
        Some(held) => shown(&FileVersion::working_copy(item, file, held, ask.company())),
        None => shown(&FileVersion::of(item, &file.edition, ask.company())),
    }
}

/// `getFileVersions(fileEntryId, status)`: newest first, the working copy before all, for every viewer.
pub async fn list(ask: Ask) -> Result<Value, Error> {
    versions(&ask).await.map(Value::Array)
}

/// `getFileVersionsCount(fileEntryId, status)`.
pub async fn count(ask: Ask) -> Result<Value, Error> {
    Ok(versions(&ask).await?.len().into())
}

async fn versions(ask: &Ask) -> Result<Vec<Value>, Error> {
    let (number, status) = (ask.number("fileEntryId")?, ask.number("status")?);
    let look = find::file(ask.vault(), &ask.actor, number).await?;
    let (item, file) = (look.item(), find::parts(&look)?);
    let wants = |kind: i32| status == -1 || status == i64::from(kind);
    let mut versions = Vec::new();
    if let Some(lock) = item.lock().filter(|_| wants(DRAFT)) {
        versions.push(shown(&FileVersion::working_copy(item, file, lock, ask.company()))?);
    }
    if wants(APPROVED) {
        let said = ask.said(Operation::View, &Subject::File(number));
        for edition in ask.vault().editions(&ask.actor, &look).await.map_err(said)? {
            versions.push(shown(&FileVersion::of(item, &edition, ask.company()))?);
        }
    }
    Ok(versions)
}
