//! Request bodies: JSON, or XML where the client says so, read into one set of fields (spec/oracle.md 2.2, 2.8). Nothing
//! is read before the handler asks for it, because permission comes first.

use std::{borrow::Cow, collections::HashMap};

use axum::{
    body::Bytes,
    extract::{FromRequest, Request},
    http::{HeaderMap, header::CONTENT_TYPE},
};
use quick_xml::{
    Reader, XmlVersion,
    escape::resolve_xml_entity,
    events::{BytesStart, Event},
};
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

/// Entries of a list in a body.
const LONGEST_LIST: usize = 1000;

/// The fields of a body. Unknown ones are ignored by not being asked for.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Input {
    fields: Map<String, Value>,
    /// The lists of an XML body; JSON has them among its fields.
    lists: HashMap<String, Vec<Input>>,
}

impl Input {
    /// Reads a JSON object.
    pub fn from_json(text: &str) -> Result<Self, Error> {
        if text.trim().is_empty() {
            return Ok(Self::default());
        }
        match serde_json::from_str(text) {
            Ok(Value::Object(fields)) => Ok(Self::of(fields)),
            Ok(_) | Err(_) => Err(Error::Unreadable),
        }
    }

    fn of(fields: Map<String, Value>) -> Self {
        Self { fields, lists: HashMap::new() }
    }

