//! One UV cycle: what was seen → what to order, and whether the load may be released.
//!
//! Pure: a value goes in, the next value comes out; whoever drives it makes the change durable
//! before acting on it. It leaves out turning the letters over, timer mode without a UV sensor and
//! re-attaching after a restart. “Released” says that the outer surfaces were exposed, never more.

use serde::{Deserialize, Serialize};

mod count;
mod seen;
mod step;
#[cfg(test)]
mod tests;

pub use count::{Aired, Exposure};
pub use seen::{Fault, Look, Sample, Seen, Watched, WhyMissing};

/// What a limit is held against.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Basis {
    /// A sensor at the letters.
    Measured,
    /// Time alone, with a longer minimum; nothing was measured and nothing is claimed.
    Timer,
}

/// How many exposures a load needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Sides {
    /// The cabinet exposes every side at once.
    Both,
    /// One side at a time: the letters are turned over between two exposures.
    One,
}

/// What a cycle must reach and how long each part may take.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Rules {
    /// From one look to the next; a gap of more than three earns nothing.
    pub poll_ms: u64,
    /// For door, lock and readings to be good.
    pub preflight_max_ms: u64,
    /// For the lamp to be seen lit.
    pub strike_max_ms: u64,
    /// Least time lit.
    pub min_exposure_ms: u64,
    /// Longest time from the strike to the dose.
    pub max_exposure_ms: u64,
    /// For the lamp to be seen out.
    pub off_confirm_max_ms: u64,
    /// Longest time the fan may not be seen running while it should.
    pub fan_start_max_ms: u64,
    /// Least time with the fan seen running.
    pub ventilation_ms: u64,
    /// Longest ventilation.
    pub ventilation_max_ms: u64,
    /// The lamp counts as lit from here.
    pub irradiance_struck_mw_cm2: f64,
    /// The lamp counts as out up to here.
    pub irradiance_dark_mw_cm2: f64,
    /// Least dose.
    pub target_dose_mj_cm2: f64,
    /// Most ozone when the door may open.
    pub ozone_release_mg_m3: f64,
}

/// Where a cycle is.
///
/// ```text
///            start            all good          lit             dose ∧ time
///   Idle ───────────▶ Preflight ─────▶ Striking ─────▶ Irradiating ─────▶ Stopping
///    ▲  ▲                 │                │                │                │ seen out
///    │  │ start again     │ not in time    │     any fault, or “abort”       ▼
///    │  └──── Released    ▼                ▼                ▼           Ventilating
///    │           ▲    Quarantined ◀──── Aborting ◀──────────┴────────────────┤
///    │           │        │  ▲  seen out   │                                 │ aired ∧ ozone low
///    │           │        │  └──────────┐  │ not seen out                    ▼
///    └───────────┼────────┘        Alarm ◀─┘                             Releasing
///      acknowledge  (alarm: acknowledge, once seen out → Quarantined)        │
///                └───────────────────── release recorded ◀───────────────────┘
/// ```
///
/// A lamp seen lit in Idle, Released or Quarantined leads to Aborting as well. Start is taken in
/// Idle, Released and Quarantined. The door is unlocked in Idle and Released only.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "step", rename_all = "snake_case")]
pub enum Step {
    /// Nothing is going on; the door may be open.
    Idle,
    /// The door is being locked and everything checked.
    Preflight {
        /// When it began.
        since_ms: u64,
    },
    /// The lamp was told to light.
    Striking {
        /// When it was told.
        since_ms: u64,
    },
    /// The lamp is lit and the dose counts.
    Irradiating {
        /// When it was first seen lit.
        since_ms: u64,
        /// What the load has had.
        exposure: Exposure,
    },
    /// The dose is there; the lamp was told to go out.
    Stopping {
        /// When it was told.
        since_ms: u64,
        /// What the load has had.
        exposure: Exposure,
    },
    /// The lamp was seen out; the fan runs.
    Ventilating {
        /// When it began.
        since_ms: u64,
        /// What the load has had.
        exposure: Exposure,
        /// Air it has had.
        aired: Aired,
    },
    /// Everything is reached; the release is being recorded. The door stays locked until it is.
    Releasing {
        /// When it began.
        since_ms: u64,
        /// What the load has had.
        exposure: Exposure,
        /// Air it has had.
        aired: Aired,
    },
    /// The release is on record; the door is unlocked.
    Released {
        /// What the load has had.
        exposure: Exposure,
        /// Air it has had.
        aired: Aired,
    },
    /// Something went wrong; the lamp must be seen out.
    Aborting {
        /// When it began.
        since_ms: u64,
        /// What went wrong.
        fault: Fault,
        /// What the load has had; it counts for nothing.
        exposure: Exposure,
    },
    /// The lamp is out and the load is not disinfected; the door stays locked.
    Quarantined {
        /// What went wrong.
        fault: Fault,
        /// What the load has had; it counts for nothing.
        exposure: Exposure,
    },
    /// The lamp was not seen out: cut the mains. The door stays locked.
    Alarm {
        /// What went wrong first.
        fault: Fault,
        /// What the load has had; it counts for nothing.
        exposure: Exposure,
        /// The lamp as last seen.
        lamp: Lamp,
    },
}

