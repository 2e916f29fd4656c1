//! Where a request points: Graph's addresses (spec/graph.md 1.2 and 4), parsed without looking anything up. Which calls
//! there are is `calls.rs`.

use crate::http::path::{self, BadPath};

/// A path below the version prefix, understood.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Address {
    /// What the request is about.
    pub subject: Subject,
    /// What it wants of it: `checkout`, `versions` and `2.0` and `content`.
    pub tail: Vec<Word>,
}

impl Address {
    /// The sharing token that it goes through, if it does.
    pub fn shared(&self) -> Option<&str> {
        match &self.subject {
            Subject::Share(token) | Subject::Item(Drive::Shared(token), _) => Some(token),
            Subject::Service | Subject::Owner(_) | Subject::Drive(_) | Subject::Item(..) => None,
        }
    }
}

/// What a request is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Subject {
    /// The service itself: `/drives`, `/users`, `/$batch`. The word stands first in the tail.
    Service,
    /// Somebody who may have drives.
    Owner(Owner),
    /// A drive.
    Drive(Drive),
    /// A file or folder of a drive.
    Item(Drive, Place),
    /// A sharing token.
    Share(String),
}

/// Somebody who may have drives.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Owner {
    /// The caller.
    Me,
    /// A user, by object id or user principal name.
    User(String),
    /// A group, by object id.
    Group(String),
    /// A site.
    Site(Site),
}

/// How a site is named.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Site {
    /// `root`, `host,guid,guid` or a host name.
    Id(String),
    /// `host:/path:`, the names of the path.
    Path(Vec<String>),
}

/// How a drive is named.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Drive {
    /// The one somebody has.
    Of(Owner),
    /// By id, below an owner or not: clients put any drive's id below `/me/drives`.
    Id(String, Option<Owner>),
    /// The one behind a list of a site, by the list's id or name.
    List(Owner, String),
    /// What a sharing token opens; its top is the shared item.
    Shared(String),
}

impl Drive {
    /// The owner that the address goes through.
    pub fn owner(&self) -> Option<&Owner> {
        match self {
            Drive::Of(owner) | Drive::List(owner, _) => Some(owner),
            Drive::Id(_, owner) => owner.as_ref(),
            Drive::Shared(_) => None,
        }
    }
}

/// A file or folder inside a drive: names below a starting point.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// Where the path starts.
    pub base: Base,
    /// The names below it; none: the starting point itself.
    pub path: Vec<String>,
}

/// Where a path starts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Base {
    /// The top folder.
    Root,
    /// An item, by id.
    Id(String),
    /// A special folder, by name.
    Special(String),
}

/// One word after the subject: a call, an id, or a function with its argument.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Word {
    /// The word without namespace and parentheses.
    pub name: String,
    /// What stood in the parentheses, without the parameter's name and the quotes; `None`: nothing did.
    pub argument: Option<String>,
}

/// Why a path is no address.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadAddress {
    /// The first word is none of ours.
    #[error("resource not found for the segment '{0}'")]
    Unknown(String),
    /// It cannot be decoded.
    #[error(transparent)]
    Text(#[from] BadPath),
    /// A path goes up.
    #[error("a path must not contain ..")]
    Up,
    /// A colon inside a name.
    #[error("a path must not contain a colon inside a name")]
    Colon,
}

/// Parses what follows the version prefix.
///
/// Empty segments mean nothing, so a trailing slash does not either.
pub fn parse(text: &str) -> Result<Address, BadAddress> {
    let mut rest = Segments(path::segments(text)?.into_iter());
    let Some(first) = rest.next() else { return Err(BadAddress::Unknown(String::new())) };
    match first.to_ascii_lowercase().as_str() {
        "me" => below_owner(Owner::Me, rest),
        "users" | "groups" | "drives" | "shares" if rest.is_empty() => Ok(service(&first, rest)),
        "users" => match rest.next() {
            Some(user) => below_owner(Owner::User(user), rest),
            None => Ok(service(&first, rest)),
        },
        "groups" => match rest.next() {
            Some(group) => below_owner(Owner::Group(group), rest),
            None => Ok(service(&first, rest)),
        },
        "sites" => match rest.next() {
            None => Ok(service(&first, rest)),
            Some(site) => {
                let site = without_port(site);
                let site = match path_after(&site, &mut rest)? {
                    Some((_, names)) if !names.is_empty() => Site::Path(names),
                    Some((host, _)) => Site::Id(host),
                    None => Site::Id(site),
                };
                below_owner(Owner::Site(site), rest)
            }
        },
        "drives" => match rest.next() {
            Some(id) => below_drive(Drive::Id(id, None), rest),
            None => Ok(service(&first, rest)),
        },
        "drive" => below_drive(Drive::Of(Owner::Me), rest),
        "shares" => match rest.next() {
            Some(token) => below_share(token, rest),
            None => Ok(service(&first, rest)),
        },
        "$batch" | "subscriptions" | "organization" | "$metadata" => Ok(service(&first, rest)),
        _ => Err(BadAddress::Unknown(first)),
    }
}

