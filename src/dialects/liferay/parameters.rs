//! Parameters as they were given, from whichever source, before anything is known of the method (spec/liferay.md 2.2, 2.3):
//! names, modifiers and raw values. Nothing is converted here.

use std::{collections::HashMap, sync::Arc};

use serde_json::{Map, Value};

use super::{
    error::Error,
    methods::{CONTEXT_CLASSES, INCREASE_CLASS, SEARCH_CLASS},
    names::camel,
    upload::Upload,
};

/// A value as it was given.
#[derive(Clone, Debug)]
pub enum Given {
    /// Null: `-name`, or JSON's.
    Null,
    /// A new default object, of the parameter's own class or of an allowed one: `+name`.
    New,
    /// Text of a path, a query, a form or a part.
    Text(String),
    /// A value of JSON text.
    Json(Value),
    /// A part with a file name.
    Upload(Upload),
}

/// Parameters by name; case does not count.
#[derive(Clone, Debug, Default)]
pub struct Parameters {
    values: HashMap<String, Given>,
    /// `name.inner`: properties of the object that is passed as `name`.
    inner: HashMap<(String, String), Given>,
    /// Those of earlier sources, which count where these have nothing of the name.
    earlier: Option<Arc<Parameters>>,
}

impl Parameters {
    /// Those behind service and method in a path, percent-decoded: `/<name>/<value>`, where modified names have no value.
    pub fn of_path(segments: &[String]) -> Result<Self, Error> {
        let mut parameters = Self::default();
        let mut rest = segments.iter();
        while let Some(written) = rest.next() {
            let without_value = written.starts_with(['-', '+']) || written.contains(':');
            let value = if without_value {
                String::new()
            } else {
                rest.next().ok_or_else(|| Error::MissingValue(written.clone()))?.clone()
            };
            let (modifier, bare) = match written.strip_prefix(['-', '+']) {
                Some(bare) => written.split_at(written.len() - bare.len()),
                None => ("", written.as_str()),
            };
            let (name, class) = bare.split_once(':').map_or((bare, None), |(name, class)| (name, Some(class)));
            let class = class.map(|class| format!(":{class}")).unwrap_or_default();
            parameters.put(&format!("{modifier}{}{class}", camel(name)), Given::Text(value))?;
        }
        Ok(parameters)
    }

    /// Those of a query or a form; the first value of a repeated name wins.
    pub fn add_form(&mut self, text: &[u8]) -> Result<(), Error> {
        for (name, value) in form_urlencoded::parse(text) {
            self.add(&name, Given::Text(value.into_owned()))?;
        }
        Ok(())
    }

    /// One of a query, a form or a part, unless its name is there already.
    pub fn add(&mut self, name: &str, value: Given) -> Result<(), Error> {
        let mut one = Self::default();
        one.put(name, value)?;
        for (name, value) in one.values {
            self.values.entry(name).or_insert(value);
        }
        for (name, value) in one.inner {
            self.inner.entry(name).or_insert(value);
        }
        Ok(())
    }

    /// Those of a JSON object.
    pub fn of_json(object: Map<String, Value>) -> Result<Self, Error> {
        let mut parameters = Self::default();
        for (name, value) in object {
            parameters.set_json(&name, value)?;
        }
        Ok(parameters)
    }

    /// One JSON value, in place of what had its name.
    pub fn set_json(&mut self, written: &str, value: Value) -> Result<(), Error> {
        self.put(written, if value.is_null() { Given::Null } else { Given::Json(value) })
    }

    /// These, and those of a later source in place of what has the same name.
    #[must_use]
    pub fn overlaid(self, later: Self) -> Self {
        later.over(Arc::new(self))
    }

    /// These in place of what has the same name in earlier sources, which many calls may share. What lies below these already
    /// stays above those.
    #[must_use]
    pub fn over(mut self, earlier: Arc<Self>) -> Self {
        self.earlier = Some(match self.earlier.take() {
            None => earlier,
            Some(between) => Arc::new(Arc::unwrap_or_clone(between).over(earlier)),
        });
        self
    }

    /// These and those of earlier sources, the nearest first.
    fn sources(&self) -> impl Iterator<Item = &Self> {
        std::iter::successors(Some(self), |source| source.earlier.as_deref())
    }

