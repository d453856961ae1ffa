//! A wall clock that stands behind what is on record already. Every time that is written then is wrong: nothing is begun, closed or handed over, and files
//! stay where they are, until the clock is right again or an officer says that it is (then what was on record before was written by a clock that was
//! ahead). Which came first is the ledger's to say: its numbers, and within a run the clock that never jumps.
//!
//! One that stands far ahead of what is on record may be right: the machine was off, or its clock was behind until now. Work goes on, but
//! nothing is destroyed because its time is over, and no draft is leased: another's lease would have run out by it. Nor is the jump ever counted as time that passed, whatever is confirmed (`src/store/jumps.rs`).
//!
//! ```text
//! right ── earlier than the newest entry ──→ set back (clock.set_back) ── later than it again ──→ right
//!   │                                                └── an officer confirms it (clock.confirmed) ──→ right
//!   └── further on than the time that passed ──→ jumped ahead (clock.jumped_ahead) ── earlier again, or confirmed ──→ right
//! ```

use std::time::Instant;

use rusqlite::{Connection, OptionalExtension};
use serde_json::json;

use super::{Db, Hindrance, News, StoreError, ledger, vouch};
use crate::clock::{self, Millis, Moment};
use crate::domain::elapsed::{AHEAD_MS, ALLOWED_MS, returned};

/// A station that was off for longer is told of as well: nothing tells that from a clock that jumped.
const OFF_MS: i64 = 40 * 86_400_000;
/// Releases remembered; a page that was seen before the first of them counts as seen before all.
const REMEMBERED: usize = 1000;

pub(super) const SUBJECT: &str = "clock";
pub(super) const SET_BACK: &str = "clock.set_back";
pub(super) const JUMPED_AHEAD: &str = "clock.jumped_ahead";
pub(super) const CONFIRMED: &str = "clock.confirmed";

/// What the clock says, and what was on record before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SetBack {
    /// By the clock.
    pub now: Millis,
    /// The latest time on record.
    pub last: Millis,
}

/// What is the matter with the clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ClockTrouble {
    /// It is behind what is on record.
    SetBack(SetBack),
    /// It is far ahead of it, and not because the time passed.
    JumpedAhead(SetBack),
}

/// When an entry was written, as far as others are held against it: a clock that jumped ahead for a moment sets nobody back.
pub(super) const WRITTEN: &str =
    "iif(action = 'clock.jumped_ahead', detail ->> '$.last_ms', at_ms)";

/// What the clock should show.
#[derive(Debug, Clone, Copy)]
pub(super) struct Expected {
    since: Moment,
    shown: Millis,
    /// The jump that it followed, while nobody has answered it.
    jump: Option<Jump>,
}

/// A jump ahead that is noted.
#[derive(Debug, Clone, Copy)]
struct Jump {
    /// Its number in the ledger.
    entry: i64,
    /// What the clock should have shown, or showed last.
    last: Millis,
    /// What it showed.
    showed: Millis,
}

impl Expected {
    pub(super) fn from(shown: Millis) -> Self {
        Self {
            since: Moment::now(),
            shown,
            jump: None,
        }
    }

    fn now(self) -> Millis {
        let passed = Moment::now().since(&self.since).as_millis();
        Millis(
            self.shown
                .0
                .saturating_add(i64::try_from(passed).unwrap_or(i64::MAX)),
        )
    }

