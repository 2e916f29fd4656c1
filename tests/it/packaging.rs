//! The files that deploy us, held against each other and against the configuration. No container engine is needed.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs, io,
    path::{Path, PathBuf},
};

use coatcheck::config::{Config, Sources};
use serde_json::Value;

fn text(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(name);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn compose() -> Value {
    serde_yaml_ng::from_str(&text("compose.yaml")).expect("compose.yaml is YAML")
}

fn services(compose: &Value) -> impl Iterator<Item = (&String, &Value)> {
    compose["services"].as_object().expect("there are services").iter()
}

fn texts(list: &Value) -> Vec<&str> {
    list.as_array().into_iter().flatten().filter_map(Value::as_str).collect()
}

/// The instructions of the Dockerfile, continuation lines joined and comments left out.
fn instructions() -> Vec<String> {
    let text = text("Dockerfile");
    let lines: Vec<&str> = text.lines().filter(|line| !line.starts_with('#') && !line.is_empty()).collect();
    lines
        .join("\n")
        .replace("\\\n", " ")
        .lines()
        .map(|line| line.split_whitespace().collect::<Vec<_>>().join(" "))
        .collect()
}

fn environment(variables: impl IntoIterator<Item = (String, String)>) -> Config {
    let read = |path: &Path| {
        let secret = path.starts_with("/run/secrets");
        let text = secret.then(|| "postgres://coatcheck:x@db/coatcheck".to_owned());
        text.ok_or(io::ErrorKind::NotFound.into())
    };
    Config::load(Sources {
        file: None::<PathBuf>,
        environment: variables.into_iter().map(|(name, value)| (name.into(), value.into())).collect(),
        flags: Vec::new(),
        read: &read,
    })
    .expect("the settings are ones we know")
}

#[test]
fn compose_uses_only_what_it_declares_and_leaves_nothing_over() {
    let compose = compose();
    for kind in ["secrets", "networks", "volumes"] {
        let declared: BTreeSet<&str> = compose[kind].as_object().expect(kind).keys().map(String::as_str).collect();
        let used: BTreeSet<&str> = services(&compose)
            .flat_map(|(_, service)| texts(&service[kind]))
            .map(|item| item.split(':').next().unwrap_or_default())
            .collect();
        assert_eq!(declared, used, "{kind}");
    }
    for (name, service) in services(&compose) {
        for (needed, how) in service["depends_on"].as_object().into_iter().flatten() {
            assert!(compose["services"][needed].is_object(), "{name} needs {needed}");
            assert_eq!(how["condition"], "service_healthy");
        }
    }
}

#[test]
fn every_service_is_pinned_checked_restarted_and_locked_down() {
    for (name, service) in services(&compose()) {
        let (_, tag) = service["image"].as_str().and_then(|image| image.split_once(':')).expect("a tag");
        assert!(tag.starts_with(|c: char| c.is_ascii_digit()), "{name}: {tag}");
        assert!(texts(&service["healthcheck"]["test"]).len() > 1, "{name}");
        assert_eq!(service["restart"], "unless-stopped", "{name}");
        assert_eq!(service["read_only"], true, "{name}");
        assert_eq!(texts(&service["security_opt"]), ["no-new-privileges:true"], "{name}");
    }
}

#[test]
fn the_database_is_postgres_16_and_out_of_reach() {
    let compose = compose();
    let db = &compose["services"]["db"];
    assert_eq!(db["image"], "postgres:16");
    assert!(db["ports"].is_null());
    assert_eq!(texts(&db["networks"]), ["inside"]);
    assert_eq!(compose["networks"]["inside"]["internal"], true);
    for port in texts(&compose["services"]["coatcheck"]["ports"]) {
        assert!(port.starts_with("127.0.0.1:"), "{port}");
    }
}

#[test]
fn secrets_come_as_files_only() {
    let compose = compose();
    for (name, secret) in compose["secrets"].as_object().expect("secrets") {
        assert_eq!(secret["file"], format!("./secrets/{name}"));
    }
    for (service, settings) in services(&compose) {
        for (variable, value) in settings["environment"].as_object().into_iter().flatten() {
            let value = value.as_str().expect("a text");
            let secret = ["PASSWORD", "URL", "SECRET", "TOKEN"].iter().any(|word| variable.contains(word));
            assert_eq!(secret, variable.ends_with("_FILE"), "{service}: {variable}");
            if let Some(name) = value.strip_prefix("/run/secrets/") {
                assert!(texts(&settings["secrets"]).contains(&name), "{service}: {name}");
            }
        }
    }
}

#[test]
fn the_containers_settings_are_a_configuration() {
    let compose = compose();
    let mut variables: BTreeMap<String, String> = instructions()
        .iter()
        .filter_map(|line| line.strip_prefix("ENV "))
        .flat_map(|line| line.split(' ').filter_map(|pair| pair.split_once('=')))
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect();
    for (name, value) in compose["services"]["coatcheck"]["environment"].as_object().expect("settings") {
        variables.insert(name.clone(), value.as_str().expect("a text").to_owned());
    }
    let config = environment(variables);
    assert_eq!(config.server.listen, "0.0.0.0:8080".parse().ok());
    assert!(config.database.url.expose().ends_with("@db/coatcheck"));
    let data = config.embedded.data_dir.expect("a data folder");
    let volumes = &compose["services"]["coatcheck"]["volumes"];
    assert_eq!(texts(volumes), [format!("content:{}", data.display())]);
    let grace = compose["services"]["coatcheck"]["stop_grace_period"].as_str().expect("a time").to_owned();
    let drain = config.server.drain_seconds.0 + config.server.drain_notice_seconds.0;
    assert!(grace.trim_end_matches('s').parse::<u32>().expect("seconds") > drain);
}

#[test]
fn the_image_is_built_without_a_database_and_runs_as_nobody() {
    let lines = instructions();
    let starting = |word: &str| lines.iter().filter(|line| line.starts_with(word)).cloned().collect::<Vec<_>>();
    assert_eq!(starting("FROM "), ["FROM rust:1-slim-bookworm AS build", "FROM debian:bookworm-slim"]);
    assert_eq!(starting("USER "), ["USER 65534:65534"]);
    assert_eq!(starting("VOLUME "), ["VOLUME /var/lib/coatcheck"]);
    assert!(lines.contains(&"ENV SQLX_OFFLINE=true".to_owned()));
    assert!(starting("RUN ").iter().any(|line| line.contains("cargo build --release --locked")));
    assert!(starting("HEALTHCHECK ").iter().all(|line| line.ends_with(r#"CMD ["coatcheck", "health"]"#)));
    assert_eq!(starting("HEALTHCHECK ").len(), 1);
    assert!(!lines.iter().any(|line| line.contains("DATABASE_URL")));
}

#[test]
fn the_build_context_holds_what_the_build_reads_and_nothing_else() {
    let ignore = text(".dockerignore");
    let mut rules = ignore.lines().filter(|line| !line.starts_with('#') && !line.is_empty());
    assert_eq!(rules.next(), Some("*"));
    let kept: Vec<&str> = rules.map(|rule| rule.strip_prefix('!').expect("everything else is let in")).collect();
    for needed in ["Cargo.toml", "Cargo.lock", ".sqlx", "config", "migrations", "src", "tests"] {
        assert!(kept.contains(&needed), "{needed}");
    }
    assert!(!kept.contains(&"secrets") && !kept.contains(&"."));
}
