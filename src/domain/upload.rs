//! An upload that comes in fragments (spec/graph.md 8): how far it is, and which fragment fits. Where its bytes lie and
//! what becomes of them is not known here.

use chrono::{DateTime, Utc};

use super::{
    actor::Mandate,
    content::Sha256,
    error::Error,
    id::{ItemId, ItemKey, UploadId},
    item::{ClientTimes, OnConflict},
    name::ItemName,
};

/// Where an upload goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Destination {
    /// The file itself, or the folder that the names start from.
    pub item: ItemId,
    /// Names below that folder, the last of them the file's; none: the item is the file.
    pub names: Vec<ItemName>,
}

impl Destination {
    /// What it is found by, so many of its names along: all of them lead to the file, if it is there.
    pub fn key(&self, names: usize) -> ItemKey {
        let base = ItemKey::Id(self.item);
        match self.names.get(..names) {
            None | Some([]) => base,
            Some(names) => ItemKey::Path(Box::new(base), names.iter().map(|name| name.as_str().to_owned()).collect()),
        }
    }
}

/// What is to become of an upload.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Purpose {
    /// Where it goes.
    pub to: Destination,
    /// When the name is taken at its end.
    pub on_conflict: OnConflict,
    /// Whether the last fragment is not the end: somebody says so afterwards.
    pub deferred: bool,
    /// The upload counts only while the file has this content, if it is to count only then.
    pub only_on: Option<Sha256>,
    /// The file's description.
    pub description: Option<String>,
    /// The times of the client's own disk.
    pub client_times: ClientTimes,
}

/// How far an upload is, in bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Progress {
    /// What is here, without a gap.
    pub received: u64,
    /// What there will be, once that is known.
    pub total: Option<u64>,
    /// Where the last fragment begins, once there is one.
    pub last_start: Option<u64>,
}

/// An upload as it stands.
#[derive(Clone, Debug)]
pub struct Upload {
    /// Its key.
    pub id: UploadId,
    /// The digest of what opens it.
    pub digest: [u8; 32],
    /// With what rights it was begun.
    pub mandate: Mandate,
    /// What is to become of it.
    pub purpose: Purpose,
    /// How far it is.
    pub progress: Progress,
    /// When it ends by itself.
    pub expires_at: DateTime<Utc>,
    /// The file it became.
    pub file: Option<ItemId>,
}

/// Which bytes of the whole a fragment is, as its sender says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    /// The first byte.
    pub first: u64,
    /// The last one.
    pub last: u64,
    /// How many there are in all, if that is said.
    pub total: Option<u64>,
}

/// What a fragment that fits is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fit {
    /// The next one.
    Next,
    /// The last one once more, when everything is here.
    Again,
}

/// Why a fragment does not fit. Nothing of it is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Misfit {
    /// Some of it is here already.
    #[error("the fragment overlaps what was received")]
    Overlap,
    /// Something before it is missing.
    #[error("the fragment is not the next one")]
    OutOfOrder,
    /// It goes beyond the end.
    #[error("the fragment goes beyond the end")]
    Beyond,
    /// Another total was said before.
    #[error("the total is another than before")]
    Total,
    /// The body has not as many bytes as its span.
    #[error("the body has another length than the fragment")]
    Length,
}

