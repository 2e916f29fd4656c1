//! `filter` of a list (spec/liferay.md 12): what is understood of its language, one condition on the title, and nothing more.

use crate::domain::{directory::Fits, search::Titled};

/// Longest expression, in bytes: a long name with all its quotes doubled.
const LONGEST: usize = 2048;

/// Reads `title eq '…'`, `startswith(title,'…')` or `contains(title,'…')`; of folders the member is `name`. Letter case does
/// not count. `None`: it says anything else.
pub fn parse(text: &str, member: &str) -> Option<Titled> {
    if text.len() > LONGEST || text.contains('\0') {
        return None;
    }
    let text = text.trim();
    if let Some(rest) = text.strip_prefix(member) {
        let value = rest.strip_prefix(' ')?.trim_start().strip_prefix("eq ")?;
        return Some(Titled { fits: Fits::Whole, text: literal(value)? });
    }
    let (function, arguments) = text.strip_suffix(')')?.split_once('(')?;
    let (named, value) = arguments.split_once(',')?;
    let fits = match function.trim_end() {
        "startswith" => Fits::Start,
        "contains" => Fits::Within,
        _ => return None,
    };
    (named.trim() == member).then_some(())?;
    Some(Titled { fits, text: literal(value)? })
}

/// A text between quotes, in which a quote is written twice.
fn literal(text: &str) -> Option<String> {
    let inner = text.trim().strip_prefix('\'')?.strip_suffix('\'')?;
    // no expression has a NUL
    let plain = inner.replace("''", "\0");
    (!plain.contains('\'')).then(|| plain.replace('\0', "'"))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn one_condition_on_the_title_is_understood() {
        let read = |text| parse(text, "title").map(|titled| (titled.fits, titled.text));
        assert_eq!(read("title eq 'it''s'"), Some((Fits::Whole, "it's".to_owned())));
        assert_eq!(read(" title  eq  '' "), Some((Fits::Whole, String::new())));
        assert_eq!(read("startswith(title,'a, b')"), Some((Fits::Start, "a, b".to_owned())));
        assert_eq!(read("contains( title , 'x)' )"), Some((Fits::Within, "x)".to_owned())));
        for text in [
            "",
            "title",
            "title eq",
            "title eq x",
            "title eq '",
            "title eq 'a'b'",
            "title ne 'a'",
            "titleeq 'a'",
            "title eq 'a' and title eq 'b'",
            "endswith(title,'a')",
            "contains(name,'a')",
            "contains(title)",
            "(title eq 'a')",
            "title eq 'a\0'",
        ] {
            assert_eq!(read(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn any_text_can_be_asked_for(text in "[^\0]{0,40}", other: String) {
            let expression = format!("title eq '{}'", text.replace('\'', "''"));
            prop_assert_eq!(parse(&expression, "title").map(|titled| titled.text), Some(text));
            let _none_or_some = parse(&other, "title");
        }
    }
}
