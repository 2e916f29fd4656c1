//! When the vault is swept: every so often, at another moment on each node.

use std::time::Duration;

use tokio::task::JoinHandle;

use super::turns::every;
use crate::{
    domain::error::Result,
    vault::{Swept, Vault},
};

/// Sweeps every `minutes`, give or take a tenth, the first time after a part of them. Any number of nodes may do so; ending
/// the task in the middle loses nothing.
pub(super) fn start(vault: Vault, minutes: u32) -> JoinHandle<()> {
    let period = Duration::from_mins(minutes.into());
    let mut is_first = true;
    let pause = move || {
        let part = if std::mem::take(&mut is_first) { chance() } else { 0.9 + chance() / 5.0 };
        period.mul_f64(part)
    };
    every("nothing is swept", pause, move || sweep(vault.clone()))
}

async fn sweep(vault: Vault) -> Result<()> {
    match vault.sweep().await {
        Ok(swept) if swept == Swept::default() => tracing::debug!("nothing to sweep"),
        Ok(swept) => tracing::info!(
            drafts = swept.drafts,
            contents = swept.contents,
            orphans = swept.orphans,
            uploads = swept.uploads,
            temporary = swept.temporary,
            "swept what nothing names"
        ),
        // seldom enough to be said each time
        Err(error) => {
            let cause = std::error::Error::source(&error).map(ToString::to_string);
            tracing::warn!(%error, cause, "not swept; trying again later");
        }
    }
    Ok(())
}

/// Anything from 0 to 1. Without randomness, the middle.
fn chance() -> f64 {
    getrandom::u32().map_or(0.5, |number| f64::from(number) / f64::from(u32::MAX))
}
