//! A UV disinfection cabinet behind Modbus: readings with their age, commands with their read-back.
//!
//! Knows registers and time-outs; knows nothing of loads, cycles or letters. It never decides that
//! a lamp may burn: the cabinet's own controller is the interlock, and puts the lamps out when the
//! heartbeat stops.
//!
//! In order: [`Profile`] says where things are, `wire.rs` turns registers into readings, [`CabinetTask`] asks for them, [`Lines`]
//! knows who shares a connection (`line/owner.rs` owns it; `pdu.rs`, `frame.rs` and `serial.rs` are its bytes), [`Cabinet`] is the
//! handle everyone else holds, and [`sim`] is a cabinet on a real socket.

use std::{
    collections::BTreeMap,
    fmt,
    time::{Duration, Instant},
};

use serde::Deserialize;
use tokio::sync::{mpsc, oneshot};

mod chain;
mod error;
mod frame;
mod line;
mod pdu;
mod profile;
mod quality;
mod serial;
pub mod sim;
mod task;
mod wire;

pub use error::{BadReply, CommandError, LinkError, LinkProblem, Missing, ProfileError};
pub use line::Lines;
pub use profile::{
    Address, Basis, Direction, Kind, Limits, Link, Maintenance, MapOrigin, Parity, PointSpec,
    Profile, SerialLine, Sides, Table, Timing, Transport, UvLimits, WordOrder,
};
pub use quality::LinkQuality;
pub use task::CabinetTask;

/// Everything a cabinet can tell or be told. A closed set: a cycle is written against these names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Point {
    /// The door's contact.
    DoorClosed,
    /// The lock's contact.
    Locked,
    /// The emergency stop.
    EstopPressed,
    /// The lamp relay's feedback contact.
    LampOn,
    /// The fan's own feedback.
    FanOn,
    /// The lamp's current, where the cabinet shows it.
    LampCurrentA,
    /// UV sensor.
    IrradianceMwCm2,
    /// Ozone sensor.
    OzoneMgM3,
    /// Lamp wall temperature.
    LampTemperatureC,
    /// Lamp hours.
    LampHoursH,
    /// How often the lamp was struck.
    LampStrikes,
    /// Counts the controller's scans.
    ScanCounter,
    /// Lamp on or off.
    LampCommand,
    /// Fan on or off.
    FanCommand,
    /// Lock or unlock the door.
    LockCommand,
    /// A new number every poll keeps the lamp permitted.
    Heartbeat,
}

impl Point {
    /// All of them, sensors first.
    pub const ALL: [Self; 16] = [
        Self::DoorClosed,
        Self::Locked,
        Self::EstopPressed,
        Self::LampOn,
        Self::FanOn,
        Self::LampCurrentA,
        Self::IrradianceMwCm2,
        Self::OzoneMgM3,
        Self::LampTemperatureC,
        Self::LampHoursH,
        Self::LampStrikes,
        Self::ScanCounter,
        Self::LampCommand,
        Self::FanCommand,
        Self::LockCommand,
        Self::Heartbeat,
    ];

