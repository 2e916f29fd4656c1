//! How Graph spells identities (spec/graph.md 1.4 and 5): tags, users, sites, versions, names. Item and drive ids are
//! stored as Graph spells them.

use uuid::Uuid;

use super::error::Refusal;
use crate::{
    domain::{
        directory::Group,
        edition::ContentInfo,
        id::{EditionKey, PrincipalId, PrincipalKey},
        item::Item,
        library::Library,
        name::{self, ItemName},
        version::Version,
    },
    http::etag::ETag,
};

/// Longest nickname of a group, in characters.
const LONGEST_NICKNAME: usize = 64;

/// The eTag: another one whenever what the caller sees of the item changes. A working copy shows to its holder only, so
/// its revision stands apart and cannot meet a later number of the item.
pub fn e_tag(item: &Item, caller: Option<PrincipalId>) -> Option<ETag> {
    let guid = braced(item.id.0);
    ETag::strong(match item.draft_of(caller) {
        Some(draft) => format!("{guid},{}.{}", item.tag(), draft.revision),
        None => format!("{guid},{}", item.tag()),
    })
}

/// The cTag: another one when the content is another, and only then. Folders have none.
pub fn c_tag(item: &Item, caller: Option<PrincipalId>) -> Option<ETag> {
    let content = content(item, caller)?;
    let first = content.sha256.0.first_chunk().map_or(0, |bytes| u64::from_be_bytes(*bytes));
    ETag::strong(format!("c:{},{first}", braced(item.id.0)))
}

/// The tag of one version's bytes, which never change.
pub fn version_tag(item: &Item, version: Version) -> Option<ETag> {
    ETag::strong(format!("v:{},{version}", braced(item.id.0)))
}

/// The content the caller sees: the working copy for its holder, else that of the last version.
pub fn content(item: &Item, caller: Option<PrincipalId>) -> Option<ContentInfo> {
    let file = item.file.as_ref()?;
    item.draft_of(caller).and_then(|draft| draft.content).or(file.edition.content)
}

fn braced(id: Uuid) -> String {
    id.braced().encode_upper(&mut Uuid::encode_buffer()).to_owned()
}

/// A user by object id or user principal name; other logins are understood, too.
pub fn user_key(text: &str) -> PrincipalKey {
    match guid(text) {
        Some(id) => PrincipalKey::Graph(id),
        None => PrincipalKey::Login(text.to_owned()),
    }
}

/// A GUID in its one spelling, in any case.
pub fn guid(text: &str) -> Option<Uuid> {
    let id = Uuid::try_parse(text).ok()?;
    id.to_string().eq_ignore_ascii_case(text).then_some(id)
}

/// `host,guid,guid`: a site of ours is the only web of its collection, so both GUIDs are its own.
pub fn site_id(host: &str, library: &Library) -> String {
    format!("{host},{id},{id}", id = library.graph_site_id)
}

/// Whether a list of a site is meant by this: by its id, which is the site's own GUID, or by its name.
pub fn is_list(library: &Library, text: &str) -> bool {
    guid(text) == Some(library.graph_site_id) || name::key(text) == name::key(&library.name)
}

/// The name of a group as an address could hold it; without a letter that can, its id.
pub fn nickname(group: &Group) -> String {
    let fits = |letter: &char| letter.is_ascii_alphanumeric() || ['-', '.', '_'].contains(letter);
    let name: String = group.name.chars().filter(fits).take(LONGEST_NICKNAME).collect();
    if name.is_empty() { group.graph_id.to_string() } else { name }
}

/// The address of a site in a browser's terms; the root site is the host itself.
pub fn site_web_url(origin: &str, library: &Library, is_root: bool) -> String {
    if is_root { origin.to_owned() } else { format!("{origin}/sites/{}", encoded(&library.name)) }
}

/// The GUID of a site by its id; the host is whatever the client calls the server. One of the GUIDs alone will do, as the
/// vendor's service takes it.
pub fn parse_site_id(text: &str) -> Option<Uuid> {
    if let Some(id) = guid(text) {
        return Some(id);
    }
    let mut parts = text.split(',');
    let (_host, collection, web) = (parts.next()?, parts.next()?, parts.next()?);
    let (collection, web) = (guid(collection)?, guid(web)?);
    (parts.next().is_none() && collection == web).then_some(web)
}

