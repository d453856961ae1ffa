//! What changed of a letter after a case system had it: offered until the case system says that it knows.

use rusqlite::Row;
use serde_json::json;

use super::{Db, DraftState, StoreError, ledger};
use crate::clock::{self, Millis};

/// One change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AmendmentRow {
    /// Number, rising; case systems know it by another.
    pub id: i64,
    /// The letter.
    pub letter: String,
    /// `page_added`, `corrected`, `withdrawn`, `reinstated`, `threat_confirmed`, `threat_withdrawn`.
    pub kind: String,
    /// When; of what was kept back, when an officer let it go.
    pub at: Millis,
    /// The case system's number, where it is registered.
    pub case_number: Option<String>,
    /// Known to the case system since.
    pub acked: Option<Millis>,
}

const AMENDMENT: &str =
    "SELECT a.id, a.letter_id, a.kind, a.at_ms, d.case_number, a.acked_ms FROM amendments a
    LEFT JOIN drafts d ON d.letter_id = a.letter_id";

/// Whoever claimed the draft last holds the letter. What a token held that does not open any more is for the tokens that came after it.
pub(super) const ITS_OWN: &str = "(d.claimed_by = ?2 OR d.claimed_by LIKE 'token/%' AND NOT EXISTS
    (SELECT 1 FROM tokens t WHERE 'token/' || t.name = d.claimed_by AND t.revoked_ms IS NULL
     AND (t.expires_ms IS NULL OR t.expires_ms > CAST(unixepoch('subsec') * 1000 AS INTEGER))))";

fn amendment(row: &Row<'_>) -> rusqlite::Result<AmendmentRow> {
    Ok(AmendmentRow {
        id: row.get(0)?,
        letter: row.get(1)?,
        kind: row.get(2)?,
        at: row.get(3)?,
        case_number: row.get(4)?,
        acked: row.get(5)?,
    })
}

impl Db {
    /// Keeps a change for the case system, where it has or had the draft: one that gave it back, or was late, may have registered it.
    pub(super) fn amend(&self, letter: &str, kind: &str, by: &str) -> Result<(), StoreError> {
        match self.draft(letter) {
            Ok(draft) if draft.state != DraftState::Open || draft.offered > 0 => {}
            Ok(_) | Err(StoreError::NotFound { .. }) => return Ok(()),
            Err(error) => return Err(error),
        }
        self.connection.execute(
            "INSERT INTO amendments (letter_id, kind, at_ms, by) VALUES (?1, ?2, ?3, ?4)",
            (letter, kind, clock::now(), by),
        )?;
        let detail = json!({"kind": kind, "amendment": self.connection.last_insert_rowid()});
        ledger::append(
            &self.connection,
            by,
            "letter.amended",
            &format!("letter/{letter}"),
            &detail,
        )
    }

    /// Changes that this case system does not know yet, oldest first: of letters it holds.
    ///
    /// # Errors
    /// When SQLite refuses.
    pub fn open_amendments(
        &self,
        by: &str,
        after: i64,
        limit: u32,
    ) -> Result<Vec<AmendmentRow>, StoreError> {
        self.amendments_for((after, by, None), limit)
    }

    /// The same of one letter.
    pub(super) fn open_amendments_of(
        &self,
        by: &str,
        letter: &str,
    ) -> Result<Vec<AmendmentRow>, StoreError> {
        self.amendments_for((0, by, Some(letter)), u32::MAX)
    }

    fn amendments_for(
        &self,
        asked: (i64, &str, Option<&str>),
        limit: u32,
    ) -> Result<Vec<AmendmentRow>, StoreError> {
        let mut query = self.connection.prepare_cached(&format!(
            "{AMENDMENT} WHERE a.id > ?1 AND a.acked_ms IS NULL AND {ITS_OWN} AND (?3 IS NULL OR a.letter_id = ?3) ORDER BY a.id"
        ))?;
        let unit = self.unit_of(asked.1)?;
        let mut open = Vec::new();
        for row in query.query_map(asked, amendment)? {
            let mut row = row?;
            if open.len() >= limit as usize {
                break;
            }
            if !self.keeps_change_from(&row, unit.as_deref())? {
                row.at = self.told_since(&row, unit.as_deref())?;
                open.push(row);
            }
        }
        Ok(open)
    }

    /// The case system knows; twice is once.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] also where another system holds the letter: what it must be told stays for it.
    pub fn ack_amendment(&mut self, id: i64, by: &str) -> Result<AmendmentRow, StoreError> {
        self.atomically(|db| {
            let find = |db: &Db| {
                db.connection.query_row(
                    &format!("{AMENDMENT} WHERE a.id = ?1 AND {ITS_OWN}"),
                    (id, by),
                    amendment,
                )
            };
            let mut found = match find(db) {
                Err(rusqlite::Error::QueryReturnedNoRows) => {
                    return Err(StoreError::NotFound {
                        what: "amendment",
                        id: id.to_string(),
                    });
                }
                found => found?,
            };
            let unit = db.unit_of(by)?;
            if db.keeps_change_from(&found, unit.as_deref())? {
                return Err(StoreError::NotFound {
                    what: "amendment",
                    id: id.to_string(),
                });
            }
            found.at = db.told_since(&found, unit.as_deref())?;
            if found.acked.is_some() {
                return Ok(found);
            }
            db.connection.execute(
                "UPDATE amendments SET acked_by = ?2, acked_ms = ?3 WHERE id = ?1",
                (id, by, clock::now()),
            )?;
            let subject = format!("letter/{}", found.letter);
            ledger::append(
                &db.connection,
                by,
                "letter.amendment_known",
                &subject,
                &json!({"kind": found.kind}),
            )?;
            found.acked = find(db)?.acked;
            Ok(found)
        })
    }
}
