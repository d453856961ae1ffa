//! One cabinet's task: which blocks are asked for, what the answers mean for its points, and how a command is told and read back.
//!
//! A Modbus exception is an answer in step, and costs only the points it was asked for; a unit that does not answer costs only its
//! own points. How a connection is made, left and made again is `line/owner.rs`.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Instant,
};

use tokio::sync::{mpsc, watch};
use tracing::warn;

use identity::Who;
use scans::Scans;

use crate::{
    Command, Missing, Point, Profile, Reading, Readings, Switch, Value,
    chain::Chain,
    error::{BadReply, CommandError, LinkError},
    handle::Request,
    line::{OnLine, Owner},
    millis,
    pdu::{Answer, Ask},
    wire,
};

mod identity;
mod refused;
mod scans;

/// One cabinet's task, and for the first cabinet of a line the line's as well; [`run`](Self::run) it.
#[derive(Debug)]
pub struct CabinetTask {
    profile: Profile,
    blocks: Vec<wire::Block>,
    inbox: mpsc::Receiver<Request>,
    line: OnLine,
    owner: Option<Owner>,
    readings: Readings,
    show: watch::Sender<Readings>,
    who: Who,
    /// The last raw value of every point that may freeze, and when it last changed.
    still: BTreeMap<Point, (u32, Instant)>,
    scans: Scans,
    /// What each command's register held when it was last told and read back.
    told: BTreeMap<Point, u16>,
    heartbeat: u16,
    /// When the lamp was last permitted.
    alive_at: Option<Instant>,
    /// Points that this cabinet refuses to give: each is asked for by itself, so that it costs no other one.
    apart: BTreeSet<Point>,
    /// When registers that are refused are looked for again.
    search_after: Option<Instant>,
    /// Units that said nothing when they were last asked.
    doubtful: BTreeSet<u8>,
    /// The last of them that was asked.
    asked_in_doubt: u8,
    /// In the round before one of them was waited for.
    waited_in_vain: bool,
}

/// What one unit had to say.
#[derive(PartialEq, Eq)]
enum Heard {
    All,
    Silence,
    /// It is left alone for a while.
    NotAsked,
    /// Another cabinet answers than the profile's.
    Stranger,
}

impl CabinetTask {
    pub(crate) fn new(
        profile: Profile,
        inbox: mpsc::Receiver<Request>,
        line: OnLine,
        owner: Option<Owner>,
        show: watch::Sender<Readings>,
    ) -> Self {
        Self {
            blocks: wire::blocks(&profile),
            readings: Readings::nothing_yet(&profile),
            show,
            who: Who::Unproven,
            line,
            owner,
            profile,
            inbox,
            still: BTreeMap::new(),
            scans: Scans::default(),
            told: BTreeMap::new(),
            heartbeat: 0,
            alive_at: None,
            apart: BTreeSet::new(),
            search_after: None,
            doubtful: BTreeSet::new(),
            asked_in_doubt: 0,
            waited_in_vain: false,
        }
    }

    /// Serves requests until the last [`Cabinet`](crate::Cabinet) handle is dropped, and the line until nobody is on it.
    pub async fn run(mut self) {
        match self.owner.take() {
            // One task for both: asking the line costs no change of threads.
            Some(owner) => {
                tokio::join!(self.serve(), owner.run());
            }
            None => self.serve().await,
        }
    }

