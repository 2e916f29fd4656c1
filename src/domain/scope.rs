//! Scopes of tokens, in the words of every vendor that has some, and how far they reach. One table for all rooms, so that a
//! token reaches as far in one as in another.

use super::actor::{Ceiling, Reach};

/// Whose a scope can be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Whose {
    /// A user's for whom an application acts.
    Users,
    /// An application's that acts for itself.
    Applications,
    /// Anybody's.
    Anybodys,
}

/// A scope, how far it lets read and write, and whose it can be.
const SCOPES: [(&str, Reach, Reach, Whose); 13] = [
    // Graph's, and its application roles (spec/graph.md 3.5)
    ("Files.Read", Reach::Own, Reach::Nothing, Whose::Users),
    ("Files.ReadWrite", Reach::Own, Reach::Own, Whose::Users),
    ("Files.Read.All", Reach::All, Reach::Nothing, Whose::Anybodys),
    ("Files.ReadWrite.All", Reach::All, Reach::All, Whose::Anybodys),
    // what was given to the application: there it has the role that it was given
    ("Sites.Selected", Reach::Own, Reach::Own, Whose::Applications),
    ("Sites.Read.All", Reach::All, Reach::Nothing, Whose::Anybodys),
    ("Sites.ReadWrite.All", Reach::All, Reach::All, Whose::Anybodys),
    ("Sites.Manage.All", Reach::All, Reach::All, Whose::Anybodys),
    ("Sites.FullControl.All", Reach::All, Reach::All, Whose::Anybodys),
    // Oracle's word for everything
    ("urn:opc:cec:all", Reach::All, Reach::All, Whose::Anybodys),
    // Liferay's JSON web services
    ("liferay-json-web-services.everything", Reach::All, Reach::All, Whose::Anybodys),
    ("liferay-json-web-services.everything.read", Reach::All, Reach::Nothing, Whose::Anybodys),
    ("liferay-json-web-services.everything.write", Reach::All, Reach::All, Whose::Anybodys),
];

/// Scopes that reach no file, each with those that include it.
const INCLUDED: [(&str, &[&str]); 3] = [
    ("User.ReadBasic.All", &["User.Read.All", "User.ReadWrite.All", "Directory.Read.All", "Directory.ReadWrite.All"]),
    ("User.Read.All", &["User.ReadWrite.All", "Directory.Read.All", "Directory.ReadWrite.All"]),
    ("Group.Read.All", &["Group.ReadWrite.All", "Directory.Read.All", "Directory.ReadWrite.All"]),
];

/// What every user may let an application know: who they are.
const OWN_NAME: &str = "User.Read";

/// All that may be asked for (spec/graph.md 3.2).
const DEFAULT: &str = ".default";

/// What is asked for along with scopes and is none (OpenID Connect 1.0, 5.4 and 11).
const OPEN_ID: [&str; 4] = ["openid", "profile", "email", "offline_access"];

