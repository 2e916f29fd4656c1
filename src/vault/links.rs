//! Public links: making and changing them, and opening one for a caller who brings it.

use std::net::IpAddr;

use chrono::{DateTime, Utc};

use super::{Look, Vault};
use crate::{
    domain::{
        actor::{Actor, OpenedLink, Role},
        error::{Error, Missing, Result},
        event::{Outcome, Subject, Verb},
        id::{ItemKey, LinkId, PrincipalId},
        item::Kind,
        link::{Audience, Link},
        permission::{self, Action},
    },
    store::{
        self,
        links::{LinkChange, LinkRow, NewLink},
    },
};

/// A link to be made.
#[derive(Clone, Debug)]
pub struct LinkSpec {
    /// Empty for the unnamed one.
    pub name: String,
    /// Viewer, downloader or contributor.
    pub role: Role,
    /// Who may use it.
    pub audience: Audience,
    /// Whom `Audience::Listed` names.
    pub listed: Vec<PrincipalId>,
    /// The access code, if it is to ask for one.
    pub access_code: Option<String>,
    /// When it ends.
    pub expires_at: Option<DateTime<Utc>>,
}

/// What changes of a link; `None`: as it is, `Some(None)`: removed.
#[derive(Clone, Debug, Default)]
pub struct LinkUpdate {
    /// Another role.
    pub role: Option<Role>,
    /// Another audience, with its list.
    pub audience: Option<(Audience, Vec<PrincipalId>)>,
    /// Another access code.
    pub access_code: Option<Option<String>>,
    /// Another end.
    pub expires_at: Option<Option<DateTime<Utc>>>,
}

/// A link as a caller brings it along, not opened yet.
#[derive(Clone, Debug)]
pub struct BroughtLink {
    /// Oracle's link id, as sent; `None`: a link of another kind, of which there are none.
    pub oracle_id: Option<String>,
    /// What the access code may be: one code in several spellings. None was brought where there is none.
    pub codes: Vec<String>,
    /// Where the caller is, for the count of wrong codes.
    pub from: Option<IpAddr>,
}

/// Links on one item: all of them are listed at once, so no more are made.
pub(super) const MOST: i64 = 1_000;

impl Vault {
    /// Makes a link on an item that was looked at.
    ///
    /// # Errors
    /// [`Error::NameTaken`] for a second unnamed one or a taken name, [`Error::Impossible`] for too many on one item, and
    /// what the gates say.
    pub async fn create_link(&self, actor: &Actor, look: &Look, spec: LinkSpec) -> Result<Link> {
        look.check(actor, Action::Share)?;
        let created_by = actor.id().ok_or(Error::NoSession)?;
        let access_code_hash = match &spec.access_code {
            Some(code) => Some(self.hash_password(code).await?),
            None => None,
        };
        let link = NewLink {
            id: LinkId::fresh(),
            item: look.item.id,
            oracle_id: self.0.fresh.oracle_link(look.item.kind() == Kind::Folder)?,
            graph_id: self.0.fresh.graph_share()?,
            name: spec.name,
            embedded: false,
            role: spec.role,
            audience: spec.audience,
            listed: spec.listed,
            access_code_hash,
            expires_at: spec.expires_at,
            created_by,
        };
        let (vault, actor, look) = (self.clone(), actor.clone(), look.clone());
        self.complete(async move {
            let mut change = vault.0.db.begin().await?;
            let now = vault.0.clock.instead();
            if !store::items::hold(&mut change, link.item).await? {
                return Err(Error::Missing(Missing::Item));
            }
            if store::links::count(&mut change, link.item).await? >= MOST {
                return Err(Error::Impossible("the item has too many links"));
            }
            vault.note_link(&mut change, &actor, &look).await?;
            match store::links::create(&mut change, &link, now).await {
                Ok(()) => {}
                Err(error) if store::violated(&error) == Some("links_name_key") => {
                    return Err(Error::NameTaken(link.name));
                }
                Err(error) => return Err(error.into()),
            }
            let row = store::links::by_oracle_id(&mut change, now, &link.oracle_id).await?;
            change.commit().await?;
            vault.dress_link(row.ok_or(Error::Missing(Missing::Link))?).await
        })
        .await
    }

