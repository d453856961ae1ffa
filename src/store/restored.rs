//! A station that was restored from a back-up: case systems may hold or have registered what that back-up does not know of. Nothing is handed out until
//! they have acknowledged it again and an officer says so.
//!
//! ```text
//! going on ── laixin restore (handover.stopped) ──→ stopped ── an officer confirms (handover.reconciled) ──→ going on
//! ```

use rusqlite::OptionalExtension;
use serde_json::json;

use super::units::case_system;
use super::{Db, Hindrance, StoreError, ledger};
use crate::clock::{self, Millis};
use crate::domain::outgoing::{Kind, State};

const SUBJECT: &str = "handover";
const RECONCILED: &str = "handover.reconciled";

/// True unless the hand-over is stopped; for the statements of every way out.
macro_rules! handover_goes_on {
    () => {
        "(SELECT action FROM ledger WHERE subject = 'handover' ORDER BY seq DESC LIMIT 1) IS NOT 'handover.stopped'"
    };
}
pub(super) use handover_goes_on;

/// Whether a restored station has forgotten a package.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Forgotten {
    /// It knows it, or nobody ever laid it down.
    No,
    /// It knows it, of another letter.
    OtherLetter,
    /// It was one of this letter's draft.
    Draft,
    /// It was one of this letter's draft, which has gone out again since, when the hand-over went on.
    Before,
    /// It told of something else.
    NoDraft,
    /// It was one of a letter's draft, and there is none yet of that letter.
    LetterMissing,
    /// Its name does not say what it told.
    KindUnknown,
}

impl Db {
    /// A restored station hands out nothing for now; what happened after the back-up's last entry it does not know.
    pub(super) fn stop_handover(&self, by: &str) -> Result<(), StoreError> {
        let known_until: Option<i64> = self
            .connection
            .query_row(
                "SELECT at_ms FROM ledger ORDER BY seq DESC LIMIT 1",
                [],
                |row| row.get(0),
            )
            .optional()?;
        self.leave_numbers_out()?;
        let detail = json!({"known_until_ms": known_until.unwrap_or(0)});
        ledger::append(&self.connection, by, "handover.stopped", SUBJECT, &detail)
    }

    /// Case systems know numbers that were given after the back-up: a late acknowledgement of one has to find nothing, not what is new under the same number.
    /// New ones begin behind the seconds of this moment, of which none was ever given: fewer are given than seconds pass.
    fn leave_numbers_out(&self) -> Result<(), StoreError> {
        let seconds = clock::now().0 / 1000;
        for table in ["amendments", "alerts"] {
            self.connection.execute(
                "INSERT INTO sqlite_sequence (name, seq) SELECT ?1, 0 WHERE NOT EXISTS (SELECT 1 FROM sqlite_sequence WHERE name = ?1)",
                [table],
            )?;
            self.connection.execute(
                "UPDATE sqlite_sequence SET seq = max(seq, ?2) WHERE name = ?1",
                (table, seconds),
            )?;
        }
        Ok(())
    }

    /// When the last thing happened that a restored station knows of, as long as nobody has said that the case systems acknowledged what came after.
    ///
    /// # Errors
    /// When SQLite refuses.
    pub fn handover_stopped(&self) -> Result<Option<Millis>, StoreError> {
        let newest = self
            .connection
            .prepare_cached(
                "SELECT iif(action = 'handover.stopped', detail ->> '$.known_until_ms', NULL) FROM ledger WHERE subject = ?1
                 ORDER BY seq DESC LIMIT 1",
            )?
            .query_row([SUBJECT], |row| row.get(0))
            .optional()?;
        Ok(newest.flatten())
    }

    /// Refuses what hands something out meanwhile.
    ///
    /// # Errors
    /// [`StoreError::WrongState`].
    pub fn handover_goes_on(&self, action: &'static str) -> Result<(), StoreError> {
        match self.handover_stopped()? {
            None => Ok(()),
            Some(known_until) => Err(StoreError::WrongState {
                why: Hindrance::Restored,
                what: "this station, which knows nothing after",
                id: known_until.rfc3339(),
                state: "restored from a back-up".into(),
                action,
            }),
        }
    }

