//! Due dates of drafts that wait: which are near or over, and counted again when an officer corrects who wrote and from where, and when the
//! office's rules or its table of holidays are other ones than when the draft was made.

use std::sync::Arc;

use serde_json::json;

use super::drafts::{subject, written};
use super::letter_views::AT_WORK;
use super::{Db, DraftState, StoreError, ledger};
use crate::clock::{self, Millis};
use crate::domain::access::Seer;
use crate::domain::deadline::Profile;
use crate::domain::draft::{Deadline, Draft};

/// So many letters, those that lie here for longest, are looked at for what is due.
const LOOKED_AT: u32 = 500;
const DAY_MS: i64 = 86_400_000;

/// Letters that no case system has registered and whose time is short or over.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Due {
    /// Each with what is due first, in the order of those days.
    pub letters: Vec<(String, Deadline)>,
    /// There may be more than were looked at.
    pub more: bool,
}

impl Db {
    /// Letters of which something is due until so many days after `now`, as far as this person may know what they are about.
    ///
    /// # Errors
    /// When SQLite refuses.
    pub fn due(&self, seer: &Seer, now: Millis, days: u32) -> Result<Due, StoreError> {
        let until = now.0 + i64::from(days) * DAY_MS;
        // Nothing is due of a letter that came later than this; the clock begins with the day of receipt.
        let fewest = self
            .office
            .deadlines
            .as_deref()
            .map_or(0, Profile::fewest_days);
        let came = Millis(until - (i64::from(fewest) - 1) * DAY_MS);
        let mut query = self.connection.prepare_cached(&format!(
            "SELECT d.letter_id FROM drafts d CROSS JOIN letters l ON l.id = d.letter_id CROSS JOIN batches b ON b.id = l.batch_id
             WHERE d.state IN (?1, ?2) AND b.received_ms < ?3 AND {AT_WORK} ORDER BY b.received_ms, d.letter_id LIMIT ?4"
        ))?;
        let waiting = (DraftState::Open, DraftState::Leased, came, LOOKED_AT + 1);
        let mut waiting: Vec<String> = query
            .query_map(waiting, |row| row.get(0))?
            .collect::<Result<_, _>>()?;
        let more = waiting.len() > LOOKED_AT as usize;
        waiting.truncate(LOOKED_AT as usize);
        let mut of_draft = self.connection.prepare_cached(
            "SELECT coalesce(body -> '$.deadlines', '[]') FROM drafts WHERE letter_id = ?1",
        )?;
        let last = Millis(until).day();
        let mut letters = Vec::new();
        for letter in waiting {
            let text: String = of_draft.query_row([&letter], |row| row.get(0))?;
            let deadlines: Vec<Deadline> =
                serde_json::from_str(&text).map_err(|source| StoreError::Document {
                    what: "draft",
                    id: letter.clone(),
                    source,
                })?;
            let first = deadlines.into_iter().min_by(|a, b| a.due.cmp(&b.due));
            if let Some(first) = first.filter(|first| first.due <= last)
                && self.may_know(seer, &letter)?
            {
                letters.push((letter, first));
            }
        }
        letters.sort_by(|(a, x), (b, y)| (&x.due, a).cmp(&(&y.due, b)));
        Ok(Due { letters, more })
    }

    /// Counts by this profile from now on, or by the one that was set in its place, and again for every draft that nobody has confirmed; how many have
    /// other due dates now.
    ///
    /// # Errors
    /// When SQLite refuses; nothing is changed then.
    pub fn count_due_by(&mut self, of_file: Arc<Profile>) -> Result<usize, StoreError> {
        self.office.deadlines_of_file = Some(of_file);
        self.take_office_up_anew()?;
        self.count_due_again()
    }

    /// Counts again for every draft that nobody has confirmed; how many have other due dates now.
    pub(super) fn count_due_again(&mut self) -> Result<usize, StoreError> {
        self.atomically(|db| {
            let mut changed = 0;
            for letter in db.open_drafts()? {
                changed += usize::from(db.count_due_of(&letter)?);
            }
            Ok(changed)
        })
    }

    fn count_due_of(&mut self, letter: &str) -> Result<bool, StoreError> {
        let row = self.draft(letter)?;
        if row.state != DraftState::Open {
            return Ok(false);
        }
        let mut draft = row.draft;
        let before = (draft.deadlines.clone(), draft.deadlines_to_come.clone());
        self.count_due(&mut draft);
        if before == (draft.deadlines.clone(), draft.deadlines_to_come.clone()) {
            return Ok(false);
        }
        self.connection.execute(
            "UPDATE drafts SET body = ?2, updated_ms = ?3 WHERE letter_id = ?1",
            (letter, written(&draft)?, clock::now()),
        )?;
        self.connection.execute(
            "UPDATE letters SET version = version + 1 WHERE id = ?1",
            [letter],
        )?;
        ledger::append(
            &self.connection,
            "task/station",
            "draft.due_again",
            &subject(letter),
            &json!({}),
        )?;
        Ok(true)
    }

    /// Counts a draft's due dates by the office's profile; without one they stay as they are.
    pub(super) fn count_due(&self, draft: &mut Draft) {
        let Some(profile) = &self.office.deadlines else {
            return;
        };
        if let Some(day) = draft.received_at.as_deref().and_then(|at| at.get(..10)) {
            draft.deadlines = profile.due(day, &draft.fields);
        }
        draft.deadlines_to_come = profile.to_come(&draft.fields);
    }
}
