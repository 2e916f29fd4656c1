//! Answers and refusals become JSON or XML here, as the client accepts (spec/oracle.md 2.2, 2.9). Handlers leave what they
//! say in the response; only this layer knows operation, item and caller at once, which the vendor's errors name.

use std::sync::{Arc, OnceLock};

use axum::{
    body::Body,
    extract::{FromRequestParts, RawPathParams, Request, State},
    http::{
        HeaderName, HeaderValue, StatusCode,
        header::{CONTENT_TYPE, LOCATION},
        request::Parts,
    },
    middleware::Next,
    response::{IntoResponse, Response},
};

use super::{Hall, ROOM, error::Error, ids, operation::Operation, wire::Fields};
use crate::http::{
    guard::Head,
    negotiate::Format,
    trace::{Dialect, RequestId},
};

/// The vendor's name for a request's id.
const ECID: HeaderName = HeaderName::from_static("x-oracle-dms-ecid");

/// A success with a body of fields.
#[derive(Clone, Debug)]
pub struct Answer {
    status: StatusCode,
    location: Option<HeaderValue>,
    fields: Fields,
}

impl Answer {
    /// 200.
    pub fn done(fields: Fields) -> Self {
        Self { status: StatusCode::OK, location: None, fields }
    }

    /// 201, with the address of what was made.
    pub fn created(location: &str, fields: Fields) -> Self {
        Self { status: StatusCode::CREATED, location: HeaderValue::from_str(location).ok(), fields }
    }
}

impl IntoResponse for Answer {
    fn into_response(self) -> Response {
        let mut response = Response::default();
        response.extensions_mut().insert(self);
        response
    }
}

/// What a refusal is about, as far as it is known.
#[derive(Clone, Debug, Default)]
pub struct About {
    /// What was asked for.
    pub operation: Option<Operation>,
    /// The item's id, as it stands in the path.
    pub id: Option<String>,
    asker: Arc<OnceLock<String>>,
    name: Arc<OnceLock<String>>,
}

impl About {
    /// An operation on the item in the path, asked for by somebody not known yet.
    pub fn what(operation: Operation, id: Option<String>) -> Self {
        Self { operation: Some(operation), id, asker: Arc::default(), name: Arc::default() }
    }

    /// The same asker, about something else.
    pub fn of(&self, operation: Operation, id: Option<String>) -> Self {
        Self { operation: Some(operation), id, ..self.clone() }
    }

    /// The caller's display name.
    pub fn asker(&self) -> &str {
        self.asker.get().map_or("anonymous", String::as_str)
    }

    /// The name that a file was to be given (5.6).
    pub fn name(&self) -> Option<&str> {
        self.name.get().map(String::as_str)
    }

    /// Notes the name that a file is to be given, which a refusal of it says.
    pub fn note_name(&self, name: &str) {
        // a request is read once
        let _known = self.name.set(name.to_owned());
    }

    /// Notes who asks, once that is known.
    pub fn note_asker(parts: &Parts, name: &str) {
        if let Some(about) = parts.extensions.get::<About>() {
            // a request is authenticated once
            let _known = about.asker.set(name.to_owned());
        }
    }
}

impl FromRequestParts<Hall> for About {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, _: &Hall) -> Result<Self, Error> {
        // clones share what is noted; every route is spoken for
        Ok(parts.extensions.get::<About>().cloned().unwrap_or_default())
    }
}

/// Middleware of each route: lets the handler speak, then writes down what it said.
pub async fn speak(State(operation): State<Operation>, request: Request, next: Next) -> Response {
    let (mut parts, body) = request.into_parts();
    let params = RawPathParams::from_request_parts(&mut parts, &()).await.ok();
    let about = About::what(operation, params.as_ref().and_then(ids::in_path));
    let format = if operation.speaks_json_only() { Format::Json } else { Format::accepted(&parts.headers) };
    let request_id = parts.extensions.get().copied();
    parts.extensions.insert(about.clone());
    let mut response = next.run(Request::from_parts(parts, body)).await;
    if let Some(answer) = response.extensions_mut().remove::<Answer>() {
        let fields = answer.fields.text("errorCode", "0").in_top_order();
        response = write(format, answer.status, "response", &fields);
        if let Some(location) = answer.location {
            response.headers_mut().insert(LOCATION, location);
        }
    } else if let Some(error) = response.extensions_mut().remove::<Error>() {
        response = word(format, &error, &about);
    }
    sign(response, request_id)
}

/// The answer to a request that reaches no route.
pub fn refuse(head: &Head, error: &Error) -> Response {
    refuse_about(head, error, &About::default())
}

/// The answer to a request that is refused outside of its route, where it is known what it was about.
pub fn refuse_about(head: &Head, error: &Error, about: &About) -> Response {
    sign(word(Format::accepted(&head.headers), error, about), head.request_id)
}

fn word(format: Format, error: &Error, about: &About) -> Response {
    let worded = error.word(about);
    let mut response = write(format, worded.status, "error", &worded.fields);
    response.headers_mut().extend(worded.headers);
    response
}

fn write(format: Format, status: StatusCode, root: &str, fields: &Fields) -> Response {
    let (kind, text) = match format {
        Format::Json => ("application/json;charset=UTF-8", fields.to_json()),
        Format::Xml => ("application/xml;charset=UTF-8", fields.to_xml(root)),
    };
    let mut response = Response::new(Body::from(text));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(kind));
    response
}

/// What every response of the room carries.
fn sign(mut response: Response, request: Option<RequestId>) -> Response {
    let id = request.and_then(|id| HeaderValue::from_str(&id.0.to_string()).ok());
    if let Some(id) = id {
        response.headers_mut().insert(ECID, id);
    }
    response.extensions_mut().insert(Dialect(ROOM.name));
    response
}

/// What the addresses of resources begin with: origin and mount point, and the version the client speaks.
pub struct Base {
    api: String,
    version: String,
}

impl Base {
    /// The canonical address of a resource, given as `/files/…`.
    pub fn address(&self, resource: &str) -> String {
        self.address_in(&self.version, resource)
    }

    /// The same in a version of the API, whichever the client speaks.
    pub fn address_in(&self, version: &str, resource: &str) -> String {
        format!("{}/{version}{resource}", self.api)
    }
}

impl FromRequestParts<Hall> for Base {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, hall: &Hall) -> Result<Self, Error> {
        let origin = hall.origins.of(&parts.uri, &parts.headers, &parts.extensions).map_err(|_| Error::BadHost)?;
        // the router let in `/documents/api/{version}/…` and, for the catalog, `/documents/api` only
        let version = parts.uri.path().split('/').nth(3).unwrap_or("1.1").to_owned();
        Ok(Base { api: format!("{origin}/documents/api"), version })
    }
}
