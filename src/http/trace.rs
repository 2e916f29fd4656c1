//! The request id and the one log line of a request. Never a query, a header's value or a body: those carry credentials.

use std::{
    fmt::Write as _,
    pin::Pin,
    task::{Context, Poll},
    time::Instant,
};

use axum::{
    body::Body,
    extract::{MatchedPath, Request},
    http::{Method, Response, header::CONTENT_LENGTH},
};
use bytes::Bytes;
use http_body::{Body as _, Frame, SizeHint};
use tracing::{Instrument, Span, field, info_span};
use uuid::Uuid;

/// The id of one request: fresh, in the request's extensions for handlers, in the log for people.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct RequestId(pub Uuid);

/// Left in an answer's extensions by a room, so that the log line says which dialect it was.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Dialect(pub &'static str);

/// Left in an answer's extensions by a room that routes below the router: the operation, for the log line.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Operation(pub &'static str);

/// Left in an answer's extensions when its line is only worth the debug level (health checks).
#[derive(Clone, Copy, Debug)]
pub struct Quiet;

/// Notes in the current request's span who is asking. An id, never a login or a credential.
pub fn record_actor(actor: impl std::fmt::Display) {
    Span::current().record("actor", field::display(actor));
}

/// Gives a request an id, a span and a log line. Outermost of all that is around it.
pub async fn follow<F>(mut request: Request, answer: impl FnOnce(Request) -> F) -> Response<Body>
where
    F: Future<Output = Response<Body>>,
{
    let id = RequestId(Uuid::new_v4());
    request.extensions_mut().insert(id);
    let method = request.method().clone();
    let span = info_span!("request", request_id = %id.0, %method, actor = field::Empty);
    let route = match request.extensions().get::<MatchedPath>() {
        Some(matched) => matched.as_str().to_owned(),
        None => discreet(request.uri().path()),
    };
    let mut line = Line { span: span.clone(), started: Instant::now(), route, answer: None };

    let response = answer(request).instrument(span).await;
    let (parts, body) = response.into_parts();
    let announced = parts.headers.get(CONTENT_LENGTH).and_then(|text| text.to_str().ok()?.parse().ok());
    let bodiless = method == Method::HEAD || parts.status.is_redirection() || body.is_end_stream();
    line.answer = Some(Answer {
        status: parts.status.as_u16(),
        dialect: parts.extensions.get::<Dialect>().map(|dialect| dialect.0),
        operation: parts.extensions.get::<Operation>().map(|operation| operation.0),
        quiet: parts.extensions.get::<Quiet>().is_some(),
        bytes: 0,
        expected: if bodiless { Some(0) } else { announced.or_else(|| body.size_hint().exact()) },
        ended: false,
    });
    Response::from_parts(parts, Body::new(Followed { body, line }))
}

/// A path fit for a log: long segments may be secrets (upload sessions, links), so they are cut; so is a long path.
fn discreet(path: &str) -> String {
    let mut text = String::new();
    for segment in path.split('/').skip(1).take(12) {
        let cut = segment.char_indices().nth(12).filter(|_| segment.len() > 24).map(|(at, _)| at);
        let _infallible = match cut.and_then(|at| segment.get(..at)) {
            Some(start) => write!(text, "/{start}…"),
            None => write!(text, "/{segment}"),
        };
    }
    text
}

/// The log line of one request, written when it is dropped: at the end of the body, or when the client has gone.
struct Line {
    span: Span,
    started: Instant,
    route: String,
    answer: Option<Answer>,
}

struct Answer {
    status: u16,
    dialect: Option<&'static str>,
    operation: Option<&'static str>,
    quiet: bool,
    bytes: u64,
    expected: Option<u64>,
    ended: bool,
}

