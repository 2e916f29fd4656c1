//! How an answer looks: the headers every one has (spec/graph.md 1.3), JSON bodies.

use axum::{
    body::Body,
    http::{
        HeaderValue, Response as HttpResponse, StatusCode,
        header::{CACHE_CONTROL, CONTENT_TYPE, ETAG},
    },
    response::Response,
};
use serde::Serialize;

use super::error::{CLIENT_REQUEST_ID, Ids, REQUEST_ID};
use crate::{http::etag::ETag, http::trace::Dialect};

const JSON: HeaderValue = HeaderValue::from_static(
    "application/json;odata.metadata=minimal;odata.streaming=true;IEEE754Compatible=false;charset=utf-8",
);

/// A JSON answer.
pub fn json(status: StatusCode, body: &impl Serialize) -> Response {
    match serde_json::to_vec(body) {
        Ok(bytes) => {
            let mut response = HttpResponse::new(Body::from(bytes));
            *response.status_mut() = status;
            response.headers_mut().insert(CONTENT_TYPE, JSON);
            response.headers_mut().insert("odata-version", HeaderValue::from_static("4.0"));
            response
        }
        Err(error) => {
            tracing::error!(%error, "an answer cannot be written as JSON");
            empty(StatusCode::INTERNAL_SERVER_ERROR)
        }
    }
}

/// An answer without a body.
pub fn empty(status: StatusCode) -> Response {
    let mut response = HttpResponse::new(Body::empty());
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
