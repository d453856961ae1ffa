//! Pages that readers elsewhere may read, and what becomes of their answers.

use rusqlite::OptionalExtension;
use serde_json::json;

use super::page_kinds::reading_was_stopped;
use super::readings::{INNER, UNREAD, but_for, unread};
use super::{Db, StoreError, UnreadPage};
use crate::domain::letter::Stage;

impl Db {
    /// The pages to lend to readers elsewhere: those behind the first `queue`, which the station reads itself, in the same order; none of `not`, none that
    /// was begun here, none of a letter of which nothing more is to be read.
    ///
    /// # Errors
    /// When SQLite refuses.
    pub fn pages_to_lend(
        &mut self,
        queue: u64,
        not: &[i64],
        most: usize,
    ) -> Result<Vec<UnreadPage>, StoreError> {
        let step = self.connection.savepoint()?;
        let pages: Vec<UnreadPage> = step
            .prepare(&format!(
                "{UNREAD} AND p.attempts = 0 AND {} ORDER BY l.urgent DESC, {INNER}, p.attempts, p.id LIMIT ?1 OFFSET ?2",
                but_for(not)
            ))?
            .query_map((most as i64, queue as i64), unread)?
            .collect::<Result<_, _>>()?;
        let mut lent = Vec::with_capacity(pages.len());
        for page in pages {
            if !reading_was_stopped(&step, &page.letter)? {
                step.execute(
                    "UPDATE letters SET stage = ?2 WHERE id = ?1 AND stage = ?3",
                    (&page.letter, Stage::Reading, Stage::Arriving),
                )?;
                lent.push(page);
            }
        }
        step.commit()?;
        Ok(lent)
    }

    /// A page that is still to be read; `None` once it is read or given up, or its letter withheld.
    ///
    /// # Errors
    /// When SQLite refuses.
    pub fn page_to_read(&self, page: i64) -> Result<Option<UnreadPage>, StoreError> {
        let mut query = self
            .connection
            .prepare_cached(&format!("{UNREAD} AND p.id = ?1"))?;
        Ok(query.query_row([page], unread).optional()?)
    }

    /// A reader elsewhere has read this page.
    ///
    /// # Errors
    /// When SQLite refuses.
    pub fn note_reader(&mut self, page: i64, reader: &str) -> Result<(), StoreError> {
        let detail = json!({"reader": reader});
        self.record(
            "task/read",
            "page.read_elsewhere",
            &format!("page/{page}"),
            &detail,
        )
    }
}
