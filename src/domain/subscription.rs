//! Subscriptions to what changes in a library (spec/graph.md 13): what one is, for how long it may live, and when somebody
//! who could not be told is told again. How they are told is not known here.

use std::fmt;

use chrono::{DateTime, TimeDelta, Utc};
use uuid::Uuid;

use super::{
    error::Error,
    id::{LibraryId, SubscriptionId},
};

/// The furthest end of a subscription: 42,300 minutes from now.
pub const LONGEST_LIFE: TimeDelta = TimeDelta::minutes(42_300);
/// Most characters of what a subscriber wants to be told each time.
pub const LONGEST_STATE: usize = 128;
/// Living subscriptions that a caller may have.
pub const MOST: i64 = 100;

/// After the first time in vain, the next one is so much later; then twice as much, and so on.
const FIRST_WAIT: TimeDelta = TimeDelta::seconds(10);
/// But never more than that.
const LONGEST_WAIT: TimeDelta = TimeDelta::minutes(30);
/// After so long nobody tries any more.
const GIVE_UP: TimeDelta = TimeDelta::hours(4);

/// A subscription as its owner sees it.
#[derive(Clone, PartialEq, Eq)]
pub struct Subscription {
    /// Its key, which is also how it is called.
    pub id: SubscriptionId,
    /// What is watched, in the subscriber's words.
    pub resource: String,
    /// Where the subscriber is told.
    pub notification_url: String,
    /// What the subscriber wants to be told each time.
    pub client_state: Option<String>,
    /// When it ends.
    pub expires_at: DateTime<Utc>,
    /// The client id of the application that it was made through, if through one.
    pub application: Option<String>,
    /// Graph's object id of who made it.
    pub creator: Uuid,
}

/// Says neither what the subscriber wants to be told nor where: either may be a secret.
impl fmt::Debug for Subscription {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Subscription")
            .field("id", &self.id)
            .field("expires_at", &self.expires_at)
            .finish_non_exhaustive()
    }
}

/// A subscription to be made.
#[derive(Clone)]
pub struct NewSubscription {
    /// What is watched.
    pub library: LibraryId,
    /// The same in the subscriber's words.
    pub resource: String,
    /// Where the subscriber is to be told.
    pub notification_url: String,
    /// What the subscriber wants to be told each time.
    pub client_state: Option<String>,
    /// When it is to end.
    pub expires_at: DateTime<Utc>,
    /// The server as the subscriber calls it: `scheme://host`.
    pub origin: String,
}

/// What is to be another; `None`: stays.
#[derive(Clone, Default)]
pub struct SubscriptionChange {
    /// When it ends.
    pub expires_at: Option<DateTime<Utc>>,
    /// Where the subscriber is told.
    pub notification_url: Option<String>,
}

/// What a subscriber is to be told: that something has changed, not what.
#[derive(Clone, PartialEq, Eq)]
pub struct Notice {
    /// Of which subscription.
    pub subscription: Subscription,
    /// The server as the subscriber calls it.
    pub origin: String,
}

/// Why a subscription cannot be made or changed.
#[derive(Debug, thiserror::Error)]
pub enum Refused {
    /// It would end before it begins.
    #[error("the end is not in the future")]
    Past,
    /// It would live for too long.
    #[error("the end is too far away")]
    TooFar,
    /// The caller has too many.
    #[error("too many subscriptions")]
    TooMany,
    /// As for anything else.
    #[error(transparent)]
    Vault(#[from] Error),
}

/// Whether a subscription may end then, as things are now.
pub fn check_end(now: DateTime<Utc>, end: DateTime<Utc>) -> Result<(), Refused> {
    let life = end.signed_duration_since(now);
    if life <= TimeDelta::zero() {
        Err(Refused::Past)
    } else if life > LONGEST_LIFE {
        Err(Refused::TooFar)
    } else {
        Ok(())
    }
}

/// When somebody is to be told again who could not be told `failures` times in a row, over so long a time. `None`: not at
/// all.
pub fn next_try(failures: u32, failing_for: TimeDelta) -> Option<TimeDelta> {
    let doubled = FIRST_WAIT.checked_mul(1_i32.checked_shl(failures.saturating_sub(1).min(16)).unwrap_or(i32::MAX));
    let wait = doubled.map_or(LONGEST_WAIT, |wait| wait.min(LONGEST_WAIT));
    (failing_for.checked_add(&wait)? <= GIVE_UP).then_some(wait)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn an_end_lies_ahead_and_not_too_far() {
        let now = DateTime::UNIX_EPOCH;
        let end = |life| check_end(now, now + life);
        assert!(matches!(end(TimeDelta::zero()), Err(Refused::Past)));
        assert!(matches!(end(TimeDelta::seconds(-1)), Err(Refused::Past)));
        assert!(end(TimeDelta::seconds(1)).is_ok());
        assert!(end(LONGEST_LIFE).is_ok());
        assert!(matches!(end(LONGEST_LIFE + TimeDelta::seconds(1)), Err(Refused::TooFar)));
        assert!(matches!(check_end(DateTime::<Utc>::MIN_UTC, DateTime::<Utc>::MAX_UTC), Err(Refused::TooFar)));
    }

    #[test]
    fn waits_grow_until_nobody_tries_any_more() {
        let mut waits = Vec::new();
        let mut past = TimeDelta::zero();
        for failures in 1.. {
            let Some(wait) = next_try(failures, past) else { break };
            waits.push(wait.num_seconds());
            past += wait;
        }
        assert_eq!(waits[..9], [10, 20, 40, 80, 160, 320, 640, 1280, 1800]);
        assert!(waits[9..].iter().all(|wait| *wait == 1800), "{waits:?}");
        assert!(past <= GIVE_UP && past + LONGEST_WAIT > GIVE_UP, "{past}");
    }

    proptest! {
        #[test]
        fn whatever_is_counted_a_wait_stays_between_its_bounds(failures: u32, seconds in -1000_i64..1_000_000) {
            if let Some(wait) = next_try(failures, TimeDelta::seconds(seconds)) {
                prop_assert!((FIRST_WAIT..=LONGEST_WAIT).contains(&wait));
            }
        }
    }
}
