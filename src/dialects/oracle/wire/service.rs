//! What the companion services and the token endpoint answer (spec/oracle.md 12): the envelope with its result sets, and
//! OAuth's token.

use serde::{Serialize, Serializer, ser::SerializeMap};

use super::Fields;

/// The answer of a service: what it says, and its tables.
#[derive(Debug, Serialize)]
pub struct Envelope {
    /// What it says, texts only.
    #[serde(rename = "LocalData")]
    pub local: Fields,
    /// Its tables, by name.
    #[serde(rename = "ResultSets")]
    pub sets: ResultSets,
}

/// Tables in the order they are sent.
#[derive(Debug, Default)]
pub struct ResultSets(Vec<(&'static str, ResultSet)>);

impl ResultSets {
    /// And a table.
    #[must_use]
    pub fn and(mut self, name: &'static str, set: ResultSet) -> Self {
        self.0.push((name, set));
        self
    }
}

impl Serialize for ResultSets {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        for (name, set) in &self.0 {
            map.serialize_entry(name, set)?;
        }
        map.end()
    }
}

/// A table: the names of its columns, and rows of as many texts.
#[derive(Debug, Serialize)]
pub struct ResultSet {
    fields: Vec<Field>,
    rows: Vec<Vec<String>>,
}

#[derive(Debug, Serialize)]
struct Field {
    name: &'static str,
}

impl ResultSet {
    /// A table of these columns.
    pub fn new<const N: usize>(columns: [&'static str; N], rows: impl IntoIterator<Item = [String; N]>) -> Self {
        let fields = columns.map(|name| Field { name });
        Self { fields: fields.into(), rows: rows.into_iter().map(Vec::from).collect() }
    }
}

/// The answer of the token endpoint (RFC 6749, 5.1).
#[derive(Debug, Serialize)]
pub struct Granted<'a> {
    /// What the client bears from now on.
    pub access_token: &'a str,
    /// How.
    pub token_type: &'static str,
    /// For how many seconds.
    pub expires_in: i64,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_names_its_columns_once() {
        let set = ResultSet::new(["a", "b"], [["1".to_owned(), "2".to_owned()]]);
        let empty = ResultSet::new(["c"], []);
        let envelope =
            Envelope { local: Fields::new().text("k", "v"), sets: ResultSets::default().and("S", set).and("E", empty) };
        assert_eq!(
            serde_json::to_string(&envelope).unwrap(),
            r#"{"LocalData":{"k":"v"},"ResultSets":{"S":{"fields":[{"name":"a"},{"name":"b"}],"rows":[["1","2"]]},"E":{"fields":[{"name":"c"}],"rows":[]}}}"#
        );
    }
}
