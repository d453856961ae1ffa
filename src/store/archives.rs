//! What archive files need of the database: when a letter was last read, its number in the archive, which letters an export takes.

use rusqlite::OptionalExtension;
use serde_json::json;

use super::places::ARCHIVE_ORDER;
use super::{Db, StoreError, ledger};
use crate::clock::{self, Millis};
use crate::domain::keeping::Withheld;
use crate::domain::letter::Stage;

/// Which letters an export takes.
#[derive(Debug, Clone)]
pub enum ExportOf {
    /// One letter.
    Letter(String),
    /// The letters of a batch.
    Batch(i64),
    /// Letters received from this moment to before that one.
    Received(Millis, Millis),
}

/// A letter of an export.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ToExport {
    /// Its number.
    pub letter: String,
    /// Where it stands.
    pub stage: Stage,
    /// When its batch was received.
    pub received: Millis,
    /// The case system's number.
    pub case: Option<String>,
    /// Why its pages are given to nobody.
    pub withheld: Option<Withheld>,
}

impl Db {
    /// When each page of the letter came or was last read, in the order of the archive.
    ///
    /// # Errors
    /// When SQLite refuses.
    pub fn page_times(&self, letter: &str) -> Result<Vec<Millis>, StoreError> {
        let mut query = self.connection.prepare_cached(&format!(
            "SELECT max(coalesce(a.taken_ms, a.first_seen_ms),
             coalesce((SELECT max(read_ms) FROM readings WHERE page_id = p.id), 0))
             FROM pages p JOIN arrivals a ON a.id = p.arrival_id WHERE p.letter_id = ?1 ORDER BY {ARCHIVE_ORDER}"
        ))?;
        let rows = query.query_map([letter], |row| row.get(0))?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// Letters of an export, in the order they were received; also those that are withheld, to be named.
    ///
    /// # Errors
    /// When SQLite refuses.
    pub fn letters_to_export(&self, of: &ExportOf) -> Result<Vec<ToExport>, StoreError> {
        let (letter, batch, from, to) = match of {
            ExportOf::Letter(letter) => (Some(letter.as_str()), None, None, None),
            ExportOf::Batch(batch) => (None, Some(*batch), None, None),
            ExportOf::Received(from, to) => (None, None, Some(*from), Some(*to)),
        };
        let mut query = self.connection.prepare(
            "SELECT l.id, l.stage, b.received_ms, d.case_number, l.withheld FROM letters l JOIN batches b ON b.id = l.batch_id
             LEFT JOIN drafts d ON d.letter_id = l.id WHERE (?1 IS NULL OR l.id = ?1)
             AND (?2 IS NULL OR l.batch_id = ?2) AND (?3 IS NULL OR b.received_ms >= ?3) AND (?4 IS NULL OR b.received_ms < ?4)
             ORDER BY b.received_ms, l.created_ms, l.id",
        )?;
        let rows = query.query_map((letter, batch, from, to), |row| {
            Ok(ToExport {
                letter: row.get(0)?,
                stage: row.get(1)?,
                received: row.get(2)?,
                case: row.get(3)?,
                withheld: row.get(4)?,
            })
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// The letter's year and running number in the archive, if it has one.
    ///
    /// # Errors
    /// When SQLite refuses.
    pub fn archive_number(&self, letter: &str) -> Result<Option<(i64, i64)>, StoreError> {
        Ok(self
            .connection
            .query_row(
                "SELECT year, number FROM archive_numbers WHERE letter_id = ?1",
                [letter],
                |row| Ok((row.get(0)?, row.get(1)?)),
            )
            .optional()?)
    }

    /// Gives the letter the next running number of its year; one that has a number keeps it.
    ///
    /// # Errors
    /// When SQLite refuses.
    pub fn give_archive_number(
        &mut self,
        letter: &str,
        year: i64,
        by: &str,
    ) -> Result<(i64, i64), StoreError> {
        self.atomically(|db| {
            if let Some(number) = db.archive_number(letter)? {
                return Ok(number);
            }
            let number: i64 = db.connection.query_row(
                "SELECT coalesce(max(number), 0) + 1 FROM archive_numbers WHERE year = ?1",
                [year],
                |row| row.get(0),
            )?;
            db.connection.execute(
                "INSERT INTO archive_numbers (letter_id, year, number, given_ms, given_by) VALUES (?1, ?2, ?3, ?4, ?5)",
                (letter, year, number, clock::now(), by),
            )?;
            let detail = json!({"year": year, "number": number});
            let subject = format!("letter/{letter}");
            ledger::append(&db.connection, by, "archive.numbered", &subject, &detail)?;
            Ok((year, number))
        })
    }
}
