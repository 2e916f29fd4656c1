//! What the benches are about: a site's library with files twelve folders deep, and people. Nothing of it is drawn by chance.

use std::{collections::HashMap, sync::Arc};

use chrono::{DateTime, TimeDelta, Utc};
use coatcheck::domain::{
    actor::{Account, Dialect, Level, Role, Rule},
    content::{QuickXor, Sha256},
    edition::{ContentInfo, Edition, Storage},
    id::{CategoryId, EditionId, ItemId, LibraryId, PrincipalId},
    item::{Ancestor, CategoryRef, FileParts, Item},
    library::{Library, LibraryKind},
    lock::{Lock, Mode},
    person::{Affiliation, License, Person, PrincipalKind},
    version::Version,
};
use uuid::Uuid;

/// Folders above every file, the root folder included.
pub const DEPTH: u64 = 12;

/// So many are alike where maps are asked: each map hashes in a way of its own, drawn by chance, and is quicker or slower for it.
pub const ALIKE: usize = 32;

/// Somebody who holds no lock.
pub const ANN: u64 = 1;
/// Who holds what is checked out.
pub const BOB: u64 = 2;

pub fn at(minute: i64) -> DateTime<Utc> {
    DateTime::UNIX_EPOCH + TimeDelta::days(20_000) + TimeDelta::minutes(minute)
}

fn uuid(kind: u64, number: u64) -> Uuid {
    Uuid::from_u64_pair(kind, number)
}

pub fn principal(number: u64) -> PrincipalId {
    PrincipalId(uuid(1, number))
}

pub fn category(number: u64) -> CategoryId {
    CategoryId(uuid(2, number))
}

pub fn folder(number: u64) -> ItemId {
    ItemId(uuid(3, number))
}

pub fn person(number: u64) -> Person {
    Person {
        id: principal(number),
        kind: PrincipalKind::User,
        name: format!("Person No {number}"),
        login: format!("person{number}"),
        email: format!("person{number}@example.com"),
        number: 30_000 + number.cast_signed(),
        arena_guid: format!("{number:0>20}"),
        oracle_id: format!("U{number:0>35}"),
        graph_id: uuid(4, number),
    }
}

/// An employee with roles on 200 folders elsewhere and as a contributor on one of those above every file, with eight rules.
pub fn account(number: u64) -> Account {
    let elsewhere = (1000..1200).map(|number| (folder(number), Role::Viewer));
    let mut rules: Vec<_> = (100..107).map(|number| (Rule::EditFile, Some(category(number)))).collect();
    rules.push((Rule::EditFile, Some(category(1))));
    Account {
        person: person(number),
        license: License::Full,
        affiliation: Affiliation::Employee,
        administrator: false,
        disabled: false,
        application: false,
        scopes: Vec::new(),
        principals: (0..10).map(principal).collect(),
        roles: elsewhere.chain([(folder(2), Role::Contributor)]).collect(),
        shared: (1000..1010).map(folder).collect(),
        rules,
        levels: HashMap::from([(category(50), Level::Read)]),
    }
}

/// A site's library that requires policies.
pub fn library(number: u64) -> Library {
    Library {
        id: LibraryId(uuid(5, number)),
        kind: LibraryKind::Site,
        name: format!("Library {number}"),
        description: String::new(),
        number: 40_000 + number.cast_signed(),
        graph_id: format!("b!{number:0>64}"),
        graph_site_id: uuid(6, number),
        owner: None,
        policies_required: true,
        minor_versions: false,
        check_out_required: false,
        arena_workspace: Some(number.cast_signed()),
        arena_api: true,
        arena_request_limit: 10_000,
        quota_bytes: None,
        created_by: None,
        created_at: at(0),
        root: folder(0),
        root_graph_id: "01ROOT".to_owned(),
        root_oracle_id: format!("F{:0>43}", 0),
        root_number: 50_000,
    }
}

fn ancestor(number: u64) -> Ancestor {
    Ancestor {
        id: folder(number).0,
        name: format!("Folder {number}"),
        number: 50_000 + number.cast_signed(),
        oracle_id: format!("F{number:0>43}"),
        graph_id: format!("01{number:0>32}"),
    }
}

/// A file with one edition, free.
pub fn file(number: u64) -> Item {
    let ann = Arc::new(person(ANN));
    let name = format!("Drawing {number}.txt");
    Item {
        id: ItemId(uuid(7, number)),
        library: Arc::new(library(1)),
        parent: Some(folder(DEPTH - 1)),
        ancestors: (0..DEPTH).map(ancestor).collect(),
        name: name.clone(),
        title: name,
        description: "What it is about.".to_owned(),
        category: CategoryRef {
            id: category(4),
            name: "Drawings".to_owned(),
            arena_guid: format!("{:0>20}", 4),
            path: vec!["Design".to_owned(), "Drawings".to_owned()],
        },
        number: 60_000 + number.cast_signed(),
        external_code: None,
        oracle_id: format!("D{number:0>43}"),
        graph_id: format!("01{number:X>32}"),
        owner: ann.clone(),
        created_by: ann.clone(),
        created_at: at(1),
        modified_by: ann.clone(),
        modified_at: at(2),
        client_created_at: None,
        client_modified_at: None,
        revision: 3,
        children: 0,
        special: None,
        folder_lock: None,
        file: Some(FileParts {
            edition: edition(number, ann),
            last_ordinal: 1,
            last_version: Version::FIRST,
            number: number.cast_signed(),
            lock: None,
            draft: None,
            fence: 4,
            lock_revision: 8,
            unpublished_by: None,
        }),
    }
}

fn edition(number: u64, author: Arc<Person>) -> Edition {
    Edition {
        id: EditionId(uuid(8, number)),
        ordinal: 1,
        version: Version::FIRST,
        label: "1".to_owned(),
        number: 70_000 + number.cast_signed(),
        arena_guid: format!("E{number:0>19}"),
        file_name: Some(format!("Drawing {number}.txt")),
        title: format!("Drawing {number}.txt"),
        description: "What it is about.".to_owned(),
        format: Some("txt".to_owned()),
        private: false,
        frozen: false,
        storage: Storage::File,
        location: None,
        media_type: Some("text/plain".to_owned()),
        content: Some(ContentInfo { sha256: Sha256([7; 32]), quick_xor: QuickXor([7; 20]), size: 12_345 }),
        comment: "as agreed".to_owned(),
        author_name: author.name.clone(),
        author,
        created_at: at(1),
        modified_at: at(2),
        latest: true,
    }
}

/// A hundred files, of which every tenth is checked out.
pub fn page() -> Vec<Item> {
    let bob = Arc::new(person(BOB));
    let held = |number: u64| Lock {
        holder: bob.clone(),
        fence: 4,
        mode: Mode::CheckOut,
        dialect: Dialect::Liferay,
        taken_at: at(3),
        expires_at: Some(at(1443)),
        uuid: uuid(9, number),
        number: 80_000 + number.cast_signed(),
        draft_number: 90_000 + number.cast_signed(),
        owner_text: "editor".to_owned(),
        comment: None,
        folder: None,
    };
    let item = |number: u64| {
        let mut item = file(number);
        if let Some(parts) = &mut item.file {
            parts.lock = number.is_multiple_of(10).then(|| held(number));
        }
        item
    };
    (1..=100).map(item).collect()
}

/// What only a file has.
pub fn parts(item: &Item) -> &FileParts {
    item.file.as_ref().expect("all items here are files")
}
