//! A history as a chart with a scale, dates and its limit, drawn here as SVG attributes: no script, no library in the browser.

use super::{Words, number, when};
use crate::clock::Millis;
use crate::domain::wear::Point;

/// The chart's size in its own units; the page scales it.
pub(in crate::console) const WIDTH: f64 = 640.0;
pub(in crate::console) const HEIGHT: f64 = 220.0;
const LEFT: f64 = 64.0;
const RIGHT: f64 = 14.0;
const TOP: f64 = 26.0;
const BOTTOM: f64 = 30.0;
/// Dates along the foot.
const DATES: usize = 5;

/// A mark on an axis.
#[derive(Debug)]
pub(in crate::console) struct Mark {
    pub(in crate::console) at: String,
    pub(in crate::console) text: String,
}

/// A chart, ready for the template.
#[derive(Debug)]
pub(in crate::console) struct Chart {
    pub(in crate::console) title: String,
    /// What it shows, for whoever does not see it.
    pub(in crate::console) told: String,
    /// `points` of a polyline; dots where there are few.
    pub(in crate::console) curve: String,
    pub(in crate::console) dots: Vec<(String, String)>,
    pub(in crate::console) heights: Vec<Mark>,
    pub(in crate::console) dates: Vec<Mark>,
    pub(in crate::console) limit: Option<Mark>,
}

/// A step of 1, 2 or 5 times a power of ten that gives a handful of marks.
fn step(span: f64) -> f64 {
    let rough = (span / 4.0).max(1e-9);
    let power = 10_f64.powf(rough.log10().floor());
    let times = [1.0, 2.0, 5.0, 10.0];
    let times = times.into_iter().find(|times| power * times >= rough);
    power * times.unwrap_or(10.0)
}

/// The chart of a point; `None` of fewer than two values or one moment.
pub(in crate::console) fn chart(
    w: &'static Words,
    (title, unit): (&str, &str),
    history: &[Point],
    limit: Option<f64>,
) -> Option<Chart> {
    let (first, last) = (history.first()?, history.last()?);
    if history.len() < 2 || last.at_ms <= first.at_ms {
        return None;
    }
    let values = history.iter().map(|point| point.value).chain(limit);
    // From nought where that is near: a small change is not made to look like a large one.
    let (low, high) = values.fold((f64::MAX, f64::MIN), |(low, high), value| {
        (low.min(value), high.max(value))
    });
    let low = if low >= 0.0 && low < 0.6 * high {
        0.0
    } else {
        low
    };
    let step = step((high - low).max(high.abs() * 0.01).max(1e-6));
    let (bottom, top) = (
        (low / step).floor() * step,
        ((high / step).ceil() * step).max(low + step),
    );
    let x = |at_ms: i64| {
        let share = (at_ms - first.at_ms) as f64 / (last.at_ms - first.at_ms) as f64;
        LEFT + share * (WIDTH - LEFT - RIGHT)
    };
    let y = |value: f64| TOP + (top - value) / (top - bottom) * (HEIGHT - TOP - BOTTOM);
    let curve = history
        .iter()
        .map(|point| format!("{:.1},{:.1}", x(point.at_ms), y(point.value)));
    let marks = ((top - bottom) / step).round() as usize;
    let heights = (0..=marks).map(|at| bottom + at as f64 * step);
    let dates = (0..DATES)
        .map(|at| first.at_ms + (last.at_ms - first.at_ms) * at as i64 / (DATES as i64 - 1));
    let with_unit = |value: f64| format!("{} {unit}", number(value)).trim_end().to_owned();
    let day = |at_ms: i64| when::short_day(w, Millis(at_ms));
    let mut dates: Vec<Mark> = dates
        .map(|at| Mark {
            at: format!("{:.1}", x(at)),
            text: day(at),
        })
        .collect();
    // Several marks within a day say the same.
    dates.dedup_by(|later, earlier| later.text == earlier.text);
    Some(Chart {
        told: w.fill(
            "maintenance.chart_told",
            &[
                &title,
                &day(first.at_ms),
                &day(last.at_ms),
                &with_unit(first.value),
                &with_unit(last.value),
            ],
        ),
        title: match unit {
            "" => title.to_owned(),
            unit => w.two("maintenance.chart_title", title, unit),
        },
        curve: curve.collect::<Vec<_>>().join(" "),
        dots: history
            .iter()
            .filter(|_| history.len() <= 60)
            .map(|point| {
                (
                    format!("{:.1}", x(point.at_ms)),
                    format!("{:.1}", y(point.value)),
                )
            })
            .collect(),
        heights: heights
            .map(|value| Mark {
                at: format!("{:.1}", y(value)),
                text: number(value),
            })
            .collect(),
        dates,
        limit: limit.map(|limit| Mark {
            at: format!("{:.1}", y(limit)),
            text: w.one("maintenance.chart_limit", with_unit(limit)),
        }),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Language;

    fn history(values: &[f64]) -> Vec<Point> {
        let days = (0..).map(|day: i64| day * 86_400_000);
        days.zip(values)
            .map(|(at_ms, &value)| Point { at_ms, value })
            .collect()
    }

    #[test]
    fn a_scale_has_round_steps_and_everything_lies_within_it() {
        let w = Words::of(Language::Chinese);
        for (values, limit) in [
            (vec![4.6, 4.4, 4.1, 3.9], Some(3.0)),
            (vec![8123.0, 8130.0, 8144.0], Some(9000.0)),
            (vec![0.0, 0.0, 0.0], None),
            (vec![0.02, 0.16, 0.05], Some(0.2)),
            (vec![-3.0, 2.0], None),
        ] {
            let drawn = chart(w, ("强度", "mW/cm²"), &history(&values), limit).expect("a chart");
            assert!((2..=9).contains(&drawn.heights.len()), "{drawn:?}");
            let places = drawn.curve.split(' ').map(|pair| {
                let (x, y) = pair.split_once(',').expect("a pair");
                (
                    x.parse::<f64>().expect("a number"),
                    y.parse::<f64>().expect("a number"),
                )
            });
            let limit = drawn
                .limit
                .iter()
                .map(|mark| (LEFT, mark.at.parse::<f64>().expect("a number")));
            for (x, y) in places.chain(limit) {
                assert!((LEFT..=WIDTH - RIGHT).contains(&x), "{x} {drawn:?}");
                assert!(
                    (TOP - 0.1..=HEIGHT - BOTTOM + 0.1).contains(&y),
                    "{y} {drawn:?}"
                );
            }
        }
        assert!(chart(w, ("强度", ""), &history(&[1.0]), None).is_none());
    }

    #[test]
    fn a_small_change_of_a_large_value_is_not_drawn_from_nought_and_a_large_one_is() {
        let w = Words::of(Language::Chinese);
        let lowest = |values: &[f64]| {
            let drawn = chart(w, ("", ""), &history(values), None).expect("a chart");
            drawn.heights[0].text.clone()
        };
        assert_eq!(lowest(&[1.0, 5.0]), "0");
        assert_ne!(lowest(&[8100.0, 8140.0]), "0");
    }
}
