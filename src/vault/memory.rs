//! What a node remembers between requests about callers, people, libraries and categories. Everything carries the epoch it
//! was read under and counts only while that is the newest epoch, as of at most a second ago: a revocation is seen at
//! once on the node that made it and within a second on all.

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicI64, Ordering},
    },
    time::{Duration, Instant},
};

use moka::sync::Cache;

use super::Vault;
use crate::{
    domain::{
        actor::{Account, Level},
        error::{Error, Missing, Result},
        id::{CategoryId, LibraryId, LibraryKey, PrincipalId},
        item::CategoryRef,
        library::Library,
        person::Person,
    },
    store,
};

/// For how long an answered epoch counts. When the database cannot be asked, nothing remembered counts.
const COUNTS: Duration = Duration::from_millis(900);

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

/// Something remembered, and the epoch it was read under.
#[derive(Clone, Debug)]
pub(super) struct Dated<T> {
    epoch: i64,
    value: T,
}

pub(super) struct Memory {
    /// The newest epoch known, and when it was last confirmed.
    epoch: AtomicI64,
    confirmed: Mutex<Option<Instant>>,
    pub(super) accounts: Cache<PrincipalId, Dated<Arc<Account>>>,
    people: Cache<PrincipalId, Dated<Arc<Person>>>,
    libraries: Cache<LibraryId, Dated<Arc<Library>>>,
    categories: Mutex<Option<Dated<Arc<Categories>>>>,
    /// Credentials by digest: tokens, sessions, passwords already verified, access codes already verified.
    pub(super) tokens: Cache<[u8; 32], Dated<(store::auth::TokenRow, Option<Instant>)>>,
    pub(super) sessions: Cache<[u8; 32], Dated<(store::auth::SessionRow, Instant)>>,
    pub(super) passwords: Cache<[u8; 32], Dated<(PrincipalId, Instant)>>,
    pub(super) access_codes: Cache<[u8; 32], Dated<Instant>>,
}

impl Default for Memory {
    fn default() -> Self {
        Self {
            epoch: AtomicI64::new(0),
            confirmed: Mutex::new(None),
            accounts: Cache::new(20_000),
            people: Cache::new(50_000),
            libraries: Cache::new(20_000),
            categories: Mutex::new(None),
            tokens: Cache::new(50_000),
            sessions: Cache::new(50_000),
            passwords: Cache::new(20_000),
            access_codes: Cache::new(20_000),
        }
    }
}

impl Memory {
    /// The epoch under which something read from now on may be remembered; `None`: nothing counts at the moment.
    pub(super) fn epoch(&self) -> Option<i64> {
        let confirmed = *self.confirmed.lock().unwrap_or_else(PoisonError::into_inner);
        confirmed.filter(|at| at.elapsed() < COUNTS).map(|_| self.epoch.load(Ordering::SeqCst))
    }

    /// Learns an epoch; an earlier one than is known teaches nothing.
    pub(super) fn learn(&self, epoch: i64, asked: Instant) {
        self.epoch.fetch_max(epoch, Ordering::SeqCst);
        let mut confirmed = self.confirmed.lock().unwrap_or_else(PoisonError::into_inner);
        *confirmed = (*confirmed).max(Some(asked));
    }

    /// What is remembered under this key, if it still counts.
    pub(super) fn recall<K, T>(&self, cache: &Cache<K, Dated<T>>, key: &K) -> Option<T>
    where
        K: std::hash::Hash + Eq + Send + Sync + 'static,
        T: Clone + Send + Sync + 'static,
    {
        let epoch = self.epoch()?;
        cache.get(key).filter(|dated| dated.epoch == epoch).map(|dated| dated.value)
    }
}

/// Remembers something that was read after `epoch` was asked for.
pub(super) fn remember<K, T>(cache: &Cache<K, Dated<T>>, key: K, value: T, epoch: Option<i64>)
where
    K: std::hash::Hash + Eq + Send + Sync + 'static,
    T: Clone + Send + Sync + 'static,
{
    if let Some(epoch) = epoch {
        cache.insert(key, Dated { epoch, value });
    }
}

