//! Users, groups, applications and their tokens.

use chrono::{DateTime, Utc};

use super::{
    super::{Vault, fresh, sessions::end_session_of_stranger},
    Done, Setup,
};
use crate::{
    domain::{
        error::{Error, Missing, Result},
        id::{PrincipalId, PrincipalKey, TokenId},
        person::{Affiliation, License, Person, PrincipalKind},
    },
    store::{
        self,
        directory::{self, NewUserRow, UserUpdate},
        grants::SignIn,
    },
};

/// A user; `None`: as it is, or as usual for a new one.
#[derive(Clone, Debug, Default)]
pub struct UserEntry {
    /// Login name, by which the user is found.
    pub login: String,
    /// E-mail address; usually the login name at `localhost`.
    pub email: Option<String>,
    /// Full name; usually the login name.
    pub name: Option<String>,
    /// The hash of another password; see [`Vault::other_password`].
    pub password_hash: Option<String>,
    /// License; usually a full one.
    pub license: Option<License>,
    /// Whose people it belongs to; usually our own.
    pub affiliation: Option<Affiliation>,
    /// Account administrator; usually not.
    pub administrator: Option<bool>,
    /// Disabled; usually not.
    pub disabled: Option<bool>,
}

/// What an application may do where users sign in; `None`: as it is.
#[derive(Clone, Debug, Default)]
pub struct SignInEntry {
    /// Whether it cannot keep a secret.
    pub public: Option<bool>,
    /// Where browsers are sent back to.
    pub redirect_uris: Option<Vec<String>>,
    /// What it may ask for on behalf of users.
    pub delegated: Option<Vec<String>>,
}

/// A token.
#[derive(Clone, Debug)]
pub struct TokenEntry {
    /// Who it acts for.
    pub principal: PrincipalId,
    /// Scopes, or an application's roles.
    pub scopes: Vec<String>,
    /// What people call it; a token whose text is not given is found by this.
    pub label: String,
    /// When it ends.
    pub expires_at: Option<DateTime<Utc>>,
    /// Its text; `None`: one that nobody can guess.
    pub text: Option<String>,
}

impl Vault {
    /// The hash of `password`, unless it is the one this user has already. To be asked before the transaction: hashing
    /// takes its time.
    pub async fn other_password(&self, login: &str, password: &str) -> Result<Option<String>> {
        let credential = {
            let mut db = self.connection().await?;
            directory::credential(&mut db, login).await?
        };
        if let Some(hash) = credential.and_then(|credential| credential.password_hash)
            && self.verify_password(password, Some(hash)).await?
        {
            return Ok(None);
        }
        Ok(Some(self.hash_password(password).await?))
    }
}

impl Setup {
    /// A user, by login name.
    ///
    /// # Errors
    /// [`Error::NameTaken`] with the address that is somebody else's, or the login that is an application's client id.
    pub async fn put_user(&mut self, user: &UserEntry) -> Result<(PrincipalId, Done)> {
        let key = PrincipalKey::Login(user.login.clone());
        let there = directory::find(self.db(), &key).await?;
        let same = |person: &Person| {
            person.kind == PrincipalKind::User
                && crate::domain::name::key(&person.login) == crate::domain::name::key(&user.login)
        };
        let done = match there {
            Some(person) if same(&person) => {
                let done = self.change_user(&person, user).await?;
                (person.id, done)
            }
            Some(_) => return Err(Error::NameTaken(user.login.clone())),
            None => (self.make_user(user).await?, Done::Made),
        };
        self.note(done.1);
        Ok(done)
    }

    async fn make_user(&mut self, user: &UserEntry) -> Result<PrincipalId> {
        let now = self.vault.0.clock.instead();
        let name = user.name.as_deref().unwrap_or(&user.login);
        let email = user.email.clone().unwrap_or_else(|| format!("{}@localhost", user.login));
        let new = self.vault.0.fresh.principal(PrincipalKind::User, name)?;
        directory::create(self.db(), &new, now).await?;
        let row = NewUserRow {
            login: &user.login,
            email: &email,
            password_hash: user.password_hash.as_deref(),
            license: user.license.unwrap_or(License::Full),
            affiliation: user.affiliation.unwrap_or_default(),
            administrator: user.administrator.unwrap_or(false),
        };
        directory::create_user(self.db(), new.id, &row).await.map_err(|error| taken_address(error, &email))?;
        if user.disabled == Some(true) {
            directory::set_disabled(self.db(), new.id, true, now).await?;
        }
        Ok(new.id)
    }

