//! One connection, one question at a time. It never decides what to do after a failure; `owner.rs` does.

use std::{io, time::Duration};

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    time::{Instant, sleep_until, timeout, timeout_at},
};

use crate::{
    Link, Transport,
    error::{BadReply, LinkError},
    frame::{self, Heard},
    millis,
    pdu::{Answer, Ask},
    serial,
};

/// Open, and in step: nothing is on its way to us.
#[derive(Debug)]
pub(super) enum Connection {
    /// Modbus TCP.
    Tcp {
        stream: TcpStream,
        /// The last one's number.
        transaction: u16,
    },
    /// Modbus RTU.
    Serial {
        port: serial::Port,
        gap: Duration,
        /// The end of what was last heard or sent.
        quiet_since: Instant,
    },
}

/// How an exchange failed.
#[derive(Debug)]
pub(super) struct Broken {
    pub(super) error: LinkError,
    /// Not one byte came: the unit may be dead or late, and the wire carries nothing strange.
    pub(super) silence: bool,
}

impl Broken {
    fn loudly(error: LinkError) -> Self {
        Self {
            error,
            silence: false,
        }
    }
}

/// A question that another unit of a serial line may still answer.
#[derive(Debug, Clone, Copy)]
pub(super) struct Owed {
    pub(super) unit: u8,
    pub(super) ask: Ask,
}

impl Connection {
    pub(super) async fn open(link: &Link) -> Result<Self, LinkError> {
        match &link.transport {
            Transport::Tcp(host) => {
                open_tcp(host, link.connect_timeout)
                    .await
                    .map(|stream| Self::Tcp {
                        stream,
                        transaction: 0,
                    })
            }
            Transport::Rtu(line) => {
                let port = serial::open(line, link.connect_timeout).await?;
                Ok(Self::Serial {
                    port,
                    gap: serial::frame_gap(line),
                    quiet_since: Instant::now(),
                })
            }
        }
    }

    /// Whether a question may be sent: the line has rested between two frames, nobody has hung up, and no byte lies there that
    /// nobody asked for. Looked at after the rest: a second copy of a reply comes in it.
    pub(super) async fn in_step(&mut self, owed: &[Owed]) -> Result<(), LinkError> {
        if let Self::Serial {
            gap, quiet_since, ..
        } = self
        {
            sleep_until(*quiet_since + *gap).await;
        }
        let mut early = [0; frame::LONGEST];
        let heard = match self {
            Self::Tcp { stream, .. } => match stream.try_read(&mut early) {
                Ok(0) => return Err(lost(io::ErrorKind::UnexpectedEof.into())),
                heard => heard,
            },
            Self::Serial { port, .. } => port.early(&mut early).await,
        };
        match heard {
            Ok(0) => Ok(()),
            Ok(count) if without_late_replies(&early[..count], owed) == Some(count) => Ok(()),
            Ok(_) => Err(bad(BadReply::Unasked)),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(()),
            Err(error) => Err(lost(error)),
        }
    }

    /// Asks and waits for the one reply that fits. Late replies of `owed` on a serial line are passed over.
    pub(super) async fn exchange(
        &mut self,
        unit: u8,
        ask: Ask,
        limit: Duration,
        owed: &[Owed],
    ) -> Result<Answer, Broken> {
        match self {
            Self::Tcp {
                stream,
                transaction,
            } => {
                *transaction = transaction.wrapping_add(1);
                let question = frame::tcp_question(*transaction, unit, ask);
                let fits = |bytes: &[u8]| frame::tcp_reply(*transaction, unit, ask, bytes);
                ask_and_hear(stream, &question, limit, fits).await
            }
            Self::Serial {
                port, quiet_since, ..
            } => {
                let question = frame::rtu_question(unit, ask);
                let fits = |bytes: &[u8]| match without_late_replies(bytes, owed) {
                    Some(late) => frame::rtu_reply(unit, ask, &bytes[late..]),
                    None => Ok(Heard::TooLittle),
                };
                let heard = ask_and_hear(port.stream(), &question, limit, fits).await;
                *quiet_since = Instant::now();
                heard
            }
        }
    }
}

/// How many of the first bytes are whole late replies; `None` while one has only begun.
fn without_late_replies(bytes: &[u8], owed: &[Owed]) -> Option<usize> {
    let mut passed = 0;
    for owed in owed {
        passed += frame::rtu_late_reply(owed.unit, owed.ask, &bytes[passed..])?;
    }
    Some(passed)
}

async fn ask_and_hear<S>(
    stream: &mut S,
    question: &[u8],
    limit: Duration,
    fits: impl Fn(&[u8]) -> Result<Heard, BadReply>,
) -> Result<Answer, Broken>
where
    S: tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin,
{
    let mut bytes = [0; frame::LONGEST];
    let mut heard = 0;
    let hear = async {
        stream.write_all(question).await.map_err(lost)?;
        loop {
            // A full buffer was judged to be a whole frame or none, so there is always room here.
            match stream.read(&mut bytes[heard..]).await.map_err(lost)? {
                0 => return Err(lost(io::ErrorKind::UnexpectedEof.into())),
                count => heard += count,
            }
            match fits(&bytes[..heard]) {
                Ok(Heard::Whole(answer)) => return Ok(answer),
                Ok(Heard::TooLittle) => {}
                Err(what) => return Err(bad(what)),
            }
        }
    };
    match timeout_at(Instant::now() + limit, hear).await {
        Ok(done) => done.map_err(Broken::loudly),
        Err(_) => Err(Broken {
            error: LinkError::ReplyTimedOut {
                after_ms: millis(limit),
            },
            silence: heard == 0,
        }),
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

fn lost(source: io::Error) -> LinkError {
    LinkError::Lost { source }
}

fn bad(what: BadReply) -> LinkError {
    LinkError::BadReply { what }
}
