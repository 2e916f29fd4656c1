//! What the token endpoints of OAuth have in common (RFC 6749, 2.3.1 and 3.2): the form, and how a client says who it is.
//! What is granted, and how a refusal is worded, is a room's.

use std::borrow::Cow;

use axum::{
    extract::Request,
    http::{
        HeaderMap, HeaderValue,
        header::{AUTHORIZATION, CONTENT_TYPE},
    },
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use bytes::Bytes;

use super::body;

const FORM: &[u8] = b"application/x-www-form-urlencoded";

/// Why a request for a token cannot be understood.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Malformed {
    /// A parameter is missing, given twice or cannot be.
    Request(&'static str),
    /// The client does not say who it is, or not so that it could be read.
    Client {
        /// Whether it tried to with HTTP Basic.
        basic: bool,
    },
}

/// Who asks for a token.
#[derive(Clone)]
pub struct Client {
    /// Its id.
    pub id: String,
    /// What proves it.
    pub secret: String,
    /// Whether they came with HTTP Basic.
    pub basic: bool,
}

/// A request for a token, as far as it can be read without knowing the grant.
pub struct Asked {
    form: Form,
    basic: Option<Client>,
}

impl Asked {
    /// Reads it.
    pub async fn read(request: Request, limit: usize) -> Result<Self, Malformed> {
        let kind = request.headers().get(CONTENT_TYPE).map(HeaderValue::as_bytes).unwrap_or_default();
        let kind = kind.split(|byte| *byte == b';').next().unwrap_or_default().trim_ascii();
        if !kind.eq_ignore_ascii_case(FORM) {
            return Err(Malformed::Request("The body of the request is not a form."));
        }
        let basic = basic(request.headers())?;
        let bytes = body::read(request.into_body(), limit).await;
        let bytes = bytes.map_err(|_| Malformed::Request("The body of the request cannot be read."))?;
        Ok(Self { form: Form(bytes), basic })
    }

    /// The grant it is about.
    pub fn grant_type(&self) -> Result<Cow<'_, str>, Malformed> {
        self.get("grant_type")?.ok_or(Malformed::Request("The parameter grant_type is required."))
    }

    /// A parameter. All are given once, and an empty one is none (RFC 6749, 3.2); those that are not asked for are ignored.
    pub fn get(&self, name: &str) -> Result<Option<Cow<'_, str>>, Malformed> {
        self.form.get(name)
    }

    /// Who asks: by HTTP Basic or by two parameters, not by both.
    pub fn client(&self) -> Result<Client, Malformed> {
        match (&self.basic, self.get("client_id")?, self.get("client_secret")?) {
            (Some(client), id, None) if id.as_deref().is_none_or(|id| id == client.id) => Ok(client.clone()),
            (Some(_), ..) => Err(Malformed::Request("The client identifies itself in two ways.")),
            (None, Some(id), Some(secret)) => {
                Ok(Client { id: id.into_owned(), secret: secret.into_owned(), basic: false })
            }
            (None, ..) => Err(Malformed::Client { basic: false }),
        }
    }
}

struct Form(Bytes);

impl Form {
    fn get(&self, name: &str) -> Result<Option<Cow<'_, str>>, Malformed> {
        let mut found = form_urlencoded::parse(&self.0).filter(|(found, _)| found == name).map(|(_, value)| value);
        let first = found.next();
        match found.next() {
            Some(_) => Err(Malformed::Request("A parameter is given more than once.")),
            None => Ok(first.filter(|value| !value.is_empty())),
        }
    }
}

/// What HTTP Basic says, if it is there; both halves are form-encoded (RFC 6749, 2.3.1).
fn basic(headers: &HeaderMap) -> Result<Option<Client>, Malformed> {
    let Some(header) = headers.get(AUTHORIZATION) else { return Ok(None) };
    let wrong = || Malformed::Client { basic: true };
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
        let form = Form(Bytes::from_static(b"a=1&b=&c=x%20y+z&d=1&d=2"));
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
