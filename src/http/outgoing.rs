//! Requests that we make to servers which clients have named: only to hosts that are listed, at an address that we have
//! looked up and looked at ourselves, without redirects, proxies, or more patience than is good. What is said and why is not
//! known here. Addresses are never logged: they may carry secrets.

use std::{
    fmt, io,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    str::FromStr,
    sync::{Arc, OnceLock},
    time::Duration,
};

use axum::http::{StatusCode, header::CONTENT_TYPE};
use futures_util::future::BoxFuture;
use ipnet::{IpNet, Ipv4Net, Ipv6Net};
use reqwest::{
    Client, Response, Url,
    dns::{Addrs, Name, Resolve, Resolving},
    redirect,
};
use tokio::sync::Semaphore;

/// Most bytes of an address.
const LONGEST_ADDRESS: usize = 2048;
/// Servers that are asked something at a time; of more nobody is asked.
const AT_A_TIME: usize = 64;
/// A name that means this machine, whatever is looked up.
const THIS_MACHINE: &str = "localhost";

/// A host that may be called: by `https`, or by `http` where its entry says so, at one port.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Host {
    scheme: String,
    name: String,
    port: u16,
}

/// Why a text names no host.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("is no host; it looks like files.example.com, files.example.com:8443 or http://127.0.0.1:9000")]
pub struct BadHost;

impl FromStr for Host {
    type Err = BadHost;

    fn from_str(text: &str) -> Result<Self, BadHost> {
        let whole = if text.contains("://") { text.to_owned() } else { format!("https://{text}") };
        let url = Url::parse(&whole).map_err(|_| BadHost)?;
        let is_bare = url.path() == "/" && url.query().is_none() && !text.ends_with('/');
        Self::of(&url).filter(|_| is_bare && is_plain(&url)).ok_or(BadHost)
    }
}

impl Host {
    fn of(url: &Url) -> Option<Self> {
        let scheme = Some(url.scheme()).filter(|scheme| ["http", "https"].contains(scheme))?;
        let name = url.host_str().filter(|name| !name.is_empty())?;
        Some(Self { scheme: scheme.to_owned(), name: name.to_owned(), port: url.port_or_known_default()? })
    }
}

/// Whether an address names nobody and no part of what is there.
fn is_plain(url: &Url) -> bool {
    url.username().is_empty() && url.password().is_none() && url.fragment().is_none()
}

/// Who may be called, and for how long.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The hosts.
    pub hosts: Vec<Host>,
    /// Networks in which they may lie beside the internet. One that is listed by its address, or as `localhost`, need not.
    pub networks: Vec<IpNet>,
    /// How long an answer may take, from the first look at the name to its last byte.
    pub patience: Duration,
}

/// An address that may be called.
#[derive(Clone)]
pub struct Target(Url);

impl fmt::Debug for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Target")
    }
}

/// Why an address is not called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotAdmitted {
    /// It is none.
    NoUrl,
    /// Its host may be called, but by `https` only.
    Insecure,
    /// Its host is not listed.
    NotListed,
}

/// Why there is no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Failure {
    /// It has no address that may be called, takes no connection, or does not speak HTTP.
    #[error("cannot be reached")]
    Unreachable,
    /// It was not there in time.
    #[error("took too long")]
    Late,
    /// It is longer than anybody wants to read.
    #[error("said too much")]
    TooLong,
    /// Too many others are asked just now.
    #[error("not asked")]
    Busy,
}

/// What a server answered.
#[derive(Clone, Debug)]
pub struct Reply {
    /// Its status.
    pub status: StatusCode,
    /// Its media type, as it stands.
    pub content_type: String,
    /// The whole body.
    pub body: Vec<u8>,
}

/// Looks up the addresses of a name.
type Lookup = Arc<dyn Fn(String) -> BoxFuture<'static, io::Result<Vec<IpAddr>>> + Send + Sync>;

/// Who calls. Clones are one and the same.
#[derive(Clone)]
pub struct Outgoing(Arc<Inner>);

struct Inner {
    settings: Settings,
    lookup: Lookup,
    // made by the first call: most installations never make one
    client: OnceLock<Client>,
    turns: Semaphore,
}

