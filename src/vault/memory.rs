//! What a node remembers between requests about callers, people, libraries and categories. Everything carries the epoch it
//! was read under and counts only while that is the newest epoch, as of at most a second ago: a revocation is seen at
//! once on the node that made it and within a second on all.

use std::{
    collections::HashMap,
    hash::Hash,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicI64, Ordering},
    },
    time::{Duration, Instant},
};

use quick_cache::{Weighter, sync::Cache};
use sqlx::{Connection, PgConnection, PgPool};

use super::{Vault, recall::Looks};
use crate::{
    domain::{
        actor::{Account, Level},
        error::{Error, Missing, Result},
        id::{CategoryId, LibraryId, LibraryKey, PrincipalId},
        item::CategoryRef,
        library::Library,
        person::Person,
    },
    store::{self, auth::Epochs},
};

/// For how long an answered epoch counts. When the database cannot be asked, nothing remembered counts.
const COUNTS: Duration = Duration::from_millis(900);

/// Room for a thing that there is only one of.
const SINGLE: usize = 32;

/// A category and what the checker needs of those above it.
#[derive(Clone, Debug)]
pub struct Category {
    /// As it stands.
    pub row: store::categories::CategoryRow,
    /// Itself and those above, nearest first, with what each says by default.
    pub chain: Arc<[(CategoryId, Option<Level>)]>,
    /// Names from below the root category down to itself.
    pub path: Vec<String>,
}

impl Category {
    /// As an item shows it.
    pub fn reference(&self) -> CategoryRef {
        CategoryRef {
            id: self.row.id,
            name: self.row.name.clone(),
            arena_guid: self.row.arena_guid.clone(),
            path: self.path.clone(),
        }
    }
}

/// All categories.
pub(super) type Categories = HashMap<CategoryId, Arc<Category>>;

/// Which epoch something is remembered under.
#[derive(Clone, Copy, Debug)]
pub(super) enum Of {
    Rights,
    Sessions,
}

/// The newest epochs known to this node, and when they were last confirmed.
#[derive(Debug, Default)]
pub(super) struct Known {
    rights: AtomicI64,
    sessions: AtomicI64,
    confirmed: Mutex<Option<Instant>>,
}

impl Known {
    /// The epoch under which something read from now on may be remembered; `None`: nothing counts at the moment.
    fn epoch(&self, of: Of) -> Option<i64> {
        let confirmed = *self.confirmed.lock().unwrap_or_else(PoisonError::into_inner);
        let newest = match of {
            Of::Rights => &self.rights,
            Of::Sessions => &self.sessions,
        };
        confirmed.filter(|at| at.elapsed() < COUNTS).map(|_| newest.load(Ordering::SeqCst))
    }

    /// Learns epochs that were asked for at a moment; earlier ones than are known teach nothing.
    fn learn(&self, epochs: Epochs, asked: Instant) {
        self.rights.fetch_max(epochs.rights, Ordering::SeqCst);
        self.sessions.fetch_max(epochs.sessions, Ordering::SeqCst);
        let mut confirmed = self.confirmed.lock().unwrap_or_else(PoisonError::into_inner);
        *confirmed = (*confirmed).max(Some(asked));
    }
}

/// Something remembered, and the epoch it was read under.
#[derive(Clone, Debug)]
struct Dated<T> {
    epoch: i64,
    value: T,
}

/// What a thing weighs.
#[derive(Clone)]
struct Weight<T>(fn(&T) -> u32);

impl<K, T> Weighter<K, Dated<T>> for Weight<T> {
    fn weight(&self, _: &K, dated: &Dated<T>) -> u64 {
        self.0(&dated.value).into()
    }
}

/// Things of one kind, remembered by their keys; the least used are forgotten first.
pub(super) struct Shelf<K, T> {
    cache: Cache<K, Dated<T>, Weight<T>>,
    known: Arc<Known>,
    of: Of,
}

impl<K, T> Shelf<K, T>
where
    K: Hash + Eq + Send + Sync + 'static,
    T: Clone + Send + Sync + 'static,
{
    pub(super) fn new(size: usize, known: &Arc<Known>, of: Of) -> Self {
        Self::weighed(size, size as u64, |_| 1, known, of)
    }

    /// The same for things of different sizes: `size` is what all of them weigh together, `usual` about how many that are.
    pub(super) fn weighed(usual: usize, size: u64, weight: fn(&T) -> u32, known: &Arc<Known>, of: Of) -> Self {
        Self { cache: Cache::with_weighter(usual, size, Weight(weight)), known: known.clone(), of }
    }

    /// The epoch to ask for before reading what is to be remembered.
    pub(super) fn epoch(&self) -> Option<i64> {
        self.known.epoch(self.of)
    }

    /// What is remembered under this key, if it still counts.
    pub(super) fn recall(&self, key: &K) -> Option<T> {
        let epoch = self.epoch()?;
        self.cache.get(key).filter(|dated| dated.epoch == epoch).map(|dated| dated.value)
    }

    /// Remembers something that was read after `epoch` was asked for.
    pub(super) fn remember(&self, key: K, value: T, epoch: Option<i64>) {
        if let Some(epoch) = epoch {
            self.cache.insert(key, Dated { epoch, value });
        }
    }

    /// Forgets what is remembered under this key.
    pub(super) fn forget(&self, key: &K) {
        self.cache.remove(key);
    }
}

