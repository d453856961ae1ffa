//! What a cycle must reach, how long each part may take, and what its limits are held against.

use serde::{Deserialize, Serialize};

/// What a limit is held against.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Basis {
    /// A sensor in the cabinet.
    Measured,
    /// Time alone, with a longer minimum; nothing was measured and nothing is claimed.
    Timer,
}

impl Basis {
    /// Stable name for records, the API and the console.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::Measured => "measured",
            Self::Timer => "timer",
        }
    }
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

impl Sides {
    /// How many exposures a load needs.
    #[must_use]
    pub fn exposures(self) -> usize {
        match self {
            Self::Both => 1,
            Self::One => 2,
        }
    }
}

/// What tells that the lamp burns, and when an exposure is enough.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(tag = "basis", rename_all = "snake_case")]
pub enum Dose {
    /// A UV sensor, beside the relay's feedback.
    Measured {
        /// The lamp counts as lit from here.
        struck_mw_cm2: f64,
        /// The lamp counts as out up to here.
        dark_mw_cm2: f64,
        /// Least dose of each exposure.
        target_mj_cm2: f64,
    },
    /// The relay's feedback alone; an exposure is enough after its least time, which is longer.
    Timer,
}

/// When the air is good enough for the door.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(tag = "basis", rename_all = "snake_case")]
pub enum Ozone {
    /// An ozone sensor.
    Measured {
        /// Most ozone when the door may open.
        release_mg_m3: f64,
    },
    /// The least time with the fan seen running, which is longer.
    Timer,
}

/// What a cycle must reach and how long each part may take.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Rules {
    /// From one look to the next; more than three without a look earn nothing.
    pub poll_ms: u64,
    /// A longer time without a look ends a cycle: what door and lamp did meanwhile nobody knows.
    pub unwatched_ms: u64,
    /// For door and readings to be good, and again for the lock.
    pub preflight_max_ms: u64,
    /// For the lamp to be seen lit.
    pub strike_max_ms: u64,
    /// Least time lit, each exposure.
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
    /// For the letters to be turned over.
    pub turn_over_max_ms: u64,
    /// How many exposures a load needs.
    pub sides: Sides,
    /// What an exposure is held against.
    pub dose: Dose,
    /// What ventilation is held against.
    pub ozone: Ozone,
    /// The lamp counts as lit from this current on, where the cabinet shows one.
    pub lamp_current_lit_a: Option<f64>,
}

impl Rules {
    /// Whether the dose is measured.
    #[must_use]
    pub fn dose_basis(&self) -> Basis {
        match self.dose {
            Dose::Measured { .. } => Basis::Measured,
            Dose::Timer => Basis::Timer,
        }
    }

    /// Whether the ozone is measured.
    #[must_use]
    pub fn ozone_basis(&self) -> Basis {
        match self.ozone {
            Ozone::Measured { .. } => Basis::Measured,
            Ozone::Timer => Basis::Timer,
        }
    }

    /// Least dose of each exposure, where it is measured.
    #[must_use]
    pub fn target_dose_mj_cm2(&self) -> Option<f64> {
        match self.dose {
            Dose::Measured { target_mj_cm2, .. } => Some(target_mj_cm2),
            Dose::Timer => None,
        }
    }

    /// The lamp counts as lit from here, where irradiance is measured.
    #[must_use]
    pub fn irradiance_struck_mw_cm2(&self) -> Option<f64> {
        match self.dose {
            Dose::Measured { struck_mw_cm2, .. } => Some(struck_mw_cm2),
            Dose::Timer => None,
        }
    }

    /// The lamp counts as out up to here, where irradiance is measured.
    #[must_use]
    pub fn irradiance_dark_mw_cm2(&self) -> Option<f64> {
        match self.dose {
            Dose::Measured { dark_mw_cm2, .. } => Some(dark_mw_cm2),
            Dose::Timer => None,
        }
    }

    /// Most ozone when the door may open, where it is measured.
    #[must_use]
    pub fn ozone_release_mg_m3(&self) -> Option<f64> {
        match self.ozone {
            Ozone::Measured { release_mg_m3 } => Some(release_mg_m3),
            Ozone::Timer => None,
        }
    }

    pub(super) fn longest_gap_ms(&self) -> u64 {
        3 * self.poll_ms
    }
}
