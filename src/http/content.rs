//! Downloads: conditional requests, one range, and the headers of content (RFC 9110, 13 and 14). Bytes come from outside, as
//! the content store gives them.

use std::{ops::Range, time::SystemTime};

use axum::{
    body::Body,
    http::{
        HeaderMap, HeaderName, HeaderValue, Method, StatusCode,
        header::{
            ACCEPT_RANGES, CONTENT_DISPOSITION, CONTENT_LENGTH, CONTENT_RANGE, CONTENT_TYPE, ETAG, IF_MATCH,
            IF_MODIFIED_SINCE, IF_NONE_MATCH, IF_RANGE, IF_UNMODIFIED_SINCE, LAST_MODIFIED, RANGE,
            X_CONTENT_TYPE_OPTIONS,
        },
    },
    response::Response,
};

use super::{
    disposition::Disposition,
    etag::{self, Condition, ETag},
    sendfile::{FileBody, Shortcut},
};
use crate::content::Reading;

/// What is downloaded, without its bytes.
#[derive(Clone, Debug)]
pub struct Download {
    /// All of it, in bytes.
    pub size: u64,
    /// Sent as `Content-Type`; one that cannot be a header becomes `application/octet-stream`.
    pub media_type: String,
    /// The name in `Content-Disposition`, and whether a browser shows or saves the bytes.
    pub disposition: Option<(Disposition, String)>,
    /// Sent, and compared with `If-Match`, `If-None-Match` and `If-Range`.
    pub etag: Option<ETag>,
    /// Sent in whole seconds, and compared with the other conditions.
    pub last_modified: Option<SystemTime>,
    /// Whether `Range` is honoured. Where not, the whole is sent and `Accept-Ranges` is not.
    pub ranges: bool,
    /// Whether conditions are looked at.
    pub conditions: bool,
}

impl Download {
    /// A download with ranges and conditions, and nothing known but size and media type.
    pub fn new(size: u64, media_type: impl Into<String>) -> Self {
        Self {
            size,
            media_type: media_type.into(),
            disposition: None,
            etag: None,
            last_modified: None,
            ranges: true,
            conditions: true,
        }
    }

    /// Whether a browser would run this media type as a page: such bytes are never to be shown inline.
    pub fn is_active(&self) -> bool {
        let kind = self.media_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
        // Not "contains xml": the media types of office files do, and are none.
        let xml = kind.ends_with("/xml") || kind.ends_with("+xml");
        xml || kind.contains("html") || kind.contains("script")
    }
}

/// Why there is no download. The room says it in its own words.
#[derive(Debug, Eq, PartialEq, thiserror::Error)]
pub enum DownloadError<E> {
    /// `If-Match` or `If-Unmodified-Since` does not hold (412).
    #[error("the content is another one than the request expects")]
    Precondition,
    /// The range lies outside the content (416, with [`unsatisfied`] as `Content-Range`).
    #[error("the range lies outside the {size} bytes")]
    Unsatisfiable {
        /// The size of the whole.
        size: u64,
    },
    /// The bytes could not be opened.
    #[error(transparent)]
    Open(E),
}

/// The `Content-Range` that goes with a 416.
pub fn unsatisfied(size: u64) -> (HeaderName, HeaderValue) {
    (CONTENT_RANGE, value(format!("bytes */{size}")))
}

