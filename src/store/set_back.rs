//! A wall clock that stands behind what is on record already. Every time that is written then is wrong: nothing is begun, closed or handed over, and files
//! stay where they are, until the clock is right again or an officer says that it is (then what was on record before was written by a clock that was
//! ahead). Which came first is the ledger's to say: its numbers, and within a run the clock that never jumps.
//!
//! ```text
//! right ── earlier than the newest entry ──→ set back (clock.set_back) ── later than it again ──→ right
//!                                                    └── an officer confirms it (clock.confirmed) ──→ right
//! ```

use std::time::Instant;

use rusqlite::{Connection, OptionalExtension};
use serde_json::json;

use super::{AlertsWanted, Db, Hindrance, News, StoreError, ledger, vouch};
use crate::clock::{self, Millis};

/// A time server, or whoever sets a clock by his watch, moves it by less.
const ALLOWED_MS: i64 = 120_000;
/// Releases remembered; a page that was seen before the first of them counts as seen before all.
const REMEMBERED: usize = 1000;

const SUBJECT: &str = "clock";
pub(super) const SET_BACK: &str = "clock.set_back";
const CONFIRMED: &str = "clock.confirmed";

/// What the clock says, and what was on record before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SetBack {
    /// By the clock.
    pub now: Millis,
    /// The latest time on record.
    pub last: Millis,
}

/// The newest time on record, where the clock is behind it by more than is allowed.
fn behind(now: Millis, last: Option<i64>) -> Option<SetBack> {
    let last = Millis(last?);
    (now.0 + ALLOWED_MS < last.0).then_some(SetBack { now, last })
}

/// What a set-back that is noted and not answered goes by.
fn noted(connection: &Connection) -> Result<Option<i64>, StoreError> {
    let newest = connection
        .prepare_cached(
            "SELECT iif(action = ?2, json_extract(detail, '$.last_ms'), NULL) FROM ledger WHERE subject = ?1 ORDER BY seq DESC LIMIT 1",
        )?
        .query_row((SUBJECT, SET_BACK), |row| row.get(0))
        .optional()?;
    Ok(newest.flatten())
}

/// Whether the clock is behind what is on record.
pub(super) fn set_back(connection: &Connection) -> Result<Option<SetBack>, StoreError> {
    let newest: Option<i64> = connection
        .prepare_cached("SELECT at_ms FROM ledger ORDER BY seq DESC LIMIT 1")?
        .query_row([], |row| row.get(0))
        .optional()?;
    Ok(behind(clock::now(), newest.max(noted(connection)?)))
}

/// Before an entry that would stand behind a later time: that the clock went back, once. `last` is when the entry before was written.
pub(super) fn note_set_back(
    connection: &Connection,
    (action, last): (&str, Option<i64>),
) -> Result<News, StoreError> {
    let found = match behind(clock::now(), last) {
        Some(found) if action != SET_BACK => found,
        _ => return Ok(News::Known),
    };
    let last = noted(connection)?.map_or(found.last.0, |noted| noted.max(found.last.0));
    tracing::error!(
        now = found.now.rfc3339(),
        on_record = Millis(last).rfc3339(),
        "the clock of this machine was set back"
    );
    let detail = json!({"last_ms": last, "now_ms": found.now.0});
    ledger::append(connection, "task/station", SET_BACK, SUBJECT, &detail)?;
    Ok(News::New)
}

/// Releases of this run on the clock that never jumps, each with the number of its entry.
#[derive(Debug, Default)]
pub(super) struct Releases(std::collections::VecDeque<(Instant, i64)>);

impl Releases {
    fn note(&mut self, entry: i64) {
        self.0.push_back((clock::monotonic(), entry));
        if self.0.len() > REMEMBERED {
            self.0.pop_front();
        }
    }

    /// The last entry that was there when something was seen, as far as releases go; `newest` is the last one now.
    fn before(&self, seen: Instant, newest: i64) -> i64 {
        let later = self.0.iter().find(|(at, _)| *at > seen);
        later.map_or(newest, |(_, entry)| entry - 1)
    }
}

