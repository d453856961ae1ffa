//! The queue of letters that wait for a person, by urgency and doubt, and who has which letter open meanwhile.
//!
//! Who is at a letter is a hint that keeps two people apart, held in memory: what keeps their work apart is the letter's version.

use std::collections::{HashMap, VecDeque};

use super::alerts::OPEN;
use super::{Db, DraftState, LetterLine, StoreError};
use crate::clock::Millis;
use crate::domain::access::{Seer, Sight, Unseen};
use crate::domain::letter::Stage;

/// A letter stays somebody's for this long after he last looked at it.
const OPEN_FOR_MS: i64 = 10 * 60 * 1000;
/// What one person has open: the letter he reads and the one that was fetched ahead.
const OPEN_AT_ONCE: usize = 2;

/// Letters that people have open, newest last.
#[derive(Debug, Default)]
pub(super) struct Desks(HashMap<String, VecDeque<(String, Millis)>>);

/// The queue as one letter of it sees it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct InQueue {
    /// Letters that wait.
    pub waiting: usize,
    /// Which one comes after this one; none when no other waits that nobody else has open.
    pub next: Option<String>,
}

/// A letter of the queue.
#[derive(Debug, Clone)]
pub struct Waiting {
    /// As lists show it.
    pub line: LetterLine,
    /// An alert about it stands that nobody has acknowledged.
    pub alarmed: bool,
    /// How many fields want a look.
    pub doubts: u32,
    /// Who else has it open, since when.
    pub at_work: Option<(String, Millis)>,
}

/// A person at work.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AtWork {
    /// Who.
    pub user: String,
    /// The letters he has open, in the order in which he opened them.
    pub letters: Vec<String>,
    /// When he opened the last of them.
    pub since: Millis,
}

/// A row of the queue before anything of the letter is shown.
struct Row {
    id: String,
    alarmed: bool,
    doubts: u32,
    /// It is not for everybody.
    is_limited: bool,
}

