//! Pages of lists.

use chrono::{DateTime, Utc};

/// Which part of a list is wanted, in which order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    /// How many to pass over.
    pub offset: i64,
    /// How many to show at most.
    pub limit: i64,
    /// In which order.
    pub order: Order,
}

/// Orders a listing knows; names and titles without case, the identity breaks ties.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Order {
    /// Name, ascending.
    #[default]
    Name,
    /// Name, descending.
    NameDescending,
    /// Title, ascending; of folders the name, as they have no other.
    Title,
    /// Time of creation, oldest first.
    Created,
    /// Time of creation, newest first.
    CreatedDescending,
    /// Time of change, oldest first.
    Modified,
    /// Time of change, newest first.
    ModifiedDescending,
    /// Size, smallest first.
    Size,
    /// Size, largest first.
    SizeDescending,
    /// Arena's file number, ascending.
    FileNumber,
}

/// One page, and how many there are in all.
#[derive(Clone, Debug)]
pub struct Page<T> {
    /// The entries of this page.
    pub items: Vec<T>,
    /// How many entries the whole list has for this caller.
    pub total: i64,
}

/// Which part of what happened is wanted, newest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Period {
    /// Not what happened before.
    pub from: Option<DateTime<Utc>>,
    /// Not what happened then or later.
    pub until: Option<DateTime<Utc>>,
    /// How many to pass over.
    pub offset: i64,
    /// How many to show at most.
    pub limit: i64,
}
