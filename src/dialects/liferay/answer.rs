//! What answers of this room have in common: JSON's media type, no caching, the vendor's header (spec/liferay.md 1.1).

use axum::{
    body::Body,
    http::{
        HeaderName, HeaderValue, StatusCode,
        header::{CACHE_CONTROL, CONTENT_TYPE},
    },
    response::Response,
};
use serde_json::Value;

/// Names the vendor's build; clients read the number in it.
pub const PORTAL: HeaderName = HeaderName::from_static("liferay-portal");

/// No answer of this room is kept by anybody but who asked, or given again.
pub const CACHING: &str = "private, no-cache, no-store, must-revalidate";

/// JSON with this room's headers.
pub fn json(status: StatusCode, body: &Value) -> Response {
    let mut response = Response::new(Body::from(body.to_string()));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    // no blank after the semicolon
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json;charset=UTF-8"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static(CACHING));
    response
}
