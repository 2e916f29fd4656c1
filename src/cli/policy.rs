//! `coatcheck policy`: rules that say what may be done to files of which category, and who has them.

use clap::{Args, Subcommand};
use serde::Serialize;

use super::{
    category, done,
    output::{Out, parse, word},
    with_vault, words,
};
use crate::{
    config::Config,
    domain::{
        actor::Rule,
        id::{CategoryId, PolicyId},
    },
    vault::{
        Vault,
        setup::{Done, Setup},
    },
};

/// Make, list and give policies.
#[derive(Debug, Subcommand)]
pub(super) enum Policy {
    /// Make a policy, or add rules to the one of this name
    Add {
        /// Its name
        name: String,
        /// What it is for
        #[arg(long)]
        description: Option<String>,
        #[command(flatten)]
        rules: Rules,
    },
    /// Take rules from a policy
    RemoveRule {
        /// Its name
        name: String,
        #[command(flatten)]
        rules: Rules,
    },
    /// Give somebody a policy
    Grant {
        /// Its name
        name: String,
        /// A user, a group, or an application
        who: String,
    },
    /// Take a policy from somebody
    Revoke {
        /// Its name
        name: String,
        /// A user, a group, or an application
        who: String,
    },
    /// List all policies, their rules, and who has them
    List,
}

/// Rules of a policy.
#[derive(Args, Debug)]
pub(super) struct Rules {
    /// `read_file`, `edit_file` (which includes reading) or `override_check_out`. Can be given several times
    #[arg(long = "rule", value_name = "RULE", value_parser = parse::<Rule>)]
    rules: Vec<Rule>,
    /// The category these rules are for, with those below it; else all
    #[arg(long, value_name = "PATH", requires = "rules")]
    category: Option<String>,
}

#[derive(Serialize)]
struct Row {
    name: String,
    description: String,
    rules: Vec<RuleRow>,
    given_to: Vec<String>,
}

#[derive(Serialize)]
struct RuleRow {
    rule: Rule,
    category: Option<String>,
}

impl Row {
    async fn all(vault: &Vault) -> anyhow::Result<Vec<(PolicyId, Self)>> {
        let categories = vault.all_categories().await.map_err(words::say)?;
        let path = |id: CategoryId| {
            categories.iter().find(|category| category.row.id == id).map(|category| category::spell(&category.path))
        };
        let row = |(policy, holders): (crate::store::directory::PolicyRow, Vec<_>)| {
            let rule = |(rule, limit): (Rule, Option<CategoryId>)| RuleRow { rule, category: limit.and_then(path) };
            let row = Self {
                name: policy.name,
                description: policy.description,
                rules: policy.rules.into_iter().map(rule).collect(),
                given_to: words::names(&holders),
            };
            (policy.id, row)
        };
        Ok(vault.policies().await.map_err(words::say)?.into_iter().map(row).collect())
    }

    fn cells(&self) -> Vec<String> {
        let rule = |rule: &RuleRow| match &rule.category {
            Some(category) => format!("{} {category}", word(rule.rule)),
            None => word(rule.rule),
        };
        let rules: Vec<String> = self.rules.iter().map(rule).collect();
        vec![self.name.clone(), rules.join(", "), self.given_to.join(", "), self.description.clone()]
    }
}

pub(super) async fn run(command: Policy, config: &Config, out: &mut Out) -> anyhow::Result<()> {
    with_vault(config, async |vault| match command {
        Policy::Add { name, description, rules } => {
            let mut change = vault.set_up().await.map_err(words::say)?;
            let limit = rules.limit(&mut change).await?;
            let put = change.put_policy(&name, description.as_deref()).await;
            let (policy, put) = put.map_err(|error| words::about(error, &name))?;
            for rule in rules.rules {
                change.put_rule(policy, rule, limit).await.map_err(words::say)?;
            }
            change.commit().await.map_err(words::say)?;
            let sentence = match put {
                Done::Made => {
                    format!("Made policy {name}; `coatcheck policy grant {name:?} WHO` gives it to somebody.")
                }
                Done::Changed | Done::Found | Done::Held => format!("{name} has these rules now."),
            };
            show(vault, policy, &name, sentence, out).await
        }
        Policy::RemoveRule { name, rules } => {
            let mut change = vault.set_up().await.map_err(words::say)?;
            let limit = rules.limit(&mut change).await?;
            let policy = find(&mut change, &name).await?;
            if rules.rules.is_empty() {
                return Err(super::Misused("name the rules to take away with --rule RULE".to_owned()).into());
            }
            for rule in rules.rules {
                if !change.take_rule(policy, rule, limit).await.map_err(words::say)? {
                    return Err(words::no_such_rule(&name, &word(rule), rules.category.as_deref()));
                }
            }
            change.commit().await.map_err(words::say)?;
            show(vault, policy, &name, format!("{name} has these rules no more."), out).await
        }
        Policy::Grant { name, who } => {
            let to = vault.principal_named(&who).await.map_err(|error| words::about(error, &who))?;
            let mut change = vault.set_up().await.map_err(words::say)?;
            let policy = find(&mut change, &name).await?;
            change.give_policy(policy, to.id).await.map_err(words::say)?;
            change.commit().await.map_err(words::say)?;
            done(out, "granted", format!("{who} has policy {name}."))
        }
        Policy::Revoke { name, who } => {
            let from = vault.principal_named(&who).await.map_err(|error| words::about(error, &who))?;
            let mut change = vault.set_up().await.map_err(words::say)?;
            let policy = find(&mut change, &name).await?;
            if !change.take_policy(policy, from.id).await.map_err(words::say)? {
                return Err(words::not_given(&who, &format!("policy {name:?}")));
            }
            change.commit().await.map_err(words::say)?;
            done(out, "revoked", format!("{who} has not policy {name} any more, unless through a group."))
        }
        Policy::List => {
            let rows: Vec<Row> = Row::all(vault).await?.into_iter().map(|(_, row)| row).collect();
            out.rows(&rows, &["name", "rules", "given to", "description"], Row::cells)
        }
    })
    .await
}

impl Rules {
    /// The category that limits them.
    async fn limit(&self, change: &mut Setup) -> anyhow::Result<Option<CategoryId>> {
        match &self.category {
            Some(path) => Ok(Some(category::find(change, path).await?.id)),
            None => Ok(None),
        }
    }
}

async fn find(change: &mut Setup, name: &str) -> anyhow::Result<PolicyId> {
    change.policy(name).await.map_err(words::say)?.ok_or_else(|| words::no_policy(name))
}

/// Answers with the policy as it stands.
async fn show(vault: &Vault, policy: PolicyId, name: &str, sentence: String, out: &mut Out) -> anyhow::Result<()> {
    let found = Row::all(vault).await?.into_iter().find(|(id, _)| *id == policy);
    let (_, row) = found.ok_or_else(|| words::no_policy(name))?;
    out.answer(&row, || sentence)
}