fn service(first: &str, rest: Segments) -> Address {
    let mut tail = vec![word(first)];
    tail.extend(rest.words());
    Address { subject: Subject::Service, tail }
}

fn below_owner(owner: Owner, mut rest: Segments) -> Result<Address, BadAddress> {
    let mut ahead = rest.clone();
    match ahead.next().map(|next| next.to_ascii_lowercase()).as_deref() {
        Some("drive") => below_drive(Drive::Of(owner), ahead),
        Some("drives") if !ahead.is_empty() => {
            rest.next();
            match rest.next() {
                Some(id) => below_drive(Drive::Id(id, Some(owner)), rest),
                None => Ok(Address { subject: Subject::Owner(owner), tail: rest.words() }),
            }
        }
        Some("lists") if matches!(owner, Owner::Site(_)) => below_lists(owner, rest),
        _ => Ok(Address { subject: Subject::Owner(owner), tail: rest.words() }),
    }
}

/// `lists/{list}/drive` is a drive like any other, `lists/{list}/items/{item}/driveItem` an item of it.
fn below_lists(owner: Owner, rest: Segments) -> Result<Address, BadAddress> {
    let mut ahead = rest.clone();
    let (_lists, list, kind) = (ahead.next(), ahead.next(), ahead.next());
    if let (Some(list), Some(kind)) = (list, kind) {
        if kind.eq_ignore_ascii_case("drive") {
            return below_drive(Drive::List(owner, list), ahead);
        }
        let (item, facet) = (ahead.next(), ahead.next().unwrap_or_default());
        let names_drive_item = facet.split(':').next().is_some_and(|name| name.eq_ignore_ascii_case("driveItem"));
        if let Some(item) = item.filter(|_| kind.eq_ignore_ascii_case("items") && names_drive_item) {
            let (_, path) = path_after(&facet, &mut ahead)?.unwrap_or_default();
            let subject = Subject::Item(Drive::List(owner, list), Place { base: Base::Id(item), path });
            return Ok(Address { subject, tail: ahead.words() });
        }
    }
    Ok(Address { subject: Subject::Owner(owner), tail: rest.words() })
}

/// A site's host without the port that a client took from an address along with it.
fn without_port(site: String) -> String {
    let Some((host, after)) = site.split_once(':') else { return site };
    let (port, rest) = after.split_at(after.find(':').unwrap_or(after.len()));
    let is_port = !port.is_empty() && port.bytes().all(|byte| byte.is_ascii_digit());
    if is_port { format!("{host}{rest}") } else { site }
}

fn below_drive(drive: Drive, rest: Segments) -> Result<Address, BadAddress> {
    let mut ahead = rest.clone();
    let Some(next) = ahead.next() else { return Ok(Address { subject: Subject::Drive(drive), tail: Vec::new() }) };
    let kind = next.split(':').next().unwrap_or_default().to_ascii_lowercase();
    let place = match kind.as_str() {
        "root" => place(&next, &mut ahead)?,
        "items" if next.len() == kind.len() && !ahead.is_empty() => {
            let item = ahead.next().unwrap_or_default();
            place(&item, &mut ahead)?
        }
        "special" if next.len() == kind.len() && !ahead.is_empty() => {
            let name = ahead.next().unwrap_or_default();
            let (name, path) = path_after(&name, &mut ahead)?.unwrap_or((name, Vec::new()));
            Place { base: Base::Special(name), path }
        }
        _ => return Ok(Address { subject: Subject::Drive(drive), tail: rest.words() }),
    };
    Ok(Address { subject: Subject::Item(drive, place), tail: ahead.words() })
}

/// `driveItem` and `root` both mean the shared item (10.4).
fn below_share(token: String, rest: Segments) -> Result<Address, BadAddress> {
    let mut ahead = rest.clone();
    let next = ahead.next().unwrap_or_default();
    let kind = next.split(':').next().unwrap_or_default().to_ascii_lowercase();
    let place = match kind.as_str() {
        "driveitem" | "root" => {
            let (_, path) = path_after(&next, &mut ahead)?.unwrap_or_default();
            Place { base: Base::Root, path }
        }
        "items" if next.len() == kind.len() && !ahead.is_empty() => {
            let item = ahead.next().unwrap_or_default();
            place(&item, &mut ahead)?
        }
        _ => return Ok(Address { subject: Subject::Share(token), tail: rest.words() }),
    };
    Ok(Address { subject: Subject::Item(Drive::Shared(token), place), tail: ahead.words() })
}

