//! The refusals that arise around a handler: addresses and heads over the limit, time-outs, panics. The room words them.

use std::{
    fmt,
    panic::AssertUnwindSafe,
    sync::Arc,
    time::{Duration, SystemTime},
};

use axum::{
    extract::Request,
    http::{HeaderMap, Method, Uri},
    response::Response,
};
use chrono::{DateTime, Utc};
use futures_util::FutureExt;

use super::trace::RequestId;

/// What a room may look at to word a refusal: everything of the request but its body.
#[derive(Clone, Debug)]
pub struct Head {
    /// The method.
    pub method: Method,
    /// The address as it was sent.
    pub uri: Uri,
    /// The headers.
    pub headers: Arc<HeaderMap>,
    /// The id the request has in the log.
    pub request_id: Option<RequestId>,
    /// When it was read, by this node's clock.
    pub at: DateTime<Utc>,
}

impl Head {
    /// The head of a request; read once, where the guard stands before whoever asks.
    pub fn of(request: &Request) -> Self {
        request.extensions().get().cloned().unwrap_or_else(|| Self::read(request))
    }

    fn read(request: &Request) -> Self {
        Self {
            method: request.method().clone(),
            uri: request.uri().clone(),
            headers: Arc::new(request.headers().clone()),
            request_id: request.extensions().get().copied(),
            at: SystemTime::now().into(),
        }
    }
}

/// Why a request was not answered by its handler.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Refusal {
    /// Path and query together are longer than this many bytes (414).
    AddressTooLong {
        /// The longest address allowed, in bytes.
        limit: usize,
    },
    /// Names and values of all headers together are longer than this many bytes (431).
    HeadTooLarge {
        /// The most header bytes allowed.
        limit: usize,
    },
    /// The handler had no answer in time (503). What it had begun in a task of its own goes on.
    TimedOut {
        /// How long it was given.
        after: Duration,
    },
    /// The handler panicked (500). The log has the cause.
    Panicked,
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::AddressTooLong { limit } => write!(f, "the address is longer than {limit} bytes"),
            Self::HeadTooLarge { limit } => write!(f, "the headers are longer than {limit} bytes"),
            Self::TimedOut { after } => write!(f, "no answer within {} seconds", after.as_secs()),
            Self::Panicked => write!(f, "internal error"),
        }
    }
}

/// A room's voice: turns a refusal into its own answer. It must not fail.
pub type Words = fn(&Head, Refusal) -> Response;

/// How long a request's head may be.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Bytes of path and query together.
    pub address: usize,
    /// Bytes of all header names and values together.
    pub head: usize,
}

/// Puts the limits and the panic catcher around what answers a request: refuses an address or a head over the limit before
/// anything looks at it; a panic below becomes the room's own 500. The panic itself is logged by [`log_panics`].
pub async fn hold<F>(mut request: Request, words: Words, limits: Limits, answer: impl FnOnce(Request) -> F) -> Response
where
    F: Future<Output = Response>,
{
    let address = request.uri().path_and_query().map_or(0, |address| address.as_str().len());
    let head = request.headers().iter().fold(0, |sum, (name, value)| sum + name.as_str().len() + value.len());
    if address > limits.address {
        return words(&Head::of(&request), Refusal::AddressTooLong { limit: limits.address });
    }
    if head > limits.head {
        return words(&Head::of(&request), Refusal::HeadTooLarge { limit: limits.head });
    }
    let head = Head::read(&request);
    request.extensions_mut().insert(head.clone());
    match AssertUnwindSafe(answer(request)).catch_unwind().await {
        Ok(response) => response,
        Err(_) => words(&head, Refusal::Panicked),
    }
}

/// For work that does not stream: what answers has an answer within the time, or the room says it has not.
///
/// The answer's body may take longer. Not for uploads: those are held by the idle time-out of their bytes.
pub async fn time_out<F>(request: Request, words: Words, after: Duration, answer: impl FnOnce(Request) -> F) -> Response
where
    F: Future<Output = Response>,
{
    let head = Head::of(&request);
    match tokio::time::timeout(after, answer(request)).await {
        Ok(response) => response,
        Err(_) => words(&head, Refusal::TimedOut { after }),
    }
}

/// Sends every panic of the process to the log, once, with its place; inside a request also with the request's id.
///
/// For `main`. Tests keep the standard hook, which prints.
pub fn log_panics() {
    std::panic::set_hook(Box::new(|panic| {
        let message = panic.payload_as_str().unwrap_or("a panic without a message");
        let place = panic.location().map(ToString::to_string);
        tracing::error!(place, "panic: {message}");
    }));
}
