//! What a query asks of a list (spec/liferay.md 12): `page`, `pageSize`, `search`, `sort`, `flatten`, `filter`; and `fields`
//! of whatever is shown.

use axum::{http::StatusCode, response::Response};
use serde_json::{Value, json};

use super::{error::Problem, filter};
use crate::domain::{
    item::Kind,
    search::{Search, SearchOrder, SearchWindow},
};

/// Entries of a page where nothing is said.
const USUAL: i64 = 20;
/// Most entries of a page; who asks for more gets so many, and is told.
const MOST: i64 = 200;

/// What is wanted of a list.
#[derive(Debug)]
pub struct Wanted {
    /// What must be so of an entry.
    pub search: Search,
    /// Which part of them, in which order.
    pub window: SearchWindow,
    page: i64,
    size: i64,
    fields: Vec<String>,
}

impl Wanted {
    /// Reads a query for files or for folders. Unknown parameters say nothing.
    pub fn parse(query: &str, kind: Kind) -> Result<Self, Problem> {
        let title = if kind == Kind::File { "title" } else { "name" };
        let (mut page, mut size, mut flatten) = (1, USUAL, false);
        let (mut order, mut descending) = (SearchOrder::Title, false);
        let mut search = Search::default();
        let mut condition = None;
        for (name, value) in form_urlencoded::parse(query.as_bytes()) {
            match &*name {
                "page" => page = count(&value).ok_or(Problem::Bad("page must be a positive number"))?,
                "pageSize" => {
                    let sent = count(&value).ok_or(Problem::Bad("pageSize must be a positive number"))?;
                    size = sent.min(MOST);
                }
                "flatten" => flatten = boolean(&value).ok_or(Problem::Bad("flatten must be true or false"))?,
                "search" => search = Search::of_words(&value).ok_or(Problem::Bad("search has too many words"))?,
                "sort" if !value.is_empty() => {
                    (order, descending) = sort(&value, title).ok_or(Problem::Bad("sort is not understood"))?;
                }
                "filter" if !value.is_empty() => {
                    let read = filter::parse(&value, title);
                    condition = Some(read.ok_or(Problem::Bad("filter is not understood"))?);
                }
                _ => {}
            }
        }
        search.kind = Some(kind);
        search.directly = !flatten;
        search.title = condition;
        let window = SearchWindow { offset: (page - 1).saturating_mul(size), limit: size, order, descending };
        Ok(Self { search, window, page, size, fields: fields(query) })
    }

    /// A page of the list.
    pub fn page(&self, mut items: Vec<Value>, total: i64) -> Response {
        for item in &mut items {
            pick(item, &self.fields);
        }
        let last = total.saturating_add(self.size - 1) / self.size;
        let body = json!({
            "actions": {}, "facets": [], "items": items, "lastPage": last.max(1), "page": self.page,
            "pageSize": self.size, "totalCount": total,
        });
        super::json(StatusCode::OK, &body)
    }
}

/// A positive number in digits.
fn count(text: &str) -> Option<i64> {
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse().ok().filter(|number| digits && *number > 0)
}

fn boolean(text: &str) -> Option<bool> {
    match text {
        "true" => Some(true),
        "false" => Some(false),
        _ => None,
    }
}

/// One member, and which way round.
fn sort(text: &str, title: &str) -> Option<(SearchOrder, bool)> {
    let (member, direction) = text.split_once(':').unwrap_or((text, "asc"));
    let order = match member {
        "dateCreated" => SearchOrder::Created,
        "dateModified" => SearchOrder::Modified,
        // folders have none
        "sizeInBytes" if title == "title" => SearchOrder::Size,
        member if member == title => SearchOrder::Title,
        _ => return None,
    };
    match direction {
        "asc" => Some((order, false)),
        "desc" => Some((order, true)),
        _ => None,
    }
}

/// The members that are wanted, `a.b` for one inside of another; none: all of them.
pub fn fields(query: &str) -> Vec<String> {
    let all = form_urlencoded::parse(query.as_bytes()).filter(|(name, _)| name == "fields");
    let names = all.flat_map(|(_, value)| value.split(',').map(|name| name.trim().to_owned()).collect::<Vec<_>>());
    names.filter(|name| !name.is_empty()).collect()
}

/// Leaves nothing but the wanted members.
pub fn pick<S: AsRef<str>>(value: &mut Value, wanted: &[S]) {
    if wanted.is_empty() {
        return;
    }
    let wanted: Vec<(&str, Option<&str>)> = wanted
        .iter()
        .map(|path| match path.as_ref().split_once('.') {
            Some((member, rest)) => (member, Some(rest)),
            None => (path.as_ref(), None),
        })
        .collect();
    let Value::Object(members) = value else { return };
    members.retain(|name, member| {
        let mut named = wanted.iter().filter(|(wanted, _)| wanted == name).peekable();
        if named.peek().is_none() {
            return false;
        }
        if let Some(deeper) = named.map(|(_, rest)| *rest).collect::<Option<Vec<_>>>() {
            pick(member, &deeper);
        }
        true
    });
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_page_has_a_place_in_the_list() {
        let wanted = Wanted::parse("page=3&pageSize=500&sort=dateModified:desc&flatten=true", Kind::File).unwrap();
        assert_eq!((wanted.window.offset, wanted.window.limit, wanted.window.descending), (400, 200, true));
        assert!(!wanted.search.directly);
        let usual = Wanted::parse("", Kind::Folder).unwrap();
        assert_eq!((usual.window.offset, usual.window.limit, usual.search.directly), (0, 20, true));
        assert!(Wanted::parse(&format!("page={}", i64::MAX), Kind::File).is_ok());
        for bad in [
            "page=0",
            "page=",
            "page=-1",
            "page=%2B1",
            "page=1.0",
            "page=99999999999999999999",
            "pageSize=0",
            "flatten=yes",
            "sort=title:up",
            "sort=owner",
            "sort=title:asc,dateModified:asc",
            "filter=title",
            "filter=name+eq+'a'",
        ] {
            assert!(Wanted::parse(bad, Kind::File).is_err(), "{bad}");
        }
        assert!(Wanted::parse("sort=sizeInBytes", Kind::Folder).is_err());
    }

    #[test]
    fn wanted_members_stay_and_others_go() {
        let picked = |names: &[&str]| {
            let mut value = json!({"id": 1, "title": "a", "creator": {"id": 2, "name": "b"}});
            pick(&mut value, names);
            value.to_string()
        };
        assert_eq!(picked(&["title", "id"]), r#"{"id":1,"title":"a"}"#);
        assert_eq!(picked(&["creator.name"]), r#"{"creator":{"name":"b"}}"#);
        assert_eq!(picked(&["creator.name", "creator"]), r#"{"creator":{"id":2,"name":"b"}}"#);
        assert_eq!(picked(&["title.x", "nope"]), r#"{"title":"a"}"#);
        assert_eq!(fields("fields=id,%20title&fields=,x"), ["id", "title", "x"]);
    }

    proptest! {
        #[test]
        fn no_query_breaks_it(query: String) {
            if let Ok(wanted) = Wanted::parse(&query, Kind::File) {
                prop_assert!(wanted.window.offset >= 0 && (1..=MOST).contains(&wanted.window.limit));
            }
        }
    }
}
