//! Several requests in one (spec/graph.md 9.4): read, held to the rules, put in order. What a part asks for is answered
//! just as if it had come by itself.

use std::{
    collections::{BTreeMap, HashMap},
    panic::AssertUnwindSafe,
    sync::atomic::{AtomicUsize, Ordering},
};

use axum::{
    body::Body,
    http::{
        HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Uri,
        header::{self, CONTENT_TYPE},
    },
    response::Response,
};
use base64::{
    Engine, alphabet,
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig, general_purpose::STANDARD},
};
use bytes::Bytes;
use futures_util::{FutureExt, StreamExt, stream::FuturesUnordered};
use serde::Deserialize;
use serde_json::{Map, Value};
use uuid::Uuid;

use super::{
    Ask,
    address::{self, Subject},
    below,
    error::{Answer, Refusal, read_json},
    reply::{self, Ids},
};
use crate::{
    domain::error::Error,
    http::{
        body::{self, BodyError},
        guard::{self, Head},
        trace::RequestId,
    },
};

/// Most parts of a batch.
const MOST: usize = 20;
/// Most bytes of the whole.
const LARGEST: usize = 4 << 20;
/// Most bytes of all answers together.
const LARGEST_ANSWERS: usize = 16 << 20;
/// Parts that are answered at a time.
const SIDE_BY_SIDE: usize = 4;
/// Longest address of a part, in bytes.
const LONGEST_URL: usize = 8192;

/// What begins an answer and ends it around its parts.
const RESPONSES: (&[u8], &[u8]) = (b"{\"responses\":[", b"]}");

/// The body of a batch.
#[derive(Debug, Deserialize)]
struct Batch {
    requests: Vec<Part>,
}

/// One request of it.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Part {
    id: String,
    method: String,
    url: String,
    headers: Option<BTreeMap<String, String>>,
    body: Option<Value>,
    depends_on: Option<Vec<String>>,
}

/// What came of a part.
struct Done {
    status: StatusCode,
    /// The part of the answer, as JSON.
    text: Vec<u8>,
}

/// `POST {prefix}/$batch`.
pub async fn run(ask: &Ask, body: Body) -> Answer {
    let batch: Batch = read_json(body, LARGEST).await?;
    let waits = order(&batch.requests)?;
    let room = AtomicUsize::new(LARGEST_ANSWERS);
    let mut parts: Vec<(&Part, Vec<usize>, bool)> =
        batch.requests.iter().zip(waits).map(|(part, waits)| (part, waits, false)).collect();
    let mut done: Vec<Option<Done>> = parts.iter().map(|_| None).collect();
    let mut running = FuturesUnordered::new();
    loop {
        for (place, (part, waits, begun)) in parts.iter_mut().enumerate() {
            if *begun || running.len() >= SIDE_BY_SIDE {
                continue;
            }
            let ended: Option<Vec<StatusCode>> =
                waits.iter().map(|other| done.get(*other)?.as_ref().map(|done| done.status)).collect();
            let Some(statuses) = ended else { continue };
            *begun = true;
            let failed = statuses.iter().any(|status| status.as_u16() >= 400);
            let (part, room) = (*part, &room);
            running.push(async move { (place, answered(ask, part, failed, room).await) });
        }
        let Some((place, answer)) = running.next().await else { break };
        if let Some(slot) = done.get_mut(place) {
            *slot = Some(answer?);
        }
    }
    let mut text = RESPONSES.0.to_vec();
    for (place, part) in done.into_iter().flatten().enumerate() {
        if place > 0 {
            text.push(b',');
        }
        text.extend(part.text);
    }
    text.extend(RESPONSES.1);
    Ok(reply::json_text(StatusCode::OK, text))
}

