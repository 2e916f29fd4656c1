//! What takes its time is done before the transaction: reading the files a seed names, staging bytes, hashing passwords.

use std::{
    io,
    path::{Path, PathBuf},
};

use bytes::Bytes;
use futures_util::{StreamExt, future::join_all, stream};
use tokio_util::io::ReaderStream;
use toml::Spanned;

use super::{
    Beside,
    apply::Refusal,
    problem::Problem,
    world::{Entry, File, World},
};
use crate::{
    content::Staged,
    domain::error::{Error, Result},
    vault::Vault,
};

/// Lists in the order of the sections they belong to.
pub(super) struct Prepared {
    /// For each user: the hash of a password that is not the user's yet.
    pub hashes: Vec<Option<String>>,
    /// For each application: its secret.
    pub secrets: Vec<Option<String>>,
    /// For each token: its text.
    pub tokens: Vec<Option<String>>,
    /// For each file: the bytes of its editions.
    pub contents: Vec<Vec<Staged>>,
}

pub(super) async fn prepare(
    vault: &Vault,
    world: &World,
    beside: &Beside<'_>,
) -> std::result::Result<Prepared, Refusal> {
    let mut problems = Vec::new();
    let mut texts = |text: Option<&Spanned<String>>, file: Option<&Spanned<PathBuf>>| match (text, file) {
        (Some(text), _) => Some(text.get_ref().clone()),
        (None, Some(file)) => match first_line(beside, file.get_ref()) {
            Ok(line) => Some(line),
            Err(error) => {
                problems.push(unreadable(file, &error));
                None
            }
        },
        (None, None) => None,
    };
    let passwords: Vec<_> =
        world.users.iter().map(|user| texts(user.is.password.as_ref(), user.is.password_file.as_ref())).collect();
    let secrets = world.applications.iter();
    let secrets = secrets.map(|entry| texts(entry.is.secret.as_ref(), entry.is.secret_file.as_ref())).collect();
    let tokens =
        world.tokens.iter().map(|token| texts(token.is.token.as_ref(), token.is.token_file.as_ref())).collect();
    let mut contents = Vec::with_capacity(world.files.len());
    for file in &world.files {
        contents.push(stage_all(vault, file, beside, &mut problems).await?);
    }
    if !problems.is_empty() {
        return Err(Refusal::Wrong(problems));
    }
    let hashes = join_all(world.users.iter().zip(&passwords).map(async |(user, password)| match password {
        Some(password) => vault.other_password(user.is.login.get_ref(), password).await,
        None => Ok(None),
    }));
    let hashes = hashes.await.into_iter().collect::<Result<_>>().map_err(Refusal::Vault)?;
    Ok(Prepared { hashes, secrets, tokens, contents })
}

async fn stage_all(
    vault: &Vault,
    file: &Entry<File>,
    beside: &Beside<'_>,
    problems: &mut Vec<Problem>,
) -> std::result::Result<Vec<Staged>, Refusal> {
    let own = file.is.editions.is_empty().then_some((file.is.text.as_ref(), file.is.path.as_ref()));
    let editions = file.is.editions.iter().map(|edition| {
        let edition = edition.get_ref();
        (edition.text.as_ref(), edition.path.as_ref())
    });
    let mut staged = Vec::new();
    for (text, path) in own.into_iter().chain(editions) {
        let done = match (text, path) {
            (_, Some(path)) => match stage_file(vault, beside, path.get_ref()).await {
                Ok(done) => done,
                Err(error) => {
                    problems.push(unreadable(path, &error));
                    continue;
                }
            },
            (text, None) => {
                let text = text.map(|text| text.get_ref().clone()).unwrap_or_default();
                stage_bytes(vault, Bytes::from(text)).await
            }
        };
        match done {
            Ok(content) => staged.push(content),
            Err(Error::ContentTooLarge) => {
                let what = "this is larger than `content.max_file_bytes` allows";
                problems.push(Problem::new(path.map_or(file.at.clone(), Spanned::span), what));
            }
            Err(error) => return Err(Refusal::Vault(error)),
        }
    }
    Ok(staged)
}

async fn stage_bytes(vault: &Vault, bytes: Bytes) -> Result<Staged> {
    vault.stage(stream::iter([Ok::<_, io::Error>(bytes)])).await
}

async fn stage_file(vault: &Vault, beside: &Beside<'_>, path: &Path) -> io::Result<Result<Staged>> {
    match beside {
        Beside::Folder(folder) => {
            let file = tokio::fs::File::open(folder.join(path)).await?;
            if !file.metadata().await?.is_file() {
                return Err(io::Error::other("it is no file"));
            }
            Ok(vault.stage(ReaderStream::new(file).boxed()).await)
        }
        Beside::Bundled(_) => Ok(stage_bytes(vault, Bytes::copy_from_slice(bundled(beside, path)?)).await),
    }
}

fn first_line(beside: &Beside<'_>, path: &Path) -> io::Result<String> {
    let text = match beside {
        Beside::Folder(folder) => std::fs::read_to_string(folder.join(path))?,
        Beside::Bundled(_) => String::from_utf8_lossy(bundled(beside, path)?).into_owned(),
    };
    let line = text.lines().next().unwrap_or_default().to_owned();
    if line.is_empty() { Err(io::Error::other("its first line is empty")) } else { Ok(line) }
}

fn bundled<'a>(beside: &Beside<'a>, path: &Path) -> io::Result<&'a [u8]> {
    let Beside::Bundled(files) = beside else { return Err(io::ErrorKind::NotFound.into()) };
    let found = files.iter().find(|(name, _)| Path::new(name) == path);
    found.map(|(_, bytes)| *bytes).ok_or_else(|| io::ErrorKind::NotFound.into())
}

fn unreadable(path: &Spanned<PathBuf>, error: &io::Error) -> Problem {
    let what = format!("{} cannot be read ({error}); paths count from the seed's own folder", path.get_ref().display());
    Problem::new(path.span(), what)
}
