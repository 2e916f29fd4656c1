//! Metadata (spec/oracle.md 10): collections with their fields, and what is said in them.

use super::Fields;
use crate::domain::metadata::{Assigned, Collection, Field, FieldKind, Inheritance};

/// What is said about an item: an object for each collection, with a text for each field that says something.
pub fn said(assigned: &[Assigned], inheritance: Inheritance) -> Fields {
    let shown = assigned.iter().filter_map(|one| Some((one.collection.name.clone(), one.shown(inheritance)?)));
    shown.fold(Fields::new(), |all, (name, values)| {
        let text = |all: Fields, (name, value): (&str, &str)| all.text(name.to_owned(), value);
        all.object(name, values.into_iter().fold(Fields::new(), text))
    })
}

/// A collection; `inherited`: whether an item has it from above, where it is one's.
pub fn collection(collection: &Collection, inherited: Option<bool>) -> Fields {
    Fields::new()
        .text("isEnabled", flag(collection.enabled))
        .maybe("isInherited", inherited.map(flag))
        .text("type", "collection")
        .list("items", collection.fields.iter().map(field).collect())
}

fn field(field: &Field) -> Fields {
    Fields::new()
        .text("type", "field")
        .text("fieldName", &field.name)
        .text("fieldType", kind(field.kind))
        .maybe("defaultValue", field.default.as_deref())
        .text("isEnabled", flag(field.enabled))
}

fn flag(is: bool) -> &'static str {
    if is { "1" } else { "0" }
}

/// The vendor's word for what a field holds.
fn kind(kind: FieldKind) -> &'static str {
    match kind {
        FieldKind::Text => "string",
        FieldKind::Number => "number",
        FieldKind::Date => "date",
        FieldKind::Boolean => "boolean",
    }
}

/// What the vendor's word means; `text` is `string`.
pub fn kind_of(word: &str) -> Option<FieldKind> {
    let word = word.to_ascii_lowercase();
    match word.as_str() {
        "string" | "text" => Some(FieldKind::Text),
        "number" => Some(FieldKind::Number),
        "date" => Some(FieldKind::Date),
        "boolean" => Some(FieldKind::Boolean),
        _ => None,
    }
}
