//! Which calls there are (spec/graph.md 6 to 13), as data in the order of the reference. The room finds a call here, and
//! so do the tests; how addresses are read is `address.rs`.

use axum::http::Method;

use super::address::{Address, Owner, Subject, Word};

/// One call of the reference.
#[derive(Clone, Copy, Debug)]
pub struct Call {
    /// Its method.
    pub method: &'static str,
    /// What it is about.
    pub on: On,
    /// The words after that; `*` stands for any.
    pub tail: &'static str,
    /// What answers it.
    pub operation: Operation,
}

/// What a call is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum On {
    /// The service.
    Service,
    /// The caller.
    Me,
    /// A user.
    User,
    /// A group.
    Group,
    /// A site.
    Site,
    /// A drive, by any address.
    Drive,
    /// An item, by any address.
    Item,
    /// A sharing token.
    Share,
}

/// What answers a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operation {
    /// Section 6.
    CheckOut,
    /// Section 6.
    CheckIn,
    /// Section 6.
    DiscardCheckOut,
    /// Section 7, 1.
    GetDrive,
    /// Section 7, 2.
    ListDrives,
    /// Section 7, 3 and 4.
    GetItem,
    /// Section 7, 5.
    ListChildren,
    /// Section 7, 6.
    CreateChild,
    /// Section 7, 7.
    PutContent,
    /// Section 7, 9.
    GetContent,
    /// Section 7, 10.
    UpdateItem,
    /// Section 7, 11.
    DeleteItem,
    /// Section 7, 14.
    ListVersions,
    /// Section 7, 14.
    GetVersion,
    /// Section 7, 15.
    GetVersionContent,
    /// Section 11.
    GetMe,
    /// Section 11.
    GetUser,
    /// Section 8.
    CreateUploadSession,
    /// Section 7, 12.
    PermanentDelete,
    /// Section 7, 20.
    Restore,
    /// Section 9.3.
    Copy,
    /// Section 7, 16.
    RestoreVersion,
    /// Section 7, 17.
    DeleteVersion,
    /// Section 9.1.
    Delta,
    /// Section 9.2.
    Search,
    /// Section 7, 21.
    ListRecent,
    /// Section 7, 21.
    ListSharedWithMe,
    /// Section 7, 21.
    ListFollowing,
    /// Section 7, 21.
    ListBundles,
    /// Section 7, 22.
    ListThumbnails,
    /// Section 7, 22.
    GetThumbnail,
    /// Section 7, 23.
    Preview,
    /// Section 7, 23.
    Follow,
    /// Section 7, 23.
    Unfollow,
    /// Section 8.
    CommitUpload,
    /// Section 9.4.
    Batch,
    /// Section 10.1.
    CreateLink,
    /// Section 10.2.
    Invite,
    /// Section 10.3.
    ListPermissions,
    /// Section 10.3.
    GetPermission,
    /// Section 10.3.
    UpdatePermission,
    /// Section 10.3.
    DeletePermission,
    /// Section 10.4.
    GetShare,
    /// Section 11.
    ListUsers,
    /// Section 11.
    ListGroups,
    /// Section 11.
    GetGroup,
    /// Section 11.
    ListMembers,
    /// Section 11.
    ListSites,
    /// Section 11.
    GetSite,
    /// Section 11.
    ListSubsites,
    /// Section 11.
    ListLists,
    /// Section 11.
    GetList,
    /// Section 11.
    ListOrganization,
    /// Section 11.
    GetMetadata,
    /// Section 12.
    Lock,
    /// Section 12.
    ReleaseLock,
    /// Section 12.
    GetContentStream,
    /// Section 13.
    CreateSubscription,
    /// Section 13.
    ListSubscriptions,
    /// Section 13.
    GetSubscription,
    /// Section 13.
    UpdateSubscription,
    /// Section 13.
    DeleteSubscription,
}

