//! As much HTTP as the simulated device needs, and ways to break it. One request a connection.

use std::io;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::Answer;

pub(super) struct Asked {
    pub(super) method: String,
    pub(super) path: String,
    pub(super) body: String,
}

pub(super) enum Body {
    /// With its length.
    Whole(Vec<u8>),
    /// In chunks, with an end.
    Chunks(Vec<u8>),
    /// In chunks; then the connection is closed.
    ChunksWithoutEnd(Vec<u8>),
    /// With a larger length; then the connection is closed.
    Short(Vec<u8>, usize),
    /// In chunks; then nothing, and the connection stays open.
    Hangs(Vec<u8>),
    /// In chunks; then a byte now and then, without end.
    Drips(Vec<u8>),
}

const LONGEST_REQUEST: usize = 64 * 1024;
/// Between two bytes of a body that drips.
const DRIP: Duration = Duration::from_millis(300);
const PATIENCE: Duration = Duration::from_secs(5);

/// Reads one request; `None` when it is none.
pub(super) async fn read(socket: &mut TcpStream) -> io::Result<Option<Asked>> {
    let mut bytes = Vec::new();
    let mut part = [0; 4096];
    loop {
        let text = String::from_utf8_lossy(&bytes).into_owned();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length = head
                .lines()
                .filter_map(|line| line.split_once(':'))
                .find(|(name, _)| name.eq_ignore_ascii_case("content-length"))
                .and_then(|(_, value)| value.trim().parse::<usize>().ok())
                .unwrap_or(0);
            if body.len() >= length {
                let mut words = head.split_whitespace();
                let (method, path) = (words.next(), words.next());
                return Ok(method.zip(path).map(|(method, path)| Asked {
                    method: method.to_owned(),
                    path: path.to_owned(),
                    body: body.to_owned(),
                }));
            }
        }
        let read = tokio::time::timeout(PATIENCE, socket.read(&mut part)).await;
        match read {
            Ok(Ok(count @ 1..)) if bytes.len() < LONGEST_REQUEST => {
                bytes.extend_from_slice(&part[..count]);
            }
            _ => return Ok(None),
        }
    }
}

pub(super) async fn write(socket: &mut TcpStream, answer: Answer) -> io::Result<()> {
    let mut head = format!("HTTP/1.1 {}\r\nConnection: close\r\n", answer.status);
    for (name, value) in &answer.headers {
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    let length = match &answer.body {
        Body::Whole(bytes) => Some(bytes.len()),
        Body::Short(_, promised) => Some(*promised),
        _ => None,
    };
    head.push_str(&match length {
        Some(length) => format!("Content-Length: {length}\r\n\r\n"),
        None => "Transfer-Encoding: chunked\r\n\r\n".to_owned(),
    });
    socket.write_all(head.as_bytes()).await?;
    match answer.body {
        Body::Whole(bytes) | Body::Short(bytes, _) => socket.write_all(&bytes).await?,
        Body::Chunks(bytes) => {
            chunks(socket, &bytes).await?;
            socket.write_all(b"0\r\n\r\n").await?;
        }
        Body::ChunksWithoutEnd(bytes) => chunks(socket, &bytes).await?,
        Body::Hangs(bytes) => {
            chunks(socket, &bytes).await?;
            socket.flush().await?;
            // Until the caller has had enough.
            let _ = socket.read(&mut [0]).await;
        }
        Body::Drips(bytes) => {
            chunks(socket, &bytes).await?;
            // Until the caller hangs up.
            loop {
                tokio::time::sleep(DRIP).await;
                chunks(socket, &[0]).await?;
            }
        }
    }
    socket.shutdown().await
}

async fn chunks(socket: &mut TcpStream, bytes: &[u8]) -> io::Result<()> {
    for chunk in bytes.chunks(1000) {
        let length = format!("{:x}\r\n", chunk.len());
        socket.write_all(length.as_bytes()).await?;
        socket.write_all(chunk).await?;
        socket.write_all(b"\r\n").await?;
    }
    Ok(())
}
