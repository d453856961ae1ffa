//! The dose curve on a cabinet's page: UV at the letters and the dose of the side being exposed, drawn here as the
//! points of two lines. No script draws, so the picture is what the station has on record.

use crate::console::words::Words;
use crate::store::CycleSample;

/// The picture's size in its own units; the page scales it.
const WIDTH: f64 = 320.0;
const HEIGHT: f64 = 110.0;
/// Points of a line at most.
const POINTS: usize = 160;

/// Two panels over one axis of time, UV above and dose below, each with its own scale: one never seems to reach the other's mark.
pub(super) struct Curve {
    /// `points` of polylines: UV, broken where nothing was read.
    pub(super) uv: Vec<String>,
    /// `points` of polylines: dose, broken where it was not measured or the other side began.
    pub(super) dose: Vec<String>,
    /// Height of the line of the dose to reach.
    pub(super) target_y: Option<String>,
    /// What the top of each panel stands for.
    pub(super) uv_top: Option<String>,
    pub(super) dose_top: Option<String>,
    /// The same for those who hear the page, and under the picture.
    pub(super) words: String,
}

/// None of fewer than three samples, and where neither UV nor dose was ever measured.
pub(super) fn curve(w: &Words, samples: &[CycleSample], target: Option<f64>) -> Option<Curve> {
    let last = samples.last().filter(|_| samples.len() >= 3)?;
    let shown = thinned(samples);
    let most = |value: fn(&CycleSample) -> Option<f64>| {
        let values = samples.iter().filter_map(value);
        values.filter(|value| value.is_finite()).reduce(f64::max)
    };
    let uv_of: fn(&CycleSample) -> Option<f64> = |sample| sample.irradiance_mw_cm2;
    let dose_of: fn(&CycleSample) -> Option<f64> = |sample| sample.dose_mj_cm2;
    let (uv, dose) = (most(uv_of), most(dose_of));
    uv.or(dose)?;
    let highest_uv = uv.unwrap_or(0.0).max(1e-6);
    let highest_dose = dose.into_iter().chain(target).fold(1e-6, f64::max);
    let until_ms = last.at_ms.max(1);
    let words = w.fill(
        "cabinet.curve",
        &[
            &format!("{:.0}", until_ms as f64 / 1000.0),
            &uv.map_or_else(|| "–".to_owned(), |most| format!("{most:.2}")),
            &dose.map_or_else(|| "–".to_owned(), |most| format!("{most:.1}")),
        ],
    );
    Some(Curve {
        uv_top: uv.map(|most| format!("{most:.2} mW/cm²")),
        dose_top: dose.map(|_| format!("{highest_dose:.0} mJ/cm²")),
        uv: lines(
            &shown,
            until_ms,
            (highest_uv, UV_PANEL),
            (uv_of, Falling::GoesOn),
        ),
        dose: lines(
            &shown,
            until_ms,
            (highest_dose, DOSE_PANEL),
            (dose_of, Falling::IsTheNextSide),
        ),
        target_y: target.map(|target| y(target, highest_dose, DOSE_PANEL)),
        words,
    })
}

/// The newest and evenly what is before it.
fn thinned(samples: &[CycleSample]) -> Vec<&CycleSample> {
    let step = samples.len().div_ceil(POINTS).max(1);
    let mut shown: Vec<_> = samples.iter().rev().step_by(step).collect();
    shown.reverse();
    shown
}

/// From where to where a line goes, down the picture.
type Panel = (f64, f64);
const UV_PANEL: Panel = (14.0, 46.0);
const DOSE_PANEL: Panel = (66.0, HEIGHT - 3.0);

fn y(value: f64, highest: f64, (top, bottom): Panel) -> String {
    let share = (value / highest).clamp(0.0, 1.0);
    format!("{:.1}", bottom - share * (bottom - top))
}

