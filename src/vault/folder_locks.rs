//! Locks on folders: the verbs that move them and nothing else. Whoever holds the tree of the library meets nobody who makes,
//! moves or deletes something in it, and tells all below an inheritable lock to be decided on again: once the lock is
//! there, no change of somebody else's that was decided before is still on its way. A lock that is prolonged well before its end
//! was there all the time, and tells nobody.

use uuid::Uuid;

use super::{Look, Vault, locks::ATTEMPTS};
use crate::{
    domain::{
        actor::Actor,
        error::{Error, Missing, Result},
        event::Verb,
        id::{ItemId, LibraryId, PrincipalId},
        lock::{Lock, LockFolder, is_owner},
        permission::{Action, Permit},
    },
    store::{
        self,
        folder_locks::{FolderLockRow, Prolonging},
    },
};

/// A folder with more files than this below is not locked with all that it holds: each of them is told.
const MOST_BELOW: i64 = 20_000;

const TOO_MUCH: Error = Error::Impossible("more in one folder than is locked at once");

impl Vault {
    /// Takes the lock of a folder for the caller. What others hold below stays theirs until it ends. The caller's own stays the
    /// lock it is, and its time counts anew.
    ///
    /// # Errors
    /// [`Error::Held`] for somebody else's lock on the folder, or above it where that is inheritable, [`Error::Impossible`] for
    /// a root folder and for one with too much below it, [`Error::NoSession`] for nobody in particular, [`Error::Invalid`] for a free text that is too long, and
    /// what the gates say.
    pub async fn lock_folder(&self, actor: &Actor, look: &Look, what: LockFolder) -> Result<Lock> {
        let (vault, actor, look) = (self.clone(), actor.clone(), look.clone());
        self.complete(async move {
            let answer = Box::pin(vault.try_lock_folder(&actor, look.clone(), &what)).await;
            vault.note_refusal(&actor, &look, Verb::LockFolder, None, answer).await
        })
        .await
    }

    async fn try_lock_folder(&self, actor: &Actor, mut look: Look, what: &LockFolder) -> Result<Lock> {
        for _ in 0..ATTEMPTS {
            look.folder()?;
            let permit = look.check(actor, Action::CheckOut)?;
            let holder = permit.actor().ok_or(Error::NoSession)?;
            if look.item.is_root() {
                return Err(Error::Impossible("a root folder"));
            }
            if !is_owner(&what.owner_text) {
                return Err(Error::Invalid("owner"));
            }
            let act = self.act(actor, None);
            let library = look.item.library.id;
            let row = match look.item.own_folder_lock() {
                Some(own) => self.prolong_folder(&permit, &look, own.uuid, what.lifetime, &act).await?,
                None => again!(self.take_folder(&permit, holder, library, what, &act).await)??,
            };
            match row {
                Some(row) => return self.dress_folder_lock(&row).await,
                None => look = self.look_again(actor, &look).await?,
            }
        }
        Err(Error::Overloaded)
    }

    /// `None`: it has another holder by now, or is not where it was looked at. The inner refusal is that of too much below it.
    async fn take_folder(
        &self,
        permit: &Permit,
        holder: PrincipalId,
        library: LibraryId,
        what: &LockFolder,
        act: &store::Act,
    ) -> sqlx::Result<Result<Option<FolderLockRow>>> {
        let mut all = self.0.db.begin().await?;
        store::folders::hold_trees(&mut all, &[library]).await?;
        if self.is_held_from(&mut all, permit.item(), Some(holder)).await? {
            return Ok(Ok(None));
        }
        if what.inheritable {
            if store::folder_locks::has_more_below(&mut all, permit.item(), MOST_BELOW).await? {
                return Ok(Err(TOO_MUCH));
            }
            store::folders::hold_locks_below(&mut all, permit.item()).await?;
        }
        let row = store::folder_locks::take(&mut all, permit, holder, library, what, act).await?;
        all.commit().await?;
        Ok(Ok(row))
    }

    /// `None`: the lock is not the caller's any more.
    async fn prolong_folder(
        &self,
        permit: &Permit,
        look: &Look,
        uuid: Uuid,
        lifetime: Option<chrono::Duration>,
        act: &store::Act,
    ) -> Result<Option<FolderLockRow>> {
        let prolonged = {
            let (mut db, library) = (self.connection().await?, look.item.library.id);
            let how = Prolonging::WellBefore;
            again!(store::folder_locks::refresh(&mut db, permit, library, uuid, lifetime, how, act).await)?
        };
        match prolonged {
            Some(row) => Ok(Some(row)),
            None => Ok(again!(self.prolong_near_the_end(permit, look, uuid, lifetime, act).await)?),
        }
    }

