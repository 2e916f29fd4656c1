//! Queries: the searches for files, users and items, periods of activities, with their windows and wildcards, and the path
//! of categories (spec/arena.md 1.5, 8.1, 10, 11).

use chrono::{DateTime, TimeDelta, Timelike, Utc};

use super::{attributes::Given, error::Error};
use crate::{
    domain::page::Period,
    vault::{FileQuery, PartQuery, UserQuery},
};

/// Entries of a page when the client says nothing, and at most.
const USUAL_LIMIT: i64 = 20;
const LARGEST_LIMIT: i64 = 400;

/// Which part of a list is wanted.
#[derive(Clone, Copy, Debug)]
pub struct Window {
    /// Entries of the page at most.
    pub limit: i64,
    /// Entries to pass over.
    pub offset: i64,
}

impl Window {
    const USUAL: Window = Window { limit: USUAL_LIMIT, offset: 0 };

    /// Takes a parameter if it is one of the window's.
    fn takes(&mut self, name: &str, value: &str) -> Result<bool, Error> {
        match name {
            "limit" => self.limit = number(value)?,
            "offset" => self.offset = number(value)?,
            _ => return Ok(false),
        }
        Ok(true)
    }

    /// The entries in it of all there are.
    pub fn of<T>(self, all: &[T]) -> impl Iterator<Item = &T> {
        let bound = |number| usize::try_from(number).unwrap_or(usize::MAX);
        all.iter().skip(bound(self.offset)).take(bound(self.limit))
    }

    fn checked(self) -> Result<Self, Error> {
        if (1..=LARGEST_LIMIT).contains(&self.limit) && self.offset >= 0 {
            Ok(self)
        } else {
            Err(Error::WindowTooLarge)
        }
    }
}

/// A search for files.
#[derive(Clone, Debug)]
pub struct Search {
    /// What fits, but for the category.
    pub query: FileQuery,
    /// The GUID of the category, as it is spelled.
    pub category: Option<String>,
    /// Whether the categories below it count as well.
    pub children: bool,
    /// Which of them.
    pub window: Window,
}

impl Search {
    /// Reads the query of a request. Of a parameter that comes twice the last counts.
    pub fn read(query: Option<&str>) -> Result<Self, Error> {
        let mut search = Search { query: FileQuery::default(), category: None, children: false, window: Window::USUAL };
        for (name, value) in form_urlencoded::parse(query.unwrap_or_default().as_bytes()) {
            if search.window.takes(&name, &value)? {
                continue;
            }
            let attribute = match &*name {
                "category.guid" => &mut search.category,
                "title" => &mut search.query.title,
                "number" => &mut search.query.number,
                "format" => &mut search.query.format,
                "name" => &mut search.query.name,
                "any" => &mut search.query.any,
                "includeChildCategories" => {
                    filled(&name, &value)?;
                    search.children = Given::Part(&value).boolean(&name)?.unwrap_or_default();
                    continue;
                }
                _ => return Err(Error::NotSearchable(name.into_owned())),
            };
            filled(&name, &value)?;
            *attribute = Some(if name == "category.guid" { value.into_owned() } else { like(&value) });
        }
        search.window = search.window.checked()?;
        Ok(search)
    }
}

/// A search for items, which are parts in this house (11).
#[derive(Clone, Debug)]
pub struct PartSearch {
    /// What fits.
    pub query: PartQuery,
    /// Whether only the keys are wanted that identify an item.
    pub minimal: bool,
    /// Which of them.
    pub window: Window,
}

impl PartSearch {
    /// Reads the query of a request. Of a parameter that comes twice the last counts.
    pub fn read(query: Option<&str>) -> Result<Self, Error> {
        let mut search = PartSearch { query: PartQuery::default(), minimal: false, window: Window::USUAL };
        for (name, value) in form_urlencoded::parse(query.unwrap_or_default().as_bytes()) {
            if search.window.takes(&name, &value)? {
                continue;
            }
            match &*name {
                "responseview" => search.minimal = value.trim().eq_ignore_ascii_case("minimal"),
                "number" | "name" | "description" => {
                    filled(&name, &value)?;
                    let PartQuery { exact, number, name: named, description } = &mut search.query;
                    match &*name {
                        "name" => *named = Some(like(&value)),
                        "description" => *description = Some(like(&value)),
                        _ => {
                            // the number that the pattern spells comes first
                            *exact = Some(value.replace('*', ""));
                            *number = value.contains('*').then(|| like(&value));
                        }
                    }
                }
                _ => return Err(Error::NotSearchable(name.into_owned())),
            }
        }
        search.window.checked()?;
        Ok(search)
    }
}

