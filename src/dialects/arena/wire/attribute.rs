//! An attribute of files as the settings show it (spec/arena.md 10.2).

use serde::Serialize;

use crate::dialects::arena::fields::Field;

/// Where the vendor's own pages show a field; it prints the same for all of them.
const VIEWS: [&str; 3] = ["ITEM_FILES", "FILE_SUMMARY", "SI_FILES"];

/// An attribute.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
#[expect(clippy::struct_excessive_bools, reason = "the vendor's")]
pub struct Attribute {
    allows_explicit_null_value: bool,
    api_name: &'static str,
    creatable: bool,
    editable: bool,
    field_type: &'static str,
    in_views: [&'static str; 3],
    #[serde(skip_serializing_if = "Option::is_none")]
    max_length: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    possible_values: Option<Vec<&'static str>>,
    required: bool,
    searchable: bool,
}

impl Attribute {
    /// A field; with the values it may have, where there are few and they are asked for.
    pub fn of(field: &Field, values: bool) -> Self {
        Attribute {
            allows_explicit_null_value: field.nullable,
            api_name: field.name,
            creatable: field.creatable,
            editable: field.editable,
            field_type: field.kind.word(),
            in_views: VIEWS,
            max_length: field.kind.longest(),
            possible_values: field.kind.values().filter(|_| values),
            required: field.required,
            searchable: field.searchable,
        }
    }
}
