//! Bytes of files on their way out: sent by the system over a plain connection, read for all others; in order, in full, and
//! never anything else in their place. Raw sockets, because well-behaved clients cannot misbehave.

use std::{
    convert::Infallible, fs::OpenOptions, net::SocketAddr, ops::Range, path::PathBuf, sync::Arc, time::Duration,
};

use axum::{
    Router,
    body::{Body, to_bytes},
    extract::Request,
    http::{HeaderMap, Method},
    middleware::{Next, from_fn},
    response::Response,
    routing::get,
};
use bytes::Bytes;
use coatcheck::{
    content::{Reading, Stretch},
    http::{
        content::{self, Download},
        health::Draining,
        serve::{Limits, serve},
    },
};
use futures_util::{StreamExt, future::join_all};
use tempfile::TempDir;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpSocket, TcpStream},
    time::timeout,
};

use super::support::server::Server;

const SOON: Duration = Duration::from_secs(20);

/// Bytes that differ from place to place. None is zero: that would be one that was never read.
fn noise(size: usize) -> Vec<u8> {
    (0_u32..).flat_map(|n| n.wrapping_mul(0x9e37_79b9).to_le_bytes()).map(|byte| byte | 1).take(size).collect()
}

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

/// A listener that gives one file.
struct House {
    address: SocketAddr,
    bytes: Vec<u8>,
    file: PathBuf,
    /// All of the file; whoever sends some of it shares the open file.
    whole: Stretch,
    /// How many share it while none of it is being sent.
    idle: usize,
    _folder: TempDir,
}

impl House {
    /// `/` gives the file as it is, `/read` after somebody has read it all, `/copied` through somebody who copies each piece.
    async fn open(size: usize, limits: Limits) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let (file, bytes) = (folder.path().join("file"), noise(size));
        std::fs::write(&file, &bytes).unwrap();
        let whole = Stretch::new(std::fs::File::open(&file).unwrap(), 0..size as u64);
        let give = {
            let whole = whole.clone();
            move |method: Method, headers: HeaderMap| give(whole.clone(), method, headers)
        };
        let router = Router::new()
            .route("/read", get(give.clone()).layer(from_fn(read_all)))
            .route("/copied", get(give.clone()).layer(from_fn(copy_each)))
            .route("/", get(give));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let idle = Arc::strong_count(whole.file());
        tokio::spawn(serve(listener, router, limits, Draining::default(), std::future::pending()));
        Self { address, bytes, file, whole, idle, _folder: folder }
    }

    async fn connect(&self) -> Client {
        Client(TcpStream::connect(self.address).await.unwrap())
    }

    /// Waits until nobody sends the file any more.
    async fn given_up(&self) {
        let wait = async {
            while Arc::strong_count(self.whole.file()) > self.idle {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        timeout(SOON, wait).await.expect("the file is let go");
    }
}

async fn give(whole: Stretch, method: Method, headers: HeaderMap) -> Response {
    let download = Download::new(whole.len(), "application/octet-stream");
    let open = async |range: Option<Range<u64>>| {
        let mut rest = whole.clone();
        let range = range.unwrap_or(0..whole.len());
        drop(rest.split_to(range.start));
        Ok::<_, Infallible>(Reading::File(rest.split_to(range.end - range.start)))
    };
    content::respond(&method, &headers, &download, open).await.unwrap()
}

async fn read_all(request: Request, next: Next) -> Response {
    let (parts, body) = next.run(request).await.into_parts();
    Response::from_parts(parts, Body::from(to_bytes(body, usize::MAX).await.unwrap()))
}

async fn copy_each(request: Request, next: Next) -> Response {
    let (parts, body) = next.run(request).await.into_parts();
    let copied = body.into_data_stream().map(|piece| piece.map(|piece| Bytes::copy_from_slice(&piece)));
    Response::from_parts(parts, Body::from_stream(copied))
}

struct Client(TcpStream);

impl Client {
    async fn ask(&mut self, path: &str, more: &str) {
        let request = format!("GET {path} HTTP/1.1\r\nhost: a\r\n{more}\r\n");
        self.0.write_all(request.as_bytes()).await.unwrap();
    }

    /// The head of an answer: its first line and the length of what follows.
    async fn head(&mut self) -> (String, usize) {
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            head.push(timeout(SOON, self.0.read_u8()).await.expect("the server answers").expect("it is open"));
        }
        let head = String::from_utf8(head).unwrap();
        let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")).unwrap().parse().unwrap();
        (head.lines().next().unwrap().to_owned(), length)
    }

    async fn body(&mut self, length: usize) -> Vec<u8> {
        let mut body = vec![0; length];
        timeout(SOON, self.0.read_exact(&mut body)).await.expect("the server goes on").expect("to the end");
        body
    }

    /// All that comes until the server closes the connection, however it does.
    async fn rest(&mut self) -> Vec<u8> {
        let mut bytes = Vec::new();
        let _ = timeout(SOON, self.0.read_to_end(&mut bytes)).await.expect("the server closes");
        bytes
    }
}

