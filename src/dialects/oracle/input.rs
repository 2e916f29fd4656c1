//! Request bodies: JSON, or XML where the client says so, read into one flat set of fields (spec/oracle.md 2.2, 2.8). Nothing
//! is read before the handler asks for it, because permission comes first.

use std::borrow::Cow;

use axum::{
    body::Bytes,
    extract::{FromRequest, Request},
    http::{HeaderMap, header::CONTENT_TYPE},
};
use quick_xml::{Reader, escape::resolve_xml_entity, events::Event};
use serde_json::{Map, Value};

use super::{Hall, error::Error};
use crate::http::body;

/// Elements inside one another in an XML body.
const DEEPEST: usize = 32;

/// A body nobody has read yet.
pub struct Unread {
    request: Request,
    limit: usize,
}

impl FromRequest<Hall> for Unread {
    type Rejection = Error;

    async fn from_request(request: Request, hall: &Hall) -> Result<Self, Error> {
        Ok(Self { request, limit: hall.limits.text })
    }
}

impl Unread {
    /// Reads it. An empty one has no fields.
    pub async fn read(self) -> Result<Input, Error> {
        let xml = is_xml(self.request.headers());
        let bytes: Bytes = body::read(self.request.into_body(), self.limit).await?;
        let text = std::str::from_utf8(&bytes).map_err(|_| Error::Unreadable)?;
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        if xml { Input::from_xml(text) } else { Input::from_json(text) }
    }
}

/// Every other and every missing Content-Type is JSON: real clients label it `text/plain`.
fn is_xml(headers: &HeaderMap) -> bool {
    let kind = headers.get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    let kind = kind.split(';').next().unwrap_or_default().trim();
    kind.eq_ignore_ascii_case("application/xml") || kind.eq_ignore_ascii_case("text/xml")
}

/// The fields of a body. Unknown ones are ignored by not being asked for.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Input(Map<String, Value>);

impl Input {
    /// Reads a JSON object.
    pub fn from_json(text: &str) -> Result<Self, Error> {
        if text.trim().is_empty() {
            return Ok(Self::default());
        }
        match serde_json::from_str(text) {
            Ok(Value::Object(fields)) => Ok(Self(fields)),
            Ok(_) | Err(_) => Err(Error::Unreadable),
        }
    }

    /// Reads the child elements of a document's root, whatever its name.
    pub fn from_xml(text: &str) -> Result<Self, Error> {
        if text.trim().is_empty() {
            return Ok(Self::default());
        }
        let mut reader = Reader::from_str(text);
        reader.config_mut().expand_empty_elements = true;
        let mut fields = Map::new();
        let (mut depth, mut roots) = (0_usize, 0);
        let mut field: Option<(String, String)> = None;
        loop {
            let words = match reader.read_event().map_err(|_| Error::Unreadable)? {
                Event::Start(start) => {
                    depth += 1;
                    roots += usize::from(depth == 1);
                    if depth > DEEPEST || roots > 1 {
                        return Err(Error::Unreadable);
                    }
                    if depth == 2 {
                        let name = start.local_name();
                        field = Some((name.as_ref().to_owned(), String::new()));
                    }
                    continue;
                }
                Event::End(_) => {
                    depth = depth.saturating_sub(1);
                    if let Some((name, text)) = field.take_if(|_| depth == 1) {
                        fields.insert(name, Value::String(text.trim().to_owned()));
                    }
                    continue;
                }
                Event::Text(text) => text.xml10_content().into_owned(),
                Event::CData(text) => text.xml10_content().into_owned(),
                Event::GeneralRef(reference) => match reference.resolve_char_ref().map_err(|_| Error::Unreadable)? {
                    Some(character) => character.to_string(),
                    None => resolve_xml_entity(&reference).ok_or(Error::Unreadable)?.to_owned(),
                },
                // nothing in a document type is looked at, let alone expanded
                Event::DocType(_) => return Err(Error::Unreadable),
                Event::Empty(_) | Event::Comment(_) | Event::Decl(_) | Event::PI(_) => continue,
                Event::Eof => break,
            };
            match &mut field {
                Some((_, text)) if depth == 2 => text.push_str(&words),
                _ if depth == 0 && !words.trim().is_empty() => return Err(Error::Unreadable),
                _ => {}
            }
        }
        if depth == 0 && roots == 1 { Ok(Self(fields)) } else { Err(Error::Unreadable) }
    }

    /// A field that is text, if it is there.
    pub fn text(&self, name: &'static str) -> Result<Option<&str>, Error> {
        match self.0.get(name) {
            None | Some(Value::Null) => Ok(None),
            // no name, id or code has a NUL, and no database text can
            Some(Value::String(text)) if !text.contains('\0') => Ok(Some(text)),
            Some(_) => Err(Error::BadValue(name)),
        }
    }

