//! The devices as maintenance staff look at them: the newest value of every point with its limit, where it is going, and what
//! to do next. Read from the log; nothing is measured here.

use std::collections::BTreeMap;

use uv_cabinet::Profile;

use crate::clock::Millis;
use crate::config::{Cabinet, Settings};
use crate::domain::wear::{self, Good, Outlook, Point, State};
use crate::store::{Db, HealthRow, Keep, StoreError};

/// Values a trend and its picture are made of at most: so many days, or so many cycles.
const HISTORY: u32 = 180;

/// One point of one device.
#[derive(Debug, Clone, PartialEq)]
pub struct DeviceLine {
    /// The newest entry of the log, its state and code those of now.
    pub newest: HealthRow,
    /// Where it is going; `None` of a point that is not followed.
    pub outlook: Option<Outlook>,
    /// What the outlook was made from, oldest first.
    pub history: Vec<Point>,
    /// Least and greatest value of the last [`SPAN_DAYS`].
    pub span: Option<(f64, f64)>,
}

/// How far back least and greatest are looked for.
pub const SPAN_DAYS: i64 = 30;

/// Jams and double feeds of a driven scanner in a thousand images, by the week: counted from its scans, no single entry of the log.
pub const JAMS: &str = "jams_per_1000";

/// Every device that may be asked for by name: those of the settings, and those that only the log knows any more.
///
/// # Errors
/// When SQLite refuses.
pub fn known(db: &Db, settings: &Settings) -> Result<Vec<String>, StoreError> {
    let cabinets = settings.cabinets.iter().map(|cabinet| cabinet.id.0.clone());
    let scanners = settings.scanners.iter().map(|scanner| scanner.id.0.clone());
    let mut known = db.health_devices()?;
    known.extend(cabinets.chain(scanners));
    known.sort();
    known.dedup();
    Ok(known)
}

/// On which side of its limit a point is good; `None`: it is not followed over time.
fn followed(point: &str) -> Option<Good> {
    match point {
        "irradiance_mw_cm2" => Some(Good::Above),
        "lamp_hours_h" | "lamp_strikes" | "link_errors_percent" => Some(Good::Below),
        _ => None,
    }
}

/// Whether a new lamp begins a new history.
fn belongs_to_lamp(point: &str) -> bool {
    matches!(point, "irradiance_mw_cm2" | "lamp_hours_h" | "lamp_strikes")
}

/// How a value is judged by its limit alone, as it is written into the log.
#[must_use]
pub fn judged(point: &str, value: f64, limit: Option<f64>) -> State {
    let good = followed(point).unwrap_or(Good::Below);
    wear::judge(value, limit, good, Outlook::Steady, 0)
}

/// Every point of every device.
///
/// # Errors
/// When SQLite refuses.
pub fn lines(db: &Db, cabinets: &[Cabinet], now: Millis) -> Result<Vec<DeviceLine>, StoreError> {
    let mut lamps: BTreeMap<String, Option<i64>> = BTreeMap::new();
    let profiles = Profiles::of(cabinets);
    let mut newest = db.newest_health()?;
    newest.retain(|row| !profiles.lack(row));
    for row in newest.iter().filter(|row| row.point == "lamp_hours_h") {
        let hours = history(db, row)?;
        lamps.insert(row.device.clone(), wear::lamp_changed(&hours));
    }
    let mut lines = newest
        .into_iter()
        .map(|mut row| {
            if row.point == "selftest_age_days" {
                hold_against_settings(&mut row, cabinets);
            }
            if row.point == "irradiance_mw_cm2" && is_good_without_value(&row) {
                row = db.newest_measured(&row.device, &row.point)?.unwrap_or(row);
            }
            let lamp = lamps.get(&row.device).copied().flatten();
            line(db, row, lamp, now)
        })
        .collect::<Result<Vec<_>, _>>()?;
    for scanner in db.scanners_that_scanned()? {
        lines.extend(feeding(db, &scanner, now)?);
    }
    lines.sort_by(|one, other| one.newest.device.cmp(&other.newest.device));
    Ok(lines)
}

