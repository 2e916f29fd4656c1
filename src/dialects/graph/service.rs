//! What the service says of itself (spec/graph.md 11): whose directory it is, and which types and calls there are.

use axum::{
    body::Body,
    http::{HeaderValue, StatusCode, header::CONTENT_TYPE},
    response::Response,
};
use serde_json::{Value, json};

use super::{
    Ask,
    error::Answer,
    pages::{Listed, Pages},
    reply, wanted,
};

/// The types and calls of this room, as `calls.rs` and `wire` have them.
const METADATA: &str = include_str!("metadata.xml");

/// `GET /organization`: the one tenant, under the name that clients call it by.
pub async fn organization(ask: &Ask) -> Answer {
    wanted::unfiltered(&ask.query)?;
    let pages = Pages::of(ask, "organization".to_owned()).await?;
    let (view, host) = (ask.view().await?, ask.host());
    let organization = json!({
        "id": ask.hall.graph.tenant.to_string(),
        "displayName": host,
        "tenantType": "AAD",
        "businessPhones": [],
        "verifiedDomains": [{
            "name": host, "type": "Managed", "isDefault": true, "isInitial": true, "capabilities": "",
        }],
    });
    let mut value = vec![Value::Object(view.selected(&organization)?)];
    let total = pages.slice.count.then_some(1);
    value.truncate(usize::try_from(pages.slice.limit).unwrap_or(usize::MAX));
    let listed = Listed { context: view.context("organization"), value, next: None, total };
    Ok(reply::json(StatusCode::OK, &pages.page(ask, listed)?))
}

/// `GET /$metadata`: for anybody with a token.
pub fn metadata() -> Response {
    let mut response = Response::new(Body::from(METADATA));
    *response.status_mut() = StatusCode::OK;
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/xml;charset=utf-8"));
    headers.insert("odata-version", HeaderValue::from_static("4.0"));
    response
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use quick_xml::{
        Reader,
        events::{BytesStart, Event},
    };

    use super::*;
    use crate::dialects::graph::CALLS;

    /// Every element of the document, as its name and its attributes.
    fn elements() -> Vec<(String, Vec<(String, String)>)> {
        let mut reader = Reader::from_str(METADATA);
        let (mut found, mut open) = (Vec::new(), Vec::new());
        let read = |start: &BytesStart<'_>| {
            let attributes = start.attributes().map(Result::unwrap);
            let attributes =
                attributes.map(|one| (one.key.as_ref().to_owned(), one.value.to_string())).collect::<Vec<_>>();
            (start.name().as_ref().to_owned(), attributes)
        };
        loop {
            match reader.read_event().unwrap() {
                Event::Start(start) => {
                    open.push(read(&start).0);
                    found.push(read(&start));
                }
                Event::Empty(start) => found.push(read(&start)),
                Event::End(_) => assert!(open.pop().is_some()),
                Event::Eof => break,
                Event::Text(_)
                | Event::CData(_)
                | Event::Comment(_)
                | Event::Decl(_)
                | Event::PI(_)
                | Event::DocType(_)
                | Event::GeneralRef(_) => {}
            }
        }
        assert!(open.is_empty(), "{open:?} stay open");
        found
    }

    fn attribute<'a>(attributes: &'a [(String, String)], name: &str) -> Option<&'a str> {
        attributes.iter().find(|(own, _)| own == name).map(|(_, value)| value.as_str())
    }

    /// The names of all elements of a kind.
    fn names(kinds: &[&str]) -> BTreeSet<String> {
        let elements = elements();
        let named = elements.iter().filter(|(kind, _)| kinds.contains(&kind.as_str()));
        named.filter_map(|(_, attributes)| attribute(attributes, "Name")).map(str::to_owned).collect()
    }

    #[test]
    fn the_document_names_every_call_of_the_table() {
        // an action stands behind a POST that makes nothing in a collection
        let makes = ["children", "subscriptions", "$batch"];
        let (mut actions, mut others) = (BTreeSet::new(), BTreeSet::new());
        for call in CALLS {
            let words: Vec<&str> = call.tail.split('/').filter(|word| !matches!(*word, "" | "*" | "$batch")).collect();
            let is_action = call.method == "POST" && !words.last().is_some_and(|word| makes.contains(word));
            for (at, word) in words.iter().enumerate().filter(|(_, word)| **word != "$metadata") {
                if is_action && at + 1 == words.len() {
                    actions.insert((*word).to_owned());
                } else {
                    others.insert((*word).to_owned());
                }
            }
        }
        assert_eq!(names(&["Action"]), actions);
        let functions = names(&["Function"]);
        assert!(functions.is_subset(&others), "{functions:?}");
        let told = names(&["Function", "NavigationProperty", "Property", "EntitySet", "Singleton"]);
        let untold: Vec<_> = others.difference(&told).collect();
        assert!(untold.is_empty(), "{untold:?}");
        for root in ["me", "users", "groups", "sites", "drives", "shares"] {
            assert!(names(&["EntitySet", "Singleton"]).contains(root), "{root}");
        }
    }

    #[test]
    fn the_document_names_no_type_that_it_does_not_define() {
        let defined: BTreeSet<String> = names(&["EntityType", "ComplexType", "EnumType"]);
        let mut used = 0;
        for (kind, attributes) in elements() {
            for name in ["Type", "EntityType", "BaseType"] {
                let Some(said) = attribute(&attributes, name) else { continue };
                let one = said.strip_prefix("Collection(").and_then(|said| said.strip_suffix(')')).unwrap_or(said);
                let known = match one.strip_prefix("microsoft.graph.") {
                    Some(own) => defined.contains(own),
                    None => one.starts_with("Edm."),
                };
                assert!(known, "{kind} {attributes:?}");
                used += 1;
            }
        }
        assert!(used > 100, "{used}");
    }
}
