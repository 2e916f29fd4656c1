//! What administrators do: users, applications, libraries, rights. Each is one transaction that starts a new epoch, so
//! that what nodes remember is asked for anew.

use std::sync::Arc;

use uuid::Uuid;

use super::{Vault, memory::Category, sessions::end_session_of_stranger};
use crate::{
    domain::{
        actor::{Account, Level, Role},
        error::{Error, Missing, Result},
        id::{CategoryId, ItemId, LibraryId, LibraryKey, PrincipalId, PrincipalKey},
        item::ClientTimes,
        library::{Library, LibraryKind},
        name::ItemName,
        person::{Affiliation, License, Person, PrincipalKind},
    },
    store::{
        self,
        directory::{NewUserRow, PolicyRow, UserUpdate},
        files::NewItem,
        libraries::{LibraryUpdate, NewLibrary},
    },
};

/// A user to be made.
#[derive(Clone, Debug)]
pub struct NewUser {
    /// Login name; unique without case.
    pub login: String,
    /// E-mail address; unique without case.
    pub email: String,
    /// Full name.
    pub name: String,
    /// Password; `None`: cannot sign in with one.
    pub password: Option<String>,
    /// License.
    pub license: License,
    /// Whose people it belongs to.
    pub affiliation: Affiliation,
    /// Account administrator.
    pub administrator: bool,
}

/// What changes of a user; `None`: as it is.
#[derive(Clone, Debug, Default)]
pub struct UserChange {
    /// Another full name.
    pub name: Option<String>,
    /// Another e-mail address.
    pub email: Option<String>,
    /// Another license.
    pub license: Option<License>,
    /// Other people's; the sessions of somebody who becomes a supplier end.
    pub affiliation: Option<Affiliation>,
    /// Account administrator or not.
    pub administrator: Option<bool>,
    /// Another password, or none that works any more; either ends the user's sessions and the tokens they asked for.
    pub password: Option<PasswordChange>,
    /// Disabled or not; disabling ends them, too.
    pub disabled: Option<bool>,
}

/// What becomes of a user's password.
#[derive(Clone, Debug)]
pub enum PasswordChange {
    /// This one counts from now on.
    Set(String),
    /// The one there is signs nobody in until another is set.
    Expire,
}

/// A user as administrators see it.
#[derive(Clone, Debug)]
pub struct UserInfo {
    /// As others see it.
    pub person: Person,
    /// License.
    pub license: License,
    /// Whose people it belongs to.
    pub affiliation: Affiliation,
    /// Account administrator.
    pub administrator: bool,
    /// Whether it may not act.
    pub disabled: bool,
    /// Whether it needs another password to sign in with one.
    pub password_expired: bool,
}

/// The root category's name (spec/arena.md 10.1).
const ROOT_CATEGORY: &str = "-uncategorized-";

impl Vault {
    /// Whether nobody has been made yet.
    pub async fn is_new(&self) -> Result<bool> {
        Ok(self.users().await?.is_empty())
    }

    /// All users with what administrators see of them, by login name.
    pub async fn user_list(&self) -> Result<Vec<UserInfo>> {
        let mut db = self.connection().await?;
        let rows = store::directory::user_rows(&mut db).await?;
        drop(db);
        let people = self.people(rows.iter().map(|row| row.id)).await?;
        let dress = |row: store::directory::UserRow| {
            let person = Person::clone(&*people.get(row.id)?);
            let store::directory::UserRow { id: _, license, affiliation, administrator, disabled, password_expired } =
                row;
            Ok(UserInfo { person, license, affiliation, administrator, disabled, password_expired })
        };
        rows.into_iter().map(dress).collect()
    }

    /// The living account of a user or an application, by login name, e-mail address or client id.
    ///
    /// # Errors
    /// [`Error::BadCredentials`] where there is none, or it is disabled.
    pub async fn account_named(&self, login: &str) -> Result<Arc<Account>> {
        let person = self.person(&PrincipalKey::Login(login.to_owned())).await?;
        self.living_account(person.ok_or(Error::BadCredentials)?.id).await
    }

