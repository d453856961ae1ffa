//! The schema and its history. A released migration is never edited; add the next one.

use rusqlite::Connection;

use super::StoreError;
use crate::clock;

/// Every migration in order; the number of a schema is its place in this list, from 1.
const MIGRATIONS: &[&str] = &[include_str!("schema_1.sql")];

/// Brings the database to the newest schema, each step in a transaction of its own.
pub(super) fn migrate(connection: &mut Connection) -> Result<(), StoreError> {
    let found: u32 = connection.query_row("PRAGMA user_version", [], |row| row.get(0))?;
    let known = MIGRATIONS.len() as u32;
    if found > known {
        return Err(StoreError::Newer { found, known });
    }
    for (schema, sql) in (1..=known).zip(MIGRATIONS).skip(found as usize) {
        let step = connection.transaction()?;
        step.execute_batch(sql)?;
        step.execute(
            "INSERT INTO schema_versions (version, applied_ms, laixin) VALUES (?1, ?2, ?3)",
            (schema, clock::now().0, env!("CARGO_PKG_VERSION")),
        )?;
        step.pragma_update(None, "user_version", schema)?;
        step.commit()?;
    }
    Ok(())
}

/// Refuses a database of any other schema than this build's.
pub(super) fn require_current(connection: &Connection) -> Result<(), StoreError> {
    let found: u32 = connection.query_row("PRAGMA user_version", [], |row| row.get(0))?;
    let known = MIGRATIONS.len() as u32;
    match found.cmp(&known) {
        std::cmp::Ordering::Equal => Ok(()),
        std::cmp::Ordering::Less => Err(StoreError::Older { found, known }),
        std::cmp::Ordering::Greater => Err(StoreError::Newer { found, known }),
    }
}
