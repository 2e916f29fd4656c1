//! The room's JSON and XML, field for field, from the domain's words (spec/oracle.md 2.3 to 2.6, 5 to 8). Reads no
//! requests; knows no status.

mod item;
mod link;
mod metadata;
mod node;
mod time;

pub use item::{at_home, edition, file, folder, head_of_versions, home};
pub use link::link;
pub use metadata::{collection, kind_of, said};
pub use node::Fields;
pub use time::{parse_time, time};

use crate::domain::person::Person;

/// A user object (2.6), with `loginName` everywhere.
pub fn user(person: &Person) -> Fields {
    Fields::new()
        .text("displayName", &person.name)
        .text("id", &person.oracle_id)
        .text("loginName", &person.login)
        .text("type", "user")
}
