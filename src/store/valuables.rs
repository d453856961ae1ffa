//! Things enclosed in a letter: listed by one person and seen by another, given back the same way. A letter with an open item is closed in no way: not
//! confirmed, handed over, returned unread, withdrawn, put into its box or destroyed. Where its last pages go into another letter, the things go along.
//!
//! ```text
//! listed ── another person saw it ──→ witnessed ── given back ──→ returned ── another person saw it ──→ closed
//!    └── struck out by another person, with a reason, and not by the witness ──→ closed
//! ```

use rusqlite::{OptionalExtension, Row};
use serde_json::json;

use super::vouch::{self, VALUABLES};
use super::{Db, Hindrance, StoreError};
use crate::clock::{self, Millis};
use crate::domain::keeping::{ReturnWay, ValuableKind};

/// A thing to be listed.
#[derive(Debug, Clone)]
pub struct NewValuable {
    /// What it is.
    pub kind: ValuableKind,
    /// As written: 500 元, 2 件.
    pub amount: Option<String>,
    /// Number of the note, card or order.
    pub serial: Option<String>,
}

/// How it was given back.
#[derive(Debug, Clone)]
pub struct NewReturn {
    /// How.
    pub how: ReturnWay,
    /// To whom.
    pub to: String,
    /// Number of the receipt.
    pub receipt_no: String,
    /// The day, `YYYY-MM-DD`.
    pub on: String,
}

/// A thing as recorded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ValuableRow {
    /// Number.
    pub id: i64,
    /// Its letter.
    pub letter: String,
    /// What it is.
    pub kind: ValuableKind,
    /// As written.
    pub amount: Option<String>,
    /// Its number.
    pub serial: Option<String>,
    /// Who listed it, and when.
    pub listed: (String, Millis),
    /// The second person, and when.
    pub witnessed: Option<(String, Millis)>,
    /// How it went back: how, to whom, receipt, day.
    pub returned: Option<(ReturnWay, String, String, String)>,
    /// Who gave it back, and when that was recorded.
    pub returned_by: Option<(String, Millis)>,
    /// The second person, and when.
    pub return_witnessed: Option<(String, Millis)>,
    /// Struck out: by whom, why.
    pub struck: Option<(String, String)>,
}

impl ValuableRow {
    /// Nothing is left to be done.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.struck.is_some()
            || self.return_witnessed.is_some()
            || (self.kind == ValuableKind::NothingFound && self.witnessed.is_some())
    }
}

/// A row `v` with which something is left to be done, as [`ValuableRow::is_closed`] has it.
macro_rules! open_valuable {
    () => {
        "v.struck_ms IS NULL AND v.return_witnessed_ms IS NULL AND NOT (v.kind = 'nothing_found' AND v.witnessed_ms IS NOT NULL)"
    };
}
pub(super) use open_valuable;

const SELECT: &str = "SELECT id, letter_id, kind, amount, serial, listed_by, listed_ms, witnessed_by, witnessed_ms, returned_how, returned_to,
    receipt_no, returned_on, returned_by, returned_ms, return_witness, return_witnessed_ms, struck_by, struck_reason FROM valuables";

fn valuable(row: &Row<'_>) -> rusqlite::Result<ValuableRow> {
    let pair = |at: usize| -> rusqlite::Result<Option<(String, Millis)>> {
        let both: (Option<String>, Option<Millis>) = (row.get(at)?, row.get(at + 1)?);
        Ok(both.0.zip(both.1))
    };
    let how: Option<ReturnWay> = row.get(9)?;
    let text = |at: usize| {
        row.get::<_, Option<String>>(at)
            .map(Option::unwrap_or_default)
    };
    Ok(ValuableRow {
        id: row.get(0)?,
        letter: row.get(1)?,
        kind: row.get(2)?,
        amount: row.get(3)?,
        serial: row.get(4)?,
        listed: (row.get(5)?, row.get(6)?),
        witnessed: pair(7)?,
        returned: match how {
            Some(how) => Some((how, text(10)?, text(11)?, text(12)?)),
            None => None,
        },
        returned_by: pair(13)?,
        return_witnessed: pair(15)?,
        struck: {
            let both: (Option<String>, Option<String>) = (row.get(17)?, row.get(18)?);
            both.0.zip(both.1)
        },
    })
}

fn refused(why: Hindrance, id: i64, state: &str, action: &'static str) -> StoreError {
    StoreError::WrongState {
        why,
        what: "valuable",
        id: id.to_string(),
        state: state.to_owned(),
        action,
    }
}

