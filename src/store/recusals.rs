//! What people declared of themselves and their relatives, and whom a letter is kept from because of it.

use rusqlite::OptionalExtension;
use serde_json::json;

use super::grouping::KeptNames;
use super::held::letters_of_held;
use super::letter_views::AT_WORK;
use super::vouch::{self, INTERESTS, RECUSALS};
use super::{Db, Hindrance, StoreError};
use crate::clock::{self, Millis};
use crate::domain::access::{Interest, InterestKind, Matched, Parties, Relation, called_for};
use crate::domain::draft::{Accused, Fields};

/// One declared interest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InterestRow {
    /// Number.
    pub id: i64,
    /// Whose.
    pub user: String,
    /// His own or a relative's.
    pub relation: Relation,
    /// What.
    pub interest: Interest,
    /// Since when.
    pub declared: Millis,
}

/// Somebody who is kept from a letter, or was.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecusalRow {
    /// The letter.
    pub letter: String,
    /// Who.
    pub user: String,
    /// What an interest met; `None`: said by hand.
    pub matched: Option<Matched>,
    /// In words, where it was said by hand.
    pub reason: String,
    /// By whom.
    pub by: String,
    /// When.
    pub at: Millis,
    /// Lifted by whom and why.
    pub lifted: Option<(String, String)>,
}

fn interest(row: &rusqlite::Row<'_>) -> rusqlite::Result<InterestRow> {
    Ok(InterestRow {
        id: row.get(0)?,
        user: row.get(1)?,
        relation: row.get(2)?,
        interest: Interest {
            kind: row.get(3)?,
            text: row.get(4)?,
        },
        declared: row.get(5)?,
    })
}

fn recusal(row: &rusqlite::Row<'_>) -> rusqlite::Result<RecusalRow> {
    let by: Option<String> = row.get(6)?;
    let why: Option<String> = row.get(7)?;
    Ok(RecusalRow {
        letter: row.get(0)?,
        user: row.get(1)?,
        matched: row.get(2)?,
        reason: row.get(3)?,
        by: row.get(4)?,
        at: row.get(5)?,
        lifted: by.zip(why),
    })
}

/// Whom and what a letter touches.
struct Touched<'a> {
    parties: Parties,
    accused: &'a [Accused],
    offices: Vec<Accused>,
}

const RECUSAL: &str =
    "SELECT letter_id, user, matched, reason, by, at_ms, lifted_by, lifted_reason FROM recusals";

impl Db {
    /// What follows from what was read of a letter: whether it is restricted, from whom it is kept, what wants a person at once.
    pub(super) fn guard_letter(&mut self, letter: &str, fields: &Fields) -> Result<(), StoreError> {
        if let Some(why) = called_for(fields) {
            self.restrict_as_read(letter, why)?;
        }
        let declared = self.interests(None)?.into_iter();
        let mut interests: Vec<(String, Interest)> =
            declared.map(|row| (row.user, row.interest)).collect();
        let users = self.users()?.into_iter();
        interests
            .extend(users.filter_map(|user| Some((user.name.clone(), Interest::own(&user.name)?))));
        self.note_offices(letter, fields)?;
        if !interests.is_empty() {
            let touched = self.touched(letter, fields)?;
            for (user, interest) in interests {
                if let Some(matched) = self.meets(&touched, &interest) {
                    self.keep_from(letter, &user, Some(matched), ("task/read", ""))?;
                }
            }
        }
        self.raise_alerts(letter, fields)
    }

