//! Letters that not everybody of the mailroom sees, and who is let in all the same.

use rusqlite::OptionalExtension;
use serde_json::json;

use super::vouch::{self, LETTER_ACCESS, RESTRICTIONS};
use super::{Db, Hindrance, StoreError, ledger};
use crate::clock::{self, Millis};
use crate::domain::access::{Action, Holder, Restricted, Seer, called_for, may};
use crate::domain::draft::Fields;

/// A letter's restriction as it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RestrictionRow {
    /// Whether it holds; lifted otherwise.
    pub holds: bool,
    /// Why.
    pub why: Restricted,
    /// By whom it was set or lifted.
    pub by: String,
    /// In words.
    pub reason: String,
    /// Since when.
    pub at: Millis,
}

/// Somebody on a letter's access list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccessRow {
    /// Who.
    pub user: String,
    /// By whom.
    pub granted_by: String,
    /// Why.
    pub reason: String,
    /// When.
    pub granted: Millis,
}

fn subject(letter: &str) -> String {
    format!("letter/{letter}")
}

fn wrong(why: Hindrance, letter: &str, state: &str, action: &'static str) -> StoreError {
    StoreError::WrongState {
        why,
        what: "letter",
        id: letter.to_owned(),
        state: state.to_owned(),
        action,
    }
}

impl Db {
    /// A letter's restriction, lifted ones too.
    ///
    /// # Errors
    /// When SQLite refuses.
    pub fn restriction(&self, letter: &str) -> Result<Option<RestrictionRow>, StoreError> {
        Ok(self
            .connection
            .prepare_cached(
                "SELECT state, why, by, reason, at_ms FROM restrictions WHERE letter_id = ?1",
            )?
            .query_row([letter], |row| {
                Ok(RestrictionRow {
                    holds: row.get::<_, String>(0)? == "restricted",
                    why: row.get(1)?,
                    by: row.get(2)?,
                    reason: row.get(3)?,
                    at: row.get(4)?,
                })
            })
            .optional()?)
    }

    /// Restricts a letter: for a stricter cause than it had, or by hand.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] without the letter.
    pub fn restrict(
        &mut self,
        letter: &str,
        why: Restricted,
        (by, reason): (&str, &str),
    ) -> Result<(), StoreError> {
        self.atomically(|db| {
            db.letter_row(letter)?;
            db.set_restriction(letter, ("restricted", why), (by, reason))?;
            let detail = json!({"why": why, "reason": reason});
            ledger::append(
                &db.connection,
                by,
                "letter.restricted",
                &subject(letter),
                &detail,
            )
        })
    }

    /// What was read calls for a restriction. An officer's word on the same or a stricter cause stands.
    pub(super) fn restrict_as_read(
        &mut self,
        letter: &str,
        why: Restricted,
    ) -> Result<(), StoreError> {
        let known = self.restriction(letter)?;
        if known
            .is_some_and(|known| known.why as u8 <= why as u8 || known.why == Restricted::ByHand)
        {
            return Ok(());
        }
        self.restrict(letter, why, ("task/read", ""))
    }

    /// Pages of a letter are another's now: what only they called for does not hold any more. What a person said stands.
    pub(super) fn restrict_anew(
        &mut self,
        letter: &str,
        fields: &Fields,
    ) -> Result<(), StoreError> {
        let Some(known) = self.restriction(letter)?.filter(|known| known.holds) else {
            return Ok(());
        };
        let now = called_for(fields);
        let is_milder = now.is_none_or(|now| now as u8 > known.why as u8);
        if known.by != "task/read" || !is_milder || !self.lost_pages_since(letter, known.at)? {
            return Ok(());
        }
        self.lift_restriction(letter, "", "task/read")?;
        match now {
            Some(why) => self.restrict(letter, why, ("task/read", "")),
            None => Ok(()),
        }
    }

    pub(super) fn lost_pages_since(&self, letter: &str, since: Millis) -> Result<bool, StoreError> {
        let mut query = self
            .connection
            .prepare_cached("SELECT 1 FROM page_moves WHERE from_letter = ?1 AND at_ms >= ?2")?;
        Ok(query.exists((letter, since))?)
    }

    /// Pages of one letter are, or may be, another's now: that one is guarded like it, before anybody has read what they say there.
    pub(super) fn restrict_like(
        &mut self,
        from: &str,
        to: &str,
        (by, reason): (&str, &str),
    ) -> Result<(), StoreError> {
        let strictest = |known: &RestrictionRow| known.holds && known.why != Restricted::Sensitive;
        match (self.restriction(from)?, self.restriction(to)?) {
            (Some(known), other) if known.holds && !other.as_ref().is_some_and(strictest) => {
                self.restrict(to, known.why, (by, reason))
            }
            _ => Ok(()),
        }
    }

    /// Letters that an older laixin drafted and nobody has judged yet: those that call for it are restricted now.
    ///
    /// # Errors
    /// When SQLite refuses.
    pub fn restrict_older(&mut self) -> Result<usize, StoreError> {
        let letters: Vec<String> = self
            .connection
            .prepare(
                "SELECT letter_id FROM drafts WHERE letter_id NOT IN (SELECT letter_id FROM restrictions)
                 AND (body ->> '$.fields.purpose.value' = '检举控告' OR json_array_length(body, '$.fields.accused') > 0
                      OR body ->> '$.fields.flags.secret_mark.value' OR body ->> '$.fields.flags.crime_clue.value'
                      OR body ->> '$.fields.flags.sensitive.value')",
            )?
            .query_map([], |row| row.get(0))?
            .collect::<Result<_, _>>()?;
        let mut restricted = 0;
        for letter in letters {
            let fields = self.draft(&letter)?.draft.fields;
            self.note_conflict(&letter, &fields)?;
            if let Some(why) = called_for(&fields) {
                self.restrict_as_read(&letter, why)?;
                restricted += 1;
            }
        }
        Ok(restricted)
    }

