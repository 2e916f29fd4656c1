//! `coatcheck health`: asks the server on this machine for `/readyz`, for containers and supervisors.

use std::time::Duration;

use anyhow::{Context, bail};
use clap::Args;
use serde_json::json;

use super::{
    output::Out,
    serve::{TLS, here},
};
use crate::config::Config;

/// Less than what containers give a health check (5 s).
const PATIENCE: Duration = Duration::from_secs(4);

/// Ask the server on this machine whether it is ready.
#[derive(Args, Debug)]
pub(super) struct Health {
    /// The address the server listens on, where it is not the configured one
    #[arg(long, value_name = "ADDR")]
    pub(super) listen: Option<String>,
    /// Ask where it listens for TLS, at this address where it is not the configured one
    #[arg(long, value_name = "ADDR", num_args = 0..=1, default_missing_value = TLS, conflicts_with = "listen")]
    pub(super) tls: Option<String>,
}

pub(super) async fn run(command: &Health, config: &Config, out: &mut Out) -> anyhow::Result<()> {
    let plain = config.server.listen.filter(|_| command.tls.is_none());
    let (scheme, address) = match (plain, config.tls.listen) {
        (Some(address), _) => ("http", here(address)),
        (None, Some(address)) => ("https", here(address)),
        (None, None) => bail!("neither `server.listen` nor `tls.listen` is set"),
    };
    let url = format!("{scheme}://{address}/readyz");
    // We ask our own machine by its address, which need not be in its certificate, tell it nothing, and believe no more
    // than we would without TLS: so the certificate is not looked at.
    let client = reqwest::Client::builder().no_proxy().timeout(PATIENCE).tls_danger_accept_invalid_certs(true);
    let client = client.build().context("cannot make a client")?;
    let unheard = || format!("no server answers at {address}; start one with `coatcheck serve`");
    let response = client.get(&url).send().await.with_context(unheard)?;
    let status = response.status();
    let report = response.text().await.with_context(unheard)?;
    if !status.is_success() {
        bail!("the server at {address} is not ready ({status}): {report}");
    }
    out.answer(&json!({ "ready": true, "address": address }), || format!("The server at {address} is ready."))
}
