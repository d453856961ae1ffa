//! The simulator's side of a Modbus TCP connection: frames in, frames out, spoilt where a fault says
//! so. Written by hand from the Modbus papers; shares nothing with the driver's client.

use std::{io, time::Duration};

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    sync::{mpsc, oneshot},
};

use super::{Asked, plant::Outcome};

/// Transaction (2), protocol (2), length of the rest (2), unit (1).
const HEADER: usize = 7;
/// How late a late reply is.
const LATE: Duration = Duration::from_millis(700);

/// Serves one connection until it ends. An error only ends this connection.
pub(super) async fn converse(mut stream: TcpStream, ask: mpsc::Sender<Asked>) -> io::Result<()> {
    stream.set_nodelay(true)?;
    loop {
        let mut header = [0_u8; HEADER];
        stream.read_exact(&mut header).await?;
        let rest = usize::from(u16::from_be_bytes([header[4], header[5]]));
        if header[2..4] != [0, 0] || !(2..=254).contains(&rest) {
            return Err(io::ErrorKind::InvalidData.into());
        }
        let mut pdu = vec![0; rest - 1];
        stream.read_exact(&mut pdu).await?;
        let (answer, answered) = oneshot::channel();
        if ask.send(Asked { pdu, answer }).await.is_err() {
            return Ok(());
        }
        let Ok(outcome) = answered.await else {
            return Ok(());
        };
        match outcome {
            Outcome::Reply(reply) => stream.write_all(&frame(header, &reply)).await?,
            Outcome::Late(reply) => {
                tokio::time::sleep(LATE).await;
                stream.write_all(&frame(header, &reply)).await?;
            }
            Outcome::Misnumbered(reply) => {
                header[1] ^= 0x55;
                stream.write_all(&frame(header, &reply)).await?;
            }
            Outcome::Half(reply) => {
                let whole = frame(header, &reply);
                stream.write_all(&whole[..whole.len() / 2]).await?;
            }
            Outcome::Silence => {}
            Outcome::Reset => {
                stream.set_zero_linger()?;
                return Ok(());
            }
        }
    }
}

/// The reply under the request's own header, with its own length.
fn frame(request_header: [u8; HEADER], reply: &[u8]) -> Vec<u8> {
    let length = u16::try_from(reply.len() + 1).expect("a reply has at most 253 bytes");
    let mut whole = request_header.to_vec();
    whole[4..6].copy_from_slice(&length.to_be_bytes());
    whole.extend_from_slice(reply);
    whole
}
