//! Names: kebab case in addresses, camel case in Java, and titles made safe as file names (spec/liferay.md 2.1, 10.1).

use super::error::Error;
use crate::domain::name::{ItemName, extension};

/// The Java name in an address: each capital becomes `-` and its lower case.
pub fn kebab(java: &str) -> String {
    let mut text = String::with_capacity(java.len() + 8);
    for c in java.chars() {
        if c.is_ascii_uppercase() {
            text.push('-');
        }
        text.push(c.to_ascii_lowercase());
    }
    text
}

/// Whether `text` is the spelling of the Java name in an address, exactly.
pub fn is_kebab_of(text: &str, java: &str) -> bool {
    let mut sent = text.bytes();
    let spelled = java.bytes().all(|byte| {
        let hyphen = !byte.is_ascii_uppercase() || sent.next() == Some(b'-');
        hyphen && sent.next() == Some(byte.to_ascii_lowercase())
    });
    spelled && sent.next().is_none()
}

/// A parameter's Java name from its spelling in an address; camel case stays as it is.
pub fn camel(kebab: &str) -> String {
    let mut text = String::with_capacity(kebab.len());
    let mut raise = false;
    for c in kebab.chars() {
        match c {
            '-' if !text.is_empty() => raise = true,
            c => {
                text.push(if raise { c.to_ascii_uppercase() } else { c });
                raise = false;
            }
        }
    }
    text
}

/// What a title must not contain, as the vendor's default settings have it, beside control characters.
const FORBIDDEN: [&str; 12] = ["\\", "//", ":", "*", "?", "\"", "<", ">", "|", "../", "/..", "\u{fffd}"];

/// The name of a file in its folder: the title made safe, with the extension appended if it lacks it.
///
/// # Errors
/// `FileNameException` for a title that is no name.
pub fn file_name(title: &str, extension: &str) -> Result<ItemName, Error> {
    let bad = || Error::FileName(title.to_owned());
    // an empty title, or one of dots, would become a name by its extension alone
    if FORBIDDEN.iter().any(|part| title.contains(part)) || matches!(title.trim(), "" | "." | "..") {
        return Err(bad());
    }
    ItemName::of_title(title, extension).map_err(|_| bad())
}

/// The extension of a file name without its dot; empty for none.
pub fn extension_of(name: &str) -> &str {
    extension(name).unwrap_or_default()
}

/// `guest` for `Guest`, `my-site` for `My Site`: the last part of a site's friendly address.
pub fn friendly(name: &str) -> String {
    let mut text = String::with_capacity(name.len());
    for c in name.to_lowercase().chars() {
        if c.is_alphanumeric() {
            text.push(c);
        } else if !text.is_empty() && !text.ends_with('-') {
            text.push('-');
        }
    }
    text.trim_end_matches('-').to_owned()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn addresses_are_kebab_case_and_exact() {
        assert_eq!(kebab("cancelCheckOut"), "cancel-check-out");
        assert!(is_kebab_of("cancel-check-out", "cancelCheckOut"));
        for other in
            ["cancelCheckOut", "cancel-check-outs", "cancel-check", "Cancel-check-out", "cancel--check-out", ""]
        {
            assert!(!is_kebab_of(other, "cancelCheckOut"), "{other}");
        }
    }

    #[test]
    fn a_title_becomes_a_file_name() {
        let name = |title: &str, extension| file_name(title, extension).map(|name| name.as_str().to_owned()).ok();
        assert_eq!(name("Plan", "docx").as_deref(), Some("Plan.docx"));
        assert_eq!(name("plan.DOCX", "docx").as_deref(), Some("plan.DOCX"));
        assert_eq!(name("a/b", "").as_deref(), Some("a_b"));
        for bad in ["", " ", "../a", "a/..", "a\\b", "a\0b", "a\r\nb", "..", "a:b"] {
            assert_eq!(name(bad, "txt"), None, "{bad:?}");
        }
        assert_eq!(name(&"x".repeat(252), "txt"), None);
        assert!(name(&"x".repeat(251), "txt").is_some());
    }

    proptest! {
        #[test]
        fn camel_undoes_kebab(java in "[a-z][a-z0-9]{0,3}([A-Z][a-z0-9]{0,3}){0,4}") {
            prop_assert_eq!(camel(&kebab(&java)), java.clone());
            prop_assert!(is_kebab_of(&kebab(&java), &java));
        }

        #[test]
        fn a_file_name_never_leaves_its_folder(title: String, extension in "[a-z]{0,4}") {
            if let Ok(name) = file_name(&title, &extension) {
                prop_assert!(!name.as_str().contains('/') && name.as_str() != "..");
            }
        }
    }
}
