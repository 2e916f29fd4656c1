//! Checking out, cancelling, refreshing: the verbs that move the lock and nothing else.

use sqlx::PgPool;
use tokio::runtime::Handle;
use uuid::Uuid;

use super::{
    Look, Vault,
    combine::{Asked, Combiner, Turn},
    line::Line,
    recall::Glance,
};
use crate::{
    domain::{
        actor::Actor,
        error::{Error, Missing, Result},
        event::{Outcome, Subject, Verb},
        id::{EditionId, ItemId, ItemKey, PrincipalId},
        item::Kind,
        lock::{Cancelled, CheckOut, CheckedOut, Lock, is_owner},
        permission::{Action, Over, Permit},
    },
    store::{
        self, Act, PgConnection,
        files::Seen,
        locks::{Change, Changed, How},
    },
};

/// What a caller says when cancelling.
#[derive(Clone, Debug, Default)]
pub struct Cancel {
    /// The holder whose lock is to go, where the vendor's client names one.
    pub holder: Option<PrincipalId>,
    /// What the caller says.
    pub comment: Option<String>,
}

impl Asked for Change {
    type Answer = Changed;
    type Key = ItemId;

    fn key(&self) -> ItemId {
        self.permit.item()
    }
}

/// What takes and releases locks, those together that are asked for at the same moment.
pub(super) fn changes(apart: &Handle, turn: Turn, db: PgPool) -> Combiner<Change> {
    let line = Line::with(db, store::PATIENCE);
    Combiner::over(line, apart, turn, |mut db: PgConnection, changes: Vec<Change>| async move {
        let changed = again!(store::locks::change(&mut db, &changes).await)?;
        Ok((db, changed))
    })
}

/// Looking again is bounded: whoever loses so often in a row meets a crowd.
pub(super) const ATTEMPTS: usize = 32;

impl Vault {
    /// Takes the lock of a file for the caller. Somebody else's unexpired lock refuses; the caller's own stays as it is, but
    /// for a reservation without a working copy, which becomes the check-out that is asked for.
    ///
    /// # Errors
    /// [`Error::Held`], [`Error::NoSession`] for nobody in particular, [`Error::Invalid`] for a free text that is too long, and
    /// what the gates say.
    pub async fn check_out(&self, actor: &Actor, look: &Look, what: CheckOut) -> Result<CheckedOut> {
        self.take(actor, look, None, what).await
    }

    /// The same for a vendor whose clients name the edition they check out: it must be the newest at that moment.
    ///
    /// # Errors
    /// [`Error::NotLatest`] besides.
    pub async fn check_out_edition(
        &self,
        actor: &Actor,
        look: &Look,
        edition: EditionId,
        what: CheckOut,
    ) -> Result<CheckedOut> {
        self.take(actor, look, Some(edition), what).await
    }

    async fn take(&self, actor: &Actor, look: &Look, named: Option<EditionId>, what: CheckOut) -> Result<CheckedOut> {
        let (vault, actor, look) = (self.clone(), actor.clone(), look.clone());
        self.complete(async move {
            let answer = vault.try_take(&actor, look.clone(), named, &what).await;
            vault.note_refusal(&actor, &look, Verb::CheckOut, what.comment.as_deref(), answer).await
        })
        .await
    }

    async fn try_take(
        &self,
        actor: &Actor,
        mut look: Look,
        named: Option<EditionId>,
        what: &CheckOut,
    ) -> Result<CheckedOut> {
        for attempt in 0..ATTEMPTS {
            let file = look.file()?;
            let permit = look.check(actor, Action::CheckOut)?;
            let holder = permit.actor().ok_or(Error::NoSession)?;
            if !is_owner(&what.owner_text) {
                return Err(Error::Invalid("owner"));
            }
            let own = match &file.lock {
                Some(lock) if !lock.has_working_copy() && what.has_working_copy(actor.dialect) => Some(lock.fence),
                // what was only remembered may be over
                Some(_) if look.glance.is_some() => return Err(Error::PreconditionFailed),
                Some(lock) => return Ok(CheckedOut::AlreadyYours(lock.clone())),
                None => None,
            };
            if named.is_some_and(|named| named != file.edition.id) {
                return Err(Error::NotLatest);
            }
            let alone = attempt > 0 || file.draft.is_some();
            let how = How::Take { holder, what: what.clone(), own };
            match self.change(actor, &look, permit, how, what.comment.as_deref(), alone).await? {
                Changed::Taken(row) => {
                    let lock = self.dress_lock(row).await?;
                    self.remember_lock(&look, Some(&lock));
                    return Ok(CheckedOut::Taken(lock));
                }
                Changed::Released | Changed::Not => look = self.look_again(actor, &look).await?,
            }
        }
        Err(Error::Overloaded)
    }