/// For each part the places of those it waits for. Ids are compared without case, as the vendor does.
fn order(parts: &[Part]) -> Result<Vec<Vec<usize>>, Refusal> {
    let wrong = |what: String| Err(Refusal::Member(what));
    if parts.len() > MOST {
        return wrong(format!("'requests' has more than {MOST} entries."));
    }
    let mut places = HashMap::new();
    for (place, part) in parts.iter().enumerate() {
        if part.id.is_empty() {
            return wrong(format!("'requests[{place}].id' is empty."));
        }
        if places.insert(part.id.to_lowercase(), place).is_some() {
            return wrong(format!("'requests[{place}].id' is the id of another request, too."));
        }
    }
    let mut waits = Vec::with_capacity(parts.len());
    for (place, part) in parts.iter().enumerate() {
        let mut others = Vec::new();
        for id in part.depends_on.iter().flatten() {
            match places.get(&id.to_lowercase()) {
                Some(other) if *other != place => others.push(*other),
                Some(_) => return wrong(format!("'requests[{place}].dependsOn' names the request itself.")),
                None => return wrong(format!("'requests[{place}].dependsOn' names no request of the batch.")),
            }
        }
        waits.push(others);
    }
    if goes_round(&waits) {
        return wrong("'dependsOn' makes requests wait for each other.".to_owned());
    }
    Ok(waits)
}

/// Whether some wait for each other, so that they would wait for ever.
fn goes_round(waits: &[Vec<usize>]) -> bool {
    let mut free = vec![false; waits.len()];
    loop {
        let is_free = |other: &usize| free.get(*other).copied().unwrap_or(false);
        let next: Vec<usize> = waits
            .iter()
            .enumerate()
            .filter(|(place, others)| !is_free(place) && others.iter().all(is_free))
            .map(|(place, _)| place)
            .collect();
        if next.is_empty() {
            return free.contains(&false);
        }
        for place in next {
            if let Some(free) = free.get_mut(place) {
                *free = true;
            }
        }
    }
}

/// A part's answer, whatever became of it; with ids of its own.
async fn answered(ask: &Ask, part: &Part, failed: bool, room: &AtomicUsize) -> Result<Done, Refusal> {
    let request = RequestId(Uuid::new_v4());
    let mut operation = None;
    let (mut ids, mut is_head) = (Ids::of(&HeaderMap::new(), Some(request)), false);
    let answer = match asked(ask, part, request) {
        Ok((head, body)) => {
            ids = Ids::of(&head.headers, Some(request));
            is_head = head.method == Method::HEAD;
            if failed {
                Err(Refusal::Dependency)
            } else {
                let caller = ask.caller.in_request(request, &head.headers);
                let act =
                    super::act(ask.hall.clone(), caller, head, ask.origin.clone(), ask.from, body, &mut operation);
                let caught = AssertUnwindSafe(act).catch_unwind().await;
                caught.unwrap_or(Err(Refusal::House(guard::Refusal::Panicked)))
            }
        }
        // what did not happen before it is the first thing to say
        Err(_) if failed => Err(Refusal::Dependency),
        Err(refusal) => Err(refusal),
    };
    let now = ask.hall.vault.now();
    let response = reply::dressed(answer.unwrap_or_else(|refusal| refusal.respond(&ids, now)), &ids);
    let (response, bytes) = match whole(response, is_head, room).await {
        Ok(whole) => whole,
        Err(refusal) => {
            let response = reply::dressed(refusal.respond(&ids, now), &ids);
            whole(response, is_head, &AtomicUsize::new(LARGEST_ANSWERS)).await?
        }
    };
    let status = response.status();
    let operation = operation.map(super::Operation::name);
    tracing::info!(part = %request.0, operation, status = status.as_u16(), "answered a part of a batch");
    Ok(Done { status, text: written(&part.id, &response, &bytes)? })
}