pub(super) struct Memory {
    known: Arc<Known>,
    accounts: Shelf<PrincipalId, Arc<Account>>,
    people: Shelf<PrincipalId, Arc<Person>>,
    libraries: Shelf<LibraryId, Arc<Library>>,
    /// All of them under one key.
    categories: Shelf<(), Arc<Categories>>,
    /// Credentials by digest: tokens with their end, sessions with the moment their use was noted, passwords and access
    /// codes already verified with the moment they were.
    pub(super) tokens: Shelf<[u8; 32], (super::tokens::Borne, Option<Instant>)>,
    pub(super) sessions: Shelf<[u8; 32], (store::auth::SessionRow, Instant)>,
    pub(super) passwords: Shelf<[u8; 32], (PrincipalId, Instant)>,
    pub(super) access_codes: Shelf<[u8; 32], Instant>,
    pub(super) files: Looks,
}

impl Default for Memory {
    fn default() -> Self {
        let known = Arc::default();
        Self {
            accounts: Shelf::new(20_000, &known, Of::Rights),
            people: Shelf::new(50_000, &known, Of::Rights),
            libraries: Shelf::new(20_000, &known, Of::Rights),
            categories: Shelf::new(SINGLE, &known, Of::Rights),
            tokens: Shelf::new(50_000, &known, Of::Rights),
            sessions: Shelf::new(50_000, &known, Of::Sessions),
            passwords: Shelf::new(20_000, &known, Of::Rights),
            access_codes: Shelf::new(20_000, &known, Of::Rights),
            files: Looks::new(&known),
            known,
        }
    }
}

impl Vault {
    /// Keeps asking for the epochs until the vault is gone; over a connection of its own, so that it is not kept waiting
    /// when the pool is busy.
    pub(super) fn watch_epochs(&self) {
        let vault = Arc::downgrade(&self.0);
        let period = self.0.settings.watch.min(COUNTS / 2);
        tokio::spawn(async move {
            let mut connection = None;
            let mut tick = tokio::time::interval(period);
            tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
            loop {
                tick.tick().await;
                let Some(inner) = vault.upgrade() else { return };
                if inner.db.is_closed() {
                    return;
                }
                let asked = Instant::now();
                match ask(&inner.db, connection.take()).await {
                    Ok((epochs, open)) => {
                        connection = Some(open);
                        inner.memory.known.learn(epochs, asked);
                    }
                    Err(error) => tracing::debug!(%error, "cannot ask for the epochs; nothing remembered counts"),
                }
            }
        });
    }

    /// Starts a new epoch of rights in the transaction of a change; it is entered when that has been committed.
    pub(super) async fn start_epoch(&self, db: &mut store::PgConnection) -> sqlx::Result<NewEpochs> {
        let asked = Instant::now();
        Ok(NewEpochs(store::auth::start_rights_epoch(db).await?, asked))
    }

    /// Starts a new epoch of sessions only.
    pub(super) async fn start_session_epoch(&self, db: &mut store::PgConnection) -> Result<NewEpochs> {
        let asked = Instant::now();
        Ok(NewEpochs(store::auth::start_session_epoch(db).await?, asked))
    }

    /// Knows at once what a change of this node has made untrue.
    pub(super) fn enter(&self, epochs: NewEpochs) {
        self.0.memory.known.learn(epochs.0, epochs.1);
    }

    /// The account of a principal; a disabled one is still an account.
    pub(super) async fn account(&self, id: PrincipalId) -> Result<Option<Arc<Account>>> {
        let memory = &self.0.memory;
        if let Some(account) = memory.accounts.recall(&id) {
            return Ok(Some(account));
        }
        // what is remembered as a rule is found apart, here and below: it takes room in every request
        Box::pin(async {
            let epoch = memory.accounts.epoch();
            let mut db = self.connection().await?;
            let account = store::directory::account(&mut db, id).await?.map(Arc::new);
            if let Some(account) = &account {
                memory.accounts.remember(id, account.clone(), epoch);
            }
            Ok(account)
        })
        .await
    }

