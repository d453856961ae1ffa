//! What the cabinet should be doing in each step.

use serde::{Deserialize, Serialize};

use super::{Air, Step};

/// What the cabinet should be doing. Giving the same orders again changes nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Orders {
    /// The lamp.
    pub lamp: Switch,
    /// The fan; `None`: as it is.
    pub fan: Option<Switch>,
    /// The lock; `None`: as it is.
    pub lock: Option<Switch>,
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

impl Step {
    /// What the cabinet should be doing in this step.
    #[must_use]
    pub fn orders(&self) -> Orders {
        let (on, off) = (Some(Switch::On), Some(Switch::Off));
        let dark = |fan, lock| Orders {
            lamp: Switch::Off,
            fan,
            lock,
            heartbeat: Heartbeat::Withheld,
        };
        match self {
            // Nothing is known: nothing is locked or unlocked, only the lamp is kept out.
            Self::Unknown { .. } => dark(None, None),
            Self::Idle | Self::Released | Self::TurningOver { .. } => dark(off, off),
            // A quarantined load may be behind the door: the lock stays as it is.
            Self::Preflight { .. } => dark(off, None),
            Self::Locked { .. } => Orders {
                heartbeat: Heartbeat::Given,
                ..dark(off, on)
            },
            Self::Striking { .. } | Self::Irradiating { .. } => Orders {
                lamp: Switch::On,
                fan: off,
                lock: on,
                heartbeat: Heartbeat::Given,
            },
            Self::Stopping { .. } => dark(off, on),
            Self::Ventilating { .. }
            | Self::Releasing { .. }
            | Self::Aborting { .. }
            | Self::Alarm { .. } => dark(on, on),
            Self::Quarantined { air } => match air {
                Air::Clear => dark(off, on),
                Air::NotShown => dark(on, on),
            },
        }
    }
}
