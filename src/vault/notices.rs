//! What subscribers are told (spec/graph.md 13): that something has happened below a root folder which they could see there,
//! as its feed would tell them. Claimed by any node for a while, and noted when the subscriber has heard it: so it is told at
//! least once, and by another node when one has died over it. How it is said and sent is not known here.

use chrono::TimeDelta;

use super::Vault;
use crate::{
    domain::{
        actor::{Actor, Ceiling, Dialect, Reach},
        error::{Error, Result},
        feed::Stretch,
        id::ItemKey,
        subscription::{Notice, next_try},
    },
    store::{self, subscriptions::Claimed},
};

pub use crate::store::subscriptions::Errand;

/// So many stretches of the feed are looked through at most before a subscription is left to the next turn.
const STRETCHES: usize = 20;

impl Vault {
    /// Takes subscriptions for which there may be something to tell, so many at most. Whoever has taken one has it for
    /// `lease`; then another may.
    pub async fn claim_notices(&self, limit: usize, lease: TimeDelta) -> Result<Vec<Errand>> {
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let mut db = self.connection().await?;
        Ok(store::subscriptions::claim(&mut db, limit, lease, self.0.clock.instead()).await?)
    }

    /// What a subscriber is to be told on this errand. `None`: nothing, and that is noted: nothing has happened that they see,
    /// they may not see the library any more, or not act at all.
    pub async fn notice(&self, errand: Errand) -> Result<Option<Notice>> {
        let Some(claimed) = self.claimed(errand).await? else { return Ok(None) };
        let (place, is_something) = match self.seen_by_subscriber(&claimed, errand.until).await {
            Ok(found) => found,
            Err(Error::Missing(_) | Error::Denied(_) | Error::NoSession) => (errand.until, false),
            Err(other) => return Err(other),
        };
        if is_something {
            return Ok(Some(Notice { subscription: claimed.subscription, origin: claimed.origin }));
        }
        self.noted(errand, place).await?;
        Ok(None)
    }

    /// Notes that the subscriber has heard it.
    pub async fn told(&self, errand: Errand) -> Result<()> {
        self.noted(errand, errand.until).await
    }

    /// Notes that the subscriber could not be told: again later, or never. `false`: never; what has happened so far is
    /// dropped, and what happens from now on is told.
    pub async fn not_told(&self, errand: Errand) -> Result<bool> {
        let Some(claimed) = self.claimed(errand).await? else { return Ok(false) };
        let failures = claimed.failures.unsigned_abs().saturating_add(1);
        let failing_for = whole_seconds(claimed.failing_for);
        let Some(wait) = next_try(failures, failing_for) else {
            self.noted(errand, errand.until).await?;
            return Ok(false);
        };
        let mut db = self.connection().await?;
        store::subscriptions::not_told(&mut db, errand, wait, self.0.clock.instead()).await?;
        Ok(true)
    }

    async fn claimed(&self, errand: Errand) -> Result<Option<Claimed>> {
        let mut db = self.connection().await?;
        Ok(store::subscriptions::claimed(&mut db, errand, self.0.clock.instead()).await?)
    }

    async fn noted(&self, errand: Errand, place: i64) -> Result<()> {
        let mut db = self.connection().await?;
        Ok(store::subscriptions::told(&mut db, errand, place, self.0.clock.instead()).await?)
    }

    /// Whether anything has happened up to a place that the subscriber sees, with the rights they have now; and how far was
    /// looked.
    async fn seen_by_subscriber(&self, claimed: &Claimed, until: i64) -> Result<(i64, bool)> {
        let account = self.bearer_of(claimed.principal).await?;
        let ceiling = Ceiling { read: claimed.read_reach, write: Reach::Nothing };
        let actor = Actor { ceiling, ..Actor::new(account, Dialect::Graph) };
        let root = self.look(&actor, &ItemKey::Root(claimed.library)).await?;
        let followed = self.follow(&actor, &root).await?;
        let mut stretch = Stretch::new(claimed.position, until);
        for _ in 0..STRETCHES {
            let told = self.changes(&actor, &followed, stretch, 1).await?;
            match told.rest {
                _ if !told.changes.is_empty() => return Ok((until, true)),
                Some(rest) => stretch = rest,
                None => return Ok((until, false)),
            }
        }
        Ok((stretch.after, false))
    }
}

#[expect(clippy::cast_possible_truncation, reason = "it saturates")]
fn whole_seconds(seconds: f64) -> TimeDelta {
    TimeDelta::try_seconds(seconds as i64).unwrap_or(TimeDelta::MAX)
}
