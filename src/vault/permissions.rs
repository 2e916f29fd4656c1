//! All that was given on an item, whether roles or links, there or above: listing it with the eyes of a caller, giving more,
//! changing and taking back single pieces of it.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use sqlx::{Postgres, Transaction};

use super::{Look, Vault, links, links::LinkUpdate, shares};
use crate::{
    domain::{
        actor::{Actor, Role},
        error::{Error, Missing, Result},
        event::{Outcome, Verb},
        id::{ItemId, PrincipalId},
        link::Link,
        permission::{self, Action, Denial, Gate, Permit},
        person::Person,
    },
    store::{self, Act, shares::Membership},
};

/// Something that lets somebody do something on an item.
#[derive(Clone, Debug)]
pub struct Grant {
    /// Where it was given: on the item itself, or on a folder above.
    pub on: ItemId,
    /// What.
    pub given: Given,
}

/// What was given.
#[derive(Clone, Debug)]
pub enum Given {
    /// Somebody's own library: nobody gave it, nobody takes it.
    Library(Arc<Person>),
    /// A role, to somebody or to a group.
    Role(Arc<Person>, Role),
    /// A link.
    Link(Box<Link>),
}

/// What changes of a piece; `None`: as it is, `Some(None)`: removed.
#[derive(Clone, Debug, Default)]
pub struct GrantChange {
    /// Another role.
    pub role: Option<Role>,
    /// Another access code; links only.
    pub access_code: Option<Option<String>>,
    /// Another end; links only.
    pub expires_at: Option<Option<DateTime<Utc>>>,
}

impl Vault {
    /// What was given on an item that was looked at and on those above it, the nearest first; of one item who owns it, then
    /// roles by name, then links, oldest first. Who could give it sees all, others what they or their groups were given, and
    /// the link they came through.
    pub async fn grants(&self, actor: &Actor, look: &Look) -> Result<Vec<Grant>> {
        look.check(actor, Action::View)?;
        let account = actor.account.as_ref().ok_or(Error::NoSession)?;
        let path = path(look);
        let oversees = permission::oversees(actor, &look.facts());
        let among = (!oversees).then_some(account.principals.as_slice());
        let link = actor.link.map(|link| link.id);
        let (roles, links) = {
            let mut db = self.connection().await?;
            let roles = store::shares::memberships(&mut db, &path, among, shares::MOST).await?;
            let now = self.0.clock.instead();
            let links = match (oversees, link) {
                (true, _) => store::links::on_any(&mut db, now, &path, None, links::MOST).await?,
                (false, Some(link)) => store::links::on_any(&mut db, now, &path, Some(link), 1).await?,
                (false, None) => Vec::new(),
            };
            (roles, links)
        };
        let owner = look.item.library.personal_to().filter(|owner| oversees || account.principals.contains(owner));
        let mut grants = self.dress_roles(look, owner, roles).await?;
        let links = self.dress_links(links).await?;
        grants.extend(links.into_iter().map(|link| Grant { on: link.item, given: Given::Link(Box::new(link)) }));
        // stable: what is given on one item keeps its order
        grants.sort_by_key(|grant| std::cmp::Reverse(path.iter().position(|item| *item == grant.on)));
        Ok(grants)
    }

    async fn dress_roles(&self, look: &Look, owner: Option<PrincipalId>, roles: Vec<Membership>) -> Result<Vec<Grant>> {
        let people = self.people(roles.iter().map(|given| given.who).chain(owner)).await?;
        let owner =
            owner.map(|owner| Ok(Grant { on: look.item.library.root, given: Given::Library(people.get(owner)?) }));
        let roles = roles
            .into_iter()
            .map(|given| Ok(Grant { on: given.item, given: Given::Role(people.get(given.who)?, given.role) }));
        owner.into_iter().chain(roles).collect()
    }

    /// Gives people and groups at least a role on an item that was looked at: all of them, or none. Who has a higher one
    /// there keeps it, and owners have nothing to be given. Answers what each of them has now, in their order: what was
    /// given on the item itself, else what is above it.
    ///
    /// # Errors
    /// [`Error::Impossible`] where there are too many already, and what the gates say.
    pub async fn invite(
        &self,
        actor: &Actor,
        look: &Look,
        whom: &[PrincipalId],
        role: Role,
        message: Option<&str>,
    ) -> Result<Vec<Grant>> {
        let permit = look.check(actor, Action::Share)?;
        let owner = look.item.library.personal_to();
        let others: Vec<PrincipalId> = whom.iter().copied().filter(|one| Some(*one) != owner).collect();
        let (vault, look, whom, act) = (self.clone(), look.clone(), whom.to_vec(), self.act(actor, message));
        self.complete(async move {
            let (mut change, given) = again!(vault.try_invite(&permit, &look, &others, role, &act).await)?;
            let Some(given) = given else { return Err(Error::Missing(Missing::Item)) };
            if given > 0 && store::shares::count(&mut change, look.item.id).await? > shares::MOST {
                return Err(Error::Impossible("the item is shared with too many"));
            }
            let roles = store::shares::memberships(&mut change, &path(&look), Some(&whom), shares::MOST).await?;
            if given > 0 {
                let epoch = vault.start_epoch(&mut change).await?;
                change.commit().await?;
                vault.enter(epoch);
            } else {
                change.commit().await?;
            }
            let owner = owner.filter(|owner| whom.contains(owner));
            let all = vault.dress_roles(&look, owner, roles).await?;
            // the owner comes first, then the nearest
            let of = |one: &PrincipalId| all.iter().find(|grant| grant.with() == Some(*one)).cloned();
            Ok(whom.iter().filter_map(of).collect())
        })
        .await
    }

