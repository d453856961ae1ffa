//! A serial port that Modbus RTU may be spoken on: opened for us alone, by its name each time, and listened to until it is silent.
//!
//! RTU frames carry no number: a reply that comes late, or twice, looks like the answer to the next question. So none may be left
//! over when a question is sent. What comes later still is `line/backlog.rs`'s.

use std::{io, time::Duration};

use serial2::rs4xx::Rs485Config;
use tokio::{
    io::AsyncReadExt as _,
    time::{Instant, timeout},
};
use tokio_serial::{ClearBuffer, DataBits, FlowControl, SerialPort as _, SerialStream, StopBits};

use crate::{Direction, Parity, PortProblem, SerialLine, error::LinkError, millis};

/// An open port.
#[derive(Debug)]
pub(crate) struct Port(SerialStream);

/// The pause that ends a frame: 3.5 characters of 11 bits, and never under 1.75 ms (Modbus over
/// serial line 1.02, 2.5.1.1).
pub(crate) fn frame_gap(line: &SerialLine) -> Duration {
    Duration::from_secs_f64(3.5 * 11.0 / f64::from(line.baud)).max(Duration::from_micros(1750))
}

/// Opens the port exclusively and hears it out. `limit` is for a line that does not fall silent.
pub(crate) async fn open(line: &SerialLine, limit: Duration) -> Result<Port, LinkError> {
    let address = || line.device.display().to_string();
    let failed = |source| LinkError::Connect {
        address: address(),
        source,
    };
    let refused = |problem, source| match problem {
        Some(problem) => LinkError::Port {
            address: address(),
            problem,
        },
        None => failed(source),
    };
    set_direction(line, refused)?;
    let builder = tokio_serial::new(line.device.to_string_lossy(), line.baud)
        .data_bits(DataBits::Eight)
        .flow_control(FlowControl::None)
        .parity(match line.parity {
            Parity::None => tokio_serial::Parity::None,
            Parity::Even => tokio_serial::Parity::Even,
            Parity::Odd => tokio_serial::Parity::Odd,
        })
        .stop_bits(match line.stop_bits {
            2 => StopBits::Two,
            _ => StopBits::One,
        })
        .exclusive(true);
    let mut port = SerialStream::open(&builder)
        .map_err(|error| refused(PortProblem::of(&line.device, &error), error.into()))?;
    // A question that the kernel could not send yet must not be answered some time later.
    port.clear(ClearBuffer::All)
        .map_err(|error| failed(error.into()))?;
    let until = Instant::now() + limit;
    let mut rubbish = [0_u8; 256];
    // Also before the very first request: a daemon killed a moment ago may have asked something.
    loop {
        let heard = match timeout(line.silent, port.read(&mut rubbish)).await {
            Ok(heard) => heard,
            // Time is up; but on a busy machine the runtime may be behind with what came. The kernel knows.
            Err(_) => match port.bytes_to_read().map_err(|error| failed(error.into()))? {
                0 => return Ok(Port(port)),
                _ => port.read(&mut rubbish).await,
            },
        };
        match heard {
            Ok(0) => return Err(failed(io::ErrorKind::UnexpectedEof.into())),
            Ok(_) if Instant::now() < until => {}
            Ok(_) => {
                return Err(LinkError::LineBusy {
                    address: address(),
                    silent_ms: millis(line.silent),
                });
            }
            Err(source) => return Err(failed(source)),
        }
    }
}

/// Asks the kernel to switch an RS-485 transceiver between sending and listening. Before the port is opened for us alone, since
/// it is opened for this by itself; the setting stays with the port.
fn set_direction(
    line: &SerialLine,
    refused: impl Fn(Option<PortProblem>, io::Error) -> LinkError,
) -> Result<(), LinkError> {
    let rts_low_sends = match line.direction {
        Direction::Automatic => return Ok(()),
        Direction::RtsHighSends => false,
        Direction::RtsLowSends => true,
    };
    let port = serial2::SerialPort::open(&line.device, serial2::KeepSettings)
        .map_err(|error| refused(PortProblem::by_system(&error), error))?;
    let mut mode = Rs485Config::new();
    mode.set_invert_rts(rts_low_sends);
    port.set_rs4xx_mode(mode)
        .map_err(|error| refused(Some(PortProblem::NoDirection), error))
}

impl Port {
    pub(crate) fn stream(&mut self) -> &mut SerialStream {
        &mut self.0
    }

    /// Takes what lies in the port before a question is sent.
    pub(crate) async fn early(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        match self.0.bytes_to_read()? {
            0 => Ok(0),
            // Something is there, so this returns at once.
            _ => self.0.read(bytes).await,
        }
    }
}
