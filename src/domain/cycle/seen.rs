//! What can be seen of a cabinet, and why something cannot. No registers, no driver types: the task
//! that owns the cabinet translates once.

use serde::{Deserialize, Serialize};

/// A point of the cabinet, or the reason why it has no value.
pub type Look<T> = Result<T, WhyMissing>;

/// Everything a cycle looks at, at one moment of the monotonic clock.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Seen {
    /// Monotonic time of this look.
    pub at_ms: u64,
    /// The door's contact.
    pub door_closed: Look<bool>,
    /// The lock's contact.
    pub locked: Look<bool>,
    /// The emergency stop; a cabinet may have none that we can see.
    pub estop_pressed: Look<bool>,
    /// The lamp relay's feedback.
    pub lamp_on: Look<bool>,
    /// UV at the letters, with its own time: the same sample may be looked at twice.
    pub irradiance: Look<Sample>,
    /// The fan's feedback.
    pub fan_on: Look<bool>,
    /// Ozone inside.
    pub ozone_mg_m3: Look<f64>,
}

/// One value of the UV sensor.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Sample {
    /// Monotonic time at which it was read.
    pub at_ms: u64,
    /// What it showed.
    pub mw_cm2: f64,
}

/// Why a point has no value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WhyMissing {
    /// This model has no such point.
    NotFitted,
    /// The cabinet does not answer.
    NoAnswer,
    /// The cabinet refuses this point.
    Refused,
    /// A value that cannot be.
    OutOfRange,
    /// The last value is too old.
    Stale,
    /// The controller stands still.
    Frozen,
}

impl WhyMissing {
    /// Stable name for records.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::NotFitted => "not_fitted",
            Self::NoAnswer => "no_answer",
            Self::Refused => "refused",
            Self::OutOfRange => "out_of_range",
            Self::Stale => "stale",
            Self::Frozen => "frozen",
        }
    }
}

/// Names the points of [`Seen`] in faults.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Watched {
    /// The door's contact.
    DoorClosed,
    /// The lock's contact.
    Locked,
    /// The emergency stop.
    EstopPressed,
    /// The lamp relay's feedback.
    LampOn,
    /// UV at the letters.
    Irradiance,
    /// The fan's feedback.
    FanOn,
    /// Ozone inside.
    Ozone,
}

impl Watched {
    /// Stable name for records, the profile's where there is one.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::DoorClosed => "door_closed",
            Self::Locked => "locked",
            Self::EstopPressed => "estop_pressed",
            Self::LampOn => "lamp_on",
            Self::Irradiance => "irradiance_mw_cm2",
            Self::FanOn => "fan_on",
            Self::Ozone => "ozone_mg_m3",
        }
    }
}

/// What went wrong. [`code`](Fault::code) is stable; wording belongs to the console.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(tag = "fault", rename_all = "snake_case")]
pub enum Fault {
    /// The door is open.
    DoorOpen,
    /// The door is not locked.
    NotLocked,
    /// The emergency stop is pressed.
    EstopPressed,
    /// Told to light, and no UV in time.
    LampDidNotStrike,
    /// It burned and went out, or fell under the least irradiance.
    LampWentOut,
    /// Told to go out, and not seen out in time.
    LampNotOff,
    /// It burns and nobody asked.
    LampLitUnasked,
    /// The longest exposure is over and the dose is not there.
    DoseNotReached,
    /// Told to run, and the fan does not.
    FanNotRunning,
    /// The longest ventilation is over and ozone is above its limit.
    OzoneDidNotFall,
    /// A point that is needed now has no value.
    ReadingMissing {
        /// Which point.
        point: Watched,
        /// Why.
        why: WhyMissing,
    },
    /// The cabinet did not take the order to light.
    OrderFailed,
    /// The record could not be made durable.
    RecordFailed,
    /// The daemon found a cycle running when it started.
    RestartedMidCycle,
    /// The daemon found a load in quarantine when it started.
    LeftInQuarantine,
    /// Somebody said stop.
    AbortedByOperator,
    /// The station was stopped in mid-cycle.
    StationStopped,
}

impl Fault {
    /// Stable name for records, the API and the console.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::DoorOpen => "door_open",
            Self::NotLocked => "not_locked",
            Self::EstopPressed => "estop_pressed",
            Self::LampDidNotStrike => "lamp_did_not_strike",
            Self::LampWentOut => "lamp_went_out",
            Self::LampNotOff => "lamp_not_off",
            Self::LampLitUnasked => "lamp_lit_unasked",
            Self::DoseNotReached => "dose_not_reached",
            Self::FanNotRunning => "fan_not_running",
            Self::OzoneDidNotFall => "ozone_did_not_fall",
            Self::ReadingMissing {
                why: WhyMissing::NoAnswer,
                ..
            } => "cabinet_silent",
            Self::ReadingMissing { .. } => "reading_missing",
            Self::OrderFailed => "order_failed",
            Self::RecordFailed => "record_failed",
            Self::RestartedMidCycle => "restarted_mid_cycle",
            Self::LeftInQuarantine => "left_in_quarantine",
            Self::AbortedByOperator => "aborted_by_operator",
            Self::StationStopped => "station_stopped",
        }
    }
}

impl std::fmt::Display for Fault {
    /// The code, and for a missing reading which point and why: for the record.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::ReadingMissing { point, why } => {
                write!(f, "{}: {} {}", self.code(), point.code(), why.code())
            }
            _ => f.write_str(self.code()),
        }
    }
}

impl Seen {
    /// What makes a start pointless now; the lock engages only after it.
    #[must_use]
    pub fn hinders_start(&self) -> Option<Fault> {
        let missing =
            |why: Option<WhyMissing>, point| why.map(|why| Fault::ReadingMissing { point, why });
        missing(self.door_closed.err(), Watched::DoorClosed)
            .or_else(|| missing(self.lamp_on.err(), Watched::LampOn))
            .or_else(|| missing(self.irradiance.err(), Watched::Irradiance))
            .or_else(|| missing(self.fan_on.err(), Watched::FanOn))
            .or_else(|| missing(self.ozone_mg_m3.err(), Watched::Ozone))
            .or_else(|| (self.door_closed == Ok(false)).then_some(Fault::DoorOpen))
            .or_else(|| (self.estop_pressed == Ok(true)).then_some(Fault::EstopPressed))
    }

    /// What forbids going on behind a closed and locked door.
    pub(super) fn interlock(&self) -> Option<Fault> {
        let must = |look: Look<bool>, point, wanted, fault| match look {
            Ok(value) if value == wanted => None,
            Ok(_) => Some(fault),
            Err(why) => Some(Fault::ReadingMissing { point, why }),
        };
        must(self.door_closed, Watched::DoorClosed, true, Fault::DoorOpen)
            .or_else(|| must(self.locked, Watched::Locked, true, Fault::NotLocked))
            .or_else(|| match self.estop_pressed {
                Err(WhyMissing::NotFitted) => None,
                look => must(look, Watched::EstopPressed, false, Fault::EstopPressed),
            })
    }
}
