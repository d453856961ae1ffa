//! What becomes of old entries of the device health log: a row a day with mean, least and greatest; and after years nothing.

use rusqlite::{OptionalExtension, Row};

use super::{Db, StoreError};
use crate::clock::Millis;

/// One day of one point.
#[derive(Debug, Clone, PartialEq)]
pub struct HealthDay {
    /// The device's id.
    pub device: String,
    /// What was observed, with its unit in the name.
    pub point: String,
    /// Local, `YYYY-MM-DD`.
    pub day: String,
    /// Entries with a value.
    pub known: i64,
    /// Entries without one.
    pub unknown: i64,
    /// Mean of the values.
    pub mean: Option<f64>,
    /// The least.
    pub least: Option<f64>,
    /// The greatest.
    pub greatest: Option<f64>,
    /// The limit at the end of the day.
    pub limit: Option<f64>,
    /// The worst state of the day.
    pub worst: String,
}

fn day(row: &Row<'_>) -> rusqlite::Result<HealthDay> {
    Ok(HealthDay {
        device: row.get(0)?,
        point: row.get(1)?,
        day: row.get(2)?,
        known: row.get(3)?,
        unknown: row.get(4)?,
        mean: row.get(5)?,
        least: row.get(6)?,
        greatest: row.get(7)?,
        limit: row.get(8)?,
        worst: row.get(9)?,
    })
}

/// States from good to bad, by their place in a text: SQLite has no order of its own for them.
const ORDER: &str = "good    unknown warning bad";

/// The entries of a span of time, day by day and point by point. The limit beside `max(at_ms)` is the newest one's (a rule of SQLite's).
fn by_day(condition: &str, day: &str) -> String {
    format!(
        "SELECT device, point, {day}, count(value), count(*) - count(value), avg(value), min(value), max(value),
                (SELECT l.limit_value FROM device_health l WHERE l.device = h.device AND l.point = h.point AND {condition}
                 ORDER BY l.at_ms DESC, l.rowid DESC LIMIT 1),
                trim(substr('{ORDER}', max(instr('{ORDER}', state)), 8))
         FROM device_health h WHERE {condition} GROUP BY device, point"
    )
}

impl Db {
    /// Makes a row a day of what is older than `before`, one day at most a call; whether there was one. A day that was rolled up
    /// already (its clock was wrong) takes the late entries in.
    ///
    /// # Errors
    /// When SQLite refuses.
    pub fn roll_health_up(&mut self, before: Millis) -> Result<bool, StoreError> {
        let oldest = "SELECT min(at_ms) FROM device_health";
        let oldest: Option<Millis> = self
            .connection
            .query_row(oldest, [], |row| row.get(0))
            .optional()?
            .flatten();
        let Some(oldest) = oldest else {
            return Ok(false);
        };
        let day = oldest.day();
        let Some((begin, end)) = Millis::bounds_of_day(&day) else {
            return Ok(false);
        };
        if end.0 > before.0 {
            return Ok(false);
        }
        let step = self.connection.savepoint()?;
        let rolled = by_day("at_ms >= ?1 AND at_ms < ?2", "?3");
        step.execute(
            &format!(
                "INSERT INTO device_health_days (device, point, day, known, unknown, mean, least, greatest, limit_value, worst)
                 {rolled}
                 ON CONFLICT (device, point, day) DO UPDATE SET
                   mean = coalesce((coalesce(mean, 0) * known + coalesce(excluded.mean, 0) * excluded.known) / nullif(known + excluded.known, 0), mean),
                   least = min(coalesce(least, excluded.least), coalesce(excluded.least, least)),
                   greatest = max(coalesce(greatest, excluded.greatest), coalesce(excluded.greatest, greatest)),
                   known = known + excluded.known, unknown = unknown + excluded.unknown,
                   limit_value = coalesce(excluded.limit_value, limit_value),
                   worst = CASE WHEN instr('{ORDER}', excluded.worst) > instr('{ORDER}', worst) THEN excluded.worst ELSE worst END"
            ),
            (begin, end, &day),
        )?;
        step.execute(
            "DELETE FROM device_health WHERE at_ms >= ?1 AND at_ms < ?2",
            (begin, end),
        )?;
        step.commit()?;
        Ok(true)
    }

    /// Forgets days before this one; how many rows that were.
    ///
    /// # Errors
    /// When SQLite refuses.
    pub fn forget_health_days(&mut self, before: &str) -> Result<usize, StoreError> {
        let old = "DELETE FROM device_health_days WHERE day < ?1";
        Ok(self.connection.execute(old, [before])?)
    }

    /// Day by day since then, oldest first, of one device or of all: what was rolled up, and what is still whole.
    ///
    /// # Errors
    /// When SQLite refuses.
    pub fn health_days(
        &self,
        device: Option<&str>,
        since: &str,
    ) -> Result<Vec<HealthDay>, StoreError> {
        let mut query = self.connection.prepare_cached(
            "SELECT device, point, day, known, unknown, mean, least, greatest, limit_value, worst FROM device_health_days
             WHERE day >= ?1 AND (?2 IS NULL OR device = ?2) ORDER BY day, device, point",
        )?;
        let mut days: Vec<HealthDay> = query
            .query_map((since, device), day)?
            .collect::<Result<_, _>>()?;
        let whole = format!(
            "SELECT * FROM ({}) WHERE (?4 IS NULL OR device = ?4) ORDER BY device, point",
            by_day("at_ms >= ?1 AND at_ms < ?2", "?3")
        );
        let mut query = self.connection.prepare_cached(&whole)?;
        let oldest = "SELECT min(at_ms) FROM device_health";
        let oldest: Option<Millis> = self.connection.query_row(oldest, [], |row| row.get(0))?;
        let newest = "SELECT max(at_ms) FROM device_health";
        let newest: Option<Millis> = self.connection.query_row(newest, [], |row| row.get(0))?;
        let mut at = oldest.map(|oldest| oldest.day().max(since.to_owned()));
        while let Some((begin, end)) = at.as_deref().and_then(Millis::bounds_of_day) {
            if newest.is_none_or(|newest| newest.0 < begin.0) {
                break;
            }
            let rows = query.query_map((begin, end, &at, device), day)?;
            days.extend(rows.collect::<Result<Vec<_>, _>>()?);
            at = Some(end.day());
        }
        Ok(days)
    }
}
