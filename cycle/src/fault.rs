//! What can go wrong in a cycle, under stable codes.

use serde::{Deserialize, Serialize};

use super::{Watched, WhyMissing};

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
    /// The letters were not turned over in time.
    NotTurnedOver,
    /// A point that is needed now has no value.
    ReadingMissing {
        /// Which point.
        point: Watched,
        /// Why.
        why: WhyMissing,
    },
    /// The cabinet did not take an order that the cycle cannot go on without.
    OrderFailed,
    /// The record could not be made durable.
    RecordFailed,
    /// The daemon found a cycle running when it started.
    RestartedMidCycle,
    /// The daemon found a load in quarantine when it started.
    LeftInQuarantine,
    /// The self test did not pass.
    SelfTestFailed,
    /// The fan, or its contact, says that it runs though it was ordered off.
    FanNotStopped,
    /// The lock, or its contact, says that it is locked though it was ordered to unlock.
    NotUnlocked,
    /// Nothing is on record of this cabinet, and it was found locked, or with its fan running.
    FoundInUse,
    /// Somebody said stop.
    AbortedByOperator,
    /// The station was stopped in mid-cycle.
    StationStopped,
    /// Nobody looked for more than three polls: the station, or its machine, stood still.
    Unwatched,
}

/// Stable code of a controller whose scan counter fell.
pub const CONTROLLER_RESTARTED: &str = "controller_restarted";

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
            // Of a point elsewhere: another unit, or one register, is silent, and the cabinet is not.
            Self::ReadingMissing {
                point: Watched::DoorClosed,
                why: WhyMissing::NoAnswer,
            } => "cabinet_silent",
            Self::ReadingMissing {
                why: WhyMissing::WrongCabinet,
                ..
            } => "wrong_cabinet",
            Self::ReadingMissing {
                why: WhyMissing::FellBack,
                ..
            } => CONTROLLER_RESTARTED,
            Self::ReadingMissing { .. } => "reading_missing",
            Self::NotTurnedOver => "not_turned_over",
            Self::OrderFailed => "order_failed",
            Self::RecordFailed => "record_failed",
            Self::RestartedMidCycle => "restarted_mid_cycle",
            Self::LeftInQuarantine => "left_in_quarantine",
            Self::SelfTestFailed => "self_test_failed",
            Self::FanNotStopped => "fan_not_stopped",
            Self::NotUnlocked => "not_unlocked",
            Self::FoundInUse => "found_in_use",
            Self::AbortedByOperator => "aborted_by_operator",
            Self::StationStopped => "station_stopped",
            Self::Unwatched => "unwatched",
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