    /// The links on an item that was looked at, oldest first.
    pub async fn links(&self, actor: &Actor, look: &Look) -> Result<Vec<Link>> {
        look.check(actor, Action::Share)?;
        let rows = {
            let mut db = self.connection().await?;
            store::links::on(&mut db, self.0.clock.instead(), look.item.id).await?
        };
        self.dress_links(rows).await
    }

    /// A link by Oracle's link id, for who may manage it, with the item it is on.
    ///
    /// # Errors
    /// [`Missing::Link`], and what the gates say of its item.
    pub async fn link(&self, actor: &Actor, oracle_id: &str) -> Result<(Link, Look)> {
        let row = self.link_row(oracle_id).await?;
        let look = self.look(actor, &ItemKey::Id(row.item)).await?;
        look.check(actor, Action::Share)?;
        Ok((self.dress_link(row).await?, look))
    }

    /// Notes what happens to a link in the trail of its item, in the transaction that does it.
    pub(super) async fn note_link(&self, change: &mut store::PgConnection, actor: &Actor, look: &Look) -> Result<()> {
        let on = Subject { library: look.item.library.id, item: look.item.id, edition: None, holder: None };
        Ok(store::trail::note(change, Verb::Link, Outcome::Done, &on, &self.act(actor, None)).await?)
    }

    /// Changes a link on an item that was looked at.
    ///
    /// # Errors
    /// [`Missing::Link`], and what the gates say.
    pub async fn update_link(&self, actor: &Actor, look: &Look, link: &Link, update: LinkUpdate) -> Result<Link> {
        check_link(actor, look, link)?;
        let access_code_hash = match update.access_code {
            Some(Some(code)) => Some(Some(self.hash_password(&code).await?)),
            Some(None) => Some(None),
            None => None,
        };
        let change = LinkChange {
            role: update.role,
            audience: update.audience,
            access_code_hash,
            expires_at: update.expires_at,
        };
        let (vault, actor, look, link) = (self.clone(), actor.clone(), look.clone(), link.clone());
        self.complete(async move {
            let now = vault.0.clock.instead();
            let mut all = vault.0.db.begin().await?;
            if !store::links::update(&mut all, link.id, &change, now).await? {
                return Err(Error::Missing(Missing::Link));
            }
            vault.note_link(&mut all, &actor, &look).await?;
            let row = store::links::by_oracle_id(&mut all, now, &link.oracle_id).await?;
            // its item may have gone into the trash
            let row = row.ok_or(Error::Missing(Missing::Link))?;
            all.commit().await?;
            vault.dress_link(row).await
        })
        .await
    }

    /// Removes a link on an item that was looked at.
    ///
    /// # Errors
    /// As [`Self::update_link`].
    pub async fn delete_link(&self, actor: &Actor, look: &Look, link: &Link) -> Result<()> {
        check_link(actor, look, link)?;
        let (vault, actor, look, link) = (self.clone(), actor.clone(), look.clone(), link.id);
        self.complete(async move {
            let mut all = vault.0.db.begin().await?;
            if !store::links::delete(&mut all, link).await? {
                return Err(Error::Missing(Missing::Link));
            }
            vault.note_link(&mut all, &actor, &look).await?;
            Ok(all.commit().await?)
        })
        .await
    }

    /// Looks at an item for what the caller wants to do, and where their own role does not suffice, with what the link adds
    /// that they bring: the actor has it then. In this order (spec/oracle.md 3.3, steps 3 to 9): the item exists, the role
    /// suffices, there is a link, it lives, it is on the item or above it, it admits the caller, its access code is right.
    /// What they may in the end is still for the verb to say.
    ///
    /// # Errors
    /// [`Error::Missing`]; [`Error::LinkExpired`], also for a link that is unknown; [`Error::LinkRefused`];
    /// [`Error::NoSession`] where somebody must be signed in and nobody is; [`Error::AccessCode`].
    pub async fn look_with_link(
        &self,
        actor: &Actor,
        key: &ItemKey,
        action: Action,
        brought: Option<&BroughtLink>,
    ) -> Result<(Actor, Look)> {
        let look = self.look_unseen(actor, key).await?;
        let suffices = look.role(actor) >= Some(action.needs().role);
        let actor = match brought {
            Some(link) if !suffices => Actor { link: Some(self.open_link(actor, &look, link).await?), ..actor.clone() },
            _ => actor.clone(),
        };
        let look = self.look_let_in(&actor, look).await?;
        if permission::sees(&actor, &look.facts()) { Ok((actor, look)) } else { Err(Error::Missing(look.unseen())) }
    }

