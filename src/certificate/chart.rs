//! The two pictures of a certificate over one axis of time: irradiance and dose, and below them ozone.

use super::Certificate;
use crate::console::words::Words;
use crate::print::{Align, Ink, Pen, Rule, Type, Weight};
use crate::store::CycleSample;

const QUIET: Ink = Ink(0x66, 0x70, 0x6a);
const GRID: Ink = Ink(0xdd, 0xe2, 0xdf);
const FRAME: Ink = Ink(0x9a, 0xa4, 0x9e);
const UV: Ink = Ink(0x6d, 0x4b, 0xd1);
const DOSE: Ink = Ink(0x14, 0x6c, 0x54);
const TARGET: Ink = Ink(0xb3, 0x26, 0x1e);
const OZONE: Ink = Ink(0x1c, 0x5f, 0xa8);
const LIT: Ink = Ink(0xf3, 0xef, 0xfc);
const AIR: Ink = Ink(0xee, 0xf5, 0xfc);

const SMALL: f32 = 7.0;

/// A rectangle of the page and what its axes span.
#[derive(Clone, Copy)]
struct Plot {
    left: f32,
    top: f32,
    width: f32,
    height: f32,
    until_s: f64,
    highest: f64,
}

impl Plot {
    fn x(&self, at_s: f64) -> f32 {
        self.left + self.width * (at_s / self.until_s).clamp(0.0, 1.0) as f32
    }

    fn y(&self, value: f64) -> f32 {
        let bottom = self.top + self.height;
        bottom - self.height * (value / self.highest).clamp(0.0, 1.0) as f32
    }

    /// The same rectangle with another scale.
    fn scaled(&self, highest: f64) -> Self {
        Self { highest, ..*self }
    }
}

const GAP: f32 = 9.5;

/// How high both pictures are with what is between them.
pub(super) fn height((first, second): (f32, f32)) -> f32 {
    first + GAP + second
}

/// Draws both pictures, so high each; returns where they end.
pub(super) fn draw(
    pen: &mut Pen<'_, '_>,
    w: &Words,
    certificate: &Certificate,
    (left, top, width): (f32, f32, f32),
    heights: (f32, f32),
) -> f32 {
    let (first, second) = heights;
    let end = top + height(heights);
    let Some(until_s) = until(certificate) else {
        let frame = Rule {
            mm: 0.2,
            ink: FRAME,
            dash_mm: None,
        };
        pen.frame((left, top), (width, first + GAP + second), frame);
        let place = (left + width / 2.0, top + (first + GAP + second) / 2.0);
        pen.text(
            place,
            w.t("certificate.no_curve"),
            small(QUIET, Align::Middle),
        );
        return end;
    };
    let plot = Plot {
        left,
        top,
        width,
        height: first,
        until_s,
        highest: 1.0,
    };
    dose(pen, w, certificate, plot);
    let below = Plot {
        top: top + first + GAP,
        height: second,
        ..plot
    };
    ozone(pen, w, certificate, below);
    end
}

/// What can be drawn: no infinite number, and none that leaves the paper.
fn drawn(value: Option<f64>) -> Option<f64> {
    const MOST: f64 = 1e6;
    value
        .filter(|value| value.is_finite())
        .map(|value| value.clamp(0.0, MOST))
}

fn seconds(point: &CycleSample) -> f64 {
    point.at_ms as f64 / 1000.0
}

/// The axis of time ends with the last point.
fn until(certificate: &Certificate) -> Option<f64> {
    let last = seconds(certificate.curve.last()?);
    (certificate.curve.len() > 1 && last > 0.0).then_some(last)
}

