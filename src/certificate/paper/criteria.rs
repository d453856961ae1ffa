//! The table of what was required and what was measured. What was not measured is not judged.

use super::{BLACK, GREEN, LEFT, LINE, Paper, QUIET, RED, RIGHT, SHADE, WIDTH, bold, plain, rule};
use crate::domain::cycle::{Basis, Sides};
use crate::print::Pen;
use crate::store::SideExposure;

/// One line of the table of criteria.
struct Criterion {
    name: &'static str,
    measured: String,
    limit: String,
    /// `None`: not measured, or its limit is not known.
    met: Option<bool>,
}

impl Paper<'_> {
    pub(super) fn criteria(&self, pen: &mut Pen<'_, '_>, top: f32) {
        let w = self.w;
        let columns = [LEFT + 3.0, LEFT + 60.0, LEFT + 100.0, LEFT + 150.0];
        pen.block((LEFT, top), (WIDTH, 6.2), SHADE);
        let names = [
            "certificate.criterion",
            "certificate.measured",
            "certificate.limit",
            "certificate.judgement",
        ];
        for (x, name) in columns.into_iter().zip(names) {
            pen.text((x, top + 4.3), w.t(name), plain(8.5, QUIET));
        }
        for (at, row) in self.rows().into_iter().enumerate() {
            let y = top + 6.2 + 6.4 * (at + 1) as f32;
            pen.text((columns[0], y - 2.0), w.t(row.name), plain(9.5, BLACK));
            pen.text((columns[1], y - 2.0), &row.measured, plain(9.5, BLACK));
            pen.text((columns[2], y - 2.0), &row.limit, plain(9.5, BLACK));
            let (said, ink) = match row.met {
                Some(true) => ("certificate.met", GREEN),
                Some(false) => ("certificate.not_met", RED),
                None => ("certificate.not_judged", QUIET),
            };
            pen.text((columns[3], y - 2.0), w.t(said), bold(9.5, ink));
            pen.path(&[(LEFT, y), (RIGHT, y)], rule(0.12, LINE));
        }
        pen.frame((LEFT, top), (WIDTH, 6.2 + 6.4 * 4.0), rule(0.2, LINE));
    }

    fn rows(&self) -> [Criterion; 4] {
        let (w, c) = (self.w, self.certificate);
        let limits = c.limits;
        let dose = c.dose_mj_cm2.filter(|_| c.dose_basis == Basis::Measured);
        let ozone = self.ozone_at_end();
        let nobody_knows = c.moments.unwatched && c.exposures.is_empty();
        let unknown = nobody_knows.then(|| w.t("certificate.unknown").to_owned());
        let dose_unknown = unknown.clone().filter(|_| c.dose_basis == Basis::Measured);
        let seconds = w.t("certificate.seconds");
        let at_least = |value: Option<f64>, limit: Option<f64>| Some(value? >= limit?);
        // What only one side has had is not what the letters were to have.
        let half_known = self.lacks_a_side() && c.moments.unwatched;
        let each = |met: Option<bool>| {
            let met = met.filter(|_| !half_known);
            met.map(|met| met && !self.lacks_a_side())
        };
        [
            Criterion {
                name: "certificate.dose",
                measured: dose_unknown
                    .unwrap_or_else(|| self.sided(dose, |side| side.dose_mj_cm2, "mJ/cm²")),
                limit: match c.dose_basis {
                    Basis::Measured => {
                        self.limit(limits.dose_mj_cm2.map(|least| format!("≥ {least} mJ/cm²")))
                    }
                    Basis::Timer => w.t("certificate.by_time").to_owned(),
                },
                met: each(at_least(dose, limits.dose_mj_cm2)),
            },
            Criterion {
                name: "certificate.exposure",
                measured: unknown
                    .unwrap_or_else(|| self.sided(c.exposure_s, |side| Some(side.lit_s), seconds)),
                limit: self.span(limits.exposure_s, limits.exposure_max_s),
                met: each(at_least(c.exposure_s, limits.exposure_s)),
            },
            Criterion {
                name: "certificate.ventilation",
                measured: self.value(c.ventilation_s, 1, seconds),
                limit: self.span(limits.ventilation_s, limits.ventilation_max_s),
                met: at_least(c.ventilation_s, limits.ventilation_s),
            },
            Criterion {
                name: "certificate.ozone",
                measured: match c.moments.aired {
                    Some(_) => self.value(ozone, 3, "mg/m³"),
                    None if c.moments.unwatched => w.t("certificate.unknown").to_owned(),
                    None => w.t("certificate.not_reached").to_owned(),
                },
                limit: match c.ozone_basis {
                    Basis::Measured => {
                        self.limit(limits.ozone_mg_m3.map(|most| format!("≤ {most} mg/m³")))
                    }
                    Basis::Timer => w.t("certificate.by_time").to_owned(),
                },
                met: ozone
                    .zip(limits.ozone_mg_m3)
                    .map(|(ozone, most)| ozone <= most),
            },
        ]
    }

    /// One value, or one for each side where the letters were turned over.
    fn sided(
        &self,
        least: Option<f64>,
        of: impl Fn(&SideExposure) -> Option<f64>,
        unit: &str,
    ) -> String {
        let c = self.certificate;
        if c.sides == Sides::One && !c.exposures.is_empty() && least.is_some() {
            let sides = c.exposures.iter().filter_map(of);
            let mut sides: Vec<String> = sides.map(|value| format!("{value:.1}")).collect();
            if self.lacks_a_side() {
                let never_begun = !c.moments.unwatched;
                let other = if never_begun {
                    "app.none"
                } else {
                    "certificate.unknown"
                };
                sides.push(self.w.t(other).to_owned());
            }
            return format!("{} {unit}", sides.join(" / "));
        }
        self.value(least, 1, unit)
    }

    /// The letters were to be turned over, and nothing is on record of their second side.
    fn lacks_a_side(&self) -> bool {
        let c = self.certificate;
        c.exposures.len() == 1 && c.sides == Sides::One
    }

    fn span(&self, least: Option<f64>, most: Option<f64>) -> String {
        let w = self.w;
        match (least, most) {
            (Some(least), Some(most)) => w.two("certificate.between_s", least, most),
            (Some(least), None) => w.one("certificate.at_least_s", least),
            (None, _) => self.limit(None),
        }
    }

    /// Ozone when the door could be opened: the last known value of a cycle that has ended.
    fn ozone_at_end(&self) -> Option<f64> {
        let c = self.certificate;
        c.moments
            .aired
            .filter(|_| c.ozone_basis == Basis::Measured)?;
        c.curve.iter().rev().find_map(|point| point.ozone_mg_m3)
    }

    fn value(&self, value: Option<f64>, decimals: usize, unit: &str) -> String {
        value.map_or_else(
            || self.w.t("certificate.not_measured").to_owned(),
            |value| format!("{value:.decimals$} {unit}"),
        )
    }

    fn limit(&self, limit: Option<String>) -> String {
        limit.unwrap_or_else(|| self.w.t("certificate.limit_unknown").to_owned())
    }
}
