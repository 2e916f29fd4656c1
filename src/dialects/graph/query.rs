//! Query options: with or without `$`, in any letter case, the unknown ones ignored (spec/graph.md 1.2).

use super::{error::Refusal, filter};
use crate::domain::{
    listing::{Filter, Sort, SortBy},
    page::Order,
};

/// The options of one request, decoded; names without `$` and in lower case.
#[derive(Clone, Debug, Default)]
pub struct Query(Vec<(String, String)>);

/// Which members of an object are wanted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Select(Option<Vec<String>>);

/// What `$expand` asks for of one member.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Expansion {
    /// Its own `$select`.
    pub select: Select,
    /// Its own `$top`.
    pub top: Option<i64>,
    /// Both, as the options of a request of their own.
    pub options: String,
}

/// How many entries a page has when nobody says.
const PAGE: i64 = 200;
/// How many it has at most; who asks for more gets so many.
const LARGEST_PAGE: i64 = 1000;

impl Query {
    /// Reads what stands behind the `?`.
    pub fn parse(text: &str) -> Self {
        Self(form_urlencoded::parse(text.as_bytes()).map(|(name, value)| (plain(&name), value.into_owned())).collect())
    }

    /// The value of an option; an empty one counts as not given.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(own, _)| own == name).map(|(_, value)| value.trim()).filter(|value| !value.is_empty())
    }

    /// `$select`.
    pub fn select(&self) -> Select {
        Select::parse(self.get("select"))
    }

    /// `$top`, never more than a page may have.
    pub fn top(&self) -> Result<i64, Refusal> {
        top(self.get("top")).map(|top| top.unwrap_or(PAGE))
    }

    /// `$top` of a list whose pages have `usual` entries, and `most` at most.
    pub fn top_within(&self, usual: i64, most: i64) -> Result<i64, Refusal> {
        top(self.get("top")).map(|top| top.unwrap_or(usual).min(most))
    }

    /// Whether `$expand` names a relation; its own options are not looked at.
    pub fn expands(&self, relation: &str) -> bool {
        let parts = outside_parentheses(self.get("expand").unwrap_or_default(), ',');
        parts
            .map(|part| part.split('(').next().unwrap_or_default().trim())
            .any(|name| name.eq_ignore_ascii_case(relation))
    }

    /// `$count=true`.
    pub fn count(&self) -> bool {
        self.get("count").is_some_and(|count| count.eq_ignore_ascii_case("true"))
    }

    /// `$orderby`.
    pub fn sort(&self) -> Result<Sort, Refusal> {
        let mut words = self.get("orderby").unwrap_or("name").split_ascii_whitespace();
        let field = words.next().unwrap_or_default().to_ascii_lowercase();
        let by = match field.as_str() {
            "name" => SortBy::Name,
            "size" => SortBy::Size,
            "lastmodifieddatetime" => SortBy::Modified,
            _ => return Err(Refusal::Query("$orderby")),
        };
        let descending = match words.next().unwrap_or("asc").to_ascii_lowercase().as_str() {
            "asc" => false,
            "desc" => true,
            _ => return Err(Refusal::Query("$orderby")),
        };
        if words.next().is_none() { Ok(Sort { by, descending }) } else { Err(Refusal::Query("$orderby")) }
    }

    /// The same for lists that count their pages.
    pub fn order(&self) -> Result<Order, Refusal> {
        let Sort { by, descending } = self.sort()?;
        Ok(match (by, descending) {
            (SortBy::Name, false) => Order::Name,
            (SortBy::Name, true) => Order::NameDescending,
            (SortBy::Size, false) => Order::Size,
            (SortBy::Size, true) => Order::SizeDescending,
            (SortBy::Modified, false) => Order::Modified,
            (SortBy::Modified, true) => Order::ModifiedDescending,
        })
    }

    /// `$filter`.
    pub fn filter(&self) -> Result<Filter, Refusal> {
        match self.get("filter") {
            Some(text) => filter::parse(text).ok_or(Refusal::Query("$filter")),
            None => Ok(Filter::default()),
        }
    }

    /// `$expand=children(…)`, if that is asked for; expansions that are not served are ignored.
    pub fn children(&self) -> Result<Option<Expansion>, Refusal> {
        self.expansion("children")
    }

    /// What `$expand` says of a member, if it names it.
    pub fn expansion(&self, member: &str) -> Result<Option<Expansion>, Refusal> {
        let Some(text) = self.get("expand") else { return Ok(None) };
        for part in outside_parentheses(text, ',') {
            let (name, inside) = match part.trim().split_once('(') {
                Some((name, inside)) => (name, inside.strip_suffix(')').ok_or(Refusal::Query("$expand"))?),
                None => (part.trim(), ""),
            };
            if name.eq_ignore_ascii_case(member) {
                let options: Vec<(String, &str)> = outside_parentheses(inside, ';')
                    .filter_map(|option| option.split_once('='))
                    .map(|(name, value)| (plain(name.trim()), value.trim()))
                    .collect();
                let get = |wanted: &str| options.iter().find(|(name, _)| name == wanted).map(|(_, value)| *value);
                let mut own = form_urlencoded::Serializer::new(String::new());
                for name in ["select", "top"] {
                    if let Some(value) = get(name) {
                        own.append_pair(&format!("${name}"), value);
                    }
                }
                let (select, top) = (Select::parse(get("select")), top(get("top"))?);
                return Ok(Some(Expansion { select, top, options: own.finish() }));
            }
        }
        Ok(None)
    }

    /// How a conflict of names is to be settled: under both names it has.
    pub fn conflict(&self) -> Option<&str> {
        self.get("@microsoft.graph.conflictbehavior").or_else(|| self.get("@name.conflictbehavior"))
    }
}

