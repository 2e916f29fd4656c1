//! Request bodies: read whole with a limit, or streamed with one; an idle client is cut. Nothing is parsed here.
//!
//! Whoever parses JSON afterwards has `serde_json`'s own limit of 128 nested levels.

use std::{
    error::Error,
    io,
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use axum::body::Body;
use bytes::{Bytes, BytesMut};
use futures_util::{Stream, StreamExt, stream};
use http_body::{Frame, SizeHint};
use tokio::time::{Sleep, sleep};

use super::patience::Phase;

/// Why a request body could not be had.
#[derive(Debug, thiserror::Error)]
pub enum BodyError {
    /// It is longer than this many bytes, or says it is.
    #[error("the body is longer than {limit} bytes")]
    TooLarge {
        /// The longest body allowed, in bytes.
        limit: u64,
    },
    /// The client sent nothing for this long.
    #[error("the client sent nothing for {} seconds", after.as_secs())]
    TimedOut {
        /// How long the server waited for the next byte.
        after: Duration,
    },
    /// The client went away before the end it had announced.
    #[error("the body ended early")]
    Truncated,
    /// It broke the rules of its transfer coding, or the connection failed.
    #[error("the body could not be read")]
    Broken(#[source] Box<dyn Error + Send + Sync>),
}

impl BodyError {
    /// Finds the reason inside whatever the web framework wrapped around it.
    pub fn from_cause(cause: Box<dyn Error + Send + Sync>) -> Self {
        let mut next: Option<&(dyn Error + 'static)> = Some(&*cause);
        while let Some(error) = next {
            if let Some(Idle(after)) = error.downcast_ref() {
                return Self::TimedOut { after: *after };
            }
            if let Some(error) = error.downcast_ref::<hyper::Error>()
                && (error.is_incomplete_message() || error.is_closed() || error.is_canceled())
            {
                return Self::Truncated;
            }
            if let Some(error) = error.downcast_ref::<io::Error>()
                && matches!(
                    error.kind(),
                    io::ErrorKind::UnexpectedEof | io::ErrorKind::ConnectionReset | io::ErrorKind::BrokenPipe
                )
            {
                return Self::Truncated;
            }
            next = error.source();
        }
        Self::Broken(cause)
    }
}

/// Reads a small body whole, whatever its `Content-Type` says. At most `limit` bytes are ever held.
pub async fn read(body: Body, limit: usize) -> Result<Bytes, BodyError> {
    let mut chunks = stream(body, limit as u64);
    let Some(first) = chunks.next().await.transpose()? else {
        return Ok(Bytes::new());
    };
    let Some(second) = chunks.next().await.transpose()? else {
        return Ok(first);
    };
    let mut whole = BytesMut::with_capacity(first.len() + second.len());
    whole.extend_from_slice(&first);
    whole.extend_from_slice(&second);
    while let Some(chunk) = chunks.next().await.transpose()? {
        whole.extend_from_slice(&chunk);
    }
    Ok(whole.freeze())
}

/// The body as chunks, ending with [`BodyError::TooLarge`] as soon as more than `limit` bytes are announced or seen.
///
/// A body that announces too much is refused before its first byte is read, so a client that waits for
/// `100 Continue` never sends it. The stream ends after its first error.
pub fn stream(body: Body, limit: u64) -> impl Stream<Item = Result<Bytes, BodyError>> + Send + Unpin + use<> {
    let announced = http_body::Body::size_hint(&body).lower();
    let chunks = (announced <= limit).then(|| body.into_data_stream());
    let mut seen = 0_u64;
    let mut failed = false;
    let refused = stream::iter(chunks.is_none().then_some(Err(BodyError::TooLarge { limit })));
    let read = stream::iter(chunks).flatten().map(move |chunk| {
        let chunk = chunk.map_err(|error| BodyError::from_cause(error.into()))?;
        seen = seen.saturating_add(chunk.len() as u64);
        if seen > limit { Err(BodyError::TooLarge { limit }) } else { Ok(chunk) }
    });
    refused.chain(read).take_while(move |item| {
        let go_on = !failed;
        failed = item.is_err();
        std::future::ready(go_on)
    })
}

/// A body that fails when its client sends nothing for a while, so that an upload may take hours but cannot hang.
pub(super) struct Watched<B: http_body::Body> {
    body: B,
    patience: Duration,
    alarm: Option<Pin<Box<Sleep>>>,
    ended: bool,
    phase: Phase,
}

impl<B: http_body::Body> Watched<B> {
    pub(super) fn new(body: B, patience: Duration, phase: Phase) -> Self {
        Self { body, patience, alarm: None, ended: false, phase }
    }
}

impl<B: http_body::Body> Drop for Watched<B> {
    fn drop(&mut self) {
        if !self.ended && !self.body.is_end_stream() {
            self.phase.leave_unread();
        }
    }
}

/// What a [`Watched`] body ends with; callers see [`BodyError::TimedOut`].
#[derive(Debug, thiserror::Error)]
#[error("the client sent nothing for {} seconds", .0.as_secs())]
struct Idle(Duration);

impl<B> http_body::Body for Watched<B>
where
    B: http_body::Body<Data = Bytes> + Unpin,
    B::Error: Into<Box<dyn Error + Send + Sync>>,
{
    type Data = Bytes;
    type Error = Box<dyn Error + Send + Sync>;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        if let Poll::Ready(frame) = Pin::new(&mut self.body).poll_frame(context) {
            self.alarm = None;
            self.ended = frame.is_none();
            return Poll::Ready(frame.map(|frame| frame.map_err(Into::into)));
        }
        let patience = self.patience;
        let alarm = self.alarm.get_or_insert_with(|| Box::pin(sleep(patience)));
        alarm.as_mut().poll(context).map(|()| Some(Err(Idle(patience).into())))
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chunked(chunks: &[&'static str]) -> Body {
        let chunks: Vec<io::Result<&'static str>> = chunks.iter().map(|chunk| Ok(*chunk)).collect();
        Body::from_stream(stream::iter(chunks))
    }

    #[tokio::test]
    async fn a_body_is_read_up_to_the_limit_and_not_a_byte_further() {
        for body in [|| Body::from("12345"), || chunked(&["1", "23", "45"])] {
            assert_eq!(read(body(), 5).await.ok().as_deref(), Some(&b"12345"[..]));
            assert!(matches!(read(body(), 4).await, Err(BodyError::TooLarge { limit: 4 })));
        }
        assert_eq!(read(Body::empty(), 0).await.ok().as_deref(), Some(&b""[..]));
    }

    #[tokio::test]
    async fn a_body_that_announces_too_much_is_not_touched() {
        let mut chunks = stream(Body::from("12345"), 4);
        assert!(matches!(chunks.next().await, Some(Err(BodyError::TooLarge { .. }))));
        assert!(chunks.next().await.is_none());
    }

    #[tokio::test]
    async fn the_stream_ends_after_its_first_error() {
        let seen: Vec<bool> = stream(chunked(&["12", "34", "56"]), 3).map(|chunk| chunk.is_ok()).collect().await;
        assert_eq!(seen, [true, false]);
    }

    #[tokio::test(start_paused = true)]
    async fn a_silent_client_is_cut() {
        let silent = Body::from_stream(stream::pending::<io::Result<Bytes>>());
        let watched = Body::new(Watched::new(silent, Duration::from_secs(30), Phase::new()));
        assert!(matches!(read(watched, 10).await, Err(BodyError::TimedOut { after }) if after.as_secs() == 30));
    }

    #[tokio::test]
    async fn a_connection_that_breaks_is_a_truncated_body() {
        let broken = stream::iter([Ok("12"), Err(io::Error::from(io::ErrorKind::UnexpectedEof))]);
        assert!(matches!(read(Body::from_stream(broken), 10).await, Err(BodyError::Truncated)));
        let odd = stream::iter([Err::<Bytes, _>(io::Error::other("odd"))]);
        assert!(matches!(read(Body::from_stream(odd), 10).await, Err(BodyError::Broken(_))));
    }
}
