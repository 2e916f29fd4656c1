//! Putting together what is asked at the same time: while one statement is with the database, whatever else is asked for
//! waits and becomes the next one. No timer, so nothing waits when nobody else asks. Knows nothing of what is asked.
//!
//! Batches have a thread of their own. The database works on one at a time, so from one's answer to the next one's sending it
//! has nothing to do; among the requests, that would have to wait until all of them that can go on have had their turn.

use std::{
    collections::{HashMap, hash_map::Entry},
    future::{Future, poll_fn},
    hash::Hash,
    pin::Pin,
    sync::Arc,
    task::Poll,
    time::Duration,
};

use sqlx::PgConnection;
use tokio::{
    runtime::{Builder, Handle, Runtime},
    sync::{Semaphore, mpsc, oneshot},
};

use super::{begun::Begun, line::Line};
use crate::domain::error::{Error, Result};

/// The most that goes into one statement.
const BATCH: usize = 128;

/// For so long a statement is waited for. What it does may still be done after that.
const PATIENCE: Duration = Duration::from_secs(5);

/// The most that waits; who comes then is told at once that it is too much.
const WAITING: usize = 4096;

/// Something that can be asked together with others of its kind.
pub(super) trait Asked: Clone + Send + 'static {
    /// What is answered.
    type Answer: Send + 'static;
    /// What must not stand twice in one statement, unless those that are about it say so.
    type Key: Hash + Eq + Send;

    /// What it is about.
    fn key(&self) -> Self::Key;

    /// Whether it may stand in one statement with another that is about the same thing and was asked before it.
    fn goes_with(&self, _earlier: &Self) -> bool {
        false
    }
}

type Answers<A> = Pin<Box<dyn Future<Output = sqlx::Result<Vec<A>>> + Send>>;
type Statement<Q> = dyn Fn(Vec<Q>) -> Answers<<Q as Asked>::Answer> + Send + Sync;

/// The thread that batches have of their own. Ends when it is dropped.
pub(super) struct Apart(Option<Runtime>);

impl Apart {
    /// Begins it.
    pub(super) fn begin() -> Result<Self> {
        let runtime = Builder::new_multi_thread().worker_threads(1).thread_name("combiner").enable_all().build();
        Ok(Self(Some(runtime.map_err(Error::broken)?)))
    }

    /// Where batches are run.
    pub(super) fn handle(&self) -> Handle {
        self.0.as_ref().map_or_else(Handle::current, |runtime| runtime.handle().clone())
    }
}

impl Drop for Apart {
    fn drop(&mut self) {
        if let Some(runtime) = self.0.take() {
            // whoever still waits for an answer keeps the vault, and with it this
            runtime.shutdown_background();
        }
    }
}

/// Whose statements are with the database one at a time: what comes meanwhile makes the next one larger, which costs less than
/// a second connection.
#[derive(Clone)]
pub(super) struct Turn(Arc<Semaphore>);

impl Turn {
    pub(super) fn new() -> Self {
        Self(Arc::new(Semaphore::new(1)))
    }
}

/// A queue before a statement that takes many at once. Ends when it is dropped.
pub(super) struct Combiner<Q: Asked> {
    queue: mpsc::Sender<Waiting<Q>>,
    turn: Turn,
    statement: Arc<Statement<Q>>,
}

struct Waiting<Q: Asked> {
    asked: Q,
    answer: oneshot::Sender<sqlx::Result<Q::Answer>>,
}

impl<Q: Asked> Combiner<Q> {
    /// Over a statement that is asked over this line, and gives it back when it came to an end.
    pub(super) fn over<S, F>(line: Line, apart: &Handle, turn: Turn, statement: S) -> Self
    where
        S: Fn(PgConnection, Vec<Q>) -> F + Clone + Send + Sync + 'static,
        F: Future<Output = sqlx::Result<(PgConnection, Vec<Q::Answer>)>> + Send + 'static,
    {
        let line = Arc::new(line);
        Self::new(apart, turn, move |asked| {
            let (line, statement) = (line.clone(), statement.clone());
            async move {
                let (connection, answers) = statement(line.open().await?, asked).await?;
                line.give_back(connection);
                Ok(answers)
            }
        })
    }

