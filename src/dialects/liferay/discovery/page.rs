//! The page at `/api/jsonws`: every overload with four ways to call it. All of it comes from the table.

use std::fmt::{self, Write as _};

use axum::{
    http::{HeaderValue, StatusCode, header::CACHE_CONTROL},
    response::Response,
};
use serde_json::{Map, Value, json};

use super::{BASE, returned, type_of};
use crate::{
    dialects::liferay::{
        answer,
        methods::{Kind, Method, methods},
        names::kebab,
    },
    http::page::{self, Escaped},
};

const STYLE: &str = "body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;color:#222}\
h1{font-size:1.5rem}h2{font-size:1.2rem;margin-top:2rem}summary{cursor:pointer}code,pre{font:14px/1.5 ui-monospace,monospace}\
pre{background:#f5f5f5;padding:.5rem;white-space:pre-wrap;word-break:break-all}";

/// The page. `origin` is what absolute addresses start with.
pub fn page(origin: &str) -> Response {
    let mut body = String::with_capacity(256 * 1024);
    put(
        &mut body,
        format_args!(
            "<p>What can be called below <code>{0}</code>; for programs: <a href=\"{BASE}?discover\">{BASE}?discover</a>.</p>",
            Escaped(&format!("{origin}{BASE}"))
        ),
    );
    let mut service = "";
    for method in methods() {
        if method.service.path != service {
            service = method.service.path;
            put(&mut body, format_args!("<h2>{}</h2>", Escaped(method.service.short())));
        }
        shown(&mut body, origin, method);
    }
    let mut response = page::html(StatusCode::OK, "JSON web services", STYLE, &body, "'none'");
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static(answer::CACHING));
    response
}

fn shown(body: &mut String, origin: &str, method: &Method) {
    let parameters: Vec<String> = method
        .parameters
        .iter()
        .map(|parameter| format!("{} {}", type_of(parameter.kind.java()), parameter.name))
        .collect();
    let signature = format!("{}({}): {}", method.name, parameters.join(", "), returned(method.returns));
    put(body, format_args!("<details><summary><code>{}</code></summary>", Escaped(&signature)));
    let samples = [
        ("Script", script(method)),
        ("curl", curl(origin, method)),
        ("URL", url(origin, method)),
        ("JSON-RPC", rpc(origin, method)),
    ];
    for (name, sample) in samples {
        put(body, format_args!("<p>{name}</p><pre>{}</pre>", Escaped(&sample)));
    }
    body.push_str("</details>");
}

fn put(body: &mut String, text: fmt::Arguments<'_>) {
    let _infallible = body.write_fmt(text);
}

/// Something a parameter could be given; null for what no text can say. The context is never needed.
fn sample(java: &str) -> Option<Value> {
    match type_of(java).as_str() {
        "long" | "int" => Some(json!(0)),
        "boolean" => Some(json!(false)),
        "string" => Some(json!("text")),
        "string[]" => Some(json!(["text"])),
        "byte[]" | "long[]" | "list<long>" => Some(json!([0])),
        _ if java == Kind::Increase.java() => Some(json!("MINOR")),
        _ => None,
    }
}

fn samples(method: &Method) -> impl Iterator<Item = (&'static str, Option<Value>)> + '_ {
    let needed = method.parameters.iter().filter(|parameter| parameter.kind != Kind::Context);
    needed.map(|parameter| (parameter.name, sample(parameter.kind.java())))
}

/// The parameters as JSON.
fn object(method: &Method) -> Value {
    let members = samples(method).map(|(name, value)| (name.to_owned(), value.unwrap_or(Value::Null)));
    Value::Object(members.collect::<Map<_, _>>())
}

/// A value as a form or an address has it.
fn text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Array(values) => values.iter().map(text).collect::<Vec<_>>().join(","),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Object(_) => value.to_string(),
    }
}

fn script(method: &Method) -> String {
    format!("Liferay.Service('{}', {}, function(obj) {{ console.log(obj); }});", method.path(), object(method))
}

fn curl(origin: &str, method: &Method) -> String {
    let mut line = format!("curl {origin}{BASE}{} -u test@example.com:password", method.path());
    let in_parts = method.parameters.iter().any(|parameter| parameter.kind == Kind::File);
    let option = if in_parts { "-F" } else { "-d" };
    for (name, value) in samples(method) {
        let is_file = method.parameter(name).is_some_and(|parameter| parameter.kind == Kind::File);
        match value {
            Some(value) => put(&mut line, format_args!(" {option} '{name}={}'", text(&value))),
            None if is_file => put(&mut line, format_args!(" {option} '{name}=@text.txt'")),
            None => put(&mut line, format_args!(" {option} '-{name}='")),
        }
    }
    // a request without a body is a form without fields
    if samples(method).next().is_none() {
        line.push_str(" -d ''");
    }
    line
}

fn url(origin: &str, method: &Method) -> String {
    let mut address = format!("{origin}{BASE}{}", method.path());
    for (name, value) in samples(method) {
        match value {
            Some(value) => put(&mut address, format_args!("/{}/{}", kebab(name), text(&value))),
            None => put(&mut address, format_args!("/-{}", kebab(name))),
        }
    }
    address
}

fn rpc(origin: &str, method: &Method) -> String {
    let envelope = json!({"jsonrpc": "2.0", "method": method.kebab(), "params": object(method), "id": 1});
    format!("curl {origin}{BASE}/{} -u test@example.com:password -d '{envelope}'", method.service.path)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dialects::liferay::{
        choose::Target,
        parameters::{Given, Parameters},
    };

    /// What a sample picks.
    fn picked(path: &str, given: &Parameters) -> String {
        let (service, method) = path.strip_prefix('/').unwrap().split_once('/').unwrap();
        Target::new(service, method).choose(given, "GET").unwrap().signature()
    }

    #[test]
    fn every_sample_calls_the_method_it_stands_for() {
        for method in methods() {
            let url = url("http://host", method);
            let segments = crate::http::path::segments(url.strip_prefix("http://host/api/jsonws").unwrap()).unwrap();
            let [service, name, rest @ ..] = &segments[..] else { panic!("{url}") };
            let in_path = Parameters::of_path(rest).unwrap();
            assert_eq!(picked(&format!("/{service}/{name}"), &in_path), method.signature(), "{url}");

            let Value::Object(object) = object(method) else { panic!("{url}") };
            let in_json = Parameters::of_json(object).unwrap();
            assert_eq!(picked(&method.path(), &in_json), method.signature(), "{url}");

            let mut in_form = Parameters::default();
            for option in curl("http://host", method).split(" '").skip(1) {
                let (name, value) = option.split_once('\'').unwrap().0.split_once('=').unwrap_or_default();
                if !name.is_empty() {
                    in_form.add(name, Given::Text(value.to_owned())).unwrap();
                }
            }
            assert_eq!(picked(&method.path(), &in_form), method.signature(), "{url}");
        }
    }
}
