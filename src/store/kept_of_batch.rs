//! What of a batch is kept from somebody, to be left out of what is counted for him.

use super::days::is_kept_from;
use super::{Db, StoreError};

/// Counts of what is kept from somebody.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct KeptOfBatch {
    /// Letters with a page.
    pub letters: u32,
    /// Their pages.
    pub pages: u32,
    /// The files of those.
    pub files: u32,
    /// Those with something enclosed that only one person has seen.
    pub valuables_unseen: i64,
    /// Those with something enclosed that is not given back.
    pub valuables_not_returned: i64,
}

impl Db {
    /// What of a batch is kept from this person.
    ///
    /// # Errors
    /// When SQLite refuses.
    pub fn kept_of_batch(&self, looks: &str, batch: i64) -> Result<KeptOfBatch, StoreError> {
        let mut query = self.connection.prepare_cached(&format!(
            "SELECT count(DISTINCT l.id), count(*), count(DISTINCT p.arrival_id) FROM letters l JOIN pages p ON p.letter_id = l.id
             WHERE l.batch_id = ?1 AND {}",
            is_kept_from("?2")
        ))?;
        let mut kept = query.query_row((batch, looks), |row| {
            Ok(KeptOfBatch {
                letters: row.get(0)?,
                pages: row.get(1)?,
                files: row.get(2)?,
                ..KeptOfBatch::default()
            })
        })?;
        if kept.letters > 0 {
            (kept.valuables_unseen, kept.valuables_not_returned) =
                self.open_valuables_kept_from(looks, batch)?;
        }
        Ok(kept)
    }
}
