//! `coatcheck application`: programs that act for themselves, and the secrets they present.

use chrono::{DateTime, Utc};
use clap::Subcommand;
use serde::Serialize;
use serde_json::json;

use super::{output::Out, with_vault, words};
use crate::{
    config::Config,
    domain::{
        error::{Error, Missing},
        id::{PrincipalId, PrincipalKey},
        person::PrincipalKind,
    },
    vault::{ApplicationInfo, NewApplication, Vault},
};

/// Make and list applications, draw secrets for them.
#[derive(Debug, Subcommand)]
pub(super) enum Application {
    /// Make an application, or set the roles of the one with this client id
    Add {
        /// Its client id
        client_id: String,
        /// The name it shows under; else the client id
        #[arg(long)]
        name: Option<String>,
        /// What it may do at most. Can be given several times
        #[arg(long = "role", value_name = "ROLE", default_values = ["Files.ReadWrite.All"])]
        roles: Vec<String>,
    },
    /// Draw a secret and print it, once; the secrets it has stay
    Secret {
        /// Its client id
        client_id: String,
        /// When it ends, such as 2030-01-31T00:00:00Z; else never
        #[arg(long, value_name = "TIME")]
        expires: Option<DateTime<Utc>>,
    },
    /// List all applications; their secrets are stored nowhere
    List,
}

#[derive(Serialize)]
struct Row {
    client_id: String,
    name: String,
    roles: Vec<String>,
    secrets: i64,
    disabled: bool,
    number: i64,
    arena_guid: String,
    oracle_id: String,
    graph_id: uuid::Uuid,
}

impl Row {
    fn of(application: ApplicationInfo) -> Self {
        let ApplicationInfo { person, roles, disabled, secrets } = application;
        Self {
            client_id: person.login,
            name: person.name,
            roles,
            secrets,
            disabled,
            number: person.number,
            arena_guid: person.arena_guid,
            oracle_id: person.oracle_id,
            graph_id: person.graph_id,
        }
    }

    fn cells(&self) -> Vec<String> {
        let notes = if self.disabled { "disabled" } else { "" };
        let secrets = self.secrets.to_string();
        vec![self.client_id.clone(), self.name.clone(), self.roles.join(" "), secrets, notes.to_owned()]
    }
}

pub(super) async fn run(command: Application, config: &Config, out: &mut Out) -> anyhow::Result<()> {
    with_vault(config, async |vault| match command {
        Application::Add { client_id, name, roles } => {
            let name = name.unwrap_or_else(|| client_id.clone());
            let new = NewApplication { client_id, name, roles };
            let made = vault.put_application(&new).await.map_err(words::say)?;
            let id = made.id;
            let all = vault.applications().await.map_err(words::say)?;
            let made = all.into_iter().find(|application| application.person.id == id);
            let made = Row::of(made.ok_or_else(|| words::say(Error::Missing(Missing::Principal)))?);
            let sentence = format!("{0} is there; `coatcheck application secret {0}` draws a secret.", made.client_id);
            out.answer(&made, || sentence)
        }
        Application::Secret { client_id, expires } => {
            let application = application(vault, &client_id).await?;
            let secret = vault.create_secret(application, expires).await.map_err(words::say)?;
            let value = json!({ "client_id": client_id, "client_secret": secret, "expires_at": expires });
            out.answer(&value, || format!("{secret}\n\nThe secret is shown only now."))
        }
        Application::List => {
            let rows: Vec<Row> = vault.applications().await.map_err(words::say)?.into_iter().map(Row::of).collect();
            out.rows(&rows, &["client id", "name", "roles", "secrets", "notes"], Row::cells)
        }
    })
    .await
}

async fn application(vault: &Vault, client_id: &str) -> anyhow::Result<PrincipalId> {
    let found = vault.person(&PrincipalKey::Login(client_id.to_owned())).await.map_err(words::say)?;
    let application = found.filter(|person| person.kind == PrincipalKind::Application);
    Ok(application.ok_or_else(|| words::about(Error::Missing(Missing::Principal), client_id))?.id)
}
