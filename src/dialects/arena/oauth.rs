//! Bearer tokens (spec/arena.md 3.4): OAuth's client credentials (RFC 6749, 4.4) for an API session of an application.

use std::borrow::Cow;

use axum::{
    Extension, Json,
    extract::{Request, State},
    http::{
        HeaderMap,
        header::{AUTHORIZATION, CACHE_CONTROL, CONTENT_TYPE},
    },
    response::{IntoResponse, Response},
};
use base64::{Engine as _, engine::general_purpose::STANDARD};

use super::{
    super::{Hall, Source},
    body::LONGEST_TEXT,
    error::{Asked, Error, TokenError, What},
    limits::Meter,
    wire::Granted,
};
use crate::{domain::error::Error as Refusal, http::body};

const FORM: &[u8] = b"application/x-www-form-urlencoded";

/// `POST /oauth/token`: opens a session of the application that the client credentials are of; its earlier one ends. Does not
/// count, as a login does not.
pub async fn token(
    State(hall): State<Hall>,
    Extension(meter): Extension<Meter>,
    Source(from): Source,
    request: Request,
) -> Result<Response, Error> {
    let asked = read(request, &hall).await.map_err(Error::Token)?;
    let Client { id, secret, basic } = &asked.client;
    let opened = match hall.vault.open_application_session(id, secret, asked.workspace, from).await {
        Err(Refusal::BadCredentials) => return Err(Error::Token(TokenError::Client { basic: *basic })),
        answer => answer.map_err(|refusal| Error::Token(TokenError::Vault(refusal)))?,
    };
    meter.note(Asked::nothing(What::LogIn).answer(hall.vault.requests_left(&opened.library).await)?);
    let answer = Granted {
        access_token: &opened.token,
        token_type: "Bearer",
        // so that nobody uses it in the second in which it ends
        expires_in: hall.vault.settings().session_lifetime.num_seconds() - 1,
    };
    Ok(([(CACHE_CONTROL, "no-store")], Json(answer)).into_response())
}

struct Grant {
    client: Client,
    workspace: Option<i64>,
}

struct Client {
    id: String,
    secret: String,
    basic: bool,
}

async fn read(request: Request, hall: &Hall) -> Result<Grant, TokenError> {
    let kind = request.headers().get(CONTENT_TYPE).map(axum::http::HeaderValue::as_bytes).unwrap_or_default();
    let kind = kind.split(|byte| *byte == b';').next().unwrap_or_default().trim_ascii();
    if !kind.eq_ignore_ascii_case(FORM) {
        return Err(TokenError::Request("The body of the request is not a form."));
    }
    let basic = basic(request.headers())?;
    let bytes = body::read(request.into_body(), LONGEST_TEXT.min(hall.limits.text)).await;
    let bytes = bytes.map_err(|_| TokenError::Request("The body of the request cannot be read."))?;
    let form = Form(&bytes);
    match form.get("grant_type")?.as_deref() {
        Some("client_credentials") => {}
        Some(_) => return Err(TokenError::GrantType),
        None => return Err(TokenError::Request("The parameter grant_type is required.")),
    }
    let workspace = form.get("workspace_id")?.map(|digits| digits.trim().parse());
    let workspace = workspace.transpose().map_err(|_| TokenError::Request("The workspace_id is not a number."))?;
    let client = match (basic, form.get("client_id")?, form.get("client_secret")?) {
        (Some(client), id, None) if id.as_deref().is_none_or(|id| id == client.id) => client,
        (Some(_), ..) => return Err(TokenError::Request("The client identifies itself in two ways.")),
        (None, Some(id), Some(secret)) => Client { id: id.into_owned(), secret: secret.into_owned(), basic: false },
        (None, ..) => return Err(TokenError::Client { basic: false }),
    };
    Ok(Grant { client, workspace })
}

/// A form whose parameters are given once; an empty one is none (RFC 6749, 3.2). Others are ignored, such as
/// `arena-usage-reason`.
struct Form<'a>(&'a [u8]);

impl<'a> Form<'a> {
    fn get(&self, name: &str) -> Result<Option<Cow<'a, str>>, TokenError> {
        let mut found = form_urlencoded::parse(self.0).filter(|(found, _)| found == name).map(|(_, value)| value);
        let first = found.next();
        match found.next() {
            Some(_) => Err(TokenError::Request("A parameter is given more than once.")),
            None => Ok(first.filter(|value| !value.is_empty())),
        }
    }
}

/// What HTTP Basic says, if it is there; both halves are form-encoded (RFC 6749, 2.3.1).
fn basic(headers: &HeaderMap) -> Result<Option<Client>, TokenError> {
    let Some(header) = headers.get(AUTHORIZATION) else { return Ok(None) };
    let wrong = || TokenError::Client { basic: true };
    let (scheme, value) = header.to_str().ok().and_then(|text| text.trim().split_once(' ')).ok_or_else(wrong)?;
    if !scheme.eq_ignore_ascii_case("basic") {
        return Err(wrong());
    }
    let pair = STANDARD.decode(value.trim()).ok().and_then(|bytes| String::from_utf8(bytes).ok()).ok_or_else(wrong)?;
    let (id, secret) = pair.split_once(':').ok_or_else(wrong)?;
    Ok(Some(Client { id: decoded(id), secret: decoded(secret), basic: true }))
}

fn decoded(text: &str) -> String {
    // a text without `=` and `&` is one name
    let text = text.replace('=', "%3D").replace('&', "%26");
    form_urlencoded::parse(text.as_bytes()).next().map(|(name, _)| name.into_owned()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_are_given_once_and_an_empty_one_is_none() {
        let form = Form(b"a=1&b=&c=x%20y+z&d=1&d=2");
        assert_eq!(form.get("a").unwrap().as_deref(), Some("1"));
        assert_eq!(form.get("b").unwrap(), None);
        assert_eq!(form.get("c").unwrap().as_deref(), Some("x y z"));
        assert!(form.get("d").is_err());
        assert_eq!(form.get("e").unwrap(), None);
    }

    #[test]
    fn both_halves_of_basic_are_form_encoded() {
        let read = |text: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(AUTHORIZATION, format!("basic {}", STANDARD.encode(text)).parse().unwrap());
            basic(&headers).ok().flatten().map(|client| (client.id, client.secret))
        };
        assert_eq!(read("a%3Ab:c+d=&e"), Some(("a:b".to_owned(), "c d=&e".to_owned())));
        assert_eq!(read("a:"), Some(("a".to_owned(), String::new())));
        assert_eq!(read("a"), None);
    }
}
