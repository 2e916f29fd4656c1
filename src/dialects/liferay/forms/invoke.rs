//! Invoke (spec/liferay.md 4): one command or a batch as JSON, in the body or in the parameter `cmd`. Here it is run; what it
//! looks like is `command.rs`.

mod command;

use std::{slice, sync::Arc};

use futures_util::future::BoxFuture;
use serde_json::{Map, Value};

use self::command::{Command, Flag, Script};
use super::{Brought, or_empty, rpc::NO_WORD};
use crate::dialects::liferay::{
    call::{Call, Desk},
    choose::Target,
    error::Error,
    parameters::Parameters,
};

/// Calls of one request: children of lists multiply.
const CALLS: usize = 1000;

/// No further call is made once the results of one request have about this many bytes.
const HELD: usize = 32 << 20;

/// Whether a body that came to the services' own address is a command or a batch.
pub fn is_command(text: &[u8]) -> bool {
    match serde_json::from_slice(text) {
        Ok(Value::Array(_)) => true,
        Ok(Value::Object(command)) => command.keys().next().is_some_and(|key| key.trim_start().starts_with(['/', '$'])),
        Ok(_) | Err(_) => false,
    }
}

/// What the first command of a text calls, and with what.
pub fn first(text: &[u8]) -> Option<(Target, Parameters)> {
    let first = match command::read(text).ok()? {
        Script::One(command) => *command,
        Script::Batch(commands) => commands.into_iter().next()?,
    };
    Some((first.target, Parameters::of_json(first.parameters).ok()?))
}

/// Runs what was brought. A batch runs in order, each command by itself, up to the first that fails.
pub async fn answer(desk: &mut Desk, mut brought: Brought) -> Result<Value, Error> {
    let text = match brought.given.take_text("cmd") {
        Some(text) => text.into_bytes().into(),
        None => brought.text.unwrap_or_default(),
    };
    let _ignored = brought.given.take_text("p_auth");
    let script = command::read(&text)?;
    let mut run = Run { desk, shared: Arc::new(brought.given), spent: Spent::default(), names: Vec::new() };
    match &script {
        Script::One(command) => run.command(command).await.map(or_empty),
        Script::Batch(commands) => {
            let mut values = Vec::with_capacity(commands.len());
            for command in commands {
                values.push(run.command(command).await?);
            }
            Ok(Value::Array(values))
        }
    }
}

/// A text as it is run.
struct Run<'a> {
    desk: &'a mut Desk,
    /// Parameters of the request, which every command has.
    shared: Arc<Parameters>,
    spent: Spent,
    /// Results by name, whole, the newest last. What was named for one element of a list is forgotten after it.
    names: Vec<(&'a str, Arc<Value>)>,
}

impl<'a> Run<'a> {
    /// The result of a command as it is shown: filtered, with those of its children in it.
    fn command<'r>(&'r mut self, command: &'a Command) -> BoxFuture<'r, Result<Value, Error>>
    where
        'a: 'r,
    {
        Box::pin(async move {
            let result = self.call(command).await?;
            let Some(name) = command.name.as_deref() else {
                if command.children.is_empty() {
                    return Ok(result);
                }
                let mut shown = result.clone();
                self.children_of_each(command, &result, &mut shown).await?;
                return Ok(shown);
            };
            let mut shown = match &command.shown {
                Some(properties) => only(&result, properties),
                None => result.clone(),
            };
            let result = Arc::new(result);
            if result.is_array() {
                // while children run, the name means the element
                self.children_of_each(command, &result, &mut shown).await?;
                self.names.push((name, result));
            } else {
                self.names.push((name, result.clone()));
                self.children(command, &result, &mut shown).await?;
            }
            Ok(shown)
        })
    }

    async fn call(&mut self, command: &Command) -> Result<Value, Error> {
        self.spent.on_a_call()?;
        let mut flagged = Parameters::default();
        for flag in &command.flags {
            let value = self.value(flag)?.clone();
            flagged.set_json(&flag.parameter, value)?;
        }
        let given = flagged.over(command.given(&self.shared)?);
        let target = command.target.clone();
        let result = self.desk.call(Call { target, given, word: NO_WORD.to_owned() }).await?;
        self.spent.on_a_result(&result);
        Ok(result)
    }

    /// What a flag means, of whole results. It will be held once more.
    fn value(&mut self, flag: &Flag) -> Result<&Value, Error> {
        let found = self.names.iter().rev().find(|(name, _)| *name == flag.name);
        let mut value = found.map(|(_, value)| &**value).ok_or(Error::IllegalArgument(None))?;
        for step in &flag.steps {
            value = match value {
                Value::Object(object) => object.get(step).unwrap_or(&Value::Null),
                Value::Null => value,
                // a list has no properties, though its elements may
                Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => {
                    return Err(Error::IllegalArgument(None));
                }
            };
        }
        self.spent.on_a_value(value)?;
        Ok(value)
    }

    /// Runs the children of a command whose result is a list, once for each element; or of one whose result has no name.
    async fn children_of_each(&mut self, command: &'a Command, result: &Value, shown: &mut Value) -> Result<(), Error> {
        if command.children.is_empty() {
            return Ok(());
        }
        let (Value::Array(elements), Value::Array(shown)) = (result, &mut *shown) else {
            return self.children(command, result, shown).await;
        };
        for (element, shown) in elements.iter().zip(shown) {
            let mark = self.names.len();
            if let Some(name) = command.name.as_deref() {
                self.names.push((name, Arc::new(element.clone())));
            }
            self.children(command, element, shown).await?;
            self.names.truncate(mark);
        }
        Ok(())
    }

