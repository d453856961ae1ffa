//! The simulator's side of Modbus RTU: a serial port or a pseudo-terminal of its own, frames in, frames
//! out, spoilt where a fault says so. Frames and checksum by hand; only the port is opened by a library.
//!
//! A pseudo-terminal has no bit rate: frames arrive whole, and their gaps are what the scheduler makes of them.

use std::{
    fs, io,
    os::fd::OwnedFd,
    path::{Path, PathBuf},
    time::Duration,
};

use rustix::fs::{Mode, OFlags};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    time::{sleep, timeout},
};
use tokio_serial::{SerialPort as _, SerialStream};

use crate::PortProblem;

use super::{
    Behind, Fault, Switched,
    spoil::{Act, Frames, Spoiler},
};

/// Requests 1 to 6: unit, function, two words, checksum.
const REQUEST: usize = 8;
/// Bytes that are no request are forgotten after this silence.
const FRAME_ENDS: Duration = Duration::from_millis(8);
/// Until a port that has gone is tried again.
const TRY_AGAIN: Duration = Duration::from_millis(20);

/// The cabinet's end of a serial line.
#[derive(Debug)]
pub struct SerialEnd {
    at: At,
    port: Option<Port>,
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
        let port = Some(Port::pseudo(&link)?);
        Ok(Self {
            at: At::Pseudo { link },
            port,
        })
    }

    fn open(&self) -> io::Result<Port> {
        match &self.at {
            At::Device { path, baud } => {
                let port = tokio_serial::new(path.to_string_lossy(), *baud);
                Ok(Port {
                    line: SerialStream::open(&port).map_err(|error| {
                        match PortProblem::of(path, &error) {
                            Some(problem) => io::Error::other(problem),
                            None => error.into(),
                        }
                    })?,
                    other_end: None,
                })
            }
            At::Pseudo { link } => Port::pseudo(link),
        }
    }
}

#[derive(Debug)]
struct Port {
    line: SerialStream,
    /// Of a pseudo-terminal, held open here too: as on a line, nothing that was said is lost because
    /// nobody listened, and nobody's leaving hangs up.
    other_end: Option<OwnedFd>,
}

impl Port {
    /// A new pair of ends; the link leads to the other one.
    fn pseudo(link: &Path) -> io::Result<Self> {
        let (line, theirs) = SerialStream::pair()?;
        let name = theirs.name().ok_or(io::ErrorKind::NotFound)?;
        let flags = OFlags::RDWR | OFlags::NOCTTY | OFlags::CLOEXEC;
        let other_end = Some(rustix::fs::open(name.as_str(), flags, Mode::empty())?);
        // Somebody's file is not ours to replace.
        if fs::symlink_metadata(link).is_ok_and(|there| !there.is_symlink()) {
            return Err(io::ErrorKind::AlreadyExists.into());
        }
        // Never a moment without the link: the new one replaces the old.
        let next = link.with_extension("next");
        match fs::remove_file(&next) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        std::os::unix::fs::symlink(name, &next)?;
        fs::rename(&next, link)?;
        Ok(Self { line, other_end })
    }

    /// Whoever left may come again: a port taken exclusively stays so while anybody holds it.
    fn let_others_in(&self) {
        if let Some(other_end) = &self.other_end {
            let _ = rustix::termios::ioctl_tiocnxcl(other_end);
        }
    }
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
                let mut back = behind.clone();
                // Its number is taken meanwhile, so that the port comes back under another one.
                let taken = match end.at {
                    At::Device { .. } => None,
                    At::Pseudo { .. } => SerialStream::pair().ok(),
                };
                drop(port);
                back.until(Fault::TtyMoved, Switched::Off).await;
                port = reopen(&end).await;
                drop(taken);
            }
        }
    }
}

async fn reopen(end: &SerialEnd) -> Port {
    loop {
        match end.open() {
            Ok(port) => return port,
            Err(_) => sleep(TRY_AGAIN).await,
        }
    }
}

/// Until the port hangs up.
async fn converse(port: &mut Port, behind: &Behind) -> io::Result<()> {
    let unit = behind.settings.unit;
    let mut spoiler = Spoiler::new(Frames::Rtu, behind.settings.late);
    let mut heard = Vec::new();
    loop {
        match timeout(FRAME_ENDS, port.line.read_buf(&mut heard)).await {
            Err(_) => {
                heard.clear();
                port.let_others_in();
            }
            Ok(Ok(0)) => sleep(TRY_AGAIN).await,
            Ok(Ok(_)) => {}
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
                        let _ = port.line.write_all(&piece.bytes).await;
                    }
                }
                Act::HangUp => return Ok(()),
            }
        }
    }
}

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
