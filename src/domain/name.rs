//! Names and other texts that have been parsed: the type is the proof. Limits shared by all dialects; a room may be
//! stricter about what it takes, never laxer.

use std::{fmt, sync::Arc};

/// Longest name of an item, in characters.
pub const LONGEST_NAME: usize = 255;

/// A name an item may have in its folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ItemName(Arc<str>);

/// Why a text is no name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadName {
    /// Nothing, or only blanks.
    #[error("a name must not be empty")]
    Empty,
    /// More than [`LONGEST_NAME`] characters.
    #[error("a name has at most {LONGEST_NAME} characters")]
    TooLong,
    /// A control character, a slash or a backslash.
    #[error("a name must not contain control characters, / or \\")]
    Character,
    /// `.` or `..`.
    #[error("a name must not be . or ..")]
    Dots,
}

impl ItemName {
    /// Parses a name. Surrounding blanks stay: they are the client's.
    pub fn parse(text: &str) -> Result<Self, BadName> {
        if text.trim().is_empty() {
            return Err(BadName::Empty);
        }
        if text == "." || text == ".." {
            return Err(BadName::Dots);
        }
        if text.chars().any(|c| c.is_control() || c == '/' || c == '\\') {
            return Err(BadName::Character);
        }
        if text.chars().count() > LONGEST_NAME {
            return Err(BadName::TooLong);
        }
        Ok(ItemName(text.into()))
    }

    /// The name of a file after its title: a slash is none there, and the extension is appended where it is lacking.
    pub fn of_title(title: &str, wanted: &str) -> Result<Self, BadName> {
        let safe = title.replace('/', "_");
        let has_it = extension(&safe).is_some_and(|found| found.eq_ignore_ascii_case(wanted));
        if wanted.is_empty() || has_it { Self::parse(&safe) } else { Self::parse(&format!("{safe}.{wanted}")) }
    }

    /// The nearest name to a text that need not be one: a person's, for the root folder of their library.
    pub fn nearest(text: &str) -> Self {
        let fits = |c: char| if c.is_control() || c == '/' || c == '\\' { '_' } else { c };
        let name: String = text.chars().take(LONGEST_NAME).map(fits).collect();
        Self::parse(&name).unwrap_or_else(|_| ItemName("_".into()))
    }

    /// As the client wrote it.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// What is compared: without case.
    pub fn key(&self) -> String {
        key(&self.0)
    }

    /// The part after the last dot, if the dot is not the first character; without the dot.
    pub fn extension(&self) -> Option<&str> {
        extension(&self.0)
    }

    /// The same name with ` 1`, `(2)`, `123456` or the like before its extension, cut so that it stays a name.
    #[must_use]
    pub fn with_suffix(&self, suffix: &str) -> ItemName {
        let (stem, dot_extension) = match self.extension() {
            Some(extension) => self.0.split_at(self.0.len() - extension.len() - 1),
            None => (&*self.0, ""),
        };
        Self::of_parts(stem, suffix, dot_extension)
    }

    /// The same name with ` 1`, `(2)`, `123456` or the like after it, cut so that it stays a name.
    #[must_use]
    pub fn followed_by(&self, suffix: &str) -> ItemName {
        Self::of_parts(&self.0, suffix, "")
    }

    fn of_parts(stem: &str, suffix: &str, dot_extension: &str) -> ItemName {
        let room = LONGEST_NAME.saturating_sub(suffix.chars().count() + dot_extension.chars().count());
        let stem: String = stem.chars().take(room).collect();
        ItemName(format!("{stem}{suffix}{dot_extension}").into())
    }
}

impl fmt::Display for ItemName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What is compared where case does not count: logins, e-mail addresses, names of items.
pub fn key(text: &str) -> String {
    text.to_lowercase()
}

/// The part of `name` after its last dot; `None` for `plan`, `.profile` and `plan.`.
pub fn extension(name: &str) -> Option<&str> {
    let (stem, extension) = name.rsplit_once('.')?;
    (!stem.is_empty() && !extension.is_empty()).then_some(extension)
}

/// Longest comment of a check-out, a check-in or a cancel, in characters.
pub const LONGEST_COMMENT: usize = 4000;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_would_leave_their_folder_are_refused() {
        for text in ["a/b", "a\\b", "..", ".", "a\nb", "a\0b"] {
            assert!(ItemName::parse(text).is_err(), "{text:?}");
        }
        assert_eq!(ItemName::parse("  "), Err(BadName::Empty));
        assert!(ItemName::parse(&"ä".repeat(LONGEST_NAME)).is_ok());
        assert_eq!(ItemName::parse(&"ä".repeat(LONGEST_NAME + 1)), Err(BadName::TooLong));
    }

    #[test]
    fn a_suffix_goes_before_the_extension() {
        let name = |text| ItemName::parse(text).unwrap();
        assert_eq!(name("report.txt").with_suffix("(2)").as_str(), "report(2).txt");
        assert_eq!(name("report").with_suffix(" 1").as_str(), "report 1");
        assert_eq!(name(".profile").with_suffix(" 1").as_str(), ".profile 1");
        assert_eq!(name("release 1.2").followed_by("(2)").as_str(), "release 1.2(2)");
        let long = name(&format!("{}.txt", "x".repeat(251))).with_suffix(" 12");
        assert!(long.as_str().ends_with("x 12.txt") && long.as_str().len() == LONGEST_NAME);
    }

    #[test]
    fn case_does_not_count_beyond_ascii_either() {
        assert_eq!(ItemName::parse("ÄRGER.TXT").unwrap().key(), ItemName::parse("ärger.txt").unwrap().key());
    }
}
