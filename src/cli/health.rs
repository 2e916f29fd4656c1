//! `coatcheck health`: asks the server on this machine for `/readyz`, for containers and supervisors.

use std::time::Duration;

use anyhow::{Context, bail};
use clap::Args;
use serde_json::json;

use super::{output::Out, serve::here};
use crate::config::Config;

/// Less than what containers give a health check (5 s).
const PATIENCE: Duration = Duration::from_secs(4);

/// Ask the server on this machine whether it is ready.
#[derive(Args, Debug)]
pub(super) struct Health {
    /// The address the server listens on, where it is not the configured one
    #[arg(long, value_name = "ADDR")]
    pub(super) listen: Option<String>,
}

pub(super) async fn run(config: &Config, out: &mut Out) -> anyhow::Result<()> {
    let address = here(config.server.listen);
    let url = format!("http://{address}/readyz");
    let client = reqwest::Client::builder().no_proxy().timeout(PATIENCE).build().context("cannot make a client")?;
    let unheard = || format!("no server answers at {address}; start one with `coatcheck serve`");
    let response = client.get(&url).send().await.with_context(unheard)?;
    let status = response.status();
    let report = response.text().await.with_context(unheard)?;
    if !status.is_success() {
        bail!("the server at {address} is not ready ({status}): {report}");
    }
    out.answer(&json!({ "ready": true, "address": address }), || format!("The server at {address} is ready."))
}
