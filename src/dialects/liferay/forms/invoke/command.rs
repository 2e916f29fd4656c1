//! What commands look like (spec/liferay.md 4.1, 4.3): `/service/method`, `$name[a,b] = /service/method`, children and flags
//! among the parameters. All of a text is read before anything of it is run; nothing is run here.

use std::sync::{Arc, OnceLock};

use serde_json::{Map, Value};

use crate::dialects::liferay::{choose::Target, error::Error, parameters::Parameters};

/// Commands in a text, those inside of others included.
const COMMANDS: usize = 100;

/// Levels of commands inside of commands.
const DEPTH: usize = 10;

/// Properties a filter may keep, and bytes of all their names: what a filter makes of an object is no larger than an object.
const FILTER: (usize, usize) = (100, 2048);

/// Names in a flag.
const STEPS: usize = 10;

/// What a text asks for.
#[derive(Debug)]
pub enum Script {
    /// One command: its result is the answer.
    One(Box<Command>),
    /// Commands in order: their results are the answer.
    Batch(Vec<Command>),
}

/// One command: what to call, with what, and what to make of its result.
#[derive(Debug)]
pub struct Command {
    /// `$name`: what flags call its result, and where a child's result is put in its parent's.
    pub name: Option<String>,
    /// `$list.$name`: the list of the parent's result whose elements get the result, each its own.
    pub list: Option<String>,
    /// Only these properties of the result are shown, sorted.
    pub shown: Option<Vec<String>>,
    /// What is called.
    pub target: Target,
    /// Parameters behind service and method in its address.
    pub in_path: Vec<String>,
    /// Its own parameters.
    pub parameters: Map<String, Value>,
    /// Parameters that are taken from earlier results.
    pub flags: Vec<Flag>,
    /// Commands that are run on its result.
    pub children: Vec<Command>,
    given: OnceLock<Arc<Parameters>>,
}

impl Command {
    /// What it is given, save by flags: its own parameters, and those that all commands of the request share. Read once, also
    /// when it is called for every element of a list.
    pub fn given(&self, shared: &Arc<Parameters>) -> Result<Arc<Parameters>, Error> {
        if let Some(given) = self.given.get() {
            return Ok(given.clone());
        }
        let in_path = Parameters::of_path(&self.in_path)?.over(shared.clone());
        let given = Parameters::of_json(self.parameters.clone())?.over(Arc::new(in_path));
        Ok(self.given.get_or_init(|| Arc::new(given)).clone())
    }
}

/// `"@parameter": "$name.property.property"`.
#[derive(Debug, PartialEq, Eq)]
pub struct Flag {
    /// The parameter.
    pub parameter: String,
    /// The result it comes from.
    pub name: String,
    /// The property of the result, step by step; none for the result itself.
    pub steps: Vec<String>,
}

/// What is not a command, or too much of it.
const NO_COMMAND: Error = Error::IllegalArgument(None);

/// Reads a text.
///
/// # Errors
/// [`Error::NotJson`], and [`Error::IllegalArgument`] for what is no command, names itself, or goes beyond a limit.
pub fn read(text: &[u8]) -> Result<Script, Error> {
    let mut reader = Reader::default();
    match serde_json::from_slice(text).map_err(|_| Error::NotJson)? {
        Value::Array(many) => {
            many.into_iter().map(|one| reader.first_of(one)).collect::<Result<_, _>>().map(Script::Batch)
        }
        one @ (Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Object(_)) => {
            reader.first_of(one).map(|command| Script::One(Box::new(command)))
        }
    }
}

#[derive(Default)]
struct Reader {
    commands: usize,
    /// The names of the commands around the one that is read; empty for one without.
    around: Vec<String>,
}

impl Reader {
    /// Of an object only the first key is run.
    fn first_of(&mut self, object: Value) -> Result<Command, Error> {
        let Value::Object(object) = object else { return Err(NO_COMMAND) };
        let (key, parameters) = object.into_iter().next().ok_or(NO_COMMAND)?;
        let command = self.command(&key, parameters)?;
        // only what has a parent can be put into a list of it
        if command.list.is_some() { Err(NO_COMMAND) } else { Ok(command) }
    }