    /// People by their keys. Names change seldom; a key without a row is our fault.
    pub(super) async fn people(&self, ids: impl IntoIterator<Item = PrincipalId>) -> Result<People> {
        let memory = &self.0.memory;
        let mut people = HashMap::new();
        let mut unknown = Vec::new();
        for id in ids {
            if people.contains_key(&id) || unknown.contains(&id) {
                continue;
            }
            match memory.people.recall(&id) {
                Some(person) => {
                    people.insert(id, person);
                }
                None => unknown.push(id),
            }
        }
        if !unknown.is_empty() {
            for person in Box::pin(self.read_people(&unknown)).await? {
                people.insert(person.id, person);
            }
        }
        Ok(People(people))
    }

    /// Somebody by their key, like [`Self::people`].
    pub(super) async fn somebody(&self, id: PrincipalId) -> Result<Arc<Person>> {
        match self.0.memory.people.recall(&id) {
            Some(person) => Ok(person),
            None => self.people([id]).await?.get(id),
        }
    }

    async fn read_people(&self, unknown: &[PrincipalId]) -> Result<Vec<Arc<Person>>> {
        let shelf = &self.0.memory.people;
        let epoch = shelf.epoch();
        let mut db = self.connection().await?;
        let people: Vec<_> = store::directory::people(&mut db, unknown).await?.into_iter().map(Arc::new).collect();
        for person in &people {
            shelf.remember(person.id, person.clone(), epoch);
        }
        Ok(people)
    }

    /// A library by its key.
    pub(super) async fn library_by_id(&self, id: LibraryId) -> Result<Arc<Library>> {
        let memory = &self.0.memory;
        if let Some(library) = memory.libraries.recall(&id) {
            return Ok(library);
        }
        Box::pin(async {
            let epoch = memory.libraries.epoch();
            let mut db = self.connection().await?;
            let library = store::libraries::find(&mut db, &LibraryKey::Id(id)).await?;
            let library = Arc::new(library.ok_or(Error::Missing(Missing::Library))?);
            memory.libraries.remember(id, library.clone(), epoch);
            Ok(library)
        })
        .await
    }

    /// Lets categories be asked for anew.
    pub(super) fn forget_categories(&self) {
        self.0.memory.categories.forget(&());
    }

    /// All categories.
    pub(super) async fn categories(&self) -> Result<Arc<Categories>> {
        let shelf = &self.0.memory.categories;
        if let Some(categories) = shelf.recall(&()) {
            return Ok(categories);
        }
        Box::pin(async {
            let epoch = shelf.epoch();
            let mut db = self.connection().await?;
            let categories = Arc::new(chained(store::categories::all(&mut db).await?));
            shelf.remember((), categories.clone(), epoch);
            Ok(categories)
        })
        .await
    }
}

/// Asks over this connection, or over a new one. What is not answered in time would count no more; also a connection that
/// cannot be made in time is given up, lest the watch wait for minutes on a server that is back.
async fn ask(db: &PgPool, connection: Option<PgConnection>) -> sqlx::Result<(Epochs, PgConnection)> {
    let asking = async {
        let mut connection = match connection {
            Some(connection) => connection,
            None => PgConnection::connect_with(&db.connect_options()).await?,
        };
        Ok((store::auth::epochs(&mut connection).await?, connection))
    };
    tokio::time::timeout(COUNTS, asking).await.map_err(|_| sqlx::Error::PoolTimedOut)?
}

/// Epochs that a change has started, and when; they are entered once the change is committed. Another node may have
/// started newer ones by then, so they are confirmed only as of their start.
#[must_use]
#[derive(Clone, Copy)]
pub(super) struct NewEpochs(Epochs, Instant);

/// People looked up together.
pub(super) struct People(HashMap<PrincipalId, Arc<Person>>);

impl People {
    /// One of them.
    pub(super) fn get(&self, id: PrincipalId) -> Result<Arc<Person>> {
        self.0.get(&id).cloned().ok_or_else(|| Error::broken("a row names a principal that is not there"))
    }
}

/// Parents come before children.
fn chained(rows: Vec<store::categories::CategoryRow>) -> Categories {
    let mut categories = Categories::new();
    for row in rows {
        let above = row.parent.and_then(|parent| categories.get(&parent));
        let mut chain = vec![(row.id, row.default_level)];
        let mut path = Vec::new();
        if let Some(above) = above {
            chain.extend(above.chain.iter().copied());
            path.clone_from(&above.path);
            path.push(row.name.clone());
        }
        categories.insert(row.id, Arc::new(Category { chain: chain.into(), path, row }));
    }
    categories
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_server_that_takes_connections_and_says_nothing_is_given_up() {
        let silent = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("postgres://nobody@{}/none?sslmode=disable", silent.local_addr().unwrap());
        let pool = sqlx::postgres::PgPoolOptions::new().connect_lazy(&url).unwrap();
        let answer = tokio::time::timeout(COUNTS * 10, ask(&pool, None)).await;
        assert!(matches!(answer, Ok(Err(sqlx::Error::PoolTimedOut))));
    }
}
