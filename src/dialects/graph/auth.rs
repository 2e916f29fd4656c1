//! Who is calling: bearer tokens (spec/graph.md 3), and how far their scopes reach (3.5). What the bearer may do is not
//! decided here.

use axum::http::{HeaderMap, header::AUTHORIZATION};

use super::error::Refusal;
use crate::{
    dialects::of_request,
    domain::{
        actor::{Actor, Dialect},
        scope,
    },
    http::trace::{self, RequestId},
    vault::Vault,
};

/// Somebody with a living token.
#[derive(Clone, Debug)]
pub struct Caller {
    /// Who acts.
    pub actor: Actor,
    /// Scopes of a delegated token, roles of an application's.
    scopes: Vec<String>,
}

impl Caller {
    /// The bearer of the request's token.
    pub async fn of(vault: &Vault, headers: &HeaderMap, request: Option<RequestId>) -> Result<Self, Refusal> {
        let token = token(headers).ok_or(Refusal::NoToken)?;
        let (account, scopes) = vault.bearer(token).await?;
        trace::record_actor(account.person.id.0);
        let ceiling = scope::ceiling(&scopes, account.application);
        let actor = Actor { ceiling, ..Actor::new(account, Dialect::Graph) };
        Ok(Self { actor: of_request(actor, request, headers), scopes })
    }

    /// The same caller in a request of its own: a part of a batch.
    pub fn in_request(&self, request: RequestId, headers: &HeaderMap) -> Self {
        let actor = of_request(self.actor.clone(), Some(request), headers);
        Self { actor, scopes: self.scopes.clone() }
    }

    /// Whether the token carries one of these scopes or roles.
    pub fn has_one_of(&self, wanted: &[&str]) -> bool {
        let has = |wanted: &&str| self.scopes.iter().any(|scope| scope::bare(scope).eq_ignore_ascii_case(wanted));
        wanted.iter().any(has)
    }
}

/// The scheme may be written in any case: one client sends `bearer` (1.2).
fn token(headers: &HeaderMap) -> Option<&str> {
    let text = headers.get(AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = text.split_once(' ')?;
    let token = token.trim();
    (scheme.eq_ignore_ascii_case("bearer") && !token.is_empty()).then_some(token)
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    #[test]
    fn the_scheme_is_read_in_any_case() {
        let read = |text: &'static str| {
            let headers = HeaderMap::from_iter([(AUTHORIZATION, HeaderValue::from_static(text))]);
            token(&headers).map(str::to_owned)
        };
        assert_eq!(read("bearer  a.b").as_deref(), Some("a.b"));
        assert_eq!(read("BEARER x").as_deref(), Some("x"));
        for none in ["", "Bearer", "Bearer ", "Basic x", "x"] {
            assert_eq!(read(none), None, "{none:?}");
        }
    }
}
