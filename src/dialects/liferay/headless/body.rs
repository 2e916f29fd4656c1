//! Bodies of the headless API: JSON objects, and forms of a part `file` and a part `document` in any order. Members and parts
//! nobody knows are passed over (spec/liferay.md 12).

use axum::{body::Body, http::header::CONTENT_TYPE};
use serde::{Deserialize, Deserializer, de::DeserializeOwned};
use serde_json::{Map, Value};

use super::{Task, error::Problem};
use crate::{
    dialects::liferay::{
        call::said,
        convert::Payload,
        error::{Operation, Subject},
        files::non_empty,
        upload::{self, Incoming, Upload},
    },
    domain::{external::ExternalCode, metadata::Tags},
    http::{
        body,
        multipart::{Limits, Multipart},
    },
    vault::Look,
};

/// What a client says about a document. Who may view it, its library says: `viewableBy` is one of the members nobody knows.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Document {
    /// Its title.
    pub title: Option<String>,
    /// Its description.
    pub description: Option<String>,
    /// Where it is to lie.
    #[serde(deserialize_with = "id")]
    pub document_folder_id: Option<i64>,
    /// The code another system is to know it by.
    pub external_reference_code: Option<String>,
    /// What its bytes are called, in place of the part's own name.
    pub file_name: Option<String>,
    keywords: Option<Vec<String>>,
}

impl Document {
    /// Its keywords as tags, if something is said of them.
    pub fn tags(&self, task: &Task) -> Result<Option<Tags>, Problem> {
        let tags = self.keywords.as_deref().map(Tags::listed).transpose();
        Ok(tags.map_err(said(&task.actor, Operation::Update, &Subject::File(0)))?)
    }

    /// The code another system is to know it by, if one is said.
    pub fn code(&self, task: &Task) -> Result<Option<ExternalCode>, Problem> {
        let code = ExternalCode::parse(self.external_reference_code.as_deref().unwrap_or_default());
        Ok(code.map_err(said(&task.actor, Operation::Update, &Subject::File(0)))?)
    }

    /// Its title, unless it is empty.
    pub fn title(&self) -> Option<&str> {
        self.title.as_deref().and_then(non_empty)
    }
}

/// What a client says about a folder.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct DocumentFolder {
    /// Its name.
    pub name: Option<String>,
    /// Its description.
    pub description: Option<String>,
    /// Where it is to lie.
    #[serde(deserialize_with = "id")]
    pub parent_document_folder_id: Option<i64>,
}

/// An id: a number here, and the digits that the JSON web services write it in.
fn id<'de, D: Deserializer<'de>>(value: D) -> Result<Option<i64>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Id {
        Number(i64),
        Digits(String),
    }
    Ok(match Option::deserialize(value)? {
        None => None,
        Some(Id::Number(number)) => Some(number),
        Some(Id::Digits(digits)) => Some(digits.parse().map_err(serde::de::Error::custom)?),
    })
}

/// What a form brought.
#[derive(Debug, Default)]
pub struct Form {
    /// The bytes, if there was a `file`.
    pub file: Option<Incoming>,
    /// What is said about them; nothing without a `document`.
    pub document: Document,
}

/// Whether the body is a form.
pub fn is_form(task: &Task) -> bool {
    let kind = task.headers.get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    kind.trim_start().get(..10).is_some_and(|start| start.eq_ignore_ascii_case("multipart/"))
}

/// Reads a form. The bytes go to the content store as they arrive: the caller was found to have the right to what was looked
/// at.
pub async fn form(task: &Task, body: Body, look: &Look) -> Result<Form, Problem> {
    let limits = task.hall.limits;
    let mut multipart = Multipart::open(
        &task.headers,
        body,
        Limits { parts: limits.parts, files: limits.parts, body: limits.file.saturating_add(limits.text as u64) },
    )?;
    let (mut file, mut document) = (None, None);
    while let Some(part) = multipart.next().await? {
        match &*part.name {
            "file" if file.is_none() => {
                let name = part.file_name.clone().ok_or(Problem::Bad("The part file has no file name"))?;
                let media_type = part.media_type.clone();
                let look = Some(Box::new(look.clone()));
                let received = upload::receive(task.vault(), &task.actor, part, look).await?;
                file = Some(Upload::new(name, media_type, received));
            }
            // some clients give it a file name
            "document" if document.is_none() => {
                let text = part.text(limits.text).await?;
                document = Some(read(text.as_bytes())?);
            }
            "file" | "document" => return Err(Problem::Bad("A part came twice")),
            _ => {}
        }
    }
    let file = file.map(|part| upload::take(Some(&Payload::Part(part)))).transpose()?;
    Ok(Form { file, document: document.unwrap_or_default() })
}

/// Reads a JSON object, whatever its content type.
pub async fn object<T: DeserializeOwned>(task: &Task, body: Body) -> Result<T, Problem> {
    read(&body::read(body, task.hall.limits.text).await?)
}

fn read<T: DeserializeOwned>(text: &[u8]) -> Result<T, Problem> {
    let members: Map<String, Value> =
        serde_json::from_slice(text).map_err(|_| Problem::Bad("The body is not a JSON object"))?;
    serde_json::from_value(Value::Object(members)).map_err(|_| Problem::Bad("A member has a value of another type"))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn known_members_are_typed_and_others_passed_over() {
        let document: Document = read(br#"{"title": "a", "description": null, "id": "x", "viewableBy": 5}"#).unwrap();
        assert_eq!((document.title(), document.description.as_deref()), (Some("a"), None));
        for bad in ["", "[]", "null", "5", "{", "{\"title\": 5}", "{\"documentFolderId\": \"x\"}", "{} {}"] {
            assert!(read::<Document>(bad.as_bytes()).is_err(), "{bad}");
        }
    }

    proptest! {
        #[test]
        fn no_text_breaks_it(text: Vec<u8>) {
            let _read = read::<Document>(&text).is_ok();
        }
    }
}
