//! What a cycle needs of a profile: limits, durations, and which points a cabinet may do without.
//!
//! A point that is missing switches off what needs it only where the profile says so: `dose = "timer"`,
//! `ozone = "timer"`, `without = [...]`. Silence is refused, and so is saying it of a point that is there.

use std::time::Duration;

use toml::Spanned;

use super::{Basis, File, Limits, MapOrigin, Sides, Timing, UvLimits, check::Place};
use crate::{Point, error::ProfileError};

/// Timer mode must last at least this many times longer than a measured one.
const TIMER_FACTOR: u64 = 2;
const LONGEST_S: u64 = 86_400;
/// 消毒技术规范: no target takes less than 10 mJ/cm²; spores, or an unknown target, take 100.
pub const LEAST_DOSE_MJ_CM2: f64 = 10.0;
/// A lamp warms up for a quarter of a minute: what was lit for less has had no dose that anybody could show.
pub const LEAST_EXPOSURE_S: u64 = 5;
/// Ozone decays by itself with a half-life of minutes, and a sensor sits in one corner: moving air takes this long to show.
const LEAST_VENTILATION_S: u64 = 30;
/// A map that is made up belongs to a simulator, whose time may be compressed; nothing real is disinfected by it, and page, check and
/// certificate say so.
const SIMULATED_DOSE_MJ_CM2: f64 = 1.0;
const SIMULATED_S: u64 = 1;