impl Db {
    /// Letters that wait for a person: alarms first, then express mail and telegrams, then the most doubtful, then the oldest.
    fn to_review(&self, seer: &Seer) -> Result<Vec<Row>, StoreError> {
        let mut query = self.connection.prepare_cached(
            &format!("SELECT l.id, EXISTS (SELECT 1 FROM alerts WHERE letter_id = l.id AND {OPEN}) alarmed, d.doubts,
             EXISTS (SELECT 1 FROM recusals WHERE letter_id = l.id AND user = ?3 AND lifted_ms IS NULL)
                 OR EXISTS (SELECT 1 FROM restrictions WHERE letter_id = l.id AND state = 'restricted')
             FROM letters l JOIN drafts d ON d.letter_id = l.id
             WHERE l.stage = ?1 AND (d.state = ?2 OR d.ready_ms IS NULL) AND l.withheld IS NULL
             ORDER BY alarmed DESC, l.urgent DESC, d.doubts DESC, l.created_ms, l.id"),
        )?;
        let rows = query.query_map((Stage::Drafted, DraftState::Open, &seer.actor), |row| {
            Ok(Row {
                id: row.get(0)?,
                alarmed: row.get(1)?,
                doubts: row.get(2)?,
                is_limited: row.get(3)?,
            })
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// The first letters of the queue as this person may see them; nothing of their content is recorded as shown here.
    ///
    /// # Errors
    /// When SQLite refuses.
    pub fn waiting(
        &self,
        seer: &Seer,
        limit: usize,
        now: Millis,
    ) -> Result<(usize, Vec<Waiting>), StoreError> {
        let rows = self.to_review_by(seer)?;
        let all = rows.len();
        let mut waiting = Vec::new();
        for row in rows.into_iter().take(limit) {
            waiting.push(Waiting {
                line: self.letter_line(&row.id)?,
                alarmed: row.alarmed,
                doubts: row.doubts,
                at_work: self.who_is_at(&row.id, &seer.actor, now),
            });
        }
        Ok((all, waiting))
    }

    /// Those of them that are not kept from this person: of the others he is not even told how many there are.
    fn to_review_by(&self, seer: &Seer) -> Result<Vec<Row>, StoreError> {
        let mut rows = Vec::new();
        for row in self.to_review(seer)? {
            let is_kept = || {
                let sight = self.sight(seer, &row.id)?;
                Ok::<bool, StoreError>(matches!(
                    sight,
                    Sight::No(Unseen::Recused | Unseen::Role | Unseen::Restricted) | Sight::Masked
                ))
            };
            if !row.is_limited || !is_kept()? {
                rows.push(row);
            }
        }
        Ok(rows)
    }

    /// Where the queue goes on from a letter.
    ///
    /// # Errors
    /// When SQLite refuses.
    pub fn in_queue(&self, seer: &Seer, letter: &str, now: Millis) -> Result<InQueue, StoreError> {
        let rows = self.to_review_by(seer)?;
        let at = rows.iter().position(|row| row.id == letter);
        let (before, after) = rows.split_at(at.map_or(0, |at| at + 1));
        let mut next = None;
        for row in after.iter().chain(before) {
            if row.id != letter && self.who_is_at(&row.id, &seer.actor, now).is_none() {
                next = Some(row.id.clone());
                break;
            }
        }
        Ok(InQueue {
            waiting: rows.len(),
            next,
        })
    }

    /// Somebody opens a letter.
    pub fn comes_to(&mut self, letter: &str, user: &str, now: Millis) {
        let open = self.desks.0.entry(user.to_owned()).or_default();
        open.retain(|(other, _)| other != letter);
        open.push_back((letter.to_owned(), now));
        while open.len() > OPEN_AT_ONCE {
            open.pop_front();
        }
    }

    /// Who works on what, by name: as far as this person may know of the letters.
    ///
    /// # Errors
    /// When SQLite refuses.
    pub fn at_work(&self, seer: &Seer, now: Millis) -> Result<Vec<AtWork>, StoreError> {
        let mut all = Vec::new();
        for (user, open) in &self.desks.0 {
            let (mut letters, mut since) = (Vec::new(), Millis(0));
            for (letter, at) in open {
                if now.0 - at.0 < OPEN_FOR_MS && self.may_know(seer, letter)? {
                    letters.push(letter.clone());
                    since = since.max(*at);
                }
            }
            if !letters.is_empty() {
                all.push(AtWork {
                    user: user.clone(),
                    letters,
                    since,
                });
            }
        }
        all.sort_by(|a, b| a.user.cmp(&b.user));
        Ok(all)
    }

    /// Who else has a letter open, and since when.
    pub fn who_is_at(&self, letter: &str, but: &str, now: Millis) -> Option<(String, Millis)> {
        let others = self.desks.0.iter().filter(|(user, _)| *user != but);
        others
            .flat_map(|(user, open)| open.iter().map(move |(id, at)| (user, id, *at)))
            .find(|(_, id, at)| *id == letter && now.0 - at.0 < OPEN_FOR_MS)
            .map(|(user, _, at)| (user.clone(), at))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::Db;

    fn somebody() -> Db {
        Db::open(&tempfile::tempdir().expect("a folder").path().join("db")).expect("it opens")
    }

    #[test]
    fn a_letter_is_somebodys_until_he_goes_on_or_stays_away() {
        let mut db = somebody();
        let at = |minutes: i64| Millis(minutes * 60_000);
        db.comes_to("A1", "li", at(0));
        assert_eq!(
            db.who_is_at("A1", "wang", at(5)),
            Some(("li".into(), at(0)))
        );
        assert_eq!(db.who_is_at("A1", "li", at(5)), None, "his own");
        assert_eq!(db.who_is_at("A1", "wang", at(10)), None, "he went away");
        for next in ["A2", "A3"] {
            db.comes_to(next, "li", at(1));
        }
        assert_eq!(db.who_is_at("A1", "wang", at(2)), None, "he went on");
        assert!(db.who_is_at("A3", "wang", at(2)).is_some());
    }
}
