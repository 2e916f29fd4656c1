//! When check-outs that have ended by themselves are checked in although nobody looks at their files, where they are: about
//! every second, on every node.

use std::time::Duration;

use tokio::task::JoinHandle;

use super::turns::every;
use crate::{domain::error::Result, vault::Vault};

/// Whoever lists or searches files may find one as it was before for so long.
const PERIOD: Duration = Duration::from_millis(500);

/// Says what becomes of them on this node, where all can read it, and warns when it was something else before.
pub(super) async fn declare(vault: &Vault) -> Result<()> {
    if vault.declare_lapses().await? {
        tracing::warn!(
            checks_in = vault.settings().lapse.checks_in().is_some(),
            "liferay.lock_expiry is not what the node started before this one had; as long as nodes differ, what lapses may be \
             cancelled that was to be checked in: start all of them with the same"
        );
    }
    Ok(())
}

/// Settles what has lapsed every so often. Any number of nodes may do so; ending the task loses nothing. `None`: they are
/// cancelled, and there is nothing to do.
pub(super) fn start(vault: Vault) -> Option<JoinHandle<()>> {
    vault.settings().lapse.checks_in()?;
    let settle = move || {
        let vault = vault.clone();
        async move { vault.settle_lapses().await }
    };
    Some(every("check-outs that have ended are not settled", || PERIOD, settle))
}
