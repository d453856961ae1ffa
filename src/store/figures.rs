//! What is counted of the station as a whole: of a day for the journal, of this moment for `/metrics`. Numbers only.

use super::alerts::OPEN;
use super::balance::counts;
use super::{Db, StoreError};
use crate::clock::Millis;

/// A day in counts.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct DayCounts {
    /// Letters signed in, by their batches.
    pub signed_in: i64,
    /// Letters that came off the scanners.
    pub letters: i64,
    /// Pages of them.
    pub pages: i64,
    /// Loads released or let out under a signed override.
    pub loads: i64,
    /// Cycles that ended otherwise.
    pub cycles_failed: i64,
    /// Drafts confirmed by an officer.
    pub confirmed: i64,
    /// Drafts a case system acknowledged.
    pub handed_over: i64,
    /// Letters signed in that never came to a scanner, by their signed exceptions.
    pub exceptions: i64,
    /// Findings that waited for a person.
    pub holds: i64,
    /// Alerts about letters.
    pub alerts: i64,
    /// Entries of the device health log that say warning or bad.
    pub device_warnings: i64,
}

/// What waits now.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Outstanding {
    /// Findings for a person.
    pub holds: i64,
    /// Alerts that nobody decided.
    pub alerts: i64,
    /// When the oldest unread page came in.
    pub oldest_unread: Option<Millis>,
    /// When the last back-up was made.
    pub backup: Option<Millis>,
}

impl Db {
    /// The last day before this one on which anything was recorded.
    ///
    /// # Errors
    /// When SQLite refuses.
    pub fn last_day_before(&self, day: &str) -> Result<Option<String>, StoreError> {
        let Some((begin, _)) = Millis::bounds_of_day(day) else {
            return Ok(None);
        };
        let last = "SELECT max(at_ms) FROM ledger WHERE at_ms < ?1";
        let last: Option<Millis> = self.connection.query_row(last, [begin], |row| row.get(0))?;
        Ok(last.map(Millis::day))
    }

    /// Counts of a day.
    ///
    /// # Errors
    /// When SQLite refuses.
    pub fn day_counts(&self, day: &str) -> Result<DayCounts, StoreError> {
        let Some(bounds) = Millis::bounds_of_day(day) else {
            return Ok(DayCounts::default());
        };
        let of = |what: &str, at: &str| -> Result<i64, StoreError> {
            let sql = format!("SELECT {what} WHERE {at} >= ?1 AND {at} < ?2");
            Ok(self
                .connection
                .prepare_cached(&sql)?
                .query_row(bounds, |row| row.get(0))?)
        };
        Ok(DayCounts {
            signed_in: of("coalesce(sum(count), 0) FROM batches", "created_ms")?,
            letters: of("count(*) FROM letters", "created_ms")?,
            pages: of(
                "count(*) FROM pages p JOIN arrivals a ON a.id = p.arrival_id",
                "a.taken_ms",
            )?,
            loads: of("count(*) FROM loads", "released_ms")?,
            cycles_failed: of(
                "count(*) FILTER (WHERE outcome <> 'released') FROM cycles",
                "ended_ms",
            )?,
            confirmed: of("count(*) FROM drafts", "confirmed_ms")?,
            handed_over: of("count(*) FROM drafts", "acked_ms")?,
            exceptions: of(
                concat!(
                    "coalesce(sum(iif(",
                    counts!(),
                    ", e.letters, 0)), 0) FROM batch_exceptions e"
                ),
                "e.at_ms",
            )?,
            holds: of("count(*) FROM holds", "at_ms")?,
            alerts: of("count(*) FROM alerts", "raised_ms")?,
            device_warnings: of(
                "count(*) FILTER (WHERE state IN ('warning', 'bad')) FROM device_health",
                "at_ms",
            )?,
        })
    }

    /// What waits for somebody, and since when.
    ///
    /// # Errors
    /// When SQLite refuses.
    pub fn outstanding(&self) -> Result<Outstanding, StoreError> {
        let mut query = self.connection.prepare_cached(&format!(
            "SELECT (SELECT count(*) FROM holds WHERE resolved_ms IS NULL), (SELECT count(*) FROM alerts WHERE {OPEN}),
                (SELECT min(a.taken_ms) FROM pages p JOIN arrivals a ON a.id = p.arrival_id WHERE p.state = 'unread'),
                (SELECT max(made_ms) FROM backups)"
        ))?;
        Ok(query.query_row([], |row| {
            Ok(Outstanding {
                holds: row.get(0)?,
                alerts: row.get(1)?,
                oldest_unread: row.get(2)?,
                backup: row.get(3)?,
            })
        })?)
    }
}
