//! What can be asked of this room, in the words its errors use (spec/oracle.md 2.7). No routes, no statuses.

/// One line of the vendor's table of operations.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operation {
    /// 4.1.
    Reserve,
    /// 4.2.
    Unreserve,
    /// 5.1.
    FileInformation,
    /// 5.2.
    Download,
    /// 5.3 and 5.4.
    Upload,
    /// 5.5.
    Versions,
    /// 5.6.
    EditFile,
    /// 5.7 and 6.4.
    Copy,
    /// 5.7 and 6.4.
    Move,
    /// 5.8 and 6.4.
    Delete,
    /// 6.1, 6.2 and 6.5.
    Browse,
    /// 6.3.
    CreateFolder,
    /// 6.4.
    EditFolder,
    /// 7; not in the vendor's table, as are the next two.
    Users,
    /// 7.
    TransferContent,
    /// 10.
    Metadata,
    /// 8.
    Links,
    /// 9.
    Shares,
    /// 11; not in the vendor's table, nor are those of section 12 that follow.
    Catalog,
    /// A companion service that acts on no item, and one that there is not.
    Service,
    /// What was done to an item.
    Activities,
    /// Seeing what lies in the trash.
    BrowseTrash,
    /// Taking something out of it.
    Restore,
    /// Deleting something in it for good.
    Purge,
    /// Deleting all of it for good.
    EmptyTrash,
    /// The token endpoint.
    Token,
}

/// How an operation is spoken of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Words {
    /// The first part of an error key.
    pub key: &'static str,
    /// The first sentence of an error message.
    pub sentence: &'static str,
    /// The service that a privilege is missing for.
    pub service: &'static str,
}

impl Operation {
    /// Whether its answers are JSON whatever the client accepts: those of the token endpoint and of the companion services.
    pub fn speaks_json_only(self) -> bool {
        matches!(self, Self::Service | Self::Token)
    }

    /// Its words.
    pub fn words(self) -> Words {
        let (key, sentence, service) = match self {
            Self::Reserve => ("!csFldCouldNotReserve", "Could not reserve.", "FLD_RESERVE"),
            Self::Unreserve => {
                ("!csFldCouldNotClearReservation", "Could not clear reservation.", "FLD_CLEAR_RESERVATION")
            }
            Self::FileInformation => {
                ("!csFldUnableToGetFileInfo", "Unable to get file information.", "FLD_GET_FILE_INFO")
            }
            Self::Download => ("!csUnableToDownloadFile", "Unable to download file.", "GET_FILE"),
            Self::Upload => ("!csUnableToCheckIn", "Unable to check in.", "CHECKIN_UNIVERSAL"),
            Self::Versions => ("!csFldUnableToGetRevisions", "Unable to get file versions.", "FLD_FILE_REVISIONS"),
            Self::EditFile => {
                ("!csFldUnableToEditDocumentLink", "Unable to edit foldering information.", "FLD_EDIT_FILE")
            }
            Self::Copy => ("!csFldUnableToCopy", "Unable to copy.", "FLD_COPY"),
            Self::Move => ("!csFldUnableToMove", "Unable to move.", "FLD_MOVE"),
            Self::Delete => ("!csFldUnableToDelete", "Unable to delete.", "FLD_MOVE_TO_TRASH"),
            Self::Browse => ("!csFldUnableToBrowse", "Unable to browse folder.", "FLD_BROWSE"),
            Self::CreateFolder => ("!csFldUnableToCreateFolder", "Unable to create folder.", "FLD_CREATE_FOLDER"),
            Self::EditFolder => ("!csFldUnableToEditFolder", "Unable to edit folder.", "FLD_EDIT_FOLDER"),
            Self::Users => ("!csUnableToQueryUsers", "Unable to query users.", "QUERY_USERS"),
            Self::TransferContent => ("!csUnableToTransferContent", "Unable to transfer content.", "TRANSFER_CONTENT"),
            Self::Metadata => ("!csUnableToManageMetadata", "Unable to manage metadata.", "MANAGE_METADATA"),
            Self::Links => ("!csUnableToManageLink", "Unable to manage public link.", "MANAGE_LINK"),
            Self::Shares => ("!csFldUnableToShare", "Unable to share folder.", "FLD_SHARE"),
            Self::Catalog => ("!csUnableToDescribeResource", "Unable to describe resource.", "DESCRIBE"),
            Self::Service => ("!csUnableToExecuteService", "Unable to execute service.", "SERVICE"),
            Self::Activities => ("!csUnableToGetActivities", "Unable to get activities.", "GET_ACTIVITY_HISTORY"),
            Self::BrowseTrash => ("!csFldUnableToBrowseTrash", "Unable to browse trash.", "FLD_BROWSE_TRASH"),
            Self::Restore => ("!csFldUnableToRestore", "Unable to restore.", "FLD_RESTORE"),
            Self::Purge => ("!csFldUnableToDelete", "Unable to delete.", "FLD_DELETE_FROM_TRASH"),
            Self::EmptyTrash => ("!csFldUnableToEmptyTrash", "Unable to empty trash.", "FLD_EMPTY_TRASH"),
            Self::Token => ("!csUnableToIssueToken", "Unable to issue token.", "TOKEN"),
        };
        Words { key, sentence, service }
    }
}