/// `root`, an id, or one of them with a path behind a colon.
fn place(segment: &str, rest: &mut Segments) -> Result<Place, BadAddress> {
    let (base, path) = path_after(segment, rest)?.unwrap_or_else(|| (segment.to_owned(), Vec::new()));
    let base = if base.eq_ignore_ascii_case("root") { Base::Root } else { Base::Id(base) };
    Ok(Place { base, path })
}

/// What stands before the first colon of `segment`, and the names between it and the second colon, wherever that is: in
/// the same segment when a client has encoded the whole (`root%3A%2Fa%2Fb.txt%3A`), in a later one, or nowhere.
///
/// `None`: there is no colon.
fn path_after(segment: &str, rest: &mut Segments) -> Result<Option<(String, Vec<String>)>, BadAddress> {
    let Some((base, after)) = segment.split_once(':') else { return Ok(None) };
    let starts_well = after.is_empty() || after.starts_with(['/', ':']);
    if !starts_well {
        return Err(BadAddress::Colon);
    }
    let mut names = Vec::new();
    let mut piece = Some(after.to_owned());
    while let Some(text) = piece {
        let (text, is_closed) = match text.strip_suffix(':') {
            Some(text) => (text, true),
            None => (text.as_str(), false),
        };
        for name in text.split('/') {
            match name {
                "" | "." => {}
                ".." => return Err(BadAddress::Up),
                name if name.contains(':') => return Err(BadAddress::Colon),
                name => names.push(name.to_owned()),
            }
        }
        piece = if is_closed { None } else { rest.next() };
    }
    Ok(Some((base.to_owned(), names)))
}

/// A word without its namespace; `delta(token='abc')` is `delta` with the argument `abc`.
fn word(segment: &str) -> Word {
    let text = segment.strip_prefix("microsoft.graph.").unwrap_or(segment);
    let Some((name, inside)) = text.strip_suffix(')').and_then(|text| text.split_once('(')) else {
        return Word { name: text.to_owned(), argument: None };
    };
    // a text without its parameter's name may have a `=` of its own
    let named = inside.split_once('=').filter(|(name, _)| !name.trim_start().starts_with('\''));
    let value = named.map_or(inside, |(_, value)| value).trim();
    let quoted = value.strip_prefix('\'').and_then(|value| value.strip_suffix('\''));
    let argument = quoted.map_or_else(|| value.to_owned(), |text| text.replace("''", "'"));
    Word { name: name.to_owned(), argument: (!inside.is_empty()).then_some(argument) }
}

/// The decoded segments still to be read.
#[derive(Clone)]
struct Segments(std::vec::IntoIter<String>);

impl Segments {
    fn next(&mut self) -> Option<String> {
        self.0.next()
    }

    fn is_empty(&self) -> bool {
        self.0.len() == 0
    }

