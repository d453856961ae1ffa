//! What an administrator changes of an account: its role, whether it is open. One administrator always stays.

use serde_json::json;

use super::{Db, Hindrance, StoreError, User, ledger};
use crate::domain::access::Role;

fn subject(name: &str) -> String {
    format!("user/{name}")
}

fn refused(why: Hindrance, name: &str, state: &str, action: &'static str) -> StoreError {
    StoreError::WrongState {
        why,
        what: "user",
        id: name.to_owned(),
        state: state.to_owned(),
        action,
    }
}

impl Db {
    /// Whether there is an administrator who can sign in.
    ///
    /// # Errors
    /// When SQLite refuses.
    pub fn has_administrator(&self) -> Result<bool, StoreError> {
        self.has_administrator_beside("")
    }

    fn has_administrator_beside(&self, name: &str) -> Result<bool, StoreError> {
        let sql =
            "SELECT EXISTS (SELECT 1 FROM users WHERE role = ?1 AND disabled = 0 AND name <> ?2)";
        Ok(self
            .connection
            .query_row(sql, (Role::Administrator, name), |row| row.get(0))?)
    }

    /// The name's account.
    ///
    /// # Errors
    /// [`StoreError::NotFound`].
    pub fn user(&self, name: &str) -> Result<User, StoreError> {
        let found = self.users()?.into_iter().find(|user| user.name == name);
        found.ok_or_else(|| StoreError::NotFound {
            what: "user",
            id: name.to_owned(),
        })
    }

    /// The first account of a station.
    ///
    /// # Errors
    /// [`StoreError::WrongState`] once there is an administrator.
    pub fn add_first_user(
        &mut self,
        name: &str,
        password_phc: &str,
        by: &str,
    ) -> Result<(), StoreError> {
        self.atomically(|db| {
            if db.has_administrator()? {
                return Err(refused(
                    Hindrance::NameTaken,
                    name,
                    "not the first: there is an administrator already",
                    "add",
                ));
            }
            db.add_user(name, Role::Administrator, password_phc, by)
        })
    }

    /// Closes an account and ends its sessions. What it did stays in the ledger.
    ///
    /// # Errors
    /// [`StoreError::NotFound`]; [`StoreError::WrongState`] for the last administrator.
    pub fn disable_user(&mut self, name: &str, by: &str) -> Result<(), StoreError> {
        self.atomically(|db| {
            db.not_the_last(name, "close")?;
            db.connection
                .execute("UPDATE users SET disabled = 1 WHERE name = ?1", [name])?;
            db.end_sessions_of(name)?;
            ledger::append(
                &db.connection,
                by,
                "user.disabled",
                &subject(name),
                &json!({}),
            )
        })
    }

    /// Opens a closed account again.
    ///
    /// # Errors
    /// [`StoreError::NotFound`].
    pub fn enable_user(&mut self, name: &str, by: &str) -> Result<(), StoreError> {
        self.atomically(|db| {
            db.user(name)?;
            db.connection.execute(
                "UPDATE users SET disabled = 0, failures = 0, locked_ms = NULL WHERE name = ?1",
                [name],
            )?;
            ledger::append(
                &db.connection,
                by,
                "user.enabled",
                &subject(name),
                &json!({}),
            )
        })
    }

    /// Refuses another role for the last administrator.
    ///
    /// # Errors
    /// [`StoreError::NotFound`]; [`StoreError::WrongState`] for the last administrator.
    pub fn may_get_role(&self, name: &str, role: Role) -> Result<(), StoreError> {
        match role {
            Role::Administrator => self.user(name).map(drop),
            _ => self.not_the_last(name, "change the role of"),
        }
    }

    /// Gives an account another role and ends its sessions.
    ///
    /// # Errors
    /// [`StoreError::NotFound`]; [`StoreError::WrongState`] for the last administrator.
    pub fn set_role(&mut self, name: &str, role: Role, by: &str) -> Result<(), StoreError> {
        self.atomically(|db| {
            db.may_get_role(name, role)?;
            let before = db.user(name)?.role;
            db.connection
                .execute("UPDATE users SET role = ?2 WHERE name = ?1", (name, role))?;
            db.end_sessions_of(name)?;
            let detail = json!({"before": before, "after": role});
            ledger::append(&db.connection, by, "user.role", &subject(name), &detail)
        })
    }

    fn not_the_last(&self, name: &str, action: &'static str) -> Result<(), StoreError> {
        let user = self.user(name)?;
        let counts = user.role == Role::Administrator && !user.disabled;
        if counts && !self.has_administrator_beside(name)? {
            return Err(refused(
                Hindrance::LastAdministrator,
                name,
                "the last administrator",
                action,
            ));
        }
        Ok(())
    }

    fn end_sessions_of(&self, name: &str) -> Result<(), StoreError> {
        self.connection
            .execute("DELETE FROM sessions WHERE user = ?1", [name])?;
        Ok(())
    }
}
