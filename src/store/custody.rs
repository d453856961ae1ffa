//! The paper: which box a letter lies in and where that stands; out only with a reason and another person's approval, and back again (FK 五(二): letters
//! do not leave the office). A box's list is in the order of SZ 7.5.3: region, then the letter's date, then the order of intake.

use rusqlite::{OptionalExtension, Row};
use serde_json::json;

use super::vouch::{self, BOXED, BOXES, LOANS};
use super::{Db, Hindrance, StoreError};
use crate::clock::{self, Millis};
use crate::domain::keeping::{self, FilingKey, Withheld};
use crate::domain::letter::Stage;

/// A box.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BoxRow {
    /// Number.
    pub id: i64,
    /// What is written on it.
    pub name: String,
    /// Where it stands.
    pub location: String,
    /// Letters in it.
    pub letters: u32,
    /// Nothing is put in any more since then.
    pub sealed: Option<Millis>,
}

/// A letter in its box.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BoxedLetter {
    /// From 1.
    pub position: u32,
    /// Its number.
    pub letter: String,
    /// Code of the division; empty where unknown.
    pub division: String,
    /// The letter's date; empty where unknown.
    pub dated: String,
    /// It is lent out just now.
    pub is_out: bool,
}

/// A letter's paper on its way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LoanRow {
    /// Number.
    pub id: i64,
    /// The letter.
    pub letter: String,
    /// Who wants it.
    pub asked_by: String,
    /// Why.
    pub reason: String,
    /// Since when.
    pub asked: Millis,
    /// Who let it go.
    pub approved_by: Option<String>,
    /// Who brought it back.
    pub back_by: Option<String>,
}

const BOX: &str = "SELECT b.id, b.name, b.location, (SELECT count(*) FROM boxed_letters l WHERE l.box_id = b.id), b.sealed_ms FROM boxes b";
const LOAN: &str =
    "SELECT id, letter_id, asked_by, reason, asked_ms, approved_by, back_by FROM loans";

fn a_box(row: &Row<'_>) -> rusqlite::Result<BoxRow> {
    Ok(BoxRow {
        id: row.get(0)?,
        name: row.get(1)?,
        location: row.get(2)?,
        letters: row.get(3)?,
        sealed: row.get(4)?,
    })
}

fn loan(row: &Row<'_>) -> rusqlite::Result<LoanRow> {
    Ok(LoanRow {
        id: row.get(0)?,
        letter: row.get(1)?,
        asked_by: row.get(2)?,
        reason: row.get(3)?,
        asked: row.get(4)?,
        approved_by: row.get(5)?,
        back_by: row.get(6)?,
    })
}

fn refused(
    why: Hindrance,
    what: &'static str,
    id: &str,
    state: impl Into<String>,
    action: &'static str,
) -> StoreError {
    StoreError::WrongState {
        why,
        what,
        id: id.to_owned(),
        state: state.into(),
        action,
    }
}

