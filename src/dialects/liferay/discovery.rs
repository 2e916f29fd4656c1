//! What there is to be called (spec/liferay.md 14), from the one table: as JSON for programs, here, and as a page for people,
//! in `page.rs`. Open to guests, like the vendor's reference it repeats.

mod models;
mod page;

use serde_json::{Value, json};

use super::{
    Settings,
    error::Error,
    methods::{Method, Returns, methods},
};

pub use page::page;

/// Where the services are.
const BASE: &str = "/api/jsonws";

/// The longest filter taken, in bytes.
const FILTER: usize = 1024;

/// All overloads whose paths one of the comma-separated patterns fits, in which `*` stands for any text and `?` for any letter.
/// `origin` is what absolute addresses start with.
///
/// # Errors
/// A filter that is too long.
pub fn answer(settings: &Settings, origin: &str, filter: &str) -> Result<Value, Error> {
    if filter.len() > FILTER {
        return Err(Error::IllegalArgument(None));
    }
    let patterns: Vec<&str> = filter.split(',').map(str::trim).filter(|pattern| !pattern.is_empty()).collect();
    let fits = |path: &str| patterns.is_empty() || patterns.iter().any(|pattern| matches(pattern, path));
    let listed: Vec<&Method> = methods().iter().copied().filter(|method| fits(&method.path())).collect();
    let models: Vec<Value> = models::MODELS
        .iter()
        .filter(|model| listed.iter().any(|method| model_of(method.returns) == Some(model.name)))
        .map(models::Model::described)
        .collect();
    let services: Vec<Value> = listed.into_iter().map(described).collect();
    Ok(json!({
        "contextName": "", "basePath": BASE, "baseURL": format!("{origin}{BASE}"),
        "services": services, "types": models, "version": settings.version(),
    }))
}

fn described(method: &Method) -> Value {
    let parameters: Vec<Value> = method
        .parameters
        .iter()
        .map(|parameter| json!({"name": parameter.name, "type": type_of(parameter.kind.java())}))
        .collect();
    json!({
        "method": method.verb(), "name": format!("{}#{}", method.service.short(), method.name),
        "parameters": parameters, "path": method.path(), "returns": {"type": returned(method.returns)},
    })
}

/// A Java type in the words of discovery.
fn type_of(java: &str) -> String {
    match java {
        "long" | "int" | "boolean" => java.to_owned(),
        "java.util.Date" => "long".to_owned(),
        "java.lang.String" => "string".to_owned(),
        "java.io.File" => "file".to_owned(),
        "java.util.Map" => "map".to_owned(),
        // the only lists that are passed are of ids
        "java.util.List" => "list<long>".to_owned(),
        "[B" => "byte[]".to_owned(),
        "[J" => "long[]".to_owned(),
        "[Ljava.lang.String;" => "string[]".to_owned(),
        class => format!("object<{class}>"),
    }
}

fn returned(returns: Returns) -> String {
    match returns {
        Returns::Void => "void".to_owned(),
        Returns::Boolean => "boolean".to_owned(),
        Returns::Int => "int".to_owned(),
        Returns::Text => "string".to_owned(),
        Returns::Longs => "list<long>".to_owned(),
        Returns::Texts => "string[]".to_owned(),
        Returns::Model(name) => format!("object<{}>", models::class(name)),
        Returns::List(name) => format!("list<object<{}>>", models::class(name)),
    }
}

/// The model a result is made of.
fn model_of(returns: Returns) -> Option<&'static str> {
    match returns {
        Returns::Model(name) | Returns::List(name) => Some(name),
        Returns::Void | Returns::Boolean | Returns::Int | Returns::Text | Returns::Longs | Returns::Texts => None,
    }
}

/// Whether a text is of a pattern: `*` any text, `?` any letter. It goes back to the last `*` only, so it never takes longer
/// than the one times the other.
fn matches(pattern: &str, text: &str) -> bool {
    let (pattern, text) = (pattern.as_bytes(), text.as_bytes());
    let (mut p, mut t) = (0, 0);
    let mut star = None;
    while let Some(letter) = text.get(t) {
        match pattern.get(p) {
            Some(b'*') => {
                star = Some((p, t));
                p += 1;
            }
            Some(wanted) if wanted == letter || *wanted == b'?' => {
                p += 1;
                t += 1;
            }
            _ => {
                let Some((at, from)) = star else { return false };
                star = Some((at, from + 1));
                p = at + 1;
                t = from + 1;
            }
        }
    }
    pattern.get(p..).unwrap_or_default().iter().all(|letter| *letter == b'*')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_pattern_has_stars_and_question_marks() {
        for (pattern, text, fits) in [
            ("/dlapp/*", "/dlapp/cancel-check-out", true),
            ("/dlapp/*", "/dlfileentry/cancel-check-out", false),
            ("*check-out", "/dlapp/cancel-check-out", true),
            ("*check*file*", "/dlapp/check-in-file-entry", true),
            ("/dl???/*", "/dlapp/x", true),
            ("/dl??/*", "/dlapp/x", false),
            ("/dlapp", "/dlapp/x", false),
            ("", "/dlapp/x", false),
            ("*", "", true),
            ("?", "", false),
            ("**a**", "a", true),
        ] {
            assert_eq!(matches(pattern, text), fits, "{pattern} {text}");
        }
    }

    proptest! {
        #[test]
        fn a_text_is_of_itself_and_of_what_stars_leave_of_it(text in "[a-c]{0,12}", from in 0_usize..12, to in 0_usize..12) {
            prop_assert!(matches(&text, &text));
            let (from, to) = (from.min(to).min(text.len()), from.max(to).min(text.len()));
            let pattern = [&text[..from], "*", &text[to..]].concat();
            prop_assert!(matches(&pattern, &text));
        }
    }
}
