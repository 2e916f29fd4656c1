//! JSON or XML, by `Accept` (spec/oracle.md 2.2). Nobody is refused for what they accept.

use axum::http::{HeaderMap, header::ACCEPT};

/// The two formats an answer can have.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Format {
    /// `application/json`; also when nothing acceptable was named.
    #[default]
    Json,
    /// `application/xml`, when it is wanted more than JSON.
    Xml,
}

/// How much a client wants something: its q value in thousandths, then how closely it named it.
type Wish = (u16, u8);

impl Format {
    /// The higher q wins; on a tie the one that was named more closely; then JSON.
    pub fn accepted(headers: &HeaderMap) -> Self {
        let ranges: Vec<(String, u16)> = headers
            .get_all(ACCEPT)
            .iter()
            .filter_map(|line| line.to_str().ok())
            .flat_map(|line| line.split(','))
            .filter_map(range)
            .collect();
        let json = wish(&ranges, &["application/json"]);
        let xml = wish(&ranges, &["application/xml", "text/xml"]);
        if xml.0 > 0 && xml > json { Self::Xml } else { Self::Json }
    }
}

/// One media range and its q value in thousandths.
fn range(text: &str) -> Option<(String, u16)> {
    let mut parts = text.split(';').map(str::trim);
    let name = parts.next().filter(|name| name.contains('/'))?.to_ascii_lowercase();
    let quality = parts.find_map(|part| part.strip_prefix("q=").or_else(|| part.strip_prefix("Q=")));
    Some((name, quality.map_or(1000, thousandths)))
}

/// Reads `0.75` as 750. What cannot be read counts as 1, as if it had not been sent.
fn thousandths(text: &str) -> u16 {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let digits: String = fraction.chars().chain("000".chars()).take(3).collect();
    match (whole, digits.parse::<u16>()) {
        ("0", Ok(value)) => value,
        _ => 1000,
    }
}

/// The best wish for any of the given types; the closest range decides for each.
fn wish(ranges: &[(String, u16)], types: &[&str]) -> Wish {
    let one = |name: &str| {
        let group = name.split_once('/').map_or("", |(group, _)| group);
        ranges
            .iter()
            .filter_map(|(range, quality)| match range.as_str() {
                exact if exact == name => Some((3, *quality)),
                "*/*" => Some((1, *quality)),
                wide if wide.strip_suffix("/*") == Some(group) => Some((2, *quality)),
                _ => None,
            })
            .max()
            .map_or((0, 0), |(closeness, quality)| (quality, closeness))
    };
    types.iter().map(|name| one(name)).max().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    fn accepted(text: &'static str) -> Format {
        Format::accepted(&HeaderMap::from_iter([(ACCEPT, HeaderValue::from_static(text))]))
    }

    #[test]
    fn json_unless_xml_is_wanted_more() {
        assert_eq!(Format::accepted(&HeaderMap::new()), Format::Json);
        for json in [
            "",
            "*/*",
            "text/html",
            "nonsense",
            "application/json, application/xml",
            "application/xml, application/json",
            "application/xml;q=0.5, application/json;q=0.6",
            "application/xml;q=0",
            "application/*",
            "text/*;q=0.2, application/json",
        ] {
            assert_eq!(accepted(json), Format::Json, "{json}");
        }
        for xml in [
            "application/xml",
            "text/xml",
            "APPLICATION/XML; charset=utf-8",
            "application/json;q=0.8, application/xml;q=0.9",
            "application/json;q=0.899,text/xml;q=0.9",
            "application/xml, */*",
            "text/html,application/xml;q=0.9,*/*;q=0.8",
            "application/json;q=0, */*",
        ] {
            assert_eq!(accepted(xml), Format::Xml, "{xml}");
        }
    }
}
