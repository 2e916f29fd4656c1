//! Public links.

use chrono::{DateTime, Utc};

use super::{Done, Setup};
use crate::{
    domain::{
        actor::Role,
        error::{Error, Missing, Result},
        id::{ItemId, LinkId, PrincipalId},
        link::Audience,
    },
    store::{
        self,
        links::{LinkChange, LinkRow, NewLink},
    },
};

/// A link, found by its item and its name. What stands here is what it has afterwards.
#[derive(Clone, Debug)]
pub struct LinkEntry {
    /// What it opens.
    pub item: ItemId,
    /// Whether that is a folder.
    pub is_folder: bool,
    /// Empty for the one unnamed link an item may have.
    pub name: String,
    /// What it lets its user do.
    pub role: Role,
    /// Who may use it.
    pub audience: Audience,
    /// Whom [`Audience::Listed`] names.
    pub listed: Vec<PrincipalId>,
    /// The access code, if it asks for one.
    pub access_code: Option<String>,
    /// When it ends.
    pub expires_at: Option<DateTime<Utc>>,
    /// Whose it is, when it is made.
    pub by: PrincipalId,
}

impl Setup {
    /// A link.
    pub async fn put_link(&mut self, entry: &LinkEntry) -> Result<(LinkRow, Done)> {
        let there = self.link(entry).await?;
        let done = match there {
            Some(there) => self.change_link(&there, entry).await?,
            None => {
                self.make_link(entry).await?;
                Done::Made
            }
        };
        let row = self.link(entry).await?.ok_or(Error::Missing(Missing::Link))?;
        Ok((row, self.note(done)))
    }

    async fn link(&mut self, entry: &LinkEntry) -> Result<Option<LinkRow>> {
        let now = self.vault.0.clock.instead();
        let on = store::links::on(self.db(), now, entry.item).await?;
        Ok(on.into_iter().find(|link| link.name == entry.name))
    }

    async fn make_link(&mut self, entry: &LinkEntry) -> Result<()> {
        let access_code_hash = match &entry.access_code {
            Some(code) => Some(self.vault.hash_password(code).await?),
            None => None,
        };
        let new = NewLink {
            id: LinkId::fresh(),
            item: entry.item,
            oracle_id: self.vault.0.fresh.oracle_link(entry.is_folder)?,
            graph_id: self.vault.0.fresh.graph_share()?,
            name: entry.name.clone(),
            embedded: false,
            role: entry.role,
            audience: entry.audience,
            listed: entry.listed.clone(),
            access_code_hash,
            expires_at: entry.expires_at,
            created_by: entry.by,
        };
        let now = self.vault.0.clock.instead();
        Ok(store::links::create(self.db(), &new, now).await?)
    }

    async fn change_link(&mut self, there: &LinkRow, entry: &LinkEntry) -> Result<Done> {
        let mut listed = entry.listed.clone();
        listed.sort_unstable();
        listed.dedup();
        let other_audience = entry.audience != there.audience || listed != there.listed;
        let access_code_hash = match (&entry.access_code, &there.access_code_hash) {
            (None, None) => None,
            (None, Some(_)) => Some(None),
            (Some(code), Some(hash)) if self.vault.verify_password(code, Some(hash.clone())).await? => None,
            (Some(code), _) => Some(Some(self.vault.hash_password(code).await?)),
        };
        let change = LinkChange {
            role: (entry.role != there.role).then_some(entry.role),
            audience: other_audience.then_some((entry.audience, listed)),
            access_code_hash,
            expires_at: (entry.expires_at != there.expires_at).then_some(entry.expires_at),
        };
        let LinkChange { role, audience, access_code_hash, expires_at } = &change;
        if role.is_none() && audience.is_none() && access_code_hash.is_none() && expires_at.is_none() {
            return Ok(Done::Found);
        }
        let now = self.vault.0.clock.instead();
        // held by the seed's transaction, so it is there
        store::links::update(self.db(), there.id, &change, now).await?;
        Ok(Done::Changed)
    }
}
