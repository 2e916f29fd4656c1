//! What is done again and again in the background, turn by turn. A turn that goes wrong ends nothing, be it with a panic.

use std::{future::Future, panic::AssertUnwindSafe, time::Duration};

use futures_util::FutureExt;
use tokio::task::JoinHandle;

use crate::domain::error::Result;

/// What panics again and again is tried this seldom in the end.
const LONGEST: Duration = Duration::from_mins(1);

/// What went wrong last.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Trouble {
    None,
    Failed,
    Panicked,
}

/// The turns of one kind of work.
pub(super) struct Turns {
    /// Said of a turn that went wrong.
    what: &'static str,
    trouble: Trouble,
    /// Panics in a row.
    panics: u32,
}

impl Turns {
    /// Of work of which is said `what` when it goes wrong.
    pub(super) fn of(what: &'static str) -> Self {
        Self { what, trouble: Trouble::None, panics: 0 }
    }

    /// Does a turn. `None`: it went wrong, which is said once until one goes well. A panic itself is in the log already.
    pub(super) async fn turn<T>(&mut self, work: impl Future<Output = Result<T>>) -> Option<T> {
        match AssertUnwindSafe(work).catch_unwind().await {
            Ok(Ok(done)) => {
                self.is_news(Trouble::None);
                Some(done)
            }
            Ok(Err(error)) => {
                if self.is_news(Trouble::Failed) {
                    let cause = std::error::Error::source(&error).map(ToString::to_string);
                    tracing::warn!(%error, cause, "{}; trying again", self.what);
                }
                None
            }
            Err(_) => {
                if self.is_news(Trouble::Panicked) {
                    tracing::error!("{}: it panicked; trying again", self.what);
                }
                None
            }
        }
    }

    /// Whether the turn before did not end like that.
    fn is_news(&mut self, trouble: Trouble) -> bool {
        self.panics = if trouble == Trouble::Panicked { self.panics.saturating_add(1) } else { 0 };
        std::mem::replace(&mut self.trouble, trouble) != trouble
    }

    /// How long to wait for the next turn where that is `period` usually: twice as long after each panic, up to a minute.
    pub(super) fn pause(&self, period: Duration) -> Duration {
        period.saturating_mul(1 << self.panics.min(10)).min(LONGEST.max(period))
    }
}

/// Works in a task of its own, again and again, each time after a pause.
pub(super) fn every<P, W, F>(what: &'static str, mut pause: P, mut work: W) -> JoinHandle<()>
where
    P: FnMut() -> Duration + Send + 'static,
    W: FnMut() -> F + Send + 'static,
    F: Future<Output = Result<()>> + Send + 'static,
{
    tokio::spawn(async move {
        let mut turns = Turns::of(what);
        loop {
            tokio::time::sleep(turns.pause(pause())).await;
            turns.turn(work()).await;
        }
    })
}

#[cfg(test)]
mod tests {
    use std::sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    };

    use super::*;
    use crate::domain::error::Error;

    const PERIOD: Duration = Duration::from_millis(500);

    #[tokio::test(start_paused = true)]
    async fn a_turn_that_panics_ends_nothing() {
        let count = Arc::new(AtomicUsize::new(0));
        let counted = count.clone();
        let work = move || {
            let turn = counted.fetch_add(1, Ordering::SeqCst);
            async move {
                // as what a change of the vault's does in a task of its own comes back
                let begun = tokio::spawn(async move { assert!(turn > 2, "the first turns panic") });
                begun.await.map_err(|stopped| -> Error { std::panic::resume_unwind(stopped.into_panic()) })
            }
        };
        let task = every("nothing is counted", || PERIOD, work);
        tokio::time::sleep(PERIOD * 100).await;
        assert!(!task.is_finished());
        let turns = count.load(Ordering::SeqCst);
        assert!(turns > 50, "{turns}: once it goes well it goes on as often as before");
        task.abort();
    }

    #[tokio::test]
    async fn what_goes_wrong_again_and_again_is_said_once_and_tried_more_seldom_after_panics() {
        let mut turns = Turns::of("nothing is done");
        let news =
            [Trouble::Failed, Trouble::Failed, Trouble::Panicked, Trouble::Panicked, Trouble::None, Trouble::Failed]
                .map(|trouble| turns.is_news(trouble));
        assert_eq!(news, [true, false, true, false, true, true]);
        assert_eq!(turns.pause(PERIOD), PERIOD);
        let failed = turns.turn(async { Err::<(), _>(Error::Overloaded) }).await;
        let panics = || async {
            assert!(std::hint::black_box(false), "again");
            Ok(())
        };
        assert_eq!((failed, turns.pause(PERIOD)), (None, PERIOD));
        for times in [2, 4, 8] {
            assert_eq!((turns.turn(panics()).await, turns.pause(PERIOD)), (None, PERIOD * times));
        }
        for _ in 0..40 {
            turns.turn(panics()).await;
        }
        assert_eq!((turns.pause(PERIOD), turns.pause(2 * LONGEST)), (LONGEST, 2 * LONGEST));
        assert_eq!((turns.turn(async { Ok(7) }).await, turns.pause(PERIOD)), (Some(7), PERIOD));
    }
}
