//! Special folders (spec/graph.md 4): folders that are found by what they are for. What they are called is a room's
//! business, where they lie their users'.

use super::id::PrincipalId;

/// What a folder is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, sqlx::Type)]
#[sqlx(type_name = "text", rename_all = "snake_case")]
pub enum Special {
    /// Documents.
    Documents,
    /// Pictures of every kind.
    Photos,
    /// Pictures as a camera brings them.
    CameraRoll,
    /// What an application keeps for itself; each has its own.
    AppRoot,
    /// Music.
    Music,
}

impl Special {
    /// All of them, in the order of our tables.
    pub const ALL: [Special; 5] =
        [Special::Documents, Special::Photos, Special::CameraRoll, Special::AppRoot, Special::Music];
}

/// Which special folder of a library.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SpecialKey {
    /// What it is for.
    pub special: Special,
    /// Whose it is, for [`Special::AppRoot`]; who comes without an application shares one with all who do.
    pub application: Option<PrincipalId>,
}
