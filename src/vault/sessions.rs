//! API sessions (Arena's): opened by a password or by an application's secret, living as long as they are used, one for each
//! bearer.

use std::{
    net::IpAddr,
    sync::Arc,
    time::{Duration, Instant},
};

use chrono::{DateTime, Utc};

use super::{Vault, fresh, passwords::Tried};
use crate::{
    domain::{
        actor::{Account, Actor, Ceiling, Dialect, Role},
        error::{Error, Result},
        id::{LibraryKey, PrincipalId, SessionId},
        library::Library,
        permission, scope,
    },
    store::{self, auth::NewSession, directory::Credential},
};

/// For how long a session's use need not be noted again.
const USE_NOTED: Duration = Duration::from_secs(30);

/// A session just opened.
#[derive(Clone, Debug)]
pub struct OpenedSession {
    /// What the client presents from now on; stored nowhere.
    pub token: String,
    /// The workspace it is for.
    pub library: Arc<Library>,
}

/// Who presents a session.
#[derive(Clone, Debug)]
pub struct SessionCaller {
    /// Whose it is.
    pub account: Arc<Account>,
    /// How far it reaches: an application's as far as its roles.
    pub ceiling: Ceiling,
    /// The workspace it is for.
    pub library: Arc<Library>,
    /// The session.
    pub id: SessionId,
}

impl Vault {
    /// Opens a session in a workspace: the one named, else the one entered last, else the first the user is a member of.
    /// The user's earlier session ends.
    ///
    /// # Errors
    /// [`Error::BadCredentials`], also for suppliers, for a workspace the user may not enter, and for an address of too many
    /// failures; [`Error::LockedOut`], [`Error::PasswordExpired`], [`Error::NotEnabled`].
    pub async fn open_session(
        &self,
        login: &str,
        password: &str,
        workspace: Option<i64>,
        from: Option<IpAddr>,
    ) -> Result<OpenedSession> {
        // not the remembered way: a login is rare, and a locked one is locked for the right password, too
        let (credential, library) = self
            .counted(&self.tried(login, from).await?, async {
                let user = self.verify_login(login, password).await?;
                if user.affiliation.is_supplier() {
                    return Err(Error::BadCredentials);
                }
                if user.expired {
                    return Err(Error::PasswordExpired);
                }
                let library = self.workspace_of(&self.living_account(user.id).await?, workspace).await?;
                Ok((user, library))
            })
            .await?;
        let user = credential.id;
        self.start_session(user, library, from, Some((login.to_owned(), credential))).await
    }

    /// Opens a session for an application that presents one of its secrets. All else is as in [`Vault::open_session`].
    ///
    /// # Errors
    /// [`Error::BadCredentials`], [`Error::LockedOut`], [`Error::NotEnabled`].
    pub async fn open_application_session(
        &self,
        client_id: &str,
        secret: &str,
        workspace: Option<i64>,
        from: Option<IpAddr>,
    ) -> Result<OpenedSession> {
        let (application, library) = self
            .counted(&Tried::client(client_id, from), async {
                let account = self.application_presenting(client_id, secret).await?;
                let library = self.workspace_of(&account, workspace).await?;
                Ok((account.person.id, library))
            })
            .await?;
        self.start_session(application, library, from, None).await
    }

    /// Starts a session, unless what was `presented` no longer counts.
    async fn start_session(
        &self,
        user: PrincipalId,
        library: Arc<Library>,
        from: Option<IpAddr>,
        presented: Option<(String, Credential)>,
    ) -> Result<OpenedSession> {
        let token = fresh::token("LABS-")?;
        let new = NewSession {
            id: SessionId::fresh(),
            digest: fresh::digest(&token),
            user,
            library: library.id,
            address: from.map(|address| address.to_canonical().to_string()),
        };
        let vault = self.clone();
        self.complete(async move {
            let mut change = vault.0.db.begin().await?;
            let now = vault.0.clock.instead();
            let ended = store::auth::end_sessions(&mut change, user, now).await?;
            // From here on a change of the password waits for us; one that was made since it was verified has ended the
            // sessions there were, and this one must not come after it.
            if let Some((login, verified)) = presented
                && store::directory::credential(&mut change, &login).await? != Some(verified)
            {
                return Err(Error::BadCredentials);
            }
            store::auth::open_session(&mut change, &new, vault.0.settings.session_lifetime, now).await?;
            // a first login makes nothing untrue that a node remembers
            let epoch = if ended { Some(vault.start_session_epoch(&mut change).await?) } else { None };
            change.commit().await?;
            if let Some(epoch) = epoch {
                vault.enter(epoch);
            }
            Ok(())
        })
        .await?;
        Ok(OpenedSession { token, library })
    }

