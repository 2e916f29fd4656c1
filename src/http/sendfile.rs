//! Bytes of files that go out without passing through this process: an answer's body whose frames only stand for a stretch of
//! a file, and the connection that has the system send that stretch in their place (`sendfile`).
//!
//! What such a frame holds are blanks, known by where they lie in memory; nobody may ever see one. So a body makes them only
//! once the listener has said that it goes over such a connection, untouched by anybody else ([`Shortcut`]), and notes each
//! with the connection ([`Claims`]). A connection that is given anything but exactly what is noted next fails, and is cut:
//! its client has too few bytes, never wrong ones.

use std::{
    collections::VecDeque,
    fs::File,
    io::{self, ErrorKind, IoSlice},
    pin::Pin,
    sync::{Arc, LazyLock, Mutex, MutexGuard, OnceLock, PoisonError},
    task::{Context, Poll, ready},
};

use bytes::Bytes;
use futures_util::{StreamExt, stream::BoxStream};
use http_body::{Frame, SizeHint};
use tokio::{
    io::{AsyncRead, AsyncWrite, Interest, ReadBuf},
    net::TcpStream,
    task::JoinHandle,
};

use crate::content::Stretch;

/// Whether this system can.
pub(super) const IS_POSSIBLE: bool = cfg!(target_os = "linux");

/// What a frame stands for at most, in bytes. The thread is kept busy that long at a time; by then it has been seen that the
/// bytes lie in memory, so that only in the rarest case a disk is waited for.
const WINDOW: usize = 512 * 1024;

/// What goes out at a stretch before others on this thread have their turn, in bytes.
const TURN: usize = 4 * WINDOW;

/// What frames are made of. As nobody reads it, it takes no memory.
static BLANK: LazyLock<Bytes> = LazyLock::new(|| Bytes::from(vec![0; WINDOW]));

/// Where in the blanks this lies; `None`: it is something else.
fn place(bytes: &[u8]) -> Option<usize> {
    let place = bytes.as_ptr().addr().checked_sub(BLANK.as_ptr().addr())?;
    (!bytes.is_empty() && place < WINDOW).then_some(place)
}

fn is_blank(slice: &IoSlice<'_>) -> bool {
    place(slice).is_some()
}

/// What the frames on their way to a connection stand for, in their order. Clones are the same.
#[derive(Clone, Debug, Default)]
pub(super) struct Claims(Arc<Mutex<VecDeque<Claim>>>);

#[derive(Debug)]
struct Claim {
    file: Arc<File>,
    offset: u64,
    length: usize,
    /// How much of it has gone out.
    sent: usize,
}

impl Claims {
    /// Notes a stretch; the frame that stands for it must be the next one.
    fn note(&self, stretch: &Stretch) -> io::Result<Bytes> {
        let length = usize::try_from(stretch.len()).ok().filter(|length| *length <= WINDOW);
        let length = length.ok_or_else(|| io::Error::from(ErrorKind::InvalidInput))?;
        self.lock().push_back(Claim { file: stretch.file().clone(), offset: stretch.start(), length, sent: 0 });
        Ok(BLANK.slice(..length))
    }

    fn lock(&self) -> MutexGuard<'_, VecDeque<Claim>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Claim {
    /// Whether this is what is left of the frame that was made for it.
    fn is_of(&self, bytes: &[u8]) -> bool {
        place(bytes) == Some(self.sent) && bytes.len() == self.length - self.sent
    }

    fn send(&mut self, to: &TcpStream) -> io::Result<usize> {
        let sent = send_file(to, &self.file, self.offset + self.sent as u64, self.length - self.sent)?;
        if sent == 0 {
            return Err(io::Error::new(ErrorKind::UnexpectedEof, "the file has become shorter"));
        }
        self.sent = self.length.min(self.sent + sent);
        Ok(sent)
    }
}

/// Left in an answer's extensions beside the body of a file, for who knows that the body goes over a [`Wire`] as it is.
#[derive(Clone, Debug, Default)]
pub(super) struct Shortcut(Arc<OnceLock<Claims>>);

