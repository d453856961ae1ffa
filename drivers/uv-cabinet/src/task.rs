//! The one task that owns the connection to a cabinet.
//!
//! One exchange at a time, each run to its end or to its time-out. After any failure the connection
//! is dropped, never tried again: a late reply must not be taken for the next one's. A Modbus
//! exception is an answer in step, and costs only the points it was asked for.

use std::time::{Duration, Instant};

use tokio::{net::TcpStream, sync::mpsc, time::timeout};
use tokio_modbus::{
    ExceptionCode, Request as Pdu, Response, Slave,
    client::{Client as _, Context, tcp},
};
use tracing::{debug, info, warn};

use crate::{
    Command, Missing, Point, PointSpec, Profile, Reading, Readings, Request, Switch, Table,
    error::{BadReply, CommandError, LinkError},
    millis, wire,
};

/// The owner of one cabinet's connection; [`run`](Self::run) it.
#[derive(Debug)]
pub struct CabinetTask {
    profile: Profile,
    blocks: Vec<wire::Block>,
    inbox: mpsc::Receiver<Request>,
    link: Link,
    readings: Readings,
    /// The scan counter's last raw value and when it last changed.
    scan: Option<(u32, Instant)>,
    heartbeat: u16,
}

/// What came of one exchange that stayed in step.
enum Answer {
    Reply(Response),
    Exception(u8),
}

impl CabinetTask {
    pub(crate) fn new(profile: Profile, inbox: mpsc::Receiver<Request>) -> Self {
        Self {
            blocks: wire::blocks(&profile),
            readings: Readings::nothing_yet(&profile),
            link: Link::new(profile.link.clone()),
            profile,
            inbox,
            scan: None,
            heartbeat: 0,
        }
    }

    /// Serves requests until the last [`Cabinet`](crate::Cabinet) handle is dropped.
    pub async fn run(mut self) {
        while let Some(request) = self.inbox.recv().await {
            // An asker who has left does not mind: the exchange was finished all the same.
            match request {
                Request::Poll(answer) => {
                    self.poll().await;
                    let _ = answer.send(self.readings.clone());
                }
                Request::Command(command, answer) => {
                    let done = self.command(command).await;
                    match &done {
                        Ok(()) => {}
                        // The link's own trouble is in the log already, once.
                        Err(CommandError::Unsure { .. }) => {}
                        Err(error) => {
                            warn!(code = error.code(), error = %Chain(error), "cabinet command not done");
                        }
                    }
                    let _ = answer.send(done);
                }
            }
        }
    }

    async fn poll(&mut self) {
        for at in 0..self.blocks.len() {
            let block = self.blocks[at].clone();
            let read = self.read(block.table, block.start, block.count).await;
            match read {
                Ok(Ok(words)) => self.note_words(&block, &words),
                Ok(Err(exception)) => {
                    for point in &block.points {
                        self.note_missing(*point, Missing::Refused { exception });
                    }
                }
                Err(error) => {
                    self.note_silence(at, &error);
                    return;
                }
            }
        }
    }

    fn note_words(&mut self, block: &wire::Block, words: &[u16]) {
        let at = Instant::now();
        for point in &block.points {
            let spec = &self.profile.points[point];
            let raw = wire::raw(spec, block, words);
            if *point == Point::ScanCounter {
                let frozen_after = spec.frozen_after;
                self.note_scan(raw, at, frozen_after);
            }
            match wire::value(*point, &self.profile.points[point], raw) {
                Ok(value) => {
                    if let Some(slot) = self.readings.slots.get_mut(point) {
                        slot.last = Some(Reading { value, raw, at });
                        slot.trouble = None;
                    }
                }
                Err(missing) => self.note_missing(*point, missing),
            }
        }
    }

    /// The cabinet answered, and there is no value: the last one is not kept.
    fn note_missing(&mut self, point: Point, missing: Missing) {
        if let Some(slot) = self.readings.slots.get_mut(&point) {
            slot.last = None;
            slot.trouble = Some(missing);
        }
    }

    /// The cabinet did not answer: values live on to their maximum age, then this is the reason.
    fn note_silence(&mut self, from_block: usize, error: &LinkError) {
        let problem = error.problem();
        for point in self.blocks[from_block..].iter().flat_map(|b| &b.points) {
            if let Some(slot) = self.readings.slots.get_mut(point) {
                slot.trouble = Some(Missing::NoAnswer(problem));
            }
        }
    }

    fn note_scan(&mut self, raw: u32, at: Instant, frozen_after: Option<Duration>) {
        let changed_at = match self.scan {
            Some((last, changed_at)) if last == raw => changed_at,
            _ => at,
        };
        self.scan = Some((raw, changed_at));
        let still_for = at.saturating_duration_since(changed_at);
        self.readings.overall =
            frozen_after
                .filter(|limit| still_for >= *limit)
                .map(|_| Missing::Frozen {
                    for_ms: millis(still_for),
                });
    }

    async fn command(&mut self, command: Command) -> Result<(), CommandError> {
        let (point, word) = match command {
            Command::Lamp(switch) => (Point::LampCommand, word(switch)),
            Command::Fan(switch) => (Point::FanCommand, word(switch)),
            Command::Lock(switch) => (Point::LockCommand, word(switch)),
            Command::Heartbeat => {
                self.heartbeat = self.heartbeat.wrapping_add(1);
                (Point::Heartbeat, self.heartbeat)
            }
        };
        let spec = self.profile.points[&point].clone();
        let unsure = |source| CommandError::Unsure { point, source };
        let refused = |exception| CommandError::Refused { point, exception };
        match self.write(&spec, word).await.map_err(unsure)? {
            Ok(()) => {}
            Err(exception) => return Err(refused(exception)),
        }
        let read_back = self
            .read(spec.table, spec.address, 1)
            .await
            .map_err(unsure)?
            .map_err(refused)?[0];
        if read_back == word {
            return Ok(());
        }
        Err(CommandError::NotTaken {
            point,
            wanted: word,
            read_back,
        })
    }