    /// Runs the children of one object and puts their results into it. What is no object takes none.
    async fn children(&mut self, command: &'a Command, result: &Value, shown: &mut Value) -> Result<(), Error> {
        let Value::Object(shown) = shown else { return Ok(()) };
        let mark = self.names.len();
        for child in &command.children {
            match child.list.as_deref() {
                Some(list) => self.for_each_of(child, list, mark, result, shown).await?,
                None => {
                    let value = self.command(child).await?;
                    put(shown, child, value);
                }
            }
        }
        Ok(())
    }

    /// Runs a child for each element of a list that its parent has, or has got from an earlier child, `$list` meaning the
    /// element.
    async fn for_each_of(
        &mut self,
        child: &'a Command,
        list: &'a str,
        mark: usize,
        result: &Value,
        shown: &mut Map<String, Value>,
    ) -> Result<(), Error> {
        let shown = match shown.get_mut(list) {
            Some(Value::Array(elements)) => &mut elements[..],
            Some(object @ Value::Object(_)) => slice::from_mut(object),
            _ => return Ok(()),
        };
        let of_sibling = self.names.iter().skip(mark).rev().find(|(name, _)| *name == list);
        let whole = of_sibling.map(|(_, value)| &**value).or_else(|| result.get(list));
        let elements = match whole {
            Some(Value::Array(elements)) => elements.clone(),
            Some(one) => vec![one.clone()],
            None => Vec::new(),
        };
        for (element, shown) in elements.into_iter().zip(shown) {
            let Value::Object(shown) = shown else { continue };
            let mark = self.names.len();
            self.names.push((list, Arc::new(element)));
            let value = self.command(child).await?;
            self.names.truncate(mark);
            put(shown, child, value);
        }
        Ok(())
    }
}

/// What one request has cost so far.
#[derive(Default)]
struct Spent {
    calls: usize,
    held: usize,
}

impl Spent {
    /// Counts a call, unless there were too many, or what they brought is too much.
    fn on_a_call(&mut self) -> Result<(), Error> {
        if self.calls >= CALLS || self.held > HELD {
            return Err(Error::IllegalArgument(None));
        }
        self.calls += 1;
        Ok(())
    }

    fn on_a_result(&mut self, result: &Value) {
        self.held = self.held.saturating_add(weight(result));
    }

    /// A value of a result that is about to be held again.
    fn on_a_value(&mut self, value: &Value) -> Result<(), Error> {
        self.on_a_result(value);
        if self.held > HELD { Err(Error::IllegalArgument(None)) } else { Ok(()) }
    }
}

/// Puts a child's result into its parent's, whose members stay sorted.
fn put(parent: &mut Map<String, Value>, child: &Command, value: Value) {
    parent.insert(child.name.clone().unwrap_or_default(), value);
    parent.sort_keys();
}

/// About the bytes a value takes.
fn weight(value: &Value) -> usize {
    match value {
        Value::Null | Value::Bool(_) | Value::Number(_) => 32,
        Value::String(text) => 32 + text.len(),
        Value::Array(values) => values.iter().map(weight).sum::<usize>() + 32,
        Value::Object(members) => {
            members.iter().map(|(name, value)| 64 + name.len() + weight(value)).sum::<usize>() + 32
        }
    }
}

/// The listed properties of an object, or of each element of a list; an unknown one is null.
fn only(value: &Value, properties: &[String]) -> Value {
    match value {
        Value::Array(values) => values.iter().map(|value| only(value, properties)).collect(),
        Value::Object(object) => {
            let kept = properties.iter().map(|name| (name.clone(), object.get(name).cloned().unwrap_or(Value::Null)));
            Value::Object(kept.collect())
        }
        scalar @ (Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_)) => scalar.clone(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_filter_keeps_properties_of_each_element() {
        let value = json!([{"version": "1.0", "title": "a", "size": "1"}, null]);
        let filter = ["nope".to_owned(), "version".to_owned()];
        assert_eq!(only(&value, &filter).to_string(), r#"[{"nope":null,"version":"1.0"},null]"#);
    }

    #[test]
    fn a_request_has_so_many_calls_and_results_of_so_many_bytes() {
        let mut many = Spent::default();
        assert_eq!((0..2000).filter(|_| many.on_a_call().is_ok()).count(), CALLS);
        // one result may be as large as it is by itself, but nothing more is asked for after it
        let mut large = Spent::default();
        large.on_a_call().unwrap();
        large.on_a_result(&json!("x".repeat(HELD - 1000)));
        large.on_a_call().unwrap();
        large.on_a_result(&json!(["x".repeat(2000)]));
        assert!(large.on_a_call().is_err());
    }

    #[test]
    fn a_weight_is_never_less_than_the_text() {
        for value in [json!([]), json!({"a": [1, null, "text"], "b": {"c": true}}), json!("x".repeat(1000))] {
            assert!(weight(&value) >= value.to_string().len(), "{value}");
        }
    }
}
