//! Company (spec/liferay.md 10.7): the one there is.

use serde::Serialize;

use crate::dialects::liferay::ids::Long;

/// Company.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Company {
    active: bool,
    company_id: Long,
    group_id: Long,
    #[serde(rename = "homeURL")]
    home_url: &'static str,
    logo_id: Long,
    max_users: i32,
    mx: &'static str,
    web_id: &'static str,
}

impl Company {
    /// The company with this number.
    pub fn of(company: i64) -> Self {
        Self {
            active: true,
            company_id: Long(company),
            group_id: Long(0),
            home_url: "",
            logo_id: Long(0),
            max_users: 0,
            mx: "liferay.com",
            web_id: "liferay.com",
        }
    }
}