    fn command(&mut self, key: &str, given: Value) -> Result<Command, Error> {
        self.commands += 1;
        let mut command = head(key)?;
        let name = command.name.clone().unwrap_or_default();
        let is_around = |name: &String| !name.is_empty() && self.around.contains(name);
        if self.commands > COMMANDS
            || self.around.len() >= DEPTH
            || is_around(&name)
            || command.list.as_ref().is_some_and(is_around)
        {
            return Err(NO_COMMAND);
        }
        let given = match given {
            Value::Object(given) => given,
            Value::Null => Map::new(),
            Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => return Err(NO_COMMAND),
        };
        self.around.push(name);
        for (name, value) in given {
            if name.trim_start().starts_with('$') {
                command.children.push(self.command(&name, value)?);
            } else if let Some(parameter) = name.trim_start().strip_prefix('@') {
                command.flags.push(flag(parameter, &value)?);
            } else {
                command.parameters.insert(name, value);
            }
        }
        self.around.pop();
        Ok(command)
    }
}

/// A key, without what belongs to it.
fn head(key: &str) -> Result<Command, Error> {
    let (result, path) = match key.split_once('=') {
        Some((result, path)) => (Some(result.trim()), path.trim()),
        None if key.trim_start().starts_with('$') => return Err(NO_COMMAND),
        None => (None, key.trim()),
    };
    let (mut name, mut list, mut shown) = (None, None, None);
    if let Some(result) = result {
        let mut called = result;
        if let Some((before, filter)) = result.split_once('[') {
            called = before.trim_end();
            shown = Some(properties(filter.strip_suffix(']').ok_or(NO_COMMAND)?)?);
        }
        called = called.strip_prefix('$').ok_or(NO_COMMAND)?;
        if let Some((outer, inner)) = called.split_once(".$") {
            list = Some(word(outer)?);
            called = inner;
        }
        name = Some(word(called)?);
    }
    let mut segments = crate::http::path::segments(path).map_err(|_| NO_COMMAND)?.into_iter();
    let (service, method) = (segments.next().unwrap_or_default(), segments.next().unwrap_or_default());
    Ok(Command {
        name,
        list,
        shown,
        target: Target::new(&service, &method),
        in_path: segments.collect(),
        parameters: Map::new(),
        flags: Vec::new(),
        children: Vec::new(),
        given: OnceLock::new(),
    })
}

/// `a, b`, as a filter has it between its brackets.
fn properties(filter: &str) -> Result<Vec<String>, Error> {
    if filter.len() > FILTER.1 {
        return Err(NO_COMMAND);
    }
    let mut names: Vec<String> =
        filter.split(',').map(str::trim).filter(|name| !name.is_empty()).map(str::to_owned).collect();
    names.sort();
    names.dedup();
    let bad = names.len() > FILTER.0 || names.iter().any(|name| name.contains(['[', ']', '$', '@', '=']));
    if bad { Err(NO_COMMAND) } else { Ok(names) }
}

fn flag(parameter: &str, value: &Value) -> Result<Flag, Error> {
    let value = value.as_str().map(str::trim).and_then(|value| value.strip_prefix('$')).ok_or(NO_COMMAND)?;
    let mut words = value.split('.').map(word);
    let name = words.next().ok_or(NO_COMMAND)??;
    let steps: Vec<String> = words.collect::<Result<_, _>>()?;
    let parameter = parameter.trim();
    if parameter.is_empty() || steps.len() > STEPS {
        return Err(NO_COMMAND);
    }
    Ok(Flag { parameter: parameter.to_owned(), name, steps })
}

