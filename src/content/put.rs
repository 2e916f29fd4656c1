//! Taking content in: gathering what a client sends, within bounds. Writing it is `upload`'s.

use std::pin::{Pin, pin};

use bytes::{Bytes, BytesMut};
use futures_util::stream::{Fuse, Stream, StreamExt as _};
use tokio::sync::mpsc::Sender;

use super::digest::Digest;
use super::error::{Error, PutError};
use super::staged::Staged;
use super::upload::{self, Order};
use super::{CHUNK, ContentStore};
use crate::domain::content::Place;

impl ContentStore {
    /// Takes in the content that `stream` brings, at most `max` bytes of it, hashing on the way. What is returned is
    /// durable.
    ///
    /// However large the content, a few MiB of it are in memory at a time: the stream is not asked for more before
    /// what it brought is written. If it fails, or this future is dropped, nothing is kept.
    pub async fn put<S, E>(&self, stream: S, max: u64) -> Result<Staged, PutError<E>>
    where
        S: Stream<Item = Result<Bytes, E>>,
    {
        let stream = pin!(stream.fuse());
        let mut chunks = Chunks::new(stream, max);
        let first = chunks.next().await?.unwrap_or_default();
        if first.len() <= self.0.inline_limit {
            // Shorter than a chunk, so it is all there is.
            let digest = Digest::default().then(first.clone()).await?;
            // A copy of its own: the gathering buffer may be larger.
            let content = digest.of(Place::Inline(Bytes::copy_from_slice(&first)));
            return Ok(Staged::new(self.clone(), content));
        }

        let (orders, upload) = upload::start(self.clone(), max);
        let fed = feed(first, &mut chunks, orders).await;
        // Heard in any case, so that after a refusal nothing is left.
        let uploaded = upload.await.map_err(|source| Error::Failed { doing: "writing", source: source.into() })?;
        fed?;
        Ok(uploaded?)
    }
}

/// Hands all chunks to the upload and then asks it to finish. If it gives up first, its own answer says why.
async fn feed<S, E>(first: Bytes, chunks: &mut Chunks<'_, S>, orders: Sender<Order>) -> Result<(), PutError<E>>
where
    S: Stream<Item = Result<Bytes, E>>,
{
    let mut next = Some(first);
    while let Some(chunk) = next {
        if orders.send(Order::Write(chunk)).await.is_err() {
            return Ok(());
        }
        next = tokio::select! {
            // A slow client is told of a full disk now, not when it has sent another chunk.
            () = orders.closed() => return Ok(()),
            next = chunks.next() => next?,
        };
    }
    let _ = orders.send(Order::Finish).await;
    Ok(())
}

/// A stream of bytes, cut anew.
///
/// Bytes are copied: what a client sends in dribbles would otherwise be held in many times its size.
struct Chunks<'a, S> {
    stream: Pin<&'a mut Fuse<S>>,
    gathered: BytesMut,
    /// What came and did not fit.
    rest: Bytes,
    left: u64,
    max: u64,
}

impl<'a, S, E> Chunks<'a, S>
where
    S: Stream<Item = Result<Bytes, E>>,
{
    fn new(stream: Pin<&'a mut Fuse<S>>, max: u64) -> Self {
        Self { stream, gathered: BytesMut::new(), rest: Bytes::new(), left: max, max }
    }

    /// Exactly [`CHUNK`] bytes, or fewer at the end.
    async fn next(&mut self) -> Result<Option<Bytes>, PutError<E>> {
        loop {
            let room = CHUNK - self.gathered.len();
            self.gathered.extend_from_slice(&self.rest.split_to(room.min(self.rest.len())));
            if self.gathered.len() == CHUNK {
                let full = std::mem::replace(&mut self.gathered, BytesMut::with_capacity(CHUNK));
                return Ok(Some(full.freeze()));
            }
            match self.stream.next().await {
                Some(Ok(bytes)) => {
                    let came = bytes.len() as u64;
                    self.left = self.left.checked_sub(came).ok_or(PutError::TooLarge { max: self.max })?;
                    self.rest = bytes;
                }
                Some(Err(error)) => return Err(PutError::Body(error)),
                None if self.gathered.is_empty() => return Ok(None),
                None => return Ok(Some(std::mem::take(&mut self.gathered).freeze())),
            }
        }
    }
}
