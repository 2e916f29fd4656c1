//! Versions of a file, the working copy among them (spec/liferay.md 11.2).

use serde_json::Value;

use super::{
    call::Ask,
    error::{Error, Operation, Subject},
    find, revisions,
    wire::{
        file_version::{APPROVED, DRAFT, FileVersion, WORKING_COPY},
        shown,
    },
};
use crate::{
    domain::{
        edition::Edition,
        error::{Error as Refusal, Missing},
        id::EditionKey,
        permission::Action,
        version::Version,
    },
    vault::Look,
};

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

/// `deleteFileVersion(fileVersionId)`.
pub async fn delete(ask: Ask) -> Result<Value, Error> {
    let number = ask.number("fileVersionId")?;
    let subject = Subject::Version(number);
    let found = ask.vault().file_version(&ask.actor, number).await;
    let (item, edition) = found.map_err(ask.said(Operation::View, &subject))?;
    let look = find::file(ask.vault(), &ask.actor, item.number).await?;
    may_delete(&ask, &look)?;
    remove(&ask, &look, edition.as_ref(), &subject).await
}

/// `deleteFileVersion(fileEntryId, version)`.
pub async fn delete_by_label(ask: Ask) -> Result<Value, Error> {
    let (number, label) = (ask.number("fileEntryId")?, ask.text("version")?);
    let look = find::file(ask.vault(), &ask.actor, number).await?;
    may_delete(&ask, &look)?;
    let subject = Subject::Label(number, label.chars().take(64).collect());
    if label == WORKING_COPY {
        return remove(&ask, &look, None, &subject).await;
    }
    let missing = ask.said(Operation::Delete, &subject);
    let version: Version = label.parse().map_err(|_| missing(Refusal::Missing(Missing::Edition)))?;
    let edition = ask.vault().edition(&ask.actor, &look, &EditionKey::Version(version)).await.map_err(missing)?;
    remove(&ask, &look, Some(&edition), &subject).await
}

fn may_delete(ask: &Ask, look: &Look) -> Result<(), Error> {
    let said = ask.said(Operation::Delete, &Subject::File(look.item().number));
    look.check(&ask.actor, Action::Delete).map(drop).map_err(said)
}

/// Any published version may go but the last one there is; after the newest the one before is the newest, unless its title is
/// taken by now. The working copy goes with its check-out only (spec/liferay.md 11.7).
async fn remove(ask: &Ask, look: &Look, edition: Option<&Edition>, subject: &Subject) -> Result<Value, Error> {
    let number = look.item().number;
    let Some(edition) = edition else {
        return Err(Error::InvalidVersion(format!("Unable to delete the working copy of file entry {number}")));
    };
    if edition.latest {
        let editions = ask.vault().editions(&ask.actor, look).await;
        let editions = editions.map_err(ask.said(Operation::View, &Subject::File(number)))?;
        if let Some(before) = editions.iter().find(|other| other.ordinal < edition.ordinal) {
            revisions::check_title(ask.vault(), &ask.actor, look.item(), &before.title).await?;
        }
    }
    match ask.vault().delete_version(&ask.actor, look, edition.ordinal).await {
        Ok(()) => Ok(Value::Null),
        Err(Refusal::Impossible(_)) => {
            let version = edition.version;
            Err(Error::InvalidVersion(format!("Unable to delete the only version {version} of file entry {number}")))
        }
        // it was deleted a moment ago
        Err(refusal @ Refusal::Missing(Missing::Edition)) => Err(ask.said(Operation::Delete, subject)(refusal)),
        Err(refusal) => Err(ask.said(Operation::Delete, &Subject::File(number))(refusal)),
    }
}
