//! How Arena spells identities (spec/arena.md 1.4). Making them is the vault's business.

/// A GUID in its one spelling: 20 digits and upper-case letters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Guid(String);

impl Guid {
    /// Reads a GUID; blanks around it are not part of it.
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        let fits = text.len() == 20 && text.bytes().all(|byte| byte.is_ascii_digit() || byte.is_ascii_uppercase());
        fits.then(|| Guid(text.to_owned()))
    }

    /// Its spelling.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// `FILE-000867`.
pub fn file_number(number: i64) -> String {
    format!("FILE-{number:06}")
}

/// A category's path: the names from `File` down, with backslashes between (10.1).
pub fn category_path(below_root: &[String]) -> String {
    below_root.iter().fold("File".to_owned(), |path, name| path + "\\" + name)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_guid_has_one_spelling() {
        let guid = |text| Guid::parse(text).map(|guid| guid.0);
        assert_eq!(guid("K2M501MD03M2L47YKQ5B").as_deref(), Some("K2M501MD03M2L47YKQ5B"));
        assert_eq!(guid(" K2M501MD03M2L47YKQ5B\t").as_deref(), Some("K2M501MD03M2L47YKQ5B"));
        for text in ["", "k2m501md03m2l47ykq5b", "K2M501MD03M2L47YKQ5", "K2M501MD03M2L47YKQ5BX", "K2M501MD03M2L47YKQ5Ä"]
        {
            assert_eq!(guid(text), None, "{text:?}");
        }
    }

    #[test]
    fn numbers_and_paths_look_as_printed() {
        assert_eq!(file_number(867), "FILE-000867");
        assert_eq!(file_number(12_345_678), "FILE-12345678");
        assert_eq!(category_path(&[]), "File");
        assert_eq!(category_path(&["Design".to_owned(), "CAD".to_owned()]), "File\\Design\\CAD");
    }

    proptest! {
        #[test]
        fn whatever_parses_prints_as_it_was(text in "\\PC{0,24}|[0-9A-Z]{20}") {
            if let Some(guid) = Guid::parse(&text) {
                prop_assert_eq!(guid.as_str(), text.trim());
                prop_assert_eq!(Guid::parse(guid.as_str()), Some(guid.clone()));
            }
        }
    }
}
