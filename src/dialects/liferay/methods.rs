//! The one table of methods (spec/liferay.md 9, 15): routing, the choice of overloads, conversion and discovery all read
//! it. A method that is not here does not exist.

use std::sync::LazyLock;

use futures_util::future::BoxFuture;
use serde_json::Value;

use super::{
    call::Ask,
    editions,
    error::Error,
    files, folder_locks, folders, groups, locks,
    names::{is_kebab_of, kebab},
    parameters::Parameters,
    people, revisions, search, subfolders, temporary, trash,
};

/// A remote service.
#[derive(Debug, PartialEq, Eq)]
pub struct Service {
    /// Its name in an address.
    pub path: &'static str,
    /// Its Java class.
    pub class: &'static str,
    /// Whether guests may call it.
    pub guests: bool,
}

impl Service {
    /// Its Java class without package and `Service`: `DLApp`.
    pub fn short(&self) -> &'static str {
        let class = self.class.rsplit('.').next().unwrap_or_default();
        class.strip_suffix("Service").unwrap_or(class)
    }
}

/// The type of a parameter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// `long`.
    Long,
    /// `int`.
    Int,
    /// `boolean`.
    Boolean,
    /// `String`.
    Text,
    /// `String[]`.
    Texts,
    /// `List<Long>`.
    Longs,
    /// `DLVersionNumberIncrease`.
    Increase,
    /// `byte[]`.
    Bytes,
    /// `File`.
    File,
    /// `ServiceContext`.
    Context,
    /// `OrderByComparator`: any value is accepted and none counts (spec/liferay.md 9.3).
    Comparator,
    /// `SearchContext`.
    Search,
    /// `Query`: null, or it is refused.
    Query,
}

/// What a method answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Returns {
    /// Nothing: `{}`.
    Void,
    /// `boolean`.
    Boolean,
    /// `int`.
    Int,
    /// `String`.
    Text,
    /// One object of this model.
    Model(&'static str),
    /// A list of objects of this model.
    List(&'static str),
    /// `List<Long>`.
    Longs,
    /// `String[]`.
    Texts,
}

/// The enum's class.
pub const INCREASE_CLASS: &str = "com.liferay.document.library.kernel.model.DLVersionNumberIncrease";

/// The context's class, and its name in 6.2, which public clients still send.
pub const CONTEXT_CLASSES: [&str; 2] =
    ["com.liferay.portal.kernel.service.ServiceContext", "com.liferay.portal.service.ServiceContext"];

/// The search context's class.
pub const SEARCH_CLASS: &str = "com.liferay.portal.kernel.search.SearchContext";

impl Kind {
    /// The Java type as it counts when overloads are sorted, and as discovery names it in its own words.
    pub fn java(self) -> &'static str {
        match self {
            Self::Long => "long",
            Self::Int => "int",
            Self::Boolean => "boolean",
            Self::Text => "java.lang.String",
            Self::Texts => "[Ljava.lang.String;",
            Self::Longs => "java.util.List",
            Self::Increase => INCREASE_CLASS,
            Self::Bytes => "[B",
            Self::File => "java.io.File",
            Self::Context => CONTEXT_CLASSES[0],
            Self::Comparator => "com.liferay.portal.kernel.util.OrderByComparator",
            Self::Search => SEARCH_CLASS,
            Self::Query => "com.liferay.portal.kernel.search.Query",
        }
    }

    /// Whether it takes the bytes of an upload.
    pub fn takes_bytes(self) -> bool {
        matches!(self, Self::Bytes | Self::File)
    }
}

/// A parameter of a method, under its name on the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Parameter {
    /// Its name.
    pub name: &'static str,
    /// Its type.
    pub kind: Kind,
}

/// What does the work.
pub type Handler = fn(Ask) -> BoxFuture<'static, Result<Value, Error>>;

/// One overload of a method.
#[derive(Debug)]
pub struct Method {
    /// Whose it is.
    pub service: &'static Service,
    /// Its Java name.
    pub name: &'static str,
    /// Its parameters, in the vendor's order.
    pub parameters: &'static [Parameter],
    /// What it answers.
    pub returns: Returns,
    /// What does the work.
    pub handler: Handler,
}

impl Parameter {
    /// Whether it was given: a context always is, and a comparator also under the name it has since 7.3.
    pub fn is_given(&self, given: &Parameters) -> bool {
        match self.kind {
            Kind::Context => true,
            Kind::Comparator => given.has(self.name) || given.has("orderByComparator"),
            Kind::Long
            | Kind::Int
            | Kind::Boolean
            | Kind::Text
            | Kind::Texts
            | Kind::Longs
            | Kind::Increase
            | Kind::Bytes
            | Kind::File
            | Kind::Search
            | Kind::Query => given.has(self.name),
        }
    }
}

