//! `coatcheck migrate`: the schema of the database brought up to date, as `serve` does by itself.

use serde_json::json;

use super::output::Out;
use crate::{config::Config, run::Database, store::migrate};

pub(super) async fn run(config: &Config, out: &mut Out) -> anyhow::Result<()> {
    let database = Database::for_command(config).await?;
    let migrated = migrate::migrate(database.url()).await;
    database.stop().await?;
    migrated?;
    let version = migrate::known();
    out.answer(&json!({ "schema_version": version }), || format!("The database has schema version {version}."))
}
