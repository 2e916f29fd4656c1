//! Applications, which act for themselves: what administrators make of them, and the secrets they present.

use std::{net::IpAddr, sync::Arc};

use chrono::{DateTime, Utc};

use super::{Vault, fresh, passwords::Tried};
use crate::{
    domain::{
        actor::Account,
        error::{Error, Missing, Result},
        id::{PrincipalId, PrincipalKey},
        person::{Person, PrincipalKind},
    },
    store::{self, grants::SignIn},
};

/// An application to be made, or whose roles are to be set.
#[derive(Clone, Debug)]
pub struct NewApplication {
    /// Its client id.
    pub client_id: String,
    /// The name it shows under.
    pub name: String,
    /// Its roles.
    pub roles: Vec<String>,
}

/// An application as administrators see it.
#[derive(Clone, Debug)]
pub struct ApplicationInfo {
    /// As others see it.
    pub person: Person,
    /// Its roles.
    pub roles: Vec<String>,
    /// Whether it may not act.
    pub disabled: bool,
    /// How many of its secrets count.
    pub secrets: i64,
    /// What it may do where users sign in.
    pub sign_in: SignIn,
}

impl Vault {
    /// Makes an application, or sets the roles of the one with this client id.
    pub async fn put_application(&self, application: &NewApplication) -> Result<Person> {
        let there = self.person(&PrincipalKey::Login(application.client_id.clone())).await?;
        let mut change = self.0.db.begin().await?;
        let id = match there {
            Some(person) if person.kind == PrincipalKind::Application => person.id,
            Some(_) => return Err(Error::NameTaken(application.client_id.clone())),
            None => {
                let new = self.0.fresh.principal(PrincipalKind::Application, &application.name)?;
                store::directory::create(&mut change, &new, self.0.clock.instead()).await?;
                new.id
            }
        };
        store::directory::put_application(&mut change, id, &application.client_id, &application.roles).await?;
        let epoch = self.start_epoch(&mut change).await?;
        change.commit().await?;
        self.enter(epoch);
        self.person(&PrincipalKey::Id(id)).await?.ok_or(Error::Missing(Missing::Principal))
    }

    /// Draws one more secret for an application; its text is answered once and stored nowhere.
    pub async fn create_secret(&self, application: PrincipalId, expires_at: Option<DateTime<Utc>>) -> Result<String> {
        let text = fresh::token("ccs_")?;
        let mut db = self.connection().await?;
        let (digest, now) = (fresh::digest(&text), self.0.clock.instead());
        store::directory::add_secret(&mut db, application, &digest, expires_at, now).await?;
        Ok(text)
    }

    /// The application that presents one of its secrets. Wrong ones are counted by client id and by address.
    ///
    /// # Errors
    /// [`Error::BadCredentials`], [`Error::LockedOut`].
    pub async fn sign_in_application(
        &self,
        client_id: &str,
        secret: &str,
        from: Option<IpAddr>,
    ) -> Result<Arc<Account>> {
        self.counted(&Tried::client(client_id, from), self.application_presenting(client_id, secret)).await
    }

    pub(super) async fn application_presenting(&self, client_id: &str, secret: &str) -> Result<Arc<Account>> {
        let application = {
            let mut db = self.connection().await?;
            let (digest, now) = (fresh::digest(secret), self.0.clock.instead());
            store::directory::application_with_secret(&mut db, client_id, &digest, now).await?
        };
        self.living_account(application.ok_or(Error::BadCredentials)?).await
    }

    /// All applications, by client id.
    pub async fn applications(&self) -> Result<Vec<ApplicationInfo>> {
        let rows = {
            let mut db = self.connection().await?;
            store::directory::application_rows(&mut db, self.0.clock.instead()).await?
        };
        let people = self.people(rows.iter().map(|row| row.id)).await?;
        rows.into_iter()
            .map(|row| {
                let person = Person::clone(&*people.get(row.id)?);
                let sign_in = SignIn { public: row.public, redirect_uris: row.redirect_uris, delegated: row.delegated };
                Ok(ApplicationInfo { person, roles: row.roles, disabled: row.disabled, secrets: row.secrets, sign_in })
            })
            .collect()
    }
}
