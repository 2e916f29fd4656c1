//! Values of attributes as JSON or a form gives them: booleans, texts with their limits, and what is said of an edition.
//! What they mean is decided elsewhere.

use serde_json::Value;

use super::{body::Object, error::Error, form::Texts, wire::storage_named};
use crate::domain::{
    edition::{Edition, Metadata, Misplaced, Storage},
    id::CategoryId,
    name::{BadName, ItemName, LONGEST_NAME},
    part, version,
};

/// Longest texts, in characters (spec/arena.md 1.4).
const LONGEST_AUTHOR: usize = 255;
const LONGEST_COMMENT: usize = 4000;
pub const LONGEST_DESCRIPTION: usize = 4000;
pub const LONGEST_EDITION: usize = version::LONGEST_LABEL;
pub const LONGEST_FORMAT: usize = 100;
pub const LONGEST_LOCATION: usize = 2000;
const LONGEST_REFERENCE: usize = part::LONGEST_TEXT;
pub const LONGEST_TITLE: usize = 255;

/// A value as it came.
#[derive(Clone, Copy, Debug)]
pub enum Given<'a> {
    /// In JSON, where types count.
    Json(&'a Value),
    /// In a form, where everything is text.
    Part(&'a str),
}

impl Given<'_> {
    /// A boolean. In a form in any case, and nothing but blanks is no value.
    pub fn boolean(self, attribute: &str) -> Result<Option<bool>, Error> {
        let value = match self {
            Given::Json(Value::Bool(yes)) => return Ok(Some(*yes)),
            Given::Json(Value::String(text)) => text.clone(),
            Given::Json(other) => other.to_string(),
            Given::Part(text) => match text.trim() {
                "" => return Ok(None),
                yes if yes.eq_ignore_ascii_case("true") => return Ok(Some(true)),
                no if no.eq_ignore_ascii_case("false") => return Ok(Some(false)),
                other => other.to_owned(),
            },
        };
        Err(Error::NotBoolean { attribute: attribute.to_owned(), value })
    }

    /// A text of at most `longest` characters.
    pub fn text(self, attribute: &'static str, longest: usize) -> Result<String, Error> {
        let text = match self {
            Given::Json(Value::String(text)) => text,
            Given::Json(_) => return Err(Error::NotValid(attribute.to_owned())),
            Given::Part(text) => text,
        };
        if text.contains('\0') {
            return Err(Error::NotValid(attribute.to_owned()));
        }
        if text.chars().count() > longest {
            return Err(Error::TooLong { attribute, longest });
        }
        Ok(text.to_owned())
    }

    /// A comment.
    pub fn comment(self) -> Result<String, Error> {
        self.text("comment", LONGEST_COMMENT)
    }

    /// The label of an edition.
    pub fn edition(self, attribute: &'static str) -> Result<String, Error> {
        self.text(attribute, LONGEST_EDITION)
    }

    /// What is said about an association.
    pub fn reference(self) -> Result<String, Error> {
        self.text("reference", LONGEST_REFERENCE)
    }

    /// A GUID as it is spelled, right or wrong: whether it is one is asked later (5.2).
    pub fn guid(self) -> String {
        match self {
            Given::Json(Value::String(text)) => text.clone(),
            Given::Json(other) => other.to_string(),
            Given::Part(text) => text.to_owned(),
        }
    }
}

/// What a request says of an edition; `None`: nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Description {
    /// `author.fullName`.
    pub author: Option<String>,
    /// `category.guid`, as it is spelled.
    pub category: Option<String>,
    /// `description`; may be empty.
    pub description: Option<String>,
    /// `edition`: the label.
    pub edition: Option<String>,
    /// `format`; may be empty.
    pub format: Option<String>,
    /// `name`: the name of the file part.
    pub name: Option<ItemName>,
    /// `location`: where bytes are that are not here.
    pub location: Option<String>,
    /// `private`.
    pub private: Option<bool>,
    /// `storageMethodName`.
    pub storage: Option<Storage>,
    /// `title`.
    pub title: Option<String>,
}

impl Description {
    /// Reads what a form says. It is how bytes come, so the only storage it can name is here.
    pub fn read(texts: &Texts) -> Result<Self, Error> {
        let get = |attribute| Ok(texts.get(attribute));
        let mut description = Self::common(get)?;
        description.name = Self::of_bytes(texts)?.name;
        for (attribute, only) in [("storageMethodName", "FILE"), ("storageMethod", "0")] {
            match filled(get, attribute, LONGEST_FORMAT)?.as_deref().map(str::trim) {
                None => {}
                Some(given) if given == only => description.storage = Some(Storage::File),
                Some(_) => return Err(Error::NotValid(attribute.to_owned())),
            }
        }
        Ok(description)
    }