    /// Who has this name: a user or an application, else a group.
    ///
    /// # Errors
    /// [`Missing::Principal`].
    pub async fn principal_named(&self, name: &str) -> Result<Person> {
        if let Some(person) = self.person(&PrincipalKey::Login(name.to_owned())).await? {
            return Ok(person);
        }
        let group = {
            let mut db = self.connection().await?;
            store::directory::group_named(&mut db, name).await?
        };
        let group = group.ok_or(Error::Missing(Missing::Principal))?;
        self.person(&PrincipalKey::Id(group)).await?.ok_or(Error::Missing(Missing::Principal))
    }

    /// All libraries, whoever may see them, by name.
    pub async fn all_libraries(&self) -> Result<Vec<Library>> {
        let mut db = self.connection().await?;
        Ok(store::libraries::all(&mut db).await?)
    }

    /// A library, whoever may see it.
    pub async fn library_named(&self, key: &LibraryKey) -> Result<Option<Library>> {
        let mut db = self.connection().await?;
        Ok(store::libraries::find(&mut db, key).await?)
    }

    /// Makes a user.
    ///
    /// # Errors
    /// [`Error::NameTaken`] with the login or the address that is taken.
    pub async fn create_user(&self, user: NewUser) -> Result<Person> {
        let hash = match &user.password {
            Some(password) => Some(self.hash_password(password).await?),
            None => None,
        };
        let new = self.0.fresh.principal(PrincipalKind::User, &user.name)?;
        let mut change = self.0.db.begin().await?;
        store::directory::create(&mut change, &new, self.0.clock.instead()).await?;
        let row = NewUserRow {
            login: &user.login,
            email: &user.email,
            password_hash: hash.as_deref(),
            license: user.license,
            affiliation: user.affiliation,
            administrator: user.administrator,
        };
        let made = store::directory::create_user(&mut change, new.id, &row).await;
        match made {
            Ok(()) => {}
            Err(error) => {
                return Err(match store::violated(&error) {
                    Some("users_login_key") => Error::NameTaken(user.login),
                    Some("users_email_key") => Error::NameTaken(user.email),
                    _ => error.into(),
                });
            }
        }
        let epoch = self.start_epoch(&mut change).await?;
        change.commit().await?;
        self.enter(epoch);
        self.person(&PrincipalKey::Id(new.id)).await?.ok_or(Error::Missing(Missing::Principal))
    }

    /// Changes a user.
    pub async fn update_user(&self, id: PrincipalId, what: UserChange) -> Result<()> {
        let hash = match &what.password {
            Some(PasswordChange::Set(password)) => Some(self.hash_password(password).await?),
            Some(PasswordChange::Expire) | None => None,
        };
        let now = self.0.clock.instead();
        let mut change = self.0.db.begin().await?;
        let update = UserUpdate {
            name: what.name.as_deref(),
            email: what.email.as_deref(),
            license: what.license,
            affiliation: what.affiliation,
            administrator: what.administrator,
        };
        match store::directory::update_user(&mut change, id, &update).await {
            Ok(()) => {}
            Err(error) if store::violated(&error) == Some("users_email_key") => {
                return Err(Error::NameTaken(what.email.unwrap_or_default()));
            }
            Err(error) => return Err(error.into()),
        }
        match (&what.password, hash) {
            (Some(PasswordChange::Expire), _) => store::directory::expire_password(&mut change, id, now).await?,
            (_, Some(hash)) => store::directory::set_password(&mut change, id, &hash).await?,
            (_, None) => {}
        }
        if let Some(disabled) = what.disabled {
            store::directory::set_disabled(&mut change, id, disabled, now).await?;
        }
        let supplier = what.affiliation.is_some_and(Affiliation::is_supplier);
        if what.password.is_some() || what.disabled.is_some() || supplier {
            store::auth::end_sessions(&mut change, id, now).await?;
        } else if what.administrator == Some(false) {
            end_session_of_stranger(&mut change, id, now).await?;
        }
        if what.password.is_some() || what.disabled.is_some() {
            store::auth::revoke_issued(&mut change, id, now).await?;
        }
        let epoch = self.start_epoch(&mut change).await?;
        change.commit().await?;
        self.enter(epoch);
        Ok(())
    }