    /// Releases the lock of a file without publishing. The holder's draft is dropped; with grounds over somebody else's
    /// lock, that one's draft is kept as a rescued one. A file that was never checked in goes into the trash with its lock.
    ///
    /// # Errors
    /// [`Error::NotCheckedOut`], [`Error::Held`] without grounds, [`Error::OtherHolderNamed`], [`Error::FenceLost`], and
    /// what the gates say.
    pub async fn cancel(&self, actor: &Actor, look: &Look, what: Cancel) -> Result<Cancelled> {
        let (vault, actor, look) = (self.clone(), actor.clone(), look.clone());
        self.complete(async move {
            let answer = vault.try_cancel(&actor, look.clone(), &what).await;
            vault.note_refusal(&actor, &look, Verb::Cancel, what.comment.as_deref(), answer).await
        })
        .await
    }

    /// The same for the room's own notion of a check-out: what the caller holds and is none there refuses as if there was no
    /// lock.
    ///
    /// # Errors
    /// As [`Vault::cancel`].
    pub async fn discard(&self, actor: &Actor, look: &Look) -> Result<Cancelled> {
        let lock = look.file()?.lock.as_ref();
        if lock.is_some_and(|lock| Some(lock.holder.id) == actor.id() && !lock.is_check_out_in(actor.dialect)) {
            let refused = look.check(actor, Action::Cancel).and(Err(Error::NotCheckedOut));
            return self.note_refusal(actor, look, Verb::Cancel, None, refused).await;
        }
        self.cancel(actor, look, Cancel::default()).await
    }

    async fn try_cancel(&self, actor: &Actor, mut look: Look, what: &Cancel) -> Result<Cancelled> {
        for attempt in 0..ATTEMPTS {
            let cancelled = match look.file()?.unpublished_by {
                Some(_) => Box::pin(self.withdraw(actor, &look, what)).await?,
                None => self.release(actor, &look, what, attempt).await?,
            };
            match cancelled {
                Some(cancelled) => return Ok(cancelled),
                None => look = self.look_again(actor, &look).await?,
            }
        }
        Err(Error::Overloaded)
    }

    /// Ends the check-out of a file that was never checked in, and the file with it: there is nothing it could go back to.
    /// `None`: it has changed since it was looked at.
    async fn withdraw(&self, actor: &Actor, look: &Look, what: &Cancel) -> Result<Option<Cancelled>> {
        let (file, permit) = (look.file()?, look.check(actor, Action::Cancel)?);
        let lock = file.lock.as_ref().ok_or(Error::NotCheckedOut)?;
        if what.holder.is_some_and(|named| named != lock.holder.id) {
            return Err(Error::OtherHolderNamed(Box::new(lock.clone())));
        }
        if actor.fence.is_some_and(|fence| fence != lock.fence) {
            return Err(Error::FenceLost);
        }
        let seen = Seen { revision: file.lock_revision, bound: true };
        let (trash, act) = (self.0.fresh.oracle_file()?, self.act(actor, what.comment.as_deref()));
        let library = look.item.library.id;
        let mut db = self.connection().await?;
        if again!(store::files::delete(&mut db, &permit, library, seen, self.settles(), &trash, &act).await)? {
            return Ok(Some(Cancelled { rescued: Some(lock.holder.id) != actor.id(), lock: lock.clone() }));
        }
        if store::parts::has_file(&mut db, look.item.id).await? { Err(Error::Associated) } else { Ok(None) }
    }

    /// Ends a check-out and leaves the file as it was. `None`: it has changed since it was looked at.
    async fn release(&self, actor: &Actor, look: &Look, what: &Cancel, attempt: usize) -> Result<Option<Cancelled>> {
        let (permit, lock) = may_release(actor, look, what)?;
        let how = How::Release { holder: lock.holder.id, fence: lock.fence };
        let alone = attempt > 0 || look.file()?.draft.is_some();
        match self.change(actor, look, permit, how, what.comment.as_deref(), alone).await? {
            Changed::Released => {
                self.remember_lock(look, None);
                Ok(Some(Cancelled { rescued: Some(lock.holder.id) != actor.id(), lock: lock.clone() }))
            }
            Changed::Taken(_) | Changed::Not => Ok(None),
        }
    }

