//! Forms: text parts by name, and at most one file, which is streamed (spec/arena.md 7.1, 8.5, 13). What to do with the
//! file is the handler's; it is asked as soon as the file is there, because the parts behind it are not yet.

use axum::extract::Request;
use futures_util::StreamExt;

use super::{
    super::Hall,
    attributes::Given,
    body::LONGEST_TEXT,
    error::{Asked, Error, What},
};
use crate::{
    domain::error::Error as Refusal,
    http::multipart::{Limits, Multipart, Part, PartBytes},
    vault::{Staged, Vault},
};

/// Most parts of a form.
const MOST_PARTS: usize = 64;

/// A file has fewer bytes than this: 2 GB.
const TOO_MANY_BYTES: u64 = 2 << 30;

/// A form that is being read.
pub struct Form {
    parts: Multipart,
    /// Longest text part, in bytes.
    longest: usize,
    /// What was read of it.
    pub texts: Texts,
}

/// The file of a form, not read yet.
pub struct File {
    /// The media type that the client declares.
    pub media_type: Option<String>,
    bytes: PartBytes,
}

impl Form {
    /// Begins to read a form.
    pub fn open(request: Request, hall: &Hall) -> Result<Self, Error> {
        let longest = LONGEST_TEXT.min(hall.limits.text);
        let parts = MOST_PARTS.min(hall.limits.parts);
        // room for every part's text and head beside the file
        let body = TOO_MANY_BYTES.saturating_add((parts * 2 * LONGEST_TEXT) as u64);
        let (head, bytes) = request.into_parts();
        let parts = Multipart::open(&head.headers, bytes, Limits { parts, files: 1, body })?;
        Ok(Self { parts, longest, texts: Texts::default() })
    }

    /// Reads text parts up to the file: the first part that has a file name, whatever its own name. A part whose file name
    /// is empty is what browsers send when no file was chosen.
    pub async fn file(&mut self) -> Result<Option<File>, Error> {
        while let Some(part) = self.parts.next().await? {
            match &part.file_name {
                None => self.text(part).await?,
                Some(name) if name.trim().is_empty() => {}
                Some(name) => {
                    self.texts.file_name = Some(name.clone());
                    return Ok(Some(File { media_type: part.media_type, bytes: part.bytes }));
                }
            }
        }
        Ok(None)
    }

    /// Reads the parts behind the file.
    pub async fn rest(mut self) -> Result<Texts, Error> {
        while let Some(part) = self.parts.next().await? {
            self.text(part).await?;
        }
        Ok(self.texts)
    }

    async fn text(&mut self, part: Part) -> Result<(), Error> {
        let name = part.name.clone();
        let text = part.text(self.longest).await?;
        self.texts.add(&name, text);
        Ok(())
    }
}

impl File {
    /// Streams the file into the content store.
    pub async fn stage(self, vault: &Vault) -> Result<Staged, Error> {
        let (mut seen, mut broken) = (0, None);
        let bytes = self.bytes.map(|chunk| match chunk {
            Ok(chunk) => {
                seen += chunk.len() as u64;
                if seen < TOO_MANY_BYTES { Ok(chunk) } else { Err(Stop) }
            }
            Err(error) => {
                broken = Some(error);
                Err(Stop)
            }
        });
        let staged = vault.stage(bytes).await;
        let asked = Asked::nothing(What::Call);
        match (staged, broken) {
            (Ok(staged), _) => Ok(staged),
            (Err(_), Some(error)) => Err(error.into()),
            (Err(_), None) if seen >= TOO_MANY_BYTES => Err(asked.refused(Refusal::ContentTooLarge)),
            (Err(refusal), None) => Err(asked.refused(refusal)),
        }
    }

    /// The media type that counts: `application/octet-stream` is what clients say when they know none.
    pub fn declared_type(&self) -> Option<String> {
        let said = self.media_type.as_deref().map(str::trim)?;
        let kind = said.split(';').next().unwrap_or_default().trim();
        let known = !kind.is_empty() && !kind.eq_ignore_ascii_case("application/octet-stream");
        known.then(|| said.to_owned())
    }
}

/// Ends a stream whose reason is kept beside it.
struct Stop;

/// The text parts of a form by their plain names: without blanks, stray quotes and the prefix `file.`, all of which
/// clients send or leave out.
#[derive(Clone, Debug, Default)]
pub struct Texts {
    texts: Vec<(String, String)>,
    /// The last component of the file's name.
    pub file_name: Option<String>,
}

impl Texts {
    fn add(&mut self, name: &str, text: String) {
        // browsers escape a quote
        let name = name.replace("%22", "\"");
        let name = name.trim_matches(|c: char| c.is_whitespace() || c == '"');
        let name = match name.strip_prefix("file.").unwrap_or(name) {
            // printed so in one sample
            "new edition" => "newEdition",
            name => name,
        };
        self.texts.push((name.to_owned(), text));
    }

    /// Whether there is such a part and it says more than blanks.
    pub fn says(&self, name: &str) -> bool {
        matches!(self.get(name), Some(Given::Part(text)) if !text.trim().is_empty())
    }

    /// The first part of this plain name.
    pub fn get(&self, name: &str) -> Option<Given<'_>> {
        self.texts.iter().find(|(known, _)| known == name).map(|(_, text)| Given::Part(text))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn part_names_are_read_as_clients_spell_them() {
        let cases = [
            ("file.format\"", "format"),
            ("file.format%22", "format"),
            (" checkedOut ", "checkedOut"),
            ("\"comment\"", "comment"),
            ("new edition", "newEdition"),
            ("file.author.fullName", "author.fullName"),
            ("author.fullName", "author.fullName"),
            ("guid", "guid"),
            ("file.guid", "guid"),
        ];
        for (sent, plain) in cases {
            let mut texts = Texts::default();
            texts.add(sent, "x".to_owned());
            assert!(texts.get(plain).is_some(), "{sent:?}");
        }
    }
}
