//! TLS as clients meet it: the listener with good and bad clients, links, and the program with its certificates.

use std::{
    convert::Infallible,
    fs,
    io::Write,
    net::SocketAddr,
    os::unix::fs::PermissionsExt,
    path::Path,
    sync::Arc,
    time::{Duration, Instant},
};

use axum::{
    Router,
    http::{HeaderMap, Method},
    response::Response,
    routing::get,
};
use coatcheck::{
    app,
    content::{Reading, Stretch},
    http::{
        certificate::{self, Made, Name, Validity},
        content::{self, Download},
        health::Draining,
        serve::{self, Doors, Drained, Limits},
        tls::{Files, Tls},
    },
};
use reqwest::Certificate;
use rustix::process::Signal;
use rustls::{
    ClientConfig, RootCertStore,
    crypto::ring,
    pki_types::{CertificateDer, ServerName, UnixTime, pem::PemObject},
};
use tempfile::TempDir;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::{Notify, oneshot},
    task::JoinHandle,
    time::timeout,
};
use tokio_rustls::{TlsConnector, client::TlsStream};

use super::{
    cli::{answer, eventually, refusal},
    support::{
        answer::Answer,
        database::DurableFolder,
        process::Process,
        server::{Server, config},
    },
};

const SOON: Duration = Duration::from_secs(10);

/// An authority, and a certificate of it in files.
struct Paper {
    authority: Made,
    tls: Tls,
    _folder: TempDir,
}

fn names(names: &[&str]) -> Vec<Name> {
    names.iter().map(|name| Name::parse(name).unwrap()).collect()
}

fn paper(called: &[&str]) -> Paper {
    let now = UnixTime::now().as_secs();
    let authority = certificate::make_authority(now).unwrap();
    let made = certificate::issue(&authority.key, &names(called), Validity { from: now, days: 30 }).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let files = Files { certificate: folder.path().join("crt"), key: folder.path().join("key") };
    fs::write(&files.certificate, made.certificate).unwrap();
    fs::write(&files.key, made.key).unwrap();
    Paper { authority, tls: Tls::open(files).unwrap(), _folder: folder }
}

/// A client that knows this authority and no other.
fn client(authority: &str) -> reqwest::Client {
    let _ = ring::default_provider().install_default();
    let authority = Certificate::from_pem(authority.as_bytes()).unwrap();
    let builder = reqwest::Client::builder().no_proxy().redirect(reqwest::redirect::Policy::none());
    builder.tls_certs_only([authority]).build().unwrap()
}

/// What is in the file of [`file`].
fn noise() -> Vec<u8> {
    (0_u32..500_000).flat_map(|n| (n | 0x0101_0101).to_le_bytes()).collect()
}

/// Some bytes of a file.
async fn file(method: Method, headers: HeaderMap) -> Response {
    let bytes = noise();
    let mut file = tempfile::tempfile().unwrap();
    file.write_all(&bytes).unwrap();
    let whole = Stretch::new(file, 0..bytes.len() as u64);
    let open = async |_| Ok::<_, Infallible>(Reading::File(whole));
    let download = Download::new(bytes.len() as u64, "application/octet-stream");
    content::respond(&method, &headers, &download, open).await.unwrap()
}

/// A listener with both doors, and a slow room behind them.
struct House {
    plain: SocketAddr,
    secure: SocketAddr,
    paper: Paper,
    stop: Option<oneshot::Sender<()>>,
    done: JoinHandle<Drained>,
    entered: Arc<Notify>,
    go_on: Arc<Notify>,
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

impl House {
    async fn open(limits: Limits) -> Self {
        let (plain, secure) =
            (TcpListener::bind("127.0.0.1:0").await.unwrap(), TcpListener::bind("127.0.0.1:0").await.unwrap());
        let (plain_address, secure_address) = (plain.local_addr().unwrap(), secure.local_addr().unwrap());
        let paper = paper(&["localhost", "127.0.0.1"]);
        let doors = Doors { plain: Some(plain), secure: Some((secure, paper.tls.clone())) };
        let (entered, go_on) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
        let slow = {
            let (entered, go_on) = (entered.clone(), go_on.clone());
            move || async move {
                entered.notify_one();
                go_on.notified().await;
                "slow but done"
            }
        };
        let big = || async { "z".repeat(40_000_000) };
        let rooms = Router::new()
            .route("/", get(|| async { "hello" }))
            .route("/slow", get(slow))
            .route("/big", get(big))
            .route("/file", get(file));
        let (stop, stopped) = oneshot::channel();
        let shutdown = async { drop(stopped.await) };
        let done = tokio::spawn(serve::serve(doors, rooms, limits, Draining::default(), shutdown));
        Self { plain: plain_address, secure: secure_address, paper, stop: Some(stop), done, entered, go_on }
    }

