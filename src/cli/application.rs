//! `coatcheck application`: programs that act for themselves or for users who sign in through them, and the secrets they
//! present.

use chrono::{DateTime, Utc};
use clap::Subcommand;
use serde::Serialize;
use serde_json::json;

use super::{output::Out, with_vault, words};
use crate::{
    config::Config,
    domain::{
        error::{Error, Missing},
        grant,
        id::{PrincipalId, PrincipalKey},
        person::PrincipalKind,
    },
    vault::{ApplicationInfo, NewApplication, SignIn, Vault},
};

/// Make and list applications, draw secrets for them, let users sign in through them.
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
    /// Say what it may do where users sign in; all of it at once
    SignIn {
        /// Its client id
        client_id: String,
        /// It runs where it cannot keep a secret: on a desk, in a terminal, on a device
        #[arg(long)]
        public: bool,
        /// Where browsers may be sent back to. Can be given several times; a public one is also reached at localhost
        #[arg(long = "redirect-uri", value_name = "URI")]
        redirect_uris: Vec<String>,
        /// What it may ask for on behalf of users. Can be given several times
        #[arg(long = "scope", value_name = "SCOPE",
            default_values = ["Files.ReadWrite.All", "Sites.ReadWrite.All", "User.Read"])]
        scopes: Vec<String>,
    },
    /// End what users have signed in to through it
    SignOut {
        /// Its client id
        client_id: String,
        /// Only this user: login name or e-mail address
        #[arg(long, value_name = "USER")]
        user: Option<String>,
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
    public: bool,
    redirect_uris: Vec<String>,
    delegated: Vec<String>,
    disabled: bool,
    number: i64,
    arena_guid: String,
    oracle_id: String,
    graph_id: uuid::Uuid,
}

impl Row {
    fn of(application: ApplicationInfo) -> Self {
        let ApplicationInfo { person, roles, disabled, secrets, sign_in } = application;
        let SignIn { public, redirect_uris, delegated } = sign_in;
        Self {
            client_id: person.login,
            name: person.name,
            roles,
            secrets,
            public,
            redirect_uris,
            delegated,
            disabled,
            number: person.number,
            arena_guid: person.arena_guid,
            oracle_id: person.oracle_id,
            graph_id: person.graph_id,
        }
    }

    fn cells(&self) -> Vec<String> {
        let notes = [("public", self.public), ("disabled", self.disabled)];
        let notes: Vec<&str> = notes.iter().filter(|(_, note)| *note).map(|(note, _)| *note).collect();
        let secrets = self.secrets.to_string();
        vec![self.client_id.clone(), self.name.clone(), self.roles.join(" "), secrets, notes.join(", ")]
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
        Application::SignIn { client_id, public, redirect_uris, scopes } => {
            let application = application(vault, &client_id).await?;
            let bad = redirect_uris.iter().find(|uri| !grant::is_redirect_uri(uri));
            if let Some(bad) = bad {
                anyhow::bail!("no browser can be sent to {bad:?}");
            }
            let what = SignIn { public, redirect_uris, delegated: scopes };
            vault.put_sign_in(application, &what).await.map_err(words::say)?;
            let SignIn { public, redirect_uris, delegated } = &what;
            let value = json!({
                "client_id": client_id, "public": public, "redirect_uris": redirect_uris, "delegated": delegated
            });
            out.answer(&value, || format!("Users can sign in through {client_id}."))
        }
        Application::SignOut { client_id, user } => {
            let application = application(vault, &client_id).await?;
            let whom = match &user {
                Some(user) => {
                    let found = vault.person(&PrincipalKey::Login(user.clone())).await.map_err(words::say)?;
                    let found = found.filter(|person| person.kind == PrincipalKind::User);
                    Some(found.ok_or_else(|| words::about(Error::Missing(Missing::Principal), user))?.id)
                }
                None => None,
            };
            let ended = vault.end_grants(application, whom).await.map_err(words::say)?;
            out.answer(&json!({ "ended": ended }), || format!("{ended} sign-ins have ended."))
        }
        Application::List => {
            let rows: Vec<Row> = vault.applications().await.map_err(words::say)?.into_iter().map(Row::of).collect();
            out.rows(&rows, &["client id", "name", "roles", "secrets", "notes"], Row::cells)
        }
    })
    .await
}

async fn application(vault: &Vault, client_id: &str) -> anyhow::Result<PrincipalId> {
    let found = vault.application_named(client_id).await;
    Ok(found.map_err(|error| words::about(error, client_id))?.id)
}