impl Call {
    /// An address it answers at, parameters in braces.
    pub fn sample(&self) -> String {
        let on = match self.on {
            On::Service => "",
            On::Me => "/me",
            On::User => "/users/{user}",
            On::Group => "/groups/{group}",
            On::Site => "/sites/{site}",
            On::Drive => "/drives/{drive}",
            On::Item => "/drives/{drive}/items/{item}",
            On::Share => "/shares/{share}",
        };
        let slash = if self.tail.is_empty() { "" } else { "/" };
        format!("{on}{slash}{}", self.tail.replace('*', "{any}"))
    }
}

impl Operation {
    /// Its name in the log.
    pub fn name(self) -> &'static str {
        match self {
            Operation::CheckOut => "checkout",
            Operation::CheckIn => "checkin",
            Operation::DiscardCheckOut => "discardCheckout",
            Operation::GetDrive => "get drive",
            Operation::ListDrives => "list drives",
            Operation::GetItem => "get item",
            Operation::ListChildren => "list children",
            Operation::CreateChild => "create child",
            Operation::PutContent => "put content",
            Operation::GetContent => "get content",
            Operation::UpdateItem => "update item",
            Operation::DeleteItem => "delete item",
            Operation::ListVersions => "list versions",
            Operation::GetVersion => "get version",
            Operation::GetVersionContent => "get version content",
            Operation::GetMe => "get me",
            Operation::GetUser => "get user",
            Operation::CreateUploadSession => "create upload session",
            Operation::PermanentDelete => "permanent delete",
            Operation::Restore => "restore",
            Operation::Copy => "copy",
            Operation::RestoreVersion => "restore version",
            Operation::DeleteVersion => "delete version",
            Operation::Delta => "delta",
            Operation::Search => "search",
            Operation::ListRecent => "list recent",
            Operation::ListSharedWithMe => "list shared with me",
            Operation::ListFollowing => "list following",
            Operation::ListBundles => "list bundles",
            Operation::ListThumbnails => "list thumbnails",
            Operation::GetThumbnail => "get thumbnail",
            Operation::Preview => "preview",
            Operation::Follow => "follow",
            Operation::Unfollow => "unfollow",
            Operation::CommitUpload => "commit upload",
            Operation::Batch => "batch",
            Operation::CreateLink => "create link",
            Operation::Invite => "invite",
            Operation::ListPermissions => "list permissions",
            Operation::GetPermission => "get permission",
            Operation::UpdatePermission => "update permission",
            Operation::DeletePermission => "delete permission",
            Operation::GetShare => "get share",
            Operation::ListUsers => "list users",
            Operation::ListGroups => "list groups",
            Operation::GetGroup => "get group",
            Operation::ListMembers => "list members",
            Operation::ListSites => "list sites",
            Operation::GetSite => "get site",
            Operation::ListSubsites => "list subsites",
            Operation::ListLists => "list lists",
            Operation::GetList => "get list",
            Operation::ListOrganization => "list organization",
            Operation::GetMetadata => "get metadata",
            Operation::Lock => "lock",
            Operation::ReleaseLock => "release lock",
            Operation::GetContentStream => "get content stream",
            Operation::CreateSubscription => "create subscription",
            Operation::ListSubscriptions => "list subscriptions",
            Operation::GetSubscription => "get subscription",
            Operation::UpdateSubscription => "update subscription",
            Operation::DeleteSubscription => "delete subscription",
        }
    }
}

const fn call(method: &'static str, on: On, tail: &'static str, operation: Operation) -> Call {
    Call { method, on, tail, operation }
}

