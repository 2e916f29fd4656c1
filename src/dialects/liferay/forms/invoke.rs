//! Invoke (spec/liferay.md 4): one command or a batch as JSON, in the body or in the parameter `cmd`.

use serde_json::{Map, Value};

use super::{Brought, rpc::NO_WORD};
use crate::dialects::liferay::{
    call::{Call, Desk},
    choose::Target,
    error::Error,
    parameters::Parameters,
};

/// Commands in a batch.
const COMMANDS: usize = 100;

/// One command: what to call, with what, and what to show of it.
struct Command {
    target: Target,
    parameters: Map<String, Value>,
    /// Only these properties of the result.
    shown: Option<Vec<String>>,
}

/// Whether a body that came to the services' own address is a command or a batch.
pub fn is_command(text: &[u8]) -> bool {
    match serde_json::from_slice(text) {
        Ok(Value::Array(_)) => true,
        Ok(Value::Object(command)) => command.keys().next().is_some_and(|key| key.starts_with(['/', '$'])),
        Ok(_) | Err(_) => false,
    }
}

/// What the first command of a text calls, and with what.
pub fn first(text: &[u8]) -> Option<(Target, Parameters)> {
    let mut first: Value = serde_json::from_slice(text).ok()?;
    if let Value::Array(many) = first {
        first = many.into_iter().next()?;
    }
    let command = command(first).ok()?;
    Some((command.target, Parameters::of_json(command.parameters).ok()?))
}

/// Runs what was brought. A batch runs in order, each command by itself, up to the first that fails.
pub async fn answer(desk: &mut Desk, mut brought: Brought) -> Result<Value, Error> {
    let text = match brought.given.take_text("cmd") {
        Some(text) => text.into_bytes(),
        None => brought.text.unwrap_or_default().into(),
    };
    let _ignored = brought.given.take_text("p_auth");
    let commands: Value = serde_json::from_slice(&text).map_err(|_| Error::NotJson)?;
    let Value::Array(many) = commands else {
        let value = run(desk, &brought.given, command(commands)?).await?;
        // nothing and null are an empty object
        return Ok(if value.is_null() { Value::Object(Map::new()) } else { value });
    };
    if many.len() > COMMANDS {
        return Err(Error::IllegalArgument(None));
    }
    let mut values = Vec::with_capacity(many.len());
    for command in many.into_iter().map(command).collect::<Result<Vec<_>, _>>()? {
        values.push(run(desk, &brought.given, command).await?);
    }
    Ok(Value::Array(values))
}

async fn run(desk: &mut Desk, shared: &Parameters, command: Command) -> Result<Value, Error> {
    let given = shared.clone().overlaid(Parameters::of_json(command.parameters)?);
    let value = desk.call(Call { target: command.target, given, word: NO_WORD.to_owned() }).await?;
    Ok(match &command.shown {
        Some(properties) => only(value, properties),
        None => value,
    })
}

/// Only the first key of an object is run: `/service/method`, `$name = /service/method`, `$name[a,b] = /service/method`.
fn command(object: Value) -> Result<Command, Error> {
    let Value::Object(object) = object else { return Err(Error::IllegalArgument(None)) };
    let (key, parameters) = object.into_iter().next().ok_or(Error::IllegalArgument(None))?;
    let (name, path) = match key.split_once('=') {
        Some((name, path)) if name.trim_start().starts_with('$') => (name.trim(), path.trim()),
        _ => ("", key.trim()),
    };
    let shown = name.split_once('[').map(|(_, list)| {
        let list = list.trim_end().trim_end_matches(']');
        list.split(',').map(|property| property.trim().to_owned()).filter(|property| !property.is_empty()).collect()
    });
    let parameters = match parameters {
        Value::Object(parameters) => parameters,
        Value::Null => Map::new(),
        Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => {
            return Err(Error::IllegalArgument(None));
        }
    };
    let mut segments = path.split('/').filter(|segment| !segment.is_empty());
    let (service, method) = (segments.next().unwrap_or_default(), segments.next().unwrap_or_default());
    Ok(Command { target: Target::new(service, method), parameters, shown })
}

/// The listed properties of an object, or of each element of a list; an unknown one is null.
fn only(value: Value, properties: &[String]) -> Value {
    match value {
        Value::Array(values) => values.into_iter().map(|value| only(value, properties)).collect(),
        Value::Object(mut object) => {
            let mut sorted = properties.to_vec();
            sorted.sort();
            let kept = sorted.into_iter().map(|name| {
                let value = object.remove(&name).unwrap_or(Value::Null);
                (name, value)
            });
            Value::Object(kept.collect())
        }
        scalar @ (Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_)) => scalar,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn parsed(object: &Value) -> Option<(String, String, Option<Vec<String>>)> {
        let command = command(object.clone()).ok()?;
        Some((command.target.service, command.target.method, command.shown))
    }

    #[test]
    fn the_first_key_is_the_command() {
        let (service, method) = ("dlapp".to_owned(), "get-file-entry".to_owned());
        assert_eq!(
            parsed(&json!({"/dlapp/get-file-entry": {}, "/dlapp/cancel-check-out": {}})),
            Some((service.clone(), method.clone(), None))
        );
        assert_eq!(
            parsed(&json!({"$file[ title , version ] = /dlapp/get-file-entry": null})),
            Some((service, method, Some(vec!["title".to_owned(), "version".to_owned()])))
        );
        assert_eq!(parsed(&json!({})), None);
        assert_eq!(parsed(&json!({"/dlapp/get-file-entry": 5})), None);
    }

    #[test]
    fn a_filter_keeps_properties_of_each_element() {
        let value = json!([{"version": "1.0", "title": "a", "size": "1"}]);
        let filter = ["version".to_owned(), "nope".to_owned()];
        assert_eq!(only(value, &filter).to_string(), r#"[{"nope":null,"version":"1.0"}]"#);
    }
}
