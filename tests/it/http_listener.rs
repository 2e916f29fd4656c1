//! The listener under bad clients and at its end. Raw sockets, because well-behaved clients cannot misbehave.

use std::{
    net::SocketAddr,
    sync::Arc,
    time::{Duration, Instant},
};

use axum::{
    Router,
    body::Body,
    extract::Request,
    http::{Method, StatusCode},
    middleware::{Next, from_fn},
    response::{IntoResponse, Response},
    routing::{get, post},
};
use bytes::Bytes;
use coatcheck::{
    content::Reading,
    http::{
        body::{self, BodyError},
        content::{self, Download},
        guard::{self, Head, Refusal},
        health::{self, Check, Draining},
        serve::{Drained, Limits, serve},
        trace,
    },
};
use futures_util::{StreamExt, stream};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::{Notify, oneshot},
    task::JoinHandle,
    time::timeout,
};

const SOON: Duration = Duration::from_secs(10);

fn limits() -> Limits {
    Limits {
        connections: 100,
        head_time: Duration::from_secs(30),
        idle_time: Duration::from_secs(30),
        body_pause: Duration::from_secs(30),
        write_pause: Duration::from_secs(30),
        head_bytes: 16 * 1024,
        header_lines: 50,
        notice: Duration::ZERO,
        drain: Duration::from_secs(20),
    }
}

/// A running server, and the handles of its slow route.
struct Server {
    address: SocketAddr,
    stop: Option<oneshot::Sender<()>>,
    done: JoinHandle<Drained>,
    entered: Arc<Notify>,
    go_on: Arc<Notify>,
    given_up: Arc<Notify>,
}

/// Tells when it is dropped.
struct Signal(Arc<Notify>);

impl Drop for Signal {
    fn drop(&mut self) {
        self.0.notify_one();
    }
}

impl Server {
    async fn start(limits: Limits) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (entered, go_on) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
        let slow = {
            let (entered, go_on) = (entered.clone(), go_on.clone());
            move || async move {
                entered.notify_one();
                go_on.notified().await;
                "slow but done"
            }
        };
        let given_up = Arc::new(Notify::new());
        let endless = {
            let given_up = given_up.clone();
            move || async move {
                let signal = Signal(given_up);
                let chunks = stream::repeat(Bytes::from(vec![b'z'; 65536]));
                Body::from_stream(chunks.map(move |chunk| {
                    let _held = &signal;
                    Ok::<_, BodyError>(chunk)
                }))
            }
        };
        let routes = Router::new()
            .route("/", get(|| async { "hello" }))
            .route("/slow", get(slow))
            .route("/refuse", post(|| async { (StatusCode::UNAUTHORIZED, "no") }))
            .route("/echo", post(echo))
            .route("/panic", get(|| async { panic!("on purpose") as Response }))
            .route("/file", get(file))
            .route("/endless", get(endless));
        let draining = Draining::default();
        let small = guard::Limits { address: 100, head: 2000 };
        let ready = Check::new("always", SOON, || async { Ok(()) });
        let routes = routes.merge(health::router(vec![ready], draining.clone()));
        let routes = routes.layer(from_fn(move |request, next: Next| {
            trace::follow(request, move |request| guard::hold(request, words, small, |request| next.run(request)))
        }));
        let (stop, stopped) = oneshot::channel();
        let shutdown = async { drop(stopped.await) };
        let done = tokio::spawn(serve(listener, routes, limits, draining, shutdown));
        Self { address, stop: Some(stop), done, entered, go_on, given_up }
    }

    async fn connect(&self) -> Client {
        Client(TcpStream::connect(self.address).await.unwrap())
    }

    /// Sends one request on a fresh connection and reads until the server closes it.
    async fn ask(&self, request: &str) -> String {
        let mut client = self.connect().await;
        client.send(request).await;
        client.rest().await
    }

    fn stop(&mut self) {
        self.stop.take().expect("stopped once").send(()).expect("it runs");
    }
}