/// All calls, in the order of the reference.
pub const CALLS: &[Call] = &[
    // section 6
    call("POST", On::Item, "checkout", Operation::CheckOut),
    call("POST", On::Item, "checkin", Operation::CheckIn),
    call("POST", On::Item, "discardCheckout", Operation::DiscardCheckOut),
    // section 7
    call("GET", On::Drive, "", Operation::GetDrive),
    call("GET", On::Service, "drives", Operation::ListDrives),
    call("GET", On::Me, "drives", Operation::ListDrives),
    call("GET", On::User, "drives", Operation::ListDrives),
    call("GET", On::Group, "drives", Operation::ListDrives),
    call("GET", On::Site, "drives", Operation::ListDrives),
    call("GET", On::Item, "", Operation::GetItem),
    call("GET", On::Item, "children", Operation::ListChildren),
    call("POST", On::Item, "children", Operation::CreateChild),
    call("PUT", On::Item, "content", Operation::PutContent),
    call("POST", On::Item, "createUploadSession", Operation::CreateUploadSession),
    call("GET", On::Item, "content", Operation::GetContent),
    call("PATCH", On::Item, "", Operation::UpdateItem),
    call("DELETE", On::Item, "", Operation::DeleteItem),
    call("POST", On::Item, "permanentDelete", Operation::PermanentDelete),
    call("POST", On::Item, "copy", Operation::Copy),
    call("GET", On::Item, "versions", Operation::ListVersions),
    call("GET", On::Item, "versions/*", Operation::GetVersion),
    call("GET", On::Item, "versions/*/content", Operation::GetVersionContent),
    call("POST", On::Item, "versions/*/restoreVersion", Operation::RestoreVersion),
    call("DELETE", On::Item, "versions/*", Operation::DeleteVersion),
    call("GET", On::Item, "delta", Operation::Delta),
    call("GET", On::Item, "search", Operation::Search),
    call("GET", On::Drive, "search", Operation::Search),
    call("POST", On::Item, "restore", Operation::Restore),
    call("GET", On::Drive, "recent", Operation::ListRecent),
    call("GET", On::Drive, "sharedWithMe", Operation::ListSharedWithMe),
    call("GET", On::Drive, "following", Operation::ListFollowing),
    call("GET", On::Drive, "bundles", Operation::ListBundles),
    call("GET", On::Item, "thumbnails", Operation::ListThumbnails),
    call("GET", On::Item, "thumbnails/*", Operation::GetThumbnail),
    call("GET", On::Item, "thumbnails/*/*", Operation::GetThumbnail),
    call("GET", On::Item, "thumbnails/*/*/content", Operation::GetThumbnail),
    call("POST", On::Item, "preview", Operation::Preview),
    call("POST", On::Item, "follow", Operation::Follow),
    call("POST", On::Item, "unfollow", Operation::Unfollow),
    // section 8
    call("PUT", On::Item, "", Operation::CommitUpload),
    // section 9.4
    call("POST", On::Service, "$batch", Operation::Batch),
    // section 10
    call("POST", On::Item, "createLink", Operation::CreateLink),
    call("POST", On::Item, "invite", Operation::Invite),
    call("GET", On::Item, "permissions", Operation::ListPermissions),
    call("GET", On::Item, "permissions/*", Operation::GetPermission),
    call("PATCH", On::Item, "permissions/*", Operation::UpdatePermission),
    call("DELETE", On::Item, "permissions/*", Operation::DeletePermission),
    call("GET", On::Share, "", Operation::GetShare),
    // /driveItem, /root and /items below a sharing token are items like any others
    // section 11
    call("GET", On::Me, "", Operation::GetMe),
    call("GET", On::User, "", Operation::GetUser),
    call("GET", On::Service, "users", Operation::ListUsers),
    call("GET", On::Service, "groups", Operation::ListGroups),
    call("GET", On::Group, "", Operation::GetGroup),
    call("GET", On::Group, "members", Operation::ListMembers),
    call("GET", On::Service, "sites", Operation::ListSites),
    call("GET", On::Site, "", Operation::GetSite),
    call("GET", On::Site, "sites", Operation::ListSubsites),
    call("GET", On::Site, "lists", Operation::ListLists),
    call("GET", On::Site, "lists/*", Operation::GetList),
    // /drive and /items/{item}/driveItem below a list are drives and items like any others
    call("GET", On::Service, "organization", Operation::ListOrganization),
    call("GET", On::Service, "$metadata", Operation::GetMetadata),
    // section 12
    call("POST", On::Item, "lock", Operation::Lock),
    call("POST", On::Item, "releaseLock", Operation::ReleaseLock),
    call("GET", On::Item, "contentStream", Operation::GetContentStream),
    // section 13
    call("POST", On::Service, "subscriptions", Operation::CreateSubscription),
    call("GET", On::Service, "subscriptions", Operation::ListSubscriptions),
    call("GET", On::Service, "subscriptions/*", Operation::GetSubscription),
    call("PATCH", On::Service, "subscriptions/*", Operation::UpdateSubscription),
    call("DELETE", On::Service, "subscriptions/*", Operation::DeleteSubscription),
];

