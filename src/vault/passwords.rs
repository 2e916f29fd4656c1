//! Passwords, and what access codes share with them: argon2id off the runtime with bounded parallelism, wrong ones counted,
//! right ones remembered for a short time by a keyed digest, so that a client that sends them with every request does not
//! pay for each.

use std::{
    net::{IpAddr, Ipv6Addr},
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
        id::{LinkId, PrincipalId},
        name,
    },
    store::{self, auth::Window, directory::Credential},
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
    /// So many from one address within that time close Arena's door to the address.
    pub failures_per_address: i32,
    /// For so long.
    pub lockout: chrono::Duration,
    /// So many wrong access codes of one link within a window close the link to all who need its code.
    pub wrong_codes: i32,
    /// So many from one address, of whatever links, close to the address all links that ask for one.
    pub wrong_codes_per_address: i32,
    /// The window: it begins with the first wrong code.
    pub wrong_code_window: chrono::Duration,
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
            failures_per_address: 50,
            lockout: chrono::Duration::minutes(5),
            wrong_codes: 100,
            wrong_codes_per_address: 10,
            wrong_code_window: chrono::Duration::minutes(15),
        }
    }
}

/// What failures are counted under: who was named, and where it was tried from, if that counts at this door.
#[derive(Clone, Debug)]
pub(super) struct Tried {
    name: String,
    address: Option<String>,
    what: Secret,
}

/// What is tried.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Secret {
    /// A password, or a secret of an application.
    Password,
    /// The access code of a link, or the code of a device.
    AccessCode,
}

impl Tried {
    /// A user, by whatever spelling it was found; by the spelling itself where there is none.
    fn login(login: &str, user: Option<PrincipalId>, from: Option<IpAddr>) -> Self {
        let name = user.map_or_else(|| Self::key(login), |user| format!("User:{}", user.0));
        Self { name, address: from.map(|from| address_key("Address", from)), what: Secret::Password }
    }

    /// A link that asks for an access code. What is counted for an address is counted apart from failed logins.
    pub(super) fn link(link: LinkId, from: Option<IpAddr>) -> Self {
        let address = from.map(|from| address_key("CodesFrom", from));
        Self { name: format!("Link:{}", link.0), address, what: Secret::AccessCode }
    }

    /// A code that devices show, which names nobody.
    pub(super) fn user_code(from: Option<IpAddr>) -> Self {
        let address = from.map(|from| address_key("UserCodesFrom", from));
        Self {
            name: format!("UserCodes:{}", address.as_deref().unwrap_or_default()),
            address,
            what: Secret::AccessCode,
        }
    }

    /// An application. Keys of a kind of their own begin with a capital, which no login's has.
    pub(super) fn client(client_id: &str, from: Option<IpAddr>) -> Self {
        let address = from.map(|from| address_key("Address", from));
        Self { name: format!("Client:{}", Self::key(client_id)), address, what: Secret::Password }
    }

    /// What is counted, by its own name.
    pub(super) fn name(&self) -> &str {
        &self.name
    }

    fn key(name: &str) -> String {
        name::key(name).chars().filter(|c| *c != '\0').take(320).collect()
    }
}

/// One IPv4 address; of IPv6 the network of 64 bits that one customer has, who could use another address each time.
fn address_key(kind: &str, address: IpAddr) -> String {
    match address.to_canonical() {
        IpAddr::V4(address) => format!("{kind}:{address}"),
        IpAddr::V6(address) => {
            let network = Ipv6Addr::from_bits(address.to_bits() & !u128::from(u64::MAX));
            format!("{kind}:{network}/64")
        }
    }
}

/// Longest password or access code that is looked at, in bytes.
const LONGEST: usize = 1024;

