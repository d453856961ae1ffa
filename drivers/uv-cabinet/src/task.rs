//! The one task that owns the connection to a cabinet.
//!
//! One exchange at a time, each run to its end or to its time-out. A Modbus exception is an answer
//! in step, and costs only the points it was asked for. How a broken connection is left and made
//! again is `link.rs`.

use std::time::{Duration, Instant};

use tokio::sync::{mpsc, watch};
use tracing::warn;

use crate::{
    Command, Missing, Point, PointSpec, Profile, Reading, Readings, Request, Switch, Table,
    error::{CommandError, LinkError},
    link::{Answer, Chain, Link},
    millis,
    quality::Tally,
    wire,
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

impl CabinetTask {
    pub(crate) fn new(
        profile: Profile,
        inbox: mpsc::Receiver<Request>,
        tally: watch::Sender<Tally>,
    ) -> Self {
        Self {
            blocks: wire::blocks(&profile),
            readings: Readings::nothing_yet(&profile),
            link: Link::new(profile.link.clone(), tally),
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
