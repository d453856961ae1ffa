//! What a cabinet's task adds to the device health log: once a minute what is watched all the time, and after every cycle the
//! irradiance with which it ended. Never while the lamp burns: a slow disk must not cost a heartbeat.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use uv_cabinet::{LinkQuality, Maintenance, Missing, Point, Profile, Readings};

use super::TroubleView;
use super::record::End;
use super::standing::Part;
use super::still::Still;
use super::task::Supervisor;
use crate::clock::{self, Millis};
use crate::domain::cycle::Heartbeat;
use crate::domain::wear::{self, State};
use crate::health::devices;
use crate::store::{Db, HealthRow, StoreError, TestOutcome};

/// From one entry to the next while nothing happens.
const EVERY: Duration = Duration::from_secs(60);
/// From one look at points without a value to the next.
const TROUBLES_EVERY: Duration = Duration::from_secs(10);
const DAY_MS: i64 = 86_400_000;

/// What is watched all the time.
const WATCHED: [Point; 4] = [
    Point::LampHoursH,
    Point::LampStrikes,
    Point::LampTemperatureC,
    Point::OzoneMgM3,
];
/// Requests that went wrong, of a hundred: more than this and somebody should look at the cable.
const LINK_ERRORS_MAX_PERCENT: f64 = 1.0;
/// A share of a few requests says nothing.
const REQUESTS_NEEDED: u64 = 50;

/// What this cabinet is held against.
#[derive(Debug, Clone)]
pub(super) struct HeldAgainst {
    wear: Maintenance,
    ozone_mg_m3: Option<f64>,
    struck_mw_cm2: Option<f64>,
}

impl HeldAgainst {
    pub(super) fn of(profile: &Profile) -> Self {
        Self {
            wear: profile.maintenance.clone(),
            ozone_mg_m3: profile.limits.ozone_release_mg_m3,
            struck_mw_cm2: profile.limits.uv.map(|uv| uv.irradiance_struck_mw_cm2),
        }
    }

    fn limit(&self, point: Point) -> Option<f64> {
        match point {
            Point::LampHoursH => self.wear.lamp_hours_max_h,
            Point::LampStrikes => self.wear.lamp_strikes_max,
            Point::OzoneMgM3 => self.ozone_mg_m3,
            _ => None,
        }
    }
}

/// What the log has already.
#[derive(Default)]
pub(super) struct Logged {
    due: Option<Instant>,
    /// The last cycle whose irradiance is in the log.
    pub(super) cycle: Option<i64>,
    /// The link's counters at the last entry.
    link: LinkQuality,
    /// Points without a value that the log knows of, and why.
    troubled: BTreeMap<String, String>,
    /// A sensor on the edge of its range is not a row ten times a second.
    troubles_due: Option<Instant>,
    /// Faults of the device that the log has as standing.
    pub(super) standing: BTreeMap<Part, String>,
    /// What is thought of an ozone sensor that does not move: said at once.
    doubted: Option<Still>,
}

impl Supervisor {
    /// Adds to the log what is due.
    pub(super) async fn log_health(&mut self, readings: &Readings, now: Instant) {
        if self.cycle.step().orders().heartbeat == Heartbeat::Given {
            return;
        }
        let mut events: Vec<HealthRow> = self.ended_irradiance().into_iter().collect();
        let (device, at) = (self.id.to_string(), clock::now());
        let about = (at, self.seen.as_ref());
        events.extend(self.standing.news(&self.logged.standing, &device, about));
        self.logged.standing = self.standing.codes();
        let is_logged = |one: &TroubleView| self.logged.troubled.get(&one.point) == Some(&one.code);
        let due = self.troubles.brief().any(|one| !is_logged(one))
            || self.logged.troubles_due.is_none_or(|due| now >= due);
        if due && self.troubles.silence.is_none() && self.wrong.is_none() {
            events.extend(self.changed_troubles(readings, now));
        }
        let doubted = self
            .ozone
            .stood_still()
            .filter(|_| !self.cycle.step().is_running());
        let news = std::mem::replace(&mut self.logged.doubted, doubted) != doubted;
        let minute = news || self.logged.due.is_none_or(|due| now >= due);
        if !minute && events.is_empty() {
            return;
        }
        let mut watched = Vec::new();
        if minute {
            self.logged.due = Some(now + EVERY);
            watched = self.watched(readings, now);
            watched.extend(self.link_rows());
            watched.extend(self.standing.rows(&device, at));
        }
        let written = self.around.store.with(move |db| {
            db.log_health(&events)?;
            if minute {
                watched.extend(self_test_row(db, &device)?);
                db.note_health(&watched)?;
            }
            Ok(())
        });
        if let Err(error) = written.await {
            tracing::warn!(cabinet = %self.id, %error, "the device health log was not written");
        }
    }

