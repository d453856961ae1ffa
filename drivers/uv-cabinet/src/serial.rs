//! A serial port that Modbus RTU may be spoken on: opened for us alone, listened to until it is
//! silent, and refusing to send while bytes lie in it that nobody asked for.
//!
//! RTU frames carry no number: a reply that comes late, or twice, looks like the answer to the next
//! question. So none may be left over when a question is sent.

use std::{
    io,
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use tokio::{
    io::{AsyncRead, AsyncReadExt as _, AsyncWrite, ReadBuf},
    time::{Instant, timeout},
};
use tokio_serial::{DataBits, FlowControl, SerialPort as _, SerialStream, StopBits};

use crate::{Parity, SerialLine, error::LinkError, millis};

/// An open port.
#[derive(Debug)]
pub(crate) struct Port(SerialStream);

/// Bytes lay in the port before a request was sent.
#[derive(Debug, thiserror::Error)]
#[error("bytes that nobody asked for")]
pub(crate) struct Unasked;

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
    let mut port = SerialStream::open(&builder).map_err(|error| failed(error.into()))?;
    let until = Instant::now() + limit;
    let mut rubbish = [0_u8; 256];
    // Also before the very first request: a daemon killed a moment ago may have asked something.
    loop {
        match timeout(line.silent, port.read(&mut rubbish)).await {
            Err(_) => return Ok(Port(port)),
            Ok(Ok(0)) => return Err(failed(io::ErrorKind::UnexpectedEof.into())),
            Ok(Ok(_)) if Instant::now() < until => {}
            Ok(Ok(_)) => {
                return Err(LinkError::LineBusy {
                    address: address(),
                    silent_ms: millis(line.silent),
                });
            }
            Ok(Err(source)) => return Err(failed(source)),
        }
    }
}

impl AsyncRead for Port {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_read(cx, buf)
    }
}

impl AsyncWrite for Port {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        if self.0.bytes_to_read()? > 0 {
            return Poll::Ready(Err(io::Error::new(io::ErrorKind::InvalidData, Unasked)));
        }
        Pin::new(&mut self.0).poll_write(cx, bytes)
    }

    /// Nothing to do: the kernel sends what it has, and waiting for that (`tcdrain`) would block.
    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}
