//! The outbox: what each channel is told, once for each occasion, until it was told or a person looks. Rows are made out of the tables
//! themselves, so nothing has to be remembered between what happened and the telling of it.
//!
//! A message's id never changes: at least once on the wire, exactly once for a receiver that keeps the ids. What people see of it and do about it is in
//! `store/messages.rs`.

use rusqlite::{Row, ToSql};
use serde_json::json;

use super::drafts::subject;
use super::handed_out::{WITHDRAWN, held_by_another};
use super::later::PAGE_ADDED;
use super::numbers::Numbered;
use super::offered::OFFERED;
use super::{Db, StoreError, ledger};
use crate::clock::{self, Millis};
use crate::domain::outgoing::{Kind, Retry, State};

/// For so long a channel is told of an alert that somebody has decided.
const A_DAY_MS: i64 = 24 * 60 * 60 * 1000;
/// A folder that has taken nothing for so long is out of order: webhooks are told of what it would have had.
const FOLDER_WAIT_MS: i64 = 60 * 1000;
/// Messages made at once at most.
const MOST: u32 = 200;

/// Who is told what.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Channel {
    /// `webhook/ID` or `exchange/ID`.
    pub name: String,
    /// What it wants to hear.
    pub kinds: Vec<Kind>,
    /// Whose case system it is: of letters that accuse it nothing is told.
    pub unit: Option<String>,
    /// Under whose name it holds letters: of what another has it hears nothing. `None` where that is not known.
    pub holder: Option<String>,
}

/// One message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// Number, rising.
    pub id: i64,
    /// Stable id on the wire.
    pub message: String,
    /// Who is told.
    pub channel: String,
    /// What.
    pub kind: Kind,
    /// Of which letter.
    pub letter: String,
    /// Number of the amendment or alert; of a draft the moment it became ready; of an alert that is raised again minus the number of the message before.
    pub occasion: i64,
    /// The number by which case systems know it.
    pub shown: i64,
    /// Of an amendment or alert: its stable code.
    pub code: Option<String>,
    /// Where it stands.
    pub state: State,
    /// When it was made.
    pub made: Millis,
    /// How often it was tried.
    pub attempts: u32,
    /// Not tried before.
    pub next: Millis,
    /// Last tried.
    pub last: Option<Millis>,
    /// Stable code of what came of that; behind a colon what the other side said of it, which may be of the letter.
    pub result: Option<String>,
}

impl Message {
    /// Whether the letter's content goes with it into an exchange folder: not with an alert, nor where the letter was withdrawn.
    pub fn has_content(&self) -> bool {
        match self.kind {
            Kind::DraftReady => true,
            Kind::Amended => self.code.as_deref() != Some(WITHDRAWN),
            Kind::DraftWithdrawn | Kind::AlertRaised => false,
        }
    }

    /// Whether a person may send it again without more: it was given up, or the other side refused it. A refused draft is back at the desk instead, and goes out
    /// once it is confirmed again.
    pub fn may_go_again(&self) -> bool {
        self.state == State::Dead || self.state == State::Rejected && self.kind != Kind::DraftReady
    }

    /// The stable code of what came of it, and what the other side said beside it.
    pub fn result_and_said(&self) -> (Option<String>, Option<String>) {
        match self.result.as_deref().map(|told| told.split_once(": ")) {
            Some(Some((code, said))) => (Some(code.to_owned()), Some(said.to_owned())),
            _ => (self.result.clone(), None),
        }
    }
}

/// When a draft `d` that nobody has became ready last: confirmed, given back, or when its lease ran out.
const READY_AGAIN: &str =
    "CASE d.state WHEN 'leased' THEN max(d.ready_ms, d.lease_ms) ELSE d.ready_ms END";

pub(super) const MESSAGE: &str = "SELECT id, message, channel, kind, letter_id, occasion, code, state, made_ms, attempts, next_ms, last_ms, result FROM outbox";