    async fn open_link(&self, actor: &Actor, look: &Look, brought: &BroughtLink) -> Result<OpenedLink> {
        let row = match &brought.oracle_id {
            Some(id) => self.link_row(id).await,
            None => return Err(Error::LinkExpired),
        };
        let row = match row {
            Ok(row) if row.expired => return Err(Error::LinkExpired),
            Ok(row) => row,
            Err(Error::Missing(_)) => return Err(Error::LinkExpired),
            Err(other) => return Err(other),
        };
        if look.item.id != row.item && !look.facts().ancestors.contains(&row.item) {
            return Err(Error::LinkRefused(row.role));
        }
        self.admit(actor, &row, &brought.codes, brought.from).await
    }

    /// Opens a living link for a caller whom it admits and who knows its access code.
    ///
    /// # Errors
    /// [`Error::NoSession`], [`Error::LinkRefused`], [`Error::AccessCode`].
    pub(super) async fn admit(
        &self,
        actor: &Actor,
        link: &LinkRow,
        codes: &[String],
        from: Option<IpAddr>,
    ) -> Result<OpenedLink> {
        check_audience(actor, link)?;
        if let Some(hash) = &link.access_code_hash {
            self.check_access_code(link.id, hash, codes, from).await?;
        }
        Ok(opened(link))
    }

    async fn link_row(&self, oracle_id: &str) -> Result<LinkRow> {
        let mut db = self.connection().await?;
        let row = store::links::by_oracle_id(&mut db, self.0.clock.instead(), oracle_id).await?;
        row.ok_or(Error::Missing(Missing::Link))
    }

    pub(super) async fn dress_link(&self, row: LinkRow) -> Result<Link> {
        self.dress_links(vec![row]).await?.pop().ok_or(Error::Missing(Missing::Link))
    }

    /// All people of all links are looked up together.
    pub(super) async fn dress_links(&self, rows: Vec<LinkRow>) -> Result<Vec<Link>> {
        let named = rows.iter().flat_map(|row| row.listed.iter().copied().chain([row.created_by]));
        let people = self.people(named).await?;
        let dress = |row: LinkRow| {
            Ok(Link {
                id: row.id,
                item: row.item,
                oracle_id: row.oracle_id,
                graph_id: row.graph_id,
                name: row.name,
                embedded: row.embedded,
                role: row.role,
                audience: row.audience,
                listed: row.listed.into_iter().map(|id| people.get(id)).collect::<Result<_>>()?,
                has_access_code: row.access_code_hash.is_some(),
                expires_at: row.expires_at,
                created_by: people.get(row.created_by)?,
                created_at: row.created_at,
                modified_at: row.modified_at,
            })
        };
        rows.into_iter().map(dress).collect()
    }
}

/// Whether a link is for this caller.
pub(super) fn check_audience(actor: &Actor, link: &LinkRow) -> Result<()> {
    match (link.audience, actor.id()) {
        (Audience::Everybody, _) | (Audience::SignedIn, Some(_)) => Ok(()),
        (Audience::Listed, Some(caller)) if link.listed.contains(&caller) => Ok(()),
        (Audience::SignedIn | Audience::Listed, None) => Err(Error::NoSession),
        (Audience::Listed, Some(_)) => Err(Error::LinkRefused(link.role)),
    }
}

/// What a link gives to whom it admits.
pub(super) fn opened(link: &LinkRow) -> OpenedLink {
    OpenedLink { id: link.id, item: link.item, role: link.role, changed_at: link.modified_at }
}

/// The look must be at the link's own item.
fn check_link(actor: &Actor, look: &Look, link: &Link) -> Result<()> {
    if look.item.id != link.item {
        return Err(Error::Missing(Missing::Link));
    }
    look.check(actor, Action::Share).map(drop)
}
