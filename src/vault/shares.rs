//! Shares: who else may do what in a folder and below. A share is a role that was given on that very folder; whoever was
//! made a member of a library has one on its root folder.

use std::sync::Arc;

use sqlx::{Postgres, Transaction};

use super::{Look, Vault, sessions::end_session_of_stranger};
use crate::{
    domain::{
        actor::{Actor, Role},
        error::{Error, Missing, Result},
        event::{Outcome, Subject, Verb},
        id::PrincipalId,
        permission::{Action, Denial, Gate, Permit},
        person::Person,
    },
    store::{self, Act},
};

/// Shares of one folder: so many are listed at most, so no more are made.
pub(super) const MOST: i64 = 10_000;

/// Somebody, or a group, with whom a folder is shared.
#[derive(Clone, Debug)]
pub struct Share {
    /// Who.
    pub with: Arc<Person>,
    /// The highest role they were given there.
    pub role: Role,
}

impl Vault {
    /// Gives people and groups a role on a folder that was looked at, in place of those they had there: all of them, or none.
    ///
    /// # Errors
    /// [`Error::Impossible`] for the folder's owner, unless they have no role there, and where there are too many already;
    /// and what the gates say.
    pub async fn share(
        &self,
        actor: &Actor,
        look: &Look,
        with: &[PrincipalId],
        role: Role,
        message: Option<&str>,
    ) -> Result<()> {
        look.folder()?;
        let permit = look.check(actor, Action::Share)?;
        for who in with {
            if self.is_owned_by(actor, look, *who).await? {
                return Err(OWNED);
            }
        }
        let (vault, look, with, act) = (self.clone(), look.clone(), with.to_vec(), self.act(actor, message));
        self.complete(async move {
            let (mut change, given) = again!(vault.try_share(&permit, &look, &with, role, &act).await)?;
            match given {
                Given::Gone => return Err(Error::Missing(Missing::Item)),
                Given::Owned => return Err(OWNED),
                Given::Full => return Err(Error::Impossible("the folder is shared with too many")),
                // nothing that a node remembers has become untrue
                Given::Unchanged => return Ok(change.commit().await?),
                Given::Done => {}
            }
            let epoch = vault.start_epoch(&mut change).await?;
            change.commit().await?;
            vault.enter(epoch);
            Ok(())
        })
        .await
    }

    /// Whether it is nobody else's to give somebody a role on a folder: whose library it lies in, and the folder's owner
    /// whose role comes from above. An owner whose folder was moved away, or who was given it, may have none.
    async fn is_owned_by(&self, actor: &Actor, look: &Look, who: PrincipalId) -> Result<bool> {
        if Some(who) == look.item.library.personal_to() {
            return Ok(true);
        }
        if who != look.item.owner.id {
            return Ok(false);
        }
        let owner = self.account(who).await?;
        Ok(owner.is_none_or(|owner| look.role_from_above(&Actor::new(owner, actor.dialect)).is_some()))
    }

    async fn try_share(
        &self,
        permit: &Permit,
        look: &Look,
        with: &[PrincipalId],
        role: Role,
        act: &Act,
    ) -> sqlx::Result<(Transaction<'static, Postgres>, Given)> {
        let mut change = self.0.db.begin().await?;
        if !store::items::hold(&mut change, look.item.id).await? {
            return Ok((change, Given::Gone));
        }
        if store::shares::owned_by(&mut change, permit, with, true).await? {
            return Ok((change, Given::Owned));
        }
        let given = store::shares::give(&mut change, permit, with, role, act.now).await?;
        if given > 0 && store::shares::count(&mut change, look.item.id).await? > MOST {
            return Ok((change, Given::Full));
        }
        let (outcome, given) =
            if given > 0 { (Outcome::Done, Given::Done) } else { (Outcome::Unchanged, Given::Unchanged) };
        store::trail::note(&mut change, Verb::Share, outcome, &subject(look), act).await?;
        Ok((change, given))
    }

    /// Takes the shares of these on an item that was looked at away. Who has none there keeps having none.
    ///
    /// # Errors
    /// [`Error::Impossible`] for somebody who was given the role of an owner there, and what the gates say.
    pub async fn unshare(&self, actor: &Actor, look: &Look, from: &[PrincipalId], message: Option<&str>) -> Result<()> {
        let permit = look.check(actor, Action::Share)?;
        self.drop_shares(actor, look, permit, Some(from.to_vec()), message).await
    }

