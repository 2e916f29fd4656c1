//! Values become arguments of the parameter's type (spec/liferay.md 2.5, 2.6). What cannot be converted is refused, never
//! guessed.

use bytes::Bytes;
use serde_json::{Map, Value};

use super::{
    error::Error,
    methods::{Kind, Parameter},
    parameters::{Given, Parameters},
    upload::Upload,
};
use crate::domain::version::Step;

/// A converted value. Null where its type allows it is `None`.
#[derive(Clone, Debug)]
pub enum Argument {
    /// `long` and `int`.
    Number(i64),
    /// `boolean`.
    Boolean(bool),
    /// `String`.
    Text(Option<String>),
    /// `String[]`.
    Texts(Option<Vec<String>>),
    /// `List<Long>`.
    Numbers(Vec<i64>),
    /// `DLVersionNumberIncrease`.
    Increase(Option<Increase>),
    /// `OrderByComparator`: whatever it was, the default order counts.
    DefaultOrder,
    /// Bytes of either type.
    Bytes(Option<Payload>),
    /// `ServiceContext`.
    Context(Context),
    /// `SearchContext`.
    Search(SearchContext),
    /// `Query`: there is none.
    NoQuery,
}

/// How the version number moves on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Increase {
    /// As the strategy says.
    Automatic,
    /// By this step.
    By(Step),
    /// Not at all.
    None,
}

/// The bytes of an argument.
#[derive(Clone, Debug)]
pub enum Payload {
    /// Those of a part, already written to the content store.
    Part(Upload),
    /// Those of a value.
    Value(Bytes),
}

/// What counts of a `ServiceContext`; its other members are accepted and ignored.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Context {
    /// The site.
    pub scope_group: Option<i64>,
}

/// What counts of a `SearchContext`; its other members are accepted and ignored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SearchContext {
    /// What is looked for.
    pub keywords: String,
    /// Where to look: in these folders and below them; none: everywhere.
    pub folder_ids: Vec<i64>,
    /// Whose files alone; 0: anybody's.
    pub owner: i64,
    /// The window's first place.
    pub start: i64,
    /// The place behind its last; -1: none.
    pub end: i64,
}

impl Default for SearchContext {
    /// Everything.
    fn default() -> Self {
        Self { keywords: String::new(), folder_ids: Vec::new(), owner: 0, start: -1, end: -1 }
    }
}

/// Converts what was given for a parameter; not given counts as null.
pub fn convert(parameter: &Parameter, given: &Parameters) -> Result<Argument, Error> {
    let value = given.get(parameter.name).unwrap_or(&Given::Null);
    match parameter.kind {
        Kind::Long => number(value).map(Argument::Number),
        Kind::Int => {
            let number = number(value)?;
            i32::try_from(number).map_err(|_| Error::Unconvertible(number.to_string()))?;
            Ok(Argument::Number(number))
        }
        Kind::Boolean => boolean(value).map(Argument::Boolean),
        Kind::Text => text(value).map(Argument::Text),
        Kind::Texts => texts(value).map(Argument::Texts),
        Kind::Longs => numbers(value).map(Argument::Numbers),
        Kind::Increase => increase(value).map(Argument::Increase),
        Kind::Bytes | Kind::File => payload(parameter.kind, value).map(Argument::Bytes),
        Kind::Context => context(parameter.name, value, given).map(Argument::Context),
        Kind::Comparator => Ok(Argument::DefaultOrder),
        Kind::Search => search_context(parameter.name, value, given).map(Argument::Search),
        Kind::Query => no_query(value).map(|()| Argument::NoQuery),
    }
}

/// Null, or a new object, for a primitive.
const NOT_PRIMITIVE: Error = Error::IllegalArgument(None);

