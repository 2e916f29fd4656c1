//! `$filter` of a folder's children (spec/graph.md 7.4): what is understood of its language, and nothing more. What is read
//! is short and flat, so a hostile text costs no more than a look at its length.

use crate::domain::{item::Kind, listing::Filter, name::key};

/// Longest expression, in bytes: two long names with all their quotes doubled.
const LONGEST: usize = 4096;
/// Most conditions in one expression.
const MOST: usize = 8;

/// One piece of an expression.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Piece<'a> {
    Word(&'a str),
    Text(String),
    Open,
    Close,
    Comma,
}

/// Reads conditions joined by `and`: `name eq '…'`, `startswith(name,'…')`, `file ne null`, `folder ne null`. Words come in any
/// letter case, with any blanks between them; names compare without case, as they do everywhere. `None`: it says anything else.
pub fn parse(text: &str) -> Option<Filter> {
    if text.len() > LONGEST || text.contains('\0') {
        return None;
    }
    let pieces = pieces(text)?;
    let mut rest = pieces.as_slice();
    let mut all = Filter::default();
    for _ in 0..MOST {
        let (condition, after) = condition(rest)?;
        all = all.and(condition);
        match after {
            [] => return Some(all),
            [Piece::Word(and), after @ ..] if is(and, "and") => rest = after,
            _ => return None,
        }
    }
    None
}

/// The first condition, and what follows it.
fn condition<'a, 'b>(pieces: &'a [Piece<'b>]) -> Option<(Filter, &'a [Piece<'b>])> {
    match pieces {
        [Piece::Word(member), Piece::Word(ne), Piece::Word(null), rest @ ..] if is(ne, "ne") && is(null, "null") => {
            let kind = match member {
                member if is(member, "file") => Kind::File,
                member if is(member, "folder") => Kind::Folder,
                _ => return None,
            };
            Some((Filter { kind: Some(kind), ..Filter::default() }, rest))
        }
        [Piece::Word(member), Piece::Word(eq), Piece::Text(text), rest @ ..] if is(member, "name") && is(eq, "eq") => {
            Some((Filter { name: Some(key(text)), ..Filter::default() }, rest))
        }
        [
            Piece::Word(function),
            Piece::Open,
            Piece::Word(member),
            Piece::Comma,
            Piece::Text(text),
            Piece::Close,
            rest @ ..,
        ] if is(function, "startswith") && is(member, "name") => {
            Some((Filter { prefix: Some(key(text)), ..Filter::default() }, rest))
        }
        _ => None,
    }
}

fn is(word: &str, wanted: &str) -> bool {
    word.eq_ignore_ascii_case(wanted)
}

fn pieces(text: &str) -> Option<Vec<Piece<'_>>> {
    let mut pieces = Vec::new();
    let mut rest = text.trim_start();
    while let Some(first) = rest.chars().next() {
        let piece = match first {
            '\'' => {
                let (text, after) = quoted(rest.get(1..)?)?;
                rest = after;
                Piece::Text(text)
            }
            '(' | ')' | ',' => {
                rest = rest.get(1..)?;
                match first {
                    '(' => Piece::Open,
                    ')' => Piece::Close,
                    _ => Piece::Comma,
                }
            }
            _ => {
                let end = rest.find(|letter: char| !letter.is_ascii_alphanumeric()).unwrap_or(rest.len());
                let (word, after) = rest.split_at(end);
                if word.is_empty() {
                    return None;
                }
                rest = after;
                Piece::Word(word)
            }
        };
        pieces.push(piece);
        rest = rest.trim_start();
    }
    Some(pieces)
}

/// A text up to its closing quote, in which a quote is written twice; and what follows.
fn quoted(text: &str) -> Option<(String, &str)> {
    let mut value = String::new();
    let mut rest = text;
    loop {
        let (before, after) = rest.split_once('\'')?;
        value.push_str(before);
        match after.strip_prefix('\'') {
            Some(after) => {
                value.push('\'');
                rest = after;
            }
            None => return Some((value, after)),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn name(text: &str) -> Filter {
        Filter { name: Some(text.to_owned()), ..Filter::default() }
    }

    fn prefix(text: &str) -> Filter {
        Filter { prefix: Some(text.to_owned()), ..Filter::default() }
    }

    #[test]
    fn what_is_understood_is_read_in_every_spelling() {
        let files = Filter { kind: Some(Kind::File), ..Filter::default() };
        let folders = Filter { kind: Some(Kind::Folder), ..Filter::default() };
        for (text, expected) in [
            ("name eq 'it''s'", name("it's")),
            ("  NAME  Eq'Plan.TXT' ", name("plan.txt")),
            ("name eq ''", name("")),
            ("name eq 'a and b eq ''c'''", name("a and b eq 'c'")),
            ("file ne null", files.clone()),
            ("Folder\tNE\nNull", folders.clone()),
            ("startswith(name,'Pl')", prefix("pl")),
            ("StartsWith ( Name , 'it''s' )", prefix("it's")),
            ("startswith(name,'')", prefix("")),
            ("startswith(name,'a') and file ne null", Filter { kind: Some(Kind::File), ..prefix("a") }),
            ("file ne null AND folder ne null", Filter { nothing: true, ..files }),
            ("name eq 'a'and name eq 'A'", name("a")),
        ] {
            assert_eq!(parse(text), Some(expected), "{text}");
        }
    }

    #[test]
    fn everything_else_is_refused() {
        let many = ["file ne null"; MOST + 1].join(" and ");
        for text in [
            "",
            " ",
            "file",
            "file eq null",
            "file ne 'null'",
            "folder ne 3",
            "size gt 3",
            "name eq x",
            "name eq 'x",
            "name eq 'x''",
            "name eq 'x' or name eq 'y'",
            "name eq 'x' and",
            "and name eq 'x'",
            "name eq 'x' name eq 'y'",
            "not (name eq 'x')",
            "(name eq 'x')",
            "name ne 'x'",
            "'x' eq name",
            "startswith(name,x)",
            "startswith(name 'x')",
            "startswith(url,'x')",
            "startswith(name,'x'",
            "startswith name,'x'",
            "startswith(name,'x','y')",
            "contains(name,'x')",
            "file/mimeType ne null",
            "name eq '\0'",
            "näme eq 'x'",
            &many,
        ] {
            assert_eq!(parse(text), None, "{text}");
        }
        for bomb in ["(".repeat(100_000), "name eq 'x' and ".repeat(100_000), "'".repeat(1 << 20)] {
            assert_eq!(parse(&bomb), None);
        }
    }

    proptest! {
        #[test]
        fn a_name_is_read_back_whatever_is_in_it(text in "\\PC{0,100}") {
            let said = text.replace('\'', "''");
            prop_assert_eq!(parse(&format!("name eq '{said}'")), Some(name(&key(&text))));
            prop_assert_eq!(parse(&format!("startswith(name,'{said}')")), Some(prefix(&key(&text))));
        }

        #[test]
        fn nothing_makes_it_panic(text in "(name|eq|'|''|and|\\(|\\)|,|null|ne|file| |\\PC){0,20}") {
            let _ = parse(&text);
        }
    }
}
