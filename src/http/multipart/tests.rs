//! Multipart bodies as clients send them, and as attackers do.

use std::{convert::Infallible, io};

use axum::http::HeaderValue;
use futures_util::stream;

use super::*;

const LIMITS: Limits = Limits { parts: 3, files: 1, body: 1 << 40 };

fn form(content_type: &'static str, body: Body, limits: Limits) -> Result<Multipart, MultipartError> {
    Multipart::open(&HeaderMap::from_iter([(CONTENT_TYPE, HeaderValue::from_static(content_type))]), body, limits)
}

/// Every part as `name|file name|media type|text`, and how it ended.
async fn read(body: Body, limits: Limits) -> (Vec<String>, Result<(), MultipartError>) {
    let mut seen = Vec::new();
    let walk = async || {
        let mut form = form("multipart/form-data;boundary=x", body, limits)?;
        while let Some(part) = form.next().await? {
            let (name, media_type) = (part.name.clone(), part.media_type.clone().unwrap_or_default());
            let file_name = part.file_name.clone().unwrap_or("-".to_owned());
            seen.push(format!("{name}|{file_name}|{media_type}|{}", part.text(100).await?));
        }
        Ok(())
    };
    let end = walk().await;
    (seen, end)
}

fn part(head: &str, text: &str) -> String {
    format!("--x\r\nContent-Disposition: form-data; {head}\r\n\r\n{text}\r\n")
}

/// The same bytes in pieces of `size`.
fn pieces(text: &str, size: usize) -> Body {
    let chunks: Vec<Result<Bytes, Infallible>> =
        text.as_bytes().chunks(size).map(|chunk| Ok(Bytes::copy_from_slice(chunk))).collect();
    Body::from_stream(stream::iter(chunks))
}

#[tokio::test]
async fn parts_come_in_order_whatever_the_chunks() {
    let body = format!(
        "{}--x\r\ncontent-disposition: form-data; filename=\"C:\\dir\\plan.docx\"; name=\" file\"\r\n\
         Content-Type: text/plain\r\n\r\nab\r\n--y--\r\n\r\n--x--\r\n",
        part("name=a", "1")
    );
    for size in [1, 2, 7, 1000] {
        let (seen, end) = read(pieces(&body, size), LIMITS).await;
        assert_eq!(seen, ["a|-||1", " file|plan.docx|text/plain|ab\r\n--y--\r\n"], "{size}");
        assert!(end.is_ok(), "{size}: {end:?}");
    }
}

#[tokio::test]
async fn an_unread_part_is_skipped() {
    let body = format!("{}{}--x--", part("name=a", &"z".repeat(300_000)), part("name=b", "2"));
    let mut form = form("multipart/form-data; boundary=\"x\"", pieces(&body, 1000), LIMITS).expect("a form");
    let first = form.next().await.expect("readable").expect("a part");
    assert!(matches!(form.next().await, Err(MultipartError::StillOpen)));
    drop(first);
    let second = form.next().await.expect("readable").expect("a part");
    assert_eq!(second.name, "b");
    assert_eq!(second.text(1).await.expect("text"), "2");
    assert!(form.next().await.expect("readable").is_none());
}

#[tokio::test]
async fn limits_hold() {
    let three: String = ["a", "b", "c"].iter().map(|name| part(&format!("name={name}"), "")).collect();
    let many = format!("{three}{}--x--", part("name=d", ""));
    assert!(matches!(read(many.into(), LIMITS).await.1, Err(MultipartError::TooManyParts { limit: 3 })));

    let two = format!("{}{}--x--", part("name=a; filename=a", ""), part("name=b; filename=b", ""));
    assert!(matches!(read(two.into(), LIMITS).await.1, Err(MultipartError::TooManyFiles { limit: 1 })));

    let long = format!("{}--x--", part("name=a", &"z".repeat(101)));
    assert!(matches!(read(long.into(), LIMITS).await.1, Err(MultipartError::TextTooLong { limit: 100, .. })));

    let small = Limits { body: 50, ..LIMITS };
    let (_, end) = read(pieces(&three, 10), small).await;
    assert!(matches!(end, Err(MultipartError::Body(BodyError::TooLarge { limit: 50 }))), "{end:?}");
}

