//! What maintenance holds a cabinet against: `[maintenance]` of a profile. Every limit may be left out; what has none is
//! shown and not judged.

use serde::Deserialize;
use toml::Spanned;

use super::{Limits, check::Place};
use crate::error::ProfileError;

/// Limits of wear. None of them ends a cycle: a cycle judges by what it measures.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Maintenance {
    /// The lamp is to be replaced at this age.
    pub lamp_hours_max_h: Option<f64>,
    /// The lamp is to be replaced after so many strikes.
    pub lamp_strikes_max: Option<f64>,
    /// Lamp and sensor are to be cleaned, then the lamp replaced, below this irradiance at the end of an exposure.
    pub irradiance_min_mw_cm2: Option<f64>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct MaintenanceTable {
    lamp_hours_max_h: Option<Spanned<f64>>,
    lamp_strikes_max: Option<Spanned<u64>>,
    pub(super) irradiance_min_mw_cm2: Option<Spanned<f64>>,
}

pub(super) fn check(
    at: &Place<'_>,
    table: Option<&MaintenanceTable>,
    limits: &Limits,
) -> Result<Maintenance, ProfileError> {
    let Some(table) = table else {
        return Ok(Maintenance::default());
    };
    let number = |key: &str, value: &Option<Spanned<f64>>, allowed| {
        let value = value.as_ref();
        value
            .map(|value| at.number(key, value, allowed))
            .transpose()
    };
    let whole = |key: &str, value: &Option<Spanned<u64>>, allowed| {
        let value = value.as_ref();
        value.map(|value| at.whole(key, value, allowed)).transpose()
    };
    let struck = match (&limits.uv, &table.irradiance_min_mw_cm2) {
        (None, Some(value)) => {
            let (at_byte, found) = (value.span().start, *value.get_ref());
            let allowed = "no such key; without a UV sensor nothing is held against it";
            return at.refuse(at_byte, "maintenance.irradiance_min_mw_cm2", found, allowed);
        }
        (uv, _) => uv.map_or(0.0, |uv| uv.irradiance_struck_mw_cm2),
    };
    Ok(Maintenance {
        lamp_hours_max_h: number(
            "maintenance.lamp_hours_max_h",
            &table.lamp_hours_max_h,
            1.0..=100_000.0,
        )?,
        lamp_strikes_max: whole(
            "maintenance.lamp_strikes_max",
            &table.lamp_strikes_max,
            1..=1_000_000,
        )?
        .map(|strikes| strikes as f64),
        // A lamp below the threshold of “lit” never strikes: the warning has to come before.
        irradiance_min_mw_cm2: number(
            "maintenance.irradiance_min_mw_cm2",
            &table.irradiance_min_mw_cm2,
            struck..=1_000.0,
        )?,
    })
}
