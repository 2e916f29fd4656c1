//! `coatcheck seed`.
use super::output::Out;
use crate::config::Config;
use clap::Args;
/// Seed.
#[derive(Args, Debug)]
pub(super) struct Seed {
    file: std::path::PathBuf,
}
pub(super) async fn run(_command: &Seed, _config: &Config, _out: &mut Out) -> anyhow::Result<()> {
    Ok(())
}
