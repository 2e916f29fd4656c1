//! Path segments, percent-decoded once. What a segment means is the room's.

use percent_encoding::percent_decode_str;

/// Why a path cannot be read.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum BadPath {
    /// A `%` without two hexadecimal digits behind it.
    #[error("the path has a % that two hexadecimal digits do not follow")]
    Escape,
    /// The decoded bytes are not UTF-8.
    #[error("the path is not UTF-8")]
    NotUtf8,
    /// The decoded text has a NUL, which no name and no database text can hold.
    #[error("the path has a NUL character")]
    Nul,
}

/// Decodes one segment, once: `%2541` is `%41`, and `+` stays `+`.
pub fn decode(segment: &str) -> Result<String, BadPath> {
    let bytes = segment.as_bytes();
    let whole = |at: usize| bytes.get(at + 1..at + 3).is_some_and(|pair| pair.iter().all(u8::is_ascii_hexdigit));
    if bytes.iter().enumerate().any(|(at, byte)| *byte == b'%' && !whole(at)) {
        return Err(BadPath::Escape);
    }
    let text = percent_decode_str(segment).decode_utf8().map_err(|_| BadPath::NotUtf8)?;
    if text.contains('\0') { Err(BadPath::Nul) } else { Ok(text.into_owned()) }
}

/// The decoded segments of a path. Empty ones are left out, so trailing and repeated slashes mean nothing.
///
/// A `/` that came as `%2F` stays inside its segment.
pub fn segments(path: &str) -> Result<Vec<String>, BadPath> {
    path.split('/').filter(|segment| !segment.is_empty()).map(decode).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_segment_is_decoded_once() {
        assert_eq!(decode("b%21x+%2541%2F"), Ok("b!x+%41/".to_owned()));
        assert_eq!(decode("%E2%82%AC"), Ok("€".to_owned()));
    }

    #[test]
    fn what_cannot_be_text_is_refused() {
        assert_eq!(decode("%FF"), Err(BadPath::NotUtf8));
        assert_eq!(decode("a%00"), Err(BadPath::Nul));
        for bad in ["%", "%4", "a%zz", "%%41"] {
            assert_eq!(decode(bad), Err(BadPath::Escape), "{bad}");
        }
    }

    #[test]
    fn slashes_without_a_name_between_them_do_not_count() {
        assert_eq!(segments("//a/b%2Fc//d/"), Ok(vec!["a".to_owned(), "b/c".to_owned(), "d".to_owned()]));
        assert_eq!(segments("/"), Ok(Vec::new()));
    }
}
