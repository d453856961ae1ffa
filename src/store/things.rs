//! Which letter a thing belongs to: what was enclosed, its paper on loan, a destruction proposed, a hold, an alert.

use rusqlite::OptionalExtension;

use super::{Db, StoreError};

/// A kind of thing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ThingOf {
    /// What was enclosed.
    Valuable,
    /// Paper on loan.
    Loan,
    /// A destruction that was proposed.
    Retention,
    /// What a person has to look at.
    Hold,
    /// What wants a person at once.
    Alert,
    /// What a case system is told.
    Message,
}

impl ThingOf {
    /// As the route says that there is none.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Valuable => "valuable",
            Self::Loan => "loan",
            Self::Retention => "retention",
            Self::Hold => "hold",
            Self::Alert => "alert",
            Self::Message => "message",
        }
    }
}

impl Db {
    /// The letters of a thing: its own, and those that a hold names. None where there is no such thing, or it has none.
    ///
    /// # Errors
    /// When SQLite refuses.
    pub fn letters_of(&self, thing: ThingOf, id: i64) -> Result<Vec<String>, StoreError> {
        let table = match thing {
            ThingOf::Valuable => "valuables",
            ThingOf::Loan => "loans",
            ThingOf::Retention => "retentions",
            ThingOf::Hold => return self.letters_of_hold(id),
            ThingOf::Alert => "alerts",
            ThingOf::Message => "outbox",
        };
        let found: Option<Option<String>> = self
            .connection
            .prepare_cached(&format!("SELECT letter_id FROM {table} WHERE id = ?1"))?
            .query_row([id], |row| row.get(0))
            .optional()?;
        Ok(found.flatten().into_iter().collect())
    }
}
