//! What a case system was shown of a draft, and what it has to be told where it registers one that is another by now: corrected, or withdrawn.

use rusqlite::OptionalExtension;

use super::drafts::{subject, written};
use super::later::PAGE_ADDED;
use super::{AmendmentRow, Db, DraftRow, DraftState, StoreError};
use crate::clock::Millis;
use crate::digest;
use crate::domain::access::Seer;
use crate::domain::draft::Draft;

/// Changes of what is registered, beside `page_added` and those of alerts.
pub(super) const CORRECTED: &str = "corrected";
pub(super) const WITHDRAWN: &str = "withdrawn";
pub(super) const REINSTATED: &str = "reinstated";

/// Which of the drafts that it was handed a case system registers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Handed {
    /// The last one.
    Last,
    /// One before: the package that says so was followed by another.
    Before,
}

/// A draft's content, whoever confirmed it. The draft stays as it is; a copy of it would cost as much as the hash.
pub(super) fn content(draft: &mut Draft) -> Result<String, StoreError> {
    let confirmed = draft.confirmed.take();
    let text = written(draft);
    draft.confirmed = confirmed;
    Ok(digest::sha256_hex(text?.as_bytes()))
}

/// The draft `d` is another's than this: leased or registered. A lease that ran out is nobody's.
pub(super) fn held_by_another(than: &str) -> String {
    format!(
        "d.claimed_by <> {than} AND (d.state = 'acked' OR d.state = 'leased'
         AND (d.claimed_by LIKE 'exchange/%' OR d.claimed_by LIKE 'office/%' OR d.lease_ms > CAST(unixepoch('subsec') * 1000 AS INTEGER)))"
    )
}

impl Db {
    /// Whether a draft that was claimed is still this claimant's under this lease: that runs, it was not given back, and it may still be shown.
    ///
    /// # Errors
    /// When SQLite refuses.
    pub fn is_leased(&self, seer: &Seer, letter: &str, lease: &str) -> Result<bool, StoreError> {
        let mut query = self.connection.prepare_cached(
            "SELECT 1 FROM drafts d JOIN letters l ON l.id = d.letter_id
             WHERE d.letter_id = ?1 AND d.state = 'leased' AND d.claimed_by = ?2 AND d.lease = ?3
             AND d.lease_ms > CAST(unixepoch('subsec') * 1000 AS INTEGER) AND l.withheld IS NULL",
        )?;
        Ok(query.exists((letter, &seer.actor, lease))?
            && !self.is_kept_from_office_of(seer, letter)?)
    }

    /// Whether another case system has this letter, leased or registered: of that none hears.
    pub(super) fn is_held_by_another(&self, actor: &str, letter: &str) -> Result<bool, StoreError> {
        let mut query = self.connection.prepare_cached(&format!(
            "SELECT 1 FROM drafts d WHERE d.letter_id = ?2 AND {}",
            held_by_another("?1")
        ))?;
        Ok(query.exists((actor, letter))?)
    }

    /// Whether the draft still is what this claimant was handed. As long as a lease runs nothing is corrected.
    pub(super) fn is_as_handed(
        &self,
        row: &mut DraftRow,
        by: &str,
        handed: Handed,
    ) -> Result<bool, StoreError> {
        if handed == Handed::Before || row.state != DraftState::Open {
            return Ok(handed == Handed::Last);
        }
        let shown: Option<Option<String>> = self
            .connection
            .prepare_cached(
                "SELECT detail ->> '$.draft' FROM ledger WHERE subject = ?1 AND action = 'draft.claimed' AND actor = ?2
                 ORDER BY seq DESC LIMIT 1",
            )?
            .query_row((subject(&row.draft.letter), by), |row| row.get(0))
            .optional()?;
        Ok(shown.flatten() == Some(content(&mut row.draft)?))
    }

    /// Whether what is registered is not what the letter is by now, as far as the case system may know of it: it does not know it yet, or nobody has confirmed it.
    ///
    /// # Errors
    /// [`StoreError::NotFound`].
    pub fn is_changed_since_claim(&self, seer: &Seer, letter: &str) -> Result<bool, StoreError> {
        let row = self.draft(letter)?;
        if row.state != DraftState::Acked {
            return Ok(false);
        }
        let tells = [CORRECTED, WITHDRAWN, PAGE_ADDED];
        let is_told = |change: AmendmentRow| tells.contains(&change.kind.as_str());
        let mut changes = self.open_amendments_of(&seer.actor, letter)?.into_iter();
        Ok(row.ready.is_none() || changes.any(is_told))
    }

    /// When a draft was made: once it is handed over it stays as it is, whatever page is read since.
    ///
    /// # Errors
    /// When SQLite refuses.
    pub fn draft_made(&self, row: &DraftRow) -> Result<Millis, StoreError> {
        let mut query = self.connection.prepare_cached(
            "SELECT at_ms FROM ledger WHERE subject = ?1 AND action IN ('draft.made', 'draft.made_early') ORDER BY seq DESC LIMIT 1",
        )?;
        let made = query.query_row([subject(&row.draft.letter)], |row| row.get(0));
        Ok(made.optional()?.unwrap_or(row.created))
    }
}
