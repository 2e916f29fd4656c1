//! Taking content in: gathering what a client sends, within bounds. Writing it is `upload`'s.

use std::pin::{Pin, pin};

use bytes::{Bytes, BytesMut};
use futures_util::stream::{Fuse, Stream, StreamExt as _};
use tokio::sync::mpsc::Sender;

use super::digest::Digest;
use super::error::{Error, PutError};
use super::staged::Staged;
use super::upload::{self, Buffers, Order, Upload};
use super::{CHUNK, ContentStore};
use crate::domain::content::Place;

/// Up to here a buffer grows with what comes, in bytes.
const SMALL: usize = 64 * 1024;

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
        let first = chunks.gather(BytesMut::new()).await?;
        if first.len() <= self.0.inline_limit {
            // Shorter than a chunk, so it is all there is. A copy of its own: the gathering buffer may be larger.
            let bytes = Bytes::copy_from_slice(&first);
            let digest = Digest::default().then(bytes.clone()).await?;
            return Ok(Staged::new(self.clone(), digest.of(Place::Inline(bytes))));
        }

        let Upload { orders, buffers, ended } = upload::start(self.clone(), max);
        let fed = feed(first, &mut chunks, orders, buffers).await;
        // Heard in any case, so that after a refusal nothing is left.
        let uploaded = ended.await.map_err(|source| Error::Failed { doing: "writing", source: source.into() })?;
        fed?;
        Ok(uploaded?)
    }
}

/// Hands all chunks to the upload and then asks it to finish. If it gives up first, its own answer says why.
async fn feed<S, E>(
    first: BytesMut,
    chunks: &mut Chunks<'_, S>,
    orders: Sender<Order>,
    mut buffers: Buffers,
) -> Result<(), PutError<E>>
where
    S: Stream<Item = Result<Bytes, E>>,
{
    let mut chunk = first;
    while !chunk.is_empty() {
        if orders.send(Order::Write(chunk)).await.is_err() {
            return Ok(());
        }
        let Some(buffer) = buffers.next().await else {
            return Ok(());
        };
        chunk = tokio::select! {
            // A slow client is told of a full disk now, not when it has sent another chunk.
            () = orders.closed() => return Ok(()),
            gathered = chunks.gather(buffer) => gathered?,
        };
    }
    let _ = orders.send(Order::Finish).await;
    Ok(())
}

/// A stream of bytes, cut anew.
///
/// Bytes are copied: what a client sends in dribbles would otherwise be held in many times its size, and who reads it
/// could not use its buffer again.
struct Chunks<'a, S> {
    stream: Pin<&'a mut Fuse<S>>,
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
        Self { stream, rest: Bytes::new(), left: max, max }
    }

    /// The next bytes, in this buffer: exactly [`CHUNK`], or fewer at the end.
    async fn gather(&mut self, mut buffer: BytesMut) -> Result<BytesMut, PutError<E>> {
        loop {
            self.take_rest(&mut buffer);
            if buffer.len() == CHUNK {
                return Ok(buffer);
            }
            match self.stream.next().await {
                Some(Ok(bytes)) => {
                    let came = bytes.len() as u64;
                    self.left = self.left.checked_sub(came).ok_or(PutError::TooLarge { max: self.max })?;
                    self.rest = bytes;
                }
                Some(Err(error)) => return Err(PutError::Body(error)),
                None => return Ok(buffer),
            }
        }
    }

    /// Moves what fits; of that nothing is held any more, so that who reads the stream has its own buffer back.
    fn take_rest(&mut self, buffer: &mut BytesMut) {
        let room = CHUNK - buffer.len();
        let next = self.rest.split_to(room.min(self.rest.len()));
        // Most content is small; what is not will fill the buffer.
        if buffer.len() + next.len() > SMALL && buffer.capacity() < CHUNK {
            buffer.reserve(room);
        }
        buffer.extend_from_slice(&next);
    }
}
