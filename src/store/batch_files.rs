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
    /// Those of them that their software left unfinished under a name of its own.
    pub left: u32,
}

/// Files of folders in a state, first seen from then to then; for a reason, or all.
const OF_FOLDERS: &str = "FROM arrivals a WHERE a.state = ?1 AND a.first_seen_ms >= ?2 AND a.first_seen_ms < ?3
    AND a.source NOT IN (SELECT scanner FROM scans) AND (a.state <> 'waiting' OR a.reason <> 'which_batch') AND (?4 IS NULL OR a.reason = ?4)";

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
            held: self.files_between(batch, ArrivalState::Held, None, kept)?,
            waiting: self.files_between(batch, ArrivalState::Waiting, None, kept)?,
            left: self.files_between(
                batch,
                ArrivalState::Waiting,
                Some(reason::LINGERING),
                kept,
            )?,
            ..taken
        })
    }

    fn files_between(
        &self,
        batch: i64,
        state: ArrivalState,
        why: Option<&str>,
        kept: &BTreeSet<String>,
    ) -> Result<u32, StoreError> {
        let spans = self.when_open(batch)?;
        let mut between = self
            .connection
            .prepare_cached(&format!("SELECT a.id {OF_FOLDERS}"))?;
        let mut files = 0;
        for (from, until) in &spans {
            let found =
                between.query_map((state, from, until, why), |row| row.get::<_, String>(0))?;
            for id in found {
                files += u32::from(!kept.contains(&id?));
            }
        }
        // Of which batch these are nobody has said: none of them is closed over them unseen.
        if state == ArrivalState::Waiting && why.is_none() && !spans.is_empty() {
            files += self.connection.query_row(
                "SELECT count(*) FROM arrivals WHERE state = ?1 AND reason = ?2",
                (state, reason::WHICH_BATCH),
                |row| row.get::<_, u32>(0),
            )?;
        }
        Ok(files)
    }

    /// From when to when each load of an open batch was the last that was released.
    fn when_open(&self, batch: i64) -> Result<Vec<(Millis, Millis)>, StoreError> {
        let mut query = self.connection.prepare_cached(
            "SELECT l.batch_id, l.released_ms FROM loads l JOIN batches b ON b.id = l.batch_id
             WHERE l.state IN (?1, ?2) AND l.released_ms IS NOT NULL AND b.closed_ms IS NULL ORDER BY l.released_ms, l.id",
        )?;
        let open: Vec<(i64, Millis)> = query
            .query_map((LoadState::Released, LoadState::Overridden), |row| {
                Ok((row.get(0)?, row.get(1)?))
            })?
            .collect::<Result<_, _>>()?;
        let untils = open.iter().skip(1).map(|next| next.1);
        let untils = untils.chain(std::iter::once(Millis(i64::MAX)));
        let spans = open.iter().zip(untils);
        Ok(spans
            .filter(|((of, _), _)| *of == batch)
            .map(|((_, from), until)| (*from, until))
            .collect())
    }
}