impl Outgoing {
    /// Calls nobody yet.
    pub fn new(settings: Settings) -> Self {
        Self::looking_up(settings, Arc::new(|name| Box::pin(system(name))))
    }

    fn looking_up(settings: Settings, lookup: Lookup) -> Self {
        Self(Arc::new(Inner { settings, lookup, client: OnceLock::new(), turns: Semaphore::new(AT_A_TIME) }))
    }

    /// How long an answer may take.
    pub fn patience(&self) -> Duration {
        self.0.settings.patience
    }

    /// Whether an address may be called; nobody is asked for that.
    pub fn admit(&self, text: &str) -> Result<Target, NotAdmitted> {
        // a parser would pass over some of these characters
        if text.len() > LONGEST_ADDRESS || text.contains(char::is_control) {
            return Err(NotAdmitted::NoUrl);
        }
        let url = Url::parse(text).ok().filter(is_plain).ok_or(NotAdmitted::NoUrl)?;
        let host = Host::of(&url).ok_or(NotAdmitted::NoUrl)?;
        let hosts = &self.0.settings.hosts;
        if hosts.contains(&host) {
            return Ok(Target(url));
        }
        let of_name = || hosts.iter().filter(|listed| listed.name == host.name);
        let is_for_tls =
            host.scheme == "http" && of_name().count() > 0 && of_name().all(|listed| listed.scheme == "https");
        Err(if is_for_tls { NotAdmitted::Insecure } else { NotAdmitted::NotListed })
    }

    /// Asks a server with one more option in the query, by an empty `POST`; reads so many bytes of its answer at most.
    pub async fn ask(&self, target: &Target, option: (&str, &str), longest: usize) -> Result<Reply, Failure> {
        let _turn = self.0.turns.try_acquire().map_err(|_| Failure::Busy)?;
        let mut url = target.0.clone();
        url.query_pairs_mut().append_pair(option.0, option.1);
        self.in_time(async {
            let mut response = self.post(url, "text/plain; charset=utf-8", Vec::new()).await?;
            let kind = response.headers().get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
            let mut reply = Reply {
                status: response.status(),
                content_type: kind.unwrap_or_default().to_owned(),
                body: Vec::new(),
            };
            while let Some(bytes) = response.chunk().await.map_err(unreachable)? {
                if reply.body.len().saturating_add(bytes.len()) > longest {
                    return Err(Failure::TooLong);
                }
                reply.body.extend_from_slice(&bytes);
            }
            Ok(reply)
        })
        .await
    }

    /// Tells a server something in JSON, and does not listen to what it says but for its status.
    pub async fn tell(&self, target: &Target, json: Vec<u8>) -> Result<StatusCode, Failure> {
        let url = target.0.clone();
        self.in_time(async { Ok(self.post(url, "application/json; charset=utf-8", json).await?.status()) }).await
    }

    async fn in_time<T>(&self, call: impl Future<Output = Result<T, Failure>>) -> Result<T, Failure> {
        tokio::time::timeout(self.0.settings.patience, call).await.unwrap_or(Err(Failure::Late))
    }

    async fn post(&self, url: Url, kind: &'static str, body: Vec<u8>) -> Result<Response, Failure> {
        self.client()?.post(url).header(CONTENT_TYPE, kind).body(body).send().await.map_err(unreachable)
    }

    fn client(&self) -> Result<&Client, Failure> {
        if let Some(client) = self.0.client.get() {
            return Ok(client);
        }
        // whoever comes first installs it
        let _ = rustls::crypto::ring::default_provider().install_default();
        let resolver = Guarded { lookup: self.0.lookup.clone(), networks: self.0.settings.networks.clone().into() };
        let client = Client::builder()
            .no_proxy()
            .redirect(redirect::Policy::none())
            .retry(reqwest::retry::never())
            .referer(false)
            // an address is looked at when it is connected to, so nobody is to find an old connection
            .pool_max_idle_per_host(0)
            .dns_resolver(resolver)
            .user_agent("coatcheck")
            .build();
        match client {
            Ok(client) => Ok(self.0.client.get_or_init(|| client)),
            Err(error) => {
                tracing::error!(%error, "no requests can be made to other servers");
                Err(Failure::Unreachable)
            }
        }
    }
}

