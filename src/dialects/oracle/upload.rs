//! The parts of an upload (spec/oracle.md 5.3), in the order of the wire: parameters first, then the file, which is
//! streamed; values of metadata before or after it. Decides nothing about files.

use axum::extract::Request;

use super::{error::Error, input::Input};
use crate::{
    dialects::Limits,
    domain::name::ItemName,
    http::multipart::{self, Multipart, Part, PartBytes},
};

/// The part with the JSON.
const PARAMETERS: &str = "jsonInputParameters";
/// The part with the file.
const FILE: &str = "primaryFile";

/// The part with values of metadata.
const METADATA: &str = "metadataValues";

/// An upload on its way in.
pub struct Upload {
    parts: Multipart,
    text: usize,
    metadata: Option<Input>,
}

/// The part that is the file.
pub struct Primary {
    name: Option<ItemName>,
    media_type: Option<String>,
    bytes: PartBytes,
}

impl Primary {
    /// Its name, if it has one; its media type, if it says one; its bytes.
    pub fn into_parts(self) -> (Option<ItemName>, Option<String>, PartBytes) {
        (self.name, self.media_type, self.bytes)
    }
}

impl Upload {
    /// Begins to read.
    pub fn open(limits: &Limits, request: Request) -> Result<Self, Error> {
        let (parts, body) = request.into_parts();
        let limits_of_parts = multipart::Limits {
            parts: limits.parts,
            // curl sends the parameters as a file, too, when they come from one
            files: limits.parts,
            // what surrounds the file comes on top of it
            body: limits.file.saturating_add(4 * limits.text as u64),
        };
        Ok(Self { parts: Multipart::open(&parts.headers, body, limits_of_parts)?, text: limits.text, metadata: None })
    }

    /// The parameters. They come before the file.
    pub async fn parameters(&mut self) -> Result<Input, Error> {
        while let Some(part) = self.next().await? {
            match part.name.as_str() {
                PARAMETERS => return parameters(&part.text(self.text).await?),
                FILE => break,
                _ => {}
            }
        }
        Err(Error::Required(PARAMETERS))
    }

    /// The file. Its bytes are to be read before anything else is.
    pub async fn primary(&mut self) -> Result<Primary, Error> {
        while let Some(part) = self.next().await? {
            if part.name == FILE {
                // one with a path before it is no name here (2.11): another file could have the rest of it
                let Part { sent_name, media_type, bytes, .. } = part;
                let name = sent_name.filter(|name| !name.is_empty());
                let name = name.map(|name| ItemName::parse(&name)).transpose().map_err(crate::domain::Error::from)?;
                return Ok(Primary { name, media_type, bytes });
            }
        }
        Err(Error::Required(FILE))
    }

    /// Reads on to the end, so that an upload which was cut short changes nothing. Answers the values of metadata, if some
    /// came.
    pub async fn finish(mut self) -> Result<Option<Input>, Error> {
        while let Some(part) = self.next().await? {
            if part.name == FILE {
                return Err(Error::BadValue(FILE));
            }
        }
        Ok(self.metadata)
    }

    /// The next part that is not the metadata, which may stand anywhere.
    async fn next(&mut self) -> Result<Option<Part>, Error> {
        while let Some(part) = self.parts.next().await? {
            if part.name != METADATA {
                return Ok(Some(part));
            }
            let values = Input::from_json(&part.text(self.text).await?)?;
            if self.metadata.replace(values).is_some() {
                return Err(Error::BadValue(METADATA));
            }
        }
        Ok(None)
    }
}

/// Parameters are JSON. One client writes it with single quotes, which is read where no others are.
fn parameters(text: &str) -> Result<Input, Error> {
    match Input::from_json(text) {
        Err(_) if !text.contains('"') => Input::from_json(&text.replace('\'', "\"")),
        read => read,
    }
}
