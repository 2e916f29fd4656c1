//! Entity tags and the lists that `If-Match` and `If-None-Match` carry (RFC 9110, 8.8.3 and 13.1). No clock, no bodies.

use std::fmt;

use axum::http::{HeaderMap, HeaderName, HeaderValue};

/// One entity tag. The text is what stands between the quotes.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub struct ETag {
    weak: bool,
    text: String,
}

impl ETag {
    /// A strong tag, or `None` when the text cannot stand in one (quotes, blanks and control characters cannot).
    pub fn strong(text: impl Into<String>) -> Option<Self> {
        Self::new(false, text.into())
    }

    /// A weak tag, or `None` when the text cannot stand in one.
    pub fn weak(text: impl Into<String>) -> Option<Self> {
        Self::new(true, text.into())
    }

    fn new(weak: bool, text: String) -> Option<Self> {
        text.bytes().all(|byte| byte == 0x21 || (0x23..0x7f).contains(&byte)).then_some(Self { weak, text })
    }

    /// What stands between the quotes.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Whether it is marked `W/`.
    pub fn is_weak(&self) -> bool {
        self.weak
    }

    /// Strong comparison: the same text, and neither is weak. For `If-Match` and `If-Range`.
    pub fn same_bytes(&self, other: &Self) -> bool {
        !self.weak && !other.weak && self.text == other.text
    }

    /// Weak comparison: the same text. For `If-None-Match`.
    pub fn same_meaning(&self, other: &Self) -> bool {
        self.text == other.text
    }

    /// The header's spelling.
    pub fn to_header(&self) -> Option<HeaderValue> {
        HeaderValue::from_str(&self.to_string()).ok()
    }
}

impl fmt::Display for ETag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}\"{}\"", if self.weak { "W/" } else { "" }, self.text)
    }
}

/// What an `If-Match` or `If-None-Match` asks for.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Condition {
    /// `*`: anything that exists.
    Any,
    /// One of these. An empty or unreadable header is an empty list, which nothing matches.
    OneOf(Vec<ETag>),
}

impl Condition {
    /// Reads every line of the named header; `None` when there is none.
    ///
    /// Weak tags and tags without quotes are taken, because clients send both.
    pub fn read(headers: &HeaderMap, name: &HeaderName) -> Option<Self> {
        let mut lines = headers.get_all(name).iter().peekable();
        lines.peek()?;
        let mut tags = Vec::new();
        for line in lines {
            let text = String::from_utf8_lossy(line.as_bytes());
            for item in items(&text) {
                if item == "*" {
                    return Some(Self::Any);
                }
                tags.extend(one(item));
            }
        }
        Some(Self::OneOf(tags))
    }

    /// Whether `current` satisfies the condition by the given comparison.
    pub fn matches(&self, current: Option<&ETag>, same: impl Fn(&ETag, &ETag) -> bool) -> bool {
        match (self, current) {
            (_, None) => false,
            (Self::Any, Some(_)) => true,
            (Self::OneOf(tags), Some(current)) => tags.iter().any(|tag| same(tag, current)),
        }
    }
}

/// Reads a single tag, as `If-Range` carries it. Quotes may be missing.
pub fn one(text: &str) -> Option<ETag> {
    let text = text.trim();
    let (weak, rest) = match text.strip_prefix("W/").or_else(|| text.strip_prefix("w/")) {
        Some(rest) => (true, rest),
        None => (false, text),
    };
    let bare = rest.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).unwrap_or(rest);
    if bare.is_empty() && rest.is_empty() { None } else { ETag::new(weak, bare.to_owned()) }
}

/// Splits at commas outside quotes: a comma may stand inside a tag (Graph's eTags hold one).
fn items(text: &str) -> impl Iterator<Item = &str> {
    let mut quoted = false;
    text.split(move |character| {
        if character == '"' {
            quoted = !quoted;
        }
        character == ',' && !quoted
    })
    .map(str::trim)
    .filter(|item| !item.is_empty())
}

#[cfg(test)]
mod tests {
    use axum::http::header::IF_MATCH;

    use super::*;

    fn read(lines: &[&str]) -> Option<Condition> {
        let mut headers = HeaderMap::new();
        for line in lines {
            headers.append(IF_MATCH, HeaderValue::from_str(line).unwrap_or(HeaderValue::from_static("")));
        }
        Condition::read(&headers, &IF_MATCH)
    }

    fn spelled(condition: Option<Condition>) -> Vec<String> {
        match condition {
            Some(Condition::OneOf(tags)) => tags.iter().map(ToString::to_string).collect(),
            Some(Condition::Any) => vec!["*".to_owned()],
            None => vec!["absent".to_owned()],
        }
    }

    #[test]
    fn a_list_is_read_with_commas_inside_tags_weak_tags_and_missing_quotes() {
        assert_eq!(spelled(read(&[r#""{A},1", W/"b" , c"#, r#""d""#])), [r#""{A},1""#, r#"W/"b""#, r#""c""#, r#""d""#]);
        assert_eq!(spelled(read(&["*"])), ["*"]);
        assert_eq!(spelled(read(&[r#""a", *"#])), ["*"]);
        assert_eq!(spelled(read(&[])), ["absent"]);
        assert!(spelled(read(&[""])).is_empty());
        assert!(spelled(read(&["\"a b\"", "\"open"])).is_empty());
        assert_eq!(spelled(read(&["\"\""])), ["\"\""]);
    }

    #[test]
    fn the_two_comparisons_differ_on_weak_tags_only() {
        let (strong, weak) = (ETag::strong("a"), ETag::weak("a"));
        let (Some(strong), Some(weak)) = (strong, weak) else { panic!("both are tags") };
        assert!(strong.same_bytes(&strong) && !strong.same_bytes(&weak) && !weak.same_bytes(&weak));
        assert!(strong.same_meaning(&weak));
        assert!(ETag::strong("a\"b").is_none() && ETag::strong("a\r\n").is_none());
    }

    #[test]
    fn nothing_that_exists_matches_no_condition() {
        assert!(!Condition::Any.matches(None, ETag::same_bytes));
        assert!(Condition::Any.matches(ETag::strong("a").as_ref(), ETag::same_bytes));
        assert!(!Condition::OneOf(Vec::new()).matches(ETag::strong("a").as_ref(), ETag::same_bytes));
    }
}