/// A whole number, from digits with an optional sign or from JSON.
pub fn number(value: &Given) -> Result<i64, Error> {
    match value {
        Given::Null | Given::New => Err(NOT_PRIMITIVE),
        Given::Text(text) | Given::Json(Value::String(text)) => {
            text.trim().parse().map_err(|_| Error::Unconvertible(text.clone()))
        }
        Given::Json(Value::Number(number)) => number.as_i64().ok_or_else(|| Error::Unconvertible(number.to_string())),
        Given::Json(other) => Err(Error::Unconvertible(other.to_string())),
        Given::Upload(upload) => Err(Error::Unconvertible(upload.file_name.clone())),
    }
}

fn boolean(value: &Given) -> Result<bool, Error> {
    match value {
        Given::Null | Given::New => Err(NOT_PRIMITIVE),
        Given::Json(Value::Bool(flag)) => Ok(*flag),
        Given::Json(other @ Value::Number(_)) => flag(&other.to_string()),
        Given::Text(text) | Given::Json(Value::String(text)) => flag(text),
        Given::Json(other) => Err(Error::Unconvertible(other.to_string())),
        Given::Upload(upload) => Err(Error::Unconvertible(upload.file_name.clone())),
    }
}

fn flag(text: &str) -> Result<bool, Error> {
    match text.trim().to_ascii_lowercase().as_str() {
        "true" | "yes" | "y" | "on" | "1" => Ok(true),
        "false" | "no" | "n" | "off" | "0" => Ok(false),
        _ => Err(Error::Unconvertible(text.to_owned())),
    }
}

fn text(value: &Given) -> Result<Option<String>, Error> {
    let text = match value {
        Given::Null => return Ok(None),
        Given::New => String::new(),
        Given::Text(text) | Given::Json(Value::String(text)) => text.clone(),
        Given::Json(other @ (Value::Number(_) | Value::Bool(_))) => other.to_string(),
        Given::Json(other) => return Err(Error::Unconvertible(other.to_string())),
        Given::Upload(upload) => return Err(Error::Unconvertible(upload.file_name.clone())),
    };
    // no database text can hold a NUL
    if text.contains('\0') { Err(Error::IllegalArgument(None)) } else { Ok(Some(text)) }
}

/// JSON text, a JSON array, or a bare list with commas.
fn texts(value: &Given) -> Result<Option<Vec<String>>, Error> {
    let one = |value: Value| text(&Given::Json(value))?.ok_or(Error::IllegalArgument(None));
    match value {
        Given::Null => Ok(None),
        Given::New => Ok(Some(Vec::new())),
        Given::Json(Value::Array(values)) => values.iter().cloned().map(one).collect::<Result<_, _>>().map(Some),
        Given::Text(list) | Given::Json(Value::String(list)) => {
            if let Ok(Value::Array(values)) = serde_json::from_str(list) {
                return values.into_iter().map(one).collect::<Result<_, _>>().map(Some);
            }
            let parts = list.split(',').map(str::trim).filter(|part| !part.is_empty());
            Ok(Some(parts.map(str::to_owned).collect()))
        }
        Given::Json(other) => one(other.clone()).map(|single| Some(vec![single])),
        Given::Upload(upload) => Err(Error::Unconvertible(upload.file_name.clone())),
    }
}

/// JSON text, a JSON array, a bare list with commas, or one number. Null is an empty list.
fn numbers(value: &Given) -> Result<Vec<i64>, Error> {
    let all = |values: Vec<Value>| values.into_iter().map(|value| number(&Given::Json(value))).collect();
    match value {
        Given::Null | Given::New => Ok(Vec::new()),
        Given::Json(Value::Array(values)) => all(values.clone()),
        Given::Text(list) | Given::Json(Value::String(list)) => {
            if let Ok(Value::Array(values)) = serde_json::from_str(list) {
                return all(values);
            }
            let parts = list.split(',').map(str::trim).filter(|part| !part.is_empty());
            all(parts.map(Value::from).collect())
        }
        Given::Json(_) => number(value).map(|number| vec![number]),
        Given::Upload(upload) => Err(Error::Unconvertible(upload.file_name.clone())),
    }
}

