//! Tables that vouch for themselves: whatever changes a row of theirs in the station is told by the next entry of the ledger, in the same
//! transaction. Triggers that live as long as the connection note what was touched; no statement can forget it. Whoever changes the file by other
//! means has no such trigger, and the row no longer fits.

use rusqlite::Connection;
use serde_json::{Value, json};

use super::super::{Db, StoreError, ledger};
use super::kept::{some_text, text};
use super::listed::WATCHED;
use crate::digest;

/// The action and subject of the entries that vouch for the rows of a database that an older laixin wrote, by generation of watched tables.
const BEGUN: (&str, [&str; 3]) = ("rows.vouched", ["rows/1", "rows/2", "rows/3"]);
/// What is told when nothing else was said about a change.
const CHANGED: (&str, &str) = ("rows.changed", "rows/changed");
const ACTOR: &str = "task/store";
/// Rows in one entry at most.
const IN_ONE_ENTRY: usize = 500;

/// A table whose rows, or groups of rows with the same key, are vouched for.
#[derive(Debug, Clone, Copy)]
pub(in crate::store) struct Watched {
    /// The name of a row is `prefix/key`.
    pub(in crate::store) prefix: &'static str,
    /// The table.
    pub(in crate::store) table: &'static str,
    /// What tells its rows, or groups of them, apart.
    pub(in crate::store) key: &'static str,
    /// What is hashed, of every row with that key, in the order they were put in.
    pub(in crate::store) columns: &'static str,
    /// Columns that change; empty where a row never does.
    pub(in crate::store) changing: &'static str,
    /// Which rows count, `$` being the row; empty: all.
    pub(in crate::store) only: &'static str,
    /// In which order rows with the same key were put in.
    pub(in crate::store) order: &'static str,
    /// With which generation of tables this one came, from 0: place in `BEGUN`.
    pub(in crate::store) since: usize,
}

impl Watched {
    fn counts(&self, row: &str) -> String {
        match self.only {
            "" => "1".to_owned(),
            only => only.replace('$', row),
        }
    }

    /// Hash of the rows with this key; `None` where none counts.
    pub(super) fn hash(
        &self,
        connection: &Connection,
        key: &str,
    ) -> Result<Option<String>, StoreError> {
        let Self { table, columns, .. } = self;
        let sql = format!(
            "SELECT CASE count(*) WHEN 0 THEN NULL ELSE json_group_array(json_array({columns})) END
             FROM (SELECT * FROM {table} r WHERE {} = ?1 AND {} ORDER BY {})",
            self.key,
            self.counts("r"),
            self.order
        );
        let text: Option<String> = connection
            .prepare_cached(&sql)?
            .query_row([key], |row| some_text(row, 0))?;
        Ok(text.map(|text| digest::sha256_hex(text.as_bytes())))
    }

    /// Every key that counts.
    pub(super) fn keys(&self, connection: &Connection) -> Result<Vec<String>, StoreError> {
        let sql = format!(
            "SELECT DISTINCT CAST({key} AS TEXT) FROM {} r WHERE {} ORDER BY {key}",
            self.table,
            self.counts("r"),
            key = self.key
        );
        let mut query = connection.prepare(&sql)?;
        let keys = query.query_map([], |row| text(row, 0))?;
        Ok(keys.collect::<Result<_, _>>()?)
    }

    fn triggers(&self) -> String {
        let Self {
            prefix,
            table,
            key,
            changing,
            ..
        } = self;
        let one = |name: &str, when: &str, counts: String, row: &str| {
            format!(
                "CREATE TEMP TRIGGER touched_{prefix}_{name} AFTER {when} ON main.{table} WHEN {counts}
                 BEGIN INSERT OR IGNORE INTO touched VALUES ('{prefix}/' || {row}.{key}); END;\n"
            )
        };
        let mut all = one("in", "INSERT", self.counts("new"), "new");
        all += &one("out", "DELETE", self.counts("old"), "old");
        if !changing.is_empty() {
            let either = format!("({}) OR ({})", self.counts("old"), self.counts("new"));
            all += &one("set", &format!("UPDATE OF {changing}"), either, "new");
        }
        all
    }
}

