//! A folder's last separator sheet with no page behind it. While the batch is open a page may still come; when it is to be closed, a person has to look.

use super::grouping::{NewHold, hold_once};
use super::{Db, News, StoreError};
use crate::clock::Millis;
use crate::domain::grouping::{Separator, hold};

impl Db {
    /// Holds a batch that is to be closed for every folder whose last sheet has no letter behind it, once for each sheet. Says whether one is news. The
    /// sheets of a scan are looked at when that is over.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] for an unknown batch.
    pub fn hold_empty_last_sheets(&mut self, batch: i64) -> Result<News, StoreError> {
        if self.batch(batch)?.closed.is_some() {
            return Ok(News::Known);
        }
        self.atomically(|db| {
            let mut news = News::Known;
            for (separator, seen) in db.last_sheets(batch)? {
                let label = separator.label();
                let is_settled = db
                    .connection
                    .prepare_cached(
                        "SELECT 1 FROM letters WHERE batch_id = ?1 AND group_name = ?2 AND last_arrival_ms >= ?3
                         UNION ALL SELECT 1 FROM holds WHERE batch_id = ?1 AND detail = ?2 AND at_ms >= ?3 AND reason = ?4",
                    )?
                    .exists((batch, &label, seen, hold::LETTER_EMPTY))?;
                if is_settled {
                    continue;
                }
                let new = NewHold {
                    batch,
                    letter: None,
                    scan: None,
                    reason: hold::LETTER_EMPTY,
                    detail: Some(label),
                };
                if hold_once(&db.connection, &new)? == News::New {
                    news = News::New;
                }
            }
            Ok(news)
        })
    }

    fn last_sheets(&self, batch: i64) -> Result<Vec<(Separator, Millis)>, StoreError> {
        let mut query = self.connection.prepare_cached(
            "SELECT run, number, at_ms FROM separators_seen WHERE id IN (
               SELECT max(id) FROM separators_seen WHERE batch_id = ?1 AND scan_id IS NULL AND side = 'front' GROUP BY source)",
        )?;
        let rows = query.query_map([batch], |row| {
            let (run, number) = (row.get(0)?, row.get(1)?);
            Ok((Separator { run, number }, row.get(2)?))
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }
}