    async fn serve(mut self) {
        while let Some(request) = self.inbox.recv().await {
            if request.is_forgotten() {
                continue;
            }
            // An asker who has left does not mind: the exchange was finished all the same.
            match request {
                Request::Poll(answer) => {
                    self.poll().await;
                    let _ = answer.send(self.readings.clone());
                }
                Request::Probe(answer) => {
                    let probed = self.probe().await;
                    let _ = answer.send(probed);
                }
                Request::Command(command, answer) => {
                    let done = self.command(command).await;
                    match &done {
                        Ok(()) => {}
                        // The link's own trouble and a wrong cabinet are in the log already, once.
                        Err(
                            CommandError::Unsure { .. }
                            | CommandError::NotTold { .. }
                            | CommandError::WrongCabinet(_),
                        ) => {}
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
        self.read_all().await;
        self.show.send_replace(self.readings.clone());
    }

    async fn read_all(&mut self) {
        if !self.is_the_one().await {
            return;
        }
        let known = self.neighbours();
        let (doubtful, trusted): (Vec<u8>, Vec<u8>) = known
            .into_iter()
            .partition(|unit| self.doubtful.contains(unit));
        for unit in std::iter::once(self.profile.link.unit).chain(trusted) {
            if self.read_unit(unit).await == Heard::Stranger {
                return;
            }
        }
        self.read_a_doubtful_one(&doubtful).await;
        self.read_refused_apart();
    }

    /// The other units that points of this cabinet are in.
    fn neighbours(&self) -> BTreeSet<u8> {
        let units = self.blocks.iter().map(|block| block.unit);
        units
            .filter(|unit| *unit != self.profile.link.unit)
            .collect()
    }

    /// At most one unit that said nothing last time, each in its turn, and none in the round after one that was waited for in vain: what
    /// the others say must not grow old meanwhile.
    async fn read_a_doubtful_one(&mut self, doubtful: &[u8]) {
        if std::mem::take(&mut self.waited_in_vain) {
            return;
        }
        let after = doubtful.partition_point(|unit| *unit <= self.asked_in_doubt);
        let (first, next) = doubtful.split_at(after);
        for unit in next.iter().chain(first) {
            self.asked_in_doubt = *unit;
            match self.read_unit(*unit).await {
                // That cost no time.
                Heard::NotAsked => {}
                Heard::All | Heard::Silence | Heard::Stranger => return,
            }
        }
    }

    /// Every block of one unit, until it is silent.
    async fn read_unit(&mut self, unit: u8) -> Heard {
        for at in 0..self.blocks.len() {
            let block = self.blocks[at].clone();
            if block.unit != unit {
                continue;
            }
            match self.line.exchange(unit, block.ask()).await {
                Ok(Answer::Words(words)) => {
                    // The answer may have come over a new connection: from whom?
                    if !self.is_the_one().await {
                        return Heard::Stranger;
                    }
                    self.note_words(&block, &words);
                    self.show.send_replace(self.readings.clone());
                }
                Ok(Answer::Exception(exception)) => self.refused(&block, exception).await,
                // A question knows the one reply that fits it, so a read is never answered like this.
                Ok(Answer::Written) => {}
                Err(error) => {
                    self.note_silence(at, &error);
                    self.doubtful.insert(unit);
                    if matches!(error, LinkError::BackingOff) {
                        return Heard::NotAsked;
                    }
                    self.waited_in_vain |= unit != self.profile.link.unit;
                    return Heard::Silence;
                }
            }
        }
        self.doubtful.remove(&unit);
        Heard::All
    }

    fn note_words(&mut self, block: &wire::Block, words: &[u16]) {
        let at = Instant::now();
        for point in &block.points {
            let spec = &self.profile.points[point];
            let raw = wire::raw(spec, block, words);
            let value = wire::value(*point, spec, raw);
            let round = scans::comes_round_after(spec);
            let mut frozen = self.note_change(*point, raw, at);
            if *point == Point::ScanCounter {
                frozen = self.scans.note(raw, at, round, frozen);
                let unread = value.as_ref().err().cloned();
                self.readings.overall = frozen.clone().or(unread);
            }
            let Some(slot) = self.readings.slots.get_mut(point) else {
                continue;
            };
            slot.raw = Some(raw);
            match (value, frozen) {
                (Ok(value), None) => {
                    slot.last = Some(Reading { value, raw, at });
                    slot.trouble = None;
                }
                (Err(missing), _) | (Ok(_), Some(missing)) => self.note_missing(*point, missing),
            }
        }
    }

    /// The cabinet answered, and there is no value: the last one is not kept. Without its scan counter nobody knows whether the
    /// controller stands still, so nothing it says is believed.
    fn note_missing(&mut self, point: Point, missing: Missing) {
        if point == Point::ScanCounter {
            self.readings.overall = Some(missing.clone());
        }
        if let Some(slot) = self.readings.slots.get_mut(&point) {
            slot.last = None;
            slot.trouble = Some(missing);
        }
    }

    /// The unit did not answer: its values live on to their maximum age, then this is the reason.
    fn note_silence(&mut self, from_block: usize, error: &LinkError) {
        let problem = error.problem();
        let unit = self.blocks[from_block].unit;
        if unit == self.profile.link.unit {
            // Whoever answers next may be another one.
            self.who.doubt();
            // What it refused is no longer the reason.
            self.readings.overall.take_if(|missing| {
                matches!(
                    missing,
                    Missing::Refused { .. } | Missing::OutOfRange { .. }
                )
            });
        }
        let unread = self.blocks[from_block..].iter().filter(|b| b.unit == unit);
        for point in unread.flat_map(|b| &b.points) {
            if let Some(slot) = self.readings.slots.get_mut(point) {
                slot.fall_silent(problem);
            }
        }
    }

    /// Whether the point has stood still for longer than its profile allows. A sensor at rest may: raw 0 (no ozone), and light that counts
    /// as none, since many a sensor rests a little above nothing.
    fn note_change(&mut self, point: Point, raw: u32, at: Instant) -> Option<Missing> {
        let spec = &self.profile.points[&point];
        // Ozone rests at any value: whoever knows when the lamp burns judges it over a cycle.
        let limit = spec.frozen_after.filter(|_| point != Point::OzoneMgM3)?;
        let dark = match (point, self.profile.limits.uv, wire::value(point, spec, raw)) {
            (Point::IrradianceMwCm2, Some(uv), Ok(Value::Number(light))) => {
                light <= uv.irradiance_dark_mw_cm2
            }
            _ => false,
        };
        let (last, changed_at) = self.still.entry(point).or_insert((raw, at));
        if *last != raw {
            (*last, *changed_at) = (raw, at);
        }
        let still_for = at.saturating_duration_since(*changed_at);
        let may_rest = dark || (raw == 0 && point != Point::ScanCounter);
        (still_for >= limit && !may_rest).then(|| Missing::Frozen {
            for_ms: millis(still_for),
        })
    }

    async fn command(&mut self, command: Command) -> Result<(), CommandError> {
        let (point, word) = match command {
            Command::Lamp(switch) => (Point::LampCommand, word(switch)),
            Command::Fan(switch) => (Point::FanCommand, word(switch)),
            Command::Lock(switch) => (Point::LockCommand, word(switch)),
            Command::Heartbeat => {
                self.heartbeat = self.heartbeat.wrapping_add(1);
                self.alive_at = Some(Instant::now());
                (Point::Heartbeat, self.heartbeat)
            }
        };
        self.may_be_told(point, command).await?;
        // Whatever becomes of it, what was told before holds no more.
        self.told.remove(&point);
        let spec = &self.profile.points[&point];
        let (table, address) = (spec.table, spec.address);
        let unit = spec.modbus_unit.unwrap_or(self.profile.link.unit);
        let unsure = |source| CommandError::Unsure { point, source };
        let refused = |exception| CommandError::Refused { point, exception };
        let write = Ask::Write {
            table,
            address,
            word,
        };
        if let Answer::Exception(exception) =
            self.line.exchange(unit, write).await.map_err(unsure)?
        {
            return Err(refused(exception));
        }
        let read = Ask::Read {
            table,
            start: address,
            count: 1,
        };
        let read_back = match self.line.exchange(unit, read).await.map_err(unsure)? {
            Answer::Words(words) => words[0],
            Answer::Exception(exception) => return Err(refused(exception)),
            Answer::Written => {
                let what = BadReply::Kind;
                return Err(unsure(LinkError::BadReply { what }));
            }
        };
        if read_back == word {
            if command != Command::Heartbeat {
                self.told.insert(point, word);
            }
            return Ok(());
        }
        Err(CommandError::NotTaken {
            point,
            wanted: word,
            read_back,
        })
    }
}

fn word(switch: Switch) -> u16 {
    match switch {
        Switch::On => 1,
        Switch::Off => 0,
    }
}
