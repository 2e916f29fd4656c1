//! `coatcheck user`: who may sign in.

use clap::{Args, Subcommand};
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
        person::{Affiliation, License, Person, PrincipalKind},
    },
    vault::{NewUser, PasswordChange, UserChange, UserInfo, Vault},
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
        /// employee, partner, `basic_supplier`, `advanced_supplier` or integration; suppliers see no private files and cannot
        /// use Arena's API
        #[arg(long, default_value = "employee", value_parser = parse::<Affiliation>)]
        affiliation: Affiliation,
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
    /// Change what a user is
    Change {
        /// Login name or e-mail address
        login: String,
        #[command(flatten)]
        what: Change,
    },
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
    /// Let a password expire: it signs nobody in until another is set; the user's sessions end
    ExpirePassword {
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

/// What changes of a user: at least one thing.
#[derive(Args, Debug)]
#[group(id = "change", required = true, multiple = true)]
pub(super) struct Change {
    /// Another full name
    #[arg(long)]
    name: Option<String>,
    /// Another e-mail address
    #[arg(long)]
    email: Option<String>,
    /// full, approver, limited or `read_only`
    #[arg(long, value_parser = parse::<License>)]
    license: Option<License>,
    /// employee, partner, `basic_supplier`, `advanced_supplier` or integration; sessions of who becomes a supplier end
    #[arg(long, value_parser = parse::<Affiliation>)]
    affiliation: Option<Affiliation>,
    /// Whether the user is an account administrator
    #[arg(long, value_name = "true|false")]
    administrator: Option<bool>,
}

/// A user in the words of every dialect.
#[derive(Serialize)]
struct Row {
    login: String,
    name: String,
    email: String,
    license: License,
    affiliation: Affiliation,
    administrator: bool,
    disabled: bool,
    password_expired: bool,
    number: i64,
    arena_guid: String,
    oracle_id: String,
    graph_id: uuid::Uuid,
}

impl Row {
    fn of(user: UserInfo) -> Self {
        let UserInfo { person, license, affiliation, administrator, disabled, password_expired } = user;
        let Person { login, name, email, number, arena_guid, oracle_id, graph_id, .. } = person;
        Self {
            login,
            name,
            email,
            license,
            affiliation,
            administrator,
            disabled,
            password_expired,
            number,
            arena_guid,
            oracle_id,
            graph_id,
        }
    }

    fn cells(&self) -> Vec<String> {
        let mut notes = Vec::new();
        if self.administrator {
            notes.push("administrator");
        }
        if self.disabled {
            notes.push("disabled");
        }
        if self.password_expired {
            notes.push("password expired");
        }
        let Self { login, name, email, .. } = self;
        let (license, affiliation) = (word(self.license), word(self.affiliation));
        vec![login.clone(), name.clone(), email.clone(), license, affiliation, notes.join(", ")]
    }
}

pub(super) async fn run(command: User, config: &Config, out: &mut Out) -> anyhow::Result<()> {
    match command {
        User::Add { login, name, email, license, affiliation, administrator, no_password, password } => {
            let password = if no_password { None } else { Some(password.read(&login)?) };
            let new = NewUser {
                name: name.unwrap_or_else(|| login.clone()),
                email: email.unwrap_or_else(|| format!("{login}@localhost")),
                login,
                password,
                license,
                affiliation,
                administrator,
            };
            with_vault(config, async |vault| {
                let person = vault.create_user(new).await.map_err(words::say)?;
                let sentence = format!("Made user {}.", person.login);
                out.answer(&row(vault, person.id).await?, || sentence)
            })
            .await
        }
        User::List => {
            with_vault(config, async |vault| {
                let users = vault.user_list().await.map_err(words::say)?;
                let rows: Vec<Row> = users.into_iter().map(Row::of).collect();
                out.rows(&rows, &["login", "name", "e-mail", "license", "affiliation", "notes"], Row::cells)
            })
            .await
        }
        User::Change { login, what: Change { name, email, license, affiliation, administrator } } => {
            let change = UserChange { name, email, license, affiliation, administrator, ..UserChange::default() };
            with_vault(config, async |vault| {
                let id = user(vault, &login).await?;
                vault.update_user(id, change).await.map_err(words::say)?;
                let changed = row(vault, id).await?;
                let sentence = format!("Changed user {}.", changed.login);
                out.answer(&changed, || sentence)
            })
            .await
        }
        User::ExpirePassword { login } => {
            let change = UserChange { password: Some(PasswordChange::Expire), ..UserChange::default() };
            with_vault(config, async |vault| {
                let id = user(vault, &login).await?;
                vault.update_user(id, change).await.map_err(words::say)?;
                let sentence =
                    format!("The password of {login} has expired; `coatcheck user passwd {login}` sets another.");
                done(out, "password_expired", sentence)
            })
            .await
        }
        User::Disable { login } => set_disabled(config, out, &login, true).await,
        User::Enable { login } => set_disabled(config, out, &login, false).await,
        User::Passwd { login, password } => {
            let password = Some(PasswordChange::Set(password.read(&login)?));
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

async fn row(vault: &Vault, id: PrincipalId) -> anyhow::Result<Row> {
    let users = vault.user_list().await.map_err(words::say)?;
    let user = users.into_iter().find(|user| user.person.id == id);
    Ok(Row::of(user.ok_or_else(|| words::say(Error::Missing(Missing::Principal)))?))
}

async fn user(vault: &Vault, login: &str) -> anyhow::Result<PrincipalId> {
    let found = vault.person(&PrincipalKey::Login(login.to_owned())).await.map_err(words::say)?;
    let user = found.filter(|person| person.kind == PrincipalKind::User);
    Ok(user.ok_or_else(|| words::about(Error::Missing(Missing::Principal), login))?.id)
}
