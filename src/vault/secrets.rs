//! Keys of the installation's own, shared by all its nodes: what a room signs with. Drawn once, never shown. They lie in the
//! database, as all does that nodes share: who can read that can read everything.

use std::{fmt, sync::Arc};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use rsa::{
    RsaPrivateKey,
    pkcs1::{DecodeRsaPrivateKey, EncodeRsaPrivateKey},
    rand_core::OsRng,
    traits::PublicKeyParts,
};
use sha2::{Digest, Sha256};

use super::{Vault, fresh};
use crate::{
    domain::error::{Error, Result},
    store,
};

/// A key of 256 bits.
pub type Key = [u8; 32];

/// Bits of the key that identity tokens are signed with.
const BITS: usize = 2048;
/// What it is stored under.
const SIGNING: &str = "signing";

/// An RSA key that others can check signatures of.
pub struct SigningKey {
    der: Vec<u8>,
    /// What it is called; says nothing of it.
    pub id: String,
    /// The public modulus, most significant byte first.
    pub modulus: Vec<u8>,
    /// The public exponent, likewise.
    pub exponent: Vec<u8>,
}

impl SigningKey {
    /// The private key in PKCS #1, for who signs.
    pub fn private(&self) -> &[u8] {
        &self.der
    }

    fn read(der: Vec<u8>) -> Result<Self> {
        let key = RsaPrivateKey::from_pkcs1_der(&der).map_err(|_| Error::broken("the signing key cannot be read"))?;
        let modulus = key.n().to_bytes_be();
        let id = URL_SAFE_NO_PAD.encode(Sha256::digest(&modulus));
        Ok(Self { id, exponent: key.e().to_bytes_be(), modulus, der })
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SigningKey").field("id", &self.id).finish_non_exhaustive()
    }
}

impl Vault {
    /// The installation's key of this name; drawn by whoever asks first, the same on every node ever after.
    pub async fn secret(&self, name: &'static str) -> Result<Key> {
        let secrets = &self.0.secrets;
        if let Some(key) = secrets.get(name) {
            return Ok(key);
        }
        let mut drawn: Key = [0; 32];
        fresh::fill(&mut drawn)?;
        let stored = {
            let mut db = self.connection().await?;
            store::auth::secret(&mut db, name, &drawn).await?
        };
        let key = Key::try_from(stored).map_err(|_| Error::broken("a key of another length is stored"))?;
        secrets.insert(name, key);
        Ok(key)
    }

    /// The installation's key for signatures that others check; drawn by whoever asks first, the same on every node ever
    /// after. Drawing it takes a moment, and is done once.
    pub async fn signing_key(&self) -> Result<Arc<SigningKey>> {
        let key = self.0.signing.get_or_try_init(async || {
            let stored = {
                let mut db = self.connection().await?;
                store::auth::stored_secret(&mut db, SIGNING).await?
            };
            let der = match stored {
                Some(der) => der,
                None => {
                    let drawn = tokio::task::spawn_blocking(draw).await.map_err(Error::broken)??;
                    let mut db = self.connection().await?;
                    store::auth::secret(&mut db, SIGNING, &drawn).await?
                }
            };
            Ok::<_, Error>(Arc::new(SigningKey::read(der)?))
        });
        key.await.cloned()
    }
}

fn draw() -> Result<Vec<u8>> {
    let key = RsaPrivateKey::new(&mut OsRng, BITS).map_err(|error| Error::broken(error.to_string()))?;
    let der = key.to_pkcs1_der().map_err(|error| Error::broken(error.to_string()))?;
    Ok(der.as_bytes().to_vec())
}