    /// `None`: the item is in the trash.
    async fn try_invite(
        &self,
        permit: &Permit,
        look: &Look,
        whom: &[PrincipalId],
        role: Role,
        act: &Act,
    ) -> sqlx::Result<(Transaction<'static, Postgres>, Option<u64>)> {
        let mut change = self.0.db.begin().await?;
        if !store::items::hold(&mut change, look.item.id).await? {
            return Ok((change, None));
        }
        let given = store::shares::raise(&mut change, permit, whom, role, act.now).await?;
        let outcome = if given > 0 { Outcome::Done } else { Outcome::Unchanged };
        store::trail::note(&mut change, Verb::Share, outcome, &shares::subject(look), act).await?;
        Ok((change, Some(given)))
    }

    /// Changes what was given on an item that was looked at.
    ///
    /// # Errors
    /// [`Error::Impossible`] for what was given above it, and for an end or a code of a role; [`Error::Denied`] also for what
    /// an owner has; [`Missing::Principal`] and [`Missing::Link`] for what is gone; and what the gates say.
    pub async fn change_grant(&self, actor: &Actor, look: &Look, grant: &Grant, change: GrantChange) -> Result<Grant> {
        let permit = look.check(actor, Action::Share)?;
        check_place(look, grant)?;
        let person = match &grant.given {
            Given::Link(link) => {
                let GrantChange { role, access_code, expires_at } = change;
                let update = LinkUpdate { role, audience: None, access_code, expires_at };
                let link = self.update_link(actor, look, link, update).await?;
                return Ok(Grant { on: link.item, given: Given::Link(Box::new(link)) });
            }
            Given::Library(_) | Given::Role(_, Role::Owner) => return Err(OWNED),
            Given::Role(person, _) => person.clone(),
        };
        if change.access_code.is_some() || change.expires_at.is_some() {
            return Err(Error::Impossible("a role has no end and no access code"));
        }
        let Some(role) = change.role else { return Ok(grant.clone()) };
        let (vault, look, act) = (self.clone(), look.clone(), self.act(actor, None));
        self.complete(async move {
            let mut all = vault.0.db.begin().await?;
            if !store::items::hold(&mut all, look.item.id).await? {
                return Err(Error::Missing(Missing::Item));
            }
            if !store::shares::change(&mut all, &permit, person.id, role).await? {
                return Err(Error::Missing(Missing::Principal));
            }
            store::trail::note(&mut all, Verb::Share, Outcome::Done, &shares::subject(&look), &act).await?;
            let epoch = vault.start_epoch(&mut all).await?;
            all.commit().await?;
            vault.enter(epoch);
            Ok(Grant { on: look.item.id, given: Given::Role(person, role) })
        })
        .await
    }

    /// Takes back what was given on an item that was looked at; whoever has a role of their own may give it back.
    ///
    /// # Errors
    /// As [`Self::change_grant`].
    pub async fn revoke_grant(&self, actor: &Actor, look: &Look, grant: &Grant) -> Result<()> {
        check_place(look, grant)?;
        match &grant.given {
            Given::Link(link) => self.delete_link(actor, look, link).await,
            Given::Library(_) | Given::Role(_, Role::Owner) => look.check(actor, Action::Share).and(Err(OWNED)),
            Given::Role(person, _) if actor.id() == Some(person.id) => self.leave(actor, look).await,
            Given::Role(person, _) => self.unshare(actor, look, &[person.id], None).await,
        }
    }
}

impl Grant {
    /// To whom it was given, if to somebody.
    pub fn with(&self) -> Option<PrincipalId> {
        match &self.given {
            Given::Library(person) | Given::Role(person, _) => Some(person.id),
            Given::Link(_) => None,
        }
    }
}

/// An owner has every right, and keeps it.
const OWNED: Error = Error::Denied(Denial { gate: Gate::Role, action: Action::Share });

fn check_place(look: &Look, grant: &Grant) -> Result<()> {
    if grant.on == look.item.id { Ok(()) } else { Err(Error::Impossible("given on a folder above")) }
}

/// The folders above an item, the root folder first, and itself.
fn path(look: &Look) -> Vec<ItemId> {
    look.facts().ancestors.iter().copied().chain([look.item.id]).collect()
}