impl Db {
    /// What was found in a letter.
    ///
    /// # Errors
    /// When SQLite refuses.
    pub fn valuables_of(&self, letter: &str) -> Result<Vec<ValuableRow>, StoreError> {
        let mut query = self
            .connection
            .prepare_cached(&format!("{SELECT} WHERE letter_id = ?1 ORDER BY id"))?;
        let rows = query.query_map([letter], valuable)?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// One thing.
    ///
    /// # Errors
    /// [`StoreError::NotFound`].
    pub fn valuable(&self, id: i64) -> Result<ValuableRow, StoreError> {
        self.connection
            .query_row(&format!("{SELECT} WHERE id = ?1"), [id], valuable)
            .optional()?
            .ok_or_else(|| StoreError::NotFound {
                what: "valuable",
                id: id.to_string(),
            })
    }

    /// Letters with things that are not closed yet, the longest waiting first.
    ///
    /// # Errors
    /// When SQLite refuses.
    pub fn letters_with_open_valuables(&self) -> Result<Vec<(String, u32, Millis)>, StoreError> {
        let mut query = self.connection.prepare_cached(concat!(
            "SELECT v.letter_id, count(*), min(v.listed_ms) FROM valuables v WHERE ",
            open_valuable!(),
            " GROUP BY v.letter_id ORDER BY 3"
        ))?;
        let rows = query.query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// Letters of a batch with things that only one person has seen, and with things that two have seen and that are not given back.
    pub(super) fn open_valuables_of_batch(&self, batch: i64) -> Result<(i64, i64), StoreError> {
        self.count_open_valuables(batch, None)
    }

    /// The same of the letters that are kept from somebody.
    pub(super) fn open_valuables_kept_from(
        &self,
        looks: &str,
        batch: i64,
    ) -> Result<(i64, i64), StoreError> {
        self.count_open_valuables(batch, Some(looks))
    }

    fn count_open_valuables(
        &self,
        batch: i64,
        looks: Option<&str>,
    ) -> Result<(i64, i64), StoreError> {
        let mut query = self.connection.prepare_cached(concat!(
            "SELECT count(DISTINCT v.letter_id) FILTER (WHERE v.witnessed_ms IS NULL), count(DISTINCT v.letter_id) FILTER (WHERE v.witnessed_ms IS NOT NULL)
             FROM valuables v JOIN letters l ON l.id = v.letter_id WHERE l.batch_id = ?1
             AND (?2 IS NULL OR l.id IN (SELECT letter_id FROM recusals WHERE user = ?2 AND lifted_ms IS NULL)) AND ",
            open_valuable!()
        ))?;
        Ok(query.query_row((batch, looks), |row| Ok((row.get(0)?, row.get(1)?)))?)
    }

    /// The pages of a letter are another one's now: what lay in it goes along, each thing with the names that stand on it.
    pub(super) fn move_valuables(&self, from: &str, to: &str, by: &str) -> Result<(), StoreError> {
        for item in self.valuables_of(from)? {
            self.connection.execute(
                "UPDATE valuables SET letter_id = ?2 WHERE id = ?1",
                (item.id, to),
            )?;
            let (id, detail) = (item.id.to_string(), json!({"letter": to, "from": from}));
            let what = (by, "valuable.moved");
            vouch::append(&self.connection, what, (VALUABLES, &id), detail)?;
        }
        Ok(())
    }

    /// Lists a thing.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] without the letter.
    pub fn list_valuable(
        &mut self,
        letter: &str,
        new: &NewValuable,
        by: &str,
    ) -> Result<i64, StoreError> {
        self.atomically(|db| {
            db.letter_row(letter)?;
            db.let_sign_first(by, "list what was enclosed")?;
            db.connection.execute(
                "INSERT INTO valuables (letter_id, kind, amount, serial, listed_by, listed_ms) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
                (letter, new.kind, &new.amount, &new.serial, by, clock::now()),
            )?;
            let id = db.connection.last_insert_rowid();
            db.vouched(by, "valuable.listed", id)?;
            Ok(id)
        })
    }

    fn vouched(&self, by: &str, action: &str, id: i64) -> Result<(), StoreError> {
        let letter = self.valuable(id)?.letter;
        self.connection.execute(
            "UPDATE letters SET version = version + 1 WHERE id = ?1",
            [&letter],
        )?;
        let detail = json!({"letter": letter});
        vouch::append(
            &self.connection,
            (by, action),
            (VALUABLES, &id.to_string()),
            detail,
        )
    }

    /// The second person saw it: never one alone (5.3.1).
    ///
    /// # Errors
    /// [`StoreError::WrongState`] for the person who listed it, and when it was seen already.
    pub fn witness_valuable(&mut self, id: i64, by: &str) -> Result<(), StoreError> {
        self.atomically(|db| {
            let found = db.valuable(id)?;
            if found.is_closed() || found.witnessed.is_some() {
                return Err(refused(
                    Hindrance::Decided,
                    id,
                    "witnessed or closed already",
                    "witness",
                ));
            }
            if let Some(hand) = db.one_hand(&found.listed.0, by)? {
                return Err(refused(hand.why(), id, &hand.state("listed by"), "witness"));
            }
            db.connection.execute(
                "UPDATE valuables SET witnessed_by = ?2, witnessed_ms = ?3 WHERE id = ?1",
                (id, by, clock::now()),
            )?;
            db.vouched(by, "valuable.witnessed", id)
        })
    }

    /// Records that it was given back.
    ///
    /// # Errors
    /// [`StoreError::WrongState`] before a second person saw it, for a day before its letter came, and when it is closed or given back already.
    pub fn return_valuable(
        &mut self,
        id: i64,
        back: &NewReturn,
        by: &str,
    ) -> Result<(), StoreError> {
        self.atomically(|db| {
            let found = db.valuable(id)?;
            db.let_sign_first(by, "return what was enclosed")?;
            if found.is_closed() || found.returned.is_some() || found.kind == ValuableKind::NothingFound {
                return Err(refused(Hindrance::Decided, id, "returned or closed already", "return"));
            }
            if found.witnessed.is_none() {
                return Err(refused(Hindrance::ValuablesOpen, id, "not yet seen by a second person", "return"));
            }
            let (batch, _) = db.letter_origin(&found.letter)?;
            let came = batch.received.day();
            if back.on < came {
                return Err(refused(Hindrance::TooEarly, id, &format!("here since {came} only"), "return it before"));
            }
            db.connection.execute(
                "UPDATE valuables SET returned_how = ?2, returned_to = ?3, receipt_no = ?4, returned_on = ?5, returned_by = ?6,
                 returned_ms = ?7 WHERE id = ?1",
                (id, back.how, &back.to, &back.receipt_no, &back.on, by, clock::now()),
            )?;
            db.vouched(by, "valuable.returned", id)
        })
    }

    /// The second person saw it given back; it is closed.
    ///
    /// # Errors
    /// [`StoreError::WrongState`] for the person who gave it back, and before that.
    pub fn witness_return(&mut self, id: i64, by: &str) -> Result<(), StoreError> {
        self.atomically(|db| {
            let found = db.valuable(id)?;
            let Some((giver, _)) = &found.returned_by else {
                return Err(refused(
                    Hindrance::ValuablesOpen,
                    id,
                    "not yet given back",
                    "witness the return of it",
                ));
            };
            if found.return_witnessed.is_some() {
                return Err(refused(
                    Hindrance::Decided,
                    id,
                    "closed already",
                    "witness the return of it",
                ));
            }
            if let Some(hand) = db.one_hand(giver, by)? {
                return Err(refused(
                    hand.why(),
                    id,
                    &hand.state("given back by"),
                    "witness the return of it",
                ));
            }
            db.connection.execute(
                "UPDATE valuables SET return_witness = ?2, return_witnessed_ms = ?3 WHERE id = ?1",
                (id, by, clock::now()),
            )?;
            db.vouched(by, "valuable.return_witnessed", id)
        })
    }

    /// Strikes out what was listed by mistake. The entry stays to be read.
    ///
    /// # Errors
    /// [`StoreError::WrongState`] for the person who listed it, for whoever signed that he saw it, and once it was given back.
    pub fn strike_valuable(&mut self, id: i64, reason: &str, by: &str) -> Result<(), StoreError> {
        self.atomically(|db| {
            let found = db.valuable(id)?;
            if found.returned.is_some() || found.is_closed() {
                return Err(refused(Hindrance::Decided, id, "returned or closed already", "strike out"));
            }
            if let Some(hand) = db.one_hand(&found.listed.0, by)? {
                return Err(refused(hand.why(), id, &hand.state("listed by"), "strike out"));
            }
            if let Some((witness, _)) = &found.witnessed
                && let Some(hand) = db.one_hand(witness, by)?
            {
                return Err(refused(hand.why(), id, &hand.state("witnessed by"), "strike out"));
            }
            db.connection.execute(
                "UPDATE valuables SET struck_by = ?2, struck_reason = ?3, struck_ms = ?4 WHERE id = ?1",
                (id, by, reason, clock::now()),
            )?;
            db.vouched(by, "valuable.struck", id)
        })
    }

    /// Refuses what closes a letter while something of it is open, or while it speaks of something that nobody looked for.
    ///
    /// # Errors
    /// [`StoreError::WrongState`].
    pub(super) fn nothing_open(
        &self,
        letter: &str,
        speaks_of_some: bool,
        action: &'static str,
    ) -> Result<(), StoreError> {
        let listed = self.valuables_of(letter)?;
        let open = listed.iter().filter(|item| !item.is_closed()).count();
        let state = match (open, listed.is_empty() && speaks_of_some) {
            (0, false) => return Ok(()),
            (0, true) => "said to enclose valuables that nobody listed (list them, or that nothing was found)".to_owned(),
            (open, _) => format!("holding {open} enclosed valuables that are not returned"),
        };
        Err(StoreError::WrongState {
            why: Hindrance::ValuablesOpen,
            what: "letter",
            id: letter.to_owned(),
            state,
            action,
        })
    }
}