    /// Over a statement that answers in the order it was asked, one answer for each; batches of it run there, when it is their
    /// turn.
    pub(super) fn new<S, F>(apart: &Handle, turn: Turn, statement: S) -> Self
    where
        S: Fn(Vec<Q>) -> F + Send + Sync + 'static,
        F: Future<Output = sqlx::Result<Vec<Q::Answer>>> + Send + 'static,
    {
        let statement: Arc<Statement<Q>> = Arc::new(move |asked| {
            let answers = statement(asked);
            // a server that says nothing any more must not keep all who come later waiting
            Box::pin(async { tokio::time::timeout(PATIENCE, answers).await.unwrap_or(Err(sqlx::Error::PoolTimedOut)) })
        });
        let (queue, waiting) = mpsc::channel(WAITING);
        apart.spawn(serve(waiting, turn.clone(), statement.clone()));
        Self { queue, turn, statement }
    }

    /// Asks, together with whoever asks meanwhile.
    ///
    /// # Errors
    /// [`Error::Overloaded`] when too many wait already; the statement's own.
    pub(super) async fn ask(&self, asked: Q) -> Result<Q::Answer> {
        self.try_ask(asked).await.map_err(Error::from)
    }

    /// The same for who knows what it means when the database refuses what they asked.
    ///
    /// # Errors
    /// The statement's own, for this one alone; [`sqlx::Error::PoolTimedOut`] when too many wait already.
    pub(super) async fn try_ask(&self, asked: Q) -> sqlx::Result<Q::Answer> {
        // nobody waits and nothing runs: no detour through another thread
        if self.queue.capacity() == WAITING
            && let Ok(turn) = self.turn.0.clone().try_acquire_owned()
        {
            let statement = self.statement.clone();
            // who goes away does not take along what the statement goes over
            let asking = Begun::new(async move {
                let answer = alone(&*statement, asked).await;
                drop(turn);
                answer
            });
            return asking.await;
        }
        let (answer, answered) = oneshot::channel();
        self.queue.try_send(Waiting { asked, answer }).map_err(|_| sqlx::Error::PoolTimedOut)?;
        answered.await.map_err(|_| sqlx::Error::PoolTimedOut)?
    }
}

/// Runs what waits, as many at once as have come, until nobody can ask any more.
///
/// Whoever waits is on their way before the answers to those before them are handed out: so the database has something to do
/// meanwhile, and nobody who wakes up with an answer comes in between.
async fn serve<Q: Asked>(mut queue: mpsc::Receiver<Waiting<Q>>, turn: Turn, statement: Arc<Statement<Q>>) {
    let mut held_back = Vec::new();
    let mut answered = Vec::new();
    loop {
        if held_back.is_empty() {
            let first = match queue.try_recv() {
                Ok(first) => Some(first),
                Err(_) => {
                    hand_out(&mut answered);
                    queue.recv().await
                }
            };
            match first {
                Some(first) => held_back.push(first),
                None => return,
            }
        }
        let _turn = match turn.0.try_acquire() {
            Ok(turn) => turn,
            Err(_) => {
                hand_out(&mut answered);
                let Ok(turn) = turn.0.acquire().await else { return };
                turn
            }
        };
        let batch = next(&mut queue, &mut held_back);
        // whoever has gone meanwhile is still answered by the database: what was begun is done
        let mut answers = statement(batch.iter().map(|one| one.asked.clone()).collect());
        let at_once = poll_fn(|context| Poll::Ready(answers.as_mut().poll(context))).await;
        hand_out(&mut answered);
        let answers = match at_once {
            Poll::Ready(answers) => answers,
            Poll::Pending => answers.await,
        };
        answered = sort_out(&*statement, batch, answers).await;
    }
}

/// An answer, and who waits for it.
type Answered<A> = (oneshot::Sender<sqlx::Result<A>>, sqlx::Result<A>);

fn hand_out<A>(answered: &mut Vec<Answered<A>>) {
    for (waiting, answer) in answered.drain(..) {
        // the one who asked may have gone
        let _ = waiting.send(answer);
    }
}

