//! Scopes of tokens, in the words of every vendor that has some, and how far they reach. One table for all rooms, so that a
//! token reaches as far in one as in another.

use super::actor::{Ceiling, Reach};

/// A scope, how far it lets read and write, and whether an application can have it.
const SCOPES: [(&str, Reach, Reach, bool); 12] = [
    // Graph's, and its application roles (spec/graph.md 3.5)
    ("Files.Read", Reach::Own, Reach::Nothing, false),
    ("Files.ReadWrite", Reach::Own, Reach::Own, false),
    ("Files.Read.All", Reach::All, Reach::Nothing, true),
    ("Files.ReadWrite.All", Reach::All, Reach::All, true),
    ("Sites.Read.All", Reach::All, Reach::Nothing, true),
    ("Sites.ReadWrite.All", Reach::All, Reach::All, true),
    ("Sites.Manage.All", Reach::All, Reach::All, true),
    ("Sites.FullControl.All", Reach::All, Reach::All, true),
    // Oracle's word for everything
    ("urn:opc:cec:all", Reach::All, Reach::All, true),
    // Liferay's JSON web services
    ("liferay-json-web-services.everything", Reach::All, Reach::All, true),
    ("liferay-json-web-services.everything.read", Reach::All, Reach::Nothing, true),
    ("liferay-json-web-services.everything.write", Reach::All, Reach::All, true),
];

/// How far a token with these scopes reaches; without any of the table, nowhere. Case does not count, nor does the resource a
/// scope may come with (`https://graph.microsoft.com/Files.Read`).
pub fn ceiling(scopes: &[String], application: bool) -> Ceiling {
    let mut ceiling = Ceiling { read: Reach::Nothing, write: Reach::Nothing };
    for (name, read, write, for_applications) in SCOPES {
        if (for_applications || !application) && scopes.iter().any(|scope| bare(scope).eq_ignore_ascii_case(name)) {
            ceiling = Ceiling { read: ceiling.read.max(read), write: ceiling.write.max(write) };
        }
    }
    ceiling
}

/// The same for the vendors whose tokens need no scopes: one without any is not narrowed.
pub fn ceiling_if_any(scopes: &[String], application: bool) -> Ceiling {
    if scopes.is_empty() { Ceiling::NONE } else { ceiling(scopes, application) }
}

/// Those of the scopes that are in the table, each once; the others, such as `offline_access`, reach nothing and narrow
/// nothing.
pub fn known(scopes: &[String]) -> Vec<String> {
    let first = |name: &str| scopes.iter().find(|scope| bare(scope).eq_ignore_ascii_case(name));
    let mut known: Vec<&String> = SCOPES.iter().filter_map(|(name, ..)| first(name)).collect();
    known.sort_by_key(|scope| scopes.iter().position(|other| other == *scope));
    known.into_iter().cloned().collect()
}

/// What an application that holds some roles gets when it asks for some: of both, those that reach no further than the
/// other. When it asks for none that is known, all it holds.
pub fn granted(asked: &[String], held: &[String]) -> Vec<String> {
    let asked = known(asked);
    if asked.is_empty() {
        return known(held);
    }
    let within = |scope: &String, of: &[String]| {
        let (one, all) = (ceiling(std::slice::from_ref(scope), true), ceiling(of, true));
        one.read <= all.read && one.write <= all.write && one.read > Reach::Nothing
    };
    let mut granted: Vec<String> = asked.iter().filter(|scope| within(scope, held)).cloned().collect();
    let more = known(held).into_iter().filter(|scope| within(scope, &asked) && !granted.contains(scope));
    let more: Vec<String> = more.collect();
    granted.extend(more);
    granted
}

/// A scope without the resource before it.
pub fn bare(scope: &str) -> &str {
    scope.rsplit('/').next().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scopes_reach_as_far_as_the_vendors_say() {
        let reach = |scopes: &[&str], application| {
            let scopes: Vec<String> = scopes.iter().map(|scope| (*scope).to_owned()).collect();
            let ceiling = ceiling(&scopes, application);
            (ceiling.read, ceiling.write)
        };
        let (all, own, nothing) = (Reach::All, Reach::Own, Reach::Nothing);
        assert_eq!(reach(&[], false), (nothing, nothing));
        assert_eq!(reach(&["User.Read"], false), (nothing, nothing));
        assert_eq!(reach(&["Files.Read"], false), (own, nothing));
        assert_eq!(reach(&["files.readwrite"], false), (own, own));
        assert_eq!(reach(&["Files.ReadWrite", "Sites.Read.All"], false), (all, own));
        assert_eq!(reach(&["https://graph.microsoft.com/Files.ReadWrite.All"], false), (all, all));
        assert_eq!(reach(&["Sites.FullControl.All"], true), (all, all));
        assert_eq!(reach(&["Files.ReadWrite"], true), (nothing, nothing));
        assert_eq!(reach(&["Files.Read.All"], true), (all, nothing));
        assert_eq!(reach(&["urn:opc:cec:all"], false), (all, all));
        assert_eq!(reach(&["liferay-json-web-services.everything.read"], false), (all, nothing));
    }

    #[test]
    fn an_application_is_granted_what_it_holds_as_far_as_it_asks() {
        let of = |words: &str| words.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
        let get = |asked: &str, held: &str| granted(&of(asked), &of(held)).join(" ");
        let (read, write, all) = ("Files.Read.All", "Files.ReadWrite.All", "https://x.example.com:443/urn:opc:cec:all");
        assert_eq!(get("", write), write);
        assert_eq!(get("offline_access", write), write);
        assert_eq!(get(all, write), format!("{all} {write}"));
        assert_eq!(get(all, read), read);
        assert_eq!(get(read, write), read);
        assert_eq!(get("Files.ReadWrite", write), "");
        assert_eq!(get("", "nonsense"), "");
        assert_eq!(get(all, ""), "");
    }

    #[test]
    fn a_token_without_scopes_is_narrowed_only_where_its_vendor_has_scopes() {
        assert_eq!(ceiling_if_any(&[], false), Ceiling::NONE);
        assert_eq!(ceiling_if_any(&["User.Read".to_owned()], false), ceiling(&[], false));
    }
}
