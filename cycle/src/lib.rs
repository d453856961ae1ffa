//! One UV cycle: what was seen → what to order, and whether the load may be released.
//!
//! Pure: a value goes in, the next value comes out; whoever drives it makes the change durable
//! before acting on it. Two axes: the [`Step`] of the cabinet, and the [`Load`] with what it has had
//! and what went wrong. “Released” says that the outer surfaces were exposed, never more.
//!
//! A crate of its own, so that the optimiser works on that also where it leaves the station alone (`make test`). The diagram and the table below are made from the code: `explore.rs` visits every state that
//! can be reached with every input there is, and refuses a table that says anything else.
#![doc = include_str!("transitions.md")]

use serde::{Deserialize, Serialize};

mod ask;
#[cfg(test)]
mod explore;
mod fault;
mod load;
mod orders;
mod rules;
mod seen;
mod step;
#[cfg(test)]
mod tests;
mod witness;

pub use ask::{Ask, For, Grounds, Refused};
pub use fault::{CONTROLLER_RESTARTED, Fault};
pub use load::{Aired, Exposure, Load};
pub use orders::{Heartbeat, Orders, Switch};
pub use rules::{Basis, Dose, Ozone, Rules, Sides};
pub use seen::{Look, Sample, Seen, Watched, WhyMissing};

/// Where the cabinet is in a cycle.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "step", rename_all = "snake_case")]
pub enum Step {
    /// The daemon has started and not seen the cabinet yet; nothing is locked or unlocked.
    Unknown {
        /// When it started.
        since_ms: u64,
        /// How the last run left the cabinet.
        left: Left,
    },
    /// Nothing is going on; the door may be open.
    Idle,
    /// Everything but the lock is checked.
    Preflight {
        /// When it began.
        since_ms: u64,
    },
    /// The door is being locked and everything checked again.
    Locked {
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
    },
    /// The exposure is enough; the lamp was told to go out.
    Stopping {
        /// When it was told.
        since_ms: u64,
    },
    /// The lamp was seen out; the fan runs. A failed load is aired too: its lamp burnt.
    Ventilating {
        /// When it began.
        since_ms: u64,
    },
    /// One side is done; the door is unlocked so that the letters can be turned over. The load is not
    /// released.
    TurningOver {
        /// When it began.
        since_ms: u64,
        /// What the door was seen doing since.
        door: DoorSeen,
    },
    /// Everything is reached; the release is being recorded. The door stays locked until it is.
    Releasing {
        /// When it began.
        since_ms: u64,
    },
    /// The release is on record; the door is unlocked.
    Released,
    /// Something went wrong; the lamp must be seen out.
    Aborting {
        /// When it began.
        since_ms: u64,
    },
    /// The lamp is out and the load is not disinfected; the door stays locked.
    Quarantined {
        /// Whether the ozone is known to be low.
        air: Air,
    },
    /// The lamp was not seen out: cut the mains. The door stays locked.
    Alarm {
        /// The lamp as last seen.
        lamp: Lamp,
    },
}

/// The lamp as all its witnesses show it: relay, UV sensor and current, as far as the cabinet has them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Lamp {
    /// All say out.
    Out,
    /// At least one says lit.
    Lit,
    /// None says lit, and one has nothing to say.
    Unknown,
}

impl Lamp {
    /// Stable name for the API and records.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::Out => "out",
            Self::Lit => "lit",
            Self::Unknown => "unknown",
        }
    }
}

/// The air inside a quarantine.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Air {
    /// The ozone is known to be low.
    Clear,
    /// It is not.
    NotShown,
}

/// What the door was seen doing while the letters are to be turned over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DoorSeen {
    /// It has not been opened.
    NotOpened,
    /// It is open.
    Open,
    /// It was opened and closed again.
    ClosedAgain,
}

