//! A fresh process, from its start to its first answer.

use std::{
    io::{Read, Write},
    net::{SocketAddr, TcpStream},
    path::Path,
    time::{Duration, Instant},
};

use anyhow::{Result, ensure};

use crate::common::house::Server;

/// How long it takes until it has answered its first request, over a database that is there.
pub fn start(folder: &Path, database: &str) -> Result<Duration> {
    let began = Instant::now();
    let server = Server::start(folder, database)?;
    let answer = readiness(server.address)?;
    let took = began.elapsed();
    ensure!(answer.starts_with("HTTP/1.1 200"), "not ready: {answer}");
    Ok(took)
}

/// One plain request for readiness.
fn readiness(address: SocketAddr) -> Result<String> {
    let mut stream = TcpStream::connect(address)?;
    stream.write_all(b"GET /readyz HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n")?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    Ok(answer)
}
