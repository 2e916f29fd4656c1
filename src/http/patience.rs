//! A byte stream that does not wait for ever: cuts slow heads and stuck writes, and closes so that answers arrive.

use std::{
    io,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU8, Ordering},
    },
    task::{Context, Poll, ready},
    time::Duration,
};

use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    time::{Sleep, sleep},
};

/// How long we go on reading from a client after our last word.
const LINGER: Duration = Duration::from_secs(2);

/// Where a connection stands: shared by its stream, its requests and their bodies.
#[derive(Clone, Debug)]
pub(super) struct Phase(Arc<State>);

#[derive(Debug)]
struct State {
    step: AtomicU8,
    served: AtomicBool,
    unread: AtomicBool,
}

/// No byte of the next request has come.
const IDLE: u8 = 0;
/// A head has begun to come; a new connection counts as one.
const HEAD: u8 = 1;
/// A request is with its handler, or its answer is on the way.
const BUSY: u8 = 2;

impl Phase {
    pub(super) fn new() -> Self {
        let (served, unread) = (AtomicBool::new(false), AtomicBool::new(false));
        Self(Arc::new(State { step: AtomicU8::new(HEAD), served, unread }))
    }

    /// A head is complete and its request begins.
    pub(super) fn busy(&self) {
        self.0.step.store(BUSY, Ordering::Release);
        self.0.served.store(true, Ordering::Release);
        self.0.unread.store(false, Ordering::Release);
    }

    /// The answer has been given away; the next head may come.
    pub(super) fn idle(&self) {
        self.0.step.store(IDLE, Ordering::Release);
    }

    /// The client may be sending what nobody is going to read.
    pub(super) fn leave_unread(&self) {
        self.0.unread.store(true, Ordering::Release);
    }

    /// Whether any request has been read on this connection.
    pub(super) fn has_served(&self) -> bool {
        self.0.served.load(Ordering::Acquire)
    }

    fn has_unread(&self) -> bool {
        self.0.unread.load(Ordering::Acquire)
    }

    fn is(&self, step: u8) -> bool {
        self.0.step.load(Ordering::Acquire) == step
    }

    fn begin_head(&self) {
        self.0.step.store(HEAD, Ordering::Release);
    }
}

/// A stream with time limits on what its client does.
pub(super) struct Patient<I> {
    inner: I,
    phase: Phase,
    head: Alarm,
    write: Alarm,
    closing: Option<Closing>,
}

struct Closing {
    alarm: Pin<Box<Sleep>>,
    flushed: bool,
}

impl<I> Patient<I> {
    /// `head`: from the first byte of a head (or from accepting) to its last. `write`: without one byte taken.
    pub(super) fn new(inner: I, phase: Phase, head: Duration, write: Duration) -> Self {
        Self { inner, phase, head: Alarm::new(head), write: Alarm::new(write), closing: None }
    }
}

impl<I: AsyncRead + Unpin> AsyncRead for Patient<I> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let poll = Pin::new(&mut self.inner).poll_read(context, buffer);
        if poll.is_ready() && buffer.filled().len() > before && self.phase.is(IDLE) {
            self.phase.begin_head();
        }
        if !self.phase.is(HEAD) {
            self.head.clear();
            return poll;
        }
        // Checked on ready reads as well: a client that dribbles always has a byte ready.
        match self.head.poll(context) {
            Poll::Ready(error) => Poll::Ready(Err(error)),
            Poll::Pending => poll,
        }
    }
}

impl<I: AsyncRead + AsyncWrite + Unpin> Patient<I> {
    fn watch(&mut self, context: &mut Context<'_>, poll: Poll<io::Result<usize>>) -> Poll<io::Result<usize>> {
        match poll {
            Poll::Ready(result) => {
                self.write.clear();
                Poll::Ready(result)
            }
            Poll::Pending => self.write.poll(context).map(Err),
        }
    }
}

impl<I: AsyncRead + AsyncWrite + Unpin> AsyncWrite for Patient<I> {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let poll = Pin::new(&mut self.inner).poll_write(context, bytes);
        self.watch(context, poll)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let poll = Pin::new(&mut self.inner).poll_write_vectored(context, slices);
        self.watch(context, poll)
    }

    fn is_write_vectored(&self) -> bool {
        self.inner.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_flush(context)
    }

    /// Says we are done; then, if the client may still be sending, reads on for a moment.
    ///
    /// Closing a socket with unread bytes in it resets the connection, and the client may lose an answer that was
    /// given early, such as 401 or 413 in the middle of an upload.
    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let Self { inner, phase, closing, .. } = &mut *self;
        let closing = closing.get_or_insert_with(|| Closing { alarm: Box::pin(sleep(LINGER)), flushed: false });
        if !closing.flushed {
            if closing.alarm.as_mut().poll(context).is_ready() {
                return Poll::Ready(Ok(()));
            }
            ready!(Pin::new(&mut *inner).poll_shutdown(context))?;
            closing.flushed = true;
        }
        if !phase.has_unread() {
            return Poll::Ready(Ok(()));
        }
        let mut scratch = [0; 4096];
        while closing.alarm.as_mut().poll(context).is_pending() {
            let mut buffer = ReadBuf::new(&mut scratch);
            if ready!(Pin::new(&mut *inner).poll_read(context, &mut buffer)).is_err() || buffer.filled().is_empty() {
                break;
            }
        }
        Poll::Ready(Ok(()))
    }
}

/// A time limit that runs only while it is polled.
struct Alarm {
    after: Duration,
    sleep: Option<Pin<Box<Sleep>>>,
}

impl Alarm {
    fn new(after: Duration) -> Self {
        Self { after, sleep: None }
    }

    fn clear(&mut self) {
        self.sleep = None;
    }

    fn poll(&mut self, context: &mut Context<'_>) -> Poll<io::Error> {
        let after = self.after;
        let sleep = self.sleep.get_or_insert_with(|| Box::pin(sleep(after)));
        sleep.as_mut().poll(context).map(|()| io::ErrorKind::TimedOut.into())
    }
}
