//! Who may see which letter: restrictions, access lists, reasons. What follows from them is decided in `domain::access`.

use rusqlite::OptionalExtension;
use serde_json::json;

use super::vouch::{self, LETTER_ACCESS, RESTRICTIONS};
use super::{Db, StoreError, ledger};
use crate::clock::{self, Millis};
use crate::domain::access::{
    Action, Holder, Restricted, Scope, Seer, Sight, Standing, Unseen, called_for, goes_to_accused,
    may, may_see,
};
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

fn wrong(letter: &str, state: &str, action: &'static str) -> StoreError {
    StoreError::WrongState {
        what: "letter",
        id: letter.to_owned(),
        state: state.to_owned(),
        action,
    }
}

impl Db {
    /// How this seer stands to a letter.
    ///
    /// # Errors
    /// [`StoreError::NotFound`].
    pub fn standing(&self, seer: &Seer, letter: &str) -> Result<Standing, StoreError> {
        let found = self
            .connection
            .prepare_cached(
                "SELECT (SELECT why FROM restrictions WHERE letter_id = l.id AND state = 'restricted'),
                 EXISTS (SELECT 1 FROM letter_access WHERE letter_id = l.id AND user = ?2 AND ended_ms IS NULL),
                 EXISTS (SELECT 1 FROM recusals WHERE letter_id = l.id AND user = ?2 AND lifted_ms IS NULL),
                 EXISTS (SELECT 1 FROM looks WHERE letter_id = l.id AND user = ?2 AND until_ms > ?3),
                 EXISTS (SELECT 1 FROM drafts WHERE letter_id = l.id AND ready_ms IS NOT NULL AND conflict IS NULL)
                 FROM letters l WHERE l.id = ?1",
            )?
            .query_row((letter, &seer.actor, clock::now()), |row| {
                Ok(Standing {
                    restricted: row.get(0)?,
                    is_listed: row.get(1)?,
                    is_recused: row.get(2)?,
                    has_reason: row.get(3)?,
                    is_offered: row.get(4)?,
                })
            })
            .optional()?;
        let mut standing = found.ok_or_else(|| StoreError::NotFound {
            what: "letter",
            id: letter.to_owned(),
        })?;
        if standing.is_offered && seer.holder == Holder::Machine(Scope::CaseSystem) {
            standing.is_offered = !self.accuses_unit_of(seer, letter)?;
        }
        Ok(standing)
    }

    /// Whether the letter accuses the office whose system this token is.
    fn accuses_unit_of(&self, seer: &Seer, letter: &str) -> Result<bool, StoreError> {
        let Some(unit) = self.unit_of(&seer.actor)? else {
            return Ok(false);
        };
        Ok(goes_to_accused(
            &self.draft(letter)?.draft.fields,
            Some(&unit),
        ))
    }

    /// The office of a token, by its actor name.
    pub(super) fn unit_of(&self, actor: &str) -> Result<Option<String>, StoreError> {
        let Some(name) = actor.strip_prefix("token/") else {
            return Ok(None);
        };
        let unit: Option<Option<String>> = self
            .connection
            .prepare_cached("SELECT unit FROM tokens WHERE name = ?1")?
            .query_row([name], |row| row.get(0))
            .optional()?;
        Ok(unit.flatten())
    }

    /// What this seer sees of a letter.
    ///
    /// # Errors
    /// [`StoreError::NotFound`].
    pub fn sight(&self, seer: &Seer, letter: &str) -> Result<Sight, StoreError> {
        // Who sees no letters learns of none, whatever number he asks for.
        if !may(seer.holder, Action::ReadLetters) {
            return Ok(Sight::No(Unseen::Role));
        }
        Ok(may_see(seer.holder, self.standing(seer, letter)?))
    }

