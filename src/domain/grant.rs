//! Signing in through an application (OAuth 2.0): where browsers may be sent back to, what a code is bound to, and what a
//! sign-in gives. Pure: who presents what stands in the vault.

use std::{net::Ipv6Addr, sync::Arc};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use sha2::{Digest, Sha256};

use super::{id::PrincipalId, person::Person};

/// An application as users sign in through it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Client {
    /// The application.
    pub id: PrincipalId,
    /// Its client id.
    pub client_id: String,
    /// The name it shows under.
    pub name: String,
    /// Whether it cannot keep a secret.
    pub public: bool,
    /// Where browsers are sent back to.
    pub redirect_uris: Vec<String>,
    /// Scopes it may ask for on behalf of users.
    pub delegated: Vec<String>,
}

impl Client {
    /// Whether a browser may be sent there with what is meant for this client: to exactly what is registered, or, for one
    /// that runs on the user's own machine, to that machine (RFC 8252, 7.3).
    pub fn may_be_reached_at(&self, uri: &str) -> bool {
        self.redirect_uris.iter().any(|registered| registered == uri) || (self.public && is_loopback(uri))
    }

    /// Whether what is sent there must be asked for with a challenge: by every client that keeps no secret, but for the page
    /// from which people carry a code by hand. Programs used it before there were challenges (spec/graph.md 14, onedrive),
    /// and no other program is sent what is meant for them.
    pub fn needs_challenge(&self, uri: &str) -> bool {
        // host, tenant, and what is below it
        let below_tenant = uri.strip_prefix("https://").and_then(|rest| rest.splitn(3, '/').nth(2));
        self.public && below_tenant != Some(NATIVE_CLIENT)
    }
}

/// Where the vendor has browsers sent for programs that none can reach, below a tenant.
pub const NATIVE_CLIENT: &str = "oauth2/nativeclient";

/// Whether a redirect address can be registered: absolute, without a fragment, and of characters that need no escape where
/// it will stand in a header; nothing that a browser would run or read from the user's own disk.
pub fn is_redirect_uri(uri: &str) -> bool {
    let Some((scheme, rest)) = uri.split_once(':') else { return false };
    let letters = scheme.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte));
    let scheme = scheme.to_ascii_lowercase();
    let web = scheme == "http" || scheme == "https";
    letters
        && scheme.starts_with(|first: char| first.is_ascii_alphabetic())
        && !["javascript", "data", "vbscript", "file", "blob", "about"].contains(&&*scheme)
        && !rest.is_empty()
        && (!web || rest.strip_prefix("//").is_some_and(has_host))
        && uri.len() <= 2048
        && uri.bytes().all(|byte| byte.is_ascii_graphic() && !b"#\"'<>\\`;,{}|^".contains(&byte))
}

fn has_host(rest: &str) -> bool {
    let authority = rest.split(['/', '?']).next().unwrap_or_default();
    !authority.is_empty() && !authority.contains('@') && !authority.starts_with(':')
}

/// `http` on the user's own machine, at any port.
fn is_loopback(uri: &str) -> bool {
    let Some(rest) = uri.strip_prefix("http://").filter(|_| is_redirect_uri(uri)) else { return false };
    let authority = rest.split(['/', '?']).next().unwrap_or_default();
    let (host, port) = match authority.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        Some((host, "")) => (host, None),
        Some((host, port)) => match port.strip_prefix(':') {
            Some(port) => (host, Some(port)),
            None => return false,
        },
        None => authority.split_once(':').map_or((authority, None), |(host, port)| (host, Some(port))),
    };
    let here = host.eq_ignore_ascii_case("localhost")
        || host == "127.0.0.1"
        || host.parse::<Ipv6Addr>().is_ok_and(|address| address.is_loopback());
    here && port.is_none_or(|port| port.parse::<u16>().is_ok())
}

/// What proves that who brings a code is who asked for it (RFC 7636).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Challenge {
    /// What was sent along when the code was asked for.
    pub text: String,
    /// Whether it is the SHA-256 of the verifier (`S256`), or the verifier itself (`plain`).
    pub hashed: bool,
}

impl Challenge {
    /// A challenge, if it is one.
    pub fn new(text: &str, hashed: bool) -> Option<Self> {
        is_verifier(text).then(|| Self { text: text.to_owned(), hashed })
    }

    /// Whether this is its verifier.
    pub fn fits(&self, verifier: &str) -> bool {
        if !is_verifier(verifier) {
            return false;
        }
        let expected = if self.hashed { URL_SAFE_NO_PAD.encode(Sha256::digest(verifier)) } else { verifier.to_owned() };
        // digests of both are compared, so that the time it takes tells nothing of the text
        Sha256::digest(expected) == Sha256::digest(&self.text)
    }
}

/// 43 to 128 unreserved characters (RFC 7636, 4.1).
fn is_verifier(text: &str) -> bool {
    (43..=128).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte))
}

/// What a sign-in gives. The texts of the tokens are answered once and stored nowhere.
#[derive(Clone)]
pub struct Granted {
    /// Who signed in.
    pub person: Arc<Person>,
    /// What the application presents from now on.
    pub access_token: String,
    /// What it asks for another one with.
    pub refresh_token: String,
    /// The scopes of the access token.
    pub scopes: Vec<String>,
    /// What OpenID Connect knows of what was asked for.
    pub open_id: Vec<String>,
    /// What the application wants to find again in an identity token.
    pub nonce: Option<String>,
}

