//! The device health log as people page through it; `store/health.rs` writes it.

use rusqlite::Row;

use super::{Db, HealthRow, StoreError};
use crate::clock::Millis;

fn entry(row: &Row<'_>) -> rusqlite::Result<(i64, HealthRow)> {
    let entry = HealthRow {
        at: row.get(1)?,
        device: row.get(2)?,
        point: row.get(3)?,
        value: row.get(4)?,
        limit: row.get(5)?,
        state: row.get(6)?,
        code: row.get(7)?,
    };
    Ok((row.get(0)?, entry))
}

const ENTRY: &str =
    "SELECT rowid, at_ms, device, point, value, limit_value, state, code FROM device_health";

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
}
