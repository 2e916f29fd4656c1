//! Graph's own lock: a reservation that ends by itself, taken, renewed and given back by its holder (spec/graph.md 12).
//! It is the one lock of the file, so everybody else meets it as they meet a check-out.

use chrono::Duration;

use super::{Cancel, Look, Vault, locks::ATTEMPTS};
use crate::domain::{
    actor::Actor,
    error::{Error, Missing, Result},
    id::ItemKey,
    lock::{CheckOut, CheckedOut, Lock, Mode},
    permission::Action,
};

impl Vault {
    /// Reserves a file for a while; the caller's own reservation ends so much later, or earlier, from now on.
    ///
    /// # Errors
    /// [`Error::Held`], also for the caller's own check-out, which is not to end by itself; and what the gates say.
    pub async fn reserve(&self, actor: &Actor, look: &Look, lifetime: Duration) -> Result<Lock> {
        let mut look = look.clone();
        for _ in 0..ATTEMPTS {
            let what = CheckOut { mode: Mode::Reservation, lifetime: Some(lifetime), ..CheckOut::default() };
            let lock = match self.check_out(actor, &look, what).await? {
                CheckedOut::Taken(lock) => return Ok(lock),
                CheckedOut::AlreadyYours(lock) if lock.has_working_copy() => return Err(Error::Held(Box::new(lock))),
                CheckedOut::AlreadyYours(lock) => lock,
            };
            let renewed = match self.look_by_lock(actor, lock.uuid).await {
                Ok(held) => self.refresh_lock(actor, &held, lock.uuid, Some(lifetime)).await,
                Err(refusal) => Err(refusal),
            };
            match renewed {
                // it has ended in between
                Err(Error::Missing(Missing::Lock)) => look = self.look(actor, &ItemKey::Id(look.item.id)).await?,
                other => return other,
            }
        }
        Err(Error::Overloaded)
    }

    /// Gives the caller's own reservation back.
    ///
    /// # Errors
    /// [`Error::NotCheckedOut`] where there is none, [`Error::Held`] for anybody else's lock and for the caller's own
    /// check-out; and what the gates say.
    pub async fn unreserve(&self, actor: &Actor, look: &Look) -> Result<()> {
        let lock = look.file()?.lock.as_ref();
        if let Some(other) = lock.filter(|lock| lock.has_working_copy() || Some(lock.holder.id) != actor.id()) {
            // who may hold nothing here is told that, and not whose it is
            return match look.check(actor, Action::CheckOut) {
                Ok(_) | Err(Error::Held(_)) => Err(Error::Held(Box::new(other.clone()))),
                Err(refusal) => Err(refusal),
            };
        }
        // this very reservation, not one that the caller takes meanwhile
        let fence = actor.fence.or(lock.map(|lock| lock.fence));
        let actor = Actor { fence, ..actor.clone() };
        self.cancel(&actor, look, Cancel::default()).await.map(drop)
    }
}
