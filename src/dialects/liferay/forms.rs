//! The calling forms (spec/liferay.md 3): each only finds out which method is meant and with which parameters, and renders
//! what comes of it. What the method does is the same in all of them.

mod invoke;
mod multipart;
mod rpc;
mod script;

use axum::{
    body::Body,
    extract::{FromRequestParts, Request},
    http::{HeaderMap, Method, StatusCode, header::CONTENT_TYPE, request::Parts},
    response::{IntoResponse, Response},
};
use bytes::Bytes;
use serde_json::{Map, Value};

use super::{
    answer,
    auth::Caller,
    call::{Call, Desk},
    choose::Target,
    discovery,
    error::Error,
    parameters::{Given, Parameters},
};
use crate::{
    dialects::Hall,
    http::{body, path, trace},
};

/// What a request brings besides its path.
#[derive(Debug, Default)]
struct Brought {
    /// Parameters of query, form and parts.
    given: Parameters,
    /// The body as text, when it is no form.
    text: Option<Bytes>,
}

/// What comes of a request.
enum Reply {
    /// The result of a call.
    Value(Value),
    /// An answer that is no result of a call: an envelope, a page.
    Whole(Response),
}

/// Answers a request below `/api/jsonws`, whichever form it has.
pub async fn answer(hall: Hall, request: Request) -> Response {
    let (mut parts, body) = request.into_parts();
    let actor = match Caller::from_request_parts(&mut parts, &hall).await {
        Ok(Caller(actor)) => actor,
        Err(refusal) => return refusal.into_response(),
    };
    let mut desk = Desk::new(hall, actor);
    let mut callback = None;
    let mut response = match respond(&mut desk, &parts, body, &mut callback).await {
        Ok(Reply::Whole(response)) => response,
        Ok(Reply::Value(value)) => script::wrapped(answer::json(StatusCode::OK, &value), callback.as_deref(), || value),
        Err(refusal) => {
            let words = refusal.words();
            script::wrapped(refusal.into_response(), callback.as_deref(), || words.object())
        }
    };
    if let Some(operation) = desk.operation {
        response.extensions_mut().insert(trace::Operation(operation));
    }
    response
}

async fn respond(desk: &mut Desk, parts: &Parts, body: Body, callback: &mut Option<String>) -> Result<Reply, Error> {
    let below = parts.uri.path().strip_prefix("/api/jsonws").unwrap_or_default();
    let segments = path::segments(below).map_err(|_| Error::IllegalArgument(None))?;
    let mut brought = Brought::default();
    if let Err(bad) = brought.given.add_form(parts.uri.query().unwrap_or_default().as_bytes()) {
        admit(desk, &segments)?;
        return Err(bad);
    }
    if let Some(Given::Text(filter)) = brought.given.get("discover") {
        let base = desk.hall.origins.of(&parts.uri, &parts.headers, &parts.extensions).unwrap_or_default();
        return discovery::answer(desk.settings(), &base, filter).map(Reply::Value);
    }
    check_verb(desk, &segments, &parts.method)?;

    let is_multipart = media_type(&parts.headers).starts_with("multipart/");
    let mut has_body = is_multipart;
    if is_multipart {
        multipart::read(desk, &segments, &parts.headers, body, &mut brought).await?;
    } else {
        let text = body::read(body, desk.hall.limits.text).await?;
        has_body = !text.is_empty();
        if has_body {
            brought.take_text(text, &media_type(&parts.headers))?;
        }
    }
    if parts.method == Method::POST
        && !is_multipart
        && segments.len() <= 2
        && let Some(envelope) = brought.text.as_deref().and_then(rpc::envelope)
    {
        return rpc::answer(desk, &segments, brought.given, envelope).await.map(Reply::Whole);
    }
    if desk.settings().jsonp {
        *callback = script::callback(&brought.given)?;
    }
    let value = match segments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["invoke"] => invoke::answer(desk, brought).await?,
        [] if brought.text.as_deref().is_some_and(invoke::is_command) => invoke::answer(desk, brought).await?,
        [] if matches!(parts.method, Method::GET | Method::HEAD) || (parts.method == Method::POST && !has_body) => {
            let base = desk.hall.origins.of(&parts.uri, &parts.headers, &parts.extensions).unwrap_or_default();
            return Ok(Reply::Whole(discovery::page(&base)));
        }
        [] => return Err(Target::new("", "").unknown(parts.method.as_str())),
        _ => by_path(desk, &segments, brought, &parts.method).await?,
    };
    Ok(Reply::Value(value))
}

