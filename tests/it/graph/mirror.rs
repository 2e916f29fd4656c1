//! A sync client's copy of a folder, kept up to date by delta alone, and the listing it must be equal to.

use std::collections::{BTreeMap, HashSet};

use serde_json::Value;

use crate::support::graph::Graph;

/// What a client keeps of an item.
pub type Kept = (Option<String>, String, String);

/// A copy of a folder: each item by its id.
#[derive(Debug, Default)]
pub struct Mirror {
    /// Parent, name and eTag by id.
    pub items: BTreeMap<String, Kept>,
    /// Where to go on.
    pub link: String,
    /// Items told in the last round, the deleted ones with a minus.
    pub told: Vec<String>,
    /// Whether it has not yet listed everything once.
    listing: bool,
    /// Whether its folder may be in the trash for a while.
    may_go: bool,
}

fn kept(item: &Value) -> (String, Kept) {
    let text = |value: &Value| value.as_str().map(str::to_owned);
    let parent = text(&item["parentReference"]["id"]);
    (text(&item["id"]).unwrap(), (parent, text(&item["name"]).unwrap(), text(&item["eTag"]).unwrap()))
}

impl Mirror {
    /// A client that has read all there is below `folder` (an address without a prefix of the host).
    pub async fn of(client: &Graph<'_>, folder: &str, top: usize) -> Self {
        let mut mirror = Self { link: format!("{folder}/delta?$top={top}"), listing: true, ..Self::default() };
        mirror.follow(client).await;
        mirror
    }

    /// The same for a folder that may be in the trash for a while.
    pub async fn of_what_may_go(client: &Graph<'_>, folder: &str, top: usize) -> Self {
        let link = format!("{folder}/delta?$top={top}");
        let mut mirror = Self { link, listing: true, may_go: true, ..Self::default() };
        mirror.follow(client).await;
        mirror
    }

    /// One round: page by page until there is a deltaLink. No item comes twice, but for one that is moved on while everything is
    /// listed.
    pub async fn follow(&mut self, client: &Graph<'_>) -> usize {
        let mut seen = HashSet::new();
        self.told.clear();
        loop {
            let page = client.get(&self.link).await;
            if self.may_go && page.status == 404 {
                // the folder lies in the trash just now: from here on later
                return seen.len();
            }
            let page = page.expect(200).json();
            for item in page["value"].as_array().unwrap() {
                let id = item["id"].as_str().unwrap().to_owned();
                assert!(seen.insert(id.clone()) || self.listing, "{item} came twice in a round");
                assert!(item["parentReference"].get("path").is_none(), "{item}");
                if item.get("deleted").is_some() {
                    self.told.push(format!("-{}", self.items.get(&id).map_or("?", |kept| kept.1.as_str())));
                    self.items.remove(&id);
                } else {
                    let (id, kept) = kept(item);
                    self.told.push(kept.1.clone());
                    self.items.insert(id, kept);
                }
            }
            let next = page["@odata.nextLink"].as_str();
            let link = next.or(page["@odata.deltaLink"].as_str()).unwrap();
            self.link = link.replace(&client.server.url(""), "");
            if next.is_none() {
                self.listing = false;
                return seen.len();
            }
        }
    }

    /// What the next round tells, sorted.
    pub async fn next(&mut self, client: &Graph<'_>) -> String {
        self.follow(client).await;
        let mut told = self.told.clone();
        told.sort();
        told.join(" ")
    }
}

/// All below a folder as it is listed, folder by folder; the folder itself as well.
pub async fn listed(client: &Graph<'_>, drive: &str, folder: &str) -> BTreeMap<String, Kept> {
    let mut all = BTreeMap::new();
    let top = client.get(folder).await.expect(200).json();
    let mut folders = vec![top["id"].as_str().unwrap().to_owned()];
    all.extend([kept(&top)]);
    while let Some(folder) = folders.pop() {
        let mut path = format!("{drive}/items/{folder}/children?$top=1000");
        loop {
            let page = client.get(&path).await.expect(200).json();
            for item in page["value"].as_array().unwrap() {
                all.extend([kept(item)]);
                if item.get("folder").is_some() {
                    folders.push(item["id"].as_str().unwrap().to_owned());
                }
            }
            let Some(next) = page["@odata.nextLink"].as_str() else { break };
            path = next.replace(&client.server.url(""), "");
        }
    }
    all
}
