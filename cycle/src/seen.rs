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
    /// How long nobody had looked before this, time that the machine slept through included.
    pub unseen_ms: u64,
    /// When the feedback of relay and fan was read, the older of the two: a look may have to go by what is still fresh enough.
    pub feedback_at_ms: u64,
    /// The door's contact.
    pub door_closed: Look<bool>,
    /// The lock's contact.
    pub locked: Look<bool>,
    /// The emergency stop; a cabinet may have none that we can see.
    pub estop_pressed: Look<bool>,
    /// The lamp relay's feedback.
    pub lamp_on: Look<bool>,
    /// The lamp's current; few cabinets show it.
    pub lamp_current_a: Look<f64>,
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
    /// The controller has started anew, or its scan counter does not count.
    FellBack,
    /// The cabinet is not the one of the profile.
    WrongCabinet,
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
            Self::FellBack => "fell_back",
            Self::WrongCabinet => "wrong_cabinet",
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
    /// The lamp's current.
    LampCurrent,
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
            Self::LampCurrent => "lamp_current_a",
            Self::Irradiance => "irradiance_mw_cm2",
            Self::FanOn => "fan_on",
            Self::Ozone => "ozone_mg_m3",
        }
    }
}
