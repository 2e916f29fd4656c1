//! What is wrong with a seed, each with its place: `file:line:column` and the line itself.

use std::{fmt, ops::Range};

use crate::domain;

/// One thing that is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// Where, in bytes of the file.
    pub at: Range<usize>,
    /// What, and what to do about it.
    pub what: String,
}

impl Problem {
    /// At a place in the file.
    pub fn new(at: Range<usize>, what: impl Into<String>) -> Self {
        Self { at, what: what.into() }
    }
}

/// All that is wrong with one file, in the order of its lines.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problems {
    /// The file's name, as it was given.
    pub file: String,
    /// At least one, each already worded with its place.
    words: Vec<String>,
}

impl Problems {
    pub(super) fn new(file: &str, text: &str, mut problems: Vec<Problem>) -> Self {
        problems.sort_by_key(|problem| problem.at.start);
        problems.dedup();
        Self { file: file.to_owned(), words: problems.iter().map(|problem| place(file, text, problem)).collect() }
    }
}

impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let count = match self.words.len() {
            1 => "one thing is".to_owned(),
            count => format!("{count} things are"),
        };
        write!(f, "{}: {count} wrong; nothing was written", self.file)?;
        self.words.iter().try_for_each(|words| write!(f, "\n\n{words}"))
    }
}

impl std::error::Error for Problems {}

/// The problem with its line, the place underlined. Lines and columns count from 1, columns in characters.
fn place(file: &str, text: &str, Problem { at, what }: &Problem) -> String {
    let start = floor(text, at.start);
    let line_start = text.get(..start).and_then(|before| before.rfind('\n')).map_or(0, |at| at + 1);
    let line = text.get(line_start..).unwrap_or_default().lines().next().unwrap_or_default();
    let line = &masked(line);
    let before = text.get(line_start..start).unwrap_or_default();
    let number = 1 + text.get(..line_start).unwrap_or_default().matches('\n').count();
    let column = 1 + before.chars().count();
    let end = floor(text, at.end).min(line_start + line.len()).max(start);
    let width = text.get(start..end).unwrap_or_default().chars().count().max(1);
    // Tabs stay tabs, so that the marks stand below what they mark.
    let blank: String = before.chars().map(|c| if c == '\t' { '\t' } else { ' ' }).collect();
    let gutter = " ".repeat(number.to_string().len());
    format!("{file}:{number}:{column}: {what}\n {number} | {line}\n {gutter} | {blank}{}", "^".repeat(width))
}

/// A line that is fit to be shown: what follows the name of a secret in quotes is starred out, one star for a character.
fn masked(line: &str) -> String {
    const SECRETS: [&str; 4] = ["password", "secret", "token", "access_code"];
    let mut shown: Vec<char> = line.chars().collect();
    for name in SECRETS {
        for (at, _) in line.match_indices(name) {
            let rest = line.get(at + name.len()..).unwrap_or_default();
            let skipped = line.chars().count() - rest.trim_start_matches(['"', '\'', ' ', '\t']).chars().count();
            if shown.get(skipped) != Some(&'=') {
                continue;
            }
            let value = shown.iter_mut().skip(skipped + 1).skip_while(|c| c.is_whitespace());
            let mut quote = None;
            for c in value {
                match quote {
                    None if *c == '"' || *c == '\'' => quote = Some(*c),
                    Some(quote) if *c == quote => break,
                    Some(_) => *c = '*',
                    None => break,
                }
            }
        }
    }
    shown.into_iter().collect()
}

fn floor(text: &str, at: usize) -> usize {
    (0..=at.min(text.len())).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0)
}

/// Why a seed was not applied.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The file is wrong, or does not fit what is there.
    #[error(transparent)]
    Wrong(#[from] Problems),
    /// The vault could not.
    #[error("the seed was not applied: {0}; nothing was written, it can be tried again")]
    Vault(#[source] domain::error::Error),
}