/// The name of a result or of a property.
fn word(text: &str) -> Result<String, Error> {
    let plain = |letter: char| letter.is_alphanumeric() || matches!(letter, '_' | '-');
    if text.is_empty() || text.len() > 256 || !text.chars().all(plain) { Err(NO_COMMAND) } else { Ok(text.to_owned()) }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn one(object: &Value) -> Option<Command> {
        match read(object.to_string().as_bytes()) {
            Ok(Script::One(command)) => Some(*command),
            Ok(Script::Batch(_)) | Err(_) => None,
        }
    }

    #[test]
    fn the_first_key_is_the_command() {
        let target = Target::new("dlapp", "get-file-entry");
        let plain = one(&json!({"/dlapp/get-file-entry": {"a": 1}, "/dlapp/cancel-check-out": {}})).unwrap();
        assert_eq!((plain.name, plain.shown, &plain.target), (None, None, &target));
        let named = one(&json!({" $file[ version , title,, title ] = /dlapp/get-file-entry ": null})).unwrap();
        assert_eq!(named.name.as_deref(), Some("file"));
        assert_eq!((named.shown, named.target), (Some(vec!["title".to_owned(), "version".to_owned()]), target));
        let hinted = one(&json!({"/dlapp//get-file-entry.1/file-entry-id/a%20b/": {}})).unwrap();
        assert_eq!(hinted.target, Target::new("dlapp", "get-file-entry.1"));
        assert_eq!(hinted.in_path, ["file-entry-id", "a b"]);
    }

    #[test]
    fn children_and_flags_stand_among_the_parameters() {
        let command = one(&json!({"$a = /b/c": {
            "d": 1, "@e": " $f.g.h ", "$i = /j/k": {"$l[m] = /n/o": {}}, "$i.$p = /q/r": null, "@whole": "$s"
        }}))
        .unwrap();
        assert_eq!(command.parameters.keys().collect::<Vec<_>>(), ["d"]);
        let flag = |parameter: &str, name: &str, steps: &[&str]| Flag {
            parameter: parameter.to_owned(),
            name: name.to_owned(),
            steps: steps.iter().map(|step| (*step).to_owned()).collect(),
        };
        assert_eq!(command.flags, [flag("e", "f", &["g", "h"]), flag("whole", "s", &[])]);
        let [child, inner] = &command.children[..] else { panic!("{command:?}") };
        assert_eq!((child.name.as_deref(), child.list.as_deref(), child.children.len()), (Some("i"), None, 1));
        assert_eq!((inner.name.as_deref(), inner.list.as_deref()), (Some("p"), Some("i")));
    }

    #[test]
    fn what_is_no_command_is_refused() {
        for bad in [
            json!({}),
            json!([1]),
            json!([[]]),
            json!("/a/b"),
            json!({"/a/b": 5}),
            json!({"/a/b": []}),
            json!({"$a": {}}),
            json!({"$ = /a/b": {}}),
            json!({"a = /a/b": {}}),
            json!({"= /a/b": {}}),
            json!({"$a[b = /a/b": {}}),
            json!({"$a]b[ = /a/b": {}}),
            json!({"$a[b]c = /a/b": {}}),
            json!({"$a[[b]] = /a/b": {}}),
            json!({"$a b = /a/b": {}}),
            json!({"$a.b = /a/b": {}}),
            json!({"$list.$child = /a/b": {}}),
            json!({"$p = /a/b": {"$a.$b.$c = /a/b": {}}}),
            json!({"/a/%zz": {}}),
            json!({"/a/b": {"$c": {}}}),
            json!({"/a/b": {"$c = /d/e": 5}}),
            json!({"/a/b": {"@c": 5}}),
            json!({"/a/b": {"@c": "d.e"}}),
            json!({"/a/b": {"@c": "$"}}),
            json!({"/a/b": {"@c": "$d..e"}}),
            json!({"/a/b": {"@c": "$d.$e"}}),
            json!({"/a/b": {"@": "$d.e"}}),
            json!({"/a/b": {"@c": format!("$d{}", ".e".repeat(11))}}),
            // itself, or what is around it
            json!({"$a = /a/b": {"$a = /a/b": {}}}),
            json!({"$a = /a/b": {"$b = /a/b": {"$a = /a/b": {}}}}),
            json!({"$a = /a/b": {"$a.$b = /a/b": {}}}),
        ] {
            assert!(matches!(read(bad.to_string().as_bytes()), Err(Error::IllegalArgument(None))), "{bad}");
        }
        let filter = format!("$a[{}] = /a/b", (0..101).map(|n| format!("p{n}")).collect::<Vec<_>>().join(","));
        assert!(one(&json!({filter: {}})).is_none());
        assert!(one(&json!({format!("$a[{}] = /a/b", "x".repeat(2049)): {}})).is_none());
        assert!(matches!(read(b"{"), Err(Error::NotJson)));
    }

    #[test]
    fn commands_are_counted_wherever_they_stand_and_lie_ten_deep_at_most() {
        let nested =
            |depth: usize| (1..depth).rev().fold(json!({}), |inner, level| json!({format!("$l{level} = /a/b"): inner}));
        assert!(one(&json!({"/a/b": nested(10)})).is_some());
        assert!(one(&json!({"/a/b": nested(11)})).is_none());
        let flat = |count: usize| {
            let children: Map<String, Value> = (1..count).map(|n| (format!("$c{n} = /a/b"), json!({}))).collect();
            json!({"/a/b": children})
        };
        assert!(one(&flat(100)).is_some());
        assert!(one(&flat(101)).is_none());
        let batch = |last: usize| read(json!([flat(60), flat(last)]).to_string().as_bytes()).is_ok();
        assert!(batch(40) && !batch(41));
    }

    proptest! {
        #[test]
        fn no_key_breaks_it(key in "[$@=.,/a-c \\[\\]]{0,12}", flag: String) {
            let _refused_or_not = read(json!({key: {"@p": flag}}).to_string().as_bytes());
        }
    }
}
