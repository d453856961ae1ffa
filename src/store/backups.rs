//! What back-ups and verification ask of the database: is it whole, where does its ledger stand, which originals belong to it; and the record of
//! back-ups that were made.

use rusqlite::{Connection, OptionalExtension};
use serde_json::json;

use super::withhold::BURIED_SINCE;
use super::{Db, StoreError, ledger, locked};
use crate::clock::{self, Millis};
use crate::evidence::Original;

/// A back-up that was made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BackupRow {
    /// When.
    pub made: Millis,
    /// Into which folder.
    pub folder: String,
    /// Its name there.
    pub snapshot: String,
    /// Encrypted.
    pub sealed: bool,
    /// Entries of the ledger.
    pub entries: i64,
    /// Hash of the last of them.
    pub root: String,
    /// Originals in it.
    pub originals: u64,
    /// Those that were new in the folder.
    pub added: u64,
    /// Originals that were lost or altered.
    pub faults: u64,
}

impl Db {
    /// What SQLite finds wrong in its own file, or where a row refers to nothing.
    ///
    /// # Errors
    /// When SQLite cannot even look.
    pub fn damage(&self) -> Result<Option<String>, StoreError> {
        // Sealed pages first: SQLite itself stumbles over one that does not open.
        let bad = locked::bad_pages(&self.connection)?;
        if let Some(first) = bad.first() {
            return Ok(Some(format!("{first} ({} of its pages)", bad.len())));
        }
        let told = self
            .connection
            .query_row("PRAGMA integrity_check(1)", [], |row| {
                row.get::<_, String>(0)
            });
        match told {
            Ok(told) if told == "ok" => {}
            Ok(told) => return Ok(Some(told)),
            Err(error) if locked::is_damage(&error) => return Ok(Some(error.to_string())),
            Err(error) => return Err(error.into()),
        }
        let orphan: Option<(String, Option<i64>)> = self
            .connection
            .query_row("PRAGMA foreign_key_check", [], |row| {
                Ok((row.get(0)?, row.get(1)?))
            })
            .optional()?;
        Ok(orphan
            .map(|(table, row)| format!("row {} of {table} refers to nothing", row.unwrap_or(0))))
    }

    /// Entries of the ledger and the hash of the last one.
    ///
    /// # Errors
    /// When SQLite refuses.
    pub fn ledger_mark(&self) -> Result<(i64, String), StoreError> {
        let last = self
            .connection
            .query_row(
                "SELECT seq, hash FROM ledger ORDER BY seq DESC LIMIT 1",
                [],
                |row| Ok((row.get(0)?, row.get(1)?)),
            )
            .optional()?;
        Ok(last.unwrap_or((0, String::new())))
    }

    /// Hash of one entry of the ledger.
    ///
    /// # Errors
    /// When SQLite refuses.
    pub fn ledger_hash(&self, seq: i64) -> Result<Option<String>, StoreError> {
        Ok(self
            .connection
            .query_row("SELECT hash FROM ledger WHERE seq = ?1", [seq], |row| {
                row.get(0)
            })
            .optional()?)
    }

