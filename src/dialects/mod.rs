//! The four rooms side by side, and what every room is given. No room knows another; what two of them need lies below
//! them, in `vault`, `domain` or `http`.
//!
//! A room translates: credential to actor, wire to domain words, outcome to the vendor's words. It decides nothing about
//! files, locks or rights.

pub mod arena;
pub mod graph;
pub mod liferay;
pub mod oracle;

use std::{convert::Infallible, net::IpAddr, ops::Deref, sync::Arc};

use axum::{
    Router,
    extract::{FromRef, FromRequestParts},
    http::{HeaderMap, HeaderName, request::Parts},
    response::Response,
};
use futures_util::future::BoxFuture;

use crate::{
    domain::{
        actor::{Actor, Dialect},
        error::Error,
        subscription::Notice,
    },
    http::{
        guard::{Head, Refusal},
        origin::Origins,
        outgoing::Outgoing,
        trace::RequestId,
    },
    vault::Vault,
};

/// What every room is given: the state of its handlers. Cheap to clone: every request does so several times.
#[derive(Clone)]
pub struct Hall(Arc<Furnishing>);

impl Hall {
    /// With this in it.
    pub fn new(furnishing: Furnishing) -> Self {
        Self(Arc::new(furnishing))
    }
}

impl Deref for Hall {
    type Target = Furnishing;

    fn deref(&self) -> &Furnishing {
        &self.0
    }
}

/// What stands in the hall.
pub struct Furnishing {
    /// Who does the work.
    pub vault: Vault,
    /// What absolute links start with.
    pub origins: Origins,
    /// Limits of bodies that are read as text.
    pub limits: Limits,
    /// Who calls servers that clients have named.
    pub outgoing: Outgoing,
    /// What only Graph needs.
    pub graph: graph::Settings,
    /// What only Liferay needs.
    pub liferay: liferay::Settings,
}

/// How the room of a subscriber words what they are to be told.
pub type Words = Arc<dyn Fn(Notice) -> BoxFuture<'static, Result<Vec<u8>, Error>> + Send + Sync>;

/// Limits of bodies that are read as text.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Bytes of a JSON, XML or form body, and of a text part of an upload.
    pub text: usize,
    /// Parts of one multipart upload.
    pub parts: usize,
    /// Bytes of a file.
    pub file: u64,
}

impl FromRef<Hall> for Vault {
    fn from_ref(hall: &Hall) -> Vault {
        hall.vault.clone()
    }
}

/// Where a request comes from, as far as the proxies that are trusted can tell: what wrong passwords and access codes are
/// counted by.
#[derive(Clone, Copy, Debug)]
pub struct Source(pub Option<IpAddr>);

impl Source {
    /// That of this request.
    pub fn of(parts: &Parts, hall: &Hall) -> Self {
        Source(hall.origins.client(&parts.headers, &parts.extensions))
    }
}

impl FromRequestParts<Hall> for Source {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, hall: &Hall) -> Result<Self, Infallible> {
        Ok(Self::of(parts, hall))
    }
}

/// A room as the house sees it.
#[derive(Clone, Copy)]
pub struct Room {
    /// Whose language it speaks.
    pub dialect: Dialect,
    /// Its name in the log.
    pub name: &'static str,
    /// Whether a path belongs to it, also one that leads nowhere.
    pub claims: fn(path: &str) -> bool,
    /// Its routes, at all their mount points.
    pub router: fn() -> Router<Hall>,
    /// Every path somebody lives at, parameters in braces: what a sweep of all doors walks.
    pub doors: fn() -> Vec<String>,
    /// How it words a refusal.
    pub refuse: fn(&Head, Refused) -> Response,
}

/// What a room is asked to word.
#[derive(Debug)]
pub enum Refused {
    /// The house refuses before a handler is reached: a limit, a time-out, a panic.
    House(Refusal),
    /// Nobody lives at the path.
    NoRoute,
    /// The vault refuses to check out a file.
    Vault(Error),
}

/// The rooms, in the order of our tables.
pub const ROOMS: [Room; 4] = [arena::ROOM, oracle::ROOM, graph::ROOM, liferay::ROOM];

/// `X-Coatcheck-Fence`: a write counts only under this fence. Understood by every room.
pub const FENCE: HeaderName = HeaderName::from_static("x-coatcheck-fence");

/// Notes in an actor what every request may say, whatever its dialect: its id for the trail, and a fence.
#[must_use]
pub fn of_request(actor: Actor, request: Option<RequestId>, headers: &HeaderMap) -> Actor {
    // a fence that is no number is none that anybody holds
    let fence = headers.get(FENCE).map(|fence| fence.to_str().ok().and_then(|text| text.parse().ok()).unwrap_or(-1));
    Actor { request: request.map(|id| id.0), fence, ..actor }
}
