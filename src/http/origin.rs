//! Where a request comes from, through the proxies we trust: the absolute origin that links in answers start with
//! (spec/graph.md 1.1), and the client's address. No paths, no signatures.

use std::net::{IpAddr, SocketAddr};

use axum::http::{
    Extensions, HeaderMap, HeaderName, Uri,
    header::HOST,
    uri::{Authority, Scheme},
};
use ipnet::IpNet;

const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");

/// The connection a request came over; the listener leaves it in the request's extensions.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Connection {
    /// The other end: the client, or the last proxy.
    pub peer: SocketAddr,
    /// Our end.
    pub local: SocketAddr,
    /// Whether we terminate TLS on it.
    pub secure: bool,
}

/// How origins are found.
#[derive(Clone, Debug, Default)]
pub struct Origins {
    /// The configured public address, without a slash at its end. When set, nothing a client sends matters.
    pub public_url: Option<String>,
    /// Proxies whose `X-Forwarded-Proto`, `X-Forwarded-Host` and `X-Forwarded-For` are believed.
    pub trusted_proxies: Vec<IpNet>,
}

/// The `Host` (or what a trusted proxy forwarded for it) is missing or no host.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("the Host header is missing or is no host name")]
pub struct BadHost;

impl Origins {
    /// `scheme://host[:port]` for links in the answer to this request.
    pub fn of(&self, uri: &Uri, headers: &HeaderMap, extensions: &Extensions) -> Result<String, BadHost> {
        if let Some(public) = &self.public_url {
            return Ok(public.trim_end_matches('/').to_owned());
        }
        let connection = extensions.get::<Connection>();
        let trusted = connection.is_some_and(|connection| self.trusts(connection.peer.ip()));
        let forwarded = |name: &'static str| {
            let value = trusted.then(|| headers.get(HeaderName::from_static(name))).flatten()?.to_str().ok()?;
            value.split(',').next().map(str::trim).filter(|value| !value.is_empty())
        };
        let own = if connection.is_some_and(|connection| connection.secure) { Scheme::HTTPS } else { Scheme::HTTP };
        let scheme = match forwarded("x-forwarded-proto") {
            Some(text) if text.eq_ignore_ascii_case("https") => Scheme::HTTPS,
            Some(text) if text.eq_ignore_ascii_case("http") => Scheme::HTTP,
            _ => own,
        };
        let host = match (forwarded("x-forwarded-host"), uri.authority(), headers.get(HOST)) {
            (Some(forwarded), _, _) => forwarded.to_owned(),
            (None, Some(authority), _) => authority.as_str().to_owned(),
            (None, None, Some(host)) => host.to_str().map_err(|_| BadHost)?.to_owned(),
            (None, None, None) => connection.ok_or(BadHost)?.local.to_string(),
        };
        let authority: Authority = host.parse().map_err(|_| BadHost)?;
        let clean = !authority.host().is_empty() && !authority.as_str().contains('@');
        if clean { Ok(format!("{scheme}://{authority}")) } else { Err(BadHost) }
    }

    /// The address of the client: the peer's, or what trusted proxies have forwarded for it. Each proxy adds whom it talks to
    /// at the end, and a client can begin the list with anything: so it is read from the end, and the first address that is
    /// no trusted proxy's is the client's. `None`: the request did not come over a connection.
    pub fn client(&self, headers: &HeaderMap, extensions: &Extensions) -> Option<IpAddr> {
        let mut client = extensions.get::<Connection>()?.peer.ip().to_canonical();
        let lines = headers.get_all(FORWARDED_FOR).iter().rev();
        let mut hops = lines.flat_map(|line| line.to_str().unwrap_or_default().rsplit(','));
        while self.trusts(client) {
            // what cannot be read is no address: the last proxy known speaks for whoever is behind it
            let Some(hop) = hops.next().and_then(address) else { break };
            client = hop;
        }
        Some(client)
    }

    /// Whether what this peer forwards is believed.
    pub fn trusts(&self, peer: IpAddr) -> bool {
        let peer = peer.to_canonical();
        self.trusted_proxies.iter().any(|network| network.contains(&peer))
    }
}