fn increase(value: &Given) -> Result<Option<Increase>, Error> {
    let name = match value {
        // an enum has no default object
        Given::Null | Given::New => return Ok(None),
        Given::Text(name) | Given::Json(Value::String(name)) => name,
        Given::Json(other) => return Err(Error::NoSuchConstant(other.to_string())),
        Given::Upload(upload) => return Err(Error::NoSuchConstant(upload.file_name.clone())),
    };
    Ok(Some(match name.as_str() {
        "AUTOMATIC" => Increase::Automatic,
        "MAJOR" => Increase::By(Step::Major),
        "MINOR" => Increase::By(Step::Minor),
        "NONE" => Increase::None,
        other => return Err(Error::NoSuchConstant(other.to_owned())),
    }))
}

fn payload(kind: Kind, value: &Given) -> Result<Option<Payload>, Error> {
    match value {
        Given::Null | Given::New => Ok(None),
        Given::Upload(upload) => Ok(Some(Payload::Part(upload.clone()))),
        Given::Json(Value::Array(numbers)) => bytes(numbers).map(|bytes| Some(Payload::Value(bytes))),
        // the text is the content
        Given::Text(text) | Given::Json(Value::String(text)) if kind == Kind::File => {
            Ok(Some(Payload::Value(Bytes::copy_from_slice(text.as_bytes()))))
        }
        Given::Text(text) | Given::Json(Value::String(text)) => {
            let unconvertible = || Error::Unconvertible(text.clone());
            let trimmed = text.trim();
            let list = if trimmed.starts_with('[') { trimmed.to_owned() } else { format!("[{trimmed}]") };
            let numbers: Vec<Value> = serde_json::from_str(&list).map_err(|_| unconvertible())?;
            bytes(&numbers).map(|bytes| Some(Payload::Value(bytes)))
        }
        Given::Json(other) => Err(Error::Unconvertible(other.to_string())),
    }
}

/// Signed or unsigned bytes as numbers.
fn bytes(numbers: &[Value]) -> Result<Bytes, Error> {
    let byte = |value: &Value| match value.as_i64() {
        Some(number @ 0..=255) => u8::try_from(number).ok(),
        Some(number @ -128..=-1) => i8::try_from(number).ok().map(i8::cast_unsigned),
        _ => None,
    };
    numbers.iter().map(|value| byte(value).ok_or_else(|| Error::Unconvertible(value.to_string()))).collect()
}

/// JSON text or a JSON object, or a new one whose properties are given one by one. Bad properties are ignored: public
/// clients send wrong ones.
fn context(name: &str, value: &Given, given: &Parameters) -> Result<Context, Error> {
    let object = object(value)?;
    Ok(Context { scope_group: member(name, "scopeGroupId", &object, given).and_then(|id| number(&id).ok()) })
}

/// A context of a search: JSON, or a new one whose properties are given one by one. Bad properties are ignored, as those of a
/// service context are.
fn search_context(name: &str, value: &Given, given: &Parameters) -> Result<SearchContext, Error> {
    let object = object(value)?;
    let member = |inner: &str| member(name, inner, &object, given);
    let whole = |inner: &str| member(inner).and_then(|value| number(&value).ok());
    let none = SearchContext::default();
    Ok(SearchContext {
        keywords: member("keywords").and_then(|value| text(&value).ok().flatten()).unwrap_or_default(),
        folder_ids: member("folderIds").and_then(|value| numbers(&value).ok()).unwrap_or_default(),
        owner: whole("ownerUserId").unwrap_or(none.owner),
        start: whole("start").unwrap_or(none.start),
        end: whole("end").unwrap_or(none.end),
    })
}

/// A property of an object that is passed as `name`, given by itself or as a member.
fn member(name: &str, inner: &str, object: &Map<String, Value>, given: &Parameters) -> Option<Given> {
    let own = || object.get(inner).filter(|value| !value.is_null()).cloned().map(Given::Json);
    given.property(name, inner).cloned().or_else(own)
}

