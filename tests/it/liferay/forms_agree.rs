//! All calling forms mean the same: one call in each of them, with one result.

use coatcheck::dialects::liferay::methods::{Kind, Method, methods};
use proptest::{
    prelude::*,
    test_runner::{Config, TestRunner},
};
use reqwest::multipart::Form;
use serde_json::{Map, Value, json};

use crate::support::{answer::Answer, liferay::Liferay, server::Server};

/// What a parameter is given.
#[derive(Clone, Debug, PartialEq)]
enum Given {
    /// `name`.
    Text(String),
    /// `-name`.
    Null,
    /// `+name`.
    New,
}

type Parameter = (String, Given);

fn texts(given: &[(&str, &str)]) -> Vec<Parameter> {
    given.iter().map(|(name, value)| ((*name).to_owned(), Given::Text((*value).to_owned()))).collect()
}

/// As a query, a form or parts have it.
fn pairs(given: &[Parameter]) -> Vec<(String, String)> {
    let pair = |(name, value): &Parameter| match value {
        Given::Text(text) => (name.clone(), text.clone()),
        Given::Null => (format!("-{name}"), "ignored".to_owned()),
        Given::New => (format!("+{name}"), String::new()),
    };
    given.iter().map(pair).collect()
}

/// As JSON has it: numbers as numbers.
fn object(given: &[Parameter]) -> Value {
    let member = |(name, value): &Parameter| match value {
        Given::Text(text) => {
            let number = text.parse::<i64>().ok().filter(|number| number.to_string() == *text).map(Value::from);
            (name.clone(), number.unwrap_or_else(|| text.clone().into()))
        }
        Given::Null => (name.clone(), Value::Null),
        Given::New => (format!("+{name}"), "".into()),
    };
    Value::Object(given.iter().map(member).collect::<Map<_, _>>())
}

/// As a path has it.
fn path(given: &[Parameter]) -> String {
    let encoded = |text: &str| -> String {
        form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>().replace('+', "%20")
    };
    given.iter().fold(String::new(), |path, (name, value)| match value {
        Given::Text(text) => format!("{path}/{}/{}", kebab(name), encoded(text)),
        Given::Null => format!("{path}/-{}", kebab(name)),
        Given::New => format!("{path}/+{}", kebab(name)),
    })
}

fn kebab(name: &str) -> String {
    name.chars()
        .flat_map(|c| if c.is_ascii_uppercase() { vec!['-', c.to_ascii_lowercase()] } else { vec![c] })
        .collect()
}

fn query(pairs: &[(String, String)]) -> String {
    form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish()
}

/// One call in every form that can carry it; JSON-RPC's result taken out of its envelope.
async fn in_every_form(client: &Liferay<'_>, service: &str, method: &str, given: &[Parameter]) -> Vec<(u16, Value)> {
    let at = format!("/{service}/{method}");
    let (pairs, object) = (pairs(given), object(given));
    let borrowed: Vec<(&str, &str)> = pairs.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    let fields = pairs.iter().fold(Form::new(), |form, (name, value)| form.text(name.clone(), value.clone()));
    let first = given.len().min(1);
    let mixed = path(&given[..first]);
    let command = json!({at.clone(): object.clone()}).to_string();
    let nested = json!({"$me = /user/get-current-user": {format!("$child = {at}"): object.clone()}});

    let mut answers: Vec<Answer> = vec![
        client.get(&format!("{at}{}", path(given))).await,
        client.post(&format!("{at}{}", path(given)), &[]).await,
        client.get(&format!("{at}?{}", query(&pairs))).await,
        client.post(&format!("{at}?{}", query(&pairs)), &[]).await,
        client.post(&at, &borrowed).await,
        client.parts(&at, fields).await,
        client.post(&format!("{at}{mixed}"), &borrowed[first..]).await,
        client.text("/invoke", command.clone()).await,
        client.post("/invoke", &[("cmd", &command), ("p_auth", "x")]).await,
        client.get(&format!("/invoke?{}", query(&[("cmd".to_owned(), command.clone())]))).await,
        client.parts("/invoke", Form::new().text("cmd", command.clone())).await,
        client.text("", command.clone()).await,
        client.text(&at, object.to_string()).await,
    ];
    let mut batch = client.text("/invoke", format!("[{command}]")).await;
    if batch.status == 200 {
        batch.body = or_empty(batch.json()[0].take()).to_string().into_bytes();
    }
    let mut child = client.invoke(&nested).await;
    if child.status == 200 {
        child.body = or_empty(child.json()["child"].take()).to_string().into_bytes();
    }
    answers.extend([batch, child]);
    let mut plain: Vec<(u16, Value)> =
        answers.iter().map(|answer| (answer.status.as_u16(), anonymous(&answer.json()))).collect();
    let full = json!({"jsonrpc": "2.0", "method": at, "params": object.clone(), "id": "x"});
    for rpc in [client.rpc(service, method, object).await, client.text("", full.to_string()).await] {
        plain.push(unpacked(&rpc, plain[0].clone()));
    }
    plain
}