/// How often paper jams in a scanner; `None` before its first image.
fn feeding(db: &Db, scanner: &str, now: Millis) -> Result<Option<DeviceLine>, StoreError> {
    let history = wear::per_thousand_of_weeks(&db.feeding_of(scanner)?);
    let Some(newest) = history.last() else {
        return Ok(None);
    };
    let since = now.plus_seconds(-SPAN_DAYS * 86_400);
    let lately = history.iter().filter(|week| week.at_ms >= since.0);
    let span = lately.map(|week| (week.value, week.value));
    Ok(Some(DeviceLine {
        newest: HealthRow {
            at: Millis(newest.at_ms),
            device: scanner.to_owned(),
            point: JAMS.to_owned(),
            value: Some(newest.value),
            limit: None,
            state: State::Good.code().to_owned(),
            code: None,
            detail: None,
        },
        outlook: None,
        span: span.reduce(|(least, greatest), (value, _)| (least.min(value), greatest.max(value))),
        history,
    }))
}

/// A fault of the sensor is over, and nothing has been measured since.
fn is_good_without_value(row: &HealthRow) -> bool {
    row.value.is_none() && row.state == State::Good.code()
}

/// The profiles of the settings, as far as they can be read now.
struct Profiles(BTreeMap<String, Profile>);

impl Profiles {
    fn of(cabinets: &[Cabinet]) -> Self {
        let read = cabinets.iter().filter_map(|cabinet| {
            let profile = Profile::load(&cabinet.profile).ok()?;
            Some((cabinet.id.0.clone(), profile))
        });
        Self(read.collect())
    }

    /// Whether the row is about a sensor that its cabinet does not have any more: history, and nothing that is measured now.
    fn lack(&self, row: &HealthRow) -> bool {
        let mut points = uv_cabinet::Point::ALL.into_iter();
        let point = points.find(|point| point.name() == row.point);
        let profile = self.0.get(&row.device);
        profile
            .zip(point)
            .is_some_and(|(profile, point)| !profile.points.contains_key(&point))
    }
}

/// How old a self test may be is said in the settings; a failed one stays bad whatever its age.
fn hold_against_settings(row: &mut HealthRow, cabinets: &[Cabinet]) {
    let cabinet = cabinets.iter().find(|cabinet| cabinet.id.0 == row.device);
    row.limit = cabinet.map(|cabinet| cabinet.self_test_days.0 as f64);
    if let Some(days) = row.value.filter(|_| row.state == State::Good.code()) {
        let state = judged(&row.point, days, row.limit);
        row.state = state.code().to_owned();
        row.code = wear::next_action(&row.point, state).map(str::to_owned);
    }
}

/// Irradiance comes once a cycle; what is watched all the time counts once a day.
fn history(db: &Db, row: &HealthRow) -> Result<Vec<Point>, StoreError> {
    let keep = match row.point.as_str() {
        "irradiance_mw_cm2" => Keep::Every,
        _ => Keep::LastOfDay,
    };
    db.health_history(&row.device, &row.point, keep, HISTORY)
}

fn line(
    db: &Db,
    mut row: HealthRow,
    lamp_since: Option<i64>,
    now: Millis,
) -> Result<DeviceLine, StoreError> {
    let since = now.plus_seconds(-SPAN_DAYS * 86_400);
    let span = db.health_span(&row.device, &row.point, since)?;
    let Some(good) = followed(&row.point) else {
        return Ok(DeviceLine {
            newest: row,
            outlook: None,
            history: Vec::new(),
            span,
        });
    };
    let mut history = history(db, &row)?;
    if belongs_to_lamp(&row.point) {
        history.retain(|point| lamp_since.is_none_or(|since| point.at_ms >= since));
    }
    let followed = thinned(&history);
    let outlook = wear::outlook(&followed, row.limit, good, now.0);
    if let Some(value) = row.value {
        let state = wear::judge(value, row.limit, good, outlook, now.0);
        row.state = state.code().to_owned();
        row.code = wear::next_action(&row.point, state).map(str::to_owned);
    }
    Ok(DeviceLine {
        newest: row,
        outlook: Some(outlook),
        history,
        span,
    })
}

/// As many points as a trend uses, evenly out of the whole history and with its newest.
fn thinned(history: &[Point]) -> Vec<Point> {
    let step = history.len().div_ceil(wear::POINTS_USED).max(1);
    let mut kept: Vec<Point> = history.iter().rev().step_by(step).copied().collect();
    kept.reverse();
    kept
}
