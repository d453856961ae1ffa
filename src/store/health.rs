//! The device health log: one row per device, point and hour, and one for every event. A year of it stays small by itself; what becomes of older
//! entries is in `store/health_days.rs`.

use super::{Db, StoreError};
use crate::clock::Millis;

/// One observation.
#[derive(Debug, Clone, PartialEq)]
pub struct HealthRow {
    /// When.
    pub at: Millis,
    /// The device's id.
    pub device: String,
    /// What was observed, with its unit in the name, e.g. `lamp_hours_h`.
    pub point: String,
    /// The value; `None` when it is unknown.
    pub value: Option<f64>,
    /// The limit it is held against.
    pub limit: Option<f64>,
    /// `good`, `warning`, `bad` or `unknown`.
    pub state: String,
    /// Stable code of what to do next.
    pub code: Option<String>,
    /// Of a point without a value: where it is, what was read, what is expected.
    pub detail: Option<String>,
}

impl HealthRow {
    /// As the column keeps it: the code, and what belongs to it.
    fn kept(&self) -> Option<String> {
        let code = self.code.as_deref()?;
        Some(match &self.detail {
            Some(detail) => format!("{code}: {detail}"),
            None => code.to_owned(),
        })
    }

    /// Code and detail out of the column.
    pub(super) fn parted(kept: Option<String>) -> (Option<String>, Option<String>) {
        match kept.as_deref().and_then(|kept| kept.split_once(": ")) {
            Some((code, detail)) => (Some(code.to_owned()), Some(detail.to_owned())),
            None => (kept, None),
        }
    }
}

impl HealthRow {
    /// A lamp that was not seen out: as long as nobody has acknowledged it.
    #[must_use]
    pub fn is_alarm(&self) -> bool {
        self.point == "lamp_state" && self.limit == Some(0.0) && self.state == "bad"
    }
}

const HOUR_MS: i64 = 3_600_000;
const INSERT: &str =
    "INSERT INTO device_health (at_ms, device, point, value, limit_value, state, code)
     VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)";

impl Db {
    /// Notes what is watched all the time: within an hour the newest row of a point takes its new value, unless its state or
    /// code changed. So the log says what changed when, keeps one value an hour, and does not grow with every look.
    ///
    /// # Errors
    /// When SQLite refuses.
    pub fn note_health(&mut self, rows: &[HealthRow]) -> Result<(), StoreError> {
        let step = self.connection.savepoint()?;
        {
            let mut renew = step.prepare_cached(
                "UPDATE device_health SET at_ms = ?1, value = ?4, limit_value = ?5 WHERE rowid =
                 (SELECT rowid FROM device_health WHERE device = ?2 AND point = ?3 AND at_ms >= ?8
                  ORDER BY at_ms DESC, rowid DESC LIMIT 1) AND state = ?6 AND code IS ?7",
            )?;
            let mut insert = step.prepare_cached(INSERT)?;
            for row in rows {
                let hour = row.at.0 - row.at.0.rem_euclid(HOUR_MS);
                let values = (
                    row.at,
                    &row.device,
                    &row.point,
                    row.value,
                    row.limit,
                    &row.state,
                    row.kept(),
                );
                let (at, device, point, value, limit, state, code) = &values;
                let renewed =
                    renew.execute((at, device, point, value, limit, state, code, hour))?;
                if renewed == 0 {
                    insert.execute(values)?;
                }
            }
        }
        step.commit()?;
        Ok(())
    }

    /// Adds events: each keeps a row of its own.
    ///
    /// # Errors
    /// When SQLite refuses.
    pub fn log_health(&mut self, rows: &[HealthRow]) -> Result<(), StoreError> {
        let step = self.connection.savepoint()?;
        {
            let mut insert = step.prepare_cached(INSERT)?;
            for row in rows {
                insert.execute((
                    row.at,
                    &row.device,
                    &row.point,
                    row.value,
                    row.limit,
                    &row.state,
                    row.kept(),
                ))?;
            }
        }
        step.commit()?;
        Ok(())
    }

    /// Observations since `since`, oldest first, of one device or of all; at most `limit`, the newest of them.
    ///
    /// # Errors
    /// When SQLite refuses.
    pub fn health_log(
        &self,
        device: Option<&str>,
        since: Millis,
        limit: u32,
    ) -> Result<Vec<HealthRow>, StoreError> {
        let mut query = self.connection.prepare_cached(
            "SELECT at_ms, device, point, value, limit_value, state, code FROM
             (SELECT rowid, * FROM device_health WHERE at_ms >= ?1 AND (?2 IS NULL OR device = ?2)
              ORDER BY rowid DESC LIMIT ?3) ORDER BY at_ms, rowid",
        )?;
        let rows = query.query_map((since, device, limit), |row| {
            let (code, detail) = HealthRow::parted(row.get(6)?);
            Ok(HealthRow {
                at: row.get(0)?,
                device: row.get(1)?,
                point: row.get(2)?,
                value: row.get(3)?,
                limit: row.get(4)?,
                state: row.get(5)?,
                code,
                detail,
            })
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }
}