    fn words(self) -> Vec<Word> {
        self.0.map(|segment| word(&segment)).collect()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Subject and tail in a line, so that a table of addresses reads well.
    fn read(text: &str) -> String {
        let address = match parse(text) {
            Ok(address) => address,
            Err(error) => return error.to_string(),
        };
        let owner = |owner: &Owner| match owner {
            Owner::Me => "me".to_owned(),
            Owner::User(id) => format!("user {id}"),
            Owner::Group(id) => format!("group {id}"),
            Owner::Site(Site::Id(id)) => format!("site {id}"),
            Owner::Site(Site::Path(path)) => format!("site at {}", path.join("/")),
        };
        let drive = |drive: &Drive| match drive {
            Drive::Of(of) => format!("drive of {}", owner(of)),
            Drive::Id(id, None) => format!("drive {id}"),
            Drive::Id(id, Some(below)) => format!("drive {id} below {}", owner(below)),
            Drive::List(of, list) => format!("list {list} of {}", owner(of)),
            Drive::Shared(token) => format!("share {token}"),
        };
        let subject = match &address.subject {
            Subject::Service => "service".to_owned(),
            Subject::Owner(of) => owner(of),
            Subject::Drive(of) => drive(of),
            Subject::Item(of, place) => {
                let base = match &place.base {
                    Base::Root => "root".to_owned(),
                    Base::Id(id) => format!("item {id}"),
                    Base::Special(name) => format!("special {name}"),
                };
                format!("{}, {base} [{}]", drive(of), place.path.join("|"))
            }
            Subject::Share(token) => format!("share {token}"),
        };
        let tail = address.tail.iter().map(|word| match &word.argument {
            Some(argument) => format!(" {}={argument}", word.name),
            None => format!(" {}", word.name),
        });
        format!("{subject} ->{}", tail.collect::<String>())
    }

    #[test]
    fn every_form_of_the_reference_is_read() {
        let cases = [
            ("/drives", "service -> drives"),
            ("/drives/b!x", "drive b!x ->"),
            ("/drives/b%21x/", "drive b!x ->"),
            ("/me", "me ->"),
            ("/me/drive", "drive of me ->"),
            ("/drive/root", "drive of me, root [] ->"),
            ("/me/drives", "me -> drives"),
            ("/me/drives/b!x/root", "drive b!x below me, root [] ->"),
            ("/users/ann@example.com/drive", "drive of user ann@example.com ->"),
            ("/groups/g/drive/items/1/checkout", "drive of group g, item 1 [] -> checkout"),
            ("/groups/g/drives/d/items/1", "drive d below group g, item 1 [] ->"),
            ("/sites/root/drive", "drive of site root ->"),
            ("/sites/h,a,b/drives", "site h,a,b -> drives"),
            ("/sites/host:/sites/x:/drive/root", "drive of site at sites/x, root [] ->"),
            ("/sites/host:/sites/x", "site at sites/x ->"),
            ("/sites/host%3A%2Fsites%2Fx%3A/drive", "drive of site at sites/x ->"),
            ("/sites/host:/", "site host ->"),
            ("/sites/host:8443", "site host ->"),
            ("/sites/host:8443:/sites/x:/drive", "drive of site at sites/x ->"),
            ("/sites/host%3A8443%3A%2Fsites%2Fx", "site at sites/x ->"),
            ("/sites/root/lists", "site root -> lists"),
            ("/sites/root/lists/l", "site root -> lists l"),
            ("/sites/root/lists/l/items/1", "site root -> lists l items 1"),
            ("/sites/root/lists/l/drive", "list l of site root ->"),
            ("/sites/host:/sites/x:/lists/l/drive/root/children", "list l of site at sites/x, root [] -> children"),
            ("/sites/root/lists/l/items/1/driveItem", "list l of site root, item 1 [] ->"),
            ("/sites/root/lists/l/items/1/driveitem/checkout", "list l of site root, item 1 [] -> checkout"),
            (
                "/sites/root/lists/l/items/1/driveItem:/a/b.txt:/content",
                "list l of site root, item 1 [a|b.txt] -> content",
            ),
            ("/groups/g/lists/l/drive", "group g -> lists l drive"),
            ("/me/drive/items/root", "drive of me, root [] ->"),
            ("/me/drive/items/1/children", "drive of me, item 1 [] -> children"),
            ("/me/drive/root:/a/b.txt", "drive of me, root [a|b.txt] ->"),
            ("/me/drive/root:/a/b.txt:", "drive of me, root [a|b.txt] ->"),
            ("/me/drive/root:/a/b.txt:/", "drive of me, root [a|b.txt] ->"),
            ("/me/drive/root:/a%20b/%23:/content", "drive of me, root [a b|#] -> content"),
            ("/me/drive/root:/content", "drive of me, root [content] ->"),
            ("/me/drive/root:/content:", "drive of me, root [content] ->"),
            ("/me/drive/root:/content:/content", "drive of me, root [content] -> content"),
            ("/me/drive/root:/.%2Fdir%2Ffile", "drive of me, root [dir|file] ->"),
            ("/me/drive/root:", "drive of me, root [] ->"),
            ("/me/drive/root:/:/children", "drive of me, root [] -> children"),
            ("/me/drive/root::/children", "drive of me, root [] -> children"),
            ("/me/drive/items/1:/n.txt:/content", "drive of me, item 1 [n.txt] -> content"),
            ("/me/drive/items/root:/n.txt:/content", "drive of me, root [n.txt] -> content"),
            ("/me/drive/items/root%3A%2Fa%2Fb.txt%3A/content", "drive of me, root [a|b.txt] -> content"),
            ("/me/drive/items/1%3A%2Fb.txt%3A/checkout", "drive of me, item 1 [b.txt] -> checkout"),
            ("/me/drive/root%3A%2Fb.txt%3A", "drive of me, root [b.txt] ->"),
            ("/me/drive/special/documents:/a:/content", "drive of me, special documents [a] -> content"),
            ("/me/drive/items/1/versions/2.0/content", "drive of me, item 1 [] -> versions 2.0 content"),
            ("/me/drive/items/1/microsoft.graph.checkout", "drive of me, item 1 [] -> checkout"),
            ("/me/drive/root/delta()", "drive of me, root [] -> delta"),
            ("/me/drive/root/delta(token='abc')", "drive of me, root [] -> delta=abc"),
            ("/me/drive/root/search(q='it''s%2F')", "drive of me, root [] -> search=it's/"),
            ("/me/drive/search(q='')", "drive of me -> search="),
            ("/me/drive/recent", "drive of me -> recent"),
            ("/me/drive/items", "drive of me -> items"),
            ("/shares/u!abc", "share u!abc ->"),
            ("/shares/u!abc/permission", "share u!abc -> permission"),
            ("/shares/u!abc/items", "share u!abc -> items"),
            ("/shares/u%21abc/driveItem/checkout", "share u!abc, root [] -> checkout"),
            ("/shares/u!abc/driveitem", "share u!abc, root [] ->"),
            ("/shares/s!abc/root/children", "share s!abc, root [] -> children"),
            ("/shares/s!abc/root:/a/b.txt:/content", "share s!abc, root [a|b.txt] -> content"),
            ("/shares/s!abc/driveItem%3A%2Fb.txt%3A/content", "share s!abc, root [b.txt] -> content"),
            ("/shares/s!abc/items/1:/b.txt:/checkin", "share s!abc, item 1 [b.txt] -> checkin"),
            ("/shares/s!abc/items/root/versions/2.0", "share s!abc, root [] -> versions 2.0"),
            ("/$batch", "service -> $batch"),
            ("//me//drive//", "drive of me ->"),
        ];
        for (text, expected) in cases {
            assert_eq!(read(text), expected, "{text}");
        }
    }

    #[test]
    fn what_is_no_address_is_refused() {
        let cases = [
            ("/", "resource not found for the segment ''"),
            ("/planner/x", "resource not found for the segment 'planner'"),
            ("/me/drive/root:/a/../b", "a path must not contain .."),
            ("/me/drive/root:/a%2F..%2Fb", "a path must not contain .."),
            ("/me/drive/root:/a:b", "a path must not contain a colon inside a name"),
            ("/me/drive/root:x/b", "a path must not contain a colon inside a name"),
            ("/me/drive/root:/%zz", "the path has a % that two hexadecimal digits do not follow"),
            ("/me/drive/root:/%FF", "the path is not UTF-8"),
            ("/me/drive/root:/a%00b", "the path has a NUL character"),
        ];
        for (text, expected) in cases {
            assert_eq!(read(text), expected, "{text}");
        }
    }

    /// Names that an item of this dialect may have.
    fn name() -> impl Strategy<Value = String> {
        "[^/\\\\:*?\"<>|\u{0}-\u{1f}]{1,12}".prop_filter("dots", |name| name != "." && name != "..")
    }

    fn encoded(text: &str) -> String {
        percent_encoding::utf8_percent_encode(text, percent_encoding::NON_ALPHANUMERIC).to_string()
    }

    proptest! {
        #[test]
        fn a_path_is_read_back_in_every_ending(names in proptest::collection::vec(name(), 1..5)) {
            let path: Vec<String> = names.iter().map(|name| encoded(name)).collect();
            let (slashed, whole) = (path.join("/"), encoded(&format!("root:/{}:", names.join("/"))));
            for (text, calls) in [
                (format!("/me/drive/root:/{slashed}"), 0),
                (format!("/me/drive/root:/{slashed}:"), 0),
                (format!("/me/drive/root:/{slashed}:/"), 0),
                (format!("/me/drive/items/root:/{slashed}:/content"), 1),
                (format!("/me/drive/items/{whole}/content"), 1),
            ] {
                let address = parse(&text).unwrap();
                prop_assert_eq!(address.tail.len(), calls);
                let place = Place { base: Base::Root, path: names.clone() };
                prop_assert_eq!(address.subject, Subject::Item(Drive::Of(Owner::Me), place));
            }
        }

        #[test]
        fn nothing_makes_it_panic_or_keeps_a_way_up(text in "(/(me|drive|root:|items|%3A|%2F|\\.\\.|:|[a-z]{1,3}|\\PC{1,4})){0,8}") {
            if let Ok(Address { subject: Subject::Item(_, place), .. }) = parse(&text) {
                prop_assert!(place.path.iter().all(|name| name != ".." && name != "." && !name.contains(['/', ':'])));
            }
        }
    }
}
