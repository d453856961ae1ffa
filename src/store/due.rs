//! Due dates of drafts that wait: counted again when an officer corrects who wrote and from where, and when the office's rules or its table
//! of holidays are other ones than when the draft was made.

use serde_json::json;

use super::drafts::{subject, written};
use super::{Db, DraftState, StoreError, ledger};
use crate::clock;
use crate::domain::deadline::Profile;
use crate::domain::draft::Draft;

impl Db {
    /// Counts by this profile from now on, and again for every draft that nobody has confirmed; how many have other due dates now.
    ///
    /// # Errors
    /// When SQLite refuses; nothing is changed then.
    pub fn count_due_by(&mut self, profile: Profile) -> Result<usize, StoreError> {
        self.deadlines = Some(profile);
        self.atomically(|db| {
            let open: Vec<String> = {
                let mut query = db.connection.prepare_cached(
                    "SELECT letter_id FROM drafts WHERE confirmed_ms IS NULL AND state <> 'acked' ORDER BY letter_id",
                )?;
                let rows = query.query_map([], |row| row.get(0))?;
                rows.collect::<Result<_, _>>()?
            };
            let mut changed = 0;
            for letter in open {
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
        let Some(profile) = &self.deadlines else {
            return;
        };
        if let Some(day) = draft.received_at.as_deref().and_then(|at| at.get(..10)) {
            draft.deadlines = profile.due(day, &draft.fields);
        }
        draft.deadlines_to_come = profile.to_come(&draft.fields);
    }
}
