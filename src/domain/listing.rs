//! Reading a folder page by page while it changes: in which order, what of it, and where to go on. Whatever keeps its name,
//! size and time comes exactly once, since a page begins after the last entry of the one before, and not at a number.

use chrono::{DateTime, Utc};

use super::{id::ItemId, item::Kind};

/// What entries are sorted by; the identity breaks ties.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SortBy {
    /// The name, without case.
    Name,
    /// The size of what is published, in bytes; a folder's is 0.
    Size,
    /// When it was changed last, its working copy apart.
    Modified,
}

/// An order of a folder's entries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sort {
    /// By what.
    pub by: SortBy,
    /// The largest first.
    pub descending: bool,
}

/// What an entry is sorted by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SortKey {
    /// Its name as it is compared.
    Name(String),
    /// Its size in bytes.
    Size(i64),
    /// Its time, to the microsecond.
    Modified(DateTime<Utc>),
}

/// The last entry of a page: the next one begins after it, whether it is still there or not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Last {
    /// What it was sorted by.
    pub key: SortKey,
    /// Which one it was.
    pub item: ItemId,
}

/// A page.
#[derive(Clone, Debug)]
pub struct Slice<T> {
    /// Its entries.
    pub items: Vec<T>,
    /// Its last entry, if more follow.
    pub last: Option<Last>,
}

/// What of a folder is wanted: what fits all of this.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filter {
    /// Only folders or only files.
    pub kind: Option<Kind>,
    /// Only the one of this name, as names are compared.
    pub name: Option<String>,
    /// Only those whose names begin like this, as names are compared.
    pub prefix: Option<String>,
    /// Nothing can fit.
    pub nothing: bool,
}

impl Filter {
    /// What fits both.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        let mut nothing = self.nothing || other.nothing;
        let mut same = |differ: bool| nothing |= differ;
        let kind = self.kind.or(other.kind);
        same(other.kind.is_some() && other.kind != kind);
        let name = self.name.or(other.name.clone());
        same(other.name.is_some() && other.name != name);
        let prefix = match (self.prefix, other.prefix) {
            (Some(one), Some(two)) => {
                // whoever begins with the longer one begins with both, or nobody does
                let (longer, shorter) = if one.len() < two.len() { (two, one) } else { (one, two) };
                same(!longer.starts_with(&shorter));
                Some(longer)
            }
            (one, two) => one.or(two),
        };
        Self { kind, name, prefix, nothing }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    impl Filter {
        fn fits(&self, kind: Kind, name: &str) -> bool {
            !self.nothing
                && self.kind.is_none_or(|wanted| wanted == kind)
                && self.name.as_deref().is_none_or(|wanted| wanted == name)
                && self.prefix.as_deref().is_none_or(|prefix| name.starts_with(prefix))
        }
    }

    fn kind() -> impl Strategy<Value = Kind> {
        prop_oneof![Just(Kind::File), Just(Kind::Folder)]
    }

    prop_compose! {
        fn filter()(
            kind in proptest::option::of(kind()), name in proptest::option::of("[ab]{1,3}"),
            prefix in proptest::option::of("[ab]{0,3}"), nothing in proptest::bool::weighted(0.1),
        ) -> Filter {
            Filter { kind, name, prefix, nothing }
        }
    }

    proptest! {
        #[test]
        fn what_fits_two_filters_fits_both_of_them(one in filter(), two in filter(), kind in kind(), name in "[ab]{1,3}") {
            let both = one.clone().and(two.clone()).fits(kind, &name);
            prop_assert_eq!(both, one.fits(kind, &name) && two.fits(kind, &name));
        }
    }
}
