//! Libraries: Graph's drive, Liferay's site, Arena's workspace, a folder shared with you in Oracle.

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::{
    id::{ItemId, LibraryId, PrincipalId},
    version::Step,
};

/// Whose library it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, sqlx::Type, serde::Serialize, serde::Deserialize)]
#[sqlx(type_name = "text", rename_all = "snake_case")]
#[serde(rename_all = "snake_case")]
pub enum LibraryKind {
    /// One user's own.
    Personal,
    /// A group's.
    Group,
    /// A site's.
    Site,
}

/// A tree of files with members and settings.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "each is a setting of its own")]
pub struct Library {
    /// Our key.
    pub id: LibraryId,
    /// Personal, a group's, a site's.
    pub kind: LibraryKind,
    /// Its name.
    pub name: String,
    /// Its description.
    pub description: String,
    /// Liferay's group id.
    pub number: i64,
    /// Graph's drive id.
    pub graph_id: String,
    /// Graph's site GUID.
    pub graph_site_id: Uuid,
    /// The user or group it belongs to; none for a site's.
    pub owner: Option<PrincipalId>,
    /// Whether a policy must allow what a role allows.
    pub policies_required: bool,
    /// Whether uploads and plain check-ins through Graph make minor versions; else there are major ones only.
    pub minor_versions: bool,
    /// Whether bytes come into a file by a check-out only; a new one starts checked out to who made it.
    pub check_out_required: bool,
    /// Arena's workspace id, if it is a workspace.
    pub arena_workspace: Option<i64>,
    /// Whether the workspace can be entered through Arena's API.
    pub arena_api: bool,
    /// Requests a day through Arena.
    pub arena_request_limit: i64,
    /// Bytes it may hold; `None`: as many as there is room for.
    pub quota_bytes: Option<i64>,
    /// Who made it, where that is known.
    pub created_by: Option<PrincipalId>,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// Its root folder.
    pub root: ItemId,
    /// Graph's id of the root folder.
    pub root_graph_id: String,
    /// Oracle's id of the root folder.
    pub root_oracle_id: String,
    /// Liferay's number of the root folder.
    pub root_number: i64,
}

impl Library {
    /// Whose personal library it is, if it is one.
    pub fn personal_to(&self) -> Option<PrincipalId> {
        match self.kind {
            LibraryKind::Personal => self.owner,
            LibraryKind::Group | LibraryKind::Site => None,
        }
    }

    /// How far an upload, or a check-in that does not say, moves the version on where the drive decides that
    /// (spec/graph.md 6.4).
    pub fn usual_step(&self) -> Step {
        if self.minor_versions { Step::Minor } else { Step::Major }
    }
}
