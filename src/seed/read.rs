//! From text to a [`World`]: entry by entry, so that one that is wrong does not hide the next.

use serde::de::DeserializeOwned;
use toml::{
    Spanned,
    de::{DeTable, DeValue, ValueDeserializer},
};

use super::{
    problem::Problem,
    world::{Entry, World},
};

/// The sections, in the order in which they are applied.
const SECTIONS: &str =
    "users, groups, applications, categories, policies, libraries, folders, files, parts, shares, links, tokens";

/// Reads what can be read, and says what cannot.
pub(super) fn read(text: &str) -> (World, Vec<Problem>) {
    let (document, broken) = DeTable::parse_recoverable(text);
    let mut world = World::default();
    let mut problems = Vec::new();
    if let Some(first) = broken.first() {
        // What follows may be read as something it is not.
        let what = format!("this is no TOML: {}", first.message());
        problems.push(Problem::new(first.span().unwrap_or_default(), what));
        return (world, problems);
    }
    for (name, value) in document.into_inner() {
        let problems = &mut problems;
        match name.get_ref().as_ref() {
            "users" => world.users = section("users", value, problems),
            "groups" => world.groups = section("groups", value, problems),
            "applications" => world.applications = section("applications", value, problems),
            "categories" => world.categories = section("categories", value, problems),
            "policies" => world.policies = section("policies", value, problems),
            "libraries" => world.libraries = section("libraries", value, problems),
            "folders" => world.folders = section("folders", value, problems),
            "files" => world.files = section("files", value, problems),
            "parts" => world.parts = section("parts", value, problems),
            "shares" => world.shares = section("shares", value, problems),
            "links" => world.links = section("links", value, problems),
            "tokens" => world.tokens = section("tokens", value, problems),
            unknown => {
                let what = format!("there is no section `{unknown}`; the sections are {SECTIONS}");
                problems.push(Problem::new(name.span(), what));
            }
        }
    }
    (world, problems)
}

fn section<T: DeserializeOwned>(name: &str, value: Spanned<DeValue<'_>>, problems: &mut Vec<Problem>) -> Vec<Entry<T>> {
    let at = value.span();
    let DeValue::Array(entries) = value.into_inner() else {
        problems.push(Problem::new(at, format!("each entry begins with [[{name}]], in two brackets")));
        return Vec::new();
    };
    let mut read = Vec::with_capacity(entries.len());
    for entry in entries {
        let at = entry.span();
        match T::deserialize(ValueDeserializer::from(entry)) {
            Ok(is) => read.push(Entry { at, is }),
            Err(error) => {
                problems.push(Problem::new(error.span().unwrap_or(at), error.message().trim_end().to_owned()));
            }
        }
    }
    read
}
