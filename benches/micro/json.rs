//! JSON as each room reads and writes it: what clients send to check out or to change a file, one file, and a page of a
//! hundred.

use std::hint::black_box;

use axum::body::Body;
use chrono::{DateTime, TimeDelta, Utc};
use coatcheck::{
    dialects::{
        arena::{self, body::Object},
        graph::{self, error::read_json, query::Select, signed::Signer, wire::DriveItem},
        liferay::{self, parameters::Parameters, wire::file_entry::FileEntry},
        oracle::{self, input::Input, wire::Fields},
    },
    domain::item::Item,
};
use futures_util::FutureExt;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::{Bench, world};

pub fn benches() -> Vec<Bench> {
    [arena(), oracle(), graph(), liferay()].into_iter().flatten().collect()
}

fn written(body: &impl Serialize) -> Vec<u8> {
    serde_json::to_vec(body).expect("what a room answers can be written")
}

const CHECK_OUT: &str =
    r#"{"checkedOut": true, "comment": "for the new housing", "file": {"guid": "K2M501MD03M2L47YKQ5B"}}"#;

fn arena() -> Vec<Bench> {
    let (one, page) = (world::file(7), world::page());
    vec![
        Bench::new("arena", "reads a check-out", || {
            let body = Object::parse(black_box(CHECK_OUT).as_bytes()).expect("an object");
            assert!(body.says("checkedOut") && body.inner("file", "guid").is_ok_and(|guid| guid.is_some()));
            body
        }),
        Bench::new("arena", "writes a file", move || {
            written(&arena::wire::File::full(&one, &world::parts(&one).edition))
        }),
        Bench::new("arena", "writes a page", move || {
            let files = page.iter().map(|item| arena::wire::Compact::of(item, &world::parts(item).edition));
            written(&arena::wire::List::of(files.collect()))
        }),
    ]
}

const RESERVE: &str =
    r#"{"reservedByUserID": "U6A0B35B0548F250914D18FDB5D17B95F470", "comment": "for the new housing"}"#;

fn oracle() -> Vec<Bench> {
    let (one, page) = (world::file(7), world::page());
    let fields = |item: &Item| oracle::wire::file(item, None).expect("a file");
    vec![
        Bench::new("oracle", "reads a reservation", || {
            let body = Input::from_json(black_box(RESERVE)).expect("an object");
            assert!(body.required("reservedByUserID").is_ok());
            body
        }),
        Bench::new("oracle", "writes a file", move || fields(&one).text("errorCode", "0").in_top_order().to_json()),
        Bench::new("oracle", "writes a page", move || {
            let items = page.iter().map(fields).collect();
            Fields::new().list("items", items).text("errorCode", "0").in_top_order().to_json()
        }),
    ]
}

const CHANGE: &str = r#"{"name": "Drawing 8.txt", "description": "What it is about.", "parentReference": {"id": "01ABC"},
    "fileSystemInfo": {"lastModifiedDateTime": "2024-10-04T00:00:00Z"}}"#;

/// Of the shape that the room's change of an item has.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Change {
    name: Option<String>,
    description: Option<String>,
    parent_reference: Option<Reference>,
    file_system_info: Option<FileSystemInfo>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Reference {
    id: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct FileSystemInfo {
    last_modified_date_time: Option<DateTime<Utc>>,
}

fn graph() -> Vec<Bench> {
    let view = graph::wire::View {
        origin: "https://files.example.com".to_owned(),
        host: "files.example.com".to_owned(),
        caller: Some(world::principal(world::ANN)),
        signer: Signer::new([7; 32], world::at(4), TimeDelta::hours(1)),
        select: Select::default(),
        beta: false,
        through: None,
    };
    let (one, page, wide) = (world::file(7), world::page(), view.clone());
    let shown = |view: &graph::wire::View, item: &Item| DriveItem::new(view, item).expect("an item can be shown");
    vec![
        Bench::new("graph", "reads a change", || {
            let read = read_json::<Change>(Body::from(black_box(CHANGE)), CHANGE.len());
            let change = read.now_or_never().expect("all of it is here").expect("a change");
            let place = change.parent_reference.and_then(|parent| parent.id);
            let time = change.file_system_info.and_then(|info| info.last_modified_date_time);
            assert!(place.is_some() && time.is_some());
            (change.name, change.description, place, time)
        }),
        Bench::new("graph", "writes a file", move || {
            written(&view.single("driveItem/$entity", &shown(&view, &one)).expect("an object"))
        }),
        Bench::new("graph", "writes a page", move || {
            let entry = |item| wide.selected(&shown(&wide, item)).map(Value::Object).expect("an object");
            written(&Map::from_iter([
                ("@odata.context".to_owned(), wide.context("Collection(driveItem)").into()),
                ("value".to_owned(), Value::Array(page.iter().map(entry).collect())),
            ]))
        }),
    ]
}

const COMPANY: i64 = 20_000;
const CALL: &str = r#"{"fileEntryId": 60007, "owner": "editor", "expirationTime": 86400000,
    "serviceContext": {"scopeGroupId": 40001, "addGroupPermissions": true}}"#;
const FORM: &str = "fileEntryId=60007&owner=an%20editor&expirationTime=86400000&serviceContext.scopeGroupId=40001";

fn liferay() -> Vec<Bench> {
    let (one, page) = (world::file(7), world::page());
    vec![
        Bench::new("liferay", "reads a call", || {
            let members = serde_json::from_str(black_box(CALL)).expect("an object");
            let given = Parameters::of_json(members).expect("parameters");
            assert!(given.has("fileEntryId"));
            given
        }),
        Bench::new("liferay", "reads a form", || {
            let mut given = Parameters::default();
            given.add_form(black_box(FORM).as_bytes()).expect("parameters");
            assert!(given.has("fileEntryId"));
            given
        }),
        Bench::new("liferay", "writes a file", move || {
            let entry = FileEntry::of(&one, world::parts(&one), COMPANY);
            liferay::wire::shown(&entry).expect("an object").to_string()
        }),
        Bench::new("liferay", "writes a page", move || {
            let entry = |item| FileEntry::of(item, world::parts(item), COMPANY);
            liferay::wire::list(&page, entry).expect("objects").to_string()
        }),
    ]
}
