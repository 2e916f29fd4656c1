//! The layers of a configuration, put on each other key by key, remembering where each key came from.

use std::{
    collections::BTreeMap,
    ffi::OsString,
    fmt, io,
    path::{Path, PathBuf},
};

use toml::{
    Table, Value,
    de::{DeTable, DeValue},
};

use super::{Config, ConfigError, DEFAULT, Flag, Problem, check};

/// The file that is read when none is named and it is there.
const USUAL_FILE: &str = "coatcheck.toml";

/// Keys below this one are free; all of their values are texts.
const OPTIONS: &str = "content.options";

/// Two spellings of one secret: setting either takes the other back.
const RIVALS: (&str, &str) = ("database.url", "database.url_file");

/// Where a value came from.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Origin {
    /// The built-in `config/default.toml`.
    Default,
    /// A file; the line, when it is known.
    File(PathBuf, Option<usize>),
    /// A variable of the environment.
    Variable(String),
    /// A flag of the command line.
    Flag(&'static str),
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => f.write_str("config/default.toml"),
            Self::File(path, Some(line)) => write!(f, "{}, line {line}", path.display()),
            Self::File(path, None) => write!(f, "{}", path.display()),
            Self::Variable(name) => write!(f, "environment variable {name}"),
            Self::Flag(name) => write!(f, "flag {name}"),
        }
    }
}

/// A configuration while it grows.
pub(super) struct Layers<'a> {
    read: &'a dyn Fn(&Path) -> io::Result<String>,
    defaults: Table,
    table: Table,
    origins: BTreeMap<String, Origin>,
    problems: Vec<Problem>,
}

impl<'a> Layers<'a> {
    pub(super) fn new(read: &'a dyn Fn(&Path) -> io::Result<String>) -> Self {
        // A default file that does not parse leaves every key missing, which a test would see at once.
        let defaults: Table = DEFAULT.parse().unwrap_or_default();
        let table = defaults.clone();
        Self { read, defaults, table, origins: BTreeMap::new(), problems: Vec::new() }
    }

    /// The file named by the flag, else by `COATCHECK_CONFIG`, else the usual one if it is there.
    pub(super) fn add_file(&mut self, named: Option<PathBuf>, environment: &[(OsString, OsString)]) {
        let variable = environment.iter().find(|(name, value)| name == "COATCHECK_CONFIG" && !value.is_empty());
        let (path, origin) = match (named, variable) {
            (Some(path), _) => (path, Some(Origin::Flag("--config"))),
            (None, Some((_, path))) => (path.into(), Some(Origin::Variable("COATCHECK_CONFIG".to_owned()))),
            (None, None) => (PathBuf::from(USUAL_FILE), None),
        };
        match ((self.read)(&path), origin) {
            (Ok(text), _) => self.add_text(&path, &text),
            (Err(error), None) if error.kind() == io::ErrorKind::NotFound => {}
            (Err(error), origin) => {
                let what = format!("{} cannot be read ({error}); name a file that can", path.display());
                self.problem(what, origin);
            }
        }
    }

    fn add_text(&mut self, path: &Path, text: &str) {
        let table = match text.parse::<Table>() {
            Ok(table) => table,
            Err(error) => {
                let line = error.span().map(|span| line(text, span.start));
                let what = format!("this is no TOML: {}", error.message());
                return self.problem(what, Some(Origin::File(path.to_owned(), line)));
            }
        };
        let spans = DeTable::parse(text).ok();
        let mut leaves = Vec::new();
        flatten("", &Value::Table(table), &mut leaves);
        self.refuse_rivals(&leaves, &Origin::File(path.to_owned(), None));
        for (key, value) in leaves {
            let at = spans.as_ref().and_then(|spans| offset(spans.get_ref(), &key));
            self.set(&key, value, &Origin::File(path.to_owned(), at.map(|at| line(text, at))));
        }
    }