fn or_empty(value: Value) -> Value {
    if value.is_null() { json!({}) } else { value }
}

/// What only the form decides: how a refusal names the HTTP method.
fn anonymous(value: &Value) -> Value {
    let text = value.to_string();
    let text =
        text.replace("and method GET for", "and method null for").replace("and method POST for", "and method null for");
    serde_json::from_str(&text).unwrap()
}

/// A JSON-RPC answer as the same answer without an envelope.
fn unpacked(rpc: &Answer, plain: (u16, Value)) -> (u16, Value) {
    if rpc.status != 200 {
        return (rpc.status.as_u16(), rpc.json());
    }
    let envelope = rpc.json();
    match envelope.get("error") {
        // the code depends on whose fault it is; the text is the same
        Some(error) if error["message"] == plain.1["throwable"] => plain,
        Some(error) => (200, error.clone()),
        None => (200, envelope.get("result").cloned().unwrap_or_else(|| json!({}))),
    }
}

fn agree(answers: &[(u16, Value)], call: &str) -> Result<(), TestCaseError> {
    for (form, answer) in answers.iter().enumerate() {
        prop_assert_eq!(answer, &answers[0], "form {} of {}", form, call);
    }
    Ok(())
}

#[tokio::test]
async fn every_form_gives_the_same_result_for_the_same_call() {
    let server = Server::start().await;
    let ann = server.liferay(&server.world.ann);
    let (file, group) = (server.plan_number().to_string(), server.group().to_string());
    for (service, method, given) in [
        ("dlapp", "get-file-entry", vec![("fileEntryId", file.as_str())]),
        ("dlapp", "get-file-entry", vec![("groupId", &group), ("folderId", "0"), ("title", "plan.txt")]),
        ("dlapp", "check-out-file-entry", vec![("fileEntryId", &file)]),
        ("dlapp", "check-out-file-entry", vec![("fileEntryId", &file), ("owner", "me"), ("expirationTime", "5")]),
        ("dlfileentry", "is-file-entry-checked-out", vec![("fileEntryId", &file)]),
        ("dlapp", "cancel-check-out", vec![("fileEntryId", &file)]),
        ("dlapp", "cancel-check-out", vec![("fileEntryId", "1")]),
        ("dlapp", "cancel-check-out", vec![("fileEntryId", "abc")]),
        ("dlapp", "cancel-check-out", vec![("unknown", "1")]),
        ("dlapp", "get-file-entries", vec![("repositoryId", &group), ("folderId", "0"), ("start", "0"), ("end", "5")]),
        ("dlapp", "get-file-entries-count", vec![("repositoryId", &group), ("folderId", "0")]),
        (
            "dlapp",
            "check-in-file-entry",
            vec![("fileEntryId", &file), ("dlVersionNumberIncrease", "SOME"), ("changeLog", "x")],
        ),
        ("dlapp", "nope", vec![("fileEntryId", &file)]),
        ("group", "get-user-sites-groups", vec![]),
        ("user", "get-user-by-email-address", vec![("emailAddress", "bob@example.com")]),
        ("portal", "get-build-number", vec![]),
    ] {
        let answers = in_every_form(&ann, service, method, &texts(&given)).await;
        agree(&answers, &format!("{service}/{method} {given:?}")).unwrap();
    }
}