/// The lamp as two independent witnesses, relay and UV sensor, show it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Lamp {
    /// Both say out.
    Out,
    /// At least one says lit.
    Lit,
    /// Neither says lit, and one has nothing to say.
    Unknown,
}

/// What a person or the station asks of a cycle.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Ask {
    /// Begin with the load that is in the cabinet.
    Start,
    /// Stop now.
    Abort,
    /// Stop now, because the station is being stopped.
    Shutdown,
    /// The release is on disk.
    ReleaseRecorded,
    /// The record of the last change could not be made durable.
    RecordFailed,
    /// The cabinet did not take the order to light the lamp.
    LightingFailed,
    /// Somebody has seen a quarantine or an alarm and takes it from there.
    Acknowledge,
}

/// Why something that was asked is not done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Refused {
    /// A cycle is running.
    CycleRunning,
    /// An alarm stands and the lamp has not been seen out since.
    LampNotSeenOut,
    /// An alarm stands; acknowledge it first.
    AlarmStands,
    /// No cycle is running.
    NothingRunning,
    /// Nothing waits for a release.
    NothingToRelease,
    /// Nothing waits to be acknowledged.
    NothingToAcknowledge,
}

impl Refused {
    /// Stable name for the API and the console.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::CycleRunning => "cycle_running",
            Self::LampNotSeenOut => "lamp_not_seen_out",
            Self::AlarmStands => "alarm_stands",
            Self::NothingRunning => "nothing_running",
            Self::NothingToRelease => "nothing_to_release",
            Self::NothingToAcknowledge => "nothing_to_acknowledge",
        }
    }
}

/// What the cabinet should be doing. Giving the same orders again changes nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Orders {
    /// The lamp.
    pub lamp: Switch,
    /// The fan.
    pub fan: Switch,
    /// The lock.
    pub lock: Switch,
    /// Whether the lamp stays permitted for another second.
    pub heartbeat: Heartbeat,
}

/// On or off.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Switch {
    /// On; of a lock: locked.
    On,
    /// Off; of a lock: unlocked.
    Off,
}

/// The sign of life that the cabinet's controller waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Heartbeat {
    /// Give it with every look.
    Given,
    /// Withhold it: the controller then keeps the lamp out, whatever becomes of our orders.
    Withheld,
}

/// How the last run of the daemon left the cabinet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Left {
    /// No cycle, or one that was released or acknowledged.
    Clean,
    /// A cycle had begun and has no end on record.
    Unfinished,
    /// A load that a cycle did not release may still be inside.
    Quarantined,
}

/// A cycle: its rules and where it is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Cycle {
    rules: Rules,
    step: Step,
}

impl Cycle {
    /// As found at start-up. A running cycle is never taken up again: its lamp is put out first.
    #[must_use]
    pub fn at_start(rules: Rules, left: Left, at_ms: u64) -> Self {
        let exposure = Exposure::default();
        let step = match left {
            Left::Clean => Step::Idle,
            Left::Unfinished => Step::Aborting {
                since_ms: at_ms,
                fault: Fault::RestartedMidCycle,
                exposure,
            },
            Left::Quarantined => Step::Quarantined {
                fault: Fault::LeftInQuarantine,
                exposure,
            },
        };
        Self { rules, step }
    }

    /// Where it is.
    #[must_use]
    pub fn step(&self) -> &Step {
        &self.step
    }

    /// Its rules.
    #[must_use]
    pub fn rules(&self) -> &Rules {
        &self.rules
    }

    /// The next state after a look at the cabinet.
    #[must_use]
    pub fn see(&self, seen: &Seen) -> Self {
        Self {
            rules: self.rules.clone(),
            step: self.rules.next(&self.step, seen),
        }
    }

    /// The next state after somebody asked for something.
    ///
    /// # Errors
    /// When it cannot be done in this state.
    pub fn ask(&self, ask: Ask, at_ms: u64) -> Result<Self, Refused> {
        let step = match ask {
            Ask::Start => self.step.started(at_ms)?,
            Ask::Abort => self.step.failed(Fault::AbortedByOperator, at_ms)?,
            Ask::Shutdown => self.step.failed(Fault::StationStopped, at_ms)?,
            Ask::RecordFailed => self.step.failed(Fault::RecordFailed, at_ms)?,
            Ask::LightingFailed => self.step.failed(Fault::OrderFailed, at_ms)?,
            Ask::ReleaseRecorded => self.step.released()?,
            Ask::Acknowledge => self.step.acknowledged()?,
        };
        Ok(Self {
            rules: self.rules.clone(),
            step,
        })
    }
}
