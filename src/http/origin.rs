//! The absolute origin that links in answers start with (spec/graph.md 1.1). No paths, no signatures.

use std::net::{IpAddr, SocketAddr};

use axum::http::{
    Extensions, HeaderMap, HeaderName, Uri,
    header::HOST,
    uri::{Authority, Scheme},
};
use ipnet::IpNet;

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
    /// Proxies whose `X-Forwarded-Proto` and `X-Forwarded-Host` are believed.
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

    /// Whether what this peer forwards is believed.
    pub fn trusts(&self, peer: IpAddr) -> bool {
        let peer = peer.to_canonical();
        self.trusted_proxies.iter().any(|network| network.contains(&peer))
    }
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

    #[test]
    fn what_is_no_host_gets_into_no_link() {
        let plain = Origins::default();
        for bad in ["", "a b", "user@evil.example", "a/b", "a\"b", "<x>"] {
            assert_eq!(ask(&plain, "10.0.0.1:9", "/x", &[("host", bad)]), BadHost.to_string(), "{bad}");
        }
        assert_eq!(ask(&plain, "10.0.0.1:9", "/x", &[("host", "[::1]:80")]), "http://[::1]:80");
    }
}
