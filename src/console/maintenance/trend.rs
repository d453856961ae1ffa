//! A trend in words, and as a small picture drawn here: no script, no library in the browser.

use super::{Words, number, when};
use crate::clock::Millis;
use crate::domain::wear::{Outlook, Point};

/// The picture's size in its own units; the page scales it.
const WIDTH: f64 = 120.0;
const HEIGHT: f64 = 30.0;
/// Points further apart than this many pixels are enough.
const POINTS: usize = 60;

/// A curve and the line of its limit, as an SVG's attributes.
pub(super) struct Picture {
    /// `points` of a polyline.
    pub(super) curve: String,
    /// Height of the limit's line.
    pub(super) limit_y: Option<String>,
    /// The newest point.
    pub(super) last: (String, String),
}

/// Where a point is going, in words.
pub(crate) fn words(w: &Words, outlook: Outlook, unit: &str) -> String {
    let change = |per_day: f64| {
        let sign = if per_day < 0.0 { "−" } else { "+" };
        w.one(
            "trend.per_day",
            format!("{sign}{} {unit}", number(per_day.abs())).trim_end(),
        )
    };
    match outlook {
        Outlook::NotEnough { have, need } => w.two("trend.not_enough", have, need),
        Outlook::Steady => w.t("trend.steady").to_owned(),
        Outlook::Moving { per_day } => change(per_day),
        Outlook::FarOff { per_day } => w.one("trend.far_off", change(per_day)),
        Outlook::Reaches { per_day, at_ms } => w.two(
            "trend.reaches",
            change(per_day),
            when::day(w, Millis(at_ms)),
        ),
    }
}

/// The picture of a history; none of fewer than three values.
pub(super) fn picture(history: &[Point], limit: Option<f64>) -> Option<Picture> {
    let step = history.len().div_ceil(POINTS).max(1);
    let mut shown: Vec<Point> = history.iter().rev().step_by(step).copied().collect();
    shown.reverse();
    let (first, last) = (shown.first()?, shown.last()?);
    if shown.len() < 3 || last.at_ms <= first.at_ms {
        return None;
    }
    let values = shown.iter().map(|point| point.value).chain(limit);
    let (low, high) = values.fold((f64::MAX, f64::MIN), |(low, high), value| {
        (low.min(value), high.max(value))
    });
    let span = (high - low).max(1e-9);
    let x = |at_ms: i64| {
        let share = (at_ms - first.at_ms) as f64 / (last.at_ms - first.at_ms) as f64;
        format!("{:.1}", 2.0 + share * (WIDTH - 4.0))
    };
    let y = |value: f64| format!("{:.1}", 3.0 + (high - value) / span * (HEIGHT - 6.0));
    let curve = shown
        .iter()
        .map(|point| format!("{},{}", x(point.at_ms), y(point.value)));
    Some(Picture {
        curve: curve.collect::<Vec<_>>().join(" "),
        limit_y: limit.map(y),
        last: (x(last.at_ms), y(last.value)),
    })
}

#[cfg(test)]
mod tests {
    use super::picture;
    use crate::domain::wear::Point;

    #[test]
    fn a_picture_stays_within_its_frame_and_two_values_are_none() {
        let history: Vec<Point> = (0..500)
            .map(|at| Point {
                at_ms: at * 86_400_000,
                value: 14.0 - at as f64 * 0.01,
            })
            .collect();
        let drawn = picture(&history, Some(3.0)).expect("five hundred values are a picture");
        let pairs: Vec<(f64, f64)> = drawn
            .curve
            .split(' ')
            .map(|pair| {
                let (x, y) = pair.split_once(',').expect("a pair");
                (x.parse().expect("a number"), y.parse().expect("a number"))
            })
            .collect();
        assert!((50..=61).contains(&pairs.len()), "{}", pairs.len());
        for (x, y) in &pairs {
            assert!(
                (0.0..=120.0).contains(x) && (0.0..=30.0).contains(y),
                "{x},{y}"
            );
        }
        assert!(pairs[0].1 < pairs[pairs.len() - 1].1, "a fall goes down");
        assert!(picture(&history[..2], Some(3.0)).is_none());
    }
}
