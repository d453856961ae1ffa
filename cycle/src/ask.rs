//! What a person or the station may ask of a cycle, and why it is refused.

use serde::{Deserialize, Serialize};

use super::{Air, Aired, Cycle, DoorSeen, Fault, Lamp, LastLoad, Load, Step};

/// What a person or the station asks of a cycle.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Ask {
    /// Begin with the load that is in the cabinet.
    Start(For),
    /// Stop now.
    Abort,
    /// Stop now, because the station is being stopped.
    Shutdown,
    /// The letters have been turned over.
    TurnedOver,
    /// The release is on disk.
    ReleaseRecorded,
    /// The record of the last change could not be made durable.
    RecordFailed,
    /// The cabinet did not take an order that the cycle cannot go on without.
    OrderFailed,
    /// Somebody has seen the alarm and takes it from there.
    Acknowledge,
    /// Open the door of a quarantine.
    Open(Grounds),
}

/// For which load a cycle is to begin.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum For {
    /// The one that the last cycle in this cabinet was for.
    TheSameLoad,
    /// Another one: it can only have come in through an open door.
    AnotherLoad,
}

/// On what grounds the door of a quarantine is opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Grounds {
    /// The load is under a signed override, on record.
    SignedOverride,
    /// According to the records no load that waits for disinfection is inside.
    NothingInside,
    /// There are no records; a person who may end alarms has looked into it.
    APersonsWord,
}

/// Why something that was asked is not done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Refused {
    /// The cabinet has not been seen since the daemon started.
    NotSeenYet,
    /// A cycle is running.
    CycleRunning,
    /// No cycle is running: a lamp's witness says lit though nobody asked. The contact may be stuck on, or daylight reach the sensor.
    LampLitUnasked,
    /// No cycle is running: what the last one left is being made safe.
    BeingAired,
    /// An alarm stands and the lamp has not been seen out since.
    LampNotSeenOut,
    /// An alarm stands; acknowledge it first.
    AlarmStands,
    /// No cycle is running.
    NothingRunning,
    /// Nothing waits for a release.
    NothingToRelease,
    /// Nothing waits to be acknowledged or opened.
    NothingToAcknowledge,
    /// Nothing waits to be turned over.
    NothingToTurnOver,
    /// The door was not seen opened and closed again.
    DoorNotSeenMoving,
    /// The ozone is not known to be low.
    OzoneNotLow,
    /// Another load than the last one, and the door was not seen open since that one's end.
    DoorNotOpenedSince,
}

impl Refused {
    /// Stable name for the API and the console.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::NotSeenYet => "cabinet_silent",
            Self::CycleRunning => "cycle_running",
            Self::LampLitUnasked => "lamp_lit_unasked",
            Self::BeingAired => "being_aired",
            Self::LampNotSeenOut => "lamp_not_seen_out",
            Self::AlarmStands => "alarm_stands",
            Self::NothingRunning => "nothing_running",
            Self::NothingToRelease => "nothing_to_release",
            Self::NothingToAcknowledge => "nothing_to_acknowledge",
            Self::NothingToTurnOver => "nothing_to_turn_over",
            Self::DoorNotSeenMoving => "door_not_seen_moving",
            Self::OzoneNotLow => "ozone_not_low",
            Self::DoorNotOpenedSince => "door_not_opened_since",
        }
    }
}

