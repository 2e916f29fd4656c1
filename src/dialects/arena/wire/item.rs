//! Items, their revisions, and the files associated with them (spec/arena.md 11). An item is a part in one of its
//! revisions.

use serde::Serialize;

use super::{File, Moment};
use crate::{
    domain::part::{self, RevisionStatus},
    vault::PartFile,
};

/// How much of an item is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum View {
    /// What identifies it.
    Minimal,
    /// All there is.
    Full,
}

/// An item.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Item<'a> {
    #[serde(flatten)]
    more: Option<More<'a>>,
    guid: &'a str,
    name: &'a str,
    number: &'a str,
    revision_number: &'a str,
    revision_status: &'static str,
}

/// What the minimal view leaves out.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct More<'a> {
    // parts have neither; clients of the item page read both
    category: Option<()>,
    creation_date_time: Moment,
    description: Option<&'a str>,
    effective_date_time: Option<Moment>,
    lifecycle_phase: Option<()>,
}

impl<'a> Item<'a> {
    /// A revision of a part as an item.
    pub fn of(revision: &'a part::Revision, view: View) -> Self {
        let more = (view == View::Full).then(|| More {
            category: None,
            creation_date_time: Moment(revision.created_at),
            description: Some(revision.description.as_str()).filter(|text| !text.is_empty()),
            effective_date_time: revision.effective_at.map(Moment),
            lifecycle_phase: None,
        });
        Item {
            more,
            guid: &revision.arena_guid,
            name: &revision.name,
            number: &revision.number,
            revision_number: &revision.label,
            revision_status: status(revision.status).1,
        }
    }
}

/// A revision in the list of an item's: here `number` is the revision's own.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Revision<'a> {
    change: Option<Change>,
    guid: &'a str,
    lifecycle_phase: Option<()>,
    number: &'a str,
    revision_status: &'static str,
    status: u8,
    superseded_date_time: Option<Moment>,
}

/// What made a revision effective.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Change {
    effective_date_time: Moment,
    // nobody numbers releases
    number: Option<()>,
}

impl<'a> From<&'a part::Revision> for Revision<'a> {
    fn from(revision: &'a part::Revision) -> Self {
        let (status, revision_status) = status(revision.status);
        let change = |at| Change { effective_date_time: Moment(at), number: None };
        Revision {
            change: revision.effective_at.map(change),
            guid: &revision.arena_guid,
            lifecycle_phase: None,
            number: &revision.label,
            revision_status,
            status,
            superseded_date_time: revision.superseded_at.map(Moment),
        }
    }
}

/// A file associated with an item, or an item associated with a file: then the item is told as well.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Association<'a> {
    file: File<'a>,
    guid: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    item: Option<Item<'a>>,
    latest_edition_association: bool,
    primary: bool,
    reference: Option<&'a str>,
}

impl<'a> Association<'a> {
    /// A file of an item.
    pub fn of(file: &'a PartFile) -> Self {
        Self::new(file, None)
    }

    /// A file with the item it belongs to.
    pub fn with(file: &'a PartFile, item: &'a part::Revision) -> Self {
        Self::new(file, Some(Item::of(item, View::Minimal)))
    }

    fn new(file: &'a PartFile, item: Option<Item<'a>>) -> Self {
        let association = &file.association;
        Association {
            file: File::full(file.look.item(), &file.edition),
            guid: &association.arena_guid,
            item,
            latest_edition_association: association.edition.is_none(),
            primary: association.primary,
            reference: Some(association.reference.as_str()).filter(|text| !text.is_empty()),
        }
    }
}

/// An item in the list of those that show an edition of a file.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Use<'a> {
    association_guid: &'a str,
    #[serde(flatten)]
    item: Item<'a>,
    latest_edition_association: bool,
    primary: bool,
}

impl<'a> Use<'a> {
    /// A revision of a part and how the file belongs to it.
    pub fn of(revision: &'a part::Revision, association: &'a part::Association) -> Self {
        Use {
            association_guid: &association.arena_guid,
            item: Item::of(revision, View::Minimal),
            latest_edition_association: association.edition.is_none(),
            primary: association.primary,
        }
    }
}

/// `status` and `revisionStatus`.
fn status(status: RevisionStatus) -> (u8, &'static str) {
    match status {
        RevisionStatus::Working => (0, "WORKING"),
        RevisionStatus::Effective => (1, "EFFECTIVE"),
        RevisionStatus::Superseded => (2, "SUPERSEDED"),
    }
}
