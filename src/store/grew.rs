//! Files that went on growing after they were taken: which are to be compared again after a restart, and what is held where one is another now.

use std::time::Duration;

use rusqlite::OptionalExtension;

use super::grouping::{NewHold, hold_once};
use super::{Arrival, Db, NewArrival, StoreError};
use crate::domain::grouping::hold;
use crate::domain::intake::{ArrivalState, reason};

/// A file that was taken, as the folder knows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TakenLately {
    /// Its arrival.
    pub id: String,
    /// Its name below the folder.
    pub name: String,
    /// Which file of that name.
    pub file_key: String,
    /// What was taken.
    pub sha256: String,
    /// Where it was put, where that is on record.
    pub kept_as: Option<String>,
}

impl Db {
    /// Files of a folder that were taken no longer than this before the last one that was: an earlier run may not have compared them to the end.
    ///
    /// # Errors
    /// When SQLite refuses.
    pub fn taken_lately(
        &self,
        source: &str,
        within: Duration,
    ) -> Result<Vec<TakenLately>, StoreError> {
        let within_ms = i64::try_from(within.as_millis()).unwrap_or(i64::MAX);
        let mut query = self.connection.prepare_cached(
            "SELECT id, name, file_key, sha256, kept_as FROM arrivals a WHERE source = ?1 AND state = ?2 AND scan_id IS NULL AND sha256 IS NOT NULL
             AND taken_ms >= (SELECT max(taken_ms) FROM arrivals WHERE source = ?1 AND state = ?2) - ?3
             AND NOT EXISTS (SELECT 1 FROM arrivals n WHERE n.source = a.source AND n.name = a.name AND n.file_key = a.file_key AND n.rowid > a.rowid
               AND NOT (n.state = ?4 AND n.kept_as IS NULL))",
        )?;
        let wanted = (source, ArrivalState::Taken, within_ms, ArrivalState::Held);
        let rows = query.query_map(wanted, |row| {
            Ok(TakenLately {
                id: row.get(0)?,
                name: row.get(1)?,
                file_key: row.get(2)?,
                sha256: row.get(3)?,
                kept_as: row.get(4)?,
            })
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// Holds what a taken file has become since, as an arrival of its own, and the letter that its pages are in: with how many pages it has now, where that
    /// can be told. It came through the gate with what was taken of it.
    ///
    /// # Errors
    /// [`StoreError::NotFound`].
    pub fn file_grew(&mut self, id: &str, pages: Option<usize>) -> Result<Arrival, StoreError> {
        self.atomically(|db| {
            let taken = db.arrival(id)?;
            let file_key = db.connection.query_row(
                "SELECT file_key FROM arrivals WHERE id = ?1",
                [id],
                |row| row.get(0),
            )?;
            let held = db.note_arrival(&NewArrival {
                source: taken.source,
                name: taken.name,
                file_key,
                first_seen: taken.first_seen,
                seen: None,
            })?;
            db.hold_arrival(&held.id, reason::FILE_GREW)?;
            if let Some((batch, letter)) = db.batch_of_file(id)? {
                let now = pages.map_or_else(|| "?".to_owned(), |pages| pages.to_string());
                let before = db.images_of_file(id)?;
                let new = NewHold {
                    batch,
                    letter,
                    scan: None,
                    reason: hold::FILE_GREW,
                    detail: Some(format!("{before} → {now}: {}", held.name)),
                };
                hold_once(&db.connection, &new)?;
            }
            db.arrival(&held.id)
        })
    }

    /// How many images of a file are pages or separators.
    fn images_of_file(&self, id: &str) -> Result<u32, StoreError> {
        Ok(self.connection.query_row(
            "SELECT (SELECT count(*) FROM pages WHERE arrival_id = ?1) + (SELECT count(*) FROM separators_seen WHERE arrival_id = ?1)",
            [id],
            |row| row.get(0),
        )?)
    }

    /// The letter that the last page of a file is in now, and its batch; of a list of pages the letter it told of.
    fn batch_of_file(&self, id: &str) -> Result<Option<(i64, Option<String>)>, StoreError> {
        let mut query = self.connection.prepare_cached(
            "SELECT batch_id, letter FROM (
             SELECT 1 AS rank, p.id AS n, l.batch_id, l.id AS letter FROM pages p JOIN letters l ON l.id = p.letter_id WHERE p.arrival_id = ?1
             UNION ALL SELECT 2, s.id, s.batch_id, NULL FROM separators_seen s WHERE s.arrival_id = ?1
             UNION ALL SELECT 3, e.seq, l.batch_id, l.id FROM ledger e JOIN letters l ON l.id = json_extract(e.detail, '$.letter')
               WHERE e.subject = 'arrival/' || ?1 AND e.action = 'page.arrived')
             ORDER BY rank, n DESC LIMIT 1",
        )?;
        Ok(query
            .query_row([id], |row| Ok((row.get(0)?, row.get(1)?)))
            .optional()?)
    }

    /// How many images of a held file are on record already, because an earlier state of the same file was taken: those are not registered again.
    pub(super) fn images_known(&self, held: &str) -> Result<u32, StoreError> {
        Ok(self.connection.query_row(
            "SELECT coalesce(max(i.frame) + 1, 0) FROM arrivals h
             JOIN arrivals a ON a.source = h.source AND a.name = h.name AND a.file_key = h.file_key AND a.id <> h.id AND a.state = ?2
             JOIN (SELECT arrival_id, frame FROM pages UNION ALL SELECT arrival_id, frame FROM separators_seen) i ON i.arrival_id = a.id
             WHERE h.id = ?1 AND h.reason = ?3",
            (held, ArrivalState::Taken, reason::FILE_GREW),
            |row| row.get(0),
        )?)
    }
}
