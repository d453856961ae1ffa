//! What a cabinet's task adds to the device health log: the lamp's age once a minute, and after every
//! cycle the irradiance with which it ended. Never while the lamp burns: a slow disk must not cost a heartbeat.

use std::time::{Duration, Instant};

use uv_cabinet::{Missing, Point, Readings};

use super::record::End;
use super::task::Supervisor;
use crate::clock;
use crate::domain::cycle::Heartbeat;
use crate::store::HealthRow;

/// From one entry to the next while nothing happens.
const EVERY: Duration = Duration::from_secs(60);

/// What is watched all the time.
const WATCHED: [Point; 4] = [
    Point::LampHoursH,
    Point::LampStrikes,
    Point::LampTemperatureC,
    Point::OzoneMgM3,
];

/// What the log has already.
#[derive(Default)]
pub(super) struct Logged {
    due: Option<Instant>,
    /// The last cycle whose irradiance is in the log.
    pub(super) cycle: Option<i64>,
}

impl Supervisor {
    /// Adds to the log what is due.
    pub(super) async fn log_health(&mut self, readings: &Readings, now: Instant) {
        if self.cycle.step().orders().heartbeat == Heartbeat::Given {
            return;
        }
        let mut rows = Vec::new();
        if self.logged.due.is_none_or(|due| now >= due) {
            self.logged.due = Some(now + EVERY);
            rows.extend(
                WATCHED
                    .into_iter()
                    .filter_map(|point| self.row(readings, now, point)),
            );
        }
        let ended = self
            .record
            .as_ref()
            .filter(|record| record.end == End::Written);
        if let Some(record) = ended
            && self.logged.cycle != Some(record.cycle)
        {
            self.logged.cycle = Some(record.cycle);
            rows.extend(self.irradiance_row());
        }
        if rows.is_empty() {
            return;
        }
        let written = self.around.store.with(move |db| db.log_health(&rows)).await;
        if let Err(error) = written {
            tracing::warn!(cabinet = %self.id, %error, "the device health log was not written");
        }
    }

    fn row(&self, readings: &Readings, now: Instant, point: Point) -> Option<HealthRow> {
        let (value, state, code) = match readings.number(point, now) {
            Ok(number) => (Some(number), "good", None),
            Err(Missing::NotInProfile) => return None,
            Err(missing) => (None, "unknown", Some(missing.code().to_owned())),
        };
        Some(HealthRow {
            at: clock::now(),
            device: self.id.to_string(),
            point: point.name().to_owned(),
            value,
            limit: None,
            state: state.to_owned(),
            code,
        })
    }

    /// The last irradiance of the cycle that ended; none if its lamp was never seen lit.
    fn irradiance_row(&self) -> Option<HealthRow> {
        let last = self.cycle.load().exposure().last?;
        Some(HealthRow {
            at: clock::now(),
            device: self.id.to_string(),
            point: Point::IrradianceMwCm2.name().to_owned(),
            value: Some(last.mw_cm2),
            limit: self.cycle.rules().irradiance_struck_mw_cm2(),
            state: "good".to_owned(),
            code: None,
        })
    }
}
