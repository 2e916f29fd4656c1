//! Who is calling: bearer tokens (spec/graph.md 3), and how far their scopes reach (3.5). What the bearer may do is not
//! decided here.

use axum::http::{HeaderMap, header::AUTHORIZATION};

use super::error::Refusal;
use crate::{
    dialects::of_request,
    domain::actor::{Actor, Ceiling, Dialect, Reach},
    http::trace::{self, RequestId},
    vault::Vault,
};

/// Somebody with a living token.
#[derive(Clone, Debug)]
pub struct Caller {
    /// Who acts.
    pub actor: Actor,
    /// Scopes of a delegated token, roles of an application's; without the resource before them.
    scopes: Vec<String>,
}

impl Caller {
    /// The bearer of the request's token.
    pub async fn of(vault: &Vault, headers: &HeaderMap, request: Option<RequestId>) -> Result<Self, Refusal> {
        let token = token(headers).ok_or(Refusal::NoToken)?;
        let (account, scopes) = vault.bearer(token).await?;
        trace::record_actor(account.person.id.0);
        // a scope may come with the resource it belongs to
        let scopes: Vec<String> =
            scopes.iter().map(|scope| scope.rsplit('/').next().unwrap_or_default().to_owned()).collect();
        let ceiling = ceiling(&scopes, account.application);
        let actor = Actor { ceiling, ..Actor::new(account, Dialect::Graph) };
        Ok(Self { actor: of_request(actor, request, headers), scopes })
    }

    /// Whether the token carries one of these scopes or roles.
    pub fn has_one_of(&self, wanted: &[&str]) -> bool {
        self.scopes.iter().any(|scope| wanted.iter().any(|wanted| wanted.eq_ignore_ascii_case(scope)))
    }
}

/// The scheme may be written in any case: one client sends `bearer` (1.2).
fn token(headers: &HeaderMap) -> Option<&str> {
    let text = headers.get(AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = text.split_once(' ')?;
    let token = token.trim();
    (scheme.eq_ignore_ascii_case("bearer") && !token.is_empty()).then_some(token)
}

/// Scopes and how far they reach: for a user to read and to write, and whether an application can have them.
const SCOPES: [(&str, Reach, Reach, bool); 8] = [
    ("Files.Read", Reach::Own, Reach::Nothing, false),
    ("Files.ReadWrite", Reach::Own, Reach::Own, false),
    ("Files.Read.All", Reach::All, Reach::Nothing, true),
    ("Files.ReadWrite.All", Reach::All, Reach::All, true),
    ("Sites.Read.All", Reach::All, Reach::Nothing, true),
    ("Sites.ReadWrite.All", Reach::All, Reach::All, true),
    ("Sites.Manage.All", Reach::All, Reach::All, true),
    ("Sites.FullControl.All", Reach::All, Reach::All, true),
];

fn ceiling(scopes: &[String], application: bool) -> Ceiling {
    let mut ceiling = Ceiling { read: Reach::Nothing, write: Reach::Nothing };
    for (name, read, write, for_applications) in SCOPES {
        if (for_applications || !application) && scopes.iter().any(|scope| scope.eq_ignore_ascii_case(name)) {
            ceiling = Ceiling { read: ceiling.read.max(read), write: ceiling.write.max(write) };
        }
    }
    ceiling
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    #[test]
    fn scopes_reach_as_far_as_the_reference_says() {
        let reach = |scopes: &[&str], application| {
            let scopes: Vec<String> = scopes.iter().map(|scope| (*scope).to_owned()).collect();
            let ceiling = ceiling(&scopes, application);
            (ceiling.read, ceiling.write)
        };
        assert_eq!(reach(&["User.Read"], false), (Reach::Nothing, Reach::Nothing));
        assert_eq!(reach(&["Files.Read"], false), (Reach::Own, Reach::Nothing));
        assert_eq!(reach(&["files.readwrite"], false), (Reach::Own, Reach::Own));
        assert_eq!(reach(&["Files.ReadWrite", "Sites.Read.All"], false), (Reach::All, Reach::Own));
        assert_eq!(reach(&["Files.ReadWrite.All"], false), (Reach::All, Reach::All));
        assert_eq!(reach(&["Sites.FullControl.All"], true), (Reach::All, Reach::All));
        assert_eq!(reach(&["Files.ReadWrite"], true), (Reach::Nothing, Reach::Nothing));
        assert_eq!(reach(&["Files.Read.All"], true), (Reach::All, Reach::Nothing));
    }

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
