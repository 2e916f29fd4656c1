//! The store over S3 as its settings reach it: a stand-in that speaks as much of the protocol as is used here.

use std::collections::{BTreeMap, HashMap};
use std::fmt::Write as _;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::to_bytes;
use axum::extract::{Request, State};
use axum::http::{HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use futures_util::StreamExt as _;
use tokio::net::TcpListener;

use super::*;

const DATE: &str = "Tue, 21 Oct 2025 07:28:00 GMT";

#[derive(Default)]
struct Bucket {
    objects: BTreeMap<String, Bytes>,
    /// Parts of unfinished uploads, by key: S3 lists none of them.
    parts: BTreeMap<String, BTreeMap<u32, Bytes>>,
    /// The sizes of the parts of the last upload that was completed.
    completed: Vec<usize>,
    /// Says no to this part.
    refused_part: Option<u32>,
}

type Shared = Arc<Mutex<Bucket>>;

/// A bucket, and a store configured to use it under a prefix.
async fn s3() -> (Shared, ContentStore) {
    let bucket = Shared::default();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    let app = Router::new().fallback(answer).with_state(Arc::clone(&bucket));
    tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
    let options = [
        ("endpoint", endpoint.as_str()),
        ("region", "here"),
        ("access_key_id", "key"),
        ("secret_access_key", "secret"),
        ("allow_http", "true"),
    ];
    let options = options.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec();
    let url = "s3://bucket/blobs".to_owned();
    (bucket, ContentStore::open(&Settings::at(Location::Url { url, options })).unwrap())
}

async fn answer(State(bucket): State<Shared>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let body = to_bytes(body, usize::MAX).await.unwrap();
    assert!(parts.headers.contains_key(header::AUTHORIZATION), "not signed");
    let query: HashMap<String, String> =
        form_urlencoded::parse(parts.uri.query().unwrap_or_default().as_bytes()).into_owned().collect();
    let key = parts.uri.path().strip_prefix("/bucket").unwrap().trim_start_matches('/').to_owned();
    let asked = |name: &str| query.contains_key(name);
    let mut bucket = bucket.lock().unwrap();

    match parts.method {
        Method::PUT if asked("partNumber") => {
            let number = query["partNumber"].parse().unwrap();
            if bucket.refused_part == Some(number) {
                return StatusCode::FORBIDDEN.into_response();
            }
            bucket.parts.get_mut(&key).unwrap().insert(number, body);
            tagged()
        }
        Method::PUT => {
            bucket.objects.insert(key, body);
            tagged()
        }
        Method::POST if asked("uploads") => {
            bucket.parts.insert(key, BTreeMap::new());
            "<InitiateMultipartUploadResult><UploadId>1</UploadId></InitiateMultipartUploadResult>".into_response()
        }
        Method::POST if asked("uploadId") => {
            let parts: Vec<Bytes> = bucket.parts.remove(&key).unwrap().into_values().collect();
            bucket.completed = parts.iter().map(Bytes::len).collect();
            bucket.objects.insert(key, parts.concat().into());
            "<CompleteMultipartUploadResult><ETag>e</ETag></CompleteMultipartUploadResult>".into_response()
        }
        Method::POST if asked("delete") => {
            let text = String::from_utf8(body.to_vec()).unwrap();
            let keys = text.split("<Key>").skip(1).filter_map(|rest| rest.split_once("</Key>"));
            let mut said = String::from("<DeleteResult>");
            for (key, _) in keys {
                bucket.objects.remove(key);
                write!(said, "<Deleted><Key>{key}</Key></Deleted>").unwrap();
            }
            (said + "</DeleteResult>").into_response()
        }
        Method::DELETE => {
            bucket.parts.remove(&key).unwrap();
            StatusCode::NO_CONTENT.into_response()
        }
        Method::GET if key.is_empty() => list(&bucket.objects, query.get("prefix").map_or("", String::as_str)),
        Method::GET => get(bucket.objects.get(&key), parts.headers.get(header::RANGE)),
        other => panic!("{other} {}", parts.uri),
    }
}

fn list(objects: &BTreeMap<String, Bytes>, prefix: &str) -> Response {
    let time = "2025-10-21T07:28:00.000Z";
    let mut said = String::from("<ListBucketResult>");
    for (key, bytes) in objects.iter().filter(|(key, _)| key.starts_with(prefix)) {
        let size = bytes.len();
        write!(said, "<Contents><Key>{key}</Key><Size>{size}</Size>").unwrap();
        write!(said, "<LastModified>{time}</LastModified></Contents>").unwrap();
    }
    (said + "</ListBucketResult>").into_response()
}

fn get(bytes: Option<&Bytes>, range: Option<&HeaderValue>) -> Response {
    let Some(bytes) = bytes else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let about = [(header::ETAG, "e"), (header::LAST_MODIFIED, DATE)];
    let Some(range) = range else {
        return (about, bytes.clone()).into_response();
    };
    let (start, last) = range.to_str().unwrap().strip_prefix("bytes=").unwrap().split_once('-').unwrap();
    let part = bytes.slice(start.parse::<usize>().unwrap()..=last.parse().unwrap());
    let range = format!("bytes {start}-{last}/{}", bytes.len());
    (StatusCode::PARTIAL_CONTENT, about, [(header::CONTENT_RANGE, range)], part).into_response()
}

fn tagged() -> Response {
    [(header::ETAG, "e")].into_response()
}

#[tokio::test]
async fn content_of_any_size_goes_to_a_bucket_and_comes_back() {
    let (bucket, store) = s3().await;
    for size in [20_000, 5 << 20, (11 << 20) + 7] {
        let bytes = noise(size);
        let content = put(&store, &bytes).await;
        assert_eq!(content.sha256, sha256(&bytes));
        let whole = store.read(&content, None).await.unwrap().into_stream();
        let mut whole = whole.try_collect::<Vec<_>>().await.unwrap().concat();
        assert!(whole == bytes, "{size}");
        let part = store.read(&content, Some(7..19_000)).await.unwrap().into_stream();
        let part = part.try_collect::<Vec<_>>().await.unwrap();
        assert!(part.concat() == whole.drain(7..19_000).collect::<Vec<_>>(), "{size}");
        store.delete(blob(&content)).await.unwrap();
        assert!(matches!(store.read(&content, None).await.err(), Some(Error::Missing(_))));
    }
    let bucket = bucket.lock().unwrap();
    assert!(bucket.objects.is_empty() && bucket.parts.is_empty());
}

#[tokio::test]
async fn large_content_goes_in_parts_of_one_size_and_small_content_in_one_piece() {
    let (bucket, store) = s3().await;
    put_all(&store, 4 << 20).await;
    assert!(bucket.lock().unwrap().completed.is_empty());
    put_all(&store, (11 << 20) + 7).await;
    assert_eq!(bucket.lock().unwrap().completed, [5 << 20, 5 << 20, (1 << 20) + 7]);
}

async fn put_all(store: &ContentStore, size: usize) {
    let bytes = noise(size);
    drop(store.put(body(&bytes), 1 << 30).await.unwrap().keep());
}

#[tokio::test]
async fn an_upload_that_the_bucket_refuses_or_the_client_breaks_off_is_aborted() {
    let (bucket, store) = s3().await;
    bucket.lock().unwrap().refused_part = Some(2);
    let said = store.put(body(&noise(20 << 20)), 1 << 30).await;
    assert!(matches!(said, Err(PutError::Store(Error::Failed { doing: "writing", .. }))), "{said:?}");
    bucket.lock().unwrap().refused_part = None;

    let broken = body(&noise(7 << 20)).map(|piece| Ok(piece.unwrap())).chain(stream::iter([Err("reset")]));
    assert!(matches!(store.put(broken, 1 << 30).await, Err(PutError::Body("reset"))));
    let bucket = bucket.lock().unwrap();
    assert!(bucket.objects.is_empty() && bucket.parts.is_empty() && bucket.completed.is_empty());
}

#[tokio::test]
async fn blobs_lie_and_are_listed_under_the_prefix_only() {
    let (bucket, store) = s3().await;
    let content = put(&store, &noise(50_000)).await;
    let key = blob(&content);
    let at = bucket.lock().unwrap().objects.keys().next().cloned();
    assert_eq!(at, Some(format!("blobs/{}", path(key))));
    let lost = path(fresh()).to_string();
    bucket.lock().unwrap().objects.insert(lost, Bytes::new());

    store.probe().await.unwrap();
    bucket.lock().unwrap().objects.insert("blobs/probe/left".to_owned(), Bytes::new());
    let blobs: Vec<Blob> = store.list().try_collect().await.unwrap();
    assert_eq!(blobs.iter().map(|blob| (blob.key, blob.size)).collect::<Vec<_>>(), [(key, 50_000)]);
    let cutoff = blobs[0].modified + chrono::TimeDelta::seconds(1);
    assert_eq!(store.remove_leftovers(cutoff).await.unwrap(), 1);
    assert_eq!(bucket.lock().unwrap().objects.len(), 2);
}
