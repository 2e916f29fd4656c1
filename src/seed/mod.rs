//! Seeds: a whole world described in one file, applied in one transaction. Applying it again changes nothing.
//!
//! Things are found by what people know them by: login, client id, names, paths, the text or label of a token. What is
//! not there is made. What differs is changed where that is safe: names, addresses, passwords, licenses, settings, levels,
//! roles, links, titles and descriptions are; an owner, a kind and the folder of a file are not. Editions a file has
//! already are not published again, and a file that somebody holds stays as it is. A revision of a part that was released
//! stays as it is. What the seed leaves out stays, so nobody loses a right or a file by it.

mod answer;
mod apply;
mod check;
pub mod demo;
mod names;
mod prepare;
mod problem;
mod read;
mod world;

use std::path::PathBuf;

use crate::vault::Vault;

pub use self::{
    answer::{Applied, Category, Edition, Item, Library, Link, Part, PartRevision, Person, Policy, Root, Share, Token},
    problem::{Error, Problem, Problems},
};

/// A seed that has not been read yet.
#[derive(Clone, Debug)]
pub struct Seed<'a> {
    /// The name it has in messages.
    pub name: String,
    /// TOML.
    pub text: &'a str,
    /// Where the files lie that it names.
    pub beside: Beside<'a>,
}

/// Where the files lie that a seed names.
#[derive(Clone, Debug)]
pub enum Beside<'a> {
    /// In a folder.
    Folder(PathBuf),
    /// In this program, by name.
    Bundled(&'a [(&'a str, &'a [u8])]),
}

/// Applies a seed, all of it or nothing.
pub async fn apply(vault: &Vault, seed: &Seed<'_>) -> Result<Applied, Error> {
    let wrong = |problems| Error::Wrong(Problems::new(&seed.name, seed.text, problems));
    let (world, mut problems) = read::read(seed.text);
    let checked = check::check(&world);
    problems.extend(checked.problems);
    if !problems.is_empty() {
        return Err(wrong(problems));
    }
    let refused = |refusal: apply::Refusal| match refusal {
        apply::Refusal::Wrong(problems) => wrong(problems),
        apply::Refusal::Vault(error) => Error::Vault(error),
    };
    let prepared = prepare::prepare(vault, &world, &seed.beside).await.map_err(refused)?;
    apply::apply(vault, &world, checked.unknown, prepared).await.map_err(refused)
}
