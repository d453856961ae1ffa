//! The second signature of an act that two people answer for: a password proved without a session of its own, and who is no second person.

use rusqlite::OptionalExtension;
use serde_json::json;

use super::{Db, Role, StoreError, ledger};

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
    /// Who set an account's password last: whoever knows it for sure beside its holder.
    ///
    /// # Errors
    /// When SQLite refuses.
    fn password_set_by(&self, name: &str) -> Result<Option<String>, StoreError> {
        let mut query = self.connection.prepare_cached(
            "SELECT actor FROM ledger WHERE subject = 'user/' || ?1 AND action IN ('user.added', 'user.password') ORDER BY seq DESC LIMIT 1",
        )?;
        Ok(query.query_row([name], |row| row.get(0)).optional()?)
    }

    /// Why two accounts may be one person: they are the same, or one of them set the other's password last, or a third account both: who did that can sign
    /// as both, whichever of them is signed in. Who works at the machine's own console has every password anyway.
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
            Some(third) => self.is_account(&third)?,
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

    /// The password of [`Db::begin_sign_in`] was right: forgets the failures, without a session. What the account may do.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] when the account was closed meanwhile.
    pub fn proven(&mut self, name: &str) -> Result<Role, StoreError> {
        self.atomically(|db| {
            let changed = db.connection.execute(
                "UPDATE users SET failures = 0, locked_ms = NULL WHERE name = ?1 AND disabled = 0",
                [name],
            )?;
            if changed == 0 {
                return Err(StoreError::NotFound {
                    what: "user",
                    id: name.to_owned(),
                });
            }
            ledger::append(
                &db.connection,
                name,
                "user.proven",
                &format!("user/{name}"),
                &json!({}),
            )?;
            let role = "SELECT role FROM users WHERE name = ?1";
            Ok(db.connection.query_row(role, [name], |row| row.get(0))?)
        })
    }
}