/// How far a token with these scopes reaches; without any of the table, nowhere. Case does not count, nor does the resource a
/// scope may come with (`https://graph.microsoft.com/Files.Read`).
pub fn ceiling(scopes: &[String], application: bool) -> Ceiling {
    let mut ceiling = Ceiling { read: Reach::Nothing, write: Reach::Nothing };
    let not = if application { Whose::Users } else { Whose::Applications };
    for (name, read, write, whose) in SCOPES {
        if whose != not && scopes.iter().any(|scope| bare(scope).eq_ignore_ascii_case(name)) {
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

/// What is given of some scopes to who may ask for `held`: each without its resource and once. `.default`, and asking for
/// nothing at all, is asking for everything; a narrower scope is given for a wider one. Who only asks a user's name gets
/// that; else `None`: nothing of what is asked for is to be had. Never empty, since a token without any scope is not narrowed
/// in every room.
pub fn permitted(asked: &[String], held: &[String], application: bool) -> Option<Vec<String>> {
    let mut permitted: Vec<String> = Vec::new();
    let mut give = |scope: &str| {
        if !scope.is_empty() && !permitted.iter().any(|given| given.eq_ignore_ascii_case(scope)) {
            permitted.push(scope.to_owned());
        }
    };
    let mut permissions = asked.iter().map(|scope| bare(scope)).filter(|scope| !is_open_id(scope)).peekable();
    let only_a_name = permissions.peek().is_none() && !asked.is_empty() && !application;
    if asked.is_empty() || (application && permissions.peek().is_none()) {
        for scope in held {
            give(bare(scope));
        }
    }
    for scope in permissions {
        if scope.eq_ignore_ascii_case(DEFAULT) {
            for scope in held {
                give(bare(scope));
            }
        } else if covers(held, scope, application) {
            give(scope);
        }
    }
    if only_a_name {
        give(OWN_NAME);
    }
    (!permitted.is_empty()).then_some(permitted)
}

/// Those of the scopes asked for that OpenID Connect knows, each once.
pub fn open_id(asked: &[String]) -> Vec<String> {
    let asks = |word: &&str| asked.iter().any(|scope| bare(scope).eq_ignore_ascii_case(word));
    OPEN_ID.into_iter().filter(asks).map(str::to_owned).collect()
}

/// Whether a scope is one of OpenID Connect's, which permit nothing.
pub fn is_open_id(scope: &str) -> bool {
    OPEN_ID.iter().any(|word| word.eq_ignore_ascii_case(scope))
}

/// Whether who may ask for `held` may ask for this one.
fn covers(held: &[String], asked: &str, application: bool) -> bool {
    let holds = |name: &str| held.iter().any(|scope| bare(scope).eq_ignore_ascii_case(name));
    if holds(asked) || (!application && asked.eq_ignore_ascii_case(OWN_NAME)) {
        return true;
    }
    let (one, all) = (ceiling(&[asked.to_owned()], application), ceiling(held, application));
    let within = one.read > Reach::Nothing && one.read <= all.read && one.write <= all.write;
    let mut wider = INCLUDED.iter().filter(|(name, _)| name.eq_ignore_ascii_case(asked)).flat_map(|(_, wider)| *wider);
    within || wider.any(|name| holds(name))
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
        // it counts for applications, and where they were given something
        assert_eq!(reach(&["Sites.Selected"], true), (own, own));
        assert_eq!(reach(&["Sites.Selected"], false), (nothing, nothing));
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
    fn who_may_ask_for_some_scopes_gets_what_is_within_them() {
        let of = |words: &str| words.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
        let get = |asked: &str, held: &str, application| {
            permitted(&of(asked), &of(held), application).map(|scopes| scopes.join(" "))
        };
        let held = "Files.ReadWrite.All User.Read.All";
        for (asked, given) in [
            ("", Some(held)),
            (".default", Some(held)),
            ("https://127.0.0.1/.default openid offline_access", Some(held)),
            ("https://graph.microsoft.com/Files.ReadWrite.All", Some("Files.ReadWrite.All")),
            ("files.read Files.Read Files.Read.All", Some("files.read Files.Read.All")),
            ("Sites.Read.All", Some("Sites.Read.All")),
            ("User.ReadBasic.All Group.Read.All", Some("User.ReadBasic.All")),
            ("openid profile", Some("User.Read")),
            ("User.Read", Some("User.Read")),
            ("Mail.Read", None),
            ("Mail.Read openid", None),
            ("/", None),
        ] {
            assert_eq!(get(asked, held, false).as_deref(), given, "{asked}");
        }
        assert_eq!(get(".default", "", false), None);
        assert_eq!(get("Files.ReadWrite.All", "Files.Read.All", false), None);
        // nobody is signed in whose name it could be
        assert_eq!(get("openid", held, true).as_deref(), Some(held));
        assert_eq!(get("User.Read", held, true), None);
        assert_eq!(get("Files.Read", held, true), None);
        assert_eq!(get("Sites.Selected", held, true).as_deref(), Some("Sites.Selected"));
        assert_eq!(open_id(&of("Openid x/offline_access Files.Read openid")), of("openid offline_access"));
    }

    #[test]
    fn a_token_without_scopes_is_narrowed_only_where_its_vendor_has_scopes() {
        assert_eq!(ceiling_if_any(&[], false), Ceiling::NONE);
        assert_eq!(ceiling_if_any(&["User.Read".to_owned()], false), ceiling(&[], false));
    }
}