pub(super) struct Passwords {
    hasher: Hasher,
    turns: Arc<Semaphore>,
    /// Keys the digests under which right passwords are remembered; drawn at start, never stored.
    keyed: Hmac<Sha256>,
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
        let keyed = Hmac::<Sha256>::new_from_slice(&key).map_err(|error| Error::broken(error.to_string()))?;
        let decoy = hash(&hasher, &fresh::token("")?)?;
        Ok(Self { hasher, turns: Arc::new(Semaphore::new(settings.parallelism.max(1))), keyed, decoy })
    }

    pub(super) fn remembered_as(&self, parts: [&str; 3]) -> [u8; 32] {
        let mut mac = self.keyed.clone();
        for part in parts {
            mac.update(&(part.len() as u64).to_le_bytes());
            mac.update(part.as_bytes());
        }
        mac.finalize().into_bytes().into()
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
    /// for a short time, and verifies once what many present at the same moment; five wrong ones in a row lock the login for
    /// five minutes, whether it exists or not.
    ///
    /// # Errors
    /// [`Error::BadCredentials`] for all that is wrong with them, [`Error::LockedOut`], [`Error::PasswordExpired`].
    pub async fn sign_in(&self, login: &str, password: &str) -> Result<Arc<Account>> {
        let (memory, settings) = (&self.0.memory.passwords, &self.0.settings.passwords);
        let remembered_as = self.0.passwords.remembered_as(["password", login, password]);
        let recall = || {
            let (id, at) = memory.recall(&remembered_as)?;
            (at.elapsed() < settings.remembered).then_some(id)
        };
        let id = match recall() {
            Some(id) => id,
            None => {
                // apart, so that the many who are remembered do not carry it along
                let verified = self.0.flights.share(remembered_as, recall, async {
                    let epoch = memory.epoch();
                    let id = self
                        .counted(&self.tried(login, None).await?, async {
                            let user = self.verify_login(login, password).await?;
                            if user.expired { Err(Error::PasswordExpired) } else { Ok(user.id) }
                        })
                        .await?;
                    memory.remember(remembered_as, (id, Instant::now()), epoch);
                    // who has waited finds this remembered, too
                    self.living_account(id).await?;
                    Ok(id)
                });
                Box::pin(verified).await?
            }
        };
        self.living_account(id).await
    }

    /// Lets somebody try to get in, unless too many tries have failed; counts this one if it fails.
    ///
    /// # Errors
    /// [`Error::LockedOut`]; [`Error::BadCredentials`], also for whatever comes from an address of too many failures; for a
    /// link [`Error::AccessCode`] in place of both; and what the try itself ends in.
    pub(super) async fn counted<T>(&self, tried: &Tried, attempt: impl Future<Output = Result<T>>) -> Result<T> {
        self.refuse_locked(tried).await?;
        let outcome = attempt.await;
        let Tried { name, address, what } = tried;
        match &outcome {
            Err(Error::BadCredentials | Error::AccessCode) => {
                let (window, now) = (self.window(*what), self.0.clock.instead());
                let mut db = self.connection().await?;
                store::auth::count_failure(&mut db, name, address.as_deref(), window, now).await?;
            }
            // the credential was right, whatever else stands in the way
            Ok(_) | Err(Error::PasswordExpired | Error::NotEnabled) => {
                // wrong ones that were tried at the same time count, too: else all of a list could be tried at once
                self.refuse_locked(tried).await?;
                // many know the code of a link: that one of them is right makes nobody else's guesses undone
                if *what == Secret::Password {
                    let mut db = self.connection().await?;
                    store::auth::forget_failures(&mut db, name).await?;
                }
            }
            Err(_) => {}
        }
        outcome
    }

    /// What a login from this address is counted under. The same user is counted once, however it is spelled.
    pub(super) async fn tried(&self, login: &str, from: Option<IpAddr>) -> Result<Tried> {
        let mut db = self.connection().await?;
        let user = store::directory::credential(&mut db, login).await?;
        Ok(Tried::login(login, user.map(|user| user.id), from))
    }

    pub(super) async fn refuse_locked(&self, tried: &Tried) -> Result<()> {
        let settings = &self.0.settings.passwords;
        let Tried { name, address, what } = tried;
        let mut db = self.connection().await?;
        let now = self.0.clock.instead();
        let failed = store::auth::failures(&mut db, name, address.as_deref(), self.window(*what), now).await?;
        match what {
            Secret::Password if failed.address >= settings.failures_per_address => Err(Error::BadCredentials),
            Secret::Password if failed.login >= settings.failures => Err(Error::LockedOut),
            Secret::AccessCode
                if failed.address >= settings.wrong_codes_per_address || failed.login >= settings.wrong_codes =>
            {
                Err(Error::AccessCode)
            }
            Secret::Password | Secret::AccessCode => Ok(()),
        }
    }

    fn window(&self, what: Secret) -> Window {
        let settings = &self.0.settings.passwords;
        match what {
            Secret::Password => Window { length: settings.lockout, in_a_row: true },
            Secret::AccessCode => Window { length: settings.wrong_code_window, in_a_row: false },
        }
    }

    /// The user behind a login whose password this is, expired or not. Takes as long for one that is not there.
    pub(super) async fn verify_login(&self, login: &str, password: &str) -> Result<Credential> {
        let credential = {
            let mut db = self.connection().await?;
            store::directory::credential(&mut db, login).await?
        };
        let hash = credential.as_ref().filter(|user| !user.disabled).and_then(|user| user.password_hash.clone());
        let fits = self.verify_password(password, hash).await?;
        credential.filter(|_| fits).ok_or(Error::BadCredentials)
    }

    pub(super) async fn living_account(&self, id: PrincipalId) -> Result<Arc<Account>> {
        self.account(id).await?.filter(|account| !account.disabled).ok_or(Error::BadCredentials)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_counted_one_by_one_and_those_of_version_6_by_their_network() {
        let key = |text: &str| Tried::login("Ann", None, Some(text.parse().unwrap())).address.unwrap();
        assert_eq!(key("192.0.2.7"), "Address:192.0.2.7");
        assert_eq!(key("::ffff:192.0.2.7"), "Address:192.0.2.7");
        assert_eq!(key("2001:db8:1:2:3:4:5:6"), "Address:2001:db8:1:2::/64");
        assert_eq!(key("2001:db8:1:2:ffff::"), key("2001:db8:1:2::1"));
        assert_ne!(key("2001:db8:1:3::1"), key("2001:db8:1:2::1"));
    }

    #[test]
    fn nobody_can_be_named_so_that_a_failure_counts_for_an_address() {
        let address = Tried::login("x", None, Some("192.0.2.7".parse().unwrap())).address.unwrap();
        assert_ne!(Tried::login(&address, None, None).name, address);
        assert_ne!(Tried::client(&address, None).name, address);
        assert_ne!(Tried::login("Client:x", None, None).name, Tried::client("x", None).name);
        assert_ne!(Tried::login("User:x", None, None).name, "User:x");
        let link = Tried::link(LinkId::fresh(), "192.0.2.7".parse().ok());
        assert_ne!(Tried::login(&link.name, None, None).name, link.name);
        // a wrong code is no failed login
        assert_ne!(link.address, Some(address));
    }
}