#[tokio::test]
async fn an_endless_head_is_not_held_in_memory() {
    for start in ["", "--x\r\nContent-Disposition: form-data; name=\""] {
        let endless = stream::iter([start]).chain(stream::repeat("zzzzzzzzzzzzzzzz")).map(Ok::<_, Infallible>);
        let (_, end) = read(Body::from_stream(endless), LIMITS).await;
        assert!(matches!(end, Err(MultipartError::HeadTooLong)), "{end:?}");
    }
}

#[tokio::test]
async fn what_breaks_off_is_truncated() {
    let whole = format!("{}--x--", part("name=a; filename=b", "12"));
    for cut in [1, 5, 30, 50, whole.len() - 8, whole.len() - 2] {
        let (_, end) = read(Body::from(whole[..cut].to_owned()), LIMITS).await;
        assert!(matches!(end, Err(MultipartError::Truncated)), "{cut}: {end:?}");
    }
    let gone = stream::iter([Ok(part("name=a", "")), Err(io::Error::from(io::ErrorKind::ConnectionReset))]);
    let (_, end) = read(Body::from_stream(gone), LIMITS).await;
    assert!(matches!(end, Err(MultipartError::Body(BodyError::Truncated))), "{end:?}");
}

#[tokio::test]
async fn names_that_lead_elsewhere_are_cut_or_refused() {
    let name = async |head: &str| {
        let (mut seen, end) = read(format!("{}--x--", part(head, "")).into(), LIMITS).await;
        end.map(|()| seen.pop().unwrap_or_default())
    };
    assert_eq!(name("name=a; filename=\"../../etc/passwd\"").await.expect("cut"), "a|passwd||");
    assert_eq!(name("name=a; filename*=UTF-8''..%2F%E2%82%AC").await.expect("cut"), "a|€||");
    assert_eq!(name("name=a; filename=\"\"").await.expect("empty"), "a|||");
    for bad in [
        "filename=\"..\"",
        "filename=\"a/..\"",
        "filename*=UTF-8''a%0D%0Ab",
        "filename*=UTF-8''a%00",
        "filename=\"a\tb\"",
    ] {
        let end = name(&format!("name=a; {bad}")).await;
        assert!(matches!(end, Err(MultipartError::BadFileName)), "{bad}: {end:?}");
    }
    for bad in ["name=a; filename=\"a\r\nX: b\"", "name=\"a\r\nb\""] {
        let end = name(bad).await;
        assert!(matches!(end, Err(MultipartError::BadHead | MultipartError::BadFileName)), "{bad}: {end:?}");
    }
    assert!(matches!(name("filename=b").await, Err(MultipartError::NoName)));
}

#[test]
fn the_content_type_must_name_a_boundary() {
    let open = |text| form(text, Body::empty(), LIMITS).map(|_| ());
    assert!(open("Multipart/Form-Data;boundary=x").is_ok());
    assert!(open("multipart/form-data; charset=utf-8; BOUNDARY=\"a b\"").is_ok());
    assert!(matches!(open("multipart/form-data"), Err(MultipartError::NoBoundary)));
    assert!(matches!(open("multipart/form-data; boundary="), Err(MultipartError::NoBoundary)));
    assert!(matches!(open("multipart/mixed; boundary=x"), Err(MultipartError::NotMultipart)));
    assert!(matches!(open("application/json"), Err(MultipartError::NotMultipart)));
    assert!(matches!(
        Multipart::open(&HeaderMap::new(), Body::empty(), LIMITS).map(|_| ()),
        Err(MultipartError::NotMultipart)
    ));
}
