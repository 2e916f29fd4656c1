//! Bodies of requests: which of the two encodings it is, and JSON objects whose keys are read as clients spell them.

use axum::{
    extract::{FromRequest, Request},
    http::{HeaderMap, header::CONTENT_TYPE},
};
use serde_json::{Map, Value};

use super::{super::Hall, error::Error};
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
        let bytes = body::read(request.into_body(), LONGEST_TEXT.min(hall.limits.text)).await?;
        match serde_json::from_slice(&bytes) {
            Ok(Value::Object(object)) => Ok(Object(object)),
            Ok(_) | Err(_) => Err(Error::Syntax),
        }
    }

    /// The value under a key; the exact spelling wins, and null is no value.
    pub fn get(&self, key: &str) -> Option<&Value> {
        get(&self.0, key)
    }

    /// The value under a key of the object under a key.
    ///
    /// # Errors
    /// [`Error::Required`] when there is no such object, [`Error::NotValid`] when it is none.
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
    let spelled = || object.iter().find(|(spelled, _)| spelled.trim() == key).map(|(_, value)| value);
    object.get(key).or_else(spelled).filter(|value| !value.is_null())
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
        assert!(matches!(object(json!({"file": []})).inner("file", "guid"), Err(Error::NotValid(_))));
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