impl Select {
    fn parse(text: Option<&str>) -> Self {
        let names = text.map(|text| {
            let names = text.split(',').map(|name| name.split('/').next().unwrap_or_default().trim());
            names.filter(|name| !name.is_empty()).map(str::to_ascii_lowercase).collect::<Vec<_>>()
        });
        Self(names.filter(|names| !names.is_empty() && !names.iter().any(|name| name == "*")))
    }

    /// Whether a member is there by default, or is named.
    pub fn wants(&self, member: &str) -> bool {
        self.0.is_none() || self.names(member)
    }

    /// Whether a member is named.
    pub fn names(&self, member: &str) -> bool {
        self.0.as_ref().is_some_and(|names| {
            names.iter().any(|name| {
                name.eq_ignore_ascii_case(member)
                    // the older name of the same
                    || (name == "content.downloadurl" && member == "@microsoft.graph.downloadUrl")
            })
        })
    }

    /// Leaves what is wanted. What the protocol itself adds always stays.
    pub fn apply(&self, object: &mut serde_json::Map<String, serde_json::Value>) {
        if self.0.is_some() {
            object.retain(|name, _| name.starts_with("@odata.") || self.names(name));
        }
    }
}

/// A name without `$` and in lower case.
fn plain(name: &str) -> String {
    name.strip_prefix('$').unwrap_or(name).to_ascii_lowercase()
}

fn top(text: Option<&str>) -> Result<Option<i64>, Refusal> {
    let Some(text) = text else { return Ok(None) };
    let digits = text.bytes().all(|byte| byte.is_ascii_digit());
    match text.parse::<i64>() {
        Ok(top) if digits => Ok(Some(top.clamp(0, LARGEST_PAGE))),
        // more than a number can say is more than a page has
        Err(_) if digits => Ok(Some(LARGEST_PAGE)),
        Ok(_) | Err(_) => Err(Refusal::Query("$top")),
    }
}

/// Splits at a character that stands outside parentheses.
fn outside_parentheses(text: &str, at: char) -> impl Iterator<Item = &str> {
    let mut depth = 0_usize;
    text.split(move |letter| {
        match letter {
            '(' => depth += 1,
            ')' => depth = depth.saturating_sub(1),
            _ => {}
        }
        letter == at && depth == 0
    })
}

/// The query of the next page: all options as they were sent, with another token.
pub fn with_token(query: &str, token: &str) -> String {
    let kept = without(query, &["skiptoken"]);
    let separator = if kept.is_empty() { "" } else { "&" };
    format!("{kept}{separator}$skiptoken={token}")
}