    async fn raw(&self) -> TcpStream {
        TcpStream::connect(self.secure).await.unwrap()
    }

    async fn greeted(&self, protocols: &[&[u8]]) -> std::io::Result<TlsStream<TcpStream>> {
        let mut roots = RootCertStore::empty();
        roots.add(CertificateDer::from_pem_slice(self.paper.authority.certificate.as_bytes()).unwrap()).unwrap();
        let mut config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(roots)
            .with_no_client_auth();
        config.alpn_protocols = protocols.iter().map(|protocol| protocol.to_vec()).collect();
        let name = ServerName::try_from("localhost").unwrap();
        TlsConnector::from(Arc::new(config)).connect(name, self.raw().await).await
    }

    async fn says_hello(&self) {
        let hello = client(&self.paper.authority.certificate).get(format!("https://localhost:{}/", self.secure.port()));
        assert_eq!(hello.send().await.unwrap().text().await.unwrap(), "hello");
    }
}

/// Everything until the server closes, however it does.
async fn rest(stream: &mut (impl AsyncReadExt + Unpin)) -> Vec<u8> {
    let mut bytes = Vec::new();
    // a reset is an end as well
    let _ = timeout(SOON, stream.read_to_end(&mut bytes)).await.expect("the server closes");
    bytes
}

#[tokio::test]
async fn both_doors_lead_into_the_same_house_and_links_say_which_one_was_taken() {
    let server = Server::start().await;
    let paper = paper(&["localhost"]);
    let (plain, secure) =
        (TcpListener::bind("127.0.0.1:0").await.unwrap(), TcpListener::bind("127.0.0.1:0").await.unwrap());
    let bases = [
        format!("http://localhost:{}", plain.local_addr().unwrap().port()),
        format!("https://localhost:{}", secure.local_addr().unwrap().port()),
    ];
    let doors = Doors { plain: Some(plain), secure: Some((secure, paper.tls.clone())) };
    let config = config(&[]);
    let rooms = app::router(app::hall(server.vault.clone(), &config), &config, Draining::default());
    let limits = app::connection_limits(&config);
    let serving = tokio::spawn(serve::serve(doors, rooms, limits, Draining::default(), std::future::pending()));
    let http = client(&paper.authority.certificate);

    for base in &bases {
        let get = |path: &str| http.get(format!("{base}{path}")).bearer_auth(&server.world.ann.token);
        let item = Answer::read(get(&server.plan()).send().await.unwrap()).await.expect(200).json();
        let link = item["@microsoft.graph.downloadUrl"].as_str().unwrap();
        assert!(link.starts_with(&format!("{base}/")), "{link}");
        assert!(item["webUrl"].as_str().unwrap().starts_with(&format!("{base}/")));
        let redirect = Answer::read(get(&format!("{}/content", server.plan())).send().await.unwrap()).await.expect(302);
        assert!(redirect.header("location").starts_with(&format!("{base}/")));
        let content = http.get(link).send().await.unwrap();
        assert_eq!(content.status(), 200);
        assert!(!content.bytes().await.unwrap().is_empty());
        let page = get(&format!("{}/root/children?$top=1", server.drive())).send().await.unwrap();
        let page = Answer::read(page).await.expect(200).json();
        if let Some(next) = page["@odata.nextLink"].as_str() {
            assert!(next.starts_with(&format!("{base}/")), "{next}");
        }
        let made = Answer::read(
            http.post(format!("{base}{}/root/children", server.drive()))
                .bearer_auth(&server.world.ann.token)
                .json(&serde_json::json!({"name": base.replace([':', '/'], "-"), "folder": {}}))
                .send()
                .await
                .unwrap(),
        )
        .await
        .expect(201);
        assert!(made.header("location").starts_with(&format!("{base}/")), "{}", made.header("location"));
    }
    serving.abort();
}

#[tokio::test]
async fn who_does_not_know_the_authority_or_calls_by_another_name_hears_nothing() {
    let house = House::open(limits()).await;
    house.says_hello().await;
    let stranger = paper(&["localhost"]);
    let url = format!("https://localhost:{}/", house.secure.port());
    assert!(client(&stranger.authority.certificate).get(&url).send().await.is_err());
    let elsewhere = client(&house.paper.authority.certificate);
    assert!(elsewhere.get(format!("https://127.0.0.2:{}/", house.secure.port())).send().await.is_err());
    let by_address = client(&house.paper.authority.certificate);
    assert!(by_address.get(format!("https://127.0.0.1:{}/", house.secure.port())).send().await.is_ok());
    house.says_hello().await;
}

#[tokio::test]
async fn a_file_is_the_same_through_either_door() {
    let house = House::open(limits()).await;
    let http = client(&house.paper.authority.certificate);
    let addresses = [format!("https://localhost:{}/file", house.secure.port()), format!("http://{}/file", house.plain)];
    for address in addresses {
        let got = http.get(&address).send().await.unwrap().bytes().await.unwrap();
        assert!(got == noise(), "{address}: {} bytes", got.len());
    }
}

#[tokio::test]
async fn garbage_in_place_of_a_handshake_ends_that_connection_and_no_other() {
    let house = House::open(limits()).await;
    let mut open = house.greeted(&[]).await.unwrap();
    for garbage in [&[22_u8, 255, 255, 255, 255, 255][..], &[22, 3, 1, 0, 5, 1, 0, 0, 1, 255], &[22, 3, 3, 0, 0]] {
        let mut client = house.raw().await;
        client.write_all(garbage).await.unwrap();
        client.shutdown().await.unwrap();
        let said = rest(&mut client).await;
        assert!(said.is_empty() || said[0] == 21, "an alert or nothing: {said:?}");
    }
    let mut gone = house.raw().await;
    gone.shutdown().await.unwrap();
    assert!(rest(&mut gone).await.is_empty());

    open.write_all(b"GET / HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n").await.unwrap();
    assert!(rest(&mut open).await.ends_with(b"hello"));
}

#[tokio::test]
async fn who_forgets_the_s_is_told() {
    let house = House::open(limits()).await;
    let answer = client(&house.paper.authority.certificate).get(format!("http://{}/x", house.secure)).send().await;
    let answer = answer.unwrap();
    assert_eq!(answer.status(), 400);
    assert_eq!(answer.text().await.unwrap(), "this port speaks TLS: the address begins with https://\n");
    let tls_to_plain = client(&house.paper.authority.certificate).get(format!("https://{}/", house.plain)).send().await;
    assert!(tls_to_plain.is_err());
    house.says_hello().await;
}

#[tokio::test]
async fn a_slow_handshake_is_cut_and_keeps_nobody_waiting() {
    let short = Duration::from_millis(300);
    let house = House::open(Limits { head_time: short, ..limits() }).await;
    let begun = Instant::now();
    let mut silent = house.raw().await;
    let mut half = house.raw().await;
    half.write_all(&[22, 3, 1, 2, 0, 1]).await.unwrap();
    house.says_hello().await;
    let mut dribbling = house.raw().await;
    let (mut read, mut write) = dribbling.split();
    let dribble = async {
        // a record of 16 KiB, one byte after another
        let mut every = tokio::time::interval(Duration::from_millis(5));
        write.write_all(&[22, 3, 1, 64, 0]).await.unwrap();
        loop {
            every.tick().await;
            if write.write_all(&[1]).await.is_err() {
                break;
            }
        }
    };
    tokio::select! {
        _ = rest(&mut read) => {}
        () = dribble => {}
    }
    assert!(begun.elapsed() >= short);
    rest(&mut half).await;
    assert!(rest(&mut silent).await.is_empty());

    // a head has its time after the handshake too, and an idle connection may wait
    let mut idle = house.greeted(&[]).await.unwrap();
    for _ in 0..2 {
        idle.write_all(b"GET / HTTP/1.1\r\nhost: a\r\n\r\n").await.unwrap();
        let mut text = String::new();
        while !text.ends_with("hello") {
            text.push(char::from(timeout(SOON, idle.read_u8()).await.expect("it answers").expect("it is open")));
        }
        assert!(timeout(short * 2, idle.read_u8()).await.is_err(), "nothing comes and nothing is cut");
    }
    idle.write_all(b"GET / HTTP/1.1\r\nho").await.unwrap();
    rest(&mut idle).await;
}

#[tokio::test]
async fn a_client_that_does_not_read_is_cut_under_tls_as_well() {
    let house = House::open(Limits { write_pause: Duration::from_millis(200), ..limits() }).await;
    let mut client = house.greeted(&[]).await.unwrap();
    client.write_all(b"GET /big HTTP/1.1\r\nhost: a\r\n\r\n").await.unwrap();
    let mut server = house;
    server.stop.take().unwrap().send(()).unwrap();
    // The drain would wait for the answer; it ends because the answer is given up.
    assert_eq!(timeout(SOON, server.done).await.expect("it ends").unwrap(), Drained { open: 1, cut: 0 });
}

#[tokio::test]
async fn http_1_1_is_what_is_spoken_and_nothing_newer() {
    let house = House::open(limits()).await;
    let both = house.greeted(&[b"h2", b"http/1.1"]).await.unwrap();
    assert_eq!(both.get_ref().1.alpn_protocol(), Some(&b"http/1.1"[..]));
    let none = house.greeted(&[]).await.unwrap();
    assert_eq!(none.get_ref().1.alpn_protocol(), None);
    // the client of TLS 1.3 may be done before the refusal arrives
    let Ok(mut newer) = house.greeted(&[b"h2"]).await else { return };
    assert!(timeout(SOON, newer.read_u8()).await.expect("it is refused").is_err());
}

#[tokio::test]
async fn connections_at_both_doors_are_counted_together() {
    let house = House::open(Limits { connections: 1, ..limits() }).await;
    let mut first = house.greeted(&[]).await.unwrap();
    first.write_all(b"GET /slow HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n").await.unwrap();
    house.entered.notified().await;
    let mut second = TcpStream::connect(house.plain).await.unwrap();
    second.write_all(b"GET / HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n").await.unwrap();
    assert!(timeout(Duration::from_millis(200), second.peek(&mut [0])).await.is_err(), "it waits");
    house.go_on.notify_one();
    assert!(rest(&mut first).await.ends_with(b"slow but done"));
    assert!(rest(&mut second).await.ends_with(b"hello"));
}

#[tokio::test]
async fn a_drain_finishes_what_runs_and_cuts_half_a_handshake() {
    let mut house = House::open(limits()).await;
    let mut running = house.greeted(&[]).await.unwrap();
    running.write_all(b"GET /slow HTTP/1.1\r\nhost: a\r\n\r\n").await.unwrap();
    house.entered.notified().await;
    let mut silent = house.raw().await;
    let mut half = house.raw().await;
    half.write_all(&[22, 3, 1, 2, 0, 1]).await.unwrap();
    // both are with the server once it has answered somebody who came later
    house.says_hello().await;

    house.stop.take().unwrap().send(()).unwrap();
    rest(&mut half).await;
    assert!(rest(&mut silent).await.is_empty());
    assert!(TcpStream::connect(house.secure).await.is_err(), "nothing new");
    house.go_on.notify_one();
    let said = String::from_utf8(rest(&mut running).await).unwrap();
    assert!(said.starts_with("HTTP/1.1 200 OK") && said.ends_with("slow but done"), "{said}");
    assert_eq!(timeout(SOON, house.done).await.expect("it ends").unwrap().cut, 0);
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

#[test]
fn a_certificate_is_made_once_and_the_authority_stays() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("d");
    let place = |name: &str| data.join("tls").join(name);
    let read = |name: &str| fs::read_to_string(place(name)).unwrap();

    let made = answer(&data, &["tls", "init"], "");
    assert_eq!(made["names"], serde_json::json!(["localhost", "127.0.0.1", "::1"]));
    assert_eq!(made["new_authority"], true);
    assert_eq!(made["authority"], place("ca.crt").display().to_string());
    for (name, wanted) in [("ca.key", 0o600), ("server.key", 0o600), ("ca.crt", 0o644), ("server.crt", 0o644)] {
        assert_eq!(mode(&place(name)), wanted, "{name}");
    }
    let (authority, first) = (read("ca.crt"), read("server.crt"));

    let refused = refusal(&data, &["tls", "init", "--name", "files.example"], "");
    assert!(refused.starts_with("1: ") && refused.contains("server.crt is there already; --force"), "{refused}");
    assert_eq!(read("server.crt"), first);

    let again = answer(&data, &["tls", "init", "--name", "files.example", "--days", "90", "--force"], "");
    assert_eq!((&again["new_authority"], &again["names"]), (&false.into(), &serde_json::json!(["files.example"])));
    assert_eq!(read("ca.crt"), authority);
    assert_ne!(read("server.crt"), first);
    assert_eq!(mode(&place("server.key")), 0o600);

    let anew = answer(&data, &["tls", "init", "--force", "--new-ca"], "");
    assert_eq!(anew["new_authority"], true);
    assert_ne!(read("ca.crt"), authority);

    // an authority of somebody else's is not signed with
    fs::write(place("ca.crt"), &authority).unwrap();
    let refused = refusal(&data, &["tls", "init", "--force"], "");
    assert!(refused.contains("ca.crt") && refused.contains("--force --new-ca"), "{refused}");
    fs::remove_file(place("ca.crt")).unwrap();
    let refused = refusal(&data, &["tls", "init", "--force"], "");
    assert!(refused.contains("ca.crt is missing"), "{refused}");

    let elsewhere = folder.path().join("else where");
    let made = answer(&data, &["tls", "init", "--dir", elsewhere.to_str().unwrap()], "");
    assert_eq!(made["key"], elsewhere.join("server.key").display().to_string());
    for wrong in [&["tls", "init", "--name", "a b"][..], &["tls", "init", "--days", "0"], &["tls", "init", "--new-ca"]]
    {
        assert!(refusal(&data, wrong, "").starts_with("2: "), "{wrong:?}");
    }
}

#[test]
fn files_that_cannot_be_used_are_named_with_their_setting_before_anything_starts() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("d");
    let serve = ["serve", "--listen", "127.0.0.1:0", "--tls", "127.0.0.1:0"];
    let said = refusal(&data, &serve, "");
    assert!(said.starts_with("1: `tls.certificate`: "), "{said}");
    assert!(said.contains("server.crt cannot be read") && said.contains("`coatcheck tls init`"), "{said}");

