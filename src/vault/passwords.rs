//! Passwords and access codes: argon2id off the runtime with bounded parallelism, wrong ones counted, right ones remembered
//! for a short time by a keyed digest, so that a client that sends them with every request does not pay for each.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use argon2::{Params, PasswordHash, PasswordHasher, PasswordVerifier};
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use tokio::sync::Semaphore;

use super::{Vault, fresh, hasher::Hasher};
use crate::{
    domain::{
        actor::Account,
        error::{Error, Result},
        id::PrincipalId,
        name,
    },
    store,
};

/// How passwords are hashed and how wrong ones are counted.
#[derive(Clone, Debug)]
pub struct PasswordSettings {
    /// Memory of one hash, in KiB.
    pub memory_kib: u32,
    /// Passes of one hash.
    pub iterations: u32,
    /// Lanes of one hash.
    pub lanes: u32,
    /// How many are hashed at once.
    pub parallelism: usize,
    /// For how long a right one is remembered.
    pub remembered: Duration,
    /// So many wrong ones in a row lock a login.
    pub failures: i32,
    /// For so long.
    pub lockout: chrono::Duration,
}

impl Default for PasswordSettings {
    fn default() -> Self {
        Self {
            memory_kib: 19 * 1024,
            iterations: 2,
            lanes: 1,
            parallelism: 2,
            remembered: Duration::from_mins(1),
            failures: 5,
            lockout: chrono::Duration::minutes(5),
        }
    }
}

/// Longest password or access code that is looked at, in bytes.
const LONGEST: usize = 1024;

pub(super) struct Passwords {
    hasher: Hasher,
    turns: Arc<Semaphore>,
    /// Keys the digests under which right passwords are remembered; drawn at start, never stored.
    key: [u8; 32],
    /// What an unknown login is verified against, so that it takes as long as a known one.
    decoy: String,
}

impl Passwords {
    pub(super) fn new(settings: &PasswordSettings) -> Result<Self> {
        let params = Params::new(settings.memory_kib, settings.iterations, settings.lanes, None)
            .map_err(|error| Error::broken(error.to_string()))?;
        let hasher = Hasher::new(params);
        let mut key = [0; 32];
        fresh::fill(&mut key)?;
        let decoy = hash(&hasher, &fresh::token("")?)?;
        Ok(Self { hasher, turns: Arc::new(Semaphore::new(settings.parallelism.max(1))), key, decoy })
    }

    fn remembered_as(&self, parts: [&str; 3]) -> Result<[u8; 32]> {
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.key).map_err(|error| Error::broken(error.to_string()))?;
        for part in parts {
            mac.update(&(part.len() as u64).to_le_bytes());
            mac.update(part.as_bytes());
        }
        Ok(mac.finalize().into_bytes().into())
    }
}

fn hash(hasher: &Hasher, password: &str) -> Result<String> {
    let hash = hasher.hash_password(password.as_bytes()).map_err(|error| Error::broken(error.to_string()))?;
    Ok(hash.to_string())
}

impl Vault {
    /// Hashes a password or an access code, in PHC form.
    pub async fn hash_password(&self, password: &str) -> Result<String> {
        if password.len() > LONGEST {
            return Err(Error::Invalid("password"));
        }
        let password = password.to_owned();
        self.off_the_runtime(move |hasher| hash(hasher, &password)).await?
    }

    /// Whether `password` is what `hash` was made from. Takes as long when there is no hash.
    pub(super) async fn verify_password(&self, password: &str, hash: Option<String>) -> Result<bool> {
        if password.len() > LONGEST {
            return Ok(false);
        }
        let there = hash.is_some();
        let hash = hash.unwrap_or_else(|| self.0.passwords.decoy.clone());
        let password = password.to_owned();
        let fits = self.off_the_runtime(move |hasher| {
            PasswordHash::new(&hash).is_ok_and(|hash| hasher.verify_password(password.as_bytes(), &hash).is_ok())
        });
        Ok(fits.await? && there)
    }

