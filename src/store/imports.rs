//! Registrations of earlier years out of the case system: taken over, looked at, and gone when their case is a letter of this station.

use rusqlite::OptionalExtension;
use serde_json::json;

use super::earlier::{EARLIER, Remembered, earlier};
use super::{Db, StoreError, ledger};
use crate::clock::Millis;
use crate::domain::repeat::{Earlier, Grams, Registered, content};

/// A registration of an earlier year, out of the case system.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ImportedRecord {
    /// Its number there.
    pub case_number: String,
    /// SHA-256 of the record as it stood in the file.
    pub digest: String,
    /// What it is compared by, but for its text.
    pub registered: Registered,
    /// Its text.
    pub text: String,
}

/// What became of a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Imported {
    /// It is new.
    New,
    /// It was known and has changed.
    Changed,
    /// It was known as it is.
    Same,
    /// It is a letter of this station, which has it already.
    Ours,
}

/// A record as it was imported, to be looked at.
#[derive(Debug, Clone)]
pub struct ImportedView {
    /// What it is compared by.
    pub earlier: Earlier,
    /// Its text.
    pub text: String,
}

/// Pages of the index merged in one step.
const TIDY_PAGES: i64 = 400;

/// Which step of tidying the index.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TidyStep {
    /// Begins.
    First,
    /// Goes on.
    Next,
}

impl Db {
    /// Takes registrations of the case system over, as one transaction. A record is known by its case number; the same again changes
    /// nothing, and one that this station handed over itself is not taken twice.
    ///
    /// # Errors
    /// When SQLite refuses; none is taken then.
    pub fn import_earlier(
        &mut self,
        records: &[ImportedRecord],
    ) -> Result<Vec<Imported>, StoreError> {
        self.atomically(|db| {
            let mut became = Vec::with_capacity(records.len());
            for record in records {
                became.push(db.import_one(record)?);
            }
            Ok(became)
        })
    }

    fn import_one(&mut self, record: &ImportedRecord) -> Result<Imported, StoreError> {
        let number = record.case_number.as_str();
        if self.handed_over_as(number)? {
            return Ok(Imported::Ours);
        }
        let known: Option<Option<String>> = self
            .connection
            .prepare_cached("SELECT digest FROM earlier WHERE case_number = ?1")?
            .query_row([number], |row| row.get(0))
            .optional()?;
        if known
            .as_ref()
            .is_some_and(|digest| digest.as_ref() == Some(&record.digest))
        {
            return Ok(Imported::Same);
        }
        let prepared = content::of_text(&record.text);
        let registered = Registered {
            grams: Grams::of(&prepared),
            ..record.registered.clone()
        };
        self.remember(&Remembered {
            letter: None,
            record: Some(record),
            registered: &registered,
            prepared: &prepared,
        })?;
        self.teach(&format!("case/{number}"), "imported", &registered)?;
        Ok(if known.is_some() {
            Imported::Changed
        } else {
            Imported::New
        })
    }

    fn handed_over_as(&self, case_number: &str) -> Result<bool, StoreError> {
        Ok(self
            .connection
            .prepare_cached(
                "SELECT EXISTS (SELECT 1 FROM drafts WHERE state = 'acked' AND case_number = ?1)",
            )?
            .query_row([case_number], |row| row.get(0))?)
    }

    /// Ends an import: the ledger says what came from where.
    ///
    /// # Errors
    /// When SQLite refuses.
    pub fn end_import(
        &mut self,
        by: &str,
        file_sha256: &str,
        counts: [usize; 5],
    ) -> Result<(), StoreError> {
        let [new, changed, same, ours, refused] = counts;
        let detail = json!({"file_sha256": file_sha256, "new": new, "changed": changed, "same": same, "ours": ours,
            "refused": refused});
        self.atomically(|db| {
            ledger::append(&db.connection, by, "history.imported", "history", &detail)
        })
    }

    /// One step towards a quick index; `false` when there is nothing left to do. Each is a transaction of its own, so that a station that
    /// runs beside can write in between.
    ///
    /// # Errors
    /// When SQLite refuses.
    pub fn tidy_index(&mut self, step: TidyStep) -> Result<bool, StoreError> {
        // A negative number of pages begins a merge of everything, a positive one goes on with it; fewer than two changes: done (FTS5, “merge”).
        let pages = match step {
            TidyStep::First => -TIDY_PAGES,
            TidyStep::Next => TIDY_PAGES,
        };
        let before = self.connection.total_changes();
        self.connection
            .prepare_cached("INSERT INTO earlier_words (earlier_words, rank) VALUES ('merge', ?1)")?
            .execute([pages])?;
        Ok(self.connection.total_changes() - before >= 2)
    }

    /// An imported registration, by its case number.
    ///
    /// # Errors
    /// [`StoreError::NotFound`].
    pub fn imported(&self, case_number: &str) -> Result<ImportedView, StoreError> {
        let found = self
            .connection
            .prepare_cached(&format!("{EARLIER} WHERE case_number = ?1"))?
            .query_row([case_number], earlier)
            .optional()?;
        let text = self
            .connection
            .prepare_cached("SELECT coalesce(text, '') FROM earlier WHERE case_number = ?1")?
            .query_row([case_number], |row| row.get(0))
            .optional()?;
        match found.zip(text) {
            Some((earlier, text)) => Ok(ImportedView { earlier, text }),
            None => Err(StoreError::NotFound {
                what: "registration",
                id: case_number.to_owned(),
            }),
        }
    }

    /// The imported registration of a case this station has handed over is the letter itself: it goes.
    pub(super) fn forget_imported(&self, case_number: &str) -> Result<(), StoreError> {
        self.connection
            .execute("DELETE FROM earlier WHERE case_number = ?1", [case_number])?;
        self.connection.execute(
            "DELETE FROM taught WHERE source = 'case/' || ?1",
            [case_number],
        )?;
        Ok(())
    }

    /// When the last import ended.
    ///
    /// # Errors
    /// When SQLite refuses.
    pub fn last_import(&self) -> Result<Option<Millis>, StoreError> {
        Ok(self.connection.query_row(
            "SELECT max(at_ms) FROM ledger WHERE action = 'history.imported'",
            [],
            |row| row.get(0),
        )?)
    }
}
