//! The balance of a batch and the close of a day, counted from what is recorded.

use rusqlite::OptionalExtension;
use serde_json::json;

use super::letter_views::AT_WORK;
use super::{Db, Hindrance, StoreError, ledger, vouch};
use crate::clock::{self, Millis};
use crate::domain::balance::{Counts, Exception, counted};
use crate::domain::letter::Stage;

/// Letters that are in the count and not among the scanned, or the other way round.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordedException {
    /// Why.
    pub kind: Exception,
    /// How many letters.
    pub letters: u32,
    /// In words.
    pub reason: String,
    /// Who says so.
    pub by: String,
    /// When.
    pub at: Millis,
}

/// A closed day.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Day {
    /// `YYYY-MM-DD`.
    pub day: String,
    /// Letters that were neither confirmed nor registered.
    pub open_letters: u32,
    /// Batches that were not closed.
    pub open_batches: u32,
    /// Why it was closed all the same.
    pub note: Option<String>,
    /// Who closed it.
    pub closed_by: String,
    /// When.
    pub closed: Millis,
}

impl Db {
    /// What is known of a batch.
    ///
    /// # Errors
    /// [`StoreError::NotFound`].
    pub fn batch_counts(&self, batch: i64) -> Result<Counts, StoreError> {
        let found = self.batch(batch)?;
        let exceptions = self.exceptions_of(batch)?;
        let counts = self.connection.query_row(
            "SELECT (SELECT count(*) FROM scans WHERE batch_id = ?1 AND settled_ms IS NULL),
             (SELECT coalesce(sum(abs(s.device_images - s.received_images)), 0) FROM scans s WHERE s.batch_id = ?1 AND s.device_images IS NOT NULL
              AND EXISTS (SELECT 1 FROM holds h WHERE h.scan_id = s.id AND h.resolved_ms IS NULL)),
             (SELECT coalesce(sum(max(s.received_images - (SELECT count(*) FROM arrivals a WHERE a.scan_id = s.id AND a.state IN ('taken', 'held', 'set_aside')), 0)), 0)
              FROM scans s WHERE s.batch_id = ?1 AND s.settled_ms IS NULL),
             (SELECT count(*) FROM holds WHERE batch_id = ?1 AND resolved_ms IS NULL)",
            [batch],
            |row| {
                Ok(Counts {
                    scans_open: row.get(0)?,
                    images_missing: row.get(1)?,
                    images_unregistered: row.get(2)?,
                    holds: row.get(3)?,
                    ..Counts::default()
                })
            },
        )?;
        let signed = |one: &RecordedException| one.kind.sign() * i64::from(one.letters);
        Ok(Counts {
            signed_in: i64::from(found.count),
            scanned: i64::from(found.letters),
            exceptions: exceptions.iter().map(signed).sum(),
            files_waiting: i64::from(self.batch_files(batch)?.waiting),
            ..counts
        })
    }