    /// Refuses unless everything of the letter is to be seen.
    ///
    /// # Errors
    /// [`StoreError::Unseen`], [`StoreError::NotFound`].
    pub fn let_see(&self, seer: &Seer, letter: &str) -> Result<(), StoreError> {
        match self.sight(seer, letter)? {
            Sight::Full => Ok(()),
            Sight::Masked => Err(unseen(letter, Unseen::Restricted)),
            Sight::No(why) => Err(unseen(letter, why)),
        }
    }

    /// Refuses whoever is recused, for acts that show nothing of the letter.
    ///
    /// # Errors
    /// [`StoreError::Unseen`], [`StoreError::NotFound`].
    pub fn let_touch(&self, seer: &Seer, letter: &str) -> Result<(), StoreError> {
        match self.sight(seer, letter)? {
            Sight::No(why @ (Unseen::Recused | Unseen::Role)) => Err(unseen(letter, why)),
            _ => Ok(()),
        }
    }

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
                return Err(wrong(letter, "not restricted", "open to everybody"));
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
        const ACTION: &str = "let in";
        self.atomically(|db| {
            db.letter_row(letter)?;
            if user == by {
                return Err(wrong(letter, "not yours to open for yourself: another person has to", ACTION));
            }
            let holder = Holder::Person(db.user(user)?.role);
            if !may(holder, Action::ReadLetters) {
                return Err(wrong(letter, "not for people whose role sees no letters", ACTION));
            }
            let seer = Seer { actor: user.to_owned(), holder };
            if db.standing(&seer, letter)?.is_recused {
                return Err(wrong(letter, "kept from this person: a recusal has to be lifted first", ACTION));
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

    /// Somebody says why he looks at a restricted letter.
    ///
    /// # Errors
    /// [`StoreError::Unseen`] for whoever may not see it, whatever the reason.
    pub fn say_reason(
        &mut self,
        seer: &Seer,
        letter: &str,
        (reason, minutes): (&str, i64),
    ) -> Result<Millis, StoreError> {
        self.atomically(|db| {
            match db.sight(seer, letter)? {
                Sight::Full | Sight::No(Unseen::ReasonAsked) => {}
                Sight::Masked => return Err(unseen(letter, Unseen::Restricted)),
                Sight::No(why) => return Err(unseen(letter, why)),
            }
            let until = clock::now().plus_seconds(minutes * 60);
            db.connection
                .execute("DELETE FROM looks WHERE until_ms <= ?1", [clock::now()])?;
            db.connection.execute(
                "INSERT INTO looks (letter_id, user, until_ms) VALUES (?1, ?2, ?3)
                 ON CONFLICT (letter_id, user) DO UPDATE SET until_ms = ?3",
                (letter, &seer.actor, until),
            )?;
            let detail = json!({"reason": reason});
            ledger::append(
                &db.connection,
                &seer.actor,
                "letter.opened",
                &subject(letter),
                &detail,
            )?;
            Ok(until)
        })
    }

    /// Keeps whether the addressee is whom the letter accuses: then nothing is handed over.
    pub(super) fn note_conflict(&self, letter: &str, fields: &Fields) -> Result<(), StoreError> {
        let conflict = goes_to_accused(fields, None).then_some("addressee_accused");
        self.connection
            .prepare_cached("UPDATE drafts SET conflict = ?2 WHERE letter_id = ?1")?
            .execute((letter, conflict))?;
        Ok(())
    }

    /// Why a letter's draft must not be handed over as it stands.
    ///
    /// # Errors
    /// When SQLite refuses.
    pub fn conflict(&self, letter: &str) -> Result<Option<String>, StoreError> {
        let found: Option<Option<String>> = self
            .connection
            .prepare_cached("SELECT conflict FROM drafts WHERE letter_id = ?1")?
            .query_row([letter], |row| row.get(0))
            .optional()?;
        Ok(found.flatten())
    }
}

pub(super) fn unseen(letter: &str, why: Unseen) -> StoreError {
    StoreError::Unseen {
        id: letter.to_owned(),
        why,
    }
}
