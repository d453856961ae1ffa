//! The simulator's side of Modbus RTU: a serial port or a pseudo-terminal of its own, frames in, frames
//! out, spoilt where a fault says so. Frames and checksum by hand; only the port is opened by a library.
//!
//! A pseudo-terminal has no bit rate: frames arrive whole, and their gaps are what the scheduler makes of them.

use std::{
    fs, io,
    path::{Path, PathBuf},
    time::Duration,
};

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    time::{sleep, timeout},
};
use tokio_serial::{SerialPort as _, SerialStream};

use super::{
    Behind, Fault, Switched,
    spoil::{Act, Frames, Spoiler},
};

/// Requests 1 to 6: unit, function, two words, checksum.
const REQUEST: usize = 8;
/// Bytes that are no request are forgotten after this silence.
const FRAME_ENDS: Duration = Duration::from_millis(8);
/// Until the port is tried again when nobody holds the other end, or it has gone.
const TRY_AGAIN: Duration = Duration::from_millis(2);

/// The cabinet's end of a serial line.
#[derive(Debug)]
pub struct SerialEnd {
    at: At,
    port: Option<SerialStream>,
}

#[derive(Debug)]
enum At {
    Device { path: PathBuf, baud: u32 },
    Pseudo { link: PathBuf },
}

impl SerialEnd {
    /// On a port that is there: one end of a wire, 8N1.
    #[must_use]
    pub fn device(path: PathBuf, baud: u32) -> Self {
        Self {
            at: At::Device { path, baud },
            port: None,
        }
    }

    /// On a pseudo-terminal of its own; `link` is where the other end is found, as udev names a port.
    ///
    /// # Errors
    /// When the system has no pseudo-terminal or the link cannot be made. Needs a runtime.
    pub fn pseudo_terminal(link: PathBuf) -> io::Result<Self> {
        let port = Some(new_pseudo(&link)?);
        Ok(Self {
            at: At::Pseudo { link },
            port,
        })
    }

    fn open(&self) -> io::Result<SerialStream> {
        match &self.at {
            At::Device { path, baud } => {
                let port = tokio_serial::new(path.to_string_lossy(), *baud);
                Ok(SerialStream::open(&port)?)
            }
            At::Pseudo { link } => new_pseudo(link),
        }
    }
}

/// The cabinet's end of a new pair; the link shows the other.
fn new_pseudo(link: &Path) -> io::Result<SerialStream> {
    let (ours, theirs) = SerialStream::pair()?;
    let name = theirs.name().ok_or(io::ErrorKind::NotFound)?;
    // Never a moment without the link: the new one replaces the old.
    let next = link.with_extension("next");
    match fs::remove_file(&next) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    std::os::unix::fs::symlink(name, &next)?;
    fs::rename(&next, link)?;
    Ok(ours)
}

/// Answers on a serial line for ever; an error of the first opening ends it.
pub(super) async fn serve(mut end: SerialEnd, behind: Behind) -> io::Result<()> {
    let mut plug = behind.clone();
    let mut port = match end.port.take() {
        Some(port) => port,
        None => end.open()?,
    };
    loop {
        tokio::select! {
            ended = converse(&mut port, &behind) => {
                // A cabinet that has gone ends its wire; a port that has gone is opened again.
                if behind.ask.is_closed() {
                    return ended;
                }
                port = reopen(&end).await;
            }
            () = plug.until(Fault::TtyMoved, Switched::On) => {
                if let At::Pseudo { link } = &end.at {
                    let _ = fs::remove_file(link);
                }
                // The old port is kept until the new one is made: another number for certain.
                let pulled = port;
                let mut back = behind.clone();
                let hold = end.open_aside();
                drop(pulled);
                back.until(Fault::TtyMoved, Switched::Off).await;
                port = reopen(&end).await;
                drop(hold);
            }
        }
    }
}

async fn reopen(end: &SerialEnd) -> SerialStream {
    loop {
        match end.open() {
            Ok(port) => return port,
            Err(_) => sleep(TRY_AGAIN * 10).await,
        }
    }
}

impl SerialEnd {
    /// Takes a number so that the next port gets another one.
    fn open_aside(&self) -> Option<(SerialStream, SerialStream)> {
        match self.at {
            At::Device { .. } => None,
            At::Pseudo { .. } => SerialStream::pair().ok(),
        }
    }
}

/// Until the port hangs up.
async fn converse(port: &mut SerialStream, behind: &Behind) -> io::Result<()> {
    let unit = behind.settings.unit;
    let mut spoiler = Spoiler::new(Frames::Rtu, behind.settings.late);
    let mut heard = Vec::new();
    loop {
        match timeout(FRAME_ENDS, port.read_buf(&mut heard)).await {
            Err(_) => heard.clear(),
            Ok(Ok(0)) => sleep(TRY_AGAIN).await,
            Ok(Ok(_)) => {}
            // Nobody holds the other end of a pseudo-terminal.
            Ok(Err(error)) if error.raw_os_error() == Some(HUNG_UP) => {
                heard.clear();
                sleep(TRY_AGAIN).await;
            }
            Ok(Err(error)) => return Err(error),
        }
        while heard.len() >= REQUEST {
            let Some(pdu) = request(&heard[..REQUEST], unit) else {
                // Somebody else's frame, or noise: it ends with a silence.
                heard.clear();
                break;
            };
            heard.drain(..REQUEST);
            let reply = behind.ask(pdu).await?;
            let act = spoiler.act(reply, &behind.faults.borrow(), |reply| frame(unit, reply));
            match act {
                Act::Send(pieces) => {
                    for piece in pieces {
                        if !piece.after.is_zero() {
                            sleep(piece.after).await;
                        }
                        // Nobody may listen any more; the line does not care.
                        let _ = port.write_all(&piece.bytes).await;
                    }
                }
                Act::HangUp => return Ok(()),
            }
        }
    }
}

/// EIO: what a pseudo-terminal says while its other end is closed.
const HUNG_UP: i32 = 5;

/// The bytes between unit and checksum, where the frame is a whole one for this unit.
fn request(frame: &[u8], unit: u8) -> Option<Vec<u8>> {
    let (body, sum) = frame.split_at(frame.len() - 2);
    let good = crc(body).to_le_bytes() == *sum && body[0] == unit;
    good.then(|| body[1..].to_vec())
}

fn frame(unit: u8, reply: &[u8]) -> Vec<u8> {
    let mut whole = vec![unit];
    whole.extend_from_slice(reply);
    let sum = crc(&whole).to_le_bytes();
    whole.extend(sum);
    whole
}

/// CRC-16 of Modbus: polynomial 0xA001 reflected, begun with ones, sent low byte first.
pub(super) fn crc(bytes: &[u8]) -> u16 {
    bytes.iter().fold(0xFFFF, |sum, byte| {
        (0..8).fold(sum ^ u16::from(*byte), |sum, _| {
            if sum & 1 == 1 {
                (sum >> 1) ^ 0xA001
            } else {
                sum >> 1
            }
        })
    })
}

#[cfg(test)]
mod tests {
    use super::crc;

    /// The example of the Modbus serial line paper's appendix: 02 07 gives 41 12.
    #[test]
    fn checksum_of_the_modbus_paper() {
        assert_eq!(crc(&[0x02, 0x07]).to_le_bytes(), [0x41, 0x12]);
    }
}
