//! Access codes of links: right ones remembered for a short time, wrong ones counted.

use std::{net::IpAddr, time::Instant};

use super::{Vault, passwords::Tried};
use crate::domain::{
    error::{Error, Result},
    id::LinkId,
};

impl Vault {
    /// Refuses whoever does not bring a link's access code in one of these spellings, and all who come when too many have
    /// guessed, also those with the right one: who is told apart then could go on guessing. No code at all is no guess.
    ///
    /// # Errors
    /// [`Error::AccessCode`].
    pub(super) async fn check_access_code(
        &self,
        link: LinkId,
        hash: &str,
        codes: &[String],
        from: Option<IpAddr>,
    ) -> Result<()> {
        if codes.is_empty() {
            return Err(Error::AccessCode);
        }
        let tried = Tried::link(link, from);
        let memory = &self.0.memory.access_codes;
        let name = tried.name();
        // the hash is part of it: another code, another memory
        let mut keys = Vec::with_capacity(codes.len());
        for code in codes {
            keys.push((code, self.0.passwords.remembered_as([name, hash, code])));
        }
        let remembered = self.0.settings.passwords.remembered;
        if keys.iter().any(|(_, key)| memory.recall(key).is_some_and(|at| at.elapsed() < remembered)) {
            return self.refuse_locked(&tried).await;
        }
        let epoch = memory.epoch();
        self.counted(&tried, async {
            for (code, key) in keys {
                if self.verify_password(code, Some(hash.to_owned())).await? {
                    return Ok(key);
                }
            }
            Err(Error::AccessCode)
        })
        .await
        .map(|key| memory.remember(key, Instant::now(), epoch))
    }
}