    /// Inner error: the exception the cabinet answered with.
    async fn read(
        &mut self,
        table: Table,
        start: u16,
        count: u16,
    ) -> Result<Result<Vec<u16>, u8>, LinkError> {
        let pdu = wire::read_request(table, start, count);
        match self.link.exchange(pdu).await? {
            Answer::Exception(code) => Ok(Err(code)),
            Answer::Reply(reply) => match wire::words(table, count, reply) {
                Ok(words) => Ok(Ok(words)),
                Err(what) => Err(self.link.broken(LinkError::BadReply { what })),
            },
        }
    }

    /// Inner error: the exception the cabinet answered with.
    async fn write(&mut self, spec: &PointSpec, word: u16) -> Result<Result<(), u8>, LinkError> {
        let pdu = wire::write_request(spec, word);
        match self.link.exchange(pdu).await? {
            Answer::Exception(code) => Ok(Err(code)),
            Answer::Reply(reply) => match wire::check_echo(spec, word, &reply) {
                Ok(()) => Ok(Ok(())),
                Err(what) => Err(self.link.broken(LinkError::BadReply { what })),
            },
        }
    }
}

fn word(switch: Switch) -> u16 {
    match switch {
        Switch::On => 1,
        Switch::Off => 0,
    }
}

/// The connection, or the wait for the next try at one.
struct Link {
    at: crate::Link,
    context: Option<Context>,
    next_try: Option<Instant>,
    backoff: Duration,
    /// Set while the last thing heard was silence, so that it is logged once.
    complained: Option<&'static str>,
}

impl std::fmt::Debug for Link {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Link")
            .field("address", &self.at.address)
            .field("connected", &self.context.is_some())
            .finish_non_exhaustive()
    }
}

impl Link {
    fn new(at: crate::Link) -> Self {
        Self {
            backoff: at.backoff_first,
            at,
            context: None,
            next_try: None,
            complained: None,
        }
    }

    async fn exchange(&mut self, pdu: Pdu<'static>) -> Result<Answer, LinkError> {
        // Taken out for the exchange: if this future is dropped half way, so is the connection.
        let mut context = match self.context.take() {
            Some(context) => context,
            None => self.connect().await?,
        };
        let limit = self.at.reply_timeout;
        let error = match timeout(limit, context.call(pdu)).await {
            Ok(Ok(Ok(reply))) => {
                self.in_step(context);
                return Ok(Answer::Reply(reply));
            }
            Ok(Ok(Err(exception))) => {
                self.in_step(context);
                return Ok(Answer::Exception(exception_code(exception)));
            }
            Ok(Err(tokio_modbus::Error::Transport(source))) => lost(source),
            Ok(Err(tokio_modbus::Error::Protocol(_))) => LinkError::BadReply {
                what: BadReply::Identifiers,
            },
            Err(_) => LinkError::ReplyTimedOut {
                after_ms: millis(limit),
            },
        };
        Err(self.broken(error))
    }

    fn in_step(&mut self, context: Context) {
        self.context = Some(context);
        self.backoff = self.at.backoff_first;
        if self.complained.take().is_some() {
            info!(address = self.at.address, "cabinet answers again");
        }
    }

    /// Throws the connection away and sets the time of the next try.
    fn broken(&mut self, error: LinkError) -> LinkError {
        self.context = None;
        self.next_try = Some(Instant::now() + self.backoff);
        self.backoff = (self.backoff * 2).min(self.at.backoff_max);
        let code = error.problem().code();
        if self.complained == Some(code) {
            debug!(address = self.at.address, code, "cabinet still silent");
        } else {
            warn!(address = self.at.address, code, error = %Chain(&error), "cabinet link broken");
            self.complained = Some(code);
        }
        error
    }

    async fn connect(&mut self) -> Result<Context, LinkError> {
        if self.next_try.is_some_and(|at| Instant::now() < at) {
            return Err(LinkError::BackingOff);
        }
        match open(&self.at).await {
            Ok(stream) => Ok(tcp::attach_slave(stream, Slave(self.at.unit))),
            Err(error) => Err(self.broken(error)),
        }
    }
}

async fn open(at: &crate::Link) -> Result<TcpStream, LinkError> {
    let failed = |source| LinkError::Connect {
        address: at.address.clone(),
        source,
    };
    match timeout(at.connect_timeout, TcpStream::connect(&at.address)).await {
        Ok(Ok(stream)) => {
            stream.set_nodelay(true).map_err(failed)?;
            Ok(stream)
        }
        Ok(Err(source)) => Err(failed(source)),
        Err(_) => Err(LinkError::ConnectTimedOut {
            address: at.address.clone(),
            after_ms: millis(at.connect_timeout),
        }),
    }
}

/// tokio-modbus reports a frame it cannot decode as a transport error too, and an orderly end of
/// stream as the last OS error, which may be “success”.
fn lost(source: std::io::Error) -> LinkError {
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

fn exception_code(exception: ExceptionCode) -> u8 {
    exception.into()
}

/// An error with all its sources, for the log.
struct Chain<'a>(&'a dyn std::error::Error);

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