    /// Reads the child elements of a document's root, whatever its name; one that holds `item` elements is a list.
    pub fn from_xml(text: &str) -> Result<Self, Error> {
        if text.trim().is_empty() {
            return Ok(Self::default());
        }
        let mut reader = Reader::from_str(text);
        reader.config_mut().expand_empty_elements = true;
        let mut read = Elements::default();
        let (mut depth, mut roots) = (0_usize, 0);
        loop {
            let words = match reader.read_event().map_err(|_| Error::Unreadable)? {
                Event::Start(start) => {
                    depth += 1;
                    roots += usize::from(depth == 1);
                    if depth > DEEPEST || roots > 1 {
                        return Err(Error::Unreadable);
                    }
                    read.begin(depth, &start)?;
                    continue;
                }
                Event::End(_) => {
                    read.end(depth)?;
                    depth = depth.saturating_sub(1);
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
            if depth == 0 && !words.trim().is_empty() {
                return Err(Error::Unreadable);
            }
            read.say(depth, &words);
        }
        if depth == 0 && roots == 1 { Ok(read.input) } else { Err(Error::Unreadable) }
    }

    /// All fields that say something, in their order: texts, and numbers and booleans as their texts.
    pub fn entries(&self) -> impl Iterator<Item = (&str, Result<Cow<'_, str>, Error>)> {
        let said = self.fields.iter().filter(|(_, value)| !value.is_null());
        said.map(|(name, value)| (name.as_str(), scalar(value).ok_or_else(|| Error::BadField(name.clone()))))
    }

    /// A field that is a text, a number or a boolean, as its text.
    pub fn scalar(&self, name: &'static str) -> Result<Option<Cow<'_, str>>, Error> {
        match self.fields.get(name) {
            None | Some(Value::Null) => Ok(None),
            Some(value) => scalar(value).map(Some).ok_or(Error::BadValue(name)),
        }
    }

    /// A field that is a list of objects, if it is there.
    pub fn list(&self, name: &'static str) -> Result<Option<Vec<Input>>, Error> {
        if let Some(list) = self.lists.get(name) {
            return Ok(Some(list.clone()));
        }
        let entries = match self.fields.get(name) {
            None | Some(Value::Null) => return Ok(None),
            Some(Value::Array(entries)) if entries.len() <= LONGEST_LIST => entries,
            // an element without any
            Some(Value::String(text)) if text.is_empty() => return Ok(Some(Vec::new())),
            Some(_) => return Err(Error::BadValue(name)),
        };
        let object = |entry: &Value| match entry {
            Value::Object(fields) => Ok(Self::of(fields.clone())),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => {
                Err(Error::BadValue(name))
            }
        };
        entries.iter().map(object).collect::<Result<_, _>>().map(Some)
    }

    /// A field that is text, if it is there.
    pub fn text(&self, name: &'static str) -> Result<Option<&str>, Error> {
        match self.fields.get(name) {
            None | Some(Value::Null) => Ok(None),
            // no name, id or code has a NUL, and no database text can
            Some(Value::String(text)) if !text.contains('\0') => Ok(Some(text)),
            Some(_) => Err(Error::BadValue(name)),
        }
    }

    /// The fields of an object in it; one that is not there has none.
    pub fn object(&self, name: &str) -> Result<Self, Error> {
        match self.fields.get(name) {
            None | Some(Value::Null) => Ok(Self::default()),
            Some(Value::Object(fields)) => Ok(Self::of(fields.clone())),
            Some(_) => Err(Error::Unreadable),
        }
    }

    /// A field that counts, as a number or as its text; one too large for us is larger than everything.
    pub fn number(&self, name: &'static str) -> Result<Option<i64>, Error> {
        let text = match self.fields.get(name) {
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
        match self.fields.get(name) {
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

fn scalar(value: &Value) -> Option<Cow<'_, str>> {
    match value {
        Value::String(text) if !text.contains('\0') => Some(Cow::Borrowed(text)),
        Value::Number(number) => Some(Cow::Owned(number.to_string())),
        Value::Bool(truth) => Some(Cow::Borrowed(if *truth { "true" } else { "false" })),
        Value::Null | Value::String(_) | Value::Array(_) | Value::Object(_) => None,
    }
}

/// The elements of an XML body as they come: fields below the root, and below a field the entries of a list with theirs.
#[derive(Default)]
struct Elements {
    input: Input,
    field: Option<(String, String)>,
    items: Vec<Input>,
    item: Option<Input>,
    leaf: Option<(String, String)>,
}

impl Elements {
    fn begin(&mut self, depth: usize, start: &BytesStart<'_>) -> Result<(), Error> {
        match depth {
            2 => self.field = Some((named(start)?, String::new())),
            3 if start.local_name().as_ref() == "item" => self.item = Some(Input::default()),
            4 if self.item.is_some() => self.leaf = Some((named(start)?, String::new())),
            _ => {}
        }
        Ok(())
    }

    fn say(&mut self, depth: usize, words: &str) {
        match (depth, &mut self.field, &mut self.leaf) {
            (2, Some((_, text)), _) | (4, _, Some((_, text))) => text.push_str(words),
            _ => {}
        }
    }

    fn end(&mut self, depth: usize) -> Result<(), Error> {
        match depth {
            2 => {
                if let Some((name, text)) = self.field.take() {
                    if self.items.is_empty() {
                        // the last of a name counts
                        self.input.lists.remove(&name);
                    } else {
                        self.input.lists.insert(name.clone(), std::mem::take(&mut self.items));
                    }
                    self.input.fields.insert(name, Value::String(text.trim().to_owned()));
                }
            }
            3 => self.items.extend(self.item.take()),
            4 => {
                if let (Some(item), Some((name, text))) = (&mut self.item, self.leaf.take()) {
                    item.fields.insert(name, Value::String(text.trim().to_owned()));
                }
            }
            _ => {}
        }
        if self.items.len() > LONGEST_LIST { Err(Error::Unreadable) } else { Ok(()) }
    }
}

/// An element's name; that of a `field` may be one that no element can have, and stand in it.
fn named(start: &BytesStart<'_>) -> Result<String, Error> {
    let name = start.local_name().as_ref().to_owned();
    if name != "field" {
        return Ok(name);
    }
    let said = start.try_get_attribute("name").map_err(|_| Error::Unreadable)?;
    match said.map(|said| said.normalized_value(XmlVersion::Implicit1_0)).transpose() {
        Ok(Some(said)) => Ok(said.into_owned()),
        Ok(None) => Ok(name),
        Err(_) => Err(Error::Unreadable),
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

    #[test]
    fn a_list_of_objects_reads_alike_in_json_and_xml() {
        let json =
            r#"{"settings": "enable", "fieldsArray": [{"fieldName": "A"}, {"fieldName": "B", "defaultValue": "1"}]}"#;
        let json = Input::from_json(json).unwrap();
        let xml = "<x><settings>enable</settings><fieldsArray><item><fieldName> A </fieldName></item>\
            <item><fieldName>B</fieldName><defaultValue>1</defaultValue><deep><item/></deep></item></fieldsArray></x>";
        let xml = read(xml).unwrap();
        for input in [&json, &xml] {
            let list = input.list("fieldsArray").unwrap().unwrap();
            let names: Vec<_> = list.iter().map(|entry| entry.required("fieldName").unwrap()).collect();
            assert_eq!(names, ["A", "B"]);
            assert_eq!(list[1].scalar("defaultValue").unwrap().as_deref(), Some("1"));
            assert!(input.list("none").unwrap().is_none() && input.list("settings").is_err());
        }
        assert_eq!(read("<x><list/></x>").unwrap().list("list").unwrap(), Some(Vec::new()));
        for bad in
            [r#"{"a": [1]}"#, r#"{"a": {}}"#, r#"{"a": [[]]}"#, &format!("{{\"a\": [{}{{}}]}}", "{},".repeat(1000))]
        {
            assert!(Input::from_json(bad).unwrap().list("a").is_err(), "{bad}");
        }
        assert_eq!(read(&format!("<x><a>{}</a></x>", "<item/>".repeat(1001))), None);
    }

    #[test]
    fn fields_whose_names_are_data_are_read_in_their_order() {
        let said = |input: &Input| -> Vec<(String, Option<String>)> {
            let entry =
                |(name, value): (&str, Result<Cow<'_, str>, Error>)| (name.to_owned(), value.ok().map(Cow::into_owned));
            input.entries().map(entry).collect()
        };
        let some = |text: &str| Some(text.to_owned());
        let json = r#"{"A.z": "x", "A.a": 1.5, "t": true, "n": null, "l": [], "z": "\u0000"}"#;
        let json = Input::from_json(json).unwrap();
        let all = [("A.z", some("x")), ("A.a", some("1.5")), ("t", some("true")), ("l", None), ("z", None)];
        assert_eq!(said(&json), all.map(|(name, value)| (name.to_owned(), value)));
        let xml = read("<x><A.z>x</A.z><field name=\"A.Due &amp; date\">y</field><field>z</field></x>").unwrap();
        let all = [("A.z", "x"), ("A.Due & date", "y"), ("field", "z")];
        assert_eq!(said(&xml), all.map(|(name, value)| (name.to_owned(), some(value))));
        assert_eq!(read("<x><field name=\"&x;\">y</field></x>"), None);
        assert_eq!(read("<x><field name=y>y</field></x>"), None);
    }

    proptest! {
        #[test]
        fn no_text_upsets_the_readers(text in any::<String>(), xml in "[<>/a&;!\\[\\]# -]{0,40}") {
            let _ = (Input::from_json(&text), Input::from_xml(&text), Input::from_xml(&xml));
        }
    }
}