    async fn change_user(&mut self, person: &Person, user: &UserEntry) -> Result<Done> {
        let now = self.vault.0.clock.instead();
        let row = directory::user_row(self.db(), person.id).await?.ok_or(Error::Missing(Missing::Principal))?;
        let name = user.name.as_deref().filter(|name| *name != person.name);
        let email = user.email.as_deref().filter(|email| *email != person.email);
        let license = user.license.filter(|license| *license != row.license);
        let affiliation = user.affiliation.filter(|affiliation| *affiliation != row.affiliation);
        let administrator = user.administrator.filter(|administrator| *administrator != row.administrator);
        let disabled = user.disabled.filter(|disabled| *disabled != row.disabled);
        let update = UserUpdate { name, email, license, affiliation, administrator };
        let differs = update != UserUpdate::default();
        // the order in which every change of a user takes its rows
        directory::hold(self.db(), person.id).await?;
        if differs {
            directory::update_user(self.db(), person.id, &update)
                .await
                .map_err(|error| taken_address(error, email.unwrap_or_default()))?;
        }
        if let Some(hash) = &user.password_hash {
            directory::set_password(self.db(), person.id, hash).await?;
        }
        if let Some(disabled) = disabled {
            directory::set_disabled(self.db(), person.id, disabled, now).await?;
        }
        let locked_out = user.password_hash.is_some() || disabled.is_some();
        if locked_out || affiliation.is_some_and(Affiliation::is_supplier) {
            store::auth::end_sessions(self.db(), person.id, now).await?;
        } else if administrator == Some(false) {
            end_session_of_stranger(self.db(), person.id, now).await?;
        }
        if locked_out {
            store::auth::revoke_issued(self.db(), person.id, now).await?;
        }
        Ok(Done::changed_if(differs || locked_out))
    }

    /// A group, by name.
    pub async fn put_group(&mut self, name: &str, description: Option<&str>) -> Result<(PrincipalId, Done)> {
        let done = match directory::group_named(self.db(), name).await? {
            Some(id) => {
                let changed = match description {
                    Some(description) => directory::describe_group(self.db(), id, description).await?,
                    None => false,
                };
                (id, Done::changed_if(changed))
            }
            None => {
                let new = self.vault.0.fresh.principal(PrincipalKind::Group, name)?;
                let now = self.vault.0.clock.instead();
                directory::create(self.db(), &new, now).await?;
                directory::create_group(self.db(), new.id, name, description.unwrap_or_default()).await?;
                (new.id, Done::Made)
            }
        };
        self.note(done.1);
        Ok(done)
    }

    /// A user or an application in a group; whether that is new.
    pub async fn put_member(&mut self, group: PrincipalId, member: PrincipalId) -> Result<bool> {
        let added = directory::add_member(self.db(), group, member).await?;
        Ok(self.noted(added))
    }

    /// An application, by client id. A secret is added to those it has.
    ///
    /// # Errors
    /// [`Error::NameTaken`] for a client id that is a user's login.
    pub async fn put_application(
        &mut self,
        client_id: &str,
        name: Option<&str>,
        roles: Option<&[String]>,
        secret: Option<&str>,
    ) -> Result<(PrincipalId, Done)> {
        let now = self.vault.0.clock.instead();
        let there = directory::find(self.db(), &PrincipalKey::Login(client_id.to_owned())).await?;
        let (id, mut done) = match there {
            Some(person) if person.kind == PrincipalKind::Application => {
                let mut changed = false;
                if let Some(name) = name.filter(|name| *name != person.name) {
                    directory::rename(self.db(), person.id, name).await?;
                    changed = true;
                }
                let has = directory::application_roles(self.db(), person.id).await?;
                if let Some(roles) = roles.filter(|roles| has.as_deref() != Some(roles)) {
                    directory::put_application(self.db(), person.id, client_id, roles).await?;
                    changed = true;
                }
                (person.id, Done::changed_if(changed))
            }
            Some(_) => return Err(Error::NameTaken(client_id.to_owned())),
            None => {
                let new = self.vault.0.fresh.principal(PrincipalKind::Application, name.unwrap_or(client_id))?;
                directory::create(self.db(), &new, now).await?;
                directory::put_application(self.db(), new.id, client_id, roles.unwrap_or_default()).await?;
                (new.id, Done::Made)
            }
        };
        if let Some(secret) = secret {
            let added = directory::add_secret(self.db(), id, &fresh::digest(secret), None, now).await?;
            done = done.and(added);
        }
        Ok((id, self.note(done)))
    }