fn dose(pen: &mut Pen<'_, '_>, w: &Words, certificate: &Certificate, plot: Plot) {
    let curve = &certificate.curve;
    let limits = certificate.limits;
    let uv = curve
        .iter()
        .filter_map(|point| drawn(point.irradiance_mw_cm2));
    let most_uv = uv.reduce(f64::max);
    let doses = curve.iter().filter_map(|point| drawn(point.dose_mj_cm2));
    let target = drawn(limits.dose_mj_cm2);
    let most_dose = doses.chain(target).reduce(f64::max);
    ground(pen, w, certificate, plot, w.t("certificate.seconds"));
    if let Some(most) = most_dose {
        let plot = plot.scaled(headroom(most));
        axis(pen, plot, (plot.left + plot.width + 1.2, Align::Left), DOSE);
        if let Some(target) = target {
            let y = plot.y(target);
            across(pen, plot, target, dashed(TARGET));
            let said = w.one("certificate.target", number(target));
            pen.text(
                (plot.left + 1.2, y - 0.9),
                &said,
                small(TARGET, Align::Left),
            );
        }
        line(pen, curve, plot, |point| point.dose_mj_cm2, DOSE);
    }
    if let Some(most) = most_uv {
        let plot = plot.scaled(headroom(most));
        axis(pen, plot, (plot.left - 1.2, Align::Right), UV);
        if let Some(lit) = drawn(limits.irradiance_mw_cm2) {
            across(pen, plot, lit, dashed(UV));
        }
        line(pen, curve, plot, |point| point.irradiance_mw_cm2, UV);
    } else {
        not_measured(pen, w, plot);
    }
    border(pen, plot);
    let y = plot.top - 1.6;
    let (uv, dose) = (w.t("certificate.axis_uv"), w.t("certificate.axis_dose"));
    pen.text((plot.left, y), uv, small(UV, Align::Left));
    pen.text((plot.left + plot.width, y), dose, small(DOSE, Align::Right));
}

/// The numbers of a scale beside the picture, and their lines across it.
fn axis(pen: &mut Pen<'_, '_>, plot: Plot, (x, align): (f32, Align), ink: Ink) {
    for value in ticks(plot.highest) {
        if align == Align::Left {
            across(pen, plot, value, hair(GRID));
        }
        pen.text((x, plot.y(value) + 0.9), &number(value), small(ink, align));
    }
}

fn across(pen: &mut Pen<'_, '_>, plot: Plot, value: f64, rule: Rule) {
    let y = plot.y(value);
    pen.path(&[(plot.left, y), (plot.left + plot.width, y)], rule);
}

fn not_measured(pen: &mut Pen<'_, '_>, w: &Words, plot: Plot) {
    let place = (plot.left + plot.width / 2.0, plot.top + plot.height / 2.0);
    let said = w.t("certificate.not_measured");
    pen.text(place, said, small(QUIET, Align::Middle));
}

fn ozone(pen: &mut Pen<'_, '_>, w: &Words, certificate: &Certificate, plot: Plot) {
    let curve = &certificate.curve;
    let limit = drawn(certificate.limits.ozone_mg_m3);
    let seen = curve.iter().filter_map(|point| drawn(point.ozone_mg_m3));
    let measured = seen.clone().next().is_some();
    let plot = plot.scaled(headroom(seen.fold(limit.unwrap_or(0.0), f64::max)));
    ground(pen, w, certificate, plot, "");
    let scale = measured || limit.is_some();
    for value in [0.0, plot.highest].into_iter().filter(|_| scale) {
        let place = (plot.left - 1.2, plot.y(value) + 0.9);
        pen.text(place, &number(value), small(OZONE, Align::Right));
    }
    if let Some(limit) = limit {
        let y = plot.y(limit);
        pen.path(
            &[(plot.left, y), (plot.left + plot.width, y)],
            dashed(TARGET),
        );
        let said = w.one("certificate.ozone_limit", number(limit));
        let place = (plot.left + plot.width + 1.2, y + 0.9);
        pen.text(place, &said, small(TARGET, Align::Left));
    }
    line(pen, curve, plot, |point| point.ozone_mg_m3, OZONE);
    border(pen, plot);
    pen.text(
        (plot.left, plot.top - 1.6),
        w.t("certificate.axis_ozone"),
        small(OZONE, Align::Left),
    );
    if !measured {
        not_measured(pen, w, plot);
    }
}