impl Cycle {
    /// The next state after somebody asked for something.
    ///
    /// # Errors
    /// When it cannot be done in this state.
    pub fn ask(&self, ask: Ask, at_ms: u64) -> Result<Self, Refused> {
        match ask {
            Ask::Start(load) => self.started(load, at_ms),
            Ask::Abort => self.broken_off(Fault::AbortedByOperator, at_ms),
            Ask::Shutdown => self.broken_off(Fault::StationStopped, at_ms),
            Ask::RecordFailed => self.broken_off(Fault::RecordFailed, at_ms),
            Ask::OrderFailed => self.broken_off(Fault::OrderFailed, at_ms),
            Ask::TurnedOver => self.turned_over(at_ms),
            Ask::ReleaseRecorded => match self.step {
                Step::Releasing { .. } => Ok(self.at(Step::Released)),
                _ => Err(Refused::NothingToRelease),
            },
            Ask::Acknowledge => match self.step {
                Step::Alarm { lamp: Lamp::Out } => Ok(self.ventilated_from(at_ms)),
                Step::Alarm { .. } => Err(Refused::LampNotSeenOut),
                _ => Err(Refused::NothingToAcknowledge),
            },
            Ask::Open(grounds) => match self.step {
                // Records say nothing where there are none, and a person says nothing against them.
                Step::Quarantined { .. }
                    if (grounds == Grounds::APersonsWord)
                        != (self.last_load == LastLoad::NobodyKnows) =>
                {
                    Err(Refused::NothingToAcknowledge)
                }
                Step::Quarantined { air: Air::Clear } => Ok(self.at(Step::Idle)),
                Step::Quarantined { air: Air::NotShown } => Err(Refused::OzoneNotLow),
                Step::Alarm { .. } => Err(Refused::AlarmStands),
                _ => Err(Refused::NothingToAcknowledge),
            },
        }
    }

    fn started(&self, load: For, since_ms: u64) -> Result<Self, Refused> {
        match self.step {
            Step::Idle | Step::Released | Step::Quarantined { .. }
                if matches!(
                    (load, self.last_load),
                    (For::AnotherLoad, LastLoad::MayBeInside) | (_, LastLoad::NobodyKnows)
                ) =>
            {
                Err(Refused::DoorNotOpenedSince)
            }
            Step::Idle | Step::Released | Step::Quarantined { .. } => Ok(Self {
                load: Load::default(),
                last_load: LastLoad::MayBeInside,
                ..self.at(Step::Preflight { since_ms })
            }),
            _ => Err(self.why_busy()),
        }
    }

    /// Why nothing can be begun in this step.
    #[must_use]
    pub fn why_busy(&self) -> Refused {
        match (&self.step, self.load.failed) {
            (Step::Unknown { .. }, _) => Refused::NotSeenYet,
            (Step::Alarm { .. }, _) => Refused::AlarmStands,
            (Step::Aborting { .. }, Some(Fault::LampLitUnasked)) => Refused::LampLitUnasked,
            (Step::Aborting { .. } | Step::Ventilating { .. }, Some(_)) => Refused::BeingAired,
            _ => Refused::CycleRunning,
        }
    }

    fn turned_over(&self, since_ms: u64) -> Result<Self, Refused> {
        match self.step {
            Step::TurningOver {
                door: DoorSeen::ClosedAgain,
                ..
            } => Ok(self
                .with_air(Aired::default())
                .at(Step::Locked { since_ms })),
            Step::TurningOver { .. } => Err(Refused::DoorNotSeenMoving),
            _ => Err(Refused::NothingToTurnOver),
        }
    }

    /// A running cycle ends here, for this reason. Before the lamp was ever told to light there is
    /// nothing to put out, and a load that has failed already is only being aired.
    fn broken_off(&self, fault: Fault, at_ms: u64) -> Result<Self, Refused> {
        match (&self.step, self.load.failed) {
            (Step::Preflight { .. } | Step::Locked { .. }, _) => Ok(self.failed(fault).at_rest()),
            (Step::Ventilating { .. }, Some(_)) => match fault {
                Fault::StationStopped => Ok(self.at_rest()),
                _ => Err(Refused::NothingRunning),
            },
            (
                Step::Striking { .. }
                | Step::Irradiating { .. }
                | Step::Stopping { .. }
                | Step::Ventilating { .. }
                | Step::TurningOver { .. }
                | Step::Releasing { .. },
                _,
            ) => Ok(self.failed(fault).at(Step::Aborting { since_ms: at_ms })),
            (Step::Alarm { .. }, _) => Err(Refused::AlarmStands),
            _ => Err(Refused::NothingRunning),
        }
    }
}
