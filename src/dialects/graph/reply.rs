//! How an answer looks: the ids and headers every one has (spec/graph.md 1.3), JSON bodies.

use axum::{
    body::Body,
    http::{
        HeaderMap, HeaderName, HeaderValue, StatusCode,
        header::{CACHE_CONTROL, CONTENT_TYPE, ETAG},
    },
    response::Response,
};
use serde::Serialize;
use uuid::Uuid;

use crate::http::{
    etag::ETag,
    trace::{Dialect, RequestId},
};

const JSON: HeaderValue = HeaderValue::from_static(
    "application/json;odata.metadata=minimal;odata.streaming=true;IEEE754Compatible=false;charset=utf-8",
);

/// The ids of a request that every answer repeats.
#[derive(Clone, Debug)]
pub struct Ids {
    /// Ours.
    pub request: String,
    /// The client's; ours where it has none.
    pub client: String,
}

/// The name of our id.
const REQUEST_ID: HeaderName = HeaderName::from_static("request-id");
/// The name of the client's id.
const CLIENT_REQUEST_ID: HeaderName = HeaderName::from_static("client-request-id");

/// Longest id of a client that is repeated.
const LONGEST_ID: usize = 128;

impl Ids {
    /// Those of a request.
    pub fn of(headers: &HeaderMap, request: Option<RequestId>) -> Self {
        let request = request.map_or_else(Uuid::new_v4, |id| id.0).to_string();
        let sent = headers.get(CLIENT_REQUEST_ID).and_then(|id| id.to_str().ok());
        let client = sent.filter(|id| !id.is_empty() && id.len() <= LONGEST_ID).unwrap_or(&request).to_owned();
        Self { request, client }
    }
}

/// A JSON answer.
pub fn json(status: StatusCode, body: &impl Serialize) -> Response {
    match serde_json::to_vec(body) {
        Ok(bytes) => json_text(status, bytes),
        Err(error) => {
            tracing::error!(%error, "an answer cannot be written as JSON");
            empty(StatusCode::INTERNAL_SERVER_ERROR)
        }
    }
}

/// A JSON answer that is written already.
pub fn json_text(status: StatusCode, bytes: impl Into<Body>) -> Response {
    let mut response = Response::new(bytes.into());
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, JSON);
    response.headers_mut().insert("odata-version", HeaderValue::from_static("4.0"));
    response
}

/// An answer without a body.
pub fn empty(status: StatusCode) -> Response {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = status;
    response
}

/// The answer with an `ETag`.
pub fn tagged(mut response: Response, tag: Option<&ETag>) -> Response {
    if let Some(tag) = tag.and_then(ETag::to_header) {
        response.headers_mut().insert(ETAG, tag);
    }
    response
}

/// The answer with what every answer of this room has.
pub fn dressed(mut response: Response, ids: &Ids) -> Response {
    let headers = response.headers_mut();
    for (name, id) in [(REQUEST_ID, &ids.request), (CLIENT_REQUEST_ID, &ids.client)] {
        if let Ok(id) = HeaderValue::from_str(id) {
            headers.insert(name, id);
        }
    }
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response.extensions_mut().insert(Dialect(super::ROOM.name));
    response
}
