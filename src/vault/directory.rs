//! People, groups and sites as lists, part by part, for who may know them.

use std::{collections::HashMap, sync::Arc};

use uuid::Uuid;

use super::Vault;
use crate::{
    domain::{
        actor::Actor,
        directory::{Group, NamePlace, Portion, Site, Slice, Wanted},
        error::{Error, Missing, Result},
        id::LibraryId,
        library::Library,
        permission,
        person::Person,
    },
    store::{
        self,
        lists::{KnownGroups, SiteQuery},
    },
};

/// Which sites are looked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SitesWanted {
    /// Those with each of these words in name or description; without any, all.
    Words(Vec<String>),
    /// The one of this name.
    Named(String),
}

impl Vault {
    /// Living users, whoever fits one of what is wanted; without any, everybody.
    pub async fn list_users(&self, wanted: &[Wanted], slice: &Slice) -> Result<Portion<Arc<Person>>> {
        let found = {
            let mut db = self.connection().await?;
            store::lists::users(&mut db, wanted, &one_more(slice)).await?
        };
        let people = self.persons(&found.keys).await?;
        Ok(portion(people, found.total, slice, |person| NamePlace::behind(&person.name, person.id.0)))
    }

    /// Groups that the caller may know.
    pub async fn list_groups(&self, actor: &Actor, wanted: &[Wanted], slice: &Slice) -> Result<Portion<Group>> {
        let known = self.known_groups(actor).await?;
        let mut db = self.connection().await?;
        let found = store::lists::groups(&mut db, &known, None, wanted, &one_more(slice)).await?;
        let groups = store::lists::groups_by_keys(&mut db, &found.keys, &known).await?;
        Ok(portion(groups, found.total, slice, |group| NamePlace::behind(&group.name, group.id.0)))
    }

    /// A group by Graph's object id, if the caller may know it.
    ///
    /// # Errors
    /// [`Missing::Principal`].
    pub async fn group(&self, actor: &Actor, graph_id: Uuid) -> Result<Group> {
        let known = self.known_groups(actor).await?;
        let mut db = self.connection().await?;
        let one = Slice { after: None, limit: 1, count: false };
        let found = store::lists::groups(&mut db, &known, Some(graph_id), &[], &one).await?;
        let group = store::lists::groups_by_keys(&mut db, &found.keys, &known).await?.pop();
        group.ok_or(Error::Missing(Missing::Principal))
    }

    /// Who is in a group that the caller knows: living users and applications, in no order that says anything of them.
    pub async fn list_members(&self, group: &Group, slice: &Slice) -> Result<Portion<Arc<Person>>> {
        let found = {
            let mut db = self.connection().await?;
            store::lists::members(&mut db, group.id, &one_more(slice)).await?
        };
        let people = self.persons(&found.keys).await?;
        Ok(portion(people, found.total, slice, |person| NamePlace::behind("", person.id.0)))
    }

    /// Sites of which the caller sees something.
    pub async fn list_sites(&self, actor: &Actor, wanted: SitesWanted, slice: &Slice) -> Result<Portion<Site>> {
        let Some(account) = &actor.account else { return Err(Error::NoSession) };
        let mut query = SiteQuery {
            all: permission::everywhere(actor),
            items: account.roles.keys().copied().collect(),
            ..SiteQuery::default()
        };
        match wanted {
            SitesWanted::Words(words) => query.words = words,
            SitesWanted::Named(name) => query.name = Some(name),
        }
        let mut db = self.connection().await?;
        let found = store::lists::sites(&mut db, &query, &one_more(slice)).await?;
        let modified: HashMap<LibraryId, _> = store::lists::modified(&mut db, &found.keys).await?.into_iter().collect();
        let mut libraries: HashMap<LibraryId, Library> =
            store::libraries::by_keys(&mut db, &found.keys).await?.into_iter().map(|one| (one.id, one)).collect();
        let site = |key: &LibraryId| Some(Site { library: libraries.remove(key)?, modified_at: *modified.get(key)? });
        let sites = found.keys.iter().filter_map(site).collect();
        Ok(portion(sites, found.total, slice, |site| NamePlace::behind(&site.library.name, site.library.id.0)))
    }

    /// A site whose library the caller has found.
    pub async fn site(&self, library: &Library) -> Result<Site> {
        let mut db = self.connection().await?;
        let modified = store::lists::modified(&mut db, &[library.id]).await?;
        let (_, modified_at) = modified.first().copied().ok_or(Error::Missing(Missing::Library))?;
        Ok(Site { library: library.clone(), modified_at })
    }

    /// Somebody may know the groups they are in, and those that have a library, or something in one, that they can see
    /// something of; as [`Vault::knows`] says of people.
    async fn known_groups(&self, actor: &Actor) -> Result<KnownGroups> {
        let Some(account) = &actor.account else { return Err(Error::NoSession) };
        if account.administrator || account.application {
            return Ok(KnownGroups { all: true, ..KnownGroups::default() });
        }
        let libraries = self.libraries(actor).await?.into_iter().map(|library| library.id).collect();
        Ok(KnownGroups { all: false, own: account.principals.clone(), libraries })
    }
}

/// The part with one entry more: it shows whether the list goes on.
fn one_more(slice: &Slice) -> Slice {
    Slice { limit: slice.limit.saturating_add(1), ..slice.clone() }
}

fn portion<T>(mut entries: Vec<T>, total: Option<i64>, slice: &Slice, behind: impl Fn(&T) -> NamePlace) -> Portion<T> {
    let most = usize::try_from(slice.limit).unwrap_or(0);
    let more = entries.len() > most;
    entries.truncate(most);
    let next = entries.last().filter(|_| more).map(behind);
    Portion { entries, next, total }
}
