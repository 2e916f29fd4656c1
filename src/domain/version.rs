//! How editions count: (major, minor) for Liferay and Graph, a free label for Arena. Pure arithmetic only.

use std::{fmt, str::FromStr};

/// A `(major, minor)` pair, stored with the edition and never recomputed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Version {
    /// Before the dot.
    pub major: i32,
    /// After the dot.
    pub minor: i32,
}

impl Version {
    /// What a new file starts with.
    pub const FIRST: Version = Version { major: 1, minor: 0 };

    /// The version that follows by `step`.
    #[must_use]
    pub fn next(self, step: Step) -> Version {
        match step {
            Step::Major => Version { major: self.major.saturating_add(1), minor: 0 },
            Step::Minor => Version { major: self.major, minor: self.minor.saturating_add(1) },
        }
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.major, self.minor)
    }
}

/// The text is no version.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("a version has the form major.minor")]
pub struct BadVersion;

impl FromStr for Version {
    type Err = BadVersion;

    fn from_str(text: &str) -> Result<Self, BadVersion> {
        let (major, minor) = text.split_once('.').ok_or(BadVersion)?;
        let version =
            Version { major: major.parse().map_err(|_| BadVersion)?, minor: minor.parse().map_err(|_| BadVersion)? };
        // `+1.0` and `01.0` are other texts, not other spellings.
        if version.to_string() == text { Ok(version) } else { Err(BadVersion) }
    }
}

/// How far an edition moves the version on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// x.y becomes x+1.0.
    Major,
    /// x.y becomes x.y+1.
    Minor,
}

/// Longest label of an edition, in characters (spec/arena.md 1.4).
pub const LONGEST_LABEL: usize = 32;

/// The label Arena gives the edition after `last` when the client names none (spec/arena.md 7.5): one more if it is a
/// whole number, keeping its zero padding, else `last` with `-1`, cut where that would be too long. `taken` tells which labels the file has already.
pub fn next_label(last: &str, taken: impl Fn(&str) -> bool) -> String {
    let mut label = after(last);
    while taken(&label) {
        label = after(&label);
    }
    if label.chars().count() <= LONGEST_LABEL {
        return label;
    }
    // grown too long: counts on from its beginning, with room for every number there will be
    let stem: String = last.chars().take(LONGEST_LABEL - 12).collect();
    (2..u64::from(u32::MAX)).map(|number| format!("{stem}-{number}")).find(|label| !taken(label)).unwrap_or(label)
}

fn after(label: &str) -> String {
    let digits = !label.is_empty() && label.bytes().all(|byte| byte.is_ascii_digit());
    match label.parse::<u64>().ok().and_then(|number| number.checked_add(1)) {
        Some(number) if digits => {
            let number = number.to_string();
            let padding = "0".repeat(label.len().saturating_sub(number.len()));
            format!("{padding}{number}")
        }
        Some(_) | None => format!("{label}-1"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_count_as_the_vendors_do() {
        let version = Version { major: 1, minor: 9 };
        assert_eq!(version.next(Step::Minor).to_string(), "1.10");
        assert_eq!(version.next(Step::Major).to_string(), "2.0");
    }

    #[test]
    fn a_label_stays_a_label_however_often_one_is_made_from_it() {
        let mut labels = vec!["RELEASE-CANDIDATE-ÄÖÜ-OF-MAY".to_owned()];
        for _ in 0..100 {
            let next = next_label(labels.last().unwrap(), |label| labels.iter().any(|taken| taken == label));
            assert!(next.chars().count() <= LONGEST_LABEL && !labels.contains(&next), "{next}");
            labels.push(next);
        }
    }

    #[test]
    fn a_version_has_one_spelling() {
        assert_eq!("1.10".parse(), Ok(Version { major: 1, minor: 10 }));
        for text in ["", "1", "1.", ".1", "01.0", "+1.0", "1.0.0", "PWC"] {
            assert_eq!(text.parse::<Version>(), Err(BadVersion), "{text}");
        }
    }

    #[test]
    fn labels_keep_their_padding_and_stay_unique() {
        assert_eq!(next_label("01", |_| false), "02");
        assert_eq!(next_label("9", |label| label == "10"), "11");
        assert_eq!(next_label("B", |_| false), "B-1");
        assert_eq!(next_label("B", |label| label == "B-1"), "B-1-1");
    }

    #[test]
    fn there_is_a_label_after_every_label() {
        let greatest = u64::MAX.to_string();
        assert_eq!(next_label(&greatest, |label| label == greatest), format!("{greatest}-1"));
        let wide = format!("{}9", "0".repeat(70_000));
        assert_eq!(next_label(&wide, |_| false), format!("{}-2", "0".repeat(20)));
    }
}