    /// Its name in profiles and records.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::DoorClosed => "door_closed",
            Self::Locked => "locked",
            Self::EstopPressed => "estop_pressed",
            Self::LampOn => "lamp_on",
            Self::FanOn => "fan_on",
            Self::LampCurrentA => "lamp_current_a",
            Self::IrradianceMwCm2 => "irradiance_mw_cm2",
            Self::OzoneMgM3 => "ozone_mg_m3",
            Self::LampTemperatureC => "lamp_temperature_c",
            Self::LampHoursH => "lamp_hours_h",
            Self::LampStrikes => "lamp_strikes",
            Self::ScanCounter => "scan_counter",
            Self::LampCommand => "lamp_command",
            Self::FanCommand => "fan_command",
            Self::LockCommand => "lock_command",
            Self::Heartbeat => "heartbeat",
        }
    }

    /// The unit a profile must bring it to.
    #[must_use]
    pub fn unit(self) -> Option<&'static str> {
        match self {
            Self::IrradianceMwCm2 => Some("mW/cm2"),
            Self::OzoneMgM3 => Some("mg/m3"),
            Self::LampCurrentA => Some("A"),
            Self::LampTemperatureC => Some("degC"),
            Self::LampHoursH => Some("h"),
            Self::LampStrikes | Self::ScanCounter => Some("count"),
            _ => None,
        }
    }

    /// Whether we write it.
    #[must_use]
    pub fn is_command(self) -> bool {
        matches!(
            self,
            Self::LampCommand | Self::FanCommand | Self::LockCommand | Self::Heartbeat
        )
    }

    /// Whether it is a number rather than yes or no.
    #[must_use]
    pub fn is_number(self) -> bool {
        self.unit().is_some() || self == Self::Heartbeat
    }

    /// Whether no cycle can be run without it, whatever the profile says. Door and lamp feedback are the
    /// two witnesses that nothing replaces; the fan's is what ventilation is counted by.
    #[must_use]
    pub fn is_required(self) -> bool {
        self.is_command() || matches!(self, Self::DoorClosed | Self::LampOn | Self::FanOn)
    }
}

impl fmt::Display for Point {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// What a cabinet can be told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Command {
    /// Burn or go out.
    Lamp(Switch),
    /// Blow or stop.
    Fan(Switch),
    /// Lock (`On`) or unlock (`Off`) the door.
    Lock(Switch),
    /// We are alive; keep the lamp permitted for another second.
    Heartbeat,
}

/// On or off.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Switch {
    /// On.
    On,
    /// Off.
    Off,
}

/// A value and when it was read.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Reading {
    /// Scaled value.
    pub value: Value,
    /// The bits as they came.
    pub raw: u32,
    /// When the reply was complete.
    pub at: Instant,
}

impl Reading {
    /// How old it is at `now`.
    #[must_use]
    pub fn age(&self, now: Instant) -> Duration {
        now.saturating_duration_since(self.at)
    }
}

/// Yes or no, or a number in the point's unit.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Value {
    /// Yes or no.
    Flag(bool),
    /// In the unit of [`Point::unit`].
    Number(f64),
}

/// All points as the last poll left them. Ages go on counting: ask with the time it is now.
#[derive(Debug, Clone)]
pub struct Readings {
    slots: BTreeMap<Point, Slot>,
    /// Set when no point may be believed, whatever it says.
    overall: Option<Missing>,
}

#[derive(Debug, Clone)]
struct Slot {
    last: Option<Reading>,
    /// The bits of the last answer, believed or not.
    raw: Option<u32>,
    trouble: Option<Missing>,
    max_age: Duration,
}

impl Readings {
    fn nothing_yet(profile: &Profile) -> Self {
        let slots = profile
            .points
            .iter()
            .filter(|(point, _)| !point.is_command())
            .map(|(point, spec)| {
                let slot = Slot {
                    last: None,
                    raw: None,
                    trouble: None,
                    max_age: spec.max_age,
                };
                (*point, slot)
            })
            .collect();
        Self {
            slots,
            overall: None,
        }
    }

    fn owner_gone() -> Self {
        Self {
            slots: BTreeMap::new(),
            overall: Some(Missing::OwnerGone),
        }
    }

    /// The point's value, unless there is none that may be believed at `now`.
    ///
    /// # Errors
    /// The reason why there is none.
    pub fn get(&self, point: Point, now: Instant) -> Result<Reading, Missing> {
        if let Some(missing) = &self.overall {
            return Err(missing.clone());
        }
        let slot = self.slots.get(&point).ok_or(Missing::NotInProfile)?;
        match (&slot.last, &slot.trouble) {
            (Some(reading), _) if reading.age(now) <= slot.max_age => Ok(*reading),
            (_, Some(trouble)) => Err(trouble.clone()),
            (Some(reading), None) => Err(Missing::Stale {
                age_ms: millis(reading.age(now)),
                max_age_ms: millis(slot.max_age),
            }),
            (None, None) => Err(Missing::NotReadYet),
        }
    }

