//! `Content-Disposition`, written for downloads (RFC 6266) and read from multipart heads (RFC 7578). No file policy.

use axum::http::HeaderValue;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};

/// What may stand unescaped in `filename*` (RFC 8187 `attr-char`).
const ATTR_CHAR: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'!')
    .remove(b'#')
    .remove(b'$')
    .remove(b'&')
    .remove(b'+')
    .remove(b'-')
    .remove(b'.')
    .remove(b'^')
    .remove(b'_')
    .remove(b'`')
    .remove(b'|')
    .remove(b'~');

/// Whether a browser shows the bytes or saves them.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Disposition {
    /// Shown in place.
    Inline,
    /// Saved to disk.
    Attachment,
}

impl Disposition {
    /// The header: `filename` in ASCII for old clients, `filename*` in UTF-8 for the others.
    ///
    /// Control characters, quotes, backslashes and path separators cannot get out of the quotes: they become `_`.
    /// In `filename*` everything unusual is escaped, and control characters become `_` there, too.
    pub fn header(self, file_name: &str) -> HeaderValue {
        let kind = match self {
            Self::Inline => "inline",
            Self::Attachment => "attachment",
        };
        let plain: String = file_name
            .chars()
            .map(|c| if matches!(c, ' '..='~') && !matches!(c, '"' | '\\' | '/' | '%') { c } else { '_' })
            .collect();
        let clean: String = file_name.chars().map(|c| if c.is_control() { '_' } else { c }).collect();
        let extended = utf8_percent_encode(&clean, ATTR_CHAR);
        // Every character is printable ASCII by now; the plain kind is a fallback the compiler asks for.
        HeaderValue::try_from(format!("{kind}; filename=\"{plain}\"; filename*=UTF-8''{extended}"))
            .unwrap_or(HeaderValue::from_static("attachment"))
    }
}

/// One parameter of a header such as `form-data; name="a"; filename="b"`; parameter names in any letter case.
///
/// `None`: it is not there. `Some(Err)`: it is, and is not UTF-8 or never ends.
pub fn parameter(header: &[u8], wanted: &str) -> Option<Result<String, Unreadable>> {
    let mut rest = header;
    while let Some(start) = rest.iter().position(|byte| *byte == b';') {
        rest = rest.get(start + 1..).unwrap_or_default().trim_ascii_start();
        let end = rest.iter().position(|byte| matches!(byte, b'=' | b';')).unwrap_or(rest.len());
        let (name, value) = rest.split_at(end);
        rest = value;
        let Some(value) = value.strip_prefix(b"=") else {
            continue;
        };
        let ours = name.trim_ascii().eq_ignore_ascii_case(wanted.as_bytes());
        let (value, after) = if let Some(quoted) = value.trim_ascii_start().strip_prefix(b"\"") {
            let Some(found) = unquote(quoted) else {
                return ours.then_some(Err(Unreadable));
            };
            found
        } else {
            let end = value.iter().position(|byte| *byte == b';');
            let (bare, after) = value.split_at(end.unwrap_or(value.len()));
            (bare.trim_ascii().to_vec(), after)
        };
        if ours {
            return Some(String::from_utf8(value).map_err(|_| Unreadable));
        }
        rest = after;
    }
    None
}

/// The file name of a multipart head: `filename*` before `filename` (RFC 8187 as sent by several clients).
pub fn file_name(header: &[u8]) -> Option<Result<String, Unreadable>> {
    let Some(extended) = parameter(header, "filename*") else {
        return parameter(header, "filename");
    };
    Some(extended.and_then(|text| {
        let mut parts = text.splitn(3, '\'');
        match (parts.next(), parts.next(), parts.next()) {
            (Some(charset), Some(_language), Some(value)) if charset.eq_ignore_ascii_case("utf-8") => {
                percent_decode_str(value).decode_utf8().map(std::borrow::Cow::into_owned).map_err(|_| Unreadable)
            }
            _ => Err(Unreadable),
        }
    }))
}

/// A parameter that is there and cannot be read.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("the Content-Disposition cannot be read")]
pub struct Unreadable;

/// The text up to the closing quote, and what follows it.
///
/// A backslash escapes a quote and itself only: `C:\dir\a.txt` arrives unescaped from real clients.
fn unquote(text: &[u8]) -> Option<(Vec<u8>, &[u8])> {
    let mut value = Vec::new();
    let mut bytes = text.iter().enumerate();
    while let Some((at, byte)) = bytes.next() {
        match (byte, text.get(at + 1)) {
            (b'"', _) => return Some((value, text.get(at + 1..).unwrap_or_default())),
            (b'\\', Some(escaped @ (b'"' | b'\\'))) => {
                value.push(*escaped);
                bytes.next();
            }
            _ => value.push(*byte),
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_written_twice_and_cannot_leave_its_quotes() {
        let cases = [
            ("plan.docx", r#"attachment; filename="plan.docx"; filename*=UTF-8''plan.docx"#),
            ("a b.txt", r#"attachment; filename="a b.txt"; filename*=UTF-8''a%20b.txt"#),
            ("Zoë €.txt", r#"attachment; filename="Zo_ _.txt"; filename*=UTF-8''Zo%C3%AB%20%E2%82%AC.txt"#),
            (
                "a\"\r\nX: y\\/%41",
                r#"attachment; filename="a___X: y___41"; filename*=UTF-8''a%22__X%3A%20y%5C%2F%2541"#,
            ),
        ];
        for (name, header) in cases {
            assert_eq!(Disposition::Attachment.header(name), header, "{name:?}");
        }
        assert_eq!(Disposition::Inline.header("a"), r#"inline; filename="a"; filename*=UTF-8''a"#);
    }

    #[test]
    fn parameters_are_read_in_any_order_case_and_quoting() {
        let head = br#"form-data; filename="a;name=x.txt"; NAME = "f\"i"; other=1"#;
        assert_eq!(parameter(head, "name"), Some(Ok("f\"i".to_owned())));
        assert_eq!(file_name(head), Some(Ok("a;name=x.txt".to_owned())));
        assert_eq!(parameter(head, "other"), Some(Ok("1".to_owned())));
        assert_eq!(parameter(head, "missing"), None);
        assert_eq!(parameter(b"form-data;name=a", "name"), Some(Ok("a".to_owned())));
        assert_eq!(parameter(b"form-data; name=\"open", "name"), Some(Err(Unreadable)));
        assert_eq!(parameter(b"form-data; name", "name"), None);
        assert_eq!(
            parameter(br#"form-data; filename="C:\tmp\a.txt""#, "filename"),
            Some(Ok(r"C:\tmp\a.txt".to_owned()))
        );
    }

    #[test]
    fn the_extended_name_wins() {
        let head = b"form-data; filename=\"_.txt\"; filename*=UTF-8'en'%E2%82%AC.txt";
        assert_eq!(file_name(head), Some(Ok("€.txt".to_owned())));
        assert_eq!(file_name("form-data; filename=\"€.txt\"".as_bytes()), Some(Ok("€.txt".to_owned())));
        assert_eq!(file_name(b"form-data; filename*=latin1''a"), Some(Err(Unreadable)));
        assert_eq!(file_name(b"form-data; filename*=UTF-8''%FF"), Some(Err(Unreadable)));
        assert_eq!(file_name(b"form-data; filename=\"\xff\""), Some(Err(Unreadable)));
    }
}
