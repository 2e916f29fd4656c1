//! Codes by which other systems know files.

use super::error::{Error, Result};

/// Longest code, in characters.
pub const LONGEST: usize = 75;

/// The code by which another system knows a file; one of its library.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ExternalCode(String);

impl ExternalCode {
    /// Parses a code; case and blanks count. `None`: nothing but blanks, which says nothing.
    ///
    /// # Errors
    /// [`Error::Invalid`]: it is longer than [`LONGEST`] or has control characters.
    pub fn parse(text: &str) -> Result<Option<Self>> {
        if text.trim().is_empty() {
            return Ok(None);
        }
        if text.chars().count() > LONGEST || text.chars().any(char::is_control) {
            return Err(Error::Invalid("external reference code"));
        }
        Ok(Some(Self(text.to_owned())))
    }

    /// As the client wrote it.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_any_short_text_that_says_something() {
        let code = |text: &str| ExternalCode::parse(text).map(|code| code.map(|code| code.as_str().to_owned()));
        assert_eq!(code("ERP/17 a").unwrap().as_deref(), Some("ERP/17 a"));
        assert_eq!((code("").unwrap(), code("  ").unwrap()), (None, None));
        assert!(code(&"ä".repeat(LONGEST)).is_ok_and(|code| code.is_some()));
        assert!(matches!(code(&"a".repeat(LONGEST + 1)), Err(Error::Invalid(_))));
        assert!(matches!(code("a\0"), Err(Error::Invalid(_))) && matches!(code("a\nb"), Err(Error::Invalid(_))));
    }
}
