//! Why a serial port could not be opened: each reason wants another hand.

use std::{io, path::Path};

use thiserror::Error;

/// Why a serial port could not be opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum PortProblem {
    /// There is no such device.
    #[error("there is no such device")]
    Missing,
    /// Another program holds it, or another station.
    #[error("another program has the port open")]
    Busy,
    /// It is there, and is no serial port.
    #[error("not a serial port")]
    NotAPort,
    /// It is there, and not for the user that runs this program.
    #[error("no right to open it")]
    Forbidden,
    /// It opens, and cannot switch an RS-485 transceiver as the profile's `direction` asks.
    #[error("cannot switch an RS-485 transceiver")]
    NoDirection,
}

/// Inappropriate ioctl for device: it is no terminal (Linux, `errno-base.h`).
const ENOTTY: i32 = 25;

impl PortProblem {
    /// Tries to open it, as a look: `None` where nothing speaks against it.
    #[must_use]
    pub fn opening(device: &Path) -> Option<Self> {
        let error = serial2::SerialPort::open(device, serial2::KeepSettings).err()?;
        Self::by_system(&error)
    }

    /// What the system says of a port that could not be opened; `None` where that is something else.
    pub(crate) fn of(device: &Path, error: &tokio_serial::Error) -> Option<Self> {
        use tokio_serial::ErrorKind::{Io, NoDevice};
        match error.kind() {
            Io(io::ErrorKind::NotFound) => Some(Self::Missing),
            Io(io::ErrorKind::PermissionDenied) => Some(Self::Forbidden),
            // What the library calls a port whose lock somebody else has.
            NoDevice => Some(Self::Busy),
            _ => Self::by_system(&serial2::SerialPort::open(device, serial2::KeepSettings).err()?),
        }
    }

    /// By the system's own number.
    pub(crate) fn by_system(error: &io::Error) -> Option<Self> {
        match (error.kind(), error.raw_os_error()) {
            (io::ErrorKind::NotFound, _) => Some(Self::Missing),
            (io::ErrorKind::PermissionDenied, _) => Some(Self::Forbidden),
            (io::ErrorKind::ResourceBusy, _) => Some(Self::Busy),
            (io::ErrorKind::IsADirectory, _) | (_, Some(ENOTTY)) => Some(Self::NotAPort),
            _ => None,
        }
    }
}
