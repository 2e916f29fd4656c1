//! What a caller can ask for: one method, one atomic act. A method reads as a sentence: facts, decision, write. No HTTP
//! and no dialect here, and no SQL.

/// Writes again what the database took back for the sake of another transaction: a deadlock, a serialization failure.
/// Nothing was changed then, and the other one is through.
macro_rules! again {
    ($write:expr) => {{
        let mut tries = 3;
        loop {
            match $write {
                Err(error) if tries > 0 && crate::store::is_transient(&error) => tries -= 1,
                done => break done,
            }
        }
    }};
}

mod access_codes;
mod accesses;
mod admin;
mod applications;
mod begun;
mod codes;
mod collections;
mod combine;
mod content;
mod copy_operations;
mod copying;
mod create;
pub mod devices;
mod directory;
mod editions;
mod external;
mod feed;
mod files;
mod flights;
mod folder_locks;
pub mod fresh;
mod giving;
mod grants;
mod hasher;
mod interest;
mod issue;
mod lapses;
mod libraries;
mod line;
mod links;
mod listing;
mod locks;
mod look;
mod memory;
mod metadata;
mod names;
mod notices;
mod overwrite;
mod parts;
mod passwords;
mod permissions;
mod places;
mod proof;
mod publications;
mod publish;
mod quota;
mod recall;
mod relocate;
mod requests;
mod reserve;
mod restore;
mod revise;
mod search;
mod secrets;
mod sessions;
pub mod setup;
mod shares;
mod sharing;
mod special;
mod subscriptions;
mod sweep;
mod temporary;
mod tokens;
mod transfer;
mod trash;
mod uploads;

use std::{future::Future, sync::Arc};

use chrono::{DateTime, Utc};
use sqlx::{PgPool, Postgres, pool::PoolConnection};
use tokio_util::task::TaskTracker;

use self::{begun::Begun, combine::Turn};
use crate::{
    content::ContentStore,
    domain::{
        actor::Actor,
        clock::Clock,
        error::{Error, Result},
        lock::Lapse,
    },
    store::{self, Act},
};

pub use crate::{
    content::Staged,
    store::{
        auth::UserAccess,
        directory::{LibraryUser, UserQuery},
        feed::Ends,
        grants::{SignIn, Waits},
        items::{Among, FileQuery},
        libraries::{LibraryUpdate, Quota},
        parts::PartQuery,
        trail::{Entry, FileAccess},
    },
};
pub use admin::{NewUser, PasswordChange, UserChange, UserInfo};
pub use applications::{ApplicationInfo, NewApplication};
pub use codes::Wanted;
pub use content::Download;
pub use create::NewFileAt;
pub use devices::DeviceCode;
pub use directory::SitesWanted;
pub use feed::{Followed, Told};
pub use giving::media_type;
pub use issue::{Issue, Issued};
pub use libraries::LastChange;
pub use links::{BroughtLink, LinkSpec, LinkUpdate};
pub use locks::Cancel;
pub use look::Look;
pub use memory::Category;
pub use notices::Errand;
pub use parts::{NewFileOf, PartFile, PartLook};
pub use passwords::PasswordSettings;
pub use permissions::{Given, Grant, GrantChange};
pub use proof::{Before, Epoch, Proof};
pub use publish::{CheckIn, Publication, Published};
pub use recall::Eyes;
pub use requests::Requests;
pub use revise::{RevisedBytes, Revision};
pub use secrets::SigningKey;
pub use sessions::{OpenedSession, SessionCaller};
pub use shares::Share;
pub use sharing::{BroughtShare, Offer, Shared};
pub use subscriptions::Credential;
pub use sweep::Swept;
pub use temporary::{NewTemporaryFile, Shelf};
pub use tokens::{NewToken, Presented, TokenInfo};
pub use trash::{Back, Trashed};
pub use uploads::{Arrived, BegunUpload};

/// What a vault needs to know that is not in the database.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The last 20 characters of every Oracle id.
    pub tenant_suffix: String,
    /// How passwords are hashed and how wrong ones are counted.
    pub passwords: PasswordSettings,
    /// What becomes of check-outs that end by themselves.
    pub lapse: Lapse,
    /// How long a rescued draft is kept.
    pub rescued_drafts: chrono::Duration,
    /// How long bytes that nothing names are kept.
    pub sweep_grace: chrono::Duration,
    /// Largest content, in bytes.
    pub max_file_size: u64,
    /// How long an upload that comes in fragments lives after the last of them.
    pub upload_life: chrono::Duration,
    /// How long a temporary file lives.
    pub temporary_file_life: chrono::Duration,
    /// How many temporary files somebody may have at a time.
    pub temporary_files: i64,
    /// How long an API session lives after its last request.
    pub session_lifetime: chrono::Duration,
    /// How long an access token lives that a user's sign-in gave, or an application's.
    pub access_token_lifetime: chrono::Duration,
    /// How long a refresh token lives after its last use.
    pub refresh_token_lifetime: chrono::Duration,
    /// Requests a new workspace may make in a day.
    pub request_limit: i64,
    /// How often a node asks whether another one has revoked something; what it remembers counts for a second at most.
    pub watch: std::time::Duration,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            tenant_suffix: "B5D17B95F47087F4E518".to_owned(),
            passwords: PasswordSettings::default(),
            lapse: Lapse::default(),
            rescued_drafts: chrono::Duration::days(30),
            sweep_grace: chrono::Duration::hours(24),
            max_file_size: 16 << 30,
            upload_life: chrono::Duration::hours(24),
            temporary_file_life: chrono::Duration::hours(24),
            temporary_files: 1000,
            session_lifetime: chrono::Duration::minutes(90),
            access_token_lifetime: chrono::Duration::minutes(60),
            refresh_token_lifetime: chrono::Duration::days(90),
            request_limit: 10_000,
            watch: std::time::Duration::from_millis(300),
        }
    }
}

