//! The hash chain: each entry's hash covers the entry and the hash before it.
//!
//! It shows that nothing was changed, removed or reordered in between. It proves nothing against someone who can
//! rewrite the whole file: for that the newest hash has to leave the machine: see `evidence.roots_dir` and the back-ups.

use std::borrow::Cow;

use rusqlite::{Connection, OptionalExtension};
use serde_json::Value;
use sha2::{Digest, Sha256};

use super::set_back::{WRITTEN, note_clock};
use super::{Db, News, StoreError, vouch};
use crate::{clock, digest};

/// One entry as [`Db::ledger_of`] lists it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LedgerEntry {
    /// Place in the chain, from 1.
    pub seq: i64,
    /// When.
    pub at: clock::Millis,
    /// Who: a user, a token, or a task such as `task/scan`.
    pub actor: String,
    /// Stable code, e.g. `page.arrived`.
    pub action: String,
    /// What, e.g. `letter/A001`.
    pub subject: String,
    /// Identifiers and hashes, JSON.
    pub detail: String,
}

/// Appends inside the caller's transaction, so that an act and its record stand or fall together.
pub(super) fn append(
    connection: &Connection,
    actor: &str,
    action: &str,
    subject: &str,
    detail: &Value,
) -> Result<(), StoreError> {
    let newest = || -> Result<Option<(i64, String, i64)>, StoreError> {
        let found = connection
            .prepare_cached(&format!(
                "SELECT seq, hash, {WRITTEN} FROM ledger ORDER BY seq DESC LIMIT 1"
            ))?
            .query_row([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)));
        Ok(found.optional()?)
    };
    let mut last = newest()?;
    if note_clock(
        connection,
        (action, last.as_ref().map(|(.., at_ms)| *at_ms)),
    )? == News::New
    {
        last = newest()?;
    }
    let (seq, before) = last.map_or((1, String::new()), |(seq, hash, _)| (seq + 1, hash));
    let at_ms = clock::now().0;
    let detail = with_what_changed(connection, detail)?.to_string();
    let hash = link(&before, seq, at_ms, [actor, action, subject, &detail]);
    connection
        .prepare_cached("INSERT INTO ledger (seq, at_ms, actor, action, subject, detail, hash) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)")?
        .execute((seq, at_ms, actor, action, subject, &detail, hash))?;
    Ok(())
}

/// The number of the newest entry; 0 before the first.
pub(super) fn newest(connection: &Connection) -> Result<i64, StoreError> {
    let newest = connection
        .prepare_cached("SELECT seq FROM ledger ORDER BY seq DESC LIMIT 1")?
        .query_row([], |row| row.get(0))
        .optional()?;
    Ok(newest.unwrap_or(0))
}

/// The entry's detail with the rows that its transaction changed.
fn with_what_changed<'a>(
    connection: &Connection,
    detail: &'a Value,
) -> Result<Cow<'a, Value>, StoreError> {
    let mut rows = vouch::to_tell(connection)?;
    if rows.is_empty() {
        return Ok(Cow::Borrowed(detail));
    }
    let mut detail = detail.clone();
    match &mut detail["along"] {
        Value::Array(told) => told.append(&mut rows),
        nothing => *nothing = Value::Array(rows),
    }
    Ok(Cow::Owned(detail))
}

/// SHA-256 over the hash before, the number, the time and the four texts, each led by its length.
fn link(before: &str, seq: i64, at_ms: i64, texts: [&str; 4]) -> String {
    let mut hasher = Sha256::new();
    hasher.update(before.as_bytes());
    hasher.update(seq.to_be_bytes());
    hasher.update(at_ms.to_be_bytes());
    for text in texts {
        hasher.update((text.len() as u64).to_be_bytes());
        hasher.update(text.as_bytes());
    }
    digest::hex(&hasher.finalize())
}

impl Db {
    /// Appends one entry of its own, e.g. that somebody looked at a page.
    ///
    /// # Errors
    /// When SQLite refuses.
    pub fn record(
        &mut self,
        actor: &str,
        action: &str,
        subject: &str,
        detail: &Value,
    ) -> Result<(), StoreError> {
        self.atomically(|db| append(&db.connection, actor, action, subject, detail))
    }

    /// Everything that happened to one subject, oldest first.
    ///
    /// # Errors
    /// When SQLite refuses.
    pub fn ledger_of(&self, subject: &str) -> Result<Vec<LedgerEntry>, StoreError> {
        let mut query = self.connection.prepare_cached(
            "SELECT seq, at_ms, actor, action, subject, detail FROM ledger WHERE subject = ?1 ORDER BY seq",
        )?;
        let rows = query.query_map([subject], |row| {
            Ok(LedgerEntry {
                seq: row.get(0)?,
                at: clock::Millis(row.get(1)?),
                actor: row.get(2)?,
                action: row.get(3)?,
                subject: row.get(4)?,
                detail: row.get(5)?,
            })
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// Walks the chain. `Ok(Err(seq))` names the first entry that does not fit.
    ///
    /// # Errors
    /// When SQLite refuses.
    pub fn verify_ledger(&self) -> Result<Result<i64, i64>, StoreError> {
        let mut query = self.connection.prepare(
            "SELECT seq, at_ms, actor, action, subject, detail, hash FROM ledger ORDER BY seq",
        )?;
        let mut rows = query.query([])?;
        let mut before = String::new();
        let mut expected = 1;
        while let Some(row) = rows.next()? {
            let seq: i64 = row.get(0)?;
            let text = |column| vouch::text(row, column);
            let texts = [text(2)?, text(3)?, text(4)?, text(5)?];
            let hash = text(6)?;
            let [actor, action, subject, detail] = &texts;
            if seq != expected
                || hash != link(&before, seq, row.get(1)?, [actor, action, subject, detail])
            {
                return Ok(Err(expected));
            }
            before = hash;
            expected += 1;
        }
        // SQLite remembers the highest number it ever gave: entries cut off the end are missed too.
        let given: Option<i64> = self
            .connection
            .query_row(
                "SELECT seq FROM sqlite_sequence WHERE name = 'ledger'",
                [],
                |row| row.get(0),
            )
            .optional()?;
        if given.unwrap_or(0) != expected - 1 {
            return Ok(Err(expected));
        }
        Ok(Ok(expected - 1))
    }
}