/// The request that a part stands for.
fn asked(ask: &Ask, part: &Part, request: RequestId) -> Result<(Head, Body), Refusal> {
    let uri = uri(ask.prefix, &part.url)?;
    let rest = below(uri.path(), ask.prefix).unwrap_or_default();
    let is_batch = address::parse(rest).is_ok_and(|address| {
        address.subject == Subject::Service
            && address.tail.first().is_some_and(|word| word.name.eq_ignore_ascii_case("$batch"))
    });
    if is_batch {
        return Err(Refusal::Member("a batch cannot hold another batch.".to_owned()));
    }
    let method = Method::from_bytes(part.method.to_ascii_uppercase().as_bytes())
        .map_err(|_| Refusal::Member("'method' is no HTTP method.".to_owned()))?;
    let mut headers = headers(part.headers.as_ref())?;
    let bytes = content(part.body.as_ref())?;
    if matches!(part.body, Some(Value::Object(_))) && !headers.contains_key(CONTENT_TYPE) {
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    }
    Ok((Head { method, uri, headers: headers.into(), request_id: Some(request), at: ask.head.at }, Body::from(bytes)))
}

/// The address of a part below the prefix that the batch came under. What stands there unescaped is escaped: nothing after
/// a `#` gets lost.
fn uri(prefix: &str, url: &str) -> Result<Uri, Refusal> {
    if url.len() > LONGEST_URL {
        return Err(Refusal::House(guard::Refusal::AddressTooLong { limit: LONGEST_URL }));
    }
    let first = url.split(['/', '?', '#']).next().unwrap_or_default();
    if url.starts_with("//") || first.contains(':') {
        return Err(Refusal::Member("'url' must be relative to the version of the service.".to_owned()));
    }
    let mut text = format!("{prefix}/");
    for byte in url.strip_prefix('/').unwrap_or(url).bytes() {
        let stays = byte.is_ascii_graphic() && !b"\"<>\\^`{|}#".contains(&byte);
        if stays {
            text.push(char::from(byte));
        } else {
            text.push_str(percent_encoding::percent_encode_byte(byte));
        }
    }
    text.parse().map_err(|_| Refusal::Member("'url' is no address.".to_owned()))
}

/// What belongs to the connection or to the batch as a whole, the caller's token above all: a part says nothing of it.
fn is_of_the_whole(name: &HeaderName) -> bool {
    let text = name.as_str();
    [
        header::AUTHORIZATION,
        header::CONNECTION,
        header::CONTENT_LENGTH,
        header::COOKIE,
        header::EXPECT,
        header::FORWARDED,
        header::HOST,
        header::TE,
        header::TRAILER,
        header::TRANSFER_ENCODING,
        header::UPGRADE,
    ]
    .contains(name)
        || ["keep-alive", "x-http-method-override"].contains(&text)
        || text.starts_with("proxy-")
        || text.starts_with("x-forwarded-")
}

fn headers(said: Option<&BTreeMap<String, String>>) -> Result<HeaderMap, Refusal> {
    let mut headers = HeaderMap::new();
    for (name, value) in said.into_iter().flatten() {
        let (Ok(name), Ok(value)) = (HeaderName::try_from(name), HeaderValue::try_from(value)) else {
            return Err(Refusal::Member("'headers' has one that is no HTTP header.".to_owned()));
        };
        if !is_of_the_whole(&name) {
            headers.insert(name, value);
        }
    }
    Ok(headers)
}

/// Base64 as any client writes it.
const LENIENT: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// The bytes of a part's body: JSON as it stands, any other content as Base64 text.
fn content(said: Option<&Value>) -> Result<Bytes, Refusal> {
    match said {
        None | Some(Value::Null) => Ok(Bytes::new()),
        Some(Value::String(text)) => {
            let text = text.replace('-', "+").replace('_', "/");
            let decoded = LENIENT.decode(text).map(Bytes::from);
            decoded.map_err(|_| Refusal::Member("'body' is neither JSON nor Base64 text.".to_owned()))
        }
        Some(json) => Ok(serde_json::to_vec(json).map_err(Error::broken)?.into()),
    }
}