/// As many as may go together. What is about the same thing as one before it, and does not go with that, is held back for the
/// next time.
fn next<Q: Asked>(queue: &mut mpsc::Receiver<Waiting<Q>>, held_back: &mut Vec<Waiting<Q>>) -> Vec<Waiting<Q>> {
    // where in the batch the first about each thing stands
    let mut firsts: HashMap<Q::Key, usize> = HashMap::new();
    let mut batch: Vec<Waiting<Q>> = Vec::new();
    let mut later = Vec::new();
    let waiting = std::mem::take(held_back).into_iter().chain(std::iter::from_fn(|| queue.try_recv().ok()));
    for one in waiting.take(2 * BATCH) {
        let fits = batch.len() < BATCH
            && match firsts.entry(one.asked.key()) {
                Entry::Occupied(first) => {
                    batch.get(*first.get()).is_some_and(|first| one.asked.goes_with(&first.asked))
                }
                Entry::Vacant(none) => {
                    none.insert(batch.len());
                    true
                }
            };
        if fits {
            batch.push(one);
        } else {
            later.push(one);
        }
    }
    *held_back = later;
    batch
}

/// Whose answer is which. Where the statement failed, each is asked once more alone.
async fn sort_out<Q: Asked>(
    statement: &Statement<Q>,
    batch: Vec<Waiting<Q>>,
    answers: sqlx::Result<Vec<Q::Answer>>,
) -> Vec<Answered<Q::Answer>> {
    match answers {
        Ok(answers) if answers.len() == batch.len() => {
            batch.into_iter().zip(answers).map(|(one, answer)| (one.answer, Ok(answer))).collect()
        }
        // nobody was at fault: to try each alone would only let all of them wait as long again, one after the other
        Err(error) if is_outage(&error) => {
            tracing::warn!(%error, "the database did not answer {} who asked together", batch.len());
            batch.into_iter().map(|one| (one.answer, Err(sqlx::Error::PoolTimedOut))).collect()
        }
        // one bad request must not be the end of those that happened to stand beside it
        Ok(_) | Err(_) => {
            for one in batch {
                let answer = alone(statement, one.asked).await;
                // the one who asked may have gone
                let _ = one.answer.send(answer);
            }
            Vec::new()
        }
    }
}

/// Whether it is the way to the database that failed, and not what was asked.
fn is_outage(error: &sqlx::Error) -> bool {
    matches!(
        error,
        sqlx::Error::PoolTimedOut
            | sqlx::Error::PoolClosed
            | sqlx::Error::WorkerCrashed
            | sqlx::Error::Io(_)
            | sqlx::Error::Tls(_)
            | sqlx::Error::Protocol(_)
    )
}

async fn alone<Q: Asked>(statement: &Statement<Q>, asked: Q) -> sqlx::Result<Q::Answer> {
    let answers = statement(vec![asked]).await?;
    answers.into_iter().next().ok_or(sqlx::Error::RowNotFound)
}

#[cfg(test)]
mod tests {
    use std::sync::{
        Mutex,
        atomic::{AtomicBool, Ordering},
    };

    use super::*;

