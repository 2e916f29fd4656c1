//! Bodies of requests: which of the two encodings it is, and JSON objects whose keys are read as clients spell them.

use axum::{
    extract::{FromRequest, Request},
    http::{HeaderMap, header::CONTENT_TYPE},
};
use serde_json::{Map, Value};

use super::{super::Hall, attributes::Given, error::Error};
use crate::http::body;

/// Longest JSON body, and longest text part of a form, in bytes (spec/arena.md 7.1, 13).
pub const LONGEST_TEXT: usize = 64 * 1024;

/// How a body is encoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Encoding {
    /// `application/json`.
    Json,
    /// `multipart/form-data`.
    Form,
}

impl Encoding {
    /// What the `Content-Type` says; anything else, and nothing, is not supported.
    pub fn of(headers: &HeaderMap) -> Result<Self, Error> {
        let kind = headers.get(CONTENT_TYPE).ok_or(Error::ContentType)?.as_bytes();
        let kind = kind.split(|byte| *byte == b';').next().unwrap_or_default().trim_ascii();
        if kind.eq_ignore_ascii_case(b"application/json") {
            Ok(Encoding::Json)
        } else if kind.eq_ignore_ascii_case(b"multipart/form-data") {
            Ok(Encoding::Form)
        } else {
            Err(Error::ContentType)
        }
    }
}

/// A JSON object. White space around a key is not part of it: the vendor's own samples spell `" file"` (7.1).
#[derive(Debug)]
pub struct Object(Map<String, Value>);

impl Object {
    /// Reads a body that was found to be JSON.
    pub async fn read(request: Request, hall: &Hall) -> Result<Self, Error> {
        Self::parse(&body::read(request.into_body(), LONGEST_TEXT.min(hall.limits.text)).await?)
    }

    /// Reads a JSON text.
    pub fn parse(text: &[u8]) -> Result<Self, Error> {
        match serde_json::from_slice(text) {
            Ok(Value::Object(object)) => Ok(Object(object)),
            Ok(_) | Err(_) => Err(Error::Syntax),
        }
    }

    /// The value under a key; the exact spelling wins, and null is no value.
    pub fn get(&self, key: &str) -> Option<&Value> {
        get(&self.0, key)
    }

    /// Whether null stands under a key.
    pub fn is_null(&self, key: &str) -> bool {
        entry(&self.0, key).is_some_and(Value::is_null)
    }

    /// Whether there is a value under a key that says more than blanks.
    pub fn says(&self, key: &str) -> bool {
        self.get(key).is_some_and(|value| value.as_str().is_none_or(|text| !text.trim().is_empty()))
    }

    /// The value of an attribute, which may stand in an object, as in `author.fullName`.
    pub fn at(&self, attribute: &'static str) -> Result<Option<Given<'_>>, Error> {
        let value = match attribute.split_once('.') {
            Some((object, key)) if self.get(object).is_some() => self.inner(object, key)?,
            Some(_) => None,
            None => self.get(attribute),
        };
        Ok(value.map(Given::Json))
    }

    /// The object under a key if there is one, else this one: some clients wrap what they say of a file (8.10).
    pub fn unwrapped(mut self, key: &str) -> Result<Self, Error> {
        let Some(spelled) = spelled(&self.0, key).map(str::to_owned) else { return Ok(self) };
        match self.0.remove(&spelled) {
            Some(Value::Object(inner)) => Ok(Object(inner)),
            None | Some(Value::Null) => Ok(self),
            Some(_) => Err(Error::NotValid(key.to_owned())),
        }
    }

    /// The value under a key of the object under a key.
    ///
    /// # Errors
    /// `Error::Required` when there is no such object, `Error::NotValid` when it is none.
    pub fn inner(&self, object: &'static str, key: &str) -> Result<Option<&Value>, Error> {
        match self.get(object) {
            Some(Value::Object(inner)) => Ok(get(inner, key)),
            Some(_) => Err(Error::NotValid(object.to_owned())),
            None => Err(Error::Required(object)),
        }
    }
}

impl FromRequest<Hall> for Object {
    type Rejection = Error;

    async fn from_request(request: Request, hall: &Hall) -> Result<Self, Error> {
        match Encoding::of(request.headers())? {
            Encoding::Json => Object::read(request, hall).await,
            Encoding::Form => Err(Error::ContentType),
        }
    }
}

fn get<'a>(object: &'a Map<String, Value>, key: &str) -> Option<&'a Value> {
    entry(object, key).filter(|value| !value.is_null())
}

fn entry<'a>(object: &'a Map<String, Value>, key: &str) -> Option<&'a Value> {
    object.get(spelled(object, key)?)
}

/// How the object spells a key.
fn spelled<'a>(object: &'a Map<String, Value>, key: &str) -> Option<&'a str> {
    let exact = object.get_key_value(key).map(|(exact, _)| exact);
    exact.or_else(|| object.keys().find(|spelled| spelled.trim() == key)).map(String::as_str)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn object(value: Value) -> Object {
        Object(serde_json::from_value(value).unwrap())
    }

    #[test]
    fn keys_are_trimmed_and_the_exact_one_wins() {
        let both = object(json!({" file": {"guid": "a"}, "file": {"\tguid ": "b"}}));
        assert_eq!(both.inner("file", "guid").unwrap(), Some(&json!("b")));
        assert_eq!(object(json!({" x ": 1})).get("x"), Some(&json!(1)));
        assert_eq!(object(json!({"x": null})).get("x"), None);
        assert!(matches!(object(json!({})).inner("file", "guid"), Err(Error::Required("file"))));
        assert!(object(json!({" x": null})).is_null("x") && !object(json!({"x": 1})).is_null("x"));
        assert!(!object(json!({"x": " "})).says("x") && object(json!({"x": false})).says("x"));
        assert!(matches!(object(json!({"file": []})).inner("file", "guid"), Err(Error::NotValid(_))));
    }

    #[test]
    fn what_is_said_of_a_file_may_be_wrapped_and_its_attributes_nested() {
        let wrapped =
            object(json!({" file ": {"author": {" fullName": "Ann"}}, "title": "t"})).unwrapped("file").unwrap();
        assert!(matches!(wrapped.at("author.fullName"), Ok(Some(Given::Json(name))) if name == "Ann"));
        assert!(matches!(wrapped.at("title"), Ok(None)));
        assert!(matches!(wrapped.at("category.guid"), Ok(None)));
        let flat = object(json!({"file": null, "title": "t", "author": 5})).unwrapped("file").unwrap();
        assert!(matches!(flat.at("title"), Ok(Some(_))));
        assert!(matches!(flat.at("author.fullName"), Err(Error::NotValid(attribute)) if attribute == "author"));
        assert!(matches!(object(json!({"file": 5})).unwrapped("file"), Err(Error::NotValid(_))));
    }

    #[test]
    fn the_encoding_is_what_the_header_says() {
        let of = |text: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(CONTENT_TYPE, text.parse().unwrap());
            Encoding::of(&headers).ok()
        };
        assert_eq!(of("application/json; charset=utf-8"), Some(Encoding::Json));
        assert_eq!(of("Multipart/Form-Data; boundary=x"), Some(Encoding::Form));
        for other in ["text/json", "application/jsonp", "multipart/mixed; boundary=x", ""] {
            assert_eq!(of(other), None, "{other:?}");
        }
        assert!(Encoding::of(&HeaderMap::new()).is_err());
    }
}
