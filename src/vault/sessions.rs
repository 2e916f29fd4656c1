//! API sessions (Arena's): opened by a password, living as long as they are used, one for each user; and the requests that
//! a workspace has left.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use chrono::{DateTime, Utc};

use super::{Vault, fresh};
use crate::{
    domain::{
        actor::{Account, Actor, Dialect, Role},
        error::{Error, Result},
        id::{LibraryKey, SessionId},
        library::Library,
        permission,
    },
    store,
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
    /// The workspace it is for.
    pub library: Arc<Library>,
    /// The session.
    pub id: SessionId,
}

/// Requests of a workspace.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Requests {
    /// A day's.
    pub limit: i64,
    /// Left after this one.
    pub remaining: i64,
    /// Whether this one was within the limit.
    pub admitted: bool,
    /// When the count starts anew: the next midnight in Los Angeles.
    pub reset: DateTime<Utc>,
}

impl Vault {
    /// Opens a session in a workspace: the one named, else the one entered last, else the first the user is a member of.
    /// The user's earlier session ends.
    ///
    /// # Errors
    /// [`Error::BadCredentials`], also for a workspace the user may not enter; [`Error::LockedOut`].
    pub async fn open_session(&self, login: &str, password: &str, workspace: Option<i64>) -> Result<OpenedSession> {
        // not the remembered way: a login is rare, and a locked one is locked for the right password, too
        let account = self.sign_in_anew(login, password).await?;
        let library = self.workspace_of(&account, workspace).await?;
        let token = fresh::token("LABS-")?;
        let vault = self.clone();
        let opened = OpenedSession { token: token.clone(), library };
        let library = opened.library.id;
        self.complete(async move {
            let mut change = vault.0.db.begin().await?;
            let lifetime = vault.0.settings.session_lifetime;
            let now = vault.0.clock.instead();
            let user = account.person.id;
            let ended = store::auth::open_session(
                &mut change,
                SessionId::fresh(),
                &fresh::digest(&token),
                user,
                library,
                lifetime,
                now,
            )
            .await?;
            // a first login makes nothing untrue that a node remembers
            let epoch = if ended { Some(vault.start_session_epoch(&mut change).await?) } else { None };
            change.commit().await?;
            if let Some(epoch) = epoch {
                vault.enter(epoch);
            }
            Ok(())
        })
        .await?;
        Ok(opened)
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
        open.sort_by_key(|library| (Some(library.id) != last, library.arena_workspace));
        open.into_iter().next().map(Arc::new).ok_or(Error::BadCredentials)
    }

    /// Who presents this session; lets it live on. The database learns of its use at most twice a minute.
    ///
    /// # Errors
    /// [`Error::NoSession`] for one that is unknown, has ended or has not been used for too long.
    pub async fn session(&self, token: &str) -> Result<SessionCaller> {
        let memory = &self.0.memory;
        let digest = fresh::digest(token);
        let remembered = memory.sessions.recall(&digest).filter(|(_, used)| used.elapsed() < USE_NOTED);
        let session = match remembered {
            Some((session, _)) if self.0.clock.instead().is_none() => session,
            _ => {
                let epoch = memory.sessions.epoch();
                let mut db = self.connection().await?;
                let lifetime = self.0.settings.session_lifetime;
                let session = store::auth::use_session(&mut db, &digest, lifetime, self.0.clock.instead()).await?;
                let session = session.ok_or(Error::NoSession)?;
                memory.sessions.remember(digest, (session, Instant::now()), epoch);
                session
            }
        };
        let account = self.bearer_of(session.user).await?;
        let library = self.library_by_id(session.library).await?;
        if !is_member(&Actor::new(account.clone(), Dialect::Arena), &library) {
            return Err(Error::NoSession);
        }
        Ok(SessionCaller { account, library, id: session.id })
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

    /// Counts a request of a workspace; exact under any number of nodes.
    pub async fn count_request(&self, library: &Library) -> Result<Requests> {
        let limit = library.arena_request_limit;
        let mut db = self.connection().await?;
        let counted = store::auth::count_request(&mut db, library.id, limit, self.0.clock.instead()).await?;
        Ok(Requests::new(limit, counted))
    }

    /// What a workspace has left, without counting.
    pub async fn requests_left(&self, library: &Library) -> Result<Requests> {
        let limit = library.arena_request_limit;
        let mut db = self.connection().await?;
        let counted = store::auth::requests_used(&mut db, library.id, limit, self.0.clock.instead()).await?;
        Ok(Requests::new(limit, counted))
    }
}

impl Requests {
    fn new(limit: i64, counted: store::auth::Counted) -> Self {
        let remaining = (limit - counted.used).max(0);
        Self { limit, remaining, admitted: counted.admitted, reset: counted.reset }
    }
}

/// A workspace admits those who have a role on its root folder, and administrators.
pub(super) fn is_member(actor: &Actor, library: &Library) -> bool {
    let facts = permission::Facts { personal_to: None, ..permission::Facts::of_root(library, &[]) };
    permission::role(actor, &facts) >= Some(Role::Viewer)
}
