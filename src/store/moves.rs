//! Pages that a person puts into another letter, or into a new one: a letter is split, two are merged. What was found of a letter goes along, or is answered
//! by it; nothing is deleted.

use rusqlite::OptionalExtension;
use serde_json::json;

use super::grouping::{NewHold, hold_once};
use super::letters::letter_named;
use super::places::place_behind;
use super::{Db, DraftState, Hindrance, Hold, StoreError, ledger, unreleased, vouch};
use crate::clock;
use crate::domain::access::{Action, Seer, may};
use crate::domain::grouping::hold;
use crate::domain::letter::Stage;

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
    /// Puts pages of one letter into another, into a new one, or before another page of their own; drafts are made anew. Returns the letter they are in now.
    /// Of a sheet that was scanned anew the old image goes with the new one, or stays with it.
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
            // Only its number speaks against it, and this officer says which letter the sheets belong to; anything else is said first.
            let is_number_alone =
                |hold: &Hold| !matches!(to, MoveTo::NewLetter) && unreleased::is_number_alone(hold);
            if held.iter().any(|hold| hold::is_for_an_officer(&hold.reason) && !is_number_alone(hold)) {
                return Err(held_for_an_officer(from));
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
            let pages = &db.with_replacements(from, pages)?;
            if !is_kept_page {
                db.stand_again(from, pages, by)?;
            }
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
            let is_emptied = db.page_ids(from)?.is_empty();
            if !is_kept_page && !is_emptied {
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
            if is_late && !is_emptied && held.iter().any(|hold| hold::is_for_an_officer(&hold.reason)) {
                return Err(held_for_an_officer(from));
            }
            match is_emptied {
                true => db.findings_of_emptied(&held, (!is_late).then_some(&to), (by, why))?,
                false => db.ask_there_too(&held, (from, &to))?,
            }
            if is_emptied {
                if is_late {
                    // That letter is closed: what is open is settled before.
                    db.nothing_open(from, false, "move its last pages into a letter that is handed over")?;
                }
                db.move_valuables(from, &to, by)?;
                db.alerts_follow(from, &to, by)?;
                // Nothing is left to be read of it.
                db.put_away(from, why, by)?;
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

    /// The letter that has this page now.
    ///
    /// # Errors
    /// When SQLite refuses, or there is no such page.
    pub fn letter_of_page(&self, page: i64) -> Result<String, StoreError> {
        let mut query = self
            .connection
            .prepare_cached("SELECT letter_id FROM pages WHERE id = ?1")?;
        Ok(query.query_row([page], |row| row.get(0))?)
    }

    /// Refuses whoever may not answer what an officer is asked of this letter: where its pages belong is part of that answer.
    ///
    /// # Errors
    /// [`StoreError::WrongState`].
    pub fn let_move_from(&self, seer: &Seer, letter: &str) -> Result<(), StoreError> {
        let is_officer = may(seer.holder, Action::DecideAccess);
        let mut held = self.holds_of(letter)?.into_iter();
        match !is_officer && held.any(|hold| hold::is_for_an_officer(&hold.reason)) {
            true => Err(held_for_an_officer(letter)),
            false => Ok(()),
        }
    }

    /// Findings of a letter whose last page went into another one: what the move answers is answered, the rest is asked of that one. What is asked of a file
    /// stays until that is decided about, and everything else where the other letter is closed.
    fn findings_of_emptied(
        &mut self,
        held: &[Hold],
        to: Option<&String>,
        (by, why): (&str, &str),
    ) -> Result<(), StoreError> {
        for found in held {
            let is_answered = hold::is_answered_by_moving(&found.reason);
            if self.undecided_file_of(found)?.is_some() || to.is_none() && !is_answered {
                continue;
            }
            self.settle_hold(found.id, by, why)?;
            if let Some(to) = to.filter(|_| !is_answered) {
                self.ask_of(found, to, found.detail.clone())?;
            }
        }
        Ok(())
    }

    /// Pages of a letter that waits for an officer went into another one: that waits for him, too.
    fn ask_there_too(&self, held: &[Hold], (from, to): (&str, &str)) -> Result<(), StoreError> {
        let mut of_officers = held
            .iter()
            .filter(|found| hold::is_for_an_officer(&found.reason));
        // It is more than a number now that speaks against that letter: which one its pages were in.
        of_officers.try_for_each(|found| self.ask_of(found, to, Some(from.to_owned())))
    }

    fn ask_of(&self, found: &Hold, letter: &str, detail: Option<String>) -> Result<(), StoreError> {
        let new = NewHold {
            batch: found.batch,
            letter: Some(letter.to_owned()),
            scan: found.scan,
            reason: &found.reason,
            detail,
        };
        hold_once(&self.connection, &new).map(drop)
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

    /// A draft that comes back, and to which pages came while it was out, is made anew with them: nobody is offered, and nobody confirms, what does not know them.
    /// Whether it is.
    pub(super) fn draft_anew_if_outdated(&self, letter: &str) -> Result<bool, StoreError> {
        let mut query = self.connection.prepare_cached(
            "SELECT 1 FROM drafts d WHERE d.letter_id = ?1
             AND (SELECT count(*) FROM pages p WHERE p.letter_id = ?1) > json_array_length(d.body, '$.pages')",
        )?;
        let is_outdated = query.exists([letter])?;
        if is_outdated {
            self.regrouped(letter)?;
        }
        Ok(is_outdated)
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

fn held_for_an_officer(letter: &str) -> StoreError {
    StoreError::WrongState {
        why: Hindrance::Held,
        what: "letter",
        id: letter.to_owned(),
        state: "held for an officer, who first says what was found".into(),
        action: "move pages",
    }
}