/// What the table says of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Found {
    /// This answers it.
    Operation(Operation),
    /// Only these methods are served there.
    Methods(Vec<&'static str>),
    /// Nothing is served there.
    Nothing,
}

/// Finds the call for a method and an address. `HEAD` is answered like `GET`.
pub fn find(method: &Method, address: &Address) -> Found {
    let method = if *method == Method::HEAD { "GET" } else { method.as_str() };
    let on = on(&address.subject);
    let there = CALLS.iter().filter(|call| call.on == on && fits(call.tail, &address.tail));
    let mut methods = Vec::new();
    for call in there {
        if call.method == method {
            return Found::Operation(call.operation);
        }
        methods.push(call.method);
    }
    if methods.is_empty() { Found::Nothing } else { Found::Methods(methods) }
}

fn on(subject: &Subject) -> On {
    match subject {
        Subject::Service => On::Service,
        Subject::Owner(Owner::Me) => On::Me,
        Subject::Owner(Owner::User(_)) => On::User,
        Subject::Owner(Owner::Group(_)) => On::Group,
        Subject::Owner(Owner::Site(_)) => On::Site,
        Subject::Drive(_) => On::Drive,
        Subject::Item(..) => On::Item,
        Subject::Share(_) => On::Share,
    }
}

/// Words are compared without case, as the vendor does.
fn fits(pattern: &str, tail: &[Word]) -> bool {
    let mut words = tail.iter();
    let all = pattern
        .split('/')
        .filter(|part| !part.is_empty())
        .all(|part| words.next().is_some_and(|word| part == "*" || part.eq_ignore_ascii_case(&word.name)));
    all && words.next().is_none()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dialects::graph::address::parse;

    fn found(method: &Method, path: &str) -> Found {
        find(method, &parse(path).unwrap())
    }

    #[test]
    fn a_call_is_found_by_every_address_and_spelling() {
        let check_out = Found::Operation(Operation::CheckOut);
        for path in [
            "/drives/d/items/1/checkout",
            "/me/drive/items/1/checkout",
            "/groups/g/drive/items/1/checkout",
            "/sites/s/drive/items/1/checkout",
            "/users/u/drive/items/1/checkout",
            "/me/drive/root:/a.txt:/checkout",
            "/me/drive/items/1/microsoft.graph.checkout",
            "/me/drive/items/1/checkOut",
            "/me/drive/items/1/checkout/",
            "/shares/u!x/driveItem/checkout",
            "/shares/s!x/items/1/checkout",
        ] {
            assert_eq!(found(&Method::POST, path), check_out, "{path}");
        }
        assert_eq!(found(&Method::HEAD, "/me/drive"), Found::Operation(Operation::GetDrive));
    }

    #[test]
    fn another_method_and_an_unknown_word_are_told_apart() {
        assert_eq!(found(&Method::GET, "/me/drive/items/1/checkout"), Found::Methods(vec!["POST"]));
        assert_eq!(found(&Method::POST, "/me/drive/items/1"), Found::Methods(vec!["GET", "PATCH", "DELETE", "PUT"]));
        assert_eq!(found(&Method::POST, "/me/drive/items/1/checkouts"), Found::Nothing);
        assert_eq!(found(&Method::POST, "/me/drive/items/1/checkout/now"), Found::Nothing);
        assert_eq!(found(&Method::POST, "/me/drive/items/1/follow"), Found::Operation(Operation::Follow));
    }
}
