//! What is possible by its form and cannot be meant: ranges no sensor has, limits outside a sensor's range, contacts that must not stand
//! still, names that are read otherwise than they are written.

use std::{collections::BTreeMap, time::Duration};

use toml::Spanned;

use super::{File, Kind, Limits, Maintenance, PointSpec, check::Place};
use crate::{Point, error::ProfileError};

impl Place<'_> {
    /// Only a number that is never quite still tells by standing still. The scan counter vouches for the door and the lamp: it may not
    /// stand longer than the controller lets the lamp burn without a sign of life.
    pub(super) fn frozen_after(
        &self,
        key: &str,
        point: Point,
        after: &Spanned<u64>,
    ) -> Result<Duration, ProfileError> {
        if !point.is_number() || point.is_command() {
            let allowed = "no such key; a contact may stand still for days";
            return self.refuse(after.span().start, key, after.get_ref(), allowed);
        }
        let longest = match point {
            Point::ScanCounter => 1_000,
            _ => 60_000,
        };
        self.millis(key, after, 100..=longest)
    }

    /// A range that few of a register's values fit is a slip of scale: whatever the sensor shows, it would be none, or always the same.
    pub(super) fn steps(
        &self,
        key: &str,
        kind: Kind,
        scale: &Spanned<f64>,
        (min, max): (f64, f64),
    ) -> Result<f64, ProfileError> {
        let found = *scale.get_ref();
        let coarsest = (max - min) / FEWEST_STEPS;
        if kind == Kind::F32 || found <= coarsest {
            return Ok(found);
        }
        let allowed =
            format!("up to {coarsest}: from {min} to {max} are then {FEWEST_STEPS} steps");
        self.refuse(scale.span().start, key, found, allowed)
    }

    /// A name that people read and that is printed: something must be there, and nothing that is read otherwise than it is written.
    pub(super) fn name(&self, key: &str, value: &Spanned<String>) -> Result<String, ProfileError> {
        let found = value.get_ref().trim();
        let fits = (1..=LONGEST_NAME).contains(&found.chars().count());
        if fits && !found.chars().any(is_unseen) {
            return Ok(found.to_owned());
        }
        let allowed = format!(
            "1 to {LONGEST_NAME} characters, none of them a control character or one that changes the direction of writing"
        );
        let shown: String = found
            .chars()
            .map(|c| match is_unseen(c) {
                true => c.escape_unicode().to_string(),
                false => c.to_string(),
            })
            .collect();
        let shown = format!("\"{shown}\"");
        self.refuse(value.span().start, key, shown, allowed)
    }

    /// What is held against a sensor must lie in what is believed of that sensor.
    pub(super) fn limits_can_be_read(
        &self,
        file: &File,
        points: &BTreeMap<Point, PointSpec>,
        limits: &Limits,
        maintenance: &Maintenance,
    ) -> Result<(), ProfileError> {
        let table = file.limits.get_ref();
        let place = |value: Option<&Spanned<f64>>| value.map_or(0, |value| value.span().start);
        let wear = file.maintenance.as_ref();
        let held = [
            (
                "limits.irradiance_struck_mw_cm2",
                Point::IrradianceMwCm2,
                limits.uv.map(|uv| uv.irradiance_struck_mw_cm2),
                place(table.irradiance_struck_mw_cm2.as_ref()),
            ),
            (
                "limits.irradiance_dark_mw_cm2",
                Point::IrradianceMwCm2,
                limits.uv.map(|uv| uv.irradiance_dark_mw_cm2),
                place(table.irradiance_dark_mw_cm2.as_ref()),
            ),
            (
                "limits.ozone_release_mg_m3",
                Point::OzoneMgM3,
                limits.ozone_release_mg_m3,
                place(table.ozone_release_mg_m3.as_ref()),
            ),
            (
                "limits.lamp_current_lit_a",
                Point::LampCurrentA,
                limits.lamp_current_lit_a,
                place(table.lamp_current_lit_a.as_ref()),
            ),
            (
                "maintenance.irradiance_min_mw_cm2",
                Point::IrradianceMwCm2,
                maintenance.irradiance_min_mw_cm2,
                place(wear.and_then(|wear| wear.irradiance_min_mw_cm2.as_ref())),
            ),
        ];
        for (key, point, limit, at) in held {
            let (Some(limit), Some(spec)) = (limit, points.get(&point)) else {
                continue;
            };
            if !(spec.min..=spec.max).contains(&limit) {
                let allowed = format!("{} to {}, the range of points.{point}", spec.min, spec.max);
                return self.refuse(at, key, limit, allowed);
            }
        }
        Ok(())
    }
}

/// Values of a register that must lie in the range of its point.
const FEWEST_STEPS: f64 = 10.0;

/// Longest name of a model.
const LONGEST_NAME: usize = 200;

/// Control characters, and those that change the direction of writing or cannot be seen.
fn is_unseen(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{061c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
}

/// More than any device of this kind shows: a greater range is a slip of unit or scale.
pub(super) fn greatest(point: Point) -> f64 {
    match point {
        // At the window of a high-power lamp; letters lie centimetres away.
        Point::IrradianceMwCm2 => 1_000.0,
        // Fifty times what is dangerous to life (10 mg/m³).
        Point::OzoneMgM3 => 500.0,
        Point::LampTemperatureC => 1_000.0,
        Point::LampCurrentA => 1_000.0,
        _ => 1e9,
    }
}
