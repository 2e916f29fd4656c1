//! Who is calling (spec/oracle.md 3.1): Basic or Bearer, a public link that was brought along, or both. What they may is
//! not decided here.

use std::{fmt, sync::Arc};

use axum::{
    extract::FromRequestParts,
    http::{
        HeaderMap, HeaderName,
        header::{AUTHORIZATION, COOKIE},
        request::Parts,
    },
};
use base64::{Engine, engine::general_purpose::STANDARD};
use percent_encoding::percent_decode_str;

use super::{Hall, answer::About, error::Error};
use crate::{
    dialects::{Source, of_request},
    domain::{
        actor::{Account, Actor, Dialect},
        error::Error as No,
        scope,
    },
    http::trace::record_actor,
    vault::{BroughtLink, Vault},
};

const LINK_ID: HeaderName = HeaderName::from_static("linkid");
const APP_LINK_ID: HeaderName = HeaderName::from_static("applinkid");

/// The caller: somebody signed in, somebody with a link, or both. Never neither.
#[derive(Clone, Debug)]
pub struct Caller {
    /// Who acts, without what the link adds.
    pub actor: Actor,
    /// What shows who that is.
    pub presented: Presented,
    /// The link that was brought along.
    pub link: Option<BroughtLink>,
}

/// What a caller presents beside a link. It is not printed.
#[derive(Clone)]
pub enum Presented {
    /// Nothing.
    Nothing,
    /// HTTP Basic.
    Password {
        /// The login, as it was sent.
        login: String,
        /// The password.
        password: String,
    },
    /// A bearer token.
    Token(String),
}

impl fmt::Debug for Presented {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Presented")
    }
}

impl FromRequestParts<Hall> for Caller {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, hall: &Hall) -> Result<Self, Error> {
        let link = brought(&parts.headers, Source::of(parts, hall));
        let presented = credential(&parts.headers)?;
        let actor = match &presented {
            Presented::Nothing => Actor::anonymous(Dialect::Oracle),
            Presented::Password { login, password } => {
                Actor::new(hall.vault.sign_in(login, password).await?, Dialect::Oracle)
            }
            Presented::Token(token) => by_token(&hall.vault, token).await?,
        };
        if let Some(account) = &actor.account {
            record_actor(account.person.id.0);
        } else if link.is_none() {
            return Err(No::NoSession.into());
        }
        About::note_asker(parts, actor.name());
        let actor = of_request(actor, parts.extensions.get().copied(), &parts.headers);
        Ok(Self { actor, presented, link })
    }
}

async fn by_token(vault: &Vault, token: &str) -> Result<Actor, No> {
    let (account, scopes): (Arc<Account>, _) = vault.bearer(token).await?;
    let ceiling = scope::ceiling_if_any(&scopes, account.application);
    Ok(Actor { ceiling, ..Actor::new(account, Dialect::Oracle) })
}

/// What `Authorization` says. One that is there and cannot be read is a wrong one.
fn credential(headers: &HeaderMap) -> Result<Presented, No> {
    let Some(header) = headers.get(AUTHORIZATION) else { return Ok(Presented::Nothing) };
    let text = header.to_str().map_err(|_| No::BadCredentials)?;
    let (scheme, value) = text.trim().split_once(' ').ok_or(No::BadCredentials)?;
    let value = value.trim();
    if scheme.eq_ignore_ascii_case("bearer") {
        let nobody = value == "anonymous";
        return Ok(if nobody { Presented::Nothing } else { Presented::Token(value.to_owned()) });
    }
    if !scheme.eq_ignore_ascii_case("basic") {
        return Err(No::BadCredentials);
    }
    let bytes = STANDARD.decode(value).map_err(|_| No::BadCredentials)?;
    let pair = String::from_utf8(bytes).map_err(|_| No::BadCredentials)?;
    match pair.split_once(':') {
        // no login has a NUL, and no database text can
        Some((login, password)) if !login.contains('\0') => {
            Ok(Presented::Password { login: login.to_owned(), password: password.to_owned() })
        }
        _ => Err(No::BadCredentials),
    }
}

/// The link that the request names. An applink is one of no kind we have, so an invalid one (10).
fn brought(headers: &HeaderMap, Source(from): Source) -> Option<BroughtLink> {
    let id = headers.get(LINK_ID).map(|id| String::from_utf8_lossy(id.as_bytes()).trim().to_owned());
    match id {
        Some(id) if !id.is_empty() => Some(BroughtLink { codes: codes(headers, &id), oracle_id: Some(id), from }),
        _ => headers.contains_key(APP_LINK_ID).then(|| BroughtLink { oracle_id: None, codes: Vec::new(), from }),
    }
}

/// The value of the cookie `dAccessCode-{linkId}`, as it was sent and, where that differs, percent-decoded.
fn codes(headers: &HeaderMap, link: &str) -> Vec<String> {
    // each is read by itself: what other cookies hold need not be text
    let cookies = headers.get_all(COOKIE).iter().flat_map(|line| line.as_bytes().split(|byte| *byte == b';'));
    let value = cookies
        .filter_map(|cookie| std::str::from_utf8(cookie).ok()?.trim().split_once('='))
        .find_map(|(name, value)| (name.strip_prefix("dAccessCode-") == Some(link)).then_some(value));
    let Some(value) = value else { return Vec::new() };
    let mut codes = vec![value.to_owned()];
    codes.extend(percent_decode_str(value).decode_utf8().ok().filter(|decoded| decoded != value).map(Into::into));
    codes
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        pairs.iter().map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value))).collect()
    }

    #[test]
    fn an_access_code_is_the_cookie_of_exactly_the_links_name() {
        let found = |cookie| codes(&headers(&[("cookie", cookie)]), "LF1");
        assert_eq!(found("a=b; dAccessCode-LF1=test12345;c=d"), ["test12345"]);
        assert_eq!(found("dAccessCode-LF1=a%20b"), ["a%20b", "a b"]);
        assert_eq!(found("dAccessCode-LF1=a=b"), ["a=b"]);
        let among =
            |bytes: &[u8]| codes(&HeaderMap::from_iter([(COOKIE, HeaderValue::from_bytes(bytes).unwrap())]), "LF1");
        assert_eq!(among(b"a=\xfc; dAccessCode-LF1=test12345; b=\xc3\xbc"), ["test12345"]);
        assert_eq!(among("dAccessCode-LF1=größer als 8".as_bytes()), ["größer als 8"]);
        for other in ["dAccessCode-LF2=x", "daccesscode-LF1=x", "dAccessCode-LF11=x", "dAccessCode-LF1", "LF1=x"] {
            assert!(found(other).is_empty(), "{other}");
        }
    }

    #[test]
    fn a_credential_that_cannot_be_read_is_a_wrong_one() {
        for bad in ["Basic", "Basic !", "Basic YQ==", "Basic AGE6Yg==", "Basic /zph", "Digest x", "x", ""] {
            assert!(credential(&headers(&[("authorization", bad)])).is_err(), "{bad}");
        }
        assert!(matches!(credential(&headers(&[("authorization", "Bearer anonymous")])), Ok(Presented::Nothing)));
        let basic = credential(&headers(&[("authorization", "basic YW5uOmE6Yg==")]));
        assert!(matches!(basic, Ok(Presented::Password { login, password }) if login == "ann" && password == "a:b"));
    }
}
