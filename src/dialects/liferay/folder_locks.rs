//! Locks on folders (spec/liferay.md 9.1, 9.2, 11.1): taking, releasing, refreshing, and questions about them.

use serde_json::Value;

use super::{
    call::Ask,
    error::{Error, Operation, Subject},
    find, folders, ids, locks,
    wire::{lock::Lock, shown},
};
use crate::{
    domain::{
        error::{Error as Refusal, Missing},
        lock::{Lock as Held, LockFolder},
    },
    vault::Look,
};

/// `lockFolder(folderId)`: the folder alone, for as long as it may be.
pub async fn take(ask: Ask) -> Result<Value, Error> {
    let what = LockFolder { lifetime: Some(locks::lifetime(&ask, 0)), owner_text: String::new(), inheritable: false };
    lock(&ask, what).await
}

/// `lockFolder(folderId, owner, inheritable, expirationTime)`: with all that it holds, if it is to be inheritable.
pub async fn take_for(ask: Ask) -> Result<Value, Error> {
    let what = LockFolder {
        lifetime: Some(locks::lifetime(&ask, ask.number("expirationTime")?)),
        owner_text: ask.text("owner")?.to_owned(),
        inheritable: ask.flag("inheritable").unwrap_or(false),
    };
    lock(&ask, what).await
}

async fn lock(ask: &Ask, what: LockFolder) -> Result<Value, Error> {
    let look = named(ask).await?;
    let said = ask.said(Operation::CheckOut, &Subject::Folder(look.item().number));
    let lock = ask.vault().lock_folder(&ask.actor, &look, what).await.map_err(said)?;
    shown(&Lock::of(&lock, look.item().number, ask.company()))
}

/// The folder that is named, where a repository is named too in that one. A root folder has no lock, as if it were none.
async fn named(ask: &Ask) -> Result<Look, Error> {
    let number = ask.number("folderId")?;
    if !ask.has("repositoryId") {
        return find::folder(ask.vault(), &ask.actor, number).await;
    }
    let look = find::folder_in(ask.vault(), &ask.actor, ask.site()?, number).await?;
    if look.item().is_root() {
        return Err(ask.said(Operation::View, &Subject::Folder(number))(Refusal::Missing(Missing::Item)));
    }
    Ok(look)
}

/// `unlockFolder(folderId, lockUuid)`: a quiet success for a folder that is not locked. An empty uuid means any lock.
pub async fn release(ask: Ask) -> Result<Value, Error> {
    let look = named(&ask).await?;
    unlock(&ask, &look).await
}

/// `unlockFolder(parentFolderId, name, lockUuid)`.
pub async fn release_by_name(ask: Ask) -> Result<Value, Error> {
    let look = folders::by_name(&ask).await?;
    unlock(&ask, &look).await
}

async fn unlock(ask: &Ask, look: &Look) -> Result<Value, Error> {
    match ask.vault().unlock_folder(&ask.actor, look, locks::meant(ask)?, None).await {
        Ok(_) | Err(Refusal::NotCheckedOut) => Ok(Value::Null),
        // somebody else's is worded as their check-out would be
        Err(refusal) => Err(ask.said(Operation::Cancel, &Subject::Folder(look.item().number))(refusal)),
    }
}

/// `refreshFolderLock(lockUuid, companyId, expirationTime)`: the caller's own lock lasts so long from now.
pub async fn refresh(ask: Ask) -> Result<Value, Error> {
    let (subject, uuid, lifetime) = locks::prolonged(&ask)?;
    let look = ask.vault().look_by_folder_lock(&ask.actor, uuid).await;
    let look = look.map_err(ask.said(Operation::Refresh, &subject))?;
    let said = locks::not_prolonged(&ask, &subject, &Subject::Folder(look.item().number));
    let lock = ask.vault().refresh_folder_lock(&ask.actor, &look, uuid, lifetime).await.map_err(said)?;
    shown(&Lock::of(&lock, look.item().number, ask.company()))
}

/// `isFolderLocked`: by anybody.
pub async fn is_locked(ask: Ask) -> Result<Value, Error> {
    asked(&ask, |_| true).await
}

/// `hasFolderLock`: by the caller.
pub async fn is_mine(ask: Ask) -> Result<Value, Error> {
    asked(&ask, |lock| Some(lock.holder.id) == ask.actor.id()).await
}

/// `hasInheritableLock`: by anybody, with all that it holds.
pub async fn is_inheritable(ask: Ask) -> Result<Value, Error> {
    asked(&ask, is_for_all_below).await
}

/// `verifyInheritableLock`: whether the uuid is that of such a lock.
pub async fn verify(ask: Ask) -> Result<Value, Error> {
    let uuid = ids::uuid(ask.text("lockUuid")?);
    asked(&ask, |lock| is_for_all_below(lock) && Some(lock.uuid) == uuid).await
}

fn is_for_all_below(lock: &Held) -> bool {
    lock.folder.is_some_and(|folder| folder.inheritable)
}

/// Whether the folder itself has such a lock; what it inherits from above does not count here, as the vendor has it.
async fn asked(ask: &Ask, fits: impl Fn(&Held) -> bool) -> Result<Value, Error> {
    let look = named(ask).await?;
    Ok(look.item().own_folder_lock().is_some_and(fits).into())
}