/// An answer with its body read, so far as there is room for it.
async fn whole(response: Response, is_head: bool, room: &AtomicUsize) -> Result<(Response, Bytes), Refusal> {
    let (parts, body) = response.into_parts();
    let body = if is_head { Body::empty() } else { body };
    let bytes = body::read(body, room.load(Ordering::Relaxed)).await.map_err(|error| match error {
        BodyError::TooLarge { .. } => Refusal::BatchTooLarge,
        other @ (BodyError::TimedOut { .. } | BodyError::Truncated | BodyError::Broken(_)) => {
            Refusal::from(Error::broken(other))
        }
    })?;
    // those that are read at the same time may all have seen the same room
    let taken = room.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |room| room.checked_sub(bytes.len()));
    taken.map_err(|_| Refusal::BatchTooLarge)?;
    Ok((Response::from_parts(parts, Body::empty()), bytes))
}

/// `{"id", "status", "headers", "body"}`. A JSON body is put in as it was written.
fn written(id: &str, response: &Response, bytes: &[u8]) -> Result<Vec<u8>, Refusal> {
    let mut headers = Map::new();
    for name in response.headers().keys() {
        let values = response.headers().get_all(name).iter().map(|value| String::from_utf8_lossy(value.as_bytes()));
        headers.insert(spelled(name), values.collect::<Vec<_>>().join(", ").into());
    }
    let is_json = response.headers().get(CONTENT_TYPE).is_some_and(|kind| {
        let kind = kind.as_bytes();
        kind.get(..16).is_some_and(|kind| kind.eq_ignore_ascii_case(b"application/json"))
    });
    let broken = |error: serde_json::Error| Refusal::from(Error::broken(error));
    let mut text = b"{\"id\":".to_vec();
    serde_json::to_writer(&mut text, id).map_err(broken)?;
    text.extend(format!(",\"status\":{},\"headers\":", response.status().as_u16()).bytes());
    serde_json::to_writer(&mut text, &headers).map_err(broken)?;
    if !bytes.is_empty() {
        text.extend(b",\"body\":");
        if is_json {
            text.extend(bytes);
        } else {
            serde_json::to_writer(&mut text, &STANDARD.encode(bytes)).map_err(broken)?;
        }
    }
    text.push(b'}');
    Ok(text)
}