fn unreachable(error: reqwest::Error) -> Failure {
    // without the address
    tracing::debug!(error = %error.without_url(), "a request to another server has failed");
    Failure::Unreachable
}

async fn system(name: String) -> io::Result<Vec<IpAddr>> {
    Ok(tokio::net::lookup_host((name, 0)).await?.map(|address| address.ip()).collect())
}

/// Looks up names for the client, which connects to what this says and to nothing else: what was looked at is what is
/// called, however often a name changes its mind.
struct Guarded {
    lookup: Lookup,
    networks: Arc<[IpNet]>,
}

impl Resolve for Guarded {
    fn resolve(&self, name: Name) -> Resolving {
        let (lookup, networks) = (self.lookup.clone(), self.networks.clone());
        let name = name.as_str().to_ascii_lowercase();
        Box::pin(async move {
            let found = lookup(name.clone()).await?;
            let admitted: Vec<SocketAddr> = found
                .into_iter()
                .filter(|address| is_admitted(&name, *address, &networks))
                .map(|address| SocketAddr::new(address, 0))
                .collect();
            if admitted.is_empty() {
                return Err("the host has no address that may be called".into());
            }
            Ok(Box::new(admitted.into_iter()) as Addrs)
        })
    }
}

fn is_admitted(name: &str, address: IpAddr, networks: &[IpNet]) -> bool {
    // 10.0.0.1 may also be spelled ::ffff:10.0.0.1
    let address = address.to_canonical();
    is_public(address)
        || networks.iter().any(|network| network.contains(&address))
        || (name == THIS_MACHINE && address.is_loopback())
}

const fn v4(a: u8, b: u8, c: u8, d: u8, prefix: u8) -> Ipv4Net {
    Ipv4Net::new_assert(Ipv4Addr::new(a, b, c, d), prefix)
}

const fn v6(a: u16, b: u16, prefix: u8) -> Ipv6Net {
    Ipv6Net::new_assert(Ipv6Addr::new(a, b, 0, 0, 0, 0, 0, 0), prefix)
}

/// What of IPv4 is not everybody's (RFC 6890 and its registry): this machine, private networks, documentation, groups.
const NOT_PUBLIC_V4: [Ipv4Net; 15] = [
    v4(0, 0, 0, 0, 8),
    v4(10, 0, 0, 0, 8),
    v4(100, 64, 0, 0, 10),
    v4(127, 0, 0, 0, 8),
    v4(169, 254, 0, 0, 16),
    v4(172, 16, 0, 0, 12),
    v4(192, 0, 0, 0, 24),
    v4(192, 0, 2, 0, 24),
    v4(192, 88, 99, 0, 24),
    v4(192, 168, 0, 0, 16),
    v4(198, 18, 0, 0, 15),
    v4(198, 51, 100, 0, 24),
    v4(203, 0, 113, 0, 24),
    v4(224, 0, 0, 0, 4),
    v4(240, 0, 0, 0, 4),
];

/// What of IPv6 is given out at all.
const GIVEN_OUT: Ipv6Net = v6(0x2000, 0, 3);

/// What of that is not everybody's, or leads to another address: protocols, tunnels, documentation.
const NOT_PUBLIC_V6: [Ipv6Net; 4] = [v6(0x2001, 0, 23), v6(0x2001, 0xdb8, 32), v6(0x2002, 0, 16), v6(0x3fff, 0, 20)];

fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => !NOT_PUBLIC_V4.iter().any(|network| network.contains(&address)),
        IpAddr::V6(address) => {
            GIVEN_OUT.contains(&address) && !NOT_PUBLIC_V6.iter().any(|network| network.contains(&address))
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use tokio::{
        io::{AsyncReadExt, AsyncWriteExt},
        net::TcpListener,
    };

    use super::*;

    fn calling(hosts: &[&str], networks: &[&str], lookup: Lookup) -> Outgoing {
        let settings = Settings {
            hosts: hosts.iter().map(|host| host.parse().unwrap()).collect(),
            networks: networks.iter().map(|network| network.parse().unwrap()).collect(),
            patience: Duration::from_secs(10),
        };
        Outgoing::looking_up(settings, lookup)
    }

    fn nobody() -> Lookup {
        Arc::new(|name| panic!("{name} is looked up"))
    }

    #[test]
    fn a_host_is_listed_with_its_scheme_and_port() {
        let read =
            |text: &str| text.parse::<Host>().map(|host| format!("{}://{}:{}", host.scheme, host.name, host.port));
        assert_eq!(read("Files.Example.com").unwrap(), "https://files.example.com:443");
        assert_eq!(read("files.example.com:8443").unwrap(), "https://files.example.com:8443");
        assert_eq!(read("http://localhost:9000").unwrap(), "http://localhost:9000");
        assert_eq!(read("[::1]:9000").unwrap(), "https://[::1]:9000");
        assert_eq!(read("127.1").unwrap(), "https://127.0.0.1:443");
        for bad in ["", "a b", "ftp://x", "x/y", "x/", "u@x", "x?y", "x#y", "x:port", "http://", "*.example.com/"] {
            assert_eq!(read(bad), Err(BadHost), "{bad}");
        }
    }

    #[test]
    fn only_listed_hosts_are_admitted_by_their_scheme_and_at_their_port() {
        let calling = calling(&["files.example.com", "http://127.0.0.1:9000", "[::1]:1"], &[], nobody());
        let admit = |text: &str| calling.admit(text).err();
        for admitted in [
            "https://files.example.com/a?b=c",
            "HTTPS://FILES.example.com:443/",
            "http://127.0.0.1:9000/x",
            "http://0x7f.1:9000",
            "https://[0:0::1]:1/",
        ] {
            assert_eq!(admit(admitted), None, "{admitted}");
        }
        for no_url in [
            "",
            "x",
            "/x",
            "ftp://files.example.com/",
            "file:///etc/passwd",
            "https://",
            "https://u:p@files.example.com/",
            "https://files.example.com@other.example/",
            "https://files.example.com/#x",
            "https://files.example.com/\0",
            "https://files.exam\nple.com/",
            &format!("https://files.example.com/{}", "x".repeat(LONGEST_ADDRESS)),
        ] {
            assert_eq!(admit(no_url), Some(NotAdmitted::NoUrl), "{no_url}");
        }
        assert_eq!(admit("http://files.example.com/"), Some(NotAdmitted::Insecure));
        for other in [
            "https://example.com",
            "https://files.example.com.",
            "https://files.example.com.evil.example/",
            "https://files.example.com:8443/",
            "https://127.0.0.1:9000/",
            "https://127.0.0.1/",
            "http://localhost:9000",
            "http://127.0.0.2:9000",
            "https://[::ffff:127.0.0.1]:9000/",
        ] {
            assert_eq!(admit(other), Some(NotAdmitted::NotListed), "{other}");
        }
        assert_eq!(super::tests::calling(&[], &[], nobody()).admit("https://x/").err(), Some(NotAdmitted::NotListed));
    }

    #[test]
    fn addresses_that_are_not_everybodys_are_not_called_unless_their_network_is_listed() {
        let networks: Vec<IpNet> = vec!["10.1.0.0/16".parse().unwrap(), "fd00::/8".parse().unwrap()];
        let is_admitted = |name: &str, address: &str| is_admitted(name, address.parse().unwrap(), &networks);
        for public in
            ["93.184.216.34", "8.8.8.8", "::ffff:8.8.8.8", "2606:4700::1", "172.32.0.1", "10.1.2.3", "fd12::1"]
        {
            assert!(is_admitted("x", public), "{public}");
        }
        for private in [
            "0.0.0.0",
            "10.0.0.1",
            "10.2.0.1",
            "100.64.0.1",
            "127.0.0.1",
            "127.255.255.254",
            "169.254.169.254",
            "172.16.0.1",
            "172.31.255.255",
            "192.168.1.1",
            "198.19.0.1",
            "224.0.0.1",
            "255.255.255.255",
            "::",
            "::1",
            "::ffff:10.0.0.1",
            "::ffff:127.0.0.1",
            "::127.0.0.1",
            "64:ff9b::7f00:1",
            "fe80::1",
            "fc00::1",
            "ff02::1",
            "2001:db8::1",
            "2001::1",
            "2002:7f00:1::",
        ] {
            assert!(!is_admitted("x", private), "{private}");
        }
        assert!(is_admitted("localhost", "127.0.0.1") && is_admitted("localhost", "::1"));
        assert!(!is_admitted("localhost", "10.0.0.1") && !is_admitted("x.localhost", "127.0.0.1"));
    }

    /// A server that answers so many requests, and answers how many came.
    async fn server(answer: &'static str) -> (u16, Arc<AtomicUsize>) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let (port, count) = (listener.local_addr().unwrap().port(), Arc::new(AtomicUsize::new(0)));
        let counted = count.clone();
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                counted.fetch_add(1, Ordering::SeqCst);
                let mut bytes = [0; 1024];
                let _ = stream.read(&mut bytes).await;
                let _ = stream.write_all(answer.as_bytes()).await;
            }
        });
        (port, count)
    }

    #[tokio::test]
    async fn a_name_that_changes_its_mind_is_called_where_it_was_looked_at() {
        let (port, count) = server("HTTP/1.1 204 No Content\r\ncontent-length: 0\r\n\r\n").await;
        // first it means a place that may be called, and whenever it is asked again one that may not
        let asked = Arc::new(AtomicUsize::new(0));
        let times = asked.clone();
        let lookup: Lookup = Arc::new(move |name| {
            assert_eq!(name, "rebinding.example");
            let first = times.fetch_add(1, Ordering::SeqCst) == 0;
            let address = if first { "127.0.0.1" } else { "169.254.169.254" };
            Box::pin(async move { Ok(vec!["10.0.0.1".parse().unwrap(), address.parse().unwrap()]) })
        });
        let host = format!("http://rebinding.example:{port}");
        let calling = calling(&[&host], &["127.0.0.1/32"], lookup);
        let target = calling.admit(&format!("{host}/hook")).unwrap();
        assert_eq!(calling.tell(&target, b"{}".to_vec()).await, Ok(StatusCode::NO_CONTENT));
        assert_eq!(
            (asked.load(Ordering::SeqCst), count.load(Ordering::SeqCst)),
            (1, 1),
            "looked up once, called there"
        );
        assert_eq!(calling.tell(&target, b"{}".to_vec()).await, Err(Failure::Unreachable));
        assert_eq!((asked.load(Ordering::SeqCst), count.load(Ordering::SeqCst)), (2, 1), "and looked up for each call");
    }

    #[tokio::test]
    async fn a_redirect_is_an_answer_and_leads_nowhere() {
        let (port, count) =
            server("HTTP/1.1 307 Temporary Redirect\r\nlocation: /elsewhere\r\ncontent-length: 0\r\n\r\n").await;
        let host = format!("http://127.0.0.1:{port}");
        let calling = calling(&[&host], &[], nobody());
        let target = calling.admit(&host).unwrap();
        assert_eq!(calling.tell(&target, Vec::new()).await, Ok(StatusCode::TEMPORARY_REDIRECT));
        assert_eq!(count.load(Ordering::SeqCst), 1);
    }

    #[tokio::test]
    async fn an_answer_is_read_as_far_as_somebody_wants_to_know() {
        let (port, _) = server("HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\ncontent-length: 5\r\n\r\nhello").await;
        let host = format!("http://127.0.0.1:{port}");
        let calling = calling(&[&host], &[], nobody());
        let target = calling.admit(&format!("{host}/a?b=c")).unwrap();
        let reply = calling.ask(&target, ("x", "y z"), 5).await.unwrap();
        assert_eq!((reply.status, &*reply.content_type, &*reply.body), (StatusCode::OK, "text/plain", &b"hello"[..]));
        assert_eq!(calling.ask(&target, ("x", "y"), 4).await.unwrap_err(), Failure::TooLong);
    }
}