/// Where HTTP methods are strict, a method that only looks is called by GET and every other by POST (spec/liferay.md 1.1);
/// invoke and JSON-RPC name theirs elsewhere.
fn check_verb(desk: &Desk, segments: &[String], method: &Method) -> Result<(), Error> {
    let [service, name, ..] = segments else { return Ok(()) };
    if !desk.settings().strict_methods {
        return Ok(());
    }
    // what may be read may be looked for
    let verb = if *method == Method::HEAD { "GET" } else { method.as_str() };
    let target = Target::new(service, name);
    let wrong = target.candidates().next().is_some_and(|known| known.verb() != verb);
    if wrong { Err(target.unknown(method.as_str())) } else { Ok(()) }
}

/// Refuses a guest at a method that is closed to guests: nothing that is wrong with parameters is told before.
fn admit(desk: &Desk, segments: &[String]) -> Result<(), Error> {
    let [service, name, ..] = segments else { return Ok(()) };
    match Target::new(service, name).candidates().next() {
        Some(known) if desk.actor.account.is_none() && !known.service.guests => Err(known.closed_to_guests()),
        Some(_) | None => Ok(()),
    }
}

/// Service and method in the path, parameters everywhere.
async fn by_path(desk: &mut Desk, segments: &[String], brought: Brought, method: &Method) -> Result<Value, Error> {
    let [service, rest @ ..] = segments else { return Ok(Value::Null) };
    let (name, rest) = rest.split_first().map_or(("", rest), |(name, rest)| (name.as_str(), rest));
    let target = Target::new(service, name);
    if target.candidates().next().is_none() {
        return Err(target.unknown(method.as_str()));
    }
    admit(desk, segments)?;
    let mut given = Parameters::of_path(rest)?.overlaid(brought.given);
    if let Some(text) = brought.text.filter(|text| text.trim_ascii_start().starts_with(b"{")) {
        // the vendor does not read it; a plain object of parameters has one meaning only
        given = given.overlaid(Parameters::of_json(object(&text)?)?);
    }
    desk.call(Call { target, given, word: method.as_str().to_owned() }).await.map(or_empty)
}

/// Nothing and null are an empty object.
fn or_empty(value: Value) -> Value {
    if value.is_null() { Value::Object(Map::new()) } else { value }
}

impl Brought {
    /// JSON text under any content type; else a form, or nothing this room knows.
    fn take_text(&mut self, text: Bytes, media_type: &str) -> Result<(), Error> {
        let is_json = matches!(text.trim_ascii_start().first(), Some(b'{' | b'['));
        if is_json || !matches!(media_type, "" | "application/x-www-form-urlencoded") {
            self.text = Some(text);
            return Ok(());
        }
        self.given.add_form(&text)
    }
}

/// The media type in the headers, lower case, without parameters.
fn media_type(headers: &HeaderMap) -> String {
    let text = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    text.split(';').next().unwrap_or_default().trim().to_ascii_lowercase()
}

/// Text that is a JSON object.
fn object(text: &[u8]) -> Result<Map<String, Value>, Error> {
    match serde_json::from_slice(text) {
        Ok(Value::Object(object)) => Ok(object),
        Ok(_) => Err(Error::IllegalArgument(None)),
        Err(_) => Err(Error::NotJson),
    }
}