impl Db {
    /// Every box, newest first.
    ///
    /// # Errors
    /// When SQLite refuses.
    pub fn boxes(&self) -> Result<Vec<BoxRow>, StoreError> {
        let mut query = self
            .connection
            .prepare_cached(&format!("{BOX} ORDER BY b.id DESC"))?;
        let rows = query.query_map([], a_box)?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// One box.
    ///
    /// # Errors
    /// [`StoreError::NotFound`].
    pub fn a_box(&self, id: i64) -> Result<BoxRow, StoreError> {
        self.connection
            .query_row(&format!("{BOX} WHERE b.id = ?1"), [id], a_box)
            .optional()?
            .ok_or_else(|| StoreError::NotFound {
                what: "box",
                id: id.to_string(),
            })
    }

    /// A new box.
    ///
    /// # Errors
    /// [`StoreError::WrongState`] when there is one of that name.
    pub fn make_box(&mut self, name: &str, location: &str, by: &str) -> Result<i64, StoreError> {
        self.atomically(|db| {
            let there: bool = db.connection.query_row(
                "SELECT EXISTS (SELECT 1 FROM boxes WHERE name = ?1)",
                [name],
                |row| row.get(0),
            )?;
            if there {
                return Err(refused(
                    Hindrance::NameTaken,
                    "box",
                    name,
                    "there already",
                    "make the box",
                ));
            }
            db.connection.execute(
                "INSERT INTO boxes (name, location, made_by, made_ms) VALUES (?1, ?2, ?3, ?4)",
                (name, location, by, clock::now()),
            )?;
            let id = db.connection.last_insert_rowid();
            db.box_changed((by, "box.made"), id, json!({}))?;
            Ok(id)
        })
    }

    fn box_changed(
        &self,
        act: (&str, &str),
        id: i64,
        detail: serde_json::Value,
    ) -> Result<(), StoreError> {
        vouch::append(&self.connection, act, (BOXES, &id.to_string()), detail)
    }

    /// Moves a box.
    ///
    /// # Errors
    /// [`StoreError::NotFound`].
    pub fn move_box(&mut self, id: i64, location: &str, by: &str) -> Result<(), StoreError> {
        self.atomically(|db| {
            db.a_box(id)?;
            db.connection.execute(
                "UPDATE boxes SET location = ?2 WHERE id = ?1",
                (id, location),
            )?;
            db.box_changed((by, "box.moved"), id, json!({}))
        })
    }

    /// Closes a box: what lies in it keeps its position.
    ///
    /// # Errors
    /// [`StoreError::WrongState`] when it is closed already.
    pub fn seal_box(&mut self, id: i64, by: &str) -> Result<(), StoreError> {
        self.atomically(|db| {
            if db.a_box(id)?.sealed.is_some() {
                return Err(refused(
                    Hindrance::Decided,
                    "box",
                    &id.to_string(),
                    "closed already",
                    "close the box",
                ));
            }
            db.connection.execute(
                "UPDATE boxes SET sealed_ms = ?2 WHERE id = ?1",
                (id, clock::now()),
            )?;
            db.box_changed((by, "box.sealed"), id, json!({}))
        })
    }

    /// Puts a letter's paper into a box; from another box it moves.
    ///
    /// # Errors
    /// [`StoreError::WrongState`] before it is confirmed, while something of it is open or lent out, and into a closed box.
    pub fn put_into_box(&mut self, letter: &str, box_id: i64, by: &str) -> Result<(), StoreError> {
        const ACTION: &str = "put the letter into a box";
        self.atomically(|db| {
            let stage = db.letter_row(letter)?.stage;
            if let Some(held) = db.withholding(letter)?.filter(|held| held.kind != Withheld::Withdrawn) {
                return Err(refused(Hindrance::Withheld, "letter", letter, held.kind.told(), ACTION));
            }
            if !matches!(stage, Stage::Confirmed | Stage::Registered) {
                return Err(refused(Hindrance::NotConfirmed, "letter", letter, "not confirmed", ACTION));
            }
            db.nothing_open(letter, false, ACTION)?;
            if db.is_lent(letter)? {
                return Err(refused(Hindrance::Lent, "letter", letter, "lent out", ACTION));
            }
            if db.a_box(box_id)?.sealed.is_some() {
                return Err(refused(Hindrance::Closed, "box", &box_id.to_string(), "closed", "put a letter into the box"));
            }
            let FilingKey { division, dated } = keeping::filing_key(&db.draft(letter)?.draft.fields);
            db.connection.execute(
                "INSERT INTO boxed_letters (letter_id, box_id, division, dated, put_by, put_ms) VALUES (?1, ?2, ?3, ?4, ?5, ?6)
                 ON CONFLICT (letter_id) DO UPDATE SET box_id = ?2, division = ?3, dated = ?4, put_by = ?5, put_ms = ?6",
                (letter, box_id, division, dated, by, clock::now()),
            )?;
            vouch::append(&db.connection, (by, "paper.boxed"), (BOXED, letter), json!({"box": box_id}))
        })
    }

    /// What lies in a box, in order.
    ///
    /// # Errors
    /// When SQLite refuses.
    pub fn box_list(&self, id: i64) -> Result<Vec<BoxedLetter>, StoreError> {
        // What is unknown comes last, where somebody looks for it.
        let mut query = self.connection.prepare_cached(
            "SELECT b.letter_id, b.division, b.dated, EXISTS (SELECT 1 FROM loans n WHERE n.letter_id = b.letter_id AND
             n.approved_ms IS NOT NULL AND n.back_ms IS NULL) FROM boxed_letters b JOIN letters l ON l.id = b.letter_id
             WHERE b.box_id = ?1 ORDER BY b.division = '', b.division, b.dated = '', b.dated, l.created_ms, l.id",
        )?;
        let mut position = 0;
        let rows = query.query_map([id], |row| {
            position += 1;
            Ok(BoxedLetter {
                position,
                letter: row.get(0)?,
                division: row.get(1)?,
                dated: row.get(2)?,
                is_out: row.get(3)?,
            })
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// Where a letter's paper lies: its box and its position there.
    ///
    /// # Errors
    /// When SQLite refuses.
    pub fn place_of(&self, letter: &str) -> Result<Option<(BoxRow, u32)>, StoreError> {
        let id: Option<i64> = self
            .connection
            .query_row(
                "SELECT box_id FROM boxed_letters WHERE letter_id = ?1",
                [letter],
                |row| row.get(0),
            )
            .optional()?;
        let Some(id) = id else {
            return Ok(None);
        };
        let position = self
            .box_list(id)?
            .into_iter()
            .find(|boxed| boxed.letter == letter)
            .map_or(0, |boxed| boxed.position);
        Ok(Some((self.a_box(id)?, position)))
    }

    pub(super) fn is_lent(&self, letter: &str) -> Result<bool, StoreError> {
        Ok(self.connection.query_row(
            "SELECT EXISTS (SELECT 1 FROM loans WHERE letter_id = ?1 AND approved_ms IS NOT NULL AND back_ms IS NULL)",
            [letter],
            |row| row.get(0),
        )?)
    }

    /// Asks for a letter's paper.
    ///
    /// # Errors
    /// [`StoreError::WrongState`] when it lies in no box, or is asked for or out already.
    pub fn ask_for_paper(
        &mut self,
        letter: &str,
        reason: &str,
        by: &str,
    ) -> Result<i64, StoreError> {
        const ACTION: &str = "lend the letter";
        self.atomically(|db| {
            db.letter_row(letter)?;
            db.let_sign_first(by, ACTION)?;
            if db.place_of(letter)?.is_none() {
                return Err(refused(
                    Hindrance::NotInBox,
                    "letter",
                    letter,
                    "in no box",
                    ACTION,
                ));
            }
            let pending: bool = db.connection.query_row(
                "SELECT EXISTS (SELECT 1 FROM loans WHERE letter_id = ?1 AND back_ms IS NULL)",
                [letter],
                |row| row.get(0),
            )?;
            if pending {
                return Err(refused(
                    Hindrance::Lent,
                    "letter",
                    letter,
                    "asked for or out already",
                    ACTION,
                ));
            }
            db.connection.execute(
                "INSERT INTO loans (letter_id, asked_by, reason, asked_ms) VALUES (?1, ?2, ?3, ?4)",
                (letter, by, reason, clock::now()),
            )?;
            let id = db.connection.last_insert_rowid();
            db.loan_changed((by, "paper.asked_for"), id, letter)?;
            Ok(id)
        })
    }

    fn loan_changed(&self, act: (&str, &str), id: i64, letter: &str) -> Result<(), StoreError> {
        let detail = json!({"letter": letter});
        vouch::append(&self.connection, act, (LOANS, &id.to_string()), detail)
    }

    /// One loan.
    ///
    /// # Errors
    /// [`StoreError::NotFound`].
    pub fn loan(&self, id: i64) -> Result<LoanRow, StoreError> {
        self.connection
            .query_row(&format!("{LOAN} WHERE id = ?1"), [id], loan)
            .optional()?
            .ok_or_else(|| StoreError::NotFound {
                what: "loan",
                id: id.to_string(),
            })
    }

    /// Loans that are not back yet, and all of one letter.
    ///
    /// # Errors
    /// When SQLite refuses.
    pub fn loans(&self, letter: Option<&str>) -> Result<Vec<LoanRow>, StoreError> {
        let mut query = self.connection.prepare_cached(&format!(
            "{LOAN} WHERE CASE WHEN ?1 IS NULL THEN back_ms IS NULL ELSE letter_id = ?1 END ORDER BY id"
        ))?;
        let rows = query.query_map([letter], loan)?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// Another person lets the paper go.
    ///
    /// # Errors
    /// [`StoreError::WrongState`] for the person who asked, and when it is out or back already.
    pub fn approve_loan(&mut self, id: i64, by: &str) -> Result<(), StoreError> {
        self.atomically(|db| {
            let found = db.loan(id)?;
            let number = id.to_string();
            if found.approved_by.is_some() || found.back_by.is_some() {
                return Err(refused(
                    Hindrance::Decided,
                    "loan",
                    &number,
                    "decided already",
                    "approve the loan",
                ));
            }
            if let Some(hand) = db.one_hand(&found.asked_by, by)? {
                return Err(refused(
                    hand.why(),
                    "loan",
                    &number,
                    hand.state("asked for by"),
                    "approve",
                ));
            }
            db.connection.execute(
                "UPDATE loans SET approved_by = ?2, approved_ms = ?3 WHERE id = ?1",
                (id, by, clock::now()),
            )?;
            db.loan_changed((by, "paper.out"), id, &found.letter)
        })
    }

    /// The paper is back in its place; or the wish is given up.
    ///
    /// # Errors
    /// [`StoreError::WrongState`] when it is back already.
    pub fn bring_back(&mut self, id: i64, by: &str) -> Result<(), StoreError> {
        self.atomically(|db| {
            let found = db.loan(id)?;
            if found.back_by.is_some() {
                return Err(refused(
                    Hindrance::Decided,
                    "loan",
                    &id.to_string(),
                    "back already",
                    "bring back",
                ));
            }
            db.connection.execute(
                "UPDATE loans SET back_by = ?2, back_ms = ?3 WHERE id = ?1",
                (id, by, clock::now()),
            )?;
            db.loan_changed((by, "paper.back"), id, &found.letter)
        })
    }
}
