//! `coatcheck user`: who may sign in.

use clap::Subcommand;
use serde::Serialize;

use super::{
    done,
    output::{Out, parse, word},
    password, with_vault, words,
};
use crate::{
    config::Config,
    domain::{
        error::{Error, Missing},
        id::{PrincipalId, PrincipalKey},
        person::{License, Person, PrincipalKind},
    },
    vault::{NewUser, UserChange, UserInfo, Vault},
};

/// Make, list and change users.
#[derive(Debug, Subcommand)]
pub(super) enum User {
    /// Make a user; the password is asked for
    Add {
        /// Login name
        login: String,
        /// Full name; else the login name
        #[arg(long)]
        name: Option<String>,
        /// E-mail address; else LOGIN@localhost
        #[arg(long)]
        email: Option<String>,
        /// full, approver, limited or `read_only`; only full may change anything
        #[arg(long, default_value = "full", value_parser = parse::<License>)]
        license: License,
        /// Make an account administrator
        #[arg(long)]
        administrator: bool,
        /// Make a user who cannot sign in with a password, only with tokens
        #[arg(long, conflicts_with = "password_file")]
        no_password: bool,
        #[command(flatten)]
        password: password::Source,
    },
    /// List all users
    List,
    /// Let a user do nothing from now on; sessions end within a second
    Disable {
        /// Login name or e-mail address
        login: String,
    },
    /// Let a disabled user in again
    Enable {
        /// Login name or e-mail address
        login: String,
    },
    /// Set another password; the user's sessions end
    Passwd {
        /// Login name or e-mail address
        login: String,
        #[command(flatten)]
        password: password::Source,
    },
}

/// A user in the words of every dialect.
#[derive(Serialize)]
struct Row {
    login: String,
    name: String,
    email: String,
    license: License,
    administrator: bool,
    disabled: bool,
    number: i64,
    arena_guid: String,
    oracle_id: String,
    graph_id: uuid::Uuid,
}

impl Row {
    fn of(user: UserInfo) -> Self {
        let UserInfo { person, license, administrator, disabled } = user;
        let Person { login, name, email, number, arena_guid, oracle_id, graph_id, .. } = person;
        Self { login, name, email, license, administrator, disabled, number, arena_guid, oracle_id, graph_id }
    }

    fn cells(&self) -> Vec<String> {
        let mut notes = Vec::new();
        if self.administrator {
            notes.push("administrator");
        }
        if self.disabled {
            notes.push("disabled");
        }
        vec![self.login.clone(), self.name.clone(), self.email.clone(), word(self.license), notes.join(", ")]
    }
}

pub(super) async fn run(command: User, config: &Config, out: &mut Out) -> anyhow::Result<()> {
    match command {
        User::Add { login, name, email, license, administrator, no_password, password } => {
            let password = if no_password { None } else { Some(password.read(&login)?) };
            let new = NewUser {
                name: name.unwrap_or_else(|| login.clone()),
                email: email.unwrap_or_else(|| format!("{login}@localhost")),
                login,
                password,
                license,
                administrator,
            };
            with_vault(config, async |vault| {
                let person = vault.create_user(new).await.map_err(words::say)?;
                let sentence = format!("Made user {}.", person.login);
                out.answer(&Row::of(UserInfo { person, license, administrator, disabled: false }), || sentence)
            })
            .await
        }
        User::List => {
            with_vault(config, async |vault| {
                let users = vault.user_list().await.map_err(words::say)?;
                let rows: Vec<Row> = users.into_iter().map(Row::of).collect();
                out.rows(&rows, &["login", "name", "e-mail", "license", "notes"], Row::cells)
            })
            .await
        }
        User::Disable { login } => set_disabled(config, out, &login, true).await,
        User::Enable { login } => set_disabled(config, out, &login, false).await,
        User::Passwd { login, password } => {
            let password = Some(password.read(&login)?);
            let change = UserChange { password, ..UserChange::default() };
            with_vault(config, async |vault| {
                let id = user(vault, &login).await?;
                vault.update_user(id, change).await.map_err(words::say)?;
                done(out, "password_set", format!("{login} has another password; sessions have ended."))
            })
            .await
        }
    }
}

async fn set_disabled(config: &Config, out: &mut Out, login: &str, disabled: bool) -> anyhow::Result<()> {
    with_vault(config, async |vault| {
        let id = user(vault, login).await?;
        let change = UserChange { disabled: Some(disabled), ..UserChange::default() };
        vault.update_user(id, change).await.map_err(words::say)?;
        if disabled {
            done(out, "disabled", format!("{login} is disabled; locks stay, `coatcheck lock list --holder {login}`."))
        } else {
            done(out, "enabled", format!("{login} may sign in again."))
        }
    })
    .await
}

async fn user(vault: &Vault, login: &str) -> anyhow::Result<PrincipalId> {
    let found = vault.person(&PrincipalKey::Login(login.to_owned())).await.map_err(words::say)?;
    let user = found.filter(|person| person.kind == PrincipalKind::User);
    Ok(user.ok_or_else(|| words::about(Error::Missing(Missing::Principal), login))?.id)
}
