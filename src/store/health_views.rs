//! The device health log as people page through it; `store/health.rs` writes it.

use rusqlite::{OptionalExtension, Row};

use super::{Db, HealthRow, StoreError};
use crate::clock::Millis;
use crate::domain::wear::{Feeding, Point};

fn entry(row: &Row<'_>) -> rusqlite::Result<(i64, HealthRow)> {
    let (code, detail) = HealthRow::parted(row.get(7)?);
    let entry = HealthRow {
        at: row.get(1)?,
        device: row.get(2)?,
        point: row.get(3)?,
        value: row.get(4)?,
        limit: row.get(5)?,
        state: row.get(6)?,
        code,
        detail,
    };
    Ok((row.get(0)?, entry))
}

const ENTRY: &str =
    "SELECT rowid, at_ms, device, point, value, limit_value, state, code FROM device_health";

/// Which values of a history are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Keep {
    /// All of them.
    Every,
    /// The last of each day (UTC).
    LastOfDay,
    /// The greatest of each day (UTC).
    GreatestOfDay,
}

impl Db {
    /// The newest entry of every device's every point.
    ///
    /// # Errors
    /// When SQLite refuses.
    pub fn newest_health(&self) -> Result<Vec<HealthRow>, StoreError> {
        let mut query = self.connection.prepare_cached(&format!(
            "{ENTRY} WHERE rowid IN (SELECT max(rowid) FROM device_health GROUP BY device, point) ORDER BY device, point"
        ))?;
        let rows = query.query_map([], |row| Ok(entry(row)?.1))?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// The newest entry of a point that has a value.
    ///
    /// # Errors
    /// When SQLite refuses.
    pub fn newest_measured(
        &self,
        device: &str,
        point: &str,
    ) -> Result<Option<HealthRow>, StoreError> {
        let mut query = self.connection.prepare_cached(&format!(
            "{ENTRY} WHERE device = ?1 AND point = ?2 AND value IS NOT NULL ORDER BY rowid DESC LIMIT 1"
        ))?;
        let row = query.query_row((device, point), |row| Ok(entry(row)?.1));
        Ok(row.optional()?)
    }

    /// The same of one device.
    ///
    /// # Errors
    /// When SQLite refuses.
    pub fn newest_health_of(&self, device: &str) -> Result<Vec<HealthRow>, StoreError> {
        let mut newest = self.newest_health()?;
        newest.retain(|row| row.device == device);
        Ok(newest)
    }

    /// The log, newest first, with row numbers below `before`; of one device only, if given, and not older than `since`.
    ///
    /// # Errors
    /// When SQLite refuses.
    pub fn health_log_part(
        &self,
        device: Option<&str>,
        since: Option<Millis>,
        before: Option<i64>,
        limit: u32,
    ) -> Result<Vec<(i64, HealthRow)>, StoreError> {
        let mut query = self.connection.prepare_cached(&format!(
            "{ENTRY} WHERE rowid < ?1 AND (?2 IS NULL OR device = ?2) AND (?3 IS NULL OR at_ms >= ?3)
             ORDER BY rowid DESC LIMIT ?4"
        ))?;
        let rows = query.query_map((before.unwrap_or(i64::MAX), device, since, limit), entry)?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// A device's part of the log, newest first, with row numbers below `before`: of this point, in this state, where they are given, and as wanted.
    ///
    /// # Errors
    /// When SQLite refuses.
    pub fn health_log_of(
        &self,
        device: &str,
        (point, state): (Option<&str>, Option<&str>),
        (before, limit): (Option<i64>, u32),
        is_wanted: impl Fn(&HealthRow) -> bool,
    ) -> Result<Vec<(i64, HealthRow)>, StoreError> {
        // By row, not by the device's index, which would read and sort all of its entries for the first page.
        let mut query = self.connection.prepare_cached(&format!(
            "{ENTRY} WHERE rowid < ?1 AND +device = ?2 AND (?3 IS NULL OR point = ?3) AND (?4 IS NULL OR state = ?4)
             ORDER BY rowid DESC"
        ))?;
        let before = before.unwrap_or(i64::MAX);
        let rows = query.query_map((before, device, point, state), entry)?;
        let wanted = rows.filter(|row| row.as_ref().map_or(true, |(_, row)| is_wanted(row)));
        Ok(wanted.take(limit as usize).collect::<Result<_, _>>()?)
    }

    /// The driven scanners of which a scan has ended.
    ///
    /// # Errors
    /// When SQLite refuses.
    pub fn scanners_that_scanned(&self) -> Result<Vec<String>, StoreError> {
        let mut query = self.connection.prepare_cached(
            "SELECT DISTINCT scanner FROM scans WHERE ended_ms IS NOT NULL ORDER BY scanner",
        )?;
        let rows = query.query_map([], |row| row.get(0))?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// The ended scans of a driven scanner, oldest first: how many images came, and whether paper jammed or two sheets went through at once.
    ///
    /// # Errors
    /// When SQLite refuses.
    pub fn feeding_of(&self, scanner: &str) -> Result<Vec<Feeding>, StoreError> {
        let mut query = self.connection.prepare_cached(
            "SELECT ended_ms, received_images, coalesce(trouble IN ('scanner_jam', 'scanner_double_feed'), 0)
             FROM scans WHERE scanner = ?1 AND ended_ms IS NOT NULL ORDER BY ended_ms",
        )?;
        let rows = query.query_map([scanner], |row| {
            Ok(Feeding {
                at_ms: row.get(0)?,
                images: row.get(1)?,
                is_jammed: row.get(2)?,
            })
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// The newest known values of a point, oldest first: what a trend is drawn from. Of each day the last, or every one.
    ///
    /// # Errors
    /// When SQLite refuses.
    pub fn health_history(
        &self,
        device: &str,
        point: &str,
        keep: Keep,
        limit: u32,
    ) -> Result<Vec<Point>, StoreError> {
        let newest = match keep {
            Keep::Every => {
                "SELECT at_ms AS at, value FROM device_health
                 WHERE device = ?1 AND point = ?2 AND value IS NOT NULL ORDER BY at DESC, rowid DESC LIMIT ?3"
            }
            Keep::LastOfDay => {
                "SELECT max(at_ms) AS at, value FROM device_health WHERE device = ?1 AND point = ?2 AND value IS NOT NULL
                   AND at_ms > (SELECT max(at_ms) FROM device_health WHERE device = ?1 AND point = ?2) - ?3 * 86400000
                 GROUP BY at_ms / 86400000 ORDER BY at DESC LIMIT ?3"
            }
            Keep::GreatestOfDay => {
                "SELECT max(at_ms) AS at, max(value) AS value FROM device_health WHERE device = ?1 AND point = ?2 AND value IS NOT NULL
                   AND at_ms > (SELECT max(at_ms) FROM device_health WHERE device = ?1 AND point = ?2) - ?3 * 86400000
                 GROUP BY at_ms / 86400000 ORDER BY at DESC LIMIT ?3"
            }
        };
        let mut query = self
            .connection
            .prepare_cached(&format!("SELECT at, value FROM ({newest}) ORDER BY at"))?;
        let rows = query.query_map((device, point, limit), |row| {
            Ok(Point {
                at_ms: row.get(0)?,
                value: row.get(1)?,
            })
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// Least and greatest known value of a point since then.
    ///
    /// # Errors
    /// When SQLite refuses.
    pub fn health_span(
        &self,
        device: &str,
        point: &str,
        since: Millis,
    ) -> Result<Option<(f64, f64)>, StoreError> {
        let mut query = self.connection.prepare_cached(
            "SELECT min(value), max(value) FROM device_health WHERE device = ?1 AND point = ?2 AND at_ms >= ?3",
        )?;
        let span = query.query_row((device, point, since), |row| {
            Ok((row.get::<_, Option<f64>>(0)?, row.get::<_, Option<f64>>(1)?))
        })?;
        Ok(span.0.zip(span.1))
    }

    /// Every device that the log knows.
    ///
    /// # Errors
    /// When SQLite refuses.
    pub fn health_devices(&self) -> Result<Vec<String>, StoreError> {
        let all = "SELECT DISTINCT device FROM device_health ORDER BY device";
        let mut query = self.connection.prepare_cached(all)?;
        let rows = query.query_map([], |row| row.get(0))?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// How the cycles of every cabinet ended: cabinet, outcome, how many. One that runs is not counted.
    ///
    /// # Errors
    /// When SQLite refuses.
    pub fn cycle_outcomes(&self) -> Result<Vec<(String, String, i64)>, StoreError> {
        let mut query = self.connection.prepare_cached(
            "SELECT cabinet, CASE WHEN outcome = 'quarantined' AND EXISTS
                (SELECT 1 FROM cycle_steps WHERE cycle_id = cycles.id AND step = 'alarm') THEN 'alarm' ELSE outcome END AS how,
             count(*) FROM cycles WHERE outcome IS NOT NULL GROUP BY cabinet, how ORDER BY cabinet, how",
        )?;
        let rows = query.query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?;
        Ok(rows.collect::<Result<_, _>>()?)
    }
}
