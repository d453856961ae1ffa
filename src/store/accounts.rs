//! People, their sessions, and machine tokens. Passwords arrive here hashed; cookies and tokens are kept as SHA-256 only.

use rusqlite::{OptionalExtension, Row};
use serde_json::json;

use super::{Db, Hindrance, Store, StoreError, ledger};
use crate::clock::{self, Millis};
use crate::digest;
use crate::domain::access::{Role, Scope};

/// Wrong passwords in a row before an account is locked.
pub const FAILURES_ALLOWED: u32 = 5;
/// How long an account stays locked.
pub const LOCK_SECONDS: i64 = 600;
/// A session's end is moved at most this often, so that reading a page is not a write.
const RENEW_AFTER_MS: i64 = 60_000;

/// An account as it is listed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct User {
    /// Name.
    pub name: String,
    /// Role.
    pub role: Role,
    /// When it was made.
    pub created: Millis,
    /// May not sign in.
    pub disabled: bool,
    /// No sign-in before this.
    pub locked_until: Option<Millis>,
}

/// A session that holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Session {
    /// Who.
    pub user: String,
    /// As what.
    pub role: Role,
    /// What unsafe calls must carry beside the cookie.
    pub csrf: String,
    /// Ends then unless used.
    pub expires: Millis,
}

/// A machine token as it is listed; the token itself is not kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Token {
    /// Name.
    pub name: String,
    /// What it may do.
    pub scope: Scope,
    /// When it was made.
    pub created: Millis,
    /// Holds until.
    pub expires: Option<Millis>,
    /// Taken back at.
    pub revoked: Option<Millis>,
    /// Whose case system it is: nothing that accuses it is handed to it.
    pub unit: Option<String>,
    /// The client certificate without which it does not hold: a name or a SHA-256.
    pub certificate: Option<String>,
}

/// A token to be made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewToken {
    /// Name.
    pub name: String,
    /// What it may do.
    pub scope: Scope,
    /// Holds until.
    pub expires: Option<Millis>,
    /// Whose case system it is.
    pub unit: Option<String>,
    /// The client certificate that it belongs to: a name or a SHA-256, as `api::tls::tie` writes it.
    pub certificate: Option<String>,
}

/// How long a session holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lasting {
    /// Without being used.
    pub idle_minutes: i64,
    /// However much it is used.
    pub longest_hours: i64,
}

/// What a sign-in begins with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SignIn {
    /// The password to prove, as PHC string.
    Prove(String),
    /// Nobody of that name, or disabled or locked: whoever asks must not learn which.
    Refused,
}

fn user(row: &Row<'_>) -> rusqlite::Result<User> {
    Ok(User {
        name: row.get(0)?,
        role: row.get(1)?,
        created: row.get(2)?,
        disabled: row.get(3)?,
        locked_until: row.get(4)?,
    })
}

fn token(row: &Row<'_>) -> rusqlite::Result<Token> {
    Ok(Token {
        name: row.get(0)?,
        scope: row.get(1)?,
        created: row.get(2)?,
        expires: row.get(3)?,
        revoked: row.get(4)?,
        unit: row.get(5)?,
        certificate: row.get(6)?,
    })
}

impl Store {
    /// As [`Db::session`]; a disk that takes nothing throws nobody out: the session then holds as long as it was to last.
    ///
    /// # Errors
    /// When SQLite refuses.
    pub async fn session(
        &self,
        cookie: String,
        lasting: Lasting,
    ) -> Result<Option<Session>, StoreError> {
        let sought = cookie.clone();
        match self.with(move |db| db.session(&sought, lasting)).await {
            Err(error) if error.is_full() => {
                let found = self
                    .look(move |db| db.found_session(&cookie, lasting))
                    .await?;
                Ok(found.map(|(session, _)| session))
            }
            answered => answered,
        }
    }
}

