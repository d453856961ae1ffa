//! The connection to one cabinet, over TCP or a serial line: made, used, thrown away, made again.
//!
//! After any failure the connection is dropped, never tried again: a late reply must not be taken
//! for the next one's. A TCP connection takes its late replies with it; a serial line is listened to
//! until it has been silent for longer than any reply can be late (`serial.rs`).

use std::time::{Duration, Instant};

use tokio::{
    net::TcpStream,
    sync::watch,
    time::{sleep, timeout},
};
use tokio_modbus::{
    Request as Pdu, Response, Slave,
    client::{Client as _, Context, rtu, tcp},
};
use tracing::{debug, info, warn};

use crate::{
    Transport,
    error::{BadReply, LinkError},
    millis,
    quality::Tally,
    serial,
};

/// What came of one exchange that stayed in step.
pub(crate) enum Answer {
    /// The reply.
    Reply(Response),
    /// The Modbus exception the cabinet answered with.
    Exception(u8),
}

/// The connection, or the wait for the next try at one.
pub(crate) struct Link {
    at: crate::Link,
    context: Option<Context>,
    next_try: Option<Instant>,
    backoff: Duration,
    /// Set while the last thing heard was silence, so that it is logged once.
    complained: Option<&'static str>,
    tally: watch::Sender<Tally>,
    connected_before: bool,
}

impl std::fmt::Debug for Link {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Link")
            .field("transport", &self.at.transport)
            .field("connected", &self.context.is_some())
            .finish_non_exhaustive()
    }
}

impl Link {
    pub(crate) fn new(at: crate::Link, tally: watch::Sender<Tally>) -> Self {
        Self {
            backoff: at.backoff_first,
            at,
            context: None,
            next_try: None,
            complained: None,
            tally,
            connected_before: false,
        }
    }

    pub(crate) async fn exchange(&mut self, pdu: Pdu<'static>) -> Result<Answer, LinkError> {
        // Taken out for the exchange: if this future is dropped half way, so is the connection.
        let mut context = match self.context.take() {
            Some(context) => context,
            None => self.connect().await?,
        };
        if let Transport::Rtu(line) = &self.at.transport {
            sleep(serial::frame_gap(line)).await;
        }
        let limit = self.at.reply_timeout;
        self.tally.send_modify(|t| t.counts.requests += 1);
        let asked = Instant::now();
        let error = match timeout(limit, context.call(pdu)).await {
            Ok(Ok(Ok(reply))) => {
                self.in_step(context);
                self.tally.send_modify(|t| {
                    t.counts.replies += 1;
                    t.replied(asked.elapsed());
                });
                return Ok(Answer::Reply(reply));
            }
            Ok(Ok(Err(exception))) => {
                self.in_step(context);
                self.tally.send_modify(|t| t.counts.exceptions += 1);
                return Ok(Answer::Exception(exception.into()));
            }
            Ok(Err(tokio_modbus::Error::Transport(source))) => lost(source),
            Ok(Err(tokio_modbus::Error::Protocol(_))) => LinkError::BadReply {
                what: BadReply::Identifiers,
            },
            Err(_) => LinkError::ReplyTimedOut {
                after_ms: millis(limit),
            },
        };
        drop(context);
        Err(self.broken(error))
    }

    fn in_step(&mut self, context: Context) {
        self.context = Some(context);
        self.backoff = self.at.backoff_first;
        if self.complained.take().is_some() {
            info!(address = %self.at.transport.address(), "cabinet answers again");
        }
    }

    /// Throws the connection away and sets the time of the next try.
    pub(crate) fn broken(&mut self, error: LinkError) -> LinkError {
        self.context = None;
        self.tally.send_modify(|t| t.broke(&error));
        self.next_try = Some(Instant::now() + self.backoff);
        self.backoff = (self.backoff * 2).min(self.at.backoff_max);
        let code = error.problem().code();
        let address = self.at.transport.address();
        if self.complained == Some(code) {
            debug!(%address, code, "cabinet still silent");
        } else {
            warn!(%address, code, error = %Chain(&error), "cabinet link broken");
            self.complained = Some(code);
        }
        error
    }

    async fn connect(&mut self) -> Result<Context, LinkError> {
        if self.next_try.is_some_and(|at| Instant::now() < at) {
            return Err(LinkError::BackingOff);
        }
        let unit = Slave(self.at.unit);
        let opened = match &self.at.transport {
            Transport::Tcp(host) => open_tcp(host, self.at.connect_timeout)
                .await
                .map(|stream| tcp::attach_slave(stream, unit)),
            Transport::Rtu(line) => serial::open(line, self.at.connect_timeout)
                .await
                .map(|port| rtu::attach_slave(port, unit)),
        };
        let context = opened.map_err(|error| self.broken(error))?;
        let serial = matches!(self.at.transport, Transport::Rtu(_));
        let again = std::mem::replace(&mut self.connected_before, true);
        self.tally.send_modify(|t| {
            t.counts.reconnects += u64::from(again);
            t.counts.drains += u64::from(serial);
        });
        Ok(context)
    }
}

async fn open_tcp(host: &str, limit: Duration) -> Result<TcpStream, LinkError> {
    let failed = |source| LinkError::Connect {
        address: host.to_owned(),
        source,
    };
    match timeout(limit, TcpStream::connect(host)).await {
        Ok(Ok(stream)) => {
            stream.set_nodelay(true).map_err(failed)?;
            Ok(stream)
        }
        Ok(Err(source)) => Err(failed(source)),
        Err(_) => Err(LinkError::ConnectTimedOut {
            address: host.to_owned(),
            after_ms: millis(limit),
        }),
    }
}

/// tokio-modbus reports a frame it cannot decode as a transport error too, and an orderly end of
/// stream as the last OS error, which may be “success”.
fn lost(source: std::io::Error) -> LinkError {
    if source.get_ref().is_some_and(|e| e.is::<serial::Unasked>()) {
        return LinkError::BadReply {
            what: BadReply::Unasked,
        };
    }
    if source.kind() == std::io::ErrorKind::InvalidData {
        return LinkError::BadReply {
            what: BadReply::Malformed,
        };
    }
    let source = if source.raw_os_error() == Some(0) {
        std::io::ErrorKind::UnexpectedEof.into()
    } else {
        source
    };
    LinkError::Lost { source }
}

/// An error with all its sources, for the log.
pub(crate) struct Chain<'a>(pub(crate) &'a dyn std::error::Error);

impl std::fmt::Display for Chain<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}", self.0)?;
        let mut source = self.0.source();
        while let Some(error) = source {
            write!(f, ": {error}")?;
            source = error.source();
        }
        Ok(())
    }
}