impl Place<'_> {
    /// Every absent point is declared, and every declared one is absent.
    pub(super) fn absent(&self, file: &File) -> Result<Vec<Point>, ProfileError> {
        let (dose, ozone) = (file.cabinet.dose, file.cabinet.ozone);
        self.declared(
            file,
            Point::IrradianceMwCm2,
            dose == Basis::Timer,
            "give it, or say cabinet.dose = \"timer\" and timing.timer_exposure_s",
        )?;
        self.declared(
            file,
            Point::OzoneMgM3,
            ozone == Basis::Timer,
            "give it, or say cabinet.ozone = \"timer\" and timing.timer_ventilation_s",
        )?;
        let mut without = Vec::new();
        for point in &file.cabinet.without {
            if !matches!(
                point.get_ref(),
                Point::Locked | Point::EstopPressed | Point::ScanCounter
            ) {
                return self.refuse(
                    point.span().start,
                    "cabinet.without",
                    point.get_ref(),
                    "locked, estop_pressed and scan_counter; a cycle needs the others, or dose and ozone say it",
                );
            }
            without.push(*point.get_ref());
        }
        self.declared(
            file,
            Point::Locked,
            without.contains(&Point::Locked),
            "give it, or say cabinet.without = [\"locked\"]",
        )?;
        self.declared(
            file,
            Point::EstopPressed,
            without.contains(&Point::EstopPressed),
            "give it, or say cabinet.without = [\"estop_pressed\"]",
        )?;
        self.declared(
            file,
            Point::ScanCounter,
            without.contains(&Point::ScanCounter),
            "give it, or say cabinet.without = [\"scan_counter\"]",
        )?;
        Ok(without)
    }

    fn declared(
        &self,
        file: &File,
        point: Point,
        said_absent: bool,
        declare: &'static str,
    ) -> Result<(), ProfileError> {
        match (file.points.get(&point), said_absent) {
            (Some(_), false) | (None, true) => Ok(()),
            (None, false) => Err(ProfileError::PointNotDeclaredAbsent { point, declare }),
            (Some(table), true) => self.refuse(
                table.span().start,
                &format!("points.{point}"),
                "given",
                "no such point where the profile says that the cabinet has none",
            ),
        }
    }

    pub(super) fn limits(&self, file: &File) -> Result<Limits, ProfileError> {
        let limits = file.limits.get_ref();
        let place = file.limits.span().start;
        let measured = (file.cabinet.dose == Basis::Measured, place);
        let struck = self.limit(
            "limits.irradiance_struck_mw_cm2",
            limits.irradiance_struck_mw_cm2.as_ref(),
            measured,
            0.001..=1_000.0,
        )?;
        let dark = self.limit(
            "limits.irradiance_dark_mw_cm2",
            limits.irradiance_dark_mw_cm2.as_ref(),
            measured,
            0.0..=struck.unwrap_or_default() / 2.0,
        )?;
        let least_dose = match file.cabinet.map {
            MapOrigin::Invented => SIMULATED_DOSE_MJ_CM2,
            MapOrigin::Published | MapOrigin::Measured => LEAST_DOSE_MJ_CM2,
        };
        let target = self.limit(
            "limits.target_dose_mj_cm2",
            limits.target_dose_mj_cm2.as_ref(),
            measured,
            least_dose..=10_000.0,
        )?;
        Ok(Limits {
            uv: struck.zip(dark).zip(target).map(
                |((irradiance_struck_mw_cm2, irradiance_dark_mw_cm2), target_dose_mj_cm2)| {
                    UvLimits {
                        irradiance_struck_mw_cm2,
                        irradiance_dark_mw_cm2,
                        target_dose_mj_cm2,
                    }
                },
            ),
            ozone_release_mg_m3: self.limit(
                "limits.ozone_release_mg_m3",
                limits.ozone_release_mg_m3.as_ref(),
                (file.cabinet.ozone == Basis::Measured, place),
                0.001..=0.3,
            )?,
            lamp_current_lit_a: self.limit(
                "limits.lamp_current_lit_a",
                limits.lamp_current_lit_a.as_ref(),
                (file.points.contains_key(&Point::LampCurrentA), place),
                0.001..=1_000.0,
            )?,
        })
    }

    /// There exactly where something is held against it.
    fn limit(
        &self,
        key: &str,
        value: Option<&Spanned<f64>>,
        (needed, place): (bool, usize),
        allowed: std::ops::RangeInclusive<f64>,
    ) -> Result<Option<f64>, ProfileError> {
        match (value, needed) {
            (Some(value), true) => self.number(key, value, allowed).map(Some),
            (None, false) => Ok(None),
            (None, true) => self.refuse(place, key, "nothing", "a number; its point is measured"),
            (Some(value), false) => self.refuse(
                value.span().start,
                key,
                value.get_ref(),
                "no such key where its point is not measured",
            ),
        }
    }

    pub(super) fn timing(&self, file: &File) -> Result<Timing, ProfileError> {
        let t = file.timing.get_ref();
        let place = file.timing.span().start;
        let (exposure_s, ventilation_s) = match file.cabinet.map {
            MapOrigin::Invented => (SIMULATED_S, SIMULATED_S),
            MapOrigin::Published | MapOrigin::Measured => (LEAST_EXPOSURE_S, LEAST_VENTILATION_S),
        };
        let min_exposure = self.least(
            exposure_s,
            ("timing.min_exposure_s", &t.min_exposure_s),
            ("timing.timer_exposure_s", t.timer_exposure_s.as_ref()),
            (file.cabinet.dose, place),
        )?;
        let ventilation = self.least(
            ventilation_s,
            ("timing.ventilation_s", &t.ventilation_s),
            ("timing.timer_ventilation_s", t.timer_ventilation_s.as_ref()),
            (file.cabinet.ozone, place),
        )?;
        Ok(Timing {
            poll: self.millis("timing.poll_ms", &t.poll_ms, 20..=300)?,
            preflight_max: self.seconds("timing.preflight_max_s", &t.preflight_max_s, 1..=600)?,
            strike_max: self.seconds("timing.strike_max_s", &t.strike_max_s, 1..=120)?,
            min_exposure: Duration::from_secs(min_exposure),
            max_exposure: self.seconds(
                "timing.max_exposure_s",
                &t.max_exposure_s,
                min_exposure..=LONGEST_S,
            )?,
            off_confirm_max: self.seconds(
                "timing.off_confirm_max_s",
                &t.off_confirm_max_s,
                2..=60,
            )?,
            fan_start_max: self.seconds("timing.fan_start_max_s", &t.fan_start_max_s, 1..=60)?,
            ventilation: Duration::from_secs(ventilation),
            ventilation_max: self.seconds(
                "timing.ventilation_max_s",
                &t.ventilation_max_s,
                ventilation..=LONGEST_S,
            )?,
            turn_over_max: match (&t.turn_over_max_s, file.cabinet.sides) {
                (Some(value), Sides::One) => {
                    self.seconds("timing.turn_over_max_s", value, 10..=7_200)?
                }
                (None, Sides::Both) => Duration::ZERO,
                (None, Sides::One) => {
                    return self.refuse(
                        place,
                        "timing.turn_over_max_s",
                        "nothing",
                        "10 to 7200; sides = \"one\" needs it",
                    );
                }
                (Some(value), Sides::Both) => {
                    return self.refuse(
                        value.span().start,
                        "timing.turn_over_max_s",
                        value.get_ref(),
                        "no such key with sides = \"both\"",
                    );
                }
            },
        })
    }

    /// The least time that counts: the ordinary one, or in timer mode its own, which must be longer.
    fn least(
        &self,
        floor_s: u64,
        (key, ordinary): (&str, &Spanned<u64>),
        (timer_key, timer): (&str, Option<&Spanned<u64>>),
        (basis, place): (Basis, usize),
    ) -> Result<u64, ProfileError> {
        let ordinary = self.whole(key, ordinary, floor_s..=LONGEST_S)?;
        let longer = TIMER_FACTOR * ordinary;
        match (basis, timer) {
            (Basis::Measured, None) => Ok(ordinary),
            (Basis::Timer, Some(value)) => self.whole(timer_key, value, longer..=LONGEST_S),
            (Basis::Timer, None) => self.refuse(
                place,
                timer_key,
                "nothing",
                format!("{longer} to {LONGEST_S}; timer mode needs it, {TIMER_FACTOR} times {key} at least"),
            ),
            (Basis::Measured, Some(value)) => self.refuse(
                value.span().start,
                timer_key,
                value.get_ref(),
                "no such key where the point is measured",
            ),
        }
    }
}
