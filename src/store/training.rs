//! A training station's database, which no real letter ever comes into, and what somebody has done of the guided day.

use std::collections::BTreeMap;

use serde_json::json;

use super::{Db, StoreError, ledger};
use crate::domain::training::{Done, progress};

/// `PRAGMA application_id` of a training station's database: it is in the file itself, and goes along with every copy.
const TRAINING: i32 = 0x4c58_5452;
const PUT: &str = "training.letters_put";
const BEGUN: &str = "training.begun";

impl Db {
    /// Holds the settings against the database: a training station begins with an empty one, and it stays one.
    ///
    /// # Errors
    /// [`StoreError::NotForTraining`], [`StoreError::OnlyForTraining`].
    pub(super) fn agree_on_training(&self, wanted: bool) -> Result<(), StoreError> {
        let is_marked = self.is_for_training()?;
        match (wanted, is_marked) {
            (true, true) | (false, false) => Ok(()),
            (false, true) => Err(StoreError::OnlyForTraining),
            (true, false) => {
                let used: bool = self.connection.query_row(
                    "SELECT EXISTS (SELECT 1 FROM batches) OR EXISTS (SELECT 1 FROM arrivals) OR EXISTS (SELECT 1 FROM letters)",
                    [],
                    |row| row.get(0),
                )?;
                if used {
                    return Err(StoreError::NotForTraining);
                }
                self.connection
                    .pragma_update(None, "application_id", TRAINING)?;
                Ok(())
            }
        }
    }

    pub(super) fn is_for_training(&self) -> Result<bool, StoreError> {
        let id: i32 = self
            .connection
            .query_row("PRAGMA application_id", [], |row| row.get(0))?;
        Ok(id == TRAINING)
    }

    /// How far somebody is with the guided day, since he last began it.
    ///
    /// # Errors
    /// When SQLite refuses.
    pub fn training_of(&self, user: &str) -> Result<Vec<Done>, StoreError> {
        let mut query = self.connection.prepare_cached(
            "SELECT action, count(*) FROM ledger WHERE actor = ?1
             AND seq > coalesce((SELECT max(seq) FROM ledger WHERE actor = ?1 AND action = ?2), 0) GROUP BY action",
        )?;
        let rows = query.query_map((user, BEGUN), |row| Ok((row.get(0)?, row.get(1)?)))?;
        let actions: BTreeMap<String, u32> = rows.collect::<Result<_, _>>()?;
        Ok(progress(&actions))
    }

    /// Somebody begins the guided day, or begins it anew.
    ///
    /// # Errors
    /// When SQLite refuses.
    pub fn begin_training(&mut self, user: &str) -> Result<(), StoreError> {
        self.record(user, BEGUN, "training", &json!({}))
    }

    /// Sample letters that went into the scanner before.
    ///
    /// # Errors
    /// When SQLite refuses.
    pub fn samples_used(&self) -> Result<Vec<String>, StoreError> {
        let mut query = self.connection.prepare_cached(
            "SELECT l.value FROM ledger, json_each(ledger.detail, '$.letters') l WHERE action = ?1",
        )?;
        let rows = query.query_map([PUT], |row| row.get(0))?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// These go into the scanner now.
    ///
    /// # Errors
    /// When SQLite refuses.
    pub fn samples_put(&mut self, letters: &[String], user: &str) -> Result<(), StoreError> {
        ledger::append(
            &self.connection,
            user,
            PUT,
            "training",
            &json!({"letters": letters}),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock;
    use crate::domain::letter::Carrier;
    use crate::store::NewBatch;

    fn opened(path: &std::path::Path, training: bool) -> Result<Db, StoreError> {
        let db = Db::open(path)?;
        db.agree_on_training(training)?;
        Ok(db)
    }

    fn one_batch(db: &mut Db) {
        let new = NewBatch {
            carrier: Carrier::Letter,
            count: 1,
            received: clock::now(),
        };
        db.sign_in_batch(&new, "zhang").unwrap();
    }

    #[test]
    fn a_database_with_real_letters_is_never_one_for_training_and_the_other_way_round() {
        let folder = tempfile::tempdir().unwrap();
        let (real, training) = (folder.path().join("real"), folder.path().join("training"));
        one_batch(&mut opened(&real, false).unwrap());
        assert!(matches!(
            opened(&real, true),
            Err(StoreError::NotForTraining)
        ));
        one_batch(&mut opened(&training, true).unwrap());
        opened(&training, true).unwrap();
        assert!(matches!(
            opened(&training, false),
            Err(StoreError::OnlyForTraining)
        ));
        // A copy is what the first one was.
        let copy = folder.path().join("copy");
        let whole = rusqlite::Connection::open(&training).unwrap();
        whole
            .execute("VACUUM INTO ?1", [copy.to_str().unwrap()])
            .unwrap();
        assert!(matches!(
            opened(&copy, false),
            Err(StoreError::OnlyForTraining)
        ));
    }
}