impl Shortcut {
    /// From now on the body makes blanks for this connection.
    pub(super) fn open(&self, claims: Claims) {
        // it was opened already: one body goes over one connection
        let _ = self.0.set(claims);
    }
}

/// The bytes of a stretch as an answer's body. Unless its shortcut is opened, it reads them.
pub(super) struct FileBody {
    rest: Stretch,
    shortcut: Shortcut,
    /// The next bytes are being brought into memory.
    fetching: Option<JoinHandle<io::Result<()>>>,
    /// The bytes, once somebody has begun to read them.
    read: Option<BoxStream<'static, io::Result<Bytes>>>,
}

impl FileBody {
    pub(super) fn new(stretch: Stretch) -> (Self, Shortcut) {
        let shortcut = Shortcut::default();
        (Self { rest: stretch, shortcut: shortcut.clone(), fetching: None, read: None }, shortcut)
    }

    fn poll_blank(&mut self, claims: &Claims, context: &mut Context<'_>) -> Poll<io::Result<Bytes>> {
        const MOST: u64 = WINDOW as u64;
        if self.fetching.is_none() && !self.rest.clone().split_to(MOST).is_at_hand() {
            self.fetching = Some(self.rest.fetch(MOST));
        }
        if let Some(fetching) = &mut self.fetching {
            let fetched = ready!(Pin::new(fetching).poll(context));
            self.fetching = None;
            fetched.map_err(io::Error::from).flatten()?;
        }
        Poll::Ready(claims.note(&self.rest.split_to(MOST)))
    }
}

impl http_body::Body for FileBody {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, io::Error>>> {
        if self.rest.is_empty() {
            return Poll::Ready(None);
        }
        let claims = self.shortcut.0.get().filter(|_| self.read.is_none()).cloned();
        if let Some(claims) = claims {
            return self.poll_blank(&claims, context).map(|frame| Some(frame.map(Frame::data)));
        }
        let this = &mut *self;
        let piece = ready!(this.read.get_or_insert_with(|| this.rest.clone().into_stream()).poll_next_unpin(context));
        if let Some(Ok(piece)) = &piece {
            drop(this.rest.split_to(piece.len() as u64));
        }
        Poll::Ready(piece.map(|piece| piece.map(Frame::data)))
    }

    fn is_end_stream(&self) -> bool {
        self.rest.is_empty()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.rest.len())
    }
}

/// A client's connection as it came, without TLS: what goes over it may be a file's.
pub(super) struct Wire {
    stream: TcpStream,
    claims: Claims,
    /// How much of files has gone out since others had their turn.
    sent: usize,
}

impl Wire {
    /// Sends what is noted in `claims` in the place of blanks.
    pub(super) fn new(stream: TcpStream, claims: Claims) -> Self {
        Self { stream, claims, sent: 0 }
    }
}

