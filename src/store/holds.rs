//! What waits for a person, and how it is settled; separator runs; the key “next letter”; pages moved between letters. Nothing is deleted.

use std::collections::BTreeSet;

use rusqlite::{OptionalExtension, Row};
use serde_json::json;

use super::letters::letter_named;
use super::places::place_behind;
use super::{Db, DraftState, Hindrance, Hold, StoreError, ledger, unreleased, vouch};
use crate::clock::{self, Millis};
use crate::domain::grouping;
use crate::domain::intake::{ArrivalState, reason};
use crate::domain::letter::Stage;

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

/// Where pages go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MoveTo {
    /// Into a letter that is there, behind what it has.
    Letter(String),
    /// Into that letter, in front of this page.
    Before(String, u32),
    /// Into a new letter of the same batch.
    NewLetter,
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

    /// A person has looked and says what was found.
    ///
    /// # Errors
    /// [`StoreError::NotFound`], or [`StoreError::WrongState`] when somebody was faster; also when it is one's own taking in of a page from before
    /// the release.
    pub fn resolve_hold(&mut self, id: i64, by: &str, note: &str) -> Result<Hold, StoreError> {
        let query = format!("{HOLD} WHERE id = ?1");
        let found = self.connection.query_row(&query, [id], hold).optional()?;
        let found = found.ok_or_else(|| StoreError::NotFound {
            what: "hold",
            id: id.to_string(),
        })?;
        if found.resolved.is_some() {
            return Err(StoreError::WrongState {
                why: Hindrance::Decided,
                what: "hold",
                id: id.to_string(),
                state: "resolved".into(),
                action: "resolve",
            });
        }
        if found.reason == grouping::hold::OPENED_BEFORE_RELEASE && self.took_in(&found, by)? {
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
        let resolved = step.query_row(&query, [id], hold)?;
        step.commit()?;
        Ok(resolved)
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

    /// Puts pages of one letter into another, into a new one, or before another page of their own; drafts are made anew. Returns the letter they are in now.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] for a letter or a page of another one; [`StoreError::WrongState`] once a case system has one of them.
    pub fn move_pages(
        &mut self,
        from: &str,
        pages: &[i64],
        to: &MoveTo,
        (by, why): (&str, &str),
    ) -> Result<String, StoreError> {
        if let MoveTo::Before(to, n) = to
            && to == from
        {
            self.order_pages(from, (pages, *n), (by, why))?;
            return Ok(to.clone());
        }
        self.atomically(|db| {
            db.clock_is_right("move pages")?;
            let is_kept_page = matches!(to, MoveTo::NewLetter) && db.are_kept_from_its_system(from, pages)?;
            if !is_kept_page {
                db.may_regroup(from)?;
            }
            let held = db.holds_of(from)?;
            // Only its number speaks against it, and this person says which letter the sheets belong to; anything else is an officer's to say first.
            let is_number_alone =
                |hold: &Hold| !matches!(to, MoveTo::NewLetter) && unreleased::is_number_alone(hold);
            let is_an_officers = |hold: &&Hold| grouping::hold::is_for_an_officer(&hold.reason);
            if held.iter().filter(is_an_officers).any(|hold| !is_number_alone(hold)) {
                return Err(StoreError::WrongState {
                    why: Hindrance::Held,
                    what: "letter",
                    id: from.to_owned(),
                    state: "held for an officer, who first says what was found".into(),
                    action: "move pages",
                });
            }
            let (load, group): (i64, String) = db
                .connection
                .query_row("SELECT load_id, group_name FROM letters WHERE id = ?1", [from], |row| Ok((row.get(0)?, row.get(1)?)))
                .optional()?
                .ok_or_else(|| StoreError::NotFound { what: "letter", id: from.to_owned() })?;
            let before = match to {
                MoveTo::Before(to, n) => Some(db.page_to_come_before(to, *n)?),
                _ => None,
            };
            let to = match to {
                MoveTo::Letter(to) | MoveTo::Before(to, _) => {
                    if !db.takes_late_page(to)? {
                        db.may_regroup(to)?;
                    }
                    to.clone()
                }
                MoveTo::NewLetter => {
                    let name = db.free_group(load, &group)?;
                    // Its pages were another letter's, and go on or wait with that one.
                    letter_named(&db.connection, load, &name)?.1
                }
            };
            let begins = db.page_ids(&to)?.is_empty();
            let mut moves = Vec::new();
            for page in pages {
                if !begins {
                    db.stand(*page, place_behind(&db.connection, &to)?)?;
                }
                let moved = db.connection.execute(
                    "UPDATE pages SET letter_id = ?3 WHERE id = ?1 AND letter_id = ?2",
                    (page, from, &to),
                )?;
                if moved == 0 {
                    return Err(StoreError::NotFound { what: "page of this letter", id: page.to_string() });
                }
                if let Some(before) = before {
                    db.put_before(&to, &[*page], before)?;
                }
                db.connection.execute(
                    "INSERT INTO page_moves (page_id, from_letter, to_letter, by, reason, at_ms) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
                    (page, from, &to, by, why, clock::now()),
                )?;
                moves.push(db.connection.last_insert_rowid().to_string());
            }
            db.restrict_like(from, &to, (by, why))?;
            db.keep_like(from, &to)?;
            if !is_kept_page {
                db.regrouped(from)?;
            }
            let is_late = db.takes_late_page(&to)?;
            if is_late {
                // Its draft stays as it was registered; the page is told as an amendment.
                db.connection.execute(
                    "UPDATE letters SET last_arrival_ms = ?2, version = version + 1 WHERE id = ?1",
                    (&to, clock::now()),
                )?;
            } else {
                db.regrouped(&to)?;
            }
            if db.page_ids(from)?.is_empty() {
                let of_it = held.iter().filter(is_an_officers);
                of_it.map(|hold| hold.id).try_for_each(|id| db.resolve_hold(id, by, why).map(drop))?;
                if is_late {
                    // That letter is closed: what is open is settled before.
                    db.nothing_open(from, false, "move its last pages into a letter that is handed over")?;
                }
                db.move_valuables(from, &to, by)?;
                // Nothing is left to be read of it.
                db.withdraw(from, why, by)?;
            }
            let mut detail = json!({"pages": pages, "from": from, "to": to, "reason": why});
            for id in &moves {
                vouch::along(&db.connection, &mut detail, (vouch::MOVES, id))?;
            }
            ledger::append(&db.connection, by, "pages.moved", &format!("letter/{from}"), &detail)?;
            ledger::append(&db.connection, by, "pages.received", &format!("letter/{to}"), &detail)?;
            Ok(to)
        })
    }

    /// A letter whose pages may still change: no case system has it, and none is looking at it.
    pub(super) fn may_regroup(&self, letter: &str) -> Result<(), StoreError> {
        let found: Option<(Stage, bool)> = self
            .connection
            .query_row(
                "SELECT stage, withheld IS NOT NULL FROM letters WHERE id = ?1",
                [letter],
                |row| Ok((row.get(0)?, row.get(1)?)),
            )
            .optional()?;
        let refused = |why, state: &str| StoreError::WrongState {
            why,
            what: "letter",
            id: letter.to_owned(),
            state: state.into(),
            action: "change its pages",
        };
        match found {
            None => Err(StoreError::NotFound {
                what: "letter",
                id: letter.to_owned(),
            }),
            Some((_, true)) => Err(refused(Hindrance::Withheld, "withheld")),
            Some((Stage::Registered, _)) => Err(refused(Hindrance::Registered, "registered")),
            Some((Stage::Confirmed, _)) => Err(refused(Hindrance::Confirmed, "confirmed")),
            Some(_) => match self.draft(letter) {
                Ok(draft) if draft.state != DraftState::Open => {
                    Err(refused(Hindrance::WithCaseSystem, "with a case system"))
                }
                Ok(_) | Err(StoreError::NotFound { .. }) => Ok(()),
                Err(error) => Err(error),
            },
        }
    }

    /// Its draft is made anew from the pages it has now.
    pub(super) fn regrouped(&self, letter: &str) -> Result<(), StoreError> {
        self.connection.execute(
            "UPDATE letters SET stage = ?2, last_arrival_ms = ?3, version = version + 1 WHERE id = ?1",
            (letter, Stage::Reading, clock::now()),
        )?;
        // Not to be offered as it is: it stands on other pages.
        self.connection.execute(
            "UPDATE drafts SET ready_ms = NULL WHERE letter_id = ?1 AND state = ?2",
            (letter, DraftState::Open),
        )?;
        Ok(())
    }

    fn free_group(&self, load: i64, group: &str) -> Result<String, StoreError> {
        let mut taken = self.connection.prepare_cached(
            "SELECT 1 FROM letters WHERE group_name = ?2 AND batch_id = (SELECT batch_id FROM loads WHERE id = ?1)",
        )?;
        let mut number = 2;
        loop {
            let name = format!("{group}+{number}");
            if !taken.exists((load, &name))? {
                return Ok(name);
            }
            number += 1;
        }
    }
}
