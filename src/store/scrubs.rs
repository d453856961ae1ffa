//! Records of the nightly scrub, of copies made anew, and of daily roots.

use rusqlite::OptionalExtension;
use serde_json::json;

use super::{Db, StoreError, ledger};
use crate::clock::{self, Millis};

const ACTOR: &str = "task/scrub";

/// One walk over the originals.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Scrubbed {
    /// Originals looked at.
    pub originals: u64,
    /// Copies made anew.
    pub healed: u64,
    /// Originals of which no good copy is left.
    pub faults: u64,
}

impl Db {
    /// A scrub begins.
    ///
    /// # Errors
    /// When SQLite refuses.
    pub fn begin_scrub(&mut self) -> Result<i64, StoreError> {
        self.connection
            .execute("INSERT INTO scrubs (began_ms) VALUES (?1)", [clock::now()])?;
        Ok(self.connection.last_insert_rowid())
    }

    /// A scrub has ended.
    ///
    /// # Errors
    /// When SQLite refuses.
    pub fn end_scrub(&mut self, id: i64, found: Scrubbed) -> Result<(), StoreError> {
        let Scrubbed {
            originals,
            healed,
            faults,
        } = found;
        self.atomically(|db| {
            db.connection.execute(
                "UPDATE scrubs SET ended_ms = ?2, originals = ?3, healed = ?4, faults = ?5 WHERE id = ?1",
                (id, clock::now(), originals as i64, healed as i64, faults as i64),
            )?;
            let detail = json!({"originals": originals, "healed": healed, "faults": faults});
            ledger::append(&db.connection, ACTOR, "evidence.scrubbed", &format!("scrub/{id}"), &detail)
        })
    }

    /// The newest scrub that ended, and when.
    ///
    /// # Errors
    /// When SQLite refuses.
    pub fn last_scrub(&self) -> Result<Option<(Millis, Scrubbed)>, StoreError> {
        Ok(self
            .connection
            .query_row(
                "SELECT ended_ms, originals, healed, faults FROM scrubs WHERE ended_ms IS NOT NULL ORDER BY ended_ms DESC LIMIT 1",
                [],
                |row| {
                    let count = |at| row.get::<_, i64>(at).map(i64::unsigned_abs);
                    let found = Scrubbed {
                        originals: count(1)?,
                        healed: count(2)?,
                        faults: count(3)?,
                    };
                    Ok((row.get(0)?, found))
                },
            )
            .optional()?)
    }

    /// A copy of an original was made anew from the other one.
    ///
    /// # Errors
    /// When SQLite refuses.
    pub fn note_healed(&mut self, sha256: &str, which: &str) -> Result<(), StoreError> {
        self.record(
            ACTOR,
            "original.healed",
            &format!("original/{sha256}"),
            &json!({"copy": which}),
        )
    }

    /// An original of which no good copy is left.
    ///
    /// # Errors
    /// When SQLite refuses.
    pub fn note_damaged(&mut self, sha256: &str) -> Result<(), StoreError> {
        self.record(
            ACTOR,
            "original.damaged",
            &format!("original/{sha256}"),
            &json!({}),
        )
    }

    /// The newest day whose root was exported.
    ///
    /// # Errors
    /// When SQLite refuses.
    pub fn last_root_day(&self) -> Result<Option<String>, StoreError> {
        Ok(self
            .connection
            .query_row("SELECT max(day) FROM roots", [], |row| row.get(0))?)
    }

    /// A root was exported.
    ///
    /// # Errors
    /// When SQLite refuses.
    pub fn note_root(&mut self, day: &str, (entries, hash): (i64, &str)) -> Result<(), StoreError> {
        self.connection.execute(
            "INSERT OR IGNORE INTO roots (day, at_ms, entries, hash) VALUES (?1, ?2, ?3, ?4)",
            (day, clock::now(), entries, hash),
        )?;
        Ok(())
    }
}