/// Whether a line that falls goes on.
#[derive(Clone, Copy, PartialEq)]
enum Falling {
    GoesOn,
    IsTheNextSide,
}

/// Lines through what was measured; a gap stays a gap.
fn lines(
    shown: &[&CycleSample],
    until_ms: u64,
    (highest, panel): (f64, Panel),
    (value, falling): (fn(&CycleSample) -> Option<f64>, Falling),
) -> Vec<String> {
    let mut lines: Vec<Vec<String>> = Vec::new();
    let mut before = None;
    for sample in shown {
        let now = value(sample).filter(|value| value.is_finite());
        if let Some(now) = now {
            let next_side =
                falling == Falling::IsTheNextSide && before.is_some_and(|before| now < before);
            if before.is_none() || next_side {
                lines.push(Vec::new());
            }
            let x = WIDTH * sample.at_ms as f64 / until_ms as f64;
            let point = format!("{x:.1},{}", y(now, highest, panel));
            if let Some(line) = lines.last_mut() {
                line.push(point);
            }
        }
        before = now;
    }
    lines.retain(|line| line.len() > 1);
    lines.into_iter().map(|line| line.join(" ")).collect()
}

#[cfg(test)]
mod tests {
    use super::{CycleSample, HEIGHT, WIDTH, curve};
    use crate::config::Language;
    use crate::console::words::Words;

    fn sample(at_s: u64, uv: Option<f64>, dose: Option<f64>) -> CycleSample {
        CycleSample {
            at_ms: at_s * 1000,
            irradiance_mw_cm2: uv,
            dose_mj_cm2: dose,
            ozone_mg_m3: None,
        }
    }

    #[test]
    fn a_gap_stays_a_gap_and_the_other_side_begins_a_line() {
        let w = Words::of(Language::Chinese);
        let samples: Vec<_> = (0..400)
            .map(|at| match at {
                100..120 => sample(at, None, None),
                _ => sample(at, Some(5.0), Some((at % 200) as f64)),
            })
            .collect();
        let drawn = curve(w, &samples, Some(250.0)).expect("four hundred samples are a picture");
        assert_eq!(drawn.uv.len(), 2);
        assert_eq!(drawn.dose.len(), 3);
        for point in drawn
            .uv
            .iter()
            .chain(&drawn.dose)
            .flat_map(|line| line.split(' '))
        {
            let (x, y) = point.split_once(',').expect("a pair");
            let (x, y): (f64, f64) = (x.parse().expect("x"), y.parse().expect("y"));
            assert!(
                (0.0..=WIDTH).contains(&x) && (0.0..=HEIGHT).contains(&y),
                "{point}"
            );
        }
    }

    /// UV touched the dashed line of the dose to reach, as if it had been reached at 64 of 100.
    #[test]
    fn no_line_comes_near_the_other_ones_mark() {
        let w = Words::of(Language::Chinese);
        let samples: Vec<_> = (0..60)
            .map(|at| sample(at, Some(5.0), Some(at as f64)))
            .collect();
        let drawn = curve(w, &samples, Some(100.0)).expect("a picture");
        let target: f64 = drawn.target_y.expect("a mark").parse().expect("a place");
        let heights = |lines: &[String]| -> Vec<f64> {
            let points = lines.iter().flat_map(|line| line.split(' '));
            let y = |point: &str| point.split_once(',').expect("a pair").1.parse();
            points.map(|point| y(point).expect("y")).collect()
        };
        assert!(heights(&drawn.uv).iter().all(|y| y + 10.0 < target));
        assert!(heights(&drawn.dose).iter().all(|y| *y > target + 10.0));
    }

    #[test]
    fn a_cabinet_without_a_sensor_has_no_curve() {
        let w = Words::of(Language::English);
        let samples: Vec<_> = (0..9).map(|at| sample(at, None, None)).collect();
        assert!(curve(w, &samples, None).is_none());
        assert!(curve(w, &samples[..2], None).is_none());
    }
}
