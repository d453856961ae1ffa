//! What a device's measurements mean for maintenance: held against a limit, followed over time, and what to do next.
//!
//! A prediction is made only where the record carries it: enough points over enough days, and a fall or rise that is more
//! than scatter. Otherwise it says why there is none. Leaves out everything about a single cycle: `cycle` judges that.

/// One measurement and its time on the wall clock.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Point {
    /// Milliseconds since 1970 UTC.
    pub at_ms: i64,
    /// What was measured.
    pub value: f64,
}

/// On which side of its limit a value is good.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Good {
    /// Lamp hours, strikes, ozone.
    Below,
    /// Irradiance.
    Above,
}

/// How a value stands against its limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum State {
    /// No limit, or far from it.
    Good,
    /// Near its limit, or about to reach it.
    Warning,
    /// At or past its limit.
    Bad,
}

impl State {
    /// Stable name.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::Good => "good",
            Self::Warning => "warning",
            Self::Bad => "bad",
        }
    }
}

impl State {
    /// The state of a stable name; none of a name that is no judgement, such as `unknown`.
    #[must_use]
    pub fn parse(code: &str) -> Option<Self> {
        [Self::Good, Self::Warning, Self::Bad]
            .into_iter()
            .find(|state| state.code() == code)
    }
}

/// Where a series of measurements is going.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Outlook {
    /// Too few measurements, or over too short a time.
    NotEnough {
        /// There are this many.
        have: usize,
        /// At least this many are needed.
        need: usize,
    },
    /// No change that is more than scatter.
    Steady,
    /// Away from the limit, or no limit is given.
    Moving {
        /// Change per day.
        per_day: f64,
    },
    /// Towards the limit, which is further away than the record allows to say.
    FarOff {
        /// Change per day.
        per_day: f64,
    },
    /// Towards the limit, reached about then.
    Reaches {
        /// Change per day.
        per_day: f64,
        /// About when, milliseconds since 1970 UTC.
        at_ms: i64,
    },
}

impl Outlook {
    /// Stable name.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::NotEnough { .. } => "not_enough",
            Self::Steady => "steady",
            Self::Moving { .. } => "moving",
            Self::FarOff { .. } => "far_off",
            Self::Reaches { .. } => "reaches",
        }
    }

    /// Change per day, where there is one.
    #[must_use]
    pub fn per_day(self) -> Option<f64> {
        match self {
            Self::NotEnough { .. } | Self::Steady => None,
            Self::Moving { per_day } | Self::FarOff { per_day } | Self::Reaches { per_day, .. } => {
                Some(per_day)
            }
        }
    }
}

/// Fewer measurements than this are an impression.
pub const POINTS_NEEDED: usize = 8;
/// More than this are old history.
pub const POINTS_USED: usize = 40;
const DAY_MS: f64 = 86_400_000.0;
/// Measurements of one morning say nothing about a month.
const LEAST_SPAN_DAYS: f64 = 3.0;
/// A line is drawn out to so many times the time it was seen over, not further.
const DRAWN_OUT: f64 = 6.0;
/// Standard normal deviate of a two-sided test at 1 %.
const CLEAR: f64 = 2.576;

/// Where these measurements, oldest first, are going; the newest of them count.
///
/// A robust line (Theil–Sen): the median of the slopes between all pairs, so that a dirty sensor on one day or one cold
/// morning does not bend it. Whether there is a trend at all is asked of the ranks (Mann–Kendall).
#[must_use]
pub fn outlook(points: &[Point], limit: Option<f64>, good: Good, now_ms: i64) -> Outlook {
    let points = &points[points.len().saturating_sub(POINTS_USED)..];
    let points: Vec<Point> = points
        .iter()
        .copied()
        .filter(|p| p.value.is_finite())
        .collect();
    let not_enough = Outlook::NotEnough {
        have: points.len(),
        need: POINTS_NEEDED,
    };
    let (Some(first), Some(last)) = (points.first(), points.last()) else {
        return not_enough;
    };
    let span_days = (last.at_ms - first.at_ms) as f64 / DAY_MS;
    if points.len() < POINTS_NEEDED || span_days < LEAST_SPAN_DAYS {
        return not_enough;
    }
    if !has_trend(&points) {
        return Outlook::Steady;
    }
    let Some(per_day) = slope(&points) else {
        return Outlook::Steady;
    };
    let towards = match good {
        Good::Below => per_day > 0.0,
        Good::Above => per_day < 0.0,
    };
    let Some(limit) = limit.filter(|_| towards) else {
        return Outlook::Moving { per_day };
    };
    // The level of today: the median of what every point would be by now on that line.
    let level = median(
        points
            .iter()
            .map(|p| p.value + per_day * (now_ms - p.at_ms) as f64 / DAY_MS)
            .collect(),
    );
    let days = ((limit - level) / per_day).max(0.0);
    if days > span_days * DRAWN_OUT {
        return Outlook::FarOff { per_day };
    }
    Outlook::Reaches {
        per_day,
        at_ms: now_ms + (days * DAY_MS) as i64,
    }
}

