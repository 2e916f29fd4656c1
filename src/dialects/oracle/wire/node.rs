//! What an answer is made of before it is JSON or XML (spec/oracle.md 2.3 and 2.8). Every scalar is text: there is no number
//! to be had here, and one boolean for the catalog of versions (11), so that no other gets onto the wire.

use std::borrow::Cow;

use quick_xml::escape::{escape, partial_escape};
use serde::{Serialize, Serializer, ser::SerializeMap};

/// A value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Node {
    /// A scalar.
    Text(String),
    /// A real boolean, of the catalog only.
    Truth(bool),
    /// An object.
    Object(Fields),
    /// A list of objects.
    List(Vec<Fields>),
}

/// The fields of an object, in the order they are sent.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Fields(Vec<(Cow<'static, str>, Node)>);

impl Fields {
    /// None yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// And a scalar.
    #[must_use]
    pub fn text(mut self, key: impl Into<Cow<'static, str>>, text: impl Into<String>) -> Self {
        self.0.push((key.into(), Node::Text(text.into())));
        self
    }

    /// And a number, as text.
    #[must_use]
    pub fn number(self, key: &'static str, number: i64) -> Self {
        self.text(key, number.to_string())
    }

    /// And a scalar, if there is one: an absent value has no key.
    #[must_use]
    pub fn maybe(self, key: &'static str, text: Option<impl Into<String>>) -> Self {
        match text {
            Some(text) => self.text(key, text),
            None => self,
        }
    }

    /// And a boolean that is one (11).
    #[must_use]
    pub fn truth(mut self, key: &'static str, truth: bool) -> Self {
        self.0.push((key.into(), Node::Truth(truth)));
        self
    }

    /// And an object.
    #[must_use]
    pub fn object(mut self, key: impl Into<Cow<'static, str>>, fields: Fields) -> Self {
        self.0.push((key.into(), Node::Object(fields)));
        self
    }

    /// And a list; an empty one has no key.
    #[must_use]
    pub fn list(mut self, key: &'static str, items: Vec<Fields>) -> Self {
        if !items.is_empty() {
            self.0.push((key.into(), Node::List(items)));
        }
        self
    }

    /// And a list that clients expect also where it is empty.
    #[must_use]
    pub fn array(mut self, key: &'static str, items: Vec<Fields>) -> Self {
        self.0.push((key.into(), Node::List(items)));
        self
    }

    /// And all of these.
    #[must_use]
    pub fn and(mut self, other: Fields) -> Self {
        self.0.extend(other.0);
        self
    }

    /// The same in the order of a body's top level: alphabetical, `items` last.
    #[must_use]
    pub fn in_top_order(mut self) -> Self {
        self.0.sort_by(|(a, _), (b, _)| (a == "items", a).cmp(&(b == "items", b)));
        self
    }

    /// As a JSON text.
    pub fn to_json(&self) -> String {
        // nothing in here can fail: text keys, text values
        serde_json::to_string(self).unwrap_or_default()
    }

    /// As an XML document.
    pub fn to_xml(&self, root: &str) -> String {
        let mut out = String::from(r#"<?xml version="1.0" encoding="UTF-8"?>"#);
        element(&mut out, root, |out| self.write(out));
        out
    }

    fn write(&self, out: &mut String) {
        for (key, node) in &self.0 {
            element(out, key, |out| match node {
                Node::Text(text) => out.push_str(&partial_escape(clean(text))),
                Node::Truth(truth) => out.push_str(if *truth { "true" } else { "false" }),
                Node::Object(fields) => fields.write(out),
                Node::List(items) => items.iter().for_each(|item| element(out, "item", |out| item.write(out))),
            });
        }
    }
}

impl Serialize for Fields {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        for (key, node) in &self.0 {
            map.serialize_entry(key, node)?;
        }
        map.end()
    }
}

impl Serialize for Node {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Node::Text(text) => serializer.serialize_str(text),
            Node::Truth(truth) => serializer.serialize_bool(*truth),
            Node::Object(fields) => fields.serialize(serializer),
            Node::List(items) => items.serialize(serializer),
        }
    }
}

/// An element of this name, or, where it is no name in XML, a `field` that says it.
fn element(out: &mut String, name: &str, inside: impl FnOnce(&mut String)) {
    let named = is_xml_name(name);
    out.push('<');
    if named {
        out.push_str(name);
    } else {
        out.push_str("field name=\"");
        out.push_str(&escape(clean(name)));
        out.push('"');
    }
    out.push('>');
    inside(out);
    out.push_str("</");
    out.push_str(if named { name } else { "field" });
    out.push('>');
}

/// A name that every XML reader takes for one: of ASCII letters and digits, `_`, `-` and `.`, beginning like a name.
fn is_xml_name(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-.".contains(&byte))
        && !name.get(..3).is_some_and(|start| start.eq_ignore_ascii_case("xml"))
}

/// Characters that XML 1.0 cannot hold become U+FFFD.
fn clean(text: &str) -> Cow<'_, str> {
    let fits = |c: char| matches!(c, '\t' | '\n' | '\r' | ' '..='\u{fffd}' | '\u{10000}'..);
    if text.chars().all(fits) {
        return Cow::Borrowed(text);
    }
    text.chars().map(|c| if fits(c) { c } else { char::REPLACEMENT_CHARACTER }).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use quick_xml::{Reader, events::Event};

    use super::*;

    #[test]
    fn the_top_level_is_alphabetical_and_its_items_come_last() {
        let fields = Fields::new()
            .text("type", "file")
            .list("items", vec![Fields::new().text("b", "2").text("a", "1")])
            .list("none", Vec::new())
            .list("links", vec![Fields::new()])
            .maybe("absent", None::<String>)
            .number("count", 1);
        assert_eq!(
            fields.in_top_order().to_json(),
            r#"{"count":"1","links":[{}],"type":"file","items":[{"b":"2","a":"1"}]}"#
        );
    }

    #[test]
    fn xml_has_an_element_for_each_key_and_an_item_for_each_entry() {
        let user = Fields::new().text("displayName", "A & B <c>").text("odd", "x\u{1}y");
        let fields = Fields::new().object("user", user).list("items", vec![Fields::new().text("a", ""); 2]);
        assert_eq!(
            fields.to_xml("response"),
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?><response><user><displayName>A &amp; B &lt;c&gt;</displayName>\
             <odd>x\u{fffd}y</odd></user><items><item><a></a></item><item><a></a></item></items></response>"
        );
    }

    #[test]
    fn what_is_no_name_in_xml_becomes_a_field_that_says_it() {
        let fields =
            Fields::new().text("Due date".to_owned(), "x").text("a\"<b".to_owned(), "y").truth("isLatest", true);
        assert_eq!(fields.to_json(), r#"{"Due date":"x","a\"<b":"y","isLatest":true}"#);
        assert_eq!(
            fields.to_xml("response"),
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?><response><field name=\"Due date\">x</field>\
             <field name=\"a&quot;&lt;b\">y</field><isLatest>true</isLatest></response>"
        );
    }

    proptest! {
        #[test]
        fn whatever_a_text_holds_the_document_stays_whole(text in any::<String>()) {
            let document = Fields::new().text("name", text).to_xml("response");
            let mut reader = Reader::from_str(&document);
            let mut names = Vec::new();
            loop {
                let event = reader.read_event().unwrap();
                if event == Event::Eof {
                    break;
                }
                if let Event::Start(start) = event {
                    names.push(start.name().as_ref().to_owned());
                }
            }
            prop_assert_eq!(names.len(), 2);
        }
    }
}