/// A curve counts from the end of its cycle on.
const CURVE_ENDS: &str =
    "CREATE TEMP TRIGGER touched_curve_ends AFTER UPDATE OF outcome ON main.cycles
    BEGIN INSERT OR IGNORE INTO touched VALUES ('curve/' || new.id); END;";

/// Notes from now on, on this connection, what is touched.
pub(in crate::store) fn watch(connection: &Connection) -> Result<(), StoreError> {
    let triggers: String = WATCHED.iter().map(Watched::triggers).collect();
    connection.execute_batch(&format!(
        "PRAGMA temp_store = MEMORY;
         CREATE TEMP TABLE touched (what TEXT PRIMARY KEY) WITHOUT ROWID;\n{triggers}{CURVE_ENDS}"
    ))?;
    Ok(())
}

/// What was touched and not told of yet, with the hash it has now; it is told of from here on. A row that is not there any more has none.
pub(in crate::store) fn to_tell(connection: &Connection) -> Result<Vec<Value>, StoreError> {
    let mut query = connection.prepare_cached("SELECT what FROM temp.touched ORDER BY what")?;
    let touched: Vec<String> = query
        .query_map([], |row| row.get(0))?
        .collect::<Result<_, _>>()?;
    if touched.is_empty() {
        return Ok(Vec::new());
    }
    let mut rows = Vec::with_capacity(touched.len());
    for what in touched {
        let Some((watched, key)) = watched(&what) else {
            continue;
        };
        rows.push(json!([what, watched.hash(connection, key)?]));
    }
    connection
        .prepare_cached("DELETE FROM temp.touched")?
        .execute([])?;
    Ok(rows)
}

fn watched(what: &str) -> Option<(&'static Watched, &str)> {
    let (prefix, key) = what.split_once('/')?;
    let found = WATCHED.iter().find(|watched| watched.prefix == prefix)?;
    Some((found, key))
}

fn has_begun(connection: &Connection, subject: &str) -> Result<bool, StoreError> {
    let begun = "SELECT EXISTS (SELECT 1 FROM ledger WHERE subject = ?1)";
    Ok(connection.query_row(begun, [subject], |row| row.get(0))?)
}

/// Every row of the tables that came with this generation.
fn rows_there(connection: &Connection, since: usize) -> Result<Vec<Value>, StoreError> {
    let mut rows = Vec::new();
    for watched in WATCHED.iter().filter(|watched| watched.since == since) {
        for key in watched.keys(connection)? {
            let hash = watched.hash(connection, &key)?;
            rows.push(json!([format!("{}/{key}", watched.prefix), hash]));
        }
    }
    Ok(rows)
}

impl Db {
    /// Vouches once for what an older laixin wrote.
    pub(in crate::store) fn vouch_for_what_is_there(&mut self) -> Result<(), StoreError> {
        let (action, generations) = BEGUN;
        for (since, subject) in generations.into_iter().enumerate() {
            if has_begun(&self.connection, subject)? {
                continue;
            }
            self.atomically(|db| {
                // Another process may have been at the same.
                if has_begun(&db.connection, subject)? {
                    return Ok(());
                }
                let rows = rows_there(&db.connection, since)?;
                // Also where there is nothing yet: what comes to be there without the station's doing is never vouched for.
                let parts = rows.len().div_ceil(IN_ONE_ENTRY).max(1);
                for part in 0..parts {
                    let part = rows.iter().skip(part * IN_ONE_ENTRY).take(IN_ONE_ENTRY);
                    let detail = json!({"along": part.collect::<Vec<_>>()});
                    ledger::append(&db.connection, ACTOR, action, subject, &detail)?;
                }
                Ok(())
            })?;
        }
        Ok(())
    }

    /// Tells of what was touched and nobody told of.
    pub(in crate::store) fn tell_the_rest(&mut self) -> Result<(), StoreError> {
        let touched: bool = self
            .connection
            .prepare_cached("SELECT EXISTS (SELECT 1 FROM temp.touched)")?
            .query_row([], |row| row.get(0))?;
        if touched {
            let (action, subject) = CHANGED;
            ledger::append(&self.connection, ACTOR, action, subject, &json!({}))?;
        }
        Ok(())
    }
}