/// Mann–Kendall: whether later values are higher (or lower) than earlier ones more often than chance would have it.
fn has_trend(points: &[Point]) -> bool {
    let n = points.len() as f64;
    let mut sum: f64 = 0.0;
    for (at, earlier) in points.iter().enumerate() {
        for later in &points[at + 1..] {
            sum += match later.value.partial_cmp(&earlier.value) {
                Some(std::cmp::Ordering::Greater) => 1.0,
                Some(std::cmp::Ordering::Less) => -1.0,
                _ => 0.0,
            };
        }
    }
    let variance = n * (n - 1.0) * (2.0 * n + 5.0) / 18.0;
    (sum.abs() - 1.0) / variance.sqrt() > CLEAR
}

/// Theil–Sen: the median of all pairs' slopes, per day. None where no two points have different times.
fn slope(points: &[Point]) -> Option<f64> {
    let mut slopes = Vec::with_capacity(points.len() * points.len() / 2);
    for (at, earlier) in points.iter().enumerate() {
        for later in &points[at + 1..] {
            let days = (later.at_ms - earlier.at_ms) as f64 / DAY_MS;
            if days > 0.0 {
                slopes.push((later.value - earlier.value) / days);
            }
        }
    }
    (!slopes.is_empty()).then(|| median(slopes))
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    let middle = values.len() / 2;
    if values.len() % 2 == 1 {
        values[middle]
    } else {
        (values[middle - 1] + values[middle]) / 2.0
    }
}

/// When a new lamp was put in, if it was: the lamp's hours went back. What was measured before is another lamp's.
#[must_use]
pub fn lamp_changed(hours: &[Point]) -> Option<i64> {
    let pairs = hours.windows(2);
    pairs
        .filter(|pair| pair[1].value < pair[0].value - 1.0)
        .map(|pair| pair[1].at_ms)
        .next_back()
}

/// How far before its limit a value is a warning.
const NEAR: f64 = 0.1;
/// How long before it is expected to reach its limit.
const SOON_DAYS: f64 = 30.0;

/// How a value and its outlook stand against a limit.
#[must_use]
pub fn judge(value: f64, limit: Option<f64>, good: Good, outlook: Outlook, now_ms: i64) -> State {
    let Some(limit) = limit else {
        return State::Good;
    };
    let (past, near) = match good {
        Good::Below => (value >= limit, value >= limit * (1.0 - NEAR)),
        Good::Above => (value < limit, value < limit * (1.0 + NEAR)),
    };
    let soon = matches!(outlook, Outlook::Reaches { at_ms, .. }
        if (at_ms - now_ms) as f64 <= SOON_DAYS * DAY_MS);
    match (past, near || soon) {
        (true, _) => State::Bad,
        (false, true) => State::Warning,
        (false, false) => State::Good,
    }
}

/// What is to be done about a point that is not good: a stable code.
#[must_use]
pub fn next_action(point: &str, state: State) -> Option<&'static str> {
    let code = match (point, state) {
        (_, State::Good) => return None,
        ("lamp_hours_h" | "lamp_strikes", State::Warning) => "order_lamp",
        ("lamp_hours_h" | "lamp_strikes", State::Bad) => "replace_lamp",
        ("irradiance_mw_cm2", State::Warning) => "clean_and_order_lamp",
        ("irradiance_mw_cm2", State::Bad) => "clean_or_replace_lamp",
        ("ozone_mg_m3", _) => "check_fan_and_air",
        ("link_errors_percent", _) => "check_cable",
        ("selftest_age_days", _) => "run_selftest",
        _ => "look_after",
    };
    Some(code)
}

/// A scan, as far as the paper path goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Feeding {
    /// When it ended, milliseconds since 1970 UTC.
    pub at_ms: i64,
    /// Images that came.
    pub images: u32,
    /// It ended with a jam or a double feed.
    pub is_jammed: bool,
}

const WEEK_MS: i64 = 7 * 86_400_000;

/// Jams in a thousand images, week by week backwards from the last scan, oldest first; weeks without an image are left out. A day has too few
/// images to tell.
#[must_use]
pub fn per_thousand_of_weeks(scans: &[Feeding]) -> Vec<Point> {
    let Some(last) = scans.iter().map(|scan| scan.at_ms).max() else {
        return Vec::new();
    };
    let mut weeks: std::collections::BTreeMap<i64, (u32, u32)> = std::collections::BTreeMap::new();
    for scan in scans {
        let (images, jams) = weeks.entry((last - scan.at_ms) / WEEK_MS).or_default();
        *images += scan.images;
        *jams += u32::from(scan.is_jammed);
    }
    let told = weeks
        .into_iter()
        .rev()
        .filter(|(_, (images, _))| *images > 0);
    told.map(|(back, (images, jams))| Point {
        at_ms: last - back * WEEK_MS,
        value: f64::from(jams) * 1000.0 / f64::from(images),
    })
    .collect()
}

#[cfg(test)]
#[path = "wear_tests.rs"]
mod tests;
