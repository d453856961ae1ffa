//! The second signature of an act that two people answer for: a password proved without a session of its own, and who is no second person.

use rusqlite::OptionalExtension;
use serde_json::json;

use super::accounts::{FAILURES_ALLOWED, LOCK_SECONDS, SignIn};
use super::{Db, Hindrance, Role, StoreError, ledger};
use crate::clock;

/// What an account asked a second person to prove, and what he proved.
const TRIED: &str = "proof.tried";
const HELD: &str = "proof.held";

/// How two signatures may be one person's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OneHand {
    /// One account.
    Same,
    /// This account's password was set by somebody else, who can sign in its name.
    NotChosen(String),
}

impl OneHand {
    /// What stands in the way.
    pub(super) fn why(&self) -> Hindrance {
        match self {
            Self::Same => Hindrance::SamePerson,
            Self::NotChosen(_) => Hindrance::PasswordNotChosen,
        }
    }

    /// What is said of the first signature, `given` being how: `listed by`.
    pub(super) fn state(&self, given: &str) -> String {
        match self {
            Self::Same => format!("{given} the same person"),
            Self::NotChosen(name) => {
                format!("{given} one of two of whom {name} has not chosen his password himself")
            }
        }
    }
}

impl Db {
    /// Whether an account's password is its owner's own: set last by himself. Whoever else set it, at the machine or by an account, can sign in as him.
    ///
    /// # Errors
    /// When SQLite refuses.
    fn has_chosen(&self, name: &str) -> Result<bool, StoreError> {
        let mut query = self.connection.prepare_cached(
            "SELECT actor FROM ledger WHERE subject = 'user/' || ?1 AND action IN ('user.added', 'user.password') ORDER BY seq DESC LIMIT 1",
        )?;
        let by: Option<String> = query.query_row([name], |row| row.get(0)).optional()?;
        // Who never had an account signs nothing.
        Ok(by.is_none_or(|by| by == name))
    }

    /// Why two accounts may be one person: they are the same, or one of them has a password that its owner has not chosen himself.
    ///
    /// # Errors
    /// When SQLite refuses.
    pub fn one_hand(&self, one: &str, other: &str) -> Result<Option<OneHand>, StoreError> {
        if one == other {
            return Ok(Some(OneHand::Same));
        }
        for name in [one, other] {
            if !self.has_chosen(name)? {
                return Ok(Some(OneHand::NotChosen(name.to_owned())));
            }
        }
        Ok(None)
    }

    /// Refuses the first of two signatures to an account whose password somebody else has set: he could give it, and sign as himself afterwards.
    ///
    /// # Errors
    /// [`StoreError::WrongState`].
    pub(super) fn let_sign_first(&self, by: &str, action: &'static str) -> Result<(), StoreError> {
        match self.has_chosen(by)? {
            true => Ok(()),
            false => Err(StoreError::WrongState {
                why: Hindrance::PasswordNotChosen,
                what: "account",
                id: by.to_owned(),
                state: "without a password that its owner has chosen himself".into(),
                action,
            }),
        }
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
