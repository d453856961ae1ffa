//! Records of the nightly scrub, of copies made anew, of originals of which none is left, of the second copies' folder, and of daily roots.

use rusqlite::OptionalExtension;
use serde_json::json;

use super::{Db, StoreError, ledger};
use crate::clock::{self, Millis};

const ACTOR: &str = "task/scrub";
const DAMAGED: &str = "original.damaged";

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

/// An original of which no good copy is left.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DamagedOriginal {
    /// Its hash.
    pub sha256: String,
    /// The letters that have it; none of a file that is only held.
    pub letters: Vec<String>,
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

    /// An original of which no good copy is left; on record once, until it is whole again.
    ///
    /// # Errors
    /// When SQLite refuses.
    pub fn note_damaged(&mut self, sha256: &str) -> Result<(), StoreError> {
        match self.is_damaged(sha256)? {
            true => Ok(()),
            false => self.note_original(sha256, DAMAGED),
        }
    }

    /// An original that was damaged is whole again, both copies of it.
    ///
    /// # Errors
    /// When SQLite refuses.
    pub fn note_whole(&mut self, sha256: &str) -> Result<(), StoreError> {
        self.note_original(sha256, "original.whole")
    }

    fn note_original(&mut self, sha256: &str, action: &str) -> Result<(), StoreError> {
        self.record(ACTOR, action, &format!("original/{sha256}"), &json!({}))
    }

    fn is_damaged(&self, sha256: &str) -> Result<bool, StoreError> {
        let last: Option<String> = self
            .connection
            .prepare_cached(
                "SELECT action FROM ledger WHERE subject = 'original/' || ?1 AND action LIKE 'original.%' ORDER BY seq DESC LIMIT 1",
            )?
            .query_row([sha256], |row| row.get(0))
            .optional()?;
        Ok(last.as_deref() == Some(DAMAGED))
    }

    /// Originals of which no good copy is left, and whose they are: as last seen, without those destroyed since.
    ///
    /// # Errors
    /// When SQLite refuses.
    pub fn damaged_originals(&self) -> Result<Vec<DamagedOriginal>, StoreError> {
        let mut query = self.connection.prepare_cached(
            "SELECT substr(e.subject, 10), (SELECT json_group_array(letter_id) FROM (SELECT DISTINCT p.letter_id FROM arrivals a
              JOIN pages p ON p.arrival_id = a.id WHERE a.sha256 = substr(e.subject, 10) ORDER BY p.letter_id))
             FROM (SELECT subject, action, max(seq) FROM ledger WHERE subject >= 'original/' AND subject < 'original0'
              AND action LIKE 'original.%' GROUP BY subject) e
             WHERE e.action = ?1 AND substr(e.subject, 10) NOT IN (SELECT sha256 FROM tombstones)",
        )?;
        let rows = query.query_map([DAMAGED], |row| {
            let letters: String = row.get(1)?;
            Ok(DamagedOriginal {
                sha256: row.get(0)?,
                letters: serde_json::from_str(&letters).unwrap_or_default(),
            })
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// The pages that an original is, as verify names them: `letter A001, page 2`; none of a file that is only held.
    ///
    /// # Errors
    /// When SQLite refuses.
    pub fn pages_of_original(&self, sha256: &str) -> Result<Vec<String>, StoreError> {
        let mut query = self.connection.prepare_cached(
            "SELECT DISTINCT p.letter_id FROM arrivals a JOIN pages p ON p.arrival_id = a.id WHERE a.sha256 = ?1 ORDER BY p.letter_id",
        )?;
        let letters: Vec<String> = query
            .query_map([sha256], |row| row.get(0))?
            .collect::<Result<_, _>>()?;
        let mut named = Vec::new();
        for letter in letters {
            let pages = self.page_rows(&letter)?.into_iter();
            let its = pages.filter(|page| page.sha256 == sha256);
            named.extend(its.map(|page| format!("letter {letter}, page {}", page.n)));
        }
        Ok(named)
    }

    /// Some of the originals that are to be there.
    ///
    /// # Errors
    /// When SQLite refuses.
    pub fn some_originals(&self) -> Result<Vec<String>, StoreError> {
        let mut query = self.connection.prepare_cached(
            "SELECT DISTINCT sha256 FROM arrivals WHERE sha256 IS NOT NULL AND state IN ('taken', 'set_aside')
             AND sha256 NOT IN (SELECT sha256 FROM tombstones) ORDER BY sha256 LIMIT 50",
        )?;
        let rows = query.query_map([], |row| row.get(0))?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// The originals that came last; not those whose bytes are to be gone.
    ///
    /// # Errors
    /// When SQLite refuses.
    pub fn newest_originals(&self) -> Result<Vec<String>, StoreError> {
        let mut query = self.connection.prepare_cached(
            "SELECT a.sha256 FROM pages p JOIN arrivals a ON a.id = p.arrival_id
             WHERE a.sha256 IS NOT NULL AND a.sha256 NOT IN (SELECT sha256 FROM tombstones) ORDER BY p.id DESC LIMIT 10",
        )?;
        let rows = query.query_map([], |row| row.get(0))?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// A person says that second copies are kept in this folder from now on, whatever was there before.
    ///
    /// # Errors
    /// When SQLite refuses.
    pub fn note_second_begun(
        &mut self,
        folder: &str,
        (by, why): (&str, &str),
    ) -> Result<(), StoreError> {
        let detail = json!({"folder": folder, "reason": why});
        self.record(by, "second_copies.begun", "evidence/second_copies", &detail)
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

    /// Whether the root of a day was exported.
    ///
    /// # Errors
    /// When SQLite refuses.
    pub fn has_root(&self, day: &str) -> Result<bool, StoreError> {
        let mut query = self
            .connection
            .prepare_cached("SELECT 1 FROM roots WHERE day = ?1")?;
        Ok(query.exists([day])?)
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
