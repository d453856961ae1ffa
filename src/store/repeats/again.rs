//! Comparing again: what a change of one letter, or an import, means for drafts that nobody has confirmed yet.
//!
//! A draft that an officer confirmed, or that a case system has, stays as it is.

use serde_json::json;

use super::super::drafts::{subject, written};
use super::super::{Db, DraftState, StoreError, ledger};
use crate::clock;
use crate::domain::draft::{EarlierIs, Repeat};

/// Later letters compared again because of one change, at most; the newest come first.
const AT_MOST: i64 = 200;

/// What comparing open drafts again came to.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ComparedAgain {
    /// Drafts compared.
    pub drafts: usize,
    /// Of them those that now say something else.
    pub changed: usize,
}

impl Db {
    /// Letters registered after this one that name it, or share a name, number or home with it, and are still open.
    pub(in crate::store) fn later_alike(&self, letter: &str) -> Result<Vec<String>, StoreError> {
        let mut query = self.connection.prepare_cached(
            "WITH mine AS (SELECT id FROM earlier WHERE letter_id = ?1),
             alike AS (
               SELECT later_id AS id FROM earlier_links WHERE of = ?1
               UNION
               SELECT k.earlier_id FROM mine JOIN earlier_keys m ON m.earlier_id = mine.id
                 JOIN earlier_keys k ON k.key = m.key AND k.earlier_id > mine.id)
             SELECT e.letter_id FROM alike JOIN earlier e ON e.id = alike.id JOIN drafts d ON d.letter_id = e.letter_id
             JOIN letters l ON l.id = e.letter_id
             WHERE d.confirmed_ms IS NULL AND d.state <> 'acked' AND l.withheld IS NULL ORDER BY e.id DESC LIMIT ?2",
        )?;
        let rows = query.query_map((letter, AT_MOST), |row| row.get(0))?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// Compares the letters again that a change of `letter` may concern: those found before the change, and those found now.
    pub(in crate::store) fn compare_later(
        &mut self,
        letter: &str,
        before: Vec<String>,
    ) -> Result<(), StoreError> {
        let mut later = before;
        later.extend(self.later_alike(letter)?);
        later.sort_unstable();
        later.dedup();
        for other in later {
            self.compare_one_again(&other, &subject(letter))?;
        }
        Ok(())
    }

    /// Compares one open draft again; whether it now says something else about earlier letters. Its version changes where an officer
    /// would have to look again.
    fn compare_one_again(&mut self, letter: &str, because: &str) -> Result<bool, StoreError> {
        let row = self.draft(letter)?;
        if row.state != DraftState::Open || row.draft.confirmed.is_some() {
            return Ok(false);
        }
        let mut draft = row.draft;
        let before = draft.fields.repeat.clone();
        self.compare_anew(&mut draft)?;
        let now = &draft.fields.repeat;
        if *now == before {
            return Ok(false);
        }
        let weighs = verdict(now) != verdict(&before);
        self.connection.execute(
            "UPDATE drafts SET body = ?2, updated_ms = ?3 WHERE letter_id = ?1",
            (letter, written(&draft)?, clock::now()),
        )?;
        if weighs {
            self.connection.execute(
                "UPDATE letters SET version = version + 1 WHERE id = ?1",
                [letter],
            )?;
            let detail = json!({"because": because});
            ledger::append(
                &self.connection,
                "task/compare",
                "draft.compared_again",
                &subject(letter),
                &detail,
            )?;
        }
        Ok(weighs)
    }

    /// Compares one open draft again, in a transaction of its own; whether it now says something else that an officer decides by.
    ///
    /// # Errors
    /// When SQLite refuses.
    pub fn compare_again(&mut self, letter: &str, because: &str) -> Result<bool, StoreError> {
        self.atomically(|db| match db.compare_one_again(letter, because) {
            Err(StoreError::NotFound { .. }) => Ok(false),
            compared => compared,
        })
    }

    /// Compares a letter's draft again before an officer confirms it. Where earlier letters have changed what it says, its version is
    /// another one, and the confirmation meant for `version` is refused: nobody confirms what he did not see.
    ///
    /// # Errors
    /// When SQLite refuses.
    pub fn compare_before_confirming(
        &mut self,
        letter: &str,
        version: i64,
    ) -> Result<(), StoreError> {
        self.atomically(|db| match db.draft(letter) {
            Ok(_) if db.letter_row(letter)?.version == version => {
                db.compare_one_again(letter, "confirming").map(|_| ())
            }
            // Whatever is wrong with it, the confirmation itself says so.
            Ok(_) | Err(StoreError::NotFound { .. }) => Ok(()),
            Err(error) => Err(error),
        })
    }

    /// Compares every open draft again, each in a transaction of its own; for after an import.
    ///
    /// # Errors
    /// When SQLite refuses; drafts compared before stay so.
    pub fn compare_open_drafts(&mut self) -> Result<ComparedAgain, StoreError> {
        let open: Vec<String> = {
            let mut query = self.connection.prepare_cached(
                "SELECT d.letter_id FROM drafts d JOIN earlier e ON e.letter_id = d.letter_id JOIN letters l ON l.id = d.letter_id
                 WHERE d.confirmed_ms IS NULL AND d.state <> 'acked' AND l.withheld IS NULL ORDER BY d.letter_id",
            )?;
            let rows = query.query_map([], |row| row.get(0))?;
            rows.collect::<Result<_, _>>()?
        };
        let mut done = ComparedAgain::default();
        for letter in open {
            let changed =
                self.atomically(|db| db.compare_one_again(&letter, "history.imported"))?;
            done.drafts += 1;
            done.changed += usize::from(changed);
        }
        Ok(done)
    }
}

/// What an officer decides by.
#[derive(PartialEq)]
struct Verdict<'a> {
    relation: &'a str,
    linked: Option<&'a str>,
    may_be: Vec<(&'a str, EarlierIs)>,
    copies: Option<&'a [String]>,
}

fn verdict(repeat: &Repeat) -> Verdict<'_> {
    let may_be = repeat.candidates.iter().filter(|c| {
        matches!(
            c.is,
            EarlierIs::Repeat | EarlierIs::PossibleRepeat | EarlierIs::SameSenderOtherMatter
        )
    });
    Verdict {
        relation: repeat.relation.as_str(),
        linked: repeat.of.as_deref(),
        may_be: may_be.map(|c| (c.of.as_str(), c.is)).collect(),
        copies: repeat.copies.as_ref().map(|c| c.letters.as_slice()),
    }
}