    /// Takes all shares on a folder that was looked at away, the caller's own with them. Owners stay, and what was given
    /// above it.
    pub async fn unshare_all(&self, actor: &Actor, look: &Look, message: Option<&str>) -> Result<()> {
        look.folder()?;
        let permit = look.check(actor, Action::Share)?;
        self.drop_shares(actor, look, permit, None, message).await
    }

    /// Gives the caller's own share on an item that was looked at back: whoever is there may go.
    ///
    /// # Errors
    /// [`Error::NoSession`] for nobody in particular, [`Error::Denied`] for a credential that only reads, and as
    /// [`Self::unshare`].
    pub async fn leave(&self, actor: &Actor, look: &Look) -> Result<()> {
        let me = actor.id().ok_or(Error::NoSession)?;
        let permit = look.check(actor, Action::View)?;
        // it takes no role to leave, but a credential that may change something
        if look.explain(actor, Action::Share).contains(&(Gate::Scope, false)) {
            return Err(Error::Denied(Denial { gate: Gate::Scope, action: Action::Share }));
        }
        self.drop_shares(actor, look, permit, Some(vec![me]), None).await
    }

    /// Sessions of those who are no longer members of a workspace end with their share; see [`Self::revoke`].
    async fn drop_shares(
        &self,
        actor: &Actor,
        look: &Look,
        permit: Permit,
        from: Option<Vec<PrincipalId>>,
        message: Option<&str>,
    ) -> Result<()> {
        let (vault, look, act) = (self.clone(), look.clone(), self.act(actor, message));
        self.complete(async move {
            let (mut change, taken) = again!(vault.try_unshare(&permit, &look, from.as_deref(), &act).await)?;
            let Some(taken) = taken else { return Err(OWNED) };
            if taken.is_empty() {
                return Ok(change.commit().await?);
            }
            for user in store::auth::session_users(&mut change, look.item.library.id, &taken).await? {
                end_session_of_stranger(&mut change, user, act.now).await?;
            }
            let epoch = vault.start_epoch(&mut change).await?;
            change.commit().await?;
            vault.enter(epoch);
            Ok(())
        })
        .await
    }

    /// `None`: one of them is an owner.
    async fn try_unshare(
        &self,
        permit: &Permit,
        look: &Look,
        from: Option<&[PrincipalId]>,
        act: &Act,
    ) -> sqlx::Result<(Transaction<'static, Postgres>, Option<Vec<PrincipalId>>)> {
        let mut change = self.0.db.begin().await?;
        if let Some(from) = from
            && store::shares::owned_by(&mut change, permit, from, false).await?
        {
            return Ok((change, None));
        }
        let taken = store::shares::take(&mut change, permit, from).await?;
        let outcome = if taken.is_empty() { Outcome::Unchanged } else { Outcome::Done };
        store::trail::note(&mut change, Verb::Share, outcome, &subject(look), act).await?;
        Ok((change, Some(taken)))
    }

    /// With whom a folder that was looked at is shared, and with `inherited` those above it: each once with the highest of
    /// their roles, nearest folder first, then by name. Who people are is for who is signed in.
    ///
    /// # Errors
    /// [`Error::NoSession`] for nobody in particular, whatever link they bring, and what the gates say.
    pub async fn shares(&self, actor: &Actor, look: &Look, inherited: bool) -> Result<Vec<Share>> {
        look.folder()?;
        look.check(actor, Action::View)?;
        actor.id().ok_or(Error::NoSession)?;
        let rows = {
            let mut db = self.connection().await?;
            store::shares::of(&mut db, look.item.id, inherited, MOST).await?
        };
        let people = self.people(rows.iter().map(|(who, _)| *who)).await?;
        let mut places = std::collections::HashMap::new();
        let mut shares: Vec<Share> = Vec::with_capacity(rows.len());
        for (who, role) in rows {
            let place = *places.entry(who).or_insert(shares.len());
            match shares.get_mut(place) {
                Some(share) => share.role = share.role.max(role),
                None => shares.push(Share { with: people.get(who)?, role }),
            }
        }
        Ok(shares)
    }
}

/// What nobody can take from an owner, nor give to one.
const OWNED: Error = Error::Impossible("the owner has every right on the folder");

/// How giving ended; only [`Given::Done`] has changed a role.
enum Given {
    Done,
    /// All of them had this role.
    Unchanged,
    /// The folder is in the trash.
    Gone,
    /// One of them is an owner.
    Owned,
    /// There would be more than [`MOST`].
    Full,
}

pub(super) fn subject(look: &Look) -> Subject {
    Subject { library: look.item.library.id, item: look.item.id, edition: None, holder: None }
}