    /// The exceptions of a batch, oldest first.
    ///
    /// # Errors
    /// When SQLite refuses.
    pub fn exceptions_of(&self, batch: i64) -> Result<Vec<RecordedException>, StoreError> {
        let mut query = self.connection.prepare_cached(
            "SELECT kind, letters, reason, by, at_ms FROM batch_exceptions WHERE batch_id = ?1 ORDER BY id",
        )?;
        let rows = query.query_map([batch], |row| {
            Ok(RecordedException {
                kind: row.get(0)?,
                letters: row.get(1)?,
                reason: row.get(2)?,
                by: row.get(3)?,
                at: row.get(4)?,
            })
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// Records an exception with its reason.
    ///
    /// # Errors
    /// [`StoreError::NotFound`], or [`StoreError::WrongState`] when the batch is closed.
    pub fn add_exception(
        &mut self,
        batch: i64,
        (kind, letters): (Exception, u32),
        (by, reason): (&str, &str),
    ) -> Result<(), StoreError> {
        if self.batch(batch)?.closed.is_some() {
            return Err(StoreError::WrongState {
                why: Hindrance::Closed,
                what: "batch",
                id: batch.to_string(),
                state: "closed".into(),
                action: "record an exception",
            });
        }
        let step = self.connection.savepoint()?;
        step.execute(
            "INSERT INTO batch_exceptions (batch_id, kind, letters, reason, by, at_ms) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
            (batch, kind, letters, reason, by, clock::now()),
        )?;
        let id = step.last_insert_rowid().to_string();
        let mut detail = json!({"kind": kind, "letters": letters, "reason": reason});
        vouch::along(&step, &mut detail, (vouch::EXCEPTIONS, &id))?;
        ledger::append(
            &step,
            by,
            "batch.exception",
            &format!("batch/{batch}"),
            &detail,
        )?;
        step.commit()?;
        match kind.sign() > 0 {
            true => self.count_was_corrected(batch, (by, reason)),
            false => Ok(()),
        }
    }

    /// A closed day, if it is.
    ///
    /// # Errors
    /// When SQLite refuses.
    pub fn day(&self, day: &str) -> Result<Option<Day>, StoreError> {
        let found = self.connection.query_row(
            "SELECT day, open_letters, open_batches, note, closed_by, closed_ms FROM days WHERE day = ?1",
            [day],
            |row| {
                Ok(Day {
                    day: row.get(0)?,
                    open_letters: row.get(1)?,
                    open_batches: row.get(2)?,
                    note: row.get(3)?,
                    closed_by: row.get(4)?,
                    closed: row.get(5)?,
                })
            },
        );
        Ok(found.optional()?)
    }

    /// What is open of the letters and batches that came between two moments.
    ///
    /// # Errors
    /// When SQLite refuses.
    pub fn open_between(&self, (from, to): (Millis, Millis)) -> Result<(u32, u32), StoreError> {
        let sql = format!(
            "SELECT (SELECT count(*) FROM letters l WHERE l.created_ms >= ?1 AND l.created_ms < ?2 AND l.stage NOT IN (?3, ?4)
              AND {AT_WORK}),
             (SELECT count(*) FROM batches WHERE created_ms >= ?1 AND created_ms < ?2 AND closed_ms IS NULL)"
        );
        Ok(self.connection.query_row(
            &sql,
            (from, to, Stage::Confirmed, Stage::Registered),
            |row| Ok((row.get(0)?, row.get(1)?)),
        )?)
    }

    /// Closes a day. With letters or batches still open a note has to say why; what was open stays on record.
    ///
    /// # Errors
    /// [`StoreError::WrongState`] when it is closed, or when something is open and nobody says why.
    pub fn close_day(
        &mut self,
        day: &str,
        bounds: (Millis, Millis),
        (by, note): (&str, Option<&str>),
    ) -> Result<Day, StoreError> {
        let refused = |why, state: String| StoreError::WrongState {
            why,
            what: "day",
            id: day.to_owned(),
            state,
            action: "close",
        };
        if self.day(day)?.is_some() {
            return Err(refused(Hindrance::Decided, "closed already".into()));
        }
        let (letters, batches) = self.open_between(bounds)?;
        let note = note.map(str::trim).filter(|note| !note.is_empty());
        if letters + batches > 0 && note.is_none() {
            return Err(refused(
                Hindrance::OutOfBalance,
                format!(
                    "not finished ({} not confirmed, {} not closed)",
                    counted(letters.into(), "letter", "letters"),
                    counted(batches.into(), "batch", "batches")
                ),
            ));
        }
        let step = self.connection.savepoint()?;
        step.execute(
            "INSERT INTO days (day, open_letters, open_batches, note, closed_by, closed_ms) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
            (day, letters, batches, note, by, clock::now()),
        )?;
        let mut detail = json!({"open_letters": letters, "open_batches": batches, "note": note});
        vouch::along(&step, &mut detail, (vouch::DAYS, day))?;
        ledger::append(&step, by, "day.closed", &format!("day/{day}"), &detail)?;
        step.commit()?;
        self.day(day)?
            .ok_or_else(|| refused(Hindrance::NotSo, "not recorded".into()))
    }
}