    /// Lifts a letter's restriction: everybody of the mailroom sees it again.
    ///
    /// # Errors
    /// [`StoreError::WrongState`] unless it is restricted.
    pub fn lift_restriction(
        &mut self,
        letter: &str,
        reason: &str,
        by: &str,
    ) -> Result<(), StoreError> {
        self.atomically(|db| {
            let known = db.restriction(letter)?.filter(|known| known.holds);
            let Some(known) = known else {
                return Err(wrong(
                    Hindrance::NotSo,
                    letter,
                    "not restricted",
                    "open to everybody",
                ));
            };
            db.set_restriction(letter, ("lifted", known.why), (by, reason))?;
            let detail = json!({"why": known.why, "reason": reason});
            ledger::append(
                &db.connection,
                by,
                "letter.unrestricted",
                &subject(letter),
                &detail,
            )
        })
    }

    fn set_restriction(
        &self,
        letter: &str,
        (state, why): (&str, Restricted),
        (by, reason): (&str, &str),
    ) -> Result<(), StoreError> {
        self.connection.execute(
            "INSERT INTO restrictions (letter_id, state, why, by, reason, at_ms) VALUES (?1, ?2, ?3, ?4, ?5, ?6)
             ON CONFLICT (letter_id) DO UPDATE SET state = ?2, why = ?3, by = ?4, reason = ?5, at_ms = ?6",
            (letter, state, why, by, reason, clock::now()),
        )?;
        let action = if state == "restricted" {
            "restriction.set"
        } else {
            "restriction.lifted"
        };
        vouch::append(
            &self.connection,
            (by, action),
            (RESTRICTIONS, letter),
            json!({"letter": letter}),
        )
    }

    /// Who is on a letter's access list.
    ///
    /// # Errors
    /// When SQLite refuses.
    pub fn access_list(&self, letter: &str) -> Result<Vec<AccessRow>, StoreError> {
        let mut query = self.connection.prepare_cached(
            "SELECT user, granted_by, reason, granted_ms FROM letter_access WHERE letter_id = ?1 AND ended_ms IS NULL ORDER BY id",
        )?;
        let rows = query.query_map([letter], |row| {
            Ok(AccessRow {
                user: row.get(0)?,
                granted_by: row.get(1)?,
                reason: row.get(2)?,
                granted: row.get(3)?,
            })
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// Puts somebody on a letter's access list. Nobody lets himself in.
    ///
    /// # Errors
    /// [`StoreError::WrongState`] for oneself, for whoever sees no letters, and for whoever is recused.
    pub fn grant_access(
        &mut self,
        letter: &str,
        user: &str,
        (by, reason): (&str, &str),
    ) -> Result<(), StoreError> {
        const ACTION: &str = "let somebody in";
        self.atomically(|db| {
            db.letter_row(letter)?;
            if user == by {
                return Err(wrong(Hindrance::SamePerson, letter, "not yours to open for yourself", ACTION));
            }
            let holder = Holder::Person(db.user(user)?.role);
            if !may(holder, Action::ReadLetters) {
                return Err(wrong(Hindrance::NotForThisPerson, letter, "not for people whose role sees no letters", ACTION));
            }
            let seer = Seer { actor: user.to_owned(), holder };
            if db.standing(&seer, letter)?.is_recused {
                return Err(wrong(Hindrance::NotForThisPerson, letter, "kept from this person by a recusal", ACTION));
            }
            let added = db.connection.execute(
                "INSERT INTO letter_access (letter_id, user, granted_by, reason, granted_ms) VALUES (?1, ?2, ?3, ?4, ?5)
                 ON CONFLICT DO NOTHING",
                (letter, user, by, reason, clock::now()),
            )?;
            if added == 0 {
                return Ok(());
            }
            let id = db.connection.last_insert_rowid().to_string();
            let detail = json!({"letter": letter, "user": user, "reason": reason});
            vouch::append(&db.connection, (by, "access.granted"), (LETTER_ACCESS, &id), detail)
        })
    }

    /// Takes somebody off a letter's access list.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] when he is not on it.
    pub fn end_access(&mut self, letter: &str, user: &str, by: &str) -> Result<(), StoreError> {
        self.atomically(|db| {
            let id: Option<i64> = db
                .connection
                .query_row(
                    "UPDATE letter_access SET ended_by = ?3, ended_ms = ?4 WHERE letter_id = ?1 AND user = ?2 AND ended_ms IS NULL
                     RETURNING id",
                    (letter, user, by, clock::now()),
                    |row| row.get(0),
                )
                .optional()?;
            let id = id.ok_or_else(|| StoreError::NotFound {
                what: "entry of the access list for",
                id: user.to_owned(),
            })?;
            let detail = json!({"letter": letter, "user": user});
            vouch::append(&db.connection, (by, "access.ended"), (LETTER_ACCESS, &id.to_string()), detail)
        })
    }
}
