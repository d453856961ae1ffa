//! Everything on record about one cycle for its certificate: its history, its batch, and the ledger's entries that cover it.

use rusqlite::OptionalExtension;

use super::{Batch, CycleHistory, Db, StoreError};

/// An entry of the ledger that covers a fact: its place and its hash.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Anchor {
    /// Place in the chain, from 1.
    pub seq: i64,
    /// SHA-256 over this entry and the hash before it.
    pub hash: String,
}

/// A cycle's history with its batch and its places in the ledger.
#[derive(Debug, Clone)]
pub struct CycleFile {
    /// The cycle, its load, steps, exposures, curve, self test.
    pub history: CycleHistory,
    /// The load's batch.
    pub batch: Batch,
    /// How many letters there were is told; not to somebody from whom one of the batch is kept.
    pub is_counted: bool,
    /// The ledger's entry of the cycle's end.
    pub ended: Option<Anchor>,
    /// The ledger's entry of the load's override.
    pub overridden: Option<Anchor>,
}

impl Db {
    /// Everything on record about one cycle.
    ///
    /// # Errors
    /// [`StoreError::NotFound`].
    pub fn cycle_file(&self, id: i64) -> Result<CycleFile, StoreError> {
        let history = self.cycle_record(id)?;
        Ok(CycleFile {
            batch: self.batch(history.load.batch_id)?,
            is_counted: true,
            ended: self.anchor("cycle.ended", &format!("cycle/{id}"))?,
            overridden: self.anchor("load.overridden", &format!("load/{}", history.load.id))?,
            history,
        })
    }

    /// The same for this person: letters of the batch that are kept from him he does not count by its certificate.
    ///
    /// # Errors
    /// [`StoreError::NotFound`].
    pub fn cycle_file_for(&self, looks: &str, id: i64) -> Result<CycleFile, StoreError> {
        let mut file = self.cycle_file(id)?;
        file.is_counted = self.kept_of_batch(looks, file.batch.id)?.letters == 0;
        Ok(file)
    }

    /// The ledger's newest entry that says this of this subject.
    fn anchor(&self, action: &str, subject: &str) -> Result<Option<Anchor>, StoreError> {
        let newest = "SELECT seq, hash FROM ledger WHERE subject = ?1 AND action = ?2 ORDER BY seq DESC LIMIT 1";
        let found = self.connection.query_row(newest, (subject, action), |row| {
            Ok(Anchor {
                seq: row.get(0)?,
                hash: row.get(1)?,
            })
        });
        Ok(found.optional()?)
    }
}
