//! `coatcheck seed`: a world from a file. What a seed means is said in `seed`.

use std::{
    fs,
    io::{self, Read},
    path::{Path, PathBuf},
};

use anyhow::Context;
use clap::Args;

use super::{
    output::{Out, table, word},
    with_vault,
};
use crate::{
    config::Config,
    seed::{self, Applied, Beside},
    vault::setup::Done,
};

/// Make a whole world from a file: users, groups, libraries, rights, files, links
#[derive(Args, Debug)]
pub(super) struct Seed {
    /// The seed, in TOML; - for standard input. Files it names are looked for beside it
    #[arg(value_name = "FILE.toml")]
    file: PathBuf,
}

pub(super) async fn run(command: &Seed, config: &Config, out: &mut Out) -> anyhow::Result<()> {
    let (name, text, folder) = read(&command.file)?;
    let seed = seed::Seed { name, text: &text, beside: Beside::Folder(folder) };
    with_vault(config, async |vault| {
        let applied = seed::apply(vault, &seed).await?;
        out.answer(&applied, || tables(&applied))
    })
    .await
}

fn read(file: &Path) -> anyhow::Result<(String, String, PathBuf)> {
    if file == Path::new("-") {
        let mut text = String::new();
        io::stdin().read_to_string(&mut text).context("standard input is no text")?;
        return Ok(("standard input".to_owned(), text, PathBuf::from(".")));
    }
    let name = file.display().to_string();
    let text = fs::read_to_string(file).with_context(|| format!("cannot read {name}; name a seed file"))?;
    Ok((name, text, file.parent().map(Path::to_owned).unwrap_or_default()))
}

/// What was made and found, section by section; empty ones are left out.
fn tables(applied: &Applied) -> String {
    let mut parts = Vec::new();
    let mut part = |head: &[&str], rows: Vec<Vec<String>>| {
        if !rows.is_empty() {
            parts.push(table(head, rows.into_iter()));
        }
    };
    let is = |done: Done| word(done);
    for (head, people) in [("user", &applied.users), ("group", &applied.groups), ("application", &applied.applications)]
    {
        let rows = people.iter().map(|person| {
            let (number, graph_id) = (person.number.to_string(), person.graph_id.to_string());
            vec![
                person.login.clone(),
                is(person.done),
                number,
                person.arena_guid.clone(),
                person.oracle_id.clone(),
                graph_id,
            ]
        });
        part(&[head, "", "liferay", "arena", "oracle", "graph"], rows.collect());
    }
    let rows = applied.categories.iter();
    let rows = rows.map(|it| vec![it.path.clone(), is(it.done), it.arena_guid.clone()]);
    part(&["category", "", "arena"], rows.collect());
    let rows = applied.policies.iter().map(|policy| vec![policy.name.clone(), is(policy.done)]);
    part(&["policy", ""], rows.collect());
    let rows = applied.libraries.iter().map(|library| {
        let workspace = library.arena_workspace.map(|number| number.to_string()).unwrap_or_default();
        let (group, folder) = (library.liferay_group_id.to_string(), library.root_folder.oracle_id.clone());
        vec![library.name.clone(), is(library.done), group, workspace, folder, library.graph_drive_id.clone()]
    });
    part(&["library", "", "liferay group", "workspace", "oracle folder", "graph drive"], rows.collect());
    let items = applied.folders.iter().chain(&applied.files);
    let rows = items.map(|item| {
        let edition = item.editions.last().map(|edition| edition.arena_guid.clone()).unwrap_or_default();
        let number = item.number.to_string();
        vec![item.at.clone(), is(item.done), number, edition, item.oracle_id.clone(), item.graph_id.clone()]
    });
    part(&["folder or file", "", "liferay", "arena", "oracle", "graph"], rows.collect());
    let rows = applied.parts.iter().map(|part| {
        let newest = part.revisions.last();
        let label = newest.map(|newest| newest.label.clone()).unwrap_or_default();
        let guid = newest.map(|newest| newest.arena_guid.clone()).unwrap_or_default();
        vec![part.number.clone(), is(part.done), part.library.clone(), label, guid]
    });
    part(&["part", "", "library", "revision", "arena"], rows.collect());
    let rows = applied.shares.iter();
    let rows = rows.map(|share| vec![share.on.clone(), is(share.done), share.with.join(", "), word(share.role)]);
    part(&["share", "", "with", "role"], rows.collect());
    let rows = applied.links.iter();
    let rows = rows
        .map(|link| vec![link.on.clone(), is(link.done), link.name.clone(), word(link.role), link.oracle_id.clone()]);
    part(&["link on", "", "name", "role", "oracle"], rows.collect());
    let rows = applied.tokens.iter().map(|token| {
        let text = token.token.clone().unwrap_or_else(|| "(known to whom it was told)".to_owned());
        vec![token.whom.clone(), is(token.done), token.label.clone(), text]
    });
    part(&["token for", "", "label", "token"], rows.collect());
    if parts.is_empty() { "The seed is empty.".to_owned() } else { parts.join("\n\n") }
}