/// Reads a search for users (10.3). Of a parameter that comes twice the last counts.
pub fn users(query: Option<&str>) -> Result<(UserQuery, Window), Error> {
    let (mut search, mut window) = (UserQuery::default(), Window::USUAL);
    for (name, value) in form_urlencoded::parse(query.unwrap_or_default().as_bytes()) {
        if window.takes(&name, &value)? {
            continue;
        }
        let attribute = match &*name {
            "firstName" => &mut search.first_name,
            "lastName" => &mut search.last_name,
            "fullName" => &mut search.full_name,
            "email" => &mut search.email,
            "type" => &mut search.affiliation,
            "enabled" => {
                filled(&name, &value)?;
                search.enabled = Given::Part(&value).boolean(&name)?;
                continue;
            }
            _ => return Err(Error::NotSearchable(name.into_owned())),
        };
        filled(&name, &value)?;
        *attribute = Some(like(&value));
    }
    Ok((search, window.checked()?))
}

/// Reads which activities are wanted (10.4). Both ends count, the last one to the end of its second: that is how exactly
/// moments are shown.
pub fn period(query: Option<&str>) -> Result<Period, Error> {
    let (mut window, mut from, mut to) = (Window::USUAL, None, None);
    for (name, value) in form_urlencoded::parse(query.unwrap_or_default().as_bytes()) {
        if window.takes(&name, &value)? {
            continue;
        }
        let end = match &*name {
            "dateTimeFrom" => &mut from,
            "dateTimeTo" => &mut to,
            _ => return Err(Error::NotSearchable(name.into_owned())),
        };
        filled(&name, &value)?;
        *end = Some(moment(&value).ok_or_else(|| Error::NotValid(name.into_owned()))?);
    }
    let Window { limit, offset } = window.checked()?;
    let until = to.map(|to| to.with_nanosecond(0).unwrap_or(to) + TimeDelta::seconds(1));
    Ok(Period { from, until, offset, limit })
}

/// `2014-05-02T21:22:13Z`, also with a fraction.
fn moment(text: &str) -> Option<DateTime<Utc>> {
    let text = text.trim();
    let read = DateTime::parse_from_rfc3339(text).ok().filter(|_| text.ends_with('Z'))?;
    Some(read.to_utc())
}

/// The parameter `path` of a query; the others are tolerated.
pub fn path(query: Option<&str>) -> Option<String> {
    let mut pairs = form_urlencoded::parse(query.unwrap_or_default().as_bytes());
    pairs.find(|(name, _)| name == "path").map(|(_, value)| value.into_owned())
}

/// A parameter that is true or false; `None`: not given. Of one that comes twice the last counts.
pub fn flag(query: Option<&str>, wanted: &str) -> Result<Option<bool>, Error> {
    let pairs = form_urlencoded::parse(query.unwrap_or_default().as_bytes());
    let given = pairs.filter(|(name, _)| name == wanted).last();
    given.map_or(Ok(None), |(name, value)| Given::Part(&value).boolean(&name))
}

/// The window of a list that comes whole unless a part of it is asked for; other parameters are tolerated.
pub fn whole_unless_asked(query: Option<&str>) -> Result<Window, Error> {
    let (mut window, mut limited) = (Window::USUAL, false);
    for (name, value) in form_urlencoded::parse(query.unwrap_or_default().as_bytes()) {
        limited |= name == "limit";
        window.takes(&name, &value)?;
    }
    let window = window.checked()?;
    Ok(if limited { window } else { Window { limit: i64::MAX, ..window } })
}

/// Whether a text fits a pattern in which `*` is any run of characters; case does not count.
pub fn fits(pattern: &str, text: &str) -> bool {
    let (pattern, text) = (pattern.to_lowercase(), text.to_lowercase());
    let mut pieces = pattern.split('*');
    let Some(mut rest) = pieces.next().and_then(|first| text.strip_prefix(first)) else { return false };
    let mut pieces: Vec<&str> = pieces.collect();
    let Some(last) = pieces.pop() else { return rest.is_empty() };
    // the leftmost place for each piece leaves the most room for those behind it
    for piece in pieces {
        let Some((_, behind)) = rest.split_once(piece) else { return false };
        rest = behind;
    }
    rest.ends_with(last)
}

fn filled(name: &str, value: &str) -> Result<(), Error> {
    match value {
        "" => Err(Error::EmptyValue(name.to_owned())),
        value if value.contains('\0') => Err(Error::NotValid(name.to_owned())),
        _ => Ok(()),
    }
}

/// A whole number; one that is too large for us is larger than every bound.
fn number(text: &str) -> Result<i64, Error> {
    let text = text.trim();
    let digits = text.strip_prefix('-').unwrap_or(text);
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(Error::NoWindow);
    }
    Ok(text.parse().unwrap_or(if digits.len() == text.len() { i64::MAX } else { i64::MIN }))
}