    /// How old the point's last value is, believed or not.
    #[must_use]
    pub fn age(&self, point: Point, now: Instant) -> Option<Duration> {
        let slot = self.slots.get(&point)?;
        slot.last.map(|reading| reading.age(now))
    }

    /// The bits of the point's last answer, believed or not: what a person compares with the maker's papers.
    #[must_use]
    pub fn raw(&self, point: Point) -> Option<u32> {
        self.slots.get(&point)?.raw
    }

    /// A yes-or-no point.
    ///
    /// # Errors
    /// The reason why there is none.
    pub fn flag(&self, point: Point, now: Instant) -> Result<bool, Missing> {
        self.get(point, now).map(|reading| match reading.value {
            Value::Flag(flag) => flag,
            Value::Number(number) => number != 0.0,
        })
    }

    /// A measured point, in its unit.
    ///
    /// # Errors
    /// The reason why there is none.
    pub fn number(&self, point: Point, now: Instant) -> Result<f64, Missing> {
        self.get(point, now).map(|reading| match reading.value {
            Value::Flag(flag) => f64::from(u8::from(flag)),
            Value::Number(number) => number,
        })
    }

    /// Every point that is not a command, with what is known of it at `now`.
    pub fn all(&self, now: Instant) -> impl Iterator<Item = (Point, Result<Reading, Missing>)> {
        Point::ALL
            .into_iter()
            .filter(|point| !point.is_command())
            .map(move |point| (point, self.get(point, now)))
    }
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

/// One cabinet, as everyone but its owner sees it. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Cabinet {
    requests: mpsc::Sender<Request>,
    quality: quality::Gauge,
}

#[derive(Debug)]
enum Request {
    Poll(oneshot::Sender<Readings>),
    Command(Command, oneshot::Sender<Result<(), CommandError>>),
}

/// Requests that may wait while the owner is busy with one.
const WAITING_ROOM: usize = 8;

impl Cabinet {
    /// A cabinet with a line to itself: a handle, and the task that must be run for it. Nothing is connected before the
    /// first poll. The task ends when the last handle is dropped. Cabinets that may share a line come from one [`Lines`].
    #[must_use]
    pub fn new(profile: Profile) -> (Self, CabinetTask) {
        let (ask, owner) = line::alone(&profile.link);
        Self::on_line(profile, ask, Some(owner))
    }

    fn on_line(
        profile: Profile,
        ask: line::LineSender,
        owner: Option<line::Owner>,
    ) -> (Self, CabinetTask) {
        let (requests, inbox) = mpsc::channel(WAITING_ROOM);
        let (tally, quality) = quality::gauge();
        let line = line::OnLine::new(&profile.link, ask, tally);
        (
            Self { requests, quality },
            CabinetTask::new(profile, inbox, line, owner),
        )
    }

    /// How well the link works, at once and without asking the cabinet. The last look remains when
    /// the driver has ended.
    #[must_use]
    pub fn link_quality(&self) -> LinkQuality {
        self.quality.look()
    }

    /// Reads every point once. Always returns, at the latest after two tries (connect, hear the line out, reply time-out)
    /// per unit of the profile and whatever the other cabinets of its line ask meanwhile; one that does not answer shows as
    /// missing readings.
    ///
    /// Whoever drops this future early loses the answer; the owner finishes the exchange, so the
    /// connection stays in step.
    pub async fn poll(&self) -> Readings {
        let (answer, answered) = oneshot::channel();
        if self.requests.send(Request::Poll(answer)).await.is_err() {
            return Readings::owner_gone();
        }
        answered.await.unwrap_or_else(|_| Readings::owner_gone())
    }

    /// Writes one command and reads it back. Done means that the register holds it, not that the
    /// lamp burns: the effect is a matter of readings.
    ///
    /// # Errors
    /// When it was refused, not taken, or the link broke and nobody knows.
    pub async fn command(&self, command: Command) -> Result<(), CommandError> {
        let (answer, answered) = oneshot::channel();
        self.requests
            .send(Request::Command(command, answer))
            .await
            .map_err(|_| CommandError::OwnerGone)?;
        answered.await.unwrap_or(Err(CommandError::OwnerGone))
    }
}
