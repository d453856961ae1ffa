//! Letters as a list of pages says: all its pages and the list itself in one transaction, or nothing.

use super::letters::gate;
use super::{Db, Hindrance, StoreError, TakePage, Taken};
use crate::domain::intake::Gate;
use crate::domain::letter::Stage;

/// What became of a list and its pages.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Indexed {
    /// They belong to these letters now, each named once.
    Letters(Vec<String>),
    /// The gate is shut for one of them; nothing was written.
    NotNow(Gate),
    /// A letter is confirmed or registered; nothing was written.
    LetterClosed {
        /// The letter.
        letter: String,
    },
}

impl Db {
    /// Takes the pages of a list in their order, and the list as a file without pages. What an earlier run took stays as it is.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] for an unknown arrival.
    pub fn take_indexed(&mut self, files: &[TakePage]) -> Result<Indexed, StoreError> {
        self.atomically(|db| {
            for file in files {
                if let Some(shut) = db.shut_for(file)? {
                    return Ok(shut);
                }
            }
            let mut letters = Vec::new();
            for file in files {
                match db.take_page(file)? {
                    Taken::Letter { letter, .. } if !letters.contains(&letter) => {
                        letters.push(letter);
                    }
                    Taken::Letter { .. } | Taken::Already => {}
                    Taken::NotNow(_) | Taken::LetterClosed { .. } => {
                        // Asked above, inside the same transaction.
                        return Err(StoreError::WrongState {
                            why: Hindrance::Over,
                            what: "arrival",
                            id: file.arrival.clone(),
                            state: "refused".into(),
                            action: "take by a list",
                        });
                    }
                }
            }
            Ok(Indexed::Letters(letters))
        })
    }

    /// Why a file cannot be taken now.
    fn shut_for(&self, file: &TakePage) -> Result<Option<Indexed>, StoreError> {
        let found = self.arrival(&file.arrival)?;
        let load = match gate(&self.connection, found.first_seen)? {
            Gate::Enter { load } => load,
            shut => return Ok(Some(Indexed::NotNow(shut))),
        };
        let mut query = self.connection.prepare_cached(
            "SELECT id, stage, withheld IS NOT NULL FROM letters WHERE group_name = ?2 AND batch_id = (SELECT batch_id FROM loads WHERE id = ?1)",
        )?;
        let mut rows = query.query((load, &file.group))?;
        let Some(row) = rows.next()? else {
            return Ok(None);
        };
        let (letter, stage, withheld): (String, Stage, bool) =
            (row.get(0)?, row.get(1)?, row.get(2)?);
        let closed = withheld || matches!(stage, Stage::Confirmed | Stage::Registered);
        Ok(closed.then_some(Indexed::LetterClosed { letter }))
    }
}
