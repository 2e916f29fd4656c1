//! Who uses a library, and what was done in it: for those who work there, and for administrators.

use std::sync::Arc;

use super::{Look, Vault, files::reaches};
use crate::{
    domain::{
        actor::Actor,
        error::{Error, Missing, Result},
        id::PrincipalId,
        library::Library,
        page::Period,
        permission::{self, Action},
        person::Person,
    },
    store::{
        self,
        auth::UserAccess,
        directory::{LibraryUser, UserQuery},
        trail::{Entry, FileAccess},
    },
};

impl Vault {
    /// The users and applications of a library that fit, by full name: whoever can see something of it, and the caller.
    pub async fn library_users(
        &self,
        actor: &Actor,
        library: &Library,
        query: &UserQuery,
        limit: i64,
        offset: i64,
    ) -> Result<Vec<LibraryUser>> {
        reaches(actor, library)?;
        let mut db = self.connection().await?;
        Ok(store::directory::library_users(&mut db, library.id, actor.id(), query, limit, offset).await?)
    }

    /// One of them, by Arena's GUID.
    ///
    /// # Errors
    /// [`Missing::Principal`], also for somebody who is there and has nothing to do with the library.
    pub async fn library_user(&self, actor: &Actor, library: &Library, guid: &str) -> Result<LibraryUser> {
        let query = UserQuery { guid: Some(guid.to_owned()), ..UserQuery::default() };
        let found = self.library_users(actor, library, &query, 1, 0).await?;
        found.into_iter().next().ok_or(Error::Missing(Missing::Principal))
    }

    /// What was done to the files of a library, newest first, and by whom; only to files that exist for the caller.
    ///
    /// # Errors
    /// [`Error::Denied`] to all but administrators.
    pub async fn file_accesses(
        &self,
        actor: &Actor,
        library: &Library,
        period: &Period,
    ) -> Result<Vec<(FileAccess, Option<Arc<Person>>)>> {
        permission::check_oversight(actor).map_err(Error::Denied)?;
        let hidden = self.hidden_categories(actor, library).await?;
        let accesses = {
            let mut db = self.connection().await?;
            store::trail::file_accesses(&mut db, library.id, &hidden, period).await?
        };
        self.with_people(accesses, |access| access.actor).await
    }

    /// The API sessions in a library, newest first, and whose they were.
    ///
    /// # Errors
    /// [`Error::Denied`] to all but administrators.
    pub async fn user_accesses(
        &self,
        actor: &Actor,
        library: &Library,
        period: &Period,
    ) -> Result<Vec<(UserAccess, Option<Arc<Person>>)>> {
        permission::check_oversight(actor).map_err(Error::Denied)?;
        let accesses = {
            let mut db = self.connection().await?;
            store::auth::user_accesses(&mut db, self.0.clock.instead(), library.id, period).await?
        };
        self.with_people(accesses, |access| Some(access.user)).await
    }

    /// What was done to an item that was looked at, newest first, and by whom.
    pub async fn history(&self, actor: &Actor, look: &Look, limit: i64) -> Result<Vec<(Entry, Option<Arc<Person>>)>> {
        look.check(actor, Action::View)?;
        let entries = {
            let mut db = self.connection().await?;
            store::trail::done_to(&mut db, look.item().id, limit).await?
        };
        self.with_people(entries, |entry| entry.actor).await
    }

    async fn with_people<T>(
        &self,
        entries: Vec<T>,
        by: impl Fn(&T) -> Option<PrincipalId>,
    ) -> Result<Vec<(T, Option<Arc<Person>>)>> {
        let people = self.people(entries.iter().filter_map(&by)).await?;
        let dress = |entry| {
            // the trail outlives what it names
            let person = by(&entry).and_then(|id| people.get(id).ok());
            (entry, person)
        };
        Ok(entries.into_iter().map(dress).collect())
    }
}
