//! Who is looked for in a list of people or groups: the forms of `$filter` and `$search` that clients send
//! (spec/graph.md 11), read without looking anything up.

use super::{error::Refusal, query::Query};
use crate::domain::directory::{Field, Fits, Wanted};

/// What of a user can be asked for, by the names it has in JSON.
pub const OF_USERS: [(&str, Field); 5] = [
    ("displayName", Field::Name),
    ("givenName", Field::FirstName),
    ("surname", Field::LastName),
    ("mail", Field::Email),
    ("userPrincipalName", Field::SignIn),
];
/// What of a group.
pub const OF_GROUPS: [(&str, Field); 1] = [("displayName", Field::Name)];

/// So many alternatives at most.
const MOST: usize = 20;
/// Longest text that is compared, in characters.
const LONGEST: usize = 320;

/// Whoever fits one of these is wanted; without any, everybody.
///
/// # Errors
/// [`Refusal::Query`] for what is none of the forms.
pub fn wanted(query: &Query, fields: &[(&str, Field)]) -> Result<Vec<Wanted>, Refusal> {
    match (query.get("filter"), query.get("search")) {
        (None, None) => Ok(Vec::new()),
        (Some(text), None) => read(text, '\'', |one| comparison(one, fields)).ok_or(Refusal::Query("$filter")),
        (None, Some(text)) => read(text, '"', |one| words(one, fields)).ok_or(Refusal::Query("$search")),
        (Some(_), Some(_)) => Err(Refusal::Query("$search")),
    }
}

/// Refuses a `$filter` where a list has none.
pub fn unfiltered(query: &Query) -> Result<(), Refusal> {
    if query.get("filter").is_none() { Ok(()) } else { Err(Refusal::Query("$filter")) }
}

fn read(text: &str, quote: char, one: impl Fn(&str) -> Option<Wanted>) -> Option<Vec<Wanted>> {
    let alternatives = alternatives(text, quote);
    if alternatives.len() > MOST { None } else { alternatives.into_iter().map(one).collect() }
}

/// What stands between the words `or` outside of quotes.
fn alternatives(text: &str, quote: char) -> Vec<&str> {
    const OR: &str = " or ";
    let (mut found, mut start, mut quoted) = (Vec::new(), 0, false);
    for (at, letter) in text.char_indices() {
        if letter == quote {
            quoted = !quoted;
        }
        let ends = at + OR.len();
        if !quoted && at >= start && text.get(at..ends).is_some_and(|word| word.eq_ignore_ascii_case(OR)) {
            found.extend(text.get(start..at));
            start = ends;
        }
    }
    found.extend(text.get(start..));
    found
}

/// `field eq 'text'`, or `startswith(field,'text')`.
fn comparison(text: &str, fields: &[(&str, Field)]) -> Option<Wanted> {
    let text = text.trim();
    let (name, fits, value) = match text.strip_suffix(')').and_then(|call| call.split_once('(')) {
        Some((function, inside)) if function.trim().eq_ignore_ascii_case("startswith") => {
            let (name, value) = inside.split_once(',')?;
            (name, Fits::Start, value)
        }
        _ => {
            let (name, rest) = text.split_once(' ')?;
            let (operator, value) = rest.trim_start().split_once(' ')?;
            (operator == "eq").then_some((name, Fits::Whole, value))?
        }
    };
    let quoted = value.trim().strip_prefix('\'')?.strip_suffix('\'')?;
    let text = quoted.replace("''", "\0");
    // a quote inside of the text is doubled
    if text.contains('\'') || quoted.contains('\0') {
        return None;
    }
    compared(name, fits, text.replace('\0', "'"), fields)
}

/// `"field:text"`: the text stands somewhere in it.
fn words(text: &str, fields: &[(&str, Field)]) -> Option<Wanted> {
    let (name, text) = text.trim().strip_prefix('"')?.strip_suffix('"')?.split_once(':')?;
    if text.trim().is_empty() || text.contains(['"', '\\', '\0']) {
        return None;
    }
    compared(name, Fits::Within, text.trim().to_owned(), fields)
}