/// Why something cannot be done with an upload.
#[derive(Debug, thiserror::Error)]
pub enum Refused {
    /// It has ended, or never was.
    #[error("no such upload")]
    Gone,
    /// The fragment does not fit.
    #[error(transparent)]
    Misfit(#[from] Misfit),
    /// More bytes than one fragment may have.
    #[error("the fragment is too large")]
    FragmentTooLarge,
    /// Not all bytes are here.
    #[error("bytes are missing")]
    Incomplete,
    /// The caller has too many uploads that have not ended.
    #[error("too many uploads")]
    TooMany,
    /// As for any other way of writing the file.
    #[error(transparent)]
    Vault(#[from] Error),
}

/// Most bytes of one fragment: 60 MiB (spec/graph.md 8).
pub const LONGEST_FRAGMENT: u64 = 60 << 20;

impl Span {
    /// How many bytes it is.
    pub fn length(&self) -> u64 {
        (self.last - self.first).saturating_add(1)
    }

    /// Reads `bytes a-b/total` and `bytes a-b/*`.
    pub fn parse(text: &str) -> Option<Self> {
        let number = |text: &str| {
            let text = text.trim();
            let plain = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
            // what the database cannot count is no length of anything
            plain.then(|| text.parse::<u64>().ok()).flatten().filter(|number| i64::try_from(*number).is_ok())
        };
        let (unit, rest) = text.trim().split_once(' ')?;
        let (range, total) = rest.split_once('/')?;
        let (first, last) = range.split_once('-')?;
        let (first, last) = (number(first)?, number(last)?);
        let total = if total.trim() == "*" { None } else { Some(number(total)?) };
        let fits = unit.eq_ignore_ascii_case("bytes") && first <= last && total.is_none_or(|total| last < total);
        (fits && last < i64::MAX.unsigned_abs()).then_some(Self { first, last, total })
    }
}

impl Progress {
    /// Whether everything is here.
    pub fn is_complete(&self) -> bool {
        self.total == Some(self.received)
    }

    /// Whether its sender may say that everything is here.
    pub fn can_end(&self) -> bool {
        self.total.map_or(self.last_start.is_some(), |total| total == self.received)
    }

    /// Whether a fragment fits; without a span, one that is the whole.
    pub fn fit(&self, span: Option<Span>) -> Result<Fit, Misfit> {
        let Some(span) = span else {
            return match self.last_start {
                None => Ok(Fit::Next),
                Some(0) if self.is_complete() => Ok(Fit::Again),
                Some(_) => Err(Misfit::Overlap),
            };
        };
        let total = match (self.total, span.total) {
            (Some(before), Some(now)) if before != now => return Err(Misfit::Total),
            (before, now) => before.or(now),
        };
        let end = span.last.saturating_add(1);
        if self.is_complete() && self.last_start == Some(span.first) && end == self.received {
            return Ok(Fit::Again);
        }
        if span.first < self.received {
            return Err(Misfit::Overlap);
        }
        if total.is_some_and(|total| end > total) {
            return Err(Misfit::Beyond);
        }
        if span.first > self.received { Err(Misfit::OutOfOrder) } else { Ok(Fit::Next) }
    }

    /// With a fragment that fits as the next one.
    #[must_use]
    pub fn after(self, start: u64, length: u64, total: Option<u64>) -> Self {
        Self { received: start.saturating_add(length), total: self.total.or(total), last_start: Some(start) }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn span(first: u64, last: u64, total: Option<u64>) -> Span {
        Span { first, last, total }
    }

    #[test]
    fn a_span_is_read_in_its_one_form() {
        assert_eq!(Span::parse("bytes 0-0/1"), Some(span(0, 0, Some(1))));
        assert_eq!(Span::parse(" Bytes 5-9/* "), Some(span(5, 9, None)));
        for bad in [
            "",
            "bytes",
            "bytes 0-0",
            "bytes */5",
            "bytes 1-0/5",
            "bytes 0-5/5",
            "items 0-1/5",
            "bytes 0-/5",
            "bytes -1/5",
            "bytes +0-1/5",
            "bytes 0-1/5/6",
            "bytes 0-1/x",
            "bytes 0-9223372036854775807/*",
            "bytes 0-1/18446744073709551615",
            "bytes 0-1, 2-3/5",
        ] {
            assert_eq!(Span::parse(bad), None, "{bad:?}");
        }
    }

    #[test]
    fn a_fragment_fits_when_it_is_the_next_or_the_last_again() {
        let begun = Progress::default().after(0, 10, Some(15));
        assert_eq!(begun.fit(Some(span(10, 14, Some(15)))), Ok(Fit::Next));
        assert_eq!(begun.fit(Some(span(10, 11, None))), Ok(Fit::Next));
        assert_eq!(begun.fit(Some(span(0, 9, Some(15)))), Err(Misfit::Overlap));
        assert_eq!(begun.fit(Some(span(9, 14, Some(15)))), Err(Misfit::Overlap));
        assert_eq!(begun.fit(Some(span(12, 14, Some(15)))), Err(Misfit::OutOfOrder));
        assert_eq!(begun.fit(Some(span(10, 15, None))), Err(Misfit::Beyond));
        assert_eq!(begun.fit(Some(span(10, 14, Some(16)))), Err(Misfit::Total));
        assert_eq!(begun.fit(None), Err(Misfit::Overlap));
        let whole = begun.after(10, 5, None);
        assert!(whole.is_complete());
        assert_eq!(whole.fit(Some(span(10, 14, Some(15)))), Ok(Fit::Again));
        assert_eq!(whole.fit(Some(span(10, 13, Some(15)))), Err(Misfit::Overlap));
        assert_eq!(whole.fit(Some(span(15, 15, None))), Err(Misfit::Beyond));
        assert_eq!(whole.fit(None), Err(Misfit::Overlap));
        let at_once = Progress::default().after(0, 5, Some(5));
        assert_eq!((Progress::default().fit(None), at_once.fit(None)), (Ok(Fit::Next), Ok(Fit::Again)));
        assert_eq!(Progress::default().after(0, 0, Some(0)).fit(None), Ok(Fit::Again));
    }

    proptest! {
        #[test]
        fn what_fits_continues_without_a_gap_and_within_the_total(
            sizes in prop::collection::vec(1_u64..50, 1..20),
            said in any::<bool>(),
            odd in (0_u64..1000, 1_u64..50),
        ) {
            let total: u64 = sizes.iter().sum();
            let mut progress = Progress::default();
            for size in sizes {
                // whatever else comes in between fits only if it begins here
                let (first, length) = odd;
                if first != progress.received {
                    prop_assert!(progress.fit(Some(span(first, first + length - 1, None))).is_err());
                }
                let start = progress.received;
                let next = span(start, start + size - 1, said.then_some(total));
                prop_assert_eq!(progress.fit(Some(next)), Ok(Fit::Next));
                progress = progress.after(start, size, said.then_some(total));
                prop_assert_eq!(progress.received, start + size);
            }
            prop_assert_eq!(progress.is_complete(), said);
        }

        #[test]
        fn no_text_breaks_the_reading(text in "\\PC{0,60}") {
            if let Some(span) = Span::parse(&text) {
                prop_assert!(span.first <= span.last && span.length() >= 1);
            }
        }
    }
}