/// A pattern of `LIKE`: `*` is any run of characters, all else is itself.
fn like(text: &str) -> String {
    let mut pattern = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '*' => pattern.push('%'),
            '%' | '_' | '\\' => pattern.extend(['\\', c]),
            c => pattern.push(c),
        }
    }
    pattern
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_star_is_any_run_and_nothing_else_is_special() {
        assert_eq!(like("100%_a\\b*"), "100\\%\\_a\\\\b%");
        for (pattern, text, fit) in [
            ("file\\Design*", "File\\Design\\CAD", true),
            ("File", "File", true),
            ("File", "File\\Design", false),
            ("*cad", "File\\Design\\CAD", true),
            ("*", "", true),
            ("a*b*a", "aba", true),
            ("a*b*a", "ab", false),
            ("a*a", "a", false),
            ("", "x", false),
        ] {
            assert_eq!(fits(pattern, text), fit, "{pattern} {text}");
        }
    }

    #[test]
    fn the_window_has_bounds() {
        let window = |query| Search::read(Some(query)).map(|search| (search.window.limit, search.window.offset));
        assert_eq!(window("").unwrap(), (20, 0));
        assert_eq!(window("limit=400&offset=7").unwrap(), (400, 7));
        assert_eq!(window("offset=99999999999999999999").unwrap(), (20, i64::MAX));
        for out in ["limit=0", "limit=401", "limit=-1", "offset=-1", "limit=99999999999999999999"] {
            assert!(matches!(window(out), Err(Error::WindowTooLarge)), "{out}");
        }
        for no in ["limit=", "limit=x", "offset=1.5", "limit=-", "offset=0x10"] {
            assert!(matches!(window(no), Err(Error::NoWindow)), "{no}");
        }
    }

    #[test]
    fn a_period_has_ends_in_whole_seconds_of_greenwich() {
        let read = |query: &str| period(Some(query));
        let both = read("dateTimeFrom=2026-03-04T05:06:07.5Z&dateTimeTo=2026-03-04T05:06:07Z&limit=5").unwrap();
        assert_eq!(both.from.unwrap().to_rfc3339(), "2026-03-04T05:06:07.500+00:00");
        assert_eq!(both.until.unwrap().to_rfc3339(), "2026-03-04T05:06:08+00:00");
        assert_eq!((both.limit, both.offset), (5, 0));
        for bad in
            ["2026-03-04", "2026-03-04T05:06:07", "2026-03-04T05:06:07%2B01:00", "yesterday", "2026-02-30T00:00:00Z"]
        {
            let refused = read(&format!("dateTimeTo={bad}")).unwrap_err();
            assert!(matches!(refused, Error::NotValid(name) if name == "dateTimeTo"), "{bad}");
        }
        assert!(read("dateTimeTo=9999-12-31T23:59:60Z&dateTimeFrom=0000-01-01T00:00:00Z").is_ok());
        assert!(matches!(read("dateTimeFrom="), Err(Error::EmptyValue(_))));
        assert!(matches!(read("from=1"), Err(Error::NotSearchable(_))));
    }

    #[test]
    fn unknown_and_empty_attributes_are_named() {
        let read = |query| Search::read(Some(query));
        assert!(matches!(read("titel=x"), Err(Error::NotSearchable(name)) if name == "titel"));
        assert!(matches!(read("title="), Err(Error::EmptyValue(name)) if name == "title"));
        assert!(matches!(read("any=a%00b"), Err(Error::NotValid(name)) if name == "any"));
        assert!(matches!(read("includeChildCategories=x"), Err(Error::NotBoolean { .. })));
        assert_eq!(read("title=a+b%2Ac").unwrap().query.title.as_deref(), Some("a b%c"));
        assert_eq!(read("title=a&title=b").unwrap().query.title.as_deref(), Some("b"));
    }

    #[test]
    fn a_number_is_exact_unless_there_is_a_star() {
        let read = |query| PartSearch::read(Some(query));
        let exact = read("number=104-7&limit=1&responseview=minimal").unwrap();
        assert_eq!((exact.query.exact.as_deref(), exact.query.number), (Some("104-7"), None));
        assert_eq!((exact.minimal, exact.window.limit), (true, 1));
        let wild = read("number=104*&name=*a_b*").unwrap();
        assert_eq!((wild.query.exact.as_deref(), wild.query.number.as_deref()), (Some("104"), Some("104%")));
        assert_eq!((wild.query.name.as_deref(), wild.minimal), (Some("%a\\_b%"), false));
        assert!(matches!(read("number="), Err(Error::EmptyValue(name)) if name == "number"));
        assert!(matches!(read("title=x"), Err(Error::NotSearchable(name)) if name == "title"));
        assert!(matches!(read("limit=401"), Err(Error::WindowTooLarge)));
    }

    proptest! {
        #[test]
        fn a_text_fits_itself_and_its_beginnings(text in "[a-zA-Z\\\\%_ ]{0,12}", at in 0_usize..12) {
            prop_assert!(fits(&text, &text));
            let start: String = text.chars().take(at).collect();
            let pattern = format!("{start}*");
            prop_assert!(fits(&pattern, &text));
        }

        #[test]
        fn any_query_is_read_or_refused(query in "\\PC{0,60}") {
            let _answer = (Search::read(Some(&query)), PartSearch::read(Some(&query)));
            let _answer = (users(Some(&query)), period(Some(&query)));
        }
    }
}