    /// Takes one in under its name without modifiers.
    fn put(&mut self, written: &str, value: Given) -> Result<(), Error> {
        if let Some(name) = written.strip_prefix('-') {
            self.values.insert(key(name), Given::Null);
        // a `+` that its client did not escape arrives as a blank
        } else if let Some(name) = written.strip_prefix(['+', ' ']) {
            let (name, class) = match name.split_once(':') {
                Some((name, class)) => (name, class.to_owned()),
                None => (name, text_of(&value)),
            };
            allow(&class)?;
            self.values.insert(key(name), Given::New);
        } else if let Some((name, class)) = written.split_once(':') {
            allow(class)?;
            self.values.insert(key(name), Given::New);
        } else if let Some((name, inner)) = written.split_once('.') {
            self.inner.insert((key(name), key(inner)), value);
        } else {
            self.values.insert(key(written), value);
        }
        Ok(())
    }

    /// Whether one of this name was given.
    pub fn has(&self, name: &str) -> bool {
        self.get(name).is_some()
    }

    /// What was given under a name.
    pub fn get(&self, name: &str) -> Option<&Given> {
        let key = key(name);
        self.sources().find_map(|source| source.values.get(&key))
    }

    /// What was given as a property of the object `name`.
    pub fn property(&self, name: &str, inner: &str) -> Option<&Given> {
        let key = (key(name), key(inner));
        self.sources().find_map(|source| source.inner.get(&key))
    }

    /// Takes one of these out, as text; not one of an earlier source.
    pub fn take_text(&mut self, name: &str) -> Option<String> {
        match self.values.remove(&key(name))? {
            Given::Text(text) => Some(text),
            Given::Null | Given::New | Given::Json(_) | Given::Upload(_) => None,
        }
    }

    /// These and defaults for what was not given.
    #[must_use]
    pub fn or<const N: usize>(mut self, defaults: [(&str, i64); N]) -> Self {
        for (name, number) in defaults.into_iter().filter(|(name, _)| !self.has(name)).collect::<Vec<_>>() {
            self.values.insert(key(name), Given::Json(number.into()));
        }
        self
    }
}

fn key(name: &str) -> String {
    name.to_ascii_lowercase()
}

fn text_of(value: &Given) -> String {
    match value {
        Given::Text(text) | Given::Json(Value::String(text)) => text.clone(),
        Given::Null | Given::New | Given::Json(_) | Given::Upload(_) => String::new(),
    }
}

/// Classes that may be named. Nothing is ever loaded or made by a name that came from the wire: the name only has to be
/// one of these.
fn allow(class: &str) -> Result<(), Error> {
    if class.is_empty() || CONTEXT_CLASSES.contains(&class) || [INCREASE_CLASS, SEARCH_CLASS].contains(&class) {
        Ok(())
    } else {
        Err(Error::ForbiddenClass(class.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn path(text: &str) -> Result<Parameters, Error> {
        Parameters::of_path(&crate::http::path::segments(text).unwrap())
    }

    #[test]
    fn a_path_has_names_and_values_and_modifiers_without_values() {
        let given = path("/file-entry-id/40001/-change-log/+service-context/major-version/true").unwrap();
        assert!(matches!(given.get("fileEntryId"), Some(Given::Text(text)) if text == "40001"));
        assert!(matches!(given.get("changeLog"), Some(Given::Null)));
        assert!(matches!(given.get("serviceContext"), Some(Given::New)));
        assert!(matches!(given.get("MAJORVERSION"), Some(Given::Text(text)) if text == "true"));
        assert!(matches!(path("/file-entry-id"), Err(Error::MissingValue(name)) if name == "file-entry-id"));
    }

    #[test]
    fn only_allowed_classes_may_be_named() {
        for class in CONTEXT_CLASSES {
            assert!(path(&format!("/+service-context:{class}")).unwrap().has("serviceContext"));
        }
        assert!(matches!(path("/+x:java.lang.Runtime"), Err(Error::ForbiddenClass(_))));
        assert!(matches!(path("/x:java.lang.Runtime"), Err(Error::ForbiddenClass(_))));
        assert!(matches!(Parameters::default().add_form(b"%2Bx=java.lang.Runtime"), Err(Error::ForbiddenClass(_))));
    }

    #[test]
    fn the_first_of_a_repeated_name_wins_and_a_later_source_replaces() {
        let mut given = Parameters::default();
        given.add_form(b"title=a+b&title=c&-changeLog=x&serviceContext.scopeGroupId=7").unwrap();
        assert!(matches!(given.get("title"), Some(Given::Text(text)) if text == "a b"));
        assert!(matches!(given.get("changelog"), Some(Given::Null)));
        assert!(!given.has("serviceContext"));
        assert!(given.property("serviceContext", "scopeGroupId").is_some());
        let later = Parameters::of_json(serde_json::json!({"Title": 5}).as_object().unwrap().clone()).unwrap();
        assert!(matches!(given.overlaid(later).get("title"), Some(Given::Json(Value::Number(_)))));
    }
}
