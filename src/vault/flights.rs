//! One for all who ask for the very same thing at the same moment: one of them finds it out, the others wait and find it
//! remembered. Knows nothing of what is asked for.

use std::{
    collections::{HashMap, hash_map::Entry},
    future::Future,
    sync::{Arc, Mutex, PoisonError},
};

use crate::domain::error::{Error, Result};

/// After so many who have found it out without anybody's remembering it, nobody waits for another one any more.
const FORGOTTEN: u32 = 3;

/// What something is asked for by.
type Key = [u8; 32];

/// What is being found out at this moment.
#[derive(Default)]
pub(super) struct Flights {
    under_way: Mutex<HashMap<Key, Flight>>,
}

#[derive(Default)]
struct Flight {
    aboard: usize,
    turn: Arc<tokio::sync::Mutex<SoFar>>,
}

/// How it went for those who have had their turn.
#[derive(Clone, Copy)]
enum SoFar {
    /// It was found, but is not remembered: so many times.
    Found(u32),
    /// It was not.
    Failed,
    /// The database did not answer.
    Overloaded,
}

impl Default for SoFar {
    fn default() -> Self {
        Self::Found(0)
    }
}

impl Flights {
    /// What is remembered by now, or what is then found, which is to remember it before it ends. Whoever comes while somebody
    /// is finding it out waits and recalls it; only what was found is shared. When somebody has failed, all who have waited
    /// try for themselves, at once and as if they had been alone; when somebody goes away, the next one takes over.
    ///
    /// # Errors
    /// Those of finding it; [`Error::Overloaded`] also for those who have waited for one who met it.
    pub(super) async fn share<T>(
        &self,
        key: Key,
        recall: impl Fn() -> Option<T>,
        find: impl Future<Output = Result<T>>,
    ) -> Result<T> {
        {
            let seat = self.board(key);
            let mut so_far = seat.turn.lock().await;
            if let Some(remembered) = recall() {
                return Ok(remembered);
            }
            let before = *so_far;
            match before {
                SoFar::Found(times) if times < FORGOTTEN => {
                    let found = find.await;
                    *so_far = match &found {
                        Ok(_) => SoFar::Found(times + 1),
                        Err(Error::Overloaded) => SoFar::Overloaded,
                        Err(_) => SoFar::Failed,
                    };
                    if matches!(*so_far, SoFar::Overloaded) {
                        // who comes later tries again
                        seat.leave_alone();
                    }
                    return found;
                }
                // to let each try would only let all of them wait as long again
                SoFar::Overloaded => return Err(Error::Overloaded),
                SoFar::Found(_) | SoFar::Failed => {}
            }
        }
        find.await
    }

    fn board(&self, key: Key) -> Seat<'_> {
        let mut under_way = self.under_way.lock().unwrap_or_else(PoisonError::into_inner);
        let flight = under_way.entry(key).or_default();
        flight.aboard += 1;
        Seat { flights: self, key, turn: flight.turn.clone() }
    }
}

/// One of those who wait, or whose turn it is. The last to leave takes the flight along.
struct Seat<'a> {
    flights: &'a Flights,
    key: Key,
    turn: Arc<tokio::sync::Mutex<SoFar>>,
}

impl Seat<'_> {
    /// Lets nobody else aboard: the next one begins another flight.
    fn leave_alone(&self) {
        let mut under_way = self.flights.under_way.lock().unwrap_or_else(PoisonError::into_inner);
        if let Entry::Occupied(flight) = under_way.entry(self.key)
            && Arc::ptr_eq(&flight.get().turn, &self.turn)
        {
            flight.remove();
        }
    }
}

