//! What is brought to an end once it was begun, also where nobody waits for it any more. Knows nothing of what that is.

use std::{
    future::Future,
    pin::Pin,
    task::{Context, Poll},
};

use tokio::runtime::Handle;
use tracing::{Instrument, Span};

/// Work that goes on in a task of its own when whoever waited for it goes away. As long as they wait, it runs in theirs: to wake
/// another one and be woken by it costs more than many a piece of work.
///
/// Whoever has one polls it until it is done or drops it: what it holds, others may be waiting for.
pub(super) struct Begun<T: Send + 'static> {
    rest: Option<Pin<Box<dyn Future<Output = T> + Send>>>,
    span: Span,
}

impl<T: Send + 'static> Begun<T> {
    /// Apart from whoever waits: their own future does not carry it along.
    pub(super) fn new(work: impl Future<Output = T> + Send + 'static) -> Self {
        Self { rest: Some(Box::pin(work)), span: Span::current() }
    }
}

impl<T: Send + 'static> Future for Begun<T> {
    type Output = T;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<T> {
        // what panics is not there any more to be gone on with
        let Some(mut rest) = self.rest.take() else { return Poll::Pending };
        let polled = rest.as_mut().poll(context);
        if polled.is_pending() {
            self.rest = Some(rest);
        }
        polled
    }
}

impl<T: Send + 'static> Drop for Begun<T> {
    fn drop(&mut self) {
        if let (Some(rest), Ok(runtime)) = (self.rest.take(), Handle::try_current()) {
            runtime.spawn(rest.instrument(self.span.clone()));
        }
    }
}

#[cfg(test)]
mod tests {
    use std::{
        sync::{
            Arc,
            atomic::{AtomicUsize, Ordering},
        },
        time::Duration,
    };

    use super::*;

    #[tokio::test]
    async fn what_is_waited_for_gives_its_answer() {
        assert_eq!(Begun::new(async { 1 }).await, 1);
        let slow = async {
            tokio::task::yield_now().await;
            2
        };
        assert_eq!(Begun::new(slow).await, 2);
    }

    #[tokio::test(start_paused = true)]
    async fn what_nobody_waits_for_any_more_is_brought_to_its_end_once() {
        let ends = Arc::new(AtomicUsize::new(0));
        let work = {
            let ends = ends.clone();
            async move {
                tokio::time::sleep(Duration::from_secs(2)).await;
                ends.fetch_add(1, Ordering::SeqCst);
            }
        };
        let gone = tokio::time::timeout(Duration::from_secs(1), Begun::new(work)).await;
        assert!(gone.is_err());
        assert_eq!(ends.load(Ordering::SeqCst), 0);
        tokio::time::sleep(Duration::from_secs(5)).await;
        assert_eq!(ends.load(Ordering::SeqCst), 1);
    }

    #[tokio::test]
    async fn what_panics_is_not_gone_on_with() {
        let begun = Begun::new(async { panic!("as it must") });
        let stopped: Result<(), _> = tokio::spawn(begun).await;
        assert!(stopped.is_err_and(|stopped| stopped.is_panic()));
    }
}