/// A query as it was sent, but for these options.
pub fn without(query: &str, names: &[&str]) -> String {
    let kept = query.split('&').filter(|option| {
        let name = option.split('=').next().unwrap_or_default();
        let is_named =
            form_urlencoded::parse(name.as_bytes()).next().is_some_and(|(name, _)| names.contains(&&*plain(&name)));
        !option.is_empty() && !is_named
    });
    kept.collect::<Vec<_>>().join("&")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_has_pages_of_its_own_size_and_relations() {
        let top = |text: &str| Query::parse(text).top_within(100, 999);
        assert_eq!((top("").unwrap(), top("$top=7").unwrap(), top("$top=1000").unwrap()), (100, 7, 999));
        assert!(top("$top=-1").is_err());
        let query = Query::parse("$expand=thumbnails, Drive($select=id,name)");
        assert!(query.expands("drive") && query.expands("thumbnails") && !query.expands("name"));
    }

    #[test]
    fn options_are_read_in_every_spelling() {
        for text in ["$top=5", "top=5", "%24top=5", "$TOP=5", "AVOverride=1&$top=5&$top=7"] {
            assert_eq!(Query::parse(text).top().unwrap(), 5, "{text}");
        }
        assert_eq!(Query::parse("").top().unwrap(), PAGE);
        for large in ["1000", "5000", "99999999999999999999999"] {
            assert_eq!(Query::parse(&format!("$top={large}")).top().unwrap(), LARGEST_PAGE);
        }
        for bad in ["-1", "x", "1.5", "+3"] {
            assert!(Query::parse(&format!("$top={}", bad.replace('+', "%2B"))).top().is_err(), "{bad}");
        }
        assert_eq!(Query::parse("SkipToken=x").get("skiptoken"), Some("x"));
    }

    #[test]
    fn a_selection_names_members_in_any_case() {
        let select = Query::parse("select=ID,file/mimeType, publication").select();
        assert!(select.wants("id") && select.wants("file") && select.names("publication") && !select.wants("name"));
        let all = Query::parse("$select=").select();
        assert!(all.wants("id") && !all.names("id"));
        assert!(Query::parse("$select=*").select().wants("name"));
        assert!(Query::parse("select=content.downloadUrl").select().names("@microsoft.graph.downloadUrl"));
    }

    #[test]
    fn orders_and_filters_beyond_the_reference_are_refused() {
        assert_eq!(Query::parse("$orderby=lastModifiedDateTime+desc").order().unwrap(), Order::ModifiedDescending);
        assert_eq!(Query::parse("orderby=name").order().unwrap(), Order::Name);
        assert_eq!(Query::parse("").sort().unwrap(), Sort { by: SortBy::Name, descending: false });
        for bad in ["webUrl", "name sideways", "name asc x", "name,size"] {
            assert!(Query::parse(&format!("$orderby={bad}")).order().is_err(), "{bad}");
        }
        assert_eq!(Query::parse("$filter=name eq 'it''s'").filter().unwrap().name.as_deref(), Some("it's"));
        assert_eq!(Query::parse("").filter().unwrap(), Filter::default());
        for bad in ["size gt 3", "name eq '%00'"] {
            assert!(Query::parse(&format!("$filter={bad}")).filter().is_err(), "{bad}");
        }
    }

    #[test]
    fn children_are_expanded_with_options_of_their_own() {
        let children = Query::parse("$expand=thumbnails,children($select=id,name;$top=3)").children().unwrap().unwrap();
        assert_eq!(children.top, Some(3));
        assert!(children.select.wants("name") && !children.select.wants("size"));
        assert_eq!(Query::parse("expand=thumbnails").children().unwrap(), None);
        assert!(Query::parse("expand=children($top=3").children().is_err());
    }

    #[test]
    fn the_next_page_keeps_all_other_options_as_they_were_sent() {
        let next = with_token("%24top=2&$skipToken=old&$select=id%2Cname&", "new");
        assert_eq!(next, "%24top=2&$select=id%2Cname&$skiptoken=new");
        assert_eq!(with_token("", "new"), "$skiptoken=new");
    }
}
