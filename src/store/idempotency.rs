//! Idempotency keys: the answer is stored in the same transaction as the effect, so a repeated request never acts twice,
//! not even after a power cut between the effect and the answer.

use rusqlite::OptionalExtension;

use super::{Db, StoreError};
use crate::clock;

/// Keys are forgotten after this long: thirty days.
const KEPT_SECONDS: i64 = 30 * 24 * 3600;

/// A request that may be repeated.
#[derive(Debug, Clone)]
pub struct RequestKey {
    /// Who asks; two callers may use the same key.
    pub actor: String,
    /// The `Idempotency-Key`.
    pub key: String,
    /// SHA-256 of method, path and body.
    pub request: String,
}

/// An answer as it was given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answered {
    /// HTTP status.
    pub status: u16,
    /// JSON text; empty for none.
    pub body: String,
}

impl Db {
    /// Does `work` once for this key: a repetition gets the stored answer. Refusals are not stored; they changed nothing.
    ///
    /// # Errors
    /// What `work` returns, or [`StoreError::KeyReused`] when the key came with another request before.
    pub fn once(
        &mut self,
        key: Option<&RequestKey>,
        work: impl FnOnce(&mut Self) -> Result<Answered, StoreError>,
    ) -> Result<Answered, StoreError> {
        self.once_or(key, work, |_, answered| Ok(answered))
    }

    /// The same, where a repetition is told of the stored answer only what `again` leaves.
    ///
    /// # Errors
    /// As [`Db::once`].
    pub fn once_or(
        &mut self,
        key: Option<&RequestKey>,
        work: impl FnOnce(&mut Self) -> Result<Answered, StoreError>,
        again: impl FnOnce(&Self, Answered) -> Result<Answered, StoreError>,
    ) -> Result<Answered, StoreError> {
        self.atomically(|db| {
            let Some(key) = key else {
                return work(db);
            };
            if let Some(answered) = db.answered(key)? {
                return again(db, answered);
            }
            let answered = work(db)?;
            db.keep_answer(key, &answered)?;
            Ok(answered)
        })
    }

    /// The answer given before.
    ///
    /// # Errors
    /// [`StoreError::KeyReused`] when it was given to another request.
    pub fn answered(&self, key: &RequestKey) -> Result<Option<Answered>, StoreError> {
        let found: Option<(String, Answered)> = self
            .connection
            .prepare_cached("SELECT request, status, body FROM idempotency WHERE actor = ?1 AND key = ?2 AND at_ms > ?3")?
            .query_row(
                (&key.actor, &key.key, clock::now().plus_seconds(-KEPT_SECONDS)),
                |row| Ok((row.get(0)?, Answered { status: row.get(1)?, body: row.get(2)? })),
            )
            .optional()?;
        match found {
            Some((request, _)) if request != key.request => Err(StoreError::KeyReused),
            found => Ok(found.map(|(_, answered)| answered)),
        }
    }

    /// Forgets kept answers that show this letter's content: whoever repeats such a request is answered anew.
    pub(super) fn forget_answers(&self, letter: &str) -> Result<(), StoreError> {
        let quoted = serde_json::Value::from(letter).to_string();
        self.connection.execute(
            "DELETE FROM idempotency WHERE instr(body, ?1) > 0",
            [quoted],
        )?;
        Ok(())
    }

    /// Keeps an answer for repetitions.
    ///
    /// # Errors
    /// When SQLite refuses.
    pub fn keep_answer(&mut self, key: &RequestKey, answered: &Answered) -> Result<(), StoreError> {
        let now = clock::now();
        self.connection
            .prepare_cached("DELETE FROM idempotency WHERE at_ms <= ?1")?
            .execute([now.plus_seconds(-KEPT_SECONDS)])?;
        self.connection
            .prepare_cached(
                "INSERT INTO idempotency (actor, key, request, status, body, at_ms) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
            )?
            .execute((&key.actor, &key.key, &key.request, answered.status, &answered.body, now))?;
        Ok(())
    }
}