    /// Makes a library with its root folder.
    ///
    /// # Errors
    /// [`Error::NameTaken`] for a taken name, a taken workspace, a second library of an owner.
    pub async fn create_library(&self, library: &NewLibrary, made_by: PrincipalId) -> Result<Library> {
        let mut change = self.0.db.begin().await?;
        self.create_library_in(&mut change, library, made_by).await?;
        // nothing that a node remembers has become untrue: anybody's first look at their own library comes here
        change.commit().await?;
        let mut db = self.connection().await?;
        store::libraries::find(&mut db, &LibraryKey::Id(library.id)).await?.ok_or(Error::Missing(Missing::Library))
    }

    /// Changes a library's settings. A workspace that is closed to Arena's API has no sessions from then on.
    ///
    /// # Errors
    /// [`Error::NameTaken`] for another library's workspace.
    pub async fn update_library(&self, id: LibraryId, what: &LibraryUpdate<'_>) -> Result<()> {
        let mut change = self.0.db.begin().await?;
        self.update_library_in(&mut change, id, what).await?;
        let epoch = self.start_epoch(&mut change).await?;
        change.commit().await?;
        self.enter(epoch);
        Ok(())
    }

    /// The same in a transaction of the caller's.
    pub(super) async fn update_library_in(
        &self,
        change: &mut store::PgConnection,
        id: LibraryId,
        what: &LibraryUpdate<'_>,
    ) -> Result<()> {
        let changed = store::libraries::update(change, id, what).await;
        changed.map_err(|error| match store::violated(&error) {
            Some("libraries_arena_workspace_key") => {
                Error::NameTaken(format!("workspace {}", what.arena_workspace.unwrap_or_default()))
            }
            _ => error.into(),
        })?;
        if what.arena_api == Some(false) {
            store::auth::end_sessions_in(change, id, self.0.clock.instead()).await?;
        }
        Ok(())
    }

    /// A library to be made, its identities drawn.
    pub fn draw_library(&self, kind: LibraryKind, name: &str, owner: Option<PrincipalId>) -> Result<NewLibrary> {
        Ok(NewLibrary {
            id: LibraryId::fresh(),
            kind,
            name: name.to_owned(),
            description: String::new(),
            graph_id: self.0.fresh.graph_drive()?,
            graph_site_id: Uuid::new_v4(),
            owner,
            policies_required: false,
            minor_versions: false,
            check_out_required: false,
            arena_workspace: None,
            arena_api: true,
            arena_request_limit: self.0.settings.request_limit,
            quota_bytes: None,
            created_by: None,
        })
    }

    /// Makes a library with its root folder in a transaction of the caller's.
    pub async fn create_library_in(
        &self,
        change: &mut store::PgConnection,
        library: &NewLibrary,
        made_by: PrincipalId,
    ) -> Result<ItemId> {
        let now = self.0.clock.instead();
        match store::libraries::create(change, library, now).await {
            Ok(()) => {}
            Err(error) => {
                return Err(match store::violated(&error) {
                    Some("libraries_name_key" | "libraries_owner_key") => Error::NameTaken(library.name.clone()),
                    Some("libraries_arena_workspace_key") => {
                        Error::NameTaken(format!("workspace {}", library.arena_workspace.unwrap_or_default()))
                    }
                    _ => error.into(),
                });
            }
        }
        let root = NewItem {
            id: ItemId::fresh(),
            name: match library.kind {
                LibraryKind::Personal => ItemName::nearest(&library.name),
                LibraryKind::Group | LibraryKind::Site => ItemName::parse(&library.name)?,
            },
            oracle_id: self.0.fresh.oracle_folder()?,
            graph_id: self.0.fresh.graph_item()?,
            category: root_category(&*self.categories().await?)?.row.id,
            owner: library.owner.unwrap_or(made_by),
            author: library.created_by.or(library.owner).unwrap_or(made_by),
            client_times: ClientTimes::default(),
            unpublished_by: None,
            external_code: None,
        };
        store::folders::create_root(change, library.id, &root, now).await?;
        Ok(root.id)
    }

