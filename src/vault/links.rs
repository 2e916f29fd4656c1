//! Public links: making and changing them, and opening one for a caller who brings it.

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
        permission::Action,
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

impl Vault {
    /// Makes a link on an item that was looked at.
    ///
    /// # Errors
    /// [`Error::NameTaken`] for a second unnamed one or a taken name, and what the gates say.
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
            role: spec.role,
            audience: spec.audience,
            listed: spec.listed,
            access_code_hash,
            expires_at: spec.expires_at,
            created_by,
        };
        let mut change = self.0.db.begin().await?;
        let now = self.0.clock.instead();
        self.note_link(&mut change, actor, look).await?;
        match store::links::create(&mut change, &link, now).await {
            Ok(()) => {}
            Err(error) if store::violated(&error) == Some("links_name_key") => return Err(Error::NameTaken(link.name)),
            Err(error) => return Err(error.into()),
        }
        let row = store::links::by_oracle_id(&mut change, now, &link.oracle_id).await?;
        change.commit().await?;
        self.dress_link(row.ok_or(Error::Missing(Missing::Link))?).await
    }

    /// The links on an item that was looked at, oldest first.
    pub async fn links(&self, actor: &Actor, look: &Look) -> Result<Vec<Link>> {
        look.check(actor, Action::Share)?;
        let rows = {
            let mut db = self.connection().await?;
            store::links::on(&mut db, self.0.clock.instead(), look.item.id).await?
        };
        let mut links = Vec::with_capacity(rows.len());
        for row in rows {
            links.push(self.dress_link(row).await?);
        }
        Ok(links)
    }

    /// A link by Oracle's link id, for who may manage it.
    ///
    /// # Errors
    /// [`Missing::Link`], and what the gates say of its item.
    pub async fn link(&self, actor: &Actor, oracle_id: &str) -> Result<Link> {
        let (row, _) = self.managed_link(actor, oracle_id).await?;
        self.dress_link(row).await
    }

    async fn managed_link(&self, actor: &Actor, oracle_id: &str) -> Result<(LinkRow, Look)> {
        let row = self.link_row(oracle_id).await?;
        let look = self.look(actor, &ItemKey::Id(row.item)).await?;
        look.check(actor, Action::Share)?;
        Ok((row, look))
    }

    /// Notes what happens to a link in the trail of its item, in the transaction that does it.
    async fn note_link(&self, change: &mut store::PgConnection, actor: &Actor, look: &Look) -> Result<()> {
        let on = Subject { library: look.item.library.id, item: look.item.id, edition: None, holder: None };
        Ok(store::trail::note(change, Verb::Link, Outcome::Done, &on, &self.act(actor, None)).await?)
    }

    /// Changes a link.
    pub async fn update_link(&self, actor: &Actor, oracle_id: &str, update: LinkUpdate) -> Result<Link> {
        let (link, look) = self.managed_link(actor, oracle_id).await?;
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
        let mut all = self.0.db.begin().await?;
        self.note_link(&mut all, actor, &look).await?;
        store::links::update(&mut all, link.id, &change, self.0.clock.instead()).await?;
        all.commit().await?;
        let row = self.link_row(oracle_id).await?;
        self.dress_link(row).await
    }

    /// Removes a link.
    pub async fn delete_link(&self, actor: &Actor, oracle_id: &str) -> Result<()> {
        let (link, look) = self.managed_link(actor, oracle_id).await?;
        let mut all = self.0.db.begin().await?;
        self.note_link(&mut all, actor, &look).await?;
        if !store::links::delete(&mut all, link.id).await? {
            return Err(Error::Missing(Missing::Link));
        }
        Ok(all.commit().await?)
    }

    /// Opens a link for a caller: it lives, it is on the item that was looked at or above it, it admits the caller, and
    /// its access code is right. In this order (spec/oracle.md 3.3, steps 6 to 9).
    ///
    /// # Errors
    /// [`Error::LinkExpired`], also for one that is unknown; [`Error::LinkRefused`]; [`Error::NoSession`] where somebody must
    /// be signed in and nobody is; [`Error::AccessCode`].
    pub async fn open_link(
        &self,
        actor: &Actor,
        target: &ItemKey,
        oracle_id: &str,
        code: &[&str],
    ) -> Result<OpenedLink> {
        let row = match self.link_row(oracle_id).await {
            Ok(row) if row.expired => return Err(Error::LinkExpired),
            Ok(row) => row,
            Err(Error::Missing(_)) => return Err(Error::LinkExpired),
            Err(other) => return Err(other),
        };
        let target = {
            let mut db = self.connection().await?;
            store::items::by_key(&mut db, self.0.clock.instead(), target, actor.is_supplier()).await?
        };
        let target = target.ok_or(Error::Missing(Missing::Item))?;
        if target.id != row.item && !target.ancestors.contains(&row.item) {
            return Err(Error::LinkRefused(row.role));
        }
        match (row.audience, actor.id()) {
            (Audience::Everybody, _) | (Audience::SignedIn, Some(_)) => {}
            (Audience::Listed, Some(caller)) if row.listed.contains(&caller) => {}
            (Audience::SignedIn | Audience::Listed, None) => return Err(Error::NoSession),
            (Audience::Listed, Some(_)) => return Err(Error::LinkRefused(row.role)),
        }
        if let Some(hash) = &row.access_code_hash {
            let mut right = false;
            for code in code {
                right = right || self.verify_access_code(oracle_id, hash, code).await?;
            }
            if !right {
                return Err(Error::AccessCode);
            }
        }
        Ok(OpenedLink { item: row.item, role: row.role })
    }

    async fn link_row(&self, oracle_id: &str) -> Result<LinkRow> {
        let mut db = self.connection().await?;
        let row = store::links::by_oracle_id(&mut db, self.0.clock.instead(), oracle_id).await?;
        row.ok_or(Error::Missing(Missing::Link))
    }

    async fn dress_link(&self, row: LinkRow) -> Result<Link> {
        let people = self.people([row.created_by]).await?;
        Ok(Link {
            id: row.id,
            item: row.item,
            oracle_id: row.oracle_id,
            graph_id: row.graph_id,
            name: row.name,
            role: row.role,
            audience: row.audience,
            listed: row.listed,
            has_access_code: row.access_code_hash.is_some(),
            expires_at: row.expires_at,
            created_by: people.get(row.created_by)?,
            created_at: row.created_at,
            modified_at: row.modified_at,
        })
    }
}
