//! `coatcheck config`: whether the configuration can be used, and what it says.

use anyhow::Context;
use clap::Subcommand;
use serde_json::json;

use super::output::Out;
use crate::config::{self, Secrets};

/// Look at the configuration.
#[derive(Debug, Subcommand)]
pub(super) enum Config {
    /// Say whether it can be used; what is wrong is an error that says where
    Check,
    /// Print every setting as it counts, as TOML
    Print {
        /// Print [redacted] in place of secrets
        #[arg(long)]
        redact: bool,
    },
}

pub(super) fn run(command: &Config, config: &config::Config, out: &mut Out) -> anyhow::Result<()> {
    match command {
        // Reading it was the check.
        Config::Check => out.answer(&json!({ "valid": true }), || "The configuration can be used.".to_owned()),
        Config::Print { redact } => {
            let secrets = if *redact { Secrets::Redacted } else { Secrets::Shown };
            let text = config.print(secrets).context("the configuration cannot be printed")?;
            let table: toml::Table = text.parse().context("the configuration cannot be printed")?;
            out.answer(&table, || text.trim_end().to_owned())
        }
    }
}
