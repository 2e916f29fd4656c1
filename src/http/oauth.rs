//! What the endpoints of OAuth have in common (RFC 6749, 2.3.1 and 3.2): the form, and how a client says who it is.
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

/// Who says they ask, with proof or without.
pub struct Named {
    /// The client's id.
    pub id: String,
    /// What proves it; an empty secret is none.
    pub secret: Option<String>,
}

/// A request for a token, as far as it can be read without knowing the grant.
pub struct Asked {
    form: Fields,
    basic: Option<Client>,
}

impl Asked {
    /// Reads it.
    pub async fn read(request: Request, limit: usize) -> Result<Self, Malformed> {
        is_form(request.headers())?;
        let basic = basic(request.headers())?;
        Ok(Self { form: fields(request, limit).await?, basic })
    }

    /// The grant it is about.
    pub fn grant_type(&self) -> Result<Cow<'_, str>, Malformed> {
        self.get("grant_type")?.ok_or(Malformed::Request("The parameter grant_type is required."))
    }

    /// A parameter. All are given once, and an empty one is none (RFC 6749, 3.2); those that are not asked for are ignored.
    pub fn get(&self, name: &str) -> Result<Option<Cow<'_, str>>, Malformed> {
        self.form.get(name)
    }

    /// Who asks, where a client need not prove it: by HTTP Basic or by parameters, not by both.
    pub fn named(&self) -> Result<Named, Malformed> {
        let (id, secret) = (self.get("client_id")?, self.get("client_secret")?);
        match &self.basic {
            Some(client) if secret.is_none() && id.as_deref().is_none_or(|id| id == client.id) => {
                let secret = Some(client.secret.clone()).filter(|secret| !secret.is_empty());
                Ok(Named { id: client.id.clone(), secret })
            }
            Some(_) => Err(Malformed::Request("The client identifies itself in two ways.")),
            None => {
                let id = id.ok_or(Malformed::Client { basic: false })?.into_owned();
                Ok(Named { id, secret: secret.map(Cow::into_owned) })
            }
        }
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

/// Reads a form.
pub async fn fields(request: Request, limit: usize) -> Result<Fields, Malformed> {
    is_form(request.headers())?;
    let bytes = body::read(request.into_body(), limit).await;
    Ok(Fields(bytes.map_err(|_| Malformed::Request("The body of the request cannot be read."))?))
}

fn is_form(headers: &HeaderMap) -> Result<(), Malformed> {
    let kind = headers.get(CONTENT_TYPE).map(HeaderValue::as_bytes).unwrap_or_default();
    let kind = kind.split(|byte| *byte == b';').next().unwrap_or_default().trim_ascii();
    if kind.eq_ignore_ascii_case(FORM) {
        Ok(())
    } else {
        Err(Malformed::Request("The body of the request is not a form."))
    }
}

/// The parameters of a form, or of a query.
#[derive(Clone, Debug, Default)]
pub struct Fields(Bytes);

impl Fields {
    /// Those of a query.
    pub fn of(query: &str) -> Self {
        Self(Bytes::copy_from_slice(query.as_bytes()))
    }

    /// All of them, in their order.
    pub fn pairs(&self) -> impl Iterator<Item = (Cow<'_, str>, Cow<'_, str>)> {
        form_urlencoded::parse(&self.0)
    }

    /// A parameter. All are given once, and an empty one is none (RFC 6749, 3.2).
    pub fn get(&self, name: &str) -> Result<Option<Cow<'_, str>>, Malformed> {
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
        let form = Fields(Bytes::from_static(b"a=1&b=&c=x%20y+z&d=1&d=2"));
        assert_eq!(form.get("a").unwrap().as_deref(), Some("1"));
        assert_eq!(form.get("b").unwrap(), None);
        assert_eq!(form.get("c").unwrap().as_deref(), Some("x y z"));
        assert!(form.get("d").is_err());
        assert_eq!(form.get("e").unwrap(), None);
    }

    #[test]
    fn a_client_that_keeps_no_secret_says_who_it_is() {
        let named = |form: &'static str, basic: Option<(&str, &str)>| {
            let basic = basic.map(|(id, secret)| Client { id: id.to_owned(), secret: secret.to_owned(), basic: true });
            let asked = Asked { form: Fields(Bytes::from_static(form.as_bytes())), basic };
            asked.named().map(|named| (named.id, named.secret))
        };
        let a = |secret: Option<&str>| Ok(("a".to_owned(), secret.map(str::to_owned)));
        assert_eq!(named("client_id=a", None), a(None));
        assert_eq!(named("client_id=a&client_secret=", None), a(None));
        assert_eq!(named("client_id=a&client_secret=b", None), a(Some("b")));
        assert_eq!(named("", Some(("a", ""))), a(None));
        assert_eq!(named("client_id=a", Some(("a", "b"))), a(Some("b")));
        assert!(named("client_id=c", Some(("a", "b"))).is_err());
        assert!(named("client_secret=c", Some(("a", "b"))).is_err());
        assert_eq!(named("", None), Err(Malformed::Client { basic: false }));
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
