//! This room's objects, member for member and sorted by name (spec/liferay.md 6 and 10), made from the domain's. Only the
//! columns of the vendor's models; features we lack have the vendor's neutral values.

pub mod company;
pub mod file_entry;
pub mod file_version;
pub mod folder;
pub mod group;
pub mod hits;
pub mod lock;
pub mod repository;
pub mod user;

use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::Value;

use super::error::Error;

/// A date: milliseconds since the epoch.
pub type Millis = i64;

/// A moment as a date.
pub fn millis(moment: DateTime<Utc>) -> Millis {
    moment.timestamp_millis()
}

/// An object as the result of a method.
pub fn shown(object: &impl Serialize) -> Result<Value, Error> {
    serde_json::to_value(object).map_err(Error::broken)
}

/// Several objects as the result of a method.
pub fn list<'a, T: 'a, S: Serialize>(
    things: impl IntoIterator<Item = &'a T>,
    show: impl Fn(&'a T) -> S,
) -> Result<Value, Error> {
    things.into_iter().map(|thing| shown(&show(thing))).collect::<Result<Vec<_>, _>>().map(Value::Array)
}

#[cfg(test)]
mod tests {
    /// Every struct here declares its members in the order of their names: that is the order on the wire.
    #[test]
    fn members_are_sorted_by_name() {
        let sources = [
            include_str!("wire/company.rs"),
            include_str!("wire/file_entry.rs"),
            include_str!("wire/file_version.rs"),
            include_str!("wire/folder.rs"),
            include_str!("wire/group.rs"),
            include_str!("wire/hits.rs"),
            include_str!("wire/lock.rs"),
            include_str!("wire/repository.rs"),
            include_str!("wire/user.rs"),
        ];
        for source in sources {
            let body = source.split("pub struct").nth(1).and_then(|rest| rest.split("\n}").next()).unwrap_or_default();
            let mut renamed = None;
            let mut names = Vec::new();
            for line in body.lines().map(str::trim) {
                if let Some(name) = line.strip_prefix("#[serde(rename = \"").and_then(|rest| rest.strip_suffix("\")]"))
                {
                    renamed = Some(name.to_owned());
                } else if let Some((name, _)) = line.split_once(": ").filter(|_| line.ends_with(',')) {
                    let java = super::super::names::camel(&name.trim_start_matches("r#").replace('_', "-"));
                    names.push(renamed.take().unwrap_or(java));
                }
            }
            let mut sorted = names.clone();
            sorted.sort();
            assert!(names.len() > 5 && names == sorted, "{names:?}");
        }
    }
}
