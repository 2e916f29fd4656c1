//! Who is calling (spec/liferay.md 1.2): Basic and Bearer; everybody else is a guest. There are no cookie sessions, so
//! `p_auth` and the like are accepted and ignored.

use axum::{
    extract::FromRequestParts,
    http::{HeaderMap, header::AUTHORIZATION, request::Parts},
};
use base64::{Engine as _, engine::general_purpose::STANDARD};

use super::error::{Error, Operation, Subject};
use crate::{
    dialects::{Hall, of_request},
    domain::{
        actor::{Actor, Dialect},
        error::Error as Refusal,
        scope,
    },
    http::trace::{RequestId, record_actor},
};

/// The caller of a request; without an account for guests.
#[derive(Clone, Debug)]
pub struct Caller(pub Actor);

impl FromRequestParts<Hall> for Caller {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, hall: &Hall) -> Result<Self, Error> {
        let actor = credential(&parts.headers, hall).await?;
        if let Some(id) = actor.id() {
            record_actor(id.0);
        }
        Ok(Self(of_request(actor, parts.extensions.get::<RequestId>().copied(), &parts.headers)))
    }
}

async fn credential(headers: &HeaderMap, hall: &Hall) -> Result<Actor, Error> {
    let guest = Actor::anonymous(Dialect::Liferay);
    let header = headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let (scheme, rest) = header.trim().split_once(' ').unwrap_or((header.trim(), ""));
    if scheme.eq_ignore_ascii_case("bearer") {
        return match hall.vault.bearer(rest.trim()).await {
            Ok((account, scopes)) => Ok(Actor {
                ceiling: scope::ceiling_if_any(&scopes, account.application),
                ..Actor::new(account, Dialect::Liferay)
            }),
            Err(Refusal::NoSession | Refusal::BadCredentials) => Err(Error::BadToken),
            Err(other) => Err(broken(other)),
        };
    }
    if !scheme.eq_ignore_ascii_case("basic") {
        return Ok(guest);
    }
    let Some((login, password)) = basic(rest) else { return refused(hall, guest) };
    match hall.vault.sign_in(&login, &password).await {
        Ok(account) => Ok(Actor::new(account, Dialect::Liferay)),
        Err(
            Refusal::BadCredentials
            | Refusal::LockedOut
            | Refusal::PasswordExpired
            | Refusal::NotEnabled
            | Refusal::NoSession,
        ) => refused(hall, guest),
        Err(other) => Err(broken(other)),
    }
}

/// Wrong credentials are none at all, unless the setting asks for right ones.
fn refused(hall: &Hall, guest: Actor) -> Result<Actor, Error> {
    if hall.liferay.force_basic { Err(Error::BadPassword) } else { Ok(guest) }
}

/// User name (e-mail address, screen name or user id) and password.
fn basic(encoded: &str) -> Option<(String, String)> {
    let text = String::from_utf8(STANDARD.decode(encoded.trim()).ok()?).ok()?;
    let (login, password) = text.split_once(':')?;
    // no database text can hold a NUL
    (!login.contains('\0')).then(|| (login.to_owned(), password.to_owned()))
}

fn broken(refusal: Refusal) -> Error {
    let refused = super::error::Refused { refusal, operation: Operation::View, subject: Subject::File(0), user: 0 };
    Error::Refused(Box::new(refused))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_password_may_hold_colons_and_a_login_may_not() {
        let header = STANDARD.encode("ann@example.com:a:b");
        assert_eq!(basic(&header), Some(("ann@example.com".to_owned(), "a:b".to_owned())));
        for bad in ["", "!", &STANDARD.encode("ann"), &STANDARD.encode([0xff, b':']), &STANDARD.encode("a\0:b")] {
            assert_eq!(basic(bad), None, "{bad}");
        }
    }

    proptest! {
        #[test]
        fn no_header_breaks_it(text: String) {
            let _none_or_some = basic(&text);
        }
    }
}