impl Method {
    /// Whether the method of a service is spelled like this in an address.
    pub fn is_at(&self, service: &str, method: &str) -> bool {
        self.service.path == service && is_kebab_of(method, self.name)
    }

    /// Its name in an address.
    pub fn kebab(&self) -> String {
        kebab(self.name)
    }

    /// `/service/method`: its address below the services'.
    pub fn path(&self) -> String {
        format!("/{}/{}", self.service.path, self.kebab())
    }

    /// The HTTP method it is documented with: GET for what only looks (spec/liferay.md 14).
    pub fn verb(&self) -> &'static str {
        let first = self.name.split(|letter: char| letter.is_ascii_uppercase()).next().unwrap_or_default();
        if ["get", "has", "is"].contains(&first) { "GET" } else { "POST" }
    }

    /// The parameter of this name; case does not count (spec/liferay.md 2.2).
    pub fn parameter(&self, name: &str) -> Option<&'static Parameter> {
        self.parameters.iter().find(|parameter| parameter.name.eq_ignore_ascii_case(name))
    }

    /// What later releases pass to it beside its parameters (spec/liferay.md 9.3): read where it is given, without a say in
    /// which overload is meant.
    pub fn later(&self) -> &'static [Parameter] {
        const CODE: [Parameter; 1] = [Parameter { name: "externalReferenceCode", kind: Kind::Text }];
        let takes_code = ["addFileEntry", "updateFileEntry", "updateFileEntryAndCheckIn"].contains(&self.name);
        if takes_code { &CODE } else { &[] }
    }

    /// What a guest hears who calls it.
    pub fn closed_to_guests(&self) -> Error {
        Error::Guest { class: self.service.class, method: self.name }
    }

    /// What a tie between overloads is decided by (spec/liferay.md 2.4).
    pub fn signature(&self) -> String {
        let types: Vec<&str> = self.parameters.iter().map(|parameter| parameter.kind.java()).collect();
        format!("/{}/{}-{}-{}", self.service.path, self.name, self.parameters.len(), types.join("-"))
    }
}

/// All overloads, sorted by signature.
pub fn methods() -> &'static [&'static Method] {
    static SORTED: LazyLock<Vec<&'static Method>> = LazyLock::new(|| {
        let mut methods: Vec<&Method> = METHODS.iter().collect();
        methods.sort_by_cached_key(|method| method.signature());
        methods
    });
    &SORTED
}

macro_rules! services {
    ($($name:ident = $path:literal, $class:literal, $guests:literal;)*) => {
        $(static $name: Service = Service { path: $path, class: $class, guests: $guests };)*
    };
}

services! {
    DLAPP = "dlapp", "com.liferay.document.library.kernel.service.DLAppService", false;
    ENTRY = "dlfileentry", "com.liferay.document.library.kernel.service.DLFileEntryService", false;
    VERSION = "dlfileversion", "com.liferay.document.library.kernel.service.DLFileVersionService", false;
    FOLDER = "dlfolder", "com.liferay.document.library.kernel.service.DLFolderService", false;
    TRASH = "dltrash", "com.liferay.document.library.kernel.service.DLTrashService", false;
    REPOSITORY = "repository", "com.liferay.portal.kernel.service.RepositoryService", false;
    GROUP = "group", "com.liferay.portal.kernel.service.GroupService", false;
    USER = "user", "com.liferay.portal.kernel.service.UserService", false;
    COMPANY = "company", "com.liferay.portal.kernel.service.CompanyService", false;
    // says nothing that the header of every answer does not
    PORTAL = "portal", "com.liferay.portal.kernel.service.PortalService", true;
}

macro_rules! methods {
    ($($service:ident.$name:ident($($parameter:ident: $kind:ident),*) -> $returns:expr, $handler:path;)*) => {
        static METHODS: &[Method] = &[$(Method {
            service: &$service,
            name: stringify!($name),
            parameters: &[$(Parameter { name: stringify!($parameter), kind: Kind::$kind }),*],
            returns: $returns,
            handler: |ask| Box::pin($handler(ask)),
        }),*];
    };
}

use Returns::{Boolean, Int, List, Longs, Model, Text, Texts, Void};