/// Whether a form that came with these headers was sent by a page of this origin: browsers say so. Who says nothing is no
/// browser, and nobody can make it send what its user does not want.
pub fn is_own_form(headers: &HeaderMap, origin: &str) -> bool {
    let said =
        |name: &'static str| headers.get(HeaderName::from_static(name)).map(|value| value.to_str().unwrap_or("?"));
    let host = |origin: &str| origin.split_once("://").map(|(_, host)| host.to_ascii_lowercase());
    match (said("sec-fetch-site"), said("origin")) {
        (Some(site), _) => site == "same-origin" || site == "none",
        // behind a proxy the scheme may be another
        (None, Some(from)) => host(from).is_some() && host(from) == host(origin),
        (None, None) => true,
    }
}

/// An address as proxies spell it: bare, in brackets, with or without a port.
fn address(text: &str) -> Option<IpAddr> {
    let text = text.trim();
    let bare = text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(text);
    let address = bare.parse().ok().or_else(|| text.parse::<SocketAddr>().ok().map(|socket| socket.ip()));
    address.map(|address: IpAddr| address.to_canonical())
}

#[cfg(test)]
mod tests {
    use axum::http::{HeaderValue, Request};

    use super::*;

    fn ask(origins: &Origins, peer: &str, uri: &str, headers: &[(&'static str, &'static str)]) -> String {
        let mut request = Request::new(());
        *request.uri_mut() = uri.parse().unwrap_or_default();
        for (name, value) in headers {
            request.headers_mut().insert(*name, HeaderValue::from_static(value));
        }
        if let (Ok(peer), Ok(local)) = (peer.parse(), "127.0.0.1:8080".parse()) {
            request.extensions_mut().insert(Connection { peer, local, secure: false });
        }
        origins.of(request.uri(), request.headers(), request.extensions()).unwrap_or_else(|error| error.to_string())
    }

    #[test]
    fn the_configured_address_wins_then_a_trusted_proxy_then_the_host() {
        let plain = Origins::default();
        let proxied = Origins { trusted_proxies: "10.0.0.0/8".parse().into_iter().collect(), ..Origins::default() };
        let fixed = Origins { public_url: Some("https://files.example/".to_owned()), ..Origins::default() };
        let headers = [("host", "a.example:81"), ("x-forwarded-proto", "https"), ("x-forwarded-host", "b.example, c")];

        assert_eq!(ask(&plain, "10.0.0.1:9", "/x", &headers), "http://a.example:81");
        assert_eq!(ask(&proxied, "10.0.0.1:9", "/x", &headers), "https://b.example");
        assert_eq!(ask(&proxied, "[::ffff:10.0.0.1]:9", "/x", &headers), "https://b.example");
        assert_eq!(ask(&proxied, "192.0.2.1:9", "/x", &headers), "http://a.example:81");
        assert_eq!(ask(&fixed, "10.0.0.1:9", "/x", &headers), "https://files.example");
    }

    #[test]
    fn an_absolute_address_names_the_host_and_no_host_at_all_means_our_own_end() {
        let plain = Origins::default();
        assert_eq!(ask(&plain, "10.0.0.1:9", "http://t.example/x", &[("host", "a.example")]), "http://t.example");
        assert_eq!(ask(&plain, "10.0.0.1:9", "/x", &[]), "http://127.0.0.1:8080");
        assert_eq!(ask(&plain, "none", "/x", &[]), BadHost.to_string());
    }