    /// Takes or releases a lock as it was decided on this look: together with whoever does so at the same moment, or alone, where it
    /// is a matter of a working copy or whoever is changing the file is to be waited for.
    async fn change(
        &self,
        actor: &Actor,
        look: &Look,
        permit: Permit,
        how: How,
        comment: Option<&str>,
        alone: bool,
    ) -> Result<Changed> {
        let (library, revision) = (look.item.library.id, look.file()?.lock_revision);
        let change = Change { permit, library, revision, how, act: self.act(actor, comment) };
        let changed = if alone { Box::pin(self.change_alone(&change)).await } else { self.0.changes.ask(change).await };
        if let (Err(_) | Ok(Changed::Taken(_) | Changed::Released), Some(glance)) = (&changed, &look.glance) {
            glance.spend();
        }
        changed
    }

    async fn change_alone(&self, change: &Change) -> Result<Changed> {
        let mut db = self.connection().await?;
        Ok(again!(store::locks::change_alone(&mut db, self.settles(), change).await)?)
    }

    /// Looks at the file whose lock has this uuid.
    ///
    /// # Errors
    /// [`Missing::Lock`] where none has, and for a file that the caller does not see.
    pub async fn look_by_lock(&self, actor: &Actor, uuid: Uuid) -> Result<Look> {
        let file = {
            let mut db = self.connection().await?;
            store::locks::file_by_uuid(&mut db, self.0.clock.instead(), uuid).await?
        };
        self.look_at_locked(actor, file).await
    }

    /// Looks at what has the lock that was asked for. Where nothing has, or the caller does not see it, there is no such lock.
    pub(super) async fn look_at_locked(&self, actor: &Actor, item: Option<ItemId>) -> Result<Look> {
        let gone = || Error::Missing(Missing::Lock);
        let look = self.look(actor, &ItemKey::Id(item.ok_or_else(gone)?)).await;
        look.map_err(|error| if matches!(error, Error::Missing(_)) { gone() } else { error })
    }

    /// Sets when the caller's own lock of a file ends, counted from now, if it is the one of this uuid.
    ///
    /// # Errors
    /// [`Missing::Lock`] where it has ended or is another one, [`Error::Held`] for somebody else's, and what the gates say.
    pub async fn refresh_lock(
        &self,
        actor: &Actor,
        look: &Look,
        uuid: Uuid,
        lifetime: Option<chrono::Duration>,
    ) -> Result<Lock> {
        let (vault, actor, look) = (self.clone(), actor.clone(), look.clone());
        self.complete(async move {
            let answer = vault.try_refresh(&actor, &look, uuid, lifetime).await;
            vault.note_refusal(&actor, &look, Verb::Refresh, None, answer).await
        })
        .await
    }

    async fn try_refresh(
        &self,
        actor: &Actor,
        look: &Look,
        uuid: Uuid,
        lifetime: Option<chrono::Duration>,
    ) -> Result<Lock> {
        let (permit, act) = (look.check(actor, Action::CheckOut)?, self.act(actor, None));
        let row = {
            let mut db = self.connection().await?;
            let library = look.item.library.id;
            again!(store::locks::refresh(&mut db, &permit, library, uuid, lifetime, &act).await)?
        };
        self.dress_lock(row.ok_or(Error::Missing(Missing::Lock))?).await
    }

    /// All files and folders whose own locks are held, oldest first: by one holder, or by anybody. For administrators; rooms do
    /// not show it.
    pub async fn held_locks(&self, holder: Option<PrincipalId>) -> Result<Vec<Look>> {
        let rows = {
            let (mut db, now) = (self.connection().await?, self.0.clock.instead());
            let mut rows = store::items::held(&mut db, now, holder).await?;
            rows.extend(store::items::held_folders(&mut db, now, holder).await?);
            rows
        };
        let mut held = self.dress(rows).await?;
        held.sort_by_key(|look| look.item.own_lock().map(|lock| lock.taken_at));
        Ok(held)
    }

