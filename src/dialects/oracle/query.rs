//! Query parameters (spec/oracle.md 2.10): names with their case, the first of each counts, unknown ones are ignored.

use axum::{extract::FromRequestParts, http::request::Parts};

use super::{Hall, error::Error};
use crate::domain::page::{Order, Window};

/// The largest page.
const LARGEST_PAGE: i64 = 10_000;
/// A page when nothing is said.
const PAGE: i64 = 50;

/// The parameters of a request.
#[derive(Clone, Debug, Default)]
pub struct Query(Vec<(String, String)>);

impl FromRequestParts<Hall> for Query {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, _: &Hall) -> Result<Self, Error> {
        Ok(Self::parse(parts.uri.query().unwrap_or_default()))
    }
}

impl Query {
    fn parse(text: &str) -> Self {
        Self(form_urlencoded::parse(text.as_bytes()).into_owned().collect())
    }

    /// A parameter, if it is there and says something.
    pub fn get(&self, name: &'static str) -> Result<Option<&str>, Error> {
        let value = self.0.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str());
        match value {
            Some(value) if value.contains('\0') => Err(Error::BadValue(name)),
            value => Ok(value.filter(|value| !value.is_empty())),
        }
    }

    /// Whether a parameter is there, be it empty.
    pub fn names(&self, name: &'static str) -> bool {
        self.0.iter().any(|(key, _)| key == name)
    }

    /// A number that is not negative; one too large for us is larger than everything.
    pub fn number(&self, name: &'static str) -> Result<Option<i64>, Error> {
        let Some(text) = self.get(name)? else { return Ok(None) };
        let digits = text.bytes().all(|byte| byte.is_ascii_digit());
        if digits { Ok(Some(text.parse().unwrap_or(i64::MAX))) } else { Err(Error::BadValue(name)) }
    }

    /// Yes or no; what is not there is no.
    pub fn flag(&self, name: &'static str) -> Result<bool, Error> {
        match self.get(name)? {
            None | Some("false" | "0") => Ok(false),
            Some("true" | "1") => Ok(true),
            Some(_) => Err(Error::BadValue(name)),
        }
    }

    /// `offset`, and `limit` where a page has so many when nothing is said.
    pub fn page(&self, usual: i64) -> Result<(i64, i64), Error> {
        Ok((self.number("offset")?.unwrap_or(0), self.number("limit")?.unwrap_or(usual).min(LARGEST_PAGE)))
    }

    /// `limit`, `offset` and `orderby` of a listing.
    pub fn window(&self) -> Result<Window, Error> {
        let (offset, limit) = self.page(PAGE)?;
        Ok(Window { offset, limit, order: self.get("orderby")?.map_or(Ok(Order::Name), order)? })
    }
}

fn order(text: &str) -> Result<Order, Error> {
    Ok(match text {
        "name" | "name:asc" => Order::Name,
        "name:desc" => Order::NameDescending,
        "createdTime" | "createdTime:asc" => Order::Created,
        "createdTime:desc" => Order::CreatedDescending,
        "modifiedTime" | "modifiedTime:asc" => Order::Modified,
        "modifiedTime:desc" => Order::ModifiedDescending,
        _ => return Err(Error::BadValue("orderby")),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_window_has_the_vendors_defaults_and_limits() {
        let window =
            |text: &str| Query::parse(text).window().ok().map(|window| (window.offset, window.limit, window.order));
        assert_eq!(window(""), Some((0, 50, Order::Name)));
        assert_eq!(
            window("limit=10001&offset=3&orderby=createdTime:desc"),
            Some((3, 10_000, Order::CreatedDescending))
        );
        assert_eq!(window("limit=99999999999999999999&limit=1"), Some((0, 10_000, Order::Name)));
        assert_eq!(window("Limit=1&offset="), Some((0, 50, Order::Name)));
        for bad in ["limit=-1", "limit=a", "offset=1.5", "orderby=size", "orderby=name:up", "offset=+1", "limit=%00"] {
            assert_eq!(window(bad), None, "{bad}");
        }
    }
}
