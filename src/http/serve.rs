//! The listener that holds: slow, silent, greedy and numerous clients are bounded, and a shutdown loses no answer.

use std::{
    convert::Infallible,
    error::Error,
    io,
    net::SocketAddr,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use axum::{Router, body::Body};
use bytes::Bytes;
use http_body::{Frame, SizeHint};
use hyper::{Request, Response, body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::{
    io::{AsyncRead, AsyncWrite, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::Semaphore,
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use tower::ServiceExt;

use super::{
    body::Watched,
    health::Draining,
    origin::Connection,
    patience::{Patient, Phase},
};

/// What the listener lets clients do.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Connections at a time; the next one waits in the kernel's queue.
    pub connections: usize,
    /// From the first byte of a request's head to its last.
    pub head_time: Duration,
    /// How long a connection may stay open without a request. At least `head_time`.
    pub idle_time: Duration,
    /// How long a client may pause inside a request body.
    pub body_pause: Duration,
    /// How long a client may take no byte of its answer.
    pub write_pause: Duration,
    /// Bytes of a head, answered with a bare 431. Rooms have a smaller limit and words of their own.
    pub head_bytes: usize,
    /// Header lines of a request, answered with a bare 431.
    pub header_lines: usize,
    /// After the signal: how long connections are still accepted while `/readyz` says that we are going.
    pub notice: Duration,
    /// After that: how long running requests may take to finish.
    pub drain: Duration,
}

/// The most a connection buffers of what its client sends.
const BUFFER: usize = 128 * 1024;

/// How long a connection that has not sent a whole request may still do so once we are going.
const LAST_CALL: Duration = Duration::from_secs(1);

/// How a drain went.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Drained {
    /// Connections that were open when it began.
    pub open: usize,
    /// Connections that were cut because they did not finish in time.
    pub cut: usize,
}

/// Serves until `shutdown` resolves, then drains: not ready, not accepting, finishing, cutting, in that order.
pub async fn serve(
    listener: TcpListener,
    router: Router,
    limits: Limits,
    draining: Draining,
    shutdown: impl Future<Output = ()>,
) -> Drained {
    let slots = Arc::new(Semaphore::new(limits.connections));
    let tracker = TaskTracker::new();
    let (closing, cut) = (CancellationToken::new(), CancellationToken::new());
    let accepting = async {
        loop {
            // A closed semaphore cannot be: nobody closes it.
            let Ok(slot) = slots.clone().acquire_owned().await else {
                return;
            };
            let (stream, peer) = accept(&listener).await;
            let connection = Served { router: router.clone(), limits, closing: closing.clone(), cut: cut.clone() };
            tracker.spawn(async move {
                connection.tcp(stream, peer).await;
                drop(slot);
            });
        }
    };
    let going = async {
        shutdown.await;
        draining.begin();
        tokio::time::sleep(limits.notice).await;
    };
    tokio::select! {
        () = accepting => {}
        () = going => {}
    }
    drop(listener);

    let open = tracker.len();
    closing.cancel();
    tracker.close();
    if tokio::time::timeout(limits.drain, tracker.wait()).await.is_ok() {
        return Drained { open, cut: 0 };
    }
    let left = tracker.len();
    cut.cancel();
    tracker.wait().await;
    Drained { open, cut: left }
}

/// Resolves at the first SIGTERM or SIGINT.
pub async fn shutdown_signal() -> io::Result<()> {
    use tokio::signal::unix::{SignalKind, signal};
    let (mut terminate, mut interrupt) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
    Ok(())
}

/// The next connection. A client that gave up while it was queued is not an error; running out of files passes.
async fn accept(listener: &TcpListener) -> (TcpStream, SocketAddr) {
    loop {
        match listener.accept().await {
            Ok(accepted) => return accepted,
            Err(error) if is_of_one_connection(&error) => {}
            Err(error) => {
                tracing::error!(%error, "cannot accept connections; trying again in a second");
                tokio::time::sleep(Duration::from_secs(1)).await;
            }
        }
    }
}

fn is_of_one_connection(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::ConnectionAborted | io::ErrorKind::ConnectionRefused | io::ErrorKind::ConnectionReset
    )
}

/// All that one connection needs of the server.
struct Served {
    router: Router,
    limits: Limits,
    closing: CancellationToken,
    cut: CancellationToken,
}

impl Served {
    async fn tcp(self, stream: TcpStream, peer: SocketAddr) {
        // Answers are written whole; waiting for more to send would only delay them.
        let _unimportant = stream.set_nodelay(true);
        if let Ok(local) = stream.local_addr() {
            self.stream(stream, Connection { peer, local, secure: false }).await;
        }
    }

    /// Speaks HTTP/1 on any stream until either side ends it.
    async fn stream<I: AsyncRead + AsyncWrite + Unpin + Send + 'static>(self, stream: I, connection: Connection) {
        let Self { router, limits, closing, cut } = self;
        let phase = Phase::new();
        let service = service_fn({
            let phase = phase.clone();
            move |request| answer(router.clone(), request, connection, limits.body_pause, phase.clone())
        });
        let io = TokioIo::new(Patient::new(stream, phase.clone(), limits.head_time, limits.write_pause));
        let mut http = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(limits.idle_time)
            .max_headers(limits.header_lines)
            .max_header_size(limits.head_bytes)
            .max_buf_size(BUFFER.max(limits.head_bytes))
            .serve_connection(io, service);

        let last_call = async {
            closing.cancelled().await;
            tokio::time::sleep(LAST_CALL).await;
            if phase.has_served() {
                std::future::pending::<()>().await;
            }
        };
        let mut last_call = std::pin::pin!(last_call);
        let mut told = false;
        let ended = loop {
            tokio::select! {
                ended = &mut http => break ended,
                () = closing.cancelled(), if !told => {
                    told = true;
                    Pin::new(&mut http).graceful_shutdown();
                }
                () = &mut last_call => return,
                () = cut.cancelled() => return,
            }
        };
        if let Err(error) = ended {
            tracing::debug!(%error, peer = %connection.peer, "connection ended early");
            if error.is_parse() {
                // The 400 or 431 must arrive although the client may still be sending.
                phase.leave_unread();
                let _gone = http.into_parts().io.into_inner().shutdown().await;
            }
        }
    }
}

/// One request through the router, its body watched and its answer noticed.
async fn answer(
    router: Router,
    request: Request<Incoming>,
    connection: Connection,
    body_pause: Duration,
    phase: Phase,
) -> Result<Response<Noticed>, Infallible> {
    phase.busy();
    let mut request = request.map(|body| Body::new(Watched::new(body, body_pause, phase.clone())));
    request.extensions_mut().insert(connection);
    let response = router.oneshot(request).await?;
    Ok(response.map(|body| Noticed { body, phase }))
}

/// An answer's body that says when it is over.
struct Noticed {
    body: Body,
    phase: Phase,
}

impl Drop for Noticed {
    fn drop(&mut self) {
        self.phase.idle();
    }
}

impl http_body::Body for Noticed {
    type Data = Bytes;
    type Error = Box<dyn Error + Send + Sync>;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        Pin::new(&mut self.body).poll_frame(context).map_err(Into::into)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
