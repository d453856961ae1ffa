//! The second signature of an act that two people answer for: a password proved without a session of its own, and who is no second person.

use rusqlite::OptionalExtension;
use serde_json::json;

use super::accounts::{FAILURES_ALLOWED, LOCK_SECONDS, SignIn};
use super::{Db, Role, StoreError, ledger};
use crate::clock;

/// How records name whoever gives commands at the machine.
const COMMAND: &str = "command/";
/// What an account asked a second person to prove, and what he proved.
const TRIED: &str = "proof.tried";
const HELD: &str = "proof.held";

/// How two signatures may be one person's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OneHand {
    /// One account.
    Same,
    /// One of them set the other's password last, or a third account both.
    PasswordSetBy,
}

impl OneHand {
    /// What is said of the first signature, `given` being how: `listed by`.
    pub(super) fn state(self, given: &str) -> String {
        match self {
            Self::Same => format!("{given} the same person"),
            Self::PasswordSetBy => format!(
                "{given} an account that may be the same person's: one of them, or a third account, set a password that whose it is has to change first"
            ),
        }
    }
}

impl Db {
    /// Who set an account's password last: whoever knows it for sure beside its holder. Whoever gives commands at the machine is one person, whatever
    /// account of the operating system he has.
    ///
    /// # Errors
    /// When SQLite refuses.
    fn password_set_by(&self, name: &str) -> Result<Option<String>, StoreError> {
        let mut query = self.connection.prepare_cached(
            "SELECT actor FROM ledger WHERE subject = 'user/' || ?1 AND action IN ('user.added', 'user.password') ORDER BY seq DESC LIMIT 1",
        )?;
        let by: Option<String> = query.query_row([name], |row| row.get(0)).optional()?;
        Ok(by.map(|by| match by.starts_with(COMMAND) {
            true => COMMAND.to_owned(),
            false => by,
        }))
    }

    /// Why two accounts may be one person: they are the same, or one of them set the other's password last, or a third account both: who did that can sign
    /// as both, whichever of them is signed in. The third may be the console of the machine.
    ///
    /// # Errors
    /// When SQLite refuses.
    pub fn one_hand(&self, one: &str, other: &str) -> Result<Option<OneHand>, StoreError> {
        if one == other {
            return Ok(Some(OneHand::Same));
        }
        let (first, second) = (self.password_set_by(one)?, self.password_set_by(other)?);
        let is_set_by_other = first.as_deref() == Some(other) || second.as_deref() == Some(one);
        let is_set_by_third = match first.filter(|first| second.as_ref() == Some(first)) {
            Some(third) => third == COMMAND || self.is_account(&third)?,
            None => false,
        };
        Ok((is_set_by_other || is_set_by_third).then_some(OneHand::PasswordSetBy))
    }

    fn is_account(&self, name: &str) -> Result<bool, StoreError> {
        let mut query = self
            .connection
            .prepare_cached("SELECT 1 FROM users WHERE name = ?1")?;
        Ok(query.exists([name])?)
    }

    /// Begins the proof of a second person whom `by` asked: counted before the password is looked at, against the account that asks. A wrong one does not
    /// lock whoever is named out: he did not type it.
    ///
    /// # Errors
    /// When SQLite refuses.
    pub fn begin_proof(&mut self, by: &str, name: &str) -> Result<SignIn, StoreError> {
        self.atomically(|db| {
            let asker = format!("user/{by}");
            let since = clock::now().plus_seconds(-LOCK_SECONDS);
            let wrong: u32 = db.connection.query_row(
                "SELECT count(*) FILTER (WHERE action = ?2) - count(*) FILTER (WHERE action = ?3) FROM ledger
                 WHERE subject = ?1 AND action IN (?2, ?3) AND at_ms > ?4",
                (&asker, TRIED, HELD, since),
                |row| Ok(row.get::<_, i64>(0)?.try_into().unwrap_or_default()),
            )?;
            ledger::append(&db.connection, by, TRIED, &asker, &json!({}))?;
            if wrong >= FAILURES_ALLOWED {
                return Ok(SignIn::Refused);
            }
            let phc: Option<String> = db
                .connection
                .query_row(
                    "SELECT password FROM users WHERE name = ?1 AND disabled = 0 AND (locked_ms IS NULL OR locked_ms <= ?2)",
                    (name, clock::now()),
                    |row| row.get(0),
                )
                .optional()?;
            Ok(phc.map_or(SignIn::Refused, SignIn::Prove))
        })
    }

    /// The password of [`Db::begin_proof`] was right: no failure of whoever asked. What the account may do.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] when the account was closed meanwhile.
    pub fn proven(&mut self, by: &str, name: &str) -> Result<Role, StoreError> {
        self.atomically(|db| {
            let role: Option<Role> = db
                .connection
                .query_row(
                    "SELECT role FROM users WHERE name = ?1 AND disabled = 0",
                    [name],
                    |row| row.get(0),
                )
                .optional()?;
            let role = role.ok_or_else(|| StoreError::NotFound {
                what: "user",
                id: name.to_owned(),
            })?;
            ledger::append(&db.connection, by, HELD, &format!("user/{by}"), &json!({}))?;
            ledger::append(
                &db.connection,
                name,
                "user.proven",
                &format!("user/{name}"),
                &json!({}),
            )?;
            Ok(role)
        })
    }
}
