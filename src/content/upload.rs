//! An upload on its way, and what it is asked to do. It is a task of its own, so that it can clean up after a client that is
//! gone. How a blob is written is for `file` and `object`.

use bytes::BytesMut;
use tokio::sync::mpsc::{Receiver, Sender};
use tokio::task::JoinHandle;

use super::error::Error;
use super::staged::Staged;
use super::{ContentStore, file, object};

/// What an upload is asked to do. If it hears no more without having been asked to finish, it undoes everything.
pub enum Order {
    Write(BytesMut),
    Finish,
}

/// What the next chunk is gathered in.
pub enum Buffers {
    /// A new one each time.
    New,
    /// One that the upload has done with: there are only so many.
    Returned(Receiver<BytesMut>),
}

impl Buffers {
    /// An empty one, as soon as there is one. `None`: the upload has given up.
    pub async fn next(&mut self) -> Option<BytesMut> {
        match self {
            Self::New => Some(BytesMut::new()),
            Self::Returned(returned) => returned.recv().await,
        }
    }
}

/// An upload that has been started.
pub struct Upload {
    pub orders: Sender<Order>,
    pub buffers: Buffers,
    pub ended: JoinHandle<Result<Staged, Error>>,
}

/// Starts the upload of a fresh blob that will have at most `max` bytes.
pub fn start(store: ContentStore, max: u64) -> Upload {
    match store.0.folder.clone() {
        Some(folder) => file::start(store, folder),
        None => object::start(store, max),
    }
}

/// The failure of an upload that was given up by who asked for it.
pub fn given_up() -> Error {
    Error::Failed { doing: "writing", source: "the content did not end".into() }
}
