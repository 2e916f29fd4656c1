//! The feed of changes: where somebody stands in it, and what a reader is told.

use super::{
    id::ItemId,
    item::{Item, Kind},
};

/// How many folders of a path count where items are put in order; deeper ones are told apart by their depth. Written into an
/// index (migrations/0015).
pub const PATH: usize = 64;

/// A place among all that lies below a folder, parents first: whatever is there can be asked for again from here on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TreePlace {
    /// The first [`PATH`] folders above.
    pub path: Vec<ItemId>,
    /// How many there are above in all.
    pub depth: i32,
    /// The item; at the same place of the path, the lower one stands first.
    pub item: ItemId,
}

impl TreePlace {
    /// The place of an item below these folders.
    pub fn of(ancestors: &[ItemId], item: ItemId) -> Self {
        let path = ancestors.iter().take(PATH).copied().collect();
        Self { path, depth: i32::try_from(ancestors.len()).unwrap_or(i32::MAX), item }
    }

    /// Before everything that lies below a folder, which has these above it.
    pub fn before(ancestors: &[ItemId], folder: ItemId) -> Self {
        let path = ancestors.iter().chain([&folder]).take(PATH).copied().collect();
        Self { path, depth: 0, item: ItemId(uuid::Uuid::nil()) }
    }
}

/// A stretch of the feed that is read page by page, and how far that has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stretch {
    /// What the reader knew when it began: everything up to here.
    pub from: i64,
    /// What it was told of: everything up to here.
    pub after: i64,
    /// Where it ends.
    pub until: i64,
}

impl Stretch {
    /// From one place to another, nothing read yet.
    pub fn new(from: i64, until: i64) -> Self {
        Self { from, after: from, until }
    }
}

/// What a reader is told of an item that something was done to.
#[derive(Clone, Debug)]
pub enum Change {
    /// It is there, like this.
    Shown(Box<Item>),
    /// It is not there any more, or not for this reader.
    Gone(Gone),
}

/// An item that is not there any more.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Gone {
    /// Graph's id.
    pub graph_id: String,
    /// What it was.
    pub kind: Kind,
    /// Graph's id of the folder it was deleted from; `None` where it was not deleted there.
    pub parent: Option<String>,
}