async fn echo(request: Request) -> Response {
    match body::read(request.into_body(), 1000).await {
        Ok(bytes) => bytes.into_response(),
        Err(BodyError::TooLarge { .. }) => StatusCode::PAYLOAD_TOO_LARGE.into_response(),
        Err(BodyError::TimedOut { .. }) => StatusCode::REQUEST_TIMEOUT.into_response(),
        Err(BodyError::Truncated | BodyError::Broken(_)) => StatusCode::BAD_REQUEST.into_response(),
    }
}

async fn file(request: Request) -> Response {
    let download = Download::new(5, "text/plain");
    let open = async |_| Ok::<_, BodyError>(Reading::Whole(Bytes::from_static(b"12345")));
    content::respond(request.method(), request.headers(), &download, open).await.expect("no condition was sent")
}

fn words(head: &Head, refusal: Refusal) -> Response {
    let status = match refusal {
        Refusal::AddressTooLong { .. } => StatusCode::URI_TOO_LONG,
        Refusal::HeadTooLarge { .. } => StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE,
        Refusal::TimedOut { .. } => StatusCode::SERVICE_UNAVAILABLE,
        Refusal::Panicked => StatusCode::INTERNAL_SERVER_ERROR,
    };
    assert!(head.request_id.is_some() && head.method != Method::CONNECT);
    (status, format!("the room says: {refusal}")).into_response()
}

struct Client(TcpStream);

impl Client {
    async fn send(&mut self, text: &str) {
        self.0.write_all(text.as_bytes()).await.unwrap();
    }

    /// Everything until the server closes the connection, without the `date` line.
    async fn rest(&mut self) -> String {
        let mut bytes = Vec::new();
        timeout(SOON, self.0.read_to_end(&mut bytes)).await.expect("the server closes").expect("without a reset");
        let text = String::from_utf8(bytes).unwrap();
        text.split_inclusive("\r\n").filter(|line| !line.starts_with("date:")).collect()
    }

    /// Reads until the text ends with `end`; the connection stays open.
    async fn until(&mut self, end: &str) -> String {
        let mut text = String::new();
        while !text.ends_with(end) {
            let byte = timeout(SOON, self.0.read_u8()).await.expect("the server answers").expect("it is open");
            text.push(char::from(byte));
        }
        text
    }
}

fn first_line(answer: &str) -> &str {
    answer.lines().next().unwrap_or_default()
}

#[tokio::test]
async fn a_slow_head_is_cut_even_when_it_dribbles() {
    let short = Duration::from_millis(300);
    let server = Server::start(Limits { head_time: short, ..limits() }).await;
    let begun = Instant::now();
    let mut silent = server.connect().await;
    let mut dribbling = server.connect().await;
    dribbling.send("GET / HTTP/1.1\r\nhost: a\r\n").await;
    let (mut read, mut write) = dribbling.0.split();
    let dribble = async {
        let mut every = tokio::time::interval(Duration::from_millis(20));
        loop {
            every.tick().await;
            if write.write_all(b"x: y\r\n").await.is_err() {
                break;
            }
        }
    };
    let mut answer = Vec::new();
    let cut = async { timeout(SOON, read.read_to_end(&mut answer)).await.expect("it is cut") };
    tokio::select! {
        _ = cut => {}
        () = dribble => {}
    }
    assert!(begun.elapsed() >= short);
    assert_eq!(silent.rest().await, "");

    // The time is that of a head, not of a connection: an idle one may begin its next request later.
    let mut patient = server.connect().await;
    for _ in 0..3 {
        patient.send("GET / HTTP/1.1\r\nhost: a\r\n\r\n").await;
        assert!(patient.until("hello").await.starts_with("HTTP/1.1 200 OK"));
        assert!(timeout(short, patient.0.peek(&mut [0])).await.is_err(), "nothing comes and nothing is cut");
    }
}

#[tokio::test]
async fn an_idle_connection_is_closed() {
    let server = Server::start(Limits { idle_time: Duration::from_millis(500), ..limits() }).await;
    let mut client = server.connect().await;
    client.send("GET / HTTP/1.1\r\nhost: a\r\n\r\n").await;
    assert!(client.until("hello").await.starts_with("HTTP/1.1 200 OK"));
    assert_eq!(client.rest().await, "");
}