/// A version by its id.
pub fn version_key(text: &str) -> Option<EditionKey> {
    text.parse().ok().map(EditionKey::Version)
}

/// A name that this dialect may give: stricter than the vault's.
pub fn item_name(text: &str) -> Result<ItemName, Refusal> {
    if text.contains(['"', '*', ':', '<', '>', '?', '/', '\\', '|']) {
        return Err(Refusal::Name("it contains a character that is not allowed"));
    }
    if text.starts_with(' ') || text.ends_with([' ', '.']) {
        return Err(Refusal::Name("it begins or ends with a blank or ends with a dot"));
    }
    ItemName::parse(text).map_err(|bad| Refusal::Vault(bad.into()))
}

/// The address of an item in a browser's terms: the path it can be asked for by.
pub fn web_url(origin: &str, item: &Item) -> String {
    let mut url = format!("{origin}/v1.0/drives/{}/root", item.library.graph_id);
    if !item.is_root() {
        url.push(':');
        for name in below_root(item).chain([item.name.as_str()]) {
            url.push('/');
            url.push_str(&encoded(name));
        }
    }
    url
}

/// The same without the names above it.
pub fn web_url_by_id(origin: &str, item: &Item) -> String {
    format!("{origin}/v1.0/drives/{}/items/{}", item.library.graph_id, item.graph_id)
}

/// The path of an item's parent (section 5.1); `None` for the top folder.
pub fn parent_path(item: &Item) -> Option<String> {
    if item.is_root() {
        return None;
    }
    let mut path = format!("/drives/{}/root:", item.library.graph_id);
    for name in below_root(item) {
        path.push('/');
        path.push_str(&encoded(name));
    }
    Some(path)
}

fn below_root(item: &Item) -> impl Iterator<Item = &str> {
    item.ancestors.iter().skip(1).map(|folder| folder.name.as_str())
}

/// What may stand unescaped in a path.
const UNRESERVED: &percent_encoding::AsciiSet =
    &percent_encoding::NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// A name as a segment of an address.
pub fn encoded(name: &str) -> String {
    percent_encoding::utf8_percent_encode(name, UNRESERVED).to_string()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn names_are_held_to_the_vendors_rules() {
        for good in ["plan.docx", "#1", "100%", ".profile", "ä€", "a b", "~$x"] {
            assert!(item_name(good).is_ok(), "{good}");
        }
        let long = "x".repeat(256);
        for bad in
            ["", " a", "a ", "a.", ".", "..", "a:b", "a*b", "a\"b", "a<b", "a|b", "a?b", "a\u{1}b", "a\0b", &long]
        {
            assert!(item_name(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn a_guid_has_one_spelling_but_for_its_case() {
        let text = "6f1a0c52-7d7e-4c38-9b0e-5c1d2f3a4b60";
        assert!(guid(text).is_some() && guid(&text.to_uppercase()).is_some());
        for bad in [text.replace('-', ""), format!("{{{text}}}"), format!("urn:uuid:{text}"), String::new()] {
            assert_eq!(guid(&bad), None, "{bad}");
        }
    }

    proptest! {
        #[test]
        fn a_site_id_is_read_back_whatever_the_host_is_called(host in "[a-z.:0-9]{0,20}", id in any::<u128>()) {
            let id = Uuid::from_u128(id);
            prop_assert_eq!(parse_site_id(&format!("{host},{id},{id}")), Some(id));
            prop_assert_eq!(parse_site_id(&format!("{host},{id},{}", Uuid::nil())), (id == Uuid::nil()).then_some(id));
            prop_assert_eq!(parse_site_id(&format!("{host},{id},{id},")), None);
            prop_assert_eq!(parse_site_id(&id.to_string()), Some(id));
        }

        #[test]
        fn no_text_makes_parsing_panic(text in "\\PC{0,40}") {
            let _ = (guid(&text), parse_site_id(&text), version_key(&text), item_name(&text).is_ok());
        }
    }
}
