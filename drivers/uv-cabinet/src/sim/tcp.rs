//! The simulator's side of Modbus TCP: frames in, frames out, spoilt where a fault says so. Written by
//! hand from the Modbus papers; shares nothing with the driver's client.

use std::io;

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    task::JoinSet,
    time::sleep,
};

use super::{
    Behind, Fault, Switched,
    spoil::{Act, Frames, Spoiler},
};

/// Transaction (2), protocol (2), length of the rest (2), unit (1).
const HEADER: usize = 7;

/// Takes connections until the listener fails.
pub(super) async fn listen(listener: TcpListener, behind: Behind) -> io::Result<()> {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => {
                let (stream, _) = accepted?;
                if behind.has(Fault::TtyMoved) {
                    // The gateway's plug is out: who comes all the same is turned away.
                    let _ = stream.set_zero_linger();
                } else {
                    connections.spawn(serve(stream, behind.clone()));
                }
            }
            Some(_) = connections.join_next() => {}
        }
    }
}

async fn serve(mut stream: TcpStream, behind: Behind) {
    let (mut plug, mut exchange) = (behind.clone(), behind.clone());
    let other = if behind.has(Fault::WrongCabinet) {
        Switched::Off
    } else {
        Switched::On
    };
    tokio::select! {
        // An error only ends this connection.
        _ = converse(&mut stream, &behind) => {}
        () = plug.until(Fault::TtyMoved, Switched::On) => {
            let _ = stream.set_zero_linger();
        }
        // Another cabinet at this address is another connection.
        () = exchange.until(Fault::WrongCabinet, other) => {
            let _ = stream.set_zero_linger();
        }
    }
}

async fn converse(stream: &mut TcpStream, behind: &Behind) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let mut spoiler = Spoiler::new(Frames::Tcp, behind.settings.late);
    loop {
        let mut header = [0_u8; HEADER];
        stream.read_exact(&mut header).await?;
        let rest = usize::from(u16::from_be_bytes([header[4], header[5]]));
        if header[2..4] != [0, 0] || !(2..=254).contains(&rest) {
            return Err(io::ErrorKind::InvalidData.into());
        }
        let mut pdu = vec![0; rest - 1];
        stream.read_exact(&mut pdu).await?;
        let reply = behind.ask(pdu).await?;
        let act = spoiler.act(reply, &behind.faults.borrow(), |reply| frame(header, reply));
        match act {
            Act::Send(pieces) => {
                for piece in pieces {
                    if !piece.after.is_zero() {
                        sleep(piece.after).await;
                    }
                    stream.write_all(&piece.bytes).await?;
                }
            }
            Act::HangUp => {
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
