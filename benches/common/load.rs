//! The load: keep-alive connections that repeat a script of requests and look at every answer. One thread, so that the
//! other core is left to what is measured. Knows nothing of what is asked.

use std::{
    fmt::Write as _,
    net::SocketAddr,
    sync::Arc,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, bail, ensure};
use memchr::memmem;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

/// The unit that is counted, such as a check-out and its cancel.
#[derive(Clone)]
pub struct Script(pub Vec<Step>);

/// For a connection that has nothing else to do.
impl AsRef<[Script]> for Script {
    fn as_ref(&self) -> &[Script] {
        std::slice::from_ref(self)
    }
}

/// One request and what its answer must be; anything else spoils the round.
#[derive(Clone)]
pub struct Step {
    head: Vec<u8>,
    takes_kept: bool,
    body: Arc<[u8]>,
    answer: Answer,
}

/// What is expected.
#[derive(Clone)]
pub enum Answer {
    /// This status.
    Status(u16),
    /// This status, and all of these texts in the body.
    Says(u16, Vec<String>),
    /// This status, and this text nowhere in the body.
    Lacks(u16, &'static str),
    /// 200 and exactly these bytes.
    Bytes(Arc<[u8]>),
    /// This status and a header, which stands for [`KEPT`] in the head of the requests that follow.
    Keeps(u16, &'static str),
}

/// Stands in a request's head for what the last answer was asked for.
pub const KEPT: &str = "{kept}";

impl Step {
    /// A request without a body.
    pub fn new(method: &str, path: &str, headers: &[(&str, &str)], answer: Answer) -> Self {
        Self::with_body(method, path, headers, None, answer)
    }

    /// A request; `None`: without a body and without a word about its length.
    pub fn with_body(
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: Option<Arc<[u8]>>,
        answer: Answer,
    ) -> Self {
        let mut head = format!("{method} {path} HTTP/1.1\r\nhost: localhost\r\n");
        for (name, value) in headers {
            let _ = write!(head, "{name}: {value}\r\n");
        }
        if let Some(body) = &body {
            let _ = write!(head, "content-length: {}\r\n", body.len());
        }
        head.push_str("\r\n");
        let takes_kept = head.contains(KEPT);
        Self { head: head.into_bytes(), takes_kept, body: body.unwrap_or_default(), answer }
    }
}

/// What a round came to.
#[derive(Debug, Default)]
pub struct Round {
    /// Whole scripts done.
    pub done: u64,
    /// How long it took, the last begun scripts included.
    pub took: Duration,
    /// How long each script took, in microseconds, unsorted.
    pub micros: Vec<u32>,
}

impl Round {
    /// Scripts per second.
    pub fn rate(&self) -> f64 {
        #[expect(clippy::cast_precision_loss, reason = "a rate")]
        let done = self.done as f64;
        done / self.took.as_secs_f64()
    }
}

/// For each connection the scripts that it does, one after the other and then again from the first, for so long. A script
/// that was begun is finished.
pub async fn run<S: AsRef<[Script]>>(address: SocketAddr, connections: &[S], time: Duration) -> Result<Round> {
    let began = Instant::now();
    let mut tasks = tokio::task::JoinSet::new();
    for scripts in connections {
        let scripts = scripts.as_ref().to_vec();
        tasks.spawn(async move {
            let mut connection = Connection::open(address).await?;
            let mut micros = Vec::new();
            for script in scripts.iter().cycle() {
                if began.elapsed() >= time {
                    break;
                }
                let at = Instant::now();
                for step in &script.0 {
                    connection.ask(step).await?;
                }
                micros.push(u32::try_from(at.elapsed().as_micros()).unwrap_or(u32::MAX));
            }
            anyhow::Ok(micros)
        });
    }
    let mut round = Round::default();
    while let Some(ended) = tasks.join_next().await {
        let micros = ended.context("a connection's task ended")??;
        round.done += u64::try_from(micros.len())?;
        round.micros.extend(micros);
    }
    round.took = began.elapsed();
    Ok(round)
}

/// Runs each script once on one connection, one after the other.
pub async fn once(address: SocketAddr, scripts: &[Script]) -> Result<()> {
    let mut connection = Connection::open(address).await?;
    for step in scripts.iter().flat_map(|script| &script.0) {
        connection.ask(step).await?;
    }
    Ok(())
}

/// The body of one answer.
pub async fn fetch(address: SocketAddr, step: &Step) -> Result<Vec<u8>> {
    let mut connection = Connection::open(address).await?;
    connection.send(step).await?;
    let (status, length) = connection.head(None).await?;
    let body = connection.body(length).await?;
    ensure!(status < 400, "{status}: {}", String::from_utf8_lossy(&body));
    Ok(body)
}

/// The header that the answer to a step is kept for.
pub async fn kept(address: SocketAddr, step: &Step) -> Result<String> {
    let mut connection = Connection::open(address).await?;
    connection.ask(step).await?;
    Ok(connection.kept)
}

struct Connection {
    stream: TcpStream,
    /// What was read and not yet used.
    read: Vec<u8>,
    chunk: Box<[u8]>,
    kept: String,
}

impl Connection {
    async fn open(address: SocketAddr) -> Result<Self> {
        let stream = TcpStream::connect(address).await.with_context(|| format!("cannot connect to {address}"))?;
        stream.set_nodelay(true)?;
        Ok(Self { stream, read: Vec::new(), chunk: vec![0; 256 * 1024].into(), kept: String::new() })
    }

    async fn ask(&mut self, step: &Step) -> Result<()> {
        self.send(step).await?;
        let (expected, kept) = match &step.answer {
            Answer::Status(status) | Answer::Says(status, _) | Answer::Lacks(status, _) => (*status, None),
            Answer::Bytes(_) => (200, None),
            Answer::Keeps(status, header) => (*status, Some(*header)),
        };
        let (status, length) = self.head(kept).await?;
        if status != expected {
            let body = self.body(length).await?;
            let asked = String::from_utf8_lossy(&step.head);
            let asked = asked.lines().next().unwrap_or_default().to_owned();
            bail!("{asked}: {status} instead of {expected}: {}", String::from_utf8_lossy(&body));
        }
        match &step.answer {
            Answer::Status(_) | Answer::Keeps(..) => self.fill(length).await?,
            Answer::Says(_, texts) => {
                self.fill(length).await?;
                let body = &self.read[..length];
                for text in texts {
                    let is_said = memmem::find(body, text.as_bytes()).is_some();
                    ensure!(is_said, "an answer lacks {text:?}: {}", String::from_utf8_lossy(body));
                }
            }
            Answer::Lacks(_, text) => {
                self.fill(length).await?;
                ensure!(memmem::find(&self.read[..length], text.as_bytes()).is_none(), "an answer has {text:?}");
            }
            Answer::Bytes(bytes) => return self.compare(length, bytes).await,
        }
        self.read.drain(..length);
        Ok(())
    }

    async fn send(&mut self, step: &Step) -> Result<()> {
        let filled;
        let head = if step.takes_kept {
            filled = String::from_utf8_lossy(&step.head).replace(KEPT, &self.kept);
            filled.as_bytes()
        } else {
            &step.head
        };
        if step.body.len() <= 4096 {
            // in one segment, as every client sends it
            self.stream.write_all(&[head, &step.body].concat()).await?;
        } else {
            self.stream.write_all(head).await?;
            self.stream.write_all(&step.body).await?;
        }
        Ok(())
    }

    /// The status of an answer and the length of its body; the header of this name is kept.
    async fn head(&mut self, kept: Option<&str>) -> Result<(u16, usize)> {
        loop {
            let mut headers = [httparse::EMPTY_HEADER; 64];
            let mut answer = httparse::Response::new(&mut headers);
            if let httparse::Status::Complete(end) = answer.parse(&self.read)? {
                let status = answer.code.context("an answer without a status")?;
                let header = |name: &str| {
                    let header = answer.headers.iter().find(|header| header.name.eq_ignore_ascii_case(name));
                    header.map(|header| std::str::from_utf8(header.value)).transpose()
                };
                let length = match header("content-length")? {
                    Some(length) => length.parse()?,
                    None if status == 204 || status == 304 => 0,
                    None => bail!("an answer {status} without a length"),
                };
                if let Some(kept) = kept.filter(|_| status < 400) {
                    header(kept)?.with_context(|| format!("an answer without {kept}"))?.clone_into(&mut self.kept);
                }
                self.read.drain(..end);
                return Ok((status, length));
            }
            self.more().await?;
        }
    }

    async fn body(&mut self, length: usize) -> Result<Vec<u8>> {
        self.fill(length).await?;
        Ok(self.read.drain(..length).collect())
    }

    /// Reads until so many bytes of the body are there.
    async fn fill(&mut self, length: usize) -> Result<()> {
        while self.read.len() < length {
            self.more().await?;
        }
        Ok(())
    }

    /// Compares a body with what it must be, as it comes.
    async fn compare(&mut self, length: usize, bytes: &[u8]) -> Result<()> {
        ensure!(length == bytes.len(), "{length} bytes instead of {}", bytes.len());
        ensure!(self.read.len() <= length, "more bytes than were announced");
        ensure!(bytes.starts_with(&self.read), "other bytes");
        let mut place = std::mem::take(&mut self.read).len();
        while place < length {
            let read = self.stream.read(&mut self.chunk).await?;
            ensure!(read > 0, "the connection was closed inside of an answer");
            ensure!(bytes.get(place..place + read) == self.chunk.get(..read), "other bytes after {place}");
            place += read;
        }
        Ok(())
    }

    async fn more(&mut self) -> Result<()> {
        let read = self.stream.read(&mut self.chunk).await?;
        ensure!(read > 0, "the connection was closed before an answer");
        self.read.extend_from_slice(&self.chunk[..read]);
        Ok(())
    }
}