/// Why what is presented for tokens gives none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Invalid {
    /// There is no such thing, it was revoked, or it is another application's.
    Unknown,
    /// Its time is over.
    Expired,
    /// It was used before; whatever it gave has ended with that.
    Spent,
    /// The address it was sent to is another.
    RedirectUri,
    /// Its verifier is another, or missing.
    Verifier,
    /// It does not reach what is asked for.
    Scope,
}

/// What a device is told that asks whether somebody has signed in for it.
pub enum Waiting {
    /// Nobody has yet.
    Pending,
    /// Nobody has, and it asks too often.
    TooOften,
    /// Somebody said no.
    Declined,
    /// It gives nothing.
    Invalid(Invalid),
    /// Somebody has.
    Granted(Box<Granted>),
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn client(public: bool) -> Client {
        Client {
            id: PrincipalId::fresh(),
            client_id: "c".to_owned(),
            name: "C".to_owned(),
            public,
            redirect_uris: vec!["https://app.example/back".to_owned(), "urn:ietf:wg:oauth:2.0:oob".to_owned()],
            delegated: Vec::new(),
        }
    }

    #[test]
    fn browsers_are_sent_exactly_where_a_client_is_registered() {
        for public in [false, true] {
            let client = client(public);
            assert!(client.may_be_reached_at("https://app.example/back"));
            assert!(client.may_be_reached_at("urn:ietf:wg:oauth:2.0:oob"));
            for other in [
                "",
                "https://app.example/back/",
                "https://app.example/back?x=1",
                "https://app.example/back#",
                "https://app.example/bac",
                "https://APP.example/back",
                "http://app.example/back",
                "https://evil.example/https://app.example/back",
            ] {
                assert!(!client.may_be_reached_at(other), "{other}");
            }
        }
    }

    #[test]
    fn a_client_without_a_secret_needs_a_challenge_but_where_people_carry_the_code() {
        let native = "https://login.example/common/oauth2/nativeclient";
        assert!(!client(true).needs_challenge(native) && !client(false).needs_challenge("https://app.example/back"));
        for other in [
            "https://app.example/back",
            "http://login.example/common/oauth2/nativeclient",
            "https://login.example/oauth2/nativeclient",
            "https://login.example/common/oauth2/nativeclient/x",
            "https://login.example/common/oauth2/nativeclient?x",
            "app://login.example/common/oauth2/nativeclient",
            "",
        ] {
            assert!(client(true).needs_challenge(other), "{other}");
        }
    }

    #[test]
    fn only_a_public_client_is_reached_on_the_users_own_machine() {
        let here = [
            "http://localhost",
            "http://localhost/",
            "http://localhost:8400/path?x=1",
            "http://LOCALHOST:1",
            "http://127.0.0.1:65535/",
            "http://[::1]:5/a",
            "http://[::1]",
        ];
        for uri in here {
            assert!(client(true).may_be_reached_at(uri), "{uri}");
            assert!(!client(false).may_be_reached_at(uri), "{uri}");
        }
        for uri in [
            "https://localhost/",
            "http://localhost.evil.example/",
            "http://127.0.0.1.evil.example/",
            "http://127.0.0.1@evil.example/",
            "http://localhost:80@evil.example/",
            "http://localhost:x/",
            "http://localhost:70000/",
            "http://localhost\\@evil.example/",
            "http://localhost/#",
            "http://[::1].evil.example/",
            "http://[::2]/",
            "http://127.0.0.2/",
            "http:localhost",
            "HTTP://localhost/",
        ] {
            assert!(!client(true).may_be_reached_at(uri), "{uri}");
        }
    }

    #[test]
    fn what_a_browser_would_run_cannot_be_registered() {
        for uri in ["https://a.example", "https://a.example:8443/x?y=z", "msauth.com.example.app://auth", "app:/back"] {
            assert!(is_redirect_uri(uri), "{uri}");
        }
        for uri in [
            "",
            "x",
            ":x",
            "1a:x",
            "https:a.example",
            "https://",
            "https:///x",
            "https://:80/x",
            "https://user@a.example/",
            "https://a.example/#x",
            "https://a.example/ x",
            "https://a.example/\r\nx",
            "https://a.example/;x",
            "https://a.example/,x",
            "https://ä.example/",
            "javascript:alert(1)",
            "JavaScript:alert(1)",
            "data:text/html,x",
            "file:///etc/passwd",
            "a b:x",
        ] {
            assert!(!is_redirect_uri(uri), "{uri}");
        }
    }

    #[test]
    fn a_verifier_fits_its_challenge_only() {
        // RFC 7636, appendix B
        let verifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
        let hashed = Challenge::new("E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM", true).unwrap();
        assert!(hashed.fits(verifier));
        assert!(!hashed.fits(&hashed.text));
        let plain = Challenge::new(verifier, false).unwrap();
        assert!(plain.fits(verifier));
        assert!(!plain.fits(&verifier.to_lowercase()));
        for short in ["", "x", &verifier[..42], &format!("{verifier} "), &"a".repeat(129)] {
            assert_eq!(Challenge::new(short, false), None);
            assert!(!hashed.fits(short));
        }
    }

    proptest! {
        #[test]
        fn no_text_is_taken_for_a_machine_it_is_not(uri in "http://[a-z0-9.:@/\\[\\]?#\\\\-]{0,40}") {
            if client(true).may_be_reached_at(&uri) {
                let rest = &uri["http://".len()..];
                let here = ["localhost", "127.0.0.1", "["].iter().any(|host| rest.starts_with(host));
                prop_assert!(here && !rest.contains('@') || rest.find('@') > rest.find(['/', '?']), "{uri}");
            }
        }
    }
}