    /// What an application may do where users sign in; what is not said stays as it is.
    pub async fn put_sign_in(&mut self, id: PrincipalId, entry: &SignInEntry, done: Done) -> Result<Done> {
        let has = store::grants::sign_in(self.db(), id).await?.unwrap_or_default();
        let wanted = SignIn {
            public: entry.public.unwrap_or(has.public),
            redirect_uris: entry.redirect_uris.clone().unwrap_or_else(|| has.redirect_uris.clone()),
            delegated: entry.delegated.clone().unwrap_or_else(|| has.delegated.clone()),
        };
        let changed = wanted != has;
        if changed {
            store::grants::put_sign_in(self.db(), id, &wanted).await?;
        }
        Ok(self.note(done.and(changed)))
    }

    /// A token, by its text or else by its bearer and label. Answers the text, where it is known.
    ///
    /// # Errors
    /// [`Error::NameTaken`] for a text that is somebody else's token.
    pub async fn put_token(&mut self, token: &TokenEntry) -> Result<(TokenId, Option<String>, Done)> {
        let now = self.vault.0.clock.instead();
        let (principal, label) = (token.principal, token.label.as_str());
        let there = match &token.text {
            Some(text) => store::auth::token(self.db(), now, &fresh::digest(text)).await?,
            None => store::auth::token_labelled(self.db(), now, principal, label).await?,
        };
        if let Some(there) = there {
            if there.principal != principal {
                return Err(Error::NameTaken("this token".to_owned()));
            }
            let same = there.scopes == token.scopes
                && there.label == token.label
                && there.expires_at == token.expires_at
                && there.revoked_at.is_none();
            match &token.text {
                Some(text) if !same => self.write_token(there.id, token, text).await?,
                // Whoever has it goes on with what it was made for; another label makes another.
                Some(_) | None => return Ok((there.id, token.text.clone(), self.note(Done::Found))),
            }
            return Ok((there.id, token.text.clone(), self.note(Done::Changed)));
        }
        let text = match &token.text {
            Some(text) => text.clone(),
            None => fresh::token("cck_")?,
        };
        let id = TokenId::fresh();
        self.write_token(id, token, &text).await?;
        Ok((id, Some(text), self.note(Done::Made)))
    }

    async fn write_token(&mut self, id: TokenId, token: &TokenEntry, text: &str) -> Result<()> {
        let (now, digest) = (self.vault.0.clock.instead(), fresh::digest(text));
        let TokenEntry { principal, scopes, label, expires_at, text: _ } = token;
        store::auth::create_token(self.db(), id, &digest, *principal, None, scopes, label, *expires_at, now).await?;
        Ok(())
    }

    /// Who has this name, of this kind or of any: a user or an application, else a group.
    pub async fn principal(&mut self, kind: Option<PrincipalKind>, name: &str) -> Result<Option<Person>> {
        if kind != Some(PrincipalKind::Group)
            && let Some(person) = directory::find(self.db(), &PrincipalKey::Login(name.to_owned())).await?
            && kind.is_none_or(|kind| kind == person.kind)
        {
            return Ok(Some(person));
        }
        if kind.is_some_and(|kind| kind != PrincipalKind::Group) {
            return Ok(None);
        }
        match directory::group_named(self.db(), name).await? {
            Some(id) => self.person(id).await.map(Some),
            None => Ok(None),
        }
    }

    /// Somebody who is there.
    pub async fn person(&mut self, id: PrincipalId) -> Result<Person> {
        let person = directory::find(self.db(), &PrincipalKey::Id(id)).await?;
        person.ok_or(Error::Missing(Missing::Principal))
    }

    /// The first account administrator who is not disabled, if there is one.
    pub async fn administrator(&mut self) -> Result<Option<PrincipalId>> {
        let users = directory::user_rows(self.db()).await?;
        Ok(users.into_iter().filter(|user| user.administrator && !user.disabled).map(|user| user.id).min())
    }
}

fn taken_address(error: sqlx::Error, email: &str) -> Error {
    match store::violated(&error) {
        Some("users_email_key") => Error::NameTaken(email.to_owned()),
        _ => error.into(),
    }
}