    /// The same for a lock that others may see end in this moment. Whether it counts for what lies below never changes.
    async fn prolong_near_the_end(
        &self,
        permit: &Permit,
        look: &Look,
        uuid: Uuid,
        lifetime: Option<chrono::Duration>,
        act: &store::Act,
    ) -> sqlx::Result<Option<FolderLockRow>> {
        let own = look.item.own_folder_lock().and_then(|own| own.folder);
        let (library, how) = (look.item.library.id, Prolonging::NearTheEnd);
        let mut all = self.0.db.begin().await?;
        store::folders::hold_trees(&mut all, &[library]).await?;
        if own.is_some_and(|folder| folder.inheritable) {
            store::folders::hold_locks_below(&mut all, permit.item()).await?;
        }
        let row = store::folder_locks::refresh(&mut all, permit, library, uuid, lifetime, how, act).await?;
        all.commit().await?;
        Ok(row)
    }

    /// Whether the lock that decides about a folder is somebody else's now. To be asked while its tree is held.
    pub(super) async fn is_held_from(
        &self,
        all: &mut store::PgConnection,
        folder: ItemId,
        caller: Option<PrincipalId>,
    ) -> sqlx::Result<bool> {
        let holder = store::folder_locks::holder_over(all, self.0.clock.instead(), folder).await?;
        Ok(holder.is_some() && holder != caller)
    }

    /// Releases the lock of a folder; `uuid`: only that very one; `comment`: what the caller says. Somebody else's only with the
    /// grounds on which their check-out could be cancelled.
    ///
    /// # Errors
    /// [`Error::NotCheckedOut`] where there is none, [`Error::Held`] without grounds, [`Error::OtherLockNamed`],
    /// [`Error::FenceLost`], and what the gates say.
    pub async fn unlock_folder(
        &self,
        actor: &Actor,
        look: &Look,
        uuid: Option<Uuid>,
        comment: Option<&str>,
    ) -> Result<Lock> {
        let (vault, actor, look) = (self.clone(), actor.clone(), look.clone());
        let comment = comment.map(str::to_owned);
        self.complete(async move {
            let comment = comment.as_deref();
            let answer = vault.try_unlock_folder(&actor, &look, uuid, comment).await;
            vault.note_refusal(&actor, &look, Verb::UnlockFolder, comment, answer).await
        })
        .await
    }

    async fn try_unlock_folder(
        &self,
        actor: &Actor,
        look: &Look,
        uuid: Option<Uuid>,
        comment: Option<&str>,
    ) -> Result<Lock> {
        look.folder()?;
        let permit = look.check(actor, Action::Cancel)?;
        let act = self.act(actor, comment);
        let released = {
            let mut db = self.connection().await?;
            let library = look.item.library.id;
            again!(store::folder_locks::release(&mut db, &permit, library, uuid, actor.fence, &act).await)?
        };
        let released = released.ok_or(Error::NotCheckedOut)?;
        let lock = self.dress_folder_lock(&released.lock).await?;
        match released.released {
            true => Ok(lock),
            false if uuid.is_some_and(|uuid| uuid != lock.uuid) => Err(Error::OtherLockNamed),
            false if actor.fence.is_some_and(|fence| fence != lock.fence) => Err(Error::FenceLost),
            false => Err(Error::Held(Box::new(lock))),
        }
    }

    /// Looks at the folder whose lock has this uuid.
    ///
    /// # Errors
    /// [`Missing::Lock`] where none has, and for a folder that the caller does not see.
    pub async fn look_by_folder_lock(&self, actor: &Actor, uuid: Uuid) -> Result<Look> {
        let folder = {
            let mut db = self.connection().await?;
            store::folder_locks::folder_by_uuid(&mut db, self.0.clock.instead(), uuid).await?
        };
        self.look_at_locked(actor, folder).await
    }

    /// Sets when the caller's own lock of a folder ends, counted from now, if it is the one of this uuid.
    ///
    /// # Errors
    /// [`Missing::Lock`] where it has ended or is another one, [`Error::Held`] for somebody else's, and what the gates say.
    pub async fn refresh_folder_lock(
        &self,
        actor: &Actor,
        look: &Look,
        uuid: Uuid,
        lifetime: Option<chrono::Duration>,
    ) -> Result<Lock> {
        let (vault, actor, look) = (self.clone(), actor.clone(), look.clone());
        self.complete(async move {
            let answer = Box::pin(vault.try_refresh_folder(&actor, &look, uuid, lifetime)).await;
            vault.note_refusal(&actor, &look, Verb::RefreshFolder, None, answer).await
        })
        .await
    }

    async fn try_refresh_folder(
        &self,
        actor: &Actor,
        look: &Look,
        uuid: Uuid,
        lifetime: Option<chrono::Duration>,
    ) -> Result<Lock> {
        let (permit, act) = (look.check(actor, Action::CheckOut)?, self.act(actor, None));
        let row = self.prolong_folder(&permit, look, uuid, lifetime, &act).await?;
        self.dress_folder_lock(&row.ok_or(Error::Missing(Missing::Lock))?).await
    }

    async fn dress_folder_lock(&self, row: &FolderLockRow) -> Result<Lock> {
        let people = self.people([PrincipalId(row.holder)]).await?;
        super::look::folder_lock(row, &people)
    }
}