impl Drop for Seat<'_> {
    fn drop(&mut self) {
        let mut under_way = self.flights.under_way.lock().unwrap_or_else(PoisonError::into_inner);
        if let Entry::Occupied(mut flight) = under_way.entry(self.key)
            && Arc::ptr_eq(&flight.get().turn, &self.turn)
        {
            flight.get_mut().aboard -= 1;
            if flight.get().aboard == 0 {
                flight.remove();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::{
        sync::atomic::{AtomicU32, Ordering},
        time::Duration,
    };

    use futures_util::future::join_all;

    use super::*;

    const KEY: Key = [7; 32];

    /// What somebody remembers, how often it was found out, and how many did so at most at the same time.
    #[derive(Default)]
    struct World {
        flights: Flights,
        remembered: Mutex<Option<u32>>,
        begun: AtomicU32,
        at_it: AtomicU32,
        most: AtomicU32,
    }

    impl World {
        /// Asks; `found` says what the one finds out who begins as such a number.
        async fn ask(&self, key: Key, remembers: bool, found: impl Fn(u32) -> Result<u32>) -> Result<u32> {
            let recall = || *self.remembered.lock().unwrap();
            self.flights
                .share(key, recall, async {
                    let number = self.begun.fetch_add(1, Ordering::SeqCst);
                    self.most.fetch_max(self.at_it.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                    tokio::time::sleep(Duration::from_millis(2)).await;
                    self.at_it.fetch_sub(1, Ordering::SeqCst);
                    let answer = found(number)?;
                    if remembers {
                        *self.remembered.lock().unwrap() = Some(answer);
                    }
                    Ok(answer)
                })
                .await
        }

        fn begun(&self) -> u32 {
            self.begun.load(Ordering::SeqCst)
        }

        fn most(&self) -> u32 {
            self.most.load(Ordering::SeqCst)
        }

        fn is_over(&self) -> bool {
            self.flights.under_way.lock().unwrap().is_empty()
        }
    }

    #[tokio::test(start_paused = true)]
    async fn of_those_who_come_at_once_one_finds_it_out() {
        let world = World::default();
        let answers = join_all((0..64).map(|_| world.ask(KEY, true, |_| Ok(5)))).await;
        assert!(answers.iter().all(|answer| matches!(answer, Ok(5))));
        assert_eq!(world.begun(), 1);
        assert!(world.is_over());
    }

    #[tokio::test(start_paused = true)]
    async fn nobody_waits_for_who_asks_for_something_else() {
        let world = World::default();
        join_all((0..8).map(|n| world.ask([n; 32], false, |_| Ok(5)))).await;
        assert_eq!((world.begun(), world.most()), (8, 8));
    }

    #[tokio::test(start_paused = true)]
    async fn a_failure_is_nobody_elses_and_who_has_waited_tries_at_once_with_the_others() {
        let world = World::default();
        let answers = join_all((0..64).map(|_| world.ask(KEY, true, |_| Err(Error::BadCredentials)))).await;
        assert!(answers.iter().all(|answer| matches!(answer, Err(Error::BadCredentials))));
        assert_eq!((world.begun(), world.most()), (64, 63));
        assert!(world.is_over());
        // which is over with them: who comes now waits again
        join_all((0..64).map(|_| world.ask(KEY, true, |_| Ok(5)))).await;
        assert_eq!(world.begun(), 65);
    }

    #[tokio::test(start_paused = true)]
    async fn what_cannot_be_remembered_is_soon_found_out_by_each_alone() {
        let world = World::default();
        let answers = join_all((0..64).map(|_| world.ask(KEY, false, Ok))).await;
        let mut found: Vec<u32> = answers.into_iter().map(Result::unwrap).collect();
        found.sort_unstable();
        assert_eq!(found, (0..64).collect::<Vec<_>>());
        assert_eq!(world.most(), 64 - FORGOTTEN);
        assert!(world.is_over());
    }

    #[tokio::test(start_paused = true)]
    async fn where_the_database_does_not_answer_one_all_are_told_so() {
        let world = World::default();
        let answers = join_all((0..64).map(|_| world.ask(KEY, true, |_| Err(Error::Overloaded)))).await;
        assert!(answers.iter().all(|answer| matches!(answer, Err(Error::Overloaded))));
        assert_eq!(world.begun(), 1);
        assert!(world.is_over());
    }

    #[tokio::test(start_paused = true)]
    async fn when_the_one_who_finds_it_out_goes_away_another_takes_over() {
        let world = World::default();
        let hasty = tokio::time::timeout(Duration::from_millis(1), world.ask(KEY, true, |_| Ok(5)));
        let others = join_all((0..8).map(|_| world.ask(KEY, true, |_| Ok(5))));
        let (gone, answers) = tokio::join!(hasty, others);
        assert!(gone.is_err());
        assert!(answers.iter().all(|answer| matches!(answer, Ok(5))));
        assert_eq!(world.begun(), 2);
        assert!(world.is_over());
    }

    #[tokio::test(start_paused = true)]
    async fn who_goes_away_while_waiting_leaves_nothing_behind() {
        let world = World::default();
        let first = world.ask(KEY, true, |_| Ok(5));
        let hasty = tokio::time::timeout(Duration::from_millis(1), world.ask(KEY, true, |_| Ok(5)));
        let (found, gone) = tokio::join!(first, hasty);
        assert!(matches!(found, Ok(5)) && gone.is_err());
        assert_eq!(world.begun(), 1);
        assert!(world.is_over());
    }
}
