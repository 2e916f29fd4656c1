//! Access codes of links: right ones remembered for a short time and verified once for many who bring them at the same
//! moment, wrong ones counted.

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
        let tried = Tried::link(link, from);
        let (memory, settings) = (&self.0.memory.access_codes, &self.0.settings.passwords);
        // the hash is part of it: another code, another memory
        let remembered_as = |code: &str| self.0.passwords.remembered_as([tried.name(), hash, code]);
        let keys: Vec<(&String, [u8; 32])> = codes.iter().map(|code| (code, remembered_as(code))).collect();
        let Some((_, first)) = keys.first() else { return Err(Error::AccessCode) };
        let recall = || {
            let is_remembered = |at: Instant| at.elapsed() < settings.remembered;
            keys.iter().any(|(_, key)| memory.recall(key).is_some_and(is_remembered)).then_some(())
        };
        if recall().is_none() {
            let verified = self.0.flights.share(*first, recall, async {
                let epoch = memory.epoch();
                let right = self.counted(&tried, async {
                    for (code, key) in &keys {
                        if self.verify_password(code, Some(hash.to_owned())).await? {
                            return Ok(*key);
                        }
                    }
                    Err(Error::AccessCode)
                });
                memory.remember(right.await?, Instant::now(), epoch);
                Ok(())
            });
            Box::pin(verified).await?;
        }
        // who finds it remembered was not asked yet whether too many have guessed
        self.refuse_locked(&tried).await
    }
}
