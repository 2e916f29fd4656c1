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

use axum::{
    Router,
    body::Body,
    http::{HeaderValue, StatusCode, header::X_CONTENT_TYPE_OPTIONS},
};
use bytes::Bytes;
use http_body::{Frame, SizeHint};
use hyper::{Request, Response, body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::{
    io::{AsyncRead, AsyncWrite, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::Semaphore,
};
use tokio_rustls::TlsAcceptor;
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use tower::ServiceExt;
use tower_http::set_header::SetResponseHeader;

use super::{
    body::Watched,
    health::Draining,
    origin::Connection,
    patience::{Patient, Phase},
    sendfile::{self, Claims, Shortcut, Wire},
    tls::Tls,
};

/// What the listener lets clients do.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Connections at a time; the next one waits in the kernel's queue.
    pub connections: usize,
    /// From the first byte of a request's head to its last; on a new connection, from its first byte, and as long again
    /// until that comes where it is to speak TLS.
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

/// All that is served.
type House = SetResponseHeader<Router, HeaderValue>;

/// Whatever is answered, no browser guesses what it is. Around the router and not a layer in it, which would be in a box.
fn house(router: Router) -> House {
    SetResponseHeader::if_not_present(router, X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"))
}

/// How a drain went.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Drained {
    /// Connections that were open when it began.
    pub open: usize,
    /// Connections that were cut because they did not finish in time.
    pub cut: usize,
}

/// Where clients come in: one of the two or both, under the same limits and into the same rooms.
#[derive(Debug, Default)]
pub struct Doors {
    /// Who comes here speaks HTTP at once.
    pub plain: Option<TcpListener>,
    /// Who comes here speaks TLS first.
    pub secure: Option<(TcpListener, Tls)>,
}

impl From<TcpListener> for Doors {
    fn from(plain: TcpListener) -> Self {
        Self { plain: Some(plain), secure: None }
    }
}

impl Doors {
    /// The next connection at any door, and what it has to speak first.
    async fn accept(&self) -> (TcpStream, SocketAddr, Option<Tls>) {
        let plain = async {
            match &self.plain {
                Some(listener) => accept(listener).await,
                None => std::future::pending().await,
            }
        };
        let secure = async {
            match &self.secure {
                Some((listener, tls)) => (accept(listener).await, tls.clone()),
                None => std::future::pending().await,
            }
        };
        // Accepting is done or not done, never half: nobody is lost when the other door is quicker.
        tokio::select! {
            (stream, peer) = plain => (stream, peer, None),
            ((stream, peer), tls) = secure => (stream, peer, Some(tls)),
        }
    }
}

/// Serves until `shutdown` resolves, then drains: not ready, not accepting, finishing, cutting, in that order.
pub async fn serve(
    doors: impl Into<Doors>,
    router: Router,
    limits: Limits,
    draining: Draining,
    shutdown: impl Future<Output = ()>,
) -> Drained {
    let (doors, house) = (doors.into(), house(router));
    let slots = Arc::new(Semaphore::new(limits.connections));
    let tracker = TaskTracker::new();
    let (closing, cut) = (CancellationToken::new(), CancellationToken::new());
    let accepting = async {
        loop {
            // A closed semaphore cannot be: nobody closes it.
            let Ok(slot) = slots.clone().acquire_owned().await else {
                return;
            };
            let (stream, peer, tls) = doors.accept().await;
            let connection = Served { house: house.clone(), limits, closing: closing.clone(), cut: cut.clone() };
            tracker.spawn(async move {
                connection.tcp(stream, peer, tls).await;
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
    drop(doors);

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
    house: House,
    limits: Limits,
    closing: CancellationToken,
    cut: CancellationToken,
}

/// The first byte of every TLS handshake.
const HANDSHAKE: u8 = 22;

impl Served {
    async fn tcp(mut self, stream: TcpStream, peer: SocketAddr, tls: Option<Tls>) {
        // Answers are written whole; waiting for more to send would only delay them.
        let _unimportant = stream.set_nodelay(true);
        let Ok(local) = stream.local_addr() else { return };
        let mut connection = Connection { peer, local, secure: false };
        let Some(tls) = tls else {
            let (phase, claims) = (Phase::new(), Claims::default());
            let stream = self.patient(Wire::new(stream, claims.clone()), &phase);
            return self.http(stream, connection, phase, sendfile::IS_POSSIBLE.then_some(claims)).await;
        };
        let Some(Some(first)) = self.before_leaving(first_byte(&stream, self.limits.head_time)).await else { return };
        let phase = Phase::new();
        if first != HANDSHAKE {
            self.house = house(Router::new().fallback(wrong_door));
            let stream = self.patient(Wire::new(stream, Claims::default()), &phase);
            return self.http(stream, connection, phase, None).await;
        }
        // The limits lie below TLS, so that they hold for the handshake as well.
        let stream = self.patient(stream, &phase);
        match self.before_leaving(TlsAcceptor::from(tls.config()).accept(stream)).await {
            Some(Ok(stream)) => {
                connection.secure = true;
                self.http(stream, connection, phase, None).await;
            }
            Some(Err(error)) => tracing::debug!(%error, %peer, "no TLS came about"),
            None => {}
        }
    }

    fn patient<I>(&self, stream: I, phase: &Phase) -> Patient<I> {
        Patient::new(stream, phase.clone(), self.limits.head_time, self.limits.write_pause)
    }

    /// What comes before the first request; `None` when we are going.
    async fn before_leaving<T>(&self, first: impl Future<Output = T>) -> Option<T> {
        let leaving = async {
            self.closing.cancelled().await;
            tokio::time::sleep(LAST_CALL).await;
        };
        tokio::select! {
            done = first => Some(done),
            () = leaving => None,
            () = self.cut.cancelled() => None,
        }
    }

    /// Speaks HTTP/1 on any stream until either side ends it. `claims`: the stream sends files where blanks stand for them.
    async fn http<I>(self, io: I, connection: Connection, phase: Phase, claims: Option<Claims>)
    where
        I: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let Self { house, limits, closing, cut } = self;
        let service = service_fn({
            let phase = phase.clone();
            move |request| answer(house.clone(), request, connection, limits.body_pause, phase.clone(), claims.clone())
        });
        let mut http = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(limits.idle_time)
            .max_headers(limits.header_lines)
            .max_header_size(limits.head_bytes)
            .max_buf_size(BUFFER.max(limits.head_bytes))
            .serve_connection(TokioIo::new(io), service);

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

/// What the client says first, which stays to be read; `None` when it leaves, or says nothing in time.
async fn first_byte(stream: &TcpStream, patience: Duration) -> Option<u8> {
    let mut first = [0];
    match tokio::time::timeout(patience, stream.peek(&mut first)).await {
        Ok(Ok(1)) => Some(first[0]),
        Ok(Ok(_) | Err(_)) | Err(_) => None,
    }
}

/// For people who forgot the `s`: without it they would see a broken connection and nothing else.
async fn wrong_door() -> (StatusCode, &'static str) {
    (StatusCode::BAD_REQUEST, "this port speaks TLS: the address begins with https://\n")
}

/// One request through the house, its body watched and its answer noticed.
async fn answer(
    house: House,
    request: Request<Incoming>,
    connection: Connection,
    body_pause: Duration,
    phase: Phase,
    claims: Option<Claims>,
) -> Result<Response<Noticed>, Infallible> {
    phase.busy();
    let mut request = request.map(|body| Body::new(Watched::new(body, body_pause, phase.clone())));
    request.extensions_mut().insert(connection);
    let mut response = house.oneshot(request).await?;
    // From here on nobody but the connection looks at the body.
    if let (Some(shortcut), Some(claims)) = (response.extensions_mut().remove::<Shortcut>(), claims) {
        shortcut.open(claims);
    }
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