#[tokio::test]
async fn any_range_of_a_file_is_what_it_is_of_the_whole_on_one_connection_after_the_other() {
    let house = House::open(1_700_000, limits()).await;
    let size = house.bytes.len();
    let mut client = house.connect().await;
    for range in [0..1, 0..size, 1..524_288, 524_287..524_289, 524_288..1_048_576, 70_000..1_699_999, size - 1..size] {
        client.ask("/", &format!("range: bytes={}-{}\r\n", range.start, range.end - 1)).await;
        let (status, length) = client.head().await;
        assert_eq!((status.as_str(), length), ("HTTP/1.1 206 Partial Content", range.len()));
        assert!(client.body(length).await == house.bytes[range.clone()], "{range:?}");
    }
    client.ask("/", "connection: close\r\n").await;
    assert_eq!(client.head().await, ("HTTP/1.1 200 OK".to_owned(), size));
    assert!(client.rest().await == house.bytes);
}

#[tokio::test]
async fn answers_to_requests_sent_ahead_come_in_their_order() {
    let house = House::open(1_300_000, limits()).await;
    let mut client = house.connect().await;
    client.0.write_all(b"HEAD / HTTP/1.1\r\nhost: a\r\n\r\n").await.unwrap();
    let (end, middle) = ("range: bytes=-5\r\n", "range: bytes=600000-\r\n");
    for (path, more) in [("/", ""), ("/", end), ("/", middle), ("/nowhere", ""), ("/", "")] {
        client.ask(path, more).await;
    }
    assert_eq!(client.head().await.1, 1_300_000);
    for from in [0, 1_299_995, 600_000] {
        let (_, length) = client.head().await;
        assert!(client.body(length).await == house.bytes[from..], "from {from}");
    }
    assert_eq!(client.head().await, ("HTTP/1.1 404 Not Found".to_owned(), 0));
    let (_, length) = client.head().await;
    assert!(client.body(length).await == house.bytes);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_at_once_get_the_same_bytes() {
    let house = House::open((8 << 20) + 3, limits()).await;
    join_all((0..8).map(|_| twice(&house))).await;
    house.given_up().await;
}

async fn twice(house: &House) {
    let mut client = house.connect().await;
    for _ in 0..2 {
        client.ask("/", "").await;
        let (_, length) = client.head().await;
        assert!(client.body(length).await == house.bytes);
    }
}

#[tokio::test]
async fn a_client_that_reads_in_small_bites_gets_all() {
    let house = House::open(3_000_000, limits()).await;
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(4096).unwrap();
    let mut client = Client(socket.connect(house.address).await.unwrap());
    client.ask("/", "").await;
    client.head().await;
    let (mut all, mut bite) = (Vec::new(), [0; 1500]);
    while all.len() < house.bytes.len() {
        let read = timeout(SOON, client.0.read(&mut bite)).await.expect("the server goes on").unwrap();
        assert!(read > 0, "cut after {}", all.len());
        all.extend_from_slice(&bite[..read]);
        tokio::task::yield_now().await;
    }
    assert!(all == house.bytes);
}

#[tokio::test]
async fn a_client_that_stops_reading_a_file_is_cut() {
    let house = House::open(48 << 20, Limits { write_pause: Duration::from_millis(200), ..limits() }).await;
    let mut client = house.connect().await;
    client.ask("/", "").await;
    client.head().await;
    house.given_up().await;
    let got = client.rest().await;
    assert!(got.len() < house.bytes.len() && got == house.bytes[..got.len()], "{}", got.len());
}

#[tokio::test]
async fn a_file_that_shrinks_while_it_is_sent_ends_the_connection() {
    let house = House::open(48 << 20, limits()).await;
    let mut client = house.connect().await;
    client.ask("/", "").await;
    client.head().await;
    // far behind what the buffers between us may hold
    OpenOptions::new().write(true).open(&house.file).unwrap().set_len(40 << 20).unwrap();
    let got = client.rest().await;
    assert!(got.len() <= 40 << 20, "{}", got.len());
    assert!(got == house.bytes[..got.len()]);
    house.given_up().await;
}

#[tokio::test]
async fn who_reads_a_body_on_its_way_reads_the_file() {
    let house = House::open(1_200_000, limits()).await;
    let mut client = house.connect().await;
    for _ in 0..2 {
        client.ask("/read", "").await;
        let (_, length) = client.head().await;
        assert!(client.body(length).await == house.bytes);
    }
}

#[tokio::test]
async fn what_only_stands_for_bytes_never_goes_out_whoever_copies_it() {
    let house = House::open(1_200_000, limits()).await;
    let mut client = house.connect().await;
    client.ask("/copied", "").await;
    let got = client.rest().await;
    let body = got.windows(4).position(|end| end == b"\r\n\r\n").map_or(&[][..], |end| &got[end + 4..]);
    assert!(!body.contains(&0) && *body == house.bytes[..body.len()], "{} bytes", body.len());
    // others are served as before
    let mut other = house.connect().await;
    other.ask("/", "").await;
    let (_, length) = other.head().await;
    assert!(other.body(length).await == house.bytes);
}

#[tokio::test]
async fn what_was_uploaded_comes_back_whole_in_parts_and_to_many_at_once() {
    let server = Server::start().await;
    let bytes = Bytes::from(noise(3_000_000));
    let token = &server.world.ann.token;
    let address = server.url(&format!("{}/root:/noise.bin:/content", server.drive()));
    let put = server.http.put(&address).bearer_auth(token).body(bytes.clone());
    server.send(put).await.expect(201);
    let link = server.send(server.http.get(&address).bearer_auth(token)).await.expect(302).header("location");
    let part = |range: Range<usize>| {
        let asked = server.http.get(&link).header("range", format!("bytes={}-{}", range.start, range.end - 1));
        let expected = bytes.slice(range.clone());
        async move {
            let answer = asked.send().await.unwrap();
            assert_eq!(answer.status(), 206);
            assert!(answer.bytes().await.unwrap() == expected, "{range:?}");
        }
    };
    let ranges = [0..1, 5..1_000_000, 999_999..3_000_000, 2_999_999..3_000_000, 0..3_000_000, 65_536..131_072];
    join_all(ranges.map(part)).await;
    let whole = server.http.get(&link).send().await.unwrap();
    assert_eq!(whole.headers()["content-length"], "3000000");
    assert!(whole.bytes().await.unwrap() == bytes);
    let head = server.http.head(&link).send().await.unwrap();
    assert_eq!((head.status().as_u16(), head.headers()["content-length"].to_str().unwrap()), (200, "3000000"));
}
