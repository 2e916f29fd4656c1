//! What the verbs mean, whatever the dialect: the lock and its fence, working copies, editions, the tree, content,
//! revocation. The rooms' own tests show how each is worded.

mod content;
mod editions;
mod fence;
mod folder_locks;
mod gates;
mod lapses;
mod meetings;
mod oddities;
mod revise;
mod revocation;
mod schema;
mod together;
mod trail;
mod trash;
mod tree;

use coatcheck::{
    content::Staged,
    domain::{
        actor::Actor,
        edition::{Metadata, Publish},
        id::ItemKey,
        item::Item,
        version::Step,
    },
    vault::{CheckIn, Look, Publication, Vault},
};

/// Bytes on their way into the vault.
async fn staged(vault: &Vault, text: &str) -> Staged {
    let bytes = bytes::Bytes::copy_from_slice(text.as_bytes());
    vault.stage(futures_util::stream::iter([Ok::<_, std::io::Error>(bytes)])).await.unwrap()
}

/// A text to be published as the next major edition.
async fn text(vault: &Vault, text: &str) -> Publication {
    Publication::of(staged(vault, text).await, Metadata::default())
}

/// A check-in of what is there.
fn as_is() -> CheckIn {
    let how = Publish::New(Step::Major);
    let publication =
        Publication { content: None, metadata: Metadata::default(), comment: String::new(), how, rename: None };
    CheckIn { publication, lock_uuid: None }
}

async fn look(vault: &Vault, actor: &Actor, file: &Item) -> Look {
    vault.look(actor, &ItemKey::Id(file.id)).await.unwrap()
}

/// What the newest edition holds.
async fn read(vault: &Vault, actor: &Actor, file: &Item) -> String {
    let look = look(vault, actor, file).await;
    let edition = look.file().unwrap().edition.clone();
    read_bytes(vault, &vault.download(actor, &look, &edition).await.unwrap()).await
}

async fn read_bytes(vault: &Vault, download: &coatcheck::vault::Download) -> String {
    use futures_util::TryStreamExt;
    let chunks: Vec<bytes::Bytes> =
        vault.open_bytes(&download.content, None).await.unwrap().into_stream().try_collect().await.unwrap();
    String::from_utf8(chunks.concat()).unwrap()
}