/// The bands of exposure and ventilation, and the axis of time.
fn ground(pen: &mut Pen<'_, '_>, w: &Words, certificate: &Certificate, plot: Plot, unit: &str) {
    let moments = &certificate.moments;
    let at = |moment: crate::clock::Millis| (moment.0 - moments.started.0) as f64 / 1000.0;
    let lit = moments.lit.iter();
    let lit = lit.map(|span| (span, LIT, "certificate.band_lit"));
    let air = moments.aired_by_fan.iter();
    let air = air.map(|span| (span, AIR, "certificate.band_air"));
    for (span, ink, name) in lit.chain(air) {
        let to = span.to.map_or(plot.until_s, at);
        let (left, right) = (plot.x(at(span.from)), plot.x(to));
        if right - left < 0.3 {
            continue;
        }
        pen.block((left, plot.top), (right - left, plot.height), ink);
        let name = w.t(name);
        if !unit.is_empty() && right - left > pen.width_mm(name, SMALL) + 1.0 {
            let place = ((left + right) / 2.0, plot.top + 3.0);
            pen.text(place, name, small(QUIET, Align::Middle));
        }
    }
    for value in ticks(plot.until_s) {
        let x = plot.x(value);
        let bottom = plot.top + plot.height;
        pen.path(&[(x, plot.top), (x, bottom)], hair(GRID));
        if !unit.is_empty() {
            pen.text(
                (x, bottom + 3.2),
                &number(value),
                small(QUIET, Align::Middle),
            );
        }
    }
    if !unit.is_empty() {
        let place = (plot.left + plot.width + 1.2, plot.top + plot.height + 3.2);
        pen.text(place, unit, small(QUIET, Align::Left));
    }
}

/// A curve; a value that was not known is a gap in it.
fn line(
    pen: &mut Pen<'_, '_>,
    curve: &[CycleSample],
    plot: Plot,
    value: impl Fn(&CycleSample) -> Option<f64>,
    ink: Ink,
) {
    let rule = Rule {
        mm: 0.42,
        ink,
        dash_mm: None,
    };
    for known in curve.split(|point| drawn(value(point)).is_none()) {
        let places = known.iter().filter_map(|point| {
            let value = drawn(value(point))?;
            Some((plot.x(seconds(point)), plot.y(value)))
        });
        pen.path(&places.collect::<Vec<_>>(), rule);
    }
}

fn border(pen: &mut Pen<'_, '_>, plot: Plot) {
    let frame = Rule {
        mm: 0.2,
        ink: FRAME,
        dash_mm: None,
    };
    pen.frame((plot.left, plot.top), (plot.width, plot.height), frame);
}

fn hair(ink: Ink) -> Rule {
    Rule {
        mm: 0.12,
        ink,
        dash_mm: None,
    }
}

fn dashed(ink: Ink) -> Rule {
    Rule {
        mm: 0.25,
        ink,
        dash_mm: Some(1.2),
    }
}

fn small(ink: Ink, align: Align) -> Type {
    Type {
        points: SMALL,
        ink,
        weight: Weight::Plain,
        align,
    }
}

/// A scale's end: somewhat more than the greatest value, a round number.
fn headroom(most: f64) -> f64 {
    let step = step(most.max(0.001) * 1.08);
    (most.max(0.001) * 1.08 / step).ceil() * step
}

/// A step of 1, 2, 2.5 or 5 times a power of ten that divides this into three to five parts.
fn step(whole: f64) -> f64 {
    let rough = whole / 5.0;
    let power = 10f64.powf(rough.log10().floor());
    let factor = [1.0, 2.0, 2.5, 5.0, 10.0]
        .into_iter()
        .find(|f| f * power >= rough);
    factor.unwrap_or(10.0) * power
}

fn ticks(highest: f64) -> Vec<f64> {
    let step = step(highest);
    let count = (highest / step + 1e-6).floor() as u32;
    (0..=count).map(|at| f64::from(at) * step).collect()
}

/// A number without needless zeros.
fn number(value: f64) -> String {
    let text = format!("{value:.5}");
    let text = text.trim_end_matches('0').trim_end_matches('.');
    if text.is_empty() {
        "0".to_owned()
    } else {
        text.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::{headroom, number, ticks};

    #[test]
    fn a_scale_has_room_above_the_greatest_value_and_round_steps() {
        for most in [0.0, 0.004, 0.1, 0.5, 14.2, 100.0, 104.2, 9_999.0] {
            let highest = headroom(most);
            let marks = ticks(highest);
            assert!(
                highest > most && highest <= (most.max(0.001)) * 1.5,
                "{most} → {highest}"
            );
            assert!((4..=6).contains(&marks.len()), "{most}: {marks:?}");
            assert!(marks.iter().all(|mark| *mark <= highest * 1.000_01));
        }
        assert_eq!(
            (number(100.0), number(0.05), number(0.0)),
            ("100".into(), "0.05".into(), "0".into())
        );
    }
}