    /// Reads what a JSON object says.
    pub fn read_json(object: &Object) -> Result<Self, Error> {
        let get = |attribute| object.at(attribute);
        let mut description = Self::common(get)?;
        description.location = filled(get, "location", LONGEST_LOCATION)?;
        if let Some(name) = filled(get, "storageMethodName", LONGEST_FORMAT)? {
            let storage = storage_named(name.trim());
            description.storage = Some(storage.ok_or_else(|| Error::NotValid("storageMethodName".to_owned()))?);
        }
        Ok(description)
    }

    /// What a form says that brings bytes and nothing else.
    pub fn of_bytes(texts: &Texts) -> Result<Self, Error> {
        let name = texts.file_name.as_deref().map(file_name).transpose()?;
        Ok(Description { name, ..Description::default() })
    }

    /// What both encodings can say.
    fn common<'a>(get: impl Get<'a>) -> Result<Self, Error> {
        Ok(Description {
            private: get("private")?.map(|value| value.boolean("private")).transpose()?.flatten(),
            author: filled(get, "author.fullName", LONGEST_AUTHOR)?,
            category: get("category.guid")?.map(Given::guid).filter(|guid| !guid.trim().is_empty()),
            description: text(get, "description", LONGEST_DESCRIPTION)?,
            edition: filled(get, "edition", LONGEST_EDITION)?,
            format: text(get, "format", LONGEST_FORMAT)?,
            title: filled(get, "title", LONGEST_TITLE)?,
            ..Description::default()
        })
    }

    /// Refuses at once what is missing or wrong about the place of the bytes, where none come with it. `Some`: what is
    /// refused for the state of the file, after the rights (5.2).
    pub fn misplaced(&self, before: Option<&Edition>) -> Result<Option<Error>, Error> {
        match self.clone().metadata(None).place(before) {
            Ok(_) => Ok(None),
            Err(misplaced @ Misplaced::Location(_)) => Ok(Some(misplaced.into())),
            Err(misplaced @ (Misplaced::NoContent | Misplaced::NoLocation)) => Err(misplaced.into()),
        }
    }

    /// The same in the vault's words, with the category that was found.
    pub fn metadata(self, category: Option<CategoryId>) -> Metadata {
        Metadata {
            file_name: self.name,
            media_type: None,
            declared_type: None,
            title: self.title,
            description: self.description,
            format: self.format,
            private: self.private,
            label: self.edition,
            author_name: self.author,
            category,
            external_code: None,
            storage: self.storage,
            location: self.location,
        }
    }
}

/// How an encoding gives the value of an attribute.
trait Get<'a>: Fn(&'static str) -> Result<Option<Given<'a>>, Error> + Copy {}

impl<'a, F: Fn(&'static str) -> Result<Option<Given<'a>>, Error> + Copy> Get<'a> for F {}

fn text<'a>(get: impl Get<'a>, attribute: &'static str, longest: usize) -> Result<Option<String>, Error> {
    get(attribute)?.map(|value| value.text(attribute, longest)).transpose()
}

/// A text of which blanks alone are none: forms send what was not filled in.
fn filled<'a>(get: impl Get<'a>, attribute: &'static str, longest: usize) -> Result<Option<String>, Error> {
    Ok(text(get, attribute, longest)?.filter(|text| !text.trim().is_empty()))
}

fn file_name(text: &str) -> Result<ItemName, Error> {
    ItemName::parse(text).map_err(|bad| match bad {
        BadName::TooLong => Error::TooLong { attribute: "name", longest: LONGEST_NAME },
        BadName::Empty | BadName::Character | BadName::Dots => Error::NotValid("name".to_owned()),
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_form_spells_booleans_in_any_case_and_json_has_its_own() {
        for (text, value) in [("true", Some(true)), (" FALSE ", Some(false)), ("  ", None)] {
            assert_eq!(Given::Part(text).boolean("private").unwrap(), value, "{text:?}");
        }
        assert!(Given::Part("yes").boolean("private").is_err());
        assert_eq!(Given::Json(&json!(false)).boolean("private").unwrap(), Some(false));
        for (other, shown) in [(json!("true"), "true"), (json!(1), "1"), (json!([]), "[]")] {
            let error = Given::Json(&other).boolean("checkedOut").unwrap_err();
            assert!(matches!(error, Error::NotBoolean { value, .. } if value == shown), "{other}");
        }
    }

    #[test]
    fn lengths_are_counted_in_characters() {
        assert!(Given::Part(&"ä".repeat(5)).text("title", 5).is_ok());
        let error = Given::Part(&"ä".repeat(6)).text("title", 5).unwrap_err();
        assert!(matches!(error, Error::TooLong { attribute: "title", longest: 5 }));
        assert!(Given::Part("a\0b").text("title", 5).is_err());
        assert!(Given::Json(&json!(5)).text("title", 5).is_err());
    }
}