    /// The drafts of a file that a cancel or a lapse left behind, newest first: the caller's own, or all for who may share
    /// the file.
    pub async fn rescued_drafts(&self, actor: &Actor, look: &Look) -> Result<Vec<store::drafts::Rescued>> {
        look.file()?;
        look.check(actor, Action::View)?;
        let all = look.check(actor, Action::Share).is_ok();
        let mut db = self.connection().await?;
        let drafts = store::drafts::rescued(&mut db, self.0.clock.instead(), look.item.id).await?;
        Ok(drafts.into_iter().filter(|draft| all || Some(draft.holder) == actor.id()).collect())
    }

    /// Lets a refusal of a lock operation pass, after it has been noted in the trail. The verbs note their own; a room
    /// calls it for what only its vendor refuses.
    pub async fn note_refusal<T>(
        &self,
        actor: &Actor,
        look: &Look,
        verb: Verb,
        comment: Option<&str>,
        answer: Result<T>,
    ) -> Result<T> {
        let refusal = match answer {
            Ok(done) => return Ok(done),
            // nothing is refused by a glance: what it comes to is no answer, but tried again
            Err(refusal) if look.glance.as_ref().is_some_and(Glance::is_spent) => return Err(refusal),
            Err(_) if look.glance.is_some() => return Err(Error::PreconditionFailed),
            Err(refusal) if look.item.kind() == Kind::Folder && !verb.is_of_folder_locks() => return Err(refusal),
            Err(refusal) => refusal,
        };
        let (outcome, holder) = match &refusal {
            Error::Held(lock) | Error::OtherHolderNamed(lock) => (Outcome::Held, Some(lock.holder.id)),
            Error::NotCheckedOut => (Outcome::NotCheckedOut, None),
            Error::Denied(_) => (Outcome::Denied, None),
            Error::Broken(_) | Error::Overloaded | Error::BodyBroken => return Err(refusal),
            Error::Missing(_)
            | Error::FenceLost
            | Error::OtherLockNamed
            | Error::WrongKind(_)
            | Error::NotLatest
            | Error::Frozen
            | Error::NoContent
            | Error::ContentMissing
            | Error::ContentTooLarge
            | Error::NameTaken(_)
            | Error::LabelTaken(_)
            | Error::CodeTaken { .. }
            | Error::BadName(_)
            | Error::Impossible(_)
            | Error::Associated
            | Error::AlreadyAssociated
            | Error::PreconditionFailed
            | Error::CategoryNotAssignable
            | Error::LinkExpired
            | Error::AccessCode
            | Error::LinkRefused(_)
            | Error::Invalid(_)
            | Error::BadCredentials
            | Error::LockedOut
            | Error::PasswordExpired
            | Error::NotEnabled
            | Error::QuotaReached
            | Error::NoSession => (Outcome::Refused, None),
        };
        Box::pin(self.note(actor, look, verb, comment, (outcome, holder))).await?;
        Err(refusal)
    }

    async fn note(
        &self,
        actor: &Actor,
        look: &Look,
        verb: Verb,
        comment: Option<&str>,
        (outcome, holder): (Outcome, Option<PrincipalId>),
    ) -> Result<()> {
        let act: Act = self.act(actor, comment);
        let on = Subject { library: look.item.library.id, item: look.item.id, edition: None, holder };
        let mut db = self.connection().await?;
        store::trail::note(&mut db, verb, outcome, &on, &act).await?;
        Ok(())
    }
}

/// Whether the caller may end this check-out: who may not clear it at all is told that, whomever they name.
fn may_release<'a>(actor: &Actor, look: &'a Look, what: &Cancel) -> Result<(Permit, &'a Lock)> {
    let permit = look.check(actor, Action::Cancel)?;
    let lock = look.file()?.lock.as_ref().ok_or(Error::NotCheckedOut)?;
    let named = what.holder.map(|named| named == lock.holder.id);
    if named == Some(false) {
        return Err(Error::OtherHolderNamed(Box::new(lock.clone())));
    }
    if actor.fence.is_some_and(|fence| fence != lock.fence) {
        return Err(Error::FenceLost);
    }
    let own = Some(lock.holder.id) == actor.id();
    if !own && permit.over() == Over::NamedReservation && named.is_none() {
        return Err(Error::Held(Box::new(lock.clone())));
    }
    Ok((permit, lock))
}