/// An object: JSON, or a new one; null is an empty one.
fn object(value: &Given) -> Result<Map<String, Value>, Error> {
    match value {
        Given::Null | Given::New => Ok(Map::new()),
        Given::Json(Value::Object(object)) => Ok(object.clone()),
        Given::Text(text) | Given::Json(Value::String(text)) if text.trim().is_empty() => Ok(Map::new()),
        Given::Text(text) | Given::Json(Value::String(text)) => match serde_json::from_str(text) {
            Ok(Value::Object(object)) => Ok(object),
            Ok(_) | Err(_) => Err(Error::Unconvertible(text.clone())),
        },
        Given::Json(other) => Err(Error::Unconvertible(other.to_string())),
        Given::Upload(upload) => Err(Error::Unconvertible(upload.file_name.clone())),
    }
}

/// There is no index that a query could be put to: only null is none.
fn no_query(value: &Given) -> Result<(), Error> {
    match value {
        Given::Null => Ok(()),
        Given::New => Err(Error::IllegalArgument(Some("Queries are not supported"))),
        Given::Text(text) | Given::Json(Value::String(text)) => Err(Error::Unconvertible(text.clone())),
        Given::Json(other) => Err(Error::Unconvertible(other.to_string())),
        Given::Upload(upload) => Err(Error::Unconvertible(upload.file_name.clone())),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn of(kind: Kind, value: Given) -> Result<Argument, Error> {
        let mut given = Parameters::default();
        given.add("x", value).unwrap();
        convert(&Parameter { name: "x", kind }, &given)
    }

    fn sent(text: &str) -> Given {
        Given::Text(text.to_owned())
    }

    #[test]
    fn numbers_are_digits_with_a_sign() {
        for good in [sent(" 40001 "), sent("+40001"), Given::Json(json!(40001)), Given::Json(json!("40001"))] {
            assert!(matches!(of(Kind::Long, good), Ok(Argument::Number(40001))));
        }
        for bad in [sent("abc"), sent(""), sent("9223372036854775808"), Given::Json(json!(1.5)), Given::Json(json!([]))]
        {
            assert!(matches!(of(Kind::Long, bad), Err(Error::Unconvertible(_))));
        }
        assert!(matches!(of(Kind::Int, sent("2147483648")), Err(Error::Unconvertible(_))));
        assert!(matches!(of(Kind::Long, Given::Null), Err(Error::IllegalArgument(None))));
    }

    #[test]
    fn enums_and_flags_are_exact() {
        assert!(matches!(of(Kind::Increase, sent("MINOR")), Ok(Argument::Increase(Some(Increase::By(Step::Minor))))));
        assert!(matches!(of(Kind::Increase, Given::Null), Ok(Argument::Increase(None))));
        assert!(matches!(of(Kind::Increase, sent("minor")), Err(Error::NoSuchConstant(_))));
        assert!(matches!(of(Kind::Boolean, sent("Yes")), Ok(Argument::Boolean(true))));
        assert!(matches!(of(Kind::Boolean, Given::Json(json!(0))), Ok(Argument::Boolean(false))));
        assert!(matches!(of(Kind::Boolean, sent("maybe")), Err(Error::Unconvertible(_))));
        assert!(matches!(of(Kind::Text, sent("a\0")), Err(Error::IllegalArgument(None))));
    }

    #[test]
    fn lists_come_as_json_or_with_commas() {
        for list in [sent("a, b"), sent("[\"a\",\"b\"]"), Given::Json(json!(["a", "b"]))] {
            assert!(matches!(of(Kind::Texts, list), Ok(Argument::Texts(Some(list))) if list == ["a", "b"]));
        }
    }

    #[test]
    fn lists_of_numbers_come_in_the_same_ways_and_hold_numbers_only() {
        for list in [sent("1, 2"), sent("[1,\"2\"]"), Given::Json(json!(["1", 2]))] {
            assert!(matches!(of(Kind::Longs, list), Ok(Argument::Numbers(list)) if list == [1, 2]));
        }
        assert!(matches!(of(Kind::Longs, Given::Null), Ok(Argument::Numbers(list)) if list.is_empty()));
        for bad in [sent("1,x"), sent("[null]"), Given::Json(json!([[1]])), Given::Json(json!({"a": 1}))] {
            assert!(of(Kind::Longs, bad).is_err());
        }
    }

    #[test]
    fn a_context_keeps_its_site_and_ignores_the_rest() {
        let json = json!({"scopeGroupId": "7", "nonsense": [1]});
        for value in [sent(&json.to_string()), Given::Json(json)] {
            let context = of(Kind::Context, value);
            assert!(matches!(context, Ok(Argument::Context(Context { scope_group: Some(7) }))));
        }
        assert!(matches!(of(Kind::Context, sent("nonsense")), Err(Error::Unconvertible(_))));
    }

    #[test]
    fn a_search_context_keeps_what_counts_and_ignores_the_rest() {
        let json =
            json!({"keywords": "plan", "folderIds": ["1", 2], "start": 0, "end": "20", "locale": null, "facets": {}});
        let wanted = SearchContext { keywords: "plan".to_owned(), folder_ids: vec![1, 2], owner: 0, start: 0, end: 20 };
        for value in [sent(&json.to_string()), Given::Json(json)] {
            assert!(matches!(of(Kind::Search, value), Ok(Argument::Search(context)) if context == wanted));
        }
        for none in
            [Given::Null, Given::New, sent(""), Given::Json(json!({"start": "x", "folderIds": {}, "end": null}))]
        {
            assert!(
                matches!(of(Kind::Search, none), Ok(Argument::Search(context)) if context == SearchContext::default())
            );
        }
        for bad in [sent("plan"), Given::Json(json!([1])), Given::Json(json!(true))] {
            assert!(matches!(of(Kind::Search, bad), Err(Error::Unconvertible(_))));
        }
        let mut given = Parameters::default();
        given.add("x", Given::New).unwrap();
        given.add("x.keywords", sent("plan")).unwrap();
        let context = convert(&Parameter { name: "x", kind: Kind::Search }, &given);
        assert!(matches!(context, Ok(Argument::Search(context)) if context.keywords == "plan" && context.end == -1));
    }

    #[test]
    fn a_query_is_null() {
        assert!(matches!(of(Kind::Query, Given::Null), Ok(Argument::NoQuery)));
        assert!(of(Kind::Query, sent("plan")).is_err() && of(Kind::Query, Given::Json(json!({}))).is_err());
    }

    proptest! {
        #[test]
        fn bytes_are_signed_or_unsigned(content: Vec<u8>, signed: bool, quoted: bool) {
            let numbers: Vec<i64> = content
                .iter()
                .map(|byte| if signed { i64::from(byte.cast_signed()) } else { i64::from(*byte) })
                .collect();
            let value = if quoted { sent(&json!(numbers).to_string()) } else { Given::Json(json!(numbers)) };
            let taken = of(Kind::Bytes, value);
            prop_assert!(matches!(taken, Ok(Argument::Bytes(Some(Payload::Value(bytes)))) if bytes == content));
        }

        #[test]
        fn a_byte_that_is_none_is_refused(number in prop_oneof![i64::MIN..-128, 256..i64::MAX]) {
            prop_assert!(matches!(of(Kind::Bytes, Given::Json(json!([number]))), Err(Error::Unconvertible(_))));
        }

        #[test]
        fn no_text_breaks_a_conversion(text: String) {
            for kind in [Kind::Long, Kind::Int, Kind::Boolean, Kind::Text, Kind::Texts, Kind::Longs, Kind::Increase, Kind::Bytes, Kind::File, Kind::Context, Kind::Search, Kind::Query] {
                let _refused_or_not = of(kind, sent(&text));
            }
        }
    }
}