/// Answers a `GET` or `HEAD` for the download: 200, 206 or 304.
///
/// `open` is called at most once, never for `HEAD`, with the range to read or `None` for the whole. What is more than a
/// little is passed on as it comes, or sent by the system from its file, so memory does not grow with the size.
pub async fn respond<O, F, E>(
    method: &Method,
    headers: &HeaderMap,
    download: &Download,
    open: O,
) -> Result<Response, DownloadError<E>>
where
    O: FnOnce(Option<Range<u64>>) -> F,
    F: Future<Output = Result<Reading, E>>,
{
    let plan = plan(method, headers, download).map_err(|refused| match refused {
        Refused::Precondition => DownloadError::Precondition,
        Refused::Unsatisfiable => DownloadError::Unsatisfiable { size: download.size },
    })?;
    let range = match plan {
        Plan::NotModified => {
            let mut response = Response::new(Body::empty());
            *response.status_mut() = StatusCode::NOT_MODIFIED;
            validators(download, response.headers_mut());
            return Ok(response);
        }
        Plan::Whole => None,
        Plan::Part(range) => Some(range),
    };
    let length = range.as_ref().map_or(download.size, |range| range.end - range.start);
    let content_range =
        range.as_ref().map(|range| format!("bytes {}-{}/{}", range.start, range.end - 1, download.size));
    let (body, shortcut) = if *method == Method::HEAD {
        (Body::empty(), None)
    } else {
        body(open(range).await.map_err(DownloadError::Open)?)
    };

    let mut response = Response::new(body);
    if let Some(shortcut) = shortcut {
        response.extensions_mut().insert(shortcut);
    }
    if let Some(text) = content_range {
        *response.status_mut() = StatusCode::PARTIAL_CONTENT;
        response.headers_mut().insert(CONTENT_RANGE, value(text));
    }
    let out = response.headers_mut();
    validators(download, out);
    let octets = HeaderValue::from_static("application/octet-stream");
    out.insert(CONTENT_TYPE, HeaderValue::from_str(&download.media_type).unwrap_or(octets));
    out.insert(CONTENT_LENGTH, HeaderValue::from(length));
    out.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    if let Some((disposition, name)) = &download.disposition {
        out.insert(CONTENT_DISPOSITION, disposition.header(name));
    }
    if download.ranges {
        out.insert(ACCEPT_RANGES, HeaderValue::from_static("bytes"));
    }
    Ok(response)
}

/// The bytes as a body; and for those of a file the way that spares us reading them.
fn body(reading: Reading) -> (Body, Option<Shortcut>) {
    match reading {
        Reading::Whole(bytes) => (Body::from(bytes), None),
        Reading::File(stretch) => {
            let (body, shortcut) = FileBody::new(stretch);
            (Body::new(body), Some(shortcut))
        }
        Reading::Stream(stream) => (Body::from_stream(stream), None),
    }
}

/// Checks `If-Match` and `If-Unmodified-Since` alone, for writes. `true`: go on.
pub fn unchanged(headers: &HeaderMap, etag: Option<&ETag>, last_modified: Option<SystemTime>) -> bool {
    match Condition::read(headers, &IF_MATCH) {
        Some(condition) => condition.matches(etag, ETag::same_bytes),
        None => match (date(headers, &IF_UNMODIFIED_SINCE), last_modified) {
            (Some(limit), Some(changed)) => seconds(changed) <= seconds(limit),
            _ => true,
        },
    }
}

enum Plan {
    Whole,
    Part(Range<u64>),
    NotModified,
}

enum Refused {
    Precondition,
    Unsatisfiable,
}

/// The order of RFC 9110, 13.2.2.
fn plan(method: &Method, headers: &HeaderMap, download: &Download) -> Result<Plan, Refused> {
    let (tag, changed) = (download.etag.as_ref(), download.last_modified);
    if download.conditions {
        if !unchanged(headers, tag, changed) {
            return Err(Refused::Precondition);
        }
        let known = match Condition::read(headers, &IF_NONE_MATCH) {
            Some(condition) => condition.matches(tag, ETag::same_meaning),
            None => match (date(headers, &IF_MODIFIED_SINCE), changed) {
                (Some(since), Some(changed)) => seconds(changed) <= seconds(since),
                _ => false,
            },
        };
        if known {
            return Ok(Plan::NotModified);
        }
    }
    // `Range` has a meaning for GET only (RFC 9110, 14.2).
    if !download.ranges || *method != Method::GET || !if_range_holds(headers, tag, changed) {
        return Ok(Plan::Whole);
    }
    let mut lines = headers.get_all(RANGE).iter();
    let (Some(line), None) = (lines.next(), lines.next()) else {
        return Ok(Plan::Whole);
    };
    match line.to_str().ok().and_then(wanted) {
        None => Ok(Plan::Whole),
        Some(wanted) => wanted.within(download.size).map(Plan::Part).ok_or(Refused::Unsatisfiable),
    }
}

