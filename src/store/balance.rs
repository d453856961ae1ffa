//! The balance of a batch, counted from what is recorded.

use rusqlite::Row;
use serde_json::json;

use super::unreleased::hold_again_beyond;
use super::{Db, Hindrance, StoreError, ledger, vouch};
use crate::clock::{self, Millis};
use crate::domain::balance::{Counts, Exception};

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
        let files = self.batch_files(batch)?;
        let (valuables_unseen, valuables_not_returned) = self.open_valuables_of_batch(batch)?;
        Ok(Counts {
            valuables_unseen,
            valuables_not_returned,
            signed_in: i64::from(found.count),
            scanned: i64::from(found.letters),
            exceptions: exceptions.iter().map(signed).sum(),
            files_waiting: i64::from(files.waiting) - i64::from(files.left),
            files_left: i64::from(files.left),
            files_held: i64::from(files.held),
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

    /// Closed batches whose letters do not come out any more since pages were moved, and how many letters are short, or over where negative.
    ///
    /// # Errors
    /// When SQLite refuses.
    pub fn closed_out_of_balance(&self) -> Result<Vec<(i64, i64)>, StoreError> {
        let mut query = self.connection.prepare_cached(
            "SELECT DISTINCT b.id FROM page_moves m JOIN letters l ON l.id IN (m.from_letter, m.to_letter) JOIN batches b ON b.id = l.batch_id
             WHERE m.at_ms >= b.closed_ms ORDER BY b.id",
        )?;
        let touched: Vec<i64> = query
            .query_map([], |row| row.get(0))?
            .collect::<Result<_, _>>()?;
        let mut out = Vec::new();
        for batch in touched {
            let short = self.batch_counts(batch)?.letters_short();
            if short != 0 {
                out.push((batch, short));
            }
        }
        Ok(out)
    }

    /// Records an exception with its reason; of a closed batch one that settles what pages moved since have put out of balance.
    ///
    /// # Errors
    /// [`StoreError::NotFound`], [`StoreError::WrongState`] when the batch is closed and comes out, or [`StoreError::TooMany`] where more letters would be missing
    /// than were signed in and not scanned.
    pub fn add_exception(
        &mut self,
        batch: i64,
        (kind, letters): (Exception, u32),
        (by, reason): (&str, &str),
    ) -> Result<(), StoreError> {
        let counts = self.batch_counts(batch)?;
        let is_closed = self.batch(batch)?.closed.is_some();
        if is_closed && counts.letters_short() == 0 {
            return Err(StoreError::WrongState {
                why: Hindrance::Closed,
                what: "batch",
                id: batch.to_string(),
                state: "closed".into(),
                action: "record an exception",
            });
        }
        let unexplained = -kind.sign() * counts.letters_short();
        if (kind.sign() < 0 || is_closed) && i64::from(letters) > unexplained {
            return Err(StoreError::TooMany {
                letters,
                counts: Box::new(counts),
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
}
