//! Keys of the installation's own, shared by all its nodes: what a room signs with. Drawn once, never shown.

use super::{Vault, fresh};
use crate::{
    domain::error::{Error, Result},
    store,
};

/// A key of 256 bits.
pub type Key = [u8; 32];

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
}