/// `If-Range` holds a tag or a date; both must be exactly the current one.
fn if_range_holds(headers: &HeaderMap, tag: Option<&ETag>, changed: Option<SystemTime>) -> bool {
    let Some(line) = headers.get(IF_RANGE) else {
        return true;
    };
    if let Some(date) = date(headers, &IF_RANGE) {
        return changed.is_some_and(|changed| seconds(changed) == seconds(date));
    }
    let sent = line.to_str().ok().and_then(etag::one);
    matches!((sent, tag), (Some(sent), Some(tag)) if sent.same_bytes(tag))
}

/// One range as it was asked for.
enum Wanted {
    /// From here to there, both included.
    Between(u64, u64),
    /// So many bytes at the end.
    Last(u64),
}

impl Wanted {
    fn within(self, size: u64) -> Option<Range<u64>> {
        match self {
            Self::Between(first, last) => (first < size).then(|| first..last.saturating_add(1).min(size)),
            Self::Last(count) => (count > 0 && size > 0).then(|| size.saturating_sub(count)..size),
        }
    }
}

/// Reads `bytes=a-b`, `bytes=a-` and `bytes=-n`. `None`: another unit, several ranges or nonsense, which are ignored.
fn wanted(text: &str) -> Option<Wanted> {
    let (unit, range) = text.split_once('=')?;
    let (first, last) = range.split_once('-')?;
    if !unit.trim().eq_ignore_ascii_case("bytes") {
        return None;
    }
    match (first.trim(), last.trim()) {
        ("", count) => number(count).map(Wanted::Last),
        (first, "") => number(first).map(|first| Wanted::Between(first, u64::MAX)),
        (first, last) => {
            let (first, last) = (number(first)?, number(last)?);
            (first <= last).then_some(Wanted::Between(first, last))
        }
    }
}

/// Digits only; a number too large for us is past every end.
fn number(text: &str) -> Option<u64> {
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    digits.then(|| text.parse().unwrap_or(u64::MAX))
}

fn validators(download: &Download, headers: &mut HeaderMap) {
    if let Some(tag) = download.etag.as_ref().and_then(ETag::to_header) {
        headers.insert(ETAG, tag);
    }
    if let Some(changed) = download.last_modified {
        headers.insert(LAST_MODIFIED, value(httpdate::fmt_http_date(changed)));
    }
}

fn date(headers: &HeaderMap, name: &HeaderName) -> Option<SystemTime> {
    httpdate::parse_http_date(headers.get(name)?.to_str().ok()?).ok()
}

/// HTTP dates have no fractions.
fn seconds(time: SystemTime) -> u64 {
    time.duration_since(SystemTime::UNIX_EPOCH).map_or(0, |since| since.as_secs())
}

/// For text made here of digits and letters, which a header always holds.
fn value(text: String) -> HeaderValue {
    HeaderValue::try_from(text).unwrap_or(HeaderValue::from_static(""))
}

#[cfg(test)]
mod tests {
    use std::{convert::Infallible, time::Duration};

    use axum::body::to_bytes;
    use bytes::Bytes;

    use super::*;

    const BYTES: &[u8] = b"0123456789";
    const DATE: &str = "Thu, 01 Jan 1970 00:01:40 GMT";

    fn download() -> Download {
        Download {
            etag: ETag::strong("a"),
            last_modified: Some(SystemTime::UNIX_EPOCH + Duration::from_millis(100_900)),
            ..Download::new(10, "text/plain")
        }
    }

    /// Status, `Content-Range` and body, or the refusal.
    async fn ask(download: &Download, method: Method, headers: &[(&'static str, &'static str)]) -> String {
        let headers: HeaderMap = headers
            .iter()
            .map(|(name, text)| (HeaderName::from_static(name), HeaderValue::from_static(text)))
            .collect();
        let open = async |range: Option<Range<u64>>| {
            let range = range.map_or(0..10, |range| {
                usize::try_from(range.start).unwrap_or(0)..usize::try_from(range.end).unwrap_or(0)
            });
            Ok::<_, Infallible>(Reading::Whole(Bytes::from_static(BYTES.get(range).unwrap_or(b"?"))))
        };
        match respond(&method, &headers, download, open).await {
            Err(refused) => refused.to_string(),
            Ok(response) => {
                let (parts, body) = response.into_parts();
                let text =
                    |name| parts.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or("-").to_owned();
                let (range, length) = (text(CONTENT_RANGE), text(CONTENT_LENGTH));
                let body = to_bytes(body, 100).await.unwrap_or_default();
                format!("{} {range} {length} {}", parts.status.as_u16(), String::from_utf8_lossy(&body))
            }
        }
    }

