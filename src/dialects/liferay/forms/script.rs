//! JSONP (spec/liferay.md 3, form 13): an answer as a script that calls a function with it. Only where the settings say so.

use axum::{
    body::Body,
    http::{HeaderValue, header::CONTENT_TYPE},
    response::Response,
};
use serde_json::Value;

use crate::dialects::liferay::{
    error::Error,
    parameters::{Given, Parameters},
};

/// The function that `callback` names, if it is given.
///
/// # Errors
/// What is not the name of a function: it would be code.
pub fn callback(given: &Parameters) -> Result<Option<String>, Error> {
    let name = match given.get("callback") {
        None => return Ok(None),
        Some(Given::Text(name)) => name,
        Some(Given::Null | Given::New | Given::Json(_) | Given::Upload(_)) => return Err(Error::IllegalArgument(None)),
    };
    let letter = |letter: char| letter.is_ascii_alphabetic() || matches!(letter, '_' | '$');
    let word = |word: &str| word.starts_with(letter) && word.chars().all(|c| letter(c) || c.is_ascii_digit());
    if name.len() <= 128 && name.split('.').all(word) {
        Ok(Some(name.clone()))
    } else {
        Err(Error::IllegalArgument(None))
    }
}

/// The answer with a call of the function around its value; as it is without one.
pub fn wrapped(mut response: Response, callback: Option<&str>, value: impl FnOnce() -> Value) -> Response {
    if let Some(callback) = callback {
        // these two end a line in older readings of the language
        let json = value().to_string().replace('\u{2028}', "\\u2028").replace('\u{2029}', "\\u2029");
        *response.body_mut() = Body::from(format!("/**/{callback}({json})"));
        response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("text/javascript;charset=UTF-8"));
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(name: &str) -> Result<Option<String>, Error> {
        let mut given = Parameters::default();
        given.add("callback", Given::Text(name.to_owned())).unwrap();
        callback(&given)
    }

    #[test]
    fn a_callback_is_the_name_of_a_function_and_no_code() {
        for name in ["cb", "jQuery123_456", "$", "a.b.c"] {
            assert_eq!(named(name).unwrap().as_deref(), Some(name));
        }
        for code in ["", "1a", "a.", ".a", "a b", "a(", "alert(1);a", "a[0]", "a\u{2028}", "\u{e9}", &"a".repeat(129)] {
            assert!(named(code).is_err(), "{code:?}");
        }
        assert_eq!(callback(&Parameters::default()).unwrap(), None);
    }
}