    pub(super) async fn make_personal_library(&self, person: &Person) -> Result<Arc<Library>> {
        let library = self.draw_library(LibraryKind::Personal, &person.name, Some(person.id))?;
        match self.create_library(&library, person.id).await {
            Ok(library) => Ok(Arc::new(library)),
            // somebody was quicker
            Err(Error::NameTaken(_)) => {
                let mut db = self.connection().await?;
                let library = store::libraries::find(&mut db, &LibraryKey::OwnedBy(person.id)).await?;
                Ok(Arc::new(library.ok_or(Error::Missing(Missing::Library))?))
            }
            Err(other) => Err(other),
        }
    }

    /// Gives somebody a role on an item, in place of the one they had there.
    pub async fn grant(&self, item: ItemId, to: PrincipalId, role: Role, by: Option<PrincipalId>) -> Result<()> {
        let mut change = self.0.db.begin().await?;
        store::directory::put_membership(&mut change, item, to, role, by, self.0.clock.instead()).await?;
        let epoch = self.start_epoch(&mut change).await?;
        change.commit().await?;
        self.enter(epoch);
        Ok(())
    }

    /// Takes the role that somebody has on an item away; answers whether there was one. Sessions of those who are no longer
    /// members of the workspace end with it: for a group, those of its members who have no other way in.
    pub async fn revoke(&self, item: ItemId, from: PrincipalId) -> Result<bool> {
        let now = self.0.clock.instead();
        let mut change = self.0.db.begin().await?;
        let Some(library) = store::directory::remove_membership(&mut change, item, from).await? else {
            return Ok(false);
        };
        for user in store::auth::session_users(&mut change, library, &[from]).await? {
            end_session_of_stranger(&mut change, user, now).await?;
        }
        let epoch = self.start_epoch(&mut change).await?;
        change.commit().await?;
        self.enter(epoch);
        Ok(true)
    }

    /// All categories, parents before children.
    pub async fn all_categories(&self) -> Result<Vec<Arc<Category>>> {
        let categories = self.categories().await?;
        let mut all: Vec<_> = categories.values().cloned().collect();
        all.sort_by(|a, b| (a.chain.len(), &a.row.name).cmp(&(b.chain.len(), &b.row.name)));
        Ok(all)
    }

    /// All policies with those who were given them, by name.
    pub async fn policies(&self) -> Result<Vec<(PolicyRow, Vec<Arc<Person>>)>> {
        let rows = {
            let mut db = self.connection().await?;
            store::directory::policies(&mut db).await?
        };
        let people = self.people(rows.iter().flat_map(|row| row.holders.iter().copied())).await?;
        let dress = |row: PolicyRow| {
            let holders = row.holders.iter().map(|id| people.get(*id)).collect::<Result<_>>()?;
            Ok((row, holders))
        };
        rows.into_iter().map(dress).collect()
    }

    /// All levels on categories that were given to somebody, by whom they were given to.
    pub async fn category_levels(&self) -> Result<Vec<(CategoryId, Arc<Person>, Level)>> {
        let rows = {
            let mut db = self.connection().await?;
            store::categories::levels(&mut db).await?
        };
        let people = self.people(rows.iter().map(|(_, principal, _)| *principal)).await?;
        rows.into_iter().map(|(category, principal, level)| Ok((category, people.get(principal)?, level))).collect()
    }

    /// The root category, which every file has that has no other.
    pub async fn root_category(&self) -> Result<Arc<Category>> {
        root_category(&*self.categories().await?)
    }

    /// A category by its key, also one made a moment ago by another node.
    pub(super) async fn fresh_category(&self, id: CategoryId) -> Result<Arc<Category>> {
        if let Some(category) = self.categories().await?.get(&id) {
            return Ok(category.clone());
        }
        self.forget_categories();
        self.categories().await?.get(&id).cloned().ok_or(Error::Missing(Missing::Category))
    }

    pub(super) async fn ensure_root_category(&self) -> Result<()> {
        let mut db = self.connection().await?;
        let guid = self.0.fresh.arena_guid()?;
        store::categories::put(&mut db, None, ROOT_CATEGORY, "", None, &guid, self.0.clock.instead()).await?;
        Ok(())
    }
}

fn root_category(categories: &super::memory::Categories) -> Result<Arc<Category>> {
    let root = categories.values().find(|category| category.row.parent.is_none());
    root.cloned().ok_or_else(|| Error::broken("there is no root category"))
}
