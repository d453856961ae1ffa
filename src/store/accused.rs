//! What follows when a person names whom a letter accuses: it is restricted, and taken back from the system of an office that is accused.
//! Recusals and the addressee's conflict follow with every correction, in `store/drafts.rs`.

use serde_json::json;

use super::drafts::subject;
use super::{Db, DraftRow, DraftState, Hindrance, StoreError, ledger};
use crate::domain::access::{Restricted, goes_to_accused};
use crate::domain::correct::Corrections;
use crate::domain::draft::Accused;

impl Db {
    /// Takes a leased draft back from the system of the office that it accuses, as it would stand corrected. From anybody else it is not taken:
    /// he may be registering it this moment.
    pub(super) fn take_back_if_accused(
        &mut self,
        letter: &str,
        corrections: &Corrections,
        by: &str,
    ) -> Result<(), StoreError> {
        if corrections.accused.is_none() {
            return Ok(());
        }
        let row = match self.draft(letter) {
            Ok(row) if row.state == DraftState::Leased => row,
            Ok(_) | Err(StoreError::NotFound { .. }) => return Ok(()),
            Err(error) => return Err(error),
        };
        let mut corrected = row.draft;
        corrected.correct(corrections)?;
        let holder = row.claimed_by.unwrap_or_default();
        let unit = self.unit_of(&holder)?;
        if !goes_to_accused(&corrected.fields, unit.as_deref()) {
            return Ok(());
        }
        self.connection.execute(
            "UPDATE drafts SET state = 'open', claimed_by = NULL, lease = NULL, lease_ms = NULL, ready_ms = NULL
             WHERE letter_id = ?1",
            [letter],
        )?;
        let detail = json!({"from": holder});
        ledger::append(
            &self.connection,
            by,
            "draft.taken_back",
            &subject(letter),
            &detail,
        )
    }

    /// What was taken back from this claimant is not registered by him afterwards.
    pub(super) fn not_taken_back_from(&self, row: &DraftRow, by: &str) -> Result<(), StoreError> {
        let unit = self.unit_of(by)?;
        if row.state == DraftState::Open && goes_to_accused(&row.draft.fields, unit.as_deref()) {
            return Err(StoreError::WrongState {
                why: Hindrance::TakenBack,
                what: "draft",
                id: row.draft.letter.clone(),
                state: "taken back: it accuses the office or the person that it would go to".into(),
                action: "acknowledge",
            });
        }
        Ok(())
    }

    /// Whom a person names restricts the letter, also after an officer had opened it to everybody: he did not know of this one.
    pub(super) fn restrict_named(
        &mut self,
        letter: &str,
        (before, now): (&[Accused], &[Accused]),
        by: &str,
    ) -> Result<(), StoreError> {
        let is_new = |one: &Accused| before.iter().all(|known| known.name != one.name);
        if !now.iter().any(is_new) {
            return Ok(());
        }
        match self.restriction(letter)? {
            Some(known) if known.holds && known.why != Restricted::Sensitive => Ok(()),
            _ => self.restrict(letter, Restricted::Accusation, (by, "")),
        }
    }
}
