//! What scanners brought for a batch: files, sheets that part letters, pages, and what is not among them yet. A file belongs to the load that was last
//! released when it was first seen, as at the gate.

use std::collections::BTreeSet;

use super::{Db, StoreError};
use crate::clock::Millis;
use crate::domain::intake::{ArrivalState, reason};
use crate::domain::letter::LoadState;

/// Counts of a batch's files.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct BatchFiles {
    /// Files that were taken.
    pub taken: u32,
    /// Images among them that are separator sheets.
    pub separators: u32,
    /// Pages of letters.
    pub pages: u32,
    /// Files that are held and wait for a person.
    pub held: u32,
    /// Files that lie in a folder and are not taken yet.
    pub waiting: u32,
}

impl Db {
    /// Counts a batch's files. Of a driven scanner those that are not taken are counted with its scans instead.
    ///
    /// # Errors
    /// When SQLite refuses.
    pub fn batch_files(&self, batch: i64) -> Result<BatchFiles, StoreError> {
        self.batch_files_without(batch, &BTreeSet::new())
    }

    /// The same, but of files that are not taken without these.
    ///
    /// # Errors
    /// When SQLite refuses.
    pub fn batch_files_without(
        &self,
        batch: i64,
        kept: &BTreeSet<String>,
    ) -> Result<BatchFiles, StoreError> {
        let taken = self.connection.query_row(
            "SELECT (SELECT count(*) FROM (SELECT p.arrival_id FROM pages p JOIN letters l ON l.id = p.letter_id WHERE l.batch_id = ?1
               UNION SELECT arrival_id FROM separators_seen WHERE batch_id = ?1)),
             (SELECT count(*) FROM separators_seen WHERE batch_id = ?1),
             (SELECT count(*) FROM pages p JOIN letters l ON l.id = p.letter_id WHERE l.batch_id = ?1)",
            [batch],
            |row| {
                Ok(BatchFiles {
                    taken: row.get(0)?,
                    separators: row.get(1)?,
                    pages: row.get(2)?,
                    ..BatchFiles::default()
                })
            },
        )?;
        Ok(BatchFiles {
            held: self.files_between(batch, ArrivalState::Held, kept)?,
            waiting: self.files_between(batch, ArrivalState::Waiting, kept)?,
            ..taken
        })
    }

    fn files_between(
        &self,
        batch: i64,
        state: ArrivalState,
        kept: &BTreeSet<String>,
    ) -> Result<u32, StoreError> {
        let mut query = self.connection.prepare_cached(
            "SELECT l.batch_id, l.released_ms FROM loads l JOIN batches b ON b.id = l.batch_id
             WHERE l.state IN (?1, ?2) AND l.released_ms IS NOT NULL AND b.closed_ms IS NULL ORDER BY l.released_ms, l.id",
        )?;
        let open: Vec<(i64, Millis)> = query
            .query_map((LoadState::Released, LoadState::Overridden), |row| {
                Ok((row.get(0)?, row.get(1)?))
            })?
            .collect::<Result<_, _>>()?;
        let mut between = self.connection.prepare_cached(
            "SELECT a.id FROM arrivals a WHERE a.state = ?1 AND a.first_seen_ms >= ?2 AND a.first_seen_ms < ?3
             AND a.source NOT IN (SELECT scanner FROM scans) AND (a.state <> 'waiting' OR a.reason <> 'which_batch')",
        )?;
        let mut files = 0;
        for (at, (of, from)) in open.iter().enumerate() {
            let until = open.get(at + 1).map_or(Millis(i64::MAX), |next| next.1);
            if *of == batch {
                let found =
                    between.query_map((state, from, until), |row| row.get::<_, String>(0))?;
                for id in found {
                    files += u32::from(!kept.contains(&id?));
                }
            }
        }
        // Of which batch these are nobody has said: none of them is closed over them unseen.
        if state == ArrivalState::Waiting && open.iter().any(|(of, _)| *of == batch) {
            files += self.connection.query_row(
                "SELECT count(*) FROM arrivals WHERE state = ?1 AND reason = ?2",
                (state, reason::WHICH_BATCH),
                |row| row.get::<_, u32>(0),
            )?;
        }
        Ok(files)
    }
}
