//! What waits for a person, and how it is settled; separator runs; the key “next letter”. Nothing is deleted.

use std::collections::BTreeSet;

use rusqlite::{OptionalExtension, Row};
use serde_json::json;

use super::grouping::{NewHold, hold_once};
use super::{Db, Hindrance, Hold, StoreError, Withholding, ledger, vouch};
use crate::clock::{self, Millis};
use crate::domain::grouping::hold as code;
use crate::domain::intake::{ArrivalState, reason};

const HOLD: &str = "SELECT id, batch_id, letter_id, scan_id, reason, detail, at_ms, resolved_by, note, resolved_ms FROM holds";

fn hold(row: &Row<'_>) -> rusqlite::Result<Hold> {
    let (by, note, at): (Option<String>, Option<String>, Option<Millis>) =
        (row.get(7)?, row.get(8)?, row.get(9)?);
    Ok(Hold {
        id: row.get(0)?,
        batch: row.get(1)?,
        letter: row.get(2)?,
        scan: row.get(3)?,
        reason: row.get(4)?,
        detail: row.get(5)?,
        at: row.get(6)?,
        resolved: by.zip(note).zip(at).map(|((by, note), at)| (by, note, at)),
    })
}

impl Db {
    /// Open holds, oldest first: of one batch or of all.
    ///
    /// # Errors
    /// When SQLite refuses.
    pub fn open_holds(&self, batch: Option<i64>, limit: u32) -> Result<Vec<Hold>, StoreError> {
        let mut query = self.connection.prepare_cached(&format!(
            "{HOLD} WHERE resolved_ms IS NULL AND (?1 IS NULL OR batch_id = ?1) ORDER BY id LIMIT ?2"
        ))?;
        let rows = query.query_map((batch, limit), hold)?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// Open holds of one letter.
    ///
    /// # Errors
    /// When SQLite refuses.
    pub fn holds_of(&self, letter: &str) -> Result<Vec<Hold>, StoreError> {
        let mut query = self.connection.prepare_cached(&format!(
            "{HOLD} WHERE letter_id = ?1 AND resolved_ms IS NULL ORDER BY id"
        ))?;
        let rows = query.query_map([letter], hold)?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// Whether a letter must not be confirmed or handed over now.
    ///
    /// # Errors
    /// When SQLite refuses.
    pub fn is_held(&self, letter: &str) -> Result<bool, StoreError> {
        Ok(self.connection.query_row(
            "SELECT EXISTS (SELECT 1 FROM letters_held WHERE letter_id = ?1)",
            [letter],
            |row| row.get(0),
        )?)
    }

    /// A person has looked and says what was found. Of a file that is held, the decision about it says that.
    ///
    /// # Errors
    /// [`StoreError::NotFound`], or [`StoreError::WrongState`] when somebody was faster, while nobody has decided about the file that it is about, and when it
    /// is one's own taking in of a page from before the release.
    pub fn resolve_hold(&mut self, id: i64, by: &str, note: &str) -> Result<Hold, StoreError> {
        let found = self.hold(id)?;
        if found.resolved.is_none()
            && let Some(file) = self.undecided_file_of(&found)?
        {
            return Err(StoreError::WrongState {
                why: Hindrance::FileUndecided,
                what: "hold",
                id: id.to_string(),
                state: format!("about the file {file}, and nobody has decided about that"),
                action: "resolve",
            });
        }
        self.settle_hold(id, by, note)
    }

    fn hold(&self, id: i64) -> Result<Hold, StoreError> {
        let query = format!("{HOLD} WHERE id = ?1");
        let found = self.connection.query_row(&query, [id], hold).optional()?;
        found.ok_or_else(|| StoreError::NotFound {
            what: "hold",
            id: id.to_string(),
        })
    }

    /// The file that a finding is about, by its arrival, while nobody has decided about it: a held one, or a list that waits for its pages.
    ///
    /// # Errors
    /// When SQLite refuses.
    pub fn undecided_file_of(&self, found: &Hold) -> Result<Option<String>, StoreError> {
        let detail = found.detail.as_deref().unwrap_or_default();
        let file = match found.reason.as_str() {
            code::IMAGE_HELD | code::FILE_GREW => self
                .connection
                .prepare_cached(
                    "SELECT id FROM arrivals WHERE state = ?1 AND substr(?2, -length(name) - 2) = ': ' || name LIMIT 1",
                )?
                .query_row((ArrivalState::Held, detail), |row| row.get(0)),
            reason::INDEX_PAGE_MISSING => self
                .connection
                .prepare_cached(
                    "SELECT id FROM arrivals WHERE state IN (?1, ?2) AND reason = ?3 AND substr(?4, 1, length(name) + 2) = name || ': ' LIMIT 1",
                )?
                .query_row(
                    (ArrivalState::Held, ArrivalState::Waiting, reason::INDEX_PAGE_MISSING, detail),
                    |row| row.get(0),
                ),
            _ => self
                .connection
                .prepare_cached("SELECT id FROM arrivals WHERE scan_id = ?1 AND state = ?2 AND 'image ' || place = ?3")?
                .query_row((found.scan, ArrivalState::Held, detail), |row| row.get(0)),
        };
        Ok(file.optional()?)
    }

    /// Answers a finding, whether a person says so or it follows from what was done.
    pub(super) fn settle_hold(
        &mut self,
        id: i64,
        by: &str,
        note: &str,
    ) -> Result<Hold, StoreError> {
        let found = self.hold(id)?;
        if found.resolved.is_some() {
            return Err(StoreError::WrongState {
                why: Hindrance::Decided,
                what: "hold",
                id: id.to_string(),
                state: "resolved".into(),
                action: "resolve",
            });
        }
        if found.reason == code::OPENED_BEFORE_RELEASE && self.took_in(&found, by)? {
            return Err(StoreError::WrongState {
                why: Hindrance::SamePerson,
                what: "hold",
                id: id.to_string(),
                state: "about a page that you took in yourself".into(),
                action: "resolve",
            });
        }
        let step = self.connection.savepoint()?;
        step.execute(
            "UPDATE holds SET resolved_ms = ?2, resolved_by = ?3, note = ?4 WHERE id = ?1",
            (id, clock::now(), by, note),
        )?;
        let about = match &found.letter {
            Some(letter) => format!("letter/{letter}"),
            None => format!("batch/{}", found.batch),
        };
        let mut detail = json!({"hold": id, "reason": found.reason, "note": note});
        vouch::along(&step, &mut detail, (vouch::HOLDS, &id.to_string()))?;
        ledger::append(&step, by, "hold.resolved", &about, &detail)?;
        step.commit()?;
        self.hold(id)
    }

    /// What was found of a letter goes with its withdrawal, but for what is asked of an officer, of a file or of a scan: those are asked of the paper.
    pub(super) fn findings_go_with(
        &mut self,
        letter: &str,
        (by, why): (&str, &str),
    ) -> Result<(), StoreError> {
        for found in self.holds_of(letter)? {
            let is_of_paper = code::is_for_an_officer(&found.reason)
                || code::is_of_a_scan(&found.reason)
                || self.undecided_file_of(&found)?.is_some();
            if !is_of_paper {
                self.settle_hold(found.id, by, why)?;
            }
        }
        Ok(())
    }

    /// What went with a withdrawal is asked again when that is taken back.
    pub(super) fn findings_come_back(
        &self,
        letter: &str,
        withdrawn: &Withholding,
    ) -> Result<(), StoreError> {
        let mut query = self.connection.prepare_cached(&format!(
            "{HOLD} WHERE letter_id = ?1 AND resolved_by = ?2 AND note = ?3 AND resolved_ms >= ?4 ORDER BY id"
        ))?;
        let with_it = (letter, &withdrawn.by, &withdrawn.reason, withdrawn.at);
        let gone = query.query_map(with_it, hold)?;
        for found in gone.collect::<Result<Vec<_>, _>>()? {
            let new = NewHold {
                batch: found.batch,
                letter: found.letter,
                scan: found.scan,
                reason: &found.reason,
                detail: found.detail,
            };
            hold_once(&self.connection, &new)?;
        }
        Ok(())
    }

    /// Whether this person took one of the letter's pages in.
    fn took_in(&self, hold: &Hold, by: &str) -> Result<bool, StoreError> {
        Ok(self
            .connection
            .prepare_cached(
                "SELECT 1 FROM pages p JOIN ledger l ON l.subject = 'arrival/' || p.arrival_id
                 WHERE p.letter_id = ?1 AND l.action = 'page.arrived' AND l.actor = ?2",
            )?
            .exists((&hold.letter, by))?)
    }

    /// The letters that a hold is about: its own, and those that it names by number or by what their files are called.
    ///
    /// # Errors
    /// When SQLite refuses.
    pub(super) fn letters_of_hold(&self, id: i64) -> Result<Vec<String>, StoreError> {
        let query = format!("{HOLD} WHERE id = ?1");
        let found = self.connection.query_row(&query, [id], hold).optional()?;
        let Some(found) = found else {
            return Ok(Vec::new());
        };
        let mut letters = BTreeSet::from_iter(found.letter.clone());
        let mut named = self.connection.prepare_cached(
            "SELECT id FROM letters WHERE id = ?2 OR batch_id = ?1 AND group_name = ?2",
        )?;
        for word in found.words() {
            let rows = named.query_map((found.batch, word), |row| row.get(0))?;
            letters.extend(rows.collect::<Result<Vec<String>, _>>()?);
        }
        Ok(letters.into_iter().collect())
    }

    /// What an open hold is about.
    ///
    /// # Errors
    /// [`StoreError::NotFound`].
    pub fn hold_reason(&self, id: i64) -> Result<String, StoreError> {
        let mut query = self
            .connection
            .prepare_cached("SELECT reason FROM holds WHERE id = ?1")?;
        let found = query.query_row([id], |row| row.get(0)).optional()?;
        found.ok_or_else(|| StoreError::NotFound {
            what: "hold",
            id: id.to_string(),
        })
    }

    /// Registers a print run of separator sheets.
    ///
    /// # Errors
    /// When SQLite refuses, also a run's name that is taken.
    pub fn add_separator_run(&mut self, run: &str, count: u32, by: &str) -> Result<(), StoreError> {
        self.atomically(|db| {
            db.connection.execute(
                "INSERT INTO separator_runs (run, count, made_by, made_ms) VALUES (?1, ?2, ?3, ?4)",
                (run, count, by, clock::now()),
            )?;
            let detail = json!({"count": count});
            let about = format!("separators/{run}");
            ledger::append(&db.connection, by, "separators.made", &about, &detail)
        })
    }

    /// A person says that the next letter begins, and with it that this batch lies in the scanner: the one named, or all that go by the key. Refused while pages are on their way: they would go to the wrong one.
    /// Pages that wait to be told their batch are of this one, and of a letter before the one that begins; a person looks at that one.
    ///
    /// # Errors
    /// [`StoreError::NotFound`]; [`StoreError::WrongState`] when the batch is closed or pages are on their way.
    pub fn next_letter(
        &mut self,
        batch: i64,
        scanner: Option<&str>,
        by: &str,
    ) -> Result<u32, StoreError> {
        let refused = |why, state: &str| StoreError::WrongState {
            why,
            what: "batch",
            id: batch.to_string(),
            state: state.to_owned(),
            action: "begin the next letter",
        };
        if self.batch(batch)?.closed.is_some() {
            return Err(refused(Hindrance::Closed, "closed"));
        }
        let coming = self.on_their_way(batch)?;
        if !coming.is_empty() {
            let state = format!("still receiving pages: {}", coming.join(", "));
            return Err(refused(Hindrance::Arriving, &state));
        }
        self.atomically(|db| {
            db.connection.execute(
                "INSERT INTO next_letters (batch_id, by, at_ms) VALUES (?1, ?2, ?3)",
                (batch, by, clock::now()),
            )?;
            let number: u32 = db.connection.query_row(
                "SELECT count(*) + 1 FROM next_letters WHERE batch_id = ?1",
                [batch],
                |row| row.get(0),
            )?;
            let detail = json!({"number": number});
            let about = format!("batch/{batch}");
            ledger::append(&db.connection, by, "letter.next", &about, &detail)?;
            db.pressed(scanner, batch, by)?;
            Ok(number)
        })
    }

    /// Scans of a batch that are not settled, and folders in which files are not complete, or wait for their list. Files are named by nobody here: their names
    /// may be those of letters that are kept from whoever asks.
    fn on_their_way(&self, batch: i64) -> Result<Vec<String>, StoreError> {
        let mut query = self.connection.prepare_cached(
            "SELECT 'scan ' || id || ' of ' || scanner FROM scans WHERE batch_id = ?1 AND settled_ms IS NULL
             UNION ALL SELECT count(*) || ' in the folder of ' || source FROM arrivals WHERE state = ?2 AND reason = ?3 GROUP BY source",
        )?;
        let rows = query.query_map((batch, ArrivalState::Waiting, reason::ARRIVING), |row| {
            row.get(0)
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }
}