/// Files, editions and locks, and who may do what to them. Cheap to clone: clones are one and the same vault.
#[derive(Clone)]
pub struct Vault(Arc<Inner>);

struct Inner {
    db: PgPool,
    content: ContentStore,
    clock: Clock,
    settings: Settings,
    fresh: fresh::Fresh,
    memory: memory::Memory,
    places: places::Places,
    passwords: passwords::Passwords,
    /// Credentials that are looked up at this moment.
    flights: flights::Flights,
    /// Keys of the installation that were asked for; they never change.
    secrets: quick_cache::sync::Cache<&'static str, secrets::Key>,
    signing: tokio::sync::OnceCell<Arc<SigningKey>>,
    /// Where what is asked together is put together.
    _apart: combine::Apart,
    /// Locks that are taken and released at the same moment.
    changes: combine::Combiner<store::locks::Change>,
    /// Editions that are published at the same moment.
    publications: combine::Combiner<store::publications::Publishing>,
    /// Questions, asked at the same moment, whether files are as they are remembered.
    states: combine::Combiner<store::items::State>,
    /// Questions, asked at the same moment, whether nothing has happened below folders.
    stretches: combine::Combiner<store::feed::Quiet>,
    /// Requests that are counted at the same moment.
    counts: combine::Combiner<store::requests::Request>,
    /// Changes that go on when their client has gone.
    tasks: TaskTracker,
    /// Turns of the copies that are made in the background.
    copies: tokio::sync::Semaphore,
    settling: lapses::Settling,
}

impl Vault {
    /// Opens a vault over a migrated database and a content store, and starts watching for revocations made by other
    /// nodes.
    pub async fn open(db: PgPool, content: ContentStore, clock: Clock, settings: Settings) -> Result<Self> {
        let apart = combine::Apart::begin()?;
        let there = apart.handle();
        // both give places in the feed, which is one at a time's to do
        let writing = Turn::new();
        let vault = Vault(Arc::new(Inner {
            passwords: passwords::Passwords::new(&settings.passwords)?,
            fresh: fresh::Fresh::new(settings.tenant_suffix.clone()),
            memory: memory::Memory::default(),
            flights: flights::Flights::default(),
            places: places::Places::default(),
            secrets: quick_cache::sync::Cache::new(64),
            signing: tokio::sync::OnceCell::new(),
            tasks: TaskTracker::new(),
            copies: tokio::sync::Semaphore::new(copy_operations::AT_A_TIME),
            changes: locks::changes(&there, writing.clone(), db.clone()),
            publications: publications::publications(&there, writing, db.clone()),
            states: recall::states(&there, Turn::new(), db.clone()),
            stretches: proof::stretches(&there, Turn::new(), db.clone()),
            counts: requests::counts(&there, Turn::new(), db.clone(), clock.clone()),
            _apart: apart,
            settling: lapses::Settling::default(),
            db,
            content,
            clock,
            settings,
        }));
        vault.ensure_root_category().await?;
        vault.watch_epochs();
        Ok(vault)
    }

    /// Waits until every change that was begun is done. New ones are still accepted: stop the listener first.
    pub async fn finish(&self) {
        self.0.tasks.close();
        self.0.tasks.wait().await;
    }

    /// Asks whether the database answers, with the schema this program knows.
    pub async fn ask_database(&self) -> Result<()> {
        let mut db = self.connection().await?;
        let (found, known) = (store::migrate::found(&mut db).await?, store::migrate::known());
        if found == known {
            Ok(())
        } else {
            Err(Error::broken(format!("the database has schema version {found}, this program knows {known}")))
        }
    }

    /// The content store, for readiness checks.
    pub fn content(&self) -> &ContentStore {
        &self.0.content
    }

    /// The clock that decides.
    pub fn clock(&self) -> &Clock {
        &self.0.clock
    }

    /// The settings it was opened with.
    pub fn settings(&self) -> &Settings {
        &self.0.settings
    }

    /// This node's idea of the moment: for what is only shown or judged coarsely, never for a lock.
    #[expect(clippy::disallowed_methods, reason = "the one place that reads this node's clock, beside the database's")]
    pub fn now(&self) -> DateTime<Utc> {
        self.0.clock.instead().unwrap_or_else(Utc::now)
    }

    async fn connection(&self) -> Result<PoolConnection<Postgres>> {
        // what waits for a connection is large, and no part of those who seldom do
        Ok(Box::pin(self.0.db.acquire()).await?)
    }

    fn act(&self, actor: &Actor, comment: Option<&str>) -> Act {
        Act {
            actor: actor.id(),
            dialect: actor.dialect,
            request: actor.request,
            now: self.0.clock.instead(),
            comment: comment.map(str::to_owned),
        }
    }

    /// Runs a change that completes once it was begun, even if the client goes away; [`Vault::finish`] waits for it.
    fn complete<T, F>(&self, change: F) -> Begun<Result<T>>
    where
        T: Send + 'static,
        F: Future<Output = Result<T>> + Send + 'static,
    {
        Begun::new(self.0.tasks.track_future(change))
    }
}

impl From<sqlx::Error> for Error {
    fn from(error: sqlx::Error) -> Self {
        if matches!(error, sqlx::Error::PoolTimedOut) || store::is_transient(&error) {
            Error::Overloaded
        } else if store::is_unstorable(&error) {
            Error::Invalid("value")
        } else {
            Error::broken(error)
        }
    }
}
