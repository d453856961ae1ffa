//! The balance of a batch and the close of a day, counted from what is recorded.

use rusqlite::{OptionalExtension, Row};
use serde_json::json;

use super::letter_views::AT_WORK;
use super::unreleased::hold_again_beyond;
use super::{Db, Hindrance, StoreError, ledger, vouch};
use crate::clock::{self, Millis};
use crate::domain::balance::{Counts, Exception, counted};
use crate::domain::letter::Stage;

/// Letters that are in the count and not among the scanned, or the other way round.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordedException {
    /// Number.
    pub id: i64,
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
    /// Entered wrongly: who says so, why, when. It counts no more.
    pub taken_back: Option<(String, String, Millis)>,
}

/// An exception `e` that counts. One that was taken back stays; the ledger's entry says so, and nothing else does.
macro_rules! counts {
    () => {
        "NOT EXISTS (SELECT 1 FROM ledger t WHERE t.subject = 'exception/' || e.id AND t.action = 'exception.taken_back')"
    };
}
pub(super) use counts;

fn exception(row: &Row<'_>) -> rusqlite::Result<RecordedException> {
    let (by, at, reason): (Option<String>, Option<Millis>, Option<String>) =
        (row.get(6)?, row.get(7)?, row.get(8)?);
    Ok(RecordedException {
        id: row.get(0)?,
        kind: row.get(1)?,
        letters: row.get(2)?,
        reason: row.get(3)?,
        by: row.get(4)?,
        at: row.get(5)?,
        taken_back: by
            .zip(reason)
            .zip(at)
            .map(|((by, reason), at)| (by, reason, at)),
    })
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
        let signed = |one: &RecordedException| match one.taken_back {
            Some(_) => 0,
            None => one.kind.sign() * i64::from(one.letters),
        };
        let (valuables_unseen, valuables_not_returned) = self.open_valuables_of_batch(batch)?;
        Ok(Counts {
            valuables_unseen,
            valuables_not_returned,
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
            "SELECT e.id, e.kind, e.letters, e.reason, e.by, e.at_ms, t.actor, t.at_ms, json_extract(t.detail, '$.reason') FROM batch_exceptions e
             LEFT JOIN ledger t ON t.subject = 'exception/' || e.id AND t.action = 'exception.taken_back' WHERE e.batch_id = ?1 ORDER BY e.id",
        )?;
        let rows = query.query_map([batch], exception)?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// Records an exception with its reason.
    ///
    /// # Errors
    /// [`StoreError::NotFound`], [`StoreError::WrongState`] when the batch is closed, or [`StoreError::TooMany`] where more letters would be missing
    /// than were signed in and not scanned.
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
        let counts = self.batch_counts(batch)?;
        if kind.sign() < 0 && i64::from(letters) > counts.letters_short() {
            return Err(StoreError::TooMany { letters, counts });
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

    /// Takes back an exception that was entered wrongly; it stays to be read.
    ///
    /// # Errors
    /// [`StoreError::NotFound`], or [`StoreError::WrongState`] when the batch is closed, or somebody did so already.
    pub fn take_exception_back(
        &mut self,
        (batch, id): (i64, i64),
        (by, reason): (&str, &str),
    ) -> Result<(), StoreError> {
        let refused = |why, state: &str| StoreError::WrongState {
            why,
            what: "exception",
            id: id.to_string(),
            state: state.to_owned(),
            action: "take it back",
        };
        self.atomically(|db| {
            let mut listed = db.exceptions_of(batch)?.into_iter();
            let found = listed
                .find(|one| one.id == id)
                .ok_or_else(|| StoreError::NotFound {
                    what: "exception of this batch",
                    id: id.to_string(),
                })?;
            if db.batch(batch)?.closed.is_some() {
                return Err(refused(Hindrance::Closed, "of a closed batch"));
            }
            if found.taken_back.is_some() {
                return Err(refused(Hindrance::Decided, "taken back already"));
            }
            let mut detail = json!({"batch": batch, "reason": reason});
            vouch::along(
                &db.connection,
                &mut detail,
                (vouch::EXCEPTIONS, &id.to_string()),
            )?;
            let subject = format!("exception/{id}");
            ledger::append(
                &db.connection,
                by,
                "exception.taken_back",
                &subject,
                &detail,
            )?;
            // A letter that went on because of it waits again.
            match found.kind.sign() > 0 {
                true => hold_again_beyond(&db.connection, batch),
                false => Ok(()),
            }
        })
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
        self.clock_is_right("close the day")?;
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
