//! How long ago something was recorded, as far as the ledger proves it: by the order of its entries and by what it says of the clock (`src/domain/elapsed.rs`).

use rusqlite::OptionalExtension;

use super::set_back::{CONFIRMED, JUMPED_AHEAD, SET_BACK, SUBJECT};
use super::{Db, StoreError};
use crate::clock::{self, Millis};
use crate::domain::elapsed::{Clock, passed_ms};

/// How far a time that is written beside an entry may lie from the entry's own.
const BESIDE_MS: i64 = 2_000;

impl Db {
    /// Since when something has been recorded that was there by these entries, the latest of them, and at this time: never later than now.
    pub(super) fn there_since(&self, entry: Option<i64>, at: Millis) -> Result<Millis, StoreError> {
        let now = clock::now();
        let passed = passed_ms(&self.said_of_clock(now)?, self.place(entry, at)?, now.0);
        Ok(Millis(now.0 - passed))
    }

    /// Where in the ledger it stands, and what the clock showed. Where no entry is known that is as late, it is the last that may have been before.
    fn place(&self, entry: Option<i64>, at: Millis) -> Result<(i64, i64), StoreError> {
        if let Some(entry) = entry {
            let written: i64 = self.connection.query_row(
                "SELECT at_ms FROM ledger WHERE seq = ?1",
                [entry],
                |row| row.get(0),
            )?;
            if written + BESIDE_MS >= at.0 {
                return Ok((entry, written));
            }
        }
        let before: i64 = self.connection.query_row(
            "SELECT coalesce((SELECT seq FROM ledger WHERE at_ms <= ?1 ORDER BY seq DESC LIMIT 1), 0)",
            [at],
            |row| row.get(0),
        )?;
        Ok((before.max(entry.unwrap_or(0)), at.0))
    }

    /// What the ledger says of the clock, and after each set-back the first entry from when it was right again.
    fn said_of_clock(&self, now: Millis) -> Result<Vec<(i64, Clock)>, StoreError> {
        let mut query = self.connection.prepare_cached(
            "SELECT l.seq, l.action, l.detail ->> '$.last_ms', l.detail ->> '$.now_ms',
             coalesce(iif(n.action = ?2, n.detail ->> '$.last_ms', n.at_ms), ?3)
             FROM ledger l LEFT JOIN ledger n ON n.seq = l.seq + 1 WHERE l.subject = ?1 ORDER BY l.seq",
        )?;
        let rows = query.query_map((SUBJECT, JUMPED_AHEAD, now), |row| {
            let (last, showed, next) = (row.get(2)?, row.get(3)?, row.get(4)?);
            let said = match row.get::<_, String>(1)?.as_str() {
                JUMPED_AHEAD => Clock::JumpedAhead { last, showed, next },
                SET_BACK => Clock::SetBack { last },
                CONFIRMED => Clock::Confirmed { at: showed },
                _ => return Ok(None),
            };
            Ok(Some((row.get(0)?, said)))
        })?;
        let mut all: Vec<(i64, Clock)> = rows
            .filter_map(Result::transpose)
            .collect::<Result<_, _>>()?;
        let mut later = self.connection.prepare_cached(
            "SELECT seq, at_ms FROM ledger WHERE seq > ?1 AND at_ms > ?2 AND subject <> ?3 ORDER BY seq LIMIT 1",
        )?;
        for (seq, said) in all.clone() {
            if let Clock::SetBack { last } = said {
                let shows = later.query_row((seq, last, SUBJECT), |row| {
                    Ok((row.get(0)?, Clock::Shows { at: row.get(1)? }))
                });
                all.extend(shows.optional()?);
            }
        }
        all.sort_by_key(|(seq, _)| *seq);
        Ok(all)
    }
}

#[cfg(test)]
#[path = "jumps_tests.rs"]
mod tests;