impl Drop for Line {
    fn drop(&mut self) {
        let _span = self.span.enter();
        let duration_ms = u64::try_from(self.started.elapsed().as_millis()).unwrap_or(u64::MAX);
        let route = self.route.as_str();
        let Some(answer) = &self.answer else {
            let outcome = if std::thread::panicking() { "panicked" } else { "client left" };
            tracing::info!(route, duration_ms, outcome, "no answer");
            return;
        };
        let complete = answer.ended || answer.expected.is_some_and(|expected| answer.bytes >= expected);
        let outcome = if complete { "complete" } else { "cut short" };
        let Answer { status, dialect, operation, bytes, .. } = *answer;
        if status >= 500 && !answer.quiet {
            tracing::error!(route, dialect, operation, status, duration_ms, bytes, outcome, "answered");
        } else if answer.quiet {
            tracing::debug!(route, status, duration_ms, bytes, outcome, "answered");
        } else {
            tracing::info!(route, dialect, operation, status, duration_ms, bytes, outcome, "answered");
        }
    }
}

/// An answer's body that counts itself for the log line.
struct Followed {
    body: Body,
    line: Line,
}

impl http_body::Body for Followed {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let span = self.line.span.clone();
        let frame = span.in_scope(|| Pin::new(&mut self.body).poll_frame(context));
        if let (Poll::Ready(frame), Some(answer)) = (&frame, &mut self.line.answer) {
            match frame {
                Some(Ok(frame)) => {
                    answer.bytes += frame.data_ref().map_or(0, |data| data.len() as u64);
                }
                Some(Err(_)) => {}
                None => answer.ended = true,
            }
        }
        frame
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
    use std::{
        io,
        sync::{Arc, Mutex},
    };

    use axum::{
        Router,
        body::to_bytes,
        http::StatusCode,
        middleware::{Next, from_fn},
        response::IntoResponse,
        routing::get,
    };
    use tower::ServiceExt;

    use super::*;

    /// What the log holds, as text.
    #[derive(Clone, Default)]
    struct Log(Arc<Mutex<Vec<u8>>>);

    impl io::Write for Log {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    /// Answers one request through `follow` and gives back its log line. `read`: whether the client reads the body.
    async fn line(uri: &str, read: bool) -> String {
        let log = Log::default();
        let writer = log.clone();
        let subscriber = tracing_subscriber::fmt().with_ansi(false).with_writer(move || writer.clone()).finish();
        let _default = tracing::subscriber::set_default(subscriber);
        let named = get(|| async {
            record_actor("actor-7");
            let mut response = "12345".into_response();
            response.extensions_mut().insert(Dialect("arena"));
            response
        });
        let router = Router::new().route("/files/{guid}", named).fallback(|| async { StatusCode::BAD_GATEWAY });
        let router = router.layer(from_fn(|request, next: Next| follow(request, |request| next.run(request))));
        let request = Request::get(uri).header("authorization", "Bearer hush").body(Body::empty()).unwrap();
        let response = router.oneshot(request).await.unwrap();
        if read {
            to_bytes(response.into_body(), 100).await.unwrap();
        } else {
            drop(response);
        }
        let bytes = log.0.lock().unwrap().clone();
        String::from_utf8(bytes).unwrap()
    }

    #[tokio::test]
    async fn one_line_tells_the_request_and_no_secret() {
        let text = line("/files/hush?token=hush", true).await;
        assert_eq!(text.lines().count(), 1, "{text}");
        for part in [
            "INFO",
            "request_id=",
            "method=GET",
            "actor=actor-7",
            "route=\"/files/{guid}\"",
            "dialect=\"arena\"",
            "status=200",
            "bytes=5",
            "outcome=\"complete\"",
        ] {
            assert!(text.contains(part), "{part}: {text}");
        }
        assert!(!text.contains("hush"), "{text}");
    }

    #[tokio::test]
    async fn a_client_that_leaves_and_an_error_show() {
        let text = line("/files/1", false).await;
        assert!(text.contains("bytes=0") && text.contains("outcome=\"cut short\""), "{text}");
        let text = line("/nowhere?token=hush", true).await;
        assert!(text.contains("ERROR") && text.contains("route=\"/nowhere\"") && text.contains("status=502"), "{text}");
    }

    #[test]
    fn a_long_segment_is_cut_because_it_may_be_a_secret() {
        assert_eq!(discreet("/files/FILE-000867/content"), "/files/FILE-000867/content");
        assert_eq!(discreet("/uploads/0123456789abcdefghijklmnopqrstuvwxyz"), "/uploads/0123456789ab…");
        assert_eq!(discreet("/"), "/");
    }
}
