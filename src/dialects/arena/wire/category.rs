//! A file category as the settings show it (spec/arena.md 10.1).

use serde::Serialize;

use super::{Moment, User};
use crate::{dialects::arena::ids, vault};

/// A file category.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Category<'a> {
    activated: bool,
    assignable: bool,
    creation_date_time: Moment,
    creator: Option<User>,
    description: &'a str,
    guid: &'a str,
    level: usize,
    name: &'a str,
    path: String,
    requirements: [(); 0],
    system_defined: bool,
}

impl<'a> Category<'a> {
    /// A category and who made it, if somebody did.
    pub fn of(category: &'a vault::Category, creator: Option<User>) -> Self {
        let row = &category.row;
        Category {
            activated: row.active,
            assignable: row.assignable,
            creation_date_time: Moment(row.created_at),
            creator,
            description: &row.description,
            guid: &row.arena_guid,
            level: category.chain.len(),
            name: &row.name,
            path: ids::category_path(&category.path),
            requirements: [],
            system_defined: row.parent.is_none(),
        }
    }
}
