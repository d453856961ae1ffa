//! The device health log: one row per device, point and observation.

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
}

impl Db {
    /// Adds observations.
    ///
    /// # Errors
    /// When SQLite refuses.
    pub fn log_health(&mut self, rows: &[HealthRow]) -> Result<(), StoreError> {
        let step = self.connection.transaction()?;
        {
            let mut insert = step.prepare_cached(
                "INSERT INTO device_health (at_ms, device, point, value, limit_value, state, code)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
            )?;
            for row in rows {
                insert.execute((
                    row.at,
                    &row.device,
                    &row.point,
                    row.value,
                    row.limit,
                    &row.state,
                    &row.code,
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
              ORDER BY rowid DESC LIMIT ?3) ORDER BY rowid",
        )?;
        let rows = query.query_map((since, device, limit), |row| {
            Ok(HealthRow {
                at: row.get(0)?,
                device: row.get(1)?,
                point: row.get(2)?,
                value: row.get(3)?,
                limit: row.get(4)?,
                state: row.get(5)?,
                code: row.get(6)?,
            })
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }
}