    fn watched(&self, readings: &Readings, now: Instant) -> Vec<HealthRow> {
        let running = self.cycle.step().is_running();
        WATCHED
            .into_iter()
            // While a load is aired, ozone is on its way down: that is no finding.
            .filter(|point| !(running && *point == Point::OzoneMgM3))
            .filter(|point| !self.logged.troubled.contains_key(point.name()))
            .filter_map(|point| self.row(readings, now, point))
            .map(|row| self.doubted(row))
            .collect()
    }

    /// A value of an ozone sensor that never moved through the last cycle is none to be content with.
    fn doubted(&self, row: HealthRow) -> HealthRow {
        let still = self.ozone.stood_still();
        match still.filter(|_| row.point == Point::OzoneMgM3.name() && row.value.is_some()) {
            None => row,
            Some(still) => HealthRow {
                state: match still {
                    Still::Frozen => State::Bad,
                    Still::Doubtful => State::Warning,
                }
                .code()
                .to_owned(),
                code: Some("sensor_stands_still".to_owned()),
                ..row
            },
        }
    }

    fn row(&self, readings: &Readings, now: Instant, point: Point) -> Option<HealthRow> {
        let limit = self.held_against.limit(point);
        match readings.number(point, now) {
            Ok(value) => Some(self.measured(point.name(), value, limit)),
            Err(Missing::NotInProfile) => None,
            Err(missing) => Some(HealthRow {
                at: clock::now(),
                device: self.id.to_string(),
                point: point.name().to_owned(),
                value: None,
                limit,
                state: "unknown".to_owned(),
                code: Some(missing.code().to_owned()),
                detail: None,
            }),
        }
    }

    /// Points that lost their value, or have it again, since the last look.
    fn changed_troubles(&mut self, readings: &Readings, now: Instant) -> Vec<HealthRow> {
        let found: BTreeMap<String, TroubleView> = self
            .troubles
            .all()
            .map(|trouble| (trouble.point.clone(), trouble.clone()))
            .collect();
        let before = &self.logged.troubled;
        let news = found
            .values()
            .filter(|trouble| before.get(&trouble.point) != Some(&trouble.code))
            .map(|trouble| self.troubled(trouble));
        let over = before.keys().filter(|point| !found.contains_key(*point));
        let over = over.map(|point| {
            let mut points = Point::ALL.into_iter();
            // In the dark a UV sensor measures nothing of the lamp: that only a cycle does.
            let known =
                points.find(|known| known.name() == point && *known != Point::IrradianceMwCm2);
            let value = known.and_then(|known| readings.number(known, now).ok());
            HealthRow {
                value,
                state: State::Good.code().to_owned(),
                ..self.about(point)
            }
        });
        let rows = news.chain(over).collect();
        let codes = found.into_iter().map(|(point, one)| (point, one.code));
        self.logged.troubled = codes.collect();
        self.logged.troubles_due = Some(now + TROUBLES_EVERY);
        rows
    }