pub(super) fn message(row: &Row<'_>) -> rusqlite::Result<Message> {
    Ok(Message {
        id: row.get(0)?,
        message: row.get(1)?,
        channel: row.get(2)?,
        kind: row.get(3)?,
        letter: row.get(4)?,
        occasion: row.get(5)?,
        shown: row.get(5)?,
        code: row.get(6)?,
        state: row.get(7)?,
        made: row.get(8)?,
        attempts: row.get(9)?,
        next: row.get(10)?,
        last: row.get(11)?,
        result: row.get(12)?,
    })
}

/// The result of a message to a webhook that wants nothing any more.
pub const GONE: &str = "answered_410";

/// A message to be made.
struct New {
    kind: Kind,
    letter: String,
    occasion: i64,
    code: Option<String>,
}

/// Whether a channel may hear of a letter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Hearing {
    Yes,
    /// The letter accuses the office whose system it is.
    Accused,
    /// Whom it accuses is not known yet, nobody has read it, or an officer has to judge the page first.
    NotYet,
}

impl Db {
    /// Makes the messages that this channel is owed. How many.
    ///
    /// # Errors
    /// When SQLite refuses.
    pub fn queue_messages(
        &mut self,
        channel: &Channel,
        random: fn() -> String,
    ) -> Result<usize, StoreError> {
        let mut owed = Vec::new();
        for kind in &channel.kinds {
            owed.extend(self.owed(channel, *kind)?);
        }
        if owed.is_empty() {
            return Ok(0);
        }
        self.atomically(|db| {
            let mut made = 0;
            for new in owed {
                let state = match db.hearing(
                    (&new.letter, new.kind, new.code.as_deref(), new.occasion),
                    channel.unit.as_deref(),
                )? {
                    Hearing::Yes => State::Waiting,
                    Hearing::Accused => State::KeptBack,
                    Hearing::NotYet => continue,
                };
                db.queue(&channel.name, &new, state, new.kind.id(&random()))?;
                made += 1;
            }
            Ok(made)
        })
    }

    fn queue(&self, channel: &str, new: &New, state: State, id: String) -> Result<(), StoreError> {
        let now = clock::now();
        self.connection
            .prepare_cached(
                "INSERT INTO outbox (message, channel, kind, letter_id, occasion, code, state, made_ms, next_ms)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?8) ON CONFLICT (channel, kind, letter_id, occasion) DO NOTHING",
            )?
            .execute((id, channel, new.kind, &new.letter, new.occasion, &new.code, state, now))?;
        Ok(())
    }