impl AsyncRead for Wire {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl AsyncWrite for Wire {
    fn poll_write(self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        self.poll_write_vectored(context, &[IoSlice::new(bytes)])
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let Self { stream, claims, sent } = &mut *self;
        let mut claims = claims.lock();
        let mut given = slices.iter().filter(|slice| !slice.is_empty());
        let first = given.next();

        match (first, claims.front_mut()) {
            (Some(blank), Some(claim)) if claim.is_of(blank) => {
                if *sent >= TURN {
                    *sent = 0;
                    context.waker().wake_by_ref();
                    return Poll::Pending;
                }
                let count = ready!(poll_io(stream, context, || claim.send(stream)))?;
                *sent += count;
                if claim.sent == claim.length {
                    claims.pop_front();
                }
                Poll::Ready(Ok(count))
            }
            // what comes before the blanks goes out in the same packet as the file's first bytes
            (Some(before), Some(claim)) if !is_blank(before) => {
                if !given.find(|slice| is_blank(slice)).is_some_and(|blank| claim.is_of(blank)) {
                    return Poll::Ready(Err(mixed_up()));
                }
                poll_io(stream, context, || send_more(stream, before))
            }
            (_, None) if !slices.iter().any(is_blank) => Pin::new(stream).poll_write_vectored(context, slices),
            (_, _) => Poll::Ready(Err(mixed_up())),
        }
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

/// It would be our mistake; the connection is of no use any more.
fn mixed_up() -> io::Error {
    io::Error::new(ErrorKind::InvalidData, "what is to be sent is not what was noted")
}

/// Does this as soon as the connection takes something.
fn poll_io(
    stream: &TcpStream,
    context: &mut Context<'_>,
    mut write: impl FnMut() -> io::Result<usize>,
) -> Poll<io::Result<usize>> {
    loop {
        ready!(stream.poll_write_ready(context))?;
        match stream.try_io(Interest::WRITABLE, &mut write) {
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted) => {}
            done => return Poll::Ready(done),
        }
    }
}

#[cfg(target_os = "linux")]
fn send_file(to: &TcpStream, file: &File, offset: u64, most: usize) -> io::Result<usize> {
    use rustix::io::Errno;
    let mut place = offset;
    match rustix::fs::sendfile(to, file, Some(&mut place), most) {
        // not from this file system, or not in this sandbox
        Err(Errno::INVAL | Errno::NOSYS | Errno::OPNOTSUPP) => send_copied(to, file, offset, most),
        sent => Ok(sent?),
    }
}

/// Longest piece that is read to be sent, in bytes.
#[cfg(target_os = "linux")]
const PIECE: usize = 64 * 1024;

#[cfg(target_os = "linux")]
fn send_copied(to: &TcpStream, file: &File, offset: u64, most: usize) -> io::Result<usize> {
    use std::os::unix::fs::FileExt;

    use rustix::net::{SendFlags, send};
    let mut piece = vec![0; most.min(PIECE)];
    let read = file.read_at(&mut piece, offset)?;
    match piece.get(..read) {
        Some(read) if !read.is_empty() => Ok(send(to, read, SendFlags::NOSIGNAL)?),
        _ => Ok(0),
    }
}

/// Sends bytes that more will follow at once.
#[cfg(target_os = "linux")]
fn send_more(to: &TcpStream, bytes: &[u8]) -> io::Result<usize> {
    use rustix::net::{SendFlags, send};
    Ok(send(to, bytes, SendFlags::MORE | SendFlags::NOSIGNAL)?)
}

// Elsewhere no shortcut is opened.

#[cfg(not(target_os = "linux"))]
fn send_file(_: &TcpStream, _: &File, _: u64, _: usize) -> io::Result<usize> {
    Err(ErrorKind::Unsupported.into())
}

#[cfg(not(target_os = "linux"))]
fn send_more(_: &TcpStream, _: &[u8]) -> io::Result<usize> {
    Err(ErrorKind::Unsupported.into())
}

#[cfg(test)]
#[cfg(target_os = "linux")]
mod tests {
    use std::io::Write;

    use axum::body::{Body, to_bytes};
    use bytes::Buf;
    use tokio::{
        io::{AsyncReadExt, AsyncWriteExt},
        net::TcpListener,
    };

    use super::*;

    async fn pair() -> (Wire, Claims, TcpStream) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let client = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
        let (stream, _) = listener.accept().await.unwrap();
        let claims = Claims::default();
        (Wire::new(stream, claims.clone()), claims, client)
    }

    /// A file with these bytes, said to have so many.
    fn stretch(bytes: &[u8], length: u64) -> Stretch {
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(bytes).unwrap();
        Stretch::new(file, 0..length)
    }

    /// Writes as hyper does: what is left, all at once, until nothing is.
    async fn write(wire: &mut Wire, parts: &[&[u8]]) -> io::Result<()> {
        let mut left: VecDeque<&[u8]> = parts.iter().copied().collect();
        while !left.is_empty() {
            let slices: Vec<IoSlice<'_>> = left.iter().map(|part| IoSlice::new(part)).collect();
            let mut written = wire.write_vectored(&slices).await?;
            while let Some(front) = left.front_mut() {
                let count = written.min(front.len());
                front.advance(count);
                written -= count;
                if !front.is_empty() {
                    break;
                }
                left.pop_front();
            }
        }
        Ok(())
    }