    fn troubled(&self, trouble: &TroubleView) -> HealthRow {
        let state = match trouble.needed {
            true => State::Bad,
            false => State::Warning,
        };
        HealthRow {
            state: state.code().to_owned(),
            code: Some(trouble.code.clone()),
            detail: Some(trouble.figures()),
            ..self.about(&trouble.point)
        }
    }

    fn about(&self, point: &str) -> HealthRow {
        HealthRow {
            at: clock::now(),
            device: self.id.to_string(),
            point: point.to_owned(),
            value: None,
            limit: None,
            state: String::new(),
            code: None,
            detail: None,
        }
    }

    fn measured(&self, point: &str, value: f64, limit: Option<f64>) -> HealthRow {
        held(self.id.to_string(), clock::now(), point, value, limit)
    }

    /// How the link did since the last entry.
    fn link_rows(&mut self) -> Vec<HealthRow> {
        let quality = self.cabinet.link_quality();
        let before = std::mem::replace(&mut self.logged.link, quality.clone());
        let requests = quality.requests.saturating_sub(before.requests);
        let wrong = failures(&quality).saturating_sub(failures(&before));
        let mut rows = Vec::new();
        if requests >= REQUESTS_NEEDED {
            let percent = wrong as f64 * 100.0 / requests as f64;
            let limit = Some(LINK_ERRORS_MAX_PERCENT);
            rows.push(self.measured("link_errors_percent", percent, limit));
        }
        if let Some(time) = quality.round_trip_p50 {
            let ms = time.as_micros() as f64 / 1000.0;
            rows.push(self.measured("link_round_trip_ms", ms, None));
        }
        rows
    }

    /// The last irradiance of a cycle that ended; none in a cabinet that measures none, or if its lamp was put out before the least exposure was over, when it may
    /// not have been warm, or if it is in the log.
    fn ended_irradiance(&mut self) -> Option<HealthRow> {
        let record = self
            .record
            .as_ref()
            .filter(|record| record.end == End::Written)?;
        if self.logged.cycle == Some(record.cycle) {
            return None;
        }
        self.logged.cycle = Some(record.cycle);
        self.cycle.rules().irradiance_struck_mw_cm2()?;
        let exposure = self.cycle.load().exposure();
        let warm = exposure.lit_ms >= self.cycle.rules().min_exposure_ms;
        let last = exposure.last.filter(|_| warm)?;
        let held = &self.held_against;
        let limit = held.wear.irradiance_min_mw_cm2.or(held.struck_mw_cm2);
        Some(self.measured(Point::IrradianceMwCm2.name(), last.mw_cm2, limit))
    }
}

fn failures(quality: &LinkQuality) -> u64 {
    quality.timeouts + quality.crc_errors + quality.bad_replies + quality.losses
}

fn held(device: String, at: Millis, point: &str, value: f64, limit: Option<f64>) -> HealthRow {
    let state = devices::judged(point, value, limit);
    HealthRow {
        at,
        device,
        point: point.to_owned(),
        value: Some(value),
        limit,
        state: state.code().to_owned(),
        code: wear::next_action(point, state).map(str::to_owned),
        detail: None,
    }
}

/// How long ago the cabinet passed its last self test; bad at once where the last one failed.
fn self_test_row(db: &Db, device: &str) -> Result<Option<HealthRow>, StoreError> {
    let Some(test) = db.newest_self_test(device)? else {
        return Ok(None);
    };
    let Some((ended, outcome)) = test.ended.zip(test.outcome) else {
        return Ok(None);
    };
    let now = clock::now();
    let days = (now.0 - ended.0).max(0) as f64 / DAY_MS as f64;
    let days = (days * 100.0).round() / 100.0;
    // Its limit is a matter of the settings: whoever reads the log knows it.
    let mut row = held(device.to_owned(), now, "selftest_age_days", days, None);
    if outcome == TestOutcome::Failed {
        row.state = State::Bad.code().to_owned();
        row.code = Some("selftest_failed".to_owned());
    }
    Ok(Some(row))
}