    /// `DATABASE_URL`, `DATABASE_URL_FILE` and `PG_BIN_DIR`, and above them every `COATCHECK__SECTION__KEY`.
    ///
    /// Names with a single underscore are left alone: orchestrators make `COATCHECK_PORT` and the like by themselves.
    pub(super) fn add_environment(&mut self, environment: &[(OsString, OsString)]) {
        let (mut plain, mut own) = (Vec::new(), Vec::new());
        for (name, value) in environment {
            let Some(name) = name.to_str() else { continue };
            let known = match name {
                "DATABASE_URL" => Some("database.url"),
                "DATABASE_URL_FILE" => Some("database.url_file"),
                "PG_BIN_DIR" => Some("embedded.bin_dir"),
                _ => None,
            };
            let path = name.strip_prefix("COATCHECK__").map(|rest| rest.to_ascii_lowercase().replace("__", "."));
            if known.is_none() && path.is_none() {
                continue;
            }
            let origin = Origin::Variable(name.to_owned());
            let Some(value) = value.to_str() else {
                self.problem("its value is not UTF-8".to_owned(), Some(origin));
                continue;
            };
            match (known, path) {
                // An empty DATABASE_URL is how people switch it off.
                (Some(key), _) if !value.is_empty() => {
                    plain.push((key.to_owned(), value.to_owned(), origin));
                }
                (None, Some(key)) => own.push((key, value.to_owned(), origin)),
                _ => {}
            }
        }
        for layer in [plain, own] {
            self.add_texts(layer);
        }
    }

    pub(super) fn add_flags(&mut self, flags: &[Flag]) {
        let texts = flags.iter().map(|flag| (flag.key.to_owned(), flag.value.clone(), Origin::Flag(flag.name)));
        self.add_texts(texts.collect());
    }

    /// One layer of values that are all texts and get their kind from the default.
    fn add_texts(&mut self, layer: Vec<(String, String, Origin)>) {
        let leaves: Vec<_> = layer.iter().map(|(key, text, _)| (key.clone(), Value::from(text.as_str()))).collect();
        if let Some((_, _, origin)) = layer.iter().find(|(key, ..)| key == RIVALS.1) {
            self.refuse_rivals(&leaves, origin);
        }
        for (key, text, origin) in layer {
            let value = match self.kind(&key) {
                Some(Value::Integer(_)) => text.parse().map(Value::Integer).ok(),
                Some(Value::Boolean(_)) => text.parse().map(Value::Boolean).ok(),
                Some(Value::Array(_)) => {
                    let items = text.split(',').map(str::trim).filter(|item| !item.is_empty());
                    Some(Value::Array(items.map(Value::from).collect()))
                }
                _ => None,
            };
            self.set(&key, value.unwrap_or(Value::String(text)), &origin);
        }
    }

    /// The default of a key, which says what kind of value it takes.
    fn kind(&self, key: &str) -> Option<Value> {
        if key.strip_prefix(OPTIONS).is_some_and(|rest| rest.starts_with('.') && rest.len() > 1) {
            return Some(Value::String(String::new()));
        }
        let mut value = None;
        let mut table = Some(&self.defaults);
        for part in key.split('.') {
            value = table?.get(part);
            table = value.and_then(Value::as_table);
        }
        value.cloned()
    }

    fn set(&mut self, key: &str, value: Value, origin: &Origin) {
        let Some(kind) = self.kind(key) else {
            let known = self.neighbours(key);
            return self.problem(format!("unknown key `{key}`; {known}"), Some(origin.clone()));
        };
        if !kind.same_type(&value) {
            let wanted = match kind {
                Value::Integer(_) => "a whole number",
                Value::Boolean(_) => "true or false",
                Value::Array(_) => "a list of texts",
                Value::Table(_) => "a section with keys of its own",
                Value::String(_) | Value::Float(_) | Value::Datetime(_) => "a text in quotes",
            };
            return self.problem(format!("`{key}` must be {wanted}"), Some(origin.clone()));
        }
        if key == RIVALS.0 || key == RIVALS.1 {
            let other = if key == RIVALS.0 { RIVALS.1 } else { RIVALS.0 };
            if value.as_str().is_some_and(|text| !text.is_empty()) {
                put(&mut self.table, other, Value::String(String::new()));
            }
        }
        put(&mut self.table, key, value);
        self.origins.insert(key.to_owned(), origin.clone());
    }

    /// Names the keys next to an unknown one, so that the right one can be seen.
    fn neighbours(&self, key: &str) -> String {
        let section = key.split('.').next().unwrap_or_default();
        let (place, table) = match self.defaults.get(section).and_then(Value::as_table) {
            Some(table) => (format!("[{section}] has"), table),
            None => ("the sections are".to_owned(), &self.defaults),
        };
        let names: Vec<&str> = table.keys().map(String::as_str).collect();
        format!("{place} {}", names.join(", "))
    }

