//! What scanners brought for a batch: files, sheets that part letters, pages, and what is not among them yet. A file that is not taken belongs to the batch
//! that the gate would take it into: by what a person said of its folder, else by the load that was last released when it was first seen.

use std::collections::{BTreeSet, HashSet};

use super::letters::open_loads;
use super::lies::gate_of_open;
use super::{Arrival, Db, StoreError};
use crate::clock::Millis;
use crate::domain::grouping::GroupBy;
use crate::domain::intake::{ArrivalState, Gate, OpenLoad, reason};

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

/// Where a file of a folder belongs that is not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Belongs {
    /// To this batch.
    To(i64),
    /// Of which batch it is nobody has said: none of them is closed over it unseen.
    NobodySaid,
    /// It was there before every open load was released, or none is open.
    Nowhere,
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
        let open = open_loads(&self.connection)?;
        let mut files = taken;
        if open.iter().any(|load| load.batch == batch) {
            for (of, found) in self.not_taken(&open, kept)? {
                let counted = match found.state {
                    ArrivalState::Held => &mut files.held,
                    _ => &mut files.waiting,
                };
                let is_its = matches!(of, Belongs::NobodySaid) || of == Belongs::To(batch);
                *counted += u32::from(is_its);
                let is_left = found.reason.as_deref() == Some(reason::LINGERING);
                files.left += u32::from(is_its && is_left);
            }
        }
        Ok(files)
    }

    /// Files of folders, seen before this moment, that are not taken and belong to no open batch: whoever closes the day says why they lie there. Those that
    /// their software never finished are none.
    ///
    /// # Errors
    /// When SQLite refuses.
    pub fn files_of_no_batch(&self, looks: &str, until: Millis) -> Result<u32, StoreError> {
        let kept = self.arrivals_kept_from(looks)?;
        let found = self.not_taken(&open_loads(&self.connection)?, &kept)?;
        let of_none = found.iter().filter(|(of, file)| {
            let is_left = file.reason.as_deref() == Some(reason::LINGERING);
            *of == Belongs::Nowhere && !is_left && file.first_seen < until
        });
        Ok(u32::try_from(of_none.count()).unwrap_or(u32::MAX))
    }

    /// Files of folders that wait or are held, but for these, and where each belongs. Of driven scanners none: they are counted with their scans.
    fn not_taken(
        &self,
        open: &[OpenLoad],
        kept: &BTreeSet<String>,
    ) -> Result<Vec<(Belongs, Arrival)>, StoreError> {
        let driven: HashSet<String> = self
            .connection
            .prepare_cached("SELECT DISTINCT scanner FROM scans")?
            .query_map([], |row| row.get(0))?
            .collect::<Result<_, _>>()?;
        let mut found = Vec::new();
        for state in [ArrivalState::Waiting, ArrivalState::Held] {
            for file in self.arrivals(state, None, u32::MAX)? {
                let is_asked = file.reason.as_deref() == Some(reason::WHICH_BATCH);
                let is_asked = state == ArrivalState::Waiting && is_asked;
                if !is_asked && (driven.contains(&file.source) || kept.contains(&file.id)) {
                    continue;
                }
                let by = self.grouped_by(&file.source);
                let of = match gate_of_open(&self.connection, &file, by, open)? {
                    _ if is_asked => Belongs::NobodySaid,
                    Gate::WhichBatch => Belongs::NobodySaid,
                    Gate::Enter { load } => open
                        .iter()
                        .find(|one| one.load == load)
                        .map_or(Belongs::Nowhere, |one| Belongs::To(one.batch)),
                    _ => Belongs::Nowhere,
                };
                found.push((of, file));
            }
        }
        Ok(found)
    }

    /// What tells letters apart in a folder.
    pub(super) fn grouped_by(&self, source: &str) -> GroupBy {
        self.folders.get(source).copied().unwrap_or(GroupBy::Name)
    }
}