    /// A number about a thing. 13 poisons every statement that it stands in, and at [`OUTAGE`] the database is gone. Those from
    /// [`SOCIABLE`] on go with each other.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    struct Ask {
        about: u32,
        number: u32,
    }

    impl Asked for Ask {
        type Answer = u32;
        type Key = u32;

        fn key(&self) -> u32 {
            self.about
        }

        fn goes_with(&self, earlier: &Self) -> bool {
            self.number >= SOCIABLE && earlier.number >= SOCIABLE
        }
    }

    const SOCIABLE: u32 = 500;
    const OUTAGE: u32 = 1000;

    type Batches = Arc<Mutex<Vec<Vec<Ask>>>>;

    /// Answers the double of each number once `open` says so, and notes what stood together.
    fn doubling(open: &Arc<AtomicBool>) -> (Combiner<Ask>, Batches) {
        let batches = Batches::default();
        let (noted, open) = (batches.clone(), open.clone());
        let combiner = Combiner::new(&Handle::current(), Turn::new(), move |asked: Vec<Ask>| {
            let (noted, open) = (noted.clone(), open.clone());
            async move {
                while !open.load(Ordering::SeqCst) {
                    tokio::time::sleep(Duration::from_millis(1)).await;
                }
                noted.lock().unwrap().push(asked.clone());
                if asked.iter().any(|ask| ask.number == 13) {
                    return Err(sqlx::Error::Encode("bad luck".into()));
                }
                if asked.iter().any(|ask| ask.number == OUTAGE) {
                    return Err(sqlx::Error::PoolTimedOut);
                }
                Ok(asked.iter().map(|ask| ask.number * 2).collect())
            }
        });
        (combiner, batches)
    }

    /// Asks all of these at once, the first one alone and the others while it is with the database.
    async fn at_once(combiner: Combiner<Ask>, open: &AtomicBool, asks: &[Ask]) -> Vec<Result<u32>> {
        let combiner = Arc::new(combiner);
        let mut answers = Vec::new();
        for ask in asks.iter().copied() {
            let combiner = combiner.clone();
            answers.push(tokio::spawn(async move { combiner.ask(ask).await }));
            tokio::task::yield_now().await;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
        open.store(true, Ordering::SeqCst);
        let mut given = Vec::new();
        for answer in answers {
            given.push(answer.await.unwrap());
        }
        given
    }

    fn asks(numbers: impl IntoIterator<Item = u32>) -> Vec<Ask> {
        numbers.into_iter().map(|number| Ask { about: number, number }).collect()
    }

    #[tokio::test]
    async fn what_is_asked_while_one_is_answered_goes_together_and_each_gets_its_own_answer() {
        let open = Arc::new(AtomicBool::new(false));
        let (combiner, batches) = doubling(&open);
        let answers = at_once(combiner, &open, &asks(0..10)).await;
        assert_eq!(
            answers.into_iter().map(Result::unwrap).collect::<Vec<_>>(),
            (0..10).map(|n| n * 2).collect::<Vec<_>>()
        );
        let sizes: Vec<usize> = batches.lock().unwrap().iter().map(Vec::len).collect();
        assert_eq!(sizes, [1, 9]);
    }

    #[tokio::test]
    async fn nothing_stands_twice_in_a_statement_and_the_first_comes_first() {
        let open = Arc::new(AtomicBool::new(false));
        let (combiner, batches) = doubling(&open);
        let twice = [
            Ask { about: 0, number: 0 },
            Ask { about: 1, number: 1 },
            Ask { about: 1, number: 2 },
            Ask { about: 2, number: 3 },
        ];
        at_once(combiner, &open, &twice).await.into_iter().for_each(|answer| assert!(answer.is_ok()));
        let stood: Vec<Vec<u32>> =
            batches.lock().unwrap().iter().map(|batch| batch.iter().map(|ask| ask.number).collect()).collect();
        assert_eq!(stood, [vec![0], vec![1, 3], vec![2]]);
    }

    #[tokio::test]
    async fn what_goes_with_another_about_the_same_thing_stands_beside_it_in_the_order_it_was_asked() {
        let open = Arc::new(AtomicBool::new(false));
        let (combiner, batches) = doubling(&open);
        let numbers = [0, SOCIABLE, SOCIABLE + 1, 1, SOCIABLE + 2, 2];
        let answers = at_once(combiner, &open, &numbers.map(|number| Ask { about: 7, number })).await;
        let given: Vec<u32> = answers.into_iter().map(Result::unwrap).collect();
        assert_eq!(given, numbers.map(|number| number * 2));
        let stood: Vec<Vec<u32>> =
            batches.lock().unwrap().iter().map(|batch| batch.iter().map(|ask| ask.number).collect()).collect();
        assert_eq!(stood, [vec![0], vec![SOCIABLE, SOCIABLE + 1, SOCIABLE + 2], vec![1], vec![2]]);
    }

    #[tokio::test]
    async fn one_that_fails_fails_alone() {
        let open = Arc::new(AtomicBool::new(false));
        let (combiner, _) = doubling(&open);
        let answers = at_once(combiner, &open, &asks([1, 12, 13, 14])).await;
        let given: Vec<Option<u32>> = answers.into_iter().map(Result::ok).collect();
        assert_eq!(given, [Some(2), Some(24), None, Some(28)]);
    }

    #[tokio::test]
    async fn who_wants_to_know_hears_why_the_database_refused_what_they_asked_alone() {
        let open = Arc::new(AtomicBool::new(false));
        let (combiner, _) = doubling(&open);
        let combiner = Arc::new(combiner);
        let mut answers = Vec::new();
        for ask in asks([1, 13, 14]) {
            let combiner = combiner.clone();
            answers.push(tokio::spawn(async move { combiner.try_ask(ask).await }));
            tokio::task::yield_now().await;
        }
        open.store(true, Ordering::SeqCst);
        let mut given = Vec::new();
        for answer in answers {
            given.push(answer.await.unwrap());
        }
        assert!(matches!(given[..], [Ok(2), Err(sqlx::Error::Encode(_)), Ok(28)]), "{given:?}");
    }

    #[tokio::test]
    async fn where_the_database_is_gone_nobody_waits_for_it_one_after_the_other() {
        let open = Arc::new(AtomicBool::new(false));
        let (combiner, batches) = doubling(&open);
        let answers = at_once(combiner, &open, &asks([1, 12, OUTAGE, 14])).await;
        let given: Vec<Option<u32>> = answers.into_iter().map(Result::ok).collect();
        assert_eq!(given, [Some(2), None, None, None]);
        assert_eq!(batches.lock().unwrap().len(), 2);
    }

    #[tokio::test(start_paused = true)]
    async fn a_statement_that_is_never_answered_keeps_nobody_waiting_for_ever() {
        let combiner = Combiner::new(&Handle::current(), Turn::new(), |asked: Vec<Ask>| async move {
            match asked.as_slice() {
                [Ask { number: 0, .. }] => std::future::pending().await,
                asked => Ok(asked.iter().map(|ask| ask.number).collect()),
            }
        });
        let combiner = Arc::new(combiner);
        let first = tokio::spawn({
            let combiner = combiner.clone();
            async move { combiner.ask(Ask { about: 0, number: 0 }).await }
        });
        tokio::task::yield_now().await;
        assert_eq!(combiner.ask(Ask { about: 1, number: 1 }).await.unwrap(), 1);
        assert!(matches!(first.await.unwrap(), Err(Error::Overloaded)));
    }

    #[tokio::test]
    async fn more_than_may_wait_are_refused_at_once() {
        let open = Arc::new(AtomicBool::new(false));
        let (combiner, batches) = doubling(&open);
        let most = u32::try_from(WAITING + 2 * BATCH).unwrap() + 10;
        let answers = at_once(combiner, &open, &asks((0..most).map(|n| 2 * (n + OUTAGE)))).await;
        let refused = answers.iter().filter(|answer| matches!(answer, Err(Error::Overloaded))).count();
        assert!((1..=2 * BATCH + 10).contains(&refused), "{refused}");
        assert!(batches.lock().unwrap().iter().all(|batch| batch.len() <= BATCH));
    }

    #[tokio::test]
    async fn who_goes_away_keeps_nobody_from_being_answered() {
        let open = Arc::new(AtomicBool::new(false));
        let (combiner, _) = doubling(&open);
        let combiner = Arc::new(combiner);
        let first = tokio::spawn({
            let combiner = combiner.clone();
            async move { combiner.ask(Ask { about: 1, number: 1 }).await }
        });
        tokio::time::sleep(Duration::from_millis(5)).await;
        let waiting = combiner.clone();
        let gone = tokio::time::timeout(Duration::from_millis(5), waiting.ask(Ask { about: 2, number: 2 })).await;
        assert!(gone.is_err());
        // the one whose turn it is goes as well
        first.abort();
        open.store(true, Ordering::SeqCst);
        assert_eq!(combiner.ask(Ask { about: 3, number: 3 }).await.unwrap(), 6);
    }
}