    answer(&data, &["tls", "init"], "");
    let tls = data.join("tls");
    fs::copy(tls.join("ca.key"), tls.join("server.key")).unwrap();
    let said = refusal(&data, &serve, "");
    assert!(said.starts_with("1: `tls.certificate` and `tls.key`: the key in "), "{said}");
    fs::write(tls.join("server.key"), "no key").unwrap();
    let said = refusal(&data, &serve, "");
    assert!(said.starts_with("1: `tls.key`: ") && said.contains("server.key holds no private key"), "{said}");
    assert!(!data.join("pgdata").exists(), "the database was not touched");
}

#[test]
fn a_server_with_tls_alone_is_healthy_and_takes_another_certificate_on_sighup() {
    let folder = DurableFolder::new();
    let data = folder.path().join("d");
    answer(&data, &["tls", "init", "--name", "localhost"], "");
    let authority = fs::read_to_string(data.join("tls/ca.crt")).unwrap();
    let process = Process::start(&data, &["--listen", "", "--tls", "127.0.0.1:0"]);
    assert_eq!(process.ready["listening"], process.ready["listening_tls"]);
    let address = process.base.strip_prefix("https://").expect("TLS alone").to_owned();
    let port = address.rsplit(':').next().unwrap().to_owned();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let asked = |name: &str| {
        let url = format!("https://{name}:{port}/readyz");
        // a client of its own each time, so that each asks on a new connection
        runtime.block_on(async { client(&authority).get(url).send().await.is_ok_and(|answer| answer.status() == 200) })
    };
    assert!(asked("localhost") && !asked("127.0.0.1"));
    assert_eq!(answer(&data, &["health", "--tls", &address], "")["ready"], true);

    answer(&data, &["tls", "init", "--name", "127.0.0.1", "--force"], "");
    process.signal(Signal::HUP);
    eventually("the new certificate is shown", || asked("127.0.0.1"));
    assert!(!asked("localhost"));
    assert!(process.stop());
    assert!(refusal(&data, &["health", "--tls", &address], "").starts_with("1: no server answers at 127.0.0.1:"));
}
