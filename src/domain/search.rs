//! What a search looks for, already parsed: words as people type them, or a part of a name. How a database is asked is the
//! store's business.

use std::collections::BTreeSet;

use super::{directory::Fits, id::PrincipalId, item::Kind};

/// Most words a search may have.
pub const MOST_WORDS: usize = 32;

/// Most parts that all its words may have together.
pub const MOST_PARTS: usize = 64;

/// What is looked for. Everything it says must be so.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Search {
    /// Words, each of which must be found.
    pub words: Vec<Word>,
    /// What the name must contain, without regard to case.
    pub in_name: Option<String>,
    /// Only folders or only files.
    pub kind: Option<Kind>,
    /// Only what they made.
    pub made_by: Option<PrincipalId>,
    /// Only files of one of these media types; where none is known, it is `application/octet-stream`.
    pub media_types: Option<Vec<String>>,
    /// What the title must be like.
    pub title: Option<Titled>,
    /// Only what lies in the folder itself, and not what lies deeper.
    pub directly: bool,
    /// Only what no text holds was asked for.
    pub nothing: bool,
}

/// What a title must be like, without regard to case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Titled {
    /// How much of it.
    pub fits: Fits,
    /// The text.
    pub text: String,
}

/// A word as it was typed. Punctuation inside separates parts, which must follow each other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Word {
    /// At least one part; of each, the spellings that differ in case only and beyond ASCII.
    pub parts: Vec<BTreeSet<String>>,
    /// Whether the last part only has to begin like this.
    pub prefix: bool,
}

impl Search {
    /// Reads words between blanks; a `*` at the end of one makes it a beginning. `None`: too many, or of
    /// too many parts.
    pub fn of_words(text: &str) -> Option<Self> {
        let mut search = Self::default();
        let mut left = MOST_PARTS;
        let (mut all, mut nothing) = (false, false);
        for typed in text.split_whitespace() {
            if search.words.len() == MOST_WORDS {
                return None;
            }
            let prefix = typed.ends_with('*');
            let parts = typed.split(|c: char| !c.is_alphanumeric()).filter(|part| !part.is_empty());
            let parts: Vec<_> = parts.map(spellings).collect();
            left = left.checked_sub(parts.len())?;
            match (parts.is_empty(), prefix) {
                (false, _) => search.words.push(Word { parts, prefix }),
                // whatever begins like nothing: everything
                (true, true) => all = true,
                // a dash or an ampersand between words says nothing
                (true, false) => nothing = true,
            }
        }
        search.nothing = nothing && !all && search.words.is_empty();
        Some(search)
    }

    /// Looks for what has this in its name.
    pub fn of_name(part: &str) -> Self {
        Self { in_name: Some(super::name::key(part)), ..Self::default() }
    }
}

/// A database whose locale knows no letter beyond ASCII keeps them as they were written: most people write a word in one of
/// these ways.
fn spellings(part: &str) -> BTreeSet<String> {
    let lower = part.to_lowercase();
    if part.is_ascii() {
        return BTreeSet::from([lower]);
    }
    let mut rest = lower.chars();
    let capital = rest.next().map(|first| first.to_uppercase().chain(rest).collect()).unwrap_or_default();
    BTreeSet::from([capital, part.to_uppercase(), part.to_owned(), lower])
}

/// Orders of what was found; names and titles without case, the identity breaks ties.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum SearchOrder {
    /// Name.
    #[default]
    Name,
    /// Title.
    Title,
    /// Size; folders have none.
    Size,
    /// The name of who changed it last.
    ModifierName,
    /// When it was made.
    Created,
    /// When it was changed last.
    Modified,
}

/// Which part of what was found is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SearchWindow {
    /// How many to pass over.
    pub offset: i64,
    /// How many to show at most.
    pub limit: i64,
    /// In which order.
    pub order: SearchOrder,
    /// Whether the other way round.
    pub descending: bool,
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn words(text: &str) -> Vec<(Vec<Vec<String>>, bool)> {
        let list = |parts: Vec<BTreeSet<String>>| parts.into_iter().map(|part| part.into_iter().collect()).collect();
        Search::of_words(text).unwrap().words.into_iter().map(|word| (list(word.parts), word.prefix)).collect()
    }

    fn one(text: &str) -> Vec<String> {
        vec![text.to_owned()]
    }

    #[test]
    fn words_are_parted_by_blanks_and_have_parts() {
        assert_eq!(words("  Plan.TXT  rev* "), [(vec![one("plan"), one("txt")], false), (vec![one("rev")], true)]);
        assert_eq!(words("a*b"), [(vec![one("a"), one("b")], false)]);
        assert_eq!(
            words("'; DROP TABLE items; --"),
            [(vec![one("drop")], false), (vec![one("table")], false), (vec![one("items")], false)]
        );
        assert_eq!(words("größe"), [(vec![["GRÖSSE", "Größe", "größe"].map(str::to_owned).to_vec()], false)]);
    }

    #[test]
    fn what_has_no_letters_finds_nothing_and_a_star_finds_everything() {
        assert!(Search::of_words("! - &").unwrap().nothing);
        assert!(!Search::of_words("a & b").unwrap().nothing && !Search::of_words("& *").unwrap().nothing);
        assert_eq!(Search::of_words("*"), Some(Search::default()));
        assert_eq!(Search::of_words(&"x ".repeat(MOST_WORDS)).unwrap().words.len(), MOST_WORDS);
        assert_eq!(Search::of_words(&"x ".repeat(MOST_WORDS + 1)), None);
    }

    #[test]
    fn a_search_has_so_many_parts_at_most() {
        assert_eq!(Search::of_words(&"a.".repeat(100)), None);
        assert_eq!(Search::of_words(&"a.".repeat(MOST_PARTS + 1)), None);
        assert_eq!(words(&"a.".repeat(MOST_PARTS))[0].0.len(), MOST_PARTS);
        // counted over all words
        assert_eq!(words(&"a.b c.d ".repeat(16)).len(), 32);
        assert_eq!(Search::of_words(&"a.b c.d.e ".repeat(16)), None);
    }

    proptest! {
        #[test]
        fn every_part_is_of_letters_and_digits(text in any::<String>()) {
            for word in Search::of_words(&text).into_iter().flat_map(|search| search.words) {
                prop_assert!(!word.parts.is_empty());
                for spelling in word.parts.iter().flatten() {
                    prop_assert!(!spelling.contains(['\'', '\\', '\0', '&', '|', '!', '(', ':', '<', ' ']));
                }
            }
        }
    }
}