    /// A person says that every case system has acknowledged again what it registered after the back-up: the hand-over goes on.
    ///
    /// # Errors
    /// [`StoreError::WrongState`] where it is not stopped.
    pub fn reconcile_handover(&mut self, by: &str, reason: &str) -> Result<(), StoreError> {
        self.atomically(|db| {
            let Some(known_until) = db.handover_stopped()? else {
                return Err(StoreError::WrongState {
                    why: Hindrance::Over,
                    what: "the hand-over,",
                    id: clock::now().rfc3339(),
                    state: "not stopped".into(),
                    action: "let it go on",
                });
            };
            let detail = json!({"known_until_ms": known_until.0, "reason": reason});
            ledger::append(&db.connection, by, RECONCILED, SUBJECT, &detail)
        })
    }

    /// Whether a case system may say that it registered a letter which this station does not know to be with it: after a restore, of every letter that is
    /// not kept from it.
    pub(super) fn may_know_better(&self, letter: &str, by: &str) -> Result<bool, StoreError> {
        if self.handover_stopped()?.is_none() {
            return Ok(false);
        }
        match self.draft(letter) {
            Ok(_) => Ok(self.conflict(letter)?.is_none()
                && !self.is_kept_from_office_of(&case_system(by), letter)?),
            Err(StoreError::NotFound { .. }) => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Whether this is a package that was laid down after the back-up, and what it told: its name says so. Who answers an alert has registered nothing.
    pub(super) fn forgotten(
        &self,
        (channel, package): (&str, &str),
        letter: Option<&str>,
    ) -> Result<Forgotten, StoreError> {
        let known: Option<String> = self
            .connection
            .prepare_cached("SELECT letter_id FROM outbox WHERE message = ?1")?
            .query_row([package], |row| row.get(0))
            .optional()?;
        match (known, letter) {
            (Some(known), Some(letter)) if known != letter => return Ok(Forgotten::OtherLetter),
            (Some(_), _) => return Ok(Forgotten::No),
            (None, _) if !self.was_restored()? => return Ok(Forgotten::No),
            (None, _) => {}
        }
        let letter = match (Kind::of_id(package), letter) {
            (Some(Kind::DraftReady), Some(letter)) => letter,
            (Some(Kind::DraftReady), None) => return Ok(Forgotten::No),
            (Some(_), _) => return Ok(Forgotten::NoDraft),
            (None, _) => return Ok(Forgotten::KindUnknown),
        };
        match self.draft(letter) {
            Ok(_) if self.may_know_better(letter, channel)? => Ok(Forgotten::Draft),
            Ok(_) if self.goes_out_again(letter, channel)? => Ok(Forgotten::Before),
            Ok(_) => Ok(Forgotten::No),
            Err(StoreError::NotFound { .. }) => Ok(Forgotten::LetterMissing),
            Err(error) => Err(error),
        }
    }

    fn was_restored(&self) -> Result<bool, StoreError> {
        let mut query = self.connection.prepare_cached(
            "SELECT 1 FROM ledger WHERE subject = ?1 AND action = 'handover.stopped'",
        )?;
        Ok(query.exists([SUBJECT])?)
    }

    /// Whether a package of this letter lies in the folder, or was fetched out of it, since the hand-over went on.
    fn goes_out_again(&self, letter: &str, channel: &str) -> Result<bool, StoreError> {
        let mut query = self.connection.prepare_cached(
            "SELECT 1 FROM outbox WHERE channel = ?1 AND letter_id = ?2 AND kind = ?3 AND state IN ('staged', 'sent')",
        )?;
        Ok(query.exists((channel, letter, Kind::DraftReady))?)
    }

    /// The package is on record again.
    pub(super) fn know_package_again(
        &self,
        (channel, package): (&str, &str),
        letter: &str,
    ) -> Result<(), StoreError> {
        let sql = "INSERT INTO outbox (message, channel, kind, letter_id, occasion, state, made_ms, next_ms, result)
                   VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?5, ?5, 'placed')";
        let kind = Kind::DraftReady;
        let row = (package, channel, kind, letter, clock::now(), State::Sent);
        self.connection.execute(sql, row)?;
        Ok(())
    }
}