    async fn off_the_runtime<T: Send + 'static>(&self, work: impl FnOnce(&Hasher) -> T + Send + 'static) -> Result<T> {
        let turn = self.0.passwords.turns.clone().acquire_owned().await.map_err(Error::broken)?;
        let hasher = self.0.passwords.hasher.clone();
        tokio::task::spawn_blocking(move || {
            let done = work(&hasher);
            drop(turn);
            done
        })
        .await
        .map_err(Error::broken)
    }

    /// The account behind a login (login name, e-mail address, Liferay's user id) and a password. Remembers a right one
    /// for a short time; five wrong ones in a row lock the login for five minutes, whether it exists or not.
    ///
    /// # Errors
    /// [`Error::BadCredentials`] for all that is wrong with them, [`Error::LockedOut`].
    pub async fn sign_in(&self, login: &str, password: &str) -> Result<Arc<Account>> {
        let memory = &self.0.memory;
        let remembered_as = self.0.passwords.remembered_as(["password", login, password])?;
        if let Some((id, at)) = memory.passwords.recall(&remembered_as)
            && at.elapsed() < self.0.settings.passwords.remembered
        {
            return self.living_account(id).await;
        }
        let epoch = memory.passwords.epoch();
        let id = self.verify_login(login, password).await?;
        memory.passwords.remember(remembered_as, (id, Instant::now()), epoch);
        self.living_account(id).await
    }

    /// The same without memory: the password is verified, and a locked login is refused, however lately it was right.
    pub(super) async fn sign_in_anew(&self, login: &str, password: &str) -> Result<Arc<Account>> {
        let id = self.verify_login(login, password).await?;
        self.living_account(id).await
    }

    async fn verify_login(&self, login: &str, password: &str) -> Result<PrincipalId> {
        let settings = &self.0.settings.passwords;
        let now = self.0.clock.instead();
        let login_key: String = name::key(login).chars().filter(|c| *c != '\0').take(320).collect();
        let credential = {
            let mut db = self.connection().await?;
            let failures = store::auth::failures(&mut db, &login_key, settings.lockout, now).await?;
            if failures >= settings.failures {
                return Err(Error::LockedOut);
            }
            store::directory::credential(&mut db, login).await?
        };
        let hash = credential.as_ref().filter(|user| !user.disabled).and_then(|user| user.password_hash.clone());
        if self.verify_password(password, hash).await?
            && let Some(user) = credential
        {
            let mut db = self.connection().await?;
            // wrong ones that were tried at the same time count, too: else all of a list could be tried at once
            if store::auth::failures(&mut db, &login_key, settings.lockout, now).await? >= settings.failures {
                return Err(Error::LockedOut);
            }
            store::auth::forget_failures(&mut db, &login_key).await?;
            return Ok(user.id);
        }
        let mut db = self.connection().await?;
        store::auth::count_failure(&mut db, &login_key, settings.lockout, now).await?;
        Err(Error::BadCredentials)
    }

    pub(super) async fn living_account(&self, id: PrincipalId) -> Result<Arc<Account>> {
        self.account(id).await?.filter(|account| !account.disabled).ok_or(Error::BadCredentials)
    }

    /// Whether a link's access code is right; remembers a right one for a short time.
    pub(super) async fn verify_access_code(&self, link: &str, hash: &str, code: &str) -> Result<bool> {
        let memory = &self.0.memory;
        // the hash is part of it: another code, another memory
        let remembered_as = self.0.passwords.remembered_as([link, hash, code])?;
        if memory
            .access_codes
            .recall(&remembered_as)
            .is_some_and(|at| at.elapsed() < self.0.settings.passwords.remembered)
        {
            return Ok(true);
        }
        let epoch = memory.access_codes.epoch();
        let fits = self.verify_password(code, Some(hash.to_owned())).await?;
        if fits {
            memory.access_codes.remember(remembered_as, Instant::now(), epoch);
        }
        Ok(fits)
    }
}