fn compared(name: &str, fits: Fits, text: String, fields: &[(&str, Field)]) -> Option<Wanted> {
    let (_, field) = fields.iter().find(|(own, _)| own.eq_ignore_ascii_case(name.trim()))?;
    (text.chars().count() <= LONGEST).then_some(Wanted { field: *field, fits, text })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn found(name: &str, text: &str) -> Option<Vec<Wanted>> {
        let encoded: String = form_urlencoded::Serializer::new(String::new()).append_pair(name, text).finish();
        wanted(&Query::parse(&encoded), &OF_USERS).ok()
    }

    fn one(field: Field, fits: Fits, text: &str) -> Wanted {
        Wanted { field, fits, text: text.to_owned() }
    }

    #[test]
    fn the_forms_that_clients_send_are_read() {
        let whole = |field, text| Some(vec![one(field, Fits::Whole, text)]);
        let start = |field, text| Some(vec![one(field, Fits::Start, text)]);
        assert_eq!(found("$filter", "userPrincipalName eq 'ann@example.com'"), whole(Field::SignIn, "ann@example.com"));
        assert_eq!(found("filter", "mail  eq  'a@b'"), whole(Field::Email, "a@b"));
        assert_eq!(found("$filter", "DisplayName eq 'O''Hara or ''x'''"), whole(Field::Name, "O'Hara or 'x'"));
        assert_eq!(found("$filter", "startswith(displayName,'A')"), start(Field::Name, "A"));
        assert_eq!(found("$filter", "startsWith( userPrincipalName , 'a)' )"), start(Field::SignIn, "a)"));
        assert_eq!(found("$filter", "startswith(displayName,'')"), start(Field::Name, ""));
        assert_eq!(
            found("$filter", "startswith(givenName,'a') OR startswith(surname,'a, b') or mail eq 'a or b'"),
            Some(vec![
                one(Field::FirstName, Fits::Start, "a"),
                one(Field::LastName, Fits::Start, "a, b"),
                one(Field::Email, Fits::Whole, "a or b"),
            ])
        );
        assert_eq!(
            found("$search", r#""displayName:wa" OR "mail:x or y""#),
            Some(vec![one(Field::Name, Fits::Within, "wa"), one(Field::Email, Fits::Within, "x or y")])
        );
        assert_eq!(found("$filter", ""), Some(Vec::new()));
    }

    #[test]
    fn what_is_none_of_them_is_refused() {
        let long = format!("mail eq '{}'", "x".repeat(LONGEST + 1));
        let many = vec!["mail eq 'x'"; MOST + 1].join(" or ");
        for bad in [
            "displayName",
            "displayName eq",
            "displayName eq Ann",
            "displayName eq 'Ann",
            "displayName eq 'A'nn'",
            "displayName ne 'Ann'",
            "displayName eq 'a' and mail eq 'b'",
            "(displayName eq 'a')",
            "endswith(mail,'b')",
            "startswith(displayName)",
            "startswith(displayName,a)",
            "startswith(jobTitle,'a')",
            "accountEnabled eq true",
            "mail eq 'x' or ",
            "mail eq 'a\0b'",
            &long,
            &many,
        ] {
            assert_eq!(found("$filter", bad), None, "{bad}");
        }
        for bad in
            ["ann", "\"ann\"", "\"displayName:\"", "\"jobTitle:x\"", "\"mail:x\" AND \"mail:y\"", "\"mail:a\0b\""]
        {
            assert_eq!(found("$search", bad), None, "{bad}");
        }
        assert!(wanted(&Query::parse("$filter=mail eq 'x'&$search=\"mail:x\""), &OF_USERS).is_err());
        assert!(wanted(&Query::parse("$filter=mail eq 'x'"), &OF_GROUPS).is_err());
        assert!(unfiltered(&Query::parse("$filter=x")).is_err() && unfiltered(&Query::parse("$top=1")).is_ok());
    }

    proptest! {
        #[test]
        fn every_text_can_be_asked_for(text in "[^\0]{0,40}") {
            // the options of a query are trimmed
            let said = format!("displayName eq '{}'", text.replace('\'', "''"));
            prop_assert_eq!(found("$filter", &said), Some(vec![one(Field::Name, Fits::Whole, &text)]));
        }

        #[test]
        fn nothing_makes_it_panic(text in "(mail|eq| or |'|\"|:|\\(|startswith|\\PC{1,3}){0,10}") {
            let _ = (found("$filter", &text), found("$search", &text));
        }
    }
}
