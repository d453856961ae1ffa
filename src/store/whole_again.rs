//! An original that was damaged or away is whole again: its pages that were given up for want of it are read after all. Leaves out letters that somebody
//! confirmed or that a case system has: those went by the paper, and stay as they are.

use serde_json::json;

use super::{Db, StoreError, ledger};
use crate::domain::grouping::hold;

/// Why a page was given up whose original was not to be had.
pub(crate) const ORIGINAL_UNAVAILABLE: &str = "original_unavailable";
const ACTOR: &str = "task/scrub";
const READ_AGAIN: &str = "page.read_again";

impl Db {
    /// Puts the pages with this original that were given up for want of it back among the unread, and answers what was asked of a person about
    /// them; how many.
    ///
    /// # Errors
    /// When SQLite refuses; nothing is changed then.
    pub fn read_again(&mut self, sha256: &str) -> Result<usize, StoreError> {
        self.atomically(|db| {
            let mut again = 0;
            for (page, letter) in db.given_up_without(sha256)? {
                match db.may_regroup(&letter) {
                    Err(StoreError::WrongState { .. }) => continue,
                    other => other?,
                }
                if db.reading_stopped(&letter)? {
                    continue;
                }
                db.connection.execute(
                    "UPDATE pages SET state = 'unread', problem = NULL, attempts = 0 WHERE id = ?1",
                    [page],
                )?;
                db.regrouped(&letter)?;
                let detail = json!({"original": sha256});
                let subject = format!("page/{page}");
                ledger::append(&db.connection, ACTOR, READ_AGAIN, &subject, &detail)?;
                db.answer_for_want_of_originals(&letter)?;
                again += 1;
            }
            Ok(again)
        })
    }

    /// By row number and letter.
    fn given_up_without(&self, sha256: &str) -> Result<Vec<(i64, String)>, StoreError> {
        let mut query = self.connection.prepare_cached(
            "SELECT id, letter_id FROM pages WHERE arrival_id IN (SELECT id FROM arrivals WHERE sha256 = ?1)
             AND state = 'unreadable' AND problem = ?2",
        )?;
        let rows = query.query_map((sha256, ORIGINAL_UNAVAILABLE), |row| {
            Ok((row.get(0)?, row.get(1)?))
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// A page's number may be another by now: the findings go with the last page that wants its original.
    fn answer_for_want_of_originals(&mut self, letter: &str) -> Result<(), StoreError> {
        let wants =
            "SELECT 1 FROM pages WHERE letter_id = ?1 AND state = 'unreadable' AND problem = ?2";
        let still = self
            .connection
            .prepare_cached(wants)?
            .exists((letter, ORIGINAL_UNAVAILABLE))?;
        if still {
            return Ok(());
        }
        for found in self.holds_of(letter)? {
            let detail = found.detail.as_deref().unwrap_or_default();
            if found.reason == hold::PAGE_UNREADABLE && detail.ends_with(ORIGINAL_UNAVAILABLE) {
                self.settle_hold(found.id, ACTOR, "its original is whole again")?;
            }
        }
        Ok(())
    }
}
