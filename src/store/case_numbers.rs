//! Letters that one case system registered under one number. A case may hold several letters; a person should know of it all the same.

use super::{Db, DraftRow, StoreError};
use crate::clock::Millis;

/// A number that stands for more than one letter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SharedCaseNumber {
    /// The number.
    pub case_number: String,
    /// Who registered them under it.
    pub by: String,
    /// The letters, by number.
    pub letters: Vec<String>,
    /// When the last of them was registered.
    pub last: Millis,
}

impl Db {
    /// Other letters that this claimant registered under the number.
    pub(super) fn also_registered_under(
        &self,
        (case_number, by): (&str, &str),
        letter: &str,
    ) -> Result<Vec<String>, StoreError> {
        let mut query = self.connection.prepare_cached(
            "SELECT letter_id FROM drafts WHERE case_number = ?1 AND claimed_by = ?2 AND letter_id <> ?3 AND state = 'acked' ORDER BY letter_id",
        )?;
        let rows = query.query_map((case_number, by, letter), |row| row.get(0))?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// Other letters that the same claimant registered under the number of this one.
    ///
    /// # Errors
    /// When SQLite refuses.
    pub fn sharing_case_number_with(&self, row: &DraftRow) -> Result<Vec<String>, StoreError> {
        match (&row.case_number, &row.claimed_by) {
            (Some(number), Some(by)) => self.also_registered_under((number, by), &row.draft.letter),
            _ => Ok(Vec::new()),
        }
    }

    /// Numbers that stand for more than one letter, the newest first.
    ///
    /// # Errors
    /// When SQLite refuses.
    pub fn shared_case_numbers(&self, limit: u32) -> Result<Vec<SharedCaseNumber>, StoreError> {
        let mut query = self.connection.prepare_cached(
            "SELECT case_number, claimed_by, max(acked_ms) AS last FROM drafts
             WHERE case_number IS NOT NULL AND state = 'acked' GROUP BY case_number, claimed_by HAVING count(*) > 1
             ORDER BY last DESC, case_number LIMIT ?1",
        )?;
        let rows = query.query_map([limit], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?;
        let mut shared = Vec::new();
        for row in rows {
            let (case_number, by, last): (String, String, Millis) = row?;
            let letters = self.also_registered_under((&case_number, &by), "")?;
            shared.push(SharedCaseNumber {
                case_number,
                by,
                letters,
                last,
            });
        }
        Ok(shared)
    }
}