methods! {
    // spec/liferay.md 9.1, MUST
    DLAPP.addFileEntry(repositoryId: Long, folderId: Long, sourceFileName: Text, mimeType: Text, title: Text, description: Text, changeLog: Text, file: File, serviceContext: Context) -> Model("FileEntry"), files::add;
    DLAPP.addFileEntry(repositoryId: Long, folderId: Long, sourceFileName: Text, mimeType: Text, title: Text, description: Text, changeLog: Text, bytes: Bytes, serviceContext: Context) -> Model("FileEntry"), files::add;
    DLAPP.cancelCheckOut(fileEntryId: Long) -> Void, locks::cancel;
    DLAPP.checkInFileEntry(fileEntryId: Long, lockUuid: Text, serviceContext: Context) -> Void, locks::check_in_by_uuid;
    DLAPP.checkInFileEntry(fileEntryId: Long, dlVersionNumberIncrease: Increase, changeLog: Text, serviceContext: Context) -> Void, locks::check_in;
    DLAPP.checkInFileEntry(fileEntryId: Long, majorVersion: Boolean, changeLog: Text, serviceContext: Context) -> Void, locks::check_in;
    DLAPP.checkOutFileEntry(fileEntryId: Long, serviceContext: Context) -> Void, locks::check_out;
    DLAPP.checkOutFileEntry(fileEntryId: Long, owner: Text, expirationTime: Long, serviceContext: Context) -> Model("FileEntry"), locks::check_out_for;
    DLAPP.deleteFileEntry(fileEntryId: Long) -> Void, files::delete;
    DLAPP.getFileEntry(fileEntryId: Long) -> Model("FileEntry"), files::get;
    DLAPP.refreshFileEntryLock(lockUuid: Text, companyId: Long, expirationTime: Long) -> Model("Lock"), locks::refresh;
    DLAPP.updateFileEntry(fileEntryId: Long, sourceFileName: Text, mimeType: Text, title: Text, description: Text, changeLog: Text, dlVersionNumberIncrease: Increase, file: File, serviceContext: Context) -> Model("FileEntry"), revisions::update;
    DLAPP.updateFileEntry(fileEntryId: Long, sourceFileName: Text, mimeType: Text, title: Text, description: Text, changeLog: Text, dlVersionNumberIncrease: Increase, bytes: Bytes, serviceContext: Context) -> Model("FileEntry"), revisions::update;
    DLAPP.updateFileEntry(fileEntryId: Long, sourceFileName: Text, mimeType: Text, title: Text, description: Text, changeLog: Text, majorVersion: Boolean, file: File, serviceContext: Context) -> Model("FileEntry"), revisions::update;
    DLAPP.updateFileEntry(fileEntryId: Long, sourceFileName: Text, mimeType: Text, title: Text, description: Text, changeLog: Text, majorVersion: Boolean, bytes: Bytes, serviceContext: Context) -> Model("FileEntry"), revisions::update;
    DLAPP.updateFileEntryAndCheckIn(fileEntryId: Long, sourceFileName: Text, mimeType: Text, title: Text, description: Text, changeLog: Text, dlVersionNumberIncrease: Increase, file: File, serviceContext: Context) -> Model("FileEntry"), revisions::update_and_check_in;
    DLAPP.updateFileEntryAndCheckIn(fileEntryId: Long, sourceFileName: Text, mimeType: Text, title: Text, description: Text, changeLog: Text, majorVersion: Boolean, file: File, serviceContext: Context) -> Model("FileEntry"), revisions::update_and_check_in;
    DLAPP.verifyFileEntryCheckOut(repositoryId: Long, fileEntryId: Long, lockUuid: Text) -> Boolean, locks::verify_check_out;
    DLAPP.verifyFileEntryLock(repositoryId: Long, fileEntryId: Long, lockUuid: Text) -> Boolean, locks::verify;
    // SHOULD
    DLAPP.addFolder(repositoryId: Long, parentFolderId: Long, name: Text, description: Text, serviceContext: Context) -> Model("Folder"), folders::add;
    DLAPP.deleteFileEntryByTitle(repositoryId: Long, folderId: Long, title: Text) -> Void, files::delete_by_title;
    DLAPP.deleteFileVersion(fileVersionId: Long) -> Void, editions::delete;
    DLAPP.deleteFileVersion(fileEntryId: Long, version: Text) -> Void, editions::delete_by_label;
    DLAPP.deleteFolder(folderId: Long) -> Void, folders::delete;
    DLAPP.deleteFolder(repositoryId: Long, parentFolderId: Long, name: Text) -> Void, folders::delete_by_name;
    DLAPP.getFileEntries(repositoryId: Long, folderId: Long) -> List("FileEntry"), folders::files;
    DLAPP.getFileEntries(repositoryId: Long, folderId: Long, mimeTypes: Texts) -> List("FileEntry"), folders::files;
    DLAPP.getFileEntries(repositoryId: Long, folderId: Long, start: Int, end: Int) -> List("FileEntry"), folders::files;
    DLAPP.getFileEntriesCount(repositoryId: Long, folderId: Long) -> Int, folders::files_count;
    DLAPP.getFileEntriesCount(repositoryId: Long, folderId: Long, mimeTypes: Texts) -> Int, folders::files_count;
    DLAPP.getFileEntry(groupId: Long, folderId: Long, title: Text) -> Model("FileEntry"), files::get_by_title;
    DLAPP.getFileEntryByUuidAndGroupId(uuid: Text, groupId: Long) -> Model("FileEntry"), files::get_by_uuid;
    DLAPP.getFileVersion(fileVersionId: Long) -> Model("FileVersion"), editions::get;
    DLAPP.getFolder(folderId: Long) -> Model("Folder"), folders::get;
    DLAPP.getFolder(repositoryId: Long, parentFolderId: Long, name: Text) -> Model("Folder"), folders::get_by_name;
    DLAPP.getFolders(repositoryId: Long, parentFolderId: Long) -> List("Folder"), folders::folders;
    DLAPP.getFolders(repositoryId: Long, parentFolderId: Long, start: Int, end: Int) -> List("Folder"), folders::folders;
    DLAPP.getFoldersAndFileEntriesAndFileShortcuts(repositoryId: Long, folderId: Long, status: Int, includeMountFolders: Boolean, start: Int, end: Int) -> List("Folder"), folders::all;
    DLAPP.getFoldersAndFileEntriesAndFileShortcutsCount(repositoryId: Long, folderId: Long, status: Int, includeMountFolders: Boolean) -> Int, folders::all_count;
    DLAPP.getFoldersCount(repositoryId: Long, parentFolderId: Long) -> Int, folders::folders_count;
    DLAPP.getGroupFileEntries(groupId: Long, userId: Long, start: Int, end: Int) -> List("FileEntry"), groups::files;
    DLAPP.getGroupFileEntries(groupId: Long, userId: Long, rootFolderId: Long, start: Int, end: Int) -> List("FileEntry"), groups::files;
    DLAPP.getGroupFileEntriesCount(groupId: Long, userId: Long) -> Int, groups::files_count;
    DLAPP.getGroupFileEntriesCount(groupId: Long, userId: Long, rootFolderId: Long) -> Int, groups::files_count;
    DLAPP.moveFileEntry(fileEntryId: Long, newFolderId: Long, serviceContext: Context) -> Model("FileEntry"), files::relocate;
    DLAPP.moveFolder(folderId: Long, parentFolderId: Long, serviceContext: Context) -> Model("Folder"), folders::relocate;
    DLAPP.revertFileEntry(fileEntryId: Long, version: Text, serviceContext: Context) -> Void, revisions::revert;
    DLAPP.updateFolder(folderId: Long, name: Text, description: Text, serviceContext: Context) -> Model("Folder"), folders::update;
    // COULD
    DLAPP.addTempFileEntry(groupId: Long, folderId: Long, folderName: Text, fileName: Text, file: File, mimeType: Text) -> Model("FileEntry"), temporary::add;
    DLAPP.copyFolder(repositoryId: Long, sourceFolderId: Long, parentFolderId: Long, name: Text, description: Text, serviceContext: Context) -> Model("Folder"), subfolders::copy;
    DLAPP.deleteTempFileEntry(groupId: Long, folderId: Long, folderName: Text, fileName: Text) -> Void, temporary::delete;
    DLAPP.getFileEntries(repositoryId: Long, folderId: Long, fileEntryTypeId: Long) -> List("FileEntry"), folders::files;
    DLAPP.getFileEntries(repositoryId: Long, folderId: Long, start: Int, end: Int, obc: Comparator) -> List("FileEntry"), folders::files;
    DLAPP.getFileEntries(repositoryId: Long, folderId: Long, fileEntryTypeId: Long, start: Int, end: Int) -> List("FileEntry"), folders::files;
    DLAPP.getFileEntries(repositoryId: Long, folderId: Long, mimeTypes: Texts, start: Int, end: Int, obc: Comparator) -> List("FileEntry"), folders::files;
    DLAPP.getFileEntries(repositoryId: Long, folderId: Long, fileEntryTypeId: Long, start: Int, end: Int, obc: Comparator) -> List("FileEntry"), folders::files;
    DLAPP.getFileEntriesAndFileShortcuts(repositoryId: Long, folderId: Long, status: Int, start: Int, end: Int) -> List("FileEntry"), folders::files;
    DLAPP.getFileEntriesAndFileShortcutsCount(repositoryId: Long, folderId: Long, status: Int) -> Int, folders::files_count;
    DLAPP.getFileEntriesAndFileShortcutsCount(repositoryId: Long, folderId: Long, status: Int, mimeTypes: Texts) -> Int, folders::files_count;
    DLAPP.getFileEntriesCount(repositoryId: Long, folderId: Long, fileEntryTypeId: Long) -> Int, folders::files_count;
    DLAPP.getFolders(repositoryId: Long, parentFolderId: Long, includeMountFolders: Boolean) -> List("Folder"), folders::folders;
    DLAPP.getFolders(repositoryId: Long, parentFolderId: Long, includeMountFolders: Boolean, start: Int, end: Int) -> List("Folder"), folders::folders;
    DLAPP.getFolders(repositoryId: Long, parentFolderId: Long, start: Int, end: Int, obc: Comparator) -> List("Folder"), folders::folders;
    DLAPP.getFolders(repositoryId: Long, parentFolderId: Long, includeMountFolders: Boolean, start: Int, end: Int, obc: Comparator) -> List("Folder"), folders::folders;
    DLAPP.getFolders(repositoryId: Long, parentFolderId: Long, status: Int, includeMountFolders: Boolean, start: Int, end: Int, obc: Comparator) -> List("Folder"), folders::folders;
    DLAPP.getFoldersAndFileEntriesAndFileShortcuts(repositoryId: Long, folderId: Long, status: Int, includeMountFolders: Boolean, start: Int, end: Int, obc: Comparator) -> List("Folder"), folders::all;
    DLAPP.getFoldersAndFileEntriesAndFileShortcuts(repositoryId: Long, folderId: Long, status: Int, mimeTypes: Texts, includeMountFolders: Boolean, start: Int, end: Int, obc: Comparator) -> List("Folder"), folders::all;
    DLAPP.getFoldersAndFileEntriesAndFileShortcuts(repositoryId: Long, folderId: Long, status: Int, mimeTypes: Texts, includeMountFolders: Boolean, includeOwner: Boolean, start: Int, end: Int, obc: Comparator) -> List("Folder"), folders::all;
    DLAPP.getFoldersAndFileEntriesAndFileShortcutsCount(repositoryId: Long, folderId: Long, status: Int, mimeTypes: Texts, includeMountFolders: Boolean) -> Int, folders::all_count;
    DLAPP.getFoldersAndFileEntriesAndFileShortcutsCount(repositoryId: Long, folderId: Long, status: Int, mimeTypes: Texts, includeMountFolders: Boolean, includeOwner: Boolean) -> Int, folders::all_count;
    DLAPP.getFoldersCount(repositoryId: Long, parentFolderId: Long, includeMountFolders: Boolean) -> Int, folders::folders_count;
    DLAPP.getFoldersCount(repositoryId: Long, parentFolderId: Long, status: Int, includeMountFolders: Boolean) -> Int, folders::folders_count;
    DLAPP.getFoldersFileEntriesCount(repositoryId: Long, folderIds: Longs, status: Int) -> Int, subfolders::files_count;
    DLAPP.getGroupFileEntries(groupId: Long, userId: Long, start: Int, end: Int, obc: Comparator) -> List("FileEntry"), groups::files;
    DLAPP.getGroupFileEntries(groupId: Long, userId: Long, rootFolderId: Long, start: Int, end: Int, obc: Comparator) -> List("FileEntry"), groups::files;
    DLAPP.getGroupFileEntries(groupId: Long, userId: Long, rootFolderId: Long, mimeTypes: Texts, status: Int, start: Int, end: Int, obc: Comparator) -> List("FileEntry"), groups::files;
    DLAPP.getGroupFileEntriesCount(groupId: Long, userId: Long, rootFolderId: Long, mimeTypes: Texts, status: Int) -> Int, groups::files_count;
    DLAPP.getMountFolders(repositoryId: Long, parentFolderId: Long) -> List("Folder"), subfolders::mounts;
    DLAPP.getMountFolders(repositoryId: Long, parentFolderId: Long, start: Int, end: Int) -> List("Folder"), subfolders::mounts;
    DLAPP.getMountFolders(repositoryId: Long, parentFolderId: Long, start: Int, end: Int, obc: Comparator) -> List("Folder"), subfolders::mounts;
    DLAPP.getMountFoldersCount(repositoryId: Long, parentFolderId: Long) -> Int, subfolders::mounts_count;
    DLAPP.getSubfolderIds(repositoryId: Long, folderId: Long) -> Longs, subfolders::ids;
    DLAPP.getSubfolderIds(repositoryId: Long, folderId: Long, recurse: Boolean) -> Longs, subfolders::ids;
    DLAPP.getSubfolderIds(repositoryId: Long, folderIds: Longs, folderId: Long) -> Void, subfolders::ids_into;
    DLAPP.getTempFileNames(groupId: Long, folderId: Long, folderName: Text) -> Texts, temporary::names;
    DLAPP.lockFolder(repositoryId: Long, folderId: Long) -> Model("Lock"), folder_locks::take;
    DLAPP.lockFolder(repositoryId: Long, folderId: Long, owner: Text, inheritable: Boolean, expirationTime: Long) -> Model("Lock"), folder_locks::take_for;
    DLAPP.refreshFolderLock(lockUuid: Text, companyId: Long, expirationTime: Long) -> Model("Lock"), folder_locks::refresh;
    DLAPP.unlockFolder(repositoryId: Long, folderId: Long, lockUuid: Text) -> Void, folder_locks::release;
    DLAPP.unlockFolder(repositoryId: Long, parentFolderId: Long, name: Text, lockUuid: Text) -> Void, folder_locks::release_by_name;
    DLAPP.verifyInheritableLock(repositoryId: Long, folderId: Long, lockUuid: Text) -> Boolean, folder_locks::verify;
    DLAPP.search(repositoryId: Long, searchContext: Search) -> Model("Hits"), search::by_context;
    DLAPP.search(repositoryId: Long, searchContext: Search, query: Query) -> Model("Hits"), search::by_context;
    DLAPP.search(repositoryId: Long, creatorUserId: Long, status: Int, start: Int, end: Int) -> Model("Hits"), search::by_creator;
    DLAPP.search(repositoryId: Long, creatorUserId: Long, folderId: Long, mimeTypes: Texts, status: Int, start: Int, end: Int) -> Model("Hits"), search::by_creator;
    // spec/liferay.md 9.3, of later releases
    DLAPP.getFileEntryByExternalReferenceCode(groupId: Long, externalReferenceCode: Text) -> Model("FileEntry"), files::get_by_code;
    DLAPP.getFileEntryByFileName(groupId: Long, folderId: Long, fileName: Text) -> Model("FileEntry"), files::get_by_file_name;
    // spec/liferay.md 9.2, MUST
    ENTRY.cancelCheckOut(fileEntryId: Long) -> Model("FileVersion"), locks::cancel_and_show;
    ENTRY.isFileEntryCheckedOut(fileEntryId: Long) -> Boolean, locks::is_checked_out;
    ENTRY.hasFileEntryLock(fileEntryId: Long) -> Boolean, locks::is_mine;
    ENTRY.getFileEntryLock(fileEntryId: Long) -> Model("Lock"), locks::get;
    VERSION.getFileVersions(fileEntryId: Long, status: Int) -> List("FileVersion"), editions::list;
    VERSION.getLatestFileVersion(fileEntryId: Long) -> Model("FileVersion"), editions::latest;
    VERSION.getLatestFileVersion(fileEntryId: Long, excludeWorkingCopy: Boolean) -> Model("FileVersion"), editions::latest;
    GROUP.getUserSitesGroups() -> List("Group"), people::sites;
    USER.getUserByEmailAddress(companyId: Long, emailAddress: Text) -> Model("User"), people::by_email;
    // SHOULD
    ENTRY.checkOutFileEntry(fileEntryId: Long, serviceContext: Context) -> Model("FileEntry"), locks::check_out_and_show;
    ENTRY.checkOutFileEntry(fileEntryId: Long, owner: Text, expirationTime: Long, serviceContext: Context) -> Model("FileEntry"), locks::check_out_for;
    ENTRY.checkInFileEntry(fileEntryId: Long, major: Boolean, changeLog: Text, serviceContext: Context) -> Void, locks::check_in;
    ENTRY.checkInFileEntry(fileEntryId: Long, dlVersionNumberIncrease: Increase, changeLog: Text, serviceContext: Context) -> Void, locks::check_in;
    ENTRY.checkInFileEntry(fileEntryId: Long, lockUuid: Text, serviceContext: Context) -> Void, locks::check_in_by_uuid;
    ENTRY.deleteFileEntry(fileEntryId: Long) -> Void, files::delete;
    ENTRY.deleteFileEntry(groupId: Long, folderId: Long, title: Text) -> Void, files::delete_by_title;
    ENTRY.deleteFileVersion(fileEntryId: Long, version: Text) -> Void, editions::delete_by_label;
    ENTRY.getFileEntry(fileEntryId: Long) -> Model("FileEntry"), files::get;
    ENTRY.getFileEntry(groupId: Long, folderId: Long, title: Text) -> Model("FileEntry"), files::get_by_title;
    ENTRY.getFileEntryByUuidAndGroupId(uuid: Text, groupId: Long) -> Model("FileEntry"), files::get_by_uuid;
    ENTRY.getFileEntriesCount(groupId: Long, folderId: Long) -> Int, folders::files_count;
    ENTRY.moveFileEntry(fileEntryId: Long, newFolderId: Long, serviceContext: Context) -> Model("FileEntry"), files::relocate;
    ENTRY.refreshFileEntryLock(lockUuid: Text, companyId: Long, expirationTime: Long) -> Model("Lock"), locks::refresh;
    ENTRY.revertFileEntry(fileEntryId: Long, version: Text, serviceContext: Context) -> Void, revisions::revert;
    ENTRY.verifyFileEntryCheckOut(fileEntryId: Long, lockUuid: Text) -> Boolean, locks::verify_check_out;
    ENTRY.verifyFileEntryLock(fileEntryId: Long, lockUuid: Text) -> Boolean, locks::verify;
    VERSION.getFileVersion(fileVersionId: Long) -> Model("FileVersion"), editions::get;
    VERSION.getFileVersionsCount(fileEntryId: Long, status: Int) -> Int, editions::count;
    GROUP.getGroup(groupId: Long) -> Model("Group"), people::site;
    GROUP.getGroup(companyId: Long, groupKey: Text) -> Model("Group"), people::site_by_key;
    USER.getCurrentUser() -> Model("User"), people::me;
    USER.getUserById(userId: Long) -> Model("User"), people::by_id;
    USER.getUserByScreenName(companyId: Long, screenName: Text) -> Model("User"), people::by_screen_name;
    COMPANY.getCompanyById(companyId: Long) -> Model("Company"), people::company;
    COMPANY.getCompanyByVirtualHost(virtualHost: Text) -> Model("Company"), people::company_by_host;
    PORTAL.getBuildNumber() -> Int, people::build_number;
    PORTAL.getVersion() -> Text, people::version;
    // COULD
    ENTRY.getFileEntries(groupId: Long, folderId: Long, start: Int, end: Int, obc: Comparator) -> List("FileEntry"), folders::files;
    ENTRY.getFileEntries(groupId: Long, folderId: Long, status: Int, start: Int, end: Int, obc: Comparator) -> List("FileEntry"), folders::files;
    ENTRY.getFileEntries(groupId: Long, folderId: Long, fileEntryTypeId: Long, start: Int, end: Int, obc: Comparator) -> List("FileEntry"), folders::files;
    ENTRY.getFileEntries(groupId: Long, folderId: Long, mimeTypes: Texts, start: Int, end: Int, obc: Comparator) -> List("FileEntry"), folders::files;
    ENTRY.getFileEntriesCount(groupId: Long, folderId: Long, status: Int) -> Int, folders::files_count;
    ENTRY.getFileEntriesCount(groupId: Long, folderId: Long, fileEntryTypeId: Long) -> Int, folders::files_count;
    ENTRY.getFileEntriesCount(groupId: Long, folderId: Long, mimeTypes: Texts) -> Int, folders::files_count;
    ENTRY.getFoldersFileEntriesCount(groupId: Long, folderIds: Longs, status: Int) -> Int, subfolders::files_count;
    ENTRY.getGroupFileEntries(groupId: Long, userId: Long, rootFolderId: Long, start: Int, end: Int, obc: Comparator) -> List("FileEntry"), groups::files;
    ENTRY.getGroupFileEntries(groupId: Long, userId: Long, rootFolderId: Long, mimeTypes: Texts, status: Int, start: Int, end: Int, obc: Comparator) -> List("FileEntry"), groups::files;
    ENTRY.getGroupFileEntriesCount(groupId: Long, userId: Long, rootFolderId: Long) -> Int, groups::files_count;
    ENTRY.getGroupFileEntriesCount(groupId: Long, userId: Long, rootFolderId: Long, mimeTypes: Texts, status: Int) -> Int, groups::files_count;
    ENTRY.search(groupId: Long, creatorUserId: Long, status: Int, start: Int, end: Int) -> Model("Hits"), search::by_creator;
    ENTRY.search(groupId: Long, creatorUserId: Long, folderId: Long, mimeTypes: Texts, status: Int, start: Int, end: Int) -> Model("Hits"), search::by_creator;
    FOLDER.deleteFolder(folderId: Long) -> Void, folders::delete;
    FOLDER.deleteFolder(groupId: Long, parentFolderId: Long, name: Text) -> Void, folders::delete_by_name;
    FOLDER.getFolder(folderId: Long) -> Model("Folder"), folders::get;
    FOLDER.getFolder(groupId: Long, parentFolderId: Long, name: Text) -> Model("Folder"), folders::get_by_name;
    FOLDER.getFolders(groupId: Long, parentFolderId: Long, start: Int, end: Int, obc: Comparator) -> List("Folder"), folders::folders;
    FOLDER.getFolders(groupId: Long, parentFolderId: Long, status: Int, includeMountfolders: Boolean, start: Int, end: Int, obc: Comparator) -> List("Folder"), folders::folders;
    FOLDER.getFoldersCount(groupId: Long, parentFolderId: Long) -> Int, folders::folders_count;
    FOLDER.getFoldersCount(groupId: Long, parentFolderId: Long, status: Int, includeMountfolders: Boolean) -> Int, folders::folders_count;
    FOLDER.getMountFolders(groupId: Long, parentFolderId: Long, start: Int, end: Int, obc: Comparator) -> List("Folder"), subfolders::mounts;
    FOLDER.getMountFoldersCount(groupId: Long, parentFolderId: Long) -> Int, subfolders::mounts_count;
    FOLDER.getSubfolderIds(groupId: Long, folderId: Long, recurse: Boolean) -> Longs, subfolders::ids;
    FOLDER.hasFolderLock(folderId: Long) -> Boolean, folder_locks::is_mine;
    FOLDER.hasInheritableLock(folderId: Long) -> Boolean, folder_locks::is_inheritable;
    FOLDER.isFolderLocked(folderId: Long) -> Boolean, folder_locks::is_locked;
    FOLDER.lockFolder(folderId: Long) -> Model("Lock"), folder_locks::take;
    FOLDER.lockFolder(folderId: Long, owner: Text, inheritable: Boolean, expirationTime: Long) -> Model("Lock"), folder_locks::take_for;
    FOLDER.refreshFolderLock(lockUuid: Text, companyId: Long, expirationTime: Long) -> Model("Lock"), folder_locks::refresh;
    FOLDER.unlockFolder(folderId: Long, lockUuid: Text) -> Void, folder_locks::release;
    FOLDER.unlockFolder(groupId: Long, parentFolderId: Long, name: Text, lockUuid: Text) -> Void, folder_locks::release_by_name;
    FOLDER.verifyInheritableLock(folderId: Long, lockUuid: Text) -> Boolean, folder_locks::verify;
    FOLDER.moveFolder(folderId: Long, parentFolderId: Long, serviceContext: Context) -> Model("Folder"), folders::relocate;
    TRASH.moveFileEntryToTrash(fileEntryId: Long) -> Model("FileEntry"), trash::put;
    TRASH.restoreFileEntryFromTrash(fileEntryId: Long) -> Void, trash::restore;
    TRASH.moveFileEntryFromTrash(fileEntryId: Long, newFolderId: Long, serviceContext: Context) -> Model("FileEntry"), trash::relocate;
    REPOSITORY.getRepository(repositoryId: Long) -> Model("Repository"), people::repository;
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;
    use crate::dialects::liferay::names::camel;

    #[test]
    fn every_method_is_spelled_in_an_address_and_back() {
        for method in methods() {
            assert_eq!(camel(&kebab(method.name)), method.name);
            assert!(method.is_at(method.service.path, &kebab(method.name)));
        }
    }

    #[test]
    fn no_two_overloads_have_one_signature() {
        let signatures: HashSet<String> = methods().iter().map(|method| method.signature()).collect();
        assert_eq!(signatures.len(), METHODS.len());
    }
}