impl Vault {
    /// Keeps asking for the epoch until the vault is gone.
    pub(super) fn watch_epoch(&self) {
        let vault = Arc::downgrade(&self.0);
        let period = self.0.settings.watch.min(COUNTS / 2);
        tokio::spawn(async move {
            let mut tick = tokio::time::interval(period);
            tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
            loop {
                tick.tick().await;
                let Some(inner) = vault.upgrade() else { return };
                let vault = Vault(inner);
                if vault.0.db.is_closed() {
                    return;
                }
                let asked = Instant::now();
                let answer = async {
                    let mut db = vault.connection().await?;
                    Ok::<_, Error>(store::auth::epoch(&mut db).await?)
                };
                match answer.await {
                    Ok(epoch) => vault.0.memory.learn(epoch, asked),
                    Err(error) => tracing::debug!(%error, "cannot ask for the epoch; nothing remembered counts"),
                }
            }
        });
    }

    /// Starts a new epoch in the transaction of a change, and knows it at once.
    pub(super) async fn start_epoch(&self, db: &mut store::PgConnection) -> Result<NewEpoch> {
        Ok(NewEpoch(store::auth::start_epoch(db).await?))
    }

    /// To be called when that transaction has been committed.
    pub(super) fn enter(&self, epoch: NewEpoch) {
        self.0.memory.learn(epoch.0, Instant::now());
    }

    /// The account of a principal; a disabled one is still an account.
    pub(super) async fn account(&self, id: PrincipalId) -> Result<Option<Arc<Account>>> {
        let memory = &self.0.memory;
        if let Some(account) = memory.recall(&memory.accounts, &id) {
            return Ok(Some(account));
        }
        let epoch = memory.epoch();
        let mut db = self.connection().await?;
        let account = store::directory::account(&mut db, id).await?.map(Arc::new);
        if let Some(account) = &account {
            remember(&memory.accounts, id, account.clone(), epoch);
        }
        Ok(account)
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
            match memory.recall(&memory.people, &id) {
                Some(person) => {
                    people.insert(id, person);
                }
                None => unknown.push(id),
            }
        }
        if !unknown.is_empty() {
            let epoch = memory.epoch();
            let mut db = self.connection().await?;
            for person in store::directory::people(&mut db, &unknown).await? {
                let person = Arc::new(person);
                remember(&memory.people, person.id, person.clone(), epoch);
                people.insert(person.id, person);
            }
        }
        Ok(People(people))
    }

    /// A library by its key.
    pub(super) async fn library_by_id(&self, id: LibraryId) -> Result<Arc<Library>> {
        let memory = &self.0.memory;
        if let Some(library) = memory.recall(&memory.libraries, &id) {
            return Ok(library);
        }
        let epoch = memory.epoch();
        let mut db = self.connection().await?;
        let library = store::libraries::find(&mut db, &LibraryKey::Id(id)).await?;
        let library = Arc::new(library.ok_or(Error::Missing(Missing::Library))?);
        remember(&memory.libraries, id, library.clone(), epoch);
        Ok(library)
    }

    /// Lets categories be asked for anew.
    pub(super) fn forget_categories(&self) {
        *self.0.memory.categories.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }

    /// All categories.
    pub(super) async fn categories(&self) -> Result<Arc<Categories>> {
        let memory = &self.0.memory;
        let epoch = memory.epoch();
        let known = memory.categories.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if let Some(known) = known.filter(|known| Some(known.epoch) == epoch) {
            return Ok(known.value);
        }
        let mut db = self.connection().await?;
        let categories = Arc::new(chained(store::categories::all(&mut db).await?));
        if let Some(epoch) = epoch {
            *memory.categories.lock().unwrap_or_else(PoisonError::into_inner) =
                Some(Dated { epoch, value: categories.clone() });
        }
        Ok(categories)
    }
}

/// An epoch that a change has started; it is entered once the change is committed.
#[must_use]
#[derive(Clone, Copy)]
pub(super) struct NewEpoch(i64);

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