impl Db {
    /// Adds an account.
    ///
    /// # Errors
    /// [`StoreError::WrongState`] when the name is taken.
    pub fn add_user(
        &mut self,
        name: &str,
        role: Role,
        password_phc: &str,
        by: &str,
    ) -> Result<(), StoreError> {
        self.atomically(|db| {
            let added = db.connection.execute(
                "INSERT INTO users (name, role, password, created_ms, password_ms) VALUES (?1, ?2, ?3, ?4, ?4) ON CONFLICT DO NOTHING",
                (name, role, password_phc, clock::now()),
            )?;
            if added == 0 {
                return Err(taken("user", name));
            }
            ledger::append(&db.connection, by, "user.added", &format!("user/{name}"), &json!({"role": role}))?;
            db.keep_own_from(name)
        })
    }

    /// Every account by name.
    ///
    /// # Errors
    /// When SQLite refuses.
    pub fn users(&self) -> Result<Vec<User>, StoreError> {
        let mut query = self.connection.prepare_cached(
            "SELECT name, role, created_ms, disabled, locked_ms FROM users ORDER BY name",
        )?;
        let rows = query.query_map([], user)?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// The password was right, though it opens nothing: its attempts do not count towards the lock.
    ///
    /// # Errors
    /// When SQLite refuses.
    pub fn forget_failures(&mut self, name: &str) -> Result<(), StoreError> {
        self.connection.execute(
            "UPDATE users SET failures = 0, locked_ms = NULL WHERE name = ?1",
            [name],
        )?;
        Ok(())
    }

    /// How many milliseconds ago the account's password was set; of an account of an older laixin, how long ago it was made.
    ///
    /// # Errors
    /// [`StoreError::NotFound`].
    pub fn password_age_ms(&self, name: &str) -> Result<i64, StoreError> {
        let set: Option<Millis> = self
            .connection
            .query_row(
                "SELECT coalesce(password_ms, created_ms) FROM users WHERE name = ?1",
                [name],
                |row| row.get(0),
            )
            .optional()?;
        match set {
            Some(set) => Ok(clock::now().0 - set.0),
            None => found(0, "user", name).map(|()| 0),
        }
    }

    /// Gives an account another password, unlocks it, and ends its sessions.
    ///
    /// # Errors
    /// [`StoreError::NotFound`].
    pub fn set_password(
        &mut self,
        name: &str,
        password_phc: &str,
        by: &str,
    ) -> Result<(), StoreError> {
        self.atomically(|db| {
            let changed = db.connection.execute(
                "UPDATE users SET password = ?2, failures = 0, locked_ms = NULL, password_ms = ?3 WHERE name = ?1",
                (name, password_phc, clock::now()),
            )?;
            found(changed, "user", name)?;
            db.connection
                .execute("DELETE FROM sessions WHERE user = ?1", [name])?;
            ledger::append(
                &db.connection,
                by,
                "user.password",
                &format!("user/{name}"),
                &json!({}),
            )
        })
    }

    /// Begins a sign-in: counts the attempt before the password is looked at, so that guesses side by side count too.
    /// Known or unknown, one ledger entry is written: the time it takes says nothing.
    ///
    /// # Errors
    /// When SQLite refuses.
    pub fn begin_sign_in(&mut self, name: &str) -> Result<SignIn, StoreError> {
        self.atomically(|db| {
            let now = clock::now();
            let row: Option<(String, u32, Option<Millis>, bool)> = db
                .connection
                .query_row(
                    "SELECT password, failures, locked_ms, disabled FROM users WHERE name = ?1",
                    [name],
                    |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?)),
                )
                .optional()?;
            // An unknown name may be a password typed into the wrong box: it is not written down.
            let subject = row
                .as_ref()
                .map_or("user/-".to_owned(), |_| format!("user/{name}"));
            ledger::append(&db.connection, "-", "session.tried", &subject, &json!({}))?;
            let Some((password, failures, locked, disabled)) = row else {
                return Ok(SignIn::Refused);
            };
            if disabled || locked.is_some_and(|until| until > now) {
                return Ok(SignIn::Refused);
            }
            // A lock that ran out gives a fresh set of attempts.
            let failures = if locked.is_some() { 1 } else { failures + 1 };
            let locked = (failures >= FAILURES_ALLOWED).then(|| now.plus_seconds(LOCK_SECONDS));
            db.connection.execute(
                "UPDATE users SET failures = ?2, locked_ms = ?3 WHERE name = ?1",
                (name, failures, locked),
            )?;
            Ok(SignIn::Prove(password))
        })
    }

    /// The password was right: forgets the failures and keeps the session.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] when the account was closed meanwhile.
    pub fn begin_session(
        &mut self,
        name: &str,
        cookie: &str,
        csrf: &str,
        minutes: i64,
    ) -> Result<Session, StoreError> {
        self.atomically(|db| {
            let now = clock::now();
            db.connection.execute("DELETE FROM sessions WHERE expires_ms <= ?1", [now])?;
            let changed = db.connection.execute(
                "UPDATE users SET failures = 0, locked_ms = NULL WHERE name = ?1 AND disabled = 0",
                [name],
            )?;
            found(changed, "user", name)?;
            let expires = now.plus_seconds(minutes * 60);
            db.connection.execute(
                "INSERT INTO sessions (hash, user, csrf, created_ms, expires_ms) VALUES (?1, ?2, ?3, ?4, ?5)",
                (digest::sha256_hex(cookie.as_bytes()), name, csrf, now, expires),
            )?;
            ledger::append(&db.connection, name, "session.begun", &format!("user/{name}"), &json!({}))?;
            let role = db.connection.query_row("SELECT role FROM users WHERE name = ?1", [name], |row| row.get(0))?;
            Ok(Session { user: name.to_owned(), role, csrf: csrf.to_owned(), expires })
        })
    }

    /// The session of a cookie, if it holds; being used, it lasts on, but never longer than `lasting` says.
    ///
    /// # Errors
    /// When SQLite refuses.
    pub fn session(
        &mut self,
        cookie: &str,
        lasting: Lasting,
    ) -> Result<Option<Session>, StoreError> {
        let Some((mut session, created)) = self.found_session(cookie, lasting)? else {
            return Ok(None);
        };
        let used = clock::now().plus_seconds(lasting.idle_minutes * 60);
        let longest = created.plus_seconds(lasting.longest_hours * 3600);
        let renewed = Millis(used.0.min(longest.0));
        if renewed.0 - session.expires.0 > RENEW_AFTER_MS {
            self.connection.execute(
                "UPDATE sessions SET expires_ms = ?2 WHERE hash = ?1",
                (digest::sha256_hex(cookie.as_bytes()), renewed),
            )?;
            session.expires = renewed;
        }
        Ok(Some(session))
    }

    /// The session of a cookie and since when it is one, if it holds.
    fn found_session(
        &self,
        cookie: &str,
        lasting: Lasting,
    ) -> Result<Option<(Session, Millis)>, StoreError> {
        let (now, longest) = (clock::now(), lasting.longest_hours * 3600);
        Ok(self
            .connection
            .prepare_cached(
                "SELECT s.user, u.role, s.csrf, s.expires_ms, s.created_ms FROM sessions s JOIN users u ON u.name = s.user
                 WHERE s.hash = ?1 AND s.expires_ms > ?2 AND s.created_ms > ?3 AND u.disabled = 0",
            )?
            .query_row((digest::sha256_hex(cookie.as_bytes()), now, now.plus_seconds(-longest)), |row| {
                let session = Session { user: row.get(0)?, role: row.get(1)?, csrf: row.get(2)?, expires: row.get(3)? };
                Ok((session, row.get(4)?))
            })
            .optional()?)
    }

    /// Whether a session holds as it was made, without using it: asking does not make it last.
    ///
    /// # Errors
    /// When SQLite refuses.
    pub fn session_holds(
        &self,
        cookie: &str,
        role: Role,
        lasting: Lasting,
    ) -> Result<bool, StoreError> {
        let (now, longest) = (clock::now(), lasting.longest_hours * 3600);
        let hash = digest::sha256_hex(cookie.as_bytes());
        Ok(self
            .connection
            .prepare_cached(
                "SELECT EXISTS (SELECT 1 FROM sessions s JOIN users u ON u.name = s.user WHERE s.hash = ?1 AND s.expires_ms > ?2
                 AND s.created_ms > ?3 AND u.disabled = 0 AND u.role = ?4)",
            )?
            .query_row((hash, now, now.plus_seconds(-longest), role), |row| {
                row.get(0)
            })?)
    }

    /// Whether a token of this name still opens.
    ///
    /// # Errors
    /// When SQLite refuses.
    pub fn token_holds(&self, name: &str) -> Result<bool, StoreError> {
        Ok(self
            .connection
            .prepare_cached(
                "SELECT EXISTS (SELECT 1 FROM tokens WHERE name = ?1 AND revoked_ms IS NULL AND (expires_ms IS NULL OR expires_ms > ?2))",
            )?
            .query_row((name, clock::now()), |row| row.get(0))?)
    }

    /// Ends the session of a cookie.
    ///
    /// # Errors
    /// When SQLite refuses.
    pub fn end_session(&mut self, cookie: &str, user: &str) -> Result<(), StoreError> {
        self.atomically(|db| {
            db.connection.execute(
                "DELETE FROM sessions WHERE hash = ?1",
                [digest::sha256_hex(cookie.as_bytes())],
            )?;
            ledger::append(
                &db.connection,
                user,
                "session.ended",
                &format!("user/{user}"),
                &json!({}),
            )
        })
    }

    /// Adds a machine token; only its hash is kept.
    ///
    /// # Errors
    /// [`StoreError::WrongState`] when the name is taken.
    pub fn add_token(&mut self, new: &NewToken, secret: &str, by: &str) -> Result<(), StoreError> {
        self.atomically(|db| {
            let NewToken { name, scope, expires, unit, certificate } = new;
            let added = db.connection.execute(
                "INSERT INTO tokens (name, hash, scope, created_ms, expires_ms, unit, certificate) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
                 ON CONFLICT DO NOTHING",
                (name, digest::sha256_hex(secret.as_bytes()), scope, clock::now(), expires, unit, certificate),
            )?;
            if added == 0 {
                return Err(taken("token", name));
            }
            ledger::append(&db.connection, by, "token.added", &format!("token/{name}"), &json!({"scope": scope, "unit": unit, "certificate": certificate}))
        })
    }

    /// Every token by name.
    ///
    /// # Errors
    /// When SQLite refuses.
    pub fn tokens(&self) -> Result<Vec<Token>, StoreError> {
        let mut query = self.connection.prepare_cached(
            "SELECT name, scope, created_ms, expires_ms, revoked_ms, unit, certificate FROM tokens ORDER BY name",
        )?;
        let rows = query.query_map([], token)?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// The token this secret belongs to, if it holds.
    ///
    /// # Errors
    /// When SQLite refuses.
    pub fn token_of(&self, secret: &str) -> Result<Option<Token>, StoreError> {
        Ok(self
            .connection
            .prepare_cached(
                "SELECT name, scope, created_ms, expires_ms, revoked_ms, unit, certificate FROM tokens
                 WHERE hash = ?1 AND revoked_ms IS NULL AND (expires_ms IS NULL OR expires_ms > ?2)",
            )?
            .query_row((digest::sha256_hex(secret.as_bytes()), clock::now()), token)
            .optional()?)
    }

    /// Takes a token back.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] when there is none that holds.
    pub fn revoke_token(&mut self, name: &str, by: &str) -> Result<(), StoreError> {
        self.atomically(|db| {
            let changed = db.connection.execute(
                "UPDATE tokens SET revoked_ms = ?2 WHERE name = ?1 AND revoked_ms IS NULL",
                (name, clock::now()),
            )?;
            found(changed, "token", name)?;
            ledger::append(
                &db.connection,
                by,
                "token.revoked",
                &format!("token/{name}"),
                &json!({}),
            )
        })
    }
}

fn found(changed: usize, what: &'static str, id: &str) -> Result<(), StoreError> {
    if changed == 0 {
        return Err(StoreError::NotFound {
            what,
            id: id.to_owned(),
        });
    }
    Ok(())
}

fn taken(what: &'static str, id: &str) -> StoreError {
    StoreError::WrongState {
        why: Hindrance::NameTaken,
        what,
        id: id.to_owned(),
        state: "there already".into(),
        action: "add",
    }
}