/// A header's name as the vendor writes it: some clients look for it in that case.
fn spelled(name: &HeaderName) -> String {
    match name.as_str() {
        "etag" => "ETag".to_owned(),
        "odata-version" => "OData-Version".to_owned(),
        "www-authenticate" => "WWW-Authenticate".to_owned(),
        own @ ("request-id" | "client-request-id") => own.to_owned(),
        other => {
            let words = other.split('-').map(|word| {
                let mut letters = word.chars();
                let first = letters.next().map(|first| first.to_ascii_uppercase());
                first.into_iter().chain(letters).collect::<String>()
            });
            words.collect::<Vec<_>>().join("-")
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn part(id: &str, depends_on: &[&str]) -> Part {
        Part {
            id: id.to_owned(),
            method: "GET".to_owned(),
            url: "/me".to_owned(),
            headers: None,
            body: None,
            depends_on: Some(depends_on.iter().map(|id| (*id).to_owned()).collect()),
        }
    }

    fn refused(parts: &[Part]) -> bool {
        order(parts).is_err()
    }

    #[test]
    fn parts_wait_for_those_they_name_in_any_case_and_order() {
        let parts = [part("a", &["B"]), part("b", &[]), part("c", &["a", "b", "a"])];
        assert_eq!(order(&parts).unwrap(), [vec![1], vec![], vec![0, 1, 0]]);
        assert_eq!(order(&[]).unwrap(), Vec::<Vec<usize>>::new());
    }

    #[test]
    fn a_batch_that_cannot_be_put_in_order_is_refused() {
        assert!(refused(&[part("a", &[]), part("A", &[])]));
        assert!(refused(&[part("", &[])]));
        assert!(refused(&[part("a", &["a"])]));
        assert!(refused(&[part("a", &["x"])]));
        assert!(refused(&[part("a", &["b"]), part("b", &["c"]), part("c", &["a"])]));
        let many: Vec<Part> = (0..=MOST).map(|number| part(&number.to_string(), &[])).collect();
        assert!(refused(&many) && !refused(&many[1..]));
    }

    #[test]
    fn addresses_stay_below_the_prefix() {
        let read = |url: &str| uri("/beta", url).map(|uri| uri.to_string()).ok();
        assert_eq!(read("/me/drive?$top=1").as_deref(), Some("/beta/me/drive?$top=1"));
        assert_eq!(read("me/drive/root:/a b#1.txt:").as_deref(), Some("/beta/me/drive/root:/a%20b%231.txt:"));
        assert_eq!(read("/me/drive/root:/ä%20.txt").as_deref(), Some("/beta/me/drive/root:/%C3%A4%20.txt"));
        assert_eq!(read("").as_deref(), Some("/beta/"));
        for bad in ["http://localhost/v1.0/me", "HTTPS:me", "//evil.example/me", "file:///etc", &"x".repeat(9000)] {
            assert_eq!(read(bad), None, "{bad}");
        }
    }

    #[test]
    fn bodies_are_json_or_base64() {
        let bytes = |value: Value| content(Some(&value)).map(|bytes| bytes.to_vec()).ok();
        assert_eq!(bytes(Value::Null), Some(Vec::new()));
        assert_eq!(bytes(serde_json::json!({"a": 1})), Some(b"{\"a\":1}".to_vec()));
        for text in ["/+8=", "_-8", "/+8", "_-8="] {
            assert_eq!(bytes(text.into()), Some(vec![0xff, 0xef]), "{text}");
        }
        for bad in ["x", "not base64!", "/+8=="] {
            assert_eq!(bytes(bad.into()), None, "{bad}");
        }
    }

    #[test]
    fn header_names_are_spelled_as_the_vendor_does() {
        for name in ["Content-Type", "ETag", "Location", "Retry-After", "request-id", "WWW-Authenticate"] {
            assert_eq!(spelled(&HeaderName::try_from(name).unwrap()), name);
        }
    }

    #[tokio::test]
    async fn an_answer_that_does_not_fit_is_left_out() {
        let answer = || Response::new(Body::from("12345"));
        let room = AtomicUsize::new(12);
        let (_, bytes) = whole(answer(), false, &room).await.unwrap();
        assert_eq!(&*bytes, b"12345");
        assert!(whole(answer(), true, &room).await.unwrap().1.is_empty());
        whole(answer(), false, &room).await.unwrap();
        assert!(matches!(whole(answer(), false, &room).await, Err(Refusal::BatchTooLarge)));
        assert_eq!(room.into_inner(), 2);
    }

    #[test]
    fn a_body_that_is_no_json_is_written_as_base64() {
        let mut answer = reply::json(StatusCode::OK, &serde_json::json!({}));
        let text =
            |answer: &Response, bytes: &[u8]| String::from_utf8(written("a\"b", answer, bytes).unwrap()).unwrap();
        assert!(text(&answer, b"{\"x\":1}").starts_with("{\"id\":\"a\\\"b\",\"status\":200,\"headers\":{"));
        assert!(text(&answer, b"{\"x\":1}").ends_with(",\"body\":{\"x\":1}}"));
        answer.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/xml"));
        assert!(text(&answer, b"\xff\xef").ends_with(",\"body\":\"/+8=\"}"));
        assert!(!text(&answer, b"").contains("\"body\""));
    }

    proptest! {
        #[test]
        fn whoever_waits_for_earlier_ones_only_never_waits_for_ever(pairs in prop::collection::vec((0_usize..20, 0_usize..20), 0..40)) {
            let mut waits = vec![Vec::new(); 20];
            for (one, other) in pairs {
                if other < one {
                    waits[one].push(other);
                }
            }
            prop_assert!(!goes_round(&waits));
        }

        #[test]
        fn no_address_leaves_its_prefix(url in "\\PC{0,60}") {
            if let Ok(uri) = uri("/v1.0", &url) {
                prop_assert!(uri.path().starts_with("/v1.0/") && uri.authority().is_none() && uri.scheme().is_none());
            }
        }
    }
}