#[tokio::test]
async fn a_body_that_stops_coming_is_a_typed_error() {
    let server = Server::start(Limits { body_pause: Duration::from_millis(200), ..limits() }).await;
    let slow = server.ask("POST /echo HTTP/1.1\r\nhost: a\r\ncontent-length: 5\r\n\r\n12").await;
    assert_eq!(first_line(&slow), "HTTP/1.1 408 Request Timeout");

    let mut gone = server.connect().await;
    gone.send("POST /echo HTTP/1.1\r\nhost: a\r\ncontent-length: 5\r\n\r\n12").await;
    gone.0.shutdown().await.unwrap();
    let broken = server.ask("POST /echo HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n").await;
    assert_eq!(first_line(&broken), "HTTP/1.1 400 Bad Request");
    let chunked =
        "POST /echo HTTP/1.1\r\nhost: a\r\nconnection: close\r\ntransfer-encoding: chunked\r\n\r\n2\r\nab\r\n0\r\n\r\n";
    assert!(server.ask(chunked).await.ends_with("\r\n\r\nab"));
}

#[tokio::test]
async fn a_body_over_the_limit_is_refused_before_it_is_sent() {
    let server = Server::start(limits()).await;
    let head = "POST /echo HTTP/1.1\r\nhost: a\r\nexpect: 100-continue\r\ncontent-length: 1001\r\n\r\n";
    assert_eq!(first_line(&server.ask(head).await), "HTTP/1.1 413 Payload Too Large");
}

#[tokio::test]
async fn an_early_answer_arrives_although_the_client_is_still_sending() {
    let server = Server::start(limits()).await;
    let mut client = server.connect().await;
    client.send("POST /refuse HTTP/1.1\r\nhost: a\r\ncontent-length: 8000000\r\n\r\n").await;
    client.send(&"z".repeat(8_000_000)).await;
    let answer = client.rest().await;
    assert_eq!(first_line(&answer), "HTTP/1.1 401 Unauthorized");
    assert!(answer.ends_with("\r\n\r\nno"));
}

#[tokio::test]
async fn a_client_that_does_not_read_is_cut() {
    let short = Duration::from_millis(200);
    let server = Server::start(Limits { write_pause: short, ..limits() }).await;
    let mut client = server.connect().await;
    client.send("GET /endless HTTP/1.1\r\nhost: a\r\n\r\n").await;
    // Until the kernel's buffers are full it looks healthy; then its answer is given up.
    timeout(SOON, server.given_up.notified()).await.expect("the endless answer is dropped");
}

#[tokio::test]
async fn what_is_too_long_is_refused_in_the_rooms_words_or_in_bare_ones() {
    let server = Server::start(limits()).await;
    let close = "host: a\r\nconnection: close\r\n";
    let long = server.ask(&format!("GET /{} HTTP/1.1\r\n{close}\r\n", "a".repeat(100))).await;
    assert_eq!(first_line(&long), "HTTP/1.1 414 URI Too Long");
    assert!(long.ends_with("the room says: the address is longer than 100 bytes"));
    let query = server.ask(&format!("GET /?{} HTTP/1.1\r\n{close}\r\n", "a".repeat(99))).await;
    assert_eq!(first_line(&query), "HTTP/1.1 414 URI Too Long");

    let wide = server.ask(&format!("GET / HTTP/1.1\r\n{close}x: {}\r\n\r\n", "a".repeat(2000))).await;
    assert_eq!(first_line(&wide), "HTTP/1.1 431 Request Header Fields Too Large");
    assert!(wide.ends_with("the room says: the headers are longer than 2000 bytes"));

    let huge = server.ask(&format!("GET / HTTP/1.1\r\n{close}x: {}\r\n\r\n", "a".repeat(500_000))).await;
    assert_eq!(first_line(&huge), "HTTP/1.1 431 Request Header Fields Too Large");
    let many = server.ask(&format!("GET / HTTP/1.1\r\n{close}{}\r\n", "x: y\r\n".repeat(60))).await;
    assert_eq!(first_line(&many), "HTTP/1.1 431 Request Header Fields Too Large");
    assert_eq!(first_line(&server.ask("nonsense\r\n\r\n").await), "HTTP/1.1 400 Bad Request");
}