    fn touched<'a>(&self, letter: &str, fields: &'a Fields) -> Result<Touched<'a>, StoreError> {
        Ok(Touched {
            parties: Parties::of(fields).with_text(&self.matter_text(letter)?),
            accused: &fields.accused,
            offices: self.offices_in_question(letter)?,
        })
    }

    /// What of a letter an interest meets: as it is written there, or as the roster calls whom it accuses, of which offices it speaks and who holds office
    /// there.
    fn meets(&self, touched: &Touched<'_>, interest: &Interest) -> Option<Matched> {
        let meets = |these: &[Accused]| self.offices.accuse(these, interest);
        let by_name = touched.parties.meet(interest);
        by_name
            .or_else(|| meets(touched.accused).then_some(Matched::Accused))
            .or_else(|| meets(&touched.offices).then_some(Matched::Office))
    }

    /// Lets those at a letter again whom it does not touch any more: pages of it are another letter's now, or an officer has said that it does not accuse
    /// their office. What a person said stands, and so does what they have ceased to declare.
    pub(super) fn settle_recusals(
        &self,
        letter: &str,
        fields: Option<&Fields>,
    ) -> Result<(), StoreError> {
        let mut query = self.connection.prepare_cached(
            "SELECT id, user, matched, at_ms FROM recusals WHERE letter_id = ?1 AND lifted_ms IS NULL AND by = 'task/read'",
        )?;
        let rows = query.query_map([letter], |row| {
            Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?))
        })?;
        let kept: Vec<(i64, String, Option<Matched>, Millis)> = rows.collect::<Result<_, _>>()?;
        if kept.is_empty() {
            return Ok(());
        }
        let drafted = match fields {
            Some(fields) => fields.clone(),
            None => self.draft(letter)?.draft.fields,
        };
        let touched = self.touched(letter, &drafted)?;
        for (id, user, matched, since) in kept {
            if matched != Some(Matched::Office) && !self.lost_pages_since(letter, since)? {
                continue;
            }
            let mut ever = self.connection.prepare_cached(
                "SELECT id, user, relation, kind, text, declared_ms FROM interests WHERE user = ?1",
            )?;
            let rows = ever.query_map([&user], interest)?;
            let mut interests: Vec<Interest> = rows
                .map(|row| Ok(row?.interest))
                .collect::<Result<_, StoreError>>()?;
            interests.extend(Interest::own(&user));
            if interests
                .iter()
                .any(|interest| self.meets(&touched, interest).is_some())
            {
                continue;
            }
            self.connection.execute(
                "UPDATE recusals SET lifted_by = 'task/read', lifted_reason = '', lifted_ms = ?2 WHERE id = ?1",
                (id, clock::now()),
            )?;
            vouch::append(
                &self.connection,
                ("task/read", "recusal.lifted"),
                (RECUSALS, &id.to_string()),
                json!({"letter": letter, "user": user}),
            )?;
        }
        Ok(())
    }

    /// Whoever's account carries his name need not declare it.
    pub(super) fn keep_own_from(&mut self, user: &str) -> Result<(), StoreError> {
        match Interest::own(user) {
            Some(own) => self.look_back(user, &own),
            None => Ok(()),
        }
    }

    /// The same before there is a draft: a page was read, and what it says cannot wait for the others.
    ///
    /// # Errors
    /// When SQLite refuses.
    pub fn guard_while_read(&mut self, letter: &str, fields: &Fields) -> Result<(), StoreError> {
        self.atomically(|db| db.guard_letter(letter, fields))
    }

    /// Keeps a letter from somebody. What a person lifted stays lifted, unless one says it anew.
    fn keep_from(
        &self,
        letter: &str,
        user: &str,
        matched: Option<Matched>,
        (by, reason): (&str, &str),
    ) -> Result<(), StoreError> {
        let anew = if matched.is_none() {
            "lifted_ms IS NOT NULL"
        } else {
            "lifted_by = 'task/read'"
        };
        let id: Option<i64> = self
            .connection
            .prepare_cached(&format!(
                "INSERT INTO recusals (letter_id, user, matched, reason, by, at_ms) VALUES (?1, ?2, ?3, ?4, ?5, ?6)
                 ON CONFLICT (letter_id, user) DO UPDATE SET matched = ?3, reason = ?4, by = ?5, at_ms = ?6, lifted_by = NULL,
                 lifted_reason = NULL, lifted_ms = NULL WHERE {anew} RETURNING id"
            ))?
            .query_row((letter, user, matched, reason, by, clock::now()), |row| row.get(0))
            .optional()?;
        let Some(id) = id else {
            return Ok(());
        };
        let detail = json!({"letter": letter, "user": user, "matched": matched, "reason": reason});
        vouch::append(
            &self.connection,
            (by, "recusal.made"),
            (RECUSALS, &id.to_string()),
            detail,
        )
    }

    /// Keeps a letter that got pages of another from those the other is kept from: whom they touch is known only once they are read anew.
    pub(super) fn keep_like(&self, from: &str, to: &str) -> Result<(), StoreError> {
        let mut query = self.connection.prepare_cached(
            "SELECT user, matched, by, reason FROM recusals WHERE letter_id = ?1 AND lifted_ms IS NULL",
        )?;
        let rows = query.query_map([from], |row| {
            Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?))
        })?;
        let kept: Vec<(String, Option<Matched>, String, String)> =
            rows.collect::<Result<_, _>>()?;
        for (user, matched, by, reason) in kept {
            self.keep_from(to, &user, matched, (&by, &reason))?;
        }
        Ok(())
    }

    /// Keeps a letter from somebody by hand.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] without the letter or the account.
    pub fn recuse(
        &mut self,
        letter: &str,
        user: &str,
        (by, reason): (&str, &str),
    ) -> Result<(), StoreError> {
        self.atomically(|db| {
            db.letter_row(letter)?;
            db.user(user)?;
            db.keep_from(letter, user, None, (by, reason))
        })
    }

    /// Lets somebody at a letter again that was kept from him; not he himself.
    ///
    /// # Errors
    /// [`StoreError::WrongState`] for oneself, [`StoreError::NotFound`] where nobody is kept.
    pub fn lift_recusal(
        &mut self,
        letter: &str,
        user: &str,
        (by, reason): (&str, &str),
    ) -> Result<(), StoreError> {
        self.atomically(|db| {
            if by == user {
                return Err(StoreError::WrongState {
                    why: Hindrance::SamePerson,
                    what: "letter",
                    id: letter.to_owned(),
                    state: "kept from you".into(),
                    action: "lift the recusal",
                });
            }
            let id: Option<i64> = db
                .connection
                .query_row(
                    "UPDATE recusals SET lifted_by = ?3, lifted_reason = ?4, lifted_ms = ?5
                     WHERE letter_id = ?1 AND user = ?2 AND lifted_ms IS NULL RETURNING id",
                    (letter, user, by, reason, clock::now()),
                    |row| row.get(0),
                )
                .optional()?;
            let id = id.ok_or_else(|| StoreError::NotFound {
                what: "recusal of",
                id: user.to_owned(),
            })?;
            let detail = json!({"letter": letter, "user": user, "reason": reason});
            vouch::append(
                &db.connection,
                (by, "recusal.lifted"),
                (RECUSALS, &id.to_string()),
                detail,
            )
        })
    }

    /// From whom a letter is or was kept.
    ///
    /// # Errors
    /// When SQLite refuses.
    pub fn recusals_of(&self, letter: &str) -> Result<Vec<RecusalRow>, StoreError> {
        let mut query = self
            .connection
            .prepare_cached(&format!("{RECUSAL} WHERE letter_id = ?1 ORDER BY id"))?;
        let rows = query.query_map([letter], recusal)?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// The letter whose pages were made this one, and who is kept from this one because he was from that.
    ///
    /// # Errors
    /// When SQLite refuses.
    pub fn kept_like(&self, letter: &str) -> Result<Option<(String, Vec<String>)>, StoreError> {
        let mut query = self.connection.prepare_cached(
            "SELECT DISTINCT f.letter_id, r.user FROM recusals r JOIN recusals f ON f.user = r.user AND f.id < r.id
             WHERE r.letter_id = ?1 AND r.lifted_ms IS NULL AND f.letter_id IN (SELECT from_letter FROM page_moves WHERE to_letter = ?1) ORDER BY r.user",
        )?;
        let rows = query.query_map([letter], |row| Ok((row.get(0)?, row.get(1)?)))?;
        let all: Vec<(String, String)> = rows.collect::<Result<_, _>>()?;
        let from = all.first().map(|(from, _)| from.clone());
        Ok(from.map(|from| (from, all.into_iter().map(|(_, user)| user).collect())))
    }

    /// Letters that are kept from this person.
    ///
    /// # Errors
    /// When SQLite refuses.
    pub fn kept_from(&self, user: &str) -> Result<std::collections::BTreeSet<String>, StoreError> {
        let mut query = self.connection.prepare_cached(
            "SELECT letter_id FROM recusals WHERE user = ?1 AND lifted_ms IS NULL",
        )?;
        let rows = query.query_map([user], |row| row.get(0))?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// The same as findings name them, which are made before a letter has its number.
    ///
    /// # Errors
    /// When SQLite refuses.
    pub fn names_kept_from(&self, user: &str) -> Result<KeptNames, StoreError> {
        let mut query = self.connection.prepare_cached(
            "SELECT l.id, l.batch_id, l.group_name FROM recusals r JOIN letters l ON l.id = r.letter_id
             WHERE r.user = ?1 AND r.lifted_ms IS NULL",
        )?;
        let mut kept = KeptNames::default();
        let rows = query.query_map([user], |row| Ok((row.get(0)?, (row.get(1)?, row.get(2)?))))?;
        for row in rows {
            let (letter, name) = row?;
            kept.letters.insert(letter);
            kept.names.insert(name);
        }
        Ok(kept)
    }

    /// Files whose pages are of such letters, or are held because they may be.
    ///
    /// # Errors
    /// When SQLite refuses.
    pub fn arrivals_kept_from(
        &self,
        user: &str,
    ) -> Result<std::collections::BTreeSet<String>, StoreError> {
        let mut query = self.connection.prepare_cached(&format!(
            "SELECT p.arrival_id FROM recusals r JOIN pages p ON p.letter_id = r.letter_id WHERE r.user = ?1 AND r.lifted_ms IS NULL
             UNION SELECT k.arrival FROM ({}) k JOIN recusals r ON r.letter_id = k.letter
             WHERE r.user = ?1 AND r.lifted_ms IS NULL",
            letters_of_held()
        ))?;
        let rows = query.query_map([user], |row| row.get(0))?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// Letters that are kept from somebody and still wait for a person: another one has to take them.
    ///
    /// # Errors
    /// When SQLite refuses.
    pub fn waiting_for_another(&self) -> Result<Vec<RecusalRow>, StoreError> {
        let mut query = self.connection.prepare_cached(&format!(
            "{RECUSAL} WHERE lifted_ms IS NULL
             AND letter_id IN (SELECT l.id FROM letters l WHERE l.stage IN ('arriving', 'reading', 'drafted') AND {AT_WORK})
             ORDER BY id LIMIT 50"
        ))?;
        let rows = query.query_map([], recusal)?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// Declared interests: of one person, or of everybody.
    ///
    /// # Errors
    /// When SQLite refuses.
    pub fn interests(&self, user: Option<&str>) -> Result<Vec<InterestRow>, StoreError> {
        let mut query = self.connection.prepare_cached(
            "SELECT id, user, relation, kind, text, declared_ms FROM interests WHERE ended_ms IS NULL AND (?1 IS NULL OR user = ?1) ORDER BY id",
        )?;
        let rows = query.query_map([user], interest)?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// Declares an interest, and keeps every letter from that person that it touches.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] without the account.
    pub fn declare_interest(
        &mut self,
        user: &str,
        (kind, relation, text): (InterestKind, Relation, &str),
        by: &str,
    ) -> Result<i64, StoreError> {
        self.atomically(|db| {
            db.user(user)?;
            db.connection.execute(
                "INSERT INTO interests (user, kind, relation, text, declared_by, declared_ms) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
                (user, kind, relation, text, by, clock::now()),
            )?;
            let id = db.connection.last_insert_rowid();
            let detail = json!({"user": user, "kind": kind, "relation": relation});
            vouch::append(&db.connection, (by, "interest.declared"), (INTERESTS, &id.to_string()), detail)?;
            let interest = Interest { kind, text: text.to_owned() };
            db.look_back(user, &interest)?;
            Ok(id)
        })
    }

    fn look_back(&mut self, user: &str, interest: &Interest) -> Result<(), StoreError> {
        let mut query = self.connection.prepare("SELECT letter_id FROM drafts")?;
        let letters: Vec<String> = query
            .query_map([], |row| row.get(0))?
            .collect::<Result<_, _>>()?;
        drop(query);
        for letter in letters {
            let fields = self.draft(&letter)?.draft.fields;
            let touched = self.touched(&letter, &fields)?;
            if let Some(matched) = self.meets(&touched, interest) {
                self.keep_from(&letter, user, Some(matched), ("task/read", ""))?;
            }
        }
        Ok(())
    }

    /// Takes an interest of this person back. Letters that are kept because of it stay kept until somebody lifts that.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] unless it is one of his.
    pub fn end_interest(&mut self, id: i64, user: &str, by: &str) -> Result<(), StoreError> {
        self.atomically(|db| {
            let changed = db.connection.execute(
                "UPDATE interests SET ended_by = ?3, ended_ms = ?4 WHERE id = ?1 AND user = ?2 AND ended_ms IS NULL",
                (id, user, by, clock::now()),
            )?;
            if changed == 0 {
                return Err(StoreError::NotFound {
                    what: "interest",
                    id: id.to_string(),
                });
            }
            vouch::append(&db.connection, (by, "interest.ended"), (INTERESTS, &id.to_string()), json!({"user": user}))
        })
    }
}
