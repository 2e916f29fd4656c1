//! Contents that come and go: what is asked of the program beside nginx.

use std::{net::SocketAddr, sync::Arc};

use anyhow::{Context, Result};

use crate::common::{
    house::World,
    load::{self, Answer, Script, Step},
    works::{self, Caller},
};

/// Puts a content into the library's root, under a name that is not there yet.
pub async fn put(address: SocketAddr, world: &World, caller: &Caller, name: &str, bytes: Arc<[u8]>) -> Result<()> {
    let script = Script(vec![upload(world, caller, name, bytes, 201)]);
    load::once(address, &[script]).await
}

/// An upload in one request; a new file or the next version of one.
pub fn upload(world: &World, caller: &Caller, name: &str, bytes: Arc<[u8]>, status: u16) -> Step {
    let path = format!("/v1.0/drives/{}/root:/{name}:/content", world.drive);
    let says = vec![format!("\"size\":{}", bytes.len())];
    let headers = [("authorization", caller.bearer.as_str())];
    Step::with_body("PUT", &path, &headers, Some(bytes), Answer::Says(status, says))
}

/// A download of a file that lies in the library's root.
pub async fn download(
    address: SocketAddr,
    world: &World,
    caller: &Caller,
    name: &str,
    bytes: Arc<[u8]>,
) -> Result<Step> {
    let file = graph_id(address, world, caller, name).await?;
    works::download(address, world, caller, &file, bytes).await
}

/// Graph's id of what lies in the library's root.
pub async fn graph_id(address: SocketAddr, world: &World, caller: &Caller, name: &str) -> Result<String> {
    let path = format!("/v1.0/drives/{}/root:/{name}?$select=id", world.drive);
    let step = Step::new("GET", &path, &[("authorization", &caller.bearer)], Answer::Status(200));
    let said: serde_json::Value = serde_json::from_slice(&load::fetch(address, &step).await?)?;
    Ok(said["id"].as_str().context("no id")?.to_owned())
}