    fn client(origins: &Origins, peer: &str, lines: &[&'static str]) -> String {
        let mut headers = HeaderMap::new();
        for line in lines {
            headers.append(FORWARDED_FOR, HeaderValue::from_static(line));
        }
        let mut extensions = Extensions::new();
        if let (Ok(peer), Ok(local)) = (peer.parse(), "127.0.0.1:8080".parse()) {
            extensions.insert(Connection { peer, local, secure: false });
        }
        origins.client(&headers, &extensions).map_or("nobody".to_owned(), |address| address.to_string())
    }

    #[test]
    fn the_client_is_the_last_address_that_is_no_trusted_proxys() {
        let plain = Origins::default();
        let networks = ["10.0.0.0/8", "fd00::/8"].map(|network| network.parse().unwrap());
        let proxied = Origins { trusted_proxies: networks.to_vec(), ..Origins::default() };
        // nobody forwards for a peer that is not trusted
        assert_eq!(client(&plain, "10.0.0.1:9", &["192.0.2.1"]), "10.0.0.1");
        assert_eq!(client(&proxied, "192.0.2.9:9", &["192.0.2.1"]), "192.0.2.9");
        // what a client itself sends stands before what the proxies add
        assert_eq!(client(&proxied, "10.0.0.1:9", &["192.0.2.1"]), "192.0.2.1");
        assert_eq!(client(&proxied, "10.0.0.1:9", &["203.0.113.5, 192.0.2.1"]), "192.0.2.1");
        assert_eq!(client(&proxied, "10.0.0.1:9", &["203.0.113.5, 192.0.2.1, 10.9.9.9"]), "192.0.2.1");
        assert_eq!(client(&proxied, "10.0.0.1:9", &["203.0.113.5", "192.0.2.1 ,10.9.9.9"]), "192.0.2.1");
        assert_eq!(client(&proxied, "10.0.0.1:9", &["10.1.1.1", "10.2.2.2"]), "10.1.1.1");
        // what is no address ends the walk
        assert_eq!(client(&proxied, "10.0.0.1:9", &["192.0.2.1, unknown"]), "10.0.0.1");
        assert_eq!(client(&proxied, "10.0.0.1:9", &["192.0.2.1, , 10.9.9.9"]), "10.9.9.9");
        assert_eq!(client(&proxied, "10.0.0.1:9", &[]), "10.0.0.1");
        assert_eq!(client(&proxied, "none", &["192.0.2.1"]), "nobody");
    }

    #[test]
    fn addresses_are_read_as_proxies_spell_them() {
        let networks = ["10.0.0.0/8", "fd00::/8"].map(|network| network.parse().unwrap());
        let proxied = Origins { trusted_proxies: networks.to_vec(), ..Origins::default() };
        for (line, address) in [
            ("192.0.2.1:4711", "192.0.2.1"),
            ("2001:db8::1", "2001:db8::1"),
            ("[2001:db8::1]", "2001:db8::1"),
            ("[2001:db8::1]:4711", "2001:db8::1"),
            ("::ffff:192.0.2.1", "192.0.2.1"),
            ("2001:db8::1, ::ffff:10.0.0.3", "2001:db8::1"),
        ] {
            assert_eq!(client(&proxied, "[::ffff:10.0.0.1]:9", &[line]), address, "{line}");
            assert_eq!(client(&proxied, "[fd00::1]:9", &[line]), address, "{line}");
        }
    }

    #[test]
    fn a_form_is_ones_own_when_the_browser_says_so() {
        let own = |headers: &[(&'static str, &'static str)]| {
            let headers =
                headers.iter().map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value)));
            is_own_form(&headers.collect(), "http://a.example:81")
        };
        assert!(own(&[]));
        assert!(own(&[("sec-fetch-site", "same-origin"), ("origin", "null")]));
        assert!(own(&[("origin", "https://A.example:81")]));
        for site in ["cross-site", "same-site", "x"] {
            assert!(!own(&[("sec-fetch-site", site), ("origin", "http://a.example:81")]), "{site}");
        }
        for origin in ["http://a.example", "http://b.example:81", "null", ""] {
            assert!(!own(&[("origin", origin)]), "{origin}");
        }
    }

    #[test]
    fn what_is_no_host_gets_into_no_link() {
        let plain = Origins::default();
        for bad in ["", "a b", "user@evil.example", "a/b", "a\"b", "<x>"] {
            assert_eq!(ask(&plain, "10.0.0.1:9", "/x", &[("host", bad)]), BadHost.to_string(), "{bad}");
        }
        assert_eq!(ask(&plain, "10.0.0.1:9", "/x", &[("host", "[::1]:80")]), "http://[::1]:80");
    }
}
