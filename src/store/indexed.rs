//! Letters as a list of pages says: all its pages and the list itself in one transaction, or nothing.

use rusqlite::OptionalExtension;
use serde_json::json;

use super::grouping::{NewHold, hold_once};
use super::held::is_unread;
use super::letters::{ACTOR, subject};
use super::lies::gate_of;
use super::{Arrival, Db, Hindrance, News, StoreError, TakePage, Taken, ledger};
use crate::domain::grouping::GroupBy;
use crate::domain::intake::{ArrivalState, Gate, reason};
use crate::domain::letter::Stage;

/// So many of the pages that a list waits for are named.
const NAMED: usize = 8;

/// What became of a list and its pages.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Indexed {
    /// They belong to these letters now, each named once.
    Letters(Vec<String>),
    /// The gate is shut for one of them; nothing was written.
    NotNow(Gate),
    /// Why some of them are to be held, in their order; nothing was written. The others are held with them, and have no reason of their own.
    Held(Vec<Option<&'static str>>),
}

impl Db {
    /// Takes the pages of a list in their order, and the list as a file without pages. What an earlier run took stays as it is.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] for an unknown arrival.
    pub fn take_indexed(&mut self, files: &[TakePage]) -> Result<Indexed, StoreError> {
        self.atomically(|db| {
            let mut held = Vec::new();
            for file in files {
                match db.gate_for(file)? {
                    Gate::Enter { load } => held.push(db.held_for(file, load)?),
                    shut => return Ok(Indexed::NotNow(shut)),
                }
            }
            if held.iter().any(Option::is_some) {
                return Ok(Indexed::Held(held));
            }
            let mut letters = Vec::new();
            for file in files {
                match db.take_named(file)? {
                    Taken::Letter { letter, .. } if !letters.contains(&letter) => {
                        letters.push(letter);
                    }
                    Taken::Letter { .. } | Taken::Already => {}
                    Taken::NotNow(_)
                    | Taken::NotYet
                    | Taken::Late
                    | Taken::Unread
                    | Taken::LetterClosed { .. } => {
                        // Asked above, inside the same transaction.
                        return Err(StoreError::WrongState {
                            why: Hindrance::Over,
                            what: "arrival",
                            id: file.arrival.clone(),
                            state: "refused".into(),
                            action: "take by a list",
                        });
                    }
                }
            }
            if let Some(list) = files.last() {
                db.list_waits_no_more(&list.arrival, "its pages came")?;
            }
            Ok(Indexed::Letters(letters))
        })
    }

    /// Notes which pages a list waits for, each time that they are others.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] for an unknown arrival.
    pub fn list_waits(&mut self, id: &str, awaited: &[String]) -> Result<(), StoreError> {
        let found = self.arrival(id)?;
        if found.state != ArrivalState::Waiting || self.waits_for(id)? == named(awaited) {
            return Ok(());
        }
        self.atomically(|db| {
            db.connection.execute(
                "UPDATE arrivals SET reason = ?2 WHERE id = ?1",
                (id, reason::INDEX_PAGE_MISSING),
            )?;
            let detail = json!({"reason": reason::INDEX_PAGE_MISSING, "waits_for": named(awaited), "pages": awaited.len()});
            ledger::append(&db.connection, ACTOR, "page.waits", &subject(id), &detail)
        })
    }

    /// The pages that a list waits for, or was held for, as last noted.
    ///
    /// # Errors
    /// When SQLite refuses.
    pub fn waits_for(&self, id: &str) -> Result<Vec<String>, StoreError> {
        let found: Option<Option<String>> = self
            .connection
            .prepare_cached(
                "SELECT json_extract(detail, '$.waits_for') FROM ledger WHERE subject = ?1 AND action = 'page.waits' ORDER BY seq DESC LIMIT 1",
            )?
            .query_row([subject(id)], |row| row.get(0))
            .optional()?;
        let names = found.flatten().map(|names| serde_json::from_str(&names));
        Ok(names.transpose().ok().flatten().unwrap_or_default())
    }

    /// The pages of a list do not come: its batch cannot be closed before somebody looked, or they are there.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] for an unknown arrival.
    pub fn list_is_late(&mut self, id: &str, awaited: &[String]) -> Result<News, StoreError> {
        let found = self.arrival(id)?;
        let Gate::Enter { load } = gate_of(&self.connection, &found, GroupBy::Index)? else {
            return Ok(News::Known);
        };
        let batch: i64 = self.connection.query_row(
            "SELECT batch_id FROM loads WHERE id = ?1",
            [load],
            |row| row.get(0),
        )?;
        let detail = format!("{}: {}", found.name, named(awaited).join(", "));
        let told = self
            .connection
            .prepare_cached(
                "SELECT 1 FROM holds WHERE batch_id = ?1 AND reason = ?2 AND detail = ?3",
            )?
            .exists((batch, reason::INDEX_PAGE_MISSING, &detail))?;
        if told {
            return Ok(News::Known);
        }
        self.atomically(|db| {
            db.list_waits_no_more(id, "it waits for other pages now")?;
            let new = NewHold {
                batch,
                letter: None,
                scan: None,
                reason: reason::INDEX_PAGE_MISSING,
                detail: Some(detail),
            };
            hold_once(&db.connection, &new)
        })
    }

    /// Answers what was found because of a list that waited.
    pub(super) fn list_waits_no_more(&mut self, id: &str, why: &str) -> Result<(), StoreError> {
        let Arrival { name, .. } = self.arrival(id)?;
        let open: Vec<i64> = self
            .connection
            .prepare_cached(
                "SELECT id FROM holds WHERE reason = ?1 AND resolved_ms IS NULL AND substr(detail, 1, length(?2)) = ?2",
            )?
            .query_map((reason::INDEX_PAGE_MISSING, format!("{name}: ")), |row| row.get(0))?
            .collect::<Result<_, _>>()?;
        open.into_iter()
            .try_for_each(|hold| self.settle_hold(hold, ACTOR, why).map(drop))
    }

    fn gate_for(&self, file: &TakePage) -> Result<Gate, StoreError> {
        let found = self.arrival(&file.arrival)?;
        gate_of(&self.connection, &found, GroupBy::Index)
    }

    /// Why a file is to be held: its letter takes no more pages, or its bytes are a page's of a letter returned unread.
    fn held_for(&self, file: &TakePage, load: i64) -> Result<Option<&'static str>, StoreError> {
        let mut query = self.connection.prepare_cached(
            "SELECT id, stage, withheld IS NOT NULL FROM letters WHERE group_name = ?2 AND batch_id = (SELECT batch_id FROM loads WHERE id = ?1)",
        )?;
        let letter: Option<(String, Stage, bool)> = query
            .query_row((load, &file.group), |row| {
                Ok((row.get(0)?, row.get(1)?, row.get(2)?))
            })
            .optional()?;
        if let Some((letter, stage, withheld)) = letter
            && (withheld || matches!(stage, Stage::Confirmed | Stage::Registered))
        {
            return self.why_closed(&letter).map(Some);
        }
        let is_page = !file.frames.is_empty();
        let is_unread = is_page && is_unread(&self.connection, &file.original.sha256)?;
        Ok(is_unread.then_some(reason::BYTES_RETURNED_UNREAD))
    }
}

/// The first of the awaited pages, and how many there are besides.
fn named(awaited: &[String]) -> Vec<String> {
    let mut names: Vec<String> = awaited.iter().take(NAMED).cloned().collect();
    if awaited.len() > NAMED {
        names.push(format!("+{}", awaited.len() - NAMED));
    }
    names
}
