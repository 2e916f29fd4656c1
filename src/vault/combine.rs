//! Putting together what is asked at the same time: while one statement is with the database, whatever else is asked for
//! waits and becomes the next one. No timer, so nothing waits when nobody else asks. Knows nothing of what is asked.

use std::{collections::HashSet, future::Future, hash::Hash, pin::Pin, sync::Arc};

use tokio::sync::{Semaphore, mpsc, oneshot};

use crate::domain::error::{Error, Result};

/// The most that goes into one statement.
const BATCH: usize = 128;

/// The most that waits; who comes then is told at once that it is too much.
const WAITING: usize = 4096;

/// Something that can be asked together with others of its kind.
pub(super) trait Asked: Clone + Send + 'static {
    /// What is answered.
    type Answer: Send + 'static;
    /// What must not stand twice in one statement.
    type Key: Hash + Eq + Send;

    /// What it is about.
    fn key(&self) -> Self::Key;
}

type Answers<A> = Pin<Box<dyn Future<Output = sqlx::Result<Vec<A>>> + Send>>;
type Statement<Q> = dyn Fn(Vec<Q>) -> Answers<<Q as Asked>::Answer> + Send + Sync;

/// A queue before a statement that takes many at once. Ends when it is dropped.
pub(super) struct Combiner<Q: Asked> {
    queue: mpsc::Sender<Waiting<Q>>,
    turn: Arc<Semaphore>,
    statement: Arc<Statement<Q>>,
}

struct Waiting<Q: Asked> {
    asked: Q,
    answer: oneshot::Sender<sqlx::Result<Q::Answer>>,
}

impl<Q: Asked> Combiner<Q> {
    /// Over a statement that answers in the order it was asked, one answer for each.
    pub(super) fn new<S, F>(statement: S) -> Self
    where
        S: Fn(Vec<Q>) -> F + Send + Sync + 'static,
        F: Future<Output = sqlx::Result<Vec<Q::Answer>>> + Send + 'static,
    {
        let statement: Arc<Statement<Q>> = Arc::new(move |asked| Box::pin(statement(asked)));
        let (queue, waiting) = mpsc::channel(WAITING);
        // one batch at a time: what comes meanwhile makes the next one larger, which costs less than a second connection
        let turn = Arc::new(Semaphore::new(1));
        tokio::spawn(serve(waiting, turn.clone(), statement.clone()));
        Self { queue, turn, statement }
    }

    /// Asks, together with whoever asks meanwhile.
    ///
    /// # Errors
    /// [`Error::Overloaded`] when too many wait already; the statement's own.
    pub(super) async fn ask(&self, asked: Q) -> Result<Q::Answer> {
        // nobody waits and nothing runs: no detour through another task
        if self.queue.capacity() == WAITING
            && let Ok(_turn) = self.turn.try_acquire()
        {
            return alone(&*self.statement, asked).await.map_err(Error::from);
        }
        let (answer, answered) = oneshot::channel();
        self.queue.try_send(Waiting { asked, answer }).map_err(|_| Error::Overloaded)?;
        answered.await.map_err(|_| Error::Overloaded)?.map_err(Error::from)
    }
}

/// Runs what waits, as many at once as have come, until nobody can ask any more.
async fn serve<Q: Asked>(mut queue: mpsc::Receiver<Waiting<Q>>, turn: Arc<Semaphore>, statement: Arc<Statement<Q>>) {
    let mut held_back = Vec::new();
    loop {
        if held_back.is_empty() {
            match queue.recv().await {
                Some(first) => held_back.push(first),
                None => return,
            }
        }
        let Ok(_turn) = turn.acquire().await else { return };
        let batch = next(&mut queue, &mut held_back);
        run(&*statement, batch).await;
    }
}

/// As many as may go together. What is about the same thing as one before it is held back for the next time.
fn next<Q: Asked>(queue: &mut mpsc::Receiver<Waiting<Q>>, held_back: &mut Vec<Waiting<Q>>) -> Vec<Waiting<Q>> {
    let mut keys = HashSet::new();
    let mut batch = Vec::new();
    let mut later = Vec::new();
    let waiting = std::mem::take(held_back).into_iter().chain(std::iter::from_fn(|| queue.try_recv().ok()));
    for one in waiting.take(2 * BATCH) {
        if batch.len() < BATCH && keys.insert(one.asked.key()) {
            batch.push(one);
        } else {
            later.push(one);
        }
    }
    *held_back = later;
    batch
}

async fn run<Q: Asked>(statement: &Statement<Q>, batch: Vec<Waiting<Q>>) {
    // whoever has gone meanwhile is still answered by the database: what was begun is done
    let asked: Vec<Q> = batch.iter().map(|one| one.asked.clone()).collect();
    match statement(asked).await {
        Ok(answers) if answers.len() == batch.len() => {
            for (one, answer) in batch.into_iter().zip(answers) {
                // the one who asked may have gone
                let _ = one.answer.send(Ok(answer));
            }
        }
        // one bad request must not be the end of those that happened to stand beside it
        Ok(_) | Err(_) => {
            for one in batch {
                let answer = alone(statement, one.asked).await;
                let _ = one.answer.send(answer);
            }
        }
    }
}

async fn alone<Q: Asked>(statement: &Statement<Q>, asked: Q) -> sqlx::Result<Q::Answer> {
    let answers = statement(vec![asked]).await?;
    answers.into_iter().next().ok_or(sqlx::Error::RowNotFound)
}
