//! JSON-RPC 2.0 (spec/liferay.md 5): one named call in an envelope; what fails is HTTP 200, save an unknown method.

use axum::{
    http::StatusCode,
    response::{IntoResponse, Response},
};
use serde_json::{Map, Value, json};

use crate::dialects::liferay::{
    answer,
    call::{Call, Desk},
    choose::Target,
    error::{Error, Fault},
    names::kebab,
    parameters::Parameters,
};

/// How refusals name the HTTP method of a call whose method does not come from HTTP.
pub const NO_WORD: &str = "null";

/// The envelope, if the text of a body is one: an object with a method.
pub fn envelope(text: &[u8]) -> Option<Map<String, Value>> {
    let text = text.trim_ascii();
    if !(text.starts_with(b"{") && text.ends_with(b"}")) {
        return None;
    }
    let envelope: Map<String, Value> = serde_json::from_slice(text).ok()?;
    envelope.get("method").and_then(Value::as_str).filter(|method| !method.is_empty())?;
    Some(envelope)
}

/// Makes the call of an envelope and answers in one.
pub async fn answer(
    desk: &mut Desk,
    segments: &[String],
    given: Parameters,
    mut envelope: Map<String, Value>,
) -> Result<Response, Error> {
    let id = envelope.remove("id").filter(|id| id.is_number() || id.is_string());
    let version = envelope.remove("jsonrpc").unwrap_or(Value::Null);
    if version != "2.0" {
        let shown = version.as_str().map_or_else(|| version.to_string(), str::to_owned);
        let shown: String = shown.chars().take(64).collect();
        return Ok(failed(-32700, &format!("Invalid JSON RPC version {shown}"), id));
    }
    let parameters = match envelope.remove("params") {
        None | Some(Value::Null) => Map::new(),
        Some(Value::Object(parameters)) => parameters,
        Some(_) => return Ok(failed(-32602, "Parameters must be passed by name", id)),
    };
    let method = envelope.get("method").and_then(Value::as_str).unwrap_or_default();
    let target = target(segments, method);
    let made = match Parameters::of_json(parameters) {
        Ok(parameters) => desk.call(Call { target, given: given.overlaid(parameters), word: NO_WORD.to_owned() }).await,
        Err(refusal) => Err(refusal),
    };
    let refusal = match made {
        Ok(Value::Null) => return Ok(succeeded(None, id)),
        Ok(value) => return Ok(succeeded(Some(value), id)),
        Err(refusal) => refusal,
    };
    let words = refusal.words();
    let code = match words.fault {
        Fault::NoAction => return Ok(refusal.into_response()),
        Fault::Service => -32602,
        // a method may find an argument illegal that could be converted
        Fault::Conversion if desk.reached => -32602,
        Fault::Conversion | Fault::Internal => -32603,
    };
    refusal.log();
    Ok(failed(code, &words.throwable(), id))
}

/// The method's name is appended to the path; at the services' own address, and at `invoke`, it is a path itself. The Java
/// name is taken, too, in this form only.
fn target(segments: &[String], method: &str) -> Target {
    let spelled = |method: &str| kebab(method);
    match segments {
        [] => full(method),
        [invoke] if invoke == "invoke" => full(method),
        [service] => Target::new(service, &spelled(method)),
        // nothing is two levels deep
        [service, below, ..] => Target::new(service, &format!("{below}/{method}")),
    }
}

/// `/dlapp/cancel-check-out` or `dlapp.cancel-check-out`.
fn full(method: &str) -> Target {
    let path = method.strip_prefix('/').unwrap_or(method);
    let (service, method) = path.split_once('/').or_else(|| path.split_once('.')).unwrap_or((path, ""));
    Target::new(service, &kebab(method))
}

/// Members are sorted by name: error, id, jsonrpc, result.
fn enveloped(error: Option<Value>, id: Option<Value>, result: Option<Value>) -> Response {
    let members = [("error", error), ("id", id), ("jsonrpc", Some("2.0".into())), ("result", result)];
    let object: Map<String, Value> =
        members.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))).collect();
    answer::json(StatusCode::OK, &Value::Object(object))
}

fn succeeded(result: Option<Value>, id: Option<Value>) -> Response {
    enveloped(None, id, result)
}

fn failed(code: i32, message: &str, id: Option<Value>) -> Response {
    enveloped(Some(json!({"code": code, "message": message})), id, None)
}
