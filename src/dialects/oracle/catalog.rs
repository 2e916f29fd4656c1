//! Versions and catalog (spec/oracle.md 11): what is served here, read off the room's own table of routes. Anybody may
//! know.

use axum::{
    extract::{Path, State, rejection::PathRejection},
    http::Uri,
};

use super::{
    Hall, VERSIONS,
    answer::{Answer, Base},
    error::Error,
    operation::Operation,
    route::Route,
    routes,
    wire::Fields,
};

/// The version that today's clients speak.
const LATEST: &str = "1.2";

/// `GET /documents/api`.
pub async fn versions(State(_): State<Hall>, base: Base) -> Result<Answer, Error> {
    let items = VERSIONS.map(|version| {
        let latest = if version == LATEST { "true" } else { "false" };
        Fields::new()
            .text("version", version)
            .text("lifecycle", "active")
            .text("isLatest", latest)
            .and(links_of_version(&base, version))
    });
    Ok(Answer::done(counted(items.into())))
}

/// `GET /documents/api/{version}`.
pub async fn version(State(_): State<Hall>, base: Base, uri: Uri) -> Result<Answer, Error> {
    let version = spoken(&uri)?;
    let fields =
        Fields::new().text("version", version).text("lifecycle", "active").truth("isLatest", version == LATEST);
    Ok(Answer::done(fields.and(links_of_version(&base, version))))
}

/// `GET /documents/api/{version}/metadata-catalog`.
pub async fn resources(State(_): State<Hall>, base: Base) -> Result<Answer, Error> {
    let mut names: Vec<&str> = routes().iter().map(|(path, ..)| resource_of(path)).collect();
    names.sort_unstable();
    names.dedup();
    let items = names.into_iter().map(|name| {
        let address = base.address(&format!("/metadata-catalog/{name}"));
        Fields::new().text("name", name).list("links", vec![canonical(&address)])
    });
    let links = vec![canonical(&base.address("/metadata-catalog"))];
    Ok(Answer::done(counted(items.collect()).list("links", links)))
}

/// `GET /documents/api/{version}/metadata-catalog/{resource}`.
pub async fn resource(
    State(_): State<Hall>,
    base: Base,
    name: Result<Path<String>, PathRejection>,
) -> Result<Answer, Error> {
    let Path(name) = name.map_err(|_| Error::NoRoute)?;
    let items: Vec<Fields> =
        routes().iter().filter(|(path, ..)| resource_of(path) == name).map(operation_of_table).collect();
    if items.is_empty() {
        return Err(Error::NoRoute);
    }
    let links = vec![canonical(&base.address(&format!("/metadata-catalog/{name}")))];
    Ok(Answer::done(counted(items).text("name", name).list("links", links)))
}

fn operation_of_table((path, operation, route): &(&'static str, Operation, Route)) -> Fields {
    Fields::new().text("method", route.method).text("path", *path).text("service", operation.words().service)
}

/// What a path is about: its first part.
fn resource_of(path: &str) -> &str {
    path.trim_start_matches('/').split('/').next().unwrap_or_default()
}

/// The version in the path. The router let in no other.
fn spoken(uri: &Uri) -> Result<&'static str, Error> {
    let version = uri.path().split('/').nth(3).unwrap_or_default();
    VERSIONS.into_iter().find(|known| *known == version).ok_or(Error::NoRoute)
}

fn links_of_version(base: &Base, version: &str) -> Fields {
    let catalog = canonical(&base.address_in(version, "/metadata-catalog"));
    Fields::new()
        .object("catalog", Fields::new().list("links", vec![catalog]))
        .list("links", vec![canonical(&base.address_in(version, ""))])
}

fn canonical(address: &str) -> Fields {
    Fields::new().text("ref", "canonical").text("href", address)
}

fn counted(items: Vec<Fields>) -> Fields {
    Fields::new().text("count", items.len().to_string()).list("items", items)
}
