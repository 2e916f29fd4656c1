//! Who is calling: the session of the request, and the request counted against the workspace's limit (spec/arena.md 3, 4).

use std::sync::Arc;

use axum::{
    extract::{FromRequestParts, Request},
    http::{
        HeaderMap,
        header::{AUTHORIZATION, COOKIE},
        request::Parts,
    },
};

use super::{
    super::{Hall, of_request},
    error::{Asked, Error, What},
    limits::Meter,
};
use crate::{
    domain::{
        actor::{Actor, Dialect},
        error::Error as Refusal,
        id::SessionId,
        library::Library,
    },
    http::trace::{self, RequestId},
    vault::SessionCaller,
};

/// Name of the header, and of the web application's cookie.
const SESSION: &str = "arena_session_id";

/// Whoever presents a living session. Its request was counted and is within the limit.
#[derive(Clone, Debug)]
pub struct Caller {
    /// The caller, in this request.
    pub actor: Actor,
    /// The workspace the session is for.
    pub library: Arc<Library>,
}

impl FromRequestParts<Hall> for Caller {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, hall: &Hall) -> Result<Self, Error> {
        let session = session(parts, hall).await?;
        let requests = Asked::nothing(What::Call).answer(hall.vault.count_request(&session.library).await)?;
        note(parts, requests);
        if !requests.admitted {
            return Err(Error::LimitReached(requests));
        }
        let actor = Actor { ceiling: session.ceiling, ..Actor::new(session.account, Dialect::Arena) };
        let actor = of_request(actor, parts.extensions.get::<RequestId>().copied(), &parts.headers);
        Ok(Caller { actor, library: session.library })
    }
}

/// A living session in a request that does not count: a logout.
#[derive(Clone, Copy, Debug)]
pub struct Leaving(pub SessionId);

impl FromRequestParts<Hall> for Leaving {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, hall: &Hall) -> Result<Self, Error> {
        let session = session(parts, hall).await?;
        let requests = Asked::nothing(What::Call).answer(hall.vault.requests_left(&session.library).await)?;
        note(parts, requests);
        Ok(Leaving(session.id))
    }
}

/// Counts a request that leads nowhere, if it can be attributed to a workspace.
pub async fn count(hall: &Hall, request: Request) {
    let mut parts = request.into_parts().0;
    // it is refused anyway; what it is refused for was decided before
    let _counted = Caller::from_request_parts(&mut parts, hall).await;
}

async fn session(parts: &Parts, hall: &Hall) -> Result<SessionCaller, Error> {
    let asked = Asked::nothing(What::Call);
    let token = asked.answer(token(&parts.headers).ok_or(Refusal::NoSession))?;
    let session = asked.answer(hall.vault.session(&token).await)?;
    trace::record_actor(session.account.person.id.0);
    Ok(session)
}

fn note(parts: &Parts, requests: crate::vault::Requests) {
    if let Some(meter) = parts.extensions.get::<Meter>() {
        meter.note(requests);
    }
}

/// The token in the header; without one, what `Authorization` bears (3.4); without either, the one in the cookie (1.2).
fn token(headers: &HeaderMap) -> Option<String> {
    match (headers.get(SESSION), bearer(headers)) {
        (Some(token), _) => token.to_str().ok().map(|token| token.trim().to_owned()),
        (None, Some(token)) => Some(token),
        (None, None) => {
            let cookies = headers.get_all(COOKIE).iter().filter_map(|line| line.to_str().ok());
            let mut pairs = cookies.flat_map(|line| line.split(';')).filter_map(|pair| pair.split_once('='));
            pairs.find(|(name, _)| name.trim() == SESSION).map(|(_, token)| token.trim().to_owned())
        }
    }
}

fn bearer(headers: &HeaderMap) -> Option<String> {
    let (scheme, token) = headers.get(AUTHORIZATION)?.to_str().ok()?.trim().split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim().to_owned())
}

#[cfg(test)]
mod tests {
    use axum::http::{HeaderName, HeaderValue};

    use super::*;

    fn found(lines: &[(&'static str, &'static str)]) -> Option<String> {
        let lines = lines.iter().map(|(name, text)| (HeaderName::from_static(name), HeaderValue::from_static(text)));
        token(&lines.collect())
    }

    #[test]
    fn the_cookie_counts_only_without_the_header() {
        assert_eq!(found(&[(SESSION, "a"), ("cookie", "arena_session_id=b")]).as_deref(), Some("a"));
        assert_eq!(found(&[(SESSION, ""), ("cookie", "arena_session_id=b")]).as_deref(), Some(""));
        assert_eq!(found(&[("cookie", "x=1; arena_session_id=b; y=2")]).as_deref(), Some("b"));
        assert_eq!(found(&[("cookie", "arena_session_ids=b")]), None);
        assert_eq!(found(&[]), None);
    }

    #[test]
    fn what_authorization_bears_comes_after_the_header_and_before_the_cookie() {
        let (bearer, cookie) = (("authorization", "bearer  b "), ("cookie", "arena_session_id=c"));
        assert_eq!(found(&[(SESSION, "a"), bearer, cookie]).as_deref(), Some("a"));
        assert_eq!(found(&[bearer, cookie]).as_deref(), Some("b"));
        // another scheme is somebody else's business
        assert_eq!(found(&[("authorization", "Basic YTpi"), cookie]).as_deref(), Some("c"));
        assert_eq!(found(&[("authorization", "Bearer")]), None);
    }
}
