//! Both formats of every answer (spec/oracle.md 2.2, 2.3, 2.8, 2.9): XML says what JSON says, in texts only, with the same
//! status; a HEAD and a slash at the end change nothing.

use quick_xml::{Reader, events::Event};
use reqwest::Method;
use serde_json::{Map, Value, json};

use crate::support::server::Server;

/// An element on its way to a value: its children by name, the entries of a list, its text.
#[derive(Default)]
struct Element {
    name: String,
    fields: Map<String, Value>,
    items: Vec<Value>,
    text: String,
}

impl Element {
    fn value(self) -> Value {
        match self {
            Self { items, .. } if !items.is_empty() => Value::Array(items),
            Self { fields, .. } if !fields.is_empty() => Value::Object(fields),
            Self { text, .. } => Value::String(text),
        }
    }
}

/// The name of the root, and what the document says.
fn read(xml: &str) -> (String, Value) {
    let mut reader = Reader::from_str(xml);
    let mut open = vec![Element::default()];
    loop {
        match reader.read_event().unwrap() {
            Event::Start(start) => {
                open.push(Element { name: start.local_name().as_ref().to_owned(), ..Element::default() });
            }
            Event::End(_) => {
                let closed = open.pop().unwrap();
                let above = open.last_mut().unwrap();
                if closed.name == "item" {
                    above.items.push(closed.value());
                } else {
                    above.fields.insert(closed.name.clone(), closed.value());
                }
            }
            Event::Text(text) => open.last_mut().unwrap().text.push_str(&text.xml10_content()),
            Event::GeneralRef(reference) => {
                let text = quick_xml::escape::resolve_xml_entity(&reference).unwrap();
                open.last_mut().unwrap().text.push_str(text);
            }
            Event::Eof => break,
            Event::Decl(_) => {}
            event @ (Event::Empty(_) | Event::CData(_) | Event::Comment(_) | Event::PI(_) | Event::DocType(_)) => {
                panic!("{event:?}")
            }
        }
    }
    open.pop().unwrap().fields.into_iter().next().unwrap()
}

/// What XML can say of it: an object or a list without anything in it is an empty element.
fn in_texts(value: Value) -> Value {
    match value {
        Value::Object(fields) if fields.is_empty() => Value::String(String::new()),
        Value::Array(items) if items.is_empty() => Value::String(String::new()),
        Value::Object(fields) => fields.into_iter().map(|(key, value)| (key, in_texts(value))).collect(),
        Value::Array(items) => items.into_iter().map(in_texts).collect(),
        Value::String(text) => Value::String(text),
        Value::Null | Value::Bool(_) | Value::Number(_) => panic!("{value} is no text"),
    }
}

#[tokio::test]
async fn every_answer_says_the_same_in_both_formats() {
    let server = Server::start().await;
    let world = &server.world;
    let max = server.oracle(&world.max);
    let root = &world.library.root_oracle_id;
    let named = json!({"name": "A & B <c>", "description": "\"x\" > y"});
    let folder = max.post(&format!("/folders/{root}"), named).await.expect(201).json();
    let folder = folder["id"].as_str().unwrap();
    let file = max.upload(folder, "R&D.txt", "hello").await.expect(201).json();
    let file = file["id"].as_str().unwrap();
    max.reserve_id(file).await.expect(200);
    max.post(&format!("/shares/{folder}"), json!({"userID": "bob", "role": "downloader"})).await.expect(200);
    let link = json!({"assignedUsers": "@everybody", "linkName": "a & b"});
    let link = max.post(&format!("/publiclinks/folder/{folder}"), link).await.expect(200).json();
    let link = link["linkID"].as_str().unwrap();

    let paths = [
        format!("/files/{file}"),
        format!("/files/{file}/versions"),
        format!("/files/{file}/metadata"),
        format!("/files/{file}/metadataFields"),
        format!("/files/{file}/tags"),
        format!("/files/{file}/data/rendition"),
        format!("/files/lists?ids={file}"),
        format!("/folders/{folder}"),
        format!("/folders/{folder}/items"),
        format!("/folders/{folder}/search/items?fulltext=r*"),
        format!("/publiclinks/folder/{folder}"),
        format!("/publiclinks/file/{file}"),
        format!("/publiclinks/{link}"),
        format!("/shares/{folder}/items"),
        "/folders/self".to_owned(),
        "/folders/items".to_owned(),
        "/folders/items?limit=x".to_owned(),
        "/folders/search/items?fulltext=b".to_owned(),
        "/users/items?info=a".to_owned(),
        "/users/search/items".to_owned(),
        "/metadata".to_owned(),
        "/catalog".to_owned(),
        "/nothing".to_owned(),
    ];
    for client in [server.oracle(&world.max), server.oracle(&world.eve), server.oracle_nobody()] {
        for path in &paths {
            let answer = client.get(path).await;
            let status = answer.status;
            assert_eq!(answer.header("content-type"), "application/json;charset=UTF-8", "{path}");
            let said = in_texts(answer.json());
            let xml = client.xml().get(path).await.expect(status.as_u16());
            assert_eq!(xml.header("content-type"), "application/xml;charset=UTF-8", "{path}");
            let root = if status.is_success() { "response" } else { "error" };
            assert_eq!(read(&xml.text()), (root.to_owned(), said.clone()), "{path}");

            let head = server.send(client.request(Method::HEAD, path)).await.expect(status.as_u16());
            assert_eq!(head.text(), "", "{path}");
            let slash = path.replacen('?', "/?", 1);
            let slash = if slash == *path { format!("{path}/") } else { slash };
            assert_eq!(in_texts(client.get(&slash).await.expect(status.as_u16()).json()), said, "{slash}");
            for answer in [answer, xml, head] {
                assert!(!answer.header("x-oracle-dms-ecid").is_empty(), "{path}");
            }
        }
    }
}