    /// What this channel has no message of yet.
    fn owed(&self, channel: &Channel, kind: Kind) -> Result<Vec<New>, StoreError> {
        let unknown = "NOT EXISTS (SELECT 1 FROM outbox o WHERE o.channel = ?1 AND o.kind = ?2";
        let sql = match kind {
            // Also when a lease ran out: whoever was told before may have come in vain, and whoever had it may have died.
            Kind::DraftReady => format!(
                "SELECT d.letter_id, {READY_AGAIN}, NULL FROM drafts d JOIN letters l ON l.id = d.letter_id
                 WHERE {OFFERED} AND (d.state = 'open' OR d.state = 'leased' AND d.lease_ms <= CAST(unixepoch('subsec') * 1000 AS INTEGER))
                 AND {READY_AGAIN} <= ?4 AND {unknown} AND o.letter_id = d.letter_id AND o.occasion = {READY_AGAIN})
                 ORDER BY l.urgent DESC, d.ready_ms, d.letter_id LIMIT ?3"
            ),
            // What was told last of a letter is that its draft is ready, and it is not.
            Kind::DraftWithdrawn => format!(
                "SELECT t.letter_id, t.id, NULL FROM outbox t JOIN drafts d ON d.letter_id = t.letter_id JOIN letters l ON l.id = t.letter_id
                 WHERE t.channel = ?1 AND t.kind = 'draft.ready' AND t.state NOT IN ('dropped', 'kept_back') AND t.attempts > 0
                 AND t.id = (SELECT max(id) FROM outbox m WHERE m.channel = ?1 AND m.letter_id = t.letter_id AND m.kind = 'draft.ready')
                 AND d.state <> 'acked' AND (l.withheld IS NOT NULL OR d.ready_ms IS NULL OR d.conflict IS NOT NULL)
                 AND {unknown} AND o.letter_id = t.letter_id AND o.occasion = t.id) ORDER BY t.id LIMIT ?3"
            ),
            Kind::Amended => format!(
                "SELECT a.letter_id, a.id, a.kind FROM amendments a JOIN letters l ON l.id = a.letter_id
                 WHERE a.acked_ms IS NULL AND (l.withheld IS NULL OR a.kind = 'withdrawn')
                 AND NOT EXISTS (SELECT 1 FROM holds h WHERE h.letter_id = a.letter_id AND h.resolved_ms IS NULL AND h.reason = 'receipt_contradicts') AND (?4 IS NULL OR EXISTS
                     (SELECT 1 FROM drafts d WHERE d.letter_id = a.letter_id AND d.claimed_by = ?4)) AND {unknown} AND o.letter_id = a.letter_id AND o.occasion = a.id)
                 ORDER BY a.id LIMIT ?3"
            ),
            // Also where a person was faster than this channel; a new channel is not told what was decided long ago.
            // One that is raised again is another occasion: its number is that of the message before, less than nothing.
            Kind::AlertRaised => format!(
                "SELECT a.letter_id, coalesce(-(SELECT max(m.id) FROM outbox m WHERE m.channel = ?1 AND m.kind = ?2 AND m.letter_id = a.letter_id AND m.code = a.code), a.id),
                 a.code FROM alerts a JOIN letters l ON l.id = a.letter_id
                 WHERE (a.acked_ms IS NULL OR a.verdict IS NOT 'false_alarm' AND a.acked_ms > CAST(unixepoch('subsec') * 1000 AS INTEGER) - {A_DAY_MS}) AND a.code <> 'page_kept_back' AND l.withheld IS NULL
                 AND (?4 IS NULL OR NOT EXISTS (SELECT 1 FROM drafts d WHERE d.letter_id = a.letter_id AND {}))
                 AND {unknown} AND o.letter_id = a.letter_id AND o.code = a.code AND o.made_ms >= a.raised_ms) ORDER BY a.id LIMIT ?3",
                held_by_another("?4")
            ),
        };
        let mut query = self.connection.prepare_cached(&sql)?;
        // How many those are that may not be told yet is not known to the query: they would stand before all others.
        let most = match (kind, &channel.unit) {
            (Kind::DraftReady, Some(_)) => u32::MAX,
            _ => MOST,
        };
        let mut bound: Vec<&dyn ToSql> = vec![&channel.name, &kind, &most];
        let left_by_folders = self.left_by_folders();
        match kind {
            Kind::Amended | Kind::AlertRaised => bound.push(&channel.holder),
            Kind::DraftReady => bound.push(&left_by_folders),
            Kind::DraftWithdrawn => {}
        }
        let rows = query.query_map(bound.as_slice(), |row| {
            Ok(New {
                kind,
                letter: row.get(0)?,
                occasion: row.get(1)?,
                code: row.get(2)?,
            })
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// What was ready then and is still open no exchange folder takes: a webhook is not told of what a folder has the second after.
    fn left_by_folders(&self) -> Millis {
        let waited = clock::now().plus_seconds(-FOLDER_WAIT_MS / 1000);
        let taken = |folder: &String| self.taken_until.get(folder).copied();
        let folders = self.offices.folders().iter();
        let slowest = folders.map(|folder| taken(folder).unwrap_or(waited).max(waited));
        slowest.min().unwrap_or(Millis(i64::MAX))
    }

    fn hearing(
        &self,
        (letter, kind, code, occasion): (&str, Kind, Option<&str>, i64),
        unit: Option<&str>,
    ) -> Result<Hearing, StoreError> {
        // Whoever has it already has to hear that it is withdrawn; nothing is said of it but its number.
        if code == Some(WITHDRAWN) {
            return Ok(Hearing::Yes);
        }
        if code == Some(PAGE_ADDED) && self.is_free_to_tell((letter, occasion), unit)? {
            return Ok(Hearing::Yes);
        }
        if code == Some(PAGE_ADDED) && self.keeps_later_pages_from(letter, unit)? {
            return Ok(Hearing::NotYet);
        }
        if unit.is_none() {
            return Ok(Hearing::Yes);
        }
        // What a page raises that just came is told once it is known whom that page accuses.
        if kind == Kind::AlertRaised && !self.is_settled(letter)? {
            return Ok(Hearing::NotYet);
        }
        match self.draft(letter) {
            Ok(row) if self.accuses(letter, &row.draft.fields, unit)? => Ok(Hearing::Accused),
            Ok(row) if kind == Kind::DraftReady && self.is_unread_for(&row.draft, unit)? => {
                Ok(Hearing::NotYet)
            }
            Ok(row) if matches!(kind, Kind::DraftReady | Kind::Amended) => Ok(
                match self.waits_for_word(letter, &row.draft.fields, unit)? {
                    true => Hearing::NotYet,
                    false => Hearing::Yes,
                },
            ),
            Ok(_) => Ok(Hearing::Yes),
            Err(StoreError::NotFound { .. }) => Ok(Hearing::NotYet),
            Err(error) => Err(error),
        }
    }

    /// Messages of a channel whose time has come, alerts before others, oldest first; before a restored station goes on only alerts, which register nothing.
    /// Whether each may still be told is asked again here: what may not is over.
    ///
    /// # Errors
    /// When SQLite refuses.
    pub fn due_messages(
        &mut self,
        channel: &Channel,
        limit: u32,
    ) -> Result<Vec<Message>, StoreError> {
        let due: Vec<Message> = {
            let which = match self.handover_stopped()? {
                Some(_) => "AND kind = 'alert.raised'",
                None => "",
            };
            let mut query = self.connection.prepare_cached(&format!(
                "{MESSAGE} WHERE channel = ?1 AND state = 'waiting' AND next_ms <= ?2 {which} ORDER BY kind <> 'alert.raised', next_ms, id LIMIT ?3"
            ))?;
            let rows = query.query_map((&channel.name, clock::now(), limit), message)?;
            rows.collect::<Result<_, _>>()?
        };
        let mut told = Vec::with_capacity(due.len());
        for mut message in due {
            message.shown = match message.kind {
                Kind::Amended => self.number_shown(Numbered::Amendment, message.occasion)?,
                Kind::AlertRaised => match self.alert_told(&message)? {
                    Some(alert) => self.number_shown(Numbered::Alert, alert.id)?,
                    None => message.occasion,
                },
                Kind::DraftReady | Kind::DraftWithdrawn => message.occasion,
            };
            let about = (
                message.letter.as_str(),
                message.kind,
                message.code.as_deref(),
                message.occasion,
            );
            // Of its own package, which it was given.
            let is_own = message.kind == Kind::DraftWithdrawn
                && channel.holder.as_deref() == Some(&message.channel);
            let unit = channel.unit.as_deref().filter(|_| !is_own);
            let state = match self.hearing(about, unit)? {
                Hearing::Accused => State::KeptBack,
                Hearing::NotYet => continue,
                _ if self.is_over(&message, channel)? => State::Dropped,
                _ => {
                    told.push(message);
                    continue;
                }
            };
            self.end_message(message.id, state, None)?;
        }
        Ok(told)
    }

    /// Drafts that may be handed over and that nobody has: with no way out just now they stand in no message.
    ///
    /// # Errors
    /// When SQLite refuses.
    pub fn left_open(&self) -> Result<u64, StoreError> {
        let mut query = self.connection.prepare_cached(&format!(
            "SELECT count(*) FROM drafts d JOIN letters l ON l.id = d.letter_id WHERE {OFFERED} AND d.state = 'open'"
        ))?;
        let count: i64 = query.query_row([], |row| row.get(0))?;
        Ok(count.unsigned_abs())
    }

    /// Whether a webhook's other side wants nothing any more: one of its messages was given up over that answer, and nobody has sent it again.
    ///
    /// # Errors
    /// When SQLite refuses.
    pub fn is_turned_off(&self, channel: &str) -> Result<bool, StoreError> {
        let mut query = self.connection.prepare_cached(
            "SELECT 1 FROM outbox WHERE channel = ?1 AND state = ?2 AND result = ?3",
        )?;
        Ok(query.exists((channel, State::Dead, GONE))?)
    }

    /// There is nothing to tell any more: a draft that is not offered, or that another has; an alert or amendment that the other side knows.
    fn is_over(&self, message: &Message, channel: &Channel) -> Result<bool, StoreError> {
        if message.kind == Kind::DraftReady
            && let Some(holder) = &channel.holder
            && self.is_held_by_another(holder, &message.letter)?
        {
            return Ok(true);
        }
        let sql = match message.kind {
            Kind::DraftReady => format!(
                "SELECT NOT EXISTS (SELECT 1 FROM drafts d JOIN letters l ON l.id = d.letter_id
                 WHERE d.letter_id = ?1 AND {OFFERED} AND d.state <> 'acked' AND ?2 IN (d.ready_ms, d.lease_ms))"
            ),
            Kind::Amended => {
                "SELECT NOT EXISTS (SELECT 1 FROM amendments WHERE letter_id = ?1 AND id = ?2 AND acked_ms IS NULL)".to_owned()
            }
            Kind::DraftWithdrawn | Kind::AlertRaised => return Ok(false),
        };
        let asked = (&message.letter, message.occasion);
        Ok(self
            .connection
            .prepare_cached(&sql)?
            .query_row(asked, |row| row.get(0))?)
    }

    fn end_message(&self, id: i64, state: State, result: Option<&str>) -> Result<(), StoreError> {
        self.connection
            .prepare_cached("UPDATE outbox SET state = ?2, done_ms = ?3, result = coalesce(?4, result) WHERE id = ?1")?
            .execute((id, state, clock::now(), result))?;
        Ok(())
    }

    /// The other side has it.
    ///
    /// # Errors
    /// When SQLite refuses.
    pub fn message_sent(&mut self, message: &Message, result: &str) -> Result<(), StoreError> {
        self.atomically(|db| {
            db.connection.execute(
                "UPDATE outbox SET attempts = attempts + 1, last_ms = ?2 WHERE id = ?1",
                (message.id, clock::now()),
            )?;
            db.end_message(message.id, State::Sent, Some(result))?;
            db.note_message(message, "message.sent", &message.channel)
        })
    }

    /// An attempt failed: it is tried again, or a person has to look. Where it stands then.
    ///
    /// # Errors
    /// When SQLite refuses.
    pub fn message_failed(
        &mut self,
        message: &Message,
        (result, asked_s): (&str, Option<u64>),
        (retry, chance): (Option<Retry>, u64),
    ) -> Result<State, StoreError> {
        self.atomically(|db| {
            let now = clock::now();
            let failed = message.attempts + 1;
            let pause = retry.and_then(|retry| retry.pause_ms(failed, chance, asked_s));
            let state = if pause.is_some() { State::Waiting } else { State::Dead };
            db.connection.execute(
                "UPDATE outbox SET attempts = ?2, last_ms = ?3, next_ms = ?4, result = ?5 WHERE id = ?1",
                (message.id, failed, now, Millis(now.0 + pause.unwrap_or(0)), result),
            )?;
            if state == State::Dead {
                db.connection.execute("UPDATE outbox SET state = ?2 WHERE id = ?1", (message.id, state))?;
                db.note_message(message, "message.given_up", &message.channel)?;
            }
            Ok(state)
        })
    }

    pub(super) fn note_message(
        &self,
        message: &Message,
        action: &str,
        by: &str,
    ) -> Result<(), StoreError> {
        let detail =
            json!({"message": message.message, "kind": message.kind, "channel": message.channel});
        ledger::append(
            &self.connection,
            by,
            action,
            &subject(&message.letter),
            &detail,
        )
    }
}