    /// By what the ledger says since: a jump that was taken back is nothing that the next one begins at.
    fn by(self, connection: &Connection) -> Result<Self, StoreError> {
        match self.jump {
            Some(jump) if taken_back(connection, jump)? => Ok(Self {
                shown: jump.last,
                jump: None,
                ..self
            }),
            _ => Ok(self),
        }
    }
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

/// The newest time on record.
fn on_record(connection: &Connection) -> Result<Option<i64>, StoreError> {
    let newest: Option<i64> = connection
        .prepare_cached(&format!(
            "SELECT {WRITTEN} FROM ledger ORDER BY seq DESC LIMIT 1"
        ))?
        .query_row([], |row| row.get(0))
        .optional()?;
    Ok(newest.max(noted(connection)?))
}

/// Whether the clock is behind what is on record.
pub(super) fn set_back(connection: &Connection) -> Result<Option<SetBack>, StoreError> {
    Ok(behind(clock::now(), on_record(connection)?))
}

/// The newest word on the clock, where that is a jump ahead that is not over by this time.
fn unanswered(connection: &Connection, now: Millis) -> Result<Option<Jump>, StoreError> {
    let newest = connection
        .prepare_cached(
            "SELECT action, seq, detail ->> '$.last_ms', detail ->> '$.now_ms' FROM ledger WHERE subject = ?1 ORDER BY seq DESC LIMIT 1",
        )?
        .query_row([SUBJECT], |row| {
            let (entry, last, showed) = (row.get(1)?, row.get(2)?, row.get(3)?);
            let (last, showed) = (Millis(last), Millis(showed));
            Ok((row.get::<_, String>(0)?, Jump { entry, last, showed }))
        })
        .optional()?;
    Ok(newest.and_then(|(action, jump)| {
        (action == JUMPED_AHEAD && !returned(now.0, jump.showed.0)).then_some(jump)
    }))
}

/// A jump ahead that is noted, that nobody answered, and that is not over.
fn jump_noted(connection: &Connection) -> Result<Option<SetBack>, StoreError> {
    let now = clock::now();
    let jump = unanswered(connection, now)?;
    Ok(jump.map(|Jump { last, .. }| SetBack { now, last }))
}

/// Whether the clock was back when the next entry was written; the jump counts for nothing then.
fn taken_back(connection: &Connection, jump: Jump) -> Result<bool, StoreError> {
    let next = connection
        .prepare_cached(&format!("SELECT {WRITTEN} FROM ledger WHERE seq = ?1 + 1"))?
        .query_row([jump.entry], |row| row.get(0))
        .optional()?;
    Ok(next.is_some_and(|next| returned(next, jump.showed.0)))
}

/// When the newest entry was written, whatever the clock was.
fn newest_written(connection: &Connection) -> Result<Option<i64>, StoreError> {
    let newest = connection
        .prepare_cached("SELECT at_ms FROM ledger ORDER BY seq DESC LIMIT 1")?
        .query_row([], |row| row.get(0));
    Ok(newest.optional()?)
}

/// The newest time on record, where the clock is further beyond it than a station is off.
fn far_beyond(now: Millis, last: Option<i64>) -> Option<SetBack> {
    let last = Millis(last?);
    (now.0 > last.0 + OFF_MS).then_some(SetBack { now, last })
}

fn note_jump(connection: &Connection, found: SetBack) -> Result<(), StoreError> {
    tracing::error!(
        now = found.now.rfc3339(),
        on_record = found.last.rfc3339(),
        "the clock of this machine jumped ahead, or the station was off for long: nothing is destroyed until a person says that it is right"
    );
    let detail = json!({"last_ms": found.last.0, "now_ms": found.now.0});
    ledger::append(connection, "task/station", JUMPED_AHEAD, SUBJECT, &detail)
}

/// Before an entry that would stand behind a later time, or far beyond the last: that the clock went back, or ahead; once. `last` is when the entry before
/// was written.
pub(super) fn note_clock(
    connection: &Connection,
    (action, last): (&str, Option<i64>),
) -> Result<News, StoreError> {
    if [SET_BACK, JUMPED_AHEAD].contains(&action) {
        return Ok(News::Known);
    }
    let now = clock::now();
    if let Some(found) = far_beyond(now, last) {
        // The last time before a set-back that nobody answered may be later.
        let mut last = Some(found.last.0).max(noted(connection)?);
        if jump_noted(connection)?.is_some() {
            // A jump that nobody answered; another one may follow it.
            last = newest_written(connection)?;
        }
        return match far_beyond(now, last) {
            Some(found) => {
                note_jump(connection, found)?;
                Ok(News::New)
            }
            None => Ok(News::Known),
        };
    }
    let Some(found) = behind(now, last) else {
        return Ok(News::Known);
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

    /// What is the matter with the clock, if something is.
    ///
    /// # Errors
    /// When SQLite refuses.
    pub fn clock_trouble(&self) -> Result<Option<ClockTrouble>, StoreError> {
        if let Some(found) = self.clock_set_back()? {
            return Ok(Some(ClockTrouble::SetBack(found)));
        }
        let found = match jump_noted(&self.connection)? {
            Some(found) => Some(found),
            None => self.jumped()?,
        };
        Ok(found.map(ClockTrouble::JumpedAhead))
    }

    /// A jump ahead that is not noted yet.
    fn jumped(&self) -> Result<Option<SetBack>, StoreError> {
        match self.jumped_in_this_run()? {
            Some(found) => Ok(Some(found)),
            None => Ok(far_beyond(clock::now(), on_record(&self.connection)?)),
        }
    }

    fn jumped_in_this_run(&self) -> Result<Option<SetBack>, StoreError> {
        let should = self.clock_shows.by(&self.connection)?.now();
        let now = clock::now();
        Ok((now.0 > should.0 + AHEAD_MS).then_some(SetBack { now, last: should }))
    }

    /// From now on the clock is held against the one that never jumps; a clock that is behind what is on record is expected to be set right.
    pub(super) fn trust_clock(&mut self) -> Result<(), StoreError> {
        let (now, last) = (clock::now(), on_record(&self.connection)?.unwrap_or(0));
        self.clock_shows = Expected {
            jump: unanswered(&self.connection, now)?,
            ..Expected::from(now.max(Millis(last)))
        };
        Ok(())
    }

    /// Looks at the clock, and notes that it jumped.
    ///
    /// # Errors
    /// When SQLite refuses.
    pub fn watch_clock(&mut self) -> Result<Option<ClockTrouble>, StoreError> {
        let trouble = self.clock_trouble()?;
        let not_noted = match trouble {
            // Also one that follows a jump which nobody answered.
            Some(ClockTrouble::JumpedAhead(_)) if jump_noted(&self.connection)?.is_some() => {
                let off = far_beyond(clock::now(), newest_written(&self.connection)?);
                self.jumped_in_this_run()?.or(off)
            }
            Some(ClockTrouble::JumpedAhead(found)) => Some(found),
            _ => None,
        };
        if let Some(found) = not_noted {
            self.atomically(|db| note_jump(&db.connection, found))?;
            // The next one is told from here.
            self.trust_clock()?;
        }
        if trouble.is_none() && clock::now().0 + AHEAD_MS < self.clock_shows.now().0 {
            // It had jumped ahead, and is right again.
            self.trust_clock()?;
        }
        Ok(trouble)
    }

    /// Refuses what is done because its time is over while nobody knows what time it is.
    pub(super) fn time_has_passed(&self, action: &'static str) -> Result<(), StoreError> {
        self.clock_is_right(action)?;
        match self.clock_trouble()? {
            Some(ClockTrouble::JumpedAhead(SetBack { now, last })) => Err(StoreError::WrongState {
                why: Hindrance::ClockJumped,
                what: "the clock of this machine,",
                id: now.rfc3339(),
                state: format!(
                    "far ahead of {}, which it should show or which was written last",
                    last.rfc3339()
                ),
                action,
            }),
            _ => Ok(()),
        }
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

    /// A person says that the clock is right now: that what is on record was written by one that was ahead, or that it is so late by now. Nothing gets
    /// older by that: how long a letter is kept is counted without the jump.
    ///
    /// # Errors
    /// [`StoreError::WrongState`] when the clock is neither behind nor far ahead.
    pub fn confirm_clock(&mut self, by: &str, reason: &str) -> Result<(), StoreError> {
        self.atomically(|db| {
            // A jump that is not noted would count as time that passed.
            db.watch_clock()?;
            let SetBack { now, last } = match db.clock_trouble()? {
                Some(ClockTrouble::SetBack(found)) => {
                    db.go_on_by((found.now, by))?;
                    found
                }
                Some(ClockTrouble::JumpedAhead(found)) => found,
                None => {
                    return Err(StoreError::WrongState {
                        why: Hindrance::Over,
                        what: "the clock of this machine,",
                        id: clock::now().rfc3339(),
                        state: "not behind what is on record, nor far ahead of it".into(),
                        action: "confirm it",
                    });
                }
            };
            let detail = json!({"last_ms": last.0, "now_ms": now.0, "reason": reason});
            ledger::append(&db.connection, by, CONFIRMED, SUBJECT, &detail)?;
            db.trust_clock()
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
        let open = self.open_alerts(u32::MAX)?.into_iter();
        for alert in open.filter(|alert| alert.level_since > now) {
            let id = alert.id.to_string();
            let sql = "UPDATE alerts SET level_ms = ?2 WHERE id = ?1";
            self.connection.execute(sql, (alert.id, now))?;
            let detail = json!({"letter": alert.letter, "code": alert.code, "level": alert.level});
            let what = (by, "alert.clock_confirmed");
            vouch::append(&self.connection, what, (vouch::ALERTS, &id), detail)?;
        }
        // Proposed when, by that clock, the letter's time was over.
        for proposal in self.open_retentions()? {
            if proposal.proposed > now {
                self.drop_proposal(&proposal, by)?;
            }
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
