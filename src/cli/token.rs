//! `coatcheck token`: what programs present in place of a password.

use chrono::{DateTime, Utc};
use clap::Subcommand;
use serde::Serialize;
use serde_json::json;
use uuid::Uuid;

use super::{done, output::Out, with_vault, words};
use crate::{
    config::Config,
    domain::{
        error::{Error, Missing},
        id::TokenId,
    },
    vault::{NewToken, TokenInfo},
};

/// Make, list and revoke bearer tokens.
#[derive(Debug, Subcommand)]
pub(super) enum Token {
    /// Make a token and print it, once
    Create {
        /// Whom it acts for: a login name, or an application's client id
        who: String,
        /// What it may be used for at most; a user's rights hold besides. Can be given several times
        #[arg(long = "scope", value_name = "SCOPE", default_values = ["Files.ReadWrite.All", "Sites.ReadWrite.All", "User.Read"])]
        scopes: Vec<String>,
        /// What people call it
        #[arg(long, default_value = "")]
        label: String,
        /// When it ends, such as 2030-01-31T00:00:00Z; else when it is revoked
        #[arg(long, value_name = "TIME")]
        expires: Option<DateTime<Utc>>,
    },
    /// List all tokens; the tokens themselves are stored nowhere
    List,
    /// Revoke a token; it is dead within a second
    Revoke {
        /// Its id, as `token list` shows it
        id: Uuid,
    },
}

#[derive(Serialize)]
struct Row {
    id: Uuid,
    #[serde(rename = "for")]
    whom: String,
    label: String,
    scopes: Vec<String>,
    created_at: DateTime<Utc>,
    expires_at: Option<DateTime<Utc>>,
    alive: bool,
}

impl Row {
    fn of(token: TokenInfo) -> Self {
        Self {
            id: token.id.0,
            whom: token.person.login.clone(),
            label: token.label,
            scopes: token.scopes,
            created_at: token.created_at,
            expires_at: token.expires_at,
            alive: token.alive,
        }
    }

    fn cells(&self) -> Vec<String> {
        let ends = match (self.alive, self.expires_at) {
            (false, _) => "dead".to_owned(),
            (true, Some(end)) => end.format("%F %R").to_string(),
            (true, None) => "never".to_owned(),
        };
        let created = self.created_at.format("%F %R").to_string();
        vec![self.id.to_string(), self.whom.clone(), self.label.clone(), self.scopes.join(" "), created, ends]
    }
}

pub(super) async fn run(command: Token, config: &Config, out: &mut Out) -> anyhow::Result<()> {
    with_vault(config, async |vault| match command {
        Token::Create { who, scopes, label, expires } => {
            let bearer = vault.account_named(&who).await.map_err(|error| words::about(error, &who))?;
            let new = NewToken { principal: bearer.person.id, scopes, label, expires_at: expires };
            let (id, token) = vault.create_token(new).await.map_err(words::say)?;
            let value = json!({ "id": id.0, "for": bearer.person.login, "token": token });
            out.answer(&value, || format!("{token}\n\nIts id is {}. The token is shown only now.", id.0))
        }
        Token::List => {
            let rows: Vec<Row> = vault.tokens().await.map_err(words::say)?.into_iter().map(Row::of).collect();
            out.rows(&rows, &["id", "for", "label", "scopes", "made", "ends"], Row::cells)
        }
        Token::Revoke { id } => match vault.revoke_token(TokenId(id)).await {
            Ok(()) => done(out, "revoked", format!("{id} is revoked.")),
            Err(Error::Missing(Missing::Principal)) => {
                Err(anyhow::anyhow!("there is no living token {id}; `coatcheck token list` shows them"))
            }
            Err(error) => Err(words::say(error)),
        },
    })
    .await
}
