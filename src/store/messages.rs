//! The outbox as people see it: what stands in it and came back, who may know of it, and what a person sends again.

use rusqlite::OptionalExtension;
use serde_json::json;

use super::alerts::{THREAT_CONFIRMED, THREAT_WITHDRAWN};
use super::drafts::subject;
use super::outbox::{MESSAGE, message};
use super::{Db, Hindrance, Message, StoreError, ledger};
use crate::clock;
use crate::domain::access::Seer;
use crate::domain::alarm::Code;
use crate::domain::outgoing::{Kind, State};

impl Db {
    /// Messages, newest first, with numbers below `before`.
    ///
    /// # Errors
    /// When SQLite refuses.
    pub fn messages(
        &self,
        state: Option<State>,
        before: Option<i64>,
        limit: u32,
    ) -> Result<Vec<Message>, StoreError> {
        let mut query = self.connection.prepare_cached(&format!(
            "{MESSAGE} WHERE (?1 IS NULL OR state = ?1) AND (?2 IS NULL OR id < ?2) ORDER BY id DESC LIMIT ?3"
        ))?;
        let rows = query.query_map((state, before, limit), message)?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// Packages that came back, the newest first, whose letters are at the desk since: the other side refused them, or they could not be written as its
    /// mapping asks. Of one letter, or all.
    ///
    /// # Errors
    /// When SQLite refuses.
    pub fn returned(&self, letter: Option<&str>, limit: u32) -> Result<Vec<Message>, StoreError> {
        let mut query = self.connection.prepare_cached(&format!(
            "{MESSAGE} o WHERE o.state IN (?1, ?2) AND o.kind = ?3 AND (?4 IS NULL OR o.letter_id = ?4)
             AND o.id = (SELECT max(id) FROM outbox m WHERE m.letter_id = o.letter_id AND m.channel = o.channel AND m.kind = o.kind)
             AND EXISTS (SELECT 1 FROM drafts d JOIN letters l ON l.id = d.letter_id
                 WHERE d.letter_id = o.letter_id AND d.state = 'open' AND d.ready_ms IS NULL AND l.withheld IS NULL) ORDER BY o.id DESC LIMIT ?5"
        ))?;
        let asked = (
            State::Rejected,
            State::Unfit,
            Kind::DraftReady,
            letter,
            limit,
        );
        let rows = query.query_map(asked, message)?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// One message.
    ///
    /// # Errors
    /// [`StoreError::NotFound`].
    pub fn message(&self, id: i64) -> Result<Message, StoreError> {
        self.connection
            .query_row(&format!("{MESSAGE} WHERE id = ?1"), [id], message)
            .optional()?
            .ok_or_else(|| StoreError::NotFound {
                what: "message",
                id: id.to_string(),
            })
    }

    /// Whether this seer may know of a message: of its letter, and of the alert where it tells of one.
    ///
    /// # Errors
    /// When SQLite refuses.
    pub fn may_know_of_message(&self, seer: &Seer, message: &Message) -> Result<bool, StoreError> {
        if !self.may_know_of(seer, &message.letter)? {
            return Ok(false);
        }
        let alert = match (message.kind, message.code.as_deref()) {
            (Kind::AlertRaised, _) => self.alert_told(message)?,
            (Kind::Amended, Some(THREAT_CONFIRMED | THREAT_WITHDRAWN)) => {
                self.alert_of(&message.letter, Code::Threat)?
            }
            _ => None,
        };
        match alert {
            Some(alert) => self.may_know_of_alert(seer, &alert),
            None => Ok(true),
        }
    }

    /// A message as this seer may read it: what the other side said of a letter is for whoever sees the letter.
    ///
    /// # Errors
    /// When SQLite refuses.
    pub fn message_for(&self, seer: &Seer, mut message: Message) -> Result<Message, StoreError> {
        if message.result_and_said().1.is_some() && !self.sight(seer, &message.letter)?.is_full() {
            message.result = message.result_and_said().0;
        }
        Ok(message)
    }

    /// How many messages a person has to look at, and how many wait.
    ///
    /// # Errors
    /// When SQLite refuses.
    pub fn message_counts(&self) -> Result<(u32, u32), StoreError> {
        let sql = "SELECT count(*) FILTER (WHERE state IN ('dead', 'rejected', 'unfit')), count(*) FILTER (WHERE state = 'waiting') FROM outbox";
        Ok(self
            .connection
            .query_row(sql, [], |row| Ok((row.get(0)?, row.get(1)?)))?)
    }

    /// A person sends a message again, under its old id; one that was delivered with a reason only.
    ///
    /// # Errors
    /// [`StoreError::NotFound`]; [`StoreError::WrongState`] unless it was given up or refused, or delivered and there is a reason.
    pub fn resend_message(
        &mut self,
        id: i64,
        (by, reason): (&str, Option<&str>),
    ) -> Result<Message, StoreError> {
        self.atomically(|db| {
            let known = db.message(id)?;
            let refused = match (known.state, reason) {
                _ if known.may_go_again() => None,
                (State::Dead, _) | (State::Sent, Some(_)) => None,
                (State::Sent, None) => Some((Hindrance::Delivered, "delivered already")),
                (State::Waiting | State::Staged, _) => Some((Hindrance::Busy, "on its way")),
                (State::Accepted | State::Rejected, _) => {
                    Some((Hindrance::Decided, "answered by a receipt"))
                }
                (State::Unfit, _) => {
                    Some((Hindrance::NotConfirmed, "not to be written as it stands"))
                }
                (State::Dropped, _) => Some((Hindrance::Over, "dropped")),
                (State::KeptBack, _) => {
                    Some((Hindrance::AddresseeAccused, "about a letter that accuses that office"))
                }
            };
            if let Some((why, state)) = refused {
                return Err(StoreError::WrongState {
                    why,
                    what: "message",
                    id: id.to_string(),
                    state: state.to_owned(),
                    action: "send it again",
                });
            }
            db.connection.execute(
                "UPDATE outbox SET state = 'waiting', attempts = 0, next_ms = ?2, done_ms = NULL WHERE id = ?1",
                (id, clock::now()),
            )?;
            let detail = json!({"message": known.message, "kind": known.kind, "channel": known.channel, "was": known.state, "reason": reason});
            ledger::append(&db.connection, by, "message.resent", &subject(&known.letter), &detail)?;
            db.message(id)
        })
    }
}