#[tokio::test]
async fn a_panic_becomes_the_rooms_answer_and_the_connection_lives() {
    let server = Server::start(limits()).await;
    let mut client = server.connect().await;
    client.send("GET /panic HTTP/1.1\r\nhost: a\r\n\r\n").await;
    let answer = client.until("internal error").await;
    assert!(answer.starts_with("HTTP/1.1 500 Internal Server Error") && answer.contains("the room says: "));
    client.send("GET / HTTP/1.1\r\nhost: a\r\n\r\n").await;
    assert!(client.until("hello").await.starts_with("HTTP/1.1 200 OK"));
}

#[tokio::test]
async fn head_has_the_length_and_not_the_bytes() {
    let server = Server::start(limits()).await;
    let answer = server.ask("HEAD /file HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n").await;
    assert!(answer.contains("content-length: 5\r\n") && answer.ends_with("\r\n\r\n"), "{answer}");
    let answer = server.ask("GET /file HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n").await;
    assert!(answer.contains("content-length: 5\r\n") && answer.ends_with("\r\n\r\n12345"), "{answer}");
}

#[tokio::test]
async fn one_connection_too_many_waits_for_its_turn() {
    let server = Server::start(Limits { connections: 1, ..limits() }).await;
    let mut first = server.connect().await;
    first.send("GET /slow HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n").await;
    server.entered.notified().await;
    let mut second = server.connect().await;
    second.send("GET / HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n").await;
    assert!(timeout(Duration::from_millis(200), second.0.peek(&mut [0])).await.is_err(), "it waits");
    server.go_on.notify_one();
    assert!(first.rest().await.ends_with("slow but done"));
    assert!(second.rest().await.ends_with("hello"));
}

#[tokio::test]
async fn a_drain_says_so_first_finishes_what_runs_and_refuses_what_is_new() {
    let mut server = Server::start(Limits { notice: Duration::from_secs(1), ..limits() }).await;
    let mut running = server.connect().await;
    running.send("GET /slow HTTP/1.1\r\nhost: a\r\n\r\n").await;
    server.entered.notified().await;
    let mut idle = server.connect().await;
    idle.send("GET /readyz HTTP/1.1\r\nhost: a\r\n\r\n").await;
    assert!(idle.until("}]}").await.contains(r#"{"status":"ready","checks":[{"name":"always","state":"ok","#));
    let mut half = server.connect().await;
    half.send("GET / HTTP/1.1\r\nhost").await;

    server.stop();
    // In the notice time the server still accepts, and says that it is going.
    while !server.ask("GET /readyz HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n").await.contains("draining") {}
    assert_eq!(idle.rest().await, "", "an idle connection is closed");
    assert_eq!(half.rest().await, "", "half a head is not waited for");
    assert!(TcpStream::connect(server.address).await.is_err(), "nothing new");
    server.go_on.notify_one();
    let answer = running.rest().await;
    assert!(answer.starts_with("HTTP/1.1 200 OK") && answer.ends_with("slow but done"), "{answer}");
    assert_eq!(timeout(SOON, server.done).await.expect("it ends").unwrap().cut, 0);
}

#[tokio::test]
async fn a_drain_does_not_wait_for_ever() {
    let mut server = Server::start(Limits { drain: Duration::from_millis(200), ..limits() }).await;
    let mut running = server.connect().await;
    running.send("GET /slow HTTP/1.1\r\nhost: a\r\n\r\n").await;
    server.entered.notified().await;
    server.stop();
    assert_eq!(timeout(SOON, server.done).await.expect("it ends").unwrap(), Drained { open: 1, cut: 1 });
}