    /// The fields of an object in it; one that is not there has none.
    pub fn object(&self, name: &str) -> Result<Self, Error> {
        match self.0.get(name) {
            None | Some(Value::Null) => Ok(Self::default()),
            Some(Value::Object(fields)) => Ok(Self(fields.clone())),
            Some(_) => Err(Error::Unreadable),
        }
    }

    /// A field that is text, or a number as its text.
    pub fn scalar(&self, name: &'static str) -> Result<Option<Cow<'_, str>>, Error> {
        match self.0.get(name) {
            Some(Value::Number(number)) => Ok(Some(Cow::Owned(number.to_string()))),
            _ => Ok(self.text(name)?.map(Cow::Borrowed)),
        }
    }

    /// A field that counts, as a number or as its text; one too large for us is larger than everything.
    pub fn number(&self, name: &'static str) -> Result<Option<i64>, Error> {
        let text = match self.0.get(name) {
            None | Some(Value::Null) => return Ok(None),
            Some(Value::Number(number)) => number.to_string(),
            Some(_) => self.text(name)?.unwrap_or_default().to_owned(),
        };
        let digits = text.bytes().all(|byte| byte.is_ascii_digit());
        match text.as_str() {
            "" => Ok(None),
            text if digits => Ok(Some(text.parse().unwrap_or(i64::MAX))),
            _ => Err(Error::BadValue(name)),
        }
    }

    /// A field that is yes or no, as a boolean or as its text; one that is not there is no.
    pub fn flag(&self, name: &'static str) -> Result<bool, Error> {
        match self.0.get(name) {
            Some(Value::Bool(flag)) => Ok(*flag),
            _ => match self.text(name)? {
                None | Some("" | "false" | "0") => Ok(false),
                Some("true" | "1") => Ok(true),
                Some(_) => Err(Error::BadValue(name)),
            },
        }
    }

    /// A text that must be there and say something.
    pub fn required(&self, name: &'static str) -> Result<&str, Error> {
        self.text(name)?.filter(|text| !text.is_empty()).ok_or(Error::Required(name))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read(xml: &str) -> Option<Input> {
        Input::from_xml(xml).ok()
    }

    #[test]
    fn any_root_and_any_prefix_will_do_and_texts_are_trimmed() {
        let document = "<?xml version=\"1.0\"?><!-- c --><x:Body xmlns:x=\"urn:x\"><x:name>\n a &amp; <![CDATA[<b>]]>&#33; </x:name>\
            <deep><name>no</name></deep><empty/></x:Body>";
        let input = read(document).unwrap();
        assert_eq!(input.text("name").unwrap(), Some("a & <b>!"));
        assert_eq!(input.text("empty").unwrap(), Some(""));
        assert_eq!(input.text("deep").unwrap(), Some(""));
        assert_eq!(read(""), Some(Input::default()));
    }

    #[test]
    fn what_is_no_plain_document_is_refused() {
        let deep = format!("{}{}", "<a>".repeat(DEEPEST + 1), "</a>".repeat(DEEPEST + 1));
        for bad in [
            "<!DOCTYPE a><a/>",
            "<!DOCTYPE a [<!ENTITY x \"y\">]><a><b>&x;</b></a>",
            "<a><b>&x;</b></a>",
            "<a><b>&#0;</b></a>",
            "<a>",
            "<a><b></a></b>",
            "<a/><a/>",
            "text",
            "<a/>text",
            "<?xml version=\"1.0\"?>",
            "{\"a\": 1}",
            &deep,
        ] {
            assert_eq!(read(bad), None, "{bad}");
        }
    }

    #[test]
    fn json_is_an_object_of_texts() {
        let input = Input::from_json(r#"{"a": "x", "n": null, "i": 1, "z": "\u0000"}"#).unwrap();
        assert_eq!(input.required("a").unwrap(), "x");
        assert_eq!(input.text("n").unwrap(), None);
        assert!(input.text("i").is_err() && input.text("z").is_err() && input.required("b").is_err());
        let input =
            Input::from_json(r#"{"n": 3, "t": "4", "f": -1, "x": 1.5, "b": true, "s": "true", "e": ""}"#).unwrap();
        assert_eq!(
            [input.number("n").unwrap(), input.number("t").unwrap(), input.number("e").unwrap()],
            [Some(3), Some(4), None]
        );
        assert!(input.number("f").is_err() && input.number("x").is_err() && input.number("s").is_err());
        assert!(input.flag("b").unwrap() && input.flag("s").unwrap() && !input.flag("none").unwrap());
        assert!(input.flag("n").is_err() && input.flag("t").is_err());
        for bad in ["[]", "1", "{", "{\"a\":}", &"[".repeat(1000)] {
            assert!(Input::from_json(bad).is_err(), "{bad}");
        }
    }

    proptest! {
        #[test]
        fn no_text_upsets_the_readers(text in any::<String>(), xml in "[<>/a&;!\\[\\]# -]{0,40}") {
            let _ = (Input::from_json(&text), Input::from_xml(&text), Input::from_xml(&xml));
        }
    }
}