/// How the last run of the daemon left the cabinet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Left {
    /// Nothing is on record of this cabinet: another station may have used it, or this one under another name.
    NoRecord,
    /// No cycle, or one whose load was let out, and the door has been seen open since.
    Clean,
    /// The last cycle's load was let out, and the door has not been seen open since.
    NotEmptied,
    /// A cycle had begun and has no end on record.
    Unfinished,
    /// A load that a cycle did not release may still be inside.
    Quarantined,
    /// A self test did not pass: no load is inside, ozone and a lit lamp may be.
    TestFailed,
    /// Found in use by an earlier run, and no person has looked into it.
    FoundInUse,
    /// Found in use; a person has looked into it, and the door has not been seen open since.
    LookedInto,
}

/// Whether the load of the last cycle can still be inside, now that it may be taken out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LastLoad {
    /// The door has not been seen open since that cycle's end.
    MayBeInside,
    /// It has, while it was unlocked; or there was no cycle.
    LetOut,
    /// The cabinet was found in use, and nothing is on record of it: whatever lies inside, nobody knows.
    NobodyKnows,
}

/// A cycle: its rules, where the cabinet is, and what the load has had.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Cycle {
    rules: Rules,
    step: Step,
    load: Load,
    last_load: LastLoad,
}

impl Cycle {
    /// As found at start-up: nothing is known until the cabinet was seen.
    #[must_use]
    pub fn at_start(rules: Rules, left: Left, since_ms: u64) -> Self {
        Self {
            rules,
            step: Step::Unknown { since_ms, left },
            load: Load::default(),
            last_load: match left {
                Left::Clean | Left::NoRecord => LastLoad::LetOut,
                Left::NotEmptied | Left::Unfinished | Left::Quarantined | Left::TestFailed => {
                    LastLoad::MayBeInside
                }
                Left::FoundInUse | Left::LookedInto => LastLoad::NobodyKnows,
            },
        }
    }

    /// The same where an alarm of an earlier run stands: it goes on until a person acknowledges it, whatever the lamp does meanwhile.
    #[must_use]
    pub fn at_start_in_alarm(rules: Rules, left: Left, since_ms: u64) -> Self {
        let lamp = Lamp::Unknown;
        Self::at_start(rules, left, since_ms)
            .failed(Fault::LampNotOff)
            .at(Step::Alarm { lamp })
    }

    /// After a self test of this run: it put no load in and took none out.
    #[must_use]
    pub fn after_test(&self, left: Left, since_ms: u64) -> Self {
        Self {
            last_load: self.last_load,
            ..Self::at_start(self.rules.clone(), left, since_ms)
        }
    }

    /// Where the cabinet is.
    #[must_use]
    pub fn step(&self) -> &Step {
        &self.step
    }

    /// What the load has had, and what went wrong.
    #[must_use]
    pub fn load(&self) -> &Load {
        &self.load
    }

    /// Whether the load of the last cycle can still be inside.
    #[must_use]
    pub fn last_load(&self) -> LastLoad {
        self.last_load
    }

    /// Its rules.
    #[must_use]
    pub fn rules(&self) -> &Rules {
        &self.rules
    }

    /// What went wrong, where something did and still stands.
    #[must_use]
    pub fn fault(&self) -> Option<Fault> {
        match self.step {
            Step::Idle => None,
            _ => self.load.failed,
        }
    }
}

impl Step {
    /// Stable name for records, the API and the console.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Unknown { .. } => "unknown",
            Self::Idle => "idle",
            Self::Preflight { .. } => "preflight",
            Self::Locked { .. } => "locked",
            Self::Striking { .. } => "striking",
            Self::Irradiating { .. } => "irradiating",
            Self::Stopping { .. } => "stopping",
            Self::Ventilating { .. } => "ventilating",
            Self::TurningOver { .. } => "turning_over",
            Self::Releasing { .. } => "releasing",
            Self::Released => "released",
            Self::Aborting { .. } => "aborting",
            Self::Quarantined { .. } => "quarantined",
            Self::Alarm { .. } => "alarm",
        }
    }

    /// Whether a load is inside whose outcome is open.
    #[must_use]
    pub fn is_running(&self) -> bool {
        !matches!(
            self,
            Self::Unknown { .. }
                | Self::Idle
                | Self::Released
                | Self::Quarantined { .. }
                | Self::Alarm { .. }
        )
    }
}