    /// Every original that should be there, each once; not those that were destroyed by policy.
    ///
    /// # Errors
    /// When SQLite refuses.
    pub fn original_rows(&self) -> Result<Vec<Original>, StoreError> {
        let mut query = self.connection.prepare(&format!(
            "SELECT sha256, max(sm3), max(size) FROM arrivals a WHERE state IN ('taken', 'set_aside') AND sha256 IS NOT NULL
             AND NOT EXISTS (SELECT 1 FROM tombstones t WHERE t.sha256 = a.sha256 AND {BURIED_SINCE}) GROUP BY sha256 ORDER BY sha256",
        ))?;
        let rows = query.query_map([], |row| {
            Ok(Original {
                sha256: row.get(0)?,
                sm3: row.get(1)?,
                size: row.get::<_, i64>(2)?.unsigned_abs(),
            })
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// Notes a back-up that was made and verified.
    ///
    /// # Errors
    /// When SQLite refuses.
    pub fn record_backup(&mut self, made: &BackupRow, by: &str) -> Result<(), StoreError> {
        self.atomically(|db| {
            db.connection.execute(
                "INSERT INTO backups (made_ms, folder, snapshot, sealed, entries, root, originals, added, faults)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
                (made.made, &made.folder, &made.snapshot, made.sealed, made.entries, &made.root, made.originals as i64,
                    made.added as i64, made.faults as i64),
            )?;
            let detail = json!({"entries": made.entries, "root": made.root, "originals": made.originals, "added": made.added,
                "faults": made.faults, "sealed": made.sealed});
            ledger::append(&db.connection, by, "backup.made", &format!("backup/{}", made.snapshot), &detail)
        })
    }

    /// The newest back-up.
    ///
    /// # Errors
    /// When SQLite refuses.
    pub fn last_backup(&self) -> Result<Option<BackupRow>, StoreError> {
        Ok(self
            .connection
            .query_row(
                "SELECT made_ms, folder, snapshot, sealed, entries, root, originals, added, faults FROM backups
                 ORDER BY made_ms DESC, id DESC LIMIT 1",
                [],
                |row| {
                    Ok(BackupRow {
                        made: row.get(0)?,
                        folder: row.get(1)?,
                        snapshot: row.get(2)?,
                        sealed: row.get(3)?,
                        entries: row.get(4)?,
                        root: row.get(5)?,
                        originals: row.get::<_, i64>(6)?.unsigned_abs(),
                        added: row.get::<_, i64>(7)?.unsigned_abs(),
                        faults: row.get::<_, i64>(8)?.unsigned_abs(),
                    })
                },
            )
            .optional()?)
    }

    /// When the station took its first page: what a station that was never backed up is measured from.
    ///
    /// # Errors
    /// When SQLite refuses.
    pub fn first_arrival(&self) -> Result<Option<Millis>, StoreError> {
        Ok(self
            .connection
            .query_row("SELECT min(taken_ms) FROM arrivals", [], |row| row.get(0))?)
    }

    /// A restored station: nobody is signed in, nothing is handed out before somebody says so, and the ledger says where it came from.
    ///
    /// # Errors
    /// When SQLite refuses.
    pub fn note_restored(
        &mut self,
        snapshot: &str,
        damaged: &[String],
        by: &str,
    ) -> Result<(), StoreError> {
        self.atomically(|db| {
            db.connection.execute("DELETE FROM sessions", [])?;
            if !db.is_for_training()? {
                db.stop_handover(by)?;
            }
            let detail = json!({"damaged": damaged, "at_ms": clock::now().0});
            ledger::append(
                &db.connection,
                by,
                "station.restored",
                &format!("backup/{snapshot}"),
                &detail,
            )
        })
    }

    /// Closes the database; its journal is written into it and no file is left beside it.
    ///
    /// # Errors
    /// When SQLite refuses.
    pub fn close(self) -> Result<(), StoreError> {
        self.connection
            .execute_batch("PRAGMA wal_checkpoint(TRUNCATE)")
            .or_else(|error| match error {
                rusqlite::Error::ExecuteReturnedResults => Ok(()),
                other => Err(other),
            })?;
        self.connection.close().map_err(|(_, error)| error)?;
        Ok(())
    }
}

/// Copies the whole database in one step: of a running station, a consistent moment.
pub(super) fn copy(from: &Connection, to: &mut Connection) -> Result<(), StoreError> {
    use rusqlite::backup::{Backup, StepResult};
    let backup = Backup::new(from, to)?;
    loop {
        // All pages at once: in steps, every commit of the station would begin it anew.
        match backup.step(-1)? {
            StepResult::Done => return Ok(()),
            _ => std::thread::sleep(std::time::Duration::from_millis(50)),
        }
    }
}
