//! Identities as each room spells them: read, and written.

use std::hint::black_box;

use coatcheck::{
    dialects::{arena, graph, liferay, oracle},
    domain::content::BlobKey,
};

use super::{Bench, world};

const GUID: &str = "6f1a0c52-7d7e-4c38-9b0e-5c1d2f3a4b60";
const SITE: &str = "files.example.com,6f1a0c52-7d7e-4c38-9b0e-5c1d2f3a4b60,6f1a0c52-7d7e-4c38-9b0e-5c1d2f3a4b60";

pub fn benches() -> Vec<Bench> {
    let new = |name, work: fn() -> bool| {
        assert!(work(), "{name} is not read");
        Bench::new("ids", name, work)
    };
    let (file, library) = (world::file(7), world::library(1));
    let (tagged, placed, walked) = (file.clone(), file.clone(), file);
    vec![
        new("arena reads a guid", || arena::ids::Guid::parse(black_box("K2M501MD03M2L47YKQ5B")).is_some()),
        Bench::new("ids", "arena writes a file number", || arena::ids::file_number(black_box(867))),
        new("oracle reads a file id", || {
            let id = oracle::ids::FileId::parse(black_box("D5B8B54BA8C121BEDB91A1341212FF6185DEA5EFC0BD"));
            black_box(id.map(|id| id.key())).is_some()
        }),
        new("graph reads a guid", || graph::ids::guid(black_box(GUID)).is_some()),
        new("graph reads a site id", || graph::ids::parse_site_id(black_box(SITE)).is_some()),
        Bench::new("ids", "graph writes a site id", move || graph::ids::site_id("files.example.com", &library)),
        Bench::new("ids", "graph writes both tags of a file", move || {
            (graph::ids::e_tag(&tagged, None), graph::ids::c_tag(&tagged, None))
        }),
        Bench::new("ids", "graph writes an address", move || graph::ids::web_url("https://files.example.com", &placed)),
        new("liferay reads a uuid", || liferay::ids::uuid(black_box(GUID)).is_some()),
        new("liferay reads a number", || liferay::ids::group(black_box("40011")).is_some()),
        Bench::new("ids", "liferay writes a path of numbers", move || liferay::ids::tree_path(&walked)),
        new("a blob's name is read", || black_box(GUID).parse::<BlobKey>().is_ok()),
    ]
}
