//! User (spec/liferay.md 10.7). Never passwords, tokens or what was used to sign in.

use serde::Serialize;

use super::Millis;
use crate::{dialects::liferay::ids::Long, domain::person::Person};

/// User.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct User<'a> {
    company_id: Long,
    contact_id: Long,
    create_date: Option<Millis>,
    email_address: &'a str,
    first_name: &'a str,
    greeting: String,
    job_title: &'static str,
    language_id: &'static str,
    last_name: &'a str,
    middle_name: &'static str,
    modified_date: Option<Millis>,
    portrait_id: Long,
    screen_name: &'a str,
    status: i32,
    time_zone_id: &'static str,
    user_id: Long,
    uuid: String,
}

impl<'a> User<'a> {
    /// Somebody of the company with this number.
    pub fn of(person: &'a Person, company: i64) -> Self {
        let (first, last) = person.first_and_last_name();
        Self {
            company_id: Long(company),
            contact_id: Long(person.number),
            create_date: None,
            email_address: &person.email,
            first_name: first,
            greeting: format!("Welcome {}!", person.name),
            job_title: "",
            language_id: "en_US",
            last_name: last,
            middle_name: "",
            modified_date: None,
            portrait_id: Long(0),
            screen_name: &person.login,
            status: 0,
            time_zone_id: "UTC",
            user_id: Long(person.number),
            uuid: person.id.0.to_string(),
        }
    }
}