    async fn heard(wire: Wire, mut client: TcpStream) -> Vec<u8> {
        drop(wire);
        let mut bytes = Vec::new();
        client.read_to_end(&mut bytes).await.unwrap();
        bytes
    }

    #[tokio::test]
    async fn a_blank_goes_out_as_what_it_stands_for_among_what_is_written() {
        let (mut wire, claims, client) = pair().await;
        let mut file = stretch(b"one, two", 8);
        let (one, two) = (file.split_to(5), file);
        let (first, second) = (claims.note(&one).unwrap(), claims.note(&two).unwrap());
        write(&mut wire, &[b"head: ", b"", &first, b"and ", &second]).await.unwrap();
        write(&mut wire, &[b".", b" end"]).await.unwrap();
        wire.write_all(b"!").await.unwrap();
        assert_eq!(heard(wire, client).await, b"head: one, and two. end!");
    }

    #[tokio::test]
    async fn what_is_not_exactly_what_was_noted_next_is_refused_and_nothing_of_it_goes_out() {
        let wrong: [&[&[u8]]; 6] = [
            // something else: the frame was lost, or copied
            &[b"x"],
            &[b"\0\0\0\0\0"],
            // a blank of another length, or of another place
            &[BLANK.get(..4).unwrap()],
            &[BLANK.get(..6).unwrap()],
            &[b"head", BLANK.get(1..6).unwrap()],
            &[],
        ];
        for parts in wrong {
            let (mut wire, claims, client) = pair().await;
            claims.note(&stretch(b"12345", 5)).unwrap();
            let slices: Vec<IoSlice<'_>> = parts.iter().map(|part| IoSlice::new(part)).collect();
            let said = wire.write_vectored(&slices).await.unwrap_err();
            assert_eq!(said.kind(), ErrorKind::InvalidData, "{} parts", parts.len());
            assert_eq!(heard(wire, client).await, b"");
        }
        let (mut wire, _, client) = pair().await;
        for parts in [&[BLANK.get(..5).unwrap()][..], &[b"head", BLANK.get(..5).unwrap()]] {
            assert_eq!(write(&mut wire, parts).await.unwrap_err().kind(), ErrorKind::InvalidData);
        }
        assert_eq!(heard(wire, client).await, b"");
    }

    #[tokio::test]
    async fn a_file_that_has_fewer_bytes_than_it_should_is_an_error() {
        let (mut wire, claims, client) = pair().await;
        let blank = claims.note(&stretch(b"12345", 6)).unwrap();
        let said = write(&mut wire, &[&blank]).await.unwrap_err();
        assert_eq!(said.kind(), ErrorKind::UnexpectedEof);
        assert_eq!(heard(wire, client).await, b"12345");
    }

    #[tokio::test]
    async fn more_than_a_window_is_not_noted() {
        let claims = Claims::default();
        assert!(claims.note(&stretch(b"", WINDOW as u64 + 1)).is_err());
        assert!(claims.lock().is_empty());
    }

    #[tokio::test]
    async fn a_body_whose_shortcut_nobody_opens_reads_its_file() {
        let (body, _shortcut) = FileBody::new(stretch(b"0123456789", 10));
        assert_eq!(http_body::Body::size_hint(&body).exact(), Some(10));
        assert_eq!(to_bytes(Body::new(body), 100).await.unwrap(), "0123456789");
        let (short, _shortcut) = FileBody::new(stretch(b"0123456789", 11));
        assert!(to_bytes(Body::new(short), 100).await.is_err());
    }

    #[tokio::test]
    async fn a_shortcut_that_is_opened_too_late_changes_nothing() {
        let bytes: Vec<u8> = (0..300_000_u32).map(|n| n.to_le_bytes()[0] | 1).collect();
        let (body, shortcut) = FileBody::new(stretch(&bytes, 300_000));
        let mut pieces = Body::new(body).into_data_stream();
        let mut came = pieces.next().await.unwrap().unwrap().to_vec();
        let claims = Claims::default();
        shortcut.open(claims.clone());
        while let Some(piece) = pieces.next().await {
            came.extend_from_slice(&piece.unwrap());
        }
        assert!(came == bytes && claims.lock().is_empty());
    }
}