/// The vendor's rule: the class of an exception says its status (spec/liferay.md 7).
fn status_of(class: &str) -> u16 {
    let name = class.rsplit('.').next().unwrap_or_default();
    if name.starts_with("NoSuch") {
        404
    } else if name.starts_with("PrincipalException") || name == "SecurityException" {
        403
    } else {
        500
    }
}

/// Values a parameter may be given: some that are there, some that are not, some of another type.
fn values(server: &Server, name: &str, kind: Kind) -> Vec<Given> {
    let world = &server.world;
    let mut texts: Vec<String> = match name {
        "fileEntryId" => vec![world.file.number.to_string(), world.library.root_number.to_string()],
        "repositoryId" | "groupId" => vec![world.library.number.to_string()],
        "companyId" => vec!["20097".into()],
        "userId" => vec![world.bob.person.number.to_string()],
        "title" => vec!["plan.txt".into(), "a b+c/d&e=f%25\u{e9}".into()],
        "uuid" => vec![world.file.id.0.to_string()],
        "emailAddress" => vec!["bob@example.com".into()],
        "screenName" => vec!["bob".into()],
        "mimeTypes" => vec!["text/plain".into(), "a,text/plain".into(), "[\"text/plain\"]".into()],
        "status" | "start" => vec!["-1".into(), "0".into()],
        "end" => vec!["-1".into(), "1".into()],
        _ => Vec::new(),
    };
    texts.push(if kind == Kind::Boolean { "true".into() } else { "0".into() });
    texts.extend(["abc".into(), "9223372036854775808".into()]);
    let mut values: Vec<Given> = texts.into_iter().map(Given::Text).collect();
    values.extend([Given::Null, Given::New]);
    values
}

#[test]
fn whatever_is_asked_in_whatever_order_the_forms_agree() {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().worker_threads(2).build().unwrap();
    let server = runtime.block_on(Server::start());
    let ann = server.liferay(&server.world.ann);
    let reads: Vec<&'static Method> = methods().iter().copied().filter(|method| method.verb() == "GET").collect();
    assert!(reads.len() > 20);
    let call = prop::sample::select(reads).prop_flat_map(|method| {
        let given: Vec<_> = method
            .parameters
            .iter()
            .map(|parameter| {
                let value = prop::sample::select(values(&server, parameter.name, parameter.kind));
                // now and then one is left out
                (Just(parameter.name.to_owned()), value, prop::bool::weighted(0.92))
            })
            .collect();
        let extra = prop::option::of(prop::sample::select(vec![
            ("nonsense".to_owned(), Given::Text("x".to_owned())),
            ("serviceContext".to_owned(), Given::New),
            ("userId".to_owned(), Given::Text("1".to_owned())),
        ]));
        (given, extra)
            .prop_map(|(given, extra)| {
                let mut some: Vec<Parameter> =
                    given.into_iter().filter(|(_, _, kept)| *kept).map(|(name, value, _)| (name, value)).collect();
                some.extend(extra.filter(|(name, _)| some.iter().all(|(other, _)| other != name)));
                some
            })
            .prop_shuffle()
            .prop_map(move |given| (method, given))
    });
    let mut runner = TestRunner::new(Config { cases: 60, failure_persistence: None, ..Config::default() });
    let outcome = runner.run(&call, |(method, given)| {
        let (service, name) = (method.service.path, method.kebab());
        let answers = runtime.block_on(in_every_form(&ann, service, &name, &given));
        agree(&answers, &format!("{service}/{name} {given:?}"))?;
        let (status, body) = &answers[0];
        prop_assert!(matches!(status, 200 | 403 | 404 | 500), "{} {}", status, body);
        if *status != 200 {
            let class = body["error"]["type"].as_str().unwrap_or_default();
            prop_assert_eq!(*status, status_of(class), "{}", body);
        }
        Ok(())
    });
    outcome.unwrap();
    // the database's client closes its connections with the runtime's help
    let _guard = runtime.enter();
    drop(server);
}