impl Db {
    /// Whether the clock is behind what is on record.
    ///
    /// # Errors
    /// When SQLite refuses.
    pub fn clock_set_back(&self) -> Result<Option<SetBack>, StoreError> {
        set_back(&self.connection)
    }

    /// Refuses what would be written with a wrong time.
    ///
    /// # Errors
    /// [`StoreError::WrongState`].
    pub fn clock_is_right(&self, action: &'static str) -> Result<(), StoreError> {
        match self.clock_set_back()? {
            None => Ok(()),
            Some(SetBack { now, last }) => Err(StoreError::WrongState {
                why: Hindrance::ClockSetBack,
                what: "the clock of this machine,",
                id: now.rfc3339(),
                state: format!("behind what is on record: {}", last.rfc3339()),
                action,
            }),
        }
    }

    /// A person says that the clock is right now, and that what is on record was written by one that was ahead.
    ///
    /// # Errors
    /// [`StoreError::WrongState`] when the clock is not behind.
    pub fn confirm_clock(&mut self, by: &str, reason: &str) -> Result<(), StoreError> {
        self.atomically(|db| {
            let Some(SetBack { now, last }) = db.clock_set_back()? else {
                return Err(StoreError::WrongState {
                    why: Hindrance::Over,
                    what: "the clock of this machine,",
                    id: clock::now().rfc3339(),
                    state: "not behind what is on record".into(),
                    action: "confirm it",
                });
            };
            db.go_on_by((now, by))?;
            let detail = json!({"last_ms": last.0, "now_ms": now.0, "reason": reason});
            ledger::append(&db.connection, by, CONFIRMED, SUBJECT, &detail)
        })
    }

    /// What waits by a time that lies ahead now would wait until then. Times that tell what happened stay as they were written.
    fn go_on_by(&self, (now, by): (Millis, &str)) -> Result<(), StoreError> {
        // A draft that has a letter's newest page goes on having it, one that lacks it goes on lacking it.
        for sql in [
            "UPDATE drafts SET created_ms = iif(created_ms >= (SELECT last_arrival_ms FROM letters WHERE id = letter_id), ?1, ?1 - 1) WHERE created_ms > ?1",
            "UPDATE letters SET last_arrival_ms = ?1 WHERE last_arrival_ms > ?1",
            // A package that lies in an exchange folder is leased for as long as it lies there.
            "UPDATE drafts SET lease_ms = ?1 WHERE state = 'leased' AND lease_ms > ?1 + 86400000 AND claimed_by NOT IN
             (SELECT channel FROM outbox o WHERE o.letter_id = drafts.letter_id AND o.kind = 'draft.ready')",
            "UPDATE outbox SET next_ms = ?1 WHERE state = 'waiting' AND next_ms > ?1",
            // Signed in by a clock that was ahead: it would last as much longer.
            "DELETE FROM sessions WHERE created_ms > ?1",
        ] {
            self.connection.execute(sql, [now])?;
        }
        let open = self.alerts(0, AlertsWanted::Open, u32::MAX)?.into_iter();
        for alert in open.filter(|alert| alert.level_since > now) {
            let id = alert.id.to_string();
            let sql = "UPDATE alerts SET level_ms = ?2 WHERE id = ?1";
            self.connection.execute(sql, (alert.id, now))?;
            let detail = json!({"letter": alert.letter, "code": alert.code, "level": alert.level});
            let what = (by, "alert.clock_confirmed");
            vouch::append(&self.connection, what, (vouch::ALERTS, &id), detail)?;
        }
        Ok(())
    }

    /// A load was released, or opened under an override, by the newest entry.
    pub(super) fn note_release(&mut self) -> Result<(), StoreError> {
        let entry = ledger::newest(&self.connection)?;
        self.releases.note(entry);
        Ok(())
    }

    /// The last entry that was there when a file was first seen.
    pub(super) fn seen_after(&self, seen: Option<Instant>) -> Result<Option<i64>, StoreError> {
        let newest = ledger::newest(&self.connection)?;
        Ok(seen.map(|seen| self.releases.before(seen, newest)))
    }
}

#[cfg(test)]
#[path = "set_back_tests.rs"]
mod tests;