    async fn workspace_of(&self, account: &Arc<Account>, wanted: Option<i64>) -> Result<Arc<Library>> {
        let actor = Actor::new(account.clone(), Dialect::Arena);
        let (libraries, last) = {
            let mut db = self.connection().await?;
            let libraries = match wanted {
                Some(workspace) => {
                    store::libraries::find(&mut db, &LibraryKey::Workspace(workspace)).await?.into_iter().collect()
                }
                None => store::libraries::all(&mut db).await?,
            };
            (libraries, store::auth::last_workspace(&mut db, account.person.id).await?)
        };
        let mut open: Vec<Library> = libraries
            .into_iter()
            .filter(|library| library.arena_workspace.is_some() && is_member(&actor, library))
            .collect();
        // nobody is let into another workspace because the last one is closed
        open.sort_by_key(|library| (Some(library.id) != last, !library.arena_api, library.arena_workspace));
        let library = open.into_iter().next().ok_or(Error::BadCredentials)?;
        if library.arena_api { Ok(Arc::new(library)) } else { Err(Error::NotEnabled) }
    }

    /// Who presents this session; lets it live on. The database learns of its use at most twice a minute.
    ///
    /// # Errors
    /// [`Error::NoSession`] for one that is unknown, has ended or has not been used for too long, and where a login would be
    /// refused by now.
    pub async fn session(&self, token: &str) -> Result<SessionCaller> {
        let memory = &self.0.memory.sessions;
        let digest = fresh::digest(token);
        let recall = || {
            let (session, used) = memory.recall(&digest)?;
            // a clock that does not run by itself cannot tell how long ago that was
            (used.elapsed() < USE_NOTED && self.0.clock.instead().is_none()).then_some(session)
        };
        let session = match recall() {
            Some(session) => session,
            None => {
                let noted = self.0.flights.share(digest, recall, async {
                    let epoch = memory.epoch();
                    let (lifetime, now) = (self.0.settings.session_lifetime, self.0.clock.instead());
                    let session = {
                        let mut db = self.connection().await?;
                        store::auth::use_session(&mut db, &digest, lifetime, now).await?
                    };
                    let session = session.ok_or(Error::NoSession)?;
                    memory.remember(digest, (session, Instant::now()), epoch);
                    // who has waited finds these remembered, too
                    self.bearer_of(session.user).await?;
                    self.library_by_id(session.library).await?;
                    Ok(session)
                });
                Box::pin(noted).await?
            }
        };
        let account = self.bearer_of(session.user).await?;
        let library = self.library_by_id(session.library).await?;
        let member = is_member(&Actor::new(account.clone(), Dialect::Arena), &library);
        if !member || !library.arena_api || account.affiliation.is_supplier() {
            return Err(Error::NoSession);
        }
        let ceiling =
            if account.application { scope::ceiling(&account.scopes, account.application) } else { Ceiling::NONE };
        Ok(SessionCaller { account, ceiling, library, id: session.id })
    }

    /// Ends a session at once.
    pub async fn end_session(&self, id: SessionId) -> Result<()> {
        let vault = self.clone();
        self.complete(async move {
            let mut change = vault.0.db.begin().await?;
            store::auth::end_session(&mut change, id, vault.0.clock.instead()).await?;
            let epoch = vault.start_session_epoch(&mut change).await?;
            change.commit().await?;
            vault.enter(epoch);
            Ok(())
        })
        .await
    }
}

/// Ends the session of somebody who is no member of its workspace any more, as it stands in this transaction and not as it
/// is remembered.
pub(super) async fn end_session_of_stranger(
    change: &mut store::PgConnection,
    user: PrincipalId,
    now: Option<DateTime<Utc>>,
) -> Result<()> {
    let Some(library) = store::auth::last_workspace(change, user).await? else { return Ok(()) };
    let library = store::libraries::find(change, &LibraryKey::Id(library)).await?;
    let account = store::directory::account(change, user).await?;
    let stays = library.zip(account).is_some_and(|(library, account)| {
        let actor = Actor::new(account.into(), Dialect::Arena);
        is_member(&actor, &library)
    });
    if !stays {
        store::auth::end_sessions(change, user, now).await?;
    }
    Ok(())
}

/// A workspace admits those who have a role on its root folder: its members, administrators where it is nobody's own, and
/// whose own it is.
pub(super) fn is_member(actor: &Actor, library: &Library) -> bool {
    permission::role(actor, &permission::Facts::of_root(library, &[])) >= Some(Role::Viewer)
}
