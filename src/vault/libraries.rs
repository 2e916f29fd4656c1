//! Libraries and people as callers see them.

use std::sync::Arc;

use chrono::{DateTime, Utc};

use super::Vault;
use crate::{
    domain::{
        actor::Actor,
        error::{Error, Missing, Result},
        id::{ItemId, LibraryKey, PrincipalId, PrincipalKey},
        library::{Library, LibraryKind},
        permission,
        person::Person,
    },
    store,
};

/// So much of a library's trail is looked through for its last change.
const EVENTS: i64 = 500;

/// What was done last in a library.
#[derive(Clone, Debug)]
pub struct LastChange {
    /// When.
    pub at: DateTime<Utc>,
    /// By whom; nobody in particular through a link for everybody.
    pub by: Option<Arc<Person>>,
}

impl Vault {
    /// A library the caller can see something of.
    pub async fn library(&self, actor: &Actor, key: &LibraryKey) -> Result<Arc<Library>> {
        let library = {
            let mut db = self.connection().await?;
            store::libraries::find(&mut db, key).await?
        };
        let library = library.ok_or(Error::Missing(Missing::Library))?;
        if self.role_in(actor, &library).is_none() && !self.has_something_in(actor, &library).await? {
            return Err(Error::Missing(Missing::Library));
        }
        Ok(Arc::new(library))
    }

    /// The caller's own library, made when a licensed user asks for it the first time.
    pub async fn own_library(&self, actor: &Actor) -> Result<Arc<Library>> {
        let person = actor.person().ok_or(Error::NoSession)?;
        if actor.is_application() {
            return Err(Error::Missing(Missing::Library));
        }
        match self.library(actor, &LibraryKey::OwnedBy(person.id)).await {
            Err(Error::Missing(_)) => Box::pin(self.make_personal_library(person)).await,
            other => other,
        }
    }

    /// The libraries the caller can see something of, by name.
    pub async fn libraries(&self, actor: &Actor) -> Result<Vec<Library>> {
        let Some(account) = &actor.account else { return Ok(Vec::new()) };
        let mut db = self.connection().await?;
        if account.administrator || account.application {
            let all = store::libraries::all(&mut db).await?;
            let seen = |library: &Library| {
                account.application || library.kind != LibraryKind::Personal || library.owner == actor.id()
            };
            return Ok(all.into_iter().filter(seen).collect());
        }
        let items: Vec<ItemId> = account.roles.keys().copied().collect();
        Ok(store::libraries::above(&mut db, &items, account.person.id).await?)
    }

    /// The bytes of the newest editions in a library, as its owner counts them; without those of private files for a
    /// supplier. None to who does not see the library as a whole: how much there is beside what they were given is nothing to
    /// them.
    pub async fn used_bytes(&self, actor: &Actor, library: &Library) -> Result<i64> {
        if !sees_all(actor, library) {
            return Ok(0);
        }
        let mut db = self.connection().await?;
        Ok(store::libraries::used_bytes(&mut db, library.id, actor.is_supplier()).await?)
    }

    /// The same of what lies in its trash.
    pub async fn deleted_bytes(&self, actor: &Actor, library: &Library) -> Result<i64> {
        if !sees_all(actor, library) {
            return Ok(0);
        }
        let mut db = self.connection().await?;
        Ok(store::libraries::deleted_bytes(&mut db, library.id, actor.is_supplier()).await?)
    }

    /// When something that the caller sees was changed last in a library, and by whom; for who sees the library as a whole.
    /// `None` for all others, and where nothing was.
    pub async fn last_change(&self, actor: &Actor, library: &Library) -> Result<Option<LastChange>> {
        if !sees_all(actor, library) {
            return Ok(None);
        }
        let hidden = self.hidden_categories(actor, library).await?;
        let found = {
            let mut db = self.connection().await?;
            let (no_private, caller) = (actor.is_supplier(), actor.id());
            store::libraries::last_change(&mut db, library.id, &hidden, no_private, caller, EVENTS).await?
        };
        let Some((at, by)) = found else { return Ok(None) };
        let people = self.people(by).await?;
        Ok(Some(LastChange { at, by: by.map(|by| people.get(by)).transpose()? }))
    }

    /// A principal by any of its spellings.
    pub async fn person(&self, key: &PrincipalKey) -> Result<Option<Person>> {
        let mut db = self.connection().await?;
        Ok(store::directory::find(&mut db, key).await?)
    }

    /// Whom each of these texts names in Oracle's spelling: an id, else a login name, an e-mail address or a client id. In the
    /// same order; `None`: nobody.
    pub async fn people_named(&self, names: &[&str]) -> Result<Vec<Option<Arc<Person>>>> {
        let ids = {
            let mut db = self.connection().await?;
            store::directory::named(&mut db, names).await?
        };
        let people = self.people(ids.iter().flatten().copied()).await?;
        ids.into_iter().map(|id| id.map(|id| people.get(id)).transpose()).collect()
    }

    /// Living users who have a text in login name, full name or e-mail address, the one whose login name it is first; so many
    /// at most.
    pub async fn users_with(&self, text: &str, limit: i64) -> Result<Vec<Person>> {
        let mut db = self.connection().await?;
        Ok(store::directory::users_with(&mut db, text, limit).await?)
    }

    /// The living user with this e-mail address.
    pub async fn user_with_email(&self, email: &str) -> Result<Option<Person>> {
        let mut db = self.connection().await?;
        Ok(store::directory::user_with_email(&mut db, email).await?)
    }

    /// Principals by their keys, in the same order.
    pub async fn persons(&self, ids: &[PrincipalId]) -> Result<Vec<Arc<Person>>> {
        let people = self.people(ids.iter().copied()).await?;
        ids.iter().map(|id| people.get(*id)).collect()
    }

    /// Whether the caller may know somebody: themselves, and whoever can see something of a library they can see
    /// something of.
    pub async fn knows(&self, actor: &Actor, other: PrincipalId) -> Result<bool> {
        if actor.id() == Some(other) || actor.is_administrator() || actor.is_application() {
            return Ok(true);
        }
        let Some(account) = self.account(other).await? else { return Ok(false) };
        let mine = self.libraries(actor).await?;
        if account.administrator || account.application {
            return Ok(mine.iter().any(|library| library.kind != LibraryKind::Personal));
        }
        let items: Vec<ItemId> = account.roles.keys().copied().collect();
        let mut db = self.connection().await?;
        let theirs = store::libraries::above(&mut db, &items, other).await?;
        Ok(theirs.iter().any(|library| mine.iter().any(|known| known.id == library.id)))
    }

    /// All users, by login name.
    pub async fn users(&self) -> Result<Vec<Person>> {
        let mut db = self.connection().await?;
        Ok(store::directory::users(&mut db).await?)
    }

    async fn has_something_in(&self, actor: &Actor, library: &Library) -> Result<bool> {
        let Some(account) = &actor.account else { return Ok(false) };
        let items: Vec<ItemId> = account.roles.keys().copied().collect();
        if items.is_empty() {
            return Ok(false);
        }
        let mut db = self.connection().await?;
        let seen = store::libraries::above(&mut db, &items, account.person.id).await?;
        Ok(seen.iter().any(|seen| seen.id == library.id))
    }
}

/// Whether the caller sees a library from its root folder on, and not only something that they were given in it.
fn sees_all(actor: &Actor, library: &Library) -> bool {
    !permission::seen(actor, std::slice::from_ref(library)).libraries.is_empty()
}