    #[tokio::test]
    async fn one_range_is_a_part_several_or_nonsense_are_the_whole() {
        let whole = "200 - 10 0123456789";
        let cases = [
            ("bytes=0-0", "206 bytes 0-0/10 1 0"),
            ("bytes=2-4", "206 bytes 2-4/10 3 234"),
            ("Bytes = 2-4", "206 bytes 2-4/10 3 234"),
            ("bytes=7-", "206 bytes 7-9/10 3 789"),
            ("bytes=7-99999999999999999999999", "206 bytes 7-9/10 3 789"),
            ("bytes=-3", "206 bytes 7-9/10 3 789"),
            ("bytes=-30", "206 bytes 0-9/10 10 0123456789"),
            ("bytes=10-", "the range lies outside the 10 bytes"),
            ("bytes=99999999999999999999999-", "the range lies outside the 10 bytes"),
            ("bytes=-0", "the range lies outside the 10 bytes"),
            ("bytes=4-2", whole),
            ("bytes=0-1,3-4", whole),
            ("lines=0-1", whole),
            ("bytes=", whole),
            ("bytes=-", whole),
            ("bytes=+1-2", whole),
            ("bytes=a-b", whole),
        ];
        for (range, expected) in cases {
            assert_eq!(ask(&download(), Method::GET, &[("range", range)]).await, expected, "{range}");
        }
        let off = Download { ranges: false, ..download() };
        assert_eq!(ask(&off, Method::GET, &[("range", "bytes=0-0")]).await, whole);
        assert_eq!(ask(&download(), Method::HEAD, &[("range", "bytes=0-0")]).await, "200 - 10 ");
        let empty = Download::new(0, "text/plain");
        assert_eq!(ask(&empty, Method::GET, &[("range", "bytes=0-")]).await, "the range lies outside the 0 bytes");
    }

    #[tokio::test]
    async fn conditions_are_looked_at_in_their_order() {
        let (whole, known) = ("200 - 10 0123456789", "304 - - ");
        let changed = "the content is another one than the request expects";
        let later = "Thu, 01 Jan 1970 00:01:41 GMT";
        let earlier = "Thu, 01 Jan 1970 00:01:39 GMT";
        let cases: [(&[(&'static str, &'static str)], &str); 16] = [
            (&[("if-none-match", "\"a\"")], known),
            (&[("if-none-match", "W/\"a\"")], known),
            (&[("if-none-match", "*")], known),
            (&[("if-none-match", "\"b\"")], whole),
            (&[("if-none-match", "\"b\""), ("if-modified-since", later)], whole),
            (&[("if-modified-since", DATE)], known),
            (&[("if-modified-since", later)], known),
            (&[("if-modified-since", earlier)], whole),
            (&[("if-modified-since", "yesterday")], whole),
            (&[("if-match", "\"b\"")], changed),
            (&[("if-match", "\"a\""), ("if-none-match", "\"a\"")], known),
            (&[("if-unmodified-since", earlier)], changed),
            (&[("if-unmodified-since", DATE)], whole),
            (&[("if-range", "\"b\""), ("range", "bytes=0-0")], whole),
            (&[("if-range", "\"a\""), ("range", "bytes=0-0")], "206 bytes 0-0/10 1 0"),
            (&[("if-range", DATE), ("range", "bytes=0-0")], "206 bytes 0-0/10 1 0"),
        ];
        for (headers, expected) in cases {
            assert_eq!(ask(&download(), Method::GET, headers).await, expected, "{headers:?}");
        }
        let off = Download { conditions: false, ..download() };
        assert_eq!(ask(&off, Method::GET, &[("if-none-match", "*"), ("if-match", "\"b\"")]).await, whole);
    }

    #[test]
    fn pages_and_images_with_scripts_are_active() {
        for active in ["text/html", "image/svg+xml", "application/xml;charset=utf-8", "TEXT/JavaScript"] {
            assert!(Download::new(0, active).is_active(), "{active}");
        }
        let docx = "application/vnd.openxmlformats-officedocument.wordprocessingml.document";
        assert!(!Download::new(0, "image/png").is_active() && !Download::new(0, docx).is_active());
    }
}