    fn refuse_rivals(&mut self, leaves: &[(String, Value)], origin: &Origin) {
        let set = |key| leaves.iter().any(|(name, value)| name == key && value.as_str().is_some_and(|v| !v.is_empty()));
        if set(RIVALS.0) && set(RIVALS.1) {
            let what = format!("`{}` and `{}` are both set; keep one", RIVALS.0, RIVALS.1);
            self.problem(what, Some(origin.clone()));
        }
    }

    fn problem(&mut self, what: String, origin: Option<Origin>) {
        self.problems.push(Problem { what, origin });
    }

    fn origin(&self, key: &str) -> Option<Origin> {
        self.origins.get(key).cloned()
    }

    /// Types and checks the whole, and reads the files that hold secrets.
    pub(super) fn read(mut self) -> Result<Config, ConfigError> {
        let typed: Result<Config, _> = serde_path_to_error::deserialize(Value::Table(self.table.clone()));
        let mut config = match typed {
            Ok(config) => config,
            Err(error) => {
                let key = error.path().to_string();
                let key = key.split('[').next().unwrap_or_default();
                let what = format!("`{key}`: {}", error.inner().to_string().trim_end());
                self.problem(what, self.origin(key));
                return Err(ConfigError { problems: self.problems });
            }
        };
        self.read_secrets(&mut config);
        for (keys, what) in check::problems(&config) {
            let origin = keys.iter().find_map(|key| self.origin(key));
            self.problem(what, origin);
        }
        if self.problems.is_empty() { Ok(config) } else { Err(ConfigError { problems: self.problems }) }
    }

    fn read_secrets(&mut self, config: &mut Config) {
        if let Some(path) = &config.database.url_file {
            match (self.read)(path) {
                // Editors and `echo` leave a line break at the end.
                Ok(text) => config.database.url = super::Secret::new(text.trim()),
                Err(error) => self.unreadable(RIVALS.1, path, &error),
            }
        }
        let Some(path) = config.content.options_file.clone() else {
            return;
        };
        let key = "content.options_file";
        let text = match (self.read)(&path) {
            Ok(text) => text,
            Err(error) => return self.unreadable(key, &path, &error),
        };
        // The parser's message could quote a secret; the line is enough.
        match toml::from_str::<BTreeMap<String, super::Secret>>(&text) {
            Ok(more) => {
                for (name, value) in more {
                    config.content.options.entry(name).or_insert(value);
                }
            }
            Err(error) => {
                let line = error.span().map(|span| line(&text, span.start));
                let what = "this is no TOML table of texts (name = \"value\")".to_owned();
                self.problem(what, Some(Origin::File(path, line)));
            }
        }
    }

    fn unreadable(&mut self, key: &str, path: &Path, error: &io::Error) {
        let what = format!("`{key}` names {}, which cannot be read ({error})", path.display());
        self.problem(what, self.origin(key));
    }
}

/// Every key that holds a value, dotted. A table without keys counts as a value, so that its name is looked at.
pub(super) fn flatten(prefix: &str, value: &Value, leaves: &mut Vec<(String, Value)>) {
    let Some(table) = value.as_table().filter(|table| prefix.is_empty() || !table.is_empty()) else {
        return leaves.push((prefix.to_owned(), value.clone()));
    };
    for (name, value) in table {
        let key = if prefix.is_empty() { name.clone() } else { format!("{prefix}.{name}") };
        flatten(&key, value, leaves);
    }
}

fn put(table: &mut Table, key: &str, value: Value) {
    match key.split_once('.') {
        None => {
            table.insert(key.to_owned(), value);
        }
        Some((section, rest)) => {
            if let Some(section) = table.get_mut(section).and_then(Value::as_table_mut) {
                put(section, rest, value);
            }
        }
    }
}

/// Where in the file a key's name begins.
fn offset(table: &DeTable<'_>, key: &str) -> Option<usize> {
    let (name, rest) = match key.split_once('.') {
        Some((name, rest)) => (name, Some(rest)),
        None => (key, None),
    };
    let (found, value) = table.iter().find(|(found, _)| found.get_ref() == name)?;
    match (rest, value.get_ref()) {
        (Some(rest), DeValue::Table(table)) => offset(table, rest),
        _ => Some(found.span().start),
    }
}

fn line(text: &str, offset: usize) -> usize {
    1 + text.bytes().take(offset).filter(|byte| *byte == b'\n').count()
}
